#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Tests of softsgx run with a terminal, and with signals.

Usage: terminal.py SOFTSGX

Prints "ok" and "not ok".
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

TOOL = [sys.argv[1], "run", "--vm", "--"]
PATIENCE = 300


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def dialogue(argv, steps):
    """Runs argv on a terminal. Steps: (what it says, what happens then)."""
    pid, fd = pty.fork()
    if pid == 0:
        # The size is there before anyone asks for it.
        resize(0, 33, 77)
        os.execvp(argv[0], argv)
    out, at, steps = b"", 0, list(steps)
    before = termios.tcgetattr(fd)
    end = time.time() + PATIENCE
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
        while steps and steps[0][0] in out[at:]:
            word, action = steps.pop(0)
            at = out.index(word, at) + len(word)
            if callable(action):
                action(pid, fd)
            else:
                os.write(fd, action)
    try:
        restored = termios.tcgetattr(fd) == before
    except termios.error:
        restored = True
    if time.time() >= end:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return out, status, restored


def check(name, good, out=b""):
    if good:
        print("ok", name)
    else:
        print("not ok", name, repr(out[-600:]))
    sys.stdout.flush()


def terminal():
    script = """
        tty; stty size; test -t 2 && echo "error is one"
        echo ASK; read line; echo "got $line"
        stty raw -echo; echo RAW; key=$(head -c 1 | od -An -tx1); stty sane
        echo "key$key"
        trap 'stty size; exit 9' WINCH
        echo RESIZE; while :; do sleep 0.2; done
    """
    out, status, restored = dialogue(
        TOOL + ["sh", "-c", script],
        [(b"ASK", b"hello\r"), (b"RAW", b"\x03"),
         (b"RESIZE", lambda pid, fd: resize(fd, 40, 100))])
    check("a program that opens a terminal has one", b"/dev/pts/" in out, out)
    check("its size", b"33 77" in out, out)
    check("standard error is one, too", b"error is one" in out, out)
    check("a line is typed", b"got hello" in out, out)
    check("keys come as they are in raw mode", b"key 03" in out, out)
    check("the new size when it changes", b"40 100" in out, out)
    check("its exit status", status == 9, out)
    check("the terminal is as before", restored)
    check("progress is shown, and goes away",
          b"booting Linux" in out and
          out.rindex(b"booting Linux") < out.index(b"\r\x1b[K/dev/pts/"), out)


def interrupt():
    out, status, _ = dialogue(
        TOOL + ["sh", "-c", "echo GO; sleep 100"], [(b"GO", b"\x03")])
    check("Ctrl-C ends what runs there", status == 130, out + b" %d" % status)


def stop():
    """Ctrl-Z, in a shell that has jobs: it gets the terminal, then fg."""
    script = """trap 'echo CONTINUED; read line; echo "got $line"; exit 6' CONT
        echo GO; while :; do sleep 0.1; done"""
    out, _, restored = dialogue(
        ["env", "PS1=READY ", "bash", "--norc", "--noprofile", "-i"],
        [(b"READY ", b"%s run --vm -- sh -c '%s'\r" %
          (sys.argv[1].encode(), script.replace("'", "'\\''").encode())),
         (b"GO\r", b"\x1a"),
         (b"Stopped", b"stty -a | grep -o ' icanon'; echo back $((6 * 7))\r"),
         (b"back 42", b"fg\r"),
         (b"CONTINUED\r", b"typed\r"),
         (b"got typed", b""), (b"READY ", b"echo status $?\r"),
         (b"status 6", b"exit\r")])
    check("Ctrl-Z stops it, and the shell is back", b"back 42" in out, out)
    check("with its terminal as it was", b" icanon\r\n" in out, out)
    check("fg goes on with it, and with its keys", b"got typed" in out, out)
    check("and its exit status comes", restored and b"status 6" in out, out)


def redirected():
    script = """%s run --vm -- sh -c 'tty; test -t 1 || echo "output is none";
        read line; echo "$line"; echo "to the terminal" >&2' >terminal.out
        echo "status $?"; cat terminal.out""" % sys.argv[1]
    out, _, _ = dialogue(["sh", "-c", script],
                         [(b"\x1b[K", b"typed\r")])
    check("output to a file, input from the terminal",
          b"output is none" in out and b"typed" in out and
          b"status 0" in out, out)


def signals():
    """Without a terminal: what softsgx run gets, the command gets."""
    script = """trap 'echo usr1' USR1; trap 'echo term; exit 4' TERM
        trap 'echo cont' CONT
        echo GO; while :; do sleep 0.1; done"""
    child = subprocess.Popen(TOOL + ["sh", "-c", script],
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE)
    check("no terminal: it starts", child.stdout.readline() == b"GO\n")
    child.send_signal(signal.SIGUSR1)
    check("SIGUSR1 is passed on", child.stdout.readline() == b"usr1\n")
    child.send_signal(signal.SIGTSTP)
    status = os.waitpid(child.pid, os.WUNTRACED)[1]
    check("SIGTSTP stops it", os.WIFSTOPPED(status))
    child.send_signal(signal.SIGCONT)
    check("SIGCONT goes on", child.stdout.readline() == b"cont\n")
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=PATIENCE)
    check("SIGTERM is passed on", out == b"term\n", out)
    check("and its exit status comes back", child.returncode == 4)


terminal()
interrupt()
stop()
redirected()
signals()
