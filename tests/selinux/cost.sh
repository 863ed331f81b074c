#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/cost.sh [vm/run option...]
#
# Guest instructions of ADD_PAGES of a 64 MiB enclave, without SELinux and with it
# enforcing, over the policies in COST_POLICIES (both, the minimal one and
# Debian's). More than 2 % more is a failure.
# The last line is "N passed, N failed".

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
		"$1"' "$module" "$top/build/tests/selinux/cost" |
		sed -n 's/^  instructions: //p'
}

passed=0
failed=0
without=$(instructions security=none "$@")
for policy in ${COST_POLICIES:-minimal debian}; do
	with=$(SOFTSGX_POLICY=$policy instructions security=selinux "$@")
	if awk -v with="$with" -v without="$without" -v policy="$policy" 'BEGIN {
		more = (with - without) * 100 / without
		printf "without SELinux %d, %s policy %d: %+.2f %%\n",
			without, policy, with, more
		exit !(with > 0 && without > 0 && more <= 2)
	}'; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
