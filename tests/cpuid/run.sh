#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/cpuid/run.sh [vm/run option...]
#
# Builds the tests of CPUID; compares what cpuid-scan finds with what objdump
# does; and runs the tests in two VMs: where only what is told to the module sees
# SGX, and where all does that the command runs. The last line is "N passed, N
# failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/tests/cpuid
passed=0
failed=0

# check TITLE COMMAND...
check() {
	local title=$1

	shift
	if "$@"; then
		echo "ok     $title"
		passed=$((passed + 1))
	else
		echo "not ok $title"
		failed=$((failed + 1))
	fi
}

# add_up PROGRAM COMMAND...: the last line is "PROGRAM: N passed, N failed".
add_up() {
	local program=$1 last

	shift
	"$@" | tee "$out/log" || :
	last=$(tail -n 1 "$out/log")
	case $last in
	"$program: "*" passed, "*" failed")
		# shellcheck disable=SC2086 # words
		set -- ${last#*: }
		passed=$((passed + $1))
		failed=$((failed + $3))
		;;
	*)
		echo "not ok $program did not come to its end"
		failed=$((failed + 1))
		;;
	esac
}

verdict() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# ---- in the VM ----

fails() {
	! "$@" >/dev/null
}

if [ "${1-}" = --inside ]; then
	setup=$top/vm/cpuid/setup
	mib=$(cat /sys/module/softsgx/parameters/epc_size 2>/dev/null || echo 128)
	export SOFTSGX_EPC_SIZE=$((mib << 20))
	export CPUID_TEST_PLUGIN=$out/plugin.so

	check "control: without sites a program sees no SGX" \
		fails "$out/report"
	check "control: nor does a static one" \
		fails "$out/report-static"
	check "control: the tests can fail" \
		fails "$out/sees" "eight threads"
	add_up control "$out/control"
	check "control: after all that there is no SGX" \
		fails "$out/report"
	"$setup" "$out/sites"
	check "a program sees SGX" "$out/report"
	check "a static program sees SGX" "$out/report-static"
	add_up sees "$out/sees"
	grep -c . /sys/kernel/security/softsgx/cpuid |
		sed 's/$/ sites, those that were hit:/'
	awk '$3 > 0' /sys/kernel/security/softsgx/cpuid
	"$setup" --clear /dev/null
	check "control: cleared, a program sees no SGX" \
		fails "$out/report"
	# The module goes with its sites in place.
	"$setup" "$out/sites"
	verdict
	exit
fi

# listed FILE: whether it has sites.
listed() {
	grep -q " $1\$" /sys/kernel/security/softsgx/cpuid
}

# nr_listed: how many sites there are.
nr_listed() {
	grep -c . /sys/kernel/security/softsgx/cpuid
}

# come_and_go COUNT: so many programs are built, run and removed.
come_and_go() {
	local i

	for ((i = 0; i < $1; i++)); do
		cp report-static "/tmp/come$i" && "/tmp/come$i" >/dev/null &&
			rm "/tmp/come$i" || return
	done
}

# all_see COUNT: so many, which stay, all see SGX.
all_see() {
	local i refused=0

	for ((i = 0; i < $1; i++)); do
		cp report-static "/tmp/stay$i"
		"/tmp/stay$i" >/dev/null || refused=$((refused + 1))
	done
	[ "$refused" -eq 0 ] || return
}

# removed_while_it_runs: and another one is executed before it asks.
removed_while_it_runs() {
	local pid status=0

	rm -f gate
	mkfifo gate
	cp report-static lingering
	./lingering wait <gate >/dev/null &
	pid=$!
	exec {gate}>gate
	until [[ $(readlink "/proc/$pid/exe") == */lingering ]]; do sleep 0.1; done
	rm lingering
	come_and_go 1 || :
	exec {gate}>&-
	wait "$pid" || status=$?
	come_and_go 1
	[ "$status" -eq 0 ] && ! listed "$out/lingering.*"
}

# behind_one_that_hangs: a library that is a FIFO keeps ld.so.
behind_one_that_hangs() {
	local hanging status=0

	rm -rf hang
	mkdir hang
	gcc -shared -o hang/libhang.so -x c /dev/null
	gcc -o hang/program ../../../tests/cpuid/report.c -Lhang \
		-Wl,--no-as-needed -lhang "-Wl,-rpath,\$ORIGIN"
	rm hang/libhang.so
	mkfifo hang/libhang.so
	cp report behind
	hang/program &
	hanging=$!
	sleep 1
	timeout -s KILL 60 ./behind || status=$?
	kill -s KILL "$hanging"
	return "$status"
}

