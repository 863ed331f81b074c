// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Fuzzes the parser of the rules and, with what it accepts, the evaluation.
 * What must hold: a refused text has a reason and a line that it has; an
 * accepted one answers every question, from a line that it has, the same when
 * asked again and the same when parsed again.
 */
#include <stdlib.h>
#include <string.h>
#include "../../access/policy.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define REQUIRE(condition)                                                     \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

struct asker {
	struct sgx_subject subject;
	struct sgx_identity identity;
	u8 digest[SGX_DIGEST_SIZE];
	const char *path;
};

static const char *asker_text(struct sgx_subject *subject,
			      enum sgx_subject_text which)
{
	(void)which;
	return ((struct asker *)subject)->path;
}

static bool asker_in_group(struct sgx_subject *subject, u32 gid)
{
	(void)subject;
	return gid & 1;
}

static const u8 *asker_verity(struct sgx_subject *subject)
{
	struct asker *asker = (struct asker *)subject;

	return asker->path ? asker->digest : NULL;
}

static const struct sgx_subject_ops asker_ops = {
	.text = asker_text,
	.in_group = asker_in_group,
	.verity = asker_verity,
};

static void ask_all(const struct sgx_policy *a, const struct sgx_policy *b,
		    struct asker *asker, unsigned int lines)
{
	struct sgx_verdict first, again, other;
	int op;

	for (op = 0; op < ENCLAVE_PRIVILEGES; op++) {
		first = sgx_policy_ask(a, op, &asker->subject);
		again = sgx_policy_ask(a, op, &asker->subject);
		other = sgx_policy_ask(b, op, &asker->subject);
		REQUIRE(first.line && first.line <= lines);
		REQUIRE(first.line == again.line && first.line == other.line);
		REQUIRE(first.allowed == again.allowed &&
			first.allowed == other.allowed);
	}
}

static void ask_variously(const struct sgx_policy *a,
			  const struct sgx_policy *b, unsigned int lines)
{
	static const char *const paths[] = { NULL, "", "/a", "/a/b", "/" };
	static const u8 fills[] = { 0, 0xaa };
	struct asker asker = { .subject.ops = &asker_ops };
	size_t i, j;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		asker.path = paths[i];
		asker.subject.identity = NULL;
		asker.subject.known = 0;
		ask_all(a, b, &asker, lines);
		for (j = 0; j < sizeof(fills); j++) {
			memset(&asker.identity, fills[j],
			       sizeof(asker.identity));
			memset(asker.digest, fills[j], sizeof(asker.digest));
			asker.subject.identity = &asker.identity;
			asker.subject.known = SGX_KNOWN_ATTRIBUTES |
					      SGX_KNOWN_IDENTITY;
			asker.subject.used = fills[j];
			asker.subject.uid = fills[j];
			ask_all(a, b, &asker, lines);
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct sgx_policy_error error;
	struct sgx_policy *a, *b;
	unsigned int lines = 1;
	size_t i;

	for (i = 0; i < size; i++)
		lines += data[i] == '\n';

	a = sgx_policy_parse((const char *)data, size, &error);
	if (!a) {
		REQUIRE(error.reason && error.line <= lines);
		REQUIRE(strlen(error.token) <= SGX_POLICY_TOKEN_MAX);
		return 0;
	}
	b = sgx_policy_parse((const char *)data, size, &error);
	REQUIRE(b);
	ask_variously(a, b, lines);
	sgx_policy_free(a);
	sgx_policy_free(b);
	return 0;
}
