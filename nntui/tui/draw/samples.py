"""The samples panel: fixed examples, what is true of them, and what the network says now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.forecast import forecast_line, numbers_in
from nntui.tui.draw.pictures import Picture, fitted, picture_lines
from nntui.tui.draw.spark import bars
from nntui.tui.draw.text import Line, cut, fit, plain, width, wrap

if TYPE_CHECKING:
    from nntui.runs.events import Sample
    from nntui.runs.state import RunState

_GAP = 2
_SMALLEST = 12
"""Pixels across below which a picture tells little."""
_CAPTION = 2
_BAR = 8


@dataclass(frozen=True)
class ExampleShown:
    """One of examples/: `kind` is image, text or json."""

    kind: str
    label: str
    picture: Picture | None = None
    content: Any = None  # text, or plain JSON
    why: str = ""
    """Why it cannot be shown."""


@dataclass(frozen=True)
class Prediction:
    """What the network says of an example."""

    label: str
    probability: float | None
    before: str
    """What it said the time before, where that was something else; "" where it was not."""
    right: bool | None
    """None where there is no right or wrong, but more or less."""
    others: tuple[tuple[str, float], ...] = ()
    """Probabilities, the likeliest first."""
    step: int | None = None
    """The step of the weights that say so."""


def predictions(state: RunState, examples: Sequence[ExampleShown]) -> dict[int, Prediction]:
    """The newest prediction of each example, by its number."""
    if not state.samples:
        return {}
    earlier = {s.example: s.label for s in state.samples[-2].samples} if len(state.samples) > 1 else {}
    newest = state.samples[-1]
    return {s.example: _prediction(s, earlier, examples, newest.step) for s in newest.samples}


def _prediction(sample: Sample, earlier: Mapping[int, str], examples: Sequence[ExampleShown], step: int) -> Prediction:
    known = [(name, p) for name, p in sample.probabilities.items() if p is not None and isfinite(p)]
    likeliest = tuple(sorted(known, key=lambda pair: -pair[1]))
    truth = examples[sample.example].label if 0 <= sample.example < len(examples) else ""
    before = earlier.get(sample.example, sample.label)
    return Prediction(
        label=sample.label,
        probability=dict(known).get(sample.label, likeliest[0][1] if likeliest else None),
        before=before if before != sample.label and known else "",
        right=(sample.label == truth) if known and truth else None,
        others=likeliest,
        step=step,
    )


def probability_bar(probability: float | None, cells: int, charset: Charset, style: str) -> Line:
    """How sure it is."""
    if probability is None or cells < 6:
        return []
    room = max(cells - 5, 1)
    filled = round(min(max(probability, 0.0), 1.0) * room)
    return [(charset.full * filled, style), (charset.empty * (room - filled), "axis"), (f"{probability:5.0%}", "")]


def answer_text(label: str) -> str:
    """An answer as it is drawn; one that would not be seen (the next letter may be a space) by its name, and the space
    with which a word begins as a line."""
    if label and label.isspace():
        runs = [(mark, len(list(same))) for mark, same in groupby(label)]
        return ", ".join(_spaces(mark, count) for mark, count in runs)
    return "_" + plain(label[1:]) if label.startswith(" ") else plain(label)


def _spaces(mark: str, count: int) -> str:
    name = {" ": "space", "\n": "newline", "\t": "tab"}.get(mark, "blank")
    return name if count == 1 else f"{count} {name}s"


def verdict(example: ExampleShown, found: Prediction | None, cells: int, charset: Charset) -> Line:
    """ "✓ 7" or "✗ 2 → 7": truth, and what it was taken for."""
    truth = answer_text(example.label) or "?"
    if found is None:
        return cut([(truth, "strong"), (" not predicted yet", "muted")], cells)
    said = answer_text(found.label)
    changed: Line = [(f" {charset.live if charset.unicode else '*'}", "command")] if found.before else []
    if found.right is True:
        room = cells - 2 - width(changed)
        text = fit(said, min(width(said), room), ellipsis=charset.ellipsis)
        return cut([(f"{charset.done} ", "good"), (text, "strong"), *changed], cells)
    mark: Line = [(f"{charset.failed} ", "bad")] if found.right is False else []
    arrow = f" {charset.arrow} "
    room = max(cells - width(mark) - len(arrow) - width(changed), 2)
    first = fit(truth, min(width(truth), max(room // 2, room - width(said))), ellipsis=charset.ellipsis)
    second = fit(said, min(width(said), room - width(first)), ellipsis=charset.ellipsis)
    return cut(
        [*mark, (first, "strong"), (arrow, "muted"), (second, "bad" if found.right is False else "strong"), *changed],
        cells,
    )


def samples_lines(
    examples: Sequence[ExampleShown],
    found: Mapping[int, Prediction],
    cells: int,
    height: int,
    charset: Charset,
    *,
    colours: bool = True,
    tail: bool = False,
) -> list[Line]:
    """All examples, in as many lines as it takes, below the step that they are of. `tail`: what matters of a text is
    its end."""
    if not examples:
        return [[("no examples were kept of this run", "muted")]]
    steps = [prediction.step for prediction in found.values() if prediction.step is not None]
    head: list[Line] = [cut([(f"step {steps[0]:,}", "muted")], cells)] if steps else []
    return [*head, *_examples(examples, found, cells, height - len(head), charset, colours=colours, tail=tail)]


def _examples(
    examples: Sequence[ExampleShown],
    found: Mapping[int, Prediction],
    cells: int,
    height: int,
    charset: Charset,
    *,
    colours: bool,
    tail: bool,
) -> list[Line]:
    if all(example.kind == "image" and example.picture is not None for example in examples):
        return _pictures(examples, found, cells, height, charset, colours)
    lines: list[Line] = []
    verdicts = [_row_verdict(example, found.get(number), cells, charset) for number, example in enumerate(examples)]
    longest = max(width(said) for said in verdicts)
    for number, example in enumerate(examples):
        if example.picture is not None:
            lines += picture_lines(
                example.picture, cells // 2, max(height - 3, 4), charset, colours=colours, larger=True
            )
            lines += _caption(example, found.get(number), min(cells, 40), charset)
        else:
            lines += _row(example, found.get(number), verdicts[number], longest, cells, charset, tail)
    return lines


def _layout(picture: Picture, count: int, cells: int, height: int) -> tuple[int, int]:
    """How many pictures side by side, and the lines of each: as large as they can be with all in sight; where that is
    too small to recognise them they scroll, each as high as the panel."""

    def size(columns: int, lines: int) -> int:
        across = (cells - _GAP * (columns - 1)) // columns
        return fitted(picture, across, lines, larger=True)[0] if across >= 8 and lines > 0 else 0

    def lines_of(columns: int) -> int:
        return height // ceil(count / columns) - _CAPTION

    best = max(range(1, count + 1), key=lambda columns: size(columns, lines_of(columns)))
    enough = min(_SMALLEST, picture.width)
    if size(best, lines_of(best)) >= enough:
        return best, lines_of(best)
    whole = max(height - _CAPTION, 3)
    most = max(size(columns, whole) for columns in range(1, count + 1))
    wanted = min(_SMALLEST + 4, picture.width, most)
    return max(columns for columns in range(1, count + 1) if size(columns, whole) >= wanted), whole


def _pictures(
    examples: Sequence[ExampleShown],
    found: Mapping[int, Prediction],
    cells: int,
    height: int,
    charset: Charset,
    colours: bool,
) -> list[Line]:
    picture = examples[0].picture
    assert picture is not None  # all have one
    columns, lines_each = _layout(picture, len(examples), cells, height)
    across = (cells - _GAP * (columns - 1)) // columns
    out: list[Line] = []
    for first in range(0, len(examples), columns):
        blocks = []
        for number in range(first, min(first + columns, len(examples))):
            example = examples[number]
            assert example.picture is not None
            drawn = picture_lines(example.picture, across, lines_each, charset, colours=colours, larger=True)
            blocks.append([*drawn, *_caption(example, found.get(number), across, charset)])
        out += _side_by_side(blocks, across)
    return out


def _side_by_side(blocks: Sequence[Sequence[Line]], across: int) -> list[Line]:
    out: list[Line] = []
    for i in range(max(len(block) for block in blocks)):
        line: Line = []
        for at, block in enumerate(blocks):
            part = block[i] if i < len(block) else []
            line += part
            if at < len(blocks) - 1:
                line.append((" " * (across - width(part) + _GAP), ""))
        out.append(line)
    return out


def _caption(example: ExampleShown, found: Prediction | None, cells: int, charset: Charset) -> list[Line]:
    style = "muted" if found is None or found.right is None else "good" if found.right else "bad"
    return [
        verdict(example, found, cells, charset),
        probability_bar(found.probability, min(cells, 18), charset, style) if found is not None else [],
    ]


def _row_verdict(example: ExampleShown, found: Prediction | None, cells: int, charset: Charset) -> Line:
    """A verdict, with room behind it where more is to be said."""
    more = found is not None and found.probability is not None
    if found is not None and not more:
        truth, told = numbers_in(example.label), numbers_in(found.label)
        if truth and len(truth) == len(told):
            return forecast_line(truth, told, cells, charset)
    return verdict(example, found, max(cells // 2, 24) if more else cells, charset)


def _row(
    example: ExampleShown,
    found: Prediction | None,
    said: Line,
    longest: int,
    cells: int,
    charset: Charset,
    tail: bool,
) -> list[Line]:
    """A text, a table's row or a curve, below what is `said` of it, which takes `longest` cells among all."""
    style = "muted" if found is None or found.right is None else "good" if found.right else "bad"
    sure = probability_bar(found.probability if found else None, _BAR + 5, charset, style)
    head: Line = [*said, (" " * (longest - width(said) + 2), ""), *sure] if sure else list(said)
    more: list[tuple[str, str]] = []
    if found is not None:
        if found.before:
            more.append((f"  was {answer_text(found.before)}", "command"))
        rest = [f"{answer_text(name)} {p:.0%}" for name, p in found.others[1:3]]
        more += [(f"{', ' if at else '  then '}{one}", "muted") for at, one in enumerate(rest)]
    for text, colour in more:
        if width(head) + width(text) > cells:
            break
        head.append((text, colour))
    return [cut(head, cells), *_content(example, cells, charset, tail)]


