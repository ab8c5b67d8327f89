"""Pictures of screens that are the same on every machine: a clock that stands, figures that are given, SVGs without
what a version of Rich or the moment puts into them."""

from __future__ import annotations

import asyncio
import difflib
import html
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_runs import screen_text, until
from pytest_textual_snapshot import SVGImageExtension, normalize_svg
from recorded import BEGUN, STEPS
from rich.cells import cell_len
from syrupy import SnapshotAssertion
from textual.geometry import Size
from textual.pilot import Pilot

from nntui.runs.folder import RunFolder
from nntui.tui.draw.charset import CHARSETS
from nntui.tui.draw.foot import Figures

NOW = BEGUN + 1.0 + 3.4 * STEPS * 0.4 + 0.6
"""Just after the last event of a recorded run that trains."""
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TZ": "UTC"}
PATIENCE = 60.0
"""Seconds that a screen may take on a machine that has much else to do."""
ELSEWHERE = ("NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE", "COLUMNS", "LINES", "SSH_CONNECTION", "TMUX")
"""What of the terminal that the tests run in must not be seen."""


@contextmanager
def frozen(place: Path) -> Iterator[pytest.MonkeyPatch]:
    """In `place`, at `NOW` in UTC, on a machine of fixed figures, in a terminal of ours, with the built-ins alone.

    Only what is drawn stands still: the event loop's clock goes on.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ELSEWHERE:
            patch.delenv(name, raising=False)
        for name, value in TERMINAL.items():
            patch.setenv(name, value)
        patch.setenv("NNTUI_PLUGINS", "")
        patch.chdir(place)
        time.tzset()
        patch.setattr(time, "time", lambda: NOW)
        waits = SimpleNamespace(monotonic=lambda: 0.0)
        patch.setattr("nntui.tui.asking.time", waits)
        patch.setattr("nntui.tui.widgets.asked.time", waits)
        patch.setattr("nntui.tui.process.Meter.figures", _figures)
        yield patch
    time.tzset()


def _figures(self: object, pid: int, where: str, *, live: bool, device: str = "") -> Figures:
    return Figures(cpu=198.0 if live else None, memory=612_000_000 if live else None, disk=41_000_000_000)


def still(folder: RunFolder) -> RunFolder:
    """Its files as if nothing was written since `NOW`."""
    for file in folder.path.rglob("*"):
        os.utime(file, (NOW, NOW))
    return folder


class Picture(SVGImageExtension):
    """One SVG a picture. Only what a person sees is in it."""

    def serialize(self, *args: Any, **kwargs: Any) -> Any:  # as syrupy declares them
        return bare(super().serialize(*args, **kwargs))


_TEXT = re.compile(r'<text class="terminal-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
_RECT = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*/>')
_CELL = 12.2
"""Rich's width of a cell."""


def bare(svg: str) -> str:
    """Rich's SVG, smaller and the same in any viewer: no web fonts and no clipping of lines; each stretch of words
    stands where it belongs, whatever the font's blanks; neighbours of one colour are one rectangle."""
    dropped = (
        r"<!--.*?-->\s*|<text[^>]*>\s*</text>|@font-face \{.*?\}\s*|<clipPath id=\"[\w-]*line-\d+\">.*?</clipPath>\s*"
    )
    svg = re.sub(dropped, "", svg, flags=re.DOTALL)
    svg = re.sub(r"\.terminal-(r\d+) ", r".\1 ", svg.replace("Fira Code", "Fira Code, DejaVu Sans Mono"))
    svg = re.sub(f"(?:{_RECT.pattern})+", _joined, svg)
    return re.sub(r"[ \t]+$", "", _TEXT.sub(_words, svg), flags=re.MULTILINE)


