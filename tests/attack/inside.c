// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What must not be done inside an enclave, and what must not be done with its
 * code outside.
 *
 * No system call that is made inside is carried out, by whatever instruction
 * and whatever the program has arranged with the kernel for its system calls:
 * it is an invalid opcode with an AEX. The call is kill() to the parent process
 * of the one that makes it, which sees whether it was carried out. The control
 * makes the same call with the same instructions outside.
 */
#include <cpuid.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "attack.h"

#define ON	""
#define OUTSIDE "self: outside the enclave"

#define KILL_64 62
#define KILL_32 37

u64 sys_syscall(const u64 *args);
u64 sys_int80(const u64 *args);
u64 sys_sysenter(const u64 *args);
u64 sys_vsyscall(const u64 *args);
u64 leaf(const u64 *regs);
extern u8 at_syscall[], at_int80[], at_sysenter[];

static const struct way {
	const char *function;
	const char *instruction;
	u64 (*outside)(const u64 *args);
	u64 number;
} by_syscall = { "sys_syscall", "at_syscall", sys_syscall, KILL_64 },
  by_int80 = { "sys_int80", "at_int80", sys_int80, KILL_32 },
  by_sysenter = { "sys_sysenter", "at_sysenter", sys_sysenter, KILL_32 };

static struct victim victim;
static volatile sig_atomic_t killed;

static void on_usr1(int sig)
{
	(void)sig;
	killed = 1;
}

/*
 * In the child: the call, from inside. It has to be a #UD at the instruction,
 * and no register of the enclave's may look as if a call had returned.
 */
static void call_inside(const struct way *way, u64 function, u64 at)
{
	u64 args[3] = { way->number, getppid(), SIGUSR1 };
	struct op op = { .op = OP_CALL, .arg = { function, (u64)args } };
	const struct guest *guest = &victim.guest;
	struct sgx_enclave_run run;

	run = guest_enter(guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	ASSERT_EQ(run.exception_error_code, 0);
	ASSERT_EQ(guest_read(guest, 0, guest_gpr(guest, 0, 0, GPR(rip))), at);
	ASSERT_EQ(guest_read(guest, 0, guest_gpr(guest, 0, 0, GPR(rax))),
		  way->number);
}

static void call_outside(const struct way *way)
{
	u64 args[3] = { way->number, getppid(), SIGUSR1 };

	way->outside(args);
}

/* SYSENTER does not come back to 64-bit mode, wherever it was made. */
static bool child_may_die(const struct way *way)
{
	return attack_control() && way == &by_sysenter;
}

/*
 * @arrange is what the program has agreed with the kernel, in the process that
 * makes the call.
 */
static void attack_call(const struct way *way, void (*arrange)(void))
{
	u64 function, at;
	int status;
	pid_t pid;

	victim_start(&victim);
	function = guest_symbol(&victim.guest, way->function);
	at = guest_symbol(&victim.guest, way->instruction);
	ASSERT(signal(SIGUSR1, on_usr1) != SIG_ERR);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		if (arrange)
			arrange();
		if (attack_control())
			call_outside(way);
		else
			call_inside(way, function, at);
		/* By SYSCALL, which the arrangement may have something against.
		 */
		_exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		ASSERT_EQ(errno, EINTR);
	if (killed)
		attack_succeeded();
	if (!child_may_die(way))
		ASSERT_EQ(status, 0);
	attack_refused("#UD");
}

ATTACK(plain_syscall, "inside-syscall", ON, OUTSIDE)
{
	attack_call(&by_syscall, NULL);
}

ATTACK(plain_int80, "inside-int80", ON, OUTSIDE)
{
	attack_call(&by_int80, NULL);
}

/* AMD's processors do not have SYSENTER in 64-bit mode: a #UD by itself. */
static bool has_sysenter(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0, &eax, &ebx, &ecx, &edx) &&
	       ebx == signature_INTEL_ebx;
}

