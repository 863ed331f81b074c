// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* ENCLU: leaves, operands, entries that fail, with and without the vDSO. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include "lib.h"

/* The signal that an instruction of the test got. */
static struct {
	volatile int sig;
	int code;
	void *addr;
	greg_t reg[NGREG];
	u8 fx[512];
} caught;

static sigjmp_buf escape;

static void catch (int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	caught.sig = sig;
	caught.code = info->si_code;
	caught.addr = info->si_addr;
	memcpy(caught.reg, uc->uc_mcontext.gregs, sizeof(caught.reg));
	memcpy(caught.fx, uc->uc_mcontext.fpregs, sizeof(caught.fx));
	siglongjmp(escape, 1);
}

static void catch_all(void)
{
	static const int signals[] = { SIGILL,	SIGSEGV, SIGBUS,
				       SIGTRAP, SIGFPE,	 SIGSYS };
	struct sigaction action = { .sa_sigaction = catch,
				    .sa_flags = SA_SIGINFO };
	unsigned int i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		ASSERT_OK(sigaction(signals[i], &action, NULL));
}

/* Execute it; 0, or the signal that it got. */
static int raw_signal(struct raw *raw)
{
	caught.sig = 0;
	if (!sigsetjmp(escape, 1))
		raw_enclu(raw);
	return caught.sig;
}

static const struct leaf {
	const char *situation;
	u64 leaf;
} leaves[] = {
	{ "EREPORT", SGX_EREPORT },
	{ "EGETKEY", SGX_EGETKEY },
	{ "EENTER", SGX_EENTER },
	{ "ERESUME", SGX_ERESUME },
	{ "EEXIT", SGX_EEXIT },
	{ "EACCEPT", SGX_EACCEPT },
	{ "EMODPE", SGX_EMODPE },
	{ "EACCEPTCOPY", SGX_EACCEPTCOPY },
	{ "leaf 8", 8 },
	{ "EDECCSSA", SGX_EDECCSSA },
	{ "leaf 10", 10 },
	{ "leaf 0xffffffff", 0xffffffff },
};

TEST_ROWS(no_enclave, leaves, "without any enclave ENCLU is SIGILL")
{
	struct raw raw = { .stack = entry_stack(), .in[RAX] = row->leaf };

	catch_all();
	ASSERT_EQ(raw_signal(&raw), SIGILL);
	ASSERT_EQ(caught.code, ILL_ILLOPN);
	ASSERT_EQ(caught.addr, raw_at);
	ASSERT_EQ(caught.reg[REG_RIP], raw_at);
	ASSERT_EQ(caught.reg[REG_RAX], row->leaf);
}

TEST(no_enclave_vdso, "without any enclave the vDSO reports #UD")
{
	struct sgx_enclave_run run = { .tcs = 0x10000 };

	ASSERT_OK(enter(&run, SGX_EENTER, NULL));
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
}

TEST(no_enclave_other_ud, "other undefined instructions are SIGILL as ever")
{
	struct guest guest;
	int i;

	catch_all();
	for (i = 0; i < 2; i++) {
		caught.sig = 0;
		if (!sigsetjmp(escape, 1))
			asm volatile("ud2");
		ASSERT_EQ(caught.sig, SIGILL);
		ASSERT_EQ(caught.code, ILL_ILLOPN);
		guest_open(&guest);
	}
}

static const struct leaf inside_leaves[] = {
	{ "EREPORT", SGX_EREPORT },
	{ "EGETKEY", SGX_EGETKEY },
	{ "EEXIT", SGX_EEXIT },
	{ "EACCEPT", SGX_EACCEPT },
	{ "EMODPE", SGX_EMODPE },
	{ "EACCEPTCOPY", SGX_EACCEPTCOPY },
	{ "leaf 8, which is none", 8 },
	{ "EDECCSSA", SGX_EDECCSSA },
	{ "leaf 10, which is none", 10 },
	{ "leaf 0x80000002, which is none", 0x80000002 },
	{ "leaf 0xffffffff, which is none", 0xffffffff },
};

