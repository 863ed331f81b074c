// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/devices/system/node/node0/x86/sgx_total_bytes: the size of the EPC, as
 * mainline shows it for each node. Here the EPC is memory of any node; all of it
 * is shown for the first.
 */
#include <linux/cpu.h>
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include "epc.h"
#include "node.h"

static ssize_t sgx_total_bytes_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", sgx_epc_bytes());
}

static DEVICE_ATTR_RO(sgx_total_bytes);

static struct attribute *node_attrs[] = {
	&dev_attr_sgx_total_bytes.attr,
	NULL,
};

static const struct attribute_group node_group = {
	.name = "x86",
	.attrs = node_attrs,
};

/* The first node, NULL if the kernel knows no nodes. */
static struct kobject *node_kobj;
/* The directory was there. */
static bool node_merged;

/**
 * sgx_node_init() - show the size of the EPC
 *
 * Where that cannot be, a program finds as much as on a machine without nodes.
 */
void sgx_node_init(void)
{
	struct device *cpu = get_cpu_device(0);

	/* The kernel exports its nodes by no symbol, but they are devices. */
	if (cpu && cpu->kobj.kset)
		node_kobj = kset_find_obj(cpu->kobj.kset, "node0");
	if (!node_kobj)
		return;

	node_merged = !sysfs_merge_group(node_kobj, &node_group);
	if (!node_merged && sysfs_create_group(node_kobj, &node_group)) {
		kobject_put(node_kobj);
		node_kobj = NULL;
	}
}

/**
 * sgx_node_exit() - undo sgx_node_init()
 */
void sgx_node_exit(void)
{
	if (!node_kobj)
		return;
	if (node_merged)
		sysfs_unmerge_group(node_kobj, &node_group);
	else
		sysfs_remove_group(node_kobj, &node_group);
	kobject_put(node_kobj);
	node_kobj = NULL;
}
