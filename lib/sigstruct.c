// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * SIGSTRUCT: what it says, who signed it, and making one, with the key at hand
 * or in two steps with a signer elsewhere.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "internal.h"

/* The two parts that are signed. */
#define HEAD_SIZE offsetof(struct sgx_sigstruct, modulus)
#define BODY	  offsetof(struct sgx_sigstruct, miscselect)
#define BODY_SIZE (offsetof(struct sgx_sigstruct, reserved4) - BODY)

_Static_assert(HEAD_SIZE + BODY_SIZE == SOFTSGX_PAYLOAD_SIZE, "signed parts");
_Static_assert(SOFTSGX_SIGNATURE_SIZE == SGX_MODULUS_SIZE, "signature");

static const uint8_t header[16] = { 0x06, 0, 0, 0, 0xe1, 0, 0, 0,
				    0,	  0, 1, 0, 0,	 0, 0, 0 };
static const uint8_t header2[16] = { 0x01, 0x01, 0, 0, 0x60, 0, 0, 0,
				     0x60, 0,	 0, 0, 0x01, 0, 0, 0 };

/* Keys */

/**
 * struct softsgx_key - an RSA-3072 key with exponent 3
 * @pkey:	OpenSSL's
 * @is_private:	it can sign
 */
struct softsgx_key {
	EVP_PKEY *pkey;
	bool is_private;
};

/* OpenSSL's own word on what failed last. */
static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : "unknown reason";
}

static int key_check(const struct softsgx_key *key, const char *path,
		     struct softsgx_error *error)
{
	BIGNUM *e = NULL;
	bool three;

	if (!EVP_PKEY_is_a(key->pkey, "RSA") ||
	    EVP_PKEY_get_bits(key->pkey) != 8 * SGX_MODULUS_SIZE)
		return fail(error, SOFTSGX_FORMAT, path, SOFTSGX_NO_OFFSET,
			    "not an RSA key of 3072 bits");
	three = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) &&
		BN_is_word(e, 3);
	BN_free(e);
	if (!three)
		return fail(error, SOFTSGX_FORMAT, path, SOFTSGX_NO_OFFSET,
			    "the public exponent of the key is not 3");
	return 0;
}

/**
 * struct pem - what a file of keys has
 * @key:	label of the first private key: "PRIVATE KEY", say; without one, of
 *		the first key; empty if there is none
 * @encrypted:	that has a passphrase
 * @certificate: there is a certificate
 */
struct pem {
	char key[32];
	bool encrypted;
	bool certificate;
};

static bool is_key(const char *label)
{
	return strstr(label, " KEY") || !strncmp(label, "KEY", 3);
}

static void pem_look(struct pem *pem, const void *data, size_t len)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	char *label, *notes;
	uint8_t *content;
	long size;

	memset(pem, 0, sizeof(*pem));
	while (bio && !strstr(pem->key, "PRIVATE") &&
	       PEM_read_bio(bio, &label, &notes, &content, &size)) {
		if (strstr(label, "CERTIFICATE")) {
			pem->certificate = true;
		} else if (is_key(label) &&
			   (!*pem->key || strstr(label, "PRIVATE"))) {
			snprintf(pem->key, sizeof(pem->key), "%s", label);
			pem->encrypted = strstr(label, "ENCRYPTED") ||
					 strstr(notes, "ENCRYPTED");
		}
		OPENSSL_free(label);
		OPENSSL_free(notes);
		OPENSSL_clear_free(content, size);
	}
	BIO_free(bio);
	ERR_clear_error();
}

/**
 * struct asking - for a passphrase
 * @path:	of which file
 * @passphrase:	it, or NULL if the terminal is to be asked
 * @no_terminal: there was none
 */
struct asking {
	const char *path;
	const char *passphrase;
	bool no_terminal;
};

