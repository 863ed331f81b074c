/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
	.text
	.globl	raw_enclu, raw_at, raw_aep, raw_aep_resume, raw_out

	/* Registers at RDI + \base, in the order of struct raw. */
	.macro	regs op, base
	.set	i, 0
	.irp	r, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	.ifc	\op, save
	mov	%\r, \base + 8 * i(%rdi)
	.else
	.ifnc	\r, rsp
	.ifnc	\r, rbp
	.ifnc	\r, rdi
	mov	\base + 8 * i(%rdi), %\r
	.endif
	.endif
	.endif
	.endif
	.set	i, i + 1
	.endr
	.endm

/*
 * An enclave that was interrupted goes back to the stack of its EENTER, however
 * deep the ERESUME was called. So both run on a stack of their own, where they
 * leave the same things at the same addresses.
 */
	.macro	switch stack
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, -8(\stack)
	lea	-8(\stack), %rsp
	.endm

	.macro	switch_back
	pop	%rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	.endm

/* int enter_on(stack, enter, run, function, arg) */
	.globl	enter_on
enter_on:
	switch	%rdi
	sub	$8, %rsp
	push	%rdx
	sub	$8, %rsp
	push	%rdx			/* run */
	mov	%rsi, %rax
	mov	%r8, %rdi
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	call	*%rax
	cld
	add	$32, %rsp
	switch_back
	ret

raw_enclu:
	mov	280(%rdi), %rax
	switch	%rax
	push	%rdi
	mov	%rsp, 256(%rdi)
	regs	load, 0
	mov	56(%rdi), %rdi
raw_at:
	enclu
	movq	$0, -16(%rsp)
	jmp	save
raw_aep:
	movq	$1, -16(%rsp)
	jmp	save
raw_out:
	movq	$2, -16(%rsp)
save:
	/* Below the stack pointer is the red zone, which signals leave alone. */
	mov	%rdi, -24(%rsp)
	mov	(%rsp), %rdi
	regs	save, 128
	pushfq
	pop	264(%rdi)
	cld
	mov	-24(%rsp), %rax
	mov	%rax, 128 + 56(%rdi)
	mov	-16(%rsp), %rax
	mov	%rax, 272(%rdi)
	fxsave	288(%rdi)
	add	$8, %rsp
	switch_back
	ret

raw_aep_resume:
	enclu
	.section .note.GNU-stack, "", @progbits
