/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * EPCM entries: reading and changing the state word, and the locks that stand
 * for the SDM's concurrency restrictions. Internal to arch/.
 */
#ifndef SOFTSGX_EPCM_H
#define SOFTSGX_EPCM_H

#include "core.h"

#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

static inline u32 sgx_epcm_state(const struct sgx_epcm *epcm)
{
	return __atomic_load_n(&epcm->state, __ATOMIC_ACQUIRE);
}

/* The other fields are written first; this publishes them. */
static inline void sgx_epcm_set_state(struct sgx_epcm *epcm, u32 state)
{
	__atomic_store_n(&epcm->state, state, __ATOMIC_RELEASE);
}

static inline enum sgx_page_type sgx_epcm_pt(u32 state)
{
	return (enum sgx_page_type)((state & SGX_EPCM_PT) >> SGX_EPCM_PT_SHIFT);
}

static inline u32 sgx_epcm_type(enum sgx_page_type pt)
{
	return (u32)pt << SGX_EPCM_PT_SHIFT;
}

static inline struct sgx_secs *sgx_secs_of(const struct sgx_epcm *secs)
{
	return secs->page;
}

/*
 * ATTRIBUTES.FLAGS of an enclave whose measurement the caller has not locked:
 * EINIT sets INIT at any time.
 */
static inline u64 sgx_secs_flags(const struct sgx_secs *secs)
{
	return __atomic_load_n(&secs->attributes.flags, __ATOMIC_ACQUIRE);
}

/* The entry of the EPC page that holds an ENCLS operand, NULL if none does. */
static inline struct sgx_epcm *sgx_find_epc(struct sgx_cpu *cpu, u64 addr)
{
	return cpu->core->ops->epc(cpu->core, addr & SGX_PAGE_MASK);
}

static inline bool sgx_is_secs(const struct sgx_epcm *epcm)
{
	u32 state = sgx_epcm_state(epcm);

	return state & SGX_EPCM_VALID && sgx_epcm_pt(state) == SGX_PT_SECS;
}

static inline bool sgx_aligned(u64 addr, u64 align)
{
	return !(addr & (align - 1));
}

/* With 4-level paging: bits 63:47 are equal. */
static inline bool sgx_canonical(u64 addr)
{
	return ((u64)((long long)(addr << 16) >> 16)) == addr;
}

/*
 * Lock word: the base restriction (a count of shared holders, or one exclusive
 * holder) and two resources that a SECS has besides (its measurement, its
 * tracking epoch), each of which one processor at a time can hold.
 */
#define SGX_LOCK_SHARED	   1U
#define SGX_LOCK_EXCLUSIVE (1U << 31)
#define SGX_LOCK_MEASURE   (1U << 30)
#define SGX_LOCK_TRACK	   (1U << 29)
#define SGX_LOCK_HOLDERS   (SGX_LOCK_TRACK - 1)

/* Whether @how may be added to a lock word that is @held. */
static inline bool sgx_lock_compatible(u32 held, u32 how)
{
	u32 resources = how & (SGX_LOCK_MEASURE | SGX_LOCK_TRACK);

	if (held & resources)
		return false;
	if (how & SGX_LOCK_EXCLUSIVE)
		return !(held & (SGX_LOCK_EXCLUSIVE | SGX_LOCK_HOLDERS));
	if (how & SGX_LOCK_SHARED)
		return !(held & SGX_LOCK_EXCLUSIVE);
	return true;
}

/**
 * sgx_epcm_trylock - take an EPC page for the time of a leaf
 * @epcm:	the page
 * @how:	SGX_LOCK_SHARED or SGX_LOCK_EXCLUSIVE, SGX_LOCK_MEASURE,
 *		SGX_LOCK_TRACK, or a union of them, which is taken whole or not
 *		at all
 *
 * Return: false on conflict, and nothing is taken then; the leaf that asked
 * fails as its table of concurrency restrictions says. Nobody ever waits.
 *
 * Concurrency: any number of processors; taking is an acquire operation.
 */
