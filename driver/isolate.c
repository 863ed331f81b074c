// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation inside a process, by protection keys.
 *
 * Every enclave that a process maps has one of the process's sixteen protection
 * keys, and the page table entries of the enclave carry it. PKRU, which says
 * what a thread may do with the pages of each key, closes it to all threads but
 * those that are inside this enclave. The mapping itself (its vm_flags) has no
 * key: the kernel looks at that one and at PKRU when it handles a page fault,
 * and a fault inside is handled after the AEX, when PKRU is the outside's.
 *
 * Page table entries are made for those who are inside only. So an access from
 * elsewhere faults, because of the key or because there is no entry, and gets
 * what an access from outside gets on hardware: all ones, or nothing written
 * (abort.c). The kernel's own accesses, for a system call, fail with -EFAULT.
 *
 * Where there are more enclaves than keys, several share one: at any time only
 * one of them has page table entries.
 */
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/trap_pf.h>
#include "compat.h"
#include "encl.h"
#include "isolate.h"
#include "thread.h"

#define ISOLATE_KEYS 16

/**
 * struct sgx_tenant - an enclave in a process
 * @node:	in &sgx_space.tenants
 * @space:	the process
 * @encl:	the enclave, which its mappings hold
 * @mappings:	how many of it the process has; the tenant goes with the last
 * @key:	protection key; constant
 *
 * Under isolate_lock, and found from vm_private_data of its mappings.
 */
struct sgx_tenant {
	struct list_head node;
	struct sgx_space *space;
	struct sgx_encl *encl;
	unsigned int mappings;
	unsigned int key;
};

/**
 * struct sgx_space - a process that maps enclaves
 * @node:	in isolate_spaces; written under isolate_lock, read under RCU
 * @mm:		the process; there as long as it has mappings of enclaves
 * @tenants:	struct sgx_tenant, under isolate_lock
 * @closed:	what PKRU has outside: the bits of the keys of all tenants;
 *		written under isolate_lock
 * @lock:	protects @owner and @since, and is held while a page table entry
 *		is made. Inside &sgx_encl.lock, outside of the i_mmap_rwsem of
 *		&sgx_encl.mapping
 * @owner:	the tenant that has page table entries with a key
 * @since:	jiffies when it became that
 * @rcu:	to free it
 */
struct sgx_space {
	struct hlist_node node;
	struct mm_struct *mm;
	struct list_head tenants;
	u32 closed;
	struct mutex lock; /* see above */
	struct sgx_tenant *owner[ISOLATE_KEYS];
	unsigned long since[ISOLATE_KEYS];
	struct rcu_head rcu;
};

/* Inside the mmap_lock, outside of &sgx_space.lock. */
static DEFINE_MUTEX(isolate_lock);
static DEFINE_HASHTABLE(isolate_spaces, 6);

DEFINE_STATIC_KEY_FALSE(sgx_isolated);

enum isolation { ISOLATION_OFF, ISOLATION_AUTO, ISOLATION_PKEY };
static const char *const isolation_names[] = { "off", "auto", "pkey" };
static enum isolation isolation = ISOLATION_OFF;

static int isolation_set(const char *val, const struct kernel_param *kp)
{
	int choice = sysfs_match_string(isolation_names, val);

	if (choice < 0)
		return choice;
	isolation = choice;
	return 0;
}

/* What there is, and not what was asked for. */
static int isolation_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n",
			  static_key_enabled(&sgx_isolated) ? "pkey" : "off");
}

static const struct kernel_param_ops isolation_ops = {
	.set = isolation_set,
	.get = isolation_get,
};
module_param_cb(isolation, &isolation_ops, NULL, 0444);
MODULE_PARM_DESC(isolation,
		 "enclave pages are closed to the process: off, pkey or auto");

/*
 * Processes and their enclaves
 */

/* The caller holds isolate_lock, or an RCU read-side critical section. */
static struct sgx_space *space_find(const struct mm_struct *mm)
{
	struct sgx_space *space;

	hash_for_each_possible_rcu(isolate_spaces, space, node,
				   (unsigned long)mm,
				   lockdep_is_held(&isolate_lock)) {
		if (space->mm == mm)
			return space;
	}
	return NULL;
}

