// SPDX-License-Identifier: GPL-2.0
/*
 * softsgx: Intel SGX in software. Loading and unloading, in order.
 */
#include <linux/module.h>
#include "../access/access.h"
#include "../access/rules.h"
#include "cpuid.h"
#include "device.h"
#include "encl.h"
#include "epc.h"
#include "hooks.h"
#include "host.h"
#include "node.h"
#include "isolate.h"
#include "reclaim.h"
#include "stats.h"
#include "thread.h"

static int __init softsgx_init(void)
{
	int ret;

	ret = sgx_vma_init();
	if (ret)
		return ret;

	ret = sgx_ioctl_init();
	if (ret)
		return ret;

	ret = sgx_isolate_init();
	if (ret)
		return ret;

	ret = sgx_epc_init();
	if (ret)
		return ret;

	ret = sgx_host_init();
	if (ret)
		goto err_epc;

	ret = sgx_thread_init();
	if (ret)
		goto err_host;

	ret = sgx_encl_init();
	if (ret)
		goto err_thread;

	ret = sgx_reclaim_init();
	if (ret)
		goto err_encl;

	ret = sgx_hooks_init();
	if (ret)
		goto err_reclaim;

	ret = sgx_access_start();
	if (ret)
		goto err_hooks;

	ret = sgx_cpuid_init(sgx_rules_dir());
	if (ret)
		goto err_access;

	/* From here on enclaves can be built and entered. */
	ret = sgx_device_init();
	if (ret)
		goto err_cpuid;

	sgx_stats_init();
	sgx_node_init();
	return 0;

err_cpuid:
	sgx_cpuid_exit();
err_access:
	sgx_access_stop();
err_hooks:
	sgx_hooks_exit();
err_reclaim:
	sgx_reclaim_exit();
err_encl:
	sgx_encl_exit();
err_thread:
	sgx_thread_exit();
err_host:
	sgx_host_exit();
err_epc:
	sgx_epc_exit();
	return ret;
}

static void __exit softsgx_exit(void)
{
	sgx_node_exit();
	sgx_stats_exit();
	sgx_device_exit();
	sgx_cpuid_exit();
	sgx_access_stop();
	sgx_reclaim_exit();
	/* The end of an enclave looks for its threads, of which none is left. */
	sgx_encl_exit();
	sgx_hooks_exit();
	sgx_thread_exit();
	sgx_host_exit();
	sgx_epc_exit();
	sgx_isolate_exit();
}

module_init(softsgx_init);
module_exit(softsgx_exit);

MODULE_DESCRIPTION("Intel SGX in software");
MODULE_LICENSE("GPL");
