// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* What softsgx does. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "bench.h"

/* The enclave: TCSs, the code, SSA frames, a SECINFO, and then data. */
enum thread { EXIT, EXIT_TOO, READ, WRITE, ACCEPT, SPIN, FAULT, THREADS };

#define FRAMES 2

#define AT_CODE	   (THREADS * PAGE)
#define AT_SSA	   (AT_CODE + PAGE)
#define AT_SECINFO (AT_SSA + THREADS * FRAMES * PAGE)
#define AT_DATA	   (AT_SECINFO + PAGE)
#define PAGES	   200
#define SMALL	   (4 * MIB)
#define LARGE	   (2 * BENCH_LARGE)
#define LARGE_DATA BENCH_LARGE

static struct enclave encl;
/* What the ADD_PAGES of the data took in the last build(). */
static u64 ticks_to_add;

static u64 at(u64 offset)
{
	return encl.secs.baseaddr + offset;
}

static void add_threads(void)
{
	static const u8 *const entries[THREADS] = { code_exit,	 code_exit,
						    code_read,	 code_write,
						    code_accept, code_spin,
						    code_fault };
	struct sgx_tcs *tcs = page_alloc(1);
	u64 i;

	for (i = 0; i < THREADS; i++) {
		tcs->ossa = AT_SSA + i * FRAMES * PAGE;
		tcs->nssa = FRAMES;
		tcs->oentry = AT_CODE + (u64)(entries[i] - code);
		tcs->fslimit = 0xfff;
		tcs->gslimit = 0xfff;
		ASSERT_OK(encl_add(&encl, i * PAGE, tcs, PAGE, ENCL_TCS, 0));
	}
	munmap(tcs, PAGE);
}

static void add_secinfo(void)
{
	struct sgx_secinfo *secinfo = page_alloc(1);

	secinfo->flags = ENCL_RW | SGX_SECINFO_FL_PENDING;
	ASSERT_OK(encl_add(&encl, AT_SECINFO, secinfo, PAGE, ENCL_RW, 0));
	munmap(secinfo, PAGE);
}

