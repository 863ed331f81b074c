// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The platform (CPUID, XSAVE sizes), EPCM locks, the operand check, the
 * cryptography by published vectors, and the dispatch of ENCLU.
 */
#include "table.h"
#include <openssl/evp.h>

/* CPUID leaf 12H */

/* clang-format off */
static const struct cpuid_row {
	const char *name;
	u32 subleaf;
	bool sgx2;
	u32 out[4];
} cpuid_rows[] = {
	{ "CPUID 12H.0: SGX1, SGX2, EDECCSSA; EXINFO; sizes", 0, true,
	  { 0x803, 1, 0, 0x2e1f } },
	{ "CPUID 12H.0 without SGX2", 0, false, { 0x801, 1, 0, 0x2e1f } },
	{ "CPUID 12H.1: ATTRIBUTES without INIT and CET", 1, true,
	  { 0x4b6, 0, 0xe7, 0 } },
	{ "CPUID 12H.2: the EPC section", 2, true,
	  { 0x80000001, 0x1, 0x10001, 0 } },
	{ "CPUID 12H.3: invalid", 3, true, { 0, 0, 0, 0 } },
	{ "CPUID 12H.FFFFFFFFH: invalid", ~0U, true, { 0, 0, 0, 0 } },
};
/* clang-format on */

static void run_cpuid(void **state)
{
	const struct cpuid_row *row = *state;
	struct host *host = host_new(16);
	u32 out[4] = { ~0U, ~0U, ~0U, ~0U };

	host->core.sgx2 = row->sgx2;
	sgx_cpuid(&host->core, row->subleaf, out);
	assert_memory_equal(out, row->out, sizeof(out));
	host_free(host);
}

static void cpuid_high_epc(void **state)
{
	struct host *host = host_new(1);
	u32 out[4];

	(void)state;
	host->core.epc_base = 0xabcde12345000ULL;
	host->core.epc_size = 0x123456000ULL;
	sgx_cpuid(&host->core, 2, out);
	assert_int_equal(out[0], 0x12345001);
	assert_int_equal(out[1], 0xabcde);
	assert_int_equal(out[2], 0x23456001);
	assert_int_equal(out[3], 0x1);
	host_free(host);
}

static void core_init_masks(void **state)
{
	struct host *host = host_new(1);
	u8 keyid[32];

	(void)state;
	memcpy(keyid, host->core.report_keyid, sizeof(keyid));
	host->core.attributes.flags = ~0ULL;
	host->core.attributes.xfrm = 4;
	host->core.miscselect = ~0U;
	host->core.next_eid = 5;
	sgx_core_init(&host->core);
	assert_int_equal(host->core.attributes.flags, 0x4b6);
	assert_int_equal(host->core.attributes.xfrm, 7);
	assert_int_equal(host->core.miscselect, SGX_MISC_EXINFO);
	assert_int_equal(host->core.next_eid, 0);
	assert_memory_not_equal(keyid, host->core.report_keyid, sizeof(keyid));
	host_free(host);
}

/* clang-format off */
static const struct xsave_row {
	const char *name;
	u64 xfrm;
	u64 size;
} xsave_rows[] = {
	{ "XSAVE area of x87 and SSE", 0x3, 576 },
	{ "XSAVE area with AVX", 0x7, 832 },
	{ "XSAVE area with AVX-512", 0xe7, 2688 },
	{ "XSAVE area ends with the last component only", 0x23, 1152 },
	{ "XSAVE area with a component that has no size", 0x103, 576 },
};
/* clang-format on */

static void run_xsave(void **state)
{
	const struct xsave_row *row = *state;
	struct host *host = host_new(1);

	assert_int_equal(sgx_xsave_size(&host->core, row->xfrm), row->size);
	host_free(host);
}

/* EPCM lock words */

#define S SGX_LOCK_SHARED
#define X SGX_LOCK_EXCLUSIVE
#define M SGX_LOCK_MEASURE
#define T SGX_LOCK_TRACK

