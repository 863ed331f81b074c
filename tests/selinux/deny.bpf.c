// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A second decider, independent of SELinux: refuses the privileges that a map
 * names, whoever asks.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../../include/uapi/softsgx.h"

#define EACCES 13

struct file;

/* A set of 1 << enum enclave_privilege. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} denied SEC(".maps");

SEC("lsm/file_ioctl")
int BPF_PROG(deny, struct file *file, unsigned int cmd, unsigned long arg,
	     int ret)
{
	__u32 n = cmd - ENCLAVE_PRIVILEGE_CMD(0);
	__u32 key = 0;
	__u32 *set;

	if (ret || n >= ENCLAVE_PRIVILEGES)
		return ret;
	set = bpf_map_lookup_elem(&denied, &key);
	return set && *set & 1U << n ? -EACCES : 0;
}

/* Helpers for tracing are for programs under the GPL. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
