// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* What root can see of enclaves: /sys/kernel/debug/softsgx, and tracepoints. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "lib.h"

#define STAT(guest, key) encl_stat(&(guest)->encl, key)

TEST(life, "an enclave is listed as long as it is there, as what it is")
{
	struct enclave encl;
	char hex[65];
	int i;

	epc_returned();
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT(!strcmp(encl_stat_text(&encl, "state"), "created"));
	ASSERT(!strcmp(encl_stat_text(&encl, "mrenclave"), "-"));
	ASSERT(!strcmp(encl_stat_text(&encl, "pids"), "-"));
	ASSERT_EQ(encl_stat(&encl, "creator"), getpid());
	tiny_add(&encl);
	ASSERT_EQ(encl_stat(&encl, "resident"), 4);
	ASSERT_EQ(encl_stat(&encl, "size"), TINY_SIZE);
	tiny_finish(&encl);
	ASSERT(!strcmp(encl_stat_text(&encl, "state"), "initialized"));
	for (i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", encl.sig.enclavehash[i]);
	ASSERT(!strcmp(encl_stat_text(&encl, "mrenclave"), hex));
	ASSERT_EQ(encl_stat(&encl, "pids"), getpid());
	encl_close(&encl);
	epc_returned();
	ASSERT_EQ(epc_stat("used"), 0);
}

TEST(counts, "entries, exits, AEXes and faults are exact")
{
	struct guest guest;
	u64 entries, exits, aexes, faults;
	const u64 rounds = 100;
	u64 i;

	guest_open(&guest);
	GUEST_OP(&guest, 0, .op = OP_NOP);
	entries = STAT(&guest, "entries");
	exits = STAT(&guest, "exits");
	aexes = STAT(&guest, "aexes");
	ASSERT_EQ(entries, exits + aexes);
	for (i = 0; i < rounds; i++) {
		struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
		struct sgx_enclave_run run;

		GUEST_OP(&guest, 0, .op = OP_NOP);
		run = guest_enter(&guest, 1, SGX_EENTER, &op);
		ASSERT_EQ(run.function, SGX_ERESUME);
		/* The exception handler, at CSSA 1: it skips the UD2. */
		guest_write(&guest, 1, guest_gpr(&guest, 1, 0, GPR(rip)),
			    guest_symbol(&guest, "insn_ud2") + 2);
		run = guest_enter(&guest, 1, SGX_ERESUME, &op);
		ASSERT_EQ(run.function, SGX_EEXIT);
	}
	/* NOP, the op, its handler; and the scheduler's interrupts. */
	ASSERT(STAT(&guest, "exits") >= exits + 3 * rounds);
	ASSERT(STAT(&guest, "aexes") >= aexes + rounds);
	ASSERT_EQ(STAT(&guest, "entries"),
		  STAT(&guest, "exits") + STAT(&guest, "aexes"));
	ASSERT_EQ(STAT(&guest, "exits") - exits, 3 * rounds);
	ASSERT_EQ(STAT(&guest, "inside"), 0);
	ASSERT_EQ(STAT(&guest, "threads"), 1);

	faults = STAT(&guest, "faults");
	ASSERT_OK(madvise((void *)guest.encl.secs.baseaddr, PAGE, MADV_NORMAL));
	ASSERT_EQ(STAT(&guest, "faults"), faults);
	guest_read(&guest, 0, guest_symbol(&guest, "data_pages"));
	ASSERT(STAT(&guest, "faults") > faults);
	encl_close(&guest.encl);
}

struct inside {
	struct guest guest;
	volatile u64 here;
	volatile u64 go;
};

static void *spin(void *data)
{
	struct inside *in = data;

	GUEST_OP(&in->guest, 0, .op = OP_SPIN,
		 .arg = { (u64)&in->here, (u64)&in->go });
	return NULL;
}

TEST(inside, "a thread that is inside is counted as inside")
{
	static struct inside in;
	unsigned int seen = 0;
	pthread_t thread;
	int i;

	guest_open(&in.guest);
	ASSERT_OK(pthread_create(&thread, NULL, spin, &in));
	while (!in.here)
		usleep(1000);
	/* It leaves for a moment whenever it is interrupted. */
	for (i = 0; i < 100; i++)
		seen += STAT(&in.guest, "inside");
	ASSERT(seen > 0 && seen <= 100);
	ASSERT_EQ(STAT(&in.guest, "exits"), 0);
	in.go = 1;
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(STAT(&in.guest, "exits"), 1);
	ASSERT_EQ(STAT(&in.guest, "inside"), 0);
	encl_close(&in.guest.encl);
}

TEST(owners, "all processes that map an enclave are named")
{
	struct guest guest;
	char wanted[64];
	int go[2];
	pid_t pid;
	char c;

	guest_open(&guest);
	ASSERT_OK(pipe(go));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		ASSERT_OK(close(go[1]));
		ASSERT_EQ(read(go[0], &c, 1), 0);
		_exit(0);
	}
	snprintf(wanted, sizeof(wanted), "%d,%d", getpid(), pid);
	ASSERT(!strcmp(encl_stat_text(&guest.encl, "pids"), wanted));
	ASSERT_OK(close(go[1]));
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	ASSERT_EQ(STAT(&guest, "pids"), getpid());
	ASSERT_OK(
		munmap((void *)guest.encl.secs.baseaddr, guest.encl.secs.size));
	ASSERT(!strcmp(encl_stat_text(&guest.encl, "pids"), "-"));
	encl_close(&guest.encl);
}

