"""A person's arrays: which files and names are taken, what a row is taken for, and that nothing is unpickled."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image
from safetensors.numpy import save_file

import nntui
from nntui.builtin.datasets.own import array_files, array_survey, mapped
from nntui.builtin.datasets.own.array_files import stored
from nntui.builtin.datasets.own.array_kinds import form_of
from nntui.builtin.datasets.own.array_layout import role_of
from nntui.builtin.datasets.own.array_params import ArrayParams
from nntui.builtin.datasets.own.array_preprocessor import ArrayPreprocessor
from nntui.builtin.datasets.own.arrays import ArrayRows, build, sniff
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((30, 5))
Y = np.arange(30) % 3


def opened(path: Path, *, test: Path | None = None, **params: Any) -> ArrayRows:
    said = {name: params.pop(name) for name in ("group", "time") if name in params}
    context = DataContext(path=str(path), test=None if test is None else str(test), **said)
    return build(ArrayParams(**params), context)


def made(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def everything(source: ArrayRows) -> np.ndarray:
    return np.asarray(source.rows(np.arange(len(source)))["x"])


def fitted(source: ArrayRows, rows: int | None = None) -> ArrayPreprocessor:
    return ArrayPreprocessor.fit(source, np.arange(rows or len(source)), ArrayParams())


# --- files ------------------------------------------------------------------------------------------------------------


def write_npz(path: Path, x: np.ndarray) -> Path:
    np.savez(path / "a.npz", x=x)
    return path / "a.npz"


def write_packed(path: Path, x: np.ndarray) -> Path:
    np.savez_compressed(path / "p.npz", x=x)
    return path / "p.npz"


def write_npy(path: Path, x: np.ndarray) -> Path:
    np.save(path / "x.npy", x)
    return path / "x.npy"


def write_tensors(path: Path, x: np.ndarray) -> Path:
    save_file({"x": np.ascontiguousarray(x)}, path / "x.safetensors")
    return path / "x.safetensors"


WRITERS = (write_npz, write_packed, write_npy, write_tensors)
ARRAYS = npst.arrays(
    st.sampled_from([np.uint8, np.int64, np.float32, np.float64, np.bool_, np.float16]),
    npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
)


@pytest.mark.parametrize("writer", WRITERS)
@given(x=ARRAYS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(tmp_path: Path, writer: Any, x: np.ndarray) -> None:
    (one,) = stored(writer(tmp_path, x)).values()
    read = one.load()
    assert (one.shape, one.dtype) == (x.shape, x.dtype)
    assert read.dtype == x.dtype
    assert np.array_equal(read, x, equal_nan=x.dtype.kind == "f")


@pytest.mark.parametrize("writer", WRITERS)
@given(cut=st.integers(0, 400), noise=st.binary(max_size=40))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, writer: Any, cut: int, noise: bytes) -> None:
    path = writer(tmp_path, X)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + noise + whole[cut + len(noise) + 1 :])
    try:
        for one in stored(path).values():
            one.load()
    except ValueError as error:
        assert path.name in str(error)


def test_arrays_of_a_plain_npz_are_mapped_and_large_packed_ones_unpacked_onto_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_files, "LARGE", 100)
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    for writer in WRITERS:
        (one,) = stored(writer(tmp_path, X)).values()
        assert isinstance(one.load(), np.memmap)
    monkeypatch.setenv("NNTUI_CACHE", "/dev/full/cache")
    packed = stored(tmp_path / "p.npz")["x"].load()
    assert not isinstance(packed, np.memmap)
    assert np.array_equal(packed, X)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("it was unpickled",))


@pytest.mark.parametrize("name", ["x.npy", "data.npz"])
def test_python_objects_are_refused_and_never_unpickled(tmp_path: Path, name: str) -> None:
    objects = np.array([Trap(), Trap()], dtype=object)
    if name.endswith("npy"):
        np.save(tmp_path / name, objects, allow_pickle=True)
    else:
        np.savez(tmp_path / name, x=objects, y=Y[:2])
    with pytest.raises(UserError, match="never unpickles"):
        opened(tmp_path / name, target=0) if name.endswith("npy") else opened(tmp_path / name)
    seen = sniff(tmp_path / name)
    assert seen is not None
    assert "never unpickles" in seen.reason


def test_bfloat16_is_read_as_float32(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file as save_tensors

    x = torch.randn(20, 3).to(torch.bfloat16)
    save_tensors({"x": x, "y": torch.arange(20) % 2}, tmp_path / "d.safetensors")
    assert np.array_equal(everything(opened(tmp_path / "d.safetensors")), x.float().numpy())


# --- which is which ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("X", ("x", None)), ("images", ("x", None)), ("x_train", ("x", "train")), ("test-labels", ("y", "test")),
        ("Xtest", ("x", "test")), ("trainY", ("y", "train")), ("x_val", ("x", "validation")),
        ("target_names", ("classes", None)), ("latest", (None, None)), ("y_scale", (None, None)),
    ],
)  # fmt: skip
def test_names_say_what_an_array_is(name: str, role: tuple[str | None, str | None]) -> None:
    assert role_of(name) == role


def test_splits_are_taken_from_the_names(tmp_path: Path) -> None:
    path = made(tmp_path, x_train=X[:20], y_train=Y[:20], x_test=X[20:], y_test=Y[20:])
    source = opened(path)
    assert {split: rows.tolist() for split, rows in source.given.items()} == {
        "train": list(range(20)),
        "test": list(range(20, 30)),
    }
    assert np.array_equal(everything(source), X)
    assert source.places(np.array([0, 25])) == ["data.npz, x_train, row 0", "data.npz, x_test, row 5"]


def test_a_folder_of_npy_files_and_positional_npz_are_taken(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "labels.npy", Y)
    for path in (tmp_path, tmp_path / "X.npy"):
        assert np.array_equal(opened(path).targets, Y)
        assert sniff(path) is not None
    np.savez(tmp_path / "p.npz", X, Y)
    assert np.array_equal(everything(opened(tmp_path / "p.npz")), X)
    other = tmp_path / "other"
    other.mkdir()
    np.save(other / "measured.npy", X)
    np.save(other / "y.npy", Y)
    assert np.array_equal(opened(other / "measured.npy").targets, Y)


def test_a_single_array_has_its_answers_in_a_column(tmp_path: Path) -> None:
    np.save(tmp_path / "all.npy", np.column_stack([X[:, :2], Y, X[:, 2:]]))
    source = opened(tmp_path / "all.npy", target=2)
    assert np.array_equal(source.targets, Y)
    assert np.array_equal(everything(source), X)
    with pytest.raises(UserError, match="no answers") as raised:
        opened(tmp_path / "all.npy")
    assert "--data.target" in raised.value.advice
    with pytest.raises(UserError, match="columns 0 to 5"):
        opened(tmp_path / "all.npy", target=6)


def test_arrays_can_be_named(tmp_path: Path) -> None:
    path = made(tmp_path, a=X, b=Y, c=X * 2, who=np.arange(30) // 10, when=np.arange(30)[::-1])
    with pytest.raises(UserError, match="no array of"):
        opened(path)
    source = opened(path, x="c", y="b", group="who", time="when")
    assert np.array_equal(everything(source), X * 2)
    assert source.groups is not None
    assert source.groups.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert source.time is not None
    assert source.time[0] == 29
    with pytest.raises(UserError, match="no array 'd'"):
        opened(path, x="d", y="b")


def test_test_rows_come_from_another_file(tmp_path: Path) -> None:
    made(tmp_path, x=X, y=Y)
    np.savez(tmp_path / "new.npz", x=X[:4] + 1, y=Y[:4])
    source = opened(tmp_path / "data.npz", test=tmp_path / "new.npz")
    assert source.given["test"].tolist() == [30, 31, 32, 33]
    assert np.array_equal(everything(source)[30:], X[:4] + 1)


# --- what a row and an answer are -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "dtype", "form"),
    [
        ((9, 5), float, "features"), ((9,), float, "features"), ((9, 28, 28), "u1", "HW"), ((9, 28, 20), "u1", "HW"),
        ((9, 28, 28), float, "HW"), ((9, 50, 3), float, "steps"), ((9, 32, 32, 3), "u1", "HWC"),
        ((9, 3, 32, 32), float, "CHW"), ((9, 1, 8, 8), float, "CHW"), ((9, 16, 32, 32), float, "CHW"),
    ],
)  # fmt: skip
def test_shapes_say_what_a_row_is(shape: tuple[int, ...], dtype: str, form: str) -> None:
    assert form_of(shape, np.dtype(dtype), "auto", "x") == form


@pytest.mark.parametrize("shape", [(9, 2, 2, 2, 2), (0, 3), (9, 0), ()])
def test_shapes_that_no_network_takes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="shape"):
        form_of(shape, np.dtype(float), "auto", "x")


@pytest.mark.parametrize(
    ("y", "kind", "names"),
    [
        (Y, "classes", ("0", "1", "2")),
        (Y[:, None], "classes", ("0", "1", "2")),
        (np.array(["cat", "dog", "owl"])[Y], "classes", ("cat", "dog", "owl")),
        (Y > 1, "classes", ("0", "1")),
        (Y * 1.5, "values", ("value",)),
        (X[:, :2], "values", ("value 0", "value 1")),
        (np.eye(3)[Y], "classes", ("0", "1", "2")),
        (np.stack([Y > 0, Y > 1], axis=1), "multilabel", ("label 0", "label 1")),
        (np.arange(30) * 7, "classes", tuple(str(7 * n) for n in range(30))),
    ],
)
def test_answers_say_what_is_told(tmp_path: Path, y: np.ndarray, kind: str, names: tuple[str, ...]) -> None:
    source = opened(made(tmp_path, x=X, y=y))
    assert source.facts.target == kind
    assert set(source.facts.names) == set(names)


def test_classes_can_have_names_and_whole_numbers_be_values(tmp_path: Path) -> None:
    path = made(tmp_path, x=X, y=Y, classes=np.array(["a", "b", "c"]))
    assert opened(path).facts.names == ("a", "b", "c")
    assert opened(path, task="values").facts.target == "values"
    many = made(tmp_path, x=np.zeros((300, 2)), y=np.arange(300))
    assert opened(many).facts.target == "values"


def test_pictures_of_every_layout_are_laid_alike(tmp_path: Path) -> None:
    pictures = RANDOM.integers(0, 256, (12, 8, 10, 3), dtype=np.uint8)
    last = fitted(opened(made(tmp_path, images=pictures, labels=Y[:12])))
    first = fitted(opened(made(tmp_path, images=pictures.transpose(0, 3, 1, 2), labels=Y[:12])))
    assert last.spec.inputs[0].shape == first.spec.inputs[0].shape == (3, 8, 10)
    assert last.mean == first.mean
    one, other = last.encode({"x": pictures}), first.encode({"x": pictures.transpose(0, 3, 1, 2)})
    assert np.array_equal(one["image"].numpy(), other["image"].numpy())
    assert one["image"].numpy().dtype == np.uint8
    assert np.array_equal(last.example({"x": pictures}, 3).content, pictures[3])
    Image.fromarray(pictures[5]).save(tmp_path / "p.png")
    assert np.array_equal(last.read([str(tmp_path / "p.png")])["x"][0], pictures[5])


def test_what_is_missing_is_told_and_filled_from_training_rows(tmp_path: Path) -> None:
    x, y = X.copy(), Y * 1.5
    x[3, 1], x[4, 1], x[29, 2] = np.nan, np.inf, -np.inf
    y[7] = np.nan
    source = opened(made(tmp_path, x=x, y=y))
    assert len(source) == 29
    told = {f.kind: f for f in source.report.findings}
    assert told["skipped"].places == ("data.npz, y, row 7",)
    assert told["warning"].count == 3
    preprocessor = fitted(source, 20)
    assert preprocessor.flagged == (1,)
    encoded = preprocessor.encode(source.rows(np.arange(29)))["features"].numpy()
    assert np.isfinite(encoded).all()
    assert encoded.shape == (29, 6)
    others = [row for row in range(21) if row not in (3, 4, 7)]
    assert encoded[3, 1] == pytest.approx(np.median(x[others, 1]), rel=1e-6)
    sequences = RANDOM.standard_normal((30, 6, 2))
    sequences[2, 3, 1] = np.nan
    filled = fitted(opened(made(tmp_path, x=sequences, y=Y)))
    assert filled.encode({"x": sequences})["sequence"][2, 3, 1].item() == pytest.approx(filled.mean[1], rel=1e-5)


def test_what_is_fitted_knows_the_training_rows_alone(tmp_path: Path) -> None:
    before = fitted(opened(made(tmp_path, x=X, y=Y * 1.5)), 20)
    changed = X.copy()
    changed[20:] *= 1e6
    after = fitted(opened(made(tmp_path, x=changed, y=np.where(np.arange(30) < 20, Y * 1.5, 9.0))), 20)
    assert after == before
    assert before.mean == pytest.approx(X[:20].mean(axis=0))
    assert before.std == pytest.approx(X[:20].std(axis=0))
    assert ArrayPreprocessor.from_json(json.loads(json.dumps(before.to_json()))) == before


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"x": X, "y": Y[:20]}, "30 rows"),
        ({"x": X, "y": np.zeros(30, int)}, "one class"),
        ({"x": X, "y": np.full(30, np.nan)}, "no answer"),
        ({"x": np.full_like(X, np.nan), "y": Y}, "every number in it is NaN or infinite"),
        ({"x": np.array(["a"] * 30), "y": Y}, "not numbers"),
        ({"x": X.astype(complex), "y": Y}, "no network takes"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :3], "y_test": Y}, "rows of shape"),
        ({"x": X, "y": X.reshape(30, 5, 1)}, "shape"),
        ({"data": X, "images": X, "y": Y}, "both data and images"),
    ],
)
def test_what_cannot_be_learnt_from_is_a_clear_error(tmp_path: Path, arrays: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        opened(made(tmp_path, **arrays))


def test_other_files_are_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert sniff(tmp_path) is None
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    with pytest.raises(UserError, match="no arrays"):
        opened(tmp_path / "empty.npz")


def test_a_large_array_is_surveyed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_survey, "REMEMBERED", 100)
    path = made(tmp_path, x=X, y=Y)
    first = opened(path).fingerprint

    def refused(*_: object) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr(array_survey, "_survey", refused)
    assert opened(path).fingerprint == first


def test_rows_of_large_files_are_read_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "HELD", 100)
    path = made(tmp_path, x=X, y=Y)
    source = opened(path)
    order = RANDOM.permutation(30)
    assert np.array_equal(source.rows(order)["x"], X[order])
    assert np.array_equal(mapped.stretch(source.parts[0], 7, 11), X[7:11])
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(OSError, match="shorter"):
        source.rows(order)


# --- to an answer -----------------------------------------------------------------------------------------------------


def test_asking_takes_files_folders_single_rows_and_typed_numbers(tmp_path: Path) -> None:
    preprocessor = fitted(opened(made(tmp_path, x=X, y=Y)))
    new = tmp_path / "new"
    new.mkdir()
    np.save(new / "a.npy", X[:7])
    np.save(new / "one.npy", X[9])
    pieces = list(preprocessor.ask([str(new), ",".join(map(str, X[3]))], 4))
    assert [len(piece.names) for piece in pieces] == [4, 3, 1, 1]
    assert pieces[1].names[0] == "a.npy, row 4"
    rows = np.concatenate([piece.raw["x"] for piece in pieces])
    assert np.array_equal(rows, np.concatenate([X[:7], X[9:10], X[3:4]]))
    np.save(new / "wrong.npy", X[:, :2])
    with pytest.raises(ValueError, match=r"wrong\.npy has shape \(30, 2\); \(N, 5\) was expected"):
        preprocessor.read([str(new / "wrong.npy")])


def test_from_a_file_to_answers_about_new_rows(tmp_path: Path) -> None:
    x = np.concatenate([RANDOM.normal(at, 0.3, (40, 4)) for at in (0, 3)])
    path = made(tmp_path, x=x, y=np.repeat([0, 1], 40), classes=np.array(["near", "far"]))
    run = nntui.train(data=path, epochs=5, runs=tmp_path / "runs")
    np.save(tmp_path / "new.npy", np.array([[0.0] * 4, [3.0] * 4]))
    assert [answer.label for answer in run.predict(tmp_path / "new.npy")] == ["near", "far"]
    assert run.predict("3,3,3,3")[0].label == "far"
    assert run.evaluate(data=path)["accuracy"] > 0.9


def test_answers_that_are_not_known_cost_their_rows_also_of_classes(tmp_path: Path) -> None:
    answers = Y.astype(np.float64)
    answers[[3, 8]] = np.nan
    source = opened(made(tmp_path, x=X, y=answers), task="classes")
    assert source.facts.names == ("0", "1", "2")
    assert np.array_equal(everything(source), np.delete(X, [3, 8], axis=0))
    (finding,) = [finding for finding in source.report.findings if finding.kind == "skipped"]
    assert finding.count == 2


def test_a_test_of_its_own_is_left_out_for_another(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    path = made(tmp_path, x_train=X[:20], y_train=Y[:20], x_test=X[20:], y_test=Y[20:])
    source = opened(path, test=made(tmp_path / "other", x=X[:5] + 1, y=Y[:5]))
    assert len(source) == 25
    assert np.array_equal(everything(source)[source.given["test"]], X[:5] + 1)
    assert not (everything(source)[:, None] == X[20:]).all(axis=2).any()
    assert "10 rows of its own test are left out" in " ".join(f.message for f in source.report.findings)
