// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/membarrier.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "lib.h"

/* A file that lies next to the test program. */
const char *test_file(const char *name)
{
	static char path[PATH_MAX];
	char self[PATH_MAX];
	ssize_t len;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	ASSERT(len > 0);
	self[len] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dirname(self), name);
	return path;
}

EVP_PKEY *test_key(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = sign_load_key(test_file("key.pem"));
	ASSERT(key);
	return key;
}

EVP_PKEY *test_other_key(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = sign_load_key(test_file("other.pem"));
	ASSERT(key);
	return key;
}

void *vdso_enter_enclave(void)
{
	static void *enter;

	if (!enter)
		enter = vdso_symbol("__vdso_sgx_enter_enclave");
	ASSERT(enter);
	return enter;
}

#define ENTRY_STACK (64 * 1024)
#define ENTRY_DEPTH 3

__thread unsigned int entry_depth;

void *entry_stack(void)
{
	static __thread u8 stacks[ENTRY_DEPTH][ENTRY_STACK]
		__attribute__((aligned(16)));

	ASSERT(entry_depth < ENTRY_DEPTH);
	return stacks[entry_depth] + ENTRY_STACK;
}

int enter(struct sgx_enclave_run *run, unsigned int function, void *arg)
{
	void *stack = entry_stack();
	int ret;

	entry_depth++;
	ret = enter_on(stack, vdso_enter_enclave(), run, function, arg);
	entry_depth--;
	return ret;
}

void *page_alloc(unsigned int n)
{
	void *page = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(page != MAP_FAILED);
	return page;
}

bool processor_raises_xm(void)
{
	static const u32 unmasked = 0x1d80;
	int status;
	pid_t pid;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		asm volatile("ldmxcsr %0\n\t"
			     "movss %1, %%xmm1\n\t"
			     "xorps %%xmm0, %%xmm0\n\t"
			     "divss %%xmm0, %%xmm1"
			     :
			     : "m"(unmasked), "m"((const float){ 1.0f })
			     : "xmm0", "xmm1");
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		printf("  this processor does not raise #XM\n");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGFPE;
}

void tiny_open(struct enclave *encl)
{
	ASSERT_OK(encl_open(encl, TINY_SIZE));
}

void tiny_open_flags(struct enclave *encl, int flags)
{
	int fd;

	tiny_open(encl);
	fd = open("/dev/sgx_enclave", flags | O_CLOEXEC);
	ASSERT(fd >= 0);
	ASSERT(dup2(fd, encl->fd) == encl->fd);
	close(fd);
}

void tiny_tcs(struct sgx_tcs *tcs)
{
	memset(tcs, 0, sizeof(*tcs));
	tcs->ossa = TINY_SSA;
	tcs->nssa = 1;
	tcs->oentry = TINY_CODE;
	tcs->fslimit = 0xfff;
	tcs->gslimit = 0xfff;
}

static void add_code(struct enclave *encl, const u8 *code, size_t len)
{
	u8 *page = page_alloc(1);

	memcpy(page, code, len);
	ASSERT_OK(encl_add(encl, TINY_CODE, page, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE));
	munmap(page, PAGE);
}

void tiny_add_code(struct enclave *encl)
{
	/* mov %rcx, %rbx; mov $4, %eax; enclu; ud2 */
	static const u8 code[] = { 0x48, 0x89, 0xcb, 0xb8, 0x04, 0x00, 0x00,
				   0x00, 0x0f, 0x01, 0xd7, 0x0f, 0x0b };

	add_code(encl, code, sizeof(code));
}

void tiny_add_tcs(struct enclave *encl, const struct sgx_tcs *tcs)
{
	void *page = page_alloc(1);

	memcpy(page, tcs, PAGE);
	ASSERT_OK(encl_add(encl, TINY_TCS, page, PAGE, ENCL_TCS,
			   SGX_PAGE_MEASURE));
	munmap(page, PAGE);
}

static void add_ssa(struct enclave *encl)
{
	void *zeros = page_alloc(2);

	ASSERT_OK(encl_add(encl, TINY_SSA, zeros, 2 * PAGE, ENCL_RW,
			   SGX_PAGE_MEASURE));
	munmap(zeros, 2 * PAGE);
}

void tiny_add(struct enclave *encl)
{
	struct sgx_tcs tcs;

	tiny_tcs(&tcs);
	tiny_add_tcs(encl, &tcs);
	tiny_add_code(encl);
	add_ssa(encl);
}