/* Reading, while enclaves come and go. */
static void *come_and_go(void *data)
{
	volatile int *stop = data;

	while (!*stop)
		still_good();
	return NULL;
}

TEST(reading, "the list is read while enclaves come and go")
{
	volatile int stop = 0;
	pthread_t thread;
	char buf[4096];
	int i, fd;

	ASSERT_OK(pthread_create(&thread, NULL, come_and_go, (void *)&stop));
	for (i = 0; i < 300; i++) {
		fd = open("/sys/kernel/debug/softsgx/enclaves", O_RDONLY);
		ASSERT(fd >= 0);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		close(fd);
	}
	stop = 1;
	ASSERT_OK(pthread_join(thread, NULL));
}

/* No more than that, so that one is being made all the time. */
static void *only_open(void *data)
{
	volatile int *stop = data;
	int fd;

	while (!*stop) {
		fd = open("/dev/sgx_enclave", O_RDWR);
		ASSERT(fd >= 0);
		close(fd);
	}
	return NULL;
}

TEST(reading_opened, "the list is read while enclaves are being made")
{
	volatile int stop = 0;
	pthread_t thread;
	char buf[4096];
	int i, fd;

	fd = open("/sys/kernel/debug/softsgx/enclaves", O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT_OK(pthread_create(&thread, NULL, only_open, (void *)&stop));
	for (i = 0; i < 20000; i++)
		ASSERT(pread(fd, buf, sizeof(buf), 0) >= 0);
	stop = 1;
	ASSERT_OK(pthread_join(thread, NULL));
	close(fd);
}

#define LISTED 60

/* How many enclaves are listed; the first @max identities, the newest last. */
static unsigned int list_ids(u64 ids[], unsigned int max)
{
	FILE *file = fopen("/sys/kernel/debug/softsgx/enclaves", "r");
	unsigned int n = 0;
	char line[4096];
	u64 id;

	ASSERT(file);
	while (fgets(line, sizeof(line), file)) {
		ASSERT_EQ(sscanf(line, "id=%lu ", &id), 1);
		if (n < max)
			ids[n] = id;
		n++;
	}
	fclose(file);
	return n;
}

TEST(reading_closed, "who stays is listed, whoever goes between two reads")
{
	u64 ids[LISTED], id;
	char text[65536], word[32];
	int fds[LISTED], i, fd;
	size_t len = 0;
	ssize_t n;

	epc_returned();
	/* Those of earlier tests. */
	while (list_ids(ids, LISTED))
		usleep(1000);
	for (i = 0; i < LISTED; i++) {
		fds[i] = open("/dev/sgx_enclave", O_RDWR);
		ASSERT(fds[i] >= 0);
	}
	ASSERT_EQ(list_ids(ids, LISTED), LISTED);

	fd = open("/sys/kernel/debug/softsgx/enclaves", O_RDONLY);
	ASSERT(fd >= 0);
	len = read(fd, text, 4096);
	ASSERT(len > 0 && len <= 4096);
	text[len] = '\0';
	/* The first half has been told only in part. */
	snprintf(word, sizeof(word), "id=%lu ", ids[LISTED / 2 - 1]);
	ASSERT(!strstr(text, word));
	for (i = 0; i < LISTED / 2; i++)
		ASSERT_OK(close(fds[i]));
	id = ids[LISTED / 2];
	do {
		usleep(1000);
		ASSERT(list_ids(ids, LISTED) >= LISTED / 2);
	} while (ids[0] != id);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	ASSERT_EQ(n, 0);
	text[len] = '\0';
	ASSERT_EQ(list_ids(ids, LISTED), LISTED / 2);
	for (i = 0; i < LISTED / 2; i++) {
		snprintf(word, sizeof(word), "id=%lu ", ids[i]);
		ASSERT(strstr(text, word));
		ASSERT(!strstr(strstr(text, word) + 1, word));
		ASSERT_OK(close(fds[LISTED / 2 + i]));
	}
	close(fd);
}

TEST(total_bytes, "the size of the EPC is where mainline has it")
{
	FILE *file = fopen("/sys/devices/system/node/node0/x86/sgx_total_bytes",
			   "r");
	u64 bytes;

	if (access("/sys/devices/system/node", F_OK))
		test_skip("this kernel has no nodes (NUMA)");
	ASSERT(file);
	ASSERT_EQ(fscanf(file, "%lu", &bytes), 1);
	ASSERT_EQ(bytes, epc_pages() * PAGE);
	fclose(file);
}

#define TRACING "/sys/kernel/tracing/"

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	ASSERT(fd >= 0);
	if (*text)
		ASSERT_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static unsigned int traced(const char *event, const char *what)
{
	FILE *file = fopen(TRACING "trace", "r");
	unsigned int n = 0;
	char line[1024];
	const char *at;

	ASSERT(file);
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, event);
		if (at && strstr(at, what))
			n++;
	}
	fclose(file);
	return n;
}

