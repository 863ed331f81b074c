// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* A BPF program on lsm/file_ioctl decides. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../access/acts.h"

#define DIR "/run/bpf-acts/"

static struct actor actor = {
	.code = DIR "code",
	.sig = DIR "sig",
	.sig_debug = DIR "sig_debug",
	.open_flags = O_RDWR,
};

/* Attached for the life of this process. Returns the map. */
static int attach(void)
{
	struct bpf_program *program;
	struct bpf_object *object;

	mkdir("/run/bpf-acts", 0755);
	if (access(actor.sig_debug, F_OK))
		acts_make_files(actor.code, actor.sig, actor.sig_debug,
				test_key());
	object = bpf_object__open_file(test_file("deny.bpf.o"), NULL);
	ASSERT(object);
	ASSERT_OK(bpf_object__load(object));
	program = bpf_object__find_program_by_name(object, "deny");
	ASSERT(program);
	ASSERT(bpf_program__attach_lsm(program));
	return bpf_object__find_map_fd_by_name(object, "denied");
}

static void deny(int map, unsigned int set)
{
	unsigned int key = 0;

	ASSERT_OK(bpf_map_update_elem(map, &key, &set, BPF_ANY));
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

TEST_ROWS(bpf, rows, "BPF: denied, and allowed when all else is denied")
{
	const struct act_info *info = &act_infos[row->act];
	unsigned int needs = info->also | 1U << info->needs;
	int map = attach();

	ASSERT(map >= 0);
	deny(map, 1U << info->needs);
	ASSERT_EQ(act(&actor, row->act), -EACCES);
	ASSERT_EQ(actor.step, info->needs);
	deny(map, ~needs);
	ASSERT_OK(act(&actor, row->act));
}