/* clang-format off */
static const struct lock_row {
	const char *name;
	u32 held;
	u32 how;
	bool granted;
} lock_rows[] = {
	{ "lock: shared, free", 0, S, true },
	{ "lock: exclusive, free", 0, X, true },
	{ "lock: measurement, free", 0, M, true },
	{ "lock: tracking, free", 0, T, true },
	{ "lock: shared while shared", 2 * S, S, true },
	{ "lock: exclusive while shared", S, X, false },
	{ "lock: shared while exclusive", X, S, false },
	{ "lock: exclusive while exclusive", X, X, false },
	{ "lock: measurement while measured", M, M, false },
	{ "lock: tracking while measured", M, T, true },
	{ "lock: tracking while tracked", T, T, false },
	{ "lock: measurement while shared", 3 * S, M, true },
	{ "lock: measurement while exclusive", X, M, true },
	{ "lock: exclusive while measured", M, X, true },
	{ "lock: shared and measurement, free", 0, S | M, true },
	{ "lock: shared and measurement while measured", M, S | M, false },
	{ "lock: shared and tracking while exclusive", X, S | T, false },
};
/* clang-format on */

static void run_lock(void **state)
{
	const struct lock_row *row = *state;
	struct sgx_epcm epcm = { .lock = row->held };

	assert_int_equal(sgx_epcm_trylock(&epcm, row->how), row->granted);
	if (!row->granted) {
		assert_int_equal(epcm.lock, row->held);
		return;
	}
	assert_int_equal(epcm.lock, row->held + row->how);
	sgx_epcm_unlock(&epcm, row->how);
	assert_int_equal(epcm.lock, row->held);
}

/* The operand check of ENCLU leaves */

enum { O_EPCM = 1, O_PTE };

#define LA	  (ENCLAVE_BASE + 0x1000)
#define REG_STATE (SGX_EPCM_VALID | SGX_EPCM_R | SGX_EPCM_W | SGX_PT_REG << 8)
#define PAGE(val) SET(O_EPCM, sgx_epcm, state, REG_STATE | (val))
#define ONLY(val) SET(O_EPCM, sgx_epcm, state, val)

