// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include "audit.h"

/* Generous: the kernel's thread that sends records is not in a hurry. */
#define PATIENCE_MS 2000

int audit_listen(void)
{
	struct {
		struct nlmsghdr head;
		struct audit_status status;
	} message = {
		.head.nlmsg_len = sizeof(message),
		.head.nlmsg_type = AUDIT_SET,
		.head.nlmsg_flags = NLM_F_REQUEST,
		.status.mask = AUDIT_STATUS_PID | AUDIT_STATUS_ENABLED |
			       AUDIT_STATUS_BACKLOG_LIMIT,
		.status.enabled = 1,
		.status.backlog_limit = 8192,
		.status.pid = getpid(),
	};
	int size = 16 << 20;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (send(fd, &message, sizeof(message), 0) != sizeof(message)) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *receive(int fd, int *type, int patience)
{
	static struct {
		struct nlmsghdr head;
		char text[9000];
	} message;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t len;

	if (poll(&pfd, 1, patience) <= 0)
		return NULL;
	len = recv(fd, &message, sizeof(message) - 1, 0);
	if (len < (ssize_t)sizeof(message.head))
		return NULL;
	((char *)&message)[len] = '\0';
	*type = message.head.nlmsg_type;
	return message.text;
}

const char *audit_next(int fd, int *type)
{
	return receive(fd, type, PATIENCE_MS);
}

bool audit_has(int fd, const char *a, const char *b)
{
	const char *text;
	int type;

	while ((text = receive(fd, &type, PATIENCE_MS)))
		if (type == AUDIT_AVC && strstr(text, a) && strstr(text, b))
			return true;
	return false;
}

void audit_drain(int fd)
{
	int type;

	while (receive(fd, &type, 100))
		;
}
