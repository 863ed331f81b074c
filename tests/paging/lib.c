// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include "lib.h"

#define CHUNK 256UL /* pages that are added by one call */

/* Pages of the file: segment @ph of it to its place. */
static int add_segment(struct enclave *encl, const Elf64_Phdr *ph)
{
	u64 flags = ENCL_REG(0);

	if (ph->p_flags & ENCL_PF_TCS)
		flags = ENCL_TCS;
	else
		flags |= (ph->p_flags & PF_R ? SGX_SECINFO_FL_R : 0) |
			 (ph->p_flags & PF_W ? SGX_SECINFO_FL_W : 0) |
			 (ph->p_flags & PF_X ? SGX_SECINFO_FL_X : 0);
	return encl_add(encl, ph->p_vaddr,
			(const u8 *)encl->image + ph->p_offset, ph->p_filesz,
			flags, SGX_PAGE_MEASURE);
}

static int map_segment(struct enclave *encl, const Elf64_Phdr *ph)
{
	return encl_map(encl, ph->p_vaddr, ph->p_memsz,
			(ph->p_flags & PF_R ? PROT_READ : 0) |
				(ph->p_flags & PF_W ? PROT_WRITE : 0) |
				(ph->p_flags & PF_X ? PROT_EXEC : 0));
}

static int each_segment(struct enclave *encl,
			int (*what)(struct enclave *, const Elf64_Phdr *))
{
	const Elf64_Ehdr *ehdr = encl->image;
	const Elf64_Phdr *ph =
		(const void *)((const u8 *)encl->image + ehdr->e_phoff);
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ehdr->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			ret = what(encl, &ph[i]);
	return ret;
}

static int add_heap(struct enclave *encl, u64 offset, u64 pages)
{
	void *zeros = page_alloc(CHUNK);
	int ret = 0;
	u64 n;

	for (; !ret && pages; pages -= n, offset += n * PAGE) {
		n = pages < CHUNK ? pages : CHUNK;
		ret = encl_add(encl, offset, zeros, n * PAGE, ENCL_RW, 0);
	}
	munmap(zeros, CHUNK * PAGE);
	return ret;
}

/* A signature takes long: that of the last enclave serves others like it. */
static int sign(struct enclave *encl, u64 pages, unsigned int flags)
{
	static struct sgx_sigstruct last;
	static unsigned int last_flags;
	static u64 last_pages;
	int ret;

	if (pages == last_pages && flags == last_flags) {
		encl->sig = last;
		return 0;
	}
	ret = encl_sign(encl, test_key());
	last = encl->sig;
	last_flags = flags;
	last_pages = ret ? 0 : pages;
	return ret;
}

static int build(struct big *big, u64 offset, u64 pages, unsigned int flags)
{
	struct enclave *encl = &big->guest.encl;
	int ret;

	ret = encl_create(encl);
	if (!ret)
		ret = each_segment(encl, add_segment);
	if (!ret && !(flags & BIG_AUGMENT))
		ret = add_heap(encl, offset, pages);
	if (!ret)
		ret = sign(encl, pages, flags);
	if (!ret)
		ret = encl_init(encl);
	if (!ret)
		ret = each_segment(encl, map_segment);
	if (!ret)
		ret = encl_map(encl, offset, pages * PAGE,
			       PROT_READ | PROT_WRITE);
	return ret;
}

int big_try_open(struct big *big, u64 pages, unsigned int flags)
{
	struct enclave *encl = &big->guest.encl;
	struct enclave file;
	u64 offset, size;
	int ret;

	/* The file alone makes a small enclave: its image serves ours. */
	ASSERT_OK(encl_open_elf(&file,
				test_file(flags & BIG_THREADS ? "threads.elf"
							      : "paging.elf")));
	offset = file.secs.size;
	size = offset;
	while (size < offset + pages * PAGE)
		size *= 2;
	ASSERT_OK(encl_open(encl, size));
	encl->image = file.image;
	encl->image_size = file.image_size;
	file.image = NULL;
	encl_close(&file);

	if (flags & BIG_PRODUCTION)
		encl->secs.attributes.flags &= ~SGX_ATTR_DEBUG;
	ret = build(big, offset, pages, flags);
	if (ret) {
		encl_close(encl);
		return ret;
	}

	big->guest.ssa = guest_symbol(&big->guest, "ssa");
	big->guest.tcs = guest_symbol(&big->guest, "tcs");
	big->heap = encl->secs.baseaddr + offset;
	big->pages = pages;
	return 0;
}

