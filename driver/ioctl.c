// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of /dev/sgx_enclave: what comes from user space is copied and
 * checked here, once, and each leaf of ENCLS is executed from here.
 *
 * Which checks are made, in which order, and with which errno is what programs
 * know from mainline (arch/x86/kernel/cpu/sgx/ioctl.c of Linux 6.1);
 * doc/uapi.md lists it.
 *
 * &sgx_encl.flags has SGX_ENCL_IOCTL set during an ioctl, and there is one at a
 * time. So what only ioctls change can be read here without a lock.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/asm/sgx.h>
#include "../access/access.h"
#include "compat.h"
#include "device.h"
#include "encl.h"
#include "epc.h"
#include "host.h"
#include "reclaim.h"
#include "thread.h"
#include "trace.h"

/* Attributes that an enclave may have without asking. */
#define ATTR_UNPRIVILEGED                                     \
	(SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_KSS | \
	 SGX_ATTR_AEXNOTIFY)

enum source_check { SOURCE_OFF, SOURCE_NOEXEC, SOURCE_EXEC };

static const char *const source_check_names[] = {
	[SOURCE_OFF] = "off",
	[SOURCE_NOEXEC] = "noexec",
	[SOURCE_EXEC] = "exec",
};

static char *source_check_param = "noexec";
module_param_named(source_check, source_check_param, charp, 0444);
MODULE_PARM_DESC(source_check, "check sources of pages: off, (noexec), exec");

static enum source_check source_check;

static struct sgx_cpu encls_cpu(void)
{
	return (struct sgx_cpu){ .core = &sgx_core };
}

/* CREATE */

static int encl_create(struct sgx_encl *encl, const struct sgx_secs *secs)
{
	struct sgx_cpu cpu = encls_cpu();
	struct sgx_secinfo secinfo = {};
	struct sgx_pageinfo pageinfo = {
		.srcpge = (uintptr_t)secs,
		.secinfo = (uintptr_t)&secinfo,
	};
	int ret;

	/* Mainline's backing file cannot be larger. */
	if (!is_power_of_2(secs->size) || secs->size > MAX_LFS_FILESIZE)
		return -EINVAL;

	ret = sgx_epc_alloc(&encl->secs);
	if (ret)
		return ret;

	if (sgx_ecreate(&cpu, &pageinfo, sgx_epc_operand(&encl->secs))) {
		ret = -EIO;
		goto err_epc;
	}

	encl->base = secs->baseaddr;
	encl->size = secs->size;
	ret = sgx_paging_create(encl);
	if (ret)
		goto err_secs;

	encl->attributes = secs->attributes.flags;
	encl->attributes_mask = ATTR_UNPRIVILEGED;
	if (encl->attributes & SGX_ATTR_DEBUG)
		set_bit(SGX_ENCL_DEBUG, &encl->flags);

	/* Pairs with the test of the flags in sgx_encl_may_map(). */
	smp_mb__before_atomic();
	set_bit(SGX_ENCL_CREATED, &encl->flags);
	return 0;

err_secs:
	WARN_ON_ONCE(sgx_encl_eremove(&encl->secs));
err_epc:
	sgx_epc_free(&encl->secs);
	return ret;
}

/*
 * SGX_IOC_ENCLAVE_CREATE
 *
 * -EINVAL: it is created already; SIZE is no power of two
 * -EFAULT: @arg or the SECS cannot be read
 * -ENOMEM: the EPC is full, or no memory
 * -EIO: ECREATE faults, for what the SECS says
 * -EACCES: the privilege CREATE is refused
 */
