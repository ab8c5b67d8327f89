"""The lines of keys, against what tomllib and tomlkit make of the same text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.spec.positions import lines_of_keys

TEXT = '''# a spec
version = 1
title = """
not = "a key"
\\""" [nor] a table"""

[arch] # the network
name = "cnn"; channels
'''.replace("; channels", "\nchannels = [ # two\n  32,\n  64,\n]")

MORE = """
[data.own]
'odd key' = 'a = 1'
"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }
raw = '''
x = 1'''
[[list]]
a = 1
[[list]]
a = 2979-05-27 07:32:00
"""


def test_each_key_has_its_line() -> None:
    text = TEXT + MORE
    tomllib.loads(text)
    found = lines_of_keys(text)
    lines = text.split("\n")
    assert {key: lines[line - 1] for key, line in found.items()} == {
        "version": "version = 1",
        "title": 'title = """',
        "arch": "[arch] # the network",
        "arch.name": 'name = "cnn"',
        "arch.channels": "channels = [ # two",
        "data": "[data.own]",
        "data.own": "[data.own]",
        "data.own.odd key": "'odd key' = 'a = 1'",
        "data.own.two\nlines": '"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }',
        "data.own.two\nlines.b": '"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }',
        "data.own.two\nlines.b.c": '"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }',
        "data.own.two\nlines.b.c.x": '"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }',
        "data.own.two\nlines.b.c.y": '"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }',
        "data.own.two\nlines.b.c.y.z": '"two\\nlines".b . c = { x = 1, y = [ { z = 2 } ] }',
        "data.own.raw": "raw = '''",
        "list": "[[list]]",
        "list.a": "a = 1",
    }


KEY = st.text(st.characters(codec="utf-8"), max_size=8)
VALUE = st.recursive(
    st.booleans() | st.integers() | st.floats() | KEY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=8,
)


def _keys(value: Any, prefix: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield ".".join((*prefix, key))
            yield from _keys(item, (*prefix, key))
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item, prefix)


@given(tree=st.dictionaries(KEY, VALUE, max_size=4), multiline=st.booleans())
@settings(max_examples=200, deadline=None)
def test_every_key_of_any_document_is_found(tree: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(tree, multiline_strings=multiline)
    found = lines_of_keys(text.replace("\r\n", "\n"))
    assert set(found) >= set(_keys(tomllib.loads(text)))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
