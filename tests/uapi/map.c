// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* mmap(), mprotect() and munmap() of an enclave, and who may. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include "lib.h"

#define NONE PROT_NONE
#define R    PROT_READ
#define W    PROT_WRITE
#define X    PROT_EXEC

static const struct prot {
	const char *situation;
	int prot;
} prots[] = {
	{ "none", NONE }, { "R", R },		{ "W", W },
	{ "X", X },	  { "RW", R | W },	{ "RX", R | X },
	{ "WX", W | X },  { "RWX", R | W | X },
};

TEST_ROWS(map_before, prots, "before CREATE a shared mapping is good")
{
	struct enclave encl;
	void *area;

	tiny_open(&encl);
	area = mmap(NULL, TINY_SIZE, row->prot, MAP_SHARED, encl.fd, 0);
	ASSERT(area != MAP_FAILED);
	ASSERT_OK(munmap(area, TINY_SIZE));
	ASSERT_OK(encl_map(&encl, 0, TINY_SIZE, row->prot));
}

TEST_ROWS(map_private, prots, "a private mapping is EINVAL")
{
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_ERRNO(mmap(NULL, PAGE, row->prot, MAP_PRIVATE, encl.fd, 0),
		     EINVAL);
	ASSERT_OK(encl_create(&encl));
	ASSERT_ERRNO(mmap(NULL, PAGE, row->prot, MAP_PRIVATE, encl.fd, 0),
		     EINVAL);
	tiny_add(&encl);
	tiny_finish(&encl);
	ASSERT_ERRNO(mmap((void *)encl.secs.baseaddr, PAGE, row->prot,
			  MAP_PRIVATE | MAP_FIXED, encl.fd, 0),
		     EINVAL);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

/* The test enclave's pages, and which protections their ceiling allows. */
static const struct ceiling {
	const char *situation;
	u64 secinfo_flags;
	int most;
} ceilings[] = {
	{ "a page added without permissions", ENCL_REG(0), NONE },
	{ "a page added R", ENCL_R, R },
	{ "a page added RW", ENCL_RW, R | W },
	{ "a page added RX", ENCL_RX, R | X },
	{ "a page added X", ENCL_REG(SGX_SECINFO_FL_X), X },
	{ "a page added RWX", ENCL_RWX, R | W | X },
	{ "a TCS", ENCL_TCS, R | W },
};

static void ceiling_open(struct enclave *encl, u64 flags)
{
	struct sgx_tcs *tcs = page_alloc(1);

	tiny_tcs(tcs);
	tiny_open(encl);
	ASSERT_OK(encl_create(encl));
	tiny_add(encl);
	ASSERT_OK(
		encl_add(encl, TINY_FREE, tcs, PAGE, flags, SGX_PAGE_MEASURE));
}

static void ceiling_check(struct enclave *encl, int most)
{
	void *addr = (void *)(encl->secs.baseaddr + TINY_FREE);
	int prot;

	for (prot = 0; prot <= (R | W | X); prot++) {
		if (prot & ~most) {
			/* A mapping, and the same by mprotect of one. */
			ASSERT_EQ(encl_map(encl, TINY_FREE, PAGE, prot),
				  -EACCES);
			ASSERT_OK(encl_map(encl, TINY_FREE, PAGE, NONE));
			ASSERT_ERRNO(mprotect(addr, PAGE, prot), EACCES);
			ASSERT_OK(encl_map(encl, TINY_FREE, PAGE, most));
			ASSERT_ERRNO(mprotect(addr, PAGE, prot), EACCES);
		} else {
			ASSERT_OK(encl_map(encl, TINY_FREE, PAGE, prot));
			ASSERT_OK(encl_map(encl, TINY_FREE, PAGE, NONE));
			ASSERT_OK(mprotect(addr, PAGE, prot));
		}
	}
}

TEST_ROWS(map_ceiling, ceilings, "ceiling of mmap and mprotect for")
{
	struct enclave encl;

	ceiling_open(&encl, row->secinfo_flags);
	ceiling_check(&encl, row->most);
	tiny_finish(&encl);
	ceiling_check(&encl, row->most);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(map_mixed, "a range is bound by the lowest of its pages")
{
	struct enclave encl;
	void *tcs;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tcs = (void *)encl.secs.baseaddr;
	/* TCS (RW), code (RX), SSA (RW), nothing. */
	ASSERT_OK(encl_map(&encl, 0, 4 * PAGE, R));
	ASSERT_EQ(encl_map(&encl, 0, 4 * PAGE, R | W), -EACCES);
	ASSERT_EQ(encl_map(&encl, 0, 2 * PAGE, R | X), -EACCES);
	/* A refused MAP_FIXED has unmapped what was there. */
	ASSERT_OK(encl_map(&encl, 0, 4 * PAGE, R));
	ASSERT_ERRNO(mprotect(tcs, 2 * PAGE, R | W), EACCES);
	ASSERT_OK(mprotect(tcs, PAGE, R | W));
	/* Where no page is, all is allowed, now and for the future. */
	ASSERT_OK(encl_map(&encl, TINY_FREE, 4 * PAGE, R | W | X));
	tiny_finish(&encl);
}

TEST(map_outside, "a mapping of an initialised enclave outside it is EACCES")
{
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	ASSERT_ERRNO(mmap(NULL, PAGE, R, MAP_SHARED, encl.fd, 0), EACCES);
	ASSERT_EQ(encl_map(&encl, TINY_SIZE, PAGE, NONE), -EACCES);
	ASSERT_EQ(encl_map(&encl, -(u64)PAGE, PAGE, R), -EACCES);
	ASSERT_EQ(encl_map(&encl, TINY_SIZE - PAGE, 2 * PAGE, R), -EACCES);
	ASSERT_OK(encl_map(&encl, TINY_SIZE - PAGE, PAGE, R));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(map_offset, "the offset of a mapping does not matter")
{
	struct enclave encl;
	u64 code;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	code = encl.secs.baseaddr + TINY_CODE;
	ASSERT_EQ(mmap((void *)code, PAGE, R | X, MAP_SHARED | MAP_FIXED,
		       encl.fd, 7 * PAGE),
		  code);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	ASSERT_ERRNO(mmap((void *)code, PAGE, R | W, MAP_SHARED | MAP_FIXED,
			  encl.fd, TINY_SSA),
		     EACCES);
}

TEST(map_read_implies_exec, "READ_IMPLIES_EXEC is refused: EACCES")
{
	struct enclave encl;
	void *code;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	code = (void *)(encl.secs.baseaddr + TINY_CODE);
	ASSERT(personality(READ_IMPLIES_EXEC) != -1);
	ASSERT_EQ(encl_map(&encl, TINY_CODE, PAGE, R | X), -EACCES);
	ASSERT_EQ(encl_map(&encl, TINY_CODE, PAGE, NONE), -EACCES);
	/* A refused MAP_FIXED has unmapped what was there. */
	code = (void *)(encl.secs.baseaddr + TINY_SSA);
	ASSERT_ERRNO(mprotect(code, PAGE, R), EACCES);
	ASSERT(personality(0) != -1);
	ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, R | X));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(map_reservation, "reserved PROT_NONE first, then mprotected into shape")
{
	struct enclave encl;
	u64 base;

	tiny_open(&encl);
	base = encl.secs.baseaddr;
	ASSERT_OK(encl_map(&encl, 0, TINY_SIZE, NONE));
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_ERRNO(mprotect((void *)base, TINY_SIZE, R | W), EACCES);
	ASSERT_OK(mprotect((void *)(base + TINY_TCS), PAGE, R | W));
	ASSERT_OK(mprotect((void *)(base + TINY_CODE), PAGE, R | X));
	ASSERT_OK(mprotect((void *)(base + TINY_SSA), PAGE, R | W));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(map_wide, "mapped RWX before CREATE: not accessible past the ceiling")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	u64 base;

	tiny_open(&encl);
	base = encl.secs.baseaddr;
	ASSERT_OK(encl_map(&encl, 0, TINY_SIZE, R | W | X));
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	/* Of a TCS no more than RW may be mapped. */
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, base + TINY_TCS);
	ASSERT_OK(mprotect((void *)(base + TINY_TCS), PAGE, R | W));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_addr & SGX_PAGE_MASK, base + TINY_SSA);
	ASSERT_OK(mprotect((void *)(base + TINY_SSA), PAGE, R | W));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, base + TINY_CODE);
	ASSERT_ERRNO(mprotect((void *)(base + TINY_CODE), PAGE, R | W), EACCES);
	ASSERT_OK(mprotect((void *)(base + TINY_CODE), PAGE, R | X));
	ASSERT_OK(enter(&run, SGX_ERESUME, NULL));
	ASSERT_EQ(run.function, SGX_EEXIT);
}

