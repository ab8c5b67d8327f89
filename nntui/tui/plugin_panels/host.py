"""The process that draws one plugin's panel of one run. Whatever the plugin does there stays there.

It reads the run folder itself, so that no state crosses a pipe; asks the plugin's function at most once a second and
only when the run or the room changed; writes messages (`wire`) to the standard output that it was given, takes the
room on standard input, and ends when that does. Imports no Textual, and the plugin's module after all of that is set.
"""

from __future__ import annotations

import ctypes
import faulthandler
import io
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.hooks.contributions import Space
from nntui.hooks.errors import PluginError, UserError
from nntui.hooks.isolation import PluginFailure, guard
from nntui.hooks.registry import registry, resolve_target
from nntui.runs.attach import Attached
from nntui.runs.folder import RunFolder
from nntui.runs.indexing import load_index
from nntui.tui.draw.text import plain
from nntui.tui.plugin_panels.drawing import drawn
from nntui.tui.plugin_panels.wire import (
    MOST_BYTES,
    Drawn,
    Failure,
    Request,
    Said,
    Shape,
    Staged,
    decode_request,
    decode_shape,
    encode,
)

if TYPE_CHECKING:
    from nntui.runs.state import RunState

    Draw = Callable[[RunState], object]

_SHARE = 4
"""A drawing that takes long is followed by this many times as long without one: at most a fifth of a core."""
_MOST_PRINTED = 16 << 20
_SHOWN_PRINTED = 200
_MOST_TOLD = 2000
_PR_SET_PDEATHSIG = 1


def main(argument: str) -> None:
    """Draw until standard input ends, or until that is of no use any more."""
    request = decode_request(argument)
    sys.path[:] = request.path
    channel = Channel()
    room = Room(os.dup(0))
    _replace(0, os.open(os.devnull, os.O_RDONLY))  # the plugin reads nothing of what is for us
    _own_process()
    try:
        with guard("beside its drawing"):
            _run(Host(request, channel, room))
    except PluginFailure as failure:
        channel.say(told(failure, channel.printed(), ended=True))
    os._exit(0)  # without waiting for threads and exit handlers that the plugin left behind


def _run(host: Host) -> None:
    try:
        host.run()
    except UserError as error:  # a run that a later nntui wrote, a plugin that is gone
        trace = error.traceback if isinstance(error, PluginError) else ""
        raise PluginFailure(error.message, advice=error.advice, trace=trace) from error
    except OSError as error:
        raise PluginFailure(f"cannot read the run: {error}") from error


def _own_process() -> None:
    """Behind the training run and the interface, and gone when the interface is."""
    with suppress(OSError):
        os.nice(10)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _replace(descriptor: int, by: int) -> None:
    os.dup2(by, descriptor)
    os.close(by)


