// SPDX-License-Identifier: GPL-2.0
/*
 * Version arrays (VAs), of enclaves and of the platform.
 *
 * They are made, and those of enclaves come back, also where the EPC is full:
 * they are there to make room. They count as EPC in use then.
 */
#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include "epc.h"
#include "host.h"
#include "reclaim.h"
#include "version.h"

/* VAs of the platform, for versions of VAs and SECSs; under va_root_lock. */
static struct sgx_va_set va_root;
/* Taken with a &sgx_encl.lock held. */
static DEFINE_MUTEX(va_root_lock);

/**
 * sgx_va_set_init() - make an empty set
 * @set:	set, zeroed
 */
void sgx_va_set_init(struct sgx_va_set *set)
{
	xa_init_flags(&set->pages, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
}

static void va_free(struct sgx_va_page *va)
{
	WARN_ON_ONCE(sgx_encl_eremove(&va->page));
	sgx_epc_free(&va->page);
	kfree(va);
}

/**
 * sgx_va_set_destroy() - free the VAs of a set, and what they have elsewhere
 * @set:	set of an enclave
 *
 * Context: &sgx_encl.lock is held; may sleep.
 */
void sgx_va_set_destroy(struct sgx_va_set *set)
{
	struct sgx_va_page *va;
	unsigned long index;

	xa_for_each(&set->pages, index, va) {
		if (sgx_va_resident(va)) {
			sgx_reclaim_unlist(&va->page);
			va_free(va);
		} else {
			sgx_va_root_put(va->slot);
			kfree(va);
		}
		cond_resched();
	}
	xa_destroy(&set->pages);
	sgx_va_set_init(set);
}

static struct sgx_va_page *va_new(struct sgx_va_set *set, struct sgx_encl *encl)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	struct sgx_va_page *va;

	va = kzalloc(sizeof(*va), GFP_KERNEL_ACCOUNT);
	if (!va)
		return NULL;
	va->encl = encl;
	if (sgx_epc_alloc_over(&va->page))
		goto err_va;
	if (xa_alloc(&set->pages, &va->index, va, xa_limit_31b, GFP_KERNEL))
		goto err_page;
	if (sgx_epa(&cpu, SGX_PT_VA, sgx_epc_operand(&va->page)))
		goto err_index;
	return va;

err_index:
	xa_erase(&set->pages, va->index);
err_page:
	sgx_epc_free(&va->page);
err_va:
	kfree(va);
	return NULL;
}

static unsigned long va_take(struct sgx_va_set *set, struct sgx_va_page *va)
{
	unsigned int slot = find_first_zero_bit(va->used, SGX_VA_SLOTS);

	__set_bit(slot, va->used);
	va->count++;
	set->hint = va->index;
	sgx_reclaim_touch(&va->page);
	return (unsigned long)va->index * SGX_VA_SLOTS + slot;
}

static bool va_has_room(const struct sgx_va_page *va)
{
	return va->count < SGX_VA_SLOTS;
}

/* One in the EPC with an empty slot; or, in @out, one that is out. */
static struct sgx_va_page *va_look(struct sgx_va_set *set,
				   struct sgx_va_page **out)
{
	struct sgx_va_page *va = xa_load(&set->pages, set->hint);
	unsigned long index;

	*out = NULL;
	/* The last one used is where room is, as long as pages only leave. */
	if (va && va_has_room(va) && sgx_va_resident(va))
		return va;

	xa_for_each(&set->pages, index, va) {
		if (!va_has_room(va))
			continue;
		if (sgx_va_resident(va))
			return va;
		*out = va;
	}
	return NULL;
}

static long va_slot_get(struct sgx_encl *encl, gfp_t gfp)
{
	struct sgx_va_page *va, *out;

	va = va_look(&encl->va, &out);
	if (va)
		return va_take(&encl->va, va);

	if (out)
		return sgx_va_load(encl, out, NULL, gfp)
			       ? -ENOMEM
			       : (long)va_take(&encl->va, out);

	va = va_new(&encl->va, encl);
	if (!va)
		return -ENOMEM;
	sgx_reclaim_list(&va->page);
	return va_take(&encl->va, va);
}

/**
 * sgx_va_slot_get() - reserve an empty slot for a page of an enclave
 * @encl:	enclave, whose memory cgroup pays for a new VA
 * @gfp:	to bring a VA back
 *
 * Context: &sgx_encl.lock is held; may sleep.
 * Return: the slot, with its VA in the EPC; -ENOMEM.
 */
