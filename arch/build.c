// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * ENCLS leaves that build an enclave and take it down: ECREATE, EADD, EEXTEND,
 * EREMOVE (SDM, volume 3D); EINIT is in init.c. Each makes the checks of its
 * "Operation" in that order.
 *
 * Until EINIT, SECS.MRENCLAVE holds the state of a SHA-256 and the hidden part
 * counts its blocks. Whoever extends it holds SGX_LOCK_MEASURE, under which
 * ATTRIBUTES.INIT is set and looked at as well.
 */
#include "crypto.h"

#define GPR_SIZE sizeof(struct sgx_gprsgx)

static bool secinfo_reserved_zero(const struct sgx_secinfo *secinfo)
{
	return !(secinfo->flags & SGX_SECINFO_FL_RSVD) &&
	       sgx_is_zero(secinfo->reserved, sizeof(secinfo->reserved));
}

static u8 secinfo_pt(const struct sgx_secinfo *secinfo)
{
	return (u8)(secinfo->flags >> SGX_SECINFO_FL_PT_SHIFT);
}

/* Measurement */

/* A record of 64 bytes: name, then fields at fixed offsets, then zeroes. */
union record {
	u8 bytes[64];
	char name[8];
};

static void record_u64(union record *record, unsigned int offset, u64 value)
{
	memcpy(record->bytes + offset, &value, sizeof(value));
}

/* SHA256UPDATE of MRENCLAVE, and its update counter */
static void measure(struct sgx_core *core, struct sgx_secs *secs,
		    const void *data, size_t blocks)
{
	u32 h[8];

	memcpy(h, secs->mrenclave, sizeof(h));
	core->ops->sha256_blocks(core, h, data, blocks);
	memcpy(secs->mrenclave, h, sizeof(h));
	secs->hidden.blocks += blocks;
}

static void measure_ecreate(struct sgx_core *core, struct sgx_secs *secs)
{
	union record record = { .name = "ECREATE" };
	u32 h[8];

	sgx_sha256_init(h);
	memcpy(secs->mrenclave, h, sizeof(h));
	memcpy(record.bytes + 8, &secs->ssaframesize,
	       sizeof(secs->ssaframesize));
	record_u64(&record, 12, secs->size);
	measure(core, secs, &record, 1);
}

static void measure_eadd(struct sgx_core *core, struct sgx_secs *secs,
			 u64 offset, const struct sgx_secinfo *secinfo)
{
	union record record = { .name = "EADD" };

	record_u64(&record, 8, offset);
	memcpy(record.bytes + 16, secinfo, sizeof(record) - 16);
	measure(core, secs, &record, 1);
}

/* What an EEXTEND hashes. */
struct update {
	union record record;
	u8 chunk[SGX_EEXTEND_BLOCK_SIZE];
};

/* So many at once, for a host's SHA-256 likes long pieces. */
#define UPDATES 4

static void measure_eextend(struct sgx_core *core, struct sgx_secs *secs,
			    u64 offset, const u8 *chunk, unsigned int chunks)
{
	static const union record record = { .name = "EEXTEND" };
	struct update updates[UPDATES];
	unsigned int i;

	for (i = 0; i < chunks; i++) {
		updates[i].record = record;
		record_u64(&updates[i].record, 8, offset);
		memcpy(updates[i].chunk, chunk, SGX_EEXTEND_BLOCK_SIZE);
		offset += SGX_EEXTEND_BLOCK_SIZE;
		chunk += SGX_EEXTEND_BLOCK_SIZE;
	}
	measure(core, secs, updates, chunks * sizeof(updates[0]) / 64);
}

/* ECREATE */

/* Components that XCR0 can only have together with others (SDM, 13.3). */
static bool xfrm_legal(const struct sgx_core *core, u64 xfrm)
{
	static const u64 together[] = { 0x18, 0xe0, 0x60000 };
	const u64 avx = 0x4, avx512 = 0xe0;
	unsigned int i;

	if (xfrm & ~core->attributes.xfrm)
		return false;
	for (i = 0; i < sizeof(together) / sizeof(together[0]); i++)
		if (xfrm & together[i] && ~xfrm & together[i])
			return false;
	return !(xfrm & avx512) || xfrm & avx;
}

static u64 misc_size(u32 miscselect)
{
	return miscselect & SGX_MISC_EXINFO ? sizeof(struct sgx_exinfo) : 0;
}

