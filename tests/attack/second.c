// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The same in a second process, which did not load the enclave and never had
 * the page writable: one that got the descriptor by fork(), one that got it
 * over a socket.
 */
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "attack.h"

#define RW  (PROT_READ | PROT_WRITE)
#define RX  (PROT_READ | PROT_EXEC)
#define ON  ""
#define OFF "ceilings=off"

static struct victim victim;
static u64 page;

static void write_and_extend(void)
{
	ASSERT(victim_write(&victim, 0, page, PAYLOAD));
	victim_emodpe(&victim, page, ENCL_RWX);
}

static void map_it(void)
{
	if (ATTACK_CALL(mmap((void *)page, PAGE, RX, MAP_SHARED | MAP_FIXED,
			     victim.guest.encl.fd, 0),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	victim_mmap(&victim, page, RW);
	attack_by_execution(&victim, page, "EACCES");
}

static void mprotect_it(void)
{
	if (ATTACK_CALL(mprotect((void *)page, PAGE, RX), EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page, "EACCES");
}

static void by_fork(void (*attack)(void))
{
	pid_t pid;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	write_and_extend();
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid)
		attack();
	_exit(child_status());
}

ATTACK(fork_mprotect, "fork-mprotect", ON, OFF)
{
	by_fork(mprotect_it);
}

ATTACK(fork_mmap, "fork-mmap", ON, OFF)
{
	by_fork(map_it);
}

static void send_fd(int to, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	ASSERT_EQ(sendmsg(to, &msg, 0), 1);
}

static int receive_fd(int from)
{
	char space[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	int fd;

	ASSERT_EQ(recvmsg(from, &msg, 0), 1);
	ASSERT(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/*
 * The addresses are reserved and the ELF file is mapped before the processes
 * part. The device is opened again afterwards, by the loader alone: what the
 * receiver has of the enclave it has from the socket.
 */
static void by_socket(void (*attack)(void))
{
	struct enclave *encl = &victim.guest.encl;
	int sockets[2];
	pid_t pid;

	victim_open(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	ASSERT_OK(close(encl->fd));
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		encl->fd = receive_fd(sockets[1]);
		victim_map(&victim);
		attack();
	}
	encl->fd = device_open();
	victim_create(&victim);
	victim_init(&victim);
	victim_map(&victim);
	write_and_extend();
	send_fd(sockets[0], encl->fd);
	_exit(child_status());
}

ATTACK(socket_mprotect, "scm-rights-mprotect", ON, OFF)
{
	by_socket(mprotect_it);
}

ATTACK(socket_mmap, "scm-rights-mmap", ON, OFF)
{
	by_socket(map_it);
}

/*
 * One process may write and one may execute: what either of them asks for is
 * harmless.
 */
ATTACK(one_writes, "one-writes-other-executes", ON, OFF)
{
	pid_t pid;

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "data_pages");
	ASSERT_OK(munmap((void *)page, PAGE));
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		victim_mmap(&victim, page, RW);
		write_and_extend();
		_exit(0);
	}
	child_ends_well();
	if (ATTACK_CALL(mmap((void *)page, PAGE, RX, MAP_SHARED | MAP_FIXED,
			     victim.guest.encl.fd, 0),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_refused("EACCES");
}
