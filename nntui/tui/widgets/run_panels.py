"""The panels of a run's screen: which there are, which are seen, and their names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget

from nntui.hooks.errors import UserError
from nntui.tui.widgets.commands import CommandsPanel
from nntui.tui.widgets.confusion import ConfusionPanel
from nntui.tui.widgets.layers import LayersPanel
from nntui.tui.widgets.log import LogPanel
from nntui.tui.widgets.panels import Panel
from nntui.tui.widgets.samples import SamplesPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from nntui.runs.events import AnyEvent
    from nntui.tui.app import NNTuiApp
    from nntui.tui.watched import Watched

Further: TypeAlias = tuple[str, str, Callable[[], None]]
"""What the palette offers besides the keys: its name, a sentence, and what is done."""
BESIDE = ((170, 3), (110, 2))
"""From so many cells on, so many panels stand side by side."""


def _of_plugins() -> list[tuple[str, str]]:
    """Name and qualified name of each panel that a plugin brings. Blocking: in a thread."""
    from nntui.hooks.glance import names_of

    return names_of("panel")


class RunPanels(Horizontal):
    """Panels side by side, as many as there is room for; one that is chosen takes the place of the one that was
    chosen longest ago."""

    DEFAULT_CSS = "RunPanels { height: 1fr; } RunPanels > .beside { margin-left: 2; }"

    class Arranged(Message):
        """Other panels are seen."""

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._watched = watched
        self.panels: list[Widget] = [
            LayersPanel(watched, id="layers"),
            SamplesPanel(watched, id="samples"),
            ConfusionPanel(watched, id="confusion"),
            LogPanel(watched, id="log"),
            CommandsPanel(watched, id="commands"),
        ]
        self.titles = [panel.title for panel in self.panels if isinstance(panel, Panel)]
        self._chosen: list[int] = [0, 1, 2]
        """By number from 0, the newest choice first."""
        self._columns = 1
        self._picked: int | None = None
        """The panel that is chosen and not shown yet."""

    def compose(self) -> ComposeResult:
        yield from self.panels

    def on_mount(self) -> None:
        self.show_beside(1)

    async def add(self, title: str, panel: Widget) -> None:
        """One more panel: a plugin's."""
        panel.display = False
        self.panels.append(panel)
        self.titles.append(title)
        await self.mount(panel)
        self.show_beside(self._columns)

    async def add_plugins(self) -> None:
        """The panels that plugins bring: found beside the loop, drawn in processes of their own."""
        try:
            names = await asyncio.to_thread(_of_plugins)
        except (UserError, OSError) as error:
            cast("NNTuiApp", self.app).warn(f"panels of plugins cannot be listed: {error}")
            return
        if not names:
            return
        from nntui.tui.widgets.plugin_panel import PluginPanel

        for name, qualified in names:
            await self.add(name, PluginPanel(self._watched, qualified))

    def further(self, keys: int, choose: Callable[[int], None]) -> list[Further]:
        """The panels behind the first `keys`, for the palette: there are no more digits; `choose` counts from 1."""
        return [
            (title, "Show this panel", partial(choose, number))
            for number, title in enumerate(self.titles, 1)
            if number > keys
        ]

    @property
    def seen(self) -> list[int]:
        """The panels that are seen, by number from 0."""
        return sorted(self._chosen[: self._columns])

    @property
    def focused(self) -> int | None:
        """The panel that has the focus, or is about to."""
        if self._picked is not None:
            return self._picked
        return next((i for i, panel in enumerate(self.panels) if panel.has_focus), None)

    @property
    def current(self) -> Widget:
        """The panel that has the focus, else the one that was chosen last."""
        return self.panels[self._chosen[0] if self.focused is None else self.focused]

    def choose(self, number: int) -> bool:
        """Show a panel and give it the focus; False where there is none of that number (from 0)."""
        if not 0 <= number < len(self.panels):
            return False
        self._chosen = [number, *(other for other in self._chosen if other != number)]
        self._picked = number
        self.call_after_refresh(self._show_picked)
        return True

    def _show_picked(self) -> None:
        """Once its name is drawn, which takes a moment; to lay out the screen anew takes longer."""
        if self._picked is not None:
            self.show_beside(self._columns)
            self.panels[self._picked].focus()
            self._picked = None

    def show_beside(self, columns: int) -> None:
        """Show so many panels side by side."""
        self._columns = columns
        seen = self.seen
        for i, panel in enumerate(self.panels):
            shown = i in seen
            panel.set_class(bool(seen) and i != seen[0] and shown, "beside")
            if isinstance(panel, Panel) and panel.titled != (columns > 1):
                panel.titled = columns > 1
                self.call_after_refresh(panel.redraw)
            if bool(panel.display) != shown:
                panel.display = shown
        self.post_message(self.Arranged())

    def fits(self, cells: int) -> int:
        """How many panels have room side by side."""
        return next((count for least, count in BESIDE if cells >= least), 1)

    def seen_panels(self) -> Iterable[Panel]:
        """Those of ours that are seen."""
        for i in self.seen:
            panel = self.panels[i]
            if isinstance(panel, Panel):
                yield panel

    def touched(self, events: Iterable[AnyEvent]) -> bool:
        """Whether one that is seen looks different after `events`."""
        kinds = {type(event) for event in events}
        return any(kind in panel.wants for panel in self.seen_panels() for kind in kinds)

    def redraw(self) -> None:
        for panel in self.seen_panels():
            panel.look()
            panel.redraw()
