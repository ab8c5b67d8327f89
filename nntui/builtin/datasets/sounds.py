"""A person's sound file, brought to one channel and one rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Wave = npt.NDArray[np.float32]

ZEROS = 16
"""Zero crossings of the sinc on each side: what is kept reaches to about 0.95 of the lower half rate."""
CHUNK = 1 << 14
"""Samples made at a time, so that memory stays small."""
PHASES = 1024
"""Places between two old samples up to which each has a kernel of its own."""


def read_sound(path: str, rate: int, seconds: float | None = None) -> Wave:
    """A sound, -1..1, its channels averaged, at `rate` samples a second; no more than its first `seconds`.

    WAV, FLAC, OGG and what else libsndfile reads. Raises ValueError or OSError, naming the file.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            own = int(file.samplerate)
            wanted = -1 if seconds is None else math.ceil(seconds * own) + ZEROS * max(1, math.ceil(own / rate))
            samples = file.read(wanted, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        from pathlib import Path

        if not Path(path).exists():
            raise FileNotFoundError(f"{path}: there is no such file; the path of a sound was expected") from error
        raise ValueError(f"{path}: not a sound that can be read (WAV, FLAC, OGG): {error.error_string}") from error
    if not len(samples):
        raise ValueError(f"{path}: it holds no sound")
    if not np.isfinite(samples).all():
        raise ValueError(f"{path}: it holds samples that are not finite")
    mono = samples.mean(axis=1, dtype=np.float32)
    resampled = resample(mono, own, rate)
    return resampled if seconds is None else resampled[: math.ceil(seconds * rate)]


def resample(wave: Wave, old: int, new: int) -> Wave:
    """`wave` at `new` instead of `old` samples a second: band-limited interpolation with a Hann-windowed sinc.

    Smith and Gossett, A flexible sampling-rate conversion method, ICASSP 1984. What lies above half the lower rate
    is taken away, so nothing folds back. Length: ceil(samples * new / old).
    """
    if old == new:
        return wave
    count = -(-len(wave) * new // old)
    cutoff = min(1.0, new / old)  # as a share of the old half rate
    reach = math.ceil(ZEROS / cutoff)
    padded = np.pad(wave.astype(np.float64), (reach, reach + 1))
    common = math.gcd(old, new)
    if new // common <= PHASES:
        return _by_phase(padded, count, old // common, new // common, cutoff)
    taps = np.arange(-reach, reach + 1)
    resampled = np.empty(count, dtype=np.float32)
    for start in range(0, count, CHUNK):
        numbers = np.arange(start, min(start + CHUNK, count), dtype=np.int64)
        # Position on the old samples, as whole and fraction: exact in integers, whatever the length.
        nearest, rest = numbers * old // new, (numbers * old % new) / new
        kernel = _kernel(rest, cutoff)
        resampled[numbers] = np.einsum("nt,nt->n", kernel, padded[nearest[:, None] + taps + reach])
    return resampled


def _by_phase(padded: npt.NDArray[np.float64], count: int, old: int, new: int, cutoff: float) -> Wave:
    """The same where few places between two old samples are asked for, again and again: one kernel for each.

    44,100 to 16,000 Hz: 160 places, 0.001 s for a second of sound and not 0.096.
    """
    phases = np.arange(min(new, count))
    kernels = _kernel((phases * old % new) / new, cutoff)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernels.shape[1])
    resampled = np.empty(count, dtype=np.float32)
    for phase in phases.tolist():
        part = resampled[phase::new]
        part[:] = windows[phase * old // new :: old][: len(part)] @ kernels[phase]
    return resampled


def _kernel(rest: npt.NDArray[np.float64], cutoff: float) -> npt.NDArray[np.float64]:
    """Weights of the old samples around places that lie `rest` (N,) behind one: (N, taps)."""
    reach = math.ceil(ZEROS / cutoff)
    distance = np.arange(-reach, reach + 1) - rest[:, None]
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / (reach + 1), -1, 1))
    return np.asarray(cutoff * np.sinc(cutoff * distance) * window)