def _words(text: re.Match[str]) -> str:
    """A text cut at every two blanks."""
    style, x, y, said = text[1], float(text[2]), text[3], html.unescape(text[4])
    out = []
    for part in re.finditer(r"(?:[^\xa0]|\xa0(?=[^\xa0])(?<=[^\xa0]\xa0))+", said):
        at = x + cell_len(said[: part.start()]) * _CELL
        size = cell_len(part[0]) * _CELL
        out.append(f'<text class="{style}" x="{at:.5g}" y="{y}" textLength="{size:.5g}">{html.escape(part[0])}</text>')
    return "\n".join(out)


def _joined(row: re.Match[str]) -> str:
    """Rectangles one after the other, as few as they can be."""
    out: list[tuple[str, float, str, float, str]] = []
    for fill, x, y, width, height in _RECT.findall(row[0]):
        at, size = float(x), float(width)
        if out and out[-1][0] == fill and out[-1][2] == y and abs(out[-1][1] + out[-1][3] - at) < 0.01:
            out[-1] = (fill, out[-1][1], y, out[-1][3] + size, height)
        else:
            out.append((fill, at, y, size, height))
    return "\n".join(
        f'<rect fill="{fill}" x="{x:.5g}" y="{y}" width="{width:.5g}" height="{height}"/>'
        for fill, x, y, width, height in out
    )


def words_of(svg: str) -> list[str]:
    """The lines of a picture, as text."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(r'<text class="r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg):
        rows.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\xa0", " ")))
    lines = []
    for _, parts in sorted(rows.items()):
        line = ""
        for x, text in sorted(parts):
            line = line.ljust(round(x / _CELL)) + text
        lines.append(line.rstrip())
    return lines


class Album:
    """Takes pictures and compares each with the one that is kept; `check` tells of all that differ."""

    def __init__(self, snapshot: SnapshotAssertion, folder: Path) -> None:
        self._snapshot = snapshot.use_extension(Picture)
        self._folder = folder
        self._wrong: list[str] = []

    async def take(self, pilot: Pilot[Any], name: str, *words: str) -> None:
        """The screen once these words are on it and nothing moves any more."""
        await settled(pilot, *words)
        svg = pilot.app.export_screenshot(title="nntui", simplify=True)
        kept = self._snapshot(name=name)
        if kept == svg:
            return
        svg = bare(normalize_svg(svg))
        now = self._folder / f"{name}.svg"
        now.write_text(svg)
        before = words_of(str(kept))
        lines = difflib.unified_diff(before, words_of(svg), "kept", "now", n=1, lineterm="")
        told = "\n".join(lines) or "the words are the same, their colours are not"
        self._wrong.append(f"{name} is not as it was kept; now: {now}\n{told}")

    def check(self) -> None:
        advice = "where that is meant: pytest tests/tui/test_snapshots.py --snapshot-update, and look at each picture"
        assert not self._wrong, "\n\n".join([*self._wrong, advice])


async def settled(pilot: Pilot[Any], *words: str) -> None:
    """Wait until the words are on the screen, whatever was put off is drawn, and two looks in a row are alike."""
    await until(pilot, lambda: all(word in screen_text(pilot) for word in words), PATIENCE)
    screens = (*pilot.app._background_screens, pilot.app.screen)
    for screen in screens:
        if hasattr(screen, "redraw"):  # not later, as its pace would have it
            screen.redraw()
    before: list[Any] = []
    for _ in range(200):
        await pilot.pause()
        await asyncio.sleep(0.01)
        now = [list(screen._compositor.render_strips()) for screen in screens]
        if now == before:
            return
        before = now
    raise AssertionError(f"the screen does not come to rest:\n{screen_text(pilot)}")


async def dressed(pilot: Pilot[Any], *, size: tuple[int, int], theme: str = "dark", charset: str = "braille") -> None:
    """Another terminal: its size, theme and characters."""
    app = pilot.app
    app.theme = f"nntui-{theme}"
    app.charset = CHARSETS[charset]  # type: ignore[attr-defined]
    if app.size != Size(*size):
        await pilot.resize_terminal(*size)
    await until(pilot, lambda: app.screen.size == Size(*size), PATIENCE)
