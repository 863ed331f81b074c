// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * One enclave, ten threads of it, and all that changes its pages, at once:
 *
 *   vm/run --module-params epc_size=1 -- build/tests/stress/threads
 *
 * The enclave is twice the EPC. Eight threads (workers) have pages of their own,
 * of which each knows what is in them and what has to happen at each step: EAUG by
 * a page fault, EACCEPT, RESTRICT_PERMISSIONS, EMODPE, MODIFY_TYPES, REMOVE_PAGES,
 * mprotect, munmap. Between these they walk through pages that all of them share,
 * and that they restrict and extend while others write to them; and they do what
 * they like to pages for which all of them contend. Meanwhile another thread takes
 * mappings away from the shared pages, another sends signals, whose handlers enter
 * as well, and forked children walk, too. SECONDS_ in the environment says how
 * long it takes, and longer if something has not happened by then.
 *
 * What nobody may see is counted as wrong, and said.
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "../paging/lib.h"

#define WORKERS	     8
#define CHILD_THREAD 8
#define FIRST_THREAD 9

#define BLOCKS	  4 /* of each worker */
#define BLOCK	  8 /* pages */
#define SHARED	  48
#define CONTENDED 24
#define HEAP	  (SHARED + CONTENDED + WORKERS * BLOCKS * BLOCK)

/* Beyond SECONDS_, for what has not happened yet. */
#define PATIENCE 600

#define PENDING	    SGX_SECINFO_FL_PENDING
#define PR	    SGX_SECINFO_FL_PR
#define TRIM	    ((u64)SGX_PT_TRIM << SGX_SECINFO_FL_PT_SHIFT)
#define RW_PENDING  (ENCL_RW | PENDING)
#define R_PR	    (ENCL_R | PR)
#define RW_PR	    (ENCL_RW | PR)
#define TRIM_CHANGE (TRIM | SGX_SECINFO_FL_MODIFIED)

/* How often what came out as it has to; shared with children. */
#define FIGURES(X)                                                      \
	X(entries)                                                      \
	X(faults)     /* inside, that had to be or may be */            \
	X(accepts)    /* EACCEPT */                                     \
	X(mismatches) /* EACCEPT of what is not so */                   \
	X(extends)    /* EMODPE */                                      \
	X(restricts)  /* ioctls, as the two below */                    \
	X(trims)                                                        \
	X(removes)                                                      \
	X(mprotects)                                                    \
	X(remaps)                                                       \
	X(steps)       /* through shared pages */                       \
	X(contentions) /* things done to pages for which all contend */ \
	X(signals)                                                      \
	X(nested) /* entries of signal handlers */                      \
	X(forks)

#define MEMBER(name) u64 name;

static struct figures {
	FIGURES(MEMBER)
	/* These need not happen. */
	u64 busy; /* another ioctl was under way */
	u64 wrong;
	u64 sum; /* of what was added to the shared pages */
	int stop;
} * figures;

static struct big big;

static __thread int own_thread = -1;
static __thread u64 seed = 1;

static u64 choose(u64 n)
{
	return job_random(&seed) % n;
}

static void count(u64 *figure)
{
	__atomic_fetch_add(figure, 1, __ATOMIC_RELAXED);
}

static bool stopped(void)
{
	return __atomic_load_n(&figures->stop, __ATOMIC_RELAXED);
}

/*
 * What nobody may see. Nothing is known of the thread's pages from then on, and
 * it ends. A child of a process with threads must not use stdio.
 */
__attribute__((noreturn, format(printf, 1, 2))) static void
wrong(const char *format, ...)
{
	char text[256];
	va_list args;
	int len;

	count(&figures->wrong);
	len = snprintf(text, sizeof(text), "  wrong, thread %d: ", own_thread);
	va_start(args, format);
	len += vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	if (len > (int)sizeof(text) - 2)
		len = sizeof(text) - 2;
	text[len++] = '\n';
	if (write(STDOUT_FILENO, text, len) < 0)
		figures->wrong++;
	if (own_thread == CHILD_THREAD)
		_exit(1);
	pthread_exit(NULL);
}

static u64 page_of(u64 addr)
{
	return (addr - big.heap) / PAGE;
}