/* Called by OpenSSL. Without a terminal it would ask standard input and error. */
static int ask(char *buf, int size, int writing, void *context)
{
	struct asking *asking = context;
	char prompt[512];
	size_t len;
	int fd;

	(void)writing;
	if (asking->passphrase) {
		len = strlen(asking->passphrase);
		if (len > (size_t)size)
			return -1;
		memcpy(buf, asking->passphrase, len);
		return (int)len;
	}
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		asking->no_terminal = true;
		return -1;
	}
	close(fd);
	snprintf(prompt, sizeof(prompt), "Passphrase of %s: ", asking->path);
	if (EVP_read_pw_string_min(buf, 0, size, prompt, 0))
		return -1;
	return (int)strlen(buf);
}

/* What is no key that can be read, and what helps. */
static int key_refuse(const struct pem *pem, const struct asking *asking,
		      const uint8_t *data, size_t len,
		      struct softsgx_error *error)
{
	const char *reason = "no key in PEM";

	if (asking->no_terminal)
		return fail(
			error, SOFTSGX_SYSTEM, asking->path, SOFTSGX_NO_OFFSET,
			"the key has a passphrase, and there is no terminal to ask for it");
	if (pem->encrypted && *pem->key)
		reason = "wrong passphrase, or damaged";
	else if (*pem->key)
		return fail(error, SOFTSGX_FORMAT, asking->path,
			    SOFTSGX_NO_OFFSET, "the %s cannot be read: %s",
			    pem->key, openssl_reason());
	else if (pem->certificate)
		reason =
			"a certificate, not a key: openssl x509 -pubkey -noout has its key";
	else if (len && *data == 0x30)
		reason =
			"no key in PEM: of one in DER, openssl rsa -inform DER makes one";
	return fail(error, SOFTSGX_FORMAT, asking->path, SOFTSGX_NO_OFFSET,
		    "%s", reason);
}

static int key_parse(struct softsgx_key *key, struct asking *asking,
		     const void *data, size_t len, struct softsgx_error *error)
{
	struct pem pem = { 0 };
	BIO *bio;

	if (len > INT_MAX)
		len = 0;
	pem_look(&pem, data, len);
	key->is_private = strstr(pem.key, "PRIVATE");
	bio = BIO_new_mem_buf(data, (int)len);
	if (!bio)
		return fail_memory(error);
	if (key->is_private)
		key->pkey = PEM_read_bio_PrivateKey(bio, NULL, ask, asking);
	else if (*pem.key)
		key->pkey = PEM_read_bio_PUBKEY(bio, NULL, ask, asking);
	BIO_free(bio);
	if (!key->pkey)
		return key_refuse(&pem, asking, data, len, error);
	return key_check(key, asking->path, error);
}

/**
 * softsgx_key_read_passphrase() - read a key from a PEM file that may be encrypted
 * @key:	set to the key; give it to softsgx_key_free()
 * @path:	name of the file, with a private or a public key; of both, the
 *		private one is read; "-" for standard input
 * @passphrase:	of an encrypted key. If it is NULL, the terminal is asked for it,
 *		and without one this fails
 * @error:	why it failed, or NULL
 *
 * Return: 0; SOFTSGX_FORMAT if it is not RSA-3072 with exponent 3, or if the
 * passphrase is wrong; SOFTSGX_SYSTEM.
 */
int softsgx_key_read_passphrase(struct softsgx_key **key, const char *path,
				const char *passphrase,
				struct softsgx_error *error)
{
	struct asking asking = { .path = path, .passphrase = passphrase };
	struct softsgx_key *new;
	void *data;
	size_t len;
	int ret;

	ret = softsgx_file_read(path, &data, &len, error);
	if (ret)
		return ret;
	new = calloc(1, sizeof(*new));
	ret = new ? key_parse(new, &asking, data, len, error)
		  : fail_memory(error);
	ERR_clear_error();
	OPENSSL_cleanse(data, len);
	free(data);
	if (ret)
		softsgx_key_free(new);
	else
		*key = new;
	return ret;
}

