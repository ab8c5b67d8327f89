"""`nntui evaluate`: measures a trained network again, on a split of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nntui.hooks.data import Split

_MOST_CLASSES = 20
"""A larger confusion matrix does not fit a terminal; --json has it whole."""


@click.command("evaluate")
@click.argument("run", required=False)
@click.option("--runs", "runs_dir", metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True, help="Which rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str | None, runs_dir: str | None, split: Split, as_json: bool) -> None:
    """Measure a trained network again, on rows of its own data.

    RUN is a run; left out, the newest.
    """
    from nntui.cli.output import clean, echo_json, table
    from nntui.engine.inference import Model
    from nntui.runs.figures import figure, label
    from nntui.runs.folder import find_run, runs_root

    folder = find_run(run, runs_root(runs_dir))
    model = Model(folder.path)
    measured = model.evaluate(folder, split)
    names = list(model.spec.target.names)
    if as_json:
        confusion = {"classes": names, "confusion": measured.confusion} if measured.confusion else {}
        beside = {"baselines": measured.baselines} if measured.baselines else {}
        echo_json({"run": folder.name, "split": split, "metrics": measured.metrics, **beside, **confusion})
        return
    click.echo(f"{folder.name} on {split}")
    others = measured.baselines
    table(
        ["metric", "network" if others else "value", *map(clean, others)],
        [
            [label(name), figure(name, value), *(figure(name, other.get(name)) for other in others.values())]
            for name, value in measured.metrics.items()
        ],
    )
    if measured.confusion and len(names) <= _MOST_CLASSES:
        click.echo("\nrows: the true class; columns: what was answered")
        rows = [[clean(name), *map(str, counts)] for name, counts in zip(names, measured.confusion, strict=True)]
        table(["", *map(clean, names)], rows)
