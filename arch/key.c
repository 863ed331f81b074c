// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Keys and reports: EGETKEY and EREPORT (SDM, volume 3D), and the derivation
 * that stands for the processor's.
 *
 * Hardware derives from fused keys. Here a per-installation secret stands for
 * them: SHA-256 of a label and the secret is the root of all derivation, and,
 * with another label, CR_SEAL_FUSES. Both exist while a key is derived only.
 */
#include "key.h"
#include "crypto.h"

/* EGETKEY binds these attributes whatever the mask says: INIT and DEBUG. */
#define REQUIRED_SEALING_MASK (SGX_ATTR_INIT | SGX_ATTR_DEBUG)

/* What of KEYPOLICY needs ATTRIBUTES.KSS */
#define KEYPOLICY_KSS                                         \
	(SGX_KEYPOLICY_NOISVPRODID | SGX_KEYPOLICY_CONFIGID | \
	 SGX_KEYPOLICY_ISVFAMILYID | SGX_KEYPOLICY_ISVEXTPRODID)

/* A secret of this installation for the purpose that @label names. */
static void from_secret(struct sgx_core *core, const char label[16], u8 key[16])
{
	u8 input[16 + sizeof(core->secret)];
	u8 digest[32];

	memcpy(input, label, 16);
	memcpy(input + 16, core->secret, sizeof(core->secret));
	sgx_sha256(core, input, sizeof(input), digest);
	memcpy(key, digest, 16);
	sgx_wipe(input, sizeof(input));
	sgx_wipe(digest, sizeof(digest));
}

/**
 * sgx_keydep_seal_fuses - bind a key to CR_SEAL_FUSES
 * @core:	the platform
 * @dep:	what the key depends on
 */
void sgx_keydep_seal_fuses(struct sgx_core *core, struct sgx_keydep *dep)
{
	static const char label[16] = "softsgx seal";

	from_secret(core, label, dep->seal_key_fuses);
}

/**
 * sgx_derivekey - derivekey() of the SDM
 * @core:	the platform
 * @dep:	what the key depends on
 * @key:	the key
 */
void sgx_derivekey(struct sgx_core *core, const struct sgx_keydep *dep,
		   u8 key[16])
{
	static const char label[16] = "softsgx root";
	u8 root[16];

	from_secret(core, label, root);
	sgx_cmac(core, root, dep, sizeof(*dep), key);
	sgx_wipe(root, sizeof(root));
}

/**
 * sgx_cpusvn_beyond - whether a CPUSVN is beyond the platform's
 * @core:	the platform
 * @cpusvn:	16 components, each the version of a part of the processor's TCB
 *
 * Return: whether any component is greater than the platform's.
 */
bool sgx_cpusvn_beyond(const struct sgx_core *core, const u8 cpusvn[16])
{
	unsigned int i;

	for (i = 0; i < sizeof(core->cpusvn); i++)
		if (cpusvn[i] > core->cpusvn[i])
			return true;
	return false;
}

/* An operand of a leaf: aligned, in CR_ELRANGE, in an accessible page. */
static int operand(struct sgx_cpu *cpu, u64 la, u64 align, u32 access,
		   void **ptr)
{
	struct sgx_epcm *epcm;
	int ret;

	if (!sgx_aligned(la, align) || !sgx_in_elrange(cpu, la))
		return sgx_gp(cpu);
	ret = sgx_enclave_page(cpu, cpu->secs, la, access, &epcm);
	if (ret)
		return ret;
	*ptr = (u8 *)epcm->page + (la & ~SGX_PAGE_MASK);
	return 0;
}

/* The checks of KEYREQUEST that give #GP. */
static bool keyrequest_valid(const struct sgx_keyrequest *req,
			     const struct sgx_secs *secs)
{
	/* The CET fields are reserved on a platform without CET. */
	if (req->reserved1 || req->cet_attributes_mask ||
	    !sgx_is_zero(req->reserved2, sizeof(req->reserved2)) ||
	    req->keypolicy & ~SGX_KEYPOLICY_DEFINED)
		return false;
	if (secs->attributes.flags & SGX_ATTR_KSS)
		return true;
	return !(req->keypolicy & KEYPOLICY_KSS) && !req->configsvn;
}

/* No key for a version that this platform or this enclave has not reached. */
static int check_versions(const struct sgx_core *core,
			  const struct sgx_keyrequest *req,
			  const struct sgx_secs *secs)
{
	if (sgx_cpusvn_beyond(core, req->cpusvn))
		return SGX_INVALID_CPUSVN;
	if (req->isvsvn > secs->isvsvn)
		return SGX_INVALID_ISVSVN;
	return SGX_SUCCESS;
}

