"""Strategies: specs that a person could say of what `fake_registry` offers, all of them right."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SHARE = st.floats(0, 1, exclude_max=True)
COUNT = st.integers(1, 2**40)
POSITIVE = st.floats(0, exclude_min=True, allow_nan=False, allow_infinity=False)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
FROM_ZERO = st.floats(0, allow_infinity=False)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
COLUMN = TEXT.filter(lambda text: text not in ("", "none"))
SIZES = st.lists(COUNT, min_size=1, max_size=4)

DATA: dict[str, dict[str, Any]] = {
    "digits": {},
    "speech": {},
    "titanic": {},
    "needy": {"size": COUNT},
    "csv": {
        "target": st.none() | COLUMN,
        "separator": TEXT,
        "columns": st.lists(TEXT, max_size=3),
        "kinds": st.dictionaries(TEXT, TEXT, max_size=2),
    },
}
ARCH: dict[str, dict[str, Any]] = {
    "ffn": {"hidden": SIZES, "dropout": SHARE},
    "builtin/rnn": {"cell": st.sampled_from(["rnn", "lstm", "gru"]), "hidden": COUNT, "bidirectional": st.booleans()},
    "cnn": {
        "channels": SIZES,
        "kernel": st.sampled_from([3, 5, 7]),
        "residual": st.booleans(),
        "norm": st.sampled_from(["batch", "group", "none"]),
        "dropout": st.none() | SHARE,
    },
}
OTHERS: dict[str, dict[str, dict[str, Any]]] = {
    "activation": {"relu": {}, "leaky": {"slope": FINITE}},
    "optimizer": {
        "adamw": {"lr": POSITIVE, "weight_decay": FROM_ZERO, "betas": st.lists(SHARE, min_size=2, max_size=2)},
        "sgd": {"lr": POSITIVE, "momentum": SHARE},
    },
    "schedule": {
        "one-cycle": {"warmup": st.floats(0, 1)},
        "step": {
            "every": st.just("auto") | COUNT,
            "at": st.lists(st.tuples(COUNT, st.floats(0, 1)).map(list), max_size=3),
        },
    },
    "device": {"auto": {}, "cpu": {}},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "data": {
        "test": SHARE,
        "split_seed": st.integers(0, 2**63 - 1),
        "group": st.none() | COLUMN,
        "limit": st.none() | COUNT,
        "augment": st.sampled_from(["auto", "none", "light", "standard", "strong"]),
    },
    "device": {"threads": st.none() | COUNT},
    "training": {
        "epochs": COUNT,
        "seed": st.integers(0, 2**63 - 1),
        "precision": st.sampled_from(["auto", "float32", "bfloat16"]),
        "metric": st.none() | COLUMN,
        "clip_grad": st.none() | POSITIVE,
        "ema": st.none() | st.floats(0, 1, exclude_min=True, exclude_max=True),
        "class_weights": st.sampled_from(["none", "balanced"]),
        "compile": st.booleans(),
        "checkpoint_seconds": st.floats(0),
    },
}
ORIGIN = {
    "parent": COLUMN,
    "at": st.sampled_from(["best", "last", "120"]),
    "weights_only": st.booleans(),
    "step": st.integers(0, 2**40),
    "commands": st.lists(st.tuples(COUNT, st.sampled_from(["lr", "extend"]), POSITIVE).map(list), max_size=2),
}
PLAIN = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _some(draw: st.DrawFn, values: dict[str, Any]) -> dict[str, Any]:
    return {key: draw(value) for key, value in values.items() if draw(st.booleans())}


def _one_of(draw: st.DrawFn, kinds: dict[str, dict[str, Any]], required: tuple[str, ...] = ()) -> dict[str, Any]:
    if not draw(st.booleans()):
        return {}
    name = draw(st.sampled_from(sorted(kinds)))
    must = {key: draw(value) for key, value in kinds[name].items() if key in required}
    return {"name": name, **_some(draw, kinds[name]), **must}


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """A tree that resolves."""
    arch = _one_of(draw, ARCH)
    data = _one_of(draw, DATA, required=("size",))
    if arch.get("name") == "cnn" and data.get("name") in ("titanic", "csv"):
        data = {}  # a network that refuses tables
    if data.get("name") == "csv" and draw(st.booleans()):
        data["path"] = "/somewhere/iris 1.csv"
    tree = {"data": data | _some(draw, SETTINGS["data"]), "arch": arch}
    for kind, kinds in OTHERS.items():
        tree[kind] = _one_of(draw, kinds) | _some(draw, SETTINGS.get(kind, {}))
    tree["training"] = _some(draw, SETTINGS["training"])
    if draw(st.booleans()):
        tree["origin"] = {key: draw(value) for key, value in ORIGIN.items()}
    return {table: keys for table, keys in tree.items() if keys}
