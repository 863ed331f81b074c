// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions of user mode: #UD, which is how ENCLU arrives, and those that end
 * an enclave's execution.
 *
 * The kernel tells its die notifiers of an exception before it makes a signal
 * of it, with interrupts off. What a notifier leaves in the registers is what
 * the rest of the kernel goes on with. #GP and a few more are not told to
 * notifiers; fault.c catches them one step later.
 */
#include <linux/build_bug.h>
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/uaccess.h>
#include <asm/debugreg.h>
#include <asm/trapnr.h>
#include <asm/vdso.h>
#include "insn.h"
#include "isolate.h"
#include "stats.h"
#include "thread.h"
#include "trace.h"

static void trap_build_check(void)
{
#define SAME(arch, linux)                               \
	BUILD_BUG_ON(offsetof(struct sgx_regs, arch) != \
		     offsetof(struct pt_regs, linux))
	SAME(r15, r15);
	SAME(r14, r14);
	SAME(r13, r13);
	SAME(r12, r12);
	SAME(rbp, bp);
	SAME(rbx, bx);
	SAME(r11, r11);
	SAME(r10, r10);
	SAME(r9, r9);
	SAME(r8, r8);
	SAME(rax, ax);
	SAME(rcx, cx);
	SAME(rdx, dx);
	SAME(rsi, si);
	SAME(rdi, di);
	SAME(rip, ip);
	SAME(rflags, flags);
	SAME(rsp, sp);
#undef SAME
}

/* struct vdso_exception_table_entry of the kernel, which no header has. */
struct vdso_entry {
	int insn;
	int fixup;
};

/**
 * sgx_vdso_fixup() - hand an exception to __vdso_sgx_enter_enclave
 * @regs:	registers of the running thread
 * @fault:	exception
 *
 * The vDSO has a table of instructions whose exceptions it wants to have in
 * registers instead of a signal: its ENCLU. The rule is that of the kernel's
 * own fixup (arch/x86/entry/vdso/extable.c), which serves the exceptions that
 * the kernel raises; this one serves those that only SGX knows.
 *
 * Context: the running thread; may be atomic, touches no user memory.
 * Return: true if the vDSO takes it.
 */
bool sgx_vdso_fixup(struct pt_regs *regs, const struct sgx_fault *fault)
{
	const struct vdso_image *image = current->mm->context.vdso_image;
	unsigned long vdso = (unsigned long)current->mm->context.vdso;
	const struct vdso_entry *entry;
	unsigned long base;
	unsigned int i;

	/* Debug exceptions are for debuggers. */
	if (fault->vector == X86_TRAP_DB || fault->vector == X86_TRAP_BP)
		return false;
	if (!vdso || !image)
		return false;

	base = vdso + image->extable_base;
	entry = image->extable;
	for (i = 0; i < image->extable_len / sizeof(*entry); i++) {
		if (regs->ip != base + entry[i].insn)
			continue;
		regs->ip = base + entry[i].fixup;
		regs->di = fault->vector;
		regs->si = fault->errcd;
		regs->dx = fault->addr;
		return true;
	}
	return false;
}

/* Is it the page fault that the slow path has answered a miss with last? */
static bool trap_is_sigbus(const struct sgx_miss *miss,
			   const struct sgx_fault *fault)
{
	return miss->sigbus && miss->la == (fault->addr & PAGE_MASK) &&
	       !(fault->errcd & SGX_PFEC_SGX);
}

/**
 * sgx_trap_raise() - raise an exception inside
 * @thread:	running thread, inside
 * @regs:	its registers
 * @vector:	X86_TRAP_UD or X86_TRAP_GP; the error code is 0
 *
 * For the exceptions of which the kernel knows nothing, or which it takes for
 * others: the vDSO has them in registers afterwards, or the program its signal.
 *
 * Context: the running thread, preemption off, irq_fpu_usable().
 */
