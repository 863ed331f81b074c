// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The rules on a real kernel: loading them, and what they do to enclaves. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <openssl/evp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "acts.h"
#include "audit.h"

#define DIR   "/run/acts/"
#define FILES "/sys/kernel/security/softsgx/"
#define HEAD  "policy name=t version=1\n"

static const char *const op_names[] = {
	"CREATE",  "EXECUTE", "EXECMOD",  "EXECANON", "EXECUNMR",
	"EXECMEM", "INIT",    "INITANON", "DEBUG",    "PROVISION",
};

static int write_to(const char *file, const char *text, size_t len)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t ret;
	int err;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, len);
	err = errno;
	close(fd);
	return ret == (ssize_t)len ? 0 : -err;
}

static size_t read_from(const char *file, char *buf, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n;

	ASSERT(fd >= 0);
	while (done < size - 1 && (n = read(fd, buf + done, size - 1 - done)))
		done += n;
	close(fd);
	buf[done] = '\0';
	return done;
}

static int load(const char *text)
{
	return write_to(FILES "load", text, strlen(text));
}

static void enforce(bool on)
{
	ASSERT_OK(write_to(FILES "enforce", on ? "1" : "0", 1));
}

static unsigned long status(const char *key)
{
	char text[512];
	char *at;

	read_from(FILES "status", text, sizeof(text));
	at = strstr(text, key);
	ASSERT(at);
	return strtoul(at + strlen(key), NULL, 0);
}

static struct actor actor = {
	.code = DIR "code",
	.sig = DIR "sig",
	.sig_debug = DIR "sig_debug",
	.open_flags = O_RDWR,
};

/* No policy, enforcing, and files for the acts. */
static void start(void)
{
	mkdir("/run/acts", 0755);
	ASSERT_OK(write_to(FILES "delete", "1", 1));
	enforce(true);
	if (access(DIR "sig_debug", F_OK))
		acts_make_files(actor.code, actor.sig, actor.sig_debug,
				test_key());
}

static void stop(void)
{
	ASSERT_OK(write_to(FILES "delete", "1", 1));
	enforce(true);
}

/* ---- loading ---- */

struct load_row {
	const char *title;
	const char *text;
	int error;
	const char *result;
};

/* clang-format off */
static const struct load_row load_rows[] = {
	{ "a policy", HEAD "DEFAULT action=ALLOW\n", 0,
	  "loaded: name=t version=1\n" },
	{ "a wrong line", HEAD "DEFAULT action=ALLOW\nop=INIT x=1 action=DENY\n",
	  EINVAL, "line 3: an unknown property 'x=1'\n" },
	{ "an operation without a DEFAULT",
	  HEAD "DEFAULT op=CREATE action=DENY\n", EINVAL,
	  "refused: an operation has no DEFAULT 'execute'\n" },
	{ "what is meant to be signed and is not", "0\x82\x01\x01", EBADMSG,
	  "refused: the signature is not accepted\n" },
};
/* clang-format on */

TEST_ROWS(loading, load_rows, "load")
{
	char result[256];
	ssize_t n;
	int fd;

	start();
	fd = open(FILES "load", O_RDWR | O_CLOEXEC);
	ASSERT(fd >= 0);
	if (row->error)
		ASSERT_ERRNO(write(fd, row->text, strlen(row->text)),
			     row->error);
	else
		ASSERT_EQ(write(fd, row->text, strlen(row->text)),
			  strlen(row->text));
	n = read(fd, result, sizeof(result) - 1);
	ASSERT(n > 0);
	result[n] = '\0';
	if (strcmp(result, row->result))
		test_fail(__FILE__, __LINE__, "the result is %s", result);
	stop();
}

TEST(load_empty, "load: an empty write is EINVAL, a huge one EFBIG")
{
	size_t size = (4 << 20) + 1;
	char *huge = malloc(size);

	start();
	memset(huge, '\n', size);
	ASSERT_EQ(write_to(FILES "load", huge, size), -EFBIG);
	ASSERT_EQ(write_to(FILES "load", huge, size - 1), -EINVAL);
	/* A write of nothing does not come to the file system. */
	stop();
}

TEST(load_refused, "load: a refused policy leaves the one before in force")
{
	static const char good[] = HEAD "DEFAULT action=ALLOW\n"
					"op=CREATE action=DENY\n";
	char text[256];

	start();
	ASSERT_OK(load(good));
	ASSERT_EQ(load(HEAD "DEFAULT action=ALLOW\nwrong\n"), -EINVAL);
	ASSERT_EQ(read_from(FILES "policy", text, sizeof(text)),
		  sizeof(good) - 1);
	ASSERT(!strcmp(text, good));
	ASSERT_EQ(act(&actor, ACT_CREATE), -EACCES);
	stop();
}

TEST(load_version, "load: a version does not go backwards, not after delete")
{
	start();
	ASSERT_OK(load("policy name=a version=1\nDEFAULT action=ALLOW\n"));
	ASSERT_OK(load("policy name=b version=1\nDEFAULT action=ALLOW\n"));
	ASSERT_EQ(load("policy name=a version=0\nDEFAULT action=ALLOW\n"),
		  -ESTALE);
	ASSERT_OK(write_to(FILES "delete", "1", 1));
	ASSERT_EQ(status("version="), 0);
	ASSERT_EQ(load("policy name=a version=0\nDEFAULT action=ALLOW\n"),
		  -ESTALE);
	ASSERT_EQ(write_to(FILES "delete", "0", 1), -EINVAL);
	stop();
}