/* XFRM, CET, MISCSELECT and the size of an SSA frame. */
static bool secs_state_valid(const struct sgx_core *core,
			     const struct sgx_secs *secs)
{
	u64 xfrm = secs->attributes.xfrm;
	u64 frame;

	if ((xfrm & SGX_XFRM_LEGACY) != SGX_XFRM_LEGACY ||
	    !xfrm_legal(core, xfrm))
		return false;
	/* Without CET on the platform, all that the SDM allows here is 0. */
	if (secs->cet_attributes || secs->cet_leg_bitmap_offset)
		return false;
	if (secs->miscselect & ~core->miscselect)
		return false;
	frame = sgx_xsave_size(core, xfrm) + GPR_SIZE +
		misc_size(secs->miscselect);
	return (u64)secs->ssaframesize * SGX_PAGE_SIZE >= frame;
}

/* BASEADDR and SIZE. */
static bool secs_range_valid(const struct sgx_secs *secs)
{
	bool mode64 = secs->attributes.flags & SGX_ATTR_MODE64BIT;
	u64 limit = 1ULL << (mode64 ? SGX_MAX_SIZE_64 : SGX_MAX_SIZE_NOT64);

	if (mode64 && !sgx_canonical(secs->baseaddr))
		return false;
	if (!mode64 && secs->baseaddr >> 32)
		return false;
	if (secs->size >= limit || secs->size < 2 * SGX_PAGE_SIZE)
		return false;
	return !(secs->size & (secs->size - 1)) &&
	       sgx_aligned(secs->baseaddr, secs->size);
}

static bool secs_reserved_zero(const struct sgx_secs *secs)
{
	const size_t tail = offsetof(struct sgx_secs, reserved4);

	return sgx_is_zero(secs->reserved1, sizeof(secs->reserved1)) &&
	       sgx_is_zero(secs->reserved2, sizeof(secs->reserved2)) &&
	       sgx_is_zero(secs->reserved3, sizeof(secs->reserved3)) &&
	       sgx_is_zero((const u8 *)secs + tail, sizeof(*secs) - tail);
}

static bool secs_kss_valid(const struct sgx_secs *secs)
{
	return secs->attributes.flags & SGX_ATTR_KSS ||
	       (sgx_is_zero(secs->configid, sizeof(secs->configid)) &&
		!secs->configsvn);
}

static bool secs_valid(const struct sgx_core *core, const struct sgx_secs *secs)
{
	return secs_state_valid(core, secs) && secs_range_valid(secs) &&
	       !(secs->attributes.flags & ~core->attributes.flags) &&
	       secs_reserved_zero(secs) && secs_kss_valid(secs);
}

/* The copied SECS becomes that of an enclave without pages. */
static void secs_begin(struct sgx_core *core, struct sgx_secs *secs)
{
	memset(secs->mrsigner, 0, sizeof(secs->mrsigner));
	secs->isvprodid = 0;
	secs->isvsvn = 0;
	measure_ecreate(core, secs);
	secs->hidden.eid =
		__atomic_add_fetch(&core->next_eid, 1, __ATOMIC_RELAXED);
}

/* ECREATE with the page locked. */
static int ecreate_locked(struct sgx_cpu *cpu, u64 srcpge,
			  struct sgx_epcm *epcm, u64 epcpage)
{
	struct sgx_secs *secs = epcm->page;

	if (sgx_epcm_state(epcm) & SGX_EPCM_VALID)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	/* Checked in the EPC: the source can change under the checks. */
	sgx_epcm_set_state(epcm, 0);
	memcpy(secs, sgx_ptr(srcpge), SGX_PAGE_SIZE);
	if (!secs_valid(cpu->core, secs))
		return sgx_gp(cpu);
	secs_begin(cpu->core, secs);
	epcm->secs = NULL;
	epcm->addr = 0;
	sgx_epcm_set_state(epcm, SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_SECS));
	return SGX_SUCCESS;
}

