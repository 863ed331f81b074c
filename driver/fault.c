// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults inside, and the way that exceptions take to the program.
 *
 * The tracepoint page_fault_user comes before the kernel handles a page fault
 * of user mode: a fault inside an enclave is an AEX, always, and what the
 * kernel then sees, and resolves or not, happened at the AEP.
 *
 * Whether the program gets an exception in registers or in a signal, the kernel
 * decides in two functions, and a probe at the start of each gives the
 * exception its SGX shape: the exceptions for which there was no AEX yet get it
 * there, the page-fault error code gets the SGX bit, and the signal of a #UD
 * that really was a #GP or a #PF of ENCLU becomes that of the #GP or #PF.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/inat.h>
#include <asm/insn.h>
#include <asm/trapnr.h>
#include "cpuid.h"
#include "insn.h"
#include "isolate.h"
#include "thread.h"

/*
 * What the EPCM adds to a page-fault error code. On hardware the page tables
 * allow the access then, so that the page is present in them.
 */
#define FAULT_EPCM (SGX_PFEC_SGX | SGX_PFEC_P)

/**
 * sgx_fault_is_epcm() - note that the EPCM, not the mapping, forbids an access
 *
 * Called by the fault handler of an enclave mapping when the mapping would
 * allow the access that faults but the EPCM does not: the page-fault error code
 * that the program gets then has the SGX bit.
 *
 * Context: the thread that faults.
 */
void sgx_fault_is_epcm(void)
{
	struct sgx_thread *thread = sgx_current_thread();

	if (thread)
		thread->epcm_fault = true;
}

/**
 * sgx_fault_will_be_epcm() - note that an access will be forbidden by the EPCM
 *
 * Called by the fault handler of an enclave mapping when it has brought a page
 * that the enclave has not accepted yet: the access is repeated, and the AEX of
 * the fault that it meets can tell the enclave the reason.
 *
 * Context: the thread that faults.
 */
void sgx_fault_will_be_epcm(void)
{
	struct sgx_thread *thread = sgx_current_thread();

	if (thread && thread->fault_inside)
		thread->fault_told.expected = FAULT_EPCM;
}

/* What EXINFO is told besides @errcd. */
static u32 fault_tell(struct sgx_thread *thread, unsigned long address,
		      u32 errcd)
{
	struct sgx_fault_told *told = &thread->fault_told;
	const struct sgx_secs *secs = thread->cpu.secs->page;

	told->added = 0;
	if (told->address == address && told->errcd == errcd)
		told->added = told->expected;
	told->address = address;
	told->errcd = errcd;
	told->expected = 0;
	told->exinfo = secs->miscselect & SGX_MISC_EXINFO;
	return told->added;
}

/* Is the fault to come again, because the enclave was told something else? */
static bool fault_told_wrong(struct sgx_thread *thread, u32 added)
{
	struct sgx_fault_told *told = &thread->fault_told;

	if (!told->exinfo || told->added == added)
		return false;
	told->expected = added;
	return true;
}

/* Probe of the tracepoint page_fault_user. Interrupts are off. */
static void fault_probe(void *data, unsigned long address, struct pt_regs *regs,
			unsigned long errcd)
{
	struct sgx_thread *thread = sgx_this_thread();
	struct sgx_fault fault = {
		.vector = X86_TRAP_PF,
		.errcd = errcd,
		.addr = address,
	};

	if (!thread)
		return;

	thread->epcm_fault = false;
	thread->zapped_fault = false;
	thread->fault_fate = SGX_FAULT_ORDINARY;
	thread->fault_inside = sgx_enclave_mode(&thread->cpu);
	thread->fault_encl = NULL;
	if (!thread->fault_inside)
		return;

	thread->fault_encl = sgx_secs_encl(thread->cpu.secs);
	/* The kernel may resolve it all the same; ERESUME comes back to it. */
	thread->fault_astray = sgx_thread_astray(thread, regs->ip);
	if (!thread->fault_astray && sgx_isolate_keeps(thread, address, errcd))
		return;
	if (thread->fault_astray)
		fault = (struct sgx_fault){ .vector = X86_TRAP_GP };
	else
		fault.errcd |= fault_tell(thread, address, errcd);
	sgx_thread_aex(thread, &fault);
}

