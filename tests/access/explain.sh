#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/access/explain.sh [--kernel V]
#
# softsgx policy explain, for the example and for the selftests of Linux: the
# rules that it makes let this program work, and none that was changed. Each
# refusal has its control: without rules the same works. The last line is
# "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$top/build/tool/softsgx
copies=$top/build/tests/access
said=$(mktemp)
trap 'rm -f "$said"' EXIT
rules=/sys/kernel/security/softsgx
passed=0
failed=0

# t NAME STATUS COMMAND...: COMMAND ends with that status; "any" is any but 0.
t() {
	local name=$1 want=$2 status=0
	shift 2
	"$@" >"$said" 2>&1 </dev/null || status=$?
	if [ "$status" = "$want" ] || { [ "$want" = any ] && [ "$status" -ne 0 ]; }; then
		passed=$((passed + 1))
		echo "ok     $name"
	else
		failed=$((failed + 1))
		echo "not ok $name: status $status, not $want"
		tail -n 15 "$said" | sed 's/^/    /'
	fi
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

no_rules() {
	echo 1 >"$rules/delete"
}

# sign ENCLAVE [KEY]: where the program does not do it.
sign() {
	[ ! -e "${1%.elf}.sig" ] || "$tool" sign "$1" --key "${2:-key.pem}" \
		--kss -o "${1%.elf}.sig"
}

# A byte of code that is never executed, in the file of an enclave.
change() {
	cp "$1" "$1.whole"
	printf '\x5a' | dd of="$1" bs=1 seek=$((0x3ff0)) conv=notrunc status=none
	if cmp -s "$1" "$1.whole"; then
		echo "explain.sh: nothing has changed in $1"
		exit 1
	fi
	sign "$1"
}

restore() {
	cp "$1.whole" "$1"
	sign "$1"
}

# denied COMMAND...: fails, and a rule has refused something.
# shellcheck disable=SC2317 # t calls it
denied() {
	local before
	before=$(sed -n 's/^denied=//p' "$rules/status")
	! "$@" || return 1
	[ "$(sed -n 's/^denied=//p' "$rules/status")" -gt "$before" ]
}

# one NAME DIRECTORY PROGRAM ENCLAVE OTHER: what holds for each program. OTHER is
# a command for the shell.
one() {
	local name=$1 dir=$2 program=$3 enclave=$4 other=$5
	local policy=/run/$1.policy

	cd "$dir"
	t "$name: explained" 0 "$tool" policy explain --host -o "$policy" -- "$program"
	cat "$policy"
	t "$name: rules that the kernel takes" 0 "$tool" policy load "$policy"
	t "$name: works under them" 0 "$program"
	t "$name: another program does not" 0 denied sh -c "$other"
	t "$name: nor a copy of it elsewhere" 0 denied "$copies/copy-$name/${program##*/}"
	change "$enclave"
	t "$name: nor with another enclave" 0 denied "$program"
	no_rules
	t "$name: control, without rules: another enclave" 0 "$program"
	restore "$enclave"
	t "$name: control, without rules: a copy" 0 "$copies/copy-$name/${program##*/}"
	t "$name: explained again, by its signer" 0 "$tool" policy explain --host --signer -o "$policy" -- "$program"
	t "$name: rules that the kernel takes" 0 "$tool" policy load "$policy"
	change "$enclave"
	t "$name: another enclave of that signer" 0 "$program"
	restore "$enclave"
	no_rules
	t "$name: SELinux statements" 0 "$tool" policy explain --host --selinux -o "/run/$name.cil" -- "$program"
	cat "/run/$name.cil"
	t "$name: which secilc takes" 0 secilc -c 33 -o /run/policy -f /run/contexts \
		"$top/tests/selinux/base.cil" "$top/selinux/softsgx.cil" \
		/run/frame.cil "/run/$name.cil"
	t "$name: JSON" 0 "$tool" policy explain --host --json -o /run/json -- "$program"
	t "$name: which is JSON" 0 python3 -c 'import json
uses = json.load(open("/run/json"))["uses"]
assert any("execute" in u["privileges"] for u in uses), uses
assert any(len(u.get("mrenclave", "")) == 64 for u in uses), uses'
}

# In the VM.
inside() {
	local hello=$top/build/examples selftests=$1

	# What a policy of a site has around the statements.
	cat >/run/frame.cil <<-'END'
		(user system_u) (role object_r)
		(userrole system_u object_r) (userlevel system_u low)
		(userrange system_u lowlow)
	END
	one hello "$hello" ./hello hello_enclave.elf \
		"cd '$selftests' && exec ./test_sgx"
	one selftests "$selftests" ./test_sgx test_encl.elf \
		"exec '$hello/hello'"

	cd "$hello"
	t "hello: explained, by its signer" 0 "$tool" policy explain --host --signer -o /run/signer -- ./hello
	sign hello_enclave.elf "$top/build/tests/access/other.pem"
	t "hello: control, another signer" 0 ./hello
	t "hello: rules" 0 "$tool" policy load /run/signer
	t "hello: another signer is refused" 0 denied ./hello
	sign hello_enclave.elf
	t "hello: enforced rules are not for explaining" 4 "$tool" policy explain --host -- ./hello
	echo 0 >"$rules/enforce"
	t "hello: permissive ones are" 0 "$tool" policy explain --host -- ./hello
	echo 1 >"$rules/enforce"
	no_rules
	# The file of an enclave, with a name like the rest of an event.
	cd "$copies/copy-forged"
	t "a forged name: explained" 0 "$tool" policy explain --host -o /run/forged -- ./hello
	cat /run/forged
	t "a forged name: it is in the rules" 0 grep -q 'file="[^"]* exe=/bin/true x/hello_enclave.elf"' /run/forged
	t "a forged name: the program in it is not" 1 grep ' exe="/bin/true' /run/forged
	t "a forged name: rules" 0 "$tool" policy load /run/forged
	t "a forged name: works under them" 0 ./hello
	no_rules
	t "a program without an enclave" 1 "$tool" policy explain --host -- true
	t "a program that is not there" 1 "$tool" policy explain --host -- /nowhere
	t "nothing is left in the tracing directory" any \
		sh -c 'ls /sys/kernel/tracing/instances | grep .'
	finish
}

case ${1-} in
--inside) inside "$2" ;;
esac

