#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: bench/check.sh [RESULT]
#
# Measures what is counted in the VM, with Linux 6.1 (or takes what bench/run.sh
# --short has left in RESULT), and fails for each figure that is more than 5 %
# above what bench/expected-6.1 has for it, and for each row that no longer meets
# its target, to half a per cent. The last line is "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
result=${1-$top/build/bench/6.1-short.json}
if [ $# -eq 0 ]; then
	rm -f "$result"
	"$top/bench/run.sh" --short >/dev/null || [ -s "$result" ]
fi

awk '
function number(text) {
	gsub(/[^0-9.]/, "", text)
	return text + 0
}
function judge(what, good, text) {
	if (good)
		passed++
	else
		failed++
	printf "%s %s: %s\n", good ? "ok    " : "not ok", what, text
}
FNR == NR {
	if (split($0, column, "\t") >= 2 && !/^#/) {
		expected[column[2]] = column[1]
		misses[column[2]] = column[3]
	}
	next
}
/"what"/ {
	split($0, part, "\"")
	what = part[4]
	figure = number(part[7])
	ratio = number(part[15])
	target = number(part[17])
	seen[what]
	if (!(what in expected)) {
		judge(what, 0, "not in bench/expected-6.1")
		next
	}
	if (expected[what] != "-")
		judge(what, figure <= expected[what] * 1.05,
			sprintf("%d instructions, %d expected", figure,
				expected[what]))
	if (target)
		judge(what, misses[what] != "" || ratio <= target * 1.005,
			sprintf("%.3f of \"%s\", %.3f wanted%s", ratio,
				part[10], target, misses[what] == "" ? "" :
				", a known miss: " misses[what]))
}
END {
	for (what in expected)
		if (!(what in seen))
			judge(what, 0, "not measured")
	printf "%d passed, %d failed\n", passed, failed
	exit failed || !passed
}' "$top/bench/expected-6.1" "$result"
