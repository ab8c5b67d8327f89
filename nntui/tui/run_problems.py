"""What is wrong with a run's folder, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.draw.runs import LIVE

if TYPE_CHECKING:
    from nntui.runs.summary import Row


def problem_of(row: Row) -> str:
    """Why a run shows no figures, or not all; "" where nothing is wrong. Looks at its files only then."""
    v = row.summary.vitals
    if v.needs:
        return f"needs nntui {v.needs}: written in a later format"
    if row.summary.data and v.begun:
        return ""
    for file in (row.folder.run_toml, row.folder.events):
        try:
            with file.open("rb"):
                pass
        except FileNotFoundError:
            if row.status not in LIVE:
                return f"{file.name} is missing"
        except OSError as error:
            return f"{file.name} cannot be read: {error.strerror or error}"
    if row.status in LIVE:
        return ""
    if not row.summary.data:
        return "run.toml is damaged" if row.summary.source.toml[0] < 0 else "run.toml names no data"
    return "it never began" if row.folder.events.stat().st_size == 0 else "events.jsonl is damaged"
