"""`nntui attach`: a run in the interface, or (`--plain`) as lines until it ends; `nntui new`: the form for one."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from nntui.cli.output import echo, silence
from nntui.cli.runs import runs_option
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nntui.cli.display import Display
    from nntui.runs.attach import Attached
    from nntui.runs.events import AnyEvent, Failed, Finished
    from nntui.runs.folder import RunFolder
    from nntui.runs.vitals import Status

POLL_SECONDS = 0.2
STALE_SECONDS = 60.0
"""How long an engine that cannot be asked (another machine's) may be silent before it is taken for gone."""
_CHUNK = 1 << 20
"""Bytes of events that are folded at once."""
_SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
"""Exit codes of runs that a signal ended, by the reason in their last event."""


@click.command(name="attach")
@click.argument("run", required=False)
@click.option("--plain", is_flag=True, help="Lines of text, no interface: for logs and screen readers.")
@click.option("--json", is_flag=True, help="The run's events, one JSON object a line.")
@runs_option
def command(run: str | None, plain: bool, json: bool, runs_dir: str | None) -> int:
    """Watch and steer a run: the one begun last where none is named.

    RUN is a name, the beginning of one, or a path. It may train, also while others watch it, or have ended. Leaving
    does not stop it. Without a terminal, and with --plain, its lines are printed until it ends; the exit code is then
    the run's own: 0 done or stopped on request, 3 failed or killed, 130 interrupted.
    """
    from nntui.cli.interface import can_open, farewell, open_interface
    from nntui.runs.folder import find_run, runs_root

    folder = find_run(run, runs_root(runs_dir))
    if json or plain or not can_open():
        return follow(folder, json=json)
    session = open_interface(folder.path.parent, open=folder, screen="run")
    farewell(session.opened, starting=session.starting)
    return session.code


@dataclass
class _EventClock:
    """Time as the events tell it: a run that ended last year took as long as it took."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def follow(folder: RunFolder, *, json: bool) -> int:
    """Print a run's past and what comes until it ends or we are interrupted; the exit code by how it ended."""
    from nntui.cli.display import JsonDisplay
    from nntui.runs.attach import Attached
    from nntui.runs.lines import LineDisplay

    clock = _EventClock()
    display: Display = JsonDisplay(sys.stdout) if json else LineDisplay(sys.stdout, clock=clock)
    attached = Attached(folder)
    try:
        for event in _events(attached):
            clock.now = event.time
            display.show(event)
    except KeyboardInterrupt:
        if not json:
            from nntui.cli.interface import farewell

            farewell([folder])
        return 130
    except BrokenPipeError:  # the reader (head, a pager) has had enough
        silence()
        return 141
    display.close()
    return _ended(attached, quiet=json)


def _events(attached: Attached, sleep: Callable[[float], None] = time.sleep) -> Iterator[AnyEvent]:
    """What has happened and what happens, until the run has ended; rings where a person waited for that."""
    waited = False
    while True:
        status = attached.status()  # before the events: what a run writes last is then not missed
        try:
            events = attached.poll(_CHUNK)
        except OSError as error:
            folder = attached.folder
            raise UserError(
                f"{folder.name} cannot be read: {error.filename or folder.path}: {error.strerror}"
            ) from error
        yield from events
        if events:
            continue
        if not attached.folder.path.is_dir():
            raise UserError(f"{attached.folder.name} was removed")
        if attached.status() == status and _over(attached, status):
            if waited and _ended_in_order(status):
                _ring()
            return
        waited = True
        sleep(POLL_SECONDS)


def _ended_in_order(status: Status) -> bool:
    from nntui.runs.vitals import ENDED

    return status in ENDED


def _over(attached: Attached, status: Status) -> bool:
    """Whether nothing more comes of it."""
    from nntui.runs.attach import age

    if status == "unknown":
        return age(attached.folder) > STALE_SECONDS
    return status == "lost" or _ended_in_order(status)


def _ring() -> None:
    from nntui.runs.settings import load_settings

    if sys.stdout.isatty() and load_settings().settings.bell:
        sys.stdout.write("\a")
        sys.stdout.flush()


def _ended(attached: Attached, *, quiet: bool) -> int:
    """Says how a run ended; the exit code that its own process had, as far as the events tell."""
    from nntui.cli.report import ending
    from nntui.runs.shell import program, reachable

    folder, vitals, status = attached.folder, attached.state.vitals, attached.status()
    event = vitals.failed or vitals.finished
    if _ended_in_order(status) and event is not None:
        if not quiet:
            echo(ending(folder, event), lines=True)
        return code_of(event)
    if not quiet:
        where = "" if status == "lost" else f"; whether it lives cannot be told from here ({vitals.host})"
        echo(f"{folder.name} was cut off at step {vitals.step:,}{where}")
        echo(f"go on    {program()} train --resume {reachable(folder)}")
    return 3


def code_of(event: Finished | Failed) -> int:
    """The exit code of a run that ended so."""
    from nntui.runs.events import Failed

    if isinstance(event, Failed) and event.kind != "interrupted":
        return 2 if event.kind == "request" else 3
    told = event.message if isinstance(event, Failed) else event.reason
    return next((code for name, code in _SIGNALS.items() if name in told), 0)