/* With @data bytes of data in it. */
static void build(u64 size, u64 data)
{
	const u64 ssa = AT_SECINFO - AT_SSA;
	void *zeros =
		mmap(NULL, data + ssa, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE,
		     -1, 0);
	u64 start;

	ASSERT(zeros != MAP_FAILED);
	ASSERT_OK(encl_open(&encl, size));
	ASSERT_OK(encl_create(&encl));
	add_threads();
	ASSERT_OK(encl_add(&encl, AT_CODE, code, PAGE, ENCL_RX, 0));
	ASSERT_OK(encl_add(&encl, AT_SSA, zeros, ssa, ENCL_RW, 0));
	add_secinfo();
	start = __rdtsc();
	if (data)
		ASSERT_OK(encl_add(&encl, AT_DATA, zeros, data, ENCL_RW, 0));
	ticks_to_add = __rdtsc() - start;
	munmap(zeros, data + ssa);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_OK(encl_map(&encl, 0, AT_CODE, PROT_READ | PROT_WRITE));
	ASSERT_OK(encl_map(&encl, AT_CODE, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_OK(encl_map(&encl, AT_SSA, AT_DATA - AT_SSA,
			   PROT_READ | PROT_WRITE));
	ASSERT_OK(encl_map(&encl, AT_DATA, size - AT_DATA,
			   PROT_READ | PROT_WRITE));
}

static void run(enum thread thread, u64 first, u64 pages)
{
	u64 from = at(AT_DATA) + first * PAGE;

	loop_enter(1, at(thread * PAGE), from, from + pages * PAGE,
		   at(AT_SECINFO));
}

static u64 ticks_of(enum thread thread, u64 first, u64 pages)
{
	u64 start = __rdtsc();

	run(thread, first, pages);
	return __rdtsc() - start;
}

/* For each page, without the entry: of twice as many pages, the half. */
static double per_page(enum thread thread, u64 first)
{
	u64 best = ~0UL;
	u64 i, ticks;

	/* The page table, and the thread's own pages. */
	run(thread, first, 1);
	for (i = 0; i < 10; i++) {
		ticks = ticks_of(thread, first + 1 + i * PAGES / 10,
				 PAGES / 10);
		if (ticks < best)
			best = ticks;
	}
	return ((double)best - figures[ENTER]) / (PAGES / 10);
}

static void enter_raw(u64 n)
{
	loop_enter(n, at(EXIT * PAGE), 0, 0, 0);
}

/* Without softsgx the ENCLU is what bench/floor makes of it: the way is the same. */
void enter_vdso(u64 n)
{
	struct sgx_enclave_run run = { .tcs = at(EXIT * PAGE) };

	void *enter = vdso_enter_enclave();

	while (n--)
		vdso_enter(enter, &run, SGX_EENTER, NULL);
}

void enter_build(void)
{
	build(SMALL, 0);
}

void enter_by(unsigned int thread, u64 n)
{
	loop_enter(n, at((thread ? EXIT_TOO : EXIT) * PAGE), 0, 0, 0);
}

static void spin_inside(void)
{
	loop_enter(1, at(SPIN * PAGE), SPIN_TICKS / 2, 0, 0);
}

/* EENTER, and a page fault inside that the vDSO returns with. */
static double exception_vdso(void)
{
	const u64 frame = at(AT_SSA + FAULT * FRAMES * PAGE + PAGE) -
			  sizeof(struct sgx_gprsgx);
	void *rip = (void *)(frame + offsetof(struct sgx_gprsgx, rip));
	struct sgx_enclave_run run = { .tcs = at(FAULT * PAGE) };
	void *enter = vdso_enter_enclave();
	u64 start, ticks, best = ~0UL;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		start = __rdtsc();
		ASSERT_OK(vdso_enter(enter, &run, SGX_EENTER, NULL));
		ticks = __rdtsc() - start;
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
		if (ticks < best)
			best = ticks;
		ASSERT_OK(vdso_enter(enter, &run, SGX_EENTER, rip));
		ASSERT_EQ(run.function, SGX_EEXIT);
		ASSERT_OK(vdso_enter(enter, &run, SGX_ERESUME, NULL));
		ASSERT_EQ(run.function, SGX_EEXIT);
	}
	return (double)best;
}

void measure_entry(void)
{
	build(SMALL, 0);
	figures[ENTER] = least(enter_raw, 100);
	figures[ENTER_VDSO] = least(enter_vdso, 100);
	figures[AEX_SIGNAL] = signal_cost(spin_inside);
	figures[EXCEPTION_VDSO] = exception_vdso();
	encl_close(&encl);
}

void measure_pages(void)
{
	u64 i, start, ticks, best = ~0UL;

	build(SMALL, PAGES * PAGE + PAGE);
	figures[ENCL_TOUCH] = per_page(WRITE, 0);

	/* Again: the page table entry has gone, the page has not. */
	for (i = 0; i < 10; i++) {
		ASSERT_OK(encl_map(&encl, AT_DATA, PAGES * PAGE,
				   PROT_READ | PROT_WRITE));
		run(WRITE, PAGES - 1, 1);
		start = __rdtsc();
		run(WRITE, 0, PAGES / 2);
		ticks = __rdtsc() - start;
		if (ticks < best)
			best = ticks;
	}
	figures[AEX_FAULT] = ((double)best - figures[ENTER]) / (PAGES / 2);
	figures[EACCEPT] = per_page(ACCEPT, PAGES + 1);
	encl_close(&encl);
}

/* What a page takes of an ADD_PAGES of @size that is not followed by INIT. */
static double add(u64 size, u64 flags)
{
	const u64 pages = size / PAGE;
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	u8 *source = page_alloc((unsigned int)pages);
	struct sgx_enclave_add_pages arg = {
		.src = (u64)source,
		.length = size,
		.secinfo = (u64)&secinfo,
		.flags = flags,
	};
	u64 ticks;

	memset(source, 1, size);
	ASSERT_OK(encl_open(&encl, size));
	ASSERT_OK(encl_create(&encl));
	ticks = __rdtsc();
	ASSERT_OK(add_raw(encl.fd, &arg));
	ticks = __rdtsc() - ticks;
	ASSERT_EQ(arg.count, size);
	encl_close(&encl);
	munmap(source, size);
	settle();
	return (double)ticks / (double)pages;
}

static double slab(void)
{
	double kib = -1;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "r");

	ASSERT(file);
	while (fgets(line, sizeof(line), file) &&
	       sscanf(line, "Slab: %lf", &kib) != 1)
		;
	fclose(file);
	ASSERT(kib >= 0);
	return kib * 1024;
}

