// SPDX-License-Identifier: GPL-2.0
/*
 * The enclave page cache: ordinary pages, up to a limit.
 *
 * Every page is charged to the memory cgroup of the process that asks for it,
 * and is cleared before anybody else gets it: what an enclave had in it does not
 * turn up in somebody else's memory.
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
#include "host.h"
#include "reclaim.h"
#include "version.h"

/* Pages of a MiB. */
#define MIB_PAGES (1UL << (20 - PAGE_SHIFT))

/* How long to wait, with nobody evicting anything, for a page of a full EPC. */
#define EPC_PATIENCE (10 * HZ)
/* How often to look again when there is no memory to evict to. */
#define EPC_WAITS 5

/* Free pages below which eviction begins in the background. */
#define EPC_LOW_PAGES 32UL

/* Written with the kernel's lock of parameters. */
static unsigned int epc_size = 128;

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

/* Pages that there are. */
static unsigned long epc_limit(void)
{
	return READ_ONCE(epc_size) * MIB_PAGES;
}

static unsigned long epc_low(void)
{
	return min(EPC_LOW_PAGES, epc_limit() / 16);
}

/**
 * sgx_epc_is_low() - shall eviction begin
 *
 * Return: whether few pages are free, or less than none.
 */
bool sgx_epc_is_low(void)
{
	return sgx_epc_used() + epc_low() > epc_limit();
}

/**
 * sgx_epc_is_high() - may eviction end
 *
 * Return: whether twice as many are free as sgx_epc_is_low() says.
 */
bool sgx_epc_is_high(void)
{
	return sgx_epc_used() + 2 * epc_low() <= epc_limit();
}

/*
 * Pages that are more than there are from now on are evicted here, so that who
 * makes the EPC smaller sees that it is; as far as that can be.
 */
static int epc_size_set(const char *value, const struct kernel_param *kp)
{
	unsigned int size;
	int ret;

	ret = kstrtouint(value, 0, &size);
	if (ret)
		return ret;
	/* Not more pages than the machine has memory. */
	if (!size || size * MIB_PAGES > totalram_pages()) {
		pr_err("softsgx: epc_size=%u is 0 or more than the memory\n",
		       size);
		return -EINVAL;
	}

	WRITE_ONCE(epc_size, size);
	WRITE_ONCE(sgx_core.epc_size, sgx_epc_bytes());
	while (sgx_epc_used() > epc_limit() && !signal_pending(current) &&
	       !sgx_reclaim_pages())
		cond_resched();
	return 0;
}

static const struct kernel_param_ops epc_size_ops = {
	.set = epc_size_set,
	.get = param_get_uint,
};

module_param_cb(epc_size, &epc_size_ops, &epc_size, 0644);
MODULE_PARM_DESC(epc_size, "size of the enclave page cache in MiB (128)");

static struct kmem_cache *sgx_encl_page_cache;

/**
 * sgx_epc_bytes() - size of the EPC
 *
 * Return: the size in bytes.
 */
u64 sgx_epc_bytes(void)
{
	return (u64)READ_ONCE(epc_size) << 20;
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
	struct sgx_encl_page *page =
		(void *)page_private(virt_to_page((void *)(uintptr_t)addr));

	return page ? &page->epcm : NULL;
}

/* NULL when the EPC is full, -ENOMEM when there is no memory. */
static struct page *epc_get_page(unsigned long limit, gfp_t gfp)
{
	struct page *memory;

	if (atomic_long_inc_return(&epc_in_use) > limit) {
		atomic_long_dec(&epc_in_use);
		return NULL;
	}

	memory = alloc_page(GFP_KERNEL_ACCOUNT | gfp);
	if (!memory) {
		atomic_long_dec(&epc_in_use);
		return ERR_PTR(-ENOMEM);
	}
	INIT_LIST_HEAD(&memory->lru);
	if (sgx_epc_is_low())
		sgx_reclaim_wake();
	return memory;
}

static void epc_give(struct sgx_encl_page *page, struct page *memory)
{
	set_page_private(memory, (unsigned long)page);
	page->epcm.page = page_address(memory);
}

/*
 * When the EPC is full, others are evicted. Where none can be at this moment
 * (other threads have just got them and not yet put them where they can be
 * evicted; enclaves are being taken down), that is waited for, as long as
 * anything moves.
 *
 * When it is memory that is lacking, nobody else's pages go for that.
 */
