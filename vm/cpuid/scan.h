/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* cpuid-scan: what its two files have in common. */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Writes the lines for the CPUID instructions of an ELF file to @out, as @path;
 * @name is for complaints. False if not all of the file could be scanned.
 */
bool scan_fd(int fd, const char *name, const char *path, FILE *out);

/* cpuid-scan --watch: the exit status. */
int watch_programs(char **args);

#endif
