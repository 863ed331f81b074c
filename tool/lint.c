// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx lint: what is unwise, or does not work, in an enclave or a SIGSTRUCT.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tool.h"

enum { OPTION_IGNORE = OPTION_OWN, OPTION_ERRORS };

enum rule {
	RULE_EINIT,
	RULE_ENTRY,
	RULE_NO_SSA,
	RULE_NO_TCS,
	RULE_SIGNATURE,
	RULE_SSA,
	RULE_DEBUG,
	RULE_NO_KSS,
	RULE_ONE_SSA,
	RULE_PROVISION,
	RULE_RELOCATIONS,
	RULE_UNMEASURED_CODE,
	RULE_UNMEASURED_DATA,
	RULE_UNMEASURED_TCS,
	RULE_WIDE_MISC,
	RULE_WIDE_XFRM,
	RULE_WX_PAGES,
	RULES,
};

/* The names are what scripts rely on. */
static const char *const rule_names[RULES] = {
	[RULE_EINIT] = "einit",
	[RULE_ENTRY] = "entry",
	[RULE_NO_SSA] = "no-ssa",
	[RULE_NO_TCS] = "no-tcs",
	[RULE_SIGNATURE] = "signature",
	[RULE_SSA] = "ssa",
	[RULE_DEBUG] = "debug",
	[RULE_NO_KSS] = "no-kss",
	[RULE_ONE_SSA] = "one-ssa",
	[RULE_PROVISION] = "provision",
	[RULE_RELOCATIONS] = "relocations",
	[RULE_UNMEASURED_CODE] = "unmeasured-code",
	[RULE_UNMEASURED_DATA] = "unmeasured-data",
	[RULE_UNMEASURED_TCS] = "unmeasured-tcs",
	[RULE_WIDE_MISC] = "wide-misc",
	[RULE_WIDE_XFRM] = "wide-xfrm",
	[RULE_WX_PAGES] = "wx-pages",
};

struct options {
	const char *enclave;
	const char *sigstruct;
	bool json;
	bool ignored[RULES];
	struct softsgx_layout layout;
};

/**
 * struct lint - a run
 * @json:	the findings so far; NULL if they are printed
 * @ignored:	rules that are not asked for
 * @found:	how many findings
 */
struct lint {
	struct json_object *json;
	const bool *ignored;
	unsigned int found;
};

/* It does not work; otherwise it is unwise. */
static bool is_error(enum rule rule)
{
	return rule <= RULE_SSA;
}

static void ignore(struct options *o, const char *name,
		   struct argp_state *state)
{
	enum rule rule;

	for (rule = 0; rule < RULES; rule++)
		if (!strcmp(name, rule_names[rule])) {
			o->ignored[rule] = true;
			return;
		}
	argp_error(state, "--ignore takes a rule, not '%s'", name);
}

