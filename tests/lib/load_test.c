// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * libsoftsgx loads and calls the enclave of examples/hello, where SGX is.
 *
 * Usage: load_test HELLO_ENCLAVE.ELF HELLO_ENCLAVE.SIG
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <xmmintrin.h>
#include "../../arch/sgx.h"
#include "../../examples/hello/hello.h"
#include "../../lib/softsgx.h"

static const char *elf, *sig;
static unsigned int passed, failed;

#define CHECK(condition)                                                 \
	do {                                                             \
		if (condition) {                                         \
			passed++;                                        \
		} else {                                                 \
			failed++;                                        \
			printf("not ok %s:%d: %s\n", __func__, __LINE__, \
			       #condition);                              \
		}                                                        \
	} while (0)

static struct softsgx_instance *load_hello(void)
{
	struct softsgx_instance *encl;
	struct softsgx_error error;

	if (!softsgx_load(&encl, elf, sig, NULL, &error))
		return encl;
	softsgx_error_print(&error, stdout);
	printf("not ok the enclave cannot be loaded\n");
	exit(1);
}

static bool add(struct softsgx_instance *encl, u64 a, u64 b)
{
	struct hello_call call = { .request = HELLO_ADD, .a = a, .b = b };

	return !softsgx_call(encl, &call, NULL, NULL) &&
	       call.status == HELLO_OK && call.sum == a + b;
}

static void calls(void)
{
	struct softsgx_instance *encl = load_hello();
	struct softsgx_instance_info info;

	softsgx_instance_info(encl, &info);
	CHECK(info.threads == 2 && info.size == 0x20000 && info.fd >= 0);
	CHECK(!((u64)info.base & (info.size - 1)));
	CHECK(softsgx_instance_symbol(encl, "tcs") == info.base);
	CHECK(!softsgx_instance_symbol(encl, "no such symbol"));
	CHECK(add(encl, 40, 2));
	CHECK(add(encl, 1ULL << 63, 5));
	softsgx_unload(encl);
}

/* Eight threads share two TCSs; each waits for its turn. */
static void *adder(void *arg)
{
	u64 i, wrong = 0;

	for (i = 0; i < 300; i++)
		wrong += !add(arg, i, i);
	return (void *)wrong;
}

static void pool(void)
{
	struct softsgx_instance *encl = load_hello();
	pthread_t threads[8];
	void *wrong;
	int i;

	for (i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, adder, encl))
			exit(1);
	for (i = 0; i < 8; i++) {
		pthread_join(threads[i], &wrong);
		CHECK(!wrong);
	}
	softsgx_unload(encl);
}

/* Each call that ends by an exception loses a TCS, until there is none. */
static void exceptions(void)
{
	struct softsgx_instance *encl = load_hello();
	struct hello_call call = { .request = HELLO_UD2 };
	struct softsgx_exception exception;
	struct softsgx_error error;
	int ret;

	ret = softsgx_call(encl, &call, &exception, &error);
	CHECK(ret == SOFTSGX_EXCEPTION && exception.inside);
	CHECK(exception.vector == 6 && exception.error_code == 0);
	CHECK(strstr(error.reason, "#UD, an undefined instruction inside"));
	CHECK(add(encl, 3, 4));
	call = (struct hello_call){ .request = HELLO_WRITE, .a = 9 };
	CHECK(!mprotect(softsgx_instance_symbol(encl, "hello_page"), 4096,
			PROT_READ));
	ret = softsgx_call(encl, &call, &exception, &error);
	CHECK(ret == SOFTSGX_EXCEPTION && exception.vector == 14);
	CHECK(exception.address ==
	      (u64)softsgx_instance_symbol(encl, "hello_page"));
	CHECK(softsgx_call(encl, &call, NULL, &error) == SOFTSGX_REFUSED);
	CHECK(strstr(error.reason, "no TCS, or none is left"));
	CHECK(!softsgx_thread_get(encl));
	softsgx_unload(encl);
}

/* A thread that waits for a TCS hears that there will be none. */
static void *waiter(void *arg)
{
	return softsgx_thread_get(arg);
}

