// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#define OPENSSL_API_COMPAT 0x10100000L
#include "host.h"
#include <openssl/aes.h>
#include <openssl/bn.h>
#include <openssl/cmac.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

_Static_assert(sizeof(AES_KEY) <= sizeof(struct sgx_aes_key), "AES_KEY");

static struct host *core_host(struct sgx_core *core)
{
	return container_of(core, struct host, core);
}

static struct host_cpu *cpu_host(struct sgx_cpu *cpu)
{
	return container_of(cpu, struct host_cpu, cpu);
}

/* Callbacks */

static struct sgx_epcm *op_epc(struct sgx_core *core, u64 addr)
{
	struct host *host = core_host(core);
	u64 offset = addr - sgx_addr(host->epc);

	assert_true(sgx_aligned(addr, SGX_PAGE_SIZE));
	if (offset >= (u64)host->pages * SGX_PAGE_SIZE)
		return NULL;
	return &host->epcm[offset / SGX_PAGE_SIZE];
}

static int op_walk(struct sgx_cpu *cpu, u64 la, u32 access,
		   struct sgx_epcm **epcm)
{
	struct host_pte *pte = host_pte(core_host(cpu->core), la);

	assert_true(sgx_aligned(la, SGX_PAGE_SIZE));
	if (pte && pte->retry) {
		pte->retry--;
		return SGX_RETRY;
	}
	if (!pte || !pte->present)
		return sgx_pf(cpu, la, SGX_PFEC_U | sgx_pfec(access));
	if (access && !pte->writable &&
	    !(pte->state && access == SGX_ACCESS_STATE))
		return sgx_pf(cpu, la,
			      SGX_PFEC_P | SGX_PFEC_U | sgx_pfec(access));
	*epcm = pte->epcm;
	return 0;
}

static void op_zap(struct sgx_cpu *cpu, struct sgx_epcm *epcm)
{
	struct host *host = core_host(cpu->core);

	assert_true(host->zaps < HOST_ZAPS);
	host->zapped[host->zaps++] = epcm;
}

static u64 op_oldest_epoch(struct sgx_core *core, struct sgx_epcm *secs)
{
	struct host *host = core_host(core);
	u64 oldest = ~0ULL;
	unsigned int i;

	for (i = 0; i < HOST_CPUS; i++) {
		const struct sgx_cpu *cpu = &host->cpus[i].cpu;

		if (cpu->secs == secs && cpu->epoch < oldest)
			oldest = cpu->epoch;
	}
	return oldest;
}

/* FS and GS base, as core.h has the host exchange them. */
static int entered(struct sgx_cpu *cpu, int ret)
{
	struct host_cpu *hc = cpu_host(cpu);

	if (!ret) {
		cpu->save_fsbase = hc->fsbase;
		cpu->save_gsbase = hc->gsbase;
		hc->fsbase = cpu->fsbase;
		hc->gsbase = cpu->gsbase;
	}
	return ret;
}

static int left(struct sgx_cpu *cpu, int ret)
{
	struct host_cpu *hc = cpu_host(cpu);

	if (!ret) {
		hc->fsbase = cpu->save_fsbase;
		hc->gsbase = cpu->save_gsbase;
	}
	return ret;
}

int host_eenter(struct sgx_cpu *cpu)
{
	return entered(cpu, sgx_eenter(cpu));
}

int host_eresume(struct sgx_cpu *cpu)
{
	return entered(cpu, sgx_eresume(cpu));
}

int host_eexit(struct sgx_cpu *cpu)
{
	return left(cpu, sgx_eexit(cpu));
}

void host_aex(struct sgx_cpu *cpu, const struct sgx_fault *fault)
{
	cpu->fsbase = cpu_host(cpu)->fsbase;
	cpu->gsbase = cpu_host(cpu)->gsbase;
	sgx_aex(cpu, fault);
	left(cpu, 0);
}

/* Copy between the live state and an area in pages. */
static void copy_pages(u8 *linear, void *const *pages, unsigned int n,
		       size_t len, bool to_pages)
{
	unsigned int i;

	assert_true(n <= SGX_XSAVE_PAGES && len <= (size_t)n * SGX_PAGE_SIZE);
	for (i = 0; len; i++) {
		size_t part = len < SGX_PAGE_SIZE ? len : SGX_PAGE_SIZE;

		if (to_pages)
			memcpy(pages[i], linear + i * SGX_PAGE_SIZE, part);
		else
			memcpy(linear + i * SGX_PAGE_SIZE, pages[i], part);
		len -= part;
	}
}

