// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* An enclave that several processes have, and what is left when they are gone. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib.h"

/* What a process has to know of an enclave besides its descriptor. */
struct letter {
	u64 base;
	u64 size;
	u64 tcs;
	u64 data;
};

static struct letter letter_of(const struct guest *guest)
{
	return (struct letter){ guest->encl.secs.baseaddr,
				guest->encl.secs.size, guest->tcs,
				guest_symbol(guest, "data_pages") };
}

static void send_enclave(int to, int fd, struct letter letter)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { &letter, sizeof(letter) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	ASSERT_EQ(sendmsg(to, &msg, 0), sizeof(letter));
}

/* Mapped where it has to be; its code is at the front. */
static void receive_enclave(int from, struct guest *guest,
			    struct letter *letter)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { letter, sizeof(*letter) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };

	ASSERT_EQ(recvmsg(from, &msg, 0), sizeof(*letter));
	memset(guest, 0, sizeof(*guest));
	memcpy(&guest->encl.fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	guest->encl.secs.baseaddr = letter->base;
	guest->encl.secs.size = letter->size;
	guest->tcs = letter->tcs;
}

/* As the parts of an enclave are mapped in /proc/PID/maps, and no more. */
static void map_as(struct guest *guest, pid_t pid)
{
	unsigned long start, end;
	char path[64], perms[5], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "r");
	ASSERT(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, "sgx_enclave") ||
		    sscanf(line, "%lx-%lx %4s", &start, &end, perms) != 3)
			continue;
		ASSERT_EQ(mmap((void *)start, end - start,
			       (perms[0] == 'r' ? PROT_READ : 0) |
				       (perms[1] == 'w' ? PROT_WRITE : 0) |
				       (perms[2] == 'x' ? PROT_EXEC : 0),
			       MAP_SHARED | MAP_FIXED, guest->encl.fd, 0),
			  start);
	}
	fclose(file);
}

