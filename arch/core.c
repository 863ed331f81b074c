// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The platform: what it offers to software (CPUID leaf 12H), the size of the
 * XSAVE area, and how a leaf raises a fault.
 */
#include "epcm.h"

/* Legacy region and header of an XSAVE area. */
#define XSAVE_MIN_SIZE 576

/* The components of @xfrm that end within what an SSA frame can hold. */
static u64 xfrm_that_fits(const struct sgx_core *core, u64 xfrm)
{
	u64 fits = xfrm;
	u64 bit;

	for (bit = 1; bit; bit <<= 1)
		if (sgx_xsave_size(core, xfrm & bit) >
		    SGX_XSAVE_PAGES * SGX_PAGE_SIZE)
			fits &= ~bit;
	return fits;
}

/**
 * sgx_core_init - bring a platform to its state after reset
 * @core:	filled in by the host, but for what is said here
 *
 * Masks from &sgx_core.attributes and &sgx_core.miscselect what the
 * architecture does not know, and ATTRIBUTES.CET, which this platform does not
 * offer, and state components behind SGX_XSAVE_PAGES, for which an SSA frame
 * has no room; adds the XFRM bits that every enclave has. Draws a
 * CR_REPORT_KEYID and restarts the enclave identifiers.
 *
 * Concurrency: before any leaf runs.
 */
void sgx_core_init(struct sgx_core *core)
{
	core->attributes.flags &= SGX_ATTR_DEFINED & ~SGX_ATTR_CET;
	core->attributes.xfrm = xfrm_that_fits(core, core->attributes.xfrm) |
				SGX_XFRM_LEGACY;
	core->miscselect &= SGX_MISC_EXINFO;
	core->ops->random(core, core->report_keyid, sizeof(core->report_keyid));
	core->next_eid = 0;
}

/**
 * sgx_xsave_size - the XSAVE area that XFRM makes necessary
 * @core:	the platform
 * @xfrm:	state components, as in XCR0
 *
 * Return: bytes in the standard format, which an SSA frame uses whatever the
 * operating system uses (SDM, "Processor Extended States and ENCLS[ECREATE]").
 */
u64 sgx_xsave_size(const struct sgx_core *core, u64 xfrm)
{
	u64 size = XSAVE_MIN_SIZE;
	unsigned int i;

	for (i = 2; i < sizeof(core->xstate) / sizeof(core->xstate[0]); i++) {
		const struct sgx_xstate *x = &core->xstate[i];
		u64 end = (u64)x->offset + x->size;

		if (xfrm & (1ULL << i) && end > size)
			size = end;
	}
	return size;
}

/**
 * sgx_cpuid - CPUID leaf 12H
 * @core:	the platform
 * @subleaf:	ECX
 * @out:	EAX, EBX, ECX and EDX
 *
 * Sub-leaf 0 has the leaf functions, MISCSELECT and the sizes of enclaves; 1
 * the ATTRIBUTES that ECREATE accepts; 2 the one EPC section. Further ones are
 * invalid: all zero.
 */
void sgx_cpuid(const struct sgx_core *core, u32 subleaf, u32 out[4])
{
	memset(out, 0, 4 * sizeof(out[0]));
	switch (subleaf) {
	case 0:
		out[0] = SGX_CPUID_SGX1 | SGX_CPUID_EDECCSSA;
		if (core->sgx2)
			out[0] |= SGX_CPUID_SGX2;
		out[1] = core->miscselect;
		out[3] = SGX_MAX_SIZE_64 << 8 | SGX_MAX_SIZE_NOT64;
		break;
	case 1:
		out[0] = (u32)core->attributes.flags;
		out[1] = (u32)(core->attributes.flags >> 32);
		out[2] = (u32)core->attributes.xfrm;
		out[3] = (u32)(core->attributes.xfrm >> 32);
		break;
	case 2:
		out[0] = (u32)(core->epc_base & SGX_PAGE_MASK) |
			 SGX_CPUID_EPC_SECTION;
		out[1] = (u32)(core->epc_base >> 32) & 0xfffff;
		out[2] = (u32)(core->epc_size & SGX_PAGE_MASK) |
			 SGX_CPUID_EPC_PROTECTED;
		out[3] = (u32)(core->epc_size >> 32) & 0xfffff;
		break;
	}
}
