// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * softsgx doctor: goes the way that an SGX program goes when it starts, and
 * says at each step what is wrong and what helps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "tool.h"

/**
 * struct doctor - a visit
 * @json:	the findings so far; NULL if they are printed
 * @wrong:	how many steps fail
 */
struct doctor {
	struct json_object *json;
	unsigned int wrong;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPTION_JSON:
		*(bool *)state->input = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments: '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A step: @ok, or what is wrong (@format) and what helps. */
__attribute__((format(printf, 5, 6))) static bool
step(struct doctor *d, const char *name, bool ok, const char *help,
     const char *format, ...)
{
	struct json_object *item;
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	d->wrong += !ok;
	if (!d->json) {
		printf("  %-5s %-12s %s\n", ok ? "ok" : "WRONG", name, what);
		if (!ok)
			printf("        %-12s   %s\n", "", help);
		return ok;
	}
	item = json_object_new_object();
	json_text(item, "step", name);
	json_flag(item, "ok", ok);
	json_text(item, "what", what);
	if (!ok)
		json_text(item, "help", help);
	json_object_array_add(d->json, item);
	return ok;
}

static void check_module(struct doctor *d)
{
	bool driver = !access(DEVICE_ENCLAVE, F_OK);

	if (host_has_module())
		step(d, "module", true, "", "softsgx is loaded");
	else if (driver)
		step(d, "module", true, "",
		     "softsgx is not loaded, another driver serves " DEVICE_ENCLAVE);
	else
		step(d, "module", false,
		     "insmod softsgx.ko, or run the program with: softsgx run -- PROGRAM",
		     "softsgx is not loaded");
}

static bool check_device(struct doctor *d)
{
	struct stat st;

	if (stat(DEVICE_ENCLAVE, &st))
		return step(
			d, "device", false,
			host_has_module()
				? "is this a container? Pass the device on: --device " DEVICE_ENCLAVE
				: "it comes with the module",
			DEVICE_ENCLAVE ": %s", strerror(errno));
	if (!S_ISCHR(st.st_mode))
		return step(d, "device", false,
			    "remove it, and load the module anew",
			    DEVICE_ENCLAVE " is not a device");
	return step(d, "device", true, "",
		    DEVICE_ENCLAVE " is there, mode %04o", st.st_mode & 07777);
}

static int check_open(struct doctor *d)
{
	const char *help;
	int fd;

	fd = open(DEVICE_ENCLAVE, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		step(d, "open", true, "", "you may open it");
		return fd;
	}
	switch (errno) {
	case EACCES:
		help = "its mode does not let you; distributions have a group for it: see ls -l " DEVICE_ENCLAVE;
		break;
	case EPERM:
		help = "a cgroup or a container keeps devices away: pass it on";
		break;
	case ENXIO:
	case ENODEV:
		help = "the node is left over, nobody serves it: load the module anew";
		break;
	default:
		help = "the kernel's log may tell more: dmesg";
	}
	step(d, "open", false, help, "open: %s", strerror(errno));
	return -1;
}

static void check_mmap(struct doctor *d, int fd)
{
	void *p;

	p = mmap(NULL, SGX_PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) {
		munmap(p, SGX_PAGE_SIZE);
		step(d, "mmap", true, "", "it can be mapped executable");
		return;
	}
	step(d, "mmap", false,
	     host_is_noexec(DEVICE_ENCLAVE)
		     ? "/dev is mounted noexec: mount -o remount,exec /dev"
		     : "a security module may forbid it: see its log",
	     "it cannot be mapped executable: %s", strerror(errno));
}

static void check_cpuid(struct doctor *d)
{
	struct cpuid_view view;

	host_cpuid(&view);
	if (view.sgx && view.sgx1)
		step(d, "CPUID", true, "", "says SGX%s, %llu MiB of EPC",
		     view.sgx2 ? " and SGX2" : "",
		     (unsigned long long)view.epc >> 20);
	else
		step(d, "CPUID", false,
		     host_has_module()
			     ? "programs that ask it will say there is no SGX: tell the module which they are, by vm/cpuid/list and vm/cpuid/setup (doc/cpuid.md); the VM of softsgx run --vm is told of all that it runs"
			     : "programs that ask it will say there is no SGX; in the VM of softsgx run they hear that there is",
		     "CPUID says that there is no SGX");
}

/* The vDSO is an ELF image; that the name is in it is enough here. */
static void check_vdso(struct doctor *d)
{
	static const char name[] = "__vdso_sgx_enter_enclave";
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);

	if (vdso && memmem(vdso, SGX_PAGE_SIZE, name, sizeof(name)))
		step(d, "vDSO", true, "", "has %s", name);
	else
		step(d, "vDSO", false,
		     "the kernel is older than 5.11 or built without CONFIG_X86_SGX; most runtimes do without",
		     "has no %s", name);
}

static void check_policy(struct doctor *d)
{
	char status[512];
	bool named, enforced;

	if (!host_has_module())
		return;
	if (!host_read(POLICY_DIR "/status", status, sizeof(status))) {
		step(d, "rules", true, "",
		     "cannot be read (%s): as root, see softsgx policy show",
		     strerror(errno));
		return;
	}
	named = strncmp(status, "name=\nversion=0\n", 16);
	enforced = strstr(status, "enforce=1");
	step(d, "rules", true, "", "%s",
	     !named ? "none are loaded"
	     : enforced
		     ? "some are enforced, and may deny: softsgx policy show, and dmesg for denials"
		     : "some are loaded, but not enforced");
}

int verb_doctor(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"",
		"Find out why a program says that there is no SGX: go the way that it goes, as the same user.\v"
		"The exit status is 1 if something is wrong.",
		NULL,
		NULL,
		NULL
	};
	struct doctor d = { 0 };
	bool as_json = false;
	int fd;

	argp_parse(&argp, argc, argv, 0, NULL, &as_json);
	d.json = as_json ? json_object_new_array() : NULL;
	check_module(&d);
	if (check_device(&d)) {
		fd = check_open(&d);
		if (fd >= 0) {
			check_mmap(&d, fd);
			close(fd);
		}
	}
	check_cpuid(&d);
	check_vdso(&d);
	check_policy(&d);
	if (as_json)
		json_print(d.json);
	else if (d.wrong)
		printf("%u of these would stop a program.\n", d.wrong);
	else
		puts("Nothing is wrong.");
	return d.wrong ? EXIT_NO : EXIT_YES;
}
