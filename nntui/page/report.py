"""A report as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui.engine.reporting.report import Report


def write_page(report: Report, path: Path) -> None:
    raise NotImplementedError
