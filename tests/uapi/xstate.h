/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What xstate.c, the code that enters the enclave and its code share. */
#ifndef TESTS_XSTATE_H
#define TESTS_XSTATE_H

/* Sets of vector registers: &struct xstate.set. */
#define SET_HOST  0 /* the program's, before each ENCLU */
#define SET_OUT	  1 /* after it: after EEXIT or at the AEP */
#define SET_ENTRY 2 /* the enclave's, after the XRSTOR of its entry */
#define SET_IN	  3 /* the enclave's, before its AEXs */
#define SET_KEPT  4 /* and after them */
#define SETS	  5

#define XSTATE_SSE    0
#define XSTATE_AVX    1
#define XSTATE_AVX512 2

/* 32 registers of 64 bytes, and 8 opmasks. */
#define SET_SIZE (32 * 64 + 8 * 8)

#define X_WIDTH 0
#define X_UD2	8
#define X_TOUCH 16
#define X_HERE	24
#define X_GO	32
#define X_PKU	40
#define X_PKRU	48
#define X_PATH	56
#define X_RSP	64
#define X_SET	128

#ifndef __ASSEMBLER__
#include "lib.h"

/**
 * struct xstate - one run
 * @width:	registers to use: XSTATE_SSE, XSTATE_AVX or XSTATE_AVX512
 * @ud2:	the enclave executes UD2 instead of reading @touch
 * @touch:	address of a page of the program that is not there yet
 * @here:	the enclave has its registers filled, and waits
 * @go:		until this is not 0
 * @pku:	the processor has protection keys
 * @pkru:	PKRU after the ENCLU, if it has
 * @path:	where it went on: 0 after ENCLU, 1 at the AEP
 * @rsp:	the program's
 * @set:	the sets of registers
 */
struct xstate {
	u64 width;
	u64 ud2;
	u64 touch;
	volatile u64 here;
	volatile u64 go;
	u64 pku;
	u64 pkru;
	u64 path;
	u64 rsp;
	struct xstate_set {
		u8 vector[32][64];
		u64 mask[8];
	} set[SETS] __attribute__((aligned(64)));
};

#define XSTATE_AT(field, at) \
	_Static_assert(offsetof(struct xstate, field) == (at), #field)
XSTATE_AT(width, X_WIDTH);
XSTATE_AT(ud2, X_UD2);
XSTATE_AT(touch, X_TOUCH);
XSTATE_AT(here, X_HERE);
XSTATE_AT(go, X_GO);
XSTATE_AT(pku, X_PKU);
XSTATE_AT(pkru, X_PKRU);
XSTATE_AT(path, X_PATH);
XSTATE_AT(rsp, X_RSP);
XSTATE_AT(set, X_SET);
_Static_assert(sizeof(struct xstate_set) == SET_SIZE, "set");

/* ENCLU with @leaf, EENTER or ERESUME; the enclave gets @x in RDI. */
void xstate_enclu(struct xstate *x, u64 leaf, u64 tcs);
/* Fill the registers with SET_HOST. */
void xstate_fill(struct xstate *x);
/* A page: the enclave's code. */
extern const u8 xstate_code[PAGE];
#endif

#endif /* TESTS_XSTATE_H */
