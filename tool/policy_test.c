// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * softsgx policy test: what rules say to a question, by the kernel's own
 * evaluation (access/policy.c), without the kernel.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "policy.h"

#define GROUPS_MAX 32
#define WORDS_MAX  32

enum { OPTION_CASES = OPTION_OWN, OPTION_SIGSTRUCT };

enum answer { ANSWER_NONE, ANSWER_ALLOW, ANSWER_DENY };

/**
 * struct question - who asks for what
 * @subject:	as the rules see it
 * @identity:	of the enclave
 * @digest:	of the object's file, if @has_digest
 * @has_digest:	it is sealed by fs-verity
 * @texts:	NULL for what is not known, see enum sgx_subject_text
 * @groups:	of the process
 * @group_count: how many
 * @ops:	set of what is asked for
 * @expected:	in a file of cases
 */
struct question {
	struct sgx_subject subject;
	struct sgx_identity identity;
	uint8_t digest[SGX_DIGEST_SIZE];
	bool has_digest;
	const char *texts[SGX_TEXT_CGROUP + 1];
	uint32_t groups[GROUPS_MAX];
	size_t group_count;
	uint32_t ops;
	enum answer expected;
};

static const char *question_text(struct sgx_subject *subject,
				 enum sgx_subject_text which)
{
	return ((struct question *)subject)->texts[which];
}

static bool question_in_group(struct sgx_subject *subject, uint32_t gid)
{
	const struct question *q = (struct question *)subject;
	size_t i;

	for (i = 0; i < q->group_count; i++)
		if (q->groups[i] == gid)
			return true;
	return false;
}

static const uint8_t *question_verity(struct sgx_subject *subject)
{
	const struct question *q = (struct question *)subject;

	return q->has_digest ? q->digest : NULL;
}

static const struct sgx_subject_ops question_ops = {
	.text = question_text,
	.in_group = question_in_group,
	.verity = question_verity,
};

/* Nothing is known but what every enclave has. No user has this number. */
static void question_init(struct question *q)
{
	memset(q, 0, sizeof(*q));
	q->subject.ops = &question_ops;
	q->subject.identity = &q->identity;
	q->subject.known = SGX_KNOWN_ATTRIBUTES;
	q->subject.uid = UINT32_MAX;
	q->identity.attributes = SGX_ATTR_MODE64BIT;
	q->identity.xfrm = SGX_XFRM_LEGACY;
}

/* ---- words ---- */

static bool read_digest(const char *text, uint8_t digest[SGX_DIGEST_SIZE])
{
	unsigned int byte;
	size_t i;

	if (strlen(text) != 2 * SGX_DIGEST_SIZE ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * SGX_DIGEST_SIZE)
		return false;
	for (i = 0; i < SGX_DIGEST_SIZE; i++) {
		sscanf(text + 2 * i, "%2x", &byte);
		digest[i] = byte;
	}
	return true;
}

static bool read_names(char *list, uint32_t *set)
{
	char *name, *rest;
	int n;

	*set = 0;
	for (name = strtok_r(list, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		for (n = 0; n < ENCLAVE_PRIVILEGES; n++)
			if (!strcasecmp(name, sgx_privilege_names[n]))
				break;
		if (n == ENCLAVE_PRIVILEGES)
			return false;
		*set |= 1U << n;
	}
	return *set;
}

static bool read_identity(struct question *q, const char *key,
			  const char *value)
{
	uint64_t number;

	q->subject.known |= SGX_KNOWN_IDENTITY;
	if (!strcmp(key, "mrenclave"))
		return read_digest(value, q->identity.mrenclave);
	if (!strcmp(key, "mrsigner"))
		return read_digest(value, q->identity.mrsigner);
	if (!read_number(value, UINT16_MAX, &number))
		return false;
	if (!strcmp(key, "isvprodid"))
		q->identity.isvprodid = number;
	else
		q->identity.isvsvn = number;
	return true;
}

static bool read_debug(struct question *q, const char *value)
{
	if (!strcmp(value, "yes"))
		q->identity.attributes |= SGX_ATTR_DEBUG;
	else if (!strcmp(value, "no"))
		q->identity.attributes &= ~SGX_ATTR_DEBUG;
	else
		return false;
	return true;
}

static bool read_verity(struct question *q, const char *value)
{
	static const char algorithm[] = "sha256:";
	size_t len = sizeof(algorithm) - 1;

	q->has_digest = true;
	return !strncmp(value, algorithm, len) &&
	       read_digest(value + len, q->digest);
}

static bool read_user(struct question *q, const char *key, const char *value)
{
	uint64_t number;

	if (!read_number(value, UINT32_MAX - 1, &number))
		return false;
	if (*key == 'u')
		q->subject.uid = number;
	else if (q->group_count == GROUPS_MAX)
		return false;
	else
		q->groups[q->group_count++] = number;
	return true;
}

static bool read_expected(struct question *q, const char *value)
{
	if (!strcmp(value, "ALLOW"))
		q->expected = ANSWER_ALLOW;
	else if (!strcmp(value, "DENY"))
		q->expected = ANSWER_DENY;
	return q->expected;
}

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list)
		if (!strcmp(word, *list++))
			return true;
	return false;
}

