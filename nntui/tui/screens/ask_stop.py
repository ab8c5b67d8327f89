"""Whether a run is to end now; it trains on while it is asked, and the question says where it is."""

from __future__ import annotations

from collections.abc import Callable

from nntui.tui.screens.ask_yes_no import AskYesNo
from nntui.tui.widgets.words import Words

_SECONDS = 0.5


class AskStop(AskYesNo):
    """Stop it? `says`: what comes of that just now; "": it has ended meanwhile, there is nothing to ask. `queued`: it
    waits for another run."""

    def __init__(self, name: str, says: Callable[[], str], *, queued: bool = False) -> None:
        self._says, self._before = says, says()
        super().__init__(
            f"Stop {name}?", self._before, yes="stop", no="let it wait" if queued else "train on", default=True
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_SECONDS, self._follow)

    def _follow(self) -> None:
        now = self._says()
        if not now:
            self.dismiss(False)
        elif now != self._before:
            self._before = now
            self.query(Words).last().say(now)
