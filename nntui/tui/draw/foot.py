"""The foot of a run's screen: its figures in one line, and one line of what matters most just now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from nntui.runs.complaints import NO_CHECKPOINT
from nntui.runs.figures import ago, duration, metric, per_second, rate, size, steady
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.head import LIVE, Shown
from nntui.tui.draw.spark import bars
from nntui.tui.draw.text import Line, cut, plain, width

if TYPE_CHECKING:
    from nntui.runs.state import RunState

LOW_DISK = 256 << 20
"""Bytes free below which a disk is nearly full: a few checkpoints."""

NO_DISK = 16 << 10
"""Bytes free below which not even events fit."""

_SPARK = 8


@dataclass(frozen=True)
class Figures:
    """What the machine says of a run's process; None where it is not known. Sizes in bytes."""

    cpu: float | None = None
    """Of one core, in percent: 198 is two cores."""
    memory: int | None = None
    gpu: float | None = None
    """Share of the time in which the GPU computes, in percent."""
    gpu_memory: int = 0
    """What the process holds there."""
    disk: int | None = None
    """Free where the run folder is."""


def fitting(parts: Sequence[tuple[int, Line]], cells: int, gap: int = 2) -> Line:
    """The parts in their order; those of the lowest rank are left out until the rest fits."""
    chosen = [(rank, line) for rank, line in parts if line]
    while len(chosen) > 1 and sum(width(line) for _, line in chosen) + gap * (len(chosen) - 1) > cells:
        lowest = min(rank for rank, _ in chosen)
        at = max(i for i, (rank, _) in enumerate(chosen) if rank == lowest)
        del chosen[at]
    line: Line = []
    for _, part in chosen:
        line += [*([(" " * gap, "")] if line else []), *part]
    return cut(line, cells)


