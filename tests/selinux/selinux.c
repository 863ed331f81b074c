// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * SELinux decides, enforcing, on a stock kernel. Each row is a cell of a table:
 * a domain, the labels of the files, an act, and what has to become of it; for
 * what is denied the AVC record that has to be seen.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "../access/acts.h"
#include "../access/audit.h"

#define DIR "/run/selinux/"
#define FS  "/sys/fs/selinux/"

static int write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	err = errno;
	close(fd);
	return n == (ssize_t)len ? 0 : -err;
}

static void label(const char *path, const char *type)
{
	char context[64];

	snprintf(context, sizeof(context), "u:object_r:%s", type);
	ASSERT_OK(setxattr(path, "security.selinux", context,
			   strlen(context) + 1, 0));
}

/* The policy that the Makefile has made, enforced; files and their labels. */
static void start(void)
{
	static char policy[1 << 20];
	ssize_t len;
	int fd;

	if (!access(DIR "ready", F_OK))
		return;

	mount("selinuxfs", "/sys/fs/selinux", "selinuxfs", 0, NULL);
	fd = open(test_file("policy"), O_RDONLY);
	ASSERT(fd >= 0);
	len = read(fd, policy, sizeof(policy));
	close(fd);
	ASSERT(len > 0);
	ASSERT_OK(write_file(FS "load", policy, len));

	mkdir("/run/selinux", 0755);
	ASSERT_OK(mount("tmpfs", "/run/selinux", "tmpfs", 0, NULL));
	acts_make_files(DIR "a", DIR "a.sig", DIR "a.dbg", test_key());
	acts_make_files(DIR "b", DIR "b.sig", DIR "b.dbg", test_key());
	acts_make_files(DIR "one", DIR "one.sig", DIR "one.dbg", test_key());
	label(DIR "a", "a_t");
	label(DIR "b", "b_t");
	label(DIR "a.sig", "a_sig_t");
	label(DIR "a.dbg", "a_sig_t");
	label(DIR "b.sig", "b_sig_t");
	label(DIR "b.dbg", "b_sig_t");
	label(DIR "one", "one_enclave_t");
	label(DIR "one.sig", "one_sigstruct_t");
	label(DIR "one.dbg", "one_sigstruct_t");
	label("/dev/sgx_enclave", "sgx_enclave_device_t");
	label("/dev/sgx_provision", "sgx_provision_device_t");
	ASSERT_OK(write_file(FS "enforce", "1", 1));
	ASSERT_OK(acts_write_file(DIR "ready", "", 0));
}

static void become(const char *domain)
{
	char context[64];

	snprintf(context, sizeof(context), "u:r:%s_t", domain);
	if (write_file("/proc/self/attr/current", context, strlen(context) + 1))
		_exit(200);
}

/* A record that denies @permission to @domain on an object of @type. */
static bool avc_seen(int fd, const char *domain, const char *permission,
		     const char *type)
{
	char want[128], context[128];
	const char *text;
	int kind;

	snprintf(want, sizeof(want), " scontext=u:r:%s_t ", domain);
	snprintf(context, sizeof(context), " tcontext=u:object_r:%s ", type);
	while ((text = audit_next(fd, &kind))) {
		if (!strstr(text, "avc:  denied") || !strstr(text, want))
			continue;
		printf("  %s\n", strstr(text, "avc:"));
		if (strstr(text, permission) && strstr(text, context))
			return true;
	}
	return false;
}

/* ---- privileges ---- */

#define DEVICE "sgx_enclave_device_t"

/**
 * struct cell - of the table
 * @title:	the row in words
 * @domain:	who
 * @file:	a, b or one: what code is loaded from
 * @sig:	likewise, for the SIGSTRUCT
 * @act:	what
 * @object:	NULL if it is allowed; else the type of the object in the AVC
 */
struct cell {
	const char *title;
	const char *domain;
	const char *file;
	const char *sig;
	enum act act;
	const char *object;
};