/**
 * sgx_ecreate - ENCLS[ECREATE], create an SECS page in the EPC
 * @cpu:	the processor
 * @pageinfo:	SRCPGE is the SECS to copy, SECINFO has PT_SECS, the others 0
 * @epcpage:	address of a free EPC page
 *
 * Return:
 * * 0: the page is an SECS; its measurement has begun.
 * * #GP: an operand is misaligned; PAGEINFO.LINADDR or PAGEINFO.SECS is not 0;
 *   SECINFO is not that of an SECS; the page is in use by another leaf; a field
 *   of the SECS is not valid: XFRM, CET fields, MISCSELECT, SSAFRAMESIZE,
 *   BASEADDR, SIZE, ATTRIBUTES, a reserved field, CONFIGID or CONFIGSVN without
 *   KSS.
 * * #PF(@epcpage): it is no EPC page, or is valid already.
 *
 * Concurrency: exclusive on @epcpage. (SDM, ECREATE)
 */
int sgx_ecreate(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
		u64 epcpage)
{
	const struct sgx_secinfo *secinfo;
	struct sgx_epcm *epcm;
	int ret;

	if (!sgx_aligned(sgx_addr(pageinfo), SGX_PAGEINFO_ALIGN) ||
	    !sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	epcm = sgx_find_epc(cpu, epcpage);
	if (!epcm)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!sgx_aligned(pageinfo->srcpge, SGX_PAGE_SIZE) ||
	    !sgx_aligned(pageinfo->secinfo, SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	if (pageinfo->linaddr || pageinfo->secs)
		return sgx_gp(cpu);
	secinfo = sgx_ptr(pageinfo->secinfo);
	if (!secinfo_reserved_zero(secinfo) ||
	    secinfo_pt(secinfo) != SGX_PT_SECS)
		return sgx_gp(cpu);

	if (!sgx_epcm_trylock(epcm, SGX_LOCK_EXCLUSIVE))
		return sgx_gp(cpu);
	ret = ecreate_locked(cpu, pageinfo->srcpge, epcm, epcpage);
	sgx_epcm_unlock(epcm, SGX_LOCK_EXCLUSIVE);
	return ret;
}

/* EADD */

/**
 * struct eadd - EADD under way
 * @cpu:	the processor
 * @secinfo:	SCRATCH_SECINFO
 * @srcpge:	TMP_SRCPGE
 * @linaddr:	TMP_LINADDR
 * @target:	DS:RCX
 * @secs:	TMP_SECS
 */
struct eadd {
	struct sgx_cpu *cpu;
	struct sgx_secinfo secinfo;
	u64 srcpge;
	u64 linaddr;
	struct sgx_epcm *target;
	struct sgx_epcm *secs;
};

static bool tcs_valid(const struct sgx_tcs *tcs, const struct sgx_secs *secs)
{
	const u64 defined = SGX_TCS_DBGOPTIN | SGX_TCS_AEXNOTIFY;

	/* OCETSSA and PREVSSP are reserved on a platform without CET. */
	if (tcs->flags & ~defined || tcs->ocetssa || tcs->prevssp ||
	    !sgx_is_zero(tcs->reserved, sizeof(tcs->reserved)))
		return false;
	return sgx_secs_flags(secs) & SGX_ATTR_MODE64BIT ||
	       ((tcs->fslimit & 0xfff) == 0xfff &&
		(tcs->gslimit & 0xfff) == 0xfff);
}

/* The copied page, against its type. */
static bool content_valid(const struct eadd *op)
{
	u64 flags = op->secinfo.flags;

	if (secinfo_pt(&op->secinfo) == SGX_PT_TCS)
		return tcs_valid(op->target->page, sgx_secs_of(op->secs));
	return !(flags & SGX_SECINFO_FL_W) || flags & SGX_SECINFO_FL_R;
}

/* A TCS is for the processor only: no access, no debugging, not in use. */
static void tcs_begin(struct sgx_secinfo *secinfo, struct sgx_tcs *tcs)
{
	secinfo->flags &= ~SGX_SECINFO_FL_RWX;
	tcs->flags &= ~SGX_TCS_DBGOPTIN;
	tcs->cssa = 0;
	tcs->aep = 0;
	tcs->state = SGX_TCS_INACTIVE;
}

/* EADD with the page and the measurement locked: the part that changes. */
static int eadd_measured(struct eadd *op)
{
	struct sgx_secs *secs = sgx_secs_of(op->secs);
	u64 flags;

	if (secs->attributes.flags & SGX_ATTR_INIT)
		return sgx_gp(op->cpu);
	if (secinfo_pt(&op->secinfo) == SGX_PT_TCS)
		tcs_begin(&op->secinfo, op->target->page);
	measure_eadd(op->cpu->core, secs, op->linaddr - secs->baseaddr,
		     &op->secinfo);
	__atomic_fetch_add(&secs->hidden.children, 1, __ATOMIC_RELAXED);
	op->target->secs = op->secs;
	op->target->addr = op->linaddr;
	flags = op->secinfo.flags & (SGX_SECINFO_FL_RWX | SGX_SECINFO_FL_PT);
	sgx_epcm_set_state(op->target, SGX_EPCM_VALID | (u32)flags);
	return SGX_SUCCESS;
}

/* EADD with the page and the SECS locked. */
static int eadd_owned(struct eadd *op)
{
	const struct sgx_secs *secs = sgx_secs_of(op->secs);
	int ret;

	if (!sgx_is_secs(op->secs))
		return sgx_encls_fault(op->cpu, sgx_addr(secs), SGX_PFEC_W);
	/* No longer zero, even if nothing comes of it. */
	sgx_epcm_set_state(op->target, 0);
	memcpy(op->target->page, sgx_ptr(op->srcpge), SGX_PAGE_SIZE);
	if (!content_valid(op))
		return sgx_gp(op->cpu);
	if (op->linaddr - secs->baseaddr >= secs->size)
		return sgx_gp(op->cpu);
	if (!sgx_epcm_trylock(op->secs, SGX_LOCK_MEASURE))
		return sgx_gp(op->cpu);
	ret = eadd_measured(op);
	sgx_epcm_unlock(op->secs, SGX_LOCK_MEASURE);
	return ret;
}

/* EADD with the page locked. */
static int eadd_locked(struct eadd *op)
{
	int ret;

	if (sgx_epcm_state(op->target) & SGX_EPCM_VALID)
		return sgx_encls_fault(op->cpu, sgx_addr(op->target->page),
				       SGX_PFEC_W);
	if (!sgx_epcm_trylock(op->secs, SGX_LOCK_SHARED))
		return sgx_gp(op->cpu);
	ret = eadd_owned(op);
	sgx_epcm_unlock(op->secs, SGX_LOCK_SHARED);
	return ret;
}

/**
 * sgx_eadd - ENCLS[EADD], add a page to an uninitialized enclave
 * @cpu:	the processor
 * @pageinfo:	SRCPGE is the page to copy, LINADDR where it goes, SECINFO its
 *		type and permissions, SECS the enclave
 * @epcpage:	address of a free EPC page
 *
 * Return:
 * * 0: the page belongs to the enclave and is measured, but for its contents.
 * * #GP: an operand is misaligned; SECINFO has a reserved bit or a type other
 *   than PT_REG and PT_TCS (those of shadow stacks need CET); the page, the
 *   SECS or its measurement is in use by another leaf; reserved fields of a
 *   TCS, its limits in a 32-bit enclave; W without R; LINADDR is outside the
 *   enclave; the enclave is initialized.
 * * #PF(@epcpage): it is no EPC page, or is valid already.
 * * #PF(PAGEINFO.SECS): it is no EPC page, or no SECS.
 *
 * Concurrency: exclusive on @epcpage; shared on the SECS, exclusive on its
 * measurement. (SDM, EADD)
 */
int sgx_eadd(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage)
{
	struct eadd op = { .cpu = cpu };
	u8 pt;
	int ret;

	if (!sgx_aligned(sgx_addr(pageinfo), SGX_PAGEINFO_ALIGN) ||
	    !sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	op.target = sgx_find_epc(cpu, epcpage);
	if (!op.target)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	op.srcpge = pageinfo->srcpge;
	op.linaddr = pageinfo->linaddr;
	if (!sgx_aligned(op.srcpge | pageinfo->secs | op.linaddr,
			 SGX_PAGE_SIZE) ||
	    !sgx_aligned(pageinfo->secinfo, SGX_SECINFO_ALIGN))
		return sgx_gp(cpu);
	op.secs = sgx_find_epc(cpu, pageinfo->secs);
	if (!op.secs)
		return sgx_encls_fault(cpu, pageinfo->secs, SGX_PFEC_W);
	memcpy(&op.secinfo, sgx_ptr(pageinfo->secinfo), sizeof(op.secinfo));
	pt = secinfo_pt(&op.secinfo);
	if (!secinfo_reserved_zero(&op.secinfo) ||
	    (pt != SGX_PT_REG && pt != SGX_PT_TCS))
		return sgx_gp(cpu);

	if (!sgx_epcm_trylock(op.target, SGX_LOCK_EXCLUSIVE))
		return sgx_gp(cpu);
	ret = eadd_locked(&op);
	sgx_epcm_unlock(op.target, SGX_LOCK_EXCLUSIVE);
	return ret;
}

/* EEXTEND */

/* EEXTEND with the page locked, which keeps its SECS in place. */
static int eextend_locked(struct sgx_cpu *cpu, struct sgx_epcm *owner,
			  struct sgx_epcm *target, u64 addr,
			  unsigned int chunks)
{
	u32 state = sgx_epcm_state(target);
	struct sgx_secs *secs = sgx_secs_of(owner);
	u64 offset = addr & ~SGX_PAGE_MASK;
	int ret = SGX_SUCCESS;
	unsigned int now;

	if (!(state & SGX_EPCM_VALID) || (sgx_epcm_pt(state) != SGX_PT_REG &&
					  sgx_epcm_pt(state) != SGX_PT_TCS))
		return sgx_encls_fault(cpu, addr, 0);
	if (target->secs != owner)
		return sgx_gp(cpu);
	if (!sgx_epcm_trylock(owner, SGX_LOCK_MEASURE))
		return sgx_gp(cpu);
	if (secs->attributes.flags & SGX_ATTR_INIT)
		ret = sgx_gp(cpu);
	for (; !ret && chunks; chunks -= now) {
		now = chunks < UPDATES ? chunks : UPDATES;
		measure_eextend(cpu->core, secs,
				target->addr - secs->baseaddr + offset,
				(const u8 *)target->page + offset, now);
		offset += now * SGX_EEXTEND_BLOCK_SIZE;
	}
	sgx_epcm_unlock(owner, SGX_LOCK_MEASURE);
	return ret;
}

/* EEXTEND of so many chunks, one after the other, all in one page. */
static int eextend(struct sgx_cpu *cpu, u64 secs, u64 target,
		   unsigned int chunks)
{
	struct sgx_epcm *owner, *epcm;
	int ret;

	if (!sgx_aligned(secs, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	owner = sgx_find_epc(cpu, secs);
	if (!owner)
		return sgx_encls_fault(cpu, secs, SGX_PFEC_W);
	if (!sgx_aligned(target, SGX_EEXTEND_BLOCK_SIZE))
		return sgx_gp(cpu);
	epcm = sgx_find_epc(cpu, target);
	if (!epcm)
		return sgx_encls_fault(cpu, target, 0);

	if (!sgx_epcm_trylock(epcm, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	ret = eextend_locked(cpu, owner, epcm, target, chunks);
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED);
	return ret;
}

/**
 * sgx_eextend - ENCLS[EEXTEND], measure 256 bytes of an uninitialized enclave
 * @cpu:	the processor
 * @secs:	address of the SECS that the page belongs to
 * @target:	address of the 256 bytes in the EPC
 *
 * Return:
 * * 0: they are measured.
 * * #GP: an operand is misaligned; @secs is not the page's SECS; the page or
 * the measurement is in use by another leaf; the enclave is initialized.
 * * #PF(@secs): it is no EPC page.
 * * #PF(@target): it is in no EPC page, or in one that is not valid or neither
 *   PT_REG nor PT_TCS.
 *
 * Concurrency: shared on the page; exclusive on the measurement. (SDM, EEXTEND)
 */
int sgx_eextend(struct sgx_cpu *cpu, u64 secs, u64 target)
{
	return eextend(cpu, secs, target, 1);
}

/**
 * sgx_eextend_page - ENCLS[EEXTEND] of all of a page
 * @cpu:	who executes the leaves
 * @secs:	as for sgx_eextend()
 * @page:	the EPC page (RCX of the first)
 *
 * What system software does that measures whole pages: EEXTEND of each of its
 * 16 chunks, in their order. No other leaf comes in between.
 *
 * Return: as sgx_eextend(); all chunks are measured or none.
 *
 * Concurrency: as sgx_eextend().
 */
int sgx_eextend_page(struct sgx_cpu *cpu, u64 secs, u64 page)
{
	if (!sgx_aligned(page, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	return eextend(cpu, secs, page, SGX_PAGE_SIZE / SGX_EEXTEND_BLOCK_SIZE);
}

/* EREMOVE */

/* Forget a page. Its SECS is not touched after it no longer counts the page. */
static void release(struct sgx_epcm *epcm)
{
	struct sgx_epcm *secs = epcm->secs;

	sgx_epcm_set_state(epcm, 0);
	epcm->secs = NULL;
	epcm->addr = 0;
	if (secs)
		__atomic_fetch_sub(&sgx_secs_of(secs)->hidden.children, 1,
				   __ATOMIC_RELEASE);
}

/*
 * So far the epoch moves for an entry to notice. EPCM entries note the epoch of
 * a change modulo this, so that for them no ETRACK has been, as is right.
 */
#define EPOCH_STEP ((SGX_EPCM_EPOCH >> SGX_EPCM_EPOCH_SHIFT) + 1ULL)

/*
 * Take a page from an enclave, unless a processor is inside. An entry under way
 * may have looked at the page and not yet count as inside: the page becomes
 * invalid first, and then the enclave's epoch moves, so that the entry either
 * counts now, or looks again and finds the page gone (see enter.c).
 */
static int release_inactive(struct sgx_core *core, struct sgx_epcm *epcm,
			    u32 state)
{
	struct sgx_secs_hidden *hidden = &sgx_secs_of(epcm->secs)->hidden;
	const struct sgx_host_ops *ops = core->ops;

	if (ops->oldest_epoch(core, epcm->secs) != ~0ULL)
		return SGX_ENCLAVE_ACT;
	sgx_epcm_set_state(epcm, 0);
	__atomic_fetch_add(&hidden->epoch, EPOCH_STEP, __ATOMIC_SEQ_CST);
	if (ops->oldest_epoch(core, epcm->secs) != ~0ULL) {
		sgx_epcm_set_state(epcm, state);
		return SGX_ENCLAVE_ACT;
	}
	release(epcm);
	return SGX_SUCCESS;
}

/* EREMOVE with the page locked. */
static int eremove_locked(struct sgx_core *core, struct sgx_epcm *epcm)
{
	u32 state = sgx_epcm_state(epcm);
	enum sgx_page_type pt = sgx_epcm_pt(state);

	if (!(state & SGX_EPCM_VALID))
		return SGX_SUCCESS;
	if (pt == SGX_PT_SECS &&
	    __atomic_load_n(&sgx_secs_of(epcm)->hidden.children,
			    __ATOMIC_ACQUIRE))
		return SGX_CHILD_PRESENT;
	/* A trimmed page that the enclave has accepted is nobody's any more. */
	if (pt == SGX_PT_SECS || pt == SGX_PT_VA ||
	    (pt == SGX_PT_TRIM && !(state & SGX_EPCM_MODIFIED))) {
		release(epcm);
		return SGX_SUCCESS;
	}
	return release_inactive(core, epcm, state);
}

/**
 * sgx_eremove - ENCLS[EREMOVE], remove a page from the EPC
 * @cpu:	the processor
 * @epcpage:	address of the page
 *
 * The host takes translations of the page out of its page tables before: this
 * leaf does not call zap().
 *
 * Return:
 * * 0: the page is free, or was.
 * * #GP: @epcpage is misaligned, or in use by another leaf.
 * * #PF(@epcpage): it is no EPC page.
 * * SGX_CHILD_PRESENT: an SECS, and the enclave has pages.
 * * SGX_ENCLAVE_ACT: a processor is in the enclave, and the page is not one
 *   that the enclave has accepted to be trimmed.
 *
 * Concurrency: exclusive on @epcpage. (SDM, EREMOVE)
 */
int sgx_eremove(struct sgx_cpu *cpu, u64 epcpage)
{
	struct sgx_epcm *epcm;
	int ret;

	if (!sgx_aligned(epcpage, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	epcm = sgx_find_epc(cpu, epcpage);
	if (!epcm)
		return sgx_encls_fault(cpu, epcpage, SGX_PFEC_W);
	if (!sgx_epcm_trylock(epcm, SGX_LOCK_EXCLUSIVE))
		return sgx_gp(cpu);
	ret = eremove_locked(cpu->core, epcm);
	sgx_epcm_unlock(epcm, SGX_LOCK_EXCLUSIVE);
	return ret;
}
