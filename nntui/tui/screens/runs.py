"""The list of runs: find, open, compare, steer and tidy up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.tui.draw.runs import LIVE, brief_line, detail_line, fits, title_line
from nntui.tui.run_problems import problem_of
from nntui.tui.screens import runs_keys
from nntui.tui.widgets.first_start import FirstStart
from nntui.tui.widgets.keys import Keys
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.runs_table import RunsTable
from nntui.tui.widgets.too_small import TooSmall, fit_terminal

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from nntui.runs.folder import RunFolder
    from nntui.runs.listing import Listing
    from nntui.runs.summary import Row
    from nntui.tui.app import NNTuiApp
    from nntui.tui.recipes import Recipe

LIVE_SECONDS = 1.0
QUIET_SECONDS = 5.0
_LIVE_SHARE, _QUIET_SHARE = 0.01, 0.002
"""Of a core: what looking may cost while a run is live, and while none is."""
_LONGEST_SECONDS = 30.0


class RunsScreen(Screen[None]):
    """All runs of a folder."""

    HELP = runs_keys.HELP
    GLOSSARY: ClassVar[dict[str, str]] = runs_keys.GLOSSARY
    BINDINGS: ClassVar[list[BindingType]] = runs_keys.BINDINGS

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[Row] = ()
        self._read = False
        """Whether the list was read once."""
        self._words = ""
        self._complaint = ""
        self._again = asyncio.Event()
        self._seen = asyncio.Event()
        """Set while no other screen lies over this one."""

    @property
    def nntui(self) -> NNTuiApp:
        return cast("NNTuiApp", self.app)

    @property
    def table(self) -> RunsTable:
        return self.query_one(RunsTable)

    @property
    def rows(self) -> Sequence[Row]:
        """All runs as last read."""
        return self._rows

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield Lines(id="title")
        yield RunsTable()
        yield FirstStart(id="welcome")
        yield Lines(id="detail")
        yield Input(id="find", placeholder="name, data, network, status or note", select_on_focus=False)
        yield Keys()

    def on_mount(self) -> None:
        self.query_one("#find", Input).cursor_blink = False
        self.table.focus()
        self.run_worker(self._follow(), group="follow", exclusive=True)

    # reading

    async def _follow(self) -> None:
        """Reads the list again and again while it is seen: each second while a run is live, else every five; more
        seldom where there are so many runs that looking would cost more than resting."""
        from nntui.runs.listing import Listing

        listing = Listing(self.nntui.runs)
        problems: Mapping[Path, str] = {}
        while True:
            await self._seen.wait()
            self._again.clear()
            cost = 0.0
            try:
                rows, problems, cost = await asyncio.to_thread(_read, listing, problems)
                self._complaint = ""
            except UserError as error:
                rows, problems, self._complaint = [], {}, f"{error.message}. {error.advice}"
            self._take(rows, problems)
            live = any(row.status in LIVE for row in rows)
            rest = max(LIVE_SECONDS, cost / _LIVE_SHARE) if live else max(QUIET_SECONDS, cost / _QUIET_SHARE)
            try:
                await asyncio.wait_for(self._again.wait(), min(rest, _LONGEST_SECONDS))
            except TimeoutError:
                continue

    def look_again(self) -> None:
        """Read the list now."""
        self._again.set()

    def _take(self, rows: Sequence[Row], problems: Mapping[Path, str]) -> None:
        """The list as just read; nothing is drawn where nothing changed."""
        same = self._read and len(rows) == len(self._rows) and all(map(_alike, rows, self._rows))
        self._read = True
        if same:
            return
        self._rows = rows
        here = {row.folder.path for row in rows}
        for path in [path for path in self.table.marks if path not in here]:
            del self.table.marks[path]
        self.table.problems = problems
        self._show()

    def _show(self) -> None:
        """The runs that fit what is looked for."""
        empty = self._read and not self._rows
        if empty != self.has_class("empty"):
            self.set_class(empty, "empty")
            (self.query_one(FirstStart) if empty else self.table).focus()
            self.refresh_bindings()
        any_before = bool(self.table.rows)
        self.table.show_rows([row for row in self._rows if fits(row, self._words)] if self._words else self._rows)
        if bool(self.table.rows) != any_before:
            self.refresh_bindings()
        self._show_title()

    def _show_title(self) -> None:
        title = self.query_one("#title", Lines)
        live = sum(row.status in LIVE for row in self._rows)
        place = self._place()
        title.show(
            [
                title_line(
                    place, len(self.table.rows), len(self._rows), live, len(self.table.marks), title.size.width,
                    self.nntui.charset,
                )
            ]
        )  # fmt: skip

    def _place(self) -> str:
        runs = self.nntui.runs
        try:
            return f"~/{runs.relative_to(Path.home())}"
        except ValueError:
            return str(runs)

    def on_runs_table_highlighted(self) -> None:
        detail = self.query_one("#detail", Lines)
        if self._complaint:
            detail.show([[(f" {self._complaint}", "bad")]])
            return
        row = self.table.chosen
        if row is None:
            words = "no run has these words; esc shows all" if self._words else "" if self._read else "reading the runs"
            detail.show([[(f" {words}", "muted")]])
        else:
            problem = self.table.problems.get(row.folder.path, "")
            if self.has_class("tiny") and not problem:
                detail.show([brief_line(row, detail.size.width, self.nntui.charset)])
                return
            detail.show([detail_line(row, problem, detail.size.width,
                                     self.nntui.charset)])  # fmt: skip

    def on_resize(self, event: events.Resize) -> None:
        fit_terminal(self, *event.size)
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw everything anew: another size, or another charset."""
        self.table.move(0)
        self._show_title()
        self.query_one(TooSmall).redraw()
        self.query_one(FirstStart).redraw()
        self.query_one(Keys).redraw()

    # moving

    def on_screen_resume(self) -> None:
        self._seen.set()
        self.look_again()

    def on_screen_suspend(self) -> None:
        self._seen.clear()

    def action_move(self, by: int) -> None:
        self.query_one(FirstStart).move(by) if self.has_class("empty") else self.table.move(by)

    def action_page(self, by: int) -> None:
        self.table.move(by * max(self.table.page - 1, 1))

    def action_edge(self, last: int) -> None:
        self.table.move_to(len(self.table.rows) if last else 0)

    # finding

    def action_find(self) -> None:
        if not self.has_class("empty"):
            self.add_class("finding")
            self.query_one("#find", Input).focus()

    def action_unfind(self) -> None:
        self.query_one("#find", Input).value = ""
        self._words = ""  # its change is told later
        self._leave_find()

    def _leave_find(self) -> None:
        self.set_class(bool(self._words), "finding")
        self.table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._words = event.value
        self._show()

    def on_input_submitted(self) -> None:
        self._leave_find()

    # what is done to runs

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a run there is nothing to do to one."""
        if not self.is_mounted:
            return super().check_action(action, parameters)
        if (action in _ON_A_RUN and not self.table.rows) or (action in _ON_ANY_RUN and not self._rows):
            return False
        if action == "open":
            return bool(self.table.rows) or self.has_class("empty")
        if action == "unfind":
            return self.has_class("finding")
        return super().check_action(action, parameters)

    @property
    def labels(self) -> dict[str, str]:
        """What enter does where there is no run yet."""
        return {"runs.open": "train"} if self.has_class("empty") else {}

    def _chosen(self) -> RunFolder | None:
        row = self.table.chosen
        return row.folder if row is not None else None

    def _do(self, action: Coroutine[Any, Any, object], folder: RunFolder | None = None, *, asks: bool = True) -> None:
        from nntui.tui import run_actions

        run_actions.once(self, action, folder, self.look_again, asks=asks)

    def action_new(self) -> None:
        self.nntui.new_run()

    def action_data(self) -> None:
        self.run_worker(self._data(), group="data", exclusive=True)

    async def _data(self) -> None:
        from nntui.tui.data_sets import choose_data

        name = await choose_data(self.nntui)
        if name is not None:
            self.nntui.look_at_data({"name": name})

    def action_open(self) -> None:
        if self.has_class("empty"):
            self._begin(self.query_one(FirstStart).chosen)
        elif (folder := self._chosen()) is not None:
            self._open(folder)

    def _open(self, folder: RunFolder) -> None:
        if folder.exists():
            self.nntui.open_run(folder)
        else:
            self.nntui.warn(f"{folder.name} is gone")
            self.look_again()

    def on_runs_table_opened(self, event: RunsTable.Opened) -> None:
        self._open(event.folder)

    def action_mark(self) -> None:
        self.table.mark()
        self.table.move(1)
        self._show_title()

    def action_overlay(self) -> None:
        from nntui.runs.folder import RunFolder

        marked = [RunFolder(path) for path in self.table.marks]
        if len(marked) < 2:
            self.nntui.tell("m marks runs; two marked ones or more can be laid over each other")
        else:
            self.nntui.compare(marked)

    def action_fork(self) -> None:
        self._act("fork")

    def action_stop(self) -> None:
        self._act("stop")

    def action_delete(self) -> None:
        self._act("delete")

    def action_resume(self) -> None:
        self._act("resume")

    def action_note(self) -> None:
        self._act("note")

    def _act(self, what: Literal["fork", "stop", "delete", "resume", "note"]) -> None:
        """Do it to the chosen run."""
        from nntui.tui import run_actions  # here and below: the first frame waits for none of it

        if (folder := self._chosen()) is not None:
            actions = {"fork": run_actions.fork, "stop": run_actions.stop, "delete": run_actions.delete,
                       "resume": run_actions.resume, "note": run_actions.note}  # fmt: skip
            self._do(actions[what](self.nntui, folder), folder, asks=what != "resume")

    def action_rename(self) -> None:
        if (folder := self._chosen()) is not None:
            self._do(self._rename(folder), folder)

    async def _rename(self, folder: RunFolder) -> None:
        from nntui.tui import run_actions

        renamed = await run_actions.rename(self.nntui, folder)
        if renamed is not None:
            self.table.renamed(folder.path, renamed.path)

    def action_template(self) -> None:
        from nntui.tui import run_actions

        if (folder := self._chosen()) is not None:
            try:
                self.nntui.new_run(run_actions.template_of(folder))
            except UserError as error:
                self.nntui.warn(error)

    def action_copy(self) -> None:
        if (folder := self._chosen()) is not None:
            self.nntui.copy(str(folder.path), f"The path of {folder.name}")

    def _begin(self, recipe: Recipe) -> None:
        from nntui.tui import run_actions

        self._do(run_actions.begin(self.nntui, recipe), asks=False)

    def on_first_start_begun(self, event: FirstStart.Begun) -> None:
        self._begin(event.recipe)


def _alike(one: Row, other: Row) -> bool:
    """Whether they are drawn alike: the heartbeat of a live run is not drawn."""
    return one is other or (
        one.folder == other.folder
        and one.status == other.status
        and one.note == other.note
        and one.summary == other.summary
    )


def _read(listing: Listing, before: Mapping[Path, str]) -> tuple[Sequence[Row], Mapping[Path, str], float]:
    """The runs, what is wrong with which, and the seconds of a core that it took."""
    began = time.thread_time()
    rows = listing.refresh()
    if not listing.changed and not listing.gone:
        return rows, before, time.thread_time() - began
    new = listing.changed
    said = {
        row.folder.path: problem_of(row) if row.folder.name in new else before.get(row.folder.path, "") for row in rows
    }
    return rows, {path: text for path, text in said.items() if text}, time.thread_time() - began


_ON_A_RUN = frozenset(
    {"mark", "fork", "stop", "delete", "resume", "template", "rename", "note", "copy", "page", "edge"}
)
"""Actions that are nothing without a run in sight."""
_ON_ANY_RUN = frozenset({"overlay", "find"})
"""Actions that are nothing without a run, found or not."""
