// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an enclave, its pages, and what may be mapped.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "../access/access.h"
#include "encl.h"
#include "epc.h"
#include "hooks.h"
#include "host.h"
#include "reclaim.h"
#include "stats.h"
#include "thread.h"
#include "version.h"

static struct workqueue_struct *sgx_encl_wq;

/* Enclaves that are being taken down, and how many have been. */
static atomic_t encl_ending = ATOMIC_INIT(0);
static atomic_t encl_gone = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(encl_gone_wait);

/*
 * A test that shows an attack being refused shows nothing before the same
 * attack has been seen to succeed, which needs a driver without ceilings. It
 * takes root, who could load any other module, and the kernel says so.
 */
static bool ceilings = true;
module_param(ceilings, bool, 0444);
MODULE_PARM_DESC(ceilings, "off only for the control runs of tests/attack");

/* Enclaves that are there, dead ones too. */
static atomic_t sgx_encl_count = ATOMIC_INIT(0);

/* An address space of which only i_mmap is used. */
static const struct address_space_operations sgx_encl_aops;

/**
 * sgx_encl_eremove() - EREMOVE of a page, if it is in use
 * @page:	page, mapped by no process
 *
 * Return: what the leaf returns; #GP if a leaf in another thread has the page.
 */
int sgx_encl_eremove(struct sgx_encl_page *page)
{
	struct sgx_cpu cpu = { .core = &sgx_core };

	if (!(sgx_page_state(page) & SGX_EPCM_VALID))
		return 0;
	return sgx_eremove(&cpu, sgx_epc_operand(page));
}

static void encl_release(struct kref *kref)
{
	struct sgx_encl *encl = container_of(kref, struct sgx_encl, kref);

	sgx_stats_del(encl);
	mutex_destroy(&encl->lock);
	kfree(encl);
	sgx_hooks_put();

	if (atomic_dec_and_test(&sgx_encl_count))
		wake_up_var(&sgx_encl_count);
}

/**
 * sgx_encl_get() - hold an enclave's memory
 * @encl:	enclave
 *
 * The enclave may be taken down meanwhile: it has no pages then.
 *
 * Context: any, the enclave has not been taken down.
 */
void sgx_encl_get(struct sgx_encl *encl)
{
	kref_get(&encl->kref);
}

/**
 * sgx_encl_put() - undo sgx_encl_get()
 * @encl:	enclave
 */
void sgx_encl_put(struct sgx_encl *encl)
{
	kref_put(&encl->kref, encl_release);
}

/*
 * The lock is for reclaim, which looks for pages in every enclave; it is not
 * held throughout, so that it does not wait for all of a large one to go.
 */
static void encl_free(struct sgx_encl *encl)
{
	struct sgx_encl_page *page;
	unsigned long index;

	mutex_lock(&encl->lock);
	xa_for_each(&encl->pages, index, page) {
		xa_erase(&encl->pages, index);
		if (!xa_is_value(page)) {
			sgx_reclaim_del(page);
			WARN_ON_ONCE(sgx_encl_eremove(page));
			sgx_encl_page_free(page);
		}
		mutex_unlock(&encl->lock);
		cond_resched();
		mutex_lock(&encl->lock);
	}
	xa_destroy(&encl->pages);
	sgx_ceilings_destroy(&encl->ceilings);
	sgx_paging_destroy(encl);
	mutex_unlock(&encl->lock);
	sgx_encl_put(encl);

	atomic_dec(&encl_ending);
	atomic_inc(&encl_gone);
	wake_up_all(&encl_gone_wait);
}

/* No thread enters any more, or gets at a page by a fault or an ioctl. */
static void encl_lose(struct sgx_encl *encl, void *unused)
{
	mutex_lock(&encl->lock);
	if (test_bit(SGX_ENCL_CREATED, &encl->flags) &&
	    !test_and_set_bit(SGX_ENCL_LOST, &encl->flags)) {
		/* Who looks for a translation from here on sees the flag. */
		sgx_encl_zap(encl, encl->base, encl->size);
		/* Without a SECS in the EPC there is nothing to be inside of. */
		if (encl->secs.epcm.page)
			WARN_ON_ONCE(sgx_encl_track(encl));
	}
	mutex_unlock(&encl->lock);
}

