// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * An enclave as an ELF file. The layout is described in doc/tool.md. Nothing in
 * the file is believed: each structure is copied out after its place has been
 * checked, and it need not be aligned.
 */
#include <elf.h>
#include <string.h>
#include "internal.h"

#define SEGMENT_FLAGS (PF_R | PF_W | PF_X | SOFTSGX_PF_TCS)

static bool elf_range(const struct softsgx_enclave *encl, uint64_t offset,
		      uint64_t len)
{
	return offset <= encl->file_len && len <= encl->file_len - offset;
}

static int header_check(const struct softsgx_enclave *encl,
			const Elf64_Ehdr *ehdr, struct softsgx_error *error)
{
	const char *reason = NULL;
	uint64_t at = 0;

	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr->e_ident[EI_DATA] != ELFDATA2LSB) {
		reason = "not a 64-bit little-endian ELF file";
		at = EI_CLASS;
	} else if (ehdr->e_machine != EM_X86_64) {
		reason = "not for x86-64";
		at = offsetof(Elf64_Ehdr, e_machine);
	} else if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN) {
		reason =
			"not linked: neither an executable nor a shared object";
		at = offsetof(Elf64_Ehdr, e_type);
	} else if (!ehdr->e_phnum || ehdr->e_phentsize != sizeof(Elf64_Phdr)) {
		reason = "no program headers of the known size";
		at = offsetof(Elf64_Ehdr, e_phentsize);
	} else if (!elf_range(encl, ehdr->e_phoff,
			      (uint64_t)ehdr->e_phnum * sizeof(Elf64_Phdr))) {
		reason = "the program headers are beyond the end of the file";
		at = offsetof(Elf64_Ehdr, e_phoff);
	}
	if (!reason)
		return 0;
	return fail(error, SOFTSGX_FORMAT, encl->name, at, "%s", reason);
}

/* A PT_LOAD segment: whole pages, all in the file, above those before. */
static int segment_check(const struct softsgx_enclave *encl,
			 const Elf64_Phdr *ph, uint64_t at, uint64_t end,
			 struct softsgx_error *error)
{
	const char *reason = NULL;

	if (ph->p_flags & ~SEGMENT_FLAGS)
		reason = "a segment with unknown flags";
	else if (ph->p_filesz != ph->p_memsz)
		reason =
			"a segment larger in memory than in the file: link .bss into .data, as examples/common/enclave.lds";
	else if ((ph->p_vaddr | ph->p_filesz) & (SGX_PAGE_SIZE - 1))
		reason =
			"a segment that is not whole pages: examples/common/enclave.lds links such";
	else if (!elf_range(encl, ph->p_offset, ph->p_filesz))
		reason = "a segment beyond the end of the file";
	else if (ph->p_vaddr >= SIZE_LIMIT)
		reason =
			"a segment at an address that no enclave reaches: link it at 0";
	else if (ph->p_vaddr < end)
		reason = "a segment that is not above the one before";
	if (!reason)
		return 0;
	return fail(error, SOFTSGX_FORMAT, encl->name, at, "%s", reason);
}

static uint64_t segment_secinfo(const Elf64_Phdr *ph, bool tcs)
{
	uint64_t flags = SGX_PT_REG << SGX_SECINFO_FL_PT_SHIFT;

	if (tcs)
		return SGX_PT_TCS << SGX_SECINFO_FL_PT_SHIFT;
	if (ph->p_flags & PF_R)
		flags |= SGX_SECINFO_FL_R;
	if (ph->p_flags & PF_W)
		flags |= SGX_SECINFO_FL_W;
	if (ph->p_flags & PF_X)
		flags |= SGX_SECINFO_FL_X;
	return flags;
}

static int segment_add(struct softsgx_enclave *encl, const Elf64_Phdr *ph,
		       uint64_t secinfo, struct softsgx_error *error)
{
	struct softsgx_page *page;
	uint64_t i;

	for (i = 0; i < ph->p_filesz; i += SGX_PAGE_SIZE) {
		page = enclave_add(encl, ph->p_vaddr + i, secinfo,
				   ph->p_offset + i);
		if (!page)
			return fail_memory(error);
		page->content = encl->file + ph->p_offset + i;
		page_measure_all(page);
	}
	return 0;
}

