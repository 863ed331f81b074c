// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * softsgx run: a program that uses SGX, on this machine if the module is here,
 * otherwise in the micro-VM. Either way this process becomes the program, or
 * vm/run, so that its descriptors and its exit status are passed through.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

/* As in a shell; 125 is vm/run's, and ours, for a failure before the command. */
enum { EXIT_CANNOT = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

enum {
	OPTION_HOST = OPTION_OWN,
	OPTION_VM,
	OPTION_KERNEL,
	OPTION_EPC,
	OPTION_MEM,
	OPTION_SMP,
	OPTION_PARAM,
	OPTION_POLICY,
	OPTION_RW,
	OPTION_NET,
	OPTION_PUBLISH,
	OPTION_CPUID,
	OPTION_TIMEOUT,
	OPTION_FRESH_SECRET,
	OPTION_USER,
};

#define ARGS_MAX 64

/**
 * struct options - what was asked for
 * @host_wanted: --host
 * @vm_wanted:	--vm
 * @policy:	file of the rules to load first, or NULL
 * @user:	whom to become then, or NULL
 * @epc:	MiB of EPC, 0 if not given
 * @mem:	MiB for all else in the VM, 0 if not given
 * @timed:	--timeout was given
 * @fresh:	--fresh-secret
 * @params:	parameters of the module, each with a blank before it
 * @vm:		options for vm/run; the command is put behind them
 * @vms:	how many
 * @command:	and its arguments
 */
struct options {
	bool host_wanted;
	bool vm_wanted;
	const char *policy;
	const char *user;
	unsigned int epc;
	unsigned int mem;
	bool timed;
	bool fresh;
	char params[512];
	char memory[32];
	char *vm[ARGS_MAX];
	int vms;
	char **command;
};

static void add_flag(struct options *o, struct argp_state *state,
		     const char *name)
{
	if (o->vms > ARGS_MAX - 24)
		argp_error(state, "too many options");
	o->vm[o->vms++] = (char *)name;
}

static void add(struct options *o, struct argp_state *state, const char *name,
		const char *value)
{
	add_flag(o, state, name);
	o->vm[o->vms++] = (char *)value;
}

/* A number is in MiB. */
static unsigned int parse_mib(const char *arg, const char *what,
			      struct argp_state *state)
{
	const bool unit = arg[strspn(arg, "0123456789")];
	uint64_t mib;

