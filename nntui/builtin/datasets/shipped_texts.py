"""word-languages and hamlet: the texts that ship with nntui."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.characters import WindowFacts, windows
from nntui.builtin.datasets.shipped import shipped
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.builtin.datasets.texts import TextFacts
from nntui.builtin.datasets.typed_rows import read_csv

if TYPE_CHECKING:
    from nntui.builtin.datasets.params import HamletParams
    from nntui.hooks.data import DataContext
    from nntui.hooks.params import Params


def word_languages(params: Params, context: DataContext) -> Rows[TextFacts]:  # noqa: ARG001 — nothing to set
    """3,200 words of eight languages."""
    path = shipped("word-languages", "words.csv")
    rows = read_csv(path)
    classes = tuple(sorted({row["language"] for row in rows}))
    targets = np.array([classes.index(row["language"]) for row in rows], dtype=np.int64)
    return Rows(
        columns={"text": [row["word"] for row in rows], "target": targets},
        facts=TextFacts(classes=classes),
        fingerprint=fingerprint([path.read_bytes()]),
        targets=targets,
    )


def hamlet(params: HamletParams, context: DataContext) -> Rows[WindowFacts]:  # noqa: ARG001 — it ships
    """The 175,132 characters of Hamlet, in windows."""
    text = shipped("hamlet", "hamlet.txt").read_bytes().decode("utf-8")
    return windows(text, params.context, params.overlap)
