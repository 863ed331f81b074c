// SPDX-License-Identifier: GPL-2.0
/*
 * Abort page semantics: an access to the pages of an enclave from outside of it
 * reads all ones and writes nothing (SDM 3D, "Access-control Requirements").
 *
 * The instruction is decoded by the kernel's own decoder and carried out here,
 * byte by byte of its operand: what of it is not an enclave's is the program's
 * memory, and accessed as such. Carried out are the instructions that compilers
 * and C libraries access memory with: MOV and its kin, the arithmetic with a
 * memory operand, the string instructions, the moves of SSE and AVX and those
 * comparisons that string functions are made of. With another one the program
 * gets its SIGSEGV.
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/insn.h>
#include <asm/processor-flags.h>
#include "encl.h"
#include "isolate.h"
#include "thread.h"

/* Bytes that a string instruction moves at once. */
#define STRING_PIECE 256

#define FLAGS_ARITHMETIC                                                 \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | \
	 X86_EFLAGS_SF | X86_EFLAGS_OF)

/* Mandatory prefixes, as a VEX prefix numbers them. */
enum { PP_NONE, PP_66, PP_F3, PP_F2 };

/* Opcode maps, likewise; 0 is that of the opcodes of one byte. */
enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A };

/**
 * struct access - an instruction that is being carried out
 * @abort:	what is known of its fault
 * @insn:	the instruction
 * @regs:	registers; the thread's own until all has been done
 * @opcode:	last byte of the opcode
 * @map:	opcode map
 * @pp:		mandatory prefix
 * @seg:	prefix for FS or GS, 0 for none
 * @rep:	prefix REP (F3) or REPNE (F2), 0 for none
 * @rex_r:	8 if the register of ModRM is one of the upper eight
 * @rex_x:	likewise for the index
 * @rex_b:	likewise for the base
 * @vex:	there is a VEX prefix
 * @vvvv:	its further register
 * @bytes:	width of a vector, 16 or 32
 * @vector_set:	a vector register changes
 * @value:	to this
 */
struct access {
	const struct sgx_abort *abort;
	struct insn insn;
	struct pt_regs regs;
	u8 opcode;
	u8 map;
	u8 pp;
	u8 seg;
	u8 rep;
	u8 rex_r;
	u8 rex_x;
	u8 rex_b;
	bool vex;
	u8 vvvv;
	u8 bytes;
	bool vector_set;
	u8 value[SGX_VECTOR_SIZE];
};

/*
 * The kernel's decoder is not exported. A probe knows where it is, and it is
 * called by a RET (return.S): with CET the kernel makes a function that it
 * calls by name only no target of an indirect call.
 */
static unsigned long decoder;

static int decode(struct insn *insn, const void *bytes, int len)
{
	return sgx_call_decoder(insn, bytes, len, INSN_MODE_64, decoder);
}

/**
 * sgx_abort_init() - find the decoder
 */
void sgx_abort_init(void)
{
	struct kprobe kp = { .symbol_name = "insn_decode" };

	if (register_kprobe(&kp)) {
		pr_warn("softsgx: no decoder: accesses from outside are fatal\n");
		return;
	}
	decoder = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
}

/*
 * Memory
 */

/* 1 if the abort page is at @addr, 0 if the program's memory is, or -EFAULT. */
static int access_aborts(const struct access *access, unsigned long addr,
			 unsigned long allowing)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = 0;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && sgx_isolate_hides(vma, addr, access->abort->encl))
		ret = vma->vm_flags & allowing ? 1 : -EFAULT;
	mmap_read_unlock(mm);
	return ret;
}

static unsigned int in_page(unsigned long addr, unsigned int len)
{
	return min_t(unsigned int, len, PAGE_SIZE - offset_in_page(addr));
}

static int mem_read(const struct access *access, unsigned long addr, void *buf,
		    unsigned int len)
{
	unsigned int part;
	int aborts;

	for (; len; len -= part, addr += part, buf += part) {
		part = in_page(addr, len);
		aborts = access_aborts(access, addr,
				       VM_READ | VM_WRITE | VM_EXEC);
		if (aborts < 0)
			return aborts;
		if (aborts)
			memset(buf, 0xff, part);
		else if (copy_from_user(buf, (void __user *)addr, part))
			return -EFAULT;
	}
	return 0;
}

