/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * An enclave with a thread, an SSA and a few pages, a program that is about to
 * enter it, and tables of conditions of a leaf that do not hold. For the tests
 * of leaves that work on an initialised enclave.
 */
#ifndef SOFTSGX_TESTS_WORLD_H
#define SOFTSGX_TESTS_WORLD_H

#include "host.h"

#define TCS_LA	   ENCLAVE_BASE
#define SSA_LA	   (ENCLAVE_BASE + 0x1000)
#define SECINFO_LA (ENCLAVE_BASE + 0x13000)
#define DATA_LA	   (ENCLAVE_BASE + 0x14000)
#define CODE_LA	   (ENCLAVE_BASE + 0x15000)
#define FREE_LA	   (ENCLAVE_BASE + 0x16000)
#define OENTRY	   0x10000ULL
#define OFSBASE	   0x11000ULL
#define OGSBASE	   0x12000ULL

#define USER_RIP 0x401000ULL
#define USER_FS	 0x7ffff7d80740ULL
#define USER_GS	 0x1234ULL
#define AEP	 0x402000ULL
#define IN_RIP	 (ENCLAVE_BASE + OENTRY + 0x123)
#define IN_FS	 0x7f00dead0000ULL
#define IN_GS	 0x7f00beef0000ULL
#define BAD_ADDR (1ULL << 47)

#define ARITHMETIC                                                       \
	(SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF | SGX_RFLAGS_ZF | \
	 SGX_RFLAGS_SF | SGX_RFLAGS_OF)

/**
 * struct shape - what kind of enclave; zero is the usual one
 * @attributes:	ATTRIBUTES.FLAGS besides MODE64BIT
 * @miscselect:	MISCSELECT
 * @xfrm:	XFRM besides the legacy bits
 * @ssaframesize: pages a frame, 0 for 1
 * @nssa:	frames, 0 for 2
 * @tcs_flags:	TCS.FLAGS
 * @big_xstate:	component 7 is so large that an XSAVE area has three pages
 */
struct shape {
	u64 attributes;
	u32 miscselect;
	u64 xfrm;
	u32 ssaframesize;
	u32 nssa;
	u64 tcs_flags;
	bool big_xstate;
};

/**
 * struct world - the machine, the enclave, and the program's processor
 * @host:	machine
 * @encl:	enclave
 * @hc:		processor 0, with its @cpu and @regs
 * @cpu:	executes the leaves
 * @regs:	its registers
 * @tcs:	contents of the TCS at TCS_LA
 * @secs:	contents of the SECS
 * @ssaframesize: of the enclave
 * @nssa:	of the TCS
 * @op:		operands of ENCLS leaves
 * @pageinfo:	PAGEINFO in @op, as the leaf is given it
 * @secinfo:	SECINFO in @op, as the leaf is given it
 * @epcpage:	RCX of ENCLS leaves
 * @va:		RDX of ENCLS leaves that page
 */
struct world {
	struct host *host;
	struct enclave *encl;
	struct host_cpu *hc;
	struct sgx_cpu *cpu;
	struct sgx_regs *regs;
	struct sgx_tcs *tcs;
	struct sgx_secs *secs;
	u32 ssaframesize;
	u32 nssa;
	struct operands *op;
	const struct sgx_pageinfo *pageinfo;
	const struct sgx_secinfo *secinfo;
	u64 epcpage;
	u64 va;
};

/* Recognisable values for all registers that are compared. */
static inline void fill_regs(struct sgx_regs *regs, u64 seed)
{
	u64 *p = (u64 *)regs;
	unsigned int i;

	for (i = 0; i < sizeof(*regs) / sizeof(u64); i++)
		p[i] = (seed << 32) + i * 0x0101;
	regs->rflags = 0x202;
}

/* The program about to execute ENCLU with the TCS and the AEP. */
static inline void at_enclu(struct world *w, enum sgx_enclu_leaf leaf)
{
	fill_regs(w->regs, 0x0f00 + leaf);
	w->regs->rax = leaf;
	w->regs->rbx = TCS_LA;
	w->regs->rcx = AEP;
	w->regs->rip = USER_RIP;
	w->hc->fsbase = USER_FS;
	w->hc->gsbase = USER_GS;
}

