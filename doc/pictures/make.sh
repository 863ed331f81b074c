#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: doc/pictures/make.sh
#
# Makes the pictures in doc/pictures from what really comes out: the memory map
# of the example enclave (softsgx inspect), and the screen of softsgx top in
# the micro-VM.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/pictures
tool=$top/build/tool/softsgx
examples=$top/build/examples

make --no-print-directory -s -C "$top/examples"
rm -rf "$out"
mkdir -p "$out"
gcc -O2 -o "$out/busy" "$top/tests/tool/busy.c" \
	"$top/build/lib/libsoftsgx.a" -lcrypto

cd "$examples"
"$tool" inspect hello_enclave.elf --svg "$top/doc/pictures/map.svg" >"$out/map"

# Services with enclaves of their own, some large, some busy, as a machine with SGX
# has them (tests/tool/busy.c under several names); the EPC is too small for all.
# name, heap, microseconds between its calls
services=(key-server 256K 2000 wallet 64K 4000 notary 128K 9000
	database 4M 60000 inference 3M 90000)
for ((i = 0; i < ${#services[@]}; i += 3)); do
	name=${services[i]}
	layout=(--heap "${services[i + 1]}" --size 16M)
	cp "$out/busy" "$out/$name"
	"$tool" sign hello_enclave.elf "${layout[@]}" --key key.pem --svn $((i / 3 + 1)) \
		-o "$out/$name.sig"
	"$tool" convert hello_enclave.elf "${layout[@]}" -o "$out/$name.sgxs"
done
# shellcheck disable=SC2016 # expanded in the VM
"$top/vm/run" --rw "$out" --module-params epc_size=6 --timeout 300 -- bash -c '
cd "$1"
tool=$2
shift 2
while [ $# -gt 0 ]; do
	"./$1" "$1.sgxs" "$1.sig" 80 "$3" &
	until "$tool" ps | grep -q "$1"; do sleep 0.5; done
	shift 3
done
sleep 2
export TERM=linux LC_ALL=C.UTF-8
script -q -c "stty rows 14 cols 100; exec $tool top -d 2 -n 5" top.raw >/dev/null
' bash "$out" "$tool" "${services[@]}" </dev/null
"$top/doc/pictures/terminal.py" 14 100 'softsgx top' <"$out/top.raw" \
	>"$top/doc/pictures/top.svg"
for picture in map top; do
	rsvg-convert "$top/doc/pictures/$picture.svg" -o "$out/$picture.png"
done
