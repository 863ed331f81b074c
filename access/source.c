// SPDX-License-Identifier: GPL-2.0
/*
 * Where memory of the running process comes from: from a file as it is, from a
 * private copy of a file's page that the process could write, or from nowhere.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include "../driver/compat.h"
#include "source.h"

/* Is it a file that somebody could have opened by a name? */
static bool is_file(const struct vm_area_struct *vma)
{
	const struct file *file = vma->vm_file;

	if (!file || !vma->vm_ops || IS_PRIVATE(file_inode(file)) ||
	    !S_ISREG(file_inode(file)->i_mode))
		return false;

	/* Of the kernel's own mount are MAP_HUGETLB and memfd_create() alike. */
	return !(vma->vm_flags & VM_HUGETLB &&
		 file->f_path.mnt->mnt_flags & MNT_INTERNAL);
}

/**
 * sgx_source_of() - where a page that was found in a mapping comes from
 * @vma:	mapping of the running process
 * @page:	page that get_user_pages() has found there
 *
 * The page itself is looked at besides the mapping: another thread may make a
 * private copy of a file's page at any time, by a page fault, for which the
 * mmap_lock held for reading is no obstacle. A page that is not anonymous is
 * the file's own, whatever happens to the mapping afterwards.
 *
 * Memory that is shared and anonymous, a private mapping of /dev/zero, and the
 * like have a file that nobody has ever seen: they are anonymous. So are huge
 * pages, but for files of a hugetlbfs that is mounted; and memory of devices and
 * sockets, which mostly has in it what the process has put there.
 *
 * Context: the mmap_lock is held, and has been since @page was found.
 * Return: the source. The mapping owns the reference to the file.
 */
struct sgx_source sgx_source_of(const struct vm_area_struct *vma,
				const struct page *page)
{
	struct sgx_source source = {};

	mmap_assert_locked(vma->vm_mm);

	if (!is_file(vma))
		return source;

	source.file = vma->vm_file;
	source.modified = !(vma->vm_flags & VM_SHARED) &&
			  (vma->anon_vma || PageAnon((struct page *)page));
	return source;
}

/* A part of a page, and its source. */
static int copy_part(void *to, unsigned long from, size_t len,
		     struct sgx_source *source)
{
	struct vm_area_struct *vma;
	struct page *page;

	vma = vma_lookup(current->mm, from);
	if (!vma)
		return -EFAULT;
	if (sgx_get_user_page(from & PAGE_MASK, &page) < 1)
		return -EFAULT;

	*source = sgx_source_of(vma, page);
	memcpy_from_page(to, page, offset_in_page(from), len);
	put_page(page);
	return 0;
}

/**
 * sgx_source_copy() - copy from user memory, and say where that comes from
 * @to:		buffer
 * @from:	user address
 * @len:	bytes, no more than a page
 * @source:	set on success; there is a reference to its file, if any, that
 *		the caller puts
 *
 * Contents and source are taken under one hold of the mmap_lock, so that they
 * belong together, and the memory is read once. What lies in two mappings with
 * different sources is anonymous.
 *
 * Context: the mmap_lock is not held; may sleep.
 * Return: 0; -EFAULT if it cannot be read.
 */
int sgx_source_copy(void *to, unsigned long from, size_t len,
		    struct sgx_source *source)
{
	size_t first = min_t(size_t, len, PAGE_SIZE - offset_in_page(from));
	struct sgx_source second = {};
	int ret;

	if (WARN_ON_ONCE(len > PAGE_SIZE) ||
	    !access_ok((const void __user *)from, len))
		return -EFAULT;

	/* What comes slowly comes before the lock is taken, as far as it can. */
	if (fault_in_readable((const char __user *)from, len))
		return -EFAULT;

	mmap_read_lock(current->mm);
	ret = copy_part(to, from, first, source);
	if (!ret && first < len) {
		ret = copy_part(to + first, from + first, len - first, &second);
		if (second.file != source->file)
			source->file = NULL;
		source->modified |= second.modified;
	}
	if (!ret && source->file)
		get_file(source->file);
	mmap_read_unlock(current->mm);
	return ret;
}
