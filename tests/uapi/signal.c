// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Signals, ptrace and other interruptions, while threads are inside. */
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/sha.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "lib.h"

#define THREADS 4

static struct guest guest;

/* What the handler of a thread saw. */
static __thread struct {
	unsigned long signals;
	unsigned long overruns;
	unsigned long inside; /* of the signals */
	unsigned long wrong;  /* a register of the enclave, or out of order */
	int last;
} seen;

/* Interrupted inside, the frame shows the AEP and nothing of the enclave. */
static bool frame_is_right(const ucontext_t *uc)
{
	const greg_t *reg = uc->uc_mcontext.gregs;
	const u8 *fx = (const u8 *)uc->uc_mcontext.fpregs;
	u64 base = guest.encl.secs.baseaddr;
	unsigned int i;

	if ((u64)reg[REG_RIP] - base < guest.encl.secs.size)
		return false;
	if (reg[REG_RAX] != SGX_ERESUME || reg[REG_RCX] != reg[REG_RIP] ||
	    (u64)reg[REG_RBX] - guest.tcs >= OP_THREADS * PAGE)
		return true; /* not at an AEP */
	seen.inside++;
	if (reg[REG_RDX] | reg[REG_RSI] | reg[REG_RDI] | reg[REG_R8] |
	    reg[REG_R9] | reg[REG_R10] | reg[REG_R11] | reg[REG_R12] |
	    reg[REG_R13] | reg[REG_R14] | reg[REG_R15])
		return false;
	for (i = 160; i < 160 + 256; i++)
		if (fx[i])
			return false;
	return true;
}

static void handler(int sig, siginfo_t *info, void *context)
{
	seen.signals++;
	if (info->si_code == SI_TIMER)
		seen.overruns += info->si_overrun;
	if (!frame_is_right(context))
		seen.wrong++;
	if (sig == SIGRTMIN) {
		if (info->si_value.sival_int != seen.last + 1)
			seen.wrong++;
		seen.last = info->si_value.sival_int;
	}
	/* Leave traces where the enclave's state must not be. */
	asm volatile("vpcmpeqd	%%ymm0, %%ymm0, %%ymm0\n\t"
		     "vmovdqa	%%ymm0, %%ymm7\n\t"
		     "vmovdqa	%%ymm0, %%ymm15\n\t"
		     "vzeroupper\n\t"
		     "fninit\n\t"
		     "fldpi\n\t"
		     "fninit"
		     :
		     :
		     : "xmm0", "xmm7", "xmm15");
}

static void install(int sig)
{
	struct sigaction action = { .sa_sigaction = handler,
				    .sa_flags = SA_SIGINFO | SA_RESTART };

	ASSERT_OK(sigaction(sig, &action, NULL));
}

/* A timer of 1 kHz that signals the calling thread. */
static timer_t start_timer(void)
{
	struct itimerspec period = { .it_interval.tv_nsec = 1000000,
				     .it_value.tv_nsec = 1000000 };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
		._sigev_un._tid = gettid(),
	};
	timer_t timer;

	ASSERT_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	ASSERT_OK(timer_settime(timer, 0, &period, NULL));
	return timer;
}

static u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static u64 hash_rounds;

static void hash_outside(u8 data[32], u64 rounds)
{
	while (rounds--)
		SHA256(data, 32, data);
}

/* So many that one entry takes about @wanted milliseconds, if nothing changes. */
static void calibrate(u64 wanted)
{
	u64 rounds = 20000;
	u8 data[32] = { 0 };
	u64 start;
	u64 ms;

	/* The first entry pages the enclave in. */
	GUEST_OP(&guest, 0, .op = OP_SHA256, .arg = { 1, (u64)data });
	start = now_ms();
	GUEST_OP(&guest, 0, .op = OP_SHA256, .arg = { rounds, (u64)data });
	ms = now_ms() - start;
	hash_rounds = rounds * wanted / (ms ? ms : 1);
}

