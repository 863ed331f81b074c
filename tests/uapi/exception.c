// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Exceptions inside: what the host, and what the enclave learns; ERESUME. */
#include <signal.h>
#include <cpuid.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <asm/prctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include "lib.h"

/* Everything that the enclave finds about an exception in its SSA. */
static void check_ssa(const struct guest *guest, u8 vector, u32 type, u64 rip)
{
	u64 info;

	ASSERT_EQ(GUEST_OP(guest, 0, .op = OP_CSSA), 1);
	info = guest_read(guest, 0, guest_gpr(guest, 0, 0, GPR(exitinfo)));
	ASSERT_EQ((u32)info, SGX_EXITINFO_VALID | type | vector);
	ASSERT_EQ(guest_read(guest, 0, guest_gpr(guest, 0, 0, GPR(rip))), rip);
	ASSERT_EQ(guest_read(guest, 0, guest_gpr(guest, 0, 0, GPR(gsbase))),
		  guest_symbol(guest, "gs_pages"));
	ASSERT_EQ(guest_read(guest, 0, guest_gpr(guest, 0, 0, GPR(fsbase))),
		  guest_symbol(guest, "fs_pages"));
}

static void check_exinfo(const struct guest *guest, u64 maddr, u32 errcd)
{
	u64 exinfo = guest_gpr(guest, 0, 0, 0) - sizeof(struct sgx_exinfo);

	ASSERT_EQ(guest_read(guest, 0, exinfo), maddr);
	ASSERT_EQ(guest_read(guest, 0, exinfo + 8), errcd);
}

/* At CSSA 1 the enclave moves RIP; then it is resumed and ends well. */
static void resume_at(const struct guest *guest, const char *symbol)
{
	guest_write(guest, 0, guest_gpr(guest, 0, 0, GPR(rip)),
		    guest_symbol(guest, symbol));
	ASSERT_EQ(guest_enter(guest, 0, SGX_ERESUME, NULL).function, SGX_EEXIT);
	ASSERT_EQ(GUEST_OP(guest, 0, .op = OP_CSSA), 0);
}

static const struct insn {
	const char *situation;
	enum op_insn insn;
	u8 vector;
	const char *at;
} insns[] = {
	{ "UD2", INSN_UD2, SGX_VECTOR_UD, "insn_ud2" },
	{ "DIV by zero", INSN_DIV, SGX_VECTOR_DE, "insn_div" },
	{ "DIVSS by zero, unmasked", INSN_XM, SGX_VECTOR_XM, "insn_xm" },
	{ "FDIV by zero, unmasked", INSN_MF, SGX_VECTOR_MF, "insn_mf" },
	{ "SYSCALL", INSN_SYSCALL, SGX_VECTOR_UD, "insn_syscall" },
	{ "SYSENTER", INSN_SYSENTER, SGX_VECTOR_UD, "insn_sysenter" },
	{ "INT 80h", INSN_INT80, SGX_VECTOR_UD, "insn_int80" },
	{ "IN", INSN_IN, SGX_VECTOR_UD, "insn_in" },
	{ "OUT", INSN_OUT, SGX_VECTOR_UD, "insn_out" },
	{ "HLT", INSN_HLT, SGX_VECTOR_GP, "insn_hlt" },
	{ "SGDT", INSN_SGDT, SGX_VECTOR_UD, "insn_sgdt" },
	{ "SLDT", INSN_SLDT, SGX_VECTOR_UD, "insn_sldt" },
	{ "SMSW", INSN_SMSW, SGX_VECTOR_UD, "insn_smsw" },
	{ "RDPMC", INSN_RDPMC, SGX_VECTOR_UD, "insn_rdpmc" },
	{ "ENCLS", INSN_ENCLS, SGX_VECTOR_UD, "insn_encls" },
};

/* Without UMIP they are no business of the kernel's. */
static bool needs_umip(enum op_insn insn)
{
	return insn == INSN_SGDT || insn == INSN_SLDT || insn == INSN_SMSW;
}

static bool processor_has_umip(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ecx & 1 << 2;
}

