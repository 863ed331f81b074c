#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/kasan/kernel.sh [--refresh]
#
# Builds a kernel that finds mistakes (KASAN, lockdep, kmemleak, UBSAN, KCOV,
# fault injection) from Debian's linux-source-6.1 with tests/kasan/config, in
# build/kernel/kasan, and prints that directory, laid out as vm/kernel says;
# vm/kernel --kernel kasan calls it. It takes some ten minutes and 4 GB, and is
# done again when the configuration has changed, or with --refresh the source.

# shellcheck source=vm/lib.sh
. "$(dirname "$0")/../../vm/lib.sh"
program=tests/kasan/${0##*/}

refresh=
while [ $# -gt 0 ]; do
	case $1 in
	--refresh) refresh=yes ;;
	-h | --help) usage ;;
	*) bad_usage "unknown argument '$1'" ;;
	esac
	shift
done

config=$top/tests/kasan/config
package=linux-source-6.1
mkdir -p "$build/kernel"
dir=$(realpath "$build/kernel")/kasan
exec 9>"$dir.lock"
flock 9

stamp="$dir $(sha256sum <"$config" | cut -d' ' -f1)"
if [ -z "$refresh" ] && [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then
	printf '%s\n' "$dir"
	exit 0
fi
for c in apt-get bc bison dpkg-deb flex gcc-12 make pahole xz; do
	need_command $c
done

rm -f "$dir/stamp"
source=$dir/source
if [ -n "$refresh" ] || [ ! -e "$dir/version" ]; then
	use_suite bookworm
	rm -rf "$dir"
	mkdir -p "$dir/deb" "$source"
	say "fetching $package of Debian bookworm"
	(cd "$dir/deb" && apt-get -q -q download "$package" >&2) ||
		die "apt-get download failed for $package"
	say "unpacking it into ${dir#"$top"/}"
	dpkg-deb --fsys-tarfile "$dir"/deb/*.deb |
		tar -xO "./usr/src/$package.tar.xz" |
		tar -xJ -C "$source" --strip-components=1
	dpkg-deb -f "$dir"/deb/*.deb Version >"$dir/version"
	rm -rf "$dir/deb"
fi

# kmake ARGUMENT...: the kernel's make, away from the flags of an outer one.
kmake() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory \
		-C "$source" CC=gcc-12 "$@" >>"$dir/build.log" 2>&1 || {
		tail -n 20 "$dir/build.log" >&2
		die "the kernel does not build: the whole log is $dir/build.log"
	}
}

: >"$dir/build.log"
kmake KCONFIG_ALLCONFIG="$config" allnoconfig
# A line that other options overrule would be a test that is not made.
grep '^CONFIG_\|^# CONFIG_.* is not set$' "$config" |
	sed '/^#/!b; s/ is not set//' >"$dir/wanted"
missing=$(while read -r line; do
	case $line in
	'#'*) ! grep -q "^${line#\# }=" "$source/.config" || printf '%s\n' "$line" ;;
	*) grep -qxF "$line" "$source/.config" || printf '%s\n' "$line" ;;
	esac
done <"$dir/wanted")
if [ -n "$missing" ]; then
	die "the configuration does not come out as it is written: $missing"
fi

say "building it: the log is $dir/build.log"
kmake -j "$(nproc)" bzImage modules
kmake -j "$(nproc)" INSTALL_MOD_PATH="$dir/root" modules_install
make -s -C "$source" kernelrelease >"$dir/release"
ln -sfn source "$dir/headers"
# Not the bare vmlinux: PVH enters it in code that KASAN instruments, before
# there is a shadow memory.
ln -sfn source/arch/x86/boot/bzImage "$dir/vmlinux"
# KASAN's shadow memory is laid out for four levels of page tables.
echo 'max,-cx16,-la57' >"$dir/cpu"
printf '%s\n' "$stamp" >"$dir/stamp"
printf '%s\n' "$dir"