static void xstate_init(struct host_cpu *cpu)
{
	const u32 mxcsr = XSAVE_MXCSR_INIT;

	memset(cpu->xstate, 0, sizeof(cpu->xstate));
	memcpy(cpu->xstate + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

static void op_xsave(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
		     unsigned int n, const struct sgx_synthetic *synthetic)
{
	struct host_cpu *hc = cpu_host(cpu);
	u64 bv;

	memcpy(&bv, hc->xstate + XSAVE_HEADER, sizeof(bv));
	bv &= xfrm;
	memcpy(hc->xstate + XSAVE_HEADER, &bv, sizeof(bv));
	copy_pages(hc->xstate, pages, n, sgx_xsave_size(cpu->core, xfrm), true);
	xstate_init(hc);
	memcpy(hc->xstate, &synthetic->fcw, sizeof(synthetic->fcw));
	memcpy(hc->xstate + 2, &synthetic->fsw, sizeof(synthetic->fsw));
	memcpy(hc->xstate + XSAVE_MXCSR, &synthetic->mxcsr,
	       sizeof(synthetic->mxcsr));
}

static int op_xrstor(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
		     unsigned int n)
{
	struct host_cpu *hc = cpu_host(cpu);
	static u8 area[SGX_XSAVE_PAGES * SGX_PAGE_SIZE];
	u64 header[8];
	u32 mxcsr;
	int i;

	memset(area, 0, sizeof(area));
	copy_pages(area, pages, n, sgx_xsave_size(cpu->core, xfrm), false);
	memcpy(header, area + XSAVE_HEADER, sizeof(header));
	memcpy(&mxcsr, area + XSAVE_MXCSR, sizeof(mxcsr));
	if (header[0] & ~xfrm || mxcsr & 0xffff0000)
		return GP;
	for (i = 1; i < 8; i++)
		if (header[i])
			return GP;
	memcpy(hc->xstate, area, sizeof(area));
	return 0;
}

static void op_random(struct sgx_core *core, void *buf, size_t len)
{
	struct host *host = core_host(core);
	u8 *p = buf;

	host->randoms++;
	while (len--) {
		host->seed = host->seed * 6364136223846793005ULL + 1;
		*p++ = (u8)(host->seed >> 56);
	}
}

static void op_sha256_blocks(struct sgx_core *core, u32 h[8], const void *data,
			     size_t blocks)
{
	SHA256_CTX ctx;

	(void)core;
	SHA256_Init(&ctx);
	memcpy(ctx.h, h, sizeof(ctx.h));
	SHA256_Update(&ctx, data, blocks * 64);
	memcpy(h, ctx.h, sizeof(ctx.h));
}

static void op_aes128_setkey(struct sgx_core *core, struct sgx_aes_key *key,
			     const u8 raw[16])
{
	(void)core;
	AES_set_encrypt_key(raw, 128, (AES_KEY *)key);
}

static void op_aes128_encrypt(struct sgx_core *core,
			      const struct sgx_aes_key *key, const u8 in[16],
			      u8 out[16])
{
	(void)core;
	AES_encrypt(in, out, (const AES_KEY *)key);
}

/* AES-128-GCM with the paging key of the machine. Returns false for a bad MAC. */
static bool gcm(bool seal, const u8 iv[12], const void *aad, size_t aad_len,
		const void *in, void *out, size_t len, u8 mac[16])
{
	static const u8 paging_key[16] = { 0x9a, 0x61 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool ok;

	ok = EVP_CipherInit_ex(ctx, EVP_aes_128_gcm(), NULL, paging_key, iv,
			       seal) &&
	     EVP_CipherUpdate(ctx, NULL, &n, aad, aad_len) &&
	     EVP_CipherUpdate(ctx, out, &n, in, len) &&
	     (seal ||
	      EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, mac)) &&
	     EVP_CipherFinal_ex(ctx, (u8 *)out + n, &n) &&
	     (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, mac));
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static int op_page_seal(struct sgx_core *core, const u8 iv[12], const void *aad,
			size_t aad_len, const void *in, void *out, size_t len,
			u8 mac[16])
{
	(void)core;
	return gcm(true, iv, aad, aad_len, in, out, len, mac) ? 0 : SGX_RETRY;
}

static int op_page_open(struct sgx_core *core, const u8 iv[12], const void *aad,
			size_t aad_len, const void *in, void *out, size_t len,
			const u8 mac[16])
{
	u8 copy[16];

	(void)core;
	memcpy(copy, mac, sizeof(copy));
	return gcm(false, iv, aad, aad_len, in, out, len, copy)
		       ? 0
		       : SGX_MAC_COMPARE_FAIL;
}

static const struct sgx_host_ops host_ops = {
	.epc = op_epc,
	.walk = op_walk,
	.zap = op_zap,
	.oldest_epoch = op_oldest_epoch,
	.xsave = op_xsave,
	.xrstor = op_xrstor,
	.random = op_random,
	.sha256_blocks = op_sha256_blocks,
	.aes128_setkey = op_aes128_setkey,
	.aes128_encrypt = op_aes128_encrypt,
	.page_seal = op_page_seal,
	.page_open = op_page_open,
};

/* The machine */

static void core_default(struct sgx_core *core)
{
	core->ops = &host_ops;
	core->attributes.flags = SGX_ATTR_DEFINED;
	core->attributes.xfrm = 0xe7;
	core->miscselect = SGX_MISC_EXINFO;
	core->sgx2 = true;
	core->xstate[2] = (struct sgx_xstate){ 576, 256 };
	core->xstate[5] = (struct sgx_xstate){ 1088, 64 };
	core->xstate[6] = (struct sgx_xstate){ 1152, 512 };
	core->xstate[7] = (struct sgx_xstate){ 1664, 1024 };
	memset(core->cpusvn, 0x80, sizeof(core->cpusvn));
	memset(core->secret, 0x5e, sizeof(core->secret));
	memset(core->owner_epoch, 0x0e, sizeof(core->owner_epoch));
}

static void *page_alloc(size_t pages)
{
	void *p = aligned_alloc(SGX_PAGE_SIZE, pages * SGX_PAGE_SIZE);

	assert_non_null(p);
	memset(p, 0, pages * SGX_PAGE_SIZE);
	return p;
}

struct host *host_new(unsigned int pages)
{
	size_t len = (sizeof(struct host) + 63) & ~(size_t)63;
	struct host *host = aligned_alloc(64, len);
	unsigned int i;

	assert_non_null(host);
	memset(host, 0, len);
	host->pages = pages;
	host->epcm = calloc(pages, sizeof(*host->epcm));
	host->epc = page_alloc(pages);
	/* Not zero: what a leaf leaves uninitialised shows. */
	memset(host->epc, 0xcc, (size_t)pages * SGX_PAGE_SIZE);
	for (i = 0; i < pages; i++)
		host->epcm[i].page = host->epc + (size_t)i * SGX_PAGE_SIZE;
	core_default(&host->core);
	host->core.epc_base = 0x180000000ULL;
	host->core.epc_size = (u64)pages * SGX_PAGE_SIZE;
	sgx_core_init(&host->core);
	for (i = 0; i < HOST_CPUS; i++) {
		sgx_cpu_init(&host->cpus[i].cpu, &host->core);
		host->cpus[i].cpu.regs = &host->cpus[i].regs;
		host->cpus[i].regs.rflags = 0x202;
		xstate_init(&host->cpus[i]);
		key_mrsigner(signer_key(0), host->cpus[i].cpu.lepubkeyhash);
	}
	return host;
}

void host_free(struct host *host)
{
	free(host->epc);
	free(host->epcm);
	free(host);
}

struct sgx_cpu *host_cpu(struct host *host, unsigned int n)
{
	assert_true(n < HOST_CPUS);
	return &host->cpus[n].cpu;
}

struct sgx_epcm *host_epc(struct host *host)
{
	assert_true(host->lent < host->pages);
	return &host->epcm[host->lent++];
}

void *host_operand(void)
{
	return page_alloc(1);
}

struct host_pte *host_pte(struct host *host, u64 la)
{
	unsigned int i;

	for (i = 0; i < host->nptes; i++)
		if (host->ptes[i].la == (la & SGX_PAGE_MASK))
			return &host->ptes[i];
	return NULL;
}

struct host_pte *host_map(struct host *host, u64 la, struct sgx_epcm *epcm)
{
	struct host_pte *pte = host_pte(host, la);

	assert_true(sgx_aligned(la, SGX_PAGE_SIZE));
	if (!pte) {
		assert_true(host->nptes < HOST_PTES);
		pte = &host->ptes[host->nptes++];
	}
	*pte = (struct host_pte){
		.la = la, .epcm = epcm, .present = true, .writable = true
	};
	return pte;
}

struct sgx_epcm *host_epcm(struct host *host, u64 la)
{
	struct host_pte *pte = host_pte(host, la);

	assert_non_null(pte);
	assert_non_null(pte->epcm);
	return pte->epcm;
}

void *host_at(struct host *host, u64 la)
{
	return (u8 *)host_epcm(host, la)->page + (la & ~SGX_PAGE_MASK);
}

/* Keys and signatures */

struct key {
	RSA *rsa;
};

const struct key *signer_key(unsigned int n)
{
	static struct key keys[2];
	BIGNUM *e;

	assert_true(n < 2);
	if (keys[n].rsa)
		return &keys[n];
	e = BN_new();
	assert_true(BN_set_word(e, 3));
	keys[n].rsa = RSA_new();
	assert_true(RSA_generate_key_ex(keys[n].rsa, 3072, e, NULL));
	BN_free(e);
	return &keys[n];
}

static void key_modulus(const struct key *key, u8 modulus[SGX_MODULUS_SIZE])
{
	assert_true(BN_bn2lebinpad(RSA_get0_n(key->rsa), modulus,
				   SGX_MODULUS_SIZE) == SGX_MODULUS_SIZE);
}

void key_mrsigner(const struct key *key, u8 mrsigner[32])
{
	u8 modulus[SGX_MODULUS_SIZE];

	key_modulus(key, modulus);
	SHA256(modulus, sizeof(modulus), mrsigner);
}

void sigstruct_default(struct enclave *encl, struct sgx_sigstruct *sig)
{
	static const u8 header[16] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1 };
	static const u8 header2[16] = { 1, 1,	 0, 0, 0x60, 0, 0,
					0, 0x60, 0, 0, 0,    1 };
	const struct sgx_secs *secs = sgx_secs_of(encl->secs);

	memset(sig, 0, sizeof(*sig));
	memcpy(sig->header, header, sizeof(header));
	memcpy(sig->header2, header2, sizeof(header2));
	sig->date = 0x20261122;
	sig->exponent = 3;
	sig->miscselect = secs->miscselect;
	sig->miscmask = 0xffffffff;
	sig->attributes = secs->attributes;
	sig->attributemask.flags = ~0ULL;
	sig->attributemask.xfrm = ~0ULL;
	memcpy(sig->enclavehash, encl->mrenclave, sizeof(sig->enclavehash));
	sig->isvprodid = 0x1234;
	sig->isvsvn = 7;
}

/* Q1 = floor(S^2 / M), Q2 = floor((S^3 - Q1 * S * M) / M) */
static void sign_quotients(struct sgx_sigstruct *sig)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *s = BN_lebin2bn(sig->signature, SGX_MODULUS_SIZE, NULL);
	BIGNUM *m = BN_lebin2bn(sig->modulus, SGX_MODULUS_SIZE, NULL);
	BIGNUM *q = BN_new(), *r = BN_new(), *t = BN_new();

	assert_true(BN_sqr(t, s, ctx) && BN_div(q, r, t, m, ctx));
	BN_bn2lebinpad(q, sig->q1, SGX_MODULUS_SIZE);
	assert_true(BN_mul(t, r, s, ctx) && BN_div(q, r, t, m, ctx));
	BN_bn2lebinpad(q, sig->q2, SGX_MODULUS_SIZE);
	BN_free(t);
	BN_free(r);
	BN_free(q);
	BN_free(m);
	BN_free(s);
	BN_CTX_free(ctx);
}