TEST(map_partial_unmap, "a hole in a mapping is a page fault, and can be "
			"filled")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	u64 base;

	tiny_open(&encl);
	base = encl.secs.baseaddr;
	ASSERT_OK(encl_map(&encl, 0, TINY_SIZE, NONE));
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);

	ASSERT_OK(munmap((void *)(base + TINY_CODE), PAGE));
	run = tiny_enter(&encl);
	/* It got in, and its first instruction was not there. */
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, base + TINY_CODE);

	ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, R | X));
	ASSERT_OK(enter(&run, SGX_ERESUME, NULL));
	ASSERT_EQ(run.function, SGX_EEXIT);

	ASSERT_OK(munmap((void *)(base + TINY_TCS), PAGE));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, base + TINY_TCS);
	ASSERT_OK(encl_map(&encl, TINY_TCS, PAGE, R | W));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);

	ASSERT_OK(munmap((void *)(base + TINY_SSA), PAGE));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr & SGX_PAGE_MASK, base + TINY_SSA);
}

static const struct entry_prot {
	const char *situation;
	u64 page;
	int prot;
	bool enters;
} entry_prots[] = {
	{ "the TCS read-only", TINY_TCS, R, false },
	{ "the TCS not accessible", TINY_TCS, NONE, false },
	{ "the SSA read-only", TINY_SSA, R, false },
	{ "the SSA not accessible", TINY_SSA, NONE, false },
	{ "the code not executable", TINY_CODE, R, true },
	{ "the code not accessible", TINY_CODE, NONE, true },
};

