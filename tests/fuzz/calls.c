// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What the records of an input mean. Operands are small numbers that choose
 * from tables, in which what is valid comes first and often; so most sequences
 * get somewhere, and those that do not are cheap.
 *
 * Nothing here asserts that a call succeeds: what has to hold is that the
 * kernel stays whole, that nothing is left, and that the next enclave works.
 */
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../uapi/lib.h"
#include "calls.h"

#define SLOTS 3
/* Of the test enclave, see calls.mk. */
#define THREADS 3
/* How long one record may take; then SIGALRM ends it. */
#define STEP_MS 100
/* And a whole life. */
#define LIFE_SECONDS  4
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct slot - an enclave of the input
 * @encl:	its descriptor is -1 as long as there is none
 * @symbol:	addresses of interest in the enclave
 */
struct slot {
	struct enclave encl;
	u64 symbol[4];
};

static struct slot slots[SLOTS];
static bool verbose;

/* Pages for operands: good, its neighbour (read-only), then a hole. */
static u8 *scratch;
#define SCRATCH_PAGES 4
static u8 *hole;

static __thread sigjmp_buf *step_env;
static __thread bool in_handler;
static pid_t child;
static bool is_child;
static int nested_slot = -1;
static int pipes[2] = { -1, -1 };
static int file_fd = -1;

/* Files of the module that can be read. */
static char *files[64];
static unsigned int file_count;

/* What the library of tests/uapi calls when it does not get what it wants. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("    %s:%d: ", file, line);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
	_exit(1);
}

/* ---- choosing operands ---- */

static struct slot *slot_of(const u8 *r)
{
	return &slots[r[1] % SLOTS];
}

static u64 size_of(const struct slot *slot)
{
	return slot->encl.secs.size ? slot->encl.secs.size : TINY_SIZE;
}

/* An offset in the enclave; one of six is wrong. */
static u64 pick_offset(const struct slot *slot, u8 x)
{
	const u64 wrong[] = {
		size_of(slot),	   size_of(slot) - 1,
		PAGE / 2,	   1,
		0ULL - PAGE,	   0ULL - 1,
		1ULL << 47,	   1ULL << 62,
		size_of(slot) * 2, size_of(slot) + PAGE,
	};

	if (x >= 216)
		return wrong[x % ARRAY_SIZE(wrong)];
	return (u64)x * PAGE % size_of(slot);
}

static u64 pick_address(const struct slot *slot, u8 x)
{
	if (x >= 176 && x < 216)
		return slot->symbol[x % ARRAY_SIZE(slot->symbol)] + x % 8 * 8;
	return slot->encl.secs.baseaddr + pick_offset(slot, x);
}

static u64 pick_length(const struct slot *slot, u8 x)
{
	const u64 wrong[] = {
		0,
		1,
		PAGE - 1,
		PAGE + 1,
		size_of(slot) + PAGE,
		0ULL - PAGE,
		1ULL << 40,
		1ULL << 63,
	};

	if (x >= 224)
		return wrong[x % ARRAY_SIZE(wrong)];
	if (x >= 208)
		return size_of(slot);
	return (u64)(1 + x % 16) * PAGE;
}

/* Where the kernel finds an operand: five of six at @good. */
static void *pick_pointer(const struct slot *slot, void *good, u8 x)
{
	void *const wrong[] = {
		NULL,
		hole,
		hole - 8,
		scratch + PAGE, /* read-only */
		(void *)0xffff888000000000,
		(void *)0x8000000000000000,
		(void *)0x00007ffffffff000,
		(void *)slot->encl.secs.baseaddr,
		(u8 *)good + 1,
	};

	return x < 216 ? good : wrong[x % ARRAY_SIZE(wrong)];
}

static int pick_prot(u8 x)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_EXEC,
		PROT_READ,
		PROT_NONE,
		PROT_READ | PROT_WRITE | PROT_EXEC,
		PROT_EXEC,
		PROT_WRITE,
	};

	return prots[x % ARRAY_SIZE(prots)];
}

