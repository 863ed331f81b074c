// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Sources that come slowly: a file system of the attacker's (FUSE) answers a
 * read late, and in the meantime what has been looked at is replaced. Whatever
 * the kernel had checked before it waited must not be what decides.
 *
 * The file system is a process of its own: a thread of the attacker's would
 * wait for the same mmap_lock.
 */
#define FUSE_USE_VERSION 34
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <openssl/evp.h>
#include "acts.h"

#define DIR   "/run/slow/"
#define FILES "/sys/kernel/security/softsgx/"
#define HEAD  "policy name=t version=1\nDEFAULT action=ALLOW\n"

/*
 * How long the file system waits for the other thread. Where that must not get
 * through until there is an answer, it waits in vain, and for less.
 */
#define PATIENCE_US 60000000
#define IN_VAIN_US  500000

#define GOOD 1
#define BAD  2

#define SLOW_PAGES 2

/**
 * struct slow - a file that is read slowly
 * @contents:	what is read
 * @quick:	bytes at its beginning that are not
 * @patience:	microseconds to wait for @done
 * @asked:	there was a read, and its answer is being delayed
 * @done:	what was to happen meanwhile has
 * @answered:	it was answered
 */
struct slow {
	u8 contents[SLOW_PAGES * PAGE];
	off_t quick;
	unsigned long patience;
	volatile bool asked;
	volatile bool done;
	volatile bool answered;
};

static struct slow *slow;
static char path[64];

/* ---- the file system: one file, "file" ---- */

static void fill(struct stat *stat, fuse_ino_t ino)
{
	memset(stat, 0, sizeof(*stat));
	stat->st_ino = ino;
	stat->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0755;
	stat->st_nlink = 1;
	stat->st_size = ino == FUSE_ROOT_ID ? 0 : sizeof(slow->contents);
}

static void slow_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .ino = 2,
					  .attr_timeout = 1000,
					  .entry_timeout = 1000 };

	(void)parent;
	if (strcmp(name, "file")) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(&entry.attr, 2);
	fuse_reply_entry(req, &entry);
}

static void slow_getattr(fuse_req_t req, fuse_ino_t ino,
			 struct fuse_file_info *fi)
{
	struct stat stat;

	(void)fi;
	fill(&stat, ino);
	fuse_reply_attr(req, &stat, 1000);
}

static void slow_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fuse_reply_open(req, fi);
}

static void slow_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		      struct fuse_file_info *fi)
{
	const off_t end = sizeof(slow->contents);
	unsigned long waited;

	(void)ino;
	(void)fi;
	if (offset >= slow->quick) {
	slow->asked = true;
		for (waited = 0; !slow->done && waited < slow->patience;
		     waited += 1000)
			usleep(1000);
	slow->answered = true;
	}
	if (offset >= end)
		size = 0;
	else if (size > (size_t)(end - offset))
		size = end - offset;
	fuse_reply_buf(req, (char *)slow->contents + offset, size);
}

static const struct fuse_lowlevel_ops slow_ops = {
	.lookup = slow_lookup,
	.getattr = slow_getattr,
	.open = slow_open,
	.read = slow_read,
};

/*
 * Mount it anew, with these contents in its last page, and return a private
 * mapping of the file, of which each page is read when it is needed.
 */
