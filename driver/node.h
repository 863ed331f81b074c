/* SPDX-License-Identifier: GPL-2.0 */
/* The size of the EPC, where mainline shows it. */
#ifndef SOFTSGX_DRIVER_NODE_H
#define SOFTSGX_DRIVER_NODE_H

void sgx_node_init(void);
void sgx_node_exit(void);

#endif /* SOFTSGX_DRIVER_NODE_H */
