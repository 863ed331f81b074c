// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A page that was loaded writable becomes code: the enclave writes the code and
 * extends the EPCM permissions to RWX, for which it needs nobody's leave, and
 * outside the page is to be mapped executable, in every way that there is.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "attack.h"

#define R   PROT_READ
#define W   PROT_WRITE
#define X   PROT_EXEC
#define ON  ""
#define OFF "ceilings=off"

static struct victim victim;

/* The page, mapped RW, with the payload, and RWX as far as SGX goes. */
static u64 prepare(void)
{
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	ASSERT(victim_write(&victim, 0, page, PAYLOAD));
	victim_emodpe(&victim, page, ENCL_RWX);
	return page;
}

static void by_mprotect(int prot)
{
	u64 page = prepare();

	if (ATTACK_CALL(mprotect((void *)page, PAGE, prot), EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page, "EACCES");
}

ATTACK(mprotect_rx, "emodpe-mprotect-rx", ON, OFF)
{
	by_mprotect(R | X);
}

ATTACK(mprotect_rwx, "emodpe-mprotect-rwx", ON, OFF)
{
	by_mprotect(R | W | X);
}

ATTACK(mprotect_x, "emodpe-mprotect-x", ON, OFF)
{
	by_mprotect(X);
}

/* A step at a time, so that no single change asks for W and X. */
ATTACK(mprotect_steps, "emodpe-mprotect-steps", ON, OFF)
{
	u64 page = prepare();

	ASSERT_OK(mprotect((void *)page, PAGE, PROT_NONE));
	ASSERT_OK(mprotect((void *)page, PAGE, R));
	if (ATTACK_CALL(mprotect((void *)page, PAGE, R | X), EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page, "EACCES");
}

/* Where its neighbours are mapped with it, and there are none on one side. */
ATTACK(mprotect_range, "emodpe-mprotect-range", ON, OFF)
{
	u64 page;

	victim_open(&victim);
	victim_create(&victim);
	page = victim.spare + 4 * PAGE;
	ASSERT_OK(encl_add(&victim.guest.encl,
			   page - victim.guest.encl.secs.baseaddr,
			   page_alloc(1), PAGE, ENCL_RW, 0));
	victim_init(&victim);
	victim_map(&victim);
	ASSERT(mmap((void *)victim.spare, 9 * PAGE, R | W,
		    MAP_SHARED | MAP_FIXED, victim.guest.encl.fd,
		    0) != MAP_FAILED);
	ASSERT(victim_write(&victim, 0, page, PAYLOAD));
	victim_emodpe(&victim, page, ENCL_RWX);
	if (ATTACK_CALL(mprotect((void *)victim.spare, 9 * PAGE, R | X),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page, "EACCES");
}

static void by_mmap(int prot, bool unmap)
{
	u64 page = prepare();

	if (unmap)
		ASSERT_OK(munmap((void *)page, PAGE));
	if (ATTACK_CALL(mmap((void *)page, PAGE, prot, MAP_SHARED | MAP_FIXED,
			     victim.guest.encl.fd, 0),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	if (unmap)
		victim_mmap(&victim, page, R | W);
	attack_by_execution(&victim, page, "EACCES");
}

ATTACK(munmap_mmap_rx, "emodpe-munmap-mmap-rx", ON, OFF)
{
	by_mmap(R | X, true);
}

ATTACK(munmap_mmap_rwx, "emodpe-munmap-mmap-rwx", ON, OFF)
{
	by_mmap(R | W | X, true);
}

ATTACK(mmap_over_rx, "emodpe-mmap-fixed-over-rx", ON, OFF)
{
	by_mmap(R | X, false);
}

ATTACK(mmap_over_rwx, "emodpe-mmap-fixed-over-rwx", ON, OFF)
{
	by_mmap(R | W | X, false);
}

/* A mapping that is there before the page, when nothing can be said of it. */
ATTACK(map_first, "emodpe-mapped-rwx-before-load", ON, OFF)
{
	char how[64];
	u64 page;

	victim_open(&victim);
	page = victim.spare;
	victim_mmap(&victim, page, R | W | X);
	victim_create(&victim);
	ASSERT_OK(encl_add(&victim.guest.encl,
			   page - victim.guest.encl.secs.baseaddr,
			   page_alloc(1), PAGE, ENCL_RW, 0));
	victim_init(&victim);
	victim_map(&victim);

	/*
	 * The enclave needs the page writable before, in another mapping, which
	 * is a second process's: the first mapping has to stay.
	 */
	if (!fork()) {
		victim_mmap(&victim, page, R | W);
		ASSERT(victim_write(&victim, 0, page, PAYLOAD));
		victim_emodpe(&victim, page, ENCL_RWX);
		_exit(0);
	}
	child_ends_well();
	if (victim_executes(&victim, 0, page, how))
		attack_succeeded();
	attack_refused("%s", how);
}

/*
 * The page has been written out of the EPC, with its permissions, and comes
 * back with them.
 */
static void by_eviction(bool again)
{
	u64 page = prepare();

	evict_all();
	if (ATTACK_CALL(mprotect((void *)page, PAGE, R | X), EACCES))
		attack_by_execution(&victim, page, NULL);
	if (again)
		attack_by_execution(&victim, page, "EACCES");

	/* It is there again, with what the enclave had made of it. */
	ASSERT_EQ(guest_read(&victim.guest, 0, page), PAYLOAD);
	evict_all();
	if (ATTACK_CALL(mmap((void *)page, PAGE, R | X, MAP_SHARED | MAP_FIXED,
			     victim.guest.encl.fd, 0),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	victim_mmap(&victim, page, R | W);
	attack_by_execution(&victim, page, "EACCES");
}

ATTACK(evicted, "emodpe-evicted-mprotect-rx", SMALL_EPC, OFF " " SMALL_EPC)
{
	by_eviction(true);
}

ATTACK(reloaded, "emodpe-evicted-reloaded-mmap-rx", SMALL_EPC,
       OFF " " SMALL_EPC)
{
	by_eviction(false);
}

/* The system call is another, the permission and the check are the same. */
static void by_pkey(bool with_key)
{
	u64 page = prepare();
	long key = -1;

	if (with_key) {
		key = syscall(SYS_pkey_alloc, 0, 0);
		/* Processors without keys have the call for the key -1. */
		if (key < 0)
			ASSERT_EQ(errno, ENOSPC);
	}
	if (ATTACK_CALL(syscall(SYS_pkey_mprotect, page, PAGE, R | X, key),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page,
			    key < 0 ? "EACCES without a key" : "EACCES");
}

ATTACK(pkey_mprotect_no_key, "emodpe-pkey-mprotect-no-key", ON, OFF)
{
	by_pkey(false);
}

ATTACK(pkey_mprotect_key, "emodpe-pkey-mprotect-key", ON, OFF)
{
	by_pkey(true);
}

/* With this personality what is readable is executable, without being asked. */
static void by_personality(bool mmap_it)
{
	u64 page = prepare();
	bool done;

	ASSERT(personality(READ_IMPLIES_EXEC) != -1);
	if (mmap_it)
		done = ATTACK_CALL(mmap((void *)page, PAGE, R,
					MAP_SHARED | MAP_FIXED,
					victim.guest.encl.fd, 0),
				   EACCES);
	else
		done = ATTACK_CALL(mprotect((void *)page, PAGE, R), EACCES);
	/* What has been gained stays, and the rest works as usual. */
	ASSERT(personality(0) != -1);
	attack_by_execution(&victim, page, done ? NULL : "EACCES");
}

ATTACK(personality_mprotect, "emodpe-read-implies-exec-mprotect", ON, OFF)
{
	by_personality(false);
}

ATTACK(personality_mmap, "emodpe-read-implies-exec-mmap", ON, OFF)
{
	by_personality(true);
}

/* An executable mapping of code is moved to where the page is. */
static void mremap_control(void)
{
	u64 (*function)(u64);
	void *code, *data;
	u64 payload = PAYLOAD;
	int fd = memfd_create("code", 0);

	ASSERT(fd >= 0 && !ftruncate(fd, PAGE));
	ASSERT_EQ(write(fd, &payload, sizeof(payload)), sizeof(payload));
	data = page_alloc(1);
	code = mmap(NULL, PAGE, R | X, MAP_SHARED, fd, 0);
	ASSERT(code != MAP_FAILED);
	ASSERT_EQ(mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, data),
		  data);
	function = (u64(*)(u64))data;
	ASSERT_EQ(function(41), 42);
	attack_succeeded();
}

ATTACK(mremap_over, "emodpe-mremap-code-over", ON, "self: ordinary memory")
{
	u64 page, code;

	if (attack_control())
		mremap_control();
	page = prepare();
	code = guest_symbol(&victim.guest, "code_page");
	if (ATTACK_CALL(mremap((void *)code, PAGE, PAGE,
			       MREMAP_MAYMOVE | MREMAP_FIXED, page),
			EINVAL))
		attack_by_execution(&victim, page, NULL);

	/* What was to be replaced is gone; what was to be moved is not. */
	ASSERT(victim_executes(&victim, 0, code, NULL));
	victim_mmap(&victim, page, R | W);
	attack_by_execution(&victim, page, "EINVAL");
}

/* A second mapping of the same pages, which shared memory gives for size 0. */
static void mremap_twice_control(void)
{
	int fd = memfd_create("code", 0);
	void *code;

	ASSERT(fd >= 0 && !ftruncate(fd, PAGE));
	code = mmap(NULL, PAGE, R | X, MAP_SHARED, fd, 0);
	ASSERT(code != MAP_FAILED);
	ASSERT(mremap(code, 0, PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
	attack_succeeded();
}

ATTACK(mremap_twice, "emodpe-mremap-duplicate", ON, "self: ordinary memory")
{
	u64 page, code;

	if (attack_control())
		mremap_twice_control();
	page = prepare();
	code = guest_symbol(&victim.guest, "code_page");
	if (ATTACK_CALL(mremap((void *)code, 0, PAGE,
			       MREMAP_MAYMOVE | MREMAP_FIXED, page),
			EFAULT))
		attack_by_execution(&victim, page, NULL);
	victim_mmap(&victim, page, R | W);
	attack_by_execution(&victim, page, "EFAULT");
}

/* Over the end of its mapping, where the page is. */
static void mremap_grow_control(void)
{
	int fd = memfd_create("code", 0);
	void *code;

	ASSERT(fd >= 0 && !ftruncate(fd, 2 * PAGE));
	code = mmap(NULL, 2 * PAGE, R | X, MAP_SHARED, fd, 0);
	ASSERT(code != MAP_FAILED && !munmap((u8 *)code + PAGE, PAGE));
	ASSERT_EQ(mremap(code, PAGE, 2 * PAGE, 0), code);
	attack_succeeded();
}

ATTACK(mremap_grow, "emodpe-mremap-grow", ON, "self: ordinary memory")
{
	u64 page;

	if (attack_control())
		mremap_grow_control();
	victim_open(&victim);
	victim_create(&victim);
	page = victim.spare + PAGE;
	ASSERT_OK(encl_add(&victim.guest.encl,
			   victim.spare - victim.guest.encl.secs.baseaddr,
			   page_alloc(1), PAGE, ENCL_RX, 0));
	ASSERT_OK(encl_add(&victim.guest.encl,
			   page - victim.guest.encl.secs.baseaddr,
			   page_alloc(1), PAGE, ENCL_RW, 0));
	victim_init(&victim);
	victim_map(&victim);
	victim_mmap(&victim, victim.spare, R | X);
	victim_mmap(&victim, page, R | W);
	ASSERT(victim_write(&victim, 0, page, PAYLOAD));
	victim_emodpe(&victim, page, ENCL_RWX);
	ASSERT_OK(munmap((void *)page, PAGE));
	if (ATTACK_CALL(mremap((void *)victim.spare, PAGE, 2 * PAGE, 0),
			EFAULT))
		attack_by_execution(&victim, page, NULL);
	victim_mmap(&victim, page, R | W);
	attack_by_execution(&victim, page, "EFAULT");
}

/* The kernel writes where the process may not, as a debugger does. */
ATTACK(proc_mem, "write-code-by-proc-mem", ON, "self: a debug enclave")
{
	u64 payload = PAYLOAD;
	u64 page;
	int fd;

	victim_open(&victim);
	if (!attack_control())
		victim.guest.encl.secs.attributes.flags &= ~SGX_ATTR_DEBUG;
	victim_create(&victim);
	page = victim.spare;
	ASSERT_OK(encl_add(&victim.guest.encl,
			   page - victim.guest.encl.secs.baseaddr,
			   page_alloc(1), PAGE, ENCL_RX, 0));
	victim_init(&victim);
	victim_map(&victim);
	victim_mmap(&victim, page, R | X);
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT(fd >= 0);
	if (ATTACK_CALL(pwrite(fd, &payload, sizeof(payload), page), EIO)) {
		ASSERT(victim_executes(&victim, 0, page, NULL));
		attack_succeeded();
	}
	attack_refused("EIO");
}

/* Each process its own copy, of which nobody knows what is in it. */
static void private_control(void)
{
	u64 (*function)(u64);
	u64 payload = PAYLOAD;
	int fd = memfd_create("code", 0);
	void *copy;

	ASSERT(fd >= 0 && !ftruncate(fd, PAGE));
	copy = mmap(NULL, PAGE, R | W, MAP_PRIVATE, fd, 0);
	ASSERT(copy != MAP_FAILED);
	memcpy(copy, &payload, sizeof(payload));
	ASSERT_OK(mprotect(copy, PAGE, R | X));
	function = (u64(*)(u64))copy;
	ASSERT_EQ(function(41), 42);
	attack_succeeded();
}

ATTACK(private_mapping, "emodpe-private-mapping", ON, "self: ordinary memory")
{
	u64 page;

	if (attack_control())
		private_control();
	page = prepare();
	if (ATTACK_CALL(mmap((void *)page, PAGE, R | X, MAP_PRIVATE | MAP_FIXED,
			     victim.guest.encl.fd, 0),
			EINVAL))
		attack_by_execution(&victim, page, NULL);
	victim_mmap(&victim, page, R | W);
	attack_by_execution(&victim, page, "EINVAL");
}

/* Under an executable mapping another part of its file is put. */
static void remap_control(void)
{
	u64 payload = PAYLOAD;
	int fd = memfd_create("code", 0);
	u64 *code;

	ASSERT(fd >= 0 && !ftruncate(fd, 2 * PAGE));
	ASSERT_EQ(pwrite(fd, &payload, sizeof(payload), PAGE), sizeof(payload));
	code = mmap(NULL, PAGE, R | X, MAP_SHARED, fd, 0);
	ASSERT(code != MAP_FAILED);
	ASSERT_OK(syscall(SYS_remap_file_pages, code, PAGE, 0, 1, 0));
	ASSERT_EQ(*code, PAYLOAD);
	attack_succeeded();
}

ATTACK(remap_pages, "emodpe-remap-file-pages", ON, "self: ordinary memory")
{
	const u64 other = PAYLOAD ^ 1;
	u64 page, code;

	if (attack_control())
		remap_control();
	page = prepare();
	ASSERT(victim_write(&victim, 0, page, other));
	code = guest_symbol(&victim.guest, "code_page");
	/* It may work: an enclave's page has its place, whatever the offset. */
	ATTACK_CALL(syscall(SYS_remap_file_pages, code, PAGE, 0, page / PAGE,
			    0),
		    EINVAL);
	if (guest_read(&victim.guest, 0, code) == other)
		attack_succeeded();
	ASSERT(victim_executes(&victim, 0, code, NULL));
	attack_refused("the page is as before");
}

/*
 * The kernel is to write to a page of code for the program, or to keep a page
 * that was writable, so that a device or a pipe writes when nobody may any more.
 */
static u64 prepare_code(void)
{
	victim_start(&victim);
	return guest_symbol(&victim.guest, "code_page");
}

ATTACK(vm_writev, "write-code-by-process-vm-writev", ON, "self: data")
{
	u64 payload = PAYLOAD;
	struct iovec local = { &payload, sizeof(payload) };
	struct iovec remote = { NULL, sizeof(payload) };

	remote.iov_base = attack_control() ? page_alloc(1)
					   : (void *)prepare_code();
	if (ATTACK_CALL(process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
			EFAULT))
		attack_succeeded();
	attack_refused("EFAULT");
}

ATTACK(by_read, "write-code-by-read", ON, "self: data")
{
	void *to = attack_control() ? page_alloc(1) : (void *)prepare_code();
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	if (ATTACK_CALL(read(fd, to, PAGE), EFAULT))
		attack_succeeded();
	attack_refused("EFAULT");
}

ATTACK(keep_by_vmsplice, "keep-page-by-vmsplice", ON, "self: ordinary memory")
{
	struct iovec iov = { .iov_len = PAGE };
	int pipes[2];

	ASSERT_OK(pipe(pipes));
	iov.iov_base = attack_control() ? page_alloc(1) : (void *)prepare();
	if (ATTACK_CALL(vmsplice(pipes[1], &iov, 1, 0), EFAULT))
		attack_succeeded();
	attack_refused("EFAULT");
}

/* A page of code that is missing, to be supplied by the program. */
ATTACK(userfault, "supply-code-by-userfaultfd", ON, "self: ordinary memory")
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	ASSERT(fd >= 0);
	ASSERT_OK(ioctl(fd, UFFDIO_API, &api));
	reg.range.start = attack_control() ? (u64)page_alloc(1)
					   : prepare_code();
	reg.range.len = PAGE;
	if (ATTACK_CALL(ioctl(fd, UFFDIO_REGISTER, &reg), EINVAL))
		attack_succeeded();
	attack_refused("EINVAL");
}

/*
 * By a descriptor that is read-only the processor writes its state to a page
 * that is mapped readable: to one of code, that the enclave has made writable,
 * as far as SGX goes. The state is the code, in a register: XMM0.
 */
#define STATE_TCS (4 * PAGE)
#define CODE_TCS  (5 * PAGE)
#define CODE	  (6 * PAGE)
/* Where XMM0 is in an SSA frame, at the beginning of the XSAVE area. */
#define XMM0 160

static void add_tcs(struct enclave *encl, u64 offset, u64 ossa, u64 oentry)
{
	struct sgx_tcs *tcs = page_alloc(1);

	tiny_tcs(tcs);
	tcs->ossa = ossa;
	tcs->oentry = oentry;
	ASSERT_OK(encl_add(encl, offset, tcs, PAGE, ENCL_TCS, 0));
}

__attribute__((noreturn)) static void by_state(u64 declared, int prot)
{
	/* mov %rcx, %rbx; mov $4, %eax; enclu */
	static const u8 payload[16] = { 0x48, 0x89, 0xcb, 0xb8, 0x04, 0x00,
					0x00, 0x00, 0x0f, 0x01, 0xd7 };
	struct tiny_job job = { .rax = SGX_EMODPE, .what = TINY_JOB_ENCLU };
	struct enclave *encl = &victim.guest.encl;
	struct sgx_secinfo *secinfo = page_alloc(1);
	struct sgx_enclave_run run;

	tiny_open_flags(encl, O_RDONLY);
	ASSERT_OK(encl_create(encl));
	tiny_add_jobs(encl);
	add_tcs(encl, STATE_TCS, CODE, TINY_CODE);
	add_tcs(encl, CODE_TCS, TINY_SSA, CODE + XMM0);
	ASSERT_OK(encl_add(encl, CODE, page_alloc(1), PAGE, declared, 0));
	secinfo->flags = ENCL_RWX;
	ASSERT_OK(encl_add(encl, CODE + PAGE, secinfo, PAGE, ENCL_R, 0));
	victim_init(&victim);
	ASSERT_OK(encl_map(encl, 0, TINY_SIZE, R));
	ASSERT_OK(encl_map(encl, TINY_CODE, PAGE, R | X));
	ASSERT_OK(encl_map(encl, CODE, PAGE, prot));

	job.rbx = encl->secs.baseaddr + CODE + PAGE;
	job.rcx = encl->secs.baseaddr + CODE;
	ASSERT_EQ(tiny_job(encl, TINY_TCS, &job).function, SGX_EEXIT);

	job = (struct tiny_job){ .rdx = (u64)payload, .what = TINY_JOB_STATE };
	run = tiny_job(encl, STATE_TCS, &job);
	if (run.function == SGX_EENTER) {
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
		ASSERT_EQ(run.exception_addr & SGX_PAGE_MASK,
			  encl->secs.baseaddr + CODE);
	}
	ASSERT_OK(encl_map(encl, CODE, PAGE, R | X));
	if (tiny_job(encl, CODE_TCS, &job).function == SGX_EEXIT)
		attack_succeeded();
	attack_refused("#PF, code %x", run.exception_error_code);
}

ATTACK(state, "write-code-by-processor-state", ON, OFF)
{
	by_state(ENCL_RX, R);
}

/* What may be both, is not both at once without that being asked for. */
ATTACK(state_mapped, "write-code-by-processor-state-while-executable", ON,
       "self: not executable meanwhile")
{
	by_state(ENCL_RWX, attack_control() ? R : R | X);
}
