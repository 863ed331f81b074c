#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selftests/run.sh [--kernel V] [--build | vm/run option...]
#        tests/selftests/run.sh --compare LOG
#
# Builds the SGX selftests of a kernel, from the source that Debian has in the
# suite of that kernel, unmodified and with their own Makefile, in
# build/selftests/, runs them in the VM on that kernel, and compares the results
# with tests/selftests/expected. The last line is "N passed, N failed": what is
# expected to fail is in neither number, what differs is in the second.
#
#   --kernel V     bookworm (6.1, the default), trixie (6.12) or sid (7.2)
#   --build        only build, and print the directory
#   --compare LOG  only compare the TAP lines in LOG

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/../.." && pwd)
expected=$top/tests/selftests/expected
kernel=bookworm

# build: sets "version", that of the source, and "out", where the tests are.
build() {
	local source

	source=$("$top/tests/linux-source.sh" --kernel "$kernel")
	version=$(cat "$source/version")
	out=$top/build/selftests/${source##*/}
	mkdir -p "$out"
	# Built once for each version of the source; lib.mk is not made to be
	# a part of another make.
	if ! cmp -s "$source/version" "$out/version"; then
		env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory \
			-C "$source/tools/testing/selftests/sgx" \
			OUTPUT="$out" >"$out/build.log" 2>&1 || {
			cat "$out/build.log" >&2
			exit 1
		}
		cp "$source/version" "$out/version"
	fi
}

# compare LOG [N]: the TAP lines of LOG against the expected results, where N
# failures are known already.
compare() {
	awk -v failed="${2-0}" '
	# In the list: a name and what it does.
	FNR == NR {
		if ($0 !~ /^#/ && NF == 2)
			want[$1] = $2
		next
	}
	/^ok [0-9]+ / { got[$3] = $4 == "#" && $5 == "SKIP" ? "skip" : "pass" }
	/^not ok [0-9]+ / { got[$4] = "fail" }
	END {
		for (name in got) {
			if (!(name in want)) {
				print "  " name ": " got[name] ", not in the list"
				failed++
			}
		}
		for (name in want) {
			if (!(name in got))
				got[name] = "no result"
			if (got[name] != want[name]) {
				print "  " name ": " got[name] ", expected: " want[name]
				failed++
			} else if (want[name] == "pass") {
				passed++
			} else {
				print "  " name ": " got[name] ", as expected"
			}
		}
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0
	}' "$expected" "$1"
}

only_build=
options=()
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage 0 ;;
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	--build) only_build=yes ;;
	--compare)
		[ $# -eq 2 ] || usage 2 >&2
		compare "$2"
		exit
		;;
	*) options+=("$1") ;;
	esac
	shift
done

build
if [ -n "$only_build" ]; then
	printf '%s\n' "$out"
	exit 0
fi
log=$out/log.$$
trap 'rm -f "$log"' EXIT
status=0
# The test enclave is looked for in the directory of the tests.
# shellcheck disable=SC2016 # expanded in the VM
(cd "$out" && "$top/vm/run" --kernel "$kernel" "${options[@]}" \
	--cpuid "$out/test_sgx" -- sh -c 'exec 2>&1
	echo "# Linux $(uname -r): the selftests of linux-source $1"
	exec ./test_sgx' sh "$version") </dev/null |
	tee "$log" || status=$?
# 1 says that a test failed, which the comparison judges.
if [ "$status" -gt 1 ]; then
	echo "  the run itself failed, with status $status"
	compare "$log" 1
fi
compare "$log"