static long ioc_create(struct sgx_encl *encl, void __user *arg)
{
	struct sgx_enclave_create params;
	struct sgx_secs *secs;
	int ret;

	if (test_bit(SGX_ENCL_CREATED, &encl->flags))
		return -EINVAL;

	if (copy_from_user(&params, arg, sizeof(params)))
		return -EFAULT;

	/* ECREATE wants it aligned; kmalloc() aligns a page. */
	secs = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!secs)
		return -ENOMEM;

	ret = -EFAULT;
	if (copy_from_user(secs, u64_to_user_ptr(params.src), PAGE_SIZE))
		goto out_free;

	ret = sgx_access_create(&encl->access, encl->file,
				secs->attributes.flags, secs->attributes.xfrm);
	if (!ret)
		ret = encl_create(encl, secs);

out_free:
	kfree(secs);
	return ret;
}

/* ADD_PAGES */

/* -EINVAL unless the range is of whole pages, not empty, and in the enclave. */
static int check_range(const struct sgx_encl *encl, u64 offset, u64 length)
{
	u64 end;

	if (!PAGE_ALIGNED(offset) || !length || !PAGE_ALIGNED(length) ||
	    check_add_overflow(offset, length, &end))
		return -EINVAL;

	return end - PAGE_SIZE >= encl->size ? -EINVAL : 0;
}

/*
 * -EINVAL for a type that is not built with, for writable and not readable, for
 * a TCS with permissions (the processor drops them, which the measurement would
 * not show), and for anything reserved.
 */
static int check_secinfo(const struct sgx_secinfo *secinfo)
{
	u64 perm = secinfo->flags & SGX_SECINFO_FL_RWX;
	u64 pt = (secinfo->flags & SGX_SECINFO_FL_PT) >>
		 SGX_SECINFO_FL_PT_SHIFT;

	if (pt != SGX_PT_REG && pt != SGX_PT_TCS)
		return -EINVAL;

	if (perm & SGX_SECINFO_FL_W && !(perm & SGX_SECINFO_FL_R))
		return -EINVAL;

	if (pt == SGX_PT_TCS && perm)
		return -EINVAL;

	if (secinfo->flags & ~(SGX_SECINFO_FL_RWX | SGX_SECINFO_FL_PT))
		return -EINVAL;

	if (memchr_inv(secinfo->reserved, 0, sizeof(secinfo->reserved)))
		return -EINVAL;

	return 0;
}

