// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A page that a running enclave adds (EAUG), accepts and writes is to become
 * code. Under augment=deny it never does. Under augment=ask it needs EXECMOD,
 * which everyone has who is not denied it by a rule or a security module; and
 * augment=rwx does as mainline does. The latter two are the controls.
 */
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "attack.h"

#define RW	(PROT_READ | PROT_WRITE)
#define RX	(PROT_READ | PROT_EXEC)
#define DENY	"augment=deny"
#define CONTROL "augment=ask|augment=rwx|augment=deny ceilings=off"

static struct victim victim;
static u64 page;

/* Mapped RW, accepted, with the payload. */
static void augment(void)
{
	victim_start(&victim);
	page = victim.spare;
	victim_mmap(&victim, page, RW);
	victim_eaccept(&victim, page, ENCL_RW | SGX_SECINFO_FL_PENDING);
	ASSERT(victim_write(&victim, 0, page, PAYLOAD));
}

/* The enclave makes a page of what another holds, with its permissions. */
static void accept_copy(void)
{
	u64 code, ret;

	victim_start(&victim);
	page = victim.spare;
	code = guest_symbol(&victim.guest, "code_page");
	victim_mmap(&victim, page, RW);
	ASSERT(victim_leaf(&victim, 0, SGX_EACCEPTCOPY, ENCL_RX, page, code,
			   &ret));
	ASSERT_EQ(ret, 0);
}

static void by_mprotect(int prot)
{
	if (ATTACK_CALL(mprotect((void *)page, PAGE, prot), EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page, "EACCES");
}

static void by_mmap(int prot)
{
	if (ATTACK_CALL(mmap((void *)page, PAGE, prot, MAP_SHARED | MAP_FIXED,
			     victim.guest.encl.fd, 0),
			EACCES))
		attack_by_execution(&victim, page, NULL);
	attack_by_execution(&victim, page, "EACCES");
}

ATTACK(mprotect_rx, "eaug-emodpe-mprotect-rx", DENY, CONTROL)
{
	augment();
	victim_emodpe(&victim, page, ENCL_RWX);
	by_mprotect(RX);
}

ATTACK(mprotect_rwx, "eaug-emodpe-mprotect-rwx", DENY, CONTROL)
{
	augment();
	victim_emodpe(&victim, page, ENCL_RWX);
	by_mprotect(RX | PROT_WRITE);
}

ATTACK(mmap_rx, "eaug-emodpe-mmap-rx", DENY, CONTROL)
{
	augment();
	victim_emodpe(&victim, page, ENCL_RWX);
	by_mmap(RX);
}

ATTACK(mmap_rwx, "eaug-emodpe-mmap-rwx", DENY, CONTROL)
{
	augment();
	victim_emodpe(&victim, page, ENCL_RWX);
	by_mmap(RX | PROT_WRITE);
}

ATTACK(copy_mprotect, "eaug-eacceptcopy-mprotect-rx", DENY, CONTROL)
{
	accept_copy();
	by_mprotect(RX);
}

ATTACK(copy_mmap, "eaug-eacceptcopy-mmap-rx", DENY, CONTROL)
{
	accept_copy();
	by_mmap(RX);
}

/* In a child: bring the page, and make it code. */
static void augment_in_child(void)
{
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (!pid) {
		victim_mmap(&victim, page, RW);
		victim_eaccept(&victim, page, ENCL_RW | SGX_SECINFO_FL_PENDING);
		ASSERT(victim_write(&victim, 0, page, PAYLOAD));
		victim_emodpe(&victim, page, ENCL_RWX);
		_exit(0);
	}
	child_ends_well();
}

/*
 * A range without pages can be mapped executable, nothing can be said against
 * it. The page comes afterwards.
 */
ATTACK(map_first, "eaug-in-mapped-rx", DENY, CONTROL)
{
	char how[64];

	victim_start(&victim);
	page = victim.spare;
	victim_mmap(&victim, page, RX);
	augment_in_child();
	if (victim_executes(&victim, 0, page, how))
		attack_succeeded();
	attack_refused("%s", how);
}

/* Likewise, and it is the executable mapping in which the page comes. */
ATTACK(fault_first, "eaug-by-fetch", DENY, CONTROL)
{
	char how[64];

	victim_start(&victim);
	page = victim.spare;
	victim_mmap(&victim, page, RX);
	ASSERT(!victim_executes(&victim, 0, page, NULL));
	augment_in_child();
	if (victim_executes(&victim, 0, page, how))
		attack_succeeded();
	attack_refused("%s", how);
}

/*
 * A page that was loaded as code is trimmed and removed; its mapping is still
 * executable when another page comes in its place.
 */
ATTACK(replaced, "eaug-in-place-of-code", DENY, CONTROL)
{
	struct sgx_enclave_modify_types modify = {
		.length = PAGE,
		.page_type = SGX_PT_TRIM,
	};
	struct sgx_enclave_remove_pages remove = { .length = PAGE };
	struct enclave *encl = &victim.guest.encl;
	char how[64];

	victim_start(&victim);
	page = guest_symbol(&victim.guest, "code_page");
	modify.offset = page - encl->secs.baseaddr;
	remove.offset = modify.offset;
	ASSERT(victim_executes(&victim, 0, page, NULL));
	ASSERT_OK(ioctl(encl->fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &modify));
	victim_eaccept(&victim, page,
		       (u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT |
			       SGX_SECINFO_FL_MODIFIED);
	ASSERT_OK(ioctl(encl->fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &remove));
	augment_in_child();
	if (victim_executes(&victim, 0, page, how))
		attack_succeeded();
	attack_refused("%s", how);
}
