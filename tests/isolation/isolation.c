// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <sched.h>
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

volatile u64 spin_here, spin_go;

void spin(struct vault *vault)
{
	struct sgx_enclave_run run = { .tcs = vault->guest.tcs + 2 * PAGE };
	struct op op = { .op = OP_SPIN,
			 .arg = { (u64)&spin_here, (u64)&spin_go } };
	unsigned int function = SGX_EENTER;

	do {
		if (enter(&run, function, &op) || run.function == SGX_EEXIT)
			break;
		function = SGX_ERESUME;
	} while (!spin_go || run.function != SGX_EEXIT);
	spin_here = 0;
}

static void *spin_run(void *vault)
{
	spin(vault);
	return NULL;
}

pthread_t spin_start(struct vault *vault)
{
	pthread_t thread;

	spin_here = 0;
	spin_go = 0;
	ASSERT_OK(pthread_create(&thread, NULL, spin_run, vault));
	while (!spin_here)
		sched_yield();
	return thread;
}

void spin_stop(pthread_t thread)
{
	spin_go = 1;
	ASSERT_OK(pthread_join(thread, NULL));
}

static pthread_t company_thread;

void company_start(const struct company *company, struct vault *vault)
{
	if (company->inside)
		company_thread = spin_start(vault);
}

void company_stop(const struct company *company)
{
	if (!company->inside)
		return;
	/* It has been there all the time. */
	ASSERT(spin_here);
	spin_stop(company_thread);
}