bool sigstruct_shift_quotients(struct sgx_sigstruct *sig)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *s = BN_lebin2bn(sig->signature, SGX_MODULUS_SIZE, NULL);
	BIGNUM *m = BN_lebin2bn(sig->modulus, SGX_MODULUS_SIZE, NULL);
	BIGNUM *q1 = BN_lebin2bn(sig->q1, SGX_MODULUS_SIZE, NULL);
	BIGNUM *q2 = BN_lebin2bn(sig->q2, SGX_MODULUS_SIZE, NULL);
	BIGNUM *r1 = BN_new();
	bool fits;

	assert_true(BN_mod_sqr(r1, s, m, ctx) && BN_add(r1, r1, m) &&
		    BN_sub_word(q1, 1) && BN_add(q2, q2, s));
	fits = BN_num_bytes(r1) <= SGX_MODULUS_SIZE &&
	       BN_num_bytes(q2) <= SGX_MODULUS_SIZE;
	if (fits) {
		BN_bn2lebinpad(q1, sig->q1, SGX_MODULUS_SIZE);
		BN_bn2lebinpad(q2, sig->q2, SGX_MODULUS_SIZE);
	}
	BN_free(r1);
	BN_free(q2);
	BN_free(q1);
	BN_free(m);
	BN_free(s);
	BN_CTX_free(ctx);
	return fits;
}

