/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * libsoftsgx: enclaves as files, and running. Reads them (ELF, SGXS), measures
 * them as the processor does, makes and checks their signature (SIGSTRUCT); loads
 * and calls them.
 *
 * What the architecture decides is decided by the same source as in softsgx.ko.
 * Only loading and calling need a kernel that serves SGX, with the module or
 * with SGX hardware: there is no difference.
 *
 * Functions that can fail return 0 or an enum softsgx_status, which is in the
 * struct softsgx_error too, with the reason. Its pointer may be NULL. The
 * library keeps no global state: different objects may be used by different
 * threads.
 */
#ifndef SOFTSGX_H
#define SOFTSGX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOFTSGX_PAGE_SIZE      4096
#define SOFTSGX_CHUNK_SIZE     256
#define SOFTSGX_CHUNKS	       16
#define SOFTSGX_SIGSTRUCT_SIZE 1808
#define SOFTSGX_PAYLOAD_SIZE   256
#define SOFTSGX_SIGNATURE_SIZE 384

/* Flag of an ELF segment that consists of TCS pages (in PF_MASKOS). */
#define SOFTSGX_PF_TCS 0x00100000

/* Errors */

/**
 * enum softsgx_status - what came of a call
 * @SOFTSGX_OK:		success; it is 0
 * @SOFTSGX_FORMAT:	a file is not what it should be
 * @SOFTSGX_REFUSED:	the architecture refuses: a leaf of ENCLS fails
 * @SOFTSGX_SYSTEM:	a file cannot be read or written, memory is out, or the
 *			kernel refuses; errno tells in which way
 * @SOFTSGX_EXCEPTION:	an exception ended an entry: struct softsgx_exception
 */
enum softsgx_status {
	SOFTSGX_OK,
	SOFTSGX_FORMAT,
	SOFTSGX_REFUSED,
	SOFTSGX_SYSTEM,
	SOFTSGX_EXCEPTION,
};

#define SOFTSGX_NO_OFFSET UINT64_MAX

/**
 * struct softsgx_error - why a call failed
 * @status:	what it returned
 * @offset:	where in the file the reason lies, or SOFTSGX_NO_OFFSET
 * @file:	name of the file, "" if it is about none; a long one is shortened
 * @reason:	one line, without the end of line
 */
struct softsgx_error {
	enum softsgx_status status;
	uint64_t offset;
	char file[256];
	char reason[192];
};

void softsgx_error_print(const struct softsgx_error *error, FILE *out);

/* Enclaves */

/**
 * enum softsgx_format - what a file is
 * @SOFTSGX_FORMAT_UNKNOWN:	none of these
 * @SOFTSGX_FORMAT_ELF:		an ELF file
 * @SOFTSGX_FORMAT_SGXS:	an SGX stream
 * @SOFTSGX_FORMAT_SIGSTRUCT:	a SIGSTRUCT
 * @SOFTSGX_FORMAT_REPORT:	a REPORT
 * @SOFTSGX_FORMAT_QUOTE:	a quote, version 3 (ECDSA)
 */
enum softsgx_format {
	SOFTSGX_FORMAT_UNKNOWN,
	SOFTSGX_FORMAT_ELF,
	SOFTSGX_FORMAT_SGXS,
	SOFTSGX_FORMAT_SIGSTRUCT,
	SOFTSGX_FORMAT_REPORT,
	SOFTSGX_FORMAT_QUOTE,
};

enum softsgx_format softsgx_detect(const void *data, size_t len);

/**
 * struct softsgx_layout - what an ELF file does not say of its enclave
 * @size:		bytes of ELRANGE, a power of two; 0 for the smallest one
 * @ssaframesize:	pages of an SSA frame; 0 for one
 * @heap:		bytes, whole pages, that follow the last segment, readable
 *			and writable, zero and not measured
 * @tcs_first:		the first segment has the TCS pages, flagged or not
 */
