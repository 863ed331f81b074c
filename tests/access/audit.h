/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Reads the audit log as the audit daemon does. */
#ifndef TESTS_AUDIT_H
#define TESTS_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

/* From here on, records come to this process. */
int audit_listen(void);
/* The next record, NULL if there is none for now; text until the next call. */
const char *audit_next(int fd, int *type);
/* Whether there is a record with both texts, among those that are waiting. */
bool audit_has(int fd, const char *a, const char *b);
void audit_drain(int fd);

#endif /* TESTS_AUDIT_H */
