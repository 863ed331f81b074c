// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Loading an enclave through the ioctls of Linux.
 *
 * What the kernel copies pages from matters to it: the mapping must not be of a
 * noexec file system, and a policy may ask for more (doc/access-control.md). So
 * pages come from mappings of their own file wherever that is possible, code
 * from executable ones, and the SIGSTRUCT from a mapping of its file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <asm/sgx.h>
#include "internal.h"

#define DEVICE		 "/dev/sgx_enclave"
#define DEVICE_PROVISION "/dev/sgx_provision"

/* Pages whose contents are copied to anonymous memory are so in parts. */
#define COPY_PAGES 1024

/* Where the contents of pages lie. */
enum origin { ORIGIN_FILE, ORIGIN_ZERO, ORIGIN_COPY };

/**
 * struct run - pages that one ioctl adds: alike, and one behind the other
 * @page:	the first one
 * @count:	how many
 * @origin:	of all of them
 */
struct run {
	const struct softsgx_page *page;
	size_t count;
	enum origin origin;
};

/**
 * struct loading - an enclave while it is loaded
 * @instance:	what comes of it
 * @file:	descriptor of its file
 * @name:	of that file
 * @error:	why it failed
 */
struct loading {
	struct softsgx_instance *instance;
	int file;
	const char *name;
	struct softsgx_error *error;
};

/* @what failed with errno, which stands for @hint; errno is kept. */
static int refused(const struct loading *l, const char *what, const char *hint)
{
	const int saved = errno;

	fail(l->error, SOFTSGX_SYSTEM, l->name, SOFTSGX_NO_OFFSET, "%s: %s%s%s",
	     what, strerror(saved), hint ? ": " : "", hint ? hint : "");
	errno = saved;
	return SOFTSGX_SYSTEM;
}

