/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paging: which pages leave the EPC when it is full, where they go, and how
 * they come back.
 */
#ifndef SOFTSGX_DRIVER_RECLAIM_H
#define SOFTSGX_DRIVER_RECLAIM_H

#include "encl.h"

#define SGX_VA_SLOTS	(SGX_PAGE_SIZE / 8)

/**
 * struct sgx_va_page - a version array of an enclave
 * @page:	the EPC page
 * @index:	in &sgx_encl.va_pages
 * @used:	which slots hold the version of an evicted page
 *
 * Under &sgx_encl.lock.
 */
struct sgx_va_page {
	struct sgx_encl_page page;
	u32 index;
	DECLARE_BITMAP(used, SGX_VA_SLOTS);
};

int sgx_paging_create(struct sgx_encl *encl);
void sgx_paging_destroy(struct sgx_encl *encl);

void sgx_reclaim_add(struct sgx_encl_page *page);
void sgx_reclaim_del(struct sgx_encl_page *page);
void sgx_reclaim_touch(struct sgx_encl_page *page);
bool sgx_reclaim_pages(void);
long sgx_reclaim_evictions(void);
long sgx_reclaim_loads(void);

struct sgx_encl_page *sgx_encl_lock_page(struct sgx_encl *encl,
					 unsigned long addr);

#endif /* SOFTSGX_DRIVER_RECLAIM_H */