static int mem_write(const struct access *access, unsigned long addr,
		     const void *buf, unsigned int len)
{
	unsigned int part;
	int aborts;

	for (; len; len -= part, addr += part, buf += part) {
		part = in_page(addr, len);
		aborts = access_aborts(access, addr, VM_WRITE);
		if (aborts < 0)
			return aborts;
		if (!aborts && copy_to_user((void __user *)addr, buf, part))
			return -EFAULT;
	}
	return 0;
}

static int mem_get(const struct access *access, unsigned long addr,
		   unsigned int size, u64 *value)
{
	*value = 0;
	return mem_read(access, addr, value, size);
}

/*
 * Registers
 */

static unsigned long *gpr(struct access *access, unsigned int n)
{
	struct pt_regs *regs = &access->regs;
	unsigned long *const order[] = {
		&regs->ax,  &regs->cx,	&regs->dx,  &regs->bx,
		&regs->sp,  &regs->bp,	&regs->si,  &regs->di,
		&regs->r8,  &regs->r9,	&regs->r10, &regs->r11,
		&regs->r12, &regs->r13, &regs->r14, &regs->r15,
	};

	return order[n & 15];
}

/* AH, CH, DH, BH: without REX they are in the place of SPL, BPL, SIL, DIL. */
static bool gpr_is_high(const struct access *access, unsigned int n,
			unsigned int size)
{
	return size == 1 && n >= 4 && n < 8 && !access->insn.rex_prefix.nbytes;
}

static u64 truncate(u64 value, unsigned int size)
{
	return value & (~0ULL >> (64 - 8 * size));
}

static u64 reg_get(struct access *access, unsigned int n, unsigned int size)
{
	if (gpr_is_high(access, n, size))
		return truncate(*gpr(access, n - 4) >> 8, 1);
	return truncate(*gpr(access, n), size);
}

static void reg_set(struct access *access, unsigned int n, unsigned int size,
		    u64 value)
{
	unsigned int shift = 0;
	unsigned long *reg;
	u64 mask;

	if (gpr_is_high(access, n, size)) {
		shift = 8;
		n -= 4;
	}
	reg = gpr(access, n);
	/* A result of four bytes clears the upper half. */
	mask = size == 4 ? ~0ULL : truncate(~0ULL, size) << shift;
	*reg = (*reg & ~mask) | (truncate(value, size) << shift);
}

static unsigned int modrm_reg(const struct access *access)
{
	return X86_MODRM_REG(access->insn.modrm.value) | access->rex_r;
}

/*
 * Addresses
 */

static unsigned long segment_base(const struct access *access)
{
	struct sgx_cpu cpu;
	unsigned long flags;

	if (!access->seg)
		return 0;

	local_irq_save(flags);
	sgx_fsgs_read(&cpu);
	local_irq_restore(flags);
	return access->seg == 0x64 ? cpu.fsbase : cpu.gsbase;
}

static unsigned long linear(const struct access *access, unsigned long addr)
{
	if (access->insn.addr_bytes == 4)
		addr = (u32)addr;
	return addr + segment_base(access);
}

/* SDM volume 2, 2.1.5 and 2.2.1.6. False if the operand is a register. */
static bool operand_address(struct access *access, unsigned long *addr)
{
	struct insn *insn = &access->insn;
	unsigned int mod = X86_MODRM_MOD(insn->modrm.value);
	unsigned int base = X86_MODRM_RM(insn->modrm.value);
	unsigned long sum = (long)insn->displacement.value;

	if (!insn->modrm.nbytes || mod == 3)
		return false;

	if (insn->sib.nbytes) {
		unsigned int index = X86_SIB_INDEX(insn->sib.value) |
				     access->rex_x;

		if (index != 4)
			sum += *gpr(access, index)
			       << X86_SIB_SCALE(insn->sib.value);
		base = X86_SIB_BASE(insn->sib.value);
		if (mod != 0 || base != 5)
			sum += *gpr(access, base | access->rex_b);
	} else if (mod == 0 && base == 5) {
		sum += access->regs.ip + insn->length;
	} else {
		sum += *gpr(access, base | access->rex_b);
	}

	*addr = linear(access, sum);
	return true;
}

/*
 * Arithmetic
 */

enum alu { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP };

