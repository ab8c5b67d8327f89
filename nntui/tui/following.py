"""`Following`: what happens in a run, told to a screen while it happens.

It looks four times a second while the run lives and once a second when not, by `stat` and the lock alone; what is new
is folded in slices, so that no slice holds up keys and drawing.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from nntui.hooks.errors import UserError
from nntui.runs.attach import Attached
from nntui.tui.draw.head import LIVE, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntui.runs.events import AnyEvent
    from nntui.runs.folder import RunFolder
    from nntui.runs.state import RunState

LIVE_SECONDS = 0.25
REST_SECONDS = 1.0
SLICE = 192 << 10
"""Bytes of events folded at a time: some milliseconds."""
_TELL_SECONDS = 0.5
"""While much is being read, what has been read is told so often."""


class RunChanged(Message):
    """Something about a run is new: `events` were folded into `state`, or its status, what was asked of it, or what is
    wrong with reading it changed. `restarted`: `state` is another object, begun anew."""

    def __init__(
        self,
        folder: RunFolder,
        state: RunState,
        status: Shown,
        events: Sequence[AnyEvent],
        *,
        problem: str = "",
        restarted: bool = False,
        caught_up: bool = True,
    ) -> None:
        super().__init__()
        self.folder, self.state, self.status, self.events = folder, state, status, events
        self.problem, self.restarted, self.caught_up = problem, restarted, caught_up


class Following:
    """Follows one run for one screen. `start` it once there is a loop; `stop` it when the screen goes."""

    def __init__(self, target: MessagePump, folder: RunFolder, attached: Attached | None = None) -> None:
        self._target = target
        self.folder = folder
        self.attached = attached or Attached(folder)
        self.status: Shown = "unknown"
        self.problem = ""
        """Why what happens cannot be read; "" where it can."""
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._told: tuple[object, ...] = ()
        self._state = self.attached.state

    @property
    def state(self) -> RunState:
        return self.attached.state

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name=f"following {self.folder.name}")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def wake(self) -> None:
        """Look now: something was asked of the run just now."""
        self._woken.set()

    def replace(self, attached: Attached) -> None:
        """Go on with another reading of the same run, such as an exact one."""
        self.attached = attached
        self.wake()

    def look(self, limit: int | None = SLICE) -> bool:
        """Fold about `limit` bytes of what is new and tell it; whether there may be more."""
        events: list[AnyEvent] = []
        problem = ""
        before = self.attached.offset
        try:
            events = self.attached.poll(limit)
        except UserError as error:
            problem = f"{error.message}: {error.advice}" if error.advice else error.message
        except OSError as error:
            problem = f"what happens in {self.folder.name} cannot be read: {error.strerror or error}"
        if not problem and self.attached.skipped:
            problem = _skipped(self.attached.skipped)
        self._tell(events, problem)
        return self.attached.offset != before

    def _tell(self, events: list[AnyEvent], problem: str) -> None:
        self.status = self.attached.status() if self.folder.exists() else "deleted"
        self.problem = problem
        state = self.attached.state
        restarted = state is not self._state
        self._state = state
        now = (self.status, problem, len(state.commands), sum(c.asked is not None for c in state.pending))
        if events or restarted or now != self._told:
            self._told = now
            self._target.post_message(
                RunChanged(self.folder, state, self.status, events, problem=problem, restarted=restarted)
            )

    async def _follow(self) -> None:
        while True:
            began = time.monotonic()
            while self.look():
                await asyncio.sleep(0 if time.monotonic() - began < _TELL_SECONDS else 0.001)
            await self._rest(LIVE_SECONDS if self.status in LIVE else REST_SECONDS)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()


def _skipped(count: int) -> str:
    lines, were = ("1 line", "was") if count == 1 else (f"{count} lines", "were")
    return f"{lines} of events.jsonl cannot be read and {were} passed over: damaged, or of a later nntui"