static struct sgx_space *space_get(struct mm_struct *mm, gfp_t gfp)
{
	struct sgx_space *space = space_find(mm);

	if (space)
		return space;

	space = kzalloc(sizeof(*space), gfp);
	if (!space)
		return NULL;
	space->mm = mm;
	INIT_LIST_HEAD(&space->tenants);
	mutex_init(&space->lock);
	hash_add_rcu(isolate_spaces, &space->node, (unsigned long)mm);
	return space;
}

static void space_put(struct sgx_space *space)
{
	if (!list_empty(&space->tenants))
		return;
	hash_del_rcu(&space->node);
	mutex_destroy(&space->lock);
	kfree_rcu(space, rcu);
}

static struct sgx_tenant *tenant_find(const struct sgx_space *space,
				      const struct sgx_encl *encl)
{
	struct sgx_tenant *tenant;

	lockdep_assert_held(&isolate_lock);

	list_for_each_entry(tenant, &space->tenants, node) {
		if (tenant->encl == encl)
			return tenant;
	}
	return NULL;
}

static unsigned int tenants_of_key(const struct sgx_space *space,
				   unsigned int key)
{
	const struct sgx_tenant *tenant;
	unsigned int count = 0;

	lockdep_assert_held(&isolate_lock);

	list_for_each_entry(tenant, &space->tenants, node)
		count += tenant->key == key;
	return count;
}

static struct sgx_tenant *tenant_new(struct sgx_space *space,
				     struct sgx_encl *encl, unsigned int key,
				     gfp_t gfp)
{
	struct sgx_tenant *tenant;

	lockdep_assert_held(&isolate_lock);

	tenant = kzalloc(sizeof(*tenant), gfp);
	if (!tenant)
		return NULL;
	tenant->space = space;
	tenant->encl = encl;
	tenant->key = key;
	list_add(&tenant->node, &space->tenants);
	WRITE_ONCE(space->closed, space->closed | sgx_pkru_bits(key));
	return tenant;
}

/* A key of its own, or else the one that the fewest enclaves share. */
static int key_choose(const struct sgx_space *space)
{
	int key = mm_pkey_alloc(space->mm);
	unsigned int fewest = UINT_MAX;
	unsigned int i;

	if (key > 0)
		return key;

	for (i = 1; i < ISOLATE_KEYS; i++) {
		unsigned int count = tenants_of_key(space, i);

		if (count && count < fewest) {
			fewest = count;
			key = i;
		}
	}
	return key;
}

/**
 * sgx_isolate_map() - a process maps an enclave
 * @vma:	new mapping
 *
 * Context: the mmap_lock of current's mm is held for writing.
 * Return: 0; -ENOSPC if the program has taken all protection keys; -ENOMEM.
 */
int sgx_isolate_map(struct vm_area_struct *vma)
{
	struct sgx_encl *encl = sgx_vma_encl(vma);
	struct sgx_tenant *tenant;
	struct sgx_space *space;
	int ret = -ENOMEM;
	int key;

	if (!static_branch_unlikely(&sgx_isolated))
		return 0;

	mutex_lock(&isolate_lock);
	space = space_get(vma->vm_mm, GFP_KERNEL_ACCOUNT);
	if (!space)
		goto out_unlock;

	tenant = tenant_find(space, encl);
	if (!tenant) {
		ret = -ENOSPC;
		key = key_choose(space);
		if (key < 0)
			goto out_space;

		ret = -ENOMEM;
		tenant = tenant_new(space, encl, key, GFP_KERNEL_ACCOUNT);
		if (!tenant) {
			if (!tenants_of_key(space, key))
				mm_pkey_free(space->mm, key);
			goto out_space;
		}
		/* Where it starts closed; other threads as they always do. */
		write_pkru(read_pkru() | sgx_pkru_bits(key));
	}
	tenant->mappings++;
	vma->vm_private_data = tenant;
	ret = 0;
out_space:
	space_put(space);
out_unlock:
	mutex_unlock(&isolate_lock);
	return ret;
}

/**
 * sgx_isolate_open() - a mapping is divided, or the process forks
 * @vma:	the copy of a mapping
 *
 * A child has the keys of its parent, and gets copies of the page table entries
 * that the parent has.
 *
 * Context: the mmap_lock is held for writing, with fork() the parent's as well.
 */
