// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx inspect: what is in an enclave, a SIGSTRUCT, a REPORT, a quote. */
#include <stdlib.h>
#include <string.h>
#include "tool.h"

enum { OPTION_SVG = OPTION_OWN, OPTION_MRSIGNER };

/* Something in the file is not right; it was shown. */
#define INSPECT_NO (-1)

struct options {
	const char *file;
	const char *svg;
	bool json;
	bool has_mrsigner;
	uint8_t mrsigner[32];
	struct softsgx_layout layout;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->layout;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_SVG:
		o->svg = arg;
		return 0;
	case OPTION_MRSIGNER:
		parse_hex(arg, o->mrsigner, sizeof(o->mrsigner), "--mrsigner",
			  state);
		o->has_mrsigner = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one file at a time");
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "which file?");
		check_stdout(o->json, o->svg, "the picture", state);
		check_output(o->svg, o->file, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Fields, as lines or as JSON */

static void field(struct json_object *json, const char *key, const char *name,
		  const char *text)
{
	if (json)
		json_text(json, key, text);
	else
		printf("  %-12s %s\n", name, shown(text));
}

static void field_bytes(struct json_object *json, const char *key,
			const char *name, const void *bytes, size_t len)
{
	char text[2 * 64 + 1];

	hex(bytes, len, text);
	field(json, key, name, text);
}

static void field_number(struct json_object *json, const char *key,
			 const char *name, uint64_t number)
{
	if (json)
		json_number(json, key, number);
	else
		printf("  %-12s %llu\n", name, (unsigned long long)number);
}

/* Whether it is the signer that was asked for, if one was. */
static bool field_signer(struct json_object *json, const struct options *o,
			 const uint8_t mrsigner[32])
{
	const bool same = !memcmp(mrsigner, o->mrsigner, 32);

	if (!o->has_mrsigner)
		return true;
	if (json)
		json_flag(json, "mrsigner_expected", same);
	else
		field(NULL, NULL, "signer",
		      same ? "as expected" : "another than expected");
	return same;
}

static void field_bits(struct json_object *json, const char *key,
		       const char *name, uint64_t bits, const char *words)
{
	if (json)
		json_bits(json, key, bits);
	else
		printf("  %-12s 0x%llx%s%s%s\n", name, (unsigned long long)bits,
		       words ? " (" : "", words ? words : "", words ? ")" : "");
}

static void field_attributes(struct json_object *json,
			     const struct sgx_attributes *a)
{
	char words[FLAGS_TEXT];

	attributes_text(a->flags, words);
	field_bits(json, "attributes", "ATTRIBUTES", a->flags, words);
	xfrm_text(a->xfrm, words);
	field_bits(json, "xfrm", "XFRM", a->xfrm, words);
}

/* Enclaves */

static void tcs_line(const struct softsgx_enclave *encl,
		     const struct softsgx_page *page, struct json_object *list)
{
	const struct sgx_tcs *tcs = (const struct sgx_tcs *)page->content;
	struct json_object *item;
	const char *name;

	if (!tcs)
		return;
	name = softsgx_enclave_symbol(encl, tcs->oentry);
	if (!list) {
		printf("  0x%-8llx entry 0x%llx%s%s%s, %u SSA frames at 0x%llx, FS 0x%llx, GS 0x%llx%s\n",
		       (unsigned long long)page->offset,
		       (unsigned long long)tcs->oentry, name ? " (" : "",
		       name ? shown(name) : "", name ? ")" : "", tcs->nssa,
		       (unsigned long long)tcs->ossa,
		       (unsigned long long)tcs->ofsbase,
		       (unsigned long long)tcs->ogsbase,
		       tcs->flags & SGX_TCS_AEXNOTIFY ? ", AEX-notify" : "");
		return;
	}
	item = json_object_new_object();
	json_bits(item, "offset", page->offset);
	json_bits(item, "flags", tcs->flags);
	json_bits(item, "oentry", tcs->oentry);
	if (name)
		json_text(item, "entry", name);
	json_bits(item, "ossa", tcs->ossa);
	json_number(item, "nssa", tcs->nssa);
	json_bits(item, "ofsbase", tcs->ofsbase);
	json_bits(item, "ogsbase", tcs->ogsbase);
	json_object_array_add(list, item);
}

static void all_tcs(const struct softsgx_enclave *encl,
		    struct json_object *list)
{
	const struct softsgx_page *page;
	size_t i;

	for (i = 0; (page = softsgx_enclave_page(encl, i)); i++)
		if (is_tcs(page))
			tcs_line(encl, page, list);
}

static struct json_object *map_json(const struct map *map)
{
	struct json_object *list = json_object_new_array();
	char secinfo[SECINFO_TEXT];
	struct json_object *item;
	const struct range *r;
	size_t i;

	for (i = 0; i < map->count; i++) {
		r = &map->ranges[i];
		if (!r->mapped)
			continue;
		item = json_object_new_object();
		secinfo_text(r->flags, secinfo);
		json_bits(item, "start", r->start);
		json_bits(item, "end", r->end);
		json_text(item, "type", strcmp(secinfo, "TCS") ? "REG" : "TCS");
		json_text(item, "permissions",
			  strcmp(secinfo, "TCS") ? secinfo : "---");
		json_text(item, "measured",
			  r->measured == MEASURED_ALL	 ? "all"
			  : r->measured == MEASURED_PART ? "part"
							 : "none");
		json_object_array_add(list, item);
	}
	return list;
}

static void show_enclave(const struct softsgx_enclave *encl,
			 const struct map *map, const uint8_t mrenclave[32],
			 const struct options *o)
{
	struct json_object *json = o->json ? json_object_new_object() : NULL;
	struct softsgx_info info;
	struct json_object *list;
	const char *format;

	softsgx_enclave_info(encl, &info);
	format = info.format == SOFTSGX_FORMAT_ELF ? "ELF" : "SGXS";
	if (!json)
		printf("%s: an enclave (%s)\n\n", shown(o->file), format);
	else
		json_text(json, "format", format);
	field_bytes(json, "mrenclave", "MRENCLAVE", mrenclave, 32);
	if (!json)
		printf("  %-12s 0x%llx\n", "SIZE",
		       (unsigned long long)info.size);
	else
		json_number(json, "size", info.size);
	field_number(json, "ssaframesize", "SSAFRAMESIZE", info.ssaframesize);
	field_number(json, "pages", "pages", info.pages);
	if (json) {
		list = json_object_new_array();
		all_tcs(encl, list);
		json_object_object_add(json, "tcs", list);
		json_object_object_add(json, "ranges", map_json(map));
		json_print(json);
		return;
	}
	puts("\nThreads (TCS):");
	all_tcs(encl, NULL);
	puts("\nMemory:");
	map_print(map);
}

static int file_error(struct softsgx_error *error, const char *file,
		      const char *reason)
{
	memset(error, 0, sizeof(*error));
	error->status = SOFTSGX_FORMAT;
	error->offset = SOFTSGX_NO_OFFSET;
	snprintf(error->file, sizeof(error->file), "%s", file);
	snprintf(error->reason, sizeof(error->reason), "%s", reason);
	return SOFTSGX_FORMAT;
}

static int inspect_enclave(const struct options *o, const void *data,
			   size_t len, struct softsgx_error *error)
{
	struct softsgx_enclave *encl = NULL;
	struct map map = { 0 };
	char subtitle[96] = "MRENCLAVE ";
	uint8_t mrenclave[32];
	const char *base;
	int ret;

	if (o->has_mrsigner)
		return file_error(
			error, o->file,
			"an enclave does not say who signed it: --mrsigner is for its SIGSTRUCT");
	ret = softsgx_enclave_parse(&encl, data, len, o->file, &o->layout,
				    error);
	if (!ret)
		ret = softsgx_enclave_measure(encl, mrenclave, error);
	if (ret)
		goto out;
	if (map_make(&map, encl)) {
		complain("out of memory");
		exit(EXIT_SYSTEM);
	}
	if (!o->svg || strcmp(o->svg, "-"))
		show_enclave(encl, &map, mrenclave, o);
	if (o->svg) {
		base = strrchr(o->file, '/');
		hex(mrenclave, 32, subtitle + strlen(subtitle));
		ret = map_svg(&map, base ? base + 1 : o->file, subtitle, o->svg,
			      error);
	}
	map_free(&map);
out:
	softsgx_enclave_free(encl);
	return ret;
}

/* SIGSTRUCT */

static int inspect_sigstruct(const struct options *o, const void *data,
			     size_t len, struct softsgx_error *error)
{
	struct json_object *json = o->json ? json_object_new_object() : NULL;
	const struct sgx_sigstruct *s;
	struct softsgx_sigstruct sig;
	struct softsgx_error wrong;
	uint8_t mrsigner[32];
	char text[24];
	bool good;
	int ret;

	ret = softsgx_sigstruct_parse(&sig, data, len, o->file, error);
	if (ret) {
		json_object_put(json);
		return ret;
	}
	s = (const struct sgx_sigstruct *)sig.bytes;
	softsgx_sigstruct_mrsigner(&sig, mrsigner);
	if (json)
		json_text(json, "format", "SIGSTRUCT");
	else
		printf("%s: a SIGSTRUCT\n\n", shown(o->file));
	field_bytes(json, "mrenclave", "MRENCLAVE", s->enclavehash, 32);
	field_bytes(json, "mrsigner", "MRSIGNER", mrsigner, 32);
	field_number(json, "isvprodid", "ISVPRODID", s->isvprodid);
	field_number(json, "isvsvn", "ISVSVN", s->isvsvn);
	snprintf(text, sizeof(text), "%04x-%02x-%02x", s->date >> 16,
		 s->date >> 8 & 0xff, s->date & 0xff);
	field(json, "date", "DATE", text);
	field_bits(json, "vendor", "VENDOR", s->vendor, NULL);
	field_bits(json, "swdefined", "SWDEFINED", s->swdefined, NULL);
	field_attributes(json, &s->attributes);
	field_bits(json, "attributemask", "  mask", s->attributemask.flags,
		   NULL);
	field_bits(json, "xfrmmask", "  XFRM mask", s->attributemask.xfrm,
		   NULL);
	field_bits(json, "miscselect", "MISCSELECT", s->miscselect,
		   s->miscselect & SGX_MISC_EXINFO ? "EXINFO" : NULL);
	field_bits(json, "miscmask", "  mask", s->miscmask, NULL);
	field_bytes(json, "isvfamilyid", "ISVFAMILYID", s->isvfamilyid, 16);
	field_bytes(json, "isvextprodid", "ISVEXTPRODID", s->isvextprodid, 16);
	ret = softsgx_sigstruct_verify(&sig, &wrong);
	field(json, "signature", "signature", ret ? wrong.reason : "good");
	good = field_signer(json, o, mrsigner) && !ret;
	if (json)
		json_print(json);
	return good ? 0 : INSPECT_NO;
}

/* REPORT */

/* What a REPORT says; a quote has that, too. */
static void report_body(struct json_object *json, const struct sgx_report *r)
{
	field_bytes(json, "mrenclave", "MRENCLAVE", r->mrenclave, 32);
	field_bytes(json, "mrsigner", "MRSIGNER", r->mrsigner, 32);
	field_number(json, "isvprodid", "ISVPRODID", r->isvprodid);
	field_number(json, "isvsvn", "ISVSVN", r->isvsvn);
	field_attributes(json, &r->attributes);
	field_bits(json, "miscselect", "MISCSELECT", r->miscselect,
		   r->miscselect & SGX_MISC_EXINFO ? "EXINFO" : NULL);
	field_bytes(json, "cpusvn", "CPUSVN", r->cpusvn, 16);
	field_bytes(json, "configid", "CONFIGID", r->configid, 64);
	field_number(json, "configsvn", "CONFIGSVN", r->configsvn);
	field_bytes(json, "isvfamilyid", "ISVFAMILYID", r->isvfamilyid, 16);
	field_bytes(json, "isvextprodid", "ISVEXTPRODID", r->isvextprodid, 16);
	field_bytes(json, "reportdata", "REPORTDATA", r->reportdata, 64);
}

static int inspect_report(const struct options *o, const void *data)
{
	struct json_object *json = o->json ? json_object_new_object() : NULL;
	struct sgx_report r;
	bool good;

	memcpy(&r, data, sizeof(r));
	if (json)
		json_text(json, "format", "REPORT");
	else
		printf("%s: a REPORT, if its 432 bytes are one (it has no mark)\n\n",
		       shown(o->file));
	report_body(json, &r);
	field_bytes(json, "keyid", "KEYID", r.keyid, 32);
	field_bytes(json, "mac", "MAC", r.mac, 16);
	good = field_signer(json, o, r.mrsigner);
	if (json)
		json_print(json);
	return good ? 0 : INSPECT_NO;
}

/* Quotes */

static const char *cert_type_name(unsigned int type)
{
	static const char *const names[] = {
		[1] = "PPID in clear",
		[2] = "PPID encrypted with RSA-2048",
		[3] = "PPID encrypted with RSA-3072",
		[4] = "PCK certificate",
		[5] = "PCK certificate chain, PEM",
		[6] = "certification data of the quoting enclave",
		[7] = "platform manifest",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

/* A REPORT in a quote, under a heading or as an object of its own. */
static void quoted_report(struct json_object *json, const char *key,
			  const char *heading, const uint8_t *body)
{
	struct json_object *item = json ? json_object_new_object() : NULL;
	struct sgx_report r = { 0 };

	memcpy(&r, body, SOFTSGX_REPORT_BODY_SIZE);
	if (!json)
		printf("\n%s:\n", heading);
	report_body(item, &r);
	if (json)
		json_object_object_add(json, key, item);
}

static int inspect_quote(const struct options *o, const void *data, size_t len,
			 struct softsgx_error *error)
{
	struct json_object *json = NULL;
	struct softsgx_error wrong;
	struct softsgx_quote q;
	const char *name;
	char text[96];
	bool good;
	int ret;

	ret = softsgx_quote_parse(&q, data, len, o->file, error);
	if (ret)
		return ret;
	if (o->json) {
		json = json_object_new_object();
		json_text(json, "format", "QUOTE");
	} else {
		printf("%s: a quote\n\n", shown(o->file));
	}
	field_number(json, "version", "version", q.version);
	field(json, "att_key_type", "key type", "ECDSA-256 with P-256");
	field_number(json, "qe_svn", "QE SVN", q.qe_svn);
	field_number(json, "pce_svn", "PCE SVN", q.pce_svn);
	field_bytes(json, "qe_vendor", "QE vendor", q.qe_vendor, 16);
	field_bytes(json, "user_data", "user data", q.user_data, 20);
	quoted_report(json, "report", "The enclave", q.body);
	quoted_report(json, "qe_report", "The quoting enclave", q.qe_report);
	if (!json)
		puts("\nSignatures:");
	field_bytes(json, "key", "key", q.key, 64);
	field_bytes(json, "signature", "signature", q.signature, 64);
	field_bytes(json, "qe_signature", "QE signature", q.qe_signature, 64);
	field_number(json, "auth_data_size", "auth data", q.auth_len);
	name = cert_type_name(q.cert_type);
	snprintf(text, sizeof(text), "type %u%s%s%s, %zu bytes", q.cert_type,
		 name ? " (" : "", name ? name : "", name ? ")" : "",
		 q.cert_len);
	field(json, "certification", "certified by", text);
	ret = softsgx_quote_verify(&q, &wrong);
	field(json, "verdict", "verdict",
	      ret ? wrong.reason
		  : "consistent; who issued the certificates, and what they are worth, is not looked at");
	good = field_signer(json, o,
			    q.body + offsetof(struct sgx_report, mrsigner)) &&
	       !ret;
	if (json)
		json_print(json);
	return good ? 0 : INSPECT_NO;
}

static int inspect(const struct options *o, const void *data, size_t len,
		   struct softsgx_error *error)
{
	switch (softsgx_detect(data, len)) {
	case SOFTSGX_FORMAT_ELF:
	case SOFTSGX_FORMAT_SGXS:
		return inspect_enclave(o, data, len, error);
	case SOFTSGX_FORMAT_SIGSTRUCT:
		return inspect_sigstruct(o, data, len, error);
	case SOFTSGX_FORMAT_REPORT:
		return inspect_report(o, data);
	case SOFTSGX_FORMAT_QUOTE:
		return inspect_quote(o, data, len, error);
	default:
		return file_error(
			error, o->file,
			"neither an ELF file, an SGX stream, a SIGSTRUCT, a REPORT nor a quote");
	}
}

int verb_inspect(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ "svg", OPTION_SVG, "FILE", 0,
		  "Write the memory map of an enclave as a picture, too; - for standard output, which has nothing else then",
		  0 },
		{ "mrsigner", OPTION_MRSIGNER, "HEX", 0,
		  "Who must have signed; otherwise the status is 1", 0 },
		{ 0 },
	};
	static const struct argp_child children[] = { LAYOUT_CHILD, { 0 } };
	static const struct argp argp = {
		options,
		parse,
		"FILE",
		"Show what is in a file: an enclave (ELF, SGXS), a SIGSTRUCT, a REPORT, a quote (version 3).\v"
		"The exit status is 1 if a signature is not right, or the signer another than --mrsigner says.",
		children,
		NULL,
		NULL
	};
	struct softsgx_error error;
	struct options o = { 0 };
	size_t len = 0;
	void *data;
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = softsgx_file_read(o.file, &data, &len, &error);
	if (ret)
		return report_error(&error);
	ret = inspect(&o, data, len, &error);
	free(data);
	if (ret == INSPECT_NO)
		return EXIT_NO;
	return ret ? report_error(&error) : EXIT_YES;
}
