/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The places of the kernel where the driver listens, while there are enclaves.
 */
#ifndef SOFTSGX_DRIVER_HOOKS_H
#define SOFTSGX_DRIVER_HOOKS_H

int sgx_hooks_get(void);
void sgx_hooks_put(void);
int sgx_hooks_init(void);
void sgx_hooks_exit(void);

#endif /* SOFTSGX_DRIVER_HOOKS_H */
