// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <stdlib.h>
#include <string.h>
#include "isolation.h"

bool isolated(void)
{
	const char *value = getenv("ISOLATION");

	ASSERT(value && (!strcmp(value, "on") || !strcmp(value, "off")));
	return !strcmp(value, "on");
}

void vault_fill(struct vault *vault)
{
	static u8 pages[2 * PAGE];

	memset(pages, SECRET_BYTE, sizeof(pages));
	GUEST_OP(&vault->guest, 0, .op = OP_COPY,
		 .arg = { (u64)vault->secret, (u64)pages, sizeof(pages) });
}

void vault_open(struct vault *vault)
{
	guest_open(&vault->guest);
	vault->secret = (u8 *)guest_symbol(&vault->guest, "data_pages");
	vault_fill(vault);
	ASSERT(vault_intact(vault));
}

void vault_look(struct vault *vault, u8 pages[2 * PAGE])
{
	memset(pages, 0, 2 * PAGE);
	GUEST_OP(&vault->guest, 0, .op = OP_COPY,
		 .arg = { (u64)pages, (u64)vault->secret, 2 * PAGE });
}

bool vault_intact(struct vault *vault)
{
	static u8 pages[2 * PAGE];

	vault_look(vault, pages);
	return all_bytes(pages, sizeof(pages), SECRET_BYTE);
}

bool all_bytes(const volatile u8 *bytes, size_t n, u8 value)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (bytes[i] != value)
			return false;
	}
	return true;
}