/* The ceiling of a page that is added with @secinfo. */
static unsigned long secinfo_ceiling(const struct sgx_secinfo *secinfo)
{
	unsigned long ceiling = 0;

	/* The processor reads and writes a TCS, the enclave does not. */
	if ((secinfo->flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT ==
	    SGX_PT_TCS)
		return VM_READ | VM_WRITE;

	if (secinfo->flags & SGX_SECINFO_FL_R)
		ceiling |= VM_READ;
	if (secinfo->flags & SGX_SECINFO_FL_W)
		ceiling |= VM_WRITE;
	if (secinfo->flags & SGX_SECINFO_FL_X)
		ceiling |= VM_EXEC;
	return ceiling;
}

/*
 * May the mapping be the source of a page? By default, as in mainline, it must
 * not be from a noexec mount, be the page code or data. Under "exec" code
 * carries over the permission of its source, but for anonymous memory, which is
 * a privilege of its own. -EACCES if not.
 */
static int check_source(const struct vm_area_struct *vma,
			const struct sgx_secinfo *secinfo)
{
	if (source_check == SOURCE_OFF)
		return 0;

	if (!(vma->vm_flags & VM_MAYEXEC))
		return -EACCES;

	if (source_check == SOURCE_NOEXEC ||
	    !(secinfo->flags & SGX_SECINFO_FL_X) || vma->vm_flags & VM_EXEC)
		return 0;

	return vma->vm_file ? -EACCES : 0;
}

/*
 * Find the source page, and hold it. The mmap_lock is held, and kept by the
 * caller until the page is copied, so that what is checked is what is copied.
 * -EFAULT if there is none, -EACCES if it must not be the source.
 */
static int get_source(struct sgx_access_call *call, unsigned long src,
		      const struct sgx_secinfo *secinfo, struct page **source)
{
	struct vm_area_struct *vma;
	int ret;

	mmap_assert_locked(current->mm);

	/*
	 * The page table alone is not enough: munmap() takes the mapping away
	 * first, and its pages then, with the lock held for reading only.
	 */
	vma = vma_lookup(current->mm, src);
	if (!vma)
		return -EFAULT;

	ret = check_source(vma, secinfo);
	if (ret)
		return ret;

	if (sgx_get_user_page(src, source) < 1)
		return -EFAULT;

	/* About the page that was found, not the one that was to be there. */
	ret = sgx_access_add(call, vma, *source);
	if (ret)
		put_page(*source);
	return ret;
}

/* EADD, and EEXTEND of all of the page. -EIO if one of them fails. */
static int build_page(struct sgx_encl *encl, struct sgx_encl_page *page,
		      unsigned long addr, struct page *source,
		      const struct sgx_secinfo *secinfo, bool measured)
{
	void *contents = kmap_local_page(source);
	u64 secs = sgx_epc_operand(&encl->secs);
	u64 target = sgx_epc_operand(page);
	struct sgx_cpu cpu = encls_cpu();
	struct sgx_pageinfo pageinfo = {
		.linaddr = addr,
		.srcpge = (uintptr_t)contents,
		.secinfo = (uintptr_t)secinfo,
		.secs = secs,
	};
	int ret;

	ret = sgx_eadd(&cpu, &pageinfo, target);
	kunmap_local(contents);

	if (!ret && measured)
		ret = sgx_eextend_page(&cpu, secs, target);

	return ret ? -EIO : 0;
}

/*
 * One page, with &sgx_encl.lock held. All memory is there before EADD, because
 * what EADD measures cannot be taken back. Nobody sees the page before it is
 * complete.
 */
static int insert_page(struct sgx_encl *encl, struct sgx_encl_page *page,
		       unsigned long addr, struct page *source,
		       const struct sgx_secinfo *secinfo, bool measured)
{
	unsigned long pgno = PFN_DOWN(addr);
	int ret;

	lockdep_assert_held(&encl->lock);

	ret = xa_reserve(&encl->pages, pgno, GFP_KERNEL);
	if (ret)
		return ret;

	ret = sgx_ceilings_add(&encl->ceilings, pgno, secinfo_ceiling(secinfo));
	if (ret)
		goto err_reserve;

	ret = build_page(encl, page, addr, source, secinfo, measured);
	if (ret)
		goto err_ceiling;

	xa_store(&encl->pages, pgno, page, GFP_KERNEL);
	sgx_reclaim_add(page);
	return 0;

err_ceiling:
	/* EADD may have succeeded, and EEXTEND failed. */
	WARN_ON_ONCE(sgx_encl_eremove(page));
	sgx_ceilings_clear(&encl->ceilings, pgno, pgno);
err_reserve:
	xa_release(&encl->pages, pgno);
	return ret;
}

/*
 * -ENOMEM: the EPC is full, or no memory
 * -EBUSY: there is a page at that address
 * -EFAULT, -EACCES: see get_source()
 * -EIO: see build_page()
 */
static int encl_add_page(struct sgx_encl *encl, struct sgx_access_call *call,
			 unsigned long src, unsigned long addr,
			 const struct sgx_secinfo *secinfo)
{
	struct sgx_encl_page *page;
	struct page *source;
	int ret;

	page = sgx_encl_page_alloc();
	if (IS_ERR(page))
		return PTR_ERR(page);

	mmap_read_lock(current->mm);

	/* Only ioctls add pages to an enclave that is not initialised. */
	if (xa_load(&encl->pages, PFN_DOWN(addr))) {
		ret = -EBUSY;
		goto out_unlock;
	}

	/* A source that comes slowly (FUSE) does not keep &encl->lock. */
	ret = get_source(call, src, secinfo, &source);
	if (ret)
		goto out_unlock;

	ret = sgx_encl_lock_secs(encl, true);
	if (!ret)
		ret = insert_page(encl, page, addr, source, secinfo,
				  call->measured);
	mutex_unlock(&encl->lock);
	put_page(source);

out_unlock:
	mmap_read_unlock(current->mm);
	if (ret)
		sgx_encl_page_free(page);
	return ret;
}

/*
 * SGX_IOC_ENCLAVE_ADD_PAGES
 *
 * The count of bytes that were added is written back, also when the call fails.
 * A signal ends the call early: with 0 if pages were added, and with a restart
 * if not, so that no page is added twice.
 *
 * -EINVAL: not created, or initialised already; src, offset or length is not
 *	aligned or not in the enclave; bad SECINFO
 * -EFAULT: @arg, the SECINFO or the source cannot be read
 * -EBUSY, -ENOMEM, -EACCES, -EIO: see encl_add_page()
 * -ERESTARTSYS: interrupted before the first page; -EINTR where system calls
 *	are not restarted
 */
static long ioc_add_pages(struct sgx_encl *encl, void __user *arg)
{
	struct sgx_access_call call = {
		.access = &encl->access,
		.device = encl->file,
	};
	struct sgx_enclave_add_pages params;
	struct sgx_secinfo secinfo;
	u64 done;
	int ret = 0;

	if (!test_bit(SGX_ENCL_CREATED, &encl->flags) ||
	    test_bit(SGX_ENCL_INITIALIZED, &encl->flags))
		return -EINVAL;

	if (copy_from_user(&params, arg, sizeof(params)))
		return -EFAULT;

	if (!PAGE_ALIGNED(params.src) ||
	    check_range(encl, params.offset, params.length))
		return -EINVAL;

	if (copy_from_user(&secinfo, u64_to_user_ptr(params.secinfo),
			   sizeof(secinfo)))
		return -EFAULT;

	if (check_secinfo(&secinfo))
		return -EINVAL;

	call.secinfo_flags = secinfo.flags;
	call.measured = params.flags & SGX_PAGE_MEASURE;

	for (done = 0; done < params.length; done += PAGE_SIZE) {
		if (signal_pending(current)) {
			ret = done ? 0 : -ERESTARTSYS;
			break;
		}

		cond_resched();
		ret = encl_add_page(encl, &call, params.src + done,
				    encl->base + params.offset + done,
				    &secinfo);
		if (ret)
			break;
	}
	sgx_access_call_end(&call);

	params.count = done;
	if (copy_to_user(arg, &params, sizeof(params)))
		return -EFAULT;

	return ret;
}

/* INIT */

static int encl_init(struct sgx_encl *encl, const struct sgx_source *source,
		     const struct sgx_sigstruct *sigstruct,
		     const struct sgx_einittoken *token)
{
	const struct sgx_attributes *attributes = &sigstruct->attributes;
	const struct sgx_attributes *mask = &sigstruct->attributemask;
	struct sgx_cpu cpu = encls_cpu();
	int ret;

	/* The provisioning key, and what else is not for everyone. */
	if (encl->attributes & ~encl->attributes_mask)
		return -EACCES;

	/* What the signer insists on must exist on this platform. */
	if (attributes->flags & mask->flags & ~sgx_core.attributes.flags)
		return -EINVAL;

	if (sigstruct->miscselect & sigstruct->miscmask & ~sgx_core.miscselect)
		return -EINVAL;

	if (attributes->xfrm & mask->xfrm & ~sgx_core.attributes.xfrm)
		return -EINVAL;

	/* Any signer may launch, as if the launch key MSRs were set to it. */
	sgx_sha256(&sgx_core, sigstruct->modulus, sizeof(sigstruct->modulus),
		   cpu.lepubkeyhash);

	/* From the question on, what the enclave has used stays as it is. */
	ret = sgx_encl_lock_secs(encl, false);
	if (ret)
		goto out_unlock;
	ret = sgx_access_init(&encl->access, encl->file, source, sigstruct,
			      cpu.lepubkeyhash);
	if (ret)
		goto out_unlock;
	ret = sgx_einit(&cpu, sigstruct, sgx_epc_operand(&encl->secs), token);
	if (sgx_faulted(ret)) {
		ret = -EIO;
	} else if (ret) {
		pr_debug("softsgx: EINIT returned %d\n", ret);
		ret = -EPERM;
	} else {
		sgx_access_initialised(&encl->access);
		set_bit(SGX_ENCL_INITIALIZED, &encl->flags);
	}
out_unlock:
	mutex_unlock(&encl->lock);
	return ret;
}

/*
 * SGX_IOC_ENCLAVE_INIT
 *
 * -EINVAL: not created, or initialised already; the vendor in SIGSTRUCT is
 *	neither 0 nor Intel; SIGSTRUCT wants what the platform does not have
 * -EFAULT: @arg or SIGSTRUCT cannot be read
 * -EACCES: an attribute that the enclave may not have, such as PROVISIONKEY; a
 *	privilege is refused: INIT or INITANON, DEBUG
 * -EPERM: EINIT refuses SIGSTRUCT
 * -EIO: EINIT faults
 */
static long ioc_init(struct sgx_encl *encl, void __user *arg)
{
	struct sgx_enclave_init params;
	struct sgx_sigstruct *sigstruct;
	struct sgx_einittoken *token;
	struct sgx_source source = {};
	int ret;

	if (!test_bit(SGX_ENCL_CREATED, &encl->flags) ||
	    test_bit(SGX_ENCL_INITIALIZED, &encl->flags))
		return -EINVAL;

	if (copy_from_user(&params, arg, sizeof(params)))
		return -EFAULT;

	/* EINIT wants SIGSTRUCT in a page of its own, and the token aligned. */
	BUILD_BUG_ON(sizeof(*sigstruct) > PAGE_SIZE / 2);
	sigstruct = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!sigstruct)
		return -ENOMEM;
	token = (void *)sigstruct + PAGE_SIZE / 2;

	ret = sgx_source_copy(sigstruct, params.sigstruct, sizeof(*sigstruct),
			      &source);
	if (ret)
		goto out_free;

	ret = -EINVAL;
	if (sigstruct->vendor && sigstruct->vendor != 0x8086)
		goto out_free;

	ret = encl_init(encl, &source, sigstruct, token);

out_free:
	if (source.file)
		fput(source.file);
	kfree(sigstruct);
	return ret;
}

