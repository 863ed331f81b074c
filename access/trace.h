/* SPDX-License-Identifier: GPL-2.0 */
/* The tracepoints of the access control. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM softsgx_access

#if !defined(SOFTSGX_ACCESS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SOFTSGX_ACCESS_TRACE_H

#include <linux/tracepoint.h>
#include <linux/version.h>
#include "question.h"

/* Since Linux 6.10 it knows what __string() was given. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define sgx_assign_str(field, text) __assign_str(field, text)
#else
#define sgx_assign_str(field, text) __assign_str(field)
#endif

/*
 * A refusal. line is that of the rule or DEFAULT; 0 if a security module has
 * refused, with error.
 */
/* clang-format off */
TRACE_EVENT(enclave_denied,
	TP_PROTO(unsigned int privilege, unsigned long ino, u64 version,
		 unsigned int line, bool permissive, int error),
	TP_ARGS(privilege, ino, version, line, permissive, error),
	TP_STRUCT__entry(
		__field(unsigned int, privilege)
		__field(unsigned long, ino)
		__field(u64, version)
		__field(unsigned int, line)
		__field(bool, permissive)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->privilege = privilege;
		__entry->ino = ino;
		__entry->version = version;
		__entry->line = line;
		__entry->permissive = permissive;
		__entry->error = error;
	),
	TP_printk("privilege=%u ino=%lu version=%llu line=%u permissive=%d error=%d",
		  __entry->privilege, __entry->ino, __entry->version,
		  __entry->line, __entry->permissive, __entry->error)
);

/*
 * A question, whatever the answer. Paths are quoted as in a policy; file is the
 * source or the SIGSTRUCT's file, empty if there is none; "?" stands for one
 * that no rule can name. The identity counts as far as known says.
 */
TRACE_EVENT(enclave_asked,
	TP_PROTO(const struct sgx_question *question, const char *file,
		 const char *exe),
	TP_ARGS(question, file, exe),
	TP_STRUCT__entry(
		__field(u32, privileges)
		__field(u32, used)
		__field(u32, known)
		__field(u64, attributes)
		__field(u64, xfrm)
		__array(u8, mrenclave, SGX_DIGEST_SIZE)
		__array(u8, mrsigner, SGX_DIGEST_SIZE)
		__field(u16, isvprodid)
		__field(u16, isvsvn)
		__string(file, file)
		__string(exe, exe)
	),
	TP_fast_assign(
		__entry->privileges = question->privileges;
		__entry->used = question->used;
		__entry->known = question->known;
		__entry->attributes = question->identity->attributes;
		__entry->xfrm = question->identity->xfrm;
		memcpy(__entry->mrenclave, question->identity->mrenclave,
		       SGX_DIGEST_SIZE);
		memcpy(__entry->mrsigner, question->identity->mrsigner,
		       SGX_DIGEST_SIZE);
		__entry->isvprodid = question->identity->isvprodid;
		__entry->isvsvn = question->identity->isvsvn;
		sgx_assign_str(file, file);
		sgx_assign_str(exe, exe);
	),
	TP_printk("privileges=0x%x used=0x%x known=0x%x attributes=0x%llx xfrm=0x%llx mrenclave=%s mrsigner=%s isvprodid=%u isvsvn=%u file=\"%s\" exe=\"%s\"",
		  __entry->privileges, __entry->used, __entry->known,
		  __entry->attributes, __entry->xfrm,
		  __print_hex_str(__entry->mrenclave, SGX_DIGEST_SIZE),
		  __print_hex_str(__entry->mrsigner, SGX_DIGEST_SIZE),
		  __entry->isvprodid, __entry->isvsvn, __get_str(file),
		  __get_str(exe))
);
/* clang-format on */

#endif /* SOFTSGX_ACCESS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../access
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
