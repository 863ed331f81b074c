// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* SGX_IOC_ENCLAVE_CREATE, and what is common to all ioctls. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "lib.h"

static int create(struct enclave *encl)
{
	struct sgx_enclave_create arg = { .src = (u64)&encl->secs };

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_CREATE, &arg);
}

TEST(create_good, "CREATE, ADD_PAGES, INIT, enter and leave")
{
	still_good();
}

TEST(create_readonly, "a descriptor that is read-only is enough to build")
{
	struct enclave encl;
	int fd;

	tiny_open(&encl);
	fd = open("/dev/sgx_enclave", O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT(dup2(fd, encl.fd) == encl.fd);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_EQ(encl_map(&encl, TINY_SSA, PAGE, PROT_READ | PROT_WRITE),
		  -EACCES);
}

TEST(create_twice, "CREATE twice is EINVAL, and the enclave goes on")
{
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT_ERRNO(create(&encl), EINVAL);
	tiny_add(&encl);
	ASSERT_ERRNO(create(&encl), EINVAL);
	tiny_finish(&encl);
	ASSERT_ERRNO(create(&encl), EINVAL);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

static const struct pointer {
	const char *situation;
	u64 arg; /* of the ioctl; 0: a good one */
	u64 src;
} pointers[] = {
	{ "the argument at address 8", 8, 0 },
	{ "the argument in the kernel", 0xffffffff81000000, 0 },
	{ "the SECS at address 0", 0, 0 },
	{ "the SECS not canonical", 0, 0x8000000000000000 },
	{ "the SECS in the kernel", 0, 0xffffffff81000000 },
};

TEST_ROWS(create_pointer, pointers, "CREATE with a bad pointer is EFAULT")
{
	struct sgx_enclave_create arg = { .src = row->src };
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_CREATE,
			   row->arg ? (void *)row->arg : &arg),
		     EFAULT);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
}

TEST(create_secs_cut, "CREATE with a SECS that ends early is EFAULT")
{
	struct enclave encl;
	u8 *pages = page_alloc(2);
	struct sgx_enclave_create arg = { .src = (u64)pages + 8 };

	tiny_open(&encl);
	memcpy(pages + 8, &encl.secs, PAGE - 8);
	ASSERT_OK(munmap(pages + PAGE, PAGE));
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_CREATE, &arg), EFAULT);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
}

TEST(create_secs_unaligned, "CREATE takes a SECS at any address")
{
	struct enclave encl;
	u8 *pages = page_alloc(2);
	struct sgx_enclave_create arg = { .src = (u64)pages + 13 };

	tiny_open(&encl);
	memcpy(pages + 13, &encl.secs, PAGE);
	ASSERT_OK(ioctl(encl.fd, SGX_IOC_ENCLAVE_CREATE, &arg));
}

#define SECS(field) __builtin_offsetof(struct sgx_secs, field)

/* A field of a good SECS is replaced by a value of so many bytes. */
static const struct secs_field {
	const char *situation;
	size_t offset;
	size_t bytes;
	u64 value;
	int error;
} secs_fields[] = {
	/* checked before ECREATE */
	{ "SIZE 0", SECS(size), 8, 0, EINVAL },
	{ "SIZE 3 pages", SECS(size), 8, 3 * PAGE, EINVAL },
	{ "SIZE one byte too many", SECS(size), 8, TINY_SIZE + 1, EINVAL },
	/* by ECREATE */
	{ "SIZE one page", SECS(size), 8, PAGE, EIO },
	{ "SIZE half a page", SECS(size), 8, PAGE / 2, EIO },
	{ "BASEADDR a page off", SECS(baseaddr), 8, 0x10001000, EIO },
	{ "BASEADDR a byte off", SECS(baseaddr), 8, 0x10000001, EIO },
	{ "BASEADDR not canonical", SECS(baseaddr), 8, 1UL << 50, EIO },
	{ "SSAFRAMESIZE 0", SECS(ssaframesize), 4, 0, EIO },
	{ "MISCSELECT bit 1 (CPINFO)", SECS(miscselect), 4, 2, EIO },
	{ "MISCSELECT bit 31", SECS(miscselect), 4, 1U << 31, EIO },
	{ "CET_LEG_BITMAP_OFFSET without CET", SECS(cet_leg_bitmap_offset), 8,
	  PAGE, EIO },
	{ "CET_ATTRIBUTES without CET", SECS(cet_attributes), 1, 1, EIO },
	{ "ATTRIBUTES 32 bit at a 64-bit address", SECS(attributes), 8, 0,
	  EIO },
	{ "ATTRIBUTES.INIT", SECS(attributes), 8,
	  SGX_ATTR_MODE64BIT | SGX_ATTR_INIT, EIO },
	{ "ATTRIBUTES bit 3", SECS(attributes), 8,
	  SGX_ATTR_MODE64BIT | 1UL << 3, EIO },
	{ "ATTRIBUTES bit 8", SECS(attributes), 8,
	  SGX_ATTR_MODE64BIT | 1UL << 8, EIO },
	{ "ATTRIBUTES bit 9", SECS(attributes), 8,
	  SGX_ATTR_MODE64BIT | 1UL << 9, EIO },
	{ "ATTRIBUTES bit 11", SECS(attributes), 8,
	  SGX_ATTR_MODE64BIT | 1UL << 11, EIO },
	{ "ATTRIBUTES bit 63", SECS(attributes), 8,
	  SGX_ATTR_MODE64BIT | 1UL << 63, EIO },
	{ "XFRM 0", SECS(attributes.xfrm), 8, 0, EIO },
	{ "XFRM without SSE", SECS(attributes.xfrm), 8, 1, EIO },
	{ "XFRM without x87", SECS(attributes.xfrm), 8, 2, EIO },
	{ "XFRM AVX without SSE", SECS(attributes.xfrm), 8, 5, EIO },
	{ "XFRM half of MPX", SECS(attributes.xfrm), 8, 0xb, EIO },
	{ "XFRM half of AVX-512", SECS(attributes.xfrm), 8, 0x27, EIO },
	{ "XFRM bit 62", SECS(attributes.xfrm), 8, 3 | 1UL << 62, EIO },
	{ "XFRM bit 63", SECS(attributes.xfrm), 8, 3 | 1UL << 63, EIO },
	{ "first byte reserved, 33", SECS(reserved1), 1, 1, EIO },
	{ "last of these, 47", SECS(reserved1) + 14, 1, 0x80, EIO },
	{ "first of reserved 96", SECS(reserved2), 1, 1, EIO },
	{ "last of these, 127", SECS(reserved2) + 31, 1, 1, EIO },
	{ "first of reserved 160", SECS(reserved3), 1, 1, EIO },
	{ "last of these, 191", SECS(reserved3) + 31, 1, 1, EIO },
	{ "CONFIGID without KSS", SECS(configid) + 63, 1, 1, EIO },
	{ "CONFIGSVN without KSS", SECS(configsvn), 2, 1, EIO },
	{ "first of reserved 262", SECS(reserved4), 1, 1, EIO },
	{ "in the middle of it, 2048", 2048, 8, 1, EIO },
	{ "last byte of the page", PAGE - 1, 1, 1, EIO },
};

