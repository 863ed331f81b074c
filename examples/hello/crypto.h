/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#ifndef HELLO_CRYPTO_H
#define HELLO_CRYPTO_H

#include "../../arch/types.h"

void aes_encrypt(const u8 key[16], const u8 in[16], u8 out[16]);
void aes_ctr(const u8 key[16], u8 *data, u64 len);
void aes_cmac(const u8 key[16], const void *data, u64 len, u8 mac[16]);
bool same_bytes(const void *a, const void *b, u64 len);

#endif /* HELLO_CRYPTO_H */