static void lost(void)
{
	struct softsgx_instance *encl = load_hello();
	struct hello_call call = { .request = HELLO_UD2 };
	struct softsgx_registers registers = { .rdi = (u64)&call };
	struct softsgx_thread *a = softsgx_thread_get(encl);
	struct softsgx_thread *b = softsgx_thread_get(encl);
	pthread_t thread;
	void *got = &call;

	CHECK(a && b && a != b);
	CHECK(softsgx_thread_tcs(b) - softsgx_thread_tcs(a) == 4096);
	if (pthread_create(&thread, NULL, waiter, encl))
		exit(1);
	CHECK(softsgx_enter(a, &registers, NULL, NULL) == SOFTSGX_EXCEPTION);
	CHECK(softsgx_enter(b, &registers, NULL, NULL) == SOFTSGX_EXCEPTION);
	softsgx_thread_put(a);
	softsgx_thread_put(b);
	pthread_join(thread, &got);
	CHECK(!got);
	softsgx_unload(encl);
}

/* An exception inside, and what the C ABI wants kept. */
static void resume(void)
{
	struct softsgx_instance *encl = load_hello();
	struct hello_call call = { .request = HELLO_UD2, .a = 5, .b = 6 };
	struct hello_call handler = { .request = HELLO_ADD };
	struct softsgx_registers registers = { .rdi = (u64)&call };
	struct softsgx_registers nested = { .rdi = (u64)&handler };
	struct softsgx_thread *thread = softsgx_thread_get(encl);
	struct softsgx_exception exception;
	struct softsgx_error error;
	u16 fcw = 0x27f;

	CHECK(softsgx_resume(thread, &registers, NULL, &error) ==
	      SOFTSGX_REFUSED);
	_mm_setcsr(0x9f80);
	asm volatile("fldcw %0" : : "m"(fcw));
	CHECK(softsgx_enter(thread, &registers, &exception, &error) ==
	      SOFTSGX_EXCEPTION);
	asm volatile("fnstcw %0" : "=m"(fcw));
	CHECK(_mm_getcsr() == 0x9f80 && fcw == 0x27f);
	CHECK(registers.rdi == (u64)&call);
	/* At CSSA 1 the enclave repairs itself; then it goes on. */
	CHECK(!softsgx_enter(thread, &nested, NULL, NULL));
	CHECK(handler.status == HELLO_OK);
	CHECK(!softsgx_resume(thread, &registers, NULL, NULL));
	CHECK(call.status == HELLO_OK && call.sum == 11);
	_mm_setcsr(0x1f80);
	softsgx_thread_put(thread);
	CHECK(add(encl, 1, 1));

	/* EENTER itself fails: the TCS is no longer one. */
	thread = softsgx_thread_get(encl);
	munmap(softsgx_thread_tcs(thread), 4096);
	CHECK(softsgx_enter(thread, &registers, &exception, &error) ==
	      SOFTSGX_EXCEPTION);
	CHECK(!exception.inside && strstr(error.reason, "at EENTER"));
	softsgx_unload(encl);
}

/* Signals end neither loading nor calls. */
static void on_alarm(int number)
{
	(void)number;
}

