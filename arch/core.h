/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The SGX architecture as a library: a platform (struct sgx_core), its logical
 * processors (struct sgx_cpu), its EPC pages (struct sgx_epcm), and a function
 * for each leaf of ENCLS and ENCLU. It knows no operating system: a struct of
 * callbacks supplies pages, translations, registers and random bytes, and
 * decides nothing.
 *
 * Outcome of a leaf. Every leaf returns an int:
 *
 *   0			success (SGX_SUCCESS)
 *   1 .. 0xffff	an error code of the SDM (enum sgx_error): what the leaf
 *			leaves in RAX. ENCLS leaves return it; sgx_enclu() puts
 *			it in RAX itself and returns 0.
 *   SGX_FAULT | v	the leaf faulted with vector v; &sgx_cpu.fault has the
 *			error code and the address
 *   SGX_RETRY		a callback asked for the leaf to be executed again. It
 *			comes only from the callbacks, and a leaf changes
 *			nothing before its last translation, so that executing
 *			it again is right.
 *
 * The three kinds are disjoint; a host's own errors (errno) are negative and
 * never pass through here.
 *
 * Concurrency. Leaves may run on many logical processors at once. Each EPCM
 * entry has a lock word that is only ever tried, never waited for, as in the
 * SDM's tables of concurrency restrictions: the loser gets #GP or
 * SGX_EPC_PAGE_CONFLICT, whichever its leaf names.
 */
#ifndef SOFTSGX_CORE_H
#define SOFTSGX_CORE_H

#include "sgx.h"

#define SGX_FAULT	0x40000000
#define SGX_RETRY	0x20000000

static inline bool sgx_faulted(int ret)
{
	return ret & SGX_FAULT;
}

static inline u8 sgx_fault_vector(int ret)
{
	return ret & 0xff;
}

/*
 * EPCM.state: the bits of SECINFO.FLAGS (R, W, X, PENDING, MODIFIED, PR, PT)
 * where SECINFO has them, two more, and the low bits of the enclave's epoch in
 * which a change was made that needs tracking, see sgx_epcm_tracked(). One
 * word, so that it can be read atomically while another processor changes it.
 */
#define SGX_EPCM_R		(1U << 0)
#define SGX_EPCM_W		(1U << 1)
#define SGX_EPCM_X		(1U << 2)
#define SGX_EPCM_RWX		(SGX_EPCM_R | SGX_EPCM_W | SGX_EPCM_X)
#define SGX_EPCM_PENDING	(1U << 3)
#define SGX_EPCM_MODIFIED	(1U << 4)
#define SGX_EPCM_PR		(1U << 5)
/* A free page whose contents are zero, as the host says for an EAUG. */
#define SGX_EPCM_ZERO		(1U << 6)
#define SGX_EPCM_PT_SHIFT	8
#define SGX_EPCM_PT		(0xffU << SGX_EPCM_PT_SHIFT)
#define SGX_EPCM_VALID		(1U << 16)
#define SGX_EPCM_BLOCKED	(1U << 17)
#define SGX_EPCM_EPOCH_SHIFT	18
#define SGX_EPCM_EPOCH		(0x3fffU << SGX_EPCM_EPOCH_SHIFT)

/**
 * struct sgx_epcm - an EPC page and its entry in the Enclave Page Cache Map
 * @page:	contents, SGX_PAGE_SIZE bytes, aligned to that; set by the host
 *		before the page is first given to a leaf
 * @secs:	ENCLAVESECS, NULL for a page of type PT_SECS or PT_VA
 * @addr:	ENCLAVEADDRESS
 * @state:	SGX_EPCM_*; 0, or SGX_EPCM_ZERO alone, is an invalid (free) entry.
 *		Read and written with sgx_epcm_state() and sgx_epcm_set_state()
 * @lock:	who operates on the page, see epcm.h
 *
 * A host embeds this in what it knows of a page of its EPC. A zeroed entry
 * with @page set is a free page.
 */
struct sgx_epcm {
	void *page;
	struct sgx_epcm *secs;
	u64 addr;
	u32 state;
	u32 lock;
};

