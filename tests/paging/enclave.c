// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The enclave of the paging tests, see job.h. It trusts its host. */
#include "../../examples/common/enclave.h"
#include "job.h"

_Static_assert(sizeof(struct heap_page) == SGX_PAGE_SIZE, "heap_page");

/* Where and how a thread last waited for a page, for SSA pages to be in use. */
__attribute__((visibility("hidden"),
	       aligned(64))) struct sgx_secinfo secinfos[8];

static struct heap_page *heap(const struct job *job, u64 i)
{
	return (struct heap_page *)job->start + i;
}

static void fill(const struct job *job)
{
	u64 i;

	for (i = 0; i < job->pages; i++) {
		heap(job, i)->number = i * HEAP_MARK;
		heap(job, i)->first = 0;
		heap(job, i)->middle[i % 509] = i;
		heap(job, i)->last = 0;
	}
}

static u64 add(u64 *counter, u64 value)
{
	return __atomic_fetch_add(counter, value, __ATOMIC_SEQ_CST);
}

static u64 walk(const struct job *job)
{
	u64 seed = job->seed;
	u64 sum = 0;
	u64 i;

	for (i = 0; i < job->steps; i++) {
		u64 at = job_random(&seed) % job->pages;
		u64 value = job_random(&seed) & 0xffffffff;
		struct heap_page *page = heap(job, at);

		if (page->number != at * HEAP_MARK ||
		    page->middle[at % 509] != at)
			return JOB_WRONG | at;
		add(&page->first, value);
		add(&page->last, value);
		sum += value;
	}
	return sum & ~JOB_WRONG;
}

static u64 sum(const struct job *job)
{
	u64 total = 0;
	u64 i;

	for (i = 0; i < job->pages; i++) {
		const struct heap_page *page = heap(job, i);

		if (page->number != i * HEAP_MARK ||
		    page->middle[i % 509] != i || page->first != page->last)
			return JOB_WRONG | i;
		total += page->first;
	}
	return total & ~JOB_WRONG;
}

static u64 accept(const struct job *job, u64 thread)
{
	struct sgx_secinfo *secinfo = &secinfos[thread];
	u64 i, ret;

	secinfo->flags = job->arg;
	for (i = 0; i < job->pages; i++) {
		ret = enclu(SGX_EACCEPT, (u64)secinfo, (u64)heap(job, i), 0,
			    NULL);
		if (ret)
			return JOB_REFUSED | i << 16 | ret;
	}
	return 0;
}

void enclave_main(void *arg, u64 cssa, u64 thread)
{
	struct job *job = arg;

	(void)cssa;
	switch (job->op) {
	case JOB_FILL:
		fill(job);
		job->ret = 0;
		break;
	case JOB_WALK:
		job->ret = walk(job);
		break;
	case JOB_SUM:
		job->ret = sum(job);
		break;
	case JOB_ACCEPT:
		job->ret = accept(job, thread);
		break;
	default:
		__builtin_trap();
	}
}
