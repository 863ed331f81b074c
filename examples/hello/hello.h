/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the host and the enclave of the example say to each other. */
#ifndef HELLO_H
#define HELLO_H

#include "../../arch/types.h"

#define HELLO_SECRET_MAX 64

/* A secret under the enclave's own key; the host stores it. */
struct hello_sealed {
	u8 keyid[32];
	u64 len;
	u8 text[HELLO_SECRET_MAX];
	u8 mac[16];
};

enum hello_request {
	HELLO_ADD,    /* sum = a + b */
	HELLO_SEAL,   /* keep a secret made inside, hand out @sealed */
	HELLO_UNSEAL, /* compare @sealed with that secret */
	HELLO_REPORT, /* report to itself, verify it, refuse a forged one */
	HELLO_UD2,    /* execute an undefined instruction, then go on */
	HELLO_WRITE,  /* write to the page at hello_page, then go on */
};

/* All other values of status are the enclave's reasons to refuse. */
#define HELLO_OK      0
#define HELLO_REFUSED 1
#define HELLO_UNKNOWN 2

struct hello_call {
	u64 request;
	u64 status;
	u64 a;
	u64 b;
	u64 sum;
	u8 mrenclave[32];
	u8 mrsigner[32];
	struct hello_sealed sealed;
};

#endif /* HELLO_H */
