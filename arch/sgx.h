/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The data structures, constants and error codes of the SGX architecture, as
 * the SDM, volume 3D, chapter "Enclave Access Control and Data Structures"
 * lays them out. Everything that a program, an enclave or the driver sees of
 * SGX in memory is here, once; the tests and the tools include it too.
 *
 * The ioctl interface of Linux is not here: it is <asm/sgx.h> of the kernel's
 * uapi headers.
 */
#ifndef SOFTSGX_SGX_H
#define SOFTSGX_SGX_H

#include "types.h"

#define SGX_PAGE_SIZE		4096
#define SGX_PAGE_MASK		(~(u64)(SGX_PAGE_SIZE - 1))

/* ENCLU (0F 01 D7) and ENCLS (0F 01 CF) are three bytes long. */
#define SGX_ENCLU_LEN		3

enum sgx_encls_leaf {
	SGX_ECREATE	= 0x00,
	SGX_EADD	= 0x01,
	SGX_EINIT	= 0x02,
	SGX_EREMOVE	= 0x03,
	SGX_EDBGRD	= 0x04,
	SGX_EDBGWR	= 0x05,
	SGX_EEXTEND	= 0x06,
	SGX_ELDB	= 0x07,
	SGX_ELDU	= 0x08,
	SGX_EBLOCK	= 0x09,
	SGX_EPA		= 0x0a,
	SGX_EWB		= 0x0b,
	SGX_ETRACK	= 0x0c,
	SGX_EAUG	= 0x0d,
	SGX_EMODPR	= 0x0e,
	SGX_EMODT	= 0x0f,
};

enum sgx_enclu_leaf {
	SGX_EREPORT	= 0x00,
	SGX_EGETKEY	= 0x01,
	SGX_EENTER	= 0x02,
	SGX_ERESUME	= 0x03,
	SGX_EEXIT	= 0x04,
	SGX_EACCEPT	= 0x05,
	SGX_EMODPE	= 0x06,
	SGX_EACCEPTCOPY	= 0x07,
	SGX_EDECCSSA	= 0x09,
};

/* Error codes that a leaf returns in RAX. */
enum sgx_error {
	SGX_SUCCESS			= 0,
	SGX_INVALID_SIG_STRUCT		= 1,
	SGX_INVALID_ATTRIBUTE		= 2,
	SGX_BLKSTATE			= 3,
	SGX_INVALID_MEASUREMENT		= 4,
	SGX_NOTBLOCKABLE		= 5,
	SGX_PG_INVLD			= 6,
	SGX_EPC_PAGE_CONFLICT		= 7,
	SGX_INVALID_SIGNATURE		= 8,
	SGX_MAC_COMPARE_FAIL		= 9,
	SGX_PAGE_NOT_BLOCKED		= 10,
	SGX_NOT_TRACKED			= 11,
	SGX_VA_SLOT_OCCUPIED		= 12,
	SGX_CHILD_PRESENT		= 13,
	SGX_ENCLAVE_ACT			= 14,
	SGX_ENTRYEPOCH_LOCKED		= 15,
	SGX_INVALID_EINITTOKEN		= 16,
	SGX_PREV_TRK_INCMPL		= 17,
	SGX_PG_IS_SECS			= 18,
	SGX_PAGE_ATTRIBUTES_MISMATCH	= 19,
	SGX_PAGE_NOT_MODIFIABLE		= 20,
	SGX_PAGE_NOT_DEBUGGABLE		= 21,
	SGX_INVALID_CPUSVN		= 32,
	SGX_INVALID_ISVSVN		= 64,
	SGX_UNMASKED_EVENT		= 128,
	SGX_INVALID_KEYNAME		= 256,
};

/* Page types (PT). */
enum sgx_page_type {
	SGX_PT_SECS	= 0,
	SGX_PT_TCS	= 1,
	SGX_PT_REG	= 2,
	SGX_PT_VA	= 3,
	SGX_PT_TRIM	= 4,
	SGX_PT_SS_FIRST	= 5,
	SGX_PT_SS_REST	= 6,
};

