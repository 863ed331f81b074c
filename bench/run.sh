#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/run.sh [--kernel V] [--entry]
#
# Measures softsgx in the VM, in instructions, against what the kernel needs for
# the same: the table of doc/performance.md; and EADD and EEXTEND on this
# machine, in ticks of its TSC. The table is in build/bench/V.json, too, how
# things grow in V.points, and with gnuplot as SVG files beside it. --entry
# measures entries only. Exit status 1 if a row does not hold.

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/.." && pwd)
kernel=6.1
entry=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	--entry) entry=(--entry) ;;
	-h | --help) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
	shift
done

kdir=$("$top/vm/kernel" --kernel "$kernel")
# Its number, where it was named by its suite.
kernel=${kdir##*/}
kernel=${kernel%-amd64}

out=$top/build/bench
make --no-print-directory -s -C "$top/bench"
softsgx=$("$top/vm/module" --kernel "$kernel" 2>"$out/module.log") || {
	cat "$out/module.log" >&2
	exit 1
}

# floor.ko, as vm/module builds softsgx.ko.
floor=$out/floor-$kernel
mkdir -p "$floor"
cp -u "$top/bench/floor/floor.c" "$top/bench/floor/Kbuild" "$floor/"
args=(-C "$kdir/headers" "M=$floor" CC=gcc-12 CONFIG_DEBUG_INFO_BTF_MODULES=)
[ "$kernel" = 6.1 ] || args+=(CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=)
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make "${args[@]}" modules \
	>"$out/floor.log" 2>&1 || {
	cat "$out/floor.log" >&2
	exit 1
}

json=$out/$kernel${entry:+-entry}.json
status=0
"$top/vm/run" --kernel "$kernel" --icount --no-module --mem 1G --timeout 840 \
	--rw "$out" -- "$out/bench" "${entry[@]}" "$floor/floor.ko" "$softsgx" \
	"$json" || status=$?
[ ${#entry[@]} -eq 0 ] || exit "$status"

# On this machine: the rates are compared, 0.9 is wanted.
read -r built hashed < <("$out/native")
awk -v built="$built" -v hashed="$hashed" 'BEGIN {
	ratio = built / hashed
	printf "| %-32s | %11.0f | %-23s | %11.0f | %7.3f | %6.2f | %-5s |\n",
		"EADD + EEXTEND, natively, ticks", built, "SHA-256", hashed,
		ratio, 1 / 0.9, ratio <= 1 / 0.9 ? "holds" : "NO"
	exit ratio > 1 / 0.9
}' || status=1
[ ! -e "${json%.json}.points" ] || ! command -v gnuplot >/dev/null ||
	"$top/bench/plot.sh" "${json%.json}.points" "$out"
exit "$status"
