// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Fuzzes the leaves: an input is a sequence of ENCLS and ENCLU leaves with
 * hostile operands, of interrupts, of page tables that change and of enclaves
 * that write to their pages, on a machine with 32 pages of EPC and an enclave
 * in it, by an operating system that wants no good.
 *
 * What must hold after each step: no page stays locked; each EPCM entry is one
 * that the SDM knows; an SECS counts its pages; a processor inside has a valid,
 * initialised enclave, a TCS that is active and nobody else's, and SSA pages of
 * that enclave; a leaf that fails has changed nothing. And of the outcomes: the
 * measurement is that which OpenSSL computes, a page is loaded at most once for
 * an eviction, unchanged, and as what it was, and only debug enclaves are read.
 *
 * Eight bytes are a step: what, on which processor, and six for the operands.
 */
#include <stdlib.h>
#include <string.h>
#include <openssl/sha.h>
#include "../arch/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define STEP	 8
#define EPC	 32
#define BLOBS	 8
#define MACHINES 5

/* What was written out, and what it was. */
struct blob {
	bool used;
	bool loaded;
	struct sgx_pageinfo pageinfo;
	_Alignas(128) struct sgx_pcmd pcmd;
	_Alignas(4096) u8 sealed[SGX_PAGE_SIZE];
	u8 plain[SGX_PAGE_SIZE];
	u32 state;
	u64 addr;
	struct sgx_epcm *secs;
	u64 eid;
	u64 va;
};

/* Measurements by OpenSSL, for the EPC page of each SECS. */
static SHA256_CTX oracle[EPC];

static struct blob *blobs;
static struct world *world;
static struct host *host;

/* A machine as it is before an input, to be put back. */
struct machine {
	struct world *world;
	struct host *host;
	struct sgx_epcm epcm[EPC];
	u8 *epc;
	SHA256_CTX oracle[EPC];
};

static struct machine machines[MACHINES];

static const struct shape shapes[MACHINES] = {
	{ .attributes = 0 },
	{ .attributes = SGX_ATTR_DEBUG, .nssa = 3 },
	{ .attributes = SGX_ATTR_AEXNOTIFY | SGX_ATTR_KSS,
	  .tcs_flags = SGX_TCS_AEXNOTIFY,
	  .miscselect = SGX_MISC_EXINFO },
	{ .attributes = SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKEN_KEY |
			SGX_ATTR_DEBUG,
	  .xfrm = 4 },
	{ .attributes = SGX_ATTR_DEBUG,
	  .xfrm = 0xe4,
	  .ssaframesize = 3,
	  .big_xstate = true },
};

static void machine_make(struct machine *m, const struct shape *shape)
{
	m->world = world_new(shape);
	m->host = aligned_alloc(64, (sizeof(*m->host) + 63) & ~63UL);
	*m->host = *m->world->host;
	memcpy(m->epcm, m->world->host->epcm, sizeof(m->epcm));
	m->epc = malloc(EPC * SGX_PAGE_SIZE);
	memcpy(m->epc, m->world->host->epc, EPC * SGX_PAGE_SIZE);
}

static void machine_use(struct machine *m)
{
	if (!m->world)
		machine_make(m, &shapes[m - machines]);
	if (!blobs) {
		blobs = aligned_alloc(4096, BLOBS * sizeof(*blobs));
		REQUIRE(blobs);
	}
	world = m->world;
	host = world->host;
	*host = *m->host;
	memcpy(host->epcm, m->epcm, sizeof(m->epcm));
	memcpy(host->epc, m->epc, EPC * SGX_PAGE_SIZE);
	memset(blobs, 0, BLOBS * sizeof(*blobs));
	memcpy(oracle, m->oracle, sizeof(oracle));
}

/* ---- what has to hold ---- */

static unsigned int page_of(const struct sgx_epcm *epcm)
{
	return (unsigned int)(epcm - host->epcm);
}

static bool is_page_of(const void *p, const struct sgx_epcm *secs)
{
	u64 offset = sgx_addr(p) - sgx_addr(host->epc);
	const struct sgx_epcm *epcm;

	if (offset >= EPC * SGX_PAGE_SIZE)
		return false;
	epcm = &host->epcm[offset / SGX_PAGE_SIZE];
	/* It may be on the way to another type, but has not become one. */
	return epcm->state & SGX_EPCM_VALID && epcm->secs == secs &&
	       (sgx_epcm_pt(epcm->state) == SGX_PT_REG ||
		epcm->state & SGX_EPCM_MODIFIED);
}

