// SPDX-License-Identifier: GPL-2.0
/*
 * Paging of the EPC.
 *
 * When the EPC is nearly full a thread of the kernel writes pages out, with EWB,
 * to the backing of their enclave (backing.c); when it is full, whoever wants a
 * page does. An evicted page is a value entry in &sgx_encl.pages: the number of
 * the slot, in the enclave's version arrays (version.c), that holds its version.
 *
 * All pages that can be evicted are in one list, oldest first, and are looked at
 * in that order. One that has been used since (the processor has set the
 * accessed bit in a page table, a leaf has used the page, or it came just now)
 * gets a second chance and goes to the end. The list is looked at twice, and
 * only then is nothing said to be left. Version arrays (VAs) and SECSs are in the
 * list like all others; a SECS goes when no other page of its enclave is in the
 * EPC.
 *
 * The order is EBLOCK, out of all page tables and caches, ETRACK, every thread
 * out of the enclave, EWB: for a batch of pages of one enclave at a time, under
 * its lock. A thread that wants one of these pages meanwhile waits for that
 * lock in its fault or in the slow path of its leaf, and then loads the page
 * again: first, where they are out, the SECS and the VA.
 */
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include "backing.h"
#include "compat.h"
#include "epc.h"
#include "fail.h"
#include "host.h"
#include "reclaim.h"
#include "thread.h"
#include "trace.h"
#include "version.h"

#define RECLAIM_BATCH 16
/* The host's cryptography may have no memory for a moment. */
#define EWB_TRIES 4

/*
 * Pages that can be evicted, through &page.lru of their memory, and how many. A
 * page is taken out before EWB or EREMOVE, so that one that is in the list is
 * valid, and its enclave has not gone.
 */
static LIST_HEAD(reclaim_lru);
static unsigned long reclaim_count;
static DEFINE_SPINLOCK(reclaim_lock);

/* How often a page has been evicted. */
static atomic_long_t reclaim_evicted = ATOMIC_LONG_INIT(0);
/* And has come back. */
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
 * sgx_reclaim_list() - a page can be evicted from now on
 * @page:	page of an enclave, valid: a SECS or a VA, see also
 *		sgx_reclaim_add()
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_list(struct sgx_encl_page *page)
{
	spin_lock(&reclaim_lock);
	list_add_tail(&page_memory(page)->lru, &reclaim_lru);
	reclaim_count++;
	spin_unlock(&reclaim_lock);
}

/**
 * sgx_reclaim_unlist() - undo sgx_reclaim_list()
 * @page:	page, valid
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_unlist(struct sgx_encl_page *page)
{
	spin_lock(&reclaim_lock);
	list_del_init(&page_memory(page)->lru);
	reclaim_count--;
	spin_unlock(&reclaim_lock);
}

/**
 * sgx_reclaim_add() - a page that belongs to an SECS can be evicted from now on
 * @page:	page, valid, in &sgx_encl.pages of its enclave
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_add(struct sgx_encl_page *page)
{
	struct sgx_encl *encl = sgx_secs_encl(page->epcm.secs);

	lockdep_assert_held(&encl->lock);

	WRITE_ONCE(encl->resident, encl->resident + 1);
	sgx_reclaim_list(page);
}

/**
 * sgx_reclaim_del() - undo sgx_reclaim_add(), before EWB or EREMOVE
 * @page:	page, valid
 *
 * Context: &sgx_encl.lock of the enclave is held.
 */
