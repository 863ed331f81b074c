// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* How enclaves end, and that nothing of them is left. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "lib.h"

struct spinner {
	struct guest guest;
	pthread_t thread;
	volatile u64 here;
	volatile u64 go;
	struct sgx_enclave_run run;
};

static void *spin(void *data)
{
	struct spinner *s = data;
	struct op op = { .op = OP_SPIN, .arg = { (u64)&s->here, (u64)&s->go } };

	s->run = guest_enter(&s->guest, 0, SGX_EENTER, &op);
	return NULL;
}

/* A second thread is in the enclave when this returns. */
static struct spinner *spinner_start(void)
{
	/* Shared, so that a parent can watch. */
	struct spinner *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT(s != MAP_FAILED);
	epc_returned();
	guest_open(&s->guest);
	ASSERT_OK(pthread_create(&s->thread, NULL, spin, s));
	while (!s->here)
		;
	return s;
}

/* What a process does that has a thread inside; it must end. */
static void wait_to_be_killed(void)
{
	pause();
}

static void exit_group(void)
{
	_exit(0);
}

static void exec(void)
{
	execl("/bin/true", "true", NULL);
	ASSERT(!"reached");
}

static void segfault(void)
{
	volatile u8 *page = page_alloc(1);

	ASSERT_OK(mprotect((void *)page, PAGE, PROT_NONE));
	*page = 0;
}

static const struct end {
	const char *situation;
	void (*run)(void);
	int kill;
	int status;
} ends[] = {
	{ "killed", wait_to_be_killed, SIGKILL, SIGKILL },
	{ "terminated by SIGTERM", wait_to_be_killed, SIGTERM, SIGTERM },
	{ "exits", exit_group, 0, 0 },
	{ "executes another program", exec, 0, 0 },
	{ "dies of SIGSEGV", segfault, 0, SIGSEGV },
};

TEST_ROWS(end, ends, "EPC comes back when a process with a thread inside")
{
	int ready[2];
	int status;
	pid_t pid;
	char c;

	epc_returned();
	ASSERT_OK(pipe2(ready, O_CLOEXEC));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		spinner_start();
		ASSERT_EQ(write(ready[1], "x", 1), 1);
		row->run();
		_exit(99);
	}
	ASSERT_EQ(read(ready[0], &c, 1), 1);
	/* The enclave is there, and counts. */
	if (row->kill) {
		ASSERT(epc_used() > 0);
		ASSERT_OK(kill(pid, row->kill));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(WIFSIGNALED(status) ? WTERMSIG(status) : 0, row->status);
	if (!row->status)
		ASSERT(WIFEXITED(status) && !WEXITSTATUS(status));
	epc_returned();
	still_good();
}

static const struct unfinished {
	const char *situation;
	int steps;
} unfinished[] = {
	{ "only opened", 0 }, { "created", 1 },
	{ "filled", 2 },      { "refused by INIT", 3 },
	{ "initialised", 4 }, { "mapped and entered", 5 },
};

TEST_ROWS(unfinished_end, unfinished, "EPC comes back from an enclave that was")
{
	struct enclave encl;
	int i;

	epc_returned();
	for (i = 0; i < 20; i++) {
		tiny_open(&encl);
		if (row->steps > 0)
			ASSERT_OK(encl_create(&encl));
		if (row->steps > 1)
			tiny_add(&encl);
		if (row->steps > 2) {
			ASSERT_OK(encl_sign(&encl, test_key()));
			encl.sig.date++;
			ASSERT_EQ(encl_init(&encl), -EPERM);
			encl.sig.date--;
		}
		if (row->steps > 3)
			ASSERT_OK(encl_init(&encl));
		if (row->steps > 4) {
			tiny_map(&encl);
			ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
		}
		encl_close(&encl);
	}
	epc_returned();
}

TEST(failed_adds, "EPC comes back from pages that could not be added")
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	struct sgx_enclave_add_pages arg = {
		.offset = TINY_FREE,
		.length = PAGE,
		.secinfo = (u64)&secinfo,
	};
	struct enclave encl;
	int i;

	epc_returned();
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	for (i = 0; i < 1000; i++)
		ASSERT_ERRNO(add_raw(encl.fd, &arg), EFAULT);
	arg.offset = TINY_CODE;
	arg.src = (u64)page_alloc(1);
	for (i = 0; i < 1000; i++)
		ASSERT_ERRNO(add_raw(encl.fd, &arg), EBUSY);
	tiny_finish(&encl);
	encl_close(&encl);
	epc_returned();
}

