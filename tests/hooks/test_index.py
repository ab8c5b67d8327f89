"""The index: what it keeps, when it looks again, and that a bad cache costs nothing but time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from distributions import GRU, Site


@pytest.fixture
def gru(new_site: Callable[[], Site]) -> tuple[Site, Path]:
    site = new_site()
    return site, site.add("gru", site.telling(GRU))


def _names(site: Site, **environment: str) -> list[str]:
    return [e["name"] for e in site.json("architectures", **environment) if e["plugin"] == "gru"]


def _rewrite(source: Path, old: str, new: str) -> None:
    """Change a file as an editor does: another text, a later time."""
    before = source.stat().st_mtime_ns
    source.write_text(source.read_text().replace(old, new))
    os.utime(source, ns=(before + 10**9, before + 10**9))


def test_a_change_of_the_plugins_file_is_seen(gru: tuple[Site, Path]) -> None:
    site, source = gru
    assert _names(site) == ["gru"]
    _rewrite(source, '"gru"', '"gru2"')
    assert _names(site) == ["gru2"]


def test_a_new_version_is_seen_and_refresh_looks_again(gru: tuple[Site, Path]) -> None:
    site, _ = gru
    assert _names(site) == ["gru"]
    (metadata,) = site.packages.glob("*.dist-info/METADATA")
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    assert site.rows()["gru"]["version"] == "1.1"
    assert len(site.imported()) == 2
    site.nntui("plugins", "--refresh")
    assert len(site.imported()) == 3


def test_a_failed_plugin_is_looked_at_again_once_something_is_installed(site: Site) -> None:
    site.add("gru", "import nntui_needs_this\n" + GRU.replace("\n    ", "\n"))
    assert "No module named 'nntui_needs_this'" in site.rows()["gru"]["message"]
    before = site.packages.stat().st_mtime_ns
    site.module("nntui_needs_this", "")
    os.utime(site.packages, ns=(before + 10**9, before + 10**9))
    assert site.rows()["gru"]["status"] == "ok"


def test_a_plugin_that_was_too_slow_is_looked_at_again_when_given_more_time(site: Site) -> None:
    site.add("slow", site.telling("import time; time.sleep(1.5)\n" + GRU.replace("\n    ", "\n")))
    site.patience = "1"
    assert site.rows()["slow"]["status"] == site.rows()["slow"]["status"] == "failed"
    assert len(site.imported()) == 1
    site.patience = "20"
    assert site.rows()["slow"]["status"] == "ok"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"index": 1}', "\x00\xff", '{"index": 1, "status": "ok"}'])
def test_a_corrupt_index_is_made_again(gru: tuple[Site, Path], damage: str) -> None:
    site, _ = gru
    _names(site)
    (file,) = (site.cache / "plugins").glob("gru--*.json")
    file.write_text(damage, encoding="latin-1")
    assert _names(site) == ["gru"]
    assert len(site.imported()) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(gru: tuple[Site, Path], tmp_path: Path) -> None:
    site, _ = gru
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file where the cache should be")
    for _ in range(2):
        assert _names(site, NNTUI_CACHE=str(in_the_way), NNTUI_PLUGINS="gru") == ["gru"]
    assert len(site.imported()) == 2
    assert in_the_way.read_text() == "a file where the cache should be"


def test_processes_that_index_at_once_all_have_the_answer(gru: tuple[Site, Path]) -> None:
    site, _ = gru

    def ask(_: int) -> list[str]:
        listed = json.loads(site.started("architectures", "--json").stdout)
        return [entry["name"] for entry in listed if entry["plugin"] == "gru"]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, range(3))) == [["gru"]] * 3
    assert not list((site.cache / "plugins").glob(".*"))  # no half-written file is left


def test_old_versions_do_not_pile_up(site: Site) -> None:
    code = """
        from nntui.hooks import index
        from nntui.hooks.discovery import Found
        answer = {"status": "ok", "message": "", "advice": "", "traceback": "", "seconds": 0, "torch": False,
                  "entries": []}
        for n in range(20):
            found = Found(plugin="gru", target="x", distribution="d", version=str(n))
            index._write(found, f"{n:02}".ljust(64, "0"), answer)
    """
    site.python(code)
    assert len(list((site.cache / "plugins").glob("gru--*.json"))) == 6


def test_the_built_ins_are_found_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    from nntui import __version__
    from nntui.hooks.discovery import installed

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: ())
    (found,) = installed()
    assert (found.plugin, found.version, found.builtin) == ("builtin", __version__, True)


def test_a_change_of_a_built_in_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from nntui.hooks import discovery

    (builtin, *_) = discovery.installed()
    before = discovery.key(builtin)
    assert discovery.key(builtin) == before
    files = discovery._sources(builtin)
    assert {"plugin.py", "architectures.py"} <= {file.name for file in files}
    monkeypatch.setattr(discovery, "_sources", lambda _: [*files, Path(__file__)])  # as if one had been added
    assert discovery.key(builtin) != before
