"""Where things are in the interface: each screen and each widget in a file of its own, and an application that stays
small. Read from the sources, so that nothing has to be imported or shown."""

from __future__ import annotations

import ast
from pathlib import Path

import nntui.tui

HOUSE = Path(nntui.tui.__file__).parent
SCREENS = {"Screen", "ModalScreen"}
WIDGETS = {"Widget", "Vertical", "Horizontal", "Static", "ScrollView", "Container", "Input"}


def classes(root: Path) -> dict[str, tuple[str, set[str]]]:
    """Each class of the interface, wherever in a file it stands: its file, and the names of its bases."""
    found = {}
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
                found[node.name] = (str(file.relative_to(root)), {ast.unparse(base) for base in bases})
    return found


def heirs(found: dict[str, tuple[str, set[str]]], roots: set[str]) -> dict[str, str]:
    """The classes that inherit from one of `roots`, through each other too, and their files."""
    names = set(roots)
    while more := {name for name, (_, bases) in found.items() if bases & names} - names:
        names |= more
    return {name: file for name, (file, _) in found.items() if name in names}


def test_each_screen_and_each_widget_has_a_file_of_its_own() -> None:
    found = classes(HOUSE)
    screens, widgets = heirs(found, SCREENS), heirs(found, WIDGETS)
    assert {"RunsScreen", "RunScreen", "NewRunScreen", "CompareScreen", "AskText", "HelpScreen"} <= set(screens)
    assert {"Lines", "Chart", "Panel", "Options", "Words", "FirstStart"} <= set(widgets)
    assert {file.partition("/")[0] for file in screens.values()} == {"screens"}
    assert {file.partition("/")[0] for file in widgets.values()} == {"widgets"}
    files = [*screens.values(), *widgets.values()]
    assert [file for file in files if files.count(file) > 1] == []


def test_the_application_is_small_and_so_is_every_file_of_the_interface() -> None:
    lines = {
        str(file.relative_to(HOUSE)): len(file.read_text(encoding="utf-8").splitlines()) for file in HOUSE.rglob("*.py")
    }
    assert lines["app.py"] < 250
    assert {name: count for name, count in lines.items() if count >= 400} == {}
