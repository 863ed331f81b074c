// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * PID 1 of the micro-VM: makes the host's files its root, inserts the module
 * under test, runs one command, and reports how that ended.
 *
 * Its input is in the initramfs, under /vm (a list is of NUL-terminated
 * strings):
 *   order		the modules of the kernel to insert, a list of files
 *   modules-dir	the host's directory of that kernel's modules
 *   softsgx.ko, params	the module under test, if any, and its parameters
 *   secret		what that module makes keys from, its parameter of that
 *			name, which is shown nowhere; may not exist
 *   cpuid-sites, cpuid-programs
 *			what to tell the module about CPUID, without and with
 *			CPUID faulting (doc/cpuid.md); may be empty
 *   cpuid-watch	what tells it of the programs that are executed: a
 *			command with its arguments, a list; may be empty
 *   cpuid-scan		the program of that command, if there is one
 *   keep		exists if that module is not to be removed at the end
 *   rw			directories to mount writable, a list: tags rw0, rw1...
 *   cwd, env, args	the command, its environment and arguments: lists
 *   user		UID:GID of the command, more groups behind it: ,GID...
 *   umask, hostname	as on the host
 *   limits		of resources, as on the host: lines of number, soft and hard
 *   net		exists if there is a network, QEMU's own
 *   tty		if there is a terminal: which of 0, 1 and 2 it is (digits),
 *			rows and columns
 *
 * The command's standard streams are pipes, or one terminal, relayed to the host
 * over virtio-serial ports, apart from the console. The port "control" brings
 * lines:
 *   start		the host has read that the VM is up
 *   signal N		for the command
 *   size ROWS COLUMNS	the terminal's, now
 *   gone STREAM	nobody reads stdout or stderr any more
 * and takes one:
 *   stopped		the command was, by a key or a signal
 * On the port "status" goes "up" when the VM is, and the verdict as the very
 * last thing, after the kernel's log has been searched: one of
 *   exit N		the command ended with this status
 *   signal N		the command was killed by this signal
 *   kernel TEXT	the command ended, but the kernel complained
 *   fail TEXT		the VM failed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ROOT	   "/root"
#define P9_OPTIONS "trans=virtio,version=9p2000.L,msize=512000"

static int status_port = -1;

/* Gives the verdict and ends the VM. */
__attribute__((noreturn, format(printf, 1, 2))) static void
report(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	fprintf(stderr, "vm/init: %s\n", text);
	if (status_port >= 0)
		dprintf(status_port, "%s\n", text);
	/* QEMU is told not to reboot: this is its fastest way out. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

__attribute__((noreturn)) static void fail_errno(const char *what,
						 const char *object)
{
	report("fail cannot %s %s: %s", what, object, strerror(errno));
}

/* The whole of a file, with a NUL added; NULL if it cannot be opened. */
static char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0, done = 0;
	char *buf = NULL;
	ssize_t n;

	if (fd < 0)
		return NULL;
	do {
		if (size - done < 2) {
			size = size ? 2 * size : 8192;
			buf = realloc(buf, size);
			if (!buf)
				fail_errno("allocate memory for", path);
		}
		n = read(fd, buf + done, size - done - 1);
		if (n < 0)
			fail_errno("read", path);
		done += n;
	} while (n);
	close(fd);
	buf[done] = '\0';
	if (len)
		*len = done;
	return buf;
}

