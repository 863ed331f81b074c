// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include "vdso.h"

/* The number of dynamic symbols is nowhere but in the hash table. */
static unsigned int symbol_count(const uint32_t *hash, const uint32_t *gnu)
{
	const uint32_t *bucket;
	const uint32_t *chain;
	uint32_t last = 0;
	uint32_t i;

	if (hash)
		return hash[1];
	if (!gnu)
		return 0;

	bucket = gnu + 4 + 2 * gnu[2];
	chain = bucket + gnu[0];
	for (i = 0; i < gnu[0]; i++)
		if (bucket[i] > last)
			last = bucket[i];
	if (last < gnu[1])
		return gnu[1];
	while (!(chain[last - gnu[1]] & 1))
		last++;
	return last + 1;
}

static void *find(const uint8_t *base, uintptr_t bias, const Elf64_Dyn *dyn,
		  const char *name)
{
	const uint32_t *hash = NULL;
	const uint32_t *gnu = NULL;
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	unsigned int count;
	unsigned int i;

	for (; dyn->d_tag != DT_NULL; dyn++) {
		const void *ptr = (const void *)(dyn->d_un.d_ptr + bias);

		if (dyn->d_tag == DT_HASH)
			hash = ptr;
		else if (dyn->d_tag == DT_GNU_HASH)
			gnu = ptr;
		else if (dyn->d_tag == DT_SYMTAB)
			sym = ptr;
		else if (dyn->d_tag == DT_STRTAB)
			str = ptr;
	}
	if (!sym || !str)
		return NULL;

	count = symbol_count(hash, gnu);
	for (i = 0; i < count; i++)
		if (sym[i].st_shndx != SHN_UNDEF &&
		    !strcmp(str + sym[i].st_name, name))
			return (void *)(base + sym[i].st_value);
	return NULL;
}

/* A symbol of the vDSO, an ELF image that the kernel maps in each process. */
void *vdso_symbol(const char *name)
{
	const uint8_t *base = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)base;
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Phdr *phdr;
	uintptr_t bias = 0;
	unsigned int i;

	if (!base)
		return NULL;
	phdr = (const Elf64_Phdr *)(base + ehdr->e_phoff);
	for (i = 0; i < ehdr->e_phnum; i++) {
		if (phdr[i].p_type == PT_LOAD)
			bias = (uintptr_t)base - phdr[i].p_vaddr;
		else if (phdr[i].p_type == PT_DYNAMIC)
			dyn = (const Elf64_Dyn *)(base + phdr[i].p_offset);
	}
	return dyn ? find(base, bias, dyn, name) : NULL;
}