/* Waits only when nobody else has anything to do. */
static u64 ticks_to_teardown(void)
{
	struct sched_param param = {};
	u64 start;

	ASSERT_OK(sched_setscheduler(0, SCHED_IDLE, &param));
	start = __rdtsc();
	encl_close(&encl);
	while (epc_used())
		sched_yield();
	start = __rdtsc() - start;
	ASSERT_OK(sched_setscheduler(0, SCHED_OTHER, &param));
	return start;
}

static double measure_teardown(void)
{
	u64 base, whole;

	whole = ticks_to_teardown();
	build(SMALL, 0);
	base = ticks_to_teardown();
	return (double)(whole - base) / (double)(LARGE_DATA / PAGE);
}

void measure_large(void)
{
	u64 best = ~0UL;
	u64 start, ticks;
	unsigned int i;
	double before;

	progress("ADD_PAGES");
	figures[ADD_MEASURED] = add(16 * MIB, SGX_PAGE_MEASURE);
	figures[ADD_UNMEASURED] = add(BENCH_LARGE, 0);
	progress("building a large enclave");

	before = slab();
	build(LARGE, LARGE_DATA);
	figures[ENCL_SLAB] = (slab() - before) / (double)(LARGE_DATA / PAGE);
	progress("touching all of it");
	run(READ, 0, LARGE_DATA / PAGE);
	progress("mprotect");
	for (i = 0; i < 7; i++) {
		start = __rdtsc();
		ASSERT_OK(mprotect((void *)at(AT_DATA), LARGE_DATA, PROT_NONE));
		ASSERT_OK(mprotect((void *)at(AT_DATA), LARGE_DATA, PROT_READ));
		ticks = __rdtsc() - start;
		if (ticks < best)
			best = ticks;
	}
	figures[ENCL_MPROTECT] = (double)best / 2;
	progress("teardown");
	figures[ENCL_TEARDOWN] = measure_teardown();
}

/*
 * Growth
 */

/* What a page of an enclave of @pages costs, from ADD_PAGES to its end. */
static void grow_pages(u64 pages)
{
	u64 start, ticks;

	build(LARGE, pages * PAGE);
	point("a page added", pages, (double)ticks_to_add / pages);
	ticks = ticks_of(WRITE, 0, pages);
	point("a page touched first", pages, (double)ticks / pages);
	start = __rdtsc();
	ASSERT_OK(mprotect((void *)at(AT_DATA), pages * PAGE, PROT_READ));
	point("a page in mprotect", pages, (double)(__rdtsc() - start) / pages);
	enter_raw(10);
	point("EENTER + EEXIT, by pages", pages, least(enter_raw, 100));
	point("a teardown", pages, (double)ticks_to_teardown());
}

static pthread_barrier_t crowd_here, crowd_may_go;

/* With room for the thread-local stacks of lib.c, which are in it. */
#define CROWD_STACK (512UL << 10)

/* A thread that has been inside: the enclave knows it from then on. */
static void *crowd_member(void *arg)
{
	(void)arg;
	loop_enter(1, at(READ * PAGE), at(AT_DATA), at(AT_DATA) + PAGE, 0);
	pthread_barrier_wait(&crowd_here);
	pthread_barrier_wait(&crowd_may_go);
	return NULL;
}

static void restrict_page(u64 n)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = AT_DATA + PAGE,
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R | SGX_SECINFO_FL_W,
	};

	while (n--) {
		arg.result = 0;
		arg.count = 0;
		ASSERT_OK(ioctl(encl.fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
				&arg));
	}
}

