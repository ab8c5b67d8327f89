"""Keys that a person types ahead of a question, which opens a moment after its key: they are meant for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.timer import Timer

    from nntui.tui.app import NNTuiApp

PATIENCE = 2.0
"""Seconds after which a question is no longer awaited: a slow disk must not take the keyboard."""
_ALWAYS = frozenset({"ctrl+q", "ctrl+c", "ctrl+z"})
"""What leaves, whatever is awaited."""


class TypeAhead:
    """Holds keys from a question's key until its screen is there. They would act on the screen below: where no question
    comes they are dropped."""

    def __init__(self, app: NNTuiApp) -> None:
        self._app = app
        self._keys: list[events.Key] | None = None
        self._timer: Timer | None = None

    def hold(self) -> None:
        """A question will open."""
        if self._keys is None:
            self._keys = []
            self._timer = self._app.set_timer(PATIENCE, self.drop)

    def takes(self, event: events.Event) -> bool:
        """Whether an event is a key that is held, also one that comes back from a widget of the screen below."""
        if self._keys is None or not isinstance(event, events.Key) or event.key in _ALWAYS:
            return False
        self._keys.append(event)
        event.stop()
        return True

    def release(self, takes: Callable[[str], bool]) -> None:
        """The question is there: it gets those of them that it takes unseen, and of those that are on their way before
        this call is met."""
        if self._keys is not None:
            self._app.call_later(self._send, takes)

    def drop(self) -> None:
        """No question comes, or it is answered already."""
        if self._keys is not None:
            self._app.call_later(self._end)

    async def _send(self, takes: Callable[[str], bool]) -> None:
        for key in [key for key in self._end() if takes(key.key)]:
            await self._app.on_event(events.Key(key.key, key.character))

    def _end(self) -> list[events.Key]:
        held, self._keys = self._keys or [], None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        return held
