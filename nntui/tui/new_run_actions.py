"""What becomes of a filled-in form: a TOML file, or a run that trains. Coroutines for a worker of a screen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui.spec.model import RunSpec
    from nntui.tui.app import NNTuiApp


async def save(app: NNTuiApp, spec: RunSpec) -> None:
    """Write the settings where the person says; no file is written over unasked."""
    from nntui.hooks.places import write_atomically
    from nntui.spec.toml import to_toml
    from nntui.tui.screens.questions import AskText, AskYesNo

    name = f"{spec.data.name}-{spec.arch.name}.toml"
    answer = await app.push_screen_wait(AskText("Save the settings as", name, _wrong_path))
    if answer is None:
        return
    path = Path(answer.strip()).expanduser()
    there = AskYesNo(f"{path} is there already", "Write over it?", yes="write over it", no="keep it")
    if path.exists() and not await app.push_screen_wait(there):
        return
    try:
        await asyncio.to_thread(write_atomically, path, to_toml(spec))
    except OSError as error:
        app.warn(f"{path} cannot be written: {error.strerror or error}")
    else:
        app.tell(f"saved; the same run: nntui train {path}")


def _wrong_path(text: str) -> str | None:
    path = Path(text.strip()).expanduser()
    if not text.strip() or path.is_dir():
        return "the name of a file"
    return None if path.parent.is_dir() else f"there is no folder {path.parent}"


async def begin(app: NNTuiApp, spec: RunSpec) -> None:
    """Make the run, train it and show it. Raises UserError; then no folder is left behind."""
    from nntui.runs.creating import new_run
    from nntui.tui import run_actions

    folder = await asyncio.to_thread(new_run, spec, app.runs, None)
    await run_actions.train(app, folder, show=True)
