#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: vm/run -- tests/access/run.sh program [part of a title]
#        vm/run -- tests/access/run.sh program program...
#
# Runs the tests of the rules, in the VM: one program, or of it what is named,
# or several programs. The last line adds them up.

out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/access
log=/run/access.log
passed=0
failed=0

# run PROGRAM [PART]: one that does not come to its last line has failed.
run() {
	echo "== $1"
	"$out/$1" "${@:2}" 2>&1 | tee "$log"
	if [[ $(tail -n 1 "$log") =~ ^$1:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
	fi
}

if [ $# -eq 2 ] && [ ! -x "$out/$2" ]; then
	run "$@"
else
	for program; do
		run "$program"
	done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
