// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The leaves that page: each failure that the SDM lists is a row of a table, in
 * the SDM's order, and leaves everything as it was; every kind of page goes and
 * comes back as it was; and nothing else comes back.
 */
#include "../../arch/crypto.h"
#include "world.h"

#define PENDING	 SGX_SECINFO_FL_PENDING
#define MODIFIED SGX_SECINFO_FL_MODIFIED
#define PR	 SGX_SECINFO_FL_PR
#define TYPE(pt) ((u64)SGX_PT_##pt << SGX_SECINFO_FL_PT_SHIFT)

/* Page faults of ENCLS: in supervisor mode. */
#define PFEC_ENCLS (SGX_PFEC_SGX | SGX_PFEC_P | SGX_PFEC_W)

#define SLOT 8 /* bytes of a slot of a version array */

static const struct shape usual;

/* Operands that no other leaves have. */
static _Alignas(128) struct sgx_pcmd pcmd;
static u64 epa_type;

static struct sgx_cpu *driver(struct world *w)
{
	return host_cpu(w->host, 3);
}

static struct sgx_epcm *entry(struct world *w, u64 epcpage)
{
	return w->host->core.ops->epc(&w->host->core, epcpage & SGX_PAGE_MASK);
}

static u64 free_page(struct world *w)
{
	return sgx_addr(host_epc(w->host)->page);
}

static u64 epc_at(struct world *w, u64 la)
{
	return sgx_addr(host_epcm(w->host, la)->page);
}

static u64 secs_page(struct world *w)
{
	return sgx_addr(w->encl->secs->page);
}

static u32 state_of(struct world *w, u64 epcpage)
{
	return sgx_epcm_state(entry(w, epcpage)) & ~SGX_EPCM_EPOCH;
}

static u64 *slot(u64 va)
{
	return sgx_ptr(va);
}

/* The driver's leaves */

static u64 new_va(struct world *w)
{
	u64 page = free_page(w);

	assert_int_equal(sgx_epa(driver(w), SGX_PT_VA, page), 0);
	return page;
}

static void block(struct world *w, u64 epcpage)
{
	assert_int_equal(sgx_eblock(driver(w), epcpage), 0);
}

static void track(struct world *w)
{
	assert_int_equal(sgx_etrack(driver(w), secs_page(w)), 0);
}

/**
 * struct out - a page that was evicted, as it is in memory
 * @contents:	encrypted
 * @pcmd:	its PCMD
 * @linaddr:	where in the enclave it was
 * @secs:	SECS to load it with
 * @va:		slot with its version
 */
struct out {
	_Alignas(4096) u8 contents[SGX_PAGE_SIZE];
	_Alignas(128) struct sgx_pcmd pcmd;
	u64 linaddr;
	u64 secs;
	u64 va;
};

static struct out *out_new(void)
{
	struct out *o = aligned_alloc(4096, sizeof(*o));

	assert_non_null(o);
	memset(o, 0, sizeof(*o));
	return o;
}

static u8 *page_copy(const void *page)
{
	u8 *copy = host_operand();

	memcpy(copy, page, SGX_PAGE_SIZE);
	return copy;
}

/* EWB of a page that is ready for it. */
static int write_out(struct world *w, u64 epcpage, u64 va, struct out *o)
{
	_Alignas(32) struct sgx_pageinfo pi = {
		.srcpge = sgx_addr(o->contents),
		.secinfo = sgx_addr(&o->pcmd),
	};
	int ret = sgx_ewb(driver(w), &pi, epcpage, va);

	o->linaddr = pi.linaddr;
	o->va = va;
	return ret;
}

/* EBLOCK, ETRACK, EWB of a page of the enclave. */
static struct out *evict(struct world *w, u64 epcpage, u64 va)
{
	struct out *o = out_new();

	block(w, epcpage);
	track(w);
	assert_int_equal(write_out(w, epcpage, va, o), 0);
	o->secs = secs_page(w);
	return o;
}

static int load(struct world *w, const struct out *o, u64 epcpage)
{
	_Alignas(32) struct sgx_pageinfo pi = {
		.linaddr = o->linaddr,
		.srcpge = sgx_addr(o->contents),
		.secinfo = sgx_addr(&o->pcmd),
		.secs = o->secs,
	};

	return sgx_eldu(driver(w), &pi, epcpage, o->va);
}

/* Spoilers */

static void pageinfo_add(struct world *w, u64 arg)
{
	w->pageinfo = (const void *)((const u8 *)w->pageinfo + arg);
}

static void epcpage_add(struct world *w, u64 arg)
{
	w->epcpage += arg;
}

static void epcpage_outside(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = sgx_addr(w->op->page);
}

static void epcpage_of(struct world *w, u64 la)
{
	w->epcpage = epc_at(w, la);
}

static void epcpage_secs(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = secs_page(w);
}

static void epcpage_va(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = new_va(w);
}

static void epcpage_free(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = free_page(w);
}

static void target_lock(struct world *w, u64 how)
{
	entry(w, w->epcpage)->lock = (u32)how;
}

static void target_state(struct world *w, u64 bits)
{
	entry(w, w->epcpage)->state |= (u32)bits;
}

static void target_type(struct world *w, u64 pt)
{
	struct sgx_epcm *epcm = entry(w, w->epcpage);

	epcm->state = (epcm->state & ~SGX_EPCM_PT) | sgx_epcm_type(pt);
}

static void va_add(struct world *w, u64 arg)
{
	w->va += arg;
}

static void va_outside(struct world *w, u64 arg)
{
	(void)arg;
	w->va = sgx_addr(w->op->page);
}

static void va_same(struct world *w, u64 offset)
{
	w->va = w->epcpage + offset;
}

static void va_lock(struct world *w, u64 how)
{
	entry(w, w->va)->lock = (u32)how;
}

static void va_free(struct world *w, u64 arg)
{
	(void)arg;
	w->va = free_page(w);
}

static void va_of(struct world *w, u64 la)
{
	w->va = epc_at(w, la);
}

static void slot_set(struct world *w, u64 version)
{
	*slot(w->va) = version;
}

static void linaddr_set(struct world *w, u64 arg)
{
	w->op->pageinfo.linaddr = arg;
}

static void linaddr_flip(struct world *w, u64 bit)
{
	w->op->pageinfo.linaddr ^= 1ULL << bit;
}

