// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "acts.h"

#define P(name) (1U << ENCLAVE_##name)
#define BUILT	(P(CREATE) | P(EXECUTE))

/* clang-format off */
const struct act_info act_infos[ACTS] = {
	[ACT_CREATE] = { "create", ENCLAVE_CREATE, 0 },
	[ACT_EXECUTE] = { "code from a file", ENCLAVE_EXECUTE, P(CREATE) },
	[ACT_EXECMOD_PRIVATE] = { "code from a modified page", ENCLAVE_EXECMOD,
				  P(CREATE) },
	[ACT_EXECMOD_WX] = { "a writable page of code", ENCLAVE_EXECMOD,
			     P(CREATE) | P(EXECUTE) },
	[ACT_EXECMOD_AUG] = { "X on an EAUG page", ENCLAVE_EXECMOD,
			      BUILT | P(INIT) },
	[ACT_EXECANON] = { "code from anonymous memory", ENCLAVE_EXECANON,
			   P(CREATE) },
	[ACT_EXECUNMR] = { "unmeasured code", ENCLAVE_EXECUNMR,
			   P(CREATE) | P(EXECUTE) },
	[ACT_EXECMEM_MMAP] = { "mmap WX", ENCLAVE_EXECMEM, P(CREATE) },
	[ACT_EXECMEM_MPROTECT] = { "mprotect WX", ENCLAVE_EXECMEM, P(CREATE) },
	[ACT_INIT] = { "SIGSTRUCT in a file", ENCLAVE_INIT, BUILT },
	[ACT_INITANON] = { "SIGSTRUCT in memory", ENCLAVE_INITANON, BUILT },
	[ACT_DEBUG] = { "a debug enclave", ENCLAVE_DEBUG, BUILT | P(INIT) },
	[ACT_PROVISION] = { "provision", ENCLAVE_PROVISION, P(CREATE) },
};
/* clang-format on */

/* mov %rcx, %rbx; mov $4, %eax; enclu; ud2 */
void acts_code(u8 page[PAGE])
{
	static const u8 code[] = { 0x48, 0x89, 0xcb, 0xb8, 0x04, 0x00, 0x00,
				   0x00, 0x0f, 0x01, 0xd7, 0x0f, 0x0b };

	memset(page, 0, PAGE);
	memcpy(page, code, sizeof(code));
}

int acts_write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t done;

	if (fd < 0)
		return -errno;
	done = write(fd, data, len);
	close(fd);
	return done == (ssize_t)len ? 0 : -EIO;
}

static const u8 zeros[2 * PAGE] __attribute__((aligned(PAGE)));

void acts_sign(struct sgx_sigstruct *sig, const u8 *code, bool debug,
	       EVP_PKEY *key, void (*edit)(struct sgx_sigstruct *sig))
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct sgx_secs secs = {
		.attributes.flags = SGX_ATTR_MODE64BIT |
				    (debug ? SGX_ATTR_DEBUG : 0),
		.attributes.xfrm = SGX_XFRM_LEGACY,
	};
	u8 mrenclave[32];
	struct sgx_tcs tcs;
	unsigned int i;

	tiny_tcs(&tcs);
	measure_create(md, 1, TINY_SIZE);
	measure_add(md, TINY_TCS, ENCL_TCS);
	measure_extend(md, TINY_TCS, &tcs);
	measure_add(md, TINY_CODE, ENCL_RX);
	measure_extend(md, TINY_CODE, code);
	for (i = 0; i < 2; i++) {
		measure_add(md, TINY_SSA + i * PAGE, ENCL_RW);
		measure_extend(md, TINY_SSA + i * PAGE, zeros);
	}
	EVP_DigestFinal_ex(md, mrenclave, NULL);
	EVP_MD_CTX_free(md);
	sigstruct_fill(sig, &secs, mrenclave);
	if (edit)
		edit(sig);
	ASSERT_OK(sigstruct_sign(sig, key));
}

void acts_make_files(const char *code, const char *sig, const char *sig_debug,
		     EVP_PKEY *key)
{
	struct sgx_sigstruct sigstruct;
	u8 page[PAGE];

	acts_code(page);
	ASSERT_OK(acts_write_file(code, page, PAGE));
	acts_sign(&sigstruct, page, false, key, NULL);
	ASSERT_OK(acts_write_file(sig, &sigstruct, sizeof(sigstruct)));
	acts_sign(&sigstruct, page, true, key, NULL);
	ASSERT_OK(acts_write_file(sig_debug, &sigstruct, sizeof(sigstruct)));
}

/* A private mapping of a file's first page; NULL if there is none. */
static void *map_file(const char *path, int prot)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *page;

	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE, prot, MAP_PRIVATE, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

