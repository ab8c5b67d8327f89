"""From what a panel's function returned to lines that the interface draws: text, spans, or any Rich renderable.

Pure, and unforgiving: whatever is no drawing is told in a sentence. Colours that Rich names become our meanings
("red" is "bad"), so that a plugin's panel follows the theme; links and control codes do not get through.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from nntui.hooks.isolation import PluginFailure
from nntui.tui.draw.meanings import ATTRIBUTES, MEANINGS
from nntui.tui.draw.text import Line, Span, cut, plain
from nntui.tui.plugin_panels.wire import MOST_LINES

if TYPE_CHECKING:
    from rich.color import Color
    from rich.segment import Segment
    from rich.style import Style

    from nntui.hooks.contributions import Space

MOST_CHARACTERS = 200_000
"""Of text that a panel returns: some screens full."""

EXPECTED = "a Rich renderable, text, or a list of lines was expected"

_LITERAL = re.compile(r"#[0-9a-fA-F]{6}")
_NAMED = (
    "axis", "bad", "good", "warning", "key", "test", "validation", "",
    "muted", "bad", "good", "best", "accent", "command", "validation", "title",
)  # fmt: skip
"""The sixteen colours of a terminal, black first, as meanings of ours."""


class Undrawable(PluginFailure):
    """What a panel returned cannot be drawn: why, in words that follow its name."""


def drawn(value: object, space: Space) -> list[Line]:
    """The lines of what a panel's function returned, each at most `space.width` cells; none for None.

    Raises Undrawable, and whatever a renderable's own code raises.
    """
    if not _renderable(value) and callable(value) and not isinstance(value, type):
        value = value(space)
    if value is None:
        return []
    if isinstance(value, str):
        lines = _text(value)
    elif _renderable(value):
        lines = _rich(value, space)
    elif isinstance(value, Iterable) and not isinstance(value, bytes | Mapping | Set):
        lines = _spans(value)
    else:
        raise Undrawable(
            f"returned {type(value).__name__}: {EXPECTED}", advice="see register_panels in docs/plugins.md"
        )
    return [_tidy(cut(line, space.width)) for line in lines]


def _renderable(value: object) -> bool:
    """Whether Rich draws it: an instance with one of the two methods of its protocol."""
    protocol = hasattr(value, "__rich__") or hasattr(value, "__rich_console__")
    return protocol and not isinstance(value, type)


def check_style(words: object) -> str:
    """A style as `nntui.tui.palette` takes it. Raises Undrawable for a word that means nothing."""
    if not isinstance(words, str):
        raise Undrawable(f"has the style {words!r:.40}: words such as 'strong bad' were expected")
    if problem := _style_fault(words):
        raise Undrawable(problem)
    return words


@lru_cache(maxsize=4096)
def _style_fault(words: str) -> str:
    for word in words.split():
        if word not in MEANINGS and word not in ATTRIBUTES and not _LITERAL.fullmatch(word):
            known = ", ".join((*ATTRIBUTES, *MEANINGS))
            return f"has a style with {word!r:.40}, which means nothing; there are {known}, and #rrggbb"
    return ""


# --- text and spans --------------------------------------------------------------------------------------------------


def _text(text: str) -> list[Line]:
    _check_length(len(text))
    rows = text.rstrip("\n").split("\n", MOST_LINES)[:MOST_LINES] if text else []
    return [[(plain(row.expandtabs()), "")] for row in rows]


def _spans(rows: Iterable[object]) -> list[Line]:
    lines: list[Line] = []
    length = 0
    for number, row in enumerate(islice(rows, MOST_LINES), 1):
        line = [_span(span, number) for span in _row(row, number)]
        length += sum(len(text) for text, _ in line)
        _check_length(length)
        lines.append([(plain(text), style) for text, style in line])
    return lines


def _row(row: object, number: int) -> Iterable[object]:
    if isinstance(row, str):
        return [(row, "")]
    if isinstance(row, Sequence) and not isinstance(row, bytes):
        return row
    raise Undrawable(f"returned {type(row).__name__} for line {number}: text, or a list of (text, style) was expected")


def _span(span: object, number: int) -> Span:
    if isinstance(span, str):
        return span, ""
    if isinstance(span, Sequence) and len(span) == 2 and isinstance(span[0], str):
        return span[0], check_style(span[1])
    raise Undrawable(f"returned {span!r:.60} in line {number}: text or (text, style) was expected")


def _check_length(characters: int) -> None:
    if characters > MOST_CHARACTERS:
        raise Undrawable(f"returned {characters:,} characters: at most {MOST_CHARACTERS:,} are drawn")


# --- Rich ------------------------------------------------------------------------------------------------------------


class _Nowhere(io.StringIO):
    """What Rich asks for the encoding, and therefore which borders of tables it draws."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in typeshed
        return self._encoding


def _rich(value: object, space: Space) -> list[Line]:
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    if isinstance(value, Text):  # Rich would take minutes to break megabytes into lines
        _check_length(len(value))
    console = Console(
        file=_Nowhere("ascii" if space.charset == "ascii" else "utf-8"),
        width=space.width,
        height=space.height,
        force_terminal=True,
        color_system="truecolor",
        no_color=not space.colours,
        legacy_windows=False,
        markup=False,  # what a plugin shows of a run may hold brackets
        highlight=False,
        emoji=False,
        _environ={},
    )
    segments = (segment for segment in console.render(value) if not segment.control)  # type: ignore[arg-type]  # checked
    rows = Segment.split_and_crop_lines(segments, space.width, pad=False, include_new_lines=False)
    return [_line(row) for row in islice(rows, MOST_LINES)]


def _line(row: Iterable[Segment]) -> Line:
    return [(plain(text), "" if style is None else _words(style)) for text, style, _ in row]


@lru_cache(maxsize=4096)
def _words(style: Style) -> str:
    """A style of Rich's in our words. Italics, blinking and links have none."""
    words = [
        word for word, on in (("strong", style.bold), ("reverse", style.reverse), ("underline", style.underline)) if on
    ]
    front, back = _colour(style.color), _colour(style.bgcolor)
    if front or style.dim:
        words.append(front or "muted")
    if back:
        words += ["on", back]
    return " ".join(words)


def _colour(colour: Color | None) -> str:
    from rich.color import ColorType

    if colour is None or colour.type is ColorType.DEFAULT:
        return ""
    if colour.number is not None and colour.number < len(_NAMED):
        return _NAMED[colour.number]
    return colour.get_truecolor().hex


# --- both ------------------------------------------------------------------------------------------------------------


def _tidy(line: Line) -> Line:
    """Neighbours of one style joined, and blanks at the end that nobody sees left out."""
    joined = list(_joined(line))
    while joined and not joined[-1][0].rstrip() and not _seen(joined[-1][1]):
        joined.pop()
    if joined and not _seen(joined[-1][1]):
        joined[-1] = (joined[-1][0].rstrip(), joined[-1][1])
    return joined


def _joined(line: Line) -> Iterator[Span]:
    text, style = "", ""
    for more, other in line:
        if more and other != style:
            if text:
                yield text, style
            text, style = "", other
        text += more
    if text:
        yield text, style


def _seen(style: str) -> bool:
    """Whether a blank in this style shows."""
    return not {"reverse", "underline", "on", "cursor"}.isdisjoint(style.split())