void sgx_isolate_open(struct vm_area_struct *vma)
{
	struct sgx_tenant *from = vma->vm_private_data;
	struct sgx_tenant *tenant;
	struct sgx_space *space;

	if (!from)
		return;

	mutex_lock(&isolate_lock);
	space = space_get(vma->vm_mm, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	tenant = tenant_find(space, from->encl);
	if (!tenant) {
		tenant = tenant_new(space, from->encl, from->key,
				    GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
		mutex_lock(&from->space->lock);
		if (from->space->owner[from->key] == from)
			space->owner[from->key] = tenant;
		mutex_unlock(&from->space->lock);
	}
	tenant->mappings++;
	vma->vm_private_data = tenant;
	mutex_unlock(&isolate_lock);
}

/* The last mapping is gone: nobody is left inside with the key open. */
static void tenant_leave(struct sgx_tenant *tenant)
{
	struct sgx_space *space = tenant->space;

	lockdep_assert_held(&isolate_lock);

	/* In a process that ends there are no threads. */
	if (atomic_read(&space->mm->mm_users))
		sgx_encl_interrupt_threads(tenant->encl);

	mutex_lock(&space->lock);
	if (space->owner[tenant->key] == tenant)
		space->owner[tenant->key] = NULL;
	mutex_unlock(&space->lock);

	list_del(&tenant->node);
	if (!tenants_of_key(space, tenant->key)) {
		WRITE_ONCE(space->closed,
			   space->closed & ~sgx_pkru_bits(tenant->key));
		mm_pkey_free(space->mm, tenant->key);
	}
	kfree(tenant);
	space_put(space);
}

/**
 * sgx_isolate_close() - undo sgx_isolate_map() or sgx_isolate_open()
 * @vma:	mapping, which has no page table entries any more
 *
 * Context: the mmap_lock is held, if only for reading then by whoever has just
 * had it for writing: there is no other writer, nor one who closes.
 */
void sgx_isolate_close(struct vm_area_struct *vma)
{
	struct sgx_tenant *tenant = vma->vm_private_data;

	if (!tenant)
		return;

	mutex_lock(&isolate_lock);
	if (!--tenant->mappings)
		tenant_leave(tenant);
	mutex_unlock(&isolate_lock);
}

/**
 * sgx_isolate_mprotect() - may a mapping have these flags
 * @vma:	mapping
 * @newflags:	its flags to be
 *
 * A protection key of the program's is refused: the mapping has one. What the
 * kernel has for mappings that can only be executed is not the program's.
 *
 * Context: the mmap_lock is held for writing.
 * Return: 0, or -EACCES.
 */
int sgx_isolate_mprotect(struct vm_area_struct *vma, unsigned long newflags)
{
#ifdef CONFIG_ARCH_HAS_PKEYS
	int key = (newflags & ARCH_VM_PKEY_FLAGS) >> VM_PKEY_SHIFT;

	if (vma->vm_private_data && key && key != vma_pkey(vma) &&
	    mm_pkey_is_allocated(vma->vm_mm, key))
		return -EACCES;
#endif
	return 0;
}

/*
 * Page table entries
 */

/**
 * sgx_isolate_forbids() - does a page fault come from outside of the enclave
 * @vmf:	page fault in a mapping of an enclave
 *
 * The kernel's own accesses do, but for those that carry out an instruction of
 * the enclave (sgx_abort_access()).
 *
 * Context: the thread that faults.
 * Return: true if no page table entry may be made for it.
 */
bool sgx_isolate_forbids(const struct vm_fault *vmf)
{
	struct sgx_thread *thread;

	if (!vmf->vma->vm_private_data)
		return false;

	thread = sgx_current_thread();
	if (!thread)
		return true;
	if (!(vmf->flags & FAULT_FLAG_USER))
		return thread->abort.running != sgx_vma_encl(vmf->vma);
	return thread->fault_encl != sgx_vma_encl(vmf->vma);
}

/*
 * Page table entries with a key are one enclave's only. When another one that
 * shares it needs some, those go, and whoever is inside of it: in enclave mode
 * a thread may be in code outside, and would see the other's pages. An enclave
 * keeps them for a tick, so that it gets something done.
 */
static bool key_take(struct sgx_tenant *tenant)
{
	struct sgx_space *space = tenant->space;
	struct sgx_tenant *owner = space->owner[tenant->key];

	lockdep_assert_held(&space->lock);

	if (likely(owner == tenant))
		return true;
	if (owner) {
		if (time_before_eq(jiffies, space->since[tenant->key] + 1))
			return false;
		unmap_mapping_range(&owner->encl->mapping, owner->encl->base,
				    owner->encl->size, 1);
		sgx_encl_interrupt_threads(owner->encl);
	}
	space->owner[tenant->key] = tenant;
	space->since[tenant->key] = jiffies;
	return true;
}

/**
 * sgx_isolate_insert() - make a page table entry for a thread inside
 * @vma:	mapping
 * @addr:	where
 * @pfn:	page
 * @flags:	VM_* flags that it shall have
 *
 * Context: the mmap_lock and &sgx_encl.lock are held.
 * Return: as vmf_insert_pfn_prot(); VM_FAULT_NOPAGE also if the access has to
 * be repeated.
 */
vm_fault_t sgx_isolate_insert(struct vm_area_struct *vma, unsigned long addr,
			      unsigned long pfn, unsigned long flags)
{
	struct sgx_tenant *tenant = vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_NOPAGE;

	if (!tenant)
		return vmf_insert_pfn_prot(vma, addr, pfn,
					   vm_get_page_prot(flags));

#ifdef CONFIG_ARCH_HAS_PKEYS
	flags &= ~ARCH_VM_PKEY_FLAGS;
	flags |= (unsigned long)tenant->key << VM_PKEY_SHIFT;
#endif
	mutex_lock(&tenant->space->lock);
	if (key_take(tenant))
		ret = vmf_insert_pfn_prot(vma, addr, pfn,
					  vm_get_page_prot(flags));
	mutex_unlock(&tenant->space->lock);
	return ret;
}

/*
 * PKRU
 */

/**
 * sgx_isolate_attach() - note the key of an enclave for entries to it
 * @thread:	running thread
 * @vma:	mapping of the enclave
 *
 * The thread needs a translation of the TCS to enter, which is made where this
 * is called and void when the enclave is unmapped: what is noted is the key of
 * any enclave that it can enter.
 *
 * Context: the mmap_lock is held.
 */
void sgx_isolate_attach(struct sgx_thread *thread,
			const struct vm_area_struct *vma)
{
	const struct sgx_tenant *tenant = vma->vm_private_data;
	u32 open = 0;

	if (tenant) {
		open = sgx_pkru_bits(tenant->key);
		thread->key_closed = READ_ONCE(tenant->space->closed);
	}
	sgx_thread_set_key(thread, sgx_vma_encl(vma), open);
}

/**
 * sgx_isolate_recall() - an enclave is entered that is not the last one's
 * @thread:	running thread
 * @encl:	the enclave
 *
 * Context: the running thread, interrupts off.
 */
void sgx_isolate_recall(struct sgx_thread *thread, struct sgx_encl *encl)
{
	thread->key_open = sgx_thread_key(thread, encl);
	thread->key_encl = encl;
}

/**
 * sgx_isolate_repair() - have the key of the enclave open again
 * @thread:	running thread, in enclave mode
 *
 * The enclave may have closed it: by an XRSTOR of all that there is, from an
 * area that was saved outside.
 *
 * Context: the running thread, preemption off.
 * Return: true if it was not.
 */
bool sgx_isolate_repair(struct sgx_thread *thread)
{
	u32 pkru;

	if (!thread->key_open)
		return false;
	pkru = read_pkru();
	if (!(pkru & thread->key_open))
		return false;
	write_pkru(pkru & ~thread->key_open);
	return true;
}

/*
 * Page faults
 */

enum isolate_answer {
	NOT_ABORT, /* an access to which isolation has nothing to say */
	ABORT,	   /* the access is to have the abort page */
	UNKNOWN,   /* it cannot be found out now */
};

/**
 * sgx_isolate_hides() - is this a page of an enclave that is not the accessor's
 * @vma:	mapping
 * @address:	in it
 * @own:	enclave whose code accesses it, NULL outside
 *
 * Where the enclave has no page there is nothing to hide: the access is the
 * kernel's to refuse.
 *
 * Context: the mmap_lock is held.
 */
bool sgx_isolate_hides(const struct vm_area_struct *vma, unsigned long address,
		       const struct sgx_encl *own)
{
	struct sgx_encl *encl;

	if (vma->vm_ops != &sgx_vm_ops)
		return false;
	encl = sgx_vma_encl(vma);
	return encl != own && xa_load(&encl->pages, PFN_DOWN(address));
}

/* An access of the current process, by code of @own, which is NULL outside. */
static enum isolate_answer isolate_ask(unsigned long address,
				       unsigned long errcd,
				       const struct sgx_encl *own)
{
	unsigned long allowing =
		errcd & SGX_PFEC_W ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC;
	struct mm_struct *mm = current->mm;
	enum isolate_answer answer;
	struct vm_area_struct *vma;
	bool enclaves;

	if (!static_branch_unlikely(&sgx_isolated) || errcd & SGX_PFEC_I)
		return NOT_ABORT;

	rcu_read_lock();
	enclaves = space_find(mm);
	rcu_read_unlock();
	if (!enclaves)
		return NOT_ABORT;

	if (!mmap_read_trylock(mm))
		return UNKNOWN;
	vma = vma_lookup(mm, address);
	answer = vma && sgx_isolate_hides(vma, address, own) &&
				 vma->vm_flags & allowing
			 ? ABORT
			 : NOT_ABORT;
	mmap_read_unlock(mm);
	return answer;
}

/**
 * sgx_isolate_keeps() - a page fault inside: is it one without an AEX
 * @thread:	running thread, in enclave mode
 * @address:	that faults
 * @errcd:	page-fault error code
 *
 * Without an AEX is an access to the pages of another enclave, for which there
 * is the abort page as there is outside, and an access to the enclave's own with
 * its key closed, which nothing but this driver knows of. Either is dealt with
 * in sgx_isolate_takes().
 *
 * Context: the running thread, interrupts off.
 * Return: true if there is no AEX.
 */
bool sgx_isolate_keeps(struct sgx_thread *thread, unsigned long address,
		       unsigned long errcd)
{
	struct sgx_encl *encl = sgx_secs_encl(thread->cpu.secs);
	struct sgx_abort *abort = &thread->abort;

	if (!thread->key_open)
		return false;

	if (address - encl->base < encl->size) {
		if (!(errcd & X86_PF_PK) || !sgx_isolate_repair(thread))
			return false;
		thread->fault_fate = SGX_FAULT_AGAIN;
		return true;
	}

	if (abort->refused && abort->ip == task_pt_regs(current)->ip &&
	    abort->address == address) {
		abort->refused = false;
		return false;
	}

	switch (isolate_ask(address, errcd, encl)) {
	case NOT_ABORT:
		return false;
	case UNKNOWN:
		/* An AEX, and if it is not resolved, once more after ERESUME. */
		thread->fault_fate = SGX_FAULT_AGAIN;
		return false;
	case ABORT:
		thread->fault_fate = SGX_FAULT_KEPT;
		return true;
	}
	return false;
}

/**
 * sgx_isolate_takes() - is a page fault that failed an access from outside
 * @regs:	registers of the running thread
 * @address:	that faulted
 * @errcd:	page-fault error code
 *
 * The access is carried out before the thread returns to user mode, where it
 * may sleep; see sgx_abort_access().
 *
 * Context: the running thread, preemption off.
 * Return: true if the program is not to see the fault.
 */
bool sgx_isolate_takes(struct pt_regs *regs, unsigned long address,
		       unsigned long errcd)
{
	struct sgx_thread *thread = sgx_this_thread();
	struct sgx_encl *own = NULL;
	struct sgx_abort *abort;

	if (thread && thread->fault_inside) {
		if (thread->fault_fate == SGX_FAULT_AGAIN)
			return true;
		if (thread->fault_fate != SGX_FAULT_KEPT)
			return false;
		/* It has left since: ERESUME brings the fault again. */
		if (!sgx_enclave_mode(&thread->cpu))
			return true;
		own = thread->fault_encl;
	}

	switch (isolate_ask(address, errcd, own)) {
	case NOT_ABORT:
		return false;
	case UNKNOWN:
		return true;
	case ABORT:
		break;
	}

	if (!thread) {
		thread = sgx_thread_create();
		/* No memory at this moment: the program tries again. */
		if (!thread)
			return true;
	}

	/*
	 * What could not be carried out: the program gets its exception, with
	 * all that belongs to it, by executing the instruction once more.
	 */
	abort = &thread->abort;
	if (abort->refused && abort->ip == regs->ip &&
	    abort->address == address) {
		abort->refused = false;
		return false;
	}

	*abort = (struct sgx_abort){
		.pending = true,
		.ip = regs->ip,
		.address = address,
		.encl = own,
	};
	return !sgx_thread_request(thread);
}

/**
 * sgx_isolate_zapped() - is a page only absent from the page tables for isolation
 * @address:	that faulted, in vain
 * @errcd:	page-fault error code
 *
 * Without isolation, mprotect() changes the page table entries. With it they go
 * (see sgx_vma_mprotect()), and do not come back for who may not access the page;
 * what the program sees is the fault of a page that is present.
 *
 * Context: the running thread, preemption off.
 * Return: 1 if the mapping, which allows something else, forbids the access to a
 * page that is in the EPC; 0 if not; -EAGAIN if that cannot be found out now.
 */
int sgx_isolate_zapped(unsigned long address, unsigned long errcd)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long allowing;
	bool zapped = false;
	void *page;

	if (!static_branch_unlikely(&sgx_isolated) || errcd & SGX_PFEC_P)
		return 0;
	if (!mmap_read_trylock(mm))
		return -EAGAIN;

	if (errcd & SGX_PFEC_W)
		allowing = VM_WRITE;
	else if (errcd & SGX_PFEC_I)
		allowing = VM_EXEC;
	else
		allowing = VM_ACCESS_FLAGS;
	vma = vma_lookup(mm, address);
	if (vma && vma->vm_ops == &sgx_vm_ops &&
	    vma->vm_flags & VM_ACCESS_FLAGS && !(vma->vm_flags & allowing)) {
		page = xa_load(&sgx_vma_encl(vma)->pages, PFN_DOWN(address));
		zapped = page && !xa_is_value(page);
	}
	mmap_read_unlock(mm);
	return zapped;
}

/*
 * void task_work_run(void)
 *
 * Work for a thread that is interrupted inside may be anybody's: io_uring's
 * accesses the program's memory, and starts threads that have the PKRU of this
 * one. On hardware there has been an AEX, with the interrupt.
 */
static int isolate_work_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (!thread || !sgx_enclave_mode(&thread->cpu) || !thread->key_open)
		return 0;
	if (READ_ONCE(current->task_works) == &thread->work &&
	    !READ_ONCE(thread->work.next))
		return 0;
	sgx_thread_aex(thread, NULL);
	return 0;
}

