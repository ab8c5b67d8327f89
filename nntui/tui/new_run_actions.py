"""A new run from its form: what a row may be, a TOML file, a run that trains. Coroutines for a worker of a screen."""

from __future__ import annotations

import asyncio
from shlex import quote
from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError
from nntui.hooks.typed import typed_path, what_is_at
from nntui.runs import shell

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.form.form import Checked, Form
    from nntui.tui.form.rows import Row


async def choose(app: NNTuiApp, form: Form, row: Row) -> str | None:
    """What a row is to be, of all that there is for it; for data a path too. None: as it was."""
    from nntui.tui.form.rows import Option, options
    from nntui.tui.screens.chooser import Chooser

    table, _, _ = row.key.partition(".")
    if row.kind == "contribution":
        data = form.last.entries.get("data") if form.last is not None else None
        offered = options(table, form.registry, data)
    else:
        offered = [Option(name=name, summary="") for name in row.options]
    chooser = Chooser(row.label.capitalize(), offered, row.text, paths=row.key == "data.name")
    return await app.push_screen_wait(chooser)


async def save(app: NNTuiApp, toml: str, name: str) -> None:
    """Write the settings where the person says, `name` unless they say otherwise; no file is written over unasked."""
    from nntui.hooks.places import write_atomically
    from nntui.tui.screens.ask_text import AskText
    from nntui.tui.screens.ask_yes_no import AskYesNo

    answer = await app.push_screen_wait(AskText("Save the settings as", name, _wrong_path))
    if answer is None:
        return
    try:
        path = typed_path(answer.strip())
        there = what_is_at(path)
    except UserError as error:  # it was right when it was typed
        app.warn(error)
        return
    sure = AskYesNo(f"{path} is there already", "Write over it?", yes="write over it", no="keep it",
                    grave=True)  # fmt: skip
    if there and not await app.push_screen_wait(sure):
        return
    try:
        await asyncio.to_thread(write_atomically, path, toml)
    except OSError as error:
        app.warn(f"{path} cannot be written: {error.strerror or error}")
    else:
        app.tell(f"saved; the same run: {shell.typed(f'nntui train {quote(shell.near(path))}', app.runs)}")


def _wrong_path(text: str) -> str | None:
    """Why settings cannot be saved there. Raises UserError for what is no path, or cannot be looked at."""
    path = typed_path(text.strip())
    if not text.strip() or what_is_at(path) == "folder":
        return "the name of a file"
    return None if what_is_at(path.parent) == "folder" else f"there is no folder {path.parent}"


def fault_of(checked: Checked, refusal: UserError | None) -> UserError:
    """The first thing that is wrong: of what is said, or (`refusal`) of what its plan came upon."""
    if checked.faults or refusal is None:
        return UserError(checked.faults[0].message, advice=checked.faults[0].suggestion)
    return refusal


async def begin(app: NNTuiApp, toml: str) -> None:
    """Make the run, train it and show it. Raises UserError; then no folder is left behind."""
    from nntui.runs.creating import make_run
    from nntui.tui import run_actions

    folder = await asyncio.to_thread(make_run, toml, None, app.runs, None)
    await run_actions.train(app, folder, show=True)


def look_at_data(app: NNTuiApp, form: Form | None) -> None:
    """The Data screen on what the form says of its data."""
    checked = form.last if form is not None else None
    if checked is None or checked.data is None:
        app.tell("something is wrong with the data: the form says what")
        return
    whole, said = checked.data["data"], checked.said.tree.get("data", {})
    app.look_at_data({key: whole[key] for key in ("name", "path", *said) if whole.get(key) is not None})
