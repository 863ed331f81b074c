#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/access/tool.sh
#
# softsgx policy test: asks each policy of rules/ its questions, in
# tests/access/cases/, and what it says to wrong ones. softsgx policy explain:
# what it makes of events. Nothing of that needs a VM. The last line is "N passed,
# N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$top/build/tool/softsgx
make --no-print-directory -s -C "$top/tool"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0
failed=0

for policy in "$top"/rules/*.policy; do
	name=${policy##*/}
	echo "== ${name%.policy}"
	"$tool" policy test --cases "$top/tests/access/cases/${name%.policy}.cases" \
		"$policy" | tee "$out" || :
	if [[ $(tail -n 1 "$out") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
	fi
done

# said NAME STATUS TEXT COMMAND...: COMMAND ends so and says that.
said() {
	local name=$1 want=$2 text=$3 status=0
	shift 3
	"$@" >"$out" 2>&1 </dev/null || status=$?
	if [ "$status" -eq "$want" ] && grep -qF -- "$text" "$out"; then
		passed=$((passed + 1))
		echo "ok     $name"
	else
		failed=$((failed + 1))
		echo "not ok $name: status $status"
		sed 's/^/    /' "$out"
	fi
}

t() {
	said "${@:1:3}" "$tool" policy test "${@:4}"
}

echo "== policy test"
policy=$top/rules/two-signers.policy
make --no-print-directory -s -C "$top/examples"
sig=$top/build/examples/hello_enclave.sig
signer=$("$tool" inspect "$sig" | sed -n 's/^ *MRSIGNER *//p')
mine=$(mktemp)
trap 'rm -f "$out" "$mine"' EXIT
printf 'policy name=t version=1\nDEFAULT action=DENY\nop=INIT mrsigner=%s action=ALLOW\n' \
	"$signer" >"$mine"
t "allowed" 0 'ALLOW by line 6: DEFAULT action=ALLOW' "$policy" op=CREATE
t "refused" 1 'DENY by line 7: DEFAULT op=INIT' "$policy" op=INIT
t "refused in part" 1 'DENY by line 7' "$policy" op=CREATE,INIT
t "JSON" 1 '"line": 7' --json "$policy" op=INIT
t "the identity in a SIGSTRUCT" 0 'ALLOW by line 3' --sigstruct "$sig" "$mine" op=INIT
t "another identity" 1 'DENY by line 2' --sigstruct "$sig" "$mine" op=INIT mrsigner="${signer//[0-9]/0}"
t "no such policy" 4 'No such file' "$top/rules/none" op=INIT
t "a wrong policy" 3 ':11: the first line is not' "$0" op=INIT
t "no policy" 2 'which policy?'
t "no question" 2 'a question' "$policy"
t "no op" 2 'no op=' "$policy" exe=/a
t "a wrong op" 2 "'op=START' is not" "$policy" op=START
printf 'policy name=t version=1\nDEFAULT action=DENY\nop=INIT min_isvsvn=9 action=ALLOW\n' >"$mine"
t "a number as in rules" 0 'ALLOW by line 3' "$mine" op=INIT isvsvn=010
t "a wrong number" 2 "'isvsvn=65536' is not" "$policy" op=INIT isvsvn=65536
t "a wrong digest" 2 "'mrsigner=12' is not" "$policy" op=INIT mrsigner=12
t "a relative path" 2 "'exe=app' is not" "$policy" op=INIT exe=app
t "expect without --cases" 2 'expect= is for --cases' "$policy" op=INIT expect=DENY
printf 'op=INIT expect=DENY\nop=INIT\n' >"$mine"
t "a case without an answer" 3 ':2: no expect=' --cases "$mine" "$policy"
printf 'op=INIT expect=ALLOW\n' >"$mine"
t "a wrong answer" 1 '0 passed, 1 failed' --cases "$mine" "$policy"
: >"$mine"
t "no cases" 1 '0 passed, 0 failed' --cases "$mine" "$policy"

echo "== policy explain"
export SOFTSGX_VM=$top/tests/access/events.sh
# The secret of these tests, not the user's.
export XDG_DATA_HOME=$top/build/tests/access

# e NAME TEXT OPTION...: softsgx policy explain with these options has that line.
e() {
	said "$1" 0 "$2" "$tool" policy explain "${@:3}" ./app
}

exe='exe="/opt/my app/app" action=ALLOW'
identity="mrenclave=$(printf 'ee%.0s' {1..32}) mrsigner=$(printf '55%.0s' {1..32})"
signer="mrsigner=$(printf '55%.0s' {1..32}) isvprodid=1 min_isvsvn=2"
e "nothing else" 'DEFAULT action=DENY'
e "CREATE" "op=CREATE $exe"
e "a path with a blank" "op=EXECUTE file=\"/opt/my app/e+1.elf\" $exe"
e "a path with a quote" "op=EXECUTE file=\"/opt/a\\x22b\" $exe"
for path in '/opt/b exe=/bin/true x/e.elf' '/opt/c\x22 exe=\x22/bin/true' '/opt/d: sys_ioctl(x'; do
	e "a path like the rest of the line: $path" "op=EXECUTE file=\"$path\" $exe"
done
said "which is no program's name" 0 'none' sh -c "'$tool' policy explain ./app | grep 'exe=\"/bin/true' || echo none"
said "nor an ioctl" 0 '"changes_pages":false' env NO_IOCTL=1 "$tool" policy explain --json ./app
e "a path that cannot be named" "# no path that a rule could name: op=EXECUTE"
e "no path" "op=EXECUNMR file=none $exe"
e "INIT" "op=INIT $identity debug=no priv=execute,execanon,execunmr sigstruct=\"/opt/my app/e.sig\" $exe"
e "INIT by signer" "op=INIT $signer debug=no priv=execute,execanon,execunmr sigstruct=\"/opt/my app/e.sig\" $exe" --signer
e "INITANON" "op=INITANON $identity debug=no priv=execute,execanon,execunmr $exe"
e "DEBUG" "op=DEBUG $identity $exe"
e "EXECMOD of a running enclave" "op=EXECMOD $identity file=none $exe"
e "PROVISION" "op=PROVISION $exe"
e "JSON" '"mrenclave":"eeee' --json
said "each rule once" 0 1 sh -c "'$tool' policy explain ./app | grep -c 'e+1.elf'"
"$tool" policy explain -o "$mine" ./app
said "which are good rules" 0 'good, name app' "$tool" policy check "$mine"
t "which allow what was done" 0 ALLOW "$mine" op=INIT "mrenclave=$(printf 'ee%.0s' {1..32})" \
	"mrsigner=$(printf '55%.0s' {1..32})" priv=execute 'sigstruct=/opt/my app/e.sig' 'exe=/opt/my app/app'
t "and not what was not" 1 DENY "$mine" op=INIT "mrenclave=$(printf 'ef%.0s' {1..32})" \
	"mrsigner=$(printf '55%.0s' {1..32})" priv=execute 'sigstruct=/opt/my app/e.sig' 'exe=/opt/my app/app'
said "a program that fails" 1 'ended with status 3' env STATUS=3 "$tool" policy explain ./app
said "no VM" 4 'SOFTSGX_VM names it' env SOFTSGX_VM=/none "$tool" policy explain ./app
said "no program" 2 'which command?' "$tool" policy explain
# A signal goes on to the VM; nothing stays behind.
vm=$(mktemp -d)
trap 'rm -rf "$out" "$mine" "$vm"' EXIT
cat >"$vm/run" <<'END'
#!/bin/bash
trap 'echo TERM >>"${0%run}heard"; kill $!; exit 143' TERM
while [ "$1" != --trace ]; do shift; done
sleep 60 &
echo "${2%/trace}" >"${0%run}up"
wait
END
chmod +x "$vm/run"
SOFTSGX_VM=$vm/run "$tool" policy explain ./app >"$vm/said" 2>&1 &
pid=$!
for ((i = 0; i < 100; i++)); do
	[ ! -s "$vm/up" ] || break
	sleep 0.1
done
kill -TERM $pid
status=0
wait $pid || status=$?
said "a signal: status" 0 'status 4' echo "status $status"
said "a signal: the VM has it, once" 0 'TERM 1' sh -c "echo \$(cat '$vm/heard') \$(wc -l <'$vm/heard')"
said "a signal: it is said" 0 'not watched to its end' cat "$vm/said"
said "a signal: no directory is left" 2 'No such file' ls -d "$(cat "$vm/up")"
for line in '(call softsgx_use_device (app_t))' '(call softsgx_change_pages (app_t))' \
	'(call softsgx_load_enclave (app_t app_enclave_t))' \
	'(call softsgx_load_anonymous_unmeasured (app_t))' \
	'(call softsgx_init_enclave (app_t app_sigstruct_t))' \
	'(call softsgx_execute_written (app_t))' '(call softsgx_provision (app_t))' \
	'(filecon "/opt/my app/e\+1\.elf" file'; do
	e "SELinux: $line" "$line" --selinux
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
