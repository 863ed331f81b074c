/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before each file of the module on the kernel "kasan": assertions
 * with VM_BUG_ON_MM() call dump_mm(), which is not for modules.
 */
#include <linux/bug.h>
#include <linux/mmdebug.h>

#undef VM_BUG_ON_MM
#define VM_BUG_ON_MM(condition, mm) BUG_ON(condition)
