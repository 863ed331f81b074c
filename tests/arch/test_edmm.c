// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The SGX2 leaves and ETRACK: each failure that the SDM lists is a row of a
 * table, in the SDM's order, and leaves everything as it was; and the flows
 * that a driver and an enclave make of them.
 */
#include <pthread.h>
#include <sched.h>
#include "world.h"

#define OUTSIDE	 (ENCLAVE_BASE + ENCLAVE_SIZE)
#define UNUSED	 (ENCLAVE_BASE + 0x1f000)
#define PENDING	 SGX_SECINFO_FL_PENDING
#define MODIFIED SGX_SECINFO_FL_MODIFIED
#define PR	 SGX_SECINFO_FL_PR
#define TYPE(pt) ((u64)SGX_PT_##pt << SGX_SECINFO_FL_PT_SHIFT)
#define TRIM	 TYPE(TRIM)

/* Page faults of ENCLS: in supervisor mode. */
#define PFEC_ENCLS (SGX_PFEC_SGX | SGX_PFEC_P | SGX_PFEC_W)

static const struct shape usual;

static struct sgx_epcm *page_at(struct world *w, u64 la)
{
	return host_epcm(w->host, la);
}

static u32 state_at(struct world *w, u64 la)
{
	return sgx_epcm_state(page_at(w, la)) & ~SGX_EPCM_EPOCH;
}

static u64 epc_at(struct world *w, u64 la)
{
	return sgx_addr(page_at(w, la)->page);
}

static u32 reg_state(u32 bits)
{
	return SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_REG) | bits;
}

/* The driver's leaves, on the processor that is not in the enclave. */

static int emodpr(struct world *w, u64 la, u64 flags)
{
	w->op->secinfo.flags = flags;
	return sgx_emodpr(host_cpu(w->host, 3), &w->op->secinfo, epc_at(w, la));
}

static int emodt(struct world *w, u64 la, u64 flags)
{
	w->op->secinfo.flags = flags;
	return sgx_emodt(host_cpu(w->host, 3), &w->op->secinfo, epc_at(w, la));
}

static int etrack(struct world *w)
{
	return sgx_etrack(host_cpu(w->host, 3), sgx_addr(w->encl->secs->page));
}

static int eremove(struct world *w, u64 la)
{
	return sgx_eremove(host_cpu(w->host, 3), epc_at(w, la));
}

/* EAUG at @la, mapped. */
static struct sgx_epcm *eaug(struct world *w, u64 la)
{
	struct sgx_epcm *epcm = host_epc(w->host);
	struct sgx_pageinfo *pi = &w->op->pageinfo;

	*pi = (struct sgx_pageinfo){ .linaddr = la,
				     .secs = sgx_addr(w->encl->secs->page) };
	assert_int_equal(
		sgx_eaug(host_cpu(w->host, 3), pi, sgx_addr(epcm->page)), 0);
	host_map(w->host, la, epcm);
	return epcm;
}

/* The enclave's leaves, with SECINFO.FLAGS. */

static void operands(struct world *w, u64 flags, u64 la, u64 source)
{
	struct sgx_secinfo *secinfo = host_at(w->host, SECINFO_LA);

	memset(secinfo, 0, sizeof(*secinfo));
	secinfo->flags = flags;
	w->regs->rbx = SECINFO_LA;
	w->regs->rcx = la;
	w->regs->rdx = source;
}

static int eaccept(struct world *w, u64 la, u64 flags)
{
	operands(w, flags, la, 0);
	return sgx_eaccept(w->cpu);
}

static int emodpe(struct world *w, u64 la, u64 flags)
{
	operands(w, flags, la, 0);
	return sgx_emodpe(w->cpu);
}

static int eacceptcopy(struct world *w, u64 la, u64 source, u64 flags)
{
	operands(w, flags, la, source);
	return sgx_eacceptcopy(w->cpu);
}

static void leave(struct world *w)
{
	w->regs->rbx = USER_RIP;
	assert_int_equal(host_eexit(w->cpu), 0);
}

static bool zapped_last(struct world *w, u64 la)
{
	return w->host->zaps &&
	       w->host->zapped[w->host->zaps - 1] == page_at(w, la);
}

/* Spoilers */

static void pageinfo_add(struct world *w, u64 arg)
{
	w->pageinfo = (const void *)((const u8 *)w->pageinfo + arg);
}

