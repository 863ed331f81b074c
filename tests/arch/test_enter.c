// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * EENTER, ERESUME, EEXIT, EDECCSSA and the AEX: each failure that the SDM lists
 * is a row of a table, in the SDM's order, and leaves everything as it was.
 */
#include <pthread.h>
#include "world.h"

/* Failures */

static void prepare_nothing(struct world *w)
{
	(void)w;
}

static void prepare_nested(struct world *w)
{
	enter(w);
	aex(w);
	enter(w);
	compute(w, 0xe2);
}

static int run_eenter(struct world *w)
{
	return host_eenter(w->cpu);
}

static int run_eresume(struct world *w)
{
	return host_eresume(w->cpu);
}

static int run_eexit(struct world *w)
{
	return host_eexit(w->cpu);
}

static int run_edeccssa(struct world *w)
{
	return sgx_edeccssa(w->cpu);
}

static const struct shape usual;
static const struct leaf eenter = { "EENTER", run_eenter, prepare_nothing };
static const struct leaf eresume = { "ERESUME", run_eresume, interrupt };
static const struct leaf edeccssa = { "EDECCSSA", run_edeccssa,
				      prepare_nested };

#define SPOIL_TCS(name, field)                     \
	static void name(struct world *w, u64 arg) \
	{                                          \
		w->tcs->field = arg;               \
	}

SPOIL_TCS(tcs_ossa, ossa)
SPOIL_TCS(tcs_ofsbase, ofsbase)
SPOIL_TCS(tcs_ogsbase, ogsbase)
SPOIL_TCS(tcs_flags, flags)
SPOIL_TCS(tcs_cssa, cssa)
SPOIL_TCS(tcs_oentry, oentry)
SPOIL_TCS(tcs_state, state)

static void secs_clear(struct world *w, u64 arg)
{
	w->secs->attributes.flags &= ~arg;
}

static void secs_set(struct world *w, u64 arg)
{
	w->secs->attributes.flags |= arg;
}

static void secs_xfrm(struct world *w, u64 arg)
{
	w->secs->attributes.xfrm = arg;
}

static void frame_rip(struct world *w, u64 arg)
{
	gpr(w, 0)->rip = arg;
}

static void frame_fsbase(struct world *w, u64 arg)
{
	gpr(w, 0)->fsbase = arg;
}

static void frame_gsbase(struct world *w, u64 arg)
{
	gpr(w, 0)->gsbase = arg;
}

/* The XSAVE header says that a component is there that XFRM does not have. */
static void frame_xsave(struct world *w, u64 arg)
{
	memcpy((u8 *)host_at(w->host, SSA_LA) + XSAVE_HEADER, &arg,
	       sizeof(arg));
}

/* clang-format off */

/* EENTER and ERESUME alike: the TCS and the SECS. */
#define TCS_ROWS							\
	{ "RBX is not page aligned", add_rbx, 8, GP, 0, 0 },		\
	{ "RBX is not canonical", add_rbx, 1ULL << 60, GP, 0, 0 },	\
	{ "RBX is not mapped", unmap, TCS_LA,				\
	  PF, TCS_LA, SGX_PFEC_U | SGX_PFEC_W },			\
	{ "RBX is mapped read-only", map_read_only, TCS_LA,		\
	  PF, TCS_LA, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },		\
	{ "RBX is no EPC page", map_ordinary, TCS_LA,			\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "AEP is not canonical", set_rcx, BAD_ADDR, GP, 0, 0 },	\
	{ "TCS is in use by another leaf", lock_exclusive, TCS_LA,	\
	  GP, 0, 0 },							\
	{ "TCS is not valid", invalid, TCS_LA,				\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "TCS is blocked", blocked, TCS_LA,				\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "TCS has another address", other_address, TCS_LA,		\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "TCS is a regular page", type_reg, TCS_LA,			\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "TCS is pending", pending, TCS_LA,				\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "TCS is modified", modified, TCS_LA,				\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "OSSA is not page aligned", tcs_ossa, 0x1010, GP, 0, 0 },	\
	{ "SSA is not canonical", tcs_ossa, 1ULL << 60, GP, 0, 0 },	\
	{ "OFSBASE is not page aligned", tcs_ofsbase, 0x11800, GP, 0, 0 }, \
	{ "OGSBASE is not page aligned", tcs_ogsbase, 1, GP, 0, 0 },	\
	{ "TCS.FLAGS bit 2", tcs_flags, 4, GP, 0, 0 },			\
	{ "TCS.FLAGS bit 63", tcs_flags, 1ULL << 63, GP, 0, 0 },	\
	{ "enclave is not initialised", secs_clear, SGX_ATTR_INIT,	\
	  GP, 0, 0 },							\
	{ "enclave is not 64-bit", secs_clear, SGX_ATTR_MODE64BIT,	\
	  GP, 0, 0 },							\
	{ "XFRM is no subset of XCR0", secs_xfrm, 0x203, GP, 0, 0 },	\
	{ "AEXNOTIFY in the TCS only", tcs_flags, SGX_TCS_AEXNOTIFY,	\
	  GP, 0, 0 },							\
	{ "AEXNOTIFY in the SECS only", secs_set, SGX_ATTR_AEXNOTIFY,	\
	  GP, 0, 0 }

/* A page of an SSA frame at @la, reported at @addr. */
#define PAGE_ROWS(la, addr)						\
	{ "SSA is not mapped", unmap, la,				\
	  PF, la, SGX_PFEC_U | SGX_PFEC_W },				\
	{ "SSA is mapped read-only", map_read_only, la,			\
	  PF, la, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },		\
	{ "SSA is no EPC page", map_ordinary, la,			\
	  PF, addr, PFEC_EPCM_W },					\
	{ "SSA is not valid", invalid, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA is blocked", blocked, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA is pending", pending, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA is modified", modified, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA has another address", other_address, la,			\
	  PF, addr, PFEC_EPCM_W },					\
	{ "SSA is a TCS", type_tcs, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA is trimmed", type_trim, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA is another enclave's", other_secs, la,			\
	  PF, addr, PFEC_EPCM_W },					\
	{ "SSA is not writable", no_write, la, PF, addr, PFEC_EPCM_W },	\
	{ "SSA is not accessible", no_access, la,			\
	  PF, addr, PFEC_EPCM_W }

