"""A run in a terminal that is too small for its screen: the figures that matter, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.runs.figures import duration, metric, steady
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.head import Shown, elapsed, epoch_text, status_mark
from nntui.tui.draw.text import Line, cut, fit, plain

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
    room = max(cells - len(status) - len(epoch) - 5, 4)
    first: Line = [(f"{mark} {status}", style), (f" {epoch}" if epoch else "", "strong"),
                   (f"  {fit(name, min(len(name), room), ellipsis=charset.ellipsis)}", "muted")]  # fmt: skip
    loss = steady(vitals.loss) if vitals.loss is not None else "-"
    lines: list[Line] = [first, [("loss ", "muted"), (loss, "strong")]]
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
