/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the parts of libsoftsgx share; not installed. */
#ifndef SOFTSGX_INTERNAL_H
#define SOFTSGX_INTERNAL_H

#include <pthread.h>
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
 * @file_mapped: @file is a mapping, not memory of malloc()
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
	bool file_mapped;
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
static inline bool page_is_tcs(const struct softsgx_page *page)
{
	return (page->flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT ==
	       SGX_PT_TCS;
}

int enclave_map(struct softsgx_enclave **encl, int fd, const char *name,
		const struct softsgx_layout *layout,
		struct softsgx_error *error);
int page_check(const struct softsgx_enclave *encl,
	       const struct softsgx_page *page, struct softsgx_error *error);

/* elf.c, sgxs.c: @encl has info.format and name, and for ELF the file */
int elf_parse(struct softsgx_enclave *encl, const struct softsgx_layout *layout,
	      struct softsgx_error *error);
int sgxs_parse(struct softsgx_enclave *encl, const uint8_t *data, size_t len,
	       struct softsgx_error *error);

/* machine.c: the architecture */
bool machine_verify(const struct sgx_sigstruct *sig);

/* vdso.c, enter.S */
struct sgx_enclave_run;
void *vdso_function(const char *name);
int vdso_enter(void *enter, struct sgx_enclave_run *run, unsigned int function,
	       struct softsgx_registers *registers);

/* call.c: the TCSs of an instance */

/**
 * struct softsgx_thread - a TCS, while a thread of the host has it or none
 * @instance:	its enclave
 * @tcs:	its address
 * @frames:	SSA frames that hold an interrupted state: its CSSA
 * @next:	in the list of free ones, under the instance's lock
 */
struct softsgx_thread {
	struct softsgx_instance *instance;
	uint64_t tcs;
	unsigned int frames;
	struct softsgx_thread *next;
};

/**
 * struct softsgx_instance - an enclave that runs
 * @encl:	its file, for names
 * @fd:		/dev/sgx_enclave
 * @base:	its address
 * @enter:	__vdso_sgx_enter_enclave()
 * @threads:	its TCSs
 * @thread_count: how many
 * @lock:	protects @usable, @free and the list that begins there
 * @freed:	with @lock: a TCS has become free
 * @usable:	TCSs that are not lost
 * @free:	TCSs that nobody has
 */
struct softsgx_instance {
	struct softsgx_enclave *encl;
	int fd;
	uint64_t base;
	void *enter;
	struct softsgx_thread *threads;
	unsigned int thread_count;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	unsigned int usable;
	struct softsgx_thread *free;
};

int pool_init(struct softsgx_instance *instance, struct softsgx_error *error);
void pool_destroy(struct softsgx_instance *instance);

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