static void secinfo_add(struct world *w, u64 arg)
{
	w->secinfo = (const void *)((const u8 *)w->secinfo + arg);
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

static void epcpage_free(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = sgx_addr(host_epc(w->host)->page);
}

static struct sgx_epcm *target(struct world *w)
{
	return w->host->core.ops->epc(&w->host->core, w->epcpage);
}

static void target_lock(struct world *w, u64 arg)
{
	target(w)->lock = (u32)arg;
}

static void target_or(struct world *w, u64 arg)
{
	target(w)->state |= (u32)arg;
}

static void target_type(struct world *w, u64 pt)
{
	target(w)->state = (target(w)->state & ~SGX_EPCM_PT) | (u32)pt << 8;
}

static void pageinfo_secinfo(struct world *w, u64 arg)
{
	w->op->pageinfo.secinfo = arg;
}

static void pageinfo_linaddr(struct world *w, u64 arg)
{
	w->op->pageinfo.linaddr = arg;
}

static void pageinfo_srcpge(struct world *w, u64 arg)
{
	w->op->pageinfo.srcpge = arg;
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

static void secs_of_page(struct world *w, u64 la)
{
	w->op->pageinfo.secs = epc_at(w, la);
}

static void secs_free(struct world *w, u64 arg)
{
	(void)arg;
	w->op->pageinfo.secs = sgx_addr(host_epc(w->host)->page);
}

static void secs_lock(struct world *w, u64 arg)
{
	struct sgx_core *core = &w->host->core;

	core->ops->epc(core, w->op->pageinfo.secs)->lock = (u32)arg;
}

static void not_initialized(struct world *w, u64 arg)
{
	(void)arg;
	w->secs->attributes.flags &= ~SGX_ATTR_INIT;
}

/* SECINFO of an ENCLS leaf. */
static void encls_flags(struct world *w, u64 arg)
{
	w->op->secinfo.flags = arg;
}

static void encls_reserved(struct world *w, u64 i)
{
	w->op->secinfo.reserved[i] = 1;
}

/* SECINFO of an ENCLU leaf. */
static struct sgx_secinfo *enclu_secinfo(struct world *w)
{
	return host_at(w->host, SECINFO_LA);
}

static void enclu_flags(struct world *w, u64 arg)
{
	enclu_secinfo(w)->flags = arg;
}

static void enclu_reserved(struct world *w, u64 i)
{
	enclu_secinfo(w)->reserved[i] = 1;
}

static void set_rbx(struct world *w, u64 arg)
{
	w->regs->rbx = arg;
}

static void set_rdx(struct world *w, u64 arg)
{
	w->regs->rdx = arg;
}

static void lock_sgx2(struct world *w, u64 la)
{
	page_at(w, la)->lock = SGX_LOCK_MEASURE;
}

SPOIL_STATE(type_va, (epcm->state & ~SGX_EPCM_PT) | sgx_epcm_type(SGX_PT_VA))
SPOIL_STATE(not_pending, epcm->state & ~SGX_EPCM_PENDING)
SPOIL_STATE(executable, epcm->state | SGX_EPCM_X)

/* A processor that was in the enclave all the time. */
static void one_inside(struct world *w, u64 arg)
{
	(void)arg;
	enclave_enter(w->encl, host_cpu(w->host, 1));
	host_cpu(w->host, 1)->epoch = 0;
}

/* A change of the target after the last ETRACK. */
static void changed_again(struct world *w, u64 la)
{
	u64 note = w->secs->hidden.epoch << SGX_EPCM_EPOCH_SHIFT;

	page_at(w, la)->state &= ~SGX_EPCM_EPOCH;
	page_at(w, la)->state |= (u32)note;
}

/* ENCLS */

static int run_eaug(struct world *w)
{
	return sgx_eaug(w->cpu, w->pageinfo, w->epcpage);
}

static int run_emodpr(struct world *w)
{
	return sgx_emodpr(w->cpu, w->secinfo, w->epcpage);
}

static int run_emodt(struct world *w)
{
	return sgx_emodt(w->cpu, w->secinfo, w->epcpage);
}

static int run_etrack(struct world *w)
{
	return sgx_etrack(w->cpu, w->epcpage);
}

static void prepare_eaug(struct world *w)
{
	w->op->pageinfo =
		(struct sgx_pageinfo){ .linaddr = FREE_LA,
				       .secs = sgx_addr(w->encl->secs->page) };
	epcpage_free(w, 0);
}

static void prepare_emodpr(struct world *w)
{
	w->op->secinfo.flags = SGX_SECINFO_FL_R;
}

static void prepare_emodt(struct world *w)
{
	w->op->secinfo.flags = TRIM;
}

static void prepare_etrack(struct world *w)
{
	w->epcpage = sgx_addr(w->encl->secs->page);
	w->secs->hidden.epoch = 1;
}

/* clang-format off */

static const struct row eaug_rows[] = {
	{ "PAGEINFO is not aligned", pageinfo_add, 16, GP, 0, 0 },
	{ "EPC page is not aligned", epcpage_add, 8, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "SECINFO is not aligned", pageinfo_secinfo, 32, GP, 0, 0 },
	{ "SECS is not aligned", secs_add, 64, GP, 0, 0 },
	{ "LINADDR is not aligned", pageinfo_linaddr, FREE_LA + 1, GP, 0, 0 },
	{ "SRCPGE is not 0", pageinfo_srcpge, 0x1000, GP, 0, 0 },
	{ "SECS is no EPC page", secs_outside, 0, PF, AT_SECS, PFEC_ENCLS },
	{ "EPC page is in use", target_lock, SGX_LOCK_SHARED, GP, 0, 0 },
	{ "EPC page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "EPC page is valid", epcpage_of, DATA_LA,
	  PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "a SECINFO is given", pageinfo_secinfo, 64, GP, 0, 0 },
	{ "SECS is in exclusive use", secs_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "SECS is not valid", secs_free, 0, PF, AT_SECS, PFEC_ENCLS },
	{ "SECS is a regular page", secs_of_page, DATA_LA,
	  PF, AT_SECS, PFEC_ENCLS },
	{ "enclave is not initialised", not_initialized, 0, GP, 0, 0 },
	{ "LINADDR is below the enclave", pageinfo_linaddr,
	  ENCLAVE_BASE - SGX_PAGE_SIZE, GP, 0, 0 },
	{ "LINADDR is at its end", pageinfo_linaddr, OUTSIDE, GP, 0, 0 },
};

static const struct row emodpr_rows[] = {
	{ "SECINFO is not aligned", secinfo_add, 32, GP, 0, 0 },
	{ "EPC page is not aligned", epcpage_add, 2048, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "SECINFO.FLAGS bit 6", encls_flags, 1 | 1 << 6, GP, 0, 0 },
	{ "SECINFO.FLAGS bit 16", encls_flags, 1 | 1 << 16, GP, 0, 0 },
	{ "SECINFO.FLAGS bit 63", encls_flags, 1ULL << 63, GP, 0, 0 },
	{ "SECINFO byte 8", encls_reserved, 0, GP, 0, 0 },
	{ "SECINFO byte 63", encls_reserved, 55, GP, 0, 0 },
	{ "W without R", encls_flags, SGX_SECINFO_FL_W, GP, 0, 0 },
	{ "page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "page is not valid", epcpage_free, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "another SGX2 leaf", target_lock, SGX_LOCK_MEASURE,
	  SGX_EPC_PAGE_CONFLICT, 0, 0 },
	{ "page is pending", target_or, SGX_EPCM_PENDING,
	  SGX_PAGE_NOT_MODIFIABLE, 0, 0 },
	{ "page is modified", target_or, SGX_EPCM_MODIFIED,
	  SGX_PAGE_NOT_MODIFIABLE, 0, 0 },
	{ "page is a TCS", epcpage_of, TCS_LA, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "page is trimmed", target_type, SGX_PT_TRIM,
	  PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "enclave is not initialised", not_initialized, 0, GP, 0, 0 },
};

static const struct row emodt_rows[] = {
	{ "SECINFO is not aligned", secinfo_add, 32, GP, 0, 0 },
	{ "EPC page is not aligned", epcpage_add, 2048, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "SECINFO.FLAGS bit 7", encls_flags, TRIM | 1 << 7, GP, 0, 0 },
	{ "SECINFO byte 8", encls_reserved, 0, GP, 0, 0 },
	{ "to PT_SECS", encls_flags, TYPE(SECS), GP, 0, 0 },
	{ "to PT_REG", encls_flags, REG_RW, GP, 0, 0 },
	{ "to PT_VA", encls_flags, TYPE(VA), GP, 0, 0 },
	{ "to PT_SS_FIRST", encls_flags, TYPE(SS_FIRST), GP, 0, 0 },
	{ "page is in use", target_lock, SGX_LOCK_SHARED,
	  SGX_EPC_PAGE_CONFLICT, 0, 0 },
	{ "page is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  SGX_EPC_PAGE_CONFLICT, 0, 0 },
	{ "page is not valid", epcpage_free, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "another SGX2 leaf", target_lock, SGX_LOCK_MEASURE,
	  SGX_EPC_PAGE_CONFLICT, 0, 0 },
	{ "page is trimmed", target_type, SGX_PT_TRIM,
	  PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "page is a version array", target_type, SGX_PT_VA,
	  PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "page is pending", target_or, SGX_EPCM_PENDING,
	  SGX_PAGE_NOT_MODIFIABLE, 0, 0 },
	{ "page is modified", target_or, SGX_EPCM_MODIFIED,
	  SGX_PAGE_NOT_MODIFIABLE, 0, 0 },
	{ "enclave is not initialised", not_initialized, 0, GP, 0, 0 },
};

static const struct row emodt_tcs_rows[] = {
	{ "a TCS to a TCS", encls_flags, TYPE(TCS),
	  PF, AT_EPCPAGE, PFEC_ENCLS },
};

static const struct row etrack_rows[] = {
	{ "SECS is not aligned", epcpage_add, 64, GP, 0, 0 },
	{ "no EPC page", epcpage_outside, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "SECS is in exclusive use", target_lock, SGX_LOCK_EXCLUSIVE,
	  GP, 0, 0 },
	{ "another ETRACK", target_lock, SGX_LOCK_TRACK, GP, 0, 0 },
	{ "page is not valid", epcpage_free, 0, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "page is no SECS", epcpage_of, DATA_LA, PF, AT_EPCPAGE, PFEC_ENCLS },
	{ "previous cycle is not complete", one_inside, 0,
	  SGX_PREV_TRK_INCMPL, 0, 0 },
};

/* clang-format on */

static void test_encls_failures(void **state)
{
	const struct leaf eaug_leaf = { "EAUG", run_eaug, prepare_eaug };
	const struct leaf emodpr_leaf = { "EMODPR", run_emodpr,
					  prepare_emodpr };
	const struct leaf emodt_leaf = { "EMODT", run_emodt, prepare_emodt };
	const struct leaf etrack_leaf = { "ETRACK", run_etrack,
					  prepare_etrack };

	(void)state;
	RUN_ROWS(&eaug_leaf, &usual, eaug_rows);
	RUN_ROWS(&emodpr_leaf, &usual, emodpr_rows);
	RUN_ROWS(&emodt_leaf, &usual, emodt_rows);
	RUN_ROWS(&etrack_leaf, &usual, etrack_rows);
	RUN_ORDER(&eaug_leaf, &usual, eaug_rows);
	RUN_ORDER(&emodpr_leaf, &usual, emodpr_rows);
	RUN_ORDER(&emodt_leaf, &usual, emodt_rows);
	RUN_ORDER(&etrack_leaf, &usual, etrack_rows);
}

static void prepare_emodt_tcs(struct world *w)
{
	prepare_emodt(w);
	epcpage_of(w, TCS_LA);
}

static void test_emodt_tcs_failures(void **state)
{
	const struct leaf leaf = { "EMODT", run_emodt, prepare_emodt_tcs };

	(void)state;
	RUN_ROWS(&leaf, &usual, emodt_tcs_rows);
}

/* EACCEPT */

static int run_eaccept(struct world *w)
{
	return sgx_eaccept(w->cpu);
}

/* DATA_LA restricted to R, tracked; the enclave is about to accept. */
static void prepare_eaccept(struct world *w)
{
	assert_int_equal(emodpr(w, DATA_LA, SGX_SECINFO_FL_R), 0);
	assert_int_equal(etrack(w), 0);
	enter(w);
	operands(w, REG_R | PR, DATA_LA, 0);
}

/* DATA_LA to become a TCS, and has the contents of one. */
static void prepare_eaccept_tcs(struct world *w)
{
	memcpy(host_at(w->host, DATA_LA), w->tcs, sizeof(*w->tcs));
	assert_int_equal(emodt(w, DATA_LA, TYPE(TCS)), 0);
	assert_int_equal(etrack(w), 0);
	enter(w);
	operands(w, TYPE(TCS) | MODIFIED, DATA_LA, 0);
}

#define SPOIL_NEW_TCS(name, field)                               \
	static void name(struct world *w, u64 arg)               \
	{                                                        \
		struct sgx_tcs *tcs = host_at(w->host, DATA_LA); \
                                                                 \
		tcs->field = arg;                                \
	}

SPOIL_NEW_TCS(new_tcs_first_reserved, reserved[0])
SPOIL_NEW_TCS(new_tcs_last_reserved, reserved[4007])
SPOIL_NEW_TCS(new_tcs_ocetssa, ocetssa)
SPOIL_NEW_TCS(new_tcs_prevssp, prevssp)
SPOIL_NEW_TCS(new_tcs_flags, flags)
SPOIL_NEW_TCS(new_tcs_cssa, cssa)
SPOIL_NEW_TCS(new_tcs_aep, aep)
SPOIL_NEW_TCS(new_tcs_state, state)

/* clang-format off */

/* The page of the SECINFO, which EMODPE and EACCEPTCOPY check as EACCEPT. */
#define SECINFO_PAGE_ROWS						\
	{ "SECINFO is not valid", invalid, SECINFO_LA,			\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO is not readable", no_access, SECINFO_LA,		\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO is pending", pending, SECINFO_LA,			\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO is modified", modified, SECINFO_LA,			\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO is blocked", blocked, SECINFO_LA,			\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO is in a TCS", type_tcs, SECINFO_LA,			\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO is another enclave's", other_secs, SECINFO_LA,	\
	  PF, SECINFO_LA, PFEC_EPCM },					\
	{ "SECINFO has another address", other_address, SECINFO_LA,	\
	  PF, SECINFO_LA, PFEC_EPCM }

static const struct row eaccept_rows[] = {
	{ "RBX is not aligned", set_rbx, SECINFO_LA + 32, GP, 0, 0 },
	{ "RBX is below the enclave", set_rbx, ENCLAVE_BASE - 64, GP, 0, 0 },
	{ "RBX is behind the enclave", set_rbx, OUTSIDE, GP, 0, 0 },
	{ "RBX is not mapped", set_rbx, UNUSED, PF, UNUSED, SGX_PFEC_U },
	{ "RBX is no EPC page", map_ordinary, SECINFO_LA,
	  PF, SECINFO_LA, PFEC_EPCM },
	SECINFO_PAGE_ROWS,
	{ "SECINFO.FLAGS bit 6", enclu_flags, REG_R | PR | 1 << 6, GP, 0, 0 },
	{ "SECINFO.FLAGS bit 16", enclu_flags, REG_R | PR | 1 << 16,
	  GP, 0, 0 },
	{ "SECINFO byte 8", enclu_reserved, 0, GP, 0, 0 },
	{ "SECINFO byte 63", enclu_reserved, 55, GP, 0, 0 },
	{ "RCX is not aligned", set_rcx, DATA_LA + 64, GP, 0, 0 },
	{ "RCX is below the enclave", set_rcx, ENCLAVE_BASE - 4096, GP, 0, 0 },
	{ "RCX is behind the enclave", set_rcx, OUTSIDE, GP, 0, 0 },
	{ "RCX is not mapped", set_rcx, UNUSED, PF, UNUSED, SGX_PFEC_U },
	{ "RCX is no EPC page", map_ordinary, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "PT_REG, no change", enclu_flags, REG_R, GP, 0, 0 },
	{ "PT_REG, modified", enclu_flags, REG_R | MODIFIED, GP, 0, 0 },
	{ "PT_REG, restricted and modified", enclu_flags,
	  REG_R | PR | MODIFIED, GP, 0, 0 },
	{ "PT_TCS, no change", enclu_flags, TYPE(TCS), GP, 0, 0 },
	{ "PT_TCS, pending", enclu_flags, TYPE(TCS) | PENDING, GP, 0, 0 },
	{ "PT_TCS, pending and modified", enclu_flags,
	  TYPE(TCS) | PENDING | MODIFIED, GP, 0, 0 },
	{ "PT_TRIM, restricted", enclu_flags, TRIM | MODIFIED | PR, GP, 0, 0 },
	{ "PT_TRIM, no change", enclu_flags, TRIM, GP, 0, 0 },
	{ "PT_SECS", enclu_flags, TYPE(SECS) | MODIFIED, GP, 0, 0 },
	{ "PT_VA", enclu_flags, TYPE(VA) | PENDING, GP, 0, 0 },
	{ "PT_SS_FIRST", enclu_flags, TYPE(SS_FIRST) | PENDING, GP, 0, 0 },
	{ "page is not valid", invalid, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is blocked", blocked, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is a version array", type_va, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "page is another enclave's", other_secs, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "page is in exclusive use", lock_exclusive, DATA_LA, GP, 0, 0 },
	{ "another SGX2 leaf", lock_sgx2, DATA_LA, GP, 0, 0 },
	{ "page has another address", other_address, DATA_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "PENDING differs", enclu_flags, REG_R | PR | PENDING,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "page is modified", modified, DATA_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "R differs", enclu_flags, TYPE(REG) | PR,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "W differs", enclu_flags, REG_RW | PR,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "X differs", enclu_flags, REG_RX | PR,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "PT differs", enclu_flags, TRIM | MODIFIED,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "PT of the page differs", type_trim, DATA_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "changed after the ETRACK", changed_again, DATA_LA,
	  SGX_NOT_TRACKED, 0, 0 },
	{ "a processor has not left", one_inside, 0, SGX_NOT_TRACKED, 0, 0 },
};

static const struct row eaccept_tcs_rows[] = {
	{ "a processor has not left", one_inside, 0, SGX_NOT_TRACKED, 0, 0 },
	{ "TCS byte 88", new_tcs_first_reserved, 1, GP, 0, 0 },
	{ "TCS byte 4095", new_tcs_last_reserved, 1, GP, 0, 0 },
	{ "OCETSSA, with no CET", new_tcs_ocetssa, 0x1000, GP, 0, 0 },
	{ "PREVSSP, with no CET", new_tcs_prevssp, 8, GP, 0, 0 },
	{ "FLAGS bit 2", new_tcs_flags, 4, GP, 0, 0 },
	{ "FLAGS bit 63", new_tcs_flags, 1ULL << 63, GP, 0, 0 },
	{ "DBGOPTIN", new_tcs_flags, SGX_TCS_DBGOPTIN, GP, 0, 0 },
	{ "CSSA is NSSA", new_tcs_cssa, 2, GP, 0, 0 },
	{ "AEP is not 0", new_tcs_aep, AEP, GP, 0, 0 },
	{ "active", new_tcs_state, SGX_TCS_ACTIVE, GP, 0, 0 },
};

/* clang-format on */

static void test_eaccept_failures(void **state)
{
	const struct leaf leaf = { "EACCEPT", run_eaccept, prepare_eaccept };
	const struct leaf tcs = { "EACCEPT of a TCS", run_eaccept,
				  prepare_eaccept_tcs };

	(void)state;
	RUN_ROWS(&leaf, &usual, eaccept_rows);
	RUN_ORDER(&leaf, &usual, eaccept_rows);
	RUN_ROWS(&tcs, &usual, eaccept_tcs_rows);
	RUN_ORDER(&tcs, &usual, eaccept_tcs_rows);
}

/* EACCEPTCOPY */

static int run_eacceptcopy(struct world *w)
{
	return sgx_eacceptcopy(w->cpu);
}

static void prepare_eacceptcopy(struct world *w)
{
	eaug(w, FREE_LA);
	enter(w);
	operands(w, REG_RX, FREE_LA, DATA_LA);
}

/* clang-format off */

static const struct row eacceptcopy_rows[] = {
	{ "RBX is not aligned", set_rbx, SECINFO_LA + 32, GP, 0, 0 },
	{ "RCX is not aligned", set_rcx, FREE_LA + 64, GP, 0, 0 },
	{ "RDX is not aligned", set_rdx, DATA_LA + 64, GP, 0, 0 },
	{ "RBX is outside the enclave", set_rbx, OUTSIDE, GP, 0, 0 },
	{ "RCX is outside the enclave", set_rcx, OUTSIDE, GP, 0, 0 },
	{ "RDX is outside the enclave", set_rdx, OUTSIDE, GP, 0, 0 },
	{ "RBX is not mapped", unmap, SECINFO_LA, PF, SECINFO_LA, SGX_PFEC_U },
	{ "RBX is no EPC page", map_ordinary, SECINFO_LA,
	  PF, SECINFO_LA, PFEC_EPCM },
	{ "RCX is not mapped", unmap, FREE_LA,
	  PF, FREE_LA, SGX_PFEC_U | SGX_PFEC_W },
	{ "RCX is mapped read-only", map_read_only, FREE_LA,
	  PF, FREE_LA, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },
	{ "RCX is no EPC page", map_ordinary, FREE_LA,
	  PF, FREE_LA, PFEC_EPCM_W },
	{ "RDX is not mapped", unmap, DATA_LA, PF, DATA_LA, SGX_PFEC_U },
	{ "RDX is no EPC page", map_ordinary, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	SECINFO_PAGE_ROWS,
	{ "SECINFO.FLAGS bit 6", enclu_flags, REG_RX | 1 << 6, GP, 0, 0 },
	{ "SECINFO byte 63", enclu_reserved, 55, GP, 0, 0 },
	{ "W without R", enclu_flags, TYPE(REG) | SGX_SECINFO_FL_W, GP, 0, 0 },
	{ "PT is not PT_REG", enclu_flags, TRIM, GP, 0, 0 },
	{ "source is not valid", invalid, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "source is not readable", no_access, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "source is pending", pending, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "source is modified", modified, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "source is blocked", blocked, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "source is a TCS", type_tcs, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "source is another enclave's", other_secs, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "source has another address", other_address, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "target is not valid", invalid, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is not pending", not_pending, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is modified", modified, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is blocked", blocked, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is a TCS", type_tcs, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is another enclave's", other_secs, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "another SGX2 leaf", lock_sgx2, FREE_LA, GP, 0, 0 },
	{ "target has another address", other_address, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is not writable", no_write, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
	{ "target is executable", executable, FREE_LA,
	  SGX_PAGE_ATTRIBUTES_MISMATCH, 0, 0 },
};

/* clang-format on */

static void test_eacceptcopy_failures(void **state)
{
	const struct leaf leaf = { "EACCEPTCOPY", run_eacceptcopy,
				   prepare_eacceptcopy };

	(void)state;
	RUN_ROWS(&leaf, &usual, eacceptcopy_rows);
	RUN_ORDER(&leaf, &usual, eacceptcopy_rows);
}

/* EMODPE */

static int run_emodpe(struct world *w)
{
	return sgx_emodpe(w->cpu);
}

static void prepare_emodpe(struct world *w)
{
	enter(w);
	operands(w, REG_RX, DATA_LA, 0);
}

/* The target has no permission at all; W alone is asked for. */
static void write_alone(struct world *w, u64 la)
{
	no_access(w, la);
	enclu_flags(w, TYPE(REG) | SGX_SECINFO_FL_W);
}

/* clang-format off */

static const struct row emodpe_rows[] = {
	{ "RBX is not aligned", set_rbx, SECINFO_LA + 32, GP, 0, 0 },
	{ "RCX is not aligned", set_rcx, DATA_LA + 64, GP, 0, 0 },
	{ "RBX is outside the enclave", set_rbx, OUTSIDE, GP, 0, 0 },
	{ "RCX is outside the enclave", set_rcx, OUTSIDE, GP, 0, 0 },
	{ "RBX is not mapped", unmap, SECINFO_LA, PF, SECINFO_LA, SGX_PFEC_U },
	{ "RBX is no EPC page", map_ordinary, SECINFO_LA,
	  PF, SECINFO_LA, PFEC_EPCM },
	{ "RCX is not mapped", unmap, DATA_LA, PF, DATA_LA, SGX_PFEC_U },
	{ "RCX is no EPC page", map_ordinary, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	SECINFO_PAGE_ROWS,
	{ "SECINFO.FLAGS bit 6", enclu_flags, REG_RX | 1 << 6, GP, 0, 0 },
	{ "SECINFO byte 63", enclu_reserved, 55, GP, 0, 0 },
	{ "page is not valid", invalid, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is pending", pending, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is modified", modified, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is blocked", blocked, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is a TCS", type_tcs, DATA_LA, PF, DATA_LA, PFEC_EPCM },
	{ "page is another enclave's", other_secs, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "another SGX2 leaf", lock_sgx2, DATA_LA, GP, 0, 0 },
	{ "page has another address", other_address, DATA_LA,
	  PF, DATA_LA, PFEC_EPCM },
	{ "W without R", write_alone, DATA_LA, GP, 0, 0 },
};

/* clang-format on */

static void test_emodpe_failures(void **state)
{
	const struct leaf leaf = { "EMODPE", run_emodpe, prepare_emodpe };

	(void)state;
	RUN_ROWS(&leaf, &usual, emodpe_rows);
	RUN_ORDER(&leaf, &usual, emodpe_rows);
}

/* Executing again: SGX_RETRY at each translation in turn. */
static void retries(const struct leaf *leaf, const u64 *walks, unsigned int n)
{
	struct world *w = world_new(&usual);
	unsigned int i;

	leaf->prepare(w);
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
	const struct leaf accept = { "EACCEPT", run_eaccept, prepare_eaccept };
	const struct leaf copy = { "EACCEPTCOPY", run_eacceptcopy,
				   prepare_eacceptcopy };
	const struct leaf extend = { "EMODPE", run_emodpe, prepare_emodpe };
	const u64 two[] = { SECINFO_LA, DATA_LA };
	const u64 three[] = { SECINFO_LA, FREE_LA, DATA_LA };

	(void)state;
	retries(&accept, two, 2);
	retries(&copy, three, 3);
	retries(&extend, two, 2);
}

/* Flows */

/* A page on demand: EAUG at the fault, EACCEPT inside; no tracking. */
static void test_augment(void **state)
{
	static const u8 zero[SGX_PAGE_SIZE];
	struct world *w = world_new(&usual);
	u64 children = w->secs->hidden.children;
	struct sgx_epcm *epcm;

	(void)state;
	enter(w);
	epcm = eaug(w, FREE_LA);
	assert_int_equal(state_at(w, FREE_LA),
			 reg_state(SGX_EPCM_R | SGX_EPCM_W | SGX_EPCM_PENDING));
	assert_int_equal(epcm->addr, FREE_LA);
	assert_ptr_equal(epcm->secs, w->encl->secs);
	assert_memory_equal(epcm->page, zero, sizeof(zero));
	assert_int_equal(w->secs->hidden.children, children + 1);

	assert_int_equal(eaccept(w, FREE_LA, REG_RW | PENDING), 0);
	assert_int_equal(state_at(w, FREE_LA),
			 reg_state(SGX_EPCM_R | SGX_EPCM_W));
	/* A pending page is nowhere translated. */
	assert_int_equal(w->host->zaps, 0);
	assert_int_equal(epcm->lock, 0);
	assert_int_equal(eaccept(w, FREE_LA, REG_RW | PENDING),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	assert_int_equal(w->encl->secs->lock, 0);
	world_free(w);
}

/* Both ends of the enclave's range. */
/* A page that the host says is zero is not cleared; EADD takes the word back. */
static void test_augment_zero(void **state)
{
	const u8 mark = 0xa5;
	struct sgx_epcm *epcm;
	struct world *w;

	(void)state;
	w = world_new(&usual);
	epcm = host_epc(w->host);
	*(u8 *)epcm->page = mark;
	epcm->state = SGX_EPCM_ZERO;
	w->op->pageinfo = (struct sgx_pageinfo){
		.linaddr = FREE_LA,
		.secs = sgx_addr(w->encl->secs->page),
	};
	assert_int_equal(sgx_eaug(host_cpu(w->host, 3), &w->op->pageinfo,
				  sgx_addr(epcm->page)),
			 0);
	assert_int_equal(*(u8 *)epcm->page, mark);
	assert_false(epcm->state & SGX_EPCM_ZERO);

	/* It is initialised, but what was copied stays. */
	epcm = host_epc(w->host);
	epcm->state = SGX_EPCM_ZERO;
	w->op->pageinfo.srcpge = sgx_addr(w->encl->secs->page);
	w->op->pageinfo.secinfo = sgx_addr(&w->op->secinfo);
	w->op->secinfo = (struct sgx_secinfo){ .flags = REG_RW };
	assert_int_equal(sgx_eadd(host_cpu(w->host, 3), &w->op->pageinfo,
				  sgx_addr(epcm->page)),
			 GP);
	assert_int_equal(epcm->state, 0);
	world_free(w);
}

static void test_augment_ends(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	eaug(w, UNUSED);
	eaug(w, ENCLAVE_BASE + 0x3000);
	world_free(w);
}

static void test_copy(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	memset(host_at(w->host, DATA_LA), 0x5a, SGX_PAGE_SIZE);
	prepare_eacceptcopy(w);
	assert_int_equal(sgx_eacceptcopy(w->cpu), 0);
	assert_int_equal(state_at(w, FREE_LA),
			 reg_state(SGX_EPCM_R | SGX_EPCM_X));
	assert_memory_equal(host_at(w->host, FREE_LA),
			    host_at(w->host, DATA_LA), SGX_PAGE_SIZE);
	/* A pending page is nowhere translated. */
	assert_int_equal(w->host->zaps, 0);
	assert_int_equal(page_at(w, FREE_LA)->lock, 0);
	assert_int_equal(eacceptcopy(w, FREE_LA, DATA_LA, REG_RX),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	world_free(w);
}

/* What EMODPE adds to what, and that it never takes away. */
static void test_extend(void **state)
{
	static const struct {
		u32 before;
		u64 flags;
		u32 after;
	} rows[] = {
		{ 0, SGX_SECINFO_FL_R, SGX_EPCM_R },
		{ SGX_EPCM_R, SGX_SECINFO_FL_W, SGX_EPCM_R | SGX_EPCM_W },
		{ SGX_EPCM_R, SGX_SECINFO_FL_X, SGX_EPCM_R | SGX_EPCM_X },
		{ 0, SGX_SECINFO_FL_X, SGX_EPCM_X },
		{ SGX_EPCM_RWX, 0, SGX_EPCM_RWX },
		{ SGX_EPCM_R, SGX_SECINFO_FL_RWX, SGX_EPCM_RWX },
		{ SGX_EPCM_R | SGX_EPCM_PR, SGX_SECINFO_FL_W,
		  SGX_EPCM_R | SGX_EPCM_W | SGX_EPCM_PR },
	};
	struct world *w = world_new(&usual);
	unsigned int i;

	(void)state;
	enter(w);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		page_at(w, DATA_LA)->state = reg_state(rows[i].before);
		assert_int_equal(emodpe(w, DATA_LA, TYPE(REG) | rows[i].flags),
				 0);
		assert_int_equal(state_at(w, DATA_LA),
				 reg_state(rows[i].after));
		assert_true(zapped_last(w, DATA_LA));
		assert_int_equal(page_at(w, DATA_LA)->lock, 0);
	}
	world_free(w);
}

/* EMODPR takes away what its mask has not, and never adds. */
static void test_restrict_masks(void **state)
{
	struct world *w = world_new(&usual);
	u32 before;
	u64 mask;

	(void)state;
	for (before = 0; before < 8; before++) {
		for (mask = 0; mask < 8; mask++) {
			if ((mask & 3) == SGX_SECINFO_FL_W)
				continue;
			w->host->zaps = 0;
			page_at(w, DATA_LA)->state = reg_state(before);
			assert_int_equal(emodpr(w, DATA_LA, mask), 0);
			assert_int_equal(state_at(w, DATA_LA),
					 reg_state(SGX_EPCM_PR |
						   (before & (u32)mask)));
			assert_true(zapped_last(w, DATA_LA));
			assert_int_equal(page_at(w, DATA_LA)->lock, 0);
		}
	}
	world_free(w);
}

/* RESTRICT: EMODPR, ETRACK, all out, EACCEPT. */
static void test_restrict(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_cpu *other = host_cpu(w->host, 1);

	(void)state;
	enclave_enter(w->encl, other);
	enter(w);
	assert_int_equal(emodpr(w, DATA_LA, SGX_SECINFO_FL_R), 0);
	assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), SGX_NOT_TRACKED);
	assert_int_equal(etrack(w), 0);
	assert_int_equal(etrack(w), SGX_PREV_TRK_INCMPL);
	assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), SGX_NOT_TRACKED);

	/* This one has left and come again; the other has not. */
	leave(w);
	enter(w);
	assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), SGX_NOT_TRACKED);
	enclave_leave(other);
	assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), 0);
	assert_int_equal(page_at(w, DATA_LA)->state, reg_state(SGX_EPCM_R));
	/* For EMODPR, and not again. */
	assert_int_equal(w->host->zaps, 1);

	/* Accepted once more as what it is: PR is not compared. */
	assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), 0);
	assert_int_equal(etrack(w), 0);
	world_free(w);
}