TEST_ROWS(insn, insns, "inside an enclave")
{
	/* 39: getpid(), were it a system call after all. */
	struct op op = { .op = OP_INSN, .arg = { row->insn, 39 } };
	struct sgx_enclave_run run;
	struct guest guest;

	if (needs_umip(row->insn) && !processor_has_umip())
		test_skip("no UMIP");
	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	if (row->insn == INSN_XM && !processor_raises_xm()) {
		ASSERT_EQ(run.function, SGX_EEXIT);
		return;
	}
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, row->vector);
	ASSERT_EQ(run.exception_error_code, 0);
	check_ssa(&guest, row->vector, SGX_EXITINFO_HARDWARE,
		  guest_symbol(&guest, row->at));
	if (row->vector == SGX_VECTOR_GP)
		check_exinfo(&guest, 0, 0);
	resume_at(&guest, "just_ret");
}

static const struct insn gone_insns[] = {
	{ "EEXIT", 0, 0, "enclave_entry" },
	{ "UD2", INSN_UD2, SGX_VECTOR_UD, "insns" },
	{ "IN", INSN_IN, SGX_VECTOR_UD, "insns" },
	{ "HLT", INSN_HLT, SGX_VECTOR_GP, "insns" },
};

/*
 * As when it is evicted. It takes processors that run at once (make check-races)
 * for the page to go just when the instruction has raised its exception.
 */
TEST_ROWS(code_gone, gone_insns,
	  "the page of an instruction goes again and again:")
{
	struct remap code = { .prot = PROT_READ | PROT_EXEC };
	struct sgx_enclave_run run;
	struct beside *beside;
	struct guest guest;
	unsigned int i;

	guest_open(&guest);
	code.page = (void *)(guest_symbol(&guest, row->at) & -PAGE);
	code.fd = guest.encl.fd;
	code.offset = (u64)code.page - guest.encl.secs.baseaddr;
	beside = beside_start(remap, &code);
	for (i = 0; i < 2000; i++) {
		struct op op = { .op = OP_INSN, .arg = { row->insn } };

		if (!row->vector) {
			GUEST_OP(&guest, 0, .op = OP_NOP);
			continue;
		}
		run = guest_enter(&guest, 0, SGX_EENTER, &op);
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, row->vector);
		resume_at(&guest, "just_ret");
	}
	beside_stop(beside);
}

/* Exceptions whose handlers the kernel runs with interrupts on. */
static const struct insn kicked_insns[] = {
	{ "IN", INSN_IN, SGX_VECTOR_UD, "insn_in" },
	{ "HLT", INSN_HLT, SGX_VECTOR_GP, "insn_hlt" },
	{ "FDIV by zero, unmasked", INSN_MF, SGX_VECTOR_MF, "insn_mf" },
};

/*
 * An interrupt between an exception and what the driver makes of it has the
 * thread leave first: then the exception is to come again. As for code_gone it
 * takes processors that run at once.
 */
TEST_ROWS(kicked, kicked_insns, "while threads are made to leave")
{
	const u32 told = SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE |
			 row->vector;
	struct op op = { .op = OP_INSN, .arg = { row->insn } };
	int mem = open("/proc/self/mem", O_RDONLY);
	struct sgx_enclave_run run;
	struct beside *beside;
	struct guest guest;
	unsigned int i;
	u64 frame;
	u32 info;

	ASSERT(mem >= 0);
	guest_open(&guest);
	frame = guest_gpr(&guest, 0, 0, GPR(exitinfo));
	beside = beside_start(interrupt, NULL);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	/* Resumed, it is raised again. */
	for (i = 0; i < 5000; i++) {
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, row->vector);
		ASSERT_EQ(run.exception_error_code, 0);
		ASSERT_EQ(pread(mem, &info, sizeof(info), frame), sizeof(info));
		ASSERT_EQ(info, told);
		run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
	}
	beside_stop(beside);
	check_ssa(&guest, row->vector, SGX_EXITINFO_HARDWARE,
		  guest_symbol(&guest, row->at));
	resume_at(&guest, "just_ret");
	close(mem);
}

/*
 * Undefined in an enclave. To the driver CPUID shows itself only where the
 * processor can make it fault; elsewhere it is executed.
 */