TEST_ROWS(outside, inside_leaves, "outside the enclave this is #GP, SIGSEGV")
{
	struct raw raw = { .stack = entry_stack(),
			   .in[RAX] = row->leaf,
			   .in[R8] = 0x1234 };
	struct guest guest;

	guest_open(&guest);
	raw.in[RBX] = guest.tcs;
	catch_all();
	ASSERT_EQ(raw_signal(&raw), SIGSEGV);
	ASSERT_EQ(caught.code, SI_KERNEL);
	ASSERT_EQ(caught.addr, 0);
	ASSERT_EQ(caught.reg[REG_RIP], raw_at);
	ASSERT_EQ(caught.reg[REG_TRAPNO], SGX_VECTOR_GP);
	ASSERT_EQ(caught.reg[REG_ERR], 0);
	/* A fault: no register has changed. */
	ASSERT_EQ(caught.reg[REG_RAX], row->leaf);
	ASSERT_EQ(caught.reg[REG_RBX], guest.tcs);
	ASSERT_EQ(caught.reg[REG_R8], 0x1234);
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

/* Execute what is at @code, with RAX. */
static int code_signal(const void *code, u64 rax)
{
	caught.sig = 0;
	if (!sigsetjmp(escape, 1))
		asm volatile("call *%1"
			     : "+a"(rax)
			     : "r"(code)
			     : "memory", "cc");
	return caught.sig;
}

static const struct code {
	const char *situation;
	int prot;
	u8 bytes[16];
	u8 len;
	u8 more; /* so many of them are in the next page, the others before it */
	int sig;
	u8 vector;
} codes[] = {
#define ENCLU 0x0f, 0x01, 0xd7
#define RX    (PROT_READ | PROT_EXEC)
	{ "ENCLU before a hole", RX, { ENCLU }, 3, 0, SIGSEGV, SGX_VECTOR_GP },
	{ "ENCLU with a byte in the next page",
	  RX,
	  { ENCLU },
	  3,
	  1,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU with two bytes in the next page",
	  RX,
	  { ENCLU },
	  3,
	  2,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU whose last byte is in a hole",
	  RX,
	  { 0x0f, 0x01 },
	  2,
	  0,
	  SIGSEGV,
	  SGX_VECTOR_PF },
	{ "ENCLU with all but a byte in a hole",
	  RX,
	  { 0x0f },
	  1,
	  0,
	  SIGSEGV,
	  SGX_VECTOR_PF },
	{ "UD2 before a hole", RX, { 0x0f, 0x0b }, 2, 0, SIGILL, SGX_VECTOR_UD },
	{ "PUSH ES, which is none, before a hole",
	  RX,
	  { 0x06 },
	  1,
	  0,
	  SIGILL,
	  SGX_VECTOR_UD },
	{ "ENCLU with CS, DS, SS, ES, FS, GS and an address size",
	  RX,
	  { 0x2e, 0x3e, 0x36, 0x26, 0x64, 0x65, 0x67, ENCLU },
	  10,
	  0,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU with REX", RX, { 0x40, ENCLU }, 4, 0, SIGSEGV, SGX_VECTOR_GP },
	{ "ENCLU with all REX bits, before another prefix",
	  RX,
	  { 0x4f, 0x3e, ENCLU },
	  5,
	  2,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU of 15 bytes",
	  RX,
	  { 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e,
	    0x3e, ENCLU },
	  15,
	  0,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU with an operand size",
	  RX,
	  { 0x66, ENCLU },
	  4,
	  0,
	  SIGILL,
	  SGX_VECTOR_UD },
	{ "ENCLU with REP", RX, { 0xf3, ENCLU }, 4, 0, SIGILL, SGX_VECTOR_UD },
	{ "ENCLU with REPNE behind DS",
	  RX,
	  { 0x3e, 0xf2, ENCLU },
	  5,
	  0,
	  SIGILL,
	  SGX_VECTOR_UD },
	{ "ENCLU with LOCK", RX, { 0xf0, ENCLU }, 4, 0, SIGILL, SGX_VECTOR_UD },
	{ "UD2 with a prefix",
	  RX,
	  { 0x3e, 0x0f, 0x0b },
	  3,
	  0,
	  SIGILL,
	  SGX_VECTOR_UD },
	{ "ENCLU with a prefix in memory only for execution",
	  PROT_EXEC,
	  { 0x48, ENCLU },
	  4,
	  2,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU in memory only for execution",
	  PROT_EXEC,
	  { ENCLU },
	  3,
	  0,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "ENCLU in two pages of it",
	  PROT_EXEC,
	  { ENCLU },
	  3,
	  1,
	  SIGSEGV,
	  SGX_VECTOR_GP },
	{ "UD2 there", PROT_EXEC, { 0x0f, 0x0b }, 2, 0, SIGILL, SGX_VECTOR_UD },
	{ "PUSH ES there", PROT_EXEC, { 0x06 }, 1, 0, SIGILL, SGX_VECTOR_UD },
#undef RX
#undef ENCLU
};

TEST_ROWS(code, codes, "outside the enclave, EREPORT or not:")
{
	u8 *pages = page_alloc(2);
	u8 *at = pages + PAGE + row->more - row->len;
	struct guest guest;

	guest_open(&guest);
	memcpy(at, row->bytes, row->len);
	ASSERT_OK(mprotect(pages, 2 * PAGE, row->prot));
	if (!row->more)
		ASSERT_OK(munmap(pages + PAGE, PAGE));
	catch_all();
	alarm(10);
	ASSERT_EQ(code_signal(at, SGX_EREPORT), row->sig);
	ASSERT_EQ(caught.reg[REG_TRAPNO], row->vector);
	ASSERT_EQ(caught.reg[REG_RIP], at);
	ASSERT_EQ(caught.reg[REG_RAX], SGX_EREPORT);
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

TEST(prefixed, "an entry by an ENCLU with prefixes, which ends behind it")
{
	/* cs rex.W enclu; ret */
	static const u8 code[] = { 0x2e, 0x48, 0x0f, 0x01, 0xd7, 0xc3 };
	struct op op = { .op = OP_CSSA, .ret = 7 };
	u64 rax = SGX_EENTER, rcx = (u64)raw_aep_resume;
	struct op *rdi = &op;
	u8 *page = page_alloc(1);
	struct guest guest;
	u64 rbx;

	guest_open(&guest);
	rbx = guest.tcs;
	memcpy(page, code, sizeof(code));
	ASSERT_OK(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
	asm volatile("call *%[code]"
		     : "+a"(rax), "+b"(rbx), "+c"(rcx), "+D"(rdi)
		     : [code] "r"(page)
		     : "memory", "cc", "rdx", "rsi", "r8", "r9", "r10", "r11",
		       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
		       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
		       "xmm13", "xmm14", "xmm15");
	ASSERT_EQ(op.ret, 0);
	ASSERT_EQ(rax, SGX_EEXIT);
	ASSERT_EQ(rbx, page + sizeof(code) - 1);
}

/* See code_gone of exception.c. */
TEST(code_gone, "the page of an ENCLU outside goes again and again")
{
	static const u8 enclu[] = { 0x0f, 0x01, 0xd7 };
	int fd = memfd_create("enclu", MFD_CLOEXEC);
	struct remap code = { .prot = PROT_READ | PROT_EXEC, .fd = fd };
	struct beside *beside;
	struct guest guest;
	unsigned int i;

	ASSERT(fd >= 0);
	ASSERT_OK(ftruncate(fd, PAGE));
	ASSERT_EQ(pwrite(fd, enclu, sizeof(enclu), 0), sizeof(enclu));
	code.page = mmap(NULL, PAGE, code.prot, MAP_SHARED, fd, 0);
	ASSERT(code.page != MAP_FAILED);
	guest_open(&guest);
	catch_all();
	beside = beside_start(remap, &code);
	for (i = 0; i < 5000; i++) {
		ASSERT_EQ(code_signal(code.page, SGX_EREPORT), SIGSEGV);
		ASSERT_EQ(caught.reg[REG_TRAPNO], SGX_VECTOR_GP);
	}
	beside_stop(beside);
}

/*
 * After an interrupt: the exception is the program's, and not one that was under
 * way inside.
 */
TEST(aep_faults, "the instruction at the AEP is a HLT")
{
	static const u8 hlt[] = { 0xf4 };
	struct raw raw = { .stack = entry_stack() };
	u8 *aep = page_alloc(1);
	volatile u64 here = 0;
	volatile u64 go = 0;
	struct op op = { .op = OP_SPIN, .arg = { (u64)&here, (u64)&go } };
	struct beside *beside;
	struct guest guest;

	memcpy(aep, hlt, sizeof(hlt));
	ASSERT_OK(mprotect(aep, PAGE, PROT_READ | PROT_EXEC));
	guest_open(&guest);
	catch_all();
	alarm(60);
	raw_entry(&raw, &guest, &op);
	raw.in[RCX] = (u64)aep;
	beside = beside_start(interrupt, NULL);
	ASSERT_EQ(raw_signal(&raw), SIGSEGV);
	beside_stop(beside);
	ASSERT_EQ(caught.code, SI_KERNEL);
	ASSERT_EQ(caught.reg[REG_TRAPNO], SGX_VECTOR_GP);
	ASSERT_EQ(caught.reg[REG_RIP], aep);
	ASSERT_EQ(caught.reg[REG_RAX], SGX_ERESUME);
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 1);
	go = 1;
	raw.in[RAX] = SGX_ERESUME;
	raw.in[RCX] = (u64)raw_aep_resume;
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

TEST(high_half, "the upper half of RAX does not count")
{
	struct op op = { .op = OP_CSSA, .ret = 7 };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;

	guest_open(&guest);
	raw.in[RAX] = 0xdead00000000 | SGX_EENTER;
	raw.in[RBX] = guest.tcs;
	raw.in[RCX] = (u64)raw_aep_resume;
	raw.in[RDI] = (u64)&op;
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT_EQ(op.ret, 0);
}

/* What EENTER is given, and what it answers. */
enum tcs_choice {
	TCS_GOOD,
	TCS_PLUS_8,
	TCS_PLUS_2048,
	TCS_CODE_PAGE,
	TCS_DATA_PAGE,
	TCS_NO_PAGE,
	TCS_MEMORY,
	TCS_UNMAPPED,
	TCS_NULL,
	TCS_KERNEL,
	TCS_NOT_CANONICAL,
};

static const struct entry {
	const char *situation;
	enum tcs_choice tcs;
	u64 aep; /* 0: a good one */
	u8 vector;
} entries[] = {
	{ "a TCS 8 bytes off", TCS_PLUS_8, 0, SGX_VECTOR_GP },
	{ "a TCS half a page off", TCS_PLUS_2048, 0, SGX_VECTOR_GP },
	{ "a code page as TCS", TCS_CODE_PAGE, 0, SGX_VECTOR_PF },
	{ "a data page as TCS", TCS_DATA_PAGE, 0, SGX_VECTOR_PF },
	{ "no page of the enclave there", TCS_NO_PAGE, 0, SGX_VECTOR_PF },
	{ "ordinary memory as TCS", TCS_MEMORY, 0, SGX_VECTOR_PF },
	{ "nothing mapped there", TCS_UNMAPPED, 0, SGX_VECTOR_PF },
	{ "a TCS at 0", TCS_NULL, 0, SGX_VECTOR_PF },
	{ "a TCS in the kernel", TCS_KERNEL, 0, SGX_VECTOR_PF },
	{ "a TCS at a non-canonical address", TCS_NOT_CANONICAL, 0,
	  SGX_VECTOR_GP },
	{ "an AEP that is not canonical", TCS_GOOD, 0x800000000000,
	  SGX_VECTOR_GP },
};

static u64 choose_tcs(const struct guest *guest, enum tcs_choice choice)
{
	void *page = page_alloc(1);

	switch (choice) {
	case TCS_PLUS_8:
		return guest->tcs + 8;
	case TCS_PLUS_2048:
		return guest->tcs + 2048;
	case TCS_CODE_PAGE:
		return guest_symbol(guest, "code_page");
	case TCS_DATA_PAGE:
		return guest_symbol(guest, "data_pages");
	case TCS_NO_PAGE:
		ASSERT_OK(encl_map((struct enclave *)&guest->encl,
				   guest->encl.secs.size - PAGE, PAGE,
				   PROT_READ | PROT_WRITE));
		return guest->encl.secs.baseaddr + guest->encl.secs.size - PAGE;
	case TCS_MEMORY:
		tiny_tcs(page);
		return (u64)page;
	case TCS_UNMAPPED:
		munmap(page, PAGE);
		return (u64)page;
	case TCS_NULL:
		return 0;
	case TCS_KERNEL:
		return 0xffffffff81000000;
	case TCS_NOT_CANONICAL:
		return 1UL << 60;
	default:
		return guest->tcs;
	}
}

TEST_ROWS(eenter_bad, entries, "EENTER with")
{
	static const u64 functions[] = { SGX_EENTER, SGX_ERESUME };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;
	unsigned int i;

	guest_open(&guest);
	catch_all();
	for (i = 0; i < 2; i++) {
		raw.in[RAX] = functions[i];
		raw.in[RBX] = choose_tcs(&guest, row->tcs);
		raw.in[RCX] = row->aep ? row->aep : (u64)raw_aep;
		ASSERT_EQ(raw_signal(&raw), SIGSEGV);
		ASSERT_EQ(caught.reg[REG_TRAPNO], row->vector);
		ASSERT_EQ(caught.reg[REG_RIP], raw_at);
		ASSERT_EQ(caught.reg[REG_RAX], raw.in[RAX]);
		ASSERT_EQ(caught.reg[REG_RBX], raw.in[RBX]);
		ASSERT_EQ(caught.reg[REG_RCX], raw.in[RCX]);
		if (row->vector == SGX_VECTOR_PF) {
			ASSERT_EQ(caught.addr, raw.in[RBX]);
			ASSERT_EQ(caught.reg[REG_CR2], raw.in[RBX]);
		} else {
			ASSERT_EQ(caught.code, SI_KERNEL);
			ASSERT_EQ(caught.addr, 0);
		}
	}
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

TEST_ROWS(eenter_bad_vdso, entries, "through the vDSO, EENTER with")
{
	struct sgx_enclave_run run = { 0 };
	struct guest guest;

	/* The vDSO has its own AEP. */
	if (row->aep)
		return;
	guest_open(&guest);
	run.tcs = choose_tcs(&guest, row->tcs);
	ASSERT_OK(enter(&run, SGX_EENTER, NULL));
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, row->vector);
	if (row->vector == SGX_VECTOR_PF)
		ASSERT_EQ(run.exception_addr, run.tcs);
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

static const struct tcs_change {
	const char *situation;
	size_t offset;
	size_t bytes;
	u64 value;
	u8 vector;
	u64 addr; /* of a #PF, in the enclave */
} tcs_changes[] = {
	{ "OSSA not aligned", offsetof(struct sgx_tcs, ossa), 8, TINY_SSA + 8,
	  SGX_VECTOR_GP, 0 },
	{ "OFSBASE not aligned", offsetof(struct sgx_tcs, ofsbase), 8, 8,
	  SGX_VECTOR_GP, 0 },
	{ "OGSBASE not aligned", offsetof(struct sgx_tcs, ogsbase), 8, 8,
	  SGX_VECTOR_GP, 0 },
	{ "FLAGS.AEXNOTIFY, which the enclave lacks",
	  offsetof(struct sgx_tcs, flags), 8, SGX_TCS_AEXNOTIFY, SGX_VECTOR_GP,
	  0 },
	{ "NSSA 0", offsetof(struct sgx_tcs, nssa), 4, 0, SGX_VECTOR_GP, 0 },
	{ "OENTRY not canonical", offsetof(struct sgx_tcs, oentry), 8,
	  1UL << 56, SGX_VECTOR_GP, 0 },
	{ "OFSBASE not canonical", offsetof(struct sgx_tcs, ofsbase), 8,
	  1UL << 56, SGX_VECTOR_GP, 0 },
	{ "OGSBASE not canonical", offsetof(struct sgx_tcs, ogsbase), 8,
	  1UL << 56, SGX_VECTOR_GP, 0 },
	{ "OSSA where no page is", offsetof(struct sgx_tcs, ossa), 8, TINY_FREE,
	  SGX_VECTOR_PF, TINY_FREE },
	{ "OSSA on the code page", offsetof(struct sgx_tcs, ossa), 8, TINY_CODE,
	  SGX_VECTOR_PF, TINY_CODE },
	{ "OSSA on the TCS", offsetof(struct sgx_tcs, ossa), 8, TINY_TCS,
	  SGX_VECTOR_PF, TINY_TCS },
};

TEST_ROWS(eenter_tcs, tcs_changes, "EENTER at a TCS with")
{
	struct sgx_enclave_run run;
	struct enclave encl;
	struct sgx_tcs tcs;
	void *zeros = page_alloc(1);

	tiny_tcs(&tcs);
	memcpy((u8 *)&tcs + row->offset, &row->value, row->bytes);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add_tcs(&encl, &tcs);
	tiny_add_code(&encl);
	ASSERT_OK(encl_add(&encl, TINY_SSA, zeros, PAGE, ENCL_RW, 0));
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	ASSERT_OK(encl_map(&encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_OK(encl_map(&encl, TINY_SSA, PAGE, PROT_READ | PROT_WRITE));
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, row->vector);
	if (row->vector == SGX_VECTOR_PF)
		ASSERT_EQ(run.exception_addr & SGX_PAGE_MASK,
			  encl.secs.baseaddr + row->addr);
	still_good();
}

TEST(eenter_not_initialised, "EENTER before INIT is #GP")
{
	struct sgx_enclave_run run;
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_map(&encl);
	run = tiny_enter(&encl);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
	tiny_finish(&encl);
}

struct spinner {
	const struct guest *guest;
	volatile u64 here;
	volatile u64 go;
	bool outside;
	bool trying;
};

/* By the first TCS. It does not resume while the other thread tries. */
static void *spin(void *data)
{
	struct spinner *spinner = data;
	struct op op = { .op = OP_SPIN,
			 .arg = { (u64)&spinner->here, (u64)&spinner->go } };
	struct raw raw = { .stack = entry_stack() };

	raw_entry(&raw, spinner->guest, &op);
	raw.in[RCX] = (u64)raw_aep;
	for (;;) {
		raw_enclu(&raw);
		if (raw.path == RAW_PATH_EEXIT)
			return NULL;
		ASSERT_EQ(raw.path, RAW_PATH_AEP);
		do {
			__atomic_store_n(&spinner->outside, true,
					 __ATOMIC_SEQ_CST);
			while (__atomic_load_n(&spinner->trying,
					       __ATOMIC_SEQ_CST))
				;
			__atomic_store_n(&spinner->outside, false,
					 __ATOMIC_SEQ_CST);
		} while (__atomic_load_n(&spinner->trying, __ATOMIC_SEQ_CST));
		raw.in[RAX] = SGX_ERESUME;
	}
}

/* Until the spinner is inside, or outside to stay there; it does not come back. */
static void spinner_stays(struct spinner *spinner)
{
	spinner->here = 0;
	while (!spinner->here)
		;
	__atomic_store_n(&spinner->trying, true, __ATOMIC_SEQ_CST);
	spinner->here = 0;
	while (!spinner->here &&
	       !__atomic_load_n(&spinner->outside, __ATOMIC_SEQ_CST))
		;
}

/*
 * A thread that is not running has left by an AEX: its TCS can then be entered,
 * at CSSA 1. Who is interrupted there can be resumed by anybody, on the stack of
 * the one that entered: that would be the end of this test.
 */
TEST(eenter_busy, "EENTER at a TCS that another thread uses is #GP")
{
	struct sgx_enclave_run run;
	struct op op = { .op = OP_CSSA };
	struct spinner spinner = { 0 };
	unsigned int busy = 0;
	struct guest guest;
	pthread_t thread;
	int i;

	guest_open(&guest);
	spinner.guest = &guest;
	ASSERT_OK(pthread_create(&thread, NULL, spin, &spinner));
	for (i = 0; i < 100 || !busy; i++) {
		spinner_stays(&spinner);
		op.ret = 0;
		run = guest_enter(&guest, 0, SGX_EENTER, &op);
		if (run.function == SGX_EEXIT) {
			ASSERT_EQ(op.ret, 1);
		} else {
			ASSERT_EQ(run.function, SGX_EENTER);
			ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
			busy++;
			/* Another TCS is free. */
			GUEST_OP(&guest, 1, .op = OP_NOP);
		}
		__atomic_store_n(&spinner.trying, false, __ATOMIC_SEQ_CST);
	}
	spinner.go = 1;
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

TEST(cssa_exhausted, "EENTER when every SSA frame is in use is #GP")
{
	struct op ud2 = { .op = OP_INSN, .arg = { INSN_UD2 } };
	struct sgx_enclave_run run;
	struct guest guest;
	u64 frame;

	guest_open(&guest);
	for (frame = 0; frame < OP_NSSA; frame++) {
		run = guest_enter(&guest, 0, SGX_EENTER, &ud2);
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	}
	run = guest_enter(&guest, 0, SGX_EENTER, &ud2);
	ASSERT_EQ(run.function, SGX_EENTER);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);

	/* Unwind: from another TCS, let each return. */
	while (frame--) {
		guest_write(&guest, 1, guest_gpr(&guest, 0, frame, GPR(rip)),
			    guest_symbol(&guest, "just_ret"));
		run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
		ASSERT_EQ(run.function, SGX_EEXIT);
	}
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

TEST(eresume_nothing, "ERESUME when nothing was interrupted is #GP")
{
	struct sgx_enclave_run run;
	struct guest guest;

	guest_open(&guest);
	run = guest_enter(&guest, 0, SGX_ERESUME, NULL);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

TEST(enter_registers, "EENTER and EEXIT hand registers over")
{
	struct op op = { .op = OP_CSSA, .ret = 7 };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;
	unsigned int i;

	guest_open(&guest);
	for (i = 0; i < 16; i++)
		raw.in[i] = 0x1010101010101010UL * i;
	raw_entry(&raw, &guest, &op);
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT_EQ(op.ret, 0);
	ASSERT_EQ(raw.out[RAX], SGX_EEXIT);
	ASSERT_EQ(raw.out[RBX], raw_at + SGX_ENCLU_LEN);
	ASSERT_EQ(raw.out[RCX], raw_aep_resume);
	ASSERT_EQ(raw.out[RSP], raw.rsp);
	/* What the enclave's code keeps by the C convention. */
	for (i = 12; i < 16; i++)
		ASSERT_EQ(raw.out[i], raw.in[i]);
}

TEST(fsgs, "FS and GS inside are the TCS's, outside the program's")
{
	static __thread volatile u64 tls = 0x12345678;
	u64 base = 0;
	struct op op = { .op = OP_FSGS };
	struct guest guest;
	u64 after[2];
	u64 before[2];
	unsigned int i;

	guest_open(&guest);
	for (i = 0; i < OP_THREADS; i++) {
		asm volatile("wrgsbase %0" : : "r"(0x4711000 + base));
		asm volatile("rdfsbase %0; rdgsbase %1"
			     : "=r"(before[0]), "=r"(before[1]));
		ASSERT_EQ(guest_enter(&guest, i, SGX_EENTER, &op).function,
			  SGX_EEXIT);
		asm volatile("rdfsbase %0; rdgsbase %1"
			     : "=r"(after[0]), "=r"(after[1]));
		ASSERT_EQ(op.ret, guest_symbol(&guest, "fs_pages") + i * PAGE);
		ASSERT_EQ(op.flags,
			  guest_symbol(&guest, "gs_pages") + i * PAGE);
		ASSERT_EQ(after[0], before[0]);
		ASSERT_EQ(after[1], before[1]);
		ASSERT_EQ(tls, 0x12345678);
	}
}

/* What is executed inside, with which operands, and how it ends. */
enum place {
	NOWHERE, /* 0 */
	IN,	 /* a page of the enclave, aligned */
	IN_2,	 /* another one */
	OFF_8,	 /* 8 bytes into it */
	OUT,	 /* memory of the program */
	CODE,	 /* code of the enclave: not writable */
	NOT_CANONICAL,
};

static const struct operands {
	const char *situation;
	u64 leaf;
	enum place rbx;
	enum place rcx;
	enum place rdx;
	u8 vector;
} operands[] = {
	{ "EENTER inside", SGX_EENTER, IN, IN, NOWHERE, SGX_VECTOR_GP },
	{ "ERESUME inside", SGX_ERESUME, IN, IN, NOWHERE, SGX_VECTOR_GP },
	{ "EEXIT to a non-canonical address", SGX_EEXIT, NOT_CANONICAL, IN,
	  NOWHERE, SGX_VECTOR_GP },
	{ "leaf 8 inside", 8, IN, IN, NOWHERE, SGX_VECTOR_GP },
	{ "leaf 0xffffffff inside", 0xffffffff, IN, IN, IN, SGX_VECTOR_GP },
	{ "EGETKEY, request not aligned", SGX_EGETKEY, OFF_8, IN_2, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EGETKEY, output not aligned", SGX_EGETKEY, IN, OFF_8, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EGETKEY, request outside", SGX_EGETKEY, OUT, IN, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EGETKEY, output outside", SGX_EGETKEY, IN, OUT, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EGETKEY, request at 0", SGX_EGETKEY, NOWHERE, IN, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EGETKEY, output not writable", SGX_EGETKEY, IN, CODE, NOWHERE,
	  SGX_VECTOR_PF },
	{ "EREPORT, target not aligned", SGX_EREPORT, OFF_8, IN, IN_2,
	  SGX_VECTOR_GP },
	{ "EREPORT, data not aligned", SGX_EREPORT, IN, OFF_8, IN_2,
	  SGX_VECTOR_GP },
	{ "EREPORT, output not aligned", SGX_EREPORT, IN, IN_2, OFF_8,
	  SGX_VECTOR_GP },
	{ "EREPORT, target outside", SGX_EREPORT, OUT, IN, IN_2,
	  SGX_VECTOR_GP },
	{ "EREPORT, data outside", SGX_EREPORT, IN, OUT, IN_2, SGX_VECTOR_GP },
	{ "EREPORT, output outside", SGX_EREPORT, IN, IN_2, OUT,
	  SGX_VECTOR_GP },
	{ "EREPORT, output not writable", SGX_EREPORT, IN, IN_2, CODE,
	  SGX_VECTOR_PF },
	{ "EACCEPT, SECINFO not aligned", SGX_EACCEPT, OFF_8, IN, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EACCEPT, SECINFO outside", SGX_EACCEPT, OUT, IN, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EACCEPT, page not aligned", SGX_EACCEPT, IN, OFF_8, NOWHERE,
	  SGX_VECTOR_GP },
	{ "EACCEPT, page outside", SGX_EACCEPT, IN, OUT, NOWHERE,
	  SGX_VECTOR_GP },
};

static u64 place(const struct guest *guest, enum place place)
{
	u64 data = guest_symbol(guest, "data_pages");

	switch (place) {
	case IN:
		return data;
	case IN_2:
		return data + PAGE;
	case OFF_8:
		return data + 2 * PAGE + 8;
	case OUT:
		return (u64)page_alloc(1);
	case CODE:
		return guest_symbol(guest, "code_page");
	case NOT_CANONICAL:
		return 1UL << 60;
	default:
		return 0;
	}
}

TEST_ROWS(inside, operands, "inside an enclave")
{
	struct op op = { .op = OP_ENCLU };
	struct sgx_enclave_run run;
	struct guest guest;
	u64 exinfo;
	u64 info;

	guest_open(&guest);
	op.arg[0] = row->leaf;
	op.arg[1] = place(&guest, row->rbx);
	op.arg[2] = place(&guest, row->rcx);
	op.arg[3] = place(&guest, row->rdx);
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, row->vector);

	/* The enclave sees the same in its SSA. */
	info = guest_read(&guest, 0, guest_gpr(&guest, 0, 0, GPR(exitinfo)));
	ASSERT_EQ((u32)info,
		  SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | row->vector);
	exinfo = guest_gpr(&guest, 0, 0, 0) - sizeof(struct sgx_exinfo);
	if (row->vector == SGX_VECTOR_PF) {
		ASSERT_EQ(run.exception_addr, guest_symbol(&guest, "code_"
								   "page"));
		ASSERT_EQ(guest_read(&guest, 0, exinfo) & SGX_PAGE_MASK,
			  guest_symbol(&guest, "code_page"));
		ASSERT(run.exception_error_code & SGX_PFEC_W);
	} else {
		ASSERT_EQ(run.exception_error_code, 0);
		ASSERT_EQ(guest_read(&guest, 0, exinfo), 0);
	}
	ASSERT_EQ((u32)guest_read(&guest, 0, exinfo + 8),
		  run.exception_error_code);
	GUEST_OP(&guest, 1, .op = OP_NOP);
}

TEST(egetkey_flags, "EGETKEY sets RAX and ZF")
{
	struct sgx_keyrequest request = { .keyname = SGX_SEAL_KEY,
					  .keypolicy = SGX_KEYPOLICY_MRSIGNER };
	struct op op = { .op = OP_ENCLU };
	struct guest guest;
	u64 data;

	guest_open(&guest);
	data = guest_symbol(&guest, "data_pages");
	op.arg[0] = SGX_EGETKEY;
	op.arg[1] = data;
	op.arg[2] = data + PAGE;
	GUEST_OP(&guest, 0, .op = OP_COPY,
		 .arg = { data, (u64)&request, sizeof(request) });
	ASSERT_EQ(guest_enter(&guest, 0, SGX_EENTER, &op).function, SGX_EEXIT);
	ASSERT_EQ(op.ret, SGX_SUCCESS);
	ASSERT_EQ(op.flags & SGX_RFLAGS_ZF, 0);
	ASSERT(guest_read(&guest, 0, data + PAGE));

	request.keyname = 77;
	GUEST_OP(&guest, 0, .op = OP_COPY,
		 .arg = { data, (u64)&request, sizeof(request) });
	ASSERT_EQ(guest_enter(&guest, 0, SGX_EENTER, &op).function, SGX_EEXIT);
	ASSERT_EQ(op.ret, SGX_INVALID_KEYNAME);
	ASSERT_EQ(op.flags & SGX_RFLAGS_ZF, SGX_RFLAGS_ZF);
}

/* The registers that a handler finds after an AEX, as runtimes expect them. */
static void check_synthetic(const struct guest *guest, const struct raw *raw,
			    const void *aep)
{
	static const int zero[] = { REG_RDX, REG_RSI, REG_RDI, REG_R8,
				    REG_R9,  REG_R10, REG_R11, REG_R12,
				    REG_R13, REG_R14, REG_R15 };
	const u64 vector = caught.reg[REG_TRAPNO];
	unsigned int i;

	ASSERT_EQ(caught.reg[REG_RIP], aep);
	ASSERT_EQ(caught.reg[REG_RAX], SGX_ERESUME);
	ASSERT_EQ(caught.reg[REG_RBX], guest->tcs);
	ASSERT_EQ(caught.reg[REG_RCX], aep);
	ASSERT_EQ(caught.reg[REG_RSP], raw->rsp);
	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		ASSERT_EQ(caught.reg[zero[i]], 0);
	ASSERT_EQ(caught.reg[REG_EFL] &
			  (SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF |
			   SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_OF),
		  0);
	/* XMM0 .. XMM15 */
	for (i = 160; i < 160 + 256; i++)
		ASSERT_EQ(caught.fx[i], 0);
	/* As if it were for an invalid operation, whatever it is for. */
	ASSERT_EQ(*(u32 *)(caught.fx + 24),
		  vector == SGX_VECTOR_XM ? 0x1f01 : 0x1fb0);
	ASSERT_EQ(*(u16 *)caught.fx, vector == SGX_VECTOR_MF ? 0x37e : 0x37f);
	ASSERT_EQ(*(u16 *)(caught.fx + 2),
		  vector == SGX_VECTOR_MF ? 0x8081 : 0);
}

static const struct raw_exception {
	const char *situation;
	enum op_insn insn;
	int sig;
	int code;
	u8 vector;
	const char *at;
} raw_exceptions[] = {
	{ "UD2", INSN_UD2, SIGILL, ILL_ILLOPN, SGX_VECTOR_UD, "insn_ud2" },
	{ "DIV by zero", INSN_DIV, SIGFPE, FPE_INTDIV, SGX_VECTOR_DE,
	  "insn_div" },
	{ "INT3", INSN_INT3, SIGILL, SI_KERNEL, SGX_VECTOR_UD, "insn_int3" },
	{ "HLT", INSN_HLT, SIGSEGV, SI_KERNEL, SGX_VECTOR_GP, "insn_hlt" },
	{ "DIVSS by zero", INSN_XM, SIGFPE, FPE_FLTINV, SGX_VECTOR_XM,
	  "insn_xm" },
	{ "FDIV by zero", INSN_MF, SIGFPE, FPE_FLTINV, SGX_VECTOR_MF,
	  "insn_mf" },
	{ "SYSCALL", INSN_SYSCALL, SIGILL, ILL_ILLOPN, SGX_VECTOR_UD,
	  "insn_syscall" },
	{ "INT 80h", INSN_INT80, SIGILL, ILL_ILLOPN, SGX_VECTOR_UD,
	  "insn_int80" },
};

TEST_ROWS(own_aep, raw_exceptions, "with an AEP of its own, a signal for")
{
	struct op op = { .op = OP_INSN, .arg = { row->insn, 39 } };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;
	u64 gpr;

	guest_open(&guest);
	catch_all();
	raw_entry(&raw, &guest, &op);
	raw.in[R8] = 0x8888;
	if (row->insn == INSN_XM && !processor_raises_xm()) {
		ASSERT_EQ(raw_signal(&raw), 0);
		ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
		return;
	}
	ASSERT_EQ(raw_signal(&raw), row->sig);
	check_synthetic(&guest, &raw, raw_aep_resume);
	ASSERT_EQ(caught.reg[REG_TRAPNO], row->vector);
	/* Where it happened is nobody's business. */
	ASSERT((u64)caught.addr < guest.encl.secs.baseaddr ||
	       (u64)caught.addr >=
		       guest.encl.secs.baseaddr + guest.encl.secs.size);
	if (row->code != SI_KERNEL || row->vector == SGX_VECTOR_GP)
		ASSERT_EQ(caught.code, row->code);

	/* Handle it at CSSA 1, then resume; both without the vDSO. */
	gpr = guest_gpr(&guest, 0, 0, 0);
	op = (struct op){ .op = OP_READ, .arg = { gpr + GPR(rip) } };
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT_EQ(op.ret, guest_symbol(&guest, row->at));
	op = (struct op){ .op = OP_WRITE,
			  .arg = { gpr + GPR(rip),
				   guest_symbol(&guest, "just_ret") } };
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	op.ret = 0;
	raw.in[RAX] = SGX_ERESUME;
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

/* The vDSO's #MF of long ago has nothing to do with a signal of now. */
TEST(outside_after_mf, "an #MF inside by the vDSO, then a DIV by zero outside")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_MF, 39 } };
	volatile int zero = 0;
	struct guest guest;

	guest_open(&guest);
	ASSERT_EQ(guest_enter(&guest, 0, SGX_EENTER, &op).exception_vector,
		  SGX_VECTOR_MF);
	catch_all();
	caught.sig = 0;
	if (!sigsetjmp(escape, 1))
		zero = 39 / zero;
	ASSERT_EQ(caught.sig, SIGFPE);
	ASSERT_EQ(caught.code, FPE_INTDIV);
}

TEST(own_aep_breakpoint, "INT3 after an opt-in entry is a breakpoint")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_INT3, 39 } };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;

	guest_open(&guest);
	guest_debug(&guest);
	catch_all();
	raw_entry(&raw, &guest, &op);
	ASSERT_EQ(raw_signal(&raw), SIGTRAP);
	check_synthetic(&guest, &raw, raw_aep_resume);
	ASSERT_EQ(caught.reg[REG_TRAPNO], SGX_VECTOR_BP);
	/* A fault: where the INT3 is, not behind it. */
	ASSERT_EQ(guest_read(&guest, 0, guest_gpr(&guest, 0, 0, GPR(rip))),
		  guest_symbol(&guest, "insn_int3"));
	ASSERT_EQ((u32)guest_read(&guest, 0,
				  guest_gpr(&guest, 0, 0, GPR(exitinfo))),
		  SGX_EXITINFO_VALID | SGX_EXITINFO_SOFTWARE | SGX_VECTOR_BP);
}

/*
 * Code for the small enclave: on a stack at RDI it sets TF and goes on, once
 * with ordinary instructions, once with a leaf: EMODPE, which changes nothing
 * of the page behind its SSA.
 */
extern const u8 set_tf_code[192];

_Static_assert(TINY_SSA + PAGE - TINY_CODE == 0x2000,
	       "the page behind the SSA");

asm(".pushsection .rodata\n"
    ".balign 64\n"
    "set_tf_code:\n\t"
    "mov %rcx, %r10\n\t"
    "mov %rdi, %rsp\n\t"
    "pushfq\n\t"
    "orl $0x100, (%rsp)\n\t"
    "popfq\n\t"
    "nop\n\t"
    "nop\n\t"
    "lea 1f(%rip), %rbx\n\t"
    "lea set_tf_code + 0x2000(%rip), %rcx\n\t"
    "mov $6, %eax\n\t"
    "pushfq\n\t"
    "orl $0x100, (%rsp)\n\t"
    "popfq\n\t"
    "enclu\n\t"
    "mov %r10, %rbx\n\t"
    "mov $4, %eax\n\t"
    "enclu\n\t"
    ".balign 64\n"
    "1:\n\t"
    ".quad 0x203\n\t" /* SECINFO: PT_REG, R and W */
    ".fill 7, 8, 0\n\t"
    ".popsection");

TEST(set_tf, "an enclave that sets TF is not stepped through")
{
	struct sgx_enclave_run run = { 0 };
	u8 *code = page_alloc(1);
	void *zeros = page_alloc(2);
	u8 *stack = page_alloc(1);
	struct sgx_tcs *tcs = page_alloc(1);
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_tcs(tcs);
	tiny_add_tcs(&encl, tcs);
	memcpy(code, set_tf_code, sizeof(set_tf_code));
	ASSERT_OK(encl_add(&encl, TINY_CODE, code, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE));
	ASSERT_OK(encl_add(&encl, TINY_SSA, zeros, 2 * PAGE, ENCL_RW, 0));
	ASSERT_OK(encl_sign(&encl, test_key()));
	ASSERT_OK(encl_init(&encl));
	tiny_map(&encl);
	run.tcs = encl.secs.baseaddr + TINY_TCS;
	ASSERT_OK(enter(&run, SGX_EENTER, stack + PAGE / 2));
	ASSERT_EQ(run.function, SGX_EEXIT);
}

TEST(own_aep_fault, "with an AEP of its own, a page fault and its address")
{
	struct op op = { .op = OP_READ };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;
	u64 page;

	guest_open(&guest);
	page = guest_symbol(&guest, "data_pages");
	guest_write(&guest, 0, page + 0x128, 0x5555);
	ASSERT_OK(mprotect((void *)page, PAGE, PROT_NONE));
	catch_all();
	op.arg[0] = page + 0x128;
	raw_entry(&raw, &guest, &op);
	ASSERT_EQ(raw_signal(&raw), SIGSEGV);
	ASSERT_EQ(caught.code, SEGV_ACCERR);
	/* The page, and not where in it. */
	ASSERT_EQ(caught.addr, page);
	ASSERT_EQ(caught.reg[REG_CR2], page);
	ASSERT_EQ(caught.reg[REG_TRAPNO], SGX_VECTOR_PF);
	check_synthetic(&guest, &raw, raw_aep_resume);

	ASSERT_OK(mprotect((void *)page, PAGE, PROT_READ));
	raw.in[RAX] = SGX_ERESUME;
	raw_enclu(&raw);
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT_EQ(op.ret, 0x5555);
}

TEST(own_aep_epcm, "with an AEP of its own, an access that the EPCM forbids")
{
	struct op op = { .op = OP_READ };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;

	guest_open(&guest);
	/* Mapped for reading and writing; but a TCS. */
	op.arg[0] = guest.tcs + PAGE + 8;
	catch_all();
	raw_entry(&raw, &guest, &op);
	ASSERT_EQ(raw_signal(&raw), SIGSEGV);
	ASSERT_EQ(caught.code, SEGV_ACCERR);
	ASSERT_EQ(caught.addr, guest.tcs + PAGE);
	ASSERT_EQ(caught.reg[REG_ERR], SGX_PFEC_SGX | SGX_PFEC_U | SGX_PFEC_P);
}

TEST(own_aep_looks, "the code at an AEP finds nothing of the enclave")
{
	struct op_regs *regs = page_alloc(1);
	struct op op = { .op = OP_REGS, .arg = { (u64)regs } };
	struct raw raw = { .stack = entry_stack() };
	struct guest guest;
	unsigned int aex;
	unsigned int i;

	guest_open(&guest);
	memset(regs, 0xa7, sizeof(*regs));
	regs->spin = 20000000;
	regs->rflags[0] = 0x202;
	regs->mxcsr[0] = 0x1f80;
	regs->fcw[0] = 0x37f;
	for (i = 0; i < 8; i++)
		regs->st[0][i] = i;
	for (i = 0; i < 16; i++)
		raw.in[i] = 0x1010101010101010UL * i;
	raw.in[RAX] = SGX_EENTER;
	raw.in[RBX] = guest.tcs;
	raw.in[RCX] = (u64)raw_aep;
	raw.in[RDI] = (u64)&op;
	/*
	 * Nothing of the enclave has been touched: there are page faults that
	 * the kernel resolves, and interrupts, but no signals.
	 */
	for (aex = 0; aex < 1000; aex++) {
		raw_enclu(&raw);
		if (raw.path == RAW_PATH_EEXIT)
			break;
		ASSERT_EQ(raw.path, RAW_PATH_AEP);
		ASSERT_EQ(raw.out[RAX], SGX_ERESUME);
		ASSERT_EQ(raw.out[RBX], guest.tcs);
		ASSERT_EQ(raw.out[RCX], raw_aep);
		ASSERT_EQ(raw.out[RSP], raw.rsp);
		for (i = RSI; i < 16; i++)
			ASSERT_EQ(raw.out[i], 0);
		ASSERT_EQ(raw.out[RDX], 0);
		for (i = 160; i < 160 + 256; i++)
			ASSERT_EQ(raw.fx[i], 0);
		raw.in[RAX] = SGX_ERESUME;
	}
	ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
	ASSERT(aex > 0);
	for (i = 0; i < 15; i++)
		ASSERT_EQ(regs->gpr[1][i], regs->gpr[0][i]);
}

TEST(fork_child, "a child of a process with enclaves: ENCLU works as there")
{
	struct raw raw = { .stack = entry_stack(), .in[RAX] = 8 };
	struct guest guest;
	int status;
	pid_t pid;

	guest_open(&guest);
	GUEST_OP(&guest, 0, .op = OP_NOP);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		catch_all();
		GUEST_OP(&guest, 0, .op = OP_NOP);
		ASSERT_EQ(raw_signal(&raw), SIGSEGV);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	GUEST_OP(&guest, 0, .op = OP_NOP);
}
