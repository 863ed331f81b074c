/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that uses enclaves: its logical processor, its cache of
 * translations, and to which enclaves it is attached.
 */
#ifndef SOFTSGX_DRIVER_THREAD_H
#define SOFTSGX_DRIVER_THREAD_H

#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/syscall_user_dispatch.h>
#include <linux/task_work.h>
#include <asm/insn.h>
#include <asm/pkru.h>
#include "compat.h"
#include "encl.h"
#include "fsgs.h"

#define SGX_TLB_ENTRIES 16

/* The widest vector register of which instructions are carried out: YMM. */
#define SGX_VECTOR_SIZE 32

/**
 * struct sgx_tlb_entry - a translation that was checked under the mmap_lock
 * @encl:	enclave that is mapped there; NULL for an empty entry. Another
 *		thread may set it to NULL, and then frees the enclave only after
 *		an RCU grace period
 * @epcm:	EPC page at that address
 * @la:		linear address, page aligned
 * @generation:	of @encl when the entry was made; the entry is void if the
 *		enclave's differs now
 * @refused:	the accesses of &sgx_host_ops.walk that the mapping does not allow
 */
struct sgx_tlb_entry {
	struct sgx_encl *encl;
	struct sgx_epcm *epcm;
	unsigned long la;
	long generation;
	u32 refused;
};

/**
 * struct sgx_attachment - a thread that may enter an enclave
 * @encl:	enclave
 * @thread:	thread
 * @encl_node:	in &sgx_encl.threads
 * @thread_node: in &sgx_thread.attachments
 * @key_open:	bits of PKRU that are cleared while @thread is inside
 *
 * All but the pointers is protected by sgx_attach_lock.
 */
struct sgx_attachment {
	struct sgx_encl *encl;
	struct sgx_thread *thread;
	struct list_head encl_node;
	struct list_head thread_node;
	u32 key_open;
};

/**
 * struct sgx_miss - the translation that made a leaf return SGX_RETRY
 * @la:		linear address, page aligned
 * @access:	as for &sgx_host_ops.walk
 * @pending:	the slow path has to look it up
 * @answered:	the slow path looked it up and there is no EPC page for this
 *		access; the next walk of @la takes the answer from here, unless
 *		the leaf faults for something else or a signal comes before
 * @fault:	the answer is a page fault with @errcd; otherwise ordinary
 *		memory is mapped there
 * @errcd:	page-fault error code
 * @sigbus:	the signal for it is SIGBUS, as where the kernel's fault handler
 *		finds no page
 * @ip:		RIP at the leaf
 * @secs:	SECS of the enclave that the thread was in; only compared with
 */
struct sgx_miss {
	unsigned long la;
	u32 access;
	bool pending;
	bool answered;
	bool fault;
	bool sigbus;
	u32 errcd;
	unsigned long ip;
	struct sgx_epcm *secs;
};

/**
 * struct sgx_delivery - how the exception that is being raised has to look
 * @armed:	the next signal that the kernel forces for a fault is this one
 * @ip:		RIP at that moment
 * @sig:	signal number to send instead, 0 for the kernel's own choice
 * @code:	si_code to go with @sig
 * @addr:	si_addr
 * @vector:	exception vector for the signal frame
 * @errcd:	error code for the signal frame
 */
struct sgx_delivery {
	bool armed;
	unsigned long ip;
	int sig;
	int code;
	unsigned long addr;
	u8 vector;
	u32 errcd;
};

/* What becomes of a page fault inside. */
enum sgx_fault_fate {
	SGX_FAULT_ORDINARY, /* AEX, and the kernel handles it */
	SGX_FAULT_AGAIN,    /* if the kernel does not resolve it, it is dropped */
	SGX_FAULT_KEPT,	    /* no AEX: there is the abort page */
};

/**
 * struct sgx_fault_told - what the SSA says of the last page fault inside
 * @address:	of the fault
 * @errcd:	from the processor
 * @added:	to @errcd, in EXINFO.ERRCD
 * @expected:	what to add if the same fault comes again
 * @exinfo:	there is EXINFO
 *
 * Whether it was the EPCM that forbade the access is known only when the kernel
 * has looked at the page, and EXINFO is written before, by the AEX. If the
 * enclave was told something else than the program is about to be, the program
 * is told nothing, and the fault comes again after ERESUME, with the difference
 * expected.
 */