/* Each page is judged by its own change, whatever happens to others later. */
static void test_restrict_interleaved(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	assert_int_equal(emodpr(w, DATA_LA, SGX_SECINFO_FL_R), 0);
	assert_int_equal(etrack(w), 0);
	assert_int_equal(emodpr(w, CODE_LA, SGX_SECINFO_FL_R), 0);
	enter(w);
	assert_int_equal(eaccept(w, CODE_LA, REG_R | PR), SGX_NOT_TRACKED);
	assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), 0);
	assert_int_equal(etrack(w), 0);
	leave(w);
	enter(w);
	assert_int_equal(eaccept(w, CODE_LA, REG_R | PR), 0);
	world_free(w);
}

/* The epochs that a page's 14 bits can tell apart, and those that they cannot. */
static void test_epoch_bits(void **state)
{
	static const struct {
		u64 changed;
		u64 now;
		int ret;
	} rows[] = {
		{ 0, 0, SGX_NOT_TRACKED },
		{ 0, 1, 0 },
		{ 0x3fff, 0x3fff, SGX_NOT_TRACKED },
		{ 0x3fff, 0x4000, 0 },
		{ 0x4000, 0x4001, 0 },
		{ 0xffffffffULL, 0x100000000ULL, 0 },
		{ 5, 5 + 0x3fff, 0 },
		{ 5, 5 + 0x4000, SGX_NOT_TRACKED },
		{ 5, 5 + 0x4001, 0 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_new(&usual);

		w->secs->hidden.epoch = rows[i].changed;
		assert_int_equal(emodpr(w, DATA_LA, SGX_SECINFO_FL_R), 0);
		w->secs->hidden.epoch = rows[i].now;
		enter(w);
		assert_int_equal(eaccept(w, DATA_LA, REG_R | PR), rows[i].ret);
		/* It may be EBLOCK's by now, so acceptance does not end it. */
		assert_int_equal(page_at(w, DATA_LA)->state >>
					 SGX_EPCM_EPOCH_SHIFT,
				 rows[i].changed & 0x3fff);
		world_free(w);
	}
}

/* A thread made at run time: EAUG, EACCEPT, contents, EMODT, EACCEPT, EENTER. */
static void test_new_thread(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_cpu *other = host_cpu(w->host, 1);
	struct sgx_tcs *tcs;

	(void)state;
	eaug(w, FREE_LA);
	enter(w);
	assert_int_equal(eaccept(w, FREE_LA, REG_RW | PENDING), 0);
	tcs = host_at(w->host, FREE_LA);
	*tcs = (struct sgx_tcs){ .nssa = 1,
				 .ossa = DATA_LA - ENCLAVE_BASE,
				 .oentry = OENTRY };
	leave(w);

	assert_int_equal(emodt(w, FREE_LA, TYPE(TCS)), 0);
	assert_int_equal(state_at(w, FREE_LA),
			 SGX_EPCM_VALID | SGX_EPCM_MODIFIED | (u32)TYPE(TCS));
	assert_true(zapped_last(w, FREE_LA));
	assert_int_equal(etrack(w), 0);
	at_enclu(w, SGX_EENTER);
	w->regs->rbx = FREE_LA;
	assert_outcome(w->cpu, host_eenter(w->cpu), PF, FREE_LA, PFEC_EPCM_W);

	enter(w);
	assert_int_equal(eaccept(w, FREE_LA, TYPE(TCS) | MODIFIED), 0);
	assert_int_equal(page_at(w, FREE_LA)->state,
			 SGX_EPCM_VALID | (u32)TYPE(TCS));
	*other->regs = *w->regs;
	other->regs->rbx = FREE_LA;
	other->regs->rcx = AEP;
	assert_int_equal(host_eenter(other), 0);
	assert_int_equal(tcs->state, SGX_TCS_ACTIVE);
	world_free(w);
}

/* REMOVE: EMODT to PT_TRIM, ETRACK, EACCEPT, EREMOVE with the enclave running. */
static void test_trim(void **state)
{
	const u64 las[] = { DATA_LA, TCS_LA };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct world *w = world_new(&usual);
		struct sgx_cpu *cpu = host_cpu(w->host, 1);

		assert_int_equal(emodt(w, las[i], TRIM), 0);
		assert_int_equal(state_at(w, las[i]),
				 SGX_EPCM_VALID | SGX_EPCM_MODIFIED |
					 (u32)TRIM);
		assert_int_equal(etrack(w), 0);
		enclave_enter(w->encl, cpu);
		enclave_enter(w->encl, w->cpu);
		assert_int_equal(eremove(w, las[i]), SGX_ENCLAVE_ACT);
		assert_int_equal(eaccept(w, las[i], TRIM | MODIFIED), 0);
		assert_int_equal(page_at(w, las[i])->state,
				 SGX_EPCM_VALID | (u32)TRIM);
		assert_int_equal(eremove(w, las[i]), 0);
		assert_int_equal(page_at(w, las[i])->state, 0);
		world_free(w);
	}
}