void sgx_reclaim_del(struct sgx_encl_page *page)
{
	struct sgx_encl *encl = sgx_secs_encl(page->epcm.secs);

	lockdep_assert_held(&encl->lock);

	WRITE_ONCE(encl->resident, encl->resident - 1);
	sgx_reclaim_unlist(page);
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

/**
 * sgx_paging_create() - get an enclave ready for paging
 * @encl:	enclave that is being created, with base, size and SECS
 *
 * Context: may sleep.
 * Return: 0, or what making the backing gives.
 */
int sgx_paging_create(struct sgx_encl *encl)
{
	int ret;

	mutex_lock(&encl->lock);
	ret = sgx_backing_create(encl);
	if (!ret)
		sgx_reclaim_list(&encl->secs);
	mutex_unlock(&encl->lock);
	return ret;
}

/**
 * sgx_paging_destroy() - free what an enclave has besides its pages
 * @encl:	enclave without pages; EREMOVE of a SECS wants all of them gone
 *
 * Context: &sgx_encl.lock is held; may sleep.
 */
void sgx_paging_destroy(struct sgx_encl *encl)
{
	lockdep_assert_held(&encl->lock);

	sgx_va_set_destroy(&encl->va);
	if (encl->secs.epcm.page) {
		sgx_reclaim_unlist(&encl->secs);
		WARN_ON_ONCE(sgx_encl_eremove(&encl->secs));
		sgx_epc_free(&encl->secs);
	} else if (encl->secs_out) {
		sgx_va_root_put(encl->secs_slot);
		encl->secs_out = false;
	}
	sgx_backing_destroy(encl);
}

/*
 * Out
 */

/**
 * struct victim - a page that is being evicted
 * @index:	which, as in backing.h
 * @page:	page
 * @slot:	slot for its version
 * @operand:	its address, for a SECS or a VA
 * @backing:	where it goes
 */
struct victim {
	unsigned long index;
	struct sgx_encl_page *page;
	long slot;
	u64 operand;
	struct sgx_backing backing;
};

static bool victim_is_child(const struct sgx_encl *encl, const struct victim *v)
{
	return v->index < sgx_backing_secs(encl);
}

/* The enclave that a page in the list belongs to, and which page it is. */
static struct sgx_encl *page_owner(struct sgx_encl_page *page,
				   unsigned long *index)
{
	struct sgx_va_page *va;
	struct sgx_encl *encl;

	switch (sgx_page_type(sgx_page_state(page))) {
	case SGX_PT_SECS:
		encl = container_of(page, struct sgx_encl, secs);
		*index = sgx_backing_secs(encl);
		return encl;
	case SGX_PT_VA:
		va = container_of(page, struct sgx_va_page, page);
		*index = sgx_backing_va(va->encl, va->index);
		return va->encl;
	default:
		encl = sgx_secs_encl(page->epcm.secs);
		*index = sgx_backing_index(encl, page->epcm.addr);
		return encl;
	}
}

/* The page if it is in the EPC, otherwise NULL. */
static struct sgx_encl_page *page_find(struct sgx_encl *encl,
				       unsigned long index)
{
	unsigned long secs = sgx_backing_secs(encl);
	struct sgx_encl_page *page;
	struct sgx_va_page *va;

	if (index < secs) {
		page = xa_load(&encl->pages,
			       PFN_DOWN(sgx_backing_addr(encl, index)));
		return xa_is_value(page) ? NULL : page;
	}
	if (index == secs)
		return encl->secs.epcm.page ? &encl->secs : NULL;
	va = xa_load(&encl->va.pages, index - secs - 1);
	return va && sgx_va_resident(va) ? &va->page : NULL;
}

/*
 * Has a process accessed the page since the last time? The accessed bits are
 * cleared. As for the kernel's own pages, what the processors have cached is
 * left alone, so that a page that is used all the time may seem not to be.
 */
static bool page_test_and_clear_young(struct sgx_encl *encl,
				      unsigned long index)
{
	unsigned long addr = sgx_backing_addr(encl, index);
	struct rb_node *node;
	bool young = false;

	i_mmap_lock_read(&encl->mapping);
	for (node = rb_first_cached(&encl->mapping.i_mmap); node;
	     node = rb_next(node)) {
		struct vm_area_struct *vma =
			rb_entry(node, struct vm_area_struct, shared.rb);

		if (vma->vm_start > addr)
			break;
		if (addr < vma->vm_end)
			young |= sgx_vma_test_and_clear_young(vma, addr);
	}
	i_mmap_unlock_read(&encl->mapping);
	return young;
}

static bool page_used(struct sgx_encl *encl, const struct victim *v)
{
	bool used =
		folio_test_clear_referenced(page_folio(page_memory(v->page)));

	if (victim_is_child(encl, v))
		used |= page_test_and_clear_young(encl, v->index);
	return used;
}

static void victim_put_slot(struct sgx_encl *encl, struct victim *v)
{
	if (victim_is_child(encl, v))
		sgx_va_slot_put(encl, v->slot);
	else
		sgx_va_root_put(v->slot);
}

/*
 * All that can fail is done before the page is blocked: there is no leaf that
 * takes a block back. But for the host's cryptography, which may have no
 * memory: then the page stays blocked, and is found so the next time.
 *
 * 0; -ENOMEM; -EBUSY for a page that has to stay now.
 */
static int victim_prepare(struct sgx_encl *encl, struct victim *v, gfp_t gfp)
{
	bool child = victim_is_child(encl, v);
	struct sgx_cpu cpu = { .core = &sgx_core };
	int ret;

	if (v->index == sgx_backing_secs(encl) && encl->resident)
		return -EBUSY;
	if (sgx_should_fail())
		return -EBUSY;
	v->slot = child ? sgx_va_slot_get(encl, gfp)
			: sgx_va_root_get(&v->operand);
	if (v->slot < 0)
		return -ENOMEM;
	ret = sgx_backing_get(encl, v->index, gfp, &v->backing);
	if (ret)
		goto err_slot;
	ret = child ? sgx_eblock(&cpu, sgx_epc_operand(v->page)) : 0;
	if (ret && ret != SGX_BLKSTATE) {
		ret = -EBUSY;
		goto err_backing;
	}
	return 0;

err_backing:
	sgx_backing_put(&v->backing, false);
err_slot:
	victim_put_slot(encl, v);
	return ret;
}

/* EWB, and the place is given back. */
static int victim_ewb(struct sgx_encl *encl, struct victim *v, u64 va)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	unsigned int tries = 0;
	int ret;

	do {
		struct sgx_pageinfo pageinfo = {
			.srcpge = (uintptr_t)v->backing.data,
			.secinfo = (uintptr_t)v->backing.pcmd,
		};

		ret = sgx_ewb(&cpu, &pageinfo, sgx_epc_operand(v->page), va);
	} while (ret == SGX_RETRY && ++tries < EWB_TRIES);
	/* It went; the slot was that of a page that had gone with its enclave. */
	if (ret == SGX_VA_SLOT_OCCUPIED)
		ret = 0;
	sgx_backing_put(&v->backing, !ret);
	trace_sgx_evict(encl->id, sgx_backing_addr(encl, v->index), ret);
	WARN_ON_ONCE(ret && ret != SGX_RETRY);
	if (!ret)
		atomic_long_inc(&reclaim_evicted);
	return ret;
}