/* ATTRIBUTES.FLAGS; the second half of ATTRIBUTES is XFRM. */
#define SGX_ATTR_INIT		(1ULL << 0)
#define SGX_ATTR_DEBUG		(1ULL << 1)
#define SGX_ATTR_MODE64BIT	(1ULL << 2)
#define SGX_ATTR_PROVISIONKEY	(1ULL << 4)
#define SGX_ATTR_EINITTOKEN_KEY	(1ULL << 5)
#define SGX_ATTR_CET		(1ULL << 6)
#define SGX_ATTR_KSS		(1ULL << 7)
#define SGX_ATTR_AEXNOTIFY	(1ULL << 10)

/* What ECREATE accepts, where the platform has it; all else is reserved. */
#define SGX_ATTR_DEFINED                                               \
	(SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY | \
	 SGX_ATTR_EINITTOKEN_KEY | SGX_ATTR_CET | SGX_ATTR_KSS |       \
	 SGX_ATTR_AEXNOTIFY)

/* XFRM, as XCR0: x87 and SSE are always wanted. */
#define SGX_XFRM_LEGACY		0x3ULL

/* MISCSELECT */
#define SGX_MISC_EXINFO		(1U << 0)

/* SECINFO.FLAGS */
#define SGX_SECINFO_FL_R	(1ULL << 0)
#define SGX_SECINFO_FL_W	(1ULL << 1)
#define SGX_SECINFO_FL_X	(1ULL << 2)
#define SGX_SECINFO_FL_RWX \
	(SGX_SECINFO_FL_R | SGX_SECINFO_FL_W | SGX_SECINFO_FL_X)
#define SGX_SECINFO_FL_PENDING	(1ULL << 3)
#define SGX_SECINFO_FL_MODIFIED	(1ULL << 4)
#define SGX_SECINFO_FL_PR	(1ULL << 5)
#define SGX_SECINFO_FL_PT_SHIFT	8
#define SGX_SECINFO_FL_PT	(0xffULL << SGX_SECINFO_FL_PT_SHIFT)
#define SGX_SECINFO_FL_RSVD                              \
	(~(SGX_SECINFO_FL_RWX | SGX_SECINFO_FL_PENDING | \
	   SGX_SECINFO_FL_MODIFIED | SGX_SECINFO_FL_PR | SGX_SECINFO_FL_PT))

/* TCS.FLAGS */
#define SGX_TCS_DBGOPTIN	(1ULL << 0)
#define SGX_TCS_AEXNOTIFY	(1ULL << 1)

/* GPRSGX.AEXNOTIFY */
#define SGX_GPRSGX_AEXNOTIFY	(1U << 0)

/* EXITINFO */
#define SGX_EXITINFO_VECTOR	0xffU
#define SGX_EXITINFO_TYPE_SHIFT	8
#define SGX_EXITINFO_HARDWARE	(3U << SGX_EXITINFO_TYPE_SHIFT)
#define SGX_EXITINFO_SOFTWARE	(6U << SGX_EXITINFO_TYPE_SHIFT)
#define SGX_EXITINFO_VALID	(1U << 31)

/* Exception vectors */
#define SGX_VECTOR_DE		0
#define SGX_VECTOR_DB		1
#define SGX_VECTOR_BP		3
#define SGX_VECTOR_BR		5
#define SGX_VECTOR_UD		6
#define SGX_VECTOR_GP		13
#define SGX_VECTOR_PF		14
#define SGX_VECTOR_MF		16
#define SGX_VECTOR_AC		17
#define SGX_VECTOR_XM		19
#define SGX_VECTOR_CP		21

/* Page-fault error code */
#define SGX_PFEC_P		(1U << 0)
#define SGX_PFEC_W		(1U << 1)
#define SGX_PFEC_U		(1U << 2)
#define SGX_PFEC_I		(1U << 4)
#define SGX_PFEC_SGX		(1U << 15)

