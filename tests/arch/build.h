/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * What the tests of the leaves that build enclaves share: the objects that rows
 * change, and a fixture that executes a leaf under a row.
 */
#ifndef SOFTSGX_TESTS_BUILD_H
#define SOFTSGX_TESTS_BUILD_H

#include "table.h"

#define LA	 (ENCLAVE_BASE + 0x3000)
#define PT(type) ((u64)(type) << SGX_SECINFO_FL_PT_SHIFT)

/* Objects of the rows, and addresses of #PF. */
enum object {
	O_NONE,
	O_CORE,	    /* struct sgx_core */
	O_CPU,	    /* struct sgx_cpu */
	O_ARGS,	    /* struct args: the operands */
	O_PAGEINFO, /* struct sgx_pageinfo */
	O_SECINFO,  /* struct sgx_secinfo */
	O_SOURCE,   /* the source page: struct sgx_secs, struct sgx_tcs */
	O_EPCM,	    /* struct sgx_epcm of the page that is operated on */
	O_OWNER,    /* struct sgx_epcm of the SECS */
	O_SECS,	    /* struct sgx_secs in the EPC */
	O_SIG,	    /* struct sgx_sigstruct before it is signed */
	O_SIGNED,   /* struct sgx_sigstruct after it is signed */
	O_TOKEN,    /* struct sgx_einittoken before it has its MAC */
	O_MACED,    /* struct sgx_einittoken after it has its MAC */
	O_COUNT,
};

enum { AT_NONE, AT_EPCPAGE, AT_SECS };

struct args {
	u64 pageinfo;
	u64 epcpage;
	u64 secs;
	u64 sigstruct;
	u64 token;
};

#define FREE	       0
#define EXCLUSIVE(obj) SET(obj, sgx_epcm, lock, SGX_LOCK_EXCLUSIVE)
#define SHARED(obj)    SET(obj, sgx_epcm, lock, SGX_LOCK_SHARED)
#define MEASURED(obj)  SET(obj, sgx_epcm, lock, SGX_LOCK_MEASURE)
#define STATE(obj, pt, bits) \
	SET(obj, sgx_epcm, state, SGX_EPCM_VALID | PT(pt) | (bits))
#define ATTR(obj, bits) SET(obj, sgx_secs, attributes.flags, bits)
#define NOWHERE		0x1000

#define M64    SGX_ATTR_MODE64BIT
#define PFEC   (SGX_PFEC_SGX | SGX_PFEC_P)
#define PFEC_W (PFEC | SGX_PFEC_W)

struct fixture {
	struct host *host;
	struct sgx_cpu *cpu;
	struct operands *op;
	struct enclave *encl;
	struct sgx_sigstruct *sig;
	struct sgx_einittoken *token;
	struct sgx_epcm *epcm;
	struct args args;
	void *objects[O_COUNT];
};

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->host = host_new(12);
	f->cpu = host_cpu(f->host, 0);
	f->op = operands_new();
	f->objects[O_CORE] = &f->host->core;
	f->objects[O_CPU] = f->cpu;
	f->objects[O_ARGS] = &f->args;
	f->objects[O_PAGEINFO] = &f->op->pageinfo;
	f->objects[O_SECINFO] = &f->op->secinfo;
	f->objects[O_SOURCE] = f->op->page;
	f->args.pageinfo = sgx_addr(&f->op->pageinfo);
}

/* The page that the leaf operates on. */
static inline void fixture_target(struct fixture *f, struct sgx_epcm *epcm)
{
	f->epcm = epcm;
	f->objects[O_EPCM] = epcm;
	f->args.epcpage = sgx_addr(epcm->page);
}

static inline void fixture_enclave(struct fixture *f, u64 attributes)
{
	struct sgx_secs secs;

	secs_default(&secs);
	secs.attributes.flags = attributes;
	if (!(attributes & M64))
		secs.baseaddr = ENCLAVE_SIZE;
	f->encl = enclave_create(f->host, &secs);
	f->objects[O_OWNER] = f->encl->secs;
	f->objects[O_SECS] = f->encl->secs->page;
	f->args.secs = sgx_addr(f->encl->secs->page);
}

static inline void fixture_free(struct fixture *f)
{
	if (f->encl)
		enclave_free(f->encl);
	free(f->sig);
	free(f->token);
	operands_free(f->op);
	host_free(f->host);
}

/* Apply the patches of a row to the objects @from to @to. */
static inline void fixture_patch(struct fixture *f, const struct row *row,
				 enum object from, enum object to)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		const struct patch *p = &row->patches[i];

		if (p->object < (int)from || p->object > (int)to || !p->object)
			continue;
		assert_non_null(f->objects[p->object]);
		patch(f->objects[p->object], p);
	}
}

/* Execute @leaf under the row: outcome, and nothing changed unless it is 0. */
static inline void fixture_run(struct fixture *f, const struct row *row,
			       int (*leaf)(struct fixture *f))
{
	struct snapshot *snap;
	u64 addr = 0;
	int ret;

	if (row->at == AT_EPCPAGE)
		addr = f->args.epcpage;
	if (row->at == AT_SECS)
		addr = f->args.secs;
	snap = snapshot_take(f->host);
	ret = leaf(f);
	assert_outcome(f->cpu, ret, row->outcome, addr, row->errcd);
	if (ret)
		snapshot_unchanged(f->host, snap);
	else
		snapshot_free(snap);
}

#endif /* SOFTSGX_TESTS_BUILD_H */
