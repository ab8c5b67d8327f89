"""Whether an interface can be opened here, opening it, and what is said when it is left.

The interface is a client of run folders: leaving it, killing it or losing its terminal does not reach a run.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from nntui.hooks.errors import UserError
    from nntui.runs.folder import RunFolder
    from nntui.runs.settings import Loaded
    from nntui.spec.said import Said
    from nntui.tui.app import NNTuiApp

_DUMB = frozenset({"", "dumb", "unknown"})
_NO = frozenset({"", "0", "false", "no"})
_SLOW_LINK = {"TEXTUAL_FPS": "15", "ESCDELAY": "300"}
"""Over SSH: few frames; and the bytes of one key may come in two packets."""
_FPS = "120"
"""What a key changes waits for the next frame; what changes by itself has a slower pace of its own (`tui/pace.py`)."""
_CHECK_MS = 2000
_GARBAGE = (5_000, 20, 20)
"""Collected seldom: a collection while a key waits is seen."""
_HUNG_UP = 128 + signal.SIGHUP
_POLL_SECONDS = 0.1


def can_open(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a person sits before a terminal that an interface can be drawn on.

    Not where TERM is dumb or unset, under CI, with NNTUI_NO_UI, in the background of a shell, or where input, output
    or errors go elsewhere.
    """
    env = os.environ if environment is None else environment
    if env.get("TERM", "") in _DUMB or any(env.get(name, "").lower() not in _NO for name in ("NNTUI_NO_UI", "CI")):
        return False
    try:
        if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
            return False
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # a stream that is closed, or none
        return False


def prepare(environment: MutableMapping[str, str]) -> None:
    """What Textual reads when it is imported, and no later. What a person has set themselves stays."""
    environment.setdefault("TEXTUAL_ANIMATIONS", "none")
    environment.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        for name, value in _SLOW_LINK.items():
            environment.setdefault(name, value)
    environment.setdefault("TEXTUAL_FPS", _FPS)
    if environment.get("NO_COLOR") == "":
        del environment["NO_COLOR"]  # it counts where it says something; Textual looks whether it is there


@dataclass(frozen=True)
class Session:
    """How an interface was left."""

    code: int
    """0; or, after a signal or a fault of ours, what the process is to end with."""
    opened: tuple[RunFolder, ...]
    """Runs that were looked at, the last one first."""
    starting: tuple[RunFolder, ...] = ()
    """Runs that were asked for, and had not begun."""


def open_interface(
    root: Path,
    *,
    open: RunFolder | None = None,
    screen: Literal["runs", "run", "new"] = "runs",
    process: int | None = None,
    template: Said | None = None,
) -> Session:
    """Show the interface until it is left. `template` fills the form of a new run. `process` (from `launch_detached`)
    trains `open`: where it ends without having trained, the interface closes."""
    prepare(os.environ)
    from setproctitle import setproctitle

    from nntui.runs.settings import load_settings
    from nntui.tui.app import NNTuiApp

    setproctitle("nntui" if open is None else f"nntui: interface of {open.name}")
    loaded = load_settings()
    app = NNTuiApp(root, open=open, screen=screen, template=template, settings=loaded.settings)
    _watch_terminal(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0)
    code = asyncio.run(_shown(app, loaded, open, process))
    gc.freeze()  # nobody waits until all that was on the screen has been taken apart
    return Session(code, tuple(app.opened), tuple(app.left_starting))


async def _shown(app: NNTuiApp, loaded: Loaded, folder: RunFolder | None, process: int | None) -> int:
    """The app from start to end; the exit code."""
    signalled: list[int] = []
    loop = asyncio.get_running_loop()

    def leave(number: int) -> None:
        signalled.append(number)
        app.exit()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave, number)
    tending = asyncio.create_task(_tend(app, loaded, folder, process))
    try:
        await app.run_async()
    finally:
        tending.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 128 + signalled[0] if signalled else app.return_code or 0


async def _tend(app: NNTuiApp, loaded: Loaded, folder: RunFolder | None, process: int | None) -> None:
    """Tells what is wrong with the settings, and leaves when the run that is shown could not begin."""
    while not app.is_running:
        await asyncio.sleep(_POLL_SECONDS)
    gc.freeze()  # what was imported and mounted stays: to go through it again takes a tenth of a second
    gc.set_threshold(*_GARBAGE)
    # Back from ctrl+z the terminal is blank, and Textual draws nothing by itself.
    app.app_resume_signal.subscribe(app, lambda _: app.screen.refresh(layout=True))
    problems = [*loaded.problems]
    if loaded.settings.keys:
        from nntui.cli.settings import key_problems

        problems += await asyncio.to_thread(lambda: list(key_problems(loaded)))
    for problem in problems:
        app.call_later(app.warn, problem)
    if process is None or folder is None:
        return
    from nntui.runs.launch import exit_code

    while exit_code(process) is None:
        await asyncio.sleep(_POLL_SECONDS)
    if mistaken(folder, process) is not None:
        app.exit()


def mistaken(folder: RunFolder, process: int) -> UserError | None:
    """Why `process` (from `launch_detached`) has ended without having trained; None where it has, or may yet."""
    from nntui.hooks.errors import UserError
    from nntui.runs.launch import exit_code, wait_started
    from nntui.runs.summary import load_row

    code = exit_code(process)
    if code is None:
        return None
    try:
        wait_started(folder, process, 0.0)
    except UserError as error:
        return error
    failed = load_row(folder).summary.vitals.failed
    return UserError(failed.message, advice=failed.advice) if code == 2 and failed is not None else None


def _watch_terminal(fd: int) -> None:
    """End this process when its terminal has gone: nothing is to be restored, and nobody is there to be told.

    By signal, also where a shell had it ignored; and, where a hang-up only shows as an endless end of input, by asking.
    From a thread of its own, because a terminal that is not read holds up all else that this process does.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    poller = select.poll()
    poller.register(fd, 0)  # a hang-up is always told
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL

    def watch() -> None:
        while True:
            told = any(event & gone for _, event in poller.poll(_CHECK_MS))
            if told or not os.isatty(fd):
                os._exit(_HUNG_UP)

    threading.Thread(target=watch, name="terminal", daemon=True).start()


def farewell(folders: Iterable[RunFolder], *, starting: Collection[RunFolder] = ()) -> None:
    """What is said behind an interface that was left: which of these runs live on, and how to come back.

    starting: those whose engine is known to live, though it may not hold its lock yet.
    """
    from nntui.cli.output import echo
    from nntui.runs.lock import Live, probe_lock
    from nntui.runs.shell import program, reachable
    from nntui.runs.summary import load_row
    from nntui.runs.vitals import ENDED

    words = {"paused": "is paused", "queued": "waits for its turn"}
    for folder in dict.fromkeys((*starting, *folders)):
        if folder not in starting and not isinstance(probe_lock(folder), Live):
            continue
        status = load_row(folder).status
        if status not in ENDED:  # its last words are written; it only tidies up
            echo(f"{folder.name} {words.get(status, 'trains on')}: {program()} attach {reachable(folder)}")


def alone() -> int | None:
    """`nntui` without a command: the list of runs until it is left, then the exit code; None where none can be shown.
    Raises UserError."""
    if not can_open():
        return None
    from nntui.runs.folder import runs_root

    return browse(runs_root(None))


def browse(root: Path, screen: Literal["runs", "new"] = "runs", *, template: Said | None = None) -> int:
    """The list of runs, or the form for a new one, as far as `template` fills it; the exit code."""
    session = open_interface(root, screen=screen, template=template)
    farewell(session.opened, starting=session.starting)
    return session.code