/* RFLAGS */
#define SGX_RFLAGS_CF		(1ULL << 0)
#define SGX_RFLAGS_PF		(1ULL << 2)
#define SGX_RFLAGS_AF		(1ULL << 4)
#define SGX_RFLAGS_ZF		(1ULL << 6)
#define SGX_RFLAGS_SF		(1ULL << 7)
#define SGX_RFLAGS_TF		(1ULL << 8)
#define SGX_RFLAGS_DF		(1ULL << 10)
#define SGX_RFLAGS_OF		(1ULL << 11)
#define SGX_RFLAGS_NT		(1ULL << 14)
#define SGX_RFLAGS_RF		(1ULL << 16)
#define SGX_RFLAGS_AC		(1ULL << 18)
#define SGX_RFLAGS_ID		(1ULL << 21)

/* KEYREQUEST.KEYNAME */
enum sgx_key_name {
	SGX_EINITTOKEN_KEY	= 0,
	SGX_PROVISION_KEY	= 1,
	SGX_PROVISION_SEAL_KEY	= 2,
	SGX_REPORT_KEY		= 3,
	SGX_SEAL_KEY		= 4,
};

/* KEYREQUEST.KEYPOLICY */
#define SGX_KEYPOLICY_MRENCLAVE		(1U << 0)
#define SGX_KEYPOLICY_MRSIGNER		(1U << 1)
#define SGX_KEYPOLICY_NOISVPRODID	(1U << 2)
#define SGX_KEYPOLICY_CONFIGID		(1U << 3)
#define SGX_KEYPOLICY_ISVFAMILYID	(1U << 4)
#define SGX_KEYPOLICY_ISVEXTPRODID	(1U << 5)
#define SGX_KEYPOLICY_DEFINED		0x3fU

#define SGX_EEXTEND_BLOCK_SIZE	256
#define SGX_MODULUS_SIZE	384

/**
 * struct sgx_attributes - ATTRIBUTES
 * @flags:	SGX_ATTR_*
 * @xfrm:	the XCR0 that the enclave runs with
 */
struct sgx_attributes {
	u64 flags;
	u64 xfrm;
};

/**
 * struct sgx_secs_hidden - what the processor keeps in a SECS for itself
 * @blocks:		64-byte blocks hashed into MRENCLAVE so far; until EINIT
 *			the field mrenclave holds the state of that hash
 * @eid:		unique number of the enclave (the SECS identifier)
 * @epoch:		current entry epoch, advanced by ETRACK
 * @children:		EPC pages that name this SECS as theirs
 * @isvfamilyid:	from SIGSTRUCT (KSS)
 * @isvextprodid:	from SIGSTRUCT (KSS)
 *
 * It lies in the last bytes of the SECS page, which ECREATE has checked to be
 * zero; no leaf shows a SECS to software.
 */
struct sgx_secs_hidden {
	u64 blocks;
	u64 eid;
	u64 epoch;
	u64 children;
	u8 isvfamilyid[16];
	u8 isvextprodid[16];
};

/* struct sgx_secs - SGX Enclave Control Structure */
struct sgx_secs {
	u64 size;
	u64 baseaddr;
	u32 ssaframesize;
	u32 miscselect;
	u64 cet_leg_bitmap_offset;
	u8 cet_attributes;
	u8 reserved1[15];
	struct sgx_attributes attributes;
	u8 mrenclave[32];
	u8 reserved2[32];
	u8 mrsigner[32];
	u8 reserved3[32];
	u8 configid[64];
	u16 isvprodid;
	u16 isvsvn;
	u16 configsvn;
	u8 reserved4[3834 - sizeof(struct sgx_secs_hidden)];
	struct sgx_secs_hidden hidden;
} __attribute__((packed, aligned(8)));

/* struct sgx_tcs - Thread Control Structure */
struct sgx_tcs {
	u64 state;		/* hidden: SGX_TCS_ACTIVE or 0 */
	u64 flags;
	u64 ossa;
	u32 cssa;
	u32 nssa;
	u64 oentry;
	u64 aep;		/* hidden */
	u64 ofsbase;
	u64 ogsbase;
	u32 fslimit;
	u32 gslimit;
	u64 ocetssa;
	u64 prevssp;
	u8 reserved[4008];
};

