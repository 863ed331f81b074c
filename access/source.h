/* SPDX-License-Identifier: GPL-2.0 */
/* Where memory of the running process comes from. */
#ifndef SOFTSGX_ACCESS_SOURCE_H
#define SOFTSGX_ACCESS_SOURCE_H

#include <linux/types.h>

struct file;
struct page;
struct vm_area_struct;

/**
 * struct sgx_source - where contents came from
 * @file:	file, NULL for anonymous memory
 * @modified:	they are a private copy of the file's, which the process could
 *		write
 */
struct sgx_source {
	struct file *file;
	bool modified;
};

struct sgx_source sgx_source_of(const struct vm_area_struct *vma,
				const struct page *page);
int sgx_source_copy(void *to, unsigned long from, size_t len,
		    struct sgx_source *source);

#endif /* SOFTSGX_ACCESS_SOURCE_H */
