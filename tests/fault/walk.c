// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Usage: vm/run --kernel kasan -- build/tests/fault/walk [name...]
 *
 * Lets the n-th thing fail that can fail in the kernel (an allocation of a slab
 * or of a page, a copy from or to user memory, a point of driver/fail.h) while a step in the life of an
 * enclave is made, for n = 1, 2, ... until the step comes to its end before
 * anything failed. The kernel counts for the calling thread: /proc/self/fail-nth.
 *
 * After each failure the step is made again, without one, and the enclave is
 * brought to its end: it has to initialise with the measurement of an enclave
 * to which nothing happened, to be entered, and to leave no EPC page behind. A
 * new enclave has to work, too. Each point is walked in a process of its own,
 * which a failure may kill where it hits the kernel's way back to the program
 * (a signal frame, what rseq writes after a sleep), but nowhere else.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../uapi/lib.h"

/* No step has as many; one that fails for ever ends here. */
#define MAX_POINTS 3000

/* What the library of tests/uapi calls when it does not get what it wants. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("  %s:%d: ", file, line);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
	_exit(1);
}

/* ---- what a step is ---- */

/*
 * The process may be killed: a failure may hit a signal frame, or what the kernel
 * writes for rseq after a sleep.
 */
#define MAY_DIE 1
/* Begin when the module watches no threads. */
#define COLD 2

/**
 * struct step - a step in the life of an enclave
 * @name:	of the step
 * @setup:	all that comes before, with nothing failing
 * @act:	the step: 0, or an errno. It is made once with a failure, and
 *		if it did not succeed once more without
 * @finish:	all that comes after
 * @flags:	MAY_DIE, COLD
 */
struct step {
	const char *name;
	void (*setup)(void);
	int (*act)(void);
	void (*finish)(void);
	unsigned int flags;
};

static struct enclave encl;
static struct guest guest;
static u8 *pages;
static sigjmp_buf fault_env;
static volatile int fault_signal;

/* A system call that fails with -1. */
static int result(long ret)
{
	return ret == -1 ? -errno : 0;
}

/* ---- steps with the small enclave ---- */

static void to_open(void)
{
	pages = page_alloc(4);
}

static void to_created(void)
{
	to_open();
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
}

static void to_opened(void)
{
	to_open();
	tiny_open(&encl);
}

static void to_added(void)
{
	to_created();
	tiny_add(&encl);
}

static void to_signed(void)
{
	to_added();
	ASSERT_OK(encl_sign(&encl, test_key()));
}

static void to_initialised(void)
{
	to_signed();
	ASSERT_OK(encl_init(&encl));
}

static void to_mapped(void)
{
	to_initialised();
	tiny_map(&encl);
}

static void from_mapped(void)
{
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	encl_close(&encl);
}

static void from_initialised(void)
{
	tiny_map(&encl);
	from_mapped();
}

static void from_signed(void)
{
	ASSERT_OK(encl_init(&encl));
	from_initialised();
}

static void from_added(void)
{
	ASSERT_OK(encl_sign(&encl, test_key()));
	from_signed();
}

static void from_created(void)
{
	tiny_add(&encl);
	from_added();
}

static void from_opened(void)
{
	ASSERT_OK(encl_create(&encl));
	from_created();
}

static int do_open(void)
{
	return encl_open(&encl, TINY_SIZE);
}

static int do_create(void)
{
	return encl_create(&encl);
}

/*
 * Three pages in one call, which may come to its end in the middle: encl_add()
 * would measure all of them, and add all of them again.
 */
static u64 added;

