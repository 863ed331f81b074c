// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The rules: parser and evaluation of a text policy.
 *
 *	policy name=site version=3
 *	DEFAULT action=ALLOW
 *	DEFAULT op=INIT,INITANON action=DENY
 *	op=INIT mrsigner=<64 hex digits> min_isvsvn=3 debug=no action=ALLOW
 *
 * Rules stand for themselves, in order: the first one of an operation whose
 * properties are all as it says decides; if there is none, the DEFAULT.
 *
 * A text is read twice by the same code: first nothing is stored, only checked
 * and counted, so that a policy that is refused costs no memory and the second
 * reading has exactly what it needs.
 *
 * Rules that name an identity or a path are found by a hash of it, so that a
 * question costs as much as there are rules about its subject (and rules about
 * nobody in particular), however many there are about others.
 */
#include "policy.h"
#include "policy_host.h"
#include "../arch/sgx.h"

#define OP(name) SGX_PRIVILEGE(name)
#define OPS_ALL	 ((1U << ENCLAVE_PRIVILEGES) - 1)
/* Asked when the enclave's identity can be known. */
#define OPS_IDENTITY \
	(OP(INIT) | OP(INITANON) | OP(DEBUG) | OP(EXECMOD) | OP(EXECMEM))
#define OPS_SOURCE (OP(EXECUTE) | OP(EXECMOD) | OP(EXECUNMR))

/* clang-format off */
const char *const sgx_privilege_names[ENCLAVE_PRIVILEGES] = {
	[ENCLAVE_CREATE] = "create",
	[ENCLAVE_EXECUTE] = "execute",
	[ENCLAVE_EXECMOD] = "execmod",
	[ENCLAVE_EXECANON] = "execanon",
	[ENCLAVE_EXECUNMR] = "execunmr",
	[ENCLAVE_EXECMEM] = "execmem",
	[ENCLAVE_INIT] = "init",
	[ENCLAVE_INITANON] = "initanon",
	[ENCLAVE_DEBUG] = "debug",
	[ENCLAVE_PROVISION] = "provision",
};

/* clang-format on */

struct span {
	const char *start;
	size_t len;
};

/**
 * struct token - a part of a line, KEY=VALUE or a word
 * @whole:	all of it
 * @key:	before the equals sign, or the word
 * @value:	behind it, as it stands; without the quotes if @quoted
 * @has_value:	there is an equals sign
 * @quoted:	the value is in double quotes
 */
struct token {
	struct span whole;
	struct span key;
	struct span value;
	bool has_value;
	bool quoted;
};

struct property;

/**
 * struct condition - what one property has to be
 * @property:	which one
 * @digest:	for digests
 * @value:	for numbers and bits
 * @mask:	for bits
 * @text:	for paths, NUL-terminated
 * @len:	of @text
 */
struct condition {
	const struct property *property;
	union {
		u8 digest[SGX_DIGEST_SIZE];
		struct {
			u64 value;
			u64 mask;
		};
		struct {
			const char *text;
			size_t len;
		};
	};
};

/**
 * struct rule - a line of a policy that is not a DEFAULT
 * @next:	in its bucket, or in &sgx_policy.general; in order of lines
 * @conditions:	all of which must hold
 * @key:	the one of them by which the rule is found, NULL if there is none
 * @hash:	of @key
 * @count:	number of @conditions
 * @line:	number of its line
 * @ops:	set of the operations that it is about
 * @allow:	its action
 */
struct rule {
	struct rule *next;
	const struct condition *conditions;
	const struct condition *key;
	u32 hash;
	u32 count;
	u32 line;
	u32 ops;
	bool allow;
};

/**
 * struct sgx_policy - a policy
 * @name:	its name
 * @version:	its version
 * @defaults:	answer for each operation where no rule says anything; line 0
 *		where there is none (yet)
 * @fallback:	the DEFAULT for operations that have none, likewise
 * @rules:	in order of lines; NULL while the text is only checked
 * @rule_count:	their number
 * @conditions:	of all rules; NULL while the text is only checked
 * @condition_count: their number
 * @text:	of all conditions; NULL while the text is only checked
 * @text_len:	bytes in use
 * @buckets:	rules that have a key, by its hash
 * @bucket_mask: number of buckets, a power of two, less one
 * @general:	rules that have none
 * @keys:	set of the kinds of key that rules have: 1 << enum key_kind
 *
 * Constant once it is made.
 */
struct sgx_policy {
	char name[SGX_POLICY_NAME_MAX + 1];
	u64 version;
	struct sgx_verdict defaults[ENCLAVE_PRIVILEGES];
	struct sgx_verdict fallback;
	struct rule *rules;
	size_t rule_count;
	struct condition *conditions;
	size_t condition_count;
	char *text;
	size_t text_len;
	struct rule **buckets;
	size_t bucket_mask;
	struct rule *general;
	u32 keys;
};