TEST(cpuid, "inside an enclave: CPUID, where the processor lets it be seen")
{
	bool faulting = !syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
	struct op op = { .op = OP_INSN, .arg = { INSN_CPUID } };
	struct sgx_enclave_run run;
	struct guest guest;

	printf("  this processor %s CPUID faulting\n",
	       faulting ? "has" : "does not have");
	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	if (!faulting) {
		ASSERT_EQ(run.function, SGX_EEXIT);
		return;
	}
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	check_ssa(&guest, SGX_VECTOR_UD, SGX_EXITINFO_HARDWARE,
		  guest_symbol(&guest, "insn_cpuid"));
	resume_at(&guest, "just_ret");
}

enum { KEEP = -1, UNMAP = -2 };

/* An access to the first data page, or the code page, mapped so. */
static const struct access {
	const char *situation;
	enum op_code op;
	const char *page;
	int prot;
	u32 errcd;
	u32 dont_care;
} accesses[] = {
	{ "read, PROT_NONE", OP_READ, "data_pages", PROT_NONE, SGX_PFEC_U,
	  SGX_PFEC_P },
	{ "read, not mapped", OP_READ, "data_pages", UNMAP, SGX_PFEC_U, 0 },
	{ "write, PROT_NONE", OP_WRITE, "data_pages", PROT_NONE,
	  SGX_PFEC_U | SGX_PFEC_W, SGX_PFEC_P },
	{ "write, not mapped", OP_WRITE, "data_pages", UNMAP,
	  SGX_PFEC_U | SGX_PFEC_W, 0 },
	{ "write, PROT_READ", OP_WRITE, "data_pages", PROT_READ,
	  SGX_PFEC_U | SGX_PFEC_W, SGX_PFEC_P },
	{ "write to a page of code", OP_WRITE, "code_page", KEEP,
	  SGX_PFEC_U | SGX_PFEC_W, SGX_PFEC_P },
	{ "fetch, PROT_NONE", OP_CALL, "code_page", PROT_NONE,
	  SGX_PFEC_U | SGX_PFEC_I, SGX_PFEC_P },
	{ "fetch, PROT_READ", OP_CALL, "code_page", PROT_READ,
	  SGX_PFEC_U | SGX_PFEC_I, SGX_PFEC_P },
	{ "fetch, not mapped", OP_CALL, "code_page", UNMAP,
	  SGX_PFEC_U | SGX_PFEC_I, 0 },
	{ "fetch from a page of data", OP_CALL, "data_pages", KEEP,
	  SGX_PFEC_U | SGX_PFEC_I, SGX_PFEC_P },
};

TEST_ROWS(access_mapping, accesses, "what the mapping forbids inside")
{
	struct op op = { .op = row->op };
	struct sgx_enclave_run run;
	struct guest guest;
	u64 addr;
	u64 rip;

	guest_open(&guest);
	addr = guest_symbol(&guest, row->page);
	/* It is there, and was used. */
	guest_read(&guest, 0, addr);
	if (row->prot == UNMAP)
		ASSERT_OK(munmap((void *)addr, PAGE));
	else if (row->prot != KEEP)
		ASSERT_OK(mprotect((void *)addr, PAGE, row->prot));

	op.arg[0] = addr + 0x40;
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_error_code & ~row->dont_care, row->errcd);
	/* The host learns the page only. */
	ASSERT_EQ(run.exception_addr, addr);

	rip = row->op == OP_READ    ? guest_symbol(&guest, "at_read")
	      : row->op == OP_WRITE ? guest_symbol(&guest, "at_write")
				    : addr + 0x40;
	check_ssa(&guest, SGX_VECTOR_PF, SGX_EXITINFO_HARDWARE, rip);
	resume_at(&guest, "just_ret");
}

