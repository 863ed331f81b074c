// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * softsgx policy: the rules of the access control, checked here by the source
 * that the kernel compiles (access/policy.c), and loaded into it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "policy.h"

struct options {
	const char *what;
	const char *file;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPTION_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->what)
			o->what = arg;
		else if (!o->file)
			o->file = arg;
		else
			argp_error(state, "one policy at a time");
		return 0;
	case ARGP_KEY_END:
		if (!o->what)
			argp_error(state,
				   "check, load, show, test or explain?");
		if (strcmp(o->what, "check") && strcmp(o->what, "load") &&
		    strcmp(o->what, "show"))
			argp_error(
				state,
				"check, load, show, test or explain, not '%s'",
				o->what);
		if (!strcmp(o->what, "show") == !!o->file)
			argp_error(state, o->file ? "show takes no file"
						  : "which file?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void op_text(enum enclave_privilege op, char text[OP_TEXT])
{
	const char *name = sgx_privilege_names[op];
	size_t i;

	for (i = 0; name[i]; i++)
		text[i] = toupper((unsigned char)name[i]);
	text[i] = '\0';
}

void policy_complain(const char *path, const struct sgx_policy_error *error)
{
	complain("%s:%u: %s%s%s%s", path, error->line, error->reason,
		 *error->token ? " '" : "", error->token,
		 *error->token ? "'" : "");
}

int policy_read(const char *path, struct sgx_policy **policy, char **text,
		size_t *len)
{
	struct sgx_policy_error wrong;
	struct softsgx_error error;
	void *data;

	if (softsgx_file_read(path, &data, len, &error))
		return report_error(&error);
	*text = data;
	*policy = sgx_policy_parse(*text, *len, &wrong);
	if (*policy)
		return EXIT_YES;
	policy_complain(path, &wrong);
	free(data);
	return EXIT_FORMAT;
}

static int check_text(const char *path, const char *text, size_t len,
		      bool json_wanted)
{
	struct sgx_policy_error error;
	struct json_object *json;
	struct sgx_policy *policy;
	int status = EXIT_YES;

	policy = sgx_policy_parse(text, len, &error);
	if (!policy) {
		status = EXIT_FORMAT;
		policy_complain(path, &error);
	}
	if (json_wanted) {
		json = json_object_new_object();
		json_text(json, "file", path);
		json_flag(json, "good", policy);
		if (policy) {
			json_text(json, "name", sgx_policy_name(policy));
			json_number(json, "version",
				    sgx_policy_version(policy));
		} else {
			json_number(json, "line", error.line);
			json_text(json, "reason", error.reason);
			json_text(json, "token", error.token);
		}
		json_print(json);
	} else if (policy) {
		printf("%s: good, name %s, version %llu\n", shown(path),
		       *sgx_policy_name(policy) ? sgx_policy_name(policy)
						: "none",
		       (unsigned long long)sgx_policy_version(policy));
	}
	sgx_policy_free(policy);
	return status;
}

static int check(const struct options *o)
{
	struct softsgx_error error;
	size_t len;
	void *text;
	int status;

	if (softsgx_file_read(o->file, &text, &len, &error))
		return report_error(&error);
	status = check_text(o->file, text, len, o->json);
	free(text);
	return status;
}

/* Write it in one go, and ask the same descriptor what became of it. */
static int load_text(const char *path, const void *text, size_t len)
{
	char result[512] = "";
	bool loaded;
	ssize_t n;
	int saved;
	int fd;

	fd = open(POLICY_DIR "/load", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		complain(
			POLICY_DIR "/load: %s",
			errno == ENOENT
				? "softsgx is not loaded, or securityfs not mounted"
				: strerror(errno));
		return EXIT_SYSTEM;
	}
	n = write(fd, text, len);
	loaded = n == (ssize_t)len;
	saved = errno;
	n = read(fd, result, sizeof(result) - 1);
	close(fd);
	result[n > 0 ? n : 0] = '\0';
	result[strcspn(result, "\n")] = '\0';
	if (loaded)
		return EXIT_YES;
	complain("%s: %s", path, *result ? result : strerror(saved));
	return saved == EINVAL ? EXIT_FORMAT : EXIT_SYSTEM;
}

/* What can be said before there is a kernel to load it into. */
int policy_precheck(const char *path)
{
	struct sgx_policy_error wrong;
	struct softsgx_error error;
	struct sgx_policy *policy;
	int status = EXIT_YES;
	size_t len;
	void *text;

	if (softsgx_file_read(path, &text, &len, &error))
		return report_error(&error);
	/* A signed one is DER, and the kernel's alone to judge. */
	if (!len || *(const char *)text != 0x30) {
		policy = sgx_policy_parse(text, len, &wrong);
		if (!policy) {
			policy_complain(path, &wrong);
			status = EXIT_FORMAT;
		}
		sgx_policy_free(policy);
	}
	free(text);
	return status;
}

int policy_load(const char *path)
{
	struct softsgx_error error;
	size_t len;
	void *text;
	int status;

	if (softsgx_file_read(path, &text, &len, &error))
		return report_error(&error);
	status = load_text(path, text, len);
	free(text);
	return status;
}

static int show(const struct options *o)
{
	struct softsgx_error error;
	struct json_object *json;
	char status[512];
	char *line, *rest;
	char *value;
	size_t len;
	void *text;

	if (!host_read(POLICY_DIR "/status", status, sizeof(status))) {
		complain(
			POLICY_DIR "/status: %s",
			errno == ENOENT
				? "softsgx is not loaded, or securityfs not mounted"
				: strerror(errno));
		return EXIT_SYSTEM;
	}
	if (softsgx_file_read(POLICY_DIR "/policy", &text, &len, &error))
		return report_error(&error);
	if (!o->json) {
		for (line = strtok_r(status, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			printf("# %s\n", line);
		fwrite(text, 1, len, stdout);
		free(text);
		return EXIT_YES;
	}
	json = json_object_new_object();
	for (line = strtok_r(status, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		json_text(json, line, value);
	}
	json_object_object_add(json, "policy",
			       json_object_new_string_len(text, len));
	json_print(json);
	free(text);
	return EXIT_YES;
}

int verb_policy(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"check FILE\nload FILE\nshow\ntest ...\nexplain ...",
		"Check rules for enclaves, load them into the kernel, show those in force, test them, make them.\v"
		"check uses the kernel's own parser and needs neither the module nor a privilege; "
		"load and show need CAP_MAC_ADMIN or root. "
		"test --help and explain --help have what these two take.",
		NULL,
		NULL,
		NULL
	};
	struct options o = { 0 };

	if (argc > 1 && !strcmp(argv[1], "test")) {
		argv[1] = (char *)"softsgx policy test";
		return policy_test(argc - 1, argv + 1);
	}
	if (argc > 1 && !strcmp(argv[1], "explain")) {
		argv[1] = (char *)"softsgx policy explain";
		return policy_explain(argc - 1, argv + 1);
	}
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!strcmp(o.what, "check"))
		return check(&o);
	if (!strcmp(o.what, "load"))
		return policy_load(o.file);
	return show(&o);
}
