// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/wait.h>
#include "cells.h"
#include "policy.h"

#define A   "a_t", "a_sig_t"
#define B   "b_t", "b_sig_t"
#define ONE "one_enclave_t", "one_sigstruct_t"
#define OS  "libos_enclave_t", "libos_sigstruct_t"

/* clang-format off */
const struct cell cells[] = {
	/* Each privilege alone: what lacks another one may. */
	{ "create", ACT_CREATE, A, "no_execute_t", "no_create_t", DEVICE },
	{ "code of a", ACT_EXECUTE, A, "no_execmod_t", "no_execute_t", "a_t" },
	{ "code of b", ACT_EXECUTE, B, "no_execmod_t", "no_execute_t", "b_t" },
	{ "modified code of a", ACT_EXECMOD_PRIVATE, A, "no_execmod_device_t",
	  "no_execmod_t", "a_t" },
	{ "modified code of a, which may be executed", ACT_EXECMOD_PRIVATE, A,
	  "no_execute_t", "no_execmod_t", "a_t" },
	{ "a writable page of code of a", ACT_EXECMOD_WX, A, "no_execmem_t",
	  "no_execmod_t", "a_t" },
	{ "X on an EAUG page", ACT_EXECMOD_AUG, A, "no_execmod_t",
	  "no_execmod_device_t", DEVICE },
	{ "anonymous code", ACT_EXECANON, A, "no_execute_t", "no_execanon_t",
	  DEVICE },
	{ "unmeasured code of a", ACT_EXECUNMR, A, "no_execunmr_device_t",
	  "no_execunmr_t", "a_t" },
	{ "mmap WX", ACT_EXECMEM_MMAP, A, "no_execmod_t", "no_execmem_t",
	  DEVICE },
	{ "mprotect WX", ACT_EXECMEM_MPROTECT, A, "no_execmod_t",
	  "no_execmem_t", DEVICE },
	{ "INIT with a's SIGSTRUCT", ACT_INIT, A, "no_initanon_t", "no_init_t",
	  "a_sig_t" },
	{ "INIT with b's SIGSTRUCT", ACT_INIT, "a_t", "b_sig_t",
	  "no_initanon_t", "no_init_t", "b_sig_t" },
	{ "INIT from memory", ACT_INITANON, A, "no_init_t", "no_initanon_t",
	  DEVICE },
	{ "a debug enclave", ACT_DEBUG, A, "no_initanon_t", "no_debug_t",
	  DEVICE },
	{ "provision", ACT_PROVISION, A, "no_init_t", "no_provision_t",
	  "sgx_provision_device_t" },

	/* A domain that may load exactly one enclave. */
	{ "one enclave only: its code", ACT_EXECUTE, ONE, "one_t", "site_t",
	  "one_enclave_t" },
	{ "one enclave only: its SIGSTRUCT", ACT_INIT, ONE, "one_t",
	  "no_init_t", "one_sigstruct_t" },
	{ "one enclave only: code of b", ACT_EXECUTE, B, "all_t", "one_t",
	  "b_t" },
	{ "one enclave only: its code, modified", ACT_EXECMOD_PRIVATE, ONE,
	  "all_t", "one_t", "one_enclave_t" },
	{ "one enclave only: its code, writable", ACT_EXECMOD_WX, ONE, "all_t",
	  "one_t", "one_enclave_t" },
	{ "one enclave only: its code, unmeasured", ACT_EXECUNMR, ONE, "all_t",
	  "one_t", "one_enclave_t" },
	{ "one enclave only: anonymous code", ACT_EXECANON, ONE, "sdk_t",
	  "one_t", DEVICE },
	{ "one enclave only: another SIGSTRUCT file", ACT_INIT,
	  "one_enclave_t", "b_sig_t", "all_t", "one_t", "b_sig_t" },
	{ "one enclave only: its SIGSTRUCT in memory", ACT_INITANON, ONE,
	  "all_t", "one_t", DEVICE },
	{ "one enclave only: mmap WX", ACT_EXECMEM_MMAP, ONE, "libos_t",
	  "one_t", DEVICE },
	{ "one enclave only: mprotect WX", ACT_EXECMEM_MPROTECT, ONE,
	  "libos_t", "one_t", DEVICE },
	{ "one enclave only: X on an EAUG page", ACT_EXECMOD_AUG, ONE, "all_t",
	  "one_t", DEVICE },
	{ "one enclave only: a debug enclave", ACT_DEBUG, ONE, "all_t",
	  "one_t", DEVICE },
	{ "one enclave only: provision", ACT_PROVISION, ONE, "all_t", "one_t",
	  "sgx_provision_device_t" },

	/* The other examples. */
	{ "SDK: anonymous code", ACT_EXECANON, A, "sdk_t", "site_t", DEVICE },
	{ "SDK: code of a file", ACT_EXECUTE, A, "all_t", "sdk_t", "a_t" },
	{ "library OS: X on an EAUG page", ACT_EXECMOD_AUG, OS, "libos_t",
	  "no_execmod_device_t", DEVICE },
	{ "library OS: mmap WX", ACT_EXECMEM_MMAP, OS, "libos_t", "sdk_t",
	  DEVICE },
	{ "library OS: its code, modified", ACT_EXECMOD_PRIVATE, OS, "libos_t",
	  "one_t", "libos_enclave_t" },
	{ "library OS: code of a", ACT_EXECUTE, A, "all_t", "libos_t", "a_t" },
	{ "library OS: SIGSTRUCT in memory", ACT_INITANON, OS, "all_t",
	  "libos_t", DEVICE },
	{ "two signers: the first", ACT_INIT, "site_enclave_t",
	  "signer_a_sigstruct_t", "site_t", "no_init_t",
	  "signer_a_sigstruct_t" },
	{ "two signers: the second", ACT_INIT, "site_enclave_t",
	  "signer_b_sigstruct_t", "site_t", "no_init_t",
	  "signer_b_sigstruct_t" },
	{ "two signers: a third", ACT_INIT, "site_enclave_t", "a_sig_t",
	  "all_t", "site_t", "a_sig_t" },

	/* Where no rule lists commands, `ioctl' is all of them. */
	{ "no list: code of a", ACT_EXECUTE, A, "unlisted_t", "no_execute_t",
	  "a_t" },
	{ "no list: anonymous code", ACT_EXECANON, A, "unlisted_t",
	  "no_execanon_t", DEVICE },
	{ "no list: INIT", ACT_INIT, A, "unlisted_t", "no_init_t", "a_sig_t" },
};
/* clang-format on */