/* The mapping allows it: what forbids it is the EPCM. */
static const struct epcm_access {
	const char *situation;
	u64 page_flags; /* 0: none, until EAUG brings it */
	int restricted; /* to SECINFO permissions, after INIT; -1: not */
	enum op_code op;
	u32 errcd;
} epcm_accesses[] = {
	{ "read of a TCS", ENCL_TCS, -1, OP_READ, SGX_PFEC_U },
	{ "write to a TCS", ENCL_TCS, -1, OP_WRITE, SGX_PFEC_U | SGX_PFEC_W },
	{ "write to a page restricted to R", ENCL_RW, SGX_SECINFO_FL_R,
	  OP_WRITE, SGX_PFEC_U | SGX_PFEC_W },
	{ "fetch from a page restricted to R", ENCL_RX, SGX_SECINFO_FL_R,
	  OP_CALL, SGX_PFEC_U | SGX_PFEC_I },
	{ "read of a page not accepted yet", 0, -1, OP_READ, SGX_PFEC_U },
	{ "write to a page not accepted yet", 0, -1, OP_WRITE,
	  SGX_PFEC_U | SGX_PFEC_W },
};

/* Code for the small enclave: RDI is the address of the access. */
static const u8 access_code[] = {
	0x49, 0x89, 0xca,	      /* mov %rcx, %r10 */
	0x90, 0x90, 0x90,	      /* the access */
	0x4c, 0x89, 0xd3,	      /* mov %r10, %rbx */
	0xb8, 0x04, 0x00, 0x00, 0x00, /* mov $4, %eax */
	0x0f, 0x01, 0xd7,	      /* enclu */
};

static const u8 access_insn[][3] = {
	[OP_READ] = { 0x48, 0x8b, 0x07 },  /* mov (%rdi), %rax */
	[OP_WRITE] = { 0x48, 0x89, 0x37 }, /* mov %rsi, (%rdi) */
	[OP_CALL] = { 0xff, 0xe7, 0xcc },  /* jmp *%rdi */
};

/* EXINFO of the first frame, by EDBGRD. */
static struct sgx_exinfo tiny_exinfo(const struct enclave *encl)
{
	u64 end =
		encl->secs.baseaddr + TINY_SSA + encl->secs.ssaframesize * PAGE;
	int fd = open("/proc/self/mem", O_RDONLY);
	struct sgx_exinfo exinfo;

	ASSERT(fd >= 0);
	ASSERT_EQ(pread(fd, &exinfo, sizeof(exinfo),
			end - sizeof(struct sgx_gprsgx) - sizeof(exinfo)),
		  sizeof(exinfo));
	close(fd);
	return exinfo;
}

TEST_ROWS(access_epcm, epcm_accesses, "what the EPCM alone forbids inside")
{
	struct sgx_tcs *tcs = page_alloc(1);
	struct sgx_enclave_run run = { 0 };
	u8 *code = page_alloc(1);
	void *zeros = page_alloc(2);
	struct sgx_enclave_restrict_permissions restrict_arg = {
		.offset = TINY_FREE,
		.length = PAGE,
	};
	struct sgx_exinfo exinfo;
	struct enclave encl;
	u64 addr;

	tiny_open(&encl);
	encl.secs.miscselect = SGX_MISC_EXINFO;
	ASSERT_OK(encl_create(&encl));
	tiny_tcs(tcs);
	tiny_add_tcs(&encl, tcs);
	memcpy(code, access_code, sizeof(access_code));
	memcpy(code + 3, access_insn[row->op], 3);
	ASSERT_OK(encl_add(&encl, TINY_CODE, code, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE));
	ASSERT_OK(encl_add(&encl, TINY_SSA, zeros, 2 * PAGE, ENCL_RW, 0));
	if (row->page_flags)
		ASSERT_OK(encl_add(&encl, TINY_FREE, tcs, PAGE, row->page_flags,
				   0));
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	tiny_map(&encl);
	ASSERT_OK(encl_map(&encl, TINY_FREE, PAGE,
			   row->page_flags == ENCL_RX
				   ? PROT_READ | PROT_EXEC
				   : PROT_READ | PROT_WRITE));
	if (row->restricted >= 0) {
		restrict_arg.permissions = row->restricted;
		ASSERT_OK(ioctl(encl.fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
				&restrict_arg));
		ASSERT_EQ(restrict_arg.count, PAGE);
	}

	addr = encl.secs.baseaddr + TINY_FREE;
	run.tcs = encl.secs.baseaddr + TINY_TCS;
	ASSERT_OK(enter(&run, SGX_EENTER, (void *)(addr + 8)));
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, addr);
	ASSERT_EQ(run.exception_error_code,
		  SGX_PFEC_SGX | SGX_PFEC_P | row->errcd);
	/* And what the enclave knows of it, in the frame that was in use. */
	exinfo = tiny_exinfo(&encl);
	ASSERT_EQ(exinfo.maddr, addr + 8);
	ASSERT_EQ(exinfo.errcd, run.exception_error_code);
}

