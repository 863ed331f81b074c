// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The check of a memory operand that an ENCLU leaf makes of a regular page of
 * its own enclave.
 */
#include "epcm.h"

/**
 * sgx_epcm_reset - what a loss of power does to an EPC page
 * @epcm:	the page
 *
 * The entry is invalid, whatever it was, and so is the contents. The SECS that
 * it belonged to is not told: it is lost as well.
 *
 * Concurrency: no leaf uses the page or can find it.
 */
void sgx_epcm_reset(struct sgx_epcm *epcm)
{
	memset(epcm->page, 0, SGX_PAGE_SIZE);
	epcm->secs = NULL;
	epcm->addr = 0;
	sgx_epcm_set_state(epcm, 0);
}

/**
 * sgx_enclave_page - a memory operand in a regular page of an enclave
 * @cpu:	who executes the leaf
 * @secs:	the enclave that the page has to belong to
 * @la:		linear address of the operand, which must not cross a page
 * @access:	SGX_PFEC_W for an operand that is written, 0 for one that is read;
 *		SGX_ACCESS_STATE for an SSA frame
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
	if (!found || !sgx_epcm_accessible(found, sgx_epcm_state(found), secs,
					   la, access))
		return sgx_enclave_fault(cpu, la, sgx_pfec(access));
	*epcm = found;
	return 0;
}