/**
 * struct parser - the state of reading a policy
 * @at:		what comes next
 * @end:	where the text ends
 * @line:	number of the current line
 * @error:	where to say what is wrong
 * @policy:	what is being filled in
 */
struct parser {
	const char *at;
	const char *end;
	unsigned int line;
	struct sgx_policy_error *error;
	struct sgx_policy *policy;
};

/* Rules are found by these, the first of them that a rule has. */
enum key_kind {
	KEY_MRENCLAVE,
	KEY_MRSIGNER,
	KEY_VERITY,
	KEY_FILE,
	KEY_SIGSTRUCT,
	KEY_EXE,
	KEY_KINDS,
	KEY_NONE = KEY_KINDS,
};

/**
 * struct property - something that a rule can ask of a subject
 * @name:	as rules have it
 * @ops:	the operations for which it can be known
 * @key:	the kind of key that it makes
 * @text:	for @match_text: which one
 * @max:	for parse_number(): the highest value
 * @parse:	read a value; 0, or -1 with the error set
 * @match:	whether the condition holds; false where it is not known
 */
struct property {
	const char *name;
	u32 ops;
	enum key_kind key;
	enum sgx_subject_text text;
	u64 max;
	int (*parse)(struct parser *p, const struct token *token,
		     struct condition *condition);
	bool (*match)(const struct condition *condition,
		      struct sgx_subject *subject);
};

static bool span_is(const struct span *span, const char *text)
{
	size_t len = strlen(text);

	return span->len == len && !memcmp(span->start, text, len);
}

/* Always -1, so that it can be returned. */
static int fail(struct parser *p, const char *reason, const struct span *about)
{
	size_t i;

	p->error->line = p->line;
	p->error->reason = reason;
	for (i = 0; about && i < about->len && i < SGX_POLICY_TOKEN_MAX; i++) {
		char c = about->start[i];

		p->error->token[i] = c >= ' ' && c <= '~' ? c : '?';
	}
	p->error->token[i] = '\0';
	return -1;
}

/* ---- characters and tokens ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return (u8)c < ' ' || c == '\x7f';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool at_line_end(const struct parser *p)
{
	return p->at == p->end || *p->at == '\n';
}

/* Reads up to the closing quote, which it skips. */
static int next_quoted(struct parser *p, struct token *token)
{
	struct span *value = &token->value;

	token->quoted = true;
	value->start = ++p->at;
	while (!at_line_end(p) && *p->at != '"') {
		if (*p->at == '\\' && p->end - p->at > 1 && p->at[1] != '\n')
			p->at++;
		p->at++;
	}
	value->len = p->at - value->start;
	if (at_line_end(p))
		return fail(p, "the quote has no end", &token->key);
	p->at++;
	if (!at_line_end(p) && !is_blank(*p->at))
		return fail(p, "no space after the quote", &token->key);
	return 0;
}

/* 1 with a token of the current line, 0 at its end, -1 for an error. */
static int next_token(struct parser *p, struct token *token)
{
	memset(token, 0, sizeof(*token));
	while (!at_line_end(p) && is_blank(*p->at))
		p->at++;
	if (at_line_end(p) || *p->at == '#')
		return 0;

	token->whole.start = p->at;
	token->key.start = p->at;
	while (!at_line_end(p) && !is_blank(*p->at) && *p->at != '=')
		p->at++;
	token->key.len = p->at - token->key.start;

	if (!at_line_end(p) && *p->at == '=') {
		token->has_value = true;
		p->at++;
		token->value.start = p->at;
		if (!at_line_end(p) && *p->at == '"') {
			if (next_quoted(p, token))
				return -1;
		} else {
			while (!at_line_end(p) && !is_blank(*p->at))
				p->at++;
			token->value.len = p->at - token->value.start;
		}
	}
	token->whole.len = p->at - token->whole.start;
	return 1;
}

static void skip_line(struct parser *p)
{
	while (!at_line_end(p))
		p->at++;
	if (p->at != p->end)
		p->at++;
	p->line++;
}

/* No control character but the tab, so that what is read is what is seen. */
static int check_line(struct parser *p)
{
	const char *c;

	for (c = p->at; c != p->end && *c != '\n'; c++) {
		struct span about = { c, 1 };

		if (is_control(*c) && *c != '\t')
			return fail(p, "a control character", &about);
	}
	return 0;
}

/* ---- values ---- */