/* KEY=VALUE; false if there is no such property, or it cannot be that. */
static bool read_word(struct question *q, char *word)
{
	static const char *const texts[] = { "file", "sigstruct", "exe",
					     "cgroup" };
	static const char *const identity[] = { "mrenclave", "mrsigner",
						"isvprodid", "isvsvn", NULL };
	char *value = strchr(word, '=');
	size_t i;

	if (!value)
		return false;
	*value++ = '\0';
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(word, texts[i])) {
			q->texts[i] = strcmp(value, "none") ? value : "";
			return *value == '/' || !*q->texts[i];
		}
	if (is_one_of(word, identity))
		return read_identity(q, word, value);
	if (!strcmp(word, "op"))
		return read_names(value, &q->ops);
	if (!strcmp(word, "priv"))
		return !strcmp(value, "none") ||
		       read_names(value, &q->subject.used);
	if (!strcmp(word, "debug"))
		return read_debug(q, value);
	if (!strcmp(word, "attributes"))
		return read_number(value, UINT64_MAX, &q->identity.attributes);
	if (!strcmp(word, "xfrm"))
		return read_number(value, UINT64_MAX, &q->identity.xfrm);
	if (!strcmp(word, "fsverity_digest"))
		return read_verity(q, value);
	if (!strcmp(word, "uid") || !strcmp(word, "gid"))
		return read_user(q, word, value);
	if (!strcmp(word, "expect"))
		return read_expected(q, value);
	return false;
}

/* The word that is wrong, or NULL. The words are taken apart. */
static const char *read_words(struct question *q, char **words, size_t count)
{
	static char wrong[128];
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(wrong, sizeof(wrong), "%s", words[i]);
		if (!read_word(q, words[i]))
			return wrong;
	}
	return NULL;
}

static int read_sigstruct(struct question *q, const char *path)
{
	struct softsgx_sigstruct sig;
	struct softsgx_claims claims;
	struct softsgx_error error;

	if (softsgx_sigstruct_read(&sig, path, &error))
		return report_error(&error);
	softsgx_sigstruct_claims(&sig, &claims);
	softsgx_sigstruct_mrenclave(&sig, q->identity.mrenclave);
	softsgx_sigstruct_mrsigner(&sig, q->identity.mrsigner);
	q->identity.isvprodid = claims.isvprodid;
	q->identity.isvsvn = claims.isvsvn;
	q->identity.attributes = claims.attributes;
	q->identity.xfrm = claims.xfrm;
	q->subject.known |= SGX_KNOWN_IDENTITY;
	return EXIT_YES;
}

/* ---- answers ---- */

/* The text of a line of the policy. */
static void line_text(const char *text, size_t len, unsigned int line,
		      char *out, size_t size)
{
	const char *end = text + len;
	const char *stop;

	while (--line && text) {
		text = memchr(text, '\n', end - text);
		text = text ? text + 1 : NULL;
	}
	*out = '\0';
	if (!text)
		return;
	stop = memchr(text, '\n', end - text);
	snprintf(out, size, "%.*s", (int)((stop ? stop : end) - text), text);
}

/* All that is asked for must be allowed: the first that is not, or the last. */
static struct sgx_verdict ask(const struct sgx_policy *policy,
			      struct question *q, enum enclave_privilege *op)
{
	struct sgx_verdict verdict = { 0 };
	int n;

	for (n = 0; n < ENCLAVE_PRIVILEGES; n++) {
		if (!(q->ops & 1U << n))
			continue;
		*op = n;
		verdict = sgx_policy_ask(policy, n, &q->subject);
		if (!verdict.allowed)
			break;
	}
	return verdict;
}

struct options {
	const char *policy;
	const char *cases;
	const char *sigstruct;
	char **words;
	size_t count;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_CASES:
		o->cases = arg;
		return 0;
	case OPTION_SIGSTRUCT:
		o->sigstruct = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->policy) {
			o->policy = arg;
			return 0;
		}
		o->words = state->argv + state->next - 1;
		o->count = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!o->policy)
			argp_error(state, "which policy?");
		if (!o->cases == !o->count)
			argp_error(state,
				   "a question (op=INIT ...), or --cases");
		if (o->cases && (o->json || o->sigstruct))
			argp_error(state, "not together with --cases");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int test_one(const struct options *o, const struct sgx_policy *policy,
		    const char *text, size_t len)
{
	enum enclave_privilege op = 0;
	struct sgx_verdict verdict;
	struct json_object *json;
	struct question q;
	const char *wrong;
	char line[1024];
	int status;

	question_init(&q);
	if (o->sigstruct) {
		status = read_sigstruct(&q, o->sigstruct);
		if (status)
			return status;
	}
	wrong = read_words(&q, o->words, o->count);
	if (wrong) {
		complain("'%s' is not what a question has", wrong);
		return EXIT_USAGE;
	}
	if (!q.ops || q.expected) {
		complain(q.ops ? "expect= is for --cases"
			       : "no op= in the question");
		return EXIT_USAGE;
	}
	verdict = ask(policy, &q, &op);
	line_text(text, len, verdict.line, line, sizeof(line));
	if (o->json) {
		json = json_object_new_object();
		json_flag(json, "allowed", verdict.allowed);
		json_text(json, "op", sgx_privilege_names[op]);
		json_number(json, "line", verdict.line);
		json_text(json, "rule", line);
		json_print(json);
	} else {
		printf("%s by line %u: %s\n",
		       verdict.allowed ? "ALLOW" : "DENY", verdict.line,
		       shown(line));
	}
	return verdict.allowed ? EXIT_YES : EXIT_NO;
}