/*
 * A fetch that the mapping allows is forbidden by the EPCM: the page is mapped
 * without execute permission, and the kernel does not ask the mapping's fault
 * handler about it.
 *
 * 1 if it is one, 0 if not, -EAGAIN if the mapping cannot be looked at now: a
 * writer has its lock, or waits for it.
 */
static int fault_fetch_is_epcm(unsigned long address, unsigned long errcd)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool is_epcm;

	if ((errcd & (SGX_PFEC_I | SGX_PFEC_P)) != (SGX_PFEC_I | SGX_PFEC_P))
		return 0;
	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	vma = find_vma(mm, address);
	is_epcm = vma && vma->vm_start <= address &&
		  vma->vm_ops == &sgx_vm_ops && vma->vm_flags & VM_EXEC;
	mmap_read_unlock(mm);
	return is_epcm;
}

/* What may stand before an opcode: the legacy prefixes, and REX. */
static bool fault_is_prefix(u8 byte)
{
	return sgx_insn_prefix_is_ignored(byte) || byte == 0x66 ||
	       byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

/*
 * SLDT, STR, SGDT, SIDT and SMSW, which the processor refuses with UMIP, and
 * RDPMC: what follows the 0F at @at - 1. As fault_is_illegal_inside().
 */
static int fault_is_illegal_0f(const struct pt_regs *regs, unsigned int at)
{
	int opcode, modrm;

	opcode = sgx_insn_byte(regs, at);
	if (opcode < 0)
		return opcode;
	if (opcode == 0x33)
		return 1;
	if (opcode > 0x01)
		return 0;
	modrm = sgx_insn_byte(regs, at + 1);
	if (modrm < 0)
		return modrm;

	switch (X86_MODRM_REG(modrm)) {
	case 0:
	case 1:
		/* With a register SGDT and SIDT are others. */
		return opcode == 0x00 || X86_MODRM_MOD(modrm) != 3;
	case 4:
		return opcode == 0x01;
	default:
		return 0;
	}
}

/*
 * INS, OUTS, IN, OUT, INT n and more: in user mode a #GP because of IOPL, of the
 * gate's DPL or of CR4, inside an enclave a #UD (SDM 3D, "Illegal
 * Instructions"). 1 if it is one, 0 if not, or what sgx_insn_byte() fails with.
 */
static int fault_is_illegal_inside(const struct pt_regs *regs)
{
	unsigned int i;
	int byte;

	for (i = 0; i < MAX_INSN_SIZE; i++) {
		byte = sgx_insn_byte(regs, i);
		if (byte < 0)
			return byte;
		if (!fault_is_prefix(byte))
			break;
	}
	if (i == MAX_INSN_SIZE)
		return 0;

	switch (byte) {
	case 0x0f:
		return fault_is_illegal_0f(regs, i + 1);
	case 0x6c ... 0x6f:
	case 0xcd:
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
		return 1;
	default:
		return 0;
	}
}

/* A #GP of the program with which SGX has something to do. */
static bool fault_handle_gp(struct sgx_thread *thread, struct pt_regs *args)
{
	struct pt_regs *regs = (void *)args->di;

	if (sgx_cpuid_gp(regs, args->si, args->dx))
		return true;
	if (!thread || !sgx_enclave_mode(&thread->cpu))
		return false;

	switch (fault_is_illegal_inside(regs)) {
	case 1:
		sgx_trap_raise(thread, regs, X86_TRAP_UD);
		return true;
	case -EAGAIN:
		/* It is executed once more. */
		return true;
	default:
		return false;
	}
}

/*
 * Whether an interrupt has made the thread leave between the exception, which
 * was inside, and this moment: the handlers of #GP, #MF and #XM run with
 * interrupts on. As in sgx_thread_aex(), it is as if the interrupt had come
 * before the instruction.
 *
 * The registers are those of an AEX still. So they are if the instruction at the
 * AEP has raised it, after an interrupt that came earlier: it is executed once
 * more then, and raises it again, when there is no interrupt that could be meant.
 */
static bool fault_was_left(struct sgx_thread *thread,
			   const struct pt_regs *regs, unsigned long trapnr)
{
	if (sgx_enclave_mode(&thread->cpu) || !thread->interrupted ||
	    (trapnr != X86_TRAP_GP && trapnr != X86_TRAP_MF &&
	     trapnr != X86_TRAP_XF))
		return false;
	thread->interrupted = false;
	return regs->ax == SGX_ERESUME && regs->cx == regs->ip;
}

/*
 * A page fault inside that the kernel has not resolved. True if it is to come
 * again, by ERESUME.
 */
static bool fault_vdso_pf(struct sgx_thread *thread, struct pt_regs *args)
{
	const u32 errcd = args->dx;
	int is_epcm, is_zapped;

	if (thread->fault_astray) {
		args->si = X86_TRAP_GP;
		args->dx = 0;
		args->cx = 0;
		return false;
	}

	is_epcm = thread->epcm_fault ? 1 : fault_fetch_is_epcm(args->cx, errcd);
	is_zapped = is_epcm ? 0 : sgx_isolate_zapped(args->cx, errcd);
	if (is_epcm < 0 || is_zapped < 0) {
		/* What the enclave was told is no worse the next time. */
		thread->fault_told.expected = thread->fault_told.added;
		return true;
	}

	if (is_epcm)
		args->dx |= FAULT_EPCM;
	thread->epcm_fault = args->dx & SGX_PFEC_SGX;
	if (is_zapped)
		args->dx |= SGX_PFEC_P;
	thread->zapped_fault = is_zapped;
	if (fault_told_wrong(thread, args->dx & ~errcd))
		return true;
	args->cx &= PAGE_MASK;
	return false;
}

/* True if the exception has been dealt with, or is to be raised again. */
static bool fault_vdso(struct sgx_thread *thread, struct pt_regs *args)
{
	struct pt_regs *regs = (void *)args->di;

	if (thread) {
		thread->fp_fault = false;
		if (fault_was_left(thread, regs, args->si))
			return true;
	}
	if (thread && sgx_enclave_mode(&thread->cpu) &&
	    sgx_thread_astray(thread, regs->ip)) {
		sgx_trap_raise(thread, regs, X86_TRAP_GP);
		return true;
	}
	if (args->si == X86_TRAP_GP && fault_handle_gp(thread, args))
		return true;
	if (args->si == X86_TRAP_PF &&
	    sgx_isolate_takes(regs, args->cx, args->dx))
		return true;
	if (!thread)
		return false;

	if (sgx_enclave_mode(&thread->cpu)) {
		struct sgx_fault fault = {
			.vector = args->si,
			.errcd = args->dx,
			.addr = args->cx,
		};

		/* The kernel has seen which one it was; nobody else does. */
		thread->fp_fault = fault.vector == X86_TRAP_MF ||
				   fault.vector == X86_TRAP_XF;
		sgx_thread_aex(thread, &fault);
		return false;
	}

	return args->si == X86_TRAP_PF && thread->fault_inside &&
	       fault_vdso_pf(thread, args);
}

/*
 * bool fixup_vdso_exception(struct pt_regs *regs, int trapnr,
 *			     unsigned long error_code, unsigned long fault_addr)
 *
 * With interrupts off: whether the thread is inside is one answer, throughout.
 */
static int fault_vdso_probe(struct kprobe *kp, struct pt_regs *args)
{
	unsigned long flags;
	bool taken;

	local_irq_save(flags);
	taken = fault_vdso(sgx_this_thread(), args);
	local_irq_restore(flags);
	/* To the kernel it looks as if the vDSO had taken it. */
	if (taken)
		args->ip = (unsigned long)sgx_return_true;
	return taken;
}

/* void force_sig_fault(int sig, int code, void __user *addr) */
static int fault_signal_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();
	struct sgx_delivery *delivery;

	if (!thread)
		return 0;

	delivery = &thread->delivery;
	if (delivery->armed && delivery->ip == task_pt_regs(current)->ip) {
		if (delivery->sig) {
			args->di = delivery->sig;
			args->si = delivery->code;
		}
		args->dx = delivery->addr;
		current->thread.trap_nr = delivery->vector;
		current->thread.error_code = delivery->errcd;
		if (delivery->vector == X86_TRAP_PF)
			current->thread.cr2 = delivery->addr;
	} else if (current->thread.trap_nr == X86_TRAP_PF &&
		   thread->fault_inside && thread->fault_astray) {
		args->di = SIGSEGV;
		args->si = SI_KERNEL;
		args->dx = 0;
		current->thread.trap_nr = X86_TRAP_GP;
		current->thread.error_code = 0;
	} else if (current->thread.trap_nr == X86_TRAP_PF &&
		   thread->fault_inside) {
		if (thread->epcm_fault) {
			/* The mapping allows it, as far as this goes. */
			if (args->di == SIGSEGV)
				args->si = SEGV_ACCERR;
			current->thread.error_code |= FAULT_EPCM;
		}
		if (thread->zapped_fault)
			current->thread.error_code |= SGX_PFEC_P;
		args->dx &= PAGE_MASK;
		current->thread.cr2 &= PAGE_MASK;
	} else if (thread->fp_fault && args->di == SIGFPE) {
		/* What the kernel makes of the synthetic state. */
		args->si = FPE_FLTINV;
	}
	thread->fp_fault = false;
	delivery->armed = false;
	thread->fault_inside = false;
	return 0;
}

