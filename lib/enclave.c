// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* An enclave in memory: its pages, whatever file they came from. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "internal.h"

/**
 * softsgx_detect() - tell what a file is from its contents
 * @data:	contents
 * @len:	their length
 *
 * A REPORT has no mark: any 432 bytes that begin with nothing known are one.
 *
 * Return: the format.
 */
enum softsgx_format softsgx_detect(const void *data, size_t len)
{
	static const uint8_t sigstruct[8] = { 6, 0, 0, 0, 0xe1, 0, 0, 0 };
	/* Version 3, attestation key ECDSA with P-256, TEE type SGX. */
	static const uint8_t quote[8] = { 3, 0, 2, 0, 0, 0, 0, 0 };

	if (len >= 4 && !memcmp(data, "\177ELF", 4))
		return SOFTSGX_FORMAT_ELF;
	if (len >= 8 &&
	    (!memcmp(data, "ECREATE", 8) || !memcmp(data, "UNSIZED", 8)))
		return SOFTSGX_FORMAT_SGXS;
	if (len >= 8 && !memcmp(data, sigstruct, 8))
		return SOFTSGX_FORMAT_SIGSTRUCT;
	if (len == sizeof(struct sgx_report))
		return SOFTSGX_FORMAT_REPORT;
	if (len >= 8 && !memcmp(data, quote, 8))
		return SOFTSGX_FORMAT_QUOTE;
	return SOFTSGX_FORMAT_UNKNOWN;
}

/* A new page at the end, zero and not measured; NULL if memory is out. */
struct softsgx_page *enclave_add(struct softsgx_enclave *encl, uint64_t offset,
				 uint64_t flags, uint64_t file_offset)
{
	struct softsgx_page *page;

	if (encl->info.pages == encl->space) {
		size_t space = encl->space ? 2 * encl->space : 64;

		page = reallocarray(encl->pages, space, sizeof(*page));
		if (!page)
			return NULL;
		encl->pages = page;
		encl->space = space;
	}
	page = &encl->pages[encl->info.pages++];
	memset(page, 0, sizeof(*page));
	page->offset = offset;
	page->flags = flags;
	page->file_offset = file_offset;
	return page;
}

/* Zeroes for the contents of a page; NULL if memory is out. */
uint8_t *enclave_block(struct softsgx_enclave *encl)
{
	uint8_t **contents;
	uint8_t *block;

	if (encl->blocks == encl->blocks_space) {
		size_t space = encl->blocks_space ? 2 * encl->blocks_space : 64;

		contents =
			reallocarray(encl->contents, space, sizeof(*contents));
		if (!contents)
			return NULL;
		encl->contents = contents;
		encl->blocks_space = space;
	}
	block = calloc(1, SOFTSGX_PAGE_SIZE);
	if (block)
		encl->contents[encl->blocks++] = block;
	return block;
}

void page_measure(struct softsgx_page *page, unsigned int chunk)
{
	page->measured |= 1U << chunk;
	page->order[page->chunks++] = chunk;
}

void page_measure_all(struct softsgx_page *page)
{
	unsigned int i;

	for (i = 0; i < SOFTSGX_CHUNKS; i++)
		page_measure(page, i);
}

/* What EADD refuses, with its reason; machine.c asks EADD itself. */
int page_check(const struct softsgx_enclave *encl,
	       const struct softsgx_page *page, struct softsgx_error *error)
{
	uint64_t type = page->flags >> SGX_SECINFO_FL_PT_SHIFT & 0xff;
	const char *reason = NULL;

	if (page->flags & (SGX_SECINFO_FL_RSVD | SGX_SECINFO_FL_PENDING |
			   SGX_SECINFO_FL_MODIFIED | SGX_SECINFO_FL_PR))
		reason = "reserved or state bits in SECINFO";
	else if (type != SGX_PT_REG && type != SGX_PT_TCS)
		reason = "a page type that EADD does not add";
	else if (type == SGX_PT_REG && page->flags & SGX_SECINFO_FL_W &&
		 !(page->flags & SGX_SECINFO_FL_R))
		reason = "a page that is writable but not readable";
	else if (page->offset >= encl->info.size)
		reason = "a page beyond the size of the enclave";
	if (!reason)
		return 0;
	return fail(error, SOFTSGX_FORMAT, encl->name, page->file_offset, "%s",
		    reason);
}

static int parse(struct softsgx_enclave *encl, const void *data, size_t len,
		 const struct softsgx_layout *layout,
		 struct softsgx_error *error)
{
	static const struct softsgx_layout none;

	encl->info.format = softsgx_detect(data, len);
	switch (encl->info.format) {
	case SOFTSGX_FORMAT_ELF:
		encl->file = malloc(len);
		if (!encl->file)
			return fail_memory(error);
		memcpy(encl->file, data, len);
		encl->file_len = len;
		return elf_parse(encl, layout ? layout : &none, error);
	case SOFTSGX_FORMAT_SGXS:
		return sgxs_parse(encl, data, len, error);
	default:
		return fail(error, SOFTSGX_FORMAT, encl->name, 0,
			    "neither an ELF file nor an SGX stream");
	}
}

