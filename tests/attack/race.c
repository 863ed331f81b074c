// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Each ioctl that changes pages is raced: while one thread has pages added,
 * restricted, changed or removed, again and again, others map them executable
 * in every way, and others execute in them. A single success is enough.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "attack.h"

#define RW  (PROT_READ | PROT_WRITE)
#define RX  (PROT_READ | PROT_EXEC)
#define RWX (RW | PROT_EXEC)
#define ON  "augment=deny"
#define OFF "augment=deny ceilings=off"

#define PT_TRIM ((u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT)

/* Threads of the enclave: 0 is for who changes pages. */
#define EXECUTOR 1

/**
 * struct race - what the crowd works on
 * @victim:	enclave
 * @pages:	address of the first page that is attacked
 * @count:	number of pages
 * @tries:	requests for execution, by kind, for the report
 */
struct race {
	struct victim victim;
	u64 pages;
	unsigned int count;
	unsigned long tries;
};

/* Not before the mapper, too, has had its turn. */
static bool race_is_over(const struct race *race)
{
	return time_is_up() && __atomic_load_n(&race->tries, __ATOMIC_RELAXED);
}

static u64 any_page(struct race *race, unsigned int *seed)
{
	return race->pages + rand_r(seed) % race->count * PAGE;
}

static void ask_mprotect(u64 page, u64 length, int prot)
{
	if (!mprotect((void *)page, length, prot))
		return;
	/* A mapping over another that was refused leaves neither. */
	if (errno != ENOMEM)
		ASSERT_EQ(errno, EACCES);
}

static void ask_mmap(struct race *race, u64 page, int prot)
{
	ATTACK_CALL(mmap((void *)page, PAGE, prot, MAP_SHARED | MAP_FIXED,
			 race->victim.guest.encl.fd, 0),
		    EACCES);
}

/*
 * A mapper: asks for X by mprotect() and by mmap(), of a page and of the range,
 * and goes back to RW, so that the others get on, and so that page table
 * entries come and go. Where there is no page at the moment an executable
 * mapping is granted; it is what comes into it that must not execute.
 */
static void mapper(void *arg, unsigned int number)
{
	static __thread unsigned int seed;
	struct race *race = arg;
	unsigned int turns;
	u64 page;

	if (!seed)
		seed = number + 1;
	page = any_page(race, &seed);
	__atomic_fetch_add(&race->tries, 1, __ATOMIC_RELAXED);
	switch (rand_r(&seed) % 6) {
	case 0:
		ask_mprotect(page, PAGE, RX);
		break;
	case 1:
		ask_mprotect(page, PAGE, RWX);
		break;
	case 2:
		ask_mprotect(race->pages, race->count * PAGE, RX);
		break;
	case 3:
		ask_mmap(race, page, RX);
		break;
	case 4:
		ask_mmap(race, page, RWX);
		break;
	default:
		break;
	}
	/* For a while it is as it is. */
	for (turns = rand_r(&seed) % 8; turns; turns--)
		sched_yield();
	ASSERT(mmap((void *)race->pages, race->count * PAGE, RW,
		    MAP_SHARED | MAP_FIXED, race->victim.guest.encl.fd,
		    0) != MAP_FAILED);
}

static void executor(void *arg, unsigned int number)
{
	static __thread unsigned int seed;
	struct race *race = arg;
	u64 page;

	if (!seed)
		seed = number + 1;
	page = any_page(race, &seed);
	if (victim_executes(&race->victim, number, page, NULL))
		attack_succeeded();
}

static void crowd_start(struct crowd *crowd, struct race *race)
{
	*crowd = (struct crowd){};
	crowd_join(crowd, mapper, race, 10);
	crowd_join(crowd, executor, race, EXECUTOR);
}

__attribute__((noreturn)) static void race_refused(const struct race *race,
						   unsigned long rounds)
{
	attack_refused("%lu rounds, %lu requests", rounds, race->tries);
}

static u64 offset(const struct race *race, u64 page)
{
	return page - race->victim.guest.encl.secs.baseaddr;
}