static void ignore_warnings(struct options *o)
{
	enum rule rule;

	for (rule = 0; rule < RULES; rule++)
		if (!is_error(rule))
			o->ignored[rule] = true;
}

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
	case OPTION_IGNORE:
		ignore(o, arg, state);
		return 0;
	case OPTION_ERRORS:
		ignore_warnings(o);
		return 0;
	case 's':
		o->sigstruct = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->enclave)
			argp_error(state, "one enclave at a time");
		o->enclave = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->enclave && !o->sigstruct)
			argp_error(state, "which enclave, or which SIGSTRUCT?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* @why is the reason for the rule. */
__attribute__((format(printf, 5, 6))) static void
find(struct lint *l, const char *file, enum rule rule, const char *why,
     const char *format, ...)
{
	const char *severity = is_error(rule) ? "error" : "warning";
	struct json_object *item;
	char what[160];
	va_list args;

	if (l->ignored[rule])
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	l->found++;
	if (!l->json) {
		printf("%s: %s: %s: %s\n    %s\n", shown(file), severity,
		       rule_names[rule], shown(what), why);
		return;
	}
	item = json_object_new_object();
	json_text(item, "file", file);
	json_text(item, "rule", rule_names[rule]);
	json_text(item, "severity", severity);
	json_text(item, "what", what);
	json_text(item, "why", why);
	json_object_array_add(l->json, item);
}

/* Pages */

static void lint_range(struct lint *l, const char *file, const struct range *r)
{
	const unsigned long long start = r->start;
	const unsigned long long end = r->end;
	const uint64_t wx = SGX_SECINFO_FL_W | SGX_SECINFO_FL_X;

	if (!r->mapped)
		return;
	if ((r->flags & wx) == wx)
		find(l, file, RULE_WX_PAGES,
		     "whoever can write there can run what he likes; and the privilege EXECMOD is asked for it",
		     "0x%llx-0x%llx is writable and executable", start, end);
	if (r->measured == MEASURED_ALL)
		return;
	if (r->flags & SGX_SECINFO_FL_X)
		find(l, file, RULE_UNMEASURED_CODE,
		     "the host decides what runs there, and MRENCLAVE does not tell; the privilege EXECUNMR is asked for it",
		     "0x%llx-0x%llx is executable and %s", start, end,
		     measured_text(r->measured));
	if ((r->flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT ==
	    SGX_PT_TCS)
		find(l, file, RULE_UNMEASURED_TCS,
		     "the host decides where the enclave is entered",
		     "the TCS at 0x%llx is %s", start,
		     measured_text(r->measured));
}

static bool has_content(const struct softsgx_page *page)
{
	unsigned int i;

	for (i = 0; page->content && i < SGX_PAGE_SIZE; i++)
		if (!(page->measured & 1U << i / SOFTSGX_CHUNK_SIZE) &&
		    page->content[i])
			return true;
	return false;
}

static void lint_data(struct lint *l, const char *file,
		      const struct softsgx_page *page)
{
	if (!(page->flags & SGX_SECINFO_FL_X) && !is_tcs(page) &&
	    has_content(page))
		find(l, file, RULE_UNMEASURED_DATA,
		     "the host can change it, and MRENCLAVE does not tell",
		     "the page at 0x%llx has contents that are not measured",
		     (unsigned long long)page->offset);
}

/* What EENTER or an AEX would stumble over. */
static void lint_tcs(struct lint *l, const char *file,
		     const struct softsgx_enclave *encl,
		     const struct softsgx_page *page, uint32_t ssaframesize)
{
	const uint64_t rw = SGX_SECINFO_FL_R | SGX_SECINFO_FL_W;
	const struct sgx_tcs *tcs = (const struct sgx_tcs *)page->content;
	const unsigned long long at = page->offset;
	const struct softsgx_page *p;
	uint64_t i;

	if (!tcs)
		return;
	p = softsgx_enclave_find(encl, tcs->oentry);
	if (!p || !(p->flags & SGX_SECINFO_FL_X))
		find(l, file, RULE_ENTRY, "EENTER would fault at once",
		     "the entry 0x%llx of the TCS at 0x%llx is not on an executable page",
		     (unsigned long long)tcs->oentry, at);
	if (!tcs->nssa)
		find(l, file, RULE_NO_SSA,
		     "EENTER needs a frame for the state at an exception",
		     "the TCS at 0x%llx has no SSA frame", at);
	for (i = 0; i < (uint64_t)tcs->nssa * ssaframesize; i++) {
		p = softsgx_enclave_find(encl, tcs->ossa + i * SGX_PAGE_SIZE);
		if (p && (p->flags & rw) == rw && !is_tcs(p))
			continue;
		find(l, file, RULE_SSA, "an entry or an exception would fault",
		     "SSA page 0x%llx of the TCS at 0x%llx is not a readable and writable page",
		     (unsigned long long)(tcs->ossa + i * SGX_PAGE_SIZE), at);
		break;
	}
	if (tcs->nssa == 1)
		find(l, file, RULE_ONE_SSA,
		     "the enclave cannot handle an exception inside: that takes an entry with a second frame",
		     "the TCS at 0x%llx has one SSA frame", at);
}

static int lint_enclave(struct lint *l, const char *file,
			const struct softsgx_enclave *encl)
{
	const struct softsgx_page *page;
	struct softsgx_info info;
	struct map map;
	uint64_t relocations;
	size_t threads = 0;
	size_t i;

	if (map_make(&map, encl)) {
		complain("out of memory");
		exit(EXIT_SYSTEM);
	}
	for (i = 0; i < map.count; i++)
		lint_range(l, file, &map.ranges[i]);
	map_free(&map);
	softsgx_enclave_info(encl, &info);
	for (i = 0; (page = softsgx_enclave_page(encl, i)); i++) {
		lint_data(l, file, page);
		if (!is_tcs(page))
			continue;
		threads++;
		lint_tcs(l, file, encl, page, info.ssaframesize);
	}
	relocations = softsgx_enclave_relocations(encl);
	if (relocations)
		find(l, file, RULE_RELOCATIONS,
		     "whoever loads it does not relocate it: the addresses are wrong, unless the enclave relocates itself",
		     "%llu relocations are left",
		     (unsigned long long)relocations);
	if (!threads)
		find(l, file, RULE_NO_TCS,
		     "nobody can enter it; is the first segment meant? See --tcs-first",
		     "there is no TCS page");
	return 0;
}

/* SIGSTRUCT */

static void lint_sigstruct(struct lint *l, const char *file,
			   const struct softsgx_sigstruct *sig)
{
	struct softsgx_error error;
	struct softsgx_claims c;
	char words[FLAGS_TEXT];

	if (softsgx_sigstruct_verify(sig, &error))
		find(l, file, RULE_SIGNATURE, "EINIT refuses it", "%s",
		     error.reason);
	softsgx_sigstruct_claims(sig, &c);
	if (c.attributes & SGX_ATTR_DEBUG)
		find(l, file, RULE_DEBUG,
		     "anybody with the enclave's descriptor can read and write its memory; and the privilege DEBUG is asked for it",
		     "it asks for a debug enclave");
	else if (!(c.attributemask & SGX_ATTR_DEBUG))
		find(l, file, RULE_DEBUG,
		     "the host may make it a debug enclave, and read and write its memory",
		     "the mask leaves ATTRIBUTES.DEBUG open");
	if (c.attributes & SGX_ATTR_PROVISIONKEY)
		find(l, file, RULE_PROVISION,
		     "that key identifies the machine; /dev/sgx_provision has to be open to the program",
		     "it asks for the provision key");
	if (~c.xfrmmask) {
		xfrm_text(~c.xfrmmask & 0x602ff, words);
		find(l, file, RULE_WIDE_XFRM,
		     "the host chooses which registers are saved, and instructions in the enclave may behave otherwise than tested",
		     "the XFRM mask leaves open: %s", words);
	}
	if (!(c.attributes & SGX_ATTR_KSS))
		find(l, file, RULE_NO_KSS,
		     "keys cannot be told apart by CONFIGID, ISVFAMILYID and ISVEXTPRODID",
		     "it does not ask for key separation and sharing");
	if (!(c.miscmask & SGX_MISC_EXINFO))
		find(l, file, RULE_WIDE_MISC,
		     "the host chooses whether page faults are told to the enclave",
		     "the mask leaves MISCSELECT.EXINFO open");
}

static int lint(struct lint *l, const struct options *o,
		struct softsgx_enclave **encl, struct softsgx_error *error)
{
	struct softsgx_sigstruct sig;
	struct softsgx_error refusal;
	uint8_t mrenclave[32];
	int ret = 0;

	if (o->enclave)
		ret = softsgx_enclave_read(encl, o->enclave, &o->layout, error);
	if (!ret && o->sigstruct)
		ret = softsgx_sigstruct_read(&sig, o->sigstruct, error);
	if (!ret && o->enclave)
		ret = softsgx_enclave_measure(*encl, mrenclave, error);
	if (ret)
		return ret;
	if (o->enclave)
		lint_enclave(l, o->enclave, *encl);
	if (o->sigstruct)
		lint_sigstruct(l, o->sigstruct, &sig);
	if (o->enclave && o->sigstruct && softsgx_einit(*encl, &sig, &refusal))
		find(l, o->sigstruct, RULE_EINIT, "it will not start", "%s",
		     refusal.reason);
	return 0;
}

/* A SIGSTRUCT alone needs no option. */
static void find_sigstruct(struct options *o)
{
	size_t len;
	void *data;

	if (!o->enclave || o->sigstruct || !strcmp(o->enclave, "-"))
		return;
	if (softsgx_file_read(o->enclave, &data, &len, NULL))
		return;
	if (softsgx_detect(data, len) == SOFTSGX_FORMAT_SIGSTRUCT) {
		o->sigstruct = o->enclave;
		o->enclave = NULL;
	}
	free(data);
}

int verb_lint(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ "sigstruct", 's', "FILE", 0, "The enclave's SIGSTRUCT", 0 },
		{ "errors", OPTION_ERRORS, NULL, 0,
		  "Only what does not work, not what is unwise", 0 },
		{ "ignore", OPTION_IGNORE, "RULE", 0,
		  "Not this rule; may be repeated", 0 },
		{ 0 },
	};
	static const struct argp_child children[] = { LAYOUT_CHILD, { 0 } };
	static const struct argp argp = {
		options,
		parse,
		"[ENCLAVE|SIGSTRUCT]",
		"Find what is unwise, or does not work, in an enclave (ELF, SGXS) or a SIGSTRUCT.\v"
		"The exit status is 1 if something was found.",
		children,
		NULL,
		NULL
	};
	struct softsgx_enclave *encl = NULL;
	struct softsgx_error error;
	struct options o = { 0 };
	struct lint l = { .ignored = o.ignored };
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	find_sigstruct(&o);
	l.json = o.json ? json_object_new_array() : NULL;
	ret = lint(&l, &o, &encl, &error);
	softsgx_enclave_free(encl);
	if (ret) {
		json_object_put(l.json);
		return report_error(&error);
	}
	if (o.json)
		json_print(l.json);
	return l.found ? EXIT_NO : EXIT_YES;
}
