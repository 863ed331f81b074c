/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID as programs see it: a processor with SGX.
 */
#ifndef SOFTSGX_DRIVER_CPUID_H
#define SOFTSGX_DRIVER_CPUID_H

#include <linux/types.h>

struct dentry;
struct pt_regs;

bool sgx_cpuid_gp(struct pt_regs *regs, unsigned long trapnr,
		  unsigned long errcd);

int sgx_cpuid_init(struct dentry *dir);
void sgx_cpuid_exit(void);

#endif /* SOFTSGX_DRIVER_CPUID_H */
