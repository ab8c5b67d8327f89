"""Help in lines: what a screen is, its words, every key with what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.keys import Hint, key_name
from nntui.tui.draw.text import Line, fit, plain, width, wrap

_LABEL = 13


def help_lines(
    about: str, glossary: Mapping[str, str], all_hints: Sequence[Hint], cells: int, charset: Charset
) -> list[Line]:
    """What a screen is, its words, and every key with what it does; as many lines as that takes."""
    lines: list[Line] = []
    for paragraph in about.split("\n\n"):
        lines += [[(part, "")] for part in wrap(plain(" ".join(paragraph.split())), cells)]
        lines.append([])
    if glossary:
        lines.append([("What is what", "strong accent")])
        for word, meaning in glossary.items():
            lines += _entry(word, meaning, "strong", cells)
        lines.append([])
    lines.append([("Keys", "strong accent")])
    for hint in all_hints:
        keys = " ".join(key_name(key, charset) for key in hint.keys)
        lines += _entry(keys, _meaning(hint), "key", cells)
        if hint.active.binding.id:
            lines += _with_id(lines.pop(), hint.active.binding.id, cells)
    lines += [[], *([(part, "muted")] for part in wrap(_REMAP, cells))]
    return lines


_REMAP = (
    'The words at the right name a key in the settings: keys."runs.new" = "n,f2" in settings.toml (nntui settings).'
)


def _meaning(hint: Hint) -> str:
    """What a key does; where it now does something in particular, that first."""
    usual = hint.active.binding.description
    return hint.tooltip if hint.label == usual else f"{hint.label}: {hint.tooltip}"


def _entry(word: str, meaning: str, style: str, cells: int) -> list[Line]:
    word = plain(word)
    size = _LABEL if len(word) < _LABEL else len(word) + 2
    parts = wrap(plain(meaning), max(cells - _LABEL - (size - _LABEL), 10))
    lines: list[Line] = [[(fit(word, size), style), (parts[0], "")]]
    return [*lines, *([(" " * size, ""), (part, "")] for part in parts[1:])]


def _with_id(line: Line, name: str, cells: int) -> list[Line]:
    """The id at the right end; in a line of its own where the words leave no room."""
    used = width(line)
    if used + len(name) + 2 > cells:
        return [line, [(" " * max(cells - len(name), 0), ""), (fit(name, min(len(name), cells)), "muted")]]
    return [[*line, (" " * (cells - used - len(name)), ""), (name, "muted")]]
