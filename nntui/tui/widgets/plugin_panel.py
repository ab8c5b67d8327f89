"""A plugin's panel of a run, among nntui's own. Its code runs in a process that this starts when it is first seen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from nntui.hooks.names import split_qualified
from nntui.tui.plugin_panels.client import Limits, PanelProcess
from nntui.tui.plugin_panels.telling import View, heard, rows_and_foot
from nntui.tui.plugin_panels.wire import Failure, Said, Shape
from nntui.tui.widgets.panels import Body, Panel

if TYPE_CHECKING:
    from nntui.tui.watched import Watched

HIDDEN_SECONDS = 30.0
"""How long the process of a panel that nobody sees is kept."""


class PluginPanel(Panel):
    """`panel` ("plugin/name") of a run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "retry", "try again", id="panel.retry", tooltip="Start the plugin's process again"),
    ]

    def __init__(
        self,
        watched: Watched,
        panel: str,
        *,
        limits: Limits | None = None,
        hidden_seconds: float = HIDDEN_SECONDS,
        id: str | None = None,
    ) -> None:
        super().__init__(watched, id=id)
        self.panel = panel
        self.title = split_qualified(panel)[1]
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
        self.app.screen_change_signal.subscribe(self, lambda _: self._look())

    def on_show(self) -> None:
        self._seen = True
        self._look()

    def on_hide(self) -> None:
        self._seen = False
        self._look()

    def on_resize(self) -> None:
        self._look()

    async def on_unmount(self) -> None:
        self._forget_leaving()
        await self._stop()

    def _look(self) -> None:
        """Start the process where the panel is seen; let it rest, and after a while go, where it is not."""
        if not self.is_attached:
            return
        seen = self._seen and self._uncovered() and self.size.width > 0 and self.size.height > 0
        if self._process is not None and self._process.folder != self.watched.folder:
            self._leave()  # the run was renamed
        if seen:
            self._forget_leaving()
            if self._hosting is None and not (self._view.failure is not None and self._view.failure.ended):
                self._start()
        elif self._hosting is not None and self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(self._hidden_seconds, self._leave)
        if self._process is not None and self._hosting is not None:
            self._process.resize(self._shape(seen))

    def _uncovered(self) -> bool:
        """Whether nothing but questions stands before this screen (`is_current` is true one screen further below)."""
        stack = self.app.screen_stack
        return self.screen in stack and all(screen.is_modal for screen in stack[stack.index(self.screen) + 1 :])

    def _shape(self, seen: bool) -> Shape:
        width, height = self.size
        return Shape(
            width=width,
            height=max(height - self.titled, 1),
            charset=self.charset.name,
            colours=not self.app.no_color,
            shown=seen,
        )

    def _forget_leaving(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    # the process

    def _start(self) -> None:
        self._process = PanelProcess(self.watched.folder, self.panel, self._told, self._limits)
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
        self.redraw()
        if (before.failure is None) != (self._view.failure is None):
            self.refresh_bindings()  # `enter` has a meaning only after a failure

    def body(self, cells: int, height: int) -> Body:
        rows, foot = rows_and_foot(self._view, cells, height, self.charset)
        return Body(rows=rows, foot=foot)

    def redraw(self) -> None:
        self._look()  # a title may have come, and taken a line of the room
        super().redraw()

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return self._view.failure is not None if action == "retry" else True

    async def action_retry(self) -> None:
        """Start it again, whether its process ended or goes on failing."""
        await self._stop()
        self._view = View(panel=self.panel)
        self.redraw()
        self.refresh_bindings()
        self._look()