/*
 * bool fixup_umip_exception(struct pt_regs *regs)
 *
 * The kernel carries out for programs what UMIP refuses, and says so in its log,
 * with the registers. Inside it is illegal, see above.
 */
static int fault_umip_probe(struct kprobe *kp, struct pt_regs *args)
{
	struct sgx_thread *thread = sgx_this_thread();

	if (!thread || !sgx_enclave_mode(&thread->cpu))
		return 0;
	args->ip = (unsigned long)sgx_return_zero;
	return 1;
}

static struct kprobe fault_kprobes[] = {
	{ .symbol_name = "fixup_vdso_exception",
	  .pre_handler = fault_vdso_probe },
	{ .symbol_name = "force_sig_fault", .pre_handler = fault_signal_probe },
#ifdef CONFIG_X86_UMIP
	{ .symbol_name = "fixup_umip_exception",
	  .pre_handler = fault_umip_probe },
#endif
};

/**
 * sgx_kprobe_register() - place a probe at the start of a function
 * @kp:		probe
 *
 * It has to be one that goes through ftrace. The other kind arrives as a
 * breakpoint, which the kernel treats like an NMI, and in an NMI the FPU cannot
 * be used, which an AEX has to.
 *
 * Return: 0, -EOPNOTSUPP if the kernel would use a breakpoint, or what
 * register_kprobe() gives.
 */
