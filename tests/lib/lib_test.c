// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * libsoftsgx against OpenSSL. MRENCLAVE is computed here a second time, with
 * EVP from the records that the SDM describes and without arch/; SGX streams
 * are written here byte by byte.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "../../lib/softsgx.h"

#define ENCLAVES 200
#define PAGE	 SOFTSGX_PAGE_SIZE
#define REG	 0x200
#define TCS	 0x100

static char directory[] = "/tmp/softsgx-lib-XXXXXX";
static char private_path[64], public_path[64], other_path[64];

/* Bytes that grow. */
struct stream {
	uint8_t *data;
	size_t len;
	EVP_MD_CTX *md;
};

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % sides;
}

static void put(struct stream *s, const void *data, size_t len, bool hashed)
{
	s->data = realloc(s->data, s->len + len);
	assert_non_null(s->data);
	memcpy(s->data + s->len, data, len);
	s->len += len;
	if (hashed)
		assert_int_equal(EVP_DigestUpdate(s->md, data, len), 1);
}

static void put_record(struct stream *s, const char *tag, uint64_t a,
		       uint64_t b, bool hashed)
{
	uint8_t record[64] = { 0 };

	memcpy(record, tag, strlen(tag));
	memcpy(record + 8, &a, 8);
	memcpy(record + 16, &b, 8);
	put(s, record, sizeof(record), hashed);
}

static void put_create(struct stream *s, uint32_t ssaframesize, uint64_t size)
{
	uint8_t record[64] = "ECREATE";

	memset(s, 0, sizeof(*s));
	s->md = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestInit_ex(s->md, EVP_sha256(), NULL), 1);
	memcpy(record + 8, &ssaframesize, 4);
	memcpy(record + 12, &size, 8);
	put(s, record, sizeof(record), true);
}

/* Some chunks of a page, in some order, measured or not. */
static void put_chunks(struct stream *s, uint64_t offset, bool is_tcs)
{
	uint8_t chunk[SOFTSGX_CHUNK_SIZE];
	unsigned int order[16];
	unsigned int i, j, n;
	bool measured;

	for (i = 0; i < 16; i++)
		order[i] = i;
	if (dice(4) == 0)
		for (i = 15; i; i--) {
			unsigned int swap = order[i];

			j = dice(i + 1);
			order[i] = order[j];
			order[j] = swap;
		}
	n = dice(3) ? 16 : dice(17);
	for (i = 0; i < n; i++) {
		for (j = 0; j < sizeof(chunk); j++)
			chunk[j] = is_tcs ? 0 : dice(256);
		measured = dice(8);
		put_record(s, measured ? "EEXTEND" : "UNMEASRD",
			   offset + order[i] * SOFTSGX_CHUNK_SIZE, 0, measured);
		put(s, chunk, sizeof(chunk), measured);
	}
}

static void put_pages(struct stream *s, uint64_t size, unsigned int pages)
{
	static const uint64_t perms[] = { 0, 1, 3, 4, 5, 7 };
	uint64_t offset = 0;
	unsigned int i;
	bool is_tcs;

	for (i = 0; i < pages; i++) {
		offset += (uint64_t)dice(3) * PAGE;
		if (offset >= size)
			return;
		is_tcs = dice(5) == 0;
		put_record(s, "EADD", offset,
			   is_tcs ? TCS : REG | perms[dice(6)], true);
		put_chunks(s, offset, is_tcs);
		offset += PAGE;
	}
}

static void random_claims(struct softsgx_claims *c, uint32_t ssaframesize)
{
	static const uint64_t xfrms[] = { 0x3, 0x7, 0x1b, 0xe7, 0x203 };
	unsigned int i;

	softsgx_claims_default(c);
	c->vendor = dice(2) ? 0x8086 : 0;
	c->swdefined = dice(1000);
	c->attributes |= dice(2) ? 0x2 : 0;
	c->attributes |= dice(4) ? 0 : 0x10;
	c->miscselect = dice(2);
	c->xfrm = ssaframesize > 1 || dice(2) ? xfrms[dice(5)] : 0x3;
	c->isvprodid = dice(0x10000);
	c->isvsvn = dice(0x10000);
	if (dice(2))
		return;
	c->attributes |= 0x80; /* KSS */
	for (i = 0; i < 16; i++) {
		c->isvfamilyid[i] = dice(256);
		c->isvextprodid[i] = dice(256);
	}
}

static void digest_of(const struct stream *s, uint8_t out[32])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	assert_int_equal(EVP_MD_CTX_copy_ex(copy, s->md), 1);
	assert_int_equal(EVP_DigestFinal_ex(copy, out, NULL), 1);
	EVP_MD_CTX_free(copy);
}

