"""A plugin's panel of a run, among nntui's own. Its code runs in a process that this starts when it is first seen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from nntui.tui.draw.charset import BRAILLE, Charset
from nntui.tui.plugin_panels.client import Limits, PanelProcess
from nntui.tui.plugin_panels.telling import View, heard, most, panel_lines
from nntui.tui.plugin_panels.wire import Failure, Said, Shape
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual import events

    from nntui.runs.folder import RunFolder

HIDDEN_SECONDS = 30.0
"""How long the process of a panel that nobody sees is kept."""


class PluginPanel(Lines, can_focus=True):
    """`panel` ("plugin/name") of the run in `folder`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "retry", "try again", id="plugin-panel.retry", tooltip="Start the plugin's process again"),
        Binding("up", "scroll_lines(-1)", "up", show=False, id="plugin-panel.up", tooltip="A line up"),
        Binding("down", "scroll_lines(1)", "down", show=False, id="plugin-panel.down", tooltip="A line down"),
        Binding("pageup", "scroll_pages(-1)", "page up", show=False, id="plugin-panel.page-up", tooltip="A page up"),
        Binding("pagedown", "scroll_pages(1)", "page down", show=False, id="plugin-panel.page-down",
                tooltip="A page down"),
    ]  # fmt: skip

    def __init__(
        self,
        folder: RunFolder,
        panel: str,
        *,
        limits: Limits | None = None,
        hidden_seconds: float = HIDDEN_SECONDS,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.folder = folder
        self.panel = panel
        self._limits = limits or Limits()
        self._hidden_seconds = hidden_seconds
        self._view = View(panel=panel)
        self._process: PanelProcess | None = None
        self._hosting: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._leaving: asyncio.TimerHandle | None = None
        self._seen = False

    @property
    def view(self) -> View:
        """What is shown."""
        return self._view

    @property
    def pid(self) -> int | None:
        """Of the panel's process; None while there is none."""
        return self._process.pid if self._process is not None and self._hosting is not None else None

    # seen and not seen

    def on_mount(self) -> None:
        super().on_mount()
        self.app.screen_change_signal.subscribe(self, lambda _: self._look())

    def on_show(self) -> None:
        self._seen = True
        self._look()

    def on_hide(self) -> None:
        self._seen = False
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._look()
        self._draw()

    async def on_unmount(self) -> None:
        self._forget_leaving()
        await self._stop()

    def _look(self) -> None:
        """Start the process where the panel is seen; let it rest, and after a while go, where it is not."""
        if not self.is_attached:
            return
        seen = self._seen and self._uncovered() and self.size.width > 0 and self.size.height > 0
        if seen:
            self._forget_leaving()
            if self._hosting is None and not (self._view.failure is not None and self._view.failure.ended):
                self._start()
        elif self._hosting is not None and self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(self._hidden_seconds, self._leave)
        if self._process is not None:
            self._process.resize(self._shape(seen))

    def _uncovered(self) -> bool:
        """Whether nothing but questions stands before this screen (`is_current` is true one screen further below)."""
        stack = self.app.screen_stack
        return self.screen in stack and all(screen.is_modal for screen in stack[stack.index(self.screen) + 1 :])

    def _shape(self, seen: bool) -> Shape:
        width, height = self.size
        charset = self._charset.name
        return Shape(width=width, height=height, charset=charset, colours=not self.app.no_color, shown=seen)

    @property
    def _charset(self) -> Charset:
        chosen = getattr(self.app, "charset", BRAILLE)
        return chosen if isinstance(chosen, Charset) else BRAILLE

    def _forget_leaving(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    # the process

    def _start(self) -> None:
        self._process = PanelProcess(self.folder, self.panel, self._told, self._limits)
        self._hosting = asyncio.create_task(self._process.run(), name=f"panel {self.panel}")
        self._hosting.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if task is self._hosting:
            self._hosting = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._told(Failure(message=f"cannot be shown, by a fault of nntui: {error!r}", ended=True))

    def _leave(self) -> None:
        """End the process; another may be started before it has quite ended."""
        self._leaving = None
        task, self._hosting = self._hosting, None
        if task is not None:
            self._ending.add(task)
            task.cancel()

    async def _stop(self) -> None:
        self._leave()
        if self._ending:
            await asyncio.wait(self._ending)

    def _told(self, said: Said) -> None:
        before, self._view = self._view, heard(self._view, said)
        self._draw()
        if (before.failure is None) != (self._view.failure is None):
            self.refresh_bindings()  # `enter` has a meaning only after a failure

    def _draw(self) -> None:
        self.show(panel_lines(self._view, self.size.width, self.size.height, self._charset))

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return self._view.failure is not None if action == "retry" else True

    async def action_retry(self) -> None:
        """Start it again, whether its process ended or goes on failing."""
        await self._stop()
        self._view = View(panel=self.panel)
        self._draw()
        self.refresh_bindings()
        self._look()

    def action_scroll_lines(self, lines: int) -> None:
        top = min(max(self._view.top + lines, 0), most(self._view, self.size.height))
        self._view = replace(self._view, top=top)
        self._draw()

    def action_scroll_pages(self, pages: int) -> None:
        self.action_scroll_lines(pages * max(1, self.size.height - 2))
