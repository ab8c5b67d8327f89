"""A person's own recordings by default settings, beside log-mel statistics and scikit-learn on the same rows.

    python benchmarks/own_sounds.py                         # what ships: 125 words of five languages
    python benchmarks/own_sounds.py --voices FOLDER         # and tasks of Debian's asterisk-core-sounds-*-wav
    python benchmarks/own_sounds.py --validation            # what defaults are chosen by: no test row is seen

FOLDER holds those packages (en, es, fr, it, ru), as `dpkg -x PACKAGE FOLDER` leaves them. Each set is trained by
`nntui train --data FOLDER` in a process of its own, five split seeds, with no setting. Logistic regression and a random
forest see, of the same training and validation rows, the mean and deviation over time of each log-mel band, of whole
recordings, and are judged on the same test rows. `cases` is for benchmarks/accuracy.py.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SOUNDS = "usr/share/asterisk/sounds"
MEL = {"mels": 40, "frame": 25.0, "hop": 10.0}
"""Of the baselines: the usual frames."""


@dataclass(frozen=True)
class Case:
    """A folder of recordings by class."""

    name: str
    path: Path

    metric = "accuracy"

    def flags(self) -> list[str]:
        return ["--data", str(self.path)]


def cases(voices: Path | None = None, scratch: Path | None = None) -> list[Case]:
    """The sets; those of Debian's packages, where their folder is given, as folders of links in `scratch`.

    voices: whose voice. prompts: digits, letters, spelling words or phrases, in any voice. spelling: digits, letters or
    spelling words in English alone.
    """
    found = [Case("spoken-languages", ROOT / "datasets" / "spoken-languages")]
    if voices is None or scratch is None:
        return found
    for voice in sorted(path for path in (voices / SOUNDS).iterdir() if path.is_dir() and not path.is_symlink()):
        for file in sorted(voice.rglob("*.wav")):
            *folders, _ = file.relative_to(voice).parts
            kind = folders[0] if folders else "phrases"
            if kind == "silence":
                continue
            _link(file, scratch / "voices" / voice.name, voice)
            if kind in ("digits", "letters", "phonetic", "phrases"):
                _link(file, scratch / "prompts" / kind, voice)
            if voice.name.startswith("en") and kind in ("digits", "letters", "phonetic"):
                _link(file, scratch / "spelling" / kind, voice)
    return [*found, *(Case(name, scratch / name) for name in ("voices", "prompts", "spelling"))]


def _link(file: Path, folder: Path, voice: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "-".join((voice.name, *file.relative_to(voice).parts))).symlink_to(file)


def trained(case: Case, name: str, runs: Path, extra: list[str]) -> tuple[float, float, float]:
    """Test and best validation accuracy of one run, and its seconds."""
    from nntui.runs.events import Evaluated
    from nntui.runs.folder import RunFolder
    from nntui.runs.log import read_events

    command = [sys.executable, "-m", "nntui", "train", "--no-ui", "--runs", str(runs), "--name", name, *case.flags()]
    began = time.monotonic()
    done = subprocess.run([*command, *extra], capture_output=True, text=True, env={**os.environ, "NNTUI_PLUGINS": ""})
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    seconds = time.monotonic() - began
    events, _ = read_events(RunFolder(runs / name).events)
    measured = [e for e in events if isinstance(e, Evaluated)]
    test = [e.metrics[case.metric] for e in measured if e.split == "test"][-1]
    best = [e.metrics[case.metric] for e in measured if e.split == "validation" and e.best][-1]
    return float(test or 0.0), float(best or 0.0), seconds


@cache
def _statistics(case: Case) -> tuple[Any, Any, np.ndarray]:
    """The source, its settings, and what scikit-learn sees of each recording: (N, 2 * bands)."""
    from nntui.engine.building import open_source
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve

    spec = resolve({"data": {"path": str(case.path), "seconds": 60.0, **MEL}}, registry())
    source = open_source(spec)
    frames = [one.astype(np.float64) for one in source.rows(np.arange(len(source)))["frames"]]
    return source, spec, np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in frames])


def baseline(case: Case, seed: int, *, validation: bool = False) -> Iterator[tuple[str, float]]:
    """The accuracy of plain scikit-learn on the rows of one split. `validation`: fitted on training rows and judged on
    validation rows."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from nntui.engine.split import split_rows

    source, spec, seen = _statistics(case)
    splits = split_rows(source, spec.data_settings.model_copy(update={"split_seed": seed}))
    fit = splits["train"] if validation else np.concatenate([splits["train"], splits["validation"]])
    judged = splits["validation"] if validation else splits["test"]
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "random forest": RandomForestClassifier(300, random_state=seed),
    }
    for name, model in models.items():
        model.fit(seen[fit], source.targets[fit])
        yield name, float(model.score(seen[judged], source.targets[judged]))


def line(case: Case, name: str, values: list[float]) -> str:
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    error = spread / math.sqrt(len(values))
    return f"{case.name:18} {name:20} {statistics.fmean(values):.4f}  spread {spread:.4f}  standard error {error:.4f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, help="folder that holds Debian's asterisk-core-sounds-*-wav")
    parser.add_argument("--only", default="", help="sets whose name is one of these, separated by commas")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--validation", action="store_true", help="the best validation figure instead of the test's")
    arguments, extra = parser.parse_known_args()
    below = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(arguments.voices, Path(folder) / "tasks"):
            if arguments.only and case.name not in arguments.only.split(","):
                continue
            ours, others, seconds = [], {}, []
            for seed in range(arguments.splits):
                name = f"{case.name}-{seed}"
                test, best, took = trained(case, name, Path(folder) / "runs", ["--data.split-seed", str(seed), *extra])
                ours.append(best if arguments.validation else test)
                seconds.append(took)
                for name, value in baseline(case, seed, validation=arguments.validation):
                    others.setdefault(name, []).append(value)
            print(line(case, "nntui", ours), f" {statistics.fmean(seconds):.0f} s a run", flush=True)
            for name, values in others.items():
                print(line(case, name, values), flush=True)
                error = max(statistics.stdev(v) / math.sqrt(len(v)) for v in (ours, values)) if len(ours) > 1 else 0.0
                below += statistics.fmean(ours) < statistics.fmean(values) - error
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
