"""The process in which a form is checked where that runs a plugin's code: what the plugin does there stays there.

Started as `python -P -c BOOT PATH` (`checker.py`). It answers on the standard output that it was given and takes
requests on standard input; the plugin is left with none of these, in a session of its own. No torch, but a plugin's.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from nntui.hooks.errors import UserError
from nntui.hooks.registry import Loaded, Registry
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tree import chosen_of, tree_of
from nntui.tui.form.form import check, from_template
from nntui.tui.form.own import Out, refusal
from nntui.tui.form.wire import (
    Found,
    Loads,
    Raised,
    Ready,
    Refused,
    Request,
    encode,
    found,
    read_request,
    typed_again,
    wanted_of,
)

_PR_SET_PDEATHSIG = 1


def main(argument: str) -> None:
    """Answer until standard input ends."""
    sys.path[:] = json.loads(argument)
    answers, requests = os.dup(1), os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    asked: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, asked), daemon=True).start()

    def say(line: bytes) -> None:
        try:
            while line:
                line = line[os.write(answers, line) :]
        except OSError:  # nobody reads any more
            os._exit(0)

    registry = TellingRegistry(say)
    registry.plugins()  # looks into the index: nothing of it is a request's
    say(encode(Ready()))
    while True:
        request = asked.get()
        registry.begin(request)
        say(_answer(request, registry))


def _listen(requests: int, asked: queue.SimpleQueue[Request]) -> None:
    """In a thread, so that the interface's end is noticed whatever a plugin does."""
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            asked.put(read_request(line))
    os._exit(0)


class TellingRegistry(Registry):
    """Tells before it loads something, so that it is known whose fault it is when there is no answer."""

    def __init__(self, say: Callable[[bytes], None]) -> None:
        super().__init__()
        self._say = say
        self._id = 0
        self._out: Mapping[str, Out] = {}

    def begin(self, request: Request) -> None:
        self._id = request.id
        self._out = {qualified: Out(*why) for qualified, why in request.out.items()}

    def load(self, kind: str, name: str, *, distribution: str = "", version: str = "") -> Loaded:
        entry = self.find(kind, name, distribution=distribution, version=version)
        if entry.qualified in self._out:
            raise refusal(entry, self._out[entry.qualified])
        self._say(encode(Loads(id=self._id, kind=kind, qualified=entry.qualified)))
        return super().load(kind, entry.qualified)


def _answer(request: Request, registry: Registry) -> bytes:
    try:
        return encode(_done(request, registry))
    except UserError as error:
        return encode(Refused(id=request.id, message=error.message, advice=error.advice))
    except Exception as error:  # noqa: BLE001 - of a plugin, where nobody foresaw it: it is told, and the form goes on
        return encode(Raised(id=request.id, message=traceback.format_exception_only(error)[-1].strip()))


def _done(request: Request, registry: Registry) -> Found:
    if request.doing == "check":
        return found(request.id, check(wanted_of(request.said), registry))
    if request.doing == "template":
        wanted = from_template(Said(tree=typed_again(request.said, request.places)), registry)
        return found(request.id, check(wanted, registry), wanted)
    tree, entries = settled(Said(tree=request.said, places=request.places), registry)
    return Found(id=request.id, tree=tree, entries=entries)


def settled(said: Said, registry: Registry) -> tuple[dict[str, Any], dict[str, str]]:
    """The whole spec that was said, plain, and the qualified names of what it chooses. Raises SpecErrors."""
    spec = resolve_said(said, registry).spec
    return tree_of(spec), {kind: chosen.qualified for kind, chosen in chosen_of(spec).items()}
