// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Into an enclave and out of it: EENTER, ERESUME, EEXIT, EDECCSSA, and the
 * asynchronous exit (AEX).
 *
 * Tracking. ETRACK starts a new epoch of an enclave; "all processors that were
 * inside have left since" is then the question whether any processor inside
 * entered in an older epoch (&sgx_host_ops.oldest_epoch). An entry checks EPCM
 * entries and caches addresses of pages, so what counts is the epoch in which
 * it began to look at them:
 *
 *	entry				ETRACK, then EACCEPT or EWB
 *	-----				---------------------------
 *	e = SECS epoch			SECS epoch = e + 1
 *	check and cache EPC pages	full barrier
 *	cpu->epoch = e			look for processors inside
 *	cpu->secs = SECS
 *	full barrier
 *	SECS epoch still e ?
 *
 * Either the entry finds the epoch moved and starts over, with all checks; or
 * its last read came before the move, and then, because of the two barriers,
 * whoever relies on the new epoch sees &sgx_cpu.secs set and the old epoch with
 * it, and waits for this processor. The way out is the other way round:
 * &sgx_cpu.secs is cleared with release semantics after the last access to a
 * page of the enclave.
 *
 * Entering again. Most entries are by the TCS and with the SSA frame of the last
 * one of the same processor. &sgx_cpu.last has what that one looked up, and the
 * words in which what it checked can change: the epoch, TCS.FLAGS, and the EPCM
 * state of the TCS and of the frame's pages. What else it checked cannot change
 * as long as these pages stay what they are, and that a page has gone and
 * another has taken its place the host knows (sgx_forget()). So when these words
 * are the same, so is every answer; when one differs the checks are made anew,
 * in the SDM's order.
 */
#include "epcm.h"

/*
 * EENTER and ERESUME have these in common. A call of each, with what it saves
 * and restores, is a good part of what they do.
 */
#define HOT inline __attribute__((always_inline))

#define NOT_HOT __attribute__((__noinline__))

/*
 * The entry has to be made anew, with all checks; no outcome of a leaf. For
 * activate() it is because ETRACK has run meanwhile.
 */
#define ANEW (-1)

/**
 * struct frame - an SSA frame, found and checked
 * @gpr:	its GPR area
 * @index:	its number
 * @pages:	how many EPC pages were looked up
 * @page:	these, the XSAVE area's first
 * @state:	their EPCM state, as it was checked
 * @xsave_pages: how many of them are of the XSAVE area
 */
struct frame {
	struct sgx_gprsgx *gpr;
	u32 index;
	unsigned int pages;
	struct sgx_epcm *page[SGX_FRAME_PAGES];
	u32 state[SGX_FRAME_PAGES];
	unsigned int xsave_pages;
};

/**
 * struct entry - what EENTER and ERESUME find out before they change anything
 * @tcs_epcm:	the TCS page, locked shared
 * @tcs:	its contents
 * @secs_epcm:	the SECS page of the enclave
 * @secs:	its contents
 * @epoch:	of the enclave, read before the state of any page was
 * @tcs_state:	EPCM state of the TCS
 * @flags:	TCS.FLAGS, which EDBGWR may change at any time
 * @notify:	ERESUME delivers an AEX notification
 * @to:		where it goes
 * @frame:	the SSA frame that the next AEX fills
 */
struct entry {
	struct sgx_epcm *tcs_epcm;
	struct sgx_tcs *tcs;
	struct sgx_epcm *secs_epcm;
	struct sgx_secs *secs;
	u64 epoch;
	u32 tcs_state;
	u64 flags;
	bool notify;
	struct sgx_target to;
	struct frame frame;
};

static u64 epoch_of(const struct sgx_secs *secs)
{
	return __atomic_load_n(&secs->hidden.epoch, __ATOMIC_ACQUIRE);
}

static u64 tcs_flags(const struct sgx_tcs *tcs)
{
	return __atomic_load_n(&tcs->flags, __ATOMIC_RELAXED);
}

static u64 aep_of(const struct sgx_tcs *tcs)
{
	return __atomic_load_n(&tcs->aep, __ATOMIC_RELAXED);
}

static unsigned int xsave_pages(const struct sgx_core *core, u64 xfrm)
{
	/* Spares the usual enclave the walk over all state components. */
	if (xfrm == SGX_XFRM_LEGACY)
		return 1;
	return (sgx_xsave_size(core, xfrm) + SGX_PAGE_SIZE - 1) / SGX_PAGE_SIZE;
}

