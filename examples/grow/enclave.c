// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * An enclave whose heap comes and goes while it runs. The host adds and removes
 * the pages; the enclave believes it nothing, and accepts each change.
 */
#include "../common/enclave.h"
#include "grow.h"

#define WORDS (SGX_PAGE_SIZE / sizeof(u64))

/*
 * EACCEPT goes on only if the page is there and is just this: a page that the
 * host has added is zero, and one that is being removed no thread can reach.
 */
static u64 accept(u64 address, u64 flags)
{
	struct sgx_secinfo secinfo __attribute__((aligned(SGX_SECINFO_ALIGN)));
	volatile u64 *word = (u64 *)&secinfo;
	unsigned int i;

	for (i = 0; i < sizeof(secinfo) / sizeof(*word); i++)
		word[i] = 0;
	secinfo.flags = flags;
	return enclu(SGX_EACCEPT, (u64)&secinfo, address, 0, NULL);
}

static void serve(struct grow_call *call)
{
	const u64 added = SGX_SECINFO_FL_R | SGX_SECINFO_FL_W |
			  SGX_SECINFO_FL_PENDING |
			  SGX_PT_REG << SGX_SECINFO_FL_PT_SHIFT;
	const u64 trimmed = SGX_SECINFO_FL_MODIFIED |
			    SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT;
	u64 page, end, i;
	u64 *words;

	call->sum = 0;
	call->sgx = 0;
	call->status = GROW_REFUSED;
	if (call->first > GROW_HEAP_PAGES ||
	    call->pages > GROW_HEAP_PAGES - call->first)
		return;
	end = call->first + call->pages;
	for (page = call->first; page < end; page++) {
		words = (u64 *)(image_start + GROW_HEAP + page * SGX_PAGE_SIZE);
		if (call->request == GROW_ADD)
			call->sgx = accept((u64)words, added);
		else if (call->request == GROW_TRIM)
			call->sgx = accept((u64)words, trimmed);
		if (call->sgx)
			return;
		for (i = 0; call->request != GROW_TRIM && i < WORDS; i++) {
			if (call->request == GROW_ADD)
				words[i] += page * WORDS + i;
			call->sum += words[i];
		}
	}
	call->status = GROW_OK;
}

/* The host can change its copy at any time: only this one is looked at. */
void enclave_main(void *arg, u64 cssa, u64 thread)
{
	volatile struct grow_call *host = arg;
	const u64 start = (u64)arg, base = (u64)image_start;
	struct grow_call call;

	(void)thread;
	if (cssa || start + sizeof(call) < start ||
	    (start + sizeof(call) > base && start < base + GROW_SIZE))
		return;
	call = *host;
	serve(&call);
	*host = call;
}
