// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The program against its enclave: by itself, and by the kernel.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "isolation.h"

static struct vault vault;

/* The secret as a load of the program's own sees it. */
static void look(void)
{
	ASSERT_HIDDEN(vault.secret, 64);
	ASSERT_HIDDEN(vault.secret + PAGE - 32, 64);
}

TEST_ROWS(by_libc, companies, "memcpy, memcmp, memchr, strnlen")
{
	static u8 copy[2 * PAGE];
	static u8 ones[PAGE];
	const char *text;

	vault_open(&vault);
	company_start(row, &vault);
	text = (const char *)vault.secret;
	memset(ones, 0xff, sizeof(ones));

	memcpy(copy, vault.secret, sizeof(copy));
	ASSERT_HIDDEN(copy, sizeof(copy));
	memset(copy, 0, sizeof(copy));
	memmove(copy, vault.secret + 1, 100);
	ASSERT_HIDDEN(copy, 100);
	ASSERT_EQ(!memcmp(vault.secret, ones, PAGE), isolated());
	ASSERT_EQ(memchr(vault.secret, SECRET_BYTE, PAGE) == NULL, isolated());
	ASSERT_EQ(strnlen(text, PAGE), PAGE);
	ASSERT_EQ(!strncmp(text, (char *)ones, 64), isolated());
	company_stop(row);
}

TEST_ROWS(by_memset, companies, "memset, memcpy to it")
{
	static u8 zeros[PAGE];

	vault_open(&vault);
	company_start(row, &vault);
	memset(vault.secret, 0, PAGE);
	ASSERT_UNTOUCHED(&vault);
	vault_fill(&vault);
	memcpy(vault.secret + 3, zeros, 1000);
	ASSERT_UNTOUCHED(&vault);
	company_stop(row);
}

/* Each thread of a process, and its children, of whatever age. */
static volatile int step;

static void *look_later(void *arg)
{
	(void)arg;
	while (!step)
		usleep(1000);
	look();
	return NULL;
}

TEST(by_threads, "threads older and younger than the enclave, a child")
{
	pthread_t older, younger;
	int status;
	pid_t pid;

	ASSERT_OK(pthread_create(&older, NULL, look_later, NULL));
	vault_open(&vault);
	step = 1;
	ASSERT_OK(pthread_join(older, NULL));
	ASSERT_OK(pthread_create(&younger, NULL, look_later, NULL));
	ASSERT_OK(pthread_join(younger, NULL));

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		look();
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status) && !WEXITSTATUS(status));
	ASSERT(vault_intact(&vault));
}

static void on_usr1(int sig)
{
	(void)sig;
	look();
	step = 1;
}

TEST(by_handler, "a signal handler, sent to a thread outside")
{
	vault_open(&vault);
	signal(SIGUSR1, on_usr1);
	raise(SIGUSR1);
	ASSERT_EQ(step, 1);
	look();
}

TEST(while_inside, "while another thread is inside, with a signal for it")
{
	pthread_t thread;
	unsigned int i;

	vault_open(&vault);
	signal(SIGUSR1, on_usr1);
	thread = spin_start(&vault);
	for (i = 0; i < 100; i++)
		look();
	step = 0;
	pthread_kill(thread, SIGUSR1);
	while (!step)
		sched_yield();
	for (i = 0; i < 100; i++)
		vault.secret[i] = 1;
	spin_stop(thread);
	ASSERT_UNTOUCHED(&vault);
}

/*
 * The kernel, for a system call
 */

TEST_ROWS(by_write, companies, "write() to a pipe and a file")
{
	u8 got[64] = { 0 };
	ssize_t n;
	int fds[2];
	int fd;

	vault_open(&vault);
	company_start(row, &vault);
	ASSERT_OK(pipe(fds));
	n = write(fds[1], vault.secret, sizeof(got));
	if (n > 0)
		ASSERT_EQ(read(fds[0], got, n), n);
	ASSERT_HIDDEN(got, n > 0 ? n : 0);

	fd = memfd_create("file", 0);
	n = pwrite(fd, vault.secret, sizeof(got), 0);
	if (n > 0)
		ASSERT_EQ(pread(fd, got, n, 0), n);
	ASSERT_HIDDEN(got, n > 0 ? n : 0);
	company_stop(row);
}

TEST_ROWS(by_read, companies, "read() from a file")
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	vault_open(&vault);
	company_start(row, &vault);
	ASSERT_EQ(read(fd, vault.secret, 64) == 64, !isolated());
	ASSERT_UNTOUCHED(&vault);
	company_stop(row);
}

