/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The test enclave does what it is told: an entry, at any CSSA, gets the
 * address of a struct op. What a test wants to know about the inside, it asks.
 */
#ifndef TESTS_OP_H
#define TESTS_OP_H

#include "../../../arch/types.h"

#define OP_THREADS 6
#define OP_NSSA	   3

enum op_code {
	OP_NOP,
	OP_CSSA,   /* ret = CSSA */
	OP_READ,   /* ret = the quadword at arg[0]; 3 bytes at at_read */
	OP_WRITE,  /* store arg[1] at arg[0]; 3 bytes at at_write */
	OP_CALL,   /* call arg[0] */
	OP_COPY,   /* copy arg[2] bytes from arg[1] to arg[0] */
	OP_ENCLU,  /* RAX, RBX, RCX, RDX = arg[]; ret = RAX, flags */
	OP_INSN,   /* execute instruction number arg[0], see op_insn */
	OP_SHA256, /* arg[0] times SHA-256 of 32 bytes at arg[1] */
	OP_SPIN,   /* set *arg[0] to 1 until *arg[1] is not 0 */
	OP_REGS,   /* see struct op_regs, at arg[0] */
	OP_FSGS,   /* ret = base of FS, flags = base of GS */
};

/* Each lies at its symbol, insn_<name>, with RDI = arg[1]. */
enum op_insn {
	INSN_UD2,
	INSN_DIV, /* divide by zero */
	INSN_INT3,
	INSN_XM, /* SSE divide by zero, unmasked */
	INSN_MF, /* x87 divide by zero, unmasked */
	INSN_SYSCALL,
	INSN_SYSENTER,
	INSN_CPUID,
	INSN_INT80,
	INSN_IN,
	INSN_OUT,
	INSN_HLT,
	INSN_SGDT,
	INSN_SLDT,
	INSN_SMSW,
	INSN_RDPMC,
	INSN_ENCLS,
	INSN_COUNT
};

/**
 * struct op_regs - fill all registers, be interrupted, look again
 * @spin:	iterations of a loop, or 0 for UD2 (at regs_ud2)
 * @rsp:	for the enclave
 * @rflags:	in and out (the loop changes the arithmetic flags)
 * @gpr:	in and out: RAX RCX RDX RBX RBP RSI RDI R8 .. R15
 * @mxcsr:	in and out
 * @fcw:	in and out
 * @st:		in and out: the x87 stack, ST0 first
 * @ymm:	in and out
 *
 * The enclave has it in the page that GS points to.
 */
struct op_regs {
	u64 spin;
	u64 rsp;
	u64 rflags[2];
	u64 gpr[2][15];
	u32 mxcsr[2];
	u16 fcw[4];
	double st[2][8];
	u8 ymm[2][16][32] __attribute__((aligned(32)));
};

_Static_assert(__builtin_offsetof(struct op_regs, rflags) == 16, "op_regs");
_Static_assert(__builtin_offsetof(struct op_regs, gpr) == 32, "op_regs");
_Static_assert(__builtin_offsetof(struct op_regs, mxcsr) == 272, "op_regs");
_Static_assert(__builtin_offsetof(struct op_regs, fcw) == 280, "op_regs");
_Static_assert(__builtin_offsetof(struct op_regs, st) == 288, "op_regs");
_Static_assert(__builtin_offsetof(struct op_regs, ymm) == 416, "op_regs");
_Static_assert(sizeof(struct op_regs) <= 4096, "it is in one page");

struct op {
	u64 op;
	u64 arg[4];
	u64 ret;
	u64 flags;
};

#endif /* TESTS_OP_H */
