// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* SGX_IOC_ENCLAVE_INIT and SGX_IOC_ENCLAVE_PROVISION */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "lib.h"

/* An enclave that only lacks INIT, and a SIGSTRUCT that is right. */
static void ready_open(struct enclave *encl)
{
	tiny_open(encl);
	ASSERT_OK(encl_create(encl));
	tiny_add(encl);
	ASSERT_OK(encl_sign(encl, test_key()));
}

static int init(struct enclave *encl)
{
	struct sgx_enclave_init arg = { .sigstruct = (u64)&encl->sig };

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_INIT, &arg);
}

/* What failed changed nothing: the right SIGSTRUCT still does it. */
static void init_goes_on(struct enclave *encl, const struct sgx_sigstruct *good)
{
	struct sgx_enclave_run run = { 0 };

	tiny_map(encl);
	run = tiny_enter(encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);

	encl->sig = *good;
	ASSERT_OK(init(encl));
	ASSERT_EQ(tiny_enter(encl).function, SGX_EEXIT);
	encl_close(encl);
	still_good();
}

TEST(init_twice, "INIT twice is EINVAL, and the enclave goes on")
{
	struct enclave encl;

	ready_open(&encl);
	ASSERT_OK(init(&encl));
	ASSERT_ERRNO(init(&encl), EINVAL);
	tiny_map(&encl);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	ASSERT_ERRNO(init(&encl), EINVAL);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(init_pointer, "INIT with a bad pointer is EFAULT")
{
	struct sgx_enclave_init arg = { 0 };
	struct sgx_sigstruct good;
	struct enclave encl;
	u8 *pages;

	ready_open(&encl);
	good = encl.sig;
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, 8), EFAULT);
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg), EFAULT);
	arg.sigstruct = 0xffffffff81000000;
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg), EFAULT);

	/* It ends a byte early. */
	pages = page_alloc(2);
	arg.sigstruct = (u64)pages + PAGE - sizeof(good) + 1;
	memcpy((void *)arg.sigstruct, &good, sizeof(good));
	ASSERT_OK(munmap(pages + PAGE, PAGE));
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg), EFAULT);
	init_goes_on(&encl, &good);
}

#define SIG(field) __builtin_offsetof(struct sgx_sigstruct, field)

/* One bit of a good SIGSTRUCT is flipped, and it is not signed again. */
static const struct flip {
	const char *situation;
	size_t offset;
	u8 bit;
	int error;
} flips[] = {
	{ "HEADER, first byte", SIG(header), 0x01, EPERM },
	{ "HEADER, last byte", SIG(header) + 15, 0x80, EPERM },
	{ "VENDOR 1", SIG(vendor), 0x01, EINVAL },
	{ "VENDOR, high bit", SIG(vendor) + 3, 0x80, EINVAL },
	{ "DATE (is signed)", SIG(date), 0x01, EPERM },
	{ "HEADER2, first byte", SIG(header2), 0x02, EPERM },
	{ "HEADER2, last byte", SIG(header2) + 15, 0x01, EPERM },
	{ "SWDEFINED (is signed)", SIG(swdefined), 0x01, EPERM },
	{ "reserved 44, first byte", SIG(reserved1), 0x01, EPERM },
	{ "reserved 44, last byte", SIG(reserved1) + 83, 0x01, EPERM },
	{ "MODULUS, lowest bit", SIG(modulus), 0x01, EPERM },
	{ "MODULUS, in the middle", SIG(modulus) + 200, 0x10, EPERM },
	{ "MODULUS, highest bit", SIG(modulus) + 383, 0x80, EPERM },
	{ "EXPONENT 2", SIG(exponent), 0x01, EPERM },
	{ "EXPONENT 0x10003", SIG(exponent) + 2, 0x01, EPERM },
	{ "SIGNATURE, lowest bit", SIG(signature), 0x01, EPERM },
	{ "SIGNATURE, in the middle", SIG(signature) + 100, 0x01, EPERM },
	{ "SIGNATURE, high byte", SIG(signature) + 383, 0x40, EPERM },
	{ "MISCSELECT", SIG(miscselect), 0x01, EPERM },
	{ "MISCMASK", SIG(miscmask), 0x01, EPERM },
	{ "CET_ATTRIBUTES", SIG(cet_attributes), 0x01, EPERM },
	{ "CET_ATTRIBUTES_MASK", SIG(cet_attributes_mask), 0x01, EPERM },
	{ "reserved 910", SIG(reserved2), 0x01, EPERM },
	{ "ISVFAMILYID without KSS", SIG(isvfamilyid), 0x01, EPERM },
	{ "ATTRIBUTES.DEBUG", SIG(attributes), 0x02, EPERM },
	{ "ATTRIBUTES.MODE64BIT", SIG(attributes), 0x04, EPERM },
	{ "XFRM", SIG(attributes.xfrm), 0x04, EPERM },
	{ "ATTRIBUTEMASK.DEBUG", SIG(attributemask), 0x02, EPERM },
	{ "ATTRIBUTEMASK, XFRM", SIG(attributemask.xfrm), 0x04, EPERM },
	{ "ENCLAVEHASH, first byte", SIG(enclavehash), 0x01, EPERM },
	{ "ENCLAVEHASH, last byte", SIG(enclavehash) + 31, 0x80, EPERM },
	{ "reserved 992", SIG(reserved3) + 15, 0x01, EPERM },
	{ "ISVEXTPRODID without KSS", SIG(isvextprodid), 0x01, EPERM },
	{ "ISVPRODID (is signed)", SIG(isvprodid), 0x01, EPERM },
	{ "ISVSVN (is signed)", SIG(isvsvn), 0x01, EPERM },
	{ "reserved 1028", SIG(reserved4), 0x01, EPERM },
	{ "Q1, lowest bit", SIG(q1), 0x01, EPERM },
	{ "Q1, high byte", SIG(q1) + 383, 0x80, EPERM },
	{ "Q2, lowest bit", SIG(q2), 0x01, EPERM },
	{ "Q2, high byte", SIG(q2) + 383, 0x80, EPERM },
};

