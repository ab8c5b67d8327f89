"""`nntui predict`: asks a trained network about new inputs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

_HELP = """Ask a trained network about new inputs.

\b
  nntui predict quick-otter-7 photo.png another.jpg
  nntui predict calm-heron-6 bibliothek
  nntui predict odd-lynx-5 class=1st,sex=female,age=29
  echo "to be or not to" | nntui predict wise-crane-2 -

RUN is a run, or the folder of a model. INPUT is a file (picture, sound, CSV, text) or the value itself, as the data
has it; - reads lines from standard input.
"""


@click.command("predict", help=_HELP, context_settings={"ignore_unknown_options": True})  # -0.5,0.3 is an input
@click.argument("run")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--runs", "runs_dir", metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all probabilities.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many likely answers to show.")
def command(run: str, inputs: tuple[str, ...], runs_dir: str | None, as_json: bool, top: int) -> None:
    from nntui.cli.output import clean, echo_json, table
    from nntui.engine.inference import Model
    from nntui.hooks.errors import UserError

    unknown = next((text for text in inputs if text.startswith("--")), None)
    if unknown is not None:
        raise click.NoSuchOption(unknown, ctx=click.get_current_context())
    asked = [line for text in inputs for line in (_lines() if text == "-" else [text])]
    if not asked or not all(text.strip() for text in asked):
        raise UserError("an input is empty: there is nothing to ask about", advice="nntui predict --help has examples")
    model = Model(model_path(run, runs_dir))
    predictions = model.predict(asked)
    if as_json:
        echo_json([asdict(p) for p in predictions])
        return
    # One input may hold many rows (a CSV): then each row has a line.
    names = asked if len(asked) == len(predictions) else [str(n + 1) for n in range(len(predictions))]
    rows = []
    for name, prediction in zip(names, predictions, strict=True):
        likely = list(prediction.probabilities.items())[:top]
        others = ", ".join(f"{label} {share:.1%}" for label, share in likely)
        rows.append([clean(name), clean(prediction.label), clean(others)])
    if any(row[2] for row in rows):
        table(["input", "answer", "probabilities"], rows)
    else:
        table(["input", "answer"], [row[:2] for row in rows])


def _lines() -> list[str]:
    return [line for line in sys.stdin.read().splitlines() if line.strip()]


def model_path(run: str, runs_dir: str | None) -> Path:
    """The folder of a run or of a model."""
    from nntui.runs.folder import find_run, runs_root

    path = Path(run)
    if (path / "config.json").is_file():
        return path
    return find_run(run, runs_root(runs_dir)).path
