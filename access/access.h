/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Privileges: what a process has to be granted for what it asks of an enclave.
 * Ceilings (driver/ceiling.h) come first and hold whatever is granted here;
 * then the kernel's security modules are asked, and then softsgx's own rules.
 * Each can only refuse.
 *
 * A question is asked when its answer is needed, and not before: where nothing
 * is requested nothing is checked, and nothing is logged.
 */
#ifndef SOFTSGX_ACCESS_H
#define SOFTSGX_ACCESS_H

#include <linux/atomic.h>
#include "policy.h"
#include "source.h"

struct file;
struct page;
struct sgx_sigstruct;
struct vm_area_struct;

/**
 * struct sgx_access - what access control knows of an enclave
 * @identity:	who it is, as far as @known says. Written by ioctls, which are
 *		one at a time
 * @known:	SGX_KNOWN_*; set with release semantics after what it is about,
 *		read with acquire semantics
 * @used:	set of the privileges of SGX_PRIVILEGES_REMEMBERED that were
 *		granted and used. Ioctls add to it, which are one at a time, and
 *		mappings under &sgx_encl.lock
 *
 * A zeroed one is that of an enclave that is not created yet.
 */
struct sgx_access {
	struct sgx_identity identity;
	u32 known;
	atomic_t used;
};

/**
 * struct sgx_access_call - one ADD_PAGES call
 * @access:	of the enclave
 * @device:	its file
 * @secinfo_flags: SECINFO.FLAGS of the pages, checked
 * @measured:	their contents will be in the measurement
 * @file:	file that was asked about, with a reference; NULL for none
 * @asked:	there has been a question
 * @privileges:	set that was granted
 *
 * The same question is not asked again in a call. The caller sets what stands
 * before @file and zeroes the rest; sgx_access_call_end() ends it. Belongs to
 * the call: no lock.
 */
struct sgx_access_call {
	struct sgx_access *access;
	struct file *device;
	u64 secinfo_flags;
	bool measured;
	struct file *file;
	bool asked;
	u32 privileges;
};

int sgx_access_create(struct sgx_access *access, struct file *device,
		      u64 attributes, u64 xfrm);
int sgx_access_add(struct sgx_access_call *call,
		   const struct vm_area_struct *vma, const struct page *page);
void sgx_access_call_end(struct sgx_access_call *call);
int sgx_access_execmod(struct sgx_access *access, struct file *device);
int sgx_access_execmem(struct sgx_access *access, struct file *device);
int sgx_access_init(struct sgx_access *access, struct file *device,
		    const struct sgx_source *source,
		    const struct sgx_sigstruct *sigstruct,
		    const u8 mrsigner[SGX_DIGEST_SIZE]);
void sgx_access_initialised(struct sgx_access *access);
int sgx_access_provision(struct sgx_access *access, struct file *provision);

int sgx_access_start(void);
void sgx_access_stop(void);

#endif /* SOFTSGX_ACCESS_H */
