# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""/proc/kallsyms, as the profiles have kept it."""


def symbols(path):
    """Sorted addresses, and the names for them."""
    found = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            field = line.split()
            if field[1] in "tT":
                found[int(field[0], 16)] = " ".join(field[2:])
    addresses = sorted(found)
    return addresses, [found[a] for a in addresses]
