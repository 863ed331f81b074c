// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * EDBGRD and EDBGWR: each failure that the SDM lists is a row of a table, in
 * the SDM's order, and leaves everything as it was.
 */
#include "world.h"

#define PFEC_READ  (SGX_PFEC_SGX | SGX_PFEC_P)
#define PFEC_WRITE (PFEC_READ | SGX_PFEC_W)
#define VALUE	   0x1122334455667788ULL
#define UNSET	   0x5e75e75e75e75e75ULL
#define FLAGS	   offsetof(struct sgx_tcs, flags)

static const struct shape debugged = { .attributes = SGX_ATTR_DEBUG };

static u64 data;

static int run_edbgrd(struct world *w)
{
	int ret;

	data = UNSET;
	ret = sgx_edbgrd(w->cpu, w->epcpage, &data);
	if (ret)
		assert_int_equal(data, UNSET);
	return ret;
}

static int run_edbgwr(struct world *w)
{
	return sgx_edbgwr(w->cpu, w->epcpage, VALUE);
}

static void prepare_page(struct world *w)
{
	w->epcpage = sgx_addr(host_at(w->host, DATA_LA + 0x10));
}

static const struct leaf edbgrd = { "EDBGRD", run_edbgrd, prepare_page };
static const struct leaf edbgwr = { "EDBGWR", run_edbgwr, prepare_page };

static void addr_add(struct world *w, u64 arg)
{
	w->epcpage += arg;
}

static void addr_outside(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = sgx_addr(w->op->page);
}

static void addr_free(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = sgx_addr(host_epc(w->host)->page) + 8;
}

static void addr_secs(struct world *w, u64 arg)
{
	(void)arg;
	w->epcpage = sgx_addr(w->encl->secs->page) + 8;
}

static void addr_of(struct world *w, u64 la)
{
	w->epcpage = sgx_addr(host_at(w->host, la));
}

static void not_debug(struct world *w, u64 arg)
{
	(void)arg;
	w->secs->attributes.flags &= ~SGX_ATTR_DEBUG;
}

SPOIL_STATE(type_va, (epcm->state & ~SGX_EPCM_PT) | sgx_epcm_type(SGX_PT_VA))

/* clang-format off */

#define ROWS(pfec)							\
	{ "address is not aligned", addr_add, 4, GP, 0, 0 },		\
	{ "no EPC page", addr_outside, 0, PF, AT_EPCPAGE, pfec },	\
	{ "page is in exclusive use", lock_exclusive, DATA_LA, GP, 0, 0 }, \
	{ "page is not valid", addr_free, 0, PF, AT_EPCPAGE, pfec },	\
	{ "page is a SECS", addr_secs, 0, PF, AT_EPCPAGE, pfec },	\
	{ "page is trimmed", type_trim, DATA_LA, PF, AT_EPCPAGE, pfec }, \
	{ "page is pending", pending, DATA_LA,				\
	  SGX_PAGE_NOT_DEBUGGABLE, 0, 0 },				\
	{ "page is modified", modified, DATA_LA,			\
	  SGX_PAGE_NOT_DEBUGGABLE, 0, 0 }

static const struct row edbgrd_rows[] = {
	ROWS(PFEC_READ),
	{ "behind the fields of a TCS", addr_of, TCS_LA + 72, GP, 0, 0 },
	{ "end of a TCS", addr_of, TCS_LA + 4088, GP, 0, 0 },
	{ "no debug enclave", not_debug, 0, GP, 0, 0 },
};

static const struct row edbgwr_rows[] = {
	ROWS(PFEC_WRITE),
	{ "version array", type_va, DATA_LA, PF, AT_EPCPAGE, PFEC_WRITE },
	{ "STATE of a TCS", addr_of, TCS_LA, GP, 0, 0 },
	{ "OSSA of a TCS", addr_of, TCS_LA + 16, GP, 0, 0 },
	{ "end of a TCS", addr_of, TCS_LA + 4088, GP, 0, 0 },
	{ "no debug enclave", not_debug, 0, GP, 0, 0 },
};

/* clang-format on */

static void test_edbgrd_failures(void **state)
{
	(void)state;
	RUN_ROWS(&edbgrd, &debugged, edbgrd_rows);
}

static void test_edbgwr_failures(void **state)
{
	(void)state;
	RUN_ROWS(&edbgwr, &debugged, edbgwr_rows);
}

/* Regular pages, whatever their permissions, and the fields of a TCS. */
static void test_edbgrd(void **state)
{
	static const u64 las[] = { DATA_LA,	   DATA_LA + 4088, CODE_LA + 8,
				   SSA_LA + 0x100, TCS_LA + FLAGS, TCS_LA + 64 };
	struct world *w = world_new(&debugged);
	unsigned int i;

	(void)state;
	no_access(w, SSA_LA);
	for (i = 0; i < sizeof(las) / sizeof(las[0]); i++) {
		u64 value = VALUE + i;

		memcpy(host_at(w->host, las[i]), &value, sizeof(value));
		addr_of(w, las[i]);
		assert_int_equal(run_edbgrd(w), 0);
		assert_int_equal(data, value);
		assert_int_equal(host_epcm(w->host, las[i])->lock, 0);
	}
	world_free(w);
}

/* A version array shows only which slots are in use. */
static void test_edbgrd_va(void **state)
{
	static const struct {
		u64 slot;
		u64 shown;
	} rows[] = {
		{ 0, 0 },
		{ 7, 0 },
		{ 8, ~0ULL },
		{ VALUE, ~0ULL },
	};
	struct world *w = world_new(&debugged);
	unsigned int i;

	(void)state;
	type_va(w, DATA_LA);
	host_epcm(w->host, DATA_LA)->secs = NULL;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(host_at(w->host, DATA_LA), &rows[i].slot, sizeof(u64));
		addr_of(w, DATA_LA);
		assert_int_equal(run_edbgrd(w), 0);
		assert_int_equal(data, rows[i].shown);
	}
	world_free(w);
}

/* Regular pages, and of a TCS the FLAGS: a debugger opts in. */
static void test_edbgwr(void **state)
{
	static const u64 las[] = { DATA_LA, DATA_LA + 4088, CODE_LA + 8,
				   TCS_LA + FLAGS };
	struct world *w = world_new(&debugged);
	unsigned int i;
	u64 value;

	(void)state;
	for (i = 0; i < sizeof(las) / sizeof(las[0]); i++) {
		addr_of(w, las[i]);
		assert_int_equal(run_edbgwr(w), 0);
		memcpy(&value, host_at(w->host, las[i]), sizeof(value));
		assert_int_equal(value, VALUE);
		assert_int_equal(host_epcm(w->host, las[i])->lock, 0);
	}
	assert_int_equal(sgx_edbgwr(w->cpu, w->epcpage, SGX_TCS_DBGOPTIN), 0);
	w->regs->rflags |= SGX_RFLAGS_TF;
	assert_int_equal(host_eenter(w->cpu), 0);
	assert_true(w->regs->rflags & SGX_RFLAGS_TF);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edbgrd),
		cmocka_unit_test(test_edbgrd_va),
		cmocka_unit_test(test_edbgwr),
		cmocka_unit_test(test_edbgrd_failures),
		cmocka_unit_test(test_edbgwr_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
