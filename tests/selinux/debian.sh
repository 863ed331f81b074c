#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/debian.sh OUT MODULE.te...
#
# Builds modules with Debian's selinux-policy-dev, links them with the modules of
# Debian's selinux-policy-default, and leaves in OUT
#   policy.debian         the policy as the kernel loads it
#   store/                the policy store, with etc/selinux/default in it
#   modules/              the modules (.pp), and what else make leaves there
# Beside MODULE.te there may be .if and .fc. Both packages are fetched and
# unpacked, not installed; the host's own policy, if any, is not touched.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$(realpath -m "$1")
shift

root=$("$top/vm/debs" selinux selinux-policy-default selinux-policy-dev \
	semodule-utils)
devel=$root/usr/share/selinux/devel
debian=$root/usr/share/selinux/default

# run_semodule STORE OPTION...
run_semodule() {
	local store=$1
	shift
	semodule -p "$store" -s default -X 100 -n -N "$@" 2>&1 |
		{ grep -v 'not in password file$' || :; } >&2
}

# One at a time: the store is shared, and OUT may be.
exec 9>"$root.lock"
flock 9

base=$root.store
if [ ! "$base/done" -nt "$root/packages" ]; then
	echo "linking Debian's policy" >&2
	rm -rf "$base"
	mkdir -p "$base/etc/selinux" "$base/var/lib/selinux"
	cp -a "$root/etc/selinux/default" "$base/etc/selinux/"
	cp -a "$root/var/lib/selinux/default" "$base/var/lib/selinux/"
	printf 'module-store = direct\nexpand-check = 0\n' \
		>"$base/etc/selinux/semanage.conf"
	# As the package's postinst does it: all modules are installed, and these
	# are not in use.
	off=(amtu bugzilla cobbler condor cyphesis git ksmtuned likewise livecd
		nessus numad oddjob openca soundserver thunderbird updfstab
		usernetctl)
	read -r -d '' -a names <"$debian/.modules" || :
	names=("${names[@]/#/-i$debian/}")
	run_semodule "$base" "${names[@]/%/.pp.bz2}" "${off[@]/#/-d}"
	touch "$base/done"
fi

modules=$out/modules
rm -rf "$modules"
mkdir -p "$modules"
for te; do
	cp "$te" "$modules/"
	for other in "${te%.te}.if" "${te%.te}.fc"; do
		[ ! -e "$other" ] || cp "$other" "$modules/"
	done
done
# What Debian's Makefile says, with the place where it is unpacked.
make --no-print-directory -C "$modules" -f "$devel/include/Makefile" \
	HEADERDIR="$devel/include" NAME=default TYPE=mcs AWK=awk \
	SEMOD_PKG="$root/usr/bin/semodule_package" \
	>"$out/modules.log" 2>&1 || {
	cat "$out/modules.log" >&2
	exit 1
}

store=$out/store
rm -rf "$store"
cp -a "$base" "$store"
packages=("$modules"/*.pp)
run_semodule "$store" "${packages[@]/#/-i}"
cp "$store"/etc/selinux/default/policy/policy.* "$out/policy.debian"
