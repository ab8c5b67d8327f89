"""Which characters a terminal can draw: braille, block elements, or ASCII alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CharsetName = Literal["braille", "blocks", "ascii"]


@dataclass(frozen=True)
class Charset:
    """The marks of one set. Every one is a cell wide."""

    name: CharsetName
    live: str
    done: str
    failed: str
    paused: str
    stopped: str
    queued: str
    lost: str
    cursor: str
    """Before the row that is chosen."""
    marked: str
    point: str
    """A measured point on a chart: validation."""
    best: str
    invalid: str
    """A NaN or an infinity on a chart."""
    command: str
    """A command on a chart's axis."""
    checkpoint: str
    """A checkpoint there."""
    epoch: str
    """An epoch's line on a chart."""
    horizontal: str
    vertical: str
    corner: str
    tick: str
    """A vertical axis with a label at its left."""
    full: str
    """A filled part of a bar."""
    empty: str
    spark: str
    """Levels of a sparkline, lowest first."""
    ellipsis: str
    arrow: str
    dot: str
    up: str
    down: str

    @property
    def unicode(self) -> bool:
        return self.name != "ascii"


_UNICODE = {
    "live": "●", "done": "✓", "failed": "✗", "paused": "‖", "stopped": "■", "queued": "◌", "lost": "?",
    "cursor": "▸", "marked": "◆", "point": "○", "best": "★", "invalid": "×", "command": "▼", "checkpoint": "▵",
    "epoch": "╎", "horizontal": "─", "vertical": "│", "corner": "└", "tick": "┤", "full": "█", "empty": "░",
    "spark": "▁▂▃▄▅▆▇█", "ellipsis": "…", "arrow": "→", "dot": "·", "up": "↑", "down": "↓",
}  # fmt: skip

BRAILLE = Charset(name="braille", **_UNICODE)
BLOCKS = Charset(name="blocks", **_UNICODE)
"""For fonts without braille: charts are drawn with quarter blocks."""
ASCII = Charset(
    name="ascii", live="*", done="+", failed="x", paused="=", stopped="#", queued="~", lost="?", cursor=">", marked="@",
    point="o", best="*", invalid="X", command="v", checkpoint="'", epoch=":",
    horizontal="-", vertical="|", corner="+", tick="+",
    full="#", empty=".", spark="_.-=*#", ellipsis="~", arrow=">", dot=".", up="^", down="v",
)  # fmt: skip

CHARSETS: Mapping[str, Charset] = {"braille": BRAILLE, "blocks": BLOCKS, "ascii": ASCII}


def detect(environment: Mapping[str, str], encoding: str | None) -> Charset:
    """The set that a terminal shows. ASCII under the C locale, or where output is not UTF-8; the Linux console has no
    braille; braille elsewhere."""
    chosen = environment.get("LC_CTYPE")
    if chosen == "C.UTF-8" and environment.get("LANG") in (None, "", "C", "POSIX"):
        chosen = None  # Python's own doing, when it finds the C locale
    locale = environment.get("LC_ALL") or chosen or environment.get("LANG") or ""
    said = locale.partition(".")[2].partition("@")[0]  # Python may write UTF-8 where the locale says otherwise
    codes = {code.lower().replace("-", "") for code in (said, encoding) if code}
    if locale in ("C", "POSIX") or codes - {"utf8"}:
        return ASCII
    if environment.get("TERM") in ("linux", "vt100", "vt220"):
        return BLOCKS if environment.get("TERM") == "linux" else ASCII
    return BRAILLE
