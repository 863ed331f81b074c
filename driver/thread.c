// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that use enclaves.
 *
 * A thread gets a struct sgx_thread when it executes ENCLU for the first time.
 * Leaves run in the #UD exception with interrupts off, and there they can
 * neither take the mmap_lock nor bring a page in. So they translate addresses
 * with a cache, as a processor does with its TLB, and when that has no answer
 * the leaf is given up (SGX_RETRY, nothing has changed), the slow path runs
 * before the thread returns to user mode, where it may sleep, and the leaf is
 * executed once more.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/task_work.h>
#include <asm/fpu/api.h>
#include <asm/ptrace.h>
#include <asm/trapnr.h>
#include "compat.h"
#include "fail.h"
#include "host.h"
#include "isolate.h"
#include "reclaim.h"
#include "stats.h"
#include "thread.h"
#include "trace.h"

/* SYSCALL, SYSENTER and INT 80h are all two bytes long. */
#define SYSCALL_INSN_LEN 2

DEFINE_PER_CPU(struct sgx_thread *, sgx_running);

const atomic_long_t sgx_no_generation = ATOMIC_LONG_INIT(SGX_NO_GENERATION);

/*
 * Protects &sgx_encl.threads and &sgx_thread.attachments. Taken with
 * interrupts off in the #UD exception, so always with interrupts off.
 */
static DEFINE_SPINLOCK(sgx_attach_lock);

static struct kmem_cache *sgx_thread_cache;

/* Threads whose struct listens to the scheduler. */
static atomic_t sgx_threads = ATOMIC_INIT(0);

/**
 * sgx_current_thread() - the running thread's struct
 *
 * Context: any context of a thread.
 * Return: the struct, NULL if the thread has never executed ENCLU. It stays
 * until the thread exits.
 */
struct sgx_thread *sgx_current_thread(void)
{
	struct sgx_thread *thread;

	preempt_disable();
	thread = sgx_this_thread();
	preempt_enable();
	return thread;
}

/*
 * What changes for a thread with enclave mode
 */

/* All system calls of the running thread, whatever the program has arranged. */
static void thread_divert_calls(const struct sgx_thread *thread)
{
	if (unlikely(thread->had_dispatch))
		memset(&current->syscall_dispatch, 0,
		       sizeof(current->syscall_dispatch));
	else
		set_syscall_work(SYSCALL_USER_DISPATCH);
}

static void thread_allow_calls(const struct sgx_thread *thread)
{
	if (unlikely(thread->had_dispatch)) {
		current->syscall_dispatch = thread->dispatch;
	} else {
		clear_syscall_work(SYSCALL_USER_DISPATCH);
		current->syscall_dispatch.on_dispatch = false;
	}
}

/**
 * sgx_thread_put_aside_dispatch() - of a program that diverts its system calls
 * @thread:	running thread, which has entered an enclave
 *
 * Context: the running thread, preemption off.
 */
void sgx_thread_put_aside_dispatch(struct sgx_thread *thread)
{
	thread->had_dispatch = true;
	thread->dispatch = current->syscall_dispatch;
	memset(&current->syscall_dispatch, 0,
	       sizeof(current->syscall_dispatch));
}

static void thread_count_aex(struct sgx_thread *thread, struct sgx_encl *encl,
			     const struct sgx_fault *fault)
{
	sgx_count(encl, aexes);
	trace_sgx_aex(encl->id, thread->cpu.tcs_la, fault ? fault->vector : -1,
		      fault ? fault->errcd : 0, fault ? fault->addr : 0);
}

/* The AEX itself, interrupts are off. */
static void thread_aex(struct sgx_thread *thread, const struct sgx_fault *fault)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct sgx_epcm *secs = thread->cpu.secs;

	thread->interrupted = !fault;
	thread->cpu.regs = sgx_pt_regs(regs);
	sgx_fsgs_read(&thread->cpu);
	sgx_aex(&thread->cpu, fault);
	/*
	 * An enclave has no other segment, for far branches are illegal inside.
	 * Here they are not caught; and SYSENTER always comes with the segment
	 * of 32-bit code. The AEP is 64-bit code, as the ENCLU was.
	 */
	regs->cs = __USER_CS;
	thread_count_aex(thread, sgx_secs_encl(secs), fault);
	sgx_thread_left(thread, secs);
}