struct worker {
	pthread_t thread;
	unsigned int number;
	u64 ms;
	u64 entries;
	unsigned long signals;
	unsigned long overruns;
	unsigned long inside;
	unsigned long wrong;
	u8 data[32];
	u8 expected[32];
	struct op_regs *regs;
	u64 spin;
	atomic_int tid;
};

static void worker_saw(struct worker *worker)
{
	worker->signals = seen.signals;
	worker->overruns = seen.overruns;
	worker->inside = seen.inside;
	worker->wrong = seen.wrong;
}

static void *hash_with_timer(void *data)
{
	struct worker *worker = data;
	timer_t timer;
	u64 start;

	start = now_ms();
	timer = start_timer();
	/* However fast the machine has become. */
	do {
		GUEST_OP(&guest, worker->number, .op = OP_SHA256,
			 .arg = { hash_rounds, (u64)worker->data });
		worker->entries++;
	} while (now_ms() - start < 1500 || seen.signals < 300);
	/* The last may be under way: let it come. */
	usleep(20000);
	worker->ms = now_ms() - start;
	ASSERT_OK(timer_delete(timer));
	worker_saw(worker);
	return NULL;
}

TEST(alarm_hash, "SIGALRM at 1 kHz into four threads that compute SHA-256")
{
	struct worker workers[THREADS] = { 0 };
	unsigned int i;

	guest_open(&guest);
	install(SIGALRM);
	calibrate(1000);
	for (i = 0; i < THREADS; i++) {
		workers[i].number = i;
		memset(workers[i].data, i + 1, 32);
		memset(workers[i].expected, i + 1, 32);
	}
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_create(&workers[i].thread, NULL,
					 hash_with_timer, &workers[i]));
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_join(workers[i].thread, NULL));
	for (i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		hash_outside(w->expected, w->entries * hash_rounds);
		printf("  thread %u: %lu ms, %lu signals, %lu inside, %lu "
		       "overruns\n",
		       i, w->ms, w->signals, w->inside, w->overruns);
		ASSERT(!memcmp(w->data, w->expected, 32));
		ASSERT_EQ(w->wrong, 0);
		/* Seconds, and each millisecond accounted for. */
		ASSERT(w->ms > 1000);
		ASSERT(w->signals + w->overruns + 50 > w->ms);
		ASSERT(w->signals + w->overruns < w->ms + 50);
		ASSERT(w->inside > w->signals / 2);
	}
}

static void *hash_only(void *data)
{
	struct worker *worker = data;

	atomic_store(&worker->tid, gettid());
	GUEST_OP(&guest, worker->number, .op = OP_SHA256,
		 .arg = { hash_rounds, (u64)worker->data });
	while (atomic_load(&worker->tid))
		usleep(1000);
	worker_saw(worker);
	return NULL;
}

#define QUEUED 3000

/* To one thread, waiting where the queue is full: none may be dropped. */
static void queue_signal(struct worker *worker, int number)
{
	siginfo_t info = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };

	info.si_value.sival_int = number;
	while (syscall(SYS_rt_tgsigqueueinfo, getpid(),
		       atomic_load(&worker->tid), SIGRTMIN, &info)) {
		ASSERT_EQ(errno, EAGAIN);
		usleep(1000);
	}
}

TEST(queued, "queued signals into four threads: each arrives once, in order")
{
	struct worker workers[THREADS] = { 0 };
	u8 expected[32] = { 0 };
	unsigned int i;
	int number;

	guest_open(&guest);
	install(SIGRTMIN);
	calibrate(3000);
	hash_outside(expected, hash_rounds);
	for (i = 0; i < THREADS; i++) {
		workers[i].number = i;
		ASSERT_OK(pthread_create(&workers[i].thread, NULL, hash_only,
					 &workers[i]));
		while (!atomic_load(&workers[i].tid))
			usleep(100);
	}
	for (number = 1; number <= QUEUED; number++) {
		for (i = 0; i < THREADS; i++)
			queue_signal(&workers[i], number);
		if (!(number % 16))
			usleep(1000);
	}
	for (i = 0; i < THREADS; i++)
		atomic_store(&workers[i].tid, 0);
	for (i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		ASSERT_OK(pthread_join(w->thread, NULL));
		printf("  thread %u: %lu signals, %lu inside\n", i, w->signals,
		       w->inside);
		ASSERT(!memcmp(w->data, expected, 32));
		ASSERT_EQ(w->signals, QUEUED);
		ASSERT_EQ(w->wrong, 0);
		ASSERT(w->inside > 0);
	}
}

