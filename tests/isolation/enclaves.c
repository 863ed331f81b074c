// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Enclaves of one process against one another, and more of them than there are
 * protection keys.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "isolation.h"

static struct vault a, b;

/* From inside @vault. */
static void copy_inside(struct vault *vault, void *to, const void *from, u64 n)
{
	GUEST_OP(&vault->guest, 0, .op = OP_COPY,
		 .arg = { (u64)to, (u64)from, n });
}

TEST(reads, "code inside one enclave reads another")
{
	u8 got[64] = { 0 };

	vault_open(&a);
	vault_open(&b);
	copy_inside(&a, got, b.secret, sizeof(got));
	ASSERT_HIDDEN(got, sizeof(got));
	ASSERT_EQ(guest_read(&a.guest, 0, (u64)b.secret),
		  isolated() ? ~0UL : 0x5a5a5a5a5a5a5a5a);
}

TEST(writes, "code inside one enclave writes to another")
{
	u8 zeros[64] = { 0 };

	vault_open(&a);
	vault_open(&b);
	copy_inside(&a, b.secret, zeros, sizeof(zeros));
	ASSERT_UNTOUCHED(&b);
	guest_write(&a.guest, 0, (u64)b.secret, 0);
	ASSERT_UNTOUCHED(&b);
}

TEST(absent, "code inside one enclave reads what is not in the page tables")
{
	vault_open(&a);
	vault_open(&b);
	/* The entries go, and only b would bring them back. */
	ASSERT_OK(mprotect(b.secret, PAGE, PROT_NONE));
	ASSERT_OK(mprotect(b.secret, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(guest_read(&a.guest, 0, (u64)b.secret),
		  isolated() ? ~0UL : 0x5a5a5a5a5a5a5a5a);
	ASSERT(vault_intact(&b));
}

/* The page table entries go, and the enclave brings them back. */
static void zap(void *page, int prot)
{
	ASSERT_OK(mprotect(page, PAGE, PROT_NONE));
	ASSERT_OK(mprotect(page, PAGE, prot));
}

TEST(own_absent, "code inside one enclave copies another to an absent own page")
{
	unsigned int i;

	vault_open(&a);
	vault_open(&b);
	for (i = 0; i < 20; i++) {
		zap(a.secret, PROT_READ | PROT_WRITE);
		copy_inside(&a, a.secret, b.secret, 64);
		ASSERT_EQ(guest_read(&a.guest, 0, (u64)a.secret + 56),
			  isolated() ? ~0UL : 0x5a5a5a5a5a5a5a5a);
		guest_write(&a.guest, 0, (u64)a.secret + 56, 0);
	}
}

/*
 * It takes processors that run at once for the page to go just when the
 * instruction is to be carried out.
 */
TEST(crossing, "the second page of such an instruction goes again and again")
{
	struct remap code = { .prot = PROT_READ | PROT_EXEC };
	struct beside *beside;
	unsigned int i;
	u64 at;

	vault_open(&a);
	vault_open(&b);
	at = guest_symbol(&a.guest, "crossing_load");
	code.page = (void *)((at & -PAGE) + PAGE);
	code.fd = a.guest.encl.fd;
	code.offset = (u64)code.page - a.guest.encl.secs.baseaddr;
	beside = beside_start(remap, &code);
	for (i = 0; i < 500; i++)
		ASSERT_EQ(GUEST_OP(&a.guest, 0, .op = OP_CALL,
				   .arg = { at, (u64)b.secret }),
			  isolated() ? ~0UL : 0x5a5a5a5a5a5a5a5a);
	beside_stop(beside);
}

/* With isolation it is an exception of the enclave that does it. */
TEST(not_decoded, "code inside one enclave reads another by an x87 load")
{
	struct op op = { .op = OP_CALL };
	struct sgx_enclave_run run;

	vault_open(&a);
	vault_open(&b);
	op.arg[0] = guest_symbol(&a.guest, "x87_load");
	op.arg[1] = (u64)b.secret;
	run = guest_enter(&a.guest, 0, SGX_EENTER, &op);
	if (!isolated()) {
		ASSERT_EQ(run.function, SGX_EEXIT);
		return;
	}
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, 14);
	ASSERT_EQ(run.exception_addr, (u64)b.secret & ~(PAGE - 1));
}

static volatile bool kicked_enough;

/* What SGX2 changes has the threads that are inside leave, at any moment. */
static void *kick(void *data)
{
	struct vault *vault = data;

	while (!kicked_enough) {
		struct sgx_enclave_restrict_permissions restrict_arg = {
			.offset = (u64)vault->secret -
				  vault->guest.encl.secs.baseaddr,
			.length = PAGE,
			.permissions = SGX_SECINFO_FL_R | SGX_SECINFO_FL_W,
		};

		ASSERT_OK(ioctl(vault->guest.encl.fd,
				SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
				&restrict_arg));
	}
	return NULL;
}

TEST(kicked, "code inside reads another enclave and is made to leave meanwhile")
{
	const time_t end = time(NULL) + 5;
	pthread_t thread;
	u8 got[64];

	vault_open(&a);
	vault_open(&b);
	kicked_enough = false;
	ASSERT_OK(pthread_create(&thread, NULL, kick, &a));
	/* An AEX that goes wrong is an exception at the wrong place. */
	while (time(NULL) < end) {
		memset(got, 0, sizeof(got));
		copy_inside(&a, got, b.secret, sizeof(got));
		ASSERT_HIDDEN(got, sizeof(got));
	}
	kicked_enough = true;
	ASSERT_OK(pthread_join(thread, NULL));
}

#define MANY 20

static struct vault many[MANY];

static void open_many(void)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		vault_open(&many[i]);
}

