/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the tests share: small enclaves, the test enclave, raw ENCLU. */
#ifndef TESTS_LIB_H
#define TESTS_LIB_H

#include <stdbool.h>
#include <asm/sgx.h>
#include "../common/load.h"
#include "../common/sign.h"
#include "../common/vdso.h"
#include "enclave/op.h"
#include "harness.h"

#define PAGE SGX_PAGE_SIZE

const char *test_file(const char *name);
EVP_PKEY *test_key(void);
EVP_PKEY *test_other_key(void);
void *vdso_enter_enclave(void);
void *page_alloc(unsigned int n);
/* QEMU's emulated processor has no SSE exceptions, inside or outside. */
bool processor_raises_xm(void);

/*
 * The small enclave: a TCS at TINY_TCS, code at TINY_CODE that leaves at once,
 * an SSA frame of one page. The steps are apart so that a test can put its own
 * in between.
 */
#define TINY_SIZE (8 * PAGE)
#define TINY_TCS  (0 * PAGE)
#define TINY_CODE (1 * PAGE)
#define TINY_SSA  (2 * PAGE)
#define TINY_FREE (4 * PAGE) /* nothing from here on */

void tiny_open(struct enclave *encl);
/* The same by a descriptor that is open with these flags. */
void tiny_open_flags(struct enclave *encl, int flags);
void tiny_tcs(struct sgx_tcs *tcs);
void tiny_add_code(struct enclave *encl);
void tiny_add_tcs(struct enclave *encl, const struct sgx_tcs *tcs);
/* Code, TCS and SSA. */
void tiny_add(struct enclave *encl);
void tiny_map(struct enclave *encl);
/* Sign, INIT, map, enter and leave: all is well with @encl. */
void tiny_finish(struct enclave *encl);
/* Enter at TINY_TCS: the run structure afterwards. */
struct sgx_enclave_run tiny_enter(struct enclave *encl);

/*
 * The small enclave with code that does inside what &struct tiny_job says, in
 * memory of the program, and needs no memory of its own to write to.
 */
enum {
	TINY_JOB_READ,	/* @rdx = what is at @rdx */
	TINY_JOB_WRITE, /* @rax to @rdx */
	TINY_JOB_ENCLU, /* ENCLU with these registers */
	TINY_JOB_STATE, /* 16 bytes at @rdx into XMM0, and #UD */
};

struct tiny_job {
	u64 rax, rbx, rcx, rdx;
	u64 what;
};

void tiny_add_jobs(struct enclave *encl);
struct sgx_enclave_run tiny_job(const struct enclave *encl, u64 tcs,
				struct tiny_job *job);
/* A new small enclave can be built and entered. */
void still_good(void);

/* ADD_PAGES as it is, without a loop: the ioctl's result and its count. */
int add_raw(int fd, struct sgx_enclave_add_pages *arg);

/**
 * struct guest - the test enclave, built and mapped
 * @encl:	the enclave
 * @ssa:	address of the first SSA frame
 * @tcs:	of the first TCS
 */
struct guest {
	struct enclave encl;
	u64 ssa;
	u64 tcs;
};

/* Set the flags of the first TCS, as a debugger does. */
void guest_flags(const struct guest *guest, u64 flags);
/* To DBGOPTIN. */
void guest_debug(const struct guest *guest);

/* With MISCSELECT.EXINFO and XFRM x87, SSE, AVX. */
void guest_open(struct guest *guest);
u64 guest_symbol(const struct guest *guest, const char *name);
u64 guest_frame(const struct guest *guest, unsigned int thread,
		unsigned int frame);
u64 guest_gpr(const struct guest *guest, unsigned int thread,
	      unsigned int frame, size_t field);

/* EENTER or ERESUME through the vDSO. */
struct sgx_enclave_run guest_enter(const struct guest *guest,
				   unsigned int thread, unsigned int function,
				   struct op *op);
/* An op that must end by EEXIT: its ret. */
u64 guest_op(const struct guest *guest, unsigned int thread, struct op op);
#define GUEST_OP(guest, thread, ...) \
	guest_op(guest, thread, (struct op){ __VA_ARGS__ })
u64 guest_read(const struct guest *guest, unsigned int thread, u64 addr);
void guest_write(const struct guest *guest, unsigned int thread, u64 addr,
		 u64 value);

#define GPR(field) __builtin_offsetof(struct sgx_gprsgx, field)

/**
 * struct raw - an ENCLU without the vDSO
 * @in:		registers for it: RAX RCX RDX RBX RSP RBP RSI RDI R8 .. R15;
 *		RSP and RBP are not loaded
 * @out:	registers after it
 * @rsp:	RSP at it
 * @rflags:	after it
 * @path:	where it went on: 0 after ENCLU, 1 at raw_aep, 2 at raw_out
 * @stack:	top of the stack to use, from entry_stack()
 * @fx:		FXSAVE area afterwards
 */
struct raw {
	u64 in[16];
	u64 out[16];
	u64 rsp;
	u64 rflags;
	u64 path;
	void *stack;
	u8 fx[512] __attribute__((aligned(16)));
};

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 };

#define RAW_PATH_EEXIT 0
#define RAW_PATH_AEP   1
#define RAW_PATH_OUT   2

void raw_enclu(struct raw *raw);
/* Make it an EENTER by the first TCS, with an AEP that resumes. */
void raw_entry(struct raw *raw, const struct guest *guest, struct op *op);
/* The same through the vDSO: @enter is its function, @stack as above. */
int enter_on(void *stack, void *enter, struct sgx_enclave_run *run,
	     unsigned int function, void *arg);

/*
 * The stack for entries of the calling thread. A signal handler that enters
 * while it interrupts an entry gets another one: enter() counts in entry_depth,
 * and who leaves a handler by a jump has to set it.
 */
extern __thread unsigned int entry_depth;
void *entry_stack(void);
int enter(struct sgx_enclave_run *run, unsigned int function, void *arg);
/* Addresses in it: the ENCLU; an AEP that only looks; one that is an ENCLU;
 * where a signal handler may go to give up.
 */
extern const u8 raw_at[], raw_aep[], raw_aep_resume[], raw_out[];

/*
 * What the driver has counted: a number of the line of /sys/kernel/debug/softsgx/
 * enclaves that is about @encl, or of softsgx/epc.
 */
u64 encl_stat(const struct enclave *encl, const char *key);
u64 epc_stat(const char *key);
/* A word of the line; it must be in it. */
const char *encl_stat_text(const struct enclave *encl, const char *key);

/*
 * Another thread calls @turn all the time, until it is stopped. It has done so
 * once when beside_start() returns.
 */
struct beside;
struct beside *beside_start(void (*turn)(const void *arg), const void *arg);
void beside_stop(struct beside *beside);

/* For it: a page of a file is mapped anew, over itself: its translation goes. */
struct remap {
	void *page;
	int prot;
	int fd;
	u64 offset;
};
void remap(const void *arg);
/*
 * The lock of the address space is wanted for writing nearly all the time; @arg
 * is from changing_pages(), and no two threads have the same.
 */
const void *changing_pages(void);
void change_mappings(const void *arg);
/* An interprocessor interrupt for all threads, by which they leave enclaves. */
void interrupt(const void *arg);

/* Pages of the EPC, and how many of them are in use. */
u64 epc_pages(void);
u64 epc_used(void);
/* Wait until none is, for as long as a teardown may take. */
void epc_returned(void);

#endif /* TESTS_LIB_H */
