/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernel versions that the driver builds for, in one
 * place. The rest of the driver is written against the newest form.
 */
#ifndef SOFTSGX_DRIVER_COMPAT_H
#define SOFTSGX_DRIVER_COMPAT_H

#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <asm/msr.h>
#include <asm/processor.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#include <asm/cpuid/api.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#include <linux/hex.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define rdmsrl(msr, value) rdmsrq(msr, value)
#define wrmsrl(msr, value) wrmsrq(msr, value)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/*
 * One page of the current process, for reading; 1 on success. The mmap_lock is
 * held. Mostly the page is there, and the page table has all that is wanted.
 */
static inline long sgx_get_user_page(unsigned long addr, struct page **page)
{
	if (likely(get_user_page_fast_only(addr, 0, page)))
		return 1;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	return get_user_pages(addr, 1, 0, page, NULL);
#else
	return get_user_pages(addr, 1, 0, page);
#endif
}

/* Where the kernel would put a mapping of the current process. */
static inline unsigned long
sgx_choose_area(struct file *file, unsigned long addr, unsigned long len,
		unsigned long pgoff, unsigned long flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	return current->mm->get_unmapped_area(file, addr, len, pgoff, flags);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
#else
	return mm_get_unmapped_area(file, addr, len, pgoff, flags);
#endif
}

/* Keep the root of a process, and of those that share it, as it is. */
static inline void sgx_fs_lock(struct fs_struct *fs)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	spin_lock(&fs->lock);
#else
	read_seqlock_excl(&fs->seq);
#endif
}

static inline void sgx_fs_unlock(struct fs_struct *fs)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	spin_unlock(&fs->lock);
#else
	read_sequnlock_excl(&fs->seq);
#endif
}

/* Remove the page table entries of a part of a VM_PFNMAP mapping. */
static inline void sgx_zap_vma(struct vm_area_struct *vma, unsigned long addr,
			       unsigned long len)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
	zap_vma_ptes(vma, addr, len);
#else
	zap_special_vma_range(vma, addr, len);
#endif
}

/*
 * The process that an address space belongs to, in the caller's pid namespace;
 * 0 if there is none to be seen. In an RCU read-side critical section.
 */
static inline pid_t sgx_mm_pid(const struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	struct task_struct *owner = rcu_dereference(mm->owner);

	return owner ? task_tgid_vnr(owner) : 0;
#else
	/* Only with memory cgroups does the kernel know. */
	return 0;
#endif
}

/*
 * Has a page of a VM_PFNMAP mapping been accessed, by its page table entry? That
 * is cleared. The i_mmap_rwsem is held, which keeps the page tables.
 */
static inline bool sgx_vma_test_and_clear_young(struct vm_area_struct *vma,
						unsigned long addr)
{
	bool young;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	spinlock_t *lock; /* of the page table */
	pte_t *pte;

	if (follow_pte(vma->vm_mm, addr, &pte, &lock))
		return false;
	__acquire(lock);
	young = test_and_clear_bit(_PAGE_BIT_ACCESSED,
				   (unsigned long *)&pte->pte);
	pte_unmap_unlock(pte, lock);
#else
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };

	if (follow_pfnmap_start(&args))
		return false;
	young = test_and_clear_bit(_PAGE_BIT_ACCESSED,
				   (unsigned long *)&args.ptep->pte);
	follow_pfnmap_end(&args);
#endif
	return young;
}

/* A shrinker that is at work; NULL if there is no memory. */
typedef unsigned long (*sgx_shrink_t)(struct shrinker *shrinker,
				      struct shrink_control *sc);

static inline struct shrinker *sgx_shrinker_new(sgx_shrink_t count,
						sgx_shrink_t scan)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
#else
	struct shrinker *shrinker = shrinker_alloc(0, "softsgx");
#endif

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	if (register_shrinker(shrinker, "softsgx")) {
		kfree(shrinker);
		return NULL;
	}
#else
	shrinker_register(shrinker);
#endif
	return shrinker;
}

static inline void sgx_shrinker_free(struct shrinker *shrinker)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	unregister_shrinker(shrinker);
	kfree(shrinker);
#else
	shrinker_free(shrinker);
#endif
}

/* The extended state of the current thread. */
static inline struct fpu *sgx_current_fpu(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	return &current->thread.fpu;
#else
	/* As x86_task_fpu(), which is for the kernel alone. */
	return (struct fpu *)((void *)current + sizeof(*current));
#endif
}

/*
 * Restartable sequences: the running thread is not due for an abort. Before
 * 6.19 the kernel kept in mind what had happened to a thread outside of its
 * sequences, and held it against the next one at any return to user mode.
 */
static inline void sgx_rseq_forget(void)
{
#if defined(CONFIG_RSEQ) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	current->rseq_event_mask = 0;
#endif
}

/* The library's AES: an expanded key to encrypt with. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define aes_enckey			 crypto_aes_ctx
#define aes_prepareenckey(key, raw, len) aes_expandkey(key, raw, len)
#endif

/* shmem_file_setup() without reserving memory. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define SGX_SHMEM_NORESERVE VM_NORESERVE
#else
#define SGX_SHMEM_NORESERVE mk_vma_flags(VMA_NORESERVE_BIT)
#endif

/*
 * SHA-256 at full speed: from 6.17 on the library function uses the processor's
 * instructions, before that only the crypto API does.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define SGX_SHA256_BY_CRYPTO_API
#endif

#endif /* SOFTSGX_DRIVER_COMPAT_H */