static u64 address(u64 page)
{
	return big.heap + page * PAGE;
}

/* Entries */

static struct sgx_enclave_run run_job(unsigned int function, struct job *job)
{
	count(&figures->entries);
	return guest_enter(&big.guest, own_thread, function, (void *)job);
}

/* A job at which nothing may happen. */
static u64 do_job(struct job job)
{
	struct sgx_enclave_run run = run_job(SGX_EENTER, &job);

	if (run.function != SGX_EEXIT)
		wrong("job %lu at page %lu: leaf %u, vector %u, code %x, at %llx",
		      job.op, page_of(job.start), run.function,
		      run.exception_vector, run.exception_error_code,
		      run.exception_addr);
	return job.ret;
}

/**
 * struct outcome - of a try
 * @faulted:	by an exception
 * @vector:	of it
 * @errcd:	of it
 * @addr:	of it
 * @ret:	if there was none: of the job
 */
struct outcome {
	bool faulted;
	u32 vector;
	u32 errcd;
	u64 addr;
	u64 ret;
};

static struct outcome try(enum job_code op, u64 addr, u64 arg)
{
	struct job job = { .op = op, .start = addr, .pages = 1, .arg = arg };
	struct sgx_enclave_run run = run_job(SGX_EENTER, &job);
	struct outcome out = {
		.faulted = run.function != SGX_EEXIT,
		.vector = run.exception_vector,
		.errcd = run.exception_error_code,
		.addr = run.exception_addr,
		.ret = job.ret,
	};

	if (!out.faulted)
		return out;
	if (run.function != SGX_ERESUME)
		wrong("try %u at page %lu: leaf %u, vector %u, code %x", op,
		      page_of(addr), run.function, out.vector, out.errcd);
	if (do_job((struct job){ .op = JOB_SKIP }))
		wrong("try %u at page %lu: interrupted elsewhere, vector %u, at %lx",
		      op, page_of(addr), out.vector, out.addr);
	run = run_job(SGX_ERESUME, &job);
	if (run.function != SGX_EEXIT || job.ret != JOB_FAULT)
		wrong("try %u at page %lu: not skipped, leaf %u, ret %lx", op,
		      page_of(addr), run.function, job.ret);
	return out;
}

/* A page fault at @addr; of which kind, the caller says. */
static bool is_pf(const struct outcome *out, u64 addr, u32 mask, u32 wanted)
{
	return out->faulted && out->vector == SGX_VECTOR_PF &&
	       out->addr == addr && (out->errcd & mask) == wanted;
}

/* The page is locked by another SGX2 leaf. */
static bool is_conflict(const struct outcome *out)
{
	return out->faulted && out->vector == SGX_VECTOR_GP;
}

__attribute__((noreturn)) static void unexpected(const struct outcome *out,
						 const char *what, u64 addr)
{
	if (out->faulted)
		wrong("%s, page %lu: vector %u, code %x, at %lx", what,
		      page_of(addr), out->vector, out->errcd, out->addr);
	wrong("%s, page %lu: %lx", what, page_of(addr), out->ret);
}

static void must_fault(enum job_code op, u64 addr, u64 arg, u32 errcd,
		       const char *what)
{
	struct outcome out = try(op, addr, arg);

	if (!is_pf(&out, addr, SGX_PFEC_W | SGX_PFEC_SGX, errcd))
		unexpected(&out, what, addr);
	count(&figures->faults);
}

static void must_be(enum job_code op, u64 addr, u64 arg, u64 wanted,
		    const char *what)
{
	struct outcome out = try(op, addr, arg);

	if (out.faulted || out.ret != wanted)
		unexpected(&out, what, addr);
}

static void must_accept(u64 addr, u64 flags, u64 wanted, const char *what)
{
	must_be(JOB_TRY_ACCEPT, addr, flags, wanted, what);
	count(wanted ? &figures->mismatches : &figures->accepts);
}

/* EMODPE leaves RAX, which is its number. */
static void must_extend(u64 addr, const char *what)
{
	must_be(JOB_TRY_EXTEND, addr, ENCL_RW, SGX_EMODPE, what);
	count(&figures->extends);
}

