"""`?`: what a screen shows, what its words mean, and its keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.screen import Screen

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.keys import Hint, key_name
from nntui.tui.draw.text import Line, fit, plain, width, wrap
from nntui.tui.widgets.keys import screen_hints
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.overlay import Frame, OverlayScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

_LABEL = 13


def help_lines(
    about: str, glossary: Mapping[str, str], all_hints: Sequence[Hint], cells: int, charset: Charset
) -> list[Line]:
    """What a screen is, its words, and every key with what it does; as many lines as that takes."""
    lines: list[Line] = []
    for paragraph in about.split("\n\n"):
        lines += [[(part, "")] for part in wrap(plain(" ".join(paragraph.split())), cells)]
        lines.append([])
    if glossary:
        lines.append([("What is what", "strong accent")])
        for word, meaning in glossary.items():
            lines += _entry(word, meaning, "strong", cells)
        lines.append([])
    lines.append([("Keys", "strong accent")])
    for hint in all_hints:
        keys = " ".join(key_name(key, charset) for key in hint.keys)
        lines += _entry(keys, _meaning(hint), "key", cells)
        if hint.active.binding.id:
            lines += _with_id(lines.pop(), hint.active.binding.id, cells)
    lines += [[], *([(part, "muted")] for part in wrap(_REMAP, cells))]
    return lines


_REMAP = (
    'The words at the right name a key in the settings: keys."runs.new" = "n,f2" in settings.toml (nntui settings).'
)


def _meaning(hint: Hint) -> str:
    """What a key does; where it now does something in particular, that first."""
    usual = hint.active.binding.description
    return hint.tooltip if hint.label == usual else f"{hint.label}: {hint.tooltip}"


def _entry(word: str, meaning: str, style: str, cells: int) -> list[Line]:
    word = plain(word)
    size = _LABEL if len(word) < _LABEL else len(word) + 2
    parts = wrap(plain(meaning), max(cells - _LABEL - (size - _LABEL), 10))
    lines: list[Line] = [[(fit(word, size), style), (parts[0], "")]]
    return [*lines, *([(" " * size, ""), (part, "")] for part in parts[1:])]


def _with_id(line: Line, name: str, cells: int) -> list[Line]:
    """The id at the right end; in a line of its own where the words leave no room."""
    used = width(line)
    if used + len(name) + 2 > cells:
        return [line, [(" " * max(cells - len(name), 0), ""), (fit(name, min(len(name), cells)), "muted")]]
    return [[*line, (" " * (cells - used - len(name)), ""), (name, "muted")]]


class HelpText(Lines, can_focus=True):
    """Lines that scroll."""

    def __init__(self, screen: Screen[Any], all_hints: Sequence[Hint], charset: Charset) -> None:
        super().__init__(id="help")
        self._screen = screen
        self._hints = all_hints
        self._charset = charset
        self._first = 0
        self._all: list[Line] = []

    def on_resize(self) -> None:
        about = getattr(self._screen, "HELP", None) or (type(self._screen).__doc__ or "")
        glossary: Mapping[str, str] = getattr(self._screen, "GLOSSARY", {})
        self._all = help_lines(about, glossary, self._hints, self.size.width, self._charset)
        self.scroll_by(0)

    def scroll_by(self, by: int) -> None:
        """Move by lines, as far as there are any."""
        height = self.size.height - 1
        self._first = max(min(self._first + by, len(self._all) - height), 0)
        shown = self._all[self._first : self._first + height]
        below = len(self._all) - self._first - height
        down = key_name("down", self._charset)
        foot: Line = [(f"{down} {below} more line{'s' if below > 1 else ''}" if below > 0 else "", "muted")]
        self.show([*shown, *([[]] * (height - len(shown))), foot])

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)


class HelpScreen(OverlayScreen[None]):
    """Explains the screen that it lies over, which says what it is in `HELP` and its words in `GLOSSARY`; the keys are
    those of its bindings, as they are remapped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark", "cancel", "close", id="help.close", tooltip="Back to the screen"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="help.up", tooltip="A line up"),
        Binding("down,j,enter", "scroll(1)", "down", show=False, id="help.down", tooltip="A line down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="help.page-up", tooltip="A page up"),
        Binding("pagedown,space", "page(1)", "page down", show=False, id="help.page-down", tooltip="A page down"),
        Binding("home,g", "scroll(-9999)", "top", show=False, id="help.top", tooltip="The beginning"),
        Binding("end,G", "scroll(9999)", "end", show=False, id="help.end", tooltip="The end"),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._about = screen
        self._hints = screen_hints(screen)

    def compose(self) -> ComposeResult:
        with Frame():
            yield HelpText(self._about, self._hints, self.charset)

    def action_scroll(self, by: int) -> None:
        self.query_one(HelpText).scroll_by(by)

    def action_page(self, by: int) -> None:
        text = self.query_one(HelpText)
        text.scroll_by(by * max(text.size.height - 2, 1))