/* clang-format off */
static const struct cell cells[] = {
	{ "all: create", "all", "a", "a", ACT_CREATE, NULL },
	{ "all: code of a", "all", "a", "a", ACT_EXECUTE, NULL },
	{ "all: code of b", "all", "b", "b", ACT_EXECUTE, NULL },
	{ "all: modified code of a", "all", "a", "a", ACT_EXECMOD_PRIVATE, NULL },
	{ "all: writable code of a", "all", "a", "a", ACT_EXECMOD_WX, NULL },
	{ "all: X on an EAUG page", "all", "a", "a", ACT_EXECMOD_AUG, NULL },
	{ "all: anonymous code", "all", "a", "a", ACT_EXECANON, NULL },
	{ "all: unmeasured code of a", "all", "a", "a", ACT_EXECUNMR, NULL },
	{ "all: mmap WX", "all", "a", "a", ACT_EXECMEM_MMAP, NULL },
	{ "all: mprotect WX", "all", "a", "a", ACT_EXECMEM_MPROTECT, NULL },
	{ "all: INIT with a's SIGSTRUCT", "all", "a", "a", ACT_INIT, NULL },
	{ "all: INIT with b's SIGSTRUCT", "all", "a", "b", ACT_INIT, NULL },
	{ "all: INIT from memory", "all", "a", "a", ACT_INITANON, NULL },
	{ "all: debug", "all", "a", "a", ACT_DEBUG, NULL },
	{ "all: provision", "all", "a", "a", ACT_PROVISION, NULL },

	{ "without create", "no_create", "a", "a", ACT_CREATE, DEVICE },
	{ "without execute: a", "no_execute", "a", "a", ACT_EXECUTE, "a_t" },
	{ "without execute: b", "no_execute", "b", "b", ACT_EXECUTE, "b_t" },
	{ "without execmod: modified code", "no_execmod", "a", "a",
	  ACT_EXECMOD_PRIVATE, "a_t" },
	{ "without execmod: writable code", "no_execmod", "a", "a",
	  ACT_EXECMOD_WX, "a_t" },
	{ "without execmod on the file: X on an EAUG page", "no_execmod", "a",
	  "a", ACT_EXECMOD_AUG, NULL },
	{ "without execmod on the device: X on an EAUG page",
	  "no_execmod_device", "a", "a", ACT_EXECMOD_AUG, DEVICE },
	{ "without execmod on the device: modified code", "no_execmod_device",
	  "a", "a", ACT_EXECMOD_PRIVATE, NULL },
	{ "without execanon", "no_execanon", "a", "a", ACT_EXECANON, DEVICE },
	{ "without execunmr", "no_execunmr", "a", "a", ACT_EXECUNMR, "a_t" },
	{ "without execmem: mmap", "no_execmem", "a", "a", ACT_EXECMEM_MMAP,
	  DEVICE },
	{ "without execmem: mprotect", "no_execmem", "a", "a",
	  ACT_EXECMEM_MPROTECT, DEVICE },
	{ "without init: a", "no_init", "a", "a", ACT_INIT, "a_sig_t" },
	{ "without init: b", "no_init", "a", "b", ACT_INIT, "b_sig_t" },
	{ "without init: from memory", "no_init", "a", "a", ACT_INITANON, NULL },
	{ "without initanon", "no_initanon", "a", "a", ACT_INITANON, DEVICE },
	{ "without initanon: from a file", "no_initanon", "a", "a", ACT_INIT,
	  NULL },
	{ "without debug", "no_debug", "a", "a", ACT_DEBUG, DEVICE },
	{ "without debug: another enclave", "no_debug", "a", "a", ACT_INIT,
	  NULL },

	{ "one enclave only: it", "one", "one", "one", ACT_INIT, NULL },
	{ "one enclave only: code of a", "one", "a", "one", ACT_EXECUTE,
	  "a_t" },
	{ "one enclave only: its code, modified", "one", "one", "one",
	  ACT_EXECMOD_PRIVATE, "one_enclave_t" },
	{ "one enclave only: its code, writable", "one", "one", "one",
	  ACT_EXECMOD_WX, "one_enclave_t" },
	{ "one enclave only: its code, unmeasured", "one", "one", "one",
	  ACT_EXECUNMR, "one_enclave_t" },
	{ "one enclave only: anonymous code", "one", "one", "one",
	  ACT_EXECANON, DEVICE },
	{ "one enclave only: another SIGSTRUCT", "one", "one", "a", ACT_INIT,
	  "a_sig_t" },
	{ "one enclave only: SIGSTRUCT in memory", "one", "one", "one",
	  ACT_INITANON, DEVICE },
	{ "one enclave only: mmap WX", "one", "one", "one", ACT_EXECMEM_MMAP,
	  DEVICE },
	{ "one enclave only: mprotect WX", "one", "one", "one",
	  ACT_EXECMEM_MPROTECT, DEVICE },
	{ "one enclave only: X on an EAUG page", "one", "one", "one",
	  ACT_EXECMOD_AUG, DEVICE },
	{ "one enclave only: debug", "one", "one", "one", ACT_DEBUG, DEVICE },
	{ "one enclave only: provision", "one", "one", "one", ACT_PROVISION,
	  "sgx_provision_device_t" },
};
/* clang-format on */