void sgx_trap_raise(struct sgx_thread *thread, struct pt_regs *regs, u8 vector)
{
	struct sgx_fault fault = { .vector = vector };

	if (!sgx_thread_aex(thread, &fault) || sgx_vdso_fixup(regs, &fault))
		return;
	current->thread.trap_nr = vector;
	current->thread.error_code = 0;
	force_sig(vector == X86_TRAP_UD ? SIGILL : SIGSEGV);
}

/*
 * The signal that the kernel is about to force for this #UD has to be the one
 * of another exception. fault.c changes it in passing.
 */
static void trap_arm(struct sgx_thread *thread, const struct sgx_fault *fault)
{
	struct sgx_delivery *delivery = &thread->delivery;

	*delivery = (struct sgx_delivery){
		.armed = true,
		.ip = thread->cpu.regs->rip,
		.vector = fault->vector,
		.errcd = fault->errcd,
		.addr = fault->addr,
	};

	switch (fault->vector) {
	case X86_TRAP_PF:
		delivery->sig = SIGSEGV;
		delivery->code = fault->errcd & SGX_PFEC_P ? SEGV_ACCERR
							   : SEGV_MAPERR;
		if (trap_is_sigbus(&thread->miss, fault)) {
			delivery->sig = SIGBUS;
			delivery->code = BUS_ADRERR;
		}
		break;
	case X86_TRAP_GP:
		delivery->sig = SIGSEGV;
		delivery->code = SI_KERNEL;
		break;
	default:
		/* The signal is right, its address is the enclave's RIP. */
		delivery->addr = thread->cpu.regs->rip;
		break;
	}
}

/* A leaf faulted: at the ENCLU itself, or inside, which is an AEX as well. */
static noinline int trap_leaf_fault(struct sgx_thread *thread,
				    struct pt_regs *regs)
{
	struct sgx_fault fault = thread->cpu.fault;

	/* What it was answered last may not be what it has faulted for. */
	thread->miss.answered = false;

	/* The page is being evicted. Once more, and it comes back. */
	if (fault.vector == X86_TRAP_PF && fault.errcd & SGX_PFEC_SGX &&
	    sgx_thread_forget(thread, fault.addr & PAGE_MASK))
		return NOTIFY_STOP;

	if (sgx_enclave_mode(&thread->cpu)) {
		sgx_thread_aex(thread, &fault);
		/* A page-fault address in an enclave is shown as a page. */
		fault.addr &= PAGE_MASK;
	}

	if (sgx_vdso_fixup(regs, &fault))
		return NOTIFY_STOP;
	trap_arm(thread, &fault);
	return NOTIFY_DONE;
}

/* The slow path runs, and then the ENCLU again; or not, if the thread exits. */
static int trap_retry(struct sgx_thread *thread)
{
	return sgx_thread_request(thread) ? NOTIFY_DONE : NOTIFY_STOP;
}

/* The thread has not executed ENCLU in this address space yet. */
static noinline int trap_first(struct sgx_thread *thread)
{
	if (!thread) {
		thread = sgx_thread_create();
		/* No memory at this moment: the program tries again. */
		return thread ? trap_retry(thread) : NOTIFY_STOP;
	}
	if (!thread->no_enclave)
		return trap_retry(thread);
	thread->no_enclave = false;
	return NOTIFY_DONE;
}

static noinline int trap_incomplete(struct sgx_thread *thread,
				    struct pt_regs *regs, int outcome)
{
	if (outcome == SGX_RETRY)
		return trap_retry(thread);
	return trap_leaf_fault(thread, regs);
}

static __always_inline int trap_leaf_done(struct sgx_thread *thread,
					  struct pt_regs *regs, int outcome)
{
	if (unlikely(outcome))
		return trap_incomplete(thread, regs, outcome);
	return NOTIFY_STOP;
}

/* An entry point, or the RIP of an SSA frame, can be anywhere. */
static __always_inline void trap_entered(struct sgx_thread *thread,
					 struct pt_regs *regs)
{
	struct sgx_encl *encl = sgx_secs_encl(thread->cpu.secs);

