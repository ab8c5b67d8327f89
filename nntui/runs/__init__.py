"""The run folder: events, commands, checkpoints, state folded from events; find, launch, attach."""