struct softsgx_layout {
	uint64_t size;
	uint32_t ssaframesize;
	uint64_t heap;
	bool tcs_first;
};

/**
 * struct softsgx_info - an enclave as a whole
 * @format:		of the file it was read from
 * @size:		bytes of ELRANGE
 * @ssaframesize:	pages of an SSA frame
 * @pages:		number of its pages
 */
struct softsgx_info {
	enum softsgx_format format;
	uint64_t size;
	uint32_t ssaframesize;
	size_t pages;
};

/**
 * struct softsgx_page - a page that EADD adds
 * @offset:	in the enclave, bytes
 * @flags:	of SECINFO: R, W, X and the type, as the SDM has them
 * @file_offset: where in the file it is described or its contents begin
 * @content:	SOFTSGX_PAGE_SIZE bytes; NULL if they are all zero
 * @measured:	a bit for each chunk of 256 bytes that EEXTEND measures
 * @chunks:	how many chunks are in @order
 * @order:	the measured chunks as they are measured
 */
struct softsgx_page {
	uint64_t offset;
	uint64_t flags;
	uint64_t file_offset;
	const uint8_t *content;
	uint16_t measured;
	uint8_t chunks;
	uint8_t order[SOFTSGX_CHUNKS];
};

struct softsgx_enclave;

int softsgx_enclave_read(struct softsgx_enclave **encl, const char *path,
			 const struct softsgx_layout *layout,
			 struct softsgx_error *error);
int softsgx_enclave_parse(struct softsgx_enclave **encl, const void *data,
			  size_t len, const char *name,
			  const struct softsgx_layout *layout,
			  struct softsgx_error *error);
void softsgx_enclave_free(struct softsgx_enclave *encl);
void softsgx_enclave_info(const struct softsgx_enclave *encl,
			  struct softsgx_info *info);
const struct softsgx_page *
softsgx_enclave_page(const struct softsgx_enclave *encl, size_t n);
const struct softsgx_page *
softsgx_enclave_find(const struct softsgx_enclave *encl, uint64_t offset);
const char *softsgx_enclave_symbol(const struct softsgx_enclave *encl,
				   uint64_t offset);
bool softsgx_enclave_lookup(const struct softsgx_enclave *encl,
			    const char *name, uint64_t *offset);
uint64_t softsgx_enclave_relocations(const struct softsgx_enclave *encl);
int softsgx_enclave_write_sgxs(const struct softsgx_enclave *encl,
			       const char *path, struct softsgx_error *error);
int softsgx_enclave_measure(const struct softsgx_enclave *encl,
			    uint8_t mrenclave[32], struct softsgx_error *error);

/* Keys */

struct softsgx_key;

int softsgx_key_read(struct softsgx_key **key, const char *path,
		     struct softsgx_error *error);
int softsgx_key_read_passphrase(struct softsgx_key **key, const char *path,
				const char *passphrase,
				struct softsgx_error *error);
void softsgx_key_free(struct softsgx_key *key);

/* SIGSTRUCT */

/**
 * struct softsgx_sigstruct - a SIGSTRUCT as it is in memory and in files
 * @bytes:	the structure of the SDM
 */
struct softsgx_sigstruct {
	uint8_t bytes[SOFTSGX_SIGSTRUCT_SIZE];
} __attribute__((aligned(8)));

/**
 * struct softsgx_claims - what a SIGSTRUCT says, but for the measurement
 * @vendor:		0 or 0x8086
 * @date:		the digits yyyymmdd, each in four bits
 * @swdefined:		any number
 * @miscselect:		MISCSELECT of the enclave
 * @miscmask:		which of its bits must be so
 * @attributes:		ATTRIBUTES.FLAGS of the enclave
 * @attributemask:	which of its bits must be so
 * @xfrm:		ATTRIBUTES.XFRM of the enclave
 * @xfrmmask:		which of its bits must be so
 * @isvprodid:		product
 * @isvsvn:		its security version
 * @isvfamilyid:	with KSS, otherwise zero
 * @isvextprodid:	with KSS, otherwise zero
 */
