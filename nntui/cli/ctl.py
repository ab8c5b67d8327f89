"""`nntui ctl`: ask something of a run that is training."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING

import click

from nntui.cli.output import clean, echo, say
from nntui.cli.runs import runs_option
from nntui.hooks.errors import UserError
from nntui.runs.figures import number
from nntui.runs.shell import program, reachable

if TYPE_CHECKING:
    from nntui.runs.commands import Command, Kind
    from nntui.runs.events import Commanded
    from nntui.runs.folder import RunFolder
    from nntui.runs.lock import Liveness

ACTIONS = ("pause", "resume", "stop", "checkpoint", "lr", "extend", "fork", "probe")
PATIENCE_SECONDS = 2.0
_POLL_SECONDS = 0.03


@click.command(name="ctl", context_settings={"ignore_unknown_options": True})  # -3 is a value that is told to be wrong
@click.argument("run")
@click.argument("action", metavar="ACTION", type=click.Choice(ACTIONS))
@click.argument("value", required=False)
@click.option("--wait", is_flag=True, help="Wait until the run has met the command, however long that takes.")
@runs_option
def command(run: str, action: str, value: str | None, wait: bool, runs_dir: str | None) -> int:
    """Steer a live run.

    \b
    nntui ctl quick-otter-7 pause        also: resume, stop, checkpoint, probe
    nntui ctl quick-otter-7 lr 1e-3      the learning rate from now on
    nntui ctl quick-otter-7 lr x0.5      half of what it is
    nntui ctl quick-otter-7 extend 5     five epochs more
    nntui ctl quick-otter-7 fork         a new run from its last checkpoint
    nntui ctl quick-otter-7 fork best    from its best; or from that of a step

    A schedule keeps its shape when the rate is set. A fork trains in the background and leaves the run as it is, which
    need not be live; nntui fork makes one with changes.
    """
    from nntui.runs.folder import find_run, runs_root

    if action == "fork":
        if wait:
            raise click.UsageError("--wait is for what a run is asked; a fork is a run of its own")
        from nntui.cli.fork import fork_as_it_is

        root = runs_root(runs_dir)
        return fork_as_it_is(find_run(run, root), "last" if value is None else value, root)
    kind, number = parse(action, value)
    folder = find_run(run, runs_root(runs_dir))
    _ask(folder, kind, number, said(action, value), wait=wait)
    return 0


def _ask(folder: RunFolder, kind: Kind, number: float | None, words: str, *, wait: bool) -> None:
    """Ask it, and tell what came of it; `words`: what is asked, as a person says it."""
    from nntui.runs.commands import append_command
    from nntui.runs.lock import Unknown

    live = _live(folder)
    if isinstance(live, Unknown):
        click.echo(clean(f"whether {folder.name} is live cannot be told from here: {live.why}"), err=True)
    offset = _end_of(folder)
    asked = append_command(folder, kind, number, _me())
    try:
        met = _outcome(folder, asked, offset, None if wait else PATIENCE_SECONDS)
    except OSError as error:
        raise UserError(
            f"{folder.name} was asked; what comes of it cannot be read: {folder.events}: {error.strerror or error}"
        ) from error
    if met is None:
        say(f"{folder.name}: {words} asked, not yet applied; {program()} runs show {reachable(folder)} tells more")
    elif met.result == "applied":
        echo(f"{folder.name}: {words} applied at step {met.step}" + _now(met))
    else:
        raise UserError(f"{folder.name}: {words} was {met.result}: {met.why}")


def parse(action: str, value: str | None) -> tuple[Kind, float | None]:
    """The command's kind and number; UserError for what cannot be one."""
    from nntui.runs.commands import problem

    kind, text = action, value
    if value is None and action in _EXAMPLES:
        raise UserError(f"{action} needs a number", advice=_EXAMPLES[action])
    if action == "lr" and value is not None and value[:1] in ("x", "*", "×"):
        kind, text = "lr-scale", value[1:]
    number: float | None = None
    if text is not None:
        try:
            number = float(text)
        except ValueError:
            raise UserError(f"{value!r} is not a number", advice=_EXAMPLES.get(action, "")) from None
    wrong = problem(kind, number)
    if wrong is not None:
        raise UserError(wrong, advice=_EXAMPLES.get(action, ""))
    return kind, number  # type: ignore[return-value]  # `problem` knows the kinds


_EXAMPLES = {
    "lr": "such as: nntui ctl RUN lr 1e-3, or, to halve it, nntui ctl RUN lr x0.5",
    "extend": "such as: nntui ctl RUN extend 5",
}


def said(action: str, value: str | None) -> str:
    return action if value is None else f"{action} {value}"


def _now(met: Commanded) -> str:
    if met.value is None:
        return ""
    return (
        f": {met.value:g} epochs in all" if met.command == "extend" else f": the learning rate is {number(met.value)}"
    )


def _live(folder: RunFolder) -> Liveness:
    """UserError for a run that has no engine: nothing would meet the command."""
    from nntui.runs.lock import Dead, probe_lock
    from nntui.runs.summary import load_row

    live = probe_lock(folder)
    if isinstance(live, Dead):
        status = load_row(folder).status
        name = reachable(folder)
        further = f"{program()} fork {name} --at last --epochs N trains it further, in a new run"
        raise UserError(
            f"{folder.name} is not live ({status}): nothing would be done",
            advice=further if status == "done" else f"{program()} train --resume {name} goes on with it",
        )
    return live


def _end_of(folder: RunFolder) -> int:
    """How long the events are now: what becomes of the command is written after."""
    try:
        return folder.events.stat().st_size
    except FileNotFoundError:
        return 0


def _me() -> str:
    try:
        return f"ctl:{getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name
        return "ctl"


def _outcome(folder: RunFolder, asked: Command, offset: int, patience: float | None) -> Commanded | None:
    """What became of the command; None when it is not met within `patience` seconds (None: any time).

    UserError when the run ends first.
    """
    from nntui.runs.events import Commanded
    from nntui.runs.lock import Dead, probe_lock
    from nntui.runs.log import EventReader

    reader = EventReader(folder.events, offset)
    deadline = None if patience is None else time.monotonic() + patience
    while True:
        live = probe_lock(folder)  # before the events: what a run writes last is then not missed
        for event in reader.poll():
            if isinstance(event, Commanded) and event.id == asked.id:
                return event
        if isinstance(live, Dead):
            raise UserError(
                f"{folder.name} ended before it met the command",
                advice=f"{program()} runs show {reachable(folder)} says how it ended",
            )
        if deadline is not None and time.monotonic() >= deadline:
            return None
        time.sleep(_POLL_SECONDS)
