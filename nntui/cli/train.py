"""`nntui train`: trains a network, and shows it.

In a terminal the run is a process of its own with the interface before it; headless it is this process, or (`--detach`)
one of its own.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from nntui.cli.flags import spec_command

if TYPE_CHECKING:
    from pathlib import Path

    from nntui.engine.run import Outcome
    from nntui.runs.events import Failed, Finished
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec
    from nntui.spec.said import Said

FAILED = 3
"""Exit code of a run that failed."""

_HELP = """Train a network, and watch it learn.

\b
  nntui train                                    the embedded default
  nntui train --data fashion --arch cnn          another data set, another network
  nntui train my.toml --lr 1e-3                  a spec, and what is said beside it
  nntui train --resume quick-otter-7             go on with a run, exactly

In a terminal the interface opens on the run; leaving it leaves the run training (nntui attach). With --no-ui, Ctrl-C
once finishes the step, writes a checkpoint and ends; twice quits at once.
"""


@spec_command(
    "train",
    help=_HELP,
    extra_options=[
        click.Option(["--no-ui"], is_flag=True, help="Train headless: lines of text, no interface."),
        click.Option(["--json"], is_flag=True, help="Print the run's events, one JSON object a line."),
        click.Option(["--name"], metavar="NAME", help="Name of the run; left out: one is made up."),
        click.Option(["--runs"], metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs)."),
        click.Option(["--detach"], is_flag=True, help="Train in the background; print the run's name and leave."),
        click.Option(["--after"], metavar="RUN", help="Wait until another run has ended; it is queued till then."),
        click.Option(["--resume"], metavar="RUN", help="Go on with a run from its newest checkpoint."),
        click.Option(["--force"], is_flag=True, help="With --resume: even if it cannot be told whether it is live."),
        click.Option(["--replay"], metavar="RUN", help="Repeat a run, with the commands that it was given."),
        click.Option(["--init-from"], metavar="RUN", help="Begin with another run's weights (fine-tuning)."),
        click.Option(["--detached"], is_flag=True, hidden=True),
    ],
)
def command(
    said: Said,
    no_ui: bool,
    json: bool,
    name: str | None,
    runs: str | None,
    detach: bool,
    after: str | None,
    resume: str | None,
    force: bool,
    replay: str | None,
    init_from: str | None,
    detached: bool,
) -> int:
    from nntui.runs.folder import find_run, runs_root

    ui = not (no_ui or json)
    chosen = [flag for flag, value in (("--resume", resume), ("--replay", replay), ("--init-from", init_from)) if value]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} exclude each other: choose one.")
    root = runs_root(runs)
    other = None if after is None else find_run(after, root)
    if resume is not None:
        folder, spec = _resumed(resume, root, said, name)
        how = How(json=json, detach=detach, force=force, detached=detached, fresh=False, ui=ui, after=other)
        return start(folder, spec, how)
    if replay is not None:
        folder, spec = _replayed(replay, root, said, name)
    else:
        folder, spec = _fresh(said, root, name, init_from)
    how = How(json=json, detach=detach, force=force, detached=detached, fresh=True, ui=ui, after=other)
    return start(folder, spec, how)


@dataclass(frozen=True, kw_only=True)
class How:
    """How a run is to be trained: what the command line says of it beside the spec."""

    json: bool = False
    detach: bool = False
    """In the background, and leave."""
    detached: bool = False
    """This process is the one in the background."""
    ui: bool = False
    """In the background with the interface before it, where there is a terminal."""
    force: bool = False
    fresh: bool = True
    """Made by this command: a person's mistake that keeps it from beginning leaves no folder behind."""
    after: RunFolder | None = None
    """Wait until this run has ended."""