static struct kprobe isolate_work_kprobe = {
	.symbol_name = "task_work_run",
	.pre_handler = isolate_work_probe,
};

/**
 * sgx_isolate_watch() - watch what runs in the middle of enclaves from now on
 *
 * Return: 0, or what sgx_kprobe_register() gives.
 */
int sgx_isolate_watch(void)
{
	return static_branch_unlikely(&sgx_isolated)
		       ? sgx_kprobe_register(&isolate_work_kprobe)
		       : 0;
}

/**
 * sgx_isolate_unwatch() - undo sgx_isolate_watch()
 */
void sgx_isolate_unwatch(void)
{
	if (static_branch_unlikely(&sgx_isolated))
		unregister_kprobe(&isolate_work_kprobe);
}

/**
 * sgx_isolate_init() - see whether there shall and can be isolation
 *
 * Return: 0, or -EOPNOTSUPP if the processor cannot do what is asked for.
 */
int sgx_isolate_init(void)
{
	bool possible = arch_pkeys_enabled();

	if (isolation == ISOLATION_PKEY && !possible) {
		pr_err("softsgx: isolation=pkey: no protection keys here\n");
		return -EOPNOTSUPP;
	}

	if (possible && isolation != ISOLATION_OFF) {
		static_branch_enable(&sgx_isolated);
		sgx_abort_init();
	}
	return 0;
}

/**
 * sgx_isolate_exit() - undo sgx_isolate_init()
 *
 * There are no enclaves.
 */
void sgx_isolate_exit(void)
{
	rcu_barrier();
}
