// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Every state of an EPC page against every leaf that has a page as its target:
 * one table, which is the test and, with the argument --table, the source of
 * doc/page-states.md.
 *
 * The leaves of the driver run on one processor while another is in the
 * enclave; that one runs the leaves of the enclave, and has entered after the
 * last ETRACK if there was one. EENTER is a third one's.
 */
#include "world.h"

#define PENDING	 SGX_SECINFO_FL_PENDING
#define MODIFIED SGX_SECINFO_FL_MODIFIED
#define PR	 SGX_SECINFO_FL_PR
#define TRIM	 ((u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT)

static const struct shape debugged = { .attributes = SGX_ATTR_DEBUG };

static struct sgx_cpu *driver(struct world *w)
{
	return host_cpu(w->host, 3);
}

static struct sgx_epcm *page(struct world *w)
{
	return host_epcm(w->host, DATA_LA);
}

static u64 page_addr(struct world *w)
{
	return sgx_addr(page(w)->page);
}

static int encls(struct world *w, u64 flags,
		 int (*leaf)(struct sgx_cpu *cpu, const struct sgx_secinfo *si,
			     u64 epcpage))
{
	w->op->secinfo.flags = flags;
	return leaf(driver(w), &w->op->secinfo, page_addr(w));
}

static int enclu(struct world *w, u64 flags, int (*leaf)(struct sgx_cpu *cpu))
{
	struct sgx_secinfo *secinfo = host_at(w->host, SECINFO_LA);

	secinfo->flags = flags;
	w->regs->rbx = SECINFO_LA;
	w->regs->rcx = DATA_LA;
	w->regs->rdx = CODE_LA;
	return leaf(w->cpu);
}

static void track(struct world *w)
{
	assert_int_equal(sgx_etrack(driver(w), sgx_addr(w->encl->secs->page)),
			 0);
}

/* States */

static void make_free(struct world *w)
{
	host_map(w->host, DATA_LA, host_epc(w->host));
}

static void make_secs(struct world *w)
{
	host_map(w->host, DATA_LA, w->encl->secs);
}

static void make_va(struct world *w)
{
	make_free(w);
	page(w)->state = SGX_EPCM_VALID | sgx_epcm_type(SGX_PT_VA);
}

static void make_reg(struct world *w)
{
	(void)w;
}

static void make_pending(struct world *w)
{
	make_free(w);
	w->op->pageinfo =
		(struct sgx_pageinfo){ .linaddr = DATA_LA,
				       .secs = sgx_addr(w->encl->secs->page) };
	assert_int_equal(sgx_eaug(driver(w), &w->op->pageinfo, page_addr(w)),
			 0);
}

static void make_restricted(struct world *w)
{
	assert_int_equal(encls(w, SGX_SECINFO_FL_R, sgx_emodpr), 0);
}

static void make_restricted_tracked(struct world *w)
{
	make_restricted(w);
	track(w);
}

static void make_new_tcs(struct world *w)
{
	memcpy(host_at(w->host, DATA_LA), w->tcs, sizeof(*w->tcs));
	assert_int_equal(encls(w, TCS, sgx_emodt), 0);
}

static void make_new_tcs_tracked(struct world *w)
{
	make_new_tcs(w);
	track(w);
}

static void make_tcs(struct world *w)
{
	make_new_tcs_tracked(w);
	enclave_enter(w->encl, w->cpu);
	assert_int_equal(enclu(w, TCS | MODIFIED, sgx_eaccept), 0);
	enclave_leave(w->cpu);
}

static void make_trim(struct world *w)
{
	assert_int_equal(encls(w, TRIM, sgx_emodt), 0);
}

static void make_trim_tracked(struct world *w)
{
	make_trim(w);
	track(w);
}

static void make_trimmed(struct world *w)
{
	make_trim_tracked(w);
	enclave_enter(w->encl, w->cpu);
	assert_int_equal(enclu(w, TRIM | MODIFIED, sgx_eaccept), 0);
	enclave_leave(w->cpu);
}

static void make_blocked(struct world *w)
{
	assert_int_equal(sgx_eblock(driver(w), page_addr(w)), 0);
}

static void make_blocked_tracked(struct world *w)
{
	make_blocked(w);
	track(w);
}

/* Leaves; @flags is what an enclave in its senses expects of the page. */

static int do_eaug(struct world *w, u64 flags)
{
	(void)flags;
	w->op->pageinfo =
		(struct sgx_pageinfo){ .linaddr = FREE_LA,
				       .secs = sgx_addr(w->encl->secs->page) };
	return sgx_eaug(driver(w), &w->op->pageinfo, page_addr(w));
}

static int do_emodpr(struct world *w, u64 flags)
{
	(void)flags;
	return encls(w, SGX_SECINFO_FL_R, sgx_emodpr);
}