static void stream_free(struct stream *s)
{
	EVP_MD_CTX_free(s->md);
	free(s->data);
}

/* Written and read again it is the same enclave. */
static void check_round_trip(struct softsgx_enclave *encl,
			     const uint8_t expected[32])
{
	struct softsgx_enclave *again;
	uint8_t mrenclave[32];
	char path[64];

	snprintf(path, sizeof(path), "%s/again.sgxs", directory);
	assert_int_equal(softsgx_enclave_write_sgxs(encl, path, NULL), 0);
	assert_int_equal(softsgx_enclave_read(&again, path, NULL, NULL), 0);
	assert_int_equal(softsgx_enclave_measure(again, mrenclave, NULL), 0);
	assert_memory_equal(mrenclave, expected, 32);
	softsgx_enclave_free(again);
}

static void check_signature(struct softsgx_enclave *encl,
			    struct softsgx_key *key, uint32_t ssaframesize,
			    const uint8_t mrenclave[32])
{
	struct softsgx_claims claims, read;
	struct softsgx_sigstruct sig;
	struct softsgx_error error;

	random_claims(&claims, ssaframesize);
	softsgx_sigstruct_fill(&sig, &claims, mrenclave);
	assert_int_equal(softsgx_sigstruct_sign(&sig, key, &error), 0);
	assert_int_equal(softsgx_sigstruct_verify(&sig, &error), 0);
	assert_int_equal(softsgx_einit(encl, &sig, &error), 0);
	softsgx_sigstruct_claims(&sig, &read);
	assert_memory_equal(&read, &claims, sizeof(read));

	/* A bit of what is signed, of the signature, of Q2. */
	sig.bytes[1024] ^= 1;
	assert_int_equal(softsgx_einit(encl, &sig, &error), SOFTSGX_REFUSED);
	sig.bytes[1024] ^= 1;
	sig.bytes[520] ^= 1;
	assert_int_equal(softsgx_einit(encl, &sig, &error), SOFTSGX_REFUSED);
	sig.bytes[520] ^= 1;
	sig.bytes[1424] ^= 1;
	assert_int_equal(softsgx_einit(encl, &sig, &error), SOFTSGX_REFUSED);
	assert_string_equal(
		error.reason,
		"EINIT: SGX_INVALID_SIGNATURE: the signature, Q1 or Q2");
}

static void random_enclaves(void **state)
{
	struct softsgx_enclave *encl;
	struct softsgx_error error;
	uint8_t expected[32], mrenclave[32];
	struct softsgx_key *key;
	uint32_t ssaframesize;
	struct stream s;
	uint64_t size;
	int i;

	(void)state;
	assert_int_equal(softsgx_key_read(&key, private_path, NULL), 0);
	for (i = 0; i < ENCLAVES; i++) {
		ssaframesize = 1 + dice(3);
		size = 0x2000ULL << dice(12);
		put_create(&s, ssaframesize, size);
		put_pages(&s, size, dice(24));
		digest_of(&s, expected);
		if (softsgx_enclave_parse(&encl, s.data, s.len, "random", NULL,
					  &error))
			fail_msg("%s", error.reason);
		assert_int_equal(
			softsgx_enclave_measure(encl, mrenclave, &error), 0);
		assert_memory_equal(mrenclave, expected, 32);
		check_round_trip(encl, expected);
		check_signature(encl, key, ssaframesize, mrenclave);
		softsgx_enclave_free(encl);
		stream_free(&s);
	}
	softsgx_key_free(key);
}

/* What is wrong in a stream, and where it is found. */

struct wrong {
	const char *name;
	size_t at;     /* this byte ... */
	uint8_t value; /* ... is changed to this */
	size_t cut;    /* or the stream ends here */
	uint64_t found;
	const char *reason;
};

/* ECREATE, EADD 0 RW, EEXTEND 0, EADD 1000 RX, EEXTEND 1000 */
#define A1 64
#define E1 128
#define A2 448
#define E2 512

