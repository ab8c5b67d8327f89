"""Where nntui keeps what belongs to a person and not to a run: caches and settings."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """For what can be made again at any time. NNTUI_CACHE moves it."""
    return Path(os.environ.get("NNTUI_CACHE") or platformdirs.user_cache_dir("nntui", appauthor=False))


def config_dir() -> Path:
    """For a person's settings. NNTUI_CONFIG moves it."""
    return Path(os.environ.get("NNTUI_CONFIG") or platformdirs.user_config_dir("nntui", appauthor=False))


def write_atomically(path: Path, text: str) -> None:
    """Write `path` so that a reader sees the old text or the new, never half of it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