ATTACK(plain_sysenter, "inside-sysenter", ON,
       "self: outside the enclave, #UD as well on AMD")
{
	if (attack_control() && !has_sysenter()) {
		struct sigaction action = { .sa_handler = SIG_DFL };
		int status;
		pid_t pid = fork();

		ASSERT(pid >= 0);
		ASSERT_OK(sigaction(SIGILL, &action, NULL));
		if (!pid) {
			call_outside(&by_sysenter);
			_exit(0);
		}
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT(WIFSIGNALED(status));
		ASSERT_EQ(WTERMSIG(status), SIGILL);
		attack_succeeded();
	}
	attack_call(&by_sysenter, NULL);
}

/*
 * Syscall user dispatch of the program's own, which is the facility that the
 * driver uses: with the enclave as the range that is never diverted, and with a
 * selector that says that nothing is.
 */
#define DISPATCH_ON 1
static char selector;

static void dispatch_range(void)
{
	const struct sgx_secs *secs = &victim.guest.encl.secs;

	/* All of the address space: the child's own calls too. */
	(void)secs;
	ASSERT_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, PAGE,
			1UL << 47, &selector));
	selector = 1;
}

static void dispatch_selector(void)
{
	ASSERT_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, 0, 0,
			&selector));
	selector = 0;
}

ATTACK(range_syscall, "inside-syscall-dispatch-range", ON, OUTSIDE)
{
	attack_call(&by_syscall, dispatch_range);
}

ATTACK(range_int80, "inside-int80-dispatch-range", ON, OUTSIDE)
{
	attack_call(&by_int80, dispatch_range);
}

ATTACK(selector_syscall, "inside-syscall-dispatch-selector", ON, OUTSIDE)
{
	attack_call(&by_syscall, dispatch_selector);
}

ATTACK(selector_int80, "inside-int80-dispatch-selector", ON, OUTSIDE)
{
	attack_call(&by_int80, dispatch_selector);
}

/* A seccomp filter that allows everything. */
static void filter(unsigned int action)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KILL_64, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KILL_32, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = sizeof(insns) / sizeof(insns[0]),
		.filter = insns,
	};

	ASSERT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ASSERT_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static void filter_allow(void)
{
	filter(SECCOMP_RET_ALLOW);
}

/* One that would be told of the call, and would be killed for it. */
static void filter_log(void)
{
	filter(SECCOMP_RET_LOG);
}

ATTACK(seccomp_syscall, "inside-syscall-seccomp-allow", ON, OUTSIDE)
{
	attack_call(&by_syscall, filter_allow);
}

ATTACK(seccomp_int80, "inside-int80-seccomp-allow", ON, OUTSIDE)
{
	attack_call(&by_int80, filter_allow);
}

ATTACK(seccomp_log, "inside-syscall-seccomp-log", ON, OUTSIDE)
{
	attack_call(&by_syscall, filter_log);
}

/* Both at once. */
static void dispatch_and_filter(void)
{
	filter_allow();
	dispatch_range();
}

ATTACK(both, "inside-syscall-dispatch-and-seccomp", ON, OUTSIDE)
{
	attack_call(&by_syscall, dispatch_and_filter);
}

/*
 * The instruction is outside, and it is the enclave that jumps there, without
 * leaving. (A processor does not even fetch it.) With a dispatch range that is
 * the C library, as programs have it, there is somewhere to jump to.
 */
static void attack_call_from_inside_to_outside(void (*arrange)(void))
{
	const struct guest *guest = &victim.guest;
	struct sgx_enclave_run run;
	int status;
	pid_t pid;

	victim_start(&victim);
	ASSERT(signal(SIGUSR1, on_usr1) != SIG_ERR);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		u64 args[3] = { KILL_64, getppid(), SIGUSR1 };
		struct op op = { .op = OP_CALL,
				 .arg = { (u64)sys_syscall, (u64)args } };

		if (arrange)
			arrange();
		if (attack_control()) {
			sys_syscall(args);
			_exit(0);
		}
		run = guest_enter(guest, 0, SGX_EENTER, &op);
		ASSERT_EQ(run.function, SGX_ERESUME);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		ASSERT_EQ(errno, EINTR);
	if (killed)
		attack_succeeded();
	ASSERT_EQ(status, 0);
	attack_refused("left by an exception");
}

