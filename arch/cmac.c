// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * AES-128-CMAC (RFC 4493, NIST SP 800-38B) around the host's block cipher.
 */
#include "crypto.h"

#define BLOCK 16

static void xor_block(u8 *to, const u8 *from, size_t len)
{
	while (len--)
		*to++ ^= *from++;
}

/* Multiply by x in GF(2^128), most significant bit first. */
static void double_block(u8 block[BLOCK])
{
	u8 carry = block[0] >> 7;
	int i;

	for (i = 0; i < BLOCK - 1; i++)
		block[i] = (u8)(block[i] << 1 | block[i + 1] >> 7);
	/* No branch: the bit is a bit of a secret. */
	block[BLOCK - 1] = (u8)(block[BLOCK - 1] << 1 ^ (0x87 & -carry));
}

/**
 * sgx_cmac - authenticate a byte string
 * @core:	the platform
 * @key:	AES-128 key
 * @data:	the string
 * @len:	its length, any
 * @mac:	the MAC, all 128 bits
 */
void sgx_cmac(struct sgx_core *core, const u8 key[16], const void *data,
	      size_t len, u8 mac[16])
{
	const struct sgx_host_ops *ops = core->ops;
	const u8 *p = data;
	struct sgx_aes_key expanded;
	u8 subkey[BLOCK] = { 0 };
	u8 chain[BLOCK] = { 0 };

	ops->aes128_setkey(core, &expanded, key);
	ops->aes128_encrypt(core, &expanded, subkey, subkey);
	double_block(subkey);
	for (; len > BLOCK; len -= BLOCK, p += BLOCK) {
		xor_block(chain, p, BLOCK);
		ops->aes128_encrypt(core, &expanded, chain, chain);
	}
	xor_block(chain, p, len);
	if (len < BLOCK) {
		chain[len] ^= 0x80;
		double_block(subkey);
	}
	xor_block(chain, subkey, BLOCK);
	ops->aes128_encrypt(core, &expanded, chain, mac);
	sgx_wipe(&expanded, sizeof(expanded));
	sgx_wipe(subkey, sizeof(subkey));
	sgx_wipe(chain, sizeof(chain));
}
