// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Usage: bench [--entry|--isolation|--short|--selinux|--threads] floor.ko
 *		softsgx.ko result.json
 *	bench --trace|--trace-threads softsgx.ko
 *
 * Measures, in a VM without the module, and shows the table; --entry only what
 * concerns entries, --isolation the same with isolation=pkey, --short all but how
 * things grow, --selinux and --threads what wants another VM. --trace does once
 * what profile/ looks at, and shows the symbols of the kernel. The kernel is to
 * itself first, then with floor.ko, then with softsgx. Fails if a row does not hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "bench.h"

/* The driver keeps its hooks that long after the last enclave has gone. */
#define HOOKS_GONE 7

double *figures;

void progress(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
}

/* Who has used an enclave keeps the module, and so it is done by a child. */
static void separately(void (*measure)(void))
{
	int status;
	pid_t pid;

	spin_stop();
	fflush(NULL);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		spin_start();
		measure();
		spin_stop();
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	spin_start();
}

static void measure_entries(void)
{
	progress("entries");
	measure_entry();
	progress("pages");
	measure_pages();
}

static void measure_enclaves(void)
{
	measure_entries();
	measure_large();
}

static void wait_for_hooks(void)
{
	spin_stop();
	sleep(HOOKS_GONE);
	spin_start();
}

static void measure_all(bool growth, const char *softsgx)
{
	pid_t pid;

	progress("softsgx without an enclave");
	module_insert(softsgx, "epc_size=320");
	wait_for_hooks();
	measure_process(LOADED_FAULT);
	progress("softsgx with an enclave elsewhere");
	pid = other_start();
	measure_process(OTHER_FAULT);
	other_stop(pid);
	progress("softsgx after an enclave");
	wait_for_hooks();
	measure_process(GONE_FAULT);
	separately(measure_enclaves);
	if (growth)
		separately(measure_growth);
	module_remove("softsgx");

	progress("paging");
	module_insert(softsgx, "epc_size=4");
	separately(measure_paging);
	module_remove("softsgx");
}

static void measure_selinux_alone(const char *softsgx)
{
	progress("SELinux");
	spin_start();
	module_insert(softsgx, "");
	measure_selinux();
	spin_stop();
}

static void measure_threads_alone(const char *floor, const char *softsgx)
{
	progress("two threads");
	module_insert(floor, "");
	measure_threads_floor();
	module_remove("floor");
	module_insert(softsgx, "");
	measure_threads();
}

static void measure_in_turn(const char *option, const char *floor,
			    const char *softsgx)
{
	const bool isolation = !strcmp(option, "--isolation");
	const bool entry = isolation || !strcmp(option, "--entry");

	spin_start();
	progress("the kernel alone");
	measure_host();
	if (!entry) {
		measure_area();
		measure_process(ALONE_FAULT);
		progress("rules");
		measure_rules();
	}
	progress("the floor");
	module_insert(floor, "");
	measure_floor();
	if (!entry)
		measure_crypto();
	module_remove("floor");

	if (entry) {
		module_insert(softsgx, isolation ? "isolation=pkey" : "");
		measure_entries();
	} else {
		measure_all(!*option, softsgx);
	}
	spin_stop();
}

static int trace(const char *what, const char *softsgx)
{
	module_insert(softsgx, "epc_size=4");
	if (!strcmp(what, "--trace"))
		trace_all();
	else
		trace_threads();
	/* The vDSO is shown apart, as if it had symbols of the kernel. */
	printf("0 t (user mode)\n%lx t (vDSO)\n%lx t (user mode)\n",
	       getauxval(AT_SYSINFO_EHDR),
	       getauxval(AT_SYSINFO_EHDR) + 2 * PAGE);
	fflush(stdout);
	return system("cat /proc/kallsyms") != 0;
}

int main(int argc, char **argv)
{
	const char *option = argc > 1 && argv[1][0] == '-' ? argv[1] : "";

	if (argc == 3 && !strncmp(option, "--trace", 7))
		return trace(option, argv[2]);

	if (*option) {
		argv++;
		argc--;
	}
	if (argc != 4) {
		fputs("Usage: bench [--entry|--isolation|--short|--selinux|--threads] floor.ko softsgx.ko result.json\n"
		      "\tbench --trace|--trace-threads softsgx.ko\n",
		      stderr);
		return 2;
	}

	figures = mmap(NULL, FIGURES * sizeof(*figures), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(figures != MAP_FAILED);
	points_to(argv[3]);
	if (!strcmp(option, "--selinux"))
		measure_selinux_alone(argv[2]);
	else if (!strcmp(option, "--threads"))
		measure_threads_alone(argv[1], argv[2]);
	else
		measure_in_turn(option, argv[1], argv[2]);
	return report(argv[3]) ? 1 : 0;
}
