// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Paging: EPA, EBLOCK, EWB, ELDU and ELDB.
 *
 * A page leaves the EPC encrypted, and comes back only as what it was: its MAC
 * covers which enclave and which address it belongs to, its type, permissions
 * and state, and a version that no other eviction ever gets. The version stays
 * in the EPC, in a slot of a version array (VA), and loading the page empties
 * the slot. So an old copy, another enclave's copy, a copy of another page or a
 * changed one is refused.
 */
#include "epcm.h"

#define PCMD_ALIGN   128
#define VA_SLOT_SIZE 8

/* What of EPCM.state goes out with a page, in the bits that SECINFO has. */
#define SAVED_STATE                                                          \
	(SGX_EPCM_RWX | SGX_EPCM_PENDING | SGX_EPCM_MODIFIED | SGX_EPCM_PR | \
	 SGX_EPCM_PT)

/**
 * struct mac_header - MAC_HEADER, what the MAC covers besides the contents
 * @eid:	of the enclave, 0 for a page that is no enclave's child
 * @linaddr:	EPCM.ENCLAVEADDRESS
 * @flags:	SECINFO.FLAGS
 * @secinfo:	what is reserved in SECINFO
 * @reserved:	what is reserved in PCMD
 *
 * Nothing of a PCMD is left out but ENCLAVEID, which tells software whose page
 * it is: the processor goes by the SECS that it is given.
 */
struct mac_header {
	u64 eid;
	u64 linaddr;
	u64 flags;
	u8 secinfo[56];
	u8 reserved[48];
};

SGX_ASSERT_SIZE(mac_header, 128);

/* Types that belong to an enclave, and are blocked and tracked. */
static bool is_child(enum sgx_page_type pt)
{
	return pt == SGX_PT_REG || pt == SGX_PT_TCS || pt == SGX_PT_TRIM;
}

static bool is_va(const struct sgx_epcm *epcm)
{
	u32 state = sgx_epcm_state(epcm);

	return state & SGX_EPCM_VALID && sgx_epcm_pt(state) == SGX_PT_VA;
}

/* The nonce of AES-GCM: the version in its upper 64 bits. */
static void version_iv(u64 version, u8 iv[12])
{
	memset(iv, 0, 4);
	memcpy(iv + 4, &version, sizeof(version));
}

static u64 *va_slot(const struct sgx_epcm *va, u64 addr)
{
	return (u64 *)((u8 *)va->page + (addr & ~SGX_PAGE_MASK));
}

/**
 * sgx_epa - ENCLS[EPA]: make a version array
 * @cpu:	who executes the leaf
 * @pt:		PT_VA (RBX)
 * @epcpage:	EPC page (RCX)
 *
 * Return: 0, all slots empty; or, with nothing changed,
 * #GP(0) - @pt is not PT_VA; @epcpage is not aligned, or in use by another
 *	leaf.
 * #PF(@epcpage) - no EPC page there, or it is valid.
 *
 * Concurrency: @epcpage is locked exclusive.
 *
 * SDM: volume 3D, "EPA".
 */
int sgx_epa(struct sgx_cpu *cpu, u64 pt, u64 epcpage)
{
	struct sgx_epcm *epcm;
	int ret = 0;

	if (pt != SGX_PT_VA || !sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	epcm = sgx_find_epc(cpu, epcpage);
	if (!epcm)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!sgx_epcm_trylock(epcm, SGX_LOCK_EXCLUSIVE))
		return sgx_gp(cpu);
	if (sgx_epcm_state(epcm) & SGX_EPCM_VALID) {
		ret = sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
		goto unlock;
	}
	memset(epcm->page, 0, SGX_PAGE_SIZE);
	epcm->secs = NULL;
	epcm->addr = 0;
	sgx_epcm_set_state(epcm, SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_VA));
unlock:
	sgx_epcm_unlock(epcm, SGX_LOCK_EXCLUSIVE);
	return ret;
}

