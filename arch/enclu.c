// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * ENCLU: from the leaf number in EAX to the leaf, and what all leaves do to
 * RIP, RAX and RFLAGS.
 */
#include "epcm.h"

enum mode { OUTSIDE, INSIDE };

/* How a leaf completes. */
enum completion {
	TRANSFER, /* sets RIP and RAX itself */
	SILENT,	  /* next instruction; RAX and RFLAGS are as before */
	CODE,	  /* next instruction; RAX and RFLAGS tell the outcome */
};

static const struct leaf {
	int (*run)(struct sgx_cpu *cpu);
	enum mode mode;
	enum completion completion;
	bool sgx2;
} leaves[] = {
	[SGX_EREPORT] = { sgx_ereport, INSIDE, SILENT, false },
	[SGX_EGETKEY] = { sgx_egetkey, INSIDE, CODE, false },
	[SGX_EENTER] = { sgx_eenter, OUTSIDE, TRANSFER, false },
	[SGX_ERESUME] = { sgx_eresume, OUTSIDE, TRANSFER, false },
	[SGX_EEXIT] = { sgx_eexit, INSIDE, TRANSFER, false },
	[SGX_EACCEPT] = { sgx_eaccept, INSIDE, CODE, true },
	[SGX_EMODPE] = { sgx_emodpe, INSIDE, SILENT, true },
	[SGX_EACCEPTCOPY] = { sgx_eacceptcopy, INSIDE, CODE, true },
	[SGX_EDECCSSA] = { sgx_edeccssa, INSIDE, SILENT, false },
};

/* The leaf that @eax names, NULL if there is none on this platform. */
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
 * sgx_enclu - execute ENCLU with the registers as they are
 * @cpu:	the processor; RIP is at the instruction
 *
 * The leaf number is EAX, the upper half of RAX does not count. EENTER and
 * ERESUME are for outside an enclave, all other leaves for inside.
 *
 * Return: 0 if the instruction completed: RIP is where execution goes on, and a
 * leaf that returns a code has it in RAX with ZF to tell it from success. #GP
 * for a leaf that does not exist, or not on this side; a fault of the leaf, or
 * SGX_RETRY; then no register has changed.
 *
 * Concurrency: by the thread that @cpu belongs to. (SDM, ENCLU)
 */
int sgx_enclu(struct sgx_cpu *cpu)
{
	const struct leaf *leaf = find_leaf(cpu->core, (u32)cpu->regs->rax);
	enum mode mode = sgx_enclave_mode(cpu) ? INSIDE : OUTSIDE;
	int ret;

	if (!leaf || leaf->mode != mode)
		return sgx_gp(cpu);
	ret = leaf->run(cpu);
	if (ret & (SGX_FAULT | SGX_RETRY))
		return ret;
	if (leaf->completion == TRANSFER)
		return ret;
	if (leaf->completion == CODE)
		complete(cpu->regs, ret);
	cpu->regs->rip += SGX_ENCLU_LEN;
	return 0;
}