static void secs_set(struct world *w, u64 arg)
{
	w->op->pageinfo.secs = arg;
}

static void secs_add(struct world *w, u64 arg)
{
	w->op->pageinfo.secs += arg;
}

static void secs_outside(struct world *w, u64 arg)
{
	(void)arg;
	w->op->pageinfo.secs = sgx_addr(w->op->page);
}

static void secs_lock(struct world *w, u64 how)
{
	entry(w, w->op->pageinfo.secs)->lock = (u32)how;
}

static void secs_of_page(struct world *w, u64 la)
{
	w->op->pageinfo.secs = epc_at(w, la);
}

static void secs_free(struct world *w, u64 arg)
{
	(void)arg;
	w->op->pageinfo.secs = free_page(w);
}

/* An enclave like the first in everything. */
static void secs_twin(struct world *w, u64 arg)
{
	struct enclave *twin;
	struct sgx_secs secs;

	(void)arg;
	secs_default(&secs);
	twin = enclave_create(w->host, &secs);
	w->op->pageinfo.secs = sgx_addr(twin->secs->page);
	enclave_free(twin);
}

static void pcmd_add(struct world *w, u64 arg)
{
	w->op->pageinfo.secinfo += arg;
}

static void srcpge_add(struct world *w, u64 arg)
{
	w->op->pageinfo.srcpge += arg;
}

static void pcmd_flip(struct world *w, u64 bit)
{
	(void)w;
	((u8 *)&pcmd)[bit / 8] ^= 1 << bit % 8;
}

static void pcmd_type(struct world *w, u64 pt)
{
	(void)w;
	pcmd.secinfo.flags &= ~(u64)SGX_SECINFO_FL_PT;
	pcmd.secinfo.flags |= pt << SGX_SECINFO_FL_PT_SHIFT;
}

static void contents_flip(struct world *w, u64 bit)
{
	w->op->page[bit / 8] ^= 1 << bit % 8;
}

static void one_inside(struct world *w, u64 arg)
{
	(void)arg;
	enclave_enter(w->encl, host_cpu(w->host, 1));
	host_cpu(w->host, 1)->epoch = 0;
}

static void type_set(struct world *w, u64 pt)
{
	(void)w;
	epa_type = pt;
}

/* EPA */

static int run_epa(struct world *w)
{
	return sgx_epa(w->cpu, epa_type, w->epcpage);
}

static void prepare_epa(struct world *w)
{
	epa_type = SGX_PT_VA;
	epcpage_free(w, 0);
}

/* EBLOCK */

static int run_eblock(struct world *w)
{
	return sgx_eblock(w->cpu, w->epcpage);
}

static void prepare_eblock(struct world *w)
{
	(void)w;
}

/* The operands in memory are only written by a leaf that succeeds. */
static void assert_operands(struct world *w, const struct operands *op,
			    const struct sgx_pcmd *before)
{
	assert_memory_equal(w->op, op, sizeof(*op));
	assert_memory_equal(&pcmd, before, sizeof(pcmd));
}

/* EWB of DATA_LA, blocked and tracked, to a new version array */

static int run_ewb(struct world *w)
{
	struct sgx_pageinfo *pi = (struct sgx_pageinfo *)w->pageinfo;
	const struct sgx_pcmd before = pcmd;
	struct operands *op = operands_new();
	int ret;

	memcpy(op, w->op, sizeof(*op));
	ret = sgx_ewb(w->cpu, pi, w->epcpage, w->va);
	if (ret && ret != SGX_VA_SLOT_OCCUPIED)
		assert_operands(w, op, &before);
	operands_free(op);
	return ret;
}

static void ewb_operands(struct world *w)
{
	memset(&pcmd, 0xa5, sizeof(pcmd));
	w->op->pageinfo = (struct sgx_pageinfo){
		.srcpge = sgx_addr(w->op->page),
		.secinfo = sgx_addr(&pcmd),
	};
}

static void prepare_ewb_blocked(struct world *w)
{
	w->va = new_va(w) + 5 * SLOT;
	block(w, w->epcpage);
	ewb_operands(w);
}

static void prepare_ewb(struct world *w)
{
	prepare_ewb_blocked(w);
	track(w);
}

static void prepare_ewb_unblocked(struct world *w)
{
	w->va = new_va(w);
	ewb_operands(w);
}

/* ELDU, ELDB of what was DATA_LA into a free page */

static int run_eld(struct world *w,
		   int (*leaf)(struct sgx_cpu *cpu,
			       const struct sgx_pageinfo *pageinfo, u64 epcpage,
			       u64 va))
{
	const struct sgx_pcmd before = pcmd;
	struct operands *op = operands_new();
	int ret;

	memcpy(op, w->op, sizeof(*op));
	ret = leaf(w->cpu, w->pageinfo, w->epcpage, w->va);
	assert_operands(w, op, &before);
	operands_free(op);
	return ret;
}

static int run_eldu(struct world *w)
{
	return run_eld(w, sgx_eldu);
}

static int run_eldb(struct world *w)
{
	return run_eld(w, sgx_eldb);
}

static void prepare_eld(struct world *w)
{
	memset(host_at(w->host, DATA_LA), 0x3c, SGX_PAGE_SIZE);
	prepare_ewb(w);
	assert_int_equal(run_ewb(w), 0);
	w->op->pageinfo.secs = secs_page(w);
	epcpage_free(w, 0);
}

/* The version array that prepare_eld_va() evicted. */
static void prepare_eld_va(struct world *w)
{
	w->va = new_va(w) + 7 * SLOT;
	w->epcpage = new_va(w);
	ewb_operands(w);
	assert_int_equal(run_ewb(w), 0);
	epcpage_free(w, 0);
}

/* clang-format off */

static const struct row epa_rows[] = {
	{ "type is PT_SECS", type_set, SGX_PT_SECS, GP, 0, 0 },
	{ "type is PT_REG", type_set, SGX_PT_REG, GP, 0, 0 },
	{ "type is more than a byte", type_set, SGX_PT_VA | 0x100, GP, 0, 0 },
	{ "EPC page is not aligned", epcpage_add, 8, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "EPC page is in use", target_lock, SGX_LOCK_SHARED, GP, 0, 0 },
	{ "EPC page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "EPC page is valid", epcpage_of, DATA_LA,
	  PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "EPC page is a version array", epcpage_va, 0,
	  PF, AT_EPCPAGE, PFEC_ENCLS },
};

