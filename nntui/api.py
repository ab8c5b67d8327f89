"""From Python: `nntui.train(...)` trains a run as the command does, `nntui.load(...)` opens one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.runs.creating import new_run
from nntui.runs.folder import RunFolder, runs_root
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said, overlaid
from nntui.spec.tables import from_keywords
from nntui.spec.toml import read_toml

if TYPE_CHECKING:
    from nntui.engine.inference import Model
    from nntui.engine.journal import Show
    from nntui.hooks.data import Prediction, Split


class TrainingFailed(RuntimeError):
    """A run that `train` started ended without a result: why, and what to try."""


class LoadedRun:
    """A run that has ended, or a model folder: predicts, and knows its metrics.

    The model is read when it is first needed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._run = RunFolder(self.path if (self.path / "run.toml").exists() else self.path.parent)

    @property
    def name(self) -> str:
        return self._run.name

    @cached_property
    def model(self) -> Model:
        """The network and its preprocessing; `model.network` is the nn.Module, in evaluation mode on the CPU."""
        from nntui.engine.inference import Model

        return Model(self.path)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The result's metrics on test (on validation where there is no test split), as the run measured them."""
        from nntui.runs.events import Finished
        from nntui.runs.log import read_events

        events, _ = read_events(self._run.events)
        finished = [e for e in events if isinstance(e, Finished)]
        if not finished:
            raise UserError(f"{self.path} has no result yet", advice=f"nntui runs show {self.name} says how it stands")
        return {name: value for name, value in finished[-1].metrics.items() if value is not None}

    def predict(self, inputs: str | Sequence[str]) -> list[Prediction]:
        """Answers for paths of files or literal values, one for each."""
        return self.model.predict([inputs] if isinstance(inputs, str) else inputs)

    def evaluate(self, split: Split = "test") -> dict[str, float]:
        """Measures the model anew on a split of its data."""
        return self.model.evaluate(self._run, split).metrics

    def __repr__(self) -> str:
        return f"LoadedRun({str(self.path)!r})"


def load(path: str | Path) -> LoadedRun:
    """Opens a run's folder, or its model/ folder alone."""
    if not Path(path).is_dir():
        raise UserError(f"there is no run at {path}", advice="nntui runs lists what there is")
    return LoadedRun(path)


def train(
    spec: str | Path | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    runs: str | Path | None = None,
    show: Show | None = None,
    **settings: Any,  # data="digits", arch={"name": "cnn", "channels": [8]}, epochs=3, lr=1e-2
) -> LoadedRun:
    """Trains a run in this process and returns it.

    `spec` is a TOML file or its tables as a mapping; `settings` go before it: tables, or the short forms of flags
    (`epochs`, `batch_size`, `lr`, `seed`, `precision`). `show` is called with each event.
    Raises UserError for what can be put right, TrainingFailed for a run that failed.
    """
    from nntui.engine.run import execute

    base = Said(tree=spec) if isinstance(spec, Mapping) else Said() if spec is None else read_toml(spec)
    said = overlaid(base, Said(tree=from_keywords(settings)))
    resolved = resolve_said(said, registry()).spec
    folder = new_run(resolved, runs_root(None if runs is None else str(runs)), name)
    outcome = execute(folder, resolved, show=show)
    if outcome.code:
        event = outcome.event
        raise TrainingFailed(
            getattr(event, "message", "") or getattr(event, "reason", ""), getattr(event, "advice", "")
        )
    return LoadedRun(folder.path)
