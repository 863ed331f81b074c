# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# shellcheck shell=bash
#
# What the scripts of vm/ have in common. Sourced, never run.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What is fetched and built is kept in the source tree, or, where this is
# installed, in the user's cache.
if [ -e "$top/Makefile" ]; then
	build=$top/build
else
	build=${XDG_CACHE_HOME:-$HOME/.cache}/softsgx
fi
program=vm/${0##*/}

# The exit status of a failure of the VM itself, as opposed to the command's.
readonly vm_failed=125

say() {
	printf '%s: %s\n' "$program" "$*" >&2
}

die() {
	say "$*"
	exit "$vm_failed"
}

bad_usage() {
	say "$*"
	printf 'Try: %s --help\n' "$program" >&2
	exit 2
}

# Prints the comment block at the head of the script, without its licence line.
usage() {
	sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
	exit 0
}

# need_value OPTION [VALUE]: refuses an option that lacks its value.
need_value() {
	[ $# -ge 2 ] || bad_usage "$1 needs a value"
}

need_command() {
	command -v "$1" >/dev/null || die "$1 is missing: run 'make deps'"
}

# Waits for the lock NAME, which serialises whoever fills build/ in parallel,
# and holds it until the script ends.
take_lock() {
	mkdir -p "$build"
	exec 9>"$build/.$1.lock"
	flock 9
}