static void victim_write_child(struct sgx_encl *encl, struct victim *v)
{
	unsigned long pgno = PFN_DOWN(sgx_backing_addr(encl, v->index));

	sgx_reclaim_del(v->page);
	if (victim_ewb(encl, v, sgx_va_operand(encl, v->slot))) {
		sgx_reclaim_add(v->page);
		victim_put_slot(encl, v);
		return;
	}

	/* The entry exists: this replaces it and needs no memory. */
	xa_store(&encl->pages, pgno, xa_mk_value(v->slot), GFP_KERNEL);
	sgx_encl_page_free_rcu(v->page);
	WRITE_ONCE(encl->evicted, encl->evicted + 1);
	WRITE_ONCE(encl->evictions, encl->evictions + 1);
}

static void victim_write_secs(struct sgx_encl *encl, struct victim *v)
{
	sgx_reclaim_unlist(v->page);
	if (encl->resident || victim_ewb(encl, v, v->operand)) {
		sgx_reclaim_list(v->page);
		victim_put_slot(encl, v);
		return;
	}
	encl->secs_slot = v->slot;
	encl->secs_out = true;
	/* Leaves that found a page of the enclave look at its SECS. */
	synchronize_rcu_expedited();
	sgx_epc_free(v->page);
}

static void victim_write_va(struct sgx_encl *encl, struct victim *v)
{
	struct sgx_va_page *va =
		container_of(v->page, struct sgx_va_page, page);

	sgx_reclaim_unlist(v->page);
	if (victim_ewb(encl, v, v->operand)) {
		sgx_reclaim_list(v->page);
		victim_put_slot(encl, v);
		return;
	}
	va->slot = v->slot;
	sgx_epc_free(v->page);
}

/*
 * Write out pages that are ready for it. First those that have slots in the
 * version arrays that go.
 */
