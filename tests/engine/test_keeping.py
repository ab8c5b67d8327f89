"""What the keeper of checkpoints tells of a disk that fills between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nntui.engine import keeping
from nntui.engine.journal import Journal
from nntui.engine.keeping import Keeper
from nntui.runs.events import Checkpointed, Warned
from nntui.runs.folder import create_run
from nntui.runs.log import EventWriter, read_events


@dataclass
class Weights:
    step: int

    def files(self) -> dict[str, Any]:
        return {"weights": b"w" * 10}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is told when the best of step 3 is written, and then there is no room for the last, of step 5."""
    folder = create_run(tmp_path, "full-owl-3")
    write = keeping.write_checkpoint

    def until_full(run: Any, step: int, files: Any, **options: Any) -> Any:
        if step > 3:
            raise OSError(28, "No space left on device")
        return write(run, step, files, **options)

    monkeypatch.setattr(keeping, "write_checkpoint", until_full)
    with EventWriter(folder.events) as writer:
        journal = Journal(writer, folder.events, None)
        keeper = Keeper(folder, journal, seconds=0, keep=3, for_good=lambda step: False)
        keeper.hold_best(Weights(3))  # type: ignore[arg-type]
        keeper.save(Weights(5))  # type: ignore[arg-type]
        keeper.settle()
        assert keeper._pending_best is None  # it is written
        keeper.close()
    return read_events(folder.events)[0]


def test_a_checkpoint_that_was_written_before_the_disk_was_full_is_told(told: list[Any]) -> None:
    assert [(e.step, e.best) for e in told if isinstance(e, Checkpointed)] == [(3, True)]
    (warned,) = (e for e in told if isinstance(e, Warned))
    assert "the last good checkpoint, of step 3, stays" in warned.message
