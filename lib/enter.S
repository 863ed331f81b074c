/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * int vdso_enter(void *enter, struct sgx_enclave_run *run, unsigned function,
 *		  struct softsgx_registers *registers)
 *
 * Calls __vdso_sgx_enter_enclave(rdi, rsi, rdx, function, r8, r9, run), which
 * passes these registers through, both ways. An exception leaves zeros in the
 * others, and an enclave may leave anything: what the C ABI wants kept is saved
 * here, with the control words of the x87 FPU and of SSE. Returns what it does.
 */
	.text
	.globl	vdso_enter
	.type	vdso_enter, @function
vdso_enter:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.cfi_offset %rbx, -24
	.cfi_offset %r12, -32
	.cfi_offset %r13, -40
	.cfi_offset %r14, -48
	.cfi_offset %r15, -56
	sub	$16, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rcx, 8(%rsp)		/* registers */
	push	%rsi			/* run; the stack is aligned now */

	mov	%rdi, %rax
	mov	%rcx, %r10
	mov	%edx, %ecx
	mov	(%r10), %rdi
	mov	8(%r10), %rsi
	mov	16(%r10), %rdx
	mov	24(%r10), %r8
	mov	32(%r10), %r9
	call	*%rax

	cld
	mov	16(%rsp), %r10
	mov	%rdi, (%r10)
	mov	%rsi, 8(%r10)
	mov	%rdx, 16(%r10)
	mov	%r8, 24(%r10)
	mov	%r9, 32(%r10)
	add	$8, %rsp
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
	add	$16, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	vdso_enter, . - vdso_enter
	.section .note.GNU-stack, "", @progbits
