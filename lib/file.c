// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Whole files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "internal.h"

/* What is no regular file may have no end: not more of it than this. */
#define STREAM_MAX (1UL << 30)

/* Read @fd, of which @guess bytes are expected, to its end, but not beyond @max. */
static int read_all(int fd, size_t guess, size_t max, void **data, size_t *len)
{
	size_t space = guess + 1;
	uint8_t *buf = malloc(space);
	size_t used = 0;
	uint8_t *more;
	ssize_t n;

	while (buf) {
		n = read(fd, buf + used, space - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (!n) {
			*data = buf;
			*len = used;
			return 0;
		}
		used += n;
		if (used < space)
			continue;
		if (used > max) {
			errno = EFBIG;
			break;
		}
		space *= 2;
		more = realloc(buf, space);
		if (!more)
			break;
		buf = more;
	}
	free(buf);
	return -1;
}

/**
 * softsgx_file_read() - read a whole file
 * @path:	its name; "-" for standard input
 * @data:	set to its contents; give it to free()
 * @len:	set to their length
 * @error:	why it failed, or NULL
 *
 * Of a pipe or a device at most 1 GiB is read, and more is an error (EFBIG).
 *
 * Return: 0 or SOFTSGX_SYSTEM.
 */
int softsgx_file_read(const char *path, void **data, size_t *len,
		      struct softsgx_error *error)
{
	struct stat st = { 0 };
	int saved;
	int ret;
	int fd;

	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0;
	if (fd < 0)
		return fail_system(error, path, "cannot be opened");
	ret = fstat(fd, &st);
	if (!ret && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		ret = -1;
	}
	if (!ret)
		ret = S_ISREG(st.st_mode)
			      ? read_all(fd, st.st_size, SIZE_MAX, data, len)
			      : read_all(fd, 65536, STREAM_MAX, data, len);
	saved = errno;
	if (fd)
		close(fd);
	errno = saved;
	return ret ? fail_system(error, path, "cannot be read") : 0;
}

/**
 * softsgx_file_write() - write a whole file
 * @path:	its name; "-" for standard output
 * @data:	its contents
 * @len:	their length
 * @error:	why it failed, or NULL
 *
 * A regular file that could not be written whole is removed.
 *
 * Return: 0 or SOFTSGX_SYSTEM.
 */
int softsgx_file_write(const char *path, const void *data, size_t len,
		       struct softsgx_error *error)
{
	struct stat st;
	FILE *file;
	bool ok;
	int saved;

	if (!strcmp(path, "-")) {
		ok = fwrite(data, 1, len, stdout) == len && !fflush(stdout);
		return ok ? 0 : fail_system(error, path, "cannot be written");
	}
	file = fopen(path, "we");
	if (!file)
		return fail_system(error, path, "cannot be created");
	ok = fwrite(data, 1, len, file) == len;
	saved = errno;
	if (fclose(file)) {
		saved = errno;
		ok = false;
	}
	if (ok)
		return 0;
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		unlink(path);
	errno = saved;
	return fail_system(error, path, "cannot be written");
}
