/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's security modules. */
#ifndef SOFTSGX_ACCESS_LSM_H
#define SOFTSGX_ACCESS_LSM_H

#include "../include/uapi/softsgx.h"

struct file;

int sgx_lsm_ask(struct file *object, enum enclave_privilege privilege);

#endif /* SOFTSGX_ACCESS_LSM_H */
