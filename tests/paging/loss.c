// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* A loss of power, and what is out of the EPC being changed meanwhile. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "lib.h"

#define SGX_BIT SGX_PFEC_SGX

static int debugfs(const char *name, const char *text)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/softsgx/%s", name);
	fd = open(path, O_WRONLY);
	ASSERT(fd >= 0);
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static void lose_power(void)
{
	ASSERT_OK(debugfs("power_loss", "1"));
}

/* Every entry faults, with the SGX bit, at the TCS. */
static void no_entry(const struct guest *guest, unsigned int function)
{
	struct op op = { .op = OP_NOP };
	struct sgx_enclave_run run = guest_enter(guest, 0, function, &op);

	ASSERT_EQ(run.function, function);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_error_code & SGX_BIT, SGX_BIT);
	ASSERT_EQ(run.exception_addr, guest->tcs);
}

TEST(entry, "after a loss of power entries fault, and a new enclave works")
{
	struct guest guest;
	int i;

	for (i = 0; i < 3; i++) {
		guest_open(&guest);
		GUEST_OP(&guest, 0, .op = OP_NOP);
		lose_power();
		ASSERT(!strcmp(encl_stat_text(&guest.encl, "state"), "lost"));
		no_entry(&guest, SGX_EENTER);
		no_entry(&guest, SGX_ERESUME);
		no_entry(&guest, SGX_EENTER);
		/* The EPC is free at once, whoever holds what is left. */
		epc_empty();
		encl_close(&guest.encl);
	}
	still_good();
}

struct inside {
	struct guest guest;
	volatile u64 here;
	volatile u64 go;
	struct sgx_enclave_run run;
};

static void *spin(void *data)
{
	struct inside *in = data;
	struct op op = { .op = OP_SPIN,
			 .arg = { (u64)&in->here, (u64)&in->go } };

	in->run = guest_enter(&in->guest, 0, SGX_EENTER, &op);
	return NULL;
}