static int do_add(void)
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)pages + added,
		.offset = TINY_FREE + added,
		.length = 3 * PAGE - added,
		.secinfo = (u64)&secinfo,
		.flags = SGX_PAGE_MEASURE,
	};
	u64 i;
	int ret;

	if (added == 3 * PAGE)
		return 0;
	ret = result(ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg));
	/*
	 * The count is lost where it could not be copied out: then the next
	 * call finds the pages (-EBUSY), which is the only way to know.
	 */
	if (ret == -EBUSY && !arg.count)
		arg.count = PAGE;
	for (i = 0; i < arg.count; i += PAGE) {
		measure_add(encl.md, TINY_FREE + added + i, ENCL_RW);
		measure_extend(encl.md, TINY_FREE + added + i,
			       pages + added + i);
	}
	added += arg.count;
	if (!ret || ret == -EBUSY)
		return added == 3 * PAGE ? 0 : do_add();
	return ret;
}

static int do_init(void)
{
	return encl_init(&encl);
}

static int do_provision(void)
{
	struct sgx_enclave_provision arg;
	int fd = open("/dev/sgx_provision", O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	arg.fd = fd;
	ret = result(ioctl(encl.fd, SGX_IOC_ENCLAVE_PROVISION, &arg));
	close(fd);
	return ret;
}

static int do_map(void)
{
	int ret;

	ret = encl_map(&encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE);
	if (ret)
		return ret;
	ret = encl_map(&encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC);
	if (ret)
		return ret;
	return encl_map(&encl, TINY_SSA, 2 * PAGE, PROT_READ | PROT_WRITE);
}

static int do_mprotect(void)
{
	u8 *ssa = (u8 *)encl.secs.baseaddr + TINY_SSA;
	int ret;

	ret = result(mprotect(ssa + PAGE, PAGE, PROT_READ));
	if (ret)
		return ret;
	return result(mprotect(ssa + PAGE, PAGE, PROT_READ | PROT_WRITE));
}

static int do_madvise(void)
{
	u8 *ssa = (u8 *)encl.secs.baseaddr + TINY_SSA;

	madvise(ssa, PAGE, MADV_DONTNEED);
	return result(mlock(ssa, PAGE)) ? 0 : result(munlock(ssa, PAGE));
}

static int do_munmap(void)
{
	return result(munmap((u8 *)encl.secs.baseaddr + TINY_SSA, PAGE));
}

static void from_unmapped(void)
{
	ASSERT_OK(encl_map(&encl, TINY_SSA, PAGE, PROT_READ | PROT_WRITE));
	from_mapped();
}

static int do_enter(void)
{
	struct sgx_enclave_run run = { .tcs = encl.secs.baseaddr + TINY_TCS };
	int ret;

	if (sigsetjmp(fault_env, 1))
		return -EFAULT;
	entry_depth = 0;
	ret = enter(&run, SGX_EENTER, NULL);
	if (ret)
		return ret;
	/* Whatever lacks memory, it is no exception: all is mapped. */
	ASSERT(run.exception_vector != SGX_VECTOR_PF);
	return run.function == SGX_EEXIT ? 0 : -EFAULT;
}

/* The child has the enclave's mappings; it enters. */
static int do_fork(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(tiny_enter(&encl).function != SGX_EEXIT);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	return 0;
}

static int do_close(void)
{
	encl_close(&encl);
	return 0;
}

static void nothing(void)
{
}

/* ---- steps with the test enclave ---- */

static void to_guest(void)
{
	guest_open(&guest);
	/* This thread has been inside. */
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

/* What the processor knows of the enclave's pages is gone. */
static void to_forgotten(void)
{
	void *page;

	to_guest();
	page = (void *)guest_symbol(&guest, "data_pages");
	ASSERT_OK(result(mprotect(page, PAGE, PROT_READ)));
	ASSERT_OK(result(mprotect(page, PAGE, PROT_READ | PROT_WRITE)));
}

static void from_guest(void)
{
	ASSERT_EQ(GUEST_OP(&guest, 1, .op = OP_CSSA), 0);
	encl_close(&guest.encl);
}

/* An op, with a signal for an access that failed. */
static int try_op(struct op *op)
{
	struct sgx_enclave_run run = { .tcs = guest.tcs };
	int ret;

	if (sigsetjmp(fault_env, 1))
		return -EFAULT;
	entry_depth = 0;
	ret = enter(&run, SGX_EENTER, op);
	if (ret)
		return ret;
	return run.function == SGX_EEXIT ? 0 : -EFAULT;
}

/* Read a page that no page table has. */
static int do_fault(void)
{
	struct op op = { .op = OP_READ,
			 .arg = { guest_symbol(&guest, "data_pages") } };

	return try_op(&op);
}

static int do_regs(void)
{
	static struct op_regs regs;
	struct op op = { .op = OP_REGS, .arg = { (u64)&regs } };
	struct sgx_enclave_run run = { .tcs = guest.tcs };
	int ret;

	/* An exception inside, handled outside, and back: AEX, ERESUME. */
	if (sigsetjmp(fault_env, 1))
		return -EFAULT;
	entry_depth = 0;
	regs.rflags[0] = 0x202;
	regs.mxcsr[0] = 0x1f80;
	regs.fcw[0] = 0x37f;
	regs.rsp = 0;
	ret = enter(&run, SGX_EENTER, &op);
	if (ret || run.function != SGX_ERESUME || run.exception_vector != 6)
		return ret ? ret : -EFAULT;
	return 0;
}

/* The enclave is left interrupted: its thread 1 tells it all is well. */
static void from_interrupted(void)
{
	from_guest();
}

static u64 free_page(void)
{
	return guest.encl.secs.baseaddr + guest.encl.secs.size - PAGE;
}

static void to_free_page(void)
{
	to_guest();
	ASSERT_OK(encl_map(&guest.encl, guest.encl.secs.size - PAGE, PAGE,
			   PROT_READ | PROT_WRITE));
}

/* EACCEPT in an address without a page: EAUG, and the leaf. */
static int do_augment(void)
{
	static struct sgx_secinfo secinfo __attribute__((aligned(64)));
	u64 inside = guest_symbol(&guest, "data_pages") + PAGE;
	struct op copy = { .op = OP_COPY,
			   .arg = { inside, (u64)&secinfo, sizeof(secinfo) } };
	struct op accept = { .op = OP_ENCLU,
			     .arg = { SGX_EACCEPT, inside, free_page() } };
	int ret;

	secinfo.flags = ENCL_RW | SGX_SECINFO_FL_PENDING;
	ret = try_op(&copy);
	if (!ret)
		ret = try_op(&accept);
	/* 19: it was accepted before, and the answer did not get here. */
	if (!ret && accept.ret && accept.ret != SGX_PAGE_ATTRIBUTES_MISMATCH)
		return -EFAULT;
	return ret;
}

static void from_augmented(void)
{
	guest_write(&guest, 0, free_page(), 0x1234);
	ASSERT_EQ(guest_read(&guest, 0, free_page()), 0x1234);
	from_guest();
}

static u64 data_offset(void)
{
	return guest_symbol(&guest, "data_pages") - guest.encl.secs.baseaddr;
}

static int do_restrict(void)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = data_offset(),
		.length = 2 * PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};

	return result(ioctl(guest.encl.fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
			    &arg));
}

