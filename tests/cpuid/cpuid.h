/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The CPUID instructions of the tests. The program and the library each have
 * them all, from insn.S, so that each kind is tried in both.
 */
#ifndef TESTS_CPUID_H
#define TESTS_CPUID_H

#include <stdint.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/**
 * struct frame - registers before and after
 * @rax:	these four: in and out, all 64 bits
 * @rbx:
 * @rcx:
 * @rdx:
 * @rflags:	in and out
 * @others:	RSI, RDI, R8...R15: out; 0x5151...51 is loaded into each before
 */
struct frame {
	uint64_t rax, rbx, rcx, rdx;
	uint64_t rflags;
	uint64_t others[10];
};

#define OTHERS 0x5151515151515151ULL

/* Ways to execute CPUID. @prefix is "" in the program, lib_ in the library. */
#define DECLARE_INSNS(prefix)                                              \
	/* CPUID in the middle of code */                                  \
	void prefix##cpuid(uint32_t leaf, uint32_t subleaf,                \
			   struct cpuid *out);                             \
	/* all registers */                                                \
	void prefix##cpuid_frame(struct frame *frame);                     \
	/* two CPUIDs in a row: the answer of the first asks the second */ \
	void prefix##cpuid_twice(uint32_t leaf, uint32_t subleaf,          \
				 struct cpuid *out);                       \
	/* CPUID and RET, last in its page; EAX only */                    \
	uint32_t prefix##cpuid_ret(uint32_t leaf, uint32_t subleaf);       \
	/* CPUID, then a jump from elsewhere to what follows it: how many  \
	 * times what follows has run, in a register of its own */         \
	uint64_t prefix##cpuid_jump(uint32_t leaf, uint64_t jumps)

DECLARE_INSNS();
DECLARE_INSNS(lib_);

#endif /* TESTS_CPUID_H */
