"""`Keys`: the line at the foot of a screen that says which keys do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.actions import parse
from textual.binding import ActiveBinding, Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from nntui.tui.draw.keys import Hint, Place, hints, keys_line
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp


def screen_hints(screen: Screen[Any]) -> list[Hint]:
    """What is bound on a screen now: what its foot, help and the palette tell. Its `labels` says, by id, what some
    bindings do just now; "" of one that does nothing. Its `tooltips` says that in a sentence."""
    return _named(screen, hints(screen.active_bindings.values()))


def _named(screen: Screen[Any], found: list[Hint]) -> list[Hint]:
    labels: Mapping[str, str] = getattr(screen, "labels", {})
    tooltips: Mapping[str, str] = getattr(screen, "tooltips", {})
    ids = [hint.active.binding.id or "" for hint in found]
    named = [
        replace(hint, label=labels.get(id, hint.label), tooltip=tooltips.get(id, hint.tooltip))
        for id, hint in zip(ids, found, strict=True)
    ]
    return [hint for hint in named if hint.label]


def keyless_hints(screen: Screen[Any]) -> list[Hint]:
    """What is bound on a screen now, and has no key left: a person gave its keys to something else."""
    nodes: list[DOMNode] = [*(screen.focused or screen).ancestors_with_self]
    known = {active.binding.id for active in screen.active_bindings.values()}
    found: list[ActiveBinding] = []
    for node in nodes:
        for binding in [b for owner in type(node).__mro__ for b in owner.__dict__.get("BINDINGS", ())]:
            if isinstance(binding, Binding) and binding.id and binding.id not in known:
                known.add(binding.id)
                state = _can(node, binding.action)
                if state is not False:
                    found.append(ActiveBinding(node, binding, bool(state), binding.tooltip))
    return [replace(hint, keys=()) for hint in _named(screen, hints(found))]


def _can(node: DOMNode, action: str) -> bool | None:
    """Whether an action of a binding of `node` can be done; None: not now."""
    namespace, name, parameters = parse(action)
    return (node.app if namespace == "app" else node).check_action(name, parameters)


def focus_keys(screen: str, what: str) -> list[BindingType]:
    """Tab and shift+tab under ids of a screen's own; Textual binds them without, in its own words."""
    return [
        Binding("tab", "app.focus_next", "next", id=f"{screen}.next", tooltip=f"To the next {what}", show=False),
        Binding("shift+tab", "app.focus_previous", "previous", id=f"{screen}.previous",
                tooltip=f"To the {what} before", show=False),
    ]  # fmt: skip


class Keys(Lines):
    """One line of the screen's bindings, as they are remapped; a click does what the key does.

    A screen's `useless` names the bindings (by id) that would only say why they do nothing now: they are left out.
    """

    DEFAULT_CSS = "Keys { height: 1; dock: bottom; background: $panel; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._places: list[Place] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)
        self.call_after_refresh(self.redraw)

    def _bindings_updated(self, screen: Screen[Any]) -> None:
        del screen
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Show what is bound now."""
        if not self.is_attached or not self.screen.is_current:
            return
        useless: frozenset[str] = getattr(self.screen, "useless", frozenset())
        found = [hint for hint in screen_hints(self.screen) if hint.active.binding.id not in useless]
        line, self._places = keys_line(found, self.size.width, cast("NNTuiApp", self.app).charset)
        self.show([line])

    async def on_click(self, event: events.Click) -> None:
        for place in self._places:
            if place.start <= event.x < place.end:
                active = place.hint.active
                await self.app.run_action(active.binding.action, active.node)
                return
