"""Tells what happens: to the run's events, and to whoever watches in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nntui.runs.events import AnyEvent
    from nntui.runs.log import EventWriter

Show = Callable[["AnyEvent"], None]


class Journal:
    """Writes events and shows them. A display that fails is dropped, training goes on."""

    def __init__(self, writer: EventWriter, path: Path, show: Show | None) -> None:
        self._writer = writer
        self._path = path
        self._show = show

    def tell(self, event: AnyEvent, *, sync: bool = False) -> None:
        stamped = self._writer.append(event, sync)
        if self._show is not None:
            try:
                self._show(stamped)
            except OSError:  # `nntui train --json | head`, a closed terminal, a full disk: the run goes on unseen
                self._show = None

    def sync(self) -> None:
        """Makes what was told durable; may be called from another thread. Raises OSError."""
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self) -> None:
        self._writer.close()
