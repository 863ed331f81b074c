#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/attack/run.sh [PATTERN...]
#
# Tries every attack of build/tests/attack whose name matches a shell pattern
# (all, without one): where the protection is on and it has to be refused, and
# where it is off and it has to succeed. Prints a line for each attack and a
# last line with the numbers; the status is 0 if all is as it should be.
#
# To be run as root in the VM: it loads softsgx.ko, again and again, with the
# parameters that each attack wants. $SOFTSGX_KO is the file; by default that
# which vm/module has built for the running kernel. $ATTACK_SECONDS is how long
# each race lasts, 3 by default; a control may take twenty times as long.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$top/build/tests/attack
programs=(ceiling second race augment source inside leave)

die() {
	printf 'tests/attack/run.sh: %s\n' "$*" >&2
	exit 2
}

# The directory of vm/module for this kernel: 6.1.0-56-amd64 is 6.1-amd64.
find_module() {
	local version

	version=$(uname -r | sed -E 's/^([0-9]+\.[0-9]+)\..*[0-9]-((cloud-)?amd64)$/\1-\2/;
		s/^([0-9]+\.[0-9]+)\.[^-]*\+deb.*-((cloud-)?amd64)$/\1-\2/
		s/^.*-softsgx-kasan$/kasan-amd64/')
	printf '%s/build/module/%s/driver/softsgx.ko\n' "$top" "$version"
}

ko=${SOFTSGX_KO:-$(find_module)}
[ -f "$ko" ] || die "no softsgx.ko at $ko"
[ "$(modinfo -F vermagic "$ko" | cut -d' ' -f1)" = "$(uname -r)" ] ||
	die "$ko is not for Linux $(uname -r)"

# load PARAMETER...: the module with these parameters and no others.
load() {
	local tries=600

	while [ -e /sys/module/softsgx ]; do
		! rmmod softsgx 2>/dev/null || break
		# The last enclaves may be on their way out.
		tries=$((tries - 1))
		[ $tries -gt 0 ] ||
			die "softsgx cannot be removed, $(cat /sys/module/softsgx/refcnt) references"
		sleep 0.1
	done
	insmod "$ko" "$@" || die "softsgx cannot be loaded with '$*'"
}

declare -a names
declare -A program protection controls outcome

matches() {
	local name=$1 pattern
	shift

	[ $# -gt 0 ] || return 0
	for pattern; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $name != $pattern ]] || return 0
	done
	return 1
}

for p in "${programs[@]}"; do
	list=$("$dir/$p" --list)
	while IFS='|' read -r name on off; do
		matches "$name" "$@" || continue
		[ -z "${program[$name]:-}" ] || die "two attacks named $name"
		names+=("$name")
		program[$name]=$p
		protection[$name]=$on
		controls[$name]=$off
	done <<<"$list"
done
[ ${#names[@]} -gt 0 ] || die "no such attack"

# try NAME KEY [self]: one run, whose outcome is kept under NAME and KEY.
try() {
	local text status=0 seconds=${ATTACK_SECONDS:-3}

	[ "$2" = on ] || seconds=$((20 * seconds))
	text=$(ATTACK_SECONDS=$seconds "$dir/${program[$1]}" "$1" ${3:+"$3"} \
		2>&1) || status=$?
	case $status,$text in
	0,refused* | 1,succeeded | 3,"not possible"*) ;;
	*) text="broken, status $status: ${text//$'\n'/; }" ;;
	esac
	outcome[$1/$2]=$text
}

# Every set of parameters that somebody wants, each once.
mapfile -t sets < <(for name in "${names[@]}"; do
	printf '%s\n' "${protection[$name]}"
	tr '|' '\n' <<<"${controls[$name]}" | sed '/^self:/d'
done | sort -u)

passed=0 failed=0 impossible=0
declare -A told

# tell NAME: prints its line, once all of its outcomes are known.
tell() {
	local name=$1 line ok=yes c list

	[ -z "${told[$name]:-}" ] || return 0
	[ -n "${outcome[$name/on]:-}" ] || return 0
	IFS='|' read -ra list <<<"${controls[$name]}"
	for c in "${list[@]}"; do
		[ -n "${outcome[$name/$c]:-}" ] || return 0
	done

	line="attack $name: ${outcome[$name/on]}"
	[[ ${outcome[$name/on]} == refused* ]] || ok=
	for c in "${list[@]}"; do
		line="$line, control (${c#self: }): ${outcome[$name/$c]}"
		[ "${outcome[$name/$c]}" = succeeded ] || ok=
	done
	told[$name]=yes
	if [[ ${outcome[$name/on]} == "not possible"* ]]; then
		impossible=$((impossible + 1))
	elif [ -n "$ok" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		line="FAILED $line"
	fi
	printf '%s\n' "$line"
}

for set in "${sets[@]}"; do
	# shellcheck disable=SC2086 # a list of parameters
	load $set
	for name in "${names[@]}"; do
		IFS='|' read -ra list <<<"${controls[$name]}"
		for c in "${list[@]}"; do
			if [[ $c == self:* ]]; then
				[ "$set" != "${protection[$name]}" ] ||
					try "$name" "$c" self
			elif [ "$set" = "$c" ]; then
				try "$name" "$c"
			fi
		done
		[ "$set" != "${protection[$name]}" ] || try "$name" on
		tell "$name"
	done
done

load
[ "$impossible" -eq 0 ] || printf '%s not possible here\n' "$impossible"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
