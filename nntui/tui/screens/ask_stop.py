"""Whether a run is to end now; it trains on while it is asked, and the question says where it is."""

from __future__ import annotations

from collections.abc import Callable

from nntui.tui.screens.ask_yes_no import AskYesNo
from nntui.tui.widgets.words import Words

_SECONDS = 0.5


class AskStop(AskYesNo):
    """Stop it? `where`: the epoch that it is in, as what lies below says it; "" where that is not known."""

    def __init__(self, name: str, where: Callable[[], str]) -> None:
        self._where, self._before = where, where()
        super().__init__(f"Stop {name}?", _detail(self._before), yes="stop", no="train on", default=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_SECONDS, self._follow)

    def _follow(self) -> None:
        now = self._where()
        if now != self._before:
            self._before = now
            self.query(Words).last().say(_detail(now))


def _detail(where: str) -> str:
    at = f"in epoch {where}, " if where else ""
    return f"It ends {at}with a checkpoint and its result; R goes on with it from there."