TEST(load_capability, "load, enforce, delete: CAP_MAC_ADMIN only")
{
	int fds[3];

	start();
	fds[0] = open(FILES "load", O_WRONLY);
	fds[1] = open(FILES "enforce", O_WRONLY);
	fds[2] = open(FILES "delete", O_WRONLY);
	ASSERT(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
	/* Opened by root, written by another. */
	ASSERT_OK(setresuid(65534, 65534, 65534));
	ASSERT_ERRNO(write(fds[0], HEAD "DEFAULT action=DENY\n", 44), EPERM);
	ASSERT_ERRNO(write(fds[1], "0", 1), EPERM);
	ASSERT_ERRNO(write(fds[2], "1", 1), EPERM);
	ASSERT_ERRNO(open(FILES "load", O_WRONLY), EACCES);
	ASSERT_ERRNO(open(FILES "policy", O_RDONLY), EACCES);
}

/* Take CAP_MAC_ADMIN away from what is effective, or give it back. */
static void set_mac_admin(bool on)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	unsigned int bit = CAP_TO_MASK(CAP_MAC_ADMIN);

	ASSERT_OK(syscall(SYS_capget, &header, data));
	if (on)
		data[CAP_TO_INDEX(CAP_MAC_ADMIN)].effective |= bit;
	else
		data[CAP_TO_INDEX(CAP_MAC_ADMIN)].effective &= ~bit;
	ASSERT_OK(syscall(SYS_capset, &header, data));
}

TEST(load_mac_admin,
     "load: root without CAP_MAC_ADMIN may not, nor a go-between")
{
	static const char text[] = HEAD "DEFAULT action=ALLOW\n";
	int fd;

	start();
	set_mac_admin(false);
	ASSERT_EQ(load(text), -EPERM);
	ASSERT_EQ(write_to(FILES "delete", "1", 1), -EPERM);
	ASSERT_EQ(write_to(FILES "enforce", "0", 1), -EPERM);
	fd = open(FILES "load", O_WRONLY | O_CLOEXEC);
	ASSERT(fd >= 0);
	set_mac_admin(true);
	/* Who has opened it could not have. */
	ASSERT_ERRNO(write(fd, text, sizeof(text) - 1), EPERM);
	close(fd);
	ASSERT_OK(load(text));
	stop();
}

TEST(load_namespace, "load: CAP_MAC_ADMIN of a user namespace is not enough")
{
	start();
	ASSERT_OK(unshare(CLONE_NEWUSER));
	ASSERT_OK(write_to("/proc/self/uid_map", "0 0 1", 5));
	ASSERT_EQ(geteuid(), 0);
	ASSERT_EQ(load(HEAD "DEFAULT action=DENY\n"), -EPERM);
	ASSERT_EQ(write_to(FILES "enforce", "0", 1), -EPERM);
}

/* ---- each privilege ---- */

struct act_row {
	const char *title;
	enum act act;
};

