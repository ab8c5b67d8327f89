"""Steering: what can be asked of a run when, and how each state of what was asked reads. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError
from nntui.runs import shell
from nntui.runs.commands import Kind
from nntui.runs.figures import ago, number
from nntui.tui.draw.head import LIVE, Shown
from nntui.tui.draw.text import Line, plain

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder
    from nntui.runs.state import CommandState, RunState
    from nntui.runs.vitals import Vitals

UP, DOWN = 1.5, 0.67
SHOWN_SECONDS = 10.0
"""How long an outcome stays in the line of commands."""


@dataclass(frozen=True)
class Refusal:
    """Why something is not asked, and what to do instead."""

    why: str
    advice: str = ""

    def error(self) -> UserError:
        return UserError(self.why, advice=self.advice)


def refusal(kind: Kind, name: str, vitals: Vitals, status: Shown) -> Refusal | None:
    """Why `kind` cannot be asked of a run now; None where it can."""
    if status == "deleted":
        return Refusal(f"the folder of {name} is gone: its process ends by itself in a few seconds", "q leaves")
    if status == "unknown":
        return None  # it may live on another machine, and reads what it is asked
    if status in ("done", "stopped"):
        further = "R trains it further" if status == "stopped" else "f forks it: a new run that trains further"
        return Refusal(f"{name} has ended ({status}): nothing would be done", further)
    if status not in LIVE:
        return Refusal(f"{name} is not live ({status}): nothing would be done", "R goes on from its newest checkpoint")
    if kind != "stop" and status == "queued":
        return Refusal(f"{name} waits for {vitals.after} and has not begun: it can only be stopped", "S takes it out")
    return None


def stopping(vitals: Vitals, where: str) -> str:
    """What comes of a stop now. `where`: the epoch that it is in; "" where that is not known."""
    if vitals.phase == "queued":
        return f"It waits for {plain(vitals.after)} and has not begun: it leaves the queue. R lets it train after all."
    at = f"in epoch {where}, " if where else ""
    return f"It ends {at}with a checkpoint and its result; R goes on with it from there."


def resume_refusal(folder: RunFolder, status: Shown) -> Refusal | None:
    """Why a run's process cannot be started anew; None where it can."""
    name = folder.name
    if status == "queued":
        return Refusal(f"{name} waits for its turn", "S takes it out")
    if status in LIVE:
        return Refusal(f"{name} is live ({status})", "space goes on after a pause")
    if status == "done":
        return Refusal(f"{name} is done", "f forks it: a new run that trains further")
    if status == "deleted":
        return Refusal(f"{name} was deleted", "q leaves")
    if status == "unknown":
        again = f"{shell.program()} train --resume {shell.reachable(folder)} --force"
        return Refusal(
            f"whether {name} lives cannot be told from here", f"make sure that nothing trains it, then: {again}"
        )
    return None


def toggled(state: RunState, status: Shown) -> Kind:
    """What the pause key asks: the opposite of what was asked last, or of what is."""
    for command in reversed(list(state.commands.values())):
        if command.kind in ("pause", "resume") and command.result == "asked":
            return "resume" if command.kind == "pause" else "pause"
    return "resume" if status == "paused" else "pause"


def asker(user: str, terminal: str) -> str:
    """Who asks, in the run's records: "tui:ada@pts/3"."""
    where = terminal.removeprefix("/dev/")
    return f"tui:{user}@{where}" if where else f"tui:{user}"


def said(command: CommandState) -> str:
    """What was asked: "lr x0.5", "extend 5", "pause"."""
    value = command.wanted
    if command.kind == "lr-scale":
        return f"lr x{value:g}" if value is not None else "lr scaled"
    if value is None:
        return plain(command.kind)
    return f"{plain(command.kind)} {value:g}"


def doing(state: RunState, status: Shown) -> str:
    """What a run does that keeps it from meeting a command at once; "" where that is not known."""
    if status == "starting":
        return "starting"
    if status == "queued":
        return "waiting for its turn"
    vitals = state.vitals
    if status == "training" and vitals.epoch > 0 and vitals.steps_per_epoch > 0:
        evaluated = state.evaluations.get("validation")
        ended = abs(vitals.epoch - round(vitals.epoch)) < 0.5 / vitals.steps_per_epoch
        if ended and (not evaluated or evaluated[-1].step < vitals.step):
            return "evaluating"
    return ""


