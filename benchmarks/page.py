"""Tables of `docs/benchmarks.md`: a row is what was measured, the figure, what was asked, and whether that was met."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


class Row(NamedTuple):
    what: str
    measured: str
    asked: str = ""
    met: bool | None = None
    """None: nothing was asked."""

    @property
    def line(self) -> str:
        met = "" if self.met is None else "yes" if self.met else "**no**"
        return f"| {self.what} | {self.measured} | {self.asked} | {met} |"


def measured() -> str:
    """When and where."""
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    return f"Measured {time.strftime('%Y-%m-%d')} on {machine}"


def table(rows: list[Row], terminal: str = ", 256 colours") -> list[str]:
    """When and where, what was missed, and the table."""
    missed = [row for row in rows if row.met is False]
    asked = sum(row.met is not None for row in rows)
    told = f" {len(missed)} of {asked} missed what was asked." if missed else ""
    return [
        f"{measured()}{terminal}.{told}",
        "",
        "| what | measured | asked | met |",
        "| --- | --- | --- | --- |",
        *(row.line for row in rows),
    ]


def read(part: str) -> list[str]:
    """The lines of a part of the page."""
    return PAGE.read_text().split(f"<!-- {part}: begin -->")[1].split(f"<!-- {part}: end -->")[0].splitlines()


def write(part: str, lines: list[str]) -> None:
    """Puts a part into the page, in place of the one before; the other parts stay."""
    text = PAGE.read_text()
    before, rest = text.split(f"<!-- {part}: begin -->")
    after = rest.split(f"<!-- {part}: end -->")[1]
    body = "\n".join(lines)
    PAGE.write_text(f"{before}<!-- {part}: begin -->\n\n{body}\n\n<!-- {part}: end -->{after}")
