// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID as programs see it: a processor with SGX.
 *
 * A program finds out by CPUID whether there is SGX, and CPUID is not an
 * instruction that an operating system gets to see. There are two ways to have
 * it nevertheless, and which files they concern is written, by root, to
 * <securityfs>/softsgx/cpuid (the format is in doc/cpuid.md):
 *
 * - Where the processor has CPUID faulting, it is switched on for the processes
 *   that execute one of the given programs. CPUID is a #GP then, which
 *   sgx_cpuid_gp() answers.
 *
 * - Elsewhere, a uprobe at each of the given CPUID instructions. Its handler
 *   answers and moves RIP behind the instruction, which therefore never runs:
 *   there is no state between two events, and a jump, a signal, a fork or the
 *   end of the thread finds the thread before CPUID or after it, as in
 *   hardware.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/linkage.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/ptrace.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uprobes.h>
#include <linux/version.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/trapnr.h>
#include "cpuid.h"
#include "hooks.h"
#include "host.h"
#include "insn.h"
#include "thread.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#include <asm/cpuid/api.h>
#endif

#define CPUID_LEN	2
#define CPUID_MAX_SITES 1024
#define CPUID_MAX_PROGS 256
#define CPUID_MAX_WRITE SZ_64K

#define CPUID_LEAF_FEATURES 7
#define CPUID_7_EBX_SGX	    BIT(2)
#define CPUID_7_ECX_SGX_LC  BIT(30)
#define CPUID_LEAF_SGX	    0x12

/**
 * struct cpuid_site - a CPUID instruction with a uprobe
 * @node:	in cpuid_sites
 * @uc:		whose handler answers
 * @probe:	the uprobe, where the kernel wants it back; NULL while there is
 *		none
 * @path:	file, held: a uprobe needs its inode
 * @inode:	that a mapping of the file has; of @path or, if that is a file
 *		of an overlay, of the file below
 * @offset:	of the instruction, in the file
 * @hits:	how often it was answered
 *
 * All but @hits is constant once the uprobe is there.
 */
struct cpuid_site {
	struct list_head node;
	struct uprobe_consumer uc;
	struct uprobe *probe;
	struct path path;
	struct inode *inode;
	loff_t offset;
	atomic_long_t hits;
};

/**
 * struct cpuid_prog - a program that runs with CPUID faulting
 * @node:	in cpuid_progs, RCU
 * @path:	executable file, held
 * @leaving:	no further process gets CPUID faulting by it; written under
 *		cpuid_lock
 *
 * All but @leaving is constant.
 */
struct cpuid_prog {
	struct list_head node;
	struct path path;
	bool leaving;
};

/*
 * Protects the two lists and their counts; cpuid_progs is read under RCU as
 * well. Taken before any mmap_lock (placing a uprobe takes those of all who
 * have the file mapped), so user memory must not be touched under it.
 */
static DEFINE_MUTEX(cpuid_lock);
static LIST_HEAD(cpuid_sites);
static LIST_HEAD(cpuid_progs);
static unsigned int cpuid_nr_sites;
static unsigned int cpuid_nr_progs;

static struct dentry *cpuid_file;

static const u8 cpuid_insn[CPUID_LEN] = { 0x0f, 0xa2 };

/* ---- what differs between kernel versions ---- */

/*
 * A uprobe handler may move RIP, and the kernel then leaves the probed
 * instruction alone, from 6.18 on ("uprobe: Do not emulate/sstep original
 * instruction when ip is changed") and in the stable series that have taken
 * that over. Other kernels would execute CPUID as well.
 */
#define STABLE(major, minor, first)                                   \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(major, minor, first) && \
	 LINUX_VERSION_CODE < KERNEL_VERSION(major, (minor) + 1, 0))
#define CPUID_CAN_MOVE_RIP                                  \
	(IS_ENABLED(CONFIG_UPROBES) &&                      \
	 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0) || \
	  STABLE(6, 12, 58) || STABLE(6, 1, 159)))

static void cpuid_hit(struct cpuid_site *site, struct pt_regs *regs);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static int cpuid_handler(struct uprobe_consumer *uc, struct pt_regs *regs)
#else
static int cpuid_handler(struct uprobe_consumer *uc, struct pt_regs *regs,
			 __u64 *data)
