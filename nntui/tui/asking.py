"""What a pane asks of the fork server: the newest question holds, an older one is cancelled, answers are remembered."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from nntui.hooks.errors import UserError

Q = TypeVar("Q")
A = TypeVar("A")

REMEMBERED = 64
"""Answers kept by one pane."""


@dataclass(frozen=True)
class Answered(Generic[A]):
    """What a pane has to show."""

    value: A | None = None
    """The answer, or that to the question before while a new one is under way."""
    old: bool = False
    """Whether `value` answers an earlier question."""
    since: float | None = None
    """When the question that is under way was asked (monotonic); None: nothing is."""
    error: UserError | None = None


class Asking(Generic[Q, A]):
    """One pane's questions.

    `ask(question, early)` gives the answer, and may call `early` with a first part of it before; it may raise
    UserError, and is cancelled where a newer question comes. `delay`: seconds before it is asked. `lasts` says whether
    an answer stays true: others are asked for anew.
    """

    def __init__(
        self,
        ask: Callable[[Q, Callable[[A], None]], Awaitable[A]],
        show: Callable[[Answered[A]], None],
        *,
        delay: float = 0.2,
        lasts: Callable[[A], bool] = lambda _: True,
    ) -> None:
        self._ask = ask
        self._show = show
        self._delay = delay
        self._lasts = lasts
        self._task: asyncio.Task[None] | None = None
        self._key = ""
        self._known: OrderedDict[str, A] = OrderedDict()
        self.now: Answered[A] = Answered()

    def want(self, key: str, question: Q) -> None:
        """Ask, unless the same is known or under way. `key` says whether two questions are the same."""
        if key == self._key and self.now.error is None:
            return
        self.cancel()
        self._key = key
        if key in self._known:
            self._known.move_to_end(key)
            self._say(Answered(self._known[key]))
            return
        self._say(Answered(self.now.value, old=True, since=time.monotonic()))
        self._task = asyncio.create_task(self._work(key, question))

    def cancel(self) -> None:
        """Ask no more: what is under way is cancelled, what is shown stays, as old."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._key = ""
        if self.now.since is not None:
            self._say(replace(self.now, since=None, old=True))

    def drop(self, error: UserError | None = None) -> None:
        """Nothing can be asked now, and why."""
        self.cancel()
        self._say(Answered(self.now.value, old=True, error=error))

    def close(self) -> None:
        """Ask no more, and show no more."""
        self._show = lambda _: None
        self.cancel()

    def _say(self, answered: Answered[A]) -> None:
        self.now = answered
        self._show(answered)

    async def _work(self, key: str, question: Q) -> None:
        await asyncio.sleep(self._delay)
        try:
            value = await self._ask(question, lambda early: self._say(Answered(early, since=self.now.since)))
        except UserError as error:
            self._say(Answered(self.now.value, old=True, error=error))
            return
        if self._lasts(value):
            self._known[key] = value
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._say(Answered(value))