static const struct row eenter_rows[] = {
	TCS_ROWS,
	{ "no frame is free", tcs_cssa, 2, GP, 0, 0 },
	{ "CSSA is beyond NSSA", tcs_cssa, 0xffffffff, GP, 0, 0 },
	PAGE_ROWS(SSA_LA, SSA_LA),
	{ "entry point is not canonical", tcs_oentry, BAD_ADDR, GP, 0, 0 },
	{ "FS base is not canonical", tcs_ofsbase, BAD_ADDR, GP, 0, 0 },
	{ "GS base is not canonical", tcs_ogsbase, BAD_ADDR, GP, 0, 0 },
	{ "TCS is active", tcs_state, SGX_TCS_ACTIVE, GP, 0, 0 },
};

static const struct row eresume_rows[] = {
	TCS_ROWS,
	{ "no frame is in use", tcs_cssa, 0, GP, 0, 0 },
	PAGE_ROWS(SSA_LA, SSA_LA),
	{ "RIP in the frame is not canonical", frame_rip, BAD_ADDR, GP, 0, 0 },
	{ "FS base in the frame is not canonical", frame_fsbase, BAD_ADDR,
	  GP, 0, 0 },
	{ "GS base in the frame is not canonical", frame_gsbase, BAD_ADDR,
	  GP, 0, 0 },
	{ "TCS is active", tcs_state, SGX_TCS_ACTIVE, GP, 0, 0 },
	{ "XRSTOR refuses the frame", frame_xsave, 4, GP, 0, 0 },
};

static const struct row edeccssa_rows[] = {
	{ "TCS is in use by another leaf", lock_exclusive, TCS_LA, GP, 0, 0 },
	{ "CSSA is 0", tcs_cssa, 0, GP, 0, 0 },
	PAGE_ROWS(SSA_LA, SSA_LA),
};

/* clang-format on */

static void test_eenter_failures(void **state)
{
	(void)state;
	RUN_ROWS(&eenter, &usual, eenter_rows);
	RUN_ORDER(&eenter, &usual, eenter_rows);
}

static void test_eresume_failures(void **state)
{
	(void)state;
	RUN_ROWS(&eresume, &usual, eresume_rows);
	RUN_ORDER(&eresume, &usual, eresume_rows);
}

static void test_edeccssa_failures(void **state)
{
	(void)state;
	RUN_ROWS(&edeccssa, &usual, edeccssa_rows);
	RUN_ORDER(&edeccssa, &usual, edeccssa_rows);
}

/* With DBGOPTIN, TCS.FLAGS.AEXNOTIFY and the attribute may differ. */
static void test_aexnotify_mismatch_debugged(void **state)
{
	const struct shape only_secs = { .attributes = SGX_ATTR_AEXNOTIFY,
					 .tcs_flags = SGX_TCS_DBGOPTIN };
	const struct shape only_tcs = { .tcs_flags = SGX_TCS_DBGOPTIN |
						     SGX_TCS_AEXNOTIFY };
	const struct shape *shapes[] = { &only_secs, &only_tcs };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct world *w = world_new(shapes[i]);

		interrupt(w);
		assert_int_equal(host_eresume(w->cpu), 0);
		world_free(w);
	}
}

/* Frames of several pages: three of XSAVE area, the GPR area in a fourth. */
#define BIG_SHAPE                                                   \
	{                                                           \
		.xfrm = 0xe4, .ssaframesize = 4, .big_xstate = true \
	}
#define BIG_PAGE(n) (SSA_LA + (n)*SGX_PAGE_SIZE)
#define BIG_GPR	    (BIG_PAGE(4) - sizeof(struct sgx_gprsgx))

static void test_frame_failures(void **state)
{
	const struct shape shape = BIG_SHAPE;
	static const struct row rows[] = {
		PAGE_ROWS(BIG_PAGE(0), BIG_PAGE(0)),
		PAGE_ROWS(BIG_PAGE(1), BIG_PAGE(1)),
		PAGE_ROWS(BIG_PAGE(2), BIG_PAGE(2)),
		PAGE_ROWS(BIG_PAGE(3), BIG_GPR),
	};

	(void)state;
	RUN_ROWS(&eenter, &shape, rows);
	RUN_ROWS(&eresume, &shape, rows);
	RUN_ROWS(&edeccssa, &shape, rows);
	RUN_ORDER(&eenter, &shape, rows);
}

/* Good paths */

static void test_eenter(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_gprsgx *frame = gpr(w, 0);
	struct sgx_regs expected;

	(void)state;
	/* With two prefixes. */
	w->cpu->enclu_len = SGX_ENCLU_LEN + 2;
	w->regs->rflags = 0x202 | ARITHMETIC | SGX_RFLAGS_DF | SGX_RFLAGS_RF |
			  SGX_RFLAGS_TF;
	expected = *w->regs;
	expected.rax = 0;
	expected.rcx = USER_RIP + SGX_ENCLU_LEN + 2;
	expected.rip = ENCLAVE_BASE + OENTRY;
	expected.rflags &= ~(SGX_RFLAGS_RF | SGX_RFLAGS_TF);

	assert_int_equal(host_eenter(w->cpu), 0);
	assert_memory_equal(w->regs, &expected, sizeof(expected));
	assert_int_equal(w->hc->fsbase, ENCLAVE_BASE + OFSBASE);
	assert_int_equal(w->hc->gsbase, ENCLAVE_BASE + OGSBASE);
	assert_int_equal(w->tcs->state, SGX_TCS_ACTIVE);
	assert_int_equal(w->tcs->aep, AEP);
	assert_int_equal(w->tcs->cssa, 0);
	assert_int_equal(frame->ursp, expected.rsp);
	assert_int_equal(frame->urbp, expected.rbp);

	assert_ptr_equal(w->cpu->secs, w->encl->secs);
	assert_ptr_equal(w->cpu->tcs, host_epcm(w->host, TCS_LA));
	assert_int_equal(w->cpu->tcs_la, TCS_LA);
	assert_int_equal(w->cpu->base, ENCLAVE_BASE);
	assert_int_equal(w->cpu->size, ENCLAVE_SIZE);
	assert_int_equal(w->cpu->epoch, w->secs->hidden.epoch);
	assert_ptr_equal(w->cpu->gprsgx, frame);
	assert_int_equal(w->cpu->xsave_pages, 1);
	assert_ptr_equal(w->cpu->xsave[0], host_at(w->host, SSA_LA));
	assert_int_equal(w->cpu->save_fsbase, USER_FS);
	assert_int_equal(w->cpu->save_gsbase, USER_GS);
	assert_int_equal(w->cpu->save_tf, SGX_RFLAGS_TF);
	assert_int_equal(w->cpu->tcs->lock, 0);
	world_free(w);
}