/* Ioctls */

enum change { RESTRICT, MAKE_TRIM, REMOVE };

/**
 * struct changed - an SGX2 ioctl
 * @err:	errno or 0
 * @result:	of the leaf
 * @count:	in bytes
 */
struct changed {
	int err;
	u64 result;
	u64 count;
};

static struct changed change_once(enum change change, u64 addr, u64 length)
{
	const u64 offset = addr - big.guest.encl.secs.baseaddr;
	struct sgx_enclave_restrict_permissions restrict_ = {
		.offset = offset,
		.length = length,
		.permissions = SGX_SECINFO_FL_R,
	};
	struct sgx_enclave_modify_types modify = {
		.offset = offset,
		.length = length,
		.page_type = SGX_PT_TRIM,
	};
	struct sgx_enclave_remove_pages remove_ = {
		.offset = offset,
		.length = length,
	};
	struct changed ret = { 0 };
	int fd = big.guest.encl.fd;

	switch (change) {
	case RESTRICT:
		ret.err = ioctl(fd, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
				&restrict_);
		ret.result = restrict_.result;
		ret.count = restrict_.count;
		break;
	case MAKE_TRIM:
		ret.err = ioctl(fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &modify);
		ret.result = modify.result;
		ret.count = modify.count;
		break;
	case REMOVE:
		ret.err = ioctl(fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &remove_);
		ret.count = remove_.count;
		break;
	}
	if (ret.err)
		ret.err = errno;
	return ret;
}

/* With none of another thread under way. */
static struct changed change(enum change change, u64 addr, u64 length)
{
	struct changed ret;

	for (;;) {
		ret = change_once(change, addr, length);
		if (ret.err != EBUSY || ret.count)
			return ret;
		count(&figures->busy);
		usleep(choose(1000));
	}
}

static void must_change(enum change what, u64 addr, u64 length, int err)
{
	struct changed ret = change(what, addr, length);

	if (ret.err != err || ret.result || ret.count != (err ? 0 : length))
		wrong("change %u of page %lu: errno %d, result %lu, count %lx",
		      what, page_of(addr), ret.err, ret.result, ret.count);
}

/* A worker's own pages */

enum block_state { ABSENT, WRITABLE, READABLE };

/**
 * struct block - some pages of a worker, all in one state
 * @addr:	of the first
 * @state:	of all of them
 * @stamp:	what is in them
 */
struct block {
	u64 addr;
	enum block_state state;
	u64 stamp;
};

static void block_stamp(struct block *block)
{
	block->stamp = 1 + choose(1UL << 60);
	do_job((struct job){ .op = JOB_STAMP,
			     .start = block->addr,
			     .pages = BLOCK,
			     .arg = block->stamp });
}

static void block_look(const struct block *block)
{
	u64 ret = do_job((struct job){ .op = JOB_LOOK,
				       .start = block->addr,
				       .pages = BLOCK,
				       .arg = block->stamp });

	if (ret)
		wrong("page %lu does not have what was written to it",
		      page_of(block->addr) + (ret & ~JOB_WRONG));
}

static u64 some_page(const struct block *block)
{
	return block->addr + choose(BLOCK) * PAGE;
}

/* The page's first word. */
static u64 word_of(const struct block *block, u64 addr)
{
	return job_stamp(block->stamp, addr);
}

/* EAUG, by an access that is refused or by the EACCEPT itself. */
static void block_add(struct block *block)
{
	u64 i;

	for (i = 0; i < BLOCK; i++) {
		u64 addr = block->addr + i * PAGE;

		if (!choose(3))
			must_fault(JOB_TRY_READ, addr, 0, SGX_PFEC_SGX,
				   "read of a pending page");
		if (!choose(3))
			must_accept(addr, RW_PR, SGX_PAGE_ATTRIBUTES_MISMATCH,
				    "EACCEPT of a pending page as restricted");
		must_accept(addr, RW_PENDING, 0, "EACCEPT of a new page");
	}
	block->stamp = 0;
	block_look(block);
	block_stamp(block);
	block->state = WRITABLE;
}