static void encl_lose_pages(struct sgx_encl *encl, void *unused)
{
	struct sgx_encl_page *page;
	unsigned long index;

	mutex_lock(&encl->lock);
	if (!test_bit(SGX_ENCL_LOST, &encl->flags))
		goto unlock;
	xa_for_each(&encl->pages, index, page) {
		xa_erase(&encl->pages, index);
		if (xa_is_value(page))
			continue;
		sgx_reclaim_del(page);
		sgx_epcm_reset(&page->epcm);
		sgx_encl_page_free(page);
		cond_resched();
	}
	/* EREMOVE would miss the pages that have gone. */
	if (encl->secs.epcm.page)
		sgx_epcm_reset(&encl->secs.epcm);
	sgx_paging_destroy(encl);
	WRITE_ONCE(encl->evicted, 0);
unlock:
	mutex_unlock(&encl->lock);
}

/**
 * sgx_encl_lose_power() - the pages of all enclaves are gone, also those evicted
 *
 * As on hardware when it was suspended: the EPC is lost, and with the paging key
 * what was evicted. The threads inside leave, and can enter no more. The
 * enclaves' mappings and descriptors stay until the program gives them up.
 *
 * Context: may sleep; no &sgx_encl.lock is held.
 */
void sgx_encl_lose_power(void)
{
	sgx_stats_each(encl_lose, NULL);
	/* Leaves that began before that are over after this. */
	synchronize_rcu();
	sgx_stats_each(encl_lose_pages, NULL);
}

/*
 * No thread of this waits for RCU: however many enclaves go at the same time,
 * they wait for the same grace periods, and take no worker each meanwhile.
 */
static void encl_teardown(struct work_struct *work)
{
	struct sgx_encl *encl =
		container_of(to_rcu_work(work), struct sgx_encl, teardown);

	if (!test_bit(SGX_ENCL_FORGOTTEN, &encl->flags)) {
		/* Who is still inside queues this work when leaving. */
		if (!sgx_encl_detach_threads(encl))
			return;
		set_bit(SGX_ENCL_FORGOTTEN, &encl->flags);
		encl->readers = get_state_synchronize_rcu();
	}
	/* Those that saw an entry before it was cleared are waited for. */
	if (!poll_state_synchronize_rcu(encl->readers)) {
		queue_rcu_work(sgx_encl_wq, &encl->teardown);
		return;
	}

	/*
	 * A thread may have left, and queued this work, between the flag and the
	 * look; then this runs once more. No other does: there are no threads.
	 */
	irq_work_sync(&encl->last_left);
	if (work_pending(work))
		return;
	encl_free(encl);
}

/*
 * A thread has left an enclave that is to end. It holds off the end by an RCU
 * read-side critical section until it has queued this, and the end waits for it.
 */
static void encl_last_left(struct irq_work *work)
{
	struct sgx_encl *encl = container_of(work, struct sgx_encl, last_left);

	queue_rcu_work(sgx_encl_wq, &encl->teardown);
}

/**
 * sgx_encl_alloc() - make an enclave for a file that is being opened
 * @inode:	device node
 *
 * Return: the enclave; -ENOMEM; or what registering the hooks gives.
 */
struct sgx_encl *sgx_encl_alloc(struct inode *inode)
{
	struct sgx_encl *encl;
	int ret;

	ret = sgx_hooks_get();
	if (ret)
		return ERR_PTR(ret);

	encl = kzalloc(sizeof(*encl), GFP_KERNEL_ACCOUNT);
	if (!encl)
		goto err_hooks;