static const struct wrong wrongs[] = {
	{ "first record cut", 0, 'E', 40, 0, "ends within the first record" },
	{ "record cut", 0, 'E', A2 + 8, A2, "ends within a record" },
	{ "data cut", 0, 'E', E2 + 100, E2, "ends within its data" },
	{ "frame size", 8, 0, 0, 0, "SSAFRAMESIZE is 0" },
	{ "size", 13, 0x41, 0, 0, "not a power of two" },
	{ "ECREATE reserved", 30, 1, 0, 0, "reserved" },
	{ "unknown", A1, 'X', 0, A1, "an unknown record" },
	{ "EADD offset", A1 + 8, 1, 0, A1, "not that of a page" },
	{ "EADD order", A2 + 9, 0, 0, A2, "not canonical" },
	{ "EADD reserved", A1 + 40, 1, 0, A1, "reserved" },
	{ "EADD beyond", A2 + 9, 0x40, 0, A2, "beyond the size" },
	{ "EADD type", A1 + 17, 3, 0, A1, "a page type" },
	{ "EADD W alone", A1 + 16, 2, 0, A1, "writable but not readable" },
	{ "EADD pending", A1 + 16, 11, 0, A1, "reserved or state bits" },
	{ "EEXTEND offset", E1 + 8, 1, 0, E1, "not a multiple of 256" },
	{ "EEXTEND page", E2 + 9, 0, 0, E2, "not of the last page" },
	{ "EEXTEND reserved", E2 + 60, 1, 0, E2, "reserved" },
};

static void two_pages(struct stream *s)
{
	static const uint8_t chunk[SOFTSGX_CHUNK_SIZE];

	put_create(s, 1, 0x4000);
	put_record(s, "EADD", 0, REG | 3, true);
	put_record(s, "EEXTEND", 0, 0, true);
	put(s, chunk, sizeof(chunk), true);
	put_record(s, "EADD", PAGE, REG | 5, true);
	put_record(s, "EEXTEND", PAGE, 0, true);
	put(s, chunk, sizeof(chunk), true);
}

static void refused(const struct stream *s, size_t len, uint64_t found,
		    const char *reason, const char *name)
{
	struct softsgx_enclave *encl;
	struct softsgx_error error;
	int ret;

	ret = softsgx_enclave_parse(&encl, s->data, len, "stream", NULL,
				    &error);
	if (ret != SOFTSGX_FORMAT || error.offset != found ||
	    !strstr(error.reason, reason))
		fail_msg("%s: %d at %llu: %s", name, ret,
			 (unsigned long long)error.offset, error.reason);
	assert_string_equal(error.file, "stream");
}

static void wrong_streams(void **state)
{
	const struct wrong *w;
	struct stream s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		w = &wrongs[i];
		two_pages(&s);
		s.data[w->at] = w->value;
		refused(&s, w->cut ? w->cut : s.len, w->found, w->reason,
			w->name);
		stream_free(&s);
	}
}

static void wrong_orders(void **state)
{
	static const uint8_t chunk[SOFTSGX_CHUNK_SIZE];
	struct stream s;

	(void)state;
	two_pages(&s);
	put_record(&s, "EEXTEND", PAGE, 0, true);
	put(&s, chunk, sizeof(chunk), true);
	refused(&s, s.len, 832, "for the second time", "twice");
	stream_free(&s);

	two_pages(&s);
	put_record(&s, "ECREATE", 1, 0, true);
	refused(&s, s.len, 832, "a second ECREATE", "ECREATE");
	stream_free(&s);

	put_create(&s, 1, 0x4000);
	put_record(&s, "EEXTEND", 0, 0, true);
	put(&s, chunk, sizeof(chunk), true);
	refused(&s, s.len, 64, "no page yet", "EEXTEND first");
	memcpy(s.data, "UNSIZED", 7);
	refused(&s, s.len, 0, "UNSIZED", "unsized");
	stream_free(&s);
}

/* A TCS that EADD refuses is refused when it is measured. */
static void wrong_tcs(void **state)
{
	uint8_t chunk[SOFTSGX_CHUNK_SIZE] = { [100] = 1 };
	struct softsgx_enclave *encl;
	struct softsgx_error error;
	uint8_t mrenclave[32];
	struct stream s;

	(void)state;
	put_create(&s, 1, 0x4000);
	put_record(&s, "EADD", 0, TCS, true);
	put_record(&s, "EEXTEND", 0, 0, true);
	put(&s, chunk, sizeof(chunk), true);
	assert_int_equal(softsgx_enclave_parse(&encl, s.data, s.len, "tcs",
					       NULL, &error),
			 0);
	assert_int_equal(softsgx_enclave_measure(encl, mrenclave, &error),
			 SOFTSGX_REFUSED);
	assert_int_equal(error.offset, 64);
	assert_string_equal(
		error.reason,
		"EADD: #GP: flags or reserved bytes of a TCS, or SECINFO");
	softsgx_enclave_free(encl);
	stream_free(&s);
}

