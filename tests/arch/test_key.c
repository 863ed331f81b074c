// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * EGETKEY and EREPORT: every failure that their pages of the SDM list, what
 * each key depends on (the SDM's table "Key Derivation", as a table), and
 * reports that the enclave they are for can verify.
 */
#include "table.h"

#define IN_LA	(ENCLAVE_BASE + 0x1000)
#define OUT_LA	(ENCLAVE_BASE + 0x2000)
#define DATA_LA (ENCLAVE_BASE + 0x3000)
#define ALL_KEYS                                                     \
	(SGX_ATTR_MODE64BIT | SGX_ATTR_KSS | SGX_ATTR_PROVISIONKEY | \
	 SGX_ATTR_EINITTOKEN_KEY)
#define PT(type) ((u64)(type) << SGX_EPCM_PT_SHIFT)

enum object {
	O_CORE = 1, /* struct sgx_core */
	O_REGS,	    /* struct sgx_regs */
	O_SECS,	    /* struct sgx_secs of the enclave */
	O_REQ,	    /* struct sgx_keyrequest in the enclave */
	O_TARGET,   /* struct sgx_targetinfo in the enclave */
	O_IN,	    /* struct sgx_epcm of the page with either of these */
	O_IN_PTE,   /* struct host_pte of that page */
	O_DATA,	    /* struct sgx_epcm of the page with REPORTDATA */
	O_DATA_PTE,
	O_OUT, /* struct sgx_epcm of the page for the output */
	O_OUT_PTE,
	O_COUNT,
};

enum { AT_NONE, AT_RBX, AT_RCX, AT_RDX };

struct fixture {
	struct host *host;
	struct sgx_cpu *cpu;
	struct enclave *encl;
	void *objects[O_COUNT];
};

/* An enclave that may have all keys, entered, with one page an operand. */
static void fixture_init(struct fixture *f, u64 attributes)
{
	struct sgx_secs secs;
	struct sgx_secs *live;

	memset(f, 0, sizeof(*f));
	f->host = host_new(16);
	f->cpu = host_cpu(f->host, 0);
	secs_default(&secs);
	secs.attributes.flags = attributes;
	f->encl = enclave_create(f->host, &secs);
	enclave_add(f->encl, IN_LA, REG_RW, NULL);
	enclave_add(f->encl, OUT_LA, REG_RW, NULL);
	enclave_add(f->encl, DATA_LA, REG_RW, NULL);
	enclave_init(f->encl);
	enclave_enter(f->encl, f->cpu);

	live = sgx_secs_of(f->encl->secs);
	live->isvsvn = 7;
	if (attributes & SGX_ATTR_KSS)
		live->configsvn = 5;
	f->objects[O_CORE] = &f->host->core;
	f->objects[O_REGS] = f->cpu->regs;
	f->objects[O_SECS] = live;
	f->objects[O_REQ] = host_at(f->host, IN_LA);
	f->objects[O_TARGET] = f->objects[O_REQ];
	f->objects[O_IN] = host_epcm(f->host, IN_LA);
	f->objects[O_IN_PTE] = host_pte(f->host, IN_LA);
	f->objects[O_DATA] = host_epcm(f->host, DATA_LA);
	f->objects[O_DATA_PTE] = host_pte(f->host, DATA_LA);
	f->objects[O_OUT] = host_epcm(f->host, OUT_LA);
	f->objects[O_OUT_PTE] = host_pte(f->host, OUT_LA);
}

static void fixture_free(struct fixture *f)
{
	enclave_free(f->encl);
	host_free(f->host);
}

static void fixture_patch(struct fixture *f, const struct patch *patches,
			  size_t n)
{
	size_t i;

	for (i = 0; i < n && patches[i].object; i++)
		patch(f->objects[patches[i].object], &patches[i]);
}

/* Execute @leaf under the row: outcome, and nothing changed unless it is 0. */
static void fixture_run(struct fixture *f, const struct row *row,
			int (*leaf)(struct sgx_cpu *cpu))
{
	const u64 at[] = { 0, f->cpu->regs->rbx, f->cpu->regs->rcx,
			   f->cpu->regs->rdx };
	struct snapshot *snap = snapshot_take(f->host);
	int ret = leaf(f->cpu);

	/* The page table knows pages only. */
	assert_outcome(f->cpu, ret, row->outcome,
		       row->errcd & SGX_PFEC_SGX ? at[row->at]
						 : at[row->at] & SGX_PAGE_MASK,
		       row->errcd);
	if (ret)
		snapshot_unchanged(f->host, snap);
	else
		snapshot_free(snap);
}

/* clang-format off */

#define STATE(obj, pt, bits) \
	SET(obj, sgx_epcm, state, SGX_EPCM_VALID | PT(pt) | (bits))
#define RW	(SGX_EPCM_R | SGX_EPCM_W)

/* What each operand of each leaf is checked for; alignment is the leaf's. */
#define OPERAND_ROWS(leaf, reg, at, obj, errcd, lack) \
	{ leaf ": " #reg " below the enclave", \
	  { SET(O_REGS, sgx_regs, reg, ENCLAVE_BASE - 0x1000) }, GP, 0, 0 }, \
	{ leaf ": " #reg " behind the enclave", \
	  { SET(O_REGS, sgx_regs, reg, ENCLAVE_BASE + ENCLAVE_SIZE) }, \
	  GP, 0, 0 }, \
	{ leaf ": " #reg " not mapped", \
	  { SET(obj##_PTE, host_pte, present, 0) }, \
	  PF, at, (errcd) & ~(SGX_PFEC_SGX | SGX_PFEC_P) }, \
	{ leaf ": " #reg " in ordinary memory", \
	  { SET(obj##_PTE, host_pte, epcm, 0) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a page that is not valid", \
	  { SET(obj, sgx_epcm, state, PT(SGX_PT_REG) | RW) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a blocked page", \
	  { STATE(obj, SGX_PT_REG, RW | SGX_EPCM_BLOCKED) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a pending page", \
	  { STATE(obj, SGX_PT_REG, RW | SGX_EPCM_PENDING) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a modified page", \
	  { STATE(obj, SGX_PT_REG, RW | SGX_EPCM_MODIFIED) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a TCS", \
	  { STATE(obj, SGX_PT_TCS, RW) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a page of another enclave", \
	  { SET(obj, sgx_epcm, secs, 0) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a page of another address", \
	  { ADD(obj, sgx_epcm, addr, 0x1000) }, PF, at, errcd }, \
	{ leaf ": " #reg " in a page without the permission", \
	  { STATE(obj, SGX_PT_REG, RW & ~(lack)) }, PF, at, errcd }, \
	{ leaf ": " #reg " to be translated later", \
	  { SET(obj##_PTE, host_pte, retry, 1) }, SGX_RETRY, 0, 0 }

#define REQ(field, val)	SET(O_REQ, sgx_keyrequest, field, val)
#define ATTR(val)	SET(O_SECS, sgx_secs, attributes.flags, val)

/* The request is for a seal key, and is granted. */
static const struct row egetkey_rows[] = {
	{ "EGETKEY", { { 0 } }, 0, 0, 0 },
	{ "EGETKEY: RBX misaligned", { ADD(O_REGS, sgx_regs, rbx, 256) },
	  GP, 0, 0 },
	OPERAND_ROWS("EGETKEY", rbx, AT_RBX, O_IN, PFEC_EPCM, SGX_EPCM_R),
	{ "EGETKEY: RCX misaligned", { ADD(O_REGS, sgx_regs, rcx, 8) },
	  GP, 0, 0 },
	OPERAND_ROWS("EGETKEY", rcx, AT_RCX, O_OUT, PFEC_EPCM_W, SGX_EPCM_W),
	{ "EGETKEY: rcx mapped read-only",
	  { SET(O_OUT_PTE, host_pte, writable, 0) },
	  PF, AT_RCX, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },
	{ "EGETKEY: rcx mapped for the processor's own writes",
	  { SET(O_OUT_PTE, host_pte, writable, 0),
	    SET(O_OUT_PTE, host_pte, state, 1) },
	  PF, AT_RCX, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },
	{ "EGETKEY: RBX is checked before RCX",
	  { SET(O_IN_PTE, host_pte, epcm, 0), ADD(O_REGS, sgx_regs, rcx, 8) },
	  PF, AT_RBX, PFEC_EPCM },
	{ "EGETKEY: RCX is checked before KEYREQUEST",
	  { SET(O_OUT_PTE, host_pte, epcm, 0), REQ(reserved1, 1) },
	  PF, AT_RCX, PFEC_EPCM_W },

	{ "EGETKEY: KEYREQUEST reserved after CET_ATTRIBUTES_MASK",
	  { REQ(reserved1, 1) }, GP, 0, 0 },
	{ "EGETKEY: KEYREQUEST reserved at the end, first byte",
	  { BYTE(O_REQ, sgx_keyrequest, reserved2, 0) }, GP, 0, 0 },
	{ "EGETKEY: KEYREQUEST reserved at the end, last byte",
	  { LAST(O_REQ, sgx_keyrequest, reserved2) }, GP, 0, 0 },
	{ "EGETKEY: CET_ATTRIBUTES_MASK without CET",
	  { REQ(cet_attributes_mask, 1) }, GP, 0, 0 },
	{ "EGETKEY: KEYPOLICY, reserved bit 6", { REQ(keypolicy, 0x40) },
	  GP, 0, 0 },
	{ "EGETKEY: KEYPOLICY, reserved bit 15", { REQ(keypolicy, 0x8000) },
	  GP, 0, 0 },
	{ "EGETKEY: KEYPOLICY, all bits, with KSS", { REQ(keypolicy, 0x3f) },
	  0, 0, 0 },
	{ "EGETKEY: a bad KEYREQUEST comes before a bad KEYNAME",
	  { REQ(reserved1, 1), REQ(keyname, 99) }, GP, 0, 0 },

	{ "EGETKEY: KEYNAME 5", { REQ(keyname, 5) },
	  SGX_INVALID_KEYNAME, 0, 0 },
	{ "EGETKEY: KEYNAME FFFFH", { REQ(keyname, 0xffff) },
	  SGX_INVALID_KEYNAME, 0, 0 },

	{ "EGETKEY: seal key, CPUSVN beyond the platform's",
	  { REQ(cpusvn[15], 0x81) }, SGX_INVALID_CPUSVN, 0, 0 },
	{ "EGETKEY: seal key, CPUSVN the platform's in a component",
	  { REQ(cpusvn[15], 0x80) }, 0, 0, 0 },
	{ "EGETKEY: seal key, ISVSVN beyond the enclave's",
	  { REQ(isvsvn, 8) }, SGX_INVALID_ISVSVN, 0, 0 },
	{ "EGETKEY: seal key, ISVSVN the enclave's",
	  { REQ(isvsvn, 7) }, 0, 0, 0 },
	{ "EGETKEY: seal key, CONFIGSVN beyond the enclave's",
	  { REQ(configsvn, 6) }, SGX_INVALID_ISVSVN, 0, 0 },
	{ "EGETKEY: seal key, CONFIGSVN the enclave's",
	  { REQ(configsvn, 5) }, 0, 0, 0 },
	{ "EGETKEY: seal key, CPUSVN comes before ISVSVN",
	  { REQ(cpusvn[0], 0xff), REQ(isvsvn, 8) },
	  SGX_INVALID_CPUSVN, 0, 0 },

	{ "EGETKEY: report key, whatever is requested",
	  { REQ(keyname, SGX_REPORT_KEY), REQ(isvsvn, 0xffff),
	    REQ(cpusvn[0], 0xff), REQ(configsvn, 0xffff) }, 0, 0, 0 },

	{ "EGETKEY: launch key",
	  { REQ(keyname, SGX_EINITTOKEN_KEY) }, 0, 0, 0 },
	{ "EGETKEY: launch key without EINITTOKEN_KEY",
	  { REQ(keyname, SGX_EINITTOKEN_KEY),
	    ATTR(ALL_KEYS & ~SGX_ATTR_EINITTOKEN_KEY) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EGETKEY: launch key, CPUSVN beyond the platform's",
	  { REQ(keyname, SGX_EINITTOKEN_KEY), REQ(cpusvn[3], 0x90) },
	  SGX_INVALID_CPUSVN, 0, 0 },
	{ "EGETKEY: launch key, ISVSVN beyond the enclave's",
	  { REQ(keyname, SGX_EINITTOKEN_KEY), REQ(isvsvn, 8) },
	  SGX_INVALID_ISVSVN, 0, 0 },
	{ "EGETKEY: launch key, the attribute comes before CPUSVN",
	  { REQ(keyname, SGX_EINITTOKEN_KEY), REQ(cpusvn[3], 0x90),
	    ATTR(SGX_ATTR_MODE64BIT | SGX_ATTR_KSS) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },

	{ "EGETKEY: provisioning key",
	  { REQ(keyname, SGX_PROVISION_KEY) }, 0, 0, 0 },
	{ "EGETKEY: provisioning key without PROVISIONKEY",
	  { REQ(keyname, SGX_PROVISION_KEY),
	    ATTR(ALL_KEYS & ~SGX_ATTR_PROVISIONKEY) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EGETKEY: provisioning key, CPUSVN beyond the platform's",
	  { REQ(keyname, SGX_PROVISION_KEY), REQ(cpusvn[0], 0x81) },
	  SGX_INVALID_CPUSVN, 0, 0 },
	{ "EGETKEY: provisioning key, ISVSVN beyond the enclave's",
	  { REQ(keyname, SGX_PROVISION_KEY), REQ(isvsvn, 8) },
	  SGX_INVALID_ISVSVN, 0, 0 },

	{ "EGETKEY: provisioning seal key",
	  { REQ(keyname, SGX_PROVISION_SEAL_KEY) }, 0, 0, 0 },
	{ "EGETKEY: provisioning seal key without PROVISIONKEY",
	  { REQ(keyname, SGX_PROVISION_SEAL_KEY),
	    ATTR(ALL_KEYS & ~SGX_ATTR_PROVISIONKEY) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EGETKEY: provisioning seal key, CPUSVN beyond the platform's",
	  { REQ(keyname, SGX_PROVISION_SEAL_KEY), REQ(cpusvn[0], 0x81) },
	  SGX_INVALID_CPUSVN, 0, 0 },
	{ "EGETKEY: provisioning seal key, ISVSVN beyond the enclave's",
	  { REQ(keyname, SGX_PROVISION_SEAL_KEY), REQ(isvsvn, 8) },
	  SGX_INVALID_ISVSVN, 0, 0 },
	{ "EGETKEY: provisioning seal key, CONFIGSVN the enclave's",
	  { REQ(keyname, SGX_PROVISION_SEAL_KEY), REQ(configsvn, 5) },
	  0, 0, 0 },
	{ "EGETKEY: provisioning seal key, CONFIGSVN beyond the enclave's",
	  { REQ(keyname, SGX_PROVISION_SEAL_KEY), REQ(configsvn, 6) },
	  SGX_INVALID_ISVSVN, 0, 0 },
};

/* The same in an enclave without KSS. */
static const struct row egetkey_kss_rows[] = {
	{ "EGETKEY: without KSS", { { 0 } }, 0, 0, 0 },
	{ "EGETKEY: without KSS, KEYPOLICY MRENCLAVE and MRSIGNER",
	  { REQ(keypolicy, 3) }, 0, 0, 0 },
	{ "EGETKEY: without KSS, KEYPOLICY NOISVPRODID",
	  { REQ(keypolicy, SGX_KEYPOLICY_NOISVPRODID) }, GP, 0, 0 },
	{ "EGETKEY: without KSS, KEYPOLICY CONFIGID",
	  { REQ(keypolicy, SGX_KEYPOLICY_CONFIGID) }, GP, 0, 0 },
	{ "EGETKEY: without KSS, KEYPOLICY ISVFAMILYID",
	  { REQ(keypolicy, SGX_KEYPOLICY_ISVFAMILYID) }, GP, 0, 0 },
	{ "EGETKEY: without KSS, KEYPOLICY ISVEXTPRODID",
	  { REQ(keypolicy, SGX_KEYPOLICY_ISVEXTPRODID) }, GP, 0, 0 },
	{ "EGETKEY: without KSS, CONFIGSVN", { REQ(configsvn, 1) },
	  GP, 0, 0 },
};

#define TARGET(field, val)	SET(O_TARGET, sgx_targetinfo, field, val)

static const struct row ereport_rows[] = {
	{ "EREPORT", { { 0 } }, 0, 0, 0 },
	{ "EREPORT: RBX misaligned", { ADD(O_REGS, sgx_regs, rbx, 256) },
	  GP, 0, 0 },
	OPERAND_ROWS("EREPORT", rbx, AT_RBX, O_IN, PFEC_EPCM, SGX_EPCM_R),
	{ "EREPORT: TARGETINFO, CET_ATTRIBUTES without CET",
	  { TARGET(cet_attributes, 1) }, GP, 0, 0 },
	{ "EREPORT: TARGETINFO reserved after CET_ATTRIBUTES",
	  { TARGET(reserved1, 1) }, GP, 0, 0 },
	{ "EREPORT: TARGETINFO reserved after MISCSELECT",
	  { LAST(O_TARGET, sgx_targetinfo, reserved2) }, GP, 0, 0 },
	{ "EREPORT: TARGETINFO reserved at the end, first byte",
	  { BYTE(O_TARGET, sgx_targetinfo, reserved3, 0) }, GP, 0, 0 },
	{ "EREPORT: TARGETINFO reserved at the end, last byte",
	  { LAST(O_TARGET, sgx_targetinfo, reserved3) }, GP, 0, 0 },
	{ "EREPORT: TARGETINFO comes before RCX",
	  { TARGET(reserved1, 1), SET(O_DATA_PTE, host_pte, epcm, 0) },
	  GP, 0, 0 },
	{ "EREPORT: RCX misaligned", { ADD(O_REGS, sgx_regs, rcx, 64) },
	  GP, 0, 0 },
	OPERAND_ROWS("EREPORT", rcx, AT_RCX, O_DATA, PFEC_EPCM, SGX_EPCM_R),
	{ "EREPORT: RDX misaligned", { ADD(O_REGS, sgx_regs, rdx, 256) },
	  GP, 0, 0 },
	OPERAND_ROWS("EREPORT", rdx, AT_RDX, O_OUT, PFEC_EPCM_W, SGX_EPCM_W),
	{ "EREPORT: rdx mapped read-only",
	  { SET(O_OUT_PTE, host_pte, writable, 0) },
	  PF, AT_RDX, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },
	{ "EREPORT: rdx mapped for the processor's own writes",
	  { SET(O_OUT_PTE, host_pte, writable, 0),
	    SET(O_OUT_PTE, host_pte, state, 1) },
	  PF, AT_RDX, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },
};

/* clang-format on */

static void request_default(struct fixture *f)
{
	struct sgx_keyrequest *req = f->objects[O_REQ];

	memset(req, 0, sizeof(*req));
	req->keyname = SGX_SEAL_KEY;
	req->isvsvn = 1;
	memset(req->cpusvn, 0x10, sizeof(req->cpusvn));
	memset(req->keyid, 0x1d, sizeof(req->keyid));
	f->cpu->regs->rbx = IN_LA;
	f->cpu->regs->rcx = OUT_LA + 0x10;
}

static void run_egetkey(void **state)
{
	const struct row *row = *state;
	struct fixture f;

	fixture_init(&f, ALL_KEYS);
	request_default(&f);
	fixture_patch(&f, row->patches, 4);
	fixture_run(&f, row, sgx_egetkey);
	fixture_free(&f);
}

static void run_egetkey_kss(void **state)
{
	const struct row *row = *state;
	struct fixture f;

	fixture_init(&f, ALL_KEYS & ~SGX_ATTR_KSS);
	request_default(&f);
	fixture_patch(&f, row->patches, 4);
	fixture_run(&f, row, sgx_egetkey);
	fixture_free(&f);
}

/* What each key depends on */

/* Keys, and for the sealing keys, with which KEYPOLICY */
static const struct {
	u16 name;
	u16 policy;
} columns[] = {
	{ SGX_EINITTOKEN_KEY, 0 },     { SGX_PROVISION_KEY, 0 },
	{ SGX_PROVISION_SEAL_KEY, 0 }, { SGX_PROVISION_SEAL_KEY, 0x3b },
	{ SGX_REPORT_KEY, 0 },	       { SGX_SEAL_KEY, 0 },
	{ SGX_SEAL_KEY, 0x3b },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* clang-format off */

/*
 * Y: another value gives another key, -: it does not. The request's masks have
 * AEXNOTIFY, AVX and MISCSELECT bit 0.
 *
 *	EINITTOKEN, provisioning, provisioning seal (KEYPOLICY 0; all but
 *	NOISVPRODID), report, seal (0; all but NOISVPRODID)
 */
static const struct bound_row {
	const char *name;
	const char *bound;
	struct patch change;
} bound_rows[] = {
	{ "key: installation", "YYYYYYY", ADD(O_CORE, sgx_core, secret[31], 1) },
	{ "key: OWNEREPOCH", "Y---YYY",
	  ADD(O_CORE, sgx_core, owner_epoch[15], 1) },
	{ "key: platform's CPUSVN", "----Y--",
	  ADD(O_CORE, sgx_core, cpusvn[15], 1) },
	{ "key: CR_REPORT_KEYID", "-------",
	  ADD(O_CORE, sgx_core, report_keyid[0], 1) },
	{ "key: requested CPUSVN", "YYYY-YY", REQ(cpusvn[15], 0) },
	{ "key: requested ISVSVN", "YYYY-YY", REQ(isvsvn, 0) },
	{ "key: enclave's ISVSVN", "-------",
	  SET(O_SECS, sgx_secs, isvsvn, 9) },
	{ "key: ISVPRODID", "YYYY-YY", ADD(O_SECS, sgx_secs, isvprodid, 1) },
	{ "key: ISVEXTPRODID", "---Y--Y",
	  LAST(O_SECS, sgx_secs, hidden.isvextprodid) },
	{ "key: ISVFAMILYID", "---Y--Y",
	  LAST(O_SECS, sgx_secs, hidden.isvfamilyid) },
	{ "key: MRENCLAVE", "----Y-Y", ADD(O_SECS, sgx_secs, mrenclave[31], 1) },
	{ "key: MRSIGNER", "YYYY--Y", ADD(O_SECS, sgx_secs, mrsigner[31], 1) },
	{ "key: CONFIGID", "---YY-Y", LAST(O_SECS, sgx_secs, configid) },
	{ "key: enclave's CONFIGSVN", "----Y--",
	  SET(O_SECS, sgx_secs, configsvn, 9) },
	{ "key: requested CONFIGSVN", "---Y--Y", REQ(configsvn, 2) },
	{ "key: KEYID", "Y---YYY", REQ(keyid[31], 0) },
	{ "key: ATTRIBUTEMASK", "-YYY-YY", LAST(O_REQ, sgx_keyrequest,
					       attributemask.flags) },
	{ "key: ATTRIBUTEMASK of XFRM", "-YYY-YY", LAST(O_REQ, sgx_keyrequest,
						       attributemask.xfrm) },
	{ "key: ATTRIBUTES.DEBUG, in no mask", "YYYYYYY",
	  ADD(O_SECS, sgx_secs, attributes.flags, SGX_ATTR_DEBUG) },
	{ "key: ATTRIBUTES in the mask", "YYYYYYY",
	  ADD(O_SECS, sgx_secs, attributes.flags, SGX_ATTR_AEXNOTIFY) },
	{ "key: ATTRIBUTES outside the mask", "----Y--",
	  ADD(O_SECS, sgx_secs, attributes.flags, 1ULL << 40) },
	{ "key: XFRM in the mask", "YYYYYYY",
	  SET(O_SECS, sgx_secs, attributes.xfrm, 7) },
	{ "key: XFRM outside the mask", "----Y--",
	  SET(O_SECS, sgx_secs, attributes.xfrm, 0x203) },
	{ "key: MISCMASK", "-YYY-YY", REQ(miscmask, 0x80000001) },
	{ "key: MISCSELECT in the mask", "YYYYYYY",
	  SET(O_SECS, sgx_secs, miscselect, 1) },
	{ "key: MISCSELECT outside the mask", "----Y--",
	  SET(O_SECS, sgx_secs, miscselect, 2) },
	{ "key: KEYPOLICY", "--YY-YY",
	  ADD(O_REQ, sgx_keyrequest, keypolicy, SGX_KEYPOLICY_NOISVPRODID) },
	{ "key: SIZE and BASEADDR", "-------",
	  ADD(O_SECS, sgx_secs, baseaddr, ENCLAVE_SIZE) },
};

/* clang-format on */

/* The key of a column, after @change. */
static void key_of(size_t column, const struct patch *change, u8 key[16])
{
	struct sgx_keyrequest *req;
	struct sgx_secs *secs;
	struct fixture f;

	fixture_init(&f, ALL_KEYS);
	request_default(&f);
	secs = f.objects[O_SECS];
	/* The signer's key is another one in each run. */
	memset(secs->mrsigner, 0x51, sizeof(secs->mrsigner));
	req = f.objects[O_REQ];
	req->keyname = columns[column].name;
	req->keypolicy = columns[column].policy;
	req->configsvn = 1;
	req->attributemask.flags = SGX_ATTR_AEXNOTIFY;
	req->attributemask.xfrm = 4;
	req->miscmask = 1;
	if (change)
		fixture_patch(&f, change, 1);
	assert_int_equal(sgx_egetkey(f.cpu), 0);
	memcpy(key, host_at(f.host, OUT_LA + 0x10), 16);
	fixture_free(&f);
}

static void run_bound(void **state)
{
	const struct bound_row *row = *state;
	u8 before[16], after[16];
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		key_of(i, NULL, before);
		key_of(i, &row->change, after);
		if (!!memcmp(before, after, 16) != (row->bound[i] == 'Y'))
			fail_msg("column %zu is not %c", i, row->bound[i]);
	}
}

/* ISVPRODID is not bound with NOISVPRODID, in both sealing keys. */
static void key_noisvprodid(void **state)
{
	static const u16 names[] = { SGX_SEAL_KEY, SGX_PROVISION_SEAL_KEY };
	struct sgx_keyrequest *req;
	struct sgx_secs *secs;
	struct fixture f;
	u8 before[16];
	size_t i;

	(void)state;
	fixture_init(&f, ALL_KEYS);
	request_default(&f);
	req = f.objects[O_REQ];
	secs = f.objects[O_SECS];
	req->keypolicy = SGX_KEYPOLICY_NOISVPRODID;
	for (i = 0; i < 2; i++) {
		req->keyname = names[i];
		assert_int_equal(sgx_egetkey(f.cpu), 0);
		memcpy(before, host_at(f.host, OUT_LA + 0x10), 16);
		secs->isvprodid++;
		assert_int_equal(sgx_egetkey(f.cpu), 0);
		assert_memory_equal(before, host_at(f.host, OUT_LA + 0x10), 16);
	}
	fixture_free(&f);
}

static void keys_differ(void **state)
{
	u8 keys[COLUMNS][16];
	size_t i, j;

	(void)state;
	for (i = 0; i < COLUMNS; i++) {
		key_of(i, NULL, keys[i]);
		for (j = 0; j < i; j++)
			assert_memory_not_equal(keys[i], keys[j], 16);
	}
}

/*
 * What is sealed today is opened by the softsgx of tomorrow: the derivation
 * never changes. The values were made from that
 * description in doc/arch.md, in Python.
 */
static void keys_known(void **state)
{
	static const u8 expected[COLUMNS][16] = {
		{ 0xdd, 0x3a, 0x15, 0x56, 0x9e, 0x82, 0xed, 0x7c, 0x20, 0xa6,
		  0x22, 0x19, 0x13, 0xcf, 0xf5, 0xa0 },
		{ 0x81, 0x7f, 0x32, 0xba, 0x91, 0xa8, 0x4c, 0x7f, 0xaa, 0xad,
		  0x64, 0x27, 0xa4, 0x60, 0x12, 0x50 },
		{ 0x65, 0x3e, 0x66, 0x2a, 0x4c, 0xa6, 0x19, 0x13, 0xa1, 0xb4,
		  0x1e, 0xbe, 0x03, 0x96, 0x12, 0x25 },
		{ 0x04, 0x38, 0x54, 0x1e, 0x99, 0xad, 0x2a, 0x8e, 0xae, 0x7a,
		  0x44, 0x0b, 0xd5, 0x2a, 0xdf, 0x23 },
		{ 0x16, 0x7d, 0x52, 0x5a, 0x7f, 0x4e, 0x0d, 0x37, 0xff, 0x64,
		  0x2c, 0xac, 0x67, 0x95, 0x9f, 0x73 },
		{ 0x14, 0xd5, 0x79, 0xb9, 0xd8, 0xa1, 0x52, 0x37, 0x01, 0x00,
		  0xae, 0xb5, 0x9d, 0x17, 0x07, 0x11 },
		{ 0xc5, 0xc3, 0x68, 0x77, 0x08, 0xcb, 0x48, 0x5b, 0xff, 0x15,
		  0x7a, 0xe3, 0xdb, 0xb3, 0xaf, 0xbb },
	};
	u8 key[16];
	size_t i;

	(void)state;
	for (i = 0; i < COLUMNS; i++) {
		key_of(i, NULL, key);
		assert_memory_equal(key, expected[i], 16);
	}
}

/* The key fills its 16 bytes and no other. */
static void key_output(void **state)
{
	struct fixture f;
	u8 page[SGX_PAGE_SIZE];
	u8 *out;

	(void)state;
	fixture_init(&f, ALL_KEYS);
	request_default(&f);
	out = host_at(f.host, OUT_LA);
	memset(out, 0xee, SGX_PAGE_SIZE);
	f.cpu->regs->rcx = OUT_LA + SGX_PAGE_SIZE - 16;
	memcpy(page, out, sizeof(page));
	assert_int_equal(sgx_egetkey(f.cpu), 0);
	assert_memory_equal(page, out, SGX_PAGE_SIZE - 16);
	assert_memory_not_equal(page, out + SGX_PAGE_SIZE - 16, 16);
	fixture_free(&f);
}

/* EREPORT */

static void report_default(struct fixture *f)
{
	struct sgx_targetinfo *target = f->objects[O_TARGET];

	memset(target, 0, sizeof(*target));
	memset(host_at(f->host, DATA_LA), 0xda, 64);
	f->cpu->regs->rbx = IN_LA;
	f->cpu->regs->rcx = DATA_LA;
	f->cpu->regs->rdx = OUT_LA + 0x200;
}

static void run_ereport(void **state)
{
	const struct row *row = *state;
	struct fixture f;

	fixture_init(&f, ALL_KEYS);
	report_default(&f);
	fixture_patch(&f, row->patches, 4);
	fixture_run(&f, row, sgx_ereport);
	fixture_free(&f);
}

/* TARGETINFO names the enclave itself. */
static void target_self(struct fixture *f)
{
	const struct sgx_secs *secs = f->objects[O_SECS];
	struct sgx_targetinfo *target = f->objects[O_TARGET];

	memcpy(target->measurement, secs->mrenclave, 32);
	target->attributes = secs->attributes;
	target->configsvn = secs->configsvn;
	target->miscselect = secs->miscselect;
	memcpy(target->configid, secs->configid, 64);
}

/* The report that EREPORT has made, and whether its MAC is of @key. */
static bool report_verifies(const struct sgx_report *report, const u8 key[16])
{
	u8 mac[16];

	cmac(key, report, SGX_REPORT_MACED, mac);
	return !memcmp(mac, report->mac, sizeof(mac));
}

/* The report key of the entered enclave for the KEYID of @report. */
static void report_key(struct fixture *f, const struct sgx_report *report,
		       u8 key[16])
{
	struct sgx_keyrequest *req = f->objects[O_REQ];

	memset(req, 0, sizeof(*req));
	req->keyname = SGX_REPORT_KEY;
	memcpy(req->keyid, report->keyid, sizeof(req->keyid));
	f->cpu->regs->rbx = IN_LA;
	f->cpu->regs->rcx = OUT_LA;
	assert_int_equal(sgx_egetkey(f->cpu), 0);
	memcpy(key, host_at(f->host, OUT_LA), 16);
}

/* An identity in all fields of the SECS that a report shows. */
static void identity(struct sgx_secs *secs)
{
	secs->miscselect = SGX_MISC_EXINFO;
	secs->isvprodid = 0xabcd;
	secs->configsvn = 5;
	memset(secs->configid, 0xc1, sizeof(secs->configid));
	memset(secs->hidden.isvfamilyid, 0xfa, 16);
	memset(secs->hidden.isvextprodid, 0xe4, 16);
}

static void report_contents(void **state)
{
	static const u8 zero[64];
	const struct sgx_report *report;
	struct sgx_secs *secs;
	struct fixture f;
	u8 data[64];

	(void)state;
	memset(data, 0xda, sizeof(data));
	fixture_init(&f, ALL_KEYS);
	secs = f.objects[O_SECS];
	identity(secs);
	report_default(&f);
	assert_int_equal(sgx_ereport(f.cpu), 0);
	report = host_at(f.host, OUT_LA + 0x200);
	assert_memory_equal(report->cpusvn, f.host->core.cpusvn, 16);
	assert_int_equal(report->miscselect, secs->miscselect);
	assert_int_equal(report->cet_attributes, 0);
	assert_memory_equal(report->reserved1, zero, 11);
	assert_memory_equal(report->isvextprodid, secs->hidden.isvextprodid,
			    16);
	assert_int_equal(report->attributes.flags, ALL_KEYS | SGX_ATTR_INIT);
	assert_int_equal(report->attributes.xfrm, 3);
	assert_memory_equal(report->mrenclave, f.encl->mrenclave, 32);
	assert_memory_equal(report->reserved2, zero, 32);
	assert_memory_equal(report->mrsigner, secs->mrsigner, 32);
	assert_memory_equal(report->reserved3, zero, 32);
	assert_memory_equal(report->configid, secs->configid, 64);
	assert_int_equal(report->isvprodid, 0xabcd);
	assert_int_equal(report->isvsvn, 7);
	assert_int_equal(report->configsvn, 5);
	assert_memory_equal(report->reserved4, zero, 42);
	assert_memory_equal(report->isvfamilyid, secs->hidden.isvfamilyid, 16);
	assert_memory_equal(report->reportdata, data, 64);
	assert_memory_equal(report->keyid, f.host->core.report_keyid, 32);
	fixture_free(&f);
}

/* clang-format off */

/* A report for the enclave itself, unless TARGETINFO is changed. */
static const struct target_row {
	const char *name;
	bool verifies;
	struct patch change;
} target_rows[] = {
	{ "report: for this enclave", true, { 0 } },
	{ "report: for another MRENCLAVE", false,
	  ADD(O_TARGET, sgx_targetinfo, measurement[31], 1) },
	{ "report: for other ATTRIBUTES", false,
	  ADD(O_TARGET, sgx_targetinfo, attributes.flags, SGX_ATTR_DEBUG) },
	{ "report: for another XFRM", false,
	  ADD(O_TARGET, sgx_targetinfo, attributes.xfrm, 4) },
	{ "report: for another MISCSELECT", false,
	  SET(O_TARGET, sgx_targetinfo, miscselect, 0) },
	{ "report: for another CONFIGID", false,
	  ADD(O_TARGET, sgx_targetinfo, configid[63], 1) },
	{ "report: for another CONFIGSVN", false,
	  ADD(O_TARGET, sgx_targetinfo, configsvn, 1) },
	{ "report: of an enclave with another MRSIGNER", true,
	  ADD(O_SECS, sgx_secs, mrsigner[0], 1) },
};

/* clang-format on */

static void run_target(void **state)
{
	const struct target_row *row = *state;
	struct sgx_report report;
	struct fixture f;
	u8 key[16];

	fixture_init(&f, ALL_KEYS);
	identity(f.objects[O_SECS]);
	report_default(&f);
	target_self(&f);
	fixture_patch(&f, &row->change, 1);
	assert_int_equal(sgx_ereport(f.cpu), 0);
	memcpy(&report, host_at(f.host, OUT_LA + 0x200), sizeof(report));
	report_key(&f, &report, key);
	assert_int_equal(report_verifies(&report, key), row->verifies);
	/* Every byte that the MAC covers counts. */
	report.reportdata[63] ^= 1;
	assert_false(report_verifies(&report, key));
	fixture_free(&f);
}

/* One enclave reports to another, which verifies; a third cannot. */
static void report_to_another(void **state)
{
	struct enclave *other;
	struct sgx_secs secs;
	struct sgx_report report;
	struct fixture f;
	struct sgx_targetinfo *target;
	struct sgx_keyrequest *req;
	const u64 la = ENCLAVE_BASE + ENCLAVE_SIZE + 0x1000;
	u8 key[16];

	(void)state;
	fixture_init(&f, ALL_KEYS);
	enclave_leave(f.cpu);
	secs_default(&secs);
	secs.baseaddr = ENCLAVE_BASE + ENCLAVE_SIZE;
	other = enclave_create(f.host, &secs);
	enclave_add(other, la, REG_RW, NULL);
	enclave_init(other);

	enclave_enter(f.encl, f.cpu);
	report_default(&f);
	target = f.objects[O_TARGET];
	memcpy(target->measurement, other->mrenclave, 32);
	target->attributes.flags = SGX_ATTR_MODE64BIT | SGX_ATTR_INIT;
	target->attributes.xfrm = 3;
	assert_int_equal(sgx_ereport(f.cpu), 0);
	memcpy(&report, host_at(f.host, OUT_LA + 0x200), sizeof(report));
	report_key(&f, &report, key);
	assert_false(report_verifies(&report, key));
	enclave_leave(f.cpu);

	enclave_enter(other, f.cpu);
	req = host_at(f.host, la);
	req->keyname = SGX_REPORT_KEY;
	memcpy(req->keyid, report.keyid, 32);
	f.cpu->regs->rbx = la;
	f.cpu->regs->rcx = la + 0x800;
	assert_int_equal(sgx_egetkey(f.cpu), 0);
	assert_true(report_verifies(&report, host_at(f.host, la + 0x800)));

	/* Not on another machine, and not after the power was off. */
	f.host->core.secret[0] ^= 1;
	assert_int_equal(sgx_egetkey(f.cpu), 0);
	assert_false(report_verifies(&report, host_at(f.host, la + 0x800)));
	f.host->core.secret[0] ^= 1;
	sgx_core_init(&f.host->core);
	memcpy(req->keyid, f.host->core.report_keyid, 32);
	assert_int_equal(sgx_egetkey(f.cpu), 0);
	assert_false(report_verifies(&report, host_at(f.host, la + 0x800)));
	enclave_free(other);
	fixture_free(&f);
}

int main(void)
{
	static struct tests t;

	TESTS_TABLE(&t, run_egetkey, egetkey_rows);
	TESTS_TABLE(&t, run_egetkey_kss, egetkey_kss_rows);
	TESTS_TABLE(&t, run_bound, bound_rows);
	tests_add(&t, "key: ISVPRODID with NOISVPRODID", key_noisvprodid, NULL);
	tests_add(&t, "key: all keys differ", keys_differ, NULL);
	tests_add(&t, "key: known keys", keys_known, NULL);
	tests_add(&t, "key: 16 bytes, at the end of a page", key_output, NULL);
	TESTS_TABLE(&t, run_ereport, ereport_rows);
	tests_add(&t, "report: contents", report_contents, NULL);
	TESTS_TABLE(&t, run_target, target_rows);
	tests_add(&t, "report: from one enclave to another", report_to_another,
		  NULL);
	return TESTS_RUN("key", &t);
}