static void test_eexit(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_regs expected;

	(void)state;
	enter(w);
	compute(w, 0xe1);
	w->regs->rbx = USER_RIP + 0x50;
	expected = *w->regs;
	expected.rip = USER_RIP + 0x50;
	expected.rcx = AEP;
	w->regs->rflags |= SGX_RFLAGS_RF;

	assert_int_equal(host_eexit(w->cpu), 0);
	assert_memory_equal(w->regs, &expected, sizeof(expected));
	assert_int_equal(w->hc->fsbase, USER_FS);
	assert_int_equal(w->hc->gsbase, USER_GS);
	assert_int_equal(w->tcs->state, SGX_TCS_INACTIVE);
	assert_int_equal(w->tcs->cssa, 0);
	assert_false(sgx_enclave_mode(w->cpu));
	enter(w);
	world_free(w);
}

static void test_eexit_not_canonical(void **state)
{
	const struct leaf eexit = { "EEXIT", run_eexit, enter };
	const struct row row = { "RBX is not canonical", NULL, 0, GP, 0, 0 };
	struct world *w = world_new(&usual);

	(void)state;
	enter(w);
	compute(w, 0xe1);
	w->regs->rbx = BAD_ADDR;
	fails(w, &eexit, &row);
	world_free(w);
}

/* Through the dispatcher: RIP is the leaf's, RAX too. */
static void test_through_enclu(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	assert_int_equal(sgx_enclu(w->cpu), 0);
	assert_int_equal(w->regs->rip, ENCLAVE_BASE + OENTRY);
	aex(w);
	assert_int_equal(sgx_enclu(w->cpu), 0);
	assert_int_equal(w->regs->rip, IN_RIP);
	aex(w);
	enter(w);
	w->regs->rax = SGX_EDECCSSA;
	w->regs->rip = IN_RIP;
	w->regs->rflags |= SGX_RFLAGS_RF;
	w->cpu->enclu_len++;
	assert_int_equal(sgx_enclu(w->cpu), 0);
	assert_int_equal(w->regs->rip, IN_RIP + SGX_ENCLU_LEN + 1);
	assert_false(w->regs->rflags & SGX_RFLAGS_RF);
	w->regs->rax = SGX_EEXIT;
	w->regs->rbx = USER_RIP;
	assert_int_equal(sgx_enclu(w->cpu), 0);
	assert_int_equal(w->regs->rip, USER_RIP);
	assert_int_equal(w->regs->rax, SGX_EEXIT);
	world_free(w);
}

/* A state component for which struct sgx_cpu has no pages is not offered. */
static void test_xstate_too_large(void **state)
{
	const u32 limit = SGX_XSAVE_PAGES * SGX_PAGE_SIZE;
	struct host *host = host_new(1);

	(void)state;
	host->core.attributes.xfrm = 0x607;
	host->core.xstate[9] = (struct sgx_xstate){ limit - 64, 64 };
	host->core.xstate[10] = (struct sgx_xstate){ limit - 64, 65 };
	sgx_core_init(&host->core);
	assert_int_equal(host->core.attributes.xfrm, 0x207);
	host_free(host);
}

/* RFLAGS.TF: kept from an enclave that nobody debugs, and given back. */
static void test_trap_flag(void **state)
{
	static const struct {
		u64 tcs_flags;
		u64 outside;
		u64 inside;
	} rows[] = {
		{ 0, 0, 0 },
		{ 0, SGX_RFLAGS_TF, 0 },
		{ SGX_TCS_DBGOPTIN, 0, 0 },
		{ SGX_TCS_DBGOPTIN, SGX_RFLAGS_TF, SGX_RFLAGS_TF },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shape shape = { .tcs_flags = rows[i].tcs_flags };
		struct world *w = world_new(&shape);

		w->regs->rflags |= rows[i].outside;
		assert_int_equal(host_eenter(w->cpu), 0);
		assert_int_equal(w->regs->rflags, 0x202 | rows[i].inside);
		host_aex(w->cpu, NULL);
		assert_int_equal(w->regs->rflags, 0x202 | rows[i].outside);
		assert_int_equal(gpr(w, 0)->rflags, 0x202);

		assert_int_equal(host_eresume(w->cpu), 0);
		assert_int_equal(w->regs->rflags, 0x202 | rows[i].inside);
		w->regs->rbx = USER_RIP;
		assert_int_equal(host_eexit(w->cpu), 0);
		assert_int_equal(w->regs->rflags, 0x202 | rows[i].outside);
		world_free(w);
	}
}

static void assert_gprs_saved(const struct sgx_gprsgx *frame,
			      const struct sgx_regs *regs)
{
	const u64 saved[] = {
		frame->rax, frame->rbx, frame->rcx, frame->rdx, frame->rsi,
		frame->rdi, frame->rsp, frame->rbp, frame->r8,	frame->r9,
		frame->r10, frame->r11, frame->r12, frame->r13, frame->r14,
		frame->r15, frame->rip,
	};
	const u64 live[] = {
		regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsi,
		regs->rdi, regs->rsp, regs->rbp, regs->r8,  regs->r9,
		regs->r10, regs->r11, regs->r12, regs->r13, regs->r14,
		regs->r15, regs->rip,
	};

	assert_memory_equal(saved, live, sizeof(saved));
}

/* The synthetic state, with @outside the registers of the entry. */
static void assert_synthetic(const struct sgx_regs *regs,
			     const struct sgx_regs *outside,
			     const struct sgx_regs *inside)
{
	struct sgx_regs expected = { 0 };

	expected.rax = SGX_ERESUME;
	expected.rbx = TCS_LA;
	expected.rcx = AEP;
	expected.rip = AEP;
	expected.rsp = outside->rsp;
	expected.rbp = outside->rbp;
	expected.rflags = inside->rflags & ~(ARITHMETIC | SGX_RFLAGS_RF);
	expected.unused1 = regs->unused1;
	expected.unused2 = regs->unused2;
	expected.unused3 = regs->unused3;
	assert_memory_equal(regs, &expected, sizeof(expected));
}

