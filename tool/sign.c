// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx sign: a SIGSTRUCT, in one step or, with a signer elsewhere, in two. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tool.h"

enum {
	OPTION_PAYLOAD = OPTION_OWN,
	OPTION_FROM,
	OPTION_SIGNATURE,
	OPTION_PASSPHRASE,
	OPTION_DEBUG,
	OPTION_KSS,
	OPTION_PROVISION,
	OPTION_ATTRIBUTES,
	OPTION_ATTRIBUTEMASK,
	OPTION_XFRM,
	OPTION_XFRMMASK,
	OPTION_MISCSELECT,
	OPTION_MISCMASK,
	OPTION_PRODID,
	OPTION_SVN,
	OPTION_FAMILYID,
	OPTION_EXTPRODID,
	OPTION_DATE,
	OPTION_VENDOR,
	OPTION_SWDEFINED,
};

struct options {
	const char *enclave;
	const char *key;
	const char *output;
	const char *payload;
	const char *from;
	const char *signature;
	const char *passphrase;
	struct softsgx_claims claims;
	uint64_t more_attributes;
	bool has_claims;
	bool has_date;
	bool json;
	struct softsgx_layout layout;
};

static const struct argp_option options[] = {
	{ "key", 'k', "FILE", 0,
	  "The signer's key in PEM: RSA-3072, exponent 3", 0 },
	{ "passphrase-file", OPTION_PASSPHRASE, "FILE", 0,
	  "Its first line is the passphrase of the key (default: ask the terminal)",
	  0 },
	{ "output", 'o', "FILE", 0, "Where the SIGSTRUCT goes", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Print what was written, as JSON", 0 },
	{ NULL, 0, NULL, 0, "With a signer elsewhere:", 2 },
	{ "payload", OPTION_PAYLOAD, "FILE", 0,
	  "Write the 256 bytes that are to be signed, instead of signing", 0 },
	{ "from", OPTION_FROM, "FILE", 0, "They have been signed; ...", 0 },
	{ "signature", OPTION_SIGNATURE, "FILE", 0,
	  "... this is the signature, and --key names the public key", 0 },
	{ NULL, 0, NULL, 0, "What the SIGSTRUCT says:", 3 },
	{ "debug", OPTION_DEBUG, NULL, 0, "A debug enclave", 0 },
	{ "kss", OPTION_KSS, NULL, 0, "Key separation and sharing", 0 },
	{ "provision", OPTION_PROVISION, NULL, 0, "May use the provision key",
	  0 },
	{ "attributes", OPTION_ATTRIBUTES, "BITS", 0,
	  "ATTRIBUTES (default: MODE64BIT)", 0 },
	{ "attribute-mask", OPTION_ATTRIBUTEMASK, "BITS", 0,
	  "Which of them must be so (default: all)", 0 },
	{ "xfrm", OPTION_XFRM, "BITS", 0, "XFRM (default: 3, x87 and SSE)", 0 },
	{ "xfrm-mask", OPTION_XFRMMASK, "BITS", 0,
	  "Which of them must be so (default: all)", 0 },
	{ "miscselect", OPTION_MISCSELECT, "BITS", 0,
	  "MISCSELECT (default: 0; 1 is EXINFO)", 0 },
	{ "misc-mask", OPTION_MISCMASK, "BITS", 0,
	  "Which of them must be so (default: all)", 0 },
	{ "prodid", OPTION_PRODID, "N", 0, "ISVPRODID (default: 0)", 0 },
	{ "svn", OPTION_SVN, "N", 0, "ISVSVN (default: 0)", 0 },
	{ "family-id", OPTION_FAMILYID, "HEX", 0, "ISVFAMILYID, 16 bytes", 0 },
	{ "ext-prodid", OPTION_EXTPRODID, "HEX", 0, "ISVEXTPRODID, 16 bytes",
	  0 },
	{ "date", OPTION_DATE, "YYYYMMDD", 0,
	  "DATE (default: today, or what SOURCE_DATE_EPOCH says)", 0 },
	{ "vendor", OPTION_VENDOR, "N", 0, "VENDOR, 0 or 0x8086 (default: 0)",
	  0 },
	{ "swdefined", OPTION_SWDEFINED, "N", 0, "SWDEFINED (default: 0)", 0 },
	{ 0 },
};

/* Whether there is such a day: it is the same when it is counted again. */
static bool is_day(unsigned int year, unsigned int month, unsigned int day)
{
	struct tm tm = { .tm_year = (int)year - 1900,
			 .tm_mon = (int)month - 1,
			 .tm_mday = (int)day };

	timegm(&tm);
	return month && tm.tm_mon == (int)month - 1 && tm.tm_mday == (int)day;
}

/* Eight zeroes are no day, and are what signers write that know none. */
static uint32_t parse_date(const char *text, struct argp_state *state)
{
	unsigned int year, month, day;

	if (strlen(text) != 8 || strspn(text, "0123456789") != 8 ||
	    sscanf(text, "%4u%2u%2u", &year, &month, &day) != 3 ||
	    (strcmp(text, "00000000") && !is_day(year, month, day)))
		argp_error(state, "--date takes a day, YYYYMMDD, not '%s'",
			   text);
	return strtoul(text, NULL, 16);
}

/* Options that become fields. */
static error_t parse_claim(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct softsgx_claims *c = &o->claims;

	switch (key) {
	case OPTION_DEBUG:
		o->more_attributes |= SGX_ATTR_DEBUG;
		break;
	case OPTION_KSS:
		o->more_attributes |= SGX_ATTR_KSS;
		break;
	case OPTION_PROVISION:
		o->more_attributes |= SGX_ATTR_PROVISIONKEY;
		break;
	case OPTION_ATTRIBUTES:
		c->attributes =
			parse_number(arg, UINT64_MAX, "--attributes", state);
		break;
	case OPTION_ATTRIBUTEMASK:
		c->attributemask = parse_number(arg, UINT64_MAX,
						"--attribute-mask", state);
		break;
	case OPTION_XFRM:
		c->xfrm = parse_number(arg, UINT64_MAX, "--xfrm", state);
		break;
	case OPTION_XFRMMASK:
		c->xfrmmask =
			parse_number(arg, UINT64_MAX, "--xfrm-mask", state);
		break;
	case OPTION_MISCSELECT:
		c->miscselect =
			parse_number(arg, UINT32_MAX, "--miscselect", state);
		break;
	case OPTION_MISCMASK:
		c->miscmask =
			parse_number(arg, UINT32_MAX, "--misc-mask", state);
		break;
	case OPTION_PRODID:
		c->isvprodid = parse_number(arg, UINT16_MAX, "--prodid", state);
		break;
	case OPTION_SVN:
		c->isvsvn = parse_number(arg, UINT16_MAX, "--svn", state);
		break;
	case OPTION_FAMILYID:
		parse_hex(arg, c->isvfamilyid, 16, "--family-id", state);
		break;
	case OPTION_EXTPRODID:
		parse_hex(arg, c->isvextprodid, 16, "--ext-prodid", state);
		break;
	case OPTION_DATE:
		c->date = parse_date(arg, state);
		o->has_date = true;
		break;
	case OPTION_VENDOR:
		c->vendor = parse_number(arg, UINT32_MAX, "--vendor", state);
		break;
	case OPTION_SWDEFINED:
		c->swdefined =
			parse_number(arg, UINT32_MAX, "--swdefined", state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	o->has_claims = true;
	return 0;
}

/* What is written replaces nothing that is read, least of all the key. */
static void check_files(const struct options *o, struct argp_state *state)
{
	const char *output = o->payload ? o->payload : o->output;

	check_stdout(o->json, output,
		     o->payload ? "the payload" : "the SIGSTRUCT", state);
	check_output(output, o->enclave, state);
	check_output(output, o->key, state);
	check_output(output, o->from, state);
	check_output(output, o->signature, state);
	check_output(output, o->passphrase, state);
}

/* Which of the three ways to sign it is, and that nothing is missing. */
static void check_usage(const struct options *o, struct argp_state *state)
{
	if (!!o->from != !!o->signature)
		argp_error(state, "--from and --signature go together");
	if (o->from && (o->payload || o->has_claims))
		argp_error(
			state,
			"what was signed cannot be changed: --from has all fields");
	if (!o->from && !o->enclave)
		argp_error(state, "which enclave?");
	if (o->payload && (o->key || o->output))
		argp_error(state,
			   "--payload needs no key, and makes no SIGSTRUCT");
	if (o->passphrase && !o->key)
		argp_error(state, "--passphrase-file is for --key");
	if (!o->payload && !o->key)
		argp_error(state, "with which key? Give --key");
	if (!o->payload && !o->output)
		argp_error(state, "where to? Give --output");
	if (!o->from && !o->has_date && !o->claims.date)
		argp_error(
			state,
			"SOURCE_DATE_EPOCH takes seconds since 1970, of a year up to 9999, not '%s'",
			getenv("SOURCE_DATE_EPOCH"));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->layout;
		return 0;
	case 'k':
		o->key = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_PAYLOAD:
		o->payload = arg;
		return 0;
	case OPTION_FROM:
		o->from = arg;
		return 0;
	case OPTION_SIGNATURE:
		o->signature = arg;
		return 0;
	case OPTION_PASSPHRASE:
		o->passphrase = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->enclave)
			argp_error(state, "one enclave at a time");
		o->enclave = arg;
		return 0;
	case ARGP_KEY_END:
		check_usage(o, state);
		check_files(o, state);
		return 0;
	default:
		return parse_claim(key, arg, state);
	}
}

/* A file of exactly @len bytes. */
static int read_exactly(const char *path, uint8_t *bytes, size_t len,
			const char *what, struct softsgx_error *error)
{
	size_t got;
	void *data;
	int ret;

	ret = softsgx_file_read(path, &data, &got, error);
	if (ret)
		return ret;
	if (got == len) {
		memcpy(bytes, data, len);
	} else {
		memset(error, 0, sizeof(*error));
		ret = error->status = SOFTSGX_FORMAT;
		error->offset = got < len ? got : len;
		snprintf(error->file, sizeof(error->file), "%s", path);
		snprintf(error->reason, sizeof(error->reason),
			 "%s has %zu bytes, this file %zu", what, len, got);
	}
	free(data);
	return ret;
}

/* The key, with the passphrase that is the first line of a file. */
static int read_key(const struct options *o, struct softsgx_key **key,
		    struct softsgx_error *error)
{
	char *passphrase;
	void *data;
	size_t len;
	int ret;

	if (!o->passphrase)
		return softsgx_key_read(key, o->key, error);
	ret = softsgx_file_read(o->passphrase, &data, &len, error);
	if (ret)
		return ret;
	passphrase = strndup(data, len);
	explicit_bzero(data, len);
	free(data);
	if (!passphrase) {
		complain("out of memory");
		exit(EXIT_SYSTEM);
	}
	len = strlen(passphrase);
	passphrase[strcspn(passphrase, "\r\n")] = '\0';
	ret = softsgx_key_read_passphrase(key, o->key, passphrase, error);
	explicit_bzero(passphrase, len);
	free(passphrase);
	return ret;
}

/* The second step: a signature has come back. */
static int finish(const struct options *o, const struct softsgx_key *key,
		  struct softsgx_sigstruct *sig, struct softsgx_error *error)
{
	uint8_t signature[SOFTSGX_SIGNATURE_SIZE];
	uint8_t payload[SOFTSGX_PAYLOAD_SIZE];
	int ret;

	ret = read_exactly(o->from, payload, sizeof(payload), "what is signed",
			   error);
	if (!ret)
		ret = read_exactly(o->signature, signature, sizeof(signature),
				   "a signature", error);
	if (ret)
		return ret;
	softsgx_sigstruct_from_payload(sig, payload);
	return softsgx_sigstruct_finish(sig, key, signature, error);
}

static int fill(const struct options *o, const struct softsgx_enclave *encl,
		struct softsgx_sigstruct *sig, struct softsgx_error *error)
{
	struct softsgx_claims claims = o->claims;
	uint8_t mrenclave[32];
	int ret;

	claims.attributes |= o->more_attributes;
	ret = softsgx_enclave_measure(encl, mrenclave, error);
	if (!ret)
		softsgx_sigstruct_fill(sig, &claims, mrenclave);
	return ret;
}

static int write_payload(const struct options *o,
			 const struct softsgx_sigstruct *sig,
			 struct softsgx_error *error)
{
	uint8_t payload[SOFTSGX_PAYLOAD_SIZE];

	softsgx_sigstruct_payload(sig, payload);
	return softsgx_file_write(o->payload, payload, sizeof(payload), error);
}

static void print(const struct options *o, const struct softsgx_sigstruct *sig)
{
	struct json_object *json = json_object_new_object();
	struct softsgx_claims claims;
	uint8_t mr[32];

	json_text(json, "file", o->payload ? o->payload : o->output);
	json_flag(json, "signed", !o->payload);
	softsgx_sigstruct_mrenclave(sig, mr);
	json_bytes(json, "mrenclave", mr, sizeof(mr));
	if (!o->payload) {
		softsgx_sigstruct_mrsigner(sig, mr);
		json_bytes(json, "mrsigner", mr, sizeof(mr));
	}
	softsgx_sigstruct_claims(sig, &claims);
	json_bits(json, "attributes", claims.attributes);
	json_bits(json, "xfrm", claims.xfrm);
	json_number(json, "isvprodid", claims.isvprodid);
	json_number(json, "isvsvn", claims.isvsvn);
	json_print(json);
}

static int sign(const struct options *o, struct softsgx_enclave **encl,
		struct softsgx_key **key, struct softsgx_error *error)
{
	struct softsgx_sigstruct sig;
	int ret = 0;

	if (o->enclave)
		ret = softsgx_enclave_read(encl, o->enclave, &o->layout, error);
	if (!ret && o->key)
		ret = read_key(o, key, error);
	if (ret)
		return ret;

	if (o->from) {
		ret = finish(o, *key, &sig, error);
	} else {
		ret = fill(o, *encl, &sig, error);
		if (!ret && !o->payload)
			ret = softsgx_sigstruct_sign(&sig, *key, error);
	}
	/* What leaves here signed has been accepted by EINIT. */
	if (!ret && *encl && !o->payload)
		ret = softsgx_einit(*encl, &sig, error);
	if (!ret && o->payload)
		ret = write_payload(o, &sig, error);
	else if (!ret)
		ret = softsgx_file_write(o->output, sig.bytes,
					 sizeof(sig.bytes), error);
	if (!ret && o->json)
		print(o, &sig);
	return ret;
}

int verb_sign(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &layout_argp, 0, "Of an enclave in an ELF file:", 4 }, { 0 }
	};
	static const struct argp argp = {
		options,
		parse,
		"[ENCLAVE]",
		"Sign an enclave (ELF or SGXS): make its SIGSTRUCT, and see that EINIT accepts it.",
		children,
		NULL,
		NULL
	};
	struct softsgx_enclave *encl = NULL;
	struct softsgx_key *key = NULL;
	struct softsgx_error error;
	struct options o = { 0 };
	int ret;

	softsgx_claims_default(&o.claims);
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = sign(&o, &encl, &key, &error);
	softsgx_enclave_free(encl);
	softsgx_key_free(key);
	return ret ? report_error(&error) : EXIT_YES;
}