static const struct locked {
	const char *situation;
	enum op_code op;
	const char *page;
	int prot;
	u32 errcd;
} locked_faults[] = {
	{ "a fetch that the EPCM forbids", OP_CALL, "code_page",
	  PROT_READ | PROT_EXEC,
	  SGX_PFEC_SGX | SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_I },
	/* With isolation=pkey no page table entry says that there is a page. */
	{ "a write that the mapping forbids", OP_WRITE, "data_pages", PROT_READ,
	  SGX_PFEC_P | SGX_PFEC_U | SGX_PFEC_W },
};

/* What is to be found out about a page fault is found out all the same. */
TEST_ROWS(locked, locked_faults, "while other threads change mappings")
{
	struct beside *beside[2];
	struct op op = { .op = row->op };
	struct sgx_enclave_restrict_permissions restrict_arg = {
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};
	struct sgx_enclave_run run;
	struct guest guest;
	unsigned int i;
	u64 page;

	guest_open(&guest);
	page = guest_symbol(&guest, row->page);
	if (row->errcd & SGX_PFEC_SGX) {
		restrict_arg.offset = page - guest.encl.secs.baseaddr;
		ASSERT_OK(ioctl(guest.encl.fd,
				SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
				&restrict_arg));
	}
	ASSERT_OK(mprotect((void *)page, PAGE, row->prot));
	/* It is in the page tables, if it can be. */
	guest_read(&guest, 0, page);

	for (i = 0; i < 2; i++)
		beside[i] = beside_start(change_mappings, changing_pages());
	op.arg[0] = page;
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	/* Resumed, it comes again. */
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
		ASSERT_EQ(run.exception_error_code, row->errcd);
		ASSERT_EQ(run.exception_addr, page);
		run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
	}
	for (i = 0; i < 2; i++)
		beside_stop(beside[i]);
	resume_at(&guest, "just_ret");
}

TEST(page_fault_retried, "a page made accessible again: the access is repeated")
{
	struct op op = { .op = OP_READ };
	struct sgx_enclave_run run;
	struct guest guest;
	u64 page;

	guest_open(&guest);
	page = guest_symbol(&guest, "data_pages");
	guest_write(&guest, 0, page + 0x88, 0xfeedface);
	ASSERT_OK(mprotect((void *)page, PAGE, PROT_NONE));
	op.arg[0] = page + 0x88;
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_OK(mprotect((void *)page, PAGE, PROT_READ));
	run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
	ASSERT_EQ(run.function, SGX_EEXIT);
	ASSERT_EQ(op.ret, 0xfeedface);
}

TEST(outside_fault, "a fault on memory of the program is reported the same")
{
	struct op op = { .op = OP_WRITE, .arg = { 0x10010, 1 } };
	struct sgx_enclave_run run;
	struct guest guest;
	u64 *page = page_alloc(1);

	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, 0x10000);
	ASSERT_EQ(run.exception_error_code, SGX_PFEC_U | SGX_PFEC_W);
	check_ssa(&guest, SGX_VECTOR_PF, SGX_EXITINFO_HARDWARE,
		  guest_symbol(&guest, "at_write"));
	resume_at(&guest, "just_ret");

	/* And one that the kernel resolves is not seen at all. */
	op.arg[0] = (u64)page;
	op.arg[1] = 0x1234;
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_EEXIT);
	ASSERT_EQ(*page, 0x1234);
}

/*
 * Code of the program, to which the enclave jumps without leaving. A processor
 * raises #GP instead of fetching it; softsgx when it does anything of which the
 * kernel learns.
 */
