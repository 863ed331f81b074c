// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A descriptor of the device that another domain has opened, received through a
 * socket: SELinux asks about whoever uses it, when it is received and at each
 * step, and never about who opened it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "build.h"
#include "policy.h"

static const struct parts parts = { DIR "a_t", FROM_FILE, DIR "a_sig_t",
				    FROM_FILE };

enum step { RECEIVE, CREATE, CODE, INIT, MAP_RX, MAP_RWX };

/**
 * struct handover - of an enclave's descriptor
 * @title:	in words
 * @giver:	domain that opens the device, does all before @step, and sends it
 * @flags:	how it is opened
 * @receiver:	domain that does @step
 * @step:	what
 * @avc:	NULL if that is allowed; else a part of the receiver's record
 * @object:	of the record
 */
struct handover {
	const char *title;
	const char *giver;
	int flags;
	const char *receiver;
	enum step step;
	const char *avc;
	const char *object;
};

/* clang-format off */
static const struct handover handovers[] = {
	{ "all to all: RX", "all_t", O_RDWR, "all_t", MAP_RX, NULL, NULL },
	{ "the receiver lacks write: O_RDWR does not arrive", "all_t", O_RDWR,
	  "no_dev_write_t", RECEIVE, "{ write }", DEVICE },
	{ "the receiver lacks read: O_RDONLY does not arrive", "all_t",
	  O_RDONLY, "no_dev_read_t", RECEIVE, "{ read }", DEVICE },
	{ "the receiver lacks write: O_RDONLY does, and RX is mapped", "all_t",
	  O_RDONLY, "no_dev_write_t", MAP_RX, NULL, NULL },
	{ "the receiver lacks open: it does not open", "all_t", O_RDWR,
	  "no_dev_open_t", MAP_RX, NULL, NULL },
	{ "the giver lacks execute: RX by the receiver", "no_dev_execute_t",
	  O_RDWR, "all_t", MAP_RX, NULL, NULL },
	{ "the receiver lacks execute: no RX", "all_t", O_RDWR,
	  "no_dev_execute_t", MAP_RX, "{ execute }", DEVICE },
	{ "the receiver lacks map: no RX", "all_t", O_RDWR, "no_dev_map_t",
	  MAP_RX, "{ map }", DEVICE },
	{ "the giver lacks ENCLAVE_EXECMEM: RWX by the receiver",
	  "no_execmem_t", O_RDWR, "all_t", MAP_RWX, NULL, NULL },
	{ "the receiver lacks ENCLAVE_EXECMEM: no RWX", "all_t", O_RDWR,
	  "no_execmem_t", MAP_RWX, " ioctlcmd=0xa4c5 ", DEVICE },
	{ "the giver lacks ENCLAVE_CREATE: the receiver creates",
	  "no_create_t", O_RDWR, "all_t", CREATE, NULL, NULL },
	{ "the receiver lacks ENCLAVE_CREATE: not created", "all_t", O_RDWR,
	  "no_create_t", CREATE, " ioctlcmd=0xa4c0 ", DEVICE },
	{ "the receiver's list lacks CREATE: not created", "all_t", O_RDWR,
	  "no_ioc_create_t", CREATE, " ioctlcmd=0xa400 ", DEVICE },
	{ "the giver lacks ENCLAVE_EXECUTE: code by the receiver",
	  "no_execute_t", O_RDWR, "all_t", CODE, NULL, NULL },
	{ "the receiver lacks ENCLAVE_EXECUTE: no code", "all_t", O_RDWR,
	  "no_execute_t", CODE, " ioctlcmd=0xa4c1 ", "a_t" },
	{ "the giver lacks ENCLAVE_INIT: the receiver initialises",
	  "no_init_t", O_RDWR, "all_t", INIT, NULL, NULL },
	{ "the receiver lacks ENCLAVE_INIT: not initialised", "all_t", O_RDWR,
	  "no_init_t", INIT, " ioctlcmd=0xa4c6 ", "a_sig_t" },
};
/* clang-format on */

/* A descriptor with the enclave's SECS; -1 sends nothing but the SECS. */
static void send_enclave(int socket, const struct enclave *encl)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { (void *)&encl->secs, sizeof(encl->secs) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &encl->fd, sizeof(int));
	ASSERT_EQ(sendmsg(socket, &message, 0), sizeof(encl->secs));
}

/* -EACCES if the message came without the descriptor. */
static int receive_enclave(int socket, struct enclave *encl)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { &encl->secs, sizeof(encl->secs) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	ASSERT_EQ(recvmsg(socket, &message, 0), sizeof(encl->secs));
	cmsg = CMSG_FIRSTHDR(&message);
	if (!cmsg || cmsg->cmsg_len != CMSG_LEN(sizeof(int))) {
		ASSERT(message.msg_flags & MSG_CTRUNC);
		return -EACCES;
	}
	memcpy(&encl->fd, CMSG_DATA(cmsg), sizeof(int));
	encl->md = EVP_MD_CTX_new();
	measure_create(encl->md, 1, encl->secs.size);
	return 0;
}

static void give(const struct handover *row, int socket)
{
	struct enclave encl;

	become(row->giver);
	ASSERT_OK(build_open(&encl, row->flags));
	if (row->step > CREATE)
		ASSERT_OK(encl_create(&encl));
	if (row->step > CODE)
		ASSERT_OK(build_add(&encl, &parts));
	if (row->step > INIT)
		ASSERT_OK(build_init(&encl, &parts));
	send_enclave(socket, &encl);
}

static int receive(const struct handover *row, int socket)
{
	struct enclave encl = {};
	int ret;

	become(row->receiver);
	ret = receive_enclave(socket, &encl);
	/* Another step's row fails if it is here already. */
	if (ret || row->step == RECEIVE)
		return row->step == RECEIVE ? ret : -EPROTO;
	switch (row->step) {
	case CREATE:
		return encl_create(&encl);
	case CODE:
		return build_add(&encl, &parts);
	case INIT:
		return build_init(&encl, &parts);
	case MAP_RX:
		return build_map_code(&encl);
	case MAP_RWX:
		return encl_map(&encl, TINY_FREE, PAGE,
				PROT_READ | PROT_WRITE | PROT_EXEC);
	default:
		return -EINVAL;
	}
}

TEST_ROWS(received, handovers, "a descriptor from another domain")
{
	struct refusal refusal = {
		.domain = row->receiver,
		.object = row->object,
		.what = row->avc,
	};
	int sockets[2];
	int fd, status;
	pid_t pid;

	policy_start();
	fd = audit_listen();
	ASSERT(fd >= 0);
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		give(row, sockets[0]);
		_exit(0);
	}
	/* A giver that fails leaves nothing to wait for. */
	close(sockets[0]);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid)
		_exit(-receive(row, sockets[1]));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(-WEXITSTATUS(status), row->avc ? -EACCES : 0);
	if (row->avc)
		ASSERT_EQ(avc_seen(fd, &refusal), 1);
	ASSERT_EQ(avc_rest(fd, row->receiver), 0);
}