TEST(inside, "a thread that is inside when the power goes leaves for good")
{
	static struct inside in;
	pthread_t thread;

	guest_open(&in.guest);
	ASSERT_OK(pthread_create(&thread, NULL, spin, &in));
	while (!in.here)
		usleep(1000);
	lose_power();
	/* By an interrupt, and its ERESUME faults. */
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(in.run.function, SGX_ERESUME);
	ASSERT_EQ(in.run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(in.run.exception_error_code & SGX_BIT, SGX_BIT);
	epc_empty();
	encl_close(&in.guest.encl);
	still_good();
}

/* What a child dies of that touches enclave memory from outside. */
static int touch_status(u64 addr)
{
	int status;
	pid_t pid;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		(void)*(volatile u8 *)addr;
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(lost_ioctls, "after a loss of power ioctls answer EIO")
{
	struct sgx_enclave_restrict_permissions restrict_ = {
		.length = PAGE, .permissions = 1
	};
	struct sgx_enclave_modify_types modify = { .length = PAGE,
						   .page_type = SGX_PT_TRIM };
	struct sgx_enclave_remove_pages remove_ = { .length = PAGE };
	struct enclave built, unfinished;
	void *zeros = page_alloc(1);

	tiny_open(&built);
	ASSERT_OK(encl_create(&built));
	tiny_add(&built);
	tiny_finish(&built);
	tiny_open(&unfinished);
	ASSERT_OK(encl_create(&unfinished));
	tiny_add(&unfinished);
	lose_power();

	ASSERT_EQ(encl_add(&unfinished, TINY_FREE, zeros, PAGE, ENCL_RW, 0),
		  -EIO);
	ASSERT_OK(encl_sign(&unfinished, test_key()));
	ASSERT_EQ(encl_init(&unfinished), -EIO);
	restrict_.offset = TINY_SSA;
	ASSERT_ERRNO(ioctl(built.fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
			   &restrict_),
		     EIO);
	modify.offset = TINY_SSA;
	ASSERT_ERRNO(ioctl(built.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &modify),
		     EIO);
	remove_.offset = TINY_SSA;
	ASSERT_ERRNO(ioctl(built.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &remove_),
		     EIO);
	ASSERT_EQ(touch_status(built.secs.baseaddr + TINY_SSA), SIGSEGV);
	encl_close(&built);
	encl_close(&unfinished);
	epc_empty();
	still_good();
}

TEST(lost_evicted, "what is out of the EPC is lost, too")
{
	struct big big;

	big_open(&big, 2 * epc_total(), 0);
	big_fill(&big, 0);
	lose_power();
	epc_empty();
	no_entry(&big.guest, SGX_EENTER);
	big_close(&big);
	/* Rebuilt, by the same program. */
	big_open(&big, 2 * epc_total(), 0);
	big_fill(&big, 0);
	big_check(&big, 0);
	big_close(&big);
	epc_empty();
}

#define STEP_ENTER 5

/* How far a program has come that builds an enclave when the power goes. */
static const struct step {
	const char *situation;
	unsigned int done;
} steps[] = {
	{ "between open() and CREATE", 0 },
	{ "between CREATE and ADD_PAGES", 1 },
	{ "between two ADD_PAGES", 2 },
	{ "between ADD_PAGES and INIT", 3 },
	{ "between INIT and mmap()", 4 },
	{ "between mmap() and EENTER", STEP_ENTER },
};

/* As tests/uapi knows it: code, data, TCS; and a page that it does without. */
static int step_do(struct enclave *encl, unsigned int step)
{
	void *zeros = page_alloc(1);

	switch (step) {
	case 0:
		return encl_create(encl);
	case 1:
		tiny_add(encl);
		return 0;
	case 2:
		return encl_add(encl, TINY_FREE, zeros, PAGE, ENCL_RW, 0);
	case 3:
		ASSERT_OK(encl_sign(encl, test_key()));
		return encl_init(encl);
	case 4:
		tiny_map(encl);
		return 0;
	default:
		ASSERT_EQ(tiny_enter(encl).function, SGX_EEXIT);
		return 0;
	}
}

TEST_ROWS(lost_between, steps, "the power goes in the middle of a build")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	unsigned int i;
	void *zeros = page_alloc(1);

	tiny_open(&encl);
	for (i = 0; i < row->done; i++)
		ASSERT_OK(step_do(&encl, i));
	lose_power();
	epc_empty();
	if (!row->done) {
		/* There was nothing to lose. */
		for (; i <= STEP_ENTER; i++)
			ASSERT_OK(step_do(&encl, i));
	} else {
		/* A SECS that is lost is one all the same. */
		ASSERT_EQ(encl_create(&encl), -EINVAL);
		ASSERT_EQ(encl_add(&encl, TINY_FREE, zeros, PAGE, ENCL_RW, 0),
			  row->done < 4 ? -EIO : -EINVAL);
		if (row->done < 4)
			ASSERT_OK(encl_sign(&encl, test_key()));
		ASSERT_EQ(encl_init(&encl), row->done < 4 ? -EIO : -EINVAL);
	}
	if (row->done >= 4) {
		if (row->done == 4)
			tiny_map(&encl);
		run = tiny_enter(&encl);
		ASSERT_EQ(run.function, SGX_EENTER);
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
		ASSERT_EQ(run.exception_error_code & SGX_BIT, SGX_BIT);
	}
	encl_close(&encl);
	epc_empty();
	still_good();
}

static void *lose_often(void *data)
{
	volatile int *stop = data;

	while (!*stop) {
		usleep(30000);
		lose_power();
	}
	return NULL;
}

/* One step that may fail because the power goes, and only because of that. */
static bool survives(const struct big *big)
{
	struct job job = { .op = JOB_SUM,
			   .start = big->heap,
			   .pages = big->pages };
	struct sgx_enclave_run run =
		guest_enter(&big->guest, 0, SGX_EENTER, (void *)&job);

	if (run.function == SGX_EEXIT) {
		ASSERT_EQ(job.ret & JOB_WRONG, 0);
		return true;
	}
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_error_code & SGX_BIT, SGX_BIT);
	return false;
}

