/* SPDX-License-Identifier: GPL-2.0 */
/* Signatures of policies, and the keys that are trusted for them. */
#ifndef SOFTSGX_ACCESS_SIGNATURE_H
#define SOFTSGX_ACCESS_SIGNATURE_H

#include <linux/types.h>

bool sgx_signature_is(const char *data, size_t len);
int sgx_signature_check(const char *data, size_t len,
			int (*contents)(void *context, const void *data,
					size_t len, size_t asn1hdrlen),
			void *context);
int sgx_signature_init(void);
void sgx_signature_exit(void);

#endif /* SOFTSGX_ACCESS_SIGNATURE_H */