struct sgx_fault_told {
	unsigned long address;
	u32 errcd;
	u32 added;
	u32 expected;
	bool exinfo;
};

/**
 * struct sgx_abort - an access to the pages of an enclave from outside of it
 * @pending:	@ip is to be carried out, with the abort page
 * @refused:	it could not be: the next fault there goes to the program
 * @ip:		instruction
 * @address:	the address that faulted
 * @encl:	enclave in which the thread is, NULL outside
 * @running:	the same while the access is being carried out, NULL else; only
 *		compared with
 */
struct sgx_abort {
	bool pending;
	bool refused;
	unsigned long ip;
	unsigned long address;
	struct sgx_encl *encl;
	const struct sgx_encl *running;
};

/**
 * struct sgx_thread - a thread that has executed ENCLU
 * @cpu:	its logical processor
 * @tlb:	translations; written by the thread itself, but see
 * &sgx_tlb_entry
 * @victim:	where the next translation goes if its own place is taken
 * @entry_now:	&sgx_encl.generation of the translations behind &sgx_cpu.last, or
 *		&sgx_no_generation; another thread may set it to that, as it may
 *		&sgx_tlb_entry.encl
 * @entry_generation: what it was when they were looked up
 * @miss:	see &struct sgx_miss
 * @delivery:	see &struct sgx_delivery
 * @fault_inside: the page fault being handled came from inside an enclave
 * @fault_astray: and from where the enclave had no business to execute
 * @epcm_fault:	the page fault being handled is the EPCM's doing
 * @zapped_fault: it found no page table entry, but only for sgx_isolate_zapped()
 * @fault_told:	see &struct sgx_fault_told
 * @fp_fault:	the exception being handled is a #MF or #XM from inside
 * @fault_fate:	see &enum sgx_fault_fate
 * @fault_encl:	the enclave from inside which the page fault came, NULL outside;
 *		only compared with
 * @abort:	see &struct sgx_abort
 * @mm_id:	address space in which an enclave was seen, and that of @tlb; 0 for
 *		none. As sgx_mm_id() has it
 * @no_enclave:	the slow path saw none: the ENCLU at hand is an invalid opcode
 * @exited:	the thread has exited, @work frees this
 * @work:	the slow path, run before the thread returns to user mode
 * @work_queued: @work is on its way
 * @aex_wanted:	@work shall do an AEX
 * @interrupted: the last AEX had no exception; or there was one since, outside,
 *		for which this was looked at
 * @diverted:	vector of the exception that a system call inside became, until
 *		@work has run; 0 for none. See sgx_thread_aex_call()
 * @zap:	@work shall have the page table entries of this address go; 0 if
 *		none
 * @notifier:	tells when the thread leaves a processor and comes back
 * @attachments: struct sgx_attachment, under sgx_attach_lock
 * @dispatch:	the program's own syscall user dispatch while inside
 * @had_dispatch: @dispatch was in use
 * @pkru:	the program's PKRU while inside
 * @key_encl:	the enclave that was entered last; only compared with
 * @key_open:	bits of PKRU that are cleared in @key_encl
 * @key_closed:	bits of PKRU that are set outside, as far as is known
 * @rcu:	to free it
 *
 * Made when a thread executes ENCLU for the first time, freed when it exits.
 * Only the thread itself uses it, on the processor where it runs, but for
 * &sgx_cpu.secs and &sgx_cpu.epoch, which others read, and @tlb.
 */
