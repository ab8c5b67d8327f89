"""What a person types in a shell: where nntui is, what a command calls a run, an example to ask about.

What is told or copied must work where it is read, also outside the usual folder of runs and outside a virtual
environment.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

_INPUTS = {
    "image": "PICTURE.png",
    "audio": "SOUND.wav",
    "text": "'some text'",
    "table": "ROWS.csv",
    "series": "DAYS.csv",
    "points": "0.5,-0.3",
    "builtin/arrays": "ARRAYS.npz",
}
"""What a person gives to `nntui predict`, by the data's modality, or by who read it."""

_TYPED = 160
"""Characters of an example that a person might still type."""
_WORDS = 40
"""Characters of a text."""


def near(path: Path) -> str:
    """A path as a person would type it: relative where it lies below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or a folder that is gone
        return str(path)


def program() -> str:
    """What a person types for nntui: its name, or where it is while a virtual environment is not on their path."""
    own = Path(sys.executable).with_name("nntui")
    return "nntui" if shutil.which("nntui") or not own.exists() else quote(near(own))


def reachable(folder: RunFolder) -> str:
    """What a command calls the run: its name where the command looks for runs, else its path."""
    from nntui.runs.folder import runs_root

    try:
        if runs_root(None).resolve() == folder.path.resolve().parent:
            return quote(folder.name)
    except OSError:
        pass  # a folder that cannot be looked at: its path says where it is
    return quote(near(folder.path))


def typed(command: str, runs: Path) -> str:
    """A command that begins a run ("nntui train ..."), as it is typed here so that the run is kept in `runs`."""
    from nntui.runs.folder import runs_root

    here = command.replace("nntui", program(), 1)
    try:
        usual = runs_root(None).resolve() == runs.resolve()
    except OSError:
        usual = False
    return here if usual else f"{here} --runs {quote(near(runs))}"


def example_input(folder: RunFolder) -> str:
    """What to give to `nntui predict`, quoted: one of the run's own examples where it can be typed."""
    try:
        first = json.loads((folder.examples / "index.json").read_text(encoding="utf-8"))["examples"][0]
        typed = near(folder.examples / first["file"]) if "file" in first else _typed(first["content"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        typed = ""
    return quote(typed) if typed else _INPUTS.get(_reader(folder), _INPUTS.get(_modality(folder), "INPUT"))


def _typed(content: object) -> str:
    """An example as a person would type it; "" for what nobody would."""
    text = ""
    if isinstance(content, str):
        text = _begun(" ".join(content.split()))
    elif isinstance(content, dict) and all(isinstance(value, str | int | float | None) for value in content.values()):
        text = ",".join(f"{name}={'' if value is None else value}" for name, value in content.items())
        if text.count(",") != len(content) - 1:
            text = ""  # a value with a comma of its own
    return text if len(text) <= _TYPED else ""


def _begun(text: str) -> str:
    """The first words of a text."""
    return text if len(text) <= _WORDS else text[:_WORDS].rsplit(" ", 1)[0]


def _modality(folder: RunFolder) -> str:
    """The modality of the data, from what the model carries; "" where that cannot be read."""
    return _stored(folder, "io", "modality")


def _reader(folder: RunFolder) -> str:
    """The data set's qualified name, likewise."""
    return _stored(folder, "data", "name")


def _stored(folder: RunFolder, table: str, key: str) -> str:
    try:
        return str(json.loads((folder.model / "config.json").read_text(encoding="utf-8"))[table][key])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