static const struct row eblock_rows[] = {
	{ "EPC page is not aligned", epcpage_add, 128, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "EPC page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  SGX_EPC_PAGE_CONFLICT, 0, 0 },
	{ "page is not valid", epcpage_free, 0, SGX_PG_INVLD, 0, 0 },
	{ "page is an SECS", epcpage_secs, 0, SGX_PG_IS_SECS, 0, 0 },
	{ "page is a version array", epcpage_va, 0, SGX_NOTBLOCKABLE, 0, 0 },
	{ "page is of a type that is not made", target_type, SGX_PT_SS_FIRST,
	  SGX_NOTBLOCKABLE, 0, 0 },
	{ "page is blocked", target_state, SGX_EPCM_BLOCKED,
	  SGX_BLKSTATE, 0, 0 },
};

static const struct row ewb_rows[] = {
	{ "PAGEINFO is not aligned", pageinfo_add, 16, GP, 0, 0 },
	{ "EPC page is not aligned", epcpage_add, 2048, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "slot is not aligned", va_add, 4, GP, 0, 0 },
	{ "slot is not in the EPC", va_outside, 0, PF, AT_VA, PFEC_ENCLS },
	{ "slot is in the page", va_same, 0, GP, 0, 0 },
	{ "slot is in the page, elsewhere", va_same, 8, GP, 0, 0 },
	{ "LINADDR is not 0", linaddr_set, DATA_LA, GP, 0, 0 },
	{ "SECS is not 0", secs_set, 1, GP, 0, 0 },
	{ "PCMD is not aligned", pcmd_add, 64, GP, 0, 0 },
	{ "SRCPGE is not aligned", srcpge_add, 256, GP, 0, 0 },
	{ "page is in use", target_lock, SGX_LOCK_SHARED, GP, 0, 0 },
	{ "page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "version array is in exclusive use", va_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "page is not valid", epcpage_free, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "version array is not valid", va_free, 0, PF, AT_VA, PFEC_ENCLS },
	{ "version array is a regular page", va_of, SECINFO_LA,
	  PF, AT_VA, PFEC_ENCLS },
	{ "version array is a TCS", va_of, TCS_LA, PF, AT_VA, PFEC_ENCLS },
	{ "page is not blocked", epcpage_of, CODE_LA,
	  SGX_PAGE_NOT_BLOCKED, 0, 0 },
	{ "page is an SECS with pages", epcpage_secs, 0,
	  SGX_CHILD_PRESENT, 0, 0 },
	{ "a processor inside entered before", one_inside, 0,
	  SGX_NOT_TRACKED, 0, 0 },
};

static const struct row eld_rows[] = {
	{ "PAGEINFO is not aligned", pageinfo_add, 16, GP, 0, 0 },
	{ "EPC page is not aligned", epcpage_add, 64, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "slot is not aligned", va_add, 1, GP, 0, 0 },
	{ "slot is not in the EPC", va_outside, 0, PF, AT_VA, PFEC_ENCLS },
	{ "PCMD is not aligned", pcmd_add, 64, GP, 0, 0 },
	{ "SRCPGE is not aligned", srcpge_add, 512, GP, 0, 0 },
	{ "page is in use", target_lock, SGX_LOCK_SHARED, GP, 0, 0 },
	{ "page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "version array is in exclusive use", va_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "page is valid", epcpage_of, CODE_LA, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "version array is not valid", va_free, 0, PF, AT_VA, PFEC_ENCLS },
	{ "slot is in the page", va_same, 16, PF, AT_VA, PFEC_ENCLS },
	{ "version array is a regular page", va_of, CODE_LA,
	  PF, AT_VA, PFEC_ENCLS },
	{ "SECS is not aligned", secs_add, 8, GP, 0, 0 },
	{ "SECS is no EPC page", secs_outside, 0, PF, AT_SECS, PFEC_ENCLS },
	{ "no SECS", secs_set, 0, PF, AT_SECS, PFEC_ENCLS },
	{ "SECS is in exclusive use", secs_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "SECS is not valid", secs_free, 0, PF, AT_SECS, PFEC_ENCLS },
	{ "SECS is a regular page", secs_of_page, CODE_LA,
	  PF, AT_SECS, PFEC_ENCLS },
	{ "slot is empty", slot_set, 0, SGX_MAC_COMPARE_FAIL, 0, 0 },
	{ "slot has another version", slot_set, 2,
	  SGX_MAC_COMPARE_FAIL, 0, 0 },
	{ "slot is another", va_add, SLOT, SGX_MAC_COMPARE_FAIL, 0, 0 },
};

/* A page that is no enclave's. */
static const struct row eld_va_rows[] = {
	{ "a SECS is given", secs_set, 1, GP, 0, 0 },
	{ "type is PT_REG, and no SECS", pcmd_flip, 8, PF, AT_SECS,
	  PFEC_ENCLS },
	{ "LINADDR is not 0", linaddr_set, SGX_PAGE_SIZE,
	  SGX_MAC_COMPARE_FAIL, 0, 0 },
};

/*
 * What can be done to a page that is in memory. Bits are numbered from the
 * start of a PCMD: SECINFO.FLAGS is at 0, what is reserved in SECINFO at 64,
 * ENCLAVEID at 512, what is reserved in PCMD at 576, and the MAC at 896.
 */
#define TAMPERED SGX_MAC_COMPARE_FAIL, 0, 0

static const struct row tamper_rows[] = {
	{ "contents, first bit", contents_flip, 0, TAMPERED },
	{ "contents, one in the middle", contents_flip, 12345, TAMPERED },
	{ "contents, last bit", contents_flip, 32767, TAMPERED },
	{ "MAC, first bit", pcmd_flip, 896, TAMPERED },
	{ "MAC, one in the middle", pcmd_flip, 950, TAMPERED },
	{ "MAC, last bit", pcmd_flip, 1023, TAMPERED },
	{ "R", pcmd_flip, 0, TAMPERED },
	{ "W", pcmd_flip, 1, TAMPERED },
	{ "X", pcmd_flip, 2, TAMPERED },
	{ "PENDING", pcmd_flip, 3, TAMPERED },
	{ "MODIFIED", pcmd_flip, 4, TAMPERED },
	{ "PR", pcmd_flip, 5, TAMPERED },
	{ "a reserved flag", pcmd_flip, 6, TAMPERED },
	{ "type, PT_VA with a SECS", pcmd_flip, 8, GP, 0, 0 },
	{ "type, PT_SECS with a SECS", pcmd_flip, 9, GP, 0, 0 },
	{ "type, PT_TCS", pcmd_type, SGX_PT_TCS, TAMPERED },
	{ "type, PT_TRIM", pcmd_type, SGX_PT_TRIM, TAMPERED },
	{ "type, one that does not exist", pcmd_flip, 15, GP, 0, 0 },
	{ "the bit that stands for valid in an EPCM", pcmd_flip, 16,
	  TAMPERED },
	{ "the bit that stands for blocked in an EPCM", pcmd_flip, 17,
	  TAMPERED },
	{ "last flag", pcmd_flip, 63, TAMPERED },
	{ "reserved in SECINFO, first bit", pcmd_flip, 64, TAMPERED },
	{ "reserved in SECINFO, last bit", pcmd_flip, 511, TAMPERED },
	{ "reserved in PCMD, first bit", pcmd_flip, 576, TAMPERED },
	{ "reserved in PCMD, last bit", pcmd_flip, 895, TAMPERED },
	{ "address, the next page", linaddr_flip, 12, TAMPERED },
	{ "address, not a page's", linaddr_flip, 0, TAMPERED },
	{ "address, highest bit", linaddr_flip, 63, TAMPERED },
	{ "another enclave, built alike", secs_twin, 0, TAMPERED },
};

/* clang-format on */

static void test_failures(void **state)
{
	const struct leaf epa = { "EPA", run_epa, prepare_epa };
	const struct leaf eblock = { "EBLOCK", run_eblock, prepare_eblock };
	const struct leaf ewb = { "EWB", run_ewb, prepare_ewb };

	(void)state;
	RUN_ROWS(&epa, &usual, epa_rows);
	RUN_ORDER(&epa, &usual, epa_rows);
	RUN_ROWS(&eblock, &usual, eblock_rows);
	RUN_ORDER(&eblock, &usual, eblock_rows);
	RUN_ROWS(&ewb, &usual, ewb_rows);
	RUN_ORDER(&ewb, &usual, ewb_rows);
}

static void test_load_failures(void **state)
{
	const struct leaf eldu = { "ELDU", run_eldu, prepare_eld };
	const struct leaf eldb = { "ELDB", run_eldb, prepare_eld };
	const struct leaf eldu_va = { "ELDU of VA", run_eldu, prepare_eld_va };

	(void)state;
	RUN_ROWS(&eldu, &usual, eld_rows);
	RUN_ORDER(&eldu, &usual, eld_rows);
	RUN_ROWS(&eldb, &usual, eld_rows);
	RUN_ROWS(&eldu_va, &usual, eld_va_rows);
}

/* And what was tampered with can be loaded when that is undone. */
static void test_tampering(void **state)
{
	const struct leaf eldu = { "ELDU", run_eldu, prepare_eld };
	const struct leaf eldb = { "ELDB", run_eldb, prepare_eld };
	struct world *w = world_new(&usual);

	(void)state;
	RUN_ROWS(&eldu, &usual, tamper_rows);
	RUN_ROWS(&eldb, &usual, tamper_rows);

	prepare_eld(w);
	contents_flip(w, 77);
	assert_int_equal(run_eldu(w), SGX_MAC_COMPARE_FAIL);
	assert_true(sgx_is_zero(sgx_ptr(w->epcpage), SGX_PAGE_SIZE));
	contents_flip(w, 77);
	assert_int_equal(run_eldu(w), 0);
	world_free(w);
}

/* ENCLAVEID is for software: the processor does not look at it. */
static void test_enclaveid(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	prepare_eld(w);
	assert_int_equal(pcmd.enclaveid, w->secs->hidden.eid);
	pcmd_flip(w, 512);
	pcmd_flip(w, 575);
	assert_int_equal(run_eldu(w), 0);
	world_free(w);
}

/* SGX_ENTRYEPOCH_LOCKED, for which the lock is not the target's. */
static void test_eblock_during_etrack(void **state)
{
	struct world *w = world_new(&usual);
	struct snapshot *snap;

	(void)state;
	w->encl->secs->lock = SGX_LOCK_SHARED | SGX_LOCK_TRACK;
	snap = snapshot_take(w->host);
	assert_int_equal(run_eblock(w), SGX_ENTRYEPOCH_LOCKED);
	snapshot_unchanged(w->host, snap);
	w->encl->secs->lock = 0;
	assert_int_equal(run_eblock(w), 0);
	world_free(w);
}

/* Leaves that share a page do not keep EBLOCK off; those of EWB do. */
static void test_eblock_shared(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	target_lock(w, 3 * SGX_LOCK_SHARED);
	assert_int_equal(run_eblock(w), 0);
	assert_int_equal(entry(w, w->epcpage)->lock, 3 * SGX_LOCK_SHARED);
	world_free(w);
}

static void test_epa(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_epcm *epcm;

	(void)state;
	prepare_epa(w);
	assert_int_equal(run_epa(w), 0);
	epcm = entry(w, w->epcpage);
	assert_int_equal(epcm->state,
			 SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_VA));
	assert_null(epcm->secs);
	assert_int_equal(epcm->addr, 0);
	assert_int_equal(epcm->lock, 0);
	assert_true(sgx_is_zero(epcm->page, SGX_PAGE_SIZE));
	/* It counts as no enclave's page, and goes at any time. */
	assert_int_equal(sgx_eremove(driver(w), w->epcpage), 0);
	world_free(w);
}

/* EWB without ETRACK, and with a thread that was inside at the EBLOCK. */
static void test_tracking(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_cpu *other;

	(void)state;
	other = host_cpu(w->host, 1);
	prepare_ewb_blocked(w);
	assert_int_equal(run_ewb(w), SGX_NOT_TRACKED);
	enclave_enter(w->encl, other);
	track(w);
	assert_int_equal(run_ewb(w), SGX_NOT_TRACKED);
	enclave_leave(other);
	/* One that comes later does not matter: it finds the page blocked. */
	enclave_enter(w->encl, other);
	assert_int_equal(run_ewb(w), 0);
	world_free(w);
}

static void test_not_blocked(void **state)
{
	const struct leaf leaf = { "EWB", run_ewb, prepare_ewb_unblocked };
	const struct row row = { "not blocked",	       NULL, 0,
				 SGX_PAGE_NOT_BLOCKED, 0,    0 };
	struct world *w = world_new(&usual);

	(void)state;
	prepare_ewb_unblocked(w);
	fails(w, &leaf, &row);
	track(w);
	fails(w, &leaf, &row);
	world_free(w);
}

/* A blocked page cannot be used, and neither can one that is out. */
static void test_access(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_epcm *epcm = NULL;
	struct out *out;
	u64 page;

	(void)state;
	enclave_enter(w->encl, w->cpu);
	block(w, w->epcpage);
	assert_outcome(w->cpu,
		       sgx_enclave_page(w->cpu, w->encl->secs, DATA_LA, 0,
					&epcm),
		       PF, DATA_LA, PFEC_EPCM);
	enclave_leave(w->cpu);
	track(w);
	out = out_new();
	assert_int_equal(write_out(w, w->epcpage, new_va(w), out), 0);
	out->secs = secs_page(w);
	enclave_enter(w->encl, w->cpu);
	assert_outcome(w->cpu,
		       sgx_enclave_page(w->cpu, w->encl->secs, DATA_LA, 0,
					&epcm),
		       PF, DATA_LA, PFEC_EPCM);
	page = free_page(w);
	assert_int_equal(load(w, out, page), 0);
	host_map(w->host, DATA_LA, entry(w, page));
	assert_int_equal(sgx_enclave_page(w->cpu, w->encl->secs, DATA_LA,
					  SGX_PFEC_W, &epcm),
			 0);
	free(out);
	world_free(w);
}

/* Pages of every type and in every state */

static void keep(struct world *w)
{
	(void)w;
}

static void eaug_page(struct world *w)
{
	_Alignas(32) struct sgx_pageinfo pi = { .linaddr = FREE_LA,
						.secs = secs_page(w) };

	w->epcpage = free_page(w);
	assert_int_equal(sgx_eaug(driver(w), &pi, w->epcpage), 0);
}

static void emodpr_page(struct world *w)
{
	w->op->secinfo.flags = SGX_SECINFO_FL_R;
	assert_int_equal(sgx_emodpr(driver(w), &w->op->secinfo, w->epcpage), 0);
}

static void emodt_page(struct world *w, u64 flags)
{
	w->op->secinfo.flags = flags;
	assert_int_equal(sgx_emodt(driver(w), &w->op->secinfo, w->epcpage), 0);
}

static void new_tcs_page(struct world *w)
{
	emodt_page(w, TYPE(TCS));
}

static void trim_page(struct world *w)
{
	emodt_page(w, TYPE(TRIM));
}

static void eaccept(struct world *w, u64 flags)
{
	struct sgx_secinfo *secinfo = host_at(w->host, SECINFO_LA);

	memset(secinfo, 0, sizeof(*secinfo));
	secinfo->flags = flags;
	w->regs->rbx = SECINFO_LA;
	w->regs->rcx = DATA_LA;
	enclave_enter(w->encl, w->cpu);
	assert_int_equal(sgx_eaccept(w->cpu), 0);
	enclave_leave(w->cpu);
}

static void trimmed_page(struct world *w)
{
	trim_page(w);
	track(w);
	eaccept(w, TYPE(TRIM) | MODIFIED);
}

static void tcs_page(struct world *w)
{
	w->epcpage = epc_at(w, TCS_LA);
}

static void code_page(struct world *w)
{
	w->epcpage = epc_at(w, CODE_LA);
}

static const struct kind {
	const char *name;
	void (*make)(struct world *w);
	u64 linaddr;
	u64 flags;
} kinds[] = {
	/* clang-format off */
	{ "regular, RW", keep, DATA_LA, REG_RW },
	{ "regular, RX", code_page, CODE_LA, REG_RX },
	{ "pending", eaug_page, FREE_LA, REG_RW | PENDING },
	{ "restricted", emodpr_page, DATA_LA, REG_R | PR },
	{ "TCS", tcs_page, TCS_LA, TYPE(TCS) },
	{ "TCS, modified", new_tcs_page, DATA_LA, TYPE(TCS) | MODIFIED },
	{ "trimmed, modified", trim_page, DATA_LA, TYPE(TRIM) | MODIFIED },
	{ "trimmed", trimmed_page, DATA_LA, TYPE(TRIM) },
	/* clang-format on */
};

static void there_and_back(const struct kind *kind, int (*run)(struct world *w),
			   u32 blocked)
{
	static u8 before[SGX_PAGE_SIZE];
	struct world *w = world_new(&usual);
	u64 children = w->secs->hidden.children;
	struct sgx_epcm *gone, *come;
	u32 state;

	kind->make(w);
	if (w->secs->hidden.children != children)
		children++;
	gone = entry(w, w->epcpage);
	state = state_of(w, w->epcpage);
	memcpy(before, gone->page, sizeof(before));

	prepare_ewb(w);
	assert_int_equal(run_ewb(w), 0);
	assert_int_equal(gone->state, 0);
	assert_null(gone->secs);
	assert_int_equal(w->secs->hidden.children, children - 1);
	assert_int_equal(w->op->pageinfo.linaddr, kind->linaddr);
	assert_int_equal(pcmd.secinfo.flags, kind->flags);
	assert_true(sgx_is_zero(pcmd.secinfo.reserved,
				sizeof(pcmd.secinfo.reserved)));
	assert_true(sgx_is_zero(pcmd.reserved, sizeof(pcmd.reserved)));
	assert_int_equal(pcmd.enclaveid, w->secs->hidden.eid);
	assert_memory_not_equal(w->op->page, before, sizeof(before));
	assert_int_not_equal(*slot(w->va), 0);

	w->op->pageinfo.secs = secs_page(w);
	epcpage_free(w, 0);
	assert_int_equal(run(w), 0);
	come = entry(w, w->epcpage);
	assert_int_equal(state_of(w, w->epcpage), state | blocked);
	assert_ptr_equal(come->secs, w->encl->secs);
	assert_int_equal(come->addr, kind->linaddr);
	assert_int_equal(come->lock, 0);
	assert_int_equal(w->secs->hidden.children, children);
	assert_memory_equal(come->page, before, sizeof(before));
	assert_int_equal(*slot(w->va), 0);
	assert_int_equal(w->encl->secs->lock, 0);
	assert_int_equal(entry(w, w->va)->lock, 0);
	world_free(w);
}

static void test_there_and_back(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		there_and_back(&kinds[i], run_eldu, 0);
		there_and_back(&kinds[i], run_eldb, SGX_EPCM_BLOCKED);
	}
}

/* A page that comes back blocked can go again after another ETRACK. */
static void test_blocked_again(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	prepare_eld(w);
	assert_int_equal(run_eldb(w), 0);
	assert_int_equal(sgx_eblock(driver(w), w->epcpage), SGX_BLKSTATE);
	ewb_operands(w);
	assert_int_equal(run_ewb(w), 0);
	world_free(w);
}

/* An enclave that has gone altogether: pages, SECS, and their version array. */
static void test_all_of_it(void **state)
{
	static const u64 pages[] = { TCS_LA,	 SSA_LA,  SSA_LA + 0x1000,
				     SECINFO_LA, DATA_LA, CODE_LA };
	const unsigned int n = sizeof(pages) / sizeof(pages[0]);
	struct world *w = world_new(&usual);
	struct out *out[sizeof(pages) / sizeof(pages[0])];
	struct out *secs_out = out_new(), *va_out = out_new();
	u8 *secs_before = page_copy(w->encl->secs->page);
	u64 va = new_va(w), root = new_va(w), page;
	unsigned int i;

	(void)state;
	for (i = 0; i < n; i++)
		out[i] = evict(w, epc_at(w, pages[i]), va + i * SLOT);
	assert_int_equal(w->secs->hidden.children, 0);
	memcpy(secs_before, w->secs, SGX_PAGE_SIZE);
	assert_int_equal(write_out(w, secs_page(w), va + n * SLOT, secs_out),
			 0);
	assert_int_equal(secs_out->linaddr, 0);
	assert_int_equal(secs_out->pcmd.secinfo.flags, TYPE(SECS));
	assert_int_equal(secs_out->pcmd.enclaveid,
			 ((struct sgx_secs *)secs_before)->hidden.eid);
	assert_int_equal(write_out(w, va, root, va_out), 0);
	assert_int_equal(va_out->pcmd.secinfo.flags, TYPE(VA));
	assert_int_equal(va_out->pcmd.enclaveid, 0);

	/* Back in the order in which it makes sense, to other places. */
	page = free_page(w);
	assert_int_equal(load(w, va_out, page), 0);
	assert_int_equal(state_of(w, page),
			 SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_VA));
	secs_out->va = page + n * SLOT;
	for (i = 0; i < n; i++)
		out[i]->va = page + i * SLOT;
	page = free_page(w);
	assert_int_equal(load(w, secs_out, page), 0);
	assert_memory_equal(sgx_ptr(page), secs_before, SGX_PAGE_SIZE);
	w->encl->secs = entry(w, page);
	w->secs = sgx_secs_of(w->encl->secs);
	for (i = 0; i < n; i++) {
		page = free_page(w);
		out[i]->secs = secs_page(w);
		assert_int_equal(load(w, out[i], page), 0);
		host_map(w->host, pages[i], entry(w, page));
		free(out[i]);
	}
	assert_int_equal(w->secs->hidden.children, n);
	enter(w);
	free(secs_out);
	free(va_out);
	free(secs_before);
	world_free(w);
}

