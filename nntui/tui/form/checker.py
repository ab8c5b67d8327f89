"""Checks what is said in a form. No code of a plugin, and no look into a person's files, is in this process.

What names built-ins alone is checked here, at once: they import nothing heavy. All else is checked by a process of its
own (`host.py`), which is kept for the next time. One that does not answer in time is ended, with all that it started,
and asked once more without the contribution that it was busy with: that costs its own row.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from nntui.hooks.children import time_limit
from nntui.hooks.discovery import BUILTIN
from nntui.hooks.errors import UserError
from nntui.hooks.registry import Entry
from nntui.spec.choosing import Faults, asks_readers, choose, tables_of
from nntui.spec.errors import SpecError
from nntui.spec.said import Said
from nntui.tui.aside import aside
from nntui.tui.form.form import Checked, Form, Wanted, check, from_template, sketched, toml_text
from nntui.tui.form.host import settled
from nntui.tui.form.own import Out, OwnRegistry, title
from nntui.tui.form.wire import (
    MOST_BYTES,
    Answer,
    Doing,
    Found,
    Loads,
    Plain,
    Raised,
    Ready,
    Refused,
    Request,
    checked_of,
    encode,
    entries_of,
    read_answer,
    told,
    typed_in,
    wanted_of,
)

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from nntui.tui.form.host import main; main(sys.argv[1])"
)
_OWN_SECONDS = 60.0
"""For our own part, before a plugin's begins: much, on a machine that is busy."""
PATIENCE = 5.0
"""Seconds that a contribution may take, beside `_SLACK` times what its import took when it was indexed."""
_SLACK = 3.0
_END_SECONDS = 2.0
"""A process that was killed ends at once, but where the kernel waits for a disk."""
_UNKNOWN = object()
_OVERWRITTEN = "wrote over the answer that nntui was waiting for, and was stopped"


class _Failed(Exception):
    """The process gave no answer, while it was busy with `loads` (None: with nothing of a plugin's)."""

    def __init__(self, message: str, loads: Loads | None) -> None:
        super().__init__(message)
        self.message = message
        self.loads = loads