/* Find and check the page of the frame that holds the address @la. */
static HOT int find_page(struct sgx_cpu *cpu, struct sgx_epcm *secs, u64 la,
			 struct frame *frame)
{
	struct sgx_epcm *epcm = NULL;
	u32 state;
	int ret;

	ret = sgx_enclave_page(cpu, secs, la, SGX_ACCESS_STATE, &epcm);
	if (ret)
		return ret;
	/* What is remembered has been checked as it is remembered. */
	state = sgx_epcm_state(epcm);
	if (!sgx_epcm_accessible(epcm, state, secs, la, SGX_ACCESS_STATE))
		return sgx_enclave_fault(cpu, la, SGX_PFEC_W);
	frame->page[frame->pages] = epcm;
	frame->state[frame->pages] = state;
	frame->pages++;
	return 0;
}

/*
 * Find and check the SSA frame @index of the thread whose TCS.OSSA is @ossa.
 * ECREATE made sure that the XSAVE area is not larger than the frame. The last
 * page of the frame is often the last of its XSAVE area as well, and is then
 * not looked at twice.
 */
static HOT int find_frame(struct sgx_cpu *cpu, struct sgx_epcm *secs_epcm,
			  u64 ossa, u32 index, struct frame *frame)
{
	const struct sgx_secs *secs = sgx_secs_of(secs_epcm);
	u64 size = (u64)secs->ssaframesize * SGX_PAGE_SIZE;
	u64 ssa = ossa + secs->baseaddr + size * index;
	u64 gpr = ssa + size - sizeof(struct sgx_gprsgx);
	unsigned int i;
	int ret;

	frame->index = index;
	frame->pages = 0;
	frame->xsave_pages = xsave_pages(cpu->core, secs->attributes.xfrm);
	for (i = 0; i < frame->xsave_pages; i++) {
		ret = find_page(cpu, secs_epcm, ssa + i * SGX_PAGE_SIZE, frame);
		if (ret)
			return ret;
	}
	if (frame->xsave_pages < secs->ssaframesize) {
		ret = find_page(cpu, secs_epcm, gpr, frame);
		if (ret)
			return ret;
	}
	frame->gpr = (void *)((u8 *)frame->page[frame->pages - 1]->page +
			      (gpr & ~SGX_PAGE_MASK));
	return 0;
}

/* The next AEX fills the frame. */
static void use_frame(struct sgx_cpu *cpu, const struct frame *frame)
{
	unsigned int i;

	cpu->gprsgx = frame->gpr;
	for (i = 0; i < frame->xsave_pages; i++)
		cpu->xsave[i] = frame->page[i]->page;
	cpu->xsave_pages = frame->xsave_pages;
}

/*
 * Find the TCS and lock it, so that it stays one: type, address and SECS of a
 * page only change under the exclusive lock. After success the caller unlocks.
 */
