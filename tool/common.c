// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Errors, numbers, words and JSON. */
#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "tool.h"

/* Text of files, and names, that may have any bytes */

/*
 * The character that @text begins with, not the end of it; *@len is set to its
 * bytes. -1 if that is no UTF-8, and the byte has to be taken alone.
 */
int32_t next_character(const char *text, size_t *len)
{
	static const int32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)text;
	size_t i, n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	int32_t c = *p & (0x7f >> n);

	*len = 1;
	if (*p < 0x80)
		return *p;
	if (*p < 0xc0 || *p >= 0xf8)
		return -1;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -1;
	*len = n;
	return c;
}

/* What a terminal shows as it is: it does not move, colour or reorder text. */
static bool is_harmless(int32_t c)
{
	if (c < 0x80)
		return c >= ' ' && c != 0x7f;
	return has_unicode() && c >= 0xa0 && c != 0x200e && c != 0x200f &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/*
 * Text for people, with \xNN for each byte of what is not harmless. It is @text
 * itself, or good until this has been called four times more.
 */
const char *shown(const char *text)
{
	static char *texts[4];
	static unsigned int next;
	char **copy = &texts[next];
	bool harmless = true;
	size_t i, n, len;
	const char *p;
	FILE *out;

	for (p = text; harmless && *p; p += n)
		harmless = is_harmless(next_character(p, &n));
	if (harmless)
		return text;
	next = (next + 1) % (sizeof(texts) / sizeof(texts[0]));
	free(*copy);
	out = open_text(copy, &len);
	for (p = text; *p; p += n) {
		if (is_harmless(next_character(p, &n))) {
			fwrite(p, n, 1, out);
			continue;
		}
		for (i = 0; i < n; i++)
			fprintf(out, "\\x%02x", (uint8_t)p[i]);
	}
	close_text(out);
	return *copy;
}

static void no_memory(void)
{
	complain("out of memory");
	exit(EXIT_SYSTEM);
}

/* A stream that writes *@text, to be freed, which is whole when it is closed. */
FILE *open_text(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	if (!out)
		no_memory();
	return out;
}

void close_text(FILE *out)
{
	if (fclose(out))
		no_memory();
}

/* Errors */

void complain(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fprintf(stderr, "softsgx: %s\n", text ? shown(text) : format);
	free(text);
}

/* The error as a line; the exit status that goes with it. */
int report_error(const struct softsgx_error *error)
{
	char *text;
	size_t len;
	FILE *out = open_text(&text, &len);

	softsgx_error_print(error, out);
	close_text(out);
	/* Without its end of line. */
	complain("%.*s", (int)len - 1, text);
	free(text);
	switch (error->status) {
	case SOFTSGX_OK:
		return EXIT_YES;
	case SOFTSGX_REFUSED:
		return EXIT_NO;
	case SOFTSGX_FORMAT:
		return EXIT_FORMAT;
	default:
		return EXIT_SYSTEM;
	}
}

/* Digits, or 0x and hexadecimal ones: nothing is octal. @end is behind them. */
static bool read_digits(const char *text, uint64_t *value, char **end)
{
	const bool is_hex = !strncasecmp(text, "0x", 2);

	errno = 0;
	*value = strtoull(text, end, is_hex ? 16 : 10);
	return isdigit((unsigned char)*text) && !errno;
}

bool read_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	return read_digits(text, value, &end) && !*end && *value <= max;
}

uint64_t parse_number(const char *text, uint64_t max, const char *what,
		      struct argp_state *state)
{
	uint64_t value;

	if (!read_number(text, max, &value))
		argp_error(state, "%s takes a number up to 0x%llx, not '%s'",
			   what, (unsigned long long)max, text);
	return value;
}

uint64_t parse_bytes(const char *text, const char *what,
		     struct argp_state *state)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	const char *unit;
	uint64_t value;
	char *end;
	bool ok;

	ok = read_digits(text, &value, &end);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		end++;
	}
	if (!ok || *end || value >= 1ULL << (46 - shift))
		argp_error(
			state,
			"%s takes a number of bytes, with K, M or G, not '%s'",
			what, text);
	return value << shift;
}

void parse_hex(const char *text, uint8_t *bytes, size_t len, const char *what,
	       struct argp_state *state)
{
	unsigned int byte;
	size_t i;

	if (strlen(text) != 2 * len ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * len)
		argp_error(state, "%s takes %zu hexadecimal digits", what,
			   2 * len);
	for (i = 0; i < len; i++) {
		sscanf(text + 2 * i, "%2x", &byte);
		bytes[i] = byte;
	}
}

/* Standard output is for one thing: JSON, or what is written. */
void check_stdout(bool json, const char *output, const char *what,
		  struct argp_state *state)
{
	if (json && output && !strcmp(output, "-"))
		argp_error(state, "standard output has %s: no --json", what);
}

/* Refuses to write over what is read. Each of the names may be NULL. */
void check_output(const char *output, const char *input,
		  struct argp_state *state)
{
	struct stat to, from;

	if (!output || !input || !strcmp(output, "-") || stat(output, &to))
		return;
	if (strcmp(input, "-") ? stat(input, &from)
			       : fstat(STDIN_FILENO, &from))
		return;
	if (S_ISREG(to.st_mode) && to.st_dev == from.st_dev &&
	    to.st_ino == from.st_ino)
		argp_error(state, "'%s' would be overwritten, and it is read",
			   input);
}

void hex(const void *bytes, size_t len, char *text)
{
	const uint8_t *p = bytes;

	*text = '\0';
	while (len--)
		text += sprintf(text, "%02x", *p++);
}

bool has_colours(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term &&
	       strcmp(term, "dumb");
}