static void fill_xstate(struct host_cpu *hc, u64 xfrm, u64 size, u8 seed)
{
	const u32 mxcsr = 0x1fa0;
	u64 i;

	for (i = 0; i < size; i++)
		hc->xstate[i] = (u8)(i * 7 + seed);
	memset(hc->xstate + XSAVE_HEADER, 0, 64);
	memcpy(hc->xstate + XSAVE_HEADER, &xfrm, sizeof(xfrm));
	memcpy(hc->xstate + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

/* SDM volume 3D, table "GPR, x87 Synthetic States". */
static void assert_xstate_synthetic(const struct host_cpu *hc, u16 fcw, u16 fsw,
				    u32 mxcsr)
{
	u8 expected[sizeof(hc->xstate)] = { 0 };

	memcpy(expected, &fcw, sizeof(fcw));
	memcpy(expected + 2, &fsw, sizeof(fsw));
	memcpy(expected + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	assert_memory_equal(hc->xstate, expected, sizeof(expected));
}

/* All registers of an enclave, out by an AEX and in again by ERESUME. */
static void round_trip(const struct shape *shape, u64 flags)
{
	struct world *w = world_new(shape);
	u64 xfrm = w->secs->attributes.xfrm;
	u64 size = sgx_xsave_size(&w->host->core, xfrm);
	struct sgx_regs outside, inside;
	struct host_cpu live;

	at_enclu(w, SGX_EENTER);
	outside = *w->regs;
	assert_int_equal(host_eenter(w->cpu), 0);
	compute(w, 0xe1);
	w->regs->rflags |= flags;
	fill_xstate(w->hc, xfrm, size, 3);
	inside = *w->regs;
	live = *w->hc;

	host_aex(w->cpu, NULL);
	assert_gprs_saved(gpr(w, 0), &inside);
	assert_int_equal(gpr(w, 0)->rflags, inside.rflags);
	assert_int_equal(gpr(w, 0)->fsbase, IN_FS);
	assert_int_equal(gpr(w, 0)->gsbase, IN_GS);
	assert_int_equal(gpr(w, 0)->exitinfo, 0);
	assert_synthetic(w->regs, &outside, &inside);
	assert_xstate_synthetic(w->hc, 0x37f, 0, 0x1fb0);
	assert_int_equal(w->hc->fsbase, USER_FS);
	assert_int_equal(w->hc->gsbase, USER_GS);
	assert_int_equal(w->tcs->cssa, 1);
	assert_int_equal(w->tcs->state, SGX_TCS_INACTIVE);
	assert_false(sgx_enclave_mode(w->cpu));

	fill_xstate(w->hc, 3, 576, 9);
	at_enclu(w, SGX_ERESUME);
	w->regs->rcx = AEP + 0x40;
	w->regs->rflags = 0x202 | (~flags & ARITHMETIC);
	inside.unused1 = w->regs->unused1;
	inside.unused2 = w->regs->unused2;
	inside.unused3 = w->regs->unused3;
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_memory_equal(w->regs, &inside, sizeof(inside));
	assert_memory_equal(w->hc->xstate, live.xstate, size);
	assert_int_equal(w->hc->fsbase, IN_FS);
	assert_int_equal(w->hc->gsbase, IN_GS);
	assert_int_equal(w->tcs->cssa, 0);
	assert_int_equal(w->tcs->aep, AEP + 0x40);
	assert_int_equal(w->tcs->state, SGX_TCS_ACTIVE);
	assert_ptr_equal(w->cpu->gprsgx, gpr(w, 0));
	assert_int_equal(w->cpu->save_fsbase, USER_FS);

	/* The frame that was freed is the one that the next AEX fills. */
	aex(w);
	assert_int_equal(w->tcs->cssa, 1);
	assert_int_equal(w->regs->rsp, outside.rsp);
	world_free(w);
}

static void test_round_trip(void **state)
{
	const struct shape avx512 = { .xfrm = 0xe4 };
	const struct shape two_pages = { .ssaframesize = 2 };
	const struct shape big = BIG_SHAPE;
	const struct shape big_tight = { .xfrm = 0xe4,
					 .ssaframesize = 3,
					 .big_xstate = true };

	(void)state;
	round_trip(&usual, 0);
	round_trip(&usual, ARITHMETIC | SGX_RFLAGS_DF | SGX_RFLAGS_NT |
				   SGX_RFLAGS_RF | SGX_RFLAGS_AC |
				   SGX_RFLAGS_ID);
	round_trip(&avx512, SGX_RFLAGS_CF);
	round_trip(&two_pages, 0);
	round_trip(&big, SGX_RFLAGS_ZF);
	round_trip(&big_tight, SGX_RFLAGS_OF);
}

/* What ERESUME takes from RFLAGS of a frame that the enclave has written. */
static void test_eresume_rflags(void **state)
{
	const u64 taken = ARITHMETIC | SGX_RFLAGS_DF | SGX_RFLAGS_NT |
			  SGX_RFLAGS_AC | SGX_RFLAGS_ID | SGX_RFLAGS_RF;
	struct world *w = world_new(&usual);

	(void)state;
	interrupt(w);
	gpr(w, 0)->rflags = ~0ULL;
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(w->regs->rflags, 0x202 | taken);
	aex(w);
	at_enclu(w, SGX_ERESUME);
	w->regs->rflags = 0x202 | taken;
	gpr(w, 0)->rflags = 0;
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(w->regs->rflags, 0x202);
	world_free(w);
}

/* An exception, and what EXITINFO says with and without MISCSELECT.EXINFO. */
static const struct {
	struct sgx_fault fault;
	u32 plain;
	u32 exinfo;
} vectors[] = {
#define HARDWARE(v) (SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | (v))
#define SOFTWARE(v) (SGX_EXITINFO_VALID | SGX_EXITINFO_SOFTWARE | (v))
	{ { SGX_VECTOR_DE, 0, 0 }, HARDWARE(0), HARDWARE(0) },
	{ { SGX_VECTOR_DB, 0, 0 }, HARDWARE(1), HARDWARE(1) },
	{ { 2, 0, 0 }, 0, 0 }, /* NMI */
	{ { SGX_VECTOR_BP, 0, 0 }, SOFTWARE(3), SOFTWARE(3) },
	{ { 4, 0, 0 }, 0, 0 }, /* #OF */
	{ { SGX_VECTOR_BR, 0, 0 }, HARDWARE(5), HARDWARE(5) },
	{ { SGX_VECTOR_UD, 0, 0 }, HARDWARE(6), HARDWARE(6) },
	{ { 7, 0, 0 }, 0, 0 },	/* #NM */
	{ { 8, 0, 0 }, 0, 0 },	/* #DF */
	{ { 10, 4, 0 }, 0, 0 }, /* #TS */
	{ { 11, 4, 0 }, 0, 0 }, /* #NP */
	{ { 12, 4, 0 }, 0, 0 }, /* #SS */
	{ { SGX_VECTOR_GP, 0x18, 0 }, 0, HARDWARE(13) },
	{ { SGX_VECTOR_PF, PFEC_EPCM_W, SSA_LA + 8 }, 0, HARDWARE(14) },
	{ { SGX_VECTOR_PF, SGX_PFEC_U, 0x10 }, 0, HARDWARE(14) },
	{ { SGX_VECTOR_PF, SGX_PFEC_P, 0x10 }, 0, 0 }, /* supervisor */
	{ { SGX_VECTOR_MF, 0, 0 }, HARDWARE(16), HARDWARE(16) },
	{ { SGX_VECTOR_AC, 0, 0 }, HARDWARE(17), HARDWARE(17) },
	{ { 18, 0, 0 }, 0, 0 }, /* #MC */
	{ { SGX_VECTOR_XM, 0, 0 }, HARDWARE(19), HARDWARE(19) },
	{ { 20, 0, 0 }, 0, 0 }, /* #VE */
	{ { SGX_VECTOR_CP, 3, 0 }, 0, 0 },
};

static void assert_exinfo(const struct sgx_exinfo *exinfo,
			  const struct sgx_fault *fault, bool written)
{
	struct sgx_exinfo expected;

	memset(&expected, 0xa5, sizeof(expected));
	if (written) {
		expected.maddr = fault->vector == SGX_VECTOR_PF ? fault->addr
								: 0;
		expected.errcd = fault->errcd;
		expected.reserved = 0;
	}
	assert_memory_equal(exinfo, &expected, sizeof(expected));
}

static void exitinfo(unsigned int i, u32 miscselect)
{
	const struct shape shape = { .miscselect = miscselect };
	const struct sgx_fault *fault = &vectors[i].fault;
	struct world *w = world_new(&shape);
	struct sgx_gprsgx *frame = gpr(w, 0);
	struct sgx_exinfo *exinfo = (struct sgx_exinfo *)frame - 1;
	bool conditional = fault->vector == SGX_VECTOR_GP ||
			   fault->vector == SGX_VECTOR_PF;
	u32 expected = miscselect ? vectors[i].exinfo : vectors[i].plain;

	enter(w);
	compute(w, 0xe1);
	memset(exinfo, 0xa5, sizeof(*exinfo));
	frame->exitinfo = 0xffffffff;
	frame->aexnotify = 1;
	w->cpu->fault = *fault;
	host_aex(w->cpu, &w->cpu->fault);
	assert_int_equal(frame->exitinfo, expected);
	assert_int_equal(frame->aexnotify, 1);
	assert_exinfo(exinfo, fault, expected && conditional);
	assert_int_equal(w->regs->rip, AEP);
	assert_int_equal(w->tcs->cssa, 1);
	if (fault->vector == SGX_VECTOR_MF)
		assert_xstate_synthetic(w->hc, 0x37e, 0x8081, 0x1fb0);
	else if (fault->vector == SGX_VECTOR_XM)
		assert_xstate_synthetic(w->hc, 0x37f, 0, 0x1f01);
	else
		assert_xstate_synthetic(w->hc, 0x37f, 0, 0x1fb0);
	world_free(w);
}

static void test_exitinfo(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		exitinfo(i, 0);
		exitinfo(i, SGX_MISC_EXINFO);
	}
}

/* An exception handler inside: entered at CSSA 1, it repairs frame 0. */
static void test_nested(void **state)
{
	const struct row full = { "both frames in use", NULL, 0, GP, 0, 0 };
	struct world *w = world_new(&usual);
	u64 rsp;

	(void)state;
	enter(w);
	aex(w);
	enter(w);
	rsp = gpr(w, 1)->ursp;
	assert_int_equal(w->regs->rax, 1);
	assert_int_equal(w->tcs->cssa, 1);
	assert_ptr_equal(w->cpu->gprsgx, gpr(w, 1));
	gpr(w, 0)->rip += 2;

	/* Interrupted itself, no frame is left. */
	compute(w, 0xe2);
	host_aex(w->cpu, NULL);
	assert_int_equal(w->tcs->cssa, 2);
	assert_int_equal(w->regs->rsp, rsp);
	at_enclu(w, SGX_EENTER);
	fails(w, &eenter, &full);

	at_enclu(w, SGX_ERESUME);
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(w->regs->rdx, gpr(w, 1)->rdx);
	w->regs->rbx = USER_RIP;
	assert_int_equal(host_eexit(w->cpu), 0);
	assert_int_equal(w->tcs->cssa, 1);
	at_enclu(w, SGX_ERESUME);
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(w->regs->rip, IN_RIP + 2);
	assert_int_equal(w->tcs->cssa, 0);
	world_free(w);
}

/* The handler inside gives up its frame and goes on as the code it handled. */
static void test_edeccssa(void **state)
{
	const struct shape shapes[] = { { 0 }, BIG_SHAPE };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct world *w = world_new(&shapes[i]);
		struct sgx_regs before;
		u64 rsp;

		prepare_nested(w);
		before = *w->regs;
		rsp = gpr(w, 0)->ursp;
		assert_int_equal(sgx_edeccssa(w->cpu), 0);
		assert_memory_equal(w->regs, &before, sizeof(before));
		assert_int_equal(w->tcs->cssa, 0);
		assert_ptr_equal(w->cpu->gprsgx, gpr(w, 0));
		assert_ptr_equal(w->cpu->xsave[0], host_at(w->host, SSA_LA));
		assert_int_equal(w->cpu->tcs->lock, 0);
		host_aex(w->cpu, NULL);
		assert_int_equal(w->tcs->cssa, 1);
		assert_gprs_saved(gpr(w, 0), &before);
		assert_int_equal(w->regs->rsp, rsp);
		world_free(w);
	}
}

/* A host that lets nobody write to TCS and SSA but the processor. */
static void test_own_writes(void **state)
{
	struct world *w = world_new(&usual);
	u64 la;

	(void)state;
	map_read_only(w, TCS_LA);
	host_pte(w->host, TCS_LA)->state = true;
	for (la = SSA_LA; la < SSA_LA + 2 * SGX_PAGE_SIZE;
	     la += SGX_PAGE_SIZE) {
		map_read_only(w, la);
		host_pte(w->host, la)->state = true;
	}
	prepare_nested(w);
	assert_int_equal(sgx_edeccssa(w->cpu), 0);
	aex(w);
	assert_int_equal(w->tcs->cssa, 1);
	w->regs->rax = SGX_ERESUME;
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(w->tcs->cssa, 0);
	world_free(w);
}

/* AEX notifications */

#define NOTIFY_SHAPE                              \
	{                                         \
		.attributes = SGX_ATTR_AEXNOTIFY, \
		.tcs_flags = SGX_TCS_AEXNOTIFY    \
	}

static void interrupt_notify(struct world *w)
{
	interrupt(w);
	gpr(w, 0)->aexnotify = SGX_GPRSGX_AEXNOTIFY;
}

static void test_aexnotify(void **state)
{
	const struct shape shape = NOTIFY_SHAPE;
	struct world *w = world_new(&shape);
	struct sgx_regs expected;

	(void)state;
	interrupt_notify(w);
	expected = *w->regs;
	expected.rax = 1;
	expected.rcx = USER_RIP + SGX_ENCLU_LEN;
	expected.rip = ENCLAVE_BASE + OENTRY;

	assert_int_equal(host_eresume(w->cpu), 0);
	assert_memory_equal(w->regs, &expected, sizeof(expected));
	assert_xstate_synthetic(w->hc, 0x37f, 0, 0x1fb0);
	assert_int_equal(w->hc->fsbase, ENCLAVE_BASE + OFSBASE);
	assert_int_equal(w->tcs->cssa, 1);
	assert_int_equal(w->tcs->aep, AEP);
	assert_int_equal(gpr(w, 1)->ursp, expected.rsp);
	assert_int_equal(gpr(w, 1)->urbp, expected.rbp);
	assert_ptr_equal(w->cpu->gprsgx, gpr(w, 1));

	/* Handled; on as if nothing had been, and out by an AEX from there. */
	assert_int_equal(sgx_edeccssa(w->cpu), 0);
	aex(w);
	assert_int_equal(w->tcs->cssa, 1);
	world_free(w);
}

/* Each of the two bits alone, and other bits of the byte: ERESUME as ever. */
static void test_aexnotify_not_asked(void **state)
{
	const struct shape shapes[] = { NOTIFY_SHAPE, { 0 } };
	const u8 bytes[] = { 0xfe, 0x01 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct world *w = world_new(&shapes[i]);

		interrupt(w);
		gpr(w, 0)->aexnotify = bytes[i];
		assert_int_equal(host_eresume(w->cpu), 0);
		assert_int_equal(w->regs->rip, IN_RIP);
		assert_int_equal(w->tcs->cssa, 0);
		world_free(w);
	}
}

static void test_aexnotify_failures(void **state)
{
	const struct shape shape = NOTIFY_SHAPE;
	const struct leaf notify = { "ERESUME, notification", run_eresume,
				     interrupt_notify };
	static const struct row rows[] = {
		PAGE_ROWS(SSA_LA, SSA_LA),
		PAGE_ROWS(SSA_LA + SGX_PAGE_SIZE, SSA_LA + SGX_PAGE_SIZE),
		{ "entry point is not canonical", tcs_oentry, BAD_ADDR, GP, 0,
		  0 },
		{ "FS base is not canonical", tcs_ofsbase, BAD_ADDR, GP, 0, 0 },
		{ "GS base is not canonical", tcs_ogsbase, BAD_ADDR, GP, 0, 0 },
		{ "TCS is active", tcs_state, SGX_TCS_ACTIVE, GP, 0, 0 },
	};
	const struct row full = { "no frame is free", NULL, 0, GP, 0, 0 };
	struct world *w;

	(void)state;
	RUN_ROWS(&notify, &shape, rows);
	RUN_ORDER(&notify, &shape, rows);

	w = world_new(&shape);
	interrupt(w);
	enter(w);
	aex(w);
	at_enclu(w, SGX_ERESUME);
	gpr(w, 1)->aexnotify = SGX_GPRSGX_AEXNOTIFY;
	fails(w, &notify, &full);
	world_free(w);
}

/* Executing again */

/* SGX_RETRY at each translation in turn: nothing has changed, and again. */
static void retries(const struct leaf *leaf, const struct shape *shape,
		    const u64 *walks, unsigned int n)
{
	struct world *w = world_new(shape);
	unsigned int i;

	leaf->prepare(w);
	sgx_forget(w->cpu);
	for (i = 0; i < n; i++) {
		struct snapshot *snap = snapshot_take(w->host);

		host_pte(w->host, walks[i])->retry = 1;
		assert_int_equal(leaf->run(w), SGX_RETRY);
		snapshot_unchanged(w->host, snap);
	}
	assert_int_equal(leaf->run(w), 0);
	world_free(w);
}

static void test_retry(void **state)
{
	const struct shape big = BIG_SHAPE;
	const struct shape notify = NOTIFY_SHAPE;
	const struct leaf notification = { "ERESUME, notification", run_eresume,
					   interrupt_notify };
	const u64 entry[] = { TCS_LA, BIG_PAGE(0), BIG_PAGE(1), BIG_PAGE(2),
			      BIG_PAGE(3) };
	const u64 two[] = { TCS_LA, SSA_LA, SSA_LA + SGX_PAGE_SIZE };

	(void)state;
	retries(&eenter, &big, entry, 5);
	retries(&eresume, &big, entry, 5);
	retries(&edeccssa, &big, entry + 1, 4);
	retries(&notification, &notify, two, 3);
}

/* The usual entry translates two addresses and no more. */
static unsigned int walks;
static const struct sgx_host_ops *real_ops;
static struct sgx_host_ops counting_ops;

static int walk_counted(struct sgx_cpu *cpu, u64 la, u32 access,
			struct sgx_epcm **epcm)
{
	walks++;
	return real_ops->walk(cpu, la, access, epcm);
}

static void hook_walk(struct world *w,
		      int (*walk)(struct sgx_cpu *cpu, u64 la, u32 access,
				  struct sgx_epcm **epcm))
{
	real_ops = w->host->core.ops;
	counting_ops = *real_ops;
	counting_ops.walk = walk;
	w->host->core.ops = &counting_ops;
	walks = 0;
}

static void test_walks_of_an_entry(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	hook_walk(w, walk_counted);
	assert_int_equal(host_eenter(w->cpu), 0);
	assert_int_equal(walks, 2);
	world_free(w);
}

/* Entering again: what the last entry saw is not looked up any more. */

static void leave(struct world *w)
{
	compute(w, 0xe2);
	w->regs->rbx = USER_RIP;
	assert_int_equal(host_eexit(w->cpu), 0);
	at_enclu(w, SGX_EENTER);
}

static void enter_and_leave(struct world *w)
{
	enter(w);
	leave(w);
}

static void entered_again(const struct shape *shape)
{
	struct world *w = world_new(shape);
	struct sgx_cpu first;

	enter(w);
	first = *w->cpu;
	leave(w);
	hook_walk(w, walk_counted);
	enter(w);
	assert_int_equal(walks, 0);
	assert_memory_equal(w->cpu, &first, sizeof(first));

	aex(w);
	at_enclu(w, SGX_ERESUME);
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(walks, 0);
	assert_int_equal(w->regs->rip, IN_RIP);
	assert_int_equal(w->hc->fsbase, IN_FS);
	assert_ptr_equal(w->cpu->gprsgx, first.gprsgx);
	leave(w);
	enter(w);
	assert_int_equal(walks, 0);
	world_free(w);
}

static void test_again(void **state)
{
	const struct shape big = BIG_SHAPE;
	const struct shape debugged = { .tcs_flags = SGX_TCS_DBGOPTIN };

	(void)state;
	entered_again(&usual);
	entered_again(&big);
	entered_again(&debugged);
}

/* Another frame, another TCS, or what the host calls void: looked up. */
static void test_again_elsewhere(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	hook_walk(w, walk_counted);
	interrupt(w);
	assert_int_equal(walks, 2);
	enter(w);
	assert_int_equal(walks, 4);
	assert_ptr_equal(w->cpu->gprsgx, gpr(w, 1));
	leave(w);
	at_enclu(w, SGX_ERESUME);
	assert_int_equal(host_eresume(w->cpu), 0);
	assert_int_equal(walks, 6);
	assert_ptr_equal(w->cpu->gprsgx, gpr(w, 0));
	leave(w);

	/* ERESUME has not checked where EENTER goes. */
	enter(w);
	assert_int_equal(walks, 8);
	leave(w);
	sgx_forget(w->cpu);
	enter(w);
	assert_int_equal(walks, 10);
	leave(w);
	unmap(w, TCS_LA);
	sgx_forget(w->cpu);
	assert_outcome(w->cpu, host_eenter(w->cpu), PF, TCS_LA,
		       SGX_PFEC_U | SGX_PFEC_W);
	world_free(w);
}

/* RBX is what stands for no TCS: before the first entry, and after ERESUME. */
static void test_again_nowhere(void **state)
{
	const struct row row = { "RBX is SGX_NOWHERE", NULL, 0, GP, 0, 0 };
	struct world *w = world_new(&usual);

	(void)state;
	w->regs->rbx = SGX_NOWHERE;
	fails(w, &eenter, &row);
	fails(w, &eresume, &row);
	w->regs->rbx = TCS_LA;
	interrupt(w);
	assert_int_equal(host_eresume(w->cpu), 0);
	leave(w);
	w->regs->rbx = SGX_NOWHERE;
	fails(w, &eenter, &row);
	world_free(w);
}

/* EDECCSSA selects another frame than the one that the entry saw. */
static void test_again_edeccssa(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	prepare_nested(w);
	assert_int_equal(sgx_edeccssa(w->cpu), 0);
	aex(w);
	enter(w);
	assert_ptr_equal(w->cpu->gprsgx, gpr(w, 1));
	world_free(w);
}

/* A TCS that was made with more frames in use than it has. */
static void test_again_full(void **state)
{
	const struct row full = { "no frame is free", NULL, 0, GP, 0, 0 };
	struct world *w = world_new(&usual);

	(void)state;
	enter(w);
	aex(w);
	w->tcs->nssa = 0;
	sgx_forget(w->cpu);
	at_enclu(w, SGX_ERESUME);
	assert_int_equal(host_eresume(w->cpu), 0);
	leave(w);
	fails(w, &eenter, &full);
	world_free(w);
}

/* ETRACK has run: all is looked up, and the new epoch counts. */
static void test_again_epoch(void **state)
{
	const struct leaf *leaves[] = { &eenter, &eresume };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct world *w = world_new(&usual);

		enter_and_leave(w);
		leaves[i]->prepare(w);
		hook_walk(w, walk_counted);
		w->secs->hidden.epoch++;
		assert_int_equal(leaves[i]->run(w), 0);
		assert_int_equal(walks, 2);
		assert_int_equal(w->cpu->epoch, w->secs->hidden.epoch);
		world_free(w);
	}
}