static void block_restrict(struct block *block)
{
	u64 i;

	must_change(RESTRICT, block->addr, BLOCK * PAGE, 0);
	count(&figures->restricts);
	for (i = 0; i < BLOCK; i++) {
		u64 addr = block->addr + i * PAGE;

		if (!choose(4))
			must_accept(addr, RW_PR, SGX_PAGE_ATTRIBUTES_MISMATCH,
				    "EACCEPT of a readable page as writable");
		must_accept(addr, R_PR, 0, "EACCEPT of a restricted page");
	}
	block->state = READABLE;
}

static void block_extend(struct block *block)
{
	u64 refused = some_page(block), i;

	block_look(block);
	must_fault(JOB_TRY_WRITE, refused, 0, SGX_PFEC_W | SGX_PFEC_SGX,
		   "write to a restricted page");
	for (i = 0; i < BLOCK; i++)
		must_extend(block->addr + i * PAGE, "EMODPE");
	must_be(JOB_TRY_WRITE, refused, word_of(block, refused), 0,
		"write to an extended page");
	block->state = WRITABLE;
}

static void block_remove(struct block *block)
{
	u64 trimmed = some_page(block), i;

	must_change(MAKE_TRIM, block->addr, BLOCK * PAGE, 0);
	count(&figures->trims);
	must_fault(JOB_TRY_READ, trimmed, 0, SGX_PFEC_SGX,
		   "read of a trimmed page");
	if (!choose(3))
		must_change(REMOVE, block->addr, BLOCK * PAGE, EPERM);
	for (i = 0; i < BLOCK; i++)
		must_accept(block->addr + i * PAGE, TRIM_CHANGE, 0,
			    "EACCEPT of a trimmed page");
	must_accept(trimmed, TRIM_CHANGE, SGX_PAGE_ATTRIBUTES_MISMATCH,
		    "a second EACCEPT of a trimmed page");
	must_change(REMOVE, block->addr, BLOCK * PAGE, 0);
	count(&figures->removes);
	block->state = ABSENT;
}

static void set_prot(u64 addr, u64 pages, int prot)
{
	if (mprotect((void *)addr, pages * PAGE, prot))
		wrong("mprotect of page %lu: errno %d", page_of(addr), errno);
	count(&figures->mprotects);
}

static void block_protect(const struct block *block)
{
	bool none = choose(2);
	u64 addr = some_page(block);

	set_prot(block->addr, BLOCK, none ? PROT_NONE : PROT_READ);
	if (none)
		must_fault(JOB_TRY_READ, addr, 0, 0, "read with PROT_NONE");
	else
		must_be(JOB_TRY_READ, addr, 0, word_of(block, addr),
			"read with PROT_READ");
	must_fault(JOB_TRY_WRITE, addr, 0, SGX_PFEC_W,
		   "write without PROT_WRITE");
	set_prot(block->addr, BLOCK, PROT_READ | PROT_WRITE);
	block_look(block);
}

static void unmap(u64 addr, u64 pages)
{
	if (munmap((void *)addr, pages * PAGE))
		wrong("munmap of page %lu: errno %d", page_of(addr), errno);
}

static void map_again(u64 addr, u64 pages)
{
	if (mmap((void *)addr, pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, big.guest.encl.fd,
		 0) != (void *)addr)
		wrong("mmap of page %lu: errno %d", page_of(addr), errno);
	count(&figures->remaps);
}

static void block_remap(const struct block *block)
{
	u64 addr = some_page(block);

	unmap(block->addr, BLOCK);
	must_fault(JOB_TRY_READ, addr, 0, 0, "read of what is not mapped");
	must_fault(JOB_TRY_ACCEPT, addr, RW_PR, 0,
		   "EACCEPT of what is not mapped");
	map_again(block->addr, BLOCK);
	block_look(block);
}

static void block_act(struct block *block)
{
	if (block->state == ABSENT) {
		block_add(block);
		return;
	}
	switch (choose(8)) {
	case 0:
		block_remove(block);
		break;
	case 1:
		block_remap(block);
		break;
	case 2:
		block_protect(block);
		break;
	case 3:
		block_look(block);
		break;
	default:
		if (block->state == READABLE)
			block_extend(block);
		else if (choose(2))
			block_restrict(block);
		else
			block_stamp(block);
	}
}

