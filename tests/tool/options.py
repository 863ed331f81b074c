#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Looks whether the manual page and the completion know what the command knows.

Usage: options.py SOFTSGX MAN COMPLETION

What softsgx --help and softsgx VERB --help list is compared with the sections of
the manual page and with what bash is offered. The last line is "N passed, N
failed".
"""

import re
import subprocess
import sys

TOOL, MAN, COMPLETION = sys.argv[1:]
POLICY = ["check", "load", "show", "test", "explain"]
# Of argp; and what all verbs have is described once.
EVERYWHERE = {"--help", "--usage"}
failed = passed = 0


def check(name, difference):
    global failed, passed
    if difference:
        failed += 1
        print("not ok", name, difference)
    else:
        passed += 1
        print("ok", name)


def output(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True,
                          encoding="utf-8").stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def in_help(*verb):
    # A line of the list: blanks, short option, long option.
    lines = re.findall(r"^ {2,6}(?:-\w, | {4})?(--[a-z-]+)",
                       output(TOOL, *verb, "--help"), re.MULTILINE)
    return set(lines) - EVERYWHERE


def completed(words, index):
    script = """. "$0"; COMP_CWORD=%d; COMP_WORDS=("$@"); _softsgx
        printf '%%s\\n' "${COMPREPLY[@]}" """ % index
    found = output("bash", "-c", script, COMPLETION, "softsgx", *words)
    return {word.rstrip("=") for word in found.split()}


with open(MAN, encoding="utf-8") as file:
    page = file.read().replace("\\-", "-")
page = re.sub(r"\\f[A-Z]", "", page)
# Name of a section: its text.
sections = dict(re.findall(r"^\.S[SH] (.*)\n((?:(?!\.S[SH] ).*\n)*)", page,
                           re.MULTILINE))
synopsis = sections["SYNOPSIS"]
layout = options(sections["Enclaves in ELF files"])

verbs = set(re.findall(r"^  ([a-z]+) ", output(TOOL, "--help"), re.MULTILINE))
check("verbs in the manual page",
      verbs ^ {name for name in sections if name.islower()})
check("verbs in the synopsis",
      verbs ^ set(re.findall(r"softsgx ([a-z]+)", synopsis)))
check("verbs in the completion",
      verbs ^ {word for word in completed([""], 1) if word[0] != "-"})
check("verbs of policy in the completion",
      set(POLICY) ^ {word for word in completed(["policy", ""], 2)
                     if word[0] != "-"})
check("verbs of policy in the manual page",
      {verb for verb in POLICY if not re.search(r"\b%s\b" % verb,
                                                sections["policy"])})

for verb in sorted(verbs):
    calls = [[verb]] if verb != "policy" else [[verb, sub] for sub in POLICY]
    known = options(sections[verb]) | {"--json"}
    known |= options("\n".join(line for line in synopsis.split("\n")
                               if '"softsgx %s"' % verb in line))
    if re.search(r'\b%s\b' % verb, sections["Enclaves in ELF files"]):
        known |= layout
    every = set()
    for call in calls:
        have = in_help(*call)
        every |= have
        check(" ".join(call) + ": --json", {"--json"} - have
              if verb != "run" else have & {"--json"})
        check(" ".join(call) + ": completion",
              have ^ (completed(call + ["--"], len(call) + 1) - EVERYWHERE))
    check(verb + ": manual page lacks", every - known)
    check(verb + ": manual page has too much", known - every - {"--json"})

print("%d passed, %d failed" % (passed, failed))
sys.exit(failed != 0)