/* clang-format off */
static const struct page_row {
	struct row row;
	u32 access;
} page_rows[] = {
	{ { "page: readable", { { 0 } }, 0, 0, 0 }, 0 },
	{ { "page: writable", { { 0 } }, 0, 0, 0 }, SGX_PFEC_W },
	{ { "page: execute permission does not matter",
	    { PAGE(SGX_EPCM_X) }, 0, 0, 0 }, 0 },
	{ { "page: not valid", { ONLY(REG_STATE & ~SGX_EPCM_VALID) },
	    PF, 1, PFEC_EPCM }, 0 },
	{ { "page: blocked", { PAGE(SGX_EPCM_BLOCKED) }, PF, 1, PFEC_EPCM }, 0 },
	{ { "page: pending", { PAGE(SGX_EPCM_PENDING) }, PF, 1, PFEC_EPCM }, 0 },
	{ { "page: modified", { PAGE(SGX_EPCM_MODIFIED) }, PF, 1, PFEC_EPCM },
	  0 },
	{ { "page: PR does not matter", { PAGE(SGX_EPCM_PR) }, 0, 0, 0 }, 0 },
	{ { "page: PT_SECS", { ONLY(SGX_EPCM_VALID | 3) }, PF, 1, PFEC_EPCM },
	  0 },
	{ { "page: PT_TCS", { ONLY(SGX_EPCM_VALID | 3 | SGX_PT_TCS << 8) },
	    PF, 1, PFEC_EPCM }, 0 },
	{ { "page: PT_TRIM", { ONLY(SGX_EPCM_VALID | 3 | SGX_PT_TRIM << 8) },
	    PF, 1, PFEC_EPCM }, 0 },
	{ { "page: of another enclave", { SET(O_EPCM, sgx_epcm, secs, 0) },
	    PF, 1, PFEC_EPCM }, 0 },
	{ { "page: entered for another address",
	    { ADD(O_EPCM, sgx_epcm, addr, 0x1000) }, PF, 1, PFEC_EPCM }, 0 },
	{ { "page: read without R", { ONLY(REG_STATE & ~SGX_EPCM_R) },
	    PF, 1, PFEC_EPCM }, 0 },
	{ { "page: written without W", { ONLY(REG_STATE & ~SGX_EPCM_W) },
	    PF, 1, PFEC_EPCM_W }, SGX_PFEC_W },
	{ { "page: write-only is writable", { ONLY(REG_STATE & ~SGX_EPCM_R) },
	    0, 0, 0 }, SGX_PFEC_W },
	{ { "page: ordinary memory", { SET(O_PTE, host_pte, epcm, 0) },
	    PF, 1, PFEC_EPCM }, 0 },
	{ { "page: not mapped", { SET(O_PTE, host_pte, present, 0) },
	    PF, 2, SGX_PFEC_U }, 0 },
	{ { "page: not mapped, written", { SET(O_PTE, host_pte, present, 0) },
	    PF, 2, SGX_PFEC_U | SGX_PFEC_W }, SGX_PFEC_W },
	{ { "page: mapped read-only", { SET(O_PTE, host_pte, writable, 0) },
	    PF, 2, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W }, SGX_PFEC_W },
	{ { "page: mapped read-only is readable",
	    { SET(O_PTE, host_pte, writable, 0) }, 0, 0, 0 }, 0 },
	{ { "page: mapped for the processor's own writes, written",
	    { SET(O_PTE, host_pte, writable, 0), SET(O_PTE, host_pte, state, 1) },
	    PF, 2, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W }, SGX_PFEC_W },
	{ { "page: mapped for the processor's own writes",
	    { SET(O_PTE, host_pte, writable, 0), SET(O_PTE, host_pte, state, 1) },
	    0, 0, 0 }, SGX_ACCESS_STATE },
	{ { "page: mapped read-only, the processor's own write",
	    { SET(O_PTE, host_pte, writable, 0) },
	    PF, 2, SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W }, SGX_ACCESS_STATE },
	{ { "page: the processor's own write without W",
	    { ONLY(REG_STATE & ~SGX_EPCM_W) },
	    PF, 1, PFEC_EPCM_W }, SGX_ACCESS_STATE },
	{ { "page: the host asks to execute again",
	    { SET(O_PTE, host_pte, retry, 1) }, SGX_RETRY, 0, 0 }, 0 },
};
/* clang-format on */

static void run_page(void **state)
{
	const struct page_row *row = *state;
	struct host *host = host_new(2);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	struct sgx_epcm *secs = host_epc(host), *epcm = host_epc(host);
	struct sgx_epcm *found = NULL;
	void *objects[] = { [O_EPCM] = epcm, [O_PTE] = NULL };
	const u64 la = LA + 0x40;
	int ret, i;

	epcm->secs = secs;
	epcm->addr = LA;
	epcm->state = REG_STATE;
	objects[O_PTE] = host_map(host, LA, epcm);
	for (i = 0; row->row.patches[i].object; i++)
		patch(objects[row->row.patches[i].object],
		      &row->row.patches[i]);
	ret = sgx_enclave_page(cpu, secs, la, row->access, &found);
	assert_outcome(cpu, ret, row->row.outcome, row->row.at == 1 ? la : LA,
		       row->row.errcd);
	assert_ptr_equal(found, ret ? NULL : epcm);
	host_free(host);
}

