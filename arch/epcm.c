// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The lock words of EPCM entries, and the check of a memory operand that an
 * ENCLU leaf makes of a regular page of its own enclave.
 */
#include "epcm.h"

/* Whether @how may be added to a lock word that is @held. */
static bool lock_compatible(u32 held, u32 how)
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
bool sgx_epcm_trylock(struct sgx_epcm *epcm, u32 how)
{
	u32 held = __atomic_load_n(&epcm->lock, __ATOMIC_RELAXED);

	do {
		if (!lock_compatible(held, how))
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
void sgx_epcm_unlock(struct sgx_epcm *epcm, u32 how)
{
	__atomic_fetch_sub(&epcm->lock, how, __ATOMIC_RELEASE);
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
int sgx_enclave_fault(struct sgx_cpu *cpu, u64 la, u32 access)
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
int sgx_encls_fault(struct sgx_cpu *cpu, u64 addr, u32 access)
{
	return sgx_pf(cpu, addr, SGX_PFEC_SGX | SGX_PFEC_P | access);
}

/**
 * sgx_epcm_accessible - whether the EPCM lets an enclave access a regular page
 * @epcm:	the page
 * @secs:	the enclave
 * @la:		linear address of the access
 * @access:	SGX_PFEC_W for a write, 0 for a read
 *
 * The conditions of sgx_enclave_page() but for the translation, in the SDM's
 * order; each gives the same fault.
 *
 * Return: true if none of them fails.
 */
bool sgx_epcm_accessible(const struct sgx_epcm *epcm,
			 const struct sgx_epcm *secs, u64 la, u32 access)
{
	u32 bad = SGX_EPCM_BLOCKED | SGX_EPCM_PENDING | SGX_EPCM_MODIFIED;
	u32 perm = access & SGX_PFEC_W ? SGX_EPCM_W : SGX_EPCM_R;
	u32 state = sgx_epcm_state(epcm);

	if (!(state & SGX_EPCM_VALID) || state & bad)
		return false;
	if (sgx_epcm_pt(state) != SGX_PT_REG || epcm->secs != secs)
		return false;
	return epcm->addr == (la & SGX_PAGE_MASK) && state & perm;
}

/**
 * sgx_enclave_page - a memory operand in a regular page of an enclave
 * @cpu:	who executes the leaf
 * @secs:	the enclave that the page has to belong to
 * @la:		linear address of the operand, which must not cross a page
 * @access:	SGX_PFEC_W for an operand that is written, 0 for one that is read
 * @epcm:	set to the page's entry on success
 *
 * The translation and the EPCM checks that the leaves make of a PT_REG operand.
 * Alignment and CR_ELRANGE, where the leaf wants them, are the leaf's to check
 * before. Nothing is locked: the leaves that use this are "concurrent" with all
 * others in their tables, and a page of an enclave in which a processor runs is
 * not removed (SGX_ENCLAVE_ACT).
 *
 * Return: 0; #GP if @la is not canonical; #PF(@la) if no EPC page is mapped
 * there, or if the page is not valid, blocked, pending, modified, no PT_REG, of
 * another enclave, entered for another address, or lacks the permission; what
 * the page tables give otherwise, or SGX_RETRY.
 */
int sgx_enclave_page(struct sgx_cpu *cpu, struct sgx_epcm *secs, u64 la,
		     u32 access, struct sgx_epcm **epcm)
{
	struct sgx_epcm *found = NULL;
	int ret;

	if (!sgx_canonical(la))
		return sgx_gp(cpu);
	ret = cpu->core->ops->walk(cpu, la & SGX_PAGE_MASK, access, &found);
	if (ret)
		return ret;
	if (!found || !sgx_epcm_accessible(found, secs, la, access))
		return sgx_enclave_fault(cpu, la, access);
	*epcm = found;
	return 0;
}
