/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FS and GS bases of the running thread, which change when it enters and
 * leaves an enclave.
 *
 * With FSGSBASE the program's GS base, which is the inactive one in the kernel,
 * is had by two SWAPGS, as the kernel itself does it for a thread's switch: two
 * accesses to an MSR take several times as long. Interrupts are off, and what
 * comes all the same (NMI, #MC, #DB) finds its GS by itself. A paravirtualised
 * kernel may not execute SWAPGS, and no kernel with FRED.
 */
#ifndef SOFTSGX_DRIVER_FSGS_H
#define SOFTSGX_DRIVER_FSGS_H

#include <linux/jump_label.h>
#include <asm/fsgsbase.h>
#include "../arch/core.h"

/* xstate.c: the same without FSGSBASE, or where SWAPGS must not be used */
DECLARE_STATIC_KEY_FALSE(sgx_fsgs_by_msr);
void sgx_fsgs_read_msr(struct sgx_cpu *cpu);
void sgx_fsgs_enter_msr(struct sgx_cpu *cpu);
void sgx_fsgs_leave_msr(struct sgx_cpu *cpu);

/**
 * sgx_fsgs_read() - what the running thread has, to &sgx_cpu.fsbase and gsbase
 * @cpu:	the thread's logical processor
 *
 * Context: the running thread, interrupts off.
 */
static inline void sgx_fsgs_read(struct sgx_cpu *cpu)
{
	unsigned long gsbase;

	if (static_branch_unlikely(&sgx_fsgs_by_msr)) {
		sgx_fsgs_read_msr(cpu);
		return;
	}

	cpu->fsbase = rdfsbase();
	asm volatile("swapgs\n\t"
		     "rdgsbase %0\n\t"
		     "swapgs"
		     : "=r"(gsbase)
		     :
		     : "memory");
	cpu->gsbase = gsbase;
}

/**
 * sgx_fsgs_enter() - the bases of the enclave, those of the program are saved
 * @cpu:	the thread's logical processor
 *
 * Context: the running thread, interrupts off.
 */
static inline void sgx_fsgs_enter(struct sgx_cpu *cpu)
{
	unsigned long gsbase;

	if (static_branch_unlikely(&sgx_fsgs_by_msr)) {
		sgx_fsgs_enter_msr(cpu);
		return;
	}

	cpu->save_fsbase = rdfsbase();
	wrfsbase(cpu->fsbase);
	asm volatile("swapgs\n\t"
		     "rdgsbase %0\n\t"
		     "wrgsbase %1\n\t"
		     "swapgs"
		     : "=&r"(gsbase)
		     : "r"(cpu->gsbase)
		     : "memory");
	cpu->save_gsbase = gsbase;
}

/**
 * sgx_fsgs_leave() - the bases of the program, as sgx_fsgs_enter() saved them
 * @cpu:	the thread's logical processor
 *
 * Context: the running thread, interrupts off.
 */
static inline void sgx_fsgs_leave(struct sgx_cpu *cpu)
{
	if (static_branch_unlikely(&sgx_fsgs_by_msr)) {
		sgx_fsgs_leave_msr(cpu);
		return;
	}

	wrfsbase(cpu->save_fsbase);
	asm volatile("swapgs\n\t"
		     "wrgsbase %0\n\t"
		     "swapgs"
		     :
		     : "r"(cpu->save_gsbase)
		     : "memory");
}

#endif /* SOFTSGX_DRIVER_FSGS_H */