TEST(lost_often, "the power goes at any moment of a build")
{
	unsigned int lost = 0, i;
	volatile int stop = 0;
	pthread_t thread;

	ASSERT_OK(pthread_create(&thread, NULL, lose_often, (void *)&stop));
	for (i = 0; i < 60; i++) {
		void *zeros = page_alloc(64);
		struct enclave encl;
		int ret;

		ASSERT_OK(encl_open(&encl, 1 << 20));
		ret = encl_create(&encl);
		if (!ret)
			ret = encl_add(&encl, 0, zeros, 64 * PAGE, ENCL_RW,
				       SGX_PAGE_MEASURE);
		if (!ret) {
			ASSERT_OK(encl_sign(&encl, test_key()));
			ret = encl_init(&encl);
		}
		ASSERT(!ret || ret == -EIO);
		lost += ret == -EIO;
		encl_close(&encl);
		munmap(zeros, 64 * PAGE);
	}
	stop = 1;
	ASSERT_OK(pthread_join(thread, NULL));
	printf("  %u of %u were lost before they were initialised\n", lost, i);
	epc_empty();
	still_good();
}

TEST(lost_inside, "the power goes while threads page")
{
	unsigned int lost = 0, i;
	struct big big;

	for (i = 0; i < 6; i++) {
		volatile int stop = 0;
		pthread_t thread;
		bool lives;

		big_open(&big, 2 * epc_total(), 0);
		big_fill(&big, 0);
		ASSERT_OK(pthread_create(&thread, NULL, lose_often,
					 (void *)&stop));
		do
			lives = survives(&big);
		while (lives);
		lost++;
		stop = 1;
		ASSERT_OK(pthread_join(thread, NULL));
		big_close(&big);
	}
	ASSERT_EQ(lost, 6);
	epc_empty();
}

/* Tampering */

static u64 page_offset(const struct big *big, u64 page)
{
	return big->heap + page * PAGE - big->guest.encl.secs.baseaddr;
}

static int tamper(const char *verb, const struct big *big, u64 page,
		  const char *rest)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %lu %#lx %s", verb,
		 encl_stat(&big->guest.encl, "id"), page_offset(big, page),
		 rest);
	return debugfs("tamper", text);
}

/* All of it is out. */
static void push_out(const struct big *big)
{
	int i;

	for (i = 0; i < 5 && encl_stat(&big->guest.encl, "resident"); i++)
		squeeze();
	ASSERT_EQ(encl_stat(&big->guest.encl, "resident"), 0);
}

/* What a touch from outside gives: all ones, without a look at the page. */
static bool isolated(void)
{
	char value[8] = "";
	FILE *file = fopen("/sys/module/softsgx/parameters/isolation", "r");

	ASSERT(file);
	ASSERT(fgets(value, sizeof(value), file));
	fclose(file);
	return !strcmp(value, "pkey\n");
}

static struct sgx_enclave_run look(const struct big *big, u64 page)
{
	struct job job = { .op = JOB_SUM,
			   .start = big->heap + page * PAGE,
			   .pages = 1 };

	return guest_enter(&big->guest, 0, SGX_EENTER, (void *)&job);
}

/* As where the kernel finds no page: #PF without the SGX bit, or SIGBUS. */
static void is_refused(const struct big *big, u64 page)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = page_offset(big, page),
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};
	struct sgx_enclave_run run = look(big, page);
	u64 at = big->heap + page * PAGE;
	char buf[8];
	int fd;

	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_error_code & SGX_BIT, 0);
	ASSERT_EQ(run.exception_addr, at);
	ASSERT_EQ(touch_status(at), isolated() ? 0 : SIGBUS);
	ASSERT_ERRNO(ioctl(big->guest.encl.fd,
			   SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg),
		     EFAULT);
	ASSERT_EQ(arg.count, 0);
	fd = open("/proc/self/mem", O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT_ERRNO(pread(fd, buf, sizeof(buf), at), EIO);
	close(fd);
}

static const struct flip {
	const char *situation;
	const char *what;
} flips[] = {
	{ "the first bit of the contents", "contents 0" },
	{ "the last bit of the contents", "contents 32767" },
	{ "a bit of the MAC", "mac 64" },
	{ "the last bit of the MAC", "mac 127" },
	{ "the permission W in the PCMD", "pcmd 1" },
	{ "the permission X in the PCMD", "pcmd 2" },
	{ "PENDING in the PCMD", "pcmd 3" },
	{ "the type in the PCMD", "pcmd 8" },
	{ "what is reserved in the PCMD", "pcmd 600" },
};

