// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Over a policy to which the rules have been added that audit2allow has made of
 * the records of a domain's refusals: what was refused is allowed, and leaves no
 * record.
 */
#include <stdio.h>
#include <string.h>
#include "cells.h"
#include "policy.h"

#define DOMAIN "one_t"

TEST(granted, "what audit2allow grants to " DOMAIN)
{
	size_t rows = 0;
	int fd, ret;
	size_t i;

	policy_start();
	fd = audit_listen();
	ASSERT(fd >= 0);
	for (i = 0; i < cells_count; i++) {
		if (strcmp(cells[i].may_not, DOMAIN))
			continue;
		ret = cell_act(&cells[i], DOMAIN);
		cell_show(&cells[i], DOMAIN, ret, "");
		ASSERT_EQ(ret, 0);
		rows++;
	}
	ASSERT(rows);
	ASSERT_EQ(avc_rest(fd, DOMAIN), 0);
}
