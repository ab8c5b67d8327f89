"""spoken-languages: the sounds that ship with nntui."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.audio import SoundFacts
from nntui.builtin.datasets.shipped import shipped
from nntui.builtin.datasets.sounds import read_sound
from nntui.builtin.datasets.source import Rows, fingerprint

if TYPE_CHECKING:
    from nntui.builtin.datasets.params import SpokenLanguagesParams
    from nntui.hooks.data import DataContext

RATE = 8000


def spoken_languages(params: SpokenLanguagesParams, context: DataContext) -> Rows[SoundFacts]:  # noqa: ARG001 — it ships
    """125 words in five languages, 0.3 to 0.85 s long."""
    root = shipped("spoken-languages")
    paths = sorted(root.glob("*/*.wav"))
    classes = tuple(sorted({path.parent.name for path in paths}))
    targets = np.array([classes.index(path.parent.name) for path in paths], dtype=np.int64)
    return Rows(
        columns={"wave": [read_sound(str(path), RATE) for path in paths], "target": targets},
        facts=SoundFacts(
            classes=classes,
            rate=RATE,
            mels=params.mels,
            frame=round(params.frame * RATE / 1000),
            hop=round(params.hop * RATE / 1000),
        ),
        fingerprint=fingerprint(path.read_bytes() for path in paths),
        targets=targets,
    )