/* PROVISION */

/*
 * SGX_IOC_ENCLAVE_PROVISION
 *
 * As in mainline, CREATE forgets what was granted before it.
 *
 * -EFAULT: @arg cannot be read
 * -EINVAL: fd is no descriptor of /dev/sgx_provision
 * -EACCES: the privilege PROVISION is refused
 */
static long ioc_provision(struct sgx_encl *encl, void __user *arg)
{
	struct sgx_enclave_provision params;
	struct file *filp;
	int ret = -EINVAL;

	if (copy_from_user(&params, arg, sizeof(params)))
		return -EFAULT;

	filp = fget((unsigned int)params.fd);
	if (!filp)
		return -EINVAL;

	if (sgx_is_provision_file(filp))
		ret = sgx_access_provision(&encl->access, filp);
	if (!ret)
		encl->attributes_mask |= SGX_ATTR_PROVISIONKEY;
	fput(filp);
	return ret;
}

/* SGX2 */

/**
 * struct page_change - a change of pages that an SGX2 ioctl makes
 * @encl:	enclave
 * @change:	changes the page at @addr, with &sgx_encl.lock held. Returns 0
 *		or an errno; for -EFAULT because of a leaf's error code it sets
 *		@result
 * @secinfo:	operand of the leaf
 * @result:	error code of the leaf
 */