def _fresh(said: Said, root: Path, name: str | None, init_from: str | None) -> tuple[RunFolder, RunSpec]:
    from dataclasses import replace

    from nntui.hooks.registry import registry
    from nntui.runs.creating import new_run
    from nntui.runs.folder import find_run
    from nntui.spec.model import Origin
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import provenance_warnings

    resolution = resolve_said(said, registry())
    spec = resolution.spec
    tell(*resolution.notes, *provenance_warnings(said.tree, spec))
    if init_from is not None:
        parent = find_run(init_from, root)
        spec = replace(spec, origin=Origin(parent=str(parent.path.resolve()), at="best", weights_only=True))
    return new_run(spec, root, name or said.tree.get("name")), spec


def _resumed(resume: str, root: Path, said: Said, name: str | None) -> tuple[RunFolder, RunSpec]:
    from nntui.hooks.errors import UserError
    from nntui.runs.events import Finished
    from nntui.runs.folder import check_format, find_run
    from nntui.runs.log import read_events

    folder = find_run(resume, root)
    if said.tree or said.file or name:
        raise UserError(
            f"--resume goes on with {folder.name} as it was said: other settings do not go with it",
            advice=f"change settings in a new run: nntui fork {folder.name} --at last ...",
        )
    check_format(folder)
    events, _ = read_events(folder.events)
    ended = [e for e in events if isinstance(e, Finished)]
    if ended and ended[-1].status == "done" and (folder.model / "config.json").exists():
        raise UserError(
            f"{folder.name} is done",
            advice=f"train it further in a new run: nntui fork {folder.name} --at last --epochs N",
        )
    return folder, read_spec(folder)


def _replayed(replay: str, root: Path, said: Said, name: str | None) -> tuple[RunFolder, RunSpec]:
    from dataclasses import replace

    from nntui.hooks.errors import UserError
    from nntui.runs.creating import new_run, replay_origin
    from nntui.runs.folder import find_run

    parent = find_run(replay, root)
    if said.tree or said.file:
        raise UserError(
            f"--replay repeats {parent.name} as it was: other settings do not go with it",
            advice="train a run with other settings from its spec: nntui train RUN/run.toml --lr ...",
        )
    spec = read_spec(parent)
    spec = replace(spec, origin=replay_origin(parent, spec))
    return new_run(spec, root, name), spec


def read_spec(folder: RunFolder) -> RunSpec:
    """The spec of a run, as its run.toml says it. Raises UserError."""
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import provenance_warnings, read_toml

    said = read_toml(folder.run_toml)
    spec = resolve_said(said, registry()).spec
    tell(*provenance_warnings(said.tree, spec))
    return spec


def tell(*notes: str) -> None:
    from nntui.cli.output import say

    for note in notes:
        say(f"note: {note}", err=True)


def start(folder: RunFolder, spec: RunSpec, how: How) -> int:
    """Trains a run; returns the exit code."""
    from nntui.cli.interface import can_open
    from nntui.hooks.errors import UserError
    from nntui.runs.creating import discard_untrained

    try:
        if how.detach:
            return _in_background(folder, how)
        if how.ui and can_open():
            return _before_our_eyes(folder, how)
        return _here(folder, spec, how)
    except UserError:
        if how.fresh and not how.detached:
            discard_untrained(folder)
        raise


def _here(folder: RunFolder, spec: RunSpec, how: How) -> int:
    from setproctitle import setproctitle

    setproctitle(f"nntui: {folder.name}")  # ps and top name the run
    if not how.json:
        _begin(folder, spec)
    if how.after is not None and (ended := _waited(folder, how.after, how)) is not None:
        return _told_end(folder, *ended, json=how.json)
    outcome = _trained(folder, spec, how)
    return _told_end(folder, outcome.code, outcome.event, json=how.json)


def _waited(folder: RunFolder, other: RunFolder, how: How) -> tuple[int, Finished | Failed] | None:
    """Waits for the run that goes before this one; exit code and end where this one was ended meanwhile."""
    from functools import partial

    from nntui.engine.steering import SIGNALS, Interrupted, Signals
    from nntui.runs.events import Failed
    from nntui.runs.queueing import wait_for

    said = partial(tell, f"waits for {other.name} to end")
    try:
        with Signals(ignore_hangup=how.detached):
            stopped = wait_for(folder, other, force=how.force, queued=said, begins=_load_engine)
    except Interrupted as interrupted:
        message = f"{interrupted} while it waited for {other.name}"
        return SIGNALS[interrupted.number], Failed(step=0, kind="interrupted", message=message)
    return None if stopped is None else (0, stopped)


