/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * What softsgx adds to the interface of mainline's <asm/sgx.h>: the names and
 * numbers of the privileges that enclaves need.
 *
 * No program issues these commands, and no device implements them. A privilege
 * is asked of the kernel's security modules as the command of an ioctl on the
 * object's file, so that their policies can name it: SELinux as an extended
 * permission (allowxperm ... ioctl 0xa4c0), BPF LSM in lsm/file_ioctl, TOMOYO
 * as a path ioctl. The numbers are ABI: a new privilege gets the next one.
 */
#ifndef _UAPI_SOFTSGX_H
#define _UAPI_SOFTSGX_H

#include <linux/ioctl.h>

#define ENCLAVE_PRIVILEGE_TYPE		0xA4
#define ENCLAVE_PRIVILEGE_BASE		0xC0

/* The command of enum enclave_privilege @n. */
#define ENCLAVE_PRIVILEGE_CMD(n) \
	_IO(ENCLAVE_PRIVILEGE_TYPE, ENCLAVE_PRIVILEGE_BASE + (n))

/**
 * enum enclave_privilege - what may be done with an enclave
 * @ENCLAVE_CREATE:	create one; asked on the device file
 * @ENCLAVE_EXECUTE:	load code from an unmodified file; on that file
 * @ENCLAVE_EXECMOD:	execute pages that were or may be written: load pages
 *			writable and executable, load code from a privately
 *			modified file page, first execute a page that came by
 *			EAUG, write to code of a debug enclave as a debugger;
 *			on the source file, or else the device file
 * @ENCLAVE_EXECANON:	load code from anonymous memory; on the device file
 * @ENCLAVE_EXECUNMR:	load code that is not measured; on the source file, or
 *			else the device file
 * @ENCLAVE_EXECMEM:	map enclave pages writable and executable at once; on
 *			the device file
 * @ENCLAVE_INIT:	initialise with a SIGSTRUCT mapped from a file; on that
 *			file
 * @ENCLAVE_INITANON:	initialise with a SIGSTRUCT in anonymous memory; on the
 *			device file
 * @ENCLAVE_DEBUG:	initialise a debug enclave; on the device file
 * @ENCLAVE_PROVISION:	use the provisioning key; on /dev/sgx_provision
 */
enum enclave_privilege {
	ENCLAVE_CREATE		= 0,
	ENCLAVE_EXECUTE		= 1,
	ENCLAVE_EXECMOD		= 2,
	ENCLAVE_EXECANON	= 3,
	ENCLAVE_EXECUNMR	= 4,
	ENCLAVE_EXECMEM		= 5,
	ENCLAVE_INIT		= 6,
	ENCLAVE_INITANON	= 7,
	ENCLAVE_DEBUG		= 8,
	ENCLAVE_PROVISION	= 9,
};

#define ENCLAVE_PRIVILEGES	10

#endif /* _UAPI_SOFTSGX_H */
