/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Version arrays: who has a slot in which. A page that is out has the version
 * with which it left in a slot of a version array (VA) of its enclave. A VA or
 * a SECS that is out has its version in a VA of the platform; those stay in the
 * EPC, one page for each 512.
 */
#ifndef SOFTSGX_DRIVER_VERSION_H
#define SOFTSGX_DRIVER_VERSION_H

#include <linux/types.h>
#include "encl.h"

#define SGX_VA_SLOTS (SGX_PAGE_SIZE / 8)

/**
 * struct sgx_va_page - a version array
 * @page:	EPC page; &sgx_epcm.page is NULL while it is out
 * @encl:	enclave that it belongs to; NULL for one of the platform
 * @index:	in its set
 * @slot:	slot of its own version while it is out
 * @count:	how many slots are used
 * @used:	which slots hold the version of an evicted page
 *
 * Under the lock of its set.
 */
struct sgx_va_page {
	struct sgx_encl_page page;
	struct sgx_encl *encl;
	u32 index;
	unsigned long slot;
	unsigned int count;
	DECLARE_BITMAP(used, SGX_VA_SLOTS);
};

static inline bool sgx_va_resident(const struct sgx_va_page *va)
{
	return va->page.epcm.page;
}

void sgx_va_set_init(struct sgx_va_set *set);
void sgx_va_set_destroy(struct sgx_va_set *set);
long sgx_va_slot_get(struct sgx_encl *encl, gfp_t gfp);
void sgx_va_slot_put(struct sgx_encl *encl, unsigned long slot);
u64 sgx_va_operand(struct sgx_encl *encl, unsigned long slot);
struct sgx_va_page *sgx_va_find(struct sgx_encl *encl, unsigned long slot);

long sgx_va_root_get(u64 *operand);
u64 sgx_va_root_operand(unsigned long slot);
void sgx_va_root_put(unsigned long slot);

void sgx_va_init(void);
void sgx_va_exit(void);

#endif /* SOFTSGX_DRIVER_VERSION_H */
