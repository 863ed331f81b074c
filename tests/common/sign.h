/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Measuring and signing an enclave: what the processor computes while it
 * builds one (MRENCLAVE), and the SIGSTRUCT that names that measurement.
 */
#ifndef TESTS_SIGN_H
#define TESTS_SIGN_H

#include <openssl/evp.h>
#include "../../arch/sgx.h"

/* The running hash of what ECREATE, EADD and EEXTEND did. */
void measure_create(EVP_MD_CTX *md, u32 ssaframesize, u64 size);
void measure_add(EVP_MD_CTX *md, u64 offset, u64 secinfo_flags);
void measure_extend(EVP_MD_CTX *md, u64 offset, const void *page);

EVP_PKEY *sign_load_key(const char *path);
void sigstruct_fill(struct sgx_sigstruct *sig, const struct sgx_secs *secs,
		    const u8 mrenclave[32]);
int sigstruct_sign(struct sgx_sigstruct *sig, EVP_PKEY *key);

#endif /* TESTS_SIGN_H */