static void check_child(const struct sgx_epcm *epcm)
{
	u32 state = epcm->state;
	enum sgx_page_type pt = sgx_epcm_pt(state);
	const struct sgx_secs *secs;

	REQUIRE(epcm->secs && sgx_is_secs(epcm->secs));
	secs = sgx_secs_of(epcm->secs);
	REQUIRE(sgx_aligned(epcm->addr, SGX_PAGE_SIZE));
	REQUIRE(epcm->addr - secs->baseaddr < secs->size);
	REQUIRE(pt == SGX_PT_REG || pt == SGX_PT_TCS || pt == SGX_PT_TRIM);
	REQUIRE(pt == SGX_PT_REG || !(state & SGX_EPCM_RWX));
	REQUIRE(!(state & SGX_EPCM_W) || state & SGX_EPCM_R);
	REQUIRE(!(state & SGX_EPCM_PENDING) ||
		!(state & (SGX_EPCM_MODIFIED | SGX_EPCM_PR)));
	REQUIRE(!(state &
		  (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED | SGX_EPCM_PR)) ||
		secs->attributes.flags & SGX_ATTR_INIT);
	if (pt == SGX_PT_TCS && !(state & SGX_EPCM_MODIFIED)) {
		const struct sgx_tcs *tcs = epcm->page;

		REQUIRE(tcs->state <= SGX_TCS_ACTIVE);
		REQUIRE(tcs->cssa <= tcs->nssa);
	}
}

static void check_page(const struct sgx_epcm *epcm)
{
	u32 state = epcm->state;
	enum sgx_page_type pt = sgx_epcm_pt(state);

	REQUIRE(!epcm->lock);
	if (!(state & SGX_EPCM_VALID)) {
		REQUIRE(!state && !epcm->secs && !epcm->addr);
		return;
	}
	if (pt == SGX_PT_SECS || pt == SGX_PT_VA) {
		REQUIRE(!epcm->secs && !epcm->addr);
		REQUIRE(!(state & (SGX_EPCM_RWX | SGX_EPCM_PENDING |
				   SGX_EPCM_MODIFIED | SGX_EPCM_PR)));
	} else {
		check_child(epcm);
	}
}

static void check_secs(const struct sgx_epcm *epcm)
{
	const struct sgx_secs *secs = sgx_secs_of(epcm);
	u64 children = 0;
	unsigned int i;

	for (i = 0; i < EPC; i++)
		children += host->epcm[i].state & SGX_EPCM_VALID &&
			    host->epcm[i].secs == epcm;
	REQUIRE(secs->hidden.children == children);
	REQUIRE(secs->hidden.eid && secs->hidden.eid <= host->core.next_eid);
	REQUIRE(!(secs->attributes.flags &
		  ~(SGX_ATTR_DEFINED | SGX_ATTR_INIT)));
}

static void check_inside(const struct sgx_cpu *cpu)
{
	const struct sgx_secs *secs;
	const struct sgx_tcs *tcs;
	unsigned int i, here = 0;

	REQUIRE(sgx_is_secs(cpu->secs));
	secs = sgx_secs_of(cpu->secs);
	REQUIRE(secs->attributes.flags & SGX_ATTR_INIT);
	REQUIRE(cpu->epoch <= secs->hidden.epoch);
	REQUIRE(cpu->base == secs->baseaddr && cpu->size == secs->size);
	REQUIRE(cpu->tcs->secs == cpu->secs);
	REQUIRE(cpu->tcs->state & SGX_EPCM_VALID);
	tcs = cpu->tcs->page;
	REQUIRE(tcs->state == SGX_TCS_ACTIVE);
	for (i = 0; i < HOST_CPUS; i++)
		here += host->cpus[i].cpu.secs &&
			host->cpus[i].cpu.tcs == cpu->tcs;
	REQUIRE(here == 1);
	/* The AEX can be done. */
	REQUIRE(tcs->cssa < tcs->nssa);
	REQUIRE(is_page_of(cpu->gprsgx, cpu->secs));
	REQUIRE(cpu->xsave_pages && cpu->xsave_pages <= SGX_XSAVE_PAGES);
	for (i = 0; i < cpu->xsave_pages; i++)
		REQUIRE(is_page_of(cpu->xsave[i], cpu->secs));
	REQUIRE(cpu->dbgoptin || !(cpu->regs->rflags & SGX_RFLAGS_TF));
}

