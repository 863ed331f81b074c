// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The enclave of the example. All that is in here is trusted. */
#include <immintrin.h>
#include "../common/enclave.h"
#include "crypto.h"
#include "hello.h"

/* A page that the host write-protects for HELLO_WRITE. */
__attribute__((visibility("hidden"), aligned(SGX_PAGE_SIZE), used))
u64 hello_page[SGX_PAGE_SIZE / sizeof(u64)];

static u8 secret[HELLO_SECRET_MAX];

static void copy(void *dst, const void *src, u64 len)
{
	asm volatile("rep movsb"
		     : "+D"(dst), "+S"(src), "+c"(len)
		     :
		     : "memory");
}

static void clear(void *dst, u64 len)
{
	asm volatile("rep stosb" : "+D"(dst), "+c"(len) : "a"(0) : "memory");
}

static bool random_bytes(void *buf, u64 len)
{
	unsigned long long word;
	unsigned int tries;
	u64 i;

	for (i = 0; i < len; i += sizeof(word)) {
		for (tries = 0; !_rdrand64_step(&word); tries++)
			if (tries == 100)
				return false;
		copy((u8 *)buf + i, &word, sizeof(word));
	}
	return true;
}

static bool get_key(enum sgx_key_name name, const u8 keyid[32], u8 key[16])
{
	struct sgx_keyrequest request
		__attribute__((aligned(SGX_KEYREQUEST_ALIGN)));
	u8 out[16] __attribute__((aligned(SGX_KEY_ALIGN)));

	clear(&request, sizeof(request));
	request.keyname = name;
	if (name == SGX_SEAL_KEY) {
		request.keypolicy = SGX_KEYPOLICY_MRENCLAVE;
		request.attributemask.flags = SGX_ATTR_INIT | SGX_ATTR_DEBUG;
	}
	copy(request.keyid, keyid, sizeof(request.keyid));
	if (enclu(SGX_EGETKEY, (u64)&request, (u64)out, 0, NULL))
		return false;
	copy(key, out, sizeof(out));
	return true;
}

/* Two keys of one sealing key, which is fresh for each KEYID. */
static bool sealing_keys(const u8 keyid[32], u8 encryption[16], u8 mac[16])
{
	static const u8 label[2][16] = { "encryption", "authenticity" };
	u8 key[16];

	if (!get_key(SGX_SEAL_KEY, keyid, key))
		return false;
	aes_encrypt(key, label[0], encryption);
	aes_encrypt(key, label[1], mac);
	return true;
}

static u64 seal(struct hello_sealed *sealed)
{
	u8 encryption[16];
	u8 mac[16];

	if (!random_bytes(secret, sizeof(secret)) ||
	    !random_bytes(sealed->keyid, sizeof(sealed->keyid)) ||
	    !sealing_keys(sealed->keyid, encryption, mac))
		return HELLO_REFUSED;
	sealed->len = sizeof(secret);
	copy(sealed->text, secret, sizeof(secret));
	aes_ctr(encryption, sealed->text, sizeof(secret));
	aes_cmac(mac, sealed, __builtin_offsetof(struct hello_sealed, mac),
		 sealed->mac);
	return HELLO_OK;
}

static u64 unseal(struct hello_sealed *sealed)
{
	u8 encryption[16];
	u8 expected[16];
	u8 mac[16];

	if (!sealing_keys(sealed->keyid, encryption, mac))
		return HELLO_REFUSED;
	aes_cmac(mac, sealed, __builtin_offsetof(struct hello_sealed, mac),
		 expected);
	if (!same_bytes(expected, sealed->mac, sizeof(expected)) ||
	    sealed->len != sizeof(secret))
		return HELLO_REFUSED;
	aes_ctr(encryption, sealed->text, sizeof(sealed->text));
	return same_bytes(sealed->text, secret, sizeof(secret)) ? HELLO_OK
								: HELLO_REFUSED;
}

static bool verify(const struct sgx_report *report)
{
	u8 key[16];
	u8 mac[16];

	if (!get_key(SGX_REPORT_KEY, report->keyid, key))
		return false;
	aes_cmac(key, report, SGX_REPORT_MACED, mac);
	return same_bytes(mac, report->mac, sizeof(mac));
}

static u64 report_to_self(struct hello_call *call)
{
	struct sgx_targetinfo target
		__attribute__((aligned(SGX_TARGETINFO_ALIGN)));
	struct sgx_report report __attribute__((aligned(SGX_REPORT_ALIGN)));
	u8 data[64] __attribute__((aligned(SGX_REPORTDATA_ALIGN)));

	/* The first report is for nobody; it says who we are. */
	clear(&target, sizeof(target));
	clear(data, sizeof(data));
	clear(&report, sizeof(report));
	enclu(SGX_EREPORT, (u64)&target, (u64)data, (u64)&report, NULL);
	if (verify(&report))
		return HELLO_REFUSED;

	copy(target.measurement, report.mrenclave, sizeof(target.measurement));
	target.attributes = report.attributes;
	target.miscselect = report.miscselect;
	target.configsvn = report.configsvn;
	copy(target.configid, report.configid, sizeof(target.configid));
	copy(data, "hello", 6);
	enclu(SGX_EREPORT, (u64)&target, (u64)data, (u64)&report, NULL);
	if (!verify(&report) ||
	    !same_bytes(report.reportdata, data, sizeof(data)))
		return HELLO_REFUSED;
	copy(call->mrenclave, report.mrenclave, sizeof(call->mrenclave));
	copy(call->mrsigner, report.mrsigner, sizeof(call->mrsigner));

	report.reportdata[0] ^= 1;
	return verify(&report) ? HELLO_REFUSED : HELLO_OK;
}

/*
 * An entry at CSSA 1: the code at CSSA 0 was interrupted. Step over UD2, the
 * only instruction that this enclave expects to fail.
 */
static void handle_exception(struct hello_call *host, u64 thread)
{
	u8 *frame = ssa + thread * NSSA * SGX_PAGE_SIZE;
	struct sgx_gprsgx *gpr;
	u64 status = HELLO_REFUSED;

	gpr = (struct sgx_gprsgx *)(frame + SGX_PAGE_SIZE) - 1;
	if (gpr->exitinfo ==
	    (SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | SGX_VECTOR_UD)) {
		gpr->rip += 2;
		status = HELLO_OK;
	}
	host->status = status;
}

static u64 serve(struct hello_call *call)
{
	switch (call->request) {
	case HELLO_ADD:
		call->sum = call->a + call->b;
		return HELLO_OK;
	case HELLO_SEAL:
		return seal(&call->sealed);
	case HELLO_UNSEAL:
		return unseal(&call->sealed);
	case HELLO_REPORT:
		return report_to_self(call);
	case HELLO_UD2:
		call->sum = call->a;
		asm volatile("ud2" : "+r"(call->sum));
		call->sum += call->b;
		return HELLO_OK;
	case HELLO_WRITE:
		*(volatile u64 *)hello_page = call->a;
		call->sum = *(volatile u64 *)hello_page;
		return HELLO_OK;
	default:
		return HELLO_UNKNOWN;
	}
}

void enclave_main(void *arg, u64 cssa, u64 thread)
{
	struct hello_call call;

	if (!is_outside(arg, sizeof(call)))
		return;
	if (cssa) {
		handle_exception(arg, thread);
		return;
	}
	/* The host can change what it owns at any time: work on a copy. */
	copy(&call, arg, sizeof(call));
	call.status = serve(&call);
	copy(arg, &call, sizeof(call));
}
