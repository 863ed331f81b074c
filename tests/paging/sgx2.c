// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* SGX2, and a debugger, where most pages are out. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "lib.h"

#define TRIM	 ((u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT)
#define PENDING	 SGX_SECINFO_FL_PENDING
#define MODIFIED SGX_SECINFO_FL_MODIFIED
#define PR	 SGX_SECINFO_FL_PR

static u64 heap_offset(const struct big *big)
{
	return big->heap - big->guest.encl.secs.baseaddr;
}

static void accept_all(const struct big *big, u64 flags)
{
	ASSERT_EQ(big_job(big, 0,
			  (struct job){ .op = JOB_ACCEPT, .arg = flags }),
		  0);
}

static void trim_all(const struct big *big)
{
	struct sgx_enclave_modify_types arg = {
		.offset = heap_offset(big),
		.length = big->pages * PAGE,
		.page_type = SGX_PT_TRIM,
	};

	ASSERT_OK(
		ioctl(big->guest.encl.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &arg));
	ASSERT_EQ(arg.count, arg.length);
	ASSERT_EQ(arg.result, 0);
}

static void remove_all(const struct big *big)
{
	struct sgx_enclave_remove_pages arg = {
		.offset = heap_offset(big),
		.length = big->pages * PAGE,
	};

	ASSERT_OK(
		ioctl(big->guest.encl.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &arg));
	ASSERT_EQ(arg.count, arg.length);
}

static void restrict_all(const struct big *big)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = heap_offset(big),
		.length = big->pages * PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};

	ASSERT_OK(ioctl(big->guest.encl.fd,
			SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg));
	ASSERT_EQ(arg.count, arg.length);
	ASSERT_EQ(arg.result, 0);
}

TEST(restrict_evicted, "RESTRICT_PERMISSIONS and EACCEPT of twice the EPC")
{
	struct big big;
	u64 sum;

	big_open(&big, 2 * epc_total(), 0);
	big_fill(&big, 0);
	sum = big_walk(&big, 2, 500, 9);
	restrict_all(&big);
	accept_all(&big, ENCL_R | PR);
	/* What was written before is there, and that is all that can be done. */
	big_check(&big, sum);
	big_close(&big);
	epc_empty();
}

/* EAUG, trim, remove, and EAUG once more: each of twice the EPC. */
TEST(augment_evicted, "EAUG, MODIFY_TYPES and REMOVE_PAGES of twice the EPC")
{
	struct big big;
	int i;

	big_open(&big, 2 * epc_total(), BIG_AUGMENT);
	for (i = 0; i < 2; i++) {
		accept_all(&big, ENCL_RW | PENDING);
		/* New pages are zero, and not what was there before. */
		if (!i)
			big_fill(&big, 0);
		else
			ASSERT_EQ(guest_read(&big.guest, 0, big.heap), 0);
		trim_all(&big);
		accept_all(&big, TRIM | MODIFIED);
		remove_all(&big);
	}
	ASSERT(epc_in_use() < 200);
	big_close(&big);
	epc_empty();
}

/* A child with a big enclave that waits; the debugger knows where it is. */
static pid_t debuggee(struct big *big, unsigned int flags, u64 *sum)
{
	u64 told[3];
	int ready[2];
	pid_t pid;

	ASSERT_OK(pipe(ready));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		big_open(big, 2 * epc_total(), flags);
		big_fill(big, 0);
		told[0] = big->heap;
		told[1] = big->pages;
		told[2] = big_walk(big, 2, 300, 21);
		ASSERT_EQ(write(ready[1], told, sizeof(told)), sizeof(told));
		raise(SIGSTOP);
		/* The debugger has added 1 to both counters of every page. */
		big_check(big, told[2] + big->pages);
		_exit(0);
	}
	ASSERT_EQ(read(ready[0], told, sizeof(told)), sizeof(told));
	big->heap = told[0];
	big->pages = told[1];
	*sum = told[2];
	ASSERT_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	return pid;
}

static int open_memory(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	ASSERT(fd >= 0);
	return fd;
}

TEST(debug_evicted, "a debugger reads and writes every page of twice the EPC")
{
	struct heap_page page;
	struct big big;
	u64 sum, total = 0, i;
	int status;
	pid_t pid;
	int fd;

	pid = debuggee(&big, 0, &sum);
	fd = open_memory(pid);
	for (i = 0; i < big.pages; i++) {
		u64 at = big.heap + i * PAGE;

		ASSERT_EQ(pread(fd, &page, sizeof(page), at), sizeof(page));
		ASSERT_EQ(page.number, i * HEAP_MARK);
		ASSERT_EQ(page.first, page.last);
		total += page.first++;
		page.last++;
		ASSERT_EQ(pwrite(fd, &page, sizeof(page), at), sizeof(page));
	}
	ASSERT_EQ(total & ~JOB_WRONG, sum);
	ASSERT_OK(kill(pid, SIGCONT));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	epc_empty();
}

TEST(production_evicted, "nobody reads an evicted page of another enclave")
{
	struct heap_page page = {};
	struct big big;
	u64 sum, i;
	pid_t pid;
	int fd;

	pid = debuggee(&big, BIG_PRODUCTION, &sum);
	fd = open_memory(pid);
	for (i = 0; i < big.pages; i += 61)
		ASSERT_ERRNO(pread(fd, &page, sizeof(page),
				   big.heap + i * PAGE),
			     EIO);
	ASSERT_EQ(page.number, 0);
	ASSERT_OK(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	epc_empty();
}
