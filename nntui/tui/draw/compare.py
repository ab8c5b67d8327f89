"""Several runs beside each other: what came of each, and what they were told differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nntui.runs.figures import duration, label, metric, number, per_second
from nntui.runs.vitals import Status, Vitals
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.runs import count_text, epoch_text, glyph, status_style
from nntui.tui.draw.text import Line, cut, fit, plain

COLOURS = 6
MARKS = {"braille": "●○■□▲△◆◇", "blocks": "●○■□▲△◆◇", "ascii": "ox#+@*%&"}
"""What tells curves apart where colours do not, by the name of a charset."""

_LEAST, _MOST = 9, 22
_OWN = frozenset({"version", "name", "environment", "plugins", "origin"})
"""Tables of run.toml that say nothing of what was asked for."""


@dataclass(frozen=True)
class Compared:
    """One run of a comparison."""

    name: str
    status: Status
    vitals: Vitals
    tree: Mapping[str, Any]
    """Its run.toml; empty where that cannot be read."""


def colour(at: int) -> str:
    """The style of the run at this place."""
    return f"c{at % COLOURS + 1}"


def mark(at: int, charset: Charset, *, colourless: bool) -> str:
    """What is set along its curve: nothing, where its colour tells it from the others."""
    marks = MARKS[charset.name]
    return marks[at % len(marks)] if colourless or at >= COLOURS else ""


def differences(trees: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Dotted settings whose values are not the same in all runs, and the values; "" where a run has no such setting."""
    flat = [dict(_flat(tree)) for tree in trees]
    names = list(dict.fromkeys(name for one in flat for name in one))
    rows = [(name, [_value(one.get(name)) for one in flat]) for name in names]
    told = [row for row in rows if len(set(row[1])) > 1]
    return sorted(told, key=lambda row: row[0].startswith("resolved."))  # what was chosen follows from what was asked


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    out: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if not prefix and key in _OWN:
            continue
        if isinstance(value, Mapping):
            out += _flat(value, f"{prefix}{key}.")
        else:
            out.append((f"{prefix}{key}", value))
    return out


def _value(value: Any) -> str:  # anything that TOML has
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def table(
    runs: Sequence[Compared], cells: int, charset: Charset, *, colourless: bool = False, sign: str = ""
) -> list[Line]:
    """A column for each run, a line for each result, and one for each setting that differs."""
    if not runs:
        return []
    told = differences([run.tree for run in runs])
    results = _results(runs, charset)
    longest = max([*(len(name) for name, _, _ in results), *(len(name) for name, _ in told)])
    most = max([_LEAST, *(len(run.name) + 2 for run in runs), *(len(text) for _, values in told for text in values)])
    first = min(longest, max(cells // 4, 12), 28) + 2
    size = max(min((cells - first - 1) // len(runs), min(most, _MOST) + 2), _LEAST)
    heads: Line = [(" " * first, "")]
    for at, run in enumerate(runs):
        own = mark(at, charset, colourless=colourless) or sign
        heads.append(
            (fit(f"{own} {plain(run.name)}", size - 1, ellipsis=charset.ellipsis) + " ", f"{colour(at)} strong")
        )
    lines = [heads]
    for name, values, best in results:
        lines.append(_row(name, values, best, first, size, charset))
    if told:
        lines += [[], [(" what differs", "strong accent")]]
        lines += [_row(name, [(text, "") for text in values], None, first, size, charset) for name, values in told]
    else:
        lines += [[], [(" told the same, to the last setting", "muted")]]
    return [cut(line, cells) for line in lines]


_Cells = list[tuple[str, str]]


def _results(runs: Sequence[Compared], charset: Charset) -> list[tuple[str, _Cells, int | None]]:
    """Name, a cell for each run, and which of them is best."""
    vitals = [run.vitals for run in runs]
    names = list(dict.fromkeys(v.metric for v in vitals if v.metric))
    rows: list[tuple[str, _Cells, int | None]] = [
        ("status", [(f"{glyph(run.status, charset)} {run.status}", status_style(run.status)) for run in runs], None)
    ]
    for name in names:
        maximize = next(v.maximize for v in vitals if v.metric == name)
        values = [v.best.value if v.best is not None and v.metric == name else None for v in vitals]
        rows.append((f"best {label(name)}", [(_bare(name, value), "validation") for value in values],
                     _best(values, maximize)))  # fmt: skip
        tested = [v.finished.metrics.get(name) if v.finished is not None else None for v in vitals]
        if any(value is not None for value in tested):
            rows.append((f"test {label(name)}", [(_bare(name, value), "test") for value in tested],
                         _best(tested, maximize)))  # fmt: skip
    shown: Sequence[tuple[str, str, Callable[[Vitals], str]]] = (
        ("loss", "train", lambda v: number(v.loss) if v.step else ""),
        ("epoch", "", lambda v: epoch_text(v.epoch, v.epochs)),
        ("time", "", lambda v: duration(v.seconds) if v.begun else ""),
        ("speed", "", lambda v: per_second(v.samples_per_second)),
        ("params", "", lambda v: count_text(v.parameters)),
    )
    rows += [(name, [(text(v), style) for v in vitals], None) for name, style, text in shown]
    return rows


def _bare(name: str, value: float | None) -> str:
    return "" if value is None else metric(name, value).removeprefix(label(name)).strip()


def _best(values: Sequence[float | None], maximize: bool) -> int | None:
    known = [(value if maximize else -value, -at) for at, value in enumerate(values) if value is not None]
    return -max(known)[1] if len(known) > 1 else None


def _row(name: str, values: _Cells, best: int | None, first: int, size: int, charset: Charset) -> Line:
    line: Line = [(" " + fit(plain(name), first - 2, ellipsis=charset.ellipsis) + " ", "muted")]
    for at, (text, style) in enumerate(values):
        text = f"{text} {charset.best}" if at == best else text
        shown = fit(plain(text), size - 1, ellipsis=charset.ellipsis) + " "
        line.append((shown, "strong best" if at == best else style))
    return line