/* As hardware has it: only what belongs to an enclave is blocked. */
static void test_unblocked(void **state)
{
	struct world *w = world_new(&usual);
	struct out *out = out_new();
	u64 va = new_va(w), root = new_va(w), page;

	(void)state;
	assert_int_equal(write_out(w, va, root, out), 0);
	page = free_page(w);
	w->op->pageinfo.linaddr = out->linaddr;
	w->op->pageinfo.secs = 0;
	w->op->pageinfo.srcpge = sgx_addr(out->contents);
	w->op->pageinfo.secinfo = sgx_addr(&out->pcmd);
	assert_int_equal(sgx_eldb(driver(w), &w->op->pageinfo, page, root), 0);
	assert_false(state_of(w, page) & SGX_EPCM_BLOCKED);
	/* The target and the version array in one page, which is in use. */
	assert_int_equal(sgx_fault_vector(sgx_eldu(driver(w), &w->op->pageinfo,
						   root, root)),
			 SGX_VECTOR_PF);
	free(out);
	world_free(w);
}

/* A slot that is in use: all is done, and the old version is lost. */
static void test_occupied(void **state)
{
	struct world *w = world_new(&usual);
	struct out *first, *second = out_new();
	u64 va = new_va(w);

	(void)state;
	first = evict(w, epc_at(w, DATA_LA), va);
	block(w, epc_at(w, CODE_LA));
	track(w);
	assert_int_equal(write_out(w, epc_at(w, CODE_LA), va, second),
			 SGX_VA_SLOT_OCCUPIED);
	assert_int_equal(state_of(w, epc_at(w, CODE_LA)), 0);
	second->secs = secs_page(w);
	assert_int_equal(load(w, first, free_page(w)), SGX_MAC_COMPARE_FAIL);
	assert_int_equal(load(w, second, free_page(w)), 0);
	free(first);
	free(second);
	world_free(w);
}

