"""A network that tells the next token goes on with a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import nntui
from nntui.cli.main import run as command
from nntui.engine.inference import Model
from nntui.engine.sampling import Sampling
from nntui.hooks.errors import UserError

SONG = "".join(f"{n} grüne Flaschen 🍾 hängen an der Wand.\n" for n in range(99, 40, -1))


def trained(folder: Path, name: str, tokens: str, arch: dict[str, object]) -> Path:
    path = folder / "song.txt"
    path.write_text(SONG, encoding="utf-8")
    data = {"path": str(path), "tokens": tokens, "vocabulary": 280, "context": 40}
    return nntui.train(data=data, arch=arch, epochs=1, name=name, runs=folder / "runs").path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sampling")
    rnn: dict[str, object] = {"name": "rnn", "hidden": 16, "embedding": 8}
    return {
        "char": trained(folder, "char", "char", rnn),
        "byte": trained(folder, "byte", "byte", {"name": "ffn", "hidden": [16], "context": 4}),
        "word": trained(folder, "word", "word", {"name": "rnn", "hidden": 16, "embedding": 8, "convolution": 3}),
        "bpe": trained(folder, "bpe", "bpe", {"name": "cnn", "channels": [8]}),
    }


@pytest.mark.parametrize("tokens", ["char", "byte", "word", "bpe"])
def test_a_seed_makes_the_same_text_and_another_seed_another(runs: dict[str, Path], tokens: str) -> None:
    run = nntui.load(runs[tokens])
    first = run.sample("9 grüne", length=60, seed=3, temperature=1.0)
    assert first == nntui.load(runs[tokens]).sample("9 grüne", length=60, seed=3, temperature=1.0)
    assert first != run.sample("9 grüne", length=60, seed=4, temperature=1.0)
    assert "<unknown>" not in first
    assert "<padding>" not in first


def test_a_state_that_is_kept_says_what_the_whole_text_says(runs: dict[str, Path]) -> None:
    """To the character, as long as the window holds all of it."""
    model = Model(runs["char"])
    assert model.network.steps
    kept = "".join(Sampling(model, "9 ", 30, seed=1))
    model.network.steps = False
    assert "".join(Sampling(model, "9 ", 30, seed=1)) == kept


def test_beyond_the_window_a_network_without_a_state_reads_what_is_within_it(runs: dict[str, Path]) -> None:
    model = Model(runs["byte"])
    seen: list[int] = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[1]))
    assert len("".join(Sampling(model, "", 600))) > 0
    assert max(seen) <= 512


def test_temperature_zero_is_the_likeliest_and_one_of_k_is_too(runs: dict[str, Path]) -> None:
    run = nntui.load(runs["char"])
    likeliest = run.sample("9", length=20, temperature=0)
    assert run.sample("9", length=20, top_k=1, seed=9) == likeliest
    assert run.sample("9", length=20, temperature=1e-6, seed=5) == likeliest


def test_sampling_leaves_torch_as_it_was(runs: dict[str, Path]) -> None:
    sampling = Sampling(Model(runs["char"]), "9", 3)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    for _ in sampling:
        assert not torch.is_inference_mode_enabled()
    assert torch.equal(torch.rand(1), expected)


def test_the_command_streams_text_and_prints_json(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["sample", str(runs["char"]), "--prompt", "9 grüne", "--length", "25", "--seed", "2"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("9 grüne")
    assert not said.err
    asked = ["sample", str(runs["char"]), "--prompt", "9 grüne", "--length", "25", "--seed", "2", "--json"]
    assert command(asked) == 0
    answer = json.loads(capsys.readouterr().out)
    assert said.out == f"9 grüne{answer['text']}\n"
    assert answer["seed"] == 2


def test_a_prompt_of_characters_never_seen_goes_on_and_says_so(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["sample", str(runs["char"]), "--prompt", "日本9", "--length", "5"]) == 0
    assert "2 tokens of the prompt" in capsys.readouterr().err
    assert command(["sample", str(runs["byte"]), "--prompt", "日本9", "--length", "5"]) == 0
    assert not capsys.readouterr().err


def test_a_model_of_another_kind_is_refused(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = nntui.train(data={"name": "moons", "n": 60}, epochs=1, runs=tmp_path, name="points")
    with pytest.raises(UserError, match="tells one of 2 classes"):
        other.sample("x")
    assert command(["sample", str(other.path), "--prompt", "x"]) == 2
    assert "nntui predict" in capsys.readouterr().err
    run = nntui.load(runs["char"])
    for settings in ({"length": 0}, {"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": -1}):
        with pytest.raises(UserError, match="the length must be 1 or more"):
            run.sample("9", **settings)
    with pytest.raises(UserError, match="no such file"):
        run.sample(str(tmp_path / "gone.txt"))
