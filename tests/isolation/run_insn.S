/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * void run_insn(struct state *state, void (*insn)(void)): load the registers
 * from state->in, call, store them in state->out. See insn.c for the layout.
 */
	.bss
	.balign	8
insn_target:
	.skip	8

	.text
	.globl	run_insn
run_insn:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	%rsi, insn_target(%rip)
	vmovdqu	136(%rdi), %ymm0
	vmovdqu	168(%rdi), %ymm1
	vmovdqu	200(%rdi), %ymm2
	vmovdqu	232(%rdi), %ymm9
	push	128(%rdi)
	mov	0(%rdi), %rax
	mov	8(%rdi), %rcx
	mov	16(%rdi), %rdx
	mov	24(%rdi), %rbx
	mov	40(%rdi), %rbp
	mov	48(%rdi), %rsi
	mov	64(%rdi), %r8
	mov	72(%rdi), %r9
	mov	80(%rdi), %r10
	mov	88(%rdi), %r11
	mov	96(%rdi), %r12
	mov	104(%rdi), %r13
	mov	112(%rdi), %r14
	mov	120(%rdi), %r15
	mov	56(%rdi), %rdi
	popfq
	call	*insn_target(%rip)
	/* The state's address is on the stack: RDI goes there. */
	xchg	%rdi, (%rsp)
	pushfq
	cld
	mov	%rax, 264+0(%rdi)
	mov	%rcx, 264+8(%rdi)
	mov	%rdx, 264+16(%rdi)
	mov	%rbx, 264+24(%rdi)
	mov	%rbp, 264+40(%rdi)
	mov	%rsi, 264+48(%rdi)
	mov	%r8, 264+64(%rdi)
	mov	%r9, 264+72(%rdi)
	mov	%r10, 264+80(%rdi)
	mov	%r11, 264+88(%rdi)
	mov	%r12, 264+96(%rdi)
	mov	%r13, 264+104(%rdi)
	mov	%r14, 264+112(%rdi)
	mov	%r15, 264+120(%rdi)
	pop	%rax
	mov	%rax, 264+128(%rdi)
	vmovdqu	%ymm0, 264+136(%rdi)
	vmovdqu	%ymm1, 264+168(%rdi)
	vmovdqu	%ymm2, 264+200(%rdi)
	vmovdqu	%ymm9, 264+232(%rdi)
	vzeroupper
	pop	%rax
	mov	%rax, 264+56(%rdi)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