void tiny_map(struct enclave *encl)
{
	ASSERT_OK(encl_map(encl, TINY_TCS, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_OK(encl_map(encl, TINY_CODE, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_OK(encl_map(encl, TINY_SSA, 2 * PAGE, PROT_READ | PROT_WRITE));
}

struct sgx_enclave_run tiny_enter(struct enclave *encl)
{
	struct sgx_enclave_run run = {
		.tcs = encl->secs.baseaddr + TINY_TCS,
	};

	ASSERT_OK(enter(&run, SGX_EENTER, NULL));
	return run;
}

void tiny_finish(struct enclave *encl)
{
	ASSERT_OK(encl_sign(encl, test_key()));
	ASSERT_OK(encl_init(encl));
	tiny_map(encl);
	ASSERT_EQ(tiny_enter(encl).function, SGX_EEXIT);
}

extern const u8 tiny_job_code[128];

asm(".pushsection .rodata\n"
    "tiny_job_code:\n\t"
    "mov %rcx, %r15\n\t"
    "mov (%rdi), %rax\n\t"
    "mov 0x8(%rdi), %rbx\n\t"
    "mov 0x10(%rdi), %rcx\n\t"
    "mov 0x18(%rdi), %rdx\n\t"
    "mov 0x20(%rdi), %rsi\n\t"
    "cmpl $2, %esi\n\t"
    "je 2f\n\t"
    "ja 3f\n\t"
    "cmpl $1, %esi\n\t"
    "je 1f\n\t"
    "mov (%rdx), %rdx\n\t" /* TINY_JOB_READ */
    "jmp 4f\n"
    "1:\tmov %rax, (%rdx)\n\t" /* TINY_JOB_WRITE */
    "jmp 4f\n"
    "2:\tenclu\n\t" /* TINY_JOB_ENCLU */
    "jmp 4f\n"
    "3:\tmovdqu (%rdx), %xmm0\n\t" /* TINY_JOB_STATE */
    "ud2\n"
    "4:\tmov %rdx, 0x18(%rdi)\n\t"
    "mov %r15, %rbx\n\t"
    "mov $4, %eax\n\t"
    "enclu\n"
    ".org tiny_job_code + 128\n"
    ".popsection");

void tiny_add_jobs(struct enclave *encl)
{
	struct sgx_tcs tcs;

	tiny_tcs(&tcs);
	tiny_add_tcs(encl, &tcs);
	add_code(encl, tiny_job_code, sizeof(tiny_job_code));
	add_ssa(encl);
}

struct sgx_enclave_run tiny_job(const struct enclave *encl, u64 tcs,
				struct tiny_job *job)
{
	struct sgx_enclave_run run = { .tcs = encl->secs.baseaddr + tcs };

	ASSERT_OK(enter(&run, SGX_EENTER, job));
	return run;
}

void still_good(void)
{
	struct enclave encl;

	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);
	encl_close(&encl);
}

int add_raw(int fd, struct sgx_enclave_add_pages *arg)
{
	return ioctl(fd, SGX_IOC_ENCLAVE_ADD_PAGES, arg);
}

void guest_open(struct guest *guest)
{
	struct enclave *encl = &guest->encl;

	ASSERT_OK(encl_open_elf(encl, test_file("enclave.elf")));
	encl->secs.miscselect = SGX_MISC_EXINFO;
	encl->secs.attributes.xfrm = 7;
	ASSERT_OK(encl_load_elf(encl, test_key()));
	guest->ssa = guest_symbol(guest, "ssa");
	guest->tcs = guest_symbol(guest, "tcs");
}

u64 guest_symbol(const struct guest *guest, const char *name)
{
	u64 addr = encl_symbol(&guest->encl, name);

	ASSERT(addr);
	return addr;
}

u64 guest_frame(const struct guest *guest, unsigned int thread,
		unsigned int frame)
{
	return guest->ssa + (thread * OP_NSSA + frame) * PAGE;
}

u64 guest_gpr(const struct guest *guest, unsigned int thread,
	      unsigned int frame, size_t field)
{
	return guest_frame(guest, thread, frame) + PAGE -
	       sizeof(struct sgx_gprsgx) + field;
}

struct sgx_enclave_run guest_enter(const struct guest *guest,
				   unsigned int thread, unsigned int function,
				   struct op *op)
{
	struct sgx_enclave_run run = { .tcs = guest->tcs + thread * PAGE };

	ASSERT_OK(enter(&run, function, op));
	return run;
}

u64 guest_op(const struct guest *guest, unsigned int thread, struct op op)
{
	struct sgx_enclave_run run;

	run = guest_enter(guest, thread, SGX_EENTER, &op);
	if (run.function != SGX_EEXIT)
		test_fail(__FILE__, __LINE__,
			  "op %lu: left by %u, vector %u, code %x, at %llx",
			  op.op, run.function, run.exception_vector,
			  run.exception_error_code, run.exception_addr);
	return op.ret;
}

u64 guest_read(const struct guest *guest, unsigned int thread, u64 addr)
{
	return GUEST_OP(guest, thread, .op = OP_READ, .arg = { addr });
}

void guest_write(const struct guest *guest, unsigned int thread, u64 addr,
		 u64 value)
{
	GUEST_OP(guest, thread, .op = OP_WRITE, .arg = { addr, value });
}

static u64 parameter(const char *name)
{
	char path[128];
	unsigned long value;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/softsgx/parameters/%s", name);
	file = fopen(path, "r");
	ASSERT(file);
	ASSERT_EQ(fscanf(file, "%lu", &value), 1);
	fclose(file);
	return value;
}

u64 epc_pages(void)
{
	return (parameter("epc_size") << 20) / PAGE;
}

u64 epc_used(void)
{
	return parameter("epc_in_use");
}

void epc_returned(void)
{
	struct timespec wait = { .tv_nsec = 10000000 };
	int i;

	for (i = 0; epc_used() && i < 1000; i++)
		nanosleep(&wait, NULL);
	ASSERT_EQ(epc_used(), 0);
}

/* The value of @key in a line of key=value; NULL if it is not there. */
static const char *stat_find(char *line, const char *key)
{
	size_t len = strlen(key);
	char *word, *rest;

	for (word = strtok_r(line, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest))
		if (!strncmp(word, key, len) && word[len] == '=')
			return word + len + 1;
	return NULL;
}

/*
 * The last line in which @key is @wanted; without @key the first one. An
 * enclave that is going may still be listed with the address of a newer one.
 */
static const char *stat_read(const char *name, const char *key,
			     const char *wanted)
{
	static char line[4096], found[4096];
	const char *value;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/softsgx/%s", name);
	file = fopen(path, "r");
	ASSERT(file);
	found[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		char copy[sizeof(line)];

		strcpy(copy, line);
		value = key ? stat_find(line, key) : "";
		if (!value || (key && strcmp(value, wanted)))
			continue;
		strcpy(found, copy);
		if (!key)
			break;
	}
	ASSERT_OK(fclose(file));
	if (found[0])
		return found;
	test_fail(__FILE__, __LINE__, "nothing in %s with %s=%s", path, key,
		  wanted);
}

const char *encl_stat_text(const struct enclave *encl, const char *key)
{
	static char line[4096];
	const char *value;
	char base[32];

	snprintf(base, sizeof(base), "%#llx",
		 (unsigned long long)encl->secs.baseaddr);
	strcpy(line, stat_read("enclaves", "base", base));
	value = stat_find(line, key);
	ASSERT(value);
	return value;
}

u64 encl_stat(const struct enclave *encl, const char *key)
{
	return strtoul(encl_stat_text(encl, key), NULL, 0);
}

u64 epc_stat(const char *key)
{
	char line[4096];
	const char *value;

	strcpy(line, stat_read("epc", NULL, NULL));
	value = stat_find(line, key);
	ASSERT(value);
	return strtoul(value, NULL, 0);
}

void guest_flags(const struct guest *guest, u64 flags)
{
	int fd = open("/proc/self/mem", O_RDWR);

	ASSERT(fd >= 0);
	ASSERT_EQ(pwrite(fd, &flags, sizeof(flags),
			 guest->tcs + offsetof(struct sgx_tcs, flags)),
		  sizeof(flags));
	close(fd);
}

void guest_debug(const struct guest *guest)
{
	guest_flags(guest, SGX_TCS_DBGOPTIN);
}

void raw_entry(struct raw *raw, const struct guest *guest, struct op *op)
{
	raw->in[RAX] = SGX_EENTER;
	raw->in[RBX] = guest->tcs;
	raw->in[RCX] = (u64)raw_aep_resume;
	raw->in[RDI] = (u64)op;
}

struct beside {
	pthread_t thread;
	void (*turn)(const void *arg);
	const void *arg;
	bool stop;
	u64 turns;
};

static void *beside_thread(void *data)
{
	struct beside *beside = data;

	while (!__atomic_load_n(&beside->stop, __ATOMIC_RELAXED)) {
		beside->turn(beside->arg);
		__atomic_fetch_add(&beside->turns, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

struct beside *beside_start(void (*turn)(const void *arg), const void *arg)
{
	struct beside *beside = calloc(1, sizeof(*beside));

	ASSERT(beside);
	beside->turn = turn;
	beside->arg = arg;
	ASSERT_OK(pthread_create(&beside->thread, NULL, beside_thread, beside));
	while (!__atomic_load_n(&beside->turns, __ATOMIC_RELAXED))
		sched_yield();
	return beside;
}

void beside_stop(struct beside *beside)
{
	__atomic_store_n(&beside->stop, true, __ATOMIC_RELAXED);
	ASSERT_OK(pthread_join(beside->thread, NULL));
	free(beside);
}

void remap(const void *arg)
{
	const struct remap *what = arg;

	ASSERT(mmap(what->page, PAGE, what->prot, MAP_SHARED | MAP_FIXED,
		    what->fd, what->offset) == what->page);
}

#define CHANGING 512

const void *changing_pages(void)
{
	/* There are pages, so that it takes a while. */
	return memset(page_alloc(CHANGING), 1, CHANGING * PAGE);
}

void change_mappings(const void *arg)
{
	void *pages = (void *)arg;

	ASSERT_OK(mprotect(pages, CHANGING * PAGE, PROT_READ));
	ASSERT_OK(mprotect(pages, CHANGING * PAGE, PROT_READ | PROT_WRITE));
}

void interrupt(const void *arg)
{
	(void)arg;
	ASSERT_OK(syscall(SYS_membarrier,
			  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0));
	ASSERT_OK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
			  0));
}
