"""Several runs over each other: their curves in one chart, their results and what they were told differently."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from nntui.hooks.errors import UserError
from nntui.runs.figures import label, metric
from nntui.runs.window import read_window, seen_in_buckets
from nntui.tui.chart.curves import Curve
from nntui.tui.draw.compare import Compared, colour, mark, table
from nntui.tui.draw.compare_axis import (
    TITLES,
    UNITS,
    WHOLE,
    Axis,
    evaluated,
    lacks,
    line,
    next_axis,
    steps_between,
)
from nntui.tui.draw.runs import LIVE
from nntui.tui.draw.text import Line, plain, spread
from nntui.tui.widgets.chart import Chart
from nntui.tui.widgets.chart_keys import can_act, chart_keys
from nntui.tui.widgets.compare_table import CompareTable
from nntui.tui.widgets.keys import Keys, focus_keys
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.run_charts import BUCKETS_A_CELL, STILL_SECONDS
from nntui.tui.widgets.too_small import TooSmall, fit_terminal

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from nntui.runs.attach import Attached
    from nntui.runs.folder import RunFolder
    from nntui.runs.history import History, Quantity
    from nntui.runs.state import RunState
    from nntui.tui.app import NNTuiApp

LIVE_SECONDS = 1.0
QUIET_SECONDS = 5.0

What = Literal["loss", "metric", "validation loss", "learning rate", "gradient norm"]
_QUANTITIES: Mapping[What, Quantity] = {"loss": "loss", "learning rate": "lr", "gradient norm": "grad_norm"}
_POINTS = ("metric", "validation loss")
"""Measured now and then, so drawn as points."""


@dataclass
class _Run:
    """A run of the comparison, followed."""

    folder: RunFolder
    attached: Attached | None = None
    compared: Compared | None = None
    window: History | None = None
    """The exact points of the steps that are zoomed at, where the history has them in buckets."""
    wrong: str = ""
    """Why it cannot be shown."""


class CompareScreen(Screen[None]):
    """Marked runs, compared."""

    HELP = (
        "The marked runs over each other: a colour for each run, the same in the chart and in the table. Below the "
        "chart what came of each, the best marked, and every setting that is not the same in all of them. X puts runs "
        "of different lengths beside each other: by epoch, by time trained, or by the share of the run."
    )
    GLOSSARY: ClassVar[dict[str, str]] = {
        "best": "the best on rows kept for validation, by the metric that chooses the weights",
        "test": "the same metric on rows that nothing was chosen by, measured once at the end",
        "time": "time spent training, pauses left out",
        "resolved.*": "what the engine chose, not the person",
        "share": "of the epochs that are planned, extended ones too",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "look('loss')", "loss", id="compare.loss", tooltip="The loss while training"),
        Binding("2", "look('metric')", "metric", id="compare.metric", tooltip="The metric that chooses the weights, on "
                "validation"),
        Binding("3", "look('validation loss')", "val loss", id="compare.validation", tooltip="The loss on validation"),
        Binding("4", "look('learning rate')", "rate", id="compare.rate", tooltip="The learning rate"),
        Binding("5", "look('gradient norm')", "grad", id="compare.gradient", tooltip="The norm of the gradient"),
        Binding("X", "axis", "axis", id="compare.axis", tooltip="Curves by step, by epoch, by time trained, by share "
                "of the run"),
        Binding("z", "zoom", "zoom", id="compare.zoom", tooltip="The chart alone, the table alone, both"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="compare.up", tooltip="The table a line up"),
        Binding("down,j", "scroll(1)", "down", show=False, id="compare.down", tooltip="The table a line down"),
        Binding("pageup", "scroll(-8)", "page up", show=False, id="compare.page-up", tooltip="The table a page up"),
        Binding("pagedown", "scroll(8)", "page down", show=False, id="compare.page-down", tooltip="The table a page "
                "down"),
        Binding("y", "copy", "copy", id="compare.copy", tooltip="Copy the table as text"),
        *focus_keys("compare", "chart or table"),
        *chart_keys(),
    ]  # fmt: skip

    def __init__(self, folders: Sequence[RunFolder]) -> None:
        super().__init__()
        self._runs = [_Run(folder) for folder in folders]
        self._what: What = "loss"
        self._zoom = 0
        self.axis: Axis = "step"
        self._zoomed_at: tuple[int, int] | None = None
        """What of the axis is shown, where it is not all."""
        self._again = asyncio.Event()
        self._seen = asyncio.Event()
        self.read = False
        """Whether the runs were read once."""

    @property
    def nntui(self) -> NNTuiApp:
        return cast("NNTuiApp", self.app)

    @property
    def compared(self) -> list[Compared]:
        """The runs that could be read."""
        return [run.compared for run in self._runs if run.compared is not None]

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield Lines(id="title")
        yield Chart(id="chart")
        yield CompareTable()
        yield Keys()

    def on_mount(self) -> None:
        self.query_one(Chart).focus()
        self.run_worker(self._follow(), group="follow")

    async def _follow(self) -> None:
        """Reads the runs, and what is new in them."""
        while True:
            await self._seen.wait()
            changed = await asyncio.to_thread(_poll, self._runs)
            if changed:
                self.redraw()
                self._read_closely()
            if not self.read:
                self.read = True
                for run in self._runs:
                    if run.wrong:
                        self.nntui.warn(run.wrong)
            live = any(compared.status in LIVE for compared in self.compared)
            self._again.clear()
            try:
                await asyncio.wait_for(self._again.wait(), LIVE_SECONDS if live else QUIET_SECONDS)
            except TimeoutError:
                continue

    def redraw(self) -> None:
        """Draw everything anew."""
        self._show_title()
        self.query_one(TooSmall).redraw()
        chart = self.query_one(Chart)
        names = list(dict.fromkeys(compared.vitals.metric for compared in self.compared if compared.vitals.metric))
        name = names[0] if names else ""
        chart.title = label(name) if self._what == "metric" else self._what
        chart.percent = self._what == "metric" and metric(name, 0.5).endswith("%")
        chart.curves = [
            self._curve(at, run, run.attached.state, name)
            for at, run in enumerate(self._runs)
            if run.attached is not None and not lacks(self.axis, run.attached.state)
        ]
        chart.redraw()
        lines = self._table()
        both = self._zoom == 0 and not self.has_class("tiny")
        most = max(self.size.height // 2 + 1, 4)
        self.query_one(CompareTable).styles.height = min(len(lines), most) if both else "1fr"
        self.query_one(CompareTable).offer(lines)
        self.query_one(Keys).redraw()

    def _table(self) -> list[Line]:
        charset = self.nntui.charset
        line = {"braille": "⣀", "blocks": "▄", "ascii": "-"}[charset.name]
        sign = charset.point if self._what in _POINTS else line
        cells = self.query_one(CompareTable).size.width
        return table(self.compared, cells, charset, colourless=self.app.no_color, sign=sign)

    def _curve(self, at: int, run: _Run, state: RunState, name: str) -> Curve:
        sign = mark(at, self.nntui.charset, colourless=self.app.no_color)
        style, title = colour(at), plain(run.folder.name)
        if self._what in _POINTS:
            wanted = name if self._what == "metric" else "loss"
            found = evaluated(self.axis, state, state.evaluations.get("validation", []), wanted)
            return Curve(title, style, found, kind="points", mark=sign)
        series = line(self.axis, state, run.window or state.history, _QUANTITIES[self._what])
        return Curve(title, style, series, mark=sign)

    def _show_title(self) -> None:
        title = self.query_one("#title", Lines)
        right: Line = [(f"{self._what} {TITLES[self.axis]} ", "accent")]
        left: Line = [(" Compare", "strong title"), (f"  {len(self._runs)} runs", "muted"), *self._left_out()]
        title.show([spread(left, right, title.size.width)])

    def _left_out(self) -> Line:
        """Which runs are not on this axis, and for want of what."""
        states = [(run.folder.name, run.attached.state) for run in self._runs if run.attached is not None]
        found = [(name, lack) for name, state in states if (lack := lacks(self.axis, state))]
        return [(f"  {plain(name)} has no {lack}", "warning") for name, lack in found]

    def on_screen_resume(self) -> None:
        self._seen.set()
        self._again.set()

    def on_screen_suspend(self) -> None:
        self._seen.clear()

    def on_resize(self, event: events.Resize) -> None:
        fit_terminal(self, *event.size)
        self.call_after_refresh(self.redraw)

    def on_chart_window_changed(self, event: Chart.WindowChanged) -> None:
        self._zoomed_at = (event.first, event.last) if event.zoomed else None
        for run in self._runs:
            run.window = None
        self.redraw()  # from the buckets, at once
        self._read_closely()

    def _read_closely(self) -> None:
        """Read the exact points of a zoom so close that buckets would be seen, once nobody moves on."""
        self.workers.cancel_group(self, "window")
        columns = BUCKETS_A_CELL * self.query_one(Chart).size.width
        if self._zoomed_at is None:
            return
        followed = [(run, run.attached) for run in self._runs if run.attached is not None]
        steps = [steps_between(self.axis, attached.state, *self._zoomed_at) for _, attached in followed]
        coarse = [
            (run, attached, *span)
            for (run, attached), span in zip(followed, steps, strict=True)
            if span is not None and seen_in_buckets(attached.state.history, *span, columns)
        ]
        if coarse:
            self.run_worker(self._read_windows(coarse), group="window")

    async def _read_windows(self, coarse: Sequence[tuple[_Run, Attached, int, int]]) -> None:
        await asyncio.sleep(STILL_SECONDS)
        for run, attached, first, last in coarse:
            try:
                run.window = await asyncio.to_thread(read_window, attached.folder, attached.marks, first, last)
            except OSError:  # deleted, or not ours to read: the buckets stay
                run.window = None
        self.redraw()

    def action_look(self, what: What) -> None:
        self._what = what
        chart = self.query_one(Chart)
        chart.view = replace(chart.view, crosshair=None)
        self.redraw()

    def action_axis(self) -> None:
        """The next thing that curves can run over. What was zoomed at is of the one before."""
        self.axis = next_axis(self.axis, [run.attached.state for run in self._runs if run.attached is not None])
        self._zoomed_at = None
        for run in self._runs:
            run.window = None
        self.workers.cancel_group(self, "window")
        chart = self.query_one(Chart)
        chart.view = replace(chart.view, unit=UNITS[self.axis], total=WHOLE.get(self.axis), window=None, crosshair=None)
        self.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "chart":
            return can_act((self.query_one(Chart),), None, str(parameters[0]))
        if action == "scroll":
            return self._zoom != 1  # else there is no table to be seen
        return super().check_action(action, parameters)

    async def action_chart(self, action: str) -> None:
        """What a key of the chart does, while the table has the focus."""
        await self.app.run_action(action, self.query_one(Chart))

    def action_zoom(self) -> None:
        self._zoom = (self._zoom + 1) % 3
        self.set_class(self._zoom == 1, "chart-alone")
        self.set_class(self._zoom == 2, "table-alone")
        self.query_one(CompareTable if self._zoom == 2 else Chart).focus()
        self.call_after_refresh(self.redraw)

    def action_scroll(self, by: int) -> None:
        self.query_one(CompareTable).scroll_by(by)

    def action_copy(self) -> None:
        text = "\n".join("".join(text for text, _ in line).rstrip() for line in self._table())
        self.nntui.copy(text, "The comparison")


def _poll(runs: Sequence[_Run]) -> bool:
    """Read what is new; whether anything is."""
    changed = False
    for run in runs:
        try:
            changed = _poll_one(run) or changed
        except UserError as error:
            changed = changed or not run.wrong
            run.wrong = error.message
        except OSError as error:
            changed = changed or not run.wrong
            run.wrong = f"{run.folder.name} cannot be read: {error.strerror or error}"
    return changed


def _poll_one(run: _Run) -> bool:
    from nntui.runs.opening import open_quickly

    if run.attached is None:
        if not run.folder.exists():
            raise UserError(f"{run.folder.name} is gone")
        run.attached = open_quickly(run.folder).attached
        new = True
    else:
        new = bool(run.attached.poll())  # a folder that is gone keeps its last figures
    status = run.attached.status()
    if not new and run.compared is not None and run.compared.status == status:
        return False
    tree = run.compared.tree if run.compared is not None and status != "training" else _tree(run.folder)
    run.compared = Compared(run.folder.name, status, run.attached.state.vitals, tree)
    return True


def _tree(folder: RunFolder) -> dict[str, Any]:  # TOML
    try:
        return tomllib.loads(folder.run_toml.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
