"""A run from its folder to its result: the engine's one door. See `execute`."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from nntui._version import __version__
from nntui.engine.assembly import assemble, open_store, plain_feed
from nntui.engine.baselines import measure_baselines
from nntui.engine.building import open_data, report_of
from nntui.engine.evaluation import measure
from nntui.engine.examples import FixedExamples, choose_rows, write_examples
from nntui.engine.failures import as_mistake, explain
from nntui.engine.hardware import differences
from nntui.engine.journal import Journal
from nntui.engine.keeping import Keeper
from nntui.engine.last_look import look_at_result
from nntui.engine.loop import train
from nntui.engine.meters import Measured
from nntui.engine.result import write_model
from nntui.engine.split_findings import split_findings
from nntui.engine.start import begin, expire, judge_best, recorded
from nntui.engine.steering import SIGNALS, Interrupted, Signals
from nntui.engine.tasks import plain_task
from nntui.engine.training import NonFiniteLoss, Training
from nntui.engine.watch import Watch, finite
from nntui.hooks.errors import UserError
from nntui.runs.commands import CommandReader
from nntui.runs.complaints import complain
from nntui.runs.durable import write_atomic
from nntui.runs.events import Commanded, Evaluated, Failed, Finished, Planned, Progress, Started, Warned
from nntui.runs.lock import FolderGone, RunLock, boot_id, host
from nntui.runs.log import EventWriter, read_events
from nntui.spec.toml import to_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntui.engine.journal import Show
    from nntui.engine.watch import Ending
    from nntui.hooks.data import Indices
    from nntui.runs.events import AnyEvent
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec

FAILED = 3


@dataclass(frozen=True)
class Outcome:
    """How a process of a run ended."""

    code: int
    """Exit code: 0 done or stopped on request, 3 failed, 129, 130 or 143 interrupted after a checkpoint."""
    event: Finished | Failed


def execute(
    folder: RunFolder,
    spec: RunSpec,
    *,
    show: Show | None = None,
    force: bool = False,
    detached: bool = False,
    progress: bool = False,
    live_runs: int = 0,
) -> Outcome:
    """Trains the run in `folder`, from its newest checkpoint where it has one, to its result.

    `show` is given each event as it is written; `force` takes a lock that cannot be judged from here; `detached`
    ignores a hang-up; `progress` lets a download draw a bar; `live_runs` others share the machine's cores.
    Raises UserError for what a person can put right (a run that is live, data that is not there, a network that does
    not take the data), after telling it in the events.
    """
    lock = RunLock(folder)
    try:
        lock.acquire(force=force)
        past, _ = read_events(folder.events)
        writer = EventWriter(folder.events)
    except OSError as error:
        lock.release()
        raise UserError(
            f"{folder.name} cannot be trained: {error.filename or folder.path}: {error.strerror or error}",
            advice="a run is trained in its own folder, which must be writable; copy it to where it is",
        ) from error
    try:
        with writer, Signals(ignore_hangup=detached) as signals:
            journal = Journal(writer, folder.events, show)
            engine = _Engine(folder, spec, journal, signals, lock, past)
            return engine.run(progress=progress, live_runs=live_runs)
    finally:
        lock.release()


class _Engine:
    """One process's work on a run."""

    def __init__(
        self,
        folder: RunFolder,
        spec: RunSpec,
        journal: Journal,
        signals: Signals,
        lock: RunLock,
        past: Sequence[AnyEvent],
    ) -> None:
        self.folder = folder
        self.spec = spec
        self.journal = journal
        self.signals = signals
        self.lock = lock
        self.past = past
        self.training: Training | None = None
        self.keeper: Keeper | None = None
        self.examples: FixedExamples | None = None

    def run(self, *, progress: bool, live_runs: int) -> Outcome:
        asked = self.folder.commands.stat().st_size if self.folder.commands.exists() else 0
        if not any(isinstance(event, Started | Commanded) for event in self.past):
            asked = 0  # before a first start nothing was meant for an earlier process
        started = Started(nntui=__version__, host=host(), boot_id=boot_id(), pid=os.getpid(), commands=asked)
        try:
            self.journal.tell(started, sync=True)
            expire(self.folder, self.journal, self.past, asked)
            watch = self._prepare(asked, progress=progress, live_runs=live_runs)
            assert self.training is not None  # _prepare has made it
            return self._end(train(self.training, watch), watch)
        except UserError as error:
            self._failed("request", error.message, error.advice)
            raise
        except Interrupted as interrupted:
            return self._fail(SIGNALS[interrupted.number], "interrupted", f"{interrupted} before training began")
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # a run always says how it ended
            mistake = as_mistake(error, self.spec)
            if mistake is not None:
                self._failed("request", mistake.message, mistake.advice)
                raise mistake from error
            return self._fail(FAILED, *explain(error, self.spec), error=error)
        finally:
            if self.keeper is not None:
                self.keeper.close()

    # -- beginning

    def _prepare(self, asked: int, *, progress: bool, live_runs: int) -> Watch:
        spec, folder, journal = self.spec, self.folder, self.journal
        data = open_data(spec, progress=progress)
        assembly = assemble(spec, data, live_runs=live_runs)
        training = self.training = assembly.training
        for difference in differences(spec.resolved, assembly.resolved):
            journal.tell(Warned(message=difference))
        if not any(isinstance(e, Planned) for e in self.past):  # a resume goes on as the run began
            self.spec = training.spec = replace(spec, resolved=assembly.resolved)
            write_atomic(folder.run_toml, to_toml(self.spec).encode())
        journal.tell(assembly.planned)
        if not any(isinstance(e, Planned) for e in self.past):
            divided = [f for f in split_findings(data, spec.data_settings) if f.kind == "warning"]
            for finding in (*report_of(data.source).findings, *divided):
                journal.tell(Warned(message=finding.in_words()))
        rows = choose_rows(data)
        if not (folder.examples / "index.json").exists():
            write_examples(folder, data, rows)
        settings = spec.training
        kept_epochs = settings.keep_every

        def for_good(step: int) -> bool:
            epoch, rest = divmod(step - training.base_step, training.steps_per_epoch)
            return kept_epochs is not None and rest == 0 and (training.base_epoch + epoch) % kept_epochs == 0

        self.keeper = keeper = Keeper(
            folder, journal, seconds=settings.checkpoint_seconds, keep=settings.keep, for_good=for_good
        )
        resumed_at = begin(training, folder, journal)
        if resumed_at is None:
            keeper.fallback = training.snapshot()
            if spec.origin is not None and spec.origin.weights_only:
                keeper.save(keeper.fallback)  # from here on the run needs the other one no more
        else:
            keeper.resumed_from(resumed_at)
        hardware, origin = training.hardware, spec.origin
        self.examples = FixedExamples(data, rows, hardware.device, hardware.channels_last)
        self.signals.patient = True
        return Watch(
            training,
            journal,
            keeper,
            signals=self.signals,
            commands=CommandReader(folder.commands, asked),
            recorded=recorded(training, self.past),
            lock=self.lock,
            examples=self.examples,
            stop_at=None if origin is None else origin.stop_at,
        )

    # -- ending

    def _end(self, ending: Ending, watch: Watch) -> Outcome:
        training, keeper = self.training, self.keeper
        assert training is not None and keeper is not None  # the loop has run
        if ending.status == "interrupted":
            watch.check_finite()
            keeper.finish(training.snapshot())
            return self._finished(ending.code, "stopped", ending.reason, Measured())
        watch.check_finite()
        last = training.snapshot()
        if training.best is None:  # stopped early: measured for the result alone, a resume goes on as if it were not
            watch.evaluate()
        keeper.finish(last)
        judge_best(training, self.folder, self.journal)
        measured, split = self._measure()
        write_model(self.folder, training, measured, split)
        self._look_at_result(training)
        return self._finished(0, ending.status, ending.reason, measured, split)

    def _measure(self) -> tuple[Measured, str]:
        """The result on test, looked at this once; on validation where there are no test rows."""
        training = self.training
        assert training is not None
        data, hardware = training.data, training.hardware
        rows = data.splits["test"]
        split: str = "test"
        if len(rows):
            store = open_store(self.spec, data, rows, hardware.device, str(self.spec.resolved["feed"]))
            batch = training.spec.training.batch_size
            feed = plain_feed(store, data.spec, batch, hardware.device, hardware.channels_last)
        elif training.validation is not None:
            split, feed, rows = "validation", training.validation, data.splits["validation"]
        else:
            return Measured(), "nothing: no rows were kept for it"
        training.model.eval()
        with torch.no_grad():
            measured = measure(training.model, training.arguments, feed, training.task, training.autocast)
        measured = replace(measured, baselines=self._baselines(rows))
        step = training.best.step if training.best is not None else training.step
        if split == "test":
            self.journal.tell(
                Evaluated(
                    step=step,
                    epoch=training.best.epoch if training.best is not None else training.epoch,
                    split="test",
                    metrics=finite(measured.metrics),
                    confusion=measured.confusion,
                    baselines={name: finite(values) for name, values in measured.baselines.items()},
                )
            )
        return measured, split

    def _baselines(self, rows: Indices) -> dict[str, dict[str, float]]:
        """What rules without learning reach on these rows; a fault in a plugin's is told, and spoils no result."""
        assert self.training is not None  # measured first
        data = self.training.data
        try:
            return measure_baselines(data.source, data.preprocessor, rows, plain_task(data.spec, self.spec.training))
        except Exception as error:  # noqa: BLE001 - a plugin's preprocessing may raise anything
            self._log_traceback(error)
            told = f"{type(error).__name__}: {error}"
            self.journal.tell(Warned(message=f"the baselines could not be measured, log.txt says more: {told}"))
            return {}

    def _look_at_result(self, training: Training) -> None:
        """After everything is written: what goes wrong with a look spoils no result."""
        assert self.examples is not None  # made when the run was prepared
        try:
            look_at_result(training, self.examples, self.journal)
        except Exception as error:  # noqa: BLE001 - a plugin's network or data may raise anything
            self._log_traceback(error)
            told = f"{type(error).__name__}: {error}"
            self.journal.tell(Warned(message=f"the result could not be looked into, log.txt says more: {told}"))

    def _finished(self, code: int, status: str, reason: str, measured: Measured, split: str = "") -> Outcome:
        training, metrics = self.training, measured.metrics
        assert training is not None
        event = Finished(
            step=training.step,
            status="done" if status == "done" else "stopped",
            reason=reason,
            seconds=round(training.seconds, 3),
            metrics=finite(metrics),
            split=split if metrics else "",
            best_step=training.best.step if metrics and training.best is not None else None,
            baselines={name: finite(values) for name, values in measured.baselines.items()},
        )
        self.journal.tell(event, sync=True)
        return Outcome(code, event)

    def _fail(
        self, code: int, kind: str, message: str, advice: str = "", error: BaseException | None = None
    ) -> Outcome:
        gone = isinstance(error, FolderGone)  # its path may be another run's by now: nothing is written there
        if error is not None and not gone:
            self._log_traceback(error)
        if self.keeper is not None and not gone:
            step = self._save_fallback(self.keeper)
            if kind != "interrupted" and step is not None:
                advice += f"{'; ' if advice else ''}the last good checkpoint is of step {step}"
        return Outcome(code, self._failed(kind, message, advice, error))

    def _save_fallback(self, keeper: Keeper) -> int | None:
        """The step of the last good checkpoint. What ended the run may spoil this too: it is told all the same."""
        try:
            return keeper.save_fallback()
        except Exception as error:  # noqa: BLE001 - the first failure is the one to tell
            self._log_traceback(error)
            return None

    def _failed(self, kind: str, message: str, advice: str, error: BaseException | None = None) -> Failed:
        step = 0 if self.training is None else self.training.step
        if isinstance(error, NonFiniteLoss):
            step = min(step, error.step)
            self._tell_not_finite(error)
        event = Failed(step=step, kind=kind, message=message, advice=advice)
        self.journal.tell(event, sync=True)
        return event

    def _tell_not_finite(self, error: NonFiniteLoss) -> None:
        """The curve ends in the step that spoilt it."""
        training = self.training
        assert training is not None  # a loss was computed
        step = max(1, min(error.step + 1, training.step))
        epoch = training.base_epoch + (step - training.base_step) / training.steps_per_epoch
        lr = training.rate.at(step - 1)
        self.journal.tell(Progress(step=step, epoch=epoch, loss=None, lr=lr, samples_per_second=0.0))

    def _log_traceback(self, error: BaseException) -> None:
        """A fault of ours or of a plugin leaves its traceback in log.txt."""
        text = "".join(traceback.format_exception(error))
        try:
            with self.folder.log.open("a") as log:
                log.write(text)
        except OSError as refused:
            complain(f"{self.folder.log}: {refused.strerror}\n{text}")
