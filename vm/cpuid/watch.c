// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * cpuid-scan --watch: tells softsgx.ko of every program that is executed, before
 * it runs, so that it sees SGX in CPUID. For the micro-VM, whose init starts it.
 *
 * Usage: cpuid-scan --watch [--library-path PATH] MOUNT... -- [FILE...]
 *
 * Watches the file systems that are mounted at MOUNT..., in the background: it
 * returns when it does, or with status 3 if this kernel has no fanotify. Each FILE has been given to the module already.
 * PATH is where the programs look for libraries first.
 *
 * The kernel asks a listener of fanotify(7) whether a file may be executed, and
 * waits for the answer, which is always yes. One thread answers for what is
 * known; another one gets to know the rest: it looks for the libraries with
 * ld.so, scans, and gives the lines to the module. ld.so is itself executed, but
 * in the session of this process, which is answered at once. If this process
 * dies, the kernel asks no more.
 *
 * The module's table has an end, and what is in it keeps its file: one that was
 * removed and that nobody has mapped any more is taken out before another one
 * goes in.
 *
 * Only what is executed and the libraries that it is linked to is looked at, and
 * never another file: it may be the image of an enclave.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "scan.h"

#define CONTROL	  "/sys/kernel/security/softsgx/cpuid"
#define LD_SO	  "/lib64/ld-linux-x86-64.so.2"
#define WRITE_MAX 65536
/* How long ld.so may take: others wait for it, too. */
#define LD_SO_MS  10000

enum { WATCH_NONE = 3 };

/* A file that the module has been told of, or has not to be. */
struct known {
	/* The file, if the module has lines of it; otherwise -1. */
	int fd;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	/* Of a program: its libraries' paths. */
	char **libraries;
	size_t nr_libraries;
};

/* A program that waits to be scanned. */
struct waiting {
	struct waiting *next;
	int fd;
	pid_t pid;
};

static struct watch {
	int fanotify;
	const char *library_path;
	/* By CPUID faulting: only the program counts. */
	bool faulting;
	/* Protects what follows; the worker alone changes what is known. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct waiting *first, **last;
	struct known *known;
	size_t nr_known;
} watch = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
	.last = &watch.first,
};

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "cpuid-scan: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *check(void *p)
{
	if (!p)
		fail("--watch");
	return p;
}

/* ---- what is known ---- */

static bool same_file(const struct known *known, const struct stat *st)
{
	return known->dev == st->st_dev && known->ino == st->st_ino;
}

static bool same_content(const struct known *known, const struct stat *st)
{
	return known->size == st->st_size &&
	       known->mtime.tv_sec == st->st_mtim.tv_sec &&
	       known->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

static struct known *find_known(const struct stat *st)
{
	size_t i;

	for (i = 0; i < watch.nr_known; i++)
		if (same_file(&watch.known[i], st))
			return &watch.known[i];
	return NULL;
}

static bool is_known(const struct stat *st)
{
	const struct known *known = find_known(st);

	return known && same_content(known, st);
}

/* Whether there is nothing to be done for a program, or what is no program. */
static bool is_settled(int fd)
{
	const struct known *known;
	char magic[4];
	struct stat st;
	size_t i;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, "\177ELF", sizeof(magic)))
		return true;
	known = find_known(&st);
	if (!known || !same_content(known, &st))
		return false;
	for (i = 0; i < known->nr_libraries; i++)
		if (!stat(known->libraries[i], &st) && S_ISREG(st.st_mode) &&
		    !is_known(&st))
			return false;
	return true;
}

static void free_known(struct known *known)
{
	size_t i;

	if (known->fd >= 0)
		close(known->fd);
	for (i = 0; i < known->nr_libraries; i++)
		free(known->libraries[i]);
	free(known->libraries);
}

/* Takes over @fd and @libraries. */
static void add_known(const struct stat *st, int fd, char **libraries,
		      size_t nr)
{
	struct known *known;

	pthread_mutex_lock(&watch.lock);
	known = find_known(st);
	if (known) {
		free_known(known);
	} else {
		watch.known = check(reallocarray(
			watch.known, watch.nr_known + 1, sizeof(*watch.known)));
		known = &watch.known[watch.nr_known++];
	}
	*known = (struct known){ .fd = fd,
				 .dev = st->st_dev,
				 .ino = st->st_ino,
				 .size = st->st_size,
				 .mtime = st->st_mtim,
				 .libraries = libraries,
				 .nr_libraries = nr };
	pthread_mutex_unlock(&watch.lock);
}

