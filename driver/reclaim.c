// SPDX-License-Identifier: GPL-2.0
/*
 * Paging of the EPC.
 *
 * When the EPC is full, whoever wants a page writes others out first, with EWB,
 * to a shmem file of their enclave. An evicted page is a value entry in
 * &sgx_encl.pages: the number of the slot, in the enclave's version arrays,
 * that holds its version. The contents and the PCMD have a fixed place in the
 * file.
 *
 * All pages that can be evicted are in one list, oldest first. A page that has
 * been used since it was last looked at (a fault mapped it, or a leaf used it)
 * gets a second chance: it is taken out of the page tables, so that its next
 * use shows, and goes to the end. The list is looked at twice, and only then is
 * nothing said to be left.
 *
 * The order is EBLOCK, out of all page tables and caches, ETRACK, every thread
 * out of the enclave, EWB: for a batch of pages of one enclave at a time, under
 * its lock. A thread that wants one of these pages meanwhile waits for that
 * lock in its fault or in the slow path of its leaf, and then loads the page
 * again.
 *
 * Backing and version arrays are charged to the memory cgroup of the enclave,
 * whoever it is that evicts.
 */
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "compat.h"
#include "epc.h"
#include "host.h"
#include "reclaim.h"
#include "thread.h"
#include "trace.h"

#define RECLAIM_BATCH 16
/* The host's cryptography may have no memory for a moment. */
#define EWB_TRIES 4

#define PCMD_PER_PAGE (PAGE_SIZE / sizeof(struct sgx_pcmd))

/*
 * Pages that can be evicted, through &page.lru of their memory, and how many. A
 * page is taken out before EWB or EREMOVE, so that one that is in the list has
 * an SECS, and its enclave has not gone.
 */
static LIST_HEAD(reclaim_list);
static unsigned long reclaim_count;
static DEFINE_SPINLOCK(reclaim_lock);

/* Pages that have ever been evicted. */
static atomic_long_t reclaim_evicted = ATOMIC_LONG_INIT(0);
/* And that have come back. */
static atomic_long_t reclaim_loaded = ATOMIC_LONG_INIT(0);

/**
 * sgx_reclaim_evictions() - how often a page has been evicted
 *
 * Return: since the module was loaded.
 */
long sgx_reclaim_evictions(void)
{
	return atomic_long_read(&reclaim_evicted);
}

/**
 * sgx_reclaim_loads() - how often an evicted page has come back
 *
 * Return: since the module was loaded.
 */
long sgx_reclaim_loads(void)
{
	return atomic_long_read(&reclaim_loaded);
}

static struct page *page_memory(const struct sgx_encl_page *page)
{
	return virt_to_page(page->epcm.page);
}

static bool page_blocked(const struct sgx_encl_page *page)
{
	return sgx_page_state(page) & SGX_EPCM_BLOCKED;
}

/**
 * sgx_reclaim_add() - a page of an enclave can be evicted from now on
 * @page:	page, valid, in &sgx_encl.pages of its enclave
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_add(struct sgx_encl_page *page)
{
	struct sgx_encl *encl = sgx_secs_encl(page->epcm.secs);

	lockdep_assert_held(&encl->lock);

	WRITE_ONCE(encl->resident, encl->resident + 1);
	spin_lock(&reclaim_lock);
	list_add_tail(&page_memory(page)->lru, &reclaim_list);
	reclaim_count++;
	spin_unlock(&reclaim_lock);
}

/**
 * sgx_reclaim_del() - a page is going to be evicted or removed
 * @page:	page for which sgx_reclaim_add() was called, valid
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_del(struct sgx_encl_page *page)
{
	struct sgx_encl *encl = sgx_secs_encl(page->epcm.secs);

	lockdep_assert_held(&encl->lock);

	WRITE_ONCE(encl->resident, encl->resident - 1);
	spin_lock(&reclaim_lock);
	list_del_init(&page_memory(page)->lru);
	reclaim_count--;
	spin_unlock(&reclaim_lock);
}

/**
 * sgx_reclaim_touch() - note that a page is used
 * @page:	page
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_touch(struct sgx_encl_page *page)
{
	folio_set_referenced(page_folio(page_memory(page)));
}

/*
 * Version arrays
 */

