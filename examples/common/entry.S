/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The trusted side of an entry: TCS pages, SSA frames, stacks, and the code
 * that EENTER jumps to.
 *
 * THREADS TCSs with NSSA frames each; every frame has a stack of its own of
 * STACK_SIZE bytes, so that an entry at CSSA 1, which handles an exception,
 * leaves the stack of the interrupted code alone. FS and GS have a page each.
 */
	.section .tcs, "aw"
	.globl	tcs
tcs:
	.set	i, 0
	.rept	THREADS
	.quad	0			/* STATE */
	.quad	0			/* FLAGS */
	.quad	ssa + i * NSSA * 4096	/* OSSA */
	.long	0			/* CSSA */
	.long	NSSA
	.quad	enclave_entry		/* OENTRY */
	.quad	0			/* AEP */
	.quad	fs_pages + i * 4096	/* OFSBASE */
	.quad	gs_pages + i * 4096	/* OGSBASE */
	.long	0xfff			/* FSLIMIT */
	.long	0xfff			/* GSLIMIT */
	.fill	4096 - 72, 1, 0
	.set	i, i + 1
	.endr

	.data
	.balign	4096
	.globl	ssa, fs_pages, gs_pages, stacks
ssa:
	.fill	THREADS * NSSA * 4096, 1, 0
fs_pages:
	.fill	THREADS * 4096, 1, 0
gs_pages:
	.fill	THREADS * 4096, 1, 0
stacks:
	.fill	THREADS * NSSA * STACK_SIZE, 1, 0

	.section .rodata
	.balign	4
mxcsr:
	.long	0x1f80

/*
 * In: RAX = CSSA, RBX = TCS, RCX = where to go on EEXIT; RSP and all else are
 * the host's. Calls enclave_main(RDI, CSSA, thread).
 */
	.text
	.globl	enclave_entry
enclave_entry:
	cld
	mov	%rbx, %r10
	lea	tcs(%rip), %r11
	sub	%r11, %r10
	shr	$12, %r10
	mov	%r10, %rdx		/* thread */
	mov	%rax, %rsi		/* CSSA */
	imul	$NSSA, %r10, %r10
	lea	1(%r10, %rax), %r10
	imul	$STACK_SIZE, %r10, %r10
	lea	stacks(%rip), %r11
	add	%r11, %r10
	xchg	%rsp, %r10
	push	%r10			/* the host's stack */
	push	%rcx
	fninit
	ldmxcsr	mxcsr(%rip)

	call	enclave_main

	pop	%rbx
	pop	%rsp
	/* Take nothing of the enclave's along. */
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pxor	%xmm\n, %xmm\n
	.endr
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	mov	$4, %eax		/* EEXIT */
	enclu
	ud2
	.section .note.GNU-stack, "", @progbits