def outcome(command: CommandState, *, brief: bool = False) -> str:
    """What became of a command that was met."""
    if command.result == "applied":
        text = f"applied at step {command.step:,}" if command.step is not None else "applied"
        if command.value is not None and command.kind in ("lr", "lr-scale"):
            return f"{text}: {'lr' if brief else 'the learning rate is'} {number(command.value)}"
        if command.value is not None and command.kind == "extend":
            return f"{text}: {command.value:g} epochs in all"
        return text
    if command.result == "expired":
        return f"expired: {plain(command.why) or 'its process ended before it was met'}"
    return f"refused: {plain(command.why)}"


def command_line(command: CommandState, state: RunState, status: Shown, now: float) -> Line:
    """One command in words: asked and for how long, or what became of it."""
    line: Line = [(said(command), "strong command")]
    if command.result == "asked":
        if status not in LIVE and status != "unknown":
            return [*line, (" was asked, and never met: the run ended first", "warning")]
        waiting = max(now - command.asked, 0.0) if command.asked is not None else None
        age = "" if waiting is None else f" {waiting:.1f} s ago" if waiting < 10 else f" {ago(waiting)} ago"
        what = doing(state, status)
        return [*line, (f" asked{age}, not yet applied" + (f" ({what})" if what else ""), "")]
    style = {"applied": "good", "refused": "bad"}.get(command.result, "warning")
    return [*line, (f" {outcome(command)}", style)]


def latest(state: RunState, status: Shown, now: float) -> CommandState | None:
    """The command that the foot tells of: the newest that waits, else one that was met just now."""
    waiting = [command for command in state.pending if status in LIVE or status == "unknown"]
    if waiting:
        return waiting[-1]
    met = [command for command in state.commands.values() if command.met is not None]
    newest = max(met, key=lambda command: command.met or 0.0, default=None)
    if newest is not None and newest.met is not None and now - newest.met < SHOWN_SECONDS:
        return newest
    return None


def commands_foot(state: RunState, status: Shown, now: float) -> Line:
    """The line of commands; empty where there is nothing to tell."""
    command = latest(state, status, now)
    if command is None:
        return []
    line = command_line(command, state, status, now)
    others = len(state.pending) - 1
    if command.result == "asked" and others > 0:
        line.append((f"  (+{others} more)", "muted"))
    if not command.by.startswith("tui:"):
        line.append((f"  by {plain(command.by)}", "muted"))
    return line


# --- what a person types ---------------------------------------------------------------------------------------------


def rate_asked(text: str) -> tuple[Kind, float]:
    """ "1e-3", or "x0.5". Raises UserError."""
    text = text.strip()
    kind: Kind = "lr-scale" if text[:1] in ("x", "*", "×") else "lr"
    try:
        value = float(text[1:] if kind == "lr-scale" else text)
    except ValueError:
        raise UserError(f"{text!r} is no number", advice="write one like 1e-3, or x0.5 for half of it") from None
    if not math.isfinite(value) or value <= 0:
        raise UserError("a learning rate is above 0", advice="write one like 1e-3, or x0.5 for half of it")
    return kind, value


def epochs_asked(text: str) -> float:
    """A whole number of epochs. Raises UserError."""
    try:
        value = int(text.strip())
    except ValueError:
        raise UserError(f"{text.strip()!r} is no whole number", advice="write one like 5: five epochs more") from None
    if value < 1:
        raise UserError("a run is extended by one epoch or more")
    return float(value)


# --- copying ---------------------------------------------------------------------------------------------


def further_command(folder: RunFolder, status: Shown) -> tuple[str, str]:
    """The shell command that is worth copying, and what it is called."""
    nntui, name = shell.program(), shell.reachable(folder)
    if status == "done":
        return f"{nntui} predict {name} {shell.example_input(folder)}", "the command that predicts"
    if status in LIVE:
        return f"{nntui} attach {name}", "the command that attaches"
    return f"{nntui} train --resume {name}", "the command that resumes"