/**
 * softsgx_key_read() - read a key from a PEM file
 * @key:	set to the key; give it to softsgx_key_free()
 * @path:	name of the file, with a private or a public key; of both, the
 *		private one is read; "-" for standard input
 * @error:	why it failed, or NULL
 *
 * The terminal is asked for the passphrase of an encrypted key: where there may
 * be none, see softsgx_key_read_passphrase().
 *
 * Return: 0; SOFTSGX_FORMAT if it is not RSA-3072 with exponent 3, or if the
 * passphrase is wrong; SOFTSGX_SYSTEM.
 */
int softsgx_key_read(struct softsgx_key **key, const char *path,
		     struct softsgx_error *error)
{
	return softsgx_key_read_passphrase(key, path, NULL, error);
}

/**
 * softsgx_key_free() - forget a key
 * @key:	the key, or NULL
 */
void softsgx_key_free(struct softsgx_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* What it says */

/* The last second whose year has four digits. */
#define LAST_SECOND 253402300799LL

/*
 * Today, or what SOURCE_DATE_EPOCH says, for builds that are reproducible; 0 if
 * that says nothing.
 */
static uint32_t today(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char digits[16] = "";
	struct tm tm;
	char *end;
	time_t now;

	errno = 0;
	now = epoch ? strtoll(epoch, &end, 10) : time(NULL);
	if (epoch && (!isdigit((unsigned char)*epoch) || *end || errno))
		return 0;
	if (now > LAST_SECOND || !gmtime_r(&now, &tm))
		return 0;
	strftime(digits, sizeof(digits), "%Y%m%d", &tm);
	return strtoul(digits, NULL, 16);
}

/**
 * softsgx_claims_default() - a production enclave without anything special
 * @claims:	filled in
 *
 * 64 bits, x87 and SSE, all of it required; version 0 of product 0; of today,
 * or of the day that SOURCE_DATE_EPOCH in the environment says: @date is 0 if
 * it does not say one.
 */
void softsgx_claims_default(struct softsgx_claims *claims)
{
	memset(claims, 0, sizeof(*claims));
	claims->date = today();
	claims->miscmask = ~0U;
	claims->attributes = SGX_ATTR_MODE64BIT;
	claims->attributemask = ~0ULL;
	claims->xfrm = SGX_XFRM_LEGACY;
	claims->xfrmmask = ~0ULL;
}

/**
 * softsgx_sigstruct_fill() - a SIGSTRUCT without a signature
 * @sig:	filled in
 * @claims:	what it says
 * @mrenclave:	of which enclave
 */
void softsgx_sigstruct_fill(struct softsgx_sigstruct *sig,
			    const struct softsgx_claims *claims,
			    const uint8_t mrenclave[32])
{
	struct sgx_sigstruct *s = sigstruct_mut(sig);

	memset(s, 0, sizeof(*s));
	memcpy(s->header, header, sizeof(header));
	memcpy(s->header2, header2, sizeof(header2));
	s->vendor = claims->vendor;
	s->date = claims->date;
	s->swdefined = claims->swdefined;
	s->miscselect = claims->miscselect;
	s->miscmask = claims->miscmask;
	s->attributes.flags = claims->attributes;
	s->attributes.xfrm = claims->xfrm;
	s->attributemask.flags = claims->attributemask;
	s->attributemask.xfrm = claims->xfrmmask;
	s->isvprodid = claims->isvprodid;
	s->isvsvn = claims->isvsvn;
	memcpy(s->isvfamilyid, claims->isvfamilyid, sizeof(s->isvfamilyid));
	memcpy(s->isvextprodid, claims->isvextprodid, sizeof(s->isvextprodid));
	memcpy(s->enclavehash, mrenclave, sizeof(s->enclavehash));
}

/**
 * softsgx_sigstruct_claims() - what a SIGSTRUCT says
 * @sig:	the SIGSTRUCT
 * @claims:	filled in
 */
void softsgx_sigstruct_claims(const struct softsgx_sigstruct *sig,
			      struct softsgx_claims *claims)
{
	const struct sgx_sigstruct *s = sigstruct_of(sig);

	memset(claims, 0, sizeof(*claims));
	claims->vendor = s->vendor;
	claims->date = s->date;
	claims->swdefined = s->swdefined;
	claims->miscselect = s->miscselect;
	claims->miscmask = s->miscmask;
	claims->attributes = s->attributes.flags;
	claims->xfrm = s->attributes.xfrm;
	claims->attributemask = s->attributemask.flags;
	claims->xfrmmask = s->attributemask.xfrm;
	claims->isvprodid = s->isvprodid;
	claims->isvsvn = s->isvsvn;
	memcpy(claims->isvfamilyid, s->isvfamilyid, sizeof(s->isvfamilyid));
	memcpy(claims->isvextprodid, s->isvextprodid, sizeof(s->isvextprodid));
}

/**
 * softsgx_sigstruct_mrenclave() - the enclave that a SIGSTRUCT is for
 * @sig:	the SIGSTRUCT
 * @mrenclave:	set to it
 */
void softsgx_sigstruct_mrenclave(const struct softsgx_sigstruct *sig,
				 uint8_t mrenclave[32])
{
	memcpy(mrenclave, sigstruct_of(sig)->enclavehash, 32);
}

/**
 * softsgx_sigstruct_mrsigner() - who signed: the SHA-256 of the modulus
 * @sig:	the SIGSTRUCT
 * @mrsigner:	set to it
 */
void softsgx_sigstruct_mrsigner(const struct softsgx_sigstruct *sig,
				uint8_t mrsigner[32])
{
	EVP_Digest(sigstruct_of(sig)->modulus, SGX_MODULUS_SIZE, mrsigner, NULL,
		   EVP_sha256(), NULL);
}

/* Being well-formed */

static int headers_check(const struct softsgx_sigstruct *sig,
			 enum softsgx_status status, const char *name,
			 struct softsgx_error *error)
{
	const struct sgx_sigstruct *s = sigstruct_of(sig);

	if (memcmp(s->header, header, sizeof(header)))
		return fail(error, status, name, 0,
			    "not the header of a SIGSTRUCT");
	if (memcmp(s->header2, header2, sizeof(header2)))
		return fail(error, status, name,
			    offsetof(struct sgx_sigstruct, header2),
			    "not the second header of a SIGSTRUCT");
	return 0;
}

/* A field that EINIT wants to be zero. */
struct zero {
	const char *name;
	size_t offset;
	size_t size;
};

#define ZERO(field)                                                   \
	{                                                             \
#field, offsetof(struct sgx_sigstruct, field),        \
			sizeof(((struct sgx_sigstruct *)NULL)->field) \
	}

static const struct zero zeroes[] = {
	ZERO(reserved1), ZERO(cet_attributes), ZERO(cet_attributes_mask),
	ZERO(reserved2), ZERO(reserved3),      ZERO(reserved4),
};

/* All that EINIT looks at, but for the signature. */
static int well_formed(const struct softsgx_sigstruct *sig,
		       struct softsgx_error *error)
{
	const struct sgx_sigstruct *s = sigstruct_of(sig);
	size_t i, j;

	if (headers_check(sig, SOFTSGX_REFUSED, NULL, error))
		return SOFTSGX_REFUSED;
	if (s->vendor && s->vendor != 0x8086)
		return fail(error, SOFTSGX_REFUSED, NULL,
			    offsetof(struct sgx_sigstruct, vendor),
			    "VENDOR is neither 0 nor 0x8086");
	if (s->exponent != 3)
		return fail(error, SOFTSGX_REFUSED, NULL,
			    offsetof(struct sgx_sigstruct, exponent),
			    "EXPONENT is not 3");
	for (i = 0; i < sizeof(zeroes) / sizeof(zeroes[0]); i++)
		for (j = 0; j < zeroes[i].size; j++)
			if (sig->bytes[zeroes[i].offset + j])
				return fail(error, SOFTSGX_REFUSED, NULL,
					    zeroes[i].offset + j,
					    "%s is not zero", zeroes[i].name);
	return 0;
}

/* Signing */

/**
 * softsgx_sigstruct_payload() - the bytes that are signed
 * @sig:	a SIGSTRUCT without a signature
 * @payload:	set to them
 *
 * The first of two steps: have them signed with RSA PKCS#1 v1.5 and SHA-256
 * (these bytes are what is hashed) and give the result to
 * softsgx_sigstruct_finish().
 */
void softsgx_sigstruct_payload(const struct softsgx_sigstruct *sig,
			       uint8_t payload[SOFTSGX_PAYLOAD_SIZE])
{
	memcpy(payload, sig->bytes, HEAD_SIZE);
	memcpy(payload + HEAD_SIZE, sig->bytes + BODY, BODY_SIZE);
}

/**
 * softsgx_sigstruct_from_payload() - the SIGSTRUCT of bytes that were signed
 * @sig:	set to it, without a signature
 * @payload:	what softsgx_sigstruct_payload() gave; it is not checked
 */
void softsgx_sigstruct_from_payload(struct softsgx_sigstruct *sig,
				    const uint8_t payload[SOFTSGX_PAYLOAD_SIZE])
{
	memset(sig, 0, sizeof(*sig));
	memcpy(sig->bytes, payload, HEAD_SIZE);
	memcpy(sig->bytes + BODY, payload + HEAD_SIZE, BODY_SIZE);
}

/*
 * Q1 = S * S / N and Q2 = (S * S - Q1 * N) * S / N, with which a processor
 * cubes S modulo N without dividing.
 */
static bool quotients(struct sgx_sigstruct *sig, const BIGNUM *s,
		      const BIGNUM *n)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *product = BN_new();
	BIGNUM *rest = BN_new();
	BIGNUM *q = BN_new();
	bool ok;

	ok = ctx && product && rest && q && BN_sqr(product, s, ctx) &&
	     BN_div(q, rest, product, n, ctx) &&
	     BN_bn2lebinpad(q, sig->q1, sizeof(sig->q1)) > 0 &&
	     BN_mul(product, rest, s, ctx) &&
	     BN_div(q, NULL, product, n, ctx) &&
	     BN_bn2lebinpad(q, sig->q2, sizeof(sig->q2)) > 0;
	BN_free(q);
	BN_free(rest);
	BN_free(product);
	BN_CTX_free(ctx);
	return ok;
}

