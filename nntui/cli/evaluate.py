"""`nntui evaluate`: measures a trained network again, on its own data or on other files, and reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nntui.hooks.data import Split

_HELP = """Measure a trained network again, in full.

\b
  nntui evaluate quick-otter-7
  nntui evaluate quick-otter-7 --split validation --html report.html
  nntui evaluate quick-otter-7 --data new-pictures

RUN is a run; left out, the newest. Told are the metrics, scores of each class, calibration (whether a probability means
what it says), errors of numbers, and the worst mistakes with where they are. With --data other files of the same kind
are measured, all rows of them where no --split is said: nothing is fitted anew, classes are known by their names.
"""


@click.command("evaluate", help=_HELP)
@click.argument("run", required=False)
@click.option("--runs", "runs_dir", metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Which rows; test where not said.")
@click.option("--data", "data", metavar="PATH", help="Measure other files of the kind that the run was trained on.")
@click.option("--mistakes", default=10, show_default=True, type=click.IntRange(0, 1000), help="How many of the worst.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", metavar="FILE", help="Write a page with plots, which needs nothing else.")
def command(
    run: str | None,
    runs_dir: str | None,
    split: Split | None,
    data: str | None,
    mistakes: int,
    as_json: bool,
    html: str | None,
) -> None:
    from nntui.cli.output import echo, echo_json, say
    from nntui.cli.report_text import report_lines
    from nntui.engine.inference import Model
    from nntui.runs.figures import draws
    from nntui.runs.folder import find_run, runs_root

    folder = find_run(run, runs_root(runs_dir))
    model = Model(folder.path)
    report = model.report(folder, split, data, mistakes)
    if html is not None:
        from nntui.page.report import write_page

        write_page(report, Path(html))
    for finding in report.findings:
        say(finding.in_words(), err=True)
    if as_json:
        echo_json(report.to_json())
        return
    for line in report_lines(report, blocks=draws("█│", sys.stdout.encoding)):
        echo(line)
    if html is not None:
        echo(f"\npage in {html}", lines=True)
