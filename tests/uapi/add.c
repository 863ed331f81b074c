// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* SGX_IOC_ENCLAVE_ADD_PAGES */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "lib.h"

/* An enclave to which the tests add, and one page at TINY_FREE that is right. */
struct adding {
	struct enclave encl;
	u8 *src;
	struct sgx_secinfo secinfo;
	struct sgx_enclave_add_pages arg;
};

static void adding_open(struct adding *a)
{
	memset(a, 0, sizeof(*a));
	tiny_open(&a->encl);
	ASSERT_OK(encl_create(&a->encl));
	tiny_add(&a->encl);
	a->src = page_alloc(4);
	memset(a->src, 0x5a, 4 * PAGE);
	a->secinfo.flags = ENCL_RW;
	a->arg.src = (u64)a->src;
	a->arg.offset = TINY_FREE;
	a->arg.length = PAGE;
	a->arg.secinfo = (u64)&a->secinfo;
	a->arg.flags = SGX_PAGE_MEASURE;
	a->arg.count = 0x123;
}

/*
 * What failed changed nothing: the same page can still be added, and the
 * measurement is that of the enclave without the failure.
 */
static void adding_goes_on(struct adding *a)
{
	ASSERT_OK(encl_add(&a->encl, TINY_FREE, a->src, PAGE, ENCL_RW,
			   SGX_PAGE_MEASURE));
	tiny_finish(&a->encl);
	encl_close(&a->encl);
	still_good();
}

TEST(add_pointer, "ADD_PAGES with a bad argument pointer is EFAULT")
{
	struct adding a;

	adding_open(&a);
	ASSERT_ERRNO(ioctl(a.encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, 8), EFAULT);
	adding_goes_on(&a);
}

TEST(add_after_init, "ADD_PAGES after INIT is EINVAL")
{
	struct adding a;

	adding_open(&a);
	tiny_finish(&a.encl);
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EINVAL);
	ASSERT_EQ(a.arg.count, 0x123);
	ASSERT_EQ(tiny_enter(&a.encl).function, SGX_EEXIT);
	still_good();
}

#define LAST (TINY_SIZE - PAGE)

static const struct range {
	const char *situation;
	u64 src; /* added to a good one */
	u64 offset;
	u64 length;
} ranges[] = {
	{ "the source off by a byte", 1, TINY_FREE, PAGE },
	{ "the source off by half a page", PAGE / 2, TINY_FREE, PAGE },
	{ "the offset off by a byte", 0, TINY_FREE + 1, PAGE },
	{ "the offset off by half a page", 0, TINY_FREE + PAGE / 2, PAGE },
	{ "the length 0", 0, TINY_FREE, 0 },
	{ "the length 1", 0, TINY_FREE, 1 },
	{ "the length a page and a byte", 0, TINY_FREE, PAGE + 1 },
	{ "offset + length overflows", 0, TINY_FREE, -(u64)TINY_FREE },
	{ "offset + length is 2^64 + a page", 0, -(u64)PAGE, 2 * PAGE },
	{ "the offset just behind the enclave", 0, TINY_SIZE, PAGE },
	{ "the offset far behind it", 0, 1UL << 40, PAGE },
	{ "the offset at the end of all", 0, -(u64)PAGE, PAGE },
	{ "the end a page behind the enclave", 0, LAST, 2 * PAGE },
	{ "the length 2^63", 0, TINY_FREE, 1UL << 63 },
};

TEST_ROWS(add_range, ranges, "ADD_PAGES with a bad range is EINVAL")
{
	struct adding a;

	adding_open(&a);
	a.arg.src += row->src;
	a.arg.offset = row->offset;
	a.arg.length = row->length;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EINVAL);
	ASSERT_EQ(a.arg.count, 0x123);
	adding_goes_on(&a);
}

TEST(add_last, "the last page of the enclave can be added")
{
	struct adding a;

	adding_open(&a);
	ASSERT_OK(encl_add(&a.encl, LAST, a.src, PAGE, ENCL_R, 0));
	adding_goes_on(&a);
}

#define PT(type) ((u64)(type) << SGX_SECINFO_FL_PT_SHIFT)