static int do_modify(void)
{
	struct sgx_enclave_modify_types arg = {
		.offset = data_offset(),
		.length = 2 * PAGE,
		.page_type = SGX_PT_TRIM,
	};

	return result(ioctl(guest.encl.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &arg));
}

/*
 * Where the failure came after the work was done (the copy of the result) the
 * pages are trimmed already, which a second call refuses.
 */
static int do_modify_or_done(void)
{
	int ret = do_modify();

	return ret == -EINVAL ? 0 : ret;
}

static void to_trimmed(void)
{
	u64 data;
	unsigned int i;

	to_guest();
	ASSERT_OK(do_modify());
	data = guest_symbol(&guest, "data_pages");
	for (i = 0; i < 2; i++) {
		struct sgx_secinfo secinfo = {
			.flags = (u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT |
				 SGX_SECINFO_FL_MODIFIED,
		};
		u64 inside = data + 2 * PAGE;

		GUEST_OP(&guest, 0, .op = OP_COPY,
			 .arg = { inside, (u64)&secinfo, sizeof(secinfo) });
		ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_ENCLU,
				   .arg = { SGX_EACCEPT, inside,
					    data + i * PAGE }),
			  0);
	}
}

static int do_remove(void)
{
	struct sgx_enclave_remove_pages arg = {
		.offset = data_offset(),
		.length = 2 * PAGE,
	};
	int ret = result(
		ioctl(guest.encl.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &arg));

	/* The first may be gone already, or all of them. */
	if (ret != -EFAULT)
		return ret;
	arg.offset += PAGE;
	arg.length = PAGE;
	arg.count = 0;
	ret = result(ioctl(guest.encl.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &arg));
	return ret == -EFAULT ? -EAGAIN : ret;
}

