// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * softsgx policy explain: runs a program where nothing is refused, and makes
 * rules of the privileges that its enclaves have used, or SELinux statements.
 *
 * Each question that the kernel asks is an event of the tracepoint
 * softsgx_access:enclave_asked; an instance of the tracing directory has those
 * of the program and what it starts. In the micro-VM this program runs itself,
 * as root, to watch and to write the events to a file that both see; what is
 * made of them is made here.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <asm/sgx.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "policy.h"

enum {
	OPTION_HOST = OPTION_OWN,
	OPTION_VM,
	OPTION_KERNEL,
	OPTION_SIGNER,
	OPTION_SELINUX,
	OPTION_TRACE,
	OPTION_USER,
};

struct options {
	bool host_wanted;
	bool signer;
	bool selinux;
	bool json;
	const char *kernel;
	const char *output;
	const char *trace;
	const char *user;
	char **command;
};

/**
 * struct use - privileges that were asked for
 * @ops:	set of them
 * @used:	what the enclave had used before
 * @known:	whether the identity is known
 * @attributes:	of the enclave
 * @isvprodid:	likewise, if it is known
 * @isvsvn:	likewise
 * @mrenclave:	likewise, in digits
 * @mrsigner:	likewise
 * @file:	source or SIGSTRUCT, quoted as in a policy; "" for none, "?" for
 *		one that no rule can name
 * @exe:	the program, likewise
 */
struct use {
	unsigned int ops;
	unsigned int used;
	bool known;
	unsigned long long attributes;
	unsigned int isvprodid;
	unsigned int isvsvn;
	char mrenclave[2 * SGX_DIGEST_SIZE + 1];
	char mrsigner[2 * SGX_DIGEST_SIZE + 1];
	char *file;
	char *exe;
};

/**
 * struct uses - what a run has shown
 * @list:	in order, each once
 * @count:	how many
 * @changes_pages: an ioctl of SGX2 was used
 * @status:	of the program, as a shell has it
 */
struct uses {
	struct use *list;
	size_t count;
	bool changes_pages;
	int status;
};

/* ---- the events ---- */

/* The digits behind "NAME=", in front of what may hold any text. */
static void field_digits(const char *line, const char *name, char *text,
			 size_t size)
{
	const char *at = strstr(line, name);

	if (!at)
		return;
	at += strlen(name);
	snprintf(text, size, "%.*s", (int)strcspn(at, " "), at);
}

/*
 * What is in quotes behind @name, which *@at begins with; *@at is then behind
 * the closing quote. A quote in the text itself the kernel writes as \x22.
 * NULL if it is not so.
 */
static char *quoted(const char **at, const char *name)
{
	const char *start = *at + strlen(name) + 1;
	const char *end;

	if (strncmp(*at, name, strlen(name)) || start[-1] != '"')
		return NULL;
	end = strchr(start, '"');
	if (!end)
		return NULL;
	*at = end + 1;
	return strndup(start, end - start);
}

static unsigned long long field_number(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	return at ? strtoull(at + strlen(name), NULL, 0) : 0;
}

static bool same_use(const struct use *a, const struct use *b)
{
	return a->ops == b->ops && a->used == b->used && a->known == b->known &&
	       a->attributes == b->attributes && a->isvprodid == b->isvprodid &&
	       a->isvsvn == b->isvsvn && !strcmp(a->mrenclave, b->mrenclave) &&
	       !strcmp(a->mrsigner, b->mrsigner) && !strcmp(a->file, b->file) &&
	       !strcmp(a->exe, b->exe);
}

static bool add_use(struct uses *uses, const struct use *use)
{
	struct use *list;
	size_t i;

	for (i = 0; i < uses->count; i++)
		if (same_use(&uses->list[i], use))
			return false;
	list = realloc(uses->list, (uses->count + 1) * sizeof(*list));
	if (!list)
		return false;
	uses->list = list;
	uses->list[uses->count++] = *use;
	return true;
}

