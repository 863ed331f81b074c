// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The table: what is compared with what, and what is wanted. */
#include <stdio.h>
#include <string.h>
#include "bench.h"

/**
 * struct row - a comparison
 * @what:	that of which @figure is
 * @baseline:	what it is compared with: the sum of @base
 * @target:	of the ratio, at most; 0 if it is shown only
 */
struct row {
	const char *what;
	enum figure figure;
	const char *baseline;
	enum figure base[2];
	double target;
};

/* No second summand. */
#define ALONE FIGURES

static const struct row rows[] = {
	{ "EENTER + EEXIT", ENTER, "two bare #UD", { FLOOR, ALONE }, 1.4 },
	{ "EENTER + EEXIT", ENTER, "getppid()", { SYSCALL, ALONE }, 0 },
	{ "EENTER + EEXIT",
	  ENTER,
	  "two SIGILL handlers",
	  { SIGILL_TWICE, ALONE },
	  1.0 / 3 },
	{ "EENTER + EEXIT by the vDSO",
	  ENTER_VDSO,
	  "two bare #UD by the vDSO",
	  { FLOOR_VDSO, FLOOR },
	  1.5 },
	{ "AEX, page fault, ERESUME",
	  AEX_FAULT,
	  "two #UD + minor fault",
	  { FLOOR, SHMEM_MINOR },
	  1.5 },
	{ "AEX, signal, ERESUME",
	  AEX_SIGNAL,
	  "two #UD + signal",
	  { FLOOR, SIGNAL_TIMER },
	  1.5 },
	{ "EENTER by the vDSO, #PF delivered",
	  EXCEPTION_VDSO,
	  "two #UD + minor fault",
	  { FLOOR, SHMEM_MINOR },
	  1.5 },
	{ "first touch, EADDed page",
	  ENCL_TOUCH,
	  "first touch, shmem",
	  { SHMEM_TOUCH, ALONE },
	  1.3 },
	{ "EAUG + EACCEPT",
	  EACCEPT,
	  "anonymous page + ENCLU",
	  { ANON_TOUCH, ALONE },
	  1.5 },
	{ "ADD_PAGES, measured, of 16 MiB",
	  ADD_MEASURED,
	  "SHA-256 + copy",
	  { SHA256, COPY },
	  1 / 0.85 },
	{ "ADD_PAGES, unmeasured, of 256 MiB",
	  ADD_UNMEASURED,
	  "copy to new page",
	  { COPY, ALONE },
	  1 / 0.8 },
	{ "mprotect of 256 MiB",
	  ENCL_MPROTECT,
	  "shmem",
	  { SHMEM_MPROTECT, ALONE },
	  2 },
	{ "EWB + ELDU", EVICT, "AES-GCM, twice", { GCM_TWICE, ALONE }, 1.5 },
	{ "teardown of 256 MiB",
	  ENCL_TEARDOWN,
	  "shmem",
	  { SHMEM_TEARDOWN, ALONE },
	  1.5 },
	{ "two threads, two TCSs (clock)",
	  ENTER_TOGETHER,
	  "one thread",
	  { ENTER_ALONE, ALONE },
	  2 / 1.9 },
	{ "two threads, bare #UD (clock)",
	  TRAP_TOGETHER,
	  "one thread",
	  { TRAP_ALONE, ALONE },
	  0 },
	{ "a decision of SELinux",
	  DECISION,
	  "a permitted ioctl",
	  { PERMITTED_IOCTL, ALONE },
	  1.5 },
	{ "answer of 100,000 rules",
	  RULES_MANY,
	  "of 10 rules",
	  { RULES_FEW, ALONE },
	  1.2 },
	{ "loaded: page fault",
	  LOADED_FAULT,
	  "not loaded",
	  { ALONE_FAULT, ALONE },
	  1.0005 },
	{ "loaded: system call",
	  LOADED_SYSCALL,
	  "not loaded",
	  { ALONE_SYSCALL, ALONE },
	  1.0005 },
	{ "loaded: signal",
	  LOADED_SIGNAL,
	  "not loaded",
	  { ALONE_SIGNAL, ALONE },
	  1.0005 },
	{ "loaded: two context switches",
	  LOADED_SWITCH,
	  "not loaded",
	  { ALONE_SWITCH, ALONE },
	  1.0005 },
	{ "enclave elsewhere: page fault",
	  OTHER_FAULT,
	  "not loaded",
	  { ALONE_FAULT, ALONE },
	  1.02 },
	{ "enclave elsewhere: system call",
	  OTHER_SYSCALL,
	  "not loaded",
	  { ALONE_SYSCALL, ALONE },
	  1.02 },
	{ "enclave elsewhere: signal",
	  OTHER_SIGNAL,
	  "not loaded",
	  { ALONE_SIGNAL, ALONE },
	  1.02 },
	{ "enclave elsewhere: two switches",
	  OTHER_SWITCH,
	  "not loaded",
	  { ALONE_SWITCH, ALONE },
	  1.02 },
	{ "enclave gone: page fault",
	  GONE_FAULT,
	  "not loaded",
	  { ALONE_FAULT, ALONE },
	  1.0005 },
	{ "enclave gone: system call",
	  GONE_SYSCALL,
	  "not loaded",
	  { ALONE_SYSCALL, ALONE },
	  1.0005 },
	{ "enclave gone: signal",
	  GONE_SIGNAL,
	  "not loaded",
	  { ALONE_SIGNAL, ALONE },
	  1.0005 },
	{ "enclave gone: two switches",
	  GONE_SWITCH,
	  "not loaded",
	  { ALONE_SWITCH, ALONE },
	  1.0005 },
};

