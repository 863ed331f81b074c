// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What mmap() and mprotect() of a whole enclave cost, and what that depends on:
 * on the number of ranges with one ceiling, not on the number of pages.
 *
 * To be run by vm/run --icount, where the TSC counts instructions: then the
 * numbers are the same each time, but for the timer's interrupts, of which the
 * least of a few runs has none.
 *
 * Usage: cost [MIB]	size of the enclave, 1024 by default: a power of two,
 *			at least 64, for which the EPC has to suffice
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <x86intrin.h>
#include "../uapi/lib.h"

#define MIB	   (1UL << 20)
#define REPETITION 7

/* What the assertions of harness.h call. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("%s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

/* The TSC's ticks that mprotect() to and fro takes, by its half. */
static u64 cost_of_mprotect(void *area, u64 size)
{
	u64 least = ~0UL;
	u64 start, ticks;
	unsigned int i;

	for (i = 0; i < REPETITION; i++) {
		start = __rdtsc();
		ASSERT_OK(mprotect(area, size, PROT_NONE));
		ASSERT_OK(mprotect(area, size, PROT_READ));
		ticks = (__rdtsc() - start) / 2;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

static u64 cost_of_mmap(void *area, u64 size, int fd)
{
	u64 least = ~0UL;
	u64 start, ticks;
	unsigned int i;

	for (i = 0; i < REPETITION; i++) {
		ASSERT_OK(munmap(area, size));
		start = __rdtsc();
		ASSERT_EQ(mmap(area, size, PROT_READ, MAP_SHARED | MAP_FIXED,
			       fd, 0),
			  area);
		ticks = __rdtsc() - start;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

/* Every page gets its page table entry. */
static void touch(const void *area, u64 size)
{
	const volatile u8 *byte = area;
	u64 i;

	for (i = 0; i < size; i += PAGE)
		(void)byte[i];
}

/**
 * struct cost - what was measured of an area
 * @mmap:	mapping it
 * @fresh:	mprotect() of it before any page was touched
 * @touched:	mprotect() of it when all were
 */
struct cost {
	u64 mmap;
	u64 fresh;
	u64 touched;
};

static struct cost measure(void *area, u64 size, int fd)
{
	struct cost cost;

	cost.mmap = cost_of_mmap(area, size, fd);
	cost.fresh = cost_of_mprotect(area, size);
	touch(area, size);
	cost.touched = cost_of_mprotect(area, size);
	return cost;
}

static struct cost measure_shared(u64 size)
{
	int fd = memfd_create("shared", 0);
	struct cost cost;
	void *area;

	ASSERT(fd >= 0 && !ftruncate(fd, size));
	area = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT(area != MAP_FAILED);
	cost = measure(area, size, fd);
	munmap(area, size);
	close(fd);
	return cost;
}

static void add(struct enclave *encl, void *source, u64 offset, u64 length,
		u64 secinfo)
{
	ASSERT_OK(encl_add(encl, offset, source, length, secinfo, 0));
}

/* An enclave of @size with @ranges: 3, or one for each page. */
static struct cost measure_enclave(u64 size, u64 ranges)
{
	const u64 third = size / 3 & SGX_PAGE_MASK;
	struct enclave encl;
	struct cost cost;
	void *source;
	u64 offset;

	source = mmap(NULL, size, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT(source != MAP_FAILED);
	ASSERT_OK(encl_open(&encl, size));
	ASSERT_OK(encl_create(&encl));
	if (ranges == 3) {
		add(&encl, source, 0, third, ENCL_RX);
		add(&encl, source, third, third, ENCL_R);
		add(&encl, source, 2 * third, size - 2 * third, ENCL_RW);
	} else {
		for (offset = 0; offset < size; offset += PAGE)
			add(&encl, source, offset, PAGE,
			    offset / PAGE % 2 ? ENCL_RW : ENCL_R);
	}
	munmap(source, size);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_OK(encl_map(&encl, 0, size, PROT_READ));

	/* It does have these ceilings. */
	ASSERT_EQ(encl_map(&encl, 0, size, PROT_READ | PROT_WRITE), -EACCES);
	ASSERT_EQ(encl_map(&encl, 0, size, PROT_READ | PROT_EXEC), -EACCES);
	ASSERT_OK(encl_map(&encl, 0, size, PROT_READ));

	cost = measure((void *)encl.secs.baseaddr, size, encl.fd);
	encl_close(&encl);
	return cost;
}

static void show(const char *what, u64 size, u64 ranges, struct cost cost)
{
	printf("%-14s %7lu pages %7lu ranges: mmap %9lu, mprotect %9lu fresh, "
	       "%9lu touched\n",
	       what, size / PAGE, ranges, cost.mmap, cost.fresh, cost.touched);
	fflush(stdout);
}

static void at_most(const char *what, u64 cost, u64 times, u64 other)
{
	double ratio = (double)cost / (double)other;

	if (cost > times * other)
		test_fail(__FILE__, __LINE__, "%s: %.2f times, not %lu", what,
			  ratio, times);
	printf("ok     %s: %.2f times, %lu allowed\n", what, ratio, times);
}

int main(int argc, char **argv)
{
	u64 size = (argc > 1 ? strtoul(argv[1], NULL, 0) : 1024) * MIB;
	struct cost small, large, shared, per_page;

	shared = measure_shared(size);
	show("shared memory", size, 1, shared);
	small = measure_enclave(size / 64, 3);
	show("enclave", size / 64, 3, small);
	large = measure_enclave(size, 3);
	show("enclave", size, 3, large);
	per_page = measure_enclave(size, size / PAGE);
	show("a step a page", size, size / PAGE, per_page);

	at_most("mprotect, touched, against shared memory", large.touched, 2,
		shared.touched);
	at_most("mprotect, fresh, against shared memory", large.fresh, 2,
		shared.fresh);
	at_most("mmap, against shared memory", large.mmap, 2, shared.mmap);
	at_most("mprotect, 64 times the pages", large.fresh, 2, small.fresh);
	at_most("mmap, 64 times the pages", large.mmap, 2, small.mmap);
	/* A step for each page would have been seen. */
	ASSERT(per_page.fresh > 10 * large.fresh);
	printf("ok     a step for each page: %.0f times as much\n",
	       (double)per_page.fresh / (double)large.fresh);
	printf("cost: 6 passed, 0 failed\n");
	return 0;
}
