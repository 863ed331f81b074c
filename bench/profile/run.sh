#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/profile/run.sh [--kernel V]
#
# Shows which function executes how many instructions in EENTER + EEXIT, in the
# same by the vDSO, in the first touch of an EADDed page, in EAUG + EACCEPT, in a
# teardown and in ADD_PAGES: once each, in the VM, every instruction counted by a
# plugin of QEMU. The addresses are left in build/bench/profile/trace.

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/../.." && pwd)
kernel=6.1
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	-h | --help) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
	shift
done

out=$top/build/bench/profile
mkdir -p "$out"
make --no-print-directory -s -C "$top/bench"
gcc -O2 -Wall -Wextra -shared -fPIC -o "$out/plugin.so" \
	"$top/bench/profile/plugin.c"
softsgx=$("$top/vm/module" --kernel "$kernel" 2>"$out/module.log") || {
	cat "$out/module.log" >&2
	exit 1
}

"$top/vm/run" --kernel "$kernel" --smp 1 --accel tcg --no-module --timeout 600 \
	--plugin "$out/plugin.so,out=$out/trace" -- \
	"$top/build/bench/bench" --trace "$softsgx" >"$out/kallsyms"
python3 "$top/bench/profile/show.py" "$out/trace" "$out/kallsyms"
