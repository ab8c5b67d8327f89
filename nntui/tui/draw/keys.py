"""The line of keys at the foot of a screen, and the names of keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.actions import parse
from textual.keys import format_key

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, plain, width

if TYPE_CHECKING:
    from textual.binding import ActiveBinding

_NAMES = {
    "enter": "enter", "escape": "esc", "space": "space", "pageup": "pgup", "pagedown": "pgdn", "backspace": "bksp",
    "delete": "del", "home": "home", "end": "end", "tab": "tab", "minus": "-", "plus": "+",
}  # fmt: skip
_ARROWS = {"up": "↑", "down": "↓", "left": "←", "right": "→"}


_TEXTUALS = frozenset({"screen.copy_text", "app.focus_next", "app.focus_previous"})
"""What Textual binds on every screen for itself; a screen that has more than one thing to focus binds it anew."""


@dataclass(frozen=True)
class Hint:
    """An action that keys reach."""

    keys: tuple[str, ...]
    """As Textual names them, remapped by a person's settings."""
    label: str
    tooltip: str
    active: ActiveBinding
    shown: bool
    """Whether it belongs in the line at the foot."""


def key_name(key: str, charset: Charset) -> str:
    """A key as it is written on a keyboard: "?", "ctrl+p", "↑"."""
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    if last in _ARROWS:
        name = _ARROWS[last] if charset.unicode else last
    else:
        name = _NAMES.get(last) or plain(format_key(last))
        if not charset.unicode and not name.isascii():
            name = last
    return "+".join([*modifiers, name])


def hints(bindings: Iterable[ActiveBinding]) -> list[Hint]:
    """Active bindings, those of one action together, in the order of their declaration (a key that was remapped keeps
    its place). What Textual binds for itself is left out."""
    nodes: list[int] = []

    def _declared(same: list[ActiveBinding]) -> tuple[int, int]:
        first = same[0]
        ids = [getattr(b, "id", None) for c in type(first.node).__mro__ for b in c.__dict__.get("BINDINGS", ())]
        where = ids.index(first.binding.id) if first.binding.id in ids else len(ids)
        return nodes.index(id(first.node)), where

    grouped: dict[tuple[int, str], list[ActiveBinding]] = {}
    for active in bindings:
        if id(active.node) not in nodes:
            nodes.append(id(active.node))
        if not active.binding.system and (active.binding.id or active.binding.action not in _TEXTUALS):
            grouped.setdefault((id(active.node), active.binding.action), []).append(active)
    out: list[Hint] = []
    for same in sorted(grouped.values(), key=_declared):
        first = same[0].binding
        keys = tuple(dict.fromkeys(active.binding.key for active in same))
        out.append(Hint(keys, first.description, first.tooltip or first.description, same[0], first.show))
    return out


def action_name(hint: Hint) -> str:
    """The name of its action alone; of one that a screen does to its chart, the chart's."""
    _, name, parameters = parse(hint.active.binding.action)
    return parse(str(parameters[0]))[1] if name == "chart" else name


@dataclass(frozen=True)
class Place:
    """Where a hint stands in the line: what a click meets."""

    start: int
    end: int
    hint: Hint


PINNED = ("palette", "explain")
"""Actions that keep their place at the right end: whoever finds these finds the rest."""


def keys_line(all_hints: Sequence[Hint], cells: int, charset: Charset) -> tuple[Line, list[Place]]:
    """As many hints as fit, in their order, with help always there; and where each stands."""
    shown = [hint for hint in all_hints if hint.shown and hint.label]
    pinned = [hint for name in PINNED for hint in shown if hint.active.binding.action.endswith(name)]
    while len(pinned) > 1 and _size(pinned, charset) > cells // 2:
        pinned.pop(0)
    room = cells - _size(pinned, charset)
    chosen: list[Hint] = []
    for hint in shown:
        size = _size([hint], charset)
        if hint not in pinned and size <= room:
            chosen.append(hint)
            room -= size
    line: Line = []
    places: list[Place] = []
    for hint in [*chosen, *pinned]:
        if hint in pinned and room > 0:
            line.append((" " * room, ""))
            room = 0
        start = width(line)
        parts = _parts(hint, charset)
        line += parts
        places.append(Place(start, start + width(parts), hint))
    return line, places


def _parts(hint: Hint, charset: Charset) -> Line:
    return [(f" {key_name(hint.keys[0], charset)}", "key"), (f" {plain(hint.label)} ", "muted")]


def _size(some: Sequence[Hint], charset: Charset) -> int:
    return sum(width(_parts(hint, charset)) for hint in some)
