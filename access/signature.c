// SPDX-License-Identifier: GPL-2.0
/*
 * Signatures of policies (PKCS#7), and the keys that are trusted for them:
 * those of the kernel's secondary keyring, and those of a keyring of our own,
 * ".softsgx". Nobody can add a key of his own to the former on a distribution's
 * kernel, so root fills the latter with certificates, and closes it:
 *
 *	keyctl padd asymmetric '' %keyring:.softsgx <site.der
 *	keyctl restrict_keyring %keyring:.softsgx
 *
 * Its keys count once it is closed and not before: as long as root can add one,
 * a signature says no more than that root has loaded the policy.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/uidgid.h>
#include <linux/verification.h>
#include "signature.h"

/* What a signed policy begins with: PKCS#7 is an ASN.1 SEQUENCE. */
#define ASN1_SEQUENCE 0x30

/* Root fills it, looks at it, and closes it. */
#define KEYRING_PERM                                                    \
	(KEY_POS_SEARCH | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_WRITE | \
	 KEY_USR_SEARCH | KEY_USR_SETATTR)

/* Set at init, put at exit. */
static struct key *keyring;

/**
 * sgx_signature_is() - is this meant to be a signed policy
 * @data:	what was written
 * @len:	its length
 *
 * Return: yes or no; the text of a policy cannot be mistaken for it.
 */
bool sgx_signature_is(const char *data, size_t len)
{
	return len && *data == ASN1_SEQUENCE;
}

/**
 * sgx_signature_check() - check a signed policy
 * @data:	PKCS#7 message with the policy in it
 * @len:	its length
 * @contents:	called back with the policy, if the signature is good and its
 *		key is trusted
 * @context:	for @contents
 *
 * Context: process context, may sleep.
 * Return: that of @contents; -ENOKEY if no trusted key has signed it;
 * -EKEYREJECTED, -EBADMSG and others if it is not as it should be.
 */
int sgx_signature_check(const char *data, size_t len,
			int (*contents)(void *context, const void *data,
					size_t len, size_t asn1hdrlen),
			void *context)
{
	int ret;

	ret = verify_pkcs7_signature(NULL, 0, data, len,
				     VERIFY_USE_SECONDARY_KEYRING,
				     VERIFYING_UNSPECIFIED_SIGNATURE, contents,
				     context);
	/* Once closed it stays closed. */
	if (ret != -ENOKEY || !READ_ONCE(keyring->restrict_link))
		return ret;

	return verify_pkcs7_signature(NULL, 0, data, len, keyring,
				      VERIFYING_UNSPECIFIED_SIGNATURE, contents,
				      context);
}

/**
 * sgx_signature_init() - make the keyring
 *
 * Return: 0, or why it cannot be made.
 */
int sgx_signature_init(void)
{
	struct key *key;

	key = keyring_alloc(".softsgx", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			    current_cred(), KEYRING_PERM,
			    KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	if (IS_ERR(key))
		return PTR_ERR(key);

	keyring = key;
	return 0;
}

/**
 * sgx_signature_exit() - undo sgx_signature_init()
 *
 * No policy is being loaded.
 */
void sgx_signature_exit(void)
{
	key_put(keyring);
}