/* Shared pages: there all the time, but not always mapped or writable */

/* Give a page back what a worker took of it. Others may be at it as well. */
static void extend_shared(u64 addr)
{
	struct outcome out = try(JOB_TRY_EXTEND, addr, ENCL_RW);

	if (!out.faulted && out.ret == SGX_EMODPE)
		count(&figures->extends);
	else if (!is_conflict(&out) && !is_pf(&out, addr, SGX_PFEC_SGX, 0))
		unexpected(&out, "EMODPE of a shared page", addr);
}

static void walk_shared(void)
{
	struct job job = { .op = JOB_WALK,
			   .start = big.heap,
			   .pages = SHARED,
			   .steps = 1 + choose(30),
			   .seed = 1 + choose(1UL << 60) };
	struct sgx_enclave_run run = run_job(SGX_EENTER, &job);

	while (run.function != SGX_EEXIT) {
		u32 errcd = run.exception_error_code;

		if (run.function != SGX_ERESUME ||
		    run.exception_vector != SGX_VECTOR_PF ||
		    run.exception_addr < big.heap ||
		    run.exception_addr >= address(SHARED) ||
		    (errcd & SGX_PFEC_SGX && !(errcd & SGX_PFEC_W)))
			wrong("walk: leaf %u, vector %u, code %x, at %llx",
			      run.function, run.exception_vector, errcd,
			      run.exception_addr);
		count(&figures->faults);
		if (errcd & SGX_PFEC_SGX)
			extend_shared(run.exception_addr);
		else
			usleep(choose(1000));
		run = run_job(SGX_ERESUME, &job);
	}
	if (job.ret & JOB_WRONG)
		wrong("shared page %lu is not as it was", job.ret & ~JOB_WRONG);
	__atomic_fetch_add(&figures->sum, job.ret, __ATOMIC_RELAXED);
	__atomic_fetch_add(&figures->steps, job.steps, __ATOMIC_RELAXED);
}

/* While others write to the pages, extend them, and do the same. */
static void restrict_shared(void)
{
	u64 pages = 1 + choose(4), page = choose(SHARED - pages), i;
	struct changed ret = change(RESTRICT, address(page), pages * PAGE);

	if (!ret.err)
		count(&figures->restricts);
	else if (ret.err != EFAULT || (ret.result != SGX_EPC_PAGE_CONFLICT))
		wrong("restriction of shared page %lu: errno %d, result %lu, count %lx",
		      page, ret.err, ret.result, ret.count);
	for (i = 0; i < ret.count / PAGE; i++) {
		u64 addr = address(page + i);
		struct outcome out = try(JOB_TRY_ACCEPT, addr, R_PR);

		if (!out.faulted && !out.ret)
			count(&figures->accepts);
		else if (!out.faulted &&
			 out.ret == SGX_PAGE_ATTRIBUTES_MISMATCH)
			count(&figures->mismatches);
		else if ((out.faulted || out.ret != SGX_NOT_TRACKED) &&
			 !is_conflict(&out) &&
			 !is_pf(&out, addr, SGX_PFEC_SGX, 0))
			unexpected(&out, "EACCEPT of a shared page", addr);
	}
}

/* Pages for which all contend: absent, new, readable, writable, trimmed */

/* Whoever writes there writes this. */
static u64 contended_word(u64 addr)
{
	return job_stamp(1, addr);
}

static void contend_access(u64 addr)
{
	bool write = choose(2);
	struct outcome out = try(write ? JOB_TRY_WRITE : JOB_TRY_READ, addr,
				 contended_word(addr));

	if (is_pf(&out, addr, SGX_PFEC_W | SGX_PFEC_SGX,
		  SGX_PFEC_SGX | (write ? SGX_PFEC_W : 0)))
		count(&figures->faults);
	else if (out.faulted || (out.ret && out.ret != contended_word(addr)))
		unexpected(&out, "access that others contend for", addr);
}

