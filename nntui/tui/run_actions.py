"""What a person does to a run from a list or from its own screen: asks first, then does it, and tells what came of it.

Each is a coroutine for a worker of a screen (it waits for answers), and tells a `UserError` as a warning.
"""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from nntui.hooks.errors import UserError
from nntui.runs import shell
from nntui.runs.figures import size
from nntui.tui import steering
from nntui.tui.aside import aside
from nntui.tui.draw.runs import epoch_text

if TYPE_CHECKING:
    from textual.screen import Screen

    from nntui.runs.commands import Kind
    from nntui.runs.folder import RunFolder
    from nntui.runs.vitals import Vitals
    from nntui.spec.model import Origin
    from nntui.spec.said import Said
    from nntui.tui.app import NNTuiApp
    from nntui.tui.form.checker import Checker
    from nntui.tui.recipes import Recipe

NOTICED_SECONDS = 0.4
"""A start that takes longer is told: the fork server may have to start first."""

P = ParamSpec("P")
R = TypeVar("R")


def once(
    screen: Screen[Any],
    action: Coroutine[Any, Any, object],
    folder: RunFolder | None,
    then: Callable[[], object] | None = None,
    *,
    asks: bool = True,
) -> None:
    """Does it in a worker of `screen`, where it may wait for answers, and `then` what follows. A key that is pressed
    again before its question shows does not ask twice; keys that follow it are the question's. `asks`: whether it asks
    something first of all."""
    name = f"{getattr(action, '__qualname__', '')} {folder.path if folder is not None else ''}"
    if any(worker.name == name and not worker.is_finished for worker in screen.workers):
        action.close()
        return

    ahead = cast("NNTuiApp", screen.app).ahead

    async def done() -> None:
        try:
            await action
        finally:
            if asks:
                ahead.drop()
        if then is not None:
            then()

    if asks:
        ahead.hold()
    screen.run_worker(done(), name=name, group="actions")


def asker() -> str:
    """Who asks, in a run's records: the person, and the terminal that they sit at."""
    return steering.asker(_user(), _terminal())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return str(os.getuid())


def _terminal() -> str:
    """/dev/pts/3; "" where there is none."""
    for descriptor in (0, 1, 2):
        try:
            return os.ttyname(descriptor)
        except OSError:
            continue
    return ""


