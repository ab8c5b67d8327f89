"""What is done to one input of a batch: images mirrored, moved and distorted, sounds masked, noise, tokens left out.

Shapes: N rows, C channels, H height, W width, T time, F frequency bins or features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from nntui.hooks.data import InputSpec

STRIP = 1 << 16
"""Length of a strip of noise: rows read from so many different places of it."""


class Transform(Protocol):
    """What is done to one input."""

    columns: int
    """Uniform numbers that it wants for each row."""

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        """Makes ready for an epoch from uniform numbers (rows, columns) on the CPU, and further ones if need be."""
        ...

    def __call__(self, x: Tensor, index: Tensor, lengths: Tensor | None) -> Tensor:
        """The batch `x`, whose rows have the numbers `index`, transformed; `x` is not changed."""
        ...


def _whole(uniform: Tensor, count: int | Tensor) -> Tensor:
    """Whole numbers 0 .. count - 1 from uniform ones; int64."""
    most = count - 1
    return torch.minimum((uniform * count).long(), torch.as_tensor(most, device=uniform.device))


def _around_zero(uniform: Tensor, reach: float) -> Tensor:
    """Uniform in -reach .. reach."""
    return (uniform * 2 - 1) * reach


def _sides(item: InputSpec) -> tuple[int, int, int]:
    channels, height, width = (int(side or 1) for side in item.shape)
    return channels, height, width


class MirrorShift:
    """Mirrors half of the images, and moves each by whole pixels, black coming in at the edges.

    Both are copies of contiguous blocks (`index_select` along the first axis), which on a CPU is several times
    cheaper than a choice or an index for each pixel.
    """

    columns = 3

    def __init__(self, item: InputSpec, level: str) -> None:
        self._mirror = item.mirror
        self._channels, self._height, self._width = _sides(item)
        share = {"light": 0.0 if item.mirror else 1 / 14, "standard": 1 / 8}[level]
        self._down, self._right = (max(1, round(side * share)) if share else 0 for side in _sides(item)[1:])

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        del numbers
        self._mirrored = (table[:, 0] < 0.5).long().to(device)
        down, right = _whole(table[:, 1], 2 * self._down + 1), _whole(table[:, 2], 2 * self._right + 1)
        self._start = (down * (self._width + 2 * self._right) + right).to(device)

    def __call__(self, x: Tensor, index: Tensor, lengths: Tensor | None) -> Tensor:
        del lengths
        rows = torch.arange(len(x), device=x.device)
        if self._mirror:
            both = torch.cat((x, x.flip(-1))).flatten(1)
            x = both.index_select(0, rows + len(x) * self._mirrored.index_select(0, index)).view(x.shape)
        return self._shifted(x.contiguous(), rows, index) if self._down else x

    def _shifted(self, x: Tensor, rows: Tensor, index: Tensor) -> Tensor:
        padded = F.pad(x, (self._right, self._right, self._down, self._down))
        _, _, high, wide = padded.shape
        # A window onto a padded image is one block of its memory, read with the padded image's strides.
        block = ((self._channels - 1) * high + self._height - 1) * wide + self._width
        strip = padded.view(-1)
        starts = rows * (self._channels * high * wide) + self._start.index_select(0, index)
        blocks = strip.as_strided((strip.numel() - block + 1, block), (1, 1)).index_select(0, starts)
        shifted = blocks.as_strided(x.shape, (block, high * wide, wide, 1))
        # Whole numbers become float, and so contiguous, when they are normalised; floats might not.
        return shifted.contiguous() if shifted.is_floating_point() else shifted


class Distort:
    """Mirrors (if it may), rotates up to 15 degrees, scales 0.85 to 1.15, shifts up to 1/8, in one bilinear sampling;
    changes brightness and contrast by up to a fifth; covers a square of a quarter of the side (cutout, DeVries and
    Taylor 2017) with the mean."""

    columns = 9

    def __init__(self, item: InputSpec) -> None:
        self._mirror = item.mirror
        _, self._height, self._width = _sides(item)
        self._top = 255.0 if item.dtype == "uint8" else math.inf
        self._range = 255.0 if item.dtype == "uint8" else 4 * sum(item.std) / len(item.std) if item.std else 1.0
        self._grey = sum(item.mean) / len(item.mean) if item.mean else self._range / 2

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        del numbers
        u = table.unbind(1)
        mirrored = torch.where(u[0] < 0.5, -1.0, 1.0) if self._mirror else torch.ones_like(u[0])
        angle, scale = _around_zero(u[1], math.radians(15)), 1 + _around_zero(u[2], 0.15)
        cos, sin = angle.cos() / scale, angle.sin() / scale
        wide, high = self._width, self._height
        # From a pixel of the result, counted from the centre, to grid_sample's -1 .. 1 over the source.
        coefficients = (
            cos * mirrored * (2 / wide), sin * (2 / wide), _around_zero(u[3], 1 / 4),
            -sin * mirrored * (2 / high), cos * (2 / high), _around_zero(u[4], 1 / 4),
        )  # fmt: skip
        self._affine = torch.stack(coefficients, 1).to(device)
        contrast = 1 + _around_zero(u[5], 0.2)
        shade = self._grey * (1 - contrast) + _around_zero(u[6], 0.2 * self._range)
        self._light = torch.stack((contrast, shade), 1).to(device)
        self._covered = torch.stack((u[7] * high, u[8] * wide), 1).to(device)
        self._down = torch.arange(high, dtype=torch.float32, device=device)
        self._right = torch.arange(wide, dtype=torch.float32, device=device)

    def __call__(self, x: Tensor, index: Tensor, lengths: Tensor | None) -> Tensor:
        del lengths
        rows = len(x)
        a, b, c, d, e, f = self._affine.index_select(0, index).view(rows, 6, 1, 1).unbind(1)
        down = (self._down - (self._height - 1) / 2).unsqueeze(1)
        right = self._right - (self._width - 1) / 2
        # Written out: a matrix product may add up in another order for another number of rows.
        grid = torch.stack((right * a + down * b + c, right * d + down * e + f), 3)
        image = F.grid_sample(x.float(), grid, padding_mode="zeros", align_corners=False)
        contrast, shade = self._light.index_select(0, index).view(rows, 2, 1, 1, 1).unbind(1)
        image = image * contrast + shade
        if self._top != math.inf:
            image = image.clamp_(0.0, self._top)
        cover_down, cover_right = self._covered.index_select(0, index).unbind(1)
        low = (self._down - cover_down.unsqueeze(1)).abs() < self._height / 8
        near = (self._right - cover_right.unsqueeze(1)).abs() < self._width / 8
        covered = low.view(rows, 1, -1, 1) & near.view(rows, 1, 1, -1)
        return image.masked_fill_(covered, self._grey)


class SpecAugment:
    """Moves a spectrogram in time by up to a tenth of its length (its edge frames are repeated), covers a band of
    frequencies and a stretch of time, each up to a fifth, with the mean (SpecAugment, Park et al. 2019), and adds
    noise of a tenth of the standard deviation. Bands go through padding too; fewer than 8 bins have no bands."""

    def __init__(self, item: InputSpec, level: str) -> None:
        self._masks = {"light": 0, "standard": 1, "strong": 2}[level]
        self._noise = Noise(item, 0.1) if level == "strong" else None
        self.columns = 1 + 4 * self._masks + (1 if self._noise else 0)
        axes = len(item.shape)
        self._time = 1 + (item.time_axis if item.time_axis is not None else axes - 1 if item.kind == "image" else 0)
        self._band = axes if self._time != axes else axes - 1
        view = (-1, 1, 1) if item.kind == "image" else (-1,)
        self._mean = torch.tensor(item.mean or (0.0,)).view(view)

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        self._table = table.to(device)
        self._mean = self._mean.to(device)
        if self._noise is not None:
            self._noise.prepare(table[:, -1:], numbers, device)

    def __call__(self, x: Tensor, index: Tensor, lengths: Tensor | None) -> Tensor:
        rows, steps = len(x), x.shape[self._time]
        lines = self._table.index_select(0, index)
        at = torch.arange(steps, device=x.device)
        long = torch.full((rows,), steps, device=x.device) if lengths is None else lengths.to(x.device)
        x = self._moved(x.float(), lines[:, 0], at, long)  # a copy: what follows may work in place
        if self._noise is not None:
            true = (at < long.unsqueeze(1)).float()
            x += self._noise(x, index) * self._along(true, self._time, x)
        if self._masks:
            # Products of floats: on a CPU several times cheaper than a choice by a boolean for each number.
            stretches, bands = self._kept(lines[:, 1:], x, at, long)
            x.sub_(self._mean).mul_(stretches).mul_(bands).add_(self._mean)
        return x

    def _moved(self, x: Tensor, uniform: Tensor, at: Tensor, long: Tensor) -> Tensor:
        last = long.unsqueeze(1) - 1
        by = (_around_zero(uniform, 0.1) * long).round().long().unsqueeze(1)
        source = torch.where(at <= last, torch.minimum((at - by).clamp_(min=0), last), at)  # (N, T)
        if self._time == 1 and x.is_contiguous():  # whole frames lie together
            first = torch.arange(len(x), device=x.device).unsqueeze(1) * len(at)
            return x.flatten(0, 1).index_select(0, (source + first).flatten()).view(x.shape)
        return x.gather(self._time, self._along(source, self._time, x).expand_as(x))

    def _kept(self, u: Tensor, x: Tensor, at: Tensor, long: Tensor) -> tuple[Tensor, Tensor]:
        """1 where a time, and where a frequency, is kept, and 0 where it is covered; to be multiplied with x."""
        bins = x.shape[self._band]
        band = torch.arange(bins, device=x.device)
        all_bins = torch.full_like(long, bins if bins >= 8 else 0)
        stretches, bands = torch.ones((), device=x.device), torch.ones((), device=x.device)
        for k in range(0, 4 * self._masks, 4):
            stretches = stretches * _outside(at, u[:, k], u[:, k + 1], long)
            bands = bands * _outside(band, u[:, k + 2], u[:, k + 3], all_bins)
        return self._along(stretches, self._time, x), self._along(bands, self._band, x)

    @staticmethod
    def _along(values: Tensor, axis: int, x: Tensor) -> Tensor:
        """(N, ...) laid along one axis of x, to be broadcast over the others."""
        shape = [1] * x.dim()
        shape[0], shape[axis] = values.shape
        return values.view(shape)


def _outside(at: Tensor, width: Tensor, start: Tensor, long: Tensor) -> Tensor:
    """(N, len(at)): 0 within an interval of up to a fifth of `long` (N,), drawn from two uniform numbers; 1 outside."""
    width = (width * (0.2 * long)).floor()
    start = (start * (long - width)).floor()
    return ((at < start.unsqueeze(1)) | (at >= (start + width).unsqueeze(1))).float()


class Noise:
    """Normal noise, `share` of each feature's standard deviation, from a strip that all rows read."""

    def __init__(self, item: InputSpec, share: float) -> None:
        view = (-1, 1, 1) if item.kind == "image" else (-1,)
        self._scale = torch.tensor(item.std or (1.0,)).view(view) * share

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        self._place = _whole(table[:, 0], STRIP).to(device)
        self._strip = torch.randn(STRIP, generator=numbers).to(device)
        self._scale = self._scale.to(device)

    def __call__(self, x: Tensor, index: Tensor) -> Tensor:
        """Noise for the rows `index`, of the shape of `x`."""
        size = x[0].numel()
        self._strip = _lengthened(self._strip, size)
        return _windows(self._strip, self._place.index_select(0, index), size).view(x.shape) * self._scale


