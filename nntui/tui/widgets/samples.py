"""The samples panel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nntui.runs.events import Planned, Resumed, Sampled
from nntui.runs.jobs import Picture
from nntui.tui.draw.samples import ExampleShown, predictions, samples_lines
from nntui.tui.widgets.panels import Body, Panel

if TYPE_CHECKING:
    from pathlib import Path

    from nntui.tui.watched import Watched

LARGEST_INDEX = 8 << 20
LARGEST_PICTURE = 32 << 20
"""Pixels; a larger one is not opened."""
_PIXELS = 64
"""A picture is read in no more pixels than this a side: what a terminal shows of it."""


class SamplesPanel(Panel):
    """The fixed examples with what the network says of each; what changed since the last time is marked."""

    title = "Samples"
    wants = (Sampled, Planned, Resumed)

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(watched, id=id)
        self._examples: list[ExampleShown] = []
        self._seen: object = None

    def look(self) -> None:
        """Read examples/ anew where it has changed: it is written once, when the run is planned."""
        index = self.watched.folder.examples / "index.json"
        try:
            stamp: object = index.stat().st_mtime_ns
        except OSError:
            return
        if stamp == self._seen:
            return
        self._seen = stamp
        self._examples = read_examples(index)
        self.redraw()

    def body(self, cells: int, height: int) -> Body:
        state = self.watched.state
        plan = state.plan
        lines = samples_lines(
            self._examples,
            predictions(state, self._examples),
            cells,
            height,
            self.charset,
            colours=not self.app.no_color,
            tail=plan is not None and plan.metric.startswith(("bits", "perplexity")),
        )
        return Body(lines)


def read_examples(index: Path) -> list[ExampleShown]:
    """What examples/index.json lists; what of it cannot be shown says why."""
    try:
        if index.stat().st_size > LARGEST_INDEX:
            raise ValueError("it is too large")
        tree = json.loads(index.read_text(encoding="utf-8"))
        entries = tree["examples"] if tree.get("version", 1) == 1 else []
        return [_example(index.parent, entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return [ExampleShown("text", "", why=f"examples/index.json cannot be read: {error}")]


def _example(folder: Path, entry: dict[str, Any]) -> ExampleShown:
    kind, label = str(entry.get("kind", "")), str(entry.get("label", ""))
    if kind != "image":
        return ExampleShown(kind, label, content=entry.get("content"))
    name = str(entry.get("file", ""))
    if "/" in name or name.startswith(".") or not name:
        return ExampleShown(kind, label, why=f"{name!r} is no file of examples/")
    try:
        return ExampleShown(kind, label, picture=_picture(folder / name))
    except (OSError, ValueError, SyntaxError) as error:  # Pillow raises SyntaxError for a damaged PNG
        return ExampleShown(kind, label, why=f"{name} cannot be read: {error}")


def _picture(path: Path) -> Picture:
    from PIL import Image  # here: the text and tables of most runs need none of it

    with Image.open(path, formats=["PNG"]) as image:
        if image.width * image.height > LARGEST_PICTURE:
            raise ValueError("it is too large")
        mode = "L" if image.mode in ("1", "L", "I", "I;16") else "RGB"
        shown = image.convert(mode)
        shown.thumbnail((_PIXELS, _PIXELS), Image.Resampling.BOX)
        return Picture(width=shown.width, height=shown.height, channels=1 if mode == "L" else 3, pixels=shown.tobytes())
