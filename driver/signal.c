// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that reach a thread inside an enclave, system calls from there, and
 * whatever else has the kernel change where a thread goes on.
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <asm/fpu/api.h>
#include <asm/trapnr.h>
#include "thread.h"

/*
 * Probe of the tracepoint signal_deliver. The signal frame is built from the
 * registers afterwards: it shows the AEP.
 *
 * What the slow path has found out for an ENCLU that is to come again, the
 * handler may change, or it may never return to it.
 */
static void signal_probe(void *data, int sig, struct kernel_siginfo *info,
			 struct k_sigaction *action)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (!thread)
		return;
	thread->miss.answered = false;
	thread->no_enclave = false;
	if (sgx_enclave_mode(&thread->cpu))
		sgx_thread_aex(thread, NULL);
}

/*
 * int force_sig_info(struct kernel_siginfo *info)
 *
 * While a thread is inside, the kernel diverts its system calls (see
 * sgx_thread_entered()): it has not carried out this one and is about to force
 * a SIGSYS. Instead it is an exception at the system call instruction, with an
 * AEX, unless an interrupt was first and has seen to that.
 */
static int syscall_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();
	struct kernel_siginfo *info = (void *)args->di;
	struct pt_regs *regs = task_pt_regs(current);
	struct sgx_fault fault = {};
	unsigned long flags;

	if (!thread || info->si_signo != SIGSYS)
		return 0;

	local_irq_save(flags);
	if (sgx_enclave_mode(&thread->cpu))
		sgx_thread_aex_call(thread);
	local_irq_restore(flags);
	if (!thread->diverted)
		return 0;

	/* To undo the call the kernel may have put its number there. */
	regs->ax = SGX_ERESUME;
	fault.vector = thread->diverted;
	if (sgx_vdso_fixup(regs, &fault)) {
		/* Back to the caller, as if the signal had been sent. */
		args->ip = (unsigned long)sgx_return_zero;
		return 1;
	}

	clear_siginfo(info);
	if (fault.vector == X86_TRAP_UD) {
		info->si_signo = SIGILL;
		info->si_code = ILL_ILLOPN;
		info->si_addr = (void __user *)regs->ip;
	} else {
		info->si_signo = SIGSEGV;
		info->si_code = SI_KERNEL;
	}
	current->thread.trap_nr = fault.vector;
	current->thread.error_code = 0;
	return 0;
}

/*
 * bool arch_syscall_is_vdso_sigreturn(struct pt_regs *regs)
 *
 * The one system call that the kernel does not divert: that of the signal
 * trampolines of 32-bit programs, which 64-bit code can jump to as well.
 */
static int sigreturn_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (!thread || (!sgx_enclave_mode(&thread->cpu) && !thread->diverted))
		return 0;
	args->ip = (unsigned long)sgx_return_zero;
	return 1;
}

/*
 * static void ipi_rseq(void *info)
 *
 * membarrier() has the kernel look whether threads that are running are in a
 * restartable sequence: one that is goes on at the sequence's abort handler,
 * with the registers that it has. On hardware this interrupt, as any other, was
 * an AEX, and a sequence would have to be at the AEP. (Where a thread is
 * switched out or gets a signal, there has been one here, too.)
 */
static int rseq_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (thread && sgx_enclave_mode(&thread->cpu))
		sgx_thread_kick(thread);
	return 0;
}

static struct kprobe signal_kprobes[] = {
	{ .symbol_name = "force_sig_info", .pre_handler = syscall_probe },
	{ .symbol_name = "arch_syscall_is_vdso_sigreturn",
	  .pre_handler = sigreturn_probe },
#if defined(CONFIG_RSEQ) && defined(CONFIG_MEMBARRIER)
	{ .symbol_name = "ipi_rseq", .pre_handler = rseq_probe },
#endif
};

/**
 * sgx_signal_init() - watch signals and diverted system calls from now on
 *
 * Return: 0, or the error of what could not be watched.
 */
int sgx_signal_init(void)
{
	int ret;

	ret = sgx_kprobes_register(signal_kprobes, ARRAY_SIZE(signal_kprobes));
	if (ret)
		return ret;
	ret = sgx_probe_register("signal_deliver", signal_probe);
	if (ret)
		sgx_kprobes_unregister(signal_kprobes,
				       ARRAY_SIZE(signal_kprobes));
	return ret;
}

/**
 * sgx_signal_exit() - undo sgx_signal_init()
 */
void sgx_signal_exit(void)
{
	sgx_probe_unregister("signal_deliver", signal_probe);
	sgx_kprobes_unregister(signal_kprobes, ARRAY_SIZE(signal_kprobes));
}
