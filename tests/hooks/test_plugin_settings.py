"""Disabling, enabling and removing a plugin, none of which imports one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from distributions import GRU, Site

# Stands in for pip, which does not touch what lies outside its environment: it writes down how it was called.
PIP = """
    import json, pathlib, shutil, sys
    here = pathlib.Path(__file__).parent
    (here / "pip.json").write_text(json.dumps(sys.argv[1:]))
    if (here / "pip_fails").exists():
        sys.exit("ERROR: Cannot uninstall: permission denied")
    if not (here / "pip_does_nothing").exists():
        for info in here.glob(sys.argv[-1].replace("-", "_") + "-*.dist-info"):
            shutil.rmtree(info)
"""


@pytest.fixture
def hanging(new_site: Callable[[], Site]) -> Site:
    """A plugin whose import would be noticed."""
    site = new_site()
    site.add("hangs", site.telling("while True: pass"))
    site.module("pip", PIP)
    return site


def test_a_disabled_plugin_is_not_imported_and_can_be_enabled(hanging: Site) -> None:
    assert "is disabled" in hanging.nntui("plugins", "disable", "hangs").stdout
    assert "was disabled already" in hanging.nntui("plugins", "disable", "hangs").stdout
    row = hanging.rows()["hangs"]
    assert (row["status"], row["advice"]) == ("disabled", "nntui plugins enable hangs")
    assert hanging.imported() == []
    assert "is enabled" in hanging.nntui("plugins", "enable", "hangs").stdout
    assert "was not disabled" in hanging.nntui("plugins", "enable", "hangs").stdout
    assert hanging.imported() == []
    assert json.loads((hanging.config / "plugins.json").read_text()) == {"disabled": []}


def test_a_name_of_a_disabled_plugin_says_so(new_site: Callable[[], Site]) -> None:
    site = new_site()
    site.add("gru", GRU)
    site.nntui("architectures")
    site.nntui("plugins", "disable", "gru")
    for name in ("gru", "gru/gru"):  # by its bare name too: the index remembers what it had
        done = site.nntui("architectures", "show", name, check=False)
        assert done.returncode == 2
        assert "belongs to the plugin 'gru', which is disabled" in done.stderr
        assert "nntui plugins enable gru" in done.stderr


def test_two_plugins_of_one_name_are_told_apart_by_their_distributions(site: Site) -> None:
    site.add("gru", GRU, distribution="gru-a")
    site.add("gru", GRU, distribution="gru-b")
    refused = site.nntui("plugins", "uninstall", "gru", check=False)
    assert refused.returncode == 2 and "nntui plugins uninstall gru-b" in refused.stderr
    site.nntui("plugins", "disable", "gru-b")
    rows = {row["distribution"]: row["status"] for row in site.json("plugins")}
    assert (rows["gru-a"], rows["gru-b"]) == ("ok", "disabled")
    site.nntui("plugins", "enable", "gru-b")
    assert {row["status"] for row in site.json("plugins") if row["name"] == "gru"} == {"clash"}


def test_uninstall_asks_pip_and_imports_nothing(hanging: Site) -> None:
    done = hanging.nntui("plugins", "uninstall", "hangs")
    assert done.stdout == "uninstalled nntui-hangs 1.0\n"
    assert json.loads((hanging.packages / "pip.json").read_text()) == ["uninstall", "-y", "nntui-hangs"]
    assert hanging.imported() == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("pip_fails", "could not uninstall nntui-hangs: ERROR: Cannot uninstall: permission denied"),
        ("pip_does_nothing", "nntui-hangs is still installed"),
    ],
)
def test_an_uninstall_that_fails_says_so(hanging: Site, trouble: str, said: str) -> None:
    (hanging.packages / trouble).touch()
    done = hanging.nntui("plugins", "uninstall", "hangs", check=False)
    assert done.returncode == 2
    assert said in done.stderr and "-m pip uninstall -y nntui-hangs" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("action", ["disable", "uninstall"])
def test_the_built_ins_stay(site: Site, action: str) -> None:
    done = site.nntui("plugins", action, "builtin", check=False)
    assert done.returncode == 2 and "is nntui itself" in done.stderr


@pytest.mark.parametrize("action", ["disable", "enable", "uninstall", "show"])
def test_a_name_that_is_not_installed_is_an_error_with_a_suggestion(hanging: Site, action: str) -> None:
    done = hanging.nntui("plugins", action, "hang", check=False)
    assert done.returncode == 2
    assert "no plugin called 'hang'" in done.stderr and "did you mean hangs" in done.stderr
    assert hanging.imported() == []


@pytest.mark.parametrize("text", ["{", "[]", '{"disabled": "gru"}', '{"disabled": [3]}', "\x00"])
def test_unreadable_settings_are_an_error_that_says_what_to_do(site: Site, text: str) -> None:
    site.config.mkdir()
    (site.config / "plugins.json").write_text(text)
    done = site.nntui("plugins", check=False)
    assert done.returncode == 2
    assert "cannot read which plugins are disabled" in done.stderr and "rm " in done.stderr
    assert "Traceback" not in done.stderr