static const struct act_row act_rows[] = {
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

TEST_ROWS(no_rules, act_rows, "without a policy all is allowed")
{
	start();
	ASSERT_OK(act(&actor, row->act));
}

TEST_ROWS(denied_alone, act_rows,
	  "its privilege denied, all others allowed: EACCES")
{
	const struct act_info *info = &act_infos[row->act];
	char text[256];

	start();
	snprintf(text, sizeof(text),
		 HEAD "DEFAULT action=ALLOW\nop=%s action=DENY\n",
		 op_names[info->needs]);
	ASSERT_OK(load(text));
	ASSERT_EQ(act(&actor, row->act), -EACCES);
	ASSERT_EQ(actor.step, info->needs);
	stop();
}

TEST_ROWS(allowed_alone, act_rows,
	  "what it needs allowed, all others denied: it works")
{
	const struct act_info *info = &act_infos[row->act];
	unsigned int needs = info->also | 1U << info->needs;
	char text[512];
	size_t len;
	int n;

	start();
	len = sprintf(text, HEAD "DEFAULT action=DENY\n");
	for (n = 0; n < ENCLAVE_PRIVILEGES; n++)
		if (needs & 1U << n)
			len += sprintf(text + len, "op=%s action=ALLOW\n",
				       op_names[n]);
	ASSERT_OK(load(text));
	ASSERT_OK(act(&actor, row->act));
	stop();
}

TEST_ROWS(permissive, act_rows, "permissive: it works, and is counted")
{
	const struct act_info *info = &act_infos[row->act];
	unsigned long before;
	char text[256];

	start();
	snprintf(text, sizeof(text),
		 HEAD "DEFAULT action=ALLOW\nop=%s action=DENY\n",
		 op_names[info->needs]);
	ASSERT_OK(load(text));
	enforce(false);
	before = status("denied=");
	ASSERT_OK(act(&actor, row->act));
	ASSERT_EQ(status("denied="), before + 1);
	stop();
}

TEST(once, "one call about one file asks once")
{
	struct enclave encl;
	unsigned long before;
	u8 *pages;
	int fd;

	start();
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=EXECUTE action=DENY\n"));
	enforce(false);
	fd = open(DIR "many", O_RDWR | O_CREAT | O_TRUNC, 0755);
	ASSERT_OK(ftruncate(fd, 4 * PAGE));
	pages = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT(pages != MAP_FAILED);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	before = status("denied=");
	ASSERT_OK(encl_add(&encl, 0, pages, 4 * PAGE, ENCL_RX, 0));
	ASSERT_EQ(status("denied="), before + 1);
	/* What is not code is not asked about. */
	ASSERT_OK(encl_add(&encl, 4 * PAGE, pages, 4 * PAGE, ENCL_RW, 0));
	ASSERT_EQ(status("denied="), before + 1);
	stop();
}

/* ---- identity ---- */

static void hex(char *out, const u8 *digest)
{
	int i;

	for (i = 0; i < 32; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
}

/* "$E" and "$S" in a policy: MRENCLAVE and MRSIGNER of the acts' enclave. */
static void load_for(const struct sgx_sigstruct *sig, const char *rules)
{
	char text[4096] = HEAD "DEFAULT action=ALLOW\n"
			       "DEFAULT op=INIT,INITANON action=DENY\n";
	char *out = text + strlen(text);
	u8 signer[32];

	EVP_Digest(sig->modulus, sizeof(sig->modulus), signer, NULL,
		   EVP_sha256(), NULL);
	for (; *rules; rules++) {
		if (*rules != '$') {
			*out++ = *rules;
			continue;
		}
		hex(out, *++rules == 'E' ? sig->enclavehash : signer);
		out += 64;
	}
	strcpy(out, "\n");
	ASSERT_OK(load(text));
}

struct identity_row {
	const char *title;
	const char *rules;
	bool allowed;
};

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* clang-format off */
static const struct identity_row identity_rows[] = {
	{ "its MRENCLAVE", "op=INIT mrenclave=$E action=ALLOW", true },
	{ "another MRENCLAVE", "op=INIT mrenclave=" ZEROS " action=ALLOW",
	  false },
	{ "its MRSIGNER", "op=INIT mrsigner=$S action=ALLOW", true },
	{ "another MRSIGNER", "op=INIT mrsigner=" ZEROS " action=ALLOW",
	  false },
	{ "a revoked MRENCLAVE of an allowed MRSIGNER",
	  "op=INIT mrenclave=$E action=DENY\nop=INIT mrsigner=$S action=ALLOW",
	  false },
	{ "ISVPRODID", "op=INIT mrsigner=$S isvprodid=7 action=ALLOW", true },
	{ "another ISVPRODID", "op=INIT mrsigner=$S isvprodid=8 action=ALLOW",
	  false },
	{ "least ISVSVN", "op=INIT mrsigner=$S min_isvsvn=5 action=ALLOW",
	  true },
	{ "downgraded ISVSVN", "op=INIT mrsigner=$S min_isvsvn=6 action=ALLOW",
	  false },
	{ "debug=no", "op=INIT debug=no action=ALLOW", true },
	{ "debug=yes", "op=INIT debug=yes action=ALLOW", false },
	{ "attributes and xfrm", "op=INIT attributes=4 xfrm=3 action=ALLOW",
	  true },
	{ "other attributes", "op=INIT attributes=6 action=ALLOW", false },
	{ "one of its attributes", "op=INIT attributes=4/4 action=ALLOW",
	  true },
	{ "an attribute that it must not have",
	  "op=INIT attributes=0/4 action=ALLOW", false },
	{ "another xfrm", "op=INIT xfrm=7 action=ALLOW", false },
	{ "one of its xfrm", "op=INIT xfrm=2/2 action=ALLOW", true },
	{ "no AVX in xfrm", "op=INIT xfrm=0/4 action=ALLOW", true },
	{ "no SSE in xfrm", "op=INIT xfrm=0/2 action=ALLOW", false },
	{ "used execute", "op=INIT priv=execute action=ALLOW", true },
	{ "used execute, and may have used nothing",
	  "op=INIT priv=none action=ALLOW", false },
	{ "used execute, and may have used execanon",
	  "op=INIT priv=execanon action=ALLOW", false },
	{ "its SIGSTRUCT file", "op=INIT sigstruct=" DIR "sig7 action=ALLOW",
	  true },
	{ "another SIGSTRUCT file", "op=INIT sigstruct=" DIR "sig action=ALLOW",
	  false },
	{ "a directory of SIGSTRUCT files",
	  "op=INIT sigstruct=" DIR " action=ALLOW", true },
	{ "uid 0", "op=INIT uid=0 action=ALLOW", true },
	{ "another uid", "op=INIT uid=1 action=ALLOW", false },
	{ "gid 0", "op=INIT gid=0 action=ALLOW", true },
	{ "another gid", "op=INIT gid=4000 action=ALLOW", false },
	{ "its cgroup", "op=INIT cgroup=/ action=ALLOW", true },
	{ "another cgroup", "op=INIT cgroup=/nobody action=ALLOW", false },
	{ "the source file", "op=EXECUTE file=" DIR "code action=DENY\n"
			     "op=INIT action=ALLOW", false },
	{ "a directory of source files", "op=EXECUTE file=" DIR " action=DENY\n"
					 "op=INIT action=ALLOW", false },
	{ "another source file", "op=EXECUTE file=" DIR "coda action=DENY\n"
				 "op=INIT action=ALLOW", true },
};
/* clang-format on */

static void edit_isv(struct sgx_sigstruct *sig)
{
	sig->isvprodid = 7;
	sig->isvsvn = 5;
}

TEST_ROWS(identity, identity_rows, "INIT by identity")
{
	struct actor seven = actor;
	struct sgx_sigstruct sig;
	u8 code[PAGE];

	start();
	acts_code(code);
	acts_sign(&sig, code, false, test_key(), edit_isv);
	seven.sig = DIR "sig7";
	ASSERT_OK(acts_write_file(seven.sig, &sig, sizeof(sig)));
	load_for(&sig, row->rules);
	ASSERT_EQ(act(&seven, ACT_INIT), row->allowed ? 0 : -EACCES);
	stop();
}

struct debug_row {
	const char *title;
	const char *rules;
	enum act act;
	bool allowed;
};

#define DEBUG_ONLY                               \
	"op=DEBUG,INIT debug=yes action=ALLOW\n" \
	"op=DEBUG,INIT action=DENY"
#define NO_DEBUG                                \
	"op=DEBUG,INIT debug=no action=ALLOW\n" \
	"op=DEBUG,INIT action=DENY"

/* clang-format off */
static const struct debug_row debug_rows[] = {
	{ "yes, a debug enclave", DEBUG_ONLY, ACT_DEBUG, true },
	{ "yes, another enclave", DEBUG_ONLY, ACT_INIT, false },
	{ "no, a debug enclave", NO_DEBUG, ACT_DEBUG, false },
	{ "no, another enclave", NO_DEBUG, ACT_INIT, true },
};
/* clang-format on */

TEST_ROWS(debug, debug_rows, "debug=")
{
	char text[512];

	start();
	snprintf(text, sizeof(text), HEAD "DEFAULT action=ALLOW\n%s\n",
		 row->rules);
	ASSERT_OK(load(text));
	ASSERT_EQ(act(&actor, row->act), row->allowed ? 0 : -EACCES);
	stop();
}

struct source_row {
	const char *title;
	const char *op;
	const char *file;
	enum act act;
	bool allowed;
};

/* clang-format off */
static const struct source_row source_rows[] = {
	{ "EXECUTE, it", "EXECUTE", DIR "code", ACT_EXECUTE, true },
	{ "EXECUTE, another", "EXECUTE", DIR "sig", ACT_EXECUTE, false },
	{ "EXECMOD, a modified page of it", "EXECMOD", DIR "code",
	  ACT_EXECMOD_PRIVATE, true },
	{ "EXECMOD, a modified page of another", "EXECMOD", DIR "sig",
	  ACT_EXECMOD_PRIVATE, false },
	{ "EXECMOD, a writable page of it", "EXECMOD", DIR "code",
	  ACT_EXECMOD_WX, true },
	{ "EXECMOD, an EAUG page has no file", "EXECMOD", DIR "code",
	  ACT_EXECMOD_AUG, false },
	{ "EXECMOD, an EAUG page, none", "EXECMOD", "none", ACT_EXECMOD_AUG,
	  true },
	{ "EXECMOD, a modified page, none", "EXECMOD", "none",
	  ACT_EXECMOD_PRIVATE, false },
	{ "EXECUNMR, it", "EXECUNMR", DIR "code", ACT_EXECUNMR, true },
	{ "EXECUNMR, another", "EXECUNMR", DIR "sig", ACT_EXECUNMR, false },
};
/* clang-format on */

TEST_ROWS(source, source_rows, "file=")
{
	char text[512];

	start();
	snprintf(text, sizeof(text),
		 HEAD "DEFAULT action=ALLOW\nop=%s file=%s action=ALLOW\n"
		      "op=%s action=DENY\n",
		 row->op, row->file, row->op);
	ASSERT_OK(load(text));
	ASSERT_EQ(act(&actor, row->act), row->allowed ? 0 : -EACCES);
	stop();
}

/* ---- memory that is a file, and memory that is not ---- */

#define HUGE_SIZE (2UL << 20)

/* Some huge pages; none that could be had is not what is tested. */
static void huge_pages(void)
{
	if (write_to("/proc/sys/vm/nr_hugepages", "8", 1))
		test_skip("no huge pages");
}

static void *anon(int flags, int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	ASSERT(at != MAP_FAILED);
	*(volatile u8 *)at = 1;
	return at;
}

static void *private_memory(void)
{
	return anon(MAP_PRIVATE | MAP_ANONYMOUS, -1, PAGE);
}

static void *shared_memory(void)
{
	return anon(MAP_SHARED | MAP_ANONYMOUS, -1, PAGE);
}

static void *private_huge(void)
{
	huge_pages();
	return anon(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, HUGE_SIZE);
}

static void *shared_huge(void)
{
	huge_pages();
	return anon(MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, HUGE_SIZE);
}

static void *attached_huge(void)
{
	void *at;
	int id;

	huge_pages();
	id = shmget(IPC_PRIVATE, HUGE_SIZE, IPC_CREAT | SHM_HUGETLB | 0600);
	ASSERT(id >= 0);
	at = shmat(id, NULL, 0);
	ASSERT(at != (void *)-1);
	ASSERT_OK(shmctl(id, IPC_RMID, NULL));
	*(volatile u8 *)at = 1;
	return at;
}

static void *memfd_huge(void)
{
	int fd;

	huge_pages();
	fd = memfd_create("huge", MFD_HUGETLB);
	ASSERT(fd >= 0 && !ftruncate(fd, HUGE_SIZE));
	return anon(MAP_SHARED, fd, HUGE_SIZE);
}

static void *memfd(void)
{
	int fd = memfd_create("small", 0);

	ASSERT(fd >= 0 && !ftruncate(fd, PAGE));
	return anon(MAP_SHARED, fd, PAGE);
}

static void *huge_file(void)
{
	int fd;

	huge_pages();
	ASSERT_OK(unshare(CLONE_NEWNS));
	ASSERT_OK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_OK(mount("huge", DIR, "hugetlbfs", 0, NULL));
	fd = open(DIR "file", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	ASSERT(fd >= 0 && !ftruncate(fd, HUGE_SIZE));
	return anon(MAP_SHARED, fd, HUGE_SIZE);
}

struct memory_row {
	const char *title;
	void *(*map)(void);
	enum enclave_privilege needs;
};

/* clang-format off */
static const struct memory_row memory_rows[] = {
	{ "private memory", private_memory, ENCLAVE_EXECANON },
	{ "shared memory", shared_memory, ENCLAVE_EXECANON },
	{ "private huge pages", private_huge, ENCLAVE_EXECANON },
	{ "shared huge pages", shared_huge, ENCLAVE_EXECANON },
	{ "huge pages of System V", attached_huge, ENCLAVE_EXECANON },
	{ "a memfd of huge pages", memfd_huge, ENCLAVE_EXECANON },
	{ "a memfd", memfd, ENCLAVE_EXECUTE },
	{ "a file of a hugetlbfs", huge_file, ENCLAVE_EXECUTE },
};
/* clang-format on */

TEST_ROWS(memory, memory_rows, "a source that is a file, or is not")
{
	struct enclave encl;
	char text[256];
	void *source;

	start();
	source = row->map();
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	snprintf(text, sizeof(text),
		 HEAD "DEFAULT action=ALLOW\nop=%s action=DENY\n",
		 op_names[row->needs]);
	ASSERT_OK(load(text));
	ASSERT_EQ(encl_add(&encl, TINY_CODE, source, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE),
		  -EACCES);
	snprintf(text, sizeof(text),
		 HEAD "DEFAULT action=DENY\nop=%s action=ALLOW\n",
		 op_names[row->needs]);
	ASSERT_OK(load(text));
	ASSERT_OK(encl_add(&encl, TINY_CODE, source, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE));
	stop();
}

TEST(sigstruct_huge, "a SIGSTRUCT in huge pages is INITANON")
{
	struct sgx_enclave_init arg;
	struct enclave encl;
	void *at;

	start();
	at = shared_huge();
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	ASSERT_OK(encl_sign(&encl, test_key()));
	memcpy(at, &encl.sig, sizeof(encl.sig));
	arg.sigstruct = (u64)at;
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=INITANON action=DENY\n"));
	ASSERT_ERRNO(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg), EACCES);
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=INIT action=DENY\n"));
	ASSERT_OK(ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg));
	stop();
}

/* ---- a debugger ---- */

/* 0 or an errno: bytes of a debug enclave written as a debugger does. */
static int debug_write(const struct enclave *encl, u64 offset, size_t len)
{
	u64 addr = encl->secs.baseaddr + offset;
	u8 bytes[256], back[sizeof(bytes)];
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	int ret = 0;

	ASSERT(fd >= 0);
	memset(bytes, 0x90, len);
	if (pwrite(fd, bytes, len, addr) != (ssize_t)len)
		ret = errno;
	ASSERT_EQ(pread(fd, back, len, addr), len);
	ASSERT_EQ(!memcmp(bytes, back, len), !ret);
	close(fd);
	return ret;
}

TEST(debugger, "a debugger that writes code of a debug enclave needs EXECMOD")
{
	unsigned long before;
	struct enclave encl;

	start();
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	tiny_add(&encl);
	tiny_finish(&encl);

	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=EXECMOD action=DENY\n"));
	before = status("denied=");
	ASSERT_EQ(debug_write(&encl, TINY_CODE + 101, 16), EIO);
	ASSERT_EQ(status("denied="), before + 1);
	/* What is not code is not asked about. */
	ASSERT_OK(debug_write(&encl, TINY_SSA + PAGE, 16));
	ASSERT_EQ(status("denied="), before + 1);
	/* And one write asks once. */
	enforce(false);
	ASSERT_OK(debug_write(&encl, TINY_CODE + 101, 256));
	ASSERT_EQ(status("denied="), before + 2);
	enforce(true);
	ASSERT_OK(load(HEAD "DEFAULT action=DENY\nop=EXECMOD action=ALLOW\n"));
	ASSERT_OK(debug_write(&encl, TINY_CODE + 13, 16));
	ASSERT_EQ(tiny_enter(&encl).function, SGX_EEXIT);
	stop();
}

TEST(exe, "exe= is this program, and no other")
{
	char self[PATH_MAX], text[PATH_MAX + 128];
	ssize_t len;

	start();
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len] = '\0';
	snprintf(text, sizeof(text),
		 HEAD
		 "DEFAULT action=DENY\nop=CREATE exe=\"%s\" action=ALLOW\n",
		 self);
	ASSERT_OK(load(text));
	ASSERT_OK(act(&actor, ACT_CREATE));
	snprintf(text, sizeof(text),
		 HEAD
		 "DEFAULT action=DENY\nop=CREATE exe=\"%s2\" action=ALLOW\n",
		 self);
	ASSERT_OK(load(text));
	ASSERT_EQ(act(&actor, ACT_CREATE), -EACCES);
	stop();
}

