"""`Options`: a list to choose from by typing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nntui.tui.draw.text import Line, cut, fit, plain, spread, width
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.draw.charset import Charset

T = TypeVar("T")

LIST_KEYS: list[BindingType] = [
    Binding("up,ctrl+p", "move(-1)", "up", show=False, id="overlay.up", tooltip="The line above"),
    Binding("down,ctrl+n", "move(1)", "down", show=False, id="overlay.down", tooltip="The line below"),
    Binding("pageup", "move(-10)", "page up", show=False, id="overlay.page-up", tooltip="Ten lines up"),
    Binding("pagedown", "move(10)", "page down", show=False, id="overlay.page-down", tooltip="Ten lines down"),
]
"""How a list in an overlay is walked through, also while its field is typed in."""


@dataclass(frozen=True)
class Option(Generic[T]):
    """Something to choose. Texts may come from anywhere: they are drawn as text."""

    value: T
    label: str
    detail: str = ""
    """Behind the label, muted."""
    keys: str = ""
    """At the right: the keys that do the same."""
    group: str = ""
    """Before the label, muted: what kind of thing it is."""
    words: str = field(default="", compare=False)
    """What is searched beside the label."""


class Options(Lines, can_focus=False):
    """A list with a cursor, narrowed by what is typed."""

    class Chosen(Message):
        """An option was chosen with the mouse."""

    def __init__(self, *, id: str | None = None, empty: str = "nothing fits") -> None:
        super().__init__(id=id)
        self.all: Sequence[Option[Any]] = ()  # Any: whatever the screen lets choose from
        self.found: list[Option[Any]] = []
        self._empty = empty
        self._cursor = 0
        self._first = 0

    @property
    def chosen(self) -> Option[Any] | None:
        return self.found[self._cursor] if self._cursor < len(self.found) else None

    def offer(self, options: Sequence[Option[Any]], query: str = "") -> None:
        """These options, those that fit `query` first."""
        self.all = options
        self.narrow(query)

    def narrow(self, query: str) -> None:
        """Show what fits; the best first, in the order given where they fit alike."""
        query = query.strip()
        if query:
            scored = [
                (max(fuzzy(query, o.label.rstrip()), about(query, o.words), about(query, f"{o.group} {o.label}")), o)
                for o in self.all
            ]
            self.found = [o for score, o in sorted(scored, key=lambda pair: -pair[0]) if score > 0]
        else:
            self.found = list(self.all)
        self._cursor = self._first = 0
        self.redraw()

    def move(self, by: int) -> None:
        self._cursor = max(min(self._cursor + by, len(self.found) - 1), 0)
        page = max(self.size.height, 1)
        self._first = max(min(self._first, self._cursor), self._cursor - page + 1, 0)
        self.redraw()

    def choose(self, at: int) -> None:
        """Put the cursor on the option at `at`."""
        self._cursor = 0
        self.move(at)

    def redraw(self) -> None:
        cells, height = self.size.width, self.size.height
        if not height:
            return
        if not self.found:
            self.show([[(f"  {self._empty}", "muted")]])
            return
        charset = cast("NNTuiApp", self.app).charset
        shown = self.found[self._first : self._first + height]
        groups = max((len(option.group) for option in self.found), default=0)
        labels = min(max((width(plain(o.label)) for o in shown if o.detail), default=0), cells // 3)
        self.show(
            [
                option_line(option, cells, charset, cursor=at == self._cursor, groups=groups, labels=labels)
                for at, option in enumerate(shown, self._first)
            ]
        )

    def on_resize(self) -> None:
        self.move(0)

    def on_click(self, event: events.Click) -> None:
        at = self._first + event.y
        if at < len(self.found):
            self._cursor = at
            self.redraw()
            self.post_message(self.Chosen())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)


def option_line(
    option: Option[Any], cells: int, charset: Charset, *, cursor: bool, groups: int = 0, labels: int = 0
) -> Line:
    """One option: kind, label, detail, keys. `groups`, `labels`: cells that these take at least."""
    onto = "cursor " if cursor else ""
    left: Line = [(f"{charset.cursor if cursor else ' '} ", f"{onto}accent")]
    if groups:
        left.append((fit(option.group, groups + 2), f"{onto}muted"))
    left.append((plain(option.label).ljust(labels if option.detail else 0), f"{onto}strong" if cursor else ""))
    if option.detail:
        left.append((f"  {plain(option.detail)}", f"{onto}muted"))
    right: Line = [(f"{plain(option.keys)} ", f"{onto}key")] if option.keys else []
    room = cells - width(right) - 1
    if width(left) > room:
        *kept, (last, style) = left
        left = [*kept, (fit(last, max(room - width(kept), 0), ellipsis=charset.ellipsis), style)]
    line = spread([(t, s.strip()) for t, s in left], right, cells)
    line = cut([(text, style or onto.strip()) for text, style in line], cells)
    return [*line, (" " * (cells - width(line)), onto.strip())]


def fuzzy(query: str, text: str) -> float:
    """How well `text` fits what was typed; 0: not at all.

    Letters must come in their order. Whole runs of letters, beginnings of words and short texts count for more.
    """
    query, text = query.lower(), text.lower()
    if not query or not text:
        return 0.0
    at = text.find(query)
    if at >= 0:
        begins = at == 0 or not text[at - 1].isalnum()
        return 4.0 + 2.0 * begins + len(query) / len(text)
    score, last = 0.0, -1
    for letter in query:
        if letter == " ":
            continue
        at = text.find(letter, last + 1)
        if at < 0:
            return 0.0
        first = at == 0 or not text[at - 1].isalnum()
        score += 1.0 if at == last + 1 else 0.8 if first else 0.2
        last = at
    score /= len(query)
    return score * 2.0 if score > 0.45 else 0.0


def about(query: str, words: str) -> float:
    """How well words that describe something fit: each that was typed must begin one of them; 0: not at all."""
    described = words.lower().split()
    typed = query.lower().split()
    return 1.5 if typed and all(any(word.startswith(part) for word in described) for part in typed) else 0.0
