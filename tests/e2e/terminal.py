"""A real terminal for end-to-end tests: a program on a pseudo-terminal, and what a person would see of it (pyte)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import queue
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from types import TracebackType

import psutil
import pyte

NNTUI = [sys.executable, "-m", "nntui"]
MARKER = "NNTUI_TEST_MARKER"
"""In the environment of all that a terminal starts, however far it has come from it: see `descendants`."""

KEYS = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "page_down": "\x1b[6~", "page_up": "\x1b[5~", "delete": "\x1b[3~",
    "ctrl+c": "\x03", "ctrl+p": "\x10", "ctrl+q": "\x11", "ctrl+u": "\x15", "ctrl+z": "\x1a",
}  # fmt: skip

_ALTERNATE = 1049
_NEXT, _AT_ONCE = 0.001, 1 << 20
"""Seconds after which what comes is written apart, and the bytes that are awaited."""
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[A-Za-z]|\x1b\[[0-9?;]*\$[a-z]|\x1bP.*?\x1b\\", re.DOTALL)
_PARTIAL = re.compile(rb"\x1b(?:\[[<>=0-9?;$]*|P[^\x1b]*)?$")


class _Screen(pyte.Screen):
    """With the alternate screen, which pyte leaves out: what stood there before comes back when a program has left."""

    def __init__(self, columns: int, lines: int) -> None:
        self.alternate = False
        self.wrapped = 0
        """How often something was drawn beyond the end of a line, and went on in the next one."""
        self._drawing = False
        self._primary: tuple[dict[int, dict[int, pyte.screens.Char]], pyte.screens.Cursor] | None = None
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        self._drawing = True
        super().draw(data)
        self._drawing = False

    def linefeed(self) -> None:
        self.wrapped += self._drawing  # nobody sent it: a line was too long
        super().linefeed()

    def spoil(self, with_what: str) -> None:
        """Fill it: what a program does not draw anew is then seen."""
        for y in range(self.lines):
            self.buffer[y].update(dict.fromkeys(range(self.columns), self.default_char._replace(data=with_what)))

    def set_mode(self, *modes: int, **how: bool) -> None:
        super().set_mode(*modes, **how)
        if how.get("private") and _ALTERNATE in modes and not self.alternate:
            self.alternate = True
            self._primary = ({y: dict(row) for y, row in self.buffer.items()}, copy(self.cursor))
            self.erase_in_display(2)
            self.cursor_position()

    def reset_mode(self, *modes: int, **how: bool) -> None:
        super().reset_mode(*modes, **how)
        if how.get("private") and _ALTERNATE in modes and self.alternate and self._primary is not None:
            self.alternate = False
            rows, self.cursor = self._primary
            self.erase_in_display(2)
            for y, row in rows.items():
                self.buffer[y].update(row)


class Terminal:
    """A program with a terminal of its own as input, output and errors, in a session of its own.

    What it writes is read all the time by a thread, unless `stop_reading`, and drawn by another. Use it as a context
    manager: whatever happens
    in the test, the program ends with it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        cwd: Path | None = None,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        """`environment` is what differs from ours; None takes a variable out."""
        self.received = 0
        """Bytes that came from the program."""
        self._awaited: Callable[[], object] | None = None
        self._came: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._drawn = -1
        self._lines: list[str] = []
        self.screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""
        self._guard = threading.Lock()
        self._reading = threading.Event()
        self._reading.set()
        self._closed = False
        self._raw = bytearray()
        self._master, slave = pty.openpty()
        self._size(columns, rows)
        try:
            self.process = subprocess.Popen(
                list(argv),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                cwd=cwd,
                env=_environment(environment or {}),
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        finally:
            os.close(slave)
        self._bursts: queue.SimpleQueue[tuple[bytes, float]] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        self._drawer = threading.Thread(target=self._draw, name="drawer", daemon=True)
        self._drawer.start()

    # what a person sees

    @property
    def lines(self) -> list[str]:
        """The screen, a line a row."""
        with self._guard:
            if self._drawn != self.received:  # drawing it takes pyte some milliseconds
                self._drawn, self._lines = self.received, [line.rstrip() for line in self.screen.display]
            return list(self._lines)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def raw(self) -> bytes:
        """All that came."""
        with self._guard:
            return bytes(self._raw)

    @property
    def full_screen(self) -> bool:
        """Whether the program has the whole screen for itself, or has given it back."""
        return self.screen.alternate

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed: as a shell wants it, and no interface."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def colours(self) -> set[str]:
        """Foregrounds and backgrounds on the screen."""
        with self._guard:
            cells = [cell for row in self.screen.buffer.values() for cell in row.values()]
        return {cell.fg for cell in cells} | {cell.bg for cell in cells}

    def wait_for(self, what: str | Callable[[str], object], seconds: float = 30.0) -> str:
        """Until a text, or what a predicate of the screen looks for, is there; the screen then."""
        met = what if callable(what) else lambda text: what in text
        deadline = time.monotonic() + seconds
        while True:
            text = self.text
            if met(text):
                return text
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what!r}; the screen:\n{text}")
            if self.process.poll() is not None and not self._drawer.is_alive():
                text = self.text
                if met(text):
                    return text
                raise AssertionError(f"ended with {self.process.returncode} before {what!r}; the screen:\n{text}")
            time.sleep(0.01)

    def wait_quiet(self, still: float = 0.3, seconds: float = 30.0) -> None:
        """Until nothing has come for `still` seconds."""
        deadline = time.monotonic() + seconds
        before, since = self.received, time.monotonic()
        while time.monotonic() - since < still:
            assert time.monotonic() < deadline, "it does not become quiet"
            time.sleep(0.02)
            if self.received != before:
                before, since = self.received, time.monotonic()

    def wait_at_rest(self, what: str | Callable[[str], object], seconds: float = 30.0) -> str:
        """As `wait_for`, of a screen that then stays: a busy machine draws it in parts, with pauses."""
        deadline = time.monotonic() + seconds
        while True:
            self.wait_for(what, seconds)
            self.wait_quiet(0.3, seconds)
            text = self.text
            if what(text) if callable(what) else what in text:
                return text
            assert time.monotonic() < deadline, f"it does not stay as {what!r} wants it; the screen:\n{text}"

    def delay(self, key: str, looks: Callable[[], object], seconds: float = 5.0) -> float:
        """Seconds from a key to the bytes with which the screen looks otherwise. pyte, which takes them in afterwards,
        is slower than a terminal."""
        before = looks()
        self._awaited = lambda: looks() != before
        began = time.perf_counter()
        self.send(key)
        return self._came.get(timeout=seconds) - began

    # what a person does

    def send(self, *keys: str) -> None:
        """Press keys, by name (`KEYS`) or as text."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int, *, spoilt: str = "") -> None:
        """`spoilt` fills the screen before the program hears of it, so that what it leaves as it was is seen."""
        with self._guard:
            self.screen.resize(rows, columns)
            if spoilt:
                self.screen.spoil(spoilt)
            self._drawn = -1
        self._size(columns, rows)

    def stop_reading(self) -> None:
        """As a link that stalls: what the program writes fills the terminal's buffer, and then it waits."""
        self._reading.clear()

    def go_on_reading(self) -> None:
        self._reading.set()

    def hang_up(self) -> None:
        """Close the terminal: the program gets a SIGHUP, and its input ends."""
        if not self._closed:
            self._closed = True
            self._reading.set()
            self._drawer.join(5)
            os.close(self._master)

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    def wait_end(self, seconds: float = 30.0) -> int:
        """Its exit code, when it has ended; what it wrote last is then on the screen."""
        code = self.process.wait(seconds)
        if not self._closed:
            self._drawer.join(2)
        return code

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            print(f"the screen when the test failed:\n{self.text}")
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    # inside

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        ended = False
        while not self._closed and not ended:
            self._reading.wait()
            data, arrived, ended = self._burst()
            if data:
                self._bursts.put((data, arrived))
        self._bursts.put((b"", 0.0))

    def _draw(self) -> None:
        while (burst := self._bursts.get())[0]:
            self._show(burst[0])
            awaited = self._awaited
            if awaited is not None and awaited():
                self._awaited = None
                self._came.put(burst[1])

    def _burst(self) -> tuple[bytes, float, bool]:
        """What the program writes at once; when the last of it came; whether it has ended, or we have hung up."""
        data, arrived, patience = b"", 0.0, 0.05
        try:
            while len(data) < _AT_ONCE and select.select([self._master], [], [], patience)[0]:
                more = os.read(self._master, 65536)
                if not more:
                    return data, arrived, True
                arrived, patience = time.perf_counter(), _NEXT
                data += more
        except (OSError, ValueError):
            return data, arrived, True
        return data, arrived, False

    def _show(self, data: bytes) -> None:
        with self._guard:
            self.received += len(data)
            self._raw += data
            whole = _UNKNOWN_TO_PYTE.sub(b"", self._rest + data)
            partial = _PARTIAL.search(whole)
            end = partial.start() if partial else len(whole)
            self._rest = whole[end:]
            self._stream.feed(whole[:end])


