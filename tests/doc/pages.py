#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Compares what the pages name with what there is.

Usage: tests/doc/pages.py

Links, paths, make's targets, the module's parameters and tracepoints, packages,
the directories of the tests. The last line is "N passed, N failed".
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
# Paths of other places, and what is only there once it has been made.
ELSEWHERE = re.compile(r"build/|\.github/|~|[/<$]|.*(\.io|\.com)/")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources(*patterns):
    return "".join(read(f) for p in patterns for f in sorted(glob.glob(p)))


def links(page, text):
    """Where the page points to, and nothing is."""
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if ":" not in target and not os.path.exists(os.path.join(os.path.dirname(page), target)):
            yield target


def paths(text):
    """Paths between back-quotes, and those that begin a command."""
    words = re.findall(r"`([\w.*/-]+)[^`\n]*`", text)
    words += re.findall(r"^    (?:\$ )?([\w.-]+/[\w./-]+)(?:\s|$)", text, re.M)
    for word in words:
        if "/" in word and not ELSEWHERE.match(word) and not glob.glob(word):
            yield word


def targets(text):
    """Targets of the top Makefile."""
    for line in re.findall(r"\bmake((?: [a-z-]+)+)(?=[`\s;])", text):
        yield from (w for w in line.split() if w.startswith("check-") or w in
                    {"run", "tool", "programs", "packages", "bench", "lint", "module", "deps"})


def lack(wanted, text, form=r"(?<![\w-])%s(?![\w-])"):
    """Those that the text does not mention."""
    return [w for w in wanted if not re.search(form % re.escape(w), text)]


def main():
    if sys.argv[1:]:
        print(__doc__.strip())
        sys.exit(0 if sys.argv[1] == "--help" else 2)
    os.chdir(TOP)
    makefile = read("Makefile")
    phony = re.search(r"\.PHONY:((?:.*\\\n)*.*)", makefile)[1].replace("\\", " ").split()
    pages = sorted(glob.glob("*.md") + glob.glob("doc/*.md"))
    module = sources("driver/*.[ch]", "access/*.[ch]")
    uapi = read("doc/uapi.md")
    # (name, what should not be found)
    checks = []
    for page in pages:
        text = read(page)
        checks += [(page + ": links", list(links(page, text))),
                   (page + ": paths", list(paths(text))),
                   (page + ": targets of make", [t for t in targets(text) if t not in phony])]
    params = re.findall(r"\bmodule_param(?:_cb|_named)?\((\w+)", module)
    events = re.findall(r"\bTRACE_EVENT\((\w+)|\bDEFINE_EVENT\(\w+,\s*(\w+)", module)
    arrays = re.findall(r"^(?:run|check|packages)=\(([^)]*)\)", read("vm/deps"), re.M)
    job = read("doc/ci.md").split("    jobs:")[1].split("\n\n")[0].splitlines()[1:]
    parts = [os.path.basename(d) for d in glob.glob("tests/*") if os.path.isdir(d)]
    checks += [
        ("make help: all targets",
         lack(phony, subprocess.run(["make", "-s", "help"], text=True, check=True,
                                    stdout=subprocess.PIPE).stdout,
              r"(?m)^make %s(?= )")),
        ("doc/uapi.md: parameters of the module", lack(params, uapi)),
        ("doc/uapi.md: tracepoints", lack([a or b for a, b in events], uapi + read("doc/access-control.md"))),
        ("doc/dependencies.md: packages",
         lack(" ".join(arrays).split(), read("doc/dependencies.md"))),
        ("doc/testing.md: directories of tests", lack(parts, read("doc/testing.md"))),
        ("README.md: all pages", lack([p for p in pages if p.startswith("doc/")],
                                      read("README.md"))),
        ("doc/ci.md: the job", [line for line in job if line.strip() and
                                line.strip() not in read("packaging/github-actions.yml")]),
    ]
    if not params or not events or not arrays or not job:
        sys.exit("pages.py: it does not find what to compare with")
    for name, found in checks:
        print("%s %s" % ("not ok" if found else "ok    ", name))
        for what in found:
            print("       " + what)
    failed = sum(bool(found) for name, found in checks)
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    sys.exit(failed > 0)


main()
