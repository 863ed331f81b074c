// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What a library OS does with an enclave: threads that are created while it
 * runs (TCS, SSA and stack by EAUG), each with a heap of code that it makes
 * itself (RWX), and all of it trimmed and removed again, many times over by 64
 * threads at once. Nothing may be left of it.
 *
 * Usage: libos [CYCLES]	10000 by default
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "../attack/victim.h"

#define THREADS 64
#define CYCLES	10000
#define SPARE	2048

/*
 * Page numbers in the enclave. The test enclave's entry code finds its stack by
 * the distance of the TCS from the first one, in steps of OP_NSSA pages, so
 * that a TCS at FIRST_TCS has its stack between the SSA frames and the heap.
 */
#define FIRST_TCS  128
#define FIRST_SSA  256
#define FIRST_HEAP 1024

enum { TCS, SSA, STACK, HEAP, PAGES };

/* What the assertions of harness.h call. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("%s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

static struct victim victim;
static unsigned long cycles;
static unsigned long done;

/* The library OS's big lock: ioctls, and the first thread of the enclave. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* In the first cycle all threads are inside at once, until all are. */
static volatile u64 here[THREADS], go;

static long epc_in_use(void)
{
	char text[32] = {};
	int fd = open("/sys/module/softsgx/parameters/epc_in_use", O_RDONLY);

	ASSERT(fd >= 0);
	ASSERT(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}

/* EACCEPT by the first thread. */
static void accept_page(u64 page, u64 flags)
{
	victim_eaccept(&victim, page, flags);
}

static void modify_type(u64 page, u64 type)
{
	struct sgx_enclave_modify_types arg = {
		.offset = page - victim.guest.encl.secs.baseaddr,
		.length = PAGE,
		.page_type = type,
	};

	ASSERT_OK(ioctl(victim.guest.encl.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES,
			&arg));
	ASSERT_EQ(arg.count, PAGE);
	accept_page(page,
		    type << SGX_SECINFO_FL_PT_SHIFT | SGX_SECINFO_FL_MODIFIED);
}

static void remove_page(u64 page)
{
	struct sgx_enclave_remove_pages arg = {
		.offset = page - victim.guest.encl.secs.baseaddr,
		.length = PAGE,
	};

	modify_type(page, SGX_PT_TRIM);
	ASSERT_OK(ioctl(victim.guest.encl.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES,
			&arg));
	ASSERT_EQ(arg.count, PAGE);
}

/* A quadword of a page that is to become a TCS. */
static void tcs_write(u64 tcs, size_t field, u64 value)
{
	ASSERT(victim_write(&victim, 0, tcs + field, value));
}

static u64 offset_of(u64 addr)
{
	return addr - victim.guest.encl.secs.baseaddr;
}

static void create_thread(const u64 *pages)
{
	u64 tcs = pages[TCS];
	unsigned int i;

	for (i = TCS; i <= STACK; i++)
		accept_page(pages[i], ENCL_RW | SGX_SECINFO_FL_PENDING);

	tcs_write(tcs, offsetof(struct sgx_tcs, ossa), offset_of(pages[SSA]));
	tcs_write(tcs, offsetof(struct sgx_tcs, cssa), 1UL << 32);
	tcs_write(tcs, offsetof(struct sgx_tcs, oentry),
		  offset_of(guest_symbol(&victim.guest, "enclave_entry")));
	tcs_write(tcs, offsetof(struct sgx_tcs, ofsbase),
		  offset_of(guest_symbol(&victim.guest, "fs_pages")));
	tcs_write(tcs, offsetof(struct sgx_tcs, ogsbase),
		  offset_of(guest_symbol(&victim.guest, "gs_pages")));
	tcs_write(tcs, offsetof(struct sgx_tcs, fslimit), 0x00000fff00000fff);
	modify_type(tcs, SGX_PT_TCS);
}

/* A leaf by the new thread, with a SECINFO at the far end of its stack. */
static u64 own_leaf(unsigned int thread, const u64 *pages, unsigned int leaf,
		    u64 flags, u64 page)
{
	guest_write(&victim.guest, thread, pages[STACK], flags);
	return GUEST_OP(&victim.guest, thread, .op = OP_ENCLU,
			.arg = { leaf, pages[STACK], page, 0 });
}

/* The new thread gets itself a page of heap, writes code there and runs it. */
static void use_thread(unsigned int thread, const u64 *pages)
{
	const struct guest *guest = &victim.guest;
	u64 heap = pages[HEAP];

	ASSERT_EQ(own_leaf(thread, pages, SGX_EACCEPT,
			   ENCL_RW | SGX_SECINFO_FL_PENDING, heap),
		  0);
	guest_write(guest, thread, heap, PAYLOAD);
	own_leaf(thread, pages, SGX_EMODPE, ENCL_RWX, heap);
	ASSERT_EQ(GUEST_OP(guest, thread, .op = OP_CALL, .arg = { heap, 41 }),
		  42);
	/* Writable still: code may be changed. */
	guest_write(guest, thread, heap + 8, PAYLOAD);
	ASSERT_EQ(GUEST_OP(guest, thread, .op = OP_CALL,
			   .arg = { heap + 8, 6 }),
		  7);
}

static void cycle(unsigned int number, bool first)
{
	const u64 base = victim.guest.encl.secs.baseaddr;
	unsigned int thread = FIRST_TCS + number;
	u64 pages[PAGES] = {
		[TCS] = base + (FIRST_TCS + number) * PAGE,
		[SSA] = base + (FIRST_SSA + number) * PAGE,
		[STACK] = guest_symbol(&victim.guest, "stacks") +
			  thread * OP_NSSA * PAGE,
		[HEAP] = base + (FIRST_HEAP + number) * PAGE,
	};
	unsigned int i;

	ASSERT(pages[STACK] >= base + (FIRST_SSA + THREADS) * PAGE &&
	       pages[STACK] < base + FIRST_HEAP * PAGE);
	pthread_mutex_lock(&lock);
	create_thread(pages);
	pthread_mutex_unlock(&lock);

	if (first)
		GUEST_OP(&victim.guest, thread, .op = OP_SPIN,
			 .arg = { (u64)&here[number], (u64)&go });
	use_thread(thread, pages);

	pthread_mutex_lock(&lock);
	for (i = 0; i < PAGES; i++)
		remove_page(pages[i]);
	pthread_mutex_unlock(&lock);
}

static void *worker(void *arg)
{
	unsigned int number = (unsigned int)(u64)arg;
	bool first = true;

	do {
		cycle(number, first);
		first = false;
	} while (__atomic_add_fetch(&done, 1, __ATOMIC_RELAXED) + THREADS <=
		 cycles);
	return NULL;
}

static void map(u64 page, u64 count, int prot)
{
	void *addr = (void *)(victim.guest.encl.secs.baseaddr + page * PAGE);

	ASSERT_EQ(mmap(addr, count * PAGE, prot, MAP_SHARED | MAP_FIXED,
		       victim.guest.encl.fd, 0),
		  addr);
}

int main(int argc, char **argv)
{
	long before = epc_in_use();
	pthread_t threads[THREADS];
	long loaded;
	u64 i;

	cycles = argc > 1 ? strtoul(argv[1], NULL, 0) : CYCLES;
	victim_open_large(&victim, SPARE);
	victim_create(&victim);
	victim_init(&victim);
	victim_map(&victim);
	ASSERT(offset_of(victim.spare) <= FIRST_TCS * PAGE);
	map(FIRST_TCS, FIRST_HEAP - FIRST_TCS, PROT_READ | PROT_WRITE);
	map(FIRST_HEAP, THREADS, PROT_READ | PROT_WRITE | PROT_EXEC);
	loaded = epc_in_use();

	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, worker, (void *)i));
	for (i = 0; i < THREADS; i++)
		while (!here[i])
			usleep(1000);
	ASSERT_EQ(epc_in_use(), loaded + THREADS * HEAP);
	go = 1;
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
	ASSERT(done >= cycles);

	/* What is freed is so only after a while: an RCU grace period. */
	for (i = 0; i < 100 && epc_in_use() != loaded; i++)
		usleep(100000);
	ASSERT_EQ(epc_in_use(), loaded);
	victim_end(&victim);
	for (i = 0; i < 100 && epc_in_use() != before; i++)
		usleep(100000);
	ASSERT_EQ(epc_in_use(), before);

	printf("%lu cycles by %d threads, no page is left\n", done, THREADS);
	printf("libos: 1 passed, 0 failed\n");
	return 0;
}
