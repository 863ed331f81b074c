/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#include "xstate.h"

	/*
	 * Vector registers and opmasks to or from set \set of the structure at
	 * RDI, as many of them as X_WIDTH says. Changes the flags only.
	 */
	.macro	vectors op, set
	cmpq	$XSTATE_AVX, X_WIDTH(%rdi)
	je	.Lavx\@
	ja	.Lavx512\@
	.set	i, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.ifc	\op, load
	movdqu	X_SET + \set * SET_SIZE + 64 * i(%rdi), %xmm\n
	.else
	movdqu	%xmm\n, X_SET + \set * SET_SIZE + 64 * i(%rdi)
	.endif
	.set	i, i + 1
	.endr
	jmp	.Ldone\@
.Lavx\@:
	.set	i, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.ifc	\op, load
	vmovdqu	X_SET + \set * SET_SIZE + 64 * i(%rdi), %ymm\n
	.else
	vmovdqu	%ymm\n, X_SET + \set * SET_SIZE + 64 * i(%rdi)
	.endif
	.set	i, i + 1
	.endr
	jmp	.Ldone\@
.Lavx512\@:
	.set	i, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.ifc	\op, load
	vmovdqu64 X_SET + \set * SET_SIZE + 64 * i(%rdi), %zmm\n
	.else
	vmovdqu64 %zmm\n, X_SET + \set * SET_SIZE + 64 * i(%rdi)
	.endif
	.set	i, i + 1
	.endr
	.set	i, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.ifc	\op, load
	kmovw	X_SET + \set * SET_SIZE + 2048 + 8 * i(%rdi), %k\n
	.else
	kmovw	%k\n, X_SET + \set * SET_SIZE + 2048 + 8 * i(%rdi)
	.endif
	.set	i, i + 1
	.endr
.Ldone\@:
	.endm

	.text
	.globl	xstate_fill, xstate_enclu
xstate_fill:
	vectors	load, SET_HOST
	ret

/*
 * RBP is the structure, also afterwards: the enclave does not touch it, and an
 * AEX brings back that of the entry.
 */
xstate_enclu:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, X_RSP(%rdi)
	mov	%rdi, %rbp
	vectors	load, SET_HOST
	mov	%rsi, %rax
	mov	%rdx, %rbx
	lea	1f(%rip), %rcx
	enclu
	movq	$0, X_PATH(%rbp)
	jmp	2f
1:	movq	$1, X_PATH(%rbp)
2:	mov	%rbp, %rdi
	vectors	save, SET_OUT
	cmpq	$0, X_PKU(%rdi)
	je	3f
	xor	%ecx, %ecx
	rdpkru
	mov	%rax, X_PKRU(%rdi)
3:	mov	X_RSP(%rdi), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	cld
	ret

/*
 * The enclave: a page of code, with the page of its first SSA frame behind it.
 * Entry and exit execute XRSTOR of everything, initial, as the SDK's do; what
 * the processor's XCR0 has and the enclave's XFRM has not is everything, too.
 * At CSSA 1 it looks whether a UD2 was the cause, and steps over it.
 */
	.macro	xrstor_all
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 area(%rip)
	.endm
	.set	frame, xstate_code + 4096
	.set	gprsgx, frame + 4096 - 184
	.set	rip, gprsgx + 136
	.set	exitinfo, gprsgx + 160
	.set	exitinfo_ud, 0x80000306		/* valid, hardware, #UD */

	.section .rodata
	.balign	4096
	.globl	xstate_code
xstate_code:
	mov	%rax, %r8
	mov	%rcx, %r9
	xrstor_all
	test	%r8, %r8
	jnz	handler
	vectors	save, SET_ENTRY
	vectors	load, SET_IN
	cmpq	$0, X_UD2(%rdi)
	je	1f
	ud2
	jmp	2f
1:	mov	X_TOUCH(%rdi), %rax
	mov	(%rax), %rax
2:	movq	$1, X_HERE(%rdi)
3:	pause
	cmpq	$0, X_GO(%rdi)
	je	3b
	vectors	save, SET_KEPT
	jmp	exit

handler:
	/* Registers of its own, that nobody shall find later. */
	vectors	load, SET_OUT
	pcmpeqd	%xmm0, %xmm0
	pcmpeqd	%xmm15, %xmm15
	mov	$exitinfo_ud, %eax
	cmp	%eax, exitinfo(%rip)
	jne	exit
	movl	$0, exitinfo(%rip)
	addq	$2, rip(%rip)

exit:
	xrstor_all
	mov	%r9, %rbx
	mov	$4, %eax
	enclu
	ud2

	/* Nothing is in use: all of it initial. MXCSR is loaded all the same. */
	.balign	64
area:
	.fill	24, 1, 0
	.long	0x1f80, 0
	.fill	576 - 32, 1, 0
	.balign	4096, 0xcc
	.section .note.GNU-stack, "", @progbits