/* Both are gone, or the second call would not have said so. */
static int do_remove_all(void)
{
	static bool again;
	int ret = do_remove();

	if (ret == -EAGAIN && again)
		ret = 0;
	again = true;
	return ret;
}

/* The kernel reads and writes a debug enclave: EDBGRD, EDBGWR. */
static int do_debug(void)
{
	u64 addr = guest_symbol(&guest, "data_pages");
	u64 word = 0x77;
	int ret;
	int fd;

	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = pwrite(fd, &word, sizeof(word), addr) == sizeof(word) ? 0 : -EIO;
	if (!ret)
		ret = pread(fd, &word, sizeof(word), addr) == sizeof(word)
			      ? 0
			      : -EIO;
	close(fd);
	return ret;
}

/* All leaves that an enclave uses for itself. */
static int do_leaves(void)
{
	u64 data = guest_symbol(&guest, "data_pages");
	struct op key = { .op = OP_ENCLU,
			  .arg = { SGX_EGETKEY, data, data + PAGE } };
	struct op report = { .op = OP_ENCLU,
			     .arg = { SGX_EREPORT, data + 512, data + 1024,
				      data + PAGE } };
	struct op extend = { .op = OP_ENCLU,
			     .arg = { SGX_EMODPE, data + 2048, data } };
	int ret;

	ret = try_op(&key);
	if (!ret)
		ret = try_op(&report);
	if (!ret)
		ret = try_op(&extend);
	return ret;
}

static void to_leaves(void)
{
	static struct sgx_secinfo secinfo = { .flags = ENCL_RW };

	to_guest();
	GUEST_OP(&guest, 0, .op = OP_COPY,
		 .arg = { guest_symbol(&guest, "data_pages") + 2048,
			  (u64)&secinfo, sizeof(secinfo) });
}

/* ---- steps with a full EPC ---- */

/* More pages than an EPC of 1 MiB has; what it has; and some that are out. */
#define MANY	  300
#define MANY_FULL 230
#define MANY_OUT  40

static u8 *many_map;
static u64 many_added;

static int add_many(unsigned int pages)
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	struct sgx_enclave_add_pages arg;
	int ret;

	while (many_added < pages * PAGE) {
		arg = (struct sgx_enclave_add_pages){
			.src = (u64)many_map + many_added,
			.offset = 8 * PAGE + many_added,
			.length = pages * PAGE - many_added,
			.secinfo = (u64)&secinfo,
		};
		ret = result(ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg));
		if (ret == -EBUSY && !arg.count)
			arg.count = PAGE;
		many_added += arg.count;
		if (ret && ret != -EBUSY)
			return ret;
	}
	return 0;
}

static void to_full(void)
{
	to_open();
	many_map = page_alloc(MANY);
	ASSERT_OK(encl_open(&encl, 1024 * PAGE));
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(add_many(MANY_FULL));
}

