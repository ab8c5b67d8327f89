"""The application: which screen is open, themes and keys, what every screen asks of it. It never trains."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType

from nntui.hooks.errors import UserError
from nntui.hooks.places import cache_dir, write_atomically
from nntui.tui.colourless import Colourless
from nntui.tui.draw.charset import CHARSETS, Charset, detect
from nntui.tui.draw.text import plain
from nntui.tui.palette import THEMES
from nntui.tui.terminal_size import corrected
from nntui.tui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from typing import Any

    from textual.filter import LineFilter
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

    from nntui.runs.folder import RunFolder
    from nntui.runs.settings import Settings
    from nntui.spec.said import Said
    from nntui.tui.server import Server

STYLES = Path(__file__).parent / "styles"
COPIED = "copied.txt"
NOTES = 3

First = Literal["runs", "run", "new"]


class NNTuiApp(App[list["RunFolder"]]):
    """nntui's interface. Returns the runs that were opened in it, the last one first: they may still train."""

    TITLE = "nntui"
    CSS_PATH: ClassVar[Any] = sorted(STYLES.glob("*.tcss"))  # Textual's own type is as wide
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4.0
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", "leave", id="app.leave", tooltip="Leave this screen; runs train on"),
        Binding("colon,ctrl+p", "palette", "all", key_display=":", id="app.palette", tooltip="Everything, by name"),
        Binding("question_mark", "explain", "help", key_display="?", id="app.help", tooltip="This screen and its keys"),
        Binding(
            "ctrl+q", "quit", "quit", show=False, priority=True, id="app.quit", tooltip="Leave nntui; runs train on"
        ),
        Binding("ctrl+z", "suspend_process", "suspend", show=False, id="app.suspend", tooltip="Back to the shell; fg"),
    ]

    def __init__(
        self,
        runs: Path,
        *,
        open: RunFolder | None = None,
        screen: First = "runs",
        template: Said | None = None,
        settings: Settings,
    ) -> None:
        super().__init__()
        self.runs = runs
        """Folder of all runs."""
        self.settings = settings
        self.charset = self._charset(settings.charset)
        self.opened: list[RunFolder] = []
        """Runs that a screen was opened on, the last one first."""
        self.left_starting: list[RunFolder] = []
        """Runs that had not begun when the app was left."""
        self._first: tuple[First, RunFolder | None, Said | None] = (screen, open, template)
        self._server: Server | None = None
        self.ahead = TypeAhead(self)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = _theme_name(settings.theme, os.environ)
        self.set_keymap(dict(settings.keys))

    @staticmethod
    def _charset(name: str) -> Charset:
        return CHARSETS[name] if name in CHARSETS else detect(os.environ, sys.stdout.encoding)

    def get_default_screen(self) -> Screen[Any]:
        """The screen at the bottom of the stack: leaving it leaves nntui."""
        name, folder, template = self._first
        if name == "run" and folder is not None:
            return self._run_screen(folder)
        if name == "new":
            return self._new_screen(template)
        from nntui.tui.screens.runs import RunsScreen

        return RunsScreen()

    def _run_screen(self, folder: RunFolder) -> Screen[Any]:
        from nntui.tui.screens.run import RunScreen

        self.opened = [folder, *(other for other in self.opened if other != folder)]
        return RunScreen(folder)

    def _new_screen(self, template: Said | None) -> Screen[Any]:
        from nntui.tui.screens.new_run import NewRunScreen

        return NewRunScreen(template)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [Colourless()] if self.no_color else super().get_line_filters()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Resize) and not self.is_headless:
            corrected(event)
        if not self.ahead.takes(event):
            await super().on_event(event)

    # what screens ask for

    @property
    def charset(self) -> Charset:
        """What is drawn with."""
        return self._drawn_with

    @charset.setter
    def charset(self, charset: Charset) -> None:
        self._drawn_with = charset
        self.set_class(not charset.unicode, "ascii")

    @property
    def server(self) -> Server:
        """The client of the fork server, which it starts when it is first asked something."""
        if self._server is None:
            from nntui.tui.server import Server

            self._server = Server(self.runs, on_end=self.settings.on_end)
        return self._server

    def open_run(self, folder: RunFolder, *, instead: bool = False) -> None:
        """Show a run, on top of this screen or `instead` of it."""
        screen = self._run_screen(folder)
        if instead and len(self.screen_stack) > 1:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def show_runs(self) -> None:
        """The list of all runs: the one below this screen, or, where the interface was opened on a run, one on top."""
        from nntui.tui.screens.runs import RunsScreen

        if not any(isinstance(screen, RunsScreen) for screen in self.screen_stack):
            self.push_screen(RunsScreen())
            return
        while not isinstance(self.screen, RunsScreen):
            self.pop_screen()

    def new_run(self, template: Said | None = None) -> None:
        """The form for a new run, filled from a template."""
        self.push_screen(self._new_screen(template))

    def look_at_data(self, said: Mapping[str, Any]) -> None:
        """What data is taken for; `said` is its table of a spec, as far as it was said."""
        from nntui.tui.screens.data import DataScreen

        self.push_screen(DataScreen(said))

    def compare(self, folders: Sequence[RunFolder]) -> None:
        """Several runs over each other."""
        from nntui.tui.screens.compare import CompareScreen

        self.push_screen(CompareScreen(list(folders)))

    def tell(self, text: str) -> None:
        """A passing note."""
        self._note(plain(text), "information", self.NOTIFICATION_TIMEOUT)

    def warn(self, error: UserError | str) -> None:
        """What went wrong, and what to do."""
        text = error if isinstance(error, str) else f"{error.message}\n{error.advice}".strip()
        self._note("\n".join(map(plain, text.split("\n"))), "warning", 8.0)

    def _note(self, text: str, severity: SeverityLevel, seconds: float) -> None:
        """The same note is shown once, and few at a time: they lie over what they tell of."""
        others = [note for note in self._notifications if note.message != text]
        for note in [note for note in self._notifications if note not in others[1 - NOTES :]]:
            del self._notifications[note]
        self.notify(text, severity=severity, timeout=seconds, markup=False)

    def copy(self, text: str, what: str) -> None:
        """Puts `text` where it can be fetched: always in a file, and in the terminal's clipboard where the terminal
        takes it, which it does not say (tmux's default settings never pass it on)."""
        file = cache_dir() / COPIED
        try:
            write_atomically(file, text + "\n")
        except OSError as error:
            self.warn(f"{what} cannot be written to {file}: {error.strerror or error}")
            return
        self.copy_to_clipboard(text)
        self.tell(f"{what} is in {file}")

    # actions

    def action_leave(self) -> None:
        """Leave this screen; from the last one, nntui."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit(self.opened)

    async def action_quit(self) -> None:
        self.exit(self.opened)

    def action_help_quit(self) -> None:
        """ctrl+c: what a person presses to get out."""
        self.tell("q leaves this screen, ctrl+q leaves nntui; runs train on")

    def action_palette(self) -> None:
        from nntui.tui.screens.palette import PaletteScreen

        if not self.screen.is_modal:
            self.ahead.hold()
            self.push_screen(PaletteScreen(self.screen))

    def action_explain(self) -> None:
        from nntui.tui.screens.help import explain

        explain(self)

    async def on_unmount(self) -> None:
        if self._server is not None:
            self.left_starting = await self._server.close()


def _theme_name(wanted: str, environment: os._Environ[str] | dict[str, str]) -> str:
    """The theme that a person set, or the one that fits the terminal: 16 colours where it has no more."""
    names = {theme.name.removeprefix("nntui-"): theme.name for theme in THEMES}
    if wanted in names:
        return names[wanted]
    if wanted in names.values():
        return wanted
    term = environment.get("TERM", "")
    many = "256" in term or "direct" in term or "kitty" in term or environment.get("COLORTERM")
    return names["dark"] if many else names["16"]
