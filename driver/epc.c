// SPDX-License-Identifier: GPL-2.0
/*
 * The enclave page cache: ordinary pages, up to a limit.
 *
 * Every page is charged to the memory cgroup of the process that asks for it,
 * and is cleared before it goes back: what an enclave had in it does not turn
 * up in somebody else's memory.
 */
#include <linux/atomic.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "epc.h"
#include "reclaim.h"

/* Pages of a MiB. */
#define MIB_PAGES (1UL << (20 - PAGE_SHIFT))

/* How often a full EPC without a page to evict is looked at again. */
#define EPC_WAITS 5

static unsigned int epc_size = 128;
module_param(epc_size, uint, 0444);
MODULE_PARM_DESC(epc_size, "size of the enclave page cache in MiB");

static atomic_long_t epc_in_use = ATOMIC_LONG_INIT(0);

/**
 * sgx_epc_used() - pages of the EPC that are in use
 *
 * Return: how many; more than there are where version arrays had to be made.
 */
long sgx_epc_used(void)
{
	return atomic_long_read(&epc_in_use);
}

static int epc_in_use_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%ld\n", sgx_epc_used());
}

static const struct kernel_param_ops epc_in_use_ops = {
	.get = epc_in_use_get,
};

module_param_cb(epc_in_use, &epc_in_use_ops, NULL, 0444);
MODULE_PARM_DESC(epc_in_use, "pages of the enclave page cache in use");

static struct kmem_cache *sgx_encl_page_cache;

/**
 * sgx_epc_bytes() - size of the EPC
 *
 * Return: the size in bytes.
 */
u64 sgx_epc_bytes(void)
{
	return (u64)epc_size << 20;
}

/**
 * sgx_epc_find() - &sgx_host_ops.epc: the EPCM entry of an EPC page
 * @addr:	kernel address of an EPC page, page aligned. Operands of ENCLS
 *		come from this driver only, and are such addresses
 *
 * Return: the entry; NULL if @addr is no page of the EPC.
 */
struct sgx_epcm *sgx_epc_find(u64 addr)
{
	struct sgx_encl_page *page;

	if (!virt_addr_valid((void *)(uintptr_t)addr))
		return NULL;

	page = (void *)page_private(virt_to_page((void *)(uintptr_t)addr));
	return page ? &page->epcm : NULL;
}

/* NULL when the EPC is full, -ENOMEM when there is no memory. */
static struct page *epc_get_page(unsigned long limit)
{
	struct page *memory;

	if (atomic_long_inc_return(&epc_in_use) > limit) {
		atomic_long_dec(&epc_in_use);
		return NULL;
	}

	memory = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!memory) {
		atomic_long_dec(&epc_in_use);
		return ERR_PTR(-ENOMEM);
	}
	INIT_LIST_HEAD(&memory->lru);
	return memory;
}

static void epc_give(struct sgx_encl_page *page, struct page *memory)
{
	set_page_private(memory, (unsigned long)page);
	page->epcm.page = page_address(memory);
}

/**
 * sgx_epc_alloc() - give an EPCM entry its page
 * @page:	entry, all zero
 *
 * When the EPC is full, others are evicted. Before it is said to be full for
 * good, enclaves that are being taken down are waited for: a program that
 * closes one enclave and builds the next shall not notice that closing takes a
 * moment. So are other threads that have just got a page and not yet put it
 * where it can be evicted.
 *
 * When it is memory that is lacking, nobody else's pages go for that.
 *
 * Context: may sleep; the caller holds no &sgx_encl.lock.
 * Return: 0; -ENOMEM when no page can be evicted or there is no memory; -EINTR
 * if the thread is being killed.
 */
int sgx_epc_alloc(struct sgx_encl_page *page)
{
	unsigned int waits = 0;
	struct page *memory;

	while (!(memory = epc_get_page(epc_size * MIB_PAGES))) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (sgx_reclaim_pages())
			continue;
		if (waits++ == EPC_WAITS)
			return -ENOMEM;
		sgx_encl_wait_teardown();
		schedule_timeout_killable(1);
	}
	if (IS_ERR(memory))
		return PTR_ERR(memory);

	epc_give(page, memory);
	return 0;
}

