// SPDX-License-Identifier: GPL-2.0
/*
 * The backing of an enclave: a shmem file, so that it can be swapped, with a
 * fixed place for each page that can leave the EPC, and behind all of them one
 * for each page's PCMD.
 *
 * It is charged to the memory cgroup of the process that created the enclave,
 * whoever it is that evicts.
 */
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include "backing.h"
#include "compat.h"
#include "fail.h"
#include "version.h"

#define PCMD_PER_PAGE (PAGE_SIZE / sizeof(struct sgx_pcmd))

/* A version array is made only when all others are full. */
static unsigned long backing_places(const struct sgx_encl *encl)
{
	unsigned long pages = encl->size >> PAGE_SHIFT;

	return sgx_backing_va(encl, pages / SGX_VA_SLOTS + 1);
}

/**
 * sgx_backing_create() - make the backing
 * @encl:	enclave that is being created, with base and size set
 *
 * Return: 0, or what making the file gives.
 */
int sgx_backing_create(struct sgx_encl *encl)
{
	unsigned long places = backing_places(encl);
	loff_t size = (loff_t)(places + places / PCMD_PER_PAGE + 1)
		      << PAGE_SHIFT;
	struct file *backing;

	backing =
		shmem_file_setup("softsgx backing", size, SGX_SHMEM_NORESERVE);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	encl->backing = backing;
	encl->memcg = get_mem_cgroup_from_mm(current->mm);
	return 0;
}

/**
 * sgx_backing_destroy() - free the backing, if there is one
 * @encl:	enclave that is being taken down
 */
void sgx_backing_destroy(struct sgx_encl *encl)
{
	if (!encl->backing)
		return;
	fput(encl->backing);
	encl->backing = NULL;
	mem_cgroup_put(encl->memcg);
	encl->memcg = NULL;
}

/**
 * sgx_backing_get() - hold the place of a page
 * @encl:	enclave
 * @index:	which page
 * @gfp:	for a place that has no memory yet
 * @b:		place, returned
 *
 * Context: &sgx_encl.lock is held; may sleep.
 * Return: 0; -ENOMEM; -EIO if it cannot be read from swap.
 */
int sgx_backing_get(struct sgx_encl *encl, unsigned long index, gfp_t gfp,
		    struct sgx_backing *b)
{
	struct address_space *mapping = encl->backing->f_mapping;
	unsigned long pcmd = backing_places(encl) + index / PCMD_PER_PAGE;
	struct mem_cgroup *memcg;
	int ret = 0;

	lockdep_assert_held(&encl->lock);

	if (sgx_should_fail())
		return -EIO;
	memcg = set_active_memcg(encl->memcg);
	b->contents = shmem_read_mapping_page_gfp(mapping, index, gfp);
	if (IS_ERR(b->contents)) {
		ret = PTR_ERR(b->contents);
		goto out;
	}
	b->pcmd_page = shmem_read_mapping_page_gfp(mapping, pcmd, gfp);
	if (IS_ERR(b->pcmd_page)) {
		ret = PTR_ERR(b->pcmd_page);
		put_page(b->contents);
		goto out;
	}

	/* 64-bit kernels have all memory mapped. */
	b->data = page_address(b->contents);
	b->pcmd = (struct sgx_pcmd *)page_address(b->pcmd_page) +
		  index % PCMD_PER_PAGE;
out:
	set_active_memcg(memcg);
	return ret;
}

/**
 * sgx_backing_put() - undo sgx_backing_get()
 * @b:		place
 * @written:	something was written there
 */
void sgx_backing_put(struct sgx_backing *b, bool written)
{
	if (written) {
		set_page_dirty(b->contents);
		set_page_dirty(b->pcmd_page);
	}
	put_page(b->pcmd_page);
	put_page(b->contents);
}

/**
 * sgx_backing_drop() - the contents are in the EPC again: give the memory back
 * @encl:	enclave
 * @index:	which page
 *
 * Context: &sgx_encl.lock is held; may sleep.
 */
void sgx_backing_drop(struct sgx_encl *encl, unsigned long index)
{
	loff_t start = (loff_t)index << PAGE_SHIFT;

	shmem_truncate_range(file_inode(encl->backing), start,
			     start + PAGE_SIZE - 1);
}
