// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* No room, no memory, and sudden ends. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "lib.h"

/* With 64 to spare for version arrays and what is kept free. */
TEST(secs_many, "there are twice as many enclaves as pages of EPC, each good")
{
	struct rlimit files = { 3 * epc_total(), 3 * epc_total() };
	struct enclave *encls;
	u64 n = 2 * epc_total();
	u64 i, out = 0;

	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &files));
	encls = calloc(n, sizeof(*encls));
	for (i = 0; i < n; i++) {
		tiny_open(&encls[i]);
		ASSERT_OK(encl_create(&encls[i]));
	}
	ASSERT(epc_in_use() <= epc_total() + 4);
	for (i = 0; i < n; i += 50)
		out += !strcmp(encl_stat_text(&encls[i], "secs"), "out");
	ASSERT(out >= n / 50 / 2);
	/* One that was out is built, entered, all out again, and entered. */
	for (i = 0; i < n; i += 50) {
		tiny_add(&encls[i]);
		tiny_finish(&encls[i]);
	}
	squeeze();
	for (i = 0; i < n; i += 50)
		ASSERT_EQ(tiny_enter(&encls[i]).function, SGX_EEXIT);
	for (i = 0; i < n; i++)
		encl_close(&encls[i]);
	epc_empty();
	still_good();
}

TEST(teardown, "enclaves of three times the EPC end as they are")
{
	struct big big;
	int i;

	for (i = 0; i < 3; i++) {
		big_open(&big, 3 * epc_total(), 0);
		if (i)
			big_fill(&big, 0);
		big_close(&big);
	}
	epc_empty();
	still_good();
}

/* Built halfway: pages of an enclave that is not initialised go, too. */
TEST(unfinished, "an enclave that is not initialised is evicted and ends")
{
	void *zeros = page_alloc(256);
	struct enclave encl;
	u64 done;

	ASSERT_OK(encl_open(&encl, 1UL << 30));
	ASSERT_OK(encl_create(&encl));
	for (done = 0; done < 2 * epc_total(); done += 256)
		ASSERT_OK(encl_add(&encl, done * PAGE, zeros, 256 * PAGE,
				   ENCL_RW, 0));
	encl_close(&encl);
	epc_empty();
}

