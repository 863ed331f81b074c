// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "load.h"
#include "sign.h"

/*
 * ELRANGE is aligned to its size: reserve twice as much and give the ends
 * back. The enclave is then mapped over the reservation.
 */
static void *reserve(u64 size)
{
	u64 start;
	u64 base;
	void *area;

	area = mmap(NULL, 2 * size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	start = (u64)area;
	base = (start + size - 1) & ~(size - 1);
	if (base > start)
		munmap(area, base - start);
	if (start + size > base)
		munmap((void *)(base + size), start + size - base);
	return (void *)base;
}

int encl_open(struct enclave *encl, u64 size)
{
	void *base;
	int ret;

	memset(encl, 0, sizeof(*encl));
	encl->fd = open("/dev/sgx_enclave", O_RDWR | O_CLOEXEC);
	if (encl->fd < 0)
		return -errno;

	ret = -ENOMEM;
	encl->md = EVP_MD_CTX_new();
	if (!encl->md)
		goto err_close;
	base = reserve(size);
	if (!base)
		goto err_md;

	encl->secs.size = size;
	encl->secs.baseaddr = (u64)base;
	encl->secs.ssaframesize = 1;
	encl->secs.attributes.flags = SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG;
	encl->secs.attributes.xfrm = SGX_XFRM_LEGACY;
	return 0;

err_md:
	EVP_MD_CTX_free(encl->md);
err_close:
	close(encl->fd);
	encl->fd = -1;
	return ret;
}

int encl_create(struct enclave *encl)
{
	struct sgx_enclave_create arg = { .src = (u64)&encl->secs };

	if (ioctl(encl->fd, SGX_IOC_ENCLAVE_CREATE, &arg))
		return -errno;
	measure_create(encl->md, encl->secs.ssaframesize, encl->secs.size);
	return 0;
}

int encl_add(struct enclave *encl, u64 offset, const void *src, u64 length,
	     u64 secinfo_flags, u64 flags)
{
	struct sgx_secinfo secinfo = { .flags = secinfo_flags };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)src,
		.offset = offset,
		.length = length,
		.secinfo = (u64)&secinfo,
		.flags = flags,
	};
	u64 i;

	/* A signal may end the call early: the rest is for another call. */
	while (arg.length) {
		arg.count = 0;
		if (ioctl(encl->fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg))
			return -errno;
		arg.src += arg.count;
		arg.offset += arg.count;
		arg.length -= arg.count;
	}

	for (i = 0; i < length; i += SGX_PAGE_SIZE) {
		measure_add(encl->md, offset + i, secinfo_flags);
		if (flags & SGX_PAGE_MEASURE)
			measure_extend(encl->md, offset + i,
				       (const u8 *)src + i);
	}
	return 0;
}

int encl_sign(struct enclave *encl, EVP_PKEY *key)
{
	u8 mrenclave[32];

	EVP_DigestFinal_ex(encl->md, mrenclave, NULL);
	sigstruct_fill(&encl->sig, &encl->secs, mrenclave);
	return sigstruct_sign(&encl->sig, key) ? -EINVAL : 0;
}

int encl_init(struct enclave *encl)
{
	struct sgx_enclave_init arg = { .sigstruct = (u64)&encl->sig };

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_INIT, &arg) ? -errno : 0;
}

int encl_map(struct enclave *encl, u64 offset, u64 length, int prot)
{
	void *addr = (void *)(encl->secs.baseaddr + offset);

	if (mmap(addr, length, prot, MAP_SHARED | MAP_FIXED, encl->fd, 0) ==
	    MAP_FAILED)
		return -errno;
	return 0;
}

void encl_close(struct enclave *encl)
{
	if (encl->fd >= 0)
		close(encl->fd);
	munmap((void *)encl->secs.baseaddr, encl->secs.size);
	if (encl->image)
		munmap(encl->image, encl->image_size);
	EVP_MD_CTX_free(encl->md);
	memset(encl, 0, sizeof(*encl));
	encl->fd = -1;
}

static const Elf64_Phdr *segments(const struct enclave *encl, unsigned int *n)
{
	const Elf64_Ehdr *ehdr = encl->image;

	*n = ehdr->e_phnum;
	return (const Elf64_Phdr *)((const u8 *)encl->image + ehdr->e_phoff);
}