static void victims_write(struct sgx_encl *encl, struct victim *victims,
			  unsigned int n)
{
	unsigned long secs = sgx_backing_secs(encl);
	bool tracked = false;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!victim_is_child(encl, &victims[i]))
			continue;
		if (!tracked)
			WARN_ON_ONCE(sgx_encl_track(encl));
		tracked = true;
		victim_write_child(encl, &victims[i]);
	}
	for (i = 0; i < n; i++) {
		if (victims[i].index == secs)
			victim_write_secs(encl, &victims[i]);
		else if (victims[i].index > secs)
			victim_write_va(encl, &victims[i]);
	}
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
 * Evict those of the candidates that are there and unused. 0, or -ENOMEM if
 * there was no memory for one.
 */
static int reclaim_batch(struct sgx_encl *encl, struct victim *victims,
			 unsigned int candidates, gfp_t gfp)
{
	unsigned int i, n = 0;
	struct run run = {};
	int ret, all = 0;

	mutex_lock(&encl->lock);
	/*
	 * Who finds a page blocked can tell why, see sgx_thread_forget(); and
	 * the next use of a page by a leaf shows. A leaf that is past that is to
	 * find its page as it was: EACCEPT and EACCEPTCOPY have results of their
	 * own for a page that is blocked, which mainline's enclaves never see.
	 */
	sgx_encl_invalidate(encl);
	sgx_threads_end_leaves();
	for (i = 0; i < candidates; i++) {
		struct victim v = { .index = victims[i].index };

		v.page = page_find(encl, v.index);
		if (!v.page || page_used(encl, &v))
			continue;
		ret = victim_prepare(encl, &v, gfp);
		if (ret == -ENOMEM)
			all = ret;
		if (ret)
			continue;
		if (victim_is_child(encl, &v))
			run_add(encl, &run, sgx_backing_addr(encl, v.index));
		victims[n++] = v;
	}
	run_zap(encl, &run);
	victims_write(encl, victims, n);
	mutex_unlock(&encl->lock);
	return all;
}

/*
 * The oldest pages of the enclave that has the oldest page, which move to the
 * end of the list. The enclave is held.
 */
static struct sgx_encl *reclaim_pick(struct victim *victims, unsigned int *n)
{
	struct sgx_encl *encl = NULL;
	unsigned long index;

	*n = 0;
	spin_lock(&reclaim_lock);
	while (*n < RECLAIM_BATCH && !list_empty(&reclaim_lru)) {
		struct page *memory =
			list_first_entry(&reclaim_lru, struct page, lru);
		struct sgx_encl *owner =
			page_owner((void *)page_private(memory), &index);

		if (encl && (owner != encl || index == victims[0].index))
			break;
		if (!encl)
			sgx_encl_get(owner);
		encl = owner;
		victims[(*n)++].index = index;
		list_move_tail(&memory->lru, &reclaim_lru);
	}
	spin_unlock(&reclaim_lock);
	return encl;
}

/* As sgx_reclaim_pages(), with memory for the backing from @gfp. */
static int reclaim_pass(gfp_t gfp)
{
	const long before = atomic_long_read(&reclaim_evicted);
	unsigned long left = 2 * READ_ONCE(reclaim_count) + RECLAIM_BATCH;
	struct victim victims[RECLAIM_BATCH];
	int ret = -EBUSY;
	unsigned int n;

	while (left && atomic_long_read(&reclaim_evicted) == before &&
	       !fatal_signal_pending(current)) {
		struct sgx_encl *encl = reclaim_pick(victims, &n);

		if (!encl)
			break;
		if (reclaim_batch(encl, victims, n, gfp))
			ret = -ENOMEM;
		sgx_encl_put(encl);
		left -= min_t(unsigned long, left, n);
		cond_resched();
	}
	return atomic_long_read(&reclaim_evicted) != before ? 0 : ret;
}

/**
 * sgx_reclaim_pages() - evict some pages
 *
 * Memory for the backing that is not there at once is sought harder when no page
 * at all could be evicted without. But nobody is killed for it: the caller can
 * be anybody, and the group that pays another.
 *
 * Context: may sleep; the caller holds no &sgx_encl.lock. It may hold a
 * mmap_lock.
 * Return: 0 when a page was evicted, here or meanwhile by another thread;
 * otherwise, after a look at each of them, -EBUSY if none can be evicted now,
 * -ENOMEM if there is no memory for one that could.
 */
