/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an enclave does is counted, and can be read in debugfs.
 */
#ifndef SOFTSGX_DRIVER_STATS_H
#define SOFTSGX_DRIVER_STATS_H

#include <linux/percpu.h>
#include "encl.h"

/**
 * struct sgx_encl_counts - what threads of an enclave do, on one processor
 * @entries:	EENTER and ERESUME that succeeded
 * @aexes:	asynchronous exits
 * @faults:	page faults that the driver handled
 *
 * EEXITs are not counted: whoever went in and did not leave by an AEX, and is
 * not inside, has left by EEXIT.
 */
struct sgx_encl_counts {
	unsigned long entries;
	unsigned long aexes;
	unsigned long faults;
};

/* Count one: two instructions, without a lock. Any context. */
#define sgx_count(encl, what) this_cpu_inc((encl)->counts->what)

int sgx_stats_add(struct sgx_encl *encl);
void sgx_stats_del(struct sgx_encl *encl);

void sgx_stats_each(void (*visit)(struct sgx_encl *encl, void *data),
		    void *data);

void sgx_stats_init(void);
void sgx_stats_exit(void);

#endif /* SOFTSGX_DRIVER_STATS_H */
