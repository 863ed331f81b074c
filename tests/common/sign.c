// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <stdio.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "sign.h"

/* Each step of the build is one 64-byte block that starts with its name. */
struct block {
	char name[8];
	union {
		struct {
			u32 ssaframesize;
			u64 size;
		} __attribute__((packed)) create;
		struct {
			u64 offset;
			u8 secinfo[48];
		} page;
	};
};

_Static_assert(sizeof(struct block) == 64, "a block of SHA-256");

void measure_create(EVP_MD_CTX *md, u32 ssaframesize, u64 size)
{
	struct block block = { .name = "ECREATE" };

	block.create.ssaframesize = ssaframesize;
	block.create.size = size;
	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	EVP_DigestUpdate(md, &block, sizeof(block));
}

void measure_add(EVP_MD_CTX *md, u64 offset, u64 secinfo_flags)
{
	struct block block = { .name = "EADD" };

	block.page.offset = offset;
	memcpy(block.page.secinfo, &secinfo_flags, sizeof(secinfo_flags));
	EVP_DigestUpdate(md, &block, sizeof(block));
}

void measure_extend(EVP_MD_CTX *md, u64 offset, const void *page)
{
	const u8 *src = page;
	unsigned int i;

	for (i = 0; i < SGX_PAGE_SIZE; i += SGX_EEXTEND_BLOCK_SIZE) {
		struct block block = { .name = "EEXTEND" };

		block.page.offset = offset + i;
		EVP_DigestUpdate(md, &block, sizeof(block));
		EVP_DigestUpdate(md, src + i, SGX_EEXTEND_BLOCK_SIZE);
	}
}

EVP_PKEY *sign_load_key(const char *path)
{
	EVP_PKEY *key;
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

/* A SIGSTRUCT that asks for exactly the enclave that @secs describes. */
void sigstruct_fill(struct sgx_sigstruct *sig, const struct sgx_secs *secs,
		    const u8 mrenclave[32])
{
	static const u8 header[16] = { 0x06, 0, 0, 0, 0xe1, 0, 0, 0,
				       0,    0, 1, 0, 0,    0, 0, 0 };
	static const u8 header2[16] = { 0x01, 0x01, 0, 0, 0x60, 0, 0, 0,
					0x60, 0,    0, 0, 0x01, 0, 0, 0 };

	memset(sig, 0, sizeof(*sig));
	memcpy(sig->header, header, sizeof(header));
	memcpy(sig->header2, header2, sizeof(header2));
	sig->date = 0x20260101;
	sig->miscselect = secs->miscselect;
	sig->miscmask = ~0U;
	sig->attributes = secs->attributes;
	sig->attributemask.flags = ~0ULL;
	sig->attributemask.xfrm = ~0ULL;
	memcpy(sig->enclavehash, mrenclave, 32);
}

/* What the signature covers: all but the key, the signature and Q1, Q2. */
static void signed_part(const struct sgx_sigstruct *sig, u8 digest[32])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	EVP_DigestUpdate(md, sig, 128);
	EVP_DigestUpdate(md, (const u8 *)sig + 900, 128);
	EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
}

static int rsa_sign(EVP_PKEY *key, const u8 digest[32],
		    u8 sig[SGX_MODULUS_SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = SGX_MODULUS_SIZE;
	int ok;

	ok = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
	     EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	     EVP_PKEY_sign(ctx, sig, &len, digest, 32) > 0 &&
	     len == SGX_MODULUS_SIZE;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -1;
}

/*
 * Q1 and Q2 let the processor cube S modulo N without dividing:
 * Q1 = S^2 / N, Q2 = (S^3 - Q1 * S * N) / N.
 */
static int sign_quotients(struct sgx_sigstruct *sig, const BIGNUM *s,
			  const BIGNUM *n)
{
	BIGNUM *square = BN_new();
	BIGNUM *rest = BN_new();
	BIGNUM *q1 = BN_new();
	BIGNUM *q2 = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	int ok;

	ok = BN_sqr(square, s, ctx) && BN_div(q1, rest, square, n, ctx) &&
	     BN_mul(square, rest, s, ctx) && BN_div(q2, NULL, square, n, ctx) &&
	     BN_bn2lebinpad(q1, sig->q1, SGX_MODULUS_SIZE) > 0 &&
	     BN_bn2lebinpad(q2, sig->q2, SGX_MODULUS_SIZE) > 0;
	BN_free(square);
	BN_free(rest);
	BN_free(q1);
	BN_free(q2);
	BN_CTX_free(ctx);
	return ok ? 0 : -1;
}

/* Sign with an RSA-3072 key whose public exponent is 3. */
int sigstruct_sign(struct sgx_sigstruct *sig, EVP_PKEY *key)
{
	u8 signature[SGX_MODULUS_SIZE];
	BIGNUM *n = NULL;
	BIGNUM *s = NULL;
	u8 digest[32];
	int ret = -1;

	signed_part(sig, digest);
	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n))
		return -1;
	if (rsa_sign(key, digest, signature))
		goto out;
	s = BN_bin2bn(signature, sizeof(signature), NULL);
	if (!s)
		goto out;
	sig->exponent = 3;
	if (BN_bn2lebinpad(n, sig->modulus, SGX_MODULUS_SIZE) > 0 &&
	    BN_bn2lebinpad(s, sig->signature, SGX_MODULUS_SIZE) > 0)
		ret = sign_quotients(sig, s, n);
out:
	BN_free(s);
	BN_free(n);
	return ret;
}
