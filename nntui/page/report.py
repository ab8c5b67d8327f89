"""A report as a page: one file with its own style and drawings, no script, nothing from outside."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nntui._version import __version__
from nntui.hooks.errors import UserError
from nntui.page import plots
from nntui.page.markup import Markup, element
from nntui.page.mistakes import mistakes_card
from nntui.runs.figures import label, metric

if TYPE_CHECKING:
    from nntui.engine.reporting.report import ClassScores, Report, Score, Surprise, ValueErrors

_STYLE = Path(__file__).with_name("style.css")
_CLASSES = 300
"""Classes whose scores are told one by one."""
_DRAWN = 12
"""Values that are drawn, of several."""
_PER_VALUE = ("mae_", "rmse_", "r2_")


def write_page(report: Report, path: Path) -> None:
    """Puts the page in its place when it is whole. Raises UserError where it cannot be written."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".nntui-") as folder:
            new = Path(folder) / "page"
            new.write_text(page(report), encoding="utf-8")
            os.replace(new, path)  # noqa: PTH105 - the same as Path.replace
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}", advice="name another file") from None


def page(report: Report) -> str:
    """The whole page."""
    title = f"{report.run}: {report.data}"
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(_STYLE.read_text(encoding="utf-8"))),
    )
    body = element("body", element("main", *_parts(report)))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _parts(report: Report) -> Iterator[Markup]:
    part = "all rows" if report.split == "all" else f"the {report.split} split"
    what = f"{part} of {report.data} · {report.rows:,} rows · {report.network}"
    yield element("header", element("h1", report.run), element("p", what))
    yield _tiles(report)
    if report.findings:
        told = element("ul", *(element("li", finding.in_words()) for finding in report.findings))
        yield card("About the data", "", told, class_="card notes")
    if report.classes is not None:
        yield from _classes(report, report.classes)
    yield from _values(report)
    if report.surprise is not None:
        yield from _surprise(report.surprise)
    yield from mistakes_card(report)
    yield element("footer", f"Made by nntui {__version__}: nntui evaluate {report.run} --html")


def card(title: str, about: str, *children: str, class_: str = "card") -> Markup:
    told = [element("p", about)] if about else []
    return element("section", element("h2", title), *told, *children, class_=class_)


def _tiles(report: Report) -> Markup:
    tiles = []
    for name, value in report.metrics.items():
        if len(report.values) > 1 and name.startswith(_PER_VALUE):
            continue  # told of each value below
        beside = [
            element("div", f"{rule.name}: {_figure(name, rule.metrics[name])}", class_="beside")
            for rule in report.baselines
            if name in rule.metrics
        ]
        unit = f" {report.unit}" if name in ("mae", "rmse") and report.unit else ""
        tiles.append(
            element(
                "div",
                element("div", label(name), class_="name"),
                element("div", _figure(name, value) + unit, class_="figure"),
                *beside,
                class_="tile",
            )
        )
    return element("div", *tiles, class_="tiles")


def _figure(name: str, value: float) -> str:
    return metric(name, value).removeprefix(label(name)).strip()


def table(head: Sequence[str], rows: Sequence[Markup]) -> Markup:
    """A table that scrolls by itself where it is too wide."""
    top = element("thead", element("tr", *(element("th", name) for name in head)))
    return element("div", element("table", top, element("tbody", *rows)), class_="scroll")


def _classes(report: Report, part: ClassScores) -> Iterator[Markup]:
    labels = report.kind == "multilabel"
    cards = []
    if report.confusion is not None:
        about = "Each row is a true class. Blue is told right, red is taken for another: the stronger, the more."
        cards.append(card("Confusion", about, plots.confusion(report.confusion, report.names)))
    measured = part.calibration
    what = "a label said to be there with 70% is there" if labels else "answers that are 70% sure are right"
    brier = plots.number(measured.brier)
    about = f"Whether {what} 70% of the time. Expected calibration error {measured.ece:.1%}, Brier score {brier}."
    cards.append(card("Calibration", about, plots.reliability(measured.bins, labels=labels)))
    if len(part.scores) > plots.COUNTED:  # the matrix is legible in the whole width alone
        yield from cards
    else:
        yield element("div", *cards, class_="row")
    about = (
        "Precision: the share that is right of what was told to be of a class. Recall: the share of its rows that was "
        "found. F1: their harmonic mean."
    )
    shown, title = part.scores, "Labels" if labels else "Classes"
    if len(shown) > _CLASSES:
        shown = tuple(sorted(shown, key=lambda s: (s.f1, -s.support))[:_CLASSES])
        title = f"The {_CLASSES} classes with the lowest F1, of {len(part.scores):,}"
    rows = [_score(score) for score in shown]
    means = [_score(part.macro, "mean first"), _score(part.weighted, "mean")]
    yield card(title, about, table(["", "rows", "told", "precision", "recall", "F1"], [*rows, *means]))


def _score(score: Score, class_: str | None = None) -> Markup:
    shares = (element("td", share(value)) for value in (score.precision, score.recall, score.f1))
    counts = (element("td", f"{count:,}") for count in (score.support, score.predicted))
    return element("tr", element("td", score.name), *counts, *shares, class_=class_)


def share(value: float) -> Markup:
    """A share as a bar and a number."""
    bar = element("i", style=f"--s:{value:.1%}")
    return element("span", bar, element("span", f"{value:.1%}"), class_="share")


def _values(report: Report) -> Iterator[Markup]:
    if not report.values:
        return
    unit = report.unit
    quantiles = list(report.values[0].quantiles)
    names = ["", "MAE", "RMSE", "R²", "bias", *(f"{q} below" if q != "100%" else "largest" for q in quantiles)]
    rows = []
    for part in report.values:
        figures = (part.mae, part.rmse, part.r2, part.bias, *part.quantiles.values())
        rows.append(element("tr", element("td", part.name), *(element("td", plots.number(f)) for f in figures)))
    about = f"In {unit}. " if unit else ""
    about += "Bias is the mean of predicted minus true; 90% below: nine in ten of the absolute errors are."
    if report.values[0].sampled < report.rows:
        about += f" Quantiles and drawings are of {report.values[0].sampled:,} rows, taken at random."
    yield card("Errors", about, table(names, rows))
    for part in report.values[:_DRAWN]:
        yield _drawn(part, unit, several=len(report.values) > 1)


def _drawn(part: ValueErrors, unit: str, *, several: bool) -> Markup:
    of = f" of {part.name}" if several else ""
    far, same = "What is far outside is counted in the last bars.", "On the dashed line they are the same."
    residuals = card(f"Residuals{of}", far, plots.histogram(part.residuals, unit))
    points = card(f"Predicted against true{of}", same, plots.scatter(part.points, unit))
    return element("div", residuals, points, class_="row")


def _surprise(part: Surprise) -> Iterator[Markup]:
    from nntui.page.mistakes import visible

    if part.stretches:
        about = "How many bits a token costs, by how far into the text that is seen it stands."
        yield card("Bits by position", about, plots.stretches(part.stretches))
    rows = [
        element(
            "tr",
            element("td", element("code", visible(item.token))),
            element("td", f"{item.count:,}"),
            element("td", f"{item.bits:.2f}"),
            element("td", share(item.accuracy)),
        )
        for item in part.dearest
    ]
    about = "The tokens on which the most bits are spent in all: how often each comes, and what it costs then."
    yield card("Where the bits go", about, table(["token", "times", "bits each", "told right"], rows))
