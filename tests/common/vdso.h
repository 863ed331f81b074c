/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Finding and calling __vdso_sgx_enter_enclave(). */
#ifndef TESTS_VDSO_H
#define TESTS_VDSO_H

#include <asm/sgx.h>

void *vdso_symbol(const char *name);

/**
 * vdso_enter() - call __vdso_sgx_enter_enclave()
 * @enter:	its address
 * @run:	its run structure
 * @function:	EENTER or ERESUME
 * @arg:	the enclave gets it in RDI
 *
 * The vDSO passes registers through to the enclave and back, and an AEX leaves
 * zeros in those that the C ABI wants kept: this saves them.
 *
 * Return: what the vDSO returns.
 */
int vdso_enter(void *enter, struct sgx_enclave_run *run, unsigned int function,
	       void *arg);

#endif /* TESTS_VDSO_H */
