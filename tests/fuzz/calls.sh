#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/fuzz/calls.sh [--kernel V] [--seconds S] [--seed N]
#                            [--module-params "P"] [file...]
#
# Runs the fuzzer of calls (calls_engine.c) in the VM: first the inputs of
# tests/fuzz/calls_corpus, each of which once found something, and those of
# earlier runs; then new ones for S seconds, 300 by default. Where the kernel
# reports coverage (kasan), what reaches something new is kept for later runs.
# With files, only these are run, and what happens is shown. P are parameters of
# the module: with isolation=pkey, what accesses an enclave from outside comes to
# driver/abort.c.
#
# build/tests/fuzz/calls_out/last has the newest inputs: one that brought the
# kernel down is among them. (With P it is calls_out-P, each character in it that
# is no letter and no digit being "-".) The last line is "N passed, N failed".

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/tests/fuzz/calls_out
kernel=bookworm
params=
seconds=300
args=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	--module-params) [ $# -ge 2 ] || usage 2 >&2; params=$2; shift ;;
	--seconds) [ $# -ge 2 ] || usage 2 >&2; seconds=$2; shift ;;
	--seed) [ $# -ge 2 ] || usage 2 >&2; args+=(-s "$2"); shift ;;
	-h | --help) usage 0 ;;
	-*) usage 2 >&2 ;;
	*) break ;;
	esac
	shift
done

out+=${params:+-${params//[^A-Za-z0-9]/-}}
make --no-print-directory -s -C "$top/tests/fuzz" -f calls.mk
mkdir -p "$out/corpus"
if [ $# -gt 0 ]; then
	args+=(-v "$@")
else
	args+=(-t "$seconds")
	for dir in "$top/tests/fuzz/calls_corpus" "$out/corpus"; do
		[ ! -d "$dir" ] || args+=("$dir")
	done
fi
# The seconds are of the loop: old inputs, the boot and the last one come on
# top of them.
exec "$top/vm/run" --kernel "$kernel" --mem 2G --timeout $((seconds + 900)) \
	--module-params "$params" --rw "$out" -- \
	"$top/build/tests/fuzz/calls" -o "$out" "${args[@]}"