/* ---- the module ---- */

static int dup_of(int fd)
{
	return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void path_of(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

/* The name that the kernel has for an open file. */
static bool read_name(int fd, char name[PATH_MAX])
{
	char path[32];
	ssize_t len;

	path_of(fd, path);
	len = readlink(path, name, PATH_MAX - 1);
	if (len < 0)
		return false;
	name[len] = '\0';
	return true;
}

/* Some whole lines in one write. False if the module does not take them. */
static bool give(const char *name, const char *lines, size_t len)
{
	static bool full;
	int fd = open(CONTROL, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, lines, len) >= 0;

	if (!ok && errno != ENOSPC)
		fprintf(stderr,
			"cpuid-scan: %s: the module takes no '%.*s': %s\n",
			name, (int)strcspn(lines, "\n"), lines,
			strerror(errno));
	/* vm/run looks for this one. */
	if (!ok && errno == ENOSPC && !full) {
		fprintf(stderr,
			"cpuid-scan: the table of softsgx is full: %s and others see no SGX in CPUID\n",
			name);
		full = true;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

/* By its descriptor: whatever its name, it is this file. */
static void forget(int fd, const char *name)
{
	char path[32], line[64];
	size_t len;

	path_of(fd, path);
	len = snprintf(line, sizeof(line), "forget %s\n", path);
	give(name, line, len);
}

/* All lines of a file, or none. */
static bool give_all(int fd, const char *name, const char *lines, size_t len)
{
	const char *end;
	size_t part;

	while (len) {
		part = len;
		if (part > WRITE_MAX) {
			end = memrchr(lines, '\n', WRITE_MAX);
			part = end - lines + 1;
		}
		if (!give(name, lines, part)) {
			forget(fd, name);
			return false;
		}
		lines += part;
		len -= part;
	}
	return true;
}

/* The lines of a file, to be freed. */
static char *lines_of(int fd, const char *name, size_t *len)
{
	char path[32], *lines;
	FILE *out = check(open_memstream(&lines, len));

	path_of(fd, path);
	if (watch.faulting)
		fprintf(out, "program %s\n", path);
	else
		scan_fd(fd, name, path, out);
	if (fclose(out))
		fail("--watch");
	return lines;
}

/*
 * Tells the module of a file; a program comes with its libraries, which this
 * takes over. It is known then, unless the module does not take it.
 */
static void tell(int fd, const char *name, char **libraries, size_t nr)
{
	struct known new = { .fd = -1,
			     .libraries = libraries,
			     .nr_libraries = nr };
	const struct known *known;
	struct stat st;
	char *lines;
	size_t len;
	bool ok;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		free_known(&new);
		return;
	}
	known = find_known(&st);
	if (known && same_content(known, &st)) {
		/* Its libraries may be others now. */
		if (nr)
			add_known(&st, dup_of(known->fd), libraries, nr);
		return;
	}
	if (known && !watch.faulting)
		forget(fd, name);
	lines = lines_of(fd, name, &len);
	ok = give_all(fd, name, lines, len);
	free(lines);
	if (ok)
		add_known(&st, len ? dup_of(fd) : -1, libraries, nr);
	else
		free_known(&new);
}

/* ---- what was removed ---- */

/* By the name that the kernel has for an open file. */
static bool is_removed(const char *name)
{
	static const char removed[] = " (deleted)";
	size_t len = strlen(name), tail = sizeof(removed) - 1;

	return len > tail && !strcmp(name + len - tail, removed);
}

/* Whether a process has mapped the file of this name. */
static bool is_mapped_by(const char *pid, const char *name)
{
	char path[300], *line = NULL, *at;
	size_t size = 0;
	bool found = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	in = fopen(path, "re");
	if (!in)
		return false;
	while (!found && getline(&line, &size, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = strchr(line, '/');
		found = at && !strcmp(at, name);
	}
	free(line);
	fclose(in);
	return found;
}

static bool is_mapped(const char *name)
{
	DIR *proc = check(opendir("/proc"));
	const struct dirent *entry;
	bool found = false;

	while (!found && (entry = readdir(proc)))
		found = *entry->d_name >= '1' && *entry->d_name <= '9' &&
			is_mapped_by(entry->d_name, name);
	closedir(proc);
	return found;
}

/* Those that still run keep their SGX, until a later call. */
static void forget_removed(void)
{
	char name[PATH_MAX];
	struct known *known;
	size_t i = 0;

	while (i < watch.nr_known) {
		known = &watch.known[i];
		if (known->fd < 0 || !read_name(known->fd, name) ||
		    !is_removed(name) || is_mapped(name)) {
			i++;
			continue;
		}
		forget(known->fd, name);
		pthread_mutex_lock(&watch.lock);
		free_known(known);
		*known = watch.known[--watch.nr_known];
		pthread_mutex_unlock(&watch.lock);
	}
}

/* ---- libraries ---- */

/* Becomes who executes the program: ld.so is not to do more than he may. */
static void become(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st) || setgroups(0, NULL) || setgid(st.st_gid) ||
	    setuid(st.st_uid))
		_exit(1);
}

/* Whether ld.so is needed: it crashes on what is static. */
static bool has_interpreter(int fd)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	unsigned int i;

	if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr) ||
	    ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phentsize != sizeof(phdr))
		return false;
	for (i = 0; i < ehdr.e_phnum; i++)
		if (pread(fd, &phdr, sizeof(phdr),
			  ehdr.e_phoff + i * sizeof(phdr)) == sizeof(phdr) &&
		    phdr.p_type == PT_INTERP)
			return true;
	return false;
}

