/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * See cpuid.h. PREFIX is what the names of this copy begin with.
 */
#define CONCAT_(a, b)	a##b
#define CONCAT(a, b)	CONCAT_(a, b)
#define NAME(name)	CONCAT(PREFIX, name)

#define FUNCTION(name)			\
	.globl NAME(name);		\
	.type NAME(name), @function;	\
NAME(name):				\
	.cfi_startproc

#define END(name)			\
	.cfi_endproc;			\
	.size NAME(name), . - NAME(name)

	.text

FUNCTION(cpuid)
	push	%rbx
	mov	%rdx, %r8
	mov	%edi, %eax
	mov	%esi, %ecx
	cpuid
	mov	%eax, (%r8)
	mov	%ebx, 4(%r8)
	mov	%ecx, 8(%r8)
	mov	%edx, 12(%r8)
	pop	%rbx
	ret
END(cpuid)

FUNCTION(cpuid_frame)
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, %rbp
	mov	$0x5151515151515151, %rsi
	mov	%rsi, %rdi
	mov	%rsi, %r8
	mov	%rsi, %r9
	mov	%rsi, %r10
	mov	%rsi, %r11
	mov	%rsi, %r12
	mov	%rsi, %r13
	mov	%rsi, %r14
	mov	%rsi, %r15
	push	32(%rbp)
	mov	(%rbp), %rax
	mov	8(%rbp), %rbx
	mov	16(%rbp), %rcx
	mov	24(%rbp), %rdx
	popf
	cpuid
	pushf
	mov	%rax, (%rbp)
	mov	%rbx, 8(%rbp)
	mov	%rcx, 16(%rbp)
	mov	%rdx, 24(%rbp)
	pop	32(%rbp)
	cld
	mov	%rsi, 40(%rbp)
	mov	%rdi, 48(%rbp)
	mov	%r8, 56(%rbp)
	mov	%r9, 64(%rbp)
	mov	%r10, 72(%rbp)
	mov	%r11, 80(%rbp)
	mov	%r12, 88(%rbp)
	mov	%r13, 96(%rbp)
	mov	%r14, 104(%rbp)
	mov	%r15, 112(%rbp)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
END(cpuid_frame)

FUNCTION(cpuid_twice)
	push	%rbx
	mov	%rdx, %r8
	mov	%edi, %eax
	mov	%esi, %ecx
	cpuid
	cpuid
	mov	%eax, (%r8)
	mov	%ebx, 4(%r8)
	mov	%ecx, 8(%r8)
	mov	%edx, 12(%r8)
	pop	%rbx
	ret
END(cpuid_twice)

FUNCTION(cpuid_jump)
	push	%rbx
	mov	%rsi, %r8
	xor	%r9d, %r9d
	mov	%edi, %eax
	xor	%ecx, %ecx
	cpuid
1:	inc	%r9
	mov	$0xa5a5a5a5, %eax
	cmp	%r8, %r9
	jb	1b
	mov	%r9, %rax
	pop	%rbx
	ret
END(cpuid_jump)

	/* What follows CPUID is in the next page. */
	.balign	4096
	.skip	4096 - 11, 0x90
FUNCTION(cpuid_ret)
	mov	%rbx, %r8
	mov	%edi, %eax
	mov	%esi, %ecx
	/* 7 bytes so far: 2 of padding and of CPUID each. */
	nop
	nop
	cpuid
	mov	%r8, %rbx
	ret
END(cpuid_ret)

	.section .note.GNU-stack, "", @progbits