static void elrange(void **state)
{
	struct host *host = host_new(1);
	struct sgx_cpu *cpu = host_cpu(host, 0);

	(void)state;
	assert_false(sgx_in_elrange(cpu, 0));
	cpu->secs = host_epc(host);
	cpu->base = ENCLAVE_BASE;
	cpu->size = ENCLAVE_SIZE;
	assert_false(sgx_in_elrange(cpu, ENCLAVE_BASE - 1));
	assert_true(sgx_in_elrange(cpu, ENCLAVE_BASE));
	assert_true(sgx_in_elrange(cpu, ENCLAVE_BASE + ENCLAVE_SIZE - 1));
	assert_false(sgx_in_elrange(cpu, ENCLAVE_BASE + ENCLAVE_SIZE));
	cpu->secs = NULL;
	assert_false(sgx_in_elrange(cpu, ENCLAVE_BASE));
	host_free(host);
}

/* Cryptography */

static void unhex(const char *hex, u8 *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (u8)byte;
	}
}

/* clang-format off */
static const struct hash_row {
	const char *name;
	const char *message;
	const char *digest;
} hash_rows[] = {
	{ "SHA-256: FIPS 180-2, one block", "abc",
	  "ba7816bf8f01cfea414140de5dae2223"
	  "b00361a396177a9cb410ff61f20015ad" },
	{ "SHA-256: FIPS 180-2, two blocks",
	  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039"
	  "a33ce45964ff2167f6ecedd419db06c1" },
	{ "SHA-256: nothing", "",
	  "e3b0c44298fc1c149afbf4c8996fb924"
	  "27ae41e4649b934ca495991b7852b855" },
};
/* clang-format on */

static void run_hash(void **state)
{
	const struct hash_row *row = *state;
	struct host *host = host_new(1);
	u8 expected[32], digest[32];

	unhex(row->digest, expected, sizeof(expected));
	sgx_sha256(&host->core, row->message, strlen(row->message), digest);
	assert_memory_equal(digest, expected, sizeof(digest));
	host_free(host);
}

/* Around the padding, every length of up to three blocks. */
static void hash_lengths(void **state)
{
	struct host *host = host_new(1);
	u8 data[192], expected[32], digest[32];
	size_t len;

	(void)state;
	memset(data, 0xa5, sizeof(data));
	for (len = 0; len <= sizeof(data); len++) {
		assert_true(EVP_Digest(data, len, expected, NULL, EVP_sha256(),
				       NULL));
		sgx_sha256(&host->core, data, len, digest);
		assert_memory_equal(digest, expected, sizeof(digest));
	}
	host_free(host);
}

/* clang-format off */
static const struct mac_row {
	const char *name;
	size_t len;
	const char *mac;
} mac_rows[] = {
	{ "AES-CMAC: RFC 4493, example 1", 0,
	  "bb1d6929e95937287fa37d129b756746" },
	{ "AES-CMAC: RFC 4493, example 2", 16,
	  "070a16b46b4d4144f79bdd9dd04a287c" },
	{ "AES-CMAC: RFC 4493, example 3", 40,
	  "dfa66747de9ae63030ca32611497c827" },
	{ "AES-CMAC: RFC 4493, example 4", 64,
	  "51f0bebf7e3b9d92fc49741779363cfe" },
};
/* clang-format on */

static void run_mac(void **state)
{
	static const char message[] = "6bc1bee22e409f96e93d7e117393172a"
				      "ae2d8a571e03ac9c9eb76fac45af8e51"
				      "30c81c46a35ce411e5fbc1191a0a52ef"
				      "f69f2445df4f9b17ad2b417be66c3710";
	const struct mac_row *row = *state;
	struct host *host = host_new(1);
	u8 key[16], data[64], expected[16], mac[16];

	unhex("2b7e151628aed2a6abf7158809cf4f3c", key, sizeof(key));
	unhex(message, data, sizeof(data));
	unhex(row->mac, expected, sizeof(expected));
	sgx_cmac(&host->core, key, data, row->len, mac);
	assert_memory_equal(mac, expected, sizeof(mac));
	host_free(host);
}

/* ENCLU */

enum side { OUT, IN };

