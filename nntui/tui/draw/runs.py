"""The list of runs as lines: which columns fit, and what each run says in them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.runs.figures import duration, metric, number, per_second, rate
from nntui.runs.vitals import Status
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.spark import curve
from nntui.tui.draw.text import Line, cut, fit, join, plain, spread, width

if TYPE_CHECKING:
    from nntui.runs.summary import Row

LIVE: frozenset[Status] = frozenset({"starting", "queued", "training", "paused"})
"""Statuses of a run that a process stands behind."""

_STYLES: Mapping[Status, str] = {
    "starting": "accent", "queued": "command", "training": "accent", "paused": "warning", "stopped": "muted",
    "done": "good", "failed": "bad", "lost": "warning", "unknown": "warning",
}  # fmt: skip

_SHORT = {
    "accuracy": "acc", "top5_accuracy": "top5", "subset_accuracy": "subset", "macro_f1": "f1", "micro_f1": "f1",
    "bits_per_char": "bpc", "perplexity": "ppl",
}  # fmt: skip

_STEEP = 30.0
"""Ratio of the highest to the lowest loss from which on it is drawn on a log scale."""

MARGIN = 3
"""Cells before the first column: the cursor, the mark, a space."""


@dataclass(frozen=True)
class Column:
    """A column: `most` is the width that it likes best, where the rows do not say; `least` what it can live with."""

    key: str
    title: str
    least: int
    most: int
    right: bool = False


NAME = Column("name", "name", 8, 26)
DATA = Column("data", "data", 6, 22)
ARCH = Column("arch", "arch", 4, 12)
STATUS = Column("status", "status", 10, 10)
EPOCH = Column("epoch", "epoch", 5, 9, right=True)
LOSS = Column("loss", "loss", 6, 7, right=True)
METRIC = Column("metric", "best", 9, 14)
CURVE = Column("curve", "curve", 5, 12)
NOTE = Column("note", "note", 8, 60)
BEGUN = Column("begun", "begun", 6, 6, right=True)
TIME = Column("time", "time", 7, 7, right=True)
PARAMS = Column("params", "params", 6, 6, right=True)

_ALWAYS = (NAME, DATA, ARCH, STATUS, EPOCH, LOSS, METRIC, CURVE)
_DROPPED_FIRST = (CURVE, ARCH, DATA)
_DROPPED_LAST = (METRIC, LOSS, EPOCH)
"""Once the status is its mark alone, which stays, as the name does."""
_WHERE_ROOM = (NOTE, BEGUN, TIME, PARAMS)
_ORDER = (NAME, DATA, ARCH, STATUS, EPOCH, LOSS, METRIC, CURVE, TIME, PARAMS, BEGUN, NOTE)
_SHORT_NOTE = 10
"""Cells of a note before the other columns that come where there is room."""
_MEASURED = {NAME, DATA, ARCH, EPOCH, METRIC, NOTE}


@dataclass(frozen=True)
class Layout:
    """Columns with their widths, from left to right."""

    columns: tuple[tuple[Column, int], ...]
    gap: int


def lay_out(rows: Sequence[Row], cells: int) -> Layout:
    """The columns that `cells` cells have room for; the widths follow from what the rows say in them."""
    gap = 2 if cells >= 100 else 1
    room = cells - MARGIN
    widths = {column: _wanted(column, rows) for column in _ALWAYS}
    for column in (DATA, NAME, METRIC, ARCH, EPOCH):
        over = sum(widths.values()) + gap * (len(widths) - 1) - room
        if over > 0:
            widths[column] = max(min(widths[column], column.least), widths[column] - over)
    for column in (*_DROPPED_FIRST, STATUS, *_DROPPED_LAST):
        if sum(widths.values()) + gap * (len(widths) - 1) > room:
            if column is STATUS:
                widths[STATUS] = 1
            else:
                del widths[column]
    room -= sum(widths.values()) + gap * (len(widths) - 1)
    if len(widths) == len(_ALWAYS):
        _add_columns(widths, rows, room, gap)
    else:  # something that matters more than what could be added was left out
        _widen(widths, rows, room)
    return Layout(tuple((column, widths[column]) for column in _ORDER if column in widths), gap)


def _widen(widths: dict[Column, int], rows: Sequence[Row], room: int) -> None:
    """What remains is for what was cut short."""
    for column in (EPOCH, NAME):
        if column in widths:
            more = max(min(_wanted(column, rows) - widths[column], room), 0)
            widths[column] += more
            room -= more


def _add_columns(widths: dict[Column, int], rows: Sequence[Row], room: int, gap: int) -> None:
    """What remains is for further columns, and for those that can use it."""
    for column in _WHERE_ROOM:
        size = _wanted(column, rows)
        first = min(size, _SHORT_NOTE) if column is NOTE else size
        if size and room >= gap + first:
            widths[column] = first
            room -= gap + first
    if NOTE in widths:
        more = min(_wanted(NOTE, rows) - widths[NOTE], room)
        widths[NOTE] += more
        room -= more
    if CURVE in widths:
        more = min(CURVE.most * 2 - widths[CURVE], room)
        widths[CURVE] += more
        room -= more
    if NOTE in widths:
        widths[NOTE] += room


def _wanted(column: Column, rows: Sequence[Row]) -> int:
    """The width that a column likes: what its longest text takes, within limits. 0: nothing is to be shown in it."""
    if column not in _MEASURED:
        return column.least if column is CURVE else column.most if column in _WHERE_ROOM else column.least
    longest = max((len(_text(column, row)) for row in rows), default=0)
    if column is NOTE and not longest:
        return 0
    return min(max(longest, len(column.title), column.least if column is not NAME else 0), column.most)


def _text(column: Column, row: Row) -> str:
    """What a run says in a column, as it is in its files."""
    v = row.summary.vitals
    match column.key:
        case "name":
            return row.folder.name
        case "data":
            return data_text(row.summary.data)
        case "arch":
            return row.summary.arch
        case "epoch":
            return epoch_text(v.epoch, v.epochs, live=row.status in LIVE)
        case "loss":
            return loss_text(v.loss) if row.summary.curve.steps else ""
        case "metric":
            return result_text(row)
        case "time":
            return duration(v.seconds) if v.begun else ""
        case "params":
            return count_text(v.parameters)
        case "begun":
            return begun_text(v.begun)
        case "note":
            return row.note
        case _:
            return ""


def data_text(data: str) -> str:
    """A data set's name, or the end of a path: what tells it from others."""
    if "/" not in data or len(data) <= DATA.most:
        return data
    return f"{'./' if data.startswith('.') else '…/'}{Path(data).name}"