/*
 * ADD_PAGES: between the check of the mapping and the page's coming. Once it is
 * there and the enclave runs, whatever mapping has come of it is used.
 */
static void adding_mapper(void *arg, unsigned int number)
{
	static __thread unsigned int seed;
	struct race *race = arg;
	u64 page;
	int prot;

	if (!seed)
		seed = number + 1;
	page = any_page(race, &seed);
	prot = rand_r(&seed) % 2 ? RX : RWX;
	__atomic_fetch_add(&race->tries, 1, __ATOMIC_RELAXED);
	if (rand_r(&seed) % 2)
		ask_mprotect(page, PAGE, prot);
	else
		ask_mmap(race, page, prot);
}

/* By a second process, so that the mappings of this one stay as they are. */
static void write_payloads(struct race *race)
{
	pid_t pid = fork();
	unsigned int i;

	ASSERT(pid >= 0);
	if (!pid) {
		for (i = 0; i < race->count; i++) {
			u64 page = race->pages + i * PAGE;

			victim_mmap(&race->victim, page, RW);
			ASSERT(victim_write(&race->victim, 0, page, PAYLOAD));
			victim_emodpe(&race->victim, page, ENCL_RWX);
		}
		_exit(0);
	}
	child_ends_well();
}

ATTACK(add_pages, "race-add-pages", ON, OFF)
{
	void *source = page_alloc(1);
	unsigned long rounds = 0;
	struct race race = {};
	struct crowd crowd;
	unsigned int i;

	do {
		victim_open(&race.victim);
		race.pages = race.victim.spare;
		race.count = VICTIM_SPARE;
		victim_create(&race.victim);
		ASSERT(mmap((void *)race.pages, race.count * PAGE, RW,
			    MAP_SHARED | MAP_FIXED, race.victim.guest.encl.fd,
			    0) != MAP_FAILED);
		crowd = (struct crowd){};
		crowd_join(&crowd, adding_mapper, &race, 10);
		crowd_join(&crowd, adding_mapper, &race, 20);
		for (i = 0; i < race.count; i++)
			ASSERT_OK(encl_add(&race.victim.guest.encl,
					   offset(&race, race.pages + i * PAGE),
					   source, PAGE, ENCL_RW, 0));
		victim_init(&race.victim);
		crowd_end(&crowd);
		victim_map(&race.victim);
		write_payloads(&race);
		for (i = 0; i < race.count; i++)
			executor(&(struct race){ .victim = race.victim,
						 .pages = race.pages + i * PAGE,
						 .count = 1 },
				 0);
		victim_end(&race.victim);
		rounds++;
	} while (!race_is_over(&race));
	race_refused(&race, rounds);
}

static void start_with_pages(struct race *race, unsigned int count)
{
	void *source = page_alloc(count);

	victim_open(&race->victim);
	race->pages = race->victim.spare;
	race->count = count;
	victim_create(&race->victim);
	ASSERT_OK(encl_add(&race->victim.guest.encl, offset(race, race->pages),
			   source, count * PAGE, ENCL_RW, 0));
	victim_init(&race->victim);
	victim_map(&race->victim);
	ASSERT(mmap((void *)race->pages, count * PAGE, RW,
		    MAP_SHARED | MAP_FIXED, race->victim.guest.encl.fd,
		    0) != MAP_FAILED);
}

/* RESTRICT_PERMISSIONS: down to R, and by the enclave up again to RWX. */
static void restrict_one(struct race *race, u64 page)
{
	struct sgx_enclave_restrict_permissions arg = {
		.offset = offset(race, page),
		.length = PAGE,
		.permissions = SGX_SECINFO_FL_R,
	};
	const struct victim *victim = &race->victim;
	u64 ret;

	ASSERT(victim_write(victim, 0, page, PAYLOAD));
	ASSERT(victim_leaf(victim, 0, SGX_EMODPE, ENCL_RWX, page, 0, NULL));
	ASSERT_OK(ioctl(victim->guest.encl.fd,
			SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg));
	ASSERT(victim_leaf(victim, 0, SGX_EACCEPT, ENCL_R | SGX_SECINFO_FL_PR,
			   page, 0, &ret));
	ASSERT_EQ(ret, 0);
	ASSERT(victim_leaf(victim, 0, SGX_EMODPE, ENCL_RWX, page, 0, NULL));
}

