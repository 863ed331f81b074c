/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * An attack is a function that tries, and ends by saying that it was refused,
 * and how, or that it succeeded. run.sh has it tried where it must be refused,
 * and then where the protection is off and it must succeed: without that, an
 * attack that is refused may merely be a bad one.
 *
 *   PROGRAM --list	one line each: NAME|PROTECTION|CONTROL|CONTROL...
 *   PROGRAM NAME	try it: "refused (HOW)" and status 0, "succeeded" and
 *			status 1; "not possible here (WHY)" and status 3; or
 *			what is wrong with the test, and status 2
 *   PROGRAM NAME self	the same with the attack's own control
 *
 * Races last ATTACK_SECONDS, from the environment, 3 by default.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <pthread.h>
#include <stdbool.h>
#include "victim.h"

/**
 * struct attack - an attack
 * @name:	its name
 * @protection:	parameters of the module under which it must be refused
 * @control:	list of controls, separated by '|': parameters of the module
 *		under which it must succeed; or "self: WHAT", where the attack
 *		itself does WHAT instead, see attack_control()
 * @run:	the attack
 */
struct attack {
	const char *name;
	const char *protection;
	const char *control;
	void (*run)(void);
	struct attack *next;
};

void attack_register(struct attack *attack);

/* ATTACK(id, "name", "protection", "control") { ... } */
#define ATTACK(id, name_, protection_, control_)                     \
	static void id(void);                                        \
	static struct attack id##_attack = {                         \
		.name = name_,                                       \
		.protection = protection_,                           \
		.control = control_,                                 \
		.run = id,                                           \
	};                                                           \
	__attribute__((constructor)) static void id##_register(void) \
	{                                                            \
		attack_register(&id##_attack);                       \
	}                                                            \
	static void id(void)

__attribute__((noreturn, format(printf, 1, 2))) void
attack_refused(const char *format, ...);
__attribute__((noreturn)) void attack_succeeded(void);
/* This machine does not have what is attacked. */
__attribute__((noreturn)) void attack_impossible(const char *why);

/* Is this the control of "self: ..."? */
bool attack_control(void);

/* A system call of the attack: go on if it works, else it has this errno. */
#define ATTACK_CALL(call, wanted)                 \
	({                                        \
		long call_ret_;                   \
                                                  \
		errno = 0;                        \
		call_ret_ = (long)(call);         \
		if (call_ret_ == -1)              \
			ASSERT_EQ(errno, wanted); \
		call_ret_ != -1;                  \
	})

/* A descriptor of /dev/sgx_enclave. */
int device_open(void);
/* The exit status of the one child; it has to be 0. */
int child_status(void);
void child_ends_well(void);

/*
 * Three times as many pages as the EPC has under SMALL_EPC come and go: none
 * that was there before is there any more.
 */
#define SMALL_EPC	"epc_size=1"
#define SMALL_EPC_PAGES 256
void evict_all(void);

/* The end of most attacks: whether the payload in a page runs. */
__attribute__((noreturn)) void attack_by_execution(const struct victim *victim,
						   u64 page, const char *why);

/*
 * A crowd: threads that call a function again and again until the time is up
 * or somebody calls attack_succeeded().
 */
#define CROWD_MAX 8

struct crowd {
	pthread_t threads[CROWD_MAX];
	unsigned int count;
	volatile bool stop;
};

struct crowd_member {
	struct crowd *crowd;
	void (*step)(void *arg, unsigned int number);
	void *arg;
	unsigned int number;
};

void crowd_join(struct crowd *crowd, void (*step)(void *arg, unsigned int n),
		void *arg, unsigned int number);
void crowd_end(struct crowd *crowd);
bool time_is_up(void);

#endif /* ATTACK_H */
