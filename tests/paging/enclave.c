// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The enclave of the paging tests, see job.h. It trusts its host. */
#include "../../examples/common/enclave.h"
#include "job.h"

_Static_assert(sizeof(struct heap_page) == SGX_PAGE_SIZE, "heap_page");

#define HIDDEN __attribute__((visibility("hidden")))

/* Where and how a thread last waited for a page, for SSA pages to be in use. */
__attribute__((visibility("hidden"),
	       aligned(64))) struct sgx_secinfo secinfos[THREADS];

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

static u64 *word(const struct job *job, u64 i)
{
	return (u64 *)job->start + i;
}

static u64 stamp(const struct job *job)
{
	u64 i;

	for (i = 0; i < job->pages * (SGX_PAGE_SIZE / 8); i++)
		*word(job, i) = job_stamp(job->arg, (u64)word(job, i));
	return 0;
}

static u64 look(const struct job *job)
{
	u64 i;

	for (i = 0; i < job->pages * (SGX_PAGE_SIZE / 8); i++)
		if (*word(job, i) != job_stamp(job->arg, (u64)word(job, i)))
			return JOB_WRONG | i / (SGX_PAGE_SIZE / 8);
	return 0;
}

/*
 * u64 try_read(u64 addr), u64 try_write(u64 addr, u64 value),
 * u64 try_enclu(u64 leaf, u64 rbx, u64 rcx): each has an instruction of three
 * bytes that may fault, and the result is in RAX behind it.
 */
asm(".text\n"
    "try_read:\n"
    "at_read:\n"
    "	mov	(%rdi), %rax\n"
    "	ret\n"
    "try_write:\n"
    "	xor	%eax, %eax\n"
    "at_write:\n"
    "	mov	%rsi, (%rdi)\n"
    "	ret\n"
    "try_enclu:\n"
    "	push	%rbx\n"
    "	mov	%rdi, %rax\n"
    "	mov	%rsi, %rbx\n"
    "	mov	%rdx, %rcx\n"
    "at_enclu:\n"
    "	enclu\n"
    "	pop	%rbx\n"
    "	ret\n");

HIDDEN u64 try_read(u64 addr);
HIDDEN u64 try_write(u64 addr, u64 value);
HIDDEN u64 try_enclu(u64 leaf, u64 rbx, u64 rcx);
extern const u8 at_read[] HIDDEN, at_write[] HIDDEN, at_enclu[] HIDDEN;

static u64 try_leaf(const struct job *job, u64 leaf, u64 thread)
{
	secinfos[thread].flags = job->arg;
	return try_enclu(leaf, (u64)&secinfos[thread], job->start);
}

/* The frame of what was interrupted is the one below. */
static u64 skip(u64 cssa, u64 thread)
{
	struct sgx_gprsgx *gpr =
		(void *)(ssa + (thread * NSSA + cssa) * SGX_PAGE_SIZE -
			 sizeof(*gpr));

	if (!cssa || (gpr->rip != (u64)at_read && gpr->rip != (u64)at_write &&
		      gpr->rip != (u64)at_enclu))
		return JOB_WRONG;
	gpr->rip += 3;
	gpr->rax = JOB_FAULT;
	return 0;
}

void enclave_main(void *arg, u64 cssa, u64 thread)
{
	struct job *job = arg;

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
	case JOB_STAMP:
		job->ret = stamp(job);
		break;
	case JOB_LOOK:
		job->ret = look(job);
		break;
	case JOB_NOP:
		job->ret = 0;
		break;
	case JOB_TRY_READ:
		job->ret = try_read(job->start);
		break;
	case JOB_TRY_WRITE:
		job->ret = try_write(job->start, job->arg);
		break;
	case JOB_TRY_ACCEPT:
		job->ret = try_leaf(job, SGX_EACCEPT, thread);
		break;
	case JOB_TRY_EXTEND:
		job->ret = try_leaf(job, SGX_EMODPE, thread);
		break;
	case JOB_SKIP:
		job->ret = skip(cssa, thread);
		break;
	default:
		__builtin_trap();
	}
}
