// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A privilege decision, against an ioctl that SELinux permits: in a VM that was
 * booted with SELinux, with the minimal policy of tests/selinux enforced.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include "../tests/selinux/policy.h"
#include "bench.h"

static int device, provision, file;

/* With an open file that is no /dev/sgx_provision there is nothing to decide. */
static void ask_provision(u64 n, int fd, int result)
{
	struct sgx_enclave_provision arg = { .fd = (u64)fd };

	while (n--)
		ASSERT_EQ(ioctl(device, SGX_IOC_ENCLAVE_PROVISION, &arg),
			  result);
}

static void decide(u64 n)
{
	ask_provision(n, provision, 0);
}

static void decide_nothing(u64 n)
{
	ask_provision(n, file, -1);
}

/* What loading code from the file needs; the file itself knows no such ioctl. */
static void permitted(u64 n)
{
	while (n--) {
		ASSERT_EQ(ioctl(file, ENCLAVE_PRIVILEGE_CMD(ENCLAVE_EXECUTE),
				0),
			  -1);
		ASSERT_EQ(errno, ENOTTY);
	}
}

void measure_selinux(void)
{
	double whole, rest;

	policy_start();
	become("all_t");
	device = open("/dev/sgx_enclave", O_RDWR | O_CLOEXEC);
	provision = open("/dev/sgx_provision", O_RDONLY | O_CLOEXEC);
	file = open(DIR "a_t", O_RDONLY | O_CLOEXEC);
	ASSERT(device >= 0 && provision >= 0 && file >= 0);
	decide(10);
	whole = least(decide, 100);
	rest = least(decide_nothing, 100);
	figures[DECISION] = whole - rest;
	figures[PERMITTED_IOCTL] = least(permitted, 100);
	close(device);
}
