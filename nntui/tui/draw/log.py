"""The log panel: warnings and how it failed, then what the engine printed."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from nntui.tui.draw.text import Line, cut, plain, wrap

if TYPE_CHECKING:
    from nntui.runs.state import RunState

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""What moves the cursor or colours: a log is drawn without them."""

_TRACE = re.compile(r"^(Traceback |\s+File \"|\w*(Error|Exception)\b)")


def printed(text: str) -> list[str]:
    """The lines of a log as they would stand on a screen: escapes are left out, a carriage return begins anew."""
    return [plain(_ESCAPES.sub("", line.rstrip("\r").rpartition("\r")[2])) for line in text.split("\n")]


def clock(seconds: float) -> str:
    """The time of day here."""
    return time.strftime("%H:%M:%S", time.localtime(seconds)) if seconds > 0 else "--:--:--"


def told_lines(state: RunState, cells: int) -> list[Line]:
    """Warnings and a failure, newest last, each wrapped."""
    lines: list[Line] = []
    for warning in state.warnings:
        lines += _wrapped(clock(warning.time), warning.message, "warning", cells)
    failed = state.vitals.failed
    if failed is not None:
        when = clock(failed.time)
        lines += _wrapped(
            when, f"failed at step {failed.step:,} ({failed.kind}): {failed.message}", "strong bad", cells
        )
        if failed.advice:
            lines += _wrapped("", failed.advice, "accent", cells)
    return lines


def _wrapped(when: str, text: str, style: str, cells: int) -> list[Line]:
    parts = [part for line in text.split("\n") for part in wrap(plain(line), max(cells - 9, 10))]
    return [[(f"{when if i == 0 else '':8} ", "muted"), (part, style)] for i, part in enumerate(parts)]


def log_lines(state: RunState, lines: Sequence[str], cells: int, *, cut_off: bool = False) -> list[Line]:
    """All of the panel. `cut_off`: only the end of the log was read."""
    told = told_lines(state, cells)
    while lines and not lines[-1]:
        lines = lines[:-1]
    if not lines:
        if not told:
            return [[("nothing: no warning, and log.txt is empty", "muted")]]
        return told
    out = list(told)
    if told:
        out.append([])
    out.append([("log.txt" + (", its end" if cut_off else ""), "muted")])
    for line in lines:
        out += _logged(line, cells)
    return out


@lru_cache(maxsize=4096)  # a log grows at its end: its other lines are the same each time
def _logged(line: str, cells: int) -> list[Line]:
    style = "bad" if _TRACE.match(line) else ""
    return [cut([(part, style)], cells) for part in wrap(line.replace("\t", "    "), max(cells, 10))]
