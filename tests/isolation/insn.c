// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The instructions that are carried out with the abort page, one by one. Each
 * is executed three times with the same registers: on ordinary memory that is
 * all ones, on an enclave's, and where the operand is partly in each. The
 * processor says what is right: registers, flags and memory must be the same,
 * but for the enclave, which does not change.
 *
 * The control executes them on the enclave without isolation: the loads must
 * give something else than on all ones, and the stores must change it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include "isolation.h"

struct registers {
	u64 gpr[16];
	u64 flags;
	u8 ymm[4][32]; /* 0, 1, 2, 9 */
};

struct state {
	struct registers in;
	struct registers out;
};

_Static_assert(__builtin_offsetof(struct registers, flags) == 128,
	       "run_insn.S");
_Static_assert(__builtin_offsetof(struct registers, ymm) == 136, "run_insn.S");
_Static_assert(__builtin_offsetof(struct state, out) == 264, "run_insn.S");

void run_insn(struct state *state, void (*insn)(void));

#define ARITHMETIC 0x8d5 /* OF SF ZF AF PF CF */
#define AF	   0x010
#define LOGIC	   (ARITHMETIC & ~AF)
#define DF	   0x400

enum { NONE };

/* What an instruction does; MAYBE: a load of which the control sees nothing. */
enum what { NOTHING, LOADS, STORES, BOTH, MAYBE };

/* The instructions, each with a RET behind it. */
#define INSN(text, ...) "\t" text "\n\tret\n\t.balign 16, 0xcc\n"
asm("\t.text\n\t.balign 16\ninsns:\n"
#include "insn_table.h"
);
#undef INSN

extern const u8 insns[];

/**
 * struct row - an instruction
 * @name:	its text
 * @flags:	that are defined afterwards
 * @what:	it does
 * @di:		RDI, not RSI, is the address under test
 * @aligned:	it faults where it is not aligned
 * @count:	RCX
 * @down:	with DF
 */
static const struct row {
	const char *name;
	unsigned int flags;
	enum what what;
	bool di;
	bool aligned;
	u64 count;
	bool down;
} rows[] = {
#define INSN(text, flags_, what_, ...) \
	{ .name = text, .flags = flags_, .what = what_, ##__VA_ARGS__ },
#include "insn_table.h"
#undef INSN
};

/*
 * Four pages: the third is ordinary memory, the others are the enclave's or, in
 * the model, all ones.
 */
#define PAGES 4
#define AREA  (PAGES * PAGE)

/* Where the operand is: in an enclave, at its end, at its beginning. */
static const u64 places[] = { 0x180, 2 * PAGE - 3, 3 * PAGE - 3 };

#define BUFFER 1024

struct outcome {
	struct state state;
	u8 buffer[BUFFER];
	u8 ordinary[PAGE];
};

static u8 buffer[BUFFER] __attribute__((aligned(64)));

static struct vault vault;
static u8 *area, *model;

static void set_up(void)
{
	u8 *page;

	vault_open(&vault);
	area = vault.secret;
	page = area + 2 * PAGE;
	ASSERT_EQ(mmap(page, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		  page);
	model = page_alloc(PAGES);
	memset(model, 0xff, AREA);
}

/* Execute an instruction somewhere in four pages. */
static void run(const struct row *row, void (*insn)(void), u8 *pages, u64 place,
		struct outcome *outcome)
{
	struct registers *in = &outcome->state.in;
	u64 at = (u64)pages + place;
	unsigned int i;

	memset(outcome, 0, sizeof(*outcome));
	for (i = 0; i < 16; i++)
		in->gpr[i] = 0x0123456789abcdef * (i + 1);
	for (i = 0; i < sizeof(in->ymm); i++)
		((u8 *)in->ymm)[i] = i % 5 ? 3 * i : 0xff;
	for (i = 0; i < BUFFER; i++)
		buffer[i] = i < BUFFER / 2 + 24 ? 0xff : i;
	for (i = 0; i < PAGE; i++)
		pages[2 * PAGE + i] = i % 3 ? 0xff : i;

	in->gpr[1] = row->count ? row->count : in->gpr[1];
	if (row->what == NOTHING)
		in->gpr[1] = 0;
	in->gpr[6] = row->di ? (u64)buffer + BUFFER / 2 : at;
	in->gpr[7] = row->di ? at : (u64)buffer + BUFFER / 2;
	in->gpr[10] = 16;
	in->gpr[11] = at - 0x40 - 8 * 16;
	in->gpr[12] = at;
	in->gpr[13] = at;
	in->gpr[14] = at + 8;
	in->flags = 0x202 | (row->down ? DF : 0);
	run_insn(&outcome->state, insn);

	/* Addresses, as what they are in the pages. */
	for (i = 6; i < 15; i++) {
		if (i == 6U + row->di || i >= 11)
			outcome->state.out.gpr[i] -= (u64)pages;
	}
	outcome->state.out.flags &= row->flags;
	memcpy(outcome->buffer, buffer, BUFFER);
	memcpy(outcome->ordinary, pages + 2 * PAGE, PAGE);
	memset(in, 0, sizeof(*in));
}

static void same(const struct row *row, u64 place, const struct outcome *is,
		 const struct outcome *wanted)
{
	const u64 *a = (const u64 *)&is->state.out;
	const u64 *b = (const u64 *)&wanted->state.out;
	unsigned int i;

	for (i = 0; i < sizeof(struct registers) / sizeof(u64); i++) {
		if (a[i] != b[i])
			test_fail(
				__FILE__, __LINE__,
				"%s at 0x%lx: word %u of the registers is %lx, not %lx",
				row->name, place, i, a[i], b[i]);
	}
	if (memcmp(is->buffer, wanted->buffer, BUFFER))
		test_fail(__FILE__, __LINE__, "%s at 0x%lx: the buffer differs",
			  row->name, place);
	if (memcmp(is->ordinary, wanted->ordinary, PAGE))
		test_fail(__FILE__, __LINE__,
			  "%s at 0x%lx: the ordinary page differs", row->name,
			  place);
}

static void check(const struct row *row, void (*insn)(void), u64 place)
{
	static struct outcome is, wanted;
	bool differs;

	memset(model, 0xff, AREA);
	run(row, insn, model, place, &wanted);
	run(row, insn, area, place, &is);

	if (isolated()) {
		same(row, place, &is, &wanted);
		if (!vault_intact(&vault))
			test_fail(__FILE__, __LINE__, "%s wrote", row->name);
		return;
	}

	differs = memcmp(&is, &wanted, sizeof(is));
	if ((row->what == LOADS || row->what == BOTH) && !differs)
		test_fail(__FILE__, __LINE__, "%s read all ones", row->name);
	if (row->what == STORES || row->what == BOTH) {
		if (vault_intact(&vault))
			test_fail(__FILE__, __LINE__, "%s did not write",
				  row->name);
		vault_fill(&vault);
	}
}

TEST_ROWS(each, companies, "each instruction")
{
	const u8 *insn = insns;
	unsigned int i, place;

	set_up();
	company_start(row, &vault);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (place = 0; place < 3; place++) {
			if (place && (rows[i].aligned || !isolated()))
				continue;
			check(&rows[i], (void (*)(void))insn, places[place]);
		}
		/* The next one: they are on multiples of 16. */
		insn += 16;
	}
	company_stop(row);
	printf("  %u instructions\n", i);
}