/* The first line of a file that has to exist. */
static char *read_line(const char *path)
{
	char *text = read_file(path, NULL);

	if (!text)
		fail_errno("read", path);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* A file of NUL-terminated strings as a vector that ends with NULL. */
static char **read_list(const char *path)
{
	size_t len, count = 0, i;
	char *buf = read_file(path, &len);
	char **list, *p;

	if (!buf)
		fail_errno("read", path);
	for (p = buf; p < buf + len; p += strlen(p) + 1)
		count++;
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		fail_errno("allocate memory for", path);
	for (p = buf, i = 0; i < count; p += strlen(p) + 1)
		list[i++] = p;
	return list;
}

/* ---- what the host asks for ---- */

struct request {
	char **order;
	char *modules_dir;
	int module;
	char *params;
	char *secret;
	char *cpuid_sites;
	char *cpuid_programs;
	char **cpuid_watch;
	int cpuid_scan;
	bool net;
	bool keep;
	char **rw;
	char *cwd;
	char **env;
	char **args;
	uid_t uid;
	gid_t groups[NGROUPS_MAX];
	int group_count;
	mode_t umask;
	char *limits;
	char *hostname;
	char *tty;
};

/* UID:GID[,GID...], which vm/run has checked. */
static void read_user(struct request *rq)
{
	char *user = read_line("/vm/user"), *p;

	rq->uid = strtoul(user, &p, 10);
	while (*p && rq->group_count < NGROUPS_MAX)
		rq->groups[rq->group_count++] = strtoul(p + 1, &p, 10);
	free(user);
}

static void read_request(struct request *rq)
{
	rq->order = read_list("/vm/order");
	rq->modules_dir = read_line("/vm/modules-dir");
	rq->module = open("/vm/softsgx.ko", O_RDONLY | O_CLOEXEC);
	rq->params = read_line("/vm/params");
	rq->secret = read_file("/vm/secret", NULL);
	rq->cpuid_sites = read_file("/vm/cpuid-sites", NULL);
	rq->cpuid_programs = read_file("/vm/cpuid-programs", NULL);
	rq->cpuid_watch = read_list("/vm/cpuid-watch");
	rq->cpuid_scan = open("/vm/cpuid-scan", O_RDONLY | O_CLOEXEC);
	rq->keep = !access("/vm/keep", F_OK);
	rq->net = !access("/vm/net", F_OK);
	rq->rw = read_list("/vm/rw");
	rq->cwd = read_list("/vm/cwd")[0];
	rq->env = read_list("/vm/env");
	rq->args = read_list("/vm/args");
	read_user(rq);
	rq->umask = strtoul(read_line("/vm/umask"), NULL, 8);
	rq->hostname = read_line("/vm/hostname");
	rq->limits = read_file("/vm/limits", NULL);
	rq->tty = read_line("/vm/tty");
}

/* ---- modules and ports ---- */

static void insert_base_modules(const struct request *rq)
{
	char **path;
	int fd;

	for (path = rq->order; *path; path++) {
		fd = open(*path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail_errno("open", *path);
		if (syscall(SYS_finit_module, fd, "", 0))
			fail_errno("insert", *path);
		close(fd);
	}
}

static void insert_module(const struct request *rq)
{
	char *params = rq->params;

	if (rq->secret) {
		rq->secret[strcspn(rq->secret, "\n")] = '\0';
		if (asprintf(&params, "%s secret=%s", rq->params, rq->secret) <
		    0)
			fail_errno("allocate memory for", "the parameters");
		explicit_bzero(rq->secret, strlen(rq->secret));
	}
	if (syscall(SYS_finit_module, rq->module, params, 0))
		fail_errno("insert softsgx.ko with", rq->params);
	if (params != rq->params)
		explicit_bzero(params, strlen(params));
	close(rq->module);
}

/* What udev does elsewhere for the group sgx, here for the command's group. */
static void give_device(const struct request *rq)
{
	static const char path[] = "/dev/sgx_enclave";

	if (!rq->uid)
		return;
	if (chown(path, 0, rq->groups[0]) || chmod(path, 0660))
		fail_errno("give away", path);
}

/* Tells the module whose CPUID it shall answer. */
static void give_cpuid(const struct request *rq)
{
	static const char path[] = "/sys/kernel/security/softsgx/cpuid";
	char *cpuinfo = read_file("/proc/cpuinfo", NULL);
	const char *text = rq->cpuid_sites;
	int fd;

	if (!cpuinfo)
		fail_errno("read", "/proc/cpuinfo");
	if (strstr(cpuinfo, " cpuid_fault"))
		text = rq->cpuid_programs;
	free(cpuinfo);
	if (!text || !*text)
		return;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail_errno("open", path);
	/* In one write: the module takes all of it or nothing. */
	if (write(fd, text, strlen(text)) < 0)
		fail_errno("write", path);
	close(fd);
}

/* The status of cpuid-scan --watch where the kernel has no fanotify. */
#define WATCH_NONE 3

/* Starts what does so for the programs below the command. It returns at once. */
static void watch_programs(const struct request *rq)
{
	int status = 0;
	pid_t pid;

	if (!*rq->cpuid_watch)
		return;
	pid = fork();
	if (!pid) {
		/* The libraries' directories may be relative. */
		if (!chdir(rq->cwd))
			fexecve(rq->cpuid_scan, rq->cpuid_watch, environ);
		fprintf(stderr, "vm/init: %s: %s\n", *rq->cpuid_watch,
			strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail_errno("start", *rq->cpuid_watch);
	close(rq->cpuid_scan);
	if (WIFEXITED(status) && WEXITSTATUS(status) == WATCH_NONE)
		fprintf(stderr,
			"vm/init: this kernel has no fanotify: programs below the command see no SGX in CPUID\n");
	else if (status)
		report("fail %s: wait status %#x", *rq->cpuid_watch, status);
}

/* Opens the virtio-serial port of this name. */
static int open_port(const char *name)
{
	char path[64];
	bool found;
	char *text;
	int i;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path),
			 "/sys/class/virtio-ports/vport0p%d/name", i);
		text = read_file(path, NULL);
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		found = !strcmp(text, name);
		free(text);
		if (!found)
			continue;
		snprintf(path, sizeof(path), "/dev/vport0p%d", i);
		return open(path, O_RDWR | O_CLOEXEC);
	}
	errno = ENOENT;
	return -1;
}

/*
 * The device announces its ports one after the other, each with its name and
 * whether it is connected; "status" is the last one. Once it is there, the
 * others are, and their being disconnected means the end of their input.
 */
static void open_status_port(void)
{
	int tries = 10000;

	do {
		status_port = open_port("status");
		if (status_port >= 0)
			return;
		usleep(1000);
	} while (--tries);
	fail_errno("open the port", "status");
}

/* ---- the root file system ---- */

/* Makes a directory and those above it, as far as they do not exist. */
static void make_dirs(const char *path)
{
	char buf[PATH_MAX];
	char *p;

	if (strlen(path) >= sizeof(buf))
		report("fail path too long: %s", path);
	strcpy(buf, path);
	for (p = strchr(buf + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(buf, 0755);
		*p = '/';
	}
	mkdir(buf, 0755);
}

static void mount_at(const char *source, const char *target, const char *type,
		     unsigned long flags, const char *data)
{
	make_dirs(target);
	if (mount(source, target, type, flags, data))
		fail_errno("mount", target);
}

/* A kernel's file system that not every kernel has. */
static void mount_if_any(const char *type, const char *target)
{
	mkdir(target, 0755);
	if (mount(type, target, type, 0, NULL) && errno != ENODEV &&
	    errno != ENOENT)
		fail_errno("mount", target);
}

static void mount_early(void)
{
	mount_at("proc", "/proc", "proc", 0, NULL);
	mount_at("sysfs", "/sys", "sysfs", 0, NULL);
	/* Not noexec: enclave pages are mapped executable from here. */
	mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
}

/* Makes the host's files, writable in memory only, the root. */
static void mount_root(const struct request *rq)
{
	char *release = read_line("/proc/sys/kernel/osrelease");
	char path[PATH_MAX], modules[PATH_MAX];

	mount_at("host", "/host", "9p", MS_RDONLY, P9_OPTIONS ",cache=loose");
	mount_at("tmpfs", "/upper", "tmpfs", 0, "mode=755");
	make_dirs("/upper/files");
	make_dirs("/upper/work");
	mount_at("overlay", ROOT, "overlay", 0,
		 "lowerdir=/host,upperdir=/upper/files,workdir=/upper/work");

	/*
	 * modprobe finds the modules of this kernel where it looks: also if the
	 * host has that kernel, or only its headers, at the same place.
	 */
	snprintf(path, sizeof(path), ROOT "/lib/modules/%s", release);
	make_dirs(path);
	snprintf(modules, sizeof(modules), ROOT "%s", rq->modules_dir);
	mount_at(modules, path, NULL, MS_BIND, NULL);
	free(release);

	mount_at("/proc", ROOT "/proc", NULL, MS_MOVE, NULL);
	mount_at("/sys", ROOT "/sys", NULL, MS_MOVE, NULL);
	mount_at("/dev", ROOT "/dev", NULL, MS_MOVE, NULL);
	if (chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		fail_errno("enter", ROOT);
}

static void link_stream(const char *target, const char *path)
{
	if (symlink(target, path) && errno != EEXIST)
		fail_errno("link", path);
}

static void mount_late(const struct request *rq)
{
	char tag[16];
	int i;

	mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		 "ptmxmode=666,mode=620,gid=5");
	mount_at("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
	mount_at("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
	mount_if_any("securityfs", "/sys/kernel/security");
	mount_if_any("debugfs", "/sys/kernel/debug");
	mount_if_any("tracefs", "/sys/kernel/tracing");
	mount_if_any("cgroup2", "/sys/fs/cgroup");
	/* Last, for they may be below one of these. */
	for (i = 0; rq->rw[i]; i++) {
		snprintf(tag, sizeof(tag), "rw%d", i);
		mount_at(tag, rq->rw[i], "9p", 0, P9_OPTIONS ",cache=mmap");
	}
	link_stream("/proc/self/fd", "/dev/fd");
	link_stream("/proc/self/fd/0", "/dev/stdin");
	link_stream("/proc/self/fd/1", "/dev/stdout");
	link_stream("/proc/self/fd/2", "/dev/stderr");
}

/* ---- the network ---- */

/* What QEMU's user network calls itself, its name server and the guest. */
#define NET_GATEWAY "10.0.2.2"
#define NET_DNS	    "10.0.2.3"
#define NET_ADDRESS "10.0.2.15"
#define NET_MASK    "255.255.255.0"

static void raise_interface(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		fail_errno("raise", name);
}

static struct sockaddr inet_address(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr address;

	inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(&address, &in, sizeof(address));
	return address;
}

/* The host's may be a link to what is not here, or name the host's loopback. */
static void write_resolv_conf(void)
{
	static const char path[] = "/etc/resolv.conf";
	static const char text[] = "nameserver " NET_DNS "\n";
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_errno("write", path);
	close(fd);
}

static void configure_network(int fd)
{
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct rtentry route = {
		.rt_dst = inet_address("0.0.0.0"),
		.rt_genmask = inet_address("0.0.0.0"),
		.rt_gateway = inet_address(NET_GATEWAY),
		.rt_flags = RTF_UP | RTF_GATEWAY,
	};

	ifr.ifr_addr = inet_address(NET_ADDRESS);
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		fail_errno("give an address to", ifr.ifr_name);
	ifr.ifr_netmask = inet_address(NET_MASK);
	if (ioctl(fd, SIOCSIFNETMASK, &ifr))
		fail_errno("give a netmask to", ifr.ifr_name);
	raise_interface(fd, ifr.ifr_name);
	if (ioctl(fd, SIOCADDRT, &route))
		fail_errno("route", "by " NET_GATEWAY);
	write_resolv_conf();
}

static void start_network(const struct request *rq)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail_errno("make", "a socket");
	raise_interface(fd, "lo");
	if (rq->net)
		configure_network(fd);
	close(fd);
}

/* ---- the command's standard streams ---- */

/* IN, OUT and ERR are pipes; the terminal has two directions. */
enum { IN, OUT, ERR, TTY_IN, TTY_OUT, STREAMS };

/*
 * A stream between the command's pipe and a port. The pipe is closed at the
 * stream's end; the port never is, for that would discard what is under way.
 */
struct stream {
	int pipe, port;
	bool inward;
	size_t start, end;
	char buf[32 * 1024];
};

/* The master of the command's terminal, -1 if there is none. */
static int terminal = -1;

static struct stream streams[STREAMS];

static int need_port(const char *name)
{
	int port = open_port(name);

	if (port < 0)
		fail_errno("open the port", name);
	fcntl(port, F_SETFL, O_NONBLOCK);
	return port;
}

static void set_size(unsigned int rows, unsigned int columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (terminal >= 0)
		ioctl(terminal, TIOCSWINSZ, &size);
}

/* The terminal that @tty asks for; returns the command's end. */
static int open_terminal(const char *tty)
{
	unsigned int rows = 0, columns = 0;
	char path[32];
	int unlock = 0, number, slave;

	terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || ioctl(terminal, TIOCSPTLCK, &unlock) ||
	    ioctl(terminal, TIOCGPTN, &number))
		fail_errno("make", "a terminal");
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail_errno("open", path);
	sscanf(tty, "%*s %u %u", &rows, &columns);
	set_size(rows, columns);

	fcntl(terminal, F_SETFL, O_NONBLOCK);
	streams[TTY_IN].port = need_port("keys");
	streams[TTY_IN].pipe = dup(terminal);
	streams[TTY_OUT].port = need_port("tty");
	streams[TTY_OUT].pipe = terminal;
	return slave;
}

/* @child receives the command's ends of the pipes. */
static void open_streams(const struct request *rq, int child[])
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	int i, fds[2], slave = -1;

	for (i = 0; i < STREAMS; i++) {
		streams[i].pipe = -1;
		streams[i].inward = i == IN || i == TTY_IN;
	}
	if (*rq->tty)
		slave = open_terminal(rq->tty);
	for (i = IN; i <= ERR; i++) {
		struct stream *s = &streams[i];

		if (memchr(rq->tty, '0' + i, strcspn(rq->tty, " "))) {
			child[i] = slave;
			continue;
		}
		s->port = need_port(names[i]);
		if (pipe2(fds, O_CLOEXEC))
			fail_errno("make a pipe for", names[i]);
		s->pipe = i == IN ? fds[1] : fds[0];
		child[i] = i == IN ? fds[0] : fds[1];
		fcntl(s->pipe, F_SETFL, O_NONBLOCK);
	}
}

static void end_stream(struct stream *s)
{
	if (s->pipe < 0)
		return;
	close(s->pipe);
	s->pipe = -1;
	s->start = 0;
	s->end = 0;
}

/* Moves what can be moved without waiting. */
static void pump(struct stream *s, int from, int to)
{
	ssize_t n;

	if (s->start == s->end) {
		n = read(from, s->buf, sizeof(s->buf));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			end_stream(s);
		if (n <= 0)
			return;
		s->start = 0;
		s->end = n;
	}
	n = write(to, s->buf + s->start, s->end - s->start);
	if (n > 0)
		s->start += n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		end_stream(s);
}

/* ---- what the host says while the command runs ---- */

static int control_port = -1;
static bool host_started;

/* What keys and shells send, goes to all that it would reach. */
static bool is_for_group(unsigned int sig)
{
	return sig == SIGINT || sig == SIGQUIT || sig == SIGHUP ||
	       sig == SIGTSTP || sig == SIGCONT;
}

static void obey(const char *line, pid_t command)
{
	unsigned int a, b;

	if (!strcmp(line, "start"))
		host_started = true;
	else if (sscanf(line, "size %u %u", &a, &b) == 2)
		set_size(a, b);
	else if (!strcmp(line, "gone stdout"))
		end_stream(&streams[OUT]);
	else if (!strcmp(line, "gone stderr"))
		end_stream(&streams[ERR]);
	else if (sscanf(line, "signal %u", &a) == 1 && command > 0)
		kill(is_for_group(a) ? -command : command, a);
}

static void read_control(pid_t command)
{
	static char line[64];
	static size_t len;
	ssize_t n;
	char c;

	for (;;) {
		n = read(control_port, &c, 1);
		if (n != 1)
			return;
		if (c != '\n') {
			if (len < sizeof(line) - 1)
				line[len++] = c;
			continue;
		}
		line[len] = '\0';
		len = 0;
		obey(line, command);
	}
}

/* The terminal of the host is the command's from here on. */
static void say_up(void)
{
	struct pollfd fd = { .events = POLLIN };

	control_port = need_port("control");
	fd.fd = control_port;
	dprintf(status_port, "up\n");
	while (!host_started) {
		poll(&fd, 1, 1000);
		read_control(0);
	}
}

/**
 * struct command - the command while it runs
 * @pid:	and the number of its process group; 0 if it does not
 * @news:	where its wait status comes each time that it stops, and at the end
 * @ended:	it has
 * @status:	the last wait status
 */
struct command {
	pid_t pid;
	int news;
	bool ended;
	int status;
};

static void read_news(struct command *command)
{
	ssize_t n =
		read(command->news, &command->status, sizeof(command->status));

	if (n != sizeof(command->status)) {
		/* Its parent was killed: it is init's child now. */
		close(command->news);
		command->news = -1;
	} else if (WIFSTOPPED(command->status)) {
		dprintf(control_port, "stopped\n");
	} else {
		command->ended = true;
	}
}

/* Waits until something can be moved on, and does so, or until a signal. */
static void relay(const sigset_t *unblocked, struct command *command)
{
	struct pollfd fds[STREAMS + 2];
	int i, from[STREAMS], to[STREAMS];

	for (i = 0; i < STREAMS; i++) {
		struct stream *s = &streams[i];

		from[i] = s->inward ? s->port : s->pipe;
		to[i] = s->inward ? s->pipe : s->port;
		fds[i].fd = -1;
		fds[i].revents = 0;
		if (s->pipe < 0)
			continue;
		fds[i].fd = s->start == s->end ? from[i] : to[i];
		fds[i].events = s->start == s->end ? POLLIN : POLLOUT;
	}
	fds[STREAMS] = (struct pollfd){ .fd = command ? control_port : -1,
					.events = POLLIN };
	fds[STREAMS + 1] = (struct pollfd){ .fd = command ? command->news : -1,
					    .events = POLLIN };
	if (ppoll(fds, STREAMS + 2, NULL, unblocked) > 0) {
		for (i = 0; i < STREAMS; i++) {
			if (fds[i].revents)
				pump(&streams[i], from[i], to[i]);
		}
		if (fds[STREAMS].revents & POLLIN)
			read_control(command->pid);
		if (fds[STREAMS + 1].revents)
			read_news(command);
	}
}

/* Relays all that is left. */
static void drain_streams(void)
{
	end_stream(&streams[IN]);
	end_stream(&streams[TTY_IN]);
	while (streams[OUT].pipe >= 0 || streams[ERR].pipe >= 0 ||
	       streams[TTY_OUT].pipe >= 0)
		relay(NULL, NULL);
}

/* ---- the command ---- */

static void on_child(int sig)
{
	(void)sig;
}

static rlim_t read_limit(const char *text, rlim_t max)
{
	rlim_t limit = RLIM_INFINITY;

	if (strcmp(text, "unlimited"))
		limit = strtoull(text, NULL, 10);
	return limit < max ? limit : max;
}

/* The kernel of the VM may have a lower bound for descriptors. */
static void set_limits(char *text)
{
	char *nr_open = read_line("/proc/sys/fs/nr_open");
	struct rlimit limit;
	char soft[24], hard[24];
	unsigned int number;
	rlim_t max;
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%u %23s %23s", &number, soft, hard) != 3)
			continue;
		max = number == RLIMIT_NOFILE ? strtoull(nr_open, NULL, 10)
					      : RLIM_INFINITY;
		limit.rlim_max = read_limit(hard, max);
		limit.rlim_cur = read_limit(soft, limit.rlim_max);
		if (setrlimit(number, &limit)) {
			fprintf(stderr, "vm/init: cannot set limit %s: %s\n",
				line, strerror(errno));
			_exit(126);
		}
	}
	free(nr_open);
}

