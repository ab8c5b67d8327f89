"""`Helm`: asks a run what a person wants of it, after the questions that this takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError
from nntui.runs.commands import Kind, append_command
from nntui.runs.figures import number
from nntui.tui import run_actions
from nntui.tui.draw.head import LIVE, epoch_text
from nntui.tui.steering import epochs_asked, rate_asked, refusal, resume_refusal, stopping

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.following import Following
    from nntui.tui.watched import Watched


class Helm:
    """Steers one run. What cannot be asked is told, with what to do instead. The coroutines wait for answers: they are
    for a worker of a screen."""

    def __init__(self, app: NNTuiApp, watched: Watched, following: Following) -> None:
        self._app, self._watched, self._following = app, watched, following

    @property
    def _name(self) -> str:
        return self._watched.folder.name

    def _refused(self, kind: Kind) -> bool:
        w = self._watched
        refused = refusal(kind, self._name, w.state.vitals, w.status)
        if refused is not None:
            self._app.warn(refused.error())
        return refused is not None

    def ask(self, kind: Kind, value: float | None = None) -> None:
        """Ask something of the run, or say why not."""
        if self._refused(kind):
            return
        try:
            append_command(self._watched.folder, kind, value, run_actions.asker())
        except UserError as error:
            self._app.warn(error)
            return
        self._following.wake()

    async def ask_rate(self) -> None:
        """A learning rate, typed."""
        from nntui.tui.screens.ask_text import AskText

        if self._refused("lr"):
            return
        now = self._watched.state.vitals.lr
        detail = "A value, or x0.5 for half of what it is. The schedule goes on from there."
        text = await self._app.push_screen_wait(
            AskText(f"Learning rate of {self._name}", number(now) if now else "", _checked(rate_asked), detail=detail)
        )
        if text is not None:
            self.ask(*rate_asked(text))

    async def ask_epochs(self) -> None:
        """More epochs, as many as are typed."""
        from nntui.tui.screens.ask_text import AskText

        if self._refused("extend"):
            return
        vitals = self._watched.state.vitals
        detail = f"It is at epoch {vitals.epoch:.1f} of {vitals.epochs}. The schedule goes on over what remains."
        text = await self._app.push_screen_wait(
            AskText(f"Extend {self._name} by how many epochs?", "5", _checked(epochs_asked), detail=detail)
        )
        if text is not None:
            self.ask("extend", epochs_asked(text))

    async def ask_stop(self) -> None:
        """The end, where the person is sure."""

        w = self._watched

        def says() -> str:
            ended = w.status not in (*LIVE, "unknown")
            return "" if ended else stopping(w.state.vitals, epoch_text(w.state, w.status))

        if self._refused("stop"):
            return
        if await run_actions.sure_to_stop(self._app, self._name, says, queued=w.status == "queued"):
            self.ask("stop")  # which looks again: it may have ended while it was asked

    async def resume(self) -> None:
        """Go on with a run that has stopped, failed or was lost, in the background."""
        refused = resume_refusal(self._watched.folder, self._watched.status)
        if refused is not None:
            self._app.warn(refused.error())
            return
        await run_actions.resume(self._app, self._watched.folder)
        self._following.wake()


def _checked(parse: Callable[[str], object]) -> Callable[[str], str | None]:
    """What reads an answer, as what says whether it can be read."""

    def wrong(text: str) -> str | None:
        parse(text)
        return None

    return wrong
