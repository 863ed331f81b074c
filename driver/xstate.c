// SPDX-License-Identifier: GPL-2.0
/*
 * What of a thread is not in its general registers: the FS and GS bases, and
 * the extended state, between the processor and the XSAVE area of an SSA frame.
 *
 * The kernel keeps the extended state of a thread that is not in the registers
 * in its fpstate, in the standard or (XSAVES) in the compacted format. An AEX
 * makes the kernel put it there, takes it from there, and leaves the initial
 * state; the kernel loads that on its way back to user mode. The XSAVE area of
 * an SSA frame is always in the standard format (SDM 3D, AEX operation).
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/fpu/xstate.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include "compat.h"
#include "fsgs.h"
#include "thread.h"

#define XSTATE_LEAF	   0x0d
#define XSTATE_ALIGNED	   BIT(1) /* CPUID.(EAX=0DH, ECX=i):ECX */
#define XSTATE_HEADER	   512
#define XSTATE_HEADER_SIZE 64
#define XSTATE_LEGACY_SIZE 512
#define XSTATE_MAX	   63
#define MXCSR_INIT	   0x1f80
#define FCW_INIT	   0x037f

/*
 * Components that an enclave can have in XFRM. PKRU is not among them: it
 * belongs to the isolation of the enclave from its process; nor is AMX, whose
 * state the kernel gives a thread only when the thread has asked for it.
 */
#define SGX_XFRM_POSSIBLE \
	(XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | XFEATURE_MASK_AVX512)

/* Components that the compacted format aligns to 64 bytes. */
static u64 xstate_aligned;
static u32 mxcsr_mask;

DEFINE_STATIC_KEY_FALSE(sgx_fsgs_by_msr);

static void write_fsgs_msr(u64 fsbase, u64 gsbase)
{
	wrmsrl(MSR_FS_BASE, fsbase);
	wrmsrl(MSR_KERNEL_GS_BASE, gsbase);
	/* The kernel does not read them back when it switches threads. */
	current->thread.fsbase = fsbase;
	current->thread.gsbase = gsbase;
}

/**
 * sgx_fsgs_read_msr() - sgx_fsgs_read() without FSGSBASE
 * @cpu:	the thread's logical processor
 */
void sgx_fsgs_read_msr(struct sgx_cpu *cpu)
{
	rdmsrl(MSR_FS_BASE, cpu->fsbase);
	rdmsrl(MSR_KERNEL_GS_BASE, cpu->gsbase);
}

/**
 * sgx_fsgs_enter_msr() - sgx_fsgs_enter() without FSGSBASE
 * @cpu:	the thread's logical processor
 */
void sgx_fsgs_enter_msr(struct sgx_cpu *cpu)
{
	rdmsrl(MSR_FS_BASE, cpu->save_fsbase);
	rdmsrl(MSR_KERNEL_GS_BASE, cpu->save_gsbase);
	write_fsgs_msr(cpu->fsbase, cpu->gsbase);
}

/**
 * sgx_fsgs_leave_msr() - sgx_fsgs_leave() without FSGSBASE
 * @cpu:	the thread's logical processor
 */
void sgx_fsgs_leave_msr(struct sgx_cpu *cpu)
{
	write_fsgs_msr(cpu->save_fsbase, cpu->save_gsbase);
}

/* Where component @i is in the kernel's own area @xsave. */
static void *xstate_component(struct xregs_state *xsave, unsigned int i)
{
	u64 compacted = xsave->header.xcomp_bv;
	unsigned int offset = XSTATE_HEADER + XSTATE_HEADER_SIZE;
	unsigned int j;

	if (!(compacted & XCOMP_BV_COMPACTED_FORMAT))
		return (void *)xsave + sgx_core.xstate[i].offset;

	for (j = FIRST_EXTENDED_XFEATURE; j <= i; j++) {
		if (!(compacted & BIT_ULL(j)))
			continue;
		if (xstate_aligned & BIT_ULL(j))
			offset = ALIGN(offset, 64);
		if (j < i)
			offset += sgx_core.xstate[j].size;
	}
	return (void *)xsave + offset;
}