static const struct secinfo_flags {
	const char *situation;
	u64 flags;
} bad_flags[] = {
	{ "no type (SECS) and no permission", 0 },
	{ "type SECS, RW", PT(SGX_PT_SECS) | 3 },
	{ "type VA", PT(SGX_PT_VA) },
	{ "type TRIM", PT(SGX_PT_TRIM) | 3 },
	{ "type SS_FIRST", PT(SGX_PT_SS_FIRST) | 3 },
	{ "type SS_REST", PT(SGX_PT_SS_REST) | 3 },
	{ "type 7", PT(7) | 3 },
	{ "type 0x82", PT(0x82) | 3 },
	{ "W without R", ENCL_REG(SGX_SECINFO_FL_W) },
	{ "W and X without R", ENCL_REG(SGX_SECINFO_FL_W | SGX_SECINFO_FL_X) },
	{ "TCS with R", ENCL_TCS | SGX_SECINFO_FL_R },
	{ "TCS with RW", ENCL_TCS | 3 },
	{ "TCS with X", ENCL_TCS | SGX_SECINFO_FL_X },
	{ "PENDING", ENCL_RW | SGX_SECINFO_FL_PENDING },
	{ "MODIFIED", ENCL_RW | SGX_SECINFO_FL_MODIFIED },
	{ "PR", ENCL_RW | SGX_SECINFO_FL_PR },
	{ "reserved bit 6", ENCL_RW | 1UL << 6 },
	{ "reserved bit 7", ENCL_RW | 1UL << 7 },
	{ "reserved bit 16", ENCL_RW | 1UL << 16 },
	{ "reserved bit 31", ENCL_RW | 1UL << 31 },
	{ "reserved bit 32", ENCL_RW | 1UL << 32 },
	{ "reserved bit 63", ENCL_RW | 1UL << 63 },
};

TEST_ROWS(add_secinfo, bad_flags, "ADD_PAGES with bad SECINFO.FLAGS is EINVAL")
{
	struct adding a;

	adding_open(&a);
	a.secinfo.flags = row->flags;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EINVAL);
	ASSERT_EQ(a.arg.count, 0x123);
	adding_goes_on(&a);
}

TEST(add_secinfo_bits, "each reserved bit of SECINFO.FLAGS is EINVAL")
{
	struct adding a;
	unsigned int bit;

	adding_open(&a);
	for (bit = 0; bit < 64; bit++) {
		if (!(SGX_SECINFO_FL_RSVD & 1UL << bit))
			continue;
		a.secinfo.flags = ENCL_RW | 1UL << bit;
		ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EINVAL);
	}
	adding_goes_on(&a);
}

TEST(add_secinfo_bytes, "each reserved byte of SECINFO is EINVAL")
{
	struct adding a;
	unsigned int i;

	adding_open(&a);
	for (i = 0; i < sizeof(a.secinfo.reserved); i++) {
		a.secinfo.reserved[i] = 1;
		ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EINVAL);
		a.secinfo.reserved[i] = 0;
	}
	adding_goes_on(&a);
}

TEST(add_secinfo_pointer, "ADD_PAGES with SECINFO not mapped is EFAULT")
{
	struct adding a;

	adding_open(&a);
	a.arg.secinfo = 64;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	a.arg.secinfo = 0xffffffff81000000;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, 0x123);
	adding_goes_on(&a);
}

static const struct secinfo_flags good_flags[] = {
	{ "no permission", ENCL_REG(0) },
	{ "R", ENCL_R },
	{ "X", ENCL_REG(SGX_SECINFO_FL_X) },
	{ "RX", ENCL_RX },
	{ "RWX", ENCL_RWX },
};

TEST_ROWS(add_permissions, good_flags, "ADD_PAGES of a regular page")
{
	struct adding a;

	adding_open(&a);
	ASSERT_OK(encl_add(&a.encl, LAST, a.src, PAGE, row->flags,
			   SGX_PAGE_MEASURE));
	adding_goes_on(&a);
}

TEST(add_overlap, "a page that is there already is EBUSY")
{
	struct adding a;

	adding_open(&a);
	a.arg.offset = TINY_CODE;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EBUSY);
	ASSERT_EQ(a.arg.count, 0);
	a.arg.offset = TINY_TCS;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EBUSY);
	ASSERT_EQ(a.arg.count, 0);
	adding_goes_on(&a);
}

TEST(add_overlap_later, "the second of three is there: EBUSY, one added")
{
	struct adding a;

	adding_open(&a);
	ASSERT_OK(encl_add(&a.encl, TINY_FREE + 2 * PAGE, a.src, PAGE, ENCL_R,
			   SGX_PAGE_MEASURE));
	a.arg.offset = TINY_FREE + PAGE;
	a.arg.length = 3 * PAGE;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EBUSY);
	ASSERT_EQ(a.arg.count, PAGE);
	measure_add(a.encl.md, TINY_FREE + PAGE, ENCL_RW);
	measure_extend(a.encl.md, TINY_FREE + PAGE, a.src);
	adding_goes_on(&a);
}

