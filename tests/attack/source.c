// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What may not be executed outside is copied into an enclave as code: from a
 * noexec mount, from a file that is mapped for reading only, and while another
 * thread changes what is mapped at the source.
 *
 * The code is the payload, in a file or in memory; the proof is that the
 * enclave has run it, or holds it in a page with the permission to.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include "attack.h"

#define R	   PROT_READ
#define W	   PROT_WRITE
#define X	   PROT_EXEC
#define NOEXEC	   "source_check=noexec"
#define EXEC	   "source_check=exec"
#define NOT_NOEXEC "source_check=off"
#define NOT_EXEC   "source_check=off|source_check=noexec"

static struct victim victim;

static const char *own_mount(unsigned long flags)
{
	static char dir[] = "/tmp/attack.XXXXXX";

	ASSERT(mkdtemp(dir));
	/* In a namespace of its own it goes when the process does. */
	ASSERT_OK(unshare(CLONE_NEWNS));
	ASSERT_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_OK(mount("attack", dir, "tmpfs", flags, NULL));
	return dir;
}

/* A page of a file on a file system with these flags, open for both. */
static int file_on(unsigned long flags, u64 contents)
{
	u64 page[PAGE / sizeof(u64)] = { contents };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/code", own_mount(flags));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	ASSERT(fd >= 0);
	ASSERT_EQ(write(fd, page, sizeof(page)), sizeof(page));
	return fd;
}

static void *map_file(int fd, int prot, int flags)
{
	void *source = mmap(NULL, PAGE, prot, flags, fd, 0);

	ASSERT(source != MAP_FAILED);
	return source;
}

static int add(u64 page, const void *source, u64 flags)
{
	struct sgx_secinfo secinfo = { .flags = flags };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)source,
		.offset = page - victim.guest.encl.secs.baseaddr,
		.length = PAGE,
		.secinfo = (u64)&secinfo,
	};

	return add_raw(victim.guest.encl.fd, &arg);
}

/* The whole life of an enclave with this page of code, to the proof. */
static void by_adding(const void *source)
{
	struct enclave *encl = &victim.guest.encl;
	u64 page;

	victim_open(&victim);
	victim_create(&victim);
	page = victim.spare;
	if (!ATTACK_CALL(add(page, source, ENCL_RX), EACCES)) {
		/* Nor has half of it been done. */
		ASSERT_OK(add(page, page_alloc(1), ENCL_RW));
		attack_refused("EACCES");
	}
	measure_add(encl->md, page - encl->secs.baseaddr, ENCL_RX);
	victim_init(&victim);
	victim_map(&victim);
	victim_mmap(&victim, page, R | X);
	attack_by_execution(&victim, page, NULL);
}

ATTACK(noexec_shared, "source-noexec-mount-shared", NOEXEC, NOT_NOEXEC)
{
	by_adding(map_file(file_on(MS_NOEXEC, PAYLOAD), R, MAP_SHARED));
}

ATTACK(noexec_private, "source-noexec-mount-private", NOEXEC, NOT_NOEXEC)
{
	by_adding(map_file(file_on(MS_NOEXEC, PAYLOAD), R, MAP_PRIVATE));
}

/* The page that is copied is no longer the file's, its mapping still is. */
ATTACK(noexec_modified, "source-noexec-mount-modified", NOEXEC, NOT_NOEXEC)
{
	u64 *source = map_file(file_on(MS_NOEXEC, 0), R | W, MAP_PRIVATE);

	*source = PAYLOAD;
	by_adding(source);
}

ATTACK(noexec_exec, "source-noexec-mount-under-exec", EXEC, NOT_NOEXEC)
{
	by_adding(map_file(file_on(MS_NOEXEC, PAYLOAD), R, MAP_SHARED));
}

/* A file that may be mapped executable, which somebody would have to allow. */
ATTACK(read_only, "source-file-not-executable", EXEC, NOT_EXEC)
{
	by_adding(map_file(file_on(0, PAYLOAD), R, MAP_PRIVATE));
}

