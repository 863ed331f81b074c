/* SPDX-License-Identifier: GPL-2.0 */
/* The tracepoint of the access control. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM softsgx_access

#if !defined(SOFTSGX_ACCESS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SOFTSGX_ACCESS_TRACE_H

#include <linux/tracepoint.h>
#include "policy.h"

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
/* clang-format on */

#endif /* SOFTSGX_ACCESS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../access
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
