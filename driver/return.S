/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What runs in place of a probed function that is to do nothing: the probe
 * points RIP here, where the return address is still on the stack. And how a
 * function is called that is known by its address only.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>

/* bool sgx_return_true(void) */
SYM_FUNC_START(sgx_return_true)
	movl	$1, %eax
	RET
SYM_FUNC_END(sgx_return_true)

/* int sgx_return_zero(void) */
SYM_FUNC_START(sgx_return_zero)
	xorl	%eax, %eax
	RET
SYM_FUNC_END(sgx_return_zero)

/*
 * int sgx_call_decoder(struct insn *insn, const void *bytes, int len,
 *			enum insn_mode mode, unsigned long function)
 *
 * A tail call of a function that may have no ENDBR.
 */
SYM_FUNC_START(sgx_call_decoder)
	pushq	%r8
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(sgx_call_decoder)
