"""`nntui settings`: what is wrong with a person's own keys is told, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.cli.main import run
from nntui.tui.keymap import bindings, collisions


def test_a_key_that_two_actions_of_one_screen_would_have_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NNTUI_CONFIG", str(tmp_path))
    (tmp_path / "settings.toml").write_text('bell = false\n[keys]\n"run.extend" = "c"\n')
    assert run(["settings"]) == 1
    assert "line 3: keys: c is run.checkpoint's too: give that another key" in capsys.readouterr().err
    (tmp_path / "settings.toml").write_text('[keys]\n"run.extend" = "c"\n"run.checkpoint" = "e"\n')
    assert run(["settings"]) == 0


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"run.extend": "c"}, {("run.extend", "c", "run.checkpoint")}),
        ({"run.extend": "c", "run.checkpoint": "e"}, set()),
        ({"run.extend": "F5", "run.stop": "F5"}, {("run.stop", "F5", "run.extend")}),
        ({"runs.new": "?"}, {("runs.new", "question_mark", "app.help")}),  # by its sign or by its name
        ({"runs.new": "f2, f"}, {("runs.new", "f", "runs.fork")}),
        ({"app.leave": "T"}, {("app.leave", "T", "new.train")}),
        ({"panel.down": "S"}, {("panel.down", "S", "run.stop")}),  # a panel has the focus, and takes it first
        ({"form.edit": "T"}, {("form.edit", "T", "new.train")}),
        ({"runs.new": "c"}, set()),  # c is another screen's
        ({"layers.why": "w", "panel.retry": "w"}, set()),  # of panels that never have the focus at once
        ({"help.close": "y"}, set()),  # help lies over the screen and takes all keys
        ({"runs.new": ""}, set()),
        ({}, set()),
    ],
)
def test_keys_collide_where_both_are_bound_at_once(keys: dict[str, str], told: set[tuple[str, str, str]]) -> None:
    assert set(collisions(keys)) == told


def test_nothing_collides_where_everything_is_given_the_keys_that_it_has() -> None:
    assert collisions({id: keys for id, (keys, _) in bindings().items()}) == []
