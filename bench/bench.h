/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Measuring softsgx in ticks of the TSC, which under vm/run --icount are
 * instructions.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <x86intrin.h>
#include "../tests/uapi/lib.h"

#define MIB (1UL << 20)

/* What is measured, and then what it is compared with; 0: not measured. */
enum figure {
	FLOOR,	    /* two invalid opcodes */
	FLOOR_VDSO, /* one, which is the ENCLU of the vDSO */
	SYSCALL,
	SIGILL_TWICE,
	ANON_TOUCH,
	SHMEM_TOUCH,
	SHMEM_MINOR,
	SHMEM_MPROTECT,
	SHMEM_TEARDOWN,
	SHA256,
	COPY,
	GCM_TWICE,
	SIGNAL_TIMER,
	PERMITTED_IOCTL,
	TRAP_ALONE, /* of two processors, ticks of the clock */
	TRAP_TOGETHER,
	ENTER_ALONE,
	RULES_FEW,
	ALONE_FAULT, /* a minor one: what the page allocator does varies */
	ALONE_SYSCALL,
	ALONE_SIGNAL,
	ALONE_SWITCH,
	LOADED_FAULT,
	LOADED_SYSCALL,
	LOADED_SIGNAL,
	LOADED_SWITCH,
	OTHER_FAULT,
	OTHER_SYSCALL,
	OTHER_SIGNAL,
	OTHER_SWITCH,
	GONE_FAULT,
	GONE_SYSCALL,
	GONE_SIGNAL,
	GONE_SWITCH,
	ENTER,
	ENTER_VDSO,
	AEX_FAULT,
	AEX_SIGNAL,
	EXCEPTION_VDSO,
	RULES_MANY,
	ENCL_TOUCH,
	EACCEPT,
	ADD_MEASURED,
	ADD_UNMEASURED,
	ENCL_MPROTECT,
	ENCL_TEARDOWN,
	ENCL_SLAB, /* bytes */
	EVICT,
	DECISION,
	ENTER_TOGETHER,
	FIGURES
};

/* Of FIGURES, shared with children. */
extern double *figures;

/* How something grows: what report.c's plots show. */
void point(const char *series, u64 x, double y);
void points_to(const char *path);

/* The bytes of what is large. */
#define BENCH_LARGE (256 * MIB)

/* host.c: what needs no enclave; not with floor.ko, but for the first and last */
void measure_floor(void);
void measure_host(void);
void measure_area(void);
void measure_process(enum figure fault);
void measure_crypto(void);
/**
 * signal_cost() - the ticks of a signal that a timer sends
 * @run:	runs for SPIN_TICKS ticks or more, and the signal comes meanwhile
 */
double signal_cost(void (*run)(void));
#define SPIN_TICKS 100000
/* rules.c: the time that a policy takes to answer, by its number of rules */
void measure_rules(void);

/*
 * threads.c: in a VM with two processors, with floor.ko and with the module; and
 * what profile/shared.sh looks at
 */
void measure_threads_floor(void);
void measure_threads(void);
void trace_threads(void);
#define SHARE_ENTRIES 20

/* selinux.c: in a VM with SELinux, with the module */
void measure_selinux(void);

/* enclave.c: what does */
void enter_vdso(u64 n);
/* An enclave, and entering it by the TCS of that number, 0 or 1. */
void enter_build(void);
void enter_by(unsigned int thread, u64 n);
void measure_entry(void);
void measure_pages(void);
void measure_large(void);
void measure_growth(void);
void measure_paging(void);
/* One each of what profile/run.sh shows, between marks. */
void trace_all(void);
/* A process with an enclave that waits until it is killed. */
pid_t other_start(void);
void other_stop(pid_t pid);

/* measure.c: how */

/**
 * least() - the ticks of a call, without the interrupts
 * @run:	what to call
 * @n:		it does the thing so often, and is told so
 *
 * Return: the least of several calls, for each of the @n.
 */
double least(void (*run)(u64 n), u64 n);
/* Keep the processor busy with what gives way to everything else. */
void spin_start(void);
void spin_stop(void);
/*
 * Wait, with the processor idle, until what was closed has gone. While it is
 * busy an instruction is a nanosecond for the kernel: a wait for the next tick,
 * of which an RCU grace period has several, would be millions of them.
 */
void settle(void);
void module_insert(const char *path, const char *params);
void module_remove(const char *name);

/* main.c: says what is being measured, for who waits for it. */
void progress(const char *what);

/* report.c: returns the number of rows that do not hold. */
int report(const char *json);

/* loops.S */
void loop_trap(u64 n);
void loop_syscall(u64 n);
void loop_spin(u64 n);
void loop_read(u64 from, u64 to);
void loop_write(u64 from, u64 to);
void loop_enter(u64 n, u64 tcs, u64 a, u64 b, u64 c);
void mark_on(void);
void mark_off(void);
extern const u8 loop_aep[];
extern const u8 code[], code_end[], code_exit[], code_read[], code_write[],
	code_accept[], code_spin[], code_fault[];

#endif /* BENCH_BENCH_H */
