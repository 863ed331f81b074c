#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/granted.sh TE [vm/run option...]
#
# Adds a module that audit2allow has made of the refusals of one_t to Debian's
# policy, as an administrator would, and runs the test that it grants what was
# refused. The last line is "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
te=$1
shift
out=$top/build/tests/selinux
"$top/tests/selinux/debian.sh" "$out/granted.d" "$top/selinux/softsgx.te" \
	"$top/selinux/softsgx_example.te" "$out/softsgx_test.te" "$te"
# A program of the tests finds its files beside itself.
cp "$out/granted" "$out/key.pem" "$out/granted.d/"
SOFTSGX_POLICY=debian "$top/vm/run" --append "security=selinux audit=1" "$@" -- \
	"$out/granted.d/granted"