/* What all keys but the report key have in common. */
static void depend_requested(struct sgx_keydep *dep,
			     const struct sgx_keyrequest *req,
			     const struct sgx_secs *secs)
{
	dep->keyname = req->keyname;
	dep->isvsvn = req->isvsvn;
	memcpy(dep->cpusvn, req->cpusvn, sizeof(dep->cpusvn));
	dep->attributes.flags =
		(req->attributemask.flags | REQUIRED_SEALING_MASK) &
		secs->attributes.flags;
	dep->attributes.xfrm = req->attributemask.xfrm & secs->attributes.xfrm;
	dep->miscselect = req->miscmask & secs->miscselect;
}

/* The masks themselves, so that a key for fewer bits is another key. */
static void depend_masks(struct sgx_keydep *dep,
			 const struct sgx_keyrequest *req)
{
	dep->attributesmask = req->attributemask;
	dep->miscmask = ~req->miscmask;
}

static void depend_mrsigner(struct sgx_keydep *dep, const struct sgx_secs *secs)
{
	memcpy(dep->mrsigner, secs->mrsigner, sizeof(dep->mrsigner));
}

static void depend_owner(struct sgx_core *core, struct sgx_keydep *dep)
{
	memcpy(dep->sgxownerepoch, core->owner_epoch,
	       sizeof(dep->sgxownerepoch));
}

/* What KEYPOLICY selects of the product, for both sealing keys. */
static void depend_product(struct sgx_keydep *dep,
			   const struct sgx_keyrequest *req,
			   const struct sgx_secs *secs)
{
	const struct sgx_secs_hidden *hidden = &secs->hidden;

	dep->keypolicy = req->keypolicy;
	if (!(req->keypolicy & SGX_KEYPOLICY_NOISVPRODID))
		dep->isvprodid = secs->isvprodid;
	if (req->keypolicy & SGX_KEYPOLICY_CONFIGID) {
		memcpy(dep->configid, secs->configid, sizeof(dep->configid));
		dep->configsvn = req->configsvn;
	}
	if (req->keypolicy & SGX_KEYPOLICY_ISVFAMILYID)
		memcpy(dep->isvfamilyid, hidden->isvfamilyid,
		       sizeof(dep->isvfamilyid));
	if (req->keypolicy & SGX_KEYPOLICY_ISVEXTPRODID)
		memcpy(dep->isvextprodid, hidden->isvextprodid,
		       sizeof(dep->isvextprodid));
}

static int seal_key(struct sgx_core *core, const struct sgx_keyrequest *req,
		    const struct sgx_secs *secs, struct sgx_keydep *dep)
{
	int ret = check_versions(core, req, secs);

	if (ret)
		return ret;
	if (req->configsvn > secs->configsvn)
		return SGX_INVALID_ISVSVN;
	depend_requested(dep, req, secs);
	depend_masks(dep, req);
	depend_product(dep, req, secs);
	if (req->keypolicy & SGX_KEYPOLICY_MRENCLAVE)
		memcpy(dep->mrenclave, secs->mrenclave, sizeof(dep->mrenclave));
	if (req->keypolicy & SGX_KEYPOLICY_MRSIGNER)
		depend_mrsigner(dep, secs);
	depend_owner(core, dep);
	memcpy(dep->keyid, req->keyid, sizeof(dep->keyid));
	sgx_keydep_seal_fuses(core, dep);
	return SGX_SUCCESS;
}

/*
 * The report key of the enclave that @dep has the identity of. EREPORT takes
 * that from TARGETINFO and EGETKEY from the SECS.
 */
static void report_key(struct sgx_core *core, const u8 keyid[32],
		       struct sgx_keydep *dep)
{
	dep->keyname = SGX_REPORT_KEY;
	depend_owner(core, dep);
	memcpy(dep->keyid, keyid, sizeof(dep->keyid));
	memcpy(dep->cpusvn, core->cpusvn, sizeof(dep->cpusvn));
	sgx_keydep_seal_fuses(core, dep);
}

static void own_report_key(struct sgx_core *core,
			   const struct sgx_keyrequest *req,
			   const struct sgx_secs *secs, struct sgx_keydep *dep)
{
	dep->attributes = secs->attributes;
	dep->miscselect = secs->miscselect;
	dep->configsvn = secs->configsvn;
	memcpy(dep->mrenclave, secs->mrenclave, sizeof(dep->mrenclave));
	memcpy(dep->configid, secs->configid, sizeof(dep->configid));
	report_key(core, req->keyid, dep);
}

