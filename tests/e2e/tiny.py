"""Small trained models of every kind of data: an epoch each, made once a session and shared by tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nntui

SMALL: dict[str, dict[str, Any]] = {
    "ffn": {"hidden": [8]},
    "cnn": {"channels": [4]},
    "rnn": {"hidden": 8},
}
"""Networks small enough to train within a fraction of a second."""


class Tiny:
    """Trains a run of one epoch on first request; the same request is answered with the same run."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._made: dict[str, nntui.LoadedRun] = {}

    def __call__(self, data: str, arch: str, **params: Any) -> nntui.LoadedRun:
        name = "-".join([data, arch, *(f"{k}-{v}" for k, v in params.items())])
        if name not in self._made:
            network = {"name": arch, **SMALL[arch], **params}
            self._made[name] = nntui.train(data=data, arch=network, epochs=1, runs=self.runs, name=name)
        return self._made[name]


KINDS = {
    "digits": "cnn",  # image
    "word-languages": "rnn",  # tokens
    "hamlet": "rnn",  # next token
    "seattle-weather": "ffn",  # series
    "spoken-languages": "rnn",  # audio
    "penguins": "ffn",  # a table, classes
    "auto-mpg": "ffn",  # a table, numbers
    "moons": "ffn",  # points
}
"""A network for each kind of data."""


def write_inputs(folder: Path) -> dict[str, str]:
    """For each of KINDS something to ask about, as a person gives it; files are written into `folder`."""
    import numpy as np
    import soundfile
    from PIL import Image

    picture = np.zeros((8, 8), dtype=np.uint8)
    picture[1:7, 3:5] = 255
    Image.fromarray(picture).save(folder / "one.png")
    tone = np.sin(np.arange(8000) / 8000 * 2 * np.pi * 440).astype(np.float32) / 4
    soundfile.write(folder / "sound.wav", tone, 8000)
    days = [f"2015-01-{day:02},0.0,{8 + day},2.0,3.5,sun" for day in range(1, 11)]
    lines = ["date,precipitation,temp_max,temp_min,wind,weather", *days]
    (folder / "series.csv").write_text("\n".join(lines) + "\n")
    return {
        "digits": str(folder / "one.png"),
        "word-languages": "bibliothek",
        "hamlet": "To be, or not to b",
        "seattle-weather": str(folder / "series.csv"),
        "spoken-languages": str(folder / "sound.wav"),
        "penguins": "bill_length_mm=39.5,bill_depth_mm=17.4,flipper_length_mm=186,body_mass_g=,island=Biscoe,sex=MALE",
        "auto-mpg": "cyl=4,displ=120,hp=90,weight=2500,accel=15,yr=76,origin=1,maker=ford,fuel=petrol",
        "moons": "0.5,-0.3",
    }


@contextmanager
def folders_before(root: Path) -> Iterator[None]:
    """Within, no folder of a run may be left behind in `root`."""
    before = set(root.iterdir()) if root.exists() else set()
    yield
    after = set(root.iterdir()) if root.exists() else set()
    assert after == before, "a run folder was left behind"
