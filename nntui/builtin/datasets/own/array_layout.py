"""Which arrays are inputs and which are answers: by their names, in one file or in a folder of .npy files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nntui import UserError
from nntui.builtin.datasets.own.array_files import Stored, stored
from nntui.builtin.datasets.own.look import SPLITS

if TYPE_CHECKING:
    from nntui.builtin.datasets.own.array_params import ArrayParams
    from nntui.hooks.data import Split

Role = Literal["x", "y", "classes"]

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("x", "data", "images", "image", "imgs", "features", "inputs", "input", "samples"), "x"),
    **dict.fromkeys(("sequences", "signals", "series", "pixels", "embeddings"), "x"),
    **dict.fromkeys(("y", "labels", "label", "targets", "target", "answers", "outputs"), "y"),
    **dict.fromkeys(("classes", "class_names", "label_names", "target_names", "classnames", "names"), "classes"),
}  # fmt: skip
"""What an array's name says of it."""
SUFFIXES = (".npz", ".safetensors", ".npy")
EXPECTED = "x and y; x_train, y_train, x_test and y_test; images and labels; or say --data.x NAME --data.y NAME"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Inputs, and their answers; None where these are a column of the inputs."""

    x: Stored
    y: Stored | None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What was found at a path."""

    pairs: Mapping[Split | None, Pair]
    """By the split that the names say; None for rows that no split is said of."""
    classes: Stored | None = None
    """Names of the classes."""
    arrays: Mapping[str, Stored] = field(default_factory=dict)
    """All arrays by name: groups and times may be among them."""


def role_of(name: str) -> tuple[Role | None, Split | None]:
    """What a name promises: "x_train" is ("x", "train"), "test-labels" ("y", "test"), "embedding_net" nothing."""
    plain = name.lower().replace("-", "_").replace(" ", "_").replace(".", "_")
    if plain in ROLES:
        return ROLES[plain], None
    for word in sorted(SPLITS, key=len, reverse=True):
        for rest in (plain.removeprefix(word), plain.removesuffix(word)):
            if rest != plain and rest.strip("_") in ROLES:
                return ROLES[rest.strip("_")], SPLITS[word]
    return None, None


def arrays_at(path: Path) -> dict[str, Stored]:
    """The arrays in a file, or in the .npy files (or the only other file) of a folder. Raises ValueError or OSError."""
    if not path.is_dir():
        return stored(path)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    bundles = [file for file in files if file.suffix.lower() != ".npy"]
    if len(bundles) == 1 and len(files) == 1:
        return stored(bundles[0])
    found: dict[str, Stored] = {}
    for file in files:
        if file.suffix.lower() == ".npy":
            found |= stored(file)
    return found


def layout_of(path: Path, params: ArrayParams) -> Layout:
    """Raises UserError where it cannot be known what is what."""
    try:
        arrays = arrays_at(path)
        single = path.suffix.lower() == ".npy" and path.is_file()
        if single and params.target is None:
            arrays = _beside(path, arrays)
    except (ValueError, OSError) as error:
        raise UserError(str(error), advice="NumPy's .npy and .npz, and .safetensors, are read") from None
    if not arrays:
        raise UserError(f"{path} holds no arrays", advice=f"expected were {EXPECTED}")
    if params.x or params.y:
        return _as_said(path, arrays, params)
    if params.target is not None and len(arrays) == 1:
        only = next(iter(arrays.values()))
        return Layout(pairs={None: Pair(x=only, y=None)}, arrays=arrays)
    found = _by_name(path, arrays)
    pairs: dict[Split | None, Pair] = {}
    for split in (None, "train", "validation", "test"):
        x, y = found.get(("x", split)), found.get(("y", split))
        if x is not None and (y is not None or params.target is not None):
            pairs[split] = Pair(x=x, y=None if params.target is not None else y)
    if not pairs:
        raise _not_known(path, arrays, found)
    return Layout(pairs=pairs, classes=found.get(("classes", None)), arrays=arrays)


def _by_name(path: Path, arrays: Mapping[str, Stored]) -> dict[tuple[Role, Split | None], Stored]:
    """What the arrays are, where their names say it."""
    found: dict[tuple[Role, Split | None], Stored] = {}
    for name, one in arrays.items():
        role, split = role_of(name)
        if role is not None and (role, split) in found:
            other = found[role, split].name
            raise UserError(
                f"both {other} and {name} of {path} may be the {'inputs' if role == 'x' else 'answers'}",
                advice="say which: --data.x NAME --data.y NAME",
            )
        if role is not None:
            found[role, split] = one
    if not found and set(arrays) == {"arr_0", "arr_1"}:  # np.savez(file, x, y)
        found = {("x", None): arrays["arr_0"], ("y", None): arrays["arr_1"]}
    return found


def _beside(path: Path, arrays: dict[str, Stored]) -> dict[str, Stored]:
    """A single .npy, and what lies beside it: answers, and other splits where its own name is of one."""
    own = arrays[path.stem]
    role, split = role_of(path.stem)
    around: dict[str, Stored] = {}
    for file in sorted(path.parent.glob("*.npy")):
        its, of = role_of(file.stem)
        if file != path and its is not None and file.is_file() and (role == "x" or its != "x"):
            if split is None and of is not None:
                continue
            around |= stored(file)
    if role == "x":
        return {**around, **arrays}
    renamed = Stored(own.file, "x", own.shape, own.dtype, own.load)
    return {**around, "x": renamed} if any(role_of(name)[0] == "y" for name in around) else arrays


def _as_said(path: Path, arrays: Mapping[str, Stored], params: ArrayParams) -> Layout:
    found: dict[Role, Stored] = {}
    wanted: tuple[tuple[Role, str | None], ...] = (("x", params.x), ("y", params.y))
    for role, name in wanted:
        if name is not None and name not in arrays:
            raise UserError(f"{path} has no array {name!r}", advice=f"it has {listed(arrays)}")
        fitting = [one for other, one in arrays.items() if role_of(other) == (role, None)]
        if name is not None:
            found[role] = arrays[name]
        elif len(fitting) == 1:
            found[role] = fitting[0]
        elif role == "x" or params.target is None:
            raise UserError(f"which array of {path} is {role} is not said", advice=f"--data.{role}: {listed(arrays)}")
    classes = [one for other, one in arrays.items() if role_of(other)[0] == "classes"]
    pair = Pair(x=found["x"], y=None if params.target is not None else found["y"])
    return Layout(pairs={None: pair}, classes=classes[0] if classes else None, arrays=arrays)


def _not_known(
    path: Path, arrays: Mapping[str, Stored], found: Mapping[tuple[Role, Split | None], Stored]
) -> UserError:
    if len(arrays) == 1:
        only = next(iter(arrays.values()))
        if len(only.shape) == 2:
            advice = "name the column with the answers (--data.target -1 for the last), or put a y.npy beside it"
        else:
            advice = "put a y.npy with the answers beside it"
        return UserError(f"{path} holds one array, {told(only)}, and no answers", advice=advice)
    missing = "answers" if any(role == "x" for role, _ in found) else "inputs"
    return UserError(
        f"no array of {path} is known by its name to hold the {missing}; it has {listed(arrays)}",
        advice=f"expected were {EXPECTED}",
    )


def told(one: Stored) -> str:
    """ "x (1797, 64) float64"."""
    return f"{one.name} {tuple(one.shape)} {one.dtype}"


def listed(arrays: Mapping[str, Stored]) -> str:
    shown = [told(one) for one in list(arrays.values())[:10]]
    return ", ".join(shown) + (f" and {len(arrays) - 10} more" if len(arrays) > 10 else "")
