// SPDX-License-Identifier: GPL-2.0
/*
 * The questions: who is asked for which privilege, about what.
 *
 * All that one step of an enclave's life needs is asked at once, and answered
 * by one version of the rules. Everyone has every privilege where no security
 * module and no rule says otherwise.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "../arch/sgx.h"
#include "access.h"
#include "audit.h"
#include "lsm.h"
#include "question.h"
#include "rules.h"
#include "signature.h"

/* A question about an enclave, without its privileges and object. */
static struct sgx_question make_question(const struct sgx_access *access,
					 struct file *device)
{
	return (struct sgx_question){
		.device = device,
		.identity = &access->identity,
		/* Pairs with the releases in this file. */
		.known = smp_load_acquire(&access->known),
		.used = atomic_read(&access->used),
	};
}

/* 0, or the errno of the first security module that refuses. */
static int ask_lsm(const struct sgx_question *question)
{
	int n, ret;

	for (n = 0; n < ENCLAVE_PRIVILEGES; n++) {
		if (!(question->privileges & 1U << n))
			continue;
		ret = sgx_lsm_ask(sgx_question_object(question, n), n);
		if (ret) {
			sgx_audit_lsm_denial(question, n, ret);
			return ret;
		}
	}
	return 0;
}

/* Ask, and remember what was granted. */
static int ask(struct sgx_access *access, const struct sgx_question *question)
{
	struct sgx_rules_view view;
	int ret;

	sgx_audit_asked(question);
	ret = ask_lsm(question);
	if (ret)
		return ret;

	sgx_rules_begin(&view);
	ret = sgx_rules_ask(&view, question);
	sgx_rules_end(&view);
	if (ret)
		return ret;

	atomic_or(question->privileges & SGX_PRIVILEGES_REMEMBERED,
		  &access->used);
	return 0;
}

/**
 * sgx_access_create() - may current create an enclave
 * @access:	of the enclave
 * @device:	its file
 * @attributes:	ATTRIBUTES.FLAGS that it is to have
 * @xfrm:	ATTRIBUTES.XFRM that it is to have
 *
 * Context: process context, in the ioctl, may sleep.
 * Return: 0; -EACCES or another errno if it is refused.
 */
int sgx_access_create(struct sgx_access *access, struct file *device,
		      u64 attributes, u64 xfrm)
{
	struct sgx_question question;

	WRITE_ONCE(access->identity.attributes, attributes);
	WRITE_ONCE(access->identity.xfrm, xfrm);
	/* Pairs with the acquire in make_question(). */
	smp_store_release(&access->known, SGX_KNOWN_ATTRIBUTES);

	question = make_question(access, device);
	question.privileges = SGX_PRIVILEGE(CREATE);
	return ask(access, &question);
}

/* What is needed to load a page of code. */
static u32 add_privileges(const struct sgx_source *source, u64 secinfo_flags,
			  bool measured)
{
	u32 privileges = 0;

	if (!source->file)
		privileges |= SGX_PRIVILEGE(EXECANON);
	else if (source->modified)
		privileges |= SGX_PRIVILEGE(EXECMOD);
	else
		privileges |= SGX_PRIVILEGE(EXECUTE);

	if (secinfo_flags & SGX_SECINFO_FL_W)
		privileges |= SGX_PRIVILEGE(EXECMOD);
	if (!measured)
		privileges |= SGX_PRIVILEGE(EXECUNMR);
	return privileges;
}

/**
 * sgx_access_add() - may current load a page
 * @call:	the call, and what it has been granted so far
 * @vma:	mapping of the source
 * @page:	source page, found in @vma
 *
 * Asked once for each file (or once for all anonymous memory) and set of
 * privileges in a call. A page that is not executable needs nothing.
 *
 * Context: the mmap_lock is held, and has been since @page was found: what is
 * asked about is what is then copied. May sleep.
 * Return: 0; -EACCES or another errno if it is refused.
 */
int sgx_access_add(struct sgx_access_call *call,
		   const struct vm_area_struct *vma, const struct page *page)
{
	struct sgx_question question;
	struct sgx_source source;
	int ret;

	if (!(call->secinfo_flags & SGX_SECINFO_FL_X))
		return 0;

	source = sgx_source_of(vma, page);
	question = make_question(call->access, call->device);
	question.object = source.file;
	question.privileges =
		add_privileges(&source, call->secinfo_flags, call->measured);
	if (call->asked && call->file == source.file &&
	    !(question.privileges & ~call->privileges))
		return 0;

	ret = ask(call->access, &question);
	if (ret)
		return ret;

	if (call->asked && call->file == source.file) {
		call->privileges |= question.privileges;
		return 0;
	}
	sgx_access_call_end(call);
	call->asked = true;
	call->file = source.file ? get_file(source.file) : NULL;
	call->privileges = question.privileges;
	return 0;
}