/* Each eviction has a version and therefore a nonce of its own. */
static void test_versions(void **state)
{
	enum { N = 200 };
	struct world *w = world_new(&usual);
	u64 versions[N], page = epc_at(w, DATA_LA), va = new_va(w);
	u64 other = free_page(w), swap;
	u8 *last = page_copy(sgx_ptr(page));
	struct out *out;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < N; i++) {
		out = evict(w, page, va + i * SLOT);
		versions[i] = *slot(va + i * SLOT);
		assert_int_not_equal(versions[i], 0);
		for (j = 0; j < i; j++)
			assert_int_not_equal(versions[i], versions[j]);
		assert_memory_not_equal(out->contents, last, SGX_PAGE_SIZE);
		memcpy(last, out->contents, SGX_PAGE_SIZE);
		assert_int_equal(load(w, out, other), 0);
		free(out);
		swap = page;
		page = other;
		other = swap;
	}
	free(last);
	world_free(w);
}

/* An old copy, with the slot that has the version of the newer. */
static void test_replay(void **state)
{
	struct world *w = world_new(&usual);
	u64 va = new_va(w), page = epc_at(w, DATA_LA), again = free_page(w);
	struct out *old, *new;
	struct snapshot *snap;

	(void)state;
	old = evict(w, page, va);
	assert_int_equal(load(w, old, again), 0);
	/* A copy of what is loaded. */
	snap = snapshot_take(w->host);
	assert_int_equal(load(w, old, page), SGX_MAC_COMPARE_FAIL);
	snapshot_unchanged(w->host, snap);
	memset(sgx_ptr(again), 0x77, SGX_PAGE_SIZE);
	new = evict(w, again, va);
	snap = snapshot_take(w->host);
	assert_int_equal(load(w, old, again), SGX_MAC_COMPARE_FAIL);
	/* New contents with the old PCMD, and the other way round. */
	old->pcmd = new->pcmd;
	assert_int_equal(load(w, old, again), SGX_MAC_COMPARE_FAIL);
	snapshot_unchanged(w->host, snap);
	assert_int_equal(load(w, new, again), 0);
	assert_int_equal(*(u8 *)sgx_ptr(again), 0x77);
	free(old);
	free(new);
	world_free(w);
}

