#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/packages/contents.sh PACKAGES
#
# What is in the packages of the directory, unpacked and not installed: the
# documentation and what it names, the manual pages, and the examples, built with
# the library and the command from there. Called by run.sh; the last line is "N
# passed, N failed".

set -uo pipefail

case ${1--h} in
-*)
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	[ "${1-}" = -h ] || [ "${1-}" = --help ] || exit 2
	exit 0
	;;
esac

top=$(cd "$(dirname "$0")/../.." && pwd)
packages=$(cd "$1" && pwd) || exit 1
work=$packages/contents
root=$work/root
doc=$root/usr/share/doc
# shellcheck source=tests/common/t.sh
. "$top/tests/common/t.sh"

# all_pages: all of the sources' are there, as they are read.
all_pages() {
	local page missing=0

	for page in "$top"/*.md "$top"/doc/*.md; do
		[ -s "$doc/softsgx/${page##*/}" ] || {
			echo "${page##*/}"
			missing=1
		}
	done
	return "$missing"
}

# links_lead: each link of a page leads to a file of the package.
links_lead() {
	local page target missing=0 count=0

	for page in "$doc"/softsgx/*.md; do
		while read -r target; do
			count=$((count + 1))
			[ -e "$doc/softsgx/$target" ] || {
				echo "${page##*/}: $target"
				missing=1
			}
		done < <(grep -o ']([^)#]*' "$page" | sed 's/^](//' |
			grep -v '^$\|://')
	done
	[ "$count" -gt 30 ] && [ "$missing" -eq 0 ]
}

no_page_of_the_sources() {
	! grep -n '\<doc/[a-z-]*\.md' "$doc"/softsgx/*.md
}

# paths_lead PAGE: what a manual page names below /usr is in a package, and it names
# nothing of the sources.
paths_lead() {
	local path missing=0 count=0

	gzip -cd "$root/usr/share/man/$1" | sed 's/\\-/-/g' >"$work/page"
	while read -r path; do
		count=$((count + 1))
		[ -e "$root$path" ] || {
			echo "$path"
			missing=1
		}
	done < <(grep -o '/usr/[a-z0-9/_.-]*[a-z0-9]' "$work/page")
	! grep -E '(^|[^/a-z])(doc|vm|examples|lib)/' "$work/page" || missing=1
	[ "$count" -gt 0 ] && [ "$missing" -eq 0 ]
}

found_by_man() {
	man -M "$root/usr/share/man" -w softsgx_load libsoftsgx softsgx
}

# As a user of the installed packages does it.
examples_build() {
	cp -r "$doc/libsoftsgx-dev/examples" "$work/examples" &&
		PKG_CONFIG_LIBDIR=$(echo "$root"/usr/lib/*/pkgconfig) \
		PKG_CONFIG_SYSROOT_DIR=$root \
			make --no-print-directory -C "$work/examples" \
			SOFTSGX="$root/usr/bin/softsgx"
}

# example_is NAME [OPTION...]: its SIGSTRUCT is that of its enclave, and the host has
# the library of the package.
example_is() {
	local built=$work/examples/build tool=$root/usr/bin/softsgx mrenclave

	mrenclave=$("$tool" measure "${@:2}" "$built/$1_enclave.elf") || return
	"$tool" inspect "$built/$1_enclave.sig" | grep "${mrenclave%% *}" || return
	LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu) ldd "$built/$1" |
		grep "libsoftsgx.so.1 => $root"
}

# The whole library is linked in, and what pkg-config says it needs.
static_library() {
	printf '%s\n' '#include <softsgx.h>' 'int main(void)' '{' \
		'	return softsgx_load(0, "", "", 0, 0) == SOFTSGX_OK;' '}' \
		>"$work/static.c"
	export PKG_CONFIG_SYSROOT_DIR=$root
	PKG_CONFIG_LIBDIR=$(echo "$root"/usr/lib/*/pkgconfig)
	export PKG_CONFIG_LIBDIR
	# shellcheck disable=SC2046 # words are wanted
	gcc -o "$work/static" "$work/static.c" $(pkg-config --cflags softsgx) \
		-Wl,-Bstatic $(pkg-config --libs softsgx) -Wl,-Bdynamic -lcrypto &&
		! ldd "$work/static" | grep libsoftsgx
}

# An outer make's flags are not for the examples.
unset MAKEFLAGS MFLAGS MAKELEVEL
rm -rf "$work"
mkdir -p "$root"
for deb in "$packages"/*.deb; do
	dpkg-deb -x "$deb" "$root" || exit 1
done

t "all pages are in the package" all_pages
t "their links lead to files of it" links_lead
t "they do not name pages as in the sources" no_page_of_the_sources
t "softsgx(1) names files of the packages" paths_lead man1/softsgx.1.gz
t "libsoftsgx(3) names files of the packages" paths_lead man3/libsoftsgx.3.gz
t "man finds a function, the library, the command" found_by_man
t "each function has a page" "$top/tests/doc/man.sh" "$root"
t "modprobe.conf names a file of the packages" test -s \
	"$root$(grep -o '/usr/share/doc/[a-z./]*md' \
		"$doc/softsgx-dkms/examples/modprobe.conf")"
t "the examples build from the package" examples_build
t "hello is an enclave with its SIGSTRUCT, and its host" example_is hello
t "grow is an enclave with its SIGSTRUCT, and its host" example_is grow --size 1M
t "the static library is complete" static_library
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
