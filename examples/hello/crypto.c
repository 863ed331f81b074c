// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * AES-128 by the AES-NI instructions, which every processor with SGX has:
 * counter mode to encrypt, CMAC (RFC 4493) to authenticate.
 */
#include <wmmintrin.h>
#include "crypto.h"

#define ROUNDS 10

static __m128i next_key(__m128i key, __m128i assist)
{
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
	return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

static void expand(const u8 raw[16], __m128i key[ROUNDS + 1])
{
	key[0] = _mm_loadu_si128((const __m128i *)raw);
/* The round constant is an immediate operand: no loop. */
#define EXPAND(i, rcon)                \
	(key[i] = next_key(key[(i)-1], \
			   _mm_aeskeygenassist_si128(key[(i)-1], rcon)))
	EXPAND(1, 0x01);
	EXPAND(2, 0x02);
	EXPAND(3, 0x04);
	EXPAND(4, 0x08);
	EXPAND(5, 0x10);
	EXPAND(6, 0x20);
	EXPAND(7, 0x40);
	EXPAND(8, 0x80);
	EXPAND(9, 0x1b);
	EXPAND(10, 0x36);
#undef EXPAND
}

static __m128i encrypt(const __m128i key[ROUNDS + 1], __m128i block)
{
	unsigned int i;

	block = _mm_xor_si128(block, key[0]);
	for (i = 1; i < ROUNDS; i++)
		block = _mm_aesenc_si128(block, key[i]);
	return _mm_aesenclast_si128(block, key[ROUNDS]);
}

void aes_encrypt(const u8 key[16], const u8 in[16], u8 out[16])
{
	__m128i keys[ROUNDS + 1];

	expand(key, keys);
	_mm_storeu_si128((__m128i *)out,
			 encrypt(keys, _mm_loadu_si128((const __m128i *)in)));
}

/* The counter starts at 0: @key must be used for one message only. */
void aes_ctr(const u8 key[16], u8 *data, u64 len)
{
	__m128i keys[ROUNDS + 1];
	u8 stream[16];
	u64 i;

	expand(key, keys);
	for (i = 0; i < len; i++) {
		if (!(i % 16))
			_mm_storeu_si128((__m128i *)stream,
					 encrypt(keys, _mm_set_epi64x(i, 0)));
		data[i] ^= stream[i % 16];
	}
}

/* Multiply by x in GF(2^128), most significant bit first. */
static void dbl(u8 block[16])
{
	u8 carry = block[0] >> 7;
	unsigned int i;

	for (i = 0; i < 15; i++)
		block[i] = block[i] << 1 | block[i + 1] >> 7;
	block[15] = block[15] << 1 ^ (carry ? 0x87 : 0);
}

void aes_cmac(const u8 key[16], const void *data, u64 len, u8 mac[16])
{
	u64 last = len ? (len - 1) / 16 * 16 : 0;
	__m128i keys[ROUNDS + 1];
	u8 subkey[16] = { 0 };
	const u8 *src = data;
	__m128i state;
	u8 block[16];
	u64 i;

	expand(key, keys);
	state = _mm_setzero_si128();
	_mm_storeu_si128((__m128i *)subkey, encrypt(keys, state));
	dbl(subkey);
	if (len - last != 16)
		dbl(subkey);

	for (i = 0; i < last; i += 16) {
		state = _mm_xor_si128(
			state, _mm_loadu_si128((const __m128i *)(src + i)));
		state = encrypt(keys, state);
	}
	for (i = 0; i < 16; i++) {
		block[i] = subkey[i];
		if (last + i < len)
			block[i] ^= src[last + i];
		else if (last + i == len)
			block[i] ^= 0x80;
	}
	state = _mm_xor_si128(state, _mm_loadu_si128((__m128i *)block));
	_mm_storeu_si128((__m128i *)mac, encrypt(keys, state));
}

/* Takes the same time wherever the first difference is. */
bool same_bytes(const void *a, const void *b, u64 len)
{
	const u8 *x = a;
	const u8 *y = b;
	u8 diff = 0;
	u64 i;

	for (i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return !diff;
}
