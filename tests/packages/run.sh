#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/packages/run.sh [--vm]
#
# The Debian packages: built, looked at by lintian, what is in them (contents.sh),
# the module built by DKMS from its package, for the headers of 6.1 and of 6.12.
# With --vm also:
# installed, used and purged in the VM, where DKMS builds again (some minutes).
# The last line is "N passed, N failed".

set -uo pipefail

vm=
case ${1-} in
'') ;;
--vm) vm=yes ;;
*)
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	[ "$1" = -h ] || [ "$1" = --help ] || exit 2
	exit 0
	;;
esac

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
packages=build/packages
work=$packages/test
passed=0
failed=0

check() {
	if [ "$2" -eq 0 ]; then
		echo "ok     $1"
		passed=$((passed + 1))
	else
		echo "not ok $1"
		failed=$((failed + 1))
	fi
}

# counted LOG NAME COMMAND...: runs it, and adds up its lines.
counted() {
	local log=$work/$1.log name=$2

	shift 2
	"$@" | tee "$log"
	check "$name" "${PIPESTATUS[0]}"
	passed=$((passed + $(grep -c '^ok ' "$log")))
	failed=$((failed + $(grep -c '^not ok ' "$log")))
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

packaging/build.sh
check "the packages are built" $?
[ "$failed" -eq 0 ] || finish

mkdir -p "$work/src" "$work/modules"
lintian --allow-root --display-info --fail-on error,warning \
	--suppress-tags "$(grep -v '^#' tests/packages/lintian.ignore | paste -sd ,)" \
	"$packages"/*.changes | tee "$work/lintian.log"
check "lintian finds no error and no warning" "${PIPESTATUS[0]}"
# Hardening is of the severity info.
! grep ' hardening-' "$work/lintian.log"
check "lintian finds nothing to harden" $?

counted contents "what is in the packages" tests/packages/contents.sh "$packages"

counted secret "the secret of an installation" tests/packages/secret.sh

tests/packages/manifests.py packaging/kubernetes.yaml packaging/github-actions.yml
check "the manifests are well-formed" $?

dpkg-deb --fsys-tarfile "$packages"/softsgx-dkms_*.deb | tar -x -C "$work"
version=$(dpkg-deb -f "$packages"/softsgx-dkms_*.deb Version)
for kernel in 6.1 6.12; do
	dir=$(vm/kernel --kernel $kernel) || exit 1
	release=$(<"$dir/release")
	tree=$PWD/$work/dkms-$kernel
	mkdir "$tree"
	# There is no vmlinux here to take BTF from.
	args=(CC=gcc-12 CONFIG_DEBUG_INFO_BTF_MODULES=)
	# See vm/module: this kernel is of a suite with a newer gcc.
	[ $kernel = 6.1 ] || args+=(CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=)
	MAKEFLAGS="${args[*]}" dkms build -m softsgx -v "$version" -k "$release" \
		--kernelsourcedir "$dir/headers" --dkmstree "$tree" \
		--sourcetree "$PWD/$work/usr/src" \
		--installtree "$PWD/$work/modules" >"$tree.log" 2>&1 ||
		cat "$tree.log" "$tree/softsgx/$version/build/make.log"
	find "$tree" -path '*/module/softsgx.ko*' | grep . >/dev/null
	check "DKMS builds the module for $release" $?
done

if [ -n "$vm" ]; then
	make --no-print-directory -s -C examples
	counted node "the node of a cluster" tests/packages/node.sh
	dir=$(vm/kernel --kernel 6.1)
	counted inside "the VM ends well" \
		vm/run --no-module --mem 2G --timeout 3000 -- \
		tests/packages/inside.sh "$dir/headers" "$packages"
fi
finish