/* In a child, for a domain is not left again. The negative errno, or 0. */
static int act_as(const char *domain, struct actor *actor, enum act which)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		int ret;

		become(domain);
		ret = act(actor, which);
		if (ret && actor->step != (int)act_infos[which].needs)
			_exit(201);
		_exit(-ret);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

TEST_ROWS(privileges, cells, "SELinux")
{
	char code[64], sig[64], dbg[64], command[64];
	struct actor actor = {
		.code = code,
		.sig = sig,
		.sig_debug = dbg,
		.open_flags = O_RDWR,
	};
	int fd, ret;

	start();
	snprintf(code, sizeof(code), DIR "%s", row->file);
	snprintf(sig, sizeof(sig), DIR "%s.sig", row->sig);
	snprintf(dbg, sizeof(dbg), DIR "%s.dbg", row->sig);
	fd = audit_listen();
	ASSERT(fd >= 0);
	ret = act_as(row->domain, &actor, row->act);
	printf("  %-10s %-4s %-4s %-26s %s\n", row->domain, row->file, row->sig,
	       act_infos[row->act].name, ret ? "denied" : "allowed");
	ASSERT_EQ(ret, row->object ? -EACCES : 0);
	if (!row->object)
		return;
	snprintf(command, sizeof(command), " ioctlcmd=0x%x ",
		 0xa4c0 + act_infos[row->act].needs);
	ASSERT(avc_seen(fd, row->domain, command, row->object));
}

/* ---- permissions on the device ---- */

enum step {
	STEP_OPEN,
	STEP_CREATE,
	STEP_ADD,
	STEP_INIT,
	STEP_MAP_R,
	STEP_MAP_RX,
	STEP_MAP_RW,
	STEPS_DONE
};

static const char *const step_names[] = {
	"open",	 "CREATE", "ADD_PAGES", "INIT",
	"map R", "map RX", "map RW",	"done",
};

/**
 * struct life - how far an enclave comes
 * @title:	in words
 * @domain:	who
 * @flags:	how the device is opened
 * @first:	the first step that is refused
 * @avc:	the permission in the AVC; NULL where the descriptor forbids it
 */
struct life {
	const char *title;
	const char *domain;
	int flags;
	enum step first;
	const char *avc;
};

/* clang-format off */
static const struct life lives[] = {
	{ "O_RDWR, all permissions", "all", O_RDWR, STEPS_DONE, NULL },
	{ "O_RDONLY, all permissions: no writable mapping", "all", O_RDONLY,
	  STEP_MAP_RW, NULL },
	{ "O_RDONLY, no write permission: all but a writable mapping",
	  "no_dev_write", O_RDONLY, STEP_MAP_RW, NULL },
	{ "O_RDWR, no write permission: not opened", "no_dev_write", O_RDWR,
	  STEP_OPEN, "{ write }" },
	{ "O_RDONLY, no read permission: not opened", "no_dev_read", O_RDONLY,
	  STEP_OPEN, "{ read }" },
	{ "O_RDONLY, no open permission: not opened", "no_dev_open", O_RDONLY,
	  STEP_OPEN, "{ open }" },
	{ "O_RDONLY, no map permission: no mapping", "no_dev_map", O_RDONLY,
	  STEP_MAP_R, "{ map }" },
	{ "O_RDONLY, no execute permission: no executable mapping",
	  "no_dev_execute", O_RDONLY, STEP_MAP_RX, "{ execute }" },
	{ "ioctl CREATE not listed", "no_ioc_create", O_RDONLY, STEP_CREATE,
	  " ioctlcmd=0xa400 " },
	{ "ioctl ADD_PAGES not listed", "no_ioc_add", O_RDONLY, STEP_ADD,
	  " ioctlcmd=0xa401 " },
	{ "ioctl INIT not listed", "no_ioc_init", O_RDONLY, STEP_INIT,
	  " ioctlcmd=0xa402 " },
};
/* clang-format on */