/* clang-format off */

/* What leaves change, so that the host has nothing to tell. */
#define AGAIN_ROWS					\
	{ "AEP is not canonical", set_rcx, BAD_ADDR, GP, 0, 0 },	\
	{ "TCS is in use by another leaf", lock_exclusive, TCS_LA,	\
	  GP, 0, 0 },					\
	{ "TCS is not valid", invalid, TCS_LA,				\
	  PF, TCS_LA, PFEC_EPCM_W },					\
	{ "TCS is blocked", blocked, TCS_LA, PF, TCS_LA, PFEC_EPCM_W },	\
	{ "TCS is pending", pending, TCS_LA, PF, TCS_LA, PFEC_EPCM_W },	\
	{ "TCS is modified", modified, TCS_LA, PF, TCS_LA, PFEC_EPCM_W },	\
	{ "TCS is trimmed", type_trim, TCS_LA, PF, TCS_LA, PFEC_EPCM_W },	\
	{ "TCS.FLAGS has a reserved bit", tcs_flags, 4, GP, 0, 0 },	\
	{ "SSA is not valid", invalid, SSA_LA, PF, SSA_LA, PFEC_EPCM_W },	\
	{ "SSA is blocked", blocked, SSA_LA, PF, SSA_LA, PFEC_EPCM_W },	\
	{ "SSA is pending", pending, SSA_LA, PF, SSA_LA, PFEC_EPCM_W },	\
	{ "SSA is modified", modified, SSA_LA, PF, SSA_LA, PFEC_EPCM_W },	\
	{ "SSA is not writable", no_write, SSA_LA,			\
	  PF, SSA_LA, PFEC_EPCM_W },					\
	{ "TCS is active", tcs_state, SGX_TCS_ACTIVE, GP, 0, 0 }