int sgx_reclaim_pages(void)
{
	int ret;

	ret = reclaim_pass(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (ret == -ENOMEM)
		ret = reclaim_pass(GFP_KERNEL | __GFP_RETRY_MAYFAIL |
				   __GFP_NOWARN);
	return ret;
}

/*
 * In the background
 */

static struct task_struct *reclaim_thread;
static struct shrinker *reclaim_shrinker;
static DECLARE_WAIT_QUEUE_HEAD(reclaim_wait);
/* Pages that the kernel would like to have out, for want of memory. */
static atomic_long_t reclaim_wanted = ATOMIC_LONG_INIT(0);

/**
 * sgx_reclaim_wake() - the EPC is nearly full
 *
 * Context: any in which a thread can be woken.
 */
void sgx_reclaim_wake(void)
{
	/*
	 * Without a barrier: who looks too early is woken by the next one, and
	 * who finds no page at all evicts itself.
	 */
	if (waitqueue_active(&reclaim_wait))
		wake_up(&reclaim_wait);
}

static bool reclaim_wants(void)
{
	return atomic_long_read(&reclaim_wanted) > 0 || sgx_epc_is_low();
}

/* Until there is room again, and what was wanted is out. False: it cannot be. */
static bool reclaim_some(void)
{
	long before;

	while ((atomic_long_read(&reclaim_wanted) > 0 || !sgx_epc_is_high()) &&
	       !kthread_should_stop()) {
		before = atomic_long_read(&reclaim_evicted);
		if (sgx_reclaim_pages()) {
			atomic_long_set(&reclaim_wanted, 0);
			return false;
		}
		atomic_long_sub(atomic_long_read(&reclaim_evicted) - before,
				&reclaim_wanted);
		try_to_freeze();
		cond_resched();
	}
	if (atomic_long_read(&reclaim_wanted) < 0)
		atomic_long_set(&reclaim_wanted, 0);
	return true;
}

static int reclaim_run(void *data)
{
	set_freezable();
	while (!kthread_should_stop()) {
		wait_event_freezable(reclaim_wait,
				     kthread_should_stop() || reclaim_wants());
		/* All that there is may be in use, for a while. */
		if (!reclaim_some())
			schedule_timeout_interruptible(HZ / 10);
	}
	return 0;
}

/*
 * Memory is short. An evicted page takes as much as it gives back until it is
 * swapped, which it can be and a page of the EPC cannot. It is not evicted here:
 * whoever wants memory may hold the lock of an enclave.
 */
static unsigned long reclaim_shrink_count(struct shrinker *shrinker,
					  struct shrink_control *sc)
{
	unsigned long count = READ_ONCE(reclaim_count);

	return count && get_nr_swap_pages() > 0 ? count : SHRINK_EMPTY;
}

static unsigned long reclaim_shrink_scan(struct shrinker *shrinker,
					 struct shrink_control *sc)
{
	long wanted = min(sc->nr_to_scan, READ_ONCE(reclaim_count));

	/* What comes faster than pages can be written is not added up. */
	if (atomic_long_read(&reclaim_wanted) < wanted)
		atomic_long_set(&reclaim_wanted, wanted);
	sgx_reclaim_wake();
	return SHRINK_STOP;
}

/**
 * sgx_reclaim_init() - start what evicts in the background
 *
 * Return: 0 or a negative errno.
 */
int sgx_reclaim_init(void)
{
	reclaim_shrinker =
		sgx_shrinker_new(reclaim_shrink_count, reclaim_shrink_scan);
	if (!reclaim_shrinker)
		return -ENOMEM;

	reclaim_thread = kthread_run(reclaim_run, NULL, "softsgxd");
	if (IS_ERR(reclaim_thread)) {
		sgx_shrinker_free(reclaim_shrinker);
		return PTR_ERR(reclaim_thread);
	}
	return 0;
}

/**
 * sgx_reclaim_exit() - undo sgx_reclaim_init()
 */
void sgx_reclaim_exit(void)
{
	kthread_stop(reclaim_thread);
	sgx_shrinker_free(reclaim_shrinker);
}

/*
 * In
 */

/**
 * struct room - EPC pages for pages that have to come back
 * @pages:	for the page, its VA and its SECS
 * @n:		how many are there
 * @over:	the caller holds one already, of which they know nothing
 * @error:	there are no more, why
 *
 * They are got without the lock, for making room takes locks of other enclaves.
 */
struct room {
	struct sgx_encl_page *pages[3];
	unsigned int n;
	bool over;
	int error;
};

/*
 * Who has got one gets the others even if the EPC is full: nobody waits for a
 * page who holds one.
 */
static void room_add(struct room *room)
{
	struct sgx_encl_page *page;

	if (room->n || room->over)
		page = sgx_encl_page_alloc_over();
	else
		page = sgx_encl_page_alloc();
	if (IS_ERR(page))
		room->error = PTR_ERR(page);
	else
		room->pages[room->n++] = page;
}

/* -EAGAIN: unlock, room_add(), and look again. */
static struct sgx_encl_page *room_take(struct room *room)
{
	if (room->n)
		return room->pages[--room->n];
	return ERR_PTR(room->error ? room->error : -EAGAIN);
}

static void room_free(struct room *room)
{
	while (room->n)
		sgx_encl_page_free(room->pages[--room->n]);
}

/* ELDU into @page. 0 or an errno. */
static int page_eldu(struct sgx_encl *encl, unsigned long index, u64 va,
		     struct sgx_encl_page *page, gfp_t gfp)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	struct sgx_pageinfo pageinfo = {};
	struct sgx_backing b;
	int ret;

	if (index < sgx_backing_secs(encl)) {
		pageinfo.linaddr = sgx_backing_addr(encl, index);
		pageinfo.secs = sgx_epc_operand(&encl->secs);
	}
	ret = sgx_backing_get(encl, index, gfp, &b);
	/* -EIO is for a loss of power. */
	if (ret)
		return ret == -EIO ? -EFAULT : ret;
	pageinfo.srcpge = (uintptr_t)b.data;
	pageinfo.secinfo = (uintptr_t)b.pcmd;
	ret = sgx_eldu(&cpu, &pageinfo, sgx_epc_operand(page), va);
	sgx_backing_put(&b, false);
	trace_sgx_load(encl->id, sgx_backing_addr(encl, index), ret);
	if (ret)
		return ret == SGX_RETRY ? -ENOMEM : -EFAULT;

	atomic_long_inc(&reclaim_loaded);
	sgx_backing_drop(encl, index);
	sgx_reclaim_touch(page);
	return 0;
}

