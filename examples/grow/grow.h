/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the host and the enclave of the example say to each other. */
#ifndef GROW_H
#define GROW_H

#include "../../arch/types.h"

/* ELRANGE, and in it the heap, of which nothing is there at first. */
#define GROW_SIZE	0x100000
#define GROW_HEAP	0x80000
#define GROW_HEAP_PAGES 128

enum grow_request {
	GROW_ADD,  /* accept the pages, and write a number into each word */
	GROW_SUM,  /* sum = of all words in the pages */
	GROW_TRIM, /* accept that the pages go */
};

/* @pages pages of the heap, from number @first; @sgx: what EACCEPT said. */
struct grow_call {
	u64 request;
	u64 first;
	u64 pages;
	u64 status;
	u64 sgx;
	u64 sum;
};

/* Values of status. */
#define GROW_OK	     0
#define GROW_REFUSED 1

#endif /* GROW_H */
