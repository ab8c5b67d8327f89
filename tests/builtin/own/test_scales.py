"""How one number becomes features."""

import numpy as np

from nntui.builtin.datasets.own.scales import fit_scale

BINS = 16


def test_every_hour_of_a_day_has_a_piece_of_its_own() -> None:
    scale = fit_scale("hour", np.repeat(np.arange(24.0), 10), BINS)
    assert scale is not None
    assert scale.edges == tuple(range(24))
    features = np.zeros((24, scale.width), np.float32)
    scale.fill(features, np.arange(24.0))
    assert (features[:, 1:].sum(axis=1) == np.arange(24)).all()


def test_many_values_share_so_many_pieces_with_as_many_rows_each() -> None:
    scale = fit_scale("income", np.arange(1000.0) ** 2, BINS)
    assert scale is not None
    assert len(scale.edges) == BINS + 1
    rows, _ = np.histogram(np.arange(1000.0) ** 2, scale.edges)
    assert rows.max() - rows.min() <= 1


def test_edges_as_near_as_numbers_can_be_are_no_overflow() -> None:
    scale = fit_scale("x", np.array([0.0, 5e-324, 1.0, 2.0]), 16)
    assert scale is not None and scale.edges[:2] == (0.0, 5e-324)
    out = np.empty((3, scale.width), np.float32)
    with np.errstate(all="raise", under="ignore"):
        scale.fill(out, np.array([0.0, 5e-324, 2.0]))
    assert out[:, 1].tolist() == [0.0, 1.0, 1.0]
