#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/selinux/memfd.py POLICY >POLICY
#
# Gives a binary policy the capability memfd_class, the name of which Debian 12's
# compilers do not know. Linux 7.2 has it, Linux 6.1 does not.

import struct
import sys

MEMFD_CLASS = 13

policy = bytearray(open(sys.argv[1], "rb").read())
# Magic, the length of a name and the name; version, flags, two counts.
at = 8 + struct.unpack_from("<I", policy, 4)[0] + 16
# The bitmap of capabilities: size of a word, bits, words; each with its start.
size, _, words, start = struct.unpack_from("<4I", policy, at)
assert size == 64 and words == 1 and start == 0, "not a bitmap of one word"
(bits,) = struct.unpack_from("<Q", policy, at + 16)
struct.pack_into("<Q", policy, at + 16, bits | 1 << MEMFD_CLASS)
sys.stdout.buffer.write(policy)
