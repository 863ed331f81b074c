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
	.section .note.GNU-stack, "", @progbits
