// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Finds the CPUID instructions of executable files, by disassembly.
 *
 * Usage: cpuid-scan FILE...
 *        cpuid-scan --watch ...	see watch.c
 *
 * Prints a line "site OFFSET PATH" for each, as softsgx.ko takes them (see
 * doc/cpuid.md): where in the file the instruction is, and the real path of the
 * file. A breakpoint is going to be there, so an instruction has to be one: the
 * two bytes of CPUID also occur in the middle of others, and in data.
 *
 * Code also has data among it: libcrypto has a table of numbers in .text, one of
 * which is an instruction CPUID. So only what is known to be code is looked at:
 *
 * - the functions that the symbol tables and the unwind information (.eh_frame)
 *   give with their lengths, decoded from beginning to end;
 * - what direct jumps and calls from there lead to, and what they lead to from
 *   the entry point and from functions without a length, as far as the flow of
 *   control can be followed.
 *
 * Functions without the two bytes need not be decoded: where a function is known
 * with its length, nothing that leads there matters.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <Zydis/Zydis.h>
#include "scan.h"

/* Of a byte of code */
enum {
	IN_FUNCTION = 1, /* of a function that is decoded from its beginning */
	INSN = 2,	 /* the first one of an instruction that was decoded */
};

/* An executable section. */
struct section {
	uint64_t addr;
	uint64_t offset;
	size_t size;
	const uint8_t *code;
	uint8_t *flags;
};

/* A function; of unknown length if @end is @start. */
struct function {
	uint64_t start;
	uint64_t end;
};

/* An executable file and what is known of its code. */
struct image {
	const char *name;
	const char *path;
	FILE *out;
	Elf *elf;
	bool is64;
	ZydisDecoder decoder;
	struct section *sections;
	size_t nr_sections;
	struct function *functions;
	size_t nr_functions;
	size_t max_functions;
	/* Addresses of the bytes of CPUID, ascending in each section. */
	uint64_t *candidates;
	size_t nr_candidates;
	size_t max_candidates;
	/* Addresses to follow the flow of control from. */
	uint64_t *targets;
	size_t nr_targets;
	size_t max_targets;
};

__attribute__((format(printf, 2, 3))) static bool
complain(const struct image *image, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "cpuid-scan: %s: ", image->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

/* Makes room for one more element of an array. */
static void *grow(void *array, size_t used, size_t *max, size_t size)
{
	if (used < *max)
		return array;
	*max = *max ? 2 * *max : 1024;
	array = reallocarray(array, *max, size);
	if (!array) {
		perror("cpuid-scan");
		exit(2);
	}
	return array;
}

static void add_function(struct image *image, uint64_t start, uint64_t len)
{
	image->functions = grow(image->functions, image->nr_functions,
				&image->max_functions,
				sizeof(*image->functions));
	image->functions[image->nr_functions++] = (struct function){
		.start = start,
		.end = start + len < start ? start : start + len,
	};
}

static void add_target(struct image *image, uint64_t addr)
{
	image->targets = grow(image->targets, image->nr_targets,
			      &image->max_targets, sizeof(*image->targets));
	image->targets[image->nr_targets++] = addr;
}

static struct section *find_section(const struct image *image, uint64_t addr)
{
	size_t i;

	for (i = 0; i < image->nr_sections; i++) {
		if (addr - image->sections[i].addr < image->sections[i].size)
			return &image->sections[i];
	}
	return NULL;
}

static void add_symbols(struct image *image, Elf_Scn *scn,
			const GElf_Shdr *shdr)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t i, count;
	GElf_Sym sym;

	if (!data || !shdr->sh_entsize)
		return;
	count = shdr->sh_size / shdr->sh_entsize;
	for (i = 0; i < count && gelf_getsym(data, i, &sym); i++) {
		int type = GELF_ST_TYPE(sym.st_info);

		if ((type == STT_FUNC || type == STT_GNU_IFUNC) &&
		    sym.st_shndx != SHN_UNDEF)
			add_function(image, sym.st_value, sym.st_size);
	}
}

/* ---- unwind information ---- */

/* A piece of a section of which nothing beyond the end is read. */
struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	uint64_t addr;
	bool bad;
};

static uint64_t take(struct cursor *c, unsigned int size)
{
	uint64_t value = 0;

	if ((size_t)(c->end - c->p) < size) {
		c->bad = true;
		c->p = c->end;
		return 0;
	}
	memcpy(&value, c->p, size);
	c->p += size;
	c->addr += size;
	return value;
}

