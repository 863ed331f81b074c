// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * ENCLU: from the leaf number in EAX to the leaf, and what all leaves do to
 * RIP, RAX and RFLAGS.
 */
#include "epcm.h"

/* How a leaf that stays inside completes; execution goes on behind it. */
enum completion {
	SILENT, /* RAX and RFLAGS are as before */
	CODE,	/* RAX and RFLAGS tell the outcome */
};

/* Leaves that stay inside. */
static const struct leaf {
	int (*run)(struct sgx_cpu *cpu);
	enum completion completion;
	bool sgx2;
} leaves[] = {
	[SGX_EREPORT] = { sgx_ereport, SILENT, false },
	[SGX_EGETKEY] = { sgx_egetkey, CODE, false },
	[SGX_EACCEPT] = { sgx_eaccept, CODE, true },
	[SGX_EMODPE] = { sgx_emodpe, SILENT, true },
	[SGX_EACCEPTCOPY] = { sgx_eacceptcopy, CODE, true },
	[SGX_EDECCSSA] = { sgx_edeccssa, SILENT, false },
};

/* The one that @eax names, NULL if there is none on this platform. */
static const struct leaf *find_leaf(const struct sgx_core *core, u32 eax)
{
	const struct leaf *leaf;

	if (eax >= sizeof(leaves) / sizeof(leaves[0]))
		return NULL;
	leaf = &leaves[eax];
	if (!leaf->run || (leaf->sgx2 && !core->sgx2))
		return NULL;
	return leaf;
}

/* "Flags affected": ZF for a code other than 0, the others cleared. */
static void complete(struct sgx_regs *regs, int code)
{
	regs->rax = (u64)code;
	regs->rflags &= ~(SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF |
			  SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_OF);
	if (code)
		regs->rflags |= SGX_RFLAGS_ZF;
}

/**
 * sgx_enclu_inside - ENCLU for the leaves that stay inside
 * @cpu:	the processor, in enclave mode; RIP is at the instruction
 *
 * Return, concurrency: see sgx_enclu(), which uses this.
 */
int sgx_enclu_inside(struct sgx_cpu *cpu)
{
	const struct leaf *leaf = find_leaf(cpu->core, (u32)cpu->regs->rax);
	int ret;

	if (!leaf)
		return sgx_gp(cpu);
	ret = leaf->run(cpu);
	if (ret & (SGX_FAULT | SGX_RETRY))
		return ret;
	if (leaf->completion == CODE)
		complete(cpu->regs, ret);
	cpu->regs->rip += cpu->enclu_len;
	cpu->regs->rflags &= ~SGX_RFLAGS_RF;
	return 0;
}