#define SGX_TCS_INACTIVE	0ULL
#define SGX_TCS_ACTIVE		1ULL

/* struct sgx_gprsgx - the register area at the top of an SSA frame */
struct sgx_gprsgx {
	u64 rax;
	u64 rcx;
	u64 rdx;
	u64 rbx;
	u64 rsp;
	u64 rbp;
	u64 rsi;
	u64 rdi;
	u64 r8;
	u64 r9;
	u64 r10;
	u64 r11;
	u64 r12;
	u64 r13;
	u64 r14;
	u64 r15;
	u64 rflags;
	u64 rip;
	u64 ursp;
	u64 urbp;
	u32 exitinfo;
	u8 reserved[3];
	u8 aexnotify;
	u64 fsbase;
	u64 gsbase;
};

/* struct sgx_exinfo - EXINFO in the MISC area, right below GPRSGX */
struct sgx_exinfo {
	u64 maddr;
	u32 errcd;
	u32 reserved;
};

/* struct sgx_secinfo - security attributes of an EPC page */
struct sgx_secinfo {
	u64 flags;
	u8 reserved[56];
} __attribute__((aligned(64)));

/* struct sgx_pageinfo - operand of ECREATE, EADD, EAUG, EWB, ELDU, ELDB */
struct sgx_pageinfo {
	u64 linaddr;
	u64 srcpge;
	u64 secinfo;		/* or PCMD */
	u64 secs;
} __attribute__((aligned(32)));

/* struct sgx_pcmd - Paging Crypto Metadata */
struct sgx_pcmd {
	struct sgx_secinfo secinfo;
	u64 enclaveid;
	u8 reserved[40];
	u8 mac[16];
} __attribute__((aligned(128)));

/* struct sgx_sigstruct - Enclave Signature Structure */
struct sgx_sigstruct {
	u8 header[16];
	u32 vendor;
	u32 date;		/* yyyymmdd in BCD */
	u8 header2[16];
	u32 swdefined;
	u8 reserved1[84];
	u8 modulus[SGX_MODULUS_SIZE];
	u32 exponent;
	u8 signature[SGX_MODULUS_SIZE];
	u32 miscselect;
	u32 miscmask;
	u8 cet_attributes;
	u8 cet_attributes_mask;
	u8 reserved2[2];
	u8 isvfamilyid[16];
	struct sgx_attributes attributes;
	struct sgx_attributes attributemask;
	u8 enclavehash[32];
	u8 reserved3[16];
	u8 isvextprodid[16];
	u16 isvprodid;
	u16 isvsvn;
	u8 reserved4[12];
	u8 q1[SGX_MODULUS_SIZE];
	u8 q2[SGX_MODULUS_SIZE];
} __attribute__((packed, aligned(8)));

/* struct sgx_einittoken - EINIT Token */
struct sgx_einittoken {
	u32 valid;
	u8 reserved1[44];
	struct sgx_attributes attributes;
	u8 mrenclave[32];
	u8 reserved2[32];
	u8 mrsigner[32];
	u8 reserved3[32];
	u8 cpusvnle[16];
	u16 isvprodidle;
	u16 isvsvnle;
	u8 cet_masked_attributes_le;
	u8 reserved4[23];
	u32 maskedmiscselectle;
	struct sgx_attributes maskedattributesle;
	u8 keyid[32];
	u8 mac[16];
} __attribute__((packed, aligned(8)));

/* struct sgx_report - what EREPORT writes */
struct sgx_report {
	u8 cpusvn[16];
	u32 miscselect;
	u8 cet_attributes;
	u8 reserved1[11];
	u8 isvextprodid[16];
	struct sgx_attributes attributes;
	u8 mrenclave[32];
	u8 reserved2[32];
	u8 mrsigner[32];
	u8 reserved3[32];
	u8 configid[64];
	u16 isvprodid;
	u16 isvsvn;
	u16 configsvn;
	u8 reserved4[42];
	u8 isvfamilyid[16];
	u8 reportdata[64];
	u8 keyid[32];
	u8 mac[16];
} __attribute__((packed, aligned(8)));