static void signed_digest(const struct sgx_sigstruct *sig, u8 digest[32])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, sig, 128);
	SHA256_Update(&ctx, (const u8 *)sig + 900, 128);
	SHA256_Final(digest, &ctx);
}

void sigstruct_set_modulus(struct sgx_sigstruct *sig, const struct key *key)
{
	key_modulus(key, sig->modulus);
}

/* SIGSTRUCT's numbers are little endian, OpenSSL's big endian. */
static void set_signature(struct sgx_sigstruct *sig, const struct key *key,
			  const u8 be[SGX_MODULUS_SIZE])
{
	unsigned int i;

	for (i = 0; i < SGX_MODULUS_SIZE; i++)
		sig->signature[i] = be[SGX_MODULUS_SIZE - 1 - i];
	key_modulus(key, sig->modulus);
	sign_quotients(sig);
}

void sigstruct_sign(struct sgx_sigstruct *sig, const struct key *key)
{
	u8 digest[32], be[SGX_MODULUS_SIZE];
	unsigned int len;

	signed_digest(sig, digest);
	assert_true(RSA_sign(NID_sha256, digest, sizeof(digest), be, &len,
			     key->rsa));
	assert_int_equal(len, SGX_MODULUS_SIZE);
	set_signature(sig, key, be);
}

