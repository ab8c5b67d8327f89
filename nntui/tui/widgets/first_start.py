"""What an empty list of runs shows: what nntui is, and three recipes to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nntui.runs import shell
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, plain, width, wrap
from nntui.tui.recipes import RECIPES, Recipe
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp

_WHAT = "nntui trains neural networks in a terminal."
_HOW = "Pick data and a network, watch it learn, close the laptop: a run trains on without you."
_MOST = 72
"""Cells of the text, however wide the screen is."""


def welcome(
    recipes: Sequence[Recipe], cursor: int, cells: int, height: int, charset: Charset, typed: str
) -> tuple[list[Line], dict[int, int]]:
    """The welcome, and for each line that a recipe takes, which one. `typed`: what trains the chosen one in a shell."""
    size = min(cells - 4, _MOST)
    margin = (" " * max((cells - size) // 2, 0), "")
    lines: list[Line] = [[margin, (part, "strong title")] for part in wrap(_WHAT, size)]
    lines += [[margin, (part, "muted")] for part in wrap(_HOW, size)]
    lines += [
        [],
        *([margin, (part, "")] for part in wrap("There is no run here yet. Begin with one of these:", size)),
        [],
    ]
    roomy = height >= len(lines) + 3 * len(recipes) + 3
    where: dict[int, int] = {}
    for at, recipe in enumerate(recipes):
        drawn = _recipe(recipe, at, size, margin, charset, chosen=at == cursor)
        where.update(dict.fromkeys(range(len(lines), len(lines) + len(drawn)), at))
        lines += drawn
        if roomy:
            lines.append([])
    command = plain(typed)
    lines += [] if roomy else [[]]
    same: Line = [("The same from a shell: ", "muted")]
    if width(same) + width(command) <= size:
        lines.append([margin, *same, (command, "accent")])
    else:
        lines += [[margin, *same], *([margin, (part, "accent")] for part in wrap(command, size))]
    above = max((height - len(lines)) // 3, 0)
    return [*([[]] * above), *(cut(line, cells) for line in lines)], {above + line: at for line, at in where.items()}


def _recipe(
    recipe: Recipe, at: int, size: int, margin: tuple[str, str], charset: Charset, *, chosen: bool
) -> list[Line]:
    onto = "cursor" if chosen else ""
    seconds = f"~{recipe.seconds} s "
    head: Line = [
        (f"{charset.cursor if chosen else ' '} ", f"{onto} accent".strip()),
        (f"{at + 1}  ", f"{onto} key".strip()),
        (plain(recipe.title), f"{onto} strong".strip()),
    ]
    head.append((" " * (size - width(head) - len(seconds)), onto))
    head.append((seconds, f"{onto} muted".strip()))
    parts = wrap(recipe.teaches, size - 6)
    return [[margin, *head], *([margin, (f"     {part}".ljust(size), f"{onto} muted".strip())] for part in parts)]


class FirstStart(Lines, can_focus=True):
    """The welcome with a cursor over the recipes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(at + 1), f"begin({at})", recipe.title, show=False, id=f"start.{recipe.name}",
                tooltip=f"Train the recipe: {recipe.title}")
        for at, recipe in enumerate(RECIPES)
    ]  # fmt: skip

    class Begun(Message):
        """A recipe was chosen."""

        def __init__(self, recipe: Recipe) -> None:
            super().__init__()
            self.recipe = recipe

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor = 0
        self._where: dict[int, int] = {}

    @property
    def chosen(self) -> Recipe:
        return RECIPES[self._cursor]

    def move(self, by: int) -> None:
        self._cursor = max(min(self._cursor + by, len(RECIPES) - 1), 0)
        self.redraw()

    def action_begin(self, at: int) -> None:
        self._cursor = min(at, len(RECIPES) - 1)
        self.redraw()
        self.post_message(self.Begun(self.chosen))

    def redraw(self) -> None:
        app = cast("NNTuiApp", self.app)
        if self.size.height:
            typed = shell.typed(self.chosen.command, app.runs)
            lines, self._where = welcome(RECIPES, self._cursor, *self.size, app.charset, typed)
            self.show(lines)

    def on_resize(self) -> None:
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        at = self._where.get(event.y)
        if at is not None:
            self._cursor = at
            self.redraw()
            if event.chain >= 2:
                self.post_message(self.Begun(self.chosen))