	mutex_init(&encl->lock);
	kref_init(&encl->kref);
	xa_init_flags(&encl->pages, XA_FLAGS_ACCOUNT);
	sgx_va_set_init(&encl->va);
	sgx_ceilings_init(&encl->ceilings, &encl->lock);
	INIT_LIST_HEAD(&encl->threads);
	init_irq_work(&encl->last_left, encl_last_left);
	INIT_RCU_WORK(&encl->teardown, encl_teardown);

	/* Whoever looks at a file's f_mapping expects a host and operations. */
	address_space_init_once(&encl->mapping);
	init_rwsem(&encl->mapping.invalidate_lock);
	mapping_set_gfp_mask(&encl->mapping, GFP_KERNEL);
	encl->mapping.host = inode;
	encl->mapping.a_ops = &sgx_encl_aops;

	/* From here on others find it. */
	if (sgx_stats_add(encl))
		goto err_encl;

	atomic_inc(&sgx_encl_count);
	return encl;

err_encl:
	mutex_destroy(&encl->lock);
	kfree(encl);
err_hooks:
	sgx_hooks_put();
	return ERR_PTR(-ENOMEM);
}

/**
 * sgx_encl_release() - the last descriptor and the last mapping are gone
 * @encl:	enclave of the file
 */
void sgx_encl_release(struct sgx_encl *encl)
{
	atomic_inc(&encl_ending);
	set_bit(SGX_ENCL_DEAD, &encl->flags);
	sgx_encl_invalidate(encl);
	/* Leaves that began before the invalidation are over by then. */
	queue_rcu_work(sgx_encl_wq, &encl->teardown);
}

/**
 * sgx_encl_wait_teardown() - wait for an enclave that is being taken down
 *
 * Not for long: the last thread may still be inside. Where none is being taken
 * down there is nothing to wait for.
 *
 * Context: may sleep; no &sgx_encl.lock is held. A fatal signal ends it.
 * Return: true if the pages of one have gone.
 */
bool sgx_encl_wait_teardown(void)
{
	const int gone = atomic_read(&encl_gone);

	if (!atomic_read(&encl_ending))
		return false;

	wait_event_killable_timeout(encl_gone_wait,
				    atomic_read(&encl_gone) != gone, HZ);
	return atomic_read(&encl_gone) != gone;
}

/**
 * sgx_encl_track() - make what was changed known to be in force
 * @encl:	enclave
 *
 * When this returns no thread uses anything older than the call: ETRACK, and
 * every thread out of the enclave that was inside before.
 *
 * Context: &sgx_encl.lock is held; may sleep.
 * Return: 0, or what ETRACK gives.
 */
int sgx_encl_track(struct sgx_encl *encl)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	int ret;

	lockdep_assert_held(&encl->lock);

	while ((ret = sgx_etrack(&cpu, sgx_epc_operand(&encl->secs))) ==
	       SGX_PREV_TRK_INCMPL)
		sgx_encl_kick_threads(encl);

	sgx_encl_kick_threads(encl);
	return ret;
}

/**
 * sgx_encl_check_ceilings() - may these pages be mapped with these permissions
 * @encl:	enclave
 * @start:	first address, page aligned
 * @end:	address behind the last
 * @vm_flags:	flags of the mapping
 *
 * The one function that answers this, for mmap(), mprotect() and page faults.
 * Where there are no pages (yet), everything is allowed: pages that come later
 * are checked when they are faulted in. The first request to execute pages that
 * came by EAUG is where the access layer is asked for it.
 *
 * Context: &sgx_encl.lock is held; may sleep.
 * Return: 0; -EACCES if a page's ceiling or the access layer forbids it;
 * -ENOMEM.
 */
int sgx_encl_check_ceilings(struct sgx_encl *encl, unsigned long start,
			    unsigned long end, unsigned long vm_flags)
{
	unsigned long first = PFN_DOWN(start), last = PFN_DOWN(end - 1);
	unsigned long lacking;

	lockdep_assert_held(&encl->lock);

	if (unlikely(!ceilings))
		return 0;

	lacking = sgx_ceilings_lacking(&encl->ceilings, first, last, vm_flags);
	if (likely(!lacking))
		return 0;

	if (lacking != VM_EXEC || sgx_access_execmod(&encl->access, encl->file))
		return -EACCES;

	return sgx_ceilings_raise(&encl->ceilings, first, last);
}