static bool put_signature(struct sgx_sigstruct *sig, EVP_PKEY *pkey,
			  const uint8_t signature[SGX_MODULUS_SIZE])
{
	BIGNUM *n = NULL;
	BIGNUM *s;
	bool ok;

	s = BN_bin2bn(signature, SGX_MODULUS_SIZE, NULL);
	ok = s && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) &&
	     BN_cmp(s, n) < 0 &&
	     BN_bn2lebinpad(n, sig->modulus, SGX_MODULUS_SIZE) > 0 &&
	     BN_bn2lebinpad(s, sig->signature, SGX_MODULUS_SIZE) > 0 &&
	     quotients(sig, s, n);
	sig->exponent = 3;
	BN_free(s);
	BN_free(n);
	return ok;
}

/**
 * softsgx_sigstruct_finish() - put the signature of another signer in
 * @sig:	a SIGSTRUCT without a signature
 * @key:	the signer's key, public or private
 * @signature:	of the bytes that softsgx_sigstruct_payload() gave: PKCS#1 v1.5
 *		with SHA-256, big endian (most significant byte first), as
 *		"openssl dgst -sha256 -sign" writes it; a SIGSTRUCT has it the
 *		other way round
 * @error:	why it failed, or NULL
 *
 * After a failure, what is in @sig is of no use.
 *
 * Return: 0; SOFTSGX_REFUSED if it is not this key's signature of this, or if
 * what was signed is no SIGSTRUCT that EINIT could accept.
 */
