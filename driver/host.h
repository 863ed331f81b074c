/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The platform that the driver makes: its SGX core, and the host that arch/
 * runs on.
 */
#ifndef SOFTSGX_DRIVER_HOST_H
#define SOFTSGX_DRIVER_HOST_H

#include "../arch/core.h"

/* Constant once sgx_host_init() has returned. */
extern struct sgx_core sgx_core;

int sgx_host_init(void);
void sgx_host_exit(void);

#endif /* SOFTSGX_DRIVER_HOST_H */