class Channel:
    """The way to the interface. What the plugin prints goes to a pipe of its own, of which the last line is kept."""

    def __init__(self) -> None:
        self._fd = os.dup(1)
        self._writing = threading.Lock()
        faulthandler.enable(self._fd, all_threads=False)  # a native crash leaves its Python stack behind
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.dup2(writer, 1)
        _replace(2, writer)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(line_buffering=True, errors="backslashreplace")
        self._printed = b""
        self._total = 0
        self._reading = threading.Lock()
        threading.Thread(target=self._drain, daemon=True).start()

    def say(self, message: Said) -> None:
        self.send(encode(message))

    def send(self, message: bytes) -> None:
        """Write a message; where nobody reads any more, this process is of no use."""
        line = message + b"\n"
        with self._writing:
            try:
                while line:
                    line = line[os.write(self._fd, line) :]
            except OSError:
                os._exit(0)

    def printed(self) -> str:
        """The last line that the plugin printed since this was last asked."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the plugin may have put anything there
                stream.flush()
        self._take()
        with self._reading:
            text, self._printed = self._printed.decode(errors="replace"), b""
        lines = [line for line in text.splitlines() if line.strip()]
        return plain(lines[-1])[:_SHOWN_PRINTED] if lines else ""

    def _drain(self) -> None:
        """Keep the pipe empty, so that printing blocks nobody, until it is clear that it does not end."""
        while self._total <= _MOST_PRINTED:
            select.select([self._reader], [], [])
            self._take()
        message = f"printed more than {_MOST_PRINTED >> 20} MB, and was stopped"
        self.say(Failure(message=message, printed=self.printed(), ended=True))
        os._exit(0)

    def _take(self) -> None:
        with self._reading, suppress(BlockingIOError):
            for _ in range(16):  # not for ever, where something else prints without end
                chunk = os.read(self._reader, 1 << 16)
                self._total += len(chunk)
                self._printed = (self._printed + chunk)[-4096:]


class Room:
    """The room that the interface gives, as last told."""

    def __init__(self, fd: int) -> None:
        self._changed = threading.Event()
        self._shape: Shape | None = None
        threading.Thread(target=self._listen, args=(fd,), daemon=True).start()

    def wait(self, seconds: float) -> Shape | None:
        """The shape once it changes, or after `seconds`; None while nobody looks."""
        self._changed.wait(seconds)
        self._changed.clear()
        shape = self._shape
        return shape if shape is not None and shape.shown and shape.width > 0 and shape.height > 0 else None

    def _listen(self, fd: int) -> None:
        with os.fdopen(fd, "rb") as lines:
            for line in lines:
                self._shape = decode_shape(line)
                self._changed.set()
        os._exit(0)  # the interface is gone


class Host:
    """Loads the panel, follows the run, draws."""

    def __init__(self, request: Request, channel: Channel, room: Room) -> None:
        self._request = request
        self._channel = channel
        self._room = room
        self._drawing = b""
        self._rests = request.interval

    def run(self) -> None:
        """Draw for as long as the interface is there. Raises UserError, PluginFailure and OSError."""
        self._channel.say(Staged("importing"))
        draw = load(self._request.panel)
        self._channel.say(Staged("reading"))
        folder = RunFolder(Path(self._request.folder))
        attached = load_index(folder) or Attached(folder)
        attached.catch_up()
        changed = True
        self._channel.say(Staged("resting"))
        last: Shape | None = None
        asked = len(attached.state.commands)
        while True:
            shape = self._room.wait(self._rests)
            if shape is None:
                continue
            changed = bool(attached.catch_up()) or changed or len(attached.state.commands) != asked
            if not changed and shape == last:
                continue
            changed, last, asked = False, shape, len(attached.state.commands)
            self._draw(draw, attached.state, shape)

    def _draw(self, draw: Draw, state: RunState, shape: Shape) -> None:
        begun = time.monotonic()
        self._channel.say(Staged("drawing"))
        signal.setitimer(signal.ITIMER_REAL, self._request.limit)
        space = Space(width=shape.width, height=shape.height, charset=shape.charset, colours=shape.colours)
        message: Drawn | Failure
        try:
            with guard("while drawing"):
                lines = drawn(draw(state), space)
            message = Drawn(lines=lines, printed=self._channel.printed())
        except PluginFailure as failure:
            message = told(failure, self._channel.printed())
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._send(message)
        interval = self._request.interval
        self._rests = max(interval, _SHARE * (time.monotonic() - begun))
        time.sleep(max(0.0, begun + interval - time.monotonic()))  # however often the room changes

    def _send(self, message: Drawn | Failure) -> None:
        encoded = encode(message)
        if len(encoded) > MOST_BYTES:
            size = f"{len(encoded) / 2**20:.1f} MB"
            encoded = encode(Failure(message=f"returned a drawing of {size}: at most {MOST_BYTES >> 10} kB are drawn"))
        if encoded == self._drawing:
            self._channel.say(Staged("resting"))
            return
        self._drawing = encoded
        self._channel.send(encoded)


def load(panel: str) -> Draw:
    """The function that draws `panel` ("plugin/name"). Raises UserError, and PluginFailure."""
    loaded = registry().load("panel", panel)
    function = resolve_target(loaded.contribution.build, plugin=loaded.entry.plugin)
    if not callable(function):
        raise PluginFailure(f"is {type(function).__name__}, which is no function of a run's state")
    draw: Draw = function
    return draw


def told(failure: PluginFailure, printed: str = "", *, ended: bool = False) -> Failure:
    """A failure as a message, of a size that a person reads."""
    return Failure(
        message=_encodable(failure.message)[:_MOST_TOLD],
        advice=_encodable(failure.advice),
        trace=_encodable(failure.trace)[-2 * _MOST_TOLD :],
        printed=printed,
        ended=ended,
    )


def _encodable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
