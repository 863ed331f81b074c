// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The smallest machine that arch/ runs on: a processor and two EPC pages, one
 * for the SECS and one for each page of the enclave in turn, with OpenSSL's
 * SHA-256. MRENCLAVE is thus what ECREATE, EADD and EEXTEND make of it, and a
 * SIGSTRUCT is good if EINIT says so.
 */
#define OPENSSL_API_COMPAT 0x10100000L
#include <stdlib.h>
#include <string.h>
#include <openssl/sha.h>
#include "internal.h"
#include "../arch/crypto.h"
#include "../arch/rsa.h"

enum { EPC_SECS, EPC_PAGE, EPC_PAGES };

/**
 * struct machine - the machine, and the operands of its leaves
 * @core:	the platform
 * @cpu:	its only processor
 * @epcm:	its EPC
 * @epc:	the pages of @epcm
 * @pageinfo:	operand
 * @secinfo:	operand
 * @source:	operand: SECS or page to copy, later SIGSTRUCT
 * @token:	operand: no token
 */
struct machine {
	struct sgx_core core;
	struct sgx_cpu cpu;
	struct sgx_epcm epcm[EPC_PAGES];
	_Alignas(SGX_PAGE_SIZE) uint8_t epc[EPC_PAGES][SGX_PAGE_SIZE];
	_Alignas(SGX_PAGE_SIZE) uint8_t source[SGX_PAGE_SIZE];
	_Alignas(SGX_EINITTOKEN_ALIGN) struct sgx_einittoken token;
	_Alignas(SGX_PAGEINFO_ALIGN) struct sgx_pageinfo pageinfo;
	struct sgx_secinfo secinfo;
};

static struct sgx_epcm *machine_epc(struct sgx_core *core, u64 addr)
{
	struct machine *m = (struct machine *)core;
	u64 n = (addr - (u64)m->epc) / SGX_PAGE_SIZE;

	return n < EPC_PAGES ? &m->epcm[n] : NULL;
}

/* What is random in a processor is not in what this machine computes. */
static void machine_random(struct sgx_core *core, void *buf, size_t len)
{
	(void)core;
	memset(buf, 0, len);
}

static void machine_sha256(struct sgx_core *core, u32 h[8], const void *data,
			   size_t blocks)
{
	SHA256_CTX ctx;

	(void)core;
	SHA256_Init(&ctx);
	memcpy(ctx.h, h, sizeof(ctx.h));
	SHA256_Update(&ctx, data, blocks * SHA256_CBLOCK);
	memcpy(h, ctx.h, sizeof(ctx.h));
}

/* No processor is in the enclave. */
static u64 machine_oldest_epoch(struct sgx_core *core, struct sgx_epcm *secs)
{
	(void)core;
	(void)secs;
	return ~0ULL;
}

/* ENCLS only: no processor ever enters an enclave here. */
static const struct sgx_host_ops machine_ops = {
	.epc = machine_epc,
	.oldest_epoch = machine_oldest_epoch,
	.random = machine_random,
	.sha256_blocks = machine_sha256,
};

/* All that a processor may offer; the layout of XSAVE is architectural. */
static void core_default(struct sgx_core *core)
{
	core->ops = &machine_ops;
	core->attributes.flags = SGX_ATTR_DEFINED;
	core->attributes.xfrm = 0x602ff;
	core->miscselect = SGX_MISC_EXINFO;
	core->sgx2 = true;
	core->xstate[2] = (struct sgx_xstate){ 576, 256 };
	core->xstate[3] = (struct sgx_xstate){ 960, 64 };
	core->xstate[4] = (struct sgx_xstate){ 1024, 64 };
	core->xstate[5] = (struct sgx_xstate){ 1088, 64 };
	core->xstate[6] = (struct sgx_xstate){ 1152, 512 };
	core->xstate[7] = (struct sgx_xstate){ 1664, 1024 };
	core->xstate[9] = (struct sgx_xstate){ 2688, 8 };
	core->xstate[17] = (struct sgx_xstate){ 2752, 64 };
	core->xstate[18] = (struct sgx_xstate){ 2816, 8192 };
}

static struct machine *machine_new(void)
{
	struct machine *m = aligned_alloc(SGX_PAGE_SIZE, sizeof(*m));
	unsigned int i;

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	core_default(&m->core);
	sgx_core_init(&m->core);
	m->cpu.core = &m->core;
	for (i = 0; i < EPC_PAGES; i++)
		m->epcm[i].page = m->epc[i];
	m->pageinfo.srcpge = (u64)m->source;
	m->pageinfo.secinfo = (u64)&m->secinfo;
	return m;
}

static int refused(struct softsgx_error *error, const char *name, uint64_t at,
		   const char *leaf, const char *what)
{
	return fail(error, SOFTSGX_REFUSED, name, at, "%s: #GP: %s", leaf,
		    what);
}

static int machine_create(struct machine *m, const struct softsgx_enclave *encl,
			  const struct softsgx_claims *claims,
			  struct softsgx_error *error)
{
	struct sgx_secs *secs = (struct sgx_secs *)m->source;

	secs->size = encl->info.size;
	secs->ssaframesize = encl->info.ssaframesize;
	secs->attributes.flags = claims->attributes;
	secs->attributes.xfrm = claims->xfrm;
	secs->miscselect = claims->miscselect;
	m->secinfo.flags = SGX_PT_SECS << SGX_SECINFO_FL_PT_SHIFT;
	if (sgx_ecreate(&m->cpu, &m->pageinfo, (u64)m->epc[EPC_SECS]))
		return refused(
			error, encl->name, SOFTSGX_NO_OFFSET, "ECREATE",
			"ATTRIBUTES, XFRM, MISCSELECT, SIZE, or an SSA frame too small for XFRM");
	m->pageinfo.secs = (u64)m->epc[EPC_SECS];
	return 0;
}