/* Copy to (@src set) or clear @len bytes at @offset of a scattered area. */
static void pages_write(void *const *pages, unsigned int offset,
			const void *src, unsigned int len)
{
	while (len) {
		unsigned int in_page = offset & ~PAGE_MASK;
		unsigned int part =
			min_t(unsigned int, len, PAGE_SIZE - in_page);
		void *dst = pages[offset >> PAGE_SHIFT] + in_page;

		if (src) {
			memcpy(dst, src, part);
			src += part;
		} else {
			memset(dst, 0, part);
		}
		offset += part;
		len -= part;
	}
}

static void pages_read(void *const *pages, unsigned int offset, void *dst,
		       unsigned int len)
{
	while (len) {
		unsigned int in_page = offset & ~PAGE_MASK;
		unsigned int part =
			min_t(unsigned int, len, PAGE_SIZE - in_page);

		memcpy(dst, pages[offset >> PAGE_SHIFT] + in_page, part);
		dst += part;
		offset += part;
		len -= part;
	}
}

static void legacy_init_x87(struct fxregs_state *legacy)
{
	legacy->cwd = FCW_INIT;
	legacy->swd = 0;
	legacy->twd = 0;
	legacy->fop = 0;
	legacy->rip = 0;
	legacy->rdp = 0;
	memset(legacy->st_space, 0, sizeof(legacy->st_space));
}

/* The x87 and SSE part of the kernel's area, with its initial parts filled in. */
static void legacy_from_kernel(const struct xregs_state *xsave,
			       struct fxregs_state *legacy)
{
	u64 present = xsave->header.xfeatures;

	memcpy(legacy, &xsave->i387, sizeof(*legacy));
	if (!(present & XFEATURE_MASK_FP))
		legacy_init_x87(legacy);
	if (!(present & XFEATURE_MASK_SSE)) {
		memset(legacy->xmm_space, 0, sizeof(legacy->xmm_space));
		/* XSAVES writes MXCSR only along with the SSE component. */
		if (xsave->header.xcomp_bv & XCOMP_BV_COMPACTED_FORMAT)
			legacy->mxcsr = MXCSR_INIT;
	}
	legacy->mxcsr_mask = mxcsr_mask;
}

/* Into the kernel's area, of which neither part is in use. */
static void legacy_synthesise(struct xregs_state *xsave,
			      const struct sgx_synthetic *synthetic)
{
	struct fxregs_state *legacy = &xsave->i387;

	if (synthetic->fcw != FCW_INIT || synthetic->fsw) {
		legacy_init_x87(legacy);
		legacy->cwd = synthetic->fcw;
		legacy->swd = synthetic->fsw;
		xsave->header.xfeatures |= XFEATURE_MASK_FP;
	}
	legacy->mxcsr = synthetic->mxcsr;
	/* XRSTORS takes MXCSR from memory only along with the SSE component. */
	if (xsave->header.xcomp_bv & XCOMP_BV_COMPACTED_FORMAT) {
		memset(legacy->xmm_space, 0, sizeof(legacy->xmm_space));
		xsave->header.xfeatures |= XFEATURE_MASK_SSE;
	}
}

/**
 * sgx_xsave() - save the extended state of the running thread in an SSA frame
 * @cpu:	the thread's logical processor
 * @xfrm:	components
 * @pages:	pages of the XSAVE area
 * @n:		how many
 * @synthetic:	what the thread goes on with
 *
 * As XSAVE with @xfrm to the pages, standard format. The thread goes on with
 * the initial state of those components, but for @synthetic.
 *
 * Context: the running thread; interrupts may be off; not in an NMI and not
 * while the kernel itself uses the FPU (irq_fpu_usable()).
 */
