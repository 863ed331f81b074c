// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * An enclave as an SGX stream (SGXS): what the processor hashes while it builds
 * the enclave, one record after the other, so that the SHA-256 of the file is
 * MRENCLAVE; and records that are loaded but not hashed (UNMEASRD). The order
 * is canonical: pages ascend, a page's chunks come right after it, each once.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

#define RECORD 64

struct reader {
	struct softsgx_enclave *encl;
	struct softsgx_error *error;
	const uint8_t *data;
	size_t len;
	size_t at;
	uint8_t *block;	 /* contents of the last page, if it has some */
	uint16_t loaded; /* its chunks so far */
};

__attribute__((format(printf, 2, 3))) static int wrong(struct reader *r,
						       const char *format, ...)
{
	char reason[160];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return fail(r->error, SOFTSGX_FORMAT, r->encl->name, r->at, "%s",
		    reason);
}

static uint64_t field(const struct reader *r, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, r->data + r->at + offset, sizeof(value));
	return value;
}

static bool zero_from(const struct reader *r, unsigned int offset)
{
	while (offset < RECORD)
		if (r->data[r->at + offset++])
			return false;
	return true;
}

static int create(struct reader *r)
{
	struct softsgx_info *info = &r->encl->info;

	if (r->len < RECORD)
		return wrong(r, "the file ends within the first record");
	if (!memcmp(r->data, "UNSIZED", 8))
		return wrong(r, "UNSIZED: the size is still to be filled in");
	memcpy(&info->ssaframesize, r->data + 8, sizeof(info->ssaframesize));
	info->size = field(r, 12);
	if (!zero_from(r, 20))
		return wrong(r, "ECREATE: reserved bytes are not zero");
	if (!info->ssaframesize)
		return wrong(r, "ECREATE: SSAFRAMESIZE is 0");
	if (info->size < 2 * SGX_PAGE_SIZE || info->size >= SIZE_LIMIT ||
	    info->size & (info->size - 1))
		return wrong(
			r,
			"ECREATE: the size is not a power of two from 8 KiB to 32 TiB");
	return 0;
}

static int add(struct reader *r)
{
	struct softsgx_enclave *encl = r->encl;
	uint64_t offset = field(r, 8);
	struct softsgx_page *page;

	if (offset & (SGX_PAGE_SIZE - 1))
		return wrong(r, "EADD: the offset is not that of a page");
	if (encl->info.pages &&
	    offset <= encl->pages[encl->info.pages - 1].offset)
		return wrong(
			r,
			"EADD: not canonical, the page is not above the one before");
	if (!zero_from(r, 24))
		return wrong(r, "EADD: reserved bytes of SECINFO are not zero");
	page = enclave_add(encl, offset, field(r, 16), r->at);
	if (!page)
		return fail_memory(r->error);
	r->block = NULL;
	r->loaded = 0;
	return page_check(encl, page, r->error);
}

/* EEXTEND, and UNMEASRD, which is the same but for the measurement. */
static int extend(struct reader *r, bool measured)
{
	const char *name = measured ? "EEXTEND" : "UNMEASRD";
	uint64_t offset = field(r, 8);
	struct softsgx_page *page;
	unsigned int chunk;

	if (r->len - r->at < RECORD + SOFTSGX_CHUNK_SIZE)
		return wrong(r, "%s: the file ends within its data", name);
	if (offset & (SOFTSGX_CHUNK_SIZE - 1))
		return wrong(r, "%s: the offset is not a multiple of 256",
			     name);
	if (!zero_from(r, 16))
		return wrong(r, "%s: reserved bytes are not zero", name);
	if (!r->encl->info.pages)
		return wrong(r, "%s: there is no page yet", name);
	page = &r->encl->pages[r->encl->info.pages - 1];
	if ((offset & SGX_PAGE_MASK) != page->offset)
		return wrong(r, "%s: not canonical, it is not of the last page",
			     name);
	chunk = (offset & (SGX_PAGE_SIZE - 1)) / SOFTSGX_CHUNK_SIZE;
	if (r->loaded & 1U << chunk)
		return wrong(r,
			     "%s: not canonical, a chunk for the second time",
			     name);

	if (!r->block)
		r->block = enclave_block(r->encl);
	if (!r->block)
		return fail_memory(r->error);
	page->content = r->block;
	memcpy(r->block + chunk * SOFTSGX_CHUNK_SIZE, r->data + r->at + RECORD,
	       SOFTSGX_CHUNK_SIZE);
	r->loaded |= 1U << chunk;
	if (measured)
		page_measure(page, chunk);
	return 0;
}