__attribute__((noreturn)) static void run_command(const struct request *rq,
						  const int fds[])
{
	int i;

	for (i = IN; i <= ERR; i++)
		dup2(fds[i], i);
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	for (i = IN; i <= ERR && terminal >= 0; i++)
		if (isatty(i) && !tcsetpgrp(i, getpid()))
			break;
	signal(SIGTTOU, SIG_DFL);
	umask(rq->umask);
	if (rq->limits)
		set_limits(rq->limits);
	if (setgroups(rq->group_count, rq->groups) || setgid(rq->groups[0]) ||
	    setuid(rq->uid)) {
		fprintf(stderr, "vm/init: cannot become user %u: %s\n", rq->uid,
			strerror(errno));
		_exit(126);
	}
	if (chdir(rq->cwd)) {
		fprintf(stderr, "vm/init: cannot enter %s: %s\n", rq->cwd,
			strerror(errno));
		_exit(126);
	}
	/* The search for the command is that of the new environment. */
	clearenv();
	for (i = 0; rq->env[i]; i++)
		putenv(rq->env[i]);
	execvp(rq->args[0], rq->args);
	fprintf(stderr, "vm/init: cannot run %s: %s\n", rq->args[0],
		strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void tell(int fd, int value)
{
	if (write(fd, &value, sizeof(value)) != sizeof(value))
		_exit(1);
}

/*
 * The leader of a session, of which the command is the job in the foreground, as
 * that of a shell. So it can be stopped: the kernel stops nobody that has no
 * parent in its session to go on with it. Tells @news the command's pid, and
 * each wait status.
 */
__attribute__((noreturn)) static void lead_session(const struct request *rq,
						   const int fds[], int news)
{
	int i, status;
	pid_t pid;

	setsid();
	for (i = IN; i <= ERR && terminal >= 0; i++)
		if (isatty(fds[i]) && !ioctl(fds[i], TIOCSCTTY, 0))
			break;
	pid = fork();
	if (!pid)
		run_command(rq, fds);
	setpgid(pid, pid);
	signal(SIGHUP, SIG_IGN);
	/* The command's streams end when it closes them. */
	dup2(news, 0);
	close_range(1, ~0U, 0);
	tell(0, pid);
	do {
		if (waitpid(pid, &status, WUNTRACED) != pid)
			_exit(1);
		tell(0, status);
	} while (WIFSTOPPED(status));
	_exit(0);
}

static void start(const struct request *rq, const int fds[],
		  struct command *command)
{
	int news[2], i;
	pid_t leader;

	if (pipe2(news, O_CLOEXEC))
		fail_errno("make a pipe for", rq->args[0]);
	leader = fork();
	if (leader < 0)
		fail_errno("start", rq->args[0]);
	if (!leader)
		lead_session(rq, fds, news[1]);
	close(news[1]);
	/* A terminal may be there up to three times. */
	for (i = IN; i <= ERR; i++)
		close(fds[i]);
	if (read(news[0], &command->pid, sizeof(command->pid)) !=
		    sizeof(command->pid) ||
	    command->pid <= 0)
		fail_errno("start", rq->args[0]);
	command->news = news[0];
}

/* Runs the command to its end, and returns its wait status. */
static int supervise(const struct request *rq)
{
	struct sigaction action = { .sa_handler = on_child };
	struct command command = { 0 };
	sigset_t blocked, unblocked;
	int fds[ERR + 1], status;
	pid_t pid;

	sigemptyset(&unblocked);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	open_streams(rq, fds);
	say_up();
	start(rq, fds, &command);

	/* SIGCHLD comes only while relay() waits. */
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	while (!command.ended) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != command.pid)
				continue;
			command.ended = true;
			command.status = status;
		}
		if (!command.ended)
			relay(&unblocked, &command);
	}
	/* Nothing outlives the command. */
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	drain_streams();
	return command.status;
}

