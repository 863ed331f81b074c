/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the parts of libsoftsgx share; not installed. */
#ifndef SOFTSGX_INTERNAL_H
#define SOFTSGX_INTERNAL_H

#include "softsgx.h"
#include "../arch/sgx.h"

/* Beyond this, what is added to an offset could overflow. */
#define SIZE_LIMIT	  (1ULL << SGX_MAX_SIZE_BITS)
#define SGX_MAX_SIZE_BITS 46

/**
 * struct softsgx_enclave - an enclave in memory
 * @info:	as given out
 * @pages:	in the order in which they are added, which is that of offsets
 * @space:	how many fit into @pages
 * @file:	the file, if pages or names are in it; owned
 * @file_len:	its length
 * @contents:	contents that are not in @file, one block a page; owned
 * @blocks:	how many
 * @blocks_space: how many fit into @contents
 * @name:	what errors call the file
 */
struct softsgx_enclave {
	struct softsgx_info info;
	struct softsgx_page *pages;
	size_t space;
	uint8_t *file;
	size_t file_len;
	uint8_t **contents;
	size_t blocks;
	size_t blocks_space;
	char *name;
};

/* error.c */
__attribute__((format(printf, 5, 6))) int
fail(struct softsgx_error *error, enum softsgx_status status, const char *file,
     uint64_t offset, const char *format, ...);
int fail_system(struct softsgx_error *error, const char *file,
		const char *what);
int fail_memory(struct softsgx_error *error);

/* enclave.c */
struct softsgx_page *enclave_add(struct softsgx_enclave *encl, uint64_t offset,
				 uint64_t flags, uint64_t file_offset);
uint8_t *enclave_block(struct softsgx_enclave *encl);
void page_measure(struct softsgx_page *page, unsigned int chunk);
void page_measure_all(struct softsgx_page *page);
int page_check(const struct softsgx_enclave *encl,
	       const struct softsgx_page *page, struct softsgx_error *error);

/* elf.c, sgxs.c: @encl has info.format and name, and for ELF the file */
int elf_parse(struct softsgx_enclave *encl, const struct softsgx_layout *layout,
	      struct softsgx_error *error);
int sgxs_parse(struct softsgx_enclave *encl, const uint8_t *data, size_t len,
	       struct softsgx_error *error);

/* machine.c: the architecture */
bool machine_verify(const struct sgx_sigstruct *sig);

static inline const struct sgx_sigstruct *
sigstruct_of(const struct softsgx_sigstruct *sig)
{
	return (const struct sgx_sigstruct *)sig->bytes;
}

static inline struct sgx_sigstruct *sigstruct_mut(struct softsgx_sigstruct *sig)
{
	return (struct sgx_sigstruct *)sig->bytes;
}

_Static_assert(sizeof(struct softsgx_sigstruct) == sizeof(struct sgx_sigstruct),
	       "SIGSTRUCT");

#endif /* SOFTSGX_INTERNAL_H */