void sigstruct_sign_encoded(struct sgx_sigstruct *sig, const struct key *key,
			    unsigned int flip)
{
	u8 encoded[SGX_MODULUS_SIZE], be[SGX_MODULUS_SIZE];
	unsigned int i;

	sigstruct_sign(sig, key);
	for (i = 0; i < SGX_MODULUS_SIZE; i++)
		be[i] = sig->signature[SGX_MODULUS_SIZE - 1 - i];
	assert_int_equal(RSA_public_decrypt(sizeof(be), be, encoded, key->rsa,
					    RSA_NO_PADDING),
			 sizeof(encoded));
	if (flip < SGX_MODULUS_SIZE)
		encoded[flip] ^= 1;
	assert_int_equal(RSA_private_encrypt(sizeof(encoded), encoded, be,
					     key->rsa, RSA_NO_PADDING),
			 sizeof(be));
	set_signature(sig, key, be);
}

void cmac(const u8 key[16], const void *data, size_t len, u8 mac[16])
{
	CMAC_CTX *ctx = CMAC_CTX_new();
	size_t out;

	assert_true(CMAC_Init(ctx, key, 16, EVP_aes_128_cbc(), NULL));
	assert_true(CMAC_Update(ctx, data, len));
	assert_true(CMAC_Final(ctx, mac, &out));
	CMAC_CTX_free(ctx);
}

/* Enclaves */

struct operands *operands_new(void)
{
	struct operands *op = aligned_alloc(4096, sizeof(*op));

	assert_non_null(op);
	memset(op, 0, sizeof(*op));
	op->pageinfo.srcpge = sgx_addr(op->page);
	op->pageinfo.secinfo = sgx_addr(&op->secinfo);
	return op;
}

