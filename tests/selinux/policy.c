// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/audit.h>
#include <openssl/crypto.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "policy.h"

#define FS	      "/sys/fs/selinux/"
#define FILE_CONTEXTS "store/etc/selinux/default/contexts/files/file_contexts"

/* What a context of the policy has around the type. */
static const struct policy {
	const char *name;
	const char *file;
	const char *subject;
	const char *object;
	const char *level;
} policies[] = {
	{ "minimal", "policy", "u:r:", "u:object_r:", "" },
	{ "debian", "policy.debian",
	  "system_u:system_r:", "system_u:object_r:", ":s0" },
	{ "memfd", "policy.memfd", "u:r:", "u:object_r:", "" },
};

/* The files of code, and those of their SIGSTRUCT. */
static const char *const codes[] = { "a_t", "b_t", "one_enclave_t",
				     "libos_enclave_t", "site_enclave_t" };
/* clang-format off */
static const char *const sigs[] = { "a_sig_t", "b_sig_t", "one_sigstruct_t",
				    "libos_sigstruct_t", "signer_a_sigstruct_t",
				    "signer_b_sigstruct_t" };
/* clang-format on */

static const struct policy *policy(void)
{
	const char *name = getenv("SOFTSGX_POLICY");
	size_t i;

	for (i = 0; name && i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(name, policies[i].name))
			return &policies[i];
	return &policies[0];
}

bool policy_is_debian(void)
{
	return policy() == &policies[1];
}

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

void label(const char *path, const char *type)
{
	char context[96];

	snprintf(context, sizeof(context), "%s%s%s", policy()->object, type,
		 policy()->level);
	ASSERT_OK(setxattr(path, "security.selinux", context,
			   strlen(context) + 1, 0));
}

/* By the module's file contexts where the policy has them. */
static void label_devices(void)
{
	char contexts[512], type[96];
	int status;
	pid_t pid;

	if (!policy_is_debian()) {
		label("/dev/sgx_enclave", DEVICE);
		label("/dev/sgx_provision", "sgx_provision_device_t");
		return;
	}
	snprintf(contexts, sizeof(contexts), "%s", test_file(FILE_CONTEXTS));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		execl("/usr/sbin/setfiles", "setfiles", contexts,
		      "/dev/sgx_enclave", "/dev/sgx_provision", NULL);
		_exit(127);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	memset(type, 0, sizeof(type));
	ASSERT(getxattr("/dev/sgx_enclave", "security.selinux", type,
			sizeof(type) - 1) > 0);
	ASSERT(strstr(type, ":" DEVICE ":"));
}

void policy_enforce(bool enforce)
{
	ASSERT_OK(write_file(FS "enforce", "1", 1));
	if (!enforce)
		ASSERT_OK(write_file(FS "enforce", "0", 1));
}

static void make_files(void)
{
	struct sgx_sigstruct sig, debug;
	char path[96];
	u8 page[PAGE];
	size_t i;

	acts_code(page);
	acts_sign(&sig, page, false, test_key(), NULL);
	acts_sign(&debug, page, true, test_key(), NULL);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(path, sizeof(path), DIR "%s", codes[i]);
		ASSERT_OK(acts_write_file(path, page, PAGE));
		label(path, codes[i]);
	}
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		snprintf(path, sizeof(path), DIR "%s", sigs[i]);
		ASSERT_OK(acts_write_file(path, &sig, sizeof(sig)));
		label(path, sigs[i]);
		snprintf(path, sizeof(path), DIR "%s.dbg", sigs[i]);
		ASSERT_OK(acts_write_file(path, &debug, sizeof(debug)));
		label(path, sigs[i]);
	}
}

void policy_start(void)
{
	static char data[4 << 20];
	ssize_t len;
	int fd;

	/* Now, for it reads its configuration, which is no domain's business. */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (!access(DIR "ready", F_OK))
		return;

	mount("selinuxfs", "/sys/fs/selinux", "selinuxfs", 0, NULL);
	fd = open(test_file(policy()->file), O_RDONLY);
	ASSERT(fd >= 0);
	len = read(fd, data, sizeof(data));
	close(fd);
	ASSERT(len > 0 && len < (ssize_t)sizeof(data));
	ASSERT_OK(write_file(FS "load", data, len));

	mkdir("/run/selinux", 0755);
	ASSERT_OK(mount("tmpfs", "/run/selinux", "tmpfs", 0, NULL));
	make_files();
	label_devices();
	policy_enforce(true);
	ASSERT_OK(acts_write_file(DIR "ready", "", 0));
}

void become(const char *domain)
{
	char context[96];

	snprintf(context, sizeof(context), "%s%s%s", policy()->subject, domain,
		 policy()->level);
	if (write_file("/proc/self/attr/current", context, strlen(context) + 1))
		_exit(200);
}

/* The next record, kept in the log. */
static const char *next_record(int fd, int *type)
{
	static const struct {
		int type;
		const char *name;
	} names[] = {
		{ AUDIT_AVC, "AVC" },	      { AUDIT_SYSCALL, "SYSCALL" },
		{ AUDIT_PATH, "PATH" },	      { AUDIT_CWD, "CWD" },
		{ AUDIT_MMAP, "MMAP" },	      { AUDIT_PROCTITLE, "PROCTITLE" },
		{ AUDIT_FD_PAIR, "FD_PAIR" }, { AUDIT_EOE, "EOE" },
	};
	const char *path = getenv("SOFTSGX_AUDIT_LOG");
	const char *text = audit_next(fd, type);
	FILE *log;
	size_t i;

	if (!text || !path)
		return text;
	log = fopen(path, "ae");
	ASSERT(log);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == *type)
			fprintf(log, "type=%s msg=%s\n", names[i].name, text);
	ASSERT_OK(fclose(log));
	return text;
}

/* Whether @text names the domain as the source. */
static bool from_domain(const char *text, const char *domain)
{
	char want[128];

	snprintf(want, sizeof(want), " scontext=%s%s%s ", policy()->subject,
		 domain, policy()->level);
	return strstr(text, "avc:  denied") && strstr(text, want);
}

/* The next one is a denial of the domain; NULL if it is not. */
static const char *next_denial(int fd, int *type, const char *domain, bool *any)
{
	const char *text = next_record(fd, type);

	*any = text;
	if (!text || *type != AUDIT_AVC || !from_domain(text, domain))
		return NULL;
	printf("  %s\n", strstr(text, "avc:"));
	return text;
}

int avc_seen(int fd, const struct refusal *refusal)
{
	bool any, found = false;
	const char *text;
	char object[128];
	int count = 0;
	int type;

	snprintf(object, sizeof(object), " tcontext=%s%s%s ", policy()->object,
		 refusal->object, policy()->level);
	/* The event that it belongs to ends with EOE. */
	do {
		text = next_denial(fd, &type, refusal->domain, &any);
		if (!text)
			continue;
		count++;
		if (strstr(text, refusal->what) && strstr(text, object) &&
		    strstr(text, refusal->permissive ? "permissive=1"
						     : "permissive=0"))
			found = true;
	} while (any && !(found && type == AUDIT_EOE));
	return found ? count : 0;
}

int avc_rest(int fd, const char *domain)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int count = 0;
	bool any;
	int type;

	while (poll(&pfd, 1, 100) > 0)
		if (next_denial(fd, &type, domain, &any))
			count++;
	return count;
}