TEST(more_than_keys, "twenty enclaves, sixteen keys")
{
	u8 got[64];
	unsigned int i;

	open_many();
	for (i = 0; i < MANY; i++) {
		struct vault *other = &many[(i + 7) % MANY];

		ASSERT_HIDDEN(many[i].secret, 64);
		ASSERT(vault_intact(&many[i]));
		copy_inside(&many[i], got, other->secret, sizeof(got));
		ASSERT_HIDDEN(got, sizeof(got));
		ASSERT_HIDDEN(many[i].secret, 64);
	}
	for (i = 0; i < MANY; i++)
		ASSERT(vault_intact(&many[i]));
	/* Every pair: whichever share a key are among them. */
	for (i = 0; i < MANY * MANY; i++) {
		struct vault *from = &many[i / MANY];
		struct vault *other = &many[i % MANY];

		if (from == other)
			continue;
		copy_inside(from, got, other->secret, sizeof(got));
		ASSERT_HIDDEN(got, sizeof(got));
	}
}

#define ROUNDS 20

static void *work(void *arg)
{
	struct vault *vault = arg;
	static __thread u8 pages[2 * PAGE];
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		vault_look(vault, pages);
		if (!all_bytes(pages, sizeof(pages), SECRET_BYTE))
			return arg;
	}
	return NULL;
}

TEST(at_once, "twenty enclaves at the same time, a thread in each")
{
	pthread_t threads[MANY];
	void *bad;
	unsigned int i;

	open_many();
	for (i = 0; i < MANY; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, work, &many[i]));
	for (i = 0; i < MANY; i++) {
		ASSERT_OK(pthread_join(threads[i], &bad));
		ASSERT(!bad);
	}
}

TEST(keys_return, "keys come back with the last mapping, again and again")
{
	unsigned int i;
	int key;

	for (i = 0; i < 40; i++) {
		vault_open(&a);
		ASSERT_HIDDEN(a.secret, 64);
		encl_close(&a.guest.encl);
	}
	/* All but 0 are the program's again. */
	for (i = 1; i < 16; i++) {
		key = syscall(SYS_pkey_alloc, 0, 0);
		if (key < 0 && i == 1)
			return;
		ASSERT(key > 0);
	}
}

TEST(no_keys, "a program that has taken all keys")
{
	struct guest *guest = &a.guest;

	if (syscall(SYS_pkey_alloc, 0, 0) < 0)
		return;
	while (syscall(SYS_pkey_alloc, 0, 0) > 0)
		;
	ASSERT_OK(encl_open_elf(&guest->encl, test_file("enclave.elf")));
	guest->encl.secs.attributes.xfrm = 7;
	ASSERT_EQ(encl_load_elf(&guest->encl, test_key()),
		  isolated() ? -ENOSPC : 0);
}

TEST(child, "a child has the keys of its parent, and its own new ones")
{
	int status;
	pid_t pid;

	vault_open(&a);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		ASSERT_HIDDEN(a.secret, 64);
		ASSERT(vault_intact(&a));
		vault_open(&b);
		ASSERT_HIDDEN(b.secret, 64);
		ASSERT_EQ(guest_read(&b.guest, 0, (u64)a.secret),
			  isolated() ? ~0UL : 0x5a5a5a5a5a5a5a5a);
		ASSERT(vault_intact(&a) && vault_intact(&b));
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status) && !WEXITSTATUS(status));
	ASSERT(vault_intact(&a));
}
