"""What the panes of New run ask of the fork server, each as far as what is said allows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from nntui.hooks.errors import UserError
from nntui.tui.asking import Answered, Asking

if TYPE_CHECKING:
    from textual.screen import Screen

    from nntui.runs.jobs import ActivationCurve, Described, PlanResult
    from nntui.tui.app import NNTuiApp
    from nntui.tui.form.form import Checked
    from nntui.tui.server import Server

Activation: TypeAlias = tuple[str, Mapping[str, Any]]
"""Qualified name and params."""
Tree: TypeAlias = Mapping[str, Any]
"""A whole spec (`spec.tree.tree_of`)."""


class Questions:
    """Plan, data and activation of what is said; answers go to the functions given."""

    def __init__(
        self,
        screen: Screen[Any],
        plan: Callable[[Answered[PlanResult]], None],
        data: Callable[[Answered[Described]], None],
        curve: Callable[[Answered[ActivationCurve]], None],
    ) -> None:
        self._screen = screen
        # The plan costs most: it is asked when a person has stopped changing things.
        self.plan: Asking[Tree, PlanResult] = Asking(
            self._plan, plan, delay=0.25, lasts=lambda plan: not plan.timed.startswith("not timed")
        )
        self.data: Asking[Tree, Described] = Asking(self._describe, data, delay=0.1)
        self.curve: Asking[Activation, ActivationCurve] = Asking(self._draw, curve, delay=0.1)

    @property
    def _server(self) -> Server:
        return cast("NNTuiApp", self._screen.app).server

    @property
    def settled(self) -> bool:
        """Whether nothing is awaited."""
        return all(asking.now.since is None for asking in (self.plan, self.data, self.curve))

    @property
    def refusal(self) -> UserError | None:
        """What the plan says that a person must put right before this can be trained."""
        error = self.plan.now.error
        return error if error is not None and getattr(error, "kind", "") == "request" else None

    async def warm(self) -> None:
        """Start the server while the plugins are read: it is asked something at once."""
        with contextlib.suppress(UserError):  # told in the panes, which ask it
            await self._server.start()

    def follow(self, checked: Checked) -> None:
        """Ask what follows from what is said now; older questions are cancelled."""
        if checked.tree is not None:
            self.plan.want(repr(checked.tree), checked.tree)
        else:
            self.plan.drop()
        if checked.data is not None:
            self.data.want(repr(checked.data), checked.data)
        else:
            self.data.drop()
        if checked.activation is not None:
            self.curve.want(repr(checked.activation), checked.activation)
        else:
            self.curve.drop()

    def close(self) -> None:
        for asking in (self.plan, self.data, self.curve):
            asking.close()

    async def _plan(self, tree: Tree, early: Callable[[PlanResult], None]) -> PlanResult:
        return await self._server.plan(await _toml(tree), first=early)

    async def _describe(self, tree: Tree, early: Callable[[Described], None]) -> Described:
        del early
        return await self._server.describe(await _toml(tree))

    async def _draw(self, question: Activation, early: Callable[[ActivationCurve], None]) -> ActivationCurve:
        del early
        return await self._server.activation(*question)


async def _toml(tree: Tree) -> str:
    from nntui.tui.form.form import bare_toml

    return await asyncio.to_thread(bare_toml, tree)
