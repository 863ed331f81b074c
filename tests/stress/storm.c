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
#include <glob.h>
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
/* So many processes are each in a group, which now and then has less memory than
 * the process wants: 3 MiB with all its enclaves.
 */
#define GROUPS	  10
#define GROUP_MIN 1024 /* KiB */
#define GROUP_MAX 6144
/* What the kernel's memory may grow by in all but the first part, KiB. */
#define LEAK_MAX 1024
/*
 * What CONFIG_DEBUG_OBJECTS notes down about timers, works and RCU callbacks of
 * the whole kernel. It gives back a part of what it does not need any more, some
 * ten times a second. A leak of those objects is seen where they are.
 */
#define CACHE_OF_NOTES "debug_objects_cache"

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

/* Where that is less than the group has, the kernel kills. */
static void group_limit(unsigned int group, u64 kib)
{
	char path[128], text[16];

	group_path(path, group, "memory.max");
	snprintf(text, sizeof(text), "%luK", kib);
	ASSERT_OK(put(path, text));
}

static void groups_make(void)
{
	unsigned int i;
	char path[128];

	ASSERT_OK(put(GROUP_ROOT "/cgroup.subtree_control", "+memory"));
	for (i = 0; i < GROUPS; i++) {
		group_path(path, i, "");
		ASSERT_OK(mkdir(path, 0700));
		group_limit(i, GROUP_MAX);
	}
}

/* How often the kernel killed a process for the limit of its group. */
static u64 groups_killed(void)
{
	char path[128], line[64];
	u64 kills = 0, n;
	unsigned int i;
	FILE *file;

	for (i = 0; i < GROUPS; i++) {
		group_path(path, i, "memory.events");
		file = fopen(path, "r");
		ASSERT(file);
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "oom_kill %lu", &n) == 1)
				kills += n;
		fclose(file);
	}
	return kills;
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
	limited = place < GROUPS;
	if (limited) {
		group_path(path, place, "cgroup.procs");
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

/* A line of /proc/meminfo, KiB. */
static u64 meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	const size_t len = strlen(name);
	char line[128];
	u64 kib = ~0UL;

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = strtoul(line + len + 1, NULL, 10);
	fclose(file);
	ASSERT(kib != ~0UL);
	return kib;
}

#define CACHES_MAX 512

/**
 * struct memory - what the kernel has, when no enclave is left
 * @slab:	memory of the kernel that cannot be had back, but CACHE_OF_NOTES;
 *		KiB
 * @shmem:	what enclaves are evicted to, among others, KiB
 * @number:	how many caches there are
 * @caches:	what each of them takes, KiB
 */
struct memory {
	u64 slab;
	u64 shmem;
	unsigned int number;
	struct {
		char name[48];
		u64 size;
	} caches[CACHES_MAX];
};

static void read_caches(struct memory *memory)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	u64 pages, slabs;
	char line[512];

	ASSERT(file);
	memory->number = 0;
	while (fgets(line, sizeof(line), file)) {
		/* Not the two lines of headings. */
		if (sscanf(line,
			   "%47s %*u %*u %*u %*u %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   memory->caches[memory->number].name, &pages,
			   &slabs) != 3)
			continue;
		memory->caches[memory->number].size = pages * slabs * PAGE >>
						      10;
		memory->number++;
		ASSERT(memory->number < CACHES_MAX);
	}
	fclose(file);
	ASSERT(memory->number > 0);
}

static u64 cache_size(const struct memory *memory, const char *name)
{
	unsigned int i;

	for (i = 0; i < memory->number; i++)
		if (!strcmp(memory->caches[i].name, name))
			return memory->caches[i].size;
	return 0;
}

/* So that who looks for a leak knows where. */
static void print_growth(const struct memory *before,
			 const struct memory *after)
{
	unsigned int i;

	for (i = 0; i < after->number; i++) {
		const char *name = after->caches[i].name;
		u64 old = cache_size(before, name);

		if (after->caches[i].size >= old + LEAK_MAX / 16)
			printf("  slab %s: from %lu KiB to %lu\n", name, old,
			       after->caches[i].size);
	}
}

/* No enclave is left; slabs that are empty go, too. */
static void nothing_left(struct memory *memory)
{
	char line[64];
	unsigned int i;
	glob_t caches;
	FILE *file;

	epc_empty();
	file = fopen("/sys/kernel/debug/softsgx/enclaves", "r");
	ASSERT(file);
	ASSERT(!fgets(line, sizeof(line), file));
	fclose(file);
	ASSERT_OK(glob("/sys/kernel/slab/*/shrink", 0, NULL, &caches));
	for (i = 0; i < caches.gl_pathc; i++)
		put(caches.gl_pathv[i], "1");
	globfree(&caches);
	read_caches(memory);
	memory->slab =
		meminfo("SUnreclaim") - cache_size(memory, CACHE_OF_NOTES);
	memory->shmem = meminfo("Shmem");
}

