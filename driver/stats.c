// SPDX-License-Identifier: GPL-2.0
/*
 * Enclaves and the EPC as root sees them: /sys/kernel/debug/softsgx. Each line
 * is key=value, separated by blanks; doc/uapi.md says what they are. Keys may be
 * added, at any place.
 */
#define CREATE_TRACE_POINTS
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include "compat.h"
#include "debug.h"
#include "encl.h"
#include "epc.h"
#include "reclaim.h"
#include "stats.h"
#include "thread.h"
#include "trace.h"

/* A process that maps an enclave is named; of more than this, not all are. */
#define STATS_PIDS 64

/* Protects stats_encls and &sgx_encl.exits. Before any &sgx_encl.lock. */
static DEFINE_MUTEX(stats_lock);
/* All enclaves, through &sgx_encl.node, in the order of their age. */
static LIST_HEAD(stats_encls);
static u64 stats_last_id;

static struct dentry *stats_dir;

/**
 * sgx_stats_add() - there is a new enclave
 * @encl:	enclave, initialised but for its id, counts, creator and node, which
 *		are set here; others find it from now on
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int sgx_stats_add(struct sgx_encl *encl)
{
	encl->counts =
		alloc_percpu_gfp(struct sgx_encl_counts, GFP_KERNEL_ACCOUNT);
	if (!encl->counts)
		return -ENOMEM;

	encl->creator = get_pid(task_tgid(current));
	mutex_lock(&stats_lock);
	encl->id = ++stats_last_id;
	list_add_tail(&encl->node, &stats_encls);
	mutex_unlock(&stats_lock);
	return 0;
}

/**
 * sgx_stats_del() - an enclave goes
 * @encl:	enclave that nothing else refers to
 *
 * Context: may sleep.
 */
void sgx_stats_del(struct sgx_encl *encl)
{
	mutex_lock(&stats_lock);
	list_del(&encl->node);
	mutex_unlock(&stats_lock);
	put_pid(encl->creator);
	free_percpu(encl->counts);
}

/**
 * sgx_stats_each() - do something to each enclave
 * @visit:	what; it may sleep, and may take &sgx_encl.lock
 * @data:	for @visit
 *
 * Context: may sleep; no &sgx_encl.lock is held.
 */
void sgx_stats_each(void (*visit)(struct sgx_encl *encl, void *data),
		    void *data)
{
	struct sgx_encl *encl;

	mutex_lock(&stats_lock);
	list_for_each_entry(encl, &stats_encls, node)
		visit(encl, data);
	mutex_unlock(&stats_lock);
}

static void stats_sum(const struct sgx_encl *encl, struct sgx_encl_counts *sum)
{
	int cpu;

	*sum = (struct sgx_encl_counts){};

	for_each_possible_cpu(cpu) {
		const struct sgx_encl_counts *counts =
			per_cpu_ptr(encl->counts, cpu);

		sum->entries += READ_ONCE(counts->entries);
		sum->aexes += READ_ONCE(counts->aexes);
		sum->faults += READ_ONCE(counts->faults);
	}
}

/*
 * What was read at different moments may not fit together: the number does not
 * go down for that.
 */
static unsigned long stats_exits(struct sgx_encl *encl,
				 const struct sgx_encl_counts *sum,
				 unsigned int inside)
{
	long exits = sum->entries - sum->aexes - inside;

	lockdep_assert_held(&stats_lock);

	if (exits > (long)encl->exits)
		encl->exits = exits;
	return encl->exits;
}

static const char *stats_state(const struct sgx_encl *encl)
{
	if (test_bit(SGX_ENCL_DEAD, &encl->flags))
		return "dead";
	if (test_bit(SGX_ENCL_LOST, &encl->flags))
		return "lost";
	if (test_bit(SGX_ENCL_INITIALIZED, &encl->flags))
		return "initialized";
	return test_bit(SGX_ENCL_CREATED, &encl->flags) ? "created" : "opened";
}

/* The processes that map an enclave, in the reader's pid namespace. */
static unsigned int stats_find_pids(struct sgx_encl *encl,
				    pid_t pids[STATS_PIDS])
{
	unsigned int i, n = 0;
	struct rb_node *node;

	i_mmap_lock_read(&encl->mapping);
	rcu_read_lock();
	for (node = rb_first_cached(&encl->mapping.i_mmap); node;
	     node = rb_next(node)) {
		struct vm_area_struct *vma =
			rb_entry(node, struct vm_area_struct, shared.rb);
		pid_t pid = sgx_mm_pid(vma->vm_mm);

		for (i = 0; i < n && pids[i] != pid; i++)
			;
		if (pid && i == n && n < STATS_PIDS)
			pids[n++] = pid;
	}
	rcu_read_unlock();
	i_mmap_unlock_read(&encl->mapping);
	return n;
}

