"""The settings of the reader of recordings."""

from __future__ import annotations

from typing import Literal

from nntui import Params, param


class AudioParams(Params):
    target: str | None = param(None, help="Of a table of recordings: the column with the classes; empty: found")
    files: str | None = param(None, help="Of a table of recordings: the column with their paths; empty: found")
    rate: int | None = param(
        None, ge=1000, le=192_000, unit="Hz", help="Samples a second; empty: what most recordings have, at most 16,000"
    )
    seconds: float | None = param(
        None, gt=0, le=600, unit="s", help="Length of a sound; empty: what 95 of 100 are within, at most 5"
    )
    silence: Literal["keep", "trim"] = param("keep", help="trim: leave out the silence before and after a sound")
    mels: int | None = param(None, ge=8, le=128, help="Mel bands of a frame; empty: by the rate, 40 or 64")
    frame: float | None = param(None, ge=5, le=200, unit="ms", help="Length of a frame; empty: two and a half hops")
    hop: float | None = param(
        None, ge=2, le=100, unit="ms", help="Time from one frame to the next; empty: by the length, 10 to 40"
    )
