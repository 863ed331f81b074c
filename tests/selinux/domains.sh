#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/domains.sh cil|te
#
# Prints the domains of the tests, for the minimal policy or as a module of the
# reference policy: all_t has everything; no_X_t everything but X; unlisted_t has
# `ioctl' on everything, and no list of commands for anything. And the labels of
# files: codes for enclaves, sigs for SIGSTRUCT.

set -euo pipefail

format=$1

codes=(a_t b_t)
sigs=(a_sig_t b_sig_t)
# Those of selinux/softsgx_example.
example_domains=(one_t sdk_t libos_t site_t)
example_codes=(one_enclave_t libos_enclave_t site_enclave_t)
example_sigs=(one_sigstruct_t libos_sigstruct_t signer_a_sigstruct_t
	signer_b_sigstruct_t)

# DOMAIN MACRO [TYPE]
call_cil() { echo "(call $2 ($1${3:+ $3}))"; }
call_te() { echo "$2($1${3:+, $3})"; }
# DOMAIN TYPE CLASS PERMISSION...
# The minimal policy does not know getattr.
allow_cil() { echo "(allow $1 $2 ($3 (${*:4})))" | sed 's/(getattr /(/'; }
allow_te() { echo "allow $1 $2:$3 { ${*:4} };"; }
# DOMAIN TYPE CLASS COMMAND
ioctl_cil() { echo "(allow $1 $2 ($3 (ioctl)))(allowx $1 $2 (ioctl $3 ($4)))"; }
ioctl_te() { echo "allow $1 $2:$3 ioctl; allowxperm $1 $2:$3 ioctl $4;"; }
# TYPE
domain_cil() { echo "(type $1)(roletype r $1)(typeattributeset domain ($1))"; }
domain_te() { echo "type $1; domain_type($1) role system_r types $1; typeattribute $1 softsgx_test;"; }
file_cil() { echo "(type $1)(roletype r $1)"; }
file_te() { echo "type $1; files_type($1)"; }

call() { "call_$format" "$@"; }
allow() { "allow_$format" "$@"; }
ioctl() { "ioctl_$format" "$@"; }

device=sgx_enclave_device_t

# with_files DOMAIN MACRO TYPE...
with_files() {
	local type
	for type in "${@:3}"; do
		call "$1" "$2" "$type"
	done
}

things=(create execute execmod execmod_device execanon execunmr execunmr_device
	execmem init initanon debug provision dev_read dev_write dev_map
	dev_execute dev_open ioc_create ioc_add ioc_init ioc_provision
	ioc_restrict ioc_modify ioc_remove)

# give DOMAIN THING
give() {
	case $2 in
	create) ioctl "$1" $device chr_file 0xa4c0 ;;
	execute) with_files "$1" softsgx_load_enclave "${all_codes[@]}" ;;
	execmod) with_files "$1" softsgx_load_modified "${all_codes[@]}" ;;
	execmod_device) call "$1" softsgx_execute_written ;;
	execanon) call "$1" softsgx_load_anonymous ;;
	execunmr) with_files "$1" softsgx_load_unmeasured "${all_codes[@]}" ;;
	execunmr_device) ioctl "$1" $device chr_file 0xa4c4 ;;
	execmem) ioctl "$1" $device chr_file 0xa4c5 ;;
	init) with_files "$1" softsgx_init_enclave "${all_sigs[@]}" ;;
	initanon) call "$1" softsgx_init_anonymous ;;
	debug) call "$1" softsgx_debug_enclave ;;
	provision) ioctl "$1" sgx_provision_device_t chr_file 0xa4c9 ;;
	dev_*) allow "$1" $device chr_file "${2#dev_}" ;;
	ioc_create) ioctl "$1" $device chr_file 0xa400 ;;
	ioc_add) ioctl "$1" $device chr_file 0xa401 ;;
	ioc_init) ioctl "$1" $device chr_file 0xa402 ;;
	ioc_provision) ioctl "$1" $device chr_file 0xa403 ;;
	ioc_restrict) ioctl "$1" $device chr_file 0xa405 ;;
	ioc_modify) ioctl "$1" $device chr_file 0xa406 ;;
	ioc_remove) ioctl "$1" $device chr_file 0xa407 ;;
	esac
}

# What is no enclave's privilege: to read all of the files, with ioctl.
look() {
	local type
	for type in "${all_codes[@]}" "${all_sigs[@]}"; do
		allow "$1" "$type" file getattr open read map ioctl
	done
	allow "$1" sgx_provision_device_t chr_file getattr open read ioctl
}

all_codes=("${codes[@]}" "${example_codes[@]}")
all_sigs=("${sigs[@]}" "${example_sigs[@]}")

case $format in
cil) echo '; Made by domains.sh.' ;;
te)
	cat <<-'END'
		# Made by domains.sh.
		policy_module(softsgx_test, 1.0.0)
		gen_require(`
			attribute file_type, filesystem_type, sgx_domain;
			type kernel_t, unlabeled_t, sgx_enclave_device_t;
			type sgx_provision_device_t;
		')
		attribute softsgx_test;
		# What a program needs before it comes to enclaves.
		allow kernel_t softsgx_test:process dyntransition;
		allow softsgx_test softsgx_test:process dyntransition;
		allow softsgx_test self:process setcurrent;
		allow softsgx_test { softsgx_test kernel_t }:fd use;
		allow softsgx_test { softsgx_test kernel_t }:unix_stream_socket { read write };
		allow softsgx_test { file_type filesystem_type unlabeled_t }:dir search_dir_perms;
		kernel_read_system_state(softsgx_test)
	END
	;;
*) exit 2 ;;
esac

# required TYPE...: that these are the example's
for type in "${example_domains[@]}" "${example_codes[@]}" "${example_sigs[@]}"; do
	[ "$format" = cil ] || echo "gen_require(\` type $type; ')"
done
for type in "${codes[@]}" "${sigs[@]}"; do
	"file_$format" "$type"
done

for without in nothing "${things[@]}"; do
	domain=no_${without}_t
	[ "$without" != nothing ] || domain=all_t
	"domain_$format" "$domain"
	call "$domain" softsgx_confine
	look "$domain"
	for thing in "${things[@]}"; do
		[ "$thing" = "$without" ] || give "$domain" "$thing"
	done
done

# A domain that has no ioctl on the device.
"domain_$format" no_ioctl_t
call no_ioctl_t softsgx_confine
look no_ioctl_t
allow no_ioctl_t $device chr_file getattr open read write map execute

# A domain with all permissions on files and devices, and no list.
"domain_$format" unlisted_t
look unlisted_t
for type in $device sgx_provision_device_t; do
	allow unlisted_t "$type" chr_file getattr open read write map execute ioctl
done
[ "$format" = cil ] || echo 'unconfined_domain(unlisted_t)'

# The examples may look as well, so that it is the privilege that is refused.
for domain in "${example_domains[@]}"; do
	case $format in
	cil) echo "(typeattributeset domain ($domain))" ;;
	te) echo "typeattribute $domain softsgx_test;" ;;
	esac
	look "$domain"
	ioctl "$domain" $device chr_file 0xa403
done
