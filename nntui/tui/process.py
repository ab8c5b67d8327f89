"""What the machine says of a run's process: processors, memory, and room on the disk."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from nntui.runs.lock import host
from nntui.tui.draw.foot import Figures
from nntui.tui.gpu import Gpus

if TYPE_CHECKING:
    import psutil

    from nntui.runs.folder import RunFolder


class Meter:
    """Measures a process each time it is asked; the processor's share is of the time since it was asked before."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._process: psutil.Process | None = None
        self._gpus = Gpus()

    def figures(self, pid: int, where: str, *, live: bool, device: str = "") -> Figures:
        """Figures of the process `pid`, which trains on `device`, on the machine `where`; of another machine's the
        disk alone."""
        if not live or pid <= 0 or where != host():
            self._process = None
            return Figures(disk=self._free())
        cpu, memory = self._measured(pid)
        used = None if device in ("cpu", "mps") else self._gpus.used(pid)
        gpu, held = (None, 0) if used is None else used
        return Figures(cpu=cpu, memory=memory, gpu=gpu, gpu_memory=held, disk=self._free())

    def _measured(self, pid: int) -> tuple[float | None, int | None]:
        import psutil  # here: a run that has ended needs none of it

        try:
            if self._process is None or self._process.pid != pid:
                self._process = psutil.Process(pid)
                self._process.cpu_percent()  # from now on
                return None, int(self._process.memory_info().rss)
            with self._process.oneshot():
                return float(self._process.cpu_percent()), int(self._process.memory_info().rss)
        except (psutil.Error, OSError):  # it has just ended, or is not ours to look at
            self._process = None
            return None, None

    def _free(self) -> int | None:
        try:
            return shutil.disk_usage(self._folder.path).free
        except OSError:
            return None
