"""What the list of runs says of itself: what it is, its words, its keys."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HELP = (
    "All runs, the one begun last at the top. A run is a folder: everything known about it is in there, and it "
    "trains in a process of its own, whether or not anybody looks. Open one to watch and steer it; mark some and "
    "lay them over each other to compare them."
)
GLOSSARY = {
    "data": "what it learns from: the name of a data set, or a path of yours",
    "arch": "the kind of network",
    "status": "starting, queued (waits for another), training, paused, stopped (on request), done, failed, "
    "lost (its process is gone: R goes on from the last checkpoint), unknown (it is on another machine)",
    "epoch": "passes over the training rows, made and planned",
    "loss": "what training makes smaller, as it was last; nan: it is no number any more",
    "best": "the best so far by the metric that chooses the weights, on rows kept for validation; of a failed run, "
    "the step at which it failed",
    "curve": "the loss from the first step to the last; on a log scale where it fell far",
    "time": "time spent training, pauses left out",
    "params": "numbers that the network learns",
    "begun": "when its first process started",
    "note": "the first line of what you noted of it",
}

BINDINGS: list[BindingType] = [
    Binding("n", "new", "new", id="runs.new", tooltip="Choose data and a network for a new run"),
    Binding("enter", "open", "open", id="runs.open", tooltip="Watch and steer the run; train the recipe"),
    Binding("d", "data", "data", id="runs.data", tooltip="Look at a data set, or at your own files"),
    Binding("m", "mark", "mark", id="runs.mark", tooltip="Mark the run, or take its mark away"),
    Binding("o", "overlay", "overlay", id="runs.overlay", tooltip="Lay the marked runs over each other"),
    Binding("f", "fork", "fork", id="runs.fork", tooltip="A new run that goes on from a checkpoint of this one"),
    Binding("S", "stop", "stop", id="runs.stop", tooltip="Stop it, with a checkpoint and its result"),
    Binding("slash", "find", "find", id="runs.find", tooltip="Show only runs whose name, data, network, status or "
            "note has these words"),
    Binding("D", "delete", "delete", id="runs.delete", tooltip="Delete its folder; never a live run"),
    Binding("R", "resume", "resume", id="runs.resume", tooltip="Go on with a run that was stopped, lost or failed"),
    Binding("N", "template", "like it", id="runs.template", tooltip="A new run like this one, with changes"),
    Binding("r", "rename", "rename", id="runs.rename", tooltip="Give it another name; never a live run"),
    Binding("t", "note", "note", id="runs.note", tooltip="Note something about it"),
    Binding("y", "copy", "copy", id="runs.copy", tooltip="Copy the path of its folder"),
    Binding("up,k", "move(-1)", "up", show=False, id="runs.up", tooltip="The run or recipe above"),
    Binding("down,j", "move(1)", "down", show=False, id="runs.down", tooltip="The run or recipe below"),
    Binding("pageup", "page(-1)", "page up", show=False, id="runs.page-up", tooltip="A screen up"),
    Binding("pagedown", "page(1)", "page down", show=False, id="runs.page-down", tooltip="A screen down"),
    Binding("g,home", "edge(0)", "first", show=False, id="runs.first", tooltip="The newest run"),
    Binding("G,end", "edge(1)", "last", show=False, id="runs.last", tooltip="The oldest run"),
    Binding("escape", "unfind", "all runs", show=False, id="runs.unfind", tooltip="Show all runs again"),
]  # fmt: skip
