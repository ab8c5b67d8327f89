"""A data set before training: its rows and splits, its classes, a few examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.pictures import picture_lines
from nntui.tui.draw.plan import bar_mark
from nntui.tui.draw.text import Line, cut, fit, join, plain, width, wrap

if TYPE_CHECKING:
    from nntui.runs.jobs import ClassCount, ColumnSeen, Described, FindingSeen, Shown

_SHORT = {"validation": "val"}
_PLAIN = {"train": "#", "validation": "=", "test": "."}
_ROWS = 12
"""Columns of a table whose examples are shown."""
_CLASS = 24
"""Cells of a class with its bar, where several stand side by side."""
_TALL = 8
"""Most lines of a picture; half of it are the least."""
_LOW = 14
"""Lines below which there is no room to spare."""


def describe_lines(
    found: Described, cells: int, charset: Charset, height: int = 40, *, colours: bool = True
) -> list[Line]:
    """Everything, top down by how much it matters: a panel scrolls through it. Where only `height` lines are seen at
    first, pictures are smaller rather than cut. Without `colours` pictures are drawn in characters."""
    lines: list[Line] = []
    summary = plain(found.summary)
    if height < _LOW:
        lines.append([(fit(summary, cells, ellipsis=charset.ellipsis), "accent")])
    else:
        lines += [[(text, "accent")] for text in wrap(summary, cells)[:2]]
    lines += [[(text, "")] for text in wrap(plain(found.taken_for), cells)] if found.taken_for else []
    flow = f"{plain(found.shape)} {charset.arrow} {plain(found.target)}"
    lines += [[(text, "title")] for text in wrap(flow, cells)]
    lines += _splits(found, cells, charset)
    if height >= _LOW:
        lines.append([])
    lines += _examples(found.examples, cells, charset, height - len(lines) - 1, colours)
    if found.classes:
        lines += [[], *_classes(found.classes, found.more_classes, cells, charset)]
    if found.columns:
        lines += [[], *_columns(found.columns, found.more_columns, cells, charset)]
    if found.findings:
        lines += [[], *_findings(found.findings, cells, charset)]
    if found.augment != "none":
        lines += [[], [("augmented: ", "muted"), (plain(found.augment), "")]]
    rows = f"hash of the training rows {found.training_rows[:16]}" if found.training_rows else ""
    about = f" {charset.dot} ".join(plain(text) for text in (found.licence, found.source, found.path, rows) if text)
    if about:
        lines += [[], *([(text, "muted")] for text in wrap(about, cells))]
    return [cut(line, cells) for line in lines]


def _splits(found: Described, cells: int, charset: Charset) -> list[Line]:
    """The rows of each part, and one bar, divided."""
    whole = sum(found.splits.values())
    parts = [(name, count) for name, count in found.splits.items() if count]
    total: Line = [(f"{found.rows:,} rows", "title strong")]
    named: list[Line] = [[(f"{_SHORT.get(name, plain(name))} {count:,}", _style(name))] for name, count in parts]
    told = join([total, *named])
    bar: Line = []
    left = cells
    for number, (name, count) in enumerate(parts):
        size = left if number == len(parts) - 1 else min(max(1, round(count / whole * cells)), left)
        left -= size
        bar.append(((bar_mark(charset) if charset.unicode else _PLAIN.get(name, "-")) * size, _style(name)))
    return [told, bar] if width(told) <= cells else [total, cut(join(named), cells), bar]


def _style(split: str) -> str:
    return split if split in ("train", "validation", "test") else "muted"


# examples


def _examples(examples: Sequence[Shown], cells: int, charset: Charset, room: int, colours: bool) -> list[Line]:
    """In about `room` lines, as far as that can be."""
    pictures = [shown for shown in examples if shown.picture is not None]
    if pictures:
        return _pictures(pictures, cells, charset, room, colours)
    lines: list[Line] = []
    if any(shown.text for shown in examples):
        label = min(max(width(plain(shown.label)) for shown in examples), 12, cells // 3)
        for shown in examples:
            lines.append(_text(shown, label, cells, charset))
    elif examples and all(isinstance(shown.content, dict) for shown in examples):
        if all({"low", "high"} <= shown.content.keys() for shown in examples):
            return _wave(examples, cells, charset)
        series = any(isinstance(value, list) for value in examples[0].content.values())
        lines += _series(examples, cells, charset) if series else _table(examples, cells, charset)
    return lines


def _pictures(examples: Sequence[Shown], cells: int, charset: Charset, room: int, colours: bool) -> list[Line]:
    """Side by side, each above its true answer."""
    first = examples[0].picture
    if first is None:
        return []
    tall = _TALL if cells >= 50 else _TALL - 2  # rather more of them than larger ones
    tall = max(min(tall, room), _TALL // 2)
    wide = min(first.width, max(2 * tall * first.width // first.height, 1), cells)
    each = max(wide, 6)
    count = max(1, min(len(examples), (cells + 1) // (each + 1)))
    blocks = [
        picture_lines(shown.picture, wide, tall, charset, colours=colours)
        for shown in examples[:count]
        if shown.picture is not None
    ]
    lines: list[Line] = []
    for row in zip_longest(*blocks, fillvalue=[]):
        line: Line = []
        for part in row:
            line += [*part, (" " * (each + 1 - width(part)), "")]
        lines.append(line)
    labels = [fit(plain(shown.label), each, ellipsis=charset.ellipsis) for shown in examples[:count]]
    lines.append([(" ".join(labels), "muted")])
    return lines


def _text(shown: Shown, label: int, cells: int, charset: Charset) -> Line:
    answer = fit(plain(shown.label), label, ellipsis=charset.ellipsis)
    text = fit(plain(shown.text), cells - label - 3, ellipsis=charset.ellipsis).rstrip()
    return [(answer, "accent"), (f" {charset.vertical} ", "axis"), (text, "")]


def _wave(examples: Sequence[Shown], cells: int, charset: Charset) -> list[Line]:
    """Sounds: how loud each is over time."""
    label = min(max(width(plain(shown.label)) for shown in examples), 12, cells // 3)
    lines: list[Line] = []
    for shown in examples:
        both = zip(shown.content["low"], shown.content["high"], strict=False)
        loud = [high - low for low, high in both if _is_number(low) and _is_number(high)]
        seconds = shown.content.get("seconds")
        told = f" {seconds:.2g} s" if _is_number(seconds) else ""
        answer = fit(plain(shown.label), label, ellipsis=charset.ellipsis)
        lines.append([(answer + " ", "accent"), (spark(loud, cells - label - 8, charset), "c2"), (told, "muted")])
    return lines


def _series(examples: Sequence[Shown], cells: int, charset: Charset) -> list[Line]:
    """The first example's curves as sparklines, one a line."""
    lines: list[Line] = []
    for number, shown in enumerate(examples[:3]):
        curves = {name: values for name, values in shown.content.items() if isinstance(values, list)}
        curves = {name: values for name, values in curves.items() if any(map(_is_number, values))}
        if shown.label:
            lines.append([(fit(plain(shown.label), cells, ellipsis=charset.ellipsis).rstrip(), "accent")])
        names = min(max((width(plain(name)) for name in curves), default=0), 14)
        for name, values in curves.items():
            numbers = [value for value in values if _is_number(value)]
            room = max(cells - names - 18, 4)
            drawn = spark(values, room, charset)
            lines.append(
                [
                    (fit(plain(name), names, ellipsis=charset.ellipsis) + " ", "muted"),
                    (drawn, f"c{number % 6 + 1}"),
                    (f" {min(numbers):.3g}..{max(numbers):.3g}", "muted"),
                ]
            )
    return lines


