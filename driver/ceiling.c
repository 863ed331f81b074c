// SPDX-License-Identifier: GPL-2.0
/*
 * Ceilings as ranges, in a maple tree. Neighbours that are equal are one range:
 * whatever sets a range extends it over them first.
 */
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/xarray.h>
#include "ceiling.h"

#define CEILING_FLAGS (VM_READ | VM_WRITE | VM_EXEC)

/**
 * sgx_ceilings_init() - make an empty set of ceilings
 * @ceilings:	set
 * @lock:	the mutex that protects it
 */
void sgx_ceilings_init(struct sgx_ceilings *ceilings, struct mutex *lock)
{
	ceilings->has_new = false;
	mt_init_flags(&ceilings->ranges, MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&ceilings->ranges, lock);
}

/**
 * sgx_ceilings_destroy() - free a set of ceilings
 * @ceilings:	set
 *
 * Context: the lock is held.
 */
void sgx_ceilings_destroy(struct sgx_ceilings *ceilings)
{
	__mt_destroy(&ceilings->ranges);
}

/* Extend the range at @mas over what is at @pgno if that is @entry too. */
static void extend_over(struct sgx_ceilings *ceilings, unsigned long pgno,
			const void *entry, unsigned long *first,
			unsigned long *last)
{
	MA_STATE(mas, &ceilings->ranges, pgno, pgno);

	if (mas_walk(&mas) != entry)
		return;

	*first = min(*first, mas.index);
	*last = max(*last, mas.last);
}

/* Give pages a ceiling in the tree; as sgx_ceilings_set(). */
static int store(struct sgx_ceilings *ceilings, unsigned long first,
		 unsigned long last, unsigned long ceiling, gfp_t gfp)
{
	void *entry = xa_mk_value(ceiling);

	if (first > 0)
		extend_over(ceilings, first - 1, entry, &first, &last);
	if (last < ULONG_MAX)
		extend_over(ceilings, last + 1, entry, &first, &last);

	MA_STATE(mas, &ceilings->ranges, first, last);

	return mas_store_gfp(&mas, entry, gfp);
}

/* The new pages into the tree. */
static int store_new(struct sgx_ceilings *ceilings, gfp_t gfp)
{
	int ret;

	if (!ceilings->has_new)
		return 0;
	ret = store(ceilings, ceilings->new_first, ceilings->new_last,
		    ceilings->new_ceiling, gfp);
	if (!ret)
		ceilings->has_new = false;
	return ret;
}

/**
 * sgx_ceilings_add() - give a page that is coming its ceiling
 * @ceilings:	set
 * @pgno:	page number, without a ceiling
 * @ceiling:	as for sgx_ceilings_set()
 *
 * Context: the lock is held; may sleep.
 * Return: 0, or -ENOMEM, and then nothing has changed.
 */
int sgx_ceilings_add(struct sgx_ceilings *ceilings, unsigned long pgno,
		     unsigned long ceiling)
{
	int ret;

	if (likely(ceilings->has_new && pgno == ceilings->new_last + 1 &&
		   ceiling == ceilings->new_ceiling)) {
		ceilings->new_last = pgno;
		return 0;
	}

	ret = store_new(ceilings, GFP_KERNEL);
	if (ret)
		return ret;
	ceilings->new_first = pgno;
	ceilings->new_last = pgno;
	ceilings->new_ceiling = ceiling;
	ceilings->has_new = true;
	return 0;
}

/**
 * sgx_ceilings_set() - give pages a ceiling, whatever they had
 * @ceilings:	set
 * @first:	first page number
 * @last:	last page number
 * @ceiling:	VM_READ, VM_WRITE, VM_EXEC, SGX_CEILING_AUGMENTED
 * @gfp:	GFP_KERNEL and modifiers
 *
 * Context: the lock is held; may sleep.
 * Return: 0, or -ENOMEM, and then nothing has changed. With __GFP_NOFAIL always
 * 0.
 */
int sgx_ceilings_set(struct sgx_ceilings *ceilings, unsigned long first,
		     unsigned long last, unsigned long ceiling, gfp_t gfp)
{
	int ret = store_new(ceilings, gfp);

	return ret ? ret : store(ceilings, first, last, ceiling, gfp);
}

/**
 * sgx_ceilings_clear() - forget the ceilings of pages that are not there
 * @ceilings:	set
 * @first:	first page number
 * @last:	last page number
 *
 * It cannot fail: pages that are gone must not bar what comes in their place.
 *
 * Context: the lock is held; may sleep.
 */
