// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A policy with the capability memfd_class, in which a memfd is of a class of
 * its own and of the type of who has made it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include "policy.h"

struct row {
	const char *title;
	const char *domain;
	int error;
};

static const struct row rows[] = {
	{ "a confined domain: refused", "all_t", EACCES },
	{ "control, one that is not: allowed", "unlisted_t", 0 },
};

TEST_ROWS(memfd, rows, "code from a memfd")
{
	char on = 0;
	struct enclave encl;
	void *source;
	int fd, ret;

	policy_start();
	fd = open("/sys/fs/selinux/policy_capabilities/memfd_class", O_RDONLY);
	if (fd < 0)
		test_skip("this kernel has no memfd_class");
	ASSERT_EQ(read(fd, &on, 1), 1);
	ASSERT_EQ(on, '1');
	become(row->domain);
	fd = memfd_create("code", MFD_CLOEXEC);
	ASSERT(fd >= 0 && !ftruncate(fd, PAGE));
	source = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT(source != MAP_FAILED);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ret = encl_add(&encl, TINY_CODE, source, PAGE, ENCL_RX,
		       SGX_PAGE_MEASURE);
	ASSERT_EQ(ret, -row->error);
}