static u8 *slow_map(const void *contents, size_t len, unsigned long patience)
{
	static char *argv[] = { "slow", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char dir[] = DIR "XXXXXX";
	struct fuse_session *session;
	void *source;
	int fd;

	/* A module of Linux 6.1, a part of it later. */
	ASSERT(!access("/dev/fuse", F_OK) || !system("modprobe fuse"));
	mkdir(DIR, 0755);
	ASSERT(mkdtemp(dir));
	slow = mmap(NULL, sizeof(*slow), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(slow != MAP_FAILED);
	memcpy(slow->contents + sizeof(slow->contents) - PAGE, contents, len);
	slow->patience = patience;
	session = fuse_session_new(&args, &slow_ops, sizeof(slow_ops), NULL);
	ASSERT(session);
	ASSERT_OK(fuse_session_mount(session, dir));
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(fuse_session_loop(session));
	}
	close(fuse_session_fd(session));
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT(fd >= 0);
	source = mmap(NULL, sizeof(slow->contents), PROT_READ, MAP_PRIVATE, fd,
		      0);
	ASSERT(source != MAP_FAILED);
	ASSERT_OK(madvise(source, sizeof(slow->contents), MADV_RANDOM));
	return source;
}

/* Its last page is full of this. */
static u8 *slow_map_byte(u8 byte, unsigned long patience)
{
	u8 page[PAGE];

	memset(page, byte, PAGE);
	return slow_map(page, PAGE, patience);
}

#define LAST_PAGE ((SLOW_PAGES - 1) * PAGE)

/* ---- the attacker ---- */

static int write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t ret;

	ASSERT(fd >= 0);
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret == (ssize_t)strlen(text) ? 0 : -errno;
}

/* "@" in a policy: the slow file. */
static void load(const char *rules)
{
	char text[2048];
	size_t len = sprintf(text, HEAD);

	for (; *rules; rules++)
		len += *rules == '@' ? sprintf(text + len, "%s", path)
				     : sprintf(text + len, "%c", *rules);
	ASSERT_OK(write_to(FILES "load", text));
}

static void no_rules(void)
{
	ASSERT_OK(write_to(FILES "delete", "1"));
}

/**
 * struct meanwhile - what happens while a read is delayed
 * @at:		address of the source
 * @fd:		file to map there; -1 to unmap
 * @rules:	rules to load instead, if not NULL
 * @early:	set: done before the read was answered
 */
struct meanwhile {
	void *at;
	int fd;
	const char *rules;
	bool early;
};

static void *meanwhile_run(void *arg)
{
	struct meanwhile *m = arg;

	while (!slow->asked)
		;
	if (m->rules)
		load(m->rules);
	else if (m->fd >= 0)
		ASSERT(mmap(m->at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
			    m->fd, 0) == m->at);
	else
		ASSERT_OK(munmap(m->at, PAGE));
	m->early = !slow->answered;
	slow->done = true;
	return NULL;
}

static int add_pages(const struct enclave *encl, u64 offset, const void *source,
		     size_t len)
{
	struct sgx_secinfo secinfo = { .flags = ENCL_RX };
	struct sgx_enclave_add_pages arg = {
		.src = (u64)source,
		.offset = offset,
		.length = len,
		.secinfo = (u64)&secinfo,
	};

	return add_raw(encl->fd, &arg) ? errno : 0;
}

static int add(const struct enclave *encl, u64 offset, const void *source)
{
	return add_pages(encl, offset, source, PAGE);
}

/* Before INIT, a debugger may look. */
static u8 peek(struct enclave *encl, u64 offset)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	u8 byte = 0;

	ASSERT(fd >= 0);
	ASSERT_OK(encl_map(encl, offset & ~(PAGE - 1ULL), PAGE, PROT_READ));
	ASSERT_EQ(pread(fd, &byte, 1, encl->secs.baseaddr + offset), 1);
	close(fd);
	return byte;
}

/* A file of the policy's author, in memory. */
static int plain_file(const char *name, const void *data, size_t len)
{
	int fd;

	mkdir(DIR, 0755);
	ASSERT_OK(acts_write_file(name, data, len));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	ASSERT(fd >= 0);
	return fd;
}

/*
 * What the kernel does not do: look where a source comes from, and copy it
 * after that, with nothing held. Returns the errno of the copy.
 */