/**
 * sgx_thread_aex_call() - the AEX of a system call that is made inside
 * @thread:	running thread, inside
 *
 * The kernel has begun with the call; it diverts it, and the SIGSYS that comes
 * of it becomes the exception: see signal.c. To the enclave it is a #UD at the
 * instruction, or a #GP where it has strayed to it.
 *
 * On its way back to user mode the kernel tells tracers and auditors of the end
 * of a call unless it sees that it diverted it: what sgx_thread_left() has put
 * right is wrong for so long.
 *
 * Context: the running thread, interrupts off, irq_fpu_usable().
 */
void sgx_thread_aex_call(struct sgx_thread *thread)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct sgx_fault fault = { .vector = X86_TRAP_UD };

	regs->ip -= SYSCALL_INSN_LEN;
	regs->ax = regs->orig_ax;
	/* No call is under way, and what RAX was is none of a tracer's. */
	regs->orig_ax = -1;
	if (sgx_thread_astray(thread, regs->ip))
		fault.vector = X86_TRAP_GP;
	thread_aex(thread, &fault);

	thread->diverted = fault.vector;
	thread_divert_calls(thread);
	current->syscall_dispatch.on_dispatch = true;
	sgx_thread_request(thread);
}

/**
 * sgx_thread_aex() - asynchronous enclave exit of the running thread
 * @thread:	running thread, which was seen in enclave mode
 * @fault:	exception that causes it, NULL for an interrupt or a signal
 *
 * Afterwards the registers with which the thread will return to user mode are
 * the synthetic ones, with RIP at the AEP.
 *
 * Where interrupts are on, sgx_encl_kick_threads() may make the thread leave
 * right before this does. It is as if the interrupt had come before the
 * instruction that raised @fault: the enclave executes it once more when it is
 * resumed, so that the caller forgets the exception.
 *
 * An interrupt may also come when the kernel has begun with a system call and
 * does not know yet that it is to divert it. Only the entry of a system call
 * leaves its number in orig_ax, any other -1; number -1 does nothing in any
 * case.
 *
 * Context: the running thread, preemption off, irq_fpu_usable().
 * Return: false if the thread had left already.
 */
bool sgx_thread_aex(struct sgx_thread *thread, const struct sgx_fault *fault)
{
	unsigned long flags;
	bool inside;

	local_irq_save(flags);
	inside = sgx_enclave_mode(&thread->cpu);
	if (inside && unlikely(task_pt_regs(current)->orig_ax != -1UL))
		sgx_thread_aex_call(thread);
	else if (inside)
		thread_aex(thread, fault);
	local_irq_restore(flags);
	return inside;
}

/*
 * Translations
 */

static bool tlb_entry_serves(const struct sgx_tlb_entry *entry,
			     unsigned long la, u32 access)
{
	const struct sgx_encl *encl = READ_ONCE(entry->encl);

	return encl && entry->la == la &&
	       entry->generation == atomic_long_read(&encl->generation) &&
	       !(entry->refused & access);
}

static unsigned int tlb_place(unsigned long la)
{
	return (la >> PAGE_SHIFT) % SGX_TLB_ENTRIES;
}

static struct sgx_tlb_entry *tlb_find(struct sgx_thread *thread,
				      unsigned long la, u32 access)
{
	unsigned int place = tlb_place(la);
	unsigned int i;

	for (i = 0; i < SGX_TLB_ENTRIES; i++) {
		struct sgx_tlb_entry *entry =
			&thread->tlb[(place + i) % SGX_TLB_ENTRIES];

		if (likely(tlb_entry_serves(entry, la, access)))
			return entry;
	}
	return NULL;
}

/*
 * An entry begins with its TCS. What it looks up besides is of the same
 * generation, or else of a later one, and then this one is void already.
 */
static void thread_note_entry(struct sgx_thread *thread,
			      const struct sgx_tlb_entry *entry)
{
	struct sgx_encl *encl = READ_ONCE(entry->encl);

	sgx_forget(&thread->cpu);
	thread->entry_generation = entry->generation;
	WRITE_ONCE(thread->entry_now,
		   encl ? &encl->generation : &sgx_no_generation);
}

/**
 * sgx_thread_walk() - &sgx_host_ops.walk of the driver
 * @cpu:	logical processor of the running thread
 * @la:		linear address, page aligned
 * @access:	SGX_PFEC_W or SGX_ACCESS_STATE to write, 0 to read
 * @epcm:	EPC page, returned; NULL if ordinary memory is mapped at @la
 *
 * Context: the running thread, interrupts off. The EPC page is there as long
 * as interrupts stay off: it is freed only after an RCU grace period.
 * Return: 0, a page fault, or SGX_RETRY when the slow path has to look.
 */
