"""Names, requirements and suggestions: pure functions, held against generated input."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.hooks.discovery import Found, incompatible, refused, wanted
from nntui.hooks.names import close_to, same_distribution, split_qualified, well_formed

words = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)


def _found(plugin: str = "gru", *, distribution: str = "nntui-gru", requires: tuple[str, ...] = ()) -> Found:
    return Found(plugin=plugin, target="m", distribution=distribution, version="1", requires=requires)


@settings(max_examples=40)
@given(words)
def test_lower_case_words_joined_by_hyphens_are_names(name: str) -> None:
    assert well_formed(name)
    assert split_qualified(f"p/{name}") == ("p", name)
    assert split_qualified(name) == ("", name)


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a--b", "a/b", "a b", "a\n", "é", None, 3])
def test_anything_else_is_not(name: object) -> None:
    assert not well_formed(name)


@settings(max_examples=40)
@given(words, st.lists(words))
def test_suggestions_are_known_names(name: str, known: list[str]) -> None:
    assert set(close_to(name, known)) <= set(known)


def test_case_and_underscores_are_forgiven_in_a_suggestion() -> None:
    assert close_to("Leaky_ReLU", ["relu", "leaky-relu", "gelu"]) == ("leaky-relu",)


@settings(max_examples=40)
@given(st.from_regex(r"[A-Za-z]+([-_.][A-Za-z0-9]+)*", fullmatch=True))
def test_spellings_of_a_distribution_are_one(name: str) -> None:
    assert same_distribution(name, name.upper().replace("-", "_"))
    assert same_distribution(name, name.replace("_", "."))
    assert not same_distribution(name, name + "x")


@pytest.mark.parametrize(
    ("requirement", "fits"),
    [
        ("nntui>=0.1,<1", True),
        ("nntui", True),
        ("NNTUI (>=0.1)", True),
        ("nntui>=99", False),
        ("nntui<0.1", False),
        ("nntui ~=99.0", False),
        ("nntui-other>=99", True),
        ('nntui>=99; extra == "all"', True),
        ('nntui>=99; python_version >= "3"', False),
        ("nntui>=>", False),
    ],
)
def test_what_a_plugin_requires_of_nntui_is_checked(requirement: str, fits: bool) -> None:
    reason = incompatible(_found(requires=("torch>=2", requirement)))
    assert (reason is None) == fits
    if reason is not None:
        assert reason.status == "incompatible"


def test_one_name_in_two_distributions_is_a_clash_until_one_is_disabled() -> None:
    one, two = _found(distribution="a"), _found(distribution="b")
    assert {r.status for r in refused([one, two], frozenset(), {}).values()} == {"clash"}
    assert [f.distribution for f in refused([one, two], frozenset({"B"}), {})] == ["b"]


def test_plugins_are_chosen_by_the_environment() -> None:
    one, two = _found("one", distribution="a"), _found("two", distribution="b")
    assert set(refused([one, two], frozenset(), {"NNTUI_PLUGINS": "one"})) == {two}
    assert set(refused([one, two], frozenset(), {"NNTUI_PLUGINS": ""})) == {one, two}
    assert set(refused([one, two], frozenset(), {"NNTUI_NO_PLUGINS": "1"})) == {one, two}
    assert set(refused([one, two], frozenset(), {"NNTUI_NO_PLUGINS": "0"})) == set()
    assert wanted(" one,, builtin,two ") == ["one", "two"]