	sgx_count(encl, entries);
	/* The arguments are not looked up for nobody. */
	if (trace_sgx_enter_enabled())
		trace_sgx_enter(encl->id, thread->cpu.tcs_la);
	sgx_thread_entered(thread);
	sgx_isolate_enter(thread);
	if (unlikely(sgx_thread_astray(thread, regs->ip)))
		sgx_trap_raise(thread, regs, X86_TRAP_GP);
}

static __always_inline void trap_exit(struct sgx_thread *thread,
				      struct sgx_epcm *secs)
{
	if (trace_sgx_exit_enabled())
		trace_sgx_exit(sgx_secs_encl(secs)->id, thread->cpu.tcs_la);
	sgx_thread_left(thread, secs);
}

/*
 * The single step over a leaf: a #DB at its end. Who sets TF inside after an
 * opt-out entry has not set it: see trap_debug().
 */
static noinline void trap_step(struct sgx_thread *thread, struct pt_regs *regs)
{
	struct sgx_fault fault = { .vector = X86_TRAP_DB };
	struct kernel_siginfo info;

	if (sgx_enclave_mode(&thread->cpu) && !thread->cpu.dbgoptin) {
		regs->flags &= ~X86_EFLAGS_TF;
		return;
	}
	if (sgx_enclave_mode(&thread->cpu) && !sgx_thread_aex(thread, &fault))
		return;

	current->thread.trap_nr = X86_TRAP_DB;
	current->thread.error_code = 0;
	clear_siginfo(&info);
	info.si_signo = SIGTRAP;
	info.si_code = TRAP_TRACE;
	info.si_addr = (void __user *)regs->ip;
	send_sig_info(SIGTRAP, &info, current);
}

/* The leaf itself; nothing has changed unless it returns 0. */
static __always_inline int trap_leaf(struct sgx_thread *thread,
				     struct pt_regs *regs)
{
	struct sgx_epcm *secs = thread->cpu.secs;
	int ret;

	if (!secs)
		sgx_thread_before_entry(thread);
	thread->cpu.regs = sgx_pt_regs(regs);
	ret = sgx_enclu(&thread->cpu);
	if (unlikely(ret))
		return ret;

	/* Outside there are only leaves that enter. */
	if (!secs)
		trap_entered(thread, regs);
	else if (!thread->cpu.secs)
		trap_exit(thread, secs);
	/* For entries see trap_stepped_entry(). */
	if (secs && unlikely(regs->flags & X86_EFLAGS_TF))
		trap_step(thread, regs);
	return 0;
}

/*
 * A leaf, perhaps an entry with TF set. At the end of ERESUME there is a #DB only
 * if it has notified.
 */
static noinline int trap_stepped_entry(struct sgx_thread *thread,
				       struct pt_regs *regs)
{
	const u32 leaf = regs->ax;
	int ret = trap_leaf(thread, regs);

	if (!ret && regs->flags & X86_EFLAGS_TF &&
	    (leaf == SGX_EENTER ||
	     (leaf == SGX_ERESUME && sgx_notified(&thread->cpu))))
		trap_step(thread, regs);
	return ret;
}

static __always_inline int trap_enclu(struct sgx_thread *thread,
				      struct pt_regs *regs)
{
	if (unlikely(!thread))
		return trap_first(thread);
	trace_sgx_enclu(regs->ax, regs->bx, regs->cx);

	/* Inside there is no execve(), so that the address space is the same. */
	if (!thread->cpu.secs) {
		if (unlikely(thread->mm_id != sgx_mm_id()))
			return trap_first(thread);
		if (unlikely(regs->flags & X86_EFLAGS_TF))
			return trap_leaf_done(thread, regs,
					      trap_stepped_entry(thread, regs));
	} else if (unlikely(sgx_thread_astray(thread, regs->ip))) {
		sgx_trap_raise(thread, regs, X86_TRAP_GP);
		return NOTIFY_STOP;
	}

