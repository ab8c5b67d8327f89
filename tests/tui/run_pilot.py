"""A run's screen in a test: a recorded run opened by the application, in a terminal of any size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from made_runs import screen_text, until
from textual.pilot import Pilot

from nntui.runs.commands import Command, read_commands
from nntui.runs.folder import RunFolder
from nntui.runs.settings import Settings
from nntui.tui.app import NNTuiApp
from nntui.tui.screens.run import RunScreen


@asynccontextmanager
async def opened(
    folder: RunFolder, size: tuple[int, int] = (80, 24), *, charset: str = "braille"
) -> AsyncIterator[Pilot[object]]:
    """The application with this run on its screen."""
    settings = Settings(theme="dark", charset=charset)  # type: ignore[arg-type]  # one of the literals
    app = NNTuiApp(folder.path.parent, open=folder, screen="run", settings=settings)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: folder.name in shown(pilot))
        yield pilot


def shown(pilot: Pilot[object]) -> str:
    """The text of the screen."""
    return screen_text(pilot)


def run_screen(pilot: Pilot[object]) -> RunScreen:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, RunScreen))


def asked(folder: RunFolder) -> list[Command]:
    """What was asked through the interface since the recording."""
    return [command for command in read_commands(folder.commands) if command.id not in ("a", "b")]


async def says(pilot: Pilot[object], words: str) -> None:
    """Wait until the screen has these words."""
    await until(pilot, lambda: words in shown(pilot))


async def told(pilot: Pilot[object], words: str) -> None:
    """Wait until a note has these words."""
    await until(pilot, lambda: any(words in note.message for note in pilot.app._notifications))