static void check_all(void)
{
	unsigned int i;

	for (i = 0; i < EPC; i++) {
		check_page(&host->epcm[i]);
		if (sgx_is_secs(&host->epcm[i]))
			check_secs(&host->epcm[i]);
	}
	for (i = 0; i < HOST_CPUS; i++)
		if (host->cpus[i].cpu.secs)
			check_inside(&host->cpus[i].cpu);
}

/* ---- operands ---- */

static struct sgx_epcm *pick_epcm(u8 x)
{
	return &host->epcm[x % EPC];
}

/* An EPC address; one of eight is wrong. */
static u64 pick_epc(u8 x)
{
	u64 addr = sgx_addr(pick_epcm(x)->page);
	const u64 wrong[] = {
		addr + 8,
		addr + 1,
		addr + 2048,
		sgx_addr(host->epc) + EPC * SGX_PAGE_SIZE,
		sgx_addr(host->epc) - SGX_PAGE_SIZE,
		0,
		~0ULL,
		1ULL << 63,
	};

	return x < 224 ? addr : wrong[x % 8];
}

/* An address of the enclave, or not. */
static u64 pick_la(u8 x, u8 y)
{
	const u64 wrong[] = { BAD_ADDR,
			      ~0ULL,
			      0,
			      ENCLAVE_BASE + ENCLAVE_SIZE,
			      ENCLAVE_BASE - SGX_PAGE_SIZE,
			      1ULL << 63,
			      0x400000,
			      ENCLAVE_BASE ^ 1ULL << 46 };
	u64 la = ENCLAVE_BASE + (u64)(x % 32) * SGX_PAGE_SIZE;

	if (x >= 240)
		la = wrong[x % 8];
	return y < 160 ? la : la + (u64)(y % 64) * 64 + (y > 248 ? 1 : 0);
}

static u64 pick_flags(u8 x, u8 y)
{
	u64 flags = (u64)(x & 7) | (u64)(y % 7) << SGX_SECINFO_FL_PT_SHIFT;

	if (x & 8)
		flags |= SGX_SECINFO_FL_PENDING;
	if (x & 16)
		flags |= SGX_SECINFO_FL_MODIFIED;
	if (x & 32)
		flags |= SGX_SECINFO_FL_PR;
	if (x >= 248)
		flags |= 1ULL << (y % 64);
	return flags;
}

static struct operands *operands(const u8 *s)
{
	static struct operands *op;

	if (!op)
		op = operands_new();
	memset(op, 0, sizeof(*op));
	op->pageinfo.srcpge = sgx_addr(op->page) + (s[7] == 0xff ? 64 : 0);
	op->pageinfo.secinfo = sgx_addr(&op->secinfo) + (s[7] == 0xfe ? 8 : 0);
	if (s[7] == 0xfd)
		op->secinfo.reserved[s[6] % 48] = 1;
	return op;
}

/* ---- steps ---- */

static void measured(struct sgx_epcm *secs, const char *name, u64 a, u64 b,
		     const void *chunk)
{
	u8 record[64] = { 0 };

	memcpy(record, name, strlen(name));
	memcpy(record + 8, &a, 8);
	memcpy(record + 16, &b, 8);
	SHA256_Update(&oracle[page_of(secs)], record, sizeof(record));
	if (chunk)
		SHA256_Update(&oracle[page_of(secs)], chunk,
			      SGX_EEXTEND_BLOCK_SIZE);
}

