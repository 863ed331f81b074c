/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Privileges: what a process has to be granted for what it asks of an enclave.
 * Ceilings (driver/ceiling.h) hold whatever is granted here.
 */
#ifndef SOFTSGX_ACCESS_H
#define SOFTSGX_ACCESS_H

struct sgx_encl;

int sgx_access_execmod(struct sgx_encl *encl);
int sgx_access_execanon(struct sgx_encl *encl);

#endif /* SOFTSGX_ACCESS_H */
