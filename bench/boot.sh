#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/boot.sh [--kernel V] [--accel tcg|kvm]
#
# Milliseconds from the start of vm/run to the first line of the program that it
# runs, with softsgx.ko inserted, and from the start of QEMU to the first
# instruction of an init, with the same kernel and machine and nothing else: the
# least of several, by turns. What is built once has been built.

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/.." && pwd)
kernel=6.1
accel=tcg
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	--accel) [ $# -ge 2 ] || usage 2 >&2; accel=$2; shift ;;
	-h | --help) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
	shift
done
turns=5

kdir=$("$top/vm/kernel" --kernel "$kernel")
out=$top/build/bench/boot
mkdir -p "$out/root"

# The first thing that it does is to end QEMU.
cat >"$out/init.c" <<-'END'
	#include <sys/io.h>
	int main(void)
	{
		ioperm(0xf4, 4, 1);
		outb(0, 0xf4);
		for (;;)
			;
	}
END
gcc -O2 -static -o "$out/root/init" "$out/init.c"
(cd "$out/root" && echo init | cpio --quiet -o -H newc) >"$out/initrd"
case $accel in
kvm) cpu=host ;;
*) cpu=max,-cx16 accel=tcg,thread=single ;;
esac
smp=$(sed -n 's/^smp=//p' "$top/vm/run")
mem=$(sed -n 's/^mem=//p' "$top/vm/run")

ms() {
	local now=${EPOCHREALTIME/./}
	echo $((now / 1000))
}

# boot: to an empty init. QEMU's status is then 1.
boot() {
	local start status=0
	start=$(ms)
	timeout 120 qemu-system-x86_64 -machine q35 -accel "$accel" -cpu "$cpu" \
		-m "$mem" -smp "$smp" -nodefaults -no-user-config \
		-display none -no-reboot -kernel "$kdir/vmlinux" \
		-initrd "$out/initrd" -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-append "quiet no_timer_check panic=-1 random.trust_cpu=on" \
		>"$out/log" 2>&1 || status=$?
	[ "$status" -eq 1 ] || {
		echo "bench/boot.sh: QEMU's status is $status" >&2
		exit 1
	}
	took=$(($(ms) - start))
}

# line: to the first line of the program in vm/run.
line() {
	local start text
	start=$(ms)
	exec {from}< <("$top/vm/run" --kernel "$kernel" --accel "${accel%%,*}" -- \
		echo first)
	IFS= read -r -u "$from" text
	took=$(($(ms) - start))
	[ "$text" = first ] || exit 1
	# The rest of the VM's life does not count.
	cat <&"$from" >/dev/null
	exec {from}<&-
}

line
best_line=$took
boot
best_boot=$took
for ((i = 1; i < turns; i++)); do
	line
	[ "$took" -ge "$best_line" ] || best_line=$took
	boot
	[ "$took" -ge "$best_boot" ] || best_boot=$took
done
echo "$best_line $best_boot"
