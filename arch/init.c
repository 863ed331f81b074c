// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * EINIT (SDM, volume 3D): who signed the enclave, whether it is the one that
 * was signed, and whether it may be launched.
 */
#include "crypto.h"
#include "key.h"
#include "rsa.h"

/* What an enclave may have only if the launch key has signed it. */
#define CONTROLLED_ATTRIBUTES SGX_ATTR_EINITTOKEN_KEY

static bool sigstruct_valid(const struct sgx_sigstruct *sig)
{
	static const u8 header[16] = { 0x06, 0, 0, 0, 0xe1, 0, 0, 0,
				       0,    0, 1, 0, 0,    0, 0, 0 };
	static const u8 header2[16] = { 0x01, 0x01, 0, 0, 0x60, 0, 0, 0,
					0x60, 0,    0, 0, 0x01, 0, 0, 0 };

	/* The CET fields are reserved on a platform without CET. */
	return !memcmp(sig->header, header, sizeof(header)) &&
	       (sig->vendor == 0 || sig->vendor == 0x8086) &&
	       !memcmp(sig->header2, header2, sizeof(header2)) &&
	       sig->exponent == 3 && !sig->cet_attributes &&
	       !sig->cet_attributes_mask &&
	       sgx_is_zero(sig->reserved1, sizeof(sig->reserved1)) &&
	       sgx_is_zero(sig->reserved2, sizeof(sig->reserved2)) &&
	       sgx_is_zero(sig->reserved3, sizeof(sig->reserved3)) &&
	       sgx_is_zero(sig->reserved4, sizeof(sig->reserved4));
}

/* What SIGSTRUCT demands of the enclave's attributes. */
static bool attributes_wanted(const struct sgx_secs *secs,
			      const struct sgx_sigstruct *sig)
{
	const struct sgx_attributes *mask = &sig->attributemask;

	return !((secs->attributes.flags ^ sig->attributes.flags) &
		 mask->flags) &&
	       !((secs->attributes.xfrm ^ sig->attributes.xfrm) & mask->xfrm) &&
	       !((secs->miscselect ^ sig->miscselect) & sig->miscmask);
}

static bool token_reserved_zero(const struct sgx_einittoken *token)
{
	return token->valid == 1 && !token->cet_masked_attributes_le &&
	       sgx_is_zero(token->reserved1, sizeof(token->reserved1)) &&
	       sgx_is_zero(token->reserved2, sizeof(token->reserved2)) &&
	       sgx_is_zero(token->reserved3, sizeof(token->reserved3)) &&
	       sgx_is_zero(token->reserved4, sizeof(token->reserved4));
}

/* The key that the launch enclave has got for this token from EGETKEY. */
static void launch_key(struct sgx_cpu *cpu, const struct sgx_einittoken *token,
		       u8 key[16])
{
	struct sgx_keydep dep = {
		.keyname = SGX_EINITTOKEN_KEY,
		.isvprodid = token->isvprodidle,
		.isvsvn = token->isvsvnle,
		.attributes = token->maskedattributesle,
		.miscselect = token->maskedmiscselectle,
	};

	memcpy(dep.sgxownerepoch, cpu->core->owner_epoch,
	       sizeof(dep.sgxownerepoch));
	memcpy(dep.mrsigner, cpu->lepubkeyhash, sizeof(dep.mrsigner));
	memcpy(dep.keyid, token->keyid, sizeof(dep.keyid));
	memcpy(dep.cpusvn, token->cpusvnle, sizeof(dep.cpusvn));
	sgx_keydep_seal_fuses(cpu->core, &dep);
	sgx_derivekey(cpu->core, &dep, key);
	sgx_wipe(&dep, sizeof(dep));
}

static bool token_authentic(struct sgx_cpu *cpu,
			    const struct sgx_einittoken *token)
{
	u8 key[16], mac[16];
	bool equal;

	launch_key(cpu, token, key);
	sgx_cmac(cpu->core, key, token,
		 offsetof(struct sgx_einittoken, cpusvnle), mac);
	equal = sgx_equal(mac, token->mac, sizeof(mac));
	sgx_wipe(key, sizeof(key));
	sgx_wipe(mac, sizeof(mac));
	return equal;
}

