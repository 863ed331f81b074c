/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The loops that are measured, with as few instructions of their own as there
 * can be, and the code of the enclave.
 */
	.text

/* void loop_trap(u64 n): two invalid opcodes, n times */
	.globl	loop_trap
loop_trap:
	ud2
	ud2
	dec	%rdi
	jnz	loop_trap
	ret

/* void loop_syscall(u64 n): getppid() */
	.globl	loop_syscall
loop_syscall:
	mov	$110, %eax
	syscall
	dec	%rdi
	jnz	loop_syscall
	ret

/* void loop_spin(u64 n): two instructions, n times */
	.globl	loop_spin
loop_spin:
	dec	%rdi
	jnz	loop_spin
	ret

/* void loop_read(u64 from, u64 to), loop_write: a byte of each page */
	.globl	loop_read, loop_write
loop_read:
	mov	(%rdi), %al
	add	$4096, %rdi
	cmp	%rsi, %rdi
	jb	loop_read
	ret
loop_write:
	movb	$1, (%rdi)
	add	$4096, %rdi
	cmp	%rsi, %rdi
	jb	loop_write
	ret

/*
 * void loop_enter(u64 n, u64 tcs, u64 a, u64 b, u64 c): EENTER n times, with
 * RSI = a, RDI = b, RDX = c. The asynchronous exit pointer is an ENCLU, for
 * ERESUME.
 */
	.globl	loop_enter, loop_aep
loop_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, %r12
	mov	%rsi, %r13
	mov	%rdx, %rsi
	mov	%rcx, %rdi
	mov	%r8, %rdx
1:	mov	%r13, %rbx
	lea	loop_aep(%rip), %rcx
	mov	$2, %eax
	enclu
	dec	%r12
	jnz	1b
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
loop_aep:
	enclu

/* void mark_on(void), mark_off: between them profile/plugin.c listens */
	.globl	mark_on, mark_off
mark_on:
	nopl	0x50464f01(%rax)
	ret
mark_off:
	nopl	0x50464f00(%rax)
	ret

/* The enclave: each TCS has its entry. */
	.section .rodata
	.balign	4096
	.globl	code, code_end, code_exit, code_read, code_write, code_accept
	.globl	code_spin, code_fault
code:
code_exit:
	mov	%rcx, %rbx
leave:
	mov	$4, %eax
	enclu
code_read:
	mov	%rcx, %rbx
1:	mov	(%rsi), %al
	add	$4096, %rsi
	cmp	%rdi, %rsi
	jb	1b
	jmp	leave
code_write:
	mov	%rcx, %rbx
1:	movb	$1, (%rsi)
	add	$4096, %rsi
	cmp	%rdi, %rsi
	jb	1b
	jmp	leave
/* EACCEPT from RSI to RDI, with the SECINFO at RDX */
code_accept:
	mov	%rcx, %r14
	mov	%rdx, %rbx
1:	mov	%rsi, %rcx
	mov	$5, %eax
	enclu
	test	%eax, %eax
	jnz	2f
	add	$4096, %rsi
	cmp	%rdi, %rsi
	jb	1b
	mov	%r14, %rbx
	jmp	leave
2:	ud2
/* RSI times two instructions */
code_spin:
	mov	%rcx, %rbx
1:	dec	%rsi
	jnz	1b
	jmp	leave
/*
 * The first entry reads at RSI, which faults; the next one, while the first is
 * interrupted, has that read skipped: RDI is where the frame has RIP.
 */
code_fault:
	mov	%rcx, %rbx
	test	%eax, %eax
	jnz	1f
	mov	(%rsi), %al
	jmp	leave
1:	addq	$2, (%rdi)
	jmp	leave
	.balign	4096
code_end:
	.section .note.GNU-stack, "", @progbits
