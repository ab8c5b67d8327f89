"""What a pane asks: the newest question holds, and what stays true is not asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from nntui.tui.asking import Answered, Asking


@pytest.mark.parametrize(("lasts", "asked"), [(True, ["a", "b"]), (False, ["a", "b", "a"])])
async def test_an_answer_is_remembered_as_long_as_it_stays_true(lasts: bool, asked: list[str]) -> None:
    questions: list[str] = []
    shown: list[Answered[str]] = []

    async def answer(question: str, early: Callable[[str], None]) -> str:
        del early
        questions.append(question)
        return question.upper()

    asking: Asking[str, str] = Asking(answer, shown.append, delay=0.0, lasts=lambda value: lasts or value != "A")
    for question in ("a", "b", "a"):
        asking.want(question, question)
        while asking.now.since is not None:
            await asyncio.sleep(0)
        assert shown[-1] == Answered(question.upper())
    assert questions == asked
