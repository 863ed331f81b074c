#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/audit.sh RECORDS POLICY [TE]
#
# Gives the records of the tests to ausearch and to audit2allow, and looks at
# what they make of them: the file RECORDS is as auditd would have written it,
# POLICY is the binary policy that refused. TE is where to leave the module that
# audit2allow makes of the refusals of the domain one_t, for granted.sh. The last
# line is "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
records=$1
policy=$2
te=${3-}

# Unpacked, not installed: auditd would be started.
root=$("$top/vm/debs" audit auditd libauparse0 policycoreutils-python-utils \
	python3-sepolgen python3-selinux)
export LD_LIBRARY_PATH=$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu
export PYTHONPATH=$root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1

search() {
	"$root/sbin/ausearch" -if "$records" "$@" 2>/dev/null </dev/null
}

allow() {
	python3 "$root/usr/bin/audit2allow" -i "$1" -p "$policy" "${@:2}"
}

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

# same WANTED GOT
same() {
	[ "$1" = "$2" ] || {
		diff <(echo "$1") <(echo "$2") | sed 's/^/  /'
		return 1
	}
}

refused=$(mktemp)
trap 'rm -f "$refused"' EXIT

check "ausearch finds every denial" same \
	"$(grep -c '^type=AVC ' "$records" || :)" \
	"$(search -m AVC --raw | grep -c '^type=AVC ')"

# What was refused to one_t, and nothing that permissive mode let pass.
search -m AVC -se one_t --raw | grep '^type=AVC .*permissive=0' >"$refused"
check "ausearch finds those of a domain" test -s "$refused"
check "all of them name a command of ioctl" same 0 \
	"$(grep -vc ' denied  { ioctl } .* ioctlcmd=0xa4c[1-9] ' "$refused")"

# The first event, up to the line that divides it from the next.
event=$(search -m AVC -se one_t -i | awk '/^----/ { n++ } n == 1')
check "interpreted, the event names the call, its error and the file" \
	grep -q 'syscall=ioctl success=no exit=EACCES' <<<"$event"
check "... and the command" \
	grep -q 'denied  { ioctl } .*path=/.* ioctlcmd=0xa4c[1-9] ' <<<"$event"

wanted='allowxperm one_t b_sig_t:file ioctl 0xa4c6;
allowxperm one_t b_t:file ioctl 0xa4c1;
allowxperm one_t libos_enclave_t:file ioctl 0xa4c2;
allowxperm one_t one_enclave_t:file ioctl { 0xa4c2 0xa4c4 };
allowxperm one_t sgx_enclave_device_t:chr_file ioctl { 0xa4c2-0xa4c3 0xa4c5 0xa4c7-0xa4c8 };
allowxperm one_t sgx_provision_device_t:chr_file ioctl 0xa4c9;'
check "audit2allow -x makes the rules that are missing, and no other" same \
	"$wanted" "$(allow "$refused" -x | grep '^allowxperm' | sort)"
check "audit2allow says that a list is in the way" \
	grep -q 'may have been overridden by an extended permission' \
	<<<"$(allow "$refused" -x)"

[ -z "$te" ] || allow "$refused" -x -m "$(basename "${te%.te}")" >"$te"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
