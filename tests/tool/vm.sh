#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/tool/vm.sh SOFTSGX EXAMPLES
#
# What the softsgx command does where the module is. Run by run.sh --vm, in the
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
# Under the strictest source_check (run.sh asks for it).
t "the library loads and calls" 0 " 0 failed" ../lib/load_test \
	"$examples/hello_enclave.elf" "$examples/hello_enclave.sig"
t "status" 0 "Module softsgx         loaded: yes" "$tool" status
t "status: CPUID" 0 "SGX: yes, SGX1: yes, SGX2: yes, EPC: 128 MiB" "$tool" status
t "status: parameters" 0 "epc_size             128" "$tool" status
t "status: JSON" 0 '"usable": true' "$tool" status --json
t "doctor" 0 "Nothing is wrong." "$tool" doctor
t "run here" 0 "yes" "$tool" run -- echo yes
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
mount -o remount,noexec /dev
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
echo 'the end'
