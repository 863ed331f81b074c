#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/cost.sh [vm/run option...]
#
# Guest instructions of ADD_PAGES of a 64 MiB enclave, with SELinux enforcing
# and without it. More than 2 % more is a failure. The last line is "N passed,
# N failed".

set -euo pipefail

kernel=6.1
if [ "${1-}" = --kernel ]; then
	kernel=$2
fi
top=$(cd "$(dirname "$0")/../.." && pwd)
make --no-print-directory -s -C "$top/tests/selinux" programs

module=$("$top/vm/module" --kernel "$kernel" 2>/dev/null)

# instructions KERNEL-ARGUMENT [OPTION...]: how many there were. The time of
# such a VM leaps while it waits for the host, and with it what softsgx waits for
# when it is inserted: so what it needs is inserted first.
instructions() {
	local append=$1
	shift
	# shellcheck disable=SC2016 # for the VM's shell
	"$top/vm/run" --icount --no-module "$@" --append "$append" -- sh -c '
		for m in gcm ghash_generic ctr aes_generic aesni_intel cmac; do
			modprobe $m || :
		done
		insmod "$0" || insmod "$0" || insmod "$0"
		"$1" "cost of"' "$module" \
		"$top/build/tests/selinux/selinux" |
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