/* The MAC of a REPORT covers what lies before KEYID. */
#define SGX_REPORT_MACED	384

/* struct sgx_targetinfo - for whom EREPORT makes its report */
struct sgx_targetinfo {
	u8 measurement[32];
	struct sgx_attributes attributes;
	u8 cet_attributes;
	u8 reserved1;
	u16 configsvn;
	u32 miscselect;
	u8 reserved2[8];
	u8 configid[64];
	u8 reserved3[384];
} __attribute__((packed, aligned(8)));

/* struct sgx_keyrequest - operand of EGETKEY */
struct sgx_keyrequest {
	u16 keyname;
	u16 keypolicy;
	u16 isvsvn;
	u8 cet_attributes_mask;
	u8 reserved1;
	u8 cpusvn[16];
	struct sgx_attributes attributemask;
	u8 keyid[32];
	u32 miscmask;
	u16 configsvn;
	u8 reserved2[434];
} __attribute__((packed, aligned(8)));

/* Required alignment of operands in memory. */
#define SGX_TARGETINFO_ALIGN	512
#define SGX_REPORTDATA_ALIGN	128
#define SGX_REPORT_ALIGN	512
#define SGX_KEYREQUEST_ALIGN	512
#define SGX_KEY_ALIGN		16
#define SGX_SECINFO_ALIGN	64
#define SGX_PAGEINFO_ALIGN	32
#define SGX_EINITTOKEN_ALIGN	512

/*
 * The SDM's offsets, as an assertion for each structure; a structure that
 * moved does not compile.
 */
