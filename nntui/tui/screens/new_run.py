"""New run: what to train on what, with what follows from each choice beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from nntui.hooks.errors import UserError
from nntui.runs import shell
from nntui.tui import new_run_actions
from nntui.tui.aside import aside
from nntui.tui.draw.form import command_lines, help_lines, pane_at, title_line
from nntui.tui.draw.plan import message_lines, seconds_text
from nntui.tui.new_run_questions import Questions
from nntui.tui.screens import new_run_keys
from nntui.tui.screens.new_run_keys import PANES, PARTS
from nntui.tui.widgets.activation import ActivationPane
from nntui.tui.widgets.asked import Asked
from nntui.tui.widgets.form import FormView
from nntui.tui.widgets.keys import Keys
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.plan import PlanPane
from nntui.tui.widgets.preview import DataPane
from nntui.tui.widgets.too_small import TooSmall, fit_terminal

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from nntui.runs.jobs import ActivationCurve, Described, PlanResult
    from nntui.spec.said import Said
    from nntui.tui.app import NNTuiApp
    from nntui.tui.asking import Answered
    from nntui.tui.form.checker import Checker
    from nntui.tui.form.form import Checked, Form
    from nntui.tui.form.rows import Row

NARROW = 100
"""Cells from which the panes stand side by side."""
TYPING_SECONDS = 0.1
"""How long a person must pause before what they type is checked."""
AWAITED_SECONDS = 0.2
"""How long a check may take before it is said that it is under way."""


class NewRunScreen(Screen[None]):
    """A form, and beside it the plan of its network, its activation's curve and its data."""

    HELP = new_run_keys.HELP
    GLOSSARY: ClassVar[dict[str, str]] = new_run_keys.GLOSSARY
    BINDINGS: ClassVar[list[BindingType]] = new_run_keys.BINDINGS

    def __init__(self, template: Said | None = None) -> None:
        super().__init__()
        self._template = template
        self._form: Form | None = None
        self._checker: Checker | None = None
        self._checking: asyncio.Task[None] | None = None
        self._zoomed = False
        self._open = 1
        self._mistake: UserError | None = None
        """What went wrong when the run was to begin; shown until something is changed."""
        self._begins = False
        self._planned: tuple[str, UserError | None] = "", None
        self._awaited = ""
        """Whose code is run for the check that is under way, once that has taken a while."""
        self.questions = Questions(self, self._take_plan, self._take_data, self._take_curve)

    @property
    def nntui(self) -> NNTuiApp:
        return cast("NNTuiApp", self.app)

    @property
    def form(self) -> Form:
        """What is said. Only once the plugins were looked at."""
        if self._form is None:
            raise RuntimeError("the form is not ready")
        return self._form

    @property
    def ready(self) -> bool:
        """Whether the form can be filled in, and what is said in it was checked."""
        return self._form is not None and (self._checking is None or self._checking.done())

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield Lines(id="title")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield FormView(id="form")
                yield Lines(id="about")
            with Vertical(id="right"):
                yield PlanPane(2, id="plan")
                with Horizontal(id="below"):
                    yield ActivationPane(3, id="activation")
                    yield DataPane(4, id="data")
        yield Lines(id="command")
        yield Keys()

    def on_mount(self) -> None:
        self.query_one(FormView).focus()
        self.call_after_refresh(self._begin_loading)
        self.run_worker(self.questions.warm(), group="warm")

    async def on_unmount(self) -> None:
        self.questions.close()
        if self._checking is not None:
            self._checking.cancel()
        if self._checker is not None:
            await self._checker.close()

    # what the server is asked

    def _take_plan(self, answered: Answered[PlanResult]) -> None:
        self.query_one(PlanPane).take(answered)
        if (self._estimate(), self.questions.refusal) != self._planned:
            self._show_rows()

    def _take_data(self, answered: Answered[Described]) -> None:
        self.query_one(DataPane).take(answered)

    def _take_curve(self, answered: Answered[ActivationCurve]) -> None:
        self.query_one(ActivationPane).take(answered)

    # the form

    def _begin_loading(self) -> None:
        self._show_title()
        self._checking = asyncio.create_task(self._load())

    async def _load(self) -> None:
        """Imports what the form needs, and every plugin's index, beside the first frame."""

        def load() -> Checker:
            from nntui.tui.form.checker import Checker

            return Checker()

        try:
            self._checker = await aside(load)
            self._form = await self._checker.begin(self._template)
        except UserError as error:
            self._mistake = error
            self._show_about()
            return
        self._show_all(self._form.checked)

    def _changed(self, *, typed: bool = False) -> None:
        """Something else is said: show it at once, and what follows as soon as it is known."""
        self._mistake = None
        self._show_rows()
        if self._checking is not None:
            self._checking.cancel()
        self._checking = asyncio.create_task(self._check(TYPING_SECONDS if typed else 0.0))

    async def _check(self, delay: float) -> None:
        from nntui.tui.form.form import sketched

        assert self._checker is not None  # it made the form
        await asyncio.sleep(delay)
        form = self.form
        wanted = form.wanted
        waits = None
        if foreign := self._checker.elsewhere(wanted.names):  # it may take seconds: what the index tells is shown
            form.take(sketched(wanted, form.registry, form.last))
            self._show_rows()
            self._show_command()
            told = " and ".join(dict.fromkeys(foreign.values()))
            waits = self.set_timer(AWAITED_SECONDS, lambda: self._await(f"checking {told}"))
        try:
            checked = await self._checker.check(wanted)
        finally:
            if waits is not None:
                waits.stop()
            self._awaited = ""
        if form.wanted is wanted:
            form.take(checked)
            self._show_all(checked)

    def _await(self, told: str) -> None:
        self._awaited = told
        self._show_rows()

    def _show_all(self, checked: Checked) -> None:
        self._show_rows()
        self._show_command()
        self._show_title()
        self.questions.follow(checked)

    def _show_rows(self) -> None:
        from nntui.tui.form.rows import blamed, rows

        if self._form is None or self._form.last is None:
            return
        view = self.query_one(FormView)
        found = rows(self._form.wanted, self._form.last, self._form.registry, unfolded=view.unfolded)
        self._planned = self._estimate(), self.questions.refusal
        found[-1] = replace(found[-1], text=self._planned[0])
        if self.questions.refusal is not None:
            found = blamed(found, self.questions.refusal)
        view.show_rows(found)
        self._show_about()

    def _estimate(self) -> str:
        """What stands beside Train: how long it will take."""
        plan = self.questions.plan.now
        if self._begins:
            return "starting"
        if self._awaited:
            return self._awaited
        known = plan.value is not None and not plan.old
        return f"about {seconds_text(plan.value.seconds)}" if known and plan.value and plan.value.seconds else ""

    def _show_about(self) -> None:
        about = self.query_one("#about", Lines)
        cells, charset = about.size.width, self.nntui.charset
        if self._mistake is not None:
            about.show(message_lines(self._mistake.message, self._mistake.advice, cells, charset)[:3])
            return
        row = self.query_one(FormView).chosen
        if row is None:
            about.show([[("reading the plugins", "muted")]])
            return
        from nntui.tui.form.rows import bounds

        typing = self.query_one(FormView).typing is not None
        takes = bounds(row.field) if row.field is not None else ""
        about.show(help_lines(row, takes, cells, charset, typing=typing))

    def _show_command(self) -> None:
        if self._form is None or self._form.last is None:
            return
        shown = self.query_one("#command", Lines)
        shown.show(command_lines(self._command(self._form.last), shown.content_size.width, 2, self.nntui.charset))

    def _command(self, checked: Checked) -> str:
        """The equal command, which keeps its run where the form's would be."""
        return shell.typed(checked.command, self.nntui.runs)

    def _show_title(self) -> None:
        title = self.query_one("#title", Lines)
        last = self._form.last if self._form is not None else None
        note = last.notes[0] if last is not None and last.notes else ""
        panes = list(PANES.items()) if self.has_class("single") else []
        title.show([title_line(note, panes, self._open, title.size.width)])

    # what is done in the form

    def on_form_view_moved(self) -> None:
        self._show_about()

    def on_form_view_typed(self, event: FormView.Typed) -> None:
        if self._form is not None:
            self._form.set(event.key, event.text)
            self._changed(typed=event.while_typing)

    def on_form_view_unsaid(self, event: FormView.Unsaid) -> None:
        if self._form is not None:
            self._form.reset(event.key)
            self._changed()

    def on_form_view_folded(self) -> None:
        view = self.query_one(FormView)
        view.unfolded = not view.unfolded
        self._show_rows()

    def on_form_view_train_asked(self) -> None:
        self.action_train()

    def on_form_view_chooser_asked(self, event: FormView.ChooserAsked) -> None:
        self.run_worker(self._choose(event.row), group="choose", exclusive=True)

    async def _choose(self, row: Row) -> None:
        name = await new_run_actions.choose(self.nntui, self.form, row)
        if name is not None:
            self.form.set(row.key, name)
            self._changed()

    # panes

    def on_resize(self, event: events.Resize) -> None:
        fit_terminal(self, *event.size)
        self._arrange()
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw everything anew: another size, or another charset."""
        self._show_title()
        self._show_command()
        self._show_about()
        self.query_one(TooSmall).redraw()
        self.query_one(FormView).redraw()
        for pane in self.query(Asked):
            pane.redraw()

    def _arrange(self) -> None:
        """All panes, or the open one alone."""
        single = self._zoomed or self.size.width < NARROW
        self.set_class(single, "single")
        for part, panes in PARTS.items():
            self.query_one(f"#{part}").set_class(PANES[self._open] in panes, "open")

    def action_open(self, number: int) -> None:
        self._open = number
        self._arrange()
        self._show_title()
        self.query_one(f"#{PANES[number]}").focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        number = next((number for number, id in PANES.items() if id == event.widget.id), None)
        if number is not None and number != self._open:
            self._open = number
            self._arrange()
            self._show_title()

    def on_click(self, event: events.Click) -> None:
        number = pane_at(list(PANES.items()), event.x) if event.widget is self.query_one("#title") else None
        if number is not None and self.has_class("single"):
            self.action_open(number)

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self._arrange()
        self.call_after_refresh(self.redraw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._zoomed if action == "unzoom" else super().check_action(action, parameters)

    def action_unzoom(self) -> None:
        if self._zoomed:
            self.action_zoom()

    # what becomes of it

    async def _settled(self) -> Checked | None:
        """What is said, checked; None where it is not ready."""
        while self._checking is not None and not self._checking.done():
            await asyncio.wait([self._checking])
        return self._form.last if self._form is not None else None

    def action_copy(self) -> None:
        if self._form is not None and self._form.last is not None:
            self.nntui.copy(self._command(self._form.last), "the command")

    def action_data(self) -> None:
        new_run_actions.look_at_data(self.nntui, self._form)

    def action_save(self) -> None:
        self.nntui.ahead.hold()
        self.run_worker(self._save(), group="save", exclusive=True)

    async def _save(self) -> None:
        checked = await self._settled()
        if checked is None or checked.tree is None:
            self.nntui.ahead.drop()
            self._refuse(checked)
        else:
            name = f"{checked.entries['data'].name}-{checked.entries['arch'].name}.toml"
            await new_run_actions.save(self.nntui, self.form.toml(), name)

    def action_train(self) -> None:
        if not self._begins:
            self._begins = True
            self.run_worker(self._train(), group="train")

    async def _train(self) -> None:
        try:
            checked = await self._settled()
            if checked is None or checked.tree is None or self.questions.refusal is not None:
                self._refuse(checked)
                return
            self._show_rows()
            await new_run_actions.begin(self.nntui, await asyncio.to_thread(self.form.toml))
        except UserError as error:
            self._mistake = error
            self._show_about()
            self.nntui.warn(error)
        finally:
            self._begins = False
            if self.is_attached:
                self._show_rows()

    def _refuse(self, checked: Checked | None) -> None:
        """Show the first of what is wrong."""
        if checked is None:
            self.nntui.tell("the plugins are still being read")
            return
        view = self.query_one(FormView)
        if self._open != 1:
            self.action_open(1)
        view.move_to(next((number for number, row in enumerate(view.rows) if row.errors), view.cursor))
        self.nntui.warn(new_run_actions.fault_of(checked, self.questions.refusal))
        self.questions.follow(checked)  # a file may have been put right since
