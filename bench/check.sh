#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/check.sh
#
# Measures entries in the VM, with Linux 6.1, and fails for each figure that is
# more than 5 % above what bench/expected-6.1 has for it. The last line is
# "N passed, N failed". Whether targets are met is bench/run.sh's to say.

set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
result=$top/build/bench/6.1-entry.json
rm -f "$result"
"$top/bench/run.sh" --entry >/dev/null || [ -s "$result" ]

# Of several rows with one figure, the first.
awk -F '\t' '
FNR == NR {
	split($0, part, "\"")
	figure = part[7]
	gsub(/[^0-9.]/, "", figure)
	if (!(part[4] in measured))
		measured[part[4]] = figure + 0
	next
}
/^#/ { next }
{
	if (!($2 in measured) || measured[$2] > $1 * 1.05) {
		failed++
		verdict = "not ok"
	} else {
		passed++
		verdict = "ok    "
	}
	printf "%s %s: %d instructions, %d expected\n", verdict, $2,
		measured[$2], $1
}
END {
	printf "%d passed, %d failed\n", passed, failed
	exit failed || !passed
}' "$result" "$top/bench/expected-6.1"
