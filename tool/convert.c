// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx convert: an enclave as an SGX stream. */
#include <string.h>
#include "tool.h"

struct options {
	const char *file;
	const char *output;
	bool json;
	struct softsgx_layout layout;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->layout;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one enclave at a time");
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "which enclave?");
		if (!o->output)
			argp_error(state, "where to? Give --output");
		check_stdout(o->json, o->output, "the stream", state);
		check_output(o->output, o->file, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print(const struct softsgx_enclave *encl, const char *path,
		 struct softsgx_error *error)
{
	struct json_object *json;
	struct softsgx_info info;
	uint8_t mrenclave[32];
	int ret;

	ret = softsgx_enclave_measure(encl, mrenclave, error);
	if (ret)
		return ret;
	softsgx_enclave_info(encl, &info);
	json = json_object_new_object();
	json_text(json, "file", path);
	json_bytes(json, "mrenclave", mrenclave, sizeof(mrenclave));
	json_number(json, "size", info.size);
	json_number(json, "pages", info.pages);
	json_print(json);
	return 0;
}

int verb_convert(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "FILE", 0, "Where to; - for standard output",
		  0 },
		{ "json", OPTION_JSON, NULL, 0,
		  "Print what was written, as JSON", 0 },
		{ 0 },
	};
	static const struct argp_child children[] = { LAYOUT_CHILD, { 0 } };
	static const struct argp argp = {
		options,
		parse,
		"ENCLAVE",
		"Write an enclave (ELF or SGXS) as an SGX stream in canonical order.",
		children,
		NULL,
		NULL
	};
	struct softsgx_enclave *encl = NULL;
	struct softsgx_error error;
	struct options o = { 0 };
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = softsgx_enclave_read(&encl, o.file, &o.layout, &error);
	if (!ret)
		ret = softsgx_enclave_write_sgxs(encl, o.output, &error);
	if (!ret && o.json)
		ret = print(encl, o.output, &error);
	softsgx_enclave_free(encl);
	return ret ? report_error(&error) : EXIT_YES;
}
