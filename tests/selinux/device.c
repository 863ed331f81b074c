// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * What each step of an enclave's life asks of the device: every step, with the
 * device opened in every way, by a domain that lacks one permission on it or
 * one ioctl of its list. Whatever comes before the step is done by a domain
 * that lacks nothing.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "build.h"
#include "policy.h"

static const struct parts parts = { DIR "a_t", FROM_FILE, DIR "a_sig_t",
				    FROM_FILE };

/* How far the enclave is before the step. */
enum stage {
	NOTHING,
	OPENED,
	CREATED,
	ADDED,
	INITIALISED,
	TRIMMED,
	MAPPED,		/* R, and its data RW if that is possible */
	RUNNABLE,	/* its code RX too */
	READABLE,	/* as that, but its data R */
};

static int create(struct enclave *encl)
{
	return encl_create(encl);
}

static int add(struct enclave *encl)
{
	u8 *page = page_alloc(1);

	return encl_add(encl, TINY_FREE, page, PAGE, ENCL_RW, SGX_PAGE_MEASURE);
}

static int init(struct enclave *encl)
{
	return build_init(encl, &parts);
}

static int provision_fd = -1;

static int provision(struct enclave *encl)
{
	struct sgx_enclave_provision arg = { .fd = provision_fd };

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_PROVISION, &arg) ? -errno : 0;
}

static int restrict_page(struct enclave *encl)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = TINY_SSA + PAGE,
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg)
		       ? -errno
		       : 0;
}

static int modify_type(struct enclave *encl)
{
	struct sgx_enclave_modify_types arg = {
		.offset = TINY_SSA + PAGE,
		.length = PAGE,
		.page_type = SGX_PT_TRIM,
	};

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &arg) ? -errno : 0;
}

static int remove_page(struct enclave *encl)
{
	struct sgx_enclave_remove_pages arg = {
		.offset = TINY_SSA + PAGE,
		.length = PAGE,
	};

	return ioctl(encl->fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &arg) ? -errno : 0;
}

static int map_r(struct enclave *encl)
{
	return encl_map(encl, TINY_CODE, PAGE, PROT_READ);
}

static int map_rw(struct enclave *encl)
{
	return encl_map(encl, TINY_SSA, PAGE, PROT_READ | PROT_WRITE);
}

