// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "bench.h"

#define REPETITIONS 20

/* What the assertions of harness.h call. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(1);
}

/*
 * An idle processor makes QEMU's clock of instructions jump, by more than the
 * kernel waits for its modules.
 */
static pid_t spinner;

void spin_start(void)
{
	struct sched_param param = {};

	spinner = fork();
	ASSERT(spinner >= 0);
	if (spinner)
		return;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ASSERT_OK(sched_setscheduler(0, SCHED_IDLE, &param));
	for (;;)
		asm volatile("pause");
}

void spin_stop(void)
{
	kill(spinner, SIGKILL);
	ASSERT_EQ(waitpid(spinner, NULL, 0), spinner);
	spinner = 0;
}

void settle(void)
{
	spin_stop();
	epc_returned();
	spin_start();
}

double least(void (*run)(u64 n), u64 n)
{
	u64 best = ~0UL;
	unsigned int i;
	u64 start, ticks;

	for (i = 0; i < REPETITIONS; i++) {
		start = __rdtsc();
		run(n);
		ticks = __rdtsc() - start;
		if (ticks < best)
			best = ticks;
	}
	return (double)best / (double)n;
}

void module_insert(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_OK(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
}

void module_remove(const char *name)
{
	bool spins = spinner > 0;
	int i;

	if (spins)
		spin_stop();
	/* What the last process had is given back by a worker. */
	for (i = 0; syscall(SYS_delete_module, name, 0) && i < 1000; i++) {
		ASSERT_EQ(errno, EAGAIN);
		usleep(10000);
	}
	ASSERT(i < 1000);
	if (spins)
		spin_start();
}
