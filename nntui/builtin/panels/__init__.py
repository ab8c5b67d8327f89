"""The built-in panels. They are drawn by modules that are imported in the panel's own process."""

from __future__ import annotations

from collections.abc import Iterable

from nntui import Panel


def contributions() -> Iterable[Panel]:
    """The panels, in the order of their keys."""
    yield Panel(
        name="metrics",
        summary="Every metric of every evaluation by epoch, the best of each marked",
        build="nntui.builtin.panels.metrics:draw",
    )
