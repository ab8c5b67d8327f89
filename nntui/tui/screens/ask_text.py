"""A question that is answered with a line of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.tui.draw.text import plain
from nntui.tui.screens.overlay import OverlayScreen
from nntui.tui.widgets.frame import Frame
from nntui.tui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

Validate = Callable[[str], "str | None"]
"""What is wrong with a text, or None. A UserError that it raises is taken for that, and so is what a number out of all
bounds or a path that the system refuses raises: no text that a person types may end the interface."""


class AskText(OverlayScreen["str | None"]):
    """A line of text. What is wrong with it is said below the field as it is typed; Enter takes what is right."""

    def __init__(
        self,
        title: str,
        value: str = "",
        validate: Validate | None = None,
        *,
        detail: str = "",
        hint: str = "",
        select: bool = True,
    ) -> None:
        """select: whether what is typed takes the place of `value`."""
        super().__init__()
        self._title, self._value, self._validate = title, value, validate
        self._detail, self._hint, self._select = detail, hint, select

    def compose(self) -> ComposeResult:
        with Frame():
            yield Words(self._title, "strong title")
            yield Words(self._detail, "muted")
            yield Input(self._value, placeholder=plain(self._hint), id="answer", select_on_focus=self._select)
            yield Words("", "bad", id="wrong")
            yield Words("enter takes it, esc leaves it as it was", "muted")

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()

    def wrong(self, text: str) -> str:
        """What is wrong with `text`; "" where nothing is."""
        if self._validate is None:
            return ""
        try:
            return self._validate(text) or ""
        except UserError as error:
            return f"{error.message}. {error.advice}".strip(" .")
        except OSError as error:
            return error.strerror or "the system refuses that"
        except (ValueError, ArithmeticError, RuntimeError) as error:
            return str(error) or "that cannot be"

    def on_input_changed(self, event: Input.Changed) -> None:
        changed = event.value != self._value
        self.query_one("#wrong", Words).say(self.wrong(event.value) if changed else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        wrong = self.wrong(event.value)
        self.query_one("#wrong", Words).say(wrong)
        if not wrong:
            self.dismiss(event.value)
