// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Reads what the module tells of enclaves that are alive. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "live.h"

#define STATS_DIR "/sys/kernel/debug/softsgx"

/* A place in a structure for the value of a key: a number, or text. */
struct key {
	const char *name;
	size_t offset;
	size_t text;
};

#define NUMBER(struct_name, field)                             \
	{                                                      \
#field, offsetof(struct struct_name, field), 0 \
	}
#define TEXT(field)                                               \
	{                                                         \
#field, offsetof(struct live_enclave, field),     \
			sizeof(((struct live_enclave *)0)->field) \
	}

static const struct key enclave_keys[] = {
	NUMBER(live_enclave, id),
	TEXT(state),
	NUMBER(live_enclave, base),
	NUMBER(live_enclave, size),
	NUMBER(live_enclave, resident),
	NUMBER(live_enclave, evicted),
	NUMBER(live_enclave, evictions),
	NUMBER(live_enclave, loads),
	NUMBER(live_enclave, faults),
	NUMBER(live_enclave, entries),
	NUMBER(live_enclave, exits),
	NUMBER(live_enclave, aexes),
	NUMBER(live_enclave, threads),
	NUMBER(live_enclave, inside),
	TEXT(mrenclave),
	TEXT(mrsigner),
	TEXT(pids),
};

static const struct key epc_keys[] = {
	NUMBER(live, pages),
	NUMBER(live, used),
	NUMBER(live, evictions),
	NUMBER(live, loads),
};

/* The value of a key in a line of key=value; NULL if it is not there. */
static const char *value_of(const char *line, const char *name, size_t *len)
{
	const size_t name_len = strlen(name);
	const char *p = line;

	while (*p) {
		if (!strncmp(p, name, name_len) && p[name_len] == '=') {
			p += name_len + 1;
			*len = strcspn(p, " \n");
			return p;
		}
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	return NULL;
}

/* Keys that a later module has no more are zero, or empty. */
static void read_keys(const char *line, const struct key *keys, size_t count,
		      void *to)
{
	const char *value;
	char *field;
	size_t len;
	size_t i;

	for (i = 0; i < count; i++) {
		field = (char *)to + keys[i].offset;
		value = value_of(line, keys[i].name, &len);
		if (!value)
			continue;
		if (keys[i].text)
			snprintf(field, keys[i].text, "%.*s", (int)len, value);
		else
			*(uint64_t *)field = strtoull(value, NULL, 0);
	}
}

static void find_process(struct live_enclave *e, const char *line)
{
	char path[64];
	struct passwd *pw;
	const char *value;
	struct stat st;
	size_t len;

	e->pid = strtol(e->pids, NULL, 10);
	value = value_of(line, "creator", &len);
	if (!e->pid && value)
		e->pid = strtol(value, NULL, 10);
	strcpy(e->user, "?");
	strcpy(e->command, "?");
	if (!e->pid)
		return;
	snprintf(path, sizeof(path), "/proc/%d", e->pid);
	if (stat(path, &st))
		return;
	pw = getpwuid(st.st_uid);
	if (pw)
		snprintf(e->user, sizeof(e->user), "%s", pw->pw_name);
	else
		snprintf(e->user, sizeof(e->user), "%u", st.st_uid);
	snprintf(path, sizeof(path), "/proc/%d/comm", e->pid);
	host_read(path, e->command, sizeof(e->command));
}

static FILE *open_stats(const char *name)
{
	const char *dir = getenv("SOFTSGX_STATS");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir && *dir ? dir : STATS_DIR,
		 name);
	file = fopen(path, "re");
	if (file)
		return file;
	if (errno == ENOENT && !host_has_module())
		complain(
			"softsgx is not loaded here; on SGX hardware Linux does not tell of enclaves");
	else if (errno == ENOENT)
		complain("%s: %s: mount -t debugfs debugfs /sys/kernel/debug",
			 path, strerror(errno));
	else
		complain("%s: %s%s", path, strerror(errno),
			 errno == EACCES ? ": it is for root" : "");
	return NULL;
}

static int read_enclaves(struct live *live, FILE *file)
{
	struct live_enclave *e;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		e = reallocarray(live->enclaves, live->count + 1, sizeof(*e));
		if (!e) {
			complain("out of memory");
			exit(EXIT_SYSTEM);
		}
		live->enclaves = e;
		e += live->count++;
		memset(e, 0, sizeof(*e));
		read_keys(line, enclave_keys,
			  sizeof(enclave_keys) / sizeof(enclave_keys[0]), e);
		e->debug = strstr(line, " debug=1");
		find_process(e, line);
	}
	free(line);
	return ferror(file) ? EXIT_SYSTEM : EXIT_YES;
}

int live_read(struct live *live)
{
	char line[256];
	int ret;
	FILE *file;

	memset(live, 0, sizeof(*live));
	file = open_stats("epc");
	if (!file)
		return EXIT_SYSTEM;
	if (fgets(line, sizeof(line), file))
		read_keys(line, epc_keys,
			  sizeof(epc_keys) / sizeof(epc_keys[0]), live);
	fclose(file);
	file = open_stats("enclaves");
	if (!file)
		return EXIT_SYSTEM;
	ret = read_enclaves(live, file);
	fclose(file);
	return ret;
}

void live_free(struct live *live)
{
	free(live->enclaves);
	memset(live, 0, sizeof(*live));
}

static struct json_object *enclave_json(const struct live_enclave *e)
{
	struct json_object *json = json_object_new_object();

	json_number(json, "id", e->id);
	json_text(json, "state", e->state);
	json_flag(json, "debug", e->debug);
	json_bits(json, "base", e->base);
	json_number(json, "size", e->size);
	json_number(json, "resident", e->resident);
	json_number(json, "evicted", e->evicted);
	json_number(json, "evictions", e->evictions);
	json_number(json, "loads", e->loads);
	json_number(json, "faults", e->faults);
	json_number(json, "entries", e->entries);
	json_number(json, "exits", e->exits);
	json_number(json, "aexes", e->aexes);
	json_number(json, "threads", e->threads);
	json_number(json, "inside", e->inside);
	json_text(json, "mrenclave", e->mrenclave);
	json_text(json, "mrsigner", e->mrsigner);
	json_number(json, "pid", e->pid);
	json_text(json, "pids", e->pids);
	json_text(json, "user", e->user);
	json_text(json, "command", e->command);
	return json;
}

struct json_object *live_json(const struct live *live)
{
	struct json_object *json = json_object_new_object();
	struct json_object *epc = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t i;

	json_number(epc, "pages", live->pages);
	json_number(epc, "used", live->used);
	json_number(epc, "evictions", live->evictions);
	json_number(epc, "loads", live->loads);
	json_object_object_add(json, "epc", epc);
	for (i = 0; i < live->count; i++)
		json_object_array_add(list, enclave_json(&live->enclaves[i]));
	json_object_object_add(json, "enclaves", list);
	return json;
}

/* What people read; the module's word is in JSON. */
const char *state_text(const struct live_enclave *e)
{
	return strcmp(e->state, "initialized") ? e->state : "ready";
}

/* Three digits and a unit: 4K, 1.5M, 128M. */
void bytes_text(uint64_t bytes, char text[16])
{
	static const char units[] = "BKMGTP";
	double value = bytes;
	const char *unit = units;

	while (value >= 1000 && unit[1]) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 16,
		 value < 10 && value != (int)value ? "%.1f%c" : "%.0f%c", value,
		 *unit);
}