static int eblock_locked(struct sgx_epcm *epcm)
{
	u32 state = sgx_epcm_state(epcm);
	enum sgx_page_type pt = sgx_epcm_pt(state);
	int ret = SGX_SUCCESS;

	if (!(state & SGX_EPCM_VALID))
		return SGX_PG_INVLD;
	if (pt == SGX_PT_SECS)
		return SGX_PG_IS_SECS;
	if (!is_child(pt))
		return SGX_NOTBLOCKABLE;
	if (state & SGX_EPCM_BLOCKED)
		return SGX_BLKSTATE;
	/* The epoch of the change is noted: no ETRACK may be in between. */
	if (!sgx_epcm_trylock(epcm->secs, SGX_LOCK_TRACK))
		return SGX_ENTRYEPOCH_LOCKED;
	sgx_epcm_change_tracked(epcm, 0, SGX_EPCM_BLOCKED);
	sgx_epcm_unlock(epcm->secs, SGX_LOCK_TRACK);
	return ret;
}

/**
 * sgx_eblock - ENCLS[EBLOCK]: allow no new translation of a page
 * @cpu:	who executes the leaf
 * @epcpage:	EPC page (RCX)
 *
 * Return: 0; or, with nothing changed,
 * #GP(0) - @epcpage is not aligned.
 * #PF(@epcpage) - no EPC page there.
 * SGX_EPC_PAGE_CONFLICT - another leaf writes the page.
 * SGX_PG_INVLD - the page is not valid.
 * SGX_PG_IS_SECS, SGX_NOTBLOCKABLE - its type has no translations.
 * SGX_BLKSTATE - it is blocked already.
 * SGX_ENTRYEPOCH_LOCKED - an ETRACK of the enclave is under way.
 *
 * Concurrency: @epcpage is locked shared.
 *
 * SDM: volume 3D, "EBLOCK".
 */
int sgx_eblock(struct sgx_cpu *cpu, u64 epcpage)
{
	struct sgx_epcm *epcm;
	int ret;

	if (!sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	epcm = sgx_find_epc(cpu, epcpage);
	if (!epcm)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!sgx_epcm_trylock(epcm, SGX_LOCK_SHARED))
		return SGX_EPC_PAGE_CONFLICT;
	ret = eblock_locked(epcm);
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED);
	return ret;
}

/**
 * struct paging - the operands of EWB, ELDU and ELDB
 * @target:	EPC page that leaves or comes
 * @va:		version array
 * @version:	slot in it
 * @data:	page in memory
 * @pcmd:	its PCMD
 */
struct paging {
	struct sgx_epcm *target;
	struct sgx_epcm *va;
	u64 *version;
	void *data;
	struct sgx_pcmd *pcmd;
};

/* Alignment, and the two EPC pages. The PCMD stands where SECINFO does. */
static int paging_operands(struct sgx_cpu *cpu, const struct sgx_pageinfo *pi,
			   u64 epcpage, u64 va, struct paging *p)
{
	if (!sgx_aligned(sgx_addr(pi), SGX_PAGEINFO_ALIGN) ||
	    !sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	p->target = sgx_find_epc(cpu, epcpage);
	if (!p->target)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!sgx_aligned(va, VA_SLOT_SIZE))
		return sgx_gp(cpu);
	p->va = sgx_find_epc(cpu, va);
	if (!p->va)
		return sgx_encls_fault(cpu, va, SGX_PFEC_W);
	p->version = va_slot(p->va, va);
	p->data = sgx_ptr(pi->srcpge);
	p->pcmd = sgx_ptr(pi->secinfo);
	return 0;
}

/*
 * Target exclusive, VA shared; #GP for the one that another leaf has. If they
 * are one page, it is either in use, and no target, or no VA.
 */
static int paging_lock(struct sgx_cpu *cpu, struct paging *p)
{
	if (!sgx_epcm_trylock(p->target, SGX_LOCK_EXCLUSIVE))
		return sgx_gp(cpu);
	if (p->va == p->target)
		return 0;
	if (sgx_epcm_trylock(p->va, SGX_LOCK_SHARED))
		return 0;
	sgx_epcm_unlock(p->target, SGX_LOCK_EXCLUSIVE);
	return sgx_gp(cpu);
}

static void paging_unlock(struct paging *p)
{
	if (p->va != p->target)
		sgx_epcm_unlock(p->va, SGX_LOCK_SHARED);
	sgx_epcm_unlock(p->target, SGX_LOCK_EXCLUSIVE);
}