/*
 * struct sgx_regs - general registers of a logical processor in 64-bit mode
 *
 * In the order in which x86-64 systems that push all registers have them, so
 * that a host with such a frame (Linux: struct pt_regs) passes it as it is.
 * The three fields that SGX has no use for are not touched.
 */
struct sgx_regs {
	u64 r15;
	u64 r14;
	u64 r13;
	u64 r12;
	u64 rbp;
	u64 rbx;
	u64 r11;
	u64 r10;
	u64 r9;
	u64 r8;
	u64 rax;
	u64 rcx;
	u64 rdx;
	u64 rsi;
	u64 rdi;
	u64 unused1;
	u64 rip;
	u64 unused2;
	u64 rflags;
	u64 rsp;
	u64 unused3;
};

/**
 * struct sgx_fault - a fault to be delivered at the current instruction
 * @vector:	exception vector
 * @errcd:	error code, as the processor pushes it
 * @addr:	faulting address (CR2) of a #PF, otherwise 0
 */
struct sgx_fault {
	u8 vector;
	u32 errcd;
	u64 addr;
};

/* An XSAVE area in an SSA frame has at most this many pages. */
#define SGX_XSAVE_PAGES	4

/* And with the page of the GPR area a frame has at most these. */
#define SGX_FRAME_PAGES (SGX_XSAVE_PAGES + 1)

/* No page starts there. */
#define SGX_NOWHERE (~0ULL)

/**
 * struct sgx_target - where an entry goes
 * @rip:	where execution goes on
 * @fsbase:	FS base inside
 * @gsbase:	GS base inside
 */
struct sgx_target {
	u64 rip;
	u64 fsbase;
	u64 gsbase;
};

/**
 * struct sgx_last - what the last entry of a logical processor saw
 * @tcs_la:	RBX of that entry, SGX_NOWHERE if nothing is remembered
 * @enter_la:	the same if it went to TCS.OENTRY, and @to has thus been checked;
 *		SGX_NOWHERE if not
 * @secs:	ENCLAVESECS of the TCS
 * @epoch:	of the enclave
 * @tcs_state:	&sgx_epcm.state of the TCS
 * @flags:	TCS.FLAGS
 * @frame:	which SSA frame @gprsgx and @xsave of &struct sgx_cpu are of
 * @to:		where TCS.OENTRY, OFSBASE and OGSBASE are
 * @pages:	number of EPC pages in which that frame was looked up
 * @page:	these pages
 * @state:	their &sgx_epcm.state
 *
 * An entry by the same TCS with the same frame finds the same again, unless one
 * of the words has changed that are compared then, see enter.c, or a
 * translation of these pages is void, of which the host tells with
 * sgx_forget().
 */
struct sgx_last {
	u64 tcs_la;
	u64 enter_la;
	struct sgx_epcm *secs;
	u64 epoch;
	u32 tcs_state;
	u32 frame;
	u64 flags;
	struct sgx_target to;
	unsigned int pages;
	struct sgx_epcm *page[SGX_FRAME_PAGES];
	u32 state[SGX_FRAME_PAGES];
};

struct sgx_core;

