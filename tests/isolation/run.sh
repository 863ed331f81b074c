#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/isolation/run.sh [program...]
#
# Runs the tests of the isolation inside a process, in the VM: all programs, or
# those that are named. Each runs with isolation, and then without it, as the
# control, where the attacks have to succeed. The last line adds them up.
#
# To be run as root in the VM: it loads softsgx.ko. $SOFTSGX_KO is the file; by
# default that which vm/module has built for the running kernel.

set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/tests/isolation
parameters=/sys/module/softsgx/parameters
passed=0
failed=0

die() {
	printf 'tests/isolation/run.sh: %s\n' "$*" >&2
	exit 2
}

# The directory of vm/module for this kernel: 6.1.0-56-amd64 is 6.1-amd64.
find_module() {
	local version

	version=$(uname -r | sed -E 's/^([0-9]+\.[0-9]+)\..*[0-9]-((cloud-)?amd64)$/\1-\2/;
		s/^([0-9]+\.[0-9]+)\.[^-]*\+deb.*-((cloud-)?amd64)$/\1-\2/
		s/^.*-softsgx-kasan$/kasan-amd64/')
	printf '%s/build/module/%s/driver/softsgx.ko\n' "$top" "$version"
}

ko=${SOFTSGX_KO:-$(find_module)}
[ -f "$ko" ] || die "no softsgx.ko at $ko"

# load PARAMETER...: the module with these parameters and no others.
load() {
	local tries=50

	while [ -e /sys/module/softsgx ]; do
		! rmmod softsgx 2>/dev/null || break
		# The last enclaves may be on their way out.
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "softsgx cannot be removed"
		sleep 0.1
	done
	insmod "$ko" "$@" || die "softsgx cannot be loaded with '$*'"
}

# verdict STATUS WHAT
verdict() {
	if [ "$1" -eq 0 ]; then
		echo "ok     $2"
		passed=$((passed + 1))
	else
		echo "not ok $2"
		failed=$((failed + 1))
	fi
}

programs() {
	local program last

	for program; do
		echo "== $program, isolation $ISOLATION"
		# A program that does not come to its last line has failed.
		last=$("$out/$program" | tee /dev/stderr | tail -n 1)
		if [[ $last =~ ^$program:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
			passed=$((passed + BASH_REMATCH[1]))
			failed=$((failed + BASH_REMATCH[2]))
		else
			failed=$((failed + 1))
		fi
	done
}

[ $# -gt 0 ] || set -- insn outside enclaves

export ISOLATION=on
load isolation=pkey
[ "$(cat $parameters/isolation)" = pkey ]
verdict $? "isolation=pkey is what there is"
programs "$@"

export ISOLATION=off
load isolation=off
[ "$(cat $parameters/isolation)" = off ]
verdict $? "isolation=off is what there is"
programs "$@"

rmmod softsgx
! insmod "$ko" isolation=maybe 2>/dev/null
verdict $? "isolation=maybe is refused"

load
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
