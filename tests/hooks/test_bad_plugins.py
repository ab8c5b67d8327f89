"""Plugins that misbehave, all installed at once: each costs its own row, and the rest goes on."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distributions import GRU, Site

HALF_WAY = """
    import nntui

    @nntui.hookimpl
    def register_activations():
        yield nntui.Activation(name="first", summary="One", formula="x", build="os:getpid")
        raise RuntimeError("no second one")
"""
NONSENSE = """
    import nntui

    @nntui.hookimpl
    def register_schedules():
        yield 3
"""
MISSPELT = """
    import nntui

    @nntui.hookimpl
    def register_architecures():
        yield
"""
FLOODS = """
    import os
    for _ in range(300):
        print("x" * 10_000)
        os.write(1, b"y" * 10_000)
        os.write(2, b"z" * 10_000)
"""
NEWER = """
    raise AssertionError("imported though it needs a newer nntui")
"""
ARGUMENT = """
    import nntui

    @nntui.hookimpl
    def register_devices(machine):
        yield
"""
SLOW_TORCH = """
    import sys, types
    sys.modules["torch"] = types.ModuleType("torch")
"""


@pytest.fixture(scope="module")
def house_of_horrors(new_site: Callable[[], Site]) -> Site:
    site = new_site()
    site.patience = "3"
    site.add("gru", GRU)
    site.add("raises", "1 / 0")
    site.add("leaves", "import sys; sys.exit(0)")
    site.add("vanishes", "import os; os._exit(0)")
    site.add("hangs", "while True: pass")
    site.add("crashes", f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    site.add("half-way", HALF_WAY)
    site.add("nonsense", NONSENSE)
    site.add("misspelt", MISSPELT)
    site.add("argument", ARGUMENT)
    site.add("hookless", "x = 1")
    site.add("absent", "", module="nntui_absent").unlink()
    site.add("floods", FLOODS + GRU.replace('"gru"', '"flood"'))
    site.add("newer", NEWER, requires=["nntui>=99"])
    site.add("heavy", SLOW_TORCH + GRU.replace('"gru"', '"heavy"'))
    site.add("builtin", GRU, distribution="usurper")
    site.add("twin", GRU, distribution="twin-a")
    site.add("twin", GRU, distribution="twin-b")
    return site


@pytest.fixture(scope="module")
def rows(house_of_horrors: Site) -> dict[str, dict[str, Any]]:
    rows = house_of_horrors.json("plugins")
    return {row["distribution"]: row for row in rows}


def test_the_rest_goes_on(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["nntui"]["status"] == "ok" and not rows["nntui"]["imported_torch"]
    assert rows["nntui-gru"]["status"] == "ok"
    assert rows["nntui-gru"]["counts"] == {"architectures": 1}
    assert rows["nntui-gru"]["seconds"] > 0
    assert not rows["nntui-gru"]["imported_torch"]


@pytest.mark.parametrize(
    ("distribution", "status", "said"),
    [
        ("nntui-raises", "failed", "raised ZeroDivisionError"),
        ("nntui-leaves", "failed", "called sys.exit(0) while being imported"),
        ("nntui-vanishes", "failed", "ended the process (exit code 0)"),
        ("nntui-hangs", "failed", "took more than 3 s while being imported"),
        ("nntui-crashes", "failed", "crashed the interpreter (SIGSEGV)"),
        ("nntui-half-way", "failed", "raised RuntimeError: no second one in register_activations"),
        ("nntui-nonsense", "failed", "register_schedules yielded 3: a nntui.Schedule was expected"),
        ("nntui-misspelt", "unknown-hook", "did you mean register_architectures?"),
        ("nntui-argument", "failed", "machine"),
        ("nntui-hookless", "failed", "no function of it is marked with @nntui.hookimpl"),
        ("nntui-absent", "failed", "No module named 'nntui_absent'"),
        ("nntui-newer", "incompatible", "nntui-newer 1.0 needs nntui >=99; this is"),
        ("usurper", "clash", "is nntui's own"),
        ("twin-a", "clash", "twin-a 1.0 and twin-b 1.0 both call their plugin 'twin'"),
        ("twin-b", "clash", "twin-a 1.0 and twin-b 1.0 both call their plugin 'twin'"),
    ],
)
def test_a_bad_plugin_is_a_row_that_says_why(
    rows: dict[str, dict[str, Any]], distribution: str, status: str, said: str
) -> None:
    row = rows[distribution]
    assert (row["status"], row["counts"]) == (status, {})
    assert said in row["message"]
    assert row["advice"]


def test_a_failure_keeps_its_traceback_without_our_frames(rows: dict[str, dict[str, Any]]) -> None:
    trace = rows["nntui-raises"]["traceback"]
    assert "nntui_raises.py" in trace and "ZeroDivisionError" in trace
    assert "importlib" not in trace and "isolation.py" not in trace
    assert "nntui_crashes.py" in rows["nntui-crashes"]["traceback"]  # a native crash tells where, too


def test_a_row_says_how_to_remove_the_plugin(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["nntui-hangs"]["remove"] == "nntui plugins uninstall hangs"
    assert rows["nntui"]["remove"] == ""


def test_an_unknown_hook_says_that_a_newer_nntui_may_be_needed(rows: dict[str, dict[str, Any]]) -> None:
    assert "newer nntui" in rows["nntui-misspelt"]["advice"]


def test_a_plugin_that_floods_stdout_is_listed_all_the_same(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["nntui-floods"]["status"] == "ok"


def test_a_plugin_that_imports_torch_is_named_with_its_seconds(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["nntui-heavy"]
    assert row["status"] == "ok" and row["imported_torch"]
    assert "imports torch" in row["message"] and " s;" in row["message"]


def test_the_table_and_the_list_show_the_good_ones(house_of_horrors: Site, rows: dict[str, dict[str, Any]]) -> None:
    done = house_of_horrors.nntui("architectures")
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"gru", "flood", "heavy"} <= set(listed)
    assert "plugin 'hangs' is not used" in done.stderr
    shown = house_of_horrors.nntui("plugins", "show", "raises").stdout
    assert "ZeroDivisionError" in shown and "nntui plugins uninstall raises" in shown


def test_a_hanging_plugin_costs_its_time_once(house_of_horrors: Site, rows: dict[str, dict[str, Any]]) -> None:
    started = time.monotonic()
    again = house_of_horrors.rows()
    assert again["hangs"]["status"] == "failed"
    assert time.monotonic() - started < 3


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_no_process_is_left_behind(house_of_horrors: Site, rows: dict[str, dict[str, Any]]) -> None:
    left = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if b"nntui.hooks.child" in line and str(house_of_horrors.packages).encode() in line:
            left.append(file.parent.name)
    assert left == []


def test_strict_raises_with_the_plugins_traceback(house_of_horrors: Site, rows: dict[str, dict[str, Any]]) -> None:
    done = house_of_horrors.started("plugins", check=False, NNTUI_STRICT_PLUGINS="1", NNTUI_PLUGINS="raises")
    assert done.returncode == 1
    assert "StrictPluginError" in done.stderr and "nntui_raises.py" in done.stderr
    house_of_horrors.nntui("plugins", NNTUI_STRICT_PLUGINS="1", NNTUI_PLUGINS="gru")


def test_a_name_of_a_failed_plugin_says_so(house_of_horrors: Site, rows: dict[str, dict[str, Any]]) -> None:
    done = house_of_horrors.nntui("architectures", "show", "raises/net", check=False)
    assert done.returncode == 2
    assert "belongs to the plugin 'raises', which is not used (failed)" in done.stderr
    assert "nntui plugins disable raises" in done.stderr
    assert "Traceback" not in done.stderr