TEST_ROWS(create_field, secs_fields, "CREATE with a bad field of the SECS")
{
	struct enclave encl;
	struct sgx_secs good;

	tiny_open(&encl);
	good = encl.secs;
	memcpy((u8 *)&encl.secs + row->offset, &row->value, row->bytes);
	ASSERT_ERRNO(create(&encl), row->error);

	/* It can be created with a better one. */
	encl.secs = good;
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
}

static const struct secs_field good_fields[] = {
	{ "not a debug enclave", SECS(attributes), 8, SGX_ATTR_MODE64BIT, 0 },
	{ "MISCSELECT.EXINFO", SECS(miscselect), 4, SGX_MISC_EXINFO, 0 },
	{ "SSAFRAMESIZE 2", SECS(ssaframesize), 4, 2, 0 },
	{ "KSS", SECS(attributes), 8, SGX_ATTR_MODE64BIT | SGX_ATTR_KSS, 0 },
	{ "XFRM with AVX", SECS(attributes.xfrm), 8, 7, 0 },
};

TEST_ROWS(create_good_field, good_fields, "CREATE with another good SECS")
{
	struct enclave encl;

	tiny_open(&encl);
	memcpy((u8 *)&encl.secs + row->offset, &row->value, row->bytes);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
}

TEST(ioctl_unknown, "an ioctl that is not SGX's is ENOTTY")
{
	struct enclave encl;
	u64 arg[8] = { 0 };

	tiny_open(&encl);
	ASSERT_ERRNO(ioctl(encl.fd, _IO(SGX_MAGIC, 0x7f), arg), ENOTTY);
	ASSERT_ERRNO(ioctl(encl.fd, _IOW('T', 0, u64), arg), ENOTTY);
	/* The right number with another size of the argument. */
	ASSERT_ERRNO(ioctl(encl.fd, _IOW(SGX_MAGIC, 0x00, u8), arg), ENOTTY);
	ASSERT_ERRNO(ioctl(encl.fd, 0, arg), ENOTTY);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
}

TEST(ioctl_order, "ADD_PAGES and INIT before CREATE are EINVAL")
{
	struct sgx_enclave_add_pages add = { .length = PAGE };
	struct sgx_enclave_init init = { 0 };
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_ERRNO(add_raw(encl.fd, &add), EINVAL);
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &init), EINVAL);
	/* Before the argument is looked at. */
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, 8), EINVAL);
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, 8), EINVAL);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
}

struct adder {
	struct enclave *encl;
	void *src;
	atomic_int started;
	int ret;
	u64 count;
	unsigned int busy;
};

static void *add_many(void *data)
{
	struct adder *adder = data;
	struct sgx_secinfo secinfo = { .flags = ENCL_RW };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)adder->src,
		.length = adder->encl->secs.size,
		.secinfo = (u64)&secinfo,
		.flags = SGX_PAGE_MEASURE,
	};

	atomic_store(&adder->started, 1);
	/* The other thread may be the one that was first. */
	do {
		adder->ret = add_raw(adder->encl->fd, &arg);
	} while (adder->ret == -1 && errno == EBUSY && ++adder->busy);
	adder->count = arg.count;
	atomic_store(&adder->started, 2);
	return NULL;
}

TEST(ioctl_concurrent, "an ioctl while another is under way is EBUSY")
{
	struct adder adder = { 0 };
	unsigned int busy = 0;
	struct enclave encl;
	pthread_t thread;

	/* 16 MiB, measured: long enough to come in between. */
	ASSERT_OK(encl_open(&encl, 16 << 20));
	ASSERT_OK(encl_create(&encl));
	adder.encl = &encl;
	adder.src = page_alloc((16 << 20) / PAGE);
	ASSERT_OK(pthread_create(&thread, NULL, add_many, &adder));
	while (!atomic_load(&adder.started))
		;
	while (atomic_load(&adder.started) == 1) {
		/* EINVAL as soon as nobody is in the way. */
		ASSERT_EQ(create(&encl), -1);
		if (errno == EBUSY)
			busy++;
		else
			ASSERT_EQ(errno, EINVAL);
	}
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT(busy + adder.busy > 0);
	ASSERT_OK(adder.ret);
	ASSERT_EQ(adder.count, encl.secs.size);
}
