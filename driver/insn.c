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
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/pkru.h>
#include <asm/segment.h>
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
	u32 pkru;
	int ret;

	if (regs->ip + at >= TASK_SIZE_MAX)
		return -EFAULT;
	ret = insn_read(from);
	if (ret >= 0)
		return ret;

	preempt_disable();
	pkru = read_pkru();
	if (pkru) {
		write_pkru(0);
		ret = insn_read(from);
		write_pkru(pkru);
	}
	preempt_enable();
	return ret < 0 && !insn_was_fetched(regs) ? -EFAULT : ret;
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
	unsigned int i;
	int byte;

	for (i = 0; i < len; i++) {
		byte = sgx_insn_byte(regs, i);
		if (byte == -EAGAIN)
			return -EAGAIN;
		if (byte != bytes[i])
			return 0;
	}
	return 1;
}