ATTACK(read_only_shared, "source-file-not-executable-shared", EXEC, NOT_EXEC)
{
	by_adding(map_file(file_on(0, PAYLOAD), R | W, MAP_SHARED));
}

ATTACK(modified, "source-file-not-executable-modified", EXEC, NOT_EXEC)
{
	u64 *source = map_file(file_on(0, 0), R | W, MAP_PRIVATE);

	*source = PAYLOAD;
	by_adding(source);
}

/* Executable once, not any more. */
ATTACK(was_executable, "source-file-no-longer-executable", EXEC, NOT_EXEC)
{
	void *source = map_file(file_on(0, PAYLOAD), R | X, MAP_PRIVATE);

	ASSERT_OK(mprotect(source, PAGE, R));
	by_adding(source);
}

/*
 * The races: at the source there is one moment a page that may be code, the
 * next one that may not. In an enclave that is not initialised yet the pages
 * are looked at as a debugger does.
 */
#define GOOD 0x1111111111111111UL

static struct swap {
	u8 *source;
	int good;
	int bad;
	bool unmap;
} swap;

static void swapper(void *arg, unsigned int number)
{
	static __thread unsigned int turn;
	struct swap *swap = arg;
	int fd = turn++ % 2 ? swap->good : swap->bad;

	(void)number;
	if (swap->unmap) {
		ASSERT_OK(munmap(swap->source, PAGE));
		sched_yield();
	}
	ASSERT_EQ(mmap(swap->source, PAGE, R, MAP_SHARED | MAP_FIXED, fd, 0),
		  swap->source);
}

static u64 peek(u64 addr)
{
	static int fd = -1;
	u64 value;

	if (fd < 0)
		fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(pread(fd, &value, sizeof(value), addr), sizeof(value));
	return value;
}

static void new_victim(void)
{
	victim_open(&victim);
	victim_create(&victim);
	ASSERT(mmap((void *)victim.spare, VICTIM_SPARE * PAGE, R | X,
		    MAP_SHARED | MAP_FIXED, victim.guest.encl.fd,
		    0) != MAP_FAILED);
}

struct tally {
	unsigned long good;
	unsigned long refused;
	unsigned long missing;
};

/* One page added from the source, whatever is there. */
static void add_one(u64 page, struct tally *tally)
{
	if (add(page, swap.source, ENCL_RX)) {
		if (errno == EACCES) {
			tally->refused++;
		} else {
			ASSERT_EQ(errno, EFAULT);
			tally->missing++;
		}
		return;
	}
	if (peek(page) == PAYLOAD)
		attack_succeeded();
	ASSERT_EQ(peek(page), GOOD);
	tally->good++;
}

static void by_swapping(void)
{
	struct tally tally = {};
	struct crowd crowd = {};
	unsigned int i;

	swap.good = memfd_create("good", 0);
	ASSERT(swap.good >= 0 && !ftruncate(swap.good, PAGE));
	ASSERT_EQ(pwrite(swap.good, &(u64){ GOOD }, sizeof(u64), 0),
		  sizeof(u64));
	swap.bad = file_on(MS_NOEXEC, PAYLOAD);
	swap.source = map_file(swap.good, R, MAP_SHARED);
	crowd_join(&crowd, swapper, &swap, 0);
	do {
		new_victim();
		for (i = 0; i < VICTIM_SPARE; i++)
			add_one(victim.spare + i * PAGE, &tally);
		victim_end(&victim);
	} while (!time_is_up() || !tally.good || !tally.refused);
	crowd_end(&crowd);
	attack_refused(
		"EACCES %lu times, EFAULT %lu times, the other page %lu times",
		tally.refused, tally.missing, tally.good);
}

ATTACK(remap_race, "source-remapped-meanwhile", NOEXEC, NOT_NOEXEC)
{
	by_swapping();
}