static u64 alu_flags(u64 result, unsigned int size)
{
	u64 flags = 0;

	if (!truncate(result, size))
		flags |= X86_EFLAGS_ZF;
	if (result >> (8 * size - 1) & 1)
		flags |= X86_EFLAGS_SF;
	if (!(hweight8((u8)result) & 1))
		flags |= X86_EFLAGS_PF;
	return flags;
}

/* @a op @b, both truncated to @size; the flags of it are set. */
static u64 alu(struct access *access, enum alu op, unsigned int size, u64 a,
	       u64 b)
{
	unsigned int top = 8 * size - 1;
	u64 carry = access->regs.flags & X86_EFLAGS_CF;
	u64 flags = 0, overflow = 0;
	bool carries = false;
	u64 result;

	switch (op) {
	case ADD:
	case ADC:
		if (op == ADD)
			carry = 0;
		result = truncate(a + b + carry, size);
		carries = result < a || (carry && result == a);
		overflow = (a ^ result) & (b ^ result);
		break;
	case SUB:
	case SBB:
	case CMP:
		if (op != SBB)
			carry = 0;
		result = truncate(a - b - carry, size);
		carries = a < b || (carry && a == b);
		overflow = (a ^ b) & (a ^ result);
		break;
	case OR:
		result = a | b;
		break;
	case AND:
		result = a & b;
		break;
	case XOR:
	default:
		result = a ^ b;
		break;
	}

	flags = alu_flags(result, size);
	if (op != OR && op != AND && op != XOR) {
		flags |= carries ? X86_EFLAGS_CF : 0;
		flags |= overflow >> top & 1 ? X86_EFLAGS_OF : 0;
		flags |= (a ^ b ^ result) & 0x10 ? X86_EFLAGS_AF : 0;
	}
	access->regs.flags &= ~FLAGS_ARITHMETIC;
	access->regs.flags |= flags;
	return result;
}

/* INC and DEC do not change CF. */
static u64 alu_by_one(struct access *access, enum alu op, unsigned int size,
		      u64 a)
{
	u64 carry = access->regs.flags & X86_EFLAGS_CF;
	u64 result = alu(access, op, size, a, 1);

	access->regs.flags &= ~X86_EFLAGS_CF;
	access->regs.flags |= carry;
	return result;
}

/* SDM volume 1, appendix B: condition codes. */
static bool condition(const struct access *access, unsigned int code)
{
	unsigned long flags = access->regs.flags;
	bool signs = !(flags & X86_EFLAGS_SF) != !(flags & X86_EFLAGS_OF);
	bool holds = false;

	switch (code >> 1 & 7) {
	case 0:
		holds = flags & X86_EFLAGS_OF;
		break;
	case 1:
		holds = flags & X86_EFLAGS_CF;
		break;
	case 2:
		holds = flags & X86_EFLAGS_ZF;
		break;
	case 3:
		holds = flags & (X86_EFLAGS_CF | X86_EFLAGS_ZF);
		break;
	case 4:
		holds = flags & X86_EFLAGS_SF;
		break;
	case 5:
		holds = flags & X86_EFLAGS_PF;
		break;
	case 6:
		holds = signs;
		break;
	case 7:
		holds = signs || flags & X86_EFLAGS_ZF;
		break;
	}
	return holds != (code & 1);
}

/*
 * Instructions with general registers
 */

/* A result for memory, whose old contents were read already. */
static int put(const struct access *access, unsigned long addr,
	       unsigned int size, u64 value)
{
	return mem_write(access, addr, &value, size);
}

static int do_alu(struct access *access, unsigned long addr, unsigned int size)
{
	enum alu op = access->opcode >> 3 & 7;
	bool to_memory = !(access->opcode & 2);
	u64 mem, reg;

	if (mem_get(access, addr, size, &mem))
		return -EFAULT;
	reg = reg_get(access, modrm_reg(access), size);

	if (!to_memory) {
		reg = alu(access, op, size, reg, mem);
		if (op != CMP)
			reg_set(access, modrm_reg(access), size, reg);
		return 0;
	}
	mem = alu(access, op, size, mem, reg);
	return op == CMP ? 0 : put(access, addr, size, mem);
}

static int do_alu_immediate(struct access *access, unsigned long addr,
			    unsigned int size)
{
	enum alu op = X86_MODRM_REG(access->insn.modrm.value);
	u64 b = truncate((long)access->insn.immediate.value, size);
	u64 mem;

	if (mem_get(access, addr, size, &mem))
		return -EFAULT;
	mem = alu(access, op, size, mem, b);
	return op == CMP ? 0 : put(access, addr, size, mem);
}