def _take_terminal() -> None:
    """In the child, after setsid: the terminal on its standard input becomes its own."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    base = {
        **os.environ,
        # As in an environment that is active: commands then name nntui as a person types it, wherever this one is.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "SPT_NOENV": "1",  # a process title must not overwrite the environment, by which `descendants` knows its own
    }
    strange = ("CI", "NO_COLOR", "COLORTERM", "LC_ALL", "LC_CTYPE", "NNTUI_NO_UI", "NNTUI_RUNS", "SSH_CONNECTION",
               "SSH_TTY", "TMUX", "PYTEST_CURRENT_TEST", "COLUMNS", "LINES")  # fmt: skip
    for name in strange:
        base.pop(name, None)
    base.update({name: value for name, value in changes.items() if value is not None})
    for name in (name for name, value in changes.items() if value is None):
        base.pop(name, None)
    return base


def descendants(marker: str) -> list[psutil.Process]:
    """All processes that live and were started, at whatever remove, with this marker in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) == marker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def wait_none(marker: str, seconds: float = 20.0) -> None:
    """Until nothing lives that was started with this marker."""
    deadline = time.monotonic() + seconds
    while (living := descendants(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not living, [(p.pid, p.cmdline()) for p in living if p.is_running()]


@contextlib.contextmanager
def nothing_left(marker: str) -> Iterator[None]:
    """At the end of the block no process with the marker may live; whatever does is killed."""
    try:
        yield
        wait_none(marker)
    finally:
        for process in descendants(marker):
            with contextlib.suppress(psutil.Error):
                process.kill()
