#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/doc/man.sh [ROOT]
#
# Compares the manual pages of the library with what it exports, below ROOT, where
# a package was unpacked, or as make install puts them. Without ROOT, also what
# makes the pages: it must refuse what has no comment. The last line is "N passed,
# N failed".

set -uo pipefail

case ${1-} in
-*)
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	[ "$1" = -h ] || [ "$1" = --help ] || exit 2
	exit 0
	;;
esac

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$top/build/tests/man
# shellcheck source=tests/common/t.sh
. "$top/tests/common/t.sh"

# page NAME: the page, as it is without compression.
page() {
	gzip -cdf "$man/man3/$1.3"*
}

names_itself() {
	local name

	while read -r name; do
		page "$name" | grep "^$name \\\\- ..*" >/dev/null || {
			echo "$name"
			return 1
		}
	done <"$work/exported"
}

# says NAME WORDS: lines of the page hold them.
says() {
	page "$1" | tr '\n' ' ' | grep -i "$2" >/dev/null
}

# refused WHAT SED-SCRIPT FILE: no pages are made if FILE is changed so.
refused() {
	local what=$1 script=$2 file=$3

	rm -rf "$work/changed"
	mkdir "$work/changed"
	cp "$top"/lib/*.[ch] "$work/changed"
	sed -i "$script" "$work/changed/$file"
	! cmp -s "$work/changed/$file" "$top/lib/$file" || return
	! awk -v out="$work/changed" -f "$top/lib/man.awk" \
		"$top/doc/man/libsoftsgx.3" "$work/changed/softsgx.h" "$work"/changed/*.c \
		2>"$work/said" || return
	cat "$work/said"
	grep -q "$what" "$work/said"
}

rm -rf "$work"
mkdir -p "$work"
root=${1-}
if [ -z "$root" ]; then
	root=$work/root
	make --no-print-directory -s -C "$top/lib" install PREFIX=/usr \
		DESTDIR="$root" || exit 1
fi
man=$root/usr/share/man
libs=("$root"/usr/lib/libsoftsgx.so.1 "$root"/usr/lib/*/libsoftsgx.so.1)
for lib in "${libs[@]}"; do
	[ ! -e "$lib" ] || break
done
nm -D --defined-only "$lib" | sed -n 's/.* T \([^@]*\).*/\1/p' | sort >"$work/exported"
page libsoftsgx | sed -n 's/^\.BR \(softsgx_[^ ]*\) (3)$/\1/p' | sort >"$work/listed"
for file in "$man"/man3/softsgx_*; do
	file=${file##*/}
	echo "${file%.3*}"
done | sort >"$work/pages"

t "the library exports functions" test -s "$work/exported"
t "each has a page, and no page is too many" diff "$work/exported" "$work/pages"
t "each is in the list of libsoftsgx(3)" diff "$work/exported" "$work/listed"
t "each page says what it is of" names_itself
t "the byte order of a signature" says softsgx_sigstruct_finish 'big endian'
t "who keeps the data of an enclave" says softsgx_enclave_parse 'copied'
t "where a passphrase is asked for" says softsgx_key_read 'passphrase'
t "types are described" says softsgx_load 'B uint16_t configsvn with KSS'
if [ $# -eq 0 ]; then
	t "refused: a function without a comment" refused \
		'softsgx_load has no comment' \
		'/^ \* softsgx_load() -/s/softsgx_load/load/' load.c
	t "refused: an argument without a word" refused \
		'softsgx_load: not a word on sigstruct' '/@sigstruct:/d' load.c
	t "refused: a word on no argument" refused \
		'softsgx_load: there is no sigs' 's/@sigstruct:/@sigs:/' load.c
	t "refused: nothing on what is returned" refused \
		'softsgx_load: not a word on what it returns' \
		's/^ \* Return: 0; SOFTSGX_FORMAT;.*/ * 0;/' load.c
	t "refused: a member without a word" refused \
		'struct softsgx_options: not a word on debug' \
		'/@debug:/d' softsgx.h
	t "refused: a function that is not in softsgx.h" refused \
		'softsgx_unload is not in' '/^void softsgx_unload(/d' softsgx.h
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