struct page_change {
	struct sgx_encl *encl;
	int (*change)(struct page_change *op, struct sgx_encl_page *page,
		      unsigned long addr);
	struct sgx_secinfo secinfo;
	u64 result;
};

/* What the arguments of the SGX2 ioctls begin with. */
struct page_range {
	u64 offset;
	u64 length;
};

/*
 * What the SGX2 ioctls begin with: the argument is copied to @params, which is
 * one of the types that begin with struct page_range.
 *
 * -ENODEV: no SGX2
 * -EINVAL: the enclave is not initialised
 * -EFAULT: @arg cannot be read
 * -EINVAL: bad offset or length
 */
static int get_sgx2_params(const struct sgx_encl *encl, void *params,
			   const void __user *arg, size_t size)
{
	const struct page_range *range = params;

	if (!sgx_core.sgx2)
		return -ENODEV;

	if (!test_bit(SGX_ENCL_INITIALIZED, &encl->flags))
		return -EINVAL;

	if (copy_from_user(params, arg, size))
		return -EFAULT;

	return check_range(encl, range->offset, range->length);
}

#define ASSERT_PAGE_RANGE(type)                                      \
	static_assert(offsetof(type, offset) ==                      \
			      offsetof(struct page_range, offset) && \
		      offsetof(type, length) ==                      \
			      offsetof(struct page_range, length))

