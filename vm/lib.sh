# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# shellcheck shell=bash
#
# What the scripts of vm/ have in common. Sourced, never run.

set -eEuo pipefail
# The status of a failure of the VM itself, as opposed to the command's.
readonly vm_failed=125
trap 'exit "$vm_failed"' ERR

# A stream that is closed would become the first file that is opened.
for fd in 0 1 2; do
	[ -e /proc/self/fd/$fd ] || eval "exec $fd<>/dev/null"
done
unset CDPATH

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=vm/${0##*/}

say() {
	printf '%s: %s\n' "$program" "$*" >&2
}

# What takes long is shown on a terminal, in a line that goes away again, and
# nowhere else.
if [ -t 2 ]; then
	exec {progress_fd}>&2
else
	progress_fd=
fi

progress() {
	[ -z "$progress_fd" ] || printf '\r\033[K%s: %s' "$program" "$*" >&"$progress_fd"
}

progress_end() {
	[ -z "$progress_fd" ] || printf '\r\033[K' >&"$progress_fd"
}

# with_progress TEXT COMMAND...: shows TEXT with the seconds while COMMAND runs.
with_progress() {
	local text=$1 seconds=0 ticker status=0
	shift
	if [ -z "$progress_fd" ]; then
		"$@"
		return
	fi
	progress "$text"
	# Not longer than this script, whatever ends it.
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		progress "$text ($((++seconds)) s)"
	done >/dev/null &
	ticker=$!
	("$@") || status=$?
	kill "$ticker"
	wait "$ticker" 2>/dev/null || :
	progress_end
	return "$status"
}

die() {
	say "$*"
	exit "$vm_failed"
}

# may_write DIR: whether it can be written to, or made.
may_write() {
	[ -w "$1" ] || { [ ! -e "$1" ] && [ -w "${1%/*}" ]; }
}

# What is fetched and built is kept in the source tree, or, where this is
# installed or somebody else's, in the user's cache.
if [ -e "$top/Makefile" ] && may_write "$top/build"; then
	build=$top/build
else
	cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
	[ -n "$cache" ] || die "no place to build in: neither XDG_CACHE_HOME nor HOME is set"
	build=$cache/softsgx
fi
# Neither make nor the kernel's build copes with these.
case $build in
*[[:space:]:\#\$\"\'\\]*) die "blanks or one of :#\$\"'\\ in the path '$build'" ;;
esac

bad_usage() {
	say "$*"
	printf 'Try: %s --help\n' "$0" >&2
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
	command -v "$1" >/dev/null || die "$1 is missing: run $top/vm/deps run"
}

# Waits for the lock NAME, which serialises whoever fills build/ in parallel,
# and holds it until the script ends.
take_lock() {
	local fd

	mkdir -p "$build"
	exec {fd}>"$build/.$1.lock"
	flock "$fd"
}

# set_kernel NAME: sets "suite" and "kernel" for a kernel that is named by its
# number or by Debian's suite. That of sid grows: vm/kernel notes what it found.
set_kernel() {
	case $1 in
	bookworm | 6.1) suite=bookworm kernel=6.1 ;;
	trixie | 6.12) suite=trixie kernel=6.12 ;;
	sid)
		suite=sid kernel=7.2
		[ ! -e "$build/kernel/sid" ] || kernel=$(<"$build/kernel/sid")
		;;
	7.[2-9] | 7.[1-9][0-9]) suite=sid kernel=$1 ;;
	# Bookworm's source, and its compiler.
	kasan) suite=bookworm kernel=kasan ;;
	*)
		bad_usage "no kernel '$1': there are bookworm (6.1), trixie (6.12), sid (7.2 or later) and kasan"
		;;
	esac
}

# use_suite SUITE: makes apt work for a suite of Debian, with its newest package
# lists and a configuration of our own under build/apt, so that neither root nor
# the host's lists are needed; nobody else uses it until the script ends.
use_suite() {
	local apt lock mirror=${SOFTSGX_MIRROR:-http://deb.debian.org}
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	mkdir -p "$build/apt/$1"
	apt=$(realpath "$build/apt/$1")
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	exec {lock}>"$apt/lock"
	flock "$lock"
	: >"$apt/status"
	{
		printf 'deb [signed-by=%s] %s/debian %s main\n' \
			"$keyring" "$mirror" "$1"
		[ "$1" = sid ] || printf 'deb [signed-by=%s] %s/debian-security %s-security main\n' \
			"$keyring" "$mirror" "$1"
	} >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State "$apt/state";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
	END
	export APT_CONFIG=$apt/apt.conf

	with_progress "reading the package lists of Debian $1" \
		apt-get -q -q -o APT::Update::Error-Mode=any update >&2 ||
		die "no package lists of Debian $1 from $mirror: SOFTSGX_MIRROR names another mirror"
}

# unpack_packages DIRECTORY PACKAGE...: fetches them from the suite in use and
# unpacks them there, without installing anything.
unpack_packages() {
	local dir=$1 deb
	shift

	mkdir -p "$dir" "$dir.debs"
	(cd "$dir.debs" && apt-get -q -q download "$@" >&2) ||
		die "apt-get download failed for: $*"
	progress "unpacking into ${dir#"$top"/}"
	for deb in "$dir.debs"/*.deb; do
		# --keep-directory-symlink: trixie's packages bring /usr/lib only.
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$dir" --no-same-owner --keep-directory-symlink
	done
	rm -rf "$dir.debs"
}