/**
 * sgx_epc_alloc_over() - give an EPCM entry a page even if the EPC is full
 * @page:	entry, all zero
 *
 * Context: may sleep; &sgx_encl.lock may be held.
 * Return: 0, or -ENOMEM.
 */
int sgx_epc_alloc_over(struct sgx_encl_page *page)
{
	struct page *memory = epc_get_page(ULONG_MAX >> 1);

	if (IS_ERR(memory))
		return PTR_ERR(memory);

	epc_give(page, memory);
	return 0;
}

static void epc_put_page(struct page *memory)
{
	clear_page(page_address(memory));
	set_page_private(memory, 0);
	folio_clear_referenced(page_folio(memory));
	__free_page(memory);
}

/**
 * sgx_epc_free() - take the page of an EPCM entry away
 * @page:	entry, invalid as EREMOVE leaves it
 */
void sgx_epc_free(struct sgx_encl_page *page)
{
	struct page *memory = virt_to_page(page->epcm.page);

	WARN_ON_ONCE(sgx_page_state(page) & SGX_EPCM_VALID);
	page->epcm.page = NULL;
	epc_put_page(memory);
	atomic_long_dec(&epc_in_use);
}

/**
 * sgx_encl_page_alloc() - a new EPC page with its EPCM entry
 *
 * Context: as sgx_epc_alloc().
 * Return: the page, NULL when the EPC is full or there is no memory.
 */
struct sgx_encl_page *sgx_encl_page_alloc(void)
{
	struct sgx_encl_page *page;

	page = kmem_cache_zalloc(sgx_encl_page_cache, GFP_KERNEL);
	if (!page)
		return NULL;

	if (sgx_epc_alloc(page)) {
		kmem_cache_free(sgx_encl_page_cache, page);
		return NULL;
	}
	return page;
}

/**
 * sgx_encl_page_free() - free an EPC page that nobody can see
 * @page:	page, invalid as EREMOVE leaves it
 */
void sgx_encl_page_free(struct sgx_encl_page *page)
{
	sgx_epc_free(page);
	kmem_cache_free(sgx_encl_page_cache, page);
}

static void encl_page_free_rcu(struct rcu_head *rcu)
{
	struct page *memory = container_of(rcu, struct page, rcu_head);
	struct sgx_encl_page *page = (void *)page_private(memory);

	epc_put_page(memory);
	kmem_cache_free(sgx_encl_page_cache, page);
}

/**
 * sgx_encl_page_free_rcu() - free an EPC page that leaves may be looking at
 * @page:	page, invalid as EREMOVE leaves it
 *
 * A leaf that runs in another thread may have found the page just before it
 * went: it sees an invalid EPCM entry, in memory that stays for so long. The
 * space counts as free at once.
 */
void sgx_encl_page_free_rcu(struct sgx_encl_page *page)
{
	struct page *memory = virt_to_page(page->epcm.page);

	WARN_ON_ONCE(sgx_page_state(page) & SGX_EPCM_VALID);
	atomic_long_dec(&epc_in_use);
	call_rcu(&memory->rcu_head, encl_page_free_rcu);
}

/**
 * sgx_epc_init() - get ready to give out EPC pages
 *
 * Return: 0, -EINVAL for an impossible epc_size, or -ENOMEM.
 */
int sgx_epc_init(void)
{
	/* Not more pages than the machine has memory. */
	if (!epc_size || epc_size * MIB_PAGES > totalram_pages()) {
		pr_err("softsgx: epc_size=%u is 0 or more than the memory\n",
		       epc_size);
		return -EINVAL;
	}

	sgx_encl_page_cache = KMEM_CACHE(sgx_encl_page, SLAB_ACCOUNT);
	return sgx_encl_page_cache ? 0 : -ENOMEM;
}

/**
 * sgx_epc_exit() - undo sgx_epc_init()
 *
 * No enclave is left.
 */
void sgx_epc_exit(void)
{
	/* Pages that are on their way. */
	rcu_barrier();
	WARN_ON(atomic_long_read(&epc_in_use));
	kmem_cache_destroy(sgx_encl_page_cache);
}
