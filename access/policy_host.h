/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What policy.c needs of the system that it is compiled for. */
#ifndef SOFTSGX_POLICY_HOST_H
#define SOFTSGX_POLICY_HOST_H

#ifdef __KERNEL__
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

static inline void *policy_alloc(size_t n, size_t size)
{
	return kvcalloc(n, size, GFP_KERNEL_ACCOUNT);
}

static inline void policy_free(void *p)
{
	kvfree(p);
}

/* A policy may have very many lines. */
static inline void policy_breathe(void)
{
	cond_resched();
}
#else
#include <stdlib.h>
#include <string.h>

static inline void *policy_alloc(size_t n, size_t size)
{
	return calloc(n, size);
}

static inline void policy_free(void *p)
{
	free(p);
}

static inline void policy_breathe(void)
{
}
#endif

#endif /* SOFTSGX_POLICY_HOST_H */
