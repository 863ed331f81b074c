// SPDX-License-Identifier: GPL-2.0
/*
 * The platform, and the host's half of &struct sgx_host_ops that is memory and
 * cryptography. The half that is a thread's is in thread.c and xstate.c.
 */
#include <crypto/aead.h>
#include <crypto/aes.h>
#include <crypto/sha2.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "compat.h"
#include "encl.h"
#include "epc.h"
#include "fail.h"
#include "host.h"
#include "thread.h"

#ifdef SGX_SHA256_BY_CRYPTO_API
#include <crypto/hash.h>
#endif

/* What CPUID says of the EPC's physical address: above any memory of ours. */
#define SGX_EPC_BASE BIT_ULL(38)

static char *secret;
module_param(secret, charp, 0);
MODULE_PARM_DESC(secret, "what keys are made from, 64 hex digits (random)");

static bool sgx2 = true;
module_param(sgx2, bool, 0444);
MODULE_PARM_DESC(sgx2, "provide SGX2 (yes)");

struct sgx_core sgx_core;

static struct sgx_epcm *host_epc(struct sgx_core *core, u64 addr)
{
	return sgx_epc_find(addr);
}

/*
 * ENCLS runs where this may sleep. ENCLU runs with interrupts off. Its leaves
 * only add permissions, to one page, and what the processors have cached stays
 * right: it is enough that the page table entry goes before the thread executes
 * its next instruction.
 */
static void host_zap(struct sgx_cpu *cpu, struct sgx_epcm *epcm)
{
	if (irqs_disabled())
		sgx_thread_zap(container_of(cpu, struct sgx_thread, cpu),
			       epcm->addr);
	else
		sgx_encl_zap(sgx_secs_encl(epcm->secs), epcm->addr, PAGE_SIZE);
}

static u64 host_oldest_epoch(struct sgx_core *core, struct sgx_epcm *secs)
{
	return sgx_encl_oldest_epoch(sgx_secs_encl(secs));
}

static void host_random(struct sgx_core *core, void *buf, size_t len)
{
	get_random_bytes(buf, len);
}

/*
 * SHA-256. Its callers have data in whole blocks and keep the state themselves,
 * so that of the kernel's context only the state proper matters.
 */
#ifdef SGX_SHA256_BY_CRYPTO_API
static struct crypto_shash *sha256_tfm;

static void host_sha256_blocks(struct sgx_core *core, u32 h[8],
			       const void *data, size_t blocks)
{
	SHASH_DESC_ON_STACK(desc, sha256_tfm);
	struct sha256_state state = {};

	desc->tfm = sha256_tfm;
	memcpy(state.state, h, sizeof(state.state));
	crypto_shash_import(desc, &state);
	crypto_shash_update(desc, data, blocks * SHA256_BLOCK_SIZE);
	crypto_shash_export(desc, &state);
	memcpy(h, state.state, sizeof(state.state));
}

static struct crypto_shash *sha256_get(const char *driver)
{
	struct crypto_shash *tfm = crypto_alloc_shash(driver, 0, 0);

	if (IS_ERR(tfm) ||
	    crypto_shash_statesize(tfm) == sizeof(struct sha256_state))
		return tfm;

	crypto_free_shash(tfm);
	return ERR_PTR(-ENOENT);
}

/*
 * The implementations in assembler are a module, which nothing loads as long as
 * the generic one serves. Not all exist on every processor.
 */
static int sha256_init_tfm(void)
{
	static const char *const drivers[] = {
		"sha256-ni",	"sha256-avx2",	  "sha256-avx",
		"sha256-ssse3", "sha256-generic",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		sha256_tfm = sha256_get(drivers[i]);
		if (!IS_ERR(sha256_tfm))
			return 0;
	}
	return PTR_ERR(sha256_tfm);
}

static void sha256_exit_tfm(void)
{
	crypto_free_shash(sha256_tfm);
}
#else
static void host_sha256_blocks(struct sgx_core *core, u32 h[8],
			       const void *data, size_t blocks)
{
	struct sha256_ctx ctx = {};

	memcpy(ctx.ctx.state.h, h, sizeof(ctx.ctx.state.h));
	sha256_update(&ctx, data, blocks * SHA256_BLOCK_SIZE);
	memcpy(h, ctx.ctx.state.h, sizeof(ctx.ctx.state.h));
}

static int sha256_init_tfm(void)
{
	return 0;
}