ATTACK(unmap_race, "source-unmapped-meanwhile", NOEXEC, NOT_NOEXEC)
{
	swap.unmap = true;
	by_swapping();
}

/*
 * While a mapping goes, it is no longer there, and its pages still are. In that
 * time the one above it must not be taken for theirs. Each round unmaps many
 * pages that may not be code, with one right behind them that may; the last
 * page of them is the source, and is the last to go.
 */
#define GOING_SIZE (32UL << 20)

static struct going {
	int good;
	int bad;
	u8 *area;
	u8 *source;
	pthread_barrier_t start;
} going;

static void *unmapper(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&going.start);
	ASSERT_OK(munmap(going.area, GOING_SIZE));
	return NULL;
}

static void map_going(void)
{
	const int fixed = MAP_FIXED | MAP_POPULATE;

	going.area = mmap(NULL, GOING_SIZE + PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(going.area != MAP_FAILED);
	going.source = going.area + GOING_SIZE - PAGE;
	ASSERT_EQ(mmap(going.area, GOING_SIZE, R, MAP_SHARED | fixed, going.bad,
		       0),
		  going.area);
	ASSERT_EQ(mmap(going.area + GOING_SIZE, PAGE, R, MAP_PRIVATE | fixed,
		       going.good, 0),
		  going.area + GOING_SIZE);
}

/* Whether the page is still there, as far as its page table goes. */
static bool still_readable(const void *page)
{
	static int fds[2] = { -1 };
	u64 word;

	if (fds[0] < 0)
		ASSERT_OK(pipe(fds));
	if (!ATTACK_CALL(write(fds[1], page, sizeof(word)), EFAULT))
		return false;
	ASSERT_EQ(read(fds[0], &word, sizeof(word)), sizeof(word));
	ASSERT_EQ(word, PAYLOAD);
	return true;
}

ATTACK(unmap_window, "source-in-a-mapping-that-goes", NOEXEC, NOT_NOEXEC)
{
	unsigned long refused = 0, rounds = 0, windows = 0;
	pthread_t thread;
	u64 page;

	going.good = memfd_create("good", 0);
	ASSERT(going.good >= 0 && !ftruncate(going.good, PAGE));
	going.bad = file_on(MS_NOEXEC, 0);
	ASSERT_OK(ftruncate(going.bad, GOING_SIZE));
	ASSERT_EQ(pwrite(going.bad, &(u64){ PAYLOAD }, sizeof(u64),
			 GOING_SIZE - PAGE),
		  sizeof(u64));
	ASSERT_OK(pthread_barrier_init(&going.start, NULL, 2));
	new_victim();
	page = victim.spare;
	do {
		map_going();
		ASSERT_OK(pthread_create(&thread, NULL, unmapper, NULL));
		pthread_barrier_wait(&going.start);
		do {
			if (!add(page, going.source, ENCL_RX)) {
				ASSERT_EQ(peek(page), PAYLOAD);
				attack_succeeded();
			}
			refused += errno == EACCES;
		} while (errno == EACCES);
		ASSERT_EQ(errno, EFAULT);
		/* Then it is that time, in which it has been tried. */
		windows += still_readable(going.source);
		ASSERT_OK(pthread_join(thread, NULL));
		ASSERT_OK(munmap(going.area + GOING_SIZE, PAGE));
		rounds++;
	} while (!time_is_up() || !windows);
	attack_refused(
		"%lu rounds, EACCES %lu times, EFAULT with the page there %lu times",
		rounds, refused, windows);
}

/*
 * The source is a page that is missing and may be code. When the kernel asks
 * for it, which it does after looking at the mapping, another mapping is put in
 * its place, at leisure.
 */
static int missing_page(void **source)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	ASSERT(fd >= 0);
	ASSERT_OK(ioctl(fd, UFFDIO_API, &api));
	*source = page_alloc(1);
	reg.range.start = (u64)*source;
	reg.range.len = PAGE;
	ASSERT_OK(ioctl(fd, UFFDIO_REGISTER, &reg));
	return fd;
}