	if (unit)
		mib = parse_bytes(arg, what, state) >> 20;
	else
		mib = parse_number(arg, 1 << 20, what, state);
	if (!mib || mib > 1 << 20)
		argp_error(state, "%s takes 1 MiB to 1 TiB, not '%s'", what,
			   arg);
	return mib;
}

static void add_param(struct options *o, struct argp_state *state,
		      const char *arg)
{
	const size_t len = strlen(o->params);

	if (!strchr(arg, '=') || strpbrk(arg, " \t\n\""))
		argp_error(state, "--param takes NAME=VALUE, not '%s'", arg);
	if (len + strlen(arg) + 2 > sizeof(o->params))
		argp_error(state, "too many parameters");
	sprintf(o->params + len, " %s", arg);
}

/* Whether the parameters have the secret. */
static bool has_secret(const struct options *o)
{
	return strstr(o->params, " secret=");
}

/* The pages of the EPC are the VM's memory, too. */
static void add_sizes(struct options *o, struct argp_state *state)
{
	char param[32];

	if (o->epc) {
		snprintf(param, sizeof(param), "epc_size=%u", o->epc);
		add_param(o, state, param);
	}
	if (*o->params)
		add(o, state, "--module-params", o->params + 1);
	if (!o->epc && !o->mem)
		return;
	snprintf(o->memory, sizeof(o->memory), "%uM",
		 (o->mem ? o->mem : 1024) + o->epc);
	add(o, state, "--mem", o->memory);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPTION_HOST:
		o->host_wanted = true;
		return 0;
	case OPTION_VM:
		o->vm_wanted = true;
		return 0;
	case OPTION_KERNEL:
		add(o, state, "--kernel", arg);
		return 0;
	case OPTION_EPC:
		o->epc = parse_mib(arg, "--epc", state);
		return 0;
	case OPTION_MEM:
		o->mem = parse_mib(arg, "--mem", state);
		return 0;
	case OPTION_SMP:
		add(o, state, "--smp", arg);
		return 0;
	case OPTION_PARAM:
		add_param(o, state, arg);
		return 0;
	case OPTION_RW:
		add(o, state, "--rw", arg);
		return 0;
	case OPTION_CPUID:
		add(o, state, "--cpuid", arg);
		return 0;
	case OPTION_NET:
		add_flag(o, state, "--net");
		return 0;
	case OPTION_PUBLISH:
		add(o, state, "--publish", arg);
		return 0;
	case OPTION_TIMEOUT:
		o->timed = true;
		add(o, state, "--timeout", arg);
		return 0;
	case OPTION_FRESH_SECRET:
		o->fresh = true;
		return 0;
	case OPTION_POLICY:
		o->policy = arg;
		return 0;
	case OPTION_USER:
		o->user = arg;
		return 0;
	case ARGP_KEY_ARG:
		/* The command and all behind it. */
		o->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!o->command)
			argp_error(state, "which command?");
		if (o->host_wanted && o->vm_wanted)
			argp_error(state, "--host or --vm, not both");
		add_sizes(o, state);
		if (o->host_wanted && (o->vms || o->fresh))
			argp_error(state, "%s is for the VM",
				   o->vms ? o->vm[0] : "--fresh-secret");
		if (o->fresh && has_secret(o))
			argp_error(
				state,
				"--fresh-secret or --param secret=, not both");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Who this is, "UID:GID[,GID...]", to be freed; NULL if there is no memory. */
char *run_user(void)
{
	gid_t groups[NGROUPS_MAX];
	size_t size;
	FILE *out;
	char *text;
	int i, n;

	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	fprintf(out, "%u:%u", geteuid(), getegid());
	n = getgroups(NGROUPS_MAX, groups);
	for (i = 0; i < n; i++)
		if (groups[i] != getegid())
			fprintf(out, ",%u", groups[i]);
	return fclose(out) ? NULL : text;
}

/* Give up root for @user, as run_user() has it. */
bool run_become(const char *user)
{
	gid_t groups[NGROUPS_MAX];
	size_t count = 0;
	char *at;
	uid_t uid;

	uid = strtoul(user, &at, 10);
	while (*at == (count ? ',' : ':') && count < NGROUPS_MAX)
		groups[count++] = strtoul(at + 1, &at, 10);
	if (!count || *at) {
		complain("--user takes UID:GID, not '%s'", user);
		return false;
	}
	if (setgroups(count, groups) || setgid(groups[0]) || setuid(uid)) {
		complain("cannot become %s: %s", user, strerror(errno));
		return false;
	}
	return true;
}

static int run_here(const struct options *o)
{
	if (o->policy && policy_load(o->policy) != EXIT_YES)
		return EXIT_CANNOT;
	if (o->user && !run_become(o->user))
		return EXIT_CANNOT;
	if (host_can_enclave() && host_is_noexec(DEVICE_ENCLAVE))
		complain(
			"/dev is mounted noexec, so that no enclave can be mapped: mount -o remount,exec /dev");
	execvp(o->command[0], o->command);
	complain("%s: %s", o->command[0], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* Where vm/run is: SOFTSGX_VM, or next to the build, or installed. */
bool run_find_vm(const char *self, char path[PATH_MAX])
{
	static const char *const places[] = { "/../../vm/run",
					      "/../lib/softsgx/vm/run" };
	const char *given = getenv("SOFTSGX_VM");
	const char *slash = strrchr(self, '/');
	char place[PATH_MAX];
	size_t i;

	if (given && *given) {
		snprintf(path, PATH_MAX, "%s", given);
		return !access(path, X_OK);
	}
	for (i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(place, sizeof(place), "%.*s%s", (int)(slash - self),
			 self, places[i]);
		if (!access(place, X_OK) && realpath(place, path))
			return true;
	}
	snprintf(path, PATH_MAX, "vm/run");
	errno = ENOENT;
	return false;
}

/* The program's file, for vm/run to look for CPUID in; false if there is none. */
bool run_find_program(const char *name, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	size_t len;

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return !access(path, X_OK);
	}
	for (; dirs && *dirs; dirs += len + (dirs[len] == ':')) {
		len = strcspn(dirs, ":");
		snprintf(path, PATH_MAX, "%.*s/%s", (int)len, dirs, name);
		if (len && !access(path, X_OK))
			return true;
	}
	return false;
}

/* The words before the command: inside, this program loads the policy first. */
static int wrap(struct options *o, const char *self, char *user,
		char program[PATH_MAX])
{
	int n = o->vms;

	/* Who wants an end says when: this is no test of ours. */
	if (!o->timed) {
		o->vm[n++] = "--timeout";
		o->vm[n++] = "0";
	}
	if (!o->policy) {
		if (geteuid()) {
			o->vm[n++] = "--user";
			o->vm[n++] = user;
		}
		o->vm[n++] = "--";
		return n;
	}
	if (run_find_program(o->command[0], program)) {
		o->vm[n++] = "--cpuid";
		o->vm[n++] = program;
	}
	o->vm[n++] = "--";
	o->vm[n++] = (char *)self;
	o->vm[n++] = "run";
	o->vm[n++] = "--host";
	o->vm[n++] = "--policy";
	o->vm[n++] = (char *)o->policy;
	o->vm[n++] = "--user";
	o->vm[n++] = user;
	o->vm[n++] = "--";
	return n;
}

static int run_in_vm(struct options *o, int words)
{
	char self[PATH_MAX] = "", vm[PATH_MAX], program[PATH_MAX];
	char secret[PATH_MAX];
	char **argv;
	char *user;
	ssize_t len;
	int n;

	if (o->policy && policy_precheck(o->policy) != EXIT_YES)
		return EXIT_CANNOT;
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0 || !run_find_vm(self, vm)) {
		complain("%s: %s; SOFTSGX_VM names it", len < 0 ? self : vm,
			 strerror(errno));
		return EXIT_CANNOT;
	}
	if (!o->fresh && !has_secret(o)) {
		switch (secret_find(secret)) {
		case EXIT_YES:
			o->vm[o->vms++] = "--secret-file";
			o->vm[o->vms++] = secret;
			break;
		case EXIT_FORMAT:
			return EXIT_CANNOT;
		}
	}
	user = run_user();
	if (!user) {
		complain("out of memory");
		return EXIT_CANNOT;
	}
	n = wrap(o, self, user, program);
	argv = calloc(n + words + 2, sizeof(*argv));
	if (!argv) {
		complain("out of memory");
		free(user);
		return EXIT_CANNOT;
	}
	argv[0] = vm;
	memcpy(argv + 1, o->vm, n * sizeof(*argv));
	memcpy(argv + 1 + n, o->command, words * sizeof(*argv));
	execv(vm, argv);
	complain("%s: %s", vm, strerror(errno));
	free(user);
	free(argv);
	return EXIT_CANNOT;
}

int verb_run(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "host", OPTION_HOST, NULL, 0, "On this machine", 0 },
		{ "vm", OPTION_VM, NULL, 0, "In the micro-VM", 0 },
		{ "policy", OPTION_POLICY, "FILE", 0,
		  "Load these rules first (softsgx policy); with --host into the kernel of this machine",
		  0 },
		{ NULL, 0, NULL, 0, "For the micro-VM, which they imply:", 1 },
		{ "kernel", OPTION_KERNEL, "V", 0,
		  "bookworm (6.1, the default), trixie (6.12) or sid (7.2)",
		  0 },
		{ "epc", OPTION_EPC, "SIZE", 0,
		  "Size of the EPC in MiB, or with K, M or G (default: 128)",
		  0 },
		{ "mem", OPTION_MEM, "SIZE", 0,
		  "Memory for all else, likewise (default: 1G)", 0 },
		{ "smp", OPTION_SMP, "N", 0, "Processors (default: 2)", 0 },
		{ "param", OPTION_PARAM, "NAME=VALUE", 0,
		  "Parameter of softsgx.ko, sgx2=0 for one (may be repeated)",
		  0 },
		{ "rw", OPTION_RW, "DIR", 0,
		  "What is written under DIR stays (may be repeated)", 0 },
		{ "cpuid", OPTION_CPUID, "FILE", 0,
		  "FILE, a library that is loaded at run time, sees SGX in CPUID, as programs and what they are linked to do (may be repeated)",
		  0 },
		{ "net", OPTION_NET, NULL, 0,
		  "A network: what it connects to comes from this machine, which is 10.0.2.2 there",
		  0 },
		{ "publish", OPTION_PUBLISH, "[ADDRESS:]PORT[:PORT]", 0,
		  "What listens at the second port there is at the first here, on 127.0.0.1 (may be repeated)",
		  0 },
		{ "timeout", OPTION_TIMEOUT, "S", 0,
		  "Give up after S seconds (default: never)", 0 },
		{ "fresh-secret", OPTION_FRESH_SECRET, NULL, 0,
		  "Keys for this run alone: what was sealed before is not unsealed, nor later what is sealed now",
		  0 },
		{ "user", OPTION_USER, "UID:GID", OPTION_HIDDEN, NULL, 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"COMMAND [ARGUMENT...]",
		"Run a program that uses SGX: on this machine if softsgx is loaded and open to you, otherwise in the micro-VM.\v"
		"The exit status is the command's, 128+N if signal N killed it; 125 if it could not be started at all, 126 and 127 as in a shell.",
		NULL,
		NULL,
		NULL
	};
	struct options o = { 0 };
	bool here;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	here = o.host_wanted ||
	       (!o.vm_wanted && !o.vms && !o.fresh && host_can_enclave());
	if (here && o.policy && !o.host_wanted) {
		complain(
			"--policy would change the rules of this machine: say --host or --vm");
		return EXIT_USAGE;
	}
	if (here)
		return run_here(&o);
	return run_in_vm(&o, argv + argc - o.command);
}
