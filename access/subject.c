// SPDX-License-Identifier: GPL-2.0
/*
 * What the rules want to know of current, made when they ask for it.
 *
 * Paths. A rule's path means what whoever loaded the policy sees there. A
 * process may have another root, or mounts of its own (any user can, in a user
 * namespace), and the same name would then be another file. So a path is known
 * only for a process that has the root of the policy, and for a file that is
 * mounted below it; otherwise no rule with a path matches.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/fsverity.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/version.h>
#include "../driver/compat.h"
#include "subject.h"

/**
 * sgx_current_exe() - the program that current runs
 *
 * Context: process context with an mm.
 * Return: its file with a reference, or NULL.
 */
struct file *sgx_current_exe(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	struct file *exe;

	rcu_read_lock();
	exe = rcu_dereference(current->mm->exe_file);
	if (exe && !get_file_rcu(exe))
		exe = NULL;
	rcu_read_unlock();
	return exe;
#else
	struct file *exe;

	rcu_read_lock();
	exe = get_file_rcu(&current->mm->exe_file);
	rcu_read_unlock();
	return exe;
#endif
}

/**
 * sgx_file_path() - the path by which a file was opened
 * @file:	file, also one that a file system like overlayfs has put into a
 *		mapping in place of the one that the user opened
 *
 * Return: the path that the user knows.
 */
const struct path *sgx_file_path(struct file *file)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	return &file->f_path;
#else
	return file_user_path(file);
#endif
}

/*
 * NULL if it is not known, "" if there is no file, else its path.
 *
 * d_path() starts at the root that current has then, which another thread that
 * shares it (CLONE_FS) can change at any time, so it is locked meanwhile. And a
 * mount that goes away ends the path: whether it is still there is looked at
 * afterwards.
 */
static const char *path_text(struct sgx_current *cur, struct file *file,
			     char *buf)
{
	struct fs_struct *fs = current->fs;
	const struct path *path;
	bool known;
	char *text;

	if (!file)
		return "";

	path = sgx_file_path(file);
	sgx_fs_lock(fs);
	text = d_path(path, buf, PATH_MAX);
	known = path_equal(&fs->root, cur->root) &&
		path_is_under(path, cur->root);
	sgx_fs_unlock(fs);
	if (!known)
		return NULL;

	if (IS_ERR(text)) {
		cur->error = PTR_ERR(text);
		return NULL;
	}
	return text;
}

static const char *exe_text(struct sgx_current *cur, char *buf)
{
	struct file *exe = sgx_current_exe();
	const char *text;

	if (!exe)
		return NULL;

	text = path_text(cur, exe, buf);
	fput(exe);
	return text;
}

/* From the root of the second hierarchy, whatever cgroup namespace this is. */
static const char *cgroup_text(struct sgx_current *cur, char *buf)
{
#ifdef CONFIG_CGROUPS
	int ret;

	rcu_read_lock();
	ret = cgroup_path(task_dfl_cgroup(current), buf, PATH_MAX);
	rcu_read_unlock();
	if (ret < 0 || ret >= PATH_MAX) {
		cur->error = ret < 0 ? ret : -ENAMETOOLONG;
		return NULL;
	}
	return buf;
#else
	return NULL;
#endif
}

static const char *make_text(struct sgx_current *cur,
			     enum sgx_subject_text which, char *buf)
{
	switch (which) {
	case SGX_TEXT_FILE:
		return path_text(cur, cur->question->object, buf);
	case SGX_TEXT_SIGSTRUCT:
		return cur->question->object
			       ? path_text(cur, cur->question->object, buf)
			       : NULL;
	case SGX_TEXT_EXE:
		return exe_text(cur, buf);
	case SGX_TEXT_CGROUP:
		return cgroup_text(cur, buf);
	}
	return NULL;
}

static struct sgx_current *to_current(struct sgx_subject *subject)
{
	return container_of(subject, struct sgx_current, subject);
}

static const char *current_text(struct sgx_subject *subject,
				enum sgx_subject_text which)
{
	struct sgx_current *cur = to_current(subject);

	BUILD_BUG_ON(SGX_TEXT_CGROUP + 1 != SGX_SUBJECT_TEXTS);

	if (!cur->texts[which]) {
		cur->texts[which] = kmalloc(PATH_MAX, GFP_KERNEL);
		if (!cur->texts[which]) {
			cur->error = -ENOMEM;
			return NULL;
		}
		cur->found[which] = make_text(cur, which, cur->texts[which]);
	}
	return cur->found[which];
}

static bool current_in_group(struct sgx_subject *subject, u32 gid)
{
	kgid_t kgid = make_kgid(&init_user_ns, gid);

	return gid_valid(kgid) && in_egroup_p(kgid);
}

static const u8 *current_verity(struct sgx_subject *subject)
{
#if defined(CONFIG_FS_VERITY) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct sgx_current *cur = to_current(subject);
	u8 digest[FS_VERITY_MAX_DIGEST_SIZE];
	enum hash_algo algorithm;
	int size;

	if (!cur->question->object)
		return NULL;

	size = fsverity_get_digest(file_inode(cur->question->object), digest,
				   NULL, &algorithm);
	if (size != SGX_DIGEST_SIZE || algorithm != HASH_ALGO_SHA256)
		return NULL;

	memcpy(cur->verity, digest, SGX_DIGEST_SIZE);
	return cur->verity;
#else
	/* Linux 6.1 does not tell modules. */
	return NULL;
#endif
}

static const struct sgx_subject_ops current_ops = {
	.text = current_text,
	.in_group = current_in_group,
	.verity = current_verity,
};

/**
 * sgx_current_init() - look at current as a subject of the rules
 * @cur:	what to fill in; sgx_current_end() ends it
 * @question:	what current asks
 * @root:	root of the policy's paths
 *
 * Both arguments must stay until then.
 */
void sgx_current_init(struct sgx_current *cur,
		      const struct sgx_question *question,
		      const struct path *root)
{
	memset(cur, 0, sizeof(*cur));
	cur->subject.ops = &current_ops;
	cur->subject.identity = question->identity;
	cur->subject.known = question->known;
	cur->subject.used = question->used;
	cur->subject.uid = from_kuid(&init_user_ns, current_euid());
	cur->question = question;
	cur->root = root;
}

/**
 * sgx_current_end() - undo sgx_current_init()
 * @cur:	as it was filled in
 */
void sgx_current_end(struct sgx_current *cur)
{
	int i;

	for (i = 0; i < SGX_SUBJECT_TEXTS; i++)
		kfree(cur->texts[i]);
}
