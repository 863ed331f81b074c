// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel itself needs for what softsgx does with it: the figures that
 * softsgx is compared with.
 *
 * While the module is there, an invalid opcode of user mode is skipped by a die
 * notifier that does nothing else: nothing that is based on #UD costs less. It is
 * UD2 that is skipped, or ENCLU, as the parameter enclu says. The rest are
 * parameters: written with what to work on, they do it, and what they
 * read as is the ticks of the TSC that it took.
 */
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <linux/gfp.h>
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <asm/trapnr.h>

#define UD2_LEN	  2
#define ENCLU_LEN 3

static __always_inline int
floor_skip(unsigned long val, const struct die_args *args, unsigned int len)
{
	if (val != DIE_TRAP || args->trapnr != X86_TRAP_UD ||
	    !user_mode(args->regs))
		return NOTIFY_DONE;

	args->regs->ip += len;
	return NOTIFY_STOP;
}

static int floor_skip_ud2(struct notifier_block *nb, unsigned long val,
			  void *data)
{
	return floor_skip(val, data, UD2_LEN);
}

static int floor_skip_enclu(struct notifier_block *nb, unsigned long val,
			    void *data)
{
	return floor_skip(val, data, ENCLU_LEN);
}

static struct notifier_block floor_notifier = {
	.notifier_call = floor_skip_ud2,
	.priority = INT_MAX,
};

/* Which of the two is skipped. */
static bool enclu;

static int enclu_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_bool(val, kp);

	if (ret)
		return ret;
	unregister_die_notifier(&floor_notifier);
	floor_notifier.notifier_call = enclu ? floor_skip_enclu
					     : floor_skip_ud2;
	return register_die_notifier(&floor_notifier);
}

static const struct kernel_param_ops enclu_ops = {
	.set = enclu_set,
	.get = param_get_bool,
};

module_param_cb(enclu, &enclu_ops, &enclu, 0600);
MODULE_PARM_DESC(enclu, "skip ENCLU and not UD2; not when it is inserted");

static int floor_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%llu\n", *(u64 *)kp->arg);
}

/* Of the implementations of SHA-256, the one that softsgx takes. */
static struct crypto_shash *floor_sha256(void)
{
	static const char *const drivers[] = { "sha256-ni", "sha256-avx2",
					       "sha256-avx", "sha256-ssse3",
					       "sha256" };
	struct crypto_shash *tfm = ERR_PTR(-ENOENT);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers) && IS_ERR(tfm); i++)
		tfm = crypto_alloc_shash(drivers[i], 0, 0);
	return tfm;
}

/* Hash @len bytes of a page again and again, @len times @n bytes in all. */
static int floor_hash(struct shash_desc *desc, const u8 *page, size_t len,
		      unsigned int n)
{
	int ret = crypto_shash_init(desc);

	while (!ret && n--)
		ret = crypto_shash_update(desc, page, len);
	return ret;
}

/*
 * SHA-256 of what a page's EADD and EEXTENDs hash, of 5184 bytes: EADD's block,
 * and 16 times EEXTEND's block and 256 bytes; here in one piece and a rest.
 */
static u64 sha256_ticks;

static int sha256_set(const char *val, const struct kernel_param *kp)
{
	struct crypto_shash *tfm = floor_sha256();
	unsigned int i, pages;
	u8 *page;
	u64 start;
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);

	SHASH_DESC_ON_STACK(desc, tfm);
	desc->tfm = tfm;
	page = (u8 *)get_zeroed_page(GFP_KERNEL);
	ret = page ? kstrtouint(val, 0, &pages) : -ENOMEM;
	start = rdtsc();
	for (i = 0; !ret && i < pages; i++) {
		ret = floor_hash(desc, page, PAGE_SIZE, 1);
		if (!ret)
			ret = crypto_shash_update(desc, page, 5184 - PAGE_SIZE);
	}
	sha256_ticks = rdtsc() - start;
	free_page((unsigned long)page);
	crypto_free_shash(tfm);
	return ret;
}

static const struct kernel_param_ops sha256_ops = {
	.set = sha256_set,
	.get = floor_get,
};

