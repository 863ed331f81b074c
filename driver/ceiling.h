/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ceilings: the most that the pages of an enclave may ever be mapped with.
 *
 * A ceiling is fixed when its page comes. Nothing that runs in the enclave and
 * no mmap() or mprotect() gets past it. Most pages have the ceiling of their
 * neighbours, so that ceilings are kept as ranges and not in the pages: asking
 * for an area costs as much as it has ranges, not pages.
 */
#ifndef SOFTSGX_DRIVER_CEILING_H
#define SOFTSGX_DRIVER_CEILING_H

#include <linux/gfp.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>

/*
 * A ceiling is some of VM_READ, VM_WRITE and VM_EXEC, and this if its pages
 * came by EAUG: they may get VM_EXEC later, if the access layer agrees.
 */
#define SGX_CEILING_AUGMENTED 0x8UL

/**
 * struct sgx_ceilings - the ceilings of an enclave
 * @ranges:	ceilings by page number of the linear address. A range without
 *		one has no pages
 * @has_new:	there are pages that are not in @ranges yet: those that came
 *		last, one after the other, so that most of them cost no look at
 *		the tree
 * @new_first:	the first of them
 * @new_last:	the last of them
 * @new_ceiling: what they all have
 *
 * Under &sgx_encl.lock.
 */
struct sgx_ceilings {
	struct maple_tree ranges;
	bool has_new;
	unsigned long new_first;
	unsigned long new_last;
	unsigned long new_ceiling;
};

void sgx_ceilings_init(struct sgx_ceilings *ceilings, struct mutex *lock);
void sgx_ceilings_destroy(struct sgx_ceilings *ceilings);
int sgx_ceilings_add(struct sgx_ceilings *ceilings, unsigned long pgno,
		     unsigned long ceiling);
int sgx_ceilings_set(struct sgx_ceilings *ceilings, unsigned long first,
		     unsigned long last, unsigned long ceiling, gfp_t gfp);
void sgx_ceilings_clear(struct sgx_ceilings *ceilings, unsigned long first,
			unsigned long last);
unsigned long sgx_ceilings_get(struct sgx_ceilings *ceilings,
			       unsigned long pgno);
unsigned long sgx_ceilings_lacking(struct sgx_ceilings *ceilings,
				   unsigned long first, unsigned long last,
				   unsigned long vm_flags);
int sgx_ceilings_raise(struct sgx_ceilings *ceilings, unsigned long first,
		       unsigned long last);

#endif /* SOFTSGX_DRIVER_CEILING_H */
