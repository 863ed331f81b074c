// SPDX-License-Identifier: GPL-2.0
/*
 * Records of what the rules refuse, in the audit log, in the form that the
 * security modules' records have:
 *
 *	enclave: denied { execmod } for pid=7 comm="app" path="/opt/e.so"
 *	dev="vda" ino=12 policy=site version=3 rule=4 permissive=0
 *
 * Where a security module refuses it writes its own record, and none is made
 * here. The tracepoint enclave_denied has both; enclave_asked has all questions.
 */
#include <linux/audit.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include "audit.h"
#include "subject.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* A process that asks again and again must not fill the log. */
static struct ratelimit_state audit_ratelimit =
	RATELIMIT_STATE_INIT(audit_ratelimit, HZ, 100);

static atomic_long_t denied_count = ATOMIC_LONG_INIT(0);
static atomic_long_t suppressed_count = ATOMIC_LONG_INIT(0);

/*
 * A value that a user controls, as the audit subsystem writes it: in quotes, or
 * in hexadecimal if it could be taken for something else.
 */
static void log_untrusted(struct audit_buffer *ab, const char *text)
{
	const char *c;

	for (c = text; *c; c++)
		if (*c == '"' || *c <= ' ' || *c > '~')
			break;
	if (!*c) {
		audit_log_format(ab, "\"%s\"", text);
		return;
	}
	for (c = text; *c; c++)
		audit_log_format(ab, "%02X", (unsigned char)*c);
}

static void log_path(struct audit_buffer *ab, struct file *file)
{
	struct inode *inode = file_inode(file);
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	char *path = ERR_PTR(-ENOMEM);

	if (buf)
		path = d_path(sgx_file_path(file), buf, PATH_MAX);
	audit_log_format(ab, " path=");
	if (IS_ERR(path))
		audit_log_format(ab, "\"<%s>\"",
				 buf ? "too_long" : "no_memory");
	else
		log_untrusted(ab, path);
	kfree(buf);

	audit_log_format(ab, " dev=");
	log_untrusted(ab, inode->i_sb->s_id);
	/* u64 from Linux 7.2 on. */
	audit_log_format(ab, " ino=%llu", (u64)inode->i_ino);
}

static void log_known_identity(struct audit_buffer *ab,
			       const struct sgx_identity *identity)
{
	audit_log_format(ab, " mrenclave=%*phN mrsigner=%*phN", SGX_DIGEST_SIZE,
			 identity->mrenclave, SGX_DIGEST_SIZE,
			 identity->mrsigner);
	audit_log_format(ab, " isvprodid=%u isvsvn=%u", identity->isvprodid,
			 identity->isvsvn);
}

static void log_identity(struct audit_buffer *ab,
			 const struct sgx_question *question)
{
	const struct sgx_identity *identity = question->identity;

	if (question->known & SGX_KNOWN_IDENTITY)
		log_known_identity(ab, identity);
	if (question->known & SGX_KNOWN_ATTRIBUTES)
		audit_log_format(ab, " attributes=0x%llx xfrm=0x%llx",
				 identity->attributes, identity->xfrm);
}

static void log_used(struct audit_buffer *ab, u32 used)
{
	const char *comma = "";
	int n;

	audit_log_format(ab, " priv=%s", used ? "" : "none");
	for (n = 0; n < ENCLAVE_PRIVILEGES; n++) {
		if (!(used & 1U << n))
			continue;
		audit_log_format(ab, "%s%s", comma, sgx_privilege_names[n]);
		comma = ",";
	}
}

/**
 * sgx_audit_denial() - record that the rules refuse
 * @question:	what current asked for
 * @privilege:	the one that is refused
 * @denial:	by what
 *
 * Context: process context, may sleep.
 */