ATTACK(jump_out, "inside-jump-to-syscall-outside", ON, OUTSIDE)
{
	attack_call_from_inside_to_outside(NULL);
}

ATTACK(jump_out_range, "inside-jump-to-syscall-outside-dispatch", ON, OUTSIDE)
{
	attack_call_from_inside_to_outside(dispatch_range);
}

/*
 * A debugger has the thread's system calls emulated or reported: it sees none
 * of the inside.
 */
static void attack_traced(long request)
{
	u64 function, at;
	int stops = 0;
	int status;
	pid_t pid;

	victim_start(&victim);
	function = guest_symbol(&victim.guest, by_syscall.function);
	at = guest_symbol(&victim.guest, by_syscall.instruction);
	ASSERT(signal(SIGUSR1, on_usr1) != SIG_ERR);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		raise(SIGSTOP);
		if (attack_control())
			call_outside(&by_syscall);
		else
			call_inside(&by_syscall, function, at);
		__builtin_trap();
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFSTOPPED(status));
	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD));
	for (;;) {
		struct user_regs_struct regs;

		ASSERT_OK(ptrace(request, pid, NULL, NULL));
		while (waitpid(pid, &status, 0) != pid)
			ASSERT_EQ(errno, EINTR);
		ASSERT(WIFSTOPPED(status));
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			break;
		ASSERT_OK(ptrace(PTRACE_GETREGS, pid, NULL, &regs));
		/* Nor the end of a call that never began. */
		if (regs.orig_rax == KILL_64 || regs.orig_rax == -1UL)
			stops++;
		/* getppid() and the like are emulated, by doing nothing. */
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (killed || stops)
		attack_succeeded();
	attack_refused("#UD, no stop");
}

ATTACK(traced, "inside-syscall-traced", ON, OUTSIDE)
{
	attack_traced(PTRACE_SYSCALL);
}

/*
 * The vsyscall page, where the kernel, if it was booted so, carries out three
 * old system calls when they are jumped to.
 */
static bool has_vsyscall(void)
{
	int status;
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (!pid)
		_exit(sys_vsyscall(NULL) < 1000);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return !status;
}

ATTACK(vsyscall, "inside-jump-to-vsyscall", ON, OUTSIDE)
{
	const struct guest *guest = &victim.guest;
	struct sgx_enclave_run run;
	struct op op = { .op = OP_CALL };

	if (!has_vsyscall())
		attack_impossible("vsyscall=none");
	if (attack_control())
		attack_succeeded();

	victim_start(&victim);
	op.arg[0] = guest_symbol(guest, "sys_vsyscall");
	run = guest_enter(guest, 0, SGX_EENTER, &op);
	if (run.function == SGX_EEXIT)
		attack_succeeded();
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
	attack_refused("#GP");
}

/*
 * The enclave jumps out to a leaf that tells a secret: to a program of its own
 * choice a processor would not even go.
 */
ATTACK(jump_out_leaf, "inside-jump-to-egetkey-outside", ON,
       "self: inside the enclave")
{
	struct op op = { .op = OP_CALL };
	struct sgx_enclave_run run;
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	/* KEYREQUEST: the report key, which every enclave may have. */
	guest_write(&victim.guest, 0, page, 3);
	op.arg[0] = attack_control() ? guest_symbol(&victim.guest, "leaf")
				     : (u64)leaf;
	op.arg[1] = (u64)(u64[4]){ SGX_EGETKEY, page, page + 1024, 0 };
	run = guest_enter(&victim.guest, 0, SGX_EENTER, &op);
	if (run.function == SGX_EEXIT &&
	    guest_read(&victim.guest, 0, page + 1024))
		attack_succeeded();
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_GP);
	attack_refused("#GP");
}