#endif
{
	cpuid_hit(container_of(uc, struct cpuid_site, uc), regs);
	return 0;
}

/*
 * cpuid_uprobe_remove_sync() has to follow cpuid_uprobe_remove() before the
 * site goes.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static int cpuid_uprobe_place(struct cpuid_site *site)
{
	return uprobe_register(site->inode, site->offset, &site->uc);
}

static void cpuid_uprobe_remove(struct cpuid_site *site)
{
	uprobe_unregister(site->inode, site->offset, &site->uc);
}

static void cpuid_uprobe_remove_sync(void)
{
}
#else
static int cpuid_uprobe_place(struct cpuid_site *site)
{
	struct uprobe *probe;

	probe = uprobe_register(site->inode, site->offset, 0, &site->uc);
	if (IS_ERR(probe))
		return PTR_ERR(probe);
	site->probe = probe;
	return 0;
}

static void cpuid_uprobe_remove(struct cpuid_site *site)
{
	uprobe_unregister_nosync(site->probe, &site->uc);
}

static void cpuid_uprobe_remove_sync(void)
{
	uprobe_unregister_sync();
}
#endif

/* ---- the answer ---- */

/*
 * CPUID of this machine, were it one with SGX. Leaves that are invalid on the
 * machine but lie below leaf 12H become valid ones about nothing: zero.
 */
static void cpuid_answer(u32 leaf, u32 subleaf, u32 out[4])
{
	u32 machine_max = boot_cpu_data.cpuid_level;

	if (leaf > machine_max && leaf <= CPUID_LEAF_SGX)
		memset(out, 0, 4 * sizeof(out[0]));
	else
		cpuid_count(leaf, subleaf, &out[0], &out[1], &out[2], &out[3]);

	switch (leaf) {
	case 0:
		out[0] = max_t(u32, out[0], CPUID_LEAF_SGX);
		break;
	case CPUID_LEAF_FEATURES:
		if (!subleaf) {
			out[1] |= CPUID_7_EBX_SGX;
			out[2] |= CPUID_7_ECX_SGX_LC;
		}
		break;
	case CPUID_LEAF_SGX:
		sgx_cpuid(&sgx_core, subleaf, out);
		break;
	}
}

/* Does what the CPUID instruction at RIP would do. */
static void cpuid_emulate(struct pt_regs *regs)
{
	u32 out[4];

	cpuid_answer(regs->ax, regs->cx, out);
	regs->ax = out[0];
	regs->bx = out[1];
	regs->cx = out[2];
	regs->dx = out[3];
	regs->ip += CPUID_LEN;

	/* The trap of a single step over it. */
	if (regs->flags & X86_EFLAGS_TF)
		send_sig(SIGTRAP, current, 0);
}

/* Runs in the thread that came to the site, on its way back to user mode. */
static void cpuid_hit(struct cpuid_site *site, struct pt_regs *regs)
{
	cpuid_emulate(regs);
	atomic_long_inc(&site->hits);
}

/* ---- CPUID faulting ---- */

/* Has to be read together with the list: either under RCU or the lock. */
static struct cpuid_prog *cpuid_find_prog(const struct inode *inode)
{
	struct cpuid_prog *prog;

	list_for_each_entry_rcu(prog, &cpuid_progs, node,
				lockdep_is_held(&cpuid_lock)) {
		if (d_inode(prog->path.dentry) == inode)
			return prog;
	}
	return NULL;
}

/* Which of the given programs an address space is of; under RCU. */
static struct cpuid_prog *cpuid_prog_of(struct mm_struct *mm)
{
	/* Only its address is looked at. */
	struct file *exe = rcu_dereference(mm->exe_file);

	return exe ? cpuid_find_prog(file_inode(exe)) : NULL;
}

/* Whether an address space is that of a given program. */
static bool cpuid_runs_prog(struct mm_struct *mm)
{
	bool is_prog;

	rcu_read_lock();
	is_prog = cpuid_prog_of(mm);
	rcu_read_unlock();
	return is_prog;
}

/* Whether it is that of one that leaves, or that of one that stays. */
static bool cpuid_runs_leaving(struct mm_struct *mm, bool leaving)
{
	const struct cpuid_prog *prog;
	bool ret;

	rcu_read_lock();
	prog = cpuid_prog_of(mm);
	ret = prog && READ_ONCE(prog->leaving) == leaving;
	rcu_read_unlock();
	return ret;
}

