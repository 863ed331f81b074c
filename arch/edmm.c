// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * SGX2, the enclave that changes while it lives: EAUG, EMODPR, EMODT and ETRACK
 * for the system software, EACCEPT, EACCEPTCOPY and EMODPE for the enclave.
 *
 * Locks. The SDM's tables have two columns of restrictions for the target of
 * these leaves: the base restriction, and one among the SGX2 leaves. The latter
 * is SGX_LOCK_SGX2 here. The two are independent, so that EMODPE meets another
 * SGX2 leaf but never an EBLOCK; a state word is therefore changed with
 * sgx_epcm_change() and not just written.
 */
#include "crypto.h"

/* Only a SECS has a measurement, and none of these leaves has one as target. */
#define SGX_LOCK_SGX2 SGX_LOCK_MEASURE

#define SECINFO_PT(pt) ((u64)(pt) << SGX_SECINFO_FL_PT_SHIFT)

/* What EACCEPT compares of SECINFO.FLAGS and the EPCM: all of it but PR. */
#define ACCEPT_COMPARED                                \
	(SGX_SECINFO_FL_RWX | SGX_SECINFO_FL_PENDING | \
	 SGX_SECINFO_FL_MODIFIED | SGX_SECINFO_FL_PT)

/**
 * sgx_epcm_change - change bits of an EPCM entry
 * @epcm:	the page
 * @clear:	bits of its state to clear first
 * @set:	bits of its state to set then
 *
 * Concurrency: atomic; other processors see the state before or after.
 */