def _load_engine() -> None:
    """Imports torch: seconds."""
    import nntui.engine.run  # noqa: F401


def _trained(folder: RunFolder, spec: RunSpec, how: How) -> Outcome:
    from nntui.cli.display import choose_display
    from nntui.cli.output import unread
    from nntui.runs.liveness import others_live

    display = choose_display(how.json, sys.stdout, name=folder.name)
    try:
        from nntui.engine.run import execute

        return execute(
            folder,
            spec,
            show=display.show,
            force=how.force,
            detached=how.detached,
            progress=sys.stderr.isatty(),
            live_runs=others_live(folder),
        )
    finally:
        with unread():
            display.close()


def _told_end(folder: RunFolder, code: int, event: Finished | Failed, *, json: bool) -> int:
    """The last words about a run, and the program that its owner wants run then; the exit code."""
    if not json:
        from nntui.cli.output import unread
        from nntui.cli.report import ending

        with unread():  # the exit code tells how the run ended, whoever has left
            click.echo(ending(folder, event), err=code == FAILED)
    from nntui.runs.settings import load_settings

    loaded = load_settings()
    tell(*loaded.problems)
    if loaded.settings.on_end:
        from nntui.runs.on_end import run_on_end

        run_on_end(loaded.settings.on_end, folder, event)
    return code


def _begin(folder: RunFolder, spec: RunSpec) -> None:
    """Said before torch is imported, which takes seconds: what the run is called, and how it is steered."""
    from nntui.cli.output import terminal
    from nntui.cli.report import beginning
    from nntui.runs.shell import program, reachable

    click.echo(beginning(folder, spec))
    if terminal():
        click.echo(f"Ctrl-C stops it safely; from elsewhere: {program()} ctl {reachable(folder)} pause\n")


def _launch(folder: RunFolder, how: How) -> int:
    """Starts the run's engine in a process of its own session; its id."""
    from nntui.runs.launch import launch_detached, python_words

    words = [*python_words(), "-m", "nntui", "train", "--no-ui", "--detached"]
    words += ["--resume", str(folder.path.resolve())]
    words += ["--force"] * how.force
    words += [] if how.after is None else ["--after", str(how.after.path.resolve())]
    return launch_detached(words, folder)


def _before_our_eyes(folder: RunFolder, how: How) -> int:
    """The run in a process of its own, and the interface on it until that is left; the exit code of the run where it
    has ended by then, else 0."""
    from nntui.cli.attach import code_of
    from nntui.cli.interface import farewell, mistaken, open_interface
    from nntui.cli.report import ending
    from nntui.runs.launch import exit_code
    from nntui.runs.summary import load_row

    process = _launch(folder, how)
    session = open_interface(folder.path.parent, open=folder, screen="run", process=process)
    if (mistake := mistaken(folder, process)) is not None:
        raise mistake
    vitals = load_row(folder).summary.vitals
    event = vitals.failed or vitals.finished
    if event is None:
        farewell(session.opened, starting=(*session.starting, *([folder] if exit_code(process) is None else [])))
        return session.code
    code = code_of(event)
    click.echo(ending(folder, event), err=code == FAILED)
    farewell(session.opened, starting=session.starting)
    return session.code or code


def _in_background(folder: RunFolder, how: How) -> int:
    from shlex import quote

    from nntui.runs.launch import wait_started
    from nntui.runs.shell import near, program, reachable

    process = _launch(folder, how)
    wait_started(folder, process)
    click.echo(folder.name)
    name = reachable(folder)
    click.echo("trains in the background", err=True)
    click.echo(f"watch  {program()} attach {name}", err=True)
    click.echo(f"lines  tail -f {quote(near(folder.log))}", err=True)
    click.echo(f"stop   {program()} ctl {name} stop", err=True)
    return 0