static int map(struct enclave *encl, u64 offset, int prot)
{
	return encl_map(encl, offset, PAGE, prot);
}

/* In the child: an enclave's life, until a step fails. */
static enum step live(int flags)
{
	struct enclave encl = { .fd = -1 };
	struct actor actor = {
		.code = DIR "a",
		.sig = DIR "a.sig",
		.sig_debug = DIR "a.dbg",
		.open_flags = flags,
		.kept = &encl,
	};
	int fd;

	fd = open("/dev/sgx_enclave", flags);
	if (fd < 0)
		return STEP_OPEN;
	close(fd);
	if (act(&actor, ACT_CREATE))
		return STEP_CREATE;
	if (act(&actor, ACT_EXECUTE))
		return STEP_ADD;
	if (act(&actor, ACT_INIT))
		return actor.step == ENCLAVE_INIT ? STEP_INIT : STEP_ADD;
	if (map(&encl, TINY_CODE, PROT_READ))
		return STEP_MAP_R;
	if (map(&encl, TINY_CODE, PROT_READ | PROT_EXEC))
		return STEP_MAP_RX;
	if (map(&encl, TINY_SSA, PROT_READ | PROT_WRITE))
		return STEP_MAP_RW;
	return STEPS_DONE;
}

TEST_ROWS(device, lives, "the device")
{
	enum step first;
	int fd, status;
	pid_t pid;

	start();
	fd = audit_listen();
	ASSERT(fd >= 0);
	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		become(row->domain);
		_exit(live(row->flags));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status) && WEXITSTATUS(status) <= STEPS_DONE);
	first = WEXITSTATUS(status);
	printf("  %-14s %-8s refused: %s\n", row->domain,
	       row->flags == O_RDONLY ? "O_RDONLY" : "O_RDWR",
	       step_names[first]);
	ASSERT_EQ(first, row->first);
	if (row->avc)
		ASSERT(avc_seen(fd, row->domain, row->avc, DEVICE));
}

/* ---- cost ---- */

#define COST_SIZE	(64UL << 20)
#define COST_CALL	(4UL << 20)

static u64 tsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/*
 * With SELinux, or without where the kernel was not booted with it: cost.sh
 * compares. The least expensive page there is: not measured, no zeroing.
 */
TEST(cost, "cost of ADD_PAGES")
{
	struct enclave encl;
	bool enforcing;
	size_t done;
	u64 start_tsc;
	void *pages;
	int fd;

	mount("selinuxfs", "/sys/fs/selinux", "selinuxfs", 0, NULL);
	enforcing = !access(FS "load", F_OK);
	if (enforcing) {
		start();
	} else {
		mkdir("/run/selinux", 0755);
		ASSERT_OK(mount("tmpfs", "/run/selinux", "tmpfs", 0, NULL));
	}
	fd = open(DIR "big", O_RDWR | O_CREAT, 0755);
	ASSERT(fd >= 0);
	ASSERT_OK(ftruncate(fd, COST_SIZE));
	if (enforcing) {
		label(DIR "big", "a_t");
		become("all");
	}
	pages = mmap(NULL, COST_SIZE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd,
		     0);
	ASSERT(pages != MAP_FAILED);
	ASSERT_OK(encl_open(&encl, 2 * COST_SIZE));
	ASSERT_OK(encl_create(&encl));
	start_tsc = tsc();
	for (done = 0; done < COST_SIZE; done += COST_CALL) {
		struct sgx_secinfo secinfo = { .flags = ENCL_RX };
		struct sgx_enclave_add_pages arg = {
			.src = (u64)pages + done,
			.offset = done,
			.length = COST_CALL,
			.secinfo = (u64)&secinfo,
		};

		ASSERT_OK(ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg));
	}
	printf("  instructions: %lu\n", (unsigned long)(tsc() - start_tsc));
}