/**
 * softsgx_enclave_parse() - read an enclave from memory
 * @encl:	set to the enclave; give it to softsgx_enclave_free()
 * @data:	an ELF file or an SGX stream; copied, the caller may free it
 * @len:	its length
 * @name:	what errors shall call it
 * @layout:	what an ELF file does not say, or NULL for the defaults. An SGX
 *		stream says all itself
 * @error:	why it failed, or NULL
 *
 * Return: 0, SOFTSGX_FORMAT or SOFTSGX_SYSTEM.
 */
int softsgx_enclave_parse(struct softsgx_enclave **encl, const void *data,
			  size_t len, const char *name,
			  const struct softsgx_layout *layout,
			  struct softsgx_error *error)
{
	struct softsgx_enclave *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return fail_memory(error);
	new->name = strdup(name);
	ret = new->name ? parse(new, data, len, layout, error)
			: fail_memory(error);
	if (ret)
		softsgx_enclave_free(new);
	else
		*encl = new;
	return ret;
}

static int parse_mapping(struct softsgx_enclave *encl, void *data, size_t len,
			 const struct softsgx_layout *layout,
			 struct softsgx_error *error)
{
	static const struct softsgx_layout none;

	if (softsgx_detect(data, len) != SOFTSGX_FORMAT_ELF)
		return parse(encl, data, len, layout, error);
	encl->info.format = SOFTSGX_FORMAT_ELF;
	encl->file = data;
	encl->file_len = len;
	encl->file_mapped = true;
	return elf_parse(encl, layout ? layout : &none, error);
}

/*
 * As softsgx_enclave_read(), from a regular file that is open, whose contents
 * are not copied but mapped.
 */
int enclave_map(struct softsgx_enclave **encl, int fd, const char *name,
		const struct softsgx_layout *layout,
		struct softsgx_error *error)
{
	struct softsgx_enclave *new;
	struct stat st;
	void *data;
	int ret;

	if (fstat(fd, &st))
		return fail_system(error, name, "cannot be read");
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return fail(error, SOFTSGX_FORMAT, name, SOFTSGX_NO_OFFSET,
			    "not a regular file, or empty");
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return fail_system(error, name, "cannot be mapped");
	new = calloc(1, sizeof(*new));
	if (new)
		new->name = strdup(name);
	ret = new &&new->name
		      ? parse_mapping(new, data, st.st_size, layout, error)
		      : fail_memory(error);
	if (!new || !new->file_mapped)
		munmap(data, st.st_size);
	if (ret)
		softsgx_enclave_free(new);
	else
		*encl = new;
	return ret;
}

/**
 * softsgx_enclave_read() - read an enclave from a file
 * @encl:	set to the enclave; give it to softsgx_enclave_free()
 * @path:	name of the file; "-" for standard input
 * @layout:	what an ELF file does not say, or NULL for the defaults
 * @error:	why it failed, or NULL
 *
 * Return: 0, SOFTSGX_FORMAT or SOFTSGX_SYSTEM.
 */
int softsgx_enclave_read(struct softsgx_enclave **encl, const char *path,
			 const struct softsgx_layout *layout,
			 struct softsgx_error *error)
{
	void *data;
	size_t len;
	int ret;

	ret = softsgx_file_read(path, &data, &len, error);
	if (ret)
		return ret;
	ret = softsgx_enclave_parse(encl, data, len, path, layout, error);
	free(data);
	return ret;
}

/**
 * softsgx_enclave_free() - forget an enclave
 * @encl:	the enclave, or NULL
 */
void softsgx_enclave_free(struct softsgx_enclave *encl)
{
	if (!encl)
		return;
	while (encl->blocks)
		free(encl->contents[--encl->blocks]);
	free(encl->contents);
	free(encl->pages);
	if (encl->file_mapped)
		munmap(encl->file, encl->file_len);
	else
		free(encl->file);
	free(encl->name);
	free(encl);
}

/**
 * softsgx_enclave_info() - an enclave as a whole
 * @encl:	the enclave
 * @info:	filled in
 */
void softsgx_enclave_info(const struct softsgx_enclave *encl,
			  struct softsgx_info *info)
{
	*info = encl->info;
}

/**
 * softsgx_enclave_page() - a page, by its number
 * @encl:	the enclave
 * @n:		number, from 0, in the order of the offsets
 *
 * Return: the page, NULL if there are not so many. It is there until
 * softsgx_enclave_free().
 */
const struct softsgx_page *
softsgx_enclave_page(const struct softsgx_enclave *encl, size_t n)
{
	return n < encl->info.pages ? &encl->pages[n] : NULL;
}

/**
 * softsgx_enclave_find() - a page, by an offset in it
 * @encl:	the enclave
 * @offset:	in bytes
 *
 * Return: the page, NULL if none is there. It is there until
 * softsgx_enclave_free().
 */
const struct softsgx_page *
softsgx_enclave_find(const struct softsgx_enclave *encl, uint64_t offset)
{
	size_t low = 0;
	size_t high = encl->info.pages;

	offset &= SGX_PAGE_MASK;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (encl->pages[mid].offset == offset)
			return &encl->pages[mid];
		if (encl->pages[mid].offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
