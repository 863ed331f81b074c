// SPDX-License-Identifier: GPL-2.0
/*
 * Die notifier, tracepoint and function probes cost every process of the machine
 * a little: they are registered while there are enclaves. That takes a while, so
 * that the last enclave leaves them in place for some seconds, for the next one.
 * What watches the threads that have used an enclave stays as long as one of
 * them does.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include "fail.h"
#include "hooks.h"
#include "thread.h"

#define HOOKS_LINGER (5 * HZ)

static DEFINE_MUTEX(hooks_lock);
/* Enclaves, and one for programs with CPUID faulting; under hooks_lock. */
static unsigned int hooks_users;
/* Under hooks_lock, both. */
static bool hooks_registered;
static bool hooks_watching;

static void hooks_unwatch(void)
{
	lockdep_assert_held(&hooks_lock);

	if (hooks_watching && sgx_thread_unwatch())
		hooks_watching = false;
}

/* As what there was no place for. */
static int hooks_can_fail(void)
{
	return sgx_should_fail() ? -EBUSY : 0;
}

static int hooks_register(void)
{
	int ret;

	lockdep_assert_held(&hooks_lock);

	if (!hooks_watching) {
		ret = hooks_can_fail() ?: sgx_thread_watch();
		if (ret)
			return ret;
		hooks_watching = true;
	}
	ret = hooks_can_fail() ?: sgx_signal_init();
	if (ret)
		goto err_watch;
	ret = hooks_can_fail() ?: sgx_fault_init();
	if (ret)
		goto err_signal;
	ret = hooks_can_fail() ?: sgx_trap_init();
	if (ret)
		goto err_fault;
	hooks_registered = true;
	return 0;

err_fault:
	sgx_fault_exit();
err_signal:
	sgx_signal_exit();
err_watch:
	hooks_unwatch();
	return ret;
}

static void hooks_unregister(void)
{
	lockdep_assert_held(&hooks_lock);

	hooks_registered = false;
	sgx_trap_exit();
	sgx_fault_exit();
	sgx_signal_exit();
}

static void hooks_idle(struct work_struct *work);
static DECLARE_DELAYED_WORK(hooks_idle_work, hooks_idle);

static void hooks_idle(struct work_struct *work)
{
	mutex_lock(&hooks_lock);
	if (!hooks_users) {
		if (hooks_registered)
			hooks_unregister();
		hooks_unwatch();
		/* A thread is still there: look again. */
		if (hooks_watching)
			mod_delayed_work(system_wq, &hooks_idle_work,
					 HOOKS_LINGER);
	}
	mutex_unlock(&hooks_lock);
}

/**
 * sgx_hooks_get() - there is one more enclave
 *
 * Context: may sleep.
 * Return: 0, or the error of what could not be registered.
 */
int sgx_hooks_get(void)
{
	int ret = 0;

	mutex_lock(&hooks_lock);
	if (!hooks_registered)
		ret = hooks_register();
	if (!ret)
		hooks_users++;
	mutex_unlock(&hooks_lock);
	return ret;
}

/**
 * sgx_hooks_put() - there is one enclave less, and no thread inside of it
 *
 * Context: may sleep.
 */
void sgx_hooks_put(void)
{
	mutex_lock(&hooks_lock);
	if (!--hooks_users)
		mod_delayed_work(system_wq, &hooks_idle_work, HOOKS_LINGER);
	mutex_unlock(&hooks_lock);
}

/**
 * sgx_hooks_init() - see whether this kernel has what is needed
 *
 * Return: 0, or the error of what could not be registered.
 */
int sgx_hooks_init(void)
{
	int ret = sgx_hooks_get();

	if (!ret)
		sgx_hooks_put();
	return ret;
}

/**
 * sgx_hooks_exit() - undo sgx_hooks_init()
 *
 * There are no enclaves.
 */
void sgx_hooks_exit(void)
{
	cancel_delayed_work_sync(&hooks_idle_work);
	mutex_lock(&hooks_lock);
	if (hooks_registered)
		hooks_unregister();
	hooks_unwatch();
	WARN_ON(hooks_watching);
	mutex_unlock(&hooks_lock);
}