/**
 * struct sgx_cpu - a logical processor
 * @core:		the platform it belongs to
 * @regs:		registers of the interrupted program; the host sets it
 *			before each call that uses registers
 * @fault:		filled in when a leaf faults
 * @enclu_len:		length of the ENCLU at RIP: SGX_ENCLU_LEN, and that of the
 *			prefixes that it may have; the host sets it
 * @lepubkeyhash:	IA32_SGXLEPUBKEYHASH0..3
 * @secs:		CR_ACTIVE_SECS while in enclave mode, otherwise NULL:
 *			this is CR_ENCLAVE_MODE too. Other processors read it,
 *			see &sgx_host_ops.oldest_epoch
 * @tcs:		CR_TCS_PA
 * @tcs_la:		CR_TCS_LA
 * @base:		CR_ELRANGE, first address
 * @size:		CR_ELRANGE, bytes
 * @epoch:		&sgx_secs_hidden.epoch at entry; valid while @secs is set
 * @gprsgx:		CR_GPR_PA, the GPR area of the frame that an AEX fills
 * @xsave:		CR_XSAVE_PAGE_n of that frame
 * @xsave_pages:	how many of @xsave are in use
 * @fsbase:		FS base inside, see below
 * @gsbase:		GS base inside
 * @save_fsbase:	CR_SAVE_FS_base
 * @save_gsbase:	CR_SAVE_GS_base
 * @save_tf:		CR_SAVE_TF, as the bit in RFLAGS
 * @dbgoptin:		CR_DBGOPTIN
 * @last:		what the last entry saw; @tcs to @xsave_pages go with it
 *
 * FS and GS base are the host's to exchange, for it knows how that is done
 * fast: after a leaf that has entered an enclave (@secs is set) it saves the
 * processor's in @save_fsbase and @save_gsbase and loads @fsbase and @gsbase;
 * before sgx_aex() it stores the processor's in @fsbase and @gsbase; after an
 * AEX or a leaf that has left the enclave it loads @save_fsbase and
 * @save_gsbase.
 *
 * Belongs to the thread or processor that runs it: no lock. A host that
 * multiplexes threads keeps one per thread. What an AEX needs is cached here
 * by the entry, and an AEX therefore cannot fail.
 */
struct sgx_cpu {
	struct sgx_core *core;
	struct sgx_regs *regs;
	struct sgx_fault fault;
	u32 enclu_len;
	u8 lepubkeyhash[32];

	struct sgx_epcm *secs;
	struct sgx_epcm *tcs;
	u64 tcs_la;
	u64 base;
	u64 size;
	u64 epoch;
	struct sgx_gprsgx *gprsgx;
	void *xsave[SGX_XSAVE_PAGES];
	unsigned int xsave_pages;
	u64 fsbase;
	u64 gsbase;
	u64 save_fsbase;
	u64 save_gsbase;
	u64 save_tf;
	bool dbgoptin;
	struct sgx_last last;
};

/**
 * sgx_forget - have the next entry look up all of its pages
 * @cpu:	a logical processor; not in a leaf, but for &sgx_host_ops.walk
 *
 * For the host to call before an entry when a translation that
 * &sgx_host_ops.walk gave since the last call may have become void: what is
 * mapped there has changed, or may no longer be written.
 *
 * Concurrency: by the thread that @cpu belongs to.
 */
static inline void sgx_forget(struct sgx_cpu *cpu)
{
	cpu->last.tcs_la = SGX_NOWHERE;
	cpu->last.enter_la = SGX_NOWHERE;
}

/**
 * sgx_cpu_init - a new logical processor
 * @cpu:	zero; outside of enclave mode afterwards
 * @core:	the platform it belongs to
 */
static inline void sgx_cpu_init(struct sgx_cpu *cpu, struct sgx_core *core)
{
	cpu->core = core;
	cpu->enclu_len = SGX_ENCLU_LEN;
	sgx_forget(cpu);
}

/**
 * sgx_notified - where has an ERESUME gone
 * @cpu:	a logical processor that has just completed ERESUME
 *
 * Return: true if to TCS.OENTRY, with an AEX notification.
 *
 * Concurrency: by the thread that @cpu belongs to.
 */
static inline bool sgx_notified(const struct sgx_cpu *cpu)
{
	/* With this flag each ERESUME looks everything up. */
	return cpu->last.flags & SGX_TCS_AEXNOTIFY &&
	       cpu->last.enter_la != SGX_NOWHERE;
}

static inline bool sgx_enclave_mode(const struct sgx_cpu *cpu)
{
	return cpu->secs;
}

/* An expanded AES-128 key; the host casts it to its library's type. */
struct sgx_aes_key {
	u64 opaque[64];
};

/*
 * An access of &sgx_host_ops.walk: the processor writes its own state, which is
 * in a TCS or in an SSA frame. (Not a bit of an error code.)
 */
#define SGX_ACCESS_STATE (1U << 31)