static int do_emodt_tcs(struct world *w, u64 flags)
{
	(void)flags;
	return encls(w, TCS, sgx_emodt);
}

static int do_emodt_trim(struct world *w, u64 flags)
{
	(void)flags;
	return encls(w, TRIM, sgx_emodt);
}

static int do_eremove(struct world *w, u64 flags)
{
	(void)flags;
	return sgx_eremove(driver(w), page_addr(w));
}

static int do_eblock(struct world *w, u64 flags)
{
	(void)flags;
	return sgx_eblock(driver(w), page_addr(w));
}

static int do_ewb(struct world *w, u64 flags)
{
	static _Alignas(128) struct sgx_pcmd pcmd;
	u64 va = sgx_addr(host_epc(w->host)->page);

	(void)flags;
	assert_int_equal(sgx_epa(driver(w), SGX_PT_VA, va), 0);
	w->op->pageinfo =
		(struct sgx_pageinfo){ .srcpge = sgx_addr(w->op->page),
				       .secinfo = sgx_addr(&pcmd) };
	return sgx_ewb(driver(w), &w->op->pageinfo, page_addr(w), va);
}

static int do_edbgrd(struct world *w, u64 flags)
{
	u64 data;

	(void)flags;
	return sgx_edbgrd(driver(w), page_addr(w) + 8, &data);
}

static int do_edbgwr(struct world *w, u64 flags)
{
	(void)flags;
	return sgx_edbgwr(driver(w), page_addr(w) + 8, 0);
}

static int do_eaccept(struct world *w, u64 flags)
{
	return enclu(w, flags, sgx_eaccept);
}

static int do_eacceptcopy(struct world *w, u64 flags)
{
	(void)flags;
	return enclu(w, REG_R, sgx_eacceptcopy);
}

static int do_emodpe(struct world *w, u64 flags)
{
	(void)flags;
	return enclu(w, REG_RWX, sgx_emodpe);
}

static int do_eenter(struct world *w, u64 flags)
{
	struct sgx_cpu *cpu = host_cpu(w->host, 2);

	(void)flags;
	*cpu->regs = *w->regs;
	cpu->regs->rbx = DATA_LA;
	cpu->regs->rcx = AEP;
	return host_eenter(cpu);
}

#define LEAVES 13

static const struct {
	const char *name;
	int (*run)(struct world *w, u64 flags);
} leaves[LEAVES] = {
	{ "EAUG", do_eaug },
	{ "EMODPR", do_emodpr },
	{ "EMODT to TCS", do_emodt_tcs },
	{ "EMODT to TRIM", do_emodt_trim },
	{ "EREMOVE", do_eremove },
	{ "EBLOCK", do_eblock },
	{ "EWB", do_ewb },
	{ "EDBGRD", do_edbgrd },
	{ "EDBGWR", do_edbgwr },
	{ "EACCEPT", do_eaccept },
	{ "EACCEPTCOPY", do_eacceptcopy },
	{ "EMODPE", do_emodpe },
	{ "EENTER", do_eenter },
};

/* Outcomes in the table */
enum {
	OK = SGX_SUCCESS,
	NM = SGX_PAGE_NOT_MODIFIABLE,
	ND = SGX_PAGE_NOT_DEBUGGABLE,
	MM = SGX_PAGE_ATTRIBUTES_MISMATCH,
	NT = SGX_NOT_TRACKED,
	EA = SGX_ENCLAVE_ACT,
	CP = SGX_CHILD_PRESENT,
	IN = SGX_PG_INVLD,
	IS = SGX_PG_IS_SECS,
	NB = SGX_NOTBLOCKABLE,
	BS = SGX_BLKSTATE,
	PN = SGX_PAGE_NOT_BLOCKED,
};

