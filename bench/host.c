// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* What the kernel alone needs, and what a process without an enclave does. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "bench.h"

#define HASHED 256
#define COPIED 4096

static void *map_anonymous(u64 size)
{
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(area != MAP_FAILED);
	ASSERT_OK(madvise(area, size, MADV_NOHUGEPAGE));
	return area;
}

static void *map_shared(u64 size, int *fd)
{
	void *area;

	*fd = memfd_create("shared", MFD_CLOEXEC);
	ASSERT(*fd >= 0 && !ftruncate(*fd, (off_t)size));
	area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	ASSERT(area != MAP_FAILED);
	return area;
}

/* Whether it is a page fault of something new that is measured, or of what is
 * there already.
 */
static void touch_anonymous(u64 n)
{
	static u8 *area;

	if (area)
		ASSERT_OK(madvise(area, n * PAGE, MADV_DONTNEED));
	else
		area = map_anonymous(n * PAGE);
	loop_write((u64)area, (u64)area + n * PAGE);
}

/* The least of the ticks that a first or second mapping's faults need. */
static double touch_shared(u64 n, bool second)
{
	double best = 0;
	u64 start, ticks;
	unsigned int i;
	void *area;
	int fd;

	for (i = 0; i < 10; i++) {
		area = map_shared(n * PAGE, &fd);
		if (second) {
			memset(area, 1, n * PAGE);
			munmap(area, n * PAGE);
			area = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED, fd, 0);
			ASSERT(area != MAP_FAILED);
		}
		/* Its page table is there. */
		*(volatile u8 *)area = 1;
		start = __rdtsc();
		loop_write((u64)area + PAGE, (u64)area + n * PAGE);
		ticks = __rdtsc() - start;
		munmap(area, n * PAGE);
		close(fd);
		if (!i || (double)ticks < best)
			best = (double)ticks;
	}
	return best / (double)(n - 1);
}

static void skip(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	uc->uc_mcontext.gregs[REG_RIP] += 2;
}

static void handle_nothing(int sig)
{
	(void)sig;
}

static void arm(timer_t timer, long ns)
{
	struct itimerspec spec = { .it_value = { ns / 1000000000,
						 ns % 1000000000 } };

	ASSERT_OK(timer_settime(timer, 0, &spec, NULL));
}

double signal_cost(void (*run)(void))
{
	/* One that comes, and one that does not; a tick is a nanosecond. */
	const long delays[2] = { SPIN_TICKS / 2, 100000000000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGALRM };
	u64 best[2] = { ~0UL, ~0UL };
	u64 start, ticks;
	timer_t timer;
	unsigned int i;

	signal(SIGALRM, handle_nothing);
	ASSERT_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	for (i = 0; i < 40; i++) {
		arm(timer, delays[i % 2]);
		start = __rdtsc();
		run();
		ticks = __rdtsc() - start;
		if (ticks < best[i % 2])
			best[i % 2] = ticks;
	}
	timer_delete(timer);
	signal(SIGALRM, SIG_DFL);
	return (double)best[0] - (double)best[1];
}

static void spin_outside(void)
{
	loop_spin(SPIN_TICKS / 2);
}

static void floor_write(const char *parameter, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/floor/parameters/%s",
		 parameter);
	file = fopen(path, "w");
	ASSERT(file);
	fputs(text, file);
	ASSERT_OK(fclose(file));
}

void measure_floor(void)
{
	figures[FLOOR] = least(loop_trap, 100);
	floor_write("enclu", "1");
	figures[FLOOR_VDSO] = least(enter_vdso, 100);
	floor_write("enclu", "0");
}

void measure_area(void)
{
	u64 best = ~0UL;
	u64 start, ticks;
	unsigned int i;
	void *area;
	int fd;

	area = map_shared(BENCH_LARGE, &fd);
	memset(area, 1, BENCH_LARGE);
	for (i = 0; i < 7; i++) {
		start = __rdtsc();
		ASSERT_OK(mprotect(area, BENCH_LARGE, PROT_NONE));
		ASSERT_OK(mprotect(area, BENCH_LARGE, PROT_READ));
		ticks = __rdtsc() - start;
		if (ticks < best)
			best = ticks;
	}
	figures[SHMEM_MPROTECT] = (double)best / 2;

	start = __rdtsc();
	munmap(area, BENCH_LARGE);
	close(fd);
	figures[SHMEM_TEARDOWN] =
		(double)(__rdtsc() - start) / (double)(BENCH_LARGE / PAGE);
}

void measure_host(void)
{
	struct sigaction action = { .sa_sigaction = skip,
				    .sa_flags = SA_SIGINFO };

	figures[SYSCALL] = least(loop_syscall, 100);
	sigaction(SIGILL, &action, NULL);
	figures[SIGILL_TWICE] = least(loop_trap, 20);
	signal(SIGILL, SIG_DFL);
	figures[SIGNAL_TIMER] = signal_cost(spin_outside);
	figures[ANON_TOUCH] = least(touch_anonymous, 200);
	figures[SHMEM_TOUCH] = touch_shared(200, false);
	figures[SHMEM_MINOR] = touch_shared(200, true);
}

/* Let floor.ko do something, and what it took for each of the @n. */
static double floor_does(const char *parameter, u64 n, const char *format, ...)
{
	double best = 0;
	char path[64], text[64];
	va_list args;
	unsigned int i;
	double ticks;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/floor/parameters/%s",
		 parameter);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (i = 0; i < 3; i++) {
		floor_write(parameter, text);
		file = fopen(path, "r");
		ASSERT(file);
		ASSERT_EQ(fscanf(file, "%lf", &ticks), 1);
		fclose(file);
		if (!i || ticks < best)
			best = ticks;
	}
	return best / (double)n;
}

void measure_crypto(void)
{
	void *area = map_anonymous(COPIED * PAGE);

	memset(area, 1, COPIED * PAGE);
	figures[SHA256] = floor_does("sha256", HASHED, "%u", HASHED);
	figures[COPY] = floor_does("copy", COPIED, "%lu %u",
				   (unsigned long)area, COPIED);
	figures[GCM_TWICE] = 2 * floor_does("gcm", HASHED, "%u", HASHED);
	munmap(area, COPIED * PAGE);
}

static void raise_signals(u64 n)
{
	pid_t pid = getpid();

	while (n--)
		syscall(SYS_kill, pid, SIGUSR1);
}

static int ping[2], pong[2];

/* Two context switches each, but for the system calls. */
static void switch_to_and_fro(u64 n)
{
	char byte = 0;

	while (n--) {
		ASSERT_EQ(write(ping[1], &byte, 1), 1);
		ASSERT_EQ(read(pong[0], &byte, 1), 1);
	}
}

static double measure_switches(void)
{
	double cost;
	char byte;
	pid_t pid;

	ASSERT_OK(pipe(ping));
	ASSERT_OK(pipe(pong));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		close(ping[1]);
		while (read(ping[0], &byte, 1) == 1)
			ASSERT_EQ(write(pong[1], &byte, 1), 1);
		_exit(0);
	}
	close(ping[0]);
	cost = least(switch_to_and_fro, 50);
	close(ping[1]);
	close(pong[0]);
	close(pong[1]);
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	return cost;
}

/* In the order of enum figure. */
void measure_process(enum figure fault)
{
	figures[fault] = touch_shared(200, true);
	figures[fault + 1] = least(loop_syscall, 100);
	signal(SIGUSR1, handle_nothing);
	figures[fault + 2] = least(raise_signals, 20);
	signal(SIGUSR1, SIG_DFL);
	figures[fault + 3] = measure_switches();
}