static int heap_add(struct softsgx_enclave *encl, uint64_t start, uint64_t size,
		    struct softsgx_error *error)
{
	const uint64_t rw = SGX_PT_REG << SGX_SECINFO_FL_PT_SHIFT |
			    SGX_SECINFO_FL_R | SGX_SECINFO_FL_W;
	uint64_t i;

	for (i = 0; i < size; i += SGX_PAGE_SIZE)
		if (!enclave_add(encl, start + i, rw, SOFTSGX_NO_OFFSET))
			return fail_memory(error);
	return 0;
}

static int size_set(struct softsgx_enclave *encl, uint64_t end, uint64_t size,
		    struct softsgx_error *error)
{
	uint64_t smallest = 2 * SGX_PAGE_SIZE;

	while (smallest < end)
		smallest *= 2;
	if (smallest >= SIZE_LIMIT || size >= SIZE_LIMIT)
		return fail(error, SOFTSGX_FORMAT, encl->name,
			    SOFTSGX_NO_OFFSET,
			    "an enclave of 64 TiB or more: link it at 0");
	if (!size)
		size = smallest;
	if (size & (size - 1) || size < smallest)
		return fail(
			error, SOFTSGX_FORMAT, encl->name, SOFTSGX_NO_OFFSET,
			"the size must be a power of two, and at least 0x%llx",
			(unsigned long long)smallest);
	encl->info.size = size;
	return 0;
}

static int segments(struct softsgx_enclave *encl, const Elf64_Ehdr *ehdr,
		    const struct softsgx_layout *layout, uint64_t *end,
		    struct softsgx_error *error)
{
	bool tcs = layout->tcs_first;
	Elf64_Phdr ph;
	unsigned int i;
	uint64_t at;
	int ret;

	for (i = 0; i < ehdr->e_phnum; i++) {
		at = ehdr->e_phoff + i * sizeof(ph);
		memcpy(&ph, encl->file + at, sizeof(ph));
		if (ph.p_type == PT_INTERP)
			return fail(
				error, SOFTSGX_FORMAT, encl->name, at,
				"a program with an interpreter, not an enclave");
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		ret = segment_check(encl, &ph, at, *end, error);
		if (!ret)
			ret = segment_add(
				encl, &ph,
				segment_secinfo(&ph,
						tcs || ph.p_flags &
								SOFTSGX_PF_TCS),
				error);
		if (ret)
			return ret;
		tcs = false;
		*end = ph.p_vaddr + ph.p_memsz;
	}
	return 0;
}

/* The string at @offset of the string table, NULL if it is not all in it. */
static const char *string_at(const struct softsgx_enclave *encl,
			     const Elf64_Shdr *strings, uint64_t offset)
{
	const char *start;

	if (offset >= strings->sh_size)
		return NULL;
	start = (const char *)encl->file + strings->sh_offset + offset;
	return memchr(start, 0, strings->sh_size - offset) ? start : NULL;
}

static bool section(const struct softsgx_enclave *encl, const Elf64_Ehdr *ehdr,
		    unsigned int i, Elf64_Shdr *sh)
{
	uint64_t at = i * sizeof(*sh);

	if (i >= ehdr->e_shnum || ehdr->e_shentsize != sizeof(*sh) ||
	    ehdr->e_shoff > encl->file_len ||
	    !elf_range(encl, ehdr->e_shoff + at, sizeof(*sh)))
		return false;
	memcpy(sh, encl->file + ehdr->e_shoff + at, sizeof(*sh));
	return sh->sh_type != SHT_NOBITS &&
	       elf_range(encl, sh->sh_offset, sh->sh_size);
}

/*
 * Enclaves of others, which look like any shared object: their loaders add pages
 * that no segment tells of.
 */
