// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What happens between a load and an unload of the module, see modules.sh: a
 * few enclaves that end in different ways. The SIGSTRUCT is kept in the file
 * that is the argument, for a signature takes longer than all the rest.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "../uapi/lib.h"

/* RDI 0: leave. 1: UD2. 2: stay until killed. */
static const u8 code[] = {
	0x48, 0x89, 0xcb,		/* mov %rcx, %rbx */
	0x48, 0x85, 0xff,		/* test %rdi, %rdi */
	0x74, 0x07,			/* jz leave */
	0x48, 0xff, 0xcf,		/* dec %rdi */
	0x75, 0xfe,			/* jnz . */
	0x0f, 0x0b,			/* ud2 */
	0xb8, 0x04, 0x00, 0x00, 0x00,	/* leave: mov $4, %eax */
	0x0f, 0x01, 0xd7,		/* enclu */
};

static const char *sigstruct_path;

static void sign(struct enclave *encl)
{
	int fd = open(sigstruct_path, O_RDWR | O_CREAT, 0600);

	ASSERT(fd >= 0);
	if (read(fd, &encl->sig, sizeof(encl->sig)) != sizeof(encl->sig)) {
		ASSERT_OK(encl_sign(encl, test_key()));
		ASSERT_EQ(pwrite(fd, &encl->sig, sizeof(encl->sig), 0),
			  sizeof(encl->sig));
	}
	ASSERT_OK(close(fd));
}

static void build(struct enclave *encl)
{
	u8 *pages = page_alloc(2);
	struct sgx_tcs tcs;

	tiny_open(encl);
	ASSERT_OK(encl_create(encl));
	tiny_tcs(&tcs);
	/* The child that is killed leaves its frame in use. */
	tcs.nssa = 2;
	tiny_add_tcs(encl, &tcs);
	ASSERT_OK(encl_add(encl, TINY_SSA, pages, 2 * PAGE, ENCL_RW,
			   SGX_PAGE_MEASURE));
	memcpy(pages, code, sizeof(code));
	ASSERT_OK(encl_add(encl, TINY_CODE, pages, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE));
	sign(encl);
	ASSERT_OK(encl_init(encl));
	tiny_map(encl);
	munmap(pages, 2 * PAGE);
}

static unsigned int enter_for(struct enclave *encl, unsigned long what)
{
	struct sgx_enclave_run run = {
		.tcs = encl->secs.baseaddr + TINY_TCS,
	};

	ASSERT_OK(enter(&run, SGX_EENTER, (void *)what));
	return run.function;
}

/* A child that is inside the enclave when it is killed. */
static void kill_inside(struct enclave *encl)
{
	int status;
	pid_t pid;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		enter_for(encl, 2);
		_exit(1);
	}
	usleep(20000);
	ASSERT_OK(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(cycle, "build, enter, leave, be interrupted, be killed")
{
	struct enclave encl;

	sigstruct_path = getenv("SIGSTRUCT");
	ASSERT(sigstruct_path);

	build(&encl);
	ASSERT_EQ(enter_for(&encl, 0), SGX_EEXIT);
	kill_inside(&encl);
	ASSERT_EQ(enter_for(&encl, 1), SGX_ERESUME);
	encl_close(&encl);

	/* And one that is not closed, and one that is not finished. */
	build(&encl);
	ASSERT_EQ(enter_for(&encl, 0), SGX_EEXIT);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
}