static int parse_digits(struct parser *p, const struct token *token,
			const struct span *digits, u64 max, u64 *value)
{
	u64 base = 10;
	size_t i = 0;

	if (digits->len > 2 && digits->start[0] == '0' &&
	    (digits->start[1] | ' ') == 'x') {
		base = 16;
		i = 2;
	}
	if (i == digits->len)
		return fail(p, "not a number", &token->whole);

	*value = 0;
	for (; i < digits->len; i++) {
		int digit = hex_digit(digits->start[i]);

		if (digit < 0 || (u64)digit >= base)
			return fail(p, "not a number", &token->whole);
		if (*value > (max - digit) / base)
			return fail(p, "the number is too large",
				    &token->whole);
		*value = *value * base + digit;
	}
	return 0;
}

static int parse_number(struct parser *p, const struct token *token,
			struct condition *condition)
{
	return parse_digits(p, token, &token->value, condition->property->max,
			    &condition->value);
}

/* VALUE or VALUE/MASK */
static int parse_bits(struct parser *p, const struct token *token,
		      struct condition *condition)
{
	struct span value = token->value;
	struct span mask;

	value.len = 0;
	while (value.len < token->value.len && value.start[value.len] != '/')
		value.len++;
	if (parse_digits(p, token, &value, ~0ULL, &condition->value))
		return -1;

	condition->mask = ~0ULL;
	if (value.len == token->value.len)
		return 0;

	mask.start = value.start + value.len + 1;
	mask.len = token->value.len - value.len - 1;
	if (parse_digits(p, token, &mask, ~0ULL, &condition->mask))
		return -1;
	if (condition->value & ~condition->mask)
		return fail(p, "bits outside of the mask", &token->whole);
	return 0;
}

static int parse_yes_no(struct parser *p, const struct token *token,
			struct condition *condition)
{
	condition->value = span_is(&token->value, "yes");
	if (!condition->value && !span_is(&token->value, "no"))
		return fail(p, "neither yes nor no", &token->whole);
	return 0;
}

static int parse_hex(struct parser *p, const struct token *token,
		     const struct span *digits, u8 digest[SGX_DIGEST_SIZE])
{
	size_t i;

	if (digits->len != 2 * SGX_DIGEST_SIZE)
		return fail(p, "not 64 hexadecimal digits", &token->whole);

	for (i = 0; i < SGX_DIGEST_SIZE; i++) {
		int high = hex_digit(digits->start[2 * i]);
		int low = hex_digit(digits->start[2 * i + 1]);

		if (high < 0 || low < 0)
			return fail(p, "not 64 hexadecimal digits",
				    &token->whole);
		digest[i] = high << 4 | low;
	}
	return 0;
}

static int parse_digest(struct parser *p, const struct token *token,
			struct condition *condition)
{
	return parse_hex(p, token, &token->value, condition->digest);
}

/* sha256:DIGITS */
static int parse_verity(struct parser *p, const struct token *token,
			struct condition *condition)
{
	static const char algorithm[] = "sha256:";
	struct span digits = token->value;

	if (digits.len < sizeof(algorithm) - 1 ||
	    memcmp(digits.start, algorithm, sizeof(algorithm) - 1))
		return fail(p, "not a sha256: digest", &token->whole);

	digits.start += sizeof(algorithm) - 1;
	digits.len -= sizeof(algorithm) - 1;
	return parse_hex(p, token, &digits, condition->digest);
}

/*
 * What IPE has and a module cannot: the functions that find a file's dm-verity
 * device are not exported. Whoever takes a policy from there is told.
 */
static int parse_dmverity(struct parser *p, const struct token *token,
			  struct condition *condition)
{
	static const char reason[] =
		"dm-verity tells modules nothing: name the file by its path";

	(void)condition;
	return fail(p, reason, &token->whole);
}

/* The next character of a quoted value, 0 for an escape that there is not. */
static char unescape(const struct span *value, size_t *i)
{
	const char *at = value->start + *i;
	size_t left = value->len - *i;
	int high, low;

	*i += 1;
	if (*at != '\\')
		return *at;
	if (left >= 2 && (at[1] == '\\' || at[1] == '"')) {
		*i += 1;
		return at[1];
	}
	if (left < 4 || at[1] != 'x')
		return 0;

	high = hex_digit(at[2]);
	low = hex_digit(at[3]);
	*i += 3;
	return high < 0 || low < 0 ? 0 : (char)(high << 4 | low);
}

/* Append to the policy's text; it is only counted in the first reading. */
static void put_char(struct sgx_policy *policy, char c)
{
	if (policy->text)
		policy->text[policy->text_len] = c;
	policy->text_len++;
}

static const char bad_escape[] = "an escape other than \\\\, \\\" and \\xHH";

