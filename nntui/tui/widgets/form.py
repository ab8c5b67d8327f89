"""`FormView`: the rows of a new run, chosen with the arrows, said by typing, cycling and choosing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nntui.tui.draw.form import form_lines
from nntui.tui.draw.text import Line
from nntui.tui.form.typing import Typing
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.form.rows import Row

_WHEEL = 3
_SPACED = 24
"""Lines from which groups are set apart by an empty one."""
_CYCLED = ("contribution", "switch", "words")
_SWITCHED = ("switch", "fold", "train")
"""Kinds of rows that left and right change, and that space presses."""


class FormView(Lines, can_focus=True):
    """A list of rows. It says what was done in it; the screen says what follows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False, id="form.up", tooltip="The row above"),
        Binding("down", "move(1)", "down", show=False, id="form.down", tooltip="The row below"),
        Binding("pageup", "page(-1)", "page up", show=False, id="form.page-up", tooltip="A page up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="form.page-down", tooltip="A page down"),
        Binding("home", "edge(0)", "first", show=False, id="form.first", tooltip="The first row"),
        Binding("end", "edge(1)", "last", show=False, id="form.last", tooltip="The last row"),
        Binding("enter", "enter", "edit", id="form.edit", tooltip="Type a value, or choose from a list"),
        Binding("left", "cycle(-1)", "change", show=False, id="form.before", tooltip="The choice before"),
        Binding("right", "cycle(1)", "change", show=True, id="form.after", tooltip="The next choice"),
        Binding("space", "switch", "switch", show=False, id="form.toggle", tooltip="Switch on or off, unfold"),
        Binding("backspace,delete", "reset", "reset", id="form.reset", tooltip="Back to what nntui would choose"),
    ]

    class Moved(Message):
        """The cursor came to another row, or one began or ended to type in it."""

    class Typed(Message):
        """A row was given a text; while one types, each key says so."""

        def __init__(self, key: str, text: str, *, while_typing: bool = False) -> None:
            super().__init__()
            self.key = key
            self.text = text
            self.while_typing = while_typing

    class Unsaid(Message):
        """A row was reset."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class ChooserAsked(Message):
        """A row's choices were asked for."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Folded(Message):
        """The seldom changed settings were folded or unfolded."""

    class TrainAsked(Message):
        """The row that trains was pressed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.unfolded = False
        self.typing: Typing | None = None
        self._before: str | None = None
        """What the row being typed in said before; None where it said nothing."""
        self._key = ""
        self._first = 0
        self._owners: list[int] = []
        self._bound: tuple[object, ...] = ()
        """What the keys that are bound depend on."""

    # what is shown

    @property
    def cursor(self) -> int:
        return next((number for number, row in enumerate(self.rows) if row.key == self._key), 0)

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.rows else None

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Other rows; the cursor stays on its key."""
        gone = bool(self.rows) and self._key not in {row.key for row in rows}
        at = self.cursor
        self.rows = rows
        if gone or not self._key:
            if gone:
                self.typing = None
            selectable = [number for number, row in enumerate(rows) if row.selectable]
            self._key = rows[min(selectable, key=lambda number: abs(number - at))].key
            self.post_message(self.Moved())
        self.redraw()

    def redraw(self) -> None:
        if not self.is_attached or not self.rows or not self.size.width:
            return
        self._bind()
        charset = cast("NNTuiApp", self.app).charset
        cursor = self.cursor if self.has_focus else -1
        lines, owners = form_lines(
            self.rows,
            cursor,
            self.typing,
            self.size.width,
            charset,
            unfolded=self.unfolded,
            spaced=self.size.height >= _SPACED,
        )
        # The last row, which trains, is always in sight.
        self._owners, room = owners[:-1], max(self.size.height - 2, 1)
        self._scroll_to_cursor(room)
        shown = lines[self._first : min(self._first + room, len(lines) - 1)]
        blank: list[Line] = [[] for _ in range(room - len(shown))]
        below = len(lines) - 1 - self._first - room
        more: Line = [(f"  {charset.down} {below} more", "muted")] if below > 0 else []
        self.show([*shown, *blank, more, lines[-1]])

    def _bind(self) -> None:
        """Other keys do something on another kind of row, and once it is said: the foot shows those."""
        row = self.chosen
        bound = (row.kind, row.said, bool(row.options)) if row is not None else ()
        if bound != self._bound:
            self._bound = bound
            self.refresh_bindings()

    def _scroll_to_cursor(self, height: int) -> None:
        """So that the row under the cursor, with what is wrong with it, is in sight."""
        own = [number for number, owner in enumerate(self._owners) if owner == self.cursor]
        if own and own[-1] >= self._first + height:
            self._first = own[-1] - height + 1
        if own and own[0] < self._first:
            self._first = own[0]
        self._first = max(0, min(self._first, len(self._owners) - height))

    def on_resize(self) -> None:
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self._end_typing()
        self.redraw()

    # moving

    def move_to(self, number: int) -> None:
        """Put the cursor on a row; a heading is passed over."""
        if not self.rows:
            return
        step = 1 if number >= self.cursor else -1
        number = max(0, min(number, len(self.rows) - 1))
        while not self.rows[number].selectable:
            number += step
        if self.rows[number].key != self._key:
            self._end_typing()
            self._key = self.rows[number].key
            self.post_message(self.Moved())
        self.redraw()

    def action_move(self, step: int) -> None:
        self.move_to(self.cursor + step)

    def action_page(self, pages: int) -> None:
        """A page of lines, which are more than rows: what was below is then in sight, nothing was passed over."""
        own = [number for number, owner in enumerate(self._owners) if owner == self.cursor]
        at = (own[0] if own else 0) + pages * max(self.size.height - 3, 1)
        if at >= len(self._owners):
            self.move_to(len(self.rows) - 1 if own and own[-1] == len(self._owners) - 1 else len(self.rows) - 2)
            return
        self.move_to(max(self._owners[max(at, 0)], 0))

    def action_edge(self, last: int) -> None:
        self.move_to(len(self.rows) - 1 if last else 0)

    # saying

    def action_enter(self) -> None:
        """Do what the row under the cursor is for."""
        row = self.chosen
        if row is None:
            return
        if row.kind == "train":
            self.post_message(self.TrainAsked())
        elif row.kind == "fold":
            self.post_message(self.Folded())
        elif row.kind == "switch":
            self.action_cycle(1)
        elif row.kind in ("contribution", "words"):
            cast("NNTuiApp", self.app).ahead.hold()
            self.post_message(self.ChooserAsked(row))
        else:
            self._before = row.text if row.said else None
            self.typing = Typing.of(row.text)
            self.refresh_bindings()
            self.post_message(self.Moved())
            self.redraw()

    def action_switch(self) -> None:
        row = self.chosen
        if row is not None and row.kind in _SWITCHED:
            self.action_enter()

    def action_cycle(self, step: int) -> None:
        row = self.chosen
        if row is None or row.kind not in _CYCLED or not row.options:
            return
        at = row.options.index(row.text) if row.text in row.options else -1 if step > 0 else 0
        self.post_message(self.Typed(row.key, row.options[(at + step) % len(row.options)]))

    def action_reset(self) -> None:
        row = self.chosen
        if row is not None and row.said:
            self.post_message(self.Unsaid(row.key))

    # typing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a row is edited, its keys are the text's; else what can be done to a row is bound, and nothing more."""
        row = self.chosen
        if action not in ("enter", "cycle", "switch", "reset"):
            return super().check_action(action, parameters)
        if row is None:
            return False
        if self.typing is not None:
            return action == "enter"
        match action:
            case "cycle":
                return row.kind in _CYCLED and bool(row.options)
            case "switch":
                return row.kind in _SWITCHED
            case "reset":
                return row.said
        return True

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While a row is edited, letters are its text and no command."""
        del key
        return self.typing is not None and character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        if self.typing is None or self.chosen is None:
            return
        key = event.key
        if key == "enter":
            self._end_typing()
        elif key == "escape":
            self._take_back()
        elif key in ("up", "down", "tab", "shift+tab"):
            self._end_typing()
            self.action_move(-1 if key in ("up", "shift+tab") else 1)
        else:
            changed = self.typing.pressed(key)
            if changed is None and event.character is not None and event.is_printable:
                changed = self.typing.typed(event.character)
            if changed is None:
                return
            self._change(changed)
        event.stop()
        event.prevent_default()
        self.redraw()

    def on_paste(self, event: events.Paste) -> None:
        if self.typing is not None:
            self._change(self.typing.typed(event.text.strip()))
            event.stop()
            self.redraw()

    def _change(self, typing: Typing) -> None:
        before, self.typing = self.typing, typing
        if before is not None and before.text != typing.text:
            self.post_message(self.Typed(self._key, typing.text, while_typing=True))

    def _end_typing(self) -> None:
        """What was typed stands."""
        if self.typing is not None:
            self.typing = None
            self.refresh_bindings()
            self.post_message(self.Moved())

    def _take_back(self) -> None:
        """As it was before one typed."""
        self._end_typing()
        message = self.Unsaid(self._key) if self._before is None else self.Typed(self._key, self._before)
        self.post_message(message)

    # the mouse

    def on_click(self, event: events.Click) -> None:
        number = self._first + event.y
        if event.y == self.size.height - 1:
            row = len(self.rows) - 1
        elif number < len(self._owners) and event.y < self.size.height - 2:
            row = self._owners[number]
        else:
            return
        again = row == self.cursor
        self.move_to(row)
        if self.typing is None and self.rows[row].selectable and (again or self.rows[row].kind in ("fold", "train")):
            self.action_enter()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-_WHEEL)
