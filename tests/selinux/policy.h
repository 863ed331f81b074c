/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The policy under test: the minimal one or Debian's, domains, labels, records. */
#ifndef TESTS_POLICY_H
#define TESTS_POLICY_H

#include <stdbool.h>
#include "../access/acts.h"
#include "../access/audit.h"

#define DIR "/run/selinux/"

#define DEVICE "sgx_enclave_device_t"

/*
 * Load the policy that the environment names (SOFTSGX_POLICY is "minimal",
 * "debian", or "memfd", which is minimal with memfd_class), label the devices and the files of the tests, and enforce: once
 * in the life of the VM. DIR "a_t" is a file of code labelled a_t, and so on;
 * DIR "a_sig_t" a file with its SIGSTRUCT, DIR "a_sig_t.dbg" the same of a
 * debug enclave. All enclaves are equal, but for the labels.
 */
void policy_start(void);
bool policy_is_debian(void);
/* 1 or 0: what has been decided and cached is forgotten. */
void policy_enforce(bool enforce);

/* A file, with the label of this type. */
void label(const char *path, const char *type);
/* This process, into a domain. */
void become(const char *domain);

/**
 * struct refusal - an AVC record that is to be seen
 * @domain:	type of the source
 * @object:	type of the target
 * @what:	a part of the record: " ioctlcmd=0xa4c1 ", "{ map }"
 * @permissive:	whether it says that it was not enforced
 */
struct refusal {
	const char *domain;
	const char *object;
	const char *what;
	bool permissive;
};

/*
 * Reads what is waiting at @fd up to such a record. Returns how many denials of
 * the domain it has read, this one included; 0 if there is none. All records are
 * kept in the file that SOFTSGX_AUDIT_LOG names, if any, as auditd writes them.
 */
int avc_seen(int fd, const struct refusal *refusal);
/* How many denials of the domain are still waiting. */
int avc_rest(int fd, const char *domain);

#endif /* TESTS_POLICY_H */
