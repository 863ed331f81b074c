/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The integer types that the SGX architecture is written in: the kernel's own
 * in the kernel, the same names from the compiler elsewhere.
 */
#ifndef SOFTSGX_TYPES_H
#define SOFTSGX_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
#endif

#endif /* SOFTSGX_TYPES_H */