/* As encl_open(), which always opens the device for writing. */
static int create(struct actor *actor, struct enclave *encl, bool debug)
{
	u64 area;

	actor->step = -1;
	memset(encl, 0, sizeof(*encl));
	encl->fd = open("/dev/sgx_enclave", actor->open_flags | O_CLOEXEC);
	if (encl->fd < 0)
		return -errno;
	area = (u64)mmap(NULL, 2 * TINY_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT(area != (u64)MAP_FAILED);
	encl->md = EVP_MD_CTX_new();
	encl->secs.size = TINY_SIZE;
	encl->secs.baseaddr = (area + TINY_SIZE - 1) & ~(u64)(TINY_SIZE - 1);
	encl->secs.ssaframesize = 1;
	encl->secs.attributes.flags = SGX_ATTR_MODE64BIT |
				      (debug ? SGX_ATTR_DEBUG : 0);
	encl->secs.attributes.xfrm = SGX_XFRM_LEGACY;
	actor->step = ENCLAVE_CREATE;
	return encl_create(encl);
}

static int add_code(struct actor *actor, struct enclave *encl, const char *path)
{
	void *page = map_file(path, PROT_READ);
	int ret;

	actor->step = -1;
	if (!page)
		return -errno;
	actor->step = ENCLAVE_EXECUTE;
	ret = encl_add(encl, TINY_CODE, page, PAGE, ENCL_RX, SGX_PAGE_MEASURE);
	munmap(page, PAGE);
	return ret;
}

/* In the order that acts_sign() has. */
static int build(struct actor *actor, struct enclave *encl, bool debug)
{
	struct sgx_tcs *tcs;
	int ret;

	ret = create(actor, encl, debug);
	if (ret)
		return ret;
	actor->step = -1;
	tcs = page_alloc(1);
	tiny_tcs(tcs);
	ret = encl_add(encl, TINY_TCS, tcs, PAGE, ENCL_TCS, SGX_PAGE_MEASURE);
	munmap(tcs, PAGE);
	if (ret)
		return ret;
	ret = add_code(actor, encl, actor->code);
	if (ret)
		return ret;
	actor->step = -1;
	return encl_add(encl, TINY_SSA, zeros, 2 * PAGE, ENCL_RW,
			SGX_PAGE_MEASURE);
}

static int init_at(const struct enclave *encl, const void *sigstruct)
{
	struct sgx_enclave_init arg = { .sigstruct = (u64)sigstruct };

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_INIT, &arg) ? -errno : 0;
}

static int init_file(struct actor *actor, struct enclave *encl,
		     const char *path, enum enclave_privilege privilege)
{
	void *sigstruct;
	int ret;

	actor->step = -1;
	sigstruct = map_file(path, PROT_READ);
	if (!sigstruct)
		return -errno;
	actor->step = privilege;
	ret = init_at(encl, sigstruct);
	munmap(sigstruct, PAGE);
	return ret;
}

static sigjmp_buf fault_out;

static void on_fault(int sig)
{
	siglongjmp(fault_out, sig);
}

/* The first access brings a page, and is then refused: it is not accepted. */
static void touch(volatile u8 *at)
{
	struct sigaction action = { .sa_handler = on_fault }, old;

	sigaction(SIGSEGV, &action, &old);
	if (!sigsetjmp(fault_out, 1))
		(void)*at;
	sigaction(SIGSEGV, &old, NULL);
}

static int execmod_aug(struct actor *actor, struct enclave *encl)
{
	void *page;
	int ret;

	ret = build(actor, encl, false);
	if (ret)
		return ret;
	ret = init_file(actor, encl, actor->sig, ENCLAVE_INIT);
	if (ret)
		return ret;
	actor->step = -1;
	page = (void *)(encl->secs.baseaddr + TINY_FREE);
	/* Readable only: the device may be open so. */
	ret = encl_map(encl, TINY_FREE, PAGE, PROT_READ);
	if (ret)
		return ret;
	touch(page);
	actor->step = ENCLAVE_EXECMOD;
	return mprotect(page, PAGE, PROT_READ | PROT_EXEC) ? -errno : 0;
}

static int execmod_private(struct actor *actor, struct enclave *encl)
{
	u8 *page;
	int ret;

	ret = create(actor, encl, false);
	if (ret)
		return ret;
	actor->step = -1;
	page = map_file(actor->code, PROT_READ | PROT_WRITE);
	if (!page)
		return -errno;
	page[PAGE - 1] = 0x90;
	actor->step = ENCLAVE_EXECMOD;
	ret = encl_add(encl, TINY_CODE, page, PAGE, ENCL_RX, SGX_PAGE_MEASURE);
	munmap(page, PAGE);
	return ret;
}

