"""Where the data sets that ship with nntui are: at the top of a checkout, inside the package of an installed wheel."""

from __future__ import annotations

from pathlib import Path

import nntui
from nntui.hooks.errors import UserError


def shipped(*parts: str) -> Path:
    """Path of a file or folder below datasets/. Raises UserError where it is missing."""
    package = Path(nntui.__file__).parent
    places = [package / "datasets", package.parent / "datasets"]
    for place in places:
        found = place.joinpath(*parts)
        if found.exists():
            return found
    raise UserError(
        f"{'/'.join(parts)}, which ships with nntui, is not in {' nor in '.join(map(str, places))}",
        advice="this installation is incomplete: install nntui again",
    )
