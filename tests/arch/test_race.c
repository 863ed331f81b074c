// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Leaves on several processors at once: whoever loses gets what the SDM's
 * tables of concurrency restrictions name, and nothing is lost or counted twice.
 */
#include <pthread.h>
#include "host.h"

#define PAGES  6
#define ROUNDS 4000

/**
 * struct racer - a thread with its processor
 * @encl:	an enclave that all of them work on
 * @cpu:	its own
 * @pages:	the pages that all of them work on
 * @rounds:	how many leaves it executes
 * @seed:	of its choices
 * @added:	EADDs that succeeded
 * @extended:	EEXTENDs that succeeded
 * @removed:	EREMOVEs that freed a page
 * @conflicts:	#GP
 * @odd:	outcomes that are none of these
 */
struct racer {
	struct enclave *encl;
	struct sgx_cpu *cpu;
	struct sgx_epcm **pages;
	unsigned int rounds;
	unsigned int seed;
	unsigned long added;
	unsigned long extended;
	unsigned long removed;
	unsigned long conflicts;
	unsigned long odd;
};

static int add(struct racer *r, struct operands *op, struct sgx_epcm *page)
{
	op->secinfo.flags = REG_RW;
	op->pageinfo.linaddr = ENCLAVE_BASE;
	op->pageinfo.secs = sgx_addr(r->encl->secs->page);
	return sgx_eadd(r->cpu, &op->pageinfo, sgx_addr(page->page));
}

/* One leaf on one page; a valid or an invalid page is an honest #PF. */
static void step(struct racer *r, struct operands *op)
{
	struct sgx_epcm *page = r->pages[rand_r(&r->seed) % PAGES];
	unsigned long *done;
	int ret;

	switch (rand_r(&r->seed) % 3) {
	case 0:
		ret = add(r, op, page);
		done = &r->added;
		break;
	case 1:
		ret = sgx_eextend(r->cpu, sgx_addr(r->encl->secs->page),
				  sgx_addr(page->page));
		done = &r->extended;
		break;
	default:
		ret = sgx_eremove(r->cpu, sgx_addr(page->page));
		done = &r->removed;
	}
	if (!ret)
		++*done;
	else if (ret == GP)
		r->conflicts++;
	else if (ret != PF)
		r->odd++;
}

static void *race(void *arg)
{
	struct racer *r = arg;
	struct operands *op = operands_new();
	unsigned int i;

	for (i = 0; i < r->rounds; i++)
		step(r, op);
	operands_free(op);
	return NULL;
}

static void add_extend_remove(void **state)
{
	struct host *host = host_new(1 + PAGES);
	struct sgx_epcm *pages[PAGES];
	struct racer racers[HOST_CPUS];
	pthread_t threads[HOST_CPUS];
	unsigned long added = 0, extended = 0, valid = 0;
	struct sgx_secs secs;
	struct enclave *encl;
	unsigned int i;

	(void)state;
	secs_default(&secs);
	encl = enclave_create(host, &secs);
	for (i = 0; i < PAGES; i++)
		pages[i] = host_epc(host);
	for (i = 0; i < HOST_CPUS; i++) {
		racers[i] = (struct racer){
			.encl = encl,
			.cpu = host_cpu(host, i),
			.pages = pages,
			.rounds = ROUNDS,
			.seed = i + 1,
		};
		assert_int_equal(
			pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (i = 0; i < HOST_CPUS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(racers[i].odd, 0);
		added += racers[i].added;
		extended += racers[i].extended;
	}
	for (i = 0; i < PAGES; i++) {
		assert_int_equal(pages[i]->lock, 0);
		valid += !!(pages[i]->state & SGX_EPCM_VALID);
	}
	assert_true(added > 0 && extended > 0);
	assert_int_equal(encl->secs->lock, 0);
	assert_int_equal(sgx_secs_of(encl->secs)->hidden.children, valid);
	assert_int_equal(sgx_secs_of(encl->secs)->hidden.blocks,
			 1 + added + 5 * extended);
	enclave_free(encl);
	host_free(host);
}

/* Two EINITs of one enclave: one succeeds, the other finds it in use or done. */
struct initializer {
	struct enclave *encl;
	struct sgx_cpu *cpu;
	struct sgx_sigstruct *sig;
	struct sgx_einittoken *token;
	int ret;
};

static void *initialize(void *arg)
{
	struct initializer *i = arg;

	i->ret = sgx_einit(i->cpu, i->sig, sgx_addr(i->encl->secs->page),
			   i->token);
	return NULL;
}

static void initialize_twice(struct sgx_sigstruct *sig,
			     struct sgx_einittoken *token)
{
	struct host *host = host_new(2);
	struct initializer inits[HOST_CPUS];
	pthread_t threads[HOST_CPUS];
	struct sgx_secs secs;
	struct enclave *encl;
	unsigned int i, successes = 0;

	secs_default(&secs);
	encl = enclave_create(host, &secs);
	sigstruct_default(encl, sig);
	sigstruct_sign(sig, signer_key(0));
	for (i = 0; i < HOST_CPUS; i++) {
		inits[i] = (struct initializer){ encl, host_cpu(host, i), sig,
						 token, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, initialize,
						&inits[i]),
				 0);
	}
	for (i = 0; i < HOST_CPUS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(inits[i].ret == 0 || inits[i].ret == GP);
		successes += !inits[i].ret;
	}
	assert_int_equal(successes, 1);
	assert_int_equal(encl->secs->lock, 0);
	assert_memory_equal(sgx_secs_of(encl->secs)->mrenclave, encl->mrenclave,
			    32);
	enclave_free(encl);
	host_free(host);
}

static void einit_einit(void **state)
{
	void *sig = host_operand(), *token = host_operand();
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++)
		initialize_twice(sig, token);
	free(sig);
	free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_extend_remove),
		cmocka_unit_test(einit_einit),
	};

	return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
