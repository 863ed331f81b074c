#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/check.sh [--kernel V] [--mttcg] [--only REGEX] part...
#
# Runs parts of the tests and adds them up; the last line is "N passed, N
# failed". With --only, of what the summary has as lines, those whose name
# matches. With --mttcg the VM's processors run at once where tests race each
# other (vm access attack isolation), as they do for stress; QEMU may hang then, see
# doc/vm.md. The parts are
#   lint       style and static checks: tests/lint/run.sh
#   native     what runs on this machine: tests/arch and its like
#   vm         what runs in the VM: tests/vm, tests/uapi, tests/cpuid, tests/tool,
#              bench
#   access     the rules of the access control, in the VM: tests/access
#   access-long  their fuzzer, ten million runs: tests/fuzz; softsgx policy
#              explain, in the VM: tests/access/explain.sh
#   attack     attacks that must fail, with their controls: tests/attack
#   isolation  the program and enclaves against enclaves: tests/isolation; and
#              what does not know of isolation, with isolation=pkey
#   selinux    SELinux decides about enclaves, in the VM: tests/selinux
#   paging     enclaves larger than a small EPC, in the VM: tests/paging
#   paging-long  an enclave of 1 GiB in 32 MiB of EPC, and the kernel's SGX
#              selftests, of which two fill any EPC, in 64 MiB
#   selftests  the kernel's own SGX selftests, in the VM: tests/selftests
#   selftests-both  the same, of bookworm and of trixie, on their kernels
#   ceiling    what mmap and mprotect of a large enclave cost, and a program
#              like a library OS, in the VM: tests/ceiling
#   ceiling-short  the same, with a smaller enclave and fewer cycles
#   stress     200 enclaves on a small EPC, and all that can happen at once, for
#              SECONDS_ seconds (600); one enclave with eight threads, for a
#              fifth of that: tests/stress
#   stress-short  the same for a minute, and 25 seconds (a minute with --mttcg)
#   doc        what the pages name, and the sessions in them: tests/doc
#   modules    200 loads and unloads of the module: tests/stress
#   calls      the fuzzer of calls, in the VM, for $FUZZ_SECONDS (300), half of them
#              with isolation=pkey: tests/fuzz
#   kasan      what runs in the VM on a kernel that finds mistakes: tests/kasan
#   fault      there, all that can fail made to fail, one by one: tests/fault

set -euo pipefail

usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

top=$(cd "$(dirname "$0")/.." && pwd)
kernel=bookworm
mttcg=()
only=
parts=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage 2 >&2; kernel=$2; shift ;;
	--mttcg) mttcg=(--mttcg) ;;
	--only) [ $# -ge 2 ] || usage 2 >&2; only=$2; shift ;;
	lint | native | vm | access | access-long | attack | isolation | selinux | \
		paging | paging-long | selftests | selftests-both | ceiling | \
		ceiling-short | stress | stress-short | modules | doc | \
		calls | kasan | fault)
		parts+=("$1")
		;;
	-h | --help) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
	shift