TEST_ROWS(init_flip, flips, "INIT with one bit changed")
{
	struct sgx_sigstruct good;
	struct enclave encl;

	ready_open(&encl);
	good = encl.sig;
	((u8 *)&encl.sig)[row->offset] ^= row->bit;
	ASSERT_ERRNO(init(&encl), row->error);
	init_goes_on(&encl, &good);
}

/* A field is replaced, and the signature is right for it. */
static const struct resigned {
	const char *situation;
	size_t offset;
	size_t bytes;
	u64 value;
	int error;
} resigned[] = {
	{ "VENDOR Intel", SIG(vendor), 4, 0x8086, 0 },
	{ "VENDOR 0x8087", SIG(vendor), 4, 0x8087, EINVAL },
	{ "another DATE", SIG(date), 4, 0x19991231, 0 },
	{ "HEADER", SIG(header) + 8, 1, 1, EPERM },
	{ "HEADER2", SIG(header2) + 4, 1, 0x61, EPERM },
	{ "SWDEFINED", SIG(swdefined), 4, 7, 0 },
	{ "reserved 44", SIG(reserved1) + 40, 1, 1, EPERM },
	{ "reserved 910", SIG(reserved2), 1, 1, EPERM },
	{ "reserved 992", SIG(reserved3), 1, 1, EPERM },
	{ "reserved 1028", SIG(reserved4) + 11, 1, 1, EPERM },
	{ "ISVPRODID", SIG(isvprodid), 2, 0xffff, 0 },
	{ "ISVSVN", SIG(isvsvn), 2, 0xffff, 0 },
	{ "wrong measurement", SIG(enclavehash), 8, 0, EPERM },
	{ "MISCSELECT that the enclave lacks", SIG(miscselect), 4, 1, EPERM },
	{ "MISCMASK 0", SIG(miscmask), 4, 0, 0 },
	{ "ATTRIBUTES not DEBUG, mask says so", SIG(attributes), 8,
	  SGX_ATTR_MODE64BIT, EPERM },
	{ "ATTRIBUTES without MODE64BIT", SIG(attributes), 8, SGX_ATTR_DEBUG,
	  EPERM },
	{ "XFRM that the enclave lacks", SIG(attributes.xfrm), 8, 7, EPERM },
	{ "ATTRIBUTES reserved on this platform", SIG(attributes), 8,
	  SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG | 1UL << 60, EINVAL },
	{ "MISCSELECT reserved on this platform", SIG(miscselect), 4, 1UL << 31,
	  EINVAL },
	{ "XFRM reserved on this platform", SIG(attributes.xfrm), 8,
	  3 | 1UL << 62, EINVAL },
	{ "ATTRIBUTEMASK 0", SIG(attributemask), 8, 0, 0 },
	{ "ATTRIBUTEMASK without DEBUG", SIG(attributemask), 8,
	  ~(u64)SGX_ATTR_DEBUG, 0 },
	{ "ATTRIBUTEMASK.XFRM 0", SIG(attributemask.xfrm), 8, 0, 0 },
	{ "ISVFAMILYID without KSS", SIG(isvfamilyid), 8, 1, EPERM },
};

