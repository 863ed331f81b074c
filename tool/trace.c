// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * softsgx trace: what enclaves do, from the module's tracepoints, as a timeline.
 * They are read from an instance of tracefs of its own, so that other tracing
 * is not disturbed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tracefs.h>
#include <unistd.h>
#include <sys/wait.h>
#include "policy.h"

enum { OPTION_CHROME = OPTION_OWN, OPTION_BUFFER };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CHROME };

/**
 * struct options - what was asked for
 * @format:	of what is written
 * @output:	file, or NULL for standard output
 * @pid:	only this process and its threads, or 0
 * @seconds:	how long, 0 until the command ends, or for ever
 * @buffer:	KiB of the ring buffer of each processor
 * @command:	to run and to trace, or NULL
 */
struct options {
	enum format format;
	const char *output;
	pid_t pid;
	double seconds;
	unsigned int buffer;
	char **command;
};

/**
 * struct thread - a thread that was seen
 * @tid:	its number
 * @pid:	of its process
 * @told:	something that it did was written
 * @name:	of the thread
 */
struct thread {
	pid_t tid;
	pid_t pid;
	bool told;
	char name[17];
};

/**
 * struct trace - a trace that is being read
 * @o:		what was asked for
 * @out:	where it goes
 * @error:	of writing there: errno, or 0
 * @instance:	of tracefs
 * @pin:	a file of it, open so that nobody else removes it
 * @tep:	formats of the events
 * @threads:	that were seen
 * @thread_count: how many
 * @followed:	the threads of what is traced, where that is not everything
 * @followed_count: how many
 * @pending:	what was read, and may not be complete up to its time
 * @pending_count: how much
 * @pending_room: how much there is room for
 * @start:	time of the first event, ns
 * @events:	how many were written
 * @lost:	how many the kernel could not keep
 */
struct trace {
	const struct options *o;
	FILE *out;
	int error;
	struct tracefs_instance *instance;
	int pin;
	struct tep_handle *tep;
	struct thread *threads;
	size_t thread_count;
	pid_t *followed;
	size_t followed_count;
	struct pending *pending;
	size_t pending_count;
	size_t pending_room;
	unsigned long long start;
	unsigned long long events;
	unsigned long long lost;
};

/* What one event says, in the words of this command. */
struct told {
	const char *name;
	char phase;
	bool has_id;
	uint64_t id;
	char detail[128];
};

/**
 * struct pending - an event that was read and not written yet
 * @ts:		its time
 * @order:	in which it was read
 * @tid:	who it is about
 * @forked:	the thread that @tid has made, or 0
 * @told:	what it says, if it is no fork
 */
struct pending {
	unsigned long long ts;
	unsigned long long order;
	pid_t tid;
	pid_t forked;
	struct told told;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char *end;