	return trap_leaf_done(thread, regs, trap_leaf(thread, regs));
}

/* An ENCLU that has prefixes; sgx_trap_again() would not know of them. */
static noinline int trap_prefixed(struct sgx_thread *thread,
				  struct pt_regs *regs, int len)
{
	int ret;

	if (!thread)
		return trap_first(NULL);
	thread->cpu.enclu_len = len;
	ret = trap_enclu(thread, regs);
	thread->cpu.enclu_len = SGX_ENCLU_LEN;
	thread->miss.ip = ULONG_MAX;
	return ret;
}

/**
 * sgx_trap_again() - execute an ENCLU that lacked a translation
 * @thread:	running thread, on its way back to user mode from the #UD of that
 *		ENCLU; the slow path has answered &sgx_thread.miss
 *
 * So that it need not come by another #UD. That is left to it when the leaf
 * faults, which is for the notifier to raise; and when the thread has left the
 * enclave meanwhile, by an interrupt: then what it returns to is its AEP.
 *
 * Context: the running thread, may sleep.
 */
void sgx_trap_again(struct sgx_thread *thread)
{
	struct pt_regs *regs = task_pt_regs(current);
	unsigned long flags;

	local_irq_save(flags);
	if (regs->ip == thread->miss.ip &&
	    thread->cpu.secs == thread->miss.secs) {
		trace_sgx_enclu(regs->ax, regs->bx, regs->cx);
		if (trap_stepped_entry(thread, regs) == SGX_RETRY)
			sgx_thread_request(thread);
	}
	local_irq_restore(flags);
}

/* The instruction of a #UD could not be read at once, or has a prefix. */
static noinline int trap_find_enclu_anew(struct pt_regs *regs)
{
	struct sgx_thread *thread = sgx_this_thread();

	/* The enclave has closed its own key; it is open again. */
	if (thread && sgx_enclave_mode(&thread->cpu) &&
	    sgx_isolate_repair(thread))
		return -EAGAIN;
	return sgx_insn_enclu(regs);
}

/*
 * The length of the ENCLU, 0 if it is none, -EAGAIN if the instruction has to be
 * executed once more. Read anew each time, for the program may have changed it. As by
 * copy_from_user_nofault(), but nothing here is called: the kernel is in the
 * program's address space for certain, and RIP says that it is being executed.
 */
static __always_inline int trap_find_enclu(struct pt_regs *regs)
{
	const u8 __user *insn = (const u8 __user *)regs->ip;
	u16 opcode;
	u8 last;

	if (!user_64bit_mode(regs))
		return 0;

	/* No address of the kernel is ever executed in user mode. */
	if (unlikely((long)regs->ip < 0))
		return 0;

	pagefault_disable();
	__uaccess_begin_nospec();
	unsafe_get_user(opcode, (const u16 __user *)insn, unread);
	unsafe_get_user(last, insn + sizeof(opcode), unread);
	user_read_access_end();
	pagefault_enable();
	/* 0f 01 d7 */
	if (likely(opcode == 0x010f && last == 0xd7))
		return SGX_ENCLU_LEN;
	return trap_find_enclu_anew(regs);

unread:
	user_read_access_end();
	pagefault_enable();
	return trap_find_enclu_anew(regs);
}

/*
 * An exception inside, of the kind that the kernel forces a signal for. The
 * kernel goes on with the registers of the AEX.
 */
static noinline int trap_inside(struct sgx_thread *thread, struct pt_regs *regs,
				u8 vector, u32 errcd)
{
	struct sgx_fault fault = { .vector = vector, .errcd = errcd };

	sgx_thread_aex(thread, &fault);
	/* If it is for a split lock, the kernel may let it pass. */
	if (vector == X86_TRAP_AC)
		return NOTIFY_DONE;
	if (sgx_vdso_fixup(regs, &fault))
		return NOTIFY_STOP;
	/*
	 * Those who come next would take the breakpoint for theirs: uprobes do
	 * for any INT3 of a process that has some, and look for it at the AEP.
	 */
	if (vector == X86_TRAP_BP) {
		current->thread.trap_nr = vector;
		current->thread.error_code = 0;
		force_sig(SIGTRAP);
		return NOTIFY_STOP;
	}
	if (vector == X86_TRAP_UD || vector == X86_TRAP_DE)
		trap_arm(thread, &fault);
	return NOTIFY_DONE;
}

