#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/linux-source.sh
#
# Takes from Debian's linux-source-6.1, unmodified, what the tests need of it:
# the SGX selftests with the headers that they include, and the scripts that
# check the style. Puts it into build/linux-source/, once for each version of
# the package, and prints that directory.

set -euo pipefail

if [ $# -gt 0 ]; then
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	case $1 in
	-h | --help) exit 0 ;;
	*) exit 2 ;;
	esac
fi

top=$(cd "$(dirname "$0")/.." && pwd)
package=linux-source-6.1
tarball=/usr/src/$package.tar.xz
dir=$top/build/linux-source

version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) || version=
if [ -z "$version" ] || [ ! -e "$tarball" ]; then
	echo "tests/linux-source.sh: $package is missing: run 'make deps'" >&2
	exit 1
fi

mkdir -p "$top/build"
exec 9>"$top/build/.linux-source.lock"
flock 9
if [ "$(cat "$dir/version" 2>/dev/null)" != "$version" ]; then
	echo "tests/linux-source.sh: unpacking a part of $package $version" >&2
	rm -rf "$dir" "$dir.new"
	mkdir "$dir.new"
	tar -xf "$tarball" -C "$dir.new" --strip-components=1 \
		--wildcards --no-wildcards-match-slash \
		'*/tools/testing/selftests/sgx' \
		'*/tools/testing/selftests/x86/check_cc.sh' \
		'*/tools/testing/selftests/x86/trivial_64bit_program.c' \
		'*/tools/testing/selftests/lib.mk' \
		'*/tools/scripts' \
		'*/tools/testing/selftests/kselftest*.h' \
		'*/tools/include' \
		'*/tools/arch/x86/include' \
		'*/arch/x86/include' \
		'*/include/uapi' \
		'*/scripts/checkpatch.pl' \
		'*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch' \
		'*/scripts/kernel-doc'
	printf '%s\n' "$version" >"$dir.new/version"
	mv "$dir.new" "$dir"
fi
printf '%s\n' "$dir"
