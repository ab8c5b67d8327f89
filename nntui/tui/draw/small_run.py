"""A run in a terminal that is too small for its screen: the figures that matter, and of the rest what has room."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import TYPE_CHECKING

from nntui.runs.figures import duration, figure, metric, steady
from nntui.tui.chart.layout import layout
from nntui.tui.chart.view import View
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.foot import Figures, fitting, vitals_line
from nntui.tui.draw.head import BAR, LIVE, Shown, bar, elapsed, epoch_text, status_mark
from nntui.tui.draw.run_charts import Evaluations, loss_chart, total_steps
from nntui.tui.draw.small import notice_line
from nntui.tui.draw.spark import curve
from nntui.tui.draw.text import Line, cut, fit, plain, text_of, width, wrap

if TYPE_CHECKING:
    from nntui.runs.state import RunState
    from nntui.tui.facts import Facts

KEYED = 8
"""Lines from which on the last one is for keys."""
_CHART = 2
"""Lines of the smallest chart; where there are fewer the loss is a line of its own."""
_MOST_TOLD = 3


@dataclass(frozen=True)
class Small:
    """What is told of a run. `told`: what was asked of it or matters most; `terminal`: its cells and lines."""

    facts: Facts
    state: RunState
    status: Shown
    now: float
    charset: Charset
    terminal: tuple[int, int]
    figures: Figures = field(default_factory=Figures)
    told: Line = field(default_factory=list)


def small_lines(run: Small, cells: int, height: int, evaluations: Evaluations | None = None) -> list[Line]:
    """What matters most is there on a single line; the loss is drawn where lines are left."""
    first, loss = _first(run, cells), _loss(run, cells)
    rows: list[tuple[int, list[Line]]] = [
        (9, [first]),
        (5, [_times(run, cells)]),
        (8, [loss]),
        (7, [_metric(run, cells)]),
        (3, [vitals_line(run.state, run.figures, run.status, run.now, cells, run.charset)]),
        (6, _wrapped(run.told, cells, run.charset)),
        (4, [notice_line(*run.terminal, run.charset)]),
    ]
    shown: dict[int, list[Line]] = {}
    room = height
    for rank, lines in sorted(rows, key=lambda row: -row[0]):
        shown[rank] = [line for line in lines if line][:room]
        room -= len(shown[rank])
    *above, below = (shown[rank] for rank, _ in rows)
    drawn = _drawn(run, cells, room, evaluations or Evaluations())
    return [cut(line, cells) for line in [*(line for lines in above for line in lines), *drawn, *below]]


def _first(run: Small, cells: int) -> Line:
    """Status, epoch and name, the name above all; then what it learns."""
    mark, style = status_mark(run.status, run.charset)
    name, epoch = plain(run.facts.name), _epoch_above(run, cells)
    told: Line = [(f" {epoch}", "strong")] if epoch else []
    room = max(cells - len(run.status) - width(told) - 4, 4)
    line: Line = [(f"{mark} {run.status}", style), *told,
                  (f"  {fit(name, min(width(name), room), ellipsis=run.charset.ellipsis)}", "title")]  # fmt: skip
    what = " ".join(plain(word) for word in (run.facts.arch, run.facts.data) if word)
    return [*line, (f"  {what}", "muted")] if what and width(line) + 2 + width(what) <= cells else line


def _epoch_above(run: Small, cells: int) -> str:
    """The epoch, where the first line has room for it beside the name."""
    epoch = epoch_text(run.state, run.status)
    return epoch if width(epoch) + 1 + len(run.status) + width(plain(run.facts.name)) + 4 <= cells else ""


def _times(run: Small, cells: int) -> Line:
    state, training = run.state, run.status == "training"
    left = state.seconds_left() if training else None
    fraction = state.vitals.fraction if run.status in LIVE else None
    parts: list[tuple[int, Line]] = [
        (1, bar(fraction, BAR, run.charset) if fraction is not None else []),
        (2, [("step ", "muted"), (f"{state.vitals.step:,}", "")] if state.vitals.step else []),
        (8, [(duration(elapsed(state, run.status, run.now)), "")]),
        (9, [("eta ", "muted"), (duration(left), "strong")] if left is not None else []),
    ]
    return fitting(parts, cells)


def _loss(run: Small, cells: int) -> Line:
    """Of training and of validation, which are drawn below with these signs, and the least on validation."""
    vitals, charset = run.state.vitals, run.charset
    epoch = "" if _epoch_above(run, cells) else epoch_text(run.state, run.status)
    measured = [e.metrics.get("loss") for e in run.state.evaluations.get("validation", ())]
    latest = measured[-1] if measured else None
    least = min((value for value in measured if value is not None and isfinite(value)), default=inf)
    sign = {"braille": "⣀", "blocks": "▄", "ascii": "-"}[charset.name]
    parts: list[tuple[int, Line]] = [
        (7, [(epoch, "strong")] if epoch else []),
        (9, [("loss ", "muted"), (steady(vitals.loss) if vitals.loss is not None else "-", "strong"),
             (f" {sign}", "train")]),
        (5, [("val ", "muted"), (steady(latest), "strong"), (f" {charset.point}", "validation")]
            if latest is not None else []),
        (3, [("best ", "muted"), (steady(least), "best")] if least < inf else []),
    ]  # fmt: skip
    return fitting(parts, cells)


def _metric(run: Small, cells: int) -> Line:
    vitals, best = run.state.vitals, run.state.best
    if vitals.latest is None or not vitals.metric:
        return []
    parts: list[tuple[int, Line]] = [
        (9, [(metric(vitals.metric, vitals.latest.value), "strong")]),
        (5, [("best ", "muted"), (figure(vitals.metric, best.value), "best")] if best is not None else []),
        (3, [("in epoch ", "muted"), (f"{best.epoch:g}", "")] if best is not None else []),
    ]
    return fitting(parts, cells)


def _wrapped(told: Line, cells: int, charset: Charset) -> list[Line]:
    """Broken between words, in the style in which it begins."""
    if width(told) <= cells:
        return [told]
    lines = [line for line in wrap(text_of(told), cells) if line]
    if len(lines) > _MOST_TOLD:
        lines = lines[:_MOST_TOLD]
        while lines[-1] and width(lines[-1]) + 1 + width(charset.ellipsis) > cells:
            lines[-1] = lines[-1].rpartition(" ")[0]
        lines[-1] = f"{lines[-1]} {charset.ellipsis}".strip()
    return [[(line, told[0][1])] for line in lines]


def _drawn(run: Small, cells: int, rows: int, evaluations: Evaluations) -> list[Line]:
    """The loss over the steps: a chart without its title, or a line."""
    history = run.state.history
    if rows < 1 or not len(history):
        return []
    if rows < _CHART:
        return [[(curve(list(history.series("loss").mean), cells, run.charset), "train")]]
    charted = loss_chart(run.state, evaluations)
    view = View(total=total_steps(run.state), epoch=run.state.vitals.steps_per_epoch)
    return layout(charted.curves, charted.marks, view, cells, rows + 1, run.charset, title=charted.title)[1:]