/**
 * sgx_access_call_end() - forget what a call was granted
 * @call:	call
 */
void sgx_access_call_end(struct sgx_access_call *call)
{
	if (call->file)
		fput(call->file);
	call->file = NULL;
	call->asked = false;
}

/**
 * sgx_access_execmod() - may current execute pages that an enclave has written
 * @access:	of the enclave
 * @device:	its file
 *
 * Asked when pages that came by EAUG are first to be mapped executable, and when
 * a debugger writes to pages that may be.
 *
 * Context: the enclave's mmap_lock and &sgx_encl.lock may be held; may sleep.
 * Return: 0; -EACCES or another errno if it is refused.
 */
int sgx_access_execmod(struct sgx_access *access, struct file *device)
{
	struct sgx_question question = make_question(access, device);

	question.privileges = SGX_PRIVILEGE(EXECMOD);
	return ask(access, &question);
}

/**
 * sgx_access_execmem() - may current map an enclave writable and executable
 * @access:	of the enclave
 * @device:	its file
 *
 * Context: current's mmap_lock and &sgx_encl.lock are held, the latter so that
 * this does not come between sgx_access_init() and sgx_access_initialised();
 * may sleep.
 * Return: 0; -EACCES or another errno if it is refused.
 */
int sgx_access_execmem(struct sgx_access *access, struct file *device)
{
	struct sgx_question question = make_question(access, device);

	question.privileges = SGX_PRIVILEGE(EXECMEM);
	return ask(access, &question);
}

/**
 * sgx_access_init() - may current initialise an enclave
 * @access:	of the enclave
 * @device:	its file
 * @source:	where @sigstruct came from
 * @sigstruct:	the kernel's copy, which EINIT is given afterwards. Whether it
 *		is right is for EINIT to say: without that nothing comes of the
 *		answer
 * @mrsigner:	SHA-256 of its modulus
 *
 * Context: process context, in the ioctl, may sleep. &sgx_encl.lock is held, and
 * is kept until EINIT has answered.
 * Return: 0; -EACCES or another errno if it is refused.
 */
int sgx_access_init(struct sgx_access *access, struct file *device,
		    const struct sgx_source *source,
		    const struct sgx_sigstruct *sigstruct,
		    const u8 mrsigner[SGX_DIGEST_SIZE])
{
	struct sgx_identity *identity = &access->identity;
	struct sgx_question question;

	memcpy(identity->mrenclave, sigstruct->enclavehash, SGX_DIGEST_SIZE);
	memcpy(identity->mrsigner, mrsigner, SGX_DIGEST_SIZE);
	identity->isvprodid = sigstruct->isvprodid;
	identity->isvsvn = sigstruct->isvsvn;

	question = make_question(access, device);
	question.known |= SGX_KNOWN_IDENTITY;
	/* What the process could write is as good as anonymous. */
	if (source->file && !source->modified) {
		question.object = source->file;
		question.privileges = SGX_PRIVILEGE(INIT);
	} else {
		question.privileges = SGX_PRIVILEGE(INITANON);
	}
	if (identity->attributes & SGX_ATTR_DEBUG)
		question.privileges |= SGX_PRIVILEGE(DEBUG);
	return ask(access, &question);
}

/**
 * sgx_access_initialised() - EINIT has confirmed the identity
 * @access:	of the enclave, after sgx_access_init()
 */
void sgx_access_initialised(struct sgx_access *access)
{
	/* Pairs with the acquire in make_question(). */
	smp_store_release(&access->known,
			  SGX_KNOWN_ATTRIBUTES | SGX_KNOWN_IDENTITY);
}

/**
 * sgx_access_provision() - may current let an enclave use the provisioning key
 * @access:	of the enclave
 * @provision:	file of /dev/sgx_provision
 *
 * Context: process context, in the ioctl, may sleep.
 * Return: 0; -EACCES or another errno if it is refused.
 */
int sgx_access_provision(struct sgx_access *access, struct file *provision)
{
	struct sgx_question question = make_question(access, provision);

	question.privileges = SGX_PRIVILEGE(PROVISION);
	return ask(access, &question);
}

/**
 * sgx_access_start() - get ready for questions
 *
 * Return: 0, or why the keyring or the files for the rules cannot be made.
 */
int sgx_access_start(void)
{
	int ret;

	sgx_audit_init();
	ret = sgx_signature_init();
	if (ret)
		return ret;

	ret = sgx_rules_init();
	if (ret)
		sgx_signature_exit();
	return ret;
}

/**
 * sgx_access_stop() - undo sgx_access_start()
 *
 * No question is under way.
 */
void sgx_access_stop(void)
{
	sgx_rules_exit();
	sgx_signature_exit();
}