def _is_number(value: Any) -> bool:  # of an example's plain JSON
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def spark(values: Sequence[Any], cells: int, charset: Charset) -> str:
    """Numbers as one line of bars, the mean of each cell's; " " where there is none."""
    numbers = [value for value in values if _is_number(value)]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    levels = charset.spark
    count = min(cells, len(values))
    out = ""
    for cell in range(count):
        part = [v for v in values[cell * len(values) // count : (cell + 1) * len(values) // count] if _is_number(v)]
        if not part:
            out += " "
            continue
        share = (sum(part) / len(part) - low) / (high - low) if high > low else 0.5
        out += levels[min(int(share * len(levels)), len(levels) - 1)]
    return out


def _table(examples: Sequence[Shown], cells: int, charset: Charset) -> list[Line]:
    """Rows of a table: a line for each column, the examples side by side, the answer first."""
    names = list(examples[0].content)
    label = min(max([width(plain(name)) for name in names] + [6]), 16, cells // 3)
    count = max(1, min(len(examples), (cells - label) // 9))
    each = max((cells - label) // count - 1, 4)

    def line(name: str, values: Sequence[str], style: str) -> Line:
        shown = "".join(" " + fit(value, each, align="right", ellipsis=charset.ellipsis) for value in values)
        return [(fit(plain(name), label, ellipsis=charset.ellipsis), "muted"), (shown, style)]

    lines = [line("answer", [plain(shown.label) for shown in examples[:count]], "accent")]
    lines += [line(name, [_cell(shown.content, name) for shown in examples[:count]], "") for name in names[:_ROWS]]
    if len(names) > _ROWS:  # classes and what looks wrong are below, and matter more
        lines.append([(f"{charset.ellipsis} more columns", "muted")])
    return lines


def _cell(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else plain(value)


# classes


def _classes(classes: Sequence[ClassCount], more: int, cells: int, charset: Charset) -> list[Line]:
    """Each class with its rows as a bar, in as many columns as there is room for."""
    across = max(1, min(cells // _CLASS, len(classes)))
    down = -(-len(classes) // across)
    each = cells // across - 1
    most = max((found.rows for found in classes), default=0)
    digits = len(f"{most:,}")
    name = min(max(width(plain(found.name)) for found in classes), max(each - digits - 6, 4))
    bar = max(each - name - digits - 2, 1)
    lines: list[Line] = []
    for row in range(down):
        line: Line = []
        for found in classes[row::down]:
            full = round(found.rows / most * bar) if most else 0
            line += [
                (fit(plain(found.name), name, ellipsis=charset.ellipsis) + " ", ""),
                (bar_mark(charset) * full, "c2"),
                (" " * (bar - full) + fit(f"{found.rows:,}", digits + 1, align="right") + " ", "muted"),
            ]
        lines.append(line)
    if more:
        lines.append([(f"{charset.ellipsis} {more} more classes", "muted")])
    return lines


# columns of a table, and what a person should know


def _columns(columns: Sequence[ColumnSeen], more: int, cells: int, charset: Charset) -> list[Line]:
    """Each with its kind and role, how much of it is missing, and some of its values."""
    name = min(max([width(plain(column.name)) for column in columns] + [6]), max(cells // 4, 8))
    kind = min(max([len(column.kind) for column in columns] + [4]), 12)
    role = min(max([width(plain(column.role)) for column in columns] + [4]), max(cells // 4, 8))
    heads = [fit("column", name), fit("kind", kind), fit("role", role), f"{'missing':>8}", f"{'distinct':>9}"]
    lines: list[Line] = [[(" ".join(heads) + " examples", "muted")]]
    for column in columns:
        used = column.role in _USED
        left = cells - name - kind - role - 22
        shown = fit(", ".join(map(plain, column.examples)), max(left, 0), ellipsis=charset.ellipsis).rstrip()
        lines.append(
            [
                (fit(plain(column.name), name, ellipsis=charset.ellipsis) + " ", "" if used else "muted"),
                (fit(plain(column.kind), kind, ellipsis=charset.ellipsis) + " ", "muted"),
                (fit(plain(column.role), role, ellipsis=charset.ellipsis) + " ", _USED.get(column.role, "warning")),
                (
                    f"{column.missing:>8,} " if column.missing else f"{'-':>8} ",
                    "warning" if column.missing else "muted",
                ),
                (f"{column.distinct:>9,} ", "muted"),
                (shown, "muted"),
            ]
        )
    if more:
        lines.append([(f"{charset.ellipsis} {more} more columns", "muted")])
    return lines


_USED = {"feature": "", "target": "best", "group": "accent", "time": "accent", "split": "accent"}
"""Roles of columns that are made use of; any other says why a column is not."""

_SIGNS = {"skipped": "bad", "warning": "warning", "note": "muted"}


def _findings(findings: Sequence[FindingSeen], cells: int, charset: Charset) -> list[Line]:
    """What matters most first; below each some of the places."""
    lines: list[Line] = []
    for finding in sorted(findings, key=lambda finding: list(_SIGNS).index(finding.kind)):
        style = _SIGNS[finding.kind]
        sign = charset.dot if finding.kind == "note" else "!"
        for number, text in enumerate(wrap(plain(finding.message), max(cells - 2, 8))):
            lines.append([(f"{sign} " if not number else "  ", style), (text, "" if style != "muted" else "muted")])
        for place in finding.places[:_PLACES]:
            lines.append([("    ", ""), (fit(plain(place), cells - 4, ellipsis=charset.ellipsis).rstrip(), "muted")])
        if finding.count > _PLACES and len(finding.places) > _PLACES:
            lines.append([(f"    {charset.ellipsis} {finding.count - _PLACES:,} more", "muted")])
    return lines


_PLACES = 3
"""Places of a finding that are shown."""