static void stats_show_pids(struct seq_file *m, struct sgx_encl *encl)
{
	pid_t pids[STATS_PIDS];
	unsigned int i, n = stats_find_pids(encl, pids);

	seq_printf(m, " creator=%d pids=", pid_vnr(encl->creator));
	for (i = 0; i < n; i++)
		seq_printf(m, "%s%d", i ? "," : "", pids[i]);
	seq_puts(m, n ? "" : "-");
}

static void stats_show_identity(struct seq_file *m, const struct sgx_encl *encl)
{
	const struct sgx_access *access = &encl->access;

	/* Pairs with sgx_access_init(): the identity was written before. */
	if (!(smp_load_acquire(&access->known) & SGX_KNOWN_IDENTITY)) {
		seq_puts(m, " mrenclave=- mrsigner=-");
		return;
	}
	seq_printf(m, " mrenclave=%*phN mrsigner=%*phN", SGX_DIGEST_SIZE,
		   access->identity.mrenclave, SGX_DIGEST_SIZE,
		   access->identity.mrsigner);
}

static void stats_show_encl(struct seq_file *m, struct sgx_encl *encl)
{
	struct sgx_encl_counts sum;
	unsigned int threads, inside;

	stats_sum(encl, &sum);
	threads = sgx_encl_count_threads(encl, &inside);
	seq_printf(m, "id=%llu state=%s debug=%d base=%#lx size=%#lx", encl->id,
		   stats_state(encl), test_bit(SGX_ENCL_DEBUG, &encl->flags),
		   READ_ONCE(encl->base), READ_ONCE(encl->size));
	seq_printf(m, " secs=%s", READ_ONCE(encl->secs_out) ? "out" : "in");
	seq_printf(m, " resident=%lu evicted=%lu evictions=%lu loads=%lu",
		   READ_ONCE(encl->resident), READ_ONCE(encl->evicted),
		   READ_ONCE(encl->evictions), READ_ONCE(encl->loads));
	seq_printf(m, " faults=%lu entries=%lu exits=%lu aexes=%lu", sum.faults,
		   sum.entries, stats_exits(encl, &sum, inside), sum.aexes);
	seq_printf(m, " threads=%u inside=%u", threads, inside);
	stats_show_identity(m, encl);
	stats_show_pids(m, encl);
	seq_putc(m, '\n');
}

/*
 * The position is the least identity that may come next, not a count: between
 * two reads enclaves may go, and whoever is still there is not left out.
 */
static void *enclaves_start(struct seq_file *m, loff_t *pos)
{
	struct sgx_encl *encl;

	mutex_lock(&stats_lock);
	list_for_each_entry(encl, &stats_encls, node)
		if (encl->id >= *pos)
			return encl;
	return NULL;
}

static void *enclaves_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct sgx_encl *encl = v;

	*pos = encl->id + 1;
	if (list_is_last(&encl->node, &stats_encls))
		return NULL;
	return list_next_entry(encl, node);
}

static void enclaves_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&stats_lock);
}

static int enclaves_show(struct seq_file *m, void *v)
{
	stats_show_encl(m, v);
	return 0;
}

static const struct seq_operations enclaves_sops = {
	.start = enclaves_start,
	.next = enclaves_next,
	.stop = enclaves_stop,
	.show = enclaves_show,
};

DEFINE_SEQ_ATTRIBUTE(enclaves);

static int epc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "pages=%lu used=%ld evictions=%ld loads=%ld\n",
		   (unsigned long)(sgx_epc_bytes() >> PAGE_SHIFT),
		   sgx_epc_used(), sgx_reclaim_evictions(),
		   sgx_reclaim_loads());
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(epc);

/**
 * sgx_stats_init() - make the files
 *
 * A kernel without debugfs has none, and that is no error.
 */
void sgx_stats_init(void)
{
	stats_dir = debugfs_create_dir("softsgx", NULL);
	debugfs_create_file("enclaves", 0400, stats_dir, NULL, &enclaves_fops);
	debugfs_create_file("epc", 0400, stats_dir, NULL, &epc_fops);
	sgx_debug_init(stats_dir);
}

/**
 * sgx_stats_exit() - undo sgx_stats_init()
 *
 * Who is reading has finished when this returns.
 */
void sgx_stats_exit(void)
{
	debugfs_remove(stats_dir);
}