/*
 * A new version array. It counts as EPC in use but is not refused when the EPC
 * is full: it is there to make room.
 */
static struct sgx_va_page *va_page_new(struct sgx_encl *encl)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	struct sgx_va_page *va;

	lockdep_assert_held(&encl->lock);

	va = kzalloc(sizeof(*va), GFP_KERNEL_ACCOUNT);
	if (!va)
		return NULL;
	if (sgx_epc_alloc_over(&va->page))
		goto err_va;
	if (xa_alloc(&encl->va_pages, &va->index, va, xa_limit_31b, GFP_KERNEL))
		goto err_page;
	if (sgx_epa(&cpu, SGX_PT_VA, sgx_epc_operand(&va->page)))
		goto err_index;
	return va;

err_index:
	xa_erase(&encl->va_pages, va->index);
err_page:
	sgx_epc_free(&va->page);
err_va:
	kfree(va);
	return NULL;
}

/* Reserve an empty slot. Its number, or -ENOMEM. */
static long va_slot_get(struct sgx_encl *encl)
{
	struct sgx_va_page *va;
	unsigned long index;
	unsigned int slot;

	lockdep_assert_held(&encl->lock);

	/* The last one made is where room is, as long as pages only leave. */
	va = xa_load(&encl->va_pages, encl->va_hint);
	if (va && !bitmap_full(va->used, SGX_VA_SLOTS))
		goto found;

	xa_for_each(&encl->va_pages, index, va) {
		if (!bitmap_full(va->used, SGX_VA_SLOTS))
			goto found;
	}
	va = va_page_new(encl);
	if (!va)
		return -ENOMEM;
found:
	encl->va_hint = va->index;
	slot = find_first_zero_bit(va->used, SGX_VA_SLOTS);
	__set_bit(slot, va->used);
	return (long)va->index * SGX_VA_SLOTS + slot;
}

static void va_slot_put(struct sgx_encl *encl, unsigned long slot)
{
	struct sgx_va_page *va = xa_load(&encl->va_pages, slot / SGX_VA_SLOTS);

	__clear_bit(slot % SGX_VA_SLOTS, va->used);
	encl->va_hint = va->index;
}

/* The operand of EWB and ELDU. */
static u64 va_slot_operand(struct sgx_encl *encl, unsigned long slot)
{
	struct sgx_va_page *va = xa_load(&encl->va_pages, slot / SGX_VA_SLOTS);

	return sgx_epc_operand(&va->page) + slot % SGX_VA_SLOTS * sizeof(u64);
}

/*
 * Backing
 */

/**
 * struct backing - where an evicted page is, held while EWB or ELDU runs
 * @contents:	page with the contents
 * @pcmd_page:	page with the PCMD
 * @data:	mapped contents
 * @pcmd:	mapped PCMD
 */
struct backing {
	struct page *contents;
	struct page *pcmd_page;
	void *data;
	struct sgx_pcmd *pcmd;
};

/*
 * With @gfp of the caller: reading back may do all that the enclave's memory
 * cgroup allows, which includes killing somebody in it; writing out may not,
 * for the caller can be anybody, and there are other pages to evict.
 */
static int backing_get(struct sgx_encl *encl, unsigned long addr, gfp_t gfp,
		       struct backing *b)
{
	struct address_space *mapping = encl->backing->f_mapping;
	unsigned long index = PFN_DOWN(addr - encl->base);
	unsigned long pcmd_index = PFN_DOWN(encl->size) + index / PCMD_PER_PAGE;

	b->contents = shmem_read_mapping_page_gfp(mapping, index, gfp);
	if (IS_ERR(b->contents))
		return PTR_ERR(b->contents);
	b->pcmd_page = shmem_read_mapping_page_gfp(mapping, pcmd_index, gfp);
	if (IS_ERR(b->pcmd_page)) {
		put_page(b->contents);
		return PTR_ERR(b->pcmd_page);
	}

	/* 64-bit kernels have all memory mapped. */
	b->data = page_address(b->contents);
	b->pcmd = (struct sgx_pcmd *)page_address(b->pcmd_page) +
		  index % PCMD_PER_PAGE;
	return 0;
}

