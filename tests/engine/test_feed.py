"""One order, one augmentation, whatever the chunk, the store or the place to go on from."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.engine import feed as feed_module
from nntui.engine.feed import Feed, ResidentStore
from nntui.hooks.data import DataSpec, InputSpec, TargetSpec

CPU = torch.device("cpu")
SPEC = DataSpec(
    modality="image",
    inputs=(InputSpec(name="image", kind="image", shape=(1, 4, 4), dtype="uint8", mean=(20.0,), std=(10.0,)),),
    target=TargetSpec(kind="classes", size=3, names=("a", "b", "c")),
)
TOKENS = DataSpec(
    modality="text",
    inputs=(InputSpec(name="tokens", kind="tokens", shape=(None,), dtype="int64", vocabulary=9, lengths="lengths"),),
    target=TargetSpec(kind="classes", size=2, names=("a", "b")),
)


def images(rows: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "image": torch.randint(0, 255, (rows, 1, 4, 4), dtype=torch.uint8, generator=generator),
        "target": torch.arange(rows),
    }


def image_feed(rows: int, batch: int, seed: int = 0) -> Feed:
    return Feed(ResidentStore(images(rows), frozenset(), CPU), SPEC, batch_size=batch, seed=seed, device=CPU)


def order(feed: Feed, epoch: int, start: int = 0) -> list[int]:
    return [int(row) for batch in feed.epoch(epoch, start) for row in batch["target"]]


@given(st.integers(1, 60), st.integers(1, 16), st.integers(0, 3))
def test_an_epoch_visits_rows_once_and_drops_only_the_last_short_batch(rows, batch, epoch):
    feed = image_feed(rows, batch)
    visited = order(feed, epoch)
    assert len(visited) == len(set(visited)) == (rows // batch * batch or rows)


def test_epochs_and_seeds_have_orders_of_their_own_and_the_same_again():
    feed = image_feed(50, 5)
    assert order(feed, 0) == order(image_feed(50, 5), 0)
    assert order(feed, 0) != order(feed, 1)
    assert order(feed, 0) != order(image_feed(50, 5, seed=1), 0)


@settings(max_examples=25)
@given(st.integers(1, 9))
def test_going_on_within_an_epoch_gives_the_batches_that_were_left_to_the_bit(start):
    feed = image_feed(50, 5)
    whole = list(feed.epoch(2))[start:]
    rest = list(image_feed(50, 5).epoch(2, start))
    assert len(whole) == len(rest)
    for a, b in zip(whole, rest, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_size_of_chunks_changes_nothing(monkeypatch):
    whole = list(image_feed(50, 5).epoch(0))
    monkeypatch.setattr(feed_module, "CHUNK_BYTES", 1)
    single = list(image_feed(50, 5).epoch(0))
    for a, b in zip(whole, single, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_images_are_normalised_on_the_batch_and_stay_bytes_in_the_store():
    tensors = images(10)
    store = ResidentStore(tensors, frozenset(), CPU)
    feed = Feed(store, SPEC, batch_size=10, seed=0, device=CPU)
    batch = next(feed.ordered(10))
    torch.testing.assert_close(batch["image"], (tensors["image"].float() - 20) / 10)
    assert next(store.take(torch.arange(10), 10))[0]["image"].dtype == torch.uint8


def test_evaluation_sees_every_row_once_and_in_order():
    feed = image_feed(53, 5)
    seen = [int(row) for batch in feed.ordered(8) for row in batch["target"]]
    assert seen == list(range(53))


def test_padding_is_cut_to_the_longest_row_of_each_batch():
    lengths = torch.tensor([1, 2, 3, 6, 1, 1])
    tokens = (torch.arange(6) < lengths[:, None]).long()
    store = ResidentStore({"tokens": tokens, "lengths": lengths}, frozenset({"lengths"}), CPU)
    feed = Feed(store, TOKENS, batch_size=2, seed=0, device=CPU)
    assert [batch["tokens"].shape[1] for batch in feed.ordered(2)] == [2, 6, 1]


def test_a_float_store_is_not_altered_by_normalising():
    spec = DataSpec(
        modality="table",
        inputs=(InputSpec(name="x", kind="features", shape=(2,), dtype="float32", mean=(1.0, 2.0), std=(2.0, 4.0)),),
        target=TargetSpec(kind="classes", size=2),
    )
    tensors = {"x": torch.tensor([[1.0, 2.0], [3.0, 6.0]]), "target": torch.tensor([0, 1])}
    feed = Feed(ResidentStore(tensors, frozenset(), CPU), spec, batch_size=2, seed=0, device=CPU)
    for _ in range(2):
        assert next(feed.ordered(2))["x"].tolist() == [[0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("rows", [1, 3])
def test_fewer_rows_than_a_batch_are_one_batch(rows):
    feed = image_feed(rows, 8)
    assert feed.batches == 1
    assert sorted(order(feed, 0)) == list(range(rows))