struct softsgx_claims {
	uint32_t vendor;
	uint32_t date;
	uint32_t swdefined;
	uint32_t miscselect;
	uint32_t miscmask;
	uint64_t attributes;
	uint64_t attributemask;
	uint64_t xfrm;
	uint64_t xfrmmask;
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint8_t isvfamilyid[16];
	uint8_t isvextprodid[16];
};

void softsgx_claims_default(struct softsgx_claims *claims);
void softsgx_sigstruct_fill(struct softsgx_sigstruct *sig,
			    const struct softsgx_claims *claims,
			    const uint8_t mrenclave[32]);
void softsgx_sigstruct_claims(const struct softsgx_sigstruct *sig,
			      struct softsgx_claims *claims);
void softsgx_sigstruct_mrenclave(const struct softsgx_sigstruct *sig,
				 uint8_t mrenclave[32]);
void softsgx_sigstruct_mrsigner(const struct softsgx_sigstruct *sig,
				uint8_t mrsigner[32]);

int softsgx_sigstruct_sign(struct softsgx_sigstruct *sig,
			   const struct softsgx_key *key,
			   struct softsgx_error *error);

void softsgx_sigstruct_payload(const struct softsgx_sigstruct *sig,
			       uint8_t payload[SOFTSGX_PAYLOAD_SIZE]);
void softsgx_sigstruct_from_payload(struct softsgx_sigstruct *sig,
				    const uint8_t payload[SOFTSGX_PAYLOAD_SIZE]);
int softsgx_sigstruct_finish(struct softsgx_sigstruct *sig,
			     const struct softsgx_key *key,
			     const uint8_t signature[SOFTSGX_SIGNATURE_SIZE],
			     struct softsgx_error *error);

int softsgx_sigstruct_read(struct softsgx_sigstruct *sig, const char *path,
			   struct softsgx_error *error);
int softsgx_sigstruct_parse(struct softsgx_sigstruct *sig, const void *data,
			    size_t len, const char *name,
			    struct softsgx_error *error);
int softsgx_sigstruct_verify(const struct softsgx_sigstruct *sig,
			     struct softsgx_error *error);

int softsgx_einit(const struct softsgx_enclave *encl,
		  const struct softsgx_sigstruct *sig,
		  struct softsgx_error *error);

/* Quotes */

#define SOFTSGX_REPORT_BODY_SIZE 384

/**
 * struct softsgx_quote - a quote of version 3, ECDSA with P-256, in its parts
 * @version:	3
 * @att_key_type: 2
 * @qe_svn:	ISVSVN of the quoting enclave
 * @pce_svn:	ISVSVN of the provisioning certification enclave
 * @qe_vendor:	UUID
 * @user_data:	of the quoting enclave: which platform it is, say
 * @body:	REPORT of the enclave, without KEYID and MAC
 * @signature:	of header and body by the attestation key: R and S
 * @key:	attestation key: X and Y
 * @qe_report:	REPORT of the quoting enclave, without KEYID and MAC
 * @qe_signature: of @qe_report by the certified key
 * @auth_data:	of the quoting enclave
 * @auth_len:	its length
 * @cert_type:	of @cert; 5 is a chain of certificates in PEM
 * @cert:	what certifies the key that made @qe_signature
 * @cert_len:	its length
 *
 * The pointers point into what was parsed.
 */
struct softsgx_quote {
	uint16_t version;
	uint16_t att_key_type;
	uint16_t qe_svn;
	uint16_t pce_svn;
	const uint8_t *qe_vendor;
	const uint8_t *user_data;
	const uint8_t *body;
	const uint8_t *signature;
	const uint8_t *key;
	const uint8_t *qe_report;
	const uint8_t *qe_signature;
	const uint8_t *auth_data;
	size_t auth_len;
	uint16_t cert_type;
	const uint8_t *cert;
	size_t cert_len;
};