def epoch_text(epoch: float, epochs: int, *, live: bool = False) -> str:
    """3/10, the one that is being trained, as the run's own screen says it; of a run that is over 2.4/10 where it
    ended within an epoch and there are few."""
    if not epochs:
        return ""
    if live:
        return f"{min(floor(epoch + 1e-9) + 1, epochs)}/{epochs}"
    whole = abs(epoch - round(epoch)) < 0.05 or epochs >= 20
    return f"{int(epoch + 0.05)}/{epochs}" if whole else f"{epoch:.1f}/{epochs}"


def loss_text(loss: float | None) -> str:
    """As `number`, in the cells of its column."""
    text = number(loss)
    return text if loss is None or len(text) <= LOSS.least else f"{loss:.4f}" if 0.001 <= loss < 1 else f"{loss:.1g}"


def metric_text(name: str, value: float | None) -> str:
    """acc 89.3%."""
    text = metric(name, value)
    full = name.replace("_", " ")
    return _SHORT[name] + text.removeprefix(full) if name in _SHORT else text


def result_text(row: Row) -> str:
    """The best so far by the primary metric; of a failed run, where it failed."""
    v = row.summary.vitals
    if v.failed is not None:
        return f"step {v.failed.step}"
    return metric_text(v.metric, v.best.value) if v.best is not None else ""