TEST(unmap_inside, "the enclave is unmapped while a thread is inside")
{
	struct spinner *s = spinner_start();
	u64 base = s->guest.encl.secs.baseaddr;

	ASSERT_OK(munmap((void *)base, s->guest.encl.secs.size));
	ASSERT_OK(pthread_join(s->thread, NULL));
	/* Its next instruction is not there any more. */
	ASSERT_EQ(s->run.function, SGX_ERESUME);
	ASSERT_EQ(s->run.exception_vector, SGX_VECTOR_PF);
	ASSERT(s->run.exception_addr - base < s->guest.encl.secs.size);
	/* And there is nothing to resume. */
	ASSERT_OK(enter(&s->run, SGX_ERESUME, NULL));
	ASSERT_EQ(s->run.function, SGX_ERESUME);
	encl_close(&s->guest.encl);
	epc_returned();
	still_good();
}

TEST(unmap_closed_inside, "closed, then unmapped while a thread is inside")
{
	struct spinner *s = spinner_start();
	u64 base = s->guest.encl.secs.baseaddr;

	ASSERT_OK(close(s->guest.encl.fd));
	s->guest.encl.fd = -1;
	ASSERT_OK(munmap((void *)base, s->guest.encl.secs.size));
	ASSERT_OK(pthread_join(s->thread, NULL));
	ASSERT_EQ(s->run.function, SGX_ERESUME);
	ASSERT_EQ(s->run.exception_vector, SGX_VECTOR_PF);
	epc_returned();
	still_good();
}

TEST(close_inside, "the device is closed while a thread is inside: it goes on")
{
	struct spinner *s = spinner_start();

	ASSERT_OK(close(s->guest.encl.fd));
	s->guest.encl.fd = -1;
	usleep(50000);
	s->go = 1;
	ASSERT_OK(pthread_join(s->thread, NULL));
	ASSERT_EQ(s->run.function, SGX_EEXIT);
	GUEST_OP(&s->guest, 0, .op = OP_NOP);
	encl_close(&s->guest.encl);
	epc_returned();
}

TEST(map_over_inside, "other memory is mapped over it while a thread is inside")
{
	struct spinner *s = spinner_start();
	u64 base = s->guest.encl.secs.baseaddr;

	ASSERT_EQ(mmap((void *)base, s->guest.encl.secs.size,
		       PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		  base);
	ASSERT_OK(pthread_join(s->thread, NULL));
	ASSERT_EQ(s->run.function, SGX_ERESUME);
	/* Of the new mapping nothing was executed: it is not executable. */
	ASSERT_EQ(s->run.exception_vector, SGX_VECTOR_PF);
	encl_close(&s->guest.encl);
	epc_returned();
}

TEST(child_keeps, "a child keeps the enclave that its parent gave up")
{
	struct guest guest;
	int done[2];
	int status;
	pid_t pid;
	char c;

	epc_returned();
	guest_open(&guest);
	GUEST_OP(&guest, 0, .op = OP_WRITE,
		 .arg = { guest_symbol(&guest, "data_pages"), 0x77 });
	ASSERT_OK(pipe(done));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		ASSERT_OK(close(done[1]));
		ASSERT_EQ(read(done[0], &c, 1), 0);
		ASSERT_EQ(guest_read(&guest, 0,
				     guest_symbol(&guest, "data_pages")),
			  0x77);
		_exit(0);
	}
	encl_close(&guest.encl);
	ASSERT(epc_used() > 0);
	ASSERT_OK(close(done[1]));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	epc_returned();
}