done
[ ${#parts[@]} -gt 0 ] || usage 2 >&2

log=$top/build/check
mkdir -p "$log"
cd "$top"

passed=0
failed=0
summary=
failures=

# what_failed LOG: of what was printed, the lines that say what went wrong.
what_failed() {
	grep -aE '^(FAILED|not ok|FAIL|vm/run: )|^\[  FAILED  \]|: (error|FAILED)' \
		"$1" | head -n 12 || :
	echo '...'
	tail -n 12 "$1"
}

# tally NAME STATUS: counts what the log of one thing says that it counted: a last
# line "N passed, N failed", cmocka's lines, or else its status alone.
tally() {
	local name=$1 status=$2 p=0 f=0 counts
	counts=$(awk '
	/^\[  PASSED  \] [0-9]+ test/ { p += $4; cmocka = 1 }
	/^\[  FAILED  \] [^ ]+: [0-9]+ test/ { f += $5; cmocka = 1 }
	/^ *[0-9]+ passed, [0-9]+ failed$/ { lp = $1; lf = $3; line = NR }
	END {
		if (line == NR && line) print lp + 0, lf + 0
		else if (cmocka) print p + 0, f + 0
		else print "none"
	}' "$log/$name.log")
	if [ "$counts" = none ]; then
		[ "$status" -ne 0 ] || p=1
	else
		p=${counts% *}
		f=${counts#* }
	fi
	# A failure that nobody counted is one all the same.
	[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
	[ "$f" -eq 0 ] || failures+="==== Failed: $name, status $status"$'\n'"$(
		what_failed "$log/$name.log")"$'\n'
	passed=$((passed + p))
	failed=$((failed + f))
	summary+=$(printf '  %-20s %5d passed, %d failed' "$name" "$p" "$f")$'\n'
	echo
}

# count NAME COMMAND...: runs one thing, and counts.
count() {
	local name=$1 status=0
	[[ $name =~ $only ]] || return 0
	shift
	echo "==== $name"
	"$@" 2>&1 </dev/null | tee "$log/$name.log" || status=$?
	tally "$name" "$status"
}

# beside NAME COMMAND...: starts one thing beside others, as many as there are
# processors, up to four: a VM has up to 2 GiB. Each is a process group: what ends
# this ends it.
at_once=$(nproc)
[ "$at_once" -le 4 ] || at_once=4
started=()
beside() {
	local name=$1
	[[ $name =~ $only ]] || return 0
	shift
	while [ "$(jobs -pr | wc -l)" -ge "$at_once" ]; do
		wait -n || :
	done
	trap end_started EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	echo "==== $name: what it prints is shown later"
	rm -f "$log/$name.status"
	set -m
	{
		status=0
		"$@" || status=$?
		echo "$status" >"$log/$name.status"
	} >"$log/$name.log" 2>&1 </dev/null &
	set +m
	started+=("$name")
}

# shellcheck disable=SC2317 # called by the trap
end_started() {
	local pid
	for pid in $(jobs -pr); do
		kill -- "-$pid" 2>/dev/null || :
	done
	wait
}

# counted: waits for what was started, shows what it printed, and counts.
counted() {
	local name
	wait
	trap - EXIT INT TERM
	for name in "${started[@]}"; do
		echo "==== $name"
		cat "$log/$name.log"
		tally "$name" "$(cat "$log/$name.status" || echo 1)"
	done
	started=()
}

run_lint() {
	count lint tests/lint/run.sh
}

run_native() {
	local part
	for part in arch access lib; do
		[ -e "tests/$part/Makefile" ] || continue
		count "$part" make --no-print-directory -C "tests/$part" check
	done
	count fuzz-rules make --no-print-directory -C tests/fuzz -f rules.mk check
	count fuzz-readers make --no-print-directory -C tests/fuzz -f readers.mk check
	count fuzz-leaves make --no-print-directory -C tests/fuzz -f leaves.mk check
	count policy-tool tests/access/tool.sh
	count tool tests/tool/run.sh
	count secret tests/packages/secret.sh
	count coverage make --no-print-directory -C tests/arch coverage
}

run_vm() {
	count vm tests/vm/run.sh
	make --no-print-directory -s -C tests/uapi
	count uapi vm/run --kernel "$kernel" "${mttcg[@]}" -- tests/uapi/run.sh
	count cpuid tests/cpuid/run.sh --kernel "$kernel"
	count tool-vm tests/tool/run.sh --vm
	count bench bench/check.sh
}

run_access() {
	make --no-print-directory -s -C tests/access programs
	count access-vm vm/run --kernel "$kernel" "${mttcg[@]}" \
		--append audit=1 --timeout 3000 -- \
		tests/access/run.sh signed slow races property rules
	count access-signed vm/run --kernel "$kernel" \
		--module-params rules_signed=1 -- tests/access/run.sh signed
	count access-several vm/run --kernel "$kernel" \
		--append lsm=selinux,bpf -- tests/access/run.sh several
	# Linux 6.1 tells modules no digest of fs-verity.
	count access-verity vm/run --kernel 6.12 -- \
		tests/access/run.sh property fsverity
}

run_access_long() {
	count access-native make --no-print-directory -C tests/access check
	count access-explain tests/access/explain.sh --kernel "$kernel"
	count access-fuzz make --no-print-directory -C tests/fuzz -f rules.mk fuzz
}

run_selinux() {
	local out=build/tests/selinux records=build/tests/selinux/records policy
	make --no-print-directory -s -C tests/selinux programs
	rm -rf "$records"
	mkdir -p "$records"
	for policy in minimal debian; do
		SOFTSGX_POLICY=$policy \
			SOFTSGX_AUDIT_LOG=$top/$records/$policy.log \
			count "selinux-$policy" vm/run --kernel "$kernel" \
			--append "security=selinux audit=1" --rw "$records" \
			--timeout 3000 -- tests/selinux/run.sh selinux
	done
	# Linux 6.1 has one class for all files.
	SOFTSGX_POLICY=memfd count selinux-memfd vm/run --kernel 7.2 \
		--append security=selinux -- tests/selinux/run.sh memfd
	count audit-minimal tests/selinux/audit.sh "$records/minimal.log" \
		"$out/policy"
	count audit-debian tests/selinux/audit.sh "$records/debian.log" \
		"$out/policy.debian" "$records/softsgx_granted.te"
	count audit-granted tests/selinux/granted.sh \
		"$records/softsgx_granted.te" --kernel "$kernel"
	count bpf-lsm vm/run --kernel "$kernel" --timeout 3000 -- \
		tests/selinux/run.sh bpf
	count selinux-cost tests/selinux/cost.sh --kernel "$kernel"
}

# A second for each race, and what it takes for each control to succeed.
run_attack() {
	make --no-print-directory -s -C tests/attack
	count attack env ATTACK_SECONDS="${ATTACK_SECONDS:-1}" \
		vm/run --kernel "$kernel" "${mttcg[@]}" \
		--append vsyscall=xonly --timeout 3000 -- tests/attack/run.sh
}

run_isolation() {
	make --no-print-directory -s -C tests/isolation
	count isolation vm/run --kernel "$kernel" "${mttcg[@]}" \
		--timeout 3000 -- tests/isolation/run.sh
	make --no-print-directory -s -C tests/uapi
	count isolation-uapi vm/run --kernel "$kernel" \
		--module-params isolation=pkey -- tests/uapi/run.sh
	make --no-print-directory -s -C tests/paging
	count isolation-paging vm/run --kernel "$kernel" \
		--module-params "isolation=pkey epc_size=2" -- tests/paging/run.sh
	count isolation-selftests tests/selftests/run.sh --kernel "$kernel" \
		--module-params isolation=pkey
}

run_paging() {
	make --no-print-directory -s -C tests/paging
	count paging vm/run --kernel "$kernel" --module-params epc_size=2 -- \
		tests/paging/run.sh
	count paging-swap vm/run --kernel "$kernel" --mem 512M \
		--module-params epc_size=32 -- tests/paging/run.sh swap
}

run_paging_long() {
	make --no-print-directory -s -C tests/paging
	count paging-long vm/run --kernel "$kernel" --mem 2G --timeout 3600 \
		--module-params epc_size=32 -- tests/paging/run.sh long
	count paging-selftests tests/selftests/run.sh --kernel "$kernel" \
		--module-params epc_size=64
}

run_selftests() {
	count selftests tests/selftests/run.sh --kernel "$kernel"
}

run_selftests_both() {
	local suite
	for suite in bookworm trixie; do
		count "selftests-$suite" tests/selftests/run.sh --kernel "$suite"
	done
}

run_ceiling() {
	make --no-print-directory -s -C tests/ceiling
	count ceiling-cost vm/run --kernel "$kernel" --icount --mem 3G \
		--module-params epc_size=1100 --timeout 3000 -- \
		build/tests/ceiling/cost
	count ceiling-libos vm/run --kernel "$kernel" --smp 1 \
		--timeout 3000 -- build/tests/ceiling/libos
}

# storm SECONDS: builds take longer than they should at the end, on a busy host.
storm() {
	make --no-print-directory -s -C tests/stress
	SECONDS_=$1 count stress vm/run --kernel "$kernel" "${mttcg[@]}" --mem 2G \
		--timeout $(($1 + 900)) --module-params epc_size=9 -- \
		build/tests/stress/storm
}

# threads SECONDS: it goes on until everything has happened.
threads() {
	make --no-print-directory -s -C tests/stress
	SECONDS_=$1 count stress-threads vm/run --kernel "$kernel" \
		"${mttcg[@]}" --mem 2G --timeout $(($1 + 1500)) \
		--module-params epc_size=1 -- build/tests/stress/threads
}

run_stress() {
	local seconds=${SECONDS_-600}
	mttcg=(--mttcg)
	storm "$seconds"
	threads $((seconds / 5))
}

run_stress_short() {
	storm 60
	if [ ${#mttcg[@]} -gt 0 ]; then threads 60; else threads 25; fi
}

run_ceiling_short() {
	make --no-print-directory -s -C tests/ceiling
	count ceiling-cost vm/run --kernel "$kernel" --icount \
		--module-params epc_size=80 -- build/tests/ceiling/cost 64
	count ceiling-libos vm/run --kernel "$kernel" --smp 1 -- \
		build/tests/ceiling/libos 300
}

run_doc() {
	local page
	count doc-pages tests/doc/pages.py
	count doc-man tests/doc/man.sh
	for page in README.md doc/tutorial.md doc/tool.md; do
		count "doc-${page##*/}" tests/doc/session.py "$page"
	done
}

run_modules() {
	local module
	module=$(vm/module --kernel "$kernel" | tail -n 1)
	make --no-print-directory -s -C tests/stress
	count modules vm/run --kernel "$kernel" --no-module \
		--append slub_debug=F --timeout 3000 -- \
		tests/stress/modules.sh "$module"
}

# Half of the time with isolation, so that driver/abort.c has its part.
run_calls() {
	local half=$(((${FUZZ_SECONDS:-300} + 1) / 2))
	count fuzz-calls tests/fuzz/calls.sh --kernel "$kernel" \
		--seconds "$half"
	count fuzz-calls-pkey tests/fuzz/calls.sh --kernel "$kernel" \
		--seconds "$half" --module-params isolation=pkey
}

# On the same kernel. With an EPC of 1 MiB pages have to go for others to come.
run_fault() {
	local on=(--kernel kasan --timeout 3000)
	make --no-print-directory -s -C tests/fault
	count fault vm/run "${on[@]}" -- build/tests/fault/walk
	count fault-evict vm/run "${on[@]}" --module-params epc_size=1 -- \
		build/tests/fault/walk evict load
}

# All that runs in the VM, but what is about another kernel (its selftests, its
# digests of fs-verity, its classes of memfds), about the VM (tests/vm, and most
# of the tool's), or about what things cost.
run_kasan() {
	local on=(--kernel kasan --mem 2G --timeout 3600) part policy
	local records=build/tests/selinux/records
	vm/kernel --kernel kasan >/dev/null
	# Here, as what runs at once must not build the same.
	for part in tool examples tests/{uapi,attack,isolation,paging,ceiling}; do
		make --no-print-directory -s -C "$part"
	done
	make --no-print-directory -s -C vm/cpuid OUT="$top/build"
	tests/selftests/run.sh --kernel kasan --build >/dev/null
	make --no-print-directory -s -C tests/access programs
	make --no-print-directory -s -C tests/selinux programs
	rm -rf "$records"
	mkdir -p "$records"
	# What takes longest first. SELinux is named by lsm=, not by security=, which
	# puts it behind BPF: then nobody may write to /proc/self/attr.
	beside kasan-access vm/run "${on[@]}" --append audit=1 -- \
		tests/access/run.sh slow races property rules
	beside kasan-cpuid tests/cpuid/run.sh --kernel kasan
	# The last --mem counts: the swap is for what has no room.
	beside kasan-swap vm/run "${on[@]}" --mem 512M \
		--module-params epc_size=32 -- tests/paging/run.sh swap
	beside kasan-tool tests/tool/module.sh --kernel kasan
	beside kasan-isolation vm/run "${on[@]}" -- tests/isolation/run.sh
	beside kasan-attack env ATTACK_SECONDS=1 vm/run "${on[@]}" \
		--append vsyscall=xonly -- tests/attack/run.sh
	beside kasan-uapi vm/run "${on[@]}" -- tests/uapi/run.sh
	beside kasan-pkey-uapi vm/run "${on[@]}" \
		--module-params isolation=pkey -- tests/uapi/run.sh
	beside kasan-paging vm/run "${on[@]}" --module-params epc_size=2 -- \
		tests/paging/run.sh
	beside kasan-pkey-paging vm/run "${on[@]}" \
		--module-params "isolation=pkey epc_size=2" -- tests/paging/run.sh
	for policy in minimal debian; do
		SOFTSGX_POLICY=$policy \
			SOFTSGX_AUDIT_LOG=$top/$records/$policy.log \
			beside "kasan-$policy" vm/run "${on[@]}" \
			--append "lsm=selinux audit=1" --rw "$records" -- \
			tests/selinux/run.sh selinux
	done
	beside kasan-selftests tests/selftests/run.sh --kernel kasan
	beside kasan-pkey-selftests tests/selftests/run.sh --kernel kasan \
		--module-params isolation=pkey
	beside kasan-libos vm/run "${on[@]}" -- build/tests/ceiling/libos 300
	beside kasan-signed vm/run "${on[@]}" --module-params rules_signed=1 -- \
		tests/access/run.sh signed
	beside kasan-several vm/run "${on[@]}" --append lsm=selinux,bpf -- \
		tests/access/run.sh several
	beside kasan-bpf vm/run "${on[@]}" -- tests/selinux/run.sh bpf
	counted
	count kasan-audit tests/selinux/audit.sh "$records/debian.log" \
		build/tests/selinux/policy.debian "$records/softsgx_granted.te"
	count kasan-granted tests/selinux/granted.sh \
		"$records/softsgx_granted.te" --kernel kasan \
		--append "lsm=selinux audit=1"
	# A minute is too short there to come to everything.
	kernel=kasan
	storm 300
	mttcg=(--mttcg)
	threads 120
}

for part in "${parts[@]}"; do
	"run_${part//-/_}"
done

echo "==== Summary"
printf '%s%s' "$summary" "$failures"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
