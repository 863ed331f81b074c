// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include "victim.h"

/* Others change mappings meanwhile, on a processor that is busy elsewhere. */
#define RETRY_SECONDS 60

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static u64 image_end(const struct enclave *encl)
{
	const Elf64_Ehdr *ehdr = encl->image;
	const Elf64_Phdr *ph =
		(const void *)((const u8 *)encl->image + ehdr->e_phoff);
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < ehdr->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD &&
		    ph[i].p_vaddr + ph[i].p_memsz > end)
			end = ph[i].p_vaddr + ph[i].p_memsz;
	return end;
}

/*
 * The ELF loader of tests/common reserves what the file needs; this has room
 * behind it.
 */
void victim_open_large(struct victim *victim, u64 spare)
{
	struct enclave *encl = &victim->guest.encl;
	struct enclave image;
	u64 size = PAGE;

	ASSERT_OK(encl_open_elf(&image, test_file("enclave.elf")));
	while (size < image_end(&image) + spare * PAGE)
		size *= 2;
	ASSERT_OK(encl_open(encl, size));
	encl->image = image.image;
	encl->image_size = image.image_size;
	image.image = NULL;
	encl_close(&image);
	/* Under source_check=exec code comes from executable mappings only. */
	ASSERT_OK(
		mprotect(encl->image, encl->image_size, PROT_READ | PROT_EXEC));

	encl->secs.miscselect = SGX_MISC_EXINFO;
	encl->secs.attributes.xfrm = 7;
	victim->spare = encl->secs.baseaddr + image_end(encl);
	victim->guest.ssa = guest_symbol(&victim->guest, "ssa");
	victim->guest.tcs = guest_symbol(&victim->guest, "tcs");
}

void victim_open(struct victim *victim)
{
	victim_open_large(victim, VICTIM_SPARE);
}

static u64 segment_flags(const Elf64_Phdr *ph)
{
	u64 flags = 0;

	if (ph->p_flags & ENCL_PF_TCS)
		return ENCL_TCS;
	if (ph->p_flags & PF_R)
		flags |= SGX_SECINFO_FL_R;
	if (ph->p_flags & PF_W)
		flags |= SGX_SECINFO_FL_W;
	if (ph->p_flags & PF_X)
		flags |= SGX_SECINFO_FL_X;
	return ENCL_REG(flags);
}

static const Elf64_Phdr *segment(const struct enclave *encl, unsigned int i)
{
	const Elf64_Ehdr *ehdr = encl->image;
	const Elf64_Phdr *ph =
		(const void *)((const u8 *)encl->image + ehdr->e_phoff);

	return i < ehdr->e_phnum ? &ph[i] : NULL;
}

/* Without measuring, which takes long and is not what is attacked here. */
void victim_create(struct victim *victim)
{
	struct enclave *encl = &victim->guest.encl;
	const Elf64_Phdr *ph;
	unsigned int i;

	ASSERT_OK(encl_create(encl));
	for (i = 0; (ph = segment(encl, i)); i++)
		if (ph->p_type == PT_LOAD)
			ASSERT_OK(encl_add(encl, ph->p_vaddr,
					   (u8 *)encl->image + ph->p_offset,
					   ph->p_filesz, segment_flags(ph), 0));
}

void victim_init(struct victim *victim)
{
	ASSERT_OK(encl_sign(&victim->guest.encl, test_key()));
	ASSERT_OK(encl_init(&victim->guest.encl));
}

void victim_map(const struct victim *victim)
{
	const struct enclave *encl = &victim->guest.encl;
	const Elf64_Phdr *ph;
	unsigned int i;

	for (i = 0; (ph = segment(encl, i)); i++)
		if (ph->p_type == PT_LOAD)
			ASSERT_OK(encl_map(
				(struct enclave *)encl, ph->p_vaddr,
				ph->p_memsz,
				(ph->p_flags & PF_R ? PROT_READ : 0) |
					(ph->p_flags & PF_W ? PROT_WRITE : 0) |
					(ph->p_flags & PF_X ? PROT_EXEC : 0)));
}

