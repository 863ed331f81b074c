// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "attack.h"

/* Generous: an emulated processor on a busy machine. */
#define TIMEOUT_SECONDS 180

static struct attack *attacks;
static struct attack **last = &attacks;
static bool control;
static double deadline;

void attack_register(struct attack *attack)
{
	*last = attack;
	last = &attack->next;
}

/* What the assertions of harness.h call: the test is broken, not the attack. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("%s:%d: ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
	       line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(2);
}

void attack_refused(const char *format, ...)
{
	va_list args;

	printf("refused (");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(")\n");
	fflush(stdout);
	_exit(0);
}

void attack_succeeded(void)
{
	printf("succeeded\n");
	fflush(stdout);
	_exit(1);
}

void attack_impossible(const char *why)
{
	printf("not possible here (%s)\n", why);
	fflush(stdout);
	_exit(3);
}

bool attack_control(void)
{
	return control;
}

int device_open(void)
{
	int fd = open("/dev/sgx_enclave", O_RDWR | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

int child_status(void)
{
	int status;

	ASSERT(wait(&status) > 0);
	if (!WIFEXITED(status))
		test_fail(__FILE__, __LINE__, "the child was killed by SIG%s",
			  sigabbrev_np(WTERMSIG(status)));
	return WEXITSTATUS(status);
}

void child_ends_well(void)
{
	ASSERT_EQ(child_status(), 0);
}

bool time_is_up(void)
{
	return now() >= deadline;
}

void evict_all(void)
{
	const unsigned int chunk = 64;
	void *source = page_alloc(chunk);
	struct enclave filler;
	u64 offset;

	ASSERT_OK(encl_open(&filler, 4 * SMALL_EPC_PAGES * PAGE));
	ASSERT_OK(encl_create(&filler));
	for (offset = 0; offset < 3 * SMALL_EPC_PAGES * PAGE;
	     offset += chunk * PAGE)
		ASSERT_OK(encl_add(&filler, offset, source, chunk * PAGE,
				   ENCL_RW, 0));
	encl_close(&filler);
	munmap(source, chunk * PAGE);
}

void attack_by_execution(const struct victim *victim, u64 page, const char *why)
{
	char how[64];

	if (victim_executes(victim, 0, page, how))
		attack_succeeded();
	attack_refused("%s%s%s", why ? why : "", why ? ", " : "", how);
}

static void *member_run(void *arg)
{
	struct crowd_member *member = arg;

	while (!member->crowd->stop)
		member->step(member->arg, member->number);
	free(member);
	return NULL;
}

void crowd_join(struct crowd *crowd, void (*step)(void *arg, unsigned int n),
		void *arg, unsigned int number)
{
	struct crowd_member *member = malloc(sizeof(*member));

	ASSERT(member && crowd->count < CROWD_MAX);
	*member = (struct crowd_member){ crowd, step, arg, number };
	ASSERT_OK(pthread_create(&crowd->threads[crowd->count++], NULL,
				 member_run, member));
}

void crowd_end(struct crowd *crowd)
{
	crowd->stop = true;
	while (crowd->count)
		ASSERT_OK(pthread_join(crowd->threads[--crowd->count], NULL));
}

static int usage(void)
{
	fprintf(stderr, "Usage: %s --list | NAME [self]\n",
		program_invocation_short_name);
	return 2;
}

int main(int argc, char **argv)
{
	const char *seconds = getenv("ATTACK_SECONDS");
	const struct attack *attack;

	if (argc < 2 || argc > 3)
		return usage();
	if (!strcmp(argv[1], "--list")) {
		for (attack = attacks; attack; attack = attack->next)
			printf("%s|%s|%s\n", attack->name, attack->protection,
			       attack->control);
		return 0;
	}
	for (attack = attacks; attack; attack = attack->next)
		if (!strcmp(attack->name, argv[1]))
			break;
	if (!attack)
		return usage();

	control = argc == 3;
	deadline = now() + (seconds ? atof(seconds) : 3);
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(TIMEOUT_SECONDS);
	attack->run();
	test_fail(__FILE__, __LINE__, "%s came to no end", attack->name);
}
