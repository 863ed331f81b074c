/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What runs in place of a probed function that is to do nothing: the probe
 * points RIP here, where the return address is still on the stack.
 */
#include <linux/linkage.h>

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
