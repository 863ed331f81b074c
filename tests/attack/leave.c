// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Ways out of an enclave that are neither an EEXIT nor an AEX: the kernel is
 * made to send a thread elsewhere with the registers of the inside, or the
 * enclave leaves something to the outside that an AEX has to put right.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/prctl.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "attack.h"

#define ON	""
#define OUTSIDE "self: outside the enclave"

static struct victim victim;

/*
 * Restartable sequences. All of the enclave is said to be one, whose abort
 * handler looks at the enclave's registers. A processor leaves the enclave
 * before the kernel looks where the thread is.
 */
#define SECRET 0x5ec2e75ec2e75ec2UL

/* As keep_secret wants it. */
enum { RBX_ARG, RCX_ARG, RDX_ARG, HERE, STOP, ARGS };

u64 keep_secret(u64 *args);
extern const u8 keep_secret_end[], sequence_aborted[];
volatile u64 sequence_r12;

asm("	.text\n"
    "	.long	0x53053053\n" /* RSEQ_SIG */
    "	.globl	sequence_aborted\n"
    "sequence_aborted:\n"
    "	mov	%r12, sequence_r12(%rip)\n"
    "	ud2\n");

static struct {
	u32 version;
	u32 flags;
	u64 start;
	u64 length;
	u64 abort;
} sequence __attribute__((aligned(32)));

/* The field rseq_cs of the thread's struct rseq. */
static volatile u64 *volatile registered;
static volatile u64 args[ARGS];

static void *keeper(void *unused)
{
	struct op op = { .op = OP_CALL, .arg = { 0, (u64)args } };
	struct sgx_enclave_run run;

	(void)unused;
	registered =
		(u64 *)((u8 *)__builtin_thread_pointer() + __rseq_offset + 8);
	if (attack_control()) {
		keep_secret((u64 *)args);
		return NULL;
	}
	op.arg[0] = guest_symbol(&victim.guest, "keep_secret");
	run = guest_enter(&victim.guest, 0, SGX_EENTER, &op);
	if (sequence_r12)
		attack_succeeded();
	ASSERT_EQ(run.function, SGX_EEXIT);
	return NULL;
}

static void on_sigill(int sig)
{
	(void)sig;
	if (sequence_r12 == SECRET)
		attack_succeeded();
	_exit(2);
}

static void sequence_start(pthread_t *thread)
{
	const struct sgx_secs *secs = &victim.guest.encl.secs;

	if (!__rseq_size)
		attack_impossible("no restartable sequences");
	sequence.start = secs->baseaddr;
	sequence.length = secs->size;
	if (attack_control()) {
		sequence.start = (u64)keep_secret;
		sequence.length = (u64)keep_secret_end - (u64)keep_secret;
	}
	sequence.abort = (u64)sequence_aborted;
	ASSERT_OK(syscall(SYS_membarrier,
			  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0,
			  0));
	ASSERT(signal(SIGILL, on_sigill) != SIG_ERR);
	ASSERT_OK(pthread_create(thread, NULL, keeper, NULL));
	while (!args[HERE])
		sched_yield();
}

/* The kernel forgets the sequence whenever it finds the thread elsewhere. */
static void sequence_try(void)
{
	*registered = (u64)&sequence;
	ASSERT_OK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
			  0, 0));
}

ATTACK(sequence_membarrier, "inside-rseq-membarrier", ON, OUTSIDE)
{
	unsigned long rounds = 0;
	pthread_t thread;

	victim_start(&victim);
	sequence_start(&thread);
	do {
		sequence_try();
		rounds++;
	} while (!time_is_up());
	args[STOP] = 1;
	ASSERT_OK(pthread_join(thread, NULL));
	attack_refused("%lu times", rounds);
}

static void nuisance(void *arg, unsigned int number)
{
	(void)arg;
	(void)number;
	sched_yield();
}

/*
 * The same without an interruption at the moment: the kernel may remember one
 * from outside, and look again when it has something else to do for the thread,
 * such as the slow path of a leaf.
 */
ATTACK(sequence_leaf, "inside-rseq-leaf", ON, OUTSIDE)
{
	struct crowd crowd = {};
	unsigned long rounds = 0;
	unsigned int i;
	pthread_t thread;
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	if (!attack_control()) {
		args[RBX_ARG] = page;
		args[RCX_ARG] = page + 1024;
		args[RDX_ARG] = page + 2048;
	}
	/* Enough of them that the thread has to share its processor. */
	for (i = 0; i < CROWD_MAX; i++)
		crowd_join(&crowd, nuisance, NULL, i);
	sequence_start(&thread);
	do {
		/* Translations are void after this. */
		ASSERT_OK(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE));
		*registered = (u64)&sequence;
		/* A leaf that had to wait for mprotect() would leave for it. */
		usleep(500);
		rounds++;
	} while (!time_is_up());
	args[STOP] = 1;
	ASSERT_OK(pthread_join(thread, NULL));
	crowd_end(&crowd);
	attack_refused("%lu times", rounds);
}

