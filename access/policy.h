/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The rules: a text policy, parsed and evaluated. This part knows no operating
 * system, so that the kernel, the policy checker, the tests and the fuzzer use
 * the same source. The language is described in doc/access-control.md.
 */
#ifndef SOFTSGX_POLICY_H
#define SOFTSGX_POLICY_H

#include "../arch/types.h"
#include "../include/uapi/softsgx.h"

#define SGX_POLICY_NAME_MAX	63
#define SGX_POLICY_TOKEN_MAX	47
#define SGX_DIGEST_SIZE		32

struct sgx_policy;

/**
 * struct sgx_policy_error - why a policy was refused
 * @line:	number of the line, from 1; 0 if it is the policy as a whole
 * @reason:	what is wrong, a constant string
 * @token:	what it is about; printable, shortened, may be empty
 */
struct sgx_policy_error {
	unsigned int line;
	const char *reason;
	char token[SGX_POLICY_TOKEN_MAX + 1];
};

/**
 * struct sgx_identity - who an enclave is
 * @mrenclave:	measurement
 * @mrsigner:	SHA-256 of the signer's modulus
 * @attributes:	ATTRIBUTES.FLAGS of the SECS
 * @xfrm:	ATTRIBUTES.XFRM of the SECS
 * @isvprodid:	from SIGSTRUCT
 * @isvsvn:	from SIGSTRUCT
 */
struct sgx_identity {
	u8 mrenclave[SGX_DIGEST_SIZE];
	u8 mrsigner[SGX_DIGEST_SIZE];
	u64 attributes;
	u64 xfrm;
	u16 isvprodid;
	u16 isvsvn;
};

/* What is known of &sgx_subject.identity */
#define SGX_KNOWN_ATTRIBUTES	(1U << 0)	/* attributes, xfrm */
#define SGX_KNOWN_IDENTITY	(1U << 1)	/* all of it */

/* Texts of a subject. */
enum sgx_subject_text {
	SGX_TEXT_FILE,		/* path of the source */
	SGX_TEXT_SIGSTRUCT,	/* path of the SIGSTRUCT's file */
	SGX_TEXT_EXE,		/* path of the program */
	SGX_TEXT_CGROUP,	/* its cgroup, from the root of cgroup v2 */
};

struct sgx_subject;

/**
 * struct sgx_subject_ops - what is found out only if a rule wants to know it
 * @text:	the text, NULL where it is not known, "" where there is no such
 *		object. It stays until the subject goes
 * @in_group:	whether the process is in the group
 * @verity:	the SHA-256 fs-verity digest of the object's file, or NULL
 *
 * May sleep if the caller of sgx_policy_ask() may.
 */
struct sgx_subject_ops {
	const char *(*text)(struct sgx_subject *subject,
			    enum sgx_subject_text which);
	bool (*in_group)(struct sgx_subject *subject, u32 gid);
	const u8 *(*verity)(struct sgx_subject *subject);
};

/**
 * struct sgx_subject - who asks for a privilege, and about what
 * @ops:	see there
 * @identity:	of the enclave, as far as @known says; else NULL
 * @known:	SGX_KNOWN_*
 * @used:	set of the privileges that the enclave has used, see
 *		SGX_PRIVILEGES_REMEMBERED
 * @uid:	effective user of the process
 */
struct sgx_subject {
	const struct sgx_subject_ops *ops;
	const struct sgx_identity *identity;
	u32 known;
	u32 used;
	u32 uid;
};

/* A set of privileges: 1 << enum enclave_privilege. */
#define SGX_PRIVILEGE(name)	(1U << ENCLAVE_##name)

/* What an enclave is remembered to have used, and priv= may list. */
#define SGX_PRIVILEGES_REMEMBERED \
	(SGX_PRIVILEGE(EXECUTE) | SGX_PRIVILEGE(EXECMOD) | \
	 SGX_PRIVILEGE(EXECANON) | SGX_PRIVILEGE(EXECUNMR) | \
	 SGX_PRIVILEGE(EXECMEM) | SGX_PRIVILEGE(PROVISION))

/**
 * struct sgx_verdict - an answer of a policy
 * @allowed:	yes or no
 * @line:	line of the rule or DEFAULT that said so
 */
struct sgx_verdict {
	bool allowed;
	unsigned int line;
};

/* In lower case, as audit records and priv= have them. */
extern const char *const sgx_privilege_names[ENCLAVE_PRIVILEGES];

struct sgx_policy *sgx_policy_parse(const char *text, size_t len,
				    struct sgx_policy_error *error);
void sgx_policy_free(struct sgx_policy *policy);
const char *sgx_policy_name(const struct sgx_policy *policy);
u64 sgx_policy_version(const struct sgx_policy *policy);
struct sgx_verdict sgx_policy_ask(const struct sgx_policy *policy,
				  enum enclave_privilege op,
				  struct sgx_subject *subject);

#endif /* SOFTSGX_POLICY_H */