void sgx_xsave(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
	       unsigned int n, const struct sgx_synthetic *synthetic)
{
	/* The area begins with a page. */
	struct xregs_state *area = pages[0];
	struct xstate_header header = {};
	struct xregs_state *xsave;
	unsigned int i;

	kernel_fpu_begin_mask(0);
	xsave = &sgx_current_fpu()->fpstate->regs.xsave;

	legacy_from_kernel(xsave, &area->i387);
	header.xfeatures = xsave->header.xfeatures & xfrm;
	area->header = header;

	for (i = FIRST_EXTENDED_XFEATURE; i < XSTATE_MAX; i++) {
		const struct sgx_xstate *xstate = &sgx_core.xstate[i];
		bool present = header.xfeatures & BIT_ULL(i);

		if (!(xfrm >> i))
			break;
		if (xfrm & BIT_ULL(i))
			pages_write(pages, xstate->offset,
				    present ? xstate_component(xsave, i) : NULL,
				    xstate->size);
	}

	xsave->header.xfeatures &= ~xfrm;
	legacy_synthesise(xsave, synthetic);
	kernel_fpu_end();
}

/* Which headers and which MXCSR XRSTOR refuses: SDM volume 1, 13.8. */
static bool xstate_valid(const struct xstate_header *header, u32 mxcsr,
			 u64 xfrm)
{
	return !(header->xfeatures & ~xfrm) && !header->xcomp_bv &&
	       !header->reserved[0] && !(mxcsr & ~mxcsr_mask);
}

/**
 * sgx_xrstor() - load the extended state of the running thread
 * @cpu:	the thread's logical processor
 * @xfrm:	components
 * @pages:	pages of the XSAVE area
 * @n:		how many
 *
 * As XRSTOR with @xfrm from the pages, standard format. The area belongs to an
 * enclave that may write to it at any time: it is read once.
 *
 * Context: as for sgx_xsave().
 * Return: 0, or SGX_FAULT | SGX_VECTOR_GP for a header or an MXCSR that XRSTOR
 * refuses; nothing has changed then.
 */
int sgx_xrstor(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
	       unsigned int n)
{
	const struct xregs_state *area = pages[0];
	u32 mxcsr = READ_ONCE(area->i387.mxcsr);
	struct xstate_header header;
	struct xregs_state *xsave;
	unsigned int i;

	memcpy(&header, &area->header, sizeof(header));
	/* It is read once: what follows works on this copy. */
	barrier();
	if (!xstate_valid(&header, mxcsr, xfrm))
		return sgx_gp(cpu);

	kernel_fpu_begin_mask(0);
	xsave = &sgx_current_fpu()->fpstate->regs.xsave;

	memcpy(&xsave->i387, &area->i387, sizeof(xsave->i387));
	xsave->i387.mxcsr = mxcsr;
	if (!(header.xfeatures & XFEATURE_MASK_FP))
		legacy_init_x87(&xsave->i387);
	if (!(header.xfeatures & XFEATURE_MASK_SSE)) {
		memset(xsave->i387.xmm_space, 0, sizeof(xsave->i387.xmm_space));
		/* MXCSR is loaded all the same: SDM volume 1, 13.8.1. */
		if (mxcsr != MXCSR_INIT)
			header.xfeatures |= XFEATURE_MASK_SSE;
	}

	for (i = FIRST_EXTENDED_XFEATURE; i < XSTATE_MAX; i++) {
		const struct sgx_xstate *xstate = &sgx_core.xstate[i];

		if (!(header.xfeatures >> i))
			break;
		if (header.xfeatures & BIT_ULL(i))
			pages_read(pages, xstate->offset,
				   xstate_component(xsave, i), xstate->size);
	}

	xsave->header.xfeatures &= ~xfrm;
	xsave->header.xfeatures |= header.xfeatures;
	kernel_fpu_end();
	return 0;
}

/* The kernel's own area, with x87 and SSE in it whatever was initial. */
static struct xregs_state *vector_area(void)
{
	struct xregs_state *xsave = &sgx_current_fpu()->fpstate->regs.xsave;
	struct fxregs_state legacy;

	legacy_from_kernel(xsave, &legacy);
	xsave->i387 = legacy;
	xsave->header.xfeatures |= XFEATURE_MASK_FPSSE;
	return xsave;
}