#define SGX_ASSERT_OFFSET(type, field, offset) \
	_Static_assert(__builtin_offsetof(struct type, field) == (offset), \
		       #type "." #field)
#define SGX_ASSERT_SIZE(type, size) \
	_Static_assert(sizeof(struct type) == (size), "size of " #type)

SGX_ASSERT_SIZE(sgx_secs, 4096);
SGX_ASSERT_OFFSET(sgx_secs, ssaframesize, 16);
SGX_ASSERT_OFFSET(sgx_secs, miscselect, 20);
SGX_ASSERT_OFFSET(sgx_secs, cet_leg_bitmap_offset, 24);
SGX_ASSERT_OFFSET(sgx_secs, cet_attributes, 32);
SGX_ASSERT_OFFSET(sgx_secs, attributes, 48);
SGX_ASSERT_OFFSET(sgx_secs, mrenclave, 64);
SGX_ASSERT_OFFSET(sgx_secs, mrsigner, 128);
SGX_ASSERT_OFFSET(sgx_secs, configid, 192);
SGX_ASSERT_OFFSET(sgx_secs, isvprodid, 256);
SGX_ASSERT_OFFSET(sgx_secs, isvsvn, 258);
SGX_ASSERT_OFFSET(sgx_secs, configsvn, 260);
SGX_ASSERT_OFFSET(sgx_secs, reserved4, 262);
SGX_ASSERT_SIZE(sgx_tcs, 4096);
SGX_ASSERT_OFFSET(sgx_tcs, flags, 8);
SGX_ASSERT_OFFSET(sgx_tcs, ossa, 16);
SGX_ASSERT_OFFSET(sgx_tcs, cssa, 24);
SGX_ASSERT_OFFSET(sgx_tcs, nssa, 28);
SGX_ASSERT_OFFSET(sgx_tcs, oentry, 32);
SGX_ASSERT_OFFSET(sgx_tcs, aep, 40);
SGX_ASSERT_OFFSET(sgx_tcs, ofsbase, 48);
SGX_ASSERT_OFFSET(sgx_tcs, ogsbase, 56);
SGX_ASSERT_OFFSET(sgx_tcs, fslimit, 64);
SGX_ASSERT_OFFSET(sgx_tcs, gslimit, 68);
SGX_ASSERT_OFFSET(sgx_tcs, ocetssa, 72);
SGX_ASSERT_OFFSET(sgx_tcs, prevssp, 80);
SGX_ASSERT_OFFSET(sgx_tcs, reserved, 88);
SGX_ASSERT_SIZE(sgx_gprsgx, 184);
SGX_ASSERT_OFFSET(sgx_gprsgx, rflags, 128);
SGX_ASSERT_OFFSET(sgx_gprsgx, ursp, 144);
SGX_ASSERT_OFFSET(sgx_gprsgx, exitinfo, 160);
SGX_ASSERT_OFFSET(sgx_gprsgx, aexnotify, 167);
SGX_ASSERT_OFFSET(sgx_gprsgx, fsbase, 168);
SGX_ASSERT_SIZE(sgx_exinfo, 16);
SGX_ASSERT_SIZE(sgx_secinfo, 64);
SGX_ASSERT_SIZE(sgx_pageinfo, 32);
SGX_ASSERT_SIZE(sgx_pcmd, 128);
SGX_ASSERT_OFFSET(sgx_pcmd, enclaveid, 64);
SGX_ASSERT_OFFSET(sgx_pcmd, mac, 112);
SGX_ASSERT_SIZE(sgx_sigstruct, 1808);
SGX_ASSERT_OFFSET(sgx_sigstruct, header2, 24);
SGX_ASSERT_OFFSET(sgx_sigstruct, modulus, 128);
SGX_ASSERT_OFFSET(sgx_sigstruct, exponent, 512);
SGX_ASSERT_OFFSET(sgx_sigstruct, signature, 516);
SGX_ASSERT_OFFSET(sgx_sigstruct, miscselect, 900);
SGX_ASSERT_OFFSET(sgx_sigstruct, isvfamilyid, 912);
SGX_ASSERT_OFFSET(sgx_sigstruct, attributes, 928);
SGX_ASSERT_OFFSET(sgx_sigstruct, enclavehash, 960);
SGX_ASSERT_OFFSET(sgx_sigstruct, isvextprodid, 1008);
SGX_ASSERT_OFFSET(sgx_sigstruct, isvprodid, 1024);
SGX_ASSERT_OFFSET(sgx_sigstruct, q1, 1040);
SGX_ASSERT_OFFSET(sgx_sigstruct, q2, 1424);
SGX_ASSERT_SIZE(sgx_einittoken, 304);
SGX_ASSERT_OFFSET(sgx_einittoken, attributes, 48);
SGX_ASSERT_OFFSET(sgx_einittoken, cpusvnle, 192);
SGX_ASSERT_OFFSET(sgx_einittoken, maskedmiscselectle, 236);
SGX_ASSERT_OFFSET(sgx_einittoken, keyid, 256);
SGX_ASSERT_SIZE(sgx_report, 432);
SGX_ASSERT_OFFSET(sgx_report, isvextprodid, 32);
SGX_ASSERT_OFFSET(sgx_report, configid, 192);
SGX_ASSERT_OFFSET(sgx_report, isvfamilyid, 304);
SGX_ASSERT_OFFSET(sgx_report, reportdata, 320);
SGX_ASSERT_OFFSET(sgx_report, keyid, SGX_REPORT_MACED);
SGX_ASSERT_SIZE(sgx_targetinfo, 512);
SGX_ASSERT_OFFSET(sgx_targetinfo, configsvn, 50);
SGX_ASSERT_OFFSET(sgx_targetinfo, miscselect, 52);
SGX_ASSERT_OFFSET(sgx_targetinfo, configid, 64);
SGX_ASSERT_SIZE(sgx_keyrequest, 512);
SGX_ASSERT_OFFSET(sgx_keyrequest, cpusvn, 8);
SGX_ASSERT_OFFSET(sgx_keyrequest, attributemask, 24);
SGX_ASSERT_OFFSET(sgx_keyrequest, keyid, 40);
SGX_ASSERT_OFFSET(sgx_keyrequest, miscmask, 72);
SGX_ASSERT_OFFSET(sgx_keyrequest, configsvn, 76);

#endif /* SOFTSGX_SGX_H */