static int machine_add(struct machine *m, const struct softsgx_enclave *encl,
		       const struct softsgx_page *page,
		       struct softsgx_error *error)
{
	const u64 secs = (u64)m->epc[EPC_SECS];
	const u64 epc = (u64)m->epc[EPC_PAGE];
	unsigned int i;

	if (page->content)
		memcpy(m->source, page->content, SGX_PAGE_SIZE);
	else
		memset(m->source, 0, SGX_PAGE_SIZE);
	m->secinfo.flags = page->flags;
	m->pageinfo.linaddr = page->offset;
	if (sgx_eadd(&m->cpu, &m->pageinfo, epc))
		return refused(error, encl->name, page->file_offset, "EADD",
			       "flags or reserved bytes of a TCS, or SECINFO");
	for (i = 0; i < page->chunks; i++)
		if (sgx_eextend(&m->cpu, secs,
				epc + page->order[i] * SOFTSGX_CHUNK_SIZE))
			return refused(error, encl->name, page->file_offset,
				       "EEXTEND", "the page");
	/* Gone from the EPC, it stays in the measurement. */
	if (sgx_eremove(&m->cpu, epc))
		return refused(error, encl->name, page->file_offset, "EREMOVE",
			       "the page");
	return 0;
}

static int machine_build(struct machine *m, const struct softsgx_enclave *encl,
			 const struct softsgx_claims *claims,
			 struct softsgx_error *error)
{
	size_t i;
	int ret;

	ret = machine_create(m, encl, claims, error);
	for (i = 0; !ret && i < encl->info.pages; i++)
		ret = machine_add(m, encl, &encl->pages[i], error);
	return ret;
}

static const char *einit_reason(int ret)
{
	switch (ret) {
	case SGX_INVALID_SIG_STRUCT:
		return "SGX_INVALID_SIG_STRUCT: a field of the SIGSTRUCT, or ISVFAMILYID without KSS";
	case SGX_INVALID_SIGNATURE:
		return "SGX_INVALID_SIGNATURE: the signature, Q1 or Q2";
	case SGX_INVALID_MEASUREMENT:
		return "SGX_INVALID_MEASUREMENT: the SIGSTRUCT is for another enclave";
	case SGX_INVALID_ATTRIBUTE:
		return "SGX_INVALID_ATTRIBUTE: attributes that the SIGSTRUCT forbids";
	default:
		return "#GP";
	}
}

/**
 * softsgx_enclave_measure() - MRENCLAVE
 * @encl:	the enclave
 * @mrenclave:	set to it
 * @error:	why it failed, or NULL
 *
 * Return: 0, SOFTSGX_REFUSED if ECREATE, EADD or EEXTEND fails, SOFTSGX_SYSTEM.
 */
int softsgx_enclave_measure(const struct softsgx_enclave *encl,
			    uint8_t mrenclave[32], struct softsgx_error *error)
{
	struct softsgx_claims claims;
	struct machine *m;
	u32 h[8];
	int ret;

	m = machine_new();
	if (!m)
		return fail_memory(error);
	softsgx_claims_default(&claims);
	ret = machine_build(m, encl, &claims, error);
	if (!ret) {
		const struct sgx_secs *secs = (void *)m->epc[EPC_SECS];

		memcpy(h, secs->mrenclave, sizeof(h));
		sgx_sha256_final(&m->core, h, secs->hidden.blocks * 64, NULL, 0,
				 mrenclave);
	}
	free(m);
	return ret;
}

/**
 * softsgx_einit() - whether EINIT accepts a SIGSTRUCT for an enclave
 * @encl:	the enclave
 * @sig:	the SIGSTRUCT
 * @error:	why not, or NULL
 *
 * The enclave is built with the attributes and the MISCSELECT that the
 * SIGSTRUCT names, on a platform that has all of them and whose launch key is
 * the signer's.
 *
 * Return: 0, SOFTSGX_REFUSED, or SOFTSGX_SYSTEM.
 */
int softsgx_einit(const struct softsgx_enclave *encl,
		  const struct softsgx_sigstruct *sig,
		  struct softsgx_error *error)
{
	struct softsgx_claims claims;
	struct machine *m;
	int ret;

	m = machine_new();
	if (!m)
		return fail_memory(error);
	softsgx_sigstruct_claims(sig, &claims);
	softsgx_sigstruct_mrsigner(sig, m->cpu.lepubkeyhash);
	ret = machine_build(m, encl, &claims, error);
	if (!ret) {
		memcpy(m->source, sig->bytes, sizeof(sig->bytes));
		ret = sgx_einit(&m->cpu, (struct sgx_sigstruct *)m->source,
				(u64)m->epc[EPC_SECS], &m->token);
		if (ret)
			ret = fail(error, SOFTSGX_REFUSED, encl->name,
				   SOFTSGX_NO_OFFSET, "EINIT: %s",
				   einit_reason(ret));
	}
	free(m);
	return ret;
}

/* The signature, as EINIT verifies it. */
bool machine_verify(const struct sgx_sigstruct *sig)
{
	struct sgx_core core = { .ops = &machine_ops };

	return sgx_rsa_verify(&core, sig);
}
