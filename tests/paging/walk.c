// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Enclaves larger than the EPC, and many at once: every page stays right. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
#include "lib.h"

static u64 times_epc(unsigned int tenths)
{
	return epc_total() * tenths / 10;
}

static const struct heap {
	const char *situation;
	unsigned int tenths;
	unsigned int flags;
	u64 steps;
} heaps[] = {
	{ "fits in the EPC", 5, 0, 1500 },
	{ "fits in it as nearly as not", 10, 0, 1500 },
	{ "is 4 times the EPC", 40, 0, 800 },
	{ "is 3 times the EPC, and came by EAUG", 30, BIG_AUGMENT, 500 },
};

#define RW_PENDING (ENCL_RW | SGX_SECINFO_FL_PENDING)

TEST_ROWS(threads, heaps, "random access from four threads: a heap that")
{
	struct big big;
	u64 sum;

	big_open(&big, times_epc(row->tenths), row->flags);
	if (row->flags & BIG_AUGMENT)
		ASSERT_EQ(big_job(&big, 0,
				  (struct job){ .op = JOB_ACCEPT,
						.arg = RW_PENDING }),
			  0);
	big_fill(&big, 0);
	big_check(&big, 0);
	sum = big_walk(&big, 4, row->steps, 1);
	big_check(&big, sum);
	ASSERT(epc_in_use() <= epc_total() + 2 * big.pages / 512 + 2);
	big_close(&big);
	epc_empty();
}

/* Waits for children that are to end well. */
static void children_end(pid_t *pids, unsigned int n)
{
	unsigned int i;
	int status;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(waitpid(pids[i], &status, 0), pids[i]);
		ASSERT_EQ(status, 0);
	}
}

TEST(processes, "six processes, each with an enclave of half of the EPC")
{
	pid_t pids[6];
	struct big big;
	u64 sum;
	int i;

	for (i = 0; i < 6; i++) {
		pids[i] = fork();
		ASSERT(pids[i] >= 0);
		if (pids[i])
			continue;
		big_open(&big, times_epc(5), 0);
		big_fill(&big, 0);
		sum = big_walk(&big, 2, 400, 10 + i);
		big_check(&big, sum);
		_exit(0);
	}
	children_end(pids, 6);
	epc_empty();
}

TEST(shared, "an enclave of twice the EPC that three processes use")
{
	pid_t pids[2];
	struct big big;
	int sums[2];
	u64 sum, part;
	int i;

	big_open(&big, times_epc(20), 0);
	big_fill(&big, 0);
	ASSERT_OK(pipe(sums));
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		ASSERT(pids[i] >= 0);
		if (pids[i])
			continue;
		/* A thread for each process: TCSs are the enclave's. */
		part = big_job(&big, 1 + i,
			       (struct job){ .op = JOB_WALK,
					     .steps = 800,
					     .seed = 77 + i });
		ASSERT_EQ(write(sums[1], &part, sizeof(part)), sizeof(part));
		_exit(0);
	}
	sum = big_walk(&big, 1, 800, 5);
	children_end(pids, 2);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(read(sums[0], &part, sizeof(part)), sizeof(part));
		sum += part;
	}
	big_check(&big, sum);
	big_close(&big);
	epc_empty();
}

TEST(survivor, "the process that built it is gone, and its pages are out")
{
	struct big big;
	int status;
	int go[2];
	pid_t pid;
	char c;

	ASSERT_OK(pipe(go));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		pid_t child;

		big_open(&big, times_epc(15), 0);
		big_fill(&big, 0);
		child = fork();
		ASSERT(child >= 0);
		if (child)
			_exit(0);
		squeeze();
		big_check(&big, big_walk(&big, 2, 500, 3));
		ASSERT_EQ(write(go[1], "y", 1), 1);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	close(go[1]);
	ASSERT_EQ(read(go[0], &c, 1), 1);
	epc_empty();
}