/* ---- the kernel's log ---- */

static const char *const complaints[] = {
	"WARNING:",
	"BUG:",
	"Oops:",
	"INFO: task ",
	"INFO: trying to register non-static key",
	"INFO: rcu_",
	"possible circular locking",
	"possible recursive locking",
	"inconsistent lock state",
	"suspicious RCU usage",
	"refcount_t:",
	"general protection fault",
	"Bad page state",
	"Bad page map",
	"Bad rss-counter",
	"UBSAN:",
	"KASAN:",
	"slab error",
	"Objects remaining in",
	"scheduling while atomic",
	"sleeping function called from invalid context",
	"new suspected memory leaks",
};

/*
 * Searches what the kernel has logged since the last call. Returns whether it
 * complains, and the first complaint in @text.
 */
static bool kernel_complains(char *text, size_t size)
{
	static int kmsg = -1;
	char record[8192], *message;
	bool found = false;
	size_t i;
	ssize_t n;

	if (kmsg < 0) {
		kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (kmsg < 0)
			fail_errno("open", "/dev/kmsg");
	}
	while (!found) {
		n = read(kmsg, record, sizeof(record) - 1);
		/* EPIPE: records were overwritten before they were read. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n < 0)
			break;
		record[n] = '\0';
		message = strchr(record, ';');
		/* What user space has written is none of the kernel's. */
		if (!message || strtoul(record, NULL, 10) >> 3)
			continue;
		message[1 + strcspn(message + 1, "\n")] = '\0';
		for (i = 0; i < sizeof(complaints) / sizeof(*complaints); i++) {
			if (!strstr(message, complaints[i]))
				continue;
			snprintf(text, size, "%s", message + 1);
			found = true;
			break;
		}
	}
	return found;
}

