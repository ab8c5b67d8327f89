"""Log-mel spectrograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    Floats = npt.NDArray[np.float64]

FLOOR = 1e-6
"""Added to the energy before its logarithm: digital silence stays finite. Samples are -1..1."""


def hertz_to_mel(hertz: Floats) -> Floats:
    """mel = 2595 log10(1 + f / 700) (O'Shaughnessy, Speech Communication, 1987)."""
    return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0), dtype=np.float64)


def mel_to_hertz(mel: Floats) -> Floats:
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0), dtype=np.float64)


def mel_filters(bands: int, fft: int, rate: int) -> Floats:
    """Triangular filters (bands, fft // 2 + 1), evenly spaced in mel from 0 to half the rate, each with peak 1.

    Davis and Mermelstein, Comparison of parametric representations for monosyllabic word recognition, IEEE
    Transactions on ASSP 28(4), 1980.
    """
    top = hertz_to_mel(np.array([rate / 2.0]))[0]
    edges = mel_to_hertz(np.linspace(0.0, top, bands + 2))
    bins = np.linspace(0.0, rate / 2.0, fft // 2 + 1)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float64)


def log_mel(wave: npt.NDArray[np.float32], filters: Floats, *, frame: int, hop: int) -> Tensor:
    """Natural logarithm of the mel energies, float32 (frames, bands), of a sound (samples,).

    Hann windows of `frame` samples every `hop`, the first centred on the first sample, the sound continued with
    silence at both ends: 1 + samples // hop frames.
    """
    import torch

    fft = 2 * (filters.shape[1] - 1)
    spectrum = torch.stft(
        torch.from_numpy(wave),
        n_fft=fft,
        hop_length=hop,
        win_length=frame,
        window=torch.hann_window(frame),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    energy = torch.from_numpy(filters.astype(np.float32)) @ spectrum.abs().square()
    return torch.log(energy + FLOOR).T.contiguous()
