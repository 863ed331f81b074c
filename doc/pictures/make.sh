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

# Two large enclaves that do little, and three small ones that do much: the EPC
# is too small for all.
# shellcheck disable=SC2016 # expanded in the VM
"$top/vm/run" --rw "$out" --module-params epc_size=6 --timeout 300 -- bash -c '
cd "$1"
for i in 1 2 3; do
	./busy "$2/hello_enclave.elf" "$2/hello_enclave.sig" 60 $((i * 3000)) &
done
"$3" sign "$2/hello_enclave.elf" --heap 4M --size 16M --key "$2/key.pem" \
	--debug -o large.sig
"$3" convert "$2/hello_enclave.elf" --heap 4M --size 16M -o large.sgxs
for i in 1 2; do
	./busy large.sgxs large.sig 60 100000 &
	sleep 3
done
export TERM=linux LC_ALL=C.UTF-8
script -q -c "stty rows 14 cols 100; exec $3 top -d 2 -n 5" top.raw >/dev/null
' bash "$out" "$examples" "$tool" </dev/null
"$top/doc/pictures/terminal.py" 14 100 'softsgx top' <"$out/top.raw" \
	>"$top/doc/pictures/top.svg"
for picture in map top; do
	rsvg-convert "$top/doc/pictures/$picture.svg" -o "$out/$picture.png"
done
