// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* An enclave of 1 GiB, in whatever EPC there is; with the time of each step. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "lib.h"

static void said(const char *what)
{
	static struct timespec then;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (then.tv_sec)
		printf("  %s in %ld s\n", what,
		       (long)(now.tv_sec - then.tv_sec));
	fflush(stdout);
	then = now;
}

TEST(gibibyte, "an enclave of 1 GiB, random access from four threads")
{
	struct big big;
	u64 sum;

	alarm(0);
	said("started");
	/* With code and the rest: the heap is what is left of 1 GiB. */
	big_open(&big, (1UL << 30) / PAGE - 256, 0);
	said("built");
	big_fill(&big, 0);
	said("filled");
	sum = big_walk(&big, 4, 20000, 1);
	said("walked, 80000 accesses,");
	big_check(&big, sum);
	said("checked");
	big_close(&big);
	epc_empty();
	said("taken down");
}
