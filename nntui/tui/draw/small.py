"""A run in a terminal that is too small for its screen: the figures that matter, a line each."""

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
"""Cells and lines that the whole screen takes."""


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
        size = f"{cells}x{height} is too small: {LEAST[0]}x{LEAST[1]} shows all"
        note = fit(size, min(len(size), cells), ellipsis=charset.ellipsis)
        lines += [*([[]] if height > len(lines) + 1 else []), [(note, "muted")]]
    return [cut(line, cells) for line in lines[:height]]
