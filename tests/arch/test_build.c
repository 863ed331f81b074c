// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * ECREATE, EADD, EEXTEND, EREMOVE: every failure that their pages of the SDM
 * list, and what success leaves behind; MRENCLAVE.
 *
 * A row changes a situation in which the leaf succeeds. After a failure, EPCM,
 * lock words, the SECS and the registers are as before.
 */
#include "build.h"

/* ECREATE */

/* clang-format off */
static const struct row ecreate_rows[] = {
	{ "ECREATE", { { 0 } }, 0, 0, 0 },
	{ "ECREATE: PAGEINFO misaligned",
	  { ADD(O_ARGS, args, pageinfo, 16) }, GP, 0, 0 },
	{ "ECREATE: EPCPAGE misaligned",
	  { ADD(O_ARGS, args, epcpage, 0x800) }, GP, 0, 0 },
	{ "ECREATE: EPCPAGE outside the EPC",
	  { SET(O_ARGS, args, epcpage, NOWHERE) }, PF, AT_EPCPAGE, PFEC_W },
	{ "ECREATE: SRCPGE misaligned",
	  { ADD(O_PAGEINFO, sgx_pageinfo, srcpge, 0x800) }, GP, 0, 0 },
	{ "ECREATE: SECINFO misaligned",
	  { ADD(O_PAGEINFO, sgx_pageinfo, secinfo, 32) }, GP, 0, 0 },
	{ "ECREATE: PAGEINFO.LINADDR set",
	  { SET(O_PAGEINFO, sgx_pageinfo, linaddr, 0x1000) }, GP, 0, 0 },
	{ "ECREATE: PAGEINFO.SECS set",
	  { SET(O_PAGEINFO, sgx_pageinfo, secs, 0x1000) }, GP, 0, 0 },
	{ "ECREATE: SECINFO.FLAGS bit 6",
	  { SET(O_SECINFO, sgx_secinfo, flags, 1 << 6) }, GP, 0, 0 },
	{ "ECREATE: SECINFO.FLAGS bit 16",
	  { SET(O_SECINFO, sgx_secinfo, flags, 1 << 16) }, GP, 0, 0 },
	{ "ECREATE: SECINFO.FLAGS bit 63",
	  { SET(O_SECINFO, sgx_secinfo, flags, 1ULL << 63) }, GP, 0, 0 },
	{ "ECREATE: SECINFO.RESERVED, first byte",
	  { BYTE(O_SECINFO, sgx_secinfo, reserved, 0) }, GP, 0, 0 },
	{ "ECREATE: SECINFO.RESERVED, last byte",
	  { LAST(O_SECINFO, sgx_secinfo, reserved) }, GP, 0, 0 },
	{ "ECREATE: SECINFO of PT_REG",
	  { SET(O_SECINFO, sgx_secinfo, flags, PT(SGX_PT_REG)) }, GP, 0, 0 },
	{ "ECREATE: page in use, exclusive", { EXCLUSIVE(O_EPCM) }, GP, 0, 0 },
	{ "ECREATE: page in use, shared", { SHARED(O_EPCM) }, GP, 0, 0 },
	{ "ECREATE: page valid",
	  { STATE(O_EPCM, SGX_PT_REG, 0) }, PF, AT_EPCPAGE, PFEC_W },
	{ "ECREATE: page is an SECS",
	  { STATE(O_EPCM, SGX_PT_SECS, 0) }, PF, AT_EPCPAGE, PFEC_W },
	{ "ECREATE: an operand fault comes before a conflict",
	  { EXCLUSIVE(O_EPCM), SET(O_ARGS, args, epcpage, NOWHERE) },
	  PF, AT_EPCPAGE, PFEC_W },
	{ "ECREATE: a conflict comes before a valid page",
	  { EXCLUSIVE(O_EPCM), STATE(O_EPCM, SGX_PT_REG, 0) }, GP, 0, 0 },

	{ "ECREATE: XFRM without SSE",
	  { SET(O_SOURCE, sgx_secs, attributes.xfrm, 1) }, GP, 0, 0 },
	{ "ECREATE: XFRM without x87",
	  { SET(O_SOURCE, sgx_secs, attributes.xfrm, 2) }, GP, 0, 0 },
	{ "ECREATE: XFRM has what the platform has not",
	  { SET(O_SOURCE, sgx_secs, attributes.xfrm, 0x203) }, GP, 0, 0 },
	{ "ECREATE: XFRM with a part of AVX-512",
	  { SET(O_SOURCE, sgx_secs, attributes.xfrm, 0x67) }, GP, 0, 0 },
	{ "ECREATE: XFRM with AVX-512 without AVX",
	  { SET(O_SOURCE, sgx_secs, attributes.xfrm, 0xe3) }, GP, 0, 0 },
	{ "ECREATE: XFRM with AVX-512",
	  { SET(O_SOURCE, sgx_secs, attributes.xfrm, 0xe7) }, 0, 0, 0 },
	{ "ECREATE: XFRM with half of MPX",
	  { SET(O_CORE, sgx_core, attributes.xfrm, 0x1f),
	    SET(O_SOURCE, sgx_secs, attributes.xfrm, 0xb) }, GP, 0, 0 },
	{ "ECREATE: XFRM with MPX",
	  { SET(O_CORE, sgx_core, attributes.xfrm, 0x1f),
	    SET(O_SOURCE, sgx_secs, attributes.xfrm, 0x1b) }, 0, 0, 0 },
	{ "ECREATE: XFRM with half of AMX",
	  { SET(O_CORE, sgx_core, attributes.xfrm, 0x60003),
	    SET(O_SOURCE, sgx_secs, attributes.xfrm, 0x20003) }, GP, 0, 0 },
	{ "ECREATE: CET_ATTRIBUTES",
	  { SET(O_SOURCE, sgx_secs, cet_attributes, 1) }, GP, 0, 0 },
	{ "ECREATE: CET_LEG_BITMAP_OFFSET",
	  { SET(O_SOURCE, sgx_secs, cet_leg_bitmap_offset, 0x1000) },
	  GP, 0, 0 },
	{ "ECREATE: MISCSELECT, undefined bit",
	  { SET(O_SOURCE, sgx_secs, miscselect, 2) }, GP, 0, 0 },
	{ "ECREATE: MISCSELECT.EXINFO",
	  { SET(O_SOURCE, sgx_secs, miscselect, 1) }, 0, 0, 0 },
	{ "ECREATE: MISCSELECT.EXINFO, which the platform has not",
	  { SET(O_CORE, sgx_core, miscselect, 0),
	    SET(O_SOURCE, sgx_secs, miscselect, 1) }, GP, 0, 0 },
	{ "ECREATE: SSAFRAMESIZE 0",
	  { SET(O_SOURCE, sgx_secs, ssaframesize, 0) }, GP, 0, 0 },
	{ "ECREATE: SSAFRAMESIZE just enough",
	  { SET(O_CORE, sgx_core, xstate[2].size, 4096 - 184 - 576),
	    SET(O_SOURCE, sgx_secs, attributes.xfrm, 7) }, 0, 0, 0 },
	{ "ECREATE: SSAFRAMESIZE one byte short",
	  { SET(O_CORE, sgx_core, xstate[2].size, 4096 - 184 - 576 + 1),
	    SET(O_SOURCE, sgx_secs, attributes.xfrm, 7) }, GP, 0, 0 },
	{ "ECREATE: SSAFRAMESIZE short of EXINFO",
	  { SET(O_CORE, sgx_core, xstate[2].size, 4096 - 184 - 576),
	    SET(O_SOURCE, sgx_secs, attributes.xfrm, 7),
	    SET(O_SOURCE, sgx_secs, miscselect, 1) }, GP, 0, 0 },
	{ "ECREATE: SSAFRAMESIZE is not multiplied in 32 bits",
	  { SET(O_SOURCE, sgx_secs, ssaframesize, 1 << 20) }, 0, 0, 0 },

	{ "ECREATE: BASEADDR not canonical",
	  { SET(O_SOURCE, sgx_secs, baseaddr, 1ULL << 47) }, GP, 0, 0 },
	{ "ECREATE: BASEADDR in the upper half",
	  { SET(O_SOURCE, sgx_secs, baseaddr, ~0ULL << 47) }, 0, 0, 0 },
	{ "ECREATE: 32-bit enclave",
	  { ATTR(O_SOURCE, 0), SET(O_SOURCE, sgx_secs, baseaddr, 0x20000) },
	  0, 0, 0 },
	{ "ECREATE: 32-bit enclave, BASEADDR beyond 4 GiB",
	  { ATTR(O_SOURCE, 0),
	    SET(O_SOURCE, sgx_secs, baseaddr, 1ULL << 32) }, GP, 0, 0 },
	{ "ECREATE: 32-bit enclave, SIZE greatest",
	  { ATTR(O_SOURCE, 0), SET(O_SOURCE, sgx_secs, baseaddr, 0),
	    SET(O_SOURCE, sgx_secs, size, 1ULL << 30) }, 0, 0, 0 },
	{ "ECREATE: 32-bit enclave, SIZE too great",
	  { ATTR(O_SOURCE, 0), SET(O_SOURCE, sgx_secs, baseaddr, 0),
	    SET(O_SOURCE, sgx_secs, size, 1ULL << 31) }, GP, 0, 0 },
	{ "ECREATE: SIZE greatest",
	  { SET(O_SOURCE, sgx_secs, baseaddr, 0),
	    SET(O_SOURCE, sgx_secs, size, 1ULL << 45) }, 0, 0, 0 },
	{ "ECREATE: SIZE too great",
	  { SET(O_SOURCE, sgx_secs, baseaddr, 0),
	    SET(O_SOURCE, sgx_secs, size, 1ULL << 46) }, GP, 0, 0 },
	{ "ECREATE: SIZE 0", { SET(O_SOURCE, sgx_secs, size, 0) }, GP, 0, 0 },
	{ "ECREATE: SIZE of one page",
	  { SET(O_SOURCE, sgx_secs, size, 4096) }, GP, 0, 0 },
	{ "ECREATE: SIZE of two pages",
	  { SET(O_SOURCE, sgx_secs, size, 8192) }, 0, 0, 0 },
	{ "ECREATE: SIZE no power of two",
	  { SET(O_SOURCE, sgx_secs, size, 0x3000),
	    SET(O_SOURCE, sgx_secs, baseaddr, 0) }, GP, 0, 0 },
	{ "ECREATE: BASEADDR not aligned to SIZE",
	  { ADD(O_SOURCE, sgx_secs, baseaddr, ENCLAVE_SIZE / 2) }, GP, 0, 0 },

	{ "ECREATE: ATTRIBUTES, all of the platform's",
	  { ATTR(O_SOURCE, SGX_ATTR_DEFINED & ~SGX_ATTR_CET) }, 0, 0, 0 },
	{ "ECREATE: ATTRIBUTES.INIT", { ATTR(O_SOURCE, M64 | SGX_ATTR_INIT) },
	  GP, 0, 0 },
	{ "ECREATE: ATTRIBUTES.CET", { ATTR(O_SOURCE, M64 | SGX_ATTR_CET) },
	  GP, 0, 0 },
	{ "ECREATE: ATTRIBUTES, reserved bit 3", { ATTR(O_SOURCE, M64 | 8) },
	  GP, 0, 0 },
	{ "ECREATE: ATTRIBUTES, reserved bit 63",
	  { ATTR(O_SOURCE, M64 | 1ULL << 63) }, GP, 0, 0 },
	{ "ECREATE: ATTRIBUTES.DEBUG, which the platform has not",
	  { SET(O_CORE, sgx_core, attributes.flags, M64),
	    ATTR(O_SOURCE, M64 | SGX_ATTR_DEBUG) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved after CET_ATTRIBUTES, first byte",
	  { BYTE(O_SOURCE, sgx_secs, reserved1, 0) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved after CET_ATTRIBUTES, last byte",
	  { LAST(O_SOURCE, sgx_secs, reserved1) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved after MRENCLAVE, first byte",
	  { BYTE(O_SOURCE, sgx_secs, reserved2, 0) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved after MRENCLAVE, last byte",
	  { LAST(O_SOURCE, sgx_secs, reserved2) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved after MRSIGNER, first byte",
	  { BYTE(O_SOURCE, sgx_secs, reserved3, 0) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved after MRSIGNER, last byte",
	  { LAST(O_SOURCE, sgx_secs, reserved3) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved at the end, first byte",
	  { BYTE(O_SOURCE, sgx_secs, reserved4, 0) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved where the hidden part comes, EID",
	  { SET(O_SOURCE, sgx_secs, hidden.eid, 1) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved where the hidden part comes, children",
	  { SET(O_SOURCE, sgx_secs, hidden.children, 1) }, GP, 0, 0 },
	{ "ECREATE: SECS reserved, last byte of the page",
	  { LAST(O_SOURCE, sgx_secs, hidden) }, GP, 0, 0 },
	{ "ECREATE: CONFIGID without KSS",
	  { LAST(O_SOURCE, sgx_secs, configid) }, GP, 0, 0 },
	{ "ECREATE: CONFIGSVN without KSS",
	  { SET(O_SOURCE, sgx_secs, configsvn, 1) }, GP, 0, 0 },
	{ "ECREATE: CONFIGID and CONFIGSVN with KSS",
	  { ATTR(O_SOURCE, M64 | SGX_ATTR_KSS),
	    LAST(O_SOURCE, sgx_secs, configid),
	    SET(O_SOURCE, sgx_secs, configsvn, 1) }, 0, 0, 0 },
	{ "ECREATE: what EINIT sets does not matter, and is cleared",
	  { BYTE(O_SOURCE, sgx_secs, mrenclave, 0),
	    BYTE(O_SOURCE, sgx_secs, mrsigner, 0),
	    SET(O_SOURCE, sgx_secs, isvsvn, 3),
	    SET(O_SOURCE, sgx_secs, isvprodid, 3) }, 0, 0, 0 },
};
/* clang-format on */

static int leaf_ecreate(struct fixture *f)
{
	return sgx_ecreate(f->cpu, sgx_ptr(f->args.pageinfo), f->args.epcpage);
}

/* The SECS that ECREATE leaves: the source's, and no identity. */
static void check_created(struct fixture *f)
{
	const struct sgx_secs *secs = f->epcm->page;
	const struct sgx_secs *source = (void *)f->op->page;
	static const u8 zero[32];

	assert_int_equal(sgx_epcm_state(f->epcm),
			 SGX_EPCM_VALID | PT(SGX_PT_SECS));
	assert_null(f->epcm->secs);
	assert_int_equal(f->epcm->addr, 0);
	assert_int_equal(f->epcm->lock, FREE);
	assert_memory_equal(secs, source, offsetof(struct sgx_secs, mrenclave));
	assert_memory_equal(secs->configid, source->configid, 64);
	assert_memory_equal(secs->mrsigner, zero, 32);
	assert_int_equal(secs->isvsvn, 0);
	assert_int_equal(secs->isvprodid, 0);
	assert_int_equal(secs->hidden.blocks, 1);
	assert_int_equal(secs->hidden.children, 0);
	assert_int_equal(secs->hidden.eid, f->host->core.next_eid);
}

static void run_ecreate(void **state)
{
	const struct row *row = *state;
	struct fixture f;

	fixture_init(&f);
	fixture_target(&f, host_epc(f.host));
	secs_default((struct sgx_secs *)f.op->page);
	fixture_patch(&f, row, O_NONE, O_COUNT);
	fixture_run(&f, row, leaf_ecreate);
	if (!row->outcome)
		check_created(&f);
	fixture_free(&f);
}

/* Every byte of the SECS that software must leave zero. */
static void ecreate_reserved_bytes(void **state)
{
	static const struct {
		size_t from, to;
	} ranges[] = { { 33, 48 }, { 96, 128 }, { 160, 192 }, { 262, 4096 } };
	struct fixture f;
	size_t i, at;

	(void)state;
	fixture_init(&f);
	fixture_target(&f, host_epc(f.host));
	secs_default((struct sgx_secs *)f.op->page);
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		for (at = ranges[i].from; at < ranges[i].to; at++) {
			f.op->page[at] = 0x80;
			assert_int_equal(leaf_ecreate(&f), GP);
			assert_int_equal(f.epcm->state, 0);
			assert_int_equal(f.epcm->lock, FREE);
			f.op->page[at] = 0;
		}
	assert_int_equal(leaf_ecreate(&f), 0);
	fixture_free(&f);
}

static void ecreate_eids_differ(void **state)
{
	struct host *host = host_new(2);
	struct enclave *one, *two;
	struct sgx_secs secs;

	(void)state;
	secs_default(&secs);
	one = enclave_create(host, &secs);
	two = enclave_create(host, &secs);
	assert_int_not_equal(sgx_secs_of(one->secs)->hidden.eid,
			     sgx_secs_of(two->secs)->hidden.eid);
	enclave_free(one);
	enclave_free(two);
	host_free(host);
}

/* EADD */

#define FLAGS(val)   SET(O_SECINFO, sgx_secinfo, flags, val)
#define LINADDR(val) SET(O_PAGEINFO, sgx_pageinfo, linaddr, val)

/* clang-format off */
static const struct row eadd_rows[] = {
	{ "EADD", { { 0 } }, 0, 0, 0 },
	{ "EADD: PAGEINFO misaligned",
	  { ADD(O_ARGS, args, pageinfo, 16) }, GP, 0, 0 },
	{ "EADD: EPCPAGE misaligned",
	  { ADD(O_ARGS, args, epcpage, 0x100) }, GP, 0, 0 },
	{ "EADD: EPCPAGE outside the EPC",
	  { SET(O_ARGS, args, epcpage, NOWHERE) }, PF, AT_EPCPAGE, PFEC_W },
	{ "EADD: SRCPGE misaligned",
	  { ADD(O_PAGEINFO, sgx_pageinfo, srcpge, 1) }, GP, 0, 0 },
	{ "EADD: PAGEINFO.SECS misaligned",
	  { ADD(O_PAGEINFO, sgx_pageinfo, secs, 0x800) }, GP, 0, 0 },
	{ "EADD: SECINFO misaligned",
	  { ADD(O_PAGEINFO, sgx_pageinfo, secinfo, 32) }, GP, 0, 0 },
	{ "EADD: LINADDR misaligned", { LINADDR(LA + 0x10) }, GP, 0, 0 },
	{ "EADD: PAGEINFO.SECS outside the EPC",
	  { SET(O_PAGEINFO, sgx_pageinfo, secs, NOWHERE),
	    SET(O_ARGS, args, secs, NOWHERE) }, PF, AT_SECS, PFEC_W },
	{ "EADD: SECINFO.FLAGS bit 7", { FLAGS(REG_RW | 1 << 7) }, GP, 0, 0 },
	{ "EADD: SECINFO.FLAGS bit 16", { FLAGS(REG_RW | 1 << 16) },
	  GP, 0, 0 },
	{ "EADD: SECINFO.RESERVED, first byte",
	  { BYTE(O_SECINFO, sgx_secinfo, reserved, 0) }, GP, 0, 0 },
	{ "EADD: SECINFO.RESERVED, last byte",
	  { LAST(O_SECINFO, sgx_secinfo, reserved) }, GP, 0, 0 },
	{ "EADD: PT_SECS", { FLAGS(PT(SGX_PT_SECS)) }, GP, 0, 0 },
	{ "EADD: PT_VA", { FLAGS(PT(SGX_PT_VA)) }, GP, 0, 0 },
	{ "EADD: PT_TRIM", { FLAGS(PT(SGX_PT_TRIM)) }, GP, 0, 0 },
	{ "EADD: PT_SS_FIRST without CET", { FLAGS(PT(SGX_PT_SS_FIRST) | 3) },
	  GP, 0, 0 },
	{ "EADD: PT_SS_REST without CET", { FLAGS(PT(SGX_PT_SS_REST) | 3) },
	  GP, 0, 0 },
	{ "EADD: undefined page type", { FLAGS(PT(0xff)) }, GP, 0, 0 },
	{ "EADD: page in use, exclusive", { EXCLUSIVE(O_EPCM) }, GP, 0, 0 },
	{ "EADD: page in use, shared", { SHARED(O_EPCM) }, GP, 0, 0 },
	{ "EADD: page valid", { STATE(O_EPCM, SGX_PT_REG, 0) },
	  PF, AT_EPCPAGE, PFEC_W },
	{ "EADD: a valid page comes before an SECS in use",
	  { STATE(O_EPCM, SGX_PT_REG, 0), EXCLUSIVE(O_OWNER) },
	  PF, AT_EPCPAGE, PFEC_W },
	{ "EADD: SECS in use, exclusive", { EXCLUSIVE(O_OWNER) }, GP, 0, 0 },
	{ "EADD: SECS in use, shared", { SHARED(O_OWNER) }, 0, 0, 0 },
	{ "EADD: SECS not valid", { SET(O_OWNER, sgx_epcm, state, 0) },
	  PF, AT_SECS, PFEC_W },
	{ "EADD: SECS is no SECS", { STATE(O_OWNER, SGX_PT_REG, 0) },
	  PF, AT_SECS, PFEC_W },
	{ "EADD: W without R", { FLAGS(PT(SGX_PT_REG) | 2) }, GP, 0, 0 },
	{ "EADD: W and X without R", { FLAGS(PT(SGX_PT_REG) | 6) }, GP, 0, 0 },
	{ "EADD: X without R", { FLAGS(PT(SGX_PT_REG) | 4) }, 0, 0, 0 },
	{ "EADD: no permissions", { FLAGS(PT(SGX_PT_REG)) }, 0, 0, 0 },
	{ "EADD: LINADDR below the enclave",
	  { LINADDR(ENCLAVE_BASE - 0x1000) }, GP, 0, 0 },
	{ "EADD: LINADDR first page", { LINADDR(ENCLAVE_BASE) }, 0, 0, 0 },
	{ "EADD: LINADDR last page",
	  { LINADDR(ENCLAVE_BASE + ENCLAVE_SIZE - 0x1000) }, 0, 0, 0 },
	{ "EADD: LINADDR behind the enclave",
	  { LINADDR(ENCLAVE_BASE + ENCLAVE_SIZE) }, GP, 0, 0 },
	{ "EADD: measurement in use", { MEASURED(O_OWNER) }, GP, 0, 0 },
	{ "EADD: tracking in use",
	  { SET(O_OWNER, sgx_epcm, lock, SGX_LOCK_TRACK) }, 0, 0, 0 },
	{ "EADD: enclave initialized", { ATTR(O_SECS, M64 | SGX_ATTR_INIT) },
	  GP, 0, 0 },
};
/* clang-format on */

/* clang-format off */
static const struct row eadd_tcs_rows[] = {
	{ "EADD: TCS", { { 0 } }, 0, 0, 0 },
	{ "EADD: TCS.FLAGS bit 2", { SET(O_SOURCE, sgx_tcs, flags, 4) },
	  GP, 0, 0 },
	{ "EADD: TCS.FLAGS bit 63",
	  { SET(O_SOURCE, sgx_tcs, flags, 1ULL << 63) }, GP, 0, 0 },
	{ "EADD: TCS.OCETSSA without CET",
	  { SET(O_SOURCE, sgx_tcs, ocetssa, 0x1000) }, GP, 0, 0 },
	{ "EADD: TCS.PREVSSP without CET",
	  { SET(O_SOURCE, sgx_tcs, prevssp, 8) }, GP, 0, 0 },
	{ "EADD: TCS.RESERVED, first byte",
	  { BYTE(O_SOURCE, sgx_tcs, reserved, 0) }, GP, 0, 0 },
	{ "EADD: TCS.RESERVED, last byte",
	  { LAST(O_SOURCE, sgx_tcs, reserved) }, GP, 0, 0 },
	{ "EADD: TCS, permissions are dropped",
	  { FLAGS(PT(SGX_PT_TCS) | 7) }, 0, 0, 0 },
	{ "EADD: TCS, W without R is dropped, too",
	  { FLAGS(PT(SGX_PT_TCS) | 2) }, 0, 0, 0 },
	{ "EADD: TCS.FLAGS.DBGOPTIN, CSSA, AEP and STATE are cleared",
	  { SET(O_SOURCE, sgx_tcs, flags, SGX_TCS_DBGOPTIN),
	    SET(O_SOURCE, sgx_tcs, cssa, 5), SET(O_SOURCE, sgx_tcs, aep, 5),
	    SET(O_SOURCE, sgx_tcs, state, 1) }, 0, 0, 0 },
	{ "EADD: TCS.FSLIMIT does not matter in 64-bit mode",
	  { SET(O_SOURCE, sgx_tcs, fslimit, 0) }, 0, 0, 0 },
};
/* clang-format on */

/* clang-format off */
static const struct row eadd_32bit_rows[] = {
	{ "EADD: TCS of a 32-bit enclave", { { 0 } }, 0, 0, 0 },
	{ "EADD: TCS of a 32-bit enclave, FSLIMIT",
	  { SET(O_SOURCE, sgx_tcs, fslimit, 0xffe) }, GP, 0, 0 },
	{ "EADD: TCS of a 32-bit enclave, GSLIMIT",
	  { SET(O_SOURCE, sgx_tcs, gslimit, 0x1000) }, GP, 0, 0 },
	{ "EADD: TCS of a 32-bit enclave, limits of many pages",
	  { SET(O_SOURCE, sgx_tcs, fslimit, 0x7fff),
	    SET(O_SOURCE, sgx_tcs, gslimit, ~0U) }, 0, 0, 0 },
};
/* clang-format on */

static int leaf_eadd(struct fixture *f)
{
	return sgx_eadd(f->cpu, sgx_ptr(f->args.pageinfo), f->args.epcpage);
}

static void check_added_tcs(const struct fixture *f)
{
	const struct sgx_tcs *source = (void *)f->op->page;
	const struct sgx_tcs *tcs = f->epcm->page;

	assert_int_equal(f->epcm->state, SGX_EPCM_VALID | PT(SGX_PT_TCS));
	assert_int_equal(tcs->state, 0);
	assert_int_equal(tcs->flags, source->flags & ~SGX_TCS_DBGOPTIN);
	assert_int_equal(tcs->cssa, 0);
	assert_int_equal(tcs->aep, 0);
	assert_int_equal(tcs->ossa, source->ossa);
	assert_int_equal(tcs->oentry, source->oentry);
	assert_int_equal(tcs->fslimit, source->fslimit);
}

static void check_added(struct fixture *f)
{
	const struct sgx_secs *secs = sgx_secs_of(f->encl->secs);

	assert_ptr_equal(f->epcm->secs, f->encl->secs);
	assert_int_equal(f->epcm->addr, f->op->pageinfo.linaddr);
	assert_int_equal(f->epcm->lock, FREE);
	assert_int_equal(secs->hidden.children, 1);
	assert_int_equal(secs->hidden.blocks, 2);
	if (f->op->secinfo.flags & PT(SGX_PT_REG)) {
		assert_int_equal(f->epcm->state,
				 SGX_EPCM_VALID | f->op->secinfo.flags);
		assert_memory_equal(f->epcm->page, f->op->page, SGX_PAGE_SIZE);
	} else {
		check_added_tcs(f);
	}
}

static void run_eadd_in(const struct row *row, u64 attributes, u64 flags,
			u32 limit)
{
	struct sgx_tcs tcs = { .ossa = 0x1000,
			       .nssa = 1,
			       .oentry = 0x42,
			       .fslimit = limit,
			       .gslimit = limit };
	struct fixture f;
	u32 lock;

	fixture_init(&f);
	fixture_enclave(&f, attributes);
	fixture_target(&f, host_epc(f.host));
	f.op->secinfo.flags = flags;
	f.op->pageinfo.linaddr = f.encl->base + 0x3000;
	f.op->pageinfo.secs = f.args.secs;
	if (flags & PT(SGX_PT_REG))
		memset(f.op->page, 0xab, SGX_PAGE_SIZE);
	else
		memcpy(f.op->page, &tcs, sizeof(tcs));
	fixture_patch(&f, row, O_NONE, O_COUNT);
	lock = f.encl->secs->lock;
	fixture_run(&f, row, leaf_eadd);
	assert_int_equal(f.encl->secs->lock, lock);
	if (!row->outcome)
		check_added(&f);
	fixture_free(&f);
}

static void run_eadd(void **state)
{
	run_eadd_in(*state, M64, REG_RW, 0);
}

static void run_eadd_tcs(void **state)
{
	run_eadd_in(*state, M64, TCS, 0);
}

static void run_eadd_32bit(void **state)
{
	run_eadd_in(*state, 0, TCS, 0xfff);
}

/* The page is locked when its lock as an SECS is tried. */
static void eadd_to_itself(void **state)
{
	static const struct row row = { "", { { 0 } }, GP, 0, 0 };
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_target(&f, host_epc(f.host));
	f.op->secinfo.flags = REG_RW;
	f.op->pageinfo.linaddr = LA;
	f.op->pageinfo.secs = f.args.epcpage;
	fixture_run(&f, &row, leaf_eadd);
	fixture_free(&f);
}

/* EEXTEND */

/* clang-format off */
static const struct row eextend_rows[] = {
	{ "EEXTEND", { { 0 } }, 0, 0, 0 },
	{ "EEXTEND: last chunk of the page",
	  { ADD(O_ARGS, args, epcpage, 0xf00) }, 0, 0, 0 },
	{ "EEXTEND: SECS misaligned", { ADD(O_ARGS, args, secs, 0x100) },
	  GP, 0, 0 },
	{ "EEXTEND: SECS outside the EPC",
	  { SET(O_ARGS, args, secs, NOWHERE) }, PF, AT_SECS, PFEC_W },
	{ "EEXTEND: target misaligned", { ADD(O_ARGS, args, epcpage, 0x80) },
	  GP, 0, 0 },
	{ "EEXTEND: target outside the EPC",
	  { SET(O_ARGS, args, epcpage, NOWHERE) }, PF, AT_EPCPAGE, PFEC },
	{ "EEXTEND: target's fault comes after that of the SECS",
	  { SET(O_ARGS, args, secs, NOWHERE),
	    ADD(O_ARGS, args, epcpage, 0x80) }, PF, AT_SECS, PFEC_W },
	{ "EEXTEND: page in use, exclusive", { EXCLUSIVE(O_EPCM) }, GP, 0, 0 },
	{ "EEXTEND: page in use, shared", { SHARED(O_EPCM) }, 0, 0, 0 },
	{ "EEXTEND: page not valid", { SET(O_EPCM, sgx_epcm, state, 0) },
	  PF, AT_EPCPAGE, PFEC },
	{ "EEXTEND: page is an SECS", { STATE(O_EPCM, SGX_PT_SECS, 0) },
	  PF, AT_EPCPAGE, PFEC },
	{ "EEXTEND: page is a version array", { STATE(O_EPCM, SGX_PT_VA, 0) },
	  PF, AT_EPCPAGE, PFEC },
	{ "EEXTEND: page is trimmed", { STATE(O_EPCM, SGX_PT_TRIM, 0) },
	  PF, AT_EPCPAGE, PFEC },
	{ "EEXTEND: page is a TCS", { STATE(O_EPCM, SGX_PT_TCS, 0) },
	  0, 0, 0 },
	{ "EEXTEND: SECS is another EPC page",
	  { ADD(O_ARGS, args, secs, 0x1000) }, GP, 0, 0 },
	{ "EEXTEND: measurement in use", { MEASURED(O_OWNER) }, GP, 0, 0 },
	{ "EEXTEND: SECS in use, exclusive", { EXCLUSIVE(O_OWNER) }, 0, 0, 0 },
	{ "EEXTEND: enclave initialized",
	  { ATTR(O_SECS, M64 | SGX_ATTR_INIT) }, GP, 0, 0 },
};
/* clang-format on */

static int leaf_eextend(struct fixture *f)
{
	return sgx_eextend(f->cpu, f->args.secs, f->args.epcpage);
}

static void run_eextend(void **state)
{
	const struct row *row = *state;
	struct fixture f;
	u64 blocks;
	u32 lock;

	fixture_init(&f);
	fixture_enclave(&f, M64);
	fixture_target(&f, enclave_add(f.encl, LA, REG_RW, NULL));
	fixture_patch(&f, row, O_NONE, O_COUNT);
	blocks = sgx_secs_of(f.encl->secs)->hidden.blocks;
	lock = f.encl->secs->lock;
	fixture_run(&f, row, leaf_eextend);
	if (!row->outcome)
		blocks += 5;
	assert_int_equal(sgx_secs_of(f.encl->secs)->hidden.blocks, blocks);
	assert_int_equal(f.encl->secs->lock, lock);
	fixture_free(&f);
}

/* EREMOVE */

/* clang-format off */
static const struct row eremove_rows[] = {
	{ "EREMOVE", { { 0 } }, 0, 0, 0 },
	{ "EREMOVE: misaligned", { ADD(O_ARGS, args, epcpage, 8) }, GP, 0, 0 },
	{ "EREMOVE: outside the EPC", { SET(O_ARGS, args, epcpage, NOWHERE) },
	  PF, AT_EPCPAGE, PFEC_W },
	{ "EREMOVE: page in use, exclusive", { EXCLUSIVE(O_EPCM) }, GP, 0, 0 },
	{ "EREMOVE: page in use, shared", { SHARED(O_EPCM) }, GP, 0, 0 },
	{ "EREMOVE: TCS", { STATE(O_EPCM, SGX_PT_TCS, 0) }, 0, 0, 0 },
	{ "EREMOVE: page being trimmed",
	  { STATE(O_EPCM, SGX_PT_TRIM, SGX_EPCM_MODIFIED) }, 0, 0, 0 },
	{ "EREMOVE: trimmed page", { STATE(O_EPCM, SGX_PT_TRIM, 0) }, 0, 0, 0 },
	{ "EREMOVE: pending page",
	  { STATE(O_EPCM, SGX_PT_REG, SGX_EPCM_PENDING) }, 0, 0, 0 },
	{ "EREMOVE: blocked page",
	  { STATE(O_EPCM, SGX_PT_REG, SGX_EPCM_BLOCKED) }, 0, 0, 0 },
};
/* clang-format on */

/* A processor is inside, in the enclave's first epoch. */
/* clang-format off */
static const struct row eremove_active_rows[] = {
	{ "EREMOVE: enclave active", { { 0 } }, SGX_ENCLAVE_ACT, 0, 0 },
	{ "EREMOVE: TCS, enclave active", { STATE(O_EPCM, SGX_PT_TCS, 0) },
	  SGX_ENCLAVE_ACT, 0, 0 },
	{ "EREMOVE: page being trimmed, enclave active",
	  { STATE(O_EPCM, SGX_PT_TRIM, SGX_EPCM_MODIFIED) },
	  SGX_ENCLAVE_ACT, 0, 0 },
	{ "EREMOVE: trimmed page, enclave active",
	  { STATE(O_EPCM, SGX_PT_TRIM, 0) }, 0, 0, 0 },
};
/* clang-format on */

static int leaf_eremove(struct fixture *f)
{
	return sgx_eremove(f->cpu, f->args.epcpage);
}

static void run_eremove_in(const struct row *row, bool active)
{
	struct fixture f;
	u64 children;

	fixture_init(&f);
	fixture_enclave(&f, M64);
	fixture_target(&f, enclave_add(f.encl, LA, REG_RW, NULL));
	if (active)
		enclave_enter(f.encl, host_cpu(f.host, 1));
	fixture_patch(&f, row, O_NONE, O_COUNT);
	fixture_run(&f, row, leaf_eremove);
	children = sgx_secs_of(f.encl->secs)->hidden.children;
	assert_int_equal(children, row->outcome ? 1 : 0);
	if (!row->outcome) {
		assert_int_equal(f.epcm->state, 0);
		assert_int_equal(f.epcm->lock, FREE);
		assert_null(f.epcm->secs);
	}
	fixture_free(&f);
}

static void run_eremove(void **state)
{
	run_eremove_in(*state, false);
}

static void run_eremove_active(void **state)
{
	run_eremove_in(*state, true);
}

static void eremove_free_page(void **state)
{
	struct fixture f;
	struct snapshot *snap;

	(void)state;
	fixture_init(&f);
	fixture_target(&f, host_epc(f.host));
	snap = snapshot_take(f.host);
	assert_int_equal(leaf_eremove(&f), 0);
	snapshot_unchanged(f.host, snap);
	fixture_free(&f);
}

static void eremove_version_array(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_target(&f, host_epc(f.host));
	f.epcm->state = SGX_EPCM_VALID | PT(SGX_PT_VA);
	assert_int_equal(leaf_eremove(&f), 0);
	assert_int_equal(f.epcm->state, 0);
	fixture_free(&f);
}

/* An enclave is taken down: pages first, then the SECS, then it is free. */
static void eremove_secs(void **state)
{
	struct fixture f;
	struct snapshot *snap;
	struct sgx_epcm *page;

	(void)state;
	fixture_init(&f);
	fixture_enclave(&f, M64);
	page = enclave_add(f.encl, LA, REG_RW, NULL);
	fixture_target(&f, f.encl->secs);
	snap = snapshot_take(f.host);
	assert_int_equal(leaf_eremove(&f), SGX_CHILD_PRESENT);
	snapshot_unchanged(f.host, snap);
	fixture_target(&f, page);
	assert_int_equal(leaf_eremove(&f), 0);
	fixture_target(&f, f.encl->secs);
	assert_int_equal(leaf_eremove(&f), 0);
	assert_int_equal(f.encl->secs->state, 0);
	secs_default((struct sgx_secs *)f.op->page);
	assert_int_equal(leaf_ecreate(&f), 0);
	fixture_free(&f);
}

/*
 * An entry that becomes visible while the page is being removed: the host says
 * "nobody inside" once, and then that somebody is.
 */
static struct fixture *racing;
static const struct sgx_host_ops *racing_ops;

static u64 racing_epoch(struct sgx_core *core, struct sgx_epcm *secs)
{
	u64 oldest = racing_ops->oldest_epoch(core, secs);
	struct sgx_cpu *cpu = host_cpu(racing->host, 1);

	if (!sgx_enclave_mode(cpu))
		enclave_enter(racing->encl, cpu);
	return oldest;
}

static void eremove_race(void **state)
{
	struct sgx_host_ops ops;
	struct fixture f;
	u32 before;

	(void)state;
	fixture_init(&f);
	fixture_enclave(&f, M64);
	fixture_target(&f, enclave_add(f.encl, LA, REG_RW, NULL));
	before = f.epcm->state;
	racing = &f;
	racing_ops = f.host->core.ops;
	ops = *racing_ops;
	ops.oldest_epoch = racing_epoch;
	f.host->core.ops = &ops;
	assert_int_equal(leaf_eremove(&f), SGX_ENCLAVE_ACT);
	assert_int_equal(f.epcm->state, before);
	assert_int_equal(f.epcm->lock, FREE);
	assert_ptr_equal(f.epcm->secs, f.encl->secs);
	assert_int_equal(sgx_secs_of(f.encl->secs)->hidden.children, 1);
	/* Who entered before is of an older epoch than who enters now. */
	assert_true(f.host->cpus[1].cpu.epoch <
		    sgx_secs_of(f.encl->secs)->hidden.epoch);
	fixture_free(&f);
}

/* A page that waits for its ETRACK still does after another was removed. */
static void eremove_is_no_etrack(void **state)
{
	struct fixture f;
	struct sgx_epcm *page;

	(void)state;
	fixture_init(&f);
	fixture_enclave(&f, M64);
	page = enclave_add(f.encl, LA, REG_RW, NULL);
	sgx_epcm_change_tracked(page, SGX_EPCM_W, SGX_EPCM_PR);
	fixture_target(&f, enclave_add(f.encl, LA + 0x1000, REG_RW, NULL));
	assert_int_equal(leaf_eremove(&f), 0);
	assert_false(sgx_epcm_tracked(&f.host->core, page));
	assert_int_equal(sgx_etrack(f.cpu, f.args.secs), 0);
	enclave_enter(f.encl, f.cpu);
	assert_true(sgx_epcm_tracked(&f.host->core, page));
	fixture_free(&f);
}

/* After EINIT nothing can be added or measured. */
static void einit_ends_building(void **state)
{
	struct fixture f;
	u64 page;

	(void)state;
	fixture_init(&f);
	fixture_enclave(&f, M64);
	page = sgx_addr(enclave_add(f.encl, LA, REG_RW, NULL)->page);
	/* All of a page begins with a page. */
	assert_int_equal(sgx_eextend_page(f.cpu, f.args.secs, page + 256), GP);
	enclave_init(f.encl);
	assert_int_equal(sgx_eextend(f.cpu, f.args.secs, page), GP);
	assert_int_equal(sgx_eextend_page(f.cpu, f.args.secs, page), GP);
	f.op->secinfo.flags = REG_RW;
	f.op->pageinfo.linaddr = LA + 0x1000;
	f.op->pageinfo.secs = f.args.secs;
	fixture_target(&f, host_epc(f.host));
	assert_int_equal(leaf_eadd(&f), GP);
	assert_memory_equal(sgx_secs_of(f.encl->secs)->mrenclave,
			    f.encl->mrenclave, 32);
	fixture_free(&f);
}

/* MRENCLAVE */

/* Every record that counts makes another measurement; all are accepted. */
static void mrenclave_known(void **state)
{
	/* Made with hashlib: ECREATE, EADD at 1000H RX, 16 EEXTEND of zeroes. */
	static const u8 expected[32] = {
		0xd3, 0x59, 0x85, 0x1f, 0x15, 0xcf, 0xa2, 0x12,
		0x91, 0x85, 0x07, 0xc5, 0xbb, 0xe8, 0x6e, 0x38,
		0x4d, 0xd1, 0x20, 0xfd, 0xe8, 0x9e, 0x26, 0x74,
		0xaa, 0x52, 0xda, 0xcd, 0xa1, 0x4c, 0x82, 0x40,
	};
	struct host *host = host_new(4);
	struct enclave *encl;
	struct sgx_secs secs;

	(void)state;
	secs_default(&secs);
	secs.size = 0x10000;
	encl = enclave_create(host, &secs);
	enclave_add(encl, ENCLAVE_BASE + 0x1000, REG_RX, NULL);
	enclave_init(encl);
	assert_memory_equal(sgx_secs_of(encl->secs)->mrenclave, expected, 32);
	enclave_free(encl);
	host_free(host);
}

/* Many pages, a TCS, chunks in their order: as OpenSSL measures it. */
static void mrenclave_large(void **state)
{
	struct host *host = host_new(40);
	struct sgx_tcs tcs = { .ossa = 0x2000, .nssa = 2, .oentry = 0x1000 };
	u8 content[SGX_PAGE_SIZE];
	struct enclave *encl;
	struct sgx_secs secs;
	unsigned int i;

	(void)state;
	secs_default(&secs);
	secs.miscselect = 1;
	secs.ssaframesize = 3;
	encl = enclave_create(host, &secs);
	enclave_add(encl, ENCLAVE_BASE, TCS, &tcs);
	for (i = 1; i < 32; i++) {
		memset(content, (int)i, sizeof(content));
		enclave_add(encl, ENCLAVE_BASE + i * SGX_PAGE_SIZE,
			    i % 2 ? REG_RX : REG_RW, content);
	}
	enclave_init(encl);
	assert_memory_equal(sgx_secs_of(encl->secs)->mrenclave, encl->mrenclave,
			    32);
	enclave_free(encl);
	host_free(host);
}

int main(void)
{
	static struct tests t;

	TESTS_TABLE(&t, run_ecreate, ecreate_rows);
	tests_add(&t, "ECREATE: every reserved byte", ecreate_reserved_bytes,
		  NULL);
	tests_add(&t, "ECREATE: EIDs differ", ecreate_eids_differ, NULL);
	TESTS_TABLE(&t, run_eadd, eadd_rows);
	TESTS_TABLE(&t, run_eadd_tcs, eadd_tcs_rows);
	TESTS_TABLE(&t, run_eadd_32bit, eadd_32bit_rows);
	tests_add(&t, "EADD: a free page to itself", eadd_to_itself, NULL);
	TESTS_TABLE(&t, run_eextend, eextend_rows);
	TESTS_TABLE(&t, run_eremove, eremove_rows);
	TESTS_TABLE(&t, run_eremove_active, eremove_active_rows);
	tests_add(&t, "EREMOVE: free page", eremove_free_page, NULL);
	tests_add(&t, "EREMOVE: version array", eremove_version_array, NULL);
	tests_add(&t, "EREMOVE: SECS with pages, and without", eremove_secs,
		  NULL);
	tests_add(&t, "EREMOVE: an entry meanwhile", eremove_race, NULL);
	tests_add(&t, "EREMOVE: is no ETRACK", eremove_is_no_etrack, NULL);
	tests_add(&t, "EINIT: ends the building", einit_ends_building, NULL);
	tests_add(&t, "MRENCLAVE: a known one", mrenclave_known, NULL);
	tests_add(&t, "MRENCLAVE: 32 pages", mrenclave_large, NULL);
	return TESTS_RUN("build", &t);
}
