// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * RSASSA-PKCS1-v1_5 with SHA-256, a 3072-bit modulus and exponent 3, verified
 * as EINIT does it.
 *
 * No library for large numbers: SIGSTRUCT brings the two quotients Q1 and Q2,
 * with which S^3 mod M needs neither a division nor an exponentiation,
 *
 *	S * S  = Q1 * M + R1	with 0 <= R1 < M
 *	S * R1 = Q2 * M + R2	with 0 <= R2 < M
 *
 * and R2 is the encoded message. The bounds make quotients and remainders
 * unique: wrong ones are found out, whoever made them. Nothing here is secret,
 * so nothing needs to run in constant time.
 */
#include "rsa.h"
#include "crypto.h"

#define LIMBS (SGX_MODULUS_SIZE / 8)

/* A number in memory: SIGSTRUCT's are little endian, and not all aligned. */
static u64 limb(const void *number, unsigned int i)
{
	u64 value;

	memcpy(&value, (const u8 *)number + 8 * i, sizeof(value));
	return value;
}

/* @a < @b, of LIMBS each */
static bool less(const void *a, const void *b)
{
	unsigned int i = LIMBS;

	while (i--)
		if (limb(a, i) != limb(b, i))
			return limb(a, i) < limb(b, i);
	return false;
}

/* @out (2 * LIMBS) := @a * @b (LIMBS each) */
static void multiply(u64 *out, const void *a, const void *b)
{
	unsigned int i, j;

	memset(out, 0, 2 * SGX_MODULUS_SIZE);
	for (i = 0; i < LIMBS; i++) {
		u64 factor = limb(a, i);
		u64 carry = 0;

		for (j = 0; j < LIMBS; j++) {
			unsigned __int128 sum = factor;

			sum = sum * limb(b, j) + out[i + j] + carry;
			out[i + j] = (u64)sum;
			carry = (u64)(sum >> 64);
		}
		out[i + LIMBS] = carry;
	}
}

/* @n (2 * LIMBS) -= @q * @m (LIMBS each); false if that is below zero */
static bool subtract_product(u64 *n, const void *q, const void *m)
{
	unsigned int i, j;

	for (i = 0; i < LIMBS; i++) {
		u64 factor = limb(q, i);
		u64 carry = 0;

		for (j = 0; j < LIMBS; j++) {
			unsigned __int128 sub = factor;

			sub = sub * limb(m, j) + carry;
			carry = (u64)(sub >> 64) + (n[i + j] < (u64)sub);
			n[i + j] -= (u64)sub;
		}
		for (j = i + LIMBS; carry && j < 2 * LIMBS; j++) {
			u64 before = n[j];

			n[j] -= carry;
			carry = before < carry;
		}
		if (carry)
			return false;
	}
	return true;
}

/*
 * @work := @a * @b - @q * @m. True if that is a remainder, at least 0 and less
 * than @m; it is then in the lower half.
 */
static bool reduce(u64 *work, const void *a, const void *b, const void *q,
		   const void *m)
{
	multiply(work, a, b);
	return subtract_product(work, q, m) &&
	       sgx_is_zero(work + LIMBS, SGX_MODULUS_SIZE) && less(work, m);
}

/* EMSA-PKCS1-v1_5: 00 01 FF..FF 00 DigestInfo digest, as a number in memory */
static bool encodes(const void *number, const u8 digest[32])
{
	static const u8 info[20] = {
		0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
		0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
	};
	const u8 *p = number;
	unsigned int i;

	for (i = 0; i < 32; i++)
		if (*p++ != digest[31 - i])
			return false;
	for (i = 0; i < sizeof(info); i++)
		if (*p++ != info[sizeof(info) - 1 - i])
			return false;
	for (i = 32 + sizeof(info); i < SGX_MODULUS_SIZE - 2; i++)
		if (*p++ != 0xff)
			return false;
	return p[0] == 0x01 && p[1] == 0x00;
}

SGX_ASSERT_OFFSET(sgx_sigstruct, reserved4, 900 + 128);

/* What the signature is made of: the header and the body, without the key. */
static void signed_digest(struct sgx_core *core,
			  const struct sgx_sigstruct *sig, u8 digest[32])
{
	const size_t header = offsetof(struct sgx_sigstruct, modulus);
	const size_t body = offsetof(struct sgx_sigstruct, miscselect);
	u8 data[256];

	memcpy(data, sig, header);
	memcpy(data + header, (const u8 *)sig + body, sizeof(data) - header);
	sgx_sha256(core, data, sizeof(data), digest);
}

/**
 * sgx_rsa_verify - the signature of a SIGSTRUCT
 * @core:	the platform
 * @sig:	a private copy
 *
 * Return: whether SIGNATURE is MODULUS's, over the 256 bytes that it covers,
 * and Q1 and Q2 are its quotients. Exponent and header are EINIT's to check.
 */
bool sgx_rsa_verify(struct sgx_core *core, const struct sgx_sigstruct *sig)
{
	u64 work[2 * LIMBS], r1[LIMBS];
	u8 digest[32];

	/* RFC 8017, 5.2.2: a representative out of range is none. */
	if (!less(sig->signature, sig->modulus))
		return false;
	if (!reduce(work, sig->signature, sig->signature, sig->q1,
		    sig->modulus))
		return false;
	memcpy(r1, work, sizeof(r1));
	if (!reduce(work, sig->signature, r1, sig->q2, sig->modulus))
		return false;
	signed_digest(core, sig, digest);
	return encodes(work, digest);
}
