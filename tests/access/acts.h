/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * An act for each privilege: the steps of an enclave's life up to one that
 * needs it. Shared by the tests of the rules and of the security modules.
 */
#ifndef TESTS_ACTS_H
#define TESTS_ACTS_H

#include <stdbool.h>
#include "../uapi/lib.h"
#include "../../include/uapi/softsgx.h"

enum act {
	ACT_CREATE,
	ACT_EXECUTE,		/* code from a file */
	ACT_EXECMOD_PRIVATE,	/* code from a private, modified page of it */
	ACT_EXECMOD_WX,		/* a page writable and executable from it */
	ACT_EXECMOD_AUG,	/* an EAUG page made executable */
	ACT_EXECANON,		/* code from anonymous memory */
	ACT_EXECUNMR,		/* code from a file, unmeasured */
	ACT_EXECMEM_MMAP,	/* mmap() writable and executable */
	ACT_EXECMEM_MPROTECT,	/* mprotect() to that */
	ACT_INIT,		/* SIGSTRUCT in a file */
	ACT_INITANON,		/* SIGSTRUCT in anonymous memory */
	ACT_DEBUG,		/* a debug enclave */
	ACT_PROVISION,
	ACTS
};

/**
 * struct act_info - what an act needs
 * @name:	of the act
 * @needs:	the privilege that its last step needs
 * @also:	set of those that the steps before need
 */
struct act_info {
	const char *name;
	enum enclave_privilege needs;
	unsigned int also;
};

extern const struct act_info act_infos[ACTS];

/**
 * struct actor - who acts
 * @code:	file with a page of code at offset 0
 * @sig:	file with the SIGSTRUCT of the enclave that is made of it
 * @sig_debug:	the same as a debug enclave
 * @open_flags:	for the device
 * @step:	set: the privilege that the step that was last tried needs, -1
 *		for one that needs none
 * @kept:	if not NULL, the enclave is left there
 */
struct actor {
	const char *code;
	const char *sig;
	const char *sig_debug;
	int open_flags;
	int step;
	struct enclave *kept;
};

void acts_make_files(const char *code, const char *sig, const char *sig_debug,
		     EVP_PKEY *key);
int act(struct actor *actor, enum act which);

void acts_code(u8 page[PAGE]);
int acts_write_file(const char *path, const void *data, size_t len);
/* The SIGSTRUCT of the enclave that acts make, changed by @edit if not NULL. */
void acts_sign(struct sgx_sigstruct *sig, const u8 *code, bool debug,
	       EVP_PKEY *key, void (*edit)(struct sgx_sigstruct *sig));

#endif /* TESTS_ACTS_H */