static int step_ecreate(struct sgx_cpu *cpu, const u8 *s)
{
	static const u16 fields[] = { 0,   1,	2,   3,	  6,  8,  11, 13,
				      15,  16,	19,  20,  23, 24, 32, 40,
				      48,  49,	50,  54,  56, 57, 60, 128,
				      200, 192, 258, 262, 300 };
	struct operands *op = operands(s);
	struct sgx_secs *secs = (struct sgx_secs *)op->page;
	u8 record[64] = "ECREATE";
	u64 epcpage = pick_epc(s[2]);
	int ret;

	secs_default(secs);
	secs->attributes.flags |= s[3] & 1 ? SGX_ATTR_DEBUG : 0;
	secs->attributes.flags |= s[3] & 2 ? SGX_ATTR_KSS : 0;
	if (s[4] < 128)
		op->page[fields[s[4] % (sizeof(fields) / 2)]] ^= s[5];
	if (s[3] > 240)
		op->pageinfo.linaddr = s[3];
	op->secinfo.flags = s[6] > 240 ? pick_flags(s[6], s[5]) : 0;
	memcpy(record + 8, &secs->ssaframesize, 4);
	memcpy(record + 12, &secs->size, 8);
	ret = sgx_ecreate(cpu, &op->pageinfo, epcpage);
	if (!ret) {
		SHA256_Init(&oracle[s[2] % EPC]);
		SHA256_Update(&oracle[s[2] % EPC], record, sizeof(record));
	}
	return ret;
}

static int step_eadd(struct sgx_cpu *cpu, const u8 *s)
{
	struct operands *op = operands(s);
	u64 flags = pick_flags(s[5] & 7, s[5] & 8 ? 1 : 2);
	struct sgx_secs *secs = sgx_secs_of(pick_epcm(s[3]));
	u64 target = pick_epc(s[2]);
	int ret;

	if (s[5] >= 224)
		flags = pick_flags(s[6], s[7]);
	op->secinfo.flags = flags;
	op->pageinfo.secs = pick_epc(s[3]);
	op->pageinfo.linaddr = pick_la(s[4], 0);
	memset(op->page, s[6], SGX_PAGE_SIZE);
	if (s[5] & 8) {
		struct sgx_tcs *tcs = (struct sgx_tcs *)op->page;

		build_tcs(&shapes[1], 1 + s[6] % 3, tcs);
		if (s[6] >= 128)
			op->page[s[6] - 128] ^= s[7];
	}
	ret = sgx_eadd(cpu, &op->pageinfo, target);
	if (!ret) {
		if (flags & 1 << SGX_SECINFO_FL_PT_SHIFT)
			flags &= ~SGX_SECINFO_FL_RWX;
		measured(pick_epcm(s[3]), "EADD",
			 op->pageinfo.linaddr - secs->baseaddr, flags, NULL);
		host_map(host, op->pageinfo.linaddr, pick_epcm(s[2]));
	}
	return ret;
}

static int step_eextend(struct sgx_cpu *cpu, const u8 *s)
{
	struct sgx_epcm *target = pick_epcm(s[3]);
	u64 offset = s[4] % 16 * 256 + (s[4] > 250 ? 8 : 0);
	struct sgx_secs *secs = sgx_secs_of(pick_epcm(s[2]));
	int ret = sgx_eextend(cpu, pick_epc(s[2]), pick_epc(s[3]) + offset);

	if (!ret)
		measured(pick_epcm(s[2]), "EEXTEND",
			 target->addr - secs->baseaddr + offset, 0,
			 (u8 *)target->page + offset);
	return ret;
}

static int step_einit(struct sgx_cpu *cpu, const u8 *s)
{
	static struct sgx_sigstruct *sig;
	static struct sgx_einittoken *token;
	struct sgx_epcm *secs = pick_epcm(s[2]);
	SHA256_CTX copy = oracle[page_of(secs)];
	struct enclave encl = { .secs = secs };
	bool changed = s[3] < 128, resigned = s[3] < 64;
	int ret;

	if (!sig) {
		sig = host_operand();
		token = host_operand();
	}
	memset(token, 0, sizeof(*token));
	/* Rare, for it is slow: a signature. */
	if (!sgx_is_secs(secs) || pick_epc(s[2]) != sgx_addr(secs->page)) {
		memset(sig, 0, sizeof(*sig));
		return sgx_einit(cpu, sig, pick_epc(s[2]), token);
	}
	SHA256_Final(encl.mrenclave, &copy);
	sigstruct_default(&encl, sig);
	if (resigned)
		((u8 *)sig)[s[4] & 1 ? s[5] % 128 : 900 + s[5] % 128] ^= s[6];
	sigstruct_sign(sig, signer_key(s[7] > 240));
	if (changed && !resigned)
		((u8 *)sig)[(s[4] << 8 | s[5]) % sizeof(*sig)] ^= s[6];
	if (s[7] > 200 && s[7] < 240)
		token->valid = s[7];
	ret = sgx_einit(cpu, sig, pick_epc(s[2]), token);
	/* The measurement is that of OpenSSL. */
	if (!resigned && !changed)
		REQUIRE(ret != SGX_INVALID_MEASUREMENT &&
			ret != SGX_INVALID_SIGNATURE);
	if (changed && !resigned && s[6])
		REQUIRE(ret);
	return ret;
}

