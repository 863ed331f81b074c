#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/packages/inside.sh HEADERS PACKAGES
#
# In the VM: installs the packages over the host's files, uses them, purges them.
# Called by run.sh, which counts the lines.

set -u
headers=$1
packages=$2
release=$(uname -r)

check() {
	local what=$1

	shift
	if "$@"; then
		echo "ok     $what"
	else
		echo "not ok $what"
	fi
}

# nothing_left: no file of the packages is there.
nothing_left() {
	local f

	for f in /usr/bin/softsgx /usr/lib/softsgx /usr/src/softsgx-* \
		/lib/udev/rules.d/*softsgx* /usr/include/softsgx.h \
		/usr/lib/*/libsoftsgx* /usr/share/man/man*/*softsgx* \
		/usr/share/doc/softsgx /usr/share/doc/libsoftsgx-dev /var/lib/dkms/softsgx \
		/etc/modprobe.d/*softsgx* /etc/initramfs-tools/hooks/softsgx; do
		[ ! -e "$f" ] || return 1
	done
}

uses_library() {
	cat >/tmp/use.c <<-'END'
		#include <softsgx.h>
		#include <stdio.h>

		int main(int argc, char **argv)
		{
			struct softsgx_enclave *encl;

			if (argc != 2 || softsgx_enclave_read(&encl, argv[1], NULL, NULL))
				return 1;
			softsgx_enclave_free(encl);
			return 0;
		}
	END
	# shellcheck disable=SC2046 # words are wanted
	gcc -o /tmp/use /tmp/use.c $(pkg-config --cflags --libs softsgx) &&
		/tmp/use build/examples/hello_enclave.elf
}

# As libsoftsgx(3) says: a copy of the examples, made with what is installed.
builds_examples() {
	cp -r /usr/share/doc/libsoftsgx-dev/examples /tmp/examples &&
		make --no-print-directory -s -C /tmp/examples
}

export DEBIAN_FRONTEND=noninteractive
rm -f "/lib/modules/$release/build"
ln -s "$headers" "/lib/modules/$release/build"

check "there is no SGX before" test ! -e /dev/sgx_enclave
check "the packages are installed" dpkg --no-triggers -i "$packages"/softsgx_*.deb \
	"$packages"/softsgx-dkms_*.deb "$packages"/softsgx-selinux_*.deb \
	"$packages"/libsoftsgx1_*.deb "$packages"/libsoftsgx-dev_*.deb
check "DKMS has built and installed the module" \
	sh -c "dkms status softsgx | grep 'installed'"
check "there are the groups sgx and sgx_prv" getent group sgx sgx_prv
secret=/etc/modprobe.d/softsgx-secret.conf
check "there is a secret, for root" sh -c "stat -c '%a %U:%G' $secret | grep '^600 root:root$'"
cp -p $secret /tmp/secret.before
check "the hook for the initramfs is there" test -x /etc/initramfs-tools/hooks/softsgx
check "modprobe finds the module" modprobe softsgx epc_size=64
check "which has the secret" sh -c '! dmesg | grep "no secret given"'
check "the devices are there" test -c /dev/sgx_enclave -a -c /dev/sgx_provision
check "the command sees the module" \
	sh -c 'softsgx status --json | grep -q \"module\"'
check "an enclave runs on the host's module" \
	sh -c 'cd build/examples && softsgx run --host -- ./hello'
check "a program is built against the library" uses_library
check "man finds the page of a function" man -w softsgx_load
check "the examples build where the packages are installed" builds_examples
check "the one that was built there runs" softsgx run --host -- /tmp/examples/build/hello
mkdir -p /etc/softsgx
echo 'no policy at all' >/etc/softsgx/policy
check "a wrong policy is refused with its line" \
	sh -c '! softsgx policy load /etc/softsgx/policy'
cp /usr/share/doc/softsgx-dkms/examples/two-signers.policy /etc/softsgx/policy
check "the unit's command loads the policy" sh -c "$(
	sed -n 's/^ExecStart=//p' /lib/systemd/system/softsgx-policy.service)"
check "and the kernel has it" sh -c 'softsgx policy show | grep -q op='
check "the module is removed" modprobe -r softsgx
check "softsgx-dkms is removed" dpkg --no-triggers --remove softsgx-dkms
check "the secret is kept" cmp $secret /tmp/secret.before
check "so is the hook" test -x /etc/initramfs-tools/hooks/softsgx
check "the packages are purged" dpkg --no-triggers --purge softsgx softsgx-dkms \
	softsgx-selinux libsoftsgx-dev libsoftsgx1
check "nothing of them is left" nothing_left
check "nor a module" sh -c "! find /lib/modules/$release/ -name 'softsgx.ko*' | grep ."
