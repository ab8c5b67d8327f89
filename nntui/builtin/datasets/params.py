"""The settings of the built-in data sets."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from nntui import Params, param


class HamletParams(Params):
    context: int = param(128, ge=2, le=4096, help="Characters that a window tells, each once")
    overlap: int = param(0, ge=0, le=4096, help="Characters before them that it also reads, told by the window before")


class RunningTextParams(Params):
    tokens: Literal["char", "byte", "word", "bpe"] = param(
        "char", help="What is told: characters, bytes, words, or pieces of words found by byte-pair encoding"
    )
    vocabulary: int = param(
        2000,
        ge=257,
        le=200_000,
        help="For word and bpe: most entries, the 256 bytes among them",
    )
    context: int | None = param(
        None, ge=2, le=65_536, help="Characters that a window tells, each once; empty: 128, of a short text fewer"
    )
    overlap: int = param(0, ge=0, le=65_536, help="Characters before them that it also reads")


class LabelledTextParams(Params):
    text: str | None = param(None, help="Column that holds the texts; empty: found by content")
    target: str | None = param(None, help="Column that holds the classes; empty: found by content")
    tokens: Literal["auto", "char", "word", "bpe"] = param(
        "auto", help="What a text is divided into; auto: characters for single words, words for sentences"
    )
    vocabulary: int = param(20_000, ge=300, le=500_000, help="For word and bpe: most entries")
    longest: int | None = param(
        None, ge=10, le=1_000_000, help="Characters of a text that are read; empty: 10,000, of many rows 4,000"
    )


class SeattleWeatherParams(Params):
    window: int = param(7, ge=1, le=365, unit="days", help="Days that are looked back on")
    horizon: int = param(1, ge=1, le=30, unit="days", help="Days ahead that are told, the next one first")
    targets: tuple[Literal["temp_max", "temp_min", "precipitation", "wind"], ...] = param(
        ("temp_max",), min_length=1, help="What is told of each day"
    )

    @model_validator(mode="after")
    def _each_target_once(self) -> SeattleWeatherParams:
        if len(set(self.targets)) < len(self.targets):
            raise ValueError("targets: each may be named once")
        return self


class SpokenLanguagesParams(Params):
    mels: int = param(40, ge=8, le=64, help="Mel bands of a frame")
    frame: float = param(25.0, ge=5, le=60, unit="ms", help="Length of a frame")
    hop: float = param(10.0, ge=2, le=60, unit="ms", help="Time from one frame to the next")


class MoonsParams(Params):
    n: int = param(1000, ge=10, le=1_000_000, help="Points")
    noise: float = param(0.15, ge=0, le=2, help="Standard deviation of the noise on each coordinate")
    seed: int = param(0, ge=0, help="Seed of the points")


class CirclesParams(Params):
    n: int = param(1000, ge=10, le=1_000_000, help="Points")
    noise: float = param(0.08, ge=0, le=2, help="Standard deviation of the noise on each coordinate")
    factor: float = param(0.5, gt=0, lt=1, help="Radius of the inner circle; the outer one's is 1")
    seed: int = param(0, ge=0, help="Seed of the points")


class SpiralsParams(Params):
    n: int = param(1000, ge=10, le=1_000_000, help="Points")
    noise: float = param(0.02, ge=0, le=2, help="Standard deviation of the noise on each coordinate")
    turns: float = param(1.5, gt=0, le=5, help="Turns of each arm; more are harder")
    arms: int = param(2, ge=2, le=8, help="Arms, each a class")
    seed: int = param(0, ge=0, help="Seed of the points")


class XorParams(Params):
    n: int = param(1000, ge=10, le=1_000_000, help="Points")
    noise: float = param(0.05, ge=0, le=2, help="Standard deviation of the noise on each coordinate")
    seed: int = param(0, ge=0, help="Seed of the points")