/*
 * Probe of the tracepoint sched_process_exec: the thread, the only one of its
 * process, is about to start a program. The kernel has just switched its
 * CPUID faulting off, and will itself carry the flag into threads and children
 * and keep the MSR in step with it, whose value it always writes as a whole.
 */
static void cpuid_exec_probe(void *data, struct task_struct *task,
			     pid_t old_pid, struct linux_binprm *bprm)
{
	u32 low, high;

	preempt_disable();
	if (!cpuid_runs_leaving(task->mm, false))
		goto out;
	set_tsk_thread_flag(task, TIF_NOCPUID);
	rdmsr(MSR_MISC_FEATURES_ENABLES, low, high);
	wrmsr(MSR_MISC_FEATURES_ENABLES,
	      low | MSR_MISC_FEATURES_ENABLES_CPUID_FAULT, high);
out:
	preempt_enable();
}

/*
 * Switches CPUID faulting off for all that run a program that leaves. No other
 * processor runs anything: all these threads have been switched away from, and
 * the MSR is what the flag of the present thread, which is none of them, says.
 * A child that fork() has begun but not yet made known is missed.
 */
static int cpuid_stop_faulting(void *unused)
{
	struct task_struct *process, *thread;

	for_each_process_thread(process, thread) {
		if (thread->mm && test_tsk_thread_flag(thread, TIF_NOCPUID) &&
		    cpuid_runs_leaving(thread->mm, true))
			clear_tsk_thread_flag(thread, TIF_NOCPUID);
	}
	return 0;
}

/**
 * sgx_cpuid_gp() - answer a CPUID that faulted
 * @regs:	registers of the running thread, at the exception
 * @trapnr:	vector of the exception
 * @errcd:	its error code
 *
 * Inside an enclave CPUID is an invalid opcode, with an AEX. Outside it is
 * answered if softsgx is the reason for the fault: a program may also have
 * switched CPUID faulting on for itself, and wants its signal then.
 *
 * Context: the running thread, may be atomic. Before the kernel looks for a way
 * to deliver the exception.
 * Return: true if the exception has been dealt with.
 */
bool sgx_cpuid_gp(struct pt_regs *regs, unsigned long trapnr,
		  unsigned long errcd)
{
	struct sgx_thread *thread = sgx_this_thread();
	struct sgx_fault fault = { .vector = X86_TRAP_UD };
	int is_cpuid;

	if (trapnr != X86_TRAP_GP || errcd ||
	    !boot_cpu_has(X86_FEATURE_CPUID_FAULT) || !user_mode(regs))
		return false;
	is_cpuid = sgx_insn_is(regs, cpuid_insn, sizeof(cpuid_insn));
	if (is_cpuid <= 0)
		return is_cpuid < 0;

	/* Switched off in the meantime: it can be executed now. */
	if (!test_thread_flag(TIF_NOCPUID))
		return true;

	if (thread && sgx_enclave_mode(&thread->cpu)) {
		if (sgx_thread_aex(thread, &fault) &&
		    !sgx_vdso_fixup(regs, &fault)) {
			current->thread.trap_nr = X86_TRAP_UD;
			current->thread.error_code = 0;
			force_sig(SIGILL);
		}
		return true;
	}

	if (!cpuid_runs_prog(current->mm))
		return false;
	cpuid_emulate(regs);
	return true;
}

/* ---- the lists ---- */

/**
 * struct cpuid_change - what one write adds
 * @sites:	struct cpuid_site, not in cpuid_sites yet
 * @progs:	struct cpuid_prog, not in cpuid_progs yet
 * @nr_sites:	length of @sites
 * @nr_progs:	length of @progs
 */
struct cpuid_change {
	struct list_head sites;
	struct list_head progs;
	unsigned int nr_sites;
	unsigned int nr_progs;
};

/* Frees sites whose uprobes are in place up to @end, exclusive. */
static void cpuid_free_sites(struct list_head *sites, struct list_head *end)
{
	struct cpuid_site *site, *next;

	if (list_empty(sites))
		return;
	list_for_each_entry(site, sites, node) {
		if (&site->node == end)
			break;
		cpuid_uprobe_remove(site);
	}
	cpuid_uprobe_remove_sync();

	list_for_each_entry_safe(site, next, sites, node) {
		path_put(&site->path);
		kfree(site);
	}
}

