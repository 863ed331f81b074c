// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What is sealed in one run of the VM is unsealed in another, or is not: two tests,
 * one for each run. The file is $SEALED. Not called by run.sh.
 *
 * The key is taken out of the enclave, which needs no cipher then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "lib.h"

struct sealed {
	u8 keyid[32];
	u8 iv[12];
	u8 tag[16];
	u8 text[32];
};

static const u8 plain[32] = "what the enclave wants to keep";

static void sealing_key(const u8 keyid[32], u8 key[16])
{
	struct sgx_keyrequest request = {
		.keyname = SGX_SEAL_KEY,
		.keypolicy = SGX_KEYPOLICY_MRENCLAVE,
		.attributemask = { .flags = SGX_ATTR_INIT | SGX_ATTR_DEBUG },
	};
	struct op op = { .op = OP_ENCLU };
	struct guest guest;
	u64 data;

	memcpy(request.keyid, keyid, sizeof(request.keyid));
	guest_open(&guest);
	data = guest_symbol(&guest, "data_pages");
	GUEST_OP(&guest, 0, .op = OP_COPY,
		 .arg = { data, (u64)&request, sizeof(request) });
	op.arg[0] = SGX_EGETKEY;
	op.arg[1] = data;
	op.arg[2] = data + PAGE;
	ASSERT_EQ(guest_enter(&guest, 0, SGX_EENTER, &op).function, SGX_EEXIT);
	ASSERT_EQ(op.ret, SGX_SUCCESS);
	GUEST_OP(&guest, 0, .op = OP_COPY,
		 .arg = { (u64)key, data + PAGE, 16 });
}

/* AES-GCM over all of @sealed but the tag; whether the tag is right. */
static bool cipher(struct sealed *sealed, const u8 *from, u8 *to, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 key[16];
	bool good;
	int len;

	ASSERT(ctx);
	sealing_key(sealed->keyid, key);
	ASSERT(EVP_CipherInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, sealed->iv,
				 encrypt));
	ASSERT(EVP_CipherUpdate(ctx, to, &len, from, sizeof(sealed->text)));
	if (!encrypt)
		ASSERT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16,
					   sealed->tag));
	good = EVP_CipherFinal_ex(ctx, to + len, &len) > 0;
	if (encrypt)
		ASSERT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16,
					   sealed->tag));
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

static FILE *sealed_file(const char *mode)
{
	const char *name = getenv("SEALED");
	FILE *file = name ? fopen(name, mode) : NULL;

	ASSERT(file);
	return file;
}

TEST(seals, "an enclave seals")
{
	struct sealed sealed = { .keyid = { 1, 2, 3 } };
	FILE *file = sealed_file("w");

	ASSERT(cipher(&sealed, plain, sealed.text, 1));
	ASSERT(memcmp(sealed.text, plain, sizeof(plain)));
	ASSERT_EQ(fwrite(&sealed, sizeof(sealed), 1, file), 1);
	ASSERT_EQ(fclose(file), 0);
}

static bool unseals(void)
{
	FILE *file = sealed_file("r");
	struct sealed sealed;
	u8 text[32];

	ASSERT_EQ(fread(&sealed, sizeof(sealed), 1, file), 1);
	fclose(file);
	return cipher(&sealed, sealed.text, text, 0) &&
	       !memcmp(text, plain, sizeof(plain));
}

TEST(unseals_it, "an enclave unseals it")
{
	ASSERT(unseals());
}

TEST(not_its_own, "an enclave of other keys does not")
{
	ASSERT(!unseals());
}
