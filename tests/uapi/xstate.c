// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Extended state of an enclave that restores all of it on entry and exit, as
 * the SDK's do (XRSTOR with a mask of all ones), and that keeps values in it
 * across AEX and ERESUME.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "lib.h"
#include "xstate.h"

#define TCS_FRAMES 2

static u64 xgetbv(void)
{
	u32 eax, edx;

	asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax | (u64)edx << 32;
}

static u64 rdpkru(void)
{
	u32 eax, edx;

	asm volatile("rdpkru" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax;
}

static void build(struct enclave *encl, u64 xfrm)
{
	void *zeros = page_alloc(TCS_FRAMES);
	struct sgx_tcs *tcs = page_alloc(1);

	tiny_open(encl);
	encl->secs.attributes.xfrm = xfrm;
	ASSERT_OK(encl_create(encl));
	tiny_tcs(tcs);
	tcs->nssa = TCS_FRAMES;
	tiny_add_tcs(encl, tcs);
	ASSERT_OK(encl_add(encl, TINY_CODE, (void *)xstate_code, PAGE, ENCL_RX,
			   SGX_PAGE_MEASURE));
	ASSERT_OK(
		encl_add(encl, TINY_SSA, zeros, TCS_FRAMES * PAGE, ENCL_RW, 0));
	ASSERT_OK(encl_sign(encl, test_key()));
	ASSERT_OK(encl_init(encl));
	tiny_map(encl);
}

static size_t used(const struct xstate *x)
{
	return x->width == XSTATE_SSE ? 16 : x->width == XSTATE_AVX ? 32 : 64;
}

static unsigned int registers(const struct xstate *x)
{
	return x->width == XSTATE_AVX512 ? 32 : 16;
}

/* Other values for every register and every seed, none of them 0. */
static void pattern(struct xstate *x, unsigned int set, u8 seed)
{
	u8 *bytes = (u8 *)&x->set[set];
	size_t i;

	for (i = 0; i < sizeof(x->set[set]); i++)
		bytes[i] = (u8)(seed + 37 * i + (i >> 8)) | 1;
	/* KMOVW: of an opmask 16 bits are used without AVX512BW. */
	for (i = 0; i < 8; i++)
		x->set[set].mask[i] &= 0xffff;
}

static void check_initial(const struct xstate *x, unsigned int set)
{
	static const u8 zero[64];
	unsigned int i;

	for (i = 0; i < registers(x); i++)
		ASSERT(!memcmp(x->set[set].vector[i], zero, used(x)));
	for (i = 0; i < 8 && x->width == XSTATE_AVX512; i++)
		ASSERT_EQ(x->set[set].mask[i], 0);
}

static void check_kept(const struct xstate *x)
{
	const struct xstate_set *in = &x->set[SET_IN];
	const struct xstate_set *kept = &x->set[SET_KEPT];
	unsigned int i;

	for (i = 0; i < registers(x); i++)
		ASSERT(!memcmp(in->vector[i], kept->vector[i], used(x)));
	for (i = 0; i < 8 && x->width == XSTATE_AVX512; i++)
		ASSERT_EQ(kept->mask[i], in->mask[i]);
}

struct count {
	unsigned int aex;
	unsigned int handled;
};

/*
 * One entry, to its EEXIT. After an AEX of the entry at CSSA 0 the enclave is
 * entered again before it is resumed. Wherever it is left, the registers are
 * initial ones, and PKRU is the program's.
 */
static void enter_and_handle(struct xstate *x, u64 tcs, unsigned int cssa,
			     struct count *count)
{
	u64 pkru = x->pku ? rdpkru() : 0;
	u64 leaf = SGX_EENTER;
	bool left_by_aex;

	do {
		pattern(x, SET_OUT, 0x99);
		xstate_enclu(x, leaf, tcs);
		check_initial(x, SET_OUT);
		ASSERT_EQ(x->pkru, pkru);
		left_by_aex = x->path;
		if (left_by_aex && !cssa) {
			count->aex++;
			enter_and_handle(x, tcs, 1, count);
			count->handled++;
		}
		leaf = SGX_ERESUME;
	} while (left_by_aex);
}

static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASSERT_OK(sched_setaffinity(0, sizeof(set), &set));
}

/*
 * Another thread on the same processor, with other values in its registers: the
 * enclave's thread cannot be running, so that it has left by an AEX.
 */
static void *rival(void *arg)
{
	struct xstate *x = arg;
	struct xstate mine = { .width = x->width };
	int i;

	stay_on_one_processor();
	pattern(&mine, SET_HOST, 0x77);
	while (!x->here)
		sched_yield();
	for (i = 0; i < 10; i++) {
		xstate_fill(&mine);
		sched_yield();
	}
	x->go = 1;
	return NULL;
}

static void on_sigill(int sig)
{
	(void)sig;
}

static const struct xstate_case {
	const char *situation;
	u64 xfrm;
	u64 width;
	bool ud2;
} xstate_cases[] = {
	{ "XFRM SSE, page fault", 3, XSTATE_SSE, false },
	{ "XFRM SSE, UD2", 3, XSTATE_SSE, true },
	{ "XFRM AVX, page fault", 7, XSTATE_AVX, false },
	{ "XFRM AVX, UD2", 7, XSTATE_AVX, true },
	{ "XFRM AVX-512, page fault", 0xe7, XSTATE_AVX512, false },
	{ "XFRM AVX-512, UD2", 0xe7, XSTATE_AVX512, true },
};

TEST_ROWS(xrstor_all, xstate_cases,
	  "XRSTOR of all ones on entry and exit, state kept across AEXs")
{
	static struct xstate x;
	struct count count = {};
	struct enclave encl;
	pthread_t thread;

	if (row->xfrm & ~xgetbv())
		test_skip("this processor has XCR0 %lx, without %llx",
			  (unsigned long)xgetbv(),
			  (unsigned long long)(row->xfrm & ~xgetbv()));
	x.width = row->width;
	x.ud2 = row->ud2;
	x.touch = (u64)page_alloc(1);
	x.pku = __builtin_cpu_supports("pku") > 0;
	pattern(&x, SET_HOST, 0x22);
	pattern(&x, SET_IN, 0x55);
	pattern(&x, SET_ENTRY, 0x88);
	memset(&x.set[SET_KEPT], 0, sizeof(x.set[SET_KEPT]));
	ASSERT(signal(SIGILL, on_sigill) != SIG_ERR);

	build(&encl, row->xfrm);
	ASSERT_OK(pthread_create(&thread, NULL, rival, &x));
	stay_on_one_processor();
	enter_and_handle(&x, encl.secs.baseaddr + TINY_TCS, 0, &count);
	ASSERT_OK(pthread_join(thread, NULL));

	/* The page fault or UD2, and the rival. */
	ASSERT(count.aex >= 2 && count.handled == count.aex);
	check_initial(&x, SET_ENTRY);
	check_kept(&x);
	printf("  XCR0 %lx, %s protection keys: %u AEXs\n",
	       (unsigned long)xgetbv(), x.pku ? "with" : "without", count.aex);
}
