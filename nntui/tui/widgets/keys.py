"""`Keys`: the line at the foot of a screen that says which keys do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import events
from textual.screen import Screen

from nntui.tui.draw.keys import Place, hints, keys_line
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from typing import Any

    from nntui.tui.app import NNTuiApp


class Keys(Lines):
    """One line of the screen's bindings, as they are remapped; a click does what the key does.

    A screen's `useless` names the bindings (by id) that would only say why they do nothing now: they are left out. Its
    `labels` says, by id, what some of them do just now.
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
        found = [h for h in hints(self.screen.active_bindings.values()) if h.active.binding.id not in useless]
        labels: Mapping[str, str] = getattr(self.screen, "labels", {})
        found = [replace(h, label=labels.get(h.active.binding.id or "", h.label)) for h in found]
        line, self._places = keys_line(found, self.size.width, cast("NNTuiApp", self.app).charset)
        self.show([line])

    async def on_click(self, event: events.Click) -> None:
        for place in self._places:
            if place.start <= event.x < place.end:
                active = place.hint.active
                await self.app.run_action(active.binding.action, active.node)
                return