/* Whole pages, all of them in the file. */
static bool segment_ok(const struct enclave *encl, const Elf64_Phdr *ph)
{
	return !((ph->p_offset | ph->p_vaddr | ph->p_filesz) &
		 (SGX_PAGE_SIZE - 1)) &&
	       ph->p_filesz && ph->p_filesz == ph->p_memsz &&
	       ph->p_offset <= encl->image_size &&
	       ph->p_filesz <= encl->image_size - ph->p_offset;
}

static int map_image(struct enclave *encl, const char *path)
{
	struct stat st;
	void *image;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	image = MAP_FAILED;
	if (!fstat(fd, &st) && (size_t)st.st_size > sizeof(Elf64_Ehdr))
		image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		return -ENOEXEC;
	if (memcmp(image, ELFMAG, SELFMAG)) {
		munmap(image, st.st_size);
		return -ENOEXEC;
	}
	encl->image = image;
	encl->image_size = st.st_size;
	return 0;
}

int encl_open_elf(struct enclave *encl, const char *path)
{
	struct enclave file = { .fd = -1 };
	const Elf64_Phdr *ph;
	u64 size = 2 * SGX_PAGE_SIZE;
	unsigned int n;
	int ret;

	ret = map_image(&file, path);
	if (ret)
		return ret;

	ret = -ENOEXEC;
	for (ph = segments(&file, &n); n; n--, ph++) {
		if (ph->p_type != PT_LOAD)
			continue;
		if (!segment_ok(&file, ph))
			goto err_unmap;
		while (size < ph->p_vaddr + ph->p_memsz)
			size *= 2;
	}

	ret = encl_open(encl, size);
	if (ret)
		goto err_unmap;
	encl->image = file.image;
	encl->image_size = file.image_size;
	return 0;

err_unmap:
	munmap(file.image, file.image_size);
	return ret;
}

static u64 segment_secinfo(const Elf64_Phdr *ph)
{
	u64 perms = 0;

	if (ph->p_flags & ENCL_PF_TCS)
		return ENCL_TCS;
	if (ph->p_flags & PF_R)
		perms |= SGX_SECINFO_FL_R;
	if (ph->p_flags & PF_W)
		perms |= SGX_SECINFO_FL_W;
	if (ph->p_flags & PF_X)
		perms |= SGX_SECINFO_FL_X;
	return ENCL_REG(perms);
}

static int segment_prot(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) |
	       (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

int encl_load_elf(struct enclave *encl, EVP_PKEY *key)
{
	const Elf64_Phdr *ph;
	unsigned int i;
	unsigned int n;
	int ret;

	ret = encl_create(encl);
	if (ret)
		return ret;

	ph = segments(encl, &n);
	for (i = 0; i < n; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		ret = encl_add(encl, ph[i].p_vaddr,
			       (const u8 *)encl->image + ph[i].p_offset,
			       ph[i].p_filesz, segment_secinfo(&ph[i]),
			       SGX_PAGE_MEASURE);
		if (ret)
			return ret;
	}

	ret = encl_sign(encl, key);
	if (ret)
		return ret;
	ret = encl_init(encl);
	if (ret)
		return ret;

	for (i = 0; i < n; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		ret = encl_map(encl, ph[i].p_vaddr, ph[i].p_memsz,
			       segment_prot(&ph[i]));
		if (ret)
			return ret;
	}
	return 0;
}

static const Elf64_Shdr *section(const struct enclave *encl, unsigned int i)
{
	const Elf64_Ehdr *ehdr = encl->image;

	return (const Elf64_Shdr *)((const u8 *)encl->image + ehdr->e_shoff) +
	       i;
}

u64 encl_symbol(const struct enclave *encl, const char *name)
{
	const Elf64_Ehdr *ehdr = encl->image;
	const u8 *image = encl->image;
	const Elf64_Shdr *sh;
	const Elf64_Sym *sym;
	const char *str;
	unsigned int i;
	u64 j;

	for (i = 0; i < ehdr->e_shnum; i++) {
		sh = section(encl, i);
		if (sh->sh_type != SHT_SYMTAB)
			continue;
		sym = (const Elf64_Sym *)(image + sh->sh_offset);
		str = (const char *)image +
		      section(encl, sh->sh_link)->sh_offset;
		for (j = 0; j < sh->sh_size / sizeof(*sym); j++)
			if (!strcmp(str + sym[j].st_name, name))
				return encl->secs.baseaddr + sym[j].st_value;
	}
	return 0;
}