static void contend_leaf(u64 addr)
{
	static const u64 changes[] = { RW_PENDING, RW_PENDING, R_PR, RW_PR,
				       TRIM_CHANGE };
	u64 flags = changes[choose(sizeof(changes) / sizeof(*changes))];
	bool extend = !choose(4);
	struct outcome out;

	if (extend)
		out = try(JOB_TRY_EXTEND, addr, ENCL_RW);
	else
		out = try(JOB_TRY_ACCEPT, addr, flags);
	if (out.faulted) {
		if (!is_conflict(&out) && !is_pf(&out, addr, 0, 0))
			unexpected(&out, "leaf that others contend for", addr);
		count(&figures->faults);
	} else if (extend ? out.ret != SGX_EMODPE
			  : out.ret &&
				    out.ret != SGX_PAGE_ATTRIBUTES_MISMATCH &&
				    out.ret != SGX_NOT_TRACKED) {
		unexpected(&out, "leaf that others contend for", addr);
	}
}

static void contend_change(u64 addr, u64 pages)
{
	enum change what = choose(3);
	struct changed ret = change_once(what, addr, pages * PAGE);
	bool legal;

	switch (ret.err) {
	case 0:
		legal = !ret.result && ret.count == pages * PAGE;
		break;
	case EBUSY:
		legal = !ret.result;
		count(&figures->busy);
		break;
	case EFAULT:
		legal = !ret.result ||
			(what != REMOVE &&
			 (ret.result == SGX_EPC_PAGE_CONFLICT ||
			  ret.result == SGX_PAGE_NOT_MODIFIABLE));
		break;
	case EINVAL:
		legal = what != REMOVE && !ret.result;
		break;
	case EPERM:
		legal = what == REMOVE;
		break;
	default:
		legal = false;
	}
	if (!legal || (ret.err && ret.count >= pages * PAGE))
		wrong("change %u of page %lu that others contend for: errno %d, result %lu, count %lx",
		      what, page_of(addr), ret.err, ret.result, ret.count);
}

static void contend(void)
{
	u64 pages = 1 + choose(3);
	u64 addr = address(SHARED + choose(CONTENDED - pages));

	switch (choose(4)) {
	case 0:
		contend_change(addr, pages);
		break;
	case 1:
		contend_access(addr);
		break;
	default:
		contend_leaf(addr);
	}
	count(&figures->contentions);
}

/* Who does what */

static void *worker(void *data)
{
	u64 first = SHARED + CONTENDED, i;
	struct block blocks[BLOCKS];

	own_thread = (int)(long)data;
	seed = (own_thread + 1) * HEAP_MARK;
	first += own_thread * BLOCKS * BLOCK;
	for (i = 0; i < BLOCKS; i++)
		blocks[i] = (struct block){ .addr = address(first + i * BLOCK),
					    .state = ABSENT };
	while (!stopped()) {
		switch (choose(8)) {
		case 0:
			restrict_shared();
			break;
		case 1:
		case 2:
			walk_shared();
			break;
		case 3:
		case 4:
			contend();
			break;
		default:
			block_act(&blocks[choose(BLOCKS)]);
		}
	}
	for (i = 0; i < BLOCKS; i++)
		if (blocks[i].state != ABSENT)
			block_look(&blocks[i]);
	return NULL;
}

/* Takes something away from shared pages, and gives it back. */
static void *mapper(void *data)
{
	(void)data;
	seed = 0x5eed;
	while (!stopped()) {
		u64 pages = 1 + choose(8);
		u64 addr = address(choose(SHARED - pages));

		switch (choose(3)) {
		case 0:
			unmap(addr, pages);
			usleep(choose(2000));
			map_again(addr, pages);
			break;
		case 1:
			set_prot(addr, pages, PROT_NONE);
			usleep(choose(2000));
			set_prot(addr, pages, PROT_READ | PROT_WRITE);
			break;
		default:
			set_prot(addr, pages, PROT_READ);
			usleep(choose(2000));
			set_prot(addr, pages, PROT_READ | PROT_WRITE);
		}
		usleep(choose(5000));
	}
	return NULL;
}

static void on_signal(int sig)
{
	int err = errno;

	(void)sig;
	count(&figures->signals);
	/* At whatever CSSA the thread was interrupted. */
	if (own_thread >= 0 && figures->signals % 2) {
		if (do_job((struct job){ .op = JOB_NOP }))
			wrong("an entry of a signal handler");
		count(&figures->nested);
	}
	errno = err;
}

