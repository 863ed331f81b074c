// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Whole files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/xattr.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include "internal.h"

/* What is no regular file may have no end: not more of it than this. */
#define STREAM_MAX (1UL << 30)

/* A longer SELinux label is not copied. */
#define LABEL_MAX 4096

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

static bool write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

/* Closes @fd; false, and errno of what failed first, if @ok is false or that fails. */
static bool close_after(int fd, bool ok)
{
	int saved = errno;

	if (close(fd) && ok)
		return false;
	errno = saved;
	return ok;
}

/* A new file beside @path; its name in @temp, which the caller frees. */
static int create_beside(const char *path, mode_t mode, char **temp)
{
	unsigned int random;
	int saved;
	int fd;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random) ||
	    asprintf(temp, "%s.%08x", path, random) < 0)
		return -1;
	fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0) {
		saved = errno;
		free(*temp);
		errno = saved;
	}
	return fd;
}

/* Whether a file has no extended attributes, an ACL say, but an SELinux label. */
static bool is_plain(const char *path)
{
	char names[sizeof(XATTR_NAME_SELINUX)];
	ssize_t len;

	len = llistxattr(path, names, sizeof(names));
	if (len < 0)
		return errno == ENOTSUP;
	return !len || (len == sizeof(names) &&
			!memcmp(names, XATTR_NAME_SELINUX, sizeof(names)));
}

/* Gives a file the SELinux label of another one. */
static bool copy_label(int fd, const char *path)
{
	char now[LABEL_MAX];
	char old[LABEL_MAX];
	ssize_t old_len;
	ssize_t len;

	len = fgetxattr(fd, XATTR_NAME_SELINUX, now, sizeof(now));
	old_len = lgetxattr(path, XATTR_NAME_SELINUX, old, sizeof(old));
	if (old_len < 0)
		return len < 0 && (errno == ENODATA || errno == ENOTSUP);
	if (len == old_len && !memcmp(now, old, len))
		return true;
	return !fsetxattr(fd, XATTR_NAME_SELINUX, old, old_len, 0);
}

/*
 * Gives @temp, open as @fd, what @path has: owner, mode and SELinux label. False
 * if it may not, or if the directory's default ACL gave it entries.
 */
static bool make_alike(int fd, const char *temp, const char *path,
		       const struct stat *old)
{
	struct stat st;

	if (!is_plain(temp) || fstat(fd, &st))
		return false;
	if ((st.st_uid != old->st_uid || st.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid))
		return false;
	return !fchmod(fd, old->st_mode & 07777) && copy_label(fd, path);
}

/**
 * enum written - what came of a try to replace a file
 * @WRITTEN:	it has the contents
 * @WRITE_FAILED: errno says why; the file is as it was
 * @WRITE_IN_PLACE: it is nothing that could be replaced
 */
enum written { WRITTEN, WRITE_FAILED, WRITE_IN_PLACE };

/* Another file takes the place of @path once it is whole. */
static enum written replace(const char *path, const void *data, size_t len)
{
	struct stat old;
	bool is_new;
	char *temp;
	int saved;
	bool ok;
	int fd;

	is_new = lstat(path, &old);
	if (is_new && errno != ENOENT)
		return WRITE_IN_PLACE;
	if (!is_new && (!S_ISREG(old.st_mode) || !is_plain(path) ||
			faccessat(AT_FDCWD, path, W_OK, AT_EACCESS)))
		return WRITE_IN_PLACE;
	fd = create_beside(path, is_new ? 0666 : 0600, &temp);
	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT ? WRITE_FAILED
							  : WRITE_IN_PLACE;
	if (!is_new && !make_alike(fd, temp, path, &old)) {
		close(fd);
		unlink(temp);
		free(temp);
		return WRITE_IN_PLACE;
	}
	ok = close_after(fd, write_all(fd, data, len));
	/* A mount point cannot be replaced. */
	if (ok && !rename(temp, path)) {
		free(temp);
		return WRITTEN;
	}
	saved = errno;
	unlink(temp);
	free(temp);
	errno = saved;
	return ok ? WRITE_IN_PLACE : WRITE_FAILED;
}

/**
 * softsgx_file_write() - write a whole file
 * @path:	its name; "-" for standard output
 * @data:	its contents
 * @len:	their length
 * @error:	why it failed, or NULL
 *
 * A regular file is replaced by another one when that is whole: whoever has it
 * open or mapped keeps what it was, and it stays if there is no room. Owner, mode
 * and SELinux label remain. It is written in place if it is named by a symbolic
 * link, if it has an ACL or other extended attributes, if its directory has a
 * default ACL, or if that allows no other.
 *
 * Return: 0 or SOFTSGX_SYSTEM.
 */
int softsgx_file_write(const char *path, const void *data, size_t len,
		       struct softsgx_error *error)
{
	struct stat st;
	bool ok;
	int fd;

	if (!strcmp(path, "-")) {
		ok = fwrite(data, 1, len, stdout) == len && !fflush(stdout);
		return ok ? 0 : fail_system(error, path, "cannot be written");
	}
	switch (replace(path, data, len)) {
	case WRITTEN:
		return 0;
	case WRITE_FAILED:
		return fail_system(error, path, "cannot be written");
	default:
		break;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail_system(error, path, "cannot be created");
	ok = write_all(fd, data, len);
	/* Nobody shall take a part for the whole. */
	if (!ok && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		int saved = errno;

		if (ftruncate(fd, 0))
			unlink(path);
		errno = saved;
	}
	if (!close_after(fd, ok))
		return fail_system(error, path, "cannot be written");
	return 0;
}