static void regs_fill(struct op_regs *regs, u8 seed, u64 spin)
{
	unsigned int i;

	memset(regs, 0, sizeof(*regs));
	for (i = 0; i < sizeof(regs->gpr[0]); i++)
		((u8 *)regs->gpr[0])[i] = seed + 7 * i;
	for (i = 0; i < sizeof(regs->ymm[0]); i++)
		((u8 *)regs->ymm[0])[i] = seed + 11 * i;
	for (i = 0; i < 8; i++)
		regs->st[0][i] = 1.5 * i - seed;
	regs->spin = spin;
	regs->rflags[0] = 0x202;
	regs->mxcsr[0] = 0x3f80;
	regs->fcw[0] = 0x77f;
}

static bool regs_kept(const struct op_regs *regs)
{
	return !memcmp(regs->gpr[1], regs->gpr[0], sizeof(regs->gpr[0])) &&
	       !memcmp(regs->ymm[1], regs->ymm[0], sizeof(regs->ymm[0])) &&
	       !memcmp(regs->st[1], regs->st[0], sizeof(regs->st[0])) &&
	       regs->mxcsr[1] == regs->mxcsr[0] && regs->fcw[1] == regs->fcw[0];
}

/* Iterations of do_regs() in about @ms milliseconds. */
static u64 regs_spin(u64 ms)
{
	struct op_regs *regs = page_alloc(1);
	u64 start;
	u64 took;

	regs_fill(regs, 1, 1);
	GUEST_OP(&guest, 0, .op = OP_REGS, .arg = { (u64)regs });
	start = now_ms();
	regs_fill(regs, 1, 2000000);
	GUEST_OP(&guest, 0, .op = OP_REGS, .arg = { (u64)regs });
	took = now_ms() - start;
	return 2000000 * ms / (took ? took : 1);
}

static void *hold_registers(void *data)
{
	struct worker *worker = data;
	timer_t timer = start_timer();

	do {
		/* The enclave gives it back as it has left it: with no turns. */
		regs_fill(worker->regs, 0x30 + worker->number, worker->spin);
		GUEST_OP(&guest, worker->number, .op = OP_REGS,
			 .arg = { (u64)worker->regs });
		seen.wrong += !regs_kept(worker->regs);
	} while (seen.inside <= 100);
	ASSERT_OK(timer_delete(timer));
	worker_saw(worker);
	return NULL;
}

TEST(alarm_registers, "SIGALRM at 1 kHz into four threads: registers intact")
{
	struct worker workers[THREADS] = { 0 };
	unsigned int i;
	u64 spin;

	guest_open(&guest);
	install(SIGALRM);
	spin = regs_spin(500);
	for (i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].regs = page_alloc(1);
		workers[i].spin = spin;
		ASSERT_OK(pthread_create(&workers[i].thread, NULL,
					 hold_registers, &workers[i]));
	}
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_join(workers[i].thread, NULL));
	for (i = 0; i < THREADS; i++) {
		printf("  thread %u: %lu signals, %lu inside\n", i,
		       workers[i].signals, workers[i].inside);
		ASSERT_EQ(workers[i].wrong, 0);
	}
}

static volatile u64 nested_ret;

/* Enters the enclave at CSSA 1, as runtimes do to handle an exception. */
static void nesting_handler(int sig)
{
	(void)sig;
	seen.signals++;
	nested_ret = GUEST_OP(&guest, 0, .op = OP_CSSA);
}