static inline void build_tcs(const struct shape *shape, u32 nssa,
			     struct sgx_tcs *tcs)
{
	memset(tcs, 0, sizeof(*tcs));
	tcs->flags = shape->tcs_flags & SGX_TCS_AEXNOTIFY;
	tcs->ossa = SSA_LA - ENCLAVE_BASE;
	tcs->nssa = nssa;
	tcs->oentry = OENTRY;
	tcs->ofsbase = OFSBASE;
	tcs->ogsbase = OGSBASE;
	tcs->fslimit = 0xfff;
	tcs->gslimit = 0xfff;
}

static inline struct world *world_new(const struct shape *shape)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sgx_tcs tcs;
	struct sgx_secs secs;
	unsigned int i;

	w->ssaframesize = shape->ssaframesize ? shape->ssaframesize : 1;
	w->nssa = shape->nssa ? shape->nssa : 2;
	w->host = host_new(32);
	w->hc = &w->host->cpus[0];
	w->cpu = host_cpu(w->host, 0);
	w->regs = w->cpu->regs;
	if (shape->big_xstate)
		w->host->core.xstate[7].size = 0x1c00;
	secs_default(&secs);
	secs.attributes.flags |= shape->attributes;
	secs.attributes.xfrm |= shape->xfrm;
	secs.miscselect = shape->miscselect;
	secs.ssaframesize = w->ssaframesize;
	w->encl = enclave_create(w->host, &secs);
	w->secs = sgx_secs_of(w->encl->secs);
	build_tcs(shape, w->nssa, &tcs);
	enclave_add(w->encl, TCS_LA, TCS, &tcs);
	for (i = 0; i < w->nssa * w->ssaframesize; i++)
		enclave_add(w->encl, SSA_LA + i * SGX_PAGE_SIZE, REG_RW, NULL);
	enclave_add(w->encl, SECINFO_LA, REG_RW, NULL);
	enclave_add(w->encl, DATA_LA, REG_RW, NULL);
	enclave_add(w->encl, CODE_LA, REG_RX, NULL);
	enclave_init(w->encl);
	w->op = operands_new();
	w->pageinfo = &w->op->pageinfo;
	w->secinfo = &w->op->secinfo;
	w->epcpage = sgx_addr(host_epcm(w->host, DATA_LA)->page);
	w->tcs = host_at(w->host, TCS_LA);
	w->tcs->flags = shape->tcs_flags;
	at_enclu(w, SGX_EENTER);
	return w;
}

static inline void world_free(struct world *w)
{
	operands_free(w->op);
	enclave_free(w->encl);
	host_free(w->host);
	free(w);
}

/* The GPR area of frame @n. */
static inline struct sgx_gprsgx *gpr(struct world *w, u32 n)
{
	u64 end = SSA_LA + (u64)(n + 1) * w->ssaframesize * SGX_PAGE_SIZE;

	return host_at(w->host, end - sizeof(struct sgx_gprsgx));
}

static inline void enter(struct world *w)
{
	at_enclu(w, SGX_EENTER);
	assert_int_equal(host_eenter(w->cpu), 0);
}

/* The enclave at work, with registers of its own. */
static inline void compute(struct world *w, u64 seed)
{
	fill_regs(w->regs, seed);
	w->regs->rip = IN_RIP;
	w->hc->fsbase = IN_FS;
	w->hc->gsbase = IN_GS;
}

static inline void aex(struct world *w)
{
	compute(w, 0xe1);
	host_aex(w->cpu, NULL);
}

/* Entered, interrupted, and about to resume. */
static inline void interrupt(struct world *w)
{
	enter(w);
	aex(w);
	at_enclu(w, SGX_ERESUME);
}

/* A leaf, and how the world comes to where it can be executed. */
struct leaf {
	const char *name;
	int (*run)(struct world *w);
	void (*prepare)(struct world *w);
};

/**
 * struct row - one condition of a leaf that does not hold
 * @name:	what is wrong
 * @spoil:	makes it so
 * @arg:	for @spoil
 * @ret:	what the leaf returns
 * @addr:	CR2 of a #PF, or AT_* for what has no fixed address
 * @errcd:	error code of a #PF
 */
struct row {
	const char *name;
	void (*spoil)(struct world *w, u64 arg);
	u64 arg;
	int ret;
	u64 addr;
	u32 errcd;
};

/* Operands of an ENCLS leaf, as addresses in &row.addr. */
enum { AT_EPCPAGE = 1, AT_SECS, AT_VA };