TEST(trace, "the tracepoints tell the life of an enclave")
{
	struct sgx_enclave_modify_types arg = { .length = PAGE,
						.page_type = SGX_PT_TRIM };
	struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
	struct guest guest;
	char id[32], text[64];

	put(TRACING "trace", "");
	put(TRACING "events/softsgx/enable", "1");
	guest_open(&guest);
	GUEST_OP(&guest, 0, .op = OP_NOP);
	guest_enter(&guest, 1, SGX_EENTER, &op);
	arg.offset =
		guest_symbol(&guest, "data_pages") - guest.encl.secs.baseaddr;
	ASSERT_OK(ioctl(guest.encl.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &arg));
	put(TRACING "events/softsgx/enable", "0");

	snprintf(id, sizeof(id), "id=%lu ", STAT(&guest, "id"));
	/* CREATE, INIT and MODIFY_TYPES are 0, 2 and 6 of <asm/sgx.h>. */
	snprintf(text, sizeof(text), "%snr=0 ret=0", id);
	ASSERT_EQ(traced("sgx_ioctl_end: ", text), 1);
	snprintf(text, sizeof(text), "%snr=2 ret=0", id);
	ASSERT_EQ(traced("sgx_ioctl_end: ", text), 1);
	ASSERT_EQ(traced("sgx_ioctl_begin: ", id),
		  traced("sgx_ioctl_end: ", id));
	ASSERT_EQ(traced("sgx_change: ", id), 1);
	ASSERT_EQ(traced("sgx_exit: ", id), 1);
	ASSERT_EQ(traced("sgx_enter: ", id),
		  traced("sgx_exit: ", id) + traced("sgx_aex: ", id));
	snprintf(text, sizeof(text), "tcs=%#lx vector=6", guest.tcs + PAGE);
	ASSERT_EQ(traced("sgx_aex: ", text), 1);
	ASSERT(traced("sgx_fault: ", id) > 0);
	/* An entry is executed again after each miss. */
	ASSERT(traced("sgx_enclu: ", "leaf=2") >= 2);
	ASSERT(traced("sgx_enclu: ", "leaf=4") >= 1);
	encl_close(&guest.encl);
	put(TRACING "trace", "");
}
