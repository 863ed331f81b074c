// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Each cell of the table, and the examples' whole lives. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "build.h"
#include "cells.h"
#include "policy.h"

/*
 * By a domain that may, by one that may not, and by the latter again when the
 * policy is permissive.
 */
static void privilege(const void *row)
{
	const struct cell *cell = row;
	struct refusal refusal = {
		.domain = cell->may_not,
		.object = cell->object,
		.what = cell_command(cell),
	};
	int fd, ret;

	policy_start();
	fd = audit_listen();
	ASSERT(fd >= 0);

	ret = cell_act(cell, cell->may);
	cell_show(cell, cell->may, ret, "");
	ASSERT_EQ(ret, 0);

	ret = cell_act(cell, cell->may_not);
	ASSERT_EQ(ret, -EACCES);
	ASSERT_EQ(avc_seen(fd, &refusal), 1);
	cell_show(cell, cell->may_not, ret, "record");

	/* The same is recorded, and nothing is refused. */
	refusal.permissive = true;
	policy_enforce(false);
	ret = cell_act(cell, cell->may_not);
	policy_enforce(true);
	ASSERT_EQ(ret, 0);
	ASSERT(avc_seen(fd, &refusal));
	cell_show(cell, cell->may_not, ret, "permissive");
}

static struct test privileges = {
	.title = "SELinux",
	.run = privilege,
	.rows = cells,
	.row_size = sizeof(cells[0]),
};

__attribute__((constructor)) static void register_privileges(void)
{
	privileges.row_count = cells_count;
	test_register(&privileges);
}

/* ---- code from what has a descriptor and is no file ---- */

/* The ring of a packet socket: memory that a process shares with the kernel. */
static void *ring_page(void)
{
	struct tpacket_req req = {
		.tp_block_size = PAGE,
		.tp_block_nr = 1,
		.tp_frame_size = PAGE,
		.tp_frame_nr = 1,
	};
	void *page;
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	ASSERT(fd >= 0);
	ASSERT_OK(
		setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT(page != MAP_FAILED);
	return page;
}

/* 0 or a negative errno, of loading code from such a page. */
static int add_ring(const char *domain)
{
	struct enclave encl;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		u8 *page = ring_page();

		acts_code(page);
		become(domain);
		ASSERT_OK(build_open(&encl, O_RDWR));
		ASSERT_OK(encl_create(&encl));
		_exit(-encl_add(&encl, TINY_CODE, page, PAGE, ENCL_RX,
				SGX_PAGE_MEASURE));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

TEST(ring, "code from a socket's memory is anonymous code")
{
	const struct refusal refusal = {
		.domain = "no_execanon_t",
		.object = DEVICE,
		.what = " ioctlcmd=0xa4c3 ",
	};
	int fd;

	policy_start();
	fd = audit_listen();
	ASSERT(fd >= 0);
	ASSERT_EQ(add_ring("no_execute_t"), 0);
	ASSERT_EQ(add_ring(refusal.domain), -EACCES);
	ASSERT_EQ(avc_seen(fd, &refusal), 1);
}

/* ---- the examples' whole lives ---- */

/**
 * struct life - of an enclave in one domain
 * @title:	in words
 * @domain:	who
 * @parts:	what it is made of
 * @ret:	what becomes of it
 */
struct life {
	const char *title;
	const char *domain;
	struct parts parts;
	int ret;
};

/* clang-format off */
static const struct life lives[] = {
	{ "mapped file", "one_t",
	  { DIR "one_enclave_t", FROM_FILE, DIR "one_sigstruct_t", FROM_FILE },
	  0 },
	{ "SDK", "sdk_t",
	  { DIR "a_t", FROM_MEMORY, DIR "a_sig_t", FROM_MEMORY }, 0 },
	{ "library OS", "libos_t",
	  { DIR "libos_enclave_t", FROM_WRITTEN, DIR "libos_sigstruct_t",
	    FROM_FILE }, 0 },
	{ "two signers", "site_t",
	  { DIR "site_enclave_t", FROM_FILE, DIR "signer_b_sigstruct_t",
	    FROM_FILE }, 0 },
	{ "mapped file, in the SDK's way", "one_t",
	  { DIR "one_enclave_t", FROM_MEMORY, DIR "one_sigstruct_t",
	    FROM_FILE }, -EACCES },
	{ "SDK, in the way of a library OS", "sdk_t",
	  { DIR "a_t", FROM_WRITTEN, DIR "a_sig_t", FROM_MEMORY }, -EACCES },
	{ "library OS, with a SIGSTRUCT in memory", "libos_t",
	  { DIR "libos_enclave_t", FROM_WRITTEN, DIR "libos_sigstruct_t",
	    FROM_MEMORY }, -EACCES },
	{ "two signers, with a SIGSTRUCT file that was written to", "site_t",
	  { DIR "site_enclave_t", FROM_FILE, DIR "signer_b_sigstruct_t",
	    FROM_WRITTEN }, -EACCES },
};
/* clang-format on */

static int live(const struct life *life)
{
	struct enclave encl;
	u64 address;
	int ret;

	ret = build_open(&encl, O_RDWR);
	if (!ret)
		ret = encl_create(&encl);
	if (!ret)
		ret = build_add(&encl, &life->parts);
	if (!ret)
		ret = build_init(&encl, &life->parts);
	if (!ret)
		ret = build_map_data(&encl);
	if (!ret)
		ret = build_map_code(&encl);
	if (!ret)
		ret = build_enter(&encl, &address);
	return ret;
}

TEST_ROWS(examples, lives, "the examples")
{
	int status;
	pid_t pid;

	policy_start();
	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		become(row->domain);
		_exit(-live(row));
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(-WEXITSTATUS(status), row->ret);
}