void sgx_audit_denial(const struct sgx_question *question,
		      enum enclave_privilege privilege,
		      const struct sgx_denial *denial)
{
	struct file *object = sgx_question_object(question, privilege);
	char comm[TASK_COMM_LEN];
	struct audit_buffer *ab;
	long suppressed;

	trace_enclave_denied(privilege, file_inode(object)->i_ino,
			     denial->version, denial->line, denial->permissive,
			     0);
	atomic_long_inc(&denied_count);

	ab = NULL;
	if (__ratelimit(&audit_ratelimit))
		ab = audit_log_start(audit_context(), GFP_KERNEL, AUDIT_AVC);
	if (!ab) {
		atomic_long_inc(&suppressed_count);
		return;
	}

	audit_log_format(ab, "enclave: denied { %s } for pid=%d comm=",
			 sgx_privilege_names[privilege], task_tgid_nr(current));
	log_untrusted(ab, get_task_comm(comm, current));
	log_path(ab, object);
	log_identity(ab, question);
	log_used(ab, question->used);
	audit_log_format(ab, " policy=%s version=%llu rule=%u permissive=%u",
			 denial->policy, denial->version, denial->line,
			 denial->permissive);
	suppressed = atomic_long_xchg(&suppressed_count, 0);
	if (suppressed)
		audit_log_format(ab, " suppressed=%ld", suppressed);
	audit_log_task_context(ab);
	audit_log_end(ab);
}

/**
 * sgx_audit_lsm_denial() - trace that a security module refuses
 * @question:	what current asked for
 * @privilege:	the one that is refused
 * @error:	with which errno
 */
void sgx_audit_lsm_denial(const struct sgx_question *question,
			  enum enclave_privilege privilege, int error)
{
	struct file *object = sgx_question_object(question, privilege);

	trace_enclave_denied(privilege, file_inode(object)->i_ino, 0, 0, false,
			     error);
}

#define TRACED_PATH_MAX 1024

/* A path for the trace, quoted, or NULL without memory. */
static const char *traced_path(struct sgx_current *cur,
			       enum sgx_subject_text which)
{
	const char *text = cur->subject.ops->text(&cur->subject, which);
	char *quoted;

	quoted = text ? kstrdup_quotable(text, GFP_KERNEL) : NULL;
	/* What does not fit into a buffer of the trace would be lost whole. */
	if (!quoted || strlen(quoted) > TRACED_PATH_MAX) {
		kfree(quoted);
		return kstrdup("?", GFP_KERNEL);
	}
	return quoted;
}

/**
 * sgx_audit_asked() - trace a question, before it is answered
 * @question:	what current asks for
 *
 * What a program needs is found out from it; see softsgx policy explain.
 *
 * Context: process context, may sleep; may be called with the mmap_lock held.
 */
void sgx_audit_asked(const struct sgx_question *question)
{
	struct sgx_current cur;
	const char *file, *exe;
	struct path root;

	if (!trace_enclave_asked_enabled())
		return;

	get_fs_root(current->fs, &root);
	sgx_current_init(&cur, question, &root);
	file = traced_path(&cur, SGX_TEXT_FILE);
	exe = traced_path(&cur, SGX_TEXT_EXE);
	trace_enclave_asked(question, file ? file : "?", exe ? exe : "?");
	kfree(exe);
	kfree(file);
	sgx_current_end(&cur);
	path_put(&root);
}

/**
 * sgx_audit_policy() - record a change of the rules
 * @what:	"load", "delete", "enforce" or "permissive"
 * @name:	name of the policy, "" if there is none
 * @version:	its version
 *
 * Context: process context, may sleep.
 */
void sgx_audit_policy(const char *what, const char *name, u64 version)
{
	struct audit_buffer *ab;

	ab = audit_log_start(audit_context(), GFP_KERNEL,
			     AUDIT_MAC_POLICY_LOAD);
	if (!ab)
		return;
	audit_log_format(ab, "enclave: policy %s name=%s version=%llu", what,
			 *name ? name : "none", version);
	audit_log_format(ab, " pid=%d uid=%u", task_tgid_nr(current),
			 from_kuid(&init_user_ns, current_uid()));
	audit_log_task_context(ab);
	audit_log_end(ab);
}

/**
 * sgx_audit_counts() - how often there was something to record
 * @counts:	set
 */
void sgx_audit_counts(struct sgx_audit_counts *counts)
{
	counts->denied = atomic_long_read(&denied_count);
	counts->suppressed = atomic_long_read(&suppressed_count);
}

/**
 * sgx_audit_init() - get ready for records
 *
 * What is suppressed is counted here, and not by messages of the kernel's.
 */
void sgx_audit_init(void)
{
	ratelimit_set_flags(&audit_ratelimit, RATELIMIT_MSG_ON_RELEASE);
}
