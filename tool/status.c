// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx status: what this machine has of SGX. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include "tool.h"

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

static struct json_object *object_in(struct json_object *parent,
				     const char *name)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(parent, name, object);
	return object;
}

/* The parameters that this user may read. */
static void parameters(struct json_object *json)
{
	char path[512], value[256];
	struct dirent **names;
	int count;
	int i;

	count = scandir(MODULE_DIR "/parameters", &names, NULL, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), MODULE_DIR "/parameters/%s",
			 names[i]->d_name);
		if (*names[i]->d_name != '.' &&
		    host_read(path, value, sizeof(value)))
			json_text(json, names[i]->d_name, value);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static void device(struct json_object *json, const char *path)
{
	struct json_object *object = object_in(json, path);
	struct stat st;
	char mode[16];

	json_flag(object, "exists", !stat(path, &st));
	if (stat(path, &st))
		return;
	snprintf(mode, sizeof(mode), "%04o", st.st_mode & 07777);
	json_text(object, "mode", mode);
	json_flag(object, "usable", !access(path, R_OK | W_OK));
}

static struct json_object *collect(void)
{
	struct json_object *json = json_object_new_object();
	struct json_object *object;
	struct cpuid_view cpuid;
	struct utsname uts;
	char text[512];

	object = object_in(json, "module");
	json_flag(object, "loaded", host_has_module());
	if (host_has_module())
		parameters(object_in(object, "parameters"));

	object = object_in(json, "devices");
	device(object, DEVICE_ENCLAVE);
	device(object, DEVICE_PROVISION);

	host_cpuid(&cpuid);
	object = object_in(json, "cpuid");
	json_flag(object, "sgx", cpuid.sgx);
	json_flag(object, "sgx1", cpuid.sgx1);
	json_flag(object, "sgx2", cpuid.sgx2);
	json_number(object, "epc", cpuid.epc);

	uname(&uts);
	object = object_in(json, "kernel");
	json_text(object, "release", uts.release);
	json_text(object, "machine", uts.machine);
	if (host_read("/sys/kernel/security/lsm", text, sizeof(text)))
		json_text(object, "lsm", text);

	object = object_in(json, "policy");
	json_flag(object, "readable",
		  host_read(POLICY_DIR "/status", text, sizeof(text)));
	if (host_read(POLICY_DIR "/status", text, sizeof(text)))
		json_text(object, "status", text);
	return json;
}

static const char *yes(struct json_object *object, const char *name)
{
	return json_object_get_boolean(json_object_object_get(object, name))
		       ? "yes"
		       : "no";
}

static void print_device(struct json_object *devices, const char *path)
{
	struct json_object *d = json_object_object_get(devices, path);

	if (!strcmp(yes(d, "exists"), "no"))
		printf("  %-20s not there\n", path);
	else
		printf("  %-20s mode %s, usable by you: %s\n", path,
		       json_object_get_string(
			       json_object_object_get(d, "mode")),
		       yes(d, "usable"));
}

static void print_parameters(struct json_object *params)
{
	struct json_object_iterator i = json_object_iter_begin(params);
	struct json_object_iterator end = json_object_iter_end(params);

	for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i))
		printf("  %-20s %s\n", json_object_iter_peek_name(&i),
		       json_object_get_string(json_object_iter_peek_value(&i)));
}

static void print(struct json_object *json)
{
	struct json_object *o = json_object_object_get(json, "module");
	struct json_object *params = json_object_object_get(o, "parameters");
	struct json_object *text;

	printf("Module softsgx         loaded: %s\n", yes(o, "loaded"));
	if (params)
		print_parameters(params);
	o = json_object_object_get(json, "devices");
	puts("Devices");
	print_device(o, DEVICE_ENCLAVE);
	print_device(o, DEVICE_PROVISION);
	o = json_object_object_get(json, "cpuid");
	printf("CPUID, as seen here    SGX: %s, SGX1: %s, SGX2: %s, EPC: %llu MiB\n",
	       yes(o, "sgx"), yes(o, "sgx1"), yes(o, "sgx2"),
	       (unsigned long long)json_object_get_uint64(
		       json_object_object_get(o, "epc")) >>
		       20);
	o = json_object_object_get(json, "kernel");
	printf("Kernel                 %s, %s\n",
	       json_object_get_string(json_object_object_get(o, "release")),
	       json_object_get_string(json_object_object_get(o, "machine")));
	text = json_object_object_get(o, "lsm");
	printf("Security modules       %s\n",
	       text ? json_object_get_string(text) : "cannot be read");
	o = json_object_object_get(json, "policy");
	text = json_object_object_get(o, "status");
	printf("Rules for enclaves     %s\n", text ? "" : "cannot be read");
	if (text) {
		char *lines = strdup(json_object_get_string(text));
		char *rest = NULL;
		char *line;

		for (line = lines ? strtok_r(lines, "\n", &rest) : NULL; line;
		     line = strtok_r(NULL, "\n", &rest))
			printf("  %s\n", line);
		free(lines);
	}
}

int verb_status(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"",
		"Say what this machine has of SGX: module, parameters, devices, CPUID, kernel, security modules, rules.\v"
		"The exit status is 1 if the module is not loaded.",
		NULL,
		NULL,
		NULL
	};
	struct json_object *json;
	bool as_json = false;

	argp_parse(&argp, argc, argv, 0, NULL, &as_json);
	json = collect();
	if (as_json) {
		json_print(json);
	} else {
		print(json);
		json_object_put(json);
	}
	return host_has_module() ? EXIT_YES : EXIT_NO;
}
