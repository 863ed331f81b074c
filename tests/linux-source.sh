#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/linux-source.sh [--kernel V] [--refresh]
#
# Takes from Debian's source of a kernel (linux-source-6.1 and so on, of the
# kernel's own suite), unmodified, what the tests need of it: the SGX selftests
# with the headers that they include, and the scripts that check the style. Puts
# it into build/linux-source/V/, and prints that directory. There, "version" is
# that of the package. V is as for vm/kernel; as there, what has been fetched is
# kept, and --refresh fetches the newest version again.

# shellcheck source=vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

# It is not one of vm/.
program=tests/${0##*/}

asked=bookworm
refresh=
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) need_value "$@"; asked=$2; shift ;;
	--refresh) refresh=yes ;;
	-h | --help) usage ;;
	*) bad_usage "unknown argument '$1'" ;;
	esac
	shift
done

# What the suite has now is what vm/kernel finds.
"$top/vm/kernel" --kernel "$asked" >/dev/null
# That kernel is built from bookworm's source.
[ "$asked" != kasan ] || asked=bookworm
set_kernel "$asked"
package=linux-source-$kernel
dir=$build/linux-source/$kernel

take_lock linux-source
if [ -z "$refresh" ] && [ -e "$dir/version" ]; then
	printf '%s\n' "$dir"
	exit 0
fi
for c in apt-get dpkg-deb xz; do
	need_command $c
done

use_suite "$suite"
new=$dir.new
rm -rf "$new"
mkdir -p "$new/deb"
say "fetching $package of Debian $suite"
(cd "$new/deb" && apt-get -q -q download "$package" >&2) ||
	die "apt-get download failed for $package"
version=$(dpkg-deb -f "$new"/deb/*.deb Version)

say "unpacking a part of $package $version into ${dir#"$top"/}"
dpkg-deb --fsys-tarfile "$new"/deb/*.deb |
	tar -xO "./usr/src/$package.tar.xz" |
	tar -xJ -C "$new" --strip-components=1 \
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
rm -rf "$new/deb"
printf '%s\n' "$version" >"$new/version"
rm -rf "$dir"
mv "$new" "$dir"
printf '%s\n' "$dir"
