// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx top: enclaves that are alive, again and again, on the whole screen. */
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "live.h"

enum { OPTION_BATCH = OPTION_OWN };

/* By what the lines are sorted; the keys are their first letters. */
enum order { BY_ENTRIES, BY_RESIDENT, BY_AEXES, BY_FAULTS, BY_ID, ORDERS };

static const char *const order_names[ORDERS] = { "entries", "memory", "aexes",
						 "faults", "id" };

/**
 * struct options - what was asked for
 * @batch:	print, instead of a screen
 * @json:	print JSON, one line each time
 * @delay:	seconds between two looks
 * @count:	looks, 0 for ever
 * @order:	of the lines
 */
struct options {
	bool batch;
	bool json;
	double delay;
	uint64_t count;
	enum order order;
};

/**
 * struct row - an enclave, and what it did since the last look, each second
 * @e:		the enclave
 * @entries:	EENTER and ERESUME
 * @aexes:	asynchronous exits
 * @faults:	page faults
 */
struct row {
	const struct live_enclave *e;
	double entries;
	double aexes;
	double faults;
};

static enum order sort_order;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char *end;
	int i;

	switch (key) {
	case 'b':
		o->batch = true;
		return 0;
	case OPTION_JSON:
		o->json = true;
		o->batch = true;
		return 0;
	case 'd':
		o->delay = strtod(arg, &end);
		if (*end || end == arg ||
		    !(o->delay >= 0.1 && o->delay <= 3600))
			argp_error(
				state,
				"--delay takes 0.1 to 3600 seconds, not '%s'",
				arg);
		return 0;
	case 'n':
		o->count = parse_number(arg, UINT32_MAX, "--count", state);
		return 0;
	case 's':
		for (i = 0; i < ORDERS; i++)
			if (!strcmp(arg, order_names[i]))
				o->order = i;
		if (strcmp(arg, order_names[o->order]))
			argp_error(
				state,
				"--sort takes entries, memory, aexes, faults or id, not '%s'",
				arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int compare_numbers(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

/* Highest first, and then the oldest. */
static int compare(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int ret = 0;

	switch (sort_order) {
	case BY_ENTRIES:
		ret = compare_numbers(a->entries, b->entries);
		if (!ret)
			ret = compare_numbers(a->e->entries, b->e->entries);
		break;
	case BY_RESIDENT:
		ret = compare_numbers(a->e->resident, b->e->resident);
		break;
	case BY_AEXES:
		ret = compare_numbers(a->aexes, b->aexes);
		break;
	case BY_FAULTS:
		ret = compare_numbers(a->faults, b->faults);
		break;
	default:
		break;
	}
	return ret ? ret : -compare_numbers(a->e->id, b->e->id);
}

static const struct live_enclave *find(const struct live *live, uint64_t id)
{
	size_t i;

	for (i = 0; i < live->count; i++)
		if (live->enclaves[i].id == id)
			return &live->enclaves[i];
	return NULL;
}

static struct row *make_rows(const struct live *live, const struct live *before,
			     double seconds)
{
	struct row *rows = calloc(live->count + 1, sizeof(*rows));
	const struct live_enclave *e, *old;
	size_t i;

	if (!rows) {
		complain("out of memory");
		exit(EXIT_SYSTEM);
	}
	for (i = 0; i < live->count; i++) {
		e = &live->enclaves[i];
		rows[i].e = e;
		old = find(before, e->id);
		if (!old || seconds <= 0)
			continue;
		rows[i].entries = (e->entries - old->entries) / seconds;
		rows[i].aexes = (e->aexes - old->aexes) / seconds;
		rows[i].faults = (e->faults - old->faults) / seconds;
	}
	qsort(rows, live->count, sizeof(*rows), compare);
	return rows;
}

static const char heading[] =
	"  ID     PID USER     STATE   D  SIZE   EPC   OUT ENTRIES/s   AEX/s FAULTS/s IN/THR COMMAND";

static void row_text(const struct row *r, char *text, size_t len)
{
	const struct live_enclave *e = r->e;
	char size[16], resident[16], evicted[16];

	bytes_text(e->size, size);
	bytes_text(e->resident * SGX_PAGE_SIZE, resident);
	bytes_text(e->evicted * SGX_PAGE_SIZE, evicted);
	snprintf(
		text, len,
		"%4llu %7d %-8.8s %-7.7s %s %5s %5s %5s %9.0f %7.0f %8.0f %2llu/%-3llu %s",
		(unsigned long long)e->id, e->pid, e->user, state_text(e),
		e->debug ? "D" : "-", size, resident, evicted, r->entries,
		r->aexes, r->faults, (unsigned long long)e->inside,
		(unsigned long long)e->threads, shown(e->command));
}

static void summary_text(const struct live *live, const struct live *before,
			 double seconds, char *text, size_t len)
{
	char used[16], pages[16];
	double out = 0, in = 0;

	if (seconds > 0) {
		out = (live->evictions - before->evictions) / seconds;
		in = (live->loads - before->loads) / seconds;
	}
	bytes_text(live->used * SGX_PAGE_SIZE, used);
	bytes_text(live->pages * SGX_PAGE_SIZE, pages);
	snprintf(text, len, "%s of %s (%.0f %%), pages out %.0f/s, in %.0f/s",
		 used, pages,
		 live->pages ? 100.0 * live->used / live->pages : 0.0, out, in);
}

static void print(const struct options *o, const struct live *live,
		  const struct live *before, double seconds)
{
	struct json_object *json;
	struct row *rows;
	char text[256];
	size_t i;

	if (o->json) {
		json = live_json(live);
		puts(json_object_to_json_string_ext(
			json, JSON_C_TO_STRING_PLAIN |
				      JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(json);
		fflush(stdout);
		return;
	}
	summary_text(live, before, seconds, text, sizeof(text));
	printf("EPC %s\n%s\n", text, heading);
	rows = make_rows(live, before, seconds);
	for (i = 0; i < live->count; i++) {
		row_text(&rows[i], text, sizeof(text));
		puts(text);
	}
	free(rows);
	putchar('\n');
	fflush(stdout);
}

/* A bar of @width cells, of which a share is filled. */
static void draw_bar(int width, uint64_t part, uint64_t whole)
{
	int filled = whole ? (int)(part * width / whole) : 0;
	int colour = whole && part * 10 >= whole * 9 ? 3 : 1;
	int i;

	addch('[');
	attron(COLOR_PAIR(colour));
	for (i = 0; i < width; i++)
		addstr(i >= filled ? " " : has_unicode() ? "█" : "#");
	attroff(COLOR_PAIR(colour));
	addch(']');
}

static void draw_row(const struct row *r, int y)
{
	int colour = 0;
	char text[256];

	/* What is worth a look: paging, then whoever is inside. */
	if (r->e->evicted)
		colour = 3;
	else if (r->e->inside || r->entries > 0)
		colour = 1;
	row_text(r, text, sizeof(text));
	attron(COLOR_PAIR(colour));
	mvaddnstr(y, 0, text, COLS);
	attroff(COLOR_PAIR(colour));
}

static void draw(const struct live *live, const struct live *before,
		 double seconds)
{
	struct row *rows = make_rows(live, before, seconds);
	uint64_t inside = 0;
	char text[256];
	size_t i;
	int y = 4;

	erase();
	attron(A_BOLD);
	mvaddstr(0, 0, "softsgx top");
	attroff(A_BOLD);
	for (i = 0; i < live->count; i++)
		inside += live->enclaves[i].inside;
	printw(" - enclaves: %zu, threads inside: %llu; sorted by %s",
	       live->count, (unsigned long long)inside,
	       order_names[sort_order]);
	mvaddstr(1, 0, "EPC ");
	draw_bar(24, live->used, live->pages);
	summary_text(live, before, seconds, text, sizeof(text));
	printw(" %s", text);
	attron(A_REVERSE);
	mvprintw(3, 0, "%-*.*s", COLS, COLS, heading);
	attroff(A_REVERSE);
	for (i = 0; i < live->count && y < LINES - 1; i++)
		draw_row(&rows[i], y++);
	attron(A_DIM);
	mvaddnstr(
		LINES - 1, 0,
		"q quit   sort by: e entries  m memory  a AEXes  f faults  i id",
		COLS);
	attroff(A_DIM);
	refresh();
	free(rows);
}

/* Waits for a key until @until; false to quit. */
static bool wait_key(double until, bool *redraw)
{
	double left = until - now();
	int key, i;

	timeout(left > 0 ? (int)(left * 1000) : 0);
	key = getch();
	*redraw = key != ERR;
	for (i = 0; i < ORDERS; i++)
		if (key == order_names[i][0])
			sort_order = i;
	return key != 'q' && key != 'Q' && key != 3;
}

static void screen_start(void)
{
	if (!newterm(NULL, stdout, stdin)) {
		complain(
			"TERM is '%s', which is no terminal known here: --batch prints",
			getenv("TERM") ? getenv("TERM") : "");
		exit(EXIT_SYSTEM);
	}
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	if (has_colors() && !getenv("NO_COLOR")) {
		start_color();
		use_default_colors();
		init_pair(1, COLOR_GREEN, -1);
		init_pair(2, COLOR_CYAN, -1);
		init_pair(3, COLOR_RED, -1);
	}
}

static int show(const struct options *o)
{
	struct live before = { 0 }, live;
	double last = 0, at, seconds;
	uint64_t looks = 0;
	bool redraw, go = true;
	int ret;

	ret = live_read(&live);
	if (ret)
		return ret;
	if (!o->batch)
		screen_start();
	at = now();
	while (go && !ret) {
		seconds = last ? at - last : 0;
		if (o->batch)
			print(o, &live, &before, seconds);
		else
			draw(&live, &before, seconds);
		if (o->count && ++looks >= o->count)
			break;
		do {
			redraw = false;
			if (o->batch)
				usleep((useconds_t)(o->delay * 1e6));
			else
				go = wait_key(at + o->delay, &redraw);
			if (redraw)
				draw(&live, &before, seconds);
		} while (go && redraw);
		live_free(&before);
		before = live;
		last = at;
		at = now();
		ret = live_read(&live);
	}
	if (!o->batch) {
		endwin();
		/* What it said is gone with the screen. */
		if (ret)
			ret = live_read(&live);
	}
	live_free(&before);
	live_free(&live);
	return ret;
}

int verb_top(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "batch", 'b', NULL, 0, "Print, instead of a screen", 0 },
		{ "json", OPTION_JSON, NULL, 0, "Print JSON, a line each time",
		  0 },
		{ "delay", 'd', "S", 0,
		  "Seconds between two looks (default: 2)", 0 },
		{ "count", 'n', "N", 0, "End after N looks", 0 },
		{ "sort", 's', "BY", 0,
		  "entries (default), memory, aexes, faults or id", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Show the enclaves that are alive, the busiest first: what they have of the EPC, and what they do each second.",
		NULL,
		NULL,
		NULL
	};
	struct options o = { .delay = 2 };

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	sort_order = o.order;
	if (!o.batch && !isatty(STDOUT_FILENO))
		o.batch = true;
	return show(&o);
}
