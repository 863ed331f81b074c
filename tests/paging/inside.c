// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Pages go while threads are inside, and while they are interrupted. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <openssl/sha.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "lib.h"

struct inside {
	struct guest guest;
	pthread_t thread;
	struct op op;
	volatile u64 here;
	volatile u64 go;
	u64 ret;
};

static void *spin(void *data)
{
	struct inside *in = data;

	in->ret = guest_op(&in->guest, 0, in->op);
	return NULL;
}

TEST(spinning, "a thread is inside while everything is evicted")
{
	struct inside in = {};

	guest_open(&in.guest);
	in.op = (struct op){ .op = OP_SPIN,
			     .arg = { (u64)&in.here, (u64)&in.go } };
	ASSERT_OK(pthread_create(&in.thread, NULL, spin, &in));
	while (!in.here)
		usleep(1000);
	squeeze();
	squeeze();
	in.go = 1;
	ASSERT_OK(pthread_join(in.thread, NULL));
	ASSERT_EQ(GUEST_OP(&in.guest, 0, .op = OP_CSSA), 0);
	encl_close(&in.guest.encl);
	epc_empty();
}

TEST(computing, "a thread computes while everything is evicted")
{
	const u64 rounds = 20000;
	u8 data[32] = "paging", wanted[32];
	struct inside in = {};
	u64 page, i;

	guest_open(&in.guest);
	page = guest_symbol(&in.guest, "data_pages");
	GUEST_OP(&in.guest, 0, .op = OP_COPY,
		 .arg = { page, (u64)data, sizeof(data) });
	in.op = (struct op){ .op = OP_SHA256, .arg = { rounds, page } };
	ASSERT_OK(pthread_create(&in.thread, NULL, spin, &in));
	squeeze();
	ASSERT_OK(pthread_join(in.thread, NULL));
	GUEST_OP(&in.guest, 0, .op = OP_COPY,
		 .arg = { (u64)data, page, sizeof(data) });
	memcpy(wanted,
	       "paging\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
	       32);
	for (i = 0; i < rounds; i++)
		SHA256(wanted, sizeof(wanted), wanted);
	ASSERT(!memcmp(data, wanted, sizeof(data)));
	encl_close(&in.guest.encl);
	epc_empty();
}

/* Interrupted at UD2: the registers are in an SSA page, which goes. */
TEST(interrupted, "TCS, SSA and stack are evicted between AEX and ERESUME")
{
	struct guest guest;
	struct sgx_enclave_run run;
	struct op_regs *regs = page_alloc(1);
	struct op op = { .op = OP_REGS, .arg = { (u64)regs } };
	u64 rip, i;

	guest_open(&guest);
	for (i = 0; i < 15; i++)
		regs->gpr[0][i] = 0x1111111111111111 * (i + 1);
	regs->rflags[0] = 0x202;
	regs->mxcsr[0] = 0x1f80;
	regs->fcw[0] = 0x37f;
	memset(regs->ymm[0], 0x5a, sizeof(regs->ymm[0]));
	run = guest_enter(&guest, 0, SGX_EENTER, &op);
	ASSERT_EQ(run.function, SGX_ERESUME);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_UD);
	squeeze();
	/* The frame and the TCS come back for this, at CSSA 1, and go again. */
	rip = guest_gpr(&guest, 0, 0, GPR(rip));
	ASSERT_EQ(guest_read(&guest, 0, rip), guest_symbol(&guest, "regs_ud2"));
	guest_write(&guest, 0, rip, guest_symbol(&guest, "regs_ud2") + 2);
	squeeze();
	run = guest_enter(&guest, 0, SGX_ERESUME, &op);
	ASSERT_EQ(run.function, SGX_EEXIT);
	for (i = 0; i < 15; i++)
		ASSERT_EQ(regs->gpr[1][i], regs->gpr[0][i]);
	ASSERT(!memcmp(regs->ymm[1], regs->ymm[0], sizeof(regs->ymm[0])));
	encl_close(&guest.encl);
	epc_empty();
}

/* Leaves with operands in pages that are being evicted: none may fail. */
static void *enter_often(void *data)
{
	struct inside *in = data;
	u64 i;

	for (i = 0; !in->go; i++)
		ASSERT_EQ(GUEST_OP(&in->guest, in->here, .op = OP_CSSA), 0);
	in->ret = i;
	return NULL;
}

TEST(entries, "threads enter and leave while everything is evicted")
{
	struct inside in[4] = {};
	struct guest guest;
	u64 total = 0;
	int i;

	guest_open(&guest);
	for (i = 0; i < 4; i++) {
		in[i].guest = guest;
		in[i].here = i;
		ASSERT_OK(pthread_create(&in[i].thread, NULL, enter_often,
					 &in[i]));
	}
	squeeze();
	for (i = 0; i < 4; i++)
		in[i].go = 1;
	for (i = 0; i < 4; i++) {
		ASSERT_OK(pthread_join(in[i].thread, NULL));
		ASSERT(in[i].ret > 10);
		total += in[i].ret;
	}
	ASSERT(total > 100);
	encl_close(&guest.encl);
	epc_empty();
}