static u64 pick_secinfo(u8 x)
{
	static const u64 flags[] = {
		ENCL_RW,
		ENCL_RX,
		ENCL_TCS,
		ENCL_R,
		ENCL_RWX,
		ENCL_REG(0),
		ENCL_REG(SGX_SECINFO_FL_W),
		ENCL_REG(SGX_SECINFO_FL_X),
		(u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT,
		0,
		ENCL_TCS | SGX_SECINFO_FL_RWX,
		~0ULL,
		ENCL_RW | SGX_SECINFO_FL_PENDING,
		ENCL_RW | SGX_SECINFO_FL_MODIFIED,
		ENCL_TCS | SGX_SECINFO_FL_MODIFIED,
		((u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT) |
			SGX_SECINFO_FL_MODIFIED,
		ENCL_R | SGX_SECINFO_FL_PR,
		ENCL_RX | SGX_SECINFO_FL_PR,
		(u64)SGX_PT_VA << SGX_SECINFO_FL_PT_SHIFT,
		(u64)SGX_PT_SECS << SGX_SECINFO_FL_PT_SHIFT,
	};

	return flags[x % ARRAY_SIZE(flags)];
}

static void say(const char *what, long ret)
{
	if (verbose)
		printf("    %s: %ld%s%s\n", what, ret, ret < 0 ? " " : "",
		       ret < 0 ? strerrorname_np(errno) : "");
}

/* ---- lives of enclaves ---- */

/*
 * Signing takes long: signatures are kept for all processes. An entry is valid
 * once @ready is set.
 */
struct signature {
	volatile bool ready;
	struct sgx_sigstruct bare, whole;
};
#define SIGNATURES 128
static struct signature *signatures;

static void sign(struct enclave *encl)
{
	struct sgx_sigstruct bare;
	struct signature *s;
	u8 mrenclave[32];

	EVP_DigestFinal_ex(encl->md, mrenclave, NULL);
	sigstruct_fill(&bare, &encl->secs, mrenclave);
	for (s = signatures; s < signatures + SIGNATURES && s->ready; s++) {
		if (memcmp(&s->bare, &bare, sizeof(bare)))
			continue;
		encl->sig = s->whole;
		return;
	}
	encl->sig = bare;
	if (sigstruct_sign(&encl->sig, test_key()) ||
	    s == signatures + SIGNATURES)
		return;
	s->bare = bare;
	s->whole = encl->sig;
	s->ready = true;
}

static int add_tiny(struct enclave *encl, bool tcs)
{
	static const u8 code[] = { 0x48, 0x89, 0xcb, 0xb8, 0x04, 0x00, 0x00,
				   0x00, 0x0f, 0x01, 0xd7, 0x0f, 0x0b };
	u8 *page = scratch + 3 * PAGE;
	int ret;

	memset(page, 0, PAGE);
	if (!tcs) {
		ret = encl_add(encl, TINY_SSA, page, PAGE, ENCL_RW,
			       SGX_PAGE_MEASURE);
		memcpy(page, code, sizeof(code));
		return ret ? ret
			   : encl_add(encl, TINY_CODE, page, PAGE, ENCL_RX,
				      SGX_PAGE_MEASURE);
	}
	tiny_tcs((struct sgx_tcs *)page);
	return encl_add(encl, TINY_TCS, page, PAGE, ENCL_TCS, SGX_PAGE_MEASURE);
}

static int life_tiny(struct enclave *encl, unsigned int steps)
{
	int ret = encl_open(encl, TINY_SIZE);

	if (ret || !steps--)
		return ret;
	ret = encl_create(encl);
	if (ret || !steps--)
		return ret;
	ret = add_tiny(encl, false);
	if (ret || !steps--)
		return ret;
	ret = add_tiny(encl, true);
	if (ret || !steps--)
		return ret;
	sign(encl);
	ret = encl_init(encl);
	if (ret || !steps--)
		return ret;
	encl_map(encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE);
	encl_map(encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC);
	return encl_map(encl, TINY_SSA, TINY_SIZE - TINY_SSA,
			PROT_READ | PROT_WRITE);
}

/* As encl_load_elf(), but with a signature that is kept. */
static int life_guest(struct enclave *encl, unsigned int steps)
{
	const Elf64_Ehdr *ehdr;
	const Elf64_Phdr *ph;
	unsigned int i;
	u64 flags;
	int ret;

	ret = encl_open_elf(encl, test_file("enclave.elf"));
	if (ret || !steps--)
		return ret;
	encl->secs.miscselect = SGX_MISC_EXINFO;
	encl->secs.attributes.xfrm = 7;
	ret = encl_create(encl);
	if (ret || !steps--)
		return ret;
	ehdr = encl->image;
	ph = (const Elf64_Phdr *)((const u8 *)encl->image + ehdr->e_phoff);
	for (i = 0; !ret && i < ehdr->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		flags = ph[i].p_flags & ENCL_PF_TCS
				? ENCL_TCS
				: ENCL_REG((ph[i].p_flags & PF_R
						    ? SGX_SECINFO_FL_R
						    : 0) |
					   (ph[i].p_flags & PF_W
						    ? SGX_SECINFO_FL_W
						    : 0) |
					   (ph[i].p_flags & PF_X
						    ? SGX_SECINFO_FL_X
						    : 0));
		ret = encl_add(encl, ph[i].p_vaddr,
			       (const u8 *)encl->image + ph[i].p_offset,
			       ph[i].p_filesz, flags, SGX_PAGE_MEASURE);
	}
	if (ret || !steps--)
		return ret;
	sign(encl);
	ret = encl_init(encl);
	if (ret || !steps--)
		return ret;
	for (i = 0; i < ehdr->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			encl_map(encl, ph[i].p_vaddr, ph[i].p_memsz,
				 ((ph[i].p_flags & PF_R) ? PROT_READ : 0) |
					 ((ph[i].p_flags & PF_W) ? PROT_WRITE
								 : 0) |
					 ((ph[i].p_flags & PF_X) ? PROT_EXEC
								 : 0));
	return 0;
}

/* r[2]: which enclave, r[3]: how far, most often all the way */
static void act_life(const u8 *r)
{
	static const char *const names[] = { "tcs", "data_pages", "ssa",
					     "code_page" };
	struct slot *slot = slot_of(r);
	unsigned int steps = r[3] < 128 ? 9 : r[3] % 6;
	unsigned int i;
	int ret;

	if (slot->encl.fd >= 0)
		close(slot->encl.fd);
	slot->encl.fd = -1;
	if (r[2] & 1) {
		ret = life_guest(&slot->encl, steps);
		for (i = 0; slot->encl.image && i < ARRAY_SIZE(names); i++)
			slot->symbol[i] = encl_symbol(&slot->encl, names[i]);
	} else {
		ret = life_tiny(&slot->encl, steps);
		slot->symbol[0] = slot->encl.secs.baseaddr + TINY_TCS;
		slot->symbol[1] = slot->encl.secs.baseaddr + TINY_CODE;
		slot->symbol[2] = slot->encl.secs.baseaddr + TINY_SSA;
		slot->symbol[3] = slot->encl.secs.baseaddr + TINY_FREE;
	}
	say("life", ret);
}

/* ---- ioctls ---- */

static void act_open(const u8 *r)
{
	struct slot *slot = slot_of(r);

	if (slot->encl.fd >= 0)
		close(slot->encl.fd);
	if (!slot->encl.secs.baseaddr) {
		encl_open(&slot->encl, TINY_SIZE);
		close(slot->encl.fd);
	}
	slot->encl.fd = open("/dev/sgx_enclave",
			     (r[2] & 1 ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	say("open", slot->encl.fd);
}

/* The struct of an ioctl, perhaps where the kernel does not find it. */
static void do_ioctl(const char *what, struct slot *slot, unsigned long cmd,
		     const void *arg, size_t size, u8 where)
{
	void *good = scratch + 64;

	memcpy(good, arg, size);
	say(what, ioctl(slot->encl.fd, cmd, pick_pointer(slot, good, where)));
}

/* r[2]: a byte of the SECS that becomes r[3]; none from 200 on */
static void act_create(const u8 *r)
{
	/* Those that mean something. */
	static const u16 fields[] = { 0,  8,  9,  15, 16, 17, 20,  48,	49,
				      50, 51, 55, 56, 57, 63, 128, 258, 260 };
	struct slot *slot = slot_of(r);
	struct sgx_secs *secs = (void *)(scratch + 2 * PAGE);
	struct sgx_enclave_create arg;

	memset(secs, 0, PAGE);
	*secs = slot->encl.secs;
	if (r[2] < 200)
		((u8 *)secs)[fields[r[2] % ARRAY_SIZE(fields)]] = r[3];
	arg.src = (u64)pick_pointer(slot, secs, r[4]);
	do_ioctl("CREATE", slot, SGX_IOC_ENCLAVE_CREATE, &arg, sizeof(arg),
		 r[5]);
}

static void *pick_source(struct slot *slot, u8 x)
{
	if (x >= 200)
		return pick_pointer(slot, scratch, x);
	if (x >= 190) {
		/* A file's page, private, perhaps written. */
		u8 *page = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE, file_fd, 0);

		if (page != MAP_FAILED && x & 1)
			*page = x;
		return page;
	}
	return scratch + x % 4 * PAGE;
}

static void act_add(const u8 *r)
{
	struct slot *slot = slot_of(r);
	struct sgx_secinfo *secinfo = (void *)(scratch + 2 * PAGE + 512);
	struct sgx_enclave_add_pages arg = {
		.src = (u64)pick_source(slot, r[5]),
		.offset = pick_offset(slot, r[2]),
		.length = pick_length(slot, r[3]),
		.secinfo = (u64)pick_pointer(slot, secinfo, r[6]),
		.flags = r[7] & 1 ? SGX_PAGE_MEASURE : 0,
	};

	memset(secinfo, 0, sizeof(*secinfo));
	secinfo->flags = pick_secinfo(r[4]);
	if (r[7] > 240)
		secinfo->reserved[r[7] % 56] = 1;
	do_ioctl("ADD_PAGES", slot, SGX_IOC_ENCLAVE_ADD_PAGES, &arg,
		 sizeof(arg), r[7] > 220 ? r[7] : 0);
}

/* r[2]: a byte of SIGSTRUCT that is changed, see act_create() */
static void act_init(const u8 *r)
{
	static const u16 fields[] = { 0,   12,	16,  20,   24,	 40,
				      128, 512, 516, 900,  904,	 928,
				      932, 944, 960, 1040, 1056, 1800 };
	struct slot *slot = slot_of(r);
	struct sgx_sigstruct *sig = (void *)(scratch + 2 * PAGE);
	struct sgx_enclave_init arg;

	*sig = slot->encl.sig;
	if (r[2] < 200)
		((u8 *)sig)[fields[r[2] % ARRAY_SIZE(fields)]] ^= r[3];
	arg.sigstruct = (u64)pick_pointer(slot, sig, r[4]);
	do_ioctl("INIT", slot, SGX_IOC_ENCLAVE_INIT, &arg, sizeof(arg), r[5]);
}

static void act_provision(const u8 *r)
{
	struct sgx_enclave_provision arg = {};
	struct slot *slot = slot_of(r);
	int fd = open("/dev/sgx_provision", O_RDONLY | O_CLOEXEC);

	arg.fd = r[2] < 128 ? fd : r[2] < 192 ? slot->encl.fd : r[2] - 200;
	do_ioctl("PROVISION", slot, SGX_IOC_ENCLAVE_PROVISION, &arg,
		 sizeof(arg), r[3]);
	close(fd);
}

static void act_restrict(const u8 *r)
{
	struct slot *slot = slot_of(r);
	struct sgx_enclave_restrict_permissions arg = {
		.offset = pick_offset(slot, r[2]),
		.length = pick_length(slot, r[3]),
		.permissions = r[4] < 250 ? r[4] % 8 : ~0ULL << (r[4] % 60),
		.result = r[5] > 250,
		.count = r[5] > 252,
	};

	do_ioctl("RESTRICT", slot, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg,
		 sizeof(arg), r[6]);
}

static void act_modify(const u8 *r)
{
	struct slot *slot = slot_of(r);
	struct sgx_enclave_modify_types arg = {
		.offset = pick_offset(slot, r[2]),
		.length = pick_length(slot, r[3]),
		.page_type = r[4] < 200 ? (r[4] & 1 ? SGX_PT_TRIM : SGX_PT_TCS)
					: r[4] - 200,
	};

	do_ioctl("MODIFY_TYPES", slot, SGX_IOC_ENCLAVE_MODIFY_TYPES, &arg,
		 sizeof(arg), r[6]);
}

static void act_remove(const u8 *r)
{
	struct slot *slot = slot_of(r);
	struct sgx_enclave_remove_pages arg = {
		.offset = pick_offset(slot, r[2]),
		.length = pick_length(slot, r[3]),
	};

	do_ioctl("REMOVE_PAGES", slot, SGX_IOC_ENCLAVE_REMOVE_PAGES, &arg,
		 sizeof(arg), r[6]);
}

/* Any number of an ioctl, with any operands. */
static void act_ioctl(const u8 *r)
{
	struct slot *slot = slot_of(r);
	u64 arg[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(arg); i++)
		arg[i] = r[(i + 4) % RECORD_SIZE] << r[3] % 40;
	do_ioctl("ioctl", slot,
		 r[2] < 128 ? _IOC(r[3] % 4, SGX_MAGIC, r[2] % 16, r[4])
			    : SGX_IOC_ENCLAVE_CREATE + r[2] % 8,
		 arg, sizeof(arg), r[7]);
}

/* ---- mappings ---- */

static void act_mmap(const u8 *r)
{
	static const int kinds[] = {
		MAP_SHARED | MAP_FIXED,
		MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		MAP_SHARED,
		MAP_PRIVATE | MAP_FIXED,
		MAP_SHARED_VALIDATE | MAP_FIXED | MAP_LOCKED,
		MAP_SHARED | MAP_FIXED_NOREPLACE,
	};
	struct slot *slot = slot_of(r);
	u64 offset = pick_offset(slot, r[2] % 216);
	u64 room = size_of(slot) - offset;
	u64 length = pick_length(slot, r[3]);
	int flags = kinds[r[5] % ARRAY_SIZE(kinds)];
	void *addr;

	if (!slot->encl.secs.baseaddr)
		return;
	/* It must not hit the fuzzer. */
	if (length > room && flags & MAP_FIXED)
		length = room;
	addr = mmap((void *)(slot->encl.secs.baseaddr + offset), length,
		    pick_prot(r[4]), flags, slot->encl.fd,
		    r[6] < 200 ? 0 : (off_t)r[6] << 12);
	say("mmap", addr == MAP_FAILED ? -1 : 0);
}

/* A range in the reservation of the enclave. */
static void *pick_range(const struct slot *slot, const u8 *r, u64 *length)
{
	u64 offset = pick_offset(slot, r[2] % 216);
	u64 room = size_of(slot) - offset;

	*length = pick_length(slot, r[3]);
	if (*length > room)
		*length = room;
	return (void *)(slot->encl.secs.baseaddr + offset);
}

static void act_mprotect(const u8 *r)
{
	struct slot *slot = slot_of(r);
	u64 length;
	void *addr = pick_range(slot, r, &length);
	int key;

	if (r[5] < 200) {
		say("mprotect", mprotect(addr, length, pick_prot(r[4])));
		return;
	}
	key = pkey_alloc(0, 0);
	say("pkey_mprotect", pkey_mprotect(addr, length, pick_prot(r[4]), key));
	if (key >= 0)
		pkey_free(key);
}

static void act_madvise(const u8 *r)
{
	struct slot *slot = slot_of(r);
	u64 length;
	void *addr = pick_range(slot, r, &length);
	u8 vec[512];

	switch (r[5] % 8) {
	case 0:
		say("mlock", mlock(addr, length));
		break;
	case 1:
		say("munlock", munlock(addr, length));
		break;
	case 2:
		say("mincore",
		    length / PAGE <= sizeof(vec) && mincore(addr, length, vec));
		break;
	case 3:
		say("msync", msync(addr, length, MS_SYNC));
		break;
	case 4:
		say("mlockall", mlockall(r[4] % 8));
		munlockall();
		break;
	default:
		/* All that there are, but for those that break memory. */
		say("madvise", madvise(addr, length, r[4] % 26));
	}
}

static void act_mremap(const u8 *r)
{
	struct slot *slot = slot_of(r);
	struct slot *other = &slots[r[6] % SLOTS];
	u64 length, room;
	void *addr = pick_range(slot, r, &length);
	u64 offset = pick_offset(other, r[7] % 216);
	u64 new_length = pick_length(slot, r[4] % 208);
	int flags = r[5] % 8;

	if (!other->encl.secs.baseaddr)
		return;
	room = size_of(other) - offset;
	if (new_length > room)
		new_length = room;
	/* A fixed place only where the fuzzer is not. */
	if (flags & MREMAP_FIXED)
		flags |= MREMAP_MAYMOVE;
	say("mremap",
	    (long)mremap(addr, length, new_length, flags,
			 (void *)(other->encl.secs.baseaddr + offset)));
}

static void act_munmap(const u8 *r)
{
	struct slot *slot = slot_of(r);
	u64 length;
	void *addr = pick_range(slot, r, &length);

	if (!slot->encl.secs.baseaddr)
		return;
	if (r[4] < 128)
		say("munmap", munmap(addr, length));
	else
		say("cover", mmap(addr, length, pick_prot(r[5]),
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0) == MAP_FAILED);
}

/* ---- inside ---- */

static int exit_handler(long rdi, long rsi, long rdx, long rsp, long r8,
			long r9, struct sgx_enclave_run *run)
{
	(void)rdi;
	(void)rsi;
	(void)rdx;
	(void)rsp;
	(void)r8;
	(void)r9;
	/* Once more, or give up. */
	if (run->user_data && run->function != SGX_ERESUME) {
		run->user_data--;
		return run->user_data & 1 ? SGX_EENTER : SGX_ERESUME;
	}
	return -1;
}

static void do_enter(struct slot *slot, const u8 *r)
{
	struct sgx_enclave_run *run = (void *)(scratch + 1024 + r[1] % 8 * 256);
	static __thread u64 here, go;
	struct op op = {
		.op = r[4] % (OP_FSGS + 1),
		.arg = {
			pick_address(slot, r[5]),
			pick_address(slot, r[6]),
			r[6] % 65,
			r[7],
		},
	};
	int ret;

	memset(run, 0, sizeof(*run));
	run->tcs = r[3] < 216 ? slot->symbol[0] + r[3] % THREADS * PAGE
			      : pick_address(slot, r[3]);
	if (r[7] & 2) {
		run->user_handler = (u64)exit_handler;
		run->user_data = r[7] >> 4;
	}
	if (r[7] == 0xff)
		run->reserved[0] = 1;
	switch (op.op) {
	case OP_ENCLU:
		op.arg[0] = r[7] % 13;
		op.arg[1] = pick_address(slot, r[5]);
		op.arg[2] = pick_address(slot, r[6]);
		if (op.arg[0] >= SGX_EACCEPT && op.arg[0] <= SGX_EACCEPTCOPY) {
			/* A SECINFO in a page of the enclave. */
			op.arg[1] = (u64)(scratch + 512);
			((struct sgx_secinfo *)op.arg[1])->flags =
				pick_secinfo(r[5]);
			if (r[5] & 0x80 && slot->symbol[1]) {
				struct op copy = {
					.op = OP_COPY,
					.arg = { slot->symbol[1] + 2 * PAGE,
						 op.arg[1], 64 },
				};

				enter(run, SGX_EENTER, &copy);
				op.arg[1] = slot->symbol[1] + 2 * PAGE;
			}
		}
		break;
	case OP_INSN:
		op.arg[0] = r[5] % INSN_COUNT;
		/* For system calls: getpid(). */
		op.arg[1] = SYS_getpid;
		break;
	case OP_SHA256:
		op.arg[0] = r[5] % 32;
		break;
	case OP_SPIN:
		/* Inside for a while: until the alarm, or not at all. */
		op.arg[0] = (u64)&here;
		op.arg[1] = (u64)&go;
		go = r[5] & 7;
		break;
	case OP_REGS:
		op.arg[0] = (u64)(scratch + 3 * PAGE);
		((struct op_regs *)op.arg[0])->spin = r[5] & 1 ? 20000 : 0;
		break;
	case OP_COPY:
		if (r[7] & 1)
			op.arg[r[7] >> 7] = (u64)(scratch + 2048);
		break;
	}
	ret = enter(run,
		    r[2] < 200	 ? SGX_EENTER
		    : r[2] < 240 ? SGX_ERESUME
				 : r[2],
		    &op);
	if (verbose)
		printf("    enter op %lu: %d, by %u, vector %u\n",
		       (unsigned long)op.op, ret, run->function,
		       run->exception_vector);
}

static void act_enter(const u8 *r)
{
	do_enter(slot_of(r), r);
}

/* ENCLU with any registers. */
static void act_enclu(const u8 *r)
{
	static const u8 leaves[] = {
		SGX_EENTER,  SGX_ERESUME,     SGX_EEXIT,
		SGX_EACCEPT, SGX_EGETKEY,     SGX_EREPORT,
		SGX_EMODPE,  SGX_EACCEPTCOPY, SGX_EDECCSSA
	};
	struct slot *slot = slot_of(r);
	struct raw raw = { .stack = entry_stack() };

	raw.in[RAX] = r[2] < 250 ? leaves[r[2] % ARRAY_SIZE(leaves)]
				 : (u64)r[2] << (r[3] % 57);
	raw.in[RBX] = r[4] < 128 ? slot->symbol[0] + r[4] % 6 * PAGE
				 : pick_address(slot, r[4]);
	raw.in[RCX] = r[5] < 200   ? (u64)raw_aep
		      : r[5] < 230 ? (u64)raw_aep_resume
				   : pick_address(slot, r[5]);
	raw.in[RDX] = pick_address(slot, r[6]);
	entry_depth++;
	raw_enclu(&raw);
	entry_depth--;
	say("ENCLU", raw.path);
}

/* ---- accesses from outside ---- */

static void act_touch(const u8 *r)
{
	struct slot *slot = slot_of(r);
	volatile u64 *p = (u64 *)pick_address(slot, r[2]);

	switch (r[3] % 4) {
	case 0:
		say("read", *p != 0);
		break;
	case 1:
		*p = r[4];
		break;
	case 2:
		((void (*)(void))p)();
		break;
	case 3:
		__atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST);
	}
}

static pid_t pick_process(u8 x)
{
	return x & 1 && child > 0 ? child : getpid();
}

/* The kernel, or another process, reads or writes the enclave. */
static void act_kernel_access(const u8 *r)
{
	struct slot *slot = slot_of(r);
	void *p = (void *)pick_address(slot, r[2]);
	size_t len = 1 + r[3] % 64 * (r[4] & 1 ? 1 : 129);
	struct iovec here = { scratch, len % PAGE }, there = { p, len % PAGE };
	struct timespec soon = { .tv_nsec = 1000000 };
	char path[32];
	int fd;

	switch (r[5] % 9) {
	case 0:
		say("write", write(pipes[1], p, len % PAGE));
		break;
	case 1:
		say("read", read(pipes[0], p, len % PAGE));
		break;
	case 2:
		say("process_vm_readv",
		    process_vm_readv(pick_process(r[6]), &here, 1, &there, 1,
				     0));
		break;
	case 3:
		say("process_vm_writev",
		    process_vm_writev(pick_process(r[6]), &here, 1, &there, 1,
				      0));
		break;
	case 4:
	case 5:
		snprintf(path, sizeof(path), "/proc/%d/mem",
			 pick_process(r[6]));
		fd = open(path, O_RDWR | O_CLOEXEC);
		say("mem", r[5] % 9 == 4 ? pread(fd, scratch, len, (off_t)p)
					 : pwrite(fd, scratch, len, (off_t)p));
		close(fd);
		break;
	case 6:
		say("futex", syscall(SYS_futex, p, FUTEX_WAIT, 0, &soon));
		break;
	case 7:
		say("vmsplice", vmsplice(pipes[1], &there, 1, r[4] % 16));
		break;
	case 8:
		snprintf(path, sizeof(path), "/proc/%d/%s", pick_process(r[6]),
			 r[4] & 1 ? "smaps" : "pagemap");
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (!(r[4] & 1))
			lseek(fd, (off_t)p / PAGE * 8, SEEK_SET);
		say(path, read(fd, scratch + 3 * PAGE, PAGE));
		close(fd);
	}
}

static void act_ptrace(const u8 *r)
{
	struct user_regs_struct regs;
	struct iovec xstate = { scratch + 3 * PAGE, PAGE };
	struct slot *slot = slot_of(r);
	void *p = (void *)pick_address(slot, r[2]);
	int status;

	if (child <= 0 || ptrace(PTRACE_SEIZE, child, 0, 0))
		return;
	ptrace(PTRACE_INTERRUPT, child, 0, 0);
	if (waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status))
		return;
	say("peek", ptrace(PTRACE_PEEKDATA, child, p, 0));
	if (r[3] & 1)
		say("poke", ptrace(PTRACE_POKEDATA, child, p, r[4]));
	if (r[3] & 2 && !ptrace(PTRACE_GETREGS, child, 0, &regs)) {
		if (r[3] & 4)
			regs.rip = (u64)p;
		ptrace(PTRACE_SETREGS, child, 0, &regs);
	}
	if (r[3] & 8) {
		ptrace(PTRACE_GETREGSET, child, 0x202 /* NT_X86_XSTATE */,
		       &xstate);
		if (r[3] & 16)
			scratch[3 * PAGE + r[4]] ^= r[5];
		say("setregset",
		    ptrace(PTRACE_SETREGSET, child, 0x202, &xstate));
	}
	if (r[3] & 32) {
		/* A hardware breakpoint in the enclave. */
		ptrace(PTRACE_POKEUSER, child,
		       offsetof(struct user, u_debugreg[0]), p);
		ptrace(PTRACE_POKEUSER, child,
		       offsetof(struct user, u_debugreg[7]), 1);
	}
	for (status = 0; status < r[6] % 4; status++) {
		ptrace(r[7] & 1 ? PTRACE_SINGLESTEP : PTRACE_SYSCALL, child, 0,
		       0);
		waitpid(child, NULL, __WALL);
	}
	say("detach", ptrace(PTRACE_DETACH, child, 0, 0));
}

/* ---- processes, threads, signals, files ---- */

static void run_records(const struct input *input, size_t from, size_t to);
static const struct input *current_input;
static size_t current_record;
static pthread_t helper;
static bool has_helper;
static size_t helper_to;

/* The next records are for the child, too; it ends as r[4] says, or never. */
static void act_fork(const u8 *r)
{
	size_t next = current_record + 1;

	if (is_child || child > 0)
		return;
	fflush(stdout);
	child = fork();
	if (child)
		return;
	is_child = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_records(current_input, next, next + 1 + r[2] % 12);
	switch (r[4] % 4) {
	case 0:
		_exit(0);
	case 1:
		execl("/bin/true", "true", NULL);
		break;
	case 2:
		kill(getpid(), SIGKILL);
		break;
	default:
		for (;;)
			run_records(current_input, next, next + 1 + r[2] % 12);
	}
	_exit(0);
}

static void *helper_main(void *data)
{
	size_t from = (size_t)data;
	sigset_t alarm_only;
	unsigned int i;

	coverage_start(1);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	for (i = 0; i < 8; i++)
		run_records(current_input, from, helper_to);
	return NULL;
}

/* A second thread executes the next records, too, some times. */
static void act_thread(const u8 *r)
{
	if (has_helper || is_child)
		return;
	helper_to = current_record + 2 + r[2] % 12;
	has_helper = !pthread_create(&helper, NULL, helper_main,
				     (void *)(current_record + 1));
	say("thread", has_helper);
}

static void act_signal(const u8 *r)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGSTOP, SIGWINCH,
				       SIGTRAP, SIGILL,	 SIGSEGV, SIGFPE };
	struct itimerval soon = { .it_value.tv_usec = 50 + r[4] * 40 };
	int sig = signals[r[2] % 3];

	nested_slot = r[5] < 64 ? r[1] % SLOTS : -1;
	switch (r[3] % 4) {
	case 0:
		/* While one of the next records runs. */
		setitimer(ITIMER_VIRTUAL, &soon, NULL);
		break;
	case 1:
		if (has_helper)
			pthread_kill(helper, sig == SIGSTOP ? SIGUSR1 : sig);
		break;
	case 2:
		if (child > 0) {
			kill(child, sig);
			kill(child, SIGCONT);
		}
		break;
	case 3:
		raise(signals[r[2] % ARRAY_SIZE(signals)] == SIGSTOP
			      ? SIGUSR1
			      : signals[r[2] % ARRAY_SIZE(signals)]);
	}
}

