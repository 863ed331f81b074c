#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/profile/shared.sh [--kernel V]
#
# Two threads, each on its processor, enter one enclave by two TCSs, and every
# access of theirs to memory from EENTER to EEXIT is written down by a plugin of
# QEMU. Shows the cache lines that both use and one writes: what would make them
# wait for each other. Exit status 1 if there are any.

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

"$top/vm/run" --kernel "$kernel" --smp 2 --accel tcg --mttcg --no-module --timeout 600 \
	--plugin "$out/plugin.so,out=$out/accesses,memory=on" -- \
	"$top/build/bench/bench" --trace-threads "$softsgx" >"$out/kallsyms"
python3 "$top/bench/profile/shared.py" "$out/accesses" "$out/kallsyms"