/* The same name, in a mount namespace where it is another file. */
TEST(other_namespace, "a path of another mount namespace is not known")
{
	struct actor other = actor;

	start();
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\n"
			    "op=EXECUTE file=" DIR "code action=ALLOW\n"
			    "op=EXECUTE action=DENY\n"));
	ASSERT_OK(act(&actor, ACT_EXECUTE));
	ASSERT_OK(unshare(CLONE_NEWNS));
	ASSERT_OK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_OK(mount("tmpfs", "/run/acts", "tmpfs", 0, NULL));
	acts_make_files(DIR "code", DIR "sig", DIR "sig_debug", test_key());
	ASSERT_EQ(act(&other, ACT_EXECUTE), -EACCES);
	stop();
}

TEST(chrooted, "a path of another root is not known")
{
	struct actor other = actor;

	start();
	mkdir(DIR "run", 0755);
	mkdir(DIR "run/acts", 0755);
	acts_make_files(DIR "run/acts/code", DIR "run/acts/sig",
			DIR "run/acts/sig_debug", test_key());
	mkdir(DIR "dev", 0755);
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\n"
			    "op=EXECUTE file=" DIR "code action=ALLOW\n"
			    "op=EXECUTE action=DENY\n"));
	ASSERT_OK(mount("/dev", DIR "dev", NULL, MS_BIND, NULL));
	ASSERT_OK(chroot("/run/acts"));
	ASSERT_EQ(act(&other, ACT_EXECUTE), -EACCES);
	ASSERT_EQ(other.step, ENCLAVE_EXECUTE);
}

