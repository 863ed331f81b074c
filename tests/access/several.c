// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Several deciders at once, none of them special: SELinux, a BPF program and
 * the rules, each refusing or allowing the same privilege, in all combinations.
 * What one of them refuses does not happen; what all of them allow does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "acts.h"

#define DIR   "/run/several/"
#define FILES "/sys/kernel/security/softsgx/"
#define FS    "/sys/fs/selinux/"

#define BY_SELINUX (1U << 0)
#define BY_BPF	   (1U << 1)
#define BY_RULES   (1U << 2)
#define ALL_SETS   (1U << 3)

static const char *const op_names[] = {
	"CREATE",  "EXECUTE", "EXECMOD",  "EXECANON", "EXECUNMR",
	"EXECMEM", "INIT",    "INITANON", "DEBUG",    "PROVISION",
};

static struct actor actor = {
	.code = DIR "code",
	.sig = DIR "sig",
	.sig_debug = DIR "sig_debug",
	.open_flags = O_RDWR,
};

static void write_to(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	if (write(fd, data, len) != (ssize_t)len)
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	close(fd);
}

/* SELinux enforcing; files. Once for all tests. */
static void start_selinux(void)
{
	static char policy[1 << 20];
	ssize_t len;
	int fd;

	if (!access(actor.sig_debug, F_OK))
		return;

	mount("selinuxfs", "/sys/fs/selinux", "selinuxfs", 0, NULL);
	fd = open(test_file("several.policy"), O_RDONLY | O_CLOEXEC);
	ASSERT(fd >= 0);
	len = read(fd, policy, sizeof(policy));
	close(fd);
	ASSERT(len > 0 && len < (ssize_t)sizeof(policy));
	write_to(FS "load", policy, len);
	mkdir("/run/several", 0755);
	/* Labelled as the policy says, and not from before it. */
	ASSERT_OK(mount("tmpfs", "/run/several", "tmpfs", 0, NULL));
	write_to(FS "enforce", "1", 1);
	acts_make_files(actor.code, actor.sig, actor.sig_debug, test_key());
}

/* Attached for the life of this process. Returns the map of what it denies. */
static int start_bpf(void)
{
	struct bpf_program *program;
	struct bpf_object *object;

	object = bpf_object__open_file(test_file("deny.bpf.o"), NULL);
	ASSERT(object);
	ASSERT_OK(bpf_object__load(object));
	program = bpf_object__find_program_by_name(object, "deny");
	ASSERT(program);
	ASSERT(bpf_program__attach_lsm(program));
	return bpf_object__find_map_fd_by_name(object, "denied");
}

static void refuse_by_bpf(int map, unsigned int set)
{
	unsigned int key = 0;

	ASSERT_OK(bpf_map_update_elem(map, &key, &set, BPF_ANY));
}

static void refuse_by_rules(const char *op)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "policy name=t version=1\nDEFAULT action=ALLOW\n%s%s%s",
		 op ? "op=" : "", op ? op : "", op ? " action=DENY\n" : "");
	write_to(FILES "load", text, strlen(text));
}

static void become(const char *domain)
{
	char context[64];

	snprintf(context, sizeof(context), "u:r:%s_t", domain);
	write_to("/proc/self/attr/current", context, strlen(context) + 1);
}

static unsigned long refusals_of_rules(void)
{
	char text[512];
	char *at;
	int fd = open(FILES "status", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ASSERT(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	ASSERT(n > 0);
	close(fd);
	text[n] = '\0';
	at = strstr(text, "denied=");
	ASSERT(at);
	return strtoul(at + 7, NULL, 0);
}

/* In a domain of its own, in a process of its own: 0, or the errno. */
static int act_as(const char *domain, enum act which, int step)
{
	int status, ret;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		become(domain);
		ret = act(&actor, which);
		_exit(ret && actor.step != step ? 255 : -ret);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	return WEXITSTATUS(status);
}

struct act_row {
	const char *title;
	enum act act;
};

/* clang-format off */
static const struct act_row rows[] = {
	{ "create", ACT_CREATE },
	{ "code from a file", ACT_EXECUTE },
	{ "code from a modified page", ACT_EXECMOD_PRIVATE },
	{ "a writable page of code", ACT_EXECMOD_WX },
	{ "X on an EAUG page", ACT_EXECMOD_AUG },
	{ "code from anonymous memory", ACT_EXECANON },
	{ "unmeasured code", ACT_EXECUNMR },
	{ "mmap WX", ACT_EXECMEM_MMAP },
	{ "mprotect WX", ACT_EXECMEM_MPROTECT },
	{ "SIGSTRUCT in a file", ACT_INIT },
	{ "SIGSTRUCT in memory", ACT_INITANON },
	{ "a debug enclave", ACT_DEBUG },
	{ "provision", ACT_PROVISION },
};
/* clang-format on */

TEST_ROWS(all, rows, "SELinux, BPF and rules: only what all of them allow")
{
	const struct act_info *info = &act_infos[row->act];
	int map = start_bpf();
	unsigned int set;

	ASSERT(map >= 0);
	start_selinux();
	for (set = 0; set < ALL_SETS; set++) {
		unsigned long before;
		char domain[16] = "all";
		int ret;

		if (set & BY_SELINUX)
			snprintf(domain, sizeof(domain), "no_%d", info->needs);
		refuse_by_bpf(map, set & BY_BPF ? 1U << info->needs : 0);
		refuse_by_rules(set & BY_RULES ? op_names[info->needs] : NULL);
		before = refusals_of_rules();
		ret = act_as(domain, row->act, info->needs);
		if (ret != (set ? EACCES : 0))
			test_fail(__FILE__, __LINE__,
				  "refused by%s%s%s%s: errno %d",
				  set ? "" : " nobody",
				  set & BY_SELINUX ? " SELinux" : "",
				  set & BY_BPF ? " BPF" : "",
				  set & BY_RULES ? " rules" : "", ret);
		/* What a module has refused, the rules are not asked. */
		ASSERT_EQ(refusals_of_rules() - before, set == BY_RULES);
	}
	refuse_by_bpf(map, 0);
	refuse_by_rules(NULL);
}