void big_open(struct big *big, u64 pages, unsigned int flags)
{
	ASSERT_OK(big_try_open(big, pages, flags));
}

void big_close(struct big *big)
{
	encl_close(&big->guest.encl);
}

u64 big_job(const struct big *big, unsigned int thread, struct job job)
{
	struct sgx_enclave_run run;

	if (!job.pages) {
		job.start = big->heap;
		job.pages = big->pages;
	}
	run = guest_enter(&big->guest, thread, SGX_EENTER, (void *)&job);
	if (run.function != SGX_EEXIT)
		test_fail(__FILE__, __LINE__,
			  "job %lu: left by %u, vector %u, code %x, at %llx",
			  job.op, run.function, run.exception_vector,
			  run.exception_error_code, run.exception_addr);
	if (job.ret & JOB_WRONG)
		test_fail(__FILE__, __LINE__, "job %lu: page %lu is wrong",
			  job.op, job.ret & ~JOB_WRONG);
	return job.ret;
}

void big_fill(const struct big *big, unsigned int thread)
{
	big_job(big, thread, (struct job){ .op = JOB_FILL });
}

struct walker {
	const struct big *big;
	unsigned int thread;
	u64 steps;
	u64 seed;
	u64 sum;
	pthread_t id;
};

static void *walker_run(void *data)
{
	struct walker *w = data;

	w->sum = big_job(w->big, w->thread,
			 (struct job){ .op = JOB_WALK,
				       .steps = w->steps,
				       .seed = w->seed });
	return NULL;
}

u64 big_walk(const struct big *big, unsigned int threads, u64 steps, u64 seed)
{
	struct walker walkers[OP_THREADS];
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < threads; i++) {
		walkers[i] = (struct walker){ .big = big,
					      .thread = i,
					      .steps = steps,
					      .seed = (seed + i) * HEAP_MARK };
		ASSERT_OK(pthread_create(&walkers[i].id, NULL, walker_run,
					 &walkers[i]));
	}
	for (i = 0; i < threads; i++) {
		ASSERT_OK(pthread_join(walkers[i].id, NULL));
		sum += walkers[i].sum;
	}
	return sum & ~JOB_WRONG;
}

void big_check(const struct big *big, u64 wanted)
{
	ASSERT_EQ(big_job(big, 0, (struct job){ .op = JOB_SUM }),
		  wanted & ~JOB_WRONG);
}

static u64 parameter(const char *name)
{
	char path[128];
	u64 value;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/softsgx/parameters/%s", name);
	f = fopen(path, "r");
	ASSERT(f);
	ASSERT_EQ(fscanf(f, "%lu", &value), 1);
	fclose(f);
	return value;
}

u64 epc_total(void)
{
	return parameter("epc_size") * ((1UL << 20) / PAGE);
}

u64 epc_in_use(void)
{
	return parameter("epc_in_use");
}

void epc_empty(void)
{
	struct timespec wait = { .tv_nsec = 20000000 };
	int i;

	for (i = 0; i < 1000 && epc_in_use(); i++)
		nanosleep(&wait, NULL);
	ASSERT_EQ(epc_in_use(), 0);
}

void squeeze(void)
{
	struct enclave encl;
	u64 pages = 4;

	/* Twice round: the first time, pages in use get their second chance. */
	while (pages < 3 * epc_total())
		pages *= 2;
	ASSERT_OK(encl_open(&encl, pages * PAGE));
	ASSERT_OK(encl_create(&encl));
	ASSERT_OK(add_heap(&encl, 0, 5 * epc_total() / 2));
	encl_close(&encl);
}
