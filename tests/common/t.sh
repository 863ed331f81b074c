# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# shellcheck shell=bash
#
# For scripts that test: passed, failed, and t(). $work is a directory.

passed=0
failed=0

# t NAME COMMAND...: passes if the command succeeds; what it said is shown if not.
t() {
	local name=$1

	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok     $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		sed 's/^/       /' "$work/out"
		failed=$((failed + 1))
	fi
}
