"""Runs and plugins that the tests of several screens share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import odd_panels
import pytest
from distributions import Site
from recorded import recorded

from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where nntui is on the path, whatever environment the tests run in."""
    monkeypatch.setattr("nntui.runs.shell.program", lambda: "nntui")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A recorded run in the midst of its training, which no process holds."""
    return recorded(tmp_path / "runs")


@pytest.fixture
def live(folder: RunFolder) -> Iterator[RunFolder]:
    """The same run, its lock held."""
    with RunLock(folder):
        yield folder


@pytest.fixture(scope="session")
def odd(new_site: Callable[[], Site]) -> Site:
    """Where a plugin with odd panels is installed."""
    site = new_site()
    odd_panels.install(site)
    return site


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run for odd panels to draw."""
    return odd_panels.made_run(tmp_path / "runs")