/* Two pages in each other's place, wholly and in part. */
static void test_swap(void **state)
{
	struct world *w = world_new(&usual);
	u64 va = new_va(w), page = free_page(w);
	struct out *a, *b, *mix = out_new();
	struct snapshot *snap;
	unsigned int parts;

	(void)state;
	a = evict(w, epc_at(w, DATA_LA), va);
	b = evict(w, epc_at(w, SECINFO_LA), va + SLOT);
	snap = snapshot_take(w->host);
	/* Each bit: from which of the two that part comes. */
	for (parts = 1; parts < 15; parts++) {
		memcpy(mix->contents, parts & 1 ? a->contents : b->contents,
		       SGX_PAGE_SIZE);
		mix->pcmd = parts & 2 ? a->pcmd : b->pcmd;
		mix->linaddr = parts & 4 ? a->linaddr : b->linaddr;
		mix->va = parts & 8 ? a->va : b->va;
		mix->secs = a->secs;
		assert_int_equal(load(w, mix, page), SGX_MAC_COMPARE_FAIL);
	}
	snapshot_unchanged(w->host, snap);
	assert_int_equal(load(w, a, page), 0);
	assert_int_equal(load(w, b, free_page(w)), 0);
	free(a);
	free(b);
	free(mix);
	world_free(w);
}