/* What the error code of a page fault says of an access. */
static inline u32 sgx_pfec(u32 access)
{
	return access ? SGX_PFEC_W : 0;
}

/**
 * struct sgx_synthetic - what an AEX leaves of the x87 and SSE control state
 * @fcw:	FCW
 * @fsw:	FSW
 * @mxcsr:	MXCSR
 *
 * The state that exceptions are made of is the enclave's, and the system outside
 * looks for an exception of its own making all the same.
 */
struct sgx_synthetic {
	u16 fcw;
	u16 fsw;
	u32 mxcsr;
};

/**
 * struct sgx_host_ops - what the host supplies
 * @epc:	the EPCM entry of the EPC page at host address @addr (page
 *		aligned), NULL when there is no EPC page. It serves the operands
 *		of ENCLS. Where a host's EPC pages are ordinary memory, their
 *		address is &sgx_epcm.page.
 * @walk:	translate the linear address @la (page aligned) of the program
 *		for @access (SGX_PFEC_W or SGX_ACCESS_STATE to write, 0 to
 *		read), as the page tables do. Sets @epcm to the entry of the EPC
 *		page that is mapped there, NULL if ordinary memory is. Returns
 *		0; sgx_pf() with the error code that the page tables give; or
 *		SGX_RETRY. Page tables of a processor do not tell its own writes
 *		from others; a host may.
 * @zap:	the permissions or the state of the EPC page, mapped at
 *		&sgx_epcm.addr, have changed so that translations of it, cached
 *		or in page tables, must not be used any more by the calling
 *		processor
 * @oldest_epoch: the lowest &sgx_cpu.epoch of all processors in enclave mode in
 *		@secs, ~0 if there is none
 * @xsave:	XSAVE of the components @xfrm, standard format, into the @n
 *		pages, followed by their initial state in the processor, but for
 *		what @synthetic says
 * @xrstor:	XRSTOR of the components @xfrm from the @n pages, standard
 *		format. Returns 0, or SGX_FAULT | SGX_VECTOR_GP for a header or
 *		an MXCSR that XRSTOR refuses, and has then changed nothing
 * @random:	fill @buf with random bytes
 * @sha256_blocks: SHA-256 compression of @blocks times 64 bytes into the state
 *		@h (the eight working variables in native order)
 * @aes128_setkey: expand @key
 * @aes128_encrypt: encrypt one block
 * @page_seal:	AES-128-GCM of the @len bytes of @in into @out, with the paging
 *		key (CR_BASE_PK), which the host makes at random at power on,
 *		the nonce @iv and the additional data @aad. Returns 0, or
 *		SGX_RETRY if the host could not, and @out and @mac are then
 *		undefined
 * @page_open:	the reverse. Returns 0, SGX_MAC_COMPARE_FAIL, or SGX_RETRY if
 *		the host could not; unless it returns 0, @out is undefined
 *
 * All are called without any lock of this library held but the EPCM lock words
 * of the leaf, and may be called in atomic context.
 */
struct sgx_host_ops {
	struct sgx_epcm *(*epc)(struct sgx_core *core, u64 addr);
	int (*walk)(struct sgx_cpu *cpu, u64 la, u32 access,
		    struct sgx_epcm **epcm);
	void (*zap)(struct sgx_cpu *cpu, struct sgx_epcm *epcm);
	u64 (*oldest_epoch)(struct sgx_core *core, struct sgx_epcm *secs);
	void (*xsave)(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
		      unsigned int n, const struct sgx_synthetic *synthetic);
	int (*xrstor)(struct sgx_cpu *cpu, u64 xfrm, void *const *pages,
		      unsigned int n);
	void (*random)(struct sgx_core *core, void *buf, size_t len);
	void (*sha256_blocks)(struct sgx_core *core, u32 h[8], const void *data,
			      size_t blocks);
	void (*aes128_setkey)(struct sgx_core *core, struct sgx_aes_key *key,
			      const u8 raw[16]);
	void (*aes128_encrypt)(struct sgx_core *core,
			       const struct sgx_aes_key *key, const u8 in[16],
			       u8 out[16]);
	int (*page_seal)(struct sgx_core *core, const u8 iv[12],
			 const void *aad, size_t aad_len, const void *in,
			 void *out, size_t len, u8 mac[16]);
	int (*page_open)(struct sgx_core *core, const u8 iv[12],
			 const void *aad, size_t aad_len, const void *in,
			 void *out, size_t len, const u8 mac[16]);
};

