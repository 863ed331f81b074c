/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Isolation inside a process: the pages of an enclave are for its own code.
 */
#ifndef SOFTSGX_DRIVER_ISOLATE_H
#define SOFTSGX_DRIVER_ISOLATE_H

#include <linux/jump_label.h>
#include <linux/pkeys.h>
#include <asm/pkru.h>
#include "thread.h"

/* Whether there is isolation; constant once the module is loaded. */
DECLARE_STATIC_KEY_FALSE(sgx_isolated);

/* The two bits of a key in PKRU. */
static inline u32 sgx_pkru_bits(unsigned int key)
{
	return (PKRU_AD_BIT | PKRU_WD_BIT) << (key * PKRU_BITS_PER_PKEY);
}

/* isolate.c: keys */
int sgx_isolate_init(void);
void sgx_isolate_exit(void);
int sgx_isolate_map(struct vm_area_struct *vma);
void sgx_isolate_open(struct vm_area_struct *vma);
void sgx_isolate_close(struct vm_area_struct *vma);
int sgx_isolate_mprotect(struct vm_area_struct *vma, unsigned long newflags);
bool sgx_isolate_forbids(const struct vm_fault *vmf);
vm_fault_t sgx_isolate_insert(struct vm_area_struct *vma, unsigned long addr,
			      unsigned long pfn, unsigned long flags);
void sgx_isolate_attach(struct sgx_thread *thread,
			const struct vm_area_struct *vma);
void sgx_isolate_recall(struct sgx_thread *thread, struct sgx_encl *encl);
bool sgx_isolate_repair(struct sgx_thread *thread);

/* isolate.c: page faults */
bool sgx_isolate_hides(const struct vm_area_struct *vma, unsigned long address,
		       const struct sgx_encl *own);
bool sgx_isolate_keeps(struct sgx_thread *thread, unsigned long address,
		       unsigned long errcd);
bool sgx_isolate_takes(struct pt_regs *regs, unsigned long address,
		       unsigned long errcd);
int sgx_isolate_zapped(unsigned long address, unsigned long errcd);
int sgx_isolate_watch(void);
void sgx_isolate_unwatch(void);

/* abort.c */
void sgx_abort_init(void);
void sgx_abort_access(struct sgx_thread *thread);

/**
 * sgx_isolate_enter() - open the pages of an enclave to the thread in it
 * @thread:	running thread, which has just entered, with its PKRU noted
 *
 * What the program has in PKRU is noted with the keys of all enclaves closed:
 * an XRSTOR of everything opens them.
 *
 * Context: the running thread, interrupts off.
 */
static inline void sgx_isolate_enter(struct sgx_thread *thread)
{
	struct sgx_encl *encl;

	if (!static_branch_unlikely(&sgx_isolated))
		return;

	encl = sgx_secs_encl(thread->cpu.secs);
	if (unlikely(thread->key_encl != encl))
		sgx_isolate_recall(thread, encl);
	if (thread->key_open) {
		thread->pkru |= thread->key_closed;
		wrpkru(thread->pkru & ~thread->key_open);
	}
}

#endif /* SOFTSGX_DRIVER_ISOLATE_H */