static void sha256_exit_tfm(void)
{
}
#endif

/* The state goes in and out as the callback assumes: SHA-256 of nothing. */
static int sha256_check(void)
{
	static const u8 block[SHA256_BLOCK_SIZE] = { 0x80 };
	u32 h[8] = { SHA256_H0, SHA256_H1, SHA256_H2, SHA256_H3,
		     SHA256_H4, SHA256_H5, SHA256_H6, SHA256_H7 };
	unsigned int i;

	host_sha256_blocks(&sgx_core, h, block, 1);
	for (i = 0; i < ARRAY_SIZE(h); i++)
		h[i] = (__force u32)cpu_to_be32(h[i]);
	if (!memcmp(h, sha256_zero_message_hash, sizeof(h)))
		return 0;

	pr_err("softsgx: the kernel's SHA-256 does not work as expected\n");
	return -EOPNOTSUPP;
}

/*
 * AES-GCM for paging. The paging key is the AEAD's, which has it from
 * sgx_host_init() on.
 */
static struct crypto_aead *paging_aead;

#define PAGING_MAC_SIZE 16

/* What the AEAD has to see besides the page, where it can be seen as pages. */
struct paging_buffer {
	u8 aad[128];
	u8 mac[PAGING_MAC_SIZE];
	u8 iv[12];
};

static void paging_sg(struct scatterlist sg[3], struct paging_buffer *buffer,
		      size_t aad_len, const void *data, size_t len)
{
	sg_init_table(sg, 3);
	sg_set_buf(&sg[0], buffer->aad, aad_len);
	sg_set_buf(&sg[1], data, len);
	sg_set_buf(&sg[2], buffer->mac, sizeof(buffer->mac));
}

/*
 * A page that is being evicted cannot stay because there is no memory for the
 * request, which is small: that does not fail.
 */
static int paging_crypt(bool seal, size_t aad_len, const void *in, void *out,
			size_t len, struct paging_buffer *buffer)
{
	struct scatterlist src[3], dst[3];
	DECLARE_CRYPTO_WAIT(wait);
	struct aead_request *req;
	int ret;

	if (sgx_should_fail())
		return -ENOMEM;
	paging_sg(src, buffer, aad_len, in, len);
	paging_sg(dst, buffer, aad_len, out, len);

	req = aead_request_alloc(paging_aead, GFP_KERNEL | __GFP_NOFAIL);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, aad_len);
	aead_request_set_crypt(req, src, dst,
			       seal ? len : len + sizeof(buffer->mac),
			       buffer->iv);
	ret = crypto_wait_req(seal ? crypto_aead_encrypt(req)
				   : crypto_aead_decrypt(req),
			      &wait);
	aead_request_free(req);
	return ret;
}

static struct paging_buffer *paging_buffer_new(const u8 iv[12], const void *aad,
					       size_t aad_len)
{
	struct paging_buffer *buffer =
		kmalloc(sizeof(*buffer), GFP_KERNEL | __GFP_NOFAIL);

	WARN_ON_ONCE(aad_len > sizeof(buffer->aad));
	memcpy(buffer->aad, aad, min(aad_len, sizeof(buffer->aad)));
	memcpy(buffer->iv, iv, sizeof(buffer->iv));
	return buffer;
}

static int host_page_seal(struct sgx_core *core, const u8 iv[12],
			  const void *aad, size_t aad_len, const void *in,
			  void *out, size_t len, u8 mac[16])
{
	struct paging_buffer *buffer = paging_buffer_new(iv, aad, aad_len);
	int ret;

	ret = paging_crypt(true, aad_len, in, out, len, buffer);
	memcpy(mac, buffer->mac, sizeof(buffer->mac));
	kfree(buffer);
	return ret ? SGX_RETRY : 0;
}

static int host_page_open(struct sgx_core *core, const u8 iv[12],
			  const void *aad, size_t aad_len, const void *in,
			  void *out, size_t len, const u8 mac[16])
{
	struct paging_buffer *buffer = paging_buffer_new(iv, aad, aad_len);
	int ret;

	memcpy(buffer->mac, mac, sizeof(buffer->mac));
	ret = paging_crypt(false, aad_len, in, out, len, buffer);
	kfree(buffer);
	if (ret == -EBADMSG)
		return SGX_MAC_COMPARE_FAIL;
	return ret ? SGX_RETRY : 0;
}