/* For each page that comes another is written out. */
static int do_evict(void)
{
	return add_many(MANY);
}

static void from_evicted(void)
{
	u64 i;

	for (i = 0; i < MANY; i++)
		measure_add(encl.md, (8 + i) * PAGE, ENCL_RW);
	from_added();
}

static void to_evicted(void)
{
	u64 i;

	to_full();
	ASSERT_OK(do_evict());
	for (i = 0; i < MANY; i++)
		measure_add(encl.md, (8 + i) * PAGE, ENCL_RW);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
}

/* The oldest come back: EMODPR wants them. */
static int do_load(void)
{
	static u64 restricted;
	struct sgx_enclave_restrict_permissions arg;
	int ret = 0;

	while (!ret && restricted < MANY_OUT * PAGE) {
		arg = (struct sgx_enclave_restrict_permissions){
			.offset = 8 * PAGE + restricted,
			.length = MANY_OUT * PAGE - restricted,
			.permissions = SGX_SECINFO_FL_R,
		};
		ret = result(ioctl(encl.fd,
				   SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg));
		restricted += arg.count;
	}
	/* What cannot be read back is one page's trouble, no loss of power. */
	ASSERT(ret != -EIO);
	return ret;
}

/* ---- rules ---- */

static int do_rules(void)
{
	static const char rules[] =
		"policy name=walk version=1\n"
		"DEFAULT action=ALLOW\n"
		"op=INIT mrsigner=00000000000000000000000000000000"
		"00000000000000000000000000000000 action=DENY\n";
	int fd =
		open("/sys/kernel/security/softsgx/load", O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, rules, sizeof(rules) - 1) < 0 ? -errno : 0;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

static int do_read_rules(void)
{
	char text[4096];
	int fd = open("/sys/kernel/security/softsgx/policy",
		      O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, text, sizeof(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static const struct step steps[] = {
	{ "open", to_open, do_open, from_opened, 0 },
	{ "first open", to_open, do_open, from_opened, COLD },
	{ "create", to_opened, do_create, from_created, 0 },
	{ "provision", to_opened, do_provision, from_opened, 0 },
	{ "add", to_added, do_add, from_added, 0 },
	{ "init", to_signed, do_init, from_initialised, 0 },
	{ "mmap", to_initialised, do_map, from_mapped, 0 },
	{ "mprotect", to_mapped, do_mprotect, from_mapped, 0 },
	{ "madvise", to_mapped, do_madvise, from_mapped, 0 },
	{ "munmap", to_mapped, do_munmap, from_unmapped, 0 },
	{ "enter", to_mapped, do_enter, from_mapped, MAY_DIE },
	{ "fork", to_mapped, do_fork, from_mapped, MAY_DIE },
	{ "close", to_mapped, do_close, nothing, 0 },
	{ "fault", to_forgotten, do_fault, from_guest, MAY_DIE },
	{ "exception", to_forgotten, do_regs, from_interrupted, MAY_DIE },
	{ "augment", to_free_page, do_augment, from_augmented, MAY_DIE },
	{ "leaves", to_leaves, do_leaves, from_guest, MAY_DIE },
	{ "restrict", to_guest, do_restrict, from_guest, 0 },
	{ "modify", to_guest, do_modify_or_done, from_guest, 0 },
	{ "remove", to_trimmed, do_remove_all, from_guest, 0 },
	{ "debug", to_guest, do_debug, from_guest, 0 },
	{ "rules", nothing, do_rules, still_good, 0 },
	{ "read rules", nothing, do_read_rules, still_good, 0 },
	{ "evict", to_full, do_evict, from_evicted, 0 },
	{ "load", to_evicted, do_load, from_initialised, 0 },
};

/* ---- walking ---- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
}

/* The only probes of this kernel are the module's. They linger for 5 seconds. */
static void wait_until_cold(void)
{
	int i;
	int fd;
	char c;
	bool cold = false;

	for (i = 0; i < 300 && !cold; i++) {
		usleep(100000);
		fd = open("/sys/kernel/debug/kprobes/list",
			  O_RDONLY | O_CLOEXEC);
		ASSERT(fd >= 0);
		cold = read(fd, &c, 1) == 0;
		close(fd);
	}
	ASSERT(cold);
}

static int fail_nth = -1;

static void inject(unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	/* It may be this that fails; not twice. */
	if (pwrite(fail_nth, text, strlen(text), 0) < 0)
		ASSERT(pwrite(fail_nth, text, strlen(text), 0) > 0);
}

/*
 * What is left of the count: 0 if something has failed. If it is the reading
 * that fails, nothing had before.
 */
static unsigned long left(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		return 1;
	return strtoul(text, NULL, 10);
}

static void on_fault(int sig)
{
	fault_signal = sig;
	siglongjmp(fault_env, 1);
}

enum { WALKED = 10, AT_THE_END = 11 };

/* In a process of its own. */
static void walk_point(const struct step *step, unsigned int n)
{
	struct sigaction action = { .sa_handler = on_fault };
	unsigned long rest;
	int ret;

	if (step->flags & COLD)
		wait_until_cold();
	step->setup();
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	/* Of this thread. */
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT(fail_nth >= 0);

	inject(n);
	ret = step->act();
	/* The count is a user copy, too. */
	rest = left();
	if (rest)
		inject(0);
	if (ret)
		ret = step->act();
	if (ret)
		test_fail(__FILE__, __LINE__,
			  "made again, it fails with %s, signal %d",
			  strerrorname_np(-ret), fault_signal);
	step->finish();
	fflush(stdout);
	_exit(rest ? AT_THE_END : WALKED);
}

/* Returns the number of points, or -1. */
static int walk(const struct step *step, unsigned int *killed)
{
	unsigned int n;
	int status;
	pid_t pid;

	for (n = 1; n < MAX_POINTS; n++) {
		fflush(stdout);
		pid = fork();
		if (pid < 0) {
			perror("fork");
			return -1;
		}
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			alarm(120);
			walk_point(step, n);
		}
		if (waitpid(pid, &status, 0) != pid)
			return -1;
		epc_returned();
		if (WIFEXITED(status) && WEXITSTATUS(status) == AT_THE_END)
			return n - 1;
		if (WIFSIGNALED(status) && (step->flags & MAY_DIE) &&
		    (WTERMSIG(status) == SIGSEGV ||
		     WTERMSIG(status) == SIGBUS)) {
			(*killed)++;
		} else if (!WIFEXITED(status) ||
			   WEXITSTATUS(status) != WALKED) {
			printf("  %s, point %u: ended with status 0x%x\n",
			       step->name, n, status);
			return -1;
		}
		if (n % 16 == 0)
			still_good();
	}
	printf("  %s: does not come to an end\n", step->name);
	return -1;
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0, points = 0, killed = 0;
	unsigned int i, dead;
	int n, j;

	if (access("/sys/kernel/debug/failslab", F_OK)) {
		printf("This kernel cannot let things fail: --kernel kasan\n");
		return 2;
	}
	/* Allocations that may wait, and single pages, too; and no dumps. */
	write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	write_file("/sys/kernel/debug/fail_usercopy/verbose", "0");
	write_file("/sys/kernel/debug/softsgx/fail/verbose", "0");

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (j = 1; j < argc; j++)
			if (!strcmp(argv[j], steps[i].name))
				break;
		if (argc > 1 && j == argc)
			continue;
		dead = 0;
		n = walk(&steps[i], &dead);
		if (n < 0) {
			failed++;
			printf("not ok %s\n", steps[i].name);
			continue;
		}
		still_good();
		passed++;
		points += n;
		killed += dead;
		printf("ok     %s: %d points\n", steps[i].name, n);
	}
	printf("%u points walked, in %u of them the process was killed\n",
	       points, killed);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