/* EACCEPT of a change that was made before the page went */
static void test_accept_after(void **state)
{
	struct world *w = world_new(&usual);
	u64 page = free_page(w);
	struct sgx_cpu *other;
	struct out *out;

	(void)state;
	other = host_cpu(w->host, 1);
	emodpr_page(w);
	out = evict(w, w->epcpage, new_va(w));
	/* Inside since after the eviction, and before the page came. */
	enclave_enter(w->encl, other);
	track(w);
	assert_int_equal(load(w, out, page), 0);
	host_map(w->host, DATA_LA, entry(w, page));
	eaccept(w, REG_R | PR);
	assert_int_equal(state_of(w, page), SGX_EPCM_VALID | SGX_EPCM_R |
						    sgx_epcm_type(SGX_PT_REG));
	free(out);
	world_free(w);
}

/* And of one that is made when it is back, which has to be tracked. */
static void test_change_after(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_secinfo *secinfo = host_at(w->host, SECINFO_LA);
	u64 page = free_page(w);
	struct out *out;

	(void)state;
	out = evict(w, w->epcpage, new_va(w));
	assert_int_equal(load(w, out, page), 0);
	host_map(w->host, DATA_LA, entry(w, page));
	w->epcpage = page;
	enclave_enter(w->encl, w->cpu);
	emodpr_page(w);
	secinfo->flags = REG_R | PR;
	w->regs->rbx = SECINFO_LA;
	w->regs->rcx = DATA_LA;
	assert_int_equal(sgx_eaccept(w->cpu), SGX_NOT_TRACKED);
	track(w);
	assert_int_equal(sgx_eaccept(w->cpu), SGX_NOT_TRACKED);
	enclave_leave(w->cpu);
	enclave_enter(w->encl, w->cpu);
	assert_int_equal(sgx_eaccept(w->cpu), 0);
	free(out);
	world_free(w);
}

/* What is on the machine at the moment of the host's callback */

static const struct sgx_host_ops *real_ops;
static struct sgx_host_ops ops;
static struct world *callback_world;
static int callback_runs;

static int seal_not_now(struct sgx_core *core, const u8 iv[12], const void *aad,
			size_t aad_len, const void *in, void *out, size_t len,
			u8 mac[16])
{
	(void)core;
	(void)iv;
	(void)aad;
	(void)aad_len;
	(void)in;
	(void)out;
	(void)len;
	(void)mac;
	callback_runs++;
	return SGX_RETRY;
}

static int open_not_now(struct sgx_core *core, const u8 iv[12], const void *aad,
			size_t aad_len, const void *in, void *out, size_t len,
			const u8 mac[16])
{
	(void)core;
	(void)iv;
	(void)aad;
	(void)aad_len;
	(void)in;
	(void)mac;
	/* As far as it came: what it has written is undefined. */
	memset(out, 0x99, len);
	callback_runs++;
	return SGX_RETRY;
}

/* The host's callbacks, to replace some; put back by ops_restore(). */
static void ops_replace(struct world *w)
{
	real_ops = w->host->core.ops;
	ops = *real_ops;
	callback_world = w;
	callback_runs = 0;
	w->host->core.ops = &ops;
}

static void ops_restore(struct world *w)
{
	w->host->core.ops = real_ops;
}