TEST_ROWS(flipped, flips, "evicted and changed, it does not come back")
{
	struct big big, other;
	u64 i;

	big_open(&big, 20, 0);
	big_fill(&big, 0);
	big_open(&other, 20, 0);
	big_fill(&other, 0);
	push_out(&big);
	ASSERT_EQ(tamper("flip", &big, 7, row->what), 0);
	is_refused(&big, 7);
	/* Nobody else suffers: its other pages, and another enclave. */
	for (i = 0; i < 20; i++)
		if (i != 7)
			ASSERT_EQ(look(&big, i).function, SGX_EEXIT);
	big_check(&other, 0);
	/* And as it was, it does come back. */
	ASSERT_EQ(tamper("flip", &big, 7, row->what), 0);
	big_check(&big, 0);
	big_close(&big);
	big_close(&other);
	epc_empty();
}

TEST(enclaveid, "ENCLAVEID of the PCMD is for software: it may be changed")
{
	struct big big;

	big_open(&big, 4, 0);
	big_fill(&big, 0);
	push_out(&big);
	ASSERT_EQ(tamper("flip", &big, 1, "pcmd 512"), 0);
	big_check(&big, 0);
	big_close(&big);
}

TEST(replayed, "an older version of a page does not come back")
{
	struct big big;
	u64 sum;

	big_open(&big, 1, 0);
	big_fill(&big, 0);
	push_out(&big);
	ASSERT_EQ(tamper("save", &big, 0, ""), 0);
	sum = big_walk(&big, 1, 10, 3);
	push_out(&big);
	ASSERT_EQ(tamper("restore", &big, 0, ""), 0);
	is_refused(&big, 0);
	big_close(&big);
	/* The same twice, with nothing changed in between, is one as well. */
	big_open(&big, 1, 0);
	big_fill(&big, 0);
	push_out(&big);
	ASSERT_EQ(tamper("save", &big, 0, ""), 0);
	big_check(&big, 0);
	push_out(&big);
	ASSERT_EQ(tamper("restore", &big, 0, ""), 0);
	is_refused(&big, 0);
	ASSERT(sum);
	big_close(&big);
	epc_empty();
}

TEST(swapped, "a page in the place of another does not come back")
{
	struct big big;

	big_open(&big, 4, 0);
	big_fill(&big, 0);
	push_out(&big);
	ASSERT_EQ(tamper("save", &big, 0, ""), 0);
	ASSERT_EQ(tamper("restore", &big, 1, ""), 0);
	is_refused(&big, 1);
	ASSERT_EQ(look(&big, 0).function, SGX_EEXIT);
	big_close(&big);
	epc_empty();
}

TEST(foreign, "the same page of another enclave does not come back")
{
	struct big one, two;

	big_open(&one, 4, 0);
	big_fill(&one, 0);
	big_open(&two, 4, 0);
	big_fill(&two, 0);
	push_out(&one);
	push_out(&two);
	ASSERT_EQ(tamper("save", &one, 2, ""), 0);
	ASSERT_EQ(tamper("restore", &two, 2, ""), 0);
	is_refused(&two, 2);
	big_check(&one, 0);
	big_close(&one);
	big_close(&two);
	epc_empty();
}

/*
 * What an enclave has besides its pages: where it is in the backing, in pages
 * behind ELRANGE.
 */
static const struct part {
	const char *situation;
	u64 place;
} parts[] = {
	{ "its SECS", 0 },
	{ "its version array", 1 },
};

static u64 part_page(const struct big *big, const struct part *part)
{
	const struct sgx_secs *secs = &big->guest.encl.secs;

	return (secs->baseaddr + secs->size - big->heap) / PAGE + part->place;
}

/* They go after all others. */
static void push_out_part(const struct big *big, const struct part *part)
{
	u64 page = part_page(big, part);
	int i, ret = -ENOENT;

	push_out(big);
	for (i = 0; i < 10 && ret == -ENOENT; i++) {
		squeeze();
		ret = tamper("save", big, page, "");
	}
	ASSERT_OK(ret);
}

