// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * EDBGRD and EDBGWR: a debugger's access to the pages of a debug enclave, which
 * passes over the R, W and X of the EPCM.
 */
#include "epcm.h"

/* Without CET the architectural part of a TCS ends with GSLIMIT. */
#define TCS_LIMIT __builtin_offsetof(struct sgx_tcs, ocetssa)
#define TCS_FLAGS __builtin_offsetof(struct sgx_tcs, flags)

static u64 page_offset(u64 addr)
{
	return addr & ~SGX_PAGE_MASK;
}

/* What both leaves do first. After success the page is locked shared. */
static int debug_page(struct sgx_cpu *cpu, u64 addr, u32 access,
		      struct sgx_epcm **epcm)
{
	struct sgx_core *core = cpu->core;

	if (!sgx_aligned(addr, sizeof(u64)))
		return sgx_gp(cpu);
	*epcm = core->ops->epc(core, addr & SGX_PAGE_MASK);
	if (!*epcm)
		return sgx_encls_fault(cpu, addr, access);
	if (!sgx_epcm_trylock(*epcm, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	return 0;
}

/* The owner of the page has to be a debug enclave. */
static int check_debug(struct sgx_cpu *cpu, const struct sgx_epcm *epcm)
{
	if (sgx_secs_of(epcm->secs)->attributes.flags & SGX_ATTR_DEBUG)
		return 0;
	return sgx_gp(cpu);
}

static int check_read(struct sgx_cpu *cpu, const struct sgx_epcm *epcm,
		      u64 addr)
{
	u32 state = sgx_epcm_state(epcm);
	enum sgx_page_type pt = sgx_epcm_pt(state);

	if (!(state & SGX_EPCM_VALID))
		return sgx_encls_fault(cpu, addr, 0);
	if (pt != SGX_PT_REG && pt != SGX_PT_TCS && pt != SGX_PT_VA)
		return sgx_encls_fault(cpu, addr, 0);
	if (state & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return SGX_PAGE_NOT_DEBUGGABLE;
	if (pt == SGX_PT_TCS && page_offset(addr) >= TCS_LIMIT)
		return sgx_gp(cpu);
	if (pt != SGX_PT_VA)
		return check_debug(cpu, epcm);
	return 0;
}

static int check_write(struct sgx_cpu *cpu, const struct sgx_epcm *epcm,
		       u64 addr)
{
	u32 state = sgx_epcm_state(epcm);
	enum sgx_page_type pt = sgx_epcm_pt(state);

	if (!(state & SGX_EPCM_VALID))
		return sgx_encls_fault(cpu, addr, SGX_PFEC_W);
	if (pt != SGX_PT_REG && pt != SGX_PT_TCS)
		return sgx_encls_fault(cpu, addr, SGX_PFEC_W);
	if (state & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return SGX_PAGE_NOT_DEBUGGABLE;
	if (pt == SGX_PT_TCS && page_offset(addr) != TCS_FLAGS)
		return sgx_gp(cpu);
	return check_debug(cpu, epcm);
}

/* The quadword at @addr; the enclave may write it at the same time. */
static u64 *quadword(const struct sgx_epcm *epcm, u64 addr)
{
	return (u64 *)((u8 *)epcm->page + page_offset(addr));
}

/**
 * sgx_edbgrd - ENCLS[EDBGRD]: read a quadword of a debug enclave
 * @cpu:	who executes the leaf
 * @addr:	its address in the EPC, as &sgx_host_ops.epc takes it (RCX)
 * @data:	the quadword (RBX); of a version array only whether the slot is
 *		in use, as 0 or all ones. Set on success only
 *
 * Return: 0; SGX_PAGE_NOT_DEBUGGABLE if the page is pending or modified; or
 * #GP(0) - @addr is not 8-byte aligned; another leaf modifies the EPCM entry;
 *	@addr is behind the fields of a TCS; the enclave is no debug enclave.
 * #PF(@addr) - no EPC page there; it is not valid; it is neither PT_REG, PT_TCS
 *	nor PT_VA.
 *
 * Concurrency: the page is locked shared.
 *
 * SDM: volume 3D, "EDBGRD".
 */
int sgx_edbgrd(struct sgx_cpu *cpu, u64 addr, u64 *data)
{
	struct sgx_epcm *epcm;
	u64 value;
	int ret;

	ret = debug_page(cpu, addr, 0, &epcm);
	if (ret)
		return ret;
	ret = check_read(cpu, epcm, addr);
	if (!ret) {
		value = __atomic_load_n(quadword(epcm, addr), __ATOMIC_RELAXED);
		if (sgx_epcm_pt(sgx_epcm_state(epcm)) == SGX_PT_VA)
			value = value & ~7ULL ? ~0ULL : 0;
		*data = value;
	}
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED);
	return ret;
}

/**
 * sgx_edbgwr - ENCLS[EDBGWR]: write a quadword of a debug enclave
 * @cpu:	who executes the leaf
 * @addr:	its address in the EPC, as &sgx_host_ops.epc takes it (RCX)
 * @data:	the quadword (RBX)
 *
 * Return: 0; SGX_PAGE_NOT_DEBUGGABLE if the page is pending or modified; or
 * #GP(0) - @addr is not 8-byte aligned; another leaf modifies the EPCM entry;
 *	@addr is in a TCS and not its FLAGS; the enclave is no debug enclave.
 * #PF(@addr) - no EPC page there; it is not valid; it is neither PT_REG nor
 *	PT_TCS.
 *
 * Concurrency: the page is locked shared. A processor that enters through the
 * TCS at the same time sees TCS.FLAGS before or after.
 *
 * SDM: volume 3D, "EDBGWR".
 */
int sgx_edbgwr(struct sgx_cpu *cpu, u64 addr, u64 data)
{
	struct sgx_epcm *epcm;
	int ret;

	ret = debug_page(cpu, addr, SGX_PFEC_W, &epcm);
	if (ret)
		return ret;
	ret = check_write(cpu, epcm, addr);
	if (!ret)
		__atomic_store_n(quadword(epcm, addr), data, __ATOMIC_RELAXED);
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED);
	return ret;
}
