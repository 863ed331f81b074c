// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Calling an enclave: the TCSs are a pool, from which a thread of the host takes
 * one for a call, or keeps one for several. All entries go through the vDSO.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <asm/sgx.h>
#include "internal.h"

int pool_init(struct softsgx_instance *instance, struct softsgx_error *error)
{
	const struct softsgx_enclave *encl = instance->encl;
	struct softsgx_thread *thread;
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < encl->info.pages; i++)
		count += page_is_tcs(&encl->pages[i]);
	instance->threads = calloc(count ? count : 1, sizeof(*thread));
	if (!instance->threads)
		return fail_memory(error);
	pthread_mutex_init(&instance->lock, NULL);
	pthread_cond_init(&instance->freed, NULL);
	instance->thread_count = count;
	instance->usable = count;
	/* From the last one, so that the first one is used first. */
	for (i = encl->info.pages; i--;) {
		if (!page_is_tcs(&encl->pages[i]))
			continue;
		thread = &instance->threads[--count];
		thread->instance = instance;
		thread->tcs = instance->base + encl->pages[i].offset;
		thread->next = instance->free;
		instance->free = thread;
	}
	return 0;
}

void pool_destroy(struct softsgx_instance *instance)
{
	if (!instance->threads)
		return;
	pthread_cond_destroy(&instance->freed);
	pthread_mutex_destroy(&instance->lock);
	free(instance->threads);
}

/**
 * softsgx_thread_get() - take a TCS
 * @instance:	the enclave
 *
 * Waits until one is free. It is for one thread of the host at a time; which
 * one, may change.
 *
 * Return: the TCS, NULL if the enclave has none, or all are lost.
 */
struct softsgx_thread *softsgx_thread_get(struct softsgx_instance *instance)
{
	struct softsgx_thread *thread;

	pthread_mutex_lock(&instance->lock);
	while (!instance->free && instance->usable)
		pthread_cond_wait(&instance->freed, &instance->lock);
	thread = instance->free;
	if (thread)
		instance->free = thread->next;
	pthread_mutex_unlock(&instance->lock);
	return thread;
}

/**
 * softsgx_thread_put() - give a TCS back
 * @thread:	what softsgx_thread_get() returned, or NULL
 *
 * One with an interrupted state, after an exception from which nobody resumed,
 * is not used again: what it was about to do is left undone for ever, and the
 * enclave may hold locks.
 */
void softsgx_thread_put(struct softsgx_thread *thread)
{
	struct softsgx_instance *instance;

	if (!thread)
		return;
	instance = thread->instance;
	pthread_mutex_lock(&instance->lock);
	if (thread->frames) {
		/* Those that wait may wait for nothing now. */
		instance->usable--;
		pthread_cond_broadcast(&instance->freed);
	} else {
		thread->next = instance->free;
		instance->free = thread;
		pthread_cond_signal(&instance->freed);
	}
	pthread_mutex_unlock(&instance->lock);
}

/**
 * softsgx_thread_tcs() - the address of a TCS
 * @thread:	the TCS
 *
 * Return: its address.
 */
void *softsgx_thread_tcs(const struct softsgx_thread *thread)
{
	return (void *)thread->tcs;
}

static const char *vector_name(unsigned int vector)
{
	static const char *const names[] = {
		[0] = "#DE, a division",
		[1] = "#DB, debugging",
		[3] = "#BP, a breakpoint",
		[5] = "#BR, a bound",
		[6] = "#UD, an undefined instruction",
		[13] = "#GP, general protection",
		[14] = "#PF, a page fault",
		[16] = "#MF, x87",
		[17] = "#AC, alignment",
		[19] = "#XM, SSE",
		[21] = "#CP, control protection",
	};

	if (vector < sizeof(names) / sizeof(names[0]) && names[vector])
		return names[vector];
	return "an exception";
}

static int excepted(const struct softsgx_thread *thread,
		    const struct sgx_enclave_run *run,
		    struct softsgx_exception *exception,
		    struct softsgx_error *error)
{
	const struct softsgx_exception e = {
		/* The vDSO says which leaf RAX had: an AEX makes it ERESUME. */
		.inside = run->function == SGX_ERESUME,
		.vector = run->exception_vector,
		.error_code = run->exception_error_code,
		.address = run->exception_addr,
	};