module_param_cb(sha256, &sha256_ops, &sha256_ticks, 0600);
MODULE_PARM_DESC(sha256, "SHA-256 of 5184 bytes, so many times");

/* Get a page, copy a page of the caller's there, as often as there are. */
static u64 copy_ticks;

static int floor_copy(unsigned long from, unsigned long pages)
{
	LIST_HEAD(list);
	struct page *page, *next;
	unsigned long i;
	int ret = 0;
	u64 start;

	start = rdtsc();
	for (i = 0; !ret && i < pages; i++) {
		page = alloc_page(GFP_HIGHUSER);
		if (!page) {
			ret = -ENOMEM;
			break;
		}
		if (copy_from_user(page_address(page),
				   (void __user *)(from + i * PAGE_SIZE),
				   PAGE_SIZE))
			ret = -EFAULT;
		list_add(&page->lru, &list);
	}
	copy_ticks = rdtsc() - start;
	list_for_each_entry_safe(page, next, &list, lru)
		__free_page(page);
	return ret;
}

static int copy_set(const char *val, const struct kernel_param *kp)
{
	unsigned long from, pages;

	if (sscanf(val, "%lu %lu", &from, &pages) != 2)
		return -EINVAL;
	return floor_copy(from, pages);
}

static const struct kernel_param_ops copy_ops = {
	.set = copy_set,
	.get = floor_get,
};

module_param_cb(copy, &copy_ops, &copy_ticks, 0600);
MODULE_PARM_DESC(copy, "address and number of pages to copy to new pages");

/* AES-128-GCM of a page, with the additional data of a page that is evicted. */
#define GCM_AAD 128
#define GCM_MAC 16

static u64 gcm_ticks;

static int floor_gcm(struct crypto_aead *tfm, struct aead_request *req,
		     u8 *page, unsigned int n)
{
	u8 *small = kzalloc(GCM_AAD + 2 * GCM_MAC, GFP_KERNEL);
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg[3];
	int ret = small ? 0 : -ENOMEM;
	u64 start = rdtsc();

	while (!ret && n--) {
		sg_init_table(sg, ARRAY_SIZE(sg));
		sg_set_buf(&sg[0], small, GCM_AAD);
		sg_set_buf(&sg[1], page, PAGE_SIZE);
		sg_set_buf(&sg[2], small + GCM_AAD, GCM_MAC);
		aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP,
					  crypto_req_done, &wait);
		aead_request_set_ad(req, GCM_AAD);
		aead_request_set_crypt(req, sg, sg, PAGE_SIZE,
				       small + GCM_AAD + GCM_MAC);
		ret = crypto_wait_req(crypto_aead_encrypt(req), &wait);
	}
	gcm_ticks = rdtsc() - start;
	kfree(small);
	return ret;
}

static int gcm_set(const char *val, const struct kernel_param *kp)
{
	static const u8 key[16] = { 1 };
	struct crypto_aead *tfm;
	struct aead_request *req;
	unsigned int n;
	u8 *page;
	int ret;

	ret = kstrtouint(val, 0, &n);
	if (ret)
		return ret;
	/* The implementation that softsgx takes. */
	request_module("aesni_intel");
	tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);

	page = (u8 *)get_zeroed_page(GFP_KERNEL);
	req = aead_request_alloc(tfm, GFP_KERNEL);
	ret = page && req ? crypto_aead_setkey(tfm, key, sizeof(key)) : -ENOMEM;
	if (!ret)
		ret = floor_gcm(tfm, req, page, n);
	aead_request_free(req);
	free_page((unsigned long)page);
	crypto_free_aead(tfm);
	return ret;
}

static const struct kernel_param_ops gcm_ops = {
	.set = gcm_set,
	.get = floor_get,
};

module_param_cb(gcm, &gcm_ops, &gcm_ticks, 0600);
MODULE_PARM_DESC(gcm, "AES-GCM of 4096 bytes, so many times");

static int __init floor_init(void)
{
	return register_die_notifier(&floor_notifier);
}

static void __exit floor_exit(void)
{
	unregister_die_notifier(&floor_notifier);
}

module_init(floor_init);
module_exit(floor_exit);

MODULE_DESCRIPTION("what softsgx is compared with");
MODULE_LICENSE("GPL");
