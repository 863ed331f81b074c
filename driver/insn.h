/* SPDX-License-Identifier: GPL-2.0 */
/* The instruction that raised an exception, as it is in memory. */
#ifndef SOFTSGX_DRIVER_INSN_H
#define SOFTSGX_DRIVER_INSN_H

#include <linux/types.h>
#include <asm/ptrace.h>

int sgx_insn_byte(const struct pt_regs *regs, unsigned int at);
bool sgx_insn_prefix_is_ignored(u8 byte);
int sgx_insn_enclu(const struct pt_regs *regs);
int sgx_insn_is(const struct pt_regs *regs, const u8 *bytes, unsigned int len);

#endif /* SOFTSGX_DRIVER_INSN_H */
