"""Every binding that has an id, and which of them a person's own keys take from each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

Keys = Mapping[str, str]
"""Keys with commas between, by the id of a binding."""


def bindings() -> Mapping[str, tuple[str, str]]:
    """Every binding that has an id: its keys, and what it does."""
    found = {
        binding.id: (binding.key, binding.tooltip or binding.description)
        for owner in _owners()
        for binding in _own(owner)
        if binding.id
    }
    return dict(sorted(found.items()))


def collisions(keys: Keys) -> Sequence[tuple[str, str, str]]:
    """(id, key, other id), where `keys` gives a key to one binding that another has in the same place. Each pair once:
    at that of the two which is said last."""
    found: dict[tuple[str, frozenset[str]], tuple[str, str, str]] = {}
    for place in _places():
        taken = {id: _split(keys.get(id) or bound) for id, bound in place.items()}
        for id in reversed([id for id in keys if id in taken]):
            for other in taken:
                meant = set(_split(place[id])) & set(_split(place[other]))  # those of a panel go before a chart's
                for key in [key for key in taken[id] if other != id and key in taken[other] and key not in meant]:
                    found.setdefault((key, frozenset((id, other))), (id, key, other))
    order = list(keys)
    return sorted(found.values(), key=lambda one: order.index(one[0]))


def _split(keys: str) -> Sequence[str]:
    """As Textual names them: "?" is question_mark."""
    given = ",".join(key for key in keys.split(",") if key.strip())
    return [one.key for one in Binding.make_bindings([Binding(given, "", "")])] if given else []


_HELD = {
    "RunsScreen": ("FirstStart",), "RunScreen": ("Panel", "Chart"), "NewRunScreen": ("FormView", "Asked"),
    "CompareScreen": ("Chart",),
}  # fmt: skip
"""What may have the focus on a screen, with keys of its own that go before the screen's: classes and their heirs."""


def _places() -> Iterator[Mapping[str, str]]:
    """Bindings that hold at one time, ids and keys: a screen's with those of no widget, and of each that may have the
    focus on it; and the application's, but not on what lies over a screen."""
    owners = _owners()
    above = [binding for owner in owners if issubclass(owner, App) for binding in _own(owner)]
    for screen in (owner for owner in owners if issubclass(owner, Screen)):
        own = [*_bound(screen), *(above if not issubclass(screen, ModalScreen) else ())]
        names = set(_HELD.get(screen.__name__, ()))
        held = [_bound(owner) for owner in owners if names & {one.__name__ for one in owner.__mro__}]
        for bound in ([], *held):
            yield {binding.id: binding.key for binding in (*own, *bound) if binding.id}


def _owners() -> list[type[Any]]:
    """Everything of ours that has keys."""
    from nntui.tui import screens, widgets
    from nntui.tui.app import NNTuiApp

    found: list[type[Any]] = [NNTuiApp]
    for package in (screens, widgets):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            found += [
                owner
                for owner in vars(import_module(module.name)).values()
                if isinstance(owner, type) and issubclass(owner, Screen | Widget) and owner.__module__ == module.name
            ]
    return found


def _own(owner: type[Any]) -> list[Binding]:
    return [binding for binding in owner.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def _bound(owner: type[Any]) -> list[Binding]:
    """Those of a class and of what it inherits from."""
    return [binding for one in owner.__mro__ for binding in _own(one)]
