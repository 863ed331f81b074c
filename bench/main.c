// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Usage: bench [--entry] floor.ko softsgx.ko result.json
 *
 * Measures, in a VM without the module, and shows the table; --entry only what
 * concerns entries. The kernel is to itself first, then with floor.ko, then
 * with softsgx. Fails if a row does not hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench.h"

/* The driver keeps its hooks that long after the last enclave has gone. */
#define HOOKS_GONE 7

double figures[FIGURES];

void progress(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
}

static void measure_entries(void)
{
	progress("entries");
	measure_entry();
	progress("pages");
	measure_pages();
}

static void measure_all(const char *softsgx, const char *result)
{
	pid_t pid;

	progress("softsgx without an enclave");
	module_insert(softsgx, "epc_size=160");
	spin_stop();
	sleep(HOOKS_GONE);
	spin_start();
	measure_process(LOADED_FAULT);
	progress("softsgx with an enclave elsewhere");
	pid = other_start();
	measure_process(OTHER_FAULT);
	other_stop(pid);

	measure_entries();
	/* What follows takes longest: who does not wait has this. */
	report(result);
	fflush(stdout);
	measure_large();
	measure_growth();
	module_remove("softsgx");

	progress("paging");
	module_insert(softsgx, "epc_size=4");
	measure_paging();
	module_remove("softsgx");
}

int main(int argc, char **argv)
{
	bool entry = argc > 1 && !strcmp(argv[1], "--entry");

	if (argc == 3 && !strcmp(argv[1], "--trace")) {
		module_insert(argv[2], "");
		trace_all();
		return system("cat /proc/kallsyms") != 0;
	}

	if (entry)
		argv++;
	if (argc != 4 + entry) {
		fputs("Usage: bench [--entry] floor.ko softsgx.ko result.json\n",
		      stderr);
		return 2;
	}

	points_to(argv[3]);
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
	module_insert(argv[1], "");
	measure_floor();
	if (!entry)
		measure_crypto();
	module_remove("floor");

	if (entry) {
		module_insert(argv[2], "");
		measure_entries();
	} else {
		measure_all(argv[2], argv[3]);
	}
	spin_stop();
	return report(argv[3]) ? 1 : 0;
}