def vitals_line(state: RunState, figures: Figures, status: Shown, now: float, cells: int, charset: Charset) -> Line:
    """Throughput, learning rate, processor, memory, age of the checkpoint, disk."""
    vitals = state.vitals
    wide = cells >= 100
    spark = _SPARK * 2 if wide else _SPARK - 2
    speed = per_second(vitals.samples_per_second) or "-/s"
    speeds = state.history.newest.values["samples_per_second"]
    rates = state.history.series("lr").mean
    recent = list(speeds[-spark:])
    drawn = bars(recent, spark, charset, low=max(recent, default=0.0) / 2)
    thin = [rates[i * (len(rates) - 1) // max(spark - 1, 1)] for i in range(spark)] if len(rates) > spark else rates
    curve = bars(list(thin), spark, charset, low=0.0)
    lr = rate(vitals.lr) if vitals.lr is not None and isfinite(vitals.lr) else "-"
    live = status in LIVE
    parts: list[tuple[int, Line]] = [
        (9, [(speed, "strong"), *([(f" {drawn}", "train")] if drawn else [])]),
        (10, [("lr ", "muted"), (lr, "strong"), *([(f" {curve}", "validation")] if curve else [])]),
        (8, _gpu(figures) if live else []),
        (8 if figures.gpu is None else 3, _cpu(figures) if live else []),
        (7, [(size(figures.memory, 2), "")] if live and figures.memory is not None else []),
        (6, _checkpoint(state, live, now)),
        (5, _disk(figures.disk)),
        (2, [("best ", "muted"), (f"step {state.best.step:,}", "best")] if state.best is not None else []),
        (1, [("parameters ", "muted"), (f"{vitals.parameters:,}", "")] if vitals.parameters else []),
        (0, [("threads ", "muted"), (str(vitals.threads), "")] if vitals.threads else []),
    ]
    return fitting(parts, cells, 2)


def _cpu(figures: Figures) -> Line:
    return [] if figures.cpu is None else [("cpu ", "muted"), (f"{figures.cpu:.0f}%", "")]


def _gpu(figures: Figures) -> Line:
    if figures.gpu is None:
        return []
    return [("gpu ", "muted"), (f"{figures.gpu:.0f}% {size(figures.gpu_memory, 2)}", "")]


def _checkpoint(state: RunState, live: bool, now: float) -> Line:
    if not state.checkpoints:
        return [("no ckpt yet", "muted")] if live else []
    newest = max(state.checkpoints, key=lambda event: event.time)
    if live:
        return [("ckpt ", "muted"), (f"{ago(now - newest.time)} ago", "")]
    return [("ckpt ", "muted"), (f"step {newest.step:,}", "")]


def _disk(free: int | None) -> Line:
    if free is None:
        return []
    return [("disk ", "muted"), (size(free, 2), "strong bad" if free < LOW_DISK else "")]


def failure_advice(state: RunState, cells: int) -> Line:
    """What to try after a failure, in a line of its own; empty where it stands behind the failure."""
    failed = state.vitals.failed
    if failed is None or not failed.advice or len(ending(state, cells)) > 1:
        return []
    return cut([(plain(failed.advice), "accent")], cells)


def ending(state: RunState, cells: int = 200) -> Line:
    """How a run ended, in a line."""
    vitals = state.vitals
    if vitals.failed is not None:
        told = f"failed: {plain(vitals.failed.message)}"
        advice = f"  {plain(vitals.failed.advice)}" if vitals.failed.advice else ""
        return [(told, "bad"), (advice, "muted")] if width(told + advice) <= cells else [(told, "bad")]
    found = vitals.finished
    if found is None:
        return []
    first = vitals.metric if vitals.metric in found.metrics else next(iter(found.metrics), "")
    rest = [name for name in found.metrics if name not in (first, "loss")]
    split = found.split or "test"
    parts: list[tuple[int, Line]] = [
        (9, [(f"{found.status} in {duration(found.seconds or vitals.seconds)}", "strong good")]),
        (0 if found.status == "stopped" else 6, [(f"({plain(found.reason)})", "muted")] if found.reason else []),
        (8, [(f"{split}: ", "muted"), (plain(metric(first, found.metrics[first])), "strong")] if first else []),
        (5, [("loss ", "muted"), (steady(found.metrics["loss"]), "")] if "loss" in found.metrics else []),
        (7, [(f"weights of step {found.best_step:,}", "best")] if found.best_step is not None else []),
        *((1, _told(name, found.metrics[name])) for name in rest),
    ]
    return fitting(parts, cells)


def _told(name: str, value: float | None) -> Line:
    return [(plain(metric(name, value)), "muted")]


def notice(state: RunState, status: Shown, figures: Figures, problem: str, now: float, cells: int = 200) -> Line:
    """What matters most of a run as a whole; empty where nothing does. Commands are told before it."""
    if status == "deleted":
        gone = "this run's folder is gone and its process ends: what was read stays shown"
        return [(gone, "strong bad")]
    full = figures.disk is not None and figures.disk < LOW_DISK
    if problem and not (full and status in LIVE):  # a full disk damages what is written: that is told
        return [(plain(problem), "bad")]
    ended = ending(state, cells) if status in ("done", "stopped", "failed") else []
    if ended:
        return ended
    if status == "lost":
        return [("its process ended without a word; ", "warning"), ("R goes on from the newest checkpoint", "")]
    if status == "queued":
        return [(f"waits for {plain(state.vitals.after)} to end", "command")]
    if status == "unknown":
        return [(f"last seen on {plain(state.vitals.host) or 'another machine'}: whether it lives cannot be told from "
                 "here", "warning")]  # fmt: skip
    if full and figures.disk is not None:
        if figures.disk < NO_DISK:
            return [("the disk is full: what is trained now is neither shown nor kept; make room", "strong bad")]
        newest = state.warnings[-1] if state.warnings else None
        if newest is not None and newest.message.startswith(NO_CHECKPOINT):
            return [(f"the disk is full ({size(figures.disk, 2)} left): {plain(newest.message)}", "bad")]
        return [(f"the disk is nearly full ({size(figures.disk, 2)} left): checkpoints may not fit", "bad")]
    if state.warnings and (now - state.warnings[-1].time < 60 or status not in LIVE):
        more = f"  (+{len(state.warnings) - 1} in the log)" if len(state.warnings) > 1 else ""
        return [(f"warning: {plain(state.warnings[-1].message)}", "warning"), (more, "muted")]
    if status == "paused":
        return [(f"paused at step {state.vitals.step:,}; space goes on", "warning")]
    return []
