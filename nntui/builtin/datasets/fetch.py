"""Downloads, through torchvision's utilities: progress bar, checksum. The only place that imports torchvision."""

from __future__ import annotations

import contextlib
import io
import socket
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from nntui.hooks.errors import UserError

SILENCE = 30.0
"""Seconds without a byte after which a mirror is given up."""


@dataclass(frozen=True)
class Remote:
    """A file, its MD5 (a checksum, not a signature) and the addresses that it can be had from."""

    name: str
    md5: str
    urls: tuple[str, ...]


def fetch(
    what: str, remotes: Sequence[Remote], folder: Path, *, progress: bool, advice: str, allowed: bool = True
) -> None:
    """Puts `remotes` into `folder`, each whole or not at all. Raises UserError with `advice` where that fails, or
    where nothing may be fetched now."""
    if not allowed:
        raise UserError(f"{what} is not on this machine; training on it fetches it", advice=advice)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
            for remote in remotes:
                _fetch_one(what, remote, Path(scratch), progress=progress, advice=advice)
                (Path(scratch) / remote.name).replace(folder / remote.name)
    except OSError as error:
        raise UserError(f"{what} cannot be written to {folder}: {error.strerror or error}", advice=advice) from error


def _fetch_one(what: str, remote: Remote, scratch: Path, *, progress: bool, advice: str) -> None:
    try:
        from torchvision.datasets.utils import download_url
    except ImportError as error:
        raise UserError(f"{what} is fetched with torchvision, which cannot be imported: {error}", advice=advice) from (
            error
        )
    tried = []
    for url in remote.urls:
        try:
            with _patience(), contextlib.nullcontext() if progress else contextlib.redirect_stderr(io.StringIO()):
                download_url(url, scratch, filename=remote.name, md5=remote.md5)
            return
        except (OSError, HTTPException, ValueError) as error:  # no network, no such host, 404, cut off
            tried.append(f"{url}: {getattr(error, 'reason', None) or error}")
        except RuntimeError as error:  # torchvision's word for a wrong checksum, and for endless redirects
            tried.append(f"{url}: {error} (MD5 {remote.md5} was expected)")
    raise UserError(f"{what} is not on this disk and could not be fetched: {'; '.join(tried)}", advice=advice)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """torchvision opens addresses without a time limit: a network that swallows packets would hang the run."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