/*
 * A far jump to 32-bit code, which a processor refuses inside. Here it is an
 * exception there that ends it, and the thread must be in 64-bit code again
 * then: that is at its AEP.
 */
#define CODE_32BIT ((u8 *)0x10000)

static const struct {
	u32 offset;
	u16 segment;
} __attribute__((packed)) far_pointer = { 0x10000, 0x23 };

u64 go_32bit(const void *pointer);

static void on_sigill_32bit(int sig, siginfo_t *info, void *context)
{
	const greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	_exit((reg[REG_CSGSFS] & 0xffff) == 0x23);
}

ATTACK(far_jump, "inside-far-jump-to-32-bit", ON, OUTSIDE)
{
	struct sigaction action = { .sa_sigaction = on_sigill_32bit,
				    .sa_flags = SA_SIGINFO };
	struct op op = { .op = OP_CALL, .arg = { 0, (u64)&far_pointer } };
	struct sgx_enclave_run run;
	int status;
	pid_t pid;

	ASSERT(mmap(CODE_32BIT, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) != MAP_FAILED);
	memcpy(CODE_32BIT, "\x0f\x0b", 2); /* UD2 */
	victim_start(&victim);
	op.arg[0] = guest_symbol(&victim.guest, "go_32bit");
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		if (attack_control()) {
			ASSERT_OK(sigaction(SIGILL, &action, NULL));
			go_32bit(&far_pointer);
		}
		run = guest_enter(&victim.guest, 0, SGX_EENTER, &op);
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	/* In 32-bit code at the AEP there is nothing. */
	if (WIFSIGNALED(status) || WEXITSTATUS(status) == 1)
		attack_succeeded();
	ASSERT_EQ(status, 0);
	attack_refused("#GP");
}

/*
 * The signal trampoline in the vDSO of 32-bit programs, which the kernel diverts
 * for nobody. A 64-bit program can have that vDSO, as those do that restore
 * others.
 */
/* struct rt_sigframe_ia32 is larger, but for the FPU's state. */
#define FRAME_SIZE    512
#define FRAME_SIGMASK 252

u64 go_with_stack(const u64 *args);

/* Where it begins: the number of the call in EAX, and INT 80h. */
static u64 map_trampoline(void)
{
	static const char code[] = "\xb8\xad\x00\x00\x00\xcd\x80";
	char line[256], name[64];
	void *start, *end, *at;
	FILE *maps;

	maps = fopen("/proc/self/maps", "r");
	ASSERT(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%p-%p %*s %*s %*s %*s %63s", &start, &end,
			   name) == 3 &&
		    (!strncmp(name, "[vdso", 5) || !strncmp(name, "[vvar", 5)))
			ASSERT_OK(munmap(start, end - start));
	}
	fclose(maps);
	if (syscall(SYS_arch_prctl, ARCH_MAP_VDSO_32, 0) < 0)
		attack_impossible("no vDSO of 32-bit programs");

	maps = fopen("/proc/self/maps", "r");
	ASSERT(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%p-%p %*s %*s %*s %*s %63s", &start, &end,
			   name) == 3 &&
		    !strcmp(name, "[vdso]"))
			break;
	}
	fclose(maps);
	at = memmem(start, end - start, code, sizeof(code) - 1);
	ASSERT(at);
	return (u64)at;
}

static void *fsbase;

/*
 * The call has taken the mask of blocked signals from its frame; and FS, but
 * for an AEX.
 */
static void on_sigsegv(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	syscall(SYS_arch_prctl, ARCH_SET_FS, fsbase);
	(void)sig;
	(void)info;
	if (sigismember(&uc->uc_sigmask, SIGUSR1))
		attack_succeeded();
	if (uc->uc_mcontext.gregs[REG_TRAPNO] != SGX_VECTOR_GP)
		_exit(2);
	attack_refused("#GP");
}

ATTACK(trampoline, "inside-jump-to-sigreturn-of-32-bit-vdso", ON, OUTSIDE)
{
	static u8 frame[FRAME_SIZE] __attribute__((aligned(64)));
	static u8 stack[16 * PAGE];
	struct sigaction action = { .sa_sigaction = on_sigsegv,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	u64 to[2] = { 0, (u64)frame + 4 };
	struct op op = { .op = OP_CALL, .arg = { 0, (u64)to } };
	struct raw raw = { .stack = entry_stack() };
	const u64 mask = 1UL << (SIGUSR1 - 1);

	victim_start(&victim);
	fsbase = __builtin_thread_pointer();
	op.arg[0] = guest_symbol(&victim.guest, "go_with_stack");
	memcpy(frame + FRAME_SIGMASK, &mask, sizeof(mask));
	ASSERT_OK(sigaltstack(
		&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL));
	ASSERT_OK(sigaction(SIGSEGV, &action, NULL));
	to[0] = map_trampoline();
	if (attack_control())
		go_with_stack(to);

	raw.in[RAX] = SGX_EENTER;
	raw.in[RBX] = victim.guest.tcs;
	raw.in[RCX] = (u64)raw_aep_resume;
	raw.in[RDI] = (u64)&op;
	raw_enclu(&raw);
	ASSERT(!"it came back");
}
