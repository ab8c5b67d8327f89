"""A job's way back: answers through a pipe of its own, and what goes wrong in a person's words."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

import msgspec

from nntui.engine.failures import as_mistake, explain
from nntui.hooks.errors import PluginError, UserError
from nntui.runs.jobs import LARGEST, Failed, encode

if TYPE_CHECKING:
    from nntui.runs.jobs import AnyAnswer
    from nntui.spec.model import RunSpec

_MOST_TEXT = 8000
"""Characters of a message or a traceback: the end of longer ones."""


class Answering:
    """Writes the answers to one job."""

    def __init__(self, job: int, pipe: int) -> None:
        self._job = job
        self._pipe = pipe
        self._spec: RunSpec | None = None

    def know(self, spec: RunSpec) -> None:
        """What the job is about: it tells whose fault a failure is."""
        self._spec = spec

    def tell(self, answer: AnyAnswer) -> None:
        """Raises OSError where nobody listens any more."""
        line = encode(msgspec.structs.replace(answer, id=self._job)) + b"\n"
        if len(line) > LARGEST:
            told = Failed(id=self._job, kind="internal", message=f"the answer is longer than {LARGEST >> 20} MiB")
            line = encode(told) + b"\n"
        view = memoryview(line)
        while view:
            view = view[os.write(self._pipe, view) :]

    def close(self) -> None:
        os.close(self._pipe)

    def fail(self, error: BaseException) -> None:
        self.tell(failure(error, self._spec))


def failure(error: BaseException, spec: RunSpec | None = None) -> Failed:
    """What to say of an error that ended a job."""
    if spec is not None and (mistake := as_mistake(error, spec)) is not None:
        error = mistake
    if isinstance(error, UserError):
        message = error.message
        if error.suggestions:
            message += f"; did you mean {' or '.join(error.suggestions)}?"
        detail = error.traceback if isinstance(error, PluginError) else ""
        kind = "plugin" if isinstance(error, PluginError) else "request"
        return Failed(kind=kind, message=_end(message), advice=_end(error.advice), detail=_end(detail))
    detail = _end("".join(traceback.format_exception(error)))
    if spec is None:
        told = f"{type(error).__name__}: {error}"
        return Failed(kind="internal", message=_end(told), advice="", detail=detail)
    kind, message, advice = explain(error, spec)
    advice = advice.replace("the traceback is in log.txt", "its traceback is told with it")
    return Failed(kind=kind, message=_end(message), advice=_end(advice), detail=detail)


def _end(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"…{text[-_MOST_TEXT:]}"