/* A path, or "none" where that can be. With a slash at its end: all below. */
static int parse_path(struct parser *p, const struct token *token,
		      struct condition *condition)
{
	struct sgx_policy *policy = p->policy;
	const struct span *value = &token->value;
	size_t start = policy->text_len;
	size_t i = 0;

	if (policy->text)
		condition->text = policy->text + start;

	if (!token->quoted && span_is(value, "none")) {
		if (condition->property->text != SGX_TEXT_FILE)
			return fail(p, "this cannot be none", &token->whole);
		put_char(policy, '\0');
		condition->len = 0;
		return 0;
	}

	if (!value->len || value->start[0] != '/')
		return fail(p, "not an absolute path", &token->whole);

	while (i < value->len) {
		char c = value->start[i];

		if (token->quoted) {
			c = unescape(value, &i);
			if (!c)
				return fail(p, bad_escape, &token->whole);
		} else {
			if (c == '"' || c == '\\')
				return fail(p, "to be put in quotes",
					    &token->whole);
			i++;
		}
		put_char(policy, c);
	}
	condition->len = policy->text_len - start;
	put_char(policy, '\0');
	return 0;
}

/* The items of a comma-separated list, one after the other; false at the end. */
static bool next_item(struct span *list, struct span *item)
{
	item->start = list->start;
	item->len = 0;
	if (!list->start)
		return false;

	while (item->len < list->len && list->start[item->len] != ',')
		item->len++;
	if (item->len == list->len) {
		list->start = NULL;
	} else {
		list->start += item->len + 1;
		list->len -= item->len + 1;
	}
	return true;
}

/* Whether @span is @name in capitals, or as it is. */
static bool is_name(const struct span *span, const char *name, bool capitals)
{
	size_t i;

	if (span->len != strlen(name))
		return false;
	for (i = 0; i < span->len; i++) {
		char c = name[i];

		if (capitals)
			c -= 'a' - 'A';
		if (span->start[i] != c)
			return false;
	}
	return true;
}

static int parse_privileges(struct parser *p, const struct token *token,
			    bool capitals, u32 which, u32 *set)
{
	const char *unknown = capitals ? "an unknown operation"
				       : "an unknown privilege";
	struct span list = token->value;
	struct span item;

	*set = 0;
	while (next_item(&list, &item)) {
		int n;

		for (n = 0; n < ENCLAVE_PRIVILEGES; n++)
			if (is_name(&item, sgx_privilege_names[n], capitals))
				break;
		if (n == ENCLAVE_PRIVILEGES || token->quoted)
			return fail(p, unknown, &item);
		if (!(which & 1U << n))
			return fail(p, "a privilege that is not remembered",
				    &item);
		if (*set & 1U << n)
			return fail(p, "twice in the list", &item);
		*set |= 1U << n;
	}
	return 0;
}

static int parse_used(struct parser *p, const struct token *token,
		      struct condition *condition)
{
	u32 set = 0;

	if (!span_is(&token->value, "none") &&
	    parse_privileges(p, token, false, SGX_PRIVILEGES_REMEMBERED, &set))
		return -1;
	condition->value = set;
	return 0;
}

/* ---- conditions ---- */

static bool knows(const struct sgx_subject *subject, u32 what)
{
	return (subject->known & what) == what;
}

static bool match_mrenclave(const struct condition *condition,
			    struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_IDENTITY) &&
	       !memcmp(condition->digest, subject->identity->mrenclave,
		       SGX_DIGEST_SIZE);
}

static bool match_mrsigner(const struct condition *condition,
			   struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_IDENTITY) &&
	       !memcmp(condition->digest, subject->identity->mrsigner,
		       SGX_DIGEST_SIZE);
}

static bool match_isvprodid(const struct condition *condition,
			    struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_IDENTITY) &&
	       subject->identity->isvprodid == condition->value;
}

static bool match_min_isvsvn(const struct condition *condition,
			     struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_IDENTITY) &&
	       subject->identity->isvsvn >= condition->value;
}

static bool match_debug(const struct condition *condition,
			struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_ATTRIBUTES) &&
	       !(subject->identity->attributes & SGX_ATTR_DEBUG) ==
		       !condition->value;
}

static bool match_attributes(const struct condition *condition,
			     struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_ATTRIBUTES) &&
	       (subject->identity->attributes & condition->mask) ==
		       condition->value;
}

static bool match_xfrm(const struct condition *condition,
		       struct sgx_subject *subject)
{
	return knows(subject, SGX_KNOWN_ATTRIBUTES) &&
	       (subject->identity->xfrm & condition->mask) == condition->value;
}

static bool match_used(const struct condition *condition,
		       struct sgx_subject *subject)
{
	return !(subject->used & ~condition->value);
}

