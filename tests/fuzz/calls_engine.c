// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Usage: vm/run -- build/tests/fuzz/calls [option...] [file...]
 *
 * Executes sequences of calls, made by mutation of those that reached something
 * new in the module (KCOV, on the kernel "kasan"), or of the seeds where there
 * is no coverage. Each runs in a process of its own. A sequence fails that
 * cannot be killed, or leaves EPC pages behind, or after which a valid enclave
 * does not work; one that breaks the kernel ends the VM, and lies in DIR/last.
 *
 *   -s SEED  of the random numbers; otherwise it is chosen, and printed
 *   -t SECS  for how long, 60 by default
 *   -n RUNS  no more than this many
 *   -o DIR   keep there: last/ (the newest inputs), corpus/, failed/
 *   -v       only the files: show what happens
 *   file     inputs to run first, or a directory of them; with -v, or
 *            -t 0, nothing else is run
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/kcov.h>
#include "calls.h"

/* What an input may take, and after SIGKILL, on a slow and busy machine. */
#define RUN_SECONDS  30
#define KILL_SECONDS 60
#define KEEP_LAST    16
#define CORPUS	     8192
/* Inputs between two tries of a valid enclave. */
#define GOOD_EVERY 128

/* ---- random numbers: splitmix64 ---- */

static u64 state;

static u64 rnd(u64 n)
{
	u64 z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

/* ---- coverage ---- */

#define COVER_SIZE (256 * 1024)
#define THREADS	   2

static struct {
	int fd;
	unsigned long *pcs;
} cover[THREADS];
static bool has_cover;
/* Edges seen: a bit for a hash of two addresses in a row. */
static u8 edges[1 << 16];
static unsigned int edge_count;

static void coverage_open(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		cover[i].fd = open("/sys/kernel/debug/kcov", O_RDWR);
		if (cover[i].fd < 0 ||
		    ioctl(cover[i].fd, KCOV_INIT_TRACE, COVER_SIZE))
			return;
		cover[i].pcs = mmap(NULL, COVER_SIZE * sizeof(long),
				    PROT_READ | PROT_WRITE, MAP_SHARED,
				    cover[i].fd, 0);
		if (cover[i].pcs == MAP_FAILED)
			return;
	}
	has_cover = true;
}

