"""`Panel`: lines with a title that scroll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nntui.tui.draw.text import Line, cut, plain, width
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.draw.charset import Charset
    from nntui.tui.watched import Watched


@dataclass(frozen=True)
class Body:
    """What a panel shows: `head` stays above and `foot` below the rows, which scroll."""

    rows: Sequence[Line]
    head: Sequence[Line] = ()
    foot: Sequence[Line] = field(default=())


class Panel(Lines, can_focus=True):
    """A panel of a run's screen. A subclass says its `title`, which events change it, and what it shows."""

    app: NNTuiApp

    DEFAULT_CSS = "Panel { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "down", show=False, id="panel.down", tooltip="A line down"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="panel.up", tooltip="A line up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="panel.page_down", tooltip="A page down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="panel.page_up", tooltip="A page up"),
        Binding("home,g", "edge(-1)", "top", show=False, id="panel.top", tooltip="To the top"),
        Binding("end,G", "edge(1)", "end", show=False, id="panel.end", tooltip="To the end"),
    ]

    title = ""
    wants: tuple[type, ...] = ()
    """Events after which it looks different."""
    follows = False
    """Whether it stays at its end while that moves."""

    class Moved(Message):
        """It shows other lines, or was given the focus: what names it may say where it is."""

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.watched = watched
        self.titled = False
        """Whether it draws its title: it stands beside others."""
        self._top = 0
        self._rows = 0
        self._room = 1
        self._at_end = self.follows

    @property
    def charset(self) -> Charset:
        return self.app.charset

    def body(self, cells: int, height: int) -> Body:
        """What to show in `cells` by `height` cells."""
        raise NotImplementedError

    def look(self) -> None:
        """Take in what it needs beside the state, such as files. Called about once a second while it is seen."""

    def redraw(self) -> None:
        """Show what is so now. What is not seen is not drawn."""
        if not self.is_attached or not self.display or not self.size:
            return
        cells, height = self.size
        title = 1 if self.titled else 0
        body = self.body(cells, max(height - title, 1))
        self._room = max(height - title - len(body.head) - len(body.foot), 1)
        self._rows = len(body.rows)
        last = max(self._rows - self._room, 0)
        self._top = last if self.follows and self._at_end else min(max(self._top, 0), last)
        rows = list(body.rows[self._top : self._top + self._room])
        if body.foot:
            rows += [[]] * (self._room - len(rows))
        lines = [*body.head, *rows, *body.foot]
        self.show([self._title_line(cells), *lines] if title else lines)

    @property
    def place(self) -> str:
        """Which rows are seen: "3-12/48"; "" where all are."""
        if self._rows <= self._room:
            return ""
        return f"{self._top + 1}-{min(self._top + self._room, self._rows)}/{self._rows}"

    def _title_line(self, cells: int) -> Line:
        name: Line = [(f"{plain(self.title)} ", "strong accent" if self.has_focus else "title")]
        place: Line = [(f" {self.place}", "muted")] if self.place else []
        room = max(cells - width(name) - width(place), 0)
        return cut([*name, (self.charset.horizontal * room, "accent" if self.has_focus else "axis"), *place], cells)

    def scroll_rows(self, top: int) -> None:
        """Show the rows from `top` on, as far as there are any."""
        last = max(self._rows - self._room, 0)
        moved, self._top = self._top, min(max(top, 0), last)
        self._at_end = self._top == last
        if moved != self._top:
            self.redraw()
            self.post_message(self.Moved())

    def action_scroll(self, by: int) -> None:
        self.scroll_rows(self._top + by)

    def action_page(self, by: int) -> None:
        self.scroll_rows(self._top + by * max(self._room - 1, 1))

    def action_edge(self, which: int) -> None:
        self.scroll_rows(0 if which < 0 else self._rows)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(self._top + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(self._top - 3)

    def on_resize(self) -> None:
        self.redraw()
        self.post_message(self.Moved())

    def on_show(self) -> None:
        self.look()
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()
        self.post_message(self.Moved())

    def on_blur(self) -> None:
        self.redraw()
        self.post_message(self.Moved())
