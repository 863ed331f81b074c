#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/run.sh [--kernel V] [--entry|--isolation|--short]
#
# Measures softsgx in the VM, in instructions, against what the kernel needs for
# the same: the table of doc/performance.md. By the clock: two threads in the VM,
# EADD and EEXTEND and the start of a VM on this machine. The table is in
# build/bench/V.json, too, and with gnuplot how things grow as SVG files beside
# it. --entry measures entries only, --isolation the same with isolation=pkey, and
# --short all that is counted, but not how things grow. Exit status 1 if a row does
# not hold.

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/.." && pwd)
kernel=6.1
only=
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	--entry | --isolation | --short) only=${1#--} ;;
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
make=(all)
[ -n "$only" ] || make+=(policy)
make --no-print-directory -s -C "$top/bench" "${make[@]}"
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

# measure NAME VM-OPTION... -- BENCH-OPTION...: the rows of one VM, shown and in
# NAME.json.
parts=()
status=0
measure() {
	local part=$out/$1.json vm=()
	shift
	while [ "$1" != -- ]; do
		vm+=("$1")
		shift
	done
	shift
	rm -f "$part"
	"$top/vm/run" --kernel "$kernel" --no-module --mem 2G --timeout 840 \
		--rw "$out" "${vm[@]}" -- "$out/bench" "$@" "$floor/floor.ko" \
		"$softsgx" "$part" || status=$?
	[ ! -s "$part" ] || parts+=("$part")
}

row='| %-33s | %11s | %-24s | %11s | %7s | %6s | %-5s |\n'
# shellcheck disable=SC2059 # one format for all
printf "$row" what figure "compared with" baseline ratio target ""
echo "|---|---|---|---|---|---|---|"
if [ -n "$only" ]; then
	measure "$kernel-$only" --icount -- "--$only"
	exit "$status"
fi
# --accel tcg: of two processors, each is as fast as the other.
measure "$kernel-counted" --icount --
measure "$kernel-selinux" --icount --append security=selinux -- --selinux
measure "$kernel-threads" --accel tcg --mttcg --smp 2 -- --threads

# rate NAME FIGURE BASELINE-NAME BASELINE TARGET: a row of what was measured here.
rate() {
	awk -v what="$1" -v figure="$2" -v baseline="$3" -v base="$4" \
		-v target="$5" -v row="$row" -v json="$out/$kernel-native.json" '
	BEGIN {
		ratio = figure / base
		printf row, what, sprintf("%.0f", figure), baseline,
			sprintf("%.0f", base), sprintf("%.3f", ratio),
			sprintf("%.2f", target), ratio <= target ? "holds" : "NO"
		printf "  { \"what\": \"%s\", \"figure\": %.1f, \"baseline\": \"%s\", \"base\": %.1f, \"ratio\": %.4f, \"target\": %.4f }\n",
			what, figure, baseline, base, ratio, target >>json
		exit ratio > target
	}' || status=1
}
rm -f "$out/$kernel-native.json"
# On this machine: the rates are compared, 0.9 is wanted.
read -r built hashed < <("$out/native")
rate "EADD + EEXTEND, natively, ticks" "$built" SHA-256 "$hashed" 1.1111
# And the first line of a program, in milliseconds.
read -r line empty < <("$top/bench/boot.sh" --kernel "$kernel")
rate "vm/run to the first line, ms" "$line" "boot to an empty init" "$empty" 1.5
parts+=("$out/$kernel-native.json")

# All rows in one file.
{
	echo "["
	sed -n '/"what"/s/,\?$/,/p' "${parts[@]}" | sed '$s/,$//'
	echo "]"
} >"$out/$kernel.json"
[ ! -e "$out/$kernel-counted.points" ] || ! command -v gnuplot >/dev/null ||
	"$top/bench/plot.sh" "$out/$kernel-counted.points" "$out"
exit "$status"
