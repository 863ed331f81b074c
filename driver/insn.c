// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction that raised an exception, as it is in memory.
 *
 * A processor knows what it has fetched. A handler reads it again, as data, and
 * by then it need not be there any more: the page has been evicted or reclaimed,
 * or another thread has unmapped it. That says nothing about the instruction,
 * which is to be executed once more: then it is fetched, or that is a page fault.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/uaccess.h>
#include <asm/insn.h>
#include <asm/pkru.h>
#include <asm/segment.h>
#include "../arch/sgx.h"
#include "insn.h"

static int insn_read(const u8 __user *from)
{
	u8 byte;

	if (copy_from_user_nofault(&byte, from, sizeof(byte)))
		return -EAGAIN;
	return byte;
}

/*
 * A #GP may also be that of the kernel's IRET, by which the program has not got
 * as far as RIP: of those without an error code the one for a null SS, which no
 * program runs with. In other code than 64-bit the segment may have a base.
 */
static bool insn_was_fetched(const struct pt_regs *regs)
{
	return user_64bit_mode((struct pt_regs *)regs) &&
	       regs->ss & ~SEGMENT_RPL_MASK;
}

/**
 * sgx_insn_byte() - read a byte of the instruction that raised an exception
 * @regs:	registers of the running thread at the exception, of user mode
 * @at:		which byte, from 0; one that the processor has fetched: the first,
 *		or one that follows from those before it
 *
 * Protection keys are no obstacle, as they are none to a fetch (SDM 3A,
 * "Protection Keys").
 *
 * Context: may be atomic.
 * Return: the byte; -EAGAIN if it is not there at this moment, so that the
 * instruction is to be executed once more; -EFAULT if nothing can be said: no
 * address of the program's, or it may be that nothing was fetched there.
 */
int sgx_insn_byte(const struct pt_regs *regs, unsigned int at)
{
	const u8 __user *from = (const u8 __user *)regs->ip + at;
	unsigned long flags;
	u32 pkru;
	int ret;

	if (regs->ip + at >= TASK_SIZE_MAX)
		return -EFAULT;
	ret = insn_read(from);
	if (ret >= 0)
		return ret;

	/* Not even an AEX comes between, which exchanges PKRU. */
	local_irq_save(flags);
	pkru = read_pkru();
	if (pkru) {
		write_pkru(0);
		ret = insn_read(from);
		write_pkru(pkru);
	}
	local_irq_restore(flags);
	return ret < 0 && !insn_was_fetched(regs) ? -EFAULT : ret;
}

static int insn_is(const struct pt_regs *regs, unsigned int at, const u8 *bytes,
		   unsigned int len)
{
	unsigned int i;
	int byte;

	for (i = 0; i < len; i++) {
		byte = sgx_insn_byte(regs, at + i);
		if (byte == -EAGAIN)
			return -EAGAIN;
		if (byte != bytes[i])
			return 0;
	}
	return 1;
}

/**
 * sgx_insn_is() - is it this instruction that raised an exception
 * @regs:	registers of the running thread at the exception, of user mode
 * @bytes:	the instruction
 * @len:	its length
 *
 * Context: may be atomic.
 * Return: 1 if it is, 0 if not or if nothing can be said, -EAGAIN as
 * sgx_insn_byte().
 */
int sgx_insn_is(const struct pt_regs *regs, const u8 *bytes, unsigned int len)
{
	return insn_is(regs, 0, bytes, len);
}

/**
 * sgx_insn_prefix_is_ignored() - is it a prefix that ENCLU ignores
 * @byte:	what stands before an opcode
 *
 * With 66H, F0H, F2H and F3H it is a #UD.
 *
 * Return: true for segment overrides, the address size and REX (SDM 3D, "ENCLU").
 */
bool sgx_insn_prefix_is_ignored(u8 byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x40 ... 0x4f:
	case 0x64:
	case 0x65:
	case 0x67:
		return true;
	default:
		return false;
	}
}

/**
 * sgx_insn_enclu() - is it ENCLU that raised a #UD
 * @regs:	registers of the running thread at the exception, of user mode
 *
 * Context: may be atomic.
 * Return: the length of the instruction if it is, with its prefixes; 0 if not or
 * if nothing can be said; -EAGAIN as sgx_insn_byte().
 */
int sgx_insn_enclu(const struct pt_regs *regs)
{
	static const u8 enclu[SGX_ENCLU_LEN] = { 0x0f, 0x01, 0xd7 };
	unsigned int at;
	int ret;

	/* Longer ones are a #GP. */
	for (at = 0; at < MAX_INSN_SIZE; at++) {
		ret = sgx_insn_byte(regs, at);
		if (ret < 0)
			return ret == -EAGAIN ? ret : 0;
		if (!sgx_insn_prefix_is_ignored(ret))
			break;
	}
	ret = insn_is(regs, at, enclu, sizeof(enclu));
	return ret > 0 ? at + sizeof(enclu) : ret;
}
