/* SPDX-License-Identifier: GPL-2.0 */
/* What root can do to enclaves that hardware and its owner can, or cannot. */
#ifndef SOFTSGX_DRIVER_DEBUG_H
#define SOFTSGX_DRIVER_DEBUG_H

struct dentry;

void sgx_debug_init(struct dentry *dir);

#endif /* SOFTSGX_DRIVER_DEBUG_H */
