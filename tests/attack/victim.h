/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The enclave that is attacked: that of tests/uapi, with room behind it. */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include "../uapi/lib.h"

double now(void);

/**
 * struct victim - the test enclave, with room for pages of the test
 * @guest:	the enclave
 * @spare:	address of the first page that is not there, of VICTIM_SPARE
 */
struct victim {
	struct guest guest;
	u64 spare;
};

#define VICTIM_SPARE 64

/* The steps of its life, so that an attack can come in between. */
void victim_open(struct victim *victim);
void victim_open_large(struct victim *victim, u64 spare);
void victim_create(struct victim *victim);
void victim_init(struct victim *victim);
void victim_map(const struct victim *victim);
/* All of them. */
void victim_start(struct victim *victim);
void victim_end(struct victim *victim);

void victim_mmap(const struct victim *victim, u64 page, int prot);

/* Five bytes of code that return RDI + 1, as in the enclave's code_page. */
#define PAYLOAD 0xc301478d48UL

/*
 * What the enclave does, by thread (its TCS). An exception inside is tried
 * again until it goes away, for at most five seconds: false then.
 */
bool victim_op(const struct victim *victim, unsigned int thread, struct op op,
	       u64 *ret);
bool victim_write(const struct victim *victim, unsigned int thread, u64 addr,
		  u64 value);
/* A leaf with a SECINFO of these flags. */
bool victim_leaf(const struct victim *victim, unsigned int thread,
		 unsigned int leaf, u64 flags, u64 page, u64 rdx, u64 *ret);
void victim_emodpe(const struct victim *victim, u64 page, u64 flags);
void victim_eaccept(const struct victim *victim, u64 page, u64 flags);

/*
 * Execute the payload at @addr inside: true if it ran. If not, @how says what
 * came, and the thread is good for another entry.
 */
bool victim_executes(const struct victim *victim, unsigned int thread, u64 addr,
		     char how[64]);

#endif /* VICTIM_H */
