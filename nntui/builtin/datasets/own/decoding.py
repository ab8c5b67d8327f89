"""One recording, from its file to log-mel frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from nntui.builtin.datasets.mel import log_mel, mel_filters
from nntui.builtin.datasets.sounds import read_sound

if TYPE_CHECKING:
    import numpy.typing as npt

    Wave = npt.NDArray[np.float32]
    Frames = npt.NDArray[np.float16]

STREAMED = 0x7FFF_0000
"""Lengths in a WAV header from which on nobody knew it when it was written."""
CURVE = 100
"""Stretches of an envelope."""
QUIET = 0.01
"""Of the loudest stretch's level (40 dB below it): what is below, at both ends, is silence that may be trimmed."""
MARGIN = 0.05
"""Seconds of silence that trimming keeps: the softest sounds are at the ends of words."""
UNTRIMMED = 60.0
"""Seconds of a file that are searched for sound where silence is trimmed."""


@dataclass(frozen=True, kw_only=True)
class Mel:
    """How a recording becomes frames."""

    rate: int
    """Samples a second."""
    mels: int
    frame: int
    """Samples."""
    hop: int
    """Samples."""
    seconds: float
    """No more than this is read of a recording."""
    silence: Literal["keep", "trim"] = "keep"


class Heard(NamedTuple):
    """What a recording holds."""

    frames: Frames
    """Log-mel energies (T, mels): float16, which tells a hundredth of a decibel, in half the room."""
    curve: Frames
    """Lowest and highest sample of each of at most CURVE stretches, (2, CURVE); the last one repeated."""
    seconds: float
    """Of what was read."""
    silent: bool
    """Whether every sample is zero."""


class Header(NamedTuple):
    """What a file says of itself."""

    rate: int
    seconds: float


def header(path: Path) -> Header:
    """Raises ValueError where the file is no recording, naming why but not the file."""
    import soundfile

    try:
        if path.stat().st_size == 0:
            raise ValueError("the file is empty")
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise ValueError(_no_sound(error)) from error
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if info.frames <= 0:
        raise ValueError("it holds no sound")
    if info.format in ("WAV", "WAVEX") and (lost := _cut_off(path)):
        raise ValueError(f"it is cut off: {lost:,} bytes that its header promises are not there")
    return Header(int(info.samplerate), info.frames / info.samplerate)


def _cut_off(path: Path) -> int:
    """Bytes that a WAV file lacks of what its header says; libsndfile reads what is there without a word. Headers of
    streams, whose length was not known, say 0 or the largest number."""
    with path.open("rb") as file:
        beginning = file.read(8)
    if beginning[:4] != b"RIFF":
        return 0
    promised = int.from_bytes(beginning[4:8], "little")
    lost = promised + 8 - path.stat().st_size
    return lost if lost > promised // 100 and 0 < promised < STREAMED else 0


def _no_sound(error: Exception) -> str:
    told = str(getattr(error, "error_string", error)).rstrip(".")
    if "not a regular file" in told:  # libsndfile's guess of a file that it knows nothing of
        told = "what it holds has none of the forms of sounds"
    return f"not a sound that can be read ({told})"


def hear(path: Path, mel: Mel) -> Heard:
    """Raises ValueError (naming the file) or OSError."""
    trims = mel.silence == "trim"
    wave = read_sound(str(path), mel.rate, max(UNTRIMMED, mel.seconds) if trims else mel.seconds)
    if trims:
        wave = trimmed(wave, mel.rate)[: math.ceil(mel.seconds * mel.rate)]
    frames = log_mel(wave, filters(mel), frame=mel.frame, hop=mel.hop).numpy().astype(np.float16)
    return Heard(frames, _curve(wave), len(wave) / mel.rate, not wave.any())


_FILTERS: dict[tuple[int, int, int], npt.NDArray[np.float64]] = {}


def filters(mel: Mel) -> npt.NDArray[np.float64]:
    """Mel filters for frames of this length. Longer than the frame: the lowest bands are narrower than the bins of an
    FFT of the frame alone."""
    fft = max(512, 1 << (2 * mel.frame - 1).bit_length())
    key = (mel.mels, fft, mel.rate)
    if key not in _FILTERS:
        _FILTERS[key] = mel_filters(*key)
    return _FILTERS[key]


def trimmed(wave: Wave, rate: int) -> Wave:
    """Without the silence before and after; a wave that is silent throughout stays as it is."""
    step = max(1, rate // 100)
    count = -(-len(wave) // step)
    padded = np.pad(wave, (0, count * step - len(wave))).reshape(count, step)
    level = np.sqrt(np.square(padded, dtype=np.float64).mean(axis=1))
    loud = np.flatnonzero(level > QUIET * level.max())
    if not len(loud):
        return wave
    margin = round(MARGIN * rate)
    return wave[max(0, loud[0] * step - margin) : (loud[-1] + 1) * step + margin]


def _curve(wave: Wave) -> Frames:
    parts = min(CURVE, len(wave))
    edges = np.linspace(0, len(wave), parts + 1).astype(np.int64)[:-1]
    both = np.stack([np.minimum.reduceat(wave, edges), np.maximum.reduceat(wave, edges)])
    return np.pad(both, ((0, 0), (0, CURVE - parts)), mode="edge").astype(np.float16)
