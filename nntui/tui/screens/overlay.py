"""What lies over a screen: a framed box that Escape closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen

from nntui.tui.dimmed import Dimmed

if TYPE_CHECKING:
    from textual import events

    from nntui.tui.app import NNTuiApp
    from nntui.tui.draw.charset import Charset

T = TypeVar("T")


LOW = 14
"""Lines below which an explanation makes room for what is asked."""


class OverlayScreen(ModalScreen[T]):
    """A screen over another. Escape closes it, with nothing chosen."""

    dismissed = False
    """Whether it was answered, or left: what is chosen after that is chosen by nobody."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close", id="overlay.close", tooltip="Close, with nothing chosen or changed"),
    ]

    def on_mount(self) -> None:
        self.set_class(not self.charset.unicode, "ascii")
        self.set_class(self.app.size.height < LOW, "low")
        self.call_after_refresh(cast("NNTuiApp", self.app).ahead.release, self.takes_unseen)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < LOW, "low")

    def render(self) -> Any:  # a Visual too, as of every widget
        shown = super().render()
        return Dimmed(shown) if isinstance(shown, BackgroundScreen) else shown

    def takes_unseen(self, key: str) -> bool:
        """Whether a key that was pressed before this was there is for it."""
        del key
        return True

    @property
    def charset(self) -> Charset:
        return cast("NNTuiApp", self.app).charset

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close it, once: keys that were pressed before it went would otherwise close what lies below."""
        if self.dismissed:
            return AwaitComplete()
        self.dismissed = True
        return super().dismiss(result)

    def action_cancel(self) -> None:
        self.dismiss(None)