static HOT int lock_tcs(struct sgx_cpu *cpu, struct entry *e)
{
	u64 la = cpu->regs->rbx;
	struct sgx_epcm *tcs = NULL;
	u32 state;
	int ret;

	if (!sgx_aligned(la, SGX_PAGE_SIZE) || !sgx_canonical(la))
		return sgx_gp(cpu);
	/* Written too: the processor keeps STATE, CSSA and AEP in it. */
	ret = cpu->core->ops->walk(cpu, la, SGX_ACCESS_STATE, &tcs);
	if (ret)
		return ret;
	if (!tcs)
		return sgx_enclave_fault(cpu, la, SGX_PFEC_W);
	if (!sgx_canonical(cpu->regs->rcx))
		return sgx_gp(cpu);
	if (!sgx_epcm_trylock(tcs, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	state = sgx_epcm_state(tcs);
	if (!(state & SGX_EPCM_VALID) || sgx_epcm_pt(state) != SGX_PT_TCS ||
	    tcs->addr != la) {
		sgx_epcm_unlock(tcs, SGX_LOCK_SHARED);
		return sgx_enclave_fault(cpu, la, SGX_PFEC_W);
	}
	e->tcs_epcm = tcs;
	e->tcs = tcs->page;
	e->secs_epcm = tcs->secs;
	e->secs = sgx_secs_of(tcs->secs);
	return 0;
}

/*
 * The checks of the TCS and the SECS that EENTER and ERESUME have in common.
 * This is where the epoch is read; whatever may change in an EPCM entry while
 * the lock is held shared is therefore read after it.
 */
static HOT int check_tcs(struct sgx_cpu *cpu, struct entry *e)
{
	const struct sgx_tcs *tcs = e->tcs;
	u64 attributes, xfrm = e->secs->attributes.xfrm;

	e->epoch = epoch_of(e->secs);
	e->tcs_state = sgx_epcm_state(e->tcs_epcm);
	if (e->tcs_state &
	    (SGX_EPCM_BLOCKED | SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return sgx_enclave_fault(cpu, cpu->regs->rbx, SGX_PFEC_W);
	if (!sgx_aligned(tcs->ossa, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	if (!sgx_aligned(tcs->ofsbase | tcs->ogsbase, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	e->flags = tcs_flags(tcs);
	if (e->flags & ~(SGX_TCS_DBGOPTIN | SGX_TCS_AEXNOTIFY))
		return sgx_gp(cpu);
	attributes =
		__atomic_load_n(&e->secs->attributes.flags, __ATOMIC_ACQUIRE);
	if (!(attributes & SGX_ATTR_INIT))
		return sgx_gp(cpu);
	if (!(attributes & SGX_ATTR_MODE64BIT))
		return sgx_gp(cpu);
	if ((xfrm & cpu->core->attributes.xfrm) != xfrm)
		return sgx_gp(cpu);
	if (!(e->flags & SGX_TCS_DBGOPTIN) &&
	    !(e->flags & SGX_TCS_AEXNOTIFY) !=
		    !(attributes & SGX_ATTR_AEXNOTIFY))
		return sgx_gp(cpu);
	return 0;
}

/* Go to TCS.OENTRY, with the frame that TCS.CSSA selects for the next AEX. */
static HOT int check_oentry(struct sgx_cpu *cpu, struct entry *e)
{
	const struct sgx_tcs *tcs = e->tcs;
	u64 base = e->secs->baseaddr;

	if (tcs->cssa >= tcs->nssa)
		return sgx_gp(cpu);
	e->to.rip = tcs->oentry + base;
	e->to.fsbase = tcs->ofsbase + base;
	e->to.gsbase = tcs->ogsbase + base;
	return find_frame(cpu, e->secs_epcm, tcs->ossa, tcs->cssa, &e->frame);
}

/*
 * Where the last AEX came from. Other threads of the enclave can write the SSA:
 * what is checked is what is used, hence the one read of each.
 */
static HOT void read_target(const struct sgx_gprsgx *gpr, struct sgx_target *to)
{
	to->rip = __atomic_load_n(&gpr->rip, __ATOMIC_RELAXED);
	to->fsbase = __atomic_load_n(&gpr->fsbase, __ATOMIC_RELAXED);
	to->gsbase = __atomic_load_n(&gpr->gsbase, __ATOMIC_RELAXED);
}

/* Go back there. */
static int check_frame(struct sgx_cpu *cpu, struct entry *e)
{
	const struct sgx_tcs *tcs = e->tcs;
	const struct sgx_gprsgx *gpr;
	int ret;

	if (!tcs->cssa)
		return sgx_gp(cpu);
	ret = find_frame(cpu, e->secs_epcm, tcs->ossa, tcs->cssa - 1,
			 &e->frame);
	if (ret)
		return ret;
	gpr = e->frame.gpr;
	read_target(gpr, &e->to);
	e->notify = e->flags & SGX_TCS_AEXNOTIFY &&
		    __atomic_load_n(&gpr->aexnotify, __ATOMIC_RELAXED) &
			    SGX_GPRSGX_AEXNOTIFY;
	if (e->notify)
		return check_oentry(cpu, e);
	return 0;
}

/* Leave enclave mode; the last that touches a page of the enclave. */
static void deactivate(struct sgx_cpu *cpu, struct sgx_tcs *tcs)
{
	__atomic_store_n(&tcs->state, SGX_TCS_INACTIVE, __ATOMIC_RELEASE);
	__atomic_store_n(&cpu->secs, NULL, __ATOMIC_RELEASE);
}

static HOT bool target_canonical(const struct sgx_target *to)
{
	return sgx_canonical(to->rip) && sgx_canonical(to->fsbase) &&
	       sgx_canonical(to->gsbase);
}

/*
 * Enclave mode, by a TCS that is checked and locked. Of two processors that come
 * here with one TCS, one gets it. Returns ANEW if the epoch has moved, see the
 * top of this file.
 */
static HOT int activate(struct sgx_cpu *cpu, struct sgx_tcs *tcs,
			struct sgx_epcm *secs, u64 epoch)
{
	u64 state = SGX_TCS_INACTIVE;

	if (!__atomic_compare_exchange_n(&tcs->state, &state, SGX_TCS_ACTIVE,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return sgx_gp(cpu);
	cpu->epoch = epoch;
	__atomic_store_n(&cpu->secs, secs, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&sgx_secs_of(secs)->hidden.epoch,
			    __ATOMIC_RELAXED) == epoch)
		return 0;
	deactivate(cpu, tcs);
	return ANEW;
}

/*
 * For the next entry; and what the processor caches of the TCS, the SECS and the
 * frame.
 */
static void remember(struct sgx_cpu *cpu, const struct entry *e, u64 enter_la)
{
	struct sgx_last *last = &cpu->last;
	unsigned int i;

	last->tcs_la = e->tcs_epcm->addr;
	last->enter_la = enter_la;
	last->secs = e->secs_epcm;
	last->epoch = e->epoch;
	last->tcs_state = e->tcs_state;
	last->flags = e->flags;
	last->frame = e->frame.index;
	last->to = e->to;
	last->pages = e->frame.pages;
	for (i = 0; i < e->frame.pages; i++) {
		last->page[i] = e->frame.page[i];
		last->state[i] = e->frame.state[i];
	}
	cpu->tcs = e->tcs_epcm;
	cpu->tcs_la = e->tcs_epcm->addr;
	cpu->base = e->secs->baseaddr;
	cpu->size = e->secs->size;
	use_frame(cpu, &e->frame);
}

/*
 * Lock the TCS of the last entry and see that everything is as it was then. That
 * the epoch is, too, which was read before the state of any page, activate()
 * sees.
 */
static HOT bool lock_last(struct sgx_cpu *cpu)
{
	const struct sgx_last *last = &cpu->last;
	struct sgx_epcm *tcs = cpu->tcs;
	unsigned int i = 0;

	if (!sgx_epcm_trylock(tcs, SGX_LOCK_SHARED))
		return false;
	if (sgx_epcm_state(tcs) != last->tcs_state ||
	    tcs_flags(tcs->page) != last->flags)
		goto unlock;
	/* The AEP that the TCS has was canonical. */
	if (cpu->regs->rcx != aep_of(tcs->page) &&
	    !sgx_canonical(cpu->regs->rcx))
		goto unlock;
	/* There is at least one. */
	do {
		if (sgx_epcm_state(last->page[i]) != last->state[i])
			goto unlock;
	} while (++i < last->pages);
	return true;
unlock:
	sgx_epcm_unlock(tcs, SGX_LOCK_SHARED);
	return false;
}

/* What all entries do last; RIP is where execution goes on. */
static HOT void enter(struct sgx_cpu *cpu, const struct sgx_target *to)
{
	struct sgx_regs *regs = cpu->regs;

	cpu->fsbase = to->fsbase;
	cpu->gsbase = to->gsbase;
	if (cpu->last.flags & SGX_TCS_DBGOPTIN) {
		cpu->dbgoptin = true;
	} else {
		cpu->dbgoptin = false;
		cpu->save_tf = regs->rflags & SGX_RFLAGS_TF;
		regs->rflags &= ~SGX_RFLAGS_TF;
	}
	regs->rip = to->rip;
}

/*
 * Enter at TCS.OENTRY, with what is remembered. For the notification of ERESUME
 * the SDM's listing has RIP overwritten before it is copied to RCX, which would
 * give the enclave its own entry point; as in EENTER, RCX is the address to
 * which EEXIT can return.
 */
static HOT void enter_oentry(struct sgx_cpu *cpu, struct sgx_tcs *tcs)
{
	const struct sgx_last *last = &cpu->last;
	struct sgx_gprsgx *gpr = cpu->gprsgx;
	struct sgx_regs *regs = cpu->regs;

	__atomic_store_n(&tcs->aep, regs->rcx, __ATOMIC_RELAXED);
	regs->rcx = regs->rip + cpu->enclu_len;
	/* As any instruction at its end; the host may have found it set. */
	regs->rflags &= ~SGX_RFLAGS_RF;
	regs->rax = last->frame;
	gpr->ursp = regs->rsp;
	gpr->urbp = regs->rbp;
	enter(cpu, &last->to);
}

/*
 * Take the registers from the frame. RFLAGS.IF would follow at IOPL 3 only,
 * which no host gives to a program that runs enclaves; TF is never taken from
 * the frame, where an AEX stores it as zero.
 */
static void restore_gprs(struct sgx_regs *regs, const struct sgx_gprsgx *gpr)
{
	const u64 flags = SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF |
			  SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_DF |
			  SGX_RFLAGS_OF | SGX_RFLAGS_NT | SGX_RFLAGS_RF |
			  SGX_RFLAGS_AC | SGX_RFLAGS_ID;

	regs->rax = gpr->rax;
	regs->rcx = gpr->rcx;
	regs->rdx = gpr->rdx;
	regs->rbx = gpr->rbx;
	regs->rsp = gpr->rsp;
	regs->rbp = gpr->rbp;
	regs->rsi = gpr->rsi;
	regs->rdi = gpr->rdi;
	regs->r8 = gpr->r8;
	regs->r9 = gpr->r9;
	regs->r10 = gpr->r10;
	regs->r11 = gpr->r11;
	regs->r12 = gpr->r12;
	regs->r13 = gpr->r13;
	regs->r14 = gpr->r14;
	regs->r15 = gpr->r15;
	regs->rflags = (regs->rflags & ~flags) | (gpr->rflags & flags);
}

/* Resume at the frame; XRSTOR is the only thing left that can fail. */
static int enter_frame(struct sgx_cpu *cpu, const struct sgx_target *to)
{
	u64 xfrm = sgx_secs_of(cpu->secs)->attributes.xfrm;
	struct sgx_tcs *tcs = cpu->tcs->page;

	if (cpu->core->ops->xrstor(cpu, xfrm, cpu->xsave, cpu->xsave_pages)) {
		deactivate(cpu, tcs);
		return sgx_gp(cpu);
	}
	__atomic_store_n(&tcs->aep, cpu->regs->rcx, __ATOMIC_RELAXED);
	tcs->cssa--;
	restore_gprs(cpu->regs, cpu->gprsgx);
	enter(cpu, to);
	return 0;
}

/* EENTER, all of it. */
static NOT_HOT int eenter_anew(struct sgx_cpu *cpu)
{
	struct entry e;
	int ret;

	ret = lock_tcs(cpu, &e);
	if (ret)
		return ret;
	do {
		ret = check_tcs(cpu, &e);
		if (!ret)
			ret = check_oentry(cpu, &e);
		if (!ret && !target_canonical(&e.to))
			ret = sgx_gp(cpu);
		if (!ret)
			ret = activate(cpu, e.tcs, e.secs_epcm, e.epoch);
	} while (ret == ANEW);
	if (!ret) {
		remember(cpu, &e, e.tcs_epcm->addr);
		enter_oentry(cpu, e.tcs);
	}
	sgx_epcm_unlock(e.tcs_epcm, SGX_LOCK_SHARED);
	return ret;
}

/* ERESUME, all of it. */
static NOT_HOT int eresume_anew(struct sgx_cpu *cpu)
{
	struct entry e;
	int ret;

	ret = lock_tcs(cpu, &e);
	if (ret)
		return ret;
	do {
		ret = check_tcs(cpu, &e);
		if (!ret)
			ret = check_frame(cpu, &e);
		if (!ret && !target_canonical(&e.to))
			ret = sgx_gp(cpu);
		if (!ret)
			ret = activate(cpu, e.tcs, e.secs_epcm, e.epoch);
	} while (ret == ANEW);
	if (!ret && e.notify) {
		remember(cpu, &e, e.tcs_epcm->addr);
		enter_oentry(cpu, e.tcs);
	} else if (!ret) {
		remember(cpu, &e, SGX_NOWHERE);
		ret = enter_frame(cpu, &e.to);
	}
	sgx_epcm_unlock(e.tcs_epcm, SGX_LOCK_SHARED);
	return ret;
}

/* Nobody enters nowhere: a program can have that in RBX. */
static HOT bool is_last(const struct sgx_cpu *cpu, u64 la)
{
	return cpu->regs->rbx == la && la != SGX_NOWHERE;
}

/*
 * EENTER where the last entry was. ANEW for whatever is not as it was then, and
 * for what it has to fault for.
 */
static HOT int eenter_again(struct sgx_cpu *cpu)
{
	const struct sgx_last *last = &cpu->last;
	struct sgx_epcm *epcm = cpu->tcs;
	struct sgx_tcs *tcs;
	int ret;

	if (!is_last(cpu, last->enter_la) || !lock_last(cpu))
		return ANEW;
	tcs = epcm->page;
	ret = ANEW;
	if (tcs->cssa == last->frame)
		ret = activate(cpu, tcs, last->secs, last->epoch);
	if (!ret)
		enter_oentry(cpu, tcs);
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED);
	return ret;
}

/*
 * The same for ERESUME. With AEX notifications it may go to TCS.OENTRY and use
 * another frame.
 */
static HOT int eresume_again(struct sgx_cpu *cpu)
{
	const struct sgx_last *last = &cpu->last;
	struct sgx_target to;
	struct sgx_tcs *tcs;
	int ret;

	if (!is_last(cpu, last->tcs_la) || last->flags & SGX_TCS_AEXNOTIFY ||
	    !lock_last(cpu))
		return ANEW;
	tcs = cpu->tcs->page;
	ret = ANEW;
	read_target(cpu->gprsgx, &to);
	if (tcs->cssa && tcs->cssa - 1 == last->frame && target_canonical(&to))
		ret = activate(cpu, tcs, last->secs, last->epoch);
	if (!ret)
		ret = enter_frame(cpu, &to);
	sgx_epcm_unlock(cpu->tcs, SGX_LOCK_SHARED);
	return ret;
}

/**
 * sgx_eenter - ENCLU[EENTER]: enter an enclave
 * @cpu:	RBX is the address of a TCS, RCX the AEP; not in enclave mode,
 *		which sgx_enclu() has checked
 *
 * On success the processor is in enclave mode at TCS.OENTRY. RAX is TCS.CSSA,
 * RCX the address behind the ENCLU, RSP and RBP are in the SSA frame for the
 * AEX, FS and GS base are the TCS's, and RFLAGS.TF is kept away unless
 * TCS.FLAGS.DBGOPTIN is set. All other registers are the program's.
 *
 * Return: 0, with RIP set; or
 * #GP(0) - RBX is not page aligned, or not canonical; the AEP is not
 *	canonical; another leaf operates on the TCS; TCS.OSSA, OFSBASE
 *	or OGSBASE is not page aligned; a reserved bit of TCS.FLAGS is set; the
 *	enclave is not initialised, or not a 64-bit one; SECS.ATTRIBUTES.XFRM is
 *	no subset of XCR0; without DBGOPTIN, TCS.FLAGS.AEXNOTIFY differs from
 *	SECS.ATTRIBUTES.AEXNOTIFY;
 *	no SSA frame is free (CSSA >= NSSA); the entry point or an FS or GS base
 *	is not canonical; the TCS is active.
 * #PF(RBX) - no EPC page there, or it is not valid, blocked, pending, modified,
 *	no TCS, or entered for another address.
 * #PF(SSA page or GPR area) - a page of the XSAVE area or the page of the GPR
 *	area does not pass sgx_enclave_page().
 * What the page tables give, or SGX_RETRY. Nothing has changed then.
 *
 * Concurrency: the TCS is locked shared against EMODT and EREMOVE, and STATE
 * goes from inactive to active by compare and swap. No lock of the SECS, whose
 * cache line all threads of an enclave share. A page of the SSA frame cannot go
 * while the processor is inside: it is evicted or trimmed only after tracking.
 *
 * SDM: volume 3D, "EENTER".
 */
int sgx_eenter(struct sgx_cpu *cpu)
{
	int ret = eenter_again(cpu);

	return ret == ANEW ? eenter_anew(cpu) : ret;
}

/**
 * sgx_eresume - ENCLU[ERESUME]: go on after an AEX
 * @cpu:	RBX is the address of a TCS, RCX the AEP; not in enclave mode,
 *		which sgx_enclu() has checked
 *
 * On success the state that the last AEX of this TCS saved in its SSA frame is
 * back, in enclave mode, and the frame is free again (CSSA is one less). If
 * TCS.FLAGS.AEXNOTIFY and GPRSGX.AEXNOTIFY of that frame are set, the enclave
 * is entered as EENTER does instead, at TCS.OENTRY with the next frame, and
 * CSSA stays: an AEX notification.
 *
 * Return: 0, with RIP set; or, with nothing changed,
 * #GP(0) - as sgx_eenter(), where no frame in use (CSSA = 0) takes the place of
 *	no frame free, the latter only counting for a notification; the RIP in
 *	the frame is the entry point that has to be canonical, and the FS and GS
 *	base in the frame; or XRSTOR refuses the XSAVE area.
 * #PF - as sgx_eenter(), for the frame CSSA - 1, and for the frame CSSA in case
 *	of a notification.
 * What the page tables give, or SGX_RETRY.
 *
 * Concurrency: as sgx_eenter().
 *
 * SDM: volume 3D, "ERESUME".
 */
int sgx_eresume(struct sgx_cpu *cpu)
{
	int ret = eresume_again(cpu);

	return ret == ANEW ? eresume_anew(cpu) : ret;
}

/* TF as it was before the entry, and out of enclave mode. */
static void leave(struct sgx_cpu *cpu)
{
	struct sgx_regs *regs = cpu->regs;

	if (!cpu->dbgoptin)
		regs->rflags = (regs->rflags & ~SGX_RFLAGS_TF) | cpu->save_tf;
	deactivate(cpu, cpu->tcs->page);
}

/**
 * sgx_eexit - ENCLU[EEXIT]: leave an enclave
 * @cpu:	RBX is the address to go on at; in enclave mode, which
 *		sgx_enclu() has checked
 *
 * On success the processor is out of enclave mode at RBX, RCX is the AEP, FS
 * and GS base and RFLAGS.TF are those of before the entry. All other registers,
 * RSP and RBP among them, are the enclave's. RBX may lie in the enclave: the
 * fetch from there then is the host's to fail.
 *
 * Return: 0, with RIP set; #GP(0) if RBX is not canonical.
 *
 * Concurrency: none to speak of, the TCS is this processor's.
 *
 * SDM: volume 3D, "EEXIT".
 */
int sgx_eexit(struct sgx_cpu *cpu)
{
	const struct sgx_tcs *tcs = cpu->tcs->page;
	struct sgx_regs *regs = cpu->regs;

	if (!sgx_canonical(regs->rbx))
		return sgx_gp(cpu);
	regs->rip = regs->rbx;
	regs->rcx = tcs->aep;
	regs->rflags &= ~SGX_RFLAGS_RF;
	leave(cpu);
	return 0;
}

/**
 * sgx_edeccssa - ENCLU[EDECCSSA]: give up the current SSA frame
 * @cpu:	in enclave mode, which sgx_enclu() has checked
 *
 * TCS.CSSA is one less, and the next AEX fills the frame that it selects now.
 * The host can thus be left with EEXIT and not with ERESUME after an exception
 * was handled inside.
 *
 * Return: 0; or, with nothing changed, #GP(0) if CSSA is 0 or another leaf
 * operates on the TCS; #PF if a page of the frame CSSA - 1 does not pass
 * sgx_enclave_page(); what the page tables give; or SGX_RETRY.
 *
 * Concurrency: the TCS is locked shared. The frame's pages stay, for the
 * processor is inside.
 *
 * SDM: volume 3D, "EDECCSSA".
 */
int sgx_edeccssa(struct sgx_cpu *cpu)
{
	struct sgx_tcs *tcs = cpu->tcs->page;
	struct frame frame;
	int ret;

	if (!sgx_epcm_trylock(cpu->tcs, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	if (!tcs->cssa) {
		ret = sgx_gp(cpu);
		goto unlock;
	}
	ret = find_frame(cpu, cpu->secs, tcs->ossa, tcs->cssa - 1, &frame);
	if (ret)
		goto unlock;
	tcs->cssa--;
	use_frame(cpu, &frame);
	sgx_forget(cpu);
unlock:
	sgx_epcm_unlock(cpu->tcs, SGX_LOCK_SHARED);
	return ret;
}

/*
 * #GP and #PF are shown to an enclave that asked for it in MISCSELECT, and of
 * the page faults only those of user accesses.
 */
static bool exinfo_reported(const struct sgx_secs *secs,
			    const struct sgx_fault *fault)
{
	if (!(secs->miscselect & SGX_MISC_EXINFO))
		return false;
	return fault->vector == SGX_VECTOR_GP || fault->errcd & SGX_PFEC_U;
}

/* EXITINFO, and what goes with it into EXINFO, right below the GPR area. */
static u32 exitinfo(struct sgx_cpu *cpu, const struct sgx_fault *fault)
{
	struct sgx_exinfo *exinfo = (struct sgx_exinfo *)cpu->gprsgx - 1;
	u32 type = SGX_EXITINFO_HARDWARE;

	switch (fault->vector) {
	case SGX_VECTOR_BP:
		type = SGX_EXITINFO_SOFTWARE;
		break;
	case SGX_VECTOR_DE:
	case SGX_VECTOR_DB:
	case SGX_VECTOR_BR:
	case SGX_VECTOR_UD:
	case SGX_VECTOR_MF:
	case SGX_VECTOR_AC:
	case SGX_VECTOR_XM:
		break;
	case SGX_VECTOR_GP:
	case SGX_VECTOR_PF:
		if (!exinfo_reported(sgx_secs_of(cpu->secs), fault))
			return 0;
		exinfo->maddr = fault->vector == SGX_VECTOR_PF ? fault->addr
							       : 0;
		exinfo->errcd = fault->errcd;
		exinfo->reserved = 0;
		break;
	default:
		return 0;
	}
	return SGX_EXITINFO_VALID | type | fault->vector;
}

/* SDM volume 3D, "Processor Synthetic State on Asynchronous Enclave Exit". */
static const struct sgx_synthetic *synthetic_fpu(const struct sgx_fault *fault)
{
	static const struct sgx_synthetic usual = { 0x037f, 0, 0x1fb0 };
	static const struct sgx_synthetic mf = { 0x037e, 0x8081, 0x1fb0 };
	static const struct sgx_synthetic xm = { 0x037f, 0, 0x1f01 };

	if (fault && fault->vector == SGX_VECTOR_MF)
		return &mf;
	if (fault && fault->vector == SGX_VECTOR_XM)
		return &xm;
	return &usual;
}

static void save_gprs(struct sgx_gprsgx *gpr, const struct sgx_regs *regs)
{
	gpr->rax = regs->rax;
	gpr->rcx = regs->rcx;
	gpr->rdx = regs->rdx;
	gpr->rbx = regs->rbx;
	gpr->rsp = regs->rsp;
	gpr->rbp = regs->rbp;
	gpr->rsi = regs->rsi;
	gpr->rdi = regs->rdi;
	gpr->r8 = regs->r8;
	gpr->r9 = regs->r9;
	gpr->r10 = regs->r10;
	gpr->r11 = regs->r11;
	gpr->r12 = regs->r12;
	gpr->r13 = regs->r13;
	gpr->r14 = regs->r14;
	gpr->r15 = regs->r15;
	gpr->rflags = regs->rflags & ~SGX_RFLAGS_TF;
	gpr->rip = regs->rip;
}

/* SDM, table "GPR, x87 Synthetic States on Asynchronous Enclave Exit". */
static void synthetic_gprs(const struct sgx_cpu *cpu)
{
	const struct sgx_tcs *tcs = cpu->tcs->page;
	const struct sgx_gprsgx *gpr = cpu->gprsgx;
	struct sgx_regs *regs = cpu->regs;

	regs->rax = SGX_ERESUME;
	regs->rbx = cpu->tcs_la;
	regs->rcx = tcs->aep;
	regs->rdx = 0;
	regs->rsi = 0;
	regs->rdi = 0;
	regs->rsp = gpr->ursp;
	regs->rbp = gpr->urbp;
	regs->r8 = 0;
	regs->r9 = 0;
	regs->r10 = 0;
	regs->r11 = 0;
	regs->r12 = 0;
	regs->r13 = 0;
	regs->r14 = 0;
	regs->r15 = 0;
	regs->rip = tcs->aep;
	regs->rflags &= ~(SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF |
			  SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_OF |
			  SGX_RFLAGS_RF);
}

/**
 * sgx_aex - asynchronous enclave exit
 * @cpu:	in enclave mode; the registers are the enclave's, RIP and RF as
 *		the event would have pushed them
 * @fault:	the exception that is the cause, NULL for an interrupt. May be
 *		&sgx_cpu.fault
 *
 * Saves the state of the processor in the SSA frame that the entry (or
 * EDECCSSA) has chosen, loads the synthetic state, and leaves enclave mode at
 * the AEP with TCS.CSSA one more. EXITINFO of the frame names the exception if
 * it is one of those that enclaves are shown; EXINFO has the address and the
 * error code of a #PF and the error code of a #GP if MISCSELECT.EXINFO is set.
 * GPRSGX.AEXNOTIFY is the enclave's and stays.
 *
 * The event itself is the host's to deliver afterwards; of the address of a
 * page fault it shows the outside only the page (CR2, bits 11:0 cleared).
 *
 * It cannot fail: the frame was found and checked by the entry, and is there as
 * long as the processor is inside. It is for events of the enclave's own
 * execution, never for one that comes up while a leaf runs.
 *
 * Concurrency: none to speak of, the TCS and the frame are this processor's.
 *
 * SDM: volume 3D, "Enclave Exiting Events", "AEX Flow".
 */
void sgx_aex(struct sgx_cpu *cpu, const struct sgx_fault *fault)
{
	const struct sgx_host_ops *ops = cpu->core->ops;
	struct sgx_gprsgx *gpr = cpu->gprsgx;
	struct sgx_tcs *tcs = cpu->tcs->page;

	save_gprs(gpr, cpu->regs);
	gpr->fsbase = cpu->fsbase;
	gpr->gsbase = cpu->gsbase;
	gpr->exitinfo = fault ? exitinfo(cpu, fault) : 0;
	ops->xsave(cpu, sgx_secs_of(cpu->secs)->attributes.xfrm, cpu->xsave,
		   cpu->xsave_pages, synthetic_fpu(fault));
	synthetic_gprs(cpu);
	tcs->cssa++;
	leave(cpu);
}
