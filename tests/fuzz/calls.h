/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The fuzzer of what programs can do to the module: an input is a sequence of
 * records, each a call with operands, that a process of its own executes.
 * calls.c is what the records mean, calls_engine.c makes, runs and keeps them.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include "../../arch/types.h"

#define RECORD_SIZE 8
#define MAX_RECORDS 48

/**
 * struct input - a sequence of calls
 * @count:	records in use
 * @record:	the first byte is the act, modulo their number; the second the
 *		enclave; what the others mean is the act's matter
 */
struct input {
	size_t count;
	u8 record[MAX_RECORDS][RECORD_SIZE];
};

/* calls.c */
extern const unsigned int act_count;
extern const struct input act_seeds[];
extern const unsigned int act_seed_count;

/* What can be done once, before the first input. */
void acts_prepare(void);
/* In a process of its own: execute @input. @verbose prints what happens. */
void acts_run(const struct input *input, bool verbose);
/* After it, in the process that goes on: the module is as it was. */
void acts_undo(void);
/* A valid life of an enclave; exits if it fails. */
void acts_still_good(void);

/* calls_engine.c: the helper thread of an input reports its coverage, too. */
void coverage_start(unsigned int thread);

#endif /* FUZZ_CALLS_H */
