#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/plot.sh POINTS DIRECTORY
#
# Plots how things grow with their size, from what bench/run.sh has left in
# build/bench/V.points (name, size, instructions), as SVG files.

set -euo pipefail

[ $# -eq 2 ] || {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
points=$1
dir=$2

# plot FILE X-LABEL SERIES...: both axes logarithmic.
plot() {
	local file=$1 label=$2 series lines=
	shift 2
	for series; do
		grep -q "^$series	" "$points" || continue
		lines+="${lines:+, }\"< grep '^$series	' '$points'\" using 2:3"
		lines+=" with linespoints title \"$series\""
	done
	[ -n "$lines" ] || return 0
	gnuplot <<-END
		set terminal svg size 720,420 background "white"
		set output "$dir/$file.svg"
		set datafile separator "\t"
		set logscale xy
		set yrange [1:*]
		set xlabel "$label"
		set ylabel "instructions"
		set key outside below
		set grid
		plot $lines
	END
	echo "$dir/$file.svg"
}

plot growth-pages "pages of the enclave" "a page added" \
	"a page touched first" "a page in mprotect" "a teardown" \
	"EENTER + EEXIT, by pages"
plot growth-threads "threads that have been in the enclave" \
	"EENTER + EEXIT, by threads" "restricting a page, by threads"
plot growth-enclaves "enclaves" "EENTER + EEXIT, by enclaves" \
	"opening and creating, by enclaves"
plot growth-rules "rules" "an answer of the rules, by their number"