ASSERT_PAGE_RANGE(struct sgx_enclave_restrict_permissions);
ASSERT_PAGE_RANGE(struct sgx_enclave_modify_types);
ASSERT_PAGE_RANGE(struct sgx_enclave_remove_pages);

/* -EFAULT where there is no page, or what the change gives. */
static int change_pages(struct page_change *op, u64 offset, u64 length,
			u64 *count)
{
	unsigned long start = op->encl->base + offset;
	u64 done;
	int ret = 0;

	for (done = 0; done < length; done += PAGE_SIZE) {
		struct sgx_encl_page *page;

		page = sgx_encl_lock_page(op->encl, start + done);
		ret = page == ERR_PTR(-EIO) ? -EIO : -EFAULT;
		if (!IS_ERR_OR_NULL(page))
			ret = op->change(op, page, start + done);
		trace_sgx_change(op->encl->id, start + done, ret);
		mutex_unlock(&op->encl->lock);
		if (ret)
			break;
		cond_resched();
	}
	*count = done;
	return ret;
}

/*
 * ETRACK is once for all pages of an ioctl, where mainline does it after each:
 * until the ioctl returns, nobody can rely on it.
 */
static int change_and_track(struct page_change *op, u64 offset, u64 length,
			    u64 *count)
{
	int ret, track;

	ret = change_pages(op, offset, length, count);
	if (!*count)
		return ret;

	track = sgx_encl_lock_secs(op->encl, false);
	if (!track && sgx_encl_track(op->encl))
		track = -EFAULT;
	mutex_unlock(&op->encl->lock);
	return ret ? ret : track;
}

/* A leaf's outcome: a fault is -EFAULT, so is an error code, which is kept. */
static int change_result(struct page_change *op, int ret)
{
	if (!ret)
		return 0;
	if (!sgx_faulted(ret))
		op->result = ret;
	return -EFAULT;
}

static int restrict_page(struct page_change *op, struct sgx_encl_page *page,
			 unsigned long addr)
{
	struct sgx_cpu cpu = encls_cpu();

	if (sgx_page_type(sgx_page_state(page)) != SGX_PT_REG)
		return -EINVAL;

	return change_result(op, sgx_emodpr(&cpu, &op->secinfo,
					    sgx_epc_operand(page)));
}

/*
 * SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS
 *
 * The count of bytes that were changed and the leaf's error code are written
 * back, also when the call fails.
 *
 * -ENODEV, -EINVAL, -EFAULT: see get_sgx2_params()
 * -EINVAL: permissions other than R, W, X, or W without R; result or count is
 *	not 0; a page is not PT_REG
 * -EFAULT: no page; EMODPR fails, for the reason in result
 */