TEST(nearly_all, "an enclave of nearly the whole EPC, twice in a row")
{
	u64 room = epc_pages() - 64;
	struct enclave encl;
	u64 size = PAGE;
	void *src;
	u64 i;
	int n;

	epc_returned();
	while (size < room * PAGE)
		size *= 2;
	src = page_alloc(256);
	for (n = 0; n < 2; n++) {
		ASSERT_OK(encl_open(&encl, size));
		ASSERT_OK(encl_create(&encl));
		for (i = 0; i + 256 < room; i += 256)
			ASSERT_OK(encl_add(&encl, i * PAGE, src, 256 * PAGE,
					   ENCL_RW, 0));
		ASSERT_OK(encl_sign(&encl, test_key()));
		ASSERT_OK(encl_init(&encl));
		ASSERT(epc_used() > room - 512);
		encl_close(&encl);
		epc_returned();
	}
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	ASSERT(fd >= 0);
	ASSERT_EQ(write(fd, text, strlen(text)), strlen(text));
	ASSERT_OK(close(fd));
}

static u64 charged(const char *dir)
{
	unsigned long bytes;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/memory.current", dir);
	file = fopen(path, "r");
	ASSERT(file);
	ASSERT_EQ(fscanf(file, "%lu", &bytes), 1);
	ASSERT_OK(fclose(file));
	return bytes;
}

TEST(cgroup, "EPC is charged to the memory cgroup of who adds it")
{
	char top[] = "/tmp/softsgx-cgroup-XXXXXX";
	const u64 size = 32 << 20;
	struct enclave encl;
	char group[64];
	u64 before;
	u64 with;
	void *src;
	u64 i;

	ASSERT(mkdtemp(top));
	ASSERT_OK(mount("none", top, "cgroup2", 0, NULL));
	put(top, "cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), "%s/enclave", top);
	ASSERT_OK(mkdir(group, 0700));
	put(group, "cgroup.procs", "0");

	src = page_alloc(256);
	before = charged(group);
	ASSERT_OK(encl_open(&encl, size));
	ASSERT_OK(encl_create(&encl));
	for (i = 0; i < size; i += 256 * PAGE)
		ASSERT_OK(encl_add(&encl, i, src, 256 * PAGE, ENCL_RW, 0));
	with = charged(group);
	printf("  32 MiB of enclave are %lu kB in memory.current\n",
	       (with - before) >> 10);
	ASSERT(with - before >= size);
	ASSERT(with - before < size + size / 8);
	encl_close(&encl);
	epc_returned();
	ASSERT(charged(group) < before + size / 8);

	put(top, "cgroup.procs", "0");
	ASSERT_OK(rmdir(group));
	ASSERT_OK(umount(top));
	ASSERT_OK(rmdir(top));
}

/* Enters, while another thread maps and unmaps the TCS. */
static void *enter_often(void *data)
{
	struct spinner *s = data;
	unsigned int function = SGX_EENTER;
	struct op op = { .op = OP_NOP };

	while (!s->go || function == SGX_ERESUME) {
		s->run = guest_enter(&s->guest, 1, function, &op);
		if (s->run.function == SGX_EEXIT) {
			function = SGX_EENTER;
			continue;
		}
		/*
		 * There was no TCS to enter at; or to resume, after an
		 * interrupt. All else is mapped.
		 */
		ASSERT_EQ(s->run.exception_vector, SGX_VECTOR_PF);
		ASSERT_EQ(s->run.exception_addr, s->run.tcs);
		function = s->run.function;
	}
	return NULL;
}

TEST(race, "entries while the mapping comes and goes")
{
	static struct spinner s;
	u64 page;
	int i;

	epc_returned();
	guest_open(&s.guest);
	page = guest_symbol(&s.guest, "data_pages");
	ASSERT_OK(pthread_create(&s.thread, NULL, enter_often, &s));
	for (i = 0; i < 500; i++) {
		u64 tcs = s.guest.tcs + PAGE;

		ASSERT_OK(munmap((void *)tcs, PAGE));
		ASSERT_OK(encl_map(&s.guest.encl,
				   tcs - s.guest.encl.secs.baseaddr, PAGE,
				   PROT_READ | PROT_WRITE));
		ASSERT_OK(mprotect((void *)page, PAGE, PROT_NONE));
		ASSERT_OK(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE));
	}
	s.go = 1;
	ASSERT_OK(pthread_join(s.thread, NULL));
	GUEST_OP(&s.guest, 1, .op = OP_NOP);
	encl_close(&s.guest.encl);
	epc_returned();
}
