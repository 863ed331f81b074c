/* SPDX-License-Identifier: GPL-2.0 */
/* The policy that is in force. */
#ifndef SOFTSGX_ACCESS_RULES_H
#define SOFTSGX_ACCESS_RULES_H

#include "question.h"

struct sgx_rules;

/**
 * struct sgx_rules_view - the rules, for the time of a question
 * @rules:	policy in force, NULL for none. It stays until the view ends
 * @srcu:	for the end
 * @enforcing:	its refusals are refusals
 */
struct sgx_rules_view {
	const struct sgx_rules *rules;
	int srcu;
	bool enforcing;
};

void sgx_rules_begin(struct sgx_rules_view *view);
void sgx_rules_end(struct sgx_rules_view *view);
int sgx_rules_ask(const struct sgx_rules_view *view,
		  const struct sgx_question *question);

int sgx_rules_init(void);
struct dentry *sgx_rules_dir(void);
void sgx_rules_exit(void);

#endif /* SOFTSGX_ACCESS_RULES_H */