/* Frees programs that no reader finds any more. */
static void cpuid_free_progs(struct list_head *progs)
{
	struct cpuid_prog *prog, *next;

	list_for_each_entry_safe(prog, next, progs, node) {
		path_put(&prog->path);
		kfree(prog);
	}
}

/*
 * Between marking programs as leaving and taking them off the list: first nobody
 * gets CPUID faulting by them any more, then nobody has it, and only then they
 * go: what faults is answered.
 */
static void cpuid_empty_progs(void)
{
	synchronize_rcu();
	stop_machine(cpuid_stop_faulting, NULL, NULL);
}

static void cpuid_clear(void)
{
	struct list_head sites = LIST_HEAD_INIT(sites);
	struct list_head progs = LIST_HEAD_INIT(progs);
	struct cpuid_prog *prog;

	lockdep_assert_held(&cpuid_lock);

	list_splice_init(&cpuid_sites, &sites);
	cpuid_nr_sites = 0;
	cpuid_free_sites(&sites, &sites);

	if (list_empty(&cpuid_progs))
		return;
	list_for_each_entry(prog, &cpuid_progs, node)
		WRITE_ONCE(prog->leaving, true);
	cpuid_empty_progs();
	list_splice_init_rcu(&cpuid_progs, &progs, synchronize_rcu);
	cpuid_nr_progs = 0;
	cpuid_free_progs(&progs);
	sgx_hooks_put();
}

static void cpuid_forget_prog(const struct inode *inode)
{
	struct list_head progs = LIST_HEAD_INIT(progs);
	struct cpuid_prog *prog;

	lockdep_assert_held(&cpuid_lock);

	/* What is given twice is there once. */
	prog = cpuid_find_prog(inode);
	if (!prog)
		return;
	WRITE_ONCE(prog->leaving, true);
	cpuid_empty_progs();
	list_del_rcu(&prog->node);
	synchronize_rcu();
	list_add(&prog->node, &progs);
	cpuid_free_progs(&progs);
	if (!--cpuid_nr_progs)
		sgx_hooks_put();
}

static bool cpuid_have_site(const struct list_head *sites,
			    const struct cpuid_site *new)
{
	const struct cpuid_site *site;

	list_for_each_entry(site, sites, node) {
		if (site->inode == new->inode && site->offset == new->offset)
			return true;
	}
	return false;
}

/* Whether there is a CPUID at @offset: 0, -EINVAL or another error. */
static int cpuid_check_insn(const struct path *path, loff_t offset)
{
	u8 insn[CPUID_LEN];
	struct file *file;
	ssize_t n;

	file = dentry_open(path, O_RDONLY | O_LARGEFILE, current_cred());
	if (IS_ERR(file))
		return PTR_ERR(file);
	n = kernel_read(file, insn, sizeof(insn), &offset);
	fput(file);
	if (n < 0)
		return n;
	return n == sizeof(insn) && !memcmp(insn, cpuid_insn, sizeof(insn))
		       ? 0
		       : -EINVAL;
}

/* The path of a regular file; to be put. */
static int cpuid_get_path(const char *name, struct path *path)
{
	int ret;

	if (name[0] != '/')
		return -EINVAL;
	ret = kern_path(name, LOOKUP_FOLLOW, path);
	if (ret)
		return ret;
	if (!d_is_reg(path->dentry)) {
		path_put(path);
		return -EINVAL;
	}
	return 0;
}