/**
 * struct sgx_xstate - a component of the XSAVE area, CPUID.(EAX=0DH, ECX=i)
 * @offset:	in the standard format
 * @size:	in bytes, 0 if the processor does not have it
 */
struct sgx_xstate {
	u32 offset;
	u32 size;
};

/**
 * struct sgx_core - a platform: a processor package as SGX sees it
 * @ops:	the host
 * @attributes:	what CPUID.(EAX=12H, ECX=1) allows: FLAGS, and XFRM (the bits
 *		of XCR0)
 * @miscselect:	what CPUID.(EAX=12H, ECX=0):EBX allows
 * @sgx2:	SGX2 leaves exist
 * @xstate:	layout of the XSAVE area; entries 0 and 1 are not used
 * @epc_base:	what CPUID reports as the EPC's physical address
 * @epc_size:	and size, bytes
 * @cpusvn:	CPUSVN
 * @secret:	per-installation secret; stands for the fused keys
 * @owner_epoch: SGX_OWNEREPOCH
 * @report_keyid: CR_REPORT_KEYID, random at power on
 * @next_eid:	last enclave identifier given; atomic
 * @next_version: last version that EWB has given a page; atomic
 *
 * Constant while any leaf may run, but for @next_eid and @next_version. The
 * host fills it in and then calls sgx_core_init().
 */
struct sgx_core {
	const struct sgx_host_ops *ops;
	struct sgx_attributes attributes;
	u32 miscselect;
	bool sgx2;
	struct sgx_xstate xstate[63];
	u64 epc_base;
	u64 epc_size;
	u8 cpusvn[16];
	u8 secret[32];
	u8 owner_epoch[16];
	u8 report_keyid[32];
	u64 next_eid;
	u64 next_version;
};

/**
 * sgx_gp - raise #GP(0)
 * @cpu:	where
 *
 * Return: the outcome for the leaf to return, SGX_FAULT | SGX_VECTOR_GP.
 */
static inline int sgx_gp(struct sgx_cpu *cpu)
{
	cpu->fault = (struct sgx_fault){ .vector = SGX_VECTOR_GP };
	return SGX_FAULT | SGX_VECTOR_GP;
}

/**
 * sgx_pf - raise #PF
 * @cpu:	where
 * @la:		the faulting address, for CR2
 * @errcd:	SGX_PFEC_*
 *
 * Return: the outcome for the leaf to return, SGX_FAULT | SGX_VECTOR_PF.
 */
static inline int sgx_pf(struct sgx_cpu *cpu, u64 la, u32 errcd)
{
	cpu->fault = (struct sgx_fault){ .vector = SGX_VECTOR_PF,
					 .errcd = errcd,
					 .addr = la };
	return SGX_FAULT | SGX_VECTOR_PF;
}

/* CPUID leaf 12H */
#define SGX_CPUID_SGX1		(1U << 0)
#define SGX_CPUID_SGX2		(1U << 1)
#define SGX_CPUID_EDECCSSA	(1U << 11)
#define SGX_CPUID_EPC_SECTION	0x1U
#define SGX_CPUID_EPC_PROTECTED	0x1U

/* SIZE of an enclave is below two to the power of these. */
#define SGX_MAX_SIZE_NOT64	31U
#define SGX_MAX_SIZE_64		46U

/* core.c */
void sgx_core_init(struct sgx_core *core);
u64 sgx_xsave_size(const struct sgx_core *core, u64 xfrm);
void sgx_cpuid(const struct sgx_core *core, u32 subleaf, u32 out[4]);
void sgx_epcm_reset(struct sgx_epcm *epcm);

