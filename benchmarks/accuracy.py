"""How well the defaults learn real data: the table in docs/benchmarks.md.

    python benchmarks/accuracy.py                 # everything; about an hour on two cores
    python benchmarks/accuracy.py --only digits   # rows whose name begins so
    python benchmarks/accuracy.py --validation    # what defaults are chosen by: the test split is not shown

Each row is trained by `nntui train` in processes of their own, with default settings but for what the row names:
five split seeds where the data has no test split of its own, three training seeds else. `--write` puts the rows
into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from nntui.runs.events import Evaluated
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "benchmarks.md"
HEAD = "| data | network | settings | metric | mean ± spread | over | asked | met |\n|" + " --- |" * 8
BEGIN, END = "<!-- accuracy: begin -->", "<!-- accuracy: end -->"


@dataclass(frozen=True)
class Row:
    """One line of the table: what is trained, what is measured, and the least that is asked of it."""

    data: str
    arch: str
    metric: str
    wanted: float
    maximize: bool = True
    settings: tuple[str, ...] = ()
    given_test: bool = False
    """Whether the data has a test split of its own (or one by time): then the training seed varies."""

    @property
    def name(self) -> str:
        return f"{self.data}/{self.arch}"

    def met(self, value: float) -> bool:
        return value >= self.wanted if self.maximize else value <= self.wanted


ROWS = (
    Row("digits", "ffn", "accuracy", 0.97),
    Row("digits", "cnn", "accuracy", 0.97),
    Row("digits", "rnn", "accuracy", 0.96),
    Row("penguins", "ffn", "accuracy", 0.97),
    Row("titanic", "ffn", "accuracy", 0.80),
    Row("auto-mpg", "ffn", "r2", 0.85),
    Row("word-languages", "rnn", "accuracy", 0.70),
    Row("seattle-weather", "rnn", "mae", 2.25, maximize=False, given_test=True),
    Row("hamlet", "rnn", "bits_per_char", 2.4, maximize=False, given_test=True),
    Row("fashion-mnist", "ffn", "accuracy", 0.89, settings=("--epochs", "5"), given_test=True),
    Row("fashion-mnist", "rnn", "accuracy", 0.88, settings=("--epochs", "5"), given_test=True),
    Row("fashion-mnist", "cnn", "accuracy", 0.925, settings=("--epochs", "5"), given_test=True),
)


@dataclass(frozen=True)
class Result:
    row: Row
    values: tuple[float, ...]

    def line(self) -> str:
        mean = statistics.fmean(self.values)
        spread = statistics.stdev(self.values) if len(self.values) > 1 else 0.0
        sign = "≥" if self.row.maximize else "≤"
        seeds = "training seeds" if self.row.given_test else "split seeds"
        settings = " ".join(self.row.settings) or "default"
        met = "yes" if self.row.met(mean) else "**no**"
        return (
            f"| {self.row.data} | {self.row.arch} | {settings} | {self.row.metric} | {mean:.4f} ± {spread:.4f} "
            f"| {len(self.values)} {seeds} | {sign} {self.row.wanted:g} | {met} |"
        )


def train(row: Row, number: int, runs: Path, validation: bool, extra: list[str]) -> float:
    """The metric of one run."""
    varied = "--seed" if row.given_test else "--data.split-seed"
    name = f"{row.data}-{row.arch}-{number}"
    command = [sys.executable, "-m", "nntui", "train", "--no-ui", "--runs", str(runs), "--name", name]
    command += ["--data", row.data, "--arch", row.arch, varied, str(number), *row.settings, *extra]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NNTUI_PLUGINS": ""})
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    events, _ = read_events(RunFolder(runs / name).events)
    split = "validation" if validation else "test"
    measured = [e for e in events if isinstance(e, Evaluated) and e.split == split and (e.best or split == "test")]
    value = measured[-1].metrics[row.metric]
    return math.nan if value is None else value


def write(results: list[Result]) -> None:
    """Puts the rows into the page, in place of what it says of the same data and network; its other rows stay."""
    page = TABLE.read_text()
    before, rest = page.split(BEGIN)
    there, after = rest.split(END)
    lines = {_row_of(line): line for line in there.splitlines() if line.startswith("| ")}
    lines |= {result.row.name: result.line() for result in results}
    day = time.strftime("%Y-%m-%d")
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    body = "\n".join(lines[row.name] for row in ROWS if row.name in lines)
    TABLE.write_text(f"{before}{BEGIN}\n\nMeasured {day} on {machine}.\n\n{HEAD}\n{body}\n\n{END}{after}")


def _row_of(line: str) -> str:
    return "/".join(cell.strip() for cell in line.split("|")[1:3])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="rows whose name (data/network) begins so")
    parser.add_argument("--seeds", type=int, help="how many, instead of 5 or 3")
    parser.add_argument("--validation", action="store_true", help="the best validation figure instead of the test's")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments, extra = parser.parse_known_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for row in (row for row in ROWS if row.name.startswith(arguments.only)):
            count = arguments.seeds or (3 if row.given_test else 5)
            began = time.monotonic()
            values = [train(row, n, Path(folder), arguments.validation, extra) for n in range(count)]
            result = Result(row, tuple(values))
            results.append(result)
            print(result.line(), f"({time.monotonic() - began:.0f} s in all)", flush=True)
    if arguments.write:
        write(results)
    return 0 if all(r.row.met(statistics.fmean(r.values)) for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
