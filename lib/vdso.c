// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The vDSO: a shared object that the kernel maps into each process, with the
 * function that enters enclaves. No C library has a name for that.
 */
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>
#include "internal.h"

/* What of its dynamic section is needed, as addresses in this process. */
struct dynamic {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash;
	const uint32_t *gnu_hash;
};

/*
 * How many symbols there are: DT_HASH says it. DT_GNU_HASH has only where the
 * chain of each bucket begins: the last symbol ends the chain that begins last.
 */
static uint32_t symbol_count(const struct dynamic *dyn)
{
	const uint32_t *gnu = dyn->gnu_hash;
	const uint32_t *buckets, *chain;
	uint32_t last = 0;
	uint32_t i;

	if (dyn->hash)
		return dyn->hash[1];
	if (!gnu)
		return 0;
	/* Buckets, first symbol, 64-bit words of the Bloom filter, its shift. */
	buckets = gnu + 4 + 2 * gnu[2];
	chain = buckets + gnu[0];
	for (i = 0; i < gnu[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < gnu[1])
		return gnu[1];
	while (!(chain[last - gnu[1]] & 1))
		last++;
	return last + 1;
}

static void dynamic_read(struct dynamic *dyn, const Elf64_Dyn *entry,
			 uintptr_t bias)
{
	memset(dyn, 0, sizeof(*dyn));
	for (; entry->d_tag != DT_NULL; entry++) {
		const void *p = (const void *)(entry->d_un.d_ptr + bias);

		switch (entry->d_tag) {
		case DT_SYMTAB:
			dyn->symbols = p;
			break;
		case DT_STRTAB:
			dyn->strings = p;
			break;
		case DT_HASH:
			dyn->hash = p;
			break;
		case DT_GNU_HASH:
			dyn->gnu_hash = p;
			break;
		}
	}
}

/* The address of a function of the vDSO; NULL if there is none. */
void *vdso_function(const char *name)
{
	const uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)base;
	const Elf64_Dyn *entries = NULL;
	const Elf64_Phdr *ph;
	struct dynamic dyn;
	uintptr_t bias = 0;
	uint32_t count;
	uint32_t i;

	if (!base)
		return NULL;
	ph = (const Elf64_Phdr *)(base + ehdr->e_phoff);
	for (i = 0; i < ehdr->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !bias)
			bias = base + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			entries = (const Elf64_Dyn *)(base + ph[i].p_offset);
	}
	if (!entries)
		return NULL;
	dynamic_read(&dyn, entries, bias);
	count = dyn.symbols && dyn.strings ? symbol_count(&dyn) : 0;
	for (i = 0; i < count; i++)
		if (dyn.symbols[i].st_shndx != SHN_UNDEF &&
		    !strcmp(dyn.strings + dyn.symbols[i].st_name, name))
			return (void *)(bias + dyn.symbols[i].st_value);
	return NULL;
}