static void *signaller(void *data)
{
	const pthread_t *workers = data;

	seed = 0x519;
	while (!stopped()) {
		pthread_kill(workers[choose(WORKERS)], SIGUSR1);
		usleep(choose(3000));
	}
	return NULL;
}

/* A child has its own mappings; the shared ones as they were just then. */
static void walk_in_child(void)
{
	int status;
	pid_t pid;
	u64 i;

	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		own_thread = CHILD_THREAD;
		seed = figures->forks * HEAP_MARK + 1;
		unmap(big.heap, SHARED);
		map_again(big.heap, SHARED);
		for (i = 0; i < 5; i++)
			walk_shared();
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	/* What is wrong has been counted. */
	if (status && !(WIFEXITED(status) && figures->wrong)) {
		printf("  wrong: a child ended by %x\n", status);
		count(&figures->wrong);
	}
	count(&figures->forks);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* What is 0 has not been tried. */
static bool all_happened(void)
{
#define HAPPENED(name) &&figures->name
	return true FIGURES(HAPPENED);
}

static void accept_first(u64 first, u64 pages)
{
	ASSERT_EQ(do_job((struct job){ .op = JOB_ACCEPT,
				       .start = address(first),
				       .pages = pages,
				       .arg = RW_PENDING }),
		  0);
}

/* What walks have added is in the shared pages, each counter twice. */
static void check_shared(void)
{
	u64 i;

	for (i = 0; i < SHARED; i++)
		extend_shared(address(i));
	ASSERT_EQ(do_job((struct job){
			  .op = JOB_SUM, .start = big.heap, .pages = SHARED }),
		  figures->sum & ~JOB_WRONG);
}

TEST(threads, "eight threads of one enclave, and all that changes its pages")
{
	const char *seconds = getenv("SECONDS_");
	const double time = seconds ? atoi(seconds) : 60;
	u64 evictions = epc_stat("evictions"), loads = epc_stat("loads");
	struct sigaction act = { .sa_handler = on_signal };
	pthread_t workers[WORKERS], mapping, signalling;
	double begin = now();
	long i;

	alarm(0);
	figures = mmap(NULL, sizeof(*figures), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(figures != MAP_FAILED);
	ASSERT_OK(sigaction(SIGUSR1, &act, NULL));
	big_open(&big, HEAP, BIG_AUGMENT | BIG_THREADS);
	own_thread = FIRST_THREAD;
	accept_first(0, SHARED);
	do_job((struct job){
		.op = JOB_FILL, .start = big.heap, .pages = SHARED });

	for (i = 0; i < WORKERS; i++)
		ASSERT_OK(pthread_create(&workers[i], NULL, worker, (void *)i));
	ASSERT_OK(pthread_create(&mapping, NULL, mapper, NULL));
	ASSERT_OK(pthread_create(&signalling, NULL, signaller, workers));
	while (now() < begin + time || (!all_happened() && !figures->wrong &&
					now() < begin + time + PATIENCE)) {
		walk_in_child();
		usleep(20000);
	}
	figures->stop = 1;
	ASSERT_OK(pthread_join(signalling, NULL));
	ASSERT_OK(pthread_join(mapping, NULL));
	for (i = 0; i < WORKERS; i++)
		ASSERT_OK(pthread_join(workers[i], NULL));
	evictions = epc_stat("evictions") - evictions;
	loads = epc_stat("loads") - loads;

	printf("  %.0f s, %d threads:", now() - begin, WORKERS);
#define PRINT(name) printf(" %lu " #name ",", figures->name);
	FIGURES(PRINT)
	printf(" %lu busy, %lu evictions, %lu loads, %lu wrong\n",
	       figures->busy, evictions, loads, figures->wrong);
	fflush(stdout);
	ASSERT_EQ(figures->wrong, 0);
	ASSERT(all_happened());
	ASSERT(evictions > 0 && loads > 0);
	check_shared();
	big_close(&big);
	epc_empty();
	still_good();
}