static inline u64 resolve(const struct world *w, u64 addr)
{
	if (addr == AT_EPCPAGE)
		return w->epcpage;
	if (addr == AT_VA)
		return w->va;
	return addr == AT_SECS ? w->op->pageinfo.secs : addr;
}

static inline void fails(struct world *w, const struct leaf *leaf,
			 const struct row *row)
{
	struct snapshot *snap = snapshot_take(w->host);
	int ret = leaf->run(w);

	if (ret != row->ret)
		print_error("%s: %s\n", leaf->name, row->name);
	assert_outcome(w->cpu, ret, row->ret, resolve(w, row->addr),
		       row->errcd);
	snapshot_unchanged(w->host, snap);
}

static inline void run_rows(const struct leaf *leaf, const struct shape *shape,
			    const struct row *rows, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct world *w = world_new(shape);

		leaf->prepare(w);
		rows[i].spoil(w, rows[i].arg);
		/* What is spoilt here may be what no leaf would change. */
		sgx_forget(w->cpu);
		fails(w, leaf, &rows[i]);
		world_free(w);
	}
}

#define RUN_ROWS(leaf, shape, rows) \
	run_rows(leaf, shape, rows, sizeof(rows) / sizeof((rows)[0]))

/*
 * Where two conditions do not hold, the first counts: each row again, together
 * with the next one that ends differently.
 */
static inline void run_order(const struct leaf *leaf, const struct shape *shape,
			     const struct row *rows, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		struct world *w;

		for (j = i + 1; j < n; j++)
			if (rows[j].ret != rows[i].ret ||
			    rows[j].addr != rows[i].addr)
				break;
		if (j == n)
			break;
		w = world_new(shape);
		leaf->prepare(w);
		rows[j].spoil(w, rows[j].arg);
		rows[i].spoil(w, rows[i].arg);
		sgx_forget(w->cpu);
		fails(w, leaf, &rows[i]);
		world_free(w);
	}
}

#define RUN_ORDER(leaf, shape, rows) \
	run_order(leaf, shape, rows, sizeof(rows) / sizeof((rows)[0]))

static inline void add_rbx(struct world *w, u64 arg)
{
	w->regs->rbx += arg;
}

static inline void set_rcx(struct world *w, u64 arg)
{
	w->regs->rcx = arg;
}

static inline void unmap(struct world *w, u64 la)
{
	host_pte(w->host, la)->present = false;
}

static inline void map_read_only(struct world *w, u64 la)
{
	host_pte(w->host, la)->writable = false;
}

static inline void map_ordinary(struct world *w, u64 la)
{
	host_pte(w->host, la)->epcm = NULL;
}

static inline void lock_exclusive(struct world *w, u64 la)
{
	host_epcm(w->host, la)->lock = SGX_LOCK_EXCLUSIVE;
}

#define SPOIL_STATE(name, expression)                           \
	static inline void name(struct world *w, u64 la)        \
	{                                                       \
		struct sgx_epcm *epcm = host_epcm(w->host, la); \
                                                                \
		epcm->state = (expression);                     \
	}

SPOIL_STATE(invalid, epcm->state & ~SGX_EPCM_VALID)
SPOIL_STATE(blocked, epcm->state | SGX_EPCM_BLOCKED)
SPOIL_STATE(pending, epcm->state | SGX_EPCM_PENDING)
SPOIL_STATE(modified, epcm->state | SGX_EPCM_MODIFIED)
SPOIL_STATE(type_reg, (epcm->state & ~SGX_EPCM_PT) | sgx_epcm_type(SGX_PT_REG))
SPOIL_STATE(type_tcs, (epcm->state & ~SGX_EPCM_PT) | sgx_epcm_type(SGX_PT_TCS))
SPOIL_STATE(type_trim,
	    (epcm->state & ~SGX_EPCM_PT) | sgx_epcm_type(SGX_PT_TRIM))
SPOIL_STATE(no_write, epcm->state & ~SGX_EPCM_W)
SPOIL_STATE(no_access, epcm->state & ~SGX_EPCM_RWX)

static inline void other_address(struct world *w, u64 la)
{
	host_epcm(w->host, la)->addr += SGX_PAGE_SIZE;
}

static inline void other_secs(struct world *w, u64 la)
{
	host_epcm(w->host, la)->secs = host_epc(w->host);
}

#endif /* SOFTSGX_TESTS_WORLD_H */
