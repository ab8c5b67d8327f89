"""First-party plugins: a name that only they have can say what to install. A test compares this with plugins/."""

from __future__ import annotations

FIRST_PARTY: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {
    "extras": (
        "nntui-extras",
        frozenset(
            (
                ("arch", "mixer"),
                ("activation", "snake"),
                ("data", "clusters"),
                ("optimizer", "lion"),
                ("schedule", "wsd"),
                ("export", "npz"),
                ("panel", "gap"),
            )
        ),
    ),
}
"""plugin -> (distribution, the (kind, name) pairs that it contributes)."""