void sgx_ceilings_clear(struct sgx_ceilings *ceilings, unsigned long first,
			unsigned long last)
{
	MA_STATE(mas, &ceilings->ranges, first, last);

	store_new(ceilings, GFP_KERNEL | __GFP_NOFAIL);
	mas_store_gfp(&mas, NULL, GFP_KERNEL | __GFP_NOFAIL);
}

/* Are there new pages in the area? */
static bool is_new(const struct sgx_ceilings *ceilings, unsigned long first,
		   unsigned long last)
{
	return ceilings->has_new && first <= ceilings->new_last &&
	       last >= ceilings->new_first;
}

/**
 * sgx_ceilings_get() - the ceiling of a page
 * @ceilings:	set
 * @pgno:	page number
 *
 * Context: the lock is held.
 * Return: the ceiling, 0 where there is none.
 */
unsigned long sgx_ceilings_get(struct sgx_ceilings *ceilings,
			       unsigned long pgno)
{
	MA_STATE(mas, &ceilings->ranges, pgno, pgno);
	void *entry;

	if (is_new(ceilings, pgno, pgno))
		return ceilings->new_ceiling;
	entry = mas_walk(&mas);
	return entry ? xa_to_value(entry) : 0;
}

/* What one ceiling does not allow, see sgx_ceilings_lacking(). */
static unsigned long lacks(unsigned long ceiling, unsigned long vm_flags)
{
	unsigned long lacking = vm_flags & ~ceiling;

	if (lacking && !(lacking == VM_EXEC && ceiling & SGX_CEILING_AUGMENTED))
		lacking |= SGX_CEILING_AUGMENTED;
	return lacking;
}

/**
 * sgx_ceilings_lacking() - what the ceilings of an area do not allow
 * @ceilings:	set
 * @first:	first page number
 * @last:	last page number
 * @vm_flags:	flags of a mapping of the area
 *
 * Context: the lock is held.
 * Return: 0 if every page of the area may be mapped so. VM_EXEC alone if it is
 * only VM_EXEC that is lacking and only pages that came by EAUG lack it.
 * Otherwise what some page lacks, and SGX_CEILING_AUGMENTED to tell it from
 * that.
 */
unsigned long sgx_ceilings_lacking(struct sgx_ceilings *ceilings,
				   unsigned long first, unsigned long last,
				   unsigned long vm_flags)
{
	MA_STATE(mas, &ceilings->ranges, first, first);
	unsigned long lacking = 0;
	void *entry;

	vm_flags &= CEILING_FLAGS;
	if (is_new(ceilings, first, last)) {
		lacking = lacks(ceilings->new_ceiling, vm_flags);
		/* The tree has nothing there. */
		if (lacking & SGX_CEILING_AUGMENTED ||
		    (first >= ceilings->new_first &&
		     last <= ceilings->new_last))
			return lacking;
	}
	while ((entry = mas_find(&mas, last))) {
		lacking |= lacks(xa_to_value(entry), vm_flags);
		if (lacking & SGX_CEILING_AUGMENTED)
			break;
	}
	return lacking;
}

/**
 * sgx_ceilings_raise() - add VM_EXEC where pages came by EAUG
 * @ceilings:	set
 * @first:	first page number
 * @last:	last page number
 *
 * Context: the lock is held; may sleep.
 * Return: 0, or -ENOMEM: then some of the area has been raised.
 */
int sgx_ceilings_raise(struct sgx_ceilings *ceilings, unsigned long first,
		       unsigned long last)
{
	unsigned long next = first;
	int ret;

	ret = store_new(ceilings, GFP_KERNEL);
	if (ret)
		return ret;

	while (next <= last) {
		MA_STATE(mas, &ceilings->ranges, next, next);
		void *entry = mas_find(&mas, last);
		unsigned long ceiling, from, to;

		if (!entry)
			return 0;

		ceiling = xa_to_value(entry);
		from = max(mas.index, first);
		to = min(mas.last, last);
		if (ceiling & SGX_CEILING_AUGMENTED && !(ceiling & VM_EXEC)) {
			ret = sgx_ceilings_set(ceilings, from, to,
					       ceiling | VM_EXEC, GFP_KERNEL);
			if (ret)
				return ret;
		}
		if (to == ULONG_MAX)
			return 0;
		next = to + 1;
	}
	return 0;
}
