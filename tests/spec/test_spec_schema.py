"""The JSON schema of a spec: what it lets through and what it refuses, by a validator of the few words that it uses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fake_registry import FakeRegistry
from hypothesis import given, settings
from spec_trees import trees

from nntui.spec.resolve import resolve
from nntui.spec.schema import json_schema
from nntui.spec.tree import tree_of

SCHEMA = json_schema(FakeRegistry())  # type: ignore[arg-type]
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
BOUNDS = {
    "minimum": ((int, float), lambda value, bound: value >= bound),
    "exclusiveMinimum": ((int, float), lambda value, bound: value > bound),
    "maximum": ((int, float), lambda value, bound: value <= bound),
    "exclusiveMaximum": ((int, float), lambda value, bound: value < bound),
    "minItems": (list, lambda value, bound: len(value) >= bound),
    "maxItems": (list, lambda value, bound: len(value) <= bound),
    "minLength": (str, lambda value, bound: len(value) >= bound),
}
SAID = {"title", "description", "default", "$schema", "$defs", "unit", "advanced"}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` is what `schema` says (draft 2020-12, the words that occur here; another word is an error)."""
    return all(WORDS[word](value, wanted, schema) for word, wanted in schema.items() if word not in SAID)


def same(value: Any, one: Any) -> bool:
    return value == one and type(value) is type(one)


def a_type(value: Any, wanted: str, schema: dict[str, Any]) -> bool:
    return isinstance(value, TYPES[wanted]) and not (isinstance(value, bool) and wanted != "boolean")


def items(value: Any, wanted: dict[str, Any], schema: dict[str, Any]) -> bool:
    rest = value[len(schema.get("prefixItems", ())) :] if isinstance(value, list) else []
    return all(fits(item, wanted) for item in rest)


def prefix_items(value: Any, wanted: list[dict[str, Any]], schema: dict[str, Any]) -> bool:
    return not isinstance(value, list) or all(fits(i, part) for i, part in zip(value, wanted, strict=False))


def properties(value: Any, wanted: dict[str, Any], schema: dict[str, Any]) -> bool:
    return not isinstance(value, dict) or all(fits(value[key], part) for key, part in wanted.items() if key in value)


def additional(value: Any, wanted: Any, schema: dict[str, Any]) -> bool:
    own = schema.get("properties", {})
    others = [item for key, item in value.items() if key not in own] if isinstance(value, dict) else []
    return not others if wanted is False else wanted is True or all(fits(item, wanted) for item in others)


def bound(word: str) -> Callable[[Any, Any, dict[str, Any]], bool]:
    kinds, holds = BOUNDS[word]
    return lambda value, wanted, _: not isinstance(value, kinds) or holds(value, wanted)


WORDS: dict[str, Callable[[Any, Any, dict[str, Any]], bool]] = {
    "$ref": lambda value, wanted, _: fits(value, SCHEMA["$defs"][wanted.removeprefix("#/$defs/")]),
    "type": a_type,
    "anyOf": lambda value, wanted, _: any(fits(value, variant) for variant in wanted),
    "enum": lambda value, wanted, _: any(same(value, one) for one in wanted),
    "const": lambda value, wanted, _: same(value, wanted),
    "required": lambda value, wanted, _: not isinstance(value, dict) or set(wanted) <= set(value),
    "pattern": lambda value, wanted, _: not isinstance(value, str) or re.search(wanted, value) is not None,
    "items": items,
    "prefixItems": prefix_items,
    "properties": properties,
    "additionalProperties": additional,
    **{word: bound(word) for word in BOUNDS},
}


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items()}
    return "none" if value is None else value


@given(tree=trees())
@settings(max_examples=60, deadline=None)
def test_every_spec_that_resolves_fits_the_schema(tree: dict[str, Any]) -> None:
    assert fits(without_none(tree), SCHEMA)
    whole = without_none(tree_of(resolve(tree, FakeRegistry())))  # type: ignore[arg-type]
    assert fits(whole, SCHEMA)


def test_a_path_may_stand_for_a_data_set() -> None:
    for path in ("./pets", "iris.csv", "~/x"):
        assert fits({"data": path}, SCHEMA)
        assert fits({"data": {"name": path, "reader": "csv", "separator": ";"}}, SCHEMA)


@pytest.mark.parametrize(
    "tree",
    [
        {"trainig": {}},
        {"training": {"epochs": 0}},
        {"training": {"epochs": "3"}},
        {"training": {"precision": "half"}},
        {"arch": "cnnn"},
        {"data": "digit"},
        {"arch": {"name": "cnn", "hidden": [3]}},
        {"arch": {"name": "cnn", "kernel": 4}},
        {"arch": {"channels": [3]}},
        {"optimizer": {"name": "sgd", "lr": 0}},
        {"data": {"name": "needy"}},
        {"origin": {"at": "best"}},
        {"version": 2},
    ],
)
def test_a_wrong_spec_does_not_fit(tree: dict[str, Any]) -> None:
    assert not fits(tree, SCHEMA)


def test_the_schema_is_json_and_its_references_lead_somewhere() -> None:
    text = json.dumps(SCHEMA, allow_nan=False)
    references = set(re.findall(r'"#/\$defs/([^"]+)"', text))
    assert references <= set(SCHEMA["$defs"])
    assert "draft/2020-12" in SCHEMA["$schema"]
