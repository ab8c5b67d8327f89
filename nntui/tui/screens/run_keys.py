"""What a run's screen says of itself: what it is, its words, its keys."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from nntui.tui.steering import DOWN, UP
from nntui.tui.widgets.chart_keys import chart_keys
from nntui.tui.widgets.keys import focus_keys

MOST_PANELS = 9
"""As many as there are digits."""

HELP = (
    "One run. Above, how the loss falls and how well it does on rows kept for validation; below, what its layers "
    "do, what it says of a few fixed examples, which classes it takes for which, its log and what was asked of it. "
    "The run trains in a process of its own: leave with q and come back with nntui attach."
)

GLOSSARY = {
    "loss": "what training makes smaller; train: on the rows it learns from, val: on rows kept apart",
    "best": "where the metric was best on validation: the result has the weights of that step",
    "|grad|": "norm of the gradient that comes back to a layer",
    "u/w": "how far a step moves the weights, as a power of ten of their size; about -3 is usual",
    "dead": "share of a layer's units that gave one value for a whole batch",
    "flat": "share of outputs where an activation has next to no slope",
    "ckpt": "a checkpoint: what a resume goes on from, also after a kill",
    "eta": "time left at the present pace",
    "asked": "a command waits until the run is at the end of a step; then it is applied, or refused with a reason",
}

BINDINGS: list[BindingType] = [
    Binding("R", "resume_run", "resume", id="run.resume", tooltip="Go on with a run that stopped, failed or was "
            "lost, from its newest checkpoint"),
    Binding("space", "pause", "pause", id="run.pause", tooltip="Pause at the next step, with a checkpoint; go on"),
    Binding("plus,equals_sign", f"scale({UP})", "lr", id="run.lr_up", tooltip=f"Learning rate x{UP}"),
    Binding("minus", f"scale({DOWN})", "lr", id="run.lr_down", tooltip=f"Learning rate x{DOWN}", show=False),
    Binding("l", "rate", "lr to", id="run.lr", tooltip="Learning rate to a value", show=False),
    Binding("e", "extend", "extend", id="run.extend", tooltip="More epochs"),
    Binding("c", "ask('checkpoint')", "ckpt", id="run.checkpoint", tooltip="Write a checkpoint now"),
    Binding("S", "stop", "stop", id="run.stop", tooltip="End it, with a checkpoint and its result"),
    Binding("f", "fork", "fork", id="run.fork", tooltip="A new run that goes on from a checkpoint of this one"),
    Binding("z", "zoom", "zoom", id="run.zoom", tooltip="The focused chart or panel alone, and back", show=False),
    Binding("N", "template", "like it", id="run.template", tooltip="A new run like this one, with changes",
            show=False),
    Binding("t", "note", "note", id="run.note", tooltip="Note something about it", show=False),
    Binding("y", "copy", "copy", id="run.copy", tooltip="Copy the command that goes on from here: attach, resume "
            "or predict", show=False),
    Binding("p", "ask('probe')", "probe", id="run.probe", tooltip="Look into the layers now", show=False),
    *(Binding(str(n), f"panel({n})", f"panel {n}", id=f"run.panel{n}", show=False, tooltip="Show this panel")
      for n in range(1, MOST_PANELS + 1)),
    Binding("escape", "unzoom", "back", id="run.unzoom", tooltip="Back from a panel or chart alone", show=False),
    *focus_keys("run", "chart or panel"),
    *chart_keys(),
]  # fmt: skip


NOT_YET = ("run.pause", "run.lr_up", "run.lr_down", "run.lr", "run.extend", "run.checkpoint", "run.probe")
"""What cannot be asked of a run that has not begun; its keys still say why."""
QUEUED_LABELS = {**dict.fromkeys(NOT_YET, ""), "run.stop": "take out"}
QUEUED_TOOLTIPS = {"run.stop": "Out of the queue: it does not train"}


def panel_labels(titles: Sequence[str]) -> dict[str, str]:
    """What the digits show, by id; "" for those that show nothing."""
    return {f"run.panel{n}": titles[n - 1] if n <= len(titles) else "" for n in range(1, MOST_PANELS + 1)}
