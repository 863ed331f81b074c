#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Runs the tests of the driver's interface, in the VM: all programs, or those
# that are named. The last line adds them up.

out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/uapi
passed=0
failed=0

for program in ${*:-create add init map enclu exception signal life}; do
	echo "== $program"
	# The last line of a program is "name: N passed, N failed"; one that
	# does not come to it has failed.
	last=$("$out/$program" | tee /dev/stderr | tail -n 1)
	case $last in
	"$program: "*" passed, "*" failed")
		set -- ${last#*: }
		passed=$((passed + $1))
		failed=$((failed + $3))
		;;
	*)
		failed=$((failed + 1))
		;;
	esac
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