static int open_device(const struct loading *l)
{
	const char *hint = NULL;

	l->instance->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (l->instance->fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		hint = "no SGX here, neither hardware nor softsgx";
	else if (errno == EACCES)
		hint = "not for this user: it is for group sgx, say";
	return refused(l, DEVICE, hint);
}

/*
 * ELRANGE is aligned to its size: reserve twice as much, and give back what is
 * in front and behind. The enclave is mapped over that.
 */
static int reserve(const struct loading *l)
{
	struct softsgx_instance *instance = l->instance;
	const uint64_t size = instance->encl->info.size;
	uint64_t start;
	void *area;

	area = mmap(NULL, 2 * size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return refused(l, "no addresses for the enclave", NULL);
	start = (uint64_t)area;
	instance->base = (start + size - 1) & ~(size - 1);
	if (instance->base > start)
		munmap(area, instance->base - start);
	munmap((void *)(instance->base + size), start + size - instance->base);
	return 0;
}

static int provision(const struct loading *l)
{
	struct sgx_enclave_provision arg;
	int ret = 0;
	int fd;

	fd = open(DEVICE_PROVISION, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refused(l, DEVICE_PROVISION,
			       "the enclave has PROVISIONKEY");
	arg.fd = fd;
	if (ioctl(l->instance->fd, SGX_IOC_ENCLAVE_PROVISION, &arg))
		ret = refused(l, "SGX_IOC_ENCLAVE_PROVISION", NULL);
	close(fd);
	return ret;
}

static int create(const struct loading *l, const struct softsgx_sigstruct *sig,
		  const struct softsgx_options *options)
{
	static const uint64_t debug = SGX_ATTR_DEBUG;
	const struct softsgx_info *info = &l->instance->encl->info;
	struct sgx_enclave_create arg;
	struct softsgx_claims claims;
	_Alignas(SGX_PAGE_SIZE) struct sgx_secs secs = { 0 };

	_Static_assert(sizeof(secs) == SGX_PAGE_SIZE, "SECS");
	softsgx_sigstruct_claims(sig, &claims);
	secs.size = info->size;
	secs.baseaddr = l->instance->base;
	secs.ssaframesize = info->ssaframesize;
	secs.miscselect = claims.miscselect;
	secs.attributes.flags = claims.attributes;
	secs.attributes.xfrm = claims.xfrm;
	if (options->debug && !(claims.attributemask & debug))
		secs.attributes.flags |= debug;
	if (options->debug && !(secs.attributes.flags & debug))
		return fail(l->error, SOFTSGX_REFUSED, l->name,
			    SOFTSGX_NO_OFFSET,
			    "the SIGSTRUCT does not allow a debug enclave");
	if (options->configid)
		memcpy(secs.configid, options->configid, sizeof(secs.configid));
	secs.configsvn = options->configsvn;
	arg.src = (uint64_t)&secs;
	if (ioctl(l->instance->fd, SGX_IOC_ENCLAVE_CREATE, &arg))
		return refused(
			l, "SGX_IOC_ENCLAVE_CREATE",
			errno == EIO || errno == EINVAL
				? "attributes, XFRM, MISCSELECT or a size that are not to be had here"
			: errno == EACCES ? "the privilege ENCLAVE_CREATE"
					  : NULL);
	return secs.attributes.flags & SGX_ATTR_PROVISIONKEY ? provision(l) : 0;
}

/* Linux measures a page whole, in ascending order, or not at all. */
static int measured_check(const struct loading *l,
			  const struct softsgx_page *page)
{
	unsigned int i;

	for (i = 0; i < page->chunks && page->order[i] == i; i++)
		;
	if (!page->chunks || i == SOFTSGX_CHUNKS)
		return 0;
	return fail(
		l->error, SOFTSGX_REFUSED, l->name, page->file_offset,
		"a page that is measured in part, or not from its beginning: Linux does not load that");
}

static enum origin origin_of(const struct softsgx_enclave *encl,
			     const struct softsgx_page *page)
{
	if (!page->content)
		return ORIGIN_ZERO;
	if (encl->info.format == SOFTSGX_FORMAT_ELF &&
	    !(page->file_offset & (SGX_PAGE_SIZE - 1)))
		return ORIGIN_FILE;
	return ORIGIN_COPY;
}

/* The run that begins with page number @n. */
static void run_find(const struct softsgx_enclave *encl, size_t n,
		     struct run *run)
{
	const struct softsgx_page *first = &encl->pages[n];
	const struct softsgx_page *page;
	uint64_t bytes;

	run->page = first;
	run->origin = origin_of(encl, first);
	for (run->count = 1; n + run->count < encl->info.pages; run->count++) {
		page = first + run->count;
		bytes = run->count * SGX_PAGE_SIZE;
		if (page->offset != first->offset + bytes ||
		    page->flags != first->flags ||
		    page->measured != first->measured ||
		    origin_of(encl, page) != run->origin ||
		    (run->origin == ORIGIN_FILE &&
		     page->file_offset != first->file_offset + bytes) ||
		    (run->origin == ORIGIN_COPY && run->count == COPY_PAGES))
			return;
	}
}

/* The contents of a run as a mapping; MAP_FAILED and errno. */
static void *run_source(const struct loading *l, const struct run *run)
{
	const bool code = run->page->flags & SGX_SECINFO_FL_X;
	const size_t len = run->count * SGX_PAGE_SIZE;
	uint8_t *area;
	size_t i;

	if (run->origin == ORIGIN_FILE) {
		area = MAP_FAILED;
		if (code)
			area = mmap(NULL, len, PROT_READ | PROT_EXEC,
				    MAP_PRIVATE, l->file,
				    run->page->file_offset);
		/*
		 * That a file may be executed in an enclave and that it may be
		 * on the host are two things: without the second one the kernel
		 * decides by the first one.
		 */
		if (area == MAP_FAILED && (!code || errno == EACCES))
			area = mmap(NULL, len, PROT_READ, MAP_PRIVATE, l->file,
				    run->page->file_offset);
		return area;
	}
	area = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED || run->origin == ORIGIN_ZERO)
		return area;
	for (i = 0; i < run->count; i++)
		memcpy(area + i * SGX_PAGE_SIZE, run->page[i].content,
		       SGX_PAGE_SIZE);
	return area;
}

static const char *add_hint(const struct run *run)
{
	const bool code = run->page->flags & SGX_SECINFO_FL_X;

	switch (errno) {
	case EACCES:
	case EPERM:
		if (!code)
			return "the file is on a noexec file system, or a privilege is missing";
		if (run->origin == ORIGIN_COPY)
			return "code from memory, for it is not in whole pages of an ELF file: the privilege ENCLAVE_EXECANON";
		return "code from a noexec file system, or the privilege ENCLAVE_EXECUTE (W and X: EXECMOD, not measured: EXECUNMR)";
	case ENOMEM:
		return "the EPC is full, or memory is out";
	case EFAULT:
		return "the file has become shorter";
	case EIO:
		return "EADD refuses a TCS or its flags";
	default:
		return NULL;
	}
}

static int run_add(const struct loading *l, const struct run *run)
{
	const size_t len = run->count * SGX_PAGE_SIZE;
	struct sgx_secinfo secinfo = { .flags = run->page->flags };
	struct sgx_enclave_add_pages add = {
		.offset = run->page->offset,
		.length = len,
		.secinfo = (uint64_t)&secinfo,
		.flags = run->page->chunks ? SGX_PAGE_MEASURE : 0,
	};
	char what[64];
	void *source;
	int ret = 0;

	source = run_source(l, run);
	if (source == MAP_FAILED)
		return refused(l, "the pages cannot be mapped",
			       errno == EPERM ? "a noexec file system" : NULL);
	add.src = (uint64_t)source;
	/* A signal may end a call early; what is left is for another one. */
	while (add.length && !ret) {
		add.count = 0;
		if (ioctl(l->instance->fd, SGX_IOC_ENCLAVE_ADD_PAGES, &add) &&
		    errno != EINTR && errno != EAGAIN) {
			snprintf(what, sizeof(what),
				 "SGX_IOC_ENCLAVE_ADD_PAGES of 0x%llx",
				 (unsigned long long)(add.offset + add.count));
			ret = refused(l, what, add_hint(run));
		}
		add.src += add.count;
		add.offset += add.count;
		add.length -= add.count;
	}
	munmap(source, len);
	return ret;
}

static int add_pages(const struct loading *l)
{
	const struct softsgx_enclave *encl = l->instance->encl;
	struct run run;
	size_t n;
	int ret;

	for (n = 0; n < encl->info.pages; n++) {
		ret = measured_check(l, &encl->pages[n]);
		if (ret)
			return ret;
	}
	for (n = 0; n < encl->info.pages; n += run.count) {
		run_find(encl, n, &run);
		ret = run_add(l, &run);
		if (ret)
			return ret;
	}
	return 0;
}

static const char *init_hint(void)
{
	switch (errno) {
	case EPERM:
		return "EINIT refuses the SIGSTRUCT: its signature, measurement or attributes; softsgx lint tells";
	case EACCES:
		return "the privilege ENCLAVE_INIT, INITANON or DEBUG, or an attribute that was not granted";
	case EINVAL:
		return "the SIGSTRUCT insists on what this platform does not have";
	default:
		return NULL;
	}
}

static int init(const struct loading *l, const void *sig)
{
	struct sgx_enclave_init arg = { .sigstruct = (uint64_t)sig };
	int ret;

	do
		ret = ioctl(l->instance->fd, SGX_IOC_ENCLAVE_INIT, &arg);
	while (ret < 0 && errno == EINTR);
	/* A positive number is an error code of EINIT that Linux passes on. */
	if (ret > 0)
		errno = EPERM;
	return ret ? refused(l, "SGX_IOC_ENCLAVE_INIT", init_hint()) : 0;
}

static int protection(const struct softsgx_page *page)
{
	if (page_is_tcs(page))
		return PROT_READ | PROT_WRITE;
	return (page->flags & SGX_SECINFO_FL_R ? PROT_READ : 0) |
	       (page->flags & SGX_SECINFO_FL_W ? PROT_WRITE : 0) |
	       (page->flags & SGX_SECINFO_FL_X ? PROT_EXEC : 0);
}

static int map_pages(const struct loading *l)
{
	const struct softsgx_instance *instance = l->instance;
	const struct softsgx_enclave *encl = instance->encl;
	const struct softsgx_page *page;
	size_t n, count;

	for (n = 0; n < encl->info.pages; n += count) {
		page = &encl->pages[n];
		for (count = 1; n + count < encl->info.pages; count++)
			if (page[count].offset !=
				    page->offset + count * SGX_PAGE_SIZE ||
			    protection(page + count) != protection(page))
				break;
		if (mmap((void *)(instance->base + page->offset),
			 count * SGX_PAGE_SIZE, protection(page),
			 MAP_SHARED | MAP_FIXED, instance->fd, 0) == MAP_FAILED)
			return refused(
				l, "the enclave cannot be mapped",
				errno == EPERM
					? "is /dev mounted noexec? mount -o remount,exec /dev"
				: errno == EACCES
					? "W and X at once need the privilege ENCLAVE_EXECMEM"
					: NULL);
	}
	return 0;
}

static int build(const struct loading *l, const struct softsgx_sigstruct *sig,
		 const void *sig_source, const struct softsgx_options *options)
{
	int ret;

	l->instance->enter = vdso_function("__vdso_sgx_enter_enclave");
	if (!l->instance->enter)
		return fail(
			l->error, SOFTSGX_REFUSED, "", SOFTSGX_NO_OFFSET,
			"the vDSO has no __vdso_sgx_enter_enclave: a kernel without CONFIG_X86_SGX");
	ret = open_device(l);
	if (!ret)
		ret = reserve(l);
	if (!ret)
		ret = create(l, sig, options);
	if (!ret)
		ret = add_pages(l);
	if (!ret)
		ret = init(l, sig_source);
	if (!ret)
		ret = map_pages(l);
	if (!ret)
		ret = pool_init(l->instance, l->error);
	return ret;
}

static int load(struct softsgx_instance **instance, const char *path,
		const struct softsgx_sigstruct *sig, const void *sig_source,
		const struct softsgx_options *options,
		struct softsgx_error *error)
{
	static const struct softsgx_options none;
	struct loading l = { .name = path, .error = error };
	int saved;
	int ret;

	if (!options)
		options = &none;
	l.file = open(path, O_RDONLY | O_CLOEXEC);
	if (l.file < 0)
		return fail_system(error, path, "cannot be opened");
	l.instance = calloc(1, sizeof(*l.instance));
	if (l.instance) {
		l.instance->fd = -1;
		ret = enclave_map(&l.instance->encl, l.file, path,
				  options->layout, error);
	} else {
		ret = fail_memory(error);
	}
	if (!ret)
		ret = build(&l, sig, sig_source, options);
	saved = errno;
	close(l.file);
	if (ret)
		softsgx_unload(l.instance);
	else
		*instance = l.instance;
	errno = saved;
	return ret;
}

/**
 * softsgx_load() - load an enclave
 * @instance:	set to the enclave; give it to softsgx_unload()
 * @path:	its file, ELF or an SGX stream
 * @sigstruct:	file of its SIGSTRUCT
 * @options:	how, or NULL
 * @error:	why it failed, or NULL
 *
 * Its ATTRIBUTES and its MISCSELECT are those of the SIGSTRUCT. The pages of an
 * ELF file and the SIGSTRUCT are taken from mappings of these files, code from
 * executable ones: no policy needs to allow enclaves from anonymous memory. The
 * contents of a stream are not pages in the file, and are copied.
 *
 * Return: 0; SOFTSGX_FORMAT; SOFTSGX_REFUSED; SOFTSGX_SYSTEM, and errno: ENOENT
 * (no SGX), EACCES (a privilege), EPERM (EINIT refuses), ENOMEM (the EPC)...
 */
int softsgx_load(struct softsgx_instance **instance, const char *path,
		 const char *sigstruct, const struct softsgx_options *options,
		 struct softsgx_error *error)
{
	struct softsgx_sigstruct sig;
	void *source;
	int ret;
	int fd;

	ret = softsgx_sigstruct_read(&sig, sigstruct, error);
	if (ret)
		return ret;
	fd = open(sigstruct, O_RDONLY | O_CLOEXEC);
	source =
		fd < 0 ? MAP_FAILED
		       : mmap(NULL, sizeof(sig), PROT_READ, MAP_PRIVATE, fd, 0);
	if (source == MAP_FAILED)
		ret = fail_system(error, sigstruct, "cannot be mapped");
	if (fd >= 0)
		close(fd);
	if (ret)
		return ret;
	ret = load(instance, path, &sig, source, options, error);
	munmap(source, sizeof(sig));
	return ret;
}

/**
 * softsgx_load_signed() - load an enclave with a SIGSTRUCT in memory
 * @instance:	set to the enclave; give it to softsgx_unload()
 * @path:	its file, ELF or an SGX stream
 * @sig:	its SIGSTRUCT
 * @options:	how, or NULL
 * @error:	why it failed, or NULL
 *
 * For the kernel the SIGSTRUCT comes from anonymous memory: where privileges
 * are restricted, this needs ENCLAVE_INITANON, and softsgx_load() ENCLAVE_INIT.
 *
 * Return: as softsgx_load().
 */
int softsgx_load_signed(struct softsgx_instance **instance, const char *path,
			const struct softsgx_sigstruct *sig,
			const struct softsgx_options *options,
			struct softsgx_error *error)
{
	return load(instance, path, sig, sig, options, error);
}

/**
 * softsgx_unload() - take an enclave down
 * @instance:	the enclave, or NULL; no thread may have a TCS of it
 */
void softsgx_unload(struct softsgx_instance *instance)
{
	if (!instance)
		return;
	pool_destroy(instance);
	if (instance->base)
		munmap((void *)instance->base, instance->encl->info.size);
	if (instance->fd >= 0)
		close(instance->fd);
	softsgx_enclave_free(instance->encl);
	free(instance);
}

/**
 * softsgx_instance_info() - an enclave that runs, as a whole
 * @instance:	the enclave
 * @info:	filled in
 */
void softsgx_instance_info(const struct softsgx_instance *instance,
			   struct softsgx_instance_info *info)
{
	info->base = (void *)instance->base;
	info->size = instance->encl->info.size;
	info->threads = instance->thread_count;
	info->fd = instance->fd;
}

/**
 * softsgx_instance_symbol() - the address of a symbol of an enclave
 * @instance:	the enclave
 * @name:	name of the symbol
 *
 * Return: where it is in this process; NULL if the file has no such symbol.
 */
void *softsgx_instance_symbol(const struct softsgx_instance *instance,
			      const char *name)
{
	uint64_t offset;

	if (!softsgx_enclave_lookup(instance->encl, name, &offset) ||
	    offset >= instance->encl->info.size)
		return NULL;
	return (void *)(instance->base + offset);
}