static int step_edbg(struct sgx_cpu *cpu, const u8 *s)
{
	struct sgx_epcm *epcm = pick_epcm(s[2]);
	u64 addr = pick_epc(s[2]) + (s[3] % 64) * 8 + (s[4] > 250);
	u64 data = s[5] * 0x0101010101010101ULL;
	int ret;

	ret = s[6] & 1 ? sgx_edbgrd(cpu, addr, &data)
		       : sgx_edbgwr(cpu, addr, data);
	if (!ret && sgx_epcm_pt(epcm->state) != SGX_PT_VA)
		REQUIRE(sgx_secs_of(epcm->secs)->attributes.flags &
			SGX_ATTR_DEBUG);
	return ret;
}

static int step_eaug(struct sgx_cpu *cpu, const u8 *s)
{
	struct operands *op = operands(s);
	int ret;

	op->pageinfo.srcpge = s[6] > 250;
	op->pageinfo.secs = pick_epc(s[3]);
	op->pageinfo.linaddr = pick_la(s[4], 0);
	if (s[5] < 240)
		op->pageinfo.secinfo = 0;
	else
		op->secinfo.flags = pick_flags(s[5], s[6]);
	ret = sgx_eaug(cpu, &op->pageinfo, pick_epc(s[2]));
	if (!ret)
		host_map(host, op->pageinfo.linaddr, pick_epcm(s[2]));
	return ret;
}

static int step_emodpr(struct sgx_cpu *cpu, const u8 *s)
{
	struct operands *op = operands(s);

	op->secinfo.flags = s[3] < 200 ? (s[3] & 7) | 1
				       : pick_flags(s[3], s[4]);
	return sgx_emodpr(cpu, (void *)op->pageinfo.secinfo, pick_epc(s[2]));
}

static int step_emodt(struct sgx_cpu *cpu, const u8 *s)
{
	struct operands *op = operands(s);

	op->secinfo.flags = s[3] < 200 ? pick_flags(0, s[3] & 1 ? 4 : 1)
				       : pick_flags(s[3], s[4]);
	return sgx_emodt(cpu, (void *)op->pageinfo.secinfo, pick_epc(s[2]));
}

static int step_etrack(struct sgx_cpu *cpu, const u8 *s)
{
	return sgx_etrack(cpu, pick_epc(s[2]));
}

static int step_epa(struct sgx_cpu *cpu, const u8 *s)
{
	return sgx_epa(cpu, s[3] < 224 ? SGX_PT_VA : s[3], pick_epc(s[2]));
}

static int step_eblock(struct sgx_cpu *cpu, const u8 *s)
{
	return sgx_eblock(cpu, pick_epc(s[2]));
}

static int step_eremove(struct sgx_cpu *cpu, const u8 *s)
{
	return sgx_eremove(cpu, pick_epc(s[2]));
}

static struct sgx_epcm *find_page(u32 state)
{
	unsigned int i;

	for (i = 0; i < EPC; i++)
		if (host->epcm[i].state == state)
			return &host->epcm[i];
	return NULL;
}