/* A valid token: whether it launches this enclave. */
static int check_token(struct sgx_cpu *cpu, const struct sgx_secs *secs,
		       const struct sgx_einittoken *token,
		       const u8 mrenclave[32], const u8 mrsigner[32])
{
	if (token->maskedattributesle.flags & SGX_ATTR_DEBUG &&
	    !(secs->attributes.flags & SGX_ATTR_DEBUG))
		return SGX_INVALID_EINITTOKEN;
	if (!token_reserved_zero(token))
		return SGX_INVALID_EINITTOKEN;
	if (sgx_cpusvn_beyond(cpu->core, token->cpusvnle))
		return SGX_INVALID_CPUSVN;
	if (!token_authentic(cpu, token))
		return SGX_INVALID_EINITTOKEN;
	if (memcmp(token->mrenclave, mrenclave, 32) ||
	    memcmp(token->mrsigner, mrsigner, 32))
		return SGX_INVALID_MEASUREMENT;
	if (token->attributes.flags != secs->attributes.flags ||
	    token->attributes.xfrm != secs->attributes.xfrm)
		return SGX_INVALID_ATTRIBUTE;
	return SGX_SUCCESS;
}

/* Who may launch what: attributes, then the launch key or a token of it. */
static int check_launch(struct sgx_cpu *cpu, const struct sgx_secs *secs,
			const struct sgx_sigstruct *sig,
			const struct sgx_einittoken *token,
			const u8 mrenclave[32], const u8 mrsigner[32])
{
	bool authorized = !memcmp(mrsigner, cpu->lepubkeyhash, 32);

	if (secs->attributes.flags & CONTROLLED_ATTRIBUTES && !authorized)
		return SGX_INVALID_ATTRIBUTE;
	if (!attributes_wanted(secs, sig))
		return SGX_INVALID_ATTRIBUTE;
	if (!(token->valid & 1))
		return authorized ? SGX_SUCCESS : SGX_INVALID_EINITTOKEN;
	return check_token(cpu, secs, token, mrenclave, mrsigner);
}

/* INIT comes last: who sees it set sees the identity, too. */
static void einit_commit(struct sgx_secs *secs, const struct sgx_sigstruct *sig,
			 const u8 mrenclave[32], const u8 mrsigner[32])
{
	struct sgx_secs_hidden *hidden = &secs->hidden;

	memcpy(secs->mrenclave, mrenclave, sizeof(secs->mrenclave));
	memcpy(secs->mrsigner, mrsigner, sizeof(secs->mrsigner));
	memcpy(hidden->isvextprodid, sig->isvextprodid,
	       sizeof(hidden->isvextprodid));
	memcpy(hidden->isvfamilyid, sig->isvfamilyid,
	       sizeof(hidden->isvfamilyid));
	secs->isvprodid = sig->isvprodid;
	secs->isvsvn = sig->isvsvn;
	__atomic_fetch_or(&secs->attributes.flags, SGX_ATTR_INIT,
			  __ATOMIC_RELEASE);
}

/* EINIT with the SECS and its measurement locked. */
static int einit_measured(struct sgx_cpu *cpu, struct sgx_secs *secs,
			  const struct sgx_sigstruct *sig,
			  const struct sgx_einittoken *token)
{
	u8 mrenclave[32], mrsigner[32];
	u32 h[8];
	int ret;

	if (secs->attributes.flags & SGX_ATTR_INIT)
		return sgx_gp(cpu);
	memcpy(h, secs->mrenclave, sizeof(h));
	sgx_sha256_final(cpu->core, h, secs->hidden.blocks * 64, NULL, 0,
			 mrenclave);
	if (memcmp(sig->enclavehash, mrenclave, sizeof(mrenclave)))
		return SGX_INVALID_MEASUREMENT;
	sgx_sha256(cpu->core, sig->modulus, sizeof(sig->modulus), mrsigner);
	ret = check_launch(cpu, secs, sig, token, mrenclave, mrsigner);
	if (!ret)
		einit_commit(secs, sig, mrenclave, mrsigner);
	return ret;
}

