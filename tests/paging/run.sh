#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: run.sh [program [title]]
#
# Runs the tests of paging, in the VM, with a small EPC: all programs, or one,
# or the tests of one whose title has the text. The last line adds them up.

out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/paging
parameters=/sys/module/softsgx/parameters
passed=0
failed=0

count() {
	# The last line of a program is "name: N passed, N failed"; one that
	# does not come to it has failed.
	case $1 in
	*": "*" passed, "*" failed")
		# shellcheck disable=SC2086 # three words
		set -- ${1#*: }
		passed=$((passed + $1))
		failed=$((failed + $3))
		;;
	*)
		failed=$((failed + 1))
		;;
	esac
}

if [ "$(cat $parameters/epc_size)" -gt 32 ]; then
	echo "paging needs --module-params epc_size=2 (or 32, for swap and long)"
	exit 2
fi
for program in ${1:-walk inside sgx2 limit loss}; do
	echo "== $program"
	count "$("$out/$program" ${2+"$2"} | tee /dev/stderr | tail -n 1)"
done
if [ "$(cat $parameters/epc_in_use)" -eq 0 ]; then
	passed=$((passed + 1))
else
	echo "not ok $(cat $parameters/epc_in_use) pages of EPC are in use at the end"
	failed=$((failed + 1))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
