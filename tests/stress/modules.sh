#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: vm/run --no-module --append slub_debug=F --
#                tests/stress/modules.sh softsgx.ko [cycles]
#
# In one boot of the VM: loads and unloads the module again and again, with
# enclaves built, entered, interrupted and killed in between, and looks whether
# the kernel's memory grows. Build with make -C tests/stress. The last line is
# "N passed, N failed".
#
# How many objects of a slab cache are in use is exact only with slub_debug=F,
# where no processor keeps a slab of its own: the script asks for it. The caches
# are read often, and the lowest readings of each third of the cycles are compared:
# what the rest of the system does goes up and down, or up once, a leak of an
# object in each cycle goes up from each third to the next. (slub_debug=U would leak itself: Linux 6.1 does not find the
# debugfs directory of a cache again that it removes.)

set -u
if ! grep -qw slub_debug=F /proc/cmdline; then
	echo "modules.sh: the kernel was not booted with slub_debug=F" >&2
	exit 2
fi
module=${1:?the module is missing}
cycles=${2:-200}
third=$((cycles / 3))
limit=$((third / 2))
out=$(cd "$(dirname "$0")/../.." && pwd)/build/tests/stress
tmp=$(mktemp -d)
export SIGSTRUCT=$tmp/sigstruct
# In the VM's own memory: the host's files are slow, and come back each time
# that the caches have been dropped.
cp "$out/cycle" "$out/key.pem" "$tmp"
objcopy --strip-debug "$module" "$tmp/softsgx.ko"
passed=0
failed=0

check() {
	if [ "$2" -eq 0 ]; then
		echo "ok     $1"
		passed=$((passed + 1))
	else
		echo "not ok $1"
		failed=$((failed + 1))
	fi
}

# A line for each cache, "name objects", and what else memory goes into.
reading() {
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache" 2>/dev/null
	done
	awk 'NR > 2 { print $1, $2 }' /proc/slabinfo
	echo "vmallocinfo $(wc -l </proc/vmallocinfo)"
	awk '/^Percpu:/ { print "percpu-kB", $2 }' /proc/meminfo
}

lowest() {
	awk '!($1 in low) || $2 < low[$1] { low[$1] = $2 }
	     END { for (name in low) print name, low[name] }' "$1" | sort
}

cycle() {
	insmod "$tmp/softsgx.ko" epc_size=16 || return 1
	"$tmp/cycle" >"$tmp/log" || return 1
	rmmod softsgx || return 1
	[ ! -e /dev/sgx_enclave ] && [ ! -e /dev/sgx_provision ]
}

for ((i = 1; i <= cycles; i++)); do
	if ! cycle; then
		cat "$tmp/log"
		break
	fi
	# Not each time, for it takes longer than a cycle.
	[ $((i % 5)) -ne 0 ] || reading >>"$tmp/reading-$(((i - 1) / third))"
done
[ "$i" -gt "$cycles" ]
check "$((i - 1)) loads and unloads with enclaves" $?

if [ "$failed" -eq 0 ]; then
	for n in 0 1 2; do
		lowest "$tmp/reading-$n" >"$tmp/lowest-$n"
	done
	grown=$(join "$tmp/lowest-0" "$tmp/lowest-1" | join - "$tmp/lowest-2" |
		awk -v limit="$limit" '$3 - $2 >= limit && $4 - $3 >= limit {
			print "  " $0 }')
	[ -z "$grown" ] || echo "$grown"
	[ -z "$grown" ]
	check "no memory of the kernel grew by $limit objects in each $third cycles" $?
	! grep softsgx /proc/vmallocinfo
	check "nothing of the module is left in vmalloc" $?
	! grep softsgx /proc/slabinfo
	check "nothing of the module is left in slab caches" $?
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