/* clang-format on */

static void again_fails(const struct leaf *leaf, const struct row *row)
{
	struct world *w = world_new(&usual);

	enter_and_leave(w);
	leaf->prepare(w);
	row->spoil(w, row->arg);
	fails(w, leaf, row);
	world_free(w);
}

static void test_again_failures(void **state)
{
	static const struct row both[] = { AGAIN_ROWS };
	static const struct row entering[] = {
		{ "no frame is free", tcs_cssa, 2, GP, 0, 0 },
	};
	static const struct row resuming[] = {
		{ "no frame is in use", tcs_cssa, 0, GP, 0, 0 },
		{ "RIP is not canonical", frame_rip, BAD_ADDR, GP, 0, 0 },
		{ "FS base is not canonical", frame_fsbase, BAD_ADDR, GP, 0,
		  0 },
		{ "GS base is not canonical", frame_gsbase, BAD_ADDR, GP, 0,
		  0 },
		{ "XRSTOR refuses the frame", frame_xsave, 4, GP, 0, 0 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		again_fails(&eenter, &both[i]);
		again_fails(&eresume, &both[i]);
	}
	again_fails(&eenter, entering);
	for (i = 0; i < sizeof(resuming) / sizeof(resuming[0]); i++)
		again_fails(&eresume, &resuming[i]);
}

/* Tracking */

/* ETRACK on another processor while this one looks for the SSA frame. */
static int walk_etrack(struct sgx_cpu *cpu, u64 la, u32 access,
		       struct sgx_epcm **epcm)
{
	int ret = walk_counted(cpu, la, access, epcm);

	if (walks == 2)
		sgx_secs_of((*epcm)->secs)->hidden.epoch++;
	return ret;
}

/* The same, and the TCS was blocked before. */
static int walk_eblock(struct sgx_cpu *cpu, u64 la, u32 access,
		       struct sgx_epcm **epcm)
{
	static struct sgx_epcm *tcs;
	int ret = walk_etrack(cpu, la, access, epcm);

	if (walks == 1)
		tcs = *epcm;
	if (walks == 2)
		tcs->state |= SGX_EPCM_BLOCKED;
	return ret;
}

static void test_epoch_moves(void **state)
{
	const struct leaf *leaves[] = { &eenter, &eresume };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct world *w = world_new(&usual);

		leaves[i]->prepare(w);
		sgx_forget(w->cpu);
		hook_walk(w, walk_etrack);
		assert_int_equal(leaves[i]->run(w), 0);
		assert_int_equal(walks, 3);
		assert_int_equal(w->cpu->epoch, w->secs->hidden.epoch);
		assert_int_equal(w->tcs->state, SGX_TCS_ACTIVE);
		assert_int_equal(w->cpu->tcs->lock, 0);
		world_free(w);

		w = world_new(&usual);
		leaves[i]->prepare(w);
		sgx_forget(w->cpu);
		hook_walk(w, walk_eblock);
		assert_outcome(w->cpu, leaves[i]->run(w), PF, TCS_LA,
			       PFEC_EPCM_W);
		assert_false(sgx_enclave_mode(w->cpu));
		assert_int_equal(w->tcs->state, SGX_TCS_INACTIVE);
		assert_int_equal(host_epcm(w->host, TCS_LA)->lock, 0);
		world_free(w);
	}
}