	switch (key) {
	case OPTION_JSON:
		o->format = FORMAT_JSON;
		return 0;
	case OPTION_CHROME:
		o->format = FORMAT_CHROME;
		return 0;
	case OPTION_BUFFER:
		o->buffer = parse_number(arg, 1 << 20, "--buffer", state);
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'p':
		o->pid = parse_number(arg, INT32_MAX, "--pid", state);
		return 0;
	case 't':
		o->seconds = strtod(arg, &end);
		if (*end || end == arg || !(o->seconds > 0))
			argp_error(state, "--time takes seconds, not '%s'",
				   arg);
		return 0;
	case ARGP_KEY_ARG:
		o->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (o->command && o->pid)
			argp_error(state, "a command or --pid, not both");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Words for numbers */

static const char *ioctl_name(uint64_t nr)
{
	static const char *const names[] = {
		"CREATE",	"ADD_PAGES",	   "INIT",
		"PROVISION",	"VEPC_REMOVE_ALL", "RESTRICT_PERMISSIONS",
		"MODIFY_TYPES", "REMOVE_PAGES",
	};

	return nr < sizeof(names) / sizeof(names[0]) ? names[nr] : "ioctl";
}

static const char *leaf_name(uint64_t leaf)
{
	static const char *const names[] = {
		"EREPORT", "EGETKEY", "EENTER",	     "ERESUME", "EEXIT",
		"EACCEPT", "EMODPE",  "EACCEPTCOPY", NULL,	"EDECCSSA",
	};

	if (leaf < sizeof(names) / sizeof(names[0]) && names[leaf])
		return names[leaf];
	return "ENCLU";
}

static const char *aex_reason(int vector)
{
	switch (vector) {
	case -1:
		return "interrupt, signal or system call";
	case 0:
		return "#DE";
	case 1:
		return "#DB";
	case 3:
		return "#BP";
	case 6:
		return "#UD";
	case 13:
		return "#GP";
	case 14:
		return "#PF";
	case 16:
		return "#MF";
	case 17:
		return "#AC";
	case 19:
		return "#XM";
	default:
		return "exception";
	}
}

/* A module that is newer than this program may have more of them. */
static void privilege_text(uint64_t privilege, char text[OP_TEXT])
{
	if (privilege < ENCLAVE_PRIVILEGES)
		op_text(privilege, text);
	else
		snprintf(text, OP_TEXT, "%u", (unsigned int)privilege);
}

/* Events */

static uint64_t number(const struct tep_event *event, struct tep_record *record,
		       const char *name)
{
	unsigned long long value = 0;

	tep_get_field_val(NULL, (struct tep_event *)event, name, record, &value,
			  0);
	return value;
}

#define N(name) number(event, record, name)

static void tell_ioctl(struct tep_event *event, struct tep_record *record,
		       struct told *t)
{
	const bool begin = !strcmp(event->name, "sgx_ioctl_begin");
	const int64_t ret = N("ret");

	t->name = ioctl_name(N("nr"));
	t->phase = begin ? 'B' : 'E';
	if (begin)
		return;
	if (ret < 0)
		snprintf(t->detail, sizeof(t->detail), "%s",
			 strerror((int)-ret));
	else
		snprintf(t->detail, sizeof(t->detail), "%" PRId64, ret);
}

static void tell_aex(struct tep_event *event, struct tep_record *record,
		     struct told *t)
{
	const int vector = (int)N("vector");

	t->name = "inside";
	t->phase = 'E';
	if (vector == 14)
		snprintf(t->detail, sizeof(t->detail),
			 "AEX: #PF at 0x%" PRIx64 ", error code 0x%" PRIx64,
			 N("addr"), N("errcd"));
	else
		snprintf(t->detail, sizeof(t->detail), "AEX: %s",
			 aex_reason(vector));
}

static void tell_page(struct tep_event *event, struct tep_record *record,
		      struct told *t)
{
	static const struct {
		const char *event;
		const char *name;
	} names[] = {
		{ "sgx_augment", "EAUG" },
		{ "sgx_change", "page changed" },
		{ "sgx_evict", "EWB" },
		{ "sgx_load", "ELDU" },
	};
	size_t i;

	t->name = event->name;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(event->name, names[i].event))
			t->name = names[i].name;
	snprintf(t->detail, sizeof(t->detail), "0x%" PRIx64 ": %d", N("addr"),
		 (int)N("ret"));
}

static void tell_fault(struct tep_event *event, struct tep_record *record,
		       struct told *t)
{
	const uint64_t ret = N("ret");

	t->name = "page fault";
	snprintf(t->detail, sizeof(t->detail), "0x%" PRIx64 " %c: %s",
		 N("addr"), (char)N("access"),
		 ret & 0x40  ? "SIGSEGV"
		 : ret & 0x2 ? "SIGBUS"
		 : ret & 0x1 ? "out of memory"
			     : "resolved");
}

/* Returns false for what says nothing that another event does not say. */
static bool tell(struct tep_event *event, struct tep_record *record,
		 struct told *t)
{
	const char *name = event->name;
	char privilege[OP_TEXT];

