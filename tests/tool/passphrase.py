#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Gives a passphrase at a terminal, and looks how it was asked for.

Usage: passphrase.py PASSPHRASE STATUS SOFTSGX ARGUMENT...

The command must ask once, with the name of the key, must not show what is typed,
and must end with STATUS.
"""

import os
import pty
import sys
import termios
import time

passphrase, status, argv = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
prompt = "Passphrase of %s: " % argv[argv.index("-k") + 1]
pid, fd = pty.fork()
if not pid:
    os.execv(argv[0], argv)
said = b""
typed = False
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if prompt.encode() in said and not typed:
        typed = True
        # It asks first, and then turns the echo off.
        end = time.monotonic() + 10
        while (termios.tcgetattr(fd)[3] & termios.ECHO
               and time.monotonic() < end):
            time.sleep(0.01)
        os.write(fd, passphrase.encode() + b"\n")
text = said.decode()
ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(text)
assert text.count("Passphrase") == text.count(prompt) == 1, "asked otherwise"
assert passphrase not in text.replace("wrong passphrase", ""), "it was shown"
assert ended == status, ended
