"""The layers panel."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from nntui.runs.events import Planned, Probed, Resumed
from nntui.tui.draw.layers import explanation, layer_rows, layers_head, layers_lines, trouble_line, troubles
from nntui.tui.widgets.panels import Body, Panel


class LayersPanel(Panel):
    """Each layer with its shape, parameters, gradient, update and dead units; Enter says what is wrong and why."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "why", "why", id="layers.why", show=False, tooltip="What is wrong with the layers, and why"),
    ]

    title = "Layers"
    wants = (Probed, Planned, Resumed)
    explains = False
    """Whether it shows what is wrong in place of the table."""

    def action_why(self) -> None:
        self.explains = not self.explains
        self.scroll_rows(0)
        self.redraw()
        self.post_message(self.Moved())

    def body(self, cells: int, height: int) -> Body:
        del height
        rows = layer_rows(self.watched.state)
        wrong = troubles(rows)
        if self.explains:
            return Body(explanation(rows, wrong, cells), foot=[[("enter: the table", "muted")]])
        if not rows:
            return Body([[("the network is not built yet", "muted")]])
        told = trouble_line(wrong, cells, self.charset)
        lines = layers_lines(rows, cells, self.charset, wrong)
        return Body(lines, head=[layers_head(rows, cells)], foot=[told] if told else [])
