/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device nodes.
 */
#ifndef SOFTSGX_DRIVER_DEVICE_H
#define SOFTSGX_DRIVER_DEVICE_H

#include <linux/types.h>

struct file;

int sgx_device_init(void);
void sgx_device_exit(void);
bool sgx_is_provision_file(const struct file *filp);

#endif /* SOFTSGX_DRIVER_DEVICE_H */
