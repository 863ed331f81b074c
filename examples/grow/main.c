// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The host of an enclave whose memory comes and goes while it runs (SGX2), and
 * that two threads use at once. The exit status is 0 only if every step did what
 * it says.
 */
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <asm/sgx.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "../../lib/softsgx.h"
#include "grow.h"

#define PAGE_SIZE 4096
#define HALF	  (GROW_HEAP_PAGES / 2)
#define TRIMMED	  4 /* PT_TRIM */

static struct softsgx_instance *enclave;
static struct softsgx_instance_info info;
static int failed;

static void step(int ok, const char *text)
{
	printf("  %s  %s\n", ok ? "OK  " : "FAIL", text);
	failed |= !ok;
}

/* What the words of these pages add up to: they hold 0, 1, 2 and so on. */
static u64 expected(u64 first, u64 pages)
{
	const u64 from = first * PAGE_SIZE / 8;
	const u64 n = pages * PAGE_SIZE / 8;

	return n * from + n * (n - 1) / 2;
}

static int ask(struct grow_call *call)
{
	struct softsgx_exception exception;
	struct softsgx_error error;

	call->status = GROW_REFUSED;
	if (softsgx_call(enclave, call, &exception, &error)) {
		softsgx_error_print(&error, stdout);
		return -1;
	}
	return call->status == GROW_OK ? 0 : -1;
}

/* One of two threads, each with the half of the heap that @arg names. */
static void *add_and_sum(void *arg)
{
	struct grow_call call = { .first = *(u64 *)arg, .pages = HALF };

	call.request = GROW_ADD;
	if (ask(&call))
		return NULL;
	call.request = GROW_SUM;
	if (ask(&call) || call.sum != expected(call.first, HALF))
		return NULL;
	return arg;
}

static void grow(void)
{
	u64 first[2] = { 0, HALF };
	pthread_t threads[2];
	void *done;
	int ok = 1;
	int i;

	for (i = 0; i < 2; i++)
		ok &= !pthread_create(&threads[i], NULL, add_and_sum,
				      &first[i]);
	for (i = 0; ok && i < 2; i++)
		ok = !pthread_join(threads[i], &done) && done;
	step(ok,
	     "grow: two threads have accepted 64 pages each, and used them");
}

/* MODIFY_TYPES to TRIM, EACCEPT inside, REMOVE_PAGES; in this order only. */
static void shrink(void)
{
	struct sgx_enclave_modify_types trim = {
		.offset = GROW_HEAP,
		.length = HALF * PAGE_SIZE,
		.page_type = TRIMMED,
	};
	struct sgx_enclave_remove_pages removal = {
		.offset = GROW_HEAP,
		.length = HALF * PAGE_SIZE,
	};
	struct grow_call call = { .request = GROW_TRIM, .pages = HALF };

	step(!ioctl(info.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &trim) &&
		     trim.count == trim.length,
	     "shrink: the host trims one half");
	step(ioctl(info.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &removal) &&
		     !removal.count,
	     "shrink: it cannot take the pages before the enclave has agreed");
	step(!ask(&call), "shrink: the enclave agrees");
	removal.count = 0;
	step(!ioctl(info.fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &removal) &&
		     removal.count == removal.length,
	     "shrink: now it can");

	call = (struct grow_call){ .request = GROW_SUM,
				   .first = HALF,
				   .pages = HALF };
	step(!ask(&call) && call.sum == expected(HALF, HALF),
	     "shrink: the other half is as it was");
	call = (struct grow_call){ .request = GROW_ADD, .pages = HALF };
	step(!ask(&call) && call.sum == expected(0, HALF),
	     "grow: what comes again, comes as zeroes");
}

/* The enclave from the directory of this program, with room for a heap. */
static int load(const char *dir)
{
	const struct softsgx_layout layout = { .size = GROW_SIZE };
	const struct softsgx_options options = { .layout = &layout };
	char file[4096 + 32], sig[4096 + 32];
	struct softsgx_error error;
	void *heap;
	int ret;

	snprintf(file, sizeof(file), "%s/grow_enclave.elf", dir);
	snprintf(sig, sizeof(sig), "%s/grow_enclave.sig", dir);
	ret = softsgx_load(&enclave, file, sig, &options, &error);
	step(!ret, "load: an enclave of 1 MiB, half of it empty");
	if (ret) {
		softsgx_error_print(&error, stdout);
		return ret;
	}
	softsgx_instance_info(enclave, &info);
	/* A page is added when one in this mapping is first touched inside. */
	heap = mmap((char *)info.base + GROW_HEAP, GROW_HEAP_PAGES * PAGE_SIZE,
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, info.fd, 0);
	step(heap != MAP_FAILED, "load: the heap is mapped");
	return heap == MAP_FAILED;
}

int main(void)
{
	char self[4096];
	ssize_t len;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return 1;
	self[len] = '\0';
	printf("grow: an enclave whose memory comes and goes\n");
	if (load(dirname(self)))
		return 1;
	grow();
	shrink();
	softsgx_unload(enclave);
	printf("grow: %s\n", failed ? "FAILED" : "all steps worked");
	return failed;
}