/* May the page leave? An SGX code if not. */
static int ewb_evictable(struct sgx_core *core, const struct sgx_epcm *epcm,
			 u32 state)
{
	enum sgx_page_type pt = sgx_epcm_pt(state);

	if (is_child(pt)) {
		if (!(state & SGX_EPCM_BLOCKED))
			return SGX_PAGE_NOT_BLOCKED;
		if (!sgx_epcm_tracked(core, epcm))
			return SGX_NOT_TRACKED;
	} else if (pt == SGX_PT_SECS &&
		   __atomic_load_n(&sgx_secs_of(epcm)->hidden.children,
				   __ATOMIC_ACQUIRE)) {
		return SGX_CHILD_PRESENT;
	}
	return SGX_SUCCESS;
}

static void ewb_pcmd(struct sgx_pcmd *pcmd, u64 flags, u64 eid,
		     const u8 mac[16])
{
	memset(pcmd, 0, sizeof(*pcmd));
	pcmd->secinfo.flags = flags;
	pcmd->enclaveid = eid;
	memcpy(pcmd->mac, mac, sizeof(pcmd->mac));
}

/* EWB with both pages locked and found to be in order. */
static int ewb_write(struct sgx_cpu *cpu, struct sgx_pageinfo *pi,
		     struct paging *p, u32 state)
{
	struct sgx_core *core = cpu->core;
	struct sgx_epcm *epcm = p->target;
	struct sgx_epcm *secs = epcm->secs;
	struct mac_header header = {
		.linaddr = epcm->addr,
		.flags = state & SAVED_STATE,
	};
	u64 version =
		__atomic_add_fetch(&core->next_version, 1, __ATOMIC_RELAXED);
	u64 enclaveid = 0;
	u8 iv[12], mac[16];
	bool occupied;
	int ret;

	if (secs) {
		header.eid = sgx_secs_of(secs)->hidden.eid;
		enclaveid = header.eid;
	} else if (sgx_epcm_pt(state) == SGX_PT_SECS) {
		enclaveid = sgx_secs_of(epcm)->hidden.eid;
	}
	version_iv(version, iv);
	ret = core->ops->page_seal(core, iv, &header, sizeof(header),
				   epcm->page, p->data, SGX_PAGE_SIZE, mac);
	if (ret)
		return ret;
	ewb_pcmd(p->pcmd, header.flags, enclaveid, mac);
	pi->linaddr = epcm->addr;

	occupied = __atomic_exchange_n(p->version, version, __ATOMIC_RELAXED);
	epcm->secs = NULL;
	epcm->addr = 0;
	sgx_epcm_set_state(epcm, 0);
	if (secs)
		__atomic_fetch_sub(&sgx_secs_of(secs)->hidden.children, 1,
				   __ATOMIC_RELEASE);
	return occupied ? SGX_VA_SLOT_OCCUPIED : SGX_SUCCESS;
}

static int ewb_locked(struct sgx_cpu *cpu, struct sgx_pageinfo *pi, u64 epcpage,
		      u64 va, struct paging *p)
{
	u32 state = sgx_epcm_state(p->target);
	int ret;

	if (!(state & SGX_EPCM_VALID))
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!is_va(p->va))
		return sgx_encls_fault(cpu, va, SGX_PFEC_W);
	ret = ewb_evictable(cpu->core, p->target, state);
	if (ret)
		return ret;
	return ewb_write(cpu, pi, p, state);
}

/**
 * sgx_ewb - ENCLS[EWB]: write a page out of the EPC
 * @cpu:	who executes the leaf
 * @pageinfo:	SRCPGE is where the contents go, PCMD (at SECINFO) where the
 *		metadata goes, LINADDR and SECS are zero (RBX); LINADDR is set
 * @epcpage:	EPC page, invalid afterwards (RCX)
 * @va:		address of an empty slot in a version array (RDX)
 *
 * Return: 0; SGX_VA_SLOT_OCCUPIED, when all was done but the slot had a
 * version, which is lost; or, with the page as it was,
 * #GP(0) - an operand is not aligned (PAGEINFO 32 bytes, PCMD 128, the slot 8,
 *	pages 4096); @epcpage and @va are in one page; LINADDR or SECS is not
 *	zero; another leaf uses one of the pages.
 * #PF(@epcpage) - no EPC page there, or not a valid one.
 * #PF(@va) - no EPC page there, or no version array.
 * SGX_PAGE_NOT_BLOCKED - no EBLOCK was done.
 * SGX_NOT_TRACKED - no ETRACK was done after the EBLOCK, or a processor is
 *	inside that entered before it.
 * SGX_CHILD_PRESENT - an SECS whose enclave has pages in the EPC.
 * SGX_RETRY - the host could not encrypt.
 *
 * Concurrency: @epcpage is locked exclusive, the version array shared.
 *
 * SDM: volume 3D, "EWB".
 */
