#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/cost.sh [vm/run option...]
#
# Guest instructions of ADD_PAGES of a 64 MiB enclave, with SELinux enforcing
# and without it. More than 2 % more is a failure. The last line is "N passed,
# N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
make --no-print-directory -s -C "$top/tests/selinux" programs

# instructions KERNEL-ARGUMENT [OPTION...]: how many there were.
instructions() {
	local append=$1
	shift
	"$top/vm/run" --icount "$@" --append "$append" -- \
		"$top/build/tests/selinux/selinux" "cost of" |
		sed -n 's/^  instructions: //p'
}

without=$(instructions security=none "$@")
with=$(instructions security=selinux "$@")
awk -v with="$with" -v without="$without" 'BEGIN {
	more = (with - without) * 100 / without
	printf "without SELinux %d, enforcing %d: %+.2f %%\n",
		without, with, more
	ok = with > 0 && without > 0 && more <= 2
	printf "%d passed, %d failed\n", ok, !ok
	exit !ok
}'
