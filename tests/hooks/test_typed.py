"""Paths as they are typed: what is wrong with one is told, whatever it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nntui.hooks.errors import UserError
from nntui.hooks.typed import names_in, typed_path, what_is_at

LONG = "a" * 300


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert typed_path("~/pets") == tmp_path / "pets"
    assert typed_path("./pets") == Path("pets")
    assert typed_path("") == Path()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("~nobody-by-this-name/x", "nobody called nobody-by-this-name"),
        ("~" + LONG, "there is nobody called aaa"),
        ("a\0b", "NUL"),
        ("a\ud800b", "character"),
    ],
)
def test_what_is_no_path_is_told(text: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        typed_path(text)
    assert told in caught.value.message and len(caught.value.message) < 200


def test_what_is_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert [what_is_at(tmp_path / name) for name in ("file", "folder", "none", "file/x")] == ["file", "folder", "", ""]
    assert names_in(tmp_path) == [("circle", False), ("file", False), ("folder", True)]
    assert names_in(tmp_path / "none") == names_in(tmp_path / "file") == []


@pytest.mark.parametrize("name", [LONG, "/".join("a" * 200 for _ in range(30)), "a\0b"])
def test_what_the_system_refuses_is_told(name: str, tmp_path: Path) -> None:
    for look in (what_is_at, names_in):
        with pytest.raises(UserError, match="cannot be looked at") as caught:
            look(tmp_path / name)
        assert len(caught.value.message) < 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_one_may_not_enter_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    try:
        with pytest.raises(UserError, match="Permission denied"):
            what_is_at(locked / "x")
        with pytest.raises(UserError, match="Permission denied"):
            names_in(locked)
    finally:
        locked.chmod(0o700)