static int epc_alloc(struct sgx_encl_page *page, gfp_t gfp)
{
	unsigned long end = jiffies + EPC_PATIENCE;
	unsigned int waits = 0;
	struct page *memory;
	int ret;

	while (!(memory = epc_get_page(epc_limit(), gfp))) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = sgx_reclaim_pages();
		if (!ret) {
			end = jiffies + EPC_PATIENCE;
			waits = 0;
			continue;
		}
		if (ret == -ENOMEM && waits++ == EPC_WAITS)
			return ret;
		if (time_after(jiffies, end))
			return -ENOMEM;
		if (sgx_encl_wait_teardown())
			end = jiffies + EPC_PATIENCE;
		else
			schedule_timeout_killable(1);
	}
	if (IS_ERR(memory))
		return PTR_ERR(memory);

	epc_give(page, memory);
	return 0;
}

/**
 * sgx_epc_alloc() - give an EPCM entry its page
 * @page:	entry, all zero
 *
 * Context: may sleep; the caller holds no &sgx_encl.lock and no other new page.
 * Return: 0; -ENOMEM when no page can be evicted or there is no memory; -EINTR
 * if the thread is being killed.
 */
int sgx_epc_alloc(struct sgx_encl_page *page)
{
	return epc_alloc(page, 0);
}

/* For EAUG. Where the kernel clears what it gives out it is cleared once. */
static int epc_alloc_zeroed(struct sgx_encl_page *page)
{
	int ret = epc_alloc(page, __GFP_ZERO);

	if (!ret)
		page->epcm.state = SGX_EPCM_ZERO;
	return ret;
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
	struct page *memory = epc_get_page(ULONG_MAX >> 1, 0);

	if (IS_ERR(memory))
		return PTR_ERR(memory);

	epc_give(page, memory);
	return 0;
}

static void epc_put_page(struct page *memory)
{
	/* Unless the kernel does so itself, now or before it gives it out. */
	if (!want_init_on_free() && !want_init_on_alloc(GFP_KERNEL))
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

static struct sgx_encl_page *
encl_page_alloc(int (*alloc)(struct sgx_encl_page *))
{
	struct sgx_encl_page *page;
	int ret;

	page = kmem_cache_zalloc(sgx_encl_page_cache, GFP_KERNEL);
	if (!page)
		return ERR_PTR(-ENOMEM);

	ret = alloc(page);
	if (ret) {
		kmem_cache_free(sgx_encl_page_cache, page);
		return ERR_PTR(ret);
	}
	return page;
}

/**
 * sgx_encl_page_alloc() - a new EPC page with its EPCM entry
 *
 * Context: as sgx_epc_alloc().
 * Return: the page, or an error as from sgx_epc_alloc().
 */
struct sgx_encl_page *sgx_encl_page_alloc(void)
{
	return encl_page_alloc(sgx_epc_alloc);
}

/**
 * sgx_encl_page_alloc_zeroed() - the same for EAUG, which wants it cleared
 *
 * Context: as sgx_epc_alloc().
 * Return: the page, with SGX_EPCM_ZERO, or an error as from sgx_epc_alloc().
 */
struct sgx_encl_page *sgx_encl_page_alloc_zeroed(void)
{
	return encl_page_alloc(epc_alloc_zeroed);
}

/**
 * sgx_encl_page_alloc_over() - the same even if the EPC is full
 *
 * Context: as sgx_epc_alloc_over().
 * Return: the page, or -ENOMEM.
 */
struct sgx_encl_page *sgx_encl_page_alloc_over(void)
{
	return encl_page_alloc(sgx_epc_alloc_over);
}

/**
 * sgx_epc_move() - give an EPCM entry the page of another
 * @to:		entry, all zero or invalid
 * @from:	page as it was allocated; it is freed
 */
void sgx_epc_move(struct sgx_encl_page *to, struct sgx_encl_page *from)
{
	epc_give(to, virt_to_page(from->epcm.page));
	kmem_cache_free(sgx_encl_page_cache, from);
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
 * Return: 0 or -ENOMEM.
 */
int sgx_epc_init(void)
{
	sgx_va_init();
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
	sgx_va_exit();
	WARN_ON(atomic_long_read(&epc_in_use));
	kmem_cache_destroy(sgx_encl_page_cache);
}
