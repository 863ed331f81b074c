// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The host of the example: loads the enclave that lies next to this program,
 * asks it for each of its services, and says what came of it. The exit status
 * is 0 only if every step did what it says.
 */
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include "../../lib/softsgx.h"
#include "hello.h"

#define PAGE_SIZE 4096

static struct softsgx_instance *enclave;
static struct softsgx_sigstruct sigstruct;
static int failed;

__attribute__((format(printf, 2, 3))) static void step(int ok,
						       const char *format, ...)
{
	va_list args;

	printf("  %s  ", ok ? "OK  " : "FAIL");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	if (!ok)
		failed = 1;
}

static void hex(const u8 *bytes, unsigned int n, char *out)
{
	while (n--)
		out += sprintf(out, "%02x", *bytes++);
}

/*
 * How exceptions inside are handled: the enclave itself recovers from UD2, by
 * an entry at CSSA 1; the host makes a page writable again. Both then resume.
 */
static int recover(struct softsgx_thread *thread,
		   const struct softsgx_exception *exception)
{
	void *page = softsgx_instance_symbol(enclave, "hello_page");
	struct hello_call handler = { .status = HELLO_UNKNOWN };
	struct softsgx_registers registers = { .rdi = (u64)&handler };

	printf("        exception %u inside, error code 0x%x, address %s\n",
	       exception->vector, exception->error_code,
	       exception->vector == 14 ? "of the page" : "none");
	if (exception->vector == 14) {
		if (exception->address != (u64)page)
			return -1;
		return mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE);
	}
	if (softsgx_enter(thread, &registers, NULL, NULL))
		return -1;
	return handler.status == HELLO_OK ? 0 : -1;
}

/* Returns the number of exceptions, 0 or 1, from which it recovered, or -1. */
static int call_in(struct softsgx_thread *thread, struct hello_call *call)
{
	struct softsgx_registers registers = { .rdi = (u64)call };
	struct softsgx_exception exception;
	struct softsgx_error error;
	int ret;

	call->status = HELLO_UNKNOWN;
	ret = softsgx_enter(thread, &registers, &exception, &error);
	if (!ret)
		return 0;
	if (ret == SOFTSGX_EXCEPTION && exception.inside &&
	    !recover(thread, &exception) &&
	    !softsgx_resume(thread, &registers, NULL, &error))
		return 1;
	softsgx_error_print(&error, stdout);
	return -1;
}

static int call_enclave(struct hello_call *call)
{
	struct softsgx_thread *thread = softsgx_thread_get(enclave);
	int ret;

	ret = thread ? call_in(thread, call) : -1;
	softsgx_thread_put(thread);
	return ret;
}

static void add(void)
{
	struct hello_call call = { .request = HELLO_ADD, .a = 40, .b = 2 };
	struct softsgx_thread *first;
	int ok;

	ok = !call_enclave(&call) && call.status == HELLO_OK;
	step(ok && call.sum == 42, "add: the enclave says 40 + 2 = %lu",
	     call.sum);

	/* The first TCS is taken: this gets the second one. */
	first = softsgx_thread_get(enclave);
	call = (struct hello_call){ .request = HELLO_ADD, .a = 1, .b = 2 };
	ok = !call_enclave(&call) && call.status == HELLO_OK;
	step(ok && call.sum == 3, "add: a second TCS says 1 + 2 = %lu",
	     call.sum);
	softsgx_thread_put(first);
}

static void seal(void)
{
	struct hello_call call = { .request = HELLO_SEAL };
	struct hello_call copy;
	char text[17] = "";
	int ok;

	ok = !call_enclave(&call) && call.status == HELLO_OK;
	step(ok && call.sealed.len == HELLO_SECRET_MAX,
	     "seal: a secret of %lu bytes, under a key of this enclave",
	     call.sealed.len);
	hex(call.sealed.text, 8, text);
	printf("        sealed: %s...\n", text);

	copy = call;
	copy.request = HELLO_UNSEAL;
	step(!call_enclave(&copy) && copy.status == HELLO_OK,
	     "unseal: the enclave found its secret again");

	copy = call;
	copy.request = HELLO_UNSEAL;
	copy.sealed.text[5] ^= 1;
	step(!call_enclave(&copy) && copy.status == HELLO_REFUSED,
	     "unseal: with one bit changed it is refused");
}

static void report(void)
{
	struct hello_call call = { .request = HELLO_REPORT };
	u8 expected[32];
	char text[65];

	step(!call_enclave(&call) && call.status == HELLO_OK,
	     "report: made, verified with the report key; a forged one refused");
	softsgx_sigstruct_mrenclave(&sigstruct, expected);
	hex(call.mrenclave, 32, text);
	step(!memcmp(call.mrenclave, expected, 32),
	     "report: MRENCLAVE %.32s...", text);
	softsgx_sigstruct_mrsigner(&sigstruct, expected);
	hex(call.mrsigner, 32, text);
	step(!memcmp(call.mrsigner, expected, 32), "report: MRSIGNER  %.32s...",
	     text);
}

static void fault(void)
{
	struct hello_call call = { .request = HELLO_UD2, .a = 7, .b = 8 };
	void *page = softsgx_instance_symbol(enclave, "hello_page");

	step(call_enclave(&call) == 1 && call.status == HELLO_OK &&
		     call.sum == 15,
	     "fault: an undefined instruction, handled inside, resumed");

	call = (struct hello_call){ .request = HELLO_WRITE, .a = 99 };
	step(!mprotect(page, PAGE_SIZE, PROT_READ) &&
		     call_enclave(&call) == 1 && call.status == HELLO_OK &&
		     call.sum == 99,
	     "fault: a write to a read-only page, handled outside, resumed");
}

/* The enclave and its SIGSTRUCT, from the directory of this program. */
static int load(const char *dir)
{
	char file[4096 + 32], sig[4096 + 32];
	struct softsgx_error error;
	int ret;

	snprintf(file, sizeof(file), "%s/hello_enclave.elf", dir);
	snprintf(sig, sizeof(sig), "%s/hello_enclave.sig", dir);
	ret = softsgx_sigstruct_read(&sigstruct, sig, &error);
	if (!ret)
		ret = softsgx_load(&enclave, file, sig, NULL, &error);
	step(!ret, "load: created, pages added and measured, initialised");
	if (ret)
		softsgx_error_print(&error, stdout);
	return ret;
}

int main(void)
{
	char self[4096];
	ssize_t len;

	/* The program may be killed: keep what was said so far. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return 1;
	self[len] = '\0';

	printf("hello: a small enclave and its host\n");
	if (load(dirname(self)))
		return 1;

	add();
	seal();
	report();
	fault();
	softsgx_unload(enclave);
	printf("hello: %s\n", failed ? "FAILED" : "all steps worked");
	return failed;
}
