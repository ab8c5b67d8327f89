"""`Chart`: curves over steps, with zoom, pan, crosshair, log scale and smoothing by keys and mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nntui.tui.chart import view as views
from nntui.tui.chart.curves import Curve, Mark
from nntui.tui.chart.layout import Frame, draw
from nntui.tui.chart.memory import Memory
from nntui.tui.chart.view import View
from nntui.tui.draw.charset import BRAILLE, Charset
from nntui.tui.widgets.lines import Lines

_CLOSER, _WIDER = 0.6, 1 / 0.6


class Chart(Lines, can_focus=True):
    """A chart. Set `title`, `curves`, `marks`, `view` (its `total` where the number of steps is known) and call
    `redraw`; nothing is drawn before that, or when a key or the mouse acts on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "pan(-1)", "earlier", id="chart.pan_left", tooltip="Earlier steps", show=False),
        Binding("right_square_bracket", "pan(1)", "later", id="chart.pan_right", tooltip="Later steps", show=False),
        Binding("left_curly_bracket", "zoom(-1)", "zoom in", id="chart.zoom_in", tooltip="Fewer steps, closer",
                show=False),
        Binding("right_curly_bracket", "zoom(1)", "zoom out", id="chart.zoom_out", tooltip="More steps", show=False),
        Binding("x", "crosshair", "crosshair", id="chart.crosshair", tooltip="Read the values at a step", show=False),
        Binding("left", "cross(-1)", "back", id="chart.crosshair_left", tooltip="Crosshair to the left", show=False),
        Binding("right", "cross(1)", "on", id="chart.crosshair_right", tooltip="Crosshair to the right", show=False),
        Binding("L", "log", "log scale", id="chart.log", tooltip="Logarithmic scale of values", show=False),
        Binding("a", "smoothing", "smoothing", id="chart.smoothing", tooltip="The next strength of smoothing",
                show=False),
        Binding("0", "reset", "all", id="chart.reset", tooltip="All steps, no crosshair", show=False),
    ]  # fmt: skip

    class WindowChanged(Message):
        """Other steps are shown: `first` to `last`; `zoomed` is false where they are all. A screen may fetch the exact
        points of them."""

        def __init__(self, chart: Chart, first: int, last: int, zoomed: bool) -> None:
            super().__init__()
            self.chart, self.first, self.last, self.zoomed = chart, first, last, zoomed

        @property
        def control(self) -> Chart:
            return self.chart

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Chart.WindowChanged) and message.chart is self.chart

    class ViewChanged(Message):
        """Log scale, smoothing or crosshair changed: a screen may do the same to its other charts."""

        def __init__(self, chart: Chart, view: View) -> None:
            super().__init__()
            self.chart, self.view = chart, view

        @property
        def control(self) -> Chart:
            return self.chart

    def __init__(
        self, title: str = "", *, percent: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.title = title
        self.percent = percent
        """Values are shares, shown times 100."""
        self.curves: Sequence[Curve] = ()
        self.marks: Sequence[Mark] = ()
        self.view = View()
        self.edge = 0
        """Cells for the labels of values at least."""
        self._frame = Frame([], None)
        self._memory = Memory()
        self._whole: tuple[int, int] | None = None
        self._dragged: tuple[int, int] | None = None
        """Where the mouse went down, and the first step then."""
        self._moved = False

    @property
    def charset(self) -> Charset:
        found = getattr(self.app, "charset", BRAILLE)
        return found if isinstance(found, Charset) else BRAILLE

    @property
    def whole(self) -> tuple[int, int]:
        """The steps of the chart without a zoom. While it is zoomed the curves may hold its window alone, so what was
        known before counts too."""
        found = views.extent(self.curves, self.view.total, self.view.first)
        if self._whole is None or self.view.window is None:
            return found
        return min(found[0], self._whole[0]), max(found[1], self._whole[1])

    def redraw(self) -> None:
        """Draw what the attributes say; only cells that changed are sent."""
        if not self.is_attached:
            return
        width, height = self.size
        self._whole = self.whole
        self._frame = draw(
            self.curves, self.marks, self.view, width, height, self.charset, title=self.title, percent=self.percent,
            focused=self.has_focus, memory=self._memory, whole=self._whole,
            edge=self.edge,
        )  # fmt: skip
        self.show(self._frame.lines)

    @property
    def labelled(self) -> int:
        """Cells that the labels of values take."""
        return self._frame.edge

    def on_resize(self) -> None:
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def _look(self, view: View) -> None:
        """Take another view, draw it, and tell."""
        before, self.view = self.view, view
        if view == before:
            return
        self.redraw()
        if view.window != before.window:
            first, last = views.shown(view, self.whole)
            self.post_message(self.WindowChanged(self, first, last, view.window is not None))
        if replace(view, window=None) != replace(before, window=None):
            self.post_message(self.ViewChanged(self, view))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The arrows belong to the crosshair while there is one, and else to whatever is around the chart."""
        return self.view.crosshair is not None if action == "cross" else super().check_action(action, parameters)

    def action_pan(self, direction: int) -> None:
        self._look(views.panned(self.view, self.whole, 0.25 * direction))

    def action_zoom(self, direction: int) -> None:
        ends = views.reach(self.view, self.curves)
        factor = _CLOSER if direction < 0 else _WIDER
        self._look(views.zoomed(self.view, self.whole, factor, newest=ends[1] if ends is not None else None))

    def action_crosshair(self) -> None:
        if self.view.crosshair is None:
            self._look(self._crossed(0))
        else:
            self._look(replace(self.view, crosshair=None))

    def action_cross(self, direction: int) -> None:
        self._look(self._crossed(direction))

    def _crossed(self, direction: int) -> View:
        return views.crossed(self.view, self.curves, self.whole, self._frame.width, direction)

    def action_log(self) -> None:
        self._look(replace(self.view, log=not self.view.log))

    def action_smoothing(self) -> None:
        self._look(replace(self.view, smoothing=views.smoother(self.view.smoothing)))

    def action_reset(self) -> None:
        self._look(replace(self.view, window=None, crosshair=None))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, _CLOSER)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, _WIDER)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        step = self._frame.step_at(event.x)
        if step is not None:
            event.stop()
            event.prevent_default()
            self._look(views.zoomed(self.view, self.whole, factor, step))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1 and self._frame.scales is not None:
            self._dragged, self._moved = (event.x, self._frame.scales.first), False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        scales = self._frame.scales
        if self._dragged is None or scales is None or not self._frame.width:
            return
        start, first = self._dragged
        shift = round((start - event.x) * (scales.last - scales.first) / self._frame.width)
        if event.x != start:
            self._moved = True
            self._look(views.moved(self.view, self.whole, first + shift))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        pressed, self._dragged = self._dragged, None
        self.release_mouse()
        step = self._frame.step_at(event.x)
        if pressed is not None and not self._moved and step is not None:
            self._look(views.read_at(self.view, self.whole, step, self.curves))
