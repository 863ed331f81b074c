#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# In the place of vm/run, for tests/access/tool.sh: writes what softsgx policy
# explain would have seen in the VM, of a program that does everything.

set -euo pipefail

file=
while [ $# -gt 0 ]; do
	[ "$1" != --trace ] || file=$2
	shift
done

zero=$(printf '00%.0s' {1..32})
mrenclave=$(printf 'ee%.0s' {1..32})
mrsigner=$(printf '55%.0s' {1..32})

# asked PRIVILEGES USED KNOWN FILE: an event of softsgx_access:enclave_asked
asked() {
	local e=$zero s=$zero
	[ "$3" = 1 ] || { e=$mrenclave s=$mrsigner; }
	printf '  app-7  [000] .....  1.234567: enclave_asked: privileges=%s used=%s known=0x%s attributes=0x4 xfrm=0x3 mrenclave=%s mrsigner=%s isvprodid=1 isvsvn=2 file="%s" exe="/opt/my app/app"\n' \
		"$1" "$2" "$3" "$e" "$s" "$4"
}

{
	echo "status=${STATUS:-0}"
	asked 0x1 0x0 1 ''
	asked 0x2 0x0 1 '/opt/my app/e+1.elf'
	asked 0x2 0x2 1 '/opt/my app/e+1.elf'
	asked 0x12 0x2 1 '/opt/a\x22b'
	# Names that look like the rest of the line.
	asked 0x2 0x2 1 '/opt/b exe=/bin/true x/e.elf'
	asked 0x2 0x2 1 '/opt/c\x22 exe=\x22/bin/true'
	asked 0x2 0x2 1 '/opt/d: sys_ioctl(x'
	asked 0x18 0x12 1 ''
	asked 0x2 0x1a 1 '?'
	asked 0x40 0x1a 3 '/opt/my app/e.sig'
	asked 0x180 0x1a 3 ''
	asked 0x24 0x1a 3 ''
	asked 0x200 0x3a 3 ''
	[ -n "${NO_IOCTL-}" ] ||
		echo '  app-7  [000] .....  1.234568: sys_ioctl(fd: 3, cmd: c028a405, arg: 7ffd)'
} >"$file"
