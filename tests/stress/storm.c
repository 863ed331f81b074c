// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Many enclaves on a small EPC, with all that can happen to them at once:
 *
 *   vm/run --mem 2G --module-params epc_size=9 -- build/tests/stress/storm
 *
 * 50 processes build, use, check and close four enclaves each, ten times the EPC
 * together. Meanwhile processes are killed and forked, some live in memory
 * cgroups that are too small, the EPC grows and shrinks, the power goes, and
 * policies are loaded. SECONDS_ in the environment says how long. Every enclave
 * knows what has to be in its pages.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "../paging/lib.h"

#define PROCESSES 50
#define ENCLAVES  4
#define HEAP	  64
/* One process in so many is in a group, with less memory than it wants. */
#define GROUPS	  5
#define GROUP_MAX "6M"

#define GROUP_ROOT "/sys/fs/cgroup"

/* What processes do to an enclave, and how it ended; shared. */
static struct tally {
	volatile int stop;
	u64 built;
	u64 refused; /* not built: no power, no memory in the group */
	u64 entries;
	u64 checks;
	u64 lost;    /* with the power */
	u64 starved; /* a page that there was no memory for in the group */
	u64 forks;
	u64 wrong;
} * tally;

static void count(u64 *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

/* A worker */

static u64 seed;

static u64 choose(u64 n)
{
	return job_random(&seed) % n;
}

struct slot {
	struct big big;
	bool used;
	u64 sum;
};

static bool limited;

static void wrong(const char *what, const struct slot *slot, u64 value)
{
	count(&tally->wrong);
	printf("  %d: %s: %#lx, enclave at %#llx\n", getpid(), what, value,
	       (unsigned long long)slot->big.guest.encl.secs.baseaddr);
	fflush(stdout);
}

static void slot_close(struct slot *slot)
{
	big_close(&slot->big);
	slot->used = false;
}

/*
 * Enter for a job. True if it was done; false if it could not be, for a reason
 * that there may be.
 */
static bool slot_job(struct slot *slot, unsigned int thread, struct job *job)
{
	struct sgx_enclave_run run;

	job->start = slot->big.heap;
	job->pages = slot->big.pages;
	run = guest_enter(&slot->big.guest, thread, SGX_EENTER, (void *)job);
	count(&tally->entries);
	if (run.function == SGX_EEXIT) {
		if (job->ret & JOB_WRONG)
			wrong("page", slot, job->ret & ~JOB_WRONG);
		return true;
	}
	if (run.exception_vector == SGX_VECTOR_PF &&
	    run.exception_error_code & SGX_PFEC_SGX)
		count(&tally->lost);
	else if (run.exception_vector == SGX_VECTOR_PF && limited)
		count(&tally->starved);
	else
		wrong("exception", slot,
		      (u64)run.exception_error_code << 16 |
			      run.exception_vector);
	return false;
}

static void slot_open(struct slot *slot)
{
	struct job job = { .op = JOB_FILL };
	int ret = big_try_open(&slot->big, HEAP, 0);

	if (ret) {
		count(&tally->refused);
		if (ret != -EIO && !(ret == -ENOMEM && limited))
			wrong("build", slot, -ret);
		return;
	}
	count(&tally->built);
	slot->used = true;
	slot->sum = 0;
	if (!slot_job(slot, 0, &job))
		slot_close(slot);
}

static void slot_walk(struct slot *slot)
{
	struct job job = { .op = JOB_WALK,
			   .steps = 1 + choose(100),
			   .seed = 1 + choose(1UL << 60) };

	if (slot_job(slot, 0, &job))
		slot->sum += job.ret;
	else
		slot_close(slot);
}

static void slot_check(struct slot *slot)
{
	struct job job = { .op = JOB_SUM };

	if (!slot_job(slot, 0, &job)) {
		slot_close(slot);
		return;
	}
	count(&tally->checks);
	if (job.ret != (slot->sum & ~JOB_WRONG))
		wrong("sum", slot, job.ret);
}

/*
 * A child looks at the enclave, too, and may be killed while it is inside: then
 * its TCS has a frame that nobody resumes, and after a few of those none left.
 */
static void slot_fork(struct slot *slot)
{
	unsigned int thread = 1 + choose(OP_THREADS - 1);
	int sure = choose(2);
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (!pid) {
		struct job job = { .op = JOB_SUM };
		struct sgx_enclave_run run;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		job.start = slot->big.heap;
		job.pages = slot->big.pages;
		run = guest_enter(&slot->big.guest, thread, SGX_EENTER,
				  (void *)&job);
		count(&tally->entries);
		if (run.function == SGX_EEXIT &&
		    (job.ret & JOB_WRONG ||
		     job.ret != (slot->sum & ~JOB_WRONG)))
			wrong("sum in a child", slot, job.ret);
		_exit(0);
	}
	count(&tally->forks);
	if (!sure) {
		usleep(choose(3000));
		kill(pid, SIGKILL);
	}
	waitpid(pid, NULL, 0);
}

static void act(struct slot *slot)
{
	if (!slot->used) {
		slot_open(slot);
		return;
	}
	switch (choose(16)) {
	case 0:
		slot_close(slot);
		break;
	case 1:
	case 2:
		slot_fork(slot);
		break;
	case 3 ... 5:
		slot_check(slot);
		break;
	default:
		slot_walk(slot);
	}
}

__attribute__((noreturn)) static void worker(u64 number)
{
	static struct slot slots[ENCLAVES];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	seed = (number + 1) * HEAP_MARK;
	while (!tally->stop)
		act(&slots[choose(ENCLAVES)]);
	for (i = 0; i < ENCLAVES; i++)
		if (slots[i].used)
			slot_check(&slots[i]);
	_exit(0);
}

/* All the rest */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void group_path(char path[128], unsigned int group, const char *file)
{
	snprintf(path, 128, GROUP_ROOT "/storm%u%s%s", group, *file ? "/" : "",
		 file);
}

static void groups_make(void)
{
	unsigned int i;
	char path[128];

	ASSERT_OK(put(GROUP_ROOT "/cgroup.subtree_control", "+memory"));
	for (i = 0; i < GROUPS; i++) {
		group_path(path, i, "");
		ASSERT_OK(mkdir(path, 0700));
		group_path(path, i, "memory.max");
		ASSERT_OK(put(path, GROUP_MAX));
	}
}

static void groups_remove(void)
{
	unsigned int i, tries;
	char path[128];

	for (i = 0; i < GROUPS; i++) {
		group_path(path, i, "");
		for (tries = 0; rmdir(path) && tries < 100; tries++)
			usleep(20000);
	}
}

static pid_t start(unsigned int place, u64 number)
{
	char path[128];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (pid)
		return pid;
	limited = place % 10 == 0;
	if (limited) {
		group_path(path, place / 10, "cgroup.procs");
		ASSERT_OK(put(path, "0"));
	}
	worker(number);
}

static void resize(u64 number)
{
	char text[16];

	snprintf(text, sizeof(text), "%lu", 5 + number % 9);
	ASSERT_OK(put("/sys/module/softsgx/parameters/epc_size", text));
}

static void reload(u64 number)
{
	char text[128];
	int ret;

	snprintf(text, sizeof(text),
		 "policy name=storm version=%lu\nDEFAULT action=%s\n", number,
		 number % 4 ? "ALLOW" : "PERHAPS");
	ret = put("/sys/kernel/security/softsgx/load", text);
	ASSERT_EQ(ret, number % 4 ? 0 : -EINVAL);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Memory of the kernel that cannot be had back, KiB. */
static u64 unreclaimable(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	u64 kib = 0;

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "SUnreclaim: %lu", &kib);
	fclose(file);
	ASSERT(kib);
	return kib;
}

/* No enclave is left, and nothing of one. */
static void nothing_left(u64 before)
{
	char line[64];
	FILE *file;
	u64 after;

	epc_empty();
	file = fopen("/sys/kernel/debug/softsgx/enclaves", "r");
	ASSERT(file);
	ASSERT(!fgets(line, sizeof(line), file));
	fclose(file);
	after = unreclaimable();
	printf("  %lu KiB of slab before, %lu after\n", before, after);
	ASSERT(after < before + 8192);
}

TEST(storm, "200 enclaves in 50 processes, ten times the EPC, and all at once")
{
	const char *seconds = getenv("SECONDS_");
	u64 evictions = epc_stat("evictions"), loads = epc_stat("loads");
	u64 kills = 0, deaths = 0, resizes = 0, reloads = 0, losses = 0;
	double begin, end, next_loss;
	pid_t pids[PROCESSES];
	unsigned int i;
	int status;
	u64 number, before;
	pid_t pid;

	alarm(0);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(tally != MAP_FAILED);
	/* So that all processes have the signature. */
	{
		struct big big;

		big_open(&big, HEAP, 0);
		big_close(&big);
		epc_empty();
	}
	before = unreclaimable();
	groups_make();
	for (i = 0; i < PROCESSES; i++)
		pids[i] = start(i, i);
	seed = 1;
	number = PROCESSES;
	begin = now();
	end = begin + (seconds ? atoi(seconds) : 600);
	next_loss = begin + 10;
	while (now() < end) {
		usleep(100000);
		i = choose(PROCESSES);
		switch (choose(6)) {
		case 0:
			/* It may have gone: the group's memory. */
			kill(pids[i], SIGKILL);
			kills++;
			break;
		case 1:
			resize(choose(100));
			resizes++;
			break;
		case 2:
			reload(++reloads);
			break;
		}
		if (now() > next_loss) {
			ASSERT_OK(put("/sys/kernel/debug/softsgx/power_loss",
				      "1"));
			losses++;
			next_loss = now() + 5 + choose(10);
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			deaths++;
			ASSERT(WIFSIGNALED(status));
			ASSERT_EQ(WTERMSIG(status), SIGKILL);
			for (i = 0; i < PROCESSES; i++)
				if (pids[i] == pid)
					pids[i] = start(i, number++);
		}
	}
	tally->stop = 1;
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_EQ(waitpid(pids[i], &status, 0), pids[i]);
		if (WIFSIGNALED(status))
			ASSERT_EQ(WTERMSIG(status), SIGKILL);
		else
			ASSERT_EQ(status, 0);
	}
	printf("  %.0f s: %lu enclaves built, %lu refused; %lu entries\n"
	       "  %lu pages evicted, %lu loaded; %lu checks\n"
	       "  %lu kills, %lu deaths; %lu forks; %lu resizes; %lu policies\n"
	       "  %lu losses of power, %lu enclaves noticed; %lu starved\n"
	       "  %lu wrong\n",
	       now() - begin, tally->built, tally->refused, tally->entries,
	       epc_stat("evictions") - evictions, epc_stat("loads") - loads,
	       tally->checks, kills, deaths, tally->forks, resizes, reloads,
	       losses, tally->lost, tally->starved, tally->wrong);
	put("/sys/kernel/security/softsgx/delete", "1");
	groups_remove();
	ASSERT_EQ(tally->wrong, 0);
	ASSERT(tally->built >= PROCESSES * ENCLAVES);
	ASSERT(epc_stat("evictions") > evictions);
	ASSERT(kills > 0 && losses > 0 && resizes > 0 && reloads > 0);
	ASSERT(tally->checks > 0 && tally->forks > 0);
	nothing_left(before);
	still_good();
}
