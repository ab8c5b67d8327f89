"""The first line of a run's screen: which run it is, what it learns, how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING, Literal, TypeAlias

from nntui.runs.figures import duration
from nntui.runs.vitals import ENDED, Status
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, Span, cut, fit, plain, spread, width

if TYPE_CHECKING:
    from nntui.runs.state import RunState
    from nntui.tui.facts import Facts

Shown: TypeAlias = Status | Literal["deleted"]
"""A run's status, or that its folder is gone."""

LIVE: frozenset[str] = frozenset({"starting", "queued", "training", "paused"})

_LOOKS: Mapping[Shown, tuple[str, str]] = {
    "starting": ("live", "accent"), "queued": ("queued", "command"), "training": ("live", "accent"),
    "paused": ("paused", "warning"), "stopped": ("stopped", "muted"), "done": ("done", "good"),
    "failed": ("failed", "bad"), "lost": ("lost", "warning"), "unknown": ("lost", "warning"),
    "deleted": ("failed", "bad"),
}  # fmt: skip

BAR = 10


def status_mark(status: Shown, charset: Charset) -> Span:
    """The sign of a status, with its style."""
    name, style = _LOOKS[status]
    return getattr(charset, name), f"strong {style}"


def epoch_text(state: RunState, status: Shown) -> str:
    """Which epoch of how many: "3/10"; the one that is being trained, or how many were when it is over."""
    vitals = state.vitals
    if vitals.epochs <= 0:
        return ""
    done = floor(vitals.epoch + 1e-9)
    if status in LIVE and vitals.epoch < vitals.epochs:
        done += 1
    return f"{min(done, vitals.epochs)}/{vitals.epochs}"


def elapsed(state: RunState, status: Shown, now: float) -> float:
    """Seconds trained so far. `now` counts while it trains."""
    vitals = state.vitals
    running = max(now - vitals.last, 0.0) if status == "training" and vitals.last else 0.0
    return vitals.seconds + min(running, 3600.0)


def bar(fraction: float | None, cells: int, charset: Charset) -> Line:
    filled = round((fraction or 0.0) * cells)
    return [(charset.full * filled, "accent"), (charset.empty * (cells - filled), "axis")]


def head_line(facts: Facts, state: RunState, status: Shown, now: float, cells: int, charset: Charset) -> Line:
    """The richest of several that fits: what is chosen and how long it takes come before the bar and the step."""
    rights = list(_rights(state, status, now, charset))
    lefts = list(_lefts(facts))
    for right, least in zip(rights[:-1], (2, 3, 3, 4, 5, 5), strict=True):
        for left in lefts[: least + 1]:
            if width(left) + 2 + width(right) <= cells:
                return spread(left, right, cells)
    for right in rights[1:]:
        room = cells - width(right) - 2
        if room >= min(len(plain(facts.name)), 12):
            return spread(_name(facts, room, charset), right, cells)
    return cut(_name(facts, max(cells - 2, 1), charset), cells)


def _name(facts: Facts, room: int, charset: Charset) -> Line:
    text = plain(facts.name)
    return [(fit(text, min(len(text) + 1, room), ellipsis=charset.ellipsis), "strong title")]


def _lefts(facts: Facts) -> Iterator[Line]:
    name: Line = [(plain(facts.name), "strong title")]
    origin = f"from {facts.parent}" if facts.parent else ""
    told = [facts.arch, facts.data, facts.activation, facts.device, facts.optimizer, origin]
    order: Sequence[Sequence[str]] = (
        told,
        told[:5],
        told[:4],
        [facts.arch, facts.data, facts.device],
        [facts.arch, facts.data],
        [facts.data],
    )
    for words in order:
        yield [*name, ("  " + " ".join(plain(word) for word in words if word), "muted")]


def _rights(state: RunState, status: Shown, now: float, charset: Charset) -> Iterator[Line]:
    mark, style = status_mark(status, charset)
    said: Line = [(f"{mark} {status}", style)]
    epoch = epoch_text(state, status)
    counted: Line = [(f" {epoch}", "")] if epoch else []
    spent = elapsed(state, status, now)
    clock: Line = [(f" {duration(spent)}", "muted")] if spent > 0 else []
    left = state.seconds_left() if status == "training" else None
    eta: Line = [(" eta ", "muted"), (duration(left), "")] if left is not None else []
    fraction = state.vitals.fraction
    shown = fraction is not None and status not in ENDED
    drawn: Line = [(" ", ""), *bar(fraction, BAR, charset)] if shown else []
    short: Line = [(" ", ""), *bar(fraction, BAR // 2, charset)] if shown else []
    step: Line = [(f" step {state.vitals.step:,}", "muted")] if state.vitals.step else []
    yield [*said, *counted, *drawn, *step, *clock, *eta]
    yield [*said, *counted, *drawn, *clock, *eta]
    yield [*said, *counted, *short, *clock, *eta]
    yield [*said, *counted, *clock, *eta]
    yield [*said, *counted, *eta]
    yield [*said, *counted]
    yield said
