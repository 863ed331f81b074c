#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Usage: show.py TRACE KALLSYMS: instructions of each function, see run.sh."""

import bisect
import collections
import sys

from kallsyms import symbols

TITLES = ["EENTER + EEXIT", "EENTER + EEXIT by the vDSO",
          "first touch, EADDed page", "EAUG + EACCEPT",
          "teardown of 230 pages, and waiting for it",
          "ADD_PAGES of 16 pages, not measured, for the first time",
          "ADD_PAGES of 16 pages, not measured",
          "32 pages that come back, and as many that go"]


def main():
    addresses, names = symbols(sys.argv[2])
    section = -1
    counts = []
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            line = line.strip()
            if line == "begin":
                counts.append(collections.Counter())
                section += 1
            elif line != "end":
                i = bisect.bisect_right(addresses, int(line, 16)) - 1
                counts[section][names[i]] += 1
    for title, count in zip(TITLES, counts):
        print(f"{title}: {sum(count.values())} instructions")
        for name, n in count.most_common(40):
            print(f"  {n:6}  {name}")


main()
