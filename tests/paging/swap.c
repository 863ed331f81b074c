// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The host is short of memory, and has swap: then enclave pages leave an EPC that
 * is not full, and are swapped. To be run in a VM of 512 MiB, with an EPC of 32
 * MiB (run.sh swap). The swap is a compressed disk in memory (zram): what the
 * hog fills its pages with takes none there, so that there is enough for what
 * enclaves are evicted to.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include "lib.h"

#define MIB	  (1UL << 20)
#define SWAP_DISK "/dev/zram0"
#define SWAP_SIZE "1G"

/* Most of an EPC of 32 MiB, but far from where eviction begins. */
#define HEAP (24 * MIB / PAGE)

static void run(const char *command)
{
	ASSERT_EQ(system(command), 0);
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void swap_make(void)
{
	run("modprobe zram num_devices=1");
	ASSERT_OK(put("/sys/block/zram0/disksize", SWAP_SIZE));
	run("/sbin/mkswap -q " SWAP_DISK);
	ASSERT_OK(swapon(SWAP_DISK, 0));
}

static void swap_remove(void)
{
	ASSERT_OK(swapoff(SWAP_DISK));
	ASSERT_OK(put("/sys/block/zram0/reset", "1"));
	run("rmmod zram");
}

/* A line of /proc/meminfo, bytes. */
static u64 meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	const size_t len = strlen(name);
	u64 bytes = ~0UL;
	char line[128];

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			bytes = strtoul(line + len + 1, NULL, 10) << 10;
	fclose(file);
	ASSERT(bytes != ~0UL);
	return bytes;
}

static u64 swap_used(void)
{
	return meminfo("SwapTotal") - meminfo("SwapFree");
}

/* A child that takes more and more memory, and is the first to be killed. */
struct hog {
	pid_t pid;
	volatile u64 *bytes;
};

static struct hog hog_start(void)
{
	struct hog hog = { .bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0) };

	ASSERT(hog.bytes != MAP_FAILED);
	hog.pid = fork();
	ASSERT(hog.pid >= 0);
	if (hog.pid)
		return hog;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ASSERT_OK(put("/proc/self/oom_score_adj", "1000"));
	for (;;) {
		u8 *more = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		/* No place in the swap either: wait for the end. */
		if (more == MAP_FAILED)
			pause();
		memset(more, 0x33, MIB);
		*hog.bytes += MIB;
	}
}

/* Has it been killed: there is no memory at all. */
static bool hog_gone(struct hog *hog)
{
	int status;

	if (!hog->pid || waitpid(hog->pid, &status, WNOHANG) != hog->pid)
		return !hog->pid;
	ASSERT(WIFSIGNALED(status));
	ASSERT_EQ(WTERMSIG(status), SIGKILL);
	hog->pid = 0;
	return true;
}

static void hog_end(struct hog *hog)
{
	if (hog->pid) {
		ASSERT_OK(kill(hog->pid, SIGKILL));
		ASSERT_EQ(waitpid(hog->pid, NULL, 0), hog->pid);
		hog->pid = 0;
	}
	munmap((void *)hog->bytes, PAGE);
}

TEST(no_swap, "without swap nothing is evicted, and a hog is killed")
{
	struct hog hog;
	struct big big;

	big_open(&big, HEAP, 0);
	big_fill(&big, 0);
	ASSERT_EQ(meminfo("SwapTotal"), 0);
	hog = hog_start();
	while (!hog_gone(&hog))
		usleep(10000);
	printf("  the hog got %lu MiB\n", *hog.bytes / MIB);
	ASSERT_EQ(encl_stat(&big.guest.encl, "evicted"), 0);
	ASSERT_EQ(encl_stat(&big.guest.encl, "evictions"), 0);
	big_check(&big, 0);
	hog_end(&hog);
	big_close(&big);
	epc_empty();
}

TEST(swapped, "with swap a hog drives an enclave out, and it comes back")
{
	u64 sum = 0, used, evicted;
	unsigned int round;
	struct hog hog;
	struct big big;

	/* Swapping is slow on the kernel kasan. */
	alarm(1500);
	swap_make();
	big_open(&big, HEAP, 0);
	big_fill(&big, 0);
	for (round = 0; round < 2; round++) {
		ASSERT(epc_in_use() < epc_total() * 7 / 8);
		hog = hog_start();
		while (encl_stat(&big.guest.encl, "evicted") < HEAP / 2 ||
		       swap_used() < *hog.bytes / 4) {
			ASSERT(!hog_gone(&hog));
			usleep(10000);
		}
		evicted = encl_stat(&big.guest.encl, "evicted");
		/* The second time, threads are at work meanwhile. */
		if (round)
			sum = big_walk(&big, 4, 2000, 5);
		used = *hog.bytes;
		hog_end(&hog);
		printf("  a hog of %lu MiB: %lu of %lu pages out, then %lu KiB in the swap\n",
		       used / MIB, evicted, HEAP, swap_used() >> 10);
		big_check(&big, sum);
	}
	big_close(&big);
	epc_empty();
	swap_remove();
}

/* A memory cgroup */

#define GROUP "/sys/fs/cgroup/swap"

/* The number behind @key in a file of the group. */
static u64 group_value(const char *file, const char *key)
{
	const size_t len = strlen(key);
	char path[64], line[128];
	u64 value = ~0UL;
	FILE *f;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	f = fopen(path, "re");
	ASSERT(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len))
			value = strtoul(line + len, NULL, 10);
	fclose(f);
	ASSERT(value != ~0UL);
	return value;
}

/*
 * Room for the EPC, and not for what is out of it: four times as much. Without
 * swap the group's process is killed or refused (limit.c).
 */
TEST(group, "a group that is too small for its enclave has it in the swap")
{
	u64 swapped = 0;
	struct big big;
	int status;
	pid_t pid;

	swap_make();
	ASSERT_OK(put("/sys/module/softsgx/parameters/epc_size", "4"));
	ASSERT_OK(put("/sys/fs/cgroup/cgroup.subtree_control", "+memory"));
	ASSERT_OK(mkdir(GROUP, 0700));
	ASSERT_OK(put(GROUP "/memory.max", "12M"));
	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		ASSERT_OK(put(GROUP "/cgroup.procs", "0"));
		big_open(&big, HEAP, 0);
		big_fill(&big, 0);
		swapped = group_value("memory.swap.current", "");
		printf("  %lu KiB in memory, %lu in the swap\n",
		       group_value("memory.current", "") >> 10, swapped >> 10);
		ASSERT(swapped > HEAP * PAGE / 2);
		big_check(&big, big_walk(&big, 4, 500, 7));
		big_close(&big);
		fflush(stdout);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	ASSERT_EQ(group_value("memory.events", "oom_kill "), 0);
	epc_empty();
	ASSERT_OK(put("/sys/module/softsgx/parameters/epc_size", "32"));
	ASSERT_OK(rmdir(GROUP));
	swap_remove();
}