# The programs below the command, which is this script.
if [ "${1-}" = --below ]; then
	mib=$(cat /sys/module/softsgx/parameters/epc_size)
	export SOFTSGX_EPC_SIZE=$((mib << 20))
	export CPUID_TEST_PLUGIN=$out/plugin.so
	cd "$out"
	if [ ! -e /proc/sys/fs/fanotify ]; then
		check "this kernel has no fanotify: no SGX below" fails ./report
		verdict
		exit
	fi
	# It is built here, and run by make.
	printf 'test: program\n\t./program\nprogram: ../../../tests/cpuid/report.c\n\t%s\n' \
		"gcc -o \$@ \$<" >below.mk
	rm -f program
	check "make test: a program that is built here" make -s -f below.mk test
	check "again: it is known" ./program
	check "a static program, in a pipe" \
		bash -c './report-static | grep SGX1'
	printf '#!/bin/sh\nexec %s/report\n' "$out" >script
	chmod +x script
	check "below a script" ./script
	cp report /run/report
	check "in another file system" /run/report
	check "by another user" setpriv --reuid 1000 --regid 1000 \
		--clear-groups /dev/shm/../../run/report
	check "its sites are there" listed "$out/program"
	cat /bin/echo >program
	check "another one, written over it" ./program "over it"
	check "has no breakpoints of the first" fails listed "$out/program"
	cat report >program
	check "and back" ./program
	for i in {1..30}; do
		cp report "program$i"
	done
	# shellcheck disable=SC2016 # for another shell
	check "many at once, each of which is new" bash -c '
		for i in {1..30}; do ./program$i >/dev/null & pids+=($!); done
		for pid in "${pids[@]}"; do wait "$pid" || exit; done'
	cp report killed
	# shellcheck disable=SC2016
	check "killed while it is asked for" bash -c '
		for i in {1..20}; do
			cat report >killed
			./killed & kill -9 $!
		done 2>/dev/null; wait 2>/dev/null; ./killed'
	add_up sees moved/sees
	check "behind a program that hangs" behind_one_that_hangs
	# The table has place for some thirty of them.
	sites=$(nr_listed)
	check "sixty programs that are removed again" come_and_go 60
	come_and_go 1 || :
	check "their sites are not there any more" [ "$(nr_listed)" -lt $((sites + 100)) ]
	check "removed while it runs" removed_while_it_runs
	check "control: the table has an end" fails all_see 50
	rm /tmp/stay?
	check "who has found no place has one later" /tmp/stay49
	check "ld.so is not asked about static ones" \
		fails grep -a 'ld-linux.*segfault' <(dmesg)
	verdict
	exit
fi

# ---- on the host ----

if [ "${1-}" = --help ] || [ "${1-}" = -h ]; then
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit 0
fi

make --no-print-directory -s -C "$top/vm/cpuid"
make --no-print-directory -s -C "$top/tests/cpuid"
selftests=$("$top/tests/selftests/run.sh" --build)

# in_function ADDRESS: whether one of $out/functions has it.
in_function() {
	awk -v address="$(printf '%016x' "0x$1")" '
	# As strings: 34e5 is a number to awk.
	$1 "" <= address "" && address "" < $2 "" { found = 1; exit }
	END { exit !found }' "$out/functions"
}

# objdump_sites FILE: the offsets of what a linear sweep takes for CPUID.
objdump_sites() {
	objdump -d -w "$1" 2>/dev/null | awk '$0 ~ /\tcpuid *$/ {
		sub(":", "", $1); print $1 }' >"$out/addresses"
	objdump -h -w "$1" | awk '/CODE/ { print $4, $3, $6 }' >"$out/sections"
	while read -r address; do
		in_function "$address" || continue
		while read -r start size offset; do
			if ((0x$address >= 0x$start &&
				0x$address < 0x$start + 0x$size)); then
				printf '%#x\n' \
					$((0x$address - 0x$start + 0x$offset))
			fi
		done <"$out/sections"
	done <"$out/addresses" | sort
}

# same_sites FILE: cpuid-scan finds what objdump does, except for what is not in
# a function, by the unwind information: objdump takes data for code.
same_sites() {
	"$top/build/cpuid-scan" "$1" | cut -d' ' -f2 | sort >"$out/scanned"
	LC_ALL=C readelf --debug-dump=frames "$1" 2>/dev/null |
		sed -n 's/.* FDE .* pc=\([0-9a-f]*\)\.\.\([0-9a-f]*\)$/\1 \2/p' \
			>"$out/functions"
	objdump_sites "$1" >"$out/disassembled"
	diff "$out/scanned" "$out/disassembled"
}

ld=$(realpath /lib64/ld-linux-x86-64.so.2)
libs=$(dirname "$ld")
for file in "$libs/libc.so.6" "$ld" "$libs/libgcc_s.so.1" \
	"$libs/libcrypto.so.3" "$selftests/test_sgx" "$out/sees" "$out/report-static" "$out/libcpuidtest.so"; do
	[ -e "$file" ] || continue
	check "scanned as objdump disassembles it: ${file##*/}" \
		same_sites "$file"
done

"$top/vm/cpuid/list" "$out/sees" "$out/report" "$out/report-static" \
	"$out/plugin.so" >"$out/sites"

# in_vm TITLE ARGUMENT...: this script, with vm/run's arguments.
in_vm() {
	local title=$1 status=0 last

	shift
	"$top/vm/run" "$@" | tee "$out/vm.log" || status=$?
	last=$(tail -n 1 "$out/vm.log")
	case $last in
	*" passed, "*" failed")
		# shellcheck disable=SC2086 # words
		set -- $last
		passed=$((passed + $1))
		failed=$((failed + $3))
		;;
	esac
	check "$title" [ "$status" -eq 0 ]
}

in_vm "the VM had nothing to complain of" --no-cpuid "$@" -- \
	"$top/tests/cpuid/run.sh" --inside
# What it is linked to is not next to it.
mkdir -p "$out/moved"
cp "$out/sees" "$out/moved"
# Where that is may be said from here.
cd "$out"
lists_library() {
	LD_LIBRARY_PATH=. "$top/vm/cpuid/list" --files moved/sees |
		grep -Fx "$(realpath libcpuidtest.so)" >/dev/null
}
check "a library in a relative directory" lists_library
LD_LIBRARY_PATH=. in_vm "nor had that of the programs below" \
	--cpuid "$out/plugin.so" "$@" -- "$top/tests/cpuid/run.sh" --below 2>"$out/vm.err"
cat "$out/vm.err" >&2
# Where programs are watched.
times=1
if grep -q 'this kernel has no fanotify' "$out/vm.log"; then
	times=0
fi
check "how often it is said that the table is full: $times" \
	[ "$(grep -c 'the table of softsgx is full' "$out/vm.err")" -eq "$times" ]
verdict
