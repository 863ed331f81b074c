#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/packages/secret.sh
#
# What softsgx-dkms does with the secret of an installation: its maintainer scripts
# and its hook for the initramfs, run here on directories of our own. That dpkg runs
# them is for inside.sh. The last line is "N passed, N failed".

set -uo pipefail

case ${1-} in
'') ;;
*)
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	[ "$1" = -h ] || [ "$1" = --help ] || exit 2
	exit 0
	;;
esac

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$top/build/tests/packages
# shellcheck source=tests/common/t.sh
. "$top/tests/common/t.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1

# dpkg_runs ROOT SCRIPT ARGUMENT...: without what debhelper adds. What a shell makes
# is for everybody here.
dpkg_runs() {
	(umask 000 && DPKG_ROOT=$work/$1 DPKG_MAINTSCRIPT_PACKAGE=softsgx-dkms \
		sh -e "$top/debian/softsgx-dkms.$2" "${@:3}")
}

# are ROOT NAME...: no other files are there.
are() {
	[ "$(ls -A "$1/etc/modprobe.d")" = "$(printf '%s\n' "${@:2}")" ]
}

# modprobe_has ROOT TEXT: options that modprobe gives to the module, in all.
modprobe_has() {
	local options

	options=$(/sbin/modprobe -C "$1/etc/modprobe.d" -c |
		sed -n 's/^options softsgx *//p') || return
	echo "$options"
	[ "$options" = "$2" ]
}

file=etc/modprobe.d/softsgx-secret.conf
t "it is installed" dpkg_runs a postinst configure ''
t "there is one file" are a softsgx-secret.conf
t "which is for root" [ "$(stat -c '%a %u' a/$file)" = "600 $(id -u)" ]
secret=$(grep -oE 'secret=[0-9a-f]{64}$' a/$file)
t "modprobe reads a secret in it" modprobe_has a "${secret:-none}"
t "another machine is installed" dpkg_runs b postinst configure ''
t "it has another secret" sh -c "! grep $secret b/$file"
cp -p a/$file before
t "it is upgraded" dpkg_runs a postinst configure 1.0
t "the secret is the same" cmp before a/$file
t "it is removed" dpkg_runs a postrm remove
t "the secret is the same" cmp before a/$file
t "it is installed again" dpkg_runs a postinst configure 1.0
t "the secret is the same" cmp before a/$file
: >a/$file.AbCdEf
: >a/etc/modprobe.d/other.conf
t "it is purged" dpkg_runs a postrm purge
t "nothing is left but what is not ours" are a other.conf

mkdir -p c/etc/modprobe.d
echo 'options softsgx epc_size=64 secret=0123' >c/etc/modprobe.d/softsgx.conf
t "it is installed where the administrator gave one" dpkg_runs c postinst configure ''
t "that one it is" modprobe_has c "epc_size=64 secret=0123"
mkdir -p d/etc/modprobe.d
printf '%s\n' '#options softsgx secret=' 'options softsgx epc_size=64' \
	'options other secret=1' >d/etc/modprobe.d/softsgx.conf
t "it is installed where he gave other parameters" dpkg_runs d postinst configure ''
t "it makes one" are d softsgx-secret.conf softsgx.conf
mkdir -p e/etc/modprobe.d
ln -s /none e/$file
t "it is installed where there is a link" dpkg_runs e postinst configure ''
t "it leaves it alone" [ "$(readlink e/$file)" = /none ]

# As mkinitramfs calls it, with its copy of the files.
hook=$top/packaging/initramfs/softsgx
t "the hook says that it needs none before it" [ "$(sh "$hook" prereqs)" = '' ]
cp -r b image
cp c/etc/modprobe.d/softsgx.conf image/etc/modprobe.d
echo 'options other secret=1' >>image/etc/modprobe.d/softsgx.conf
t "control: a secret is in the initramfs" grep -rq "softsgx.*secret=" image
t "the hook" env DESTDIR="$work/image" sh "$hook"
t "no secret is in the initramfs" sh -c '! grep -r "softsgx.*secret=" image'
t "other lines are" grep -q "^options other secret=1" image/etc/modprobe.d/softsgx.conf
mkdir empty
t "the hook, where there is nothing" env DESTDIR="$work/empty" sh "$hook"
t "the hook can be executed" test -x "$hook"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