def _lengthened(strip: Tensor, size: int) -> Tensor:
    """A strip that can be read from any of its first STRIP places for `size` numbers; its end is its beginning."""
    if len(strip) >= STRIP + size:
        return strip
    return strip[:STRIP].repeat(2 + size // STRIP)


def _windows(strip: Tensor, places: Tensor, size: int) -> Tensor:
    """(N, size): what the strip holds from each place on."""
    return strip.as_strided((STRIP, size), (1, 1)).index_select(0, places)


class Jitter:
    """Adds noise of a twentieth of each feature's standard deviation; padding stays as it is."""

    columns = 1

    def __init__(self, item: InputSpec) -> None:
        self._noise = Noise(item, 0.05)

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        self._noise.prepare(table, numbers, device)

    def __call__(self, x: Tensor, index: Tensor, lengths: Tensor | None) -> Tensor:
        noise = self._noise(x, index)
        if lengths is not None:
            at = torch.arange(x.shape[1], device=x.device)
            noise = noise * (at < lengths.to(x.device).unsqueeze(1)).unsqueeze(2)
        return x + noise


class TokenDropout:
    """Cuts half of the texts to a piece, from half of their length on (where lengths are told), and replaces one token
    in twenty by 0, the code of padding."""

    columns = 4

    def prepare(self, table: Tensor, numbers: torch.Generator, device: torch.device) -> None:
        self._place = _whole(table[:, 0], STRIP).to(device)
        self._drop = (torch.rand(STRIP, generator=numbers) < 0.05).to(device)
        self._share = torch.where(table[:, 1] < 0.5, 0.5 + 0.5 * table[:, 2], 1.0)  # on the host, as lengths are
        self._start = table[:, 3].clone()

    def cut(self, index: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Where the piece of each row begins, and its length; on the host. At least three tokens stay."""
        rows = index.to(self._share.device)
        kept = torch.minimum((lengths * self._share.index_select(0, rows)).long().clamp_(min=3), lengths)
        return _whole(self._start.index_select(0, rows), 1 + lengths - kept), kept

    def __call__(self, x: Tensor, index: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is not None:
            start, kept = (part.to(x.device) for part in self.cut(index, lengths))
            at = torch.arange(x.shape[1], device=x.device)
            piece = x.gather(1, (at + start.unsqueeze(1)).clamp_(max=x.shape[1] - 1))
            x = piece.masked_fill(at >= kept.unsqueeze(1), 0)
        self._drop = _lengthened(self._drop, x.shape[1])
        return x.masked_fill(_windows(self._drop, self._place.index_select(0, index), x.shape[1]), 0)

    def lengths(self, lengths: Tensor, index: Tensor) -> Tensor:
        return self.cut(index, lengths)[1].to(lengths.dtype)