static int look_and_copy(const void *source, void *to)
{
	char line[256], want[32];
	bool found = false;
	int fds[2], ret;
	FILE *maps;

	snprintf(want, sizeof(want), "%lx-", (unsigned long)source - LAST_PAGE);
	maps = fopen("/proc/self/maps", "re");
	ASSERT(maps);
	while (fgets(line, sizeof(line), maps))
		if (!strncmp(line, want, strlen(want)) && strstr(line, path))
			found = true;
	ASSERT_OK(fclose(maps));
	ASSERT(found);

	/* By the kernel, for which memory that is gone is an error. */
	ASSERT_OK(pipe(fds));
	ret = write(fds[1], source, PAGE) == PAGE ? 0 : errno;
	if (!ret)
		ASSERT_EQ(read(fds[0], to, PAGE), PAGE);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

struct row {
	const char *title;
	const char *rules;
	bool gets_in;
	bool looks_first;
};

#define ONLY_SLOW "op=EXECUTE file=@ action=ALLOW\nop=EXECUTE action=DENY\n"

static const struct row remapped_rows[] = {
	{ "the slow file only: another never gets in", ONLY_SLOW, false,
	  false },
	{ "control, all files: it gets in", "op=EXECUTE action=ALLOW\n", true,
	  false },
	{ "control, looked at first and copied then: it gets in for the other",
	  "", true, true },
};

TEST_ROWS(source_remapped, remapped_rows, "source delayed by FUSE and remapped")
{
	struct meanwhile m = { 0 };
	pthread_t thread;
	struct enclave encl;
	u8 bad[PAGE];
	u8 *copy;

	memset(bad, BAD, PAGE);
	m.fd = plain_file(DIR "bad", bad, PAGE);
	m.at = slow_map_byte(GOOD,
			     row->looks_first ? PATIENCE_US : IN_VAIN_US) +
	       LAST_PAGE;
	load(row->rules);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT_OK(pthread_create(&thread, NULL, meanwhile_run, &m));
	if (row->looks_first) {
		copy = page_alloc(1);
		ASSERT_OK(look_and_copy(m.at, copy));
		ASSERT_OK(add(&encl, TINY_CODE, copy));
		ASSERT_OK(pthread_join(thread, NULL));
		ASSERT(m.early);
		ASSERT_EQ(peek(&encl, TINY_CODE), BAD);
		no_rules();
		return;
	}
	ASSERT_OK(add(&encl, TINY_CODE, m.at));
	ASSERT(slow->answered);
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT(!m.early);
	/* What was looked at is what has come. */
	ASSERT_EQ(peek(&encl, TINY_CODE), GOOD);
	/* The other file is there now, and is asked about. */
	if (row->gets_in) {
		ASSERT_OK(add(&encl, TINY_FREE, m.at));
		ASSERT_EQ(peek(&encl, TINY_FREE), BAD);
	} else {
		ASSERT_EQ(add(&encl, TINY_FREE, m.at), EACCES);
	}
	no_rules();
}

static const struct row unmapped_rows[] = {
	{ "it stays until the page is copied", ONLY_SLOW, false, false },
	{ "control, looked at first and copied then: it is gone in between", "",
	  true, true },
};

TEST_ROWS(source_unmapped, unmapped_rows, "source delayed by FUSE and unmapped")
{
	struct meanwhile m = { .fd = -1 };
	pthread_t thread;
	struct enclave encl;
	u8 copy[PAGE];

	m.at = slow_map_byte(GOOD,
			     row->looks_first ? PATIENCE_US : IN_VAIN_US) +
	       LAST_PAGE;
	load(row->rules);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT_OK(pthread_create(&thread, NULL, meanwhile_run, &m));
	if (row->looks_first) {
		ASSERT_EQ(look_and_copy(m.at, copy), EFAULT);
	} else {
		ASSERT_OK(add(&encl, TINY_CODE, m.at));
	ASSERT(slow->answered);
		ASSERT_EQ(peek(&encl, TINY_CODE), GOOD);
	}
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(m.early, row->gets_in);
	ASSERT_EQ(add(&encl, TINY_FREE, m.at), EFAULT);
	no_rules();
}

/**
 * struct replaced_row - a policy that is replaced while a page is waited for
 * @title:	in words
 * @rules:	the new one; the old one allows the slow file
 * @asked:	the call has a page before that one, of the same file, that comes
 *		at once: the question has been asked
 * @gets_in:	whether the page does
 */
struct replaced_row {
	const char *title;
	const char *rules;
	bool asked;
	bool gets_in;
};

static const struct replaced_row replaced_rows[] = {
	{ "the new one refuses", "op=EXECUTE action=DENY\n", false, false },
	{ "control, the new one allows it", ONLY_SLOW, false, true },
	{ "control, asked before the wait: the old one counts for the call",
	  "op=EXECUTE action=DENY\n", true, true },
};

TEST_ROWS(policy_replaced, replaced_rows,
	  "policy replaced while FUSE delays the source: at once, and it counts")
{
	struct meanwhile m = { .rules = row->rules };
	size_t start = row->asked ? 0 : LAST_PAGE;
	pthread_t thread;
	struct enclave encl;

	m.at = slow_map_byte(GOOD, PATIENCE_US);
	if (row->asked)
		slow->quick = LAST_PAGE;
	load(ONLY_SLOW);
	tiny_open(&encl);
	ASSERT_OK(encl_create(&encl));
	ASSERT_OK(pthread_create(&thread, NULL, meanwhile_run, &m));
	ASSERT_EQ(add_pages(&encl, start, (u8 *)m.at + start,
			    SLOW_PAGES * PAGE - start),
		  row->gets_in ? 0 : EACCES);
	ASSERT_OK(pthread_join(thread, NULL));
	/* Nobody who waits for a file system keeps a policy from going. */
	ASSERT(m.early);
	if (row->gets_in)
		ASSERT_EQ(peek(&encl, LAST_PAGE), GOOD);
	/* The next call is the new one's. */
	if (row->asked)
		ASSERT_EQ(add(&encl, TINY_FREE, m.at), EACCES);
	no_rules();
}

static const struct row sigstruct_rows[] = {
	{ "the slow file only: another SIGSTRUCT never gets in",
	  "op=INIT sigstruct=@ action=ALLOW\n"
	  "op=INIT,INITANON action=DENY\n",
	  false, false },
	{ "control, all files: it gets in", "op=INIT action=ALLOW\n", true,
	  false },
};

TEST_ROWS(sigstruct_remapped, sigstruct_rows,
	  "SIGSTRUCT delayed by FUSE and remapped")
{
	struct actor actor = {
		.code = DIR "code",
		.sig = "/nowhere",
		.open_flags = O_RDWR,
	};
	struct sgx_enclave_init arg;
	struct sgx_sigstruct one, two;
	struct meanwhile m = { 0 };
	char rules[512], signer[65];
	pthread_t thread;
	struct enclave encl;
	u8 code[PAGE], digest[32];
	int error, i;

	acts_code(code);
	close(plain_file(actor.code, code, PAGE));
	acts_sign(&one, code, false, test_key(), NULL);
	acts_sign(&two, code, false, test_other_key(), NULL);
	m.fd = plain_file(DIR "two", &two, sizeof(two));
	m.at = slow_map(&one, sizeof(one), PATIENCE_US) + LAST_PAGE;
	EVP_Digest(two.modulus, sizeof(two.modulus), digest, NULL, EVP_sha256(),
		   NULL);
	for (i = 0; i < 32; i++)
		sprintf(signer + 2 * i, "%02x", digest[i]);
	/* Who it is afterwards is asked with the privilege EXECMEM. */
	snprintf(rules, sizeof(rules),
		 "%sop=EXECMEM mrsigner=%s action=ALLOW\n"
		 "op=EXECMEM action=DENY\n",
		 row->rules, signer);
	load(rules);

	/* Stops at INIT, for there is no such file. */
	actor.kept = &encl;
	ASSERT_EQ(act(&actor, ACT_INIT), -ENOENT);
	ASSERT_OK(pthread_create(&thread, NULL, meanwhile_run, &m));
	arg.sigstruct = (u64)m.at;
	error = ioctl(encl.fd, SGX_IOC_ENCLAVE_INIT, &arg) ? errno : 0;
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT(slow->answered && m.early);
	if (row->gets_in) {
		ASSERT_EQ(error, 0);
		ASSERT_OK(encl_map(&encl, TINY_FREE, PAGE,
				   PROT_READ | PROT_WRITE | PROT_EXEC));
	} else {
		ASSERT_EQ(error, EACCES);
	}
	no_rules();
}

/*
 * A file that its mappings share, and another thread changes all the time: what
 * is measured is the page that was copied, not the file.
 */
struct changer {
	volatile u8 *at;
	volatile bool stop;
};

static void *change(void *arg)
{
	struct changer *c = arg;

	/* Wherever this thread is stopped, it is each of them half of the time. */
	while (!c->stop)
		*c->at = *c->at == GOOD ? BAD : GOOD;
	return NULL;
}

struct changed_row {
	const char *title;
	u64 flags;
	bool gets_in;
};

static const struct changed_row changed_rows[] = {
	{ "measured: no other code has the same MRENCLAVE", SGX_PAGE_MEASURE,
	  false },
	{ "control, not measured: other code gets in", 0, true },
};

/* For an enclave that has nothing but this page of code. */
static void sign_page(struct sgx_sigstruct *sig, const u8 *page, u64 flags)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct enclave encl;
	u8 mrenclave[32];

	tiny_open(&encl);
	measure_create(md, 1, TINY_SIZE);
	measure_add(md, TINY_CODE, ENCL_RX);
	if (flags & SGX_PAGE_MEASURE)
		measure_extend(md, TINY_CODE, page);
	EVP_DigestFinal_ex(md, mrenclave, NULL);
	EVP_MD_CTX_free(md);
	sigstruct_fill(sig, &encl.secs, mrenclave);
	ASSERT_OK(sigstruct_sign(sig, test_key()));
	encl_close(&encl);
}