asm("	.text\n"
    "astray_ud2:\n"
    "	ud2\n"
    "astray_int3:\n"
    "	int3\n"
    "astray_hlt:\n"
    "	hlt\n"
    "astray_syscall:\n"
    "	syscall\n"
    "	ud2\n"
    "astray_int80:\n"
    "	int	$0x80\n"
    "	ud2\n"
    "astray_cli:\n"
    "	cli\n"
    "astray_fault:\n"
    "	mov	0x10010, %rax\n"
    "	ud2\n"
    "astray_enclu:\n"
    "	enclu\n"
    "	ud2\n"
    "astray_spin:\n"
    "	jmp	astray_spin\n");
extern const u8 astray_ud2[], astray_int3[], astray_hlt[], astray_syscall[];
extern const u8 astray_int80[], astray_cli[], astray_fault[], astray_enclu[];
extern const u8 astray_spin[];

static const struct astray {
	const char *situation;
	const u8 *at;
} astrays[] = {
	{ "UD2", astray_ud2 },
	{ "INT3", astray_int3 },
	{ "HLT", astray_hlt },
	{ "SYSCALL", astray_syscall },
	{ "INT 80h", astray_int80 },
	{ "CLI", astray_cli },
	{ "a page fault", astray_fault },
	{ "ENCLU", astray_enclu },
	{ "an endless loop, and a signal", astray_spin },
	{ "nothing mapped", (const u8 *)0x10010 },
};

static void on_alarm(int sig)
{
	(void)sig;
}

/* #GP at @at, for the host and for the enclave. */
static void check_astray(const struct guest *guest, struct sgx_enclave_run run,
			 u64 at)
{
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
	ASSERT_EQ(run.exception_error_code, 0);
	ASSERT_EQ(run.exception_addr, 0);
	check_ssa(guest, SGX_VECTOR_GP, SGX_EXITINFO_HARDWARE, at);
	check_exinfo(guest, 0, 0);
}

TEST_ROWS(astray, astrays, "the enclave executes outside of its range")
{
	struct op op = { .op = OP_CALL, .arg = { (u64)row->at } };
	struct itimerval timer = { .it_value.tv_usec = 100000 };
	struct guest guest;

	guest_open(&guest);
	ASSERT(signal(SIGVTALRM, on_alarm) != SIG_ERR);
	if (row->at == astray_spin)
		ASSERT_OK(setitimer(ITIMER_VIRTUAL, &timer, NULL));
	check_astray(&guest, guest_enter(&guest, 0, SGX_EENTER, &op),
		     (u64)row->at);
	resume_at(&guest, "just_ret");
}

static void *go_astray(void *data)
{
	struct op op = { .op = OP_CALL, .arg = { (u64)astray_spin } };

	guest_enter(data, 0, SGX_EENTER, &op);
	return NULL;
}

TEST(astray_gone, "the enclave goes while a thread of it is out of its range")
{
	struct guest guest;
	pthread_t thread;
	int i;

	epc_returned();
	ASSERT(signal(SIGVTALRM, on_alarm) != SIG_ERR);
	for (i = 0; i < 5; i++) {
		guest_open(&guest);
		ASSERT_OK(pthread_create(&thread, NULL, go_astray, &guest));
		while (!encl_stat(&guest.encl, "entries"))
			usleep(1000);
		usleep(10000);
		encl_close(&guest.encl);
		/* It is still there; the teardown has looked by then. */
		usleep(200000);
		ASSERT_OK(pthread_kill(thread, SIGVTALRM));
		ASSERT_OK(pthread_join(thread, NULL));
		epc_returned();
	}
}

TEST(astray_resume, "ERESUME to where the enclave has no range")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
	struct guest guest;
	u64 end;

	guest_open(&guest);
	end = guest.encl.secs.baseaddr + guest.encl.secs.size;
	ASSERT_EQ(guest_enter(&guest, 0, SGX_EENTER, &op).exception_vector,
		  SGX_VECTOR_UD);
	guest_write(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rip)), end);
	check_astray(&guest, guest_enter(&guest, 0, SGX_ERESUME, &op), end);
	resume_at(&guest, "just_ret");
}

