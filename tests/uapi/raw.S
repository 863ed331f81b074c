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

raw_enclu:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
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
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

raw_aep_resume:
	enclu
	.section .note.GNU-stack, "", @progbits
