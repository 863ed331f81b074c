// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/sgx_enclave, where each open file is an enclave, and /dev/sgx_provision,
 * a descriptor of which is the right to use the provisioning key.
 */
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/cpufeature.h>
#include "compat.h"
#include "device.h"
#include "encl.h"
#include "isolate.h"

static int sgx_open(struct inode *inode, struct file *filp)
{
	struct sgx_encl *encl = sgx_encl_alloc(inode);

	if (IS_ERR(encl))
		return PTR_ERR(encl);

	encl->file = filp;
	filp->private_data = encl;
	filp->f_mapping = &encl->mapping;
	return 0;
}

static int sgx_release(struct inode *inode, struct file *filp)
{
	sgx_encl_release(filp->private_data);
	return 0;
}

/*
 * -EINVAL for a private mapping (the pages are shared with the enclave in any
 * case), otherwise as sgx_encl_ask_map().
 */
static int sgx_mmap(struct file *filp, struct vm_area_struct *vma)
{
	int ret;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;

	ret = sgx_encl_ask_map(filp->private_data, vma->vm_start, vma->vm_end,
			       vma->vm_flags);
	if (ret)
		return ret;

	ret = sgx_isolate_map(vma);
	if (ret)
		return ret;

	/* Where it is in the enclave, see &sgx_encl.mapping. */
	vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	vma->vm_ops = &sgx_vm_ops;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_IO);
	return 0;
}

static unsigned long
sgx_get_unmapped_area(struct file *filp, unsigned long addr, unsigned long len,
		      unsigned long pgoff, unsigned long flags)
{
	if ((flags & MAP_TYPE) == MAP_PRIVATE)
		return -EINVAL;

	if (flags & MAP_FIXED)
		return addr;

	return sgx_choose_area(filp, addr, len, pgoff, flags);
}

static const struct file_operations sgx_enclave_fops = {
	.owner = THIS_MODULE,
	.open = sgx_open,
	.release = sgx_release,
	.unlocked_ioctl = sgx_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = sgx_ioctl,
#endif
	.mmap = sgx_mmap,
	.get_unmapped_area = sgx_get_unmapped_area,
};

static const struct file_operations sgx_provision_fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice sgx_enclave_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sgx_enclave",
	.nodename = "sgx_enclave",
	.fops = &sgx_enclave_fops,
};

static struct miscdevice sgx_provision_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sgx_provision",
	.nodename = "sgx_provision",
	.fops = &sgx_provision_fops,
};

/**
 * sgx_is_provision_file() - is this a file of /dev/sgx_provision
 * @filp:	file
 *
 * Return: whether it is.
 */
bool sgx_is_provision_file(const struct file *filp)
{
	return filp->f_op == &sgx_provision_fops;
}

/**
 * sgx_device_init() - make the device nodes
 *
 * Return: 0; -EEXIST where the kernel drives SGX hardware and has them; or what
 * misc_register() gives.
 */
int sgx_device_init(void)
{
	int ret;

	if (boot_cpu_has(X86_FEATURE_SGX)) {
		pr_err("softsgx: the kernel drives real SGX here\n");
		return -EEXIST;
	}

	ret = misc_register(&sgx_provision_device);
	if (ret)
		return ret;

	ret = misc_register(&sgx_enclave_device);
	if (ret)
		goto err_provision;
	return 0;

err_provision:
	misc_deregister(&sgx_provision_device);
	return ret;
}

/**
 * sgx_device_exit() - remove the device nodes
 *
 * No file is open: each pins the module.
 */
void sgx_device_exit(void)
{
	misc_deregister(&sgx_enclave_device);
	misc_deregister(&sgx_provision_device);
}
