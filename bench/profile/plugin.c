// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A plugin of QEMU that writes down what the guest executes between two marks, to
 * the file that is its argument "out": the address of each instruction; with the
 * argument "memory=on" instead of that each access to memory, with the number of
 * the processor and the physical address. The marks are two NOPs, see loops.S.
 *
 * Debian has no package with QEMU's header: what is needed of its plugin
 * interface, version 1, is declared here (docs/devel/tcg-plugins).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

typedef void (*trans_cb)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned int vcpu, void *data);
typedef void (*mem_cb)(unsigned int vcpu, uint32_t info, uint64_t vaddr,
		       void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb,
					  int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    exec_cb cb, int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
						 size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_hwaddr;
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb,
				      int flags, int rw, void *data);
bool qemu_plugin_mem_is_store(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info,
						  uint64_t vaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr);

/* Both loads and stores. */
#define MEM_RW 3
#define VCPUS  2

EXPORT int qemu_plugin_version = 1;

/* nopl 0x50464f01(%rax) and nopl 0x50464f00(%rax) */
static const uint8_t mark_on[] = { 0x0f, 0x1f, 0x80, 0x01, 0x4f, 0x46, 0x50 };
static const uint8_t mark_off[] = { 0x0f, 0x1f, 0x80, 0x00, 0x4f, 0x46, 0x50 };

static FILE *out;
static bool memory;
static bool on[VCPUS];

static void insn_exec(unsigned int vcpu, void *data)
{
	if (on[vcpu])
		fprintf(out, "%" PRIx64 "\n", (uint64_t)(uintptr_t)data);
}

static void mem_access(unsigned int vcpu, uint32_t info, uint64_t vaddr,
		       void *data)
{
	if (!on[vcpu])
		return;
	fprintf(out, "%u %c %" PRIx64 " %" PRIx64 "\n", vcpu,
		qemu_plugin_mem_is_store(info) ? 'w' : 'r',
		qemu_plugin_hwaddr_phys_addr(
			qemu_plugin_get_hwaddr(info, vaddr)),
		(uint64_t)(uintptr_t)data);
}

static void marked(unsigned int vcpu, void *data)
{
	const char *mark = data ? "begin" : "end";

	on[vcpu] = data;
	/* One call a line: each processor has a thread. */
	if (memory)
		fprintf(out, "%u %s\n", vcpu, mark);
	else
		fprintf(out, "%s\n", mark);
	fflush(out);
}

static bool is(const struct qemu_plugin_insn *insn, const uint8_t mark[7])
{
	return qemu_plugin_insn_size(insn) == 7 &&
	       !memcmp(qemu_plugin_insn_data(insn), mark, 7);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	size_t i;

	(void)id;
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (is(insn, mark_on))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, 0,
							       out);
		else if (is(insn, mark_off))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, 0,
							       NULL);
		else if (memory)
			qemu_plugin_register_vcpu_mem_cb(
				insn, mem_access, 0, MEM_RW,
				(void *)(uintptr_t)qemu_plugin_insn_vaddr(
					insn));
		else
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, insn_exec, 0,
				(void *)(uintptr_t)qemu_plugin_insn_vaddr(
					insn));
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	(void)info;
	if (argc < 1 || argc > 2 || strncmp(argv[0], "out=", 4))
		return -1;
	memory = argc == 2 && !strcmp(argv[1], "memory=on");
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
