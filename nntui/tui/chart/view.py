"""What part of a chart is looked at, and how. Frozen: each action gives a new view."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nntui.tui.chart.curves import Curve
from nntui.tui.chart.scale import step_range
from nntui.tui.chart.unit import STEPS, Unit

SMOOTHINGS = (0.0, 0.6, 0.9, 0.97)


@dataclass(frozen=True)
class View:
    """`window`: first and last step shown, None for all; `total`: how many steps there will be, where it is known;
    `crosshair`: the step whose values are read; `first`: a step that is in it too, such as a neighbour's first;
    `newest`: the last step so far, where the curves may hold a part alone; `epoch`: steps of an epoch, where these are
    told of; `unit`: what the steps are, where they are positions of something else."""

    window: tuple[int, int] | None = None
    total: int | None = None
    log: bool = False
    smoothing: float = 0.0
    crosshair: int | None = None
    first: int | None = None
    newest: int | None = None
    epoch: int = 0
    unit: Unit = STEPS


def extent(curves: Sequence[Curve], total: int | None = None, begin: int | None = None) -> tuple[int, int]:
    """The steps that a chart of these curves spans without a zoom. `begin`: a step that it spans too."""
    first = min((curve.series.step[0] for curve in curves if len(curve.series.step)), default=begin or 0)
    first = first if begin is None else min(first, begin)
    last = max((curve.series.step[-1] for curve in curves if len(curve.series.step)), default=0)
    return step_range(first, last, total)


def shown(view: View, whole: tuple[int, int]) -> tuple[int, int]:
    """The first and the last step that are drawn: the window, within the whole."""
    if view.window is None:
        return whole
    first, last = max(view.window[0], whole[0]), min(view.window[1], whole[1])
    if last - first < 1:
        return whole
    return first, last


def reach(view: View, curves: Sequence[Curve]) -> tuple[int, int] | None:
    """The first and the last step that can be read: with a value, or between such."""
    ends = [
        step for curve in curves if len(curve.series.step) for step in (curve.series.step[0], curve.series.step[-1])
    ]
    ends += [step for step in (view.first, view.newest) if step is not None]
    return (min(ends), max(ends)) if ends else None


def zoomed(
    view: View, whole: tuple[int, int], factor: float, at: int | None = None, *, newest: int | None = None
) -> View:
    """`factor` below 1 looks closer. The step `at` (the crosshair, or the middle) stays where it is. Without either,
    where the `newest` step is seen and more are to come, a closer look leaves out first what is to come."""
    first, last = shown(view, whole)
    length = last - first
    if at is None and view.crosshair is not None and first <= view.crosshair <= last:
        at = view.crosshair
    live = at is None and newest is not None and newest < whole[1] and first <= newest <= last
    ending = newest if live else None
    if at is None:
        at = (first + last) // 2 if ending is None else ending
    longest = whole[1] - whole[0]
    wanted = round(length * factor)
    if wanted == length:
        wanted += 1 if factor > 1 else -1
    wanted = max(wanted, min(view.unit.shortest, longest))
    if wanted >= longest:
        return replace(view, window=None)
    start = at - round((at - first) / length * wanted)
    if ending is not None and factor < 1:
        start = max(first, ending - wanted)
    return _placed(view, whole, start, wanted)


def panned(view: View, whole: tuple[int, int], share: float) -> View:
    """Moved by a share of what is shown; to later steps where it is above zero."""
    if view.window is None:
        return view
    first, last = shown(view, whole)
    shift = round((last - first) * share) or (1 if share > 0 else -1 if share < 0 else 0)
    return _placed(view, whole, first + shift, last - first)


def moved(view: View, whole: tuple[int, int], first: int) -> View:
    """The same length from another step on: what a drag does."""
    if view.window is None:
        return view
    now, last = shown(view, whole)
    return _placed(view, whole, first, last - now)


def _placed(view: View, whole: tuple[int, int], first: int, length: int) -> View:
    first = max(whole[0], min(first, whole[1] - length))
    return replace(view, window=(first, first + length))


def crossed(view: View, curves: Sequence[Curve], whole: tuple[int, int], columns: int, direction: int) -> View:
    """The crosshair one column on (`direction` 1 or -1), or at the next point where those lie further apart. Without a
    crosshair: at the newest point that is seen. It stays where there are values, and takes a zoomed window along."""
    first, last = shown(view, whole)
    ends = reach(view, curves)
    if ends is None:
        return view
    if view.crosshair is None or direction == 0:
        return _read_at(view, whole, last, ends)
    here = view.crosshair
    stride = max((last - first) // max(columns, 1), 1)
    target = here + direction * stride
    nearest = [step for curve in curves if (step := _neighbour(curve.series.step, here, direction)) is not None]
    if nearest:
        closest = min(nearest) if direction > 0 else max(nearest)
        target = max(target, closest) if direction > 0 else min(target, closest)
    return _read_at(view, whole, target, ends)


def read_at(view: View, whole: tuple[int, int], step: int, curves: Sequence[Curve]) -> View:
    """The crosshair at a step, or at the nearest one up to which there are values."""
    ends = reach(view, curves)
    return view if ends is None else _read_at(view, whole, step, ends)


def _read_at(view: View, whole: tuple[int, int], step: int, ends: tuple[int, int]) -> View:
    first, last = shown(view, whole)
    target = max(whole[0], ends[0], min(step, whole[1], ends[1]))
    view = replace(view, crosshair=target)
    if view.window is not None and not first <= target <= last:
        return _placed(view, whole, target - (last - first) // 2, last - first)
    return view


def _neighbour(steps: Sequence[int], here: int, direction: int) -> int | None:
    """The nearest step strictly after (or before) `here`."""
    if direction > 0:
        i = bisect_left(steps, here + 1)
        return steps[i] if i < len(steps) else None
    i = bisect_left(steps, here) - 1
    return steps[i] if i >= 0 else None


def smoother(weight: float) -> float:
    """The next smoothing in turn."""
    return next((s for s in SMOOTHINGS if s > weight + 1e-9), 0.0)


def nearest(steps: Sequence[int], step: int) -> int | None:
    """The index of the point nearest to a step; of two, the earlier."""
    if not len(steps):
        return None
    i = bisect_left(steps, step)
    if i == len(steps) or (i > 0 and step - steps[i - 1] <= steps[i] - step):
        return max(i - 1, 0)
    return i
