#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/tool/module.sh [--kernel V]
#
# Tests what the softsgx command does beside the module, in the VM: vm.sh and
# trace.sh. The last line is "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/tests/tool-module
tool=$top/build/tool/softsgx
kernel=bookworm
export LC_ALL=C.UTF-8 TERM=dumb

case $#,${1-} in
0,) ;;
2,--kernel) kernel=$2 ;;
*) sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

for part in tool examples tests/paging; do
	make --no-print-directory -s -C "$top/$part"
done
make --no-print-directory -s -C "$top/tests/lib" load
rm -rf "$out"
mkdir -p "$out"
cd "$out"
for program in einit busy; do
	gcc -Wall -Wextra -Werror -o $program "$top/tests/tool/$program.c" \
		"$top/build/lib/libsoftsgx.a" -lcrypto
done
printf 'policy name=tool version=3\nDEFAULT action=ALLOW\n' >good.rules
printf 'allowed nothing\n' >bad.rules

passed=0
failed=0

# in_vm SCRIPT MODULE-PARAMETERS: says what failed, and counts.
in_vm() {
	local script=$1 log=$1.log status=0
	"$top/vm/run" --kernel "$kernel" --timeout 3000 --module-params "$2" -- \
		"$top/tests/tool/$script" "$tool" "$top/build/examples" \
		"$top/build/tests/paging" >"$log" 2>&1 || status=$?
	grep -v '^ok ' "$log" || :
	passed=$((passed + $(grep -c '^ok ' "$log" || :)))
	failed=$((failed + $(grep -c '^not ok ' "$log" || :)))
	if [ "$status" -ne 0 ] || ! grep -q '^the end$' "$log"; then
		echo "not ok $script did not come to its end: status $status"
		failed=$((failed + 1))
	fi
}

in_vm vm.sh source_check=exec
in_vm trace.sh epc_size=1
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
