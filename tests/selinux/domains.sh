#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Prints the domains of the test: all_t has everything; no_<x>_t everything but
# one thing; the label files of a and b and their SIGSTRUCT files.

set -euo pipefail

# thing -> the calls that give it, DOM for the domain
declare -A gives=(
	[create]='(allow DOM sgx_enclave_device_t (chr_file (ioctl))) (allowx DOM sgx_enclave_device_t enclave_create_x)'
	[execute]='(allow DOM a_t (file (ioctl))) (allowx DOM a_t enclave_execute_x) (allow DOM b_t (file (ioctl))) (allowx DOM b_t enclave_execute_x)'
	[execmod]='(call softsgx_load_modified (DOM a_t))'
	[execmod_device]='(call softsgx_execute_written (DOM))'
	[execanon]='(call softsgx_load_anonymous (DOM))'
	[execunmr]='(call softsgx_load_unmeasured (DOM a_t))'
	[execmem]='(allowx DOM sgx_enclave_device_t enclave_execmem_x)'
	[init]='(call softsgx_init_enclave (DOM a_sig_t)) (call softsgx_init_enclave (DOM b_sig_t))'
	[initanon]='(call softsgx_init_anonymous (DOM))'
	[debug]='(call softsgx_debug_enclave (DOM))'
	[provision]='(call softsgx_provision (DOM))'
	[dev_read]='(allow DOM sgx_enclave_device_t (chr_file (read)))'
	[dev_write]='(allow DOM sgx_enclave_device_t (chr_file (write)))'
	[dev_map]='(allow DOM sgx_enclave_device_t (chr_file (map)))'
	[dev_execute]='(allow DOM sgx_enclave_device_t (chr_file (execute)))'
	[dev_open]='(allow DOM sgx_enclave_device_t (chr_file (open)))'
	[ioc_create]='(allowx DOM sgx_enclave_device_t (ioctl chr_file (0xa400)))'
	[ioc_add]='(allowx DOM sgx_enclave_device_t (ioctl chr_file (0xa401)))'
	[ioc_init]='(allowx DOM sgx_enclave_device_t (ioctl chr_file (0xa402)))'
)

echo '; Made by domains.sh.'
for type in a_t b_t a_sig_t b_sig_t; do
	echo "(type $type) (roletype r $type)"
done

domain() {
	local name=$1 without=$2 thing
	echo "(type ${name}_t) (roletype r ${name}_t)"
	echo "(typeattributeset domain (${name}_t))"
	# To look at files is no enclave's privilege.
	for type in a_t b_t a_sig_t b_sig_t; do
		echo "(allow ${name}_t $type (file (open read map)))"
	done
	echo "(allow ${name}_t sgx_provision_device_t (chr_file (open read)))"
	for thing in "${!gives[@]}"; do
		[ "$thing" = "$without" ] || echo "${gives[$thing]//DOM/${name}_t}"
	done
}

domain all nothing
for thing in "${!gives[@]}"; do
	domain "no_$thing" "$thing"
done
echo '(typeattributeset domain (one_t))'
for type in a_t b_t a_sig_t b_sig_t; do
	echo "(allow one_t $type (file (open read map)))"
done
echo '(allow one_t sgx_provision_device_t (chr_file (open read)))'
# The provisioning ioctl, without the privilege.
echo '(allowx one_t sgx_enclave_device_t softsgx_provision_ioctl_x)'