/* ---- a file of questions with their answers ---- */

/* Words between blanks; in double quotes, blanks are part of a word. */
static size_t split(char *line, char *words[WORDS_MAX])
{
	size_t count = 0;
	bool quoted = false;
	char *out = line;

	while (count < WORDS_MAX) {
		while (isblank((unsigned char)*line))
			line++;
		if (!*line || *line == '#')
			break;
		words[count++] = out = line;
		for (; *line && (quoted || !isblank((unsigned char)*line));
		     line++) {
			if (*line == '"')
				quoted = !quoted;
			else
				*out++ = *line;
		}
		if (*line)
			line++;
		*out = '\0';
	}
	return count;
}

enum { CASE_FAILED, CASE_PASSED, CASE_NONE, CASE_WRONG };

/* One of these. */
static int test_case(const struct sgx_policy *policy, const char *path,
		     unsigned int number, char *line)
{
	enum enclave_privilege op = 0;
	char *words[WORDS_MAX];
	struct sgx_verdict verdict;
	struct question q;
	const char *wrong;
	char *copy = strdup(line);
	size_t count = copy ? split(copy, words) : 0;
	bool right;

	question_init(&q);
	wrong = read_words(&q, words, count);
	if (wrong)
		complain("%s:%u: '%s' is not what a question has", path, number,
			 wrong);
	else if (count && (!q.ops || !q.expected))
		complain("%s:%u: no %s", path, number,
			 q.ops ? "expect=" : "op=");
	if (wrong || (count && (!q.ops || !q.expected))) {
		free(copy);
		return CASE_WRONG;
	}
	if (!count) {
		free(copy);
		return CASE_NONE;
	}
	verdict = ask(policy, &q, &op);
	free(copy);
	right = verdict.allowed == (q.expected == ANSWER_ALLOW);
	printf("%s %s (%s by line %u)\n", right ? "ok    " : "not ok",
	       shown(line), verdict.allowed ? "ALLOW" : "DENY", verdict.line);
	return right ? CASE_PASSED : CASE_FAILED;
}

static int test_cases(const char *path, const struct sgx_policy *policy)
{
	unsigned int counts[2] = { 0 };
	unsigned int number = 0;
	struct softsgx_error error;
	char *line, *rest;
	void *data;
	size_t len;
	char *text;
	int result;

	if (softsgx_file_read(path, &data, &len, &error))
		return report_error(&error);
	text = strndup(data, len);
	free(data);
	for (rest = text; rest && (line = strsep(&rest, "\n"));) {
		result = test_case(policy, path, ++number, line);
		if (result == CASE_WRONG) {
			free(text);
			return EXIT_FORMAT;
		}
		if (result != CASE_NONE)
			counts[result]++;
	}
	free(text);
	printf("%u passed, %u failed\n", counts[CASE_PASSED],
	       counts[CASE_FAILED]);
	return counts[CASE_FAILED] || !counts[CASE_PASSED] ? EXIT_NO : EXIT_YES;
}

int policy_test(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "cases", OPTION_CASES, "FILE", 0,
		  "Ask the questions in FILE, one in a line, each with expect=ALLOW or expect=DENY",
		  0 },
		{ "sigstruct", OPTION_SIGSTRUCT, "FILE", 0,
		  "Take the enclave's identity and attributes from this SIGSTRUCT",
		  0 },
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"POLICY op=OPERATION[,...] [PROPERTY=VALUE...]\n--cases FILE POLICY",
		"Say what rules answer to a question, and by which line, by the kernel's own evaluation.\v"
		"A question has the properties of rules, with isvsvn= for min_isvsvn= and gid= as often as there are groups. What is not given is not known, but for attributes (0x4) and xfrm (0x3). "
		"The status is 0 if all that is asked for is allowed, 1 if not.",
		NULL,
		NULL,
		NULL
	};
	struct options o = { 0 };
	struct sgx_policy *policy;
	char *text;
	size_t len;
	int status;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	status = policy_read(o.policy, &policy, &text, &len);
	if (status)
		return status;
	status = o.cases ? test_cases(o.cases, policy)
			 : test_one(&o, policy, text, len);
	sgx_policy_free(policy);
	free(text);
	return status;
}
