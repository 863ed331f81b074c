/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What enclaves do, as tracepoints; doc/uapi.md lists them. An enclave is named
 * by &sgx_encl.id. They show what the kernel sees on hardware, too: of an
 * address in an enclave that faults, the page.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM softsgx

#if !defined(SOFTSGX_DRIVER_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SOFTSGX_DRIVER_TRACE_H

#include <linux/tracepoint.h>

/* clang-format off */
TRACE_EVENT(sgx_ioctl_begin,
	TP_PROTO(u64 id, unsigned int cmd),
	TP_ARGS(id, cmd),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned int, nr)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->nr = _IOC_NR(cmd);
	),
	TP_printk("id=%llu nr=%u", __entry->id, __entry->nr)
);

TRACE_EVENT(sgx_ioctl_end,
	TP_PROTO(u64 id, unsigned int cmd, long ret),
	TP_ARGS(id, cmd, ret),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned int, nr)
		__field(long, ret)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->nr = _IOC_NR(cmd);
		__entry->ret = ret;
	),
	TP_printk("id=%llu nr=%u ret=%ld", __entry->id, __entry->nr,
		  __entry->ret)
);

/* An ENCLU is about to be executed; again when it is tried again. */
TRACE_EVENT(sgx_enclu,
	TP_PROTO(unsigned long leaf, unsigned long rbx, unsigned long rcx),
	TP_ARGS(leaf, rbx, rcx),
	TP_STRUCT__entry(
		__field(unsigned long, leaf)
		__field(unsigned long, rbx)
		__field(unsigned long, rcx)
	),
	TP_fast_assign(
		__entry->leaf = leaf;
		__entry->rbx = rbx;
		__entry->rcx = rcx;
	),
	TP_printk("leaf=%lu rbx=%#lx rcx=%#lx", __entry->leaf, __entry->rbx,
		  __entry->rcx)
);

DECLARE_EVENT_CLASS(sgx_tcs,
	TP_PROTO(u64 id, unsigned long tcs),
	TP_ARGS(id, tcs),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, tcs)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->tcs = tcs;
	),
	TP_printk("id=%llu tcs=%#lx", __entry->id, __entry->tcs)
);

/* EENTER or ERESUME has succeeded. */
DEFINE_EVENT(sgx_tcs, sgx_enter,
	TP_PROTO(u64 id, unsigned long tcs),
	TP_ARGS(id, tcs)
);

/* EEXIT has. */
DEFINE_EVENT(sgx_tcs, sgx_exit,
	TP_PROTO(u64 id, unsigned long tcs),
	TP_ARGS(id, tcs)
);

/* vector is -1 for an interrupt, a signal, a system call or a switch. */
TRACE_EVENT(sgx_aex,
	TP_PROTO(u64 id, unsigned long tcs, int vector, unsigned int errcd,
		 unsigned long addr),
	TP_ARGS(id, tcs, vector, errcd, addr),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, tcs)
		__field(int, vector)
		__field(unsigned int, errcd)
		__field(unsigned long, addr)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->tcs = tcs;
		__entry->vector = vector;
		__entry->errcd = errcd;
		__entry->addr = addr & PAGE_MASK;
	),
	TP_printk("id=%llu tcs=%#lx vector=%d errcd=%#x addr=%#lx",
		  __entry->id, __entry->tcs, __entry->vector, __entry->errcd,
		  __entry->addr)
);

/* A page fault was handled; access is r, w or x, ret a vm_fault_t. */
TRACE_EVENT(sgx_fault,
	TP_PROTO(u64 id, unsigned long addr, unsigned int flags,
		 unsigned int ret),
	TP_ARGS(id, addr, flags, ret),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, addr)
		__field(char, access)
		__field(unsigned int, ret)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->addr = addr;
		__entry->access = flags & FAULT_FLAG_WRITE ? 'w' :
			flags & FAULT_FLAG_INSTRUCTION ? 'x' : 'r';
		__entry->ret = ret;
	),
	TP_printk("id=%llu addr=%#lx access=%c ret=%#x", __entry->id,
		  __entry->addr, __entry->access, __entry->ret)
);

DECLARE_EVENT_CLASS(sgx_page,
	TP_PROTO(u64 id, unsigned long addr, int ret),
	TP_ARGS(id, addr, ret),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, addr)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->addr = addr;
		__entry->ret = ret;
	),
	TP_printk("id=%llu addr=%#lx ret=%d", __entry->id, __entry->addr,
		  __entry->ret)
);

/* EAUG for a page fault. */
DEFINE_EVENT(sgx_page, sgx_augment,
	TP_PROTO(u64 id, unsigned long addr, int ret),
	TP_ARGS(id, addr, ret)
);

/* EMODPR, EMODT or removal of a page by an SGX2 ioctl; ret is its errno. */
DEFINE_EVENT(sgx_page, sgx_change,
	TP_PROTO(u64 id, unsigned long addr, int ret),
	TP_ARGS(id, addr, ret)
);

/* EWB; ret is the SGX error code. */
DEFINE_EVENT(sgx_page, sgx_evict,
	TP_PROTO(u64 id, unsigned long addr, int ret),
	TP_ARGS(id, addr, ret)
);

/* ELDU; ret is an errno. */
DEFINE_EVENT(sgx_page, sgx_load,
	TP_PROTO(u64 id, unsigned long addr, int ret),
	TP_ARGS(id, addr, ret)
);
/* clang-format on */

#endif /* SOFTSGX_DRIVER_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../driver
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