/* sha256.c */
void sgx_sha256(struct sgx_core *core, const void *data, size_t len,
		u8 out[32]);

/* cmac.c */
void sgx_cmac(struct sgx_core *core, const u8 key[16], const void *data,
	      size_t len, u8 mac[16]);

/* build.c: ENCLS leaves that build and take down an enclave */
int sgx_ecreate(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
		u64 epcpage);
int sgx_eadd(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage);
int sgx_eextend(struct sgx_cpu *cpu, u64 secs, u64 target);
int sgx_eextend_page(struct sgx_cpu *cpu, u64 secs, u64 page);
int sgx_einit(struct sgx_cpu *cpu, const struct sgx_sigstruct *sigstruct,
	      u64 secs, const struct sgx_einittoken *token);
int sgx_eremove(struct sgx_cpu *cpu, u64 epcpage);

/* debug.c */
int sgx_edbgrd(struct sgx_cpu *cpu, u64 addr, u64 *data);
int sgx_edbgwr(struct sgx_cpu *cpu, u64 addr, u64 data);

/* edmm.c: ENCLS and ENCLU leaves of SGX2 */
int sgx_eaug(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage);
int sgx_emodpr(struct sgx_cpu *cpu, const struct sgx_secinfo *secinfo,
	       u64 epcpage);
int sgx_emodt(struct sgx_cpu *cpu, const struct sgx_secinfo *secinfo,
	      u64 epcpage);
int sgx_etrack(struct sgx_cpu *cpu, u64 secs);
int sgx_eaccept(struct sgx_cpu *cpu);
int sgx_eacceptcopy(struct sgx_cpu *cpu);
int sgx_emodpe(struct sgx_cpu *cpu);

/* evict.c: ENCLS leaves that page */
int sgx_epa(struct sgx_cpu *cpu, u64 pt, u64 epcpage);
int sgx_eblock(struct sgx_cpu *cpu, u64 epcpage);
int sgx_ewb(struct sgx_cpu *cpu, struct sgx_pageinfo *pageinfo, u64 epcpage,
	    u64 va);
int sgx_eldu(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage, u64 va);
int sgx_eldb(struct sgx_cpu *cpu, const struct sgx_pageinfo *pageinfo,
	     u64 epcpage, u64 va);

/* enter.c */
int sgx_eenter(struct sgx_cpu *cpu);
int sgx_eresume(struct sgx_cpu *cpu);
int sgx_eexit(struct sgx_cpu *cpu);
int sgx_edeccssa(struct sgx_cpu *cpu);
void sgx_aex(struct sgx_cpu *cpu, const struct sgx_fault *fault);

/* key.c */
int sgx_egetkey(struct sgx_cpu *cpu);
int sgx_ereport(struct sgx_cpu *cpu);

/* enclu.c */
int sgx_enclu_inside(struct sgx_cpu *cpu);

/**
 * sgx_enclu - execute ENCLU with the registers as they are
 * @cpu:	the processor; RIP is at the instruction
 *
 * The leaf number is EAX, the upper half of RAX does not count. EENTER and
 * ERESUME are for outside an enclave, all other leaves for inside.
 *
 * Return: 0 if the instruction completed: RIP is where execution goes on, and a
 * leaf that returns a code has it in RAX with ZF to tell it from success. #GP
 * for a leaf that does not exist, or not on this side; a fault of the leaf, or
 * SGX_RETRY; then no register has changed.
 *
 * Concurrency: by the thread that @cpu belongs to. (SDM, ENCLU)
 */
static inline int sgx_enclu(struct sgx_cpu *cpu)
{
	u32 eax = (u32)cpu->regs->rax;

	if (!sgx_enclave_mode(cpu)) {
		if (eax == SGX_EENTER)
			return sgx_eenter(cpu);
		if (eax == SGX_ERESUME)
			return sgx_eresume(cpu);
		return sgx_gp(cpu);
	}
	if (eax == SGX_EEXIT)
		return sgx_eexit(cpu);
	return sgx_enclu_inside(cpu);
}

#endif /* SOFTSGX_CORE_H */
