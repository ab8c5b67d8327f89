"""`:`, everything by name: what this screen does, every run, recipes, themes, charsets, leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast, runtime_checkable

from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.tui import run_actions
from nntui.tui.draw.charset import CHARSETS, Charset
from nntui.tui.draw.keys import Hint, action_name, key_name
from nntui.tui.palette import THEMES
from nntui.tui.recipes import RECIPES, Recipe
from nntui.tui.screens.overlay import OverlayScreen
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.frame import Frame
from nntui.tui.widgets.keys import keyless_hints, screen_hints
from nntui.tui.widgets.options import LIST_KEYS, Option, Options

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from nntui.runs.folder import RunFolder
    from nntui.tui.app import NNTuiApp

Command = Callable[[], "Awaitable[object] | object"]

_HIDDEN = (
    "move", "page", "edge", "scroll", "scroll_by", "scroll_page", "columns", "cycle", "cross", "focus_next",
    "focus_previous", "palette",
)  # fmt: skip
"""Actions that are nothing without their keys."""

_THEME_WORDS = {
    "nntui-dark": "light on dark", "nntui-light": "dark on light", "nntui-contrast": "the most contrast",
    "nntui-16": "the terminal's own sixteen colours",
}  # fmt: skip
_CHARSET_WORDS = {
    "braille": "fine curves, where the font has braille",
    "blocks": "coarser curves, for fonts without braille",
    "ascii": "letters and signs alone",
}


@runtime_checkable
class Redrawn(Protocol):
    """A screen that can be drawn anew, such as with another charset."""

    def redraw(self) -> None: ...


class PaletteScreen(OverlayScreen[None]):
    """Everything that can be done, found by typing."""

    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._over = screen
        self._hints = [*screen_hints(screen), *keyless_hints(screen)]
        self._options: list[Option[Command]] = []

    @property
    def nntui(self) -> NNTuiApp:
        return cast("NNTuiApp", self.app)

    def compose(self) -> ComposeResult:
        with Frame():
            yield Input(placeholder="what to do, or the name of a run", id="answer")
            yield Options()

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._options = [*self._actions(), *self._recipes(), *self._themes(), *self._charsets(), self._settings()]
        self._fit()
        self.query_one(Options).offer(self._options)
        self.run_worker(self._add_runs())

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._fit()

    def _fit(self) -> None:
        self.query_one(Options).styles.height = max(min(len(self._options) + 8, self.app.size.height - 6), 3)

    # what there is

    def _actions(self) -> list[Option[Command]]:
        options: list[Option[Command]] = []
        for hint in sorted(self._hints, key=lambda hint: hint.active.node is not self._over):  # the screen's own first
            if action_name(hint) not in _HIDDEN and hint.active.enabled and hint.label:
                options.append(self._action(hint))
        further: list[tuple[str, str, Callable[[], None]]] = getattr(self._over, "further", [])
        options += [Option(do, label, detail, "", "do", f"{label} {detail}") for label, detail, do in further]
        known = {option.label for option in options}
        if "new" not in known:
            detail = "Choose data and a network for a new run"
            options.append(Option(self.nntui.new_run, "new", detail, "", "do", "new run train"))
        if not isinstance(self._over, RunsScreen):
            detail = "The list of runs: find, compare, rename, delete"
            options.append(Option(self.nntui.show_runs, "all runs", detail, "", "do", "all runs list find compare"))
        return options

    def _action(self, hint: Hint) -> Option[Command]:
        active = hint.active
        keys = " ".join(key_name(key, self.charset) for key in hint.keys)
        run = partial(self.app.run_action, active.binding.action, active.node)
        detail = hint.tooltip if hint.tooltip != hint.label else ""
        return Option(run, hint.label, detail, keys, "do", f"{hint.label} {detail}")

    def _recipes(self) -> list[Option[Command]]:
        return [
            Option(partial(self._begin, recipe), recipe.title, f"~{recipe.seconds} s, {recipe.teaches}", "", "recipe",
                   f"recipe {recipe.name} {recipe.teaches} {recipe.tree['arch']['name']} {recipe.tree['data']['name']}")
            for recipe in RECIPES
        ]  # fmt: skip

    def _begin(self, recipe: Recipe) -> None:
        self._over.run_worker(run_actions.begin(self.nntui, recipe), group="actions")

    def _themes(self) -> list[Option[Command]]:
        return [
            Option(partial(self._theme, theme.name), theme.name.removeprefix("nntui-"), _THEME_WORDS[theme.name],
                   "in use" if self.app.theme == theme.name else "", "theme", f"theme colours {theme.name}")
            for theme in THEMES
        ]  # fmt: skip

    def _theme(self, name: str) -> None:
        self.app.theme = name
        self.nntui.tell(f'theme = "{name.removeprefix("nntui-")}" in your settings keeps it')

    def _charsets(self) -> list[Option[Command]]:
        return [
            Option(partial(self._charset, charset), name, _CHARSET_WORDS[name],
                   "in use" if self.charset.name == name else "", "charset", f"charset characters {name}")
            for name, charset in CHARSETS.items()
        ]  # fmt: skip

    def _charset(self, charset: Charset) -> None:
        self.nntui.charset = charset
        for screen in self.app.screen_stack:
            if isinstance(screen, Redrawn):
                screen.redraw()
        self.nntui.tell(f'charset = "{charset.name}" in your settings keeps it')

    def _settings(self) -> Option[Command]:
        def tell() -> None:
            from nntui.runs.settings import settings_file

            self.nntui.tell(f"yours are in {settings_file()}; nntui settings says what can be set")

        return Option(tell, "settings", "Where yours are kept", "", "do", "settings preferences options keys theme")

    async def _add_runs(self) -> None:
        """Every run by name; they may be many, on a slow disk."""
        from nntui.runs.folder import list_runs

        try:
            folders = await asyncio.to_thread(list_runs, self.nntui.runs)
        except UserError:
            return  # the list of runs says so
        opening: list[Option[Command]] = [
            Option(partial(self._open, folder), folder.name, "", "", "run", f"open run {folder.name}")
            for folder in folders
        ]
        self._options = [*self._options, *opening]
        options = self.query_one(Options)
        chosen = options.found.index(options.chosen) if options.chosen is not None else 0
        options.offer(self._options, self.query_one(Input).value)
        options.choose(chosen)

    def _open(self, folder: RunFolder) -> None:
        if folder.exists():
            self.nntui.open_run(folder)
        else:
            self.nntui.warn(f"{folder.name} is gone")

    # choosing

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one(Options).narrow(event.value.lstrip(":"))

    def on_input_submitted(self) -> None:
        self._take()

    def on_options_chosen(self) -> None:
        self._take()

    def _take(self) -> None:
        option = self.query_one(Options).chosen
        if option is not None and not self.dismissed:
            self.dismiss(None)
            self.app.call_later(option.value)

    def action_move(self, by: int) -> None:
        self.query_one(Options).move(by)
