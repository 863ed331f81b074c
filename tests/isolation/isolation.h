/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What the tests of the isolation share. Each runs twice: with isolation, and
 * with the module's isolation=off as the control, where the same attack has to
 * succeed. $ISOLATION says which of the two it is.
 */
#ifndef TESTS_ISOLATION_H
#define TESTS_ISOLATION_H

#include <pthread.h>
#include "../uapi/lib.h"

#define SECRET_BYTE 0x5a

/* Whether this is the run with isolation. */
bool isolated(void);

/**
 * struct vault - the test enclave, with a secret in its first two data pages
 * @guest:	the enclave
 * @secret:	where it is
 */
struct vault {
	struct guest guest;
	u8 *secret;
};

void vault_open(struct vault *vault);
/* From inside: the two pages, and whether they are what they were. */
void vault_look(struct vault *vault, u8 pages[2 * PAGE]);
bool vault_intact(struct vault *vault);
/* Fill the two pages with the secret, from inside. */
void vault_fill(struct vault *vault);

/*
 * A thread in OP_SPIN, with the third TCS, for as long as spin_go is 0; an
 * interrupt or a signal brings it back. spin_here: it is inside.
 */
extern volatile u64 spin_here, spin_go;
void spin(struct vault *vault);
pthread_t spin_start(struct vault *vault);
void spin_stop(pthread_t thread);

/* For TEST_ROWS: an attack with nobody inside, and with another thread inside. */
struct company {
	const char *situation;
	bool inside;
};

static const struct company companies[] = {
	{ "nobody is inside", false },
	{ "another thread is inside", true },
};

/* An attack between these has that company. */
void company_start(const struct company *company, struct vault *vault);
void company_stop(const struct company *company);

/* A loop that the compiler does not make a call of. */
bool all_bytes(const volatile u8 *bytes, size_t n, u8 value);

/*
 * What an attack has got: with isolation nothing but all ones (or nothing at
 * all: n is 0), without it the secret.
 */
#define ASSERT_HIDDEN(bytes, n)                                               \
	do {                                                                  \
		ASSERT(isolated() ? all_bytes(bytes, n, 0xff)                 \
				  : (n) && all_bytes(bytes, n, SECRET_BYTE)); \
	} while (0)

/* After an attempt to write: the enclave is as it was, or it is not. */
#define ASSERT_UNTOUCHED(vault) ASSERT_EQ(vault_intact(vault), isolated())

void xrstor_all(const void *area);
void wrpkru_to(u32 pkru);
u64 x87_load(const void *p);
extern const u8 at_x87_load[];

#endif /* TESTS_ISOLATION_H */