TEST(add_unmapped, "a source that is not mapped is EFAULT")
{
	struct adding a;

	adding_open(&a);
	a.arg.src = (u64)page_alloc(1);
	ASSERT_OK(munmap((void *)a.arg.src, PAGE));
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, 0);
	adding_goes_on(&a);
}

TEST(add_null, "a source at 0 is EFAULT")
{
	struct adding a;

	adding_open(&a);
	a.arg.src = 0;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, 0);
	adding_goes_on(&a);
}

TEST(add_kernel, "a source in the kernel is EFAULT")
{
	struct adding a;

	adding_open(&a);
	a.arg.src = 0xffffffff81000000;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, 0);
	adding_goes_on(&a);
}

TEST(add_unmapped_later, "the third of four is not mapped: EFAULT, two added")
{
	struct adding a;
	unsigned int i;

	adding_open(&a);
	a.arg.src = (u64)page_alloc(4);
	ASSERT_OK(munmap((void *)(a.arg.src + 2 * PAGE), 2 * PAGE));
	a.arg.length = 4 * PAGE;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, 2 * PAGE);

	/* The two are in and measured; the rest can follow. */
	for (i = 0; i < 2; i++) {
		measure_add(a.encl.md, TINY_FREE + i * PAGE, ENCL_RW);
		measure_extend(a.encl.md, TINY_FREE + i * PAGE,
			       (u8 *)a.arg.src + i * PAGE);
	}
	a.arg.offset = TINY_FREE;
	a.arg.length = PAGE;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EBUSY);
	ASSERT_OK(encl_add(&a.encl, TINY_FREE + 2 * PAGE, a.src, 2 * PAGE,
			   ENCL_RW, SGX_PAGE_MEASURE));
	tiny_finish(&a.encl);
	still_good();
}

TEST(add_unreadable, "a source that cannot be read is EFAULT")
{
	struct adding a;

	adding_open(&a);
	ASSERT_OK(mprotect(a.src, PAGE, PROT_NONE));
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, 0);
	ASSERT_OK(mprotect(a.src, PAGE, PROT_READ));
	adding_goes_on(&a);
}

TEST(add_readonly, "a source that is read-only is good")
{
	struct adding a;

	adding_open(&a);
	ASSERT_OK(mprotect(a.src, 4 * PAGE, PROT_READ));
	adding_goes_on(&a);
}

TEST(add_past_file, "a source behind the end of its file is EFAULT")
{
	struct adding a;
	FILE *file = tmpfile();

	ASSERT(file);
	adding_open(&a);
	ASSERT_OK(ftruncate(fileno(file), PAGE));
	a.arg.src = (u64)mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE,
			      fileno(file), 0);
	ASSERT((void *)a.arg.src != MAP_FAILED);
	a.arg.length = 2 * PAGE;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EFAULT);
	ASSERT_EQ(a.arg.count, PAGE);
	still_good();
}

/* A file on a file system of its own, mounted with these flags. */
static int file_on_mount(unsigned long flags)
{
	char dir[] = "/tmp/softsgx-noexec-XXXXXX";
	char path[64];
	u8 page[PAGE] = { 0x5a };
	int fd;

	ASSERT(mkdtemp(dir));
	ASSERT_OK(mount("none", dir, "tmpfs", flags, NULL));
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT, 0700);
	ASSERT(fd >= 0);
	ASSERT_EQ(write(fd, page, PAGE), PAGE);
	ASSERT_OK(umount2(dir, MNT_DETACH));
	ASSERT_OK(rmdir(dir));
	return fd;
}

static const struct mount_case {
	const char *situation;
	unsigned long flags;
	int sharing;
	int error;
} mounts[] = {
	{ "noexec, mapped private", MS_NOEXEC, MAP_PRIVATE, EACCES },
	{ "noexec, mapped shared", MS_NOEXEC, MAP_SHARED, EACCES },
	{ "mapped private", 0, MAP_PRIVATE, 0 },
	{ "mapped shared", 0, MAP_SHARED, 0 },
};

TEST_ROWS(add_mount, mounts, "a source on a file system mounted")
{
	struct adding a;
	void *src;
	int fd;

	adding_open(&a);
	fd = file_on_mount(row->flags);
	src = mmap(NULL, PAGE, PROT_READ, row->sharing, fd, 0);
	ASSERT(src != MAP_FAILED);
	a.arg.src = (u64)src;
	if (row->error) {
		ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), row->error);
		ASSERT_EQ(a.arg.count, 0);
	} else {
		a.src = src;
	}
	adding_goes_on(&a);
}

