"""Zoom, pan and crosshair, as pure functions and in the widget under keys and mouse."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from nntui.tui.chart import view as views
from nntui.tui.chart.curves import Curve, points
from nntui.tui.chart.view import View
from nntui.tui.draw.charset import ASCII, Charset
from nntui.tui.draw.text import text_of
from nntui.tui.palette import THEMES
from nntui.tui.widgets.chart import Chart

WHOLE = (0, 1000)


def loss(n: int = 1000) -> Curve:
    return Curve("train", "train", points((s, 2.0 - s / 1000 + s % 7 / 50) for s in range(1, n + 1)))


def test_a_zoom_keeps_the_step_under_the_pointer() -> None:
    view = views.zoomed(View(), WHOLE, 0.5, at=250)
    assert view.window == (125, 625)
    assert views.zoomed(view, WHOLE, 2.0, at=250).window is None


def test_a_zoom_without_a_pointer_is_about_the_crosshair_or_the_middle() -> None:
    assert views.zoomed(View(), WHOLE, 0.5).window == (250, 750)
    assert views.zoomed(View(crosshair=900), WHOLE, 0.5).window == (450, 950)


def test_a_zoom_into_a_live_chart_shows_what_there_is() -> None:
    """Of 1,000 steps 140 are trained: what is to come is left out first, then the oldest."""
    view = View()
    for window in ((0, 600), (0, 360), (0, 216), (10, 140), (62, 140)):
        view = views.zoomed(view, WHOLE, 0.6, newest=140)
        assert view.window == window
    assert views.zoomed(View(window=(0, 100)), WHOLE, 0.5, newest=140).window == (25, 75), "the past stays the past"
    assert views.zoomed(View(crosshair=40), WHOLE, 0.5, newest=140).window == (20, 520)


def test_the_crosshair_stays_where_there_are_values() -> None:
    curves = [loss(140)]
    view = views.crossed(View(window=(400, 500)), curves, WHOLE, 80, 0)
    assert view.crosshair == 140
    assert view.window == (90, 190), "the window comes along"
    assert views.crossed(View(crosshair=139), curves, WHOLE, 10, 1).crosshair == 140
    assert views.crossed(View(crosshair=140), curves, WHOLE, 10, 1).crosshair == 140
    assert views.read_at(View(), WHOLE, 700, curves).crosshair == 140
    assert views.crossed(View(), [], WHOLE, 80, 0).crosshair is None
    part = View(window=(100, 140), crosshair=140, newest=900)  # the curves hold a window alone
    assert views.crossed(part, curves, WHOLE, 10, 1).crosshair == 144


def test_a_pan_stops_at_the_ends() -> None:
    view = View(window=(400, 600))
    assert views.panned(view, WHOLE, 0.25).window == (450, 650)
    assert views.panned(view, WHOLE, 9).window == (800, 1000)
    assert views.panned(view, WHOLE, -9).window == (0, 200)
    assert views.panned(View(), WHOLE, 0.25).window is None


@given(
    st.lists(st.tuples(st.sampled_from(["in", "out", "pan", "back", "cross"]), st.integers(-50, 1200)), max_size=40),
    st.integers(1, 2000),
)
def test_a_window_always_lies_within_the_whole(acts: list[tuple[str, int]], end: int) -> None:
    whole, view, curves = (0, end), View(), [loss(min(end, 50))]
    for act, at in acts:
        if act in ("in", "out"):
            view = views.zoomed(view, whole, 0.6 if act == "in" else 1.7, at)
        elif act == "cross":
            view = views.crossed(view, curves, whole, 80, 1 if at % 2 else -1)
        else:
            view = views.panned(view, whole, 0.25 if act == "pan" else -0.25)
        first, last = views.shown(view, whole)
        assert 0 <= first < last <= end
        assert view.crosshair is None or 0 <= view.crosshair <= end


def test_the_crosshair_goes_from_point_to_point_where_they_are_sparse() -> None:
    curves = [Curve("val", "validation", points([(100, 1.0), (500, 0.5), (900, 0.4)]), "points")]
    view = views.crossed(View(), curves, WHOLE, 80, 0)
    assert view.crosshair == 900
    view = views.crossed(view, curves, WHOLE, 80, -1)
    assert view.crosshair == 500
    assert views.crossed(view, curves, WHOLE, 80, 1).crosshair == 900


def test_the_crosshair_takes_a_zoomed_window_along() -> None:
    view = views.crossed(View(window=(400, 500), crosshair=500), [loss()], WHOLE, 80, 1)
    assert view.crosshair is not None
    assert view.window is not None
    assert view.crosshair > 500
    assert view.window[0] <= view.crosshair <= view.window[1]


def test_the_nearest_of_two_points() -> None:
    assert [views.nearest([10, 20, 40], s) for s in (0, 14, 15, 16, 31, 99)] == [0, 0, 0, 1, 2, 2]
    assert views.nearest([], 3) is None


class Shown(App[None]):
    """A chart between others, as in a run's screen."""

    CSS = "Chart { width: 60; height: 12; }"

    def __init__(self, charset: Charset | None = None) -> None:
        super().__init__()
        if charset is not None:
            self.charset = charset
        self.windows: list[tuple[int, int, bool]] = []
        self.views: list[View] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "nntui-dark"

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Chart("loss", id="loss")
            yield Chart("lr", id="other")

    @property
    def chart(self) -> Chart:
        return self.query_one("#loss", Chart)

    def on_mount(self) -> None:
        self.chart.curves = [loss()]
        self.chart.redraw()
        self.chart.focus()

    def on_chart_window_changed(self, message: Chart.WindowChanged) -> None:
        self.windows.append((message.first, message.last, message.zoomed))

    def on_chart_view_changed(self, message: Chart.ViewChanged) -> None:
        self.views.append(message.view)


