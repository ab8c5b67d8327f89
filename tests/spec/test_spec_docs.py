"""docs/spec.md against the code: a setting without documentation, or with another default, fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nntui.hooks.params import FieldInfo
from nntui.hooks.registry import registry
from nntui.spec.resolve import resolve
from nntui.spec.tables import CHOICES, DEFAULTS, PLURALS, RECORDED, SCALARS, SETTINGS, SHORT, settings_fields

TEXT = (Path(__file__).parents[2] / "docs" / "spec.md").read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables in a text, by the key in their first cell."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            found[cells[0].strip("` ")] = cells[1:]
    return found


def written(field: FieldInfo) -> str:
    if field.required:
        return "must be given"
    value = field.default
    word = "none" if value is None else str(value).lower() if isinstance(value, bool) else value
    return f"`{word:g}`" if isinstance(word, float) else f"`{word}`"


@pytest.mark.parametrize("table", SETTINGS)
def test_every_setting_is_documented_with_its_default_and_its_help(table: str) -> None:
    section = TEXT.split(f"### [{table}]\n")[1].split("\n#")[0]
    documented = rows(section)
    fields = settings_fields(table)
    assert list(documented) == list(fields)
    for name, field in fields.items():
        kind, default, meaning = documented[name]
        assert default == written(field), name
        assert meaning.strip("| ") == field.help, name
        assert all(f"`{choice}`" in kind for choice in field.choices), name
        for bound in (field.ge, field.gt, field.le, field.lt):
            assert bound is None or f"{bound:g}" in kind, name


def test_tables_short_forms_and_choices_are_documented() -> None:
    documented = rows(TEXT)
    for short, key in SHORT.items():
        assert documented[f"--{short.replace('_', '-')}"][0].strip("| ") == f"`--{key.replace('_', '-')}`"
    for kind in CHOICES:
        assert documented[f"[{kind}]"][1] == f"`{DEFAULTS[kind]}`"
        assert f"nntui {PLURALS[kind]}" in documented[f"[{kind}]"][2]
    for table in RECORDED:
        assert f"[{table}]" in documented
    for key in SCALARS:
        assert key in documented


def test_every_setting_of_a_built_in_has_a_word_of_help() -> None:
    fields = [(entry.qualified, field) for kind in CHOICES for entry in registry().list(kind) for field in entry.fields]
    assert len(fields) > 20
    assert not [f"{owner}: {field.name}" for owner, field in fields if not field.help.strip()]


def test_what_the_built_ins_suggest_are_settings_that_hold() -> None:
    for data in registry().list("data"):
        for arch in registry().list("arch"):
            if data.meta["modality"] in arch.meta["refuses"]:
                continue
            resolve({"data": data.qualified, "arch": arch.qualified}, registry())


def test_the_example_in_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "docs/spec.md", "exec"), {})
    assert "channels = [32, 64]" in capsys.readouterr().out