/* With no enclave and RBX 0, a leaf that is reached gives #GP or #PF, too. */
/* clang-format off */
static const struct enclu_row {
	const char *name;
	u64 rax;
	enum side side;
	bool sgx2;
} enclu_rows[] = {
	{ "ENCLU: leaf 8 does not exist, inside", 8, IN, true },
	{ "ENCLU: leaf 8 does not exist, outside", 8, OUT, true },
	{ "ENCLU: leaf AH does not exist", 0xa, IN, true },
	{ "ENCLU: leaf FFFFFFFFH does not exist", 0xffffffff, IN, true },
	{ "ENCLU: EREPORT outside", SGX_EREPORT, OUT, true },
	{ "ENCLU: EGETKEY outside", SGX_EGETKEY, OUT, true },
	{ "ENCLU: EEXIT outside", SGX_EEXIT, OUT, true },
	{ "ENCLU: EACCEPT outside", SGX_EACCEPT, OUT, true },
	{ "ENCLU: EMODPE outside", SGX_EMODPE, OUT, true },
	{ "ENCLU: EACCEPTCOPY outside", SGX_EACCEPTCOPY, OUT, true },
	{ "ENCLU: EDECCSSA outside", SGX_EDECCSSA, OUT, true },
	{ "ENCLU: EENTER inside", SGX_EENTER, IN, true },
	{ "ENCLU: ERESUME inside", SGX_ERESUME, IN, true },
	{ "ENCLU: EACCEPT without SGX2", SGX_EACCEPT, IN, false },
	{ "ENCLU: EMODPE without SGX2", SGX_EMODPE, IN, false },
	{ "ENCLU: EACCEPTCOPY without SGX2", SGX_EACCEPTCOPY, IN, false },
};
/* clang-format on */

/* Leaves that are reached, as the #PF of an operand that is not mapped shows. */
/* clang-format off */
static const struct enclu_row reached_rows[] = {
	{ "ENCLU: EREPORT inside", SGX_EREPORT, IN, true },
	{ "ENCLU: EGETKEY inside", SGX_EGETKEY, IN, true },
	{ "ENCLU: EACCEPT inside", SGX_EACCEPT, IN, true },
	{ "ENCLU: EMODPE inside", SGX_EMODPE, IN, true },
	{ "ENCLU: EACCEPTCOPY inside", SGX_EACCEPTCOPY, IN, true },
	{ "ENCLU: EREPORT without SGX2", SGX_EREPORT, IN, false },
	{ "ENCLU: EGETKEY without SGX2", SGX_EGETKEY, IN, false },
};
/* clang-format on */

static struct enclave *small_enclave(struct host *host)
{
	struct enclave *encl;
	struct sgx_secs secs;

	secs_default(&secs);
	encl = enclave_create(host, &secs);
	enclave_add(encl, LA, REG_RW, NULL);
	enclave_init(encl);
	return encl;
}

static void run_enclu(void **state)
{
	const struct enclu_row *row = *state;
	struct host *host = host_new(4);
	struct enclave *encl = small_enclave(host);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	struct snapshot *snap;

	host->core.sgx2 = row->sgx2;
	if (row->side == IN)
		enclave_enter(encl, cpu);
	/* Operands that EGETKEY would take. */
	*cpu->regs = (struct sgx_regs){
		.rax = row->rax,
		.rbx = LA,
		.rcx = LA + 0x800,
		.rip = LA,
		.rflags = 0x202,
	};
	snap = snapshot_take(host);
	assert_outcome(cpu, sgx_enclu(cpu), GP, 0, 0);
	snapshot_unchanged(host, snap);
	enclave_free(encl);
	host_free(host);
}

static void run_reached(void **state)
{
	const struct enclu_row *row = *state;
	struct host *host = host_new(4);
	struct enclave *encl = small_enclave(host);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	const u64 la = LA + 0x1000;

	host->core.sgx2 = row->sgx2;
	enclave_enter(encl, cpu);
	*cpu->regs = (struct sgx_regs){
		.rax = row->rax,
		.rbx = la,
		.rcx = la,
		.rdx = la,
		.rip = LA,
	};
	assert_outcome(cpu, sgx_enclu(cpu), PF, la, SGX_PFEC_U);
	enclave_free(encl);
	host_free(host);
}

