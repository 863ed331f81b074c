// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The test enclave, see op.h. It trusts its host in everything. */
#include "../../../examples/common/enclave.h"
#include "op.h"

#define HIDDEN __attribute__((visibility("hidden")))

extern u8 insns[] HIDDEN;
extern u8 gs_pages[] HIDDEN;
extern u8 regs_by_ud2[] HIDDEN;
extern u8 regs_by_spin[] HIDDEN;
u64 do_read(u64 addr);
void do_write(u64 addr, u64 value);
void do_regs(void);

/* Pages for the tests to change. */
__attribute__((visibility("hidden"), aligned(SGX_PAGE_SIZE), used))
u8 data_pages[4][SGX_PAGE_SIZE];

/* Code that returns RDI + 1 (LEA, RET), in a page of its own. */
asm(".text\n"
    "	.balign	4096\n"
    "	.globl	code_page\n"
    "code_page:\n"
    "	lea	1(%rdi), %rax\n"
    "	ret\n"
    "	.balign	4096, 0xcc\n");

static void copy(void *dst, const void *src, u64 len)
{
	asm volatile("rep movsb"
		     : "+D"(dst), "+S"(src), "+c"(len)
		     :
		     : "memory");
}

static u32 ror(u32 x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

/* SHA-256 of 32 bytes, in place: one block, padded. */
static void sha256(u8 data[32])
{
	static const u32 k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
		0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
		0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
		0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
		0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
		0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
		0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
		0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
		0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
		0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
		0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
		0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	};
	static const u32 initial[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	u32 s[8];
	u32 w[64];
	u32 word;
	unsigned int i;

	for (i = 0; i < 16; i++)
		w[i] = 0;
	for (i = 0; i < 8; i++) {
		copy(&word, data + 4 * i, sizeof(word));
		w[i] = __builtin_bswap32(word);
	}
	w[8] = 0x80000000;
	w[15] = 256;
	for (i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^
			w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);

	copy(s, initial, sizeof(s));
	for (i = 0; i < 64; i++) {
		u32 t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
			 ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
		u32 t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
			 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		s[7] = s[6];
		s[6] = s[5];
		s[5] = s[4];
		s[4] = s[3] + t1;
		s[3] = s[2];
		s[2] = s[1];
		s[1] = s[0];
		s[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++) {
		word = __builtin_bswap32(s[i] + initial[i]);
		copy(data + 4 * i, &word, sizeof(word));
	}
}

static void hash(struct op *op)
{
	u8 data[32];
	u64 i;

	copy(data, (void *)op->arg[1], sizeof(data));
	for (i = 0; i < op->arg[0]; i++)
		sha256(data);
	copy((void *)op->arg[1], data, sizeof(data));
}

static void regs(struct op *op, u64 thread)
{
	u8 *gs = gs_pages + thread * SGX_PAGE_SIZE;
	struct op_regs *regs = (struct op_regs *)op->arg[0];

	copy(gs, regs, sizeof(*regs));
	*(u64 *)(gs + SGX_PAGE_SIZE - 8) =
		(u64)(regs->spin ? regs_by_spin : regs_by_ud2);
	do_regs();
	copy(regs, gs, sizeof(*regs));
}

static void spin(volatile u64 *here, const volatile u64 *go)
{
	do {
		*here = 1;
		asm volatile("pause");
	} while (!*go);
}

static u64 run_enclu(struct op *op)
{
	u64 flags;
	u64 ret;

	ret = enclu(op->arg[0], op->arg[1], op->arg[2], op->arg[3], &flags);
	op->flags = flags;
	return ret;
}

void enclave_main(void *arg, u64 cssa, u64 thread)
{
	struct op *op = arg;

	switch (op->op) {
	case OP_NOP:
		op->ret = 0;
		break;
	case OP_CSSA:
		op->ret = cssa;
		break;
	case OP_READ:
		op->ret = do_read(op->arg[0]);
		break;
	case OP_WRITE:
		do_write(op->arg[0], op->arg[1]);
		break;
	case OP_CALL:
		op->ret = ((u64(*)(u64))op->arg[0])(op->arg[1]);
		break;
	case OP_COPY:
		copy((void *)op->arg[0], (void *)op->arg[1], op->arg[2]);
		break;
	case OP_ENCLU:
		op->ret = run_enclu(op);
		break;
	case OP_INSN:
		op->ret = ((u64(*)(u64))(insns + 32 * op->arg[0]))(op->arg[1]);
		break;
	case OP_SHA256:
		hash(op);
		break;
	case OP_SPIN:
		spin((u64 *)op->arg[0], (u64 *)op->arg[1]);
		break;
	case OP_REGS:
		regs(op, thread);
		break;
	case OP_FSGS:
		asm volatile("rdfsbase	%0\n\t"
			     "rdgsbase	%1"
			     : "=r"(op->ret), "=r"(op->flags));
		break;
	default:
		__builtin_trap();
	}
}
