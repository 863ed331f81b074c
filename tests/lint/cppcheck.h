/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What cppcheck has to know of the kernel's macros to read driver/ and access/:
 * these are loops that give a value to what they go by.
 */
#define list_for_each_entry(pos, head, member) \
	for ((pos) = lint_next(head); (pos); (pos) = lint_next(pos))
#define list_for_each_entry_rcu(pos, head, ...) \
	list_for_each_entry(pos, head, member)
#define list_for_each_entry_safe(pos, n, head, member)             \
	for ((pos) = lint_next(head), (n) = lint_next(pos); (pos); \
	     (pos) = (n), (n) = lint_next(n))
#define hash_for_each_possible_rcu(name, pos, member, key, ...) \
	list_for_each_entry(pos, name, member)
#define xa_for_each(xa, index, entry)                       \
	for ((index) = 0, (entry) = lint_next(xa); (entry); \
	     (index)++, (entry) = lint_next(xa))
