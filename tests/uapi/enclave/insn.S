/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Instructions that fault, each with the label at the very byte: a test that
 * handles the exception sets RIP to just_ret, for the stack is as at entry.
 */
	.text
	.globl	just_ret
	.globl	insn_ud2, insn_div, insn_int3, insn_xm, insn_mf, insn_syscall
	.globl	insn_sysenter, insn_cpuid, insn_int80, insn_in, insn_out
	.globl	insn_hlt, insn_sgdt, insn_sldt, insn_smsw, insn_rdpmc, insn_encls
	.balign	32
	.globl	insns
insns:
insn_ud2:
	ud2
	ret
	.balign	32
	xor	%ecx, %ecx
	xor	%edx, %edx
insn_div:
	div	%ecx
	ret
	.balign	32
insn_int3:
	int3
	ret
	.balign	32
	ldmxcsr	xm_mxcsr(%rip)
	movss	one(%rip), %xmm0
	xorps	%xmm1, %xmm1
insn_xm:
	divss	%xmm1, %xmm0
	ret
	.balign	32
	fldcw	mf_fcw(%rip)
	fld1
	fldz
	fdivrp
insn_mf:
	fwait
	ret
	.balign	32
	mov	%rdi, %rax
insn_syscall:
	syscall
	ret
	.balign	32
insn_sysenter:
	sysenter
	ret
	.balign	32
	xor	%eax, %eax
	mov	%rbx, %r8
insn_cpuid:
	cpuid
	mov	%r8, %rbx
	ret
	.balign	32
	mov	%rdi, %rax
insn_int80:
	int	$0x80
	ret
	.balign	32
insn_in:
	in	(%dx), %al
	ret
	.balign	32
insn_out:
	out	%al, (%dx)
	ret
	.balign	32
insn_hlt:
	hlt
	ret
	.balign	32
insn_sgdt:
	sgdt	-16(%rsp)
	ret
	.balign	32
insn_sldt:
	sldt	%eax
	ret
	.balign	32
insn_smsw:
	smsw	%eax
	ret
	.balign	32
	xor	%ecx, %ecx
insn_rdpmc:
	rdpmc
	ret
	.balign	32
	xor	%eax, %eax
insn_encls:
	.byte	0x0f, 0x01, 0xcf
just_ret:
	ret

	.section .rodata
	.balign	4
xm_mxcsr:
	.long	0x1d80			/* divide by zero not masked */
one:
	.float	1.0
mf_fcw:
	.word	0x037b			/* likewise */

/* u64 do_read(u64 addr), void do_write(u64 addr, u64 value) */
	.text
	.globl	do_read, at_read, do_write, at_write
do_read:
at_read:
	mov	(%rdi), %rax
	ret
do_write:
at_write:
	mov	%rsi, (%rdi)
	ret

/*
 * void do_regs(void): struct op_regs is at GS:0. While it waits to be
 * interrupted no register holds anything but the pattern.
 */
	.globl	do_regs, regs_ud2
do_regs:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %gs:8
	.set	i, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	%gs:416 + 32 * i, %ymm\n
	.set	i, i + 1
	.endr
	ldmxcsr	%gs:272
	fninit
	fldcw	%gs:280
	.irp	n, 7, 6, 5, 4, 3, 2, 1, 0
	fldl	%gs:288 + 8 * \n
	.endr
	push	%gs:16
	popfq
	.set	i, 0
	.irp	r, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%gs:32 + 8 * i, %\r
	.set	i, i + 1
	.endr

	/* JRCXZ and the like need RCX: ask without touching the flags. */
	push	%gs:regs_how
	ret
	.globl	regs_by_ud2, regs_by_spin
regs_by_ud2:
regs_ud2:
	ud2
	jmp	regs_done
regs_by_spin:
	subq	$1, %gs:0
	jnz	regs_by_spin
regs_done:
	.set	i, 0
	.irp	r, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%\r, %gs:152 + 8 * i
	.set	i, i + 1
	.endr
	pushfq
	pop	%gs:24
	cld
	.set	i, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	%ymm\n, %gs:928 + 32 * i
	.set	i, i + 1
	.endr
	stmxcsr	%gs:276
	fnstcw	%gs:282
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	fstpl	%gs:352 + 8 * \n
	.endr
	fninit
	mov	%gs:8, %rax
	cmp	%rax, %rsp
	je	1f
	ud2
1:	vzeroall
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	/* Where do_regs() goes; its C caller sets it. */
	.set	regs_how, 4088
	.section .note.GNU-stack, "", @progbits
