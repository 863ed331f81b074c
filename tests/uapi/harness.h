/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * A test is a function; a table test is called once for each row, and its rows
 * are structures that start with the situation in words. Each test and each
 * row runs in a process of its own, so that one that is killed, or that leaves
 * an enclave behind, fails alone.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <errno.h>
#include <stddef.h>

struct test {
	const char *title;
	void (*run)(const void *row);
	const void *rows;
	size_t row_size;
	size_t row_count;
	struct test *next;
};

void test_register(struct test *test);
__attribute__((noreturn, format(printf, 3, 4))) void
test_fail(const char *file, int line, const char *format, ...);
/* This machine does not have what is tested: neither passed nor failed. */
__attribute__((noreturn, format(printf, 1, 2))) void
test_skip(const char *format, ...);

#define TEST_REGISTER_(id, title_, run_, rows_, size_, count_)       \
	static struct test id##_test = {                             \
		.title = title_,                                     \
		.run = run_,                                         \
		.rows = rows_,                                       \
		.row_size = size_,                                   \
		.row_count = count_,                                 \
	};                                                           \
	__attribute__((constructor)) static void id##_register(void) \
	{                                                            \
		test_register(&id##_test);                           \
	}

/* TEST(id, "what is right") { ... } */
#define TEST(id, title_)                           \
	static void id(const void *row);           \
	TEST_REGISTER_(id, title_, id, NULL, 0, 1) \
	static void id(__attribute__((unused)) const void *row)

/* TEST_ROWS(id, table, "what is right") { ... row->member ... } */
#define TEST_ROWS(id, table, title_)                                  \
	static void id(const __typeof__(table[0]) *row);              \
	static void id##_row(const void *row)                         \
	{                                                             \
		id(row);                                              \
	}                                                             \
	TEST_REGISTER_(id, title_, id##_row, table, sizeof(table[0]), \
		       sizeof(table) / sizeof(table[0]))              \
	static void id(const __typeof__(table[0]) *row)

#define ASSERT(condition)                                                \
	do {                                                             \
		if (!(condition))                                        \
			test_fail(__FILE__, __LINE__, "%s", #condition); \
	} while (0)

#define ASSERT_EQ(value, wanted)                                            \
	do {                                                                \
		unsigned long value_ = (unsigned long)(value);              \
		unsigned long wanted_ = (unsigned long)(wanted);            \
                                                                            \
		if (value_ != wanted_)                                      \
			test_fail(__FILE__, __LINE__,                       \
				  "%s is 0x%lx, not 0x%lx", #value, value_, \
				  wanted_);                                 \
	} while (0)

/* A call that must succeed with 0, and says why if it did not. */
#define ASSERT_OK(call)                                                      \
	do {                                                                 \
		long ret_ = (long)(call);                                    \
                                                                             \
		if (ret_)                                                    \
			test_fail(__FILE__, __LINE__, "%s is %ld, errno %s", \
				  #call, ret_, strerrorname_np(errno));      \
	} while (0)

/* A system call that must return -1 with this errno. */
#define ASSERT_ERRNO(call, wanted)                                           \
	do {                                                                 \
		int wanted_ = (wanted);                                      \
		long ret_;                                                   \
                                                                             \
		errno = 0;                                                   \
		ret_ = (long)(call);                                         \
		if (ret_ != -1 || errno != wanted_)                          \
			test_fail(__FILE__, __LINE__,                        \
				  "%s is %ld with errno %s, not -1 with %s", \
				  #call, ret_, strerrorname_np(errno),       \
				  strerrorname_np(wanted_));                 \
	} while (0)

#endif /* TESTS_HARNESS_H */