void victim_start(struct victim *victim)
{
	victim_open(victim);
	victim_create(victim);
	victim_init(victim);
	victim_map(victim);
}

void victim_end(struct victim *victim)
{
	encl_close(&victim->guest.encl);
}

void victim_mmap(const struct victim *victim, u64 page, int prot)
{
	ASSERT_EQ(mmap((void *)page, PAGE, prot, MAP_SHARED | MAP_FIXED,
		       victim->guest.encl.fd, 0),
		  page);
}

bool victim_op(const struct victim *victim, unsigned int thread, struct op op,
	       u64 *ret)
{
	double give_up = now() + RETRY_SECONDS;
	struct sgx_enclave_run run;

	run = guest_enter(&victim->guest, thread, SGX_EENTER, &op);
	while (run.function == SGX_ERESUME && now() < give_up)
		run = guest_enter(&victim->guest, thread, SGX_ERESUME, &op);
	if (run.function == SGX_EENTER)
		test_fail(__FILE__, __LINE__,
			  "op %lu: no entry, vector %u, code %x, at %llx",
			  op.op, run.exception_vector, run.exception_error_code,
			  run.exception_addr);
	if (ret)
		*ret = op.ret;
	if (run.function != SGX_EEXIT)
		printf("op %lu: code %x, at %llx for too long\n", op.op,
		       run.exception_error_code, run.exception_addr);
	return run.function == SGX_EEXIT;
}

bool victim_write(const struct victim *victim, unsigned int thread, u64 addr,
		  u64 value)
{
	struct op op = { .op = OP_WRITE, .arg = { addr, value } };

	return victim_op(victim, thread, op, NULL);
}

/* The SECINFO has to be inside, each thread has one there. */
bool victim_leaf(const struct victim *victim, unsigned int thread,
		 unsigned int leaf, u64 flags, u64 page, u64 rdx, u64 *ret)
{
	u64 secinfo = guest_symbol(&victim->guest, "secinfos") +
		      thread * sizeof(struct sgx_secinfo);
	struct op op = {
		.op = OP_ENCLU,
		.arg = { leaf, secinfo, page, rdx },
	};

	return victim_write(victim, thread, secinfo, flags) &&
	       victim_op(victim, thread, op, ret);
}

void victim_emodpe(const struct victim *victim, u64 page, u64 flags)
{
	ASSERT(victim_leaf(victim, 0, SGX_EMODPE, flags, page, 0, NULL));
}

void victim_eaccept(const struct victim *victim, u64 page, u64 flags)
{
	u64 ret;

	ASSERT(victim_leaf(victim, 0, SGX_EACCEPT, flags, page, 0, &ret));
	ASSERT_EQ(ret, 0);
}

/*
 * The exception came at the address of the payload, where a RET of the
 * enclave's own serves as well: by way of its second SSA frame the thread
 * changes where the first one goes on.
 *
 * What enters an enclave and what resumes it have to do so with the same stack
 * pointer, for the enclave restores that of the entry: here by being called
 * from one function.
 */
bool victim_executes(const struct victim *victim, unsigned int thread, u64 addr,
		     char how[64])
{
	const struct guest *guest = &victim->guest;
	struct op op = { .op = OP_CALL, .arg = { addr, 41 } };
	struct sgx_enclave_run run;

	run = guest_enter(guest, thread, SGX_EENTER, &op);
	if (run.function == SGX_EEXIT) {
		ASSERT_EQ(op.ret, 42);
		return true;
	}

	ASSERT_EQ(run.function, SGX_ERESUME);
	if (how)
		snprintf(how, 64, "#PF, code %x", run.exception_error_code);
	ASSERT_EQ(run.exception_vector, SGX_VECTOR_PF);
	ASSERT_EQ(run.exception_addr, addr & SGX_PAGE_MASK);

	guest_write(guest, thread, guest_gpr(guest, thread, 0, GPR(rip)),
		    guest_symbol(guest, "just_ret"));
	run = guest_enter(guest, thread, SGX_ERESUME, &op);
	ASSERT_EQ(run.function, SGX_EEXIT);
	return false;
}