TEST_ROWS(by_futex, companies, "futex() compares a word of it")
{
	static const struct timespec at_once = { .tv_nsec = 1 };
	long ret;

	vault_open(&vault);
	company_start(row, &vault);
	look();
	ret = syscall(SYS_futex, vault.secret, FUTEX_WAIT_PRIVATE, 0x5a5a5a5a,
		      &at_once, NULL, 0);
	ASSERT_EQ(ret, -1);
	if (isolated())
		ASSERT_EQ(errno, EFAULT);
	else
		ASSERT_EQ(errno, ETIMEDOUT);
	company_stop(row);
}

/*
 * These the kernel refuses for mappings of devices, isolated or not; the control
 * is ordinary memory.
 */
TEST_ROWS(by_vm, companies,
	  "process_vm_readv(), process_vm_writev(), vmsplice()")
{
	u8 got[64] = { 0 };
	u8 ordinary[64] = { 0 };
	struct iovec local = { got, sizeof(got) };
	struct iovec remote = { ordinary, sizeof(got) };
	int fds[2];

	vault_open(&vault);
	company_start(row, &vault);
	ASSERT_EQ(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), 64);
	ASSERT_EQ(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), 64);
	remote = (struct iovec){ vault.secret, sizeof(got) };
	ASSERT_ERRNO(process_vm_readv(getpid(), &local, 1, &remote, 1, 0),
		     EFAULT);
	ASSERT_ERRNO(process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
		     EFAULT);
	ASSERT_OK(pipe(fds));
	ASSERT_EQ(vmsplice(fds[1], &local, 1, 0), 64);
	ASSERT_ERRNO(vmsplice(fds[1], &remote, 1, 0), EFAULT);
	ASSERT(all_bytes(got, sizeof(got), 0));
	ASSERT(vault_intact(&vault));
	company_stop(row);
}

/* A debugger: debug enclaves it reads and writes, others not. */
static void by_debugger(bool debug, const struct company *company)
{
	u64 word = 0x1122334455667788, got = 0;
	int status, fd;
	pid_t pid;

	if (debug) {
		vault_open(&vault);
	} else {
		struct guest *guest = &vault.guest;

		ASSERT_OK(
			encl_open_elf(&guest->encl, test_file("enclave.elf")));
		guest->encl.secs.attributes.xfrm = 7;
		guest->encl.secs.attributes.flags &= ~SGX_ATTR_DEBUG;
		ASSERT_OK(encl_load_elf(&guest->encl, test_key()));
		guest->tcs = guest_symbol(guest, "tcs");
		vault.secret = (u8 *)guest_symbol(guest, "data_pages");
		vault_fill(&vault);
	}

	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT(fd >= 0);
	company_start(company, &vault);
	ASSERT_EQ(pread(fd, &got, 8, (off_t)vault.secret) == 8, debug);
	ASSERT_EQ(got, debug ? 0x5a5a5a5a5a5a5a5a : 0);
	company_stop(company);

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		/* It goes on while this thread is stopped. */
		company_start(company, &vault);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	errno = 0;
	got = ptrace(PTRACE_PEEKDATA, pid, vault.secret, 0);
	ASSERT_EQ(got == 0x5a5a5a5a5a5a5a5a, debug);
	ASSERT_EQ(errno == 0, debug);
	ASSERT_EQ(ptrace(PTRACE_POKEDATA, pid, vault.secret, word) == 0, debug);
	ptrace(PTRACE_KILL, pid, 0, 0);
	waitpid(pid, &status, 0);

	ASSERT_EQ(guest_read(&vault.guest, 0, (u64)vault.secret),
		  debug ? word : 0x5a5a5a5a5a5a5a5a);
}

TEST_ROWS(by_debugger_debug, companies,
	  "ptrace(), /proc/self/mem: a debug enclave")
{
	by_debugger(true, row);
}

TEST_ROWS(by_debugger_other, companies,
	  "ptrace(), /proc/self/mem: an enclave without DEBUG")
{
	by_debugger(false, row);
}

/*
 * io_uring
 */

struct ring {
	int fd;
	struct io_uring_params params;
	u8 *sq, *cq;
	struct io_uring_sqe *sqes;
};

static bool ring_open(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0) {
		printf("  no io_uring here: errno %s\n",
		       strerrorname_np(errno));
		return false;
	}
	ring->sq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			ring->fd, IORING_OFF_SQ_RING);
	ring->cq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring->fd, IORING_OFF_SQES);
	ASSERT(ring->sq != MAP_FAILED && ring->cq != MAP_FAILED &&
	       ring->sqes != MAP_FAILED);
	return true;
}