/*
 * While the kernel begins with a system call of the inside, the thread is made
 * to leave, so that its registers are no longer the enclave's and it is not in
 * enclave mode any more. The call is setsid(), which needs no arguments: the
 * thread would be the leader of a session.
 */
#define SETSID_64 112

struct hurry {
	struct victim *victim;
	u64 page;
	unsigned int seed;
};

static void hurrier(void *arg, unsigned int number)
{
	struct hurry *hurry = arg;
	const struct enclave *encl = &hurry->victim->guest.encl;
	struct sgx_enclave_restrict_permissions restrict_arg = {
		.offset = hurry->page - encl->secs.baseaddr,
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};

	(void)number;
	/* It makes all threads leave, but they have to come to the call. */
	usleep(rand_r(&hurry->seed) % 500);
	ASSERT_OK(ioctl(encl->fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
			&restrict_arg));
}

static void call_in_a_hurry(u64 function, u64 at, unsigned long *rounds)
{
	u64 args[3] = { SETSID_64, 0, 0 };
	struct op op = { .op = OP_CALL, .arg = { function, (u64)args } };
	const struct guest *guest = &victim.guest;
	struct sgx_enclave_run run;

	do {
		run = guest_enter(guest, 0, SGX_EENTER, &op);
		if (getsid(0) == getpid())
			_exit(1);
		ASSERT_EQ(run.function, SGX_ERESUME);
		ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
		ASSERT_EQ(guest_read(guest, 0,
				     guest_gpr(guest, 0, 0, GPR(rip))),
			  at);
		ASSERT_EQ(guest_read(guest, 0,
				     guest_gpr(guest, 0, 0, GPR(rax))),
			  SETSID_64);
		guest_write(guest, 0, guest_gpr(guest, 0, 0, GPR(rip)),
			    guest_symbol(guest, "just_ret"));
		run = guest_enter(guest, 0, SGX_ERESUME, &op);
		ASSERT_EQ(run.function, SGX_EEXIT);
		++*rounds;
	} while (!time_is_up());
}

ATTACK(hurry, "race-inside-syscall-aex", ON, OUTSIDE)
{
	u64 args[3] = { SETSID_64, 0, 0 };
	struct crowd crowd = {};
	unsigned long *rounds;
	struct hurry hurry;
	u64 function, at;
	pid_t pid;

	victim_start(&victim);
	function = guest_symbol(&victim.guest, by_syscall.function);
	at = guest_symbol(&victim.guest, by_syscall.instruction);
	hurry = (struct hurry){
		.victim = &victim,
		.page = guest_symbol(&victim.guest, "data_pages"),
	};
	rounds = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(rounds != MAP_FAILED);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		if (attack_control()) {
			sys_syscall(args);
			_exit(getsid(0) == getpid());
		}
		call_in_a_hurry(function, at, rounds);
		_exit(0);
	}
	if (!attack_control())
		crowd_join(&crowd, hurrier, &hurry, 0);
	if (child_status())
		attack_succeeded();
	crowd_end(&crowd);
	ASSERT(*rounds);
	attack_refused("#UD, %lu times", *rounds);
}

/*
 * XRSTOR with a mask of all ones, as the SDK's enclaves do on entry and exit,
 * concerns in an enclave what its XFRM has. What is not in it, such as the
 * protection keys, is the host's. The area says that everything is in its
 * initial state, in which PKRU forbids nothing.
 */
