/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Key derivation, which EGETKEY, EREPORT and EINIT share. Internal to arch/. */
#ifndef SOFTSGX_KEY_H
#define SOFTSGX_KEY_H

#include "core.h"

/*
 * struct sgx_keydep - KEYDEPENDENCIES: all that a key can be made of
 *
 * Named as in the SDM. All fields that a key does not depend on are zero, and
 * there is no padding, for the whole of it goes into the derivation: its layout
 * is that of all that was ever sealed, see doc/arch.md.
 *
 * Two of the SDM's fields are not here. PADDING is the same constant in every
 * SECS that EINIT has initialised, and distinguishes nothing. CET_ATTRIBUTES
 * and its mask are for platforms with CET, which this is not.
 */
struct sgx_keydep {
	u16 keyname;
	u16 keypolicy;
	u16 isvprodid;
	u16 isvsvn;
	u16 configsvn;
	u16 reserved[3];
	u32 miscselect;
	u32 miscmask;
	struct sgx_attributes attributes;
	struct sgx_attributes attributesmask;
	u8 isvfamilyid[16];
	u8 isvextprodid[16];
	u8 sgxownerepoch[16];
	u8 seal_key_fuses[16];
	u8 cpusvn[16];
	u8 mrenclave[32];
	u8 mrsigner[32];
	u8 keyid[32];
	u8 configid[64];
};

_Static_assert(sizeof(struct sgx_keydep) == 296, "no padding in sgx_keydep");

void sgx_keydep_seal_fuses(struct sgx_core *core, struct sgx_keydep *dep);
void sgx_derivekey(struct sgx_core *core, const struct sgx_keydep *dep,
		   u8 key[16]);
bool sgx_cpusvn_beyond(const struct sgx_core *core, const u8 cpusvn[16]);

#endif /* SOFTSGX_KEY_H */
