/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the paging tests share: an enclave with a heap, work on it, the EPC. */
#ifndef PAGING_LIB_H
#define PAGING_LIB_H

#include <string.h>
#include "../uapi/lib.h"
#include "job.h"

/**
 * struct big - an enclave with a heap
 * @guest:	enclave, as tests/uapi has it
 * @heap:	address of the heap
 * @pages:	its size
 */
struct big {
	struct guest guest;
	u64 heap;
	u64 pages;
};

enum big_flags {
	BIG_PRODUCTION = 1, /* no debug enclave */
	BIG_AUGMENT = 2, /* the heap comes by EAUG, not by EADD */
	BIG_THREADS = 4, /* with MANY_THREADS */
};

/* Build it, with @pages of heap, and map it. big_fill() comes next. */
void big_open(struct big *big, u64 pages, unsigned int flags);
/* The same; a negative errno if a step fails, and then it is closed. */
int big_try_open(struct big *big, u64 pages, unsigned int flags);
void big_fill(const struct big *big, unsigned int thread);
void big_close(struct big *big);

/* One job on the whole heap. */
u64 big_job(const struct big *big, unsigned int thread, struct job job);

/**
 * big_walk() - threads access the heap at random, all at once
 * @big:	enclave, filled
 * @threads:	how many, with the first TCSs
 * @steps:	of each
 * @seed:	of the first
 *
 * Return: the sum of what they have added.
 */
u64 big_walk(const struct big *big, unsigned int threads, u64 steps, u64 seed);

/* Every page is right, and the counters add up to @wanted. */
void big_check(const struct big *big, u64 wanted);

/* Pages of the EPC, and those in use. */
u64 epc_total(void);
u64 epc_in_use(void);
/* Nothing is in use, at once or soon. */
void epc_empty(void);

/* Another enclave that wants all of the EPC several times over. */
void squeeze(void);

#endif /* PAGING_LIB_H */
