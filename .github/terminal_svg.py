#!/usr/bin/env python3
"""Draws what a command prints, colours included, as an SVG: the pictures of the README.

    cargo run -q -- check examples/faulty --color always | python3 .github/terminal_svg.py "title" > picture.svg
"""

import html
import re
import sys

FOREGROUND = {30: "#484f58", 31: "#f47067", 32: "#57ab5a", 33: "#c69026", 34: "#539bf5", 35: "#b083f0", 36: "#39c5cf", 37: "#adbac7"}
CELL, LINE, TOP, LEFT = 8.4, 19, 52, 20


def runs(text):
    """Splits a line into (style, text) runs by its escape codes."""
    style, out, at = {}, [], 0
    for match in re.finditer(r"\x1b\[([0-9;]*)m|\x1b\]8;[^\x1b]*\x1b\\", text):
        if at < match.start():
            out.append((dict(style), text[at : match.start()]))
        at = match.end()
        codes = [int(code or 0) for code in (match.group(1) or "").split(";")] if match.group(1) is not None else []
        index = 0
        while index < len(codes):
            code = codes[index]
            if code == 0:
                style = {}
            elif code == 1:
                style["bold"] = True
            elif code == 2:
                style["dim"] = True
            elif code == 4:
                style["underline"] = True
            elif code == 39:
                style.pop("fill", None)
            elif code == 38 and codes[index + 1 : index + 2] == [5]:
                style["fill"] = FOREGROUND.get(30 + codes[index + 2] % 8, "#adbac7")
                index += 2
            elif code == 38 and codes[index + 1 : index + 2] == [2]:
                style["fill"] = "#%02x%02x%02x" % tuple(codes[index + 2 : index + 5])
                index += 4
            elif code in FOREGROUND or code - 60 in FOREGROUND:
                style["fill"] = FOREGROUND[code if code in FOREGROUND else code - 60]
            index += 1
    if at < len(text):
        out.append((dict(style), text[at:]))
    return out


def main():
    title = sys.argv[1] if len(sys.argv) > 1 else "expc"
    lines = [line.rstrip("\n") for line in sys.stdin]
    while lines and not lines[-1].strip():
        lines.pop()
    plain = [re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", line) for line in lines]
    width = LEFT * 2 + CELL * max((len(line) for line in plain), default=40)
    height = TOP + LINE * len(lines) + 16
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="img">')
    print(f"<title>{html.escape(title)}</title>")
    print(f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="#1c2128"/>')
    for index, colour in enumerate(["#f47067", "#c69026", "#57ab5a"]):
        print(f'<circle cx="{22 + index * 20}" cy="22" r="6" fill="{colour}"/>')
    print(f'<text x="{width / 2:.0f}" y="27" fill="#768390" font-family="monospace" font-size="13" text-anchor="middle">{html.escape(title)}</text>')
    print('<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" fill="#adbac7" xml:space="preserve">')
    for row, line in enumerate(lines):
        column = 0
        for style, text in runs(line):
            # One element a run, at its own column: fonts differ in the width of box characters.
            attributes = f'x="{LEFT + column * CELL:.1f}" y="{TOP + row * LINE + 10}" textLength="{len(text) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
            if "fill" in style:
                attributes += f' fill="{style["fill"]}"'
            if style.get("bold"):
                attributes += ' font-weight="bold"'
            if style.get("dim"):
                attributes += ' opacity="0.7"'
            if text.strip():
                print(f"<text {attributes}>{html.escape(text)}</text>")
            column += len(text)
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
