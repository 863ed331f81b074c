/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* For code that runs inside an enclave: leaves, and whom to trust. */
#ifndef EXAMPLES_ENCLAVE_H
#define EXAMPLES_ENCLAVE_H

#include "../../arch/sgx.h"

extern char image_start[] __attribute__((visibility("hidden")));
extern char image_end[] __attribute__((visibility("hidden")));
extern u8 ssa[] __attribute__((visibility("hidden")));

void enclave_main(void *arg, u64 cssa, u64 thread);

/* The host's pointers must not make the enclave write to itself. */
static inline bool is_outside(const void *ptr, u64 len)
{
	u64 start = (u64)ptr;

	return start + len >= start &&
	       (start + len <= (u64)image_start || start >= (u64)image_end);
}

/* Execute a leaf inside: its RAX, and its RFLAGS if @flags is not NULL. */
static inline u64 enclu(u64 rax, u64 rbx, u64 rcx, u64 rdx, u64 *flags)
{
	u64 rflags;

	asm volatile("enclu\n\t"
		     "pushfq\n\t"
		     "pop %[rflags]"
		     : "+a"(rax), "+b"(rbx), "+c"(rcx),
		       "+d"(rdx), [rflags] "=&r"(rflags)
		     :
		     : "memory", "cc");
	if (flags)
		*flags = rflags;
	return rax;
}

#endif /* EXAMPLES_ENCLAVE_H */