static inline bool sgx_epcm_trylock(struct sgx_epcm *epcm, u32 how)
{
	u32 held = __atomic_load_n(&epcm->lock, __ATOMIC_RELAXED);

	do {
		if (!sgx_lock_compatible(held, how))
			return false;
	} while (!__atomic_compare_exchange_n(&epcm->lock, &held, held + how,
					      true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/**
 * sgx_epcm_unlock - give back what sgx_epcm_trylock() has taken
 * @epcm:	the page
 * @how:	all of what was taken, or a part
 *
 * Concurrency: by the processor that holds @how; a release operation.
 */
static inline void sgx_epcm_unlock(struct sgx_epcm *epcm, u32 how)
{
	__atomic_fetch_sub(&epcm->lock, how, __ATOMIC_RELEASE);
}

/* @la lies within CR_ELRANGE; true only in enclave mode. */
static inline bool sgx_in_elrange(const struct sgx_cpu *cpu, u64 la)
{
	return la - cpu->base < cpu->size && sgx_enclave_mode(cpu);
}

/**
 * sgx_epcm_accessible - whether the EPCM lets an enclave access a regular page
 * @epcm:	the page
 * @state:	its state, read once by the caller
 * @secs:	the enclave
 * @la:		linear address of the access
 * @access:	SGX_PFEC_W or SGX_ACCESS_STATE for a write, 0 for a read
 *
 * The conditions of sgx_enclave_page() but for the translation, in the SDM's
 * order; each gives the same fault.
 *
 * Return: true if none of them fails.
 */
static inline bool sgx_epcm_accessible(const struct sgx_epcm *epcm, u32 state,
				       const struct sgx_epcm *secs, u64 la,
				       u32 access)
{
	u32 bad = SGX_EPCM_BLOCKED | SGX_EPCM_PENDING | SGX_EPCM_MODIFIED;
	u32 perm = access ? SGX_EPCM_W : SGX_EPCM_R;

	if (!(state & SGX_EPCM_VALID) || state & bad)
		return false;
	if (sgx_epcm_pt(state) != SGX_PT_REG || epcm->secs != secs)
		return false;
	return epcm->addr == (la & SGX_PAGE_MASK) && state & perm;
}

/**
 * sgx_enclave_fault - the #PF of an access that the EPCM forbids
 * @cpu:	who made the access, in user mode
 * @la:		the linear address, as the operand has it
 * @access:	SGX_PFEC_W for a write, 0 for a read
 *
 * Page tables allowed the access (P) and SGX did not (SGX).
 *
 * Return: always SGX_FAULT | SGX_VECTOR_PF.
 */
static inline int sgx_enclave_fault(struct sgx_cpu *cpu, u64 la, u32 access)
{
	return sgx_pf(cpu, la, SGX_PFEC_SGX | SGX_PFEC_P | SGX_PFEC_U | access);
}

/**
 * sgx_encls_fault - the #PF of an ENCLS leaf for a page that it cannot use
 * @cpu:	who executes the leaf
 * @addr:	the address, as the operand has it
 * @access:	SGX_PFEC_W for an operand that is written, otherwise 0
 *
 * As sgx_enclave_fault(), but ENCLS is executed in supervisor mode.
 *
 * Return: always SGX_FAULT | SGX_VECTOR_PF.
 */
static inline int sgx_encls_fault(struct sgx_cpu *cpu, u64 addr, u32 access)
{
	return sgx_pf(cpu, addr, SGX_PFEC_SGX | SGX_PFEC_P | access);
}

int sgx_enclave_page(struct sgx_cpu *cpu, struct sgx_epcm *secs, u64 la,
		     u32 access, struct sgx_epcm **epcm);

/* edmm.c */
void sgx_epcm_change(struct sgx_epcm *epcm, u32 clear, u32 set);
void sgx_epcm_change_tracked(struct sgx_epcm *epcm, u32 clear, u32 set);
bool sgx_epcm_tracked(struct sgx_core *core, const struct sgx_epcm *epcm);

/*
 * A host pointer from an operand that holds it as an effective address, and
 * back. SGX in 64-bit mode only: the two have one size.
 */
static inline void *sgx_ptr(u64 addr)
{
	return (void *)(unsigned long)addr;
}

static inline u64 sgx_addr(const void *ptr)
{
	return (u64)(unsigned long)ptr;
}

#endif /* SOFTSGX_EPCM_H */
