// SPDX-License-Identifier: GPL-2.0
/*
 * The one place where privileges are asked for. Everyone has every privilege
 * where no security module and no rule says otherwise.
 */
#include "access.h"

/**
 * sgx_access_execmod() - may current execute pages that an enclave has written
 * @encl:	enclave
 *
 * Asked when pages that came by EAUG are first to be mapped executable.
 *
 * Context: current's mmap_lock and &sgx_encl.lock are held; may sleep.
 * Return: 0, or -EACCES.
 */
int sgx_access_execmod(struct sgx_encl *encl)
{
	return 0;
}

/**
 * sgx_access_execanon() - may current load code from anonymous memory
 * @encl:	enclave
 *
 * Asked under source_check=exec for a source that is not executable itself.
 *
 * Context: current's mmap_lock is held; may sleep.
 * Return: 0, or -EACCES.
 */
int sgx_access_execanon(struct sgx_encl *encl)
{
	return 0;
}