static int do_ewb(struct sgx_cpu *cpu, const u8 *s, u64 va)
{
	struct sgx_epcm was = *pick_epcm(s[2]);
	struct blob *blob = &blobs[s[5] % BLOBS];
	_Alignas(32) struct sgx_pageinfo pageinfo = {
		.srcpge = sgx_addr(blob->sealed) + (s[6] > 250),
		.secinfo = sgx_addr(&blob->pcmd) + (s[7] > 250 ? 64 : 0),
	};
	u8 *plain;
	int ret;

	/* SGX does not say that a page in memory is overwritten by another. */
	if (blob->used && !blob->loaded)
		return 0;
	plain = malloc(SGX_PAGE_SIZE);
	memcpy(plain, was.page, SGX_PAGE_SIZE);
	ret = sgx_ewb(cpu, &pageinfo, pick_epc(s[2]), va);
	if (!ret || ret == SGX_VA_SLOT_OCCUPIED) {
		blob->used = true;
		/* Its version is lost, if another had the slot. */
		blob->loaded = false;
		blob->pageinfo = pageinfo;
		memcpy(blob->plain, plain, SGX_PAGE_SIZE);
		blob->state = was.state;
		blob->addr = was.addr;
		blob->secs = was.secs;
		blob->va = va;
		blob->eid = was.secs ? sgx_secs_of(was.secs)->hidden.eid : 0;
		REQUIRE(memcmp(blob->sealed, plain, SGX_PAGE_SIZE));
	}
	free(plain);
	return ret == SGX_VA_SLOT_OCCUPIED ? 0 : ret;
}

static int step_ewb(struct sgx_cpu *cpu, const u8 *s)
{
	return do_ewb(cpu, s, pick_epc(s[3]) + s[4] % 8 * 8 + (s[4] > 250));
}

static int step_eld(struct sgx_cpu *cpu, const u8 *s)
{
	const u32 kept = SGX_EPCM_RWX | SGX_EPCM_PENDING | SGX_EPCM_MODIFIED |
			 SGX_EPCM_PR | SGX_EPCM_PT;
	struct blob *blob = &blobs[s[5] % BLOBS];
	struct sgx_epcm *target = find_page(0);
	u64 va = s[4] < 192 ? blob->va : pick_epc(s[3]) + s[4] % 8 * 8;
	_Alignas(32) struct sgx_pageinfo pageinfo = blob->pageinfo;
	u64 epcpage = pick_epc(s[2]);
	bool tampered = s[6] >= 128 && s[7];
	u8 *tamper = NULL;
	int ret;

	if (!blob->used)
		return 0;
	if (target && s[2] < 192)
		epcpage = sgx_addr(target->page);
	else
		target = pick_epcm(s[2]);
	pageinfo.secs = blob->secs ? sgx_addr(blob->secs->page) : 0;
	if (tampered) {
		switch (s[6] % 4) {
		case 0:
			tamper = &blob->sealed[s[6] << 4 | s[7] >> 4];
			break;
		case 1:
			/* All but ENCLAVEID. */
			tamper = (u8 *)&blob->pcmd + s[6] % 64;
			break;
		case 2:
			tamper = &blob->pcmd.mac[s[6] % 16];
			break;
		default:
			pageinfo.linaddr ^= (u64)s[7] << 12;
		}
		if (tamper)
			*tamper ^= s[7];
	}
	if (!tampered) {
		/* Not at another address, whatever else is right. */
		pageinfo.linaddr ^= SGX_PAGE_SIZE;
		REQUIRE(sgx_eldu(cpu, &pageinfo, epcpage, va));
		pageinfo.linaddr ^= SGX_PAGE_SIZE;
	}
	ret = (s[7] & 1 ? sgx_eldu : sgx_eldb)(cpu, &pageinfo, epcpage, va);
	if (tamper)
		*tamper ^= s[7];
	if (ret)
		return ret;
	REQUIRE(!tampered && !blob->loaded);
	blob->loaded = true;
	REQUIRE(!memcmp(target->page, blob->plain, SGX_PAGE_SIZE));
	REQUIRE((target->state & kept) == (blob->state & kept));
	REQUIRE(target->addr == blob->addr && target->secs == blob->secs);
	REQUIRE(!target->secs ||
		sgx_secs_of(target->secs)->hidden.eid == blob->eid);
	/* An SECS or a version array never is. */
	REQUIRE(!!(target->state & SGX_EPCM_BLOCKED) ==
		(target->secs && !(s[7] & 1)));
	if (target->addr)
		host_map(host, target->addr, target);
	return 0;
}