static int page_load(struct sgx_encl *encl, unsigned long addr,
		     unsigned long slot, struct sgx_encl_page *page)
{
	int ret;

	ret = page_eldu(encl, sgx_backing_index(encl, addr),
			sgx_va_operand(encl, slot), page, GFP_KERNEL);
	if (ret)
		return ret;

	sgx_va_slot_put(encl, slot);
	xa_store(&encl->pages, PFN_DOWN(addr), page, GFP_KERNEL);
	sgx_reclaim_add(page);
	WRITE_ONCE(encl->evicted, encl->evicted - 1);
	WRITE_ONCE(encl->loads, encl->loads + 1);
	return 0;
}

/* A SECS or a VA, which is a part of something else: it gets the memory only. */
static int part_load(struct sgx_encl *encl, unsigned long index,
		     unsigned long slot, struct sgx_encl_page *part, gfp_t gfp)
{
	int ret;

	ret = page_eldu(encl, index, sgx_va_root_operand(slot), part, gfp);
	if (ret) {
		sgx_epc_free(part);
		return ret;
	}
	sgx_va_root_put(slot);
	sgx_reclaim_list(part);
	return 0;
}

/**
 * sgx_va_load() - bring a VA back
 * @encl:	enclave
 * @va:		one of its VAs, which is out
 * @room:	page for it, which is used up; NULL: get one even if the EPC is
 *		full
 * @gfp:	for what is read back
 *
 * Context: &sgx_encl.lock is held; may sleep.
 * Return: 0; -ENOMEM; -EFAULT if what comes back is not what went out, or cannot
 * be read.
 */
int sgx_va_load(struct sgx_encl *encl, struct sgx_va_page *va,
		struct sgx_encl_page *room, gfp_t gfp)
{
	lockdep_assert_held(&encl->lock);

	if (room)
		sgx_epc_move(&va->page, room);
	else if (sgx_epc_alloc_over(&va->page))
		return -ENOMEM;
	return part_load(encl, sgx_backing_va(encl, va->index), va->slot,
			 &va->page, gfp);
}

