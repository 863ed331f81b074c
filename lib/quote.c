// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Quotes: a REPORT that the quoting enclave has signed. The layout is that of
 * Intel's ECDSA quote library reference, version 3:
 *
 *	header (48), REPORT (384), length of the rest (4), and as that rest
 *	signature (64), attestation key (64), REPORT of the quoting enclave (384),
 *	its signature (64), length (2) and authentication data, type (2), length
 *	(4) and certification data
 */
#include <limits.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include "internal.h"

#define HEADER_SIZE    48
#define ECDSA_SIZE     64
#define CERT_PEM_CHAIN 5

/* Reading from front to end, with a note of where. */
struct cursor {
	const uint8_t *data;
	size_t len;
	size_t at;
	const char *name;
	struct softsgx_error *error;
};

/* The next @len bytes; NULL if there are not so many. */
static const uint8_t *take(struct cursor *c, size_t len, const char *what)
{
	const uint8_t *start = c->data + c->at;

	if (len > c->len - c->at) {
		fail(c->error, SOFTSGX_FORMAT, c->name, c->at,
		     "the quote ends within %s", what);
		return NULL;
	}
	c->at += len;
	return start;
}

static uint32_t little_endian(const uint8_t *bytes, unsigned int len)
{
	uint32_t value = 0;

	while (len--)
		value = value << 8 | bytes[len];
	return value;
}

static int parse_header(struct cursor *c, struct softsgx_quote *quote)
{
	const uint8_t *header = take(c, HEADER_SIZE, "its header");
	const uint8_t *rest;

	if (!header)
		return SOFTSGX_FORMAT;
	quote->version = little_endian(header, 2);
	quote->att_key_type = little_endian(header + 2, 2);
	if (quote->version != 3 || quote->att_key_type != 2)
		return fail(
			c->error, SOFTSGX_FORMAT, c->name,
			quote->version != 3 ? 0 : 2,
			"a quote of version %u with a key of type %u: only 3 and 2 are known",
			quote->version, quote->att_key_type);
	quote->qe_svn = little_endian(header + 8, 2);
	quote->pce_svn = little_endian(header + 10, 2);
	quote->qe_vendor = header + 12;
	quote->user_data = header + 28;
	quote->body = take(c, SOFTSGX_REPORT_BODY_SIZE, "the REPORT");
	rest = quote->body ? take(c, 4, "the length of its signature") : NULL;
	if (!rest)
		return SOFTSGX_FORMAT;
	if (little_endian(rest, 4) > c->len - c->at)
		return fail(c->error, SOFTSGX_FORMAT, c->name, c->at - 4,
			    "a signature of %u bytes, of which there are %zu",
			    little_endian(rest, 4), c->len - c->at);
	/* What follows the quote, a buffer's rest, is none of it. */
	c->len = c->at + little_endian(rest, 4);
	return 0;
}

/**
 * softsgx_quote_parse() - take a quote to pieces
 * @quote:	filled in; points into @data
 * @data:	the quote
 * @len:	its length; bytes behind it are ignored
 * @name:	what errors shall call it
 * @error:	why it failed, or NULL
 *
 * Return: 0 or SOFTSGX_FORMAT.
 */
int softsgx_quote_parse(struct softsgx_quote *quote, const void *data,
			size_t len, const char *name,
			struct softsgx_error *error)
{
	struct cursor c = {
		.data = data, .len = len, .name = name, .error = error
	};
	const uint8_t *size;
	int ret;

	memset(quote, 0, sizeof(*quote));
	ret = parse_header(&c, quote);
	if (ret)
		return ret;
	quote->signature = take(&c, ECDSA_SIZE, "the signature");
	if (quote->signature)
		quote->key = take(&c, ECDSA_SIZE, "the attestation key");
	if (quote->key)
		quote->qe_report = take(&c, SOFTSGX_REPORT_BODY_SIZE,
					"the quoting enclave's REPORT");
	if (quote->qe_report)
		quote->qe_signature =
			take(&c, ECDSA_SIZE, "the quoting enclave's signature");
	size = quote->qe_signature
		       ? take(&c, 2, "the length of authentication data")
		       : NULL;
	if (!size)
		return SOFTSGX_FORMAT;
	quote->auth_len = little_endian(size, 2);
	quote->auth_data = take(&c, quote->auth_len, "authentication data");
	size = quote->auth_data ? take(&c, 6, "the type of certification data")
				: NULL;
	if (!size)
		return SOFTSGX_FORMAT;
	quote->cert_type = little_endian(size, 2);
	quote->cert_len = little_endian(size + 2, 4);
	quote->cert = take(&c, quote->cert_len, "certification data");
	return quote->cert ? 0 : SOFTSGX_FORMAT;
}