	memset(t, 0, sizeof(*t));
	t->phase = 'i';
	t->has_id = tep_find_field(event, "id");
	t->id = N("id");
	if (!strncmp(name, "sgx_ioctl_", 10)) {
		tell_ioctl(event, record, t);
	} else if (!strcmp(name, "sgx_enter")) {
		t->name = "inside";
		t->phase = 'B';
		snprintf(t->detail, sizeof(t->detail), "TCS 0x%" PRIx64,
			 N("tcs"));
	} else if (!strcmp(name, "sgx_exit")) {
		t->name = "inside";
		t->phase = 'E';
		strcpy(t->detail, "EEXIT");
	} else if (!strcmp(name, "sgx_aex")) {
		tell_aex(event, record, t);
	} else if (!strcmp(name, "sgx_enclu")) {
		const uint64_t leaf = N("leaf");

		t->name = leaf_name(leaf);
		snprintf(t->detail, sizeof(t->detail),
			 "RBX 0x%" PRIx64 ", RCX 0x%" PRIx64, N("rbx"),
			 N("rcx"));
		/* Their success is an event of its own. */
		return leaf != SGX_EENTER && leaf != SGX_ERESUME &&
		       leaf != SGX_EEXIT;
	} else if (!strcmp(name, "sgx_fault")) {
		tell_fault(event, record, t);
	} else if (!strcmp(name, "enclave_denied")) {
		t->name = "denied";
		privilege_text(N("privilege"), privilege);
		snprintf(t->detail, sizeof(t->detail),
			 "ENCLAVE_%s, inode %" PRIu64 ", line %" PRIu64 "%s",
			 privilege, N("ino"), N("line"),
			 N("permissive") ? " (permissive)" : "");
	} else {
		tell_page(event, record, t);
	}
	return true;
}

/* Threads */

static pid_t process_of(pid_t tid)
{
	char path[64], text[1024];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (!host_read(path, text, sizeof(text)))
		return tid;
	line = strstr(text, "\nTgid:");
	return line ? (pid_t)strtol(line + 6, NULL, 10) : tid;
}

static void *grow(void *array, size_t count, size_t size)
{
	array = reallocarray(array, count, size);
	if (!array) {
		complain("out of memory");
		exit(EXIT_SYSTEM);
	}
	return array;
}

static bool is_followed(const struct trace *t, pid_t tid)
{
	size_t i;

	for (i = 0; i < t->followed_count; i++)
		if (t->followed[i] == tid)
			return true;
	return false;
}

static void follow_thread(struct trace *t, pid_t tid)
{
	if (is_followed(t, tid))
		return;
	t->followed = grow(t->followed, t->followed_count + 1, sizeof(pid_t));
	t->followed[t->followed_count++] = tid;
}

/* All threads of the process, as far as it has any now. */
static void follow_process(struct trace *t, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	follow_thread(t, pid);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			follow_thread(t,
				      (pid_t)strtol(entry->d_name, NULL, 10));
	if (dir)
		closedir(dir);
}

static struct thread *thread_of(struct trace *t, pid_t tid)
{
	struct thread *thread;
	char path[64];
	size_t i;