/* Nothing works that wants a page: there is none that does without that part. */
static void part_is_refused(const struct big *big)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = page_offset(big, 0),
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};
	struct sgx_enclave_run run = look(big, 0);
	char buf[8];
	int fd;

	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_error_code & (SGX_BIT | SGX_PFEC_P), 0);
	ASSERT_EQ(run.exception_addr, big->guest.tcs);
	ASSERT_ERRNO(ioctl(big->guest.encl.fd,
			   SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg),
		     EFAULT);
	ASSERT_EQ(arg.count, 0);
	fd = open("/proc/self/mem", O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT_ERRNO(pread(fd, buf, sizeof(buf), (off_t)big->heap), EIO);
	close(fd);
}

TEST_ROWS(part_flipped, parts, "evicted and changed, there is no enclave")
{
	static const char *const flips_[] = { "contents 7", "mac 1", "pcmd 3" };
	struct big big, other;
	unsigned int i;

	big_open(&other, 4, 0);
	big_fill(&other, 0);
	for (i = 0; i < sizeof(flips_) / sizeof(*flips_); i++) {
		big_open(&big, 4, 0);
		big_fill(&big, 0);
		push_out_part(&big, row);
		ASSERT_OK(
			tamper("flip", &big, part_page(&big, row), flips_[i]));
		part_is_refused(&big);
		big_check(&other, 0);
		ASSERT_OK(
			tamper("flip", &big, part_page(&big, row), flips_[i]));
		big_check(&big, 0);
		big_close(&big);
	}
	big_check(&other, 0);
	big_close(&other);
	epc_empty();
}

TEST_ROWS(part_replayed, parts, "an older version of it does not come back")
{
	struct big big, other;
	u64 sum;

	big_open(&other, 4, 0);
	big_fill(&other, 0);
	big_open(&big, 4, 0);
	big_fill(&big, 0);
	/* The control: what was saved is what is there. */
	push_out_part(&big, row);
	ASSERT_OK(tamper("restore", &big, part_page(&big, row), ""));
	big_check(&big, 0);

	push_out_part(&big, row);
	sum = big_walk(&big, 1, 10, 3);
	ASSERT(sum);
	push_out(&big);
	/* Without saving it anew. */
	while (tamper("restore", &big, part_page(&big, row), "") == -ENOENT)
		squeeze();
	part_is_refused(&big);
	big_check(&other, 0);
	big_close(&big);
	big_check(&other, 0);
	big_close(&other);
	epc_empty();
	still_good();
}

TEST_ROWS(part_foreign, parts, "that of another enclave does not come back")
{
	struct big one, two;

	big_open(&one, 4, 0);
	big_fill(&one, 0);
	big_open(&two, 4, 0);
	big_fill(&two, 0);
	push_out(&one);
	push_out(&two);
	push_out_part(&one, row);
	while (tamper("restore", &two, part_page(&two, row), "") == -ENOENT)
		squeeze();
	part_is_refused(&two);
	big_check(&one, 0);
	big_close(&one);
	big_close(&two);
	epc_empty();
}

/* A leaf finds what a page fault finds. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	_exit(sig == SIGBUS && info->si_code == BUS_ADRERR ? 42 : 1);
}

TEST(tcs, "EENTER at a TCS that does not come back is SIGBUS")
{
	struct sigaction act = { .sa_sigaction = on_sigbus,
				 .sa_flags = SA_SIGINFO };
	struct sgx_enclave_run run;
	struct big big;
	char text[64];
	int status;
	pid_t pid;

	big_open(&big, 4, 0);
	big_fill(&big, 0);
	push_out(&big);
	snprintf(text, sizeof(text), "flip %lu %#lx contents 0",
		 encl_stat(&big.guest.encl, "id"),
		 big.guest.tcs - big.guest.encl.secs.baseaddr);
	ASSERT_EQ(debugfs("tamper", text), 0);
	run = look(&big, 0);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_error_code & (SGX_BIT | SGX_PFEC_P), 0);

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		struct raw raw = { .in = { [RAX] = SGX_EENTER,
					   [RBX] = big.guest.tcs,
					   [RCX] = (u64)raw_aep },
				   .stack = entry_stack() };

		ASSERT_OK(sigaction(SIGBUS, &act, NULL));
		ASSERT_OK(sigaction(SIGSEGV, &act, NULL));
		raw_enclu(&raw);
		_exit(2);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(WEXITSTATUS(status), 42);
	big_close(&big);
	epc_empty();
}