def count_text(count: int) -> str:
    """Parameters in at most five cells: 421k."""
    if not count:
        return ""
    size = float(count)
    for unit in ("", "k", "M", "G"):
        if size < 999.5:
            return f"{size:.3g}{unit}"
        size /= 1000
    return f"{size:.3g}T"


def begun_text(begun: float, now: float | None = None) -> str:
    """When: the time of today, or the day. It stays true while nothing is drawn, as an age would not."""
    if not begun:
        return ""
    then, today = time.localtime(begun), time.localtime(time.time() if now is None else now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%d %b" if then.tm_year == today.tm_year else "%Y", then)


def glyph(status: Status, charset: Charset) -> str:
    marks: dict[str, str] = {
        "starting": charset.live, "queued": charset.queued, "training": charset.live, "paused": charset.paused,
        "stopped": charset.stopped, "done": charset.done, "failed": charset.failed, "lost": charset.lost,
    }  # fmt: skip
    return marks.get(status, charset.lost)


def status_style(status: Status) -> str:
    return _STYLES.get(status, "muted")


@lru_cache(maxsize=512)
def _curve(losses: tuple[float | None, ...], cells: int, charset: Charset) -> str:
    """The loss; on a log scale where it would be a corner. Remembered: each move of the cursor draws it anew."""
    finite = [loss for loss in losses if loss is not None]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return curve(losses, cells, charset, log=low > 0 and high / low > _STEEP)


def heading(layout: Layout, cells: int) -> Line:
    """The names of the columns."""
    line: Line = [(" " * MARGIN, "")]
    for column, size in layout.columns:
        title = column.title if len(column.title) <= size or column is not STATUS else ""
        line.append((fit(title, size, align="right" if column.right else "left"), "muted"))
        line.append((" " * layout.gap, ""))
    return cut(line, cells)


def run_line(
    row: Row, layout: Layout, cells: int, charset: Charset, *, cursor: bool, marked: bool, problem: str = ""
) -> Line:
    """One run. `problem`: what is wrong with its folder, in place of its figures."""
    onto = "cursor" if cursor else ""
    line: Line = [
        (charset.cursor if cursor else " ", f"{onto} accent"),
        (charset.marked if marked else " ", f"{onto} mark"),
        (" ", onto),
    ]
    for column, size in layout.columns:
        if problem and column is not NAME:
            line.append((f"{charset.failed} {problem}", f"{onto} bad"))
            break
        line += [(text, f"{onto} {style}".strip()) for text, style in _cell(column, size, row, charset)]
        line.append((" " * layout.gap, onto))
    line = cut(line, cells)
    return [*line, (" " * (cells - sum(len(text) for text, _ in line)), onto)] if cursor else line


def _cell(column: Column, size: int, row: Row, charset: Charset) -> Line:
    if column is STATUS:
        return [(fit(f"{glyph(row.status, charset)} {row.status}", size), status_style(row.status))]
    if column is CURVE:
        return [(fit(_curve(tuple(row.summary.curve.losses), size, charset), size), "train")]
    style = {"loss": "train", "metric": "validation", "name": "strong"}.get(column.key, "")
    if column is METRIC and row.summary.vitals.failed is not None:
        style = "bad"
    if column in _WHERE_ROOM or (column is LOSS and row.summary.vitals.loss is None):
        style = "muted" if column is not LOSS else "bad"
    text = plain(_text(column, row)).replace("…", charset.ellipsis)
    if column is EPOCH and len(text) > size:
        text = f"{int(row.summary.vitals.epoch + 0.05)}/{row.summary.vitals.epochs}"
    return [(fit(text, size, align="right" if column.right else "left", ellipsis=charset.ellipsis), style)]


def table(
    rows: Sequence[Row],
    layout: Layout,
    cells: int,
    height: int,
    charset: Charset,
    *,
    first: int,
    cursor: int,
    marks: Set[Path],
    problems: Mapping[Path, str],
) -> list[Line]:
    """The heading, and the runs from `first` on that `height` lines have room for: no others are looked at."""
    lines = [heading(layout, cells)]
    for at, row in enumerate(rows[first : first + height - 1], first):
        path = row.folder.path
        lines.append(
            run_line(
                row, layout, cells, charset,
                cursor=at == cursor, marked=path in marks, problem=problems.get(path, ""),
            )
        )  # fmt: skip
    return lines


def title_line(place: str, shown: int, all_runs: int, live: int, marked: int, cells: int, charset: Charset) -> Line:
    """The first line of the screen: where, how many, how many live."""
    right: Line = []
    if marked:
        right += [(f"{charset.marked} {marked} marked  ", "mark")]
    if shown != all_runs:
        right += [(f"{shown:,} of ", "accent")]
    right += [(f"{all_runs:,} run{'s' if all_runs != 1 else ''}", "muted")]
    if live:
        right += [("  ", ""), (f"{charset.live} {live} live", "strong accent")]
    return spread([(" Runs", "strong title"), (f"  {plain(place)}", "muted")], [*right, (" ", "")], cells)


def fits(row: Row, words: str) -> bool:
    """Whether a run has all of `words` in its name, data, network, status or note."""
    text = " ".join((row.folder.name, row.summary.data, row.summary.arch, row.status, row.note)).lower()
    return all(word in text for word in words.lower().split())


def brief_line(row: Row, cells: int, charset: Charset) -> Line:
    """The figures that matter of the run under the cursor, where the table has no room for them."""
    v = row.summary.vitals
    parts: list[Line] = [[(f"{glyph(row.status, charset)} {row.status}", status_style(row.status))]]
    if v.epochs:
        parts.append([(epoch_text(v.epoch, v.epochs), "strong")])
    if row.summary.curve.steps:
        parts.append([("loss ", "muted"), (loss_text(v.loss), "train" if v.loss is not None else "bad")])
    if result_text(row):
        parts.append([(plain(result_text(row)), "validation" if v.failed is None else "bad")])
    if sum(width(part) for part in parts[:3]) + 3 > cells:  # the mark says it too
        parts[0] = [(glyph(row.status, charset), status_style(row.status))]
    return cut(join(parts, (" ", "")), cells)


def detail_line(row: Row, problem: str, cells: int, charset: Charset) -> Line:
    """What the columns leave out of the run under the cursor: why it failed, its note, figures."""
    v = row.summary.vitals
    parts: list[Line] = [[(plain(row.folder.name), "strong")]]
    if problem:
        parts.append([(plain(problem), "bad")])
    if v.failed is not None:
        parts.append([(plain(v.failed.message), "bad")])
    if row.status == "lost" and not problem:
        parts.append([("its process is gone; R goes on from the last checkpoint", "warning")])
    if row.status == "unknown":
        parts.append([(f"on {plain(row.host) or 'another machine'}: whether it lives cannot be told", "warning")])
    if row.status in ("training", "paused") and v.lr is not None:
        parts.append([(per_second(v.samples_per_second) if row.status == "training" else "", "")])
        parts.append([("lr ", "muted"), (rate(v.lr), "")])
    if row.status == "queued":
        parts.append([(f"waits for {plain(v.after)}", "command")])
    if v.finished is not None and v.finished.metrics:
        split = v.finished.split or "test"
        shown = metric_text(v.metric, v.finished.metrics.get(v.metric))
        parts.append([(f"{plain(split)} ", "muted"), (plain(shown), "test")])
    if v.warnings:
        parts.append([(f"{v.warnings} warning{'s' if v.warnings > 1 else ''}", "warning")])
    if v.parameters:
        parts.append([(f"{v.parameters:,} params", "muted")])
    if v.begun:
        parts.append([(duration(v.seconds), "muted")])
        parts.append([(begun_text(v.begun), "muted")])
    if row.note:
        parts.insert(1, [(f'"{plain(row.note)}"', "accent")])
    parts = [part for part in parts if any(text for text, _ in part)]
    return cut([(" ", ""), *join(parts, (f" {charset.dot} ", "muted"))], cells)