static uint64_t take_leb128(struct cursor *c)
{
	unsigned int shift = 0;
	uint64_t value = 0;
	uint8_t byte;

	do {
		byte = take(c, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

/* DW_EH_PE_*: the low four bits are the format, the next three the base. */
enum {
	PE_ABSPTR = 0x00,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_BASE = 0x70,
	PE_OMIT = 0xff,
};

/* An encoded pointer; sets @c->bad if its encoding is none that code has. */
static uint64_t take_pointer(struct cursor *c, uint8_t encoding, bool is64)
{
	uint64_t base = c->addr, value;

	switch (encoding & PE_FORMAT) {
	case PE_ABSPTR:
		value = take(c, is64 ? 8 : 4);
		break;
	case PE_UDATA4:
		value = take(c, 4);
		break;
	case PE_SDATA4:
		value = (int64_t)(int32_t)take(c, 4);
		break;
	case PE_UDATA8:
	case PE_SDATA8:
		value = take(c, 8);
		break;
	default:
		c->bad = true;
		return 0;
	}
	switch (encoding & PE_BASE) {
	case PE_ABSPTR:
		break;
	case PE_PCREL:
		value += base;
		break;
	default:
		c->bad = true;
	}
	return is64 ? value : (uint32_t)value;
}

/* How the CIE at @cie, after its length and identifier, encodes pointers. */
static uint8_t cie_encoding(struct cursor cie, bool is64)
{
	uint8_t version = take(&cie, 1);
	const char *augmentation = (const char *)cie.p;
	uint8_t encoding;

	while (take(&cie, 1))
		;
	if (cie.bad || augmentation[0] != 'z')
		return PE_ABSPTR;
	take_leb128(&cie);
	take_leb128(&cie);
	if (version == 1)
		take(&cie, 1);
	else
		take_leb128(&cie);
	take_leb128(&cie);
	for (augmentation++; *augmentation && !cie.bad; augmentation++) {
		switch (*augmentation) {
		case 'R':
			return take(&cie, 1);
		case 'L':
			take(&cie, 1);
			break;
		case 'P':
			encoding = take(&cie, 1);
			/* The personality may be indirect: only its size. */
			take_pointer(&cie, encoding & PE_FORMAT, is64);
			break;
		case 'S':
		case 'B':
			break;
		default:
			return PE_OMIT;
		}
	}
	return cie.bad ? PE_OMIT : PE_ABSPTR;
}

static void add_fdes(struct image *image, Elf_Scn *scn, const GElf_Shdr *shdr)
{
	Elf_Data *data = elf_rawdata(scn, NULL);
	struct cursor c, entry, cie;
	const uint8_t *start;
	uint64_t len, id, addr;
	uint8_t encoding;

	if (!data || !data->d_buf)
		return;
	start = data->d_buf;
	c = (struct cursor){ start, start + data->d_size, shdr->sh_addr,
			     false };
	while (c.p < c.end) {
		len = take(&c, 4);
		if (len == UINT32_MAX)
			len = take(&c, 8);
		if (c.bad || !len || len > (uint64_t)(c.end - c.p))
			return;
		entry = c;
		entry.end = c.p + len;
		c.p += len;
		c.addr += len;

		id = take(&entry, 4);
		/* A CIE, or the distance to the CIE of this FDE. */
		if (!id || id > (uint64_t)(entry.p - 4 - start))
			continue;
		cie = (struct cursor){ entry.p - 4 - id, c.end, 0, false };
		len = take(&cie, 4);
		if (len == UINT32_MAX)
			len = take(&cie, 8);
		if (cie.bad || len > (uint64_t)(cie.end - cie.p) ||
		    take(&cie, 4))
			continue;
		cie.end = cie.p - 4 + len;
		encoding = cie_encoding(cie, image->is64);
		if (encoding == PE_OMIT)
			continue;
		addr = take_pointer(&entry, encoding, image->is64);
		/* The length has the format of a pointer, and no base. */
		len = take_pointer(&entry, encoding & PE_FORMAT, image->is64);
		if (!entry.bad)
			add_function(image, addr, len);
	}
}

/* ---- disassembly ---- */

static bool print_site(const struct image *image, const struct section *section,
		       size_t pos, const ZydisDecodedInstruction *insn)
{
	uint64_t offset = section->offset + pos;

	/* Nobody writes prefixes before CPUID, and the module wants none. */
	if (insn->length != 2)
		return complain(image,
				"CPUID with a prefix at offset %#" PRIx64,
				offset);
	fprintf(image->out, "site %#" PRIx64 " %s\n", offset, image->path);
	return true;
}

/*
 * Notes where a direct jump or call leads, if that is not in a function that is
 * decoded anyway.
 */
static void note_branch(struct image *image, uint64_t next,
			const ZydisDecodedInstruction *insn)
{
	uint64_t target = next + insn->raw.imm[0].value.s;
	const struct section *section;

	if (insn->meta.category != ZYDIS_CATEGORY_COND_BR &&
	    insn->meta.category != ZYDIS_CATEGORY_UNCOND_BR &&
	    insn->meta.category != ZYDIS_CATEGORY_CALL)
		return;
	if (!insn->raw.imm[0].is_relative)
		return;
	if (!image->is64)
		target = (uint32_t)target;
	section = find_section(image, target);
	if (section && !section->flags[target - section->addr])
		add_target(image, target);
}

/* Whether what follows an instruction in memory may not be executed after it. */
static bool ends_flow(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
		return true;
	default:
		return insn->mnemonic == ZYDIS_MNEMONIC_HLT ||
		       insn->mnemonic == ZYDIS_MNEMONIC_UD2 ||
		       insn->mnemonic == ZYDIS_MNEMONIC_INT3;
	}
}

/* Decodes an instruction; its length is set to 0 if it is none. */
static bool decode(struct image *image, struct section *section, size_t pos,
		   size_t limit, ZydisDecodedInstruction *insn)
{
	bool seen = section->flags[pos] & INSN, ok = true;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&image->decoder, NULL,
							section->code + pos,
							limit - pos, insn))) {
		insn->length = 0;
		return true;
	}
	section->flags[pos] |= INSN;
	if (seen)
		return true;
	if (insn->mnemonic == ZYDIS_MNEMONIC_CPUID)
		ok = print_site(image, section, pos, insn);
	note_branch(image, section->addr + pos + insn->length, insn);
	return ok;
}

