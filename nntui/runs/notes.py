"""`note.txt`: what a person wants to remember of a run, in plain text. Lists show its first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError
from nntui.runs.durable import write_atomic

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

NOTE_BYTES = 65536
"""A note is no more than this; of a longer file the rest is not read."""


def read_note(folder: RunFolder) -> str:
    """The note as it is (anything may stand in a file: draw it as text), "" where there is none or it is unreadable."""
    try:
        with folder.note.open("rb", buffering=0) as file:
            return file.read(NOTE_BYTES).decode("utf-8", errors="replace").strip()
    except OSError:
        return ""


def first_line(note: str) -> str:
    return note.partition("\n")[0].rstrip()


def write_note(folder: RunFolder, text: str) -> None:
    """Replaces the note; an empty one removes it. Raises UserError when it is too long or cannot be written."""
    text = text.strip()
    note = text.encode("utf-8", errors="replace")
    if len(note) >= NOTE_BYTES:
        raise UserError(f"a note of {len(note)} bytes is too long", advice=f"{NOTE_BYTES} bytes are the most")
    try:
        if text:
            write_atomic(folder.note, note + b"\n", durable=False)
        else:
            folder.note.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be noted: {folder.note}: {error.strerror or error}",
            advice="a note takes write access to the run's folder, and room on its disk",
        ) from error