/* CR_BASE_PK is random: what was evicted does not survive a power cycle. */
static int paging_init_aead(void)
{
	u8 key[16];
	int ret;

	/*
	 * The implementation with the processor's instructions is in a module,
	 * which is not asked for by name as long as there is another.
	 */
	request_module("aesni_intel");
	paging_aead = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(paging_aead)) {
		pr_err("softsgx: the kernel has no AES-GCM\n");
		return PTR_ERR(paging_aead);
	}

	get_random_bytes(key, sizeof(key));
	ret = crypto_aead_setkey(paging_aead, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	if (!ret)
		ret = crypto_aead_setauthsize(paging_aead, PAGING_MAC_SIZE);
	if (ret)
		crypto_free_aead(paging_aead);
	return ret;
}

static void host_aes128_setkey(struct sgx_core *core, struct sgx_aes_key *key,
			       const u8 raw[16])
{
	BUILD_BUG_ON(sizeof(struct aes_enckey) > sizeof(*key));

	/* It fails for other key sizes only. */
	(void)aes_prepareenckey((struct aes_enckey *)key, raw, AES_KEYSIZE_128);
}

static void host_aes128_encrypt(struct sgx_core *core,
				const struct sgx_aes_key *key, const u8 in[16],
				u8 out[16])
{
	aes_encrypt((const struct aes_enckey *)key, out, in);
}

static const struct sgx_host_ops sgx_host_ops = {
	.epc = host_epc,
	.walk = sgx_thread_walk,
	.zap = host_zap,
	.oldest_epoch = host_oldest_epoch,
	.xsave = sgx_xsave,
	.xrstor = sgx_xrstor,
	.random = host_random,
	.sha256_blocks = host_sha256_blocks,
	.aes128_setkey = host_aes128_setkey,
	.aes128_encrypt = host_aes128_encrypt,
	.page_seal = host_page_seal,
	.page_open = host_page_open,
};

static int host_read_secret(void)
{
	if (!secret) {
		get_random_bytes(sgx_core.secret, sizeof(sgx_core.secret));
		pr_info("softsgx: no secret given: keys last until unload\n");
		return 0;
	}

	if (strlen(secret) != 2 * sizeof(sgx_core.secret) ||
	    hex2bin(sgx_core.secret, secret, sizeof(sgx_core.secret))) {
		pr_err("softsgx: secret= is not %zu hexadecimal digits\n",
		       2 * sizeof(sgx_core.secret));
		return -EINVAL;
	}
	return 0;
}

/* For modprobe; the kernel asks for it by itself where there is modprobe. */
MODULE_SOFTDEP("pre: gcm");

/**
 * sgx_host_init() - make the platform
 *
 * Return: 0; -EINVAL for a malformed secret; -EOPNOTSUPP if the processor or
 * the kernel lacks what is needed; or what allocating the hash gives.
 */
int sgx_host_init(void)
{
	int ret;

	if (!boot_cpu_has(X86_FEATURE_OSXSAVE)) {
		pr_err("softsgx: the processor has no XSAVE\n");
		return -EOPNOTSUPP;
	}

	ret = host_read_secret();
	if (ret)
		return ret;

	ret = sha256_init_tfm();
	if (ret)
		return ret;

	ret = sha256_check();
	if (ret)
		goto err_tfm;

	ret = paging_init_aead();
	if (ret)
		goto err_tfm;

	sgx_core.ops = &sgx_host_ops;
	sgx_core.attributes.flags = SGX_ATTR_DEFINED & ~SGX_ATTR_CET;
	sgx_core.miscselect = SGX_MISC_EXINFO;
	sgx_core.sgx2 = sgx2;
	sgx_core.epc_base = SGX_EPC_BASE;
	sgx_core.epc_size = sgx_epc_bytes();
	/* Opaque; other than zero, so that an older one exists. */
	memset(sgx_core.cpusvn, 1, sizeof(sgx_core.cpusvn));
	get_random_bytes(sgx_core.report_keyid, sizeof(sgx_core.report_keyid));
	sgx_xstate_init(&sgx_core);
	sgx_core_init(&sgx_core);
	return 0;

err_tfm:
	sha256_exit_tfm();
	return ret;
}

/**
 * sgx_host_exit() - undo sgx_host_init()
 */
void sgx_host_exit(void)
{
	crypto_free_aead(paging_aead);
	sha256_exit_tfm();
	memzero_explicit(sgx_core.secret, sizeof(sgx_core.secret));
}