int sgx_thread_walk(struct sgx_cpu *cpu, u64 la, u32 access,
		    struct sgx_epcm **epcm)
{
	struct sgx_thread *thread = container_of(cpu, struct sgx_thread, cpu);
	const struct sgx_tlb_entry *entry = tlb_find(thread, la, access);
	struct sgx_miss *miss = &thread->miss;

	if (likely(entry) && !sgx_should_fail()) {
		if (!sgx_enclave_mode(cpu) && la == cpu->regs->rbx)
			thread_note_entry(thread, entry);
		*epcm = entry->epcm;
		return 0;
	}

	if (miss->answered && miss->la == la && miss->access == access) {
		miss->answered = false;
		*epcm = NULL;
		return miss->fault ? sgx_pf(cpu, la, miss->errcd) : 0;
	}

	*miss = (struct sgx_miss){ .la = la,
				   .access = access,
				   .pending = true,
				   .ip = cpu->regs->rip,
				   .secs = cpu->secs };
	return SGX_RETRY;
}

/**
 * sgx_thread_forget() - forget what a leaf knew of a page that is being evicted
 * @thread:	running thread
 * @la:		linear address, page aligned
 *
 * The translations of an enclave are invalidated before its pages are blocked.
 * A leaf that finds a page blocked, or gone, with a translation from before has
 * come in between.
 *
 * Context: the running thread, interrupts off.
 * Return: true if there was such a translation; not twice for the same.
 */
bool sgx_thread_forget(struct sgx_thread *thread, unsigned long la)
{
	bool found = false;
	unsigned int i;

	for (i = 0; i < SGX_TLB_ENTRIES; i++) {
		struct sgx_tlb_entry *entry = &thread->tlb[i];

		if (entry->la != la || !READ_ONCE(entry->encl) ||
		    tlb_entry_serves(entry, la, 0))
			continue;
		WRITE_ONCE(entry->encl, NULL);
		found = true;
	}
	return found;
}

/*
 * Its own place if that has no valid translation, otherwise one after the
 * other: a leaf never needs more translations than there are entries, so that
 * it cannot push out its own for ever.
 */
static struct sgx_tlb_entry *tlb_choose(struct sgx_thread *thread,
					unsigned long la)
{
	struct sgx_tlb_entry *entry = &thread->tlb[tlb_place(la)];

	if (!tlb_entry_serves(entry, entry->la, 0) || entry->la == la)
		return entry;

	thread->victim = (thread->victim + 1) % SGX_TLB_ENTRIES;
	return &thread->tlb[thread->victim];
}

static void tlb_fill(struct sgx_thread *thread, struct sgx_encl *encl,
		     struct sgx_epcm *epcm, unsigned long la, long generation,
		     u32 refused)
{
	struct sgx_tlb_entry *entry;

	/* What it has may be of another enclave, which is going. */
	rcu_read_lock();
	entry = tlb_choose(thread, la);
	rcu_read_unlock();

	/* An interrupt may do an AEX, but none translates. */
	WRITE_ONCE(entry->encl, NULL);
	entry->epcm = epcm;
	entry->la = la;
	entry->generation = generation;
	entry->refused = refused;
	WRITE_ONCE(entry->encl, encl);
}

static struct sgx_attachment *thread_attached(const struct sgx_thread *thread,
					      const struct sgx_encl *encl)
{
	struct sgx_attachment *attachment;

	lockdep_assert_held(&sgx_attach_lock);

	list_for_each_entry(attachment, &thread->attachments, thread_node) {
		if (attachment->encl == encl)
			return attachment;
	}
	return NULL;
}

/**
 * sgx_thread_set_key() - note which pages are open to a thread in an enclave
 * @thread:	running thread, attached to @encl
 * @encl:	enclave
 * @open:	bits of PKRU that are cleared inside
 */
void sgx_thread_set_key(struct sgx_thread *thread, struct sgx_encl *encl,
			u32 open)
{
	struct sgx_attachment *attachment;
	unsigned long flags;

	spin_lock_irqsave(&sgx_attach_lock, flags);
	attachment = thread_attached(thread, encl);
	if (attachment)
		attachment->key_open = open;
	if (thread->key_encl == encl)
		thread->key_open = open;
	spin_unlock_irqrestore(&sgx_attach_lock, flags);
}