TEST(nested_entry, "a handler enters the TCS that it interrupted")
{
	struct sigaction action = { .sa_handler = nesting_handler };
	struct op_regs *regs = page_alloc(1);
	timer_t timer;

	guest_open(&guest);
	regs_fill(regs, 9, regs_spin(500));
	ASSERT_OK(sigaction(SIGALRM, &action, NULL));
	timer = start_timer();
	do {
		GUEST_OP(&guest, 0, .op = OP_REGS, .arg = { (u64)regs });
		ASSERT(regs_kept(regs));
	} while (seen.signals <= 10);
	ASSERT_OK(timer_delete(timer));
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

static sigjmp_buf escape;

static void jumping_handler(int sig)
{
	(void)sig;
	siglongjmp(escape, 1);
}

/* An ENCLU that lacks a mapping, which a signal handler makes. */
static struct {
	u64 enclu;
	pid_t tid;
	bool armed;
	bool mapped; /* when RIP was that of the ENCLU */
	struct sgx_enclave_run run;
} late;

static void map_tcs(void)
{
	ASSERT_OK(encl_map(&guest.encl, guest.tcs - guest.encl.secs.baseaddr,
			   PAGE, PROT_READ | PROT_WRITE));
}

static void mapping_handler(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)sig;
	(void)info;
	if (!late.armed || (u64)uc->uc_mcontext.gregs[REG_RIP] != late.enclu)
		return;
	late.armed = false;
	map_tcs();
	late.mapped = true;
}

static void send_late(const void *arg)
{
	(void)arg;
	if (__atomic_load_n(&late.armed, __ATOMIC_RELAXED))
		syscall(SYS_tgkill, getpid(), late.tid, SIGUSR1);
	else
		sched_yield();
}

/* One that the driver does not know yet. */
static void *late_thread(void *arg)
{
	late.tid = syscall(SYS_gettid);
	late.mapped = false;
	__atomic_store_n(&late.armed, true, __ATOMIC_RELAXED);
	late.run = guest_enter(&guest, 0, SGX_EENTER, arg);
	__atomic_store_n(&late.armed, false, __ATOMIC_RELAXED);
	return NULL;
}

static const struct late_case {
	const char *situation;
	bool all;
} late_cases[] = {
	{ "its TCS", false },
	{ "the first page of an enclave", true },
};

/*
 * The slow path waits for the lock of the address space, and the signal comes
 * meanwhile: what it has found out is old when the ENCLU comes again.
 */
TEST_ROWS(late_map, late_cases, "a handler that interrupts EENTER maps")
{
	struct sigaction action = { .sa_sigaction = mapping_handler,
				    .sa_flags = SA_SIGINFO };
	const u8 *code = vdso_enter_enclave();
	struct op op = { .op = OP_NOP };
	struct beside *beside[3];
	unsigned int mapped = 0;
	pthread_t thread;
	unsigned int i;

	guest_open(&guest);
	while (memcmp(code, "\x0f\x01\xd7", 3))
		code++;
	late.enclu = (u64)code;
	if (row->all)
		ASSERT_OK(munmap((void *)guest.encl.secs.baseaddr,
				 guest.encl.secs.size));
	ASSERT_OK(sigaction(SIGUSR1, &action, NULL));
	beside[0] = beside_start(send_late, NULL);
	beside[1] = beside_start(change_mappings, changing_pages());
	beside[2] = beside_start(change_mappings, changing_pages());
	for (i = 0; i < 50; i++) {
		ASSERT_OK(munmap((void *)guest.tcs, PAGE));
		ASSERT_OK(pthread_create(&thread, NULL, late_thread, &op));
		ASSERT_OK(pthread_join(thread, NULL));
		if (!late.mapped) {
			map_tcs();
			continue;
		}
		mapped++;
		/* It has no SSA then. */
		if (row->all)
			ASSERT_EQ(late.run.exception_vector, SGX_VECTOR_PF);
		else
			ASSERT_EQ(late.run.function, SGX_EEXIT);
	}
	for (i = 0; i < 3; i++)
		beside_stop(beside[i]);
	printf("  %u of 50 at the ENCLU\n", mapped);
}

