"""What every test has: a cache and settings of its own, and a folder of made-up plugins on request."""

from __future__ import annotations

import gc
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributions import Site
from hypothesis import settings

settings.register_profile("nntui", deadline=None)  # the machine is shared: a slow moment is no failure
settings.load_profile("nntui")


# Who starts the tests may ignore these (nohup, a job in the background); so would what tests start and then interrupt.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


@pytest.fixture(scope="session", autouse=True)
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test reads or writes the cache and the settings of the person who runs it."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNTUI_CACHE", str(folder / "cache"))
        patch.setenv("NNTUI_CONFIG", str(folder / "config"))
        for name in ("NNTUI_PLUGINS", "NNTUI_NO_PLUGINS", "NNTUI_STRICT_PLUGINS", "NNTUI_PLUGIN_TIMEOUT"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(scope="session")
def new_site(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Site]:
    """Makes empty sites. Their index knows the built-ins already: they are looked at once in a session."""
    Site(house / "warm", house / "cache").nntui("architectures")

    def make() -> Site:
        folder = tmp_path_factory.mktemp("site")
        shutil.copytree(house / "cache", folder / "cache")
        return Site(folder, folder / "cache")

    return make


@pytest.fixture
def site(new_site: Callable[[], Site]) -> Site:
    """A folder on sys.path where a test puts plugins as real distributions."""
    return new_site()
