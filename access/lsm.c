// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's security modules, asked by the one of their hooks that modules
 * may call and that takes a file and a number: an ioctl. This is the only file
 * that knows.
 */
#include <linux/fs.h>
#include <linux/security.h>
#include "../driver/fail.h"
#include "lsm.h"

/**
 * sgx_lsm_ask() - ask the security modules for a privilege
 * @object:	file that the privilege is asked of
 * @privilege:	which one
 *
 * Each module that has the hook is asked, in the kernel's order, and the first
 * to refuse ends it; none is special here. A module that refuses writes its own
 * record.
 *
 * Context: process context, may sleep; may be called with the mmap_lock held,
 * as the modules' own hooks of mprotect() are.
 * Return: 0, or the errno of the module that refuses, mostly -EACCES.
 */
int sgx_lsm_ask(struct file *object, enum enclave_privilege privilege)
{
	if (sgx_should_fail())
		return -EACCES;
	return security_file_ioctl(object, ENCLAVE_PRIVILEGE_CMD(privilege), 0);
}
