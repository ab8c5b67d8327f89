"""What a plugin's panel shows: its drawing, that it is being made, or why there is none. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nntui.hooks.names import split_qualified
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, plain, wrap
from nntui.tui.plugin_panels.wire import Drawn, Failure, Said, Stage, Staged

_STAGES: dict[Stage, str] = {
    "importing": "is being imported",
    "reading": "reads the run",
    "drawing": "is being drawn",
    "resting": "is being drawn",
}


@dataclass(frozen=True, kw_only=True)
class View:
    """What is known of a panel's drawing."""

    panel: str
    """plugin/name."""
    stage: Stage = "importing"
    lines: list[Line] | None = None
    """The last drawing; None before the first, empty where there is nothing to show."""
    printed: str = ""
    failure: Failure | None = None
    """Of the last attempt."""


def heard(view: View, said: Said) -> View:
    """`view` after a message."""
    match said:
        case Staged(stage):
            return replace(view, stage=stage)
        case Drawn(lines=lines, printed=printed):
            safe = [[(plain(text), style) for text, style in line] for line in lines]
            return replace(view, lines=safe, printed=plain(printed), failure=None)
        case Failure():
            return replace(view, failure=said)


def rows_and_foot(view: View, width: int, height: int, charset: Charset) -> tuple[list[Line], list[Line]]:
    """What a panel of this size shows: rows of at most `width` cells, which may be more than fit, and what stays below
    them. A failure fits."""
    if width <= 0 or height <= 0:
        return [], []
    foot = [] if view.failure is not None else _printed(view.printed)[: height - 1]
    if view.failure is not None:
        rows = _failure(view.panel, view.failure, width, height)[:height]
    elif view.lines is None:
        rows = [[(f"{view.panel} {_STAGES[view.stage]} {charset.ellipsis}", "muted")]]
    elif not view.lines:
        rows = [[(f"{view.panel} has nothing to show yet", "muted")]]
    else:
        rows = view.lines
    return [cut(line, width) for line in rows], [cut(line, width) for line in foot]


def _printed(text: str) -> list[Line]:
    return [[("printed: ", "muted"), (text, "muted")]] if text else []


def _failure(panel: str, failure: Failure, width: int, height: int) -> list[Line]:
    """What happened and what to do; between them, of the traceback, whose end says most, what fits."""
    plugin, _ = split_qualified(panel)
    begin: list[Line] = [
        [(text, "strong bad")] for text in wrap(f"{plain(panel)} {plain(failure.message)}", width)[: max(1, height - 2)]
    ]
    keys: list[Line] = [[("enter starts it again" if failure.ended else "it is asked again as the run goes on", "key")]]
    if plugin != "builtin":
        keys.insert(0, [(f"nntui plugins disable {plain(plugin)}", "key")])
    room = max(0, height - len(begin) - len(keys))
    told = [[(text, "warning")] for row in failure.advice.splitlines() for text in wrap(plain(row), width)]
    told = [*told, *_printed(plain(failure.printed))][:room]
    room -= len(told)
    trace: list[Line] = [[(plain(row), "muted")] for row in failure.trace.rstrip().splitlines()]
    return [*begin, *(trace[-room:] if room else []), *told, *keys]
