// SPDX-License-Identifier: GPL-2.0
/*
 * The policy that is in force: loaded, shown and removed through files in
 * securityfs, and asked.
 *
 *	/sys/kernel/security/softsgx/
 *	load	write: a policy, in one write. read, from the same open file:
 *		what became of it
 *	policy	read: the text of the policy
 *	status	read: name, version, mode, counts
 *	enforce	read, write: 1, or 0 for permissive
 *	delete	write 1: no policy any more
 *
 * A policy is replaced as a whole: whoever asks sees all of one or all of the
 * other.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "audit.h"
#include "rules.h"
#include "signature.h"
#include "subject.h"

#define POLICY_TEXT_MAX (4UL << 20)

static bool rules_signed;
module_param(rules_signed, bool, 0444);
MODULE_PARM_DESC(rules_signed, "take only policies that are signed (PKCS#7)");

/**
 * struct sgx_rules - a policy in force
 * @policy:	as it is evaluated
 * @text:	as it was loaded
 * @len:	length of @text
 * @root:	root of whoever loaded it: where its paths start
 * @is_signed:	its signature was checked
 *
 * Constant. Freed after a grace period of rules_srcu.
 */
struct sgx_rules {
	struct sgx_policy *policy;
	char *text;
	size_t len;
	struct path root;
	bool is_signed;
};

/* The policy in force, or NULL. Written under rules_mutex, read under SRCU. */
static struct sgx_rules __rcu *rules_active;
DEFINE_STATIC_SRCU(rules_srcu);

/* Serialises changes. */
static DEFINE_MUTEX(rules_mutex);

/*
 * The highest version so far, of policies that were deleted too, and whether
 * there has been one. Under rules_mutex.
 */
static u64 rules_version;
static bool rules_versioned;

/* Written under rules_mutex, read without. */
static bool rules_enforcing = true;

/**
 * sgx_rules_begin() - hold the rules for a question
 * @view:	what to fill in; sgx_rules_end() ends it
 *
 * Context: process context, may sleep until the end.
 */
void sgx_rules_begin(struct sgx_rules_view *view) __acquires(&rules_srcu)
{
	view->srcu = srcu_read_lock(&rules_srcu);
	view->rules = srcu_dereference(rules_active, &rules_srcu);
	view->enforcing = READ_ONCE(rules_enforcing);
}

/**
 * sgx_rules_end() - undo sgx_rules_begin()
 * @view:	as it was filled in
 */
void sgx_rules_end(struct sgx_rules_view *view) __releases(&rules_srcu)
{
	srcu_read_unlock(&rules_srcu, view->srcu);
}

/**
 * sgx_rules_ask() - may current have these privileges
 * @view:	rules
 * @question:	what it asks for
 *
 * Context: process context, may sleep; may be called with the mmap_lock held.
 * Return: 0; -EACCES if the rules refuse and are enforced; -ENOMEM or
 * -ENAMETOOLONG if a path that a rule names could not be compared: what is not
 * known for want of memory is not decided as if there were no such file.
 */
int sgx_rules_ask(const struct sgx_rules_view *view,
		  const struct sgx_question *question)
{
	const struct sgx_rules *rules = view->rules;
	struct sgx_current cur;
	int ret = 0;
	int n;

	if (!rules)
		return 0;

	sgx_current_init(&cur, question, &rules->root);
	for (n = 0; n < ENCLAVE_PRIVILEGES && !ret; n++) {
		struct sgx_verdict verdict;
		struct sgx_denial denial;

		if (!(question->privileges & 1U << n))
			continue;

		verdict = sgx_policy_ask(rules->policy, n, &cur.subject);
		if (verdict.allowed && !cur.error)
			continue;

		denial.policy = sgx_policy_name(rules->policy);
		denial.version = sgx_policy_version(rules->policy);
		denial.line = cur.error ? 0 : verdict.line;
		denial.permissive = !view->enforcing;
		sgx_audit_denial(question, n, &denial);
		if (view->enforcing)
			ret = cur.error ? cur.error : -EACCES;
	}
	sgx_current_end(&cur);
	return ret;
}

/* ---- loading ---- */

static void rules_free(struct sgx_rules *rules)
{
	if (!rules)
		return;
	sgx_policy_free(rules->policy);
	kvfree(rules->text);
	path_put(&rules->root);
	kfree(rules);
}

/**
 * struct load - an open file of "load"
 * @lock:	protects what follows it
 * @len:	length of @result
 * @result:	what became of the policy that was written last
 */
struct load {
	struct mutex lock; /* protects what follows it */
	int len;
	char result[160];
};

