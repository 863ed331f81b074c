#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Usage: shared.py TRACE KALLSYMS: cache lines of two threads, see shared.sh."""

import bisect
import collections
import sys

from kallsyms import symbols

LINE = 64


def entries(path):
    """For each processor its entries: a list of (store, line, instruction)."""
    found = collections.defaultdict(list)
    now = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            field = line.split()
            cpu = int(field[0])
            if field[1] == "begin":
                now[cpu] = []
            elif field[1] == "end":
                found[cpu].append(now.pop(cpu))
            else:
                now[cpu].append((field[1] == "w", int(field[2], 16) // LINE,
                                 int(field[3], 16)))
    return found


def main():
    addresses, names = symbols(sys.argv[2])
    used = {}
    for cpu, each in sorted(entries(sys.argv[1]).items()):
        # Those that an interrupt came into have more.
        least = min(len(entry) for entry in each)
        quiet = [entry for entry in each if len(entry) == least]
        used[cpu] = [access for entry in quiet for access in entry]
        lines = {line for _, line, _ in used[cpu]}
        written = {line for store, line, _ in used[cpu] if store}
        print(f"processor {cpu}: {len(quiet)} entries of {least} accesses, "
              f"{len(lines)} cache lines, {len(written)} of them written")
    if len(used) != 2:
        sys.exit("two processors are wanted")
    touched = [{line for _, line, _ in used[cpu]} for cpu in used]
    written = [{line for store, line, _ in used[cpu] if store} for cpu in used]
    common = touched[0] & touched[1]
    shared = (written[0] & touched[1]) | (written[1] & touched[0])
    print(f"{len(common)} lines are used by both, "
          f"{len(shared)} of them written by one")
    for line in sorted(shared):
        where = collections.Counter()
        for cpu in used:
            for store, at, address in used[cpu]:
                if at == line:
                    i = bisect.bisect_right(addresses, address) - 1
                    where[f"{names[i]} {'writes' if store else 'reads'}"] += 1
        print(f"  {line * LINE:#x}: " + ", ".join(sorted(where)))
    sys.exit(bool(shared))


main()