/*
 * INT3 inside is a fault: what is saved is where it is. After an opt-out entry
 * it is no breakpoint at all (SDM 3D, "Behavior of INT3 Inside an Enclave").
 */
static int trap_int3(struct sgx_thread *thread, struct pt_regs *regs)
{
	regs->ip--;
	if (thread->cpu.dbgoptin)
		return trap_inside(thread, regs, X86_TRAP_BP, 0);
	sgx_trap_raise(thread, regs, X86_TRAP_UD);
	return NOTIFY_STOP;
}

/*
 * After an opt-out entry nobody steps inside: where an enclave sets TF by
 * itself, POPF would not have set it (SDM 3D, "Restriction on Setting of TF
 * after an Opt-Out Entry").
 */
static int trap_debug(struct sgx_thread *thread, struct pt_regs *regs,
		      unsigned long *dr6)
{
	if (!thread->cpu.dbgoptin && *dr6 & DR_STEP) {
		regs->flags &= ~X86_EFLAGS_TF;
		*dr6 &= ~DR_STEP;
		if (!(*dr6 & DR_TRAP_BITS))
			return NOTIFY_STOP;
	}
	return trap_inside(thread, regs, X86_TRAP_DB, 0);
}

/* See sgx_thread_astray(). A #DB belongs to the instruction before. */
static bool trap_is_astray(struct sgx_thread *thread, struct pt_regs *regs,
			   unsigned long val)
{
	unsigned long ip = val == DIE_INT3 ? regs->ip - 1 : regs->ip;

	if (val == DIE_DEBUG || likely(!sgx_thread_astray(thread, ip)))
		return false;
	regs->ip = ip;
	return true;
}

static int trap_notify(struct notifier_block *nb, unsigned long val, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	struct sgx_thread *thread;
	int len;

	if (likely(val == DIE_TRAP && args->trapnr == X86_TRAP_UD)) {
		len = trap_find_enclu(regs);
		if (likely(len == SGX_ENCLU_LEN))
			return trap_enclu(sgx_this_thread(), regs);
		if (len < 0)
			return NOTIFY_STOP;
		if (len)
			return trap_prefixed(sgx_this_thread(), regs, len);
	}

	if (val != DIE_TRAP && val != DIE_INT3 && val != DIE_DEBUG)
		return NOTIFY_DONE;
	thread = sgx_this_thread();
	if (!user_mode(regs) || !thread || !sgx_enclave_mode(&thread->cpu))
		return NOTIFY_DONE;

	if (trap_is_astray(thread, regs, val)) {
		sgx_trap_raise(thread, regs, X86_TRAP_GP);
		return NOTIFY_STOP;
	}

	if (val == DIE_INT3)
		return trap_int3(thread, regs);
	if (val == DIE_DEBUG)
		return trap_debug(thread, regs, (unsigned long *)args->err);
	return trap_inside(thread, regs, args->trapnr, args->err);
}

/* Before the others: ENCLU is not theirs, and they are not to see enclaves. */
static struct notifier_block trap_notifier = {
	.notifier_call = trap_notify,
	.priority = INT_MAX,
};

/**
 * sgx_trap_init() - handle exceptions from now on
 *
 * Return: 0 or what register_die_notifier() gives.
 */
int sgx_trap_init(void)
{
	trap_build_check();
	return register_die_notifier(&trap_notifier);
}

/**
 * sgx_trap_exit() - undo sgx_trap_init()
 */
void sgx_trap_exit(void)
{
	unregister_die_notifier(&trap_notifier);
}