/* The part of a function that is in the section where it begins. */
static struct section *clip(const struct image *image,
			    const struct function *function, size_t *pos,
			    size_t *limit)
{
	struct section *section = find_section(image, function->start);

	if (!section || function->end == function->start)
		return NULL;
	*pos = function->start - section->addr;
	*limit = section->size;
	if (function->end - section->addr < *limit)
		*limit = function->end - section->addr;
	return section;
}

/* Decodes all of a function, byte by byte where it cannot be decoded. */
static bool scan_function(struct image *image, const struct function *function)
{
	ZydisDecodedInstruction insn;
	struct section *section;
	size_t pos, limit;
	bool ok = true;

	section = clip(image, function, &pos, &limit);
	while (section && pos < limit) {
		ok &= decode(image, section, pos, limit, &insn);
		pos += insn.length ? insn.length : 1;
	}
	return ok;
}

/* Decodes from @addr to where the flow of control ends or is known. */
static bool follow(struct image *image, uint64_t addr)
{
	struct section *section = find_section(image, addr);
	ZydisDecodedInstruction insn;
	bool ok = true;
	size_t pos;

	if (!section)
		return true;
	pos = addr - section->addr;
	while (pos < section->size && !section->flags[pos]) {
		ok &= decode(image, section, pos, section->size, &insn);
		if (!insn.length || ends_flow(&insn))
			break;
		pos += insn.length;
	}
	return ok;
}

static int compare_addresses(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Searches for the bytes of CPUID; sets @outside if some are in no function. */
static void find_candidates(struct image *image, bool *outside)
{
	const struct section *section;
	const uint8_t *p, *end;
	size_t i;

	*outside = false;
	for (i = 0; i < image->nr_sections; i++) {
		section = &image->sections[i];
		end = section->code + section->size;
		for (p = section->code; (p = memmem(p, end - p, "\x0f\xa2", 2));
		     p++) {
			image->candidates = grow(image->candidates,
						 image->nr_candidates,
						 &image->max_candidates,
						 sizeof(*image->candidates));
			image->candidates[image->nr_candidates++] =
				section->addr + (p - section->code);
			*outside |= !section->flags[p - section->code];
		}
	}
	qsort(image->candidates, image->nr_candidates,
	      sizeof(*image->candidates), compare_addresses);
}

/* Whether one is in a function. */
static bool has_candidate(const struct image *image,
			  const struct function *function)
{
	size_t from = 0, to = image->nr_candidates, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (image->candidates[middle] < function->start)
			from = middle + 1;
		else
			to = middle;
	}
	return from < image->nr_candidates &&
	       image->candidates[from] < function->end;
}

static bool scan_code(struct image *image)
{
	const struct function *function;
	struct section *section;
	size_t i, pos, limit;
	bool outside, ok = true;

	for (i = 0; i < image->nr_functions; i++) {
		section = clip(image, &image->functions[i], &pos, &limit);
		if (section)
			memset(section->flags + pos, IN_FUNCTION, limit - pos);
	}
	find_candidates(image, &outside);
	if (!image->nr_candidates)
		return true;
	for (i = 0; i < image->nr_functions; i++) {
		function = &image->functions[i];
		/* Many are given twice. */
		if (i && function->start == function[-1].start)
			continue;
		if (!outside && !has_candidate(image, function))
			continue;
		ok &= scan_function(image, function);
		if (function->end == function->start)
			add_target(image, function->start);
	}
	while (outside && image->nr_targets)
		ok &= follow(image, image->targets[--image->nr_targets]);
	return ok;
}