#define STATUS_FLAGS 0x8d5ULL

/* EAX is all that counts; a code in RAX, ZF, the other flags cleared. */
static void enclu_code(void **state)
{
	struct host *host = host_new(4);
	struct enclave *encl = small_enclave(host);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	struct sgx_keyrequest *req = host_at(host, LA);

	(void)state;
	enclave_enter(encl, cpu);
	req->keyname = SGX_REPORT_KEY;
	*cpu->regs = (struct sgx_regs){
		.rax = 0xdead00000000ULL | SGX_EGETKEY,
		.rbx = LA,
		.rcx = LA + 0x800,
		.rip = LA,
		.rflags = 0x202 | STATUS_FLAGS,
	};
	assert_int_equal(sgx_enclu(cpu), 0);
	assert_int_equal(cpu->regs->rax, 0);
	assert_int_equal(cpu->regs->rflags, 0x202);
	assert_int_equal(cpu->regs->rip, LA + SGX_ENCLU_LEN);

	req->keyname = 99;
	cpu->regs->rax = SGX_EGETKEY;
	cpu->regs->rflags = 0x202 | (STATUS_FLAGS & ~SGX_RFLAGS_ZF);
	assert_int_equal(sgx_enclu(cpu), 0);
	assert_int_equal(cpu->regs->rax, SGX_INVALID_KEYNAME);
	assert_int_equal(cpu->regs->rflags, 0x202 | SGX_RFLAGS_ZF);
	assert_int_equal(cpu->regs->rip, LA + 2 * SGX_ENCLU_LEN);
	enclave_free(encl);
	host_free(host);
}

/* EREPORT: RAX and RFLAGS as they were. */
static void enclu_silent(void **state)
{
	struct host *host = host_new(4);
	struct enclave *encl = small_enclave(host);
	struct sgx_cpu *cpu = host_cpu(host, 0);

	(void)state;
	enclave_enter(encl, cpu);
	*cpu->regs = (struct sgx_regs){
		.rax = 0xdead00000000ULL | SGX_EREPORT,
		.rbx = LA,
		.rcx = LA + 0x400,
		.rdx = LA + 0x800,
		.rip = LA,
		.rflags = 0x202 | STATUS_FLAGS,
	};
	assert_int_equal(sgx_enclu(cpu), 0);
	assert_int_equal(cpu->regs->rax, 0xdead00000000ULL | SGX_EREPORT);
	assert_int_equal(cpu->regs->rflags, 0x202 | STATUS_FLAGS);
	assert_int_equal(cpu->regs->rip, LA + SGX_ENCLU_LEN);
	enclave_free(encl);
	host_free(host);
}

/* A fault or SGX_RETRY of the leaf passes through, with nothing changed. */
static void enclu_fault(void **state)
{
	struct host *host = host_new(4);
	struct enclave *encl = small_enclave(host);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	struct snapshot *snap;

	(void)state;
	enclave_enter(encl, cpu);
	*cpu->regs = (struct sgx_regs){
		.rax = SGX_EGETKEY,
		.rbx = LA,
		.rcx = LA + 0x1000,
		.rip = LA,
		.rflags = 0x202 | STATUS_FLAGS,
	};
	snap = snapshot_take(host);
	assert_outcome(cpu, sgx_enclu(cpu), PF, LA + 0x1000,
		       SGX_PFEC_U | SGX_PFEC_W);
	snapshot_unchanged(host, snap);
	host_pte(host, LA)->retry = 1;
	snap = snapshot_take(host);
	assert_int_equal(sgx_enclu(cpu), SGX_RETRY);
	snapshot_unchanged(host, snap);
	enclave_free(encl);
	host_free(host);
}