static bool match_uid(const struct condition *condition,
		      struct sgx_subject *subject)
{
	return subject->uid == condition->value;
}

static bool match_gid(const struct condition *condition,
		      struct sgx_subject *subject)
{
	return subject->ops->in_group(subject, condition->value);
}

static bool match_verity(const struct condition *condition,
			 struct sgx_subject *subject)
{
	const u8 *digest = subject->ops->verity(subject);

	return digest && !memcmp(condition->digest, digest, SGX_DIGEST_SIZE);
}

static bool is_prefix(const struct condition *condition)
{
	return condition->len && condition->text[condition->len - 1] == '/';
}

static bool match_path(const struct condition *condition,
		       struct sgx_subject *subject)
{
	const char *text =
		subject->ops->text(subject, condition->property->text);
	size_t len;

	if (!text)
		return false;

	len = strlen(text);
	if (is_prefix(condition))
		return len >= condition->len &&
		       !memcmp(text, condition->text, condition->len);
	return len == condition->len && !memcmp(text, condition->text, len);
}

/* clang-format off */
static const struct property properties[] = {
	{ .name = "mrenclave", .ops = OPS_IDENTITY, .key = KEY_MRENCLAVE,
	  .parse = parse_digest, .match = match_mrenclave },
	{ .name = "mrsigner", .ops = OPS_IDENTITY, .key = KEY_MRSIGNER,
	  .parse = parse_digest, .match = match_mrsigner },
	{ .name = "isvprodid", .ops = OPS_IDENTITY, .key = KEY_NONE,
	  .max = 0xffff, .parse = parse_number, .match = match_isvprodid },
	{ .name = "min_isvsvn", .ops = OPS_IDENTITY, .key = KEY_NONE,
	  .max = 0xffff, .parse = parse_number, .match = match_min_isvsvn },
	{ .name = "debug", .ops = OPS_ALL, .key = KEY_NONE,
	  .parse = parse_yes_no, .match = match_debug },
	{ .name = "attributes", .ops = OPS_ALL, .key = KEY_NONE,
	  .parse = parse_bits, .match = match_attributes },
	{ .name = "xfrm", .ops = OPS_ALL, .key = KEY_NONE,
	  .parse = parse_bits, .match = match_xfrm },
	{ .name = "priv", .ops = OPS_ALL & ~OP(CREATE), .key = KEY_NONE,
	  .parse = parse_used, .match = match_used },
	{ .name = "file", .ops = OPS_SOURCE, .key = KEY_FILE,
	  .text = SGX_TEXT_FILE, .parse = parse_path, .match = match_path },
	{ .name = "sigstruct", .ops = OP(INIT), .key = KEY_SIGSTRUCT,
	  .text = SGX_TEXT_SIGSTRUCT, .parse = parse_path,
	  .match = match_path },
	{ .name = "fsverity_digest", .ops = OPS_SOURCE | OP(INIT),
	  .key = KEY_VERITY, .parse = parse_verity, .match = match_verity },
	{ .name = "dmverity_roothash", .ops = OPS_ALL, .key = KEY_NONE,
	  .parse = parse_dmverity },
	{ .name = "exe", .ops = OPS_ALL, .key = KEY_EXE,
	  .text = SGX_TEXT_EXE, .parse = parse_path, .match = match_path },
	{ .name = "cgroup", .ops = OPS_ALL, .key = KEY_NONE,
	  .text = SGX_TEXT_CGROUP, .parse = parse_path, .match = match_path },
	{ .name = "uid", .ops = OPS_ALL, .key = KEY_NONE,
	  .max = 0xfffffffe, .parse = parse_number, .match = match_uid },
	{ .name = "gid", .ops = OPS_ALL, .key = KEY_NONE,
	  .max = 0xfffffffe, .parse = parse_number, .match = match_gid },
};

/* clang-format on */

#define PROPERTIES (sizeof(properties) / sizeof(properties[0]))

/* ---- lines ---- */

static const struct property *find_property(const struct span *name)
{
	size_t i;

	for (i = 0; i < PROPERTIES; i++)
		if (span_is(name, properties[i].name))
			return &properties[i];
	return NULL;
}

static int parse_action(struct parser *p, const struct token *token,
			bool *allow)
{
	struct token more;
	int ret;

	*allow = span_is(&token->value, "ALLOW") && !token->quoted;
	if (!*allow && (token->quoted || !span_is(&token->value, "DENY")))
		return fail(p, "neither ALLOW nor DENY", &token->whole);

	ret = next_token(p, &more);
	if (ret > 0)
		return fail(p, "something after the action", &more.whole);
	return ret;
}

/* op=LIST, in @token. */
static int parse_ops(struct parser *p, const struct token *token, u32 *ops)
{
	return parse_privileges(p, token, true, OPS_ALL, ops);
}

