/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paging: which pages leave the EPC when it is full, and how they come back.
 */
#ifndef SOFTSGX_DRIVER_RECLAIM_H
#define SOFTSGX_DRIVER_RECLAIM_H

#include "encl.h"

struct sgx_va_page;

int sgx_paging_create(struct sgx_encl *encl);
void sgx_paging_destroy(struct sgx_encl *encl);

void sgx_reclaim_list(struct sgx_encl_page *page);
void sgx_reclaim_unlist(struct sgx_encl_page *page);
void sgx_reclaim_add(struct sgx_encl_page *page);
void sgx_reclaim_del(struct sgx_encl_page *page);
void sgx_reclaim_touch(struct sgx_encl_page *page);
int sgx_reclaim_pages(void);
void sgx_reclaim_wake(void);
long sgx_reclaim_evictions(void);
long sgx_reclaim_loads(void);

struct sgx_encl_page *sgx_encl_lock_page(struct sgx_encl *encl,
					 unsigned long addr);
int sgx_encl_lock_secs(struct sgx_encl *encl, bool over);
int sgx_va_load(struct sgx_encl *encl, struct sgx_va_page *va,
		struct sgx_encl_page *room, gfp_t gfp);

int sgx_reclaim_init(void);
void sgx_reclaim_exit(void);

#endif /* SOFTSGX_DRIVER_RECLAIM_H */