/**
 * sgx_thread_key() - what sgx_thread_set_key() noted
 * @thread:	running thread
 * @encl:	enclave
 *
 * Context: the running thread, interrupts off.
 * Return: bits of PKRU.
 */
u32 sgx_thread_key(struct sgx_thread *thread, const struct sgx_encl *encl)
{
	struct sgx_attachment *attachment;
	u32 open = 0;

	spin_lock(&sgx_attach_lock);
	attachment = thread_attached(thread, encl);
	if (attachment)
		open = attachment->key_open;
	spin_unlock(&sgx_attach_lock);
	return open;
}

/*
 * From now on the enclave finds the thread before it goes. The caller holds
 * the mmap_lock, under which the enclave is mapped.
 */
static int thread_attach(struct sgx_thread *thread, struct sgx_encl *encl)
{
	struct sgx_attachment *attachment;
	unsigned long flags;
	bool attached;

	spin_lock_irqsave(&sgx_attach_lock, flags);
	attached = thread_attached(thread, encl);
	spin_unlock_irqrestore(&sgx_attach_lock, flags);
	if (attached)
		return 0;

	attachment = kmalloc(sizeof(*attachment), GFP_KERNEL_ACCOUNT);
	if (!attachment)
		return -ENOMEM;

	attachment->encl = encl;
	attachment->thread = thread;
	spin_lock_irqsave(&sgx_attach_lock, flags);
	list_add(&attachment->encl_node, &encl->threads);
	list_add(&attachment->thread_node, &thread->attachments);
	spin_unlock_irqrestore(&sgx_attach_lock, flags);
	return 0;
}

/* The page-fault error code of an access that the mapping does not allow. */
static void miss_fault(struct sgx_miss *miss, u32 errcd)
{
	miss->fault = true;
	miss->sigbus = false;
	miss->errcd = SGX_PFEC_U | sgx_pfec(miss->access) | errcd;
	miss->answered = true;
}

/* An access that the mapping allows, to a page that there is none of. */
static void miss_sigbus(struct sgx_miss *miss)
{
	miss_fault(miss, 0);
	miss->sigbus = true;
}

/*
 * The accesses that a mapping does not allow, of those that write.
 *
 * A descriptor that cannot be written has no writable mappings, and its enclave
 * would have no TCS and no SSA. There they are the processor's to write all the
 * same, and nobody else's: it takes no permission to write to the device to run
 * what reads and executes only. Where there could be a writable mapping, there
 * has to be one, as on a processor. And what is mapped executable is not
 * written at the same time: that is EXECMEM.
 */
static u32 mapping_refuses(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return 0;
	if (vma->vm_file->f_mode & FMODE_WRITE || vma->vm_flags & VM_EXEC)
		return SGX_PFEC_W | SGX_ACCESS_STATE;
	return SGX_PFEC_W;
}

/*
 * The page of an enclave, which is locked on return, for a leaf. Where there is
 * none, one comes as for an access (EAUG).
 */
static struct sgx_encl_page *thread_lock_page(struct sgx_encl *encl,
					      unsigned long la)
{
	struct sgx_encl_page *page = sgx_encl_lock_page(encl, la);

	if (page)
		return page;

	mutex_unlock(&encl->lock);
	sgx_encl_augment(encl, la);
	return sgx_encl_lock_page(encl, la);
}

/*
 * Look up one address; true if there is a translation. Otherwise there is an
 * answer, or no memory to note one: then the ENCLU comes again from user mode,
 * so that whoever waits for memory can be killed.
 *
 * The mmap_lock is held.
 */
