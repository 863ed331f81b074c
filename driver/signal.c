// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that reach a thread inside an enclave, and system calls from there.
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

/* SYSCALL, SYSENTER and INT 80h are all two bytes long. */
#define SYSCALL_INSN_LEN 2

/*
 * Probe of the tracepoint signal_deliver. The signal frame is built from the
 * registers afterwards: it shows the AEP.
 */
static void signal_probe(void *data, int sig, struct kernel_siginfo *info,
			 struct k_sigaction *action)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (thread && sgx_enclave_mode(&thread->cpu))
		sgx_thread_aex(thread, NULL);
}

/*
 * int force_sig_info(struct kernel_siginfo *info)
 *
 * While a thread is inside, the kernel diverts its system calls (see
 * sgx_thread_entered()): it has not carried out this one and is about to force
 * a SIGSYS. Instead it is an invalid opcode at the system call instruction,
 * with an AEX. The registers are back to what they were before the call.
 */
static int syscall_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();
	struct kernel_siginfo *info = (void *)args->di;
	struct pt_regs *regs = task_pt_regs(current);
	struct sgx_fault fault = { .vector = X86_TRAP_UD };
	unsigned long flags;
	bool inside;

	if (!thread || info->si_signo != SIGSYS)
		return 0;

	/* No interrupt makes the thread leave with RIP behind the call. */
	local_irq_save(flags);
	inside = sgx_enclave_mode(&thread->cpu);
	if (inside) {
		regs->ip -= SYSCALL_INSN_LEN;
		sgx_thread_aex(thread, &fault);
	}
	local_irq_restore(flags);
	if (!inside)
		return 0;

	/* No call is under way, and what RAX was is none of a tracer's. */
	regs->orig_ax = -1;
	if (sgx_vdso_fixup(regs, &fault)) {
		/* Back to the caller, as if the signal had been sent. */
		args->ip = (unsigned long)sgx_return_zero;
		return 1;
	}

	clear_siginfo(info);
	info->si_signo = SIGILL;
	info->si_code = ILL_ILLOPN;
	info->si_addr = (void __user *)regs->ip;
	current->thread.trap_nr = X86_TRAP_UD;
	current->thread.error_code = 0;
	return 0;
}

static struct kprobe syscall_kprobe = {
	.symbol_name = "force_sig_info",
	.pre_handler = syscall_probe,
};

/**
 * sgx_signal_init() - watch signals and diverted system calls from now on
 *
 * Return: 0, or the error of what could not be watched.
 */
int sgx_signal_init(void)
{
	int ret;

	ret = sgx_kprobe_register(&syscall_kprobe);
	if (ret)
		return ret;
	ret = sgx_probe_register("signal_deliver", signal_probe);
	if (ret)
		unregister_kprobe(&syscall_kprobe);
	return ret;
}

/**
 * sgx_signal_exit() - undo sgx_signal_init()
 */
void sgx_signal_exit(void)
{
	sgx_probe_unregister("signal_deliver", signal_probe);
	unregister_kprobe(&syscall_kprobe);
}