static unsigned int rdpkru(void)
{
	unsigned int eax, edx;

	asm volatile("rdpkru" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax;
}

u64 xrstor_all(const void *area);

ATTACK(xrstor, "inside-xrstor-all-ones-opens-keys", ON, OUTSIDE)
{
	static u8 area[PAGE] __attribute__((aligned(64)));
	struct op op = { .op = OP_CALL };
	struct sgx_enclave_run run;
	unsigned int before;

	if (!__builtin_cpu_supports("pku"))
		attack_impossible("no protection keys");
	/* MXCSR as it always is. */
	area[24] = 0x80;
	area[25] = 0x1f;
	before = rdpkru();
	ASSERT(before);
	if (attack_control()) {
		xrstor_all(area);
	} else {
		victim_start(&victim);
		op.arg[0] = guest_symbol(&victim.guest, "xrstor_all");
		op.arg[1] = (u64)area;
		run = guest_enter(&victim.guest, 0, SGX_EENTER, &op);
		ASSERT_EQ(run.function, SGX_EEXIT);
	}
	if (rdpkru() != before)
		attack_succeeded();
	attack_refused("PKRU is as before");
}

/*
 * The enclave's code without an entry: the processor is not in enclave mode,
 * and the leaves that would tell secrets do not exist there.
 */
static sigjmp_buf back;
static volatile int trapno;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	trapno = ((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(back, 1);
}

#define SCRATCH 0x5a

/*
 * @number with RBX, RCX and RDX as it wants them, all in pages of the enclave;
 * @out is RDX or RCX, whichever the leaf writes to.
 */
static void attack_leaf(u64 number, u64 rbx, u64 rcx, u64 rdx, u64 out)
{
	struct sigaction action = {
		.sa_sigaction = on_segv,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};
	const struct guest *guest = &victim.guest;
	u64 regs[4] = { number, rbx, rcx, rdx };
	u64 entry = guest_symbol(guest, "leaf");
	u64 ret;

	guest_write(guest, 0, out, SCRATCH);
	if (attack_control()) {
		ASSERT(victim_op(&victim, 0,
				 (struct op){ .op = OP_ENCLU,
					      .arg = { number, rbx, rcx, rdx } },
				 NULL));
	} else {
		ASSERT_OK(sigaction(SIGSEGV, &action, NULL));
		if (!sigsetjmp(back, 1)) {
			((u64(*)(const u64 *))entry)(regs);
			ASSERT(!"it returned");
		}
	}
	ret = guest_read(guest, 0, out);
	if (ret != SCRATCH)
		attack_succeeded();
	attack_refused(trapno == 13 ? "#GP" : "exception %d", trapno);
}

ATTACK(ereport, "outside-ereport-in-enclave-code", ON, "self: by EENTER")
{
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	/* TARGETINFO of zeros, REPORTDATA, and where the report goes to. */
	attack_leaf(SGX_EREPORT, page, page + 1024, page + 2048, page + 2048);
}

ATTACK(egetkey, "outside-egetkey-in-enclave-code", ON, "self: by EENTER")
{
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	/* KEYREQUEST: the report key, which every enclave may have. */
	guest_write(&victim.guest, 0, page, 3);
	attack_leaf(SGX_EGETKEY, page, page + 1024, 0, page + 1024);
}

/* While another thread of the process is inside. */
static volatile u64 here, go;

static void *stay_inside(void *arg)
{
	struct op op = { .op = OP_SPIN, .arg = { (u64)&here, (u64)&go } };

	(void)arg;
	victim_op(&victim, 1, op, NULL);
	return NULL;
}

ATTACK(sibling, "outside-egetkey-while-sibling-is-inside", ON,
       "self: by EENTER")
{
	pthread_t thread;
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	guest_write(&victim.guest, 0, page, 3);
	ASSERT_OK(pthread_create(&thread, NULL, stay_inside, NULL));
	while (!here)
		sched_yield();
	attack_leaf(SGX_EGETKEY, page, page + 1024, 0, page + 1024);
}

/* After an AEX, with a frame that waits for ERESUME. */
ATTACK(after_aex, "outside-egetkey-after-aex", ON, "self: by EENTER")
{
	struct op op = { .op = OP_INSN, .arg = { INSN_UD2 } };
	u64 page;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	guest_write(&victim.guest, 0, page, 3);
	ASSERT_EQ(guest_enter(&victim.guest, 0, SGX_EENTER, &op).function,
		  SGX_ERESUME);
	attack_leaf(SGX_EGETKEY, page, page + 1024, 0, page + 1024);
}
