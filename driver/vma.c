// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of an enclave: page faults, mprotect(), and the debugger's access.
 *
 * A page table entry allows what both the mapping and the EPCM allow, no more,
 * so that the processor enforces the EPCM. What the EPCM allows changes while
 * the page is mapped: whoever takes something away zaps the entry; what is
 * added is noticed at the next fault (a write), or the entry is zapped for it
 * (execution, for which the kernel does not ask a driver again).
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include "compat.h"
#include "encl.h"
#include "epc.h"
#include "host.h"
#include "isolate.h"
#include "reclaim.h"
#include "stats.h"
#include "thread.h"
#include "trace.h"

static const char *const augment_names[] = { "ask", "deny", "rwx" };

static const unsigned long augment_ceilings[] = {
	VM_READ | VM_WRITE | SGX_CEILING_AUGMENTED,
	VM_READ | VM_WRITE,
	VM_READ | VM_WRITE | VM_EXEC,
};

static char *augment = "ask";
module_param(augment, charp, 0444);
MODULE_PARM_DESC(augment, "run what EAUG added: (ask), deny, or always: rwx");

/* Ceiling of a page that comes by EAUG. */
static unsigned long augment_ceiling;

/* What the EPCM allows an enclave to do with a page, as VM_* flags. */
static unsigned long epcm_allows(u32 state)
{
	unsigned long flags = 0;

	if (!(state & SGX_EPCM_VALID) ||
	    state & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED | SGX_EPCM_BLOCKED) ||
	    sgx_page_type(state) != SGX_PT_REG)
		return 0;

	if (state & SGX_EPCM_R)
		flags |= VM_READ;
	if (state & SGX_EPCM_W)
		flags |= VM_WRITE;
	if (state & SGX_EPCM_X)
		flags |= VM_EXEC;
	return flags;
}

/*
 * Map the page @page at @addr for an access by @access (VM_READ, VM_WRITE or
 * VM_EXEC, which the mapping allows).
 *
 * x86 page tables have no executable page that cannot be read: a page that the
 * EPCM has as X alone can be read once it has been executed.
 */
static vm_fault_t vma_map_page(struct vm_area_struct *vma,
			       struct sgx_encl_page *page, unsigned long addr,
			       unsigned long access)
{
	struct sgx_encl *encl = sgx_vma_encl(vma);
	unsigned long allowed, flags, pfn;
	vm_fault_t ret;

	lockdep_assert_held(&encl->lock);

	/* Lost: page tables would still have it, and the EPCM not. */
	if (page == ERR_PTR(-EIO)) {
		sgx_fault_is_epcm();
		return VM_FAULT_SIGSEGV;
	}

	/* None, or an evicted one that does not come back. */
	if (IS_ERR_OR_NULL(page))
		return VM_FAULT_SIGBUS;

	/* It may have come after the mapping was made. */
	if (sgx_encl_check_ceilings(encl, addr, addr + PAGE_SIZE,
				    vma->vm_flags))
		return VM_FAULT_SIGBUS;

	allowed = epcm_allows(sgx_page_state(page));
	if (access & ~allowed) {
		sgx_fault_is_epcm();
		return VM_FAULT_SIGSEGV;
	}

	flags = vma->vm_flags & ~((VM_WRITE | VM_EXEC) & ~allowed);
	pfn = page_to_pfn(virt_to_page(page->epcm.page));
	ret = sgx_isolate_insert(vma, addr, pfn, flags);
	return ret == VM_FAULT_NOPAGE ? ret : VM_FAULT_SIGBUS;
}

/* Give an enclave, which is locked, the page; as sgx_encl_augment(). */
static vm_fault_t augment_locked(struct sgx_encl *encl,
				 struct sgx_encl_page *page, unsigned long addr)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	struct sgx_pageinfo pageinfo = {
		.linaddr = addr,
		.secs = sgx_epc_operand(&encl->secs),
	};
	unsigned long pgno = PFN_DOWN(addr);
	int ret;

	lockdep_assert_held(&encl->lock);

	/* Nobody sees it yet; and EAUG, unlike EADD, can be taken back. */
	if (sgx_eaug(&cpu, &pageinfo, sgx_epc_operand(page)))
		return VM_FAULT_SIGBUS;

	/* -EBUSY: another thread was here first. */
	ret = xa_insert(&encl->pages, pgno, page, GFP_KERNEL);
	if (ret)
		goto err_remove;

	ret = sgx_ceilings_add(&encl->ceilings, pgno, augment_ceiling);
	if (ret)
		goto err_erase;

	sgx_reclaim_add(page);
	return 0;