/*
 * Where the kernel looks for leaks (kmemleak): lets it look at all that is as
 * old as it wants, twice, because it believes only what did not change. What it
 * finds it says in its log, and the details go to the console.
 */
static void look_for_leaks(void)
{
	static const char path[] = "/sys/kernel/debug/kmemleak";
	char buf[4096];
	int fd, console, i;
	ssize_t n;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	for (i = 0; i < 2; i++) {
		sleep(6);
		if (write(fd, "scan", 4) < 0)
			fail_errno("write", path);
	}
	console = open("/dev/console", O_WRONLY | O_CLOEXEC);
	while (console >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		if (write(console, buf, n) < 0)
			break;
	close(console);
	close(fd);
}

static void describe(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "signal %d", WTERMSIG(status));
	else
		snprintf(text, size, "exit %d", WEXITSTATUS(status));
}

int main(void)
{
	static struct request rq;
	char ended[32], complaint[512];
	int status;

	mount_early();
	read_request(&rq);
	insert_base_modules(&rq);
	open_status_port();
	mount_root(&rq);
	/* Before what is the host's can be written: /etc/resolv.conf may be in it. */
	start_network(&rq);
	mount_late(&rq);
	if (sethostname(rq.hostname, strlen(rq.hostname)))
		fail_errno("set the name", rq.hostname);
	if (rq.module >= 0) {
		insert_module(&rq);
		give_device(&rq);
		give_cpuid(&rq);
		watch_programs(&rq);
	}

	status = supervise(&rq);
	describe(status, ended, sizeof(ended));

	look_for_leaks();
	if (kernel_complains(complaint, sizeof(complaint)))
		report("kernel after \"%s\": %s", ended, complaint);
	if (rq.module >= 0 && !rq.keep) {
		if (syscall(SYS_delete_module, "softsgx", O_NONBLOCK))
			report("kernel after \"%s\": softsgx cannot be removed: %s",
			       ended, strerror(errno));
		look_for_leaks();
		if (kernel_complains(complaint, sizeof(complaint)))
			report("kernel after \"%s\" and the removal of softsgx: %s",
			       ended, complaint);
	}
	report("%s", ended);
}