static int einittoken_key(struct sgx_core *core,
			  const struct sgx_keyrequest *req,
			  const struct sgx_secs *secs, struct sgx_keydep *dep)
{
	int ret;

	if (!(secs->attributes.flags & SGX_ATTR_EINITTOKEN_KEY))
		return SGX_INVALID_ATTRIBUTE;
	ret = check_versions(core, req, secs);
	if (ret)
		return ret;
	depend_requested(dep, req, secs);
	dep->isvprodid = secs->isvprodid;
	depend_mrsigner(dep, secs);
	depend_owner(core, dep);
	memcpy(dep->keyid, req->keyid, sizeof(dep->keyid));
	sgx_keydep_seal_fuses(core, dep);
	return SGX_SUCCESS;
}

/* What both provisioning keys begin with; neither has an owner or a KEYID. */
static int provisioning(struct sgx_core *core, const struct sgx_keyrequest *req,
			const struct sgx_secs *secs, struct sgx_keydep *dep)
{
	int ret;

	if (!(secs->attributes.flags & SGX_ATTR_PROVISIONKEY))
		return SGX_INVALID_ATTRIBUTE;
	ret = check_versions(core, req, secs);
	if (ret)
		return ret;
	depend_requested(dep, req, secs);
	depend_masks(dep, req);
	depend_mrsigner(dep, secs);
	return SGX_SUCCESS;
}

static int provision_key(struct sgx_core *core,
			 const struct sgx_keyrequest *req,
			 const struct sgx_secs *secs, struct sgx_keydep *dep)
{
	dep->isvprodid = secs->isvprodid;
	return provisioning(core, req, secs, dep);
}

/*
 * The "Operation" does not compare CONFIGSVN for this key, but the description
 * demands it of every key with a configuration's version in it: without, an
 * enclave could ask for the keys of its later configurations.
 */
static int provision_seal_key(struct sgx_core *core,
			      const struct sgx_keyrequest *req,
			      const struct sgx_secs *secs,
			      struct sgx_keydep *dep)
{
	int ret = provisioning(core, req, secs, dep);

	if (ret)
		return ret;
	if (req->configsvn > secs->configsvn)
		return SGX_INVALID_ISVSVN;
	depend_product(dep, req, secs);
	sgx_keydep_seal_fuses(core, dep);
	return SGX_SUCCESS;
}

/* From KEYNAME to what that key depends on, or to a code. */
static int key_dependencies(struct sgx_core *core,
			    const struct sgx_keyrequest *req,
			    const struct sgx_secs *secs, struct sgx_keydep *dep)
{
	switch (req->keyname) {
	case SGX_EINITTOKEN_KEY:
		return einittoken_key(core, req, secs, dep);
	case SGX_PROVISION_KEY:
		return provision_key(core, req, secs, dep);
	case SGX_PROVISION_SEAL_KEY:
		return provision_seal_key(core, req, secs, dep);
	case SGX_REPORT_KEY:
		own_report_key(core, req, secs, dep);
		return SGX_SUCCESS;
	case SGX_SEAL_KEY:
		return seal_key(core, req, secs, dep);
	default:
		return SGX_INVALID_KEYNAME;
	}
}

/**
 * sgx_egetkey - ENCLU[EGETKEY], retrieve a cryptographic key
 * @cpu:	in enclave mode; RBX is the address of KEYREQUEST, RCX where the
 *		key goes
 *
 * Return:
 * * 0: the key is at RCX.
 * * #GP: RBX is not 512-byte aligned or RCX not 16-byte aligned, or not in
 *   CR_ELRANGE; a reserved field or policy bit is set; CONFIGSVN or a policy
 *bit of KSS is used without ATTRIBUTES.KSS.
 * * #PF: see sgx_enclave_page().
 * * SGX_INVALID_ATTRIBUTE: the enclave lacks the attribute for that key.
 * * SGX_INVALID_CPUSVN: CPUSVN is beyond the platform's.
 * * SGX_INVALID_ISVSVN: ISVSVN or CONFIGSVN is greater than the enclave's.
 * * SGX_INVALID_KEYNAME: there is no such key.
 * * SGX_RETRY.
 *
 * Concurrency: with everything. KEYREQUEST is read once, another thread of the
 * enclave may be writing it. (SDM, EGETKEY)
 */
