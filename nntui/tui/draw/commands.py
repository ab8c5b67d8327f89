"""The commands panel: what was asked of a run and what became of it; and the checkpoints that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntui.runs.figures import size
from nntui.runs.vitals import ENDED
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.head import LIVE, Shown
from nntui.tui.draw.log import clock
from nntui.tui.draw.text import Line, cut, fit, plain, width, wrap
from nntui.tui.steering import doing, outcome, said

if TYPE_CHECKING:
    from nntui.runs.state import CommandState, RunState


@dataclass(frozen=True)
class Kept:
    """A checkpoint on the disk."""

    step: int
    bytes: int
    best: bool = False
    last: bool = False
    resumable: bool = True
    readable: bool = True


def commands_head(cells: int) -> Line:
    by = _by(cells)
    head: Line = [(fit("asked", 9) + fit("what", 13), "muted")]
    if by:
        head.append((fit("by", by + 1), "muted"))
    return cut([*head, ("what became of it", "muted")], cells)


def _by(cells: int) -> int:
    """Cells of the asker."""
    return 0 if cells < 60 else min(max(cells // 5, 12), 24)


def commands_lines(state: RunState, kept: Sequence[Kept], status: Shown, cells: int, charset: Charset) -> list[Line]:
    """Commands, the newest first; then checkpoints, the newest first."""
    newest = reversed(state.commands.values())
    lines = [line for command in newest for line in _command(command, state, status, cells, charset)]
    if not lines:
        tip = " (space, + and -, e, c, S)" if status in LIVE else ""
        lines = [[(f"nothing was asked of this run{tip}", "muted")]]
    lines += [[], [("checkpoints that are kept", "muted")]]
    if not kept:
        lines.append([("none" + ("" if status in ENDED else " yet"), "muted")])
    return lines + [_checkpoint(one, state, cells, charset) for one in sorted(kept, key=lambda k: -k.step)]


def _command(command: CommandState, state: RunState, status: Shown, cells: int, charset: Charset) -> list[Line]:
    when = clock(command.asked if command.asked is not None else command.met or 0.0)
    line: Line = [(f"{when} ", "muted"), (fit(said(command), 12, ellipsis=charset.ellipsis) + " ", "strong command")]
    by = _by(cells)
    if by:
        line.append((fit(plain(command.by), by, ellipsis=charset.ellipsis) + " ", "muted"))
    first, *rest = wrap(_became(command, state, status), max(cells - width(line), 16))
    style = {"applied": "good", "refused": "bad"}.get(command.result, "warning")
    indent = " " * width(line)
    return [cut([*line, (first, style)], cells), *(cut([(indent + part, style)], cells) for part in rest)]


def _became(command: CommandState, state: RunState, status: Shown) -> str:
    if command.result != "asked":
        return outcome(command, brief=True)
    if status not in LIVE and status != "unknown":
        return "never met: the run ended first"
    what = doing(state, status)
    return "not yet applied" + (f" ({what})" if what else "")


def _checkpoint(one: Kept, state: RunState, cells: int, charset: Charset) -> Line:
    written = next((event for event in reversed(state.checkpoints) if event.step == one.step), None)
    when = clock(written.time) if written is not None else fit("", 8)
    line: Line = [(f"{when} ", "muted"), (fit(f"step {one.step:,}", 12) + " ", "strong"),
                  (fit(size(one.bytes, 2) if one.bytes else "", 8), "")]  # fmt: skip
    if written is not None and written.seconds > 0 and cells >= 60:
        line.append((fit(f"written in {written.seconds * 1000:.0f} ms", 18) + " ", "muted"))
    if one.best:
        line.append((f" {charset.best} best", "best"))
    if one.last:
        line.append((" last", "accent"))
    if not one.readable:
        line.append((" damaged", "bad"))
    elif not one.resumable:
        line.append((" weights alone", "muted"))
    return cut(line, cells)
