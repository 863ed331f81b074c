// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx measure: MRENCLAVE of enclaves. */
#include <string.h>
#include <unistd.h>
#include "tool.h"

struct options {
	bool json;
	struct softsgx_layout layout;
	char **files;
	int count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->layout;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->count = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which enclave?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/*
 * As sha256sum(1): a line that begins with \ has \\, \n and \r in the name. On a
 * terminal, which would obey them, other control characters are shown, too.
 */
static void print(const char *digest, const char *name)
{
	static const char special[] = "\\\n\r";
	static const char letters[] = "\\nr";
	const bool escaped = strpbrk(name, special);
	const char *at;
	char *text;
	size_t len;
	FILE *out;

	out = open_text(&text, &len);
	for (; *name; name++) {
		at = strchr(special, *name);
		if (at)
			fprintf(out, "\\%c", letters[at - special]);
		else
			fputc(*name, out);
	}
	close_text(out);
	printf("%s%s  %s\n", escaped ? "\\" : "", digest,
	       isatty(STDOUT_FILENO) ? shown(text) : text);
	free(text);
}

static int measure(const char *path, const struct options *o,
		   struct json_object *list)
{
	struct softsgx_enclave *encl = NULL;
	struct softsgx_error error;
	struct softsgx_info info;
	struct json_object *item;
	uint8_t mrenclave[32];
	char text[65];
	int ret;

	ret = softsgx_enclave_read(&encl, path, &o->layout, &error);
	if (!ret)
		ret = softsgx_enclave_measure(encl, mrenclave, &error);
	if (ret) {
		softsgx_enclave_free(encl);
		return report_error(&error);
	}
	softsgx_enclave_info(encl, &info);
	softsgx_enclave_free(encl);
	if (!o->json) {
		hex(mrenclave, sizeof(mrenclave), text);
		print(text, path);
		return EXIT_YES;
	}
	item = json_object_new_object();
	json_text(item, "file", path);
	json_bytes(item, "mrenclave", mrenclave, sizeof(mrenclave));
	json_number(item, "size", info.size);
	json_number(item, "pages", info.pages);
	json_object_array_add(list, item);
	return EXIT_YES;
}

int verb_measure(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 },
		{ 0 },
	};
	static const struct argp_child children[] = { LAYOUT_CHILD, { 0 } };
	static const struct argp argp = {
		options,
		parse,
		"ENCLAVE...",
		"Print the MRENCLAVE of enclaves (ELF or SGXS), as the processor would compute it.",
		children,
		NULL,
		NULL
	};
	struct json_object *list = json_object_new_array();
	struct options o = { 0 };
	int status = EXIT_YES;
	int ret;
	int i;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	for (i = 0; i < o.count; i++) {
		ret = measure(o.files[i], &o, list);
		if (ret > status)
			status = ret;
	}
	if (o.json)
		json_print(list);
	else
		json_object_put(list);
	return status;
}