static void backing_put(struct backing *b, bool written)
{
	if (written) {
		set_page_dirty(b->contents);
		set_page_dirty(b->pcmd_page);
	}
	put_page(b->pcmd_page);
	put_page(b->contents);
}

/* The contents are in the EPC again, and not worth keeping. */
static void backing_drop(struct sgx_encl *encl, unsigned long addr)
{
	loff_t start = addr - encl->base;

	shmem_truncate_range(file_inode(encl->backing), start,
			     start + PAGE_SIZE - 1);
}

/**
 * sgx_paging_create() - get an enclave ready for paging
 * @encl:	enclave that is being created, with base and size set
 *
 * Return: 0, or what making the backing file gives.
 */
int sgx_paging_create(struct sgx_encl *encl)
{
	loff_t size = encl->size + PAGE_ALIGN(encl->size / PCMD_PER_PAGE);
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
 * sgx_paging_destroy() - free what paging keeps of an enclave
 * @encl:	enclave that is being taken down, without pages
 */
void sgx_paging_destroy(struct sgx_encl *encl)
{
	struct sgx_va_page *va;
	unsigned long index;

	xa_for_each(&encl->va_pages, index, va) {
		WARN_ON_ONCE(sgx_encl_eremove(&va->page));
		sgx_epc_free(&va->page);
		kfree(va);
		cond_resched();
	}
	xa_destroy(&encl->va_pages);
	if (encl->backing)
		fput(encl->backing);
	mem_cgroup_put(encl->memcg);
}

/*
 * Out
 */

/**
 * struct victim - a page that is being evicted
 * @page:	page
 * @addr:	its address
 * @slot:	slot for its version
 * @backing:	where it goes
 */
struct victim {
	struct sgx_encl_page *page;
	unsigned long addr;
	long slot;
	struct backing backing;
};

/*
 * All that can fail is done before the page is blocked: there is no leaf that
 * takes a block back. But for the host's cryptography, which may have no
 * memory: then the page stays blocked, and is found so the next time.
 */
static bool victim_prepare(struct sgx_encl *encl, struct victim *v, gfp_t gfp)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	int ret;

	v->slot = va_slot_get(encl);
	if (v->slot < 0)
		return false;
	if (backing_get(encl, v->addr, gfp, &v->backing))
		goto err_slot;
	ret = sgx_eblock(&cpu, sgx_epc_operand(v->page));
	if (ret && ret != SGX_BLKSTATE)
		goto err_backing;
	return true;

err_backing:
	backing_put(&v->backing, false);
err_slot:
	va_slot_put(encl, v->slot);
	return false;
}

static void victim_write(struct sgx_encl *encl, struct victim *v)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	struct sgx_pageinfo pageinfo = {
		.srcpge = (uintptr_t)v->backing.data,
		.secinfo = (uintptr_t)v->backing.pcmd,
	};
	unsigned int tries = 0;
	int ret;

	sgx_reclaim_del(v->page);
	do {
		ret = sgx_ewb(&cpu, &pageinfo, sgx_epc_operand(v->page),
			      va_slot_operand(encl, v->slot));
	} while (ret == SGX_RETRY && ++tries < EWB_TRIES);
	backing_put(&v->backing, !ret);
	trace_sgx_evict(encl->id, v->addr, ret);
	if (ret) {
		WARN_ON_ONCE(ret != SGX_RETRY);
		sgx_reclaim_add(v->page);
		va_slot_put(encl, v->slot);
		return;
	}

	/* The entry exists: this replaces it and needs no memory. */
	xa_store(&encl->pages, PFN_DOWN(v->addr), xa_mk_value(v->slot),
		 GFP_KERNEL);
	sgx_encl_page_free_rcu(v->page);
	WRITE_ONCE(encl->evicted, encl->evicted + 1);
	WRITE_ONCE(encl->evictions, encl->evictions + 1);
	atomic_long_inc(&reclaim_evicted);
}

/* Write out pages that are ready for it. */
static void victims_write(struct sgx_encl *encl, struct victim *victims,
			  unsigned int n)
{
	if (n)
		WARN_ON_ONCE(sgx_encl_track(encl));
	while (n--)
		victim_write(encl, &victims[n]);
}