int softsgx_sigstruct_finish(struct softsgx_sigstruct *sig,
			     const struct softsgx_key *key,
			     const uint8_t signature[SOFTSGX_SIGNATURE_SIZE],
			     struct softsgx_error *error)
{
	bool ok = put_signature(sigstruct_mut(sig), key->pkey, signature);

	if (ok && well_formed(sig, error))
		return SOFTSGX_REFUSED;
	if (!ok || !machine_verify(sigstruct_of(sig)))
		return fail(error, SOFTSGX_REFUSED, NULL, SOFTSGX_NO_OFFSET,
			    "not a signature of these bytes by this key");
	return 0;
}

/**
 * softsgx_sigstruct_sign() - sign
 * @sig:	a SIGSTRUCT, filled in
 * @key:	a private key
 * @error:	why it failed, or NULL
 *
 * Return: 0; SOFTSGX_REFUSED if the key cannot sign, or if EINIT would not accept
 * what @sig says.
 */
int softsgx_sigstruct_sign(struct softsgx_sigstruct *sig,
			   const struct softsgx_key *key,
			   struct softsgx_error *error)
{
	uint8_t signature[SGX_MODULUS_SIZE];
	uint8_t payload[SOFTSGX_PAYLOAD_SIZE];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md;
	bool ok;