/* TEST, NOT and NEG; and of their group MUL and DIV are left out. */
static int do_group3(struct access *access, unsigned long addr,
		     unsigned int size)
{
	u64 mem;

	if (mem_get(access, addr, size, &mem))
		return -EFAULT;

	switch (X86_MODRM_REG(access->insn.modrm.value)) {
	case 0:
	case 1:
		alu(access, AND, size, mem,
		    truncate((long)access->insn.immediate.value, size));
		return 0;
	case 2:
		return put(access, addr, size, ~mem);
	case 3:
		return put(access, addr, size, alu(access, SUB, size, 0, mem));
	default:
		return -EOPNOTSUPP;
	}
}

static int do_incdec(struct access *access, unsigned long addr,
		     unsigned int size)
{
	unsigned int which = X86_MODRM_REG(access->insn.modrm.value);
	u64 mem;

	if (which > 1)
		return -EOPNOTSUPP;
	if (mem_get(access, addr, size, &mem))
		return -EFAULT;
	return put(access, addr, size,
		   alu_by_one(access, which ? SUB : ADD, size, mem));
}

static int do_load(struct access *access, unsigned long addr, unsigned int from,
		   unsigned int to, bool is_signed)
{
	u64 mem;

	if (mem_get(access, addr, from, &mem))
		return -EFAULT;
	if (is_signed)
		mem = sign_extend64(mem, 8 * from - 1);
	reg_set(access, modrm_reg(access), to, mem);
	return 0;
}

static int do_store(struct access *access, unsigned long addr,
		    unsigned int size)
{
	return put(access, addr, size,
		   reg_get(access, modrm_reg(access), size));
}

/* XCHG and XADD. */
static int do_exchange(struct access *access, unsigned long addr,
		       unsigned int size, bool adds)
{
	u64 mem, reg;

	if (mem_get(access, addr, size, &mem))
		return -EFAULT;
	reg = reg_get(access, modrm_reg(access), size);
	if (adds)
		reg = alu(access, ADD, size, mem, reg);
	reg_set(access, modrm_reg(access), size, mem);
	return put(access, addr, size, reg);
}

static int do_cmpxchg(struct access *access, unsigned long addr,
		      unsigned int size)
{
	u64 mem, acc = reg_get(access, 0, size);

	if (mem_get(access, addr, size, &mem))
		return -EFAULT;
	alu(access, CMP, size, acc, mem);
	if (acc == mem)
		return do_store(access, addr, size);
	reg_set(access, 0, size, mem);
	return 0;
}

/* MOV between the accumulator and an address in the instruction. */
static int do_moffs(struct access *access, unsigned int size)
{
	unsigned long addr = (u32)access->insn.moffset1.value;
	u64 mem;

	if (access->insn.addr_bytes == 8)
		addr |= (unsigned long)access->insn.moffset2.value << 32;
	addr = linear(access, addr);

	if (access->opcode & 2)
		return put(access, addr, size, reg_get(access, 0, size));
	if (mem_get(access, addr, size, &mem))
		return -EFAULT;
	reg_set(access, 0, size, mem);
	return 0;
}

/*
 * String instructions. Carried out is some of what they have to do, and with
 * RIP where it is the thread does the rest, after interrupts and signals.
 */

/* How many elements are in one page, at one or two addresses. */
static unsigned long string_piece(const struct access *access,
				  unsigned long count, unsigned int size,
				  unsigned long a, unsigned long b)
{
	count = min_t(unsigned long, count, STRING_PIECE / size);
	if (access->regs.flags & X86_EFLAGS_DF)
		count = 1;
	count = min(count, (PAGE_SIZE - offset_in_page(a)) / size);
	count = min(count, (PAGE_SIZE - offset_in_page(b)) / size);
	return max(count, 1UL);
}

