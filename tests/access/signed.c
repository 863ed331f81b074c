// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Signed policies, and the keyring whose keys are trusted for them. run.sh has
 * it run with rules_signed=0 and with 1. The tests build on each other: a
 * keyring that is closed stays closed until the module goes.
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "../uapi/lib.h"

#define FILES	 "/sys/kernel/security/softsgx/"
#define UNSIGNED "policy name=plain version=1\nDEFAULT action=ALLOW\n"

#define NO_KEY	  "refused: no trusted key has signed it\n"
#define NOT_GOOD  "refused: the signature is not accepted\n"
#define NO_SIG	  "refused: it is not signed\n"
#define ANY_ERROR (-1)

static size_t read_all(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ASSERT(fd >= 0);
	n = read(fd, buf, size - 1);
	ASSERT(n >= 0);
	close(fd);
	buf[n] = '\0';
	return n;
}

static bool only_signed(void)
{
	char text[8];

	read_all("/sys/module/softsgx/parameters/rules_signed", text,
		 sizeof(text));
	return *text == 'Y';
}

static int load_open(void)
{
	int fd = open(FILES "load", O_RDWR | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

/* 0 or an errno; what became of it is in @result. */
static int load_by(int fd, const char *text, size_t len, char result[256])
{
	int ret = 0;
	ssize_t n;

	if (write(fd, text, len) != (ssize_t)len)
		ret = errno;
	n = read(fd, result, 255);
	ASSERT(n >= 0);
	result[n] = '\0';
	close(fd);
	return ret;
}

static int load(const char *text, size_t len, char result[256])
{
	return load_by(load_open(), text, len, result);
}

static int load_file(const char *name, char result[256])
{
	static char text[1 << 16];

	return load(text, read_all(test_file(name), text, sizeof(text)),
		    result);
}

/* As keyctl finds a name: in /proc/keys. */
static int find_keyring(void)
{
	FILE *keys = fopen("/proc/keys", "re");
	unsigned int serial;
	char line[256];

	ASSERT(keys);
	while (fgets(line, sizeof(line), keys))
		if (strstr(line, " keyring ") && strstr(line, " .softsgx: ") &&
		    sscanf(line, "%x", &serial) == 1) {
			fclose(keys);
			return serial;
		}
	test_fail(__FILE__, __LINE__, "no keyring .softsgx in /proc/keys");
}

static long add_key(const char *certificate)
{
	static char der[1 << 16];
	size_t len = read_all(test_file(certificate), der, sizeof(der));

	return syscall(SYS_add_key, "asymmetric", "", der, len, find_keyring());
}

/* ---- while the keyring is open ---- */

struct row {
	const char *title;
	const char *file;
	int error;
	const char *result;
};

/* clang-format off */
static const struct row untrusted[] = {
	{ "signed by the site", "site.p7", ENOKEY, NO_KEY },
	{ "signed by another", "other.p7", ENOKEY, NO_KEY },
	{ "changed by a bit", "changed.p7", ANY_ERROR, NOT_GOOD },
	{ "cut off", "cut.p7", EBADMSG, NOT_GOOD },
};

static const struct row trusted[] = {
	{ "signed by the site", "site.p7", 0, "loaded: name=site version=1\n" },
	{ "signed by another", "other.p7", ENOKEY, NO_KEY },
	{ "changed by a bit", "changed.p7", ANY_ERROR, NOT_GOOD },
	{ "cut off", "cut.p7", EBADMSG, NOT_GOOD },
	{ "signed by the site, with a wrong line", "wrong.p7", EINVAL,
	  "line 3: a line that begins with neither op= nor DEFAULT 'nonsense'\n" },
};
/* clang-format on */

static void check_row(const struct row *row)
{
	char result[256];
	int error = load_file(row->file, result);

	if (row->error == ANY_ERROR)
		ASSERT(error);
	else
		ASSERT_EQ(error, row->error);
	if (strcmp(result, row->result))
		test_fail(__FILE__, __LINE__, "the result is %s", result);
}

TEST_ROWS(no_key, untrusted, "the keyring is empty")
{
	check_row(row);
}

TEST(add, "root adds a key; another user may not")
{
	int keyring = find_keyring();
	static char der[1 << 16];
	size_t len = read_all(test_file("other.der"), der, sizeof(der));

	ASSERT(add_key("site.der") > 0);
	ASSERT_OK(setresuid(65534, 65534, 65534));
	ASSERT_ERRNO(syscall(SYS_add_key, "asymmetric", "", der, len, keyring),
		     EACCES);
}

TEST_ROWS(open_keyring, untrusted, "the key is there, the keyring not closed")
{
	check_row(row);
}

/* ---- and when it is closed ---- */

TEST(close_keyring, "once closed it takes no other key, nor opens again")
{
	int keyring = find_keyring();

	ASSERT_OK(syscall(SYS_keyctl, KEYCTL_RESTRICT_KEYRING, keyring, NULL,
			  NULL));
	ASSERT_ERRNO(add_key("other.der"), EPERM);
	ASSERT_ERRNO(syscall(SYS_keyctl, KEYCTL_RESTRICT_KEYRING, keyring, NULL,
			     NULL),
		     EEXIST);
}

TEST_ROWS(closed_keyring, trusted, "the key is there, the keyring closed")
{
	check_row(row);
}

static void check_in_force(unsigned int version)
{
	char text[512], wanted[64];

	snprintf(wanted, sizeof(wanted),
		 "name=site\nversion=%u\nenforce=1\nsigned=1\n", version);
	read_all(FILES "status", text, sizeof(text));
	ASSERT(strstr(text, wanted) == text);
}

TEST(in_force, "the signed policy is in force, and its text what was signed")
{
	char text[512], wanted[512];

	read_all(FILES "policy", text, sizeof(text));
	read_all(test_file("site.policy"), wanted, sizeof(wanted));
	ASSERT(!strcmp(text, wanted));
	check_in_force(1);
}

TEST(without, "a policy without a signature: only if rules_signed is off")
{
	char result[256], text[512];
	int error = load(UNSIGNED, strlen(UNSIGNED), result);

	if (only_signed()) {
		ASSERT_EQ(error, EKEYREJECTED);
		ASSERT(!strcmp(result, NO_SIG));
		return;
	}
	ASSERT_OK(error);
	read_all(FILES "status", text, sizeof(text));
	ASSERT(strstr(text, "\nsigned=0\n"));
}

/* ---- where nothing else is taken ---- */

static void only_if_signed(void)
{
	if (!only_signed())
		test_skip("without rules_signed=1 all of this is allowed");
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	ASSERT(fd >= 0);
	ret = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return ret;
}

TEST(delete_it, "it is not deleted")
{
	only_if_signed();
	ASSERT_EQ(write_to(FILES "delete", "1"), EPERM);
	check_in_force(1);
}

TEST(permissive, "it is not made permissive")
{
	only_if_signed();
	ASSERT_EQ(write_to(FILES "enforce", "0"), EPERM);
	ASSERT_OK(write_to(FILES "enforce", "1"));
	check_in_force(1);
}

static const struct row same_version[] = {
	{ "itself", "site.p7", 0, "loaded: name=site version=1\n" },
	{ "another", "exchanged.p7", ESTALE,
	  "refused: another one has this version\n" },
};

TEST_ROWS(exchange, same_version, "of the same version, after it")
{
	only_if_signed();
	check_row(row);
	check_in_force(1);
}

TEST(other_root, "a newer one with another root is refused")
{
	static char text[1 << 16];
	char result[256];
	int fd, status;
	size_t len;

	only_if_signed();
	len = read_all(test_file("newer.p7"), text, sizeof(text));
	fd = load_open();
	if (!fork()) {
		ASSERT_OK(chroot("/run"));
		ASSERT_EQ(load_by(fd, text, len, result), EPERM);
		ASSERT(!strcmp(result,
			       "refused: the one before has another root\n"));
		_exit(0);
	}
	ASSERT(wait(&status) > 0);
	ASSERT_EQ(status, 0);
	check_in_force(1);
}

static const struct row newer[] = {
	{ "a newer one is loaded", "newer.p7", 0,
	  "loaded: name=site version=2\n" },
	{ "the old one is not any more", "site.p7", ESTALE,
	  "refused: there was a higher version\n" },
};

TEST_ROWS(succeed, newer, "then")
{
	only_if_signed();
	check_row(row);
	check_in_force(2);
}
