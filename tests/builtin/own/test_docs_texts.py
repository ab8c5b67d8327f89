"""What docs/own-data.md tells a person with texts to type works, in the order in which it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from distributions import REPOSITORY
from test_docs import Reader


@pytest.mark.slow
def test_the_section_on_texts_can_be_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    document = (REPOSITORY / "docs" / "own-data.md").read_text(encoding="utf-8")
    section = document.partition("\n## Texts\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    reader = Reader(capsys, monkeypatch)
    for language, block in blocks:
        reader.follow(language, block)
