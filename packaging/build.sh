#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: packaging/build.sh
#
# Builds the Debian packages from a copy of the sources, puts them into
# build/packages/, and prints their names.

set -euo pipefail

if [ $# -gt 0 ]; then
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	case $1 in
	-h | --help) exit 0 ;;
	*) exit 2 ;;
	esac
fi

top=$(cd "$(dirname "$0")/.." && pwd)
out=$top/build/packages
parts=(CONTRIBUTING.md LICENSES Makefile README.md SECURITY.md access arch debian doc
	driver examples include lib packaging rules selinux tool vm)

rm -rf "$out"
mkdir -p "$out/softsgx"
cd "$top"
rsync -a --exclude='*.o' --exclude='*.ko' --exclude='*.mod*' --exclude='.*.cmd' \
	"${parts[@]}" "$out/softsgx/"

cd "$out/softsgx"
# An outer make's flags are not for the packages'.
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! dpkg-buildpackage -us -uc -b >"$out/build.log" 2>&1; then
	tail -n 40 "$out/build.log" >&2
	echo "packaging/build.sh: see build/packages/build.log" >&2
	exit 1
fi
cd "$top"
rm -rf "$out/softsgx"
printf '%s\n' "${out#"$top"/}"/*.deb
