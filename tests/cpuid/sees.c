// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What a program sees whose CPUID instructions, and those of its libraries, are
 * answered by softsgx. The reference is the processor itself: CPUID in code
 * that the program has written into anonymous memory, which nobody answers.
 *
 * SOFTSGX_EPC_SIZE is the size of the EPC in bytes.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cpuid.h>
#include "../uapi/harness.h"
#include "cpuid.h"

#define SGX_LEAF 0x12
#define SGX	 (1U << 2)  /* leaf 7: EBX */
#define SGX_LC	 (1U << 30) /* leaf 7: ECX */

typedef void (*cpuid_fn)(uint32_t leaf, uint32_t subleaf, struct cpuid *out);

static cpuid_fn native;

/* The processor's own answers; the leaves that name it stay those of one. */
__attribute__((constructor)) static void make_native(void)
{
	/* The code of cpuid() in insn.S. */
	static const uint8_t code[] = {
		0x53,			/* push %rbx */
		0x49, 0x89, 0xd0,	/* mov %rdx, %r8 */
		0x89, 0xf8,		/* mov %edi, %eax */
		0x89, 0xf1,		/* mov %esi, %ecx */
		0x0f, 0xa2,		/* cpuid */
		0x41, 0x89, 0x00,	/* mov %eax, (%r8) */
		0x41, 0x89, 0x58, 0x04, /* mov %ebx, 4(%r8) */
		0x41, 0x89, 0x48, 0x08, /* mov %ecx, 8(%r8) */
		0x41, 0x89, 0x50, 0x0c, /* mov %edx, 12(%r8) */
		0x5b,			/* pop %rbx */
		0xc3,			/* ret */
	};
	cpu_set_t cpus;
	void *page;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		abort();
	memcpy(page, code, sizeof(code));
	native = (cpuid_fn)page;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		abort();
}

static bool same(const struct cpuid *a, const struct cpuid *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* What the answer has to be. */
static struct cpuid wanted(uint32_t leaf, uint32_t subleaf)
{
	uint64_t epc = strtoull(getenv("SOFTSGX_EPC_SIZE"), NULL, 0);
	struct cpuid out, max;

	native(0, 0, &max);
	native(leaf, subleaf, &out);
	if (leaf == 0 && out.eax < SGX_LEAF) {
		out.eax = SGX_LEAF;
	} else if (leaf == 7 && !subleaf) {
		out.ebx |= SGX;
		out.ecx |= SGX_LC;
	} else if (leaf == SGX_LEAF) {
		memset(&out, 0, sizeof(out));
		switch (subleaf) {
		case 0:
			/* SGX1, SGX2, EDECCSSA; EXINFO; 2^31 and 2^46 bytes */
			out = (struct cpuid){ 0x803, 1, 0, 46 << 8 | 31 };
			break;
		case 1:
			/* what the platform gives: see the test of it */
			cpuid(leaf, subleaf, &out);
			break;
		case 2:
			cpuid(leaf, subleaf, &out);
			out.eax = (out.eax & ~0xfffU) | 1;
			out.ebx &= 0xfffff;
			out.ecx = (uint32_t)epc | 1;
			out.edx = epc >> 32;
			break;
		}
	} else if (leaf > max.eax && leaf < SGX_LEAF) {
		memset(&out, 0, sizeof(out));
	}
	return out;
}

static void check(cpuid_fn ask, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid want = wanted(leaf, subleaf), got;

	memset(&got, 0xee, sizeof(got));
	ask(leaf, subleaf, &got);
	if (!same(&got, &want))
		test_fail(__FILE__, __LINE__,
			  "leaf %x.%x: %08x %08x %08x %08x, not %08x %08x %08x "
			  "%08x",
			  leaf, subleaf, got.eax, got.ebx, got.ecx, got.edx,
			  want.eax, want.ebx, want.ecx, want.edx);
}

static void check_all(cpuid_fn ask)
{
	uint32_t leaf, subleaf;

	for (subleaf = 0; subleaf < 4; subleaf++) {
		for (leaf = 0; leaf <= 0x24; leaf++)
			check(ask, leaf, subleaf);
		for (leaf = 0x40000000; leaf < 0x40000003; leaf++)
			check(ask, leaf, subleaf);
		for (leaf = 0x80000000; leaf < 0x80000022; leaf++)
			check(ask, leaf, subleaf);
	}
	check(ask, 7, ~0U);
	check(ask, SGX_LEAF, ~0U);
	check(ask, ~0U, 0);
}

TEST(leaves_program, "the program sees SGX, and else what the processor says")
{
	check_all(cpuid);
}

TEST(leaves_library, "so does a library that it is linked to")
{
	check_all(lib_cpuid);
}

TEST(leaves_loaded, "so does a library that it loads later")
{
	void *handle = dlopen(getenv("CPUID_TEST_PLUGIN"), RTLD_NOW);
	cpuid_fn ask;

	if (!handle)
		test_fail(__FILE__, __LINE__, "%s", dlerror());
	ask = (cpuid_fn)dlsym(handle, "plugin_cpuid");
	ASSERT(ask);
	check_all(ask);
	ASSERT_OK(dlclose(handle));
	handle = dlopen(getenv("CPUID_TEST_PLUGIN"), RTLD_NOW);
	ASSERT(handle);
	ask = (cpuid_fn)dlsym(handle, "plugin_cpuid");
	ASSERT(ask);
	check(ask, SGX_LEAF, 0);
}

TEST(macro, "CPUID that the compiler has put in line is answered")
{
	uint32_t eax, ebx, ecx, edx;

	ASSERT(__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx));
	ASSERT(ebx & SGX);
	ASSERT(ecx & SGX_LC);
	/* It refuses leaves beyond the maximum that leaf 0 gives. */
	ASSERT(__get_cpuid_count(SGX_LEAF, 0, &eax, &ebx, &ecx, &edx));
	ASSERT_EQ(eax, 0x803);
}