static void signals(void)
{
	const struct itimerval often = { { 0, 700 }, { 0, 700 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	struct softsgx_instance *encl;
	int i;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 10; i++) {
		encl = load_hello();
		CHECK(add(encl, i, 1));
		softsgx_unload(encl);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

static void refuse(const char *path, const char *sigstruct, int status,
		   int code, const char *text,
		   const struct softsgx_options *options)
{
	struct softsgx_instance *encl = NULL;
	struct softsgx_error error;
	int ret;

	errno = 0;
	ret = softsgx_load(&encl, path, sigstruct, options, &error);
	if (ret == status && (!code || errno == code) &&
	    strstr(error.reason, text) && error.status == (unsigned int)ret) {
		passed++;
		return;
	}
	failed++;
	printf("not ok refused, but not with '%s': status %d, errno %d: ", text,
	       ret, errno);
	if (ret)
		softsgx_error_print(&error, stdout);
	else
		puts("loaded");
}

static void copy(const char *from, const char *to)
{
	void *data;
	size_t len;

	if (softsgx_file_read(from, &data, &len, NULL) ||
	    softsgx_file_write(to, data, len, NULL))
		exit(1);
	free(data);
}

static void make_stream(const char *path, unsigned int measured)
{
	u8 stream[64 + 64 + 16 * 320] = "ECREATE";
	size_t len = 128;
	u64 size = 0x2000;
	u32 frame = 1;
	u64 flags = 0x203;
	u64 at;
	int i;

	memcpy(stream + 8, &frame, 4);
	memcpy(stream + 12, &size, 8);
	memcpy(stream + 64, "EADD", 4);
	memcpy(stream + 64 + 16, &flags, 8);
	for (i = 0; i < 16; i++) {
		at = i * 256;
		memcpy(stream + len, measured >> i & 1 ? "EEXTEND" : "UNMEASRD",
		       8);
		memcpy(stream + len + 8, &at, 8);
		len += 320;
	}
	if (softsgx_file_write(path, stream, len, NULL))
		exit(1);
}

static void refusals(void)
{
	struct softsgx_options options = { 0 };
	struct softsgx_layout layout = { .heap = 0x100000 };
	struct stat st;

	mkdir("noexec", 0755);
	if (mount("none", "noexec", "tmpfs", MS_NOEXEC, NULL))
		exit(1);
	copy(elf, "noexec/enclave.elf");
	refuse("noexec/enclave.elf", sig, SOFTSGX_SYSTEM, EACCES,
	       "a noexec file system", NULL);
	umount("noexec");

	refuse("none.elf", sig, SOFTSGX_SYSTEM, ENOENT, "cannot be opened",
	       NULL);
	refuse(elf, "none.sig", SOFTSGX_SYSTEM, ENOENT, "cannot be opened",
	       NULL);
	refuse("/tmp", sig, SOFTSGX_FORMAT, 0, "not a regular file", NULL);
	refuse(elf, elf, SOFTSGX_FORMAT, 0, "SIGSTRUCT", NULL);
	options.layout = &layout;
	refuse(elf, sig, SOFTSGX_SYSTEM, EPERM, "EINIT refuses", &options);
	options = (struct softsgx_options){ .debug = true };
	refuse(elf, sig, SOFTSGX_REFUSED, 0, "does not allow a debug enclave",
	       &options);
	make_stream("part.sgxs", 0x7fff);
	refuse("part.sgxs", sig, SOFTSGX_REFUSED, 0, "measured in part", NULL);
	make_stream("whole.sgxs", 0xffff);
	refuse("whole.sgxs", sig, SOFTSGX_SYSTEM, EPERM, "EINIT refuses", NULL);

	if (stat("/dev/sgx_enclave", &st) ||
	    rename("/dev/sgx_enclave", "/dev/away"))
		exit(1);
	refuse(elf, sig, SOFTSGX_SYSTEM, ENOENT, "neither hardware nor softsgx",
	       NULL);
	rename("/dev/away", "/dev/sgx_enclave");
	mount(NULL, "/dev", NULL, MS_REMOUNT | MS_NOEXEC, NULL);
	refuse(elf, sig, SOFTSGX_SYSTEM, EPERM, "/dev mounted noexec", NULL);
	mount(NULL, "/dev", NULL, MS_REMOUNT, NULL);
	softsgx_unload(load_hello());
}

/* An enclave that is not loaded leaves nothing behind. */
static void leaks(void)
{
	struct softsgx_options options = { .debug = true };
	int before = open("/dev/null", O_RDONLY);
	int after;
	int i;

	close(before);
	for (i = 0; i < 100; i++)
		softsgx_load(&(struct softsgx_instance *){ NULL }, elf, sig,
			     &options, NULL);
	after = open("/dev/null", O_RDONLY);
	close(after);
	CHECK(before == after);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	elf = argv[1];
	sig = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	calls();
	pool();
	exceptions();
	lost();
	resume();
	signals();
	refusals();
	leaks();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
