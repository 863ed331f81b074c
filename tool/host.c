// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* What this machine has of SGX, as far as a program can see it. */
#include <cpuid.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/statvfs.h>
#include "tool.h"

/* Leaf 12H is there only if leaf 7 says so: see doc/cpuid.md. */
void host_cpuid(struct cpuid_view *view)
{
	unsigned int a, b, c, d;
	unsigned int i;

	memset(view, 0, sizeof(*view));
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & 1U << 2))
		return;
	view->sgx = true;
	if (!__get_cpuid_count(0x12, 0, &a, &b, &c, &d))
		return;
	view->sgx1 = a & 1;
	view->sgx2 = a & 2;
	for (i = 2; i < 10; i++) {
		if (!__get_cpuid_count(0x12, i, &a, &b, &c, &d) ||
		    (a & 0xf) != 1)
			break;
		view->epc += (uint64_t)(d & 0xfffff) << 32 | (c & 0xfffff000);
	}
}

bool host_has_module(void)
{
	return !access(MODULE_DIR, F_OK);
}

/* A small file as a text, without its last newline; false and errno. */
bool host_read(const char *path, char *text, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return true;
}

/* The module is here, and this user may use it. */
bool host_can_enclave(void)
{
	return host_has_module() && !access(DEVICE_ENCLAVE, R_OK | W_OK);
}

/* The file system that a file is on. */
bool host_is_noexec(const char *path)
{
	struct statvfs fs;

	return !statvfs(path, &fs) && fs.f_flag & ST_NOEXEC;
}
