"""What the interface and a panel's process say to each other: one JSON object a line."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from nntui.tui.draw.text import Line

MOST_BYTES = 512 << 10
"""Of one message: a picture that fills 200x60 cells is 350 kB."""

MOST_LINES = 500
"""Of one drawing."""


class Request(msgspec.Struct, kw_only=True, frozen=True):
    """What a panel's process is started with, as its only argument."""

    folder: str
    panel: str
    """plugin/name."""
    path: list[str]
    """sys.path of the interface."""
    limit: float
    """Seconds after which the kernel ends the process within a drawing, should the interface not have done so."""
    interval: float
    """Fewest seconds from one drawing to the next."""


class Shape(msgspec.Struct, kw_only=True, frozen=True):
    """From the interface: how much room there is, and whether anybody looks."""

    width: int
    height: int
    charset: Literal["braille", "blocks", "ascii"] = "braille"
    colours: bool = True
    shown: bool = True


Stage: TypeAlias = Literal["importing", "reading", "drawing", "resting"]


class Staged(msgspec.Struct, tag="stage", frozen=True):
    """What the process does now: "resting" after a drawing that is the same as the last."""

    stage: Stage


class Drawn(msgspec.Struct, tag="drawn", kw_only=True, frozen=True):
    """A drawing. `printed` is the last line that the plugin printed, "" where it prints nothing."""

    lines: list[Line]
    printed: str = ""


class Failure(msgspec.Struct, tag="failure", kw_only=True, frozen=True):
    """Why there is no drawing."""

    message: str
    """"raised ValueError: ...": what the panel did."""
    advice: str = ""
    trace: str = ""
    printed: str = ""
    ended: bool = False
    """Whether its process has ended, so that there will be no drawing until a person asks for one."""


Said: TypeAlias = Staged | Drawn | Failure

encode = msgspec.json.Encoder().encode
decode_said = msgspec.json.Decoder(Said).decode
"""Raises msgspec.DecodeError (a ValueError) for what is no message."""
decode_shape = msgspec.json.Decoder(Shape).decode
decode_request = msgspec.json.Decoder(Request).decode
