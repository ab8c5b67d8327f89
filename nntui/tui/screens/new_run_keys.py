"""What the form for a new run says of itself: what it is, its words, its keys."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from nntui.tui.widgets.keys import focus_keys

HELP = (
    "Each row is something that can be said of a run; what is pale holds unless you say otherwise. Arrows go "
    "through the rows, enter edits or opens a list, left and right change a choice, backspace takes back what you "
    "said. The plan, the activation and the data follow what you choose. The command at the foot says the same run."
)
GLOSSARY = {
    "parameters": "numbers that the network learns",
    "memory": "what training needs: weights with gradients and optimizer state, one batch, the data",
    "loss": "of one batch before the first step, beside that of a network that knows nothing: far from it, "
    "something is wrong with the network or its beginning",
    "time": "all epochs, from a few steps that were timed",
    "as X suggests": "a value that the data set or the network brings along",
}

BINDINGS: list[BindingType] = [
    Binding("T", "train", "train", id="new.train", tooltip="Make the run and train it"),
    Binding("y", "copy", "copy command", id="new.copy", tooltip="Copy the command that says the same run"),
    Binding("s", "save", "save TOML", id="new.save", tooltip="Save the run's settings as a TOML file"),
    Binding("d", "data", "data", show=False, id="new.look", tooltip="Look at the data on the whole screen"),
    Binding("z", "zoom", "zoom", id="new.zoom", tooltip="One pane on the whole screen, or all of them"),
    Binding("1", "open(1)", "form", show=False, id="new.form", tooltip="The form"),
    Binding("2", "open(2)", "plan", show=False, id="new.plan", tooltip="Layers, memory, loss, time"),
    Binding("3", "open(3)", "activation", show=False, id="new.activation", tooltip="The activation's curve"),
    Binding("4", "open(4)", "data", show=False, id="new.data", tooltip="Rows, splits and examples"),
    Binding("escape", "unzoom", "all panes", show=False, id="new.unzoom", tooltip="All panes again"),
    *focus_keys("new", "pane"),
]