/* What a page costs besides itself, in bytes. */
#define SLAB_TARGET 56.0

static bool measured(const struct row *row)
{
	return figures[row->figure] != 0 && figures[row->base[0]] != 0 &&
	       (row->base[1] == ALONE || figures[row->base[1]] != 0);
}

static double base_of(const struct row *row)
{
	double base = figures[row->base[0]];

	if (row->base[1] != ALONE)
		base += figures[row->base[1]];
	/* One ENCLU is half of what two traps take, and the vDSO has one. */
	if (row->figure == EACCEPT)
		base += figures[FLOOR] / 2;
	if (row->figure == ENTER_VDSO)
		base -= figures[FLOOR] / 2;
	return base;
}

static const char *verdict(double ratio, double target)
{
	if (!target)
		return "-";
	return ratio <= target ? "holds" : "NO";
}

static unsigned int rows_shown;

static int show(FILE *json, const char *what, double figure,
		const char *baseline, double base, double target)
{
	double ratio = figure / base;
	char limit[16] = "-";

	if (target)
		snprintf(limit, sizeof(limit), "%.2f", target);
	printf("| %-33s | %11.0f | %-24s | %11.0f | %7.3f | %6s | %-5s |\n",
	       what, figure, baseline, base, ratio, limit,
	       verdict(ratio, target));
	fprintf(json,
		"%s  { \"what\": \"%s\", \"figure\": %.1f, \"baseline\": \"%s\", "
		"\"base\": %.1f, \"ratio\": %.4f, \"target\": %.4f }",
		rows_shown++ ? ",\n" : "", what, figure, baseline, base, ratio,
		target);
	return target && ratio > target;
}

static FILE *points;

/* Beside the table @json, with another ending. */
void points_to(const char *json)
{
	char path[256];

	snprintf(path, sizeof(path), "%.*s.points",
		 (int)(strrchr(json, '.') - json), json);
	points = fopen(path, "w");
	ASSERT(points);
}

void point(const char *series, u64 x, double y)
{
	fprintf(points, "%s\t%lu\t%.1f\n", series, (unsigned long)x, y);
	fflush(points);
}

int report(const char *path)
{
	FILE *json = fopen(path, "w");
	int missed = 0;
	size_t i;

	ASSERT(json);
	fputs("[\n", json);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (measured(&rows[i]))
			missed += show(json, rows[i].what,
				       figures[rows[i].figure],
				       rows[i].baseline, base_of(&rows[i]),
				       rows[i].target);
	}
	if (figures[ENCL_SLAB] != 0)
		missed += show(json, "bytes of slab, a page",
			       figures[ENCL_SLAB], "what is wanted",
			       SLAB_TARGET, 1);
	fputs("\n]\n", json);
	ASSERT_OK(fclose(json));
	return missed;
}
