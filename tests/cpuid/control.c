// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The file by which softsgx.ko is told of CPUID instructions: what it takes,
 * what it refuses, and that it then has changed nothing. Runs as root.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../uapi/harness.h"
#include "cpuid.h"

#define CONTROL	  "/sys/kernel/security/softsgx/cpuid"
#define MAX_SITES 1024
#define MAX_WRITE 65536

/* A file of CPUID instructions on a file system in memory. */
#define CODE "/dev/shm/cpuid-code"

static int control(void)
{
	int fd = open(CONTROL, O_RDWR);

	if (fd < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", CONTROL,
			  strerrorname_np(errno));
	return fd;
}

/* 0, or -1 and errno. */
static int give_raw(const char *text, size_t len)
{
	int fd = control();
	ssize_t ret = write(fd, text, len);
	int err = errno;

	close(fd);
	errno = err;
	return ret == (ssize_t)len ? 0 : -1;
}

static int give(const char *text)
{
	return give_raw(text, strlen(text));
}

static char *list(void)
{
	static char buf[1 << 20];
	size_t done = 0;
	int fd = control();
	ssize_t n;

	while ((n = read(fd, buf + done, sizeof(buf) - 1 - done)) > 0)
		done += n;
	ASSERT_EQ(n, 0);
	close(fd);
	buf[done] = '\0';
	return buf;
}

/* @count CPUIDs from offset 0 on, and three bytes of something else. */
static void make_code(unsigned int count)
{
	unsigned int i;
	FILE *file;

	unlink(CODE);
	file = fopen(CODE, "w");
	ASSERT(file);
	for (i = 0; i < count; i++)
		fwrite("\x0f\xa2", 1, 2, file);
	fwrite("\xc3\x90\x0f", 1, 3, file);
	ASSERT_OK(fclose(file));
	ASSERT_OK(chmod(CODE, 0755));
}

static void start(void)
{
	make_code(8);
	ASSERT_OK(give("clear\n"));
	ASSERT(!*list());
}

static const struct refusal {
	const char *situation;
	const char *text;
	int err;
} refusals[] = {
	{ "no newline at the end", "site 0 " CODE, EINVAL },
	{ "an empty line", "\n", EINVAL },
	{ "an unknown word", "sight 0 " CODE "\n", EINVAL },
	{ "nothing but a word", "site\n", EINVAL },
	{ "no path", "site 0\n", EINVAL },
	{ "an empty path", "site 0 \n", EINVAL },
	{ "no offset", "site " CODE "\n", EINVAL },
	{ "an offset that is no number", "site zero " CODE "\n", EINVAL },
	{ "a negative offset", "site -2 " CODE "\n", EINVAL },
	{ "the largest offset", "site 0x7fffffffffffffff " CODE "\n", EINVAL },
	{ "an offset beyond", "site 0x8000000000000000 " CODE "\n", EINVAL },
	{ "an offset of 65 bits", "site 0x10000000000000000 " CODE "\n",
	  EINVAL },
	{ "a relative path", "site 0 cpuid-code\n", EINVAL },
	{ "a file that is not there", "site 0 /dev/shm/none\n", ENOENT },
	{ "a directory", "site 0 /dev/shm\n", EINVAL },
	{ "a device", "site 0 /dev/zero\n", EINVAL },
	{ "something else than CPUID", "site 1 " CODE "\n", EINVAL },
	{ "half of one at the end", "site 18 " CODE "\n", EINVAL },
	{ "the end of the file", "site 19 " CODE "\n", EINVAL },
	{ "a file that cannot be mapped", "site 0 /proc/self/maps\n", EINVAL },
	{ "clear among others", "clear\nsite 0 " CODE "\n", EINVAL },
	{ "forget among others", "forget " CODE "\nsite 0 " CODE "\n", EINVAL },
	{ "forget, and no path", "forget \n", EINVAL },
	{ "forget what is not there", "forget /dev/shm/none\n", ENOENT },
	{ "a good line, and a bad one",
	  "site 0 " CODE "\nsite 2 " CODE "\nsite 3 " CODE "\n", EINVAL },
	{ "programs, without CPUID faulting", "program /bin/true\n",
	  EOPNOTSUPP },
	{ "a program without a path", "program\n", EINVAL },
};

TEST_ROWS(refuses, refusals, "refused, and nothing has changed")
{
	char before[256];

	start();
	ASSERT_OK(give("site 6 " CODE "\n"));
	snprintf(before, sizeof(before), "%s", list());
	ASSERT_ERRNO(give(row->text), row->err);
	ASSERT(!strcmp(list(), before));
	ASSERT_OK(give("clear\n"));
}

TEST(refuses_nul, "refused: a NUL")
{
	start();
	ASSERT_ERRNO(give_raw("site 0 " CODE "\0\n", strlen(CODE) + 9), EINVAL);
	ASSERT(!*list());
}

TEST(refuses_fault, "refused: a buffer that cannot be read")
{
	int fd = control();

	ASSERT_ERRNO(syscall(SYS_write, fd, 8L, 100L), EFAULT);
	ASSERT_EQ(write(fd, "", 0), 0);
}

TEST(refuses_long, "refused: more than 64 KiB at once, or a path too long")
{
	static char text[MAX_WRITE + 2];

	start();
	memset(text, '\n', sizeof(text));
	ASSERT_ERRNO(give_raw(text, MAX_WRITE + 1), E2BIG);
	memset(text, 'a', MAX_WRITE);
	memcpy(text, "site 0 /", 8);
	text[MAX_WRITE - 1] = '\n';
	ASSERT_ERRNO(give_raw(text, MAX_WRITE), ENAMETOOLONG);
}