ATTACK(restrict_permissions, "race-restrict-permissions", ON, OFF)
{
	unsigned long rounds = 0;
	struct race race = {};
	struct crowd crowd;

	start_with_pages(&race, 4);
	crowd_start(&crowd, &race);
	do {
		restrict_one(&race, race.pages + rounds++ % race.count * PAGE);
	} while (!race_is_over(&race));
	crowd_end(&crowd);
	race_refused(&race, rounds);
}

static void modify_type(struct race *race, u64 page, u64 type)
{
	struct sgx_enclave_modify_types arg = {
		.offset = offset(race, page),
		.length = PAGE,
		.page_type = type,
	};
	u64 ret;

	ASSERT_OK(ioctl(race->victim.guest.encl.fd,
			SGX_IOC_ENCLAVE_MODIFY_TYPES, &arg));
	ASSERT(victim_leaf(&race->victim, 0, SGX_EACCEPT,
			   type << SGX_SECINFO_FL_PT_SHIFT |
				   SGX_SECINFO_FL_MODIFIED,
			   page, 0, &ret));
	ASSERT_EQ(ret, 0);
}

static void remove_page(struct race *race, u64 page)
{
	struct sgx_enclave_remove_pages arg = {
		.offset = offset(race, page),
		.length = PAGE,
	};

	/* While a leaf of an executor looks at it, it is busy. */
	while (!ATTACK_CALL(ioctl(race->victim.guest.encl.fd,
				  SGX_IOC_ENCLAVE_REMOVE_PAGES, &arg),
			    EBUSY))
		arg.count = 0;
}

/*
 * The page stays as it is for a few turns of the mapper: none at times, so that
 * what comes next meets a mapping under way, more at others, so that executors
 * come upon a mapping that was granted.
 */
static void linger(const struct race *race)
{
	static unsigned int seed = 1;
	unsigned long until = __atomic_load_n(&race->tries, __ATOMIC_RELAXED) +
			      rand_r(&seed) % 4;

	do {
		sched_yield();
	} while (__atomic_load_n(&race->tries, __ATOMIC_RELAXED) < until &&
		 !time_is_up());
}

/* A page comes, is made code as far as SGX goes, and goes. */
static void come_and_go(struct race *race, u64 page, bool by_tcs)
{
	const struct victim *victim = &race->victim;
	u64 ret;

	ASSERT(victim_leaf(victim, 0, SGX_EACCEPT,
			   ENCL_RW | SGX_SECINFO_FL_PENDING, page, 0, &ret));
	ASSERT_EQ(ret, 0);
	ASSERT(victim_write(victim, 0, page, PAYLOAD));
	ASSERT(victim_leaf(victim, 0, SGX_EMODPE, ENCL_RWX, page, 0, NULL));
	linger(race);
	if (by_tcs) {
		/* EACCEPT wants it not in use, and with an SSA frame. */
		ASSERT(victim_write(victim, 0, page, 0));
		ASSERT(victim_write(victim, 0,
				    page + offsetof(struct sgx_tcs, cssa),
				    1UL << 32));
		modify_type(race, page, SGX_PT_TCS);
	}
	modify_type(race, page, SGX_PT_TRIM);
	remove_page(race, page);
}

static void by_coming_and_going(bool by_tcs)
{
	unsigned long rounds = 0;
	struct race race = {};
	struct crowd crowd;

	victim_start(&race.victim);
	race.pages = race.victim.spare;
	race.count = 4;
	ASSERT(mmap((void *)race.pages, race.count * PAGE, RW,
		    MAP_SHARED | MAP_FIXED, race.victim.guest.encl.fd,
		    0) != MAP_FAILED);
	crowd_start(&crowd, &race);
	do {
		come_and_go(&race, race.pages + rounds % race.count * PAGE,
			    by_tcs && rounds % 2);
		rounds++;
	} while (!race_is_over(&race));
	crowd_end(&crowd);
	race_refused(&race, rounds);
}