TEST_ROWS(map_entry, entry_prots, "an entry with")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	u64 base;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	base = encl.secs.baseaddr;
	ASSERT_OK(mprotect((void *)(base + row->page), PAGE, row->prot));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, row->enters ? SGX_ERESUME : SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr & SGX_PAGE_MASK, base + row->page);
	/* The mapping forbids it, not SGX. */
	ASSERT_EQ(run.exception_error_code & SGX_PFEC_SGX, 0);
}

TEST(map_write_only, "an entry with the TCS or the SSA mapped write-only")
{
	static const u64 pages[] = { TINY_TCS, TINY_SSA };
	struct enclave encl;
	unsigned int i;

	/* What can be written can be read on x86. */
	for (i = 0; i < 2; i++) {
		tiny_open(&encl);
		ASSERT_OK(encl_create(&encl));
		tiny_add(&encl);
		tiny_finish(&encl);
		ASSERT_OK(mprotect((void *)(encl.secs.baseaddr + pages[i]),
				   PAGE, W));
		ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
		encl_close(&encl);
	}
}

/* The small enclave with jobs, mapped R and RX. */
static void open_readable(struct enclave *encl, int flags)
{
	tiny_open_flags(encl, flags);
	ASSERT_OK(encl_create(encl));
	tiny_add_jobs(encl);
	ASSERT_OK(encl_sign(encl, test_key()));
	ASSERT_OK(encl_init(encl));
	ASSERT_OK(encl_map(encl, TINY_TCS, PAGE, R));
	ASSERT_OK(encl_map(encl, TINY_CODE, PAGE, R | X));
	ASSERT_OK(encl_map(encl, TINY_SSA, 2 * PAGE, R));
}

TEST(map_readonly, "a descriptor that is read-only: R and RX pages are run")
{
	struct tiny_job job = { .what = TINY_JOB_READ };
	struct sgx_enclave_run run;
	u64 *data = page_alloc(1);
	struct enclave encl;

	open_readable(&encl, O_RDONLY);
	*data = 0x1234;
	job.rdx = (u64)data;
	ASSERT_EQ(tiny_job(&encl, TINY_TCS, &job).function, SGX_EEXIT);
	ASSERT_EQ(job.rdx, 0x1234);

	/* Its state is saved, and is taken back. */
	job.rdx = (u64)data;
	ASSERT_OK(mprotect(data, PAGE, NONE));
	run = tiny_job(&encl, TINY_TCS, &job);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_OK(mprotect(data, PAGE, R));
	ASSERT_OK(enter(&run, SGX_ERESUME, &job));
	ASSERT_EQ(run.function, SGX_EEXIT);
	ASSERT_EQ(job.rdx, 0x1234);

	/* It can read, too. */
	job.rdx = encl.secs.baseaddr + TINY_SSA + PAGE;
	ASSERT_EQ(tiny_job(&encl, TINY_TCS, &job).function, SGX_EEXIT);
	ASSERT_EQ(job.rdx, 0);
}

static const struct own_write {
	const char *situation;
	u64 what;
} own_writes[] = {
	{ "its code", TINY_JOB_WRITE },
	{ "EREPORT", TINY_JOB_ENCLU },
};