static void act_close(const u8 *r)
{
	struct slot *slot = slot_of(r);
	int fd;

	switch (r[2] % 4) {
	case 0:
		if (slot->encl.fd >= 0)
			close(slot->encl.fd);
		slot->encl.fd = -1;
		break;
	case 1:
		fd = dup(slot->encl.fd);
		if (slot->encl.fd >= 0)
			close(slot->encl.fd);
		slot->encl.fd = fd;
		break;
	case 2:
		/* Another's descriptor: two names for one enclave. */
		fd = dup(slots[r[3] % SLOTS].encl.fd);
		if (slot->encl.fd >= 0)
			close(slot->encl.fd);
		slot->encl.fd = fd;
		slot->encl.secs = slots[r[3] % SLOTS].encl.secs;
		break;
	case 3:
		say("read", read(slot->encl.fd, scratch, 16));
		say("write", write(slot->encl.fd, scratch, 16));
		say("lseek", lseek(slot->encl.fd, 0, SEEK_SET));
		say("fsync", fsync(slot->encl.fd));
		say("ftruncate", ftruncate(slot->encl.fd, 0));
	}
}

static void act_read_file(const u8 *r)
{
	int fd;

	if (!file_count)
		return;
	fd = open(files[r[2] % file_count], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (read(fd, scratch + 3 * PAGE, PAGE) > 0)
		;
	close(fd);
	say(files[r[2] % file_count], 0);
}

static void act_move(const u8 *r)
{
	cpu_set_t cpus;

	switch (r[2] % 4) {
	case 0:
		CPU_ZERO(&cpus);
		CPU_SET(r[3] % 2, &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
		break;
	case 1:
		sched_yield();
		break;
	case 2:
		usleep(r[3] * 20);
		break;
	case 3:
		personality((r[3] & 1 ? READ_IMPLIES_EXEC : 0) |
			    ADDR_NO_RANDOMIZE);
	}
}

/* ---- what only root can do ---- */

static const char epc_size_path[] = "/sys/module/softsgx/parameters/epc_size";
static char epc_size[16];

static long write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret = write(fd, text, strlen(text));

	close(fd);
	return ret;
}

static void act_root(const u8 *r)
{
	static const char *const whats[] = { "contents", "mac", "pcmd", "nil" };
	static const char *const verbs[] = { "flip", "save", "restore", "-" };
	struct slot *slot = slot_of(r);
	char line[512] = "", text[128];
	u64 id = 0;
	FILE *list;

	switch (r[2] % 4) {
	case 0:
		snprintf(text, sizeof(text), "%d", 1 + r[3] % 3);
		say("epc_size", write_text(epc_size_path, text));
		break;
	case 1:
		list = fopen("/sys/kernel/debug/softsgx/enclaves", "re");
		while (list && fgets(line, sizeof(line), list))
			if (sscanf(line, "id=%llu",
				   (unsigned long long *)&id) == 1 &&
			    r[3] & 1)
				break;
		if (list)
			fclose(list);
		snprintf(text, sizeof(text), "%s %llu %llx %s %u",
			 verbs[r[4] % ARRAY_SIZE(verbs)],
			 (unsigned long long)id,
			 (unsigned long long)pick_offset(slot, r[5]),
			 whats[r[6] % ARRAY_SIZE(whats)], r[7] * 131U);
		say(text, write_text("/sys/kernel/debug/softsgx/tamper", text));
		break;
	case 2:
		if (r[3] < 128)
			say("power_loss",
			    write_text("/sys/kernel/debug/softsgx/power_loss",
				       "1"));
		break;
	case 3:
		/* All that the kernel can do without. */
		say("drop_caches", write_text("/proc/sys/vm/drop_caches", "2"));
	}
}

void acts_undo(void)
{
	write_text(epc_size_path, epc_size);
}

/* ---- running ---- */

static void (*const acts[])(const u8 *r) = {
	act_life,      act_open,      act_create,	 act_add,
	act_init,      act_provision, act_restrict,	 act_modify,
	act_remove,    act_ioctl,     act_mmap,		 act_mprotect,
	act_madvise,   act_mremap,    act_munmap,	 act_enter,
	act_enclu,     act_touch,     act_kernel_access, act_ptrace,
	act_fork,      act_thread,    act_signal,	 act_close,
	act_read_file, act_move,      act_enter,	 act_enter,
	act_root,
};
const unsigned int act_count = ARRAY_SIZE(acts);

/* Numbers of the acts, for the seeds. */
enum {
	LIFE,
	OPEN,
	CREATE,
	ADD,
	INIT,
	PROVISION,
	RESTRICT,
	MODIFY,
	REMOVE,
	IOCTL,
	MMAP,
	MPROTECT,
	MADVISE,
	MREMAP,
	MUNMAP,
	ENTER,
	RAW,
	TOUCH,
	KERNEL,
	PTRACE,
	FORK,
	THREAD,
	SIGNAL,
	CLOSE,
	READ_FILE,
	MOVE,
	ROOT = MOVE + 3,
};

#define OK 210 /* nothing is changed */

const struct input act_seeds[] = {
	/* A life, call by call. */
	{ 9,
	  { { OPEN },
	    { CREATE, 0, OK },
	    { ADD, 0, 2, 0, 0, 0, 0, 1 },
	    { ADD, 0, 1, 0, 1, 3, 0, 1 },
	    { ADD, 0, 0, 0, 2, 0, 0, 1 },
	    { INIT, 0, OK },
	    { MMAP, 0, 0, OK, 0 },
	    { ENTER },
	    { CLOSE } } },
	/* Small and whole; entered, from two threads, twice. */
	{ 4, { { LIFE }, { ENTER }, { RAW }, { CLOSE } } },
	{ 4, { { LIFE }, { THREAD, 0, 3 }, { ENTER }, { RAW } } },
	/* The test enclave, what it can be told, and its pages. */
	{ 8,
	  { { LIFE, 0, 1 },
	    { ENTER, 0, 0, 0, OP_CSSA },
	    { ENTER, 0, 0, 1, OP_READ, 180, 0 },
	    { ENTER, 0, 0, 1, OP_WRITE, 181, 0 },
	    { ENTER, 0, 0, 2, OP_REGS, 1 },
	    { ENTER, 0, 0, 3, OP_INSN, INSN_UD2 },
	    { ENTER, 0, 210, 3, OP_INSN, INSN_UD2 },
	    { ENTER, 0, 0, 4, OP_SHA256, 3, 181 } } },
	/* SGX2: a page is added, accepted, restricted, trimmed, removed. */
	{ 6,
	  { { LIFE },
	    { MMAP, 0, 4, 0, 0 },
	    { TOUCH, 0, 4, 1 },
	    { RESTRICT, 0, 2, 0, 1 },
	    { MODIFY, 0, 2, 0, 1 },
	    { REMOVE, 0, 2, 0 } } },
	{ 5,
	  { { LIFE, 0, 1 },
	    { ENTER, 0, 0, 0, OP_ENCLU, 0x8c, 181, SGX_EACCEPT },
	    { ENTER, 0, 0, 0, OP_ENCLU, 0x80, 181, SGX_EMODPE },
	    { MODIFY, 0, 20, 0, 1 },
	    { ENTER, 0, 0, 0, OP_ENCLU, 0x8f, 20, SGX_EACCEPT } } },
	/* Two enclaves, a child, a tracer, the kernel's accesses. */
	{ 8,
	  { { LIFE, 0, 1 },
	    { LIFE, 1 },
	    { FORK, 0, 3, 0, 3 },
	    { ENTER, 0, 0, 1, OP_SPIN },
	    { ENTER, 1 },
	    { PTRACE, 0, 180, 0xff, 1, 1, 3, 1 },
	    { KERNEL, 0, 180, 1, 0, 4, 1 },
	    { KERNEL, 0, 180, 1, 0, 5, 1 } } },
	/* Signals while a thread is inside, and nested entries. */
	{ 6,
	  { { LIFE, 0, 1 },
	    { SIGNAL, 0, 0, 0, 10, 0 },
	    { ENTER, 0, 0, 0, OP_SHA256, 31, 181 },
	    { THREAD, 0, 3 },
	    { ENTER, 0, 0, 1, OP_SPIN },
	    { SIGNAL, 0, 0, 1, 0, 0 } } },
	/* Mappings of all kinds. */
	{ 8,
	  { { LIFE },
	    { MPROTECT, 0, 1, 0, 2 },
	    { MADVISE, 0, 1, 0, 4, 7 },
	    { MREMAP, 0, 1, 0, 0, 1, 0, 5 },
	    { MUNMAP, 0, 2, 0, 0 },
	    { MMAP, 0, 1, 0, 4, 0 },
	    { MUNMAP, 0, 1, 0, 200, 0 },
	    { TOUCH, 0, 1, 2 } } },
	/* More than the EPC holds, twice; then the power goes. */
	{ 9,
	  { { ROOT, 0, 0 },
	    { LIFE, 0, 1 },
	    { LIFE, 1, 1 },
	    { ENTER, 0, 0, 0, OP_SHA256, 31, 0 },
	    { FORK, 0, 2, 0, 3 },
	    { ENTER, 1, 0, 0, OP_SHA256, 31, 0 },
	    { ENTER, 0, 0, 1, OP_SHA256, 31, 20 },
	    { ROOT, 0, 2 },
	    { ENTER, 0 } } },
	/* A page is out, and is not as it was when it comes back. */
	{ 7,
	  { { ROOT, 0, 0 },
	    { LIFE, 0, 1 },
	    { LIFE, 1, 1 },
	    { LIFE, 2, 1 },
	    { ROOT, 0, 1, 1, 0, 20, 0, 1 },
	    { ROOT, 0, 1, 1, 0, 24, 1, 0 },
	    { ENTER, 0, 0, 0, OP_SHA256, 31, 181 } } },
};
const unsigned int act_seed_count = ARRAY_SIZE(act_seeds);

static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct sgx_enclave_run run = {};
	struct slot *slot;

	(void)info;
	(void)context;
	if ((sig == SIGUSR1 || sig == SIGVTALRM) && nested_slot >= 0 &&
	    !in_handler && entry_depth && entry_depth < 3) {
		/* An entry while another is interrupted. */
		slot = &slots[nested_slot];
		in_handler = true;
		run.tcs = slot->symbol[0] + PAGE;
		enter(&run, SGX_EENTER, &(struct op){ .op = OP_CSSA });
		in_handler = false;
		return;
	}
	if (sig == SIGUSR1 || sig == SIGVTALRM || sig == SIGWINCH)
		return;
	if (step_env)
		siglongjmp(*step_env, sig);
	if (sig != SIGALRM)
		_exit(3);
}