/* policy name=NAME version=NUMBER, behind "policy" */
static int parse_header(struct parser *p)
{
	struct sgx_policy *policy = p->policy;
	struct token token;
	size_t i;
	int ret;

	ret = next_token(p, &token);
	if (ret < 0)
		return ret;
	if (!ret || !token.has_value || !span_is(&token.key, "name"))
		return fail(p, "no name= behind policy", &token.whole);
	if (!token.value.len || token.value.len > SGX_POLICY_NAME_MAX)
		return fail(p, "a name has 1 to 63 characters", &token.whole);
	for (i = 0; i < token.value.len; i++) {
		char c = token.value.start[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-') ||
		    token.quoted)
			return fail(p, "a name has letters, digits, and ._-",
				    &token.whole);
		policy->name[i] = c;
	}
	policy->name[i] = '\0';

	ret = next_token(p, &token);
	if (ret < 0)
		return ret;
	if (!ret || !token.has_value || !span_is(&token.key, "version"))
		return fail(p, "no version= behind the name", &token.whole);
	if (parse_digits(p, &token, &token.value, ~0ULL, &policy->version))
		return -1;

	ret = next_token(p, &token);
	if (ret > 0)
		return fail(p, "something after the version", &token.whole);
	return ret;
}

/* DEFAULT [op=LIST] action=ACTION, behind "DEFAULT" */
static int parse_default(struct parser *p)
{
	struct sgx_policy *policy = p->policy;
	struct sgx_verdict verdict = { .line = p->line };
	struct token token;
	u32 ops = 0;
	int ret, n;

	ret = next_token(p, &token);
	if (ret > 0 && token.has_value && span_is(&token.key, "op")) {
		if (parse_ops(p, &token, &ops))
			return -1;
		ret = next_token(p, &token);
	}
	if (ret < 0)
		return ret;
	if (!ret || !token.has_value || !span_is(&token.key, "action"))
		return fail(p, "a DEFAULT has op= or none, and action=",
			    &token.whole);
	if (parse_action(p, &token, &verdict.allowed))
		return -1;

	if (!ops) {
		if (policy->fallback.line)
			return fail(p, "a second DEFAULT for all", NULL);
		policy->fallback = verdict;
	}
	for (n = 0; n < ENCLAVE_PRIVILEGES; n++) {
		if (!(ops & 1U << n))
			continue;
		if (policy->defaults[n].line) {
			struct span name = { sgx_privilege_names[n],
					     strlen(sgx_privilege_names[n]) };

			return fail(p, "a second DEFAULT for an operation",
				    &name);
		}
		policy->defaults[n] = verdict;
	}
	return 0;
}

static int parse_condition(struct parser *p, const struct token *token, u32 ops,
			   u32 *seen)
{
	struct sgx_policy *policy = p->policy;
	const struct property *property = find_property(&token->key);
	struct condition scratch;
	struct condition *condition = &scratch;
	u32 bit;

	if (!property || !token->has_value)
		return fail(p, "an unknown property", &token->whole);
	if (ops & ~property->ops)
		return fail(p, "a property that an operation does not have",
			    &token->whole);
	bit = 1U << (property - properties);
	if (*seen & bit)
		return fail(p, "a property that is there twice", &token->whole);
	*seen |= bit;
	if (token->quoted && property->parse != parse_path)
		return fail(p, "not to be put in quotes", &token->whole);

	if (policy->conditions)
		condition = &policy->conditions[policy->condition_count];
	policy->condition_count++;
	condition->property = property;
	return property->parse(p, token, condition);
}

/* op=LIST [PROPERTY=VALUE...] action=ACTION, where @token is the first */
static int parse_rule(struct parser *p, struct token *token)
{
	struct sgx_policy *policy = p->policy;
	size_t first = policy->condition_count;
	struct rule *rule;
	u32 seen = 0;
	bool allow;
	u32 ops;
	int ret;

	if (parse_ops(p, token, &ops))
		return -1;
	for (;;) {
		ret = next_token(p, token);
		if (ret < 0)
			return ret;
		if (!ret)
			return fail(p, "no action= at the end", NULL);
		if (token->has_value && span_is(&token->key, "action"))
			break;
		if (parse_condition(p, token, ops, &seen))
			return -1;
	}
	if (parse_action(p, token, &allow))
		return -1;

	if (policy->rules) {
		rule = &policy->rules[policy->rule_count];
		rule->conditions = &policy->conditions[first];
		rule->count = policy->condition_count - first;
		rule->line = p->line;
		rule->ops = ops;
		rule->allow = allow;
	}
	policy->rule_count++;
	return 0;
}

static const char no_header[] = "the first line is not policy name= version=";