TEST(abandoned, "a handler that does not return: the frame stays in use")
{
	struct sigaction action = { .sa_handler = jumping_handler };
	volatile u64 here = 0;
	volatile u64 go = 0;
	struct op op = { .op = OP_SPIN, .arg = { (u64)&here, (u64)&go } };

	guest_open(&guest);
	ASSERT_OK(sigaction(SIGALRM, &action, NULL));
	if (!sigsetjmp(escape, 1)) {
		ualarm(100000, 0);
		guest_enter(&guest, 0, SGX_EENTER, &op);
		ASSERT(!"reached");
	}
	entry_depth = 0;
	ASSERT_EQ(here, 1);
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 1);
	go = 1;
	ASSERT_EQ(guest_enter(&guest, 0, SGX_ERESUME, NULL).function,
		  SGX_EEXIT);
	ASSERT_EQ(GUEST_OP(&guest, 0, .op = OP_CSSA), 0);
}

/* What a child and its parent tell each other, in memory that they share. */
static volatile struct {
	int ready; /* traced, if it is to be */
	int enough;
} * told;

/*
 * A child that is inside, with registers full of patterns, nearly all the time,
 * and with an own AEP, until that is enough.
 */
static pid_t inside_start(u8 seed, bool traced)
{
	struct op_regs *regs = page_alloc(1);
	u64 spin = regs_spin(300);
	pid_t pid;

	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(told != MAP_FAILED);
	pid = fork();
	ASSERT(pid >= 0);
	if (pid) {
		while (!told->ready)
			usleep(1000);
		return pid;
	}
	if (traced)
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
	told->ready = 1;
	while (!told->enough) {
		struct op op = { .op = OP_REGS, .arg = { (u64)regs } };
		struct raw raw = { .stack = entry_stack() };

		regs_fill(regs, seed, spin);
		raw_entry(&raw, &guest, &op);
		raw_enclu(&raw);
		ASSERT_EQ(raw.path, RAW_PATH_EEXIT);
		ASSERT(regs_kept(regs));
	}
	_exit(0);
}

/* Its registers have been right all the time. */
static void inside_stop(pid_t pid)
{
	int status;

	told->enough = 1;
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* What the others may see of a thread inside whose AEP is raw_aep_resume. */
static void synthetic(const struct user_regs_struct *regs,
		      const struct user_fpregs_struct *fp)
{
	u64 base = guest.encl.secs.baseaddr;
	unsigned int i;

	ASSERT_EQ(regs->rip, raw_aep_resume);
	ASSERT_EQ(regs->rax, SGX_ERESUME);
	ASSERT_EQ(regs->rbx, guest.tcs);
	ASSERT_EQ(regs->rcx, raw_aep_resume);
	ASSERT_EQ(regs->rdx | regs->rsi | regs->rdi | regs->r8 | regs->r9 |
			  regs->r10 | regs->r11 | regs->r12 | regs->r13 |
			  regs->r14 | regs->r15,
		  0);
	ASSERT(regs->rsp - base >= guest.encl.secs.size);
	for (i = 0; i < 64; i++)
		ASSERT_EQ(fp->xmm_space[i], 0);
	for (i = 0; i < 32; i++)
		ASSERT_EQ(fp->st_space[i], 0);
	ASSERT(regs->fs_base - base >= guest.encl.secs.size);
	ASSERT(regs->gs_base - base >= guest.encl.secs.size);
}

static bool stopped_inside(pid_t pid)
{
	struct user_regs_struct regs;
	struct user_fpregs_struct fp;
	u64 base = guest.encl.secs.baseaddr;

	ASSERT_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	ASSERT_OK(ptrace(PTRACE_GETFPREGS, pid, 0, &fp));
	ASSERT(regs.rip - base >= guest.encl.secs.size);
	if (regs.rip != (u64)raw_aep_resume)
		return false;
	synthetic(&regs, &fp);
	return true;
}

TEST(ptrace_regs, "a debugger sees the AEP and never a register of the enclave")
{
	unsigned int inside = 0;
	unsigned int stops;
	int status;
	pid_t pid;

	guest_open(&guest);
	pid = inside_start(0x41, true);
	for (stops = 0; inside < 50; stops++) {
		usleep(3000);
		ASSERT_OK(kill(pid, SIGSTOP));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		if (stopped_inside(pid))
			inside++;
		ASSERT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	}
	printf("  %u of %u stops were inside\n", inside, stops);
	inside_stop(pid);
}

/* A child that enters once, or resumes, stopped at its ENCLU. */
static pid_t stepped_start(u64 leaf)
{
	struct user_regs_struct regs;
	int status, steps;
	pid_t pid;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		struct op op = { .op = OP_CSSA };
		struct raw raw = { .stack = entry_stack() };

		raw_entry(&raw, &guest, &op);
		raw.in[RAX] = leaf;
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		raw_enclu(&raw);
		_exit(raw.path != RAW_PATH_EEXIT);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	for (steps = 0; steps < 100000; steps++) {
		ASSERT(WIFSTOPPED(status));
		ASSERT_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
		if (regs.rip == (u64)raw_at)
			return pid;
		ASSERT_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
	}
	test_fail(__FILE__, __LINE__, "no ENCLU in %d steps", steps);
}

/* One step more, to @rip. */
static void step_to(pid_t pid, u64 rip)
{
	struct user_regs_struct regs;
	siginfo_t info;
	int status;

	ASSERT_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	ASSERT_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	ASSERT_EQ(regs.rip, rip);
	ASSERT_OK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
	ASSERT_EQ(info.si_code, TRAP_TRACE);
}

/* It is left alone, and ends well. */
static void stepped_end(pid_t pid)
{
	int status;

	ASSERT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status) && !WEXITSTATUS(status));
}