int softsgx_quote_parse(struct softsgx_quote *quote, const void *data,
			size_t len, const char *name,
			struct softsgx_error *error);
int softsgx_quote_verify(const struct softsgx_quote *quote,
			 struct softsgx_error *error);

/* Enclaves that run */

/**
 * struct softsgx_options - how to load an enclave
 * @layout:	what an ELF file does not say, or NULL for the defaults
 * @debug:	make a debug enclave, if the SIGSTRUCT leaves that open
 * @configid:	64 bytes, or NULL for zeroes; they need KSS, as @configsvn
 * @configsvn:	with KSS, otherwise zero
 */
struct softsgx_options {
	const struct softsgx_layout *layout;
	bool debug;
	const uint8_t *configid;
	uint16_t configsvn;
};

/**
 * struct softsgx_instance_info - an enclave that runs
 * @base:	address of its first byte
 * @size:	bytes of ELRANGE
 * @threads:	number of its TCSs
 * @fd:		descriptor of /dev/sgx_enclave, for the ioctls of SGX2
 */
struct softsgx_instance_info {
	void *base;
	uint64_t size;
	unsigned int threads;
	int fd;
};

/**
 * struct softsgx_registers - what goes into an enclave and comes out of it
 * @rdi:	for entry code that calls a C function: its first argument
 * @rsi:	its second, and so on
 * @rdx:	see above
 * @r8:		see above
 * @r9:		see above
 *
 * All other registers are the vDSO's, or are kept.
 */
struct softsgx_registers {
	uint64_t rdi;
	uint64_t rsi;
	uint64_t rdx;
	uint64_t r8;
	uint64_t r9;
};

/**
 * struct softsgx_exception - why an entry ended
 * @inside:	it was inside, and softsgx_resume() goes on there; otherwise
 *		EENTER or ERESUME itself was refused
 * @vector:	6 for an undefined instruction, 13 for #GP, 14 for a page fault...
 * @error_code:	of the exception
 * @address:	of a page fault, with its last 12 bits zero
 */
struct softsgx_exception {
	bool inside;
	uint16_t vector;
	uint16_t error_code;
	uint64_t address;
};

struct softsgx_instance;
struct softsgx_thread;

int softsgx_load(struct softsgx_instance **instance, const char *path,
		 const char *sigstruct, const struct softsgx_options *options,
		 struct softsgx_error *error);
int softsgx_load_signed(struct softsgx_instance **instance, const char *path,
			const struct softsgx_sigstruct *sig,
			const struct softsgx_options *options,
			struct softsgx_error *error);
void softsgx_unload(struct softsgx_instance *instance);
void softsgx_instance_info(const struct softsgx_instance *instance,
			   struct softsgx_instance_info *info);
void *softsgx_instance_symbol(const struct softsgx_instance *instance,
			      const char *name);

int softsgx_call(struct softsgx_instance *instance, void *arg,
		 struct softsgx_exception *exception,
		 struct softsgx_error *error);

struct softsgx_thread *softsgx_thread_get(struct softsgx_instance *instance);
void softsgx_thread_put(struct softsgx_thread *thread);
void *softsgx_thread_tcs(const struct softsgx_thread *thread);
int softsgx_enter(struct softsgx_thread *thread,
		  struct softsgx_registers *registers,
		  struct softsgx_exception *exception,
		  struct softsgx_error *error);
int softsgx_resume(struct softsgx_thread *thread,
		   struct softsgx_registers *registers,
		   struct softsgx_exception *exception,
		   struct softsgx_error *error);

/* Files */

int softsgx_file_read(const char *path, void **data, size_t *len,
		      struct softsgx_error *error);
int softsgx_file_write(const char *path, const void *data, size_t len,
		       struct softsgx_error *error);

#ifdef __cplusplus
}
#endif

#endif /* SOFTSGX_H */