int sgx_ewb(struct sgx_cpu *cpu, struct sgx_pageinfo *pageinfo, u64 epcpage,
	    u64 va)
{
	struct paging p;
	int ret;

	ret = paging_operands(cpu, pageinfo, epcpage, va, &p);
	if (ret)
		return ret;
	if (p.target == p.va)
		return sgx_gp(cpu);
	if (pageinfo->linaddr || pageinfo->secs)
		return sgx_gp(cpu);
	if (!sgx_aligned(pageinfo->secinfo, PCMD_ALIGN) ||
	    !sgx_aligned(pageinfo->srcpge, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	ret = paging_lock(cpu, &p);
	if (ret)
		return ret;
	ret = ewb_locked(cpu, pageinfo, epcpage, va, &p);
	paging_unlock(&p);
	return ret;
}

/* ELDU, ELDB: the SECS that PAGEINFO names, which a child has and others not. */
static int eld_secs(struct sgx_cpu *cpu, const struct sgx_pageinfo *pi,
		    enum sgx_page_type pt, struct sgx_epcm **secs)
{
	*secs = NULL;
	if (!is_child(pt))
		return pi->secs ? sgx_gp(cpu) : 0;
	if (!sgx_aligned(pi->secs, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	*secs = sgx_find_epc(cpu, pi->secs);
	if (!*secs)
		return sgx_encls_fault(cpu, pi->secs, SGX_PFEC_W);
	return 0;
}

/*
 * The note of the epoch for a page that comes back. No processor has a
 * translation of it, for EWB made sure of that: a change that was made to it
 * before is tracked, and EACCEPT must not find otherwise. So the note is the
 * last epoch that every processor inside entered after.
 */
static u32 eld_epoch(struct sgx_core *core, const struct sgx_epcm *secs)
{
	u64 now, oldest;

	if (!secs)
		return 0;
	now = __atomic_load_n(&sgx_secs_of(secs)->hidden.epoch,
			      __ATOMIC_SEQ_CST);
	oldest = core->ops->oldest_epoch(core, (struct sgx_epcm *)secs);
	if (oldest > now)
		oldest = now;
	return (u32)(oldest - 1) << SGX_EPCM_EPOCH_SHIFT;
}

/* ELDU, ELDB with all pages locked. */
static int eld_read(struct sgx_cpu *cpu, u64 linaddr, struct paging *p,
		    const struct sgx_pcmd *pcmd, struct sgx_epcm *secs,
		    u32 blocked)
{
	struct sgx_core *core = cpu->core;
	struct mac_header header = {
		.linaddr = linaddr,
		.flags = pcmd->secinfo.flags,
	};
	u64 version = __atomic_load_n(p->version, __ATOMIC_RELAXED);
	struct sgx_epcm *epcm = p->target;
	u8 iv[12];
	int ret;

	if (secs)
		header.eid = sgx_secs_of(secs)->hidden.eid;
	memcpy(header.secinfo, pcmd->secinfo.reserved, sizeof(header.secinfo));
	memcpy(header.reserved, pcmd->reserved, sizeof(pcmd->reserved));
	version_iv(version, iv);
	ret = core->ops->page_open(core, iv, &header, sizeof(header), p->data,
				   epcm->page, SGX_PAGE_SIZE, pcmd->mac);
	/* Of two that load from one slot, one is the first to empty it. */
	if (!ret &&
	    !__atomic_compare_exchange_n(p->version, &version, 0, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		ret = SGX_MAC_COMPARE_FAIL;
	if (ret) {
		memset(epcm->page, 0, SGX_PAGE_SIZE);
		return ret;
	}
	epcm->secs = secs;
	epcm->addr = linaddr;
	if (secs)
		__atomic_fetch_add(&sgx_secs_of(secs)->hidden.children, 1,
				   __ATOMIC_RELAXED);
	/* A page without an SECS of its own is never blocked. */
	sgx_epcm_set_state(epcm, SGX_EPCM_VALID | (secs ? blocked : 0) |
					 (u32)header.flags |
					 eld_epoch(core, secs));
	return SGX_SUCCESS;
}

static int eld_locked(struct sgx_cpu *cpu, const struct sgx_pageinfo *pi,
		      u64 epcpage, u64 va, struct paging *p, u32 blocked)
{
	/* It is in memory that the owner of the enclave may write to. */
	const struct sgx_pcmd pcmd = *p->pcmd;
	struct sgx_epcm *secs;
	int ret;

	if (sgx_epcm_state(p->target) & SGX_EPCM_VALID)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!is_va(p->va))
		return sgx_encls_fault(cpu, va, SGX_PFEC_W);
	ret = eld_secs(cpu, pi,
		       (pcmd.secinfo.flags & SGX_SECINFO_FL_PT) >>
			       SGX_SECINFO_FL_PT_SHIFT,
		       &secs);
	if (ret)
		return ret;
	if (!secs)
		return eld_read(cpu, pi->linaddr, p, &pcmd, NULL, blocked);

	if (!sgx_epcm_trylock(secs, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	if (sgx_is_secs(secs))
		ret = eld_read(cpu, pi->linaddr, p, &pcmd, secs, blocked);
	else
		ret = sgx_encls_fault(cpu, pi->secs, SGX_PFEC_W);
	sgx_epcm_unlock(secs, SGX_LOCK_SHARED);
	return ret;
}

static int eld(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	       u64 epcpage, u64 va, u32 blocked)
{
	struct paging p;
	int ret;

	ret = paging_operands(cpu, pageinfo, epcpage, va, &p);
	if (ret)
		return ret;
	if (!sgx_aligned(pageinfo->secinfo, PCMD_ALIGN) ||
	    !sgx_aligned(pageinfo->srcpge, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	ret = paging_lock(cpu, &p);
	if (ret)
		return ret;
	ret = eld_locked(cpu, pageinfo, epcpage, va, &p, blocked);
	paging_unlock(&p);
	return ret;
}

/**
 * sgx_eldu - ENCLS[ELDU]: load a page into the EPC
 * @cpu:	who executes the leaf
 * @pageinfo:	LINADDR, the contents at SRCPGE and the PCMD (at SECINFO) as EWB
 *		gave them; SECS of the enclave, zero for a page that is an SECS
 *		or a version array (RBX)
 * @epcpage:	free EPC page (RCX)
 * @va:		address of the slot that has the page's version (RDX)
 *
 * Return: 0, with the slot empty; or, with the slot as it was and @epcpage
 * free and, if it came to decryption, zero,
 * #GP(0) - an operand is not aligned (PAGEINFO 32 bytes, PCMD 128, the slot 8,
 *	pages 4096); another leaf uses one of the pages; SECS is given for a page
 *	without one.
 * #PF(@epcpage) - no EPC page there, or it is in use (valid).
 * #PF(@va) - no EPC page there, or no version array.
 * #PF(SECS) - no EPC page there, or no SECS.
 * SGX_MAC_COMPARE_FAIL - contents, PCMD (but ENCLAVEID), address, enclave or
 *	version are not those of one eviction.
 * SGX_RETRY - the host could not decrypt.
 *
 * Concurrency: @epcpage is locked exclusive, the version array and the SECS
 * shared. One slot is loaded once, whoever tries.
 *
 * SDM: volume 3D, "ELDB/ELDU".
 */
int sgx_eldu(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage, u64 va)
{
	return eld(cpu, pageinfo, epcpage, va, 0);
}

/**
 * sgx_eldb - ENCLS[ELDB]: load a page into the EPC and block it
 * @cpu:	as sgx_eldu()
 * @pageinfo:	as sgx_eldu()
 * @epcpage:	as sgx_eldu()
 * @va:		as sgx_eldu()
 *
 * As sgx_eldu(), for a page that was found blocked (SGX_BLKSTATE) and has to be
 * so again.
 *
 * Return: as sgx_eldu().
 *
 * SDM: volume 3D, "ELDB/ELDU".
 */
int sgx_eldb(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage, u64 va)
{
	return eld(cpu, pageinfo, epcpage, va, SGX_EPCM_BLOCKED);
}