static int others_check(const struct softsgx_enclave *encl,
			const Elf64_Ehdr *ehdr, struct softsgx_error *error)
{
	static const struct {
		const char *section;
		const char *whose;
	} others[] = {
		{ ".note.sgxmeta", "Intel's SDK" },
		{ ".oeinfo", "Open Enclave" },
	};
	Elf64_Shdr names, sh;
	const char *name;
	unsigned int i, n;

	if (!section(encl, ehdr, ehdr->e_shstrndx, &names))
		return 0;
	for (i = 0; i < ehdr->e_shnum; i++) {
		if (!section(encl, ehdr, i, &sh))
			continue;
		name = string_at(encl, &names, sh.sh_name);
		for (n = 0; n < sizeof(others) / sizeof(others[0]); n++)
			if (name && !strcmp(name, others[n].section))
				return fail(
					error, SOFTSGX_FORMAT, encl->name,
					sh.sh_offset,
					"an enclave of %s: its own tools measure and sign it; softsgx run runs its program",
					others[n].whose);
	}
	return 0;
}

int elf_parse(struct softsgx_enclave *encl, const struct softsgx_layout *layout,
	      struct softsgx_error *error)
{
	Elf64_Ehdr ehdr;
	uint64_t end = 0;
	size_t i;
	int ret;

	if (encl->file_len < sizeof(ehdr))
		return fail(error, SOFTSGX_FORMAT, encl->name, encl->file_len,
			    "the file ends within the ELF header");
	memcpy(&ehdr, encl->file, sizeof(ehdr));
	ret = header_check(encl, &ehdr, error);
	if (!ret)
		ret = others_check(encl, &ehdr, error);
	if (!ret)
		ret = segments(encl, &ehdr, layout, &end, error);
	if (ret)
		return ret;
	if (!encl->info.pages)
		return fail(error, SOFTSGX_FORMAT, encl->name, ehdr.e_phoff,
			    "no segment to load");
	if (layout->heap & (SGX_PAGE_SIZE - 1) || layout->heap >= SIZE_LIMIT)
		return fail(error, SOFTSGX_FORMAT, encl->name,
			    SOFTSGX_NO_OFFSET, "the heap must be whole pages");
	encl->info.ssaframesize = layout->ssaframesize ? layout->ssaframesize
						       : 1;
	ret = size_set(encl, end + layout->heap, layout->size, error);
	if (!ret)
		ret = heap_add(encl, end, layout->heap, error);
	for (i = 0; !ret && i < encl->info.pages; i++)
		ret = page_check(encl, &encl->pages[i], error);
	return ret;
}

/*
 * The first symbol of a table that is called @name or, if that is NULL, whose
 * value is @value; its name, and its value in @value.
 */
static const char *symbol_in(const struct softsgx_enclave *encl,
			     const Elf64_Shdr *symbols,
			     const Elf64_Shdr *strings, const char *name,
			     uint64_t *value)
{
	const char *found;
	Elf64_Sym sym;
	uint64_t i;

	for (i = 0; i < symbols->sh_size / sizeof(sym); i++) {
		memcpy(&sym, encl->file + symbols->sh_offset + i * sizeof(sym),
		       sizeof(sym));
		if ((!name && sym.st_value != *value) ||
		    sym.st_shndx == SHN_UNDEF ||
		    ELF64_ST_TYPE(sym.st_info) == STT_SECTION ||
		    ELF64_ST_TYPE(sym.st_info) == STT_FILE)
			continue;
		found = string_at(encl, strings, sym.st_name);
		if (!found || !*found || (name && strcmp(found, name)))
			continue;
		*value = sym.st_value;
		return found;
	}
	return NULL;
}