static pid_t start_ld_so(const char *name, pid_t pid, int *from)
{
	const char *path = watch.library_path ? watch.library_path : "";
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		dup2(fds[1], 1);
		become(pid);
		execl(LD_SO, LD_SO, "--library-path", path, "--list", name,
		      (char *)NULL);
		_exit(1);
	}
	close(fds[1]);
	*from = fds[0];
	return child;
}

/*
 * The path in a line "name => PATH (0x...)" or "PATH (0x...)", or NULL. It may be
 * relative, but has a slash; the vDSO has a name only.
 */
static char *library_of(char *line)
{
	char *arrow = strstr(line, " => "), *end;
	char *path = arrow ? arrow + 4 : line + strspn(line, "\t");

	end = strstr(path, " (0x");
	if (!end)
		return NULL;
	*end = '\0';
	return strchr(path, '/') ? path : NULL;
}

static long ms_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What comes from a pipe, to be freed. False if it does not end in time. */
static bool read_in_time(int from, char **text)
{
	struct pollfd in = { .fd = from, .events = POLLIN };
	long end = ms_now() + LD_SO_MS, left;
	char buf[4096];
	size_t size;
	ssize_t n = 1;
	FILE *out = check(open_memstream(text, &size));

	while (n > 0 && (left = end - ms_now()) > 0) {
		if (poll(&in, 1, left) <= 0)
			continue;
		n = read(from, buf, sizeof(buf));
		if (n > 0)
			fwrite(buf, 1, n, out);
	}
	if (fclose(out))
		fail("--watch");
	return n <= 0;
}

/* The libraries of the program @name, which @pid executes, and ld.so. */
static char **list_libraries(const char *name, pid_t pid, size_t *nr)
{
	char **libraries = NULL, *text, *line, *next, *path;
	pid_t child;
	int from;

	*nr = 0;
	child = start_ld_so(name, pid, &from);
	if (!read_in_time(from, &text)) {
		fprintf(stderr,
			"cpuid-scan: %s: ld.so does not come to its end: some of its libraries may see no SGX in CPUID\n",
			name);
		kill(child, SIGKILL);
	}
	close(from);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	for (line = strtok_r(text, "\n", &next); line;
	     line = strtok_r(NULL, "\n", &next)) {
		path = library_of(line);
		path = path ? realpath(path, NULL) : NULL;
		if (!path)
			continue;
		libraries = check(
			reallocarray(libraries, *nr + 1, sizeof(*libraries)));
		libraries[(*nr)++] = path;
	}
	free(text);
	return libraries;
}

/* ---- the threads ---- */