/* ---- audit ---- */

TEST(audit_record, "a record names file, process, identity and rule")
{
	/* The quote in the process's name makes that hexadecimal. */
	static const char *const parts[] = {
		"enclave: denied { init } for pid=",
		" comm=616374732274657374 ",
		" dev=",
		" ino=",
		" mrenclave=",
		" mrsigner=",
		" isvprodid=0",
		" isvsvn=0",
		" attributes=0x4",
		" priv=execute",
		" policy=t",
		" version=1",
		" rule=3",
		" permissive=0",
	};
	const char *text;
	int type = 0;
	size_t i;
	int fd;

	start();
	prctl(PR_SET_NAME, "acts\"test");
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=INIT action=DENY\n"));
	fd = audit_listen();
	ASSERT(fd >= 0);
	/* What was kept for a daemon is of other tests. */
	audit_drain(fd);
	ASSERT_EQ(act(&actor, ACT_INIT), -EACCES);
	do {
		text = audit_next(fd, &type);
		ASSERT(text);
	} while (type != AUDIT_AVC || !strstr(text, "enclave:"));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text, parts[i]))
			test_fail(__FILE__, __LINE__, "no '%s' in %s", parts[i],
				  text);
	ASSERT(strstr(text, " path=\"" DIR "sig\""));
	stop();
}

