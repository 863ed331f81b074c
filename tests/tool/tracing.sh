#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/tool/tracing.sh SOFTSGX EXAMPLES
#
# However softsgx trace and softsgx policy explain end, the kernel traces no more
# afterwards. Run by vm.sh, in the VM, in a directory with busy; prints "ok" and
# "not ok".

set -uo pipefail

tool=$1
busy=(./busy "$2/hello_enclave.elf" "$2/hello_enclave.sig" 60 1000)
instances=/sys/kernel/tracing/instances

# ok NAME COMMAND...
ok() {
	local name=$1
	shift
	if "$@" >output 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name: $(cat output)"
	fi
}

# within COMMAND...: it is so within 20 seconds.
within() {
	local i
	for ((i = 0; i < 100; i++)); do
		! "$@" || return 0
		sleep 0.2
	done
	return 1
}

# shellcheck disable=SC2317 # ok calls it
nothing_left() {
	! find "$instances" -mindepth 1 -maxdepth 1 | grep .
}

tracing() {
	[ -e "$instances/softsgx-$1" ]
}

# shellcheck disable=SC2317 # ok calls it
gone() {
	! kill -0 "$1" 2>/dev/null
}

# A reader that has had enough.
"$tool" trace "${busy[@]}" 2>said | head -n 2 >lines
status=${PIPESTATUS[0]}
ok "trace: two lines" [ "$(wc -l <lines)" -eq 2 ]
ok "trace: SIGPIPE, status $status" [ "$status" -eq 141 ]
ok "trace: without a word" [ ! -s said ]
ok "trace: SIGPIPE, nothing is left" nothing_left
"$tool" trace -o /dev/full "${busy[@]}" >/dev/null 2>said
status=$?
ok "trace: a full disk, status $status" [ "$status" -eq 4 ]
ok "trace: a full disk" grep -q 'softsgx: /dev/full: No space left' said
ok "trace: a full disk, nothing is left" nothing_left
cat >pipe.sh <<END
#!/bin/bash
yes | head -n 1 >/dev/null
[ "\${PIPESTATUS[0]}" = 141 ] && exec "$2/hello"
END
chmod +x pipe.sh
ok "trace: the program has its SIGPIPE" "$tool" trace -o /dev/null ./pipe.sh
for signal in HUP INT TERM; do
	# With its signals as they are by default, not those of a job.
	env --default-signal "$tool" trace >/dev/null 2>&1 &
	pid=$!
	ok "trace: SIG$signal: it traces" within tracing $pid
	kill -$signal $pid
	wait $pid
	ok "trace: SIG$signal, nothing is left" nothing_left
done

# The program goes with policy explain, and what it has used is told.
for signal in HUP TERM; do
	env --default-signal "$tool" policy explain --host -o rules -- "${busy[@]}" >/dev/null 2>said &
	pid=$!
	within tracing $pid
	program=
	# shellcheck disable=SC2317 # within calls it
	find_program() { program=$(pgrep -P $pid busy); }
	ok "explain: SIG$signal: the program runs" within find_program
	within "$tool" ps | grep -q ready
	kill -$signal $pid
	wait $pid
	status=$?
	ok "explain: SIG$signal, status $status" [ $status -eq 1 ]
	ok "explain: SIG$signal: the program has ended" gone "${program:-1}"
	ok "explain: SIG$signal: it is said" grep -qE 'ended with status (129|143):' said
	ok "explain: SIG$signal: rules" grep -q '^op=INIT ' rules
	ok "explain: SIG$signal, nothing is left" nothing_left
done
ok "explain: the program has its SIGPIPE" "$tool" policy explain --host -o rules -- ./pipe.sh

# What SIGKILL has left goes with the next start; nothing else does.
"$tool" trace >/dev/null 2>&1 &
pid=$!
within tracing $pid
"$tool" trace >/dev/null 2>&1 &
other=$!
within tracing $other
mkdir "$instances/softsgx-user" "$instances/user-$pid"
kill -KILL $pid
wait $pid 2>/dev/null
ok "SIGKILL leaves it" tracing $pid
"$tool" trace -o /dev/null true
ok "the next one removes it" sh -c "[ ! -e $instances/softsgx-$pid ]"
ok "not that of another trace" tracing $other
# In another PID namespace nobody has its number.
unshare --pid --fork "$tool" trace -o /dev/null true
ok "nor from another namespace" tracing $other
ok "nor what is somebody's" rmdir "$instances/softsgx-user" "$instances/user-$pid"
kill -TERM $other
wait $other
ok "at the end nothing is left" nothing_left
