// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "harness.h"

/* Generous: an emulated processor on a busy machine. */
#define TIMEOUT_SECONDS 180

#define SKIPPED 77

static struct test *tests;
static struct test **last = &tests;

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("  %s:%d: ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
	       line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

void test_skip(const char *format, ...)
{
	va_list args;

	printf("  ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(SKIPPED);
}

/* The exit status of the test: 0, SKIPPED, or it has failed. */
static int outcome(const struct test *test, const void *row)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		alarm(TIMEOUT_SECONDS);
		test->run(row);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	/* Children that it has left would keep the output open. */
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status)) {
		printf("  killed by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
		return 1;
	}
	return WEXITSTATUS(status);
}

/* With an argument: only the tests whose title has it as a part. */
int main(int argc, char **argv)
{
	unsigned int passed = 0;
	unsigned int failed = 0;
	const struct test *test;
	const char *situation;
	char title[512];
	const void *row;
	size_t i;
	int ret;

	for (test = tests; test; test = test->next) {
		for (i = 0; i < test->row_count; i++) {
			row = (const char *)test->rows + i * test->row_size;
			situation = test->rows ? *(const char *const *)row : "";
			snprintf(title, sizeof(title), "%s%s%s", test->title,
				 *situation ? ": " : "", situation);
			if (argc > 1 && !strstr(title, argv[1]))
				continue;
			ret = outcome(test, row);
			printf("%s %s\n",
			       !ret		? "ok    "
			       : ret == SKIPPED ? "skip  "
						: "not ok",
			       title);
			if (!ret)
				passed++;
			else if (ret != SKIPPED)
				failed++;
		}
	}
	printf("%s: %u passed, %u failed\n", program_invocation_short_name,
	       passed, failed);
	return failed || !passed;
}
