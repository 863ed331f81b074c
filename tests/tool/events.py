#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Looks whether a trace has everything that softsgx trace can tell.

Usage: events.py TEXT JSON CHROME

The files are traces of the same program, run three times. Prints "ok" or "not
ok" for each, and what is missing or wrong.
"""

import json
import re
import sys

# Event, phase, a part of what it says (a regular expression).
WANTED = [
    ("CREATE", "B", ""), ("CREATE", "E", "^0$"),
    ("ADD_PAGES", "B", ""), ("INIT", "E", "^0$"),
    ("inside", "B", "^TCS 0x"), ("inside", "E", "^EEXIT$"),
    # Why it was left otherwise
    ("inside", "E", "^AEX: #UD$"),
    ("inside", "E", "^AEX: #PF at 0x[0-9a-f]+, error code 0x[0-9a-f]+$"),
    ("inside", "E", "^AEX: interrupt, signal or system call$"),
    ("page fault", "i", "^0x[0-9a-f]+ [rwx]: resolved$"),
    ("EREPORT", "i", "^RBX 0x"), ("EGETKEY", "i", "^RBX 0x"),
    # SGX2
    ("RESTRICT_PERMISSIONS", "B", ""), ("RESTRICT_PERMISSIONS", "E", "^0$"),
    ("MODIFY_TYPES", "B", ""), ("MODIFY_TYPES", "E", "^0$"),
    ("REMOVE_PAGES", "B", ""), ("REMOVE_PAGES", "E", "^0$"),
    ("EACCEPT", "i", "^RBX 0x"), ("EAUG", "i", "^0x[0-9a-f]+: "),
    ("page changed", "i", "^0x[0-9a-f]+: 0$"),
    # An EPC that is too small
    ("EWB", "i", "^0x[0-9a-f]+: 0$"), ("ELDU", "i", "^0x[0-9a-f]+: 0$"),
    # A refusal
    ("denied", "i", "^ENCLAVE_CREATE, inode [0-9]+, line 3$"),
    ("CREATE", "E", "^Permission denied$"),
]


def from_text(name):
    line = re.compile(r" *([0-9]+\.[0-9]{3})  (.{20,}?) +([0-9]+|-)  ([<> ]) "
                      r"([A-Za-z0-9_ ]+?)(?:: (.*))?$")
    for text in open(name, encoding="utf-8"):
        match = line.match(text.rstrip("\n"))
        assert match, text
        us, who, _, mark, event, detail = match.groups()
        tid = int(who.rstrip().rsplit("/", 1)[1])
        phase = {"<": "E", ">": "B", " ": "i"}[mark]
        yield float(us) * 1000, tid, event, phase, detail or ""


def from_json(name):
    phases = {"begin": "B", "end": "E", "instant": "i"}
    for text in open(name, encoding="utf-8"):
        e = json.loads(text)
        assert isinstance(e["thread"], str) and e["pid"] > 0, e
        yield e["us"], e["tid"], e["event"], phases[e["phase"]], e["detail"]


def from_chrome(name):
    """As the Trace Event Format wants them: an array of objects."""
    for e in json.load(open(name, encoding="utf-8")):
        assert isinstance(e["pid"], int) and isinstance(e["tid"], int), e
        if e["ph"] == "M":
            assert e["name"] in ("process_name", "thread_name"), e
            assert isinstance(e["args"]["name"], str), e
            continue
        assert e["ph"] in "BEi" and isinstance(e["ts"], (int, float)), e
        assert e["ph"] != "i" or e["s"] == "t", e
        detail = e["args"].get("end" if e["ph"] == "E" else "what", "")
        yield e["ts"], e["tid"], e["name"], e["ph"], detail


def wrong(events):
    """What is missing, or does not fit together."""
    missing, inside, last = list(WANTED), {}, 0
    for us, tid, event, phase, detail in events:
        if us < last:
            return "%s at %s is before what was told before" % (event, us)
        last = us
        stack = inside.setdefault(tid, [])
        if phase == "B":
            stack.append(event)
        elif phase == "E" and (not stack or stack.pop() != event):
            return "%s ends at %s and has not begun" % (event, us)
        missing = [w for w in missing if w[:2] != (event, phase) or
                   not re.search(w[2], detail)]
    left = [stack for stack in inside.values() if stack]
    if left:
        return "not ended: %s" % left
    return "missing: %s" % missing if missing else None


failed = 0
for reader, path in zip((from_text, from_json, from_chrome), sys.argv[1:]):
    reason = wrong(reader(path))
    failed += reason is not None
    print("not ok" if reason else "ok", "what is in", path, reason or "")
sys.exit(failed != 0)