TEST(step_over, "a debugger steps over an enclave as over one instruction")
{
	pid_t pid;

	guest_open(&guest);
	pid = stepped_start(SGX_EENTER);
	/* 3 bytes of ENCLU */
	step_to(pid, (u64)raw_at + 3);
	stepped_end(pid);
}

static u64 debug_word(u64 addr)
{
	int fd = open("/proc/self/mem", O_RDONLY);
	u64 word;

	ASSERT(fd >= 0);
	ASSERT_EQ(pread(fd, &word, sizeof(word), addr), sizeof(word));
	close(fd);
	return word;
}

/* @frame of the enclave says that no instruction of its was executed. */
static void check_step_into(unsigned int frame)
{
	u64 oentry = debug_word(guest.tcs + offsetof(struct sgx_tcs, oentry));
	u64 info;

	ASSERT_EQ(guest_read(&guest, 1, guest_gpr(&guest, 0, frame, GPR(rip))),
		  guest.encl.secs.baseaddr + oentry);
	info = guest_read(&guest, 1,
			  guest_gpr(&guest, 0, frame, GPR(exitinfo)));
	ASSERT_EQ((u32)info,
		  SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | SGX_VECTOR_DB);
}

TEST(step_into, "a debugger that opted in is told before the first instruction")
{
	pid_t pid;

	guest_open(&guest);
	guest_debug(&guest);
	pid = stepped_start(SGX_EENTER);
	step_to(pid, (u64)raw_aep_resume);
	check_step_into(0);
	stepped_end(pid);
}

TEST(step_notified,
     "and before the first of the handler of an AEX notification")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
	u64 exitinfo;
	pid_t pid;

	guest_open(&guest);
	guest_flags(&guest, SGX_TCS_DBGOPTIN | SGX_TCS_AEXNOTIFY);
	ASSERT_EQ(guest_enter(&guest, 0, SGX_EENTER, &op).exception_vector,
		  SGX_VECTOR_UD);
	exitinfo = guest_gpr(&guest, 0, 0, GPR(exitinfo));
	guest_write(&guest, 1, exitinfo,
		    guest_read(&guest, 1, exitinfo) |
			    1ULL << 8 * (GPR(aexnotify) - GPR(exitinfo)));
	pid = stepped_start(SGX_ERESUME);
	step_to(pid, (u64)raw_aep_resume);
	check_step_into(1);
	stepped_end(pid);
}

