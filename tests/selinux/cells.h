/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The table: who may do what with which file. */
#ifndef TESTS_CELLS_H
#define TESTS_CELLS_H

#include "../access/acts.h"

/**
 * struct cell - of the table
 * @title:	the row in words
 * @act:	what is done
 * @code:	label of the file that code is loaded from
 * @sig:	label of the file that the SIGSTRUCT is in
 * @may:	domain that may
 * @may_not:	domain that may not
 * @object:	what that one is refused on
 */
struct cell {
	const char *title;
	enum act act;
	const char *code;
	const char *sig;
	const char *may;
	const char *may_not;
	const char *object;
};

extern const struct cell cells[];
extern const size_t cells_count;

/* In a child, for a domain is not left again. 0, or a negative errno. */
int cell_act(const struct cell *cell, const char *domain);
/* A line of the table. */
void cell_show(const struct cell *cell, const char *domain, int ret,
	       const char *avc);
/* The privilege as an AVC record has it. */
const char *cell_command(const struct cell *cell);

#endif /* TESTS_CELLS_H */