class Checker:
    """One for a form. All methods but `close` wait; whoever asks anew need not wait for what was asked before."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Looks at what is installed, and at plugins that the index does not know: not for the event loop."""
        self.registry = OwnRegistry()
        self._patience = patience
        self._seconds = {row.name: row.seconds for row in self.registry.plugins()}
        self._tried: dict[str, tuple[str, Any]] = {}
        """For what is out: its kind, and what was said of that; `_UNKNOWN` before the form said anything."""
        self._process: Process | None = None
        self._asking: tuple[Mapping[str, Any], asyncio.Task[Found]] | None = None
        """What is under way, and the names that it was asked of."""
        self._ids = count(1)

    # what can be asked

    def elsewhere(self, tree: Mapping[str, Any]) -> Mapping[str, str]:
        """Why another process must check a tree: by kind, whose code is run for it, in words; empty where none is."""
        tables = tables_of(tree, Faults({}))
        if asks_readers(tables["data"], self.registry):
            return {"data": "the path"}
        entries = choose(tree, self.registry, Faults({})).entries
        return {
            kind: title(entry)
            for kind, entry in entries.items()
            if entry.plugin != BUILTIN and entry.qualified not in self.registry.out
        }

    async def begin(self, template: Said | None) -> Form:
        """The form, checked; filled in from a template where there is one."""
        form = Form(self.registry)
        if template is not None:
            form.wanted = await self._from_template(template)
        form.take(await self.check(form.wanted))
        return form

    async def _from_template(self, template: Said) -> Wanted:
        tree = dict(template.tree)
        while self.elsewhere(tree):
            try:
                answer = await self._ask("template", tree, tree, typed_in(tree))
            except _Failed as failed:
                if not self._leave_out(failed, _UNKNOWN):
                    raise UserError(f"the template could not be read: {self._blame(failed)}") from None
            else:
                return wanted_of(answer.wanted or {})
        return await aside(lambda: from_template(template, self.registry))

    async def check(self, wanted: Wanted) -> Checked:
        """What follows from what was said. Whatever goes wrong is one of its errors."""
        self._try_again(wanted)
        while foreign := self.elsewhere(wanted.names):
            try:
                answer = await self._ask("check", told(wanted), wanted.names)
            except _Failed as failed:
                kind = failed.loads.kind if failed.loads is not None else ""
                if not self._leave_out(failed, _said_of(kind, wanted)):
                    return self._without(wanted, f"{next(iter(foreign))}.name", self._blame(failed))
            except UserError as error:
                return self._without(wanted, f"{next(iter(foreign))}.name", error.message, error.advice)
            else:
                return checked_of(answer, wanted, self.registry)
        return await aside(lambda: check(wanted, self.registry))

    async def toml(self, said: Said) -> str:
        """The whole spec that is said, as TOML. Raises UserError."""
        tree = dict(said.tree)
        if not self.elsewhere(tree):
            whole, names = await aside(lambda: settled(said, self.registry))
            answer = Found(id=0, tree=whole, entries=names)
        else:
            try:
                answer = await self._ask("resolve", tree, tree, said.places)
            except _Failed as failed:
                raise UserError(self._blame(failed), advice=_ways_out(self._entry(failed.loads))) from None
        return toml_text(answer.tree or {}, entries_of(answer, self.registry))

    async def close(self) -> None:
        """End the process, and all that it started."""
        if self._asking is not None:
            await _cancelled(self._asking[1])
        await self._end()

    # what is left out

    def _leave_out(self, failed: _Failed, said: Any) -> bool:  # whatever `_said_of` gives
        """Not to be tried again, until something else is `said` of its kind; False where that was no help."""
        entry = self._entry(failed.loads)
        if entry is None or entry.qualified in self.registry.out:
            return False
        self.registry.out[entry.qualified] = Out(failed.message, _ways_out(entry))
        self._tried[entry.qualified] = (entry.kind, said)
        return True

    def _try_again(self, wanted: Wanted) -> None:
        """What was left out is tried again where a person has chosen anew since."""
        for qualified, (kind, said) in list(self._tried.items()):
            now = _said_of(kind, wanted)
            if said is _UNKNOWN:
                self._tried[qualified] = (kind, now)
            elif said != now:
                del self.registry.out[qualified], self._tried[qualified]

    def _without(self, wanted: Wanted, place: str, message: str, advice: str = "") -> Checked:
        """What is known without a check, and why there was none."""
        errors = {place: (SpecError(place, message, advice),)}
        return replace(sketched(wanted, self.registry, None), errors=errors)

    def _entry(self, loads: Loads | None) -> Entry | None:
        if loads is not None:
            with suppress(UserError):
                return self.registry.find(loads.kind, loads.qualified)
        return None

    def _blame(self, failed: _Failed) -> str:
        entry = self._entry(failed.loads)
        return f"{title(entry) if entry is not None else 'the check'} {failed.message}"

    # the process

    async def _ask(
        self, doing: Doing, said: Plain, names: Mapping[str, Any], places: Mapping[str, str] | None = None
    ) -> Found:
        """The newest request wins. An older one of other `names` is ended, with the process; one of the same is heard
        out, since it imports what this one needs. Raises UserError and _Failed."""
        if self._asking is not None and not self._asking[1].done():
            before, older = self._asking
            if before == names:
                with suppress(UserError):
                    await asyncio.shield(older)
            else:
                await _cancelled(older)
        out = {qualified: (out.message, out.advice) for qualified, out in self.registry.out.items()}
        request = Request(id=next(self._ids), doing=doing, said=said, places=dict(places or {}), out=out)
        task = asyncio.create_task(self._exchange(request), name="the check of a form")
        task.add_done_callback(_heard)
        self._asking = names, task
        return await asyncio.shield(task)  # who asks may lose interest; the answer must be read all the same

    async def _exchange(self, request: Request) -> Found:
        try:
            process = self._process
            if process is None or process.returncode is not None:
                process = await self._start()
            assert process.stdin is not None  # a pipe, as asked
            with suppress(OSError, RuntimeError):  # it has just ended, which is heard
                process.stdin.write(encode(request))
                await process.stdin.drain()
            return await self._hear(process, request.id)
        except BaseException as error:
            if not isinstance(error, UserError):
                await self._end()
            raise

    async def _start(self) -> Process:
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                # -P: the working directory must not lend its json.py to the lines before sys.path is ours
                *(sys.executable, "-P", "-c", _BOOT, json.dumps(sys.path)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=MOST_BYTES,
                start_new_session=True,  # so that what a plugin starts is killed with it
            )
        except OSError as error:
            raise UserError(f"no process can be started to check this: {error.strerror or error}") from error
        await _answer(process, _OWN_SECONDS, None)  # it is ready
        return process

    async def _hear(self, process: Process, id: int) -> Found:
        loads: Loads | None = None
        limit = _OWN_SECONDS
        while True:
            answer = await _answer(process, limit, loads)
            if isinstance(answer, Ready) or answer.id != id:
                continue
            if isinstance(answer, Refused):
                raise UserError(answer.message, advice=answer.advice)
            if isinstance(answer, Raised):
                raise _Failed(f"raised {answer.message}", loads)
            if isinstance(answer, Found):
                return answer
            loads, limit = answer, self._limit(answer)

    def _limit(self, loads: Loads) -> float:
        took = self._seconds.get(loads.qualified.partition("/")[0], 0.0)
        return min(time_limit(), self._patience + _SLACK * took)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        if process.stdin is not None:
            process.stdin.close()


async def _answer(process: Process, limit: float, loads: Loads | None) -> Answer:
    """The next thing that it says. Raises _Failed."""
    assert process.stdout is not None  # a pipe, as asked
    try:
        async with asyncio.timeout(limit):
            line = await process.stdout.readline()
        if line:
            return read_answer(line)
    except TimeoutError:
        raise _Failed(f"does not answer: it was stopped after {round(limit, 1):g} s", loads) from None
    except ValueError:  # no message, or one that is longer than any
        raise _Failed(_OVERWRITTEN, loads) from None
    try:
        async with asyncio.timeout(1.0):
            code = await process.wait()
    except TimeoutError:
        raise _Failed("closed the descriptor that nntui gave it, and was stopped", loads) from None
    raise _Failed(f"ended without a word ({_how(code)})", loads)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


async def _cancelled(task: asyncio.Task[Found]) -> None:
    """End what is under way, and wait until it has."""
    task.cancel()
    await asyncio.wait([task])


def _heard(task: asyncio.Task[Found]) -> None:
    """Whoever asked may have lost interest: asyncio need not complain of an error that nobody looks at."""
    if not task.cancelled():
        task.exception()


def _said_of(kind: str, wanted: Wanted) -> object:
    return wanted.choices.get(kind), wanted.settings.get("data.reader") if kind == "data" else None


def _ways_out(entry: Entry | None) -> str:
    if entry is None or entry.plugin == BUILTIN:
        return ""
    return f"choose another, or: nntui plugins disable {entry.plugin}"