err_erase:
	xa_erase(&encl->pages, pgno);
err_remove:
	WARN_ON_ONCE(sgx_encl_eremove(page));
	return ret == -EBUSY ? VM_FAULT_NOPAGE : VM_FAULT_OOM;
}

/**
 * sgx_encl_augment() - bring a page to an address of an enclave that has none
 * @encl:	enclave
 * @addr:	linear address, page aligned
 *
 * The enclave has to accept the page before it can be used: an access that
 * brought it is repeated, and is then refused by the EPCM, as on hardware.
 *
 * Context: may sleep; the caller holds the mmap_lock, under which the enclave is
 * mapped, and no &sgx_encl.lock.
 * Return: VM_FAULT_NOPAGE when there is a page now; VM_FAULT_OOM; VM_FAULT_SIGBUS
 * where none can come: there is no SGX2, the enclave is not initialised, has
 * lost its pages, or the EPC is full.
 */
vm_fault_t sgx_encl_augment(struct sgx_encl *encl, unsigned long addr)
{
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct sgx_encl_page *page;

	if (!sgx_core.sgx2 || !test_bit(SGX_ENCL_INITIALIZED, &encl->flags) ||
	    addr < encl->base || addr >= encl->base + encl->size)
		return ret;

	page = sgx_encl_page_alloc_zeroed();
	if (!IS_ERR(page)) {
		if (!sgx_encl_lock_secs(encl, true))
			ret = augment_locked(encl, page, addr);
		mutex_unlock(&encl->lock);
		if (ret)
			sgx_encl_page_free(page);
		else
			ret = VM_FAULT_NOPAGE;
	}
	trace_sgx_augment(encl->id, addr, (__force int)ret);
	return ret;
}

static vm_fault_t vma_fault(struct sgx_encl *encl, struct vm_fault *vmf)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	unsigned long access = VM_READ;
	struct sgx_encl_page *page;
	vm_fault_t ret;

	if (sgx_isolate_forbids(vmf) && xa_load(&encl->pages, PFN_DOWN(addr)))
		return VM_FAULT_SIGSEGV;

	if (vmf->flags & FAULT_FLAG_WRITE)
		access = VM_WRITE;
	else if (vmf->flags & FAULT_FLAG_INSTRUCTION)
		access = VM_EXEC;

	page = sgx_encl_lock_page(encl, addr);
	if (!page) {
		mutex_unlock(&encl->lock);
		ret = sgx_encl_augment(encl, addr);
		if (ret == VM_FAULT_NOPAGE && vmf->flags & FAULT_FLAG_USER)
			sgx_fault_will_be_epcm();
		return ret;
	}
	ret = vma_map_page(vmf->vma, page, addr, access);
	mutex_unlock(&encl->lock);
	return ret;
}

static vm_fault_t sgx_vma_fault(struct vm_fault *vmf)
{
	struct sgx_encl *encl = sgx_vma_encl(vmf->vma);
	vm_fault_t ret = vma_fault(encl, vmf);

	sgx_count(encl, faults);
	trace_sgx_fault(encl->id, vmf->address & PAGE_MASK, vmf->flags,
			(__force unsigned int)ret);
	return ret;
}

/*
 * A write where the mapping allows it and the page table entry does not: when
 * the entry was made the EPCM did not allow it. The entry is made anew here and
 * not left to the caller to make writable, who would do so without the lock: a
 * restriction and a zap in between could be lost.
 */
static vm_fault_t sgx_vma_pfn_mkwrite(struct vm_fault *vmf)
{
	struct sgx_encl *encl = sgx_vma_encl(vmf->vma);
	unsigned long addr = vmf->address & PAGE_MASK;
	struct sgx_encl_page *page;
	vm_fault_t ret;

	if (sgx_isolate_forbids(vmf))
		return VM_FAULT_SIGSEGV;

	page = sgx_encl_lock_page(encl, addr);
	sgx_zap_vma(vmf->vma, addr, PAGE_SIZE);
	ret = vma_map_page(vmf->vma, page, addr, VM_WRITE);
	mutex_unlock(&encl->lock);
	return ret;
}

/*
 * mprotect() would make a page executable by its page table entry alone, also
 * where the EPCM forbids it. (Not writable: for that a mapping with pfn_mkwrite
 * is asked.) And it would lose their protection keys. So the entries go first,
 * and come back by a fault.
 */