static long ioc_restrict_permissions(struct sgx_encl *encl, void __user *arg)
{
	struct page_change op = { .encl = encl, .change = restrict_page };
	struct sgx_enclave_restrict_permissions params;
	int ret;

	ret = get_sgx2_params(encl, &params, arg, sizeof(params));
	if (ret)
		return ret;

	if (params.permissions & ~SGX_SECINFO_FL_RWX)
		return -EINVAL;

	if (params.permissions & SGX_SECINFO_FL_W &&
	    !(params.permissions & SGX_SECINFO_FL_R))
		return -EINVAL;

	if (params.result || params.count)
		return -EINVAL;

	op.secinfo.flags = params.permissions;
	ret = change_and_track(&op, params.offset, params.length,
			       &params.count);
	params.result = op.result;

	if (copy_to_user(arg, &params, sizeof(params)))
		return -EFAULT;

	return ret;
}

/* The type that EMODT is to give. */
static enum sgx_page_type op_type(const struct page_change *op)
{
	return (op->secinfo.flags & SGX_SECINFO_FL_PT) >>
	       SGX_SECINFO_FL_PT_SHIFT;
}

static int modify_page(struct page_change *op, struct sgx_encl_page *page,
		       unsigned long addr)
{
	enum sgx_page_type old = sgx_page_type(sgx_page_state(page));
	bool to_tcs = op_type(op) == SGX_PT_TCS;
	unsigned long pgno = PFN_DOWN(addr);
	struct sgx_cpu cpu = encls_cpu();
	unsigned long ceiling;
	int ret;

	if (old != SGX_PT_REG && (old != SGX_PT_TCS || to_tcs))
		return -EINVAL;

	/* A TCS has RW, and a page does not get by its type what it had not. */
	ceiling = sgx_ceilings_get(&op->encl->ceilings, pgno);
	if (to_tcs && ~ceiling & (VM_READ | VM_WRITE))
		return -EPERM;

	ret = change_result(op, sgx_emodt(&cpu, &op->secinfo,
					  sgx_epc_operand(page)));
	if (ret)
		return ret;

	if (to_tcs)
		sgx_ceilings_set(&op->encl->ceilings, pgno, pgno,
				 VM_READ | VM_WRITE, GFP_KERNEL | __GFP_NOFAIL);
	return 0;
}

/*
 * SGX_IOC_ENCLAVE_MODIFY_TYPES
 *
 * The count of bytes that were changed and the leaf's error code are written
 * back, also when the call fails.
 *
 * -ENODEV, -EINVAL, -EFAULT: see get_sgx2_params()
 * -EINVAL: the type is neither TCS nor TRIM; result or count is not 0; a page's
 *	type cannot become that
 * -EPERM: a page that is to become a TCS was never to be readable and writable
 * -EFAULT: no page; EMODT fails, for the reason in result
 */
static long ioc_modify_types(struct sgx_encl *encl, void __user *arg)
{
	struct page_change op = { .encl = encl, .change = modify_page };
	struct sgx_enclave_modify_types params;
	int ret;

	ret = get_sgx2_params(encl, &params, arg, sizeof(params));
	if (ret)
		return ret;

	if (params.page_type & ~0xffULL)
		return -EINVAL;

	if (params.result || params.count)
		return -EINVAL;

	if (params.page_type == SGX_PT_TCS || params.page_type == SGX_PT_TRIM) {
		op.secinfo.flags = params.page_type << SGX_SECINFO_FL_PT_SHIFT;
		ret = change_and_track(&op, params.offset, params.length,
				       &params.count);
		params.result = op.result;
	} else {
		ret = -EINVAL;
	}

	if (copy_to_user(arg, &params, sizeof(params)))
		return -EFAULT;

	return ret;
}

/*
 * A page that is trimmed is in no page table, and the thread that accepted that
 * knew that no other was using it: what is left of it is freed.
 */
