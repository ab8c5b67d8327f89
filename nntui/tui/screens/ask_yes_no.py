"""A question that is answered with yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from nntui.tui.screens.overlay import OverlayScreen
from nntui.tui.widgets.answers import Answers
from nntui.tui.widgets.frame import Frame
from nntui.tui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult


_REFUSING = frozenset({"answer(False)", "cancel"})


class AskYesNo(OverlayScreen[bool]):
    """A question that y and n answer, and the arrows with Enter. Escape is no. `grave`: of a yes there is no way back,
    so that keys typed ahead of it can only refuse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="question.yes", tooltip="Yes"),
        Binding("n", "answer(False)", "no", id="question.no", tooltip="No"),
        Binding("left,right,tab,shift+tab", "other", "choose", id="question.other", tooltip="The other answer"),
        Binding("enter", "choose", "answer", id="question.choose", tooltip="The answer that is highlighted"),
    ]

    def __init__(
        self,
        question: str,
        detail: str = "",
        *,
        yes: str = "yes",
        no: str = "no",
        default: bool = False,
        grave: bool = False,
    ) -> None:
        super().__init__()
        self._grave = grave
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

    def takes_unseen(self, key: str) -> bool:
        bound = self.active_bindings.get(key)
        return not self._grave or (bound is not None and bound.binding.action in _REFUSING)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def action_other(self) -> None:
        self._answer = not self._answer
        self.query_one(Answers).highlight(self._answer)

    def action_choose(self) -> None:
        self.dismiss(self._answer)

    def action_cancel(self) -> None:
        self.dismiss(False)
