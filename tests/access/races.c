// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What the rules look at is changed by another thread while they look: the root
 * that paths start from.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "acts.h"

#define DIR   "/run/races/"
#define FILES "/sys/kernel/security/softsgx/"
#define HEAD  "policy name=t version=1\nDEFAULT action=ALLOW\n"

/* A race lasts that long, and longer only until all has been seen once. */
#define RACE_SECONDS 4
#define LAST_SECONDS 100

/* These rules, by an open file: what their paths start from is the root now. */
static void load(int fd, const char *rules)
{
	char *text;
	int len;

	len = asprintf(&text, HEAD "%s", rules);
	ASSERT(len > 0);
	ASSERT_EQ(write(fd, text, len), len);
	free(text);
	close(fd);
}

static int load_open(void)
{
	int fd = open(FILES "load", O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

static void no_rules(void)
{
	ASSERT_OK(acts_write_file(FILES "delete", "1", 1));
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ---- the root ---- */

/*
 * The policy's root is a directory, which has a jail in it, and both have a file
 * of the same name. It lies deep, and not on another mount: that makes the look
 * whether it is below the root take long, and something come in between.
 */
#define DEPTH 1900
#define PAGES 256

static int open_dir(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

static void change_root(int dir)
{
	ASSERT_OK(fchdir(dir));
	ASSERT_OK(chroot("."));
}

/* Make a file at the end of the path, and map it. */
static void *deep_page(const char *below, u8 contents, char path[PATH_MAX])
{
	size_t len = sprintf(path, "/");
	u8 page[PAGE];
	void *source;
	int dir, fd;
	int i;

	dir = open_dir(below);
	for (i = 0; i < DEPTH; i++) {
		ASSERT_OK(mkdirat(dir, "d", 0755));
		fd = openat(dir, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
		ASSERT(fd >= 0);
		close(dir);
		dir = fd;
		len += sprintf(path + len, "d/");
	}
	strcpy(path + len, "code");
	memset(page, contents, sizeof(page));
	fd = openat(dir, "code", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	ASSERT(fd >= 0);
	ASSERT_EQ(write(fd, page, sizeof(page)), sizeof(page));
	source = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	ASSERT(source != MAP_FAILED);
	close(fd);
	close(dir);
	return source;
}

struct jailer {
	int root;
	unsigned long times;
	volatile bool stop;
};

/* Any user can, in a user namespace. */
static void *jail(void *arg)
{
	struct jailer *jailer = arg;

	while (!jailer->stop) {
		ASSERT_OK(chroot("jail"));
		change_root(jailer->root);
		jailer->times++;
	}
	return NULL;
}

static bool let_in(const struct enclave *encl, u64 offset, const void *source)
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RX };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)source,
		.offset = offset,
		.length = PAGE,
		.secinfo = (u64)&secinfo,
	};

	if (!add_raw(encl->fd, &arg))
		return true;
	ASSERT_EQ(errno, EACCES);
	return false;
}

TEST(root_changed, "root changed while a path is made: it is of one of them")
{
	unsigned long good = 0, refused = 0, tries = 0;
	static char text[PATH_MAX + 128], path[PATH_MAX];
	void *good_page, *bad_page;
	struct jailer jailer = { 0 };
	struct enclave encl;
	pthread_t thread;
	int rules, real_root;
	bool bad = false;
	double start;

	ASSERT_OK(mkdir(DIR, 0755));
	ASSERT_OK(mkdir(DIR "jail", 0755));
	bad_page = deep_page(DIR "jail", 2, path);
	good_page = deep_page(DIR, 1, path);
	ASSERT_OK(encl_open(&encl, PAGES * PAGE));
	ASSERT_OK(encl_create(&encl));

	real_root = open_dir("/");
	jailer.root = open_dir(DIR);
	rules = load_open();
	snprintf(text, sizeof(text),
		 "op=EXECUTE file=%s action=ALLOW\nop=EXECUTE action=DENY\n",
		 path);
	change_root(jailer.root);
	load(rules, text);

	/* Without the other thread. */
	ASSERT(!let_in(&encl, 0, bad_page));
	ASSERT_OK(chroot("jail"));
	ASSERT(!let_in(&encl, 0, bad_page));
	change_root(jailer.root);

	start = now();
	ASSERT_OK(pthread_create(&thread, NULL, jail, &jailer));
	do {
		bad = let_in(&encl, 0, bad_page);
		/* What the rule names is let in where the root is the root. */
		if (++tries % 8 || good + 1 == PAGES)
			continue;
		if (let_in(&encl, (good + 1) * PAGE, good_page))
			good++;
		else
			refused++;
	} while (!bad && now() < start + LAST_SECONDS &&
		 (now() < start + RACE_SECONDS || !good || !refused));
	jailer.stop = true;
	ASSERT_OK(pthread_join(thread, NULL));
	printf("  %lu tries, %lu changes; the good one %lu times, refused %lu times\n",
	       tries, jailer.times, good, refused);
	change_root(real_root);
	no_rules();
	ASSERT(!bad);
	ASSERT(good > 0 && refused > 0 && jailer.times > 0);
}
