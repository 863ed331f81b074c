// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx ps: the enclaves that are alive. */
#include "live.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case OPTION_JSON:
		*(bool *)state->input = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print(const struct live_enclave *e)
{
	char size[16], resident[16], evicted[16];

	bytes_text(e->size, size);
	bytes_text(e->resident * SGX_PAGE_SIZE, resident);
	bytes_text(e->evicted * SGX_PAGE_SIZE, evicted);
	printf("%4llu %7d %-8.8s %-7.7s %s %5s %5s %5s %9llu %9llu %7llu %3llu/%-3llu %-12.12s %s\n",
	       (unsigned long long)e->id, e->pid, e->user, state_text(e),
	       e->debug ? "D" : "-", size, resident, evicted,
	       (unsigned long long)e->entries, (unsigned long long)e->aexes,
	       (unsigned long long)e->faults, (unsigned long long)e->inside,
	       (unsigned long long)e->threads, e->mrenclave, shown(e->command));
}

int verb_ps(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"List the enclaves that are alive: whose they are, what they have of the EPC, and what they have done.",
		NULL,
		NULL,
		NULL
	};
	struct live live;
	bool json = false;
	size_t i;
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &json);
	ret = live_read(&live);
	if (ret)
		return ret;
	if (json) {
		json_print(live_json(&live));
	} else {
		puts("  ID     PID USER     STATE   D  SIZE   EPC   OUT   ENTRIES     AEXES  FAULTS  IN/THR MRENCLAVE    COMMAND");
		for (i = 0; i < live.count; i++)
			print(&live.enclaves[i]);
	}
	live_free(&live);
	return EXIT_YES;
}