/* Returns whether it is a question, whatever else its text says. */
static bool read_event(struct uses *uses, const char *line)
{
	static const char asked[] = ": enclave_asked: privileges=";
	const char *at = strstr(line, asked);
	struct use use = { 0 };

	if (!at)
		return false;
	use.ops = strtoul(at + sizeof(asked) - 1, NULL, 0);
	use.used = field_number(at, " used=");
	use.known = field_number(at, " known=") & SGX_KNOWN_IDENTITY;
	use.attributes = field_number(at, " attributes=");
	if (use.known) {
		use.isvprodid = field_number(at, " isvprodid=");
		use.isvsvn = field_number(at, " isvsvn=");
		field_digits(at, " mrenclave=", use.mrenclave,
			     sizeof(use.mrenclave));
		field_digits(at, " mrsigner=", use.mrsigner,
			     sizeof(use.mrsigner));
	}
	/* Whoever names a file must not be able to name the program. */
	at = strstr(at, " file=");
	use.file = at ? quoted(&at, " file=") : NULL;
	use.exe = use.file ? quoted(&at, " exe=") : NULL;
	if (use.file && use.exe && add_use(uses, &use))
		return true;
	free(use.file);
	free(use.exe);
	return true;
}

static void read_trace(struct uses *uses, char *text)
{
	char *line, *rest = text;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (line == text && !strncmp(line, "status=", 7))
			uses->status = atoi(line + 7);
		else if (!read_event(uses, line) &&
			 strstr(line, ": sys_ioctl("))
			uses->changes_pages = true;
	}
}

/* ---- watching ---- */

struct watch {
	char dir[64];
	char *text;
	size_t len;
	size_t room;
	int pipe;
};

