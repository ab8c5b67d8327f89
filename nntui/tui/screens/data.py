"""Data: what a data set or a person's own files are taken for, before anything is trained on them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from nntui.runs import shell
from nntui.spec.said import Said
from nntui.tui.asking import Answered, Asking
from nntui.tui.data_sets import choose_data
from nntui.tui.draw.text import cut, plain
from nntui.tui.widgets.keys import Keys
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.preview import DataPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from nntui.runs.jobs import Described
    from nntui.tui.app import NNTuiApp


class DataScreen(Screen[None]):
    """One data set. `said` is the table [data] as far as it was said: {"name": "./pets"}."""

    HELP = (
        "What data is taken for and why: its rows, splits, columns or classes, some examples, and what looks wrong. "
        "A path of your own is read by the reader that knows it best; what was guessed can be corrected in the form "
        "of a new run."
    )
    GLOSSARY: ClassVar[dict[str, str]] = {
        "train": "rows that the network learns from; everything that is fitted is fitted on them",
        "val": "validation: rows that choose the best weights",
        "test": "rows that judge the result, once",
        "missing": "cells of a column that hold no value",
        "distinct": "different values of a column",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new run", id="data.new", tooltip="A new run on this data"),
        Binding("d", "other", "other data", id="data.other", tooltip="Look at another data set or path"),
        Binding("y", "copy", "copy command", id="data.copy", tooltip="Copy the command that shows the same"),
    ]

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__()
        self._said = dict(said)
        self._asking: Asking[str, Described] = Asking(self._ask, self._take, delay=0.0)

    @property
    def nntui(self) -> NNTuiApp:
        return cast("NNTuiApp", self.app)

    @property
    def equal_command(self) -> str:
        """What shows the same in a terminal."""
        rest = {key: value for key, value in self._said.items() if key not in ("name", "path")}
        flags = [f"--data.{key.replace('_', '-')}={_flag(value)}" for key, value in rest.items() if value is not None]
        return " ".join([shell.program(), "data", *map(shlex.quote, [self._what, *flags])])

    @property
    def _what(self) -> str:
        """The path or name, as it was said."""
        return str(self._said.get("path") or self._said.get("name") or "")

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield DataPane(1, id="data")
        yield Lines(id="command")
        yield Keys()

    def on_mount(self) -> None:
        self.query_one(DataPane).focus()
        self.look()

    def on_unmount(self) -> None:
        self._asking.close()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def look(self) -> None:
        """Ask what is there, and show that it is asked."""
        toml = _toml(self._said)
        self._asking.want(toml, toml)
        self.redraw()

    def redraw(self) -> None:
        """Draw everything anew: another size, or another charset."""
        cells = self.size.width
        self.query_one("#title", Lines).show([cut([(" Data  ", "strong title"), (plain(self._what), "")], cells)])
        self.query_one("#command", Lines).show([cut([("$ ", "muted"), (plain(self.equal_command), "accent")], cells)])
        self.query_one(DataPane).redraw()

    async def _ask(self, toml: str, early: Callable[[Described], None]) -> Described:
        del early
        return await self.nntui.server.describe(toml)

    def _take(self, answered: Answered[Described]) -> None:
        self.query_one(DataPane).take(answered)

    def action_new(self) -> None:
        self.nntui.new_run(Said(tree={"data": self._said}))

    def action_other(self) -> None:
        self.run_worker(self._other(), group="other", exclusive=True)

    async def _other(self) -> None:
        name = await choose_data(self.nntui, self._what)
        if name is not None:
            self._said = {"name": name}
            self.look()

    def action_copy(self) -> None:
        self.nntui.copy(self.equal_command, "the command")


def _flag(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _toml(said: Mapping[str, Any]) -> str:
    from nntui.spec.toml import toml_of

    told = {key: value for key, value in said.items() if value is not None}
    return toml_of({"version": 1, "data": told}, {}, comments=False, surroundings={})
