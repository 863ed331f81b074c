#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Draws what a program has written to a terminal.

Usage: terminal.py ROWS COLUMNS TITLE <OUTPUT >PICTURE.svg
"""

import sys
from xml.sax.saxutils import escape

import pyte

CELL_W, CELL_H, PAD, BAR = 8.4, 18, 14, 30
COLOURS = {
    "default": "#d4d4d4", "black": "#3b3b3b", "red": "#f14c4c",
    "green": "#4ec96f", "brown": "#e5c07b", "blue": "#61afef",
    "magenta": "#c678dd", "cyan": "#56c2d6", "white": "#ffffff",
}
PAPER = "#1e1e1e"


def colour(name, otherwise):
    if name == "default":
        return otherwise
    return COLOURS.get(name, "#" + name if len(name) == 6 else otherwise)


def runs(line, columns):
    """Cells that look alike, one behind the other: (column, style, text)."""
    start, style, text = 0, None, ""
    for x in range(columns):
        c = line[x]
        here = (c.fg, c.bg, c.bold, c.reverse)
        if here != style:
            if text:
                yield start, style, text
            start, style, text = x, here, ""
        text += c.data
    yield start, style, text


def main():
    rows, columns, title = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    data = sys.stdin.buffer.read()
    # What script(1) says itself.
    if data.startswith(b"Script started"):
        data = data.split(b"\n", 1)[1].rsplit(b"\nScript done", 1)[0]
    # The program's screen, not the one that it leaves behind.
    data = data.split(b"\x1b[?1049l")[0]
    screen = pyte.Screen(columns, rows)
    screen.set_mode(pyte.modes.LNM)
    pyte.ByteStream(screen).feed(data)

    used = max([i + 1 for i in range(rows) if screen.display[i].strip()] or [1])
    width = columns * CELL_W + 2 * PAD
    height = used * CELL_H + 2 * PAD + BAR
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
           'width="%d" height="%d">' % (width, height, width, height),
           '<rect width="100%%" height="100%%" rx="8" fill="%s"/>' % PAPER,
           '<text x="%d" y="21" fill="#8a8a8a" font-family="sans-serif" '
           'font-size="13">%s</text>' % (PAD, escape(title)),
           '<g font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" '
           'font-size="14" xml:space="preserve">']
    for y in range(used):
        top = BAR + PAD + y * CELL_H
        for x, (fg, bg, bold, reverse), text in runs(screen.buffer[y], columns):
            ink, paper = colour(fg, COLOURS["default"]), colour(bg, PAPER)
            if reverse:
                ink, paper = paper, ink
            if paper != PAPER:
                out.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" '
                           'fill="%s"/>' % (PAD + x * CELL_W, top,
                                            len(text) * CELL_W, CELL_H, paper))
            if text.strip():
                out.append('<text x="%.1f" y="%.1f" fill="%s"%s '
                           'textLength="%.1f">%s</text>'
                           % (PAD + x * CELL_W, top + 14, ink,
                              ' font-weight="bold"' if bold else "",
                              len(text) * CELL_W, escape(text)))
    out.append("</g></svg>")
    print("\n".join(out))


if __name__ == "__main__":
    main()