static int parse_line(struct parser *p, bool *headed)
{
	struct token token;
	int ret;

	if (check_line(p))
		return -1;
	ret = next_token(p, &token);
	if (ret <= 0)
		return ret;

	if (!*headed) {
		if (token.has_value || !span_is(&token.key, "policy"))
			return fail(p, no_header, &token.whole);
		*headed = true;
		return parse_header(p);
	}
	if (!token.has_value && span_is(&token.key, "DEFAULT"))
		return parse_default(p);
	if (token.has_value && span_is(&token.key, "op"))
		return parse_rule(p, &token);
	return fail(p, "a line that begins with neither op= nor DEFAULT",
		    &token.whole);
}

/* Reads all of a text into p->policy. */
static int parse_text(struct parser *p, const char *text, size_t len)
{
	struct sgx_policy *policy = p->policy;
	bool headed = false;
	int n;

	p->at = text;
	p->end = text + len;
	p->line = 1;
	while (p->at != p->end) {
		if (parse_line(p, &headed))
			return -1;
		skip_line(p);
		policy_breathe();
	}

	p->line = 0;
	if (!headed)
		return fail(p, "the policy is empty", NULL);
	for (n = 0; n < ENCLAVE_PRIVILEGES; n++) {
		struct span name = { sgx_privilege_names[n],
				     strlen(sgx_privilege_names[n]) };

		if (!policy->defaults[n].line)
			policy->defaults[n] = policy->fallback;
		if (!policy->defaults[n].line)
			return fail(p, "an operation has no DEFAULT", &name);
	}
	return 0;
}

/* ---- finding rules ---- */

/* FNV-1a. The author of a policy is trusted not to make keys collide. */
static u32 hash_key(enum key_kind kind, const void *data, size_t len)
{
	const u8 *byte = data;
	u32 hash = (2166136261U ^ kind) * 16777619U;

	while (len--)
		hash = (hash ^ *byte++) * 16777619U;
	return hash;
}

static void choose_key(struct rule *rule)
{
	enum key_kind best = KEY_NONE;
	u32 i;

	for (i = 0; i < rule->count; i++) {
		const struct condition *c = &rule->conditions[i];
		enum key_kind kind = c->property->key;

		if (kind >= best)
			continue;
		if (c->property->parse == parse_path) {
			if (is_prefix(c))
				continue;
			rule->hash = hash_key(kind, c->text, c->len);
		} else {
			rule->hash = hash_key(kind, c->digest, SGX_DIGEST_SIZE);
		}
		best = kind;
		rule->key = c;
	}
}

/* From the last rule to the first: each list is in order of lines then. */
static void index_rules(struct sgx_policy *policy)
{
	struct rule **head;
	size_t i;

	for (i = policy->rule_count; i-- > 0;) {
		struct rule *rule = &policy->rules[i];

		choose_key(rule);
		head = &policy->general;
		if (rule->key) {
			policy->keys |= 1U << rule->key->property->key;
			head = &policy->buckets[rule->hash &
						policy->bucket_mask];
		}
		rule->next = *head;
		*head = rule;
		policy_breathe();
	}
}

/* Arrays for what has been counted; then the counters start again. */
static int make_room(struct sgx_policy *policy)
{
	size_t buckets = 1;

	while (buckets < policy->rule_count)
		buckets *= 2;
	policy->bucket_mask = buckets - 1;
	/* One more than needed: that none is empty, and NULL means no memory. */
	policy->rules =
		policy_alloc(policy->rule_count + 1, sizeof(*policy->rules));
	policy->conditions = policy_alloc(policy->condition_count + 1,
					  sizeof(*policy->conditions));
	policy->text = policy_alloc(policy->text_len + 1, 1);
	policy->buckets = policy_alloc(buckets, sizeof(*policy->buckets));
	policy->rule_count = 0;
	policy->condition_count = 0;
	policy->text_len = 0;
	memset(policy->defaults, 0, sizeof(policy->defaults));
	memset(&policy->fallback, 0, sizeof(policy->fallback));
	if (!policy->rules || !policy->conditions || !policy->text ||
	    !policy->buckets)
		return -1;
	return 0;
}

/**
 * sgx_policy_parse() - make a policy of its text
 * @text:	text, not NUL-terminated
 * @len:	its length
 * @error:	set if the policy is refused
 *
 * Context: may sleep.
 * Return: the policy; NULL if a line is wrong or there is no memory, as @error
 * says (the reason "no memory" is the only one for the latter).
 */
struct sgx_policy *sgx_policy_parse(const char *text, size_t len,
				    struct sgx_policy_error *error)
{
	struct parser p = { .error = error };