TEST_ROWS(source_changed, changed_rows, "source file changed during ADD_PAGES")
{
	unsigned long good = 0, bad = 0, refused = 0;
	struct changer c = { 0 };
	struct sgx_sigstruct sig;
	pthread_t thread;
	u8 page[PAGE];
	u8 *source;
	int fd, i;

	memset(page, GOOD, PAGE);
	sign_page(&sig, page, row->flags);
	close(plain_file(DIR "shared", page, PAGE));
	fd = open(DIR "shared", O_RDWR | O_CLOEXEC);
	source = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT(source != MAP_FAILED);
	/* In the last chunk to be measured. */
	c.at = source + PAGE - 1;
	ASSERT_OK(pthread_create(&thread, NULL, change, &c));
	for (i = 0; i < 300; i++) {
		struct enclave encl;
		u8 last;

		tiny_open(&encl);
		ASSERT_OK(encl_create(&encl));
		ASSERT_OK(encl_add(&encl, TINY_CODE, source, PAGE, ENCL_RX,
				   row->flags));
		last = peek(&encl, TINY_CODE + PAGE - 1);
		encl.sig = sig;
		if (encl_init(&encl))
			refused++;
		else if (last == GOOD)
			good++;
		else
			bad++;
		encl_close(&encl);
	}
	c.stop = true;
	ASSERT_OK(pthread_join(thread, NULL));
	printf("  good %lu, bad %lu, refused %lu\n", good, bad, refused);
	ASSERT(good > 0 && (bad > 0) == row->gets_in);
	ASSERT((refused > 0) != row->gets_in);
}
