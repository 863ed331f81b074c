// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The secret that the keys of the micro-VM are derived from: one for each user, in
 * a file, so that what an enclave seals in one run, it unseals in the next.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "tool.h"

#define SECRET_BYTES  32
#define SECRET_DIGITS (2 * SECRET_BYTES)

static int say_fresh(const char *path)
{
	complain("%s: %s: keys are for this run alone", path, strerror(errno));
	return EXIT_NO;
}

/* The directory and those above it; as the XDG specification wants them. */
static bool make_dirs(char *path)
{
	char *slash = path;
	int why;

	for (;;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		/* EROFS, say, comes before EEXIST. */
		if (mkdir(path, 0700)) {
			why = errno;
			if (access(path, F_OK)) {
				errno = why;
				return false;
			}
		}
		if (!slash)
			return true;
		*slash = '/';
	}
}

static bool write_secret(int fd)
{
	char text[SECRET_DIGITS + 2];
	uint8_t bytes[SECRET_BYTES];
	bool good;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	hex(bytes, sizeof(bytes), text);
	strcpy(text + SECRET_DIGITS, "\n");
	errno = ENOSPC; /* what stops a write in the middle */
	good = write(fd, text, SECRET_DIGITS + 1) == SECRET_DIGITS + 1 &&
	       !fsync(fd);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	return good;
}

/*
 * The file appears when it is whole; of several runs that make it at once the
 * first one wins, and all have that one's.
 */
static bool make_secret(char *dir, const char *path)
{
	char new[PATH_MAX];
	int fd, saved;
	bool good;

	if (!make_dirs(dir))
		return false;
	if (snprintf(new, sizeof(new), "%s.XXXXXX", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = mkostemp(new, O_CLOEXEC);
	if (fd < 0)
		return false;
	good = write_secret(fd) && (!link(new, path) || errno == EEXIST);
	saved = errno;
	unlink(new);
	close(fd);
	errno = saved;
	return good;
}

static int check_secret(int fd, const char *path)
{
	char text[SECRET_DIGITS + 2];
	struct stat st;
	ssize_t len, i;

	len = read(fd, text, sizeof(text));
	if (len < 0 || fstat(fd, &st))
		return say_fresh(path);
	if (len == SECRET_DIGITS + 1 && text[SECRET_DIGITS] == '\n')
		len--;
	for (i = 0; i < len && isxdigit((unsigned char)text[i]); i++)
		;
	explicit_bzero(text, sizeof(text));
	if (!S_ISREG(st.st_mode) || i != len || len != SECRET_DIGITS) {
		complain(
			"%s: not a secret, which is a line of %d hexadecimal digits",
			path, SECRET_DIGITS);
		return EXIT_FORMAT;
	}
	if (st.st_mode & 077)
		complain("%s: not for its owner alone: chmod 600", path);
	return EXIT_YES;
}

/**
 * secret_find() - the file of the user's secret, which is made if there is none
 * @path:	where it is
 *
 * Return: EXIT_YES; EXIT_NO if there can be none, so that keys are for one run
 * alone; EXIT_FORMAT if it is no secret. What is not EXIT_YES has been said.
 */
int secret_find(char path[PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char dir[PATH_MAX];
	int fd, len, ret;

	/* A relative one is to be ignored, the XDG specification says. */
	if (data && *data == '/') {
		len = snprintf(dir, sizeof(dir), "%s/softsgx", data);
	} else if (home && *home == '/') {
		len = snprintf(dir, sizeof(dir), "%s/.local/share/softsgx",
			       home);
	} else {
		complain(
			"no place for a secret, neither XDG_DATA_HOME nor HOME is set: keys are for this run alone");
		return EXIT_NO;
	}
	if (len >= PATH_MAX ||
	    snprintf(path, PATH_MAX, "%s/secret", dir) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return say_fresh(dir);
	}

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		if (!make_secret(dir, path))
			return say_fresh(path);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return say_fresh(path);
	ret = check_secret(fd, path);
	close(fd);
	return ret;
}