static void catch_signals(void)
{
	static const int signals[] = { SIGSEGV,	  SIGBUS,  SIGILL,  SIGFPE,
				       SIGTRAP,	  SIGALRM, SIGUSR1, SIGUSR2,
				       SIGVTALRM, SIGSYS,  SIGWINCH };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK |
						SA_NODEFER };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static void run_records(const struct input *input, size_t from, size_t to)
{
	struct itimerval limit = {};
	static __thread u8 stack[64 * 1024];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigjmp_buf env, *outer = step_env;
	volatile size_t i;
	const u8 *r;
	int sig;

	sigaltstack(&alt, NULL);
	for (i = from; i < to && i < input->count; i++) {
		r = input->record[i];
		if (!has_helper || !pthread_equal(pthread_self(), helper))
			current_record = i;
		entry_depth = 0;
		in_handler = false;
		if (verbose)
			printf("  %zu: act %u, enclave %u\n", i,
			       r[0] % act_count, r[1] % SLOTS);
		sig = sigsetjmp(env, 1);
		if (!sig) {
			step_env = &env;
			limit.it_value.tv_sec = acts[r[0] % act_count] ==
								act_life
							? LIFE_SECONDS
							: 0;
			limit.it_value.tv_usec = STEP_MS * 1000;
			setitimer(ITIMER_REAL, &limit, NULL);
			acts[r[0] % act_count](r);
		} else if (verbose) {
			printf("    SIG%s\n", sigabbrev_np(sig));
		}
		step_env = outer;
	}
}

