"""The settings of pictures of a person's own."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from nntui import Params, param

LARGEST = 1024
_SIZE = re.compile(r"(\d{1,4})(?:\s*[x*]\s*(\d{1,4}))?")


class PictureParams(Params):
    size: Annotated[int, Field(ge=4, le=LARGEST)] | str = param(
        "auto", help="Pixels of a side, or height x width (48x64); auto: from the pictures, at most 64"
    )
    resize: Literal["crop", "pad", "stretch"] = param(
        "crop", help="What is done to pictures of other proportions: cropped, padded with black, or stretched"
    )
    colour: Literal["auto", "grey", "rgb"] = param("auto", help="auto: grey where all pictures are")
    mirror: Literal["auto", "yes", "no"] = param(
        "auto", help="Whether a mirror image means the same, for augmentation; auto: not for digits and letters"
    )
    target: str | None = param(None, help="For a table: column of the classes; empty: found")
    column: str | None = param(None, help="For a table: column of the pictures' paths; empty: found", advanced=True)

    @field_validator("size")
    @classmethod
    def _two_sides(cls, size: int | str) -> int | str:
        if isinstance(size, str) and size != "auto":
            found = _SIZE.fullmatch(size.strip().lower())
            if found is None or not all(4 <= int(side) <= LARGEST for side in found.groups() if side):
                raise ValueError(f"must be auto, 64 or 48x64 (height x width, 4 to {LARGEST}), not {size!r}")
        return size

    def sides(self) -> tuple[int, int] | None:
        """Height and width, where they are said."""
        if self.size == "auto":
            return None
        found = _SIZE.fullmatch(str(self.size).strip().lower())
        assert found is not None  # validated
        return int(found[1]), int(found[2] or found[1])
