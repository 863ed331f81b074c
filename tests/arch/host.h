/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * A host for arch/ in ordinary memory: EPC pages, a page table, processors with
 * their registers, OpenSSL behind the crypto callbacks. And what the tests need
 * around it: enclaves built and signed with helpers that assert success, and
 * snapshots to show that a failed leaf has changed nothing.
 *
 * All functions assert (cmocka) that what they do succeeds, unless said.
 */
#ifndef SOFTSGX_TESTS_HOST_H
#define SOFTSGX_TESTS_HOST_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../arch/epcm.h"

#define HOST_CPUS 4
#define HOST_PTES 256
#define HOST_ZAPS 64

/* Outcomes as the leaves return them. */
#define GP (SGX_FAULT | SGX_VECTOR_GP)
#define PF (SGX_FAULT | SGX_VECTOR_PF)

/* Error codes of a #PF from the EPCM, and from the page table. */
#define PFEC_EPCM   (SGX_PFEC_SGX | SGX_PFEC_P | SGX_PFEC_U)
#define PFEC_EPCM_W (PFEC_EPCM | SGX_PFEC_W)

/**
 * struct host_pte - a translation of the host's only page table
 * @la:		linear address; page aligned
 * @epcm:	EPC page mapped there, NULL for ordinary memory
 * @present:	0 makes walk() give #PF with P clear
 * @writable:	0 makes walk() for a write give #PF with P and W
 * @state:	but not for the processor's own writes
 * @retry:	that many walks give SGX_RETRY first
 */
struct host_pte {
	u64 la;
	struct sgx_epcm *epcm;
	bool present;
	bool writable;
	bool state;
	unsigned int retry;
};

/**
 * struct host_cpu - a logical processor and its state outside struct sgx_cpu
 * @cpu:	as the leaves know it
 * @regs:	its registers
 * @fsbase:	live FS base
 * @gsbase:	live GS base
 * @xstate:	live extended state in the standard XSAVE format; XSTATE_BV in
 *		its header is XINUSE
 */
struct host_cpu {
	struct sgx_cpu cpu;
	struct sgx_regs regs;
	u64 fsbase;
	u64 gsbase;
	_Alignas(64) u8 xstate[SGX_XSAVE_PAGES * SGX_PAGE_SIZE];
};

/* Offsets in an XSAVE area. */
#define XSAVE_MXCSR	 24
#define XSAVE_HEADER	 512
#define XSAVE_MXCSR_INIT 0x1f80U

/**
 * struct host - a machine
 * @core:	its package
 * @cpus:	its processors
 * @pages:	how many EPC pages it has
 * @epcm:	an entry a page
 * @epc:	the pages
 * @lent:	pages that host_epc() has given away
 * @ptes:	its page table
 * @nptes:	entries in it
 * @zapped:	the pages that zap() was called for, in order
 * @zaps:	how many
 * @seed:	state of random()
 * @randoms:	calls of random()
 */
struct host {
	struct sgx_core core;
	struct host_cpu cpus[HOST_CPUS];
	unsigned int pages;
	struct sgx_epcm *epcm;
	u8 *epc;
	unsigned int lent;
	struct host_pte ptes[HOST_PTES];
	unsigned int nptes;
	struct sgx_epcm *zapped[HOST_ZAPS];
	unsigned int zaps;
	u64 seed;
	unsigned int randoms;
};

/* A machine with @pages of EPC: all attributes, EXINFO, SGX2, AVX-512. */
struct host *host_new(unsigned int pages);
void host_free(struct host *host);
struct sgx_cpu *host_cpu(struct host *host, unsigned int n);

/* The leaves that change the mode, with the host's part: FS and GS base. */
int host_eenter(struct sgx_cpu *cpu);
int host_eresume(struct sgx_cpu *cpu);
int host_eexit(struct sgx_cpu *cpu);
void host_aex(struct sgx_cpu *cpu, const struct sgx_fault *fault);

/* A free EPC page, never given before. */
struct sgx_epcm *host_epc(struct host *host);

/* An aligned host page, for operands; host_free() frees none of them. */
void *host_operand(void);

/* Map an EPC page (or, with NULL, ordinary memory) read-write at @la. */
struct host_pte *host_map(struct host *host, u64 la, struct sgx_epcm *epcm);
struct host_pte *host_pte(struct host *host, u64 la);

/* The EPC page that is mapped at @la, and its byte at @la. */
struct sgx_epcm *host_epcm(struct host *host, u64 la);
void *host_at(struct host *host, u64 la);

