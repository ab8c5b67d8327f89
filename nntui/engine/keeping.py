"""When a checkpoint is written, and by whom: a thread, so that the loop does not wait for the disk."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntui.runs.checkpoints import list_checkpoints, prune, write_checkpoint
from nntui.runs.complaints import NO_CHECKPOINT, complain
from nntui.runs.events import Checkpointed, Warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from nntui.engine.journal import Journal
    from nntui.engine.snapshot import Snapshot
    from nntui.runs.folder import RunFolder

WITHIN_EPOCH_SECONDS = 60.0


@dataclass(frozen=True)
class _Written:
    events: tuple[Checkpointed, ...]


class Keeper:
    """Writes checkpoints of a run: at most one write at a time, the best weights waiting for the next."""

    def __init__(
        self,
        folder: RunFolder,
        journal: Journal,
        *,
        seconds: float,
        keep: int,
        for_good: Callable[[int], bool],
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._seconds = seconds
        self._keep = keep
        self._for_good = for_good
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._writing: Future[_Written] | None = None
        self._began = time.monotonic()
        self._last_step: int | None = None
        self._pending_best: Snapshot | None = None
        self._goes_on = "; training goes on"
        self._best_in_flight: Snapshot | None = None
        self._done: list[Checkpointed] = []
        """What the write under way, or the last one, has written."""
        self.fallback: Snapshot | None = None
        """What is written when training fails before there was a checkpoint, or weights to hold as the best."""

    def hold_best(self, snapshot: Snapshot) -> None:
        """These weights are the best so far: they are written with the next checkpoint."""
        self._pending_best = snapshot

    def wants(self, *, epoch_end: bool) -> bool:
        """Whether it is time for a checkpoint."""
        if self._writing is not None and not self._writing.done():
            return False
        waited = time.monotonic() - self._began
        return waited >= (self._seconds if epoch_end else max(self._seconds, WITHIN_EPOCH_SECONDS))

    def save(self, snapshot: Snapshot) -> None:
        """Starts to write a checkpoint (and the best that waited)."""
        self.settle()
        self._began = time.monotonic()
        self._best_in_flight, self._pending_best = self._pending_best, None
        self._writing = self._pool.submit(self._write, self._best_in_flight, snapshot)

    def settle(self, *, raising: bool = False) -> None:
        """Waits for the write under way and tells of it.

        A failure is told and training goes on; with `raising` it is raised as OSError.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            self._tell(writing, raising)

    def poll(self) -> None:
        """Tells of a write that has ended, without waiting."""
        if self._writing is not None and self._writing.done():
            self.settle()

    def finish(self, snapshot: Snapshot) -> None:
        """Writes the last checkpoint of this process, unless it was written just now, and waits. Raises OSError."""
        self.settle()
        if self._last_step != snapshot.step or self._pending_best is not None:
            self.save(snapshot)
        self.settle(raising=True)

    def save_fallback(self) -> int | None:
        """Training has failed: the best weights that waited are written, or the first where there was no checkpoint.

        Returns the step to go on from.
        """
        self.settle()
        self._goes_on = ""
        best, last = self._pending_best, self._last_step
        good = best if best is not None and (last is None or best.step > last) else None
        if good is None and last is None:
            good = self.fallback
        if good is not None:
            self.save(good)
            self.settle()
        return self._last_step

    def resumed_from(self, step: int) -> None:
        self._last_step = step

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _tell(self, writing: Future[_Written], raising: bool) -> None:
        try:
            written = writing.result()
        except OSError as error:
            for event in self._done:  # the best, before there was no room for the last
                self._journal.tell(event)
            if not any(event.best for event in self._done):
                self._pending_best = self._pending_best or self._best_in_flight
            what = f"{NO_CHECKPOINT}: {error.strerror or error}"
            if error.filename:
                what += f" ({error.filename})"
            if raising:
                raise
            complain(what)
            good = self._last_step
            left = "there is none yet" if good is None else f"the last good checkpoint, of step {good}, stays"
            self._journal.tell(Warned(message=f"{what}; {left}{self._goes_on}"))
            return
        for event in written.events:
            self._journal.tell(event)
        self.fallback = None

    def _write(self, best: Snapshot | None, last: Snapshot) -> _Written:
        """Runs in the thread."""
        self._done = events = []
        for snapshot in [last] if best is None or best.step == last.step else [best, last]:
            is_best = best is not None and snapshot.step == best.step
            began = time.monotonic()
            # The best before the last: each is a whole checkpoint, and `last` never points behind `best`.
            info = write_checkpoint(self._folder, snapshot.step, snapshot.files(), best=is_best)
            self._last_step = snapshot.step
            events.append(
                Checkpointed(
                    step=snapshot.step,
                    name=info.path.name,
                    best=is_best,
                    seconds=round(time.monotonic() - began, 4),
                    bytes=info.bytes,
                )
            )
        kept = [info.step for info in list_checkpoints(self._folder) if self._for_good(info.step)]
        prune(self._folder, self._keep, kept)
        self._journal.sync()
        return _Written(tuple(events))
