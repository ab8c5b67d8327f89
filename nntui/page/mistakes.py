"""The worst mistakes on a page: pictures as thumbnails, texts and rows as they are."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nntui.page import plots
from nntui.page.markup import Markup, element, joined

if TYPE_CHECKING:
    from nntui.engine.reporting.report import Mistake, Report
    from nntui.hooks.data import Example

THUMBNAIL = 240
"""Pixels of a picture's longer side, at most."""
_SMALL = 64
"""Pixels below which a picture is drawn with hard edges."""
_LONGEST = 400
"""Characters of a text."""
_PAIRS = 40
_CURVE = 6
"""Numbers in a row from which they are drawn as a line."""


def mistakes_card(report: Report) -> Iterator[Markup]:
    """The section, where there are some."""
    if report.wrong == 0:
        yield element("section", element("h2", "No mistakes"), element("p", "Every row was told right."), class_="card")
    if not report.mistakes:
        return
    wrong, shown = report.wrong, len(report.mistakes)
    title = "The worst" if wrong is None or wrong > shown else "All mistakes"
    about = {
        "classes": "Rows told wrong, those first whose true class was held least likely.",
        "multilabel": "Rows with a wrong label, those first whose labels were held least likely.",
        "values": "Rows with the largest errors.",
        "next-token": "Stretches of text that cost the most bits.",
    }[report.kind]
    if wrong is not None:
        about += f" {wrong:,} of {report.rows:,} rows are told wrong."
    pictures = all(m.example is not None and m.example.kind == "image" for m in report.mistakes)
    content = _gallery(report) if pictures else _table(report)
    yield element("section", element("h2", title), element("p", about), content, class_="card")


def _gallery(report: Report) -> Markup:
    figures = []
    for mistake in report.mistakes:
        assert mistake.example is not None
        told = element("div", *_told(mistake))
        caption = element("figcaption", told, element("div", mistake.place, class_="where"))
        figures.append(element("figure", _picture(mistake.example), caption))
    return element("div", *figures, class_="gallery")


def _told(mistake: Mistake) -> list[str]:
    sure = [] if mistake.confidence is None else [f" {mistake.confidence:.0%} sure"]
    return [
        element("span", mistake.truth, class_="truth"),
        " told as ",
        element("span", mistake.answer, class_="told"),
        *sure,
    ]


def _table(report: Report) -> Markup:
    sure = any(m.confidence is not None for m in report.mistakes)
    truth = any(m.truth for m in report.mistakes)
    head = ["where", "what", *(["true"] if truth else []), "answer", *(["sure"] if sure else [])]
    rows = []
    for m in report.mistakes:
        cells = [element("td", m.place, class_="where"), element("td", _content(m.example), class_="left")]
        cells += [element("td", m.truth, class_="left truth")] if truth else []
        cells.append(element("td", m.answer, class_="left told"))
        cells += [element("td", "" if m.confidence is None else f"{m.confidence:.1%}")] if sure else []
        rows.append(element("tr", *cells))
    names = (element("th", name, class_=None if name == "sure" else "left") for name in head)
    whole = element("table", element("thead", element("tr", *names)), element("tbody", *rows))
    return element("div", whole, class_="scroll")


def _picture(example: Example) -> Markup:
    from PIL import Image

    picture = Image.fromarray(example.content)
    small = max(picture.size) <= _SMALL
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return element("img", src=f"data:image/png;base64,{data}", alt=example.label, class_="small" if small else None)


def _content(example: Example | None) -> Markup:
    if example is None:
        return Markup("")
    if example.kind == "image":
        return _picture(example)
    if example.kind == "text":
        told = str(example.content)
        cut = told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"
        lines = [part for line in cut.splitlines() for part in (line, element("br"))]
        return element("div", *lines[:-1], class_="content")
    return element("div", _plain(example.content), class_="content")


def _plain(value: Any) -> Markup:
    """Plain data: pairs beside each other, numbers in a row as a line."""
    if isinstance(value, dict):
        pairs = [element("span", element("b", str(key)), _plain(item)) for key, item in list(value.items())[:_PAIRS]]
        more = [element("span", f"and {len(value) - _PAIRS} more")] if len(value) > _PAIRS else []
        return element("div", *pairs, *more, class_="pairs")
    if isinstance(value, list | tuple):
        if len(value) >= _CURVE and all(isinstance(item, int | float) for item in value):
            return plots.curve([float(item) for item in value])
        told = ", ".join(str(item) for item in value[:_PAIRS])
        return joined(told if len(value) <= _PAIRS else f"{told} …")
    if value is None:
        return joined("–")
    return joined(f"{value:.6g}" if isinstance(value, float) else str(value)[:_LONGEST])


def visible(token: str) -> str:
    """A token whose spaces and line breaks are seen."""
    return repr(token) if token != token.strip() or not token.isprintable() or not token else token
