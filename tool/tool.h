/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the verbs of the softsgx command share. */
#ifndef TOOL_H
#define TOOL_H

#include <argp.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <json-c/json.h>
#include "../arch/sgx.h"
#include "../lib/softsgx.h"

/* Exit statuses; run has its own, see run.c. */
enum {
	EXIT_YES = 0,	 /* done; nothing is wrong */
	EXIT_NO = 1,	 /* done; the answer is no, or something was found */
	EXIT_USAGE = 2,	 /* the command line is wrong */
	EXIT_FORMAT = 3, /* a file is not what it should be */
	EXIT_SYSTEM = 4, /* a file cannot be read or written, and the like */
};

/* The verbs, each in a file of its name. */
int verb_convert(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_inspect(int argc, char **argv);
int verb_lint(int argc, char **argv);
int verb_measure(int argc, char **argv);
int verb_policy(int argc, char **argv);
int verb_ps(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_sign(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_top(int argc, char **argv);
int verb_trace(int argc, char **argv);

/* Options that several verbs have; a verb's own begin at OPTION_OWN. */
enum {
	OPTION_JSON = 'j',
	OPTION_SIZE = 0x100,
	OPTION_SSAFRAMESIZE,
	OPTION_HEAP,
	OPTION_TCS_FIRST,
	OPTION_OWN,
};

extern const struct argp layout_argp;

#define LAYOUT_CHILD                                                \
	{                                                           \
		&layout_argp, 0, "Of an enclave in an ELF file:", 1 \
	}

/* common.c */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
int32_t next_character(const char *text, size_t *len);
const char *shown(const char *text);
FILE *open_text(char **text, size_t *len);
void close_text(FILE *out);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
int report_error(const struct softsgx_error *error);
bool read_number(const char *text, uint64_t max, uint64_t *value);
uint64_t parse_number(const char *text, uint64_t max, const char *what,
		      struct argp_state *state);
uint64_t parse_bytes(const char *text, const char *what,
		     struct argp_state *state);
void parse_hex(const char *text, uint8_t *bytes, size_t len, const char *what,
	       struct argp_state *state);
void check_stdout(bool json, const char *output, const char *what,
		  struct argp_state *state);
void check_output(const char *output, const char *input,
		  struct argp_state *state);
void hex(const void *bytes, size_t len, char *text);
bool has_colours(void);
bool has_unicode(void);

/* "rwx", "r--"; "TCS" for a page of that type */
#define SECINFO_TEXT 8
void secinfo_text(uint64_t flags, char text[SECINFO_TEXT]);
bool is_tcs(const struct softsgx_page *page);

/* ATTRIBUTES.FLAGS and XFRM in words */
#define FLAGS_TEXT 160
void attributes_text(uint64_t flags, char text[FLAGS_TEXT]);
void xfrm_text(uint64_t xfrm, char text[FLAGS_TEXT]);

/* JSON: numbers that mean bits or addresses are strings in hexadecimal. */
void json_text(struct json_object *object, const char *name, const char *text);
void json_bytes(struct json_object *object, const char *name, const void *bytes,
		size_t len);
void json_bits(struct json_object *object, const char *name, uint64_t bits);
void json_number(struct json_object *object, const char *name, uint64_t number);
void json_flag(struct json_object *object, const char *name, bool flag);
void json_print(struct json_object *object);

/* map.c: runs of pages that are alike, and the gaps between them */

enum measured { MEASURED_ALL, MEASURED_PART, MEASURED_NONE };

/**
 * struct range - a run of pages
 * @start:	offset in the enclave
 * @end:	offset behind it
 * @mapped:	there are pages; otherwise it is a gap
 * @flags:	of SECINFO, of each page
 * @measured:	of each page
 * @note:	what is in it, for a reader
 */
struct range {
	uint64_t start;
	uint64_t end;
	bool mapped;
	uint64_t flags;
	enum measured measured;
	char note[96];
};

/**
 * struct map - an enclave's memory
 * @ranges:	in ascending order, from 0 to the size of the enclave
 * @count:	how many
 */
struct map {
	struct range *ranges;
	size_t count;
};

int map_make(struct map *map, const struct softsgx_enclave *encl);
void map_free(struct map *map);
void map_print(const struct map *map);
int map_svg(const struct map *map, const char *title, const char *subtitle,
	    const char *path, struct softsgx_error *error);
const char *measured_text(enum measured measured);

/* host.c: what this machine has of SGX */

/**
 * struct cpuid_view - CPUID as this program sees it
 * @sgx:	leaf 7 says SGX
 * @sgx1:	leaf 12H does, too
 * @sgx2:	leaf 12H says SGX2
 * @epc:	bytes of EPC in leaf 12H
 */
struct cpuid_view {
	bool sgx;
	bool sgx1;
	bool sgx2;
	uint64_t epc;
};

void host_cpuid(struct cpuid_view *view);
bool host_has_module(void);
bool host_read(const char *path, char *text, size_t size);
bool host_can_enclave(void);
bool host_is_noexec(const char *path);

#define DEVICE_ENCLAVE	 "/dev/sgx_enclave"
#define DEVICE_PROVISION "/dev/sgx_provision"
#define MODULE_DIR	 "/sys/module/softsgx"
#define POLICY_DIR	 "/sys/kernel/security/softsgx"

/* tracing.c */
#define TRACING "/sys/kernel/tracing/instances"
extern volatile sig_atomic_t tracing_signal;
void tracing_catch(void);
void tracing_restore_pipe(void);
void tracing_pass_to(pid_t pid);
void tracing_sweep(void);

/* policy.c */
int policy_load(const char *path);
int policy_precheck(const char *path);

/* secret.c */
int secret_find(char path[PATH_MAX]);

/* run.c */
char *run_user(void);
bool run_become(const char *user);
bool run_find_vm(const char *self, char path[PATH_MAX]);
bool run_find_program(const char *name, char path[PATH_MAX]);

#endif /* TOOL_H */