/* By address; of those at the same, the longest first. */
static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* ---- files ---- */

static bool add_section(struct image *image, Elf_Scn *scn,
			const GElf_Shdr *shdr)
{
	Elf_Data *data = elf_rawdata(scn, NULL);
	struct section *section;

	if (!data || !data->d_buf || !data->d_size)
		return complain(image, "section without its contents");
	section = reallocarray(image->sections, image->nr_sections + 1,
			       sizeof(*image->sections));
	if (!section)
		return complain(image, "no memory");
	image->sections = section;
	section += image->nr_sections;
	*section = (struct section){
		.addr = shdr->sh_addr,
		.offset = shdr->sh_offset,
		.size = data->d_size,
		.code = data->d_buf,
		.flags = calloc(data->d_size, 1),
	};
	if (!section->flags)
		return complain(image, "no memory");
	image->nr_sections++;
	return true;
}

/* Collects the sections with code, and the functions. */
static bool read_sections(struct image *image)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	const char *name;
	size_t names;

	if (elf_getshdrstrndx(image->elf, &names))
		return complain(image, "%s", elf_errmsg(-1));
	while ((scn = elf_nextscn(image->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr))
			return complain(image, "%s", elf_errmsg(-1));
		name = elf_strptr(image->elf, names, shdr.sh_name);
		if (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM)
			add_symbols(image, scn, &shdr);
		else if (name && !strcmp(name, ".eh_frame"))
			add_fdes(image, scn, &shdr);
		else if (shdr.sh_type == SHT_PROGBITS && shdr.sh_size &&
			 shdr.sh_flags & SHF_EXECINSTR &&
			 !add_section(image, scn, &shdr))
			return false;
	}
	if (!image->nr_sections)
		return complain(image, "no section with code");
	qsort(image->functions, image->nr_functions, sizeof(*image->functions),
	      compare_functions);
	return true;
}

static bool scan_image(struct image *image)
{
	GElf_Ehdr ehdr;

	if (elf_kind(image->elf) != ELF_K_ELF ||
	    !gelf_getehdr(image->elf, &ehdr))
		return complain(image, "not an ELF file");
	if ((ehdr.e_machine != EM_X86_64 && ehdr.e_machine != EM_386) ||
	    (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN))
		return complain(image, "not a program or library for x86");
	image->is64 = ehdr.e_machine == EM_X86_64;

	if (image->is64)
		ZydisDecoderInit(&image->decoder, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
	else
		ZydisDecoderInit(&image->decoder,
				 ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
				 ZYDIS_STACK_WIDTH_32);

	add_target(image, ehdr.e_entry);
	return read_sections(image) && scan_code(image);
}

static void free_image(struct image *image)
{
	size_t i;

	for (i = 0; i < image->nr_sections; i++)
		free(image->sections[i].flags);
	free(image->sections);
	free(image->functions);
	free(image->candidates);
	free(image->targets);
	elf_end(image->elf);
}

bool scan_fd(int fd, const char *name, const char *path, FILE *out)
{
	struct image image = { .name = name, .path = path, .out = out };
	bool ok = false;

	elf_version(EV_CURRENT);
	image.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!image.elf)
		complain(&image, "%s", elf_errmsg(-1));
	else
		ok = scan_image(&image);
	free_image(&image);
	return ok;
}

static bool scan_file(const char *name)
{
	const struct image image = { .name = name };
	bool ok = false;
	char *path;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	path = realpath(name, NULL);
	if (fd < 0 || !path)
		complain(&image, "%s", strerror(errno));
	else if (strchr(path, '\n'))
		complain(&image, "a newline in the path");
	else
		ok = scan_fd(fd, name, path, stdout);
	free(path);
	if (fd >= 0)
		close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	bool ok = true;
	int i;

	if (argc > 1 && !strcmp(argv[1], "--watch"))
		return watch_programs(argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--")) {
		argc--;
		argv++;
	} else if (argc > 1 && argv[1][0] == '-') {
		argc = 0;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: cpuid-scan FILE...\n");
		return 2;
	}
	for (i = 1; i < argc; i++)
		ok &= scan_file(argv[i]);
	if (fflush(stdout) || ferror(stdout)) {
		perror("cpuid-scan");
		return 2;
	}
	return ok ? 0 : 1;
}