TEST(astray_entry, "an entry point that is not in the enclave's range")
{
	struct sgx_enclave_run run;
	struct sgx_tcs *tcs = page_alloc(1);
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_tcs(tcs);
	tcs->oentry = TINY_SIZE;
	tiny_add_tcs(&encl, tcs);
	ASSERT_OK(
		encl_add(&encl, TINY_SSA, page_alloc(2), 2 * PAGE, ENCL_RW, 0));
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_OK(encl_map(&encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_OK(encl_map(&encl, TINY_SSA, 2 * PAGE, PROT_READ | PROT_WRITE));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
	/* It has the one SSA frame that there is. */
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
}

TEST(nested, "three levels of exceptions, resumed in order")
{
	static const enum op_insn insns[] = { INSN_UD2, INSN_DIV };
	static const u8 vectors[] = { SGX_VECTOR_UD, SGX_VECTOR_DE };
	static const char *const at[] = { "insn_ud2", "insn_div" };
	struct sgx_enclave_run run;
	struct op op[2];
	struct guest guest;
	int i;

	guest_open(&guest);
	for (i = 0; i < 2; i++) {
		op[i] = (struct op){ .op = OP_INSN, .arg = { insns[i] } };
		ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), i);
		run = guest_enter(&guest, 0, SGX_EENTER, &op[i]);
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, vectors[i]);
	}
	for (i = 1; i >= 0; i--) {
		ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), i + 1);
		ASSERT_EQ(guest_read(&guest, 0,
				     guest_gpr(&guest, 0, i, GPR(rip))),
			  guest_symbol(&guest, at[i]));
		guest_write(&guest, 0, guest_gpr(&guest, 0, i, GPR(rip)),
			    guest_symbol(&guest, "just_ret"));
		run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
		ASSERT_EQ(run.function, SGX_EEXIT);
	}
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

#define ALL_FLAGS                                                        \
	(SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF | SGX_RFLAGS_ZF | \
	 SGX_RFLAGS_SF | SGX_RFLAGS_OF | SGX_RFLAGS_DF)

static const struct flags_case {
	const char *situation;
	u64 rflags;
	u32 mxcsr;
	u16 fcw;
} flags_cases[] = {
	{ "no flag set, the default control words", 0x202, 0x1f80, 0x37f },
	{ "all flags set, round up, flush to zero", 0x202 | ALL_FLAGS, 0xdf80,
	  0xb7f },
	{ "CF and DF, round down", 0x202 | SGX_RFLAGS_CF | SGX_RFLAGS_DF,
	  0x3f80, 0x77f },
};

TEST_ROWS(registers, flags_cases, "all registers across an AEX, with")
{
	struct op_regs *regs = page_alloc(1);
	struct op op = { .op = OP_REGS, .arg = { (u64)regs } };
	struct sgx_enclave_run run;
	struct guest guest;
	unsigned int i;

	for (i = 0; i < sizeof(regs->gpr[0]); i++)
		((u8 *)regs->gpr[0])[i] = 0x11 + 7 * i;
	for (i = 0; i < sizeof(regs->ymm[0]); i++)
		((u8 *)regs->ymm[0])[i] = 0x35 + 11 * i;
	for (i = 0; i < 8; i++)
		regs->st[0][i] = 1.5 * i - 3.25;
	regs->rflags[0] = row->rflags;
	regs->mxcsr[0] = row->mxcsr;
	regs->fcw[0] = row->fcw;

	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	check_ssa(&guest, SGX_VECTOR_UD, SGX_EXITINFO_HARDWARE,
		  guest_symbol(&guest, "regs_ud2"));
	/* What is in the SSA is what was in the registers. */
	ASSERT_EQ(guest_read(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rax))),
		  regs->gpr[0][0]);
	ASSERT_EQ(guest_read(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rbp))),
		  regs->gpr[0][4]);
	ASSERT_EQ(guest_read(&guest, 0, guest_gpr(&guest, 0, 0, GPR(r15))),
		  regs->gpr[0][14]);
	ASSERT_EQ(guest_read(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rflags))) &
			  ALL_FLAGS,
		  row->rflags & ALL_FLAGS);
	/* XMM0 and the upper half of YMM0 in the XSAVE area. */
	ASSERT_EQ(guest_read(&guest, 0, guest_frame(&guest, 0, 0) + 160),
		  *(u64 *)regs->ymm[0][0]);
	ASSERT_EQ(guest_read(&guest, 0, guest_frame(&guest, 0, 0) + 576),
		  *(u64 *)(regs->ymm[0][0] + 16));
	/* What the other entries did to the registers does not matter. */
	guest_write(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rip)),
		    guest_symbol(&guest, "regs_ud2") + 2);
	ASSERT_EQ(guest_enter(&guest, 0, SGX_ERESUME, NULL).function,
		  SGX_EEXIT);

	ASSERT(!memcmp(regs->gpr[1], regs->gpr[0], sizeof(regs->gpr[0])));
	ASSERT(!memcmp(regs->ymm[1], regs->ymm[0], sizeof(regs->ymm[0])));
	ASSERT(!memcmp(regs->st[1], regs->st[0], sizeof(regs->st[0])));
	ASSERT_EQ(regs->rflags[1] & ALL_FLAGS, row->rflags & ALL_FLAGS);
	ASSERT_EQ(regs->mxcsr[1], row->mxcsr);
	ASSERT_EQ(regs->fcw[1], row->fcw);
}

