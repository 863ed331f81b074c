// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Fuzzes the library's readers: ELF, SGXS, SIGSTRUCT and quotes, told apart by
 * their contents as the library does. What must hold: a refused file has a reason, and
 * a place within the file if it has one; what is accepted has its pages in
 * order, within the enclave, measures the same twice, and is the same enclave
 * when written as an SGX stream and read again; a SIGSTRUCT comes back from
 * its fields and from its signed bytes; what a quote consists of is in it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/softsgx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static void check_pages(const struct softsgx_enclave *encl)
{
	const struct softsgx_page *page;
	struct softsgx_info info;
	volatile uint8_t sum = 0;
	uint64_t last = 0;
	size_t i, j;

	softsgx_enclave_info(encl, &info);
	for (i = 0; i < info.pages; i++) {
		page = softsgx_enclave_page(encl, i);
		REQUIRE(page && page->offset + SOFTSGX_PAGE_SIZE <= info.size);
		REQUIRE(!i || page->offset > last);
		REQUIRE(page->chunks == __builtin_popcount(page->measured));
		REQUIRE(softsgx_enclave_find(encl, page->offset + 1) == page);
		last = page->offset;
		for (j = 0; page->content && j < SOFTSGX_PAGE_SIZE; j++)
			sum += page->content[j];
		softsgx_enclave_symbol(encl, page->offset);
	}
	softsgx_enclave_relocations(encl);
	(void)sum;
	REQUIRE(!softsgx_enclave_page(encl, i));
}

/* The name of a file in memory, for this process. */
static const char *scratch(void)
{
	static char path[64];

	if (!*path)
		snprintf(path, sizeof(path), "/dev/shm/softsgx-fuzz-%d",
			 getpid());
	return path;
}

static void check_enclave(const struct softsgx_enclave *encl)
{
	struct softsgx_enclave *again;
	uint8_t a[32], b[32];
	int ret;

	check_pages(encl);
	ret = softsgx_enclave_measure(encl, a, NULL);
	REQUIRE(ret == SOFTSGX_OK || ret == SOFTSGX_REFUSED);
	REQUIRE(!softsgx_enclave_write_sgxs(encl, scratch(), NULL));
	REQUIRE(!softsgx_enclave_read(&again, scratch(), NULL, NULL));
	REQUIRE(softsgx_enclave_measure(again, b, NULL) == ret);
	REQUIRE(ret || !memcmp(a, b, sizeof(a)));
	softsgx_enclave_free(again);
	unlink(scratch());
}

static void fuzz_enclave(const uint8_t *data, size_t size,
			 const struct softsgx_layout *layout)
{
	struct softsgx_enclave *encl;
	struct softsgx_error error;
	int ret;

	memset(&error, 0xff, sizeof(error));
	ret = softsgx_enclave_parse(&encl, data, size, "fuzz", layout, &error);
	if (!ret) {
		check_enclave(encl);
		softsgx_enclave_free(encl);
		return;
	}
	REQUIRE(ret == (int)error.status && ret == SOFTSGX_FORMAT);
	REQUIRE(*error.reason && !strchr(error.reason, '\n'));
	REQUIRE(error.offset == SOFTSGX_NO_OFFSET || error.offset <= size);
}

static void fuzz_sigstruct(const uint8_t *data, size_t size)
{
	uint8_t payload[SOFTSGX_PAYLOAD_SIZE], again[SOFTSGX_PAYLOAD_SIZE];
	struct softsgx_sigstruct sig, filled;
	struct softsgx_claims claims, back;
	struct softsgx_error error;
	uint8_t mrenclave[32];

	if (softsgx_sigstruct_parse(&sig, data, size, "fuzz", &error)) {
		REQUIRE(*error.reason && error.offset <= size);
		return;
	}
	if (softsgx_sigstruct_verify(&sig, &error))
		REQUIRE(*error.reason && error.offset < size);
	softsgx_sigstruct_claims(&sig, &claims);
	softsgx_sigstruct_mrenclave(&sig, mrenclave);
	softsgx_sigstruct_fill(&filled, &claims, mrenclave);
	softsgx_sigstruct_claims(&filled, &back);
	REQUIRE(!memcmp(&claims, &back, sizeof(claims)));
	softsgx_sigstruct_payload(&sig, payload);
	softsgx_sigstruct_from_payload(&filled, payload);
	softsgx_sigstruct_payload(&filled, again);
	REQUIRE(!memcmp(payload, again, sizeof(payload)));
}

static void fuzz_quote(const uint8_t *data, size_t size)
{
	struct softsgx_quote quote;
	struct softsgx_error error;

	if (softsgx_quote_parse(&quote, data, size, "fuzz", &error)) {
		REQUIRE(*error.reason && error.offset <= size);
		return;
	}
	REQUIRE(quote.body > data && quote.signature > quote.body);
	REQUIRE(quote.qe_report > quote.key &&
		quote.cert >= quote.auth_data + quote.auth_len &&
		quote.cert + quote.cert_len <= data + size);
	if (softsgx_quote_verify(&quote, &error))
		REQUIRE(*error.reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct softsgx_layout heap = { .heap = 0x3000,
						    .tcs_first = true };

	fuzz_enclave(data, size, NULL);
	fuzz_enclave(data, size, &heap);
	fuzz_sigstruct(data, size);
	fuzz_quote(data, size);
	return 0;
}
