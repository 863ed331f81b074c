/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that uses enclaves: its logical processor, its cache of
 * translations, and to which enclaves it is attached.
 */
#ifndef SOFTSGX_DRIVER_THREAD_H
#define SOFTSGX_DRIVER_THREAD_H

#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include "encl.h"

#define SGX_TLB_ENTRIES	16

/**
 * struct sgx_tlb_entry - a translation that was checked under the mmap_lock
 * @encl:	enclave that is mapped there; NULL for an empty entry. Another
 *		thread may set it to NULL, and then frees the enclave only after
 *		an RCU grace period
 * @epcm:	EPC page at that address
 * @la:		linear address, page aligned
 * @generation:	of @encl when the entry was made; the entry is void if the
 *		enclave's differs now
 * @writable:	the mapping allows writes
 */
struct sgx_tlb_entry {
	struct sgx_encl *encl;
	struct sgx_epcm *epcm;
	unsigned long la;
	long generation;
	bool writable;
};

/**
 * struct sgx_attachment - a thread that may enter an enclave
 * @encl:	enclave
 * @thread:	thread
 * @encl_node:	in &sgx_encl.threads
 * @thread_node: in &sgx_thread.attachments
 *
 * Both lists are protected by sgx_attach_lock.
 */
struct sgx_attachment {
	struct sgx_encl *encl;
	struct sgx_thread *thread;
	struct list_head encl_node;
	struct list_head thread_node;
};

/* Of driver/thread.c, for driver/encl.c */
extern spinlock_t sgx_attach_lock;
bool sgx_encl_detach_threads(struct sgx_encl *encl);
u64 sgx_encl_oldest_epoch(struct sgx_encl *encl);

/**
 * sgx_fault_is_epcm() - note that the EPCM, not the mapping, forbids an access
 *
 * Called by the fault handler of an enclave mapping when the mapping would
 * allow the access that faults but the EPCM does not: the page-fault error code
 * that the program gets then has the SGX bit.
 */
void sgx_fault_is_epcm(void);

int sgx_thread_init(void);
void sgx_thread_exit(void);

#endif /* SOFTSGX_DRIVER_THREAD_H */