/* Races */

#define RACES 2000

struct racer {
	struct sgx_cpu *cpu;
	pthread_barrier_t *barrier;
	struct sgx_regs before;
	unsigned int won;
	unsigned int lost;
	unsigned int wrong;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	unsigned int i;
	int ret;

	for (i = 0; i < RACES; i++) {
		*r->cpu->regs = r->before;
		pthread_barrier_wait(r->barrier);
		ret = host_eenter(r->cpu);
		pthread_barrier_wait(r->barrier);
		if (!ret) {
			r->won++;
			r->cpu->regs->rbx = USER_RIP;
			ret = host_eexit(r->cpu);
			r->wrong += ret != 0;
		} else {
			r->lost++;
			r->wrong += ret != GP || sgx_enclave_mode(r->cpu);
		}
	}
	return NULL;
}

/* Two processors, one TCS: each time exactly one gets in. */
static void test_tcs_race(void **state)
{
	struct world *w = world_new(&usual);
	struct racer racers[2] = { { 0 }, { 0 } };
	pthread_barrier_t barrier;
	pthread_t threads[2];
	unsigned int i;

	(void)state;
	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < 2; i++) {
		racers[i].cpu = host_cpu(w->host, i);
		racers[i].barrier = &barrier;
		racers[i].before = *w->regs;
	}
	for (i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(racers[0].wrong + racers[1].wrong, 0);
	assert_int_equal(racers[0].won + racers[1].won, RACES);
	assert_int_equal(w->tcs->state, SGX_TCS_INACTIVE);
	assert_int_equal(host_epcm(w->host, TCS_LA)->lock, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eenter),
		cmocka_unit_test(test_eexit),
		cmocka_unit_test(test_eexit_not_canonical),
		cmocka_unit_test(test_through_enclu),
		cmocka_unit_test(test_trap_flag),
		cmocka_unit_test(test_xstate_too_large),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_eresume_rflags),
		cmocka_unit_test(test_exitinfo),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_edeccssa),
		cmocka_unit_test(test_own_writes),
		cmocka_unit_test(test_aexnotify),
		cmocka_unit_test(test_aexnotify_not_asked),
		cmocka_unit_test(test_aexnotify_mismatch_debugged),
		cmocka_unit_test(test_eenter_failures),
		cmocka_unit_test(test_eresume_failures),
		cmocka_unit_test(test_edeccssa_failures),
		cmocka_unit_test(test_frame_failures),
		cmocka_unit_test(test_aexnotify_failures),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_walks_of_an_entry),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_again_elsewhere),
		cmocka_unit_test(test_again_nowhere),
		cmocka_unit_test(test_again_edeccssa),
		cmocka_unit_test(test_again_full),
		cmocka_unit_test(test_again_epoch),
		cmocka_unit_test(test_again_failures),
		cmocka_unit_test(test_epoch_moves),
		cmocka_unit_test(test_tcs_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