/* EMODT ends a restriction that nobody has accepted. */
static void test_trim_restricted(void **state)
{
	struct world *w = world_new(&usual);

	(void)state;
	assert_int_equal(emodpr(w, DATA_LA, SGX_SECINFO_FL_R), 0);
	assert_int_equal(etrack(w), 0);
	assert_int_equal(emodt(w, DATA_LA, TRIM), 0);
	enter(w);
	assert_int_equal(eaccept(w, DATA_LA, TRIM | MODIFIED), SGX_NOT_TRACKED);
	assert_int_equal(etrack(w), 0);
	leave(w);
	enter(w);
	assert_int_equal(eaccept(w, DATA_LA, TRIM | MODIFIED), 0);
	world_free(w);
}

static void test_etrack(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_cpu *a = host_cpu(w->host, 1), *b = host_cpu(w->host, 2);
	u64 epoch = w->secs->hidden.epoch;

	(void)state;
	enclave_enter(w->encl, a);
	assert_int_equal(etrack(w), 0);
	enclave_enter(w->encl, b);
	assert_int_equal(etrack(w), SGX_PREV_TRK_INCMPL);
	enclave_leave(a);
	assert_int_equal(etrack(w), 0);
	assert_int_equal(etrack(w), SGX_PREV_TRK_INCMPL);
	enclave_leave(b);
	assert_int_equal(etrack(w), 0);
	assert_int_equal(w->secs->hidden.epoch, epoch + 3);
	assert_int_equal(w->encl->secs->lock, 0);
	world_free(w);
}