int sgx_kprobe_register(struct kprobe *kp)
{
	int ret;

	/* What the last registration found is not taken for a wish. */
	kp->addr = NULL;
	kp->flags = 0;
	ret = register_kprobe(kp);
	if (ret)
		return ret;
	if (!(kp->flags & KPROBE_FLAG_FTRACE)) {
		unregister_kprobe(kp);
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * sgx_kprobes_register() - place probes at the start of functions
 * @kps:	probes
 * @n:		how many
 *
 * Return: 0; or as sgx_kprobe_register(), and then none is placed.
 */
int sgx_kprobes_register(struct kprobe *kps, unsigned int n)
{
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = sgx_kprobe_register(&kps[i]);
		if (ret) {
			sgx_kprobes_unregister(kps, i);
			return ret;
		}
	}
	return 0;
}

/**
 * sgx_kprobes_unregister() - undo sgx_kprobes_register()
 * @kps:	probes
 * @n:		how many
 */
void sgx_kprobes_unregister(struct kprobe *kps, unsigned int n)
{
	while (n)
		unregister_kprobe(&kps[--n]);
}

/**
 * sgx_fault_init() - watch page faults and exceptions from now on
 *
 * Return: 0, or the error of what could not be watched.
 */
int sgx_fault_init(void)
{
	int ret;

	ret = sgx_kprobes_register(fault_kprobes, ARRAY_SIZE(fault_kprobes));
	if (ret)
		return ret;
	ret = sgx_isolate_watch();
	if (ret)
		goto err_kprobes;
	ret = sgx_probe_register("page_fault_user", fault_probe);
	if (ret)
		goto err_isolate;
	return 0;

err_isolate:
	sgx_isolate_unwatch();
err_kprobes:
	sgx_kprobes_unregister(fault_kprobes, ARRAY_SIZE(fault_kprobes));
	return ret;
}

/**
 * sgx_fault_exit() - undo sgx_fault_init()
 */
void sgx_fault_exit(void)
{
	sgx_probe_unregister("page_fault_user", fault_probe);
	sgx_isolate_unwatch();
	sgx_kprobes_unregister(fault_kprobes, ARRAY_SIZE(fault_kprobes));
}