static void test_retry_ewb(void **state)
{
	struct world *w = world_new(&usual);
	struct snapshot *snap;
	u64 version;

	(void)state;
	prepare_ewb(w);
	ops_replace(w);
	ops.page_seal = seal_not_now;
	snap = snapshot_take(w->host);
	version = w->host->core.next_version;
	assert_int_equal(run_ewb(w), SGX_RETRY);
	assert_int_equal(callback_runs, 1);
	/* A version that may have been used is not used again. */
	assert_int_equal(w->host->core.next_version, version + 1);
	w->host->core.next_version = version;
	snapshot_unchanged(w->host, snap);
	w->host->core.next_version = version + 1;
	ops_restore(w);
	assert_int_equal(run_ewb(w), 0);
	assert_int_equal(*slot(w->va), version + 2);
	world_free(w);
}

static void test_retry_eld(void **state)
{
	const struct leaf eldu = { "ELDU", run_eldu, prepare_eld };
	const struct leaf eldb = { "ELDB", run_eldb, prepare_eld };
	const struct row row = {
		"host has no memory", NULL, 0, SGX_RETRY, 0, 0
	};
	struct world *w = world_new(&usual);

	(void)state;
	prepare_eld(w);
	ops_replace(w);
	ops.page_open = open_not_now;
	fails(w, &eldu, &row);
	assert_true(sgx_is_zero(sgx_ptr(w->epcpage), SGX_PAGE_SIZE));
	fails(w, &eldb, &row);
	assert_int_equal(callback_runs, 2);
	ops_restore(w);
	assert_int_equal(eldu.run(w), 0);
	world_free(w);
}

/* What others get while a leaf has its pages */

static void others_during_ewb(struct world *w)
{
	struct sgx_cpu *cpu = host_cpu(w->host, 2);
	_Alignas(32) struct sgx_pageinfo pi = {
		.srcpge = sgx_addr(w->op->page),
		.secinfo = sgx_addr(&pcmd),
	};

	assert_int_equal(sgx_eblock(cpu, w->epcpage), SGX_EPC_PAGE_CONFLICT);
	assert_int_equal(sgx_ewb(cpu, &pi, w->epcpage, w->va + SLOT), GP);
	assert_int_equal(sgx_eremove(cpu, w->epcpage), GP);
	/* The version array is shared, and does not go. */
	assert_int_equal(sgx_eremove(cpu, w->va & SGX_PAGE_MASK), GP);
}

static void others_during_eld(struct world *w)
{
	struct sgx_cpu *cpu = host_cpu(w->host, 2);
	_Alignas(32) struct sgx_pageinfo pi = w->op->pageinfo;

	assert_int_equal(sgx_epa(cpu, SGX_PT_VA, w->epcpage), GP);
	assert_int_equal(sgx_eldu(cpu, &pi, w->epcpage, w->va), GP);
	assert_int_equal(sgx_eremove(cpu, w->va & SGX_PAGE_MASK), GP);
	assert_int_equal(sgx_eremove(cpu, secs_page(w)), GP);
}

static int seal_looked_at(struct sgx_core *core, const u8 iv[12],
			  const void *aad, size_t aad_len, const void *in,
			  void *out, size_t len, u8 mac[16])
{
	(void)core;
	(void)iv;
	(void)aad;
	(void)aad_len;
	(void)in;
	(void)out;
	(void)len;
	(void)mac;
	callback_runs++;
	others_during_ewb(callback_world);
	return SGX_RETRY;
}

static int open_looked_at(struct sgx_core *core, const u8 iv[12],
			  const void *aad, size_t aad_len, const void *in,
			  void *out, size_t len, const u8 mac[16])
{
	(void)core;
	(void)iv;
	(void)aad;
	(void)aad_len;
	(void)in;
	(void)out;
	(void)len;
	(void)mac;
	callback_runs++;
	others_during_eld(callback_world);
	return SGX_RETRY;
}

static void test_conflicts(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	prepare_ewb(w);
	ops_replace(w);
	ops.page_seal = seal_looked_at;
	assert_int_equal(run_ewb(w), SGX_RETRY);
	ops_restore(w);
	assert_int_equal(callback_runs, 1);
	world_free(w);

	w = world_new(&usual);
	prepare_eld(w);
	ops_replace(w);
	ops.page_open = open_looked_at;
	assert_int_equal(run_eldu(w), SGX_RETRY);
	ops_restore(w);
	assert_int_equal(callback_runs, 1);
	assert_int_equal(run_eldu(w), 0);
	world_free(w);
}

/* Two processors load one evicted page into two pages of the EPC. */
static u64 second_page;

static int open_second(struct sgx_core *core, const u8 iv[12], const void *aad,
		       size_t aad_len, const void *in, void *out, size_t len,
		       const u8 mac[16])
{
	_Alignas(32) struct sgx_pageinfo pi = callback_world->op->pageinfo;

	if (!callback_runs++)
		assert_int_equal(sgx_eldu(host_cpu(callback_world->host, 2),
					  &pi, second_page, callback_world->va),
				 0);
	return real_ops->page_open(core, iv, aad, aad_len, in, out, len, mac);
}

static void test_load_twice(void **state)
{
	struct world *w = world_new(&usual);
	u64 children;

	(void)state;
	prepare_eld(w);
	children = w->secs->hidden.children;
	second_page = free_page(w);
	ops_replace(w);
	ops.page_open = open_second;
	assert_int_equal(run_eldu(w), SGX_MAC_COMPARE_FAIL);
	ops_restore(w);
	assert_int_equal(callback_runs, 2);
	assert_int_equal(state_of(w, w->epcpage), 0);
	assert_true(sgx_is_zero(sgx_ptr(w->epcpage), SGX_PAGE_SIZE));
	assert_int_equal(state_of(w, second_page),
			 SGX_EPCM_VALID | SGX_EPCM_R | SGX_EPCM_W |
				 sgx_epcm_type(SGX_PT_REG));
	assert_int_equal(w->secs->hidden.children, children + 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_load_failures),
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_enclaveid),
		cmocka_unit_test(test_eblock_during_etrack),
		cmocka_unit_test(test_eblock_shared),
		cmocka_unit_test(test_epa),
		cmocka_unit_test(test_tracking),
		cmocka_unit_test(test_not_blocked),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_blocked_again),
		cmocka_unit_test(test_all_of_it),
		cmocka_unit_test(test_unblocked),
		cmocka_unit_test(test_occupied),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_accept_after),
		cmocka_unit_test(test_change_after),
		cmocka_unit_test(test_retry_ewb),
		cmocka_unit_test(test_retry_eld),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_load_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