/* EEXIT says itself where execution goes on. */
static void enclu_transfer(void **state)
{
	struct host *host = host_new(8);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	struct sgx_tcs tcs = { .ossa = 0x2000, .nssa = 1, .oentry = 0x1000 };
	struct enclave *encl;
	struct sgx_secs secs;

	(void)state;
	secs_default(&secs);
	encl = enclave_create(host, &secs);
	enclave_add(encl, ENCLAVE_BASE, TCS, &tcs);
	enclave_add(encl, LA, REG_RX, NULL);
	enclave_add(encl, LA + 0x1000, REG_RW, NULL);
	enclave_init(encl);
	*cpu->regs = (struct sgx_regs){
		.rax = SGX_EENTER,
		.rbx = ENCLAVE_BASE,
		.rcx = 0x401000,
		.rip = 0x400000,
		.rflags = 0x202,
	};
	assert_int_equal(sgx_enclu(cpu), 0);
	assert_int_equal(cpu->regs->rip, LA);
	assert_int_equal(cpu->regs->rax, 0);
	cpu->regs->rax = SGX_EEXIT;
	cpu->regs->rbx = 0x400100;
	assert_int_equal(sgx_enclu(cpu), 0);
	assert_int_equal(cpu->regs->rip, 0x400100);
	assert_false(sgx_enclave_mode(cpu));
	enclave_free(encl);
	host_free(host);
}

/* A page in every state is free afterwards, and empty. */
static void power_loss(void **state)
{
	const u32 child = SGX_EPCM_VALID | SGX_EPCM_RWX |
			  (SGX_PT_REG << SGX_EPCM_PT_SHIFT);
	const u32 states[] = { 0, child, child | SGX_EPCM_BLOCKED,
			       child | SGX_EPCM_PENDING,
			       SGX_EPCM_VALID |
				       (SGX_PT_VA << SGX_EPCM_PT_SHIFT) };
	struct host *host = host_new(8);
	struct sgx_epcm *epcm = host_epc(host);
	struct sgx_cpu *cpu = host_cpu(host, 0);
	static const u8 zeros[SGX_PAGE_SIZE];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		memset(epcm->page, 0x5a, SGX_PAGE_SIZE);
		epcm->state = states[i];
		epcm->addr = LA;
		epcm->secs = epcm;
		sgx_epcm_reset(epcm);
		assert_memory_equal(epcm->page, zeros, sizeof(zeros));
		assert_null(epcm->secs);
		assert_int_equal(epcm->addr, 0);
		/* Free: it can become another. */
		assert_int_equal(sgx_epa(cpu, SGX_PT_VA, sgx_addr(epcm->page)),
				 0);
	}
	host_free(host);
}

int main(void)
{
	static struct tests t;

	TESTS_TABLE(&t, run_cpuid, cpuid_rows);
	tests_add(&t, "CPUID 12H.2 beyond 4 GiB", cpuid_high_epc, NULL);
	tests_add(&t, "reset masks what is not offered", core_init_masks, NULL);
	TESTS_TABLE(&t, run_xsave, xsave_rows);
	TESTS_TABLE(&t, run_lock, lock_rows);
	for (size_t i = 0; i < sizeof(page_rows) / sizeof(page_rows[0]); i++)
		tests_add(&t, page_rows[i].row.name, run_page, &page_rows[i]);
	tests_add(&t, "CR_ELRANGE", elrange, NULL);
	TESTS_TABLE(&t, run_hash, hash_rows);
	tests_add(&t, "SHA-256: every length to 192", hash_lengths, NULL);
	TESTS_TABLE(&t, run_mac, mac_rows);
	TESTS_TABLE(&t, run_enclu, enclu_rows);
	TESTS_TABLE(&t, run_reached, reached_rows);
	tests_add(&t, "ENCLU: a leaf with a code", enclu_code, NULL);
	tests_add(&t, "ENCLU: a leaf without a code", enclu_silent, NULL);
	tests_add(&t, "ENCLU: a fault, a retry", enclu_fault, NULL);
	tests_add(&t, "ENCLU: a transfer of control", enclu_transfer, NULL);
	tests_add(&t, "reset frees a page in any state", power_loss, NULL);
	return TESTS_RUN("core", &t);
}