TEST(ptrace_attach, "a debugger that attaches to a thread inside")
{
	unsigned int inside = 0;
	unsigned int stops;
	int status;
	pid_t pid;

	guest_open(&guest);
	pid = inside_start(0x41, false);
	for (stops = 0; inside < 20; stops++) {
		usleep(5000);
		ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
		ASSERT_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT(WIFSTOPPED(status));
		if (stopped_inside(pid))
			inside++;
		ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	}
	printf("  %u of %u stops were inside\n", inside, stops);
	inside_stop(pid);
}

/* /proc/pid/mem, the same as PTRACE_PEEKDATA, of an own enclave. */
static ssize_t read_memory(u64 addr, void *buf, size_t len)
{
	int fd = open("/proc/self/mem", O_RDONLY);
	ssize_t ret;
	int error;

	ASSERT(fd >= 0);
	ret = pread(fd, buf, len, addr);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

TEST(debug_memory, "memory of a debug enclave can be read by a debugger")
{
	u64 value[3] = { 0 };
	u64 page;

	guest_open(&guest);
	page = guest_symbol(&guest, "data_pages");
	guest_write(&guest, 0, page + 16, 0x1122334455667788);
	ASSERT_EQ(read_memory(page + 8, value, sizeof(value)), sizeof(value));
	ASSERT_EQ(value[1], 0x1122334455667788);
	/* Not aligned, and not whole words. */
	ASSERT_EQ(read_memory(page + 19, value, 3), 3);
	ASSERT(!memcmp(value, "\x55\x44\x33", 3));
}

TEST(production_memory, "memory of any other enclave cannot: EIO")
{
	u64 value;

	ASSERT_OK(encl_open_elf(&guest.encl, test_file("enclave.elf")));
	guest.encl.secs.attributes.flags = SGX_ATTR_MODE64BIT;
	ASSERT_OK(encl_load_elf(&guest.encl, test_key()));
	guest.tcs = guest_symbol(&guest, "tcs");
	GUEST_OP(&guest, 0, .op = OP_NOP);
	ASSERT_ERRNO(read_memory(guest_symbol(&guest, "data_pages"), &value,
				 sizeof(value)),
		     EIO);
	GUEST_OP(&guest, 0, .op = OP_NOP);
}

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

/* Where a core dump goes to; before, it went to @old. */
static void core_pattern(const char *pattern, char *old, size_t size)
{
	FILE *file = fopen(CORE_PATTERN, "r+");

	if (!file)
		test_skip("needs %s", CORE_PATTERN);
	if (old)
		ASSERT(fgets(old, (int)size, file));
	rewind(file);
	fputs(pattern, file);
	ASSERT_OK(fclose(file));
}

/* A child dies inside, of #UD with all registers full, and leaves its core here. */
static void die_inside(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct op_regs *regs = page_alloc(1);
	struct op op = { .op = OP_REGS, .arg = { (u64)regs } };
	int status;
	pid_t pid;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		struct raw raw = { .stack = entry_stack() };

		ASSERT_OK(setrlimit(RLIMIT_CORE, &all));
		/* Shared mappings of files, too. */
		ASSERT_EQ(write(open("/proc/self/coredump_filter", O_WRONLY),
				"0xff", 4),
			  4);
		signal(SIGILL, SIG_DFL);
		regs_fill(regs, 0x41, 0);
		raw_entry(&raw, &guest, &op);
		raw_enclu(&raw);
		_exit(1);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
	ASSERT(WCOREDUMP(status));
}

static const void *core_note(const u8 *notes, size_t size, u32 type)
{
	const Elf64_Nhdr *note;
	size_t at, desc;

	for (at = 0; at < size; at = desc + ((note->n_descsz + 3) & ~3U)) {
		note = (const void *)(notes + at);
		desc = at + sizeof(*note) + ((note->n_namesz + 3) & ~3U);
		if (note->n_type == type)
			return notes + desc;
	}
	test_fail(__FILE__, __LINE__, "no note 0x%x in the core dump", type);
}

TEST(core_dump, "a core dump has the synthetic registers and no enclave page")
{
	/* Where XSAVE has the upper halves of YMM0 to YMM15. */
	const unsigned int upper = 576, upper_end = upper + 16 * 16;
	char dir[] = "/tmp/core-XXXXXX";
	const struct elf_prstatus *status;
	unsigned int segments = 0, i;
	const u8 *core, *notes, *xsave;
	const Elf64_Phdr *segment;
	const Elf64_Ehdr *elf;
	size_t notes_size = 0;
	char pattern[256];
	struct stat st;
	u64 base;
	int fd;

	guest_open(&guest);
	base = guest.encl.secs.baseaddr;
	/* All of its pages are there. */
	GUEST_OP(&guest, 0, .op = OP_NOP);
	ASSERT(mkdtemp(dir) && !chdir(dir));
	core_pattern("core", pattern, sizeof(pattern));
	die_inside();
	core_pattern(pattern, NULL, 0);
	fd = open("core", O_RDONLY | O_CLOEXEC);
	ASSERT(fd >= 0 && !fstat(fd, &st));
	core = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT(core != MAP_FAILED);
	unlink("core");
	rmdir(dir);

	elf = (const void *)core;
	segment = (const void *)(core + elf->e_phoff);
	notes = NULL;
	for (i = 0; i < elf->e_phnum; i++, segment++) {
		if (segment->p_type == PT_NOTE) {
			notes = core + segment->p_offset;
			notes_size = segment->p_filesz;
		} else if (segment->p_type == PT_LOAD &&
			   segment->p_vaddr - base < guest.encl.secs.size) {
			ASSERT_EQ(segment->p_filesz, 0);
			segments++;
		}
	}
	ASSERT(segments > 0);
	ASSERT(notes);
	status = core_note(notes, notes_size, NT_PRSTATUS);
	ASSERT_EQ(status->pr_cursig, SIGILL);
	synthetic((const void *)&status->pr_reg,
		  core_note(notes, notes_size, NT_FPREGSET));
	xsave = core_note(notes, notes_size, NT_X86_XSTATE);
	for (i = upper; i < upper_end; i++)
		ASSERT_EQ(xsave[i], 0);
}

TEST(stopped, "SIGSTOP and SIGCONT inside lose nothing")
{
	int status;
	pid_t pid;
	int i;

	guest_open(&guest);
	pid = inside_start(0x77, false);
	for (i = 0; i < 20; i++) {
		usleep(5000);
		ASSERT_OK(kill(pid, SIGSTOP));
		ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
		ASSERT(WIFSTOPPED(status));
		ASSERT_OK(kill(pid, SIGCONT));
	}
	inside_stop(pid);
}

/* Calls of functions on a processor that others have asked for: /proc/interrupts. */
static unsigned long calls_on(unsigned int cpu)
{
	char line[4096], *at;
	unsigned long n = 0;
	FILE *file;

	file = fopen("/proc/interrupts", "r");
	ASSERT(file);
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, "CAL:");
		if (!at)
			continue;
		at += strlen("CAL:");
		do
			n = strtoul(at, &at, 10);
		while (cpu--);
		break;
	}
	fclose(file);
	return n;
}

#define CHANGES 400

TEST(left_alone,
     "processors without a thread of an enclave are not interrupted")
{
	struct sgx_enclave_restrict_permissions restrict_arg;
	unsigned long before, after;
	cpu_set_t one;
	int i;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 ||
	    sched_setaffinity(0, sizeof(one), &one))
		test_skip("needs processors 0 and 1");
	guest_open(&guest);
	GUEST_OP(&guest, 0, .op = OP_NOP);
	before = calls_on(1);
	for (i = 0; i < CHANGES; i++) {
		restrict_arg = (struct sgx_enclave_restrict_permissions){
			.offset = guest_symbol(&guest, "data_pages") -
				  guest.encl.secs.baseaddr,
			.length = PAGE,
			.permissions = SGX_SECINFO_FL_R | SGX_SECINFO_FL_W,
		};
		ASSERT_OK(ioctl(guest.encl.fd,
				SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
				&restrict_arg));
	}
	after = calls_on(1);
	/* The kernel has reasons of its own for some. */
	ASSERT(after - before < CHANGES / 2);
}