TEST(audit_escape, "a path with a newline cannot forge a record")
{
	struct actor odd = actor;
	const char *text;
	int type = 0;
	int fd;

	start();
	odd.code = DIR "a\nenclave: granted";
	acts_make_files(odd.code, DIR "sig", DIR "sig_debug", test_key());
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=EXECUTE action=DENY\n"));
	fd = audit_listen();
	ASSERT(fd >= 0);
	/* What was kept for a daemon is of other tests. */
	audit_drain(fd);
	ASSERT_EQ(act(&odd, ACT_EXECUTE), -EACCES);
	do {
		text = audit_next(fd, &type);
		ASSERT(text);
	} while (type != AUDIT_AVC || !strstr(text, "enclave:"));
	ASSERT(!strstr(text, "granted"));
	ASSERT(strstr(text, " path=2F72756E2F616374732F610A656E636C617665"));
	stop();
}

TEST(audit_suppressed, "too many denials are counted, not recorded")
{
	unsigned long denied, suppressed, told = 0, records = 0;
	const unsigned long tries = 1000;
	struct enclave encl;
	const char *text;
	unsigned long i;
	char *at;
	int type;
	int fd;

	start();
	ASSERT_OK(load(HEAD "DEFAULT action=ALLOW\nop=EXECMEM action=DENY\n"));
	fd = audit_listen();
	ASSERT(fd >= 0);
	/* What was suppressed before is told first. */
	sleep(2);
	tiny_open(&encl);
	ASSERT_EQ(encl_map(&encl, 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC),
		  -EACCES);
	audit_drain(fd);
	denied = status("denied=");
	ASSERT_EQ(status("suppressed="), 0);
	for (i = 0; i < tries; i++)
		ASSERT_EQ(encl_map(&encl, 0, PAGE,
				   PROT_READ | PROT_WRITE | PROT_EXEC),
			  -EACCES);
	ASSERT_EQ(status("denied="), denied + tries);
	suppressed = status("suppressed=");
	while ((text = audit_next(fd, &type))) {
		if (type != AUDIT_AVC || !strstr(text, "enclave: denied"))
			continue;
		records++;
		at = strstr(text, " suppressed=");
		if (at)
			told += strtoul(at + 12, NULL, 10);
	}
	printf("  %lu records, %lu suppressed\n", records, suppressed + told);
	ASSERT(suppressed + told > 0);
	ASSERT_EQ(records + suppressed + told, tries);
	stop();
}

/* ---- attacks ---- */

struct flipper {
	void *at;
	int good_fd, bad_fd;
	volatile bool stop;
	unsigned long flips;
};

/* Maps now one file, now another, over the same address. */
static void *flip(void *arg)
{
	struct flipper *f = arg;

	while (!f->stop) {
		mmap(f->at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
		     f->flips & 1 ? f->good_fd : f->bad_fd, 0);
		f->flips++;
	}
	return NULL;
}

static u8 peek(const struct enclave *encl, u64 offset)
{
	int fd = open("/proc/self/mem", O_RDONLY);
	u8 byte = 0;

	ASSERT(fd >= 0);
	ASSERT_EQ(pread(fd, &byte, 1, encl->secs.baseaddr + offset), 1);
	close(fd);
	return byte;
}

struct race_row {
	const char *title;
	const char *rule;
	bool bad_gets_in;
};

static const struct race_row race_rows[] = {
	{ "the good file only: the bad one never gets in",
	  "op=EXECUTE file=" DIR "good action=ALLOW\nop=EXECUTE action=DENY\n",
	  false },
	{ "control, both files: the bad one gets in",
	  "op=EXECUTE action=ALLOW\n", true },
};