static bool write_to(const struct watch *watch, const char *name,
		     const char *text)
{
	char path[160];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", watch->dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

/* ioctls of SGX2, which no privilege is about, but SELinux is. */
static void watch_ioctls(const struct watch *watch)
{
	static const unsigned long commands[] = {
		SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
		SGX_IOC_ENCLAVE_MODIFY_TYPES,
		SGX_IOC_ENCLAVE_REMOVE_PAGES,
	};
	char filter[128];

	snprintf(filter, sizeof(filter), "cmd==0x%lx||cmd==0x%lx||cmd==0x%lx",
		 commands[0], commands[1], commands[2]);
	if (!write_to(watch, "events/syscalls/sys_enter_ioctl/filter",
		      filter) ||
	    !write_to(watch, "events/syscalls/sys_enter_ioctl/enable", "1"))
		complain("ioctls cannot be traced: those of SGX2 are not seen");
}

static bool watch_start(struct watch *watch, pid_t pid)
{
	char text[96];

	memset(watch, 0, sizeof(*watch));
	watch->pipe = -1;
	tracing_sweep();
	snprintf(watch->dir, sizeof(watch->dir), TRACING "/softsgx-%d",
		 getpid());
	if (mkdir(watch->dir, 0700)) {
		complain("%s: %s", watch->dir, strerror(errno));
		*watch->dir = '\0';
		return false;
	}
	snprintf(text, sizeof(text), "%d", pid);
	if (!write_to(watch, "set_event_pid", text) ||
	    !write_to(watch, "options/event-fork", "1") ||
	    !write_to(watch, "events/softsgx_access/enclave_asked/enable",
		      "1")) {
		complain(
			"softsgx's questions cannot be traced; is it loaded here?");
		return false;
	}
	watch_ioctls(watch);
	snprintf(text, sizeof(text), "%s/trace_pipe", watch->dir);
	watch->pipe = open(text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (watch->pipe < 0)
		complain("%s: %s", text, strerror(errno));
	return watch->pipe >= 0;
}

static bool watch_read(struct watch *watch)
{
	ssize_t n;
	char *text;

	do {
		if (watch->room - watch->len < 1 << 16) {
			text = realloc(watch->text, watch->room + (1 << 20));
			if (!text) {
				complain("out of memory");
				return false;
			}
			watch->text = text;
			watch->room += 1 << 20;
		}
		n = read(watch->pipe, watch->text + watch->len, (1 << 16) - 1);
		watch->len += n > 0 ? n : 0;
		watch->text[watch->len] = '\0';
	} while (n > 0);
	return true;
}

/* Events that the kernel had no room for. */
static unsigned long watch_lost(const struct watch *watch)
{
	char path[PATH_MAX], text[1024];
	struct dirent **names;
	unsigned long lost = 0;
	char *at;
	int count;

	snprintf(path, sizeof(path), "%s/per_cpu", watch->dir);
	count = scandir(path, &names, NULL, NULL);
	while (count > 0) {
		count--;
		snprintf(path, sizeof(path), "%s/per_cpu/%s/stats", watch->dir,
			 names[count]->d_name);
		free(names[count]);
		if (!host_read(path, text, sizeof(text)))
			continue;
		at = strstr(text, "overrun: ");
		lost += at ? strtoul(at + 9, NULL, 10) : 0;
		at = strstr(text, "dropped events: ");
		lost += at ? strtoul(at + 16, NULL, 10) : 0;
		if (!count)
			free(names);
	}
	return lost;
}

static void watch_end(struct watch *watch)
{
	if (watch->pipe >= 0)
		close(watch->pipe);
	if (!*watch->dir)
		return;
	write_to(watch, "events/enable", "0");
	if (rmdir(watch->dir))
		complain("%s: %s", watch->dir, strerror(errno));
}

/* ---- running ---- */

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* The program, once it may go. Its output is not what this command prints. */
static _Noreturn void child_run(const struct options *o, int go)
{
	char byte;

	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	tracing_restore_pipe();
	if (read(go, &byte, 1) != 1)
		_exit(125);
	close(go);
	if (!o->output && !o->trace)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	if (o->user && !run_become(o->user))
		_exit(125);
	execvp(o->command[0], o->command);
	complain("%s: %s", o->command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* The rules of this machine, if they are enforced, would stop the program. */
static bool is_permissive(void)
{
	char text[512];

	if (!host_read(POLICY_DIR "/status", text, sizeof(text)))
		return true;
	if (!strncmp(text, "name=\n", 6) || !strstr(text, "\nenforce=1"))
		return true;
	complain(
		"this machine has rules, and what they refuse would stop the program: use --vm, or echo 0 >" POLICY_DIR
		"/enforce for as long as it runs");
	return false;
}

static int watch_child(struct watch *watch, pid_t pid, int go, int *status)
{
	if (!watch_start(watch, pid)) {
		close(go);
		waitpid(pid, status, 0);
		return EXIT_SYSTEM;
	}
	tracing_pass_to(pid);
	if (write(go, "", 1) != 1)
		complain("the program cannot be started");
	close(go);
	while (!waitpid(pid, status, WNOHANG)) {
		if (!watch_read(watch))
			return EXIT_SYSTEM;
		usleep(20000);
	}
	return watch_read(watch) ? EXIT_YES : EXIT_SYSTEM;
}

/* Here. *@trace is the events and "status=", to be freed. */
static int run_here(const struct options *o, char **trace)
{
	struct watch watch;
	unsigned long lost;
	int status = 0;
	int go[2];
	pid_t pid;
	int ret;

	if (!is_permissive())
		return EXIT_SYSTEM;
	/* A terminal's signals are for the program. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	fflush(stdout);
	if (pipe(go) || (pid = fork()) < 0) {
		complain("%s", strerror(errno));
		return EXIT_SYSTEM;
	}
	if (!pid) {
		close(go[1]);
		child_run(o, go[0]);
	}
	close(go[0]);
	ret = watch_child(&watch, pid, go[1], &status);
	tracing_pass_to(0);
	lost = ret ? 0 : watch_lost(&watch);
	watch_end(&watch);
	if (lost) {
		complain("%lu events were lost: this is not all", lost);
		ret = EXIT_SYSTEM;
	}
	if (!ret && asprintf(trace, "status=%d\n%s", shell_status(status),
			     watch.text ? watch.text : "") < 0)
		ret = EXIT_SYSTEM;
	free(watch.text);
	return ret;
}

static int call_vm(const struct options *o, const char *vm, const char *self,
		   char *secret, char *dir, char *file)
{
	char program[PATH_MAX];
	char *user = run_user();
	size_t words = 0, n = 0;
	char **argv;
	int status;
	pid_t pid;

	while (o->command[words])
		words++;
	argv = calloc(words + 24, sizeof(*argv));
	if (!argv || !user) {
		free(argv);
		free(user);
		return 125;
	}
	argv[n++] = (char *)vm;
	if (o->kernel) {
		argv[n++] = (char *)"--kernel";
		argv[n++] = (char *)o->kernel;
	}
	if (secret) {
		argv[n++] = (char *)"--secret-file";
		argv[n++] = secret;
	}
	argv[n++] = (char *)"--rw";
	argv[n++] = dir;
	if (run_find_program(o->command[0], program)) {
		argv[n++] = (char *)"--cpuid";
		argv[n++] = program;
	}
	argv[n++] = (char *)"--";
	argv[n++] = (char *)self;
	argv[n++] = (char *)"policy";
	argv[n++] = (char *)"explain";
	argv[n++] = (char *)"--host";
	argv[n++] = (char *)"--trace";
	argv[n++] = file;
	if (geteuid()) {
		argv[n++] = (char *)"--user";
		argv[n++] = user;
	}
	argv[n++] = (char *)"--";
	memcpy(argv + n, o->command, words * sizeof(*argv));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		tracing_restore_pipe();
		if (!o->output)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(vm, argv);
		complain("%s: %s", vm, strerror(errno));
		_exit(125);
	}
	free(argv);
	free(user);
	if (pid < 0)
		return 125;
	tracing_pass_to(pid);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return 125;
	tracing_pass_to(0);
	return shell_status(status);
}

static int run_in_vm(const struct options *o, char **trace)
{
	char dir[] = "/tmp/softsgx-explain.XXXXXX";
	char self[PATH_MAX] = "", vm[PATH_MAX], secret[PATH_MAX], file[64];
	struct softsgx_error error;
	int ret = EXIT_SYSTEM, found;
	void *data;
	size_t len;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    !run_find_vm(self, vm)) {
		complain("%s: %s; SOFTSGX_VM names it", vm, strerror(errno));
		return EXIT_SYSTEM;
	}
	/* The program finds what it has sealed in other runs. */
	found = secret_find(secret);
	if (found == EXIT_FORMAT)
		return found;
	if (!mkdtemp(dir)) {
		complain("%s: %s", dir, strerror(errno));
		return EXIT_SYSTEM;
	}
	snprintf(file, sizeof(file), "%s/trace", dir);
	switch (call_vm(o, vm, self, found == EXIT_YES ? secret : NULL, dir,
			file)) {
	case EXIT_YES:
		if (softsgx_file_read(file, &data, &len, &error)) {
			ret = report_error(&error);
			break;
		}
		*trace = strndup(data, len);
		free(data);
		ret = *trace ? EXIT_YES : EXIT_SYSTEM;
		break;
	default:
		complain("the program was not watched to its end");
	}
	unlink(file);
	rmdir(dir);
	return ret;
}

/* ---- lines, each once, in order ---- */

/**
 * struct lines - what is to be printed
 * @list:	the lines
 * @count:	how many
 * @stream:	writes @text
 * @text:	the line that is being made
 * @len:	of it
 */
struct lines {
	char **list;
	size_t count;
	FILE *stream;
	char *text;
	size_t len;
};

static FILE *line_start(struct lines *lines)
{
	lines->stream = open_text(&lines->text, &lines->len);
	return lines->stream;
}

static void line_end(struct lines *lines)
{
	size_t i;

	close_text(lines->stream);
	for (i = 0; i < lines->count; i++)
		if (!strcmp(lines->list[i], lines->text)) {
			free(lines->text);
			return;
		}
	lines->list = realloc(lines->list, (i + 1) * sizeof(*lines->list));
	if (!lines->list) {
		complain("out of memory");
		exit(EXIT_SYSTEM);
	}
	lines->list[lines->count++] = lines->text;
}

static void lines_print(FILE *out, struct lines *lines)
{
	size_t i;

	for (i = 0; i < lines->count; i++) {
		fputs(lines->list[i], out);
		free(lines->list[i]);
	}
	free(lines->list);
}

/* ---- rules ---- */

/*
 * A path as a rule has it. The kernel has quoted what is quoted in the trace;
 * other control characters a policy does not take.
 */
static void put_path(FILE *out, const char *key, const char *path)
{
	const char *c;

	fprintf(out, " %s=\"", key);
	for (c = path; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			fprintf(out, "\\x%02x", (unsigned char)*c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void put_identity(FILE *out, const struct use *use, bool signer)
{
	if (signer)
		fprintf(out, " mrsigner=%s isvprodid=%u min_isvsvn=%u",
			use->mrsigner, use->isvprodid, use->isvsvn);
	else
		fprintf(out, " mrenclave=%s mrsigner=%s", use->mrenclave,
			use->mrsigner);
}

static void put_used(FILE *out, unsigned int used)
{
	const char *comma = "";
	int n;

	fprintf(out, " priv=%s", used ? "" : "none");
	for (n = 0; n < ENCLAVE_PRIVILEGES; n++) {
		if (!(used & 1U << n))
			continue;
		fprintf(out, "%s%s", comma, sgx_privilege_names[n]);
		comma = ",";
	}
}

/* Whether the file counts; there may be none nevertheless. */
static bool has_file(enum enclave_privilege op)
{
	return op == ENCLAVE_EXECUTE || op == ENCLAVE_EXECMOD ||
	       op == ENCLAVE_EXECUNMR || op == ENCLAVE_INIT;
}

/* Not so: another root, another mount namespace, a memfd, a deleted file. */
static bool is_namable(const struct use *use, enum enclave_privilege op)
{
	return strcmp(use->exe, "?") &&
	       (!has_file(op) || strcmp(use->file, "?"));
}

static bool is_init(enum enclave_privilege op)
{
	return op == ENCLAVE_INIT || op == ENCLAVE_INITANON;
}

/* Whether rules about it can name the enclave. */
static bool has_identity(enum enclave_privilege op)
{
	return is_init(op) || op == ENCLAVE_DEBUG || op == ENCLAVE_EXECMOD ||
	       op == ENCLAVE_EXECMEM;
}

/*
 * The rule that allows it, and as little else as rules can say; a comment, if
 * that would be more than was used.
 */
static void put_rule(FILE *out, const struct use *use,
		     enum enclave_privilege op, bool signer)
{
	char name[OP_TEXT];

	op_text(op, name);
	if (!is_namable(use, op))
		fprintf(out, "# no path that a rule could name: ");
	fprintf(out, "op=%s", name);
	if (use->known && has_identity(op))
		put_identity(out, use, signer);
	if (is_init(op)) {
		fprintf(out, " debug=%s",
			use->attributes & SGX_ATTR_DEBUG ? "yes" : "no");
		put_used(out, use->used);
	}
	switch (op) {
	case ENCLAVE_EXECUTE:
	case ENCLAVE_EXECMOD:
	case ENCLAVE_EXECUNMR:
		if (*use->file)
			put_path(out, "file", use->file);
		else
			fprintf(out, " file=none");
		break;
	case ENCLAVE_INIT:
		put_path(out, "sigstruct", use->file);
		break;
	default:
		break;
	}
	put_path(out, "exe", use->exe);
	fprintf(out, " action=ALLOW\n");
}

static void put_command(FILE *out, const struct options *o,
			const struct uses *uses, const char *comment)
{
	char **word;

	fprintf(out,
		"%s To be reviewed: what this used, which ended with status %d:\n%s  ",
		comment, uses->status, comment);
	for (word = o->command; *word; word++)
		fprintf(out, " %s", shown(*word));
	fputc('\n', out);
}

/* Of the program's name, what a policy's name may have. */
static void policy_name(const struct options *o, char name[32])
{
	const char *slash = strrchr(o->command[0], '/');
	const char *base = slash ? slash + 1 : o->command[0];
	size_t i;

	snprintf(name, 32, "%s", *base ? base : "explained");
	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			name[i] = '_';
}

static void print_rules(FILE *out, const struct options *o,
			const struct uses *uses)
{
	struct lines lines = { 0 };
	char name[32];
	size_t i;
	int op;

	policy_name(o, name);
	put_command(out, o, uses, "#");
	fprintf(out, "policy name=%s version=1\n", name);
	fprintf(out, "DEFAULT action=DENY\n");
	for (op = 0; op < ENCLAVE_PRIVILEGES; op++)
		for (i = 0; i < uses->count; i++) {
			if (!(uses->list[i].ops & 1U << op))
				continue;
			put_rule(line_start(&lines), &uses->list[i], op,
				 o->signer);
			line_end(&lines);
		}
	lines_print(out, &lines);
}

/* ---- SELinux ---- */

/* A name for types: letters, digits and underscores of the program's name. */
static void type_name(const char *exe, char name[64])
{
	const char *slash = strrchr(exe, '/');
	size_t i;

	snprintf(name, 64, "%s", slash ? slash + 1 : exe);
	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]))
			name[i] = '_';
}

/* The path as the regular expression that a file context is. */
static void put_filecon(FILE *out, const char *path, const char *type)
{
	const char *c;

	if (strchr(path, '\\') || *path != '/') {
		fprintf(out, "; %s has to be labelled %s\n", path, type);
		return;
	}
	fprintf(out, "(filecon \"");
	for (c = path; *c; c++)
		fprintf(out, "%s%c", strchr(".^$?*+|[](){}", *c) ? "\\" : "",
			*c);
	fprintf(out, "\" file (system_u object_r %s ((s0) (s0))))\n", type);
}

/* The interface of selinux/softsgx.cil for a privilege. */
static void put_call(FILE *out, const struct use *use,
		     enum enclave_privilege op, const char *domain,
		     const char *type)
{
	static const char *const on_file[ENCLAVE_PRIVILEGES] = {
		[ENCLAVE_EXECUTE] = "softsgx_load_enclave",
		[ENCLAVE_EXECMOD] = "softsgx_load_modified",
		[ENCLAVE_EXECUNMR] = "softsgx_load_unmeasured",
		[ENCLAVE_INIT] = "softsgx_init_enclave",
	};
	static const char *const on_device[ENCLAVE_PRIVILEGES] = {
		[ENCLAVE_EXECMOD] = "softsgx_execute_written",
		[ENCLAVE_EXECANON] = "softsgx_load_anonymous",
		[ENCLAVE_EXECUNMR] = "softsgx_load_anonymous_unmeasured",
		[ENCLAVE_EXECMEM] = "softsgx_map_execmem",
		[ENCLAVE_INITANON] = "softsgx_init_anonymous",
		[ENCLAVE_DEBUG] = "softsgx_debug_enclave",
		[ENCLAVE_PROVISION] = "softsgx_provision",
	};

	if (op == ENCLAVE_CREATE)
		fprintf(out,
			"(call softsgx_use_device (%s_t))\n(call softsgx_map_writable (%s_t))\n",
			domain, domain);
	else if (on_file[op] && *use->file)
		fprintf(out, "(call %s (%s_t %s))\n", on_file[op], domain,
			type);
	else
		fprintf(out, "(call %s (%s_t))\n", on_device[op], domain);
}

static bool is_source(const struct use *use)
{
	return use->ops & (SGX_PRIVILEGE(EXECUTE) | SGX_PRIVILEGE(EXECMOD) |
			   SGX_PRIVILEGE(EXECUNMR)) &&
	       *use->file;
}

/* One type for sources; another one for files that are SIGSTRUCTs only. */
static void file_type(const struct uses *uses, const struct use *use,
		      const char *domain, char type[96])
{
	bool source = false;
	size_t i;

	for (i = 0; i < uses->count; i++)
		if (is_source(&uses->list[i]) &&
		    !strcmp(uses->list[i].exe, use->exe) &&
		    !strcmp(uses->list[i].file, use->file))
			source = true;
	snprintf(type, 96, "%s_%s_t", domain, source ? "enclave" : "sigstruct");
}

static void selinux_of(const struct uses *uses, const struct use *use,
		       struct lines *types, struct lines *calls,
		       struct lines *labels)
{
	char domain[64], type[96];
	int op;

	type_name(use->exe, domain);
	file_type(uses, use, domain, type);
	fprintf(line_start(types), "(type %s_t) ; the domain of %s\n", domain,
		use->exe);
	line_end(types);
	if (*use->file) {
		fprintf(line_start(types),
			"(type %s)\n(roletype object_r %s)\n", type, type);
		line_end(types);
		put_filecon(line_start(labels), use->file, type);
		line_end(labels);
	}
	for (op = 0; op < ENCLAVE_PRIVILEGES; op++) {
		if (!(use->ops & 1U << op))
			continue;
		put_call(line_start(calls), use, op, domain, type);
		line_end(calls);
	}
	if (uses->changes_pages) {
		fprintf(line_start(calls),
			"(call softsgx_change_pages (%s_t))\n", domain);
		line_end(calls);
	}
}

static void print_selinux(FILE *out, const struct options *o,
			  const struct uses *uses)
{
	struct lines types = { 0 }, calls = { 0 }, labels = { 0 };
	size_t i;

	put_command(out, o, uses, ";");
	fprintf(out,
		"; Types that exist already go by their own names. Labels cannot tell identities:\n"
		"; who may write a file of a SIGSTRUCT decides which enclaves there are.\n");
	for (i = 0; i < uses->count; i++)
		selinux_of(uses, &uses->list[i], &types, &calls, &labels);
	lines_print(out, &types);
	lines_print(out, &calls);
	lines_print(out, &labels);
}

/* ---- JSON ---- */

static struct json_object *names_of(unsigned int set)
{
	struct json_object *names = json_object_new_array();
	int n;

	for (n = 0; n < ENCLAVE_PRIVILEGES; n++)
		if (set & 1U << n)
			json_object_array_add(
				names,
				json_object_new_string(sgx_privilege_names[n]));
	return names;
}

static struct json_object *use_object(const struct use *use)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "privileges", names_of(use->ops));
	json_object_object_add(json, "used", names_of(use->used));
	json_text(json, "exe", use->exe);
	json_text(json, "file", use->file);
	json_bits(json, "attributes", use->attributes);
	if (use->known) {
		json_text(json, "mrenclave", use->mrenclave);
		json_text(json, "mrsigner", use->mrsigner);
		json_number(json, "isvprodid", use->isvprodid);
		json_number(json, "isvsvn", use->isvsvn);
	}
	return json;
}

static void print_json(FILE *out, const struct uses *uses)
{
	struct json_object *json = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t i;

	json_number(json, "status", uses->status);
	json_flag(json, "changes_pages", uses->changes_pages);
	for (i = 0; i < uses->count; i++)
		json_object_array_add(list, use_object(&uses->list[i]));
	json_object_object_add(json, "uses", list);
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(
			json, JSON_C_TO_STRING_PRETTY |
				      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

/* ---- the command ---- */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPTION_JSON:
		o->json = true;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case OPTION_HOST:
		o->host_wanted = true;
		return 0;
	case OPTION_VM:
		o->host_wanted = false;
		return 0;
	case OPTION_KERNEL:
		o->kernel = arg;
		return 0;
	case OPTION_SIGNER:
		o->signer = true;
		return 0;
	case OPTION_SELINUX:
		o->selinux = true;
		return 0;
	case OPTION_TRACE:
		o->trace = arg;
		return 0;
	case OPTION_USER:
		o->user = arg;
		return 0;
	case ARGP_KEY_ARG:
		o->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!o->command)
			argp_error(state, "which command?");
		if (o->host_wanted && o->kernel)
			argp_error(state, "--kernel is for the VM");
		if (o->json && o->selinux)
			argp_error(state, "--json or --selinux, not both");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print(const struct options *o, const struct uses *uses)
{
	FILE *out = o->output ? fopen(o->output, "we") : stdout;
	int ret = EXIT_YES;

	if (!out) {
		complain("%s: %s", o->output, strerror(errno));
		return EXIT_SYSTEM;
	}
	if (o->json)
		print_json(out, uses);
	else if (o->selinux)
		print_selinux(out, o, uses);
	else
		print_rules(out, o, uses);
	if (o->output && fclose(out)) {
		complain("%s: %s", o->output, strerror(errno));
		ret = EXIT_SYSTEM;
	}
	return ret;
}

static int explain(const struct options *o)
{
	struct uses uses = { 0 };
	struct softsgx_error error;
	char *trace = NULL;
	size_t i;
	int ret;

	tracing_catch();
	ret = o->host_wanted ? run_here(o, &trace) : run_in_vm(o, &trace);
	tracing_restore_pipe();
	if (ret)
		return ret;
	if (o->trace) {
		if (softsgx_file_write(o->trace, trace, strlen(trace), &error))
			ret = report_error(&error);
		free(trace);
		return ret;
	}
	read_trace(&uses, trace);
	free(trace);
	if (uses.status)
		complain("%s ended with status %d: this may not be all",
			 o->command[0], uses.status);
	if (!uses.count)
		complain("%s has used no enclave", o->command[0]);
	ret = print(o, &uses);
	for (i = 0; i < uses.count; i++) {
		free(uses.list[i].file);
		free(uses.list[i].exe);
	}
	free(uses.list);
	return ret ? ret : uses.status || !uses.count ? EXIT_NO : EXIT_YES;
}

int policy_explain(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "vm", OPTION_VM, NULL, 0, "In the micro-VM (the default)",
		  0 },
		{ "host", OPTION_HOST, NULL, 0,
		  "On this machine, as root; its rules must not be enforced",
		  0 },
		{ "kernel", OPTION_KERNEL, "V", 0,
		  "Kernel of the VM: 6.1, 6.12 or 7.2", 0 },
		{ "output", 'o', "FILE", 0,
		  "Print to FILE; without it the program's own output goes to standard error",
		  0 },
		{ "signer", OPTION_SIGNER, NULL, 0,
		  "Name enclaves by their signer, product and least version, not by measurement",
		  0 },
		{ "selinux", OPTION_SELINUX, NULL, 0,
		  "Print SELinux statements (CIL), not rules", 0 },
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ "trace", OPTION_TRACE, "FILE", OPTION_HIDDEN, NULL, 0 },
		{ "user", OPTION_USER, "UID:GID", OPTION_HIDDEN, NULL, 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"COMMAND [ARGUMENT...]",
		"Run a program with all privileges, and print the rules that give those that its enclaves have used and no others.\v"
		"The status is 0 if the program ended with 0, 1 if not or if there was no enclave.",
		NULL,
		NULL,
		NULL
	};
	struct options o = { 0 };

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	return explain(&o);
}
