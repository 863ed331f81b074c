// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Random enclaves (sizes, permissions, attributes, KSS), measured, signed and
 * loaded by libsoftsgx: the kernel must accept each, and refuse each whose
 * SIGSTRUCT is for another measurement.
 *
 * Usage: einit KEY
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../arch/sgx.h"
#include "../../lib/softsgx.h"

#define ENCLAVES 200
#define PAGES	 8
#define STREAM	 "random.sgxs"

static u64 random_state = 7;

static u32 dice(u32 sides)
{
	random_state = random_state * 6364136223846793005ULL + 1;
	return (u32)(random_state >> 33) % sides;
}

static size_t put(u8 *to, const char *tag, u64 a, u64 b)
{
	memset(to, 0, 64);
	memcpy(to, tag, strlen(tag));
	memcpy(to + 8, &a, 8);
	memcpy(to + 16, &b, 8);
	return 64;
}

/* An SGX stream; pages are measured wholly or, with the ioctls, not at all. */
static size_t make_stream(u8 *to, u64 size)
{
	static const u64 perms[] = { 1, 3, 5, 7 };
	unsigned int pages = 1 + dice(PAGES);
	u32 ssaframesize = 1;
	size_t len = put(to, "ECREATE", 0, 0);
	bool measured;
	u64 at = 0;
	int i, j;

	memcpy(to + 8, &ssaframesize, 4);
	memcpy(to + 12, &size, 8);
	for (; pages && at < size;
	     pages--, at += (1 + dice(2)) * SGX_PAGE_SIZE) {
		len += put(to + len, "EADD", at, 0x200 | perms[dice(4)]);
		measured = dice(4);
		for (i = 0; i < SGX_PAGE_SIZE; i += 256) {
			len += put(to + len, measured ? "EEXTEND" : "UNMEASRD",
				   at + i, 0);
			for (j = 0; j < 256; j++)
				to[len++] = dice(256);
		}
	}
	return len;
}

/* What loading comes to; the kernel's verdict is that of INIT. */
static int load(const struct softsgx_sigstruct *sig,
		struct softsgx_error *error)
{
	struct softsgx_instance *instance;
	int ret;

	ret = softsgx_load_signed(&instance, STREAM, sig, NULL, error);
	if (!ret)
		softsgx_unload(instance);
	return ret;
}

static void random_claims(struct softsgx_claims *claims)
{
	int i;

	softsgx_claims_default(claims);
	claims->attributes |= dice(2) ? SGX_ATTR_DEBUG : 0;
	claims->miscselect = dice(2);
	if (dice(2) && __builtin_cpu_supports("avx"))
		claims->xfrm |= 4;
	claims->isvprodid = dice(65536);
	claims->isvsvn = dice(65536);
	if (dice(2))
		return;
	claims->attributes |= SGX_ATTR_KSS;
	for (i = 0; i < 16; i++) {
		claims->isvfamilyid[i] = dice(256);
		claims->isvextprodid[i] = dice(256);
	}
}

int main(int argc, char **argv)
{
	static u8 data[64 + PAGES * (64 + 16 * 320)];
	struct softsgx_sigstruct sig, other;
	struct softsgx_enclave *encl;
	struct softsgx_claims claims;
	struct softsgx_error error;
	struct softsgx_key *key;
	int accepted = 0;
	int refused = 0;
	u8 mrenclave[32];
	size_t len;
	int i;

	if (argc != 2 || softsgx_key_read(&key, argv[1], NULL))
		return 2;
	for (i = 0; i < ENCLAVES; i++) {
		len = make_stream(data, 0x2000ULL << dice(6));
		random_claims(&claims);
		if (softsgx_enclave_parse(&encl, data, len, "random", NULL,
					  NULL) ||
		    softsgx_enclave_measure(encl, mrenclave, NULL))
			return 1;
		softsgx_sigstruct_fill(&sig, &claims, mrenclave);
		mrenclave[dice(32)] ^= 1 << dice(8);
		softsgx_sigstruct_fill(&other, &claims, mrenclave);
		if (softsgx_sigstruct_sign(&sig, key, NULL) ||
		    softsgx_sigstruct_sign(&other, key, NULL) ||
		    softsgx_file_write(STREAM, data, len, NULL))
			return 1;
		if (!load(&sig, &error))
			accepted++;
		else
			softsgx_error_print(&error, stdout);
		refused += load(&other, &error) == SOFTSGX_SYSTEM &&
			   errno == EPERM;
		softsgx_enclave_free(encl);
	}
	softsgx_key_free(key);
	printf("%d accepted, %d refused when changed\n", accepted, refused);
	return accepted != ENCLAVES || refused != ENCLAVES;
}