	for (i = 0; i < t->thread_count; i++)
		if (t->threads[i].tid == tid)
			return &t->threads[i];
	thread = grow(t->threads, t->thread_count + 1, sizeof(*thread));
	t->threads = thread;
	thread += t->thread_count++;
	thread->told = false;
	thread->tid = tid;
	thread->pid = process_of(tid);
	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	if (host_read(path, thread->name, sizeof(thread->name)))
		return thread;
	/* It is gone; the kernel may have kept its name. */
	tracefs_load_cmdlines(NULL, t->tep);
	snprintf(thread->name, sizeof(thread->name), "%s",
		 tep_data_comm_from_pid(t->tep, tid));
	return thread;
}

/* Output */

static void write_json(struct trace *t, const struct told *told,
		       const struct thread *thread, double us)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "us", json_object_new_double(us));
	json_number(json, "pid", thread->pid);
	json_number(json, "tid", thread->tid);
	json_text(json, "thread", thread->name);
	if (told->has_id)
		json_number(json, "enclave", told->id);
	json_text(json, "event", told->name);
	json_text(json, "phase",
		  told->phase == 'B'   ? "begin"
		  : told->phase == 'E' ? "end"
				       : "instant");
	json_text(json, "detail", told->detail);
	fprintf(t->out, "%s\n",
		json_object_to_json_string_ext(
			json, JSON_C_TO_STRING_PLAIN |
				      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

/* The Trace Event Format, which Perfetto and chrome://tracing read. */
static void put_chrome(struct trace *t, struct json_object *json, bool first)
{
	fprintf(t->out, "%s\n%s", first ? "[" : ",",
		json_object_to_json_string_ext(
			json, JSON_C_TO_STRING_PLAIN |
				      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

static void write_chrome(struct trace *t, const struct told *told,
			 const struct thread *thread, double us)
{
	struct json_object *json = json_object_new_object();
	struct json_object *args = json_object_new_object();
	const char phase[2] = { told->phase };

	json_text(json, "name", told->name);
	json_text(json, "cat", "sgx");
	json_text(json, "ph", phase);
	json_object_object_add(json, "ts", json_object_new_double(us));
	json_number(json, "pid", thread->pid);
	json_number(json, "tid", thread->tid);
	if (told->phase == 'i')
		json_text(json, "s", "t");
	if (told->has_id)
		json_number(args, "enclave", told->id);
	if (*told->detail)
		json_text(args, told->phase == 'E' ? "end" : "what",
			  told->detail);
	json_object_object_add(json, "args", args);
	put_chrome(t, json, !t->events);
}

/* A thread may have any name. */
static void write_thread(struct trace *t, const struct thread *thread)
{
	struct json_object *json = json_object_new_object();
	struct json_object *args = json_object_new_object();

	json_text(json, "name", "thread_name");
	json_text(json, "ph", "M");
	json_number(json, "pid", thread->pid);
	json_number(json, "tid", thread->tid);
	json_text(args, "name", thread->name);
	json_object_object_add(json, "args", args);
	put_chrome(t, json, false);
}

static void write_text(struct trace *t, const struct told *told,
		       const struct thread *thread, double us)
{
	static const char *const marks[] = {
		['B'] = ">", ['E'] = "<", ['i'] = " "
	};
	char id[24] = "-";
	char who[80];

	if (told->has_id)
		snprintf(id, sizeof(id), "%llu", (unsigned long long)told->id);
	snprintf(who, sizeof(who), "%s/%d", shown(thread->name), thread->tid);
	fprintf(t->out, "%12.3f  %-20s %4s  %s %s%s%s\n", us / 1000, who, id,
		marks[(unsigned char)told->phase], told->name,
		*told->detail ? ": " : "", told->detail);
}

static int on_event(struct tep_event *event, struct tep_record *record, int cpu,
		    void *context)
{
	struct trace *t = context;
	struct pending *p;

	(void)cpu;
	/* -1: some, nobody knows how many. */
	if (record->missed_events)
		t->lost += record->missed_events > 0 ? record->missed_events
						     : 1;
	if (t->pending_count == t->pending_room) {
		t->pending_room = 2 * t->pending_room + 1024;
		t->pending =
			grow(t->pending, t->pending_room, sizeof(*t->pending));
	}
	p = &t->pending[t->pending_count];
	p->ts = record->ts;
	p->order = t->pending_count;
	p->tid = tep_data_pid(t->tep, record);
	p->forked = 0;
	if (!strcmp(event->name, "sched_process_fork"))
		p->forked = (pid_t)number(event, record, "child_pid");
	else if (!tell(event, record, &p->told))
		return 0;
	else
		/* While it is there. */
		thread_of(t, p->tid);
	t->pending_count++;
	return 0;
}

static int by_time(const void *left, const void *right)
{
	const struct pending *a = left, *b = right;

	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void write_event(struct trace *t, const struct pending *p)
{
	struct thread *thread;
	double us;

	if (t->o->pid && !is_followed(t, p->tid))
		return;
	if (p->forked) {
		if (t->o->pid)
			follow_thread(t, p->forked);
		return;
	}
	if (!t->start)
		t->start = p->ts;
	us = (double)(p->ts - t->start) / 1000;
	thread = thread_of(t, p->tid);
	thread->told = true;
	if (t->o->format == FORMAT_JSON)
		write_json(t, &p->told, thread, us);
	else if (t->o->format == FORMAT_CHROME)
		write_chrome(t, &p->told, thread, us);
	else
		write_text(t, &p->told, thread, us);
	t->events++;
}

/*
 * Writes what was read of the time before @end. Each processor has a buffer of
 * its own, and while one is read, the others go on: in order are only events
 * from before the reading began.
 */
static void write_until(struct trace *t, unsigned long long end)
{
	size_t i, done;

	qsort(t->pending, t->pending_count, sizeof(*t->pending), by_time);
	for (done = 0; done < t->pending_count && t->pending[done].ts < end;
	     done++)
		write_event(t, &t->pending[done]);
	t->pending_count -= done;
	memmove(t->pending, t->pending + done,
		t->pending_count * sizeof(*t->pending));
	for (i = 0; i < t->pending_count; i++)
		t->pending[i].order = i;
	errno = 0;
	if (!t->error && (fflush(t->out) || ferror(t->out)))
		t->error = errno ? errno : EIO;
}

static void write_end(struct trace *t)
{
	size_t i;

	if (t->o->format != FORMAT_CHROME)
		return;
	for (i = 0; i < t->thread_count; i++)
		if (t->threads[i].told)
			write_thread(t, &t->threads[i]);
	fputs(t->events ? "\n]\n" : "[\n]\n", t->out);
}

/* Tracing */

static int tracing_start(struct trace *t)
{
	static const char *const systems[] = { "softsgx", "softsgx_access",
					       "sched", NULL };
	char name[32];
	size_t i;

	tracing_sweep();
	snprintf(name, sizeof(name), "softsgx-%d", getpid());
	t->instance = tracefs_instance_create(name);
	if (!t->instance) {
		complain("tracefs: %s%s", strerror(errno),
			 errno == EACCES || errno == EPERM || errno == ENOENT
				 ? ": it is for root"
				 : "");
		return EXIT_SYSTEM;
	}
	t->pin =
		tracefs_instance_file_open(t->instance, "tracing_on", O_RDONLY);
	t->tep = tracefs_local_events_system(NULL, systems);
	if (!t->tep || !tep_find_event_by_name(t->tep, "softsgx", "sgx_aex")) {
		complain(
			"softsgx is not loaded here, or its kernel has no tracepoints");
		return EXIT_SYSTEM;
	}
	/* One clock for all processors. */
	tracefs_instance_file_write(t->instance, "trace_clock", "mono");
	tracefs_instance_set_buffer_size(t->instance, t->o->buffer, -1);
	/*
	 * Who is followed is found out here and not by set_event_pid: where the
	 * scheduler has chosen the next thread, the kernel goes by that already,
	 * and the AEX of the thread that is switched out would be missing.
	 */
	for (i = 0; systems[i]; i++) {
		if (tracefs_event_enable(t->instance, systems[i],
					 strcmp(systems[i], "sched")
						 ? NULL
						 : "sched_process_fork")) {
			complain("events of %s: %s", systems[i],
				 strerror(errno));
			return EXIT_SYSTEM;
		}
	}
	if (t->o->pid)
		follow_process(t, t->o->pid);
	return EXIT_YES;
}

static void tracing_stop(struct trace *t)
{
	if (t->pin >= 0)
		close(t->pin);
	if (t->instance) {
		tracefs_instance_destroy(t->instance);
		tracefs_instance_free(t->instance);
	}
	if (t->tep)
		tep_free(t->tep);
	free(t->threads);
	free(t->followed);
	free(t->pending);
}

/*
 * Starts the command, which waits until it is traced: until the pipe, whose
 * end is returned in @go, is closed.
 */
static pid_t start_command(char **command, int *go)
{
	int fds[2];
	pid_t pid;
	char c;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid) {
		close(fds[0]);
		*go = fds[1];
		return pid;
	}
	close(fds[1]);
	tracing_restore_pipe();
	if (read(fds[0], &c, 1) < 0)
		_exit(125);
	execvp(command[0], command);
	complain("%s: %s", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reads events until the command, the time or the patience ends. */
static int follow(struct trace *t, pid_t child)
{
	double left = t->o->seconds;
	struct timespec now;
	int status = 0;
	bool ended;

	do {
		ended = tracing_signal || t->error ||
			(t->o->seconds && (left -= 0.05) <= 0);
		if (child && waitpid(child, &status, WNOHANG) == child) {
			child = 0;
			ended = true;
		}
		if (!ended)
			usleep(50000);
		else if (!tracefs_trace_is_on(t->instance) ||
			 tracefs_trace_off(t->instance))
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		tracefs_iterate_raw_events(t->tep, t->instance, NULL, 0,
					   on_event, t);
		write_until(t,
			    ended ? ULLONG_MAX
				  : now.tv_sec * 1000000000ULL + now.tv_nsec);
	} while (!ended);
	if (child) {
		kill(child, SIGTERM);
		waitpid(child, &status, 0);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int run(struct options *o)
{
	struct trace t = { .o = o, .out = stdout, .pin = -1 };
	pid_t child = 0;
	int go = -1;
	int ret;

	if (o->output) {
		t.out = fopen(o->output, "we");
		if (!t.out) {
			complain("%s: %s", o->output, strerror(errno));
			return EXIT_SYSTEM;
		}
	}
	tracing_catch();
	if (o->command) {
		child = start_command(o->command, &go);
		if (child < 0) {
			complain("%s", strerror(errno));
			if (o->output)
				fclose(t.out);
			return EXIT_SYSTEM;
		}
		o->pid = child;
	}
	ret = tracing_start(&t);
	if (ret && child)
		kill(child, SIGKILL);
	if (go >= 0)
		close(go);
	if (!ret) {
		ret = follow(&t, child);
		write_end(&t);
	}
	tracing_stop(&t);
	if (t.lost)
		complain("%llu events are lost: a larger --buffer keeps them",
			 t.lost);
	tracing_restore_pipe();
	if (o->output && fclose(t.out) && !t.error)
		t.error = errno;
	/* As for anybody whose reader has gone. */
	if (t.error == EPIPE)
		raise(SIGPIPE);
	if (t.error) {
		complain("%s: %s", o->output ? o->output : "standard output",
			 strerror(t.error));
		return EXIT_SYSTEM;
	}
	return ret;
}

int verb_trace(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "A line of JSON for each event",
		  0 },
		{ "chrome", OPTION_CHROME, NULL, 0,
		  "The trace format of Chrome and Perfetto (https://ui.perfetto.dev)",
		  0 },
		{ "output", 'o', "FILE", 0, "Write it there", 0 },
		{ "pid", 'p', "PID", 0, "Only this process", 0 },
		{ "time", 't', "S", 0, "End after S seconds", 0 },
		{ "buffer", OPTION_BUFFER, "KIB", 0,
		  "Of each processor, for what has not been read (default: 4096)",
		  0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"[COMMAND [ARGUMENT...]]",
		"Write down what enclaves do, with times: ioctls, entries, exits, AEXes with their reasons, leaves, page faults, pages that are added, changed and evicted, refusals.\v"
		"With a command that of the command until it ends, and its exit status; otherwise that of all enclaves until a signal.",
		NULL,
		NULL,
		NULL
	};
	struct options o = { .buffer = 4096 };

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	return run(&o);
}