	memset(error, 0, sizeof(*error));
	p.policy = policy_alloc(1, sizeof(*p.policy));
	if (!p.policy)
		goto no_memory;
	if (parse_text(&p, text, len))
		goto refused;
	if (make_room(p.policy))
		goto no_memory;
	if (parse_text(&p, text, len))
		goto refused;

	index_rules(p.policy);
	return p.policy;

no_memory:
	p.line = 0;
	fail(&p, "no memory", NULL);
refused:
	sgx_policy_free(p.policy);
	return NULL;
}

/**
 * sgx_policy_free() - free a policy
 * @policy:	policy that nobody uses any more, or NULL
 */
void sgx_policy_free(struct sgx_policy *policy)
{
	if (!policy)
		return;

	policy_free(policy->rules);
	policy_free(policy->conditions);
	policy_free(policy->text);
	policy_free(policy->buckets);
	policy_free(policy);
}

/**
 * sgx_policy_name() - the name of a policy
 * @policy:	policy
 *
 * Return: its name; letters, digits and ._- only.
 */
const char *sgx_policy_name(const struct sgx_policy *policy)
{
	return policy->name;
}

/**
 * sgx_policy_version() - the version of a policy
 * @policy:	policy
 *
 * Return: its version.
 */
u64 sgx_policy_version(const struct sgx_policy *policy)
{
	return policy->version;
}

/* ---- evaluation ---- */

static bool rule_matches(const struct rule *rule, u32 op,
			 struct sgx_subject *subject)
{
	u32 i;

	if (!(rule->ops & op))
		return false;
	for (i = 0; i < rule->count; i++) {
		const struct condition *c = &rule->conditions[i];

		if (!c->property->match(c, subject))
			return false;
	}
	return true;
}

/* The first rule of a list that matches; none behind that of @verdict. */
static void walk(const struct rule *rule, const u32 *hash, u32 op,
		 struct sgx_subject *subject, struct sgx_verdict *verdict)
{
	for (; rule; rule = rule->next) {
		if (verdict->line && rule->line > verdict->line)
			return;
		if (hash && rule->hash != *hash)
			continue;
		if (rule_matches(rule, op, subject)) {
			verdict->allowed = rule->allow;
			verdict->line = rule->line;
			return;
		}
	}
}

/* A subject's own key of a kind; NULL if it has none or that is not known. */
static const void *subject_key(struct sgx_subject *subject, enum key_kind kind,
			       size_t *len)
{
	static const enum sgx_subject_text texts[] = {
		[KEY_FILE] = SGX_TEXT_FILE,
		[KEY_SIGSTRUCT] = SGX_TEXT_SIGSTRUCT,
		[KEY_EXE] = SGX_TEXT_EXE,
	};
	const char *text;

	*len = SGX_DIGEST_SIZE;
	switch (kind) {
	case KEY_MRENCLAVE:
		if (!knows(subject, SGX_KNOWN_IDENTITY))
			return NULL;
		return subject->identity->mrenclave;
	case KEY_MRSIGNER:
		if (!knows(subject, SGX_KNOWN_IDENTITY))
			return NULL;
		return subject->identity->mrsigner;
	case KEY_VERITY:
		return subject->ops->verity(subject);
	default:
		text = subject->ops->text(subject, texts[kind]);
		*len = text ? strlen(text) : 0;
		return text;
	}
}

/* The operations for which a key of this kind can be known. */
static u32 key_ops(enum key_kind kind)
{
	size_t i;

	for (i = 0; i < PROPERTIES; i++)
		if (properties[i].key == kind)
			return properties[i].ops;
	return 0;
}

/**
 * sgx_policy_ask() - what a policy says to a question
 * @policy:	policy
 * @op:		privilege that is asked for
 * @subject:	who asks, and about what
 *
 * Context: may sleep if the operations of @subject do.
 * Return: the answer of the first rule of @op that matches, else its DEFAULT.
 */
struct sgx_verdict sgx_policy_ask(const struct sgx_policy *policy,
				  enum enclave_privilege op,
				  struct sgx_subject *subject)
{
	struct sgx_verdict verdict = { 0 };
	enum key_kind kind;

	for (kind = 0; kind < KEY_KINDS; kind++) {
		const void *key;
		size_t len;
		u32 hash;

		if (!(policy->keys & 1U << kind) || !(key_ops(kind) & 1U << op))
			continue;
		key = subject_key(subject, kind, &len);
		if (!key)
			continue;
		hash = hash_key(kind, key, len);
		walk(policy->buckets[hash & policy->bucket_mask], &hash,
		     1U << op, subject, &verdict);
	}
	walk(policy->general, NULL, 1U << op, subject, &verdict);
	return verdict.line ? verdict : policy->defaults[op];
}