/* What was done to all of them. */
struct deeds {
	u64 kills;
	u64 deaths;
	u64 limits;
	u64 resizes;
	u64 reloads;
	u64 losses;
};

static void interfere(struct deeds *deeds, const pid_t pids[PROCESSES])
{
	switch (choose(6)) {
	case 0:
		/* It may have gone: the group's memory. */
		kill(pids[choose(PROCESSES)], SIGKILL);
		deeds->kills++;
		break;
	case 1:
		resize(choose(100));
		deeds->resizes++;
		break;
	case 2:
		reload(++deeds->reloads);
		break;
	case 3:
		group_limit(choose(GROUPS),
			    GROUP_MIN + choose(GROUP_MAX - GROUP_MIN));
		deeds->limits++;
		break;
	}
}

/* All of it for some time. Afterwards all processes have gone. */
static void storm_for(struct deeds *deeds, double seconds)
{
	double end = now() + seconds, next_loss = now() + 5;
	static u64 number;
	pid_t pids[PROCESSES];
	unsigned int i;
	int status;
	pid_t pid;

	tally->stop = 0;
	for (i = 0; i < PROCESSES; i++)
		pids[i] = start(i, number++);
	while (now() < end) {
		usleep(100000);
		interfere(deeds, pids);
		if (now() > next_loss) {
			ASSERT_OK(put("/sys/kernel/debug/softsgx/power_loss",
				      "1"));
			deeds->losses++;
			next_loss = now() + 5 + choose(10);
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			deeds->deaths++;
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
}

TEST(storm, "200 enclaves in 50 processes, ten times the EPC, and all at once")
{
	const char *seconds = getenv("SECONDS_");
	const double time = seconds ? atoi(seconds) : 600;
	u64 evictions = epc_stat("evictions"), loads = epc_stat("loads");
	struct deeds deeds = { 0 };
	static struct memory before, after;
	double begin = now();
	u64 ooms;

	alarm(0);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(tally != MAP_FAILED);
	/* So that all processes have the signature. */
	{
		struct big big;

		big_open(&big, HEAP, 0);
		big_close(&big);
	}
	groups_make();
	seed = 1;
	/* What the kernel's caches take, they take in the first part. */
	storm_for(&deeds, time / 4);
	nothing_left(&before);
	storm_for(&deeds, time * 3 / 4);
	nothing_left(&after);
	ooms = groups_killed();

	printf("  %.0f s: %lu enclaves built, %lu refused; %lu entries\n"
	       "  %lu pages evicted, %lu loaded; %lu checks\n"
	       "  %lu kills, %lu deaths, %lu of them for %lu limits of memory\n"
	       "  %lu forks; %lu resizes; %lu policies\n"
	       "  %lu losses of power, %lu enclaves noticed; %lu starved\n"
	       "  %lu wrong\n"
	       "  slab: %lu KiB after the first quarter, %lu at the end\n"
	       "  shmem: %lu KiB after the first quarter, %lu at the end\n",
	       now() - begin, tally->built, tally->refused, tally->entries,
	       epc_stat("evictions") - evictions, epc_stat("loads") - loads,
	       tally->checks, deeds.kills, deeds.deaths, ooms, deeds.limits,
	       tally->forks, deeds.resizes, deeds.reloads, deeds.losses,
	       tally->lost, tally->starved, tally->wrong, before.slab,
	       after.slab, before.shmem, after.shmem);
	print_growth(&before, &after);
	put("/sys/kernel/security/softsgx/delete", "1");
	groups_remove();
	ASSERT_EQ(tally->wrong, 0);
	ASSERT(tally->built >= PROCESSES * ENCLAVES);
	ASSERT(epc_stat("evictions") > evictions);
	ASSERT(deeds.kills > 0 && deeds.losses > 0 && deeds.resizes > 0);
	ASSERT(deeds.reloads > 0 && deeds.limits > 0 && ooms > 0);
	ASSERT(tally->checks > 0 && tally->forks > 0);
	ASSERT(after.slab < before.slab + LEAK_MAX);
	ASSERT(after.shmem < before.shmem + LEAK_MAX);
	still_good();
}
