#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Usage: serve.py ADDRESS PORT [COUNT]

Answers COUNT connections (1), a line each, in capitals. Port 0 is any; which one
is printed first.
"""
import socket
import sys

with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    print(server.getsockname()[1], flush=True)
    left = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    while left:
        connection = server.accept()[0]
        with connection, connection.makefile("rw") as stream:
            line = stream.readline()
            # Somebody who only looked whether it is there.
            if not line:
                continue
            stream.write(line.upper())
        left -= 1