/*
 * Entries against tracking. One processor goes in and out; each time it enters
 * it takes a look at a counter where it looks at the SSA, as at a permission
 * that it may use until it leaves. The other raises the counter, makes that a
 * tracked change, has it tracked, and then nobody inside may know an old count.
 */
#define ENTRIES 5000

static struct {
	struct world *w;
	const struct sgx_host_ops *ops;
	u64 counter;
	u64 seen;
	u64 known;
	u64 entries;
	bool stop;
	unsigned int stale;
} tracking;

/*
 * Wait for a time that is another each time: a moment for the processor beside
 * this one, or a turn for the thread that shares it.
 */
static void dawdle(void)
{
	static _Thread_local unsigned int seed = 1;
	volatile unsigned int i;

	seed = seed * 1103515245 + 12345;
	if (seed >> 30)
		for (i = seed >> 22; i; i--)
			;
	else
		sched_yield();
}

static int walk_look(struct sgx_cpu *cpu, u64 la, u32 access,
		     struct sgx_epcm **epcm)
{
	tracking.seen = __atomic_load_n(&tracking.counter, __ATOMIC_ACQUIRE);
	dawdle();
	return tracking.ops->walk(cpu, la, access, epcm);
}

static void *come_and_go(void *arg)
{
	struct world *w = arg;

	while (!__atomic_load_n(&tracking.stop, __ATOMIC_ACQUIRE)) {
		at_enclu(w, SGX_EENTER);
		if (host_eenter(w->cpu))
			break;
		__atomic_store_n(&tracking.known, tracking.seen,
				 __ATOMIC_SEQ_CST);
		dawdle();
		__atomic_store_n(&tracking.known, 0, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&tracking.entries, 1, __ATOMIC_RELAXED);
		w->regs->rbx = USER_RIP;
		host_eexit(w->cpu);
	}
	return NULL;
}

