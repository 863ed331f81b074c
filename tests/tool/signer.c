// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The signer of Linux's SGX selftests, as they built it, without a device: loads
 * test_encl.elf with a heap, measures and signs it, and writes its SIGSTRUCT.
 * The device that it looks for on the way is a file in memory (--wrap).
 *
 * Usage: signer ENCLAVE HEAP >SIGSTRUCT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "defines.h"
#include "main.h"

#define DEVICE "/dev/sgx_enclave"

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);

int __wrap_open(const char *path, int flags, ...)
{
	int fd;

	if (strcmp(path, DEVICE))
		return __real_open(path, flags);
	fd = memfd_create("sgx_enclave", 0);
	if (fd >= 0 && ftruncate(fd, 4096)) {
		close(fd);
		return -1;
	}
	return fd;
}

int __wrap_stat(const char *path, struct stat *st)
{
	return __real_stat(strcmp(path, DEVICE) ? path : "/", st);
}

int main(int argc, char **argv)
{
	struct encl encl;

	if (argc != 3)
		return 2;
	if (!encl_load(argv[1], &encl, strtoul(argv[2], NULL, 0)) ||
	    !encl_measure(&encl))
		return 1;
	return fwrite(&encl.sigstruct, sizeof(encl.sigstruct), 1, stdout) != 1;
}