static int sgx_vma_mprotect(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, unsigned long newflags)
{
	struct sgx_encl *encl = sgx_vma_encl(vma);
	int ret;

	ret = sgx_encl_ask_map(encl, start, end, newflags);
	if (ret)
		return ret;
	ret = sgx_isolate_mprotect(vma, newflags);
	if (ret)
		return ret;

	sgx_encl_invalidate(encl);
	if (newflags & VM_EXEC || static_branch_unlikely(&sgx_isolated))
		sgx_zap_vma(vma, start, end - start);
	return 0;
}

/*
 * An enclave's pages have their place: moved, a mapping would show pages at
 * addresses for which the EPCM forbids it. (Mainline moves the mapping; on
 * hardware every access then faults.)
 */
static int sgx_vma_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static void sgx_vma_close(struct vm_area_struct *vma)
{
	sgx_encl_invalidate(sgx_vma_encl(vma));
	sgx_isolate_close(vma);
}

/* EDBGRD or EDBGWR of some of the bytes of one word. */
static int debug_word(struct sgx_encl_page *page, unsigned long addr, void *buf,
		      unsigned int len, bool write)
{
	struct sgx_cpu cpu = { .core = &sgx_core };
	unsigned int in_word = addr % sizeof(u64);
	u64 operand = sgx_epc_operand(page) + offset_in_page(addr) - in_word;
	u64 word;

	if (sgx_edbgrd(&cpu, operand, &word))
		return -EIO;

	if (!write) {
		memcpy(buf, (u8 *)&word + in_word, len);
		return 0;
	}

	memcpy((u8 *)&word + in_word, buf, len);
	return sgx_edbgwr(&cpu, operand, word) ? -EIO : 0;
}

/*
 * May current change code of a debug enclave? A processor lets who debugs do it,
 * whatever the EPCM says; to execute it is a privilege besides. -EACCES if not.
 */
static int ask_debug_write(struct sgx_encl *encl, unsigned long addr)
{
	lockdep_assert_held(&encl->lock);

	if (!(sgx_ceilings_get(&encl->ceilings, PFN_DOWN(addr)) & VM_EXEC))
		return 0;
	return sgx_access_execmod(&encl->access, encl->file);
}

/*
 * Access by ptrace() and /proc/pid/mem, to debug enclaves only. -EFAULT for
 * others and where there is no page, -EIO for what EDBGRD or EDBGWR refuses,
 * -EACCES where the access layer does; who asks sees EIO.
 */
static int sgx_vma_access(struct vm_area_struct *vma, unsigned long addr,
			  void *buf, int len, int write)
{
	struct sgx_encl *encl = sgx_vma_encl(vma);
	/* A debugger executes nothing, and must not be asked as if it did. */
	unsigned long start, flags = vma->vm_flags & ~VM_EXEC;
	unsigned int count;
	int ret = 0;
	int done;

	if (!test_bit(SGX_ENCL_DEBUG, &encl->flags))
		return -EFAULT;

	for (done = 0; done < len; done += count) {
		unsigned long at = addr + done;
		struct sgx_encl_page *page;

		count = min_t(unsigned int, len - done,
			      sizeof(u64) - at % sizeof(u64));

		page = sgx_encl_lock_page(encl, at);
		start = at & PAGE_MASK;
		if (page == ERR_PTR(-EIO))
			ret = -EIO;
		else if (IS_ERR_OR_NULL(page) ||
			 sgx_encl_check_ceilings(encl, start, start + PAGE_SIZE,
						 flags))
			ret = -EFAULT;
		else if (write && (!done || !offset_in_page(at)))
			ret = ask_debug_write(encl, at);
		if (!ret)
			ret = debug_word(page, at, buf + done, count, write);
		mutex_unlock(&encl->lock);
		if (ret)
			return ret;
	}
	return done;
}

const struct vm_operations_struct sgx_vm_ops = {
	.open = sgx_isolate_open,
	.close = sgx_vma_close,
	.mremap = sgx_vma_mremap,
	.mprotect = sgx_vma_mprotect,
	.fault = sgx_vma_fault,
	.pfn_mkwrite = sgx_vma_pfn_mkwrite,
	.access = sgx_vma_access,
};

/**
 * sgx_vma_init() - read the parameters of this file
 *
 * Return: 0, or -EINVAL for a value that augment does not have.
 */
int sgx_vma_init(void)
{
	int choice =
		match_string(augment_names, ARRAY_SIZE(augment_names), augment);

	if (choice < 0) {
		pr_err("softsgx: augment=%s: not ask, deny or rwx\n", augment);
		return -EINVAL;
	}
	augment_ceiling = augment_ceilings[choice];
	return 0;
}
