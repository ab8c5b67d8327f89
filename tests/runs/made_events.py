"""Events for tests: made by hand, and drawn by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from nntui.runs.events import (
    AnyEvent,
    Checkpointed,
    Commanded,
    Evaluated,
    Failed,
    Finished,
    LayerProbe,
    Paused,
    Planned,
    Probed,
    Progress,
    Queued,
    Resumed,
    Sample,
    Sampled,
    Started,
    Warned,
)


def started(**changes: Any) -> Started:
    return Started(**({"nntui": "0.1.0", "host": "here", "boot_id": "b", "pid": 1} | changes))


def planned(**changes: Any) -> Planned:
    given: dict[str, Any] = {"layers": [], "parameters": 9, "splits": {"train": 80}, "epochs": 4, "steps_per_epoch": 10}
    return Planned(**(given | {"metric": "accuracy", "maximize": True} | changes))


def progress(step: int, loss: float | None = 0.5, **changes: Any) -> Progress:
    return Progress(**({"step": step, "epoch": step / 10, "loss": loss, "lr": 0.1, "time": 1000.0 + step} | changes))


def evaluated(step: int, accuracy: float, *, best: bool = False, **changes: Any) -> Evaluated:
    given: dict[str, Any] = {"step": step, "epoch": step / 10, "split": "validation", "metrics": {"accuracy": accuracy}}
    return Evaluated(**(given | {"best": best} | changes))


steps = st.integers(0, 60)
_times = st.floats(0, 1e6)
_numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_words = st.text(max_size=5)
_epochs = st.floats(0, 10)
_splits = st.sampled_from(["train", "validation", "test"])
_commands = st.sampled_from(["pause", "resume", "stop", "lr", "extend", "probe", "dance"])


def any_event() -> st.SearchStrategy[AnyEvent]:
    """Any event, at any moment of a run."""
    return st.one_of(
        st.builds(started, time=_times, version=st.integers(1, 3)),
        st.builds(Queued, time=_times, after=_words),
        st.builds(planned, time=_times, epochs=st.integers(0, 9), steps_per_epoch=st.integers(0, 20)),
        st.builds(progress, steps, _numbers, time=_times),
        st.builds(
            Evaluated,
            time=_times,
            step=steps,
            epoch=_epochs,
            split=_splits,
            metrics=st.dictionaries(st.sampled_from(["accuracy", "loss"]), _numbers),
            confusion=st.none() | st.just([[1, 2], [3, 4]]),
            best=st.booleans(),
        ),
        st.builds(
            Probed,
            time=_times,
            step=steps,
            epoch=_epochs,
            layers=st.lists(st.builds(LayerProbe, name=st.sampled_from(["a", "b"]), dead=_numbers), max_size=2),
            arrays=st.just({}) | st.just({"attention": [[0.5]]}),
        ),
        st.builds(
            Sampled,
            time=_times,
            step=steps,
            epoch=_epochs,
            samples=st.lists(st.builds(Sample, example=st.integers(0, 3), label=_words), max_size=2),
        ),
        st.builds(Checkpointed, time=_times, step=steps, name=_words, best=st.booleans()),
        st.builds(
            Commanded,
            time=_times,
            id=st.sampled_from(["1", "2", "3"]),
            command=_commands,
            by=_words,
            step=steps,
            result=st.sampled_from(["applied", "refused", "expired"]),
            value=_numbers,
        ),
        st.builds(Warned, time=_times, message=_words),
        st.builds(Paused, time=_times, step=steps),
        st.builds(Resumed, time=_times, step=steps, checkpoint=_words),
        st.builds(Finished, time=_times, step=steps, status=st.sampled_from(["done", "stopped"]), seconds=_times),
        st.builds(Failed, time=_times, step=steps, kind=_words, message=_words),
    )
