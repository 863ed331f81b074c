#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: vm/run -- tests/uapi/run.sh [program...]
#
# Runs the tests of the driver's interface, in the VM: all programs, or those
# that are named. The last line adds them up.

out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/uapi
passed=0
failed=0

[ $# -gt 0 ] || set -- create add init map enclu exception xstate signal life share stats
for program; do
	echo "== $program"
	# A program that does not come to its last line has failed.
	last=$("$out/$program" | tee /dev/stderr | tail -n 1)
	if [[ $last =~ ^$program:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
	fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
