// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Two threads, on two processors, against one: by the clock, for an instruction
 * count knows one processor only. Pieces of some milliseconds, the fastest of
 * many: it needs both processors of the machine for so long, not all the time.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "bench.h"

#define PIECES	   400
#define REPEATED   500
#define PROCESSORS 2

/**
 * struct piece - what two threads do at once
 * @run:	what, so often, by the thread of that number
 * @threads:	how many do it
 * @here:	those that are ready
 * @ticks:	what each needed
 */
struct piece {
	void (*run)(unsigned int thread, u64 n);
	unsigned int threads;
	unsigned int here;
	u64 ticks[PROCESSORS];
};

static struct piece piece;
static pthread_barrier_t barrier;

static void pin(unsigned int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	ASSERT_OK(sched_setaffinity(0, sizeof(set), &set));
}

/* They begin together, to some instructions. */
static void piece_run(unsigned int thread)
{
	u64 start;

	if (thread >= piece.threads)
		return;
	__atomic_add_fetch(&piece.here, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&piece.here, __ATOMIC_SEQ_CST) < piece.threads)
		asm volatile("pause");
	start = __rdtsc();
	piece.run(thread, REPEATED);
	piece.ticks[thread] = __rdtsc() - start;
}

static void *second(void *arg)
{
	unsigned int i;

	(void)arg;
	pin(1);
	for (i = 0; i < PIECES; i++) {
		pthread_barrier_wait(&barrier);
		piece_run(1);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

/* The ticks of one run in the slower of @threads threads. */
static void measure_by(void (*run)(unsigned int thread, u64 n), double *alone,
		       double *together)
{
	u64 best[PROCESSORS] = { ~0UL, ~0UL };
	unsigned int i, threads;
	pthread_t id;
	u64 ticks;

	pin(0);
	piece.run = run;
	ASSERT_OK(pthread_barrier_init(&barrier, NULL, 2));
	ASSERT_OK(pthread_create(&id, NULL, second, NULL));
	for (i = 0; i < PIECES; i++) {
		threads = i % PROCESSORS + 1;
		piece.threads = threads;
		piece.here = 0;
		piece.ticks[1] = 0;
		pthread_barrier_wait(&barrier);
		piece_run(0);
		pthread_barrier_wait(&barrier);
		ticks = piece.ticks[0] > piece.ticks[1] ? piece.ticks[0]
							: piece.ticks[1];
		if (ticks < best[threads - 1])
			best[threads - 1] = ticks;
	}
	ASSERT_OK(pthread_join(id, NULL));
	pthread_barrier_destroy(&barrier);
	*alone = (double)best[0] / REPEATED;
	*together = (double)best[1] / REPEATED;
}

static void trap(unsigned int thread, u64 n)
{
	(void)thread;
	loop_trap(n);
}

void measure_threads_floor(void)
{
	measure_by(trap, &figures[TRAP_ALONE], &figures[TRAP_TOGETHER]);
}

void measure_threads(void)
{
	enter_build();
	measure_by(enter_by, &figures[ENTER_ALONE], &figures[ENTER_TOGETHER]);
}

static void *share_second(void *arg)
{
	unsigned int i;

	(void)arg;
	pin(1);
	enter_by(1, 10);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < SHARE_ENTRIES; i++) {
		mark_on();
		enter_by(1, 1);
		mark_off();
	}
	pthread_barrier_wait(&barrier);
	return NULL;
}

void trace_threads(void)
{
	unsigned int i;
	pthread_t id;

	pin(0);
	enter_build();
	ASSERT_OK(pthread_barrier_init(&barrier, NULL, 2));
	ASSERT_OK(pthread_create(&id, NULL, share_second, NULL));
	enter_by(0, 10);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < SHARE_ENTRIES; i++) {
		mark_on();
		enter_by(0, 1);
		mark_off();
	}
	pthread_barrier_wait(&barrier);
	ASSERT_OK(pthread_join(id, NULL));
}