struct sgx_thread {
	struct sgx_cpu cpu;
	struct sgx_tlb_entry tlb[SGX_TLB_ENTRIES];
	unsigned int victim;
	const atomic_long_t *entry_now;
	long entry_generation;
	struct sgx_miss miss;
	struct sgx_delivery delivery;
	bool fault_inside;
	bool fault_astray;
	bool epcm_fault;
	bool zapped_fault;
	struct sgx_fault_told fault_told;
	bool fp_fault;
	enum sgx_fault_fate fault_fate;
	struct sgx_encl *fault_encl;
	struct sgx_abort abort;
	bool work_queued;
	bool aex_wanted;
	bool interrupted;
	u8 diverted;
	bool no_enclave;
	bool exited;
	unsigned long zap;
	u64 mm_id;
	struct callback_head work;
	struct preempt_notifier notifier;
	struct list_head attachments;
	struct syscall_user_dispatch dispatch;
	bool had_dispatch;
	u32 pkru;
	struct sgx_encl *key_encl;
	u32 key_open;
	u32 key_closed;
	struct rcu_head rcu;
};

DECLARE_PER_CPU(struct sgx_thread *, sgx_running);

/* No enclave has this generation. */
#define SGX_NO_GENERATION (-1L)
extern const atomic_long_t sgx_no_generation;

/* The registers of a thread, as the architecture has them; see trap.c. */
static inline struct sgx_regs *sgx_pt_regs(struct pt_regs *regs)
{
	return (struct sgx_regs *)regs;
}

/*
 * What the address space of the running thread is known by. Other than its
 * address, it is never used again.
 */
static inline u64 sgx_mm_id(void)
{
	return current->mm->context.ctx_id;
}

/* The struct of the running thread, NULL if it has none. Preemption is off. */
static inline struct sgx_thread *sgx_this_thread(void)
{
	return this_cpu_read(sgx_running);
}

/* The same while the thread may be preempted: it is current's own. */
struct sgx_thread *sgx_current_thread(void);

/*
 * Whether a thread that is inside executes outside of its enclave's range. A
 * processor raises #GP instead of fetching from there (SDM 3D, "Access-control
 * Requirements"). Page tables cannot tell enclave mode from other: it is noticed
 * at the next event, and by ENCLU.
 */
static inline bool sgx_thread_astray(const struct sgx_thread *thread,
				     unsigned long ip)
{
	return ip - thread->cpu.base >= thread->cpu.size;
}

/* thread.c */
int sgx_thread_walk(struct sgx_cpu *cpu, u64 la, u32 access,
		    struct sgx_epcm **epcm);
bool sgx_thread_forget(struct sgx_thread *thread, unsigned long la);
struct sgx_thread *sgx_thread_create(void);
int sgx_thread_request(struct sgx_thread *thread);
void sgx_thread_put_aside_dispatch(struct sgx_thread *thread);
void sgx_thread_aex_call(struct sgx_thread *thread);
void sgx_thread_kick(struct sgx_thread *thread);
void sgx_thread_zap(struct sgx_thread *thread, unsigned long addr);
bool sgx_thread_aex(struct sgx_thread *thread, const struct sgx_fault *fault);
bool sgx_encl_detach_threads(struct sgx_encl *encl);
unsigned int sgx_encl_count_threads(struct sgx_encl *encl,
				    unsigned int *inside);
u64 sgx_encl_oldest_epoch(struct sgx_encl *encl);
void sgx_encl_kick_threads(struct sgx_encl *encl);
void sgx_threads_end_leaves(void);
void sgx_encl_interrupt_threads(struct sgx_encl *encl);
void sgx_thread_set_key(struct sgx_thread *thread, struct sgx_encl *encl,
			u32 open);
u32 sgx_thread_key(struct sgx_thread *thread, const struct sgx_encl *encl);
int sgx_thread_watch(void);
bool sgx_thread_unwatch(void);
int sgx_thread_init(void);
void sgx_thread_exit(void);

/**
 * sgx_thread_before_entry() - see that &sgx_cpu.last still holds
 * @thread:	running thread, not in enclave mode
 *
 * Context: the running thread, interrupts off.
 */
static inline void sgx_thread_before_entry(struct sgx_thread *thread)
{
	if (unlikely(atomic_long_read(READ_ONCE(thread->entry_now)) !=
		     thread->entry_generation))
		sgx_forget(&thread->cpu);
}

