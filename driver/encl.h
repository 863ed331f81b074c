/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An enclave as the driver sees it: an open file of /dev/sgx_enclave.
 *
 * Lifetime. The file owns the enclave: it is made by open() and is taken down
 * when the last descriptor and the last mapping are gone (both hold the file).
 * A thread that is still inside at that moment has nothing mapped any more: its
 * next instruction faults, it leaves by an AEX, and the last one to leave lets
 * the teardown go on, see sgx_encl_release() and thread.h.
 *
 * Lock order: mmap_lock, &sgx_encl.lock, the i_mmap_rwsem of &sgx_encl.mapping,
 * page table locks; the spinlocks of thread.c after all of them.
 */
#ifndef SOFTSGX_DRIVER_ENCL_H
#define SOFTSGX_DRIVER_ENCL_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "../access/access.h"
#include "../arch/core.h"
#include "ceiling.h"
#include "host.h"

/* Bits of &sgx_encl.flags */
enum sgx_encl_flag {
	SGX_ENCL_CREATED,     /* ECREATE done; never cleared */
	SGX_ENCL_INITIALIZED, /* EINIT done; never cleared */
	SGX_ENCL_DEBUG,	      /* ATTRIBUTES.DEBUG */
	SGX_ENCL_IOCTL,	      /* an ioctl is under way, as in mainline */
	SGX_ENCL_DEAD,	      /* the file is gone */
	SGX_ENCL_ENDING,      /* whoever leaves queues the teardown */
	SGX_ENCL_FORGOTTEN,   /* no thread knows it; of the teardown alone */
	SGX_ENCL_LOST,	      /* its pages are, by a loss of power; set under
			       * &sgx_encl.lock, never cleared
			       */
};

/**
 * struct sgx_encl_page - an EPC page of an enclave
 * @epcm:	the architecture's part. The pointer &sgx_epcm.page is the
 *		kernel address of the page, whose struct page has a pointer to
 *		this in its field private
 *
 * Kept small on purpose, there is one for each page: what is the same for many
 * pages is in &sgx_encl.ceilings.
 */
struct sgx_encl_page {
	struct sgx_epcm epcm;
};

/**
 * struct sgx_va_set - version arrays
 * @pages:	struct sgx_va_page by its index
 * @hint:	index of one with an empty slot, perhaps
 */
struct sgx_va_set {
	struct xarray pages;
	u32 hint;
};

/**
 * struct sgx_encl - an enclave
 * @lock:	serialises what changes pages, their EPCM entries by ENCLS, and
 *		their ceilings, with page faults; protects what says so below
 * @flags:	enum sgx_encl_flag, set with atomic bit operations.
 *		SGX_ENCL_IOCTL keeps all ioctls of an enclave apart
 * @base:	SECS.BASEADDR; written before SGX_ENCL_CREATED is set
 * @size:	SECS.SIZE; likewise
 * @attributes:	SECS.ATTRIBUTES.FLAGS; likewise
 * @attributes_mask: attributes that INIT lets pass; used by ioctls only
 * @secs:	the SECS page; &sgx_epcm.page is NULL before CREATE and while it is
 *		out. It is in the EPC while any page of @pages is
 * @secs_slot:	slot of its version while it is out, see version.h; under @lock
 * @secs_out:	it is out; under @lock
 * @pages:	struct sgx_encl_page by page number of the linear address
 *		(la >> PAGE_SHIFT), or a value for an evicted one, see
 *		reclaim.c. Written under @lock, read under it or RCU
 * @backing:	shmem file for evicted pages; under @lock
 * @memcg:	memory cgroup of the process that created the enclave, which
 *		pays for @backing; likewise, and NULL without cgroups
 * @va:		version arrays, under @lock
 * @kref:	held by the file until the teardown is over, and by a reclaimer
 *		while it looks for pages
 * @ceilings:	what may ever be mapped how, by the same page numbers, under
 *		@lock
 * @mapping:	the file's f_mapping: all mappings of this enclave, in every
 *		process, by page number of the linear address (the driver's mmap
 *		sets vm_pgoff so), so that unmap_mapping_range() finds them
 * @generation:	see sgx_encl_invalidate()
 * @file:	the file that owns the enclave: whoever comes from a descriptor or a
 *		mapping holds it, nobody else uses this. Written at open
 * @access:	see there
 * @threads:	struct sgx_attachment, under sgx_attach_lock of thread.c
 * @last_left:	queues @teardown, for threads that leave an enclave that is to
 *		end, where no work can be queued
 * @teardown:	frees the enclave, from a workqueue and after a grace period
 * @readers:	of RCU, of when no thread knew the enclave any more; of @teardown
 * @id:		number of the enclave since the module was loaded, for people
 * @node:	in the list of all enclaves, see stats.c
 * @creator:	process that opened the file, which may have gone
 * @counts:	what its threads do
 * @exits:	EEXITs, as was said last; under the lock of stats.c
 * @resident:	its pages in the EPC that can be evicted. This and the next three
 *		are written under @lock
 * @evicted:	its pages that are out
 * @evictions:	how often a page went out
 * @loads:	how often a page came back
 */