static unsigned int enclaves(void)
{
	FILE *file = fopen("/sys/kernel/debug/softsgx/enclaves", "r");
	unsigned int n = 0;
	int c;

	ASSERT(file);
	while ((c = fgetc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

static void nothing_left(void)
{
	int i;

	epc_returned();
	for (i = 0; i < 500 && enclaves(); i++)
		usleep(10000);
	ASSERT_EQ(enclaves(), 0);
}

/* A process that has nothing of the enclave but what it is sent. */
TEST(passed, "an enclave is passed on to another process, and its owner ends")
{
	int sockets[2], done[2];
	struct letter letter;
	struct guest guest;
	pid_t owner, heir;
	int status;
	char c;

	nothing_left();
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_OK(pipe(done));
	owner = fork();
	ASSERT(owner >= 0);
	if (!owner) {
		guest_open(&guest);
		guest_write(&guest, 0, guest_symbol(&guest, "data_pages"), 77);
		send_enclave(sockets[0], guest.encl.fd, letter_of(&guest));
		/* It is mapped there now, too. */
		ASSERT_EQ(read(done[0], &c, 1), 1);
		_exit(0);
	}
	heir = fork();
	ASSERT(heir >= 0);
	if (!heir) {
		receive_enclave(sockets[1], &guest, &letter);
		map_as(&guest, owner);
		ASSERT_EQ(guest_read(&guest, 0, letter.data), 77);
		guest_write(&guest, 0, letter.data, 78);
		ASSERT_EQ(write(done[1], "x", 1), 1);
		ASSERT_EQ(read(sockets[1], &c, 1), 1);
		/* The owner is gone. */
		ASSERT_EQ(guest_read(&guest, 0, letter.data), 78);
		ASSERT_EQ(encl_stat(&guest.encl, "pids"), getpid());
		ASSERT(encl_stat(&guest.encl, "creator") != (u64)getpid());
		_exit(0);
	}
	ASSERT_EQ(waitpid(owner, &status, 0), owner);
	ASSERT_EQ(status, 0);
	ASSERT_EQ(enclaves(), 1);
	ASSERT(epc_used() > 0);
	ASSERT_EQ(write(sockets[0], "y", 1), 1);
	ASSERT_EQ(waitpid(heir, &status, 0), heir);
	ASSERT_EQ(status, 0);
	nothing_left();
}

TEST(in_flight, "an enclave is nowhere but in a message that nobody has read")
{
	struct letter letter;
	struct guest guest;
	int sockets[2];
	u64 used;

	nothing_left();
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	guest_open(&guest);
	send_enclave(sockets[0], guest.encl.fd, letter_of(&guest));
	encl_close(&guest.encl);
	usleep(50000);
	ASSERT_EQ(enclaves(), 1);
	used = epc_used();
	ASSERT(used > 0);
	receive_enclave(sockets[1], &guest, &letter);
	ASSERT_EQ(epc_used(), used);
	/* And again, and then the message goes unread. */
	send_enclave(sockets[0], guest.encl.fd, letter);
	ASSERT_OK(close(guest.encl.fd));
	usleep(50000);
	ASSERT_EQ(enclaves(), 1);
	ASSERT_OK(close(sockets[0]));
	ASSERT_OK(close(sockets[1]));
	nothing_left();
}

static struct guest shared_guest;

/* In the address space of its parent, as another process. */
static int same_mm(void *data)
{
	volatile int *state = data;

	while (*state == 0)
		usleep(1000);
	*state = guest_read(&shared_guest, 1,
			    guest_symbol(&shared_guest, "data_pages")) == 5
			 ? 2
			 : 3;
	return 0;
}

TEST(mm_outlives, "the process that mapped it ends, its address space does not")
{
	volatile int *state = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, i;
	pid_t pid;

	nothing_left();
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		u8 *stack = page_alloc(64);

		guest_open(&shared_guest);
		guest_write(&shared_guest, 0,
			    guest_symbol(&shared_guest, "data_pages"), 5);
		ASSERT(clone(same_mm, stack + 64 * PAGE, CLONE_VM | SIGCHLD,
			     (void *)state) > 0);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	ASSERT_EQ(enclaves(), 1);
	*state = 1;
	for (i = 0; i < 1000 && *state == 1; i++)
		usleep(10000);
	ASSERT_EQ(*state, 2);
	nothing_left();
}

TEST(exec_keeps, "a descriptor outlives exec, and the mappings do not")
{
	struct guest guest;
	int ready[2];
	pid_t pid;
	char c;

	nothing_left();
	ASSERT_OK(pipe2(ready, O_CLOEXEC));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		guest_open(&guest);
		ASSERT(dup(guest.encl.fd) >= 0);
		execlp("sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	ASSERT_OK(close(ready[1]));
	/* The end of the pipe is the exec. */
	ASSERT_EQ(read(ready[0], &c, 1), 0);
	usleep(50000);
	ASSERT_EQ(enclaves(), 1);
	ASSERT(epc_used() > 0);
	ASSERT_OK(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	nothing_left();
}

/* Memory of the kernel that cannot be had back, KiB. */
static u64 unreclaimable(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	u64 kib = 0;

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "SUnreclaim: %lu", &kib);
	fclose(file);
	return kib;
}

#define CHILDREN 20
#define ROUNDS	 10

/* Children of children; each enters, and is killed wherever it is. */
static void child(const struct guest *guest, unsigned int number)
{
	unsigned int thread = 1 + number % (OP_THREADS - 1);

	if (!(number % 3) && !fork())
		number++;
	for (;;) {
		struct op op = { .op = OP_NOP };

		/* All share the TCSs: it may be in use, or used up. */
		guest_enter(guest, thread, SGX_EENTER, &op);
		usleep(number * 10);
	}
}

TEST(families, "children of children use an enclave and are killed: no leak")
{
	u64 before = 0;
	unsigned int round, i;

	nothing_left();
	for (round = 0; round < ROUNDS; round++) {
		pid_t pids[CHILDREN];
		struct guest guest;

		guest_open(&guest);
		for (i = 0; i < CHILDREN; i++) {
			pids[i] = fork();
			ASSERT(pids[i] >= 0);
			if (!pids[i]) {
				ASSERT_OK(setpgid(0, 0));
				child(&guest, i);
			}
			setpgid(pids[i], pids[i]);
		}
		for (i = 0; i < CHILDREN; i++) {
			usleep(1000);
			/* The group: its own children, too. */
			ASSERT_OK(kill(-pids[i], SIGKILL));
			ASSERT_EQ(waitpid(pids[i], NULL, 0), pids[i]);
		}
		GUEST_OP(&guest, 0, .op = OP_NOP);
		encl_close(&guest.encl);
		nothing_left();
		/* What the first rounds take stays in caches. */
		if (round == 2)
			before = unreclaimable();
	}
	printf("  SUnreclaim %lu KiB after 3 rounds, %lu after %d\n", before,
	       unreclaimable(), ROUNDS);
	ASSERT(unreclaimable() < before + 2048);
	still_good();
}

/*
 * The program after execve(): of the enclave at @base nothing is mapped. It has
 * code of its own where the enclave's would be, and enters. Exit status: 1, the
 * place is taken; 2, it got in; SIGSEGV is right.
 */
static void enter_after_exec(u64 base)
{
	/* mov %rcx, %rbx; mov $4, %eax; enclu */
	static const u8 code[] = { 0x48, 0x89, 0xcb, 0xb8, 0x04, 0x00,
				   0x00, 0x00, 0x0f, 0x01, 0xd7 };
	struct raw raw = { .stack = entry_stack() };
	int fd = open("/dev/sgx_enclave", O_RDWR);
	void *place;

	/* Another enclave, so that ENCLU is an instruction here. */
	if (fd < 0 ||
	    mmap(NULL, PAGE, PROT_NONE, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(3);
	place = mmap((void *)(base + TINY_CODE), PAGE,
		     PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (place == MAP_FAILED)
		_exit(1);
	memcpy(place, code, sizeof(code));
	raw.in[RAX] = SGX_EENTER;
	raw.in[RBX] = base + TINY_TCS;
	raw.in[RCX] = (u64)raw_aep;
	raw_enclu(&raw);
	_exit(2);
}

__attribute__((constructor)) static void after_exec(void)
{
	const char *base = getenv("ENTER_AFTER_EXEC");

	if (base)
		enter_after_exec(strtoul(base, NULL, 16));
}

/* With the memory of the parent: its mappings stay, and so the translations. */
static int enter_and_exec(void *data)
{
	static char *argv[] = { "share", NULL };
	struct enclave *encl = data;
	char text[64];
	char *env[] = { text, NULL };

	if (tiny_enter(encl).function != SGX_EEXIT)
		_exit(4);
	snprintf(text, sizeof(text), "ENTER_AFTER_EXEC=%llx",
		 (unsigned long long)encl->secs.baseaddr);
	execve("/proc/self/exe", argv, env);
	_exit(5);
}

TEST(exec, "an address space that is left takes its translations along")
{
	u8 *stack = page_alloc(64);
	struct enclave encl;
	int i, status = 0;
	pid_t pid;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	for (i = 0; i < 20; i++) {
		pid = clone(enter_and_exec, stack + 64 * PAGE,
			    CLONE_VM | CLONE_VFORK | SIGCHLD, &encl);
		ASSERT(pid > 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			break;
	}
	ASSERT(WIFSIGNALED(status));
	ASSERT_EQ(WTERMSIG(status), SIGSEGV);
	/* The parent's are as they were. */
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}
