#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Runs the sessions of a page, and compares what comes out.

Usage: tests/doc/session.py [--update] PAGE

A session is an indented block whose lines are "$ COMMAND", each followed by what
it prints. All commands of a page run one after the other, in one shell, which
starts in the top directory, with build/tool in PATH. What is printed has to be what
stands there, where a line "..." stands for any lines, numbers of 16 hex digits and
more are all alike, and the top directory is /home/user/softsgx. --update puts what came out into the page, except where it has a "...".
The last line is "N passed, N failed".
"""
import os
import re
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
MARK = "=== session.py: status "


def is_output(lines, i):
    return i < len(lines) and lines[i].startswith("    ") and \
        not lines[i].startswith("    $ ")


def blocks(lines):
    """(command, line of the first output, line behind the last one), each."""
    i = 0
    while i < len(lines):
        if not lines[i].startswith("    $ "):
            i += 1
            continue
        command = lines[i][6:]
        i += 1
        while command.endswith("\\"):
            command = command[:-1] + lines[i][4:].lstrip("> ")
            i += 1
        first = i
        while is_output(lines, i) or \
                (lines[i:i + 1] == [""] and is_output(lines, i + 1)):
            i += 1
        yield command, first, i


class Shell:
    def __init__(self):
        self.process = subprocess.Popen(
            ["bash"], cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            # The secret of these runs is not the user's.
            env=dict(os.environ, PATH=TOP + "/build/tool:" + os.environ["PATH"],
                     XDG_DATA_HOME=TOP + "/build/tests/doc"))

    def run(self, command):
        self.process.stdin.write(
            "{ %s\n} </dev/null\necho; echo '%s'$?\n" % (command, MARK))
        self.process.stdin.flush()
        out = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line.startswith(MARK):
                # The echo that ends a line which the command did not end.
                if out and out[-1] == "":
                    out.pop()
                return out
            out.append(line.rstrip().replace(TOP, "/home/user/softsgx"))
        sys.exit("session.py: the shell ended at: " + command)


def alike(line):
    return re.sub(r"\b[0-9a-f]{16,}\b", "#", line)


def matches(wanted, seen):
    pattern = ""
    for line in wanted:
        pattern += r"(?:[^\n]*\n)*?" if line == "..." else \
            re.escape(alike(line)) + r"\n"
    text = "".join(alike(line) + "\n" for line in seen)
    return re.fullmatch(pattern, text) is not None


def main():
    args = sys.argv[1:]
    update = args[:1] == ["--update"]
    if update:
        args = args[1:]
    if len(args) != 1 or args[0].startswith("-"):
        print(__doc__.strip())
        sys.exit(0 if args == ["--help"] else 2)
    page = os.path.abspath(args[0])
    with open(page, encoding="utf-8") as file:
        lines = file.read().split("\n")
    shell = Shell()
    passed = failed = 0
    new, done = [], 0
    for command, first, end in blocks(lines):
        wanted = [line[4:] for line in lines[first:end]]
        seen = shell.run(command)
        new += lines[done:first]
        done = end
        if update and "..." not in wanted:
            new += ["    " + line for line in seen]
            continue
        new += lines[first:end]
        if matches(wanted, seen):
            print("ok     " + command)
            passed += 1
        else:
            print("not ok " + command)
            print("\n".join("  " + line for line in seen))
            failed += 1
    if update:
        with open(page, "w", encoding="utf-8") as file:
            file.write("\n".join(new + lines[done:]))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed > 0)


main()