static void ring_submit(struct ring *ring, const struct io_uring_sqe *sqe)
{
	struct io_sqring_offsets *off = &ring->params.sq_off;
	u32 *tail = (u32 *)(ring->sq + off->tail);
	u32 mask = *(u32 *)(ring->sq + off->ring_mask);

	ring->sqes[*tail & mask] = *sqe;
	((u32 *)(ring->sq + off->array))[*tail & mask] = *tail & mask;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ASSERT_EQ(syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0), 1);
}

static int ring_result(struct ring *ring)
{
	struct io_cqring_offsets *off = &ring->params.cq_off;
	u32 *head = (u32 *)(ring->cq + off->head);
	u32 mask = *(u32 *)(ring->cq + off->ring_mask);
	int res;

	ASSERT(syscall(SYS_io_uring_enter, ring->fd, 0, 1,
		       IORING_ENTER_GETEVENTS, NULL, 0) >= 0);
	res = ((struct io_uring_cqe *)(ring->cq + off->cqes))[*head & mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

static void by_uring(u8 flags, const struct company *company)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_WRITE, .flags = flags };
	u8 got[64] = { 0 };
	struct ring ring;
	int fds[2];
	int n;

	if (!ring_open(&ring))
		return;
	vault_open(&vault);
	look();
	company_start(company, &vault);
	ASSERT_OK(pipe(fds));
	sqe.fd = fds[1];
	sqe.addr = (u64)vault.secret;
	sqe.len = sizeof(got);
	sqe.off = -1;
	ring_submit(&ring, &sqe);
	n = ring_result(&ring);
	if (n > 0)
		ASSERT_EQ(read(fds[0], got, n), n);
	ASSERT_HIDDEN(got, n > 0 ? n : 0);
	company_stop(company);
}

TEST_ROWS(by_uring_now, companies, "io_uring, a write by the thread itself")
{
	by_uring(0, row);
}

TEST_ROWS(by_uring_worker, companies, "io_uring, a write by a worker")
{
	by_uring(IOSQE_ASYNC, row);
}

/* A pipe that is full is emptied when the thread is inside. */
struct drain {
	int from, to;
	u8 got[64];
	ssize_t n;
};

static void *drain(void *arg)
{
	static u8 trash[1 << 16];
	struct drain *drain = arg;
	struct pollfd poll_fd = { .fd = drain->from, .events = POLLIN };
	ssize_t total = 0;

	while (!spin_here)
		sched_yield();
	usleep(10000);
	while (total < (1 << 16))
		total += read(drain->from, trash, sizeof(trash));
	/* A write that failed may leave a buffer of no bytes in the pipe. */
	fcntl(drain->from, F_SETFL, O_NONBLOCK);
	drain->n = poll(&poll_fd, 1, 500) > 0
			   ? read(drain->from, drain->got, sizeof(drain->got))
			   : 0;
	spin_go = 1;
	return NULL;
}

TEST(by_uring_inside,
     "io_uring, a write that goes on while its thread is inside")
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_WRITE };
	static u8 full[1 << 16];
	struct drain arg = { 0 };
	struct ring ring;
	pthread_t thread;
	int fds[2];

	if (!ring_open(&ring))
		return;
	vault_open(&vault);
	look();
	ASSERT_OK(pipe2(fds, O_NONBLOCK));
	ASSERT_EQ(write(fds[1], full, sizeof(full)), sizeof(full));
	ASSERT_OK(fcntl(fds[0], F_SETFL, 0) | fcntl(fds[1], F_SETFL, 0));
	sqe.fd = fds[1];
	sqe.addr = (u64)vault.secret;
	sqe.len = sizeof(arg.got);
	sqe.off = -1;
	ring_submit(&ring, &sqe);

	arg.from = fds[0];
	spin_here = 0;
	spin_go = 0;
	ASSERT_OK(pthread_create(&thread, NULL, drain, &arg));
	spin(&vault);
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_HIDDEN(arg.got, arg.n > 0 ? (size_t)arg.n : 0);
}

/*
 * The mapping and its key
 */

TEST(by_mprotect, "mprotect() and pkey_mprotect()")
{
	u8 *page;

	vault_open(&vault);
	page = vault.secret;
	look();
	ASSERT_OK(mprotect(page, 2 * PAGE, PROT_READ));
	look();
	ASSERT_OK(mprotect(page, 2 * PAGE, PROT_NONE));
	ASSERT_OK(mprotect(page, 2 * PAGE, PROT_READ | PROT_WRITE));
	look();
	ASSERT_OK(syscall(SYS_pkey_mprotect, page, PAGE, PROT_READ | PROT_WRITE,
			  0));
	look();
	ASSERT(vault_intact(&vault));
	page[0] = 0;
	ASSERT_UNTOUCHED(&vault);
}