TEST(refuses_others, "only root")
{
	int status, fd;
	pid_t pid;

	fd = control();
	ASSERT_OK(fchmod(fd, 0666));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		ASSERT_OK(setgroups(0, NULL));
		ASSERT_OK(setgid(65534));
		ASSERT_OK(setuid(65534));
		ASSERT_ERRNO(open(CONTROL, O_RDONLY), EPERM);
		ASSERT_ERRNO(open(CONTROL, O_WRONLY), EPERM);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_OK(fchmod(fd, 0600));
	ASSERT_EQ(status, 0);
}

TEST(lists, "what is given is listed, once, and cleared")
{
	start();
	ASSERT_OK(give("site 0x4 " CODE "\nsite 2 " CODE "\n"));
	ASSERT(!strcmp(list(), "site 0x4 0 " CODE "\nsite 0x2 0 " CODE "\n"));
	/* Again, by another name, and twice in a write. */
	ASSERT_OK(give("site 4 /dev/../dev/shm/cpuid-code\n"
		       "site 0 " CODE "\nsite 0 " CODE "\n"));
	ASSERT(!strcmp(list(), "site 0x4 0 " CODE "\nsite 0x2 0 " CODE
			       "\nsite 0x0 0 " CODE "\n"));
	ASSERT_OK(give("clear\n"));
	ASSERT(!*list());
	ASSERT_OK(give("clear\n"));
}

static bool sees_sgx(void)
{
	struct cpuid out;

	cpuid(7, 0, &out);
	return out.ebx & 1U << 2;
}

/* The line for the CPUID in cpuid(), see insn.S. */
static void own_site(char *line, size_t size)
{
	char path[256], map[512];
	unsigned long from, to, offset, addr = (unsigned long)cpuid + 8;
	FILE *maps = fopen("/proc/self/maps", "r");

	ASSERT(maps);
	while (fgets(map, sizeof(map), maps)) {
		if (sscanf(map, "%lx-%lx %*s %lx %*s %*s %255s", &from, &to,
			   &offset, path) == 4 &&
		    addr >= from && addr < to) {
			snprintf(line, size, "site %#lx %s\n",
				 addr - from + offset, path);
			fclose(maps);
			return;
		}
	}
	test_fail(__FILE__, __LINE__, "no mapping at %#lx", addr);
}

TEST(running, "a program that runs already sees SGX come and go")
{
	char line[512], want[600];
	int i;

	start();
	own_site(line, sizeof(line));
	ASSERT(!sees_sgx());
	ASSERT_OK(give(line));
	for (i = 0; i < 3; i++)
		ASSERT(sees_sgx());
	/* The hits stand before the path. */
	snprintf(want, sizeof(want), "%.*s 3%s",
		 (int)(strrchr(line, ' ') - line), line, strrchr(line, ' '));
	ASSERT(!strcmp(list(), want));
	ASSERT_OK(give("clear\n"));
	ASSERT(!sees_sgx());
}

TEST(forget, "the sites of one file are forgotten")
{
	char line[512], want[600];

	start();
	own_site(line, sizeof(line));
	ASSERT_OK(give("site 4 " CODE "\nsite 2 " CODE "\n"));
	ASSERT_OK(give(line));
	ASSERT_OK(give("forget " CODE "\n"));
	snprintf(want, sizeof(want), "%.*s 0%s",
		 (int)(strrchr(line, ' ') - line), line, strrchr(line, ' '));
	ASSERT(!strcmp(list(), want));
	/* It has none. */
	ASSERT_OK(give("forget " CODE "\n"));
	ASSERT(sees_sgx());
	ASSERT_OK(give("site 4 " CODE "\n"));
	ASSERT_OK(give("clear\n"));
	ASSERT(!sees_sgx());
}

TEST(come_and_go, "sites come and go while a program asks")
{
	char line[512];
	int i, status;
	pid_t pid;

	start();
	own_site(line, sizeof(line));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		unsigned long yes = 0, no = 0;

		while (yes < 20 || no < 20) {
			if (sees_sgx())
				yes++;
			else
				no++;
		}
		_exit(0);
	}
	for (i = 0; i < 60; i++) {
		ASSERT_OK(give(line));
		usleep(1000);
		ASSERT_OK(give("clear\n"));
		usleep(1000);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

TEST(unlinked, "a file that is removed while it has sites")
{
	start();
	ASSERT_OK(give("site 0 " CODE "\n"));
	ASSERT_OK(unlink(CODE));
	ASSERT(strstr(list(), "site 0x0 0 " CODE));
	ASSERT_OK(give("clear\n"));
}

TEST(full, "refused: one more than there can be")
{
	static char text[MAX_WRITE];
	size_t len = 0;
	int i;

	start();
	make_code(MAX_SITES + 1);
	for (i = 0; i < MAX_SITES; i++)
		len += snprintf(text + len, sizeof(text) - len,
				"site %d " CODE "\n", 2 * i);
	ASSERT(len < sizeof(text));
	ASSERT_OK(give(text));
	snprintf(text, sizeof(text), "site %d " CODE "\n", 2 * MAX_SITES);
	ASSERT_ERRNO(give(text), ENOSPC);
	/* What is there can be given again. */
	ASSERT_OK(give("site 0 " CODE "\n"));
	ASSERT_OK(give("clear\n"));
	ASSERT(!*list());
	ASSERT_OK(unlink(CODE));
}
