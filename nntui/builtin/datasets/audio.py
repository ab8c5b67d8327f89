"""The preprocessor of short sounds that belong to a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, true_class
from nntui.builtin.datasets.mel import log_mel, mel_filters
from nntui.builtin.datasets.sounds import read_sound
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

CURVE = 200
"""Points of an example's envelope."""


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """What is known of a set of sounds. Its rows: `wave`, a list of float32 (samples,), -1..1; `target` int64 (N,)."""

    classes: tuple[str, ...]
    rate: int
    """Samples a second, of every row."""
    mels: int
    frame: int
    """Samples."""
    hop: int
    """Samples."""


@dataclass(frozen=True, kw_only=True)
class SoundPreprocessor:
    """`frames` float32 (N, T, mels): log-mel energies; `length` int64 (N,): the true number of frames.

    T is that of the longest training row; a longer sound is cut, a shorter one filled with the mean of the training
    rows, which is 0 once normalised.
    """

    facts: SoundFacts
    frames: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def spec(self) -> DataSpec:
        frames = InputSpec(
            name="frames",
            kind="sequence",
            shape=(self.frames, self.facts.mels),
            dtype="float32",
            mean=self.mean,
            std=self.std,
            lengths="length",
            time_axis=0,
        )
        target = TargetSpec(kind="classes", size=len(self.facts.classes), names=self.facts.classes)
        return DataSpec(modality="audio", inputs=(frames,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> SoundPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, SoundFacts)
        spectrograms = _spectrograms(source.rows(train)["wave"], facts)
        energies = np.concatenate([spectrogram.numpy() for spectrogram in spectrograms]).astype(np.float64)
        std = energies.std(axis=0)
        return cls(
            facts=facts,
            frames=max(map(len, spectrograms)),
            mean=tuple(energies.mean(axis=0).tolist()),
            std=tuple(np.where(std > 0, std, 1.0).tolist()),
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        longest = self.frames * self.facts.hop
        spectrograms = _spectrograms([wave[:longest] for wave in raw["wave"]], self.facts)
        frames = torch.tensor(self.mean, dtype=torch.float32).repeat(len(spectrograms), self.frames, 1)
        lengths = torch.empty(len(spectrograms), dtype=torch.int64)
        for row, spectrogram in enumerate(spectrograms):
            kept = spectrogram[: self.frames]
            frames[row, : len(kept)] = kept
            lengths[row] = len(kept)
        return {"frames": frames, "length": lengths, **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        return class_predictions(output, self.facts.classes)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Sounds from WAV, FLAC or OGG files of any rate and number of channels (see `read_sound`)."""
        if not inputs:
            raise ValueError("the path of a sound (WAV, FLAC, OGG) was expected")
        seconds = self.frames * self.facts.hop / self.facts.rate
        return {"wave": [read_sound(path, self.facts.rate, seconds) for path in inputs]}

    def example(self, raw: Raw, row: int) -> Example:
        """The sound's envelope: lowest and highest sample of each of at most 200 stretches, and the rate."""
        wave = raw["wave"][row]
        parts = np.array_split(wave, min(CURVE, len(wave)))
        content = {  # + 0.0: no minus before a zero
            "rate": self.facts.rate,
            "seconds": round(len(wave) / self.facts.rate, 3),
            "low": [round(float(part.min()), 4) + 0.0 for part in parts],
            "high": [round(float(part.max()), 4) + 0.0 for part in parts],
        }
        label = true_class(raw, row, self.facts.classes)
        return Example(kind="json", content=content, label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SoundPreprocessor:
        return from_plain(cls, data)


def _spectrograms(waves: Sequence[npt.NDArray[np.float32]], facts: SoundFacts) -> list[Tensor]:
    # Longer than the frame: the lowest bands are narrower than the bins of an FFT of the frame alone.
    fft = max(512, 1 << (2 * facts.frame - 1).bit_length())
    filters = mel_filters(facts.mels, fft, facts.rate)
    return [log_mel(wave, filters, frame=facts.frame, hop=facts.hop) for wave in waves]


if TYPE_CHECKING:
    _: type[Preprocessor] = SoundPreprocessor
