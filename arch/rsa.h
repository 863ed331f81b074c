/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The signature of a SIGSTRUCT. Internal to arch/. */
#ifndef SOFTSGX_RSA_H
#define SOFTSGX_RSA_H

#include "core.h"

bool sgx_rsa_verify(struct sgx_core *core, const struct sgx_sigstruct *sig);

#endif /* SOFTSGX_RSA_H */