void coverage_start(unsigned int thread)
{
	if (has_cover)
		ioctl(cover[thread].fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

/* The edges of the last run that no other had. */
static unsigned int coverage_new(void)
{
	unsigned long n, i, from, to;
	unsigned int fresh = 0;
	unsigned int t;
	u32 edge;

	for (t = 0; has_cover && t < THREADS; t++) {
		n = __atomic_load_n(&cover[t].pcs[0], __ATOMIC_RELAXED);
		from = 0;
		for (i = 1; i <= n && i < COVER_SIZE; i++) {
			to = cover[t].pcs[i];
			edge = (u32)((from * 31 ^ to) * 0x9e3779b1u) >> 13;
			from = to;
			if (edges[edge >> 3] & 1 << (edge & 7))
				continue;
			edges[edge >> 3] |= 1 << (edge & 7);
			fresh++;
		}
		__atomic_store_n(&cover[t].pcs[0], 0, __ATOMIC_RELAXED);
	}
	edge_count += fresh;
	return fresh;
}

/* ---- inputs ---- */

static struct input *corpus[CORPUS];
static size_t corpus_count;
static const char *out;

static u64 hash(const struct input *input)
{
	const u8 *p = (const u8 *)input->record;
	u64 h = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < input->count * RECORD_SIZE; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

static void save(const char *dir, const char *name, const struct input *input)
{
	char path[512];
	int fd;

	if (!out)
		return;
	snprintf(path, sizeof(path), "%s/%s/%s", out, dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, input->record, input->count * RECORD_SIZE) < 0)
		fprintf(stderr, "calls: cannot write %s\n", path);
	close(fd);
}

static void keep(const struct input *input)
{
	if (corpus_count == CORPUS)
		return;
	corpus[corpus_count] = malloc(sizeof(*input));
	*corpus[corpus_count++] = *input;
}

static void make(struct input *input)
{
	size_t i, j;

	input->count = 1 + rnd(12);
	for (i = 0; i < input->count; i++)
		for (j = 0; j < RECORD_SIZE; j++)
			input->record[i][j] = rnd(256);
	if (rnd(4))
		memcpy(input->record[0], (u8[RECORD_SIZE]){ 0, 0, rnd(2) },
		       RECORD_SIZE);
}

static void insert(struct input *input, size_t at, const u8 *record)
{
	if (input->count == MAX_RECORDS)
		return;
	memmove(input->record[at + 1], input->record[at],
		(input->count - at) * RECORD_SIZE);
	memcpy(input->record[at], record, RECORD_SIZE);
	input->count++;
}

static void mutate(struct input *input)
{
	const struct input *other = corpus[rnd(corpus_count)];
	u8 record[RECORD_SIZE];
	size_t at = rnd(input->count);
	size_t n;

	for (n = 0; n < RECORD_SIZE; n++)
		record[n] = rnd(256);
	switch (rnd(8)) {
	case 0:
		insert(input, rnd(input->count + 1), record);
		break;
	case 1:
		insert(input, rnd(input->count + 1),
		       other->record[rnd(other->count)]);
		break;
	case 2:
		if (input->count > 1) {
			memmove(input->record[at], input->record[at + 1],
				(--input->count - at) * RECORD_SIZE);
		}
		break;
	case 3:
		insert(input, at, input->record[at]);
		break;
	case 4:
		/* The rest of another. */
		n = rnd(other->count);
		for (; n < other->count && at < MAX_RECORDS; n++, at++)
			memcpy(input->record[at], other->record[n],
			       RECORD_SIZE);
		if (at > input->count)
			input->count = at;
		break;
	case 5:
		input->record[at][1] = rnd(3);
		break;
	default:
		n = rnd(RECORD_SIZE);
		if (rnd(2))
			input->record[at][n] = rnd(256);
		else
			input->record[at][n] += rnd(2) ? 1 : -1;
	}
}

/* ---- one run ---- */

enum outcome { FINE, STUCK, LEAK };

static unsigned long epc_in_use(void)
{
	static const char path[] = "/sys/module/softsgx/parameters/epc_in_use";
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
	return strtoul(text, NULL, 10);
}

/* Wait for SIGCHLD, which is blocked, and reap. False after @seconds. */
static bool reaped(pid_t pid, int *status, int seconds)
{
	struct timespec wait = { .tv_sec = 1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (seconds-- > 0) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		sigtimedwait(&set, NULL, &wait);
	}
	return waitpid(pid, status, WNOHANG) == pid;
}

static bool epc_returns(void)
{
	struct timespec wait = { .tv_nsec = 2000000 };
	int i;

	for (i = 0; i < KILL_SECONDS * 500; i++) {
		if (!epc_in_use())
			return true;
		/* Children of the input, which were killed, too. */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nanosleep(&wait, NULL);
	}
	return false;
}

static void show_blocked(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "w", 1) < 0)
		perror("sysrq");
	close(fd);
}

static enum outcome run(const struct input *input, bool verbose)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		coverage_start(0);
		acts_run(input, verbose);
		_exit(0);
	}
	setpgid(pid, pid);
	if (!reaped(pid, &status, RUN_SECONDS)) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		if (!reaped(pid, &status, KILL_SECONDS)) {
			show_blocked();
			return STUCK;
		}
	}
	if (verbose)
		printf("  ended with status 0x%x\n", status);
	kill(-pid, SIGKILL);
	if (!epc_returns())
		return LEAK;
	acts_undo();
	return FINE;
}

static bool still_good(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		acts_still_good();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || !reaped(pid, &status, RUN_SECONDS))
		return false;
	return WIFEXITED(status) && !WEXITSTATUS(status) && epc_returns();
}

/* ---- the loop ---- */

static unsigned long runs;
static unsigned long failures;
static time_t start;

static void failed(const char *what, const struct input *input)
{
	char name[32];

	failures++;
	snprintf(name, sizeof(name), "%016lx", (unsigned long)hash(input));
	save("failed", name, input);
	printf("not ok run %lu: %s: failed/%s\n", runs, what, name);
	fflush(stdout);
}