static void find_files(const char *dir)
{
	struct dirent *entry;
	char path[512];
	DIR *d;

	d = opendir(dir);
	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR && *entry->d_name != '.')
			find_files(path);
		else if (entry->d_type == DT_REG &&
			 file_count < ARRAY_SIZE(files))
			files[file_count++] = strdup(path);
	}
	if (d)
		closedir(d);
}

void acts_prepare(void)
{
	int fd;

	scratch = mmap(NULL, (SCRATCH_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(scratch != MAP_FAILED);
	hole = scratch + SCRATCH_PAGES * PAGE;
	munmap(hole, PAGE);
	mprotect(scratch + PAGE, PAGE, PROT_READ);
	signatures = mmap(NULL, SIGNATURES * sizeof(*signatures),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	ASSERT(signatures != MAP_FAILED);
	file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	test_key();
	vdso_enter_enclave();
	fd = open(epc_size_path, O_RDONLY | O_CLOEXEC);
	ASSERT(read(fd, epc_size, sizeof(epc_size) - 1) > 0);
	close(fd);
	find_files("/sys/module/softsgx/parameters");
	find_files("/sys/kernel/security/softsgx");
	find_files("/sys/kernel/debug/softsgx");
}

void acts_run(const struct input *input, bool tell)
{
	unsigned int i;

	verbose = tell;
	for (i = 0; i < SLOTS; i++)
		slots[i].encl.fd = -1;
	if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
		_exit(4);
	current_input = input;
	catch_signals();
	run_records(input, 0, input->count);
	if (verbose)
		printf("  end\n");
	fflush(stdout);
}

void acts_still_good(void)
{
	still_good();
}