void sgx_epcm_change(struct sgx_epcm *epcm, u32 clear, u32 set)
{
	u32 old = __atomic_load_n(&epcm->state, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&epcm->state, &old,
					    (old & ~clear) | set, true,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

static u64 epoch_of(const struct sgx_epcm *secs)
{
	return __atomic_load_n(&sgx_secs_of(secs)->hidden.epoch,
			       __ATOMIC_SEQ_CST);
}

/**
 * sgx_epcm_change_tracked - change an EPCM entry so that the change is tracked
 * @epcm:	the page
 * @clear:	as sgx_epcm_change()
 * @set:	as sgx_epcm_change()
 *
 * Notes the epoch of the enclave with the change. An ETRACK that comes between
 * reading the epoch and the change would leave a note that is too old, and a
 * processor that entered just then, with the page as it was, would be taken for
 * one that has not seen it; so the note is made again.
 *
 * Concurrency: under a lock of the page that excludes who goes by the note of
 * this change: for EMODPR and EMODT that is EACCEPT, for EBLOCK it is EWB. Two
 * such changes may meet, and each leaves a note that is new enough for both.
 */
void sgx_epcm_change_tracked(struct sgx_epcm *epcm, u32 clear, u32 set)
{
	u64 epoch;

	do {
		epoch = epoch_of(epcm->secs);
		sgx_epcm_change(epcm, clear | SGX_EPCM_EPOCH,
				set | (u32)epoch << SGX_EPCM_EPOCH_SHIFT);
	} while (epoch_of(epcm->secs) != epoch);
}

/**
 * sgx_epcm_tracked - whether the last tracked change of a page is complete
 * @core:	the platform
 * @epcm:	a page of an enclave, to which sgx_epcm_change_tracked() was
 *		applied
 *
 * It is when an ETRACK came after the change and all processors that were
 * inside then have left: none is inside that entered in the epoch of the change
 * or before.
 *
 * The page remembers the low 14 bits of that epoch. The epoch taken here is the
 * latest that has those bits, which may be after the right one and never before
 * it. A page is thus never found tracked that is not. A page that is tracked
 * can be found not to be only when a multiple of 2^14 ETRACKs, or nearly, went
 * by since its change, and the next ETRACK mends that.
 *
 * Return: true if the tracking is complete.
 *
 * Concurrency: see enter.c for the order of the two reads.
 */
bool sgx_epcm_tracked(struct sgx_core *core, const struct sgx_epcm *epcm)
{
	const u64 mask = SGX_EPCM_EPOCH >> SGX_EPCM_EPOCH_SHIFT;
	u64 note = sgx_epcm_state(epcm) >> SGX_EPCM_EPOCH_SHIFT;
	u64 now = epoch_of(epcm->secs);
	u64 age = (now - note) & mask;

	if (!age)
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return core->ops->oldest_epoch(core, epcm->secs) > now - age;
}

static bool initialized(const struct sgx_epcm *secs)
{
	return __atomic_load_n(&sgx_secs_of(secs)->attributes.flags,
			       __ATOMIC_ACQUIRE) &
	       SGX_ATTR_INIT;
}

/*
 * Copy a SECINFO, which its owner may change at any time, and check that what
 * is reserved in it is zero. Returns #GP otherwise.
 */
static int copy_secinfo(struct sgx_cpu *cpu, struct sgx_secinfo *copy,
			const void *secinfo)
{
	memcpy(copy, secinfo, sizeof(*copy));
	if (copy->flags & SGX_SECINFO_FL_RSVD ||
	    !sgx_is_zero(copy->reserved, sizeof(copy->reserved)))
		return sgx_gp(cpu);
	return 0;
}

/* W without R, which no page may have. */
static bool write_only(u64 flags)
{
	return !(flags & SGX_SECINFO_FL_R) && flags & SGX_SECINFO_FL_W;
}

/* EAUG: the operands in PAGEINFO, and the two EPC pages that they name. */
static int eaug_operands(struct sgx_cpu *cpu, const struct sgx_pageinfo *pi,
			 u64 epcpage, struct sgx_epcm **target,
			 struct sgx_epcm **secs)
{
	struct sgx_core *core = cpu->core;

	if (!sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	*target = core->ops->epc(core, epcpage);
	if (!*target)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!sgx_aligned(pi->secinfo, SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	if (!sgx_aligned(pi->secs | pi->linaddr, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	if (pi->srcpge)
		return sgx_gp(cpu);
	*secs = core->ops->epc(core, pi->secs);
	if (!*secs)
		return sgx_encls_fault(cpu, pi->secs, SGX_PFEC_W);
	return 0;
}

/* EAUG: the enclave, which is locked. */
static int eaug_secs(struct sgx_cpu *cpu, const struct sgx_pageinfo *pi,
		     const struct sgx_epcm *epcm)
{
	const struct sgx_secs *secs = sgx_secs_of(epcm);
	u32 state = sgx_epcm_state(epcm);

	if (!(state & SGX_EPCM_VALID) || sgx_epcm_pt(state) != SGX_PT_SECS)
		return sgx_encls_fault(cpu, pi->secs, SGX_PFEC_W);
	if (!initialized(epcm))
		return sgx_gp(cpu);
	if (pi->linaddr - secs->baseaddr >= secs->size)
		return sgx_gp(cpu);
	return 0;
}

static void eaug_page(struct sgx_epcm *target, struct sgx_epcm *secs,
		      u64 linaddr)
{
	if (!(sgx_epcm_state(target) & SGX_EPCM_ZERO))
		memset(target->page, 0, SGX_PAGE_SIZE);
	target->secs = secs;
	target->addr = linaddr;
	__atomic_fetch_add(&sgx_secs_of(secs)->hidden.children, 1,
			   __ATOMIC_RELAXED);
	sgx_epcm_set_state(target, SGX_EPCM_VALID | SGX_EPCM_PENDING |
					   SGX_EPCM_R | SGX_EPCM_W |
					   sgx_epcm_type(SGX_PT_REG));
}

/**
 * sgx_eaug - ENCLS[EAUG]: add a page to an initialised enclave
 * @cpu:	who executes the leaf
 * @pageinfo:	LINADDR and SECS; SECINFO and SRCPGE are zero (RBX)
 * @epcpage:	the EPC page to add (RCX)
 *
 * The page is zero, PT_REG with R and W, and PENDING: nobody uses it before the
 * enclave accepts it. A SECINFO could only name a shadow stack, which a
 * platform without CET refuses.
 *
 * Return: 0; or, with nothing changed,
 * #GP(0) - an operand is not aligned (PAGEINFO 32 bytes, SECINFO 64, the pages
 *	and LINADDR 4096); SRCPGE or SECINFO is not zero; another leaf uses one
 *	of the pages; the enclave is not initialised; LINADDR is outside of it.
 * #PF(@epcpage) - no EPC page there, or it is in use (valid).
 * #PF(SECS) - no EPC page there, or no SECS.
 *
 * Concurrency: @epcpage is locked exclusive, the SECS shared. No tracking: no
 * processor can have a translation of a page that was not there.
 *
 * SDM: volume 3D, "EAUG".
 */
int sgx_eaug(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage)
{
	struct sgx_epcm *target = NULL, *secs = NULL;
	int ret;

	if (!sgx_aligned(sgx_addr(pageinfo), SGX_PAGEINFO_ALIGN))
		return sgx_gp(cpu);
	ret = eaug_operands(cpu, pageinfo, epcpage, &target, &secs);
	if (ret)
		return ret;
	if (!sgx_epcm_trylock(target, SGX_LOCK_EXCLUSIVE))
		return sgx_gp(cpu);
	if (sgx_epcm_state(target) & SGX_EPCM_VALID) {
		ret = sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
		goto unlock_target;
	}
	if (pageinfo->secinfo || !sgx_epcm_trylock(secs, SGX_LOCK_SHARED)) {
		ret = sgx_gp(cpu);
		goto unlock_target;
	}
	ret = eaug_secs(cpu, pageinfo, secs);
	if (!ret)
		eaug_page(target, secs, pageinfo->linaddr);
	sgx_epcm_unlock(secs, SGX_LOCK_SHARED);
unlock_target:
	sgx_epcm_unlock(target, SGX_LOCK_EXCLUSIVE);
	return ret;
}

/* EMODPR and EMODT: alignment, the page, and the SECINFO. */
static int emod_operands(struct sgx_cpu *cpu, const struct sgx_secinfo *secinfo,
			 u64 epcpage, struct sgx_secinfo *copy,
			 struct sgx_epcm **target)
{
	struct sgx_core *core = cpu->core;

	if (!sgx_aligned(sgx_addr(secinfo), SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	if (!sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	*target = core->ops->epc(core, epcpage);
	if (!*target)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	return copy_secinfo(cpu, copy, secinfo);
}

/* EMODPR with the page locked. */
static int emodpr_locked(struct sgx_cpu *cpu, struct sgx_epcm *target,
			 u64 epcpage, u64 flags)
{
	u32 state = sgx_epcm_state(target);

	if (state & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return SGX_PAGE_NOT_MODIFIABLE;
	if (sgx_epcm_pt(state) != SGX_PT_REG)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!initialized(target->secs))
		return sgx_gp(cpu);
	sgx_epcm_change_tracked(target, SGX_EPCM_RWX & ~(u32)flags,
				SGX_EPCM_PR);
	cpu->core->ops->zap(cpu, target);
	return SGX_SUCCESS;
}

/**
 * sgx_emodpr - ENCLS[EMODPR]: restrict the permissions of a page
 * @cpu:	who executes the leaf
 * @secinfo:	R, W and X of it are a mask for those of the page (RBX)
 * @epcpage:	the page (RCX)
 *
 * The page is usable with what is left, and PR is set until the enclave
 * accepts.
 *
 * Return: 0; or, with nothing changed,
 * SGX_EPC_PAGE_CONFLICT - another SGX2 leaf operates on the page.
 * SGX_PAGE_NOT_MODIFIABLE - the page is pending or modified.
 * #GP(0) - an operand is not aligned; something reserved in SECINFO is set, or
 *	W without R; another leaf uses the page; the enclave is not initialised.
 * #PF(@epcpage) - no EPC page there; it is not valid, or no PT_REG.
 *
 * Concurrency: the page is locked shared, and against other SGX2 leaves.
 *
 * SDM: volume 3D, "EMODPR".
 */
int sgx_emodpr(struct sgx_cpu *cpu, const struct sgx_secinfo *secinfo,
	       u64 epcpage)
{
	struct sgx_secinfo scratch;
	struct sgx_epcm *target;
	int ret;

	ret = emod_operands(cpu, secinfo, epcpage, &scratch, &target);
	if (ret)
		return ret;
	if (write_only(scratch.flags))
		return sgx_gp(cpu);
	if (!sgx_epcm_trylock(target, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	if (!(sgx_epcm_state(target) & SGX_EPCM_VALID)) {
		ret = sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	} else if (!sgx_epcm_trylock(target, SGX_LOCK_SGX2)) {
		ret = SGX_EPC_PAGE_CONFLICT;
	} else {
		ret = emodpr_locked(cpu, target, epcpage, scratch.flags);
		sgx_epcm_unlock(target, SGX_LOCK_SGX2);
	}
	sgx_epcm_unlock(target, SGX_LOCK_SHARED);
	return ret;
}

/* EMODT with the page locked. */
static int emodt_locked(struct sgx_cpu *cpu, struct sgx_epcm *target,
			u64 epcpage, u64 flags)
{
	u64 pt = flags & SGX_SECINFO_FL_PT;
	u32 state = sgx_epcm_state(target);
	enum sgx_page_type old = sgx_epcm_pt(state);

	if (old != SGX_PT_REG &&
	    !(old == SGX_PT_TCS && pt == SECINFO_PT(SGX_PT_TRIM)))
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (state & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return SGX_PAGE_NOT_MODIFIABLE;
	if (!initialized(target->secs))
		return sgx_gp(cpu);
	sgx_epcm_change_tracked(target,
				SGX_EPCM_PR | SGX_EPCM_RWX | SGX_EPCM_PT,
				SGX_EPCM_MODIFIED | (u32)pt);
	cpu->core->ops->zap(cpu, target);
	return SGX_SUCCESS;
}

/**
 * sgx_emodt - ENCLS[EMODT]: change the type of a page
 * @cpu:	who executes the leaf
 * @secinfo:	PT is the new type, PT_TCS or PT_TRIM (RBX)
 * @epcpage:	the page: PT_REG, or PT_TCS that becomes PT_TRIM (RCX)
 *
 * Nobody uses the page, which is MODIFIED, before the enclave accepts.
 *
 * Return: 0; or, with nothing changed,
 * SGX_EPC_PAGE_CONFLICT - another leaf operates on the page.
 * SGX_PAGE_NOT_MODIFIABLE - the page is pending or modified.
 * #GP(0) - an operand is not aligned; something reserved in SECINFO is set, or
 *	its PT is another; the enclave is not initialised.
 * #PF(@epcpage) - no EPC page there; it is not valid, or not of a type that can
 *	become the new one.
 *
 * Concurrency: the page is locked exclusive, and against other SGX2 leaves.
 *
 * SDM: volume 3D, "EMODT".
 */
int sgx_emodt(struct sgx_cpu *cpu, const struct sgx_secinfo *secinfo,
	      u64 epcpage)
{
	struct sgx_secinfo scratch;
	struct sgx_epcm *target;
	u64 pt;
	int ret;

	ret = emod_operands(cpu, secinfo, epcpage, &scratch, &target);
	if (ret)
		return ret;
	pt = scratch.flags & SGX_SECINFO_FL_PT;
	if (pt != SECINFO_PT(SGX_PT_TCS) && pt != SECINFO_PT(SGX_PT_TRIM))
		return sgx_gp(cpu);
	if (!sgx_epcm_trylock(target, SGX_LOCK_EXCLUSIVE))
		return SGX_EPC_PAGE_CONFLICT;
	if (!(sgx_epcm_state(target) & SGX_EPCM_VALID)) {
		ret = sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	} else if (!sgx_epcm_trylock(target, SGX_LOCK_SGX2)) {
		ret = SGX_EPC_PAGE_CONFLICT;
	} else {
		ret = emodt_locked(cpu, target, epcpage, scratch.flags);
		sgx_epcm_unlock(target, SGX_LOCK_SGX2);
	}
	sgx_epcm_unlock(target, SGX_LOCK_EXCLUSIVE);
	return ret;
}

/* ETRACK with the SECS locked. */
static int etrack_locked(struct sgx_cpu *cpu, struct sgx_epcm *epcm, u64 secs)
{
	struct sgx_core *core = cpu->core;
	u32 state = sgx_epcm_state(epcm);

	if (!(state & SGX_EPCM_VALID) || sgx_epcm_pt(state) != SGX_PT_SECS)
		return sgx_encls_fault(cpu, secs, SGX_PFEC_W);
	if (core->ops->oldest_epoch(core, epcm) < epoch_of(epcm))
		return SGX_PREV_TRK_INCMPL;
	__atomic_fetch_add(&sgx_secs_of(epcm)->hidden.epoch, 1,
			   __ATOMIC_SEQ_CST);
	return SGX_SUCCESS;
}

/**
 * sgx_etrack - ENCLS[ETRACK]: begin a tracking cycle
 * @cpu:	who executes the leaf
 * @secs:	the SECS of the enclave (RCX)
 *
 * The cycle is complete when all processors that are inside now have left.
 *
 * Return: 0; SGX_PREV_TRK_INCMPL if the previous cycle is not complete; or
 * #GP(0) - @secs is not page aligned; another leaf uses the SECS exclusively or
 *	its tracking facility.
 * #PF(@secs) - no EPC page there; it is not valid, or no SECS.
 *
 * Concurrency: the SECS is locked shared, and against other ETRACKs. Processors
 * come and go all the time, see enter.c.
 *
 * SDM: volume 3D, "ETRACK".
 */
int sgx_etrack(struct sgx_cpu *cpu, u64 secs)
{
	struct sgx_core *core = cpu->core;
	struct sgx_epcm *epcm;
	int ret;

	if (!sgx_aligned(secs, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	epcm = core->ops->epc(core, secs);
	if (!epcm)
		return sgx_encls_fault(cpu, secs, SGX_PFEC_W);
	if (!sgx_epcm_trylock(epcm, SGX_LOCK_SHARED | SGX_LOCK_TRACK))
		return sgx_gp(cpu);
	ret = etrack_locked(cpu, epcm, secs);
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED | SGX_LOCK_TRACK);
	return ret;
}

/* The EPC page at a linear address, whatever its state. */
static int find_page(struct sgx_cpu *cpu, u64 la, u32 access,
		     struct sgx_epcm **epcm)
{
	int ret;

	*epcm = NULL;
	ret = cpu->core->ops->walk(cpu, la & SGX_PAGE_MASK, access, epcm);
	if (!ret && !*epcm)
		ret = sgx_enclave_fault(cpu, la, access);
	return ret;
}

/* The SECINFO at RBX, whose page is @page. */
static int read_secinfo(struct sgx_cpu *cpu, const struct sgx_epcm *page,
			struct sgx_secinfo *copy)
{
	u64 la = cpu->regs->rbx;

	if (!sgx_epcm_accessible(page, sgx_epcm_state(page), cpu->secs, la, 0))
		return sgx_enclave_fault(cpu, la, 0);
	return copy_secinfo(cpu, copy,
			    (const u8 *)page->page + (la & ~SGX_PAGE_MASK));
}

/* EACCEPT: the operands up to the SECINFO, and the target page. */
static int eaccept_operands(struct sgx_cpu *cpu, struct sgx_secinfo *secinfo,
			    struct sgx_epcm **target)
{
	const struct sgx_regs *regs = cpu->regs;
	struct sgx_epcm *page;
	int ret;

	if (!sgx_aligned(regs->rbx, SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	if (!sgx_in_elrange(cpu, regs->rbx))
		return sgx_gp(cpu);
	ret = find_page(cpu, regs->rbx, 0, &page);
	if (ret)
		return ret;
	ret = read_secinfo(cpu, page, secinfo);
	if (ret)
		return ret;
	if (!sgx_aligned(regs->rcx, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	if (!sgx_in_elrange(cpu, regs->rcx))
		return sgx_gp(cpu);
	return find_page(cpu, regs->rcx, 0, target);
}

/* Which changes there are to accept, on a platform without CET. */
static bool acceptable(u64 flags)
{
	const u64 change = SGX_SECINFO_FL_PR | SGX_SECINFO_FL_PENDING |
			   SGX_SECINFO_FL_MODIFIED;

	switch ((flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT) {
	case SGX_PT_REG:
		return flags & change && !(flags & SGX_SECINFO_FL_MODIFIED);
	case SGX_PT_TCS:
	case SGX_PT_TRIM:
		return (flags & change) == SGX_SECINFO_FL_MODIFIED;
	default:
		return false;
	}
}

/* A page of this enclave of which a change can be accepted. */
static bool accept_target(const struct sgx_cpu *cpu,
			  const struct sgx_epcm *target)
{
	u32 state = sgx_epcm_state(target);
	enum sgx_page_type pt = sgx_epcm_pt(state);

	if (!(state & SGX_EPCM_VALID) || state & SGX_EPCM_BLOCKED)
		return false;
	if (pt != SGX_PT_REG && pt != SGX_PT_TCS && pt != SGX_PT_TRIM)
		return false;
	return target->secs == cpu->secs;
}

/*
 * A page that is to become a TCS has to be one that EADD would take and that is
 * not in use; with no CET, OCETSSA and PREVSSP are reserved.
 */
static bool acceptable_tcs(const struct sgx_tcs *tcs)
{
	if (tcs->ocetssa || tcs->prevssp ||
	    !sgx_is_zero(tcs->reserved, sizeof(tcs->reserved)))
		return false;
	return !(tcs->flags & ~(u64)SGX_TCS_AEXNOTIFY) &&
	       tcs->cssa < tcs->nssa && !tcs->aep &&
	       tcs->state == SGX_TCS_INACTIVE;
}

/* EACCEPT with the page locked. */
static int eaccept_locked(struct sgx_cpu *cpu, struct sgx_epcm *target,
			  u64 flags)
{
	u64 la = cpu->regs->rcx;
	u32 state = sgx_epcm_state(target);

	if (!(state & SGX_EPCM_VALID) || target->secs != cpu->secs)
		return sgx_enclave_fault(cpu, la, 0);
	if (target->addr != la || (state ^ flags) & ACCEPT_COMPARED)
		return SGX_PAGE_ATTRIBUTES_MISMATCH;
	/* A pending page was never in use: there is nothing to track. */
	if (state & (SGX_EPCM_MODIFIED | SGX_EPCM_PR) &&
	    !sgx_epcm_tracked(cpu->core, target))
		return SGX_NOT_TRACKED;
	if (sgx_epcm_pt(state) == SGX_PT_TCS && !acceptable_tcs(target->page))
		return sgx_gp(cpu);
	/* Not the epoch: it may be that of an EBLOCK which came meanwhile. */
	sgx_epcm_change(target,
			SGX_EPCM_PENDING | SGX_EPCM_MODIFIED | SGX_EPCM_PR, 0);
	/* Nobody has a translation that allows less than the page does now. */
	return SGX_SUCCESS;
}

/**
 * sgx_eaccept - ENCLU[EACCEPT]: accept what was done to a page
 * @cpu:	RBX is the address of a SECINFO that tells what the enclave
 *		expects, RCX that of the page; in enclave mode, which
 *		sgx_enclu() has checked
 *
 * A page that EAUG added is usable then, one that EMODT changed is of its new
 * type, and that EMODPR restricted the permissions is known to be complete: no
 * processor uses the old ones any more.
 *
 * Return: 0; or, with nothing changed,
 * SGX_PAGE_ATTRIBUTES_MISMATCH - the page was entered for another address, or
 *	its R, W, X, PENDING, MODIFIED or PT are not those of the SECINFO.
 * SGX_NOT_TRACKED - no ETRACK since EMODPR or EMODT, or a processor is inside
 *	that was then.
 * #GP(0) - an operand is not aligned (SECINFO 64 bytes, the page 4096) or not
 *	in the enclave; something reserved in SECINFO is set; SECINFO asks for
 *	what cannot be: not PT_REG with PR or PENDING, nor PT_TCS or PT_TRIM
 *	with MODIFIED alone; another leaf operates on the page; the page would
 *	be a TCS that is in use, has DBGOPTIN or something reserved set, or has
 *	no free SSA frame.
 * #PF(RBX) - the SECINFO's page does not pass sgx_enclave_page().
 * #PF(RCX) - no EPC page there; it is not valid, blocked, of a type that is
 *	never accepted, or of another enclave.
 * What the page tables give, or SGX_RETRY.
 *
 * Concurrency: the page is locked shared, and against other SGX2 leaves.
 *
 * SDM: volume 3D, "EACCEPT".
 */
int sgx_eaccept(struct sgx_cpu *cpu)
{
	struct sgx_secinfo secinfo;
	struct sgx_epcm *target;
	int ret;

	ret = eaccept_operands(cpu, &secinfo, &target);
	if (ret)
		return ret;
	if (!acceptable(secinfo.flags))
		return sgx_gp(cpu);
	if (!accept_target(cpu, target))
		return sgx_enclave_fault(cpu, cpu->regs->rcx, 0);
	if (!sgx_epcm_trylock(target, SGX_LOCK_SHARED | SGX_LOCK_SGX2))
		return sgx_gp(cpu);
	ret = eaccept_locked(cpu, target, secinfo.flags);
	sgx_epcm_unlock(target, SGX_LOCK_SHARED | SGX_LOCK_SGX2);
	return ret;
}

/* EACCEPTCOPY: alignment and range of all operands, then their pages. */
static int eacceptcopy_operands(struct sgx_cpu *cpu, struct sgx_epcm **page,
				struct sgx_epcm **target,
				struct sgx_epcm **source)
{
	const struct sgx_regs *regs = cpu->regs;
	int ret;

	if (!sgx_aligned(regs->rbx, SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	if (!sgx_aligned(regs->rcx | regs->rdx, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	if (!sgx_in_elrange(cpu, regs->rbx) ||
	    !sgx_in_elrange(cpu, regs->rcx) || !sgx_in_elrange(cpu, regs->rdx))
		return sgx_gp(cpu);
	ret = find_page(cpu, regs->rbx, 0, page);
	if (!ret)
		ret = find_page(cpu, regs->rcx, SGX_PFEC_W, target);
	if (!ret)
		ret = find_page(cpu, regs->rdx, 0, source);
	return ret;
}

/* A page of this enclave that EAUG added and that nobody has accepted. */
static bool copy_target(const struct sgx_cpu *cpu,
			const struct sgx_epcm *target)
{
	const u32 compared = SGX_EPCM_VALID | SGX_EPCM_PENDING |
			     SGX_EPCM_MODIFIED | SGX_EPCM_BLOCKED | SGX_EPCM_PT;
	u32 state = sgx_epcm_state(target);

	return (state & compared) == (SGX_EPCM_VALID | SGX_EPCM_PENDING |
				      sgx_epcm_type(SGX_PT_REG)) &&
	       target->secs == cpu->secs;
}

/* EACCEPTCOPY with the target locked. */
static int eacceptcopy_locked(struct sgx_cpu *cpu, struct sgx_epcm *target,
			      const struct sgx_epcm *source, u64 flags)
{
	u32 state = sgx_epcm_state(target);

	if (!copy_target(cpu, target) || target->addr != cpu->regs->rcx ||
	    (state & SGX_EPCM_RWX) != (SGX_EPCM_R | SGX_EPCM_W))
		return SGX_PAGE_ATTRIBUTES_MISMATCH;
	memcpy(target->page, source->page, SGX_PAGE_SIZE);
	sgx_epcm_change(target, SGX_EPCM_RWX | SGX_EPCM_PENDING,
			(u32)(flags & SGX_SECINFO_FL_RWX));
	return SGX_SUCCESS;
}

/**
 * sgx_eacceptcopy - ENCLU[EACCEPTCOPY]: accept a page with contents
 * @cpu:	RBX is the address of a SECINFO, RCX that of a page which EAUG
 *		has added, RDX that of the page to copy; in enclave mode, which
 *		sgx_enclu() has checked
 *
 * The page has the contents of the other, and the permissions that the SECINFO
 * says: the way to new code, which EACCEPT and EMODPE would leave writable.
 *
 * Return: 0; or, with nothing changed,
 * SGX_PAGE_ATTRIBUTES_MISMATCH - the target is not valid, not pending, blocked,
 *	modified, no PT_REG, of another enclave, entered for another address,
 *	or not just readable and writable.
 * #GP(0) - an operand is not aligned (SECINFO 64 bytes, the pages 4096) or not
 *	in the enclave; something reserved in SECINFO is set, or W without R, or
 *	PT is not PT_REG; another SGX2 leaf operates on the target.
 * #PF(RBX), #PF(RDX) - the page does not pass sgx_enclave_page().
 * #PF(RCX) - no EPC page there.
 * What the page tables give, or SGX_RETRY.
 *
 * Concurrency: the target is locked against other SGX2 leaves.
 *
 * SDM: volume 3D, "EACCEPTCOPY".
 */
int sgx_eacceptcopy(struct sgx_cpu *cpu)
{
	const struct sgx_regs *regs = cpu->regs;
	struct sgx_epcm *page, *target, *source;
	struct sgx_secinfo secinfo;
	int ret;

	ret = eacceptcopy_operands(cpu, &page, &target, &source);
	if (ret)
		return ret;
	ret = read_secinfo(cpu, page, &secinfo);
	if (ret)
		return ret;
	if (write_only(secinfo.flags) ||
	    (secinfo.flags & SGX_SECINFO_FL_PT) != SECINFO_PT(SGX_PT_REG))
		return sgx_gp(cpu);
	if (!sgx_epcm_accessible(source, sgx_epcm_state(source), cpu->secs,
				 regs->rdx, 0))
		return sgx_enclave_fault(cpu, regs->rdx, 0);
	if (!copy_target(cpu, target))
		return SGX_PAGE_ATTRIBUTES_MISMATCH;
	if (!sgx_epcm_trylock(target, SGX_LOCK_SGX2))
		return sgx_gp(cpu);
	ret = eacceptcopy_locked(cpu, target, source, secinfo.flags);
	sgx_epcm_unlock(target, SGX_LOCK_SGX2);
	return ret;
}

/* EMODPE: alignment and range of the operands, then their pages. */
static int emodpe_operands(struct sgx_cpu *cpu, struct sgx_epcm **page,
			   struct sgx_epcm **target)
{
	const struct sgx_regs *regs = cpu->regs;
	int ret;

	if (!sgx_aligned(regs->rbx, SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	if (!sgx_aligned(regs->rcx, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	if (!sgx_in_elrange(cpu, regs->rbx) || !sgx_in_elrange(cpu, regs->rcx))
		return sgx_gp(cpu);
	ret = find_page(cpu, regs->rbx, 0, page);
	if (!ret)
		ret = find_page(cpu, regs->rcx, 0, target);
	return ret;
}

/* A regular page of this enclave with nothing left to accept but PR. */
static bool extend_target(const struct sgx_cpu *cpu,
			  const struct sgx_epcm *target)
{
	const u32 compared = SGX_EPCM_VALID | SGX_EPCM_PENDING |
			     SGX_EPCM_MODIFIED | SGX_EPCM_BLOCKED | SGX_EPCM_PT;
	u32 state = sgx_epcm_state(target);

	return (state & compared) ==
		       (SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_REG)) &&
	       target->secs == cpu->secs;
}

/* EMODPE with the page locked. */
static int emodpe_locked(struct sgx_cpu *cpu, struct sgx_epcm *target,
			 u64 flags)
{
	u64 la = cpu->regs->rcx;
	u64 sum = sgx_epcm_state(target) | flags;

	if (!extend_target(cpu, target) || target->addr != la)
		return sgx_enclave_fault(cpu, la, 0);
	if (write_only(sum))
		return sgx_gp(cpu);
	sgx_epcm_change(target, 0, (u32)(flags & SGX_SECINFO_FL_RWX));
	cpu->core->ops->zap(cpu, target);
	return SGX_SUCCESS;
}

/**
 * sgx_emodpe - ENCLU[EMODPE]: extend the permissions of a page
 * @cpu:	RBX is the address of a SECINFO, RCX that of the page; in
 *		enclave mode, which sgx_enclu() has checked
 *
 * R, W and X of the SECINFO are added to those of the page. What the page
 * tables and the driver's ceilings allow is another matter, and none of the
 * leaf's.
 *
 * Return: 0; or, with nothing changed,
 * #GP(0) - an operand is not aligned (SECINFO 64 bytes, the page 4096) or not
 *	in the enclave; something reserved in SECINFO is set; the page would
 *	have W without R; another SGX2 leaf operates on the page.
 * #PF(RBX) - the SECINFO's page does not pass sgx_enclave_page().
 * #PF(RCX) - no EPC page there; it is not valid, pending, modified, blocked, no
 *	PT_REG, of another enclave, or entered for another address.
 * What the page tables give, or SGX_RETRY.
 *
 * Concurrency: the page is locked against other SGX2 leaves.
 *
 * SDM: volume 3D, "EMODPE".
 */
int sgx_emodpe(struct sgx_cpu *cpu)
{
	struct sgx_epcm *page, *target;
	struct sgx_secinfo secinfo;
	int ret;

	ret = emodpe_operands(cpu, &page, &target);
	if (ret)
		return ret;
	ret = read_secinfo(cpu, page, &secinfo);
	if (ret)
		return ret;
	if (!extend_target(cpu, target))
		return sgx_enclave_fault(cpu, cpu->regs->rcx, 0);
	if (!sgx_epcm_trylock(target, SGX_LOCK_SGX2))
		return sgx_gp(cpu);
	ret = emodpe_locked(cpu, target, secinfo.flags);
	sgx_epcm_unlock(target, SGX_LOCK_SGX2);
	return ret;
}
