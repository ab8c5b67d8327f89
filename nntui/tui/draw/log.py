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


def warned_lines(state: RunState, cells: int) -> list[Line]:
    """Warnings, newest last, each wrapped."""
    return [
        line for warning in state.warnings for line in _wrapped(clock(warning.time), warning.message, "warning", cells)
    ]


def failed_lines(state: RunState, cells: int) -> list[Line]:
    """How it failed and what to try: the end of the log, where the panel opens."""
    lines: list[Line] = []
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
    warned, failed = warned_lines(state, cells), failed_lines(state, cells)
    while lines and not lines[-1]:
        lines = lines[:-1]
    log: list[Line] = []
    if lines:
        log.append([("log.txt" + (", its end" if cut_off else ""), "muted")])
    for line in lines:
        log += _logged(line, cells)
    out: list[Line] = []
    for part in (warned, log, failed):
        if part:
            out += [*([[]] if out else []), *part]
    return out or [[("nothing: no warning, and log.txt is empty", "muted")]]


@lru_cache(maxsize=4096)  # a log grows at its end: its other lines are the same each time
def _logged(line: str, cells: int) -> list[Line]:
    style = "bad" if _TRACE.match(line) else ""
    line = line.replace("\t", "    ")
    indent = line[: min(len(line) - len(line.lstrip(" ")), max(cells - 10, 0))]
    return [cut([(indent + part, style)], cells) for part in wrap(line, max(cells - len(indent), 10))]
