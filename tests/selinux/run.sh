#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Runs the tests with SELinux, in the VM. The last line is "N passed, N failed".

out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/selinux
log=/run/selinux.log
"$out/selinux" "$@" >$log 2>&1
status=$?
cat $log
last=$(tail -n 1 $log)
case $last in
"selinux: "*" passed, "*" failed") ;;
*) last="selinux: 0 passed, 1 failed" status=1 ;;
esac
echo "${last#selinux: }"
exit $status
