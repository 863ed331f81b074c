// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Usage: native
 *
 * Measures EADD and the 16 EEXTENDs of a page on this machine, with arch/ as it
 * is and OpenSSL's SHA-256, against SHA-256 of the same 5184 bytes by the same
 * library. Prints the ticks of the TSC of both, for each page: the least of many
 * turns, which take turns.
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>
#include "../arch/core.h"

/* With the SECS it fits into the second level cache. */
#define PAGES  64
#define TURNS  400
#define HASHED 5184

#define BASE 0x10000000UL

static struct sgx_epcm epcm[PAGES + 1];

static struct sgx_epcm *op_epc(struct sgx_core *core, u64 addr)
{
	u64 page = (addr - (u64)epcm[0].page) / SGX_PAGE_SIZE;

	(void)core;
	return page <= PAGES ? &epcm[page] : NULL;
}

/* OpenSSL's own way for whole blocks, with the state that it is given. */
static void op_sha256_blocks(struct sgx_core *core, u32 h[8], const void *data,
			     size_t blocks)
{
	SHA256_CTX ctx;

	(void)core;
	ctx.Nl = 0;
	ctx.Nh = 0;
	ctx.num = 0;
	memcpy(ctx.h, h, sizeof(ctx.h));
	SHA256_Update(&ctx, data, blocks * SHA256_CBLOCK);
	memcpy(h, ctx.h, sizeof(ctx.h));
}

static void op_random(struct sgx_core *core, void *buf, size_t len)
{
	(void)core;
	memset(buf, 1, len);
}

static const struct sgx_host_ops ops = {
	.epc = op_epc,
	.sha256_blocks = op_sha256_blocks,
	.random = op_random,
};

static void must(int ret)
{
	if (!ret)
		return;
	fprintf(stderr, "native: a leaf returned %#x\n", (unsigned int)ret);
	exit(1);
}

static u8 *pages_alloc(size_t n)
{
	u8 *pages = aligned_alloc(SGX_PAGE_SIZE, n * SGX_PAGE_SIZE);

	if (!pages)
		exit(1);
	memset(pages, 0, n * SGX_PAGE_SIZE);
	return pages;
}

static u64 build(struct sgx_cpu *cpu, u8 *epc, u8 *source)
{
	_Alignas(SGX_PAGE_SIZE) static struct sgx_secs secs;
	_Alignas(64) struct sgx_secinfo secinfo = {};
	_Alignas(32) struct sgx_pageinfo pageinfo = {
		.srcpge = (u64)&secs,
		.secinfo = (u64)&secinfo,
	};
	u64 start;
	int i;

	memset(epcm, 0, sizeof(epcm));
	for (i = 0; i <= PAGES; i++)
		epcm[i].page = epc + (size_t)i * SGX_PAGE_SIZE;
	memset(epc, 0, SGX_PAGE_SIZE);
	secs.size = 0x100000;
	secs.baseaddr = BASE;
	secs.ssaframesize = 1;
	secs.attributes.flags = SGX_ATTR_MODE64BIT;
	secs.attributes.xfrm = SGX_XFRM_LEGACY;
	must(sgx_ecreate(cpu, &pageinfo, (u64)epc));

	secinfo.flags = SGX_SECINFO_FL_R | SGX_SECINFO_FL_W |
			(u64)SGX_PT_REG << SGX_SECINFO_FL_PT_SHIFT;
	pageinfo.secs = (u64)epc;
	start = __rdtsc();
	for (i = 1; i <= PAGES; i++) {
		pageinfo.linaddr = BASE + (u64)(i - 1) * SGX_PAGE_SIZE;
		pageinfo.srcpge = (u64)source + (u64)(i - 1) * SGX_PAGE_SIZE;
		must(sgx_eadd(cpu, &pageinfo, (u64)epcm[i].page));
		must(sgx_eextend_page(cpu, (u64)epc, (u64)epcm[i].page));
	}
	return __rdtsc() - start;
}

static u64 hash(const u8 *source)
{
	u8 digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX ctx;
	u64 start;
	int i;

	SHA256_Init(&ctx);
	start = __rdtsc();
	for (i = 0; i < PAGES; i++)
		SHA256_Update(&ctx, source + (size_t)i * SGX_PAGE_SIZE, HASHED);
	start = __rdtsc() - start;
	SHA256_Final(digest, &ctx);
	return start;
}

int main(void)
{
	struct sgx_core core = {
		.ops = &ops,
		.attributes = { SGX_ATTR_MODE64BIT, SGX_XFRM_LEGACY },
	};
	struct sgx_cpu cpu = { .core = &core };
	u64 build_least = ~0UL, hash_least = ~0UL;
	u8 *epc = pages_alloc(PAGES + 1);
	/* The last page hashed goes on behind it. */
	u8 *source = pages_alloc(PAGES + 1);
	u64 ticks;
	int i;

	memset(source, 0x5a, (PAGES + 1) * SGX_PAGE_SIZE);
	sgx_core_init(&core);
	for (i = 0; i < TURNS; i++) {
		ticks = build(&cpu, epc, source);
		if (ticks < build_least)
			build_least = ticks;
		ticks = hash(source);
		if (ticks < hash_least)
			hash_least = ticks;
	}
	printf("%.1f %.1f\n", (double)build_least / PAGES,
	       (double)hash_least / PAGES);
	free(source);
	free(epc);
	return 0;
}