int sgxs_parse(struct softsgx_enclave *encl, const uint8_t *data, size_t len,
	       struct softsgx_error *error)
{
	struct reader r = { encl, error, data, len, 0, NULL, 0 };
	const uint8_t *tag;
	int ret;

	ret = create(&r);
	for (r.at = RECORD; !ret && r.at < len; r.at += RECORD) {
		if (len - r.at < RECORD)
			return wrong(&r, "the file ends within a record");
		tag = data + r.at;
		if (!memcmp(tag, "EADD\0\0\0", 8)) {
			ret = add(&r);
		} else if (!memcmp(tag, "EEXTEND", 8) ||
			   !memcmp(tag, "UNMEASRD", 8)) {
			ret = extend(&r, *tag == 'E');
			r.at += SOFTSGX_CHUNK_SIZE;
		} else if (!memcmp(tag, "ECREATE", 8) ||
			   !memcmp(tag, "UNSIZED", 8)) {
			ret = wrong(&r, "not canonical, a second ECREATE");
		} else {
			ret = wrong(&r, "an unknown record");
		}
	}
	return ret;
}

/* Writing */

static void put(FILE *out, const char *tag, uint64_t offset, uint64_t secinfo)
{
	uint8_t record[RECORD] = { 0 };

	memcpy(record, tag, strlen(tag));
	memcpy(record + 8, &offset, sizeof(offset));
	memcpy(record + 16, &secinfo, sizeof(secinfo));
	fwrite(record, sizeof(record), 1, out);
}

static bool is_zero(const uint8_t *chunk)
{
	unsigned int i;

	for (i = 0; i < SOFTSGX_CHUNK_SIZE; i++)
		if (chunk[i])
			return false;
	return true;
}

/* The chunks in their order, then those that are not measured and not zero. */
static void put_page(FILE *out, const struct softsgx_page *page)
{
	static const uint8_t zeroes[SOFTSGX_PAGE_SIZE];
	const uint8_t *content = page->content ? page->content : zeroes;
	unsigned int at;
	unsigned int i;

	put(out, "EADD", page->offset, page->flags);
	for (i = 0; i < page->chunks; i++) {
		at = page->order[i] * SOFTSGX_CHUNK_SIZE;
		put(out, "EEXTEND", page->offset + at, 0);
		fwrite(content + at, SOFTSGX_CHUNK_SIZE, 1, out);
	}
	for (i = 0; i < SOFTSGX_CHUNKS; i++) {
		at = i * SOFTSGX_CHUNK_SIZE;
		if (page->measured & 1U << i || is_zero(content + at))
			continue;
		put(out, "UNMEASRD", page->offset + at, 0);
		fwrite(content + at, SOFTSGX_CHUNK_SIZE, 1, out);
	}
}

/**
 * softsgx_enclave_write_sgxs() - write an enclave as an SGX stream
 * @encl:	the enclave
 * @path:	name of the file; "-" for standard output
 * @error:	why it failed, or NULL
 *
 * If all contents are measured or zero, the SHA-256 of the file is MRENCLAVE.
 *
 * Return: 0 or SOFTSGX_SYSTEM.
 */
int softsgx_enclave_write_sgxs(const struct softsgx_enclave *encl,
			       const char *path, struct softsgx_error *error)
{
	uint8_t record[RECORD] = "ECREATE";
	char *data = NULL;
	size_t len = 0;
	FILE *out;
	size_t i;
	int ret;

	out = open_memstream(&data, &len);
	if (!out)
		return fail_memory(error);
	memcpy(record + 8, &encl->info.ssaframesize, 4);
	memcpy(record + 12, &encl->info.size, 8);
	fwrite(record, sizeof(record), 1, out);
	for (i = 0; i < encl->info.pages; i++)
		put_page(out, &encl->pages[i]);
	ret = ferror(out);
	if (fclose(out) || ret)
		ret = fail_memory(error);
	else
		ret = softsgx_file_write(path, data, len, error);
	free(data);
	return ret;
}
