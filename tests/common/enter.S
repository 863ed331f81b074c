/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
	.text
	.globl	vdso_enter
	.type	vdso_enter, @function
vdso_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi			/* run is passed on the stack */
	mov	%rdi, %rax
	mov	%rcx, %rdi
	mov	%edx, %ecx
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	call	*%rax
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	vdso_enter, . - vdso_enter
	.section .note.GNU-stack, "", @progbits