static bool thread_translate(struct sgx_thread *thread, struct mm_struct *mm)
{
	struct sgx_miss *miss = &thread->miss;
	struct vm_area_struct *vma = vma_lookup(mm, miss->la);
	struct sgx_encl_page *page;
	struct sgx_encl *encl;
	long generation;
	u32 refused;

	mmap_assert_locked(mm);

	if (!vma) {
		miss_fault(miss, 0);
		return false;
	}
	if (vma->vm_ops != &sgx_vm_ops) {
		miss->fault = false;
		miss->answered = true;
		return false;
	}

	encl = sgx_vma_encl(vma);
	refused = mapping_refuses(vma);
	/* x86 has no mapping that can be accessed and not read. */
	if (!(vma->vm_flags & VM_ACCESS_FLAGS) || miss->access & refused) {
		miss_fault(miss, SGX_PFEC_P);
		return false;
	}

	page = thread_lock_page(encl, miss->la);
	/* It may have come after the mapping was made, as for a page fault. */
	if (!IS_ERR_OR_NULL(page) &&
	    sgx_encl_check_ceilings(encl, miss->la, miss->la + PAGE_SIZE,
				    vma->vm_flags))
		page = ERR_PTR(-EACCES);
	/* Nor does the processor, without such a mapping, go past a ceiling. */
	if (!(vma->vm_flags & VM_WRITE) &&
	    sgx_encl_check_ceilings(encl, miss->la, miss->la + PAGE_SIZE,
				    VM_WRITE))
		refused |= SGX_PFEC_W | SGX_ACCESS_STATE;
	/*
	 * The page goes under the lock and the mapping under the mmap_lock, so
	 * that both are of this generation. Making room for the page may just
	 * have cost several.
	 */
	generation = atomic_long_read(&encl->generation);
	mutex_unlock(&encl->lock);
	if (page == ERR_PTR(-EIO)) {
		miss_fault(miss, SGX_PFEC_P | SGX_PFEC_SGX);
		return false;
	}
	if (IS_ERR_OR_NULL(page)) {
		miss_sigbus(miss);
		return false;
	}
	if (miss->access & refused) {
		miss_fault(miss, SGX_PFEC_P);
		return false;
	}

	if (thread_attach(thread, encl))
		return false;

	sgx_isolate_attach(thread, vma);
	tlb_fill(thread, encl, &page->epcm, miss->la, generation, refused);
	return true;
}

/* True if there is a translation now, so that the leaf can be executed. */
static bool thread_resolve_miss(struct sgx_thread *thread)
{
	struct mm_struct *mm = current->mm;
	bool found;

	thread->miss.pending = false;
	mmap_read_lock(mm);
	found = thread_translate(thread, mm);
	mmap_read_unlock(mm);
	return found;
}

/*
 * Attachments
 */

static void detach(struct sgx_attachment *attachment)
{
	struct sgx_thread *thread = attachment->thread;
	unsigned int i;

	lockdep_assert_held(&sgx_attach_lock);

	for (i = 0; i < SGX_TLB_ENTRIES; i++) {
		if (thread->tlb[i].encl == attachment->encl)
			WRITE_ONCE(thread->tlb[i].encl, NULL);
	}
	if (thread->entry_now == &attachment->encl->generation)
		WRITE_ONCE(thread->entry_now, &sgx_no_generation);
	list_del(&attachment->encl_node);
	list_del(&attachment->thread_node);
	kfree(attachment);
}

static bool thread_inside(const struct sgx_thread *thread,
			  const struct sgx_encl *encl)
{
	return READ_ONCE(thread->cpu.secs) == &encl->secs.epcm;
}

/* How many threads are made to forget at once, with interrupts off. */
#define DETACH_BATCH 64

/* Some threads. Returns false if all others have been made to forget, too. */
static bool detach_some(struct sgx_encl *encl, bool *inside)
{
	struct sgx_attachment *attachment, *next;
	unsigned int n = 0;
	unsigned long flags;

	*inside = false;
	spin_lock_irqsave(&sgx_attach_lock, flags);
	list_for_each_entry_safe(attachment, next, &encl->threads, encl_node) {
		if (thread_inside(attachment->thread, encl)) {
			*inside = true;
			continue;
		}
		detach(attachment);
		if (++n == DETACH_BATCH)
			break;
	}
	spin_unlock_irqrestore(&sgx_attach_lock, flags);
	return n == DETACH_BATCH;
}

/**
 * sgx_encl_detach_threads() - make all threads forget an enclave
 * @encl:	enclave that no process maps and no descriptor names any more,
 *		with SGX_ENCL_DEAD set, its translations invalidated and a grace
 *		period over since
 *
 * Context: may sleep.
 * Return: true if nothing refers to the enclave any more but RCU readers that
 * began before. False if a thread is still inside: the last one to leave queues
 * &sgx_encl.teardown.
 */
bool sgx_encl_detach_threads(struct sgx_encl *encl)
{
	bool inside;

	set_bit(SGX_ENCL_ENDING, &encl->flags);
	/* Pairs with sgx_thread_left(). */
	smp_mb__after_atomic();

	while (detach_some(encl, &inside))
		cond_resched();
	return !inside;
}

