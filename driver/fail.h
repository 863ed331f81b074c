/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Points that can be made to fail, where it is none of the kernel's functions
 * that does: a leaf that has to be begun again, cryptography, a refusal, what
 * cannot be read back. On a kernel with CONFIG_FAULT_INJECTION they count for
 * /proc/PID/fail-nth, and have their parameters in the directory "fail" in
 * debugfs; elsewhere there is nothing of them. tests/fault walks them.
 */
#ifndef SOFTSGX_DRIVER_FAIL_H
#define SOFTSGX_DRIVER_FAIL_H

#include <linux/fault-inject.h>
#include <linux/types.h>

struct dentry;

#ifdef CONFIG_FAULT_INJECTION

extern struct fault_attr sgx_fail;

/**
 * sgx_should_fail() - shall this point fail
 *
 * Context: any.
 * Return: whether to go on as if what comes next had failed.
 */
static inline bool sgx_should_fail(void)
{
	return should_fail(&sgx_fail, 1);
}

static inline void sgx_fail_init(struct dentry *dir)
{
	fault_create_debugfs_attr("fail", dir, &sgx_fail);
}

#else

static inline bool sgx_should_fail(void)
{
	return false;
}

static inline void sgx_fail_init(struct dentry *dir)
{
}

#endif

#endif /* SOFTSGX_DRIVER_FAIL_H */