static int map_rwx(struct enclave *encl)
{
	return encl_map(encl, TINY_FREE, PAGE,
			PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int protect(struct enclave *encl, u64 offset, int prot)
{
	return mprotect((void *)(encl->secs.baseaddr + offset), PAGE, prot)
		       ? -errno
		       : 0;
}

static int protect_rx(struct enclave *encl)
{
	return protect(encl, TINY_CODE, PROT_READ | PROT_EXEC);
}

static int protect_rw(struct enclave *encl)
{
	return protect(encl, TINY_FREE, PROT_READ | PROT_WRITE);
}

#define PF_VECTOR 14

/* -EFAULT for the page fault that the processor takes on TCS or SSA. */
static int run(struct enclave *encl)
{
	u64 address;
	int ret;

	ret = build_enter(encl, &address);
	if (!ret)
		return 0;
	address -= encl->secs.baseaddr;
	if (ret == PF_VECTOR && (address == TINY_TCS || address == TINY_SSA))
		return -EFAULT;
	printf("  vector %d at %llx\n", ret, (unsigned long long)address);
	fflush(stdout);
	return ret;
}

static int map_and_run(struct enclave *encl)
{
	int ret = build_map_code(encl);

	return ret ? ret : run(encl);
}

#define CAN_READ  1
#define CAN_WRITE 2

/**
 * struct step - of an enclave's life
 * @name:	what the table says
 * @stage:	how far the enclave has to be
 * @run:	does it; NULL for open
 * @asks:	permissions on the device, and commands
 * @mode:	how the descriptor has to be open
 * @not:	and how not
 * @late:	SELinux is asked after that has been looked at
 * @without:	the errno where it is not
 * @done:	what the step returns where nothing refuses it
 */
static const struct step {
	const char *name;
	enum stage stage;
	int (*run)(struct enclave *encl);
	const char *asks;
	int mode;
	int not;
	bool late;
	int without;
	int done;
} steps[] = {
	{ .name = "open", .stage = NOTHING, .asks = "open" },
	{ .name = "CREATE",
	  .stage = OPENED,
	  .run = create,
	  .asks = "ioc_create" },
	{ .name = "ADD_PAGES", .stage = CREATED, .run = add, .asks = "ioc_add" },
	{ .name = "INIT", .stage = ADDED, .run = init, .asks = "ioc_init" },
	{ .name = "PROVISION",
	  .stage = CREATED,
	  .run = provision,
	  .asks = "ioc_provision" },
	{ .name = "RESTRICT_PERMISSIONS",
	  .stage = INITIALISED,
	  .run = restrict_page,
	  .asks = "ioc_restrict" },
	{ .name = "MODIFY_TYPES",
	  .stage = INITIALISED,
	  .run = modify_type,
	  .asks = "ioc_modify" },
	/* The enclave has not accepted that it is trimmed: the driver says so. */
	{ .name = "REMOVE_PAGES",
	  .stage = TRIMMED,
	  .run = remove_page,
	  .asks = "ioc_remove",
	  .done = -EPERM },
	{ .name = "mmap R",
	  .stage = INITIALISED,
	  .run = map_r,
	  .asks = "map read",
	  .mode = CAN_READ,
	  .without = -EACCES },
	{ .name = "mmap RX",
	  .stage = INITIALISED,
	  .run = build_map_code,
	  .asks = "map read execute",
	  .mode = CAN_READ,
	  .without = -EACCES },
	{ .name = "mmap RW",
	  .stage = INITIALISED,
	  .run = map_rw,
	  .asks = "map read write",
	  .mode = CAN_READ | CAN_WRITE,
	  .without = -EACCES },
	{ .name = "mmap RWX",
	  .stage = INITIALISED,
	  .run = map_rwx,
	  .asks = "map read write execute execmem",
	  .mode = CAN_READ | CAN_WRITE,
	  .without = -EACCES },
	{ .name = "mprotect R to RX",
	  .stage = MAPPED,
	  .run = protect_rx,
	  .asks = "read execute",
	  .late = true },
	{ .name = "mprotect R to RW",
	  .stage = MAPPED,
	  .run = protect_rw,
	  .asks = "read write",
	  .mode = CAN_READ | CAN_WRITE,
	  .late = true,
	  .without = -EACCES },
	/* Data is mapped before, writable if the descriptor is. */
	{ .name = "mmap RX and run",
	  .stage = MAPPED,
	  .run = map_and_run,
	  .asks = "map read execute",
	  .mode = CAN_READ },
	{ .name = "run",
	  .stage = RUNNABLE,
	  .run = run,
	  .asks = "",
	  .mode = CAN_READ },
	/*
	 * Where TCS and SSA could be mapped writable, they have to be, as on a
	 * processor.
	 */
	{ .name = "run, data mapped R",
	  .stage = READABLE,
	  .run = run,
	  .asks = "",
	  .mode = CAN_READ,
	  .not = CAN_WRITE,
	  .without = -EFAULT },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* The ioctls, as an AVC record has them. */
static const struct {
	const char *name;
	const char *avc;
} commands[] = {
	{ "ioc_create", " ioctlcmd=0xa400 " },
	{ "ioc_add", " ioctlcmd=0xa401 " },
	{ "ioc_init", " ioctlcmd=0xa402 " },
	{ "ioc_provision", " ioctlcmd=0xa403 " },
	{ "ioc_restrict", " ioctlcmd=0xa405 " },
	{ "ioc_modify", " ioctlcmd=0xa406 " },
	{ "ioc_remove", " ioctlcmd=0xa407 " },
	{ "execmem", " ioctlcmd=0xa4c5 " },
};

/**
 * struct way - in which the device is used
 * @title:	in words
 * @flags:	how it is opened
 * @domain:	who does the step
 * @lacks:	what that domain lacks; NULL for nothing
 */
struct way {
	const char *title;
	int flags;
	const char *domain;
	const char *lacks;
};

/* clang-format off */
#define WAYS(flags)                                                     \
	{ #flags, flags, "all_t", NULL },                               \
	{ #flags ", no read", flags, "no_dev_read_t", "read" },         \
	{ #flags ", no write", flags, "no_dev_write_t", "write" },      \
	{ #flags ", no open", flags, "no_dev_open_t", "open" },         \
	{ #flags ", no map", flags, "no_dev_map_t", "map" },            \
	{ #flags ", no execute", flags, "no_dev_execute_t", "execute" },\
	{ #flags ", no ioctl", flags, "no_ioctl_t", "ioc" },            \
	{ #flags ", no ENCLAVE_EXECMEM", flags, "no_execmem_t",         \
	  "execmem" }

#define LISTS(flags)                                                        \
	{ #flags ", CREATE not listed", flags, "no_ioc_create_t",           \
	  "ioc_create" },                                                   \
	{ #flags ", ADD_PAGES not listed", flags, "no_ioc_add_t",           \
	  "ioc_add" },                                                      \
	{ #flags ", INIT not listed", flags, "no_ioc_init_t", "ioc_init" }, \
	{ #flags ", PROVISION not listed", flags, "no_ioc_provision_t",     \
	  "ioc_provision" },                                                \
	{ #flags ", RESTRICT_PERMISSIONS not listed", flags,                \
	  "no_ioc_restrict_t", "ioc_restrict" },                            \
	{ #flags ", MODIFY_TYPES not listed", flags, "no_ioc_modify_t",     \
	  "ioc_modify" },                                                   \
	{ #flags ", REMOVE_PAGES not listed", flags, "no_ioc_remove_t",     \
	  "ioc_remove" }

static const struct way ways[] = {
	WAYS(O_RDONLY),
	WAYS(O_WRONLY),
	WAYS(O_RDWR),
	LISTS(O_RDONLY),
	LISTS(O_RDWR),
};
/* clang-format on */

static int mode_of(int flags)
{
	return flags == O_RDWR	 ? CAN_READ | CAN_WRITE
	       : flags == O_RDONLY ? CAN_READ
				   : CAN_WRITE;
}

/* Whether a word of @asks is @word, or begins with it if that is "ioc". */
static bool asks(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' ' || !strcmp(word, "ioc")))
			return true;
		at += len;
	}
	return false;
}

/**
 * struct outcome - of a step
 * @ret:	what it returns
 * @avc:	part of the record, "" if there is to be none
 */
struct outcome {
	int ret;
	char avc[32];
};

static struct outcome refused(const char *lacks)
{
	struct outcome outcome = { .ret = -EACCES };
	size_t i;

	snprintf(outcome.avc, sizeof(outcome.avc), "{ %s }",
		 strcmp(lacks, "ioc") ? lacks : "ioctl");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(lacks, commands[i].name))
			snprintf(outcome.avc, sizeof(outcome.avc), "%s",
				 commands[i].avc);
	return outcome;
}

/* What the table in doc/access-control.md says. */
static struct outcome expected(const struct step *step, const struct way *way)
{
	int mode = mode_of(way->flags);
	bool open_so = (mode & step->mode) == step->mode &&
		       !(mode & step->not);
	char list[64];

	snprintf(list, sizeof(list), "%s", step->asks);
	if (!step->run)
		snprintf(list, sizeof(list), "open%s%s",
			 mode & CAN_READ ? " read" : "",
			 mode & CAN_WRITE ? " write" : "");
	if (way->lacks && strcmp(way->lacks, "execmem") &&
	    asks(list, way->lacks) && (open_so || !step->late))
		return refused(way->lacks);
	if (!open_so)
		return (struct outcome){ .ret = step->without };
	/* The driver asks last, by a command. */
	if (way->lacks && asks(list, "execmem") &&
	    (!strcmp(way->lacks, "ioc") || !strcmp(way->lacks, "execmem")))
		return refused(way->lacks);
	return (struct outcome){ .ret = step->done };
}

static void prepare(struct enclave *encl, enum stage stage, int flags)
{
	int mode = mode_of(flags);

	if (stage == NOTHING)
		return;
	provision_fd = open("/dev/sgx_provision", O_RDONLY | O_CLOEXEC);
	ASSERT(provision_fd >= 0);
	ASSERT_OK(build_open(encl, flags));
	if (stage == OPENED)
		return;
	ASSERT_OK(encl_create(encl));
	if (stage == CREATED)
		return;
	ASSERT_OK(build_add(encl, &parts));
	if (stage == ADDED)
		return;
	ASSERT_OK(build_init(encl, &parts));
	if (stage == INITIALISED)
		return;
	if (stage == TRIMMED) {
		ASSERT_OK(modify_type(encl));
		return;
	}
	if (mode & CAN_READ) {
		ASSERT_OK(encl_map(encl, TINY_FREE, PAGE, PROT_READ));
		ASSERT_OK(encl_map(encl, TINY_TCS, PAGE, PROT_READ));
		ASSERT_OK(encl_map(encl, TINY_SSA, 2 * PAGE, PROT_READ));
		ASSERT_OK(map_r(encl));
	}
	if (mode == (CAN_READ | CAN_WRITE) && stage != READABLE)
		ASSERT_OK(build_map_data(encl));
	if (stage >= RUNNABLE && mode & CAN_READ)
		ASSERT_OK(build_map_code(encl));
}

/* In a child. What the step returns. */
static int try(const struct step *step, const struct way *way)
{
	struct enclave encl = { .fd = -1 };
	int ret, status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		become("all_t");
		prepare(&encl, step->stage, way->flags);
		become(way->domain);
		ret = step->run ? step->run(&encl)
				: build_open(&encl, way->flags);
		_exit(ret > 0 ? 202 : -ret);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static const char *word(int ret, const struct outcome *outcome)
{
	if (ret != outcome->ret)
		return "WRONG";
	if (*outcome->avc)
		return "denied";
	return ret == -EACCES ? "mode" : ret == -EFAULT ? "#PF" : "yes";
}

TEST_ROWS(device, ways, "the device")
{
	struct refusal refusal = { .domain = row->domain, .object = DEVICE };
	struct outcome outcome;
	size_t wrong = 0;
	int fd, ret;
	size_t i;

	policy_start();
	fd = audit_listen();
	ASSERT(fd >= 0);
	for (i = 0; i < STEPS; i++) {
		/* There is no mapping to do it with. */
		if (steps[i].stage >= MAPPED && row->flags == O_WRONLY)
			continue;
		outcome = expected(&steps[i], row);
		ret = try(&steps[i], row);
		printf("| %-34s | %-20s | %-6s | %-20s |\n", row->title,
		       steps[i].name, word(ret, &outcome), outcome.avc);
		if (ret != outcome.ret) {
			printf("  %d, not %d\n", ret, outcome.ret);
			wrong++;
			continue;
		}
		if (!*outcome.avc)
			continue;
		refusal.what = outcome.avc;
		/* It, and none before it. */
		ASSERT_EQ(avc_seen(fd, &refusal), 1);
	}
	ASSERT_EQ(wrong, 0);
	ASSERT_EQ(avc_rest(fd, row->domain), 0);
}
