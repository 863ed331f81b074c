/* SPDX-License-Identifier: GPL-2.0 */
/* Records of what was refused. */
#ifndef SOFTSGX_ACCESS_AUDIT_H
#define SOFTSGX_ACCESS_AUDIT_H

#include "question.h"

/**
 * struct sgx_denial - a refusal by the rules
 * @policy:	name of the policy
 * @version:	its version
 * @line:	line of the rule or DEFAULT that refused, 0 if it is an error
 * @permissive:	it was not enforced
 */
struct sgx_denial {
	const char *policy;
	u64 version;
	unsigned int line;
	bool permissive;
};

/**
 * struct sgx_audit_counts - how often there was something to record
 * @denied:	refusals by the rules, permissive ones too
 * @suppressed:	those that have not been recorded, because there were too many;
 *		the next record that is made says how many they were, and they
 *		are not counted here any more
 */
struct sgx_audit_counts {
	unsigned long denied;
	unsigned long suppressed;
};

void sgx_audit_denial(const struct sgx_question *question,
		      enum enclave_privilege privilege,
		      const struct sgx_denial *denial);
void sgx_audit_lsm_denial(const struct sgx_question *question,
			  enum enclave_privilege privilege, int error);
void sgx_audit_asked(const struct sgx_question *question);
void sgx_audit_counts(struct sgx_audit_counts *counts);
void sgx_audit_policy(const char *what, const char *name, u64 version);
void sgx_audit_init(void);

#endif /* SOFTSGX_ACCESS_AUDIT_H */