/* A line "site OFFSET PATH", from OFFSET on. */
static int cpuid_parse_site(struct cpuid_change *change, char *args)
{
	char *number = strsep(&args, " ");
	struct cpuid_site *site;
	u64 offset;
	int ret;

	if (!CPUID_CAN_MOVE_RIP)
		return -EOPNOTSUPP;
	if (!args || kstrtou64(number, 0, &offset) || offset > S64_MAX)
		return -EINVAL;

	site = kzalloc(sizeof(*site), GFP_KERNEL_ACCOUNT);
	if (!site)
		return -ENOMEM;
	site->uc.handler = cpuid_handler;
	site->offset = offset;

	ret = cpuid_get_path(args, &site->path);
	if (ret)
		goto err_free;
	site->inode = d_real_inode(site->path.dentry);

	ret = cpuid_check_insn(&site->path, offset);
	if (ret)
		goto err_path;

	/* What is there already is there. */
	if (cpuid_have_site(&cpuid_sites, site) ||
	    cpuid_have_site(&change->sites, site))
		goto err_path;

	ret = -ENOSPC;
	if (cpuid_nr_sites + change->nr_sites == CPUID_MAX_SITES)
		goto err_path;
	list_add_tail(&site->node, &change->sites);
	change->nr_sites++;
	return 0;

err_path:
	path_put(&site->path);
err_free:
	kfree(site);
	return ret;
}

/* A line "program PATH", from PATH on. */
static int cpuid_parse_prog(struct cpuid_change *change, char *name)
{
	struct cpuid_prog *prog, *other;
	int ret;

	if (!boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		return -EOPNOTSUPP;

	prog = kzalloc(sizeof(*prog), GFP_KERNEL_ACCOUNT);
	if (!prog)
		return -ENOMEM;
	ret = cpuid_get_path(name, &prog->path);
	if (ret)
		goto err_free;

	if (cpuid_find_prog(d_inode(prog->path.dentry)))
		goto err_path;
	list_for_each_entry(other, &change->progs, node) {
		if (d_inode(other->path.dentry) == d_inode(prog->path.dentry))
			goto err_path;
	}

	ret = -ENOSPC;
	if (cpuid_nr_progs + change->nr_progs == CPUID_MAX_PROGS)
		goto err_path;
	list_add_tail(&prog->node, &change->progs);
	change->nr_progs++;
	return 0;

err_path:
	path_put(&prog->path);
err_free:
	kfree(prog);
	return ret;
}

static int cpuid_parse_line(struct cpuid_change *change, char *line)
{
	char *verb = strsep(&line, " ");

	if (!line)
		return -EINVAL;
	if (!strcmp(verb, "site"))
		return cpuid_parse_site(change, line);
	if (!strcmp(verb, "program"))
		return cpuid_parse_prog(change, line);
	return -EINVAL;
}

/* Puts what was parsed into effect, all of it or nothing. */
static int cpuid_commit(struct cpuid_change *change)
{
	bool first_prog = !cpuid_nr_progs && change->nr_progs;
	struct cpuid_prog *prog, *next;
	struct cpuid_site *site;
	int ret;

	lockdep_assert_held(&cpuid_lock);

	/* sgx_cpuid_gp() has to be called as long as there are programs. */
	if (first_prog) {
		ret = sgx_hooks_get();
		if (ret) {
			cpuid_free_sites(&change->sites, change->sites.next);
			cpuid_free_progs(&change->progs);
			return ret;
		}
	}

	list_for_each_entry(site, &change->sites, node) {
		ret = fatal_signal_pending(current) ? -EINTR
						    : cpuid_uprobe_place(site);
		if (ret) {
			pr_notice_ratelimited(
				"softsgx: cpuid: no uprobe at offset %#llx of %pd: error %d\n",
				site->offset, site->path.dentry, ret);
			cpuid_free_sites(&change->sites, &site->node);
			cpuid_free_progs(&change->progs);
			if (first_prog)
				sgx_hooks_put();
			return ret;
		}
	}

	list_splice_tail(&change->sites, &cpuid_sites);
	cpuid_nr_sites += change->nr_sites;
	list_for_each_entry_safe(prog, next, &change->progs, node)
		list_add_tail_rcu(&prog->node, &cpuid_progs);
	cpuid_nr_progs += change->nr_progs;
	return 0;
}

/* Takes what was given of one file away: it may have other code by now. */
static int cpuid_forget(const char *name)
{
	struct list_head sites = LIST_HEAD_INIT(sites);
	struct cpuid_site *site, *next;
	struct path path;
	int ret;

	lockdep_assert_held(&cpuid_lock);

	ret = cpuid_get_path(name, &path);
	if (ret)
		return ret;
	list_for_each_entry_safe(site, next, &cpuid_sites, node) {
		if (site->inode != d_real_inode(path.dentry))
			continue;
		list_move_tail(&site->node, &sites);
		cpuid_nr_sites--;
	}
	cpuid_free_sites(&sites, &sites);
	cpuid_forget_prog(d_inode(path.dentry));
	path_put(&path);
	return 0;
}

/* Does what @text, lines that end in a newline each, says. */
static int cpuid_apply(char *text)
{
	struct cpuid_change change = {
		.sites = LIST_HEAD_INIT(change.sites),
		.progs = LIST_HEAD_INIT(change.progs),
	};
	unsigned int nr = 0;
	char *line;
	int ret;

	lockdep_assert_held(&cpuid_lock);

	if (!strcmp(text, "clear\n")) {
		cpuid_clear();
		return 0;
	}
	if (strstarts(text, "forget ")) {
		line = text + strlen("forget ");
		text = strchrnul(line, '\n');
		if (text[1])
			return -EINVAL;
		*text = '\0';
		return cpuid_forget(line);
	}

	while ((line = strsep(&text, "\n")) && text) {
		nr++;
		ret = cpuid_parse_line(&change, line);
		if (ret) {
			pr_notice_ratelimited(
				"softsgx: cpuid: line %u of what was written: error %d\n",
				nr, ret);
			/* None has a uprobe yet. */
			cpuid_free_sites(&change.sites, change.sites.next);
			cpuid_free_progs(&change.progs);
			return ret;
		}
	}
	return cpuid_commit(&change);
}

/* ---- the file ---- */

static ssize_t cpuid_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	char *text;
	int ret;

	if (!count)
		return 0;
	if (count > CPUID_MAX_WRITE)
		return -E2BIG;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);

	ret = -EINVAL;
	/* A line that is cut off may still name some file. */
	if (strlen(text) != count || text[count - 1] != '\n')
		goto out;

	ret = mutex_lock_killable(&cpuid_lock);
	if (ret)
		goto out;
	ret = cpuid_apply(text);
	mutex_unlock(&cpuid_lock);