long sgx_va_slot_get(struct sgx_encl *encl, gfp_t gfp)
{
	struct mem_cgroup *memcg = set_active_memcg(encl->memcg);
	long slot;

	lockdep_assert_held(&encl->lock);

	slot = va_slot_get(encl, gfp);
	set_active_memcg(memcg);
	return slot;
}

/**
 * sgx_va_find() - the VA of a slot
 * @encl:	enclave
 * @slot:	reserved slot
 *
 * Context: &sgx_encl.lock is held.
 * Return: the VA.
 */
struct sgx_va_page *sgx_va_find(struct sgx_encl *encl, unsigned long slot)
{
	return xa_load(&encl->va.pages, slot / SGX_VA_SLOTS);
}

/**
 * sgx_va_slot_put() - a slot is empty again
 * @encl:	enclave
 * @slot:	reserved slot
 *
 * Context: &sgx_encl.lock is held.
 */
void sgx_va_slot_put(struct sgx_encl *encl, unsigned long slot)
{
	struct sgx_va_page *va = sgx_va_find(encl, slot);

	__clear_bit(slot % SGX_VA_SLOTS, va->used);
	va->count--;
	encl->va.hint = va->index;
}

static u64 va_operand(const struct sgx_va_page *va, unsigned long slot)
{
	return sgx_epc_operand(&va->page) + slot % SGX_VA_SLOTS * sizeof(u64);
}

/**
 * sgx_va_operand() - the operand of EWB and ELDU
 * @encl:	enclave
 * @slot:	reserved slot, whose VA is in the EPC
 *
 * Context: &sgx_encl.lock is held.
 * Return: the address of the slot.
 */
u64 sgx_va_operand(struct sgx_encl *encl, unsigned long slot)
{
	struct sgx_va_page *va = sgx_va_find(encl, slot);

	sgx_reclaim_touch(&va->page);
	return va_operand(va, slot);
}

/**
 * sgx_va_root_get() - reserve an empty slot for a SECS or a VA
 * @operand:	address of the slot, returned; it stays until the slot is put
 *
 * Context: may sleep; &sgx_encl.lock is held.
 * Return: the slot; -ENOMEM.
 */
long sgx_va_root_get(u64 *operand)
{
	struct sgx_va_page *va, *out;
	long slot = -ENOMEM;

	mutex_lock(&va_root_lock);
	va = va_look(&va_root, &out);
	if (!va)
		va = va_new(&va_root, NULL);
	if (va) {
		slot = va_take(&va_root, va);
		*operand = va_operand(va, slot);
	}
	mutex_unlock(&va_root_lock);
	return slot;
}

/**
 * sgx_va_root_operand() - the operand of ELDU for a SECS or a VA
 * @slot:	reserved slot
 *
 * Context: may sleep; &sgx_encl.lock is held.
 * Return: the address of the slot.
 */
u64 sgx_va_root_operand(unsigned long slot)
{
	u64 operand;

	mutex_lock(&va_root_lock);
	operand =
		va_operand(xa_load(&va_root.pages, slot / SGX_VA_SLOTS), slot);
	mutex_unlock(&va_root_lock);
	return operand;
}

/**
 * sgx_va_root_put() - a slot is empty again, or what it was for is gone
 * @slot:	reserved slot
 *
 * Context: may sleep; &sgx_encl.lock is held.
 */
void sgx_va_root_put(unsigned long slot)
{
	struct sgx_va_page *va;

	mutex_lock(&va_root_lock);
	va = xa_load(&va_root.pages, slot / SGX_VA_SLOTS);
	__clear_bit(slot % SGX_VA_SLOTS, va->used);
	if (!--va->count) {
		xa_erase(&va_root.pages, va->index);
		va_free(va);
	}
	mutex_unlock(&va_root_lock);
}

/**
 * sgx_va_init() - get ready for paging
 */
void sgx_va_init(void)
{
	sgx_va_set_init(&va_root);
}

/**
 * sgx_va_exit() - undo sgx_va_init()
 *
 * No enclave is left.
 */
void sgx_va_exit(void)
{
	WARN_ON(!xa_empty(&va_root.pages));
	xa_destroy(&va_root.pages);
}
