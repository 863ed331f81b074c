// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * EINIT: every failure that its page of the SDM lists, forged signatures, and
 * tokens of a launch enclave.
 */
#include "build.h"

#define SIG(field, val)	  SET(O_SIG, sgx_sigstruct, field, val)
#define SIGBYTE(field, i) BYTE(O_SIG, sgx_sigstruct, field, i)
#define FLIP(field, i)                                                    \
	{                                                                 \
		O_SIGNED, offsetof(struct sgx_sigstruct, field) + (i), 1, \
			true, 1                                           \
	}
#define MASK(field) SET(O_SIG, sgx_sigstruct, field, 0)

/* clang-format off */
static const struct row einit_rows[] = {
	{ "EINIT", { { 0 } }, 0, 0, 0 },
	{ "EINIT: SIGSTRUCT misaligned",
	  { ADD(O_ARGS, args, sigstruct, 0x800) }, GP, 0, 0 },
	{ "EINIT: SECS misaligned", { ADD(O_ARGS, args, secs, 0x800) },
	  GP, 0, 0 },
	{ "EINIT: EINITTOKEN misaligned", { ADD(O_ARGS, args, token, 0x100) },
	  GP, 0, 0 },
	{ "EINIT: EINITTOKEN aligned to 512", { ADD(O_ARGS, args, token, 512) },
	  0, 0, 0 },
	{ "EINIT: SECS outside the EPC", { SET(O_ARGS, args, secs, NOWHERE) },
	  PF, AT_SECS, PFEC_W },

	{ "EINIT: HEADER, first byte", { SIG(header[0], 7) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: HEADER, last byte", { SIGBYTE(header, 15) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: VENDOR Intel", { SIG(vendor, 0x8086) }, 0, 0, 0 },
	{ "EINIT: VENDOR other", { SIG(vendor, 1) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: DATE and SWDEFINED are the signer's own",
	  { SIG(date, 0), SIG(swdefined, 0xffffffff) }, 0, 0, 0 },
	{ "EINIT: HEADER2, first byte", { SIG(header2[0], 2) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: HEADER2, last byte", { SIGBYTE(header2, 15) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: EXPONENT", { SIG(exponent, 65537) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after SWDEFINED, first byte",
	  { SIGBYTE(reserved1, 0) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after SWDEFINED, last byte",
	  { SIGBYTE(reserved1, 83) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: CET_ATTRIBUTES without CET", { SIG(cet_attributes, 1) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: CET_ATTRIBUTES_MASK without CET",
	  { SIG(cet_attributes_mask, 1) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after the CET fields", { SIGBYTE(reserved2, 1) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after ENCLAVEHASH, first byte",
	  { SIGBYTE(reserved3, 0) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after ENCLAVEHASH, last byte",
	  { SIGBYTE(reserved3, 15) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after ISVSVN, first byte",
	  { SIGBYTE(reserved4, 0) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: reserved after ISVSVN, last byte",
	  { SIGBYTE(reserved4, 11) }, SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: a bad SIGSTRUCT comes before a bad SECS",
	  { SIG(exponent, 5), STATE(O_OWNER, SGX_PT_REG, 0) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },

	{ "EINIT: SIGNATURE, lowest byte", { FLIP(signature, 0) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: SIGNATURE, highest byte", { FLIP(signature, 383) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: MODULUS, lowest byte", { FLIP(modulus, 0) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: MODULUS, a byte in the middle", { FLIP(modulus, 200) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: Q1 too great by 1", { FLIP(q1, 0) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: Q1, highest byte", { FLIP(q1, 383) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: Q2, a byte in the middle", { FLIP(q2, 100) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: Q2, highest byte", { FLIP(q2, 383) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: signed header changed", { FLIP(date, 0) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: signed ATTRIBUTES changed", { FLIP(attributes.xfrm, 7) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: signed ENCLAVEHASH changed", { FLIP(enclavehash, 0) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: signed ISVSVN changed", { FLIP(isvsvn, 1) },
	  SGX_INVALID_SIGNATURE, 0, 0 },
	{ "EINIT: a bad signature comes before an SECS in use",
	  { FLIP(isvsvn, 0), EXCLUSIVE(O_OWNER) },
	  SGX_INVALID_SIGNATURE, 0, 0 },

	{ "EINIT: SECS in use, exclusive", { EXCLUSIVE(O_OWNER) }, GP, 0, 0 },
	{ "EINIT: SECS in use, shared", { SHARED(O_OWNER) }, 0, 0, 0 },
	{ "EINIT: SECS not valid", { SET(O_OWNER, sgx_epcm, state, 0) },
	  PF, AT_SECS, PFEC_W },
	{ "EINIT: SECS is no SECS", { STATE(O_OWNER, SGX_PT_REG, 0) },
	  PF, AT_SECS, PFEC_W },
	{ "EINIT: ISVFAMILYID without KSS", { SIGBYTE(isvfamilyid, 15) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: ISVFAMILYID comes before a measurement in use",
	  { SIGBYTE(isvfamilyid, 0), MEASURED(O_OWNER) },
	  SGX_INVALID_SIG_STRUCT, 0, 0 },
	{ "EINIT: measurement in use", { MEASURED(O_OWNER) }, GP, 0, 0 },
	{ "EINIT: enclave initialized", { ATTR(O_SECS, M64 | SGX_ATTR_INIT) },
	  GP, 0, 0 },
	{ "EINIT: ENCLAVEHASH, first byte", { ADD(O_SIG, sgx_sigstruct,
						  enclavehash[0], 1) },
	  SGX_INVALID_MEASUREMENT, 0, 0 },
	{ "EINIT: ENCLAVEHASH, last byte", { ADD(O_SIG, sgx_sigstruct,
						 enclavehash[31], 1) },
	  SGX_INVALID_MEASUREMENT, 0, 0 },

	{ "EINIT: no token, signer is not the launch key",
	  { ADD(O_CPU, sgx_cpu, lepubkeyhash[31], 1) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: EINITTOKEN_KEY by the launch key",
	  { ATTR(O_SECS, M64 | SGX_ATTR_EINITTOKEN_KEY),
	    SIG(attributes.flags, M64 | SGX_ATTR_EINITTOKEN_KEY) }, 0, 0, 0 },
	{ "EINIT: EINITTOKEN_KEY by another",
	  { ATTR(O_SECS, M64 | SGX_ATTR_EINITTOKEN_KEY),
	    SIG(attributes.flags, M64 | SGX_ATTR_EINITTOKEN_KEY),
	    ADD(O_CPU, sgx_cpu, lepubkeyhash[0], 1) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: ATTRIBUTES lack what the signer wants",
	  { SIG(attributes.flags, M64 | SGX_ATTR_DEBUG) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: ATTRIBUTES have what the signer forbids",
	  { ATTR(O_SECS, M64 | SGX_ATTR_DEBUG) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: ATTRIBUTES differ outside the mask",
	  { ATTR(O_SECS, M64 | SGX_ATTR_DEBUG),
	    SIG(attributemask.flags, ~SGX_ATTR_DEBUG) }, 0, 0, 0 },
	{ "EINIT: XFRM differs", { SIG(attributes.xfrm, 7) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: XFRM differs outside the mask",
	  { SIG(attributes.xfrm, 7), SIG(attributemask.xfrm, 3) }, 0, 0, 0 },
	{ "EINIT: MISCSELECT differs", { SIG(miscselect, 1) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: MISCSELECT differs outside the mask",
	  { SIG(miscselect, 1), MASK(miscmask) }, 0, 0, 0 },
	{ "EINIT: a wrong measurement comes before wrong attributes",
	  { ADD(O_SIG, sgx_sigstruct, enclavehash[0], 1),
	    SIG(attributes.xfrm, 7) }, SGX_INVALID_MEASUREMENT, 0, 0 },
	{ "EINIT: wrong attributes come before the launch key",
	  { SIG(attributes.xfrm, 7),
	    ADD(O_CPU, sgx_cpu, lepubkeyhash[0], 1) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: KSS identity",
	  { ATTR(O_SECS, M64 | SGX_ATTR_KSS),
	    SIG(attributes.flags, M64 | SGX_ATTR_KSS),
	    SIGBYTE(isvfamilyid, 3), SIGBYTE(isvextprodid, 5) }, 0, 0, 0 },
};
/* clang-format on */

static int leaf_einit(struct fixture *f)
{
	return sgx_einit(f->cpu, sgx_ptr(f->args.sigstruct), f->args.secs,
			 sgx_ptr(f->args.token));
}

static void fixture_einit(struct fixture *f)
{
	fixture_init(f);
	fixture_enclave(f, M64);
	enclave_add(f->encl, LA, REG_RW, NULL);
	f->sig = host_operand();
	f->token = host_operand();
	f->args.sigstruct = sgx_addr(f->sig);
	f->args.token = sgx_addr(f->token);
	f->objects[O_SIG] = f->sig;
	f->objects[O_SIGNED] = f->sig;
	f->objects[O_TOKEN] = f->token;
	f->objects[O_MACED] = f->token;
	sigstruct_default(f->encl, f->sig);
}

static void check_initialized(const struct fixture *f, const struct key *key)
{
	const struct sgx_secs *secs = sgx_secs_of(f->encl->secs);
	u8 mrsigner[32];

	key_mrsigner(key, mrsigner);
	assert_true(secs->attributes.flags & SGX_ATTR_INIT);
	assert_memory_equal(secs->mrenclave, f->encl->mrenclave, 32);
	assert_memory_equal(secs->mrsigner, mrsigner, 32);
	assert_int_equal(secs->isvprodid, f->sig->isvprodid);
	assert_int_equal(secs->isvsvn, f->sig->isvsvn);
	assert_memory_equal(secs->hidden.isvfamilyid, f->sig->isvfamilyid, 16);
	assert_memory_equal(secs->hidden.isvextprodid, f->sig->isvextprodid,
			    16);
}

static void run_einit(void **state)
{
	const struct row *row = *state;
	struct fixture f;
	u32 lock;

	fixture_einit(&f);
	/* The exponent is not signed: it is changed like the signed fields. */
	fixture_patch(&f, row, O_CORE, O_SIG);
	sigstruct_sign(f.sig, signer_key(0));
	fixture_patch(&f, row, O_SIGNED, O_MACED);
	lock = f.encl->secs->lock;
	fixture_run(&f, row, leaf_einit);
	assert_int_equal(f.encl->secs->lock, lock);
	if (!row->outcome)
		check_initialized(&f, signer_key(0));
	fixture_free(&f);
}

/* Quotients of a signature plus the modulus are no way in. */
static void einit_signature_out_of_range(void **state)
{
	struct fixture f;
	unsigned int i;

	(void)state;
	fixture_einit(&f);
	sigstruct_sign(f.sig, signer_key(0));
	memcpy(f.sig->signature, f.sig->modulus, SGX_MODULUS_SIZE);
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	for (i = 0; i < SGX_MODULUS_SIZE; i++)
		f.sig->signature[i] = 0xff;
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	fixture_free(&f);
}

/* A number that is its own cube's remainder, and no encoded message. */
static void einit_encoding(void **state)
{
	struct fixture f;

	(void)state;
	fixture_einit(&f);
	sigstruct_sign(f.sig, signer_key(0));
	memset(f.sig->signature, 0, SGX_MODULUS_SIZE);
	memset(f.sig->q1, 0, SGX_MODULUS_SIZE);
	memset(f.sig->q2, 0, SGX_MODULUS_SIZE);
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	f.sig->signature[0] = 1;
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	/* 1 - 1 * M is below zero. */
	f.sig->q1[0] = 1;
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	fixture_free(&f);
}

/* The signature of each byte of the encoded message counts. */
static void einit_each_encoded_byte(void **state)
{
	struct fixture f;
	unsigned int i;

	(void)state;
	fixture_einit(&f);
	for (i = 0; i < SGX_MODULUS_SIZE; i++) {
		sigstruct_sign_encoded(f.sig, signer_key(0), i);
		assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	}
	sigstruct_sign_encoded(f.sig, signer_key(0), SGX_MODULUS_SIZE);
	assert_int_equal(leaf_einit(&f), 0);
	fixture_free(&f);
}

/* The quotients are unique: others are refused though the cube is right. */
static void einit_other_quotients(void **state)
{
	struct fixture f;

	(void)state;
	fixture_einit(&f);
	/* About one signature in four has numbers that fit. */
	do {
		f.sig->date++;
		sigstruct_sign(f.sig, signer_key(0));
	} while (!sigstruct_shift_quotients(f.sig));
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	sigstruct_sign(f.sig, signer_key(0));
	assert_int_equal(leaf_einit(&f), 0);
	fixture_free(&f);
}

static void einit_wrong_key(void **state)
{
	struct fixture f;

	(void)state;
	fixture_einit(&f);
	sigstruct_sign(f.sig, signer_key(0));
	sigstruct_set_modulus(f.sig, signer_key(1));
	assert_int_equal(leaf_einit(&f), SGX_INVALID_SIGNATURE);
	fixture_free(&f);
}

/* EINIT with a token of a launch enclave */

#define LAUNCH_BASE	    (ENCLAVE_BASE + ENCLAVE_SIZE)
#define TOKEN(field, val)   SET(O_TOKEN, sgx_einittoken, field, val)
#define TOKENBYTE(field, i) BYTE(O_MACED, sgx_einittoken, field, i)
#define TOKENFLIP(obj, field, i)                                              \
	{                                                                     \
		obj, offsetof(struct sgx_einittoken, field) + (i), 1, true, 1 \
	}

/* clang-format off */
static const struct row token_rows[] = {
	{ "EINIT: token", { { 0 } }, 0, 0, 0 },
	{ "EINIT: token of a debug launch enclave",
	  { TOKEN(maskedattributesle.flags, SGX_ATTR_INIT | SGX_ATTR_DEBUG) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, VALID with a reserved bit", { TOKEN(valid, 3) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, reserved after VALID", { TOKENBYTE(reserved1, 43) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, reserved after MRENCLAVE",
	  { TOKENBYTE(reserved2, 0) }, SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, reserved after MRSIGNER",
	  { TOKENBYTE(reserved3, 31) }, SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, CET_MASKED_ATTRIBUTES_LE without CET",
	  { TOKENBYTE(cet_masked_attributes_le, 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, reserved after ISVSVNLE",
	  { TOKENBYTE(reserved4, 22) }, SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token of a CPUSVN beyond the platform's",
	  { TOKENFLIP(O_MACED, cpusvnle, 15) }, SGX_INVALID_CPUSVN, 0, 0 },
	{ "EINIT: token of an older CPUSVN, MAC of the newer",
	  { SET(O_MACED, sgx_einittoken, cpusvnle[15], 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, MAC", { TOKENFLIP(O_MACED, mac, 15) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, MRENCLAVE changed",
	  { TOKENFLIP(O_MACED, mrenclave, 0) }, SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, KEYID changed", { TOKENFLIP(O_MACED, keyid, 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, ISVPRODIDLE changed",
	  { TOKENFLIP(O_MACED, isvprodidle, 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, ISVSVNLE changed",
	  { TOKENFLIP(O_MACED, isvsvnle, 0) }, SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, MASKEDMISCSELECTLE changed",
	  { TOKENFLIP(O_MACED, maskedmiscselectle, 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token, MASKEDATTRIBUTESLE changed",
	  { TOKENFLIP(O_MACED, maskedattributesle.xfrm, 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token of another launch key",
	  { ADD(O_CPU, sgx_cpu, lepubkeyhash[0], 1) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
	{ "EINIT: token for another MRENCLAVE",
	  { TOKENFLIP(O_TOKEN, mrenclave, 31) },
	  SGX_INVALID_MEASUREMENT, 0, 0 },
	{ "EINIT: token for another MRSIGNER",
	  { TOKENFLIP(O_TOKEN, mrsigner, 31) },
	  SGX_INVALID_MEASUREMENT, 0, 0 },
	{ "EINIT: token for other ATTRIBUTES",
	  { TOKEN(attributes.flags, M64 | SGX_ATTR_DEBUG) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: token for another XFRM", { TOKEN(attributes.xfrm, 7) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: token, but not for EINITTOKEN_KEY",
	  { ATTR(O_SECS, M64 | SGX_ATTR_EINITTOKEN_KEY),
	    SIG(attributes.flags, M64 | SGX_ATTR_EINITTOKEN_KEY) },
	  SGX_INVALID_ATTRIBUTE, 0, 0 },
	{ "EINIT: token not VALID", { TOKEN(valid, 0) },
	  SGX_INVALID_EINITTOKEN, 0, 0 },
};
/* clang-format on */

/* A launch enclave asks for its key, and OpenSSL makes the token's MAC. */
static void launch(struct fixture *f)
{
	struct sgx_keyrequest *req;
	struct enclave *encl;
	struct sgx_secs secs;
	u64 la = LAUNCH_BASE + 0x1000;

	secs_default(&secs);
	secs.baseaddr = LAUNCH_BASE;
	secs.attributes.flags |= SGX_ATTR_EINITTOKEN_KEY;
	secs.attributes.flags |= f->token->maskedattributesle.flags &
				 SGX_ATTR_DEBUG;
	encl = enclave_create(f->host, &secs);
	enclave_add(encl, la, REG_RW, NULL);
	enclave_init(encl);

	req = host_at(f->host, la);
	req->keyname = SGX_EINITTOKEN_KEY;
	req->isvsvn = f->token->isvsvnle;
	memcpy(req->cpusvn, f->token->cpusvnle, 16);
	memcpy(req->keyid, f->token->keyid, 32);
	enclave_enter(encl, f->cpu);
	f->cpu->regs->rbx = la;
	f->cpu->regs->rcx = la + 0x800;
	assert_int_equal(sgx_egetkey(f->cpu), 0);
	enclave_leave(f->cpu);
	cmac(host_at(f->host, la + 0x800), f->token, 192, f->token->mac);
	enclave_free(encl);
}

static void token_default(struct fixture *f)
{
	struct sgx_einittoken *token = f->token;

	token->valid = 1;
	token->attributes = sgx_secs_of(f->encl->secs)->attributes;
	memcpy(token->mrenclave, f->encl->mrenclave, 32);
	key_mrsigner(signer_key(1), token->mrsigner);
	memcpy(token->cpusvnle, f->host->core.cpusvn, 16);
	token->isvprodidle = 0x1234;
	token->isvsvnle = 7;
	token->maskedattributesle.flags = SGX_ATTR_INIT;
	memset(token->keyid, 0x1d, sizeof(token->keyid));
}

static void run_token(void **state)
{
	const struct row *row = *state;
	struct fixture f;

	fixture_einit(&f);
	token_default(&f);
	fixture_patch(&f, row, O_SECS, O_SIG);
	sigstruct_sign(f.sig, signer_key(1));
	fixture_patch(&f, row, O_TOKEN, O_TOKEN);
	launch(&f);
	fixture_patch(&f, row, O_MACED, O_MACED);
	fixture_patch(&f, row, O_CPU, O_CPU);
	fixture_run(&f, row, leaf_einit);
	assert_int_equal(f.encl->secs->lock, FREE);
	if (!row->outcome)
		check_initialized(&f, signer_key(1));
	fixture_free(&f);
}

/* A debug enclave, and a token of a debug launch enclave (or of another). */
static void debug_token(u64 masked, u64 attributes, int outcome)
{
	struct fixture f;

	fixture_einit(&f);
	sgx_secs_of(f.encl->secs)->attributes.flags |= SGX_ATTR_DEBUG;
	sigstruct_default(f.encl, f.sig);
	sigstruct_sign(f.sig, signer_key(1));
	token_default(&f);
	f.token->maskedattributesle.flags = masked;
	launch(&f);
	f.token->maskedattributesle.flags = attributes;
	assert_int_equal(leaf_einit(&f), outcome);
	assert_int_equal(f.encl->secs->lock, FREE);
	if (!outcome)
		check_initialized(&f, signer_key(1));
	fixture_free(&f);
}

static void token_debug(void **state)
{
	const u64 production = SGX_ATTR_INIT;
	const u64 debug = SGX_ATTR_INIT | SGX_ATTR_DEBUG;

	(void)state;
	debug_token(debug, debug, 0);
	debug_token(production, production, 0);
	/* The key is not that of what the token says. */
	debug_token(production, debug, SGX_INVALID_EINITTOKEN);
	debug_token(debug, production, SGX_INVALID_EINITTOKEN);
}

int main(void)
{
	static struct tests t;

	TESTS_TABLE(&t, run_einit, einit_rows);
	tests_add(&t, "EINIT: SIGNATURE not below MODULUS",
		  einit_signature_out_of_range, NULL);
	tests_add(&t, "EINIT: trivial signatures", einit_encoding, NULL);
	tests_add(&t, "EINIT: each byte of the encoded message",
		  einit_each_encoded_byte, NULL);
	tests_add(&t, "EINIT: other quotients of the same signature",
		  einit_other_quotients, NULL);
	tests_add(&t, "EINIT: MODULUS of another key", einit_wrong_key, NULL);
	TESTS_TABLE(&t, run_token, token_rows);
	tests_add(&t, "EINIT: tokens for a debug enclave", token_debug, NULL);
	return TESTS_RUN("init", &t);
}
