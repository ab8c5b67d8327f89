"""Questions that lie over a screen: yes or no, a text, one of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.tui.draw.text import Line, plain, wrap
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.overlay import FRAME_BINDINGS, Frame, Option, Options, OverlayScreen

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

T = TypeVar("T")

Validate = Callable[[str], "str | None"]
"""What is wrong with a text, or None. A UserError that it raises is taken for that, and so is what a number out of all
bounds or a path that the system refuses raises: no text that a person types may end the interface."""


class Words(Lines):
    """Wrapped text over as many lines as it takes."""

    def __init__(self, text: str, style: str, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="words")
        self._text = text
        self._style = style

    def say(self, text: str) -> None:
        self._text = text
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        cells = max(self.size.width, 1)
        parts = [line for paragraph in self._text.split("\n") for line in wrap(plain(paragraph), cells)]
        lines: list[Line] = [[(part, self._style)] for part in parts] if self._text else []
        self.styles.height = len(lines)
        self.show(lines)


class AskYesNo(OverlayScreen[bool]):
    """A question that y and n answer, and the arrows with Enter. Escape is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="question.yes", tooltip="Yes"),
        Binding("n", "answer(False)", "no", id="question.no", tooltip="No"),
        Binding("left,right,tab,shift+tab", "other", "choose", id="question.other", tooltip="The other answer"),
        Binding("enter", "choose", "answer", id="question.choose", tooltip="The answer that is highlighted"),
    ]

    def __init__(
        self, question: str, detail: str = "", *, yes: str = "yes", no: str = "no", default: bool = False
    ) -> None:
        super().__init__()
        self._question, self._detail = question, detail
        self._words = {True: yes, False: no}
        self._answer = default

    def compose(self) -> ComposeResult:
        with Frame():
            yield Words(self._question, "strong title")
            yield Words(self._detail, "muted")
            yield Answers(self._words)

    def on_mount(self) -> None:
        self.query_one(Answers).highlight(self._answer)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def action_other(self) -> None:
        self._answer = not self._answer
        self.query_one(Answers).highlight(self._answer)

    def action_choose(self) -> None:
        self.dismiss(self._answer)

    def action_cancel(self) -> None:
        self.dismiss(False)


class Answers(Lines):
    """The two answers of a question; a click on one gives it."""

    def __init__(self, words: dict[bool, str]) -> None:
        super().__init__(classes="answers")
        self._words = words
        self._answer = False

    def highlight(self, answer: bool) -> None:
        self._answer = answer
        line: Line = []
        for value in (True, False):
            style = "cursor" if value == answer else ""
            key = "y" if value else "n"
            line += [(f" {key} ", f"{style} key".strip()), (f"{plain(self._words[value])} ", style), ("   ", "")]
        self.show([[], line])

    def on_click(self, event: events.Click) -> None:
        first = len(plain(self._words[True])) + 4
        if event.y != 1:
            return
        if event.x < first:
            self.screen.dismiss(True)
        elif first + 3 <= event.x < first + 7 + len(plain(self._words[False])):
            self.screen.dismiss(False)


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


class AskChoice(OverlayScreen["T | None"], Generic[T]):
    """One of several, found by typing. `choices`: options, or values that name themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [*FRAME_BINDINGS]

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