/**
 * sgx_encl_may_map() - may the process map an area with these permissions
 * @encl:	enclave
 * @start:	first address, page aligned
 * @end:	address behind the last
 * @vm_flags:	flags of the mapping
 *
 * As in mainline, an initialised enclave is mapped in its own range only, and
 * not by a program for which every readable mapping is executable: its mappings
 * would always ask for more than it said (arch/x86/kernel/cpu/sgx/encl.c).
 *
 * Context: current's mmap_lock is held.
 * Return: 0; -EACCES for these two and as sgx_encl_check_ceilings(); -ENOMEM.
 */
int sgx_encl_may_map(struct sgx_encl *encl, unsigned long start,
		     unsigned long end, unsigned long vm_flags)
{
	int ret;

	if (test_bit(SGX_ENCL_INITIALIZED, &encl->flags) &&
	    (start < encl->base || end > encl->base + encl->size))
		return -EACCES;

	if (current->personality & READ_IMPLIES_EXEC && likely(ceilings))
		return -EACCES;

	mutex_lock(&encl->lock);
	ret = sgx_encl_check_ceilings(encl, start, end, vm_flags);
	mutex_unlock(&encl->lock);
	return ret;
}

/**
 * sgx_encl_ask_map() - a process wants to map an area with these permissions
 * @encl:	enclave
 * @start:	first address, page aligned
 * @end:	address behind the last
 * @vm_flags:	flags of the mapping
 *
 * For mmap() and mprotect(): besides sgx_encl_may_map(), writable and
 * executable at once is a privilege.
 *
 * Context: current's mmap_lock is held.
 * Return: as sgx_encl_may_map(); -EACCES if the access layer refuses.
 */
int sgx_encl_ask_map(struct sgx_encl *encl, unsigned long start,
		     unsigned long end, unsigned long vm_flags)
{
	int ret;

	ret = sgx_encl_may_map(encl, start, end, vm_flags);
	if (ret || ~vm_flags & (VM_WRITE | VM_EXEC))
		return ret;

	/* INIT comes before it, and then it has an identity, or after it. */
	mutex_lock(&encl->lock);
	ret = sgx_access_execmem(&encl->access, encl->file);
	mutex_unlock(&encl->lock);
	return ret;
}

/**
 * sgx_encl_zap() - remove pages from the page tables of all processes
 * @encl:	enclave
 * @addr:	first address, page aligned
 * @len:	bytes
 *
 * A page that is accessed afterwards is looked at anew. Page faults insert
 * under &sgx_encl.lock what the EPCM says under it: when an EPCM entry is
 * changed under that lock and its page zapped then, with or without the lock,
 * no process is left with what the old entry allowed.
 *
 * Context: may sleep. &sgx_encl.lock may be held.
 */
void sgx_encl_zap(struct sgx_encl *encl, unsigned long addr, unsigned long len)
{
	sgx_encl_invalidate(encl);
	unmap_mapping_range(&encl->mapping, addr, len, 1);
}

/**
 * sgx_encl_init() - get ready for enclaves
 *
 * Return: 0, or -ENOMEM.
 */
int sgx_encl_init(void)
{
	sgx_encl_wq = alloc_workqueue("softsgx", WQ_UNBOUND, 0);
	if (!sgx_encl_wq)
		return -ENOMEM;

	if (!ceilings) {
		pr_warn("softsgx: ceilings=off: enclaves are NOT protected, this is for tests only\n");
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	}
	return 0;
}

/**
 * sgx_encl_exit() - undo sgx_encl_init()
 *
 * No file is open any more. Enclaves that are being taken down are waited for.
 */
void sgx_encl_exit(void)
{
	wait_var_event(&sgx_encl_count, !atomic_read(&sgx_encl_count));
	/* And for the end of the work that freed the last one. */
	destroy_workqueue(sgx_encl_wq);
}
