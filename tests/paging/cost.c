// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What a page that is out costs, in units of the time stamp counter: under
 * vm/run --icount, instructions.
 */
#include <stdio.h>
#include <x86intrin.h>
#include "lib.h"

/* One access to each page of the heap, from inside. */
static u64 pass(const struct big *big)
{
	u64 start = __rdtsc();

	big_check(big, 0);
	return (__rdtsc() - start) / big->pages;
}

static u64 walk(const struct big *big)
{
	const u64 steps = big->pages;
	u64 start = __rdtsc();

	big_job(big, 0,
		(struct job){ .op = JOB_WALK, .steps = steps, .seed = 7 });
	return (__rdtsc() - start) / steps;
}

TEST(cost, "a pass over a heap, in the EPC and of twice its size")
{
	struct big big;
	u64 in, out, random;

	big_open(&big, epc_total() / 2, 0);
	big_fill(&big, 0);
	pass(&big);
	in = pass(&big);
	big_close(&big);
	epc_empty();

	big_open(&big, 2 * epc_total(), 0);
	big_fill(&big, 0);
	out = pass(&big);
	random = walk(&big);
	big_close(&big);
	printf("  %lu for a page that is in\n"
	       "  %lu for one that is out, one after the other\n"
	       "  %lu at random, where one in two is out\n",
	       in, out, random);
	ASSERT(in < out);
	epc_empty();
}