TEST_ROWS(source_race, race_rows, "source remapped during ADD_PAGES")
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RX };
	unsigned long good = 0, bad = 0, refused = 0;
	struct flipper f = { 0 };
	char text[512];
	u8 page[PAGE];
	pthread_t thread;
	struct enclave encl;
	int i;

	start();
	memset(page, 1, PAGE);
	ASSERT_OK(acts_write_file(DIR "good", page, PAGE));
	memset(page, 2, PAGE);
	ASSERT_OK(acts_write_file(DIR "bad", page, PAGE));
	snprintf(text, sizeof(text), HEAD "DEFAULT action=ALLOW\n%s",
		 row->rule);
	ASSERT_OK(load(text));

	f.at = page_alloc(1);
	f.good_fd = open(DIR "good", O_RDONLY);
	f.bad_fd = open(DIR "bad", O_RDONLY);
	ASSERT_OK(pthread_create(&thread, NULL, flip, &f));
	for (i = 0; i < 400; i++) {
		struct sgx_enclave_add_pages arg = {
			.src = (u64)f.at,
			.offset = TINY_CODE,
			.length = PAGE,
			.secinfo = (u64)&secinfo,
		};
		int ret;

		tiny_open(&encl);
		ASSERT_OK(encl_create(&encl));
		ret = ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg);
		if (ret) {
			ASSERT(errno == EACCES || errno == EFAULT);
			refused++;
		} else {
			ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, PROT_READ));
			if (peek(&encl, TINY_CODE) == 2)
				bad++;
			else
				good++;
		}
		encl_close(&encl);
	}
	f.stop = true;
	pthread_join(thread, NULL);
	printf("  %lu flips: good %lu, bad %lu, refused %lu\n", f.flips, good,
	       bad, refused);
	ASSERT(good > 0);
	ASSERT_EQ(!!bad, row->bad_gets_in);
	stop();
}

/* A private mapping of a file whose page another thread writes. */
static void *scribble(void *arg)
{
	struct flipper *f = arg;

	while (!f->stop) {
		mmap(f->at, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_FIXED, f->good_fd, 0);
		/* For a while as it is in the file, for a while written. */
		sched_yield();
		*(volatile u8 *)f->at = 2;
		f->flips++;
		sched_yield();
	}
	return NULL;
}

static const struct race_row scribble_rows[] = {
	{ "without EXECMOD what is written never gets in",
	  "op=EXECMOD action=DENY\n", false },
	{ "control, with EXECMOD: it gets in", "op=EXECMOD action=ALLOW\n",
	  true },
};

TEST_ROWS(scribble_race, scribble_rows, "source written during ADD_PAGES")
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RX };
	unsigned long good = 0, bad = 0, refused = 0;
	struct flipper f = { 0 };
	char text[256];
	u8 page[PAGE];
	pthread_t thread;
	struct enclave encl;
	int i;

	start();
	memset(page, 1, PAGE);
	ASSERT_OK(acts_write_file(DIR "good", page, PAGE));
	snprintf(text, sizeof(text), HEAD "DEFAULT action=ALLOW\n%s",
		 row->rule);
	ASSERT_OK(load(text));
	f.at = page_alloc(1);
	f.good_fd = open(DIR "good", O_RDONLY);
	ASSERT_OK(pthread_create(&thread, NULL, scribble, &f));
	for (i = 0; i < 400 || (i < 4000 && !(good + refused)); i++) {
		struct sgx_enclave_add_pages arg = {
			.src = (u64)f.at,
			.offset = TINY_CODE,
			.length = PAGE,
			.secinfo = (u64)&secinfo,
		};

		tiny_open(&encl);
		ASSERT_OK(encl_create(&encl));
		if (ioctl(encl.fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg)) {
			ASSERT(errno == EACCES || errno == EFAULT);
			refused++;
		} else {
			ASSERT_OK(encl_map(&encl, TINY_CODE, PAGE, PROT_READ));
			if (peek(&encl, TINY_CODE) == 2)
				bad++;
			else
				good++;
		}
		encl_close(&encl);
	}
	f.stop = true;
	pthread_join(thread, NULL);
	printf("  %lu writes: good %lu, bad %lu, refused %lu\n", f.flips, good,
	       bad, refused);
	ASSERT(good + refused > 0);
	ASSERT_EQ(!!bad, row->bad_gets_in);
	stop();
}

struct rewriter {
	struct sgx_sigstruct *at;
	const struct sgx_sigstruct *one, *two;
	volatile bool stop;
};

static void *rewrite(void *arg)
{
	struct rewriter *r = arg;

	/* Long enough as it is for INIT to find it whole now and then. */
	while (!r->stop) {
		memcpy(r->at, r->two, sizeof(*r->at));
		usleep(100);
		memcpy(r->at, r->one, sizeof(*r->at));
		usleep(100);
	}
	return NULL;
}

static const struct race_row sigstruct_rows[] = {
	{ "one signer only: the other one never gets in",
	  "op=INITANON mrsigner=$S action=ALLOW", false },
	{ "control, both signers: the other one gets in",
	  "op=INITANON action=ALLOW", true },
};

/*
 * Who it is afterwards is asked by a rule: the identity that EINIT has
 * confirmed, for the privilege EXECMEM.
 */
static bool is_first(struct enclave *encl)
{
	return !encl_map(encl, TINY_FREE, PAGE,
			 PROT_READ | PROT_WRITE | PROT_EXEC);
}

