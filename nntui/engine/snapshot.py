"""Everything that training needs to go on from a step: taken in memory, written as safetensors and JSON, put back."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

STATE_VERSION = 1
WEIGHTS = "model.safetensors"
TENSORS = "training_state.safetensors"
FACTS = "training_state.json"


@dataclass(frozen=True)
class Snapshot:
    """The state of a run at a step, in the host's memory, sharing it with nothing."""

    step: int
    weights: dict[str, Tensor]
    ties: dict[str, str]
    """Names left out of `weights` because they are another name's tensor."""
    tensors: dict[str, Tensor]
    """optimizer/..., ema/..., rng/..."""
    facts: dict[str, Any]  # plain JSON: rate segments, position, best so far, commands met

    def files(self) -> dict[str, bytes]:
        """The files of a checkpoint."""
        metadata = {"format": "pt", **{f"tied:{name}": other for name, other in self.ties.items()}}
        return {
            WEIGHTS: steady_header(save(_contiguous(self.weights), metadata)),
            TENSORS: save(_contiguous(self.tensors)),
            FACTS: json.dumps({"version": STATE_VERSION, "step": self.step, **self.facts}, indent=1).encode(),
        }


def copied(tensor: Tensor) -> Tensor:
    """A copy in the host's memory, whatever the device."""
    return tensor.detach().to("cpu", copy=True)


def weights_of(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A copy of the state dict under the module's own names, and its ties (safetensors refuses shared memory)."""
    seen: dict[tuple[int, torch.Size, tuple[int, ...]], str] = {}
    weights: dict[str, Tensor] = {}
    ties: dict[str, str] = {}
    for name, tensor in model.state_dict().items():
        key = (tensor.data_ptr(), tensor.shape, tensor.stride())
        if tensor.numel() and key in seen:
            ties[name] = seen[key]
        else:
            seen[key] = name
            weights[name] = copied(tensor)
    return weights, ties


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], ties: Mapping[str, str]) -> None:
    """Copies weights into the model, in place. Raises UserError naming what does not fit."""
    full = {**weights, **{name: weights[other] for name, other in ties.items() if other in weights}}
    own = model.state_dict()
    wrong = [n for n in own if n not in full or full[n].shape != own[n].shape]
    extra = [n for n in full if n not in own]
    if wrong or extra:
        raise UserError(
            f"the weights do not fit this network: {', '.join((wrong + extra)[:5])}"
            f"{' and more' if len(wrong + extra) > 5 else ''} missing, unknown or of another shape",
            advice="use the run.toml that the weights were trained with",
        )
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(full[name])


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and string metadata of a safetensors file. Raises UserError where it is not one."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path} cannot be read as safetensors: {error}", advice="take another checkpoint of the run"
        ) from None


def ties_in(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix("tied:"): value for key, value in metadata.items() if key.startswith("tied:")}


def read_snapshot(folder: Path) -> Snapshot:
    """A checkpoint folder as it was taken. Raises UserError where it cannot be read."""
    weights, metadata = read_tensors(folder / WEIGHTS)
    tensors, _ = read_tensors(folder / TENSORS)
    facts = json.loads((folder / FACTS).read_text())
    if facts.pop("version") > STATE_VERSION:
        raise UserError(f"{folder} was written by a newer nntui", advice="upgrade nntui")
    return Snapshot(facts.pop("step"), weights, ties_in(metadata), tensors, facts)


def random_state() -> dict[str, Tensor]:
    """The states of all global generators: Python's, NumPy's, torch's and each CUDA device's."""
    _, python, python_gauss = random.getstate()
    _, keys, position, has_gauss, gauss = np.random.get_state()  # the global one is what plugins may use
    state = {
        "rng/python": torch.tensor(python, dtype=torch.int64),
        "rng/python_gauss": torch.tensor([math.nan if python_gauss is None else python_gauss], dtype=torch.float64),
        "rng/numpy": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "rng/numpy_position": torch.tensor([position, has_gauss], dtype=torch.int64),
        "rng/numpy_gauss": torch.tensor([gauss], dtype=torch.float64),
        "rng/torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        state |= {f"rng/cuda{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    return state


def put_random_state(state: Mapping[str, Tensor]) -> None:
    gauss = float(state["rng/python_gauss"])
    random.setstate((3, tuple(state["rng/python"].tolist()), None if math.isnan(gauss) else gauss))
    position, has_gauss = state["rng/numpy_position"].tolist()
    keys = state["rng/numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, position, has_gauss, float(state["rng/numpy_gauss"])))
    torch.set_rng_state(state["rng/torch"])
    devices = sorted(k for k in state if k.startswith("rng/cuda"))
    if devices and torch.cuda.is_available() and torch.cuda.device_count() == len(devices):
        torch.cuda.set_rng_state_all([state[f"rng/cuda{i}"] for i in range(len(devices))])


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors below a prefix ("optimizer/"), without it."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def steady_header(data: bytes) -> bytes:
    """The bytes of a safetensors file with its metadata in sorted order.

    safetensors writes metadata in the order of a randomly seeded hash map: equal weights would make unequal files.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.contiguous() for name, t in tensors.items()}
