"""The screen of one run: watch it, steer it, leave it; it trains on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import BindingType
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from nntui.hooks.errors import UserError
from nntui.runs.attach import Attached
from nntui.runs.commands import Kind
from nntui.runs.events import Planned, Started
from nntui.tui import run_actions
from nntui.tui.draw.head import LIVE
from nntui.tui.draw.small import too_small
from nntui.tui.draw.small_run import KEYED
from nntui.tui.facts import read_facts
from nntui.tui.following import Following, RunChanged
from nntui.tui.helm import Helm
from nntui.tui.pace import Pace
from nntui.tui.process import Meter
from nntui.tui.screens import run_keys
from nntui.tui.steering import SHOWN_SECONDS, further_command, toggled
from nntui.tui.watched import Watched
from nntui.tui.widgets.chart import Chart
from nntui.tui.widgets.chart_keys import can_act, looked_at
from nntui.tui.widgets.foot import Foot
from nntui.tui.widgets.head import Head
from nntui.tui.widgets.keys import Keys
from nntui.tui.widgets.panel_tabs import PanelTabs
from nntui.tui.widgets.panels import Panel
from nntui.tui.widgets.run_charts import RunCharts
from nntui.tui.widgets.run_panels import Further, RunPanels
from nntui.tui.widgets.small import Small

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from nntui.runs.folder import RunFolder
    from nntui.runs.state import RunState
    from nntui.tui.app import NNTuiApp

CHART_SECONDS, TABLE_SECONDS, FIGURE_SECONDS = 0.5, 1.0, 0.5
"""The shortest times between two drawings."""
COVERED_SECONDS = 2.0
"""That of charts and tables below a question; the figures are as new as those that it tells."""
STEERING = frozenset({"run.pause", "run.lr_up", "run.extend", "run.checkpoint", "run.stop"})
AT_ONCE = 512 << 10
"""Bytes of events that are read before the first frame; of more, they are read beside it."""


class RunScreen(Screen[None]):
    """A run. The interface only looks: what it asks of the run is a line in its commands."""

    HELP = run_keys.HELP
    GLOSSARY: ClassVar[dict[str, str]] = run_keys.GLOSSARY
    BINDINGS: ClassVar[list[BindingType]] = run_keys.BINDINGS

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual draws the whole screen anew when another widget has the focus; those two draw themselves already."""

    def __init__(self, folder: RunFolder, *, attached: Attached | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.following = Following(self, folder, attached)
        self.watched = Watched(folder, read_facts(folder), self.following.state, "starting")
        self._meter = Meter(folder)
        self._clock: Timer | None = None
        self._zoomed: Chart | None = None
        self._looked: Chart | None = None
        """The chart that had the focus last: its keys act on it from anywhere."""
        self._lived = False
        """Whether it was live while it was shown: its end is then told by the bell."""
        self._charts = Pace(self, CHART_SECONDS, self._draw_charts, covered=COVERED_SECONDS)
        self._tables = Pace(self, TABLE_SECONDS, self._draw_tables, covered=COVERED_SECONDS)
        self._figures = Pace(self, FIGURE_SECONDS, self._draw_figures)

    @property
    def nntui(self) -> NNTuiApp:
        return cast("NNTuiApp", self.app)

    @property
    def _helm(self) -> Helm:
        return Helm(self.nntui, self.watched, self.following)

    @property
    def panels(self) -> RunPanels:
        return self.query_one(RunPanels)

    def compose(self) -> ComposeResult:
        watched = self.watched
        yield Head(watched, id="head")
        yield RunCharts(watched, self.following, smoothing=self.nntui.settings.smoothing, id="charts")
        yield PanelTabs(id="tabs")
        yield RunPanels(watched, id="panels")
        yield Foot(watched, id="foot")
        yield Small(watched, id="small")
        yield Keys()

    # -- coming and going

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0, self._tick, pause=True)
        self._fit(self.app.size.width, self.app.size.height)
        if self._small():
            self.following.look(None)
            self._take(self.following.state)
            self.following.start()
        else:
            self.run_worker(self._open(), group="open")
        self.call_after_refresh(lambda: self.run_worker(self.panels.add_plugins(), group="plugins"))
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())  # some colours are mixed for a theme

    def _small(self) -> bool:
        try:
            return self.folder.events.stat().st_size <= AT_ONCE
        except OSError:
            return True

    async def _open(self) -> None:
        """A long run: what can be known at once, then the exact past, made in a process of its own."""
        from nntui.runs.opening import is_long, open_quickly

        try:
            if await asyncio.to_thread(is_long, self.folder):
                self.run_worker(self._index(), group="index")
            opened = await asyncio.to_thread(open_quickly, self.folder)
        except (UserError, OSError):  # following tells it
            self.following.start()
            return
        if not self.following.attached.exact or self.following.attached.offset == 0:  # else the exact one was quicker
            self.following.replace(opened.attached)
        self.following.start()

    async def _index(self) -> None:
        from nntui.runs.indexing import indexing_command, load_index

        process = await asyncio.create_subprocess_exec(
            *indexing_command(self.folder), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        exact = await asyncio.to_thread(load_index, self.folder)
        if exact is not None:
            self.following.replace(exact)

    def on_unmount(self) -> None:
        self.following.stop()

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width, event.size.height)

    def _fit(self, width: int, height: int) -> None:
        """Arrange for a terminal of this size."""
        self.set_class(too_small(width, height), "tiny")
        self.set_class(height < KEYED, "low")
        self.panels.show_beside(1 if self.has_class("zoomed-panel") else self.panels.fits(width))
        self.call_next(self._name_panels)  # what z does now is in the first frame, before its panel is drawn anew
        self.call_after_refresh(self.redraw)

    # -- what happens

    def on_run_changed(self, event: RunChanged) -> None:
        event.stop()
        self._take(event.state, event)

    def _take(self, state: RunState, event: RunChanged | None = None) -> None:
        """Take in what is new, and draw what that changes as soon as it may be drawn."""
        watched, before = self.watched, self.watched.status
        watched.state, watched.status = state, self.following.status
        watched.problem = self.following.problem
        planned = event is not None and any(isinstance(e, Planned | Started) for e in event.events)
        if (planned or not watched.facts.arch) and watched.status != "deleted":
            watched.facts = read_facts(self.folder)
        live = watched.status in LIVE
        if self._lived and not live and before in LIVE:
            self._ended()
        self._lived = self._lived or live
        if self._clock is not None:
            (self._clock.resume if live or self._telling() else self._clock.pause)()
        if watched.status != before:
            self.refresh_bindings()
        if event is None or event.restarted or watched.status != before:
            self._measure()
            self.redraw()
            return
        if event.events:
            self._charts.mark()
        if self.panels.touched(event.events) or not event.events:
            self._tables.mark()
        self._figures.mark()

    def _ended(self) -> None:
        """The run ended while it was shown."""
        if self.nntui.settings.bell:
            self.app.bell()

    def _telling(self) -> bool:
        """Whether the line of commands tells of something that ages."""
        newest = max((command.met or 0.0 for command in self.watched.state.commands.values()), default=0.0)
        return time.time() - newest < SHOWN_SECONDS + 1

    def _tick(self) -> None:
        """Each second, while something moves by itself: elapsed time, ages, the process's figures."""
        self._measure()
        for panel in self.panels.seen_panels():
            panel.look()
        self._figures.mark()
        if self.watched.status not in LIVE and not self._telling() and self._clock is not None:
            self._clock.pause()

    def _measure(self) -> None:
        vitals = self.watched.state.vitals
        live = self.watched.status in LIVE
        device = self.watched.facts.device
        self.watched.figures = self._meter.figures(vitals.pid, vitals.host, live=live, device=device)

    # -- drawing

    def _draw_charts(self) -> None:
        self.query_one(RunCharts).redraw()

    def _draw_tables(self) -> None:
        self.panels.redraw()
        self._name_panels()

    def _draw_figures(self) -> None:
        self.query_one(Head).redraw()
        self.query_one(Foot).redraw()
        self.query_one(Small).redraw()

    def redraw(self) -> None:
        """Draw all of it, now."""
        if not self.is_mounted:
            return
        for pace in (self._charts, self._tables, self._figures):
            pace.now()

    def _name_panels(self) -> None:
        panels = self.panels
        current = panels.current
        place = current.place if isinstance(current, Panel) and not current.titled else ""
        hint = "z back" if self.has_class("zoomed-panel") else "z zoom"
        self.query_one(PanelTabs).tell(panels.titles, panels.seen, panels.focused, place, hint)

    def on_panel_moved(self) -> None:
        self._name_panels()

    def on_run_panels_arranged(self) -> None:
        self.call_after_refresh(self._tables.now)

    def on_panel_tabs_chosen(self, event: PanelTabs.Chosen) -> None:
        self.panels.choose(event.number)
        self._name_panels()

    # -- looking

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Chart):
            self._looked = event.widget

    async def action_chart(self, action: str) -> None:
        """What a key of a chart does, while something else has the focus."""
        chart = looked_at(self.query_one(RunCharts).both, self._looked)
        if chart is not None:
            await self.app.run_action(action, chart)

    def action_panel(self, number: int) -> None:
        if self.has_class("zoomed-chart"):
            self.action_unzoom()
        if not self.panels.choose(number - 1):
            self.nntui.tell(f"there are {len(self.panels.panels)} panels")
            return
        self._name_panels()

    def action_zoom(self) -> None:
        """The focused chart or panel alone, or all again."""
        if self.has_class("zoomed-chart") or self.has_class("zoomed-panel"):
            self.action_unzoom()
            return
        focused = self.focused
        if isinstance(focused, Chart):
            self._zoomed = focused
            focused.add_class("zoomed")
            self.add_class("zoomed-chart")
            self._arrange()
        else:
            self.panels.choose(self.panels.panels.index(self.panels.current))
            self.add_class("zoomed-panel", update=False)
            self._arrange_soon()

    def action_unzoom(self) -> None:
        if self._zoomed is not None:
            self._zoomed.remove_class("zoomed")
            self._zoomed = None
            self.remove_class("zoomed-chart")
            self._arrange()
        else:
            self.remove_class("zoomed-panel", update=False)
            self._arrange_soon()

    def _arrange_soon(self) -> None:
        """Once what `z` does now is told, which takes a moment; to lay out the screen anew takes longer."""
        self._name_panels()
        self.call_after_refresh(self._arrange)

    def _arrange(self) -> None:
        self.query_one(RunCharts).update_node_styles()  # no other widget has a rule for a panel alone
        self._fit(self.size.width, self.size.height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Resuming is for runs that have not come to their end; it then comes first in the line of keys."""
        if action == "resume_run":
            return self.watched.status in ("stopped", "failed", "lost", "unknown")
        if action == "unzoom":
            return self.has_class("zoomed-chart") or self.has_class("zoomed-panel")
        if action == "chart":
            return can_act(self.query_one(RunCharts).both, self._looked, str(parameters[0]))
        return super().check_action(action, parameters)

    @property
    def useless(self) -> frozenset[str]:
        """What is for live runs, when this one is not; its keys still say so."""
        return frozenset() if self.watched.status in (*LIVE, "unknown") else STEERING

    @property
    def labels(self) -> dict[str, str]:
        """What keys do just now that they do not always do."""
        labels = run_keys.panel_labels(self.panels.titles)
        if self.watched.status == "queued":
            labels |= run_keys.QUEUED_LABELS
            return labels if self.watched.state.checkpoints else labels | {"run.fork": ""}
        if toggled(self.watched.state, self.watched.status) == "resume":
            labels["run.pause"] = "resume"
        return labels

    @property
    def tooltips(self) -> dict[str, str]:
        return run_keys.QUEUED_TOOLTIPS if self.watched.status == "queued" else {}

    @property
    def further(self) -> list[Further]:
        return self.panels.further(run_keys.MOST_PANELS, self.action_panel)

    # -- steering

    def _do(self, work: Coroutine[Any, Any, Any], *, asks: bool = True) -> None:
        run_actions.once(self, work, self.folder, asks=asks)

    def action_ask(self, kind: Kind) -> None:
        self._helm.ask(kind)

    def action_pause(self) -> None:
        self._helm.ask(toggled(self.watched.state, self.watched.status))

    def action_scale(self, factor: float) -> None:
        self._helm.ask("lr-scale", factor)

    def action_rate(self) -> None:
        self._do(self._helm.ask_rate())

    def action_extend(self) -> None:
        self._do(self._helm.ask_epochs())

    def action_stop(self) -> None:
        self._do(self._helm.ask_stop())

    def action_fork(self) -> None:
        self._do(run_actions.fork(self.nntui, self.folder))

    def action_resume_run(self) -> None:
        self._do(self._helm.resume(), asks=False)

    def action_template(self) -> None:
        try:
            self.nntui.new_run(run_actions.template_of(self.folder))
        except UserError as error:
            self.nntui.warn(error)

    def action_note(self) -> None:
        self._do(run_actions.note(self.nntui, self.folder))

    def action_copy(self) -> None:
        self.nntui.copy(*further_command(self.folder, self.watched.status))
