"""Seeds for what is random: each use has a stream of its own, so that none shifts another."""

from __future__ import annotations

import hashlib

import torch


def mix(seed: int, *parts: int | str) -> int:
    """A 63-bit seed that is a pure function of `seed` and `parts` (BLAKE2b of their text)."""
    text = "/".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(seed: int, *parts: int | str) -> torch.Generator:
    """A CPU generator for one use: the numbers are the same whatever device trains."""
    return torch.Generator().manual_seed(mix(seed, *parts))


def epoch_order(seed: int, epoch: int, rows: int) -> torch.Tensor:
    """The order of an epoch: a permutation, int64 (rows,), on the CPU; a pure function of its arguments."""
    return torch.randperm(rows, generator=generator(seed, "order", epoch))