/**
 * sgx_encl_count_threads() - how many threads have used an enclave
 * @encl:	enclave
 * @inside:	how many are inside, returned
 *
 * Context: any.
 * Return: the number of those that are still there.
 */
unsigned int sgx_encl_count_threads(struct sgx_encl *encl, unsigned int *inside)
{
	struct sgx_attachment *attachment;
	unsigned int threads = 0;
	unsigned long flags;

	*inside = 0;
	spin_lock_irqsave(&sgx_attach_lock, flags);
	list_for_each_entry(attachment, &encl->threads, encl_node) {
		threads++;
		if (thread_inside(attachment->thread, encl))
			(*inside)++;
	}
	spin_unlock_irqrestore(&sgx_attach_lock, flags);
	return threads;
}

/**
 * sgx_encl_oldest_epoch() - the lowest entry epoch of the threads inside
 * @encl:	enclave
 *
 * Context: any, interrupts may be off.
 * Return: the epoch, ~0 if no thread is inside.
 */
u64 sgx_encl_oldest_epoch(struct sgx_encl *encl)
{
	u64 oldest = ~0ULL;
	int cpu;

	/* After the caller advanced the epoch; pairs with sgx_eenter(). */
	smp_mb();

	/* A thread that is not running has left when it was switched out. */
	rcu_read_lock();
	for_each_online_cpu(cpu) {
		struct sgx_thread *thread =
			READ_ONCE(per_cpu(sgx_running, cpu));

		if (thread && thread_inside(thread, encl))
			oldest = min(oldest, READ_ONCE(thread->cpu.epoch));
	}
	rcu_read_unlock();
	return oldest;
}

/**
 * sgx_thread_kick() - out of the enclave, before its next instruction
 * @thread:	running thread, inside
 *
 * The FPU may be the kernel's at this moment (a softirq uses it): then it is
 * done on the way back to user mode.
 *
 * Context: the running thread, interrupted; interrupts off.
 */
void sgx_thread_kick(struct sgx_thread *thread)
{
	if (irq_fpu_usable()) {
		sgx_thread_aex(thread, NULL);
		return;
	}
	thread->aex_wanted = true;
	sgx_thread_request(thread);
}

static void cpu_kick(void *info)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (thread && thread_inside(thread, info))
		sgx_thread_kick(thread);
}

/*
 * Whether a processor runs a thread that may be inside, or in the middle of a
 * leaf. One that it runs from now on begins its leaf with what the caller has
 * changed.
 */
static bool cpu_has_thread(int cpu, void *info)
{
	return READ_ONCE(per_cpu(sgx_running, cpu));
}

static void cpu_end_leaf(void *info)
{
}

/**
 * sgx_threads_end_leaves() - the leaves that are under way are over
 *
 * For who has made translations void: a leaf may have looked one up before, and
 * not yet what it found there. Threads that are inside stay there.
 *
 * Context: may sleep.
 */
void sgx_threads_end_leaves(void)
{
	/* As in sgx_encl_interrupt_threads(). */
	smp_mb();
	on_each_cpu_cond(cpu_has_thread, cpu_end_leaf, NULL, true);
}

/**
 * sgx_encl_interrupt_threads() - no thread that is inside goes on there
 * @encl:	enclave
 *
 * And the leaves that are under way are over. Processors that run none of these
 * threads are not disturbed.
 *
 * Context: may sleep.
 */
void sgx_encl_interrupt_threads(struct sgx_encl *encl)
{
	/* What the caller has changed comes before the look at processors. */
	smp_mb();
	on_each_cpu_cond(cpu_has_thread, cpu_kick, encl, true);
}

/**
 * sgx_encl_kick_threads() - make every thread that is inside leave by an AEX
 * @encl:	enclave
 *
 * What the interprocessor interrupts of mainline's ETRACK flow are for. A
 * thread that is not running has left when it was switched out.
 *
 * Context: may sleep.
 */
void sgx_encl_kick_threads(struct sgx_encl *encl)
{
	struct sgx_secs *secs = encl->secs.epcm.page;
	u64 epoch = READ_ONCE(secs->hidden.epoch);

	for (;;) {
		sgx_encl_interrupt_threads(encl);
		if (sgx_encl_oldest_epoch(encl) >= epoch)
			return;
		cond_resched();
	}
}

/*
 * The slow path
 */

static void thread_free(struct rcu_head *rcu)
{
	kmem_cache_free(sgx_thread_cache,
			container_of(rcu, struct sgx_thread, rcu));
}

