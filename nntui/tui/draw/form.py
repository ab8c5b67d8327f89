"""The form of a new run, drawn: a row a line, faults below their rows, and the help of the row that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, fit, plain, spread, width, wrap

if TYPE_CHECKING:
    from nntui.tui.form.rows import Row
    from nntui.tui.form.typing import Typing

_LABEL = 15
"""Cells of a label."""
_VALUE = 14
"""Cells of a value, where there is a note behind it."""
_ROOMY = 24
"""Cells from which it is said in full who suggests a value."""
_LONG = 2
"""Lines that a fault and its advice may take below a row."""


def form_lines(
    rows: Sequence[Row],
    cursor: int,
    typing: Typing | None,
    cells: int,
    charset: Charset,
    *,
    unfolded: bool = False,
    spaced: bool = True,
) -> tuple[list[Line], list[int]]:
    """The lines of all rows, and for each line the row that it belongs to.

    `typing`: what is being typed in the row under the cursor. `cursor` is -1 where the form has no focus. `spaced`: an
    empty line before each group.
    """
    lines: list[Line] = []
    owners: list[int] = []
    faults = sum(len(row.errors) for row in rows)
    for number, row in enumerate(rows):
        here = number == cursor
        if spaced and (row.kind == "heading" or (row.kind == "contribution" and number)):
            lines.append([])
            owners.append(number)
        drawn = [_row(row, typing if here else None, cells, charset, here=here, faults=faults, unfolded=unfolded)]
        drawn += [cut(line, cells) for line in _faults(row, cells, charset)]
        lines += drawn
        owners += [number] * len(drawn)
    return lines, owners


def _row(
    row: Row, typing: Typing | None, cells: int, charset: Charset, *, here: bool, faults: int, unfolded: bool
) -> Line:
    mark = charset.cursor if here else " "
    line: Line = [(f"{mark} ", "accent")]
    if row.kind == "train":
        line += _train(row, charset, faults)
    elif row.kind == "heading":
        line.append((row.label, "title strong"))
    elif row.kind == "fold":
        sign = (charset.down if unfolded else charset.arrow) if charset.unicode else ("v" if unfolded else ">")
        line += [(fit(row.label, _LABEL), "title strong"), (f"{sign} {row.text}", "muted")]
    else:
        label = "  " * row.indent + plain(row.label)
        line.append((fit(label, _LABEL, ellipsis=charset.ellipsis) + " ", "" if row.indent else "title strong"))
        room = cells - width(line)
        line += _typed(typing, room) if typing is not None else _value(row, room, charset, here=here)
    if not here:
        return cut(line, cells)
    line = cut(line, cells)
    return [(text, f"cursor {style}".strip()) for text, style in [*line, (" " * (cells - width(line)), "")]]


def _train(row: Row, charset: Charset, faults: int) -> Line:
    if faults:
        several = f"{faults} things are" if faults > 1 else "one thing is"
        where = "" if row.errors else " above"
        return [("Train", "muted"), (f"   {charset.failed} {several} wrong{where}", "bad")]
    return [(f"{charset.live} Train", "good strong"), (f"   {plain(row.text)}", "muted")]


def _value(row: Row, room: int, charset: Charset, *, here: bool) -> Line:
    text = plain(row.text)
    style = "accent" if row.kind == "contribution" else ""
    if row.said:
        style = f"{style or 'title'} strong"
    elif not style:
        style = "muted"
    if row.errors:
        style = "bad strong"
    unit = f" {plain(row.field.unit)}" if row.field is not None and row.field.unit and text not in ("", "none") else ""
    shown: Line = [(text or "(empty)", style), (unit, "muted")]
    if here and len(row.options) > 1 and row.kind != "text":
        left, right = ("‹", "›") if charset.unicode else ("<", ">")
        shown = [(f"{left} ", "key"), *shown, (f" {right}", "key")]
    note = _note(row)
    over = room - max(width(shown), _VALUE) - 1
    if row.source and over < _ROOMY:
        note = f"by {plain(row.source)}"
    # A summary of which little is left says nothing: it stands below the form, for the row that is chosen.
    if not note or over < min(width(note), 30 if row.kind == "contribution" else 8):
        return cut(shown, room)
    shown = cut(shown, room)
    shown.append((" " * (max(_VALUE, width(shown)) - width(shown) + 1), ""))
    return [*shown, (fit(note, room - width(shown), ellipsis=charset.ellipsis), "muted")]


def _note(row: Row) -> str:
    if row.kind == "contribution":
        return plain(row.help)
    return f"as {plain(row.source)} suggests" if row.source else ""


def _typed(typing: Typing, room: int) -> Line:
    """What is being typed, with the caret in sight. Fresh text is marked whole: the first key replaces it."""
    text = plain(typing.text) + " "
    if typing.fresh and typing.text:
        return [(plain(typing.text)[: room - 1], "reverse"), (" ", "underline")]
    first = max(0, typing.caret - room + 2)
    before, at, after = text[first : typing.caret], text[typing.caret], text[typing.caret + 1 : first + room]
    return [(before, "title underline"), (at, "reverse"), (after, "title underline")]


def _faults(row: Row, cells: int, charset: Charset) -> list[Line]:
    lines: list[Line] = []
    indent = " " * 4
    for error in row.errors:
        for number, text in enumerate(wrap(plain(error.message), cells - 6)[:_LONG]):
            lines.append([(indent + (f"{charset.failed} " if not number else "  "), "bad"), (text, "bad")])
        for advice in error.suggestion.splitlines()[:_LONG]:
            lines += [[(f"{indent}  ", ""), (text, "warning")] for text in wrap(plain(advice), cells - 6)[: _LONG + 1]]
    return lines


def help_lines(row: Row | None, takes: str, cells: int, charset: Charset, *, typing: bool = False) -> list[Line]:
    """Three lines on the row that is chosen: what it is, what it takes, and its flag. `takes`: its bounds in words."""
    if row is None or not row.selectable:
        return []
    about: list[Line] = [[("  ", ""), (text, "")] for text in wrap(plain(row.help), cells - 2)[:2]]
    if len(about) < 2:
        about.append([])
    parts = [takes] if takes else []
    if row.source and row.kind == "contribution":
        parts.append(f"as {row.source} suggests")
    if typing:
        parts.append("enter keeps it, esc takes it back")
    elif row.said:
        parts.append("backspace: as nntui would choose")
    told = fit(plain(f" {charset.dot} ".join(parts)), cells - len(row.flag) - 4, ellipsis=charset.ellipsis).rstrip()
    left: Line = [("  ", ""), (told, "muted")]
    return [cut(line, cells) for line in (*about, spread(left, [(row.flag, "key")], cells))]


def title_line(note: str, panes: Sequence[tuple[int, str]], opened: int, cells: int) -> Line:
    """The top of the screen: where the panes take turns, which there are; else a note on what was chosen."""
    left: Line = [(" New run", "title strong"), ("  ", "")]
    for number, name in panes:
        style = "title strong underline" if number == opened else "muted"
        left += [(f"  {number} ", "key"), (name.capitalize(), style)]
    right: Line = [(f" {plain(note)} ", "muted")] if note and not panes else []
    return spread(left, right, cells) if width(left) + width(right) < cells else cut([*left, *right], cells)


def pane_at(panes: Sequence[tuple[int, str]], x: int) -> int | None:
    """The pane whose name in the title is at cell `x`."""
    end = len(" New run  ")
    for number, name in panes:
        start, end = end + 2, end + 4 + len(name)
        if start <= x < end:
            return number
    return None


def command_lines(command: str, cells: int, count: int, charset: Charset) -> list[Line]:
    """The equal command in `count` lines, its end left out where it is longer."""
    lines = wrap(plain(command), max(cells - 2, 1))
    if len(lines) > count:
        lines = [*lines[: count - 1], fit(" ".join(lines[count - 1 :]), cells - 2, ellipsis=charset.ellipsis)]
    drawn: list[Line] = [[("$ " if not at else "  ", "muted"), (line, "accent")] for at, line in enumerate(lines)]
    return [cut(line, cells) for line in drawn]
