/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the parts of softsgx policy share. */
#ifndef TOOL_POLICY_H
#define TOOL_POLICY_H

#include "tool.h"
#include "../access/policy.h"

int policy_test(int argc, char **argv);
int policy_explain(int argc, char **argv);

/* The lower-case name in capitals, as rules have operations. */
#define OP_TEXT 16
void op_text(enum enclave_privilege op, char text[OP_TEXT]);
/* Read and parse a policy; what is wrong is said. *@text is to be freed. */
int policy_read(const char *path, struct sgx_policy **policy, char **text,
		size_t *len);
void policy_complain(const char *path, const struct sgx_policy_error *error);

#endif /* TOOL_POLICY_H */