static const struct state {
	const char *name;
	void (*make)(struct world *w);
	u64 flags;
	int outcome[LEAVES];
} states[] = {
	/* clang-format off */
	{ "free", make_free, REG_RW | PENDING,
	  { OK, PF, PF, PF, OK, IN, PF, PF, PF, PF, MM, PF, PF } },
	{ "SECS", make_secs, REG_RW | PENDING,
	  { PF, PF, PF, PF, CP, IS, CP, PF, PF, PF, MM, PF, PF } },
	{ "VA", make_va, REG_RW | PENDING,
	  { PF, PF, PF, PF, OK, NB, OK, OK, PF, PF, MM, PF, PF } },
	{ "REG", make_reg, REG_RW | PENDING,
	  { PF, OK, OK, OK, EA, OK, PN, OK, OK, MM, MM, OK, PF } },
	{ "REG, pending", make_pending, REG_RW | PENDING,
	  { PF, NM, NM, NM, EA, OK, PN, ND, ND, OK, OK, PF, PF } },
	{ "REG, restricted", make_restricted, REG_R | PR,
	  { PF, OK, OK, OK, EA, OK, PN, OK, OK, NT, MM, OK, PF } },
	{ "REG, restricted and tracked", make_restricted_tracked, REG_R | PR,
	  { PF, OK, OK, OK, EA, OK, PN, OK, OK, OK, MM, OK, PF } },
	{ "REG, blocked", make_blocked, REG_RW | PENDING,
	  { PF, OK, OK, OK, EA, BS, NT, OK, OK, PF, MM, PF, PF } },
	{ "REG, blocked and tracked", make_blocked_tracked, REG_RW | PENDING,
	  { PF, OK, OK, OK, EA, BS, OK, OK, OK, PF, MM, PF, PF } },
	{ "TCS, modified", make_new_tcs, TCS | MODIFIED,
	  { PF, NM, PF, NM, EA, OK, PN, ND, ND, NT, MM, PF, PF } },
	{ "TCS, modified and tracked", make_new_tcs_tracked, TCS | MODIFIED,
	  { PF, NM, PF, NM, EA, OK, PN, ND, ND, OK, MM, PF, PF } },
	{ "TCS", make_tcs, TCS | MODIFIED,
	  { PF, PF, PF, OK, EA, OK, PN, OK, OK, MM, MM, PF, OK } },
	{ "TRIM, modified", make_trim, TRIM | MODIFIED,
	  { PF, NM, PF, PF, EA, OK, PN, PF, PF, NT, MM, PF, PF } },
	{ "TRIM, modified and tracked", make_trim_tracked, TRIM | MODIFIED,
	  { PF, NM, PF, PF, EA, OK, PN, PF, PF, OK, MM, PF, PF } },
	{ "TRIM", make_trimmed, TRIM | MODIFIED,
	  { PF, PF, PF, PF, OK, OK, PN, PF, PF, MM, MM, PF, PF } },
	/* clang-format on */
};

#define STATES (sizeof(states) / sizeof(states[0]))

static void one_cell(const struct state *s, unsigned int leaf)
{
	struct world *w = world_new(&debugged);
	int ret;

	s->make(w);
	enclave_enter(w->encl, w->cpu);
	ret = leaves[leaf].run(w, s->flags);
	if (ret != s->outcome[leaf])
		print_error("%s: %s\n", s->name, leaves[leaf].name);
	assert_int_equal(ret, s->outcome[leaf]);
	world_free(w);
}

static void test_states(void **state)
{
	unsigned int i, leaf;

	(void)state;
	for (i = 0; i < STATES; i++)
		for (leaf = 0; leaf < LEAVES; leaf++)
			one_cell(&states[i], leaf);
}

static const char *outcome_name(int outcome)
{
	switch (outcome) {
	case OK:
		return "ok";
	case PF:
		return "#PF";
	case NM:
		return "PAGE_NOT_MODIFIABLE";
	case ND:
		return "PAGE_NOT_DEBUGGABLE";
	case MM:
		return "PAGE_ATTRIBUTES_MISMATCH";
	case NT:
		return "NOT_TRACKED";
	case EA:
		return "ENCLAVE_ACT";
	case CP:
		return "CHILD_PRESENT";
	case IN:
		return "PG_INVLD";
	case IS:
		return "PG_IS_SECS";
	case NB:
		return "NOTBLOCKABLE";
	case BS:
		return "BLKSTATE";
	default:
		return "PAGE_NOT_BLOCKED";
	}
}

static int print_table(void)
{
	unsigned int i, leaf;

	puts("# States of an EPC page, and what each leaf does with it\n\n"
	     "The outcome that the SDM gives, for a debug enclave in which a\n"
	     "processor runs, with all other operands right: EACCEPT is given\n"
	     "the SECINFO of the change that the state is about (of an EAUG\n"
	     "where there is none). SGX error codes are without their prefix.\n"
	     "\n"
	     "Made by `test_states --table` (tests/arch/test_states.c), which\n"
	     "without the argument is the test of this table. Do not edit.\n");
	printf("| page |");
	for (leaf = 0; leaf < LEAVES; leaf++)
		printf(" %s |", leaves[leaf].name);
	printf("\n|---|");
	for (leaf = 0; leaf < LEAVES; leaf++)
		printf("---|");
	for (i = 0; i < STATES; i++) {
		printf("\n| %s |", states[i].name);
		for (leaf = 0; leaf < LEAVES; leaf++)
			printf(" %s |", outcome_name(states[i].outcome[leaf]));
	}
	puts("");
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
	};

	if (argc == 2 && !strcmp(argv[1], "--table"))
		return print_table();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