kernel=6.1
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=${2-}; shift ;;
	*) sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"; exit 2 ;;
	esac
	shift
done

make --no-print-directory -s -C "$top/tool"
make --no-print-directory -s -C "$top/examples"
make --no-print-directory -s -C "$top/tests/access" programs
selftests=$("$top/tests/selftests/run.sh" --build)
forged="$copies/b exe=/bin/true x"
rm -rf "$copies"/copy-{hello,selftests,forged} "$copies/b exe="
cp -r "$top/build/examples" "$copies/copy-hello"
cp -r "$top/build/examples" "$copies/copy-forged"
mkdir -p "$forged"
mv "$copies"/copy-forged/hello_enclave.{elf,sig} "$forged"
ln -s "$forged"/hello_enclave.* "$copies/copy-forged"
cp -r "$selftests" "$copies/copy-selftests"

log=$top/build/tests/access/explain.log
"$top/vm/run" --kernel "$kernel" --timeout 1500 \
	--cpuid "$selftests/test_sgx" \
	--cpuid "$copies/copy-selftests/test_sgx" -- "$0" --inside "$selftests" </dev/null |
	tee "$log" || failed=1
if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
	passed=${BASH_REMATCH[1]}
	failed=${BASH_REMATCH[2]}
else
	failed=1
fi

# From here, in a VM of its own: the same rules, on standard output.
policy=$top/build/tests/access/hello.policy
# The secret of these tests, not the user's.
export XDG_DATA_HOME=$top/build/tests/access
# shellcheck disable=SC2317 # t calls it
explain_in_vm() {
	"$tool" policy explain --vm --kernel "$kernel" -- \
		"$top/build/examples/hello" >"$policy"
}
t "from outside of the VM" 0 explain_in_vm
t "it is a policy" 0 "$tool" policy check "$policy"
signer=$("$tool" inspect "$top/build/examples/hello_enclave.sig" |
	sed -n 's/^ *MRSIGNER *//p')
t "that has the enclave's signer" 0 grep -q "mrsigner=$signer" "$policy"
finish
