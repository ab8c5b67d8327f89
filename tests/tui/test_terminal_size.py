"""A change of size that comes late says the size that the terminal has now."""

import pytest
from textual import events
from textual.geometry import Size

from nntui.tui.terminal_size import corrected


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "84")
    monkeypatch.setenv("LINES", "24")


def test_a_size_that_was_read_before_the_last_change_is_not_drawn_for() -> None:
    event = events.Resize(Size(119, 59), Size(119, 59))
    corrected(event)
    assert event.size == event.virtual_size == event.container_size == Size(84, 24)


def test_a_size_that_the_terminal_itself_told_is_taken() -> None:
    event = events.Resize.from_dimensions((119, 59), (952, 944))
    corrected(event)
    assert event.size == Size(119, 59)