	if (exception)
		*exception = e;
	return fail(error, SOFTSGX_EXCEPTION, thread->instance->encl->name,
		    SOFTSGX_NO_OFFSET,
		    "%s %s (vector %u, error code 0x%x, address 0x%llx)",
		    vector_name(e.vector),
		    e.inside ? "inside the enclave" : "at EENTER", e.vector,
		    e.error_code, (unsigned long long)e.address);
}

static int enter(struct softsgx_thread *thread, unsigned int function,
		 struct softsgx_registers *registers,
		 struct softsgx_exception *exception,
		 struct softsgx_error *error)
{
	struct softsgx_registers regs = *registers;
	struct sgx_enclave_run run = { .tcs = thread->tcs };

	if (vdso_enter(thread->instance->enter, &run, function, &regs)) {
		errno = EINVAL;
		return fail_system(error, thread->instance->encl->name,
				   "__vdso_sgx_enter_enclave()");
	}
	if (run.function != SGX_EEXIT) {
		if (function == SGX_EENTER && run.function == SGX_ERESUME)
			thread->frames++;
		return excepted(thread, &run, exception, error);
	}
	if (function == SGX_ERESUME)
		thread->frames--;
	*registers = regs;
	return 0;
}

/**
 * softsgx_enter() - enter the enclave
 * @thread:	TCS
 * @registers:	what the enclave gets; what it left, if it came out by EEXIT
 * @exception:	what ended it instead, or NULL
 * @error:	why it failed, or NULL
 *
 * After an exception inside, the TCS has an interrupted state. softsgx_resume()
 * goes on there; before that, another softsgx_enter() lets the enclave handle
 * the exception, if it has an SSA frame left for that.
 *
 * Interrupts, signals and page faults that the kernel resolves are not seen
 * here: the vDSO resumes. #DB and #BP are never reported by the vDSO: they are
 * SIGTRAP.
 *
 * Return: 0 after EEXIT; SOFTSGX_EXCEPTION; SOFTSGX_SYSTEM.
 */
int softsgx_enter(struct softsgx_thread *thread,
		  struct softsgx_registers *registers,
		  struct softsgx_exception *exception,
		  struct softsgx_error *error)
{
	return enter(thread, SGX_EENTER, registers, exception, error);
}

/**
 * softsgx_resume() - go on where an exception has interrupted the enclave
 * @thread:	TCS
 * @registers:	what the enclave left, if it came out by EEXIT; what is in it
 *		before does not matter
 * @exception:	what ended it instead, or NULL. The vDSO does not tell an
 *		exception of ERESUME itself from one inside
 * @error:	why it failed, or NULL
 *
 * Return: as softsgx_enter(); SOFTSGX_REFUSED if nothing is interrupted.
 */
int softsgx_resume(struct softsgx_thread *thread,
		   struct softsgx_registers *registers,
		   struct softsgx_exception *exception,
		   struct softsgx_error *error)
{
	if (!thread->frames)
		return fail(error, SOFTSGX_REFUSED,
			    thread->instance->encl->name, SOFTSGX_NO_OFFSET,
			    "ERESUME: this TCS has no interrupted state");
	return enter(thread, SGX_ERESUME, registers, exception, error);
}

/**
 * softsgx_call() - call the enclave once
 * @instance:	the enclave
 * @arg:	it gets this in RDI
 * @exception:	what ended the call, or NULL
 * @error:	why it failed, or NULL
 *
 * Takes a TCS, and waits for one if all are taken. A TCS in which there was an
 * exception is lost: whoever wants to resume uses softsgx_thread_get().
 *
 * Return: 0 after EEXIT; SOFTSGX_EXCEPTION; SOFTSGX_REFUSED if there is no TCS,
 * or none is left; SOFTSGX_SYSTEM.
 */
int softsgx_call(struct softsgx_instance *instance, void *arg,
		 struct softsgx_exception *exception,
		 struct softsgx_error *error)
{
	struct softsgx_registers registers = { .rdi = (uint64_t)arg };
	struct softsgx_thread *thread;
	int ret;

	thread = softsgx_thread_get(instance);
	if (!thread)
		return fail(error, SOFTSGX_REFUSED, instance->encl->name,
			    SOFTSGX_NO_OFFSET, "no TCS, or none is left");
	ret = softsgx_enter(thread, &registers, exception, error);
	softsgx_thread_put(thread);
	return ret;
}