static void busy(void)
{
	struct big big;

	big_open(&big, 3 * epc_total() / 2, 0);
	big_fill(&big, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		big_walk(&big, 3, 1000, 1);
}

TEST(killed, "processes are killed at any moment of it")
{
	pid_t pids[2];
	unsigned int i, j;

	srand(1);
	for (i = 0; i < 6; i++) {
		for (j = 0; j < 2; j++) {
			pids[j] = fork();
			ASSERT(pids[j] >= 0);
			if (!pids[j])
				busy();
		}
		usleep(rand() % 1000000);
		for (j = 0; j < 2; j++) {
			ASSERT_OK(kill(pids[j], SIGKILL));
			ASSERT_EQ(waitpid(pids[j], NULL, 0), pids[j]);
		}
	}
	epc_empty();
	still_good();
}

/* Control groups */

static const char *const root = "/tmp/paging.cgroup";

static void cgroup_write(const char *name, const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", root, name, file);
	fd = open(path, O_WRONLY);
	ASSERT(fd >= 0);
	ASSERT_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void cgroup_make(const char *name)
{
	static int mounted;
	char path[256];

	if (!mounted) {
		mkdir(root, 0700);
		ASSERT_OK(unshare(CLONE_NEWNS));
		ASSERT_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		ASSERT_OK(mount("paging", root, "cgroup2", 0, NULL));
		cgroup_write(".", "cgroup.subtree_control", "+memory");
		mounted = 1;
	}
	snprintf(path, sizeof(path), "%s/%s", root, name);
	ASSERT_OK(mkdir(path, 0700));
}

static void cgroup_remove(const char *name)
{
	char path[256];
	int i;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (i = 0; i < 100 && rmdir(path); i++)
		usleep(20000);
}

static void cgroup_join(const char *name)
{
	cgroup_write(name, "cgroup.procs", "0");
}

/* A value of memory.stat or memory.events. */
static u64 cgroup_value(const char *name, const char *file, const char *key)
{
	char path[256], line[128];
	size_t len = strlen(key);
	u64 value = ~0UL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", root, name, file);
	f = fopen(path, "r");
	ASSERT(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ' ')
			value = strtoul(line + len, NULL, 10);
	fclose(f);
	ASSERT(value != ~0UL);
	return value;
}

/*
 * The owner of an enclave pays for its evicted pages, also when it is another
 * group that wanted the EPC.
 */
TEST(charged, "evicted pages are charged to the group of the enclave's owner")
{
	u64 epc = epc_total() * PAGE;
	int ready[2], go[2];
	struct big big;
	int status;
	pid_t pid;
	char c;

	cgroup_make("owner");
	cgroup_make("other");
	ASSERT_OK(pipe(ready));
	ASSERT_OK(pipe(go));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		cgroup_join("owner");
		big_open(&big, 3 * epc_total() / 4, 0);
		big_fill(&big, 0);
		ASSERT_EQ(write(ready[1], "x", 1), 1);
		ASSERT_EQ(read(go[0], &c, 1), 1);
		big_check(&big, 0);
		_exit(0);
	}
	ASSERT_EQ(read(ready[0], &c, 1), 1);
	ASSERT(cgroup_value("owner", "memory.stat", "shmem") < epc / 8);
	cgroup_join("other");
	big_open(&big, epc_total(), 0);
	big_fill(&big, 0);
	big_check(&big, 0);
	printf("  shmem of the owner %lu KiB, of the other %lu KiB\n",
	       cgroup_value("owner", "memory.stat", "shmem") >> 10,
	       cgroup_value("other", "memory.stat", "shmem") >> 10);
	ASSERT(cgroup_value("owner", "memory.stat", "shmem") > epc / 2);
	ASSERT(cgroup_value("other", "memory.stat", "shmem") < epc / 2);
	ASSERT_EQ(write(go[1], "x", 1), 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	big_close(&big);
	epc_empty();
	cgroup_join(".");
	cgroup_remove("owner");
	cgroup_remove("other");
}

/*
 * A group with room for the EPC and not for what is evicted of an enclave four
 * times as large: its process is refused or killed, and others do not notice.
 */
TEST(group_limit, "a memory limit holds for what is evicted")
{
	char limit[32];
	struct big big;
	int status;
	pid_t pid;
	u64 sum;

	cgroup_make("limited");
	snprintf(limit, sizeof(limit), "%lu", 2 * epc_total() * PAGE);
	cgroup_write("limited", "memory.max", limit);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		struct enclave encl;
		void *zeros = page_alloc(256);
		int ret = 0;
		u64 i;

		cgroup_join("limited");
		ASSERT_OK(encl_open(&encl, 1UL << 30));
		ASSERT_OK(encl_create(&encl));
		for (i = 0; !ret && i < 4 * epc_total(); i += 256)
			ret = encl_add(&encl, i * PAGE, zeros, 256 * PAGE,
				       ENCL_RW, 0);
		_exit(ret == -ENOMEM ? 3 : 4);
	}
	big_open(&big, epc_total() / 2, 0);
	big_fill(&big, 0);
	sum = big_walk(&big, 2, 500, 4);
	big_check(&big, sum);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	printf("  the process ended with status %x, %lu kills\n", status,
	       cgroup_value("limited", "memory.events", "oom_kill"));
	ASSERT(status == 3 << 8 || status == SIGKILL);
	ASSERT(cgroup_value("limited", "memory.events", "max") > 0);
	big_check(&big, sum);
	big_close(&big);
	epc_empty();
	cgroup_remove("limited");
	still_good();
}
