// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "build.h"

int build_open(struct enclave *encl, int flags)
{
	u64 area;

	memset(encl, 0, sizeof(*encl));
	encl->fd = open("/dev/sgx_enclave", flags | O_CLOEXEC);
	if (encl->fd < 0)
		return -errno;
	area = (u64)mmap(NULL, 2 * TINY_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT(area != (u64)MAP_FAILED);
	encl->md = EVP_MD_CTX_new();
	encl->secs.size = TINY_SIZE;
	encl->secs.baseaddr = (area + TINY_SIZE - 1) & ~(u64)(TINY_SIZE - 1);
	encl->secs.ssaframesize = 1;
	encl->secs.attributes.flags = SGX_ATTR_MODE64BIT;
	encl->secs.attributes.xfrm = SGX_XFRM_LEGACY;
	return 0;
}

/* A page with the contents of a file, from there. */
static int get_page(const char *path, enum source from, u8 **page)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (from == FROM_MEMORY) {
		*page = page_alloc(1);
		ASSERT(read(fd, *page, PAGE) > 0);
	} else {
		*page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			     fd, 0);
		ASSERT(*page != MAP_FAILED);
		if (from == FROM_WRITTEN)
			*(volatile u8 *)*page = **page;
	}
	close(fd);
	return 0;
}

int build_add(struct enclave *encl, const struct parts *parts)
{
	u8 *zeros = page_alloc(2);
	struct sgx_tcs *tcs = (void *)page_alloc(1);
	u8 *code;
	int ret;

	tiny_tcs(tcs);
	ret = encl_add(encl, TINY_TCS, tcs, PAGE, ENCL_TCS, SGX_PAGE_MEASURE);
	if (!ret)
		ret = get_page(parts->code, parts->code_from, &code);
	if (!ret)
		ret = encl_add(encl, TINY_CODE, code, PAGE, ENCL_RX,
			       SGX_PAGE_MEASURE);
	if (!ret)
		ret = encl_add(encl, TINY_SSA, zeros, 2 * PAGE, ENCL_RW,
			       SGX_PAGE_MEASURE);
	return ret;
}

int build_init(struct enclave *encl, const struct parts *parts)
{
	struct sgx_enclave_init arg;
	u8 *sig;
	int ret;

	ret = get_page(parts->sig, parts->sig_from, &sig);
	if (ret)
		return ret;
	arg.sigstruct = (u64)sig;
	return ioctl(encl->fd, SGX_IOC_ENCLAVE_INIT, &arg) ? -errno : 0;
}

int build_map_data(struct enclave *encl)
{
	int ret;

	ret = encl_map(encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE);
	if (ret)
		return ret;
	return encl_map(encl, TINY_SSA, 2 * PAGE, PROT_READ | PROT_WRITE);
}

int build_map_code(struct enclave *encl)
{
	return encl_map(encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC);
}

int build_enter(struct enclave *encl, u64 *fault_address)
{
	struct sgx_enclave_run run = {
		.tcs = encl->secs.baseaddr + TINY_TCS,
	};

	ASSERT_OK(enter(&run, SGX_EENTER, NULL));
	if (run.function == SGX_EEXIT)
		return 0;
	*fault_address = run.exception_addr;
	return run.exception_vector;
}