/**
 * sgx_thread_entered() - the running thread is in enclave mode now
 * @thread:	running thread
 *
 * System calls are not legal inside. The kernel can divert a thread's system
 * calls of every kind, so that none is carried out: signal.c makes an invalid
 * opcode exception of them. Programs use that facility too; theirs is put
 * aside.
 *
 * See signal.c for restartable sequences.
 *
 * PKRU is in no enclave's XFRM, but it is in XCR0, which is not the enclave's
 * here: an XRSTOR of all that there is changes it. It is kept for the program.
 *
 * Context: the running thread, interrupts off.
 */
static __always_inline void sgx_thread_entered(struct sgx_thread *thread)
{
	sgx_fsgs_enter(&thread->cpu);
	sgx_rseq_forget();

	thread->pkru = read_pkru();
	if (unlikely(test_syscall_work(SYSCALL_USER_DISPATCH))) {
		sgx_thread_put_aside_dispatch(thread);
	} else {
		thread->had_dispatch = false;
		set_syscall_work(SYSCALL_USER_DISPATCH);
	}
}

/**
 * sgx_thread_left() - the running thread has left enclave mode
 * @thread:	running thread
 * @secs:	SECS of the enclave that it was in
 *
 * Context: the running thread, interrupts off; may be in the middle of a
 * context switch, with the run queue locked.
 */
static __always_inline void sgx_thread_left(struct sgx_thread *thread,
					    struct sgx_epcm *secs)
{
	struct sgx_encl *encl = sgx_secs_encl(secs);

	sgx_fsgs_leave(&thread->cpu);
	write_pkru(thread->pkru);
	if (unlikely(thread->had_dispatch)) {
		current->syscall_dispatch = thread->dispatch;
		/* See below. */
		smp_mb();
	} else {
		current->syscall_dispatch.on_dispatch = false;
		clear_syscall_work(SYSCALL_USER_DISPATCH);
		/*
		 * Pairs with sgx_encl_detach_threads(), which sets the flag and
		 * then looks who is inside. The leaf has cleared &sgx_cpu.secs.
		 */
		smp_mb__after_atomic();
	}
	if (unlikely(test_bit(SGX_ENCL_ENDING, &encl->flags)))
		irq_work_queue(&encl->last_left);
}

/* probe.c: finding and using tracepoints */
int sgx_probe_register(const char *name, void *probe);
void sgx_probe_unregister(const char *name, void *probe);

/* trap.c: #UD and the other exceptions */
int sgx_trap_init(void);
void sgx_trap_exit(void);
bool sgx_vdso_fixup(struct pt_regs *regs, const struct sgx_fault *fault);
void sgx_trap_raise(struct sgx_thread *thread, struct pt_regs *regs, u8 vector);
void sgx_trap_again(struct sgx_thread *thread);

/* fault.c: page faults, and how exceptions reach the program */
void sgx_fault_is_epcm(void);
void sgx_fault_will_be_epcm(void);
int sgx_kprobe_register(struct kprobe *kp);
int sgx_kprobes_register(struct kprobe *kps, unsigned int n);
void sgx_kprobes_unregister(struct kprobe *kps, unsigned int n);
int sgx_fault_init(void);
void sgx_fault_exit(void);

/* signal.c: signals, system calls */
int sgx_signal_init(void);
void sgx_signal_exit(void);

/* return.S: to run in place of a probed function, and a call by address */
bool sgx_return_true(void);
int sgx_return_zero(void);
int sgx_call_decoder(struct insn *insn, const void *bytes, int len,
		     enum insn_mode mode, unsigned long function);

/* xstate.c: extended state */
void sgx_xsave(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
	       unsigned int n, const struct sgx_synthetic *synthetic);
int sgx_xrstor(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
	       unsigned int n);
void sgx_vector_get(unsigned int reg, u8 value[SGX_VECTOR_SIZE]);
void sgx_vector_set(unsigned int reg, const u8 value[SGX_VECTOR_SIZE],
		    bool vex);
void sgx_xstate_init(struct sgx_core *core);

#endif /* SOFTSGX_DRIVER_THREAD_H */