static int remove_page(struct page_change *op, struct sgx_encl_page *page,
		       unsigned long addr)
{
	u32 state = sgx_page_state(page);
	unsigned long pgno = PFN_DOWN(addr);

	if (sgx_page_type(state) != SGX_PT_TRIM || state & SGX_EPCM_MODIFIED)
		return -EPERM;

	sgx_encl_invalidate(op->encl);
	/* A page that can be evicted has an enclave. */
	sgx_reclaim_del(page);
	if (sgx_encl_eremove(page)) {
		sgx_reclaim_add(page);
		return -EBUSY;
	}

	sgx_ceilings_clear(&op->encl->ceilings, pgno, pgno);
	xa_erase(&op->encl->pages, pgno);
	sgx_encl_page_free_rcu(page);
	return 0;
}

/*
 * SGX_IOC_ENCLAVE_REMOVE_PAGES
 *
 * The count of bytes that were removed is written back, also when the call
 * fails.
 *
 * -ENODEV, -EINVAL, -EFAULT: see get_sgx2_params()
 * -EINVAL: count is not 0
 * -EFAULT: no page
 * -EPERM: a page is not trimmed, or the enclave has not accepted that
 * -EBUSY: a leaf in another thread has the page
 */
static long ioc_remove_pages(struct sgx_encl *encl, void __user *arg)
{
	struct page_change op = { .encl = encl, .change = remove_page };
	struct sgx_enclave_remove_pages params;
	int ret;

	ret = get_sgx2_params(encl, &params, arg, sizeof(params));
	if (ret)
		return ret;

	if (params.count)
		return -EINVAL;

	ret = change_pages(&op, params.offset, params.length, &params.count);

	if (copy_to_user(arg, &params, sizeof(params)))
		return -EFAULT;

	return ret;
}

static long dispatch(struct sgx_encl *encl, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case SGX_IOC_ENCLAVE_CREATE:
		return ioc_create(encl, arg);
	case SGX_IOC_ENCLAVE_ADD_PAGES:
		return ioc_add_pages(encl, arg);
	case SGX_IOC_ENCLAVE_INIT:
		return ioc_init(encl, arg);
	case SGX_IOC_ENCLAVE_PROVISION:
		return ioc_provision(encl, arg);
	case SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS:
		return ioc_restrict_permissions(encl, arg);
	case SGX_IOC_ENCLAVE_MODIFY_TYPES:
		return ioc_modify_types(encl, arg);
	case SGX_IOC_ENCLAVE_REMOVE_PAGES:
		return ioc_remove_pages(encl, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * sgx_ioctl() - &file_operations.unlocked_ioctl and compat_ioctl
 * @filp:	file of /dev/sgx_enclave
 * @cmd:	SGX_IOC_ENCLAVE_*
 * @arg:	user address of its argument
 *
 * Return: what the ioctl returns, see there; -EBUSY while another is under way;
 * -ENOTTY for an unknown one.
 */
long sgx_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct sgx_encl *encl = filp->private_data;
	long ret;

	if (test_and_set_bit(SGX_ENCL_IOCTL, &encl->flags))
		return -EBUSY;

	trace_sgx_ioctl_begin(encl->id, cmd);
	ret = dispatch(encl, cmd, (void __user *)arg);
	trace_sgx_ioctl_end(encl->id, cmd, ret);

	/* The next one sees all that this one did. */
	clear_bit_unlock(SGX_ENCL_IOCTL, &encl->flags);
	return ret;
}

/**
 * sgx_ioctl_init() - read the parameters of this file
 *
 * Return: 0, or -EINVAL for a value that source_check does not have.
 */
int sgx_ioctl_init(void)
{
	int choice = match_string(source_check_names,
				  ARRAY_SIZE(source_check_names),
				  source_check_param);

	if (choice < 0) {
		pr_err("softsgx: source_check=%s: not off, noexec or exec\n",
		       source_check_param);
		return -EINVAL;
	}
	source_check = choice;
	return 0;
}
