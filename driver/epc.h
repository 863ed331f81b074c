/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The enclave page cache: ordinary pages, up to a limit.
 */
#ifndef SOFTSGX_DRIVER_EPC_H
#define SOFTSGX_DRIVER_EPC_H

#include "encl.h"

int sgx_epc_init(void);
void sgx_epc_exit(void);
u64 sgx_epc_bytes(void);
long sgx_epc_used(void);
bool sgx_epc_is_low(void);
bool sgx_epc_is_high(void);

struct sgx_epcm *sgx_epc_find(u64 addr);
int sgx_epc_alloc(struct sgx_encl_page *page);
int sgx_epc_alloc_over(struct sgx_encl_page *page);
void sgx_epc_free(struct sgx_encl_page *page);

struct sgx_encl_page *sgx_encl_page_alloc(void);
struct sgx_encl_page *sgx_encl_page_alloc_zeroed(void);
struct sgx_encl_page *sgx_encl_page_alloc_over(void);
void sgx_epc_move(struct sgx_encl_page *to, struct sgx_encl_page *from);
void sgx_encl_page_free(struct sgx_encl_page *page);
void sgx_encl_page_free_rcu(struct sgx_encl_page *page);

#endif /* SOFTSGX_DRIVER_EPC_H */
