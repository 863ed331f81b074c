// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Makes a quote (version 3, ECDSA with P-256) with keys of its own, as a quoting
 * enclave makes one, for tests of who reads it.
 *
 * Usage: quote FILE [header|report|key|qe|cert]
 *
 * With a word, what it names is changed after it was signed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { HEADER = 48, REPORT = 384, REPORTDATA = 320, MRENCLAVE = 64 };

static unsigned char quote[8192];

#define MUST(what)                                   \
	do {                                         \
		if (!(what)) {                       \
			fprintf(stderr, #what "\n"); \
			exit(1);                     \
		}                                    \
	} while (0)

static void sign(EVP_PKEY *key, const void *data, size_t len,
		 unsigned char rs[64])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char der[128];
	const unsigned char *p = der;
	size_t der_len = sizeof(der);
	ECDSA_SIG *sig;

	MUST(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key));
	MUST(EVP_DigestSign(md, der, &der_len, data, len));
	sig = d2i_ECDSA_SIG(NULL, &p, (long)der_len);
	MUST(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32) == 32);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32) == 32);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(md);
}

static void public(EVP_PKEY *key, unsigned char xy[64])
{
	unsigned char point[65];
	size_t len;

	MUST(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
					     point, sizeof(point), &len));
	memcpy(xy, point + 1, 64);
}

static size_t certificate(EVP_PKEY *key, unsigned char *to, size_t space)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();
	X509_NAME *name;
	int len;

	name = X509_get_subject_name(cert);
	MUST(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					(const unsigned char *)"a platform", -1,
					-1, 0));
	X509_set_issuer_name(cert, name);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	MUST(X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()));
	MUST(PEM_write_bio_X509(bio, cert));
	len = BIO_read(bio, to, (int)space);
	MUST(len > 0);
	X509_free(cert);
	BIO_free(bio);
	return (size_t)len;
}

/* A key that signs well, but for which no quoting enclave vouches. */
static void other_key(EVP_PKEY *other, const unsigned char *signed_part,
		      unsigned char *signature, unsigned char *key)
{
	public(other, key);
	sign(other, signed_part, HEADER + REPORT, signature);
}

int main(int argc, char **argv)
{
	EVP_PKEY *attestation = EVP_EC_gen("P-256");
	EVP_PKEY *platform = EVP_EC_gen("P-256");
	unsigned char *report = quote + HEADER;
	unsigned char *signature = report + REPORT + 4;
	unsigned char *key = signature + 64;
	unsigned char *qe = key + 64;
	unsigned char *qe_signature = qe + REPORT;
	unsigned char *auth = qe_signature + 64;
	unsigned char *cert = auth + 2 + 32 + 6;
	const char *change = argc == 3 ? argv[2] : "";
	unsigned char bound[64 + 32];
	unsigned int len;
	size_t cert_len;
	FILE *file;

	MUST(argc >= 2 && attestation && platform);
	memcpy(quote, "\3\0\2\0\0\0\0\0\7\0\5\0", 12);
	memset(quote + 12, 0x93, 16);
	memset(report + MRENCLAVE, 0xaa, 32);
	memset(report + REPORTDATA, 0x11, 64);
	sign(attestation, quote, HEADER + REPORT, signature);
	public(attestation, key);
	memset(qe + MRENCLAVE, 0xbb, 32);
	memcpy(auth, "\x20\0", 2);
	memset(auth + 2, 0x42, 32);
	memcpy(bound, key, 64);
	memcpy(bound + 64, auth + 2, 32);
	MUST(EVP_Digest(bound, sizeof(bound), qe + REPORTDATA, &len,
			EVP_sha256(), NULL));
	sign(platform, qe, REPORT, qe_signature);
	cert_len = certificate(platform, cert, sizeof(quote) / 2);
	cert[-6] = 5;
	cert[-4] = cert_len & 0xff;
	cert[-3] = (unsigned char)(cert_len >> 8);
	len = (unsigned int)(cert + cert_len - signature);
	memcpy(signature - 4, &len, 4);

	if (!strcmp(change, "header"))
		quote[9] ^= 1;
	else if (!strcmp(change, "report"))
		report[MRENCLAVE] ^= 1;
	else if (!strcmp(change, "key"))
		other_key(platform, quote, signature, key);
	else if (!strcmp(change, "qe"))
		qe[MRENCLAVE] ^= 1;
	else if (!strcmp(change, "cert"))
		cert[cert_len / 2] ^= 1;

	file = fopen(argv[1], "w");
	MUST(file &&
	     fwrite(quote, 1, (size_t)(cert + cert_len - quote), file) > 0);
	return fclose(file) != 0;
}
