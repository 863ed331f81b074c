// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The policy of access/, compiled for a program, by the number of its rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../access/policy.h"
#include "bench.h"

#define RULE_MAX 128
#define MOST	 100000

/* Identities that differ in all of their bytes. */
static void identity_fill(struct sgx_identity *identity, unsigned int n)
{
	u64 word = (n + 1) * 0x9e3779b97f4a7c15UL;
	size_t i;

	for (i = 0; i < SGX_DIGEST_SIZE; i++) {
		word = word * 6364136223846793005UL + 1442695040888963407UL;
		identity->mrenclave[i] = word >> 56;
	}
}

static struct sgx_policy *policy_of(unsigned int rules)
{
	char *text = malloc((size_t)(rules + 2) * RULE_MAX);
	struct sgx_identity identity = {};
	struct sgx_policy_error error;
	struct sgx_policy *policy;
	char *end = text;
	unsigned int i, j;

	ASSERT(text);
	end += sprintf(end, "policy name=bench version=1\n"
			    "DEFAULT action=DENY\n");
	for (i = 0; i < rules; i++) {
		identity_fill(&identity, i);
		end += sprintf(end, "op=INIT mrenclave=");
		for (j = 0; j < SGX_DIGEST_SIZE; j++)
			end += sprintf(end, "%02x", identity.mrenclave[j]);
		end += sprintf(end, " action=ALLOW\n");
	}
	policy = sgx_policy_parse(text, end - text, &error);
	if (!policy)
		fprintf(stderr, "line %u: %s\n", error.line, error.reason);
	ASSERT(policy);
	free(text);
	return policy;
}

static struct sgx_policy *policy;
static unsigned int policy_rules;

/* Every other identity is one that the policy allows. */
static void ask(u64 n)
{
	static const struct sgx_subject_ops ops;
	struct sgx_identity identity = {};
	struct sgx_subject subject = {
		.ops = &ops,
		.identity = &identity,
		.known = SGX_KNOWN_ATTRIBUTES | SGX_KNOWN_IDENTITY,
	};
	bool allowed;
	u64 i;

	for (i = 0; i < n; i++) {
		identity_fill(&identity,
			      i % 2 ? MOST + i : i * 7919 % policy_rules);
		allowed =
			sgx_policy_ask(policy, ENCLAVE_INIT, &subject).allowed;
		ASSERT_EQ(allowed, !(i % 2));
	}
}

static void only_fill(u64 n)
{
	struct sgx_identity identity = {};

	while (n--) {
		identity_fill(&identity, n);
		asm volatile("" : : "m"(identity));
	}
}

void measure_rules(void)
{
	const double filling = least(only_fill, 200);
	double answer;

	for (policy_rules = 10; policy_rules <= MOST; policy_rules *= 10) {
		policy = policy_of(policy_rules);
		answer = least(ask, 200) - filling;
		point("an answer of the rules, by their number", policy_rules,
		      answer);
		if (policy_rules == 10)
			figures[RULES_FEW] = answer;
		figures[RULES_MANY] = answer;
		sgx_policy_free(policy);
	}
}