/* Bytes of component @i that a register has, NULL if it is initial. */
static u8 *vector_part(struct xregs_state *xsave, unsigned int i,
		       unsigned int offset)
{
	if (!(xsave->header.xfeatures & BIT_ULL(i)))
		return NULL;
	return (u8 *)xstate_component(xsave, i) + offset;
}

/**
 * sgx_vector_get() - read a vector register of the running thread
 * @reg:	number, 0 to 15
 * @value:	YMM register, returned
 *
 * Context: as for sgx_xsave().
 */
void sgx_vector_get(unsigned int reg, u8 value[SGX_VECTOR_SIZE])
{
	struct xregs_state *xsave;
	const u8 *upper;

	memset(value, 0, SGX_VECTOR_SIZE);
	kernel_fpu_begin_mask(0);
	xsave = vector_area();
	memcpy(value, (u8 *)xsave->i387.xmm_space + 16 * reg, 16);
	upper = vector_part(xsave, XFEATURE_YMM, 16 * reg);
	if (upper)
		memcpy(value + 16, upper, 16);
	kernel_fpu_end();
}

/**
 * sgx_vector_set() - write a vector register of the running thread
 * @reg:	number, 0 to 15
 * @value:	YMM register
 * @vex:	what the register has above that is cleared
 *
 * Context: as for sgx_xsave().
 */
void sgx_vector_set(unsigned int reg, const u8 value[SGX_VECTOR_SIZE], bool vex)
{
	struct xregs_state *xsave;
	u8 *upper;

	kernel_fpu_begin_mask(0);
	xsave = vector_area();
	memcpy((u8 *)xsave->i387.xmm_space + 16 * reg, value, 16);

	upper = vector_part(xsave, XFEATURE_YMM, 16 * reg);
	if (!upper && memchr_inv(value + 16, 0, 16)) {
		memset(xstate_component(xsave, XFEATURE_YMM), 0,
		       sgx_core.xstate[XFEATURE_YMM].size);
		xsave->header.xfeatures |= XFEATURE_MASK_YMM;
		upper = vector_part(xsave, XFEATURE_YMM, 16 * reg);
	}
	if (upper)
		memcpy(upper, value + 16, 16);

	upper = vector_part(xsave, XFEATURE_ZMM_Hi256, 32 * reg);
	if (vex && upper)
		memset(upper, 0, 32);
	kernel_fpu_end();
}

/* With FRED there is no SWAPGS: it is #UD. Kernels before 6.9 know no FRED. */
static bool has_fred(void)
{
#ifdef X86_FEATURE_FRED
	return cpu_feature_enabled(X86_FEATURE_FRED);
#else
	return false;
#endif
}

/**
 * sgx_xstate_init() - describe the machine's XSAVE area to the platform
 * @core:	platform; its xstate and attributes.xfrm are filled in
 *
 * Source: SDM volume 1, 13.2 (CPUID leaf 0DH).
 */
void sgx_xstate_init(struct sgx_core *core)
{
	u32 eax, ebx, ecx, edx;
	unsigned int i;

	if (!cpu_feature_enabled(X86_FEATURE_FSGSBASE) ||
	    cpu_feature_enabled(X86_FEATURE_XENPV) || has_fred())
		static_branch_enable(&sgx_fsgs_by_msr);

	core->attributes.xfrm = xgetbv(XCR_XFEATURE_ENABLED_MASK) &
				SGX_XFRM_POSSIBLE;

	for (i = FIRST_EXTENDED_XFEATURE; i < XSTATE_MAX; i++) {
		/* The compacted format needs the others' sizes as well. */
		cpuid_count(XSTATE_LEAF, i, &eax, &ebx, &ecx, &edx);
		core->xstate[i].size = eax;
		core->xstate[i].offset = ebx;
		if (ecx & XSTATE_ALIGNED)
			xstate_aligned |= BIT_ULL(i);
	}

	/* SDM volume 1, 11.6.6: what FXSAVE gives, or a default. */
	kernel_fpu_begin();
	{
		struct fxregs_state fx __aligned(16) = {};

		asm volatile("fxsave %0" : "+m"(fx));
		mxcsr_mask = fx.mxcsr_mask ?: 0xffbf;
	}
	kernel_fpu_end();
}
