"""Choosing a contribution, or one of several words: what there is, found by typing; for data, a path too."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.hooks.typed import names_in, typed_path, what_is_at
from nntui.tui.draw.text import plain, wrap
from nntui.tui.screens.overlay import OverlayScreen
from nntui.tui.widgets.choices import Choices
from nntui.tui.widgets.frame import Frame
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.options import LIST_KEYS, Option
from nntui.tui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from nntui.tui.form.rows import Option as Offered

_TALLEST = 14
_MOST_ENTRIES = 200


class Chooser(OverlayScreen["str | None"]):
    """One of what is offered, by name. What is refused is shown with why, and is not taken."""

    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    def __init__(self, title: str, offered: Sequence[Offered], now: str, *, paths: bool = False) -> None:
        """now: the name that is chosen. paths: whether a path may be typed instead of a name."""
        super().__init__()
        self._title, self._now, self._paths = title, now, paths
        self._wrong = ""
        """What is wrong with the path that is being typed."""
        self._offered = [*(o for o in offered if not o.refused), *(o for o in offered if o.refused)]
        self._refused = {o.name: o.refused for o in offered if o.refused}

    def compose(self) -> ComposeResult:
        with Frame():
            yield Words(self._title, "strong title")
            hint = "type to search, or a path such as ./pets" if self._paths else "type to search"
            yield Input(placeholder=hint, id="answer")
            names = [offered.name for offered in self._offered]
            start = names.index(self._now) if self._now in names else 0
            yield Choices(self._refused, start=start, empty="nothing is called so")
            yield Lines(id="about")

    def on_mount(self) -> None:
        super().on_mount()
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        choices = self.query_one(Choices)
        choices.styles.height = min(max(len(self._offered), 1), _TALLEST)
        choices.offer(self._options())

    def _options(self) -> list[Option[str]]:
        long = max((len(offered.name) for offered in self._offered), default=0)
        return [
            Option(
                offered.name,
                offered.name.ljust(long),
                detail=f"{offered.summary} ({offered.origin})" if offered.origin else offered.summary,
                words=offered.summary,
            )
            for offered in self._offered
        ]

    def on_choices_moved(self) -> None:
        """Say all of what the highlighted line has room for only in part."""
        option = self.query_one(Choices).chosen
        about = self.query_one("#about", Lines)
        refused = self._refused.get(option.value) if option is not None else None
        if option is None:
            text, style = self._wrong, "bad"
        else:
            text, style = (f"not for this data: {refused}", "warning") if refused else (option.detail, "muted")
        about.show([[(line, style)] for line in wrap(plain(text), max(about.size.width, 1))[:3]])

    def on_input_changed(self, event: Input.Changed) -> None:
        choices = self.query_one(Choices)
        text = event.value.strip()
        self._wrong = ""
        if not (self._paths and _like_path(text)):
            choices.offer([*self._options(), *(_here(text) if self._paths and text else ())], text)
            return
        found: list[Option[str]] = []
        try:
            found = _paths(text)
        except UserError as error:
            self._wrong = f"{error.message}. {error.advice}".strip(" .")
        choices.offer(found)

    def on_input_submitted(self) -> None:
        self._take()

    def on_options_chosen(self) -> None:
        self._take()

    def _take(self) -> None:
        option = self.query_one(Choices).chosen
        text = self.query_one(Input).value.strip()
        if option is not None and option.value not in self._refused:
            if self._paths and option.value != text and option.value.endswith(os.sep):
                field = self.query_one(Input)  # a folder below: look into it first
                field.value = option.value
                field.cursor_position = len(option.value)
                return
            self.dismiss(str(option.value))
        elif option is None and self._paths and text:
            self.dismiss(text)  # not there, or no name: told in the form, with what may have been meant

    def action_move(self, by: int) -> None:
        self.query_one(Choices).move(by)


def _like_path(text: str) -> bool:
    return os.sep in text or text.startswith(("~", "."))


def _here(text: str) -> list[Option[str]]:
    """What is in this folder and begins so: a person types a name before they think of ./"""
    try:
        return _paths(f".{os.sep}{text}")
    except UserError:  # no name that a file can have
        return []


def _paths(text: str) -> list[Option[str]]:
    """What a path that is being typed names, and what it may become: what is in its folder and begins as it does.
    Folders end in a slash. Raises UserError."""
    here = [Option(text, text, detail="read this")] if what_is_at(typed_path(text)) else []
    folder, slash, begun = text.rpartition(os.sep)
    try:
        names = names_in(typed_path(folder + slash or "."))
    except UserError:
        if not here:
            raise
        return here  # a folder may let a known name through and not list any
    seen = [
        (name, is_folder)
        for name, is_folder in names
        if name.casefold().startswith(begun.casefold()) and (begun.startswith(".") or not name.startswith("."))
    ]
    below = [
        Option(f"{folder}{slash}{name}{os.sep * is_folder}", f"{folder}{slash}{name}{os.sep * is_folder}",
               detail="folder" if is_folder else "")
        for name, is_folder in seen[:_MOST_ENTRIES]
    ]  # fmt: skip
    return [*here, *(option for option in below if option.value != text)]
