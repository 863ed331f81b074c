// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What trace and policy explain share: they must not end before they have removed
 * their instance of tracefs, or the kernel goes on tracing for nobody.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

volatile sig_atomic_t tracing_signal;

static volatile sig_atomic_t child;
static struct sigaction old_pipe;

static void on_signal(int number)
{
	const int saved = errno;

	tracing_signal = number;
	/* A terminal sends SIGINT to the child itself. */
	if (child && number != SIGINT)
		kill(child, number);
	errno = saved;
}

/* What would end this command is noted. SIGPIPE is an error of who writes. */
void tracing_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, &old);
	/* nohup */
	if (old.sa_handler == SIG_IGN)
		sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, &old_pipe);
}

/* SIGPIPE is again what it was: for a program that is run, or at the end. */
void tracing_restore_pipe(void)
{
	sigaction(SIGPIPE, &old_pipe, NULL);
}

/* From now on HUP and TERM are passed on to a program; to none, if it is 0. */
void tracing_pass_to(pid_t pid)
{
	child = pid;
	if (pid && tracing_signal && tracing_signal != SIGINT)
		kill(pid, tracing_signal);
}

/*
 * Removes the instances of those that were killed. One that is in use, also in
 * another PID namespace, has an open file, and the kernel keeps it.
 */
void tracing_sweep(void)
{
	static const char prefix[] = "softsgx-";
	struct dirent *entry;
	char path[320];
	DIR *dir;
	pid_t pid;
	char *end;

	dir = opendir(TRACING);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		pid = strtol(entry->d_name + strlen(prefix), &end, 10);
		if (*end || pid <= 0 || !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), TRACING "/%s", entry->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}