	if (!key->is_private)
		return fail(error, SOFTSGX_REFUSED, NULL, SOFTSGX_NO_OFFSET,
			    "a public key cannot sign");
	softsgx_sigstruct_payload(sig, payload);
	md = EVP_MD_CTX_new();
	ok = md &&
	     EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key->pkey) > 0 &&
	     EVP_DigestSign(md, signature, &len, payload, sizeof(payload)) >
		     0 &&
	     len == sizeof(signature);
	EVP_MD_CTX_free(md);
	if (!ok)
		return fail(error, SOFTSGX_REFUSED, NULL, SOFTSGX_NO_OFFSET,
			    "the key does not sign: %s", openssl_reason());
	return softsgx_sigstruct_finish(sig, key, signature, error);
}

/* Reading and checking */

/**
 * softsgx_sigstruct_parse() - read a SIGSTRUCT from memory
 * @sig:	set to it
 * @data:	a file; copied
 * @len:	its length
 * @name:	what errors shall call it
 * @error:	why it failed, or NULL
 *
 * That it is a SIGSTRUCT says nothing of its signature: see
 * softsgx_sigstruct_verify().
 *
 * Return: 0 or SOFTSGX_FORMAT.
 */
int softsgx_sigstruct_parse(struct softsgx_sigstruct *sig, const void *data,
			    size_t len, const char *name,
			    struct softsgx_error *error)
{
	if (len != sizeof(sig->bytes))
		return fail(error, SOFTSGX_FORMAT, name,
			    len < sizeof(sig->bytes) ? len : sizeof(sig->bytes),
			    "a SIGSTRUCT has 1808 bytes, this file %zu", len);
	memcpy(sig->bytes, data, sizeof(sig->bytes));
	return headers_check(sig, SOFTSGX_FORMAT, name, error);
}

/**
 * softsgx_sigstruct_read() - read a SIGSTRUCT from a file
 * @sig:	set to it
 * @path:	name of the file; "-" for standard input
 * @error:	why it failed, or NULL
 *
 * Return: 0, SOFTSGX_FORMAT or SOFTSGX_SYSTEM.
 */
int softsgx_sigstruct_read(struct softsgx_sigstruct *sig, const char *path,
			   struct softsgx_error *error)
{
	void *data;
	size_t len;
	int ret;

	ret = softsgx_file_read(path, &data, &len, error);
	if (ret)
		return ret;
	ret = softsgx_sigstruct_parse(sig, data, len, path, error);
	free(data);
	return ret;
}

/**
 * softsgx_sigstruct_verify() - whether a SIGSTRUCT is well-formed and signed
 * @sig:	the SIGSTRUCT
 * @error:	why not, or NULL
 *
 * Return: 0 or SOFTSGX_REFUSED.
 */
int softsgx_sigstruct_verify(const struct softsgx_sigstruct *sig,
			     struct softsgx_error *error)
{
	if (well_formed(sig, error))
		return SOFTSGX_REFUSED;
	if (!machine_verify(sigstruct_of(sig)))
		return fail(error, SOFTSGX_REFUSED, NULL,
			    offsetof(struct sgx_sigstruct, signature),
			    "the signature, Q1 or Q2 is not right");
	return 0;
}
