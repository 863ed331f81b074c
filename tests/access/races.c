// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What the rules look at is changed by another thread while they look: the root
 * that paths start from, and what an enclave has used before it has a name.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
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

static void sleep_until(double time)
{
	struct timespec ts = { .tv_sec = time };

	ts.tv_nsec = (time - ts.tv_sec) * 1e9;
	ASSERT_OK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
}

/* On two processors, if there are, for a sleeper to wake while one is at work. */
static void run_on(unsigned int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor % sysconf(_SC_NPROCESSORS_ONLN), &set);
	ASSERT_OK(sched_setaffinity(0, sizeof(set), &set));
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

/* ---- INIT ---- */

/**
 * struct init_row - INIT, and a mapping with EXECMEM by another thread
 * @title:	in words
 * @rules:	$S is MRSIGNER
 * @both:	they allow both of them
 */
struct init_row {
	const char *title;
	const char *rules;
	bool both;
};

static const struct init_row init_rows[] = {
	{ "EXECMEM bars INIT, and INIT bars EXECMEM: never both",
	  "op=INITANON mrsigner=$S priv=execanon action=ALLOW\n"
	  "op=INITANON action=DENY\n"
	  "op=EXECMEM mrsigner=$S action=DENY\n",
	  false },
	{ "control, neither is barred: always both",
	  "op=INITANON mrsigner=$S priv=execanon,execmem action=ALLOW\n"
	  "op=INITANON action=DENY\n"
	  "op=EXECMEM mrsigner=$S action=ALLOW\n",
	  true },
};

/*
 * Before them comes what is about nobody, and has to be looked at one by one:
 * that takes time, in which the other thread comes in between.
 */
#define OTHERS 20000
#define OTHER  "op=INITANON uid=4000000000 action=DENY\n"

static void load_for(const struct sgx_sigstruct *sig, const char *rules)
{
	char *text = malloc(OTHERS * strlen(OTHER) + 1024);
	char *out = text;
	u8 signer[32];
	int i;

	ASSERT(text);
	for (i = 0; i < OTHERS; i++)
		out = stpcpy(out, OTHER);
	EVP_Digest(sig->modulus, sizeof(sig->modulus), signer, NULL,
		   EVP_sha256(), NULL);
	for (; *rules; rules++) {
		if (strncmp(rules, "$S", 2)) {
			*out++ = *rules;
			continue;
		}
		for (i = 0; i < 32; i++)
			out += sprintf(out, "%02x", signer[i]);
		rules++;
	}
	*out = '\0';
	load(load_open(), text);
	free(text);
}

struct mapper {
	struct enclave encl;
	double at;
	double began;
	int ret;
};

static void *map_execmem(void *arg)
{
	struct mapper *mapper = arg;

	run_on(1);
	sleep_until(mapper->at);
	mapper->began = now();
	mapper->ret = encl_map(&mapper->encl, TINY_FREE, PAGE,
			       PROT_READ | PROT_WRITE | PROT_EXEC);
	return NULL;
}

/* All but INIT; when it was done. */
static double build(struct enclave *encl, const struct sgx_sigstruct *sig)
{
	tiny_open(encl);
	ASSERT_OK(encl_create(encl));
	tiny_add(encl);
	if (sig)
		encl->sig = *sig;
	else
		ASSERT_OK(encl_sign(encl, test_key()));
	return now();
}

TEST_ROWS(execmem_in_init, init_rows, "EXECMEM while INIT is under way")
{
	unsigned long rounds = 0, during = 0, both = 0, init = 0, map = 0;
	double start, length = 1, began, ended;
	struct sgx_sigstruct sig;
	struct mapper mapper;
	pthread_t thread;
	int ret, i;

	run_on(0);
	build(&mapper.encl, NULL);
	sig = mapper.encl.sig;
	encl_close(&mapper.encl);
	load_for(&sig, row->rules);
	for (i = 0; i < 4; i++) {
		began = build(&mapper.encl, &sig);
		ASSERT_OK(encl_init(&mapper.encl));
		if (now() - began < length)
			length = now() - began;
		encl_close(&mapper.encl);
	}

	start = now();
	do {
		build(&mapper.encl, &sig);
		/* From a little before INIT until a little after it. */
		began = now() + 0.003;
		mapper.at = began + (rounds % 20 / 16.0 - 0.125) * length;
		ASSERT_OK(pthread_create(&thread, NULL, map_execmem, &mapper));
		sleep_until(began);
		began = now();
		ret = encl_init(&mapper.encl);
		ended = now();
		ASSERT_OK(pthread_join(thread, NULL));
		encl_close(&mapper.encl);
		ASSERT(!ret || (ret == -EACCES && !mapper.ret));
		ASSERT(!mapper.ret || mapper.ret == -EACCES);
		during += mapper.began > began && mapper.began < ended;
		both += !ret && !mapper.ret;
		init += !!mapper.ret;
		map += !!ret;
		rounds++;
	} while (now() < start + LAST_SECONDS && (row->both || !both) &&
		 (now() < start + RACE_SECONDS || !during ||
		  (!row->both && (!init || !map))));
	printf("  %lu rounds, INIT takes %.1f ms; begun in that time %lu; both %lu, INIT alone %lu, EXECMEM alone %lu\n",
	       rounds, length * 1e3, during, both, init, map);
	no_rules();
	ASSERT_EQ(both, row->both ? rounds : 0);
	ASSERT(during > 0 && (row->both || (init > 0 && map > 0)));
}