/* Say why the policy is refused, to the writer and in the kernel's log. */
static int refuse_line(struct load *load, int error, unsigned int line,
		       const char *reason, const char *token)
{
	size_t size = sizeof(load->result);
	int len;

	len = line ? scnprintf(load->result, size, "line %u", line)
		   : scnprintf(load->result, size, "refused");
	len += scnprintf(load->result + len, size - len, ": %s", reason);
	if (*token)
		len += scnprintf(load->result + len, size - len, " '%s'",
				 token);
	len += scnprintf(load->result + len, size - len, "\n");
	load->len = len;
	pr_notice_ratelimited("softsgx: policy: %s", load->result);
	return error;
}

static int refuse(struct load *load, int error, const char *reason)
{
	return refuse_line(load, error, 0, reason, "");
}

/* -EINVAL with the line and the reason in @load, -ENOMEM. */
static int parse(struct load *load, struct sgx_rules *rules)
{
	struct sgx_policy_error error;

	rules->policy = sgx_policy_parse(rules->text, rules->len, &error);
	if (rules->policy)
		return 0;
	if (!strcmp(error.reason, "no memory"))
		return refuse(load, -ENOMEM, error.reason);
	return refuse_line(load, -EINVAL, error.line, error.reason,
			   error.token);
}

/*
 * May @rules be in force after @old? Where only signed policies are, who loads
 * them is not who makes them, and decides neither which of one version is in
 * force nor which files their paths mean.
 */
static int check_succession(struct load *load, const struct sgx_rules *rules,
			    const struct sgx_rules *old)
{
	u64 version = sgx_policy_version(rules->policy);

	lockdep_assert_held(&rules_mutex);

	if (rules_versioned && version < rules_version)
		return refuse(load, -ESTALE, "there was a higher version");
	if (!rules_signed || !old)
		return 0;
	if (version == rules_version &&
	    (rules->len != old->len ||
	     memcmp(rules->text, old->text, old->len)))
		return refuse(load, -ESTALE, "another one has this version");
	if (!path_equal(&rules->root, &old->root))
		return refuse(load, -EPERM, "the one before has another root");
	return 0;
}

/* Put @rules in force. -ESTALE, -EPERM: see check_succession(). */
static int activate(struct load *load, struct sgx_rules *rules)
{
	u64 version = sgx_policy_version(rules->policy);
	const char *name = sgx_policy_name(rules->policy);
	struct sgx_rules *old;
	int ret;

	mutex_lock(&rules_mutex);
	old = rcu_dereference_protected(rules_active,
					lockdep_is_held(&rules_mutex));
	ret = check_succession(load, rules, old);
	if (ret) {
		mutex_unlock(&rules_mutex);
		return ret;
	}
	rules_version = version;
	rules_versioned = true;
	rcu_assign_pointer(rules_active, rules);
	sgx_audit_policy("load", name, version);
	load->len = scnprintf(load->result, sizeof(load->result),
			      "loaded: name=%s version=%llu\n", name, version);
	mutex_unlock(&rules_mutex);

	synchronize_srcu(&rules_srcu);
	rules_free(old);
	return 0;
}

/* Take a text, checked for its signature if it had one, as the policy. */
static int load_text(struct load *load, const char *text, size_t len,
		     bool is_signed)
{
	struct sgx_rules *rules;
	int ret;

	rules = kzalloc(sizeof(*rules), GFP_KERNEL);
	if (!rules)
		return -ENOMEM;
	get_fs_root(current->fs, &rules->root);
	rules->is_signed = is_signed;
	rules->len = len;
	rules->text = kvmalloc(len, GFP_KERNEL_ACCOUNT);

	ret = -ENOMEM;
	if (rules->text) {
		memcpy(rules->text, text, len);
		ret = parse(load, rules);
	}
	if (!ret)
		ret = activate(load, rules);
	if (ret)
		rules_free(rules);
	return ret;
}

/* Called back with the contents of a signed policy, once that is checked. */
static int load_signed(void *context, const void *data, size_t len,
		       size_t asn1hdrlen)
{
	return load_text(context, data, len, true);
}

static int load_any(struct load *load, const char *data, size_t len)
{
	int ret;

	if (!sgx_signature_is(data, len)) {
		if (rules_signed)
			return refuse(load, -EKEYREJECTED, "it is not signed");
		return load_text(load, data, len, false);
	}

	load->len = 0;
	ret = sgx_signature_check(data, len, load_signed, load);
	if (ret == -ENOKEY && !load->len)
		return refuse(load, ret, "no trusted key has signed it");
	if (ret && !load->len)
		return refuse(load, ret, "the signature is not accepted");
	return ret;
}

static int load_open(struct inode *inode, struct file *filp)
{
	struct load *load = kzalloc(sizeof(*load), GFP_KERNEL);

	if (!load)
		return -ENOMEM;
	mutex_init(&load->lock);
	filp->private_data = load;
	return nonseekable_open(inode, filp);
}

