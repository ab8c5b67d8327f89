"""`nntui runs`: list, show, delete runs, and say where one is."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nntui.cli.output import clean, echo, echo_json, say, table, terminal
from nntui.hooks.errors import UserError
from nntui.runs.figures import draws, metric, number, size

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder
    from nntui.runs.summary import Row

RUNS_HELP = "Folder of the runs (default: NNTUI_RUNS, else ./runs)."

_SPARKS = "▁▂▃▄▅▆▇█"
_WIDTH = 12
_LEAST_WIDTH = len("curve")
_NOTE_WIDTH = 40


def runs_option(function: Callable[..., Any]) -> Callable[..., Any]:  # any click callback
    """`--runs DIR`, as every command that looks for a run has it."""
    return click.option("--runs", "runs_dir", metavar="DIR", help=RUNS_HELP)(function)


def _find(ctx: click.Context, text: str | None, runs_dir: str | None, *, prefix: bool = True) -> RunFolder:
    """The run meant; `--runs` may stand before or after the subcommand."""
    from nntui.runs.folder import find_run, runs_root

    return find_run(text, runs_root(runs_dir or ctx.obj), prefix=prefix)


@click.group(name="runs", invoke_without_command=True)
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, runs_dir: str | None, as_json: bool) -> None:
    """Runs, the one begun last first. RUN is a name, the beginning of one, or a path."""
    ctx.obj = runs_dir
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, runs_dir=runs_dir, as_json=as_json)


@command.command("list")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_(ctx: click.Context, runs_dir: str | None, as_json: bool) -> None:
    """List runs."""
    from nntui.runs.folder import list_runs, runs_root
    from nntui.runs.summary import load_row

    root = runs_root(runs_dir or ctx.obj)
    rows = [load_row(folder) for folder in list_runs(root)]
    if as_json:
        echo_json([as_plain(row) for row in rows])
    elif not rows:
        echo(f"no runs in {root}; nntui train starts one")
    else:
        _print_rows(rows)


def _print_rows(rows: list[Row]) -> None:
    columns = ["name", "data", "arch", "status", "epoch", "loss", "metric"]
    cells = [
        [r.folder.name, r.summary.data, r.summary.arch, status_text(r), epoch_text(r), loss_text(r), result(r)]
        for r in rows
    ]
    if any(row.note for row in rows):
        columns.append("note")
        for line, row in zip(cells, rows, strict=True):
            line.append(row.note if len(row.note) <= _NOTE_WIDTH else f"{row.note[: _NOTE_WIDTH - 3]}...")
    room = _room_beside(columns, cells) if terminal() else 0  # a drawing is no use to a program
    if room >= _LEAST_WIDTH and draws(_SPARKS, sys.stdout.encoding):
        columns.append("curve")
        for line, row in zip(cells, rows, strict=True):
            line.append(sparkline(row.summary.curve.losses, min(room, _WIDTH)))
    table(columns, cells)


def _room_beside(columns: list[str], cells: list[list[str]]) -> int:
    """Columns of the terminal that a table leaves free."""
    taken = sum(max(map(len, column)) + 2 for column in zip(columns, *cells, strict=True))
    return shutil.get_terminal_size().columns - taken


def status_text(row: Row) -> str:
    return f"{row.status} ({row.host})" if row.host and row.status == "unknown" else row.status


def epoch_text(row: Row) -> str:
    v = row.summary.vitals
    epoch = f"{v.epoch:.0f}" if v.epoch == round(v.epoch) else f"{v.epoch:.1f}"
    return f"{epoch}/{v.epochs}" if v.epochs else ""


def loss_text(row: Row) -> str:
    v = row.summary.vitals
    return number(v.loss) if row.summary.curve.steps else ""


def result(row: Row) -> str:
    """The best so far by the primary metric; of a failed run, where it failed."""
    v = row.summary.vitals
    if v.needs:
        return f"needs nntui {v.needs}"
    if v.failed is not None:
        return f"step {v.failed.step}: {v.failed.kind}"
    if v.best is None or v.best.value is None:
        return ""
    return metric(v.metric, v.best.value)


def sparkline(losses: list[float | None], width: int = _WIDTH) -> str:
    """The curve of the loss in a few blocks, "x" where it was not finite; "" where the output has no blocks."""
    if not draws(_SPARKS, sys.stdout.encoding):
        return ""
    picked = [losses[i * len(losses) // width] for i in range(width)] if len(losses) > width else losses
    finite = [value for value in picked if value is not None]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(_SPARKS) - 1) / (high - low) if high > low else 0.0
    return "".join("x" if value is None else _SPARKS[int((value - low) * scale)] for value in picked)


def as_plain(row: Row) -> dict[str, Any]:  # JSON
    """One run for programs. Non-finite numbers are null."""
    v = row.summary.vitals
    return {
        "name": row.folder.name,
        "path": str(row.folder.path),
        "status": row.status,
        "host": v.host,
        "pid": v.pid,
        "data": row.summary.data,
        "arch": row.summary.arch,
        "begun": v.begun,
        "last": v.last,
        "seconds": v.seconds,
        "step": v.step,
        "epoch": v.epoch,
        "epochs": v.epochs,
        "steps_per_epoch": v.steps_per_epoch,
        "parameters": v.parameters,
        "loss": v.loss,
        "lr": v.lr,
        "samples_per_second": v.samples_per_second,
        "metric": v.metric,
        "maximize": v.maximize,
        "best": to_json(v.best),
        "metrics": v.finished.metrics if v.finished else {},
        "baselines": v.finished.baselines if v.finished else {},
        "reason": v.finished.reason if v.finished else "",
        "failed": to_json(v.failed),
        "warnings": v.warnings,
        "note": row.note,
        "needs": v.needs,
        "curve": {"step": row.summary.curve.steps, "loss": row.summary.curve.losses},
    }


def to_json(value: Any) -> Any:  # structs, dataclasses and what they hold -> plain data
    """What `echo_json` can print. Names of files stay exact, also those that are not UTF-8."""
    import msgspec

    return msgspec.to_builtins(value)


@command.command()
@click.argument("run", required=False)
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def show(ctx: click.Context, run: str | None, runs_dir: str | None, as_json: bool) -> None:
    """One run in full: where it stands, layers, checkpoints, commands, warnings. Without RUN, the one begun last."""
    from nntui.cli.run_report import as_plain_state, report
    from nntui.runs.attach import load_state
    from nntui.runs.summary import load_row

    folder = _find(ctx, run, runs_dir)
    try:
        row, state = load_row(folder), load_state(folder)
        plain = {**as_plain(row), **as_plain_state(folder, state)} if as_json else {}
        lines = [] if as_json else list(report(row, state, now=time.time()))
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be read: {error.filename or folder.path}: {error.strerror or error}",
            advice="see who owns the folder, and what its files allow",
        ) from error
    if as_json:
        echo_json(plain)
    for line in lines:
        echo(line)


@command.command()
@click.argument("run", required=False)
@runs_option
@click.pass_context
def path(ctx: click.Context, run: str | None, runs_dir: str | None) -> None:
    """Print the folder of a run, for scripts. Without RUN, of the one begun last."""
    click.echo(str(_find(ctx, run, runs_dir).path))  # as it is: a script means this very folder


@command.command()
@click.argument("old")
@click.argument("new")
@runs_option
@click.pass_context
def rename(ctx: click.Context, old: str, new: str, runs_dir: str | None) -> None:
    """Give run OLD the name NEW. Never a live one."""
    from nntui.runs.renaming import forks_of, rename_run

    folder = _find(ctx, old, runs_dir)
    before = folder.path.resolve()
    renamed = rename_run(folder, new)
    echo(f"{folder.name} is now {renamed.name}")
    if left := [fork.name for fork in forks_of(before, renamed.path.parent)]:
        say(f"still naming {folder.name} as their parent: {', '.join(left)}", err=True)


@command.command()
@click.argument("run")
@click.argument("text", required=False)
@runs_option
@click.pass_context
def note(ctx: click.Context, run: str, text: str | None, runs_dir: str | None) -> None:
    """Note TEXT about a run, for lists to show; "" takes the note away. Without TEXT, print what is noted."""
    from nntui.runs.notes import read_note, write_note

    folder = _find(ctx, run, runs_dir)
    if text is not None:
        write_note(folder, text)
        return
    for line in read_note(folder).splitlines():
        echo(line)


@command.command()
@click.argument("run", nargs=-1, required=True)
@runs_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Names must then be whole.")
@click.option("--force", is_flag=True, help="Also a run of which it cannot be told from here whether it is live.")
@click.pass_context
def rm(ctx: click.Context, run: tuple[str, ...], runs_dir: str | None, yes: bool, force: bool) -> None:
    """Delete runs, with all that is in their folders. Never a live one."""
    from nntui.runs.folder import folder_size, remove_run
    from nntui.runs.lock import Live, probe_lock

    folders = list(dict.fromkeys(_find(ctx, text, runs_dir, prefix=not yes) for text in run))
    for folder in folders:
        if isinstance(probe_lock(folder), Live):
            raise UserError(
                f"{folder.name} is live: nothing was deleted", advice=f"nntui ctl {folder.name} stop ends it"
            )
    if not yes:
        sizes = [f"{clean(folder.name)} ({size(folder_size(folder.path))})" for folder in folders]
        _ask(f"Delete {', '.join(sizes)}?")
    for folder in folders:
        freed = remove_run(folder, force=force)
        echo(f"deleted {folder.name} ({size(freed)})")


def _ask(question: str) -> None:
    """Returns when the answer is yes."""
    if not sys.stdin.isatty():
        raise UserError("nobody is there to be asked whether to delete", advice="say --yes")
    click.confirm(question, abort=True)
