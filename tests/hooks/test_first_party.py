"""The first-party plugins in plugins/, found as anybody's would be."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from distributions import REPOSITORY, Site

from nntui.hooks.contributions import KINDS
from nntui.hooks.known import FIRST_PARTY


@pytest.fixture(scope="module")
def extras(new_site: Callable[[], Site]) -> Site:
    site = new_site()
    site.link(REPOSITORY / "plugins" / "nntui-extras")
    return site


def test_what_we_say_of_our_plugins_is_what_they_contribute(extras: Site) -> None:
    told: dict[str, tuple[str, set[tuple[str, str]]]] = {}
    for kind in KINDS:
        for entry in extras.json(kind.plural):
            if entry["plugin"] != "builtin":
                told.setdefault(entry["plugin"], (entry["distribution"], set()))[1].add((entry["kind"], entry["name"]))
    assert told == {plugin: (distribution, set(names)) for plugin, (distribution, names) in FIRST_PARTY.items()}


def test_they_are_listed_without_torch(extras: Site) -> None:
    row = extras.rows()["extras"]
    assert (row["status"], row["message"], row["imported_torch"]) == ("ok", "", False)


def test_a_built_in_and_a_first_party_plugin_use_every_hook(extras: Site) -> None:
    """A hook exists only where two use it. Devices are the exception: no device of a third kind could be tested."""
    counts = {row["name"]: set(row["counts"]) for row in extras.json("plugins")}
    assert counts["builtin"] == {kind.plural for kind in KINDS}
    assert counts["extras"] == counts["builtin"] - {"devices"}


@pytest.mark.slow
def test_a_run_of_nothing_but_plugins_trains_and_knows_where_all_of_it_came_from(extras: Site, tmp_path: Path) -> None:
    there = {"NNTUI_RUNS": str(tmp_path), "OMP_NUM_THREADS": "1"}
    chosen = ["--data", "clusters", "--activation", "snake", "--optimizer", "lion", "--schedule", "wsd"]
    settings = ["--optimizer.lr", "3e-3", "--epochs", "4", "--device.threads", "1", "--name", "all-plugins"]
    extras.started("train", "--no-ui", *chosen, *settings, **there)
    recorded = tomllib.loads((tmp_path / "all-plugins" / "run.toml").read_text())["plugins"]
    names = {"extras/clusters", "extras/snake", "extras/lion", "extras/wsd"}
    assert {recorded[name] for name in names} == {"nntui-extras==0.1.0"}
    assert "cluster 1" in extras.started("predict", "all-plugins", "1,0", **there).stdout
    exported = extras.started("export", "all-plugins", "--to", "npz", "--out", str(tmp_path / "weights.npz"), **there)
    assert "it differs from the model by at most" in exported.stdout and (tmp_path / "weights.npz.md").is_file()
    gone = extras.started("--no-plugins", "predict", "all-plugins", "1,0", check=False, **there)
    assert gone.returncode == 2 and "belongs to the plugin 'extras'" in gone.stderr
    assert "Traceback" not in gone.stderr
