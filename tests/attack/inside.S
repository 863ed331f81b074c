/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What the attacks have in the enclave beside the test enclave of tests/uapi;
 * and the same outside, for their controls.
 */
	.data
	.balign	64
	.globl	secinfos
secinfos:
	.fill	6 * 64, 1, 0

	/*
	 * u64 sys_*(const u64 args[3]): kill() by each way into the kernel;
	 * args: number, process, signal. The label at_* is the instruction.
	 */
	.text
	.globl	sys_syscall, at_syscall, sys_int80, at_int80
	.globl	sys_sysenter, at_sysenter
sys_syscall:
	mov	0(%rdi), %rax
	mov	16(%rdi), %rsi
	mov	8(%rdi), %rdi
at_syscall:
	syscall
	ret
sys_int80:
	push	%rbx
	mov	0(%rdi), %rax
	mov	8(%rdi), %rbx
	mov	16(%rdi), %rcx
at_int80:
	int	$0x80
	pop	%rbx
	ret
sys_sysenter:
	push	%rbx
	push	%rbp
	mov	0(%rdi), %rax
	mov	8(%rdi), %rbx
	mov	16(%rdi), %rcx
	mov	%rsp, %rbp
at_sysenter:
	sysenter
	pop	%rbp
	pop	%rbx
	ret

	/* u64 sys_vsyscall(const u64 *): time(NULL) of the vsyscall page. */
	.globl	sys_vsyscall
sys_vsyscall:
	xor	%edi, %edi
	mov	$0xffffffffff600400, %rax
	sub	$8, %rsp
	call	*%rax
	add	$8, %rsp
	ret

	/* u64 leaf(const u64 regs[4]): ENCLU with RAX, RBX, RCX, RDX. */
	.globl	leaf, at_leaf
leaf:
	push	%rbx
	mov	0(%rdi), %rax
	mov	8(%rdi), %rbx
	mov	16(%rdi), %rcx
	mov	24(%rdi), %rdx
at_leaf:
	enclu
	pop	%rbx
	ret
	/* u64 xrstor_all(const void *area): XRSTOR, mask all ones; PKRU after. */
	.globl	xrstor_all
xrstor_all:
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 (%rdi)
	xor	%ecx, %ecx
	rdpkru
	ret

	/*
	 * u64 keep_secret(u64 args[5]): with a secret in R12 and nowhere else,
	 * until args[4] is not 0; meanwhile args[3] is 1. Where args[0] is not
	 * 0, EREPORT is executed now and then, with RBX, RCX and RDX from
	 * args[0] to args[2].
	 */
	.globl	keep_secret, keep_secret_end
keep_secret:
	push	%rbx
	push	%r12
	movabs	$0x5ec2e75ec2e75ec2, %r12
	movq	$1, 24(%rdi)
1:
	cmpq	$0, 0(%rdi)
	je	2f
	mov	$20000, %eax
3:
	dec	%eax
	jnz	3b
	mov	0(%rdi), %rbx
	mov	8(%rdi), %rcx
	mov	16(%rdi), %rdx
	enclu
2:
	pause
	cmpq	$0, 32(%rdi)
	je	1b
	pop	%r12
	pop	%rbx
	ret
keep_secret_end:

	/*
	 * u64 go_32bit(const void *pointer): to 32-bit code, by a far jump. Not
	 * by a far return: QEMU 7.2 reads the stack for that as the kernel.
	 */
	.globl	go_32bit
go_32bit:
	ljmpl	*(%rdi)

	/* u64 go_with_stack(const u64 args[2]): to args[0], RSP args[1]. */
	.globl	go_with_stack
go_with_stack:
	mov	8(%rdi), %rsp
	jmp	*0(%rdi)
	.section .note.GNU-stack, "", @progbits