TEST_ROWS(sigstruct_race, sigstruct_rows, "SIGSTRUCT rewritten during INIT")
{
	unsigned long first = 0, second = 0, refused = 0, torn = 0;
	struct sgx_sigstruct one, two;
	struct rewriter r = { .one = &one, .two = &two };
	char rules[512];
	u8 code[PAGE];
	pthread_t thread;
	int i;

	start();
	acts_code(code);
	acts_sign(&one, code, false, test_key(), NULL);
	acts_sign(&two, code, false, test_other_key(), NULL);
	snprintf(rules, sizeof(rules),
		 "%s\nop=EXECMEM mrsigner=$S action=ALLOW\n"
		 "op=EXECMEM action=DENY",
		 row->rule);
	load_for(&one, rules);
	r.at = page_alloc(1);
	memcpy(r.at, &one, sizeof(one));
	ASSERT_OK(pthread_create(&thread, NULL, rewrite, &r));
	for (i = 0; i < 300; i++) {
		struct sgx_enclave_init arg = { .sigstruct = (u64)r.at };
		struct actor builder = actor;
		struct enclave encl;
		int ret;

		/* Stops at INIT, for there is no such file. */
		builder.kept = &encl;
		builder.sig = "/nowhere";
		ASSERT_EQ(act(&builder, ACT_INIT), -ENOENT);
		ret = ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg) ? errno : 0;
		if (ret == EACCES)
			refused++;
		else if (ret == EPERM)
			torn++;
		else if (ret)
			test_fail(__FILE__, __LINE__, "INIT: errno %d", ret);
		else if (is_first(&encl))
			first++;
		else
			second++;
		encl_close(&encl);
	}
	r.stop = true;
	pthread_join(thread, NULL);
	printf("  first %lu, second %lu, refused %lu, torn %lu\n", first,
	       second, refused, torn);
	ASSERT(first > 0);
	ASSERT_EQ(!!second, row->bad_gets_in);
	stop();
}

/* ---- replacement ---- */

#define REPLACEMENTS 10000
#define LOADERS	     8

/*
 * A policy of which version and line of the denial belong together: the line
 * is 4 plus the version modulo 13.
 */
static void load_version_of(unsigned int version)
{
	char text[512];
	size_t len;

	len = sprintf(text, "policy name=t version=%u\nDEFAULT action=ALLOW\n",
		      version);
	memset(text + len, '\n', version % 13 + 1);
	len += version % 13 + 1;
	strcpy(text + len, "op=EXECANON,EXECMEM action=DENY\n");
	ASSERT_OK(load(text));
}

static void load_enclaves(volatile bool *done, volatile unsigned long *loaded)
{
	struct enclave encl;

	while (!*done) {
		tiny_open(&encl);
		ASSERT_OK(encl_create(&encl));
		ASSERT_EQ(encl_add(&encl, TINY_CODE, page_alloc(1), PAGE,
				   ENCL_RX, 0),
			  -EACCES);
		ASSERT_EQ(encl_map(&encl, 0, PAGE,
				   PROT_READ | PROT_WRITE | PROT_EXEC),
			  -EACCES);
		encl_close(&encl);
		__atomic_add_fetch(loaded, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

#define TRACING "/sys/kernel/tracing/"

/* Lines of the trace so far: how many, and how many of them do not fit. */
static void check_trace(int fd, unsigned long *seen, unsigned long *wrong)
{
	static char buf[1 << 16];
	static size_t have;
	ssize_t n;
	char *at, *end;

	while ((n = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
		have += n;
		buf[have] = '\0';
		for (at = buf; (end = strchr(at, '\n')); at = end + 1) {
			char *v = strstr(at, " version=");
			unsigned int version, line;

			if (!v || v > end ||
			    sscanf(v, " version=%u line=%u", &version, &line) !=
				    2)
				continue;
			++*seen;
			if (line != 4 + version % 13)
				++*wrong;
		}
		have -= at - buf;
		memmove(buf, at, have);
	}
}

TEST(replacement, "10000 replacements while eight processes load enclaves")
{
	unsigned long seen = 0, wrong = 0;
	volatile unsigned long *loaded;
	volatile bool *done;
	pid_t pids[LOADERS];
	unsigned int i;
	char text[512];
	int status_, fd;

	alarm(1500);
	start();
	loaded = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	done = (volatile bool *)(loaded + 1);
	load_version_of(2);
	ASSERT_OK(write_to(
		TRACING "events/softsgx_access/enclave_denied/enable", "1", 1));
	fd = open(TRACING "trace_pipe", O_RDONLY | O_NONBLOCK);
	ASSERT(fd >= 0);
	for (i = 0; i < LOADERS; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			load_enclaves(done, loaded);
		}
	}
	for (i = 3; i < 3 + REPLACEMENTS; i++) {
		char *at;
		unsigned int newlines = 0;

		load_version_of(i);
		if (i % 16)
			continue;
		check_trace(fd, &seen, &wrong);
		read_from(FILES "policy", text, sizeof(text));
		for (at = text; *at; at++)
			newlines += *at == '\n';
		ASSERT_EQ(newlines, 4 + i % 13);
	}
	*done = true;
	for (i = 0; i < LOADERS; i++) {
		ASSERT_EQ(waitpid(pids[i], &status_, 0), pids[i]);
		ASSERT(WIFEXITED(status_) && !WEXITSTATUS(status_));
	}
	check_trace(fd, &seen, &wrong);
	ASSERT_OK(write_to(
		TRACING "events/softsgx_access/enclave_denied/enable", "0", 1));
	printf("  %lu enclaves, %lu decisions seen, %lu of two versions\n",
	       *loaded, seen, wrong);
	ASSERT(*loaded > 100 && seen > 100);
	ASSERT_EQ(wrong, 0);
}
