"""A question that is answered with one of several, found by typing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.binding import BindingType
from textual.widgets import Input

from nntui.tui.screens.overlay import OverlayScreen
from nntui.tui.widgets.frame import Frame
from nntui.tui.widgets.options import LIST_KEYS, Option, Options
from nntui.tui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

T = TypeVar("T")


class AskChoice(OverlayScreen["T | None"], Generic[T]):
    """One of several, found by typing. `choices`: options, or values that name themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    def __init__(self, title: str, choices: Sequence[Option[T]], *, detail: str = "", first: int = 0) -> None:
        super().__init__()
        self._title, self._detail = title, detail
        self._choices = choices
        self._at = first

    def compose(self) -> ComposeResult:
        with Frame():
            yield Words(self._title, "strong title")
            yield Words(self._detail, "muted")
            yield Input(placeholder="type to search", id="answer")
            yield Options()

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        options = self.query_one(Options)
        options.styles.height = min(max(len(self._choices), 1), 16)
        options.offer(self._choices)
        self.call_after_refresh(options.choose, self._at)

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.value or self.query_one(Options).found != list(self._choices):
            self.query_one(Options).narrow(event.value)

    def on_input_submitted(self) -> None:
        self._take()

    def on_options_chosen(self) -> None:
        self._take()

    def _take(self) -> None:
        option: Option[Any] | None = self.query_one(Options).chosen
        if option is not None:
            self.dismiss(option.value)

    def action_move(self, by: int) -> None:
        self.query_one(Options).move(by)