#define TCS(field) __builtin_offsetof(struct sgx_tcs, field)

/* A TCS with one thing changed. */
static const struct tcs_field {
	const char *situation;
	size_t offset;
	size_t bytes;
	u64 value;
} bad_tcs[] = {
	{ "FLAGS bit 2", TCS(flags), 8, 4 },
	{ "FLAGS bit 63", TCS(flags), 8, 1UL << 63 },
	{ "OCETSSA without CET", TCS(ocetssa), 8, PAGE },
	{ "PREVSSP without CET", TCS(prevssp), 8, 8 },
	{ "first reserved byte", TCS(reserved), 1, 1 },
	{ "last reserved byte", PAGE - 1, 1, 1 },
};

TEST_ROWS(add_tcs, bad_tcs, "a TCS that EADD refuses is EIO")
{
	struct sgx_tcs *tcs = page_alloc(1);
	struct adding a;

	adding_open(&a);
	tiny_tcs(tcs);
	memcpy((u8 *)tcs + row->offset, &row->value, row->bytes);
	a.arg.src = (u64)tcs;
	a.secinfo.flags = ENCL_TCS;
	ASSERT_ERRNO(add_raw(a.encl.fd, &a.arg), EIO);
	ASSERT_EQ(a.arg.count, 0);
	adding_goes_on(&a);
}

TEST(add_tcs_hidden, "EADD clears what only the processor may set in a TCS")
{
	struct sgx_tcs *tcs = page_alloc(1);
	void *zeros = page_alloc(1);
	struct enclave encl;

	tiny_tcs(tcs);
	tcs->state = SGX_TCS_ACTIVE;
	tcs->flags = SGX_TCS_DBGOPTIN;
	tcs->cssa = 1;
	tcs->aep = 0x123456;
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT_OK(encl_add(&encl, TINY_TCS, tcs, PAGE, ENCL_TCS, 0));
	tiny_add_code(&encl);
	ASSERT_OK(encl_add(&encl, TINY_SSA, zeros, PAGE, ENCL_RW, 0));
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_OK(encl_map(&encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_OK(encl_map(&encl, TINY_SSA, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(add_large, "thousands of pages in one call")
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	struct sgx_enclave_add_pages arg = { .secinfo = (u64)&secinfo };
	const u64 size = 32 << 20;
	struct enclave encl;

	ASSERT_OK(encl_open(&encl, size));
	ASSERT_OK(encl_create(&encl));
	arg.src = (u64)page_alloc(size / PAGE);
	arg.length = size;
	ASSERT_OK(add_raw(encl.fd, &arg));
	ASSERT_EQ(arg.count, size);
	still_good();
}

static void nothing(int sig)
{
	(void)sig;
}

/*
 * A signal ends the call after some pages, with 0 and their number, or before
 * the first page, and then it is restarted or EINTR as for any system call.
 * Whatever it is, a loop over count adds every page once, in order.
 */
TEST(add_signal, "signals in between: each page is added once")
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerspec period = { .it_interval.tv_nsec = 500000,
				     .it_value.tv_nsec = 500000 };
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	const u64 size = 4 << 20;
	struct sgx_enclave_add_pages arg = {
		.length = size,
		.secinfo = (u64)&secinfo,
		.flags = SGX_PAGE_MEASURE,
	};
	unsigned int parts = 0;
	struct enclave encl;
	timer_t timer;
	u64 i;

	ASSERT_OK(encl_open(&encl, size));
	ASSERT_OK(encl_create(&encl));
	arg.src = (u64)page_alloc(size / PAGE);
	memset((void *)arg.src, 0x77, size);
	for (i = 0; i < size; i += PAGE) {
		*(u64 *)(arg.src + i) = i;
		measure_add(encl.md, i, ENCL_RW);
		measure_extend(encl.md, i, (u8 *)arg.src + i);
	}

	ASSERT_OK(sigaction(SIGALRM, &action, NULL));
	ASSERT_OK(timer_create(CLOCK_MONOTONIC, NULL, &timer));
	ASSERT_OK(timer_settime(timer, 0, &period, NULL));
	while (arg.length) {
		arg.count = 0;
		if (add_raw(encl.fd, &arg)) {
			ASSERT_EQ(errno, EINTR);
			ASSERT_EQ(arg.count, 0);
			continue;
		}
		ASSERT(arg.count && !(arg.count % PAGE));
		ASSERT(arg.count <= arg.length);
		arg.src += arg.count;
		arg.offset += arg.count;
		arg.length -= arg.count;
		parts++;
	}
	ASSERT_OK(timer_delete(timer));
	ASSERT(parts > 1);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
}