TEST(attributes, "leaf 12H.1 has the attributes, and XFRM out of XCR0")
{
	uint32_t low, high;
	struct cpuid out;
	uint64_t xcr0;

	cpuid(SGX_LEAF, 1, &out);
	/* INIT is no attribute that one can ask for; DEBUG, MODE64BIT,
	 * PROVISIONKEY and EINITTOKEN_KEY, KSS are.
	 */
	ASSERT_EQ(out.eax & 0xb6, 0xb6);
	ASSERT_EQ(out.ebx, 0);
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	xcr0 = (uint64_t)high << 32 | low;
	ASSERT_EQ(out.ecx & 3, 3);
	ASSERT_EQ((out.ecx | (uint64_t)out.edx << 32) & ~xcr0, 0);
}

TEST(epc, "leaf 12H.2 is an EPC section, 12H.3 none")
{
	struct cpuid out;

	cpuid(SGX_LEAF, 2, &out);
	ASSERT_EQ(out.eax & 0xfff, 1);
	ASSERT(out.eax & ~0xfffU || out.ebx);
	ASSERT_EQ(out.ecx & 0xfff, 1);
	cpuid(SGX_LEAF, 3, &out);
	ASSERT_EQ(out.eax | out.ebx | out.ecx | out.edx, 0);
}

TEST(registers, "the upper halves of the four become zero, the rest stays")
{
	struct cpuid want = wanted(SGX_LEAF, 0);
	struct frame frame = {
		.rax = 0xdeadbeef00000000ULL | SGX_LEAF,
		.rbx = ~0ULL,
		.rcx = 0xdeadbeef00000000ULL,
		.rdx = ~0ULL,
		.rflags = 0xcd7, /* CF PF AF ZF SF OF DF, and IF is on anyway */
	};
	unsigned int i;

	cpuid_frame(&frame);
	ASSERT_EQ(frame.rax, want.eax);
	ASSERT_EQ(frame.rbx, want.ebx);
	ASSERT_EQ(frame.rcx, want.ecx);
	ASSERT_EQ(frame.rdx, want.edx);
	ASSERT_EQ(frame.rflags & 0xcd5, 0xcd5);
	for (i = 0; i < 10; i++)
		ASSERT_EQ(frame.others[i], OTHERS);
}

static void check_twice(void (*ask)(uint32_t, uint32_t, struct cpuid *),
			uint32_t leaf, uint32_t subleaf)
{
	struct cpuid first = wanted(leaf, subleaf);
	struct cpuid want = wanted(first.eax, first.ecx), got;

	ask(leaf, subleaf, &got);
	ASSERT(same(&got, &want));
}

TEST(twice, "two CPUIDs in a row are two answers")
{
	/* The maximum is 12H, so the second asks for leaf 12H. */
	check_twice(cpuid_twice, 0, 0);
	check_twice(lib_cpuid_twice, 0, 0);
	check_twice(cpuid_twice, SGX_LEAF, 3);
	check_twice(cpuid_twice, 7, 0);
}

TEST(last, "CPUID at the end of a page, before RET, is answered")
{
	ASSERT_EQ(cpuid_ret(SGX_LEAF, 0), 0x803);
	ASSERT_EQ(lib_cpuid_ret(SGX_LEAF, 0), 0x803);
}