/* One after the other, for they share a TCS. */
static void grow_threads(unsigned int threads)
{
	pthread_t *ids = calloc(threads, sizeof(*ids));
	pthread_attr_t attr;
	unsigned int i;

	ASSERT(ids);
	pthread_attr_init(&attr);
	ASSERT_OK(pthread_attr_setstacksize(&attr, CROWD_STACK));
	build(SMALL, 4 * PAGE);
	pthread_barrier_init(&crowd_may_go, NULL, threads + 1);
	pthread_barrier_init(&crowd_here, NULL, 2);
	for (i = 0; i < threads; i++) {
		ASSERT_OK(pthread_create(&ids[i], &attr, crowd_member, NULL));
		pthread_barrier_wait(&crowd_here);
	}
	enter_raw(10);
	point("EENTER + EEXIT, by threads", threads, least(enter_raw, 100));
	restrict_page(1);
	point("restricting a page, by threads", threads,
	      least(restrict_page, 10));
	pthread_barrier_wait(&crowd_may_go);
	for (i = 0; i < threads; i++)
		ASSERT_OK(pthread_join(ids[i], NULL));
	pthread_barrier_destroy(&crowd_here);
	pthread_barrier_destroy(&crowd_may_go);
	pthread_attr_destroy(&attr);
	encl_close(&encl);
	settle();
	free(ids);
}

/* @count enclaves that are created, with a page each, and then one more. */
static void grow_enclaves(unsigned int count)
{
	struct enclave *others = calloc(count, sizeof(*others));
	unsigned int i;
	u64 start, last = 0;

	ASSERT(others);
	for (i = 0; i < count; i++) {
		start = __rdtsc();
		ASSERT_OK(encl_open(&others[i], 2 * PAGE));
		ASSERT_OK(encl_create(&others[i]));
		last = __rdtsc() - start;
	}
	point("opening and creating, by enclaves", count, (double)last);
	build(SMALL, 0);
	enter_raw(10);
	point("EENTER + EEXIT, by enclaves", count, least(enter_raw, 100));
	encl_close(&encl);
	for (i = 0; i < count; i++)
		encl_close(&others[i]);
	settle();
	free(others);
}

void measure_growth(void)
{
	unsigned int n;

	for (n = 10; n <= 50000; n = n < 10000 ? n * 10 : n * 5) {
		progress("growth with pages");
		grow_pages(n);
	}
	for (n = 1; n <= 1000; n *= 10) {
		progress("growth with threads and enclaves");
		grow_threads(n);
		grow_enclaves(n);
	}
}

/*
 * All pages of an enclave that is larger than the EPC, one after the other, and
 * once more: each that comes in makes another go.
 */
void measure_paging(void)
{
	const u64 pages = 2 * epc_pages();
	u64 ticks;

	build(16 * MIB, pages * PAGE);
	run(WRITE, 0, pages);
	ticks = ticks_of(WRITE, 0, pages);
	figures[EVICT] = (double)ticks / (double)pages;
	encl_close(&encl);
	settle();
}

static void trace(enum thread thread, u64 first, u64 pages)
{
	mark_on();
	run(thread, first, pages);
	mark_off();
}

#define TRACED_PAGES 16

static void trace_add(void)
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	u8 *source = page_alloc(TRACED_PAGES);
	struct sgx_enclave_add_pages arg = {
		.src = (u64)source,
		.length = TRACED_PAGES * PAGE,
		.secinfo = (u64)&secinfo,
	};

	memset(source, 1, TRACED_PAGES * PAGE);
	ASSERT_OK(encl_open(&encl, SMALL));
	ASSERT_OK(encl_create(&encl));
	mark_on();
	ASSERT_OK(add_raw(encl.fd, &arg));
	mark_off();
	encl_close(&encl);
	munmap(source, TRACED_PAGES * PAGE);
}

void trace_all(void)
{
	build(SMALL, PAGES * PAGE);
	enter_raw(10);
	enter_vdso(10);
	trace(EXIT, 0, 0);
	mark_on();
	enter_vdso(1);
	mark_off();
	run(WRITE, 0, 1);
	trace(WRITE, 1, 1);
	run(ACCEPT, PAGES, 1);
	trace(ACCEPT, PAGES + 1, 1);
	mark_on();
	ticks_to_teardown();
	mark_off();
	trace_add();
	trace_add();
	build(16 * MIB, 2 * epc_pages() * PAGE);
	run(WRITE, 0, 2 * epc_pages());
	/* Of the pages that are out, twice a batch of those that go for them. */
	trace(WRITE, 0, 2 * TRACED_PAGES);
	encl_close(&encl);
}

pid_t other_start(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	ASSERT_OK(pipe(ready));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		build(SMALL, 0);
		enter_raw(1);
		ASSERT_EQ(write(ready[1], "", 1), 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

void other_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	settle();
}