bool has_unicode(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Options for ELF files */

static const struct argp_option layout_options[] = {
	{ "size", OPTION_SIZE, "BYTES", 0,
	  "Size of the enclave, a power of two (default: the smallest)", 0 },
	{ "ssaframesize", OPTION_SSAFRAMESIZE, "PAGES", 0,
	  "Size of an SSA frame (default: 1)", 0 },
	{ "heap", OPTION_HEAP, "BYTES", 0,
	  "Zeroed pages behind the last segment, read-write, not measured", 0 },
	{ "tcs-first", OPTION_TCS_FIRST, NULL, 0,
	  "The first segment has the TCS pages, as in Linux's selftests", 0 },
	{ 0 },
};

static error_t layout_parse(int key, char *arg, struct argp_state *state)
{
	struct softsgx_layout *layout = state->input;

	switch (key) {
	case OPTION_SIZE:
		layout->size = parse_bytes(arg, "--size", state);
		return 0;
	case OPTION_SSAFRAMESIZE:
		layout->ssaframesize =
			parse_number(arg, 0xffff, "--ssaframesize", state);
		return 0;
	case OPTION_HEAP:
		layout->heap = parse_bytes(arg, "--heap", state);
		return 0;
	case OPTION_TCS_FIRST:
		layout->tcs_first = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp layout_argp = { .options = layout_options,
				  .parser = layout_parse };

/* Words */

bool is_tcs(const struct softsgx_page *page)
{
	return (page->flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT ==
	       SGX_PT_TCS;
}

void secinfo_text(uint64_t flags, char text[SECINFO_TEXT])
{
	if ((flags & SGX_SECINFO_FL_PT) >> SGX_SECINFO_FL_PT_SHIFT ==
	    SGX_PT_TCS) {
		strcpy(text, "TCS");
		return;
	}
	text[0] = flags & SGX_SECINFO_FL_R ? 'r' : '-';
	text[1] = flags & SGX_SECINFO_FL_W ? 'w' : '-';
	text[2] = flags & SGX_SECINFO_FL_X ? 'x' : '-';
	text[3] = '\0';
}

struct bit_name {
	uint64_t bits;
	const char *name;
};

/* The names of the bits, and what remains as a number. */
static void bits_text(uint64_t bits, const struct bit_name *names, size_t count,
		      char text[FLAGS_TEXT])
{
	size_t len = 0;
	size_t i;

	*text = '\0';
	for (i = 0; i < count; i++) {
		if ((bits & names[i].bits) != names[i].bits)
			continue;
		len += snprintf(text + len, FLAGS_TEXT - len, "%s%s",
				len ? " " : "", names[i].name);
		bits &= ~names[i].bits;
	}
	if (bits)
		snprintf(text + len, FLAGS_TEXT - len, "%s0x%llx",
			 len ? " " : "", (unsigned long long)bits);
	else if (!len)
		strcpy(text, "none");
}

void attributes_text(uint64_t flags, char text[FLAGS_TEXT])
{
	static const struct bit_name names[] = {
		{ SGX_ATTR_INIT, "INIT" },
		{ SGX_ATTR_DEBUG, "DEBUG" },
		{ SGX_ATTR_MODE64BIT, "MODE64BIT" },
		{ SGX_ATTR_PROVISIONKEY, "PROVISIONKEY" },
		{ SGX_ATTR_EINITTOKEN_KEY, "EINITTOKEN_KEY" },
		{ SGX_ATTR_CET, "CET" },
		{ SGX_ATTR_KSS, "KSS" },
		{ SGX_ATTR_AEXNOTIFY, "AEXNOTIFY" },
	};

	bits_text(flags, names, sizeof(names) / sizeof(names[0]), text);
}

void xfrm_text(uint64_t xfrm, char text[FLAGS_TEXT])
{
	static const struct bit_name names[] = {
		{ 0x1, "x87" },	    { 0x2, "SSE" },	 { 0x4, "AVX" },
		{ 0x18, "MPX" },    { 0xe0, "AVX-512" }, { 0x200, "PKRU" },
		{ 0x60000, "AMX" },
	};

	bits_text(xfrm, names, sizeof(names) / sizeof(names[0]), text);
}

/* JSON */

static void json_put(struct json_object *object, const char *name,
		     struct json_object *value)
{
	if (json_object_object_add(object, name, value))
		no_memory();
}

/* JSON is UTF-8: U+FFFD stands for each byte that is not. */
void json_text(struct json_object *object, const char *name, const char *text)
{
	bool valid = true;
	char *copy = NULL;
	const char *p;
	size_t n, len;
	FILE *out;

	for (p = text; valid && *p; p += n)
		valid = next_character(p, &n) >= 0;
	if (!valid) {
		out = open_text(&copy, &len);
		for (p = text; *p; p += n) {
			if (next_character(p, &n) < 0)
				fputs(REPLACEMENT, out);
			else
				fwrite(p, n, 1, out);
		}
		close_text(out);
	}
	json_put(object, name, json_object_new_string(copy ? copy : text));
	free(copy);
}

void json_bytes(struct json_object *object, const char *name, const void *bytes,
		size_t len)
{
	char text[2 * 384 + 1];

	hex(bytes, len, text);
	json_text(object, name, text);
}

void json_bits(struct json_object *object, const char *name, uint64_t bits)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)bits);
	json_text(object, name, text);
}

void json_number(struct json_object *object, const char *name, uint64_t number)
{
	json_put(object, name, json_object_new_uint64(number));
}

void json_flag(struct json_object *object, const char *name, bool flag)
{
	json_put(object, name, json_object_new_boolean(flag));
}

void json_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