ATTACK(remove_pages, "race-remove-pages", ON, OFF)
{
	by_coming_and_going(false);
}

ATTACK(modify_types, "race-modify-types", ON, OFF)
{
	by_coming_and_going(true);
}

/* The page goes to swap and comes back all the time. */
ATTACK(reclaim, "race-reclaim", ON " " SMALL_EPC, OFF " " SMALL_EPC)
{
	unsigned long rounds = 0;
	struct race race = {};
	struct crowd crowd;
	unsigned int i;

	start_with_pages(&race, 4);
	for (i = 0; i < race.count; i++) {
		u64 page = race.pages + i * PAGE;

		ASSERT(victim_write(&race.victim, 0, page, PAYLOAD));
		victim_emodpe(&race.victim, page, ENCL_RWX);
	}
	crowd_start(&crowd, &race);
	do {
		evict_all();
		rounds++;
	} while (!race_is_over(&race));
	crowd_end(&crowd);
	race_refused(&race, rounds);
}

/*
 * What is taken away is taken away: threads write to a page all the time, from
 * inside and from outside, while it is restricted to R. Once the enclave has
 * accepted that, nobody may write, not even by what a processor remembers.
 */
struct stale {
	struct victim victim;
	u64 page;
};

static void writer(void *arg, unsigned int number)
{
	static __thread u64 value;
	struct stale *stale = arg;
	const struct guest *guest = &stale->victim.guest;
	struct op op = { .op = OP_WRITE };
	struct sgx_enclave_run run;

	op.arg[0] = stale->page + number * 8;
	op.arg[1] = ++value;
	/* Refused, it tries again until it is allowed to. */
	run = guest_enter(guest, number, SGX_EENTER, &op);
	while (run.function == SGX_ERESUME) {
		sched_yield();
		run = guest_enter(guest, number, SGX_ERESUME, &op);
	}
	ASSERT_EQ(run.function, SGX_EEXIT);
}

static bool changes(struct stale *stale)
{
	struct op op = { .op = OP_COPY, .arg = { 0, stale->page, 64 } };
	u64 before[8], after[8];
	unsigned int i;

	op.arg[0] = (u64)before;
	ASSERT(victim_op(&stale->victim, 0, op, NULL));
	for (i = 0; i < 20; i++)
		sched_yield();
	op.arg[0] = (u64)after;
	ASSERT(victim_op(&stale->victim, 0, op, NULL));
	return memcmp(before, after, sizeof(before));
}

ATTACK(stale_write, "race-write-after-restriction", ON, "self: no restriction")
{
	struct sgx_enclave_restrict_permissions arg;
	unsigned long rounds = 0;
	struct stale stale;
	struct crowd crowd = {};
	bool changed = false;
	u64 ret;

	victim_start(&stale.victim);
	stale.page = guest_symbol(&stale.victim.guest, "data_pages");
	crowd_join(&crowd, writer, &stale, 1);
	crowd_join(&crowd, writer, &stale, 2);
	crowd_join(&crowd, writer, &stale, 3);
	do {
		if (!attack_control()) {
			arg = (struct sgx_enclave_restrict_permissions){
				.offset = stale.page -
					  stale.victim.guest.encl.secs.baseaddr,
				.length = PAGE,
				.permissions = SGX_SECINFO_FL_R,
			};
			ASSERT_OK(ioctl(stale.victim.guest.encl.fd,
					SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
					&arg));
			ASSERT(victim_leaf(&stale.victim, 0, SGX_EACCEPT,
					   ENCL_R | SGX_SECINFO_FL_PR,
					   stale.page, 0, &ret));
			ASSERT_EQ(ret, 0);
		}
		changed = changes(&stale);
		victim_emodpe(&stale.victim, stale.page, ENCL_RW);
		rounds++;
	} while (!changed && !time_is_up());
	crowd_end(&crowd);
	if (changed)
		attack_succeeded();
	attack_refused("%lu rounds", rounds);
}
