"""Terminals that are too small for a screen: the least size, the notice, a run's figures that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.runs.figures import duration, metric, steady
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.head import Shown, elapsed, epoch_text, status_mark
from nntui.tui.draw.text import Line, cut, fit, plain, width

if TYPE_CHECKING:
    from nntui.runs.state import RunState
    from nntui.tui.facts import Facts

LEAST = (60, 16)
"""Cells and lines that a whole screen takes, whichever it is."""
LOW = 10
"""Lines below which a screen has none left for its keys."""


def too_small(cells: int, height: int) -> bool:
    """Whether a terminal of this size shows less than all."""
    return cells < LEAST[0] or height < LEAST[1]


def notice_line(cells: int, height: int, charset: Charset) -> Line:
    """That a terminal of this size is too small, and what shows all."""
    needed = f"{LEAST[0]}x{LEAST[1]}"
    ways = (
        f"{cells}x{height} is too small: {needed} shows all",
        f"too small: {needed} shows all",
        f"too small: {needed}",
    )
    told = next((way for way in ways if len(way) <= cells), ways[-1])
    return [(fit(told, min(len(told), cells), ellipsis=charset.ellipsis), "muted")]


def small_lines(
    facts: Facts, state: RunState, status: Shown, now: float, cells: int, height: int, charset: Charset
) -> list[Line]:
    """Status, epoch, loss, metric and time left, as many of them as there are lines."""
    vitals = state.vitals
    mark, style = status_mark(status, charset)
    epoch = epoch_text(state, status)
    name = plain(facts.name)
    told_epoch: Line = [(f" {epoch}", "strong")] if epoch else []
    loss: Line = [("loss ", "muted"), (steady(vitals.loss) if vitals.loss is not None else "-", "strong")]
    if width(told_epoch) + len(status) + width(name) + 4 > cells:  # the name is what tells one run from another
        loss, told_epoch = [(f"{epoch}  " if epoch else "", "strong"), *loss], []
    room = max(cells - len(status) - width(told_epoch) - 4, 4)
    shown = fit(name, min(width(name), room), ellipsis=charset.ellipsis)
    lines: list[Line] = [[(f"{mark} {status}", style), *told_epoch, (f"  {shown}", "muted")], loss]
    if vitals.latest is not None and vitals.metric:
        best = state.best
        told: Line = [(metric(vitals.metric, vitals.latest.value), "strong")]
        if best is not None and best.step != vitals.latest.step:
            told.append((f"  best {metric(vitals.metric, best.value).rpartition(' ')[2]}", "best"))
        lines.append(told)
    left = state.seconds_left() if status == "training" else None
    times: Line = [(duration(elapsed(state, status, now)), "")]
    if left is not None:
        times += [("  eta ", "muted"), (duration(left), "strong")]
    lines.append(times)
    if height > len(lines):
        lines += [*([[]] if height > len(lines) + 1 else []), notice_line(cells, height, charset)]
    return [cut(line, cells) for line in lines[:height]]