static int load_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}

/* Who opened the file, and who writes to it now: both, against go-betweens. */
static bool may_change(struct file *filp)
{
	return file_ns_capable(filp, &init_user_ns, CAP_MAC_ADMIN) &&
	       capable(CAP_MAC_ADMIN);
}

/*
 * -EPERM: without CAP_MAC_ADMIN; see check_succession()
 * -EINVAL: empty; a line is wrong
 * -EFBIG: more than 4 MiB
 * -EFAULT: cannot be read
 * -ESTALE: there was a higher version, or another one of this
 * -EKEYREJECTED, -ENOKEY and others: the signature
 * -ENOMEM
 */
static ssize_t load_write(struct file *filp, const char __user *buf, size_t len,
			  loff_t *ppos)
{
	struct load *load = filp->private_data;
	char *data;
	int ret;

	if (!may_change(filp))
		return -EPERM;
	if (!len)
		return -EINVAL;
	if (len > POLICY_TEXT_MAX)
		return -EFBIG;

	data = vmemdup_user(buf, len);
	if (IS_ERR(data))
		return PTR_ERR(data);

	mutex_lock(&load->lock);
	ret = load_any(load, data, len);
	mutex_unlock(&load->lock);
	kvfree(data);
	return ret ? ret : len;
}

/* The result as a whole: it has no position of its own. */
static ssize_t load_read(struct file *filp, char __user *buf, size_t len,
			 loff_t *ppos)
{
	struct load *load = filp->private_data;
	ssize_t ret;

	mutex_lock(&load->lock);
	ret = min_t(size_t, len, load->len);
	if (copy_to_user(buf, load->result, ret))
		ret = -EFAULT;
	else
		load->len = 0;
	mutex_unlock(&load->lock);
	return ret;
}

static const struct file_operations load_fops = {
	.owner = THIS_MODULE,
	.open = load_open,
	.release = load_release,
	.read = load_read,
	.write = load_write,
};

/* ---- showing ---- */

/**
 * struct snapshot - what an open file shows, as it was at open
 * @len:	length of @text
 * @text:	text
 */
struct snapshot {
	size_t len;
	char text[];
};

static int policy_open(struct inode *inode, struct file *filp)
{
	struct sgx_rules_view view;
	struct snapshot *snapshot;
	size_t len;

	sgx_rules_begin(&view);
	len = view.rules ? view.rules->len : 0;
	snapshot =
		kvmalloc(struct_size(snapshot, text, len), GFP_KERNEL_ACCOUNT);
	if (snapshot) {
		snapshot->len = len;
		if (len)
			memcpy(snapshot->text, view.rules->text, len);
	}
	sgx_rules_end(&view);
	filp->private_data = snapshot;
	return snapshot ? 0 : -ENOMEM;
}

static int status_open(struct inode *inode, struct file *filp)
{
	const size_t size = 512;
	struct sgx_audit_counts counts;
	struct sgx_rules_view view;
	struct snapshot *snapshot;
	bool is_signed = false;
	const char *name = "";
	u64 version = 0;
	size_t len;

	snapshot =
		kvmalloc(struct_size(snapshot, text, size), GFP_KERNEL_ACCOUNT);
	if (!snapshot)
		return -ENOMEM;

	sgx_audit_counts(&counts);
	sgx_rules_begin(&view);
	if (view.rules) {
		name = sgx_policy_name(view.rules->policy);
		version = sgx_policy_version(view.rules->policy);
		is_signed = view.rules->is_signed;
	}
	len = scnprintf(snapshot->text, size, "name=%s\nversion=%llu\n", name,
			version);
	len += scnprintf(snapshot->text + len, size - len,
			 "enforce=%d\nsigned=%d\n", view.enforcing, is_signed);
	/* The name goes with the policy. */
	sgx_rules_end(&view);
	len += scnprintf(snapshot->text + len, size - len,
			 "denied=%lu\nsuppressed=%lu\n", counts.denied,
			 counts.suppressed);
	snapshot->len = len;
	filp->private_data = snapshot;
	return 0;
}

static ssize_t snapshot_read(struct file *filp, char __user *buf, size_t len,
			     loff_t *ppos)
{
	const struct snapshot *snapshot = filp->private_data;

	return simple_read_from_buffer(buf, len, ppos, snapshot->text,
				       snapshot->len);
}

static int snapshot_release(struct inode *inode, struct file *filp)
{
	kvfree(filp->private_data);
	return 0;
}

static const struct file_operations policy_fops = {
	.owner = THIS_MODULE,
	.open = policy_open,
	.release = snapshot_release,
	.read = snapshot_read,
	.llseek = default_llseek,
};

