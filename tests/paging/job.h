/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The enclave of the paging tests, and what it is told to do: it has a heap of
 * any size, and each page of the heap says of itself which it is, so that a page
 * that comes back as another, or as it was before, shows.
 */
#ifndef PAGING_JOB_H
#define PAGING_JOB_H

#include "../../arch/sgx.h"

enum job_code {
	JOB_FILL,   /* number the pages, counters 0 */
	JOB_WALK,   /* @steps times, a page at random: look, and add to it */
	JOB_SUM,    /* look at all pages; ret = sum of their counters */
	JOB_ACCEPT, /* EACCEPT of all pages with SECINFO.FLAGS @arg */
	JOB_STAMP,  /* each word of all pages gets a number made from @arg */
	JOB_LOOK,   /* each word has that number; 0 where @arg is 0 */
	JOB_NOP,
	/* What may fault at the first page, and JOB_SKIP afterwards. */
	JOB_TRY_READ,	/* ret = its first word */
	JOB_TRY_WRITE,	/* its first word = @arg */
	JOB_TRY_ACCEPT, /* EACCEPT with SECINFO.FLAGS @arg; ret = error code */
	JOB_TRY_EXTEND, /* EMODPE with SECINFO.FLAGS @arg */
	JOB_SKIP,	/* the interrupted try has failed: ret = JOB_FAULT */
};

/* What is wrong with a page, in @ret: JOB_WRONG and its number. */
#define JOB_WRONG ((u64)1 << 63)
/* EACCEPT failed, with the error in the low bits. */
#define JOB_REFUSED ((u64)1 << 62)
/* A try that was skipped. */
#define JOB_FAULT ((u64)1 << 61)

/* threads.elf has so many TCSs, others have OP_THREADS. */
#define MANY_THREADS 10

/**
 * struct job - for one entry
 * @op:		enum job_code
 * @start:	address of the first page
 * @pages:	how many
 * @steps:	of a walk
 * @seed:	of its random numbers, not 0
 * @arg:	see above
 * @ret:	out; for a walk, the sum of what it has added
 */
struct job {
	u64 op;
	u64 start;
	u64 pages;
	u64 steps;
	u64 seed;
	u64 arg;
	u64 ret;
};

/**
 * struct heap_page - a page of the heap
 * @number:	from the start of the heap, times HEAP_MARK
 * @first:	counter
 * @last:	the same counter, at the other end
 */
struct heap_page {
	u64 number;
	u64 first;
	u64 middle[509];
	u64 last;
};

#define HEAP_MARK ((u64)0x9e3779b97f4a7c15)

/* What JOB_STAMP has in the word at @addr. */
static inline u64 job_stamp(u64 arg, u64 addr)
{
	return arg ? (arg ^ addr) * HEAP_MARK : 0;
}

/* xorshift64 */
static inline u64 job_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif /* PAGING_JOB_H */
