// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Properties that take some doing: users, groups, cgroups, files sealed by
 * fs-verity. Each in both directions.
 */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "acts.h"

#define DIR    "/run/property/"
#define FILES  "/sys/kernel/security/softsgx/"
#define CGROUP "/sys/fs/cgroup/property"

static struct actor actor = {
	.code = DIR "code",
	.sig = DIR "sig",
	.sig_debug = DIR "sig_debug",
	.open_flags = O_RDWR,
};

static void write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		test_fail(__FILE__, __LINE__, "%s: %s", file, strerror(errno));
	close(fd);
}

/* A rule that allows what DEFAULT, of the same operations, refuses. */
static void allow_only(const char *ops, const char *properties)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "policy name=t version=1\nDEFAULT action=ALLOW\n"
		 "DEFAULT op=%s action=DENY\nop=%s %s action=ALLOW\n",
		 ops, ops, properties);
	write_to(FILES "load", text);
}

static void start(void)
{
	mkdir("/run/property", 0755);
	if (access(actor.sig_debug, F_OK))
		acts_make_files(actor.code, actor.sig, actor.sig_debug,
				test_key());
	/* Also for those who are not root. */
	ASSERT_OK(chmod("/dev/sgx_enclave", 0666));
}

static void stop(void)
{
	write_to(FILES "delete", "1");
}

/* ---- who asks ---- */

/**
 * struct who - a process
 * @title:	the situation in words
 * @uid:	effective user
 * @gid:	effective group
 * @group:	supplementary group
 * @property:	of the rule
 * @allowed:	whether it holds
 */
struct who {
	const char *title;
	uid_t uid;
	gid_t gid;
	gid_t group;
	const char *property;
	bool allowed;
};

/* clang-format off */
static const struct who whos[] = {
	{ "its user", 4000, 5000, 6000, "uid=4000", true },
	{ "another user", 4001, 5000, 6000, "uid=4000", false },
	{ "root is no exception", 0, 0, 0, "uid=4000", false },
	{ "its group", 4000, 5000, 6000, "gid=5000", true },
	{ "a supplementary group", 4000, 5000, 6000, "gid=6000", true },
	{ "another group", 4000, 5000, 6000, "gid=5001", false },
	{ "a group of the user's number", 4000, 5000, 6000, "gid=4000", false },
	{ "user and group", 4000, 5000, 6000, "uid=4000 gid=6000", true },
	{ "the user in another group", 4000, 5000, 6000, "uid=4000 gid=6001",
	  false },
};
/* clang-format on */

TEST_ROWS(who, whos, "uid= and gid=")
{
	int status;
	pid_t pid;

	start();
	allow_only("CREATE", row->property);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		ASSERT_OK(setgroups(1, &row->group));
		ASSERT_OK(setresgid(row->gid, row->gid, row->gid));
		ASSERT_OK(setresuid(row->uid, row->uid, row->uid));
		_exit(-act(&actor, ACT_CREATE));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(WEXITSTATUS(status), row->allowed ? 0 : EACCES);
	stop();
}

/* The effective user counts: what a set-user-ID program acts as. */
TEST(effective, "uid= is the effective user")
{
	start();
	allow_only("CREATE", "uid=4000");
	ASSERT_EQ(act(&actor, ACT_CREATE), -EACCES);
	ASSERT_OK(seteuid(4000));
	ASSERT_OK(act(&actor, ACT_CREATE));
	ASSERT_OK(seteuid(0));
	stop();
}

/* A user namespace makes anyone root, of nothing that counts here. */
TEST(user_namespace, "uid=0 is not the root of a user namespace")
{
	int status;
	pid_t pid;

	start();
	allow_only("CREATE", "uid=0");
	ASSERT_OK(act(&actor, ACT_CREATE));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		ASSERT_OK(setresuid(4000, 4000, 4000));
		/* Its own files in /proc, as a program that began so. */
		ASSERT_OK(prctl(PR_SET_DUMPABLE, 1));
		ASSERT_OK(unshare(CLONE_NEWUSER));
		write_to("/proc/self/uid_map", "0 4000 1");
		ASSERT_EQ(geteuid(), 0);
		_exit(-act(&actor, ACT_CREATE));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(WEXITSTATUS(status), EACCES);
	stop();
}

struct cgroup_row {
	const char *title;
	const char *property;
	bool allowed;
};

/* clang-format off */
static const struct cgroup_row cgroup_rows[] = {
	{ "its own", "cgroup=/property/a", true },
	{ "below it", "cgroup=/property/", true },
	{ "the one above", "cgroup=/property", false },
	{ "another", "cgroup=/property/b", false },
	{ "one that begins alike", "cgroup=/prop", false },
	{ "the root", "cgroup=/", true },
};
/* clang-format on */

static void enter_cgroup(void)
{
	mkdir(CGROUP, 0755);
	mkdir(CGROUP "/a", 0755);
	write_to(CGROUP "/a/cgroup.procs", "0");
}