/* A page of code in another way. */
static int add_other(struct actor *actor, struct enclave *encl, bool anon,
		     u64 secinfo, u64 flags, enum enclave_privilege privilege)
{
	u8 *page;
	int ret;

	ret = create(actor, encl, false);
	if (ret)
		return ret;
	actor->step = -1;
	if (anon) {
		page = page_alloc(1);
		acts_code(page);
	} else {
		page = map_file(actor->code, PROT_READ);
		if (!page)
			return -errno;
	}
	actor->step = privilege;
	ret = encl_add(encl, TINY_CODE, page, PAGE, secinfo, flags);
	munmap(page, PAGE);
	return ret;
}

static int execmem(struct actor *actor, struct enclave *encl, bool by_mprotect)
{
	void *page;
	int ret;

	ret = create(actor, encl, false);
	if (ret)
		return ret;
	actor->step = ENCLAVE_EXECMEM;
	if (!by_mprotect)
		return encl_map(encl, TINY_FREE, PAGE,
				PROT_READ | PROT_WRITE | PROT_EXEC);
	actor->step = -1;
	ret = encl_map(encl, TINY_FREE, PAGE, PROT_READ | PROT_WRITE);
	if (ret)
		return ret;
	actor->step = ENCLAVE_EXECMEM;
	page = (void *)(encl->secs.baseaddr + TINY_FREE);
	return mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) ? -errno
									: 0;
}

static int init(struct actor *actor, struct enclave *encl, enum act which)
{
	const char *path = which == ACT_DEBUG ? actor->sig_debug : actor->sig;
	void *sigstruct;
	u8 *copy;
	int ret;

	ret = build(actor, encl, which == ACT_DEBUG);
	if (ret)
		return ret;
	if (which != ACT_INITANON)
		return init_file(actor, encl, path,
				 which == ACT_DEBUG ? ENCLAVE_DEBUG
						    : ENCLAVE_INIT);

	actor->step = -1;
	sigstruct = map_file(path, PROT_READ);
	if (!sigstruct)
		return -errno;
	copy = page_alloc(1);
	memcpy(copy, sigstruct, sizeof(struct sgx_sigstruct));
	munmap(sigstruct, PAGE);
	actor->step = ENCLAVE_INITANON;
	ret = init_at(encl, copy);
	munmap(copy, PAGE);
	return ret;
}

static int provision(struct actor *actor, struct enclave *encl)
{
	struct sgx_enclave_provision arg;
	int ret;
	int fd;

	ret = create(actor, encl, false);
	if (ret)
		return ret;
	actor->step = -1;
	fd = open("/dev/sgx_provision", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	arg.fd = fd;
	actor->step = ENCLAVE_PROVISION;
	ret = ioctl(encl->fd, SGX_IOC_ENCLAVE_PROVISION, &arg) ? -errno : 0;
	close(fd);
	return ret;
}

static int act_on(struct actor *actor, enum act which, struct enclave *encl)
{
	int ret;

	switch (which) {
	case ACT_CREATE:
		return create(actor, encl, false);
	case ACT_EXECUTE:
		ret = create(actor, encl, false);
		return ret ? ret : add_code(actor, encl, actor->code);
	case ACT_EXECMOD_PRIVATE:
		return execmod_private(actor, encl);
	case ACT_EXECMOD_WX:
		return add_other(actor, encl, false, ENCL_RWX, SGX_PAGE_MEASURE,
				 ENCLAVE_EXECMOD);
	case ACT_EXECMOD_AUG:
		return execmod_aug(actor, encl);
	case ACT_EXECANON:
		return add_other(actor, encl, true, ENCL_RX, SGX_PAGE_MEASURE,
				 ENCLAVE_EXECANON);
	case ACT_EXECUNMR:
		return add_other(actor, encl, false, ENCL_RX, 0,
				 ENCLAVE_EXECUNMR);
	case ACT_EXECMEM_MMAP:
		return execmem(actor, encl, false);
	case ACT_EXECMEM_MPROTECT:
		return execmem(actor, encl, true);
	case ACT_INIT:
	case ACT_INITANON:
	case ACT_DEBUG:
		return init(actor, encl, which);
	case ACT_PROVISION:
		return provision(actor, encl);
	default:
		return -EINVAL;
	}
}

/* Returns 0 or a negative errno; actor->step says of which step. */
int act(struct actor *actor, enum act which)
{
	struct enclave encl = { .fd = -1 };
	int ret;

	ret = act_on(actor, which, &encl);
	if (actor->kept)
		*actor->kept = encl;
	else if (encl.secs.size)
		encl_close(&encl);
	return ret;
}