struct delay {
	int uffd;
	int bad;
	void *source;
	bool asked;
};

static void *replace(void *arg)
{
	struct delay *delay = arg;
	struct pollfd fd = { .fd = delay->uffd, .events = POLLIN };
	struct uffd_msg msg;

	/* If the kernel does not wait for the page, nobody is told. */
	if (poll(&fd, 1, 1000) == 1) {
		ASSERT_EQ(read(delay->uffd, &msg, sizeof(msg)), sizeof(msg));
		ASSERT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
		delay->asked = true;
	}
	ASSERT_EQ(mmap(delay->source, PAGE, R, MAP_SHARED | MAP_FIXED,
		       delay->bad, 0),
		  delay->source);
	close(delay->uffd);
	return NULL;
}

ATTACK(userfault, "source-delayed-by-userfaultfd", NOEXEC, NOT_NOEXEC)
{
	struct delay delay = {};
	pthread_t thread;
	bool faulted;
	u64 page;

	delay.bad = file_on(MS_NOEXEC, PAYLOAD);
	delay.uffd = missing_page(&delay.source);
	new_victim();
	page = victim.spare;
	ASSERT_OK(pthread_create(&thread, NULL, replace, &delay));
	/* Without a page to wait for it fails, and the attacker asks again. */
	faulted = !ATTACK_CALL(add(page, delay.source, ENCL_RX), EFAULT);
	ASSERT_OK(pthread_join(thread, NULL));
	if (faulted && !ATTACK_CALL(add(page, delay.source, ENCL_RX), EACCES))
		attack_refused("%s, then EACCES",
			       delay.asked ? "EFAULT after a wait" : "EFAULT");
	ASSERT_EQ(peek(page), PAYLOAD);
	attack_succeeded();
}

/*
 * The SECINFO is what is changed: measured without X, or allowed as data, and
 * then used with it.
 */
static struct sgx_secinfo flipping;

static void flipper(void *arg, unsigned int number)
{
	volatile u64 *flags = &((struct sgx_secinfo *)arg)->flags;
	static unsigned int turn;

	/* Wherever this thread is stopped, it is each of them half of the time. */
	(void)number;
	*flags = turn++ % 2 ? ENCL_RW : ENCL_RX;
}

ATTACK(secinfo_race, "source-secinfo-changed-meanwhile", EXEC, NOT_EXEC)
{
	unsigned long refused = 0, data = 0;
	struct sgx_enclave_add_pages arg;
	struct crowd crowd = {};
	unsigned int i;
	void *source;
	u64 page;

	source = map_file(file_on(0, PAYLOAD), R, MAP_PRIVATE);
	crowd_join(&crowd, flipper, &flipping, 0);
	flipping.flags = ENCL_RW;
	do {
		victim_open(&victim);
		victim_create(&victim);
		for (i = 0; i < VICTIM_SPARE; i++) {
			page = victim.spare + i * PAGE;
			arg = (struct sgx_enclave_add_pages){
				.src = (u64)source,
				.offset =
					page - victim.guest.encl.secs.baseaddr,
				.length = PAGE,
				.secinfo = (u64)&flipping,
			};
			if (!ATTACK_CALL(add_raw(victim.guest.encl.fd, &arg),
					 EACCES)) {
				refused++;
				continue;
			}
			/* Its ceiling tells what it was added with. */
			if (!encl_map(&victim.guest.encl, arg.offset, PAGE,
				      R | X))
				attack_succeeded();
			ASSERT_EQ(errno, EACCES);
			data++;
		}
		victim_end(&victim);
	} while (!time_is_up() || !refused || !data);
	crowd_end(&crowd);
	attack_refused("EACCES %lu times, as data %lu times", refused, data);
}