/* Two steps with an OpenSSL signer give what one step gives. */
static void two_steps(void **state)
{
	uint8_t payload[SOFTSGX_PAYLOAD_SIZE];
	uint8_t signature[SOFTSGX_SIGNATURE_SIZE];
	struct softsgx_sigstruct one, two;
	struct softsgx_key *key, *other, *public;
	size_t len = sizeof(signature);
	static const uint8_t mrenclave[32] = { 7 };
	struct softsgx_claims claims;
	struct softsgx_error error;
	EVP_MD_CTX *md;
	EVP_PKEY *pkey;
	FILE *file;

	(void)state;
	assert_int_equal(softsgx_key_read(&key, private_path, NULL), 0);
	assert_int_equal(softsgx_key_read(&public, public_path, NULL), 0);
	assert_int_equal(softsgx_key_read(&other, other_path, NULL), 0);
	softsgx_claims_default(&claims);
	softsgx_sigstruct_fill(&one, &claims, mrenclave);
	softsgx_sigstruct_payload(&one, payload);
	assert_int_equal(softsgx_sigstruct_sign(&one, key, &error), 0);

	file = fopen(private_path, "r");
	pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	md = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey),
			 1);
	assert_int_equal(EVP_DigestSign(md, signature, &len, payload,
					sizeof(payload)),
			 1);
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(pkey);

	softsgx_sigstruct_from_payload(&two, payload);
	assert_int_equal(
		softsgx_sigstruct_finish(&two, public, signature, &error), 0);
	assert_memory_equal(&one, &two, sizeof(one));

	/* Another key's, and a signature of something else. */
	softsgx_sigstruct_from_payload(&two, payload);
	assert_int_equal(softsgx_sigstruct_finish(&two, other, signature,
						  &error),
			 SOFTSGX_REFUSED);
	payload[0]++;
	softsgx_sigstruct_from_payload(&two, payload);
	assert_int_equal(softsgx_sigstruct_finish(&two, public, signature,
						  &error),
			 SOFTSGX_REFUSED);
	assert_int_equal(softsgx_sigstruct_sign(&two, public, &error),
			 SOFTSGX_REFUSED);
	softsgx_key_free(key);
	softsgx_key_free(public);
	softsgx_key_free(other);
}

/* Fields that EINIT refuses are named, with their place. */
static void wrong_sigstructs(void **state)
{
	static const struct {
		size_t at;
		const char *reason;
	} rows[] = {
		{ 0, "not the header" },
		{ 15, "not the header" },
		{ 24, "not the second header" },
		{ 16, "VENDOR" },
		{ 60, "reserved1" },
		{ 512, "EXPONENT" },
		{ 908, "cet_attributes" },
		{ 909, "cet_attributes_mask" },
		{ 911, "reserved2" },
		{ 992, "reserved3" },
		{ 1039, "reserved4" },
		{ 128, "the signature" },
		{ 516, "the signature" },
		{ 960, "the signature" },
		{ 1040, "the signature" },
	};
	static const uint8_t mrenclave[32];
	struct softsgx_claims claims;
	struct softsgx_sigstruct sig;
	struct softsgx_error error;
	struct softsgx_key *key;
	size_t i;

	(void)state;
	assert_int_equal(softsgx_key_read(&key, private_path, NULL), 0);
	softsgx_claims_default(&claims);
	softsgx_sigstruct_fill(&sig, &claims, mrenclave);
	assert_int_equal(softsgx_sigstruct_sign(&sig, key, &error), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sig.bytes[rows[i].at] ^= 4;
		assert_int_equal(softsgx_sigstruct_verify(&sig, &error),
				 SOFTSGX_REFUSED);
		if (strncmp(error.reason, rows[i].reason,
			    strlen(rows[i].reason)))
			fail_msg("%zu: %s", rows[i].at, error.reason);
		sig.bytes[rows[i].at] ^= 4;
	}
	assert_int_equal(softsgx_sigstruct_verify(&sig, &error), 0);
	softsgx_key_free(key);
}

static void make_key(const char *path, const char *public)
{
	BIGNUM *three = BN_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	FILE *file;

	BN_set_word(three, 3);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 3072);
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three);
	assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
	file = fopen(path, "w");
	PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	if (public) {
		file = fopen(public, "w");
		PEM_write_PUBKEY(file, pkey);
		fclose(file);
	}
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(ctx);
	BN_free(three);
}

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(private_path, sizeof(private_path), "%s/key.pem", directory);
	snprintf(public_path, sizeof(public_path), "%s/public.pem", directory);
	snprintf(other_path, sizeof(other_path), "%s/other.pem", directory);
	make_key(private_path, public_path);
	make_key(other_path, NULL);
	return 0;
}

static int end(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/again.sgxs", directory);
	unlink(path);
	unlink(private_path);
	unlink(public_path);
	unlink(other_path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_enclaves),
		cmocka_unit_test(wrong_streams),
		cmocka_unit_test(wrong_orders),
		cmocka_unit_test(wrong_tcs),
		cmocka_unit_test(two_steps),
		cmocka_unit_test(wrong_sigstructs),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
