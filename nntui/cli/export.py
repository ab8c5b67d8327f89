"""`nntui export`: writes a trained network for other programs, and holds what was written against it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

DISAGREES = 3
"""Exit code where what was written does not answer as the model does."""

_HELP = """Write a trained network in a format that other programs read.

\b
  nntui export quick-otter-7 --to onnx
  nntui export calm-heron-6 --to pt2 --out words.pt2 --length 40
  nntui export odd-lynx-5 --to safetensors

RUN is a run, or the folder of a model. What is written takes encoded rows and gives probabilities or values in their
own unit; beside it lie a text (.md) and a JSON file that say how raw data becomes those rows. It is run on rows of
the run's data and held against the model: where they differ, nothing is kept and the exit code is 3.

--to names an exporter: nntui exporters lists them, nntui exporters show NAME tells its settings, which are flags here.
"""


@click.command("export", help=_HELP, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("run")
@click.option("--to", required=True, metavar="NAME", help="The format: onnx, pt2, safetensors, or a plugin's.")
@click.option("--out", metavar="PATH", help="The file; the run's name in this folder where it is left out.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--runs", "runs_dir", metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context, run: str, to: str, out: str | None, force: bool, runs_dir: str | None, as_json: bool
) -> int:
    from nntui.api import LoadedRun
    from nntui.cli.output import echo_json, say
    from nntui.cli.predict import model_path
    from nntui.hooks.registry import registry

    path = model_path(run, runs_dir)
    params = settings(to, ctx.args)
    from nntui.engine.exporting import Disagrees  # torch: after what costs nothing

    try:
        written = LoadedRun(path).export(to, out, force=force, **params)
    except Disagrees as error:
        say(f"error: {error.render()}", lines=True, err=True)
        return DISAGREES
    if as_json:
        echo_json(
            {
                "path": str(written.path),
                "files": [str(file) for file in written.files],
                "exporter": registry().find("export", to).qualified,
                "difference": written.difference,
                "unit": written.unit,
                "rows": written.rows,
                "checked_on": written.checked_on,
                "seconds": round(written.seconds, 3),
            }
        )
        return 0
    say(f"{written.path.name}: {_size(written.path)}, written in {written.seconds:.1f} s")
    say(
        f"on {written.rows} {written.checked_on} it differs from the model by at most {written.difference:.1e} "
        f"{written.unit}"
    )
    for file in written.files:
        say(f"  {_shown(file)}")
    return 0


def settings(to: str, arguments: Sequence[str]) -> dict[str, Any]:  # plain JSON values, as a flag says them
    """The exporter's settings among the arguments that the command does not know. Raises UsageError, UserError."""
    from nntui.hooks.names import close_to
    from nntui.hooks.registry import registry
    from nntui.spec.text import FlagText, typed

    entry = registry().find("export", to)
    fields = {field.name: field for field in entry.fields}
    said: dict[str, Any] = {}
    left = list(arguments)
    while left:
        word, equals, value = left.pop(0).partition("=")
        name = word.removeprefix("--").replace("-", "_")
        off = name.removeprefix("no_") if name not in fields else ""
        if not word.startswith("--") or (name not in fields and not (off in fields and fields[off].kind == "bool")):
            known = [f"--{key.replace('_', '-')}" for key in fields]
            near = close_to(word, known)
            hint = f"; did you mean {near[0]}?" if near else f": nntui exporters show {to} tells its settings"
            raise click.UsageError(f"{word} is no option of nntui export, nor a setting of {entry.name}{hint}")
        if name not in fields:
            said[off] = False
        elif fields[name].kind == "bool" and not equals and (not left or left[0] not in ("true", "false")):
            said[name] = True
        else:
            if not equals and not left:
                raise click.UsageError(f"{word} needs a value")
            said[name] = typed(FlagText(value if equals else left.pop(0)), fields[name], entry.schema)
    return said


def _shown(path: Path) -> str:
    """Seen from here where it is below this folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"
