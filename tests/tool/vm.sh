#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/tool/vm.sh SOFTSGX EXAMPLES
#
# What the softsgx command does where the module is. Run by module.sh, in the
# VM, in the directory of its files; prints "ok" and "not ok", then "the end".

set -uo pipefail

tool=$1
examples=$2

# t NAME STATUS TEXT COMMAND...
t() {
	local name=$1 want=$2 text=$3 status=0 said
	shift 3
	said=$("$@" 2>&1 </dev/null) || status=$?
	if [ "$status" -eq "$want" ] && [[ $said == *"$text"* ]]; then
		echo "ok $name"
	else
		echo "not ok $name: status $status: $said"
	fi
}

t "200 random enclaves" 0 "200 accepted, 200 refused when changed" ./einit "$examples/key.pem"
# Under the strictest source_check (module.sh asks for it).
t "the library loads and calls" 0 " 0 failed" ../lib/load_test \
	"$examples/hello_enclave.elf" "$examples/hello_enclave.sig"
t "an enclave that grows" 0 "all steps worked" "$examples/grow"
t "status" 0 "Module softsgx         loaded: yes" "$tool" status
t "status: CPUID" 0 "SGX: yes, SGX1: yes, SGX2: yes, EPC: 128 MiB" "$tool" status
t "status: parameters" 0 "epc_size             128" "$tool" status
t "status: JSON" 0 '"usable": true' "$tool" status --json
t "doctor" 0 "Nothing is wrong." "$tool" doctor
t "run here" 0 "yes" "$tool" run -- echo yes
hello=$examples/hello
enclave=("$examples/hello_enclave.elf" "$examples/hello_enclave.sig")
./busy "${enclave[@]}" 1000 1000 &
busy=$!
until "$tool" ps | grep -q ready; do sleep 0.2; done
t "ps: whose" 0 " $busy root     ready   -  128K  112K    0B " "$tool" ps
t "ps: which" 0 "293d1149026a busy" "$tool" ps
t "top: it enters" 0 "" sh -c "'$tool' top -b -n 2 -d 2 |
	awk '/busy/ { n = \$9 } END { exit !(n > 10) }'"
t "trace of a process" 0 "inside: EEXIT" "$tool" trace --pid $busy --time 0.5
kill $busy
t "trace" 0 "all steps worked" "$tool" trace -o trace.text "$hello"
for what in "> CREATE" '< INIT: 0' '> inside: TCS 0x' '< inside: EEXIT' \
	'AEX: #UD' 'AEX: #PF at 0x' 'EGETKEY: RBX' 'EREPORT: RBX' \
	'page fault: 0x'; do
	t "trace: $what" 0 "$what" cat trace.text
done
t "trace: exit status" 7 "" "$tool" trace -o /dev/null sh -c "exit 7"
t "trace: not found" 127 "" "$tool" trace ./none
"$tool" trace --json -o trace.json "$hello" >/dev/null
"$tool" trace --chrome -o trace.chrome "$hello" >/dev/null
cat >trace.py <<'END'
import json
events = [json.loads(line) for line in open("trace.json")]
assert all(a["us"] <= b["us"] for a, b in zip(events, events[1:]))
assert {e["event"] for e in events} >= {"CREATE", "ADD_PAGES", "INIT", "inside"}
depth = 0
chrome = json.load(open("trace.chrome"))
for e in chrome:
    depth += (e["ph"] == "B") - (e["ph"] == "E")
    assert 0 <= depth <= 1, e
assert depth == 0 and len(chrome) > 40
assert any(e["ph"] == "M" and e["args"]["name"] == "hello" for e in chrome)
print("good")
END
t "trace: JSON" 0 "good" python3 trace.py
t "trace: nothing is left" 0 "" sh -c '! ls /sys/kernel/tracing/instances | grep .'
"$(dirname "$0")/tracing.sh" "$tool" "$examples"
t "policy without a choice" 2 "say --host or --vm" "$tool" run --policy good.rules true
t "policy: none" 0 "# name=" "$tool" policy show
t "policy: load" 0 "" "$tool" policy load good.rules
t "policy: show" 0 "DEFAULT action=ALLOW" "$tool" policy show
t "policy: JSON" 0 '"name": "tool"' "$tool" policy show --json
t "policy: bad" 3 "bad.rules: " "$tool" policy load bad.rules
printf 'policy name=tool version=1\nDEFAULT action=ALLOW\n' >old.rules
t "policy: older" 4 "higher version" "$tool" policy load old.rules
t "doctor: rules" 0 "some are enforced" "$tool" doctor
# What maps its files needs neither EXECANON nor INITANON nor DEBUG.
cat >strict.rules <<END
policy name=tool version=4
DEFAULT action=DENY
op=CREATE action=ALLOW
op=EXECUTE file=$examples/hello_enclave.elf action=ALLOW
op=INIT sigstruct=$examples/hello_enclave.sig debug=no priv=execute action=ALLOW
END
t "strict rules: load" 0 "" "$tool" policy load strict.rules
t "strict rules: hello" 0 "all steps worked" "$examples/hello"
"$tool" convert "$examples/hello_enclave.elf" -o "$examples/x.sgxs"
mv "$examples/x.sgxs" "$examples/hello_enclave.elf"
t "strict rules: code from memory" 1 "the privilege ENCLAVE_EXECANON" "$examples/hello"
t "trace: a refusal" 1 "denied: ENCLAVE_EXECANON" "$tool" trace "$examples/hello"
mount -o remount,noexec /dev
t "run: noexec" 0 "mount -o remount,exec /dev" "$tool" run true
t "doctor: noexec" 1 "mount -o remount,exec /dev" "$tool" doctor
mount -o remount,exec /dev
chmod 600 /dev/sgx_enclave
t "doctor: mode" 1 "open: Permission denied" setpriv --reuid 1000 --regid 1000 \
	--clear-groups "$tool" doctor
mv /dev/sgx_enclave /dev/away
t "doctor: no device" 1 "is this a container?" "$tool" doctor
touch /dev/sgx_enclave
t "doctor: a file" 1 "is not a device" "$tool" doctor
mv /dev/away /dev/sgx_enclave
echo clear >/sys/kernel/security/softsgx/cpuid
t "doctor: CPUID" 1 "tell the module which they are" "$tool" doctor
echo 'the end'
