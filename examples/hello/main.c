// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The host of the example: builds the enclave that lies next to this program,
 * asks it for each of its services, and says what came of it. The exit status
 * is 0 only if every step did what it says.
 */
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/sha.h>
#include <sys/mman.h>
#include "../common/load.h"
#include "../common/sign.h"
#include "../common/vdso.h"
#include "hello.h"

static struct enclave enclave;
static void *enter;
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
static int recover(struct sgx_enclave_run *run)
{
	struct hello_call handler = { .status = HELLO_UNKNOWN };

	printf("        exception %u inside, error code 0x%x, address %s\n",
	       run->exception_vector, run->exception_error_code,
	       run->exception_vector == SGX_VECTOR_PF ? "of the page" : "none");
	if (run->exception_vector == SGX_VECTOR_PF) {
		if ((run->exception_addr & SGX_PAGE_MASK) !=
		    encl_symbol(&enclave, "hello_page"))
			return -1;
		return mprotect((void *)encl_symbol(&enclave, "hello_page"),
				SGX_PAGE_SIZE, PROT_READ | PROT_WRITE);
	}
	if (vdso_enter(enter, run, SGX_EENTER, &handler) ||
	    run->function != SGX_EEXIT)
		return -1;
	return handler.status == HELLO_OK ? 0 : -1;
}

/* Enter at TCS number @thread; returns the number of exceptions, or -1. */
static int call_enclave(struct hello_call *call, unsigned int thread)
{
	struct sgx_enclave_run run = {
		.tcs = encl_symbol(&enclave, "tcs") + thread * SGX_PAGE_SIZE,
	};
	unsigned int function = SGX_EENTER;
	int exceptions = 0;

	call->status = HELLO_UNKNOWN;
	for (;;) {
		if (vdso_enter(enter, &run, function, call))
			return -1;
		if (run.function == SGX_EEXIT)
			return exceptions;
		if (run.function != SGX_ERESUME) {
			printf("        EENTER failed: exception %u\n",
			       run.exception_vector);
			return -1;
		}
		if (++exceptions > 1 || recover(&run))
			return -1;
		function = SGX_ERESUME;
	}
}

static void add(void)
{
	struct hello_call call = { .request = HELLO_ADD, .a = 40, .b = 2 };
	int ok;

	ok = !call_enclave(&call, 0) && call.status == HELLO_OK;
	step(ok && call.sum == 42, "add: the enclave says 40 + 2 = %lu",
	     call.sum);

	call = (struct hello_call){ .request = HELLO_ADD, .a = 1, .b = 2 };
	ok = !call_enclave(&call, 1) && call.status == HELLO_OK;
	step(ok && call.sum == 3, "add: a second TCS says 1 + 2 = %lu",
	     call.sum);
}

static void seal(void)
{
	struct hello_call call = { .request = HELLO_SEAL };
	struct hello_call copy;
	char text[17] = "";
	int ok;

	ok = !call_enclave(&call, 0) && call.status == HELLO_OK;
	step(ok && call.sealed.len == HELLO_SECRET_MAX,
	     "seal: a secret of %lu bytes, under a key of this enclave",
	     call.sealed.len);
	hex(call.sealed.text, 8, text);
	printf("        sealed: %s...\n", text);

	copy = call;
	copy.request = HELLO_UNSEAL;
	step(!call_enclave(&copy, 0) && copy.status == HELLO_OK, "unseal: the "
								 "enclave "
								 "found its "
								 "secret "
								 "again");

	copy = call;
	copy.request = HELLO_UNSEAL;
	copy.sealed.text[5] ^= 1;
	step(!call_enclave(&copy, 0) && copy.status == HELLO_REFUSED,
	     "unseal: with one bit changed it is refused");
}

static void report(void)
{
	struct hello_call call = { .request = HELLO_REPORT };
	u8 signer[32];
	char text[65];

	step(!call_enclave(&call, 0) && call.status == HELLO_OK, "report: "
								 "made, "
								 "verified "
								 "with the "
								 "report key; "
								 "a forged one "
								 "refused");
	hex(call.mrenclave, 32, text);
	step(!memcmp(call.mrenclave, enclave.sig.enclavehash, 32),
	     "report: MRENCLAVE %.32s...", text);
	SHA256(enclave.sig.modulus, SGX_MODULUS_SIZE, signer);
	hex(call.mrsigner, 32, text);
	step(!memcmp(call.mrsigner, signer, 32), "report: MRSIGNER  %.32s...",
	     text);
}

static void fault(void)
{
	struct hello_call call = { .request = HELLO_UD2, .a = 7, .b = 8 };
	u64 page = encl_symbol(&enclave, "hello_page");

	step(call_enclave(&call, 0) == 1 && call.status == HELLO_OK &&
		     call.sum == 15,
	     "fault: an undefined instruction, handled inside, resumed");

	call = (struct hello_call){ .request = HELLO_WRITE, .a = 99 };
	step(!mprotect((void *)page, SGX_PAGE_SIZE, PROT_READ) &&
		     call_enclave(&call, 1) == 1 && call.status == HELLO_OK &&
		     call.sum == 99,
	     "fault: a write to a read-only page, handled outside, resumed");
}

static int build(const char *dir)
{
	char path[4096];
	EVP_PKEY *key;
	int ret;

	snprintf(path, sizeof(path), "%s/key.pem", dir);
	key = sign_load_key(path);
	step(!!key, "key: RSA-3072, from key.pem");
	if (!key)
		return -1;

	snprintf(path, sizeof(path), "%s/hello_enclave.elf", dir);
	ret = encl_open_elf(&enclave, path);
	if (!ret)
		ret = encl_load_elf(&enclave, key);
	EVP_PKEY_free(key);
	step(!ret, "build: created, pages added and measured, initialised%s%s",
	     ret ? ": " : "", ret ? strerror(-ret) : "");
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
	enter = vdso_symbol("__vdso_sgx_enter_enclave");
	step(!!enter, "vdso: __vdso_sgx_enter_enclave is there");
	if (!enter || build(dirname(self)))
		return 1;

	add();
	seal();
	report();
	fault();
	encl_close(&enclave);
	printf("hello: %s\n", failed ? "FAILED" : "all steps worked");
	return failed;
}