void operands_free(struct operands *op)
{
	free(op);
}

void secs_default(struct sgx_secs *secs)
{
	memset(secs, 0, sizeof(*secs));
	secs->baseaddr = ENCLAVE_BASE;
	secs->size = ENCLAVE_SIZE;
	secs->ssaframesize = 1;
	secs->attributes.flags = SGX_ATTR_MODE64BIT;
	secs->attributes.xfrm = SGX_XFRM_LEGACY;
}

/* A record of the measurement: a name, two numbers or bytes, zeroes. */
static void measure(struct enclave *encl, const void *data, size_t len)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	assert_true(EVP_DigestUpdate(encl->measurement, data, len));
	assert_true(EVP_MD_CTX_copy_ex(copy, encl->measurement));
	assert_true(EVP_DigestFinal_ex(copy, encl->mrenclave, NULL));
	EVP_MD_CTX_free(copy);
}

static void measure_ecreate(struct enclave *encl, const struct sgx_secs *secs)
{
	u8 record[64] = "ECREATE";

	memcpy(record + 8, &secs->ssaframesize, 4);
	memcpy(record + 12, &secs->size, 8);
	measure(encl, record, sizeof(record));
}

static void measure_page(struct enclave *encl, u64 la, u64 flags,
			 const u8 *content)
{
	u64 offset = la - encl->base;
	u8 record[64] = "EADD";
	unsigned int i;

	memcpy(record + 8, &offset, 8);
	memcpy(record + 16, &flags, 8);
	measure(encl, record, sizeof(record));
	for (i = 0; i < SGX_PAGE_SIZE; i += SGX_EEXTEND_BLOCK_SIZE) {
		u8 extend[64] = "EEXTEND";
		u64 chunk = offset + i;

		memcpy(extend + 8, &chunk, 8);
		measure(encl, extend, sizeof(extend));
		measure(encl, content + i, SGX_EEXTEND_BLOCK_SIZE);
	}
}

struct enclave *enclave_create(struct host *host, const struct sgx_secs *secs)
{
	struct enclave *encl = calloc(1, sizeof(*encl));
	struct operands *op = operands_new();

	encl->host = host;
	encl->secs = host_epc(host);
	encl->base = secs->baseaddr;
	encl->size = secs->size;
	encl->measurement = EVP_MD_CTX_new();
	assert_true(EVP_DigestInit(encl->measurement, EVP_sha256()));
	measure_ecreate(encl, secs);

	memcpy(op->page, secs, sizeof(*secs));
	assert_int_equal(sgx_ecreate(host_cpu(host, 0), &op->pageinfo,
				     sgx_addr(encl->secs->page)),
			 SGX_SUCCESS);
	operands_free(op);
	return encl;
}