/* Whether the other processor is inside with a count older than @n. */
static bool stale(u64 n)
{
	unsigned int i;
	u64 known;

	for (i = 0; i < 4; i++) {
		dawdle();
		known = __atomic_load_n(&tracking.known, __ATOMIC_SEQ_CST);
		if (known && known < n)
			return true;
	}
	return false;
}

static void one_change(struct world *w, u64 n)
{
	struct sgx_epcm *ssa = page_at(w, SSA_LA);

	__atomic_store_n(&tracking.counter, n, __ATOMIC_RELEASE);
	sgx_epcm_change_tracked(ssa, 0, SGX_EPCM_PR);
	while (etrack(w))
		;
	while (!sgx_epcm_tracked(&w->host->core, ssa))
		;
	tracking.stale += stale(n);
}

static void test_tracking_race(void **state)
{
	struct world *w = world_new(&usual);
	struct sgx_host_ops ops = *w->host->core.ops;
	pthread_t thread;
	u64 i;

	(void)state;
	tracking.w = w;
	tracking.ops = w->host->core.ops;
	ops.walk = walk_look;
	w->host->core.ops = &ops;
	tracking.counter = 1;
	assert_int_equal(pthread_create(&thread, NULL, come_and_go, w), 0);
	for (i = 2;
	     __atomic_load_n(&tracking.entries, __ATOMIC_RELAXED) < ENTRIES;
	     i++)
		one_change(w, i);
	__atomic_store_n(&tracking.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(tracking.stale, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encls_failures),
		cmocka_unit_test(test_emodt_tcs_failures),
		cmocka_unit_test(test_eaccept_failures),
		cmocka_unit_test(test_eacceptcopy_failures),
		cmocka_unit_test(test_emodpe_failures),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_augment),
		cmocka_unit_test(test_augment_zero),
		cmocka_unit_test(test_augment_ends),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_extend),
		cmocka_unit_test(test_restrict_masks),
		cmocka_unit_test(test_restrict),
		cmocka_unit_test(test_restrict_interleaved),
		cmocka_unit_test(test_epoch_bits),
		cmocka_unit_test(test_new_thread),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_trim_restricted),
		cmocka_unit_test(test_etrack),
		cmocka_unit_test(test_tracking_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
