// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * SHA-256 (FIPS 180-4) around the host's compression function.
 */
#include "crypto.h"

#define BLOCK 64

/**
 * sgx_sha256_init - the state before the first block
 * @h:	state, the eight working variables
 */
void sgx_sha256_init(u32 h[8])
{
	static const u32 init[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(h, init, sizeof(init));
}

static void put_be64(u8 *p, u64 value)
{
	int i;

	for (i = 7; i >= 0; i--, value >>= 8)
		p[i] = (u8)value;
}

/**
 * sgx_sha256_final - the last bytes and the padding
 * @core:	the platform
 * @h:		state after @hashed bytes
 * @hashed:	a multiple of 64
 * @tail:	what follows them
 * @len:	its length, less than 64
 * @out:	the digest
 */
void sgx_sha256_final(struct sgx_core *core, u32 h[8], u64 hashed,
		      const void *tail, size_t len, u8 out[32])
{
	u8 last[2 * BLOCK] = { 0 };
	size_t blocks = len < BLOCK - 8 ? 1 : 2;
	int i;

	if (len)
		memcpy(last, tail, len);
	last[len] = 0x80;
	put_be64(last + blocks * BLOCK - 8, (hashed + len) * 8);
	core->ops->sha256_blocks(core, h, last, blocks);
	for (i = 0; i < 32; i++)
		out[i] = (u8)(h[i / 4] >> (24 - 8 * (i % 4)));
	sgx_wipe(last, sizeof(last));
}

/**
 * sgx_sha256 - hash a byte string
 * @core:	the platform
 * @data:	the string
 * @len:	its length
 * @out:	the digest
 */
void sgx_sha256(struct sgx_core *core, const void *data, size_t len, u8 out[32])
{
	size_t whole = len / BLOCK;
	u32 h[8];

	sgx_sha256_init(h);
	if (whole)
		core->ops->sha256_blocks(core, h, data, whole);
	sgx_sha256_final(core, h, whole * BLOCK,
			 (const u8 *)data + whole * BLOCK, len % BLOCK, out);
	sgx_wipe(h, sizeof(h));
}
