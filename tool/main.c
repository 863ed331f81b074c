// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* softsgx: the command. It finds the verb, and the verb does the rest. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

#define VERSION "1.0"

static const struct verb {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "run", "run a program that uses SGX, here or in the micro-VM",
	  verb_run },
	{ "sign", "make a SIGSTRUCT, with a key here or a signer elsewhere",
	  verb_sign },
	{ "measure", "print MRENCLAVE", verb_measure },
	{ "inspect", "show an enclave, a SIGSTRUCT, a REPORT or a quote",
	  verb_inspect },
	{ "lint", "find what is unwise in an enclave or a SIGSTRUCT",
	  verb_lint },
	{ "convert", "write an enclave as an SGX stream", verb_convert },
	{ "status", "say what this machine has of SGX", verb_status },
	{ "doctor", "find out why a program says that there is no SGX",
	  verb_doctor },
	{ "ps", "list the enclaves that are alive", verb_ps },
	{ "top", "show what they do, again and again", verb_top },
	{ "trace", "write down what an enclave does, as a timeline",
	  verb_trace },
	{ "policy", "check, load, show, test and make rules for enclaves",
	  verb_policy },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *out)
{
	size_t i;

	fprintf(out, "Usage: softsgx VERB [OPTION...] [ARGUMENT...]\n\n");
	for (i = 0; i < VERBS; i++)
		fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].help);
	fprintf(out,
		"\nsoftsgx VERB --help has the options of a verb, softsgx(1) all of them.\n"
		"Exit status: 0 done, 1 the answer is no, 2 wrong command line,\n"
		"3 a file is not what it should be, 4 something cannot be read or written.\n");
}

static int call(const struct verb *verb, int argc, char **argv)
{
	char name[32];
	int status;

	snprintf(name, sizeof(name), "softsgx %s", verb->name);
	argv[0] = name;
	status = verb->run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output: %s", strerror(errno));
		return EXIT_SYSTEM;
	}
	return status;
}

/*
 * A standard stream that is closed would become the first file that is opened,
 * and be written to. Nothing comes from what is opened here, and writing there
 * fails; a command that is run has it closed again.
 */
static void occupy_streams(void)
{
	int fd;

	do {
		fd = open("/", O_PATH | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	size_t i;

	occupy_streams();
	setlocale(LC_CTYPE, "");
	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_YES;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("softsgx " VERSION);
		return EXIT_YES;
	}
	for (i = 0; i < VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return call(&verbs[i], argc - 1, argv + 1);
	complain("there is no verb '%s'; softsgx --help lists them", argv[1]);
	return EXIT_USAGE;
}