TEST_ROWS(map_readonly_write, own_writes,
	  "a descriptor that is read-only: not to be written to by")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	struct tiny_job job;
	u64 ssa;

	open_readable(&encl, O_RDONLY);
	ssa = encl.secs.baseaddr + TINY_SSA;
	ASSERT_EQ(encl_map(&encl, TINY_SSA, PAGE, R | W), -EACCES);
	ASSERT_EQ(mprotect((void *)ssa, PAGE, R | W), -1);
	ASSERT_EQ(errno, EACCES);
	/* TARGETINFO and REPORTDATA are zero. The SSA has been looked up. */
	job = (struct tiny_job){ SGX_EREPORT, ssa + PAGE, ssa + PAGE, ssa,
				 row->what };
	run = tiny_job(&encl, TINY_TCS, &job);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, ssa);
	/* The kernel need not have it in the page tables. */
	ASSERT_EQ(run.exception_error_code & ~SGX_PFEC_P,
		  SGX_PFEC_W | SGX_PFEC_U);
}

TEST(map_readonly_pages, "mapped read-only, the descriptor is not: #PF")
{
	struct tiny_job job = { .what = TINY_JOB_ENCLU };
	struct sgx_enclave_run run;
	struct enclave encl;

	open_readable(&encl, O_RDWR);
	run = tiny_job(&encl, TINY_TCS, &job);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, encl.secs.baseaddr + TINY_TCS);
	ASSERT_EQ(run.exception_error_code,
		  SGX_PFEC_P | SGX_PFEC_W | SGX_PFEC_U);
}

/* Nor is there another way to the enclave: each open is one of its own. */
TEST(map_reopened, "a read-only descriptor opened again is another enclave")
{
	struct enclave encl, again;
	char path[64];

	open_readable(&encl, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", encl.fd);
	again = encl;
	again.fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT(again.fd >= 0);
	/* Not created: no enclave pages, and no ceiling. */
	ASSERT_OK(encl_map(&again, TINY_CODE, PAGE, R | W));
	ASSERT_OK(encl_create(&again));
	/* A copy of the descriptor is the same, as it was opened. */
	again.fd = dup(encl.fd);
	ASSERT(again.fd >= 0);
	ASSERT_EQ(encl_map(&again, TINY_SSA, PAGE, R | W), -EACCES);
	ASSERT_OK(encl_map(&again, TINY_CODE, PAGE, R | X));
}

TEST(map_over, "other memory mapped over a page is no enclave page")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	void *tcs;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	tcs = (void *)encl.secs.baseaddr;
	ASSERT_EQ(mmap(tcs, PAGE, R | W,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		  tcs);
	tiny_tcs(tcs);
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, tcs);
	ASSERT_OK(encl_map(&encl, TINY_TCS, PAGE, R | W));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(map_closed, "the device is closed: what is mapped still runs")
{
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	ASSERT_OK(close(encl.fd));
	encl.fd = -1;
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	ASSERT_ERRNO(mprotect((void *)(encl.secs.baseaddr + TINY_CODE), PAGE,
			      R | W),
		     EACCES);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	encl_close(&encl);
	still_good();
}

TEST(map_mremap, "a mapping can be neither grown nor entered elsewhere")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	void *tcs;
	void *to;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	tcs = (void *)encl.secs.baseaddr;
	ASSERT_ERRNO(mremap(tcs, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	to = mremap(tcs, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    page_alloc(1));
	if (to == MAP_FAILED)
		return;
	run.tcs = (u64)to;
	memset((u8 *)&run + 8, 0, sizeof(run) - 8);
	ASSERT_OK(enter(&run, SGX_EENTER, NULL));
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
}

/* In a child: 0 if all is as the parent has it. */
static void child_of_fork(struct enclave *encl)
{
	void *code = (void *)(encl->secs.baseaddr + TINY_CODE);

	ASSERT_ERRNO(mprotect(code, PAGE, R | W), EACCES);
	ASSERT_OK(mprotect(code, PAGE, R));
	ASSERT_EQ(encl_map(encl, TINY_CODE, PAGE, R | W), -EACCES);
	ASSERT_OK(encl_map(encl, TINY_CODE, PAGE, R | X));
	ASSERT_EQ(tiny_enter(encl).function, SGX_EEXIT);
	_exit(0);
}

TEST(map_fork, "a child has the same enclave and the same ceilings")
{
	struct enclave encl;
	int status;
	pid_t pid;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid)
		child_of_fork(&encl);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	/* The child's mprotect and exit were its own affair. */
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	encl_close(&encl);
	still_good();
}

TEST(map_ioctl_in_child, "a child can go on building")
{
	struct enclave encl;
	int status;
	pid_t pid;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		tiny_add(&encl);
		tiny_finish(&encl);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	/* It is initialised for the parent too. */
	tiny_map(&encl);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}