/**
 * struct run - pages side by side to take out of the page tables
 * @start:	address of the first
 * @end:	address behind the last
 *
 * Other processors have to be told each time. An enclave's pages often come,
 * and are therefore looked at, in the order of their addresses.
 */
struct run {
	unsigned long start;
	unsigned long end;
};

static void run_zap(struct sgx_encl *encl, struct run *run)
{
	if (run->start != run->end)
		sgx_encl_zap(encl, run->start, run->end - run->start);
	run->start = run->end;
}

static void run_add(struct sgx_encl *encl, struct run *run, unsigned long addr)
{
	if (addr != run->end) {
		run_zap(encl, run);
		run->start = addr;
	}
	run->end = addr + PAGE_SIZE;
}

/*
 * Prepare a page to go now, if there is one. One that was used since gets its
 * second chance.
 */
static bool reclaim_prepare(struct sgx_encl *encl, struct victim *v, gfp_t gfp,
			    struct run *run)
{
	void *entry = xa_load(&encl->pages, PFN_DOWN(v->addr));
	bool used;

	if (!entry || xa_is_value(entry))
		return false;
	v->page = entry;
	used = folio_test_clear_referenced(page_folio(page_memory(v->page)));
	if (!used && !victim_prepare(encl, v, gfp))
		return false;
	run_add(encl, run, v->addr);
	return !used;
}

static void reclaim_batch(struct sgx_encl *encl, struct victim *victims,
			  unsigned int candidates)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	struct mem_cgroup *memcg;
	struct run run = {};
	unsigned int i, n = 0;

	mutex_lock(&encl->lock);
	/* Who finds a page blocked can tell why, see sgx_thread_forget(). */
	sgx_encl_invalidate(encl);
	memcg = set_active_memcg(encl->memcg);
	for (i = 0; i < candidates; i++) {
		struct victim v = victims[i];

		if (reclaim_prepare(encl, &v, gfp, &run))
			victims[n++] = v;
	}
	run_zap(encl, &run);
	set_active_memcg(memcg);
	victims_write(encl, victims, n);
	mutex_unlock(&encl->lock);
}

/*
 * The oldest pages of the enclave that has the oldest page, which move to the
 * end of the list. The enclave is held.
 */
static struct sgx_encl *reclaim_pick(struct victim *victims, unsigned int *n)
{
	struct sgx_encl *encl = NULL;

	*n = 0;
	spin_lock(&reclaim_lock);
	while (*n < RECLAIM_BATCH && !list_empty(&reclaim_list)) {
		struct page *memory =
			list_first_entry(&reclaim_list, struct page, lru);
		struct sgx_encl_page *page = (void *)page_private(memory);
		struct sgx_encl *owner = sgx_secs_encl(page->epcm.secs);

		if (encl && owner != encl)
			break;
		if (!encl)
			sgx_encl_get(owner);
		else if (page->epcm.addr == victims[0].addr)
			break;
		encl = owner;
		victims[(*n)++].addr = page->epcm.addr;
		list_move_tail(&memory->lru, &reclaim_list);
	}
	spin_unlock(&reclaim_lock);
	return encl;
}

/**
 * sgx_reclaim_pages() - evict some pages
 *
 * Context: may sleep; the caller holds no &sgx_encl.lock. It may hold a
 * mmap_lock.
 * Return: false if no page could be evicted, after a look at each of them, and
 * no other thread has evicted one meanwhile.
 */
bool sgx_reclaim_pages(void)
{
	const long before = atomic_long_read(&reclaim_evicted);
	unsigned long left = 2 * READ_ONCE(reclaim_count) + RECLAIM_BATCH;
	struct victim victims[RECLAIM_BATCH];
	unsigned int n;

	while (left && atomic_long_read(&reclaim_evicted) == before &&
	       !fatal_signal_pending(current)) {
		struct sgx_encl *encl = reclaim_pick(victims, &n);

		if (!encl)
			break;
		reclaim_batch(encl, victims, n);
		sgx_encl_put(encl);
		left -= min_t(unsigned long, left, n);
		cond_resched();
	}
	return atomic_long_read(&reclaim_evicted) != before;
}