struct sgx_encl {
	struct mutex lock; /* see above */
	unsigned long flags;
	unsigned long base;
	unsigned long size;
	u64 attributes;
	u64 attributes_mask;
	struct sgx_encl_page secs;
	unsigned long secs_slot;
	bool secs_out;
	struct xarray pages;
	struct file *backing;
	struct mem_cgroup *memcg;
	struct sgx_va_set va;
	struct kref kref;
	struct sgx_ceilings ceilings;
	struct address_space mapping;
	atomic_long_t generation;
	struct file *file;
	struct sgx_access access;
	struct list_head threads;
	struct irq_work last_left;
	struct rcu_work teardown;
	unsigned long readers;
	u64 id;
	struct list_head node;
	struct pid *creator;
	struct sgx_encl_counts __percpu *counts;
	unsigned long exits;
	unsigned long resident;
	unsigned long evicted;
	unsigned long evictions;
	unsigned long loads;
};

extern const struct vm_operations_struct sgx_vm_ops;

static inline struct sgx_encl *sgx_vma_encl(const struct vm_area_struct *vma)
{
	return vma->vm_file->private_data;
}

static inline struct sgx_encl *sgx_secs_encl(const struct sgx_epcm *secs)
{
	return container_of(secs, struct sgx_encl, secs.epcm);
}

/* The operand of ENCLS leaves for an EPC page. */
static inline u64 sgx_epc_operand(const struct sgx_encl_page *page)
{
	return (uintptr_t)page->epcm.page;
}

/* EPCM state of a page that a fault or an ioctl looks at. */
static inline u32 sgx_page_state(const struct sgx_encl_page *page)
{
	/* Pairs with sgx_epcm_set_state() of the leaf that filled the page. */
	return smp_load_acquire(&page->epcm.state);
}

static inline enum sgx_page_type sgx_page_type(u32 state)
{
	return (state & SGX_EPCM_PT) >> SGX_EPCM_PT_SHIFT;
}

/**
 * sgx_encl_invalidate() - forget cached translations of an enclave
 * @encl:	an enclave
 *
 * Threads keep translations (which EPC page is mapped at an address, in which
 * process, with which permissions of the mapping) that were checked under the
 * mmap_lock, and use them without a lock as long as the generation is the one
 * that they were made in. Called whenever a mapping of the enclave goes, moves
 * or changes, and before an EPC page is taken away or its EPCM entry changes
 * to the worse.
 */
static inline void sgx_encl_invalidate(struct sgx_encl *encl)
{
	atomic_long_inc(&encl->generation);
	/* Whoever looks later at what changes now sees the new generation. */
	smp_mb__after_atomic();
}

/* encl.c */
int sgx_encl_init(void);
void sgx_encl_exit(void);
struct sgx_encl *sgx_encl_alloc(struct inode *inode);
void sgx_encl_release(struct sgx_encl *encl);
void sgx_encl_lose_power(void);
void sgx_encl_get(struct sgx_encl *encl);
void sgx_encl_put(struct sgx_encl *encl);
int sgx_encl_track(struct sgx_encl *encl);
bool sgx_encl_wait_teardown(void);
int sgx_encl_may_map(struct sgx_encl *encl, unsigned long start,
		     unsigned long end, unsigned long vm_flags);
int sgx_encl_ask_map(struct sgx_encl *encl, unsigned long start,
		     unsigned long end, unsigned long vm_flags);
int sgx_encl_check_ceilings(struct sgx_encl *encl, unsigned long start,
			    unsigned long end, unsigned long vm_flags);
void sgx_encl_zap(struct sgx_encl *encl, unsigned long addr, unsigned long len);
int sgx_encl_eremove(struct sgx_encl_page *page);

/* vma.c */
int sgx_vma_init(void);
vm_fault_t sgx_encl_augment(struct sgx_encl *encl, unsigned long addr);

/* ioctl.c */
long sgx_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);
int sgx_ioctl_init(void);

#endif /* SOFTSGX_DRIVER_ENCL_H */
