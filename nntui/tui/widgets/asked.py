"""`Asked`: a pane that shows an answer of the fork server, or that one is awaited, or why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeAlias, TypeVar, cast

from textual import events
from textual.binding import Binding, BindingType

from nntui.tui.asking import Answered
from nntui.tui.draw.plan import message_lines
from nntui.tui.draw.text import Line, plain, spread, width, wrap
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.timer import Timer

    from nntui.tui.app import NNTuiApp
    from nntui.tui.draw.charset import Charset

A = TypeVar("A")

Draw: TypeAlias = Callable[[A, int, int, "Charset"], tuple[list[Line], list[Line]]]
"""(answer, cells, height, charset) -> lines that scroll, lines that stay at the bottom"""

_WHEEL = 3


class Asked(Lines, Generic[A], can_focus=True):
    """A title, lines that scroll, lines that stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_by(-1)", "up", show=False, id="pane.up", tooltip="A line up"),
        Binding("down", "scroll_by(1)", "down", show=False, id="pane.down", tooltip="A line down"),
        Binding("pageup", "scroll_page(-1)", "page up", show=False, id="pane.page-up", tooltip="A page up"),
        Binding("pagedown", "scroll_page(1)", "page down", show=False, id="pane.page-down", tooltip="A page down"),
        Binding("home", "scroll_by(-100000)", "top", show=False, id="pane.top", tooltip="The first line"),
        Binding("end", "scroll_by(100000)", "bottom", show=False, id="pane.bottom", tooltip="The last line"),
    ]

    def __init__(self, number: int, title: str, busy: str, draw: Draw[A], *, id: str | None = None) -> None:
        """busy: what is said while an answer is awaited: "planning"."""
        super().__init__(id=id)
        self.answered: Answered[A] = Answered()
        self._number, self._heading, self._busy = number, title, busy
        self._draw_answer = draw
        self._clock: Timer | None = None
        self._first = 0
        self._beyond = 0
        """Lines that do not fit."""

    def on_mount(self) -> None:
        super().on_mount()
        self._clock = self.set_interval(1.0, self.redraw, pause=self.answered.since is None)

    def take(self, answered: Answered[A]) -> None:
        """Show another state."""
        if answered.value is not self.answered.value:
            self._first = 0
        self.answered = answered
        if self._clock is not None:  # it ticks only while something is awaited
            (self._clock.pause if answered.since is None else self._clock.resume)()
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        cells, height = self.size.width, self.size.height
        if not self.is_attached or cells < 4 or height < 1:
            return
        charset = cast("NNTuiApp", self.app).charset
        now = self.answered
        body: list[Line] = []
        foot: list[Line] = []
        if now.error is not None:
            body = message_lines(now.error.message, now.error.advice, cells, charset)
        elif now.value is not None:
            body, foot = self._draw_answer(now.value, cells, height - 1, charset)
            if now.old:
                body, foot = _dimmed(body), _dimmed(foot)
        elif now.old and now.since is None:
            body = [[(text, "muted")] for text in wrap("waits until what is wrong in the form is put right", cells)]
        room = max(height - 1 - len(foot), 0)
        self._beyond = max(len(body) - room, 0)
        self._first = max(0, min(self._first, self._beyond))
        shown = body[self._first : self._first + room]
        blank: list[Line] = [[] for _ in range(room - len(shown))]
        self.show([self._title(cells, charset), *shown, *blank, *foot])

    def _title(self, cells: int, charset: Charset) -> Line:
        left: Line = [
            (f"{self._number} ", "key"),
            (self._heading, "title strong underline" if self.has_focus else "title strong"),
            (" ", ""),
        ]
        right: Line = []
        if self.answered.since is not None:
            waited = time.monotonic() - self.answered.since
            told = (
                f" {self._busy}{charset.ellipsis}" if waited < 2 else f" {self._busy}{charset.ellipsis} {waited:.0f} s"
            )
            right = [(told, "warning")]
        elif self._beyond:
            more = f"{charset.up * (self._first > 0)}{charset.down * (self._first < self._beyond)}"
            right = [(f" {plain(more)}", "muted")]
        rule = charset.horizontal * max(cells - width(left) - width(right), 0)
        return spread([*left, (rule, "axis")], right, cells) if not rule else [*left, (rule, "axis"), *right]

    def action_scroll_by(self, lines: int) -> None:
        self._first += lines
        self.redraw()

    def action_scroll_page(self, pages: int) -> None:
        self.action_scroll_by(pages * max(self.size.height - 3, 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_by(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_by(-_WHEEL)


def _dimmed(lines: list[Line]) -> list[Line]:
    """What answers the question before."""
    return [[(text, style if style.startswith("#") else "muted") for text, style in line] for line in lines]
