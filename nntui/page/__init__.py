"""Pages that a person opens in a browser: one file each, with its own style and drawings, and nothing from outside."""