/* MOVS, STOS, LODS: @count elements. Returns how many were done. */
static unsigned long string_move(struct access *access, unsigned int size,
				 unsigned long count)
{
	bool loads = (access->opcode & ~1) != 0xaa;
	bool stores = (access->opcode & ~1) != 0xac;
	struct pt_regs *regs = &access->regs;
	bool down = regs->flags & X86_EFLAGS_DF;
	unsigned long done = 0, piece, i;
	u8 buf[STRING_PIECE];
	long step;

	while (done < count) {
		piece = string_piece(access, count - done, size,
				     loads ? regs->si : regs->di,
				     stores ? regs->di : regs->si);
		for (i = 0; !loads && i < piece; i++)
			memcpy(buf + i * size, &regs->ax, size);
		if (loads && mem_read(access, regs->si, buf, piece * size))
			break;
		if (stores && mem_write(access, regs->di, buf, piece * size))
			break;
		if (!stores) {
			u64 last = 0;

			memcpy(&last, buf + (piece - 1) * size, size);
			reg_set(access, 0, size, last);
		}
		step = piece * size;
		if (loads)
			regs->si += down ? -step : step;
		if (stores)
			regs->di += down ? -step : step;
		done += piece;
	}
	return done;
}

/* CMPS and SCAS: an element. */
static int string_compare(struct access *access, unsigned int size)
{
	bool scans = (access->opcode & ~1) == 0xae;
	struct pt_regs *regs = &access->regs;
	long step = regs->flags & X86_EFLAGS_DF ? -(long)size : size;
	u64 a, b;

	if (scans)
		a = reg_get(access, 0, size);
	else if (mem_get(access, regs->si, size, &a))
		return -EFAULT;
	if (mem_get(access, regs->di, size, &b))
		return -EFAULT;
	alu(access, CMP, size, a, b);
	if (!scans)
		regs->si += step;
	regs->di += step;
	return 0;
}

static int do_string(struct access *access, unsigned int size)
{
	bool compares = (access->opcode & ~1) == 0xa6 ||
			(access->opcode & ~1) == 0xae;
	struct pt_regs *regs = &access->regs;
	unsigned long count = access->rep ? regs->cx : 1;
	unsigned long done = 0, now = min(count, PAGE_SIZE / size);
	bool ends = false;

	if (access->seg || access->insn.addr_bytes != 8)
		return -EOPNOTSUPP;

	if (!compares) {
		done = string_move(access, size, now);
	} else {
		while (done < now && !ends) {
			if (string_compare(access, size))
				break;
			done++;
			/* REPE goes on while ZF, REPNE while not. */
			ends = access->rep && !(regs->flags & X86_EFLAGS_ZF) ==
						      (access->rep == 0xf3);
		}
	}
	if (!done && count)
		return -EFAULT;

	if (access->rep)
		regs->cx -= done;
	if (!ends && access->rep && regs->cx)
		/* To be continued: see access_commit(). */
		regs->ip -= access->insn.length;
	return 0;
}

static int do_one_byte(struct access *access)
{
	u8 op = access->opcode;
	unsigned int size = op & 1 ? access->insn.opnd_bytes : 1;
	unsigned long addr;

	switch (op) {
	case 0xa0 ... 0xa3:
		return do_moffs(access, size);
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		return do_string(access, size);
	}

	if (!operand_address(access, &addr))
		return -EOPNOTSUPP;

	switch (op) {
	case 0x00 ... 0x3f:
		return op & 4 ? -EOPNOTSUPP : do_alu(access, addr, size);
	case 0x63:
		size = access->insn.opnd_bytes;
		return do_load(access, addr, min(size, 4U), size, true);
	case 0x80:
	case 0x81:
	case 0x83:
		return do_alu_immediate(access, addr, size);
	case 0x84:
	case 0x85: {
		u64 mem;

		if (mem_get(access, addr, size, &mem))
			return -EFAULT;
		alu(access, AND, size, mem,
		    reg_get(access, modrm_reg(access), size));
		return 0;
	}
	case 0x86:
	case 0x87:
		return do_exchange(access, addr, size, false);
	case 0x88:
	case 0x89:
		return do_store(access, addr, size);
	case 0x8a:
	case 0x8b:
		return do_load(access, addr, size, size, false);
	case 0xc6:
	case 0xc7:
		if (X86_MODRM_REG(access->insn.modrm.value))
			return -EOPNOTSUPP;
		return put(access, addr, size,
			   (long)access->insn.immediate.value);
	case 0xf6:
	case 0xf7:
		return do_group3(access, addr, size);
	case 0xfe:
	case 0xff:
		return do_incdec(access, addr, size);
	default:
		return -EOPNOTSUPP;
	}
}

