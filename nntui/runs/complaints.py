"""The last resort of telling: standard error, where a run's own events cannot be written or are not enough."""

from __future__ import annotations

import sys

NO_CHECKPOINT = "no checkpoint could be written"
"""How a warning of it begins."""


def complain(text: str) -> None:
    """A line on standard error. Where that is gone too (a closed terminal, a broken pipe) nothing happens: telling
    must not end what is told about."""
    try:
        print(f"nntui: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):  # closed by the system, by the program, or None from the start
        return