const size_t cells_count = sizeof(cells) / sizeof(cells[0]);

int cell_act(const struct cell *cell, const char *domain)
{
	const struct act_info *info = &act_infos[cell->act];
	char code[64], sig[64], dbg[64];
	struct actor actor = {
		.code = code,
		.sig = sig,
		.sig_debug = dbg,
		.open_flags = O_RDWR,
	};
	int ret, status;
	pid_t pid;

	snprintf(code, sizeof(code), DIR "%s", cell->code);
	snprintf(sig, sizeof(sig), DIR "%s", cell->sig);
	snprintf(dbg, sizeof(dbg), DIR "%s.dbg", cell->sig);
	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		become(domain);
		ret = act(&actor, cell->act);
		if (ret && actor.step != (int)info->needs)
			_exit(201);
		_exit(-ret);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

void cell_show(const struct cell *cell, const char *domain, int ret,
	       const char *avc)
{
	static const char *const names[ENCLAVE_PRIVILEGES] = {
		[ENCLAVE_CREATE] = "create",
		[ENCLAVE_EXECUTE] = "execute",
		[ENCLAVE_EXECMOD] = "execmod",
		[ENCLAVE_EXECANON] = "execanon",
		[ENCLAVE_EXECUNMR] = "execunmr",
		[ENCLAVE_EXECMEM] = "execmem",
		[ENCLAVE_INIT] = "init",
		[ENCLAVE_INITANON] = "initanon",
		[ENCLAVE_DEBUG] = "debug",
		[ENCLAVE_PROVISION] = "provision",
	};
	static const char format[] =
		"| %-19s | %-15s | %-20s | %-9s | %-7s | %-10s |\n";
	const char *result = ret == -EACCES ? "denied" : "FAILED";
	static bool headed;

	/* Each row is a process: the first one has the head of the table. */
	if (cell == cells && !headed)
		printf(format, "domain", "code", "SIGSTRUCT", "privilege",
		       "result", "AVC");
	headed = true;
	printf(format, domain, cell->code, cell->sig,
	       names[act_infos[cell->act].needs], ret ? result : "allowed",
	       avc);
}

const char *cell_command(const struct cell *cell)
{
	static char command[32];

	snprintf(command, sizeof(command), " ioctlcmd=0x%x ",
		 0xa4c0 + act_infos[cell->act].needs);
	return command;
}