static void allow(int fd)
{
	const struct fanotify_response response = { .fd = fd,
						    .response = FAN_ALLOW };

	/* Who asked may have been killed. */
	if (write(watch.fanotify, &response, sizeof(response)) < 0 &&
	    errno != ENOENT)
		fail("fanotify");
	close(fd);
}

static void get_to_know(int fd, pid_t pid)
{
	char name[PATH_MAX];
	char **libraries = NULL;
	size_t i, nr = 0;
	int lib_fd;

	if (!read_name(fd, name))
		return;
	if (!watch.faulting && has_interpreter(fd))
		libraries = list_libraries(name, pid, &nr);
	forget_removed();
	for (i = 0; i < nr; i++) {
		/* Not for ever, should it be a FIFO now. */
		lib_fd = open(libraries[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (lib_fd < 0)
			continue;
		tell(lib_fd, libraries[i], NULL, 0);
		close(lib_fd);
	}
	tell(fd, name, libraries, nr);
}

static void *worker(void *unused)
{
	struct waiting *w;
	bool settled;

	(void)unused;
	for (;;) {
		pthread_mutex_lock(&watch.lock);
		while (!watch.first)
			pthread_cond_wait(&watch.more, &watch.lock);
		w = watch.first;
		watch.first = w->next;
		if (!watch.first)
			watch.last = &watch.first;
		settled = is_settled(w->fd);
		pthread_mutex_unlock(&watch.lock);
		if (!settled)
			get_to_know(w->fd, w->pid);
		allow(w->fd);
		free(w);
	}
	return NULL;
}

static void on_event(const struct fanotify_event_metadata *event)
{
	struct waiting *w;
	bool settled;

	if (event->fd < 0)
		return;
	if (getsid(event->pid) == getpid()) {
		allow(event->fd);
		return;
	}
	pthread_mutex_lock(&watch.lock);
	settled = is_settled(event->fd);
	if (!settled) {
		w = check(calloc(1, sizeof(*w)));
		w->fd = event->fd;
		w->pid = event->pid;
		*watch.last = w;
		watch.last = &w->next;
		pthread_cond_signal(&watch.more);
	}
	pthread_mutex_unlock(&watch.lock);
	if (settled)
		allow(event->fd);
}

__attribute__((noreturn)) static void listen_for_programs(void)
{
	const struct fanotify_event_metadata *event;
	char buf[16384] __attribute__((aligned(__alignof__(*event))));
	pthread_t thread;
	ssize_t len;

	errno = pthread_create(&thread, NULL, worker, NULL);
	if (errno)
		fail("pthread_create");
	for (;;) {
		/* It fails when a file cannot be opened, whatever the reason. */
		len = read(watch.fanotify, buf, sizeof(buf));
		for (event = (const void *)buf; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len))
			on_event(event);
	}
}

static bool have_faulting(void)
{
	FILE *in = fopen("/proc/cpuinfo", "r");
	size_t size = 0;
	char *line = NULL;
	bool found = false;

	while (in && !found && getline(&line, &size, in) > 0)
		found = strstr(line, " cpuid_fault");
	free(line);
	if (in)
		fclose(in);
	return found;
}

int watch_programs(char **args)
{
	struct rlimit limit;
	struct stat st;
	pid_t pid;

	if (*args && !strcmp(*args, "--library-path") && args[1]) {
		watch.library_path = args[1];
		args += 2;
	}
	watch.faulting = have_faulting();
	/* There is a descriptor for each that waits. */
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	watch.fanotify =
		fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC |
				      FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
			      O_RDONLY | O_LARGEFILE | O_CLOEXEC);
	if (watch.fanotify < 0 && errno == ENOSYS)
		return WATCH_NONE;
	if (watch.fanotify < 0)
		fail("fanotify_init");
	for (; *args && strcmp(*args, "--"); args++)
		if (fanotify_mark(watch.fanotify,
				  FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				  FAN_OPEN_EXEC_PERM, AT_FDCWD, *args))
			fail(*args);
	for (args += !!*args; *args; args++)
		if (!stat(*args, &st))
			add_known(&st, open(*args, O_RDONLY | O_CLOEXEC), NULL,
				  0);

	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid)
		_exit(0);
	setsid();
	listen_for_programs();
}