static int do_two_bytes(struct access *access, unsigned long addr)
{
	u8 op = access->opcode;
	unsigned int opnd = access->insn.opnd_bytes;
	unsigned int size = op & 1 ? opnd : 1;
	u64 mem;

	switch (op) {
	case 0x40 ... 0x4f:
		if (mem_get(access, addr, opnd, &mem))
			return -EFAULT;
		if (!condition(access, op))
			mem = reg_get(access, modrm_reg(access), opnd);
		reg_set(access, modrm_reg(access), opnd, mem);
		return 0;
	case 0x90 ... 0x9f:
		return put(access, addr, 1, condition(access, op));
	case 0xb0:
	case 0xb1:
		return do_cmpxchg(access, addr, size);
	case 0xb6:
	case 0xb7:
		return do_load(access, addr, op & 1 ? 2 : 1, opnd, false);
	case 0xbe:
	case 0xbf:
		return do_load(access, addr, op & 1 ? 2 : 1, opnd, true);
	case 0xc0:
	case 0xc1:
		return do_exchange(access, addr, size, true);
	case 0xc3:
		return do_store(access, addr, opnd);
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * Vector instructions
 */

/* A load to @n bytes at @at of a register; the rest is cleared, or kept. */
static int vector_load(struct access *access, unsigned long addr,
		       unsigned int at, unsigned int n, bool keeps)
{
	u8 mem[SGX_VECTOR_SIZE];

	if (mem_read(access, addr, mem, n))
		return -EFAULT;

	sgx_vector_get(modrm_reg(access), access->value);
	if (keeps && access->vex)
		sgx_vector_get(access->vvvv, access->value);
	if (!keeps)
		memset(access->value, 0, 16);
	if (access->vex)
		memset(access->value + 16, 0, SGX_VECTOR_SIZE - 16);
	memcpy(access->value + at, mem, n);
	access->vector_set = true;
	return 0;
}

static int vector_store(struct access *access, unsigned long addr,
			unsigned int at, unsigned int n)
{
	u8 value[SGX_VECTOR_SIZE];

	sgx_vector_get(modrm_reg(access), value);
	return mem_write(access, addr, value + at, n);
}

static bool vector_equal(const u8 *a, const u8 *b, unsigned int lane)
{
	return !memcmp(a, b, lane);
}

static int vector_binary(struct access *access, unsigned long addr)
{
	unsigned int lane = 1U << (access->opcode & 3);
	u8 a[SGX_VECTOR_SIZE], b[SGX_VECTOR_SIZE];
	u8 *value = access->value;
	unsigned int i;

	if (mem_read(access, addr, b, access->bytes))
		return -EFAULT;
	sgx_vector_get(access->vex ? access->vvvv : modrm_reg(access), a);
	sgx_vector_get(modrm_reg(access), value);
	if (access->vex)
		memset(value, 0, SGX_VECTOR_SIZE);

	for (i = 0; i < access->bytes; i++) {
		switch (access->opcode) {
		case 0x74 ... 0x76: /* PCMPEQB, PCMPEQW, PCMPEQD */
			value[i] = vector_equal(a + round_down(i, lane),
						b + round_down(i, lane), lane)
					   ? 0xff
					   : 0;
			break;
		case 0xda: /* PMINUB */
			value[i] = min(a[i], b[i]);
			break;
		case 0xde: /* PMAXUB */
			value[i] = max(a[i], b[i]);
			break;
		case 0xdb: /* PAND */
			value[i] = a[i] & b[i];
			break;
		case 0xdf: /* PANDN */
			value[i] = ~a[i] & b[i];
			break;
		case 0xeb: /* POR */
			value[i] = a[i] | b[i];
			break;
		case 0xef: /* PXOR */
			value[i] = a[i] ^ b[i];
			break;
		}
	}
	access->vector_set = true;
	return 0;
}

/* What there is of an opcode of the map 0F, with each mandatory prefix. */
#define OP(opcode, pp) ((opcode) << 2 | (pp))

static int do_vector(struct access *access, unsigned long addr)
{
	unsigned int bytes = access->bytes;
	unsigned int word = access->insn.opnd_bytes == 8 ? 8 : 4;

	switch (OP(access->opcode, access->pp)) {
	case OP(0x10, PP_NONE): /* MOVUPS */
	case OP(0x10, PP_66):	/* MOVUPD */
	case OP(0x28, PP_NONE): /* MOVAPS */
	case OP(0x28, PP_66):	/* MOVAPD */
	case OP(0x6f, PP_66):	/* MOVDQA */
	case OP(0x6f, PP_F3):	/* MOVDQU */
	case OP(0xf0, PP_F2):	/* LDDQU */
		return vector_load(access, addr, 0, bytes, false);
	case OP(0x11, PP_NONE):
	case OP(0x11, PP_66):
	case OP(0x29, PP_NONE):
	case OP(0x29, PP_66):
	case OP(0x7f, PP_66):
	case OP(0x7f, PP_F3):
	case OP(0x2b, PP_NONE): /* MOVNTPS */
	case OP(0x2b, PP_66):	/* MOVNTPD */
	case OP(0xe7, PP_66):	/* MOVNTDQ */
		return vector_store(access, addr, 0, bytes);
	case OP(0x10, PP_F3): /* MOVSS */
		return vector_load(access, addr, 0, 4, false);
	case OP(0x10, PP_F2): /* MOVSD */
	case OP(0x7e, PP_F3): /* MOVQ */
		return vector_load(access, addr, 0, 8, false);
	case OP(0x6e, PP_66): /* MOVD, MOVQ */
		return vector_load(access, addr, 0, word, false);
	case OP(0x12, PP_NONE): /* MOVLPS */
	case OP(0x12, PP_66):	/* MOVLPD */
		return vector_load(access, addr, 0, 8, true);
	case OP(0x16, PP_NONE): /* MOVHPS */
	case OP(0x16, PP_66):	/* MOVHPD */
		return vector_load(access, addr, 8, 8, true);
	case OP(0x11, PP_F3):
		return vector_store(access, addr, 0, 4);
	case OP(0x7e, PP_66):
		return vector_store(access, addr, 0, word);
	case OP(0x11, PP_F2):
	case OP(0xd6, PP_66): /* MOVQ */
	case OP(0x13, PP_NONE):
	case OP(0x13, PP_66):
		return vector_store(access, addr, 0, 8);
	case OP(0x17, PP_NONE):
	case OP(0x17, PP_66):
		return vector_store(access, addr, 8, 8);
	case OP(0x74, PP_66):
	case OP(0x75, PP_66):
	case OP(0x76, PP_66):
	case OP(0xda, PP_66):
	case OP(0xdb, PP_66):
	case OP(0xde, PP_66):
	case OP(0xdf, PP_66):
	case OP(0xeb, PP_66):
	case OP(0xef, PP_66):
		return vector_binary(access, addr);
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * The whole
 */

static void decode_vex(struct access *access)
{
	const struct insn_field *vex = &access->insn.vex_prefix;
	u8 last = vex->bytes[vex->nbytes - 1];

	/* The bits that name registers are inverted. */
	access->vex = true;
	access->map = insn_vex_m_bits(&access->insn);
	access->pp = last & 3;
	access->vvvv = ~last >> 3 & 15;
	access->bytes = last & 4 ? 32 : 16;
	access->opcode = access->insn.opcode.bytes[0];
	access->rex_r = vex->bytes[1] & 0x80 ? 0 : 8;
	if (vex->nbytes == 3) {
		access->rex_x = vex->bytes[1] & 0x40 ? 0 : 8;
		access->rex_b = vex->bytes[1] & 0x20 ? 0 : 8;
	}
}

static void decode_legacy(struct access *access)
{
	const struct insn *insn = &access->insn;
	u8 rex = insn->rex_prefix.value;

	access->opcode = insn->opcode.bytes[insn->opcode.nbytes - 1];
	access->map = insn->opcode.nbytes - 1;
	if (insn->opcode.nbytes == 3 && insn->opcode.bytes[1] == 0x3a)
		access->map = MAP_0F3A;
	access->bytes = 16;
	access->rex_r = X86_REX_R(rex) ? 8 : 0;
	access->rex_x = X86_REX_X(rex) ? 8 : 0;
	access->rex_b = X86_REX_B(rex) ? 8 : 0;
}

static void decode_prefixes(struct access *access)
{
	const struct insn *insn = &access->insn;
	unsigned int i;

	/* There is one of each kind, and 0 where there is none. */
	for (i = 0; i < ARRAY_SIZE(insn->prefixes.bytes); i++) {
		u8 prefix = insn->prefixes.bytes[i];

		switch (prefix) {
		case 0x64:
		case 0x65:
			access->seg = prefix;
			break;
		case 0x66:
			if (!access->rep)
				access->pp = PP_66;
			break;
		case 0xf2:
		case 0xf3:
			access->rep = prefix;
			access->pp = prefix == 0xf2 ? PP_F2 : PP_F3;
			break;
		}
	}
}

static int access_decode(struct access *access)
{
	u8 bytes[MAX_INSN_SIZE];
	unsigned int len;
	int ret;

	len = sizeof(bytes) - copy_from_user(bytes,
					     (void __user *)access->regs.ip,
					     sizeof(bytes));
	if (!decoder)
		return -EOPNOTSUPP;
	ret = len ? decode(&access->insn, bytes, len) : -ENODATA;
	/* What is missing of it the enclave brings back by executing it. */
	if (ret == -ENODATA && len < sizeof(bytes) && access->abort->encl)
		return -EAGAIN;
	if (ret)
		return -EOPNOTSUPP;

	/* The prefixes of AVX-512 and of APX are longer. */
	if (access->insn.vex_prefix.nbytes > 3 ||
	    access->insn.rex_prefix.nbytes > 1)
		return -EOPNOTSUPP;

	decode_prefixes(access);
	if (access->insn.vex_prefix.nbytes)
		decode_vex(access);
	else
		decode_legacy(access);
	return 0;
}

static int access_carry_out(struct access *access)
{
	unsigned long addr;
	int ret = -EOPNOTSUPP;

	if (access->map == MAP_ONE)
		return do_one_byte(access);
	if (!operand_address(access, &addr))
		return -EOPNOTSUPP;

	switch (access->map) {
	case MAP_0F:
		if (!access->vex)
			ret = do_two_bytes(access, addr);
		return ret == -EOPNOTSUPP ? do_vector(access, addr) : ret;
	case MAP_0F38:
		/* MOVNTDQA */
		if (access->opcode == 0x2a && access->pp == PP_66)
			return vector_load(access, addr, 0, access->bytes,
					   false);
		return -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}

/* Whether the thread is where it was when it faulted. */
static bool access_is_current(const struct sgx_thread *thread,
			      const struct sgx_abort *abort)
{
	const struct sgx_epcm *secs = thread->cpu.secs;
	struct sgx_encl *encl = secs ? sgx_secs_encl(secs) : NULL;

	return task_pt_regs(current)->ip == abort->ip && encl == abort->encl;
}

static bool access_stays(const struct sgx_thread *thread,
			 const struct sgx_abort *abort)
{
	bool stays;

	local_irq_disable();
	stays = access_is_current(thread, abort);
	local_irq_enable();
	return stays;
}

static void access_commit(struct sgx_thread *thread, struct access *access)
{
	access->regs.ip += access->insn.length;
	access->regs.flags &= ~X86_EFLAGS_RF;

	/* Switched out, or kicked, the thread leaves the enclave. */
	local_irq_disable();
	if (access_is_current(thread, access->abort)) {
		if (access->vector_set)
			sgx_vector_set(modrm_reg(access), access->value,
				       access->vex);
		*task_pt_regs(current) = access->regs;
	}
	local_irq_enable();
}

/**
 * sgx_abort_access() - carry out the access that faulted
 * @thread:	running thread, whose &sgx_thread.abort says which
 *
 * If it cannot be, the thread executes it once more and then gets its exception.
 * If the thread has left the enclave meanwhile, that is why it cannot be.
 *
 * The instruction, and what it reads and writes of the enclave itself, need not be
 * in the page tables: a page fault of the kernel brings it in, without an AEX.
 *
 * Context: the running thread before it returns to user mode; may sleep.
 */
void sgx_abort_access(struct sgx_thread *thread)
{
	struct sgx_abort *abort = &thread->abort;
	struct pt_regs *regs = task_pt_regs(current);
	struct access access = { .abort = abort };
	int ret;

	abort->pending = false;
	local_irq_disable();
	ret = access_is_current(thread, abort) ? 0 : -EAGAIN;
	access.regs = *regs;
	local_irq_enable();
	if (ret)
		return;

	abort->running = abort->encl;
	if (user_64bit_mode(regs))
		ret = access_decode(&access);
	else
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = access_carry_out(&access);
	abort->running = NULL;
	if (!ret)
		access_commit(thread, &access);
	else if (ret != -EAGAIN && access_stays(thread, abort))
		abort->refused = true;
}
