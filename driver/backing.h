/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where pages are that are out of the EPC: a shmem file of each enclave.
 */
#ifndef SOFTSGX_DRIVER_BACKING_H
#define SOFTSGX_DRIVER_BACKING_H

#include <linux/gfp.h>
#include "encl.h"

/**
 * struct sgx_backing - place of one page, held while EWB or ELDU runs
 * @contents:	page with the contents
 * @pcmd_page:	page with the PCMD
 * @data:	mapped contents
 * @pcmd:	mapped PCMD
 */
struct sgx_backing {
	struct page *contents;
	struct page *pcmd_page;
	void *data;
	struct sgx_pcmd *pcmd;
};

/* Places: the pages of ELRANGE by their number, the SECS, version arrays. */
static inline unsigned long sgx_backing_index(const struct sgx_encl *encl,
					      unsigned long addr)
{
	return PFN_DOWN(addr - encl->base);
}

static inline unsigned long sgx_backing_addr(const struct sgx_encl *encl,
					     unsigned long index)
{
	return encl->base + (index << PAGE_SHIFT);
}

static inline unsigned long sgx_backing_secs(const struct sgx_encl *encl)
{
	return encl->size >> PAGE_SHIFT;
}

static inline unsigned long sgx_backing_va(const struct sgx_encl *encl,
					   unsigned int va)
{
	return sgx_backing_secs(encl) + 1 + va;
}

int sgx_backing_create(struct sgx_encl *encl);
void sgx_backing_destroy(struct sgx_encl *encl);
int sgx_backing_get(struct sgx_encl *encl, unsigned long index, gfp_t gfp,
		    struct sgx_backing *b);
void sgx_backing_put(struct sgx_backing *b, bool written);
void sgx_backing_drop(struct sgx_encl *encl, unsigned long index);

#endif /* SOFTSGX_DRIVER_BACKING_H */
