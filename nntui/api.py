"""From Python: `nntui.train(...)` trains a run as the command does, `nntui.load(...)` opens one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.hooks.typed import typed_path
from nntui.runs.creating import discard_untrained, new_run
from nntui.runs.folder import RunFolder, runs_root
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said, overlaid
from nntui.spec.tables import from_keywords
from nntui.spec.toml import read_toml

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.engine.exporting import Written
    from nntui.engine.inference import Answered, Model
    from nntui.engine.journal import Show
    from nntui.engine.reporting.report import Report
    from nntui.hooks.data import Prediction, Split


class TrainingFailed(RuntimeError):
    """A run that `train` started ended without a result: why (`message`), what to try (`advice`), and its folder."""

    def __init__(self, message: str, advice: str, path: Path) -> None:
        super().__init__(f"{message}; {advice}" if advice else message)
        self.message = message
        self.advice = advice
        self.path = path


class LoadedRun:
    """A run that has ended, or a model folder: predicts, and knows its metrics.

    The model is read when it is first needed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).resolve()
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
        if not self._run.exists():
            raise UserError(f"{self.path} is a model without its run", advice="its metrics are in its README.md")
        if not finished or not self._run.model.is_dir():  # an interrupted run has ended, without a result
            raise UserError(f"{self.path} has no result yet", advice=f"nntui runs show {self.name} says how it stands")
        return {name: value for name, value in finished[-1].metrics.items() if value is not None}

    def predict(self, inputs: Any) -> list[Prediction]:
        """Answers for paths of files or folders, or literal values; for an array or a tensor of rows, or a frame: one
        for each row, in their order.

        Raises UserError where something cannot be read; `answers` passes over it.
        """
        several = isinstance(inputs, Sequence) and all(isinstance(one, str | Path) for one in inputs)
        if not isinstance(inputs, str | Path) and not several:
            return self.model.predict_held(inputs)
        return self.model.predict(_as_text(inputs))

    def answers(self, inputs: str | Path | Sequence[str | Path]) -> Iterator[Answered]:
        """The same piece by piece, in constant memory, whatever the length of a table: each piece has `asked.names`,
        `asked.findings` (what was passed over) and `predictions`."""
        return self.model.answers(_as_text(inputs))

    def sample(
        self, prompt: str = "", *, length: int = 500, temperature: float = 0.8, top_k: int = 0, seed: int = 0
    ) -> str:
        """Text that goes on from `prompt`, as `nntui sample` makes it: `length` tokens, the same for the same seed.

        `temperature` 0 takes the likeliest token each time; `top_k` 0 draws from all. Raises UserError where the run
        does not tell the next token of a text.
        """
        from nntui.engine.sampling import Sampling

        return "".join(Sampling(self.model, prompt, length, temperature=temperature, top_k=top_k, seed=seed))

    def evaluate(self, split: Split | None = None, *, data: str | Path | None = None) -> dict[str, float]:
        """Measures the model anew on a split of its data (test), or on other data of the same kind: all of it, or the
        split of that name that it has."""
        run = self._judging()
        return self.model.evaluate(run, split, None if data is None else str(data)).metrics

    def report(
        self, split: Split | None = None, *, data: str | Path | None = None, mistakes: int = 20, html: str | None = None
    ) -> Report:
        """Measures it in full: scores of each class, calibration, errors, the worst mistakes. `html` names a file that
        becomes a page of it; `to_json()` of the report is plain data."""
        report = self.model.report(self._judging(), split, None if data is None else str(data), mistakes)
        if html is not None:
            from nntui.page.report import write_page

            write_page(report, Path(html))
        return report

    def _judging(self) -> RunFolder:
        """The run, which knows what the rows are."""
        if not self._run.exists():
            raise UserError(
                f"{self.path} is a model without its run, which alone says which rows to measure",
                advice="load the run's folder instead",
            )
        return self._run

    def encode(self, inputs: str | Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """The arrays that an exported model takes for paths of files or literal values, by name, rows first."""
        return self.model.encode([inputs] if isinstance(inputs, str) else inputs)

    def export(self, to: str, path: str | Path | None = None, *, force: bool = False, **params: Any) -> Written:
        """Writes the model in a format of an exporter's ("onnx", "pt2", "safetensors"), with `params` of that
        exporter's (`opset=18`), and what describes it beside it; checks it against the model on rows of its data.

        `path`: the file; left out, the run's name in the working directory. What is there already is written over
        where `force`. Raises UserError, also where the answers differ by more than rounding (nothing is kept then).
        """
        from nntui.engine.exporting import choose, export

        exporter = choose(to, params)
        goal = Path(f"{self.name}{exporter.contribution.suffix}") if path is None else typed_path(str(path))
        run = self._run if self._run.exists() else None
        return export(self.model, run, exporter, goal.absolute(), force=force)

    def __repr__(self) -> str:
        return f"LoadedRun({str(self.path)!r})"


def _data_settings(data: Any, target: Any, root: Path, reader: Any) -> dict[str, Any]:  # whatever a person passes
    """The table [data] for what was passed as `data` and `target`; `reader`: what the spec says of it."""
    from nntui.engine.in_memory import is_in_memory, write

    if is_in_memory(data):
        written = write(data, target, root / ".data")
        return {"data": {"path": str(written.path), "reader": reader or written.reader, **written.settings}}
    said: dict[str, Any] = {} if data is None else {"data": str(data) if isinstance(data, Path) else data}
    return said if target is None else {**said, "data.target": target}


def _as_text(inputs: str | Path | Sequence[str | Path]) -> list[str]:
    return [str(inputs)] if isinstance(inputs, str | Path) else [str(given) for given in inputs]


def load(path: str | Path) -> LoadedRun:
    """Opens a run's folder, or its model/ folder alone."""
    if not Path(path).is_dir():
        raise UserError(f"there is no run at {path}", advice="nntui runs lists what there is")
    return LoadedRun(path)


def train(
    spec: str | Path | Mapping[str, Any] | None = None,
    *,
    data: Any = None,
    target: str | Sequence[str] | int | None = None,
    name: str | None = None,
    runs: str | Path | None = None,
    show: Show | None = None,
    **settings: Any,  # arch={"name": "cnn", "channels": [8]}, epochs=3, lr=1e-2
) -> LoadedRun:
    """Trains a run in this process and returns it.

    `spec` is a TOML file or its tables as a mapping; `settings` go before it: tables, or the short forms of flags
    (`epochs`, `batch_size`, `lr`, `seed`, `precision`). `show` is called with each event.

    `data` is a name ("digits"), a path, a table of settings, or what the program holds: (x, y) of arrays or tensors, a
    mapping of them (x_train, y_train, x_test, ...), a pandas or polars frame, a torch Dataset of (x, y). Such data is
    written below `runs`, once, so that the run can be resumed and measured later. `target` is the frame's column (or
    columns) that is told; of a single array the column's number. A frame is a table, unless the spec names another
    reader: {"data": {"reader": "series"}} forecasts it.

    Raises UserError for what can be put right (no run is left then), TrainingFailed for a run that failed, and
    KeyboardInterrupt after Ctrl-C, once a checkpoint is written: `nntui train --resume` goes on from it.
    """
    from nntui.engine.run import execute
    from nntui.runs.events import Failed

    root = runs_root(None if runs is None else str(runs))
    base = Said(tree=spec) if isinstance(spec, Mapping) else Said() if spec is None else read_toml(spec)
    if data is not None or target is not None:
        table = base.tree.get("data")
        reader = table.get("reader") if isinstance(table, Mapping) else None
        settings = {**_data_settings(data, target, root, reader), **settings}
    said = overlaid(base, Said(tree=from_keywords(settings)))
    resolved = resolve_said(said, registry()).spec
    folder = new_run(resolved, root, name)
    try:
        outcome = execute(folder, resolved, show=show)
    except UserError:
        discard_untrained(folder)
        raise
    event = outcome.event
    if outcome.code == 130:
        raise KeyboardInterrupt
    if isinstance(event, Failed):
        raise TrainingFailed(event.message, event.advice, folder.path)
    if outcome.code:
        raise TrainingFailed(event.reason, f"nntui train --resume {folder.path}", folder.path)
    return LoadedRun(folder.path)