TEST(jump, "a jump behind CPUID is only a jump")
{
	ASSERT_EQ(cpuid_jump(SGX_LEAF, 1000), 1000);
	ASSERT_EQ(lib_cpuid_jump(SGX_LEAF, 1), 1);
}

/* ---- at once ---- */

#define THREADS 8
#define ROUNDS	400

static void *ask_often(void *arg)
{
	cpuid_fn ask = (uintptr_t)arg & 1 ? cpuid : lib_cpuid;
	cpu_set_t cpus;
	int i;

	CPU_ZERO(&cpus);
	CPU_SET((uintptr_t)arg / 2 % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus))
		abort();
	for (i = 0; i < ROUNDS; i++) {
		check(ask, 7, 0);
		check(ask, SGX_LEAF, i % 4);
		check(ask, 1, 0);
	}
	return NULL;
}

TEST(threads, "eight threads at once, each on its processor")
{
	pthread_t threads[THREADS];
	uintptr_t i;

	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, ask_often,
					 (void *)i));
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
}

static void *die_asking(void *arg)
{
	struct cpuid out;

	for (;;) {
		cpuid(SGX_LEAF, 0, &out);
		if (out.eax != 0x803)
			abort();
	}
	return arg;
}

TEST(killed, "processes killed while they ask")
{
	pthread_t thread;
	int i, j, status;
	pid_t pid;

	for (i = 0; i < 50; i++) {
		pid = fork();
		ASSERT(pid >= 0);
		if (!pid) {
			for (j = 0; j < 3; j++)
				pthread_create(&thread, NULL, die_asking, NULL);
			die_asking(NULL);
		}
		usleep(2000 + 300 * i);
		ASSERT_OK(kill(pid, SIGKILL));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

static volatile sig_atomic_t signals_taken;
static volatile sig_atomic_t wrong;

static void on_signal(int sig)
{
	struct cpuid out;

	(void)sig;
	lib_cpuid(SGX_LEAF, 0, &out);
	if (out.eax != 0x803)
		wrong = 1;
	/* The same instruction as the one interrupted. */
	cpuid(0, 0, &out);
	if (out.eax < SGX_LEAF)
		wrong = 1;
	signals_taken++;
}

TEST(signals, "a storm of signals whose handlers ask, too")
{
	struct itimerval timer = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = on_signal };
	time_t end = time(NULL) + 3;

	ASSERT_OK(sigaction(SIGPROF, &action, NULL));
	ASSERT_OK(setitimer(ITIMER_PROF, &timer, NULL));
	while (time(NULL) < end) {
		check(cpuid, SGX_LEAF, 0);
		check(cpuid, 7, 0);
		check(lib_cpuid, SGX_LEAF, 2);
	}
	memset(&timer, 0, sizeof(timer));
	ASSERT_OK(setitimer(ITIMER_PROF, &timer, NULL));
	ASSERT(!wrong);
	ASSERT(signals_taken > 10);
}

TEST(forks, "children see what their parent sees, before and after exec")
{
	char *args[] = { "sees", "leaf 12H.2", NULL };
	int i, status;
	pid_t pid;

	for (i = 0; i < 100; i++) {
		pid = fork();
		ASSERT(pid >= 0);
		if (!pid) {
			check(cpuid, SGX_LEAF, 0);
			check(lib_cpuid, 7, 0);
			_exit(0);
		}
		check(cpuid, SGX_LEAF, 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_EQ(status, 0);
	}
	pid = vfork();
	ASSERT(pid >= 0);
	if (!pid) {
		execv("/proc/self/exe", args);
		_exit(1);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

TEST(single_step, "a debugger steps over CPUID as over one instruction")
{
	struct user_regs_struct regs;
	uint64_t rip = 0;
	bool after = false;
	int status, steps;
	pid_t pid;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		struct cpuid out;

		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		cpuid(SGX_LEAF, 0, &out);
		_exit(out.eax == 0x803 ? 0 : 1);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFSTOPPED(status));
	for (steps = 0; steps < 20000; steps++) {
		ASSERT_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		ASSERT_EQ(WSTOPSIG(status), SIGTRAP);
		ASSERT_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
		if (rip) {
			ASSERT_EQ(regs.rip, rip + 2);
			ASSERT_EQ(regs.rax, 0x803);
			after = true;
			ASSERT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
			ASSERT_EQ(waitpid(pid, &status, 0), pid);
			break;
		}
		/* The CPUID is 8 bytes from the start of cpuid(). */
		if (regs.rip == (uintptr_t)cpuid + 8)
			rip = regs.rip;
	}
	ASSERT(after);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(WEXITSTATUS(status), 0);
}