/* X and Y as a key; NULL if they are no point of P-256. */
static EVP_PKEY *key_of(const uint8_t *xy)
{
	uint8_t point[1 + ECDSA_SIZE] = { POINT_CONVERSION_UNCOMPRESSED };
	char group[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group,
				       sizeof(group) - 1),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
					sizeof(point)),
		OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	memcpy(point + 1, xy, ECDSA_SIZE);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* R and S are a signature with ECDSA and SHA-256 of these bytes. */
static bool signed_by(EVP_PKEY *key, const uint8_t *rs, const void *data,
		      size_t len)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t *der = NULL;
	int der_len;
	bool good = false;

	if (sig && md &&
	    ECDSA_SIG_set0(sig, BN_bin2bn(rs, 32, NULL),
			   BN_bin2bn(rs + 32, 32, NULL))) {
		der_len = i2d_ECDSA_SIG(sig, &der);
		good = der_len > 0 &&
		       EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) >
			       0 &&
		       EVP_DigestVerify(md, der, der_len, data, len) == 1;
	}
	OPENSSL_free(der);
	EVP_MD_CTX_free(md);
	ECDSA_SIG_free(sig);
	return good;
}

/* The quoting enclave has put its key into its REPORTDATA. */
static bool key_is_bound(const struct softsgx_quote *quote)
{
	struct sgx_report report = { 0 };
	uint8_t expected[64] = { 0 };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok;

	ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
	     EVP_DigestUpdate(md, quote->key, ECDSA_SIZE) &&
	     EVP_DigestUpdate(md, quote->auth_data, quote->auth_len) &&
	     EVP_DigestFinal_ex(md, expected, NULL);
	EVP_MD_CTX_free(md);
	memcpy(&report, quote->qe_report, SOFTSGX_REPORT_BODY_SIZE);
	return ok && !memcmp(report.reportdata, expected, sizeof(expected));
}

/* The first certificate of the chain is the platform's. */
static bool certified(const struct softsgx_quote *quote)
{
	BIO *bio = BIO_new_mem_buf(quote->cert, (int)quote->cert_len);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	bool good;

	good = key && quote->cert_len <= INT_MAX && EVP_PKEY_is_a(key, "EC") &&
	       signed_by(key, quote->qe_signature, quote->qe_report,
			 SOFTSGX_REPORT_BODY_SIZE);
	X509_free(cert);
	BIO_free(bio);
	return good;
}

/**
 * softsgx_quote_verify() - whether the parts of a quote belong together
 * @quote:	the quote
 * @error:	why not, or NULL
 *
 * Verifies that the attestation key signed the REPORT, that the quoting enclave
 * vouches for that key, and that the platform's certificate, if one is in the
 * quote, vouches for the quoting enclave. Whether that certificate is to be
 * trusted, and whether it is revoked or out of date, is the business of who
 * has a root of trust, and the collateral of the day.
 *
 * Return: 0 or SOFTSGX_REFUSED.
 */
int softsgx_quote_verify(const struct softsgx_quote *quote,
			 struct softsgx_error *error)
{
	EVP_PKEY *key = key_of(quote->key);
	const char *reason = NULL;

	/* Header and REPORT are one behind the other in the quote. */
	if (!key)
		reason = "the attestation key is no point of P-256";
	else if (!signed_by(key, quote->signature, quote->body - HEADER_SIZE,
			    HEADER_SIZE + SOFTSGX_REPORT_BODY_SIZE))
		reason = "the attestation key has not signed this REPORT";
	else if (!key_is_bound(quote))
		reason =
			"the quoting enclave does not vouch for the attestation key";
	else if (quote->cert_type == CERT_PEM_CHAIN && !certified(quote))
		reason =
			"the platform's certificate is none, or does not vouch for the quoting enclave";
	EVP_PKEY_free(key);
	if (!reason)
		return 0;
	return fail(error, SOFTSGX_REFUSED, "", SOFTSGX_NO_OFFSET, "%s",
		    reason);
}
