"""Reports in lines: what is long, large, odd or not finite fits 80 columns and reaches no terminal as it is."""

from __future__ import annotations

import numpy as np
import pytest

from nntui.cli.report_text import bar, report_lines
from nntui.engine.reporting.classes import ClassesTally, LabelsTally
from nntui.engine.reporting.report import Baseline, Mistake, Report
from nntui.engine.reporting.values import ValuesTally
from nntui.hooks.data import Example
from nntui.page.report import page

ODD = "\x1b[31m<script>alert(1)</script>\u202e & a very long name of a class, longer than any column is wide"


def report(**more: object) -> Report:
    base: dict[str, object] = {
        "run": "run", "data": ODD, "split": "test", "rows": 300, "names": (), "unit": "", "network": "ffn",
        "metrics": {},
    }  # fmt: skip
    return Report(**{**base, **more})  # type: ignore[arg-type]


def of_classes(size: int, kind: str = "classes") -> Report:
    rng = np.random.default_rng(0)
    names = tuple(f"{ODD[: 40 + k]} {k}" for k in range(size))
    told, true = rng.dirichlet(np.ones(size) * 0.3, 300), rng.integers(0, size, 300)
    if kind == "classes":
        tally: ClassesTally | LabelsTally = ClassesTally(names)
        tally.update(told, true)
    else:
        tally = LabelsTally(names)
        tally.update(told, np.eye(size)[true])
    confusion = np.zeros((size, size), int)
    np.add.at(confusion, (true, told.argmax(1)), 1)
    wrong = Mistake(
        row=3, place=f"{ODD}/cat/7.jpg", truth=names[0], answer=names[-1], confidence=0.991, badness=4.6,
        example=Example(kind="text", content=ODD * 20),
    )  # fmt: skip
    return report(
        kind=kind, names=names, classes=tally.compute(), wrong=tally.wrong, mistakes=(wrong,) * 3,
        confusion=confusion.tolist() if kind == "classes" and size <= 100 else None,
        metrics={"accuracy": 0.5, "loss": float("nan")},
        baselines=(Baseline(name=ODD, metrics={"accuracy": 0.1}), Baseline(name="chance", metrics={"accuracy": 0.1})),
    )  # fmt: skip


def of_values(size: int, scale: float) -> Report:
    rng = np.random.default_rng(1)
    names = tuple(f"value {k} {ODD}" for k in range(size))
    true = rng.normal(size=(300, size)) * scale
    tally = ValuesTally(names)
    tally.update(true + rng.normal(size=(300, size)) * scale / 3, true)
    metrics = {f"{m}_{name}" if size > 1 else m: scale for m in ("mae", "rmse", "r2") for name in names}
    wrong = Mistake(
        row=0, place="x.csv, line 17", truth=f"{scale:.4g}", answer=f"{scale:.4g}", confidence=None, badness=1
    )
    return report(
        kind="values", names=names, unit="kg", metrics={"mae": scale, **metrics}, values=tally.compute(metrics),
        mistakes=(wrong,),
    )  # fmt: skip


REPORTS = [
    *(of_classes(size) for size in (2, 8, 30, 120)),
    of_classes(5, "multilabel"),
    *(of_values(size, scale) for size in (1, 3, 50) for scale in (1e-9, 1.0, 123456.0, 1e12)),
]


@pytest.mark.parametrize("told", REPORTS, ids=lambda r: f"{r.kind}-{len(r.names)}")
def test_every_report_fits_eighty_columns_and_is_clean(told: Report) -> None:
    for blocks in (True, False):
        lines = list(report_lines(told, blocks=blocks))
        assert max(map(len, lines)) <= 80, max(lines, key=len)
        assert not any("\x1b" in line or "\u202e" in line for line in lines)


@pytest.mark.parametrize("told", REPORTS, ids=lambda r: f"{r.kind}-{len(r.names)}")
def test_nothing_of_a_report_becomes_markup_of_its_page(told: Report) -> None:
    drawn = page(told)
    assert "<script" not in drawn and "\x1b" not in drawn and "\u202e" not in drawn
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn
    assert (
        "http://" not in drawn
        and "https://" not in drawn
        and "nan" not in drawn.split("<svg", 1)[-1].split("</svg>")[0]
    )


def test_a_bar_is_as_long_as_its_share() -> None:
    assert bar(0.0) == "" and bar(1.0, 8) == "█" * 8 and bar(0.5, 8, blocks=False) == "####"
    assert bar(float("nan"), 8) == "" and bar(7.0, 8) == "█" * 8
    assert bar(0.5 + 1 / 16, 8) == "████▌"