static void try(const struct input *input, bool verbose)
{
	static const char *const names[] = {
		[STUCK] = "cannot be killed", [LEAK] = "EPC pages are left"
	};
	enum outcome outcome;
	char name[32];

	snprintf(name, sizeof(name), "%lu", runs % KEEP_LAST);
	save("last", name, input);
	runs++;
	outcome = run(input, verbose);
	if (outcome != FINE)
		failed(names[outcome], input);
	else if (runs % GOOD_EVERY == 0 && !still_good())
		failed("the next enclave does not work", input);
	if (!coverage_new() || verbose)
		return;
	keep(input);
	snprintf(name, sizeof(name), "%016lx", (unsigned long)hash(input));
	save("corpus", name, input);
}

static void try_file(const char *path, bool verbose)
{
	struct input input;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, input.record, sizeof(input.record));
	if (n < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
	input.count = n / RECORD_SIZE;
	if (!input.count)
		return;
	if (verbose)
		printf("%s\n", path);
	try(&input, verbose);
	if (!has_cover)
		keep(&input);
}

static void try_path(const char *path, bool verbose)
{
	struct dirent **entries;
	char file[1024];
	int n, i;

	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0) {
		try_file(path, verbose);
		return;
	}
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (*entries[i]->d_name != '.')
			try_file(file, verbose);
		free(entries[i]);
	}
	free(entries);
}

static void progress(void)
{
	static time_t last;
	time_t now = time(NULL);

	if (now - last < 10)
		return;
	last = now;
	printf("  %lds: %lu runs, %u edges, %zu inputs\n", now - start, runs,
	       edge_count, corpus_count);
	fflush(stdout);
}

static void loop(time_t seconds, unsigned long max_runs)
{
	time_t end = time(NULL) + seconds;
	struct input input;
	unsigned int n;

	while (time(NULL) < end && runs < max_runs && !failures) {
		if (rnd(10)) {
			input = *corpus[rnd(corpus_count)];
			for (n = 1 + rnd(4); n; n--)
				mutate(&input);
		} else {
			make(&input);
		}
		try(&input, false);
		progress();
	}
}

static void make_dirs(void)
{
	static const char *const names[] = { "", "/last", "/corpus",
					     "/failed" };
	char path[512];
	unsigned int i;

	for (i = 0; out && i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s%s", out, names[i]);
		mkdir(path, 0755);
	}
}

static void usage(void)
{
	fprintf(stderr, "Usage: calls [-s seed] [-t seconds] [-n runs] "
			"[-o directory] [-v] [file...]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned long max_runs = ~0UL;
	struct timespec now;
	long seconds = 60;
	bool verbose = false;
	sigset_t set;
	unsigned int i;
	int c;

	/* Addresses are a part of what happens. */
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
	}

	clock_gettime(CLOCK_REALTIME, &now);
	state = now.tv_sec ^ (u64)now.tv_nsec << 20;
	while ((c = getopt(argc, argv, "s:t:n:o:v")) != -1) {
		switch (c) {
		case 's':
			state = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtol(optarg, NULL, 0);
			break;
		case 'n':
			max_runs = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			out = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			usage();
		}
	}
	printf("seed 0x%llx\n", (unsigned long long)state);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	make_dirs();
	coverage_open();
	printf("coverage: %s\n", has_cover ? "KCOV" : "none");
	acts_prepare();

	start = time(NULL);
	for (; optind < argc; optind++)
		try_path(argv[optind], verbose);
	if (!verbose && seconds) {
		for (i = 0; i < act_seed_count; i++) {
			try(&act_seeds[i], false);
			if (!has_cover)
				keep(&act_seeds[i]);
		}
		/* Without an edge, which is a failure of KCOV, too. */
		if (!corpus_count)
			keep(&act_seeds[0]);
		loop(seconds, max_runs);
	}
	if (!failures && !still_good()) {
		failures++;
		printf("not ok a valid enclave does not work\n");
	}
	printf("%lu runs in %lds, %u edges, %zu inputs\n", runs,
	       time(NULL) - start, edge_count, corpus_count);
	printf("%u passed, %lu failed\n", !failures, failures);
	return failures != 0;
}