TEST(by_own_key, "pkey_mprotect() with a key of the program's")
{
	int key, ret;

	vault_open(&vault);
	key = syscall(SYS_pkey_alloc, 0, 0);
	if (key < 0) {
		printf("  no protection keys here\n");
		return;
	}
	ret = syscall(SYS_pkey_mprotect, vault.secret, 2 * PAGE,
		      PROT_READ | PROT_WRITE, key);
	ASSERT_EQ(ret, isolated() ? -1 : 0);
	look();
}

TEST(by_exec_only, "mprotect() to PROT_EXEC and back")
{
	u8 *code, ones[16];

	vault_open(&vault);
	code = (u8 *)guest_symbol(&vault.guest, "code_page");
	memset(ones, 0xff, sizeof(ones));
	ASSERT_EQ(GUEST_OP(&vault.guest, 0, .op = OP_CALL,
			   .arg = { (u64)code, 41 }),
		  42);
	ASSERT_OK(mprotect(code, PAGE, PROT_EXEC));
	ASSERT_EQ(GUEST_OP(&vault.guest, 0, .op = OP_CALL,
			   .arg = { (u64)code, 41 }),
		  42);
	ASSERT_OK(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_EQ(GUEST_OP(&vault.guest, 0, .op = OP_CALL,
			   .arg = { (u64)code, 41 }),
		  42);
	ASSERT_EQ(all_bytes(code, 16, 0xff), isolated());
}

/* XSAVE area, standard format: PKRU is all zeros, or what is in it. */
static u8 xsave_area[4096] __attribute__((aligned(64)));

TEST(by_xrstor, "after an XRSTOR of everything and an entry")
{
	vault_open(&vault);
	xrstor_all(xsave_area);
	ASSERT(vault_intact(&vault));
	look();
}

#define PKRU_BIT    (1ULL << 9)
#define PKRU_OFFSET 0xa80

/* Inside: everything closed, by an XRSTOR. */
TEST(xrstor_inside, "an enclave that closes its own key goes on")
{
	u64 restore;

	vault_open(&vault);
	restore = guest_symbol(&vault.guest, "xrstor_all");
	GUEST_OP(&vault.guest, 0, .op = OP_CALL,
		 .arg = { restore, (u64)xsave_area });
	ASSERT(vault_intact(&vault));
	look();

	*(u64 *)(xsave_area + 512) = PKRU_BIT;
	*(u32 *)(xsave_area + PKRU_OFFSET) = 0x55555554;
	GUEST_OP(&vault.guest, 0, .op = OP_CALL,
		 .arg = { restore, (u64)xsave_area });
	ASSERT(vault_intact(&vault));
	look();
}

/*
 * What is not carried out
 */

static volatile struct {
	int code;
	void *addr;
	u64 ip;
} segv;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	segv.code = info->si_code;
	segv.addr = info->si_addr;
	segv.ip = uc->uc_mcontext.gregs[REG_RIP];
	/* Behind it, with one ST register less to pop: FLD is two bytes. */
	uc->uc_mcontext.gregs[REG_RIP] += 4;
}

TEST(not_decoded, "an instruction that is not carried out: SIGSEGV")
{
	struct sigaction sa = { .sa_sigaction = on_segv,
				.sa_flags = SA_SIGINFO };

	vault_open(&vault);
	sigaction(SIGSEGV, &sa, NULL);
	x87_load(vault.secret + 8);
	ASSERT_EQ(segv.addr, isolated() ? vault.secret + 8 : NULL);
	if (isolated())
		ASSERT_EQ(segv.ip, at_x87_load);
}

TEST(no_page, "an address that the mapping forbids: SIGSEGV")
{
	struct sigaction sa = { .sa_sigaction = on_segv,
				.sa_flags = SA_SIGINFO };
	u8 *page;

	vault_open(&vault);
	page = vault.secret;
	sigaction(SIGSEGV, &sa, NULL);
	ASSERT_OK(mprotect(page, PAGE, PROT_NONE));
	x87_load(page);
	ASSERT_EQ(segv.addr, page);
	ASSERT_EQ(segv.code, SEGV_ACCERR);
}

/* Not an attack that is refused: SECURITY.md says so, and here it is seen. */
TEST(by_wrpkru, "WRPKRU opens what is mapped, until the next entry")
{
	if (!isolated())
		return;
	vault_open(&vault);
	wrpkru_to(0);
	ASSERT(all_bytes(vault.secret, 64, SECRET_BYTE));
	ASSERT(vault_intact(&vault));
	look();
}