int sgx_egetkey(struct sgx_cpu *cpu)
{
	const struct sgx_secs *secs = sgx_secs_of(cpu->secs);
	struct sgx_keydep dep = { 0 };
	struct sgx_keyrequest req;
	void *in, *out;
	u8 key[16];
	int ret;

	ret = operand(cpu, cpu->regs->rbx, SGX_KEYREQUEST_ALIGN, 0, &in);
	if (ret)
		return ret;
	ret = operand(cpu, cpu->regs->rcx, SGX_KEY_ALIGN, SGX_PFEC_W, &out);
	if (ret)
		return ret;
	memcpy(&req, in, sizeof(req));
	if (!keyrequest_valid(&req, secs))
		return sgx_gp(cpu);
	ret = key_dependencies(cpu->core, &req, secs, &dep);
	if (!ret) {
		sgx_derivekey(cpu->core, &dep, key);
		memcpy(out, key, sizeof(key));
	}
	sgx_wipe(key, sizeof(key));
	sgx_wipe(&dep, sizeof(dep));
	return ret;
}

static bool targetinfo_valid(const struct sgx_targetinfo *target)
{
	return !target->reserved1 && !target->cet_attributes &&
	       sgx_is_zero(target->reserved2, sizeof(target->reserved2)) &&
	       sgx_is_zero(target->reserved3, sizeof(target->reserved3));
}

/* All of a REPORT but REPORTDATA and MAC. */
static void report_identity(const struct sgx_core *core,
			    const struct sgx_secs *secs,
			    struct sgx_report *report)
{
	const struct sgx_secs_hidden *hidden = &secs->hidden;

	memcpy(report->cpusvn, core->cpusvn, sizeof(report->cpusvn));
	report->miscselect = secs->miscselect;
	memcpy(report->isvextprodid, hidden->isvextprodid,
	       sizeof(report->isvextprodid));
	report->attributes = secs->attributes;
	memcpy(report->mrenclave, secs->mrenclave, sizeof(report->mrenclave));
	memcpy(report->mrsigner, secs->mrsigner, sizeof(report->mrsigner));
	memcpy(report->configid, secs->configid, sizeof(report->configid));
	report->isvprodid = secs->isvprodid;
	report->isvsvn = secs->isvsvn;
	report->configsvn = secs->configsvn;
	memcpy(report->isvfamilyid, hidden->isvfamilyid,
	       sizeof(report->isvfamilyid));
	memcpy(report->keyid, core->report_keyid, sizeof(report->keyid));
}

static void report_mac(struct sgx_core *core,
		       const struct sgx_targetinfo *target,
		       struct sgx_report *report)
{
	struct sgx_keydep dep = { 0 };
	u8 key[16];

	dep.attributes = target->attributes;
	dep.miscselect = target->miscselect;
	dep.configsvn = target->configsvn;
	memcpy(dep.mrenclave, target->measurement, sizeof(dep.mrenclave));
	memcpy(dep.configid, target->configid, sizeof(dep.configid));
	report_key(core, report->keyid, &dep);
	sgx_derivekey(core, &dep, key);
	sgx_cmac(core, key, report, SGX_REPORT_MACED, report->mac);
	sgx_wipe(key, sizeof(key));
	sgx_wipe(&dep, sizeof(dep));
}

/**
 * sgx_ereport - ENCLU[EREPORT], create a cryptographic report of the enclave
 * @cpu:	in enclave mode; RBX is the address of TARGETINFO, RCX of
 *		REPORTDATA, RDX where the REPORT goes
 *
 * Return:
 * * 0: the report is at RDX.
 * * #GP: RBX or RDX is not 512-byte aligned or RCX not 128-byte aligned, or not
 *   in CR_ELRANGE; a reserved field of TARGETINFO is set.
 * * #PF: see sgx_enclave_page().
 * * SGX_RETRY.
 *
 * The MAC is made over a copy that no thread of the enclave can change. RAX and
 * RFLAGS stay as they are.
 *
 * Concurrency: with everything. (SDM, EREPORT)
 */
int sgx_ereport(struct sgx_cpu *cpu)
{
	struct sgx_report report = { 0 };
	struct sgx_targetinfo target;
	void *in, *data, *out;
	int ret;

	ret = operand(cpu, cpu->regs->rbx, SGX_TARGETINFO_ALIGN, 0, &in);
	if (ret)
		return ret;
	memcpy(&target, in, sizeof(target));
	if (!targetinfo_valid(&target))
		return sgx_gp(cpu);
	ret = operand(cpu, cpu->regs->rcx, SGX_REPORTDATA_ALIGN, 0, &data);
	if (ret)
		return ret;
	ret = operand(cpu, cpu->regs->rdx, SGX_REPORT_ALIGN, SGX_PFEC_W, &out);
	if (ret)
		return ret;
	report_identity(cpu->core, sgx_secs_of(cpu->secs), &report);
	memcpy(report.reportdata, data, sizeof(report.reportdata));
	report_mac(cpu->core, &target, &report);
	memcpy(out, &report, sizeof(report));
	return SGX_SUCCESS;
}
