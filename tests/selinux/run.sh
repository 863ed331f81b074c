#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/run.sh selinux|memfd|bpf [part of a title]
#
# Runs the tests with SELinux, or with a BPF program, in the VM. The records that
# they have seen are left in the file that SOFTSGX_AUDIT_LOG names. The last line
# is "N passed, N failed".

out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/selinux
program=$1
log=/run/$program.log
shift
# Written in the VM, which is faster, and copied then.
records=${SOFTSGX_AUDIT_LOG-}
[ -z "$records" ] || export SOFTSGX_AUDIT_LOG=/run/records.log
"$out/$program" "$@" >"$log" 2>&1
status=$?
if [ -n "$records" ]; then
	# Whoever runs the tests may not write to the machine's files by now.
	echo 0 >/sys/fs/selinux/enforce
	cp /run/records.log "$records" || status=1
fi
cat "$log"
last=$(tail -n 1 "$log")
case $last in
"$program: "*" passed, "*" failed") ;;
*) last="$program: 0 passed, 1 failed" status=1 ;;
esac
echo "${last#"$program": }"
exit $status