out:
	kfree(text);
	return ret ? ret : count;
}

static int cpuid_show(struct seq_file *m, void *unused)
{
	struct cpuid_site *site;
	struct cpuid_prog *prog;
	int ret;

	ret = mutex_lock_killable(&cpuid_lock);
	if (ret)
		return ret;
	list_for_each_entry(site, &cpuid_sites, node) {
		seq_printf(m, "site %#llx %ld ", site->offset,
			   atomic_long_read(&site->hits));
		seq_path(m, &site->path, "\n\\");
		seq_putc(m, '\n');
	}
	list_for_each_entry(prog, &cpuid_progs, node) {
		seq_puts(m, "program ");
		seq_path(m, &prog->path, "\n\\");
		seq_putc(m, '\n');
	}
	mutex_unlock(&cpuid_lock);
	return 0;
}

static int cpuid_open(struct inode *inode, struct file *file)
{
	/* Root of a user namespace may own the file's mode bits, not this. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return single_open(file, cpuid_show, NULL);
}

static const struct file_operations cpuid_fops = {
	.owner = THIS_MODULE,
	.open = cpuid_open,
	.read = seq_read,
	.write = cpuid_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * sgx_cpuid_init() - offer to answer CPUID
 * @dir:	directory of softsgx in securityfs, for the file
 *
 * Return: 0, or the error of what could not be made or watched.
 */
int sgx_cpuid_init(struct dentry *dir)
{
	int ret;

	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT)) {
		ret = sgx_probe_register("sched_process_exec",
					 cpuid_exec_probe);
		if (ret)
			return ret;
	}

	cpuid_file =
		securityfs_create_file("cpuid", 0600, dir, NULL, &cpuid_fops);
	if (!IS_ERR(cpuid_file))
		return 0;

	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		sgx_probe_unregister("sched_process_exec", cpuid_exec_probe);
	return PTR_ERR(cpuid_file);
}

/**
 * sgx_cpuid_exit() - undo sgx_cpuid_init()
 *
 * Nobody has the file open: it would hold the module. To be called before
 * sgx_hooks_exit().
 */
void sgx_cpuid_exit(void)
{
	securityfs_remove(cpuid_file);
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		sgx_probe_unregister("sched_process_exec", cpuid_exec_probe);

	mutex_lock(&cpuid_lock);
	cpuid_clear();
	mutex_unlock(&cpuid_lock);
}