TEST(resume_changed, "the enclave may change any register in its SSA")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
	struct sgx_enclave_run run;
	struct guest guest;

	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	guest_write(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rax)), 0x4242);
	resume_at(&guest, "just_ret");
	ASSERT_EQ(op.ret, 0x4242);
}

static const struct bad_resume {
	const char *situation;
	size_t offset; /* in the SSA frame */
	u64 value;
	u8 vector;
} bad_resumes[] = {
	{ "RIP not canonical", PAGE - sizeof(struct sgx_gprsgx) + GPR(rip),
	  1UL << 60, SGX_VECTOR_GP },
	{ "FS base not canonical",
	  PAGE - sizeof(struct sgx_gprsgx) + GPR(fsbase), 1UL << 60,
	  SGX_VECTOR_GP },
	{ "GS base not canonical",
	  PAGE - sizeof(struct sgx_gprsgx) + GPR(gsbase), 1UL << 60,
	  SGX_VECTOR_GP },
	{ "XSTATE_BV outside XFRM", 512, 1UL << 9, SGX_VECTOR_GP },
	{ "XSTATE_BV bit 63", 512, 1UL << 63, SGX_VECTOR_GP },
	{ "XCOMP_BV not 0", 520, 1UL << 63, SGX_VECTOR_GP },
	{ "XSAVE header reserved", 528, 1, SGX_VECTOR_GP },
	{ "MXCSR reserved bit", 24, 1UL << 31, SGX_VECTOR_GP },
};

TEST_ROWS(resume_bad, bad_resumes, "ERESUME of an SSA frame with")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
	struct sgx_enclave_run run;
	struct guest guest;
	u64 addr;
	u64 good;

	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	addr = guest_frame(&guest, 0, 0) + row->offset;
	good = guest_read(&guest, 0, addr);
	guest_write(&guest, 0, addr, row->value);
	run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, row->vector);

	/* Nothing was lost: put it right, and go on. */
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 1);
	guest_write(&guest, 0, addr, good);
	resume_at(&guest, "just_ret");
}

TEST(no_exinfo, "without MISCSELECT.EXINFO a page fault leaves EXITINFO 0")
{
	struct op op = { .op = OP_READ };
	struct sgx_enclave_run run;
	struct guest guest;

	ASSERT_OK(encl_open_elf(&guest.encl, test_file("enclave.elf")));
	guest.encl.secs.attributes.xfrm = 7;
	ASSERT_OK(encl_load_elf(&guest.encl, test_key()));
	guest.ssa = guest_symbol(&guest, "ssa");
	guest.tcs = guest_symbol(&guest, "tcs");
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ((u32)guest_read(&guest, 0,
				  guest_gpr(&guest, 0, 0, GPR(exitinfo))),
		  0);
	check_exinfo(&guest, 0, 0);
	resume_at(&guest, "just_ret");
}