TEST_ROWS(init_resigned, resigned, "INIT with a signed SIGSTRUCT of")
{
	struct sgx_sigstruct good;
	struct enclave encl;

	ready_open(&encl);
	good = encl.sig;
	memcpy((u8 *)&encl.sig + row->offset, &row->value, row->bytes);
	ASSERT_OK(sigstruct_sign(&encl.sig, test_key()));
	if (row->error) {
		ASSERT_ERRNO(init(&encl), row->error);
		init_goes_on(&encl, &good);
		return;
	}
	ASSERT_OK(init(&encl));
	tiny_map(&encl);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(init_masked, "DEBUG may differ where the mask does not ask for it")
{
	struct enclave encl;

	ready_open(&encl);
	encl.sig.attributes.flags &= ~SGX_ATTR_DEBUG;
	encl.sig.attributemask.flags &= ~SGX_ATTR_DEBUG;
	ASSERT_OK(sigstruct_sign(&encl.sig, test_key()));
	ASSERT_OK(init(&encl));
}

TEST(init_other_key, "any key may sign; a signature of another key is EPERM")
{
	struct sgx_sigstruct good;
	struct sgx_sigstruct other;
	struct enclave encl;

	ready_open(&encl);
	good = encl.sig;
	other = encl.sig;
	ASSERT_OK(sigstruct_sign(&other, test_other_key()));

	/* The modulus of one, the signature of the other. */
	memcpy(encl.sig.modulus, other.modulus, sizeof(other.modulus));
	ASSERT_ERRNO(init(&encl), EPERM);
	encl.sig = good;
	memcpy(encl.sig.signature, other.signature, sizeof(other.signature));
	ASSERT_ERRNO(init(&encl), EPERM);
	memcpy(encl.sig.q1, other.q1, sizeof(other.q1));
	memcpy(encl.sig.q2, other.q2, sizeof(other.q2));
	ASSERT_ERRNO(init(&encl), EPERM);
	init_goes_on(&encl, &other);
}

TEST(init_measurement, "an enclave with a page more than was signed is EPERM")
{
	struct sgx_secinfo secinfo = { .flags = ENCL_R };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)page_alloc(1),
		.offset = TINY_FREE,
		.length = PAGE,
		.secinfo = (u64)&secinfo,
	};
	struct enclave encl;

	ready_open(&encl);
	ASSERT_OK(add_raw(encl.fd, &arg));
	ASSERT_ERRNO(init(&encl), EPERM);
	still_good();
}

TEST(init_unmeasured, "a page that is not measured is in the measurement")
{
	struct enclave encl;
	u8 *page = page_alloc(1);

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	memset(page, 0x11, PAGE);
	ASSERT_OK(encl_add(&encl, TINY_FREE, page, PAGE, ENCL_RW, 0));
	tiny_finish(&encl);
}

TEST(init_empty, "an enclave without any page")
{
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(init(&encl));
}

static void provision_open(struct enclave *encl)
{
	tiny_open(encl);
	encl->secs.attributes.flags |= SGX_ATTR_PROVISIONKEY;
	ASSERT_OK(encl_create(encl));
	tiny_add(encl);
	ASSERT_OK(encl_sign(encl, test_key()));
}

static int provision(struct enclave *encl, u64 fd)
{
	struct sgx_enclave_provision arg = { .fd = fd };

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_PROVISION, &arg);
}

TEST(provision_missing, "the provisioning attribute without PROVISION: EACCES")
{
	struct enclave encl;
	int fd;

	provision_open(&encl);
	ASSERT_ERRNO(init(&encl), EACCES);

	fd = open("/dev/sgx_provision", O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT_OK(provision(&encl, fd));
	ASSERT_OK(init(&encl));
	tiny_map(&encl);
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
}

TEST(provision_early, "PROVISION before CREATE is forgotten")
{
	struct enclave encl;
	int fd = open("/dev/sgx_provision", O_RDONLY);

	ASSERT(fd >= 0);
	tiny_open(&encl);
	ASSERT_OK(provision(&encl, fd));
	ASSERT_OK(close(fd));
	encl.secs.attributes.flags |= SGX_ATTR_PROVISIONKEY;
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(encl_sign(&encl, test_key()));
	/* As in mainline: CREATE sets what is allowed. */
	ASSERT_ERRNO(init(&encl), EACCES);
}

TEST(provision_other_enclave, "PROVISION of one enclave is not another's")
{
	int fd = open("/dev/sgx_provision", O_RDONLY);
	struct enclave first;
	struct enclave second;

	ASSERT(fd >= 0);
	provision_open(&first);
	provision_open(&second);
	ASSERT_OK(provision(&first, fd));
	ASSERT_ERRNO(init(&second), EACCES);
	ASSERT_OK(init(&first));
}

TEST(provision_fd, "PROVISION with a wrong descriptor is EINVAL")
{
	struct enclave encl;
	int fd;

	provision_open(&encl);
	ASSERT_ERRNO(provision(&encl, 12345), EINVAL);
	ASSERT_ERRNO(provision(&encl, -1), EINVAL);
	ASSERT_ERRNO(provision(&encl, encl.fd), EINVAL);
	fd = open("/dev/null", O_RDONLY);
	ASSERT(fd >= 0);
	ASSERT_ERRNO(provision(&encl, fd), EINVAL);
	fd = open("/dev/sgx_provision", O_PATH);
	ASSERT(fd >= 0);
	ASSERT_ERRNO(provision(&encl, fd), EINVAL);
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_PROVISION, 8), EFAULT);
	ASSERT_ERRNO(init(&encl), EACCES);
	still_good();
}

TEST(init_launch_key, "the launch key attribute is not given: EACCES")
{
	struct enclave encl;

	tiny_open(&encl);
	encl.secs.attributes.flags |= SGX_ATTR_EINITTOKEN_KEY;
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_ERRNO(init(&encl), EACCES);
	still_good();
}
