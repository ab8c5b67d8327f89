"""Where data sets that do not ship with nntui are looked for, and where a download goes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.hooks.places import cache_dir

if TYPE_CHECKING:
    from nntui.hooks.data import DataContext


def roots(context: DataContext) -> tuple[Path, ...]:
    """--data.root, NNTUI_DATA and the cache, in this order, where set. A download goes below the first."""
    named = [context.root, os.environ.get("NNTUI_DATA")]
    found = [Path(name).expanduser() for name in named if name]
    return tuple(dict.fromkeys([*found, cache_dir() / "datasets"]))


def advice(name: str, files: str, url: str, looked: tuple[Path, ...]) -> str:
    """What to do without a network."""
    return (
        f"looked in {', '.join(map(str, looked))}\n"
        f"where there is a network, fetch {files} from {url}\n"
        f"and put it in {looked[0] / name}, or name the folder that holds it: --data.root DIR, or NNTUI_DATA=DIR"
    )