static const struct file_operations status_fops = {
	.owner = THIS_MODULE,
	.open = status_open,
	.release = snapshot_release,
	.read = snapshot_read,
	.llseek = default_llseek,
};

/* ---- switches ---- */

static ssize_t enforce_read(struct file *filp, char __user *buf, size_t len,
			    loff_t *ppos)
{
	const char *text = READ_ONCE(rules_enforcing) ? "1\n" : "0\n";

	return simple_read_from_buffer(buf, len, ppos, text, 2);
}

/*
 * -EPERM: without CAP_MAC_ADMIN; 0 where only signed policies are in force
 * -EINVAL: neither 0 nor 1
 * -EFAULT
 */
static ssize_t enforce_write(struct file *filp, const char __user *buf,
			     size_t len, loff_t *ppos)
{
	bool enforcing;
	int ret;

	if (!may_change(filp))
		return -EPERM;
	ret = kstrtobool_from_user(buf, len, &enforcing);
	if (ret)
		return ret;
	if (rules_signed && !enforcing)
		return -EPERM;

	mutex_lock(&rules_mutex);
	if (enforcing != rules_enforcing) {
		WRITE_ONCE(rules_enforcing, enforcing);
		sgx_audit_policy(enforcing ? "enforce" : "permissive", "",
				 rules_version);
	}
	mutex_unlock(&rules_mutex);
	return len;
}

static const struct file_operations enforce_fops = {
	.owner = THIS_MODULE,
	.read = enforce_read,
	.write = enforce_write,
	.llseek = default_llseek,
};

static void rules_delete(void)
{
	struct sgx_rules *old;

	mutex_lock(&rules_mutex);
	old = rcu_dereference_protected(rules_active,
					lockdep_is_held(&rules_mutex));
	RCU_INIT_POINTER(rules_active, NULL);
	if (old)
		sgx_audit_policy("delete", sgx_policy_name(old->policy),
				 sgx_policy_version(old->policy));
	mutex_unlock(&rules_mutex);

	synchronize_srcu(&rules_srcu);
	rules_free(old);
}

/*
 * -EPERM: without CAP_MAC_ADMIN; where only signed policies are in force
 * -EINVAL: not 1
 * -EFAULT
 */
static ssize_t delete_write(struct file *filp, const char __user *buf,
			    size_t len, loff_t *ppos)
{
	bool delete;
	int ret;

	if (!may_change(filp))
		return -EPERM;
	ret = kstrtobool_from_user(buf, len, &delete);
	if (ret)
		return ret;
	if (!delete)
		return -EINVAL;
	if (rules_signed)
		return -EPERM;

	rules_delete();
	return len;
}

static const struct file_operations delete_fops = {
	.owner = THIS_MODULE,
	.write = delete_write,
	.llseek = noop_llseek,
};

/* ---- */

/* clang-format off */
static const struct {
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
} rules_files[] = {
	{ "load", 0600, &load_fops },
	{ "policy", 0400, &policy_fops },
	{ "status", 0400, &status_fops },
	{ "enforce", 0600, &enforce_fops },
	{ "delete", 0200, &delete_fops },
};

/* clang-format on */

static struct dentry *rules_dir;
static struct dentry *rules_dentries[ARRAY_SIZE(rules_files)];

static void remove_files(void)
{
	int i;

	for (i = ARRAY_SIZE(rules_files) - 1; i >= 0; i--)
		if (!IS_ERR_OR_NULL(rules_dentries[i]))
			securityfs_remove(rules_dentries[i]);
	securityfs_remove(rules_dir);
}

/**
 * sgx_rules_init() - make the files
 *
 * Return: 0, or what securityfs says.
 */
int sgx_rules_init(void)
{
	int i;

	rules_dir = securityfs_create_dir("softsgx", NULL);
	if (IS_ERR(rules_dir))
		return PTR_ERR(rules_dir);

	for (i = 0; i < ARRAY_SIZE(rules_files); i++) {
		rules_dentries[i] = securityfs_create_file(rules_files[i].name,
							   rules_files[i].mode,
							   rules_dir, NULL,
							   rules_files[i].fops);
		if (IS_ERR(rules_dentries[i])) {
			int ret = PTR_ERR(rules_dentries[i]);

			remove_files();
			return ret;
		}
	}
	return 0;
}

/**
 * sgx_rules_dir() - the directory of softsgx in securityfs
 *
 * Between sgx_rules_init() and sgx_rules_exit().
 */
struct dentry *sgx_rules_dir(void)
{
	return rules_dir;
}

/**
 * sgx_rules_exit() - undo sgx_rules_init(), and forget the policy
 *
 * No question is under way, and no file is open.
 */
void sgx_rules_exit(void)
{
	remove_files();
	rules_free(rcu_dereference_protected(rules_active, true));
	RCU_INIT_POINTER(rules_active, NULL);
}
