#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/packages/node.sh [vm/run option...]
#
# A machine with softsgx as a node of a cluster, in the VM, without a cluster:
# what Intel's device plugin, its DaemonSet and NFD look at (doc/kubernetes.md) is
# there, our rule for NFD gives the label and the resource, and containers that
# runc makes as a kubelet has them made run an enclave, or cannot. The last line
# is "N passed, N failed".

set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1

if [ "${SOFTSGX_NODE-}" != inside ]; then
	make --no-print-directory -s -C examples || exit 1
	debs=$(vm/debs node runc udev libsystemd-shared libkmod2 libseccomp2) || exit 1
	SOFTSGX_NODE=inside vm/run "$@" -- tests/packages/node.sh "$debs"
	exit
fi

debs=$1
work=/run/node
mkdir -p $work/root
passed=0
failed=0

# check WHAT STATUS TEXT COMMAND...: it ends so, and says that.
check() {
	local what=$1 want=$2 text=$3 status=0
	shift 3
	"$@" >$work/said 2>&1 </dev/null || status=$?
	if [ "$status" -eq "$want" ] &&
		{ [ -z "$text" ] || grep -qF -- "$text" $work/said; }; then
		echo "ok     $what"
		passed=$((passed + 1))
	else
		echo "not ok $what: status $status"
		sed 's/^/  /' $work/said
		failed=$((failed + 1))
	fi
}

export LD_LIBRARY_PATH=$debs/usr/lib/x86_64-linux-gnu:$debs/usr/lib/x86_64-linux-gnu/systemd

# The groups of softsgx-dkms, and its rules, by udev.
while read -r kind name _; do
	[ "$kind" != g ] || getent group "$name" >/dev/null || groupadd --system "$name"
done <debian/softsgx-dkms.sysusers
mkdir -p /run/udev/rules.d
cp debian/softsgx-dkms.udev /run/udev/rules.d/60-softsgx.rules
(exec -a systemd-udevd "$debs/bin/udevadm" --daemon)
"$debs/bin/udevadm" trigger --action=add --subsystem-match=misc
"$debs/bin/udevadm" settle
for name in enclave provision; do
	group=sgx
	[ $name = enclave ] || group=sgx_prv
	check "the plugin and its DaemonSet: /dev/sgx_$name is a device, for $group" 0 \
		"character special file 660 root $group" \
		stat -c '%F %a %U %G' "/dev/sgx_$name"
	check "the plugin of old: /dev/sgx/$name" 0 "/dev/sgx_$name" \
		readlink -f "/dev/sgx/$name"
done

# The commands of doc/kubernetes.md for the node, as they stand there.
sed -n '/^## The node/,/^## /s/^    //p' doc/kubernetes.md >$work/commands
check "the commands for the node" 0 "" sh -e $work/commands
features=/etc/kubernetes/node-feature-discovery/features.d/softsgx
check "they say the size of the EPC as the kernel does" 0 \
	"softsgx-epc=$(cat /sys/devices/system/node/node0/x86/sgx_total_bytes)" \
	cat $features
check "NFD: our rule sets the label and the resource" 0 \
	"intel.feature.node.kubernetes.io/sgx=true sgx.intel.com/epc=134217728" \
	tests/packages/manifests.py --node packaging/kubernetes.yaml $features
mv $features $work/features
check "control: without the file, no resource" 1 "" \
	sh -c "tests/packages/manifests.py --node packaging/kubernetes.yaml $features |
		grep sgx.intel.com/epc"
mv $work/features $features

# The files of all containers: this machine's, without what is mounted there.
mount --bind / $work/root

# container WHAT STATUS TEXT UID GROUP DEVICE: hello in a container of its own,
# with this group besides, and what the plugin answers for the resource, or not.
count=0
container() {
	local bundle=$work/bundle.$((++count))
	mkdir -p $bundle
	tests/packages/bundle.py $work/root "$4" "$(getent group "$5" | cut -d: -f3)" "$6" \
		"$PWD/build/examples" ./hello >$bundle/config.json
	check "$1" "$2" "$3" "$debs/usr/sbin/runc" --root $work/runc run \
		--bundle $bundle hello
}
container "a pod with the resource, as root" 0 "all steps worked" 0 root /dev/sgx_enclave
container "as a user, of the group sgx" 0 "all steps worked" 1000 sgx /dev/sgx_enclave
container "control: of another group" 1 "Permission denied" 1000 users /dev/sgx_enclave
container "control: without the resource" 1 "No such file" 0 root none
umount $work/root
"$debs/bin/udevadm" control --exit
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
