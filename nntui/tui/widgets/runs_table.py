"""`RunsTable`: the list of runs, with a cursor that stays on its run while the list changes around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import events
from textual.message import Message

from nntui.tui.draw.runs import Layout, lay_out, table
from nntui.tui.draw.text import Line
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder
    from nntui.runs.summary import Row
    from nntui.tui.app import NNTuiApp

_WHEEL = 3
"""Rows that a notch of the wheel moves."""


class RunsTable(Lines, can_focus=True):
    """Only the rows that are seen are drawn, however many there are."""

    class Highlighted(Message):
        """The cursor came to another run, or its run changed."""

    class Opened(Message):
        """A run was clicked twice."""

        def __init__(self, folder: RunFolder) -> None:
            super().__init__()
            self.folder = folder

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        """What is shown, the one begun last first; some are filtered out."""
        self.marks: dict[Path, None] = {}
        """Paths of the marked runs, in the order in which they were marked."""
        self.problems: Mapping[Path, str] = {}
        """For a run's path, what is wrong with its folder."""
        self._cursor = 0
        self._first = 0
        self._renamed: dict[Path, Path] = {}
        self._layout: tuple[int, Layout] | None = None

    @property
    def chosen(self) -> Row | None:
        """The run under the cursor."""
        return self.rows[self._cursor] if self._cursor < len(self.rows) else None

    @property
    def cursor(self) -> int:
        return self._cursor

    @property
    def page(self) -> int:
        """Rows that are seen at once."""
        return max(self.size.height - 1, 1)

    @property
    def seen(self) -> tuple[int, int]:
        """First and one past the last row that is seen."""
        return self._first, min(self._first + self.page, len(self.rows))

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Another list; the cursor stays on its run, or where that was."""
        before = self.chosen
        self.rows = rows
        self._layout = None
        if before is not None:
            path = self._renamed.get(before.folder.path, before.folder.path)
            at = next((i for i, row in enumerate(rows) if row.folder.path == path), None)
            if at is not None:
                self._first += at - self._cursor
                self._cursor = at
        self.move_to(self._cursor)

    def go_to(self, path: Path) -> bool:
        """Put the cursor on a run; whether it is in the list."""
        at = next((i for i, row in enumerate(self.rows) if row.folder.path == path), None)
        if at is not None:
            self.move_to(at)
        return at is not None

    def renamed(self, before: Path, after: Path) -> None:
        """Follow a run to its new name, with the next list."""
        self._renamed = {before: after}
        if before in self.marks:
            self.marks = {after if path == before else path: None for path in self.marks}

    def move(self, by: int) -> None:
        self.move_to(self._cursor + by)

    def move_to(self, at: int) -> None:
        """Put the cursor on a row and show it; beyond an end counts as that end."""
        self._cursor = max(min(at, len(self.rows) - 1), 0)
        self._first = max(min(self._first, self._cursor), self._cursor - self.page + 1, 0)
        self._first = min(self._first, max(len(self.rows) - self.page, 0))
        self.redraw()
        self.post_message(self.Highlighted())

    def mark(self) -> None:
        """Mark the run under the cursor, or take its mark away."""
        row = self.chosen
        if row is None:
            return
        path = row.folder.path
        if path in self.marks:
            del self.marks[path]
        else:
            self.marks[path] = None
        self.redraw()

    def lines(self) -> list[Line]:
        """What is seen now."""
        cells = self.size.width
        if self._layout is None or self._layout[0] != cells:
            self._layout = (cells, lay_out(self.rows, cells))
        charset = cast("NNTuiApp", self.app).charset
        return table(
            self.rows, self._layout[1], cells, self.size.height, charset,
            first=self._first, cursor=self._cursor, marks=self.marks.keys(), problems=self.problems,
        )  # fmt: skip

    def redraw(self) -> None:
        if self.size.height:
            self.show(self.lines())

    def on_resize(self) -> None:
        self.move_to(self._cursor)

    def _row_at(self, y: int) -> int | None:
        at = self._first + y - 1
        return at if y >= 1 and at < len(self.rows) else None

    def on_click(self, event: events.Click) -> None:
        at = self._row_at(event.y)
        if at is None:
            return
        self.focus()
        self.move_to(at)
        row = self.chosen
        if event.chain >= 2 and row is not None:
            self.post_message(self.Opened(row.folder))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-_WHEEL)