/* A page goes out as a kernel would do it. */
static int step_evict(struct sgx_cpu *cpu, const u8 *s)
{
	const u32 is_va = SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_VA);
	struct sgx_epcm *epcm = pick_epcm(s[2]);
	struct sgx_epcm *va = find_page(is_va);

	if (!va) {
		va = find_page(0);
		if (!va || va == epcm)
			return 0;
		sgx_epa(cpu, SGX_PT_VA, sgx_addr(va->page));
	}
	if (epcm->secs) {
		sgx_eblock(cpu, sgx_addr(epcm->page));
		sgx_etrack(cpu, sgx_addr(epcm->secs->page));
	}
	return do_ewb(cpu, s, sgx_addr(va->page) + s[5] % BLOBS * 8);
}

/* EENTER or ERESUME as a program would do it. */
static int step_enter(struct sgx_cpu *cpu, const u8 *s)
{
	if (cpu->secs)
		return 0;
	cpu->regs->rax = s[2] & 1 ? SGX_ERESUME : SGX_EENTER;
	cpu->regs->rbx = TCS_LA;
	cpu->regs->rcx = AEP;
	return sgx_enclu(cpu);
}

static int step_aex(struct sgx_cpu *cpu, const u8 *s)
{
	struct sgx_fault fault = { .vector = s[2] % 32,
				   .errcd = s[3],
				   .addr = pick_la(s[4], s[5]) };

	if (cpu->secs)
		sgx_aex(cpu, s[6] & 1 ? &fault : NULL);
	return 0;
}

static int step_enclu(struct sgx_cpu *cpu, const u8 *s)
{
	struct sgx_regs *regs = cpu->regs;
	u64 eax = s[2] % 11;

	regs->rax = eax | (s[2] > 250 ? 1ULL << 40 : 0);
	regs->rbx = pick_la(s[3], s[4]);
	regs->rcx = pick_la(s[5], s[6]);
	regs->rdx = pick_la(s[6], s[7]);
	if ((eax == SGX_EENTER || eax == SGX_ERESUME) && s[7] < 200)
		regs->rcx = AEP;
	return sgx_enclu(cpu);
}

/* The enclave prepares an operand: a SECINFO, a KEYREQUEST... */
static int step_operand(struct sgx_cpu *cpu, const u8 *s)
{
	struct host_pte *pte = host_pte(host, SECINFO_LA);
	u8 *page;

	(void)cpu;
	if (!pte || !pte->epcm || !(pte->epcm->state & SGX_EPCM_VALID) ||
	    sgx_epcm_pt(pte->epcm->state) != SGX_PT_REG)
		return 0;
	page = (u8 *)pte->epcm->page + s[2] % 8 * 512;
	if (s[3] & 1) {
		struct sgx_keyrequest *request = (void *)page;

		memset(request, 0, sizeof(*request));
		request->keyname = s[4] % 8;
		request->keypolicy = s[5] < 240 ? s[5] & 0x3f : s[5];
		request->isvsvn = s[6];
		memset(request->cpusvn, s[7], sizeof(request->cpusvn));
		request->attributemask.flags = s[4] & 8 ? ~0ULL : s[7];
	} else {
		struct sgx_secinfo *secinfo = (void *)page;

		memset(secinfo, 0, sizeof(*secinfo));
		secinfo->flags = pick_flags(s[4], s[5]);
		if (s[6] > 250)
			secinfo->reserved[s[7] % 56] = 1;
	}
	return 0;
}

/* The enclave writes to one of its pages, a frame of its SSA for example. */
static int step_poke(struct sgx_cpu *cpu, const u8 *s)
{
	struct sgx_epcm *epcm = pick_epcm(s[2]);
	u32 bad = SGX_EPCM_BLOCKED | SGX_EPCM_PENDING | SGX_EPCM_MODIFIED;
	u64 value = s[5] < 128 ? s[6] : pick_la(s[6], s[7]);
	unsigned int offset = (s[3] << 8 | s[4]) % (SGX_PAGE_SIZE - 8);

	(void)cpu;
	if (!(epcm->state & SGX_EPCM_W) || epcm->state & bad)
		return 0;
	/* The GPRs, or the header of XSAVE. */
	if (s[3] >= 128)
		offset = s[3] < 224
				 ? SGX_PAGE_SIZE - sizeof(struct sgx_gprsgx) +
					   s[4] % 23 * 8
				 : XSAVE_HEADER + s[4] % 8 * 8;
	memcpy((u8 *)epcm->page + offset, &value, sizeof(value));
	return 0;
}