def _content(example: ExampleShown, cells: int, charset: Charset, tail: bool) -> list[Line]:
    room = max(cells - 2, 8)
    if example.why:
        return [[("  ", ""), (fit(plain(example.why), room, ellipsis=charset.ellipsis), "warning")]]
    if example.kind == "text":
        return _text(str(example.content), room, charset, tail)
    if isinstance(example.content, dict):
        return [[("  ", ""), *line] for line in _table(example.content, room, charset)]
    return [[("  ", ""), (fit(plain(example.content), room, ellipsis=charset.ellipsis), "muted")]]


def _text(text: str, room: int, charset: Charset, tail: bool) -> list[Line]:
    shown = plain(text)
    if tail:
        end = shown if width(shown) <= room else charset.ellipsis + shown[-(room - 2) :]
        return [[("  ", ""), (end, "muted")]]
    parts = wrap(shown, room)
    if len(parts) > 2:
        parts = [parts[0], fit(parts[1], room - 1) + charset.ellipsis]
    return [[("  ", ""), (part, "muted")] for part in parts]


def _table(content: Mapping[str, Any], room: int, charset: Charset) -> list[Line]:
    """A row's values in a line; a series of numbers as a curve of its own, a sound as its loudness."""
    if {"low", "high"} <= content.keys() and _numbers(content["low"]) and _numbers(content["high"]):
        loud = [abs(float(b) - float(a)) for a, b in zip(content["low"], content["high"], strict=False)]
        seconds = content.get("seconds")
        told = f" {float(seconds):.2f} s" if isinstance(seconds, int | float) else ""
        return [[(bars(_thin(loud, room - len(told)), room - len(told), charset, low=0.0), "validation"),
                 (told, "muted")]]  # fmt: skip
    lines: list[Line] = []
    plain_values: list[str] = []
    curves = [name for name, value in content.items() if _numbers(value)]
    named = min(max((width(plain(name)) for name in curves), default=0), room // 3)
    longest = max((len(f"{content[name][-1]:g}") for name in curves), default=0)
    for name, value in content.items():
        if _numbers(value):
            label = fit(plain(name), named, ellipsis=charset.ellipsis) + " "
            last = " " + f"{value[-1]:g}".ljust(longest)
            size = max(min(room - len(label) - len(last), 40, len(value)), 4)
            drawn = bars(_thin([float(v) for v in value], size), size, charset)
            lines.append([(label, "muted"), (drawn, "validation"), (last, "")])
        elif not isinstance(value, list | dict):
            number = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else plain(value)
            plain_values.append(f"{plain(name)} {'-' if value is None else number}")
    if plain_values:
        text = "  ".join(plain_values)
        lines.insert(0, [(fit(text, min(width(text), room), ellipsis=charset.ellipsis), "muted")])
    return _pairs(lines, room)


def _pairs(lines: list[Line], room: int) -> list[Line]:
    """Short curves share a line."""
    out: list[Line] = []
    for line in lines:
        if out and width(out[-1]) + 3 + width(line) <= room:
            out[-1] = [*out[-1], ("   ", ""), *line]
        else:
            out.append(line)
    return out


def _numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, int | float) for v in value)


def _thin(values: Sequence[float], cells: int) -> list[float]:
    """At most `cells` of the values, spread evenly; of a stretch the largest in size."""
    if len(values) <= cells or cells < 1:
        return list(values)
    edges = [i * len(values) // cells for i in range(cells + 1)]
    return [max(values[a:b], key=abs) for a, b in pairwise(edges)]
