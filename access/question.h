/* SPDX-License-Identifier: GPL-2.0 */
/* A question, as the parts of the access control hand it on to each other. */
#ifndef SOFTSGX_ACCESS_QUESTION_H
#define SOFTSGX_ACCESS_QUESTION_H

#include "access.h"

/**
 * struct sgx_question - what current asks for
 * @privileges:	set; all of it must be granted
 * @device:	device file: what is asked about where there is no @object
 * @object:	source of a page, or file of the SIGSTRUCT; NULL if anonymous
 * @identity:	of the enclave; never NULL
 * @known:	what of @identity is known, SGX_KNOWN_*
 * @used:	what the enclave has used before
 *
 * On the asker's stack; the asker holds the files.
 */
struct sgx_question {
	u32 privileges;
	struct file *device;
	struct file *object;
	const struct sgx_identity *identity;
	u32 known;
	u32 used;
};

/* The file that the security modules are asked about. */
static inline struct file *
sgx_question_object(const struct sgx_question *question,
		    enum enclave_privilege privilege)
{
	switch (privilege) {
	case ENCLAVE_EXECUTE:
	case ENCLAVE_EXECMOD:
	case ENCLAVE_EXECUNMR:
	case ENCLAVE_INIT:
		return question->object ? question->object : question->device;
	default:
		return question->device;
	}
}

#endif /* SOFTSGX_ACCESS_QUESTION_H */