TEST_ROWS(cgroup, cgroup_rows, "cgroup=")
{
	start();
	enter_cgroup();
	allow_only("CREATE", row->property);
	ASSERT_EQ(act(&actor, ACT_CREATE), row->allowed ? 0 : -EACCES);
	stop();
}

TEST(cgroup_namespace, "cgroup= is from the root, in any cgroup namespace")
{
	start();
	enter_cgroup();
	allow_only("CREATE", "cgroup=/property/a");
	ASSERT_OK(unshare(CLONE_NEWCGROUP));
	ASSERT_OK(act(&actor, ACT_CREATE));
	stop();
}

/* ---- fs-verity ---- */

#define SEALED_DIR DIR "sealed/"

static bool kernel_tells_digests(void)
{
	unsigned int major, minor;
	struct utsname name;

	ASSERT_OK(uname(&name));
	ASSERT_EQ(sscanf(name.release, "%u.%u", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 12);
}

static void run(const char *command)
{
	if (system(command))
		test_fail(__FILE__, __LINE__, "%s: it failed", command);
}

/* A file system that can seal files, and the files of an enclave on it. */
static void make_sealed(void)
{
	if (!access(SEALED_DIR "sig", F_OK))
		return;
	run("truncate -s 16M " DIR
	    "image && mkfs.ext4 -q -b 4096 -O verity " DIR
	    "image && modprobe loop && mkdir -p " SEALED_DIR
	    " && mount -o loop " DIR "image " SEALED_DIR);
	acts_make_files(SEALED_DIR "code", SEALED_DIR "sig",
			SEALED_DIR "sig_debug", test_key());
	run("cp " SEALED_DIR "code " SEALED_DIR "open");
}

/* Seal a file, if it is not yet, and tell its digest as a rule does. */
static void seal(const char *path, unsigned int algorithm, char text[160])
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = algorithm,
		.block_size = PAGE,
	};
	union {
		struct fsverity_digest digest;
		u8 room[sizeof(struct fsverity_digest) + 64];
	} u = { .digest.digest_size = 64 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned int i;

	ASSERT(fd >= 0);
	if (ioctl(fd, FS_IOC_ENABLE_VERITY, &arg))
		ASSERT_EQ(errno, EEXIST);
	ASSERT_OK(ioctl(fd, FS_IOC_MEASURE_VERITY, &u.digest));
	close(fd);
	text += sprintf(text, "fsverity_digest=sha256:");
	for (i = 0; i < 32; i++)
		text += sprintf(text, "%02x", u.digest.digest[i]);
}

struct verity_row {
	const char *title;
	const char *code;
	const char *sealed;
	unsigned int algorithm;
	enum act act;
	const char *ops;
	bool allowed;
};

#define SHA256 FS_VERITY_HASH_ALG_SHA256
#define SHA512 FS_VERITY_HASH_ALG_SHA512

/* clang-format off */
static const struct verity_row verity_rows[] = {
	{ "code of the file with that digest", SEALED_DIR "code",
	  SEALED_DIR "code", SHA256, ACT_EXECUTE, "EXECUTE", true },
	{ "code of a file that is not sealed, and the same otherwise",
	  SEALED_DIR "open", SEALED_DIR "code", SHA256, ACT_EXECUTE, "EXECUTE",
	  false },
	{ "code of another sealed file", SEALED_DIR "code", SEALED_DIR "sig",
	  SHA256, ACT_EXECUTE, "EXECUTE", false },
	{ "code of a file system that cannot seal", DIR "code",
	  SEALED_DIR "code", SHA256, ACT_EXECUTE, "EXECUTE", false },
	{ "unmeasured code of the file with that digest", SEALED_DIR "code",
	  SEALED_DIR "code", SHA256, ACT_EXECUNMR, "EXECUNMR", true },
	{ "SIGSTRUCT in the file with that digest", SEALED_DIR "code",
	  SEALED_DIR "sig", SHA256, ACT_INIT, "INIT", true },
	{ "SIGSTRUCT in another sealed file", SEALED_DIR "code",
	  SEALED_DIR "code", SHA256, ACT_INIT, "INIT", false },
	{ "a digest by SHA-512 is none by SHA-256", SEALED_DIR "sig_debug",
	  SEALED_DIR "sig_debug", SHA512, ACT_EXECUTE, "EXECUTE", false },
};
/* clang-format on */

TEST_ROWS(verity, verity_rows, "fsverity_digest=")
{
	struct actor sealed = actor;
	char property[160];
	bool allowed;

	start();
	make_sealed();
	sealed.code = row->code;
	sealed.sig = SEALED_DIR "sig";
	seal(row->sealed, row->algorithm, property);
	allow_only(row->ops, property);
	/* Linux 6.1 has the files, and does not tell modules the digest. */
	allowed = row->allowed && kernel_tells_digests();
	ASSERT_EQ(act(&sealed, row->act), allowed ? 0 : -EACCES);
	stop();
}