def _told(
    action: Callable[Concatenate[NNTuiApp, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[NNTuiApp, P], Coroutine[Any, Any, R | None]]:
    """What came of it; a mistake, and a disk or folder that refuses, is told, and is None."""

    @wraps(action)
    async def safely(app: NNTuiApp, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return await action(app, *args, **kwargs)
        except UserError as error:
            app.warn(error)
        except OSError as error:
            app.warn(f"{error.filename or 'a file'}: {error.strerror or error}")
        return None

    return safely


@_told
async def stop(app: NNTuiApp, folder: RunFolder) -> bool:
    """Ask a live run to stop."""
    from nntui.runs.commands import append_command

    vitals = _steerable("stop", folder)
    told = steering.stopping(vitals, epoch_text(vitals.epoch, vitals.epochs))
    if not await sure_to_stop(app, folder.name, lambda: told, queued=vitals.phase == "queued"):
        return False
    _steerable("stop", folder)  # it may have ended while it was asked
    append_command(folder, "stop", None, asker())
    app.tell(f"{folder.name}: stop asked")
    return True


async def sure_to_stop(app: NNTuiApp, name: str, says: Callable[[], str], *, queued: bool) -> bool:
    """Whether a run is to end now, of which comes what `says` tells; or to leave the queue."""
    from nntui.tui.screens.ask_stop import AskStop

    return await app.push_screen_wait(AskStop(name, says, queued=queued))


def _steerable(kind: Kind, folder: RunFolder) -> Vitals:
    """What a run is at, of which `kind` can be asked. Raises UserError where it cannot."""
    from nntui.runs.summary import load_row

    row = load_row(folder)
    vitals = row.summary.vitals
    refused = steering.refusal(kind, folder.name, vitals, row.status if folder.exists() else "deleted")
    if refused is not None:
        raise refused.error()
    return vitals


@_told
async def delete(app: NNTuiApp, folder: RunFolder) -> bool:
    """Delete a run that is not live."""
    from nntui.runs.folder import folder_size, remove_run
    from nntui.runs.lock import Live, Unknown, probe_lock
    from nntui.tui.screens.ask_yes_no import AskYesNo

    live = probe_lock(folder)
    if isinstance(live, Live):
        raise UserError(f"{folder.name} is live: it is not deleted", advice="S stops it first")
    taken = await asyncio.to_thread(folder_size, folder.path)
    detail = f"{size(taken)} in {folder.path}. There is no way back."
    force = False
    if isinstance(live, Unknown):
        force = True
        detail += f" Whether it is live cannot be told from here: {live.why}."
    sure = AskYesNo(f"Delete {folder.name}?", detail, yes="delete", no="keep", grave=True)
    if not await app.push_screen_wait(sure):
        return False
    freed = await asyncio.to_thread(remove_run, folder, force=force)
    app.tell(f"{folder.name} is deleted: {size(freed)}")
    return True


@_told
async def resume(app: NNTuiApp, folder: RunFolder) -> bool:
    """Go on with a run that was stopped, lost or has failed, from its newest checkpoint."""
    from nntui.runs.summary import load_row

    refused = steering.resume_refusal(folder, load_row(folder).status if folder.exists() else "deleted")
    if refused is not None:
        raise refused.error()
    return await train(app, folder, fresh=False)


@_told
async def fork(app: NNTuiApp, folder: RunFolder) -> bool:
    """A new run that goes on from a checkpoint of another, chosen by the person; it is trained and shown."""
    from nntui.runs.creating import make_run
    from nntui.tui.screens.ask_choice import AskChoice
    from nntui.tui.screens.ask_text import AskText

    places = await asyncio.to_thread(_places, folder)
    detail = "The new run goes on with the weights, the optimizer and the counter of this checkpoint."
    place = await app.push_screen_wait(AskChoice(f"Fork {folder.name} at", [option for option, _, _ in places],
                                                 detail=detail))  # fmt: skip
    if place is None:
        return False
    label, done, planned = next((option.label, done, left) for option, done, left in places if option.value == place)
    suggested = planned if planned > done else planned + max(done // 2, 1)
    elsewhere = f"{shell.program()} fork {shell.reachable(folder)} --at {place} --lr 1e-4"
    text = await app.push_screen_wait(
        AskText(f"Fork {folder.name} at {label}: epochs in all", str(suggested), lambda text: _wrong_epochs(text, done),
                detail=f"It has trained for {done} of {planned}. With other changes too, in a shell: {elsewhere}")
    )  # fmt: skip
    if text is None:
        return False
    toml, origin = await _forked(folder, place, int(text))
    child = await asyncio.to_thread(make_run, toml, origin, app.runs, None)
    return await train(app, child, show=True)


def _wrong_epochs(text: str, done: int) -> str | None:
    if not text.strip().isdecimal():
        return "a whole number of epochs"
    return None if int(text) > done else f"more than the {done} that it has trained for"


def _places(folder: RunFolder) -> list[tuple[Any, int, int]]:
    """Where a run can be forked, the newest first: an option, epochs done and epochs planned."""
    import json

    from nntui.runs.checkpoints import list_checkpoints, pointer
    from nntui.runs.lock import Live, probe_lock
    from nntui.tui.widgets.options import Option

    if not folder.exists():
        raise UserError(f"{folder.name} is gone")
    infos = [info for info in list_checkpoints(folder) if info.readable]
    if not infos:
        live = isinstance(probe_lock(folder), Live)
        raise UserError(
            f"{folder.name} has no checkpoint to fork from" + (" yet" if live else ""),
            advice="c on its screen writes one" if live else "N makes a new run like it",
        )
    best, last = pointer(folder, "best"), pointer(folder, "last")
    places: list[tuple[Any, int, int]] = []
    for info in sorted(infos, key=lambda info: -info.step):
        try:
            facts = json.loads((info.path / "training_state.json").read_text(encoding="utf-8"))
            planned = int(facts["epochs"])
            done = int(facts["base_epoch"] + (info.step - facts["base_step"]) / facts["steps_per_epoch"] + 0.001)
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            continue  # weights alone, or damaged
        names = [name for name, at in (("best", best), ("last", last)) if at == info.path]
        label = ", ".join([*names, f"step {info.step:,}"])
        # By its step: what is the best or the last may be another one when the person has answered.
        reached = f"epoch {done}/{planned}" if done else f"of {planned} epochs"
        places.append((Option(str(info.step), label, reached), done, planned))
    if not places:
        raise UserError(f"the checkpoints of {folder.name} cannot be read")
    return places


async def _forked(folder: RunFolder, place: str, epochs: int) -> tuple[str, Origin]:
    """The run's spec, as it is, for so many epochs from a checkpoint, as TOML; and where it says that it comes from."""
    from nntui.runs.creating import fork_origin
    from nntui.spec.said import Said
    from nntui.spec.toml import read_toml

    def checker() -> Checker:
        from nntui.tui.form.checker import Checker

        return Checker()

    base = read_toml(folder.run_toml)
    origin = await asyncio.to_thread(fork_origin, folder, place, rate_changed=False)
    tree = {key: value for key, value in base.tree.items() if key != "name"}
    tree["training"] = {**tree.get("training", {}), "epochs": epochs}
    tree["origin"] = asdict(origin)
    resolving = await aside(checker)
    try:
        return await resolving.toml(Said(tree=tree, places=base.places, file=base.file)), origin
    finally:
        await resolving.close()


@_told
async def begin(app: NNTuiApp, recipe: Recipe) -> bool:
    """Make a run of a recipe, train it and show it."""
    from nntui.tui.recipes import make

    folder = await asyncio.to_thread(make, recipe, app.runs)
    return await train(app, folder, show=True)


async def train(app: NNTuiApp, folder: RunFolder, *, show: bool = False, fresh: bool = True) -> bool:
    """Start the engine, asking whether to wait where another run trains on this machine; whether it was started.

    A fresh run that a mistake or a second thought keeps from beginning leaves no folder behind. Raises UserError.
    """
    from nntui.runs.creating import discard_untrained

    try:
        after = await _after(app, folder)
    except asyncio.CancelledError:  # the screen is left while it is asked
        if fresh:
            discard_untrained(folder)
        raise
    if after is None:
        if fresh:
            await asyncio.to_thread(discard_untrained, folder)
        return False
    told = app.set_timer(NOTICED_SECONDS, lambda: app.tell(f"{folder.name} is starting"))
    try:
        await app.server.train(folder, after=after)
    except UserError:
        if fresh:
            await asyncio.to_thread(discard_untrained, folder)
        raise
    finally:
        told.stop()
    if show:
        app.open_run(folder)
    else:
        app.tell(f"{folder.name} goes on" if not after else f"{folder.name} waits for {after}")
    return True


async def _after(app: NNTuiApp, folder: RunFolder) -> str | None:
    """The run to wait for, "" for none; None where the person thinks better of it."""
    from nntui.runs.liveness import live_runs
    from nntui.tui.screens.ask_choice import AskChoice
    from nntui.tui.widgets.options import Option

    others = [run.name for run in await asyncio.to_thread(live_runs, app.runs) if run.path != folder.path]
    if not others:
        return ""
    options = [Option("", "share the machine", "both train at once, each slower")]
    options += [Option(name, f"wait for {name}", "begin when it has ended") for name in others]
    title = f"{others[0]} trains here" if len(others) == 1 else f"{len(others)} runs train here"
    return await app.push_screen_wait(AskChoice(title, options))


@_told
async def rename(app: NNTuiApp, folder: RunFolder) -> RunFolder | None:
    """Give a run that is not live another name; the folder that it is now."""
    from nntui.runs.lock import Live, probe_lock
    from nntui.runs.names import check_name
    from nntui.runs.renaming import rename_run
    from nntui.tui.screens.ask_text import AskText

    if isinstance(probe_lock(folder), Live):
        raise UserError(f"{folder.name} is live: it keeps its name until it ends", advice="t notes something about it")

    def wrong(text: str) -> str | None:
        taken = check_name(text) != folder.name and (folder.path.parent / text).exists()
        return f"there is a run named {text}" if taken else None

    text = await app.push_screen_wait(AskText(f"Rename {folder.name}", folder.name, wrong))
    if text is None or text == folder.name:
        return None
    return rename_run(folder, text)


@_told
async def note(app: NNTuiApp, folder: RunFolder) -> bool:
    """Note something about a run."""
    from nntui.runs.notes import read_note, write_note
    from nntui.tui.screens.ask_text import AskText

    before = read_note(folder)
    first, _, rest = before.partition("\n")
    detail = "Its other lines, in note.txt, stay." if rest else ""
    ask = AskText(f"Note on {folder.name}", first, detail=detail, hint="why, or what next", select=False)
    text = await app.push_screen_wait(ask)
    if text is None:
        return False
    write_note(folder, f"{text}\n{rest}" if rest else text)
    return True


def template_of(folder: RunFolder) -> Said:
    """What a new run like this one begins with. Raises UserError."""
    from nntui.spec.said import Said
    from nntui.spec.toml import read_toml

    said = read_toml(folder.run_toml)
    kept = {key: value for key, value in said.tree.items() if key not in ("origin", "name", "resolved", "environment")}
    return Said(tree=kept, places=said.places, file=said.file)
