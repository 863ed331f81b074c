#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/tool/trace.sh SOFTSGX EXAMPLES PAGING
#
# All that softsgx trace can tell, in each of its formats: SGX2 on an EPC that is
# too small, exceptions and interrupts, and a refusal. Run by module.sh, in the
# VM with 1 MiB of EPC, in the directory of its files; prints "ok" and "not ok",
# then "the end".

set -uo pipefail

tool=$1
examples=$2
paging=$3

# A program with a name that JSON and the rules have to escape.
mkdir refused
cp "$examples"/hello_enclave.* refused
cp "$examples/hello" 'refused/he"llo'
cat >trace.rules <<END
policy name=trace version=1
DEFAULT action=ALLOW
op=CREATE exe="$PWD/refused/he\\"llo" action=DENY
END
"$tool" policy load trace.rules || echo "not ok trace: rules"
cat >all.sh <<END
"$paging/sgx2" "RESTRICT_PERMISSIONS and EACCEPT" || exit 1
"$paging/sgx2" "EAUG, MODIFY_TYPES and REMOVE_PAGES" || exit 1
"$examples/hello" || exit 1
'refused/he"llo' && exit 1
exit 0
END
for format in text json chrome; do
	option=
	[ $format = text ] || option=--$format
	# shellcheck disable=SC2086 # none, or one word
	if "$tool" trace --buffer 65536 $option -o all.$format sh all.sh >said 2>&1; then
		echo "ok trace: all events as $format"
	else
		echo "not ok trace: all events as $format: $(cat said)"
	fi
done
"$(dirname "$0")/events.py" all.text all.json all.chrome
echo 'the end'