def window(chart: Chart) -> tuple[int, int] | None:
    return chart.view.window


def crosshair(chart: Chart) -> int | None:
    return chart.view.crosshair


def title(chart: Chart) -> str:
    return text_of(chart.shown[0])


async def test_keys_zoom_pan_and_go_back() -> None:
    app = Shown()
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("left_curly_bracket")
        assert window(app.chart) == (200, 800)
        await pilot.press("right_square_bracket")
        assert window(app.chart) == (350, 950)
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert window(app.chart) == (0, 600)
        assert "0–600" in title(app.chart)
        await pilot.press("0")
        assert window(app.chart) is None
        assert app.windows[0] == (200, 800, True)
        assert app.windows[-1] == (0, 1000, False)


async def test_keys_for_scale_smoothing_and_crosshair() -> None:
    app = Shown()
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("L", "a")
        assert (app.chart.view.log, app.chart.view.smoothing) == (True, 0.6)
        await pilot.press("x")
        assert crosshair(app.chart) == 1000
        assert "step 1,000" in title(app.chart)
        await pilot.press("left", "left")
        assert (crosshair(app.chart) or 0) in range(900, 1000)
        await pilot.press("x")
        assert crosshair(app.chart) is None
        assert app.views[0].log


async def test_the_wheel_zooms_at_the_pointer_a_drag_pans_and_a_click_reads() -> None:
    app = Shown()
    async with app.run_test(size=(120, 14)) as pilot:
        chart = app.chart
        frame = chart._frame
        x = frame.left + frame.width // 4
        await pilot._post_mouse_events([events.MouseMove], chart, (x, 5))
        await pilot._post_mouse_events([events.MouseScrollUp], chart, (x, 5))
        assert chart.view.window is not None
        first, last = chart.view.window
        assert last - first == 600
        assert abs((first + last) / 2 - 500) > 50, "not about the middle"
        await pilot.mouse_down(chart, offset=(x + 10, 5))
        await pilot.hover(chart, offset=(x, 5))
        await pilot.mouse_up(chart, offset=(x, 5))
        assert chart.view.window[0] > first
        assert chart.view.crosshair is None, "a drag is no click"
        await pilot.click(chart, offset=(x, 5))
        assert chart.view.crosshair == chart._frame.step_at(x)


async def test_nothing_is_drawn_unless_told() -> None:
    app = Shown()
    async with app.run_test(size=(120, 14)) as pilot:
        before = app.chart.shown
        app.chart.curves = [loss(30)]
        await pilot.pause()
        assert app.chart.shown is before
        app.chart.redraw()
        assert app.chart.shown is not before


async def test_arrows_are_left_to_others_without_a_crosshair() -> None:
    class Around(Shown):
        BINDINGS: ClassVar[list[BindingType]] = [("left", "noted", "Note")]
        noted = 0

        def action_noted(self) -> None:
            self.noted += 1

    app = Around()
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("left")
        assert app.noted == 1
        await pilot.press("x", "left")
        assert app.noted == 1


async def test_a_zoom_outlives_curves_of_its_window_alone() -> None:
    """A screen answers a zoom with the exact points of the window; zooming out must still lead to the whole."""
    app = Shown()
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("left_curly_bracket")
        app.chart.curves = [Curve("train", "train", points((s, 1.0) for s in range(200, 801)))]
        app.chart.redraw()
        assert window(app.chart) == (200, 800)
        await pilot.press("right_square_bracket")
        assert window(app.chart) == (350, 950)


async def test_it_draws_in_the_charset_of_the_app() -> None:
    app = Shown(ASCII)
    async with app.run_test(size=(120, 14)):
        assert all(text_of(line).isascii() for line in app.chart.shown)


async def test_every_binding_has_an_id_and_a_tooltip() -> None:
    bindings = [b for b in Chart.BINDINGS if not isinstance(b, tuple)]
    assert len(bindings) == len(Chart.BINDINGS)
    assert all(b.id and b.id.startswith("chart.") and b.tooltip for b in bindings)
