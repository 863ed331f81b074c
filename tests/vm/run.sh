#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/vm/run.sh [PATTERN]
#
# Tests vm/run from outside: what it returns, prints and keeps apart, and that
# it notices trouble, which a module makes on purpose. Tests whose name matches
# the shell pattern, or all. The last line is "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/tests/vm
pattern=${1:-*}
case $pattern in
-*)
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	[ "$pattern" = --help ] || [ "$pattern" = -h ] || exit 2
	exit 0
	;;
esac
passed=0
failed=0

build() {
	local kdir

	kdir=$("$top/vm/kernel")
	mkdir -p "$out/trouble" "$out/rw"
	cp -u "$top"/tests/vm/trouble/* "$out/trouble/"
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$kdir/headers" \
		"M=$out/trouble" CC=gcc-12 CONFIG_DEBUG_INFO_BTF_MODULES= \
		modules >"$out/build.log" 2>&1 || {
		cat "$out/build.log" >&2
		exit 1
	}
}

# in_vm ARGUMENT...: vm/run without a module, unless --module comes.
in_vm() {
	status=0
	"$top/vm/run" --timeout 120 "$@" >"$out/stdout" 2>"$out/stderr" || status=$?
}

with_trouble() {
	local what=$1

	shift
	in_vm --module "$out/trouble/softsgx.ko" --module-params "what=$what" \
		--no-cpuid "$@"
}

is_status() {
	[ "$status" -eq "$1" ] || {
		echo "the status is $status, not $1"
		return 1
	}
}

# prints STREAM TEXT: all that it prints there.
prints() {
	[ "$(cat "$out/$1")" = "$2" ] || {
		echo "$1 is not '$2'"
		return 1
	}
}

mentions() {
	grep -qF -- "$2" "$out/$1" || {
		echo "$1 does not mention '$2'"
		return 1
	}
}

test_status() {
	in_vm --no-module -- sh -c 'echo out; echo err >&2; exit 7' </dev/null
	is_status 7 && prints stdout out && prints stderr err
}

test_signal() {
	in_vm --no-module -- sh -c 'kill -SEGV $$' </dev/null
	is_status 139
}

test_not_found() {
	in_vm --no-module -- no-such-command </dev/null
	is_status 127
}

# As execvp(3) has it.
test_what_is_no_program() {
	local dir=$out/odd
	mkdir -p "$dir"
	printf "echo a script without a first line: \$1\n" >"$dir/bare"
	printf '#!/no/such/interpreter\n' >"$dir/orphan"
	echo data >"$dir/data"
	chmod +x "$dir/bare" "$dir/orphan"
	in_vm -- "$dir/bare" word </dev/null
	is_status 0 && prints stdout "a script without a first line: word" ||
		return
	in_vm -- "$dir/orphan" </dev/null
	is_status 127 && mentions stderr "cannot run $dir/orphan" || return
	in_vm -- "$dir/data" </dev/null
	is_status 126 && mentions stderr "cannot run $dir/data"
}

test_stdin() {
	seq 100000 >"$out/in"
	in_vm --no-module -- md5sum < <(cat "$out/in")
	is_status 0 && prints stdout "$(md5sum <"$out/in")"
}

test_much_output_to_a_slow_reader() {
	status=0
	"$top/vm/run" --no-module -- seq 300000 </dev/null 2>"$out/stderr" |
		{ sleep 12; md5sum; } >"$out/stdout" || status=$?
	is_status 0 && prints stdout "$(seq 300000 | md5sum)"
}

test_reader_gone() {
	in_vm --no-module -- sh -c 'seq 300000 >&2; exit 5' </dev/null \
		2> >(head -n 1 >/dev/null)
	is_status 5
}

test_reader_gone_ends_the_command() {
	status=0
	"$top/vm/run" --no-module --timeout 120 -- yes </dev/null 2>"$out/stderr" |
		head -n 1 >"$out/stdout" || status=$?
	is_status 141 && prints stdout y
}

test_closed_streams() {
	in_vm --no-module -- wc -c <&-
	is_status 0 && prints stdout 0 || return
	status=0
	"$top/vm/run" --no-module -- sh -c 'echo lost; exit 6' >&- 2>"$out/stderr" </dev/null ||
		status=$?
	is_status 6 && prints stderr ''
}

test_arguments_and_environment() {
	# shellcheck disable=SC2016 # expanded in the VM
	VAR=$'a b\nc' in_vm --no-module -- sh -c 'printf "%s|" "$VAR" "$@"' \
		sh '' "a'b" $'c\nd' </dev/null
	is_status 0 && prints stdout $'a b\nc||a\'b|c\nd|'
}

test_directory_and_user() {
	# The user may not be allowed to enter the directory of the project.
	(cd /usr/share && umask 027 && in_vm --no-module --user 1234:567,89,10 -- \
		sh -c 'pwd; id -u; id -g; id -G; umask' </dev/null)
	prints stdout $'/usr/share\n1234\n567\n567 10 89\n0027'
}

test_limits() {
	(ulimit -n 777 && ulimit -S -c 12 && ulimit -f 999999 &&
		in_vm --no-module -- bash -c 'ulimit -n; ulimit -c; ulimit -H -f; ulimit -s' \
			</dev/null)
	prints stdout $'777\n12\n999999\n'"$(ulimit -s)"
}

test_name_of_the_machine() {
	in_vm --no-module -- uname -n </dev/null
	is_status 0 && prints stdout "$(uname -n)"
}

test_what_others_build_with() {
	# So that it is linked again.
	rm -f "$top"/build/module/6.1-amd64/driver/softsgx.ko
	ARCH=arm64 CROSS_COMPILE=none- O=/none MAKEFLAGS=-n CDPATH=/ POSIXLY_CORRECT=1 \
		in_vm -- test -c /dev/sgx_enclave </dev/null
	is_status 0
}

test_somebody_elses_sources() {
	local home=$out/home as=(setpriv --reuid 1234 --regid 567 --clear-groups env)

	rm -rf "$home"
	mkdir "$home"
	chown 1234:567 "$home"
	status=0
	(cd / && "${as[@]}" "HOME=$home" "$top/vm/run" --user 1234:567 -- id -u) \
		>"$out/stdout" 2>"$out/stderr" </dev/null || status=$?
	is_status 0 && prints stdout 1234 && [ -e "$home/.cache/softsgx/vm/last.log" ] || return
	status=0
	(cd / && "${as[@]}" HOME=/none "$top/vm/run" -- true) 2>"$out/stderr" </dev/null ||
		status=$?
	is_status 125 && mentions stderr 'no place to build in: /none/.cache/softsgx' || return
	status=0
	(cd / && "${as[@]}" -u HOME "$top/vm/run" -- true) 2>"$out/stderr" </dev/null ||
		status=$?
	is_status 125 && mentions stderr 'neither XDG_CACHE_HOME nor HOME'
}

test_blanks_in_the_path() {
	status=0
	(cd / && XDG_CACHE_HOME='/tmp/a b' setpriv --reuid 1234 --clear-groups \
		"$top/vm/run" -- true) 2>"$out/stderr" </dev/null || status=$?
	is_status 125 && mentions stderr "in the path '/tmp/a b/softsgx'"
}

test_writes_stay_inside() {
	rm -f "$out/inside" "$out/rw/outside"
	in_vm --no-module --rw "$out/rw" -- \
		sh -c "echo 1 >'$out/inside' && cat '$out/inside' >'$out/rw/outside'" </dev/null
	is_status 0 && [ ! -e "$out/inside" ] && [ "$(cat "$out/rw/outside")" = 1 ]
}

test_writable_where_the_vm_has_its_own() {
	local dir=/dev/shm/softsgx.$$,x here=$PWD

	mkdir -p "$dir"
	cd "$dir"
	in_vm --no-module -- true </dev/null
	is_status 2 && mentions stderr "the VM, which has a /dev of its own" || return
	in_vm --no-module --rw . -- sh -c 'echo 1 >file' </dev/null
	cd "$here"
	is_status 0 && [ "$(cat "$dir/file")" = 1 ] && rm -r "$dir"
}

# What the command executes is watched, wherever the scanner was built.
test_built_where_the_vm_has_its_own() {
	local dir=/dev/shm/softsgx.$$

	mkdir -p "$dir/build"
	cp -r "$top/Makefile" "$top/vm" "$dir"
	ln -s "$top"/build/{apt,kernel} "$dir/build/"
	make -s -C "$top/vm/cpuid" OUT="$dir/build"
	make -s -C "$top/tests/cpuid" "$top/build/tests/cpuid/report"
	status=0
	(cd / && "$dir/vm/run" --module "$(cd "$top" && vm/module)" -- \
		sh -c "$top/build/tests/cpuid/report; echo \$?") \
		>"$out/stdout" 2>"$out/stderr" </dev/null || status=$?
	rm -rf "$dir"
	is_status 0 && prints stdout $'SGX1 SGX2\n0'
}

test_a_thread_for_each_processor() {
	in_vm --accel tcg --mttcg -- nproc
	is_status 0 && prints stdout 2
}

test_only_loopback() {
	in_vm --no-module -- ls /sys/class/net </dev/null
	is_status 0 && prints stdout lo
}

# start_server: answers one line here; its port is in $port, it in $server.
start_server() {
	rm -f "$out/port"
	"$top/tests/vm/serve.py" 127.0.0.1 0 >"$out/port" &
	server=$!
	for _ in {1..100}; do
		[ ! -s "$out/port" ] || break
		sleep 0.1
	done
	port=$(cat "$out/port")
}

# ask ADDRESS PORT LINE: what the server there answers.
# shellcheck disable=SC2016 # for another shell
ask='exec 3<>"/dev/tcp/$1/$2" && echo "$3" >&3 && head -n 1 <&3'

test_network_to_here() {
	local server port

	start_server
	in_vm --no-module --net -- bash -c "$ask" ask 10.0.2.2 "$port" hello </dev/null
	kill "$server" 2>/dev/null || :
	is_status 0 && prints stdout HELLO
}

test_network_from_here() {
	local server port answer=''

	# A port that is free.
	start_server
	kill "$server"
	in_vm --no-module --publish "$port:80" -- \
		"$top/tests/vm/serve.py" 0.0.0.0 80 </dev/null &
	for _ in {1..60}; do
		answer=$(timeout 5 bash -c "$ask" ask 127.0.0.1 "$port" hello 2>/dev/null) || :
		[ -z "$answer" ] || break
		sleep 0.5
	done
	wait $!
	[ "$answer" = HELLO ] || {
		echo "the answer is '$answer'"
		return 1
	}
}

test_network_that_cannot_be() {
	local server port wrong

	for wrong in 0 70000 80:0 80:70000 a 1.2.3:80:80 80:80:80 ,80; do
		in_vm --no-module --publish "$wrong" -- true </dev/null
		is_status 2 && mentions stderr "not '$wrong'" || return
	done
	start_server
	in_vm --no-module --publish "$port" -- true </dev/null
	kill "$server"
	is_status 125 && mentions stderr "Could not set up host forwarding rule"
}

test_leftovers_are_killed() {
	in_vm --no-module -- sh -c 'sleep 1000 & exit 3' </dev/null
	is_status 3
}

test_no_trouble() {
	with_trouble none -- cat /sys/module/softsgx/parameters/what </dev/null
	is_status 0 && prints stdout none
}

test_refused_module() {
	with_trouble refuse -- true </dev/null
	is_status 125 && mentions stderr 'cannot insert softsgx.ko'
}

test_warning() {
	with_trouble warn -- true </dev/null
	is_status 125 && mentions stderr 'the kernel panicked: kernel: panic_on_warn set'
}

test_complaint() {
	with_trouble log -- true </dev/null
	is_status 124 && mentions stderr 'BUG: as it was asked for'
}

test_complaint_at_unload() {
	with_trouble unload-log -- sh -c 'exit 9' </dev/null
	is_status 124 && mentions stderr 'after "exit 9" and the removal'
}

test_keep() {
	with_trouble unload-log --keep -- true </dev/null
	is_status 0
}

test_leaked_reference() {
	with_trouble leak -- true </dev/null
	is_status 124 && mentions stderr 'softsgx cannot be removed'
}

test_hang() {
	with_trouble hang --timeout 20 -- true </dev/null
	is_status 125 && mentions stderr 'given up after 20 s'
}

test_panic_of_the_command() {
	in_vm --no-module -- sh -c 'echo c >/proc/sysrq-trigger' </dev/null
	is_status 125 && mentions stderr 'the kernel panicked: sysrq triggered crash'
}

test_usage() {
	in_vm --no-such-option </dev/null
	is_status 2 && mentions stderr "unknown option '--no-such-option'" || return
	in_vm </dev/null
	is_status 2 && mentions stderr 'no command' || return
	in_vm --mem lots -- true </dev/null
	is_status 2 && mentions stderr '--mem takes' || return
	in_vm --mem 64M -- true </dev/null
	is_status 2 && mentions stderr '--mem takes 128M' || return
	in_vm --user root -- true </dev/null
	is_status 2 && mentions stderr '--user takes' || return
	in_vm --kernel 2.6 -- true </dev/null
	is_status 2 && mentions stderr "no kernel '2.6'" || return
	in_vm --module-params 'sgx2=0 colour=red' -- true </dev/null
	is_status 2 && mentions stderr "no parameter 'colour'" || return
	in_vm --rw /no/such/directory -- true </dev/null
	is_status 2
}

test_no_network() {
	local fresh=$out/fresh

	rm -rf "$fresh"
	mkdir -p "$fresh"
	cp -r "$top/Makefile" "$top/vm" "$fresh"
	status=0
	SOFTSGX_MIRROR=http://127.0.0.1:9 "$fresh/vm/run" -- true \
		>"$out/stdout" 2>"$out/stderr" </dev/null || status=$?
	is_status 125 && mentions stderr 'no package lists of Debian bookworm from http://127.0.0.1:9'
}

test_no_qemu() {
	rm -rf "$out/commands"
	mkdir "$out/commands"
	cp -s /usr/bin/* /usr/sbin/* "$out/commands/" 2>/dev/null || :
	rm "$out/commands/qemu-system-x86_64"
	status=0
	PATH=$out/commands "$top/vm/run" -- true 2>"$out/stderr" </dev/null || status=$?
	is_status 125 && mentions stderr "qemu-system-x86_64 is missing: run $top/vm/deps run"
}

test_interrupted() {
	local pid

	"$top/vm/run" --no-module -- sleep 1000 </dev/null >"$out/stdout" 2>"$out/stderr" &
	pid=$!
	sleep 4
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	is_status 143 && no_runs
}

# no_runs: whether no run has left its directory.
no_runs() {
	! find "$top/build/vm" -maxdepth 1 -name 'run.*' | grep .
}

# start_run COMMAND...: of which $out/stdout has "up" when it returns; $pid.
start_run() {
	"$@" </dev/null >"$out/stdout" 2>"$out/stderr" &
	pid=$!
	trap 'kill "$pid" 2>/dev/null || :' EXIT
	for _ in {1..3000}; do
		! grep -q up "$out/stdout" || return 0
		sleep 0.1
	done
	echo "the VM does not come up"
	return 1
}

test_kept_from_others() {
	local qemu run

	umask 022
	SECRET=xyzzy start_run "$top/vm/run" --no-module -- \
		sh -c 'echo up; sleep 1000' || return
	run=$(find "$top/build/vm" -maxdepth 1 -name 'run.*')
	[ "$(stat -c %a "$run")" = 700 ] || {
		echo "others can enter $run"
		return 1
	}
	! grep -rlF xyzzy "$run" --exclude='keys.*' --exclude='control.*' || {
		echo "the environment is still there"
		return 1
	}
	if setpriv --reuid 65534 --regid 65534 --clear-groups cat "$run/stdout" 2>/dev/null; then
		echo "another user reads what is printed"
		return 1
	fi
	# Killed, it leaves the directory to the next one.
	qemu=$(pgrep -P "$pid" timeout)
	kill -KILL "$pid"
	[ -d "$run" ] || return
	in_vm --no-module -- true </dev/null
	is_status 0 || return
	[ -d "$run" ] || {
		echo "the directory of a VM that runs was removed"
		return 1
	}
	kill "$qemu"
	while kill -0 "$qemu" 2>/dev/null; do sleep 0.1; done
	in_vm --no-module -- true </dev/null
	is_status 0 && no_runs
}

# Neither on command lines nor in environments, of here and of there, nor in a log.
test_secret_is_shown_nowhere() {
	local secret run

	secret=$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')
	(umask 077 && printf '%s\n' "$secret" >"$out/secret")
	# A variable of the user's has a name that a script could use, too.
	secret=mine in_vm --secret-file "$out/secret" -- sh -c '
		cat /proc/cmdline /proc/[0-9]*/cmdline /sys/module/softsgx/parameters/*
		dmesg
		env' </dev/null
	is_status 0 && mentions stdout secret=mine || return
	! cat "$out/stdout" "$out/stderr" "$top/build/vm/last.log" | grep -aF "$secret" ||
		return
	! grep -aF 'no secret given' "$out/stdout" || return
	start_run "$top/vm/run" --secret-file "$out/secret" -- \
		sh -c 'echo up; sleep 1000' || return
	run=$(find "$top/build/vm" -maxdepth 1 -name 'run.*')
	# Of processes that end meanwhile there is nothing to read.
	{ cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || :; } >"$out/seen"
	grep -qaF "$out/secret" "$out/seen" || {
		echo "QEMU and its script were not looked at"
		return 1
	}
	! grep -oaF "$secret" "$out/seen" || return
	! grep -rlF "$secret" "$run" --exclude='keys.*' --exclude='control.*' || {
		echo "the secret is still there"
		return 1
	}
	kill "$pid"
	wait "$pid" || :
}

test_secret_that_is_none() {
	local text

	rm -f "$out/secret"
	in_vm --secret-file "$out/secret" -- true </dev/null
	is_status 2 && mentions stderr "--secret-file: no file '$out/secret'" || return
	for text in '' 0123 "$(printf '0%.0s' {1..65})" "$(printf 'g%.0s' {1..64})"; do
		printf '%s\n' "$text" >"$out/secret"
		in_vm --secret-file "$out/secret" -- true </dev/null
		is_status 2 && mentions stderr 'is not 64 hexadecimal digits' || return
	done
	printf '0%.0s' {1..64} >"$out/secret"
	in_vm --secret-file "$out/secret" --module-params secret=00 -- true </dev/null
	is_status 2 && mentions stderr 'not both'
}

# As those of two containers, both of which are number 1.
test_same_process_id() {
	local first

	start_run unshare --pid --fork --mount-proc "$top/vm/run" --no-module -- \
		sh -c 'echo up; sleep 8; echo end' || return
	first=$pid
	mv "$out/stdout" "$out/first"
	status=0
	unshare --pid --fork --mount-proc "$top/vm/run" --no-module -- echo second \
		</dev/null >"$out/stdout" 2>"$out/stderr" || status=$?
	is_status 0 && prints stdout second || return
	status=0
	wait "$first" || status=$?
	mv "$out/first" "$out/stdout"
	is_status 0 && prints stdout $'up\nend' && no_runs
}

build
for name in $(declare -F | sed -n 's/^declare -f test_//p'); do
	# shellcheck disable=SC2053 # a pattern
	[[ $name == $pattern ]] || continue
	if why=$("test_$name"); then
		echo "ok     $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		printf '%s\n' "$why" | sed 's/^/       /'
		sed 's/^/       stderr: /' "$out/stderr" | tail -n 5
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