/* Free it, and unpin the module from where it cannot be running. */
static void thread_free_and_put(struct rcu_head *rcu)
{
	thread_free(rcu);
	module_put(THIS_MODULE);
}

/*
 * There was an execve(). The translations of the old address space may be good
 * where they come from, if others go on to use it, and mean nothing here.
 */
static void thread_new_mm(struct sgx_thread *thread)
{
	unsigned int i;

	for (i = 0; i < SGX_TLB_ENTRIES; i++)
		WRITE_ONCE(thread->tlb[i].encl, NULL);
	WRITE_ONCE(thread->entry_now, &sgx_no_generation);
	thread->miss = (struct sgx_miss){};
	thread->fault_told = (struct sgx_fault_told){};
	thread->key_encl = NULL;
	thread->key_open = 0;
	thread->key_closed = 0;
	thread->mm_id = sgx_mm_id();
}

/* Whether the process maps an enclave: what ENCLU means to it hangs on that. */
static void thread_find_enclave(struct sgx_thread *thread)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for (vma = find_vma(mm, 0); vma; vma = find_vma(mm, vma->vm_end)) {
		if (vma->vm_ops == &sgx_vm_ops)
			break;
	}
	mmap_read_unlock(mm);

	if (vma)
		thread_new_mm(thread);
	else
		thread->no_enclave = true;
}

/**
 * sgx_thread_zap() - have an address faulted in again by the running thread
 * @thread:	running thread
 * @addr:	address of an enclave's page
 *
 * The page table entries are gone before the thread executes its next
 * instruction.
 *
 * Context: the running thread, interrupts off.
 */
void sgx_thread_zap(struct sgx_thread *thread, unsigned long addr)
{
	thread->zap = addr;
	sgx_thread_request(thread);
}

static void thread_do_zap(struct sgx_thread *thread)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, thread->zap);
	if (vma && vma->vm_ops == &sgx_vm_ops)
		unmap_mapping_range(&sgx_vma_encl(vma)->mapping, thread->zap,
				    PAGE_SIZE, 1);
	mmap_read_unlock(mm);
	thread->zap = 0;
}

static void thread_work(struct callback_head *head)
{
	struct sgx_thread *thread = container_of(head, struct sgx_thread, work);

	WRITE_ONCE(thread->work_queued, false);

	if (thread->exited) {
		call_rcu(&thread->rcu, thread_free_and_put);
		return;
	}
	if (!current->mm)
		return;

	if (thread->aex_wanted) {
		thread->aex_wanted = false;
		preempt_disable();
		if (sgx_enclave_mode(&thread->cpu))
			sgx_thread_aex(thread, NULL);
		preempt_enable();
	}
	if (thread->diverted) {
		thread->diverted = 0;
		thread_allow_calls(thread);
	}
	if (thread->zap)
		thread_do_zap(thread);
	if (thread->abort.pending)
		sgx_abort_access(thread);
	if (thread->mm_id != sgx_mm_id())
		thread_find_enclave(thread);
	else if (thread->miss.pending && thread_resolve_miss(thread))
		sgx_trap_again(thread);
}

/**
 * sgx_thread_request() - have the slow path run before the return to user mode
 * @thread:	running thread
 *
 * Context: the running thread, interrupts or preemption off.
 * Return: 0, or -ESRCH if the thread is exiting.
 */
int sgx_thread_request(struct sgx_thread *thread)
{
	int ret;

	if (xchg(&thread->work_queued, true))
		return 0;
	ret = task_work_add(current, &thread->work, TWA_RESUME);
	if (ret)
		thread->work_queued = false;
	return ret;
}

/*
 * Threads come and go
 */

static void thread_sched_in(struct preempt_notifier *notifier, int cpu)
{
	this_cpu_write(sgx_running,
		       container_of(notifier, struct sgx_thread, notifier));
}

/*
 * The registers of a thread that is not running can be seen (ptrace, /proc),
 * and its FS and GS are used by others: it leaves the enclave first, as it
 * does on hardware with the interrupt that takes the processor away.
 */
static void thread_sched_out(struct preempt_notifier *notifier,
			     struct task_struct *next)
{
	struct sgx_thread *thread =
		container_of(notifier, struct sgx_thread, notifier);

	if (sgx_enclave_mode(&thread->cpu))
		sgx_thread_aex(thread, NULL);
	this_cpu_write(sgx_running, NULL);
}