struct sgx_epcm *enclave_add(struct enclave *encl, u64 la, u64 flags,
			     const void *content)
{
	struct sgx_cpu *cpu = host_cpu(encl->host, 0);
	struct sgx_epcm *epcm = host_epc(encl->host);
	struct operands *op = operands_new();
	u64 secs = sgx_addr(encl->secs->page);
	unsigned int i;

	if (content)
		memcpy(op->page, content, SGX_PAGE_SIZE);
	op->secinfo.flags = flags;
	op->pageinfo.linaddr = la;
	op->pageinfo.secs = secs;
	assert_int_equal(sgx_eadd(cpu, &op->pageinfo, sgx_addr(epcm->page)),
			 SGX_SUCCESS);
	/* A TCS chunk by chunk, other pages as a whole: it is the same. */
	if ((flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT !=
	    SGX_PT_TCS)
		assert_int_equal(sgx_eextend_page(cpu, secs,
						  sgx_addr(epcm->page)),
				 SGX_SUCCESS);
	else
		for (i = 0; i < SGX_PAGE_SIZE; i += SGX_EEXTEND_BLOCK_SIZE)
			assert_int_equal(sgx_eextend(cpu, secs,
						     sgx_addr(epcm->page) + i),
					 SGX_SUCCESS);
	measure_page(encl, la, flags, epcm->page);
	host_map(encl->host, la, epcm);
	operands_free(op);
	return epcm;
}

void enclave_init(struct enclave *encl)
{
	struct sgx_sigstruct *sig = host_operand();
	struct sgx_einittoken *token = host_operand();

	sigstruct_default(encl, sig);
	sigstruct_sign(sig, signer_key(0));
	assert_int_equal(sgx_einit(host_cpu(encl->host, 0), sig,
				   sgx_addr(encl->secs->page), token),
			 SGX_SUCCESS);
	free(sig);
	free(token);
}

void enclave_free(struct enclave *encl)
{
	EVP_MD_CTX_free(encl->measurement);
	free(encl);
}

void enclave_enter(struct enclave *encl, struct sgx_cpu *cpu)
{
	cpu->secs = encl->secs;
	cpu->base = encl->base;
	cpu->size = encl->size;
	cpu->epoch = sgx_secs_of(encl->secs)->hidden.epoch;
	sgx_forget(cpu);
}

void enclave_leave(struct sgx_cpu *cpu)
{
	cpu->secs = NULL;
}

/* Snapshots */

struct snapshot {
	struct host host;
	struct sgx_epcm *epcm;
	u8 *epc;
};

struct snapshot *snapshot_take(struct host *host)
{
	size_t len = (sizeof(struct snapshot) + 63) & ~(size_t)63;
	struct snapshot *snap = aligned_alloc(64, len);

	assert_non_null(snap);
	snap->host = *host;
	snap->epcm = calloc(host->pages, sizeof(*host->epcm));
	memcpy(snap->epcm, host->epcm, host->pages * sizeof(*host->epcm));
	snap->epc = page_alloc(host->pages);
	memcpy(snap->epc, host->epc, (size_t)host->pages * SGX_PAGE_SIZE);
	return snap;
}

static void cpu_unchanged(struct host_cpu *now, struct host_cpu *then)
{
	then->cpu.fault = now->cpu.fault;
	/* What is cached for the next entry is nobody's to see. */
	if (!now->cpu.secs) {
		then->cpu.last = now->cpu.last;
		then->cpu.epoch = now->cpu.epoch;
		then->cpu.tcs = now->cpu.tcs;
		then->cpu.tcs_la = now->cpu.tcs_la;
		then->cpu.base = now->cpu.base;
		then->cpu.size = now->cpu.size;
		then->cpu.gprsgx = now->cpu.gprsgx;
		memcpy(then->cpu.xsave, now->cpu.xsave,
		       sizeof(then->cpu.xsave));
		then->cpu.xsave_pages = now->cpu.xsave_pages;
	}
	assert_memory_equal(&now->cpu, &then->cpu, sizeof(now->cpu));
	assert_memory_equal(&now->regs, &then->regs, sizeof(now->regs));
	assert_int_equal(now->fsbase, then->fsbase);
	assert_int_equal(now->gsbase, then->gsbase);
	assert_memory_equal(now->xstate, then->xstate, sizeof(now->xstate));
}

void snapshot_unchanged(struct host *host, struct snapshot *snap)
{
	unsigned int i;

	assert_memory_equal(&host->core, &snap->host.core, sizeof(host->core));
	assert_int_equal(host->zaps, snap->host.zaps);
	for (i = 0; i < HOST_CPUS; i++)
		cpu_unchanged(&host->cpus[i], &snap->host.cpus[i]);
	for (i = 0; i < host->pages; i++) {
		size_t offset = (size_t)i * SGX_PAGE_SIZE;

		assert_memory_equal(&host->epcm[i], &snap->epcm[i],
				    sizeof(host->epcm[i]));
		if (host->epcm[i].state & SGX_EPCM_VALID)
			assert_memory_equal(host->epc + offset,
					    snap->epc + offset, SGX_PAGE_SIZE);
	}
	snapshot_free(snap);
}

void snapshot_free(struct snapshot *snap)
{
	free(snap->epc);
	free(snap->epcm);
	free(snap);
}

void assert_outcome(const struct sgx_cpu *cpu, int ret, int expected, u64 addr,
		    u32 errcd)
{
	assert_int_equal(ret, expected);
	if (!sgx_faulted(ret))
		return;
	assert_int_equal(cpu->fault.vector, sgx_fault_vector(ret));
	assert_int_equal(cpu->fault.addr, addr);
	assert_int_equal(cpu->fault.errcd, errcd);
}
