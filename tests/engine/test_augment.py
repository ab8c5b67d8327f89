"""Augmentation: what it does to a batch, and that nothing but (seed, epoch, row) decides it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.engine.augment import Augment, make_augment, make_mixup
from nntui.hooks.data import DataSpec, InputSpec, TargetSpec

CPU = torch.device("cpu")
ROWS = 64


def spec(modality: Any, **item: Any) -> DataSpec:
    named = InputSpec(**{"name": "x", "dtype": "float32", **item})
    return DataSpec(modality=modality, inputs=(named,), target=TargetSpec(kind="classes", size=3))


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5))


IMAGE = {"kind": "image", "shape": (1, 14, 14), "dtype": "uint8"}
PIXELS = (noise(ROWS, 1, 14, 14) * 60 + 128).clamp(1, 255).to(torch.uint8)
COLOUR = noise(ROWS, 3, 12, 16)
SPECTRA = noise(ROWS, 50, 20)
LENGTHS = torch.arange(ROWS) % 40 + 11

CASES: dict[str, tuple[DataSpec, dict[str, torch.Tensor]]] = {
    "grey": (spec("image", **IMAGE), {"x": PIXELS}),
    "mirrored": (spec("image", **IMAGE, mirror=True), {"x": PIXELS}),
    "colour": (
        spec("image", kind="image", shape=(3, 12, 16), mirror=True, mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0)),
        {"x": COLOUR},
    ),
    "spectrum": (
        spec("audio", kind="sequence", shape=(None, 20), lengths="n", mean=(0.5,) * 20, std=(2.0,) * 20),
        {"x": SPECTRA * (torch.arange(50)[:, None] < LENGTHS[:, None, None]), "n": LENGTHS},
    ),
    "spectrogram": (
        spec("audio", kind="image", shape=(1, 20, 50), time_axis=2, mean=(0.5,), std=(2.0,)),
        {"x": SPECTRA.transpose(1, 2).unsqueeze(1).contiguous()},
    ),
    "waveform": (spec("audio", kind="sequence", shape=(200, 1)), {"x": noise(ROWS, 200, 1)}),
    "series": (spec("series", kind="sequence", shape=(28, 5), std=(2.0,) * 5), {"x": noise(ROWS, 28, 5)}),
    "points": (spec("points", kind="features", shape=(2,)), {"x": noise(ROWS, 2)}),
    "text": (spec("text", kind="tokens", shape=(30,), dtype="int64", vocabulary=9), {"x": torch.ones(ROWS, 30).long()}),
}


def made(case: str, level: str, seed: int = 3, epoch: int = 2) -> tuple[Augment, dict[str, torch.Tensor]]:
    augment = make_augment(CASES[case][0], level, seed, ROWS, CPU)
    assert augment is not None
    augment.begin_epoch(epoch)
    return augment, CASES[case][1]


def taken(batch: dict[str, torch.Tensor], index: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: x[index] for name, x in batch.items()}


SOME = [
    (case, level)
    for case in CASES
    for level in ("light", "standard", "strong")
    if make_augment(CASES[case][0], level, 0, ROWS, CPU) is not None
]


def test_levels_do_something_where_they_should_and_only_there() -> None:
    strong_only = {"series", "points", "text"}
    assert {case for case, level in SOME if level == "light"} == set(CASES) - strong_only
    assert {case for case, level in SOME if level == "strong"} == set(CASES)
    for case in CASES:
        assert make_augment(CASES[case][0], "none", 0, ROWS, CPU) is None
    table = spec("table", kind="features", shape=(4,))
    assert make_augment(table, "strong", 0, ROWS, CPU) is None
    with pytest.raises(ValueError, match="none, light, standard, strong"):
        make_augment(table, "wild", 0, ROWS, CPU)


@settings(max_examples=60, deadline=None)
@given(which=st.sampled_from(SOME), order=st.permutations(range(ROWS)), size=st.integers(1, ROWS))
def test_a_row_is_augmented_alike_whatever_its_batch(which: tuple[str, str], order: list[int], size: int) -> None:
    augment, batch = made(*which)
    whole = augment(batch, torch.arange(ROWS))["x"]
    at = torch.tensor(order)
    parts = [augment(taken(batch, index), index)["x"] for index in at.split(size)]
    assert torch.equal(torch.cat(parts), whole[at])


@pytest.mark.parametrize(("case", "level"), SOME)
def test_another_epoch_or_seed_augments_otherwise_and_the_same_one_alike(case: str, level: str) -> None:
    everyone = torch.arange(ROWS)
    results = []
    for seed, epoch in ((3, 2), (3, 2), (4, 2), (3, 1)):
        augment, batch = made(case, level, seed, epoch)
        results.append(augment(batch, everyone)["x"])
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
    assert not torch.equal(results[0], results[3])
    assert not torch.equal(results[0].float(), batch["x"].float())


@pytest.mark.parametrize(("case", "level"), SOME)
def test_augmenting_draws_nothing_from_global_generators_and_leaves_the_store_alone(case: str, level: str) -> None:
    before = torch.get_rng_state()
    augment, batch = made(case, level)
    copies = {name: x.clone() for name, x in batch.items()}
    result = augment(batch, torch.arange(ROWS))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(batch[name], copies[name]) for name in batch)
    assert result["x"].shape == batch["x"].shape
    assert all(result[name] is batch[name] for name in batch if name != "x")


def test_an_epoch_that_was_not_begun_is_a_mistake_of_the_caller() -> None:
    augment = make_augment(CASES["grey"][0], "light", 0, ROWS, CPU)
    assert augment is not None
    with pytest.raises(RuntimeError, match="begin_epoch"):
        augment(CASES["grey"][1], torch.arange(ROWS))


def shifts_of(image: torch.Tensor, result: torch.Tensor, reach: int) -> set[tuple[int, int]]:
    """By how much (down, right) an image may have been moved to give the result."""
    _, high, wide = image.shape
    found = set()
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            moved = torch.zeros_like(image)
            moved[:, max(0, down) : high + min(0, down), max(0, right) : wide + min(0, right)] = image[
                :, max(0, -down) : high - max(0, down), max(0, -right) : wide - max(0, right)
            ]
            if torch.equal(moved, result):
                found.add((down, right))
    return found


def test_light_moves_an_image_that_must_not_be_mirrored_by_a_pixel_in_fourteen() -> None:
    augment, batch = made("grey", "light")
    result = augment(batch, torch.arange(ROWS))["x"]
    assert result.dtype == torch.uint8
    moves = [shifts_of(x, y, 1) for x, y in zip(batch["x"], result, strict=True)]
    assert all(len(move) == 1 for move in moves)
    assert len(set.union(*moves)) == 9


def test_light_mirrors_half_of_the_images_that_may_be_and_moves_none() -> None:
    for case in ("mirrored", "colour"):
        augment, batch = made(case, "light")
        result = augment(batch, torch.arange(ROWS))["x"]
        kept = [torch.equal(x, y) for x, y in zip(batch["x"], result, strict=True)]
        turned = [torch.equal(x.flip(-1), y) for x, y in zip(batch["x"], result, strict=True)]
        assert all(k != t for k, t in zip(kept, turned, strict=True))
        assert 20 <= sum(turned) <= 44


def test_standard_mirrors_and_moves_all_channels_together() -> None:
    augment, batch = made("colour", "standard")
    result = augment(batch, torch.arange(ROWS))["x"]
    assert result.is_contiguous()
    plain = [shifts_of(x, y, 2) for x, y in zip(batch["x"], result, strict=True)]
    turned = [shifts_of(x.flip(-1), y, 2) for x, y in zip(batch["x"], result, strict=True)]
    assert all(len(p) + len(t) == 1 for p, t in zip(plain, turned, strict=True))
    assert sum(map(len, turned)) > 10
    assert len(set.union(*plain, *turned)) > 15


def test_strong_keeps_an_image_in_its_range_and_covers_a_quarter_of_each_side() -> None:
    augment, batch = made("grey", "strong")
    result = augment({"x": torch.full_like(batch["x"], 200)}, torch.arange(ROWS))["x"]
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 255
    grey = (result == 127.5).sum((1, 2, 3))
    assert grey.min() >= 1
    assert grey.max() <= 16  # a square of 3.5 pixels, on the grid
    centre = result[:, 0, 6:8, 6:8].flatten(1).median(1).values
    assert (centre - 200).abs().mean() > 5  # brightness and contrast


def test_strong_without_rotation_scale_or_shift_would_give_the_image_back() -> None:
    """The sampling grid is true: with the numbers of no change, each pixel comes from its own place."""
    augment, batch = made("mirrored", "strong")
    distort: Any = augment._plans[0][1]
    neutral = torch.full((ROWS, 9), 0.5)  # not mirrored, no angle, scale 1, no shift, no change of light
    distort.prepare(neutral, torch.Generator(), CPU)
    distort._covered += 100  # the square is outside
    assert torch.allclose(augment(batch, torch.arange(ROWS))["x"], batch["x"].float(), atol=1e-3)
    neutral[:, 0] = 0.0
    distort.prepare(neutral, torch.Generator(), CPU)
    distort._covered += 100
    assert torch.allclose(augment(batch, torch.arange(ROWS))["x"], batch["x"].flip(-1).float(), atol=1e-3)


def test_a_rotation_keeps_circles_round_on_an_image_that_is_not_square() -> None:
    item = spec("image", kind="image", shape=(1, 21, 41))
    augment = make_augment(item, "strong", 0, 1, CPU)
    assert augment is not None
    augment.begin_epoch(0)
    distort: Any = augment._plans[0][1]
    down, right = torch.meshgrid(torch.arange(21) - 10.0, torch.arange(41) - 20.0, indexing="ij")
    disc = ((down**2 + right**2).sqrt() < 7).float().view(1, 1, 21, 41)
    numbers = torch.full((1, 9), 0.5)
    numbers[:, 1] = 1.0  # 15 degrees
    distort.prepare(numbers, torch.Generator(), CPU)
    distort._covered += 100
    assert (augment({"x": disc}, torch.tensor([0]))["x"] - disc).abs().mean() < 0.02


def test_sound_moves_in_time_within_its_length_and_padding_stays() -> None:
    augment, batch = made("spectrum", "light")
    result = augment(batch, torch.arange(ROWS))["x"]
    moved = set()
    for x, y, long in zip(batch["x"], result, LENGTHS.tolist(), strict=True):
        assert (y[long:] == 0).all()
        reach = round(long * 0.1) + 1
        fits = [
            by
            for by in range(-reach, reach + 1)
            if torch.equal(x[(torch.arange(long) - by).clamp(0, long - 1)], y[:long])
        ]
        assert len(fits) == 1
        moved.add(fits[0])
    assert min(moved) < 0 < max(moved)


def test_standard_covers_one_stretch_and_one_band_with_the_mean() -> None:
    for case, along in (("spectrum", lambda x: x), ("spectrogram", lambda x: x[:, 0].transpose(1, 2))):
        augment, batch = made(case, "standard")
        covered = along(augment(batch, torch.arange(ROWS))["x"]) == 0.5
        for row, long in zip(covered, LENGTHS.tolist() if case == "spectrum" else [50] * ROWS, strict=True):
            stretch, band = row.all(1), row[:long].all(0)
            assert int(stretch.sum()) <= 0.2 * long
            assert int(band.sum()) <= 4
            assert torch.equal(row[:long], (stretch[:long, None] | band))
            for line in (stretch, band):  # in one piece
                assert int(line.int().diff().abs().sum()) <= 2
        assert 0.1 < covered.float().mean() < 0.35


def test_strong_adds_noise_to_true_frames_alone() -> None:
    augment, batch = made("spectrum", "strong")
    quiet = {"x": torch.zeros_like(batch["x"]), "n": LENGTHS}
    result = augment(quiet, torch.arange(ROWS))["x"]
    heard = result[(result != 0) & (result != 0.5)]
    assert heard.std() == pytest.approx(0.2, rel=0.1)  # a tenth of 2
    for row, long in zip(result, LENGTHS.tolist(), strict=True):
        assert set(row[long:].unique().tolist()) <= {0.0, 0.5}


def test_a_waveform_has_no_bands_to_cover() -> None:
    augment, batch = made("waveform", "standard")
    covered = augment(batch, torch.arange(ROWS))["x"] == 0
    assert 0 < covered.float().mean() < 0.2


@pytest.mark.parametrize(("case", "spread"), [("series", 0.1), ("points", 0.05)])
def test_jitter_is_a_twentieth_of_the_standard_deviation(case: str, spread: float) -> None:
    augment, batch = made(case, "strong")
    change = augment(batch, torch.arange(ROWS))["x"] - batch["x"]
    assert change.std() == pytest.approx(spread, rel=0.15)
    assert abs(float(change.mean())) < spread / 3


def test_a_series_of_varying_length_is_not_jittered_where_it_is_padded() -> None:
    item = spec("series", kind="sequence", shape=(None, 2), lengths="n")
    augment = make_augment(item, "strong", 0, 3, CPU)
    assert augment is not None
    augment.begin_epoch(0)
    result = augment({"x": torch.zeros(3, 5, 2), "n": torch.tensor([5, 1, 3])}, torch.arange(3))["x"]
    assert [(row != 0).any(1).sum().item() for row in result] == [5, 1, 3]


def test_padding_cut_from_a_batch_changes_no_row() -> None:
    text, _ = made("text", "strong")
    index = torch.arange(ROWS)
    tokens = torch.ones(ROWS, 30, dtype=torch.int64)
    assert torch.equal(text({"x": tokens[:, :12]}, index)["x"], text({"x": tokens}, index)["x"][:, :12])


def test_strong_leaves_out_one_token_in_twenty() -> None:
    augment, batch = made("text", "strong")
    left_out = augment(batch, torch.arange(ROWS))["x"] == 0
    assert 0.02 < left_out.float().mean() < 0.1


def test_rows_longer_than_the_strip_of_noise_are_still_noisy() -> None:
    item = spec("series", kind="sequence", shape=(70_000, 2))
    augment = make_augment(item, "strong", 0, 2, CPU)
    assert augment is not None
    augment.begin_epoch(0)
    result = augment({"x": torch.zeros(2, 70_000, 2)}, torch.arange(2))["x"]
    assert result.std() == pytest.approx(0.05, rel=0.1)


def test_mixup_mixes_each_row_with_the_one_before_it() -> None:
    mixup = make_mixup(0.4, seed=1)
    assert mixup is not None
    x, target, lengths = noise(5, 3), torch.arange(5), torch.tensor([4, 2, 9, 1, 5])
    result = mixup({"x": x, "n": lengths, "target": target}, 0, 7)
    share = result["mix"]
    assert 0 <= float(share) <= 1
    assert torch.allclose(result["x"], share * x + (1 - share) * x.roll(1, 0))
    assert torch.equal(result["target"], target)
    assert torch.equal(result["target_mixed"], target.roll(1))
    assert result["n"].tolist() == [5, 4, 9, 9, 5]


def test_mixup_is_a_pure_function_of_seed_epoch_and_batch() -> None:
    batch = {"x": torch.ones(2, 2), "target": torch.zeros(2)}
    shares = {}
    for seed in (0, 1):
        mixup = make_mixup(1.0, seed)
        assert mixup is not None
        for epoch in (0, 1):
            for number in (0, 1):
                share = float(mixup(batch, epoch, number)["mix"])
                assert share == float(mixup(batch, epoch, number)["mix"])
                shares[seed, epoch, number] = share
    assert len(set(shares.values())) == 8
    assert make_mixup(0.0, 0) is None
