"""Names, choice and loading: what the registry answers about plugins that work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from distributions import GRU, Site

LIKE_BUILTIN = GRU.replace('"gru"', '"cnn"')
OTHER_GRU = GRU.replace("Gated recurrent network", "Another one")
ASK = """
    import json, sys
    from nntui.hooks.registry import registry
    from nntui.hooks.errors import UserError

    def ask(kind, name, **more):
        try:
            entry = registry().find(kind, name, **more)
            return [entry.qualified, entry.version]
        except UserError as error:
            return {"type": type(error).__name__, "message": error.message, "suggestions": error.suggestions,
                    "advice": error.advice}
"""


@pytest.fixture(scope="module")
def clashing(new_site: Callable[[], Site]) -> Site:
    site = new_site()
    site.add("one", site.telling(GRU))
    site.add("two", site.telling(OTHER_GRU), version="2.3")
    site.add("pretender", site.telling(LIKE_BUILTIN))
    return site


def ask(site: Site, *calls: str, **environment: str) -> list[object]:
    """The answers of `ask(...)` calls, in one process there."""
    lines = "\n    ".join(f"answers.append({call})" for call in calls)
    done = site.python(f"{ASK}\n    answers = []\n    {lines}\n    print(json.dumps(answers))", **environment)
    answers: list[object] = json.loads(done.stdout)
    return answers


def test_built_ins_own_their_names_and_full_names_always_work(clashing: Site) -> None:
    assert ask(
        clashing,
        "ask('arch', 'cnn')",
        "ask('arch', 'builtin/cnn')",
        "ask('arch', 'pretender/cnn')",
        "ask('arch', 'two/gru')[0]",
    ) == [
        ["builtin/cnn", _version()],
        ["builtin/cnn", _version()],
        ["pretender/cnn", "1.0"],
        "two/gru",
    ]


def test_two_plugins_that_clash_are_an_error_when_the_name_is_used(clashing: Site) -> None:
    (error,) = ask(clashing, "ask('arch', 'gru')")
    assert isinstance(error, dict)
    assert error["type"] == "LookupFailed"
    assert "one/gru, two/gru" in error["message"]
    assert "one/gru" in error["advice"]
    listed = [line.split()[0] for line in clashing.nntui("architectures").stdout.splitlines()]
    assert {"one/gru", "two/gru", "pretender/cnn", "cnn"} <= set(listed)  # both are there, under full names


def test_an_unknown_name_is_told_what_may_have_been_meant(clashing: Site) -> None:
    misspelt, hopeless, plugin, elsewhere = ask(
        clashing, "ask('arch', 'cn')", "ask('arch', 'zzzzz')", "ask('arch', 'tow/gru')", "ask('arch', 'two/gur')"
    )
    assert misspelt["suggestions"][0] == "cnn"
    assert misspelt["message"] == "no architecture called 'cn'"
    assert hopeless["suggestions"] == [] and "cnn" in hopeless["advice"]
    assert plugin["suggestions"] == ["two"] and "no plugin called 'tow'" in plugin["message"]
    assert elsewhere["suggestions"][0] == "two/gru"


def test_finding_a_built_in_looks_at_no_other_plugin(new_site: Callable[[], Site]) -> None:
    site = new_site()
    site.add("hangs", site.telling("while True: pass"))
    assert ask(site, "ask('arch', 'cnn')[0]") == ["builtin/cnn"]
    assert site.imported() == []


def test_listing_is_from_the_index_and_loading_imports_one_plugin(new_site: Callable[[], Site]) -> None:
    site = new_site()
    site.add("gru", site.telling(GRU))
    site.add("lru", site.telling(GRU.replace('"gru"', '"lru"')))
    assert [e["name"] for e in site.json("architectures") if e["plugin"] == "gru"] == ["gru"]
    assert sorted(site.imported()) == ["nntui_gru", "nntui_lru"]  # each once, in a process of its own
    site.nntui("architectures")
    assert len(site.imported()) == 2
    code = """
        import sys
        from nntui.hooks.registry import registry
        loaded = registry().load("arch", "gru")
        assert loaded.contribution.params().hidden == 128, loaded
        assert loaded.entry.fields[0].help == "Hidden units"
        assert "nntui_lru" not in sys.modules and "torch" not in sys.modules
    """
    site.python(code)
    assert len(site.imported()) == 3


def test_a_plugin_that_fails_when_it_is_loaded_is_an_error_with_its_name(site: Site) -> None:
    code = "import os\nif 'BREAK' in os.environ: raise RuntimeError('not today')\n"
    site.add("moody", code + GRU.replace("\n    ", "\n"))
    site.nntui("architectures")
    load = """
        from nntui.hooks.registry import registry
        from nntui.hooks.errors import PluginError
        try:
            registry().load("arch", "gru")
        except PluginError as error:
            assert error.plugin == "moody" and "not today" in error.message, error.message
            assert "nntui_moody.py" in error.traceback and "nntui plugins disable moody" in error.advice
            print("told")
    """
    assert site.python(load, BREAK="1").stdout == "told\n"
    strict = site.python(load, check=False, BREAK="1", NNTUI_STRICT_PLUGINS="1")
    assert "RuntimeError: not today" in strict.stderr and strict.returncode == 1


def test_what_a_loaded_plugin_prints_is_not_in_the_output(site: Site) -> None:
    site.add("chatty", "print('hello from the plugin')\n" + GRU.replace("\n    ", "\n"))
    done = site.python("from nntui.hooks.registry import registry; registry().load('arch', 'gru'); print('mine')")
    assert (done.stdout, done.stderr) == ("mine\n", "hello from the plugin\n")


def test_a_missing_plugin_says_what_to_install(new_site: Callable[[], Site]) -> None:
    site = new_site()
    source = site.add("gru", GRU, version="1.4")
    site.nntui("architectures")
    source.unlink()
    for file in (info := next(site.packages.glob("*.dist-info"))).iterdir():
        file.unlink()
    info.rmdir()
    bare, full, recorded, extras = ask(
        site,
        "ask('arch', 'gru')",
        "ask('arch', 'gru/gru')",
        "ask('schedule', 'acme/ramp', distribution='acme-nn', version='3.1')",
        "ask('optimizer', 'extras/lion')",
    )
    for answer in (bare, full):
        assert answer["type"] == "LookupFailed" and "plugin 'gru', which is not installed" in answer["message"]
        assert answer["advice"] == "pip install nntui-gru==1.4"
    assert recorded["advice"] == "pip install acme-nn==3.1"
    assert extras["advice"] == "pip install nntui-extras"


def test_plugins_can_be_chosen_or_left_out(clashing: Site) -> None:
    def used(**environment: str) -> list[str]:
        return [n for n, row in clashing.rows(**environment).items() if row["status"] == "ok"]

    assert used() == ["builtin", "one", "pretender", "two"]
    assert used(NNTUI_PLUGINS="two, pretender") == ["builtin", "pretender", "two"]
    assert used(NNTUI_PLUGINS="") == ["builtin"]
    assert used(NNTUI_NO_PLUGINS="1") == ["builtin"]
    assert clashing.rows(NNTUI_PLUGINS="two,nosuch")["nosuch"]["status"] == "missing"
    listed = clashing.nntui("--no-plugins", "architectures").stdout
    assert "cnn" in listed and "gru" not in listed
    (error,) = ask(clashing, "ask('arch', 'two/gru')", NNTUI_PLUGINS="one")
    assert "left out by NNTUI_PLUGINS" in error["message"] and error["advice"] == "NNTUI_PLUGINS=one,two"


def _version() -> str:
    from nntui import __version__

    return __version__
