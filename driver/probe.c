// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints of the kernel, found by name: modules are not linked to them.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include "thread.h"

struct probe_search {
	const char *name;
	struct tracepoint *found;
};

static void probe_match(struct tracepoint *tp, void *data)
{
	struct probe_search *search = data;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

static struct tracepoint *probe_find(const char *name)
{
	struct probe_search search = { .name = name };

	for_each_kernel_tracepoint(probe_match, &search);
	return search.found;
}

/**
 * sgx_probe_register() - have a function called at a tracepoint
 * @name:	of the tracepoint, which is in the kernel itself
 * @probe:	function, with the tracepoint's arguments after a data pointer
 *
 * Return: 0, -ENOENT if the kernel has no such tracepoint, or what
 * tracepoint_probe_register() gives.
 */
int sgx_probe_register(const char *name, void *probe)
{
	struct tracepoint *tp = probe_find(name);

	if (!tp)
		return -ENOENT;
	return tracepoint_probe_register(tp, probe, NULL);
}

/**
 * sgx_probe_unregister() - undo sgx_probe_register()
 * @name:	of the tracepoint
 * @probe:	function
 *
 * The function is not running any more when this returns.
 */
void sgx_probe_unregister(const char *name, void *probe)
{
	tracepoint_probe_unregister(probe_find(name), probe, NULL);
	tracepoint_synchronize_unregister();
}