/**
 * struct key - an RSA-3072 key with exponent 3
 *
 * Two of them, made once for a test program: signer_key(0) and signer_key(1).
 */
struct key;
const struct key *signer_key(unsigned int n);
void key_mrsigner(const struct key *key, u8 mrsigner[32]);

/**
 * struct enclave - an enclave under construction or built
 * @host:	where
 * @secs:	its SECS
 * @base:	BASEADDR
 * @size:	SIZE
 * @mrenclave:	the measurement of what was added so far, made by OpenSSL from
 *		the records that the SDM describes, not by arch/
 */
struct enclave {
	struct host *host;
	struct sgx_epcm *secs;
	u64 base;
	u64 size;
	u8 mrenclave[32];
	void *measurement;
};

#define ENCLAVE_BASE 0x7f0000000000ULL
#define ENCLAVE_SIZE 0x20000ULL

/* PAGEINFO with its SECINFO and source page, each aligned. */
struct operands {
	struct sgx_pageinfo pageinfo;
	_Alignas(64) struct sgx_secinfo secinfo;
	_Alignas(4096) u8 page[SGX_PAGE_SIZE];
};

struct operands *operands_new(void);
void operands_free(struct operands *op);

/*
 * A SECS that ECREATE accepts: ENCLAVE_BASE and ENCLAVE_SIZE, one page of SSA
 * a frame, MODE64BIT, XFRM 3. Change it and give it to enclave_create().
 */
void secs_default(struct sgx_secs *secs);
struct enclave *enclave_create(struct host *host, const struct sgx_secs *secs);

/* EADD with @flags of SECINFO at @la, EEXTEND of all of it, and map it. */
struct sgx_epcm *enclave_add(struct enclave *encl, u64 la, u64 flags,
			     const void *content);

#define REG_R	(SGX_SECINFO_FL_R | (u64)SGX_PT_REG << SGX_SECINFO_FL_PT_SHIFT)
#define REG_RW	(REG_R | SGX_SECINFO_FL_W)
#define REG_RX	(REG_R | SGX_SECINFO_FL_X)
#define REG_RWX (REG_RW | SGX_SECINFO_FL_X)
#define TCS	((u64)SGX_PT_TCS << SGX_SECINFO_FL_PT_SHIFT)

/*
 * A SIGSTRUCT that EINIT accepts for the enclave as it is: measurement, and the
 * SECS's attributes with full masks. Change it, and sign (again).
 */
void sigstruct_default(struct enclave *encl, struct sgx_sigstruct *sig);
void sigstruct_sign(struct sgx_sigstruct *sig, const struct key *key);

/* For forgeries: another key's modulus, one byte of the message changed. */
void sigstruct_set_modulus(struct sgx_sigstruct *sig, const struct key *key);
void sigstruct_sign_encoded(struct sgx_sigstruct *sig, const struct key *key,
			    unsigned int flip);

/*
 * Q1 - 1 and Q2 + S, with which the cube comes out right, but R1 is not below
 * the modulus. False if the numbers do not fit.
 */
bool sigstruct_shift_quotients(struct sgx_sigstruct *sig);

/* AES-CMAC by OpenSSL */
void cmac(const u8 key[16], const void *data, size_t len, u8 mac[16]);

/* EINIT with a SIGSTRUCT as above by signer_key(0), which is the launch key. */
void enclave_init(struct enclave *encl);

/* Frees the helper's memory; EPC pages stay as they are. */
void enclave_free(struct enclave *encl);

/*
 * Put a processor into enclave mode and out of it without EENTER and EEXIT, for
 * tests of leaves that only look at CR_ACTIVE_SECS and CR_ELRANGE.
 */
void enclave_enter(struct enclave *encl, struct sgx_cpu *cpu);
void enclave_leave(struct sgx_cpu *cpu);

/**
 * struct snapshot - all that a leaf could have changed
 *
 * EPCM entries with lock words, contents of valid EPC pages, registers, FS, GS,
 * extended state and enclave mode of all processors, and the core.
 */
struct snapshot;
struct snapshot *snapshot_take(struct host *host);

/* Compares and frees; struct sgx_cpu.fault is not compared. */
void snapshot_unchanged(struct host *host, struct snapshot *snap);
void snapshot_free(struct snapshot *snap);

/* Compares the outcome and, for a fault, what struct sgx_cpu.fault says. */
void assert_outcome(const struct sgx_cpu *cpu, int ret, int expected, u64 addr,
		    u32 errcd);

#endif /* SOFTSGX_TESTS_HOST_H */
