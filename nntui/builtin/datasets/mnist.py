"""MNIST and the sets in its format: found on disk, or fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.fetch import Remote, fetch
from nntui.builtin.datasets.idx import read_idx
from nntui.builtin.datasets.images import ImageFacts
from nntui.builtin.datasets.labels import DIGITS, FASHION, KUZUSHIJI
from nntui.builtin.datasets.places import advice, roots
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import DataContext
    from nntui.hooks.params import Params

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True, kw_only=True)
class Relative:
    """One of the sets in MNIST's format: they share their files' names, so only the content tells them apart."""

    name: str
    folder: str
    """As torchvision names it."""
    facts: ImageFacts
    mirrors: tuple[str, ...]
    md5: tuple[str, str, str, str]
    """Of the gzipped files, in the order of FILES (as torchvision has them)."""
    first_labels: tuple[int, ...] = ()
    """Of the training set, where known."""
    system: tuple[Path, ...] = ()
    """Where an operating system's package puts it."""


MNIST = Relative(
    name="mnist",
    folder="MNIST",
    facts=ImageFacts(classes=DIGITS),
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    md5=(
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    first_labels=(5, 0, 4, 1, 9, 2, 1, 3, 1, 4),
)
FASHION_MNIST = Relative(
    name="fashion-mnist",
    folder="FashionMNIST",
    facts=ImageFacts(classes=FASHION, mirror=True),
    mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    md5=(
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    first_labels=(9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
    system=(Path("/usr/share/datasets/fashion-mnist"),),  # Debian's dataset-fashion-mnist
)
KMNIST = Relative(
    name="kmnist",
    folder="KMNIST",
    facts=ImageFacts(classes=KUZUSHIJI),
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    md5=(
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
)
RELATIVES = (MNIST, FASHION_MNIST, KMNIST)


def mnist(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """60,000 + 10,000 hand-written digits, `image` (70000, 1, 28, 28)."""
    return _build(MNIST, context)


def fashion_mnist(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """60,000 + 10,000 pictures of clothes, `image` (70000, 1, 28, 28)."""
    return _build(FASHION_MNIST, context)


def kmnist(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """60,000 + 10,000 hand-written hiragana, `image` (70000, 1, 28, 28)."""
    return _build(KMNIST, context)


def _build(wanted: Relative, context: DataContext) -> Rows[ImageFacts]:
    looked = roots(context)
    folder = _find(wanted, looked)
    if folder is None:
        folder = looked[0] / wanted.name
        remotes = [
            Remote(f"{file}.gz", md5, tuple(f"{mirror}{file}.gz" for mirror in wanted.mirrors))
            for file, md5 in zip(FILES, wanted.md5, strict=True)
        ]
        files = ", ".join(remote.name for remote in remotes)
        told = advice(wanted.name, files, wanted.mirrors[0], (*looked, *wanted.system))
        fetch(wanted.name, remotes, folder, progress=context.progress, advice=told, allowed=context.fetch)
    source = from_idx(folder, wanted.facts)
    _check_identity(wanted, folder, source)
    return source


def _find(wanted: Relative, looked: tuple[Path, ...]) -> Path | None:
    """The first folder that holds all four files. A root itself comes last: its name does not say what it holds."""
    names = (wanted.name, f"{wanted.name}/raw", f"{wanted.folder}/raw", wanted.folder, "raw", ".")
    places = [root / name for root in looked for name in names] + list(wanted.system)
    return next((place for place in places if all(_file(place, name) for name in FILES)), None)


def _file(folder: Path, name: str) -> Path | None:
    """`name` in `folder`, plain or gzipped, also spelt with a dot (train-images.idx3-ubyte)."""
    dotted = name.replace("-idx", ".idx")
    for spelt in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        if (folder / spelt).is_file():
            return folder / spelt
    return None


def _check_identity(wanted: Relative, folder: Path, source: Rows[ImageFacts]) -> None:
    """Raises UserError where `folder` holds another set of the family. A subset or a set of one's own passes."""
    labels = source.columns["target"][: len(MNIST.first_labels)]
    first = tuple(int(label) for label in labels)
    known = next((relative for relative in RELATIVES if relative.first_labels == first), None)
    whole = len(source.given["train"]) == 60_000
    if known is wanted or (known is None and not (whole and wanted.first_labels)):
        return
    raise UserError(
        f"{folder} holds {known.name if known else 'another data set'}, not {wanted.name}",
        advice=f"keep each set in a folder of its own below the root: {wanted.name}/, "
        + (f"or train on it by its name: --data {known.name}" if known else "or name another root: --data.root DIR"),
    )


def from_idx(folder: Path, facts: ImageFacts) -> Rows[ImageFacts]:
    """The four files of MNIST and its relatives in `folder`; the test set is given. Raises UserError."""
    pictures, codes, contents = [], [], []
    for part in range(2):
        images, labels = _pair(folder, FILES[2 * part], FILES[2 * part + 1], len(facts.classes))
        pictures.append(images)
        codes.append(labels)
        contents += [images.data, labels.data]
    shapes = sorted({images.shape[1:] for images in pictures})
    if len(shapes) > 1 or 0 in shapes[0] or not all(map(len, codes)):
        raise UserError(
            f"{folder}: training and test pictures of one size were expected, got {len(codes[0]):,} and "
            f"{len(codes[1]):,} of {' and '.join(map(str, shapes))}",
            advice="put the four files of one data set there",
        )
    targets = np.concatenate(codes).astype(np.int64)
    train = len(codes[0])
    return Rows(
        columns={"image": np.concatenate(pictures)[:, None], "target": targets},
        facts=facts,
        fingerprint=fingerprint(contents),
        given={"train": np.arange(train), "test": np.arange(train, len(targets))},
        targets=targets,
    )


def _pair(
    folder: Path, images_name: str, labels_name: str, classes: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    images_at, labels_at = _file(folder, images_name), _file(folder, labels_name)
    if images_at is None or labels_at is None:
        raise UserError(
            f"{folder} lacks {images_name if images_at is None else labels_name}",
            advice=f"it needs {', '.join(FILES)}, plain or gzipped",
        )
    images, labels = read_idx(images_at, axes=3), read_idx(labels_at, axes=1)
    if len(images) != len(labels):
        raise UserError(
            f"{images_at} holds {len(images):,} pictures, {labels_at.name} {len(labels):,} labels",
            advice="the two are of different data sets, or one is damaged: put the matching pair there",
        )
    if labels.max(initial=0) >= classes:
        raise UserError(
            f"{labels_at}: label {labels.max()}; labels 0 to {classes - 1} were expected",
            advice="the file is damaged or of another data set: remove it to have it fetched again",
        )
    return images, labels
