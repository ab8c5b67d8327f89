"""The preprocessor of a person's recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, true_class
from nntui.builtin.datasets.own.audio import MOST_SECONDS, WITHIN, AudioFacts
from nntui.builtin.datasets.own.decoding import hear
from nntui.builtin.datasets.own.recordings import sound_files
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import Asked, DataSpec, Example, Finding, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.builtin.datasets.own.decoding import Heard
    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

CHUNK = 512
"""Recordings looked at together while the statistics are taken."""


@dataclass(frozen=True, kw_only=True)
class AudioPreprocessor:
    """`frames` float32 (N, T, mels): log-mel energies; `length` int64 (N,): the true number of frames.

    T is what 95 of 100 training recordings are within (or as asked): a longer one is cut, a shorter one filled with
    the mean of the training rows, which is 0 once normalised.
    """

    facts: AudioFacts
    frames: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def spec(self) -> DataSpec:
        frames = InputSpec(
            name="frames",
            kind="sequence",
            shape=(self.frames, self.facts.mel.mels),
            dtype="float32",
            mean=self.mean,
            std=self.std,
            lengths="length",
            time_axis=0,
        )
        target = TargetSpec(kind="classes", size=len(self.facts.classes), names=self.facts.classes)
        return DataSpec(modality="audio", inputs=(frames,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> AudioPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, AudioFacts)
        total, squares, count = np.zeros(facts.mel.mels), np.zeros(facts.mel.mels), 0
        lengths: list[int] = []
        for at in range(0, len(train), CHUNK):
            for spectrogram in source.rows(train[at : at + CHUNK])["frames"]:
                energies = spectrogram.astype(np.float64)
                total += energies.sum(axis=0)
                squares += np.square(energies).sum(axis=0)
                count += len(energies)
                lengths.append(len(energies))
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - np.square(mean), 0.0))
        return cls(
            facts=facts,
            frames=_length(lengths, facts),
            mean=tuple(mean.tolist()),
            std=tuple(np.where(std > 1e-3, std, 1.0).tolist()),
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        # Other recordings than the training's may have been decoded as suits them: they are decoded again.
        spectrograms = [
            frames if mel == self.facts.mel else hear(path, self.facts.mel).frames
            for frames, path, mel in zip(raw["frames"], raw["path"], raw["mel"], strict=True)
        ]
        frames = np.empty((len(spectrograms), self.frames, self.facts.mel.mels), dtype=np.float32)
        frames[:] = np.asarray(self.mean, dtype=np.float32)
        lengths = np.empty(len(spectrograms), dtype=np.int64)
        for row, spectrogram in enumerate(spectrograms):
            kept = spectrogram[: self.frames]
            frames[row, : len(kept)] = kept
            lengths[row] = len(kept)
        return {"frames": torch.from_numpy(frames), "length": torch.from_numpy(lengths), **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        return class_predictions(output, self.facts.classes)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Recordings from files, folders of them and tables that list them; none may be unreadable."""
        heard = [(path, hear(path, self.facts.mel)) for path, _ in sound_files(inputs, [])]
        if not heard:
            raise ValueError("the path of a recording (WAV, FLAC, OGG, MP3), or of a folder of them, was expected")
        return self._raw(heard)

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """As `read`, about `size` recordings at a time; what cannot be read is passed over and told."""
        heard: list[tuple[Path, Heard]] = []
        names: list[str] = []
        findings: list[Finding] = []
        for path, name in sound_files(inputs, findings):
            try:
                heard.append((path, hear(path, self.facts.mel)))
                names.append(name)
            except (ValueError, OSError) as error:
                findings.append(Finding(kind="skipped", message=str(error), places=(name,)))
            if len(heard) >= size:
                yield Asked(raw=self._raw(heard), names=names, findings=tuple(findings))
                heard, names, findings = [], [], []
        if heard:
            yield Asked(raw=self._raw(heard), names=names, findings=tuple(findings))
        elif findings:
            yield Asked(raw={}, names=(), findings=tuple(findings))

    def _raw(self, heard: Sequence[tuple[Path, Heard]]) -> Raw:
        return {
            "frames": [one.frames for _, one in heard],
            "curve": [one.curve for _, one in heard],
            "seconds": np.array([one.seconds for _, one in heard]),
            "path": [path for path, _ in heard],
            "mel": [self.facts.mel] * len(heard),
        }

    def example(self, raw: Raw, row: int) -> Example:
        """The sound's envelope: lowest and highest sample of each of its stretches, and the rate."""
        low, high = np.asarray(raw["curve"][row], dtype=np.float64)
        content = {  # + 0.0: no minus before a zero
            "rate": self.facts.mel.rate,
            "seconds": round(float(raw["seconds"][row]), 3),
            "low": [round(value, 4) + 0.0 for value in low.tolist()],
            "high": [round(value, 4) + 0.0 for value in high.tolist()],
        }
        return Example(kind="json", content=content, label=true_class(raw, row, self.facts.classes))

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AudioPreprocessor:
        return from_plain(cls, data)


def _length(lengths: Sequence[int], facts: AudioFacts) -> int:
    """Frames of every sound."""
    mel = facts.mel
    if facts.seconds is not None:
        return 1 + int(facts.seconds * mel.rate) // mel.hop
    most = 1 + int(MOST_SECONDS * mel.rate) // mel.hop
    within = int(np.ceil(np.percentile(lengths, WITHIN)))
    # Nothing is cut where the longest is hardly longer.
    return min(most, max(lengths) if max(lengths) <= 1.25 * within else within)


if TYPE_CHECKING:
    _: type[Preprocessor] = AudioPreprocessor
