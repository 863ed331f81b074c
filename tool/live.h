/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Enclaves that are alive, as the module tells of them: see doc/uapi.md. */
#ifndef TOOL_LIVE_H
#define TOOL_LIVE_H

#include <sys/types.h>
#include "tool.h"

/**
 * struct live_enclave - one of them
 * @id:		number since the module was loaded
 * @state:	opened, created, initialized or dead
 * @debug:	a debug enclave
 * @base:	address of ELRANGE
 * @size:	bytes of it
 * @resident:	pages in the EPC
 * @evicted:	pages out of it
 * @evictions:	how often a page went
 * @loads:	how often a page came back
 * @faults:	page faults
 * @entries:	EENTER and ERESUME
 * @exits:	EEXIT
 * @aexes:	asynchronous exits
 * @threads:	that use it
 * @inside:	that are inside now
 * @mrenclave:	in hexadecimal, "-" before INIT
 * @mrsigner:	the same
 * @pid:	process that maps it, or that opened it, or 0
 * @pids:	processes that map it, as the module lists them
 * @user:	of @pid, "?" if that is gone
 * @command:	of @pid
 */
struct live_enclave {
	uint64_t id;
	char state[16];
	bool debug;
	uint64_t base;
	uint64_t size;
	uint64_t resident;
	uint64_t evicted;
	uint64_t evictions;
	uint64_t loads;
	uint64_t faults;
	uint64_t entries;
	uint64_t exits;
	uint64_t aexes;
	uint64_t threads;
	uint64_t inside;
	char mrenclave[65];
	char mrsigner[65];
	pid_t pid;
	char pids[256];
	char user[33];
	char command[64];
};

/**
 * struct live - all of them, at one moment
 * @pages:	of EPC
 * @used:	of them
 * @evictions:	since the module was loaded
 * @loads:	the same
 * @enclaves:	oldest first
 * @count:	how many
 */
struct live {
	uint64_t pages;
	uint64_t used;
	uint64_t evictions;
	uint64_t loads;
	struct live_enclave *enclaves;
	size_t count;
};

/* They say what is wrong themselves, and return an exit status. */
int live_read(struct live *live);
void live_free(struct live *live);

struct json_object *live_json(const struct live *live);
const char *state_text(const struct live_enclave *e);
void bytes_text(uint64_t bytes, char text[16]);

#endif /* TOOL_LIVE_H */