static struct preempt_ops sgx_preempt_ops = {
	.sched_in = thread_sched_in,
	.sched_out = thread_sched_out,
};

/**
 * sgx_thread_create() - make the running thread's struct
 *
 * It pins the module until the thread exits: the thread has a notifier of ours,
 * which only the thread itself can take off.
 *
 * Context: the running thread, preemption off; does not sleep.
 * Return: the struct, NULL if there is no memory now or the module is going
 * away.
 */
struct sgx_thread *sgx_thread_create(void)
{
	struct sgx_thread *thread;

	if (!try_module_get(THIS_MODULE))
		return NULL;

	thread = kmem_cache_zalloc(sgx_thread_cache,
				   GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!thread) {
		module_put(THIS_MODULE);
		return NULL;
	}

	sgx_cpu_init(&thread->cpu, &sgx_core);
	thread->entry_now = &sgx_no_generation;
	INIT_LIST_HEAD(&thread->attachments);
	init_task_work(&thread->work, thread_work);
	preempt_notifier_init(&thread->notifier, &sgx_preempt_ops);
	preempt_notifier_register(&thread->notifier);
	atomic_inc(&sgx_threads);
	this_cpu_write(sgx_running, thread);
	return thread;
}

/**
 * thread_destroy() - the running thread exits
 * @thread:	its struct
 *
 * Context: the running thread, preemption off.
 */
static void thread_destroy(struct sgx_thread *thread)
{
	struct sgx_attachment *attachment, *next;
	unsigned long flags;

	if (sgx_enclave_mode(&thread->cpu))
		sgx_thread_aex(thread, NULL);

	spin_lock_irqsave(&sgx_attach_lock, flags);
	list_for_each_entry_safe(attachment, next, &thread->attachments,
				 thread_node)
		detach(attachment);
	spin_unlock_irqrestore(&sgx_attach_lock, flags);

	preempt_notifier_unregister(&thread->notifier);
	this_cpu_write(sgx_running, NULL);
	/* What it had is out of the scheduler's way, see sgx_thread_unwatch(). */
	smp_mb__before_atomic();
	atomic_dec(&sgx_threads);

	/* Work that is on its way runs later in the exit, and frees it then. */
	thread->exited = true;
	if (thread->work_queued)
		return;

	/*
	 * Unpinned here and not when it is freed, so that the module can be
	 * removed as soon as the process is gone. Unloading waits for this
	 * probe and for the callback.
	 */
	call_rcu(&thread->rcu, thread_free);
	module_put(THIS_MODULE);
}

/*
 * Probe of the tracepoint sched_process_exit: the running thread exits. Newer
 * kernels call probes with preemption on.
 */
static void thread_exit_probe(void *data, struct task_struct *task)
{
	struct sgx_thread *thread;

	preempt_disable();
	thread = sgx_this_thread();
	if (thread && task == current)
		thread_destroy(thread);
	preempt_enable();
}

/**
 * sgx_thread_watch() - threads can use enclaves from now on
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT if the kernel lacks a tracepoint, or -ENOMEM.
 */
int sgx_thread_watch(void)
{
	int ret;

	preempt_notifier_inc();
	ret = sgx_probe_register("sched_process_exit", thread_exit_probe);
	if (ret)
		preempt_notifier_dec();
	return ret;
}

/**
 * sgx_thread_unwatch() - undo sgx_thread_watch() if no thread needs it
 *
 * A thread that has used an enclave is watched to its end: it may use another
 * one. There are no new ones, for the hooks of trap.c are gone.
 *
 * Context: may sleep.
 * Return: false if there is a thread, and nothing has been undone.
 */
bool sgx_thread_unwatch(void)
{
	if (atomic_read_acquire(&sgx_threads))
		return false;

	sgx_probe_unregister("sched_process_exit", thread_exit_probe);
	preempt_notifier_dec();
	return true;
}

/**
 * sgx_thread_init() - get ready for threads
 *
 * Return: 0 or -ENOMEM.
 */
int sgx_thread_init(void)
{
	sgx_thread_cache = KMEM_CACHE(sgx_thread, SLAB_ACCOUNT);
	return sgx_thread_cache ? 0 : -ENOMEM;
}

/**
 * sgx_thread_exit() - undo sgx_thread_init()
 *
 * No thread has a struct any more: each pins the module.
 */
void sgx_thread_exit(void)
{
	/* Structs that are being freed, and the last callbacks. */
	rcu_barrier();
	kmem_cache_destroy(sgx_thread_cache);
}
