"""A person's own recordings by default settings, beside log-mel statistics and scikit-learn on the same rows.

    python benchmarks/own_sounds.py                         # what ships: 125 words of five languages
    python benchmarks/own_sounds.py --packages DIR          # and tasks of Debian's asterisk-core-sounds-*-wav
    python benchmarks/own_sounds.py --packages DIR --validation   # what defaults are chosen by: no test row is seen

DIR holds those packages (en, es, fr, it, ru), as `dpkg -x PACKAGE DIR` leaves them. Each set is trained by `nntui train
--data FOLDER`, five split seeds, with no setting. Logistic regression and a random forest see the mean and deviation
over time of each log-mel band, of whole recordings.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

import comparing
import numpy as np
import numpy.typing as npt
from comparing import Case, Rows, Settings

SOUNDS = "usr/share/asterisk/sounds"
MEL = {"mels": 40, "frame": 25.0, "hop": 10.0, "seconds": 60.0}
"""Of the baselines: the usual frames, of whole recordings."""
Task = Callable[[str, str], str | None]
"""(voice, kind of recording) -> class; None: not taken."""


def cases(packages: Path) -> list[Case]:
    """voices: whose voice. prompts: digits, letters, spelling words or phrases, in any voice. spelling: digits, letters
    or spelling words in English alone."""
    ships = comparing.ROOT / "datasets" / "spoken-languages"
    sounds = packages / SOUNDS
    spelt = ("digits", "letters", "phonetic")
    tasks: dict[str, Task] = {
        "voices": lambda voice, _: voice,
        "prompts": lambda _, kind: kind if kind in (*spelt, "phrases") else None,
        "spelling": lambda voice, kind: kind if kind in spelt and voice.startswith("en") else None,
    }
    return [
        Case("sounds", "spoken-languages", "accuracy", lambda _: comparing.by_seed(ships), plain),
        *(
            Case("sounds", name, "accuracy", partial(_linked, sounds, task), plain, needs=(sounds,))
            for name, task in tasks.items()
        ),
    ]


def _linked(sounds: Path, task: Task, folder: Path) -> Iterable[Settings]:
    """Folders of links to the recordings, by class."""
    for voice in sorted(path for path in sounds.iterdir() if path.is_dir() and not path.is_symlink()):
        for file in sorted(voice.rglob("*.wav")):
            *folders, _ = file.relative_to(voice).parts
            kind = folders[0] if folders else "phrases"
            label = None if kind == "silence" else task(voice.name, kind)
            if label is not None:
                (folder / label).mkdir(exist_ok=True)
                (folder / label / "-".join((voice.name, *file.relative_to(voice).parts))).symlink_to(file.resolve())
    return comparing.by_seed(folder)


@cache
def _statistics(path: str) -> npt.NDArray[np.float64]:
    """What scikit-learn sees of each recording: (N, 2 * bands)."""
    from nntui.engine.building import open_source
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve

    source = open_source(resolve({"data": {"path": path, **MEL}}, registry()))
    frames = [one.astype(np.float64) for one in source.rows(np.arange(len(source)))["frames"]]
    return np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in frames])


def plain(rows: Rows) -> Iterator[tuple[str, float]]:
    """The accuracy of plain scikit-learn on the rows of one split."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seen, truth = _statistics(str(rows.spec.data_settings.path)), rows.source.targets
    assert truth is not None and len(truth) == len(seen)
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "random forest": RandomForestClassifier(300, random_state=rows.split),
    }
    for name, model in models.items():
        model.fit(seen[rows.fit], truth[rows.fit])
        yield name, float(model.score(seen[rows.judged], truth[rows.judged]))


if __name__ == "__main__":
    sys.exit(comparing.main(__doc__, cases))