/* The SECS is in the EPC after this, or -EAGAIN, or an errno. */
static int secs_load(struct sgx_encl *encl, struct room *room)
{
	struct sgx_encl_page *page;
	int ret;

	if (test_bit(SGX_ENCL_LOST, &encl->flags))
		return -EIO;
	if (likely(!encl->secs_out))
		return 0;
	page = room_take(room);
	if (IS_ERR(page))
		return PTR_ERR(page);

	sgx_epc_move(&encl->secs, page);
	ret = part_load(encl, sgx_backing_secs(encl), encl->secs_slot,
			&encl->secs, GFP_KERNEL);
	if (!ret)
		encl->secs_out = false;
	return ret;
}

/**
 * sgx_encl_lock_secs() - lock an enclave, with its SECS in the EPC
 * @encl:	enclave that is created
 * @over:	the caller holds an EPC page that nobody can evict: the SECS comes
 *		back even if the EPC is full
 *
 * Context: may sleep; the caller holds no &sgx_encl.lock. &sgx_encl.lock is
 * held on return, whatever is returned, and the SECS stays while it is.
 * Return: 0; -EIO after a loss of power; as sgx_encl_lock_page().
 */
int sgx_encl_lock_secs(struct sgx_encl *encl, bool over)
{
	struct room room = { .over = over };
	int ret;

	for (;;) {
		mutex_lock(&encl->lock);
		ret = secs_load(encl, &room);
		if (ret != -EAGAIN)
			break;
		mutex_unlock(&encl->lock);
		room_add(&room);
	}
	room_free(&room);
	return ret;
}

/*
 * A page whose eviction was begun and not finished is of no use to the enclave:
 * finish it, so that it can be loaded. The lock is held.
 */
static bool page_finish(struct sgx_encl *encl, unsigned long addr,
			struct sgx_encl_page *page)
{
	struct victim v = {
		.page = page,
		.index = sgx_backing_index(encl, addr),
	};
	bool prepared = !victim_prepare(encl, &v, GFP_KERNEL);

	sgx_encl_zap(encl, addr, PAGE_SIZE);
	victims_write(encl, &v, prepared);
	return xa_is_value(xa_load(&encl->pages, PFN_DOWN(addr)));
}

/* The page as sgx_encl_lock_page() returns it, or -EAGAIN. */
static struct sgx_encl_page *page_get(struct sgx_encl *encl, unsigned long addr,
				      struct room *room)
{
	struct sgx_encl_page *page;
	struct sgx_va_page *va;
	unsigned long slot;
	void *entry;
	int ret;

	if (test_bit(SGX_ENCL_LOST, &encl->flags))
		return ERR_PTR(-EIO);
	entry = xa_load(&encl->pages, PFN_DOWN(addr));
	if (!entry)
		return NULL;
	if (!xa_is_value(entry)) {
		if (likely(!page_blocked(entry))) {
			sgx_reclaim_touch(entry);
			return entry;
		}
		if (!page_finish(encl, addr, entry))
			return ERR_PTR(-ENOMEM);
		entry = xa_load(&encl->pages, PFN_DOWN(addr));
	}

	ret = secs_load(encl, room);
	if (ret)
		return ERR_PTR(ret);

	slot = xa_to_value(entry);
	va = sgx_va_find(encl, slot);
	page = room_take(room);
	if (IS_ERR(page))
		return page;
	if (!sgx_va_resident(va)) {
		ret = sgx_va_load(encl, va, page, GFP_KERNEL);
		if (ret)
			return ERR_PTR(ret);
		page = room_take(room);
		if (IS_ERR(page))
			return page;
	}

	ret = page_load(encl, addr, slot, page);
	if (!ret)
		return page;
	sgx_encl_page_free(page);
	return ERR_PTR(ret);
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
 * back is not what went out, or cannot be read; -EIO after a loss of power;
 * -EINTR if the thread is being killed.
 */
struct sgx_encl_page *sgx_encl_lock_page(struct sgx_encl *encl,
					 unsigned long addr)
{
	struct sgx_encl_page *page;
	struct room room = {};

	for (;;) {
		mutex_lock(&encl->lock);
		page = page_get(encl, addr & PAGE_MASK, &room);
		if (page != ERR_PTR(-EAGAIN))
			break;
		mutex_unlock(&encl->lock);
		room_add(&room);
	}
	room_free(&room);
	return page;
}
