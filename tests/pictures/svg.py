#!/usr/bin/env python3
"""Draws screens of a terminal as one SVG, which shows them in turn when there are several.

    svg.py OUT COLUMNS LINES SCREEN[:SECONDS]...

A screen is what `tmux capture-pane -p -e` prints. A reader who prefers no motion sees the second one, or the only one.
"""
import re
import sys
from html import escape

CELL, LINE, MARGIN = 8.43, 17, 12
BASIC = ["#1b1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c5cbd5"]
BRIGHT = ["#6b7380", "#ff8790", "#b5e08f", "#ffd98a", "#85c8ff", "#e09af5", "#74d5e0", "#ffffff"]
INK, PAPER = "#d5dae1", "#14171c"


def indexed(number):
    """A colour of the 256."""
    if number < 16:
        return (BASIC + BRIGHT)[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    parts = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
    return "#" + "".join(f"{55 + 40 * part if part else 0:02x}" for part in parts)


def styled(style, codes):
    """The style after the codes of one sequence."""
    codes = [int(code or 0) for code in codes.replace(":", ";").split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in (38, 48):
            part = "ink" if code == 38 else "paper"
            if codes.pop(0) == 5:
                style = style | {part: indexed(codes.pop(0))}
            else:
                style = style | {part: "#" + "".join(f"{codes.pop(0):02x}" for _ in range(3))}
        elif code in (39, 49):
            style = {key: value for key, value in style.items() if key != ("ink" if code == 39 else "paper")}
        elif code // 10 in (3, 4, 9, 10):
            colours = BASIC if code < 90 else BRIGHT
            style = style | {"ink" if code // 10 in (3, 9) else "paper": colours[code % 10]}
        elif code in (1, 2, 3, 4, 7):
            style = style | {{1: "bold", 2: "dim", 3: "italic", 4: "under", 7: "reverse"}[code]: True}
        elif code in (22, 23, 24, 27):
            ended = {22: ("bold", "dim"), 23: ("italic",), 24: ("under",), 27: ("reverse",)}[code]
            style = {key: value for key, value in style.items() if key not in ended}
    return style


def runs(line, style):
    """The text of a line in parts of one style each, with the column where each begins; and the style at its end."""
    parts, column = [], 0
    for piece in re.split(r"(\x1b\[[0-9;:]*m)", line):
        if match := re.fullmatch(r"\x1b\[([0-9;:]*)m", piece):
            style = styled(style, match[1])
        elif piece:
            parts.append((column, piece, style))
            column += len(piece)
    return parts, style


class Picture:
    def __init__(self):
        self.classes, self.lines = {}, {}

    def css_class(self, rules):
        return self.classes.setdefault(rules, f"c{len(self.classes)}")

    def line(self, parts):
        """The id of a line; equal lines of several screens are written once."""
        drawn = []
        for column, text, style in parts:
            ink, paper = style.get("ink", INK), style.get("paper")
            if style.get("reverse"):
                ink, paper = paper or PAPER, ink
            if paper:
                fill = self.css_class(f"fill:{paper}")
                drawn.append(f'<rect class="{fill}" x="{column * CELL:.1f}" width="{len(text) * CELL:.1f}" height="{LINE}"/>')
            rules = f"fill:{ink}" if ink != INK else ""
            for key, rule in (("bold", "font-weight:700"), ("dim", "opacity:.65"), ("italic", "font-style:italic"),
                              ("under", "text-decoration:underline")):
                if style.get(key):
                    rules += ";" + rule
            name = f' class="{self.css_class(rules.strip(";"))}"' if rules else ""
            # The length holds the grid, whatever font the reader has.
            for word in re.finditer(r"\S+( \S+)*", text):
                length = f' textLength="{len(word[0]) * CELL:.1f}"' if len(word[0]) > 1 else ""
                drawn.append(f'<text{name} x="{(column + word.start()) * CELL:.1f}" y="13"{length}>{escape(word[0])}</text>')
        content = "".join(drawn)
        return self.lines.setdefault(content, f"l{len(self.lines)}") if content else None

    def screen(self, text):
        used, style = [], {}
        for number, line in enumerate(text.split("\n")):
            parts, style = runs(line, style)
            if name := self.line(parts):
                used.append(f'<use href="#{name}" y="{number * LINE}"/>')
        return "".join(used)


def main(out, columns, lines, *screens):
    picture, frames, times = Picture(), [], []
    for screen in screens:
        path, _, seconds = screen.partition(":")
        with open(path, encoding="utf-8") as file:
            frames.append(picture.screen(file.read()))
        times.append(float(seconds or 1))
    css, start, whole = [], 0.0, sum(times)
    if len(frames) > 1:
        css.append(f".f{{visibility:hidden;animation:{whole:g}s step-end infinite}}")
        for number, seconds in enumerate(times):
            shown, hidden = 100 * start / whole, 100 * (start + seconds) / whole
            before = "0%{visibility:hidden}" if start else ""
            css.append(f"@keyframes k{number}{{{before}{shown:.2f}%{{visibility:visible}}{hidden:.2f}%{{visibility:hidden}}}}")
            css.append(f"#f{number}{{animation-name:k{number}}}")
            start += seconds
        css.append("@media(prefers-reduced-motion:reduce){.f{animation:none}#f1{visibility:visible}}")
    css += [f".{name}{{{rules}}}" for rules, name in picture.classes.items()]
    width, height = int(columns) * CELL + 2 * MARGIN, int(lines) * LINE + 2 * MARGIN
    with open(out, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
                   f'height="{height:.0f}" font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="14" fill="{INK}">\n')
        file.write(f"<style>{''.join(css)}</style>\n<defs>\n")
        file.writelines(f'<g id="{name}">{content}</g>\n' for content, name in picture.lines.items())
        file.write(f'</defs>\n<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>\n')
        for number, frame in enumerate(frames):
            file.write(f'<g class="f" id="f{number}" transform="translate({MARGIN} {MARGIN})">{frame}</g>\n')
        file.write("</svg>\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
