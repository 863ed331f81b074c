/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What these tests have in the enclave beside the test enclave of tests/uapi;
 * and the same outside.
 */
	.text
	.globl	xrstor_all
	/* void xrstor_all(const void *area): XRSTOR, mask all ones. */
xrstor_all:
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 (%rdi)
	ret

	/* void wrpkru_to(u32 pkru) */
	.globl	wrpkru_to
wrpkru_to:
	mov	%edi, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	wrpkru
	ret

	/* u64 x87_load(const double *p): an access that is not carried out. */
	.globl	x87_load, at_x87_load
x87_load:
at_x87_load:
	fldl	(%rdi)
	fstp	%st(0)
	xor	%eax, %eax
	ret

	/* u64 crossing_load(const u64 *p): an instruction in two pages. */
	.globl	crossing_load
	.balign	4096
	.skip	4096 - 2
crossing_load:
	mov	(%rdi), %rax
	ret
	.section .note.GNU-stack, "", @progbits