/* EINIT with the SECS locked. */
static int einit_locked(struct sgx_cpu *cpu, struct sgx_epcm *epcm,
			const struct sgx_sigstruct *sig,
			const struct sgx_einittoken *token)
{
	struct sgx_secs *secs = sgx_secs_of(epcm);
	int ret;

	if (!sgx_is_secs(epcm))
		return sgx_encls_fault(cpu, sgx_addr(epcm->page), SGX_PFEC_W);
	if (!(sgx_secs_flags(secs) & SGX_ATTR_KSS) &&
	    !sgx_is_zero(sig->isvfamilyid, sizeof(sig->isvfamilyid)))
		return SGX_INVALID_SIG_STRUCT;
	if (!sgx_epcm_trylock(epcm, SGX_LOCK_MEASURE))
		return sgx_gp(cpu);
	ret = einit_measured(cpu, secs, sig, token);
	sgx_epcm_unlock(epcm, SGX_LOCK_MEASURE);
	return ret;
}

/**
 * sgx_einit - ENCLS[EINIT], initialize an enclave for execution
 * @cpu:	the processor; its @lepubkeyhash is who may sign without a token
 * @sigstruct:	a copy that nobody changes meanwhile
 * @secs:	address of the SECS
 * @token:	likewise a copy
 *
 * Return:
 * * 0: the enclave is initialized.
 * * #GP: an operand is misaligned; the SECS or its measurement is in use by
 *   another leaf; the enclave is initialized already.
 * * #PF(@secs): it is no EPC page, or no SECS.
 * * SGX_INVALID_SIG_STRUCT: HEADER, VENDOR, HEADER2, EXPONENT or a reserved
 *   field; ISVFAMILYID without KSS.
 * * SGX_INVALID_SIGNATURE: SIGNATURE, Q1 or Q2.
 * * SGX_INVALID_MEASUREMENT: ENCLAVEHASH is not the enclave's; the token is for
 *   another MRENCLAVE or MRSIGNER.
 * * SGX_INVALID_ATTRIBUTE: EINITTOKEN_KEY without the launch key's signature;
 *   an attribute or MISCSELECT bit is not as SIGSTRUCT says, under its masks;
 *   the token is for other attributes.
 * * SGX_INVALID_EINITTOKEN: no token and not signed by the launch key; a debug
 *   token for a production enclave, a reserved field, a wrong MAC.
 * * SGX_INVALID_CPUSVN: the token is of a CPUSVN beyond the platform's.
 *
 * SGX_UNMASKED_EVENT does not come from here: a host that wants to be
 * interruptible looks for signals around the call.
 *
 * Concurrency: shared on the SECS, exclusive on its measurement. (SDM, EINIT)
 */
int sgx_einit(struct sgx_cpu *cpu, const struct sgx_sigstruct *sigstruct,
	      u64 secs, const struct sgx_einittoken *token)
{
	struct sgx_epcm *epcm;
	int ret;

	if (!sgx_aligned(sgx_addr(sigstruct) | secs, SGX_PAGE_SIZE))
		return sgx_gp(cpu);
	if (!sgx_aligned(sgx_addr(token), SGX_EINITTOKEN_ALIGN))
		return sgx_gp(cpu);
	epcm = sgx_find_epc(cpu, secs);
	if (!epcm)
		return sgx_encls_fault(cpu, secs, SGX_PFEC_W);
	if (!sigstruct_valid(sigstruct))
		return SGX_INVALID_SIG_STRUCT;
	if (!sgx_rsa_verify(cpu->core, sigstruct))
		return SGX_INVALID_SIGNATURE;

	if (!sgx_epcm_trylock(epcm, SGX_LOCK_SHARED))
		return sgx_gp(cpu);
	ret = einit_locked(cpu, epcm, sigstruct, token);
	sgx_epcm_unlock(epcm, SGX_LOCK_SHARED);
	return ret;
}