/*
 * In
 */

/* ELDU of an evicted page into @page. 0 or an errno. */
static int page_load(struct sgx_encl *encl, unsigned long addr,
		     unsigned long slot, struct sgx_encl_page *page)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	struct sgx_pageinfo pageinfo = {
		.linaddr = addr,
		.secs = sgx_epc_operand(&encl->secs),
	};
	struct mem_cgroup *memcg;
	struct backing b;
	int ret;

	memcg = set_active_memcg(encl->memcg);
	ret = backing_get(encl, addr, GFP_KERNEL, &b);
	set_active_memcg(memcg);
	if (ret)
		return ret;
	pageinfo.srcpge = (uintptr_t)b.data;
	pageinfo.secinfo = (uintptr_t)b.pcmd;
	ret = sgx_eldu(&cpu, &pageinfo, sgx_epc_operand(page),
		       va_slot_operand(encl, slot));
	backing_put(&b, false);
	if (ret == SGX_RETRY)
		return -ENOMEM;
	if (ret)
		return -EFAULT;

	va_slot_put(encl, slot);
	xa_store(&encl->pages, PFN_DOWN(addr), page, GFP_KERNEL);
	sgx_reclaim_add(page);
	sgx_reclaim_touch(page);
	backing_drop(encl, addr);
	WRITE_ONCE(encl->evicted, encl->evicted - 1);
	WRITE_ONCE(encl->loads, encl->loads + 1);
	atomic_long_inc(&reclaim_loaded);
	return 0;
}

/*
 * A page whose eviction was begun and not finished is of no use to the enclave:
 * finish it, so that it can be loaded. The lock is held.
 */
static bool page_finish(struct sgx_encl *encl, unsigned long addr,
			struct sgx_encl_page *page)
{
	struct victim v = { .page = page, .addr = addr & PAGE_MASK };
	struct mem_cgroup *memcg = set_active_memcg(encl->memcg);
	bool prepared = victim_prepare(encl, &v, GFP_KERNEL);

	set_active_memcg(memcg);
	sgx_encl_zap(encl, v.addr, PAGE_SIZE);
	victims_write(encl, &v, prepared);
	return xa_is_value(xa_load(&encl->pages, PFN_DOWN(addr)));
}

/**
 * sgx_encl_lock_page() - lock an enclave, with a page of it in the EPC
 * @encl:	enclave
 * @addr:	linear address
 *
 * Context: may sleep; the caller holds no &sgx_encl.lock. &sgx_encl.lock is
 * held on return, whatever is returned, and the page stays while it is.
 * Return: the page; NULL if the enclave has none there; -ENOMEM if there is no
 * room for it in the EPC or no memory; -EFAULT if it was evicted and what comes
 * back is not what went out.
 */
struct sgx_encl_page *sgx_encl_lock_page(struct sgx_encl *encl,
					 unsigned long addr)
{
	struct sgx_encl_page *room = NULL;
	bool no_room = false;
	void *entry;
	int ret;

	for (;;) {
		mutex_lock(&encl->lock);
		entry = xa_load(&encl->pages, PFN_DOWN(addr));
		if (entry && !xa_is_value(entry)) {
			if (likely(!page_blocked(entry)))
				break;
			if (!page_finish(encl, addr, entry))
				no_room = true;
			entry = xa_load(&encl->pages, PFN_DOWN(addr));
		}
		if (!entry)
			break;
		if (no_room) {
			entry = ERR_PTR(-ENOMEM);
			break;
		}
		if (room) {
			ret = page_load(encl, addr & PAGE_MASK,
					xa_to_value(entry), room);
			trace_sgx_load(encl->id, addr & PAGE_MASK, ret);
			if (!ret)
				return room;
			entry = ERR_PTR(ret);
			break;
		}
		/* Making room takes locks of other enclaves. */
		mutex_unlock(&encl->lock);
		room = sgx_encl_page_alloc();
		/* Perhaps another thread has brought the page meanwhile. */
		no_room = !room;
	}
	if (room)
		sgx_encl_page_free(room);
	if (entry && !IS_ERR(entry))
		sgx_reclaim_touch(entry);
	return entry;
}