static int step_map(struct sgx_cpu *cpu, const u8 *s)
{
	u64 la = pick_la(s[2] % 240, 0);
	struct host_pte *pte = host_pte(host, la);

	(void)cpu;
	if (!pte && host->nptes == HOST_PTES)
		return 0;
	pte = host_map(host, la, s[3] < 200 ? pick_epcm(s[3]) : NULL);
	pte->present = s[4] < 224;
	pte->writable = s[5] < 200;
	pte->retry = s[6] > 240 ? s[6] % 4 : 0;
	return 0;
}

static int step_regs(struct sgx_cpu *cpu, const u8 *s)
{
	fill_regs(cpu->regs, s[2]);
	if (!cpu->secs && s[3] & 1)
		cpu->regs->rflags |= SGX_RFLAGS_TF;
	host->cpus[s[1] % HOST_CPUS].fsbase = s[4];
	return 0;
}

static int (*const steps[])(struct sgx_cpu *cpu, const u8 *s) = {
	step_ecreate, step_eadd,    step_eextend, step_einit,  step_edbg,
	step_eaug,    step_emodpr,  step_emodt,	  step_etrack, step_epa,
	step_eblock,  step_eremove, step_ewb,	  step_eld,    step_evict,
	step_aex,     step_enter,   step_enclu,	  step_enclu,  step_enclu,
	step_operand, step_poke,    step_map,	  step_regs,
};

/* Whether a step may fail having changed something: what fails is a leaf. */
static bool is_leaf(unsigned int what)
{
	return steps[what] != step_evict && steps[what] != step_enter;
}

/* Whole steps come, go and change places; or what libFuzzer likes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	size_t n = size ? (size - 1) / STEP : 0;
	u8 *steps_at = data + 1;
	u8 step[STEP] = { 0 };
	size_t at, from;

	if (n < 2 || seed % 3 == 0)
		return LLVMFuzzerMutate(data, size, max);
	at = seed / 12 % n;
	from = seed / 12 / n % n;
	memcpy(step, steps_at + from * STEP, STEP);
	switch (seed / 3 % 4) {
	case 0:
		memmove(steps_at + at * STEP, steps_at + (at + 1) * STEP,
			(n - at - 1) * STEP);
		return 1 + (n - 1) * STEP;
	case 1:
		LLVMFuzzerMutate(step, STEP, STEP);
		memcpy(steps_at + at * STEP, step, STEP);
		return 1 + n * STEP;
	default:
		if (1 + (n + 1) * STEP > max)
			return LLVMFuzzerMutate(data, size, max);
		memmove(steps_at + (at + 1) * STEP, steps_at + at * STEP,
			(n - at) * STEP);
		if (seed & 1)
			LLVMFuzzerMutate(step, STEP, STEP);
		memcpy(steps_at + at * STEP, step, STEP);
		return 1 + (n + 1) * STEP;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot *snap;
	unsigned int what;
	size_t i;
	int ret;

	if (size < 1 + STEP)
		return -1;
	machine_use(&machines[data[0] % MACHINES]);
	for (i = 1; i + STEP <= size; i += STEP) {
		const u8 *s = data + i;
		struct host_cpu *hc = &host->cpus[s[1] % HOST_CPUS];
		struct sgx_regs before;

		what = s[0] % (sizeof(steps) / sizeof(steps[0]));
		host->zaps = 0;
		snap = NULL;
		/* Now and then, for it costs a copy of the machine. */
		if (s[1] & 0xc0 && is_leaf(what) && steps[what] != step_enclu)
			snap = snapshot_take(host);
		before = hc->regs;
		ret = steps[what](&hc->cpu, s);
		/* An operand that the step itself prepared is no change. */
		if (snap && ret)
			snapshot_unchanged(host, snap);
		else if (snap)
			snapshot_free(snap);
		if (ret && steps[what] == step_enclu) {
			before.rax = hc->regs.rax;
			before.rbx = hc->regs.rbx;
			before.rcx = hc->regs.rcx;
			before.rdx = hc->regs.rdx;
			REQUIRE(!memcmp(&before, &hc->regs, sizeof(before)));
		}
		check_all();
	}
	return 0;
}
