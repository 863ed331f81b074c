/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Tests as tables. A row says in words what differs from a situation in which
 * the leaf succeeds, makes that difference by up to four patches of objects of
 * the test (a field set, or added to), and gives the exact outcome. Each row is
 * a cmocka test with the words as its name.
 */
#ifndef SOFTSGX_TESTS_TABLE_H
#define SOFTSGX_TESTS_TABLE_H

#include "host.h"

struct patch {
	int object; /* of the test, from 1 */
	size_t offset;
	size_t len;
	bool add;
	u64 value;
};

#define FIELD_SIZE(type, field) sizeof(((struct type *)0)->field)

/* A field := value; a field += value; a byte of a field := 1 */
#define SET(obj, type, field, val)                                          \
	{                                                                   \
		obj, offsetof(struct type, field), FIELD_SIZE(type, field), \
			false, val                                          \
	}
#define ADD(obj, type, field, val)                                          \
	{                                                                   \
		obj, offsetof(struct type, field), FIELD_SIZE(type, field), \
			true, val                                           \
	}
#define BYTE(obj, type, field, i)                                    \
	{                                                            \
		obj, offsetof(struct type, field) + (i), 1, false, 1 \
	}
#define LAST(obj, type, field) \
	BYTE(obj, type, field, FIELD_SIZE(type, field) - 1)

struct row {
	const char *name;
	struct patch patches[4];
	int outcome; /* as the leaf returns it */
	int at;	     /* of the test: which address a #PF has */
	u32 errcd;
};

static inline void patch(void *object, const struct patch *p)
{
	u8 *at = (u8 *)object + p->offset;
	u64 value = p->value;
	u64 old = 0;

	assert_true(p->len <= sizeof(value));
	if (p->add) {
		memcpy(&old, at, p->len);
		value += old;
	}
	memcpy(at, &value, p->len);
}

/* The tests of a program, filled in by main(). */
struct tests {
	struct CMUnitTest list[512];
	size_t n;
};

static inline void tests_add(struct tests *t, const char *name,
			     CMUnitTestFunction run, const void *row)
{
	assert_true(t->n < sizeof(t->list) / sizeof(t->list[0]));
	t->list[t->n++] = (struct CMUnitTest){ .name = name,
					       .test_func = run,
					       .initial_state = (void *)row };
}

#define TESTS_TABLE(t, run, rows)                                         \
	do {                                                              \
		size_t i_;                                                \
                                                                          \
		for (i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++) \
			tests_add(t, (rows)[i_].name, run, &(rows)[i_]);  \
	} while (0)

#define TESTS_RUN(title, t) \
	_cmocka_run_group_tests(title, (t)->list, (t)->n, NULL, NULL)

#endif /* SOFTSGX_TESTS_TABLE_H */
