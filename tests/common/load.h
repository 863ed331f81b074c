/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Building an enclave through the ioctls of /dev/sgx_enclave, a step at a time
 * or whole from an ELF file. All functions return 0 or a negative errno.
 *
 * The ELF file is linked at 0 by enclave.lds: each PT_LOAD segment is a run of
 * whole pages, and the one with the flag ENCL_PF_TCS consists of TCS pages.
 */
#ifndef TESTS_LOAD_H
#define TESTS_LOAD_H

#include <openssl/evp.h>
#include <asm/sgx.h>
#include "../../arch/sgx.h"

/* In the range that ELF leaves to operating systems (PF_MASKOS). */
#define ENCL_PF_TCS 0x00100000

#define ENCL_REG(perms) ((SGX_PT_REG << SGX_SECINFO_FL_PT_SHIFT) | (perms))
#define ENCL_TCS	((u64)SGX_PT_TCS << SGX_SECINFO_FL_PT_SHIFT)
#define ENCL_R		ENCL_REG(SGX_SECINFO_FL_R)
#define ENCL_RW		ENCL_REG(SGX_SECINFO_FL_R | SGX_SECINFO_FL_W)
#define ENCL_RX		ENCL_REG(SGX_SECINFO_FL_R | SGX_SECINFO_FL_X)
#define ENCL_RWX	ENCL_REG(SGX_SECINFO_FL_RWX)

/**
 * struct enclave - an enclave under construction or alive
 * @fd:		/dev/sgx_enclave, or -1
 * @secs:	what CREATE is given
 * @sig:	what INIT was given
 * @md:		running measurement
 * @image:	the ELF file, mapped; NULL if there is none
 * @image_size:	its size
 */
struct enclave {
	int fd;
	struct sgx_secs secs;
	struct sgx_sigstruct sig;
	EVP_MD_CTX *md;
	void *image;
	size_t image_size;
};

/* Reserve addresses and fill in @secs; the caller may change @secs then. */
int encl_open(struct enclave *encl, u64 size);
int encl_create(struct enclave *encl);
int encl_add(struct enclave *encl, u64 offset, const void *src, u64 length,
	     u64 secinfo_flags, u64 flags);
int encl_sign(struct enclave *encl, EVP_PKEY *key);
int encl_init(struct enclave *encl);
int encl_map(struct enclave *encl, u64 offset, u64 length, int prot);
void encl_close(struct enclave *encl);

/* Map the ELF file at @path and encl_open() for it. */
int encl_open_elf(struct enclave *encl, const char *path);
/* Create, add, sign, initialise and map it. */
int encl_load_elf(struct enclave *encl, EVP_PKEY *key);
/* Address of a symbol of the ELF file in the enclave, 0 if there is none. */
u64 encl_symbol(const struct enclave *encl, const char *name);

#endif /* TESTS_LOAD_H */
