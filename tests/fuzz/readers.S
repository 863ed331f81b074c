/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The smallest enclave that enclave.lds links: a seed for the fuzzer. */
	.section .tcs, "aw"
	.quad	0, 0, ssa
	.long	0, 1
	.quad	enclave_entry
	.fill	4096 - 40, 1, 0

	.text
	.globl	enclave_entry
enclave_entry:
	ud2

	.data
	.balign	4096
ssa:
	.fill	4096, 1, 0
