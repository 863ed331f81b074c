// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Instructions of ADD_PAGES, with SELinux or without where the kernel was not
 * booted with it: cost.sh compares.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "policy.h"

#define COST_SIZE	(64UL << 20)
#define COST_CALL	(4UL << 20)

static u64 tsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/* What is measured: the least expensive page there is, not measured nor zeroed. */
static u64 add_all(int file)
{
	struct enclave encl;
	size_t done;
	u64 start;
	void *pages;

	pages = mmap(NULL, COST_SIZE, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
		     file, 0);
	ASSERT(pages != MAP_FAILED);
	ASSERT_OK(encl_open(&encl, 2 * COST_SIZE));
	ASSERT_OK(encl_create(&encl));
	start = tsc();
	for (done = 0; done < COST_SIZE; done += COST_CALL) {
		struct sgx_secinfo secinfo = { .flags = ENCL_RX };
		struct sgx_enclave_add_pages arg = {
			.src = (u64)pages + done,
			.offset = done,
			.length = COST_CALL,
			.secinfo = (u64)&secinfo,
		};

		ASSERT_OK(ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg));
	}
	return tsc() - start;
}

/*
 * The domain may not write to where the output goes: it leaves the number in
 * memory.
 */
TEST(cost, "cost of ADD_PAGES")
{
	bool enforcing;
	int fd, status;
	u64 *result;
	pid_t pid;

	mount("selinuxfs", "/sys/fs/selinux", "selinuxfs", 0, NULL);
	enforcing = !access("/sys/fs/selinux/load", F_OK);
	if (enforcing) {
		policy_start();
	} else {
		mkdir("/run/selinux", 0755);
		ASSERT_OK(mount("tmpfs", "/run/selinux", "tmpfs", 0, NULL));
	}
	fd = open(DIR "big", O_RDWR | O_CREAT, 0755);
	ASSERT(fd >= 0);
	ASSERT_OK(ftruncate(fd, COST_SIZE));
	result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(result != MAP_FAILED);
	if (enforcing)
		label(DIR "big", "a_t");
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		if (enforcing)
			become("all_t");
		*result = add_all(fd);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	printf("  instructions: %lu\n", (unsigned long)*result);
}
