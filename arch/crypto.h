/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What the leaves share of cryptography, over the primitives of the host.
 * Internal to arch/.
 */
#ifndef SOFTSGX_CRYPTO_H
#define SOFTSGX_CRYPTO_H

#include "epcm.h"

/* Clear a secret; the barrier keeps the compiler from dropping the store. */
static inline void sgx_wipe(void *data, size_t len)
{
	memset(data, 0, len);
	__asm__ volatile("" : : "r"(data) : "memory");
}

/* Whether two byte strings are equal, in a time that depends on @len only. */
static inline bool sgx_equal(const void *a, const void *b, size_t len)
{
	const u8 *x = a, *y = b;
	u8 diff = 0;

	while (len--)
		diff |= *x++ ^ *y++;
	return !diff;
}

static inline bool sgx_is_zero(const void *data, size_t len)
{
	const u8 *p = data;
	u64 word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		if (word)
			return false;
	}
	while (len--)
		if (*p++)
			return false;
	return true;
}

/* sha256.c: a hash in parts, for MRENCLAVE */
void sgx_sha256_init(u32 h[8]);
void sgx_sha256_final(struct sgx_core *core, u32 h[8], u64 hashed,
		      const void *tail, size_t len, u8 out[32]);

#endif /* SOFTSGX_CRYPTO_H */