static const char *symbol(const struct softsgx_enclave *encl, const char *name,
			  uint64_t *value)
{
	Elf64_Shdr symbols, strings;
	const char *found = NULL;
	Elf64_Ehdr ehdr;
	unsigned int i;

	if (!encl->file)
		return NULL;
	memcpy(&ehdr, encl->file, sizeof(ehdr));
	for (i = 0; !found && i < ehdr.e_shnum; i++)
		if (section(encl, &ehdr, i, &symbols) &&
		    symbols.sh_type == SHT_SYMTAB &&
		    section(encl, &ehdr, symbols.sh_link, &strings))
			found = symbol_in(encl, &symbols, &strings, name,
					  value);
	return found;
}

/* Entries that the dynamic section tells of. */
static uint64_t dynamic_entries(const struct softsgx_enclave *encl,
				const Elf64_Phdr *ph)
{
	uint64_t bytes = 0, packed = 0;
	Elf64_Dyn dyn;
	uint64_t i;

	if (!elf_range(encl, ph->p_offset, ph->p_filesz))
		return 0;
	for (i = 0; i < ph->p_filesz / sizeof(dyn); i++) {
		memcpy(&dyn, encl->file + ph->p_offset + i * sizeof(dyn),
		       sizeof(dyn));
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_RELASZ || dyn.d_tag == DT_PLTRELSZ)
			bytes += dyn.d_un.d_val;
		else if (dyn.d_tag == DT_RELRSZ)
			packed += dyn.d_un.d_val;
	}
	return bytes / sizeof(Elf64_Rela) + packed / sizeof(Elf64_Relr);
}

/* Entries of the sections that are loaded: others are for a linker. */
static uint64_t section_entries(const struct softsgx_enclave *encl,
				const Elf64_Ehdr *ehdr)
{
	uint64_t entries = 0;
	unsigned int i;
	Elf64_Shdr sh;

	for (i = 0; i < ehdr->e_shnum; i++) {
		if (!section(encl, ehdr, i, &sh) || !(sh.sh_flags & SHF_ALLOC))
			continue;
		if (sh.sh_type == SHT_RELA)
			entries += sh.sh_size / sizeof(Elf64_Rela);
		else if (sh.sh_type == SHT_RELR)
			entries += sh.sh_size / sizeof(Elf64_Relr);
	}
	return entries;
}

/**
 * softsgx_enclave_relocations() - whether something is left to be filled in
 * @encl:	the enclave
 *
 * Nothing is relocated when an enclave is loaded: what these entries are about
 * is wrong, unless the program in the enclave relocates itself.
 *
 * Return: the number of entries; 0 if the file is no ELF file.
 */
uint64_t softsgx_enclave_relocations(const struct softsgx_enclave *encl)
{
	uint64_t entries, dynamic;
	Elf64_Ehdr ehdr;
	unsigned int i;
	Elf64_Phdr ph;

	if (!encl->file)
		return 0;
	memcpy(&ehdr, encl->file, sizeof(ehdr));
	entries = section_entries(encl, &ehdr);
	for (i = 0; i < ehdr.e_phnum; i++) {
		memcpy(&ph, encl->file + ehdr.e_phoff + i * sizeof(ph),
		       sizeof(ph));
		if (ph.p_type != PT_DYNAMIC)
			continue;
		dynamic = dynamic_entries(encl, &ph);
		if (dynamic > entries)
			entries = dynamic;
	}
	return entries;
}

/**
 * softsgx_enclave_symbol() - the name of a place in an enclave
 * @encl:	the enclave
 * @offset:	the place
 *
 * Return: the name of the symbol that is exactly there; NULL if there is none,
 * or the file has no symbols. It is there until softsgx_enclave_free().
 */
const char *softsgx_enclave_symbol(const struct softsgx_enclave *encl,
				   uint64_t offset)
{
	return symbol(encl, NULL, &offset);
}

/**
 * softsgx_enclave_lookup() - the place in an enclave that has a name
 * @encl:	the enclave
 * @name:	of a symbol
 * @offset:	set to its value
 *
 * Return: whether the file has such a symbol.
 */
bool softsgx_enclave_lookup(const struct softsgx_enclave *encl,
			    const char *name, uint64_t *offset)
{
	return symbol(encl, name, offset);
}
