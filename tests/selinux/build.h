/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The small enclave, step by step, with the device opened as one likes. */
#ifndef TESTS_BUILD_H
#define TESTS_BUILD_H

#include <stdbool.h>
#include "../uapi/lib.h"

enum source {
	FROM_FILE,	/* mapped, as the file has it */
	FROM_WRITTEN,	/* mapped privately and written to, with the same */
	FROM_MEMORY,	/* read into anonymous memory */
};

/**
 * struct parts - what the enclave is made of
 * @code:	file with its page of code
 * @code_from:	where that is when it is loaded
 * @sig:	file with its SIGSTRUCT
 * @sig_from:	where that is when it is initialised
 */
struct parts {
	const char *code;
	enum source code_from;
	const char *sig;
	enum source sig_from;
};

/* All return 0 or a negative errno. */
int build_open(struct enclave *encl, int flags);
int build_add(struct enclave *encl, const struct parts *parts);
int build_init(struct enclave *encl, const struct parts *parts);
/* TCS and SSA writable. */
int build_map_data(struct enclave *encl);
int build_map_code(struct enclave *encl);
/* 0 if it was entered and has left; the vector of an exception. */
int build_enter(struct enclave *encl, u64 *fault_address);

#endif /* TESTS_BUILD_H */
